/* fuzz_checkpoint.c -- any bytes as a checkpoint. The first byte: 0, the rest is the file; 1, it gets a
 * right magic, format and checksum; 2, also the parameters and the program of the trial that then
 * goes on from it for two epochs; more, also a network, so that stage and record are what is
 * unknown. */
#include "fuzz.h"

#include "nudge/build.h"
#include "nudge/bytes.h"
#include "nudge/checkpoint.h"
#include "nudge/crc.h"
#include "nudge/log.h"
#include "nudge/trial.h"

#include <string.h>

static nd_params tiny(void)
{
    static const char *const sets[][2] = {
        {"data.name", "bars-and-stripes"},
        {"data.side", "2"},
        {"model.kind", "ep-prototypical"},
        {"model.layers", "[4, 3, 2]"},
        {"ep.T", "2"},
        {"ep.K", "1"},
        {"train.epochs", "3"},
        {"train.batch", "2"},
        {"device.kind", "ernoult"},
    };
    nd_params p;
    nd_err err = {0};
    nd_params_defaults(&p);
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        FUZZ_EXPECT(nd_param_set(&p, nd_param_find(sets[i][0]), sets[i][1], &err) == ND_OK);
    return p;
}

static void complete(const nd_params *p, bool owned, nd_text *file)
{
    nd_text t = {0};
    nd_text_add(file, "NUDGECKP");
    nd_put_u32(file, 1);
    if (!owned) return;
    nd_params_print(p, false, &t);
    nd_put_str(file, nd_text_str(&t));
    nd_text_clear(&t);
    nd_text_add(&t, "%s %s", nd_version, nd_build_commit);
    nd_put_str(file, nd_text_str(&t));
    nd_text_free(&t);
}

static void add_network(const nd_params *p, const nd_dataset *data, nd_text *file)
{
    nd_split split;
    nd_net net;
    nd_err err = {0};
    FUZZ_EXPECT(nd_dataset_split(data, p, &split, &err) == ND_OK);
    FUZZ_EXPECT(nd_net_new(&net, p, nd_dataset_shape(data, &split), &err) == ND_OK);
    nd_net_save(&net, file);
    nd_net_free(&net);
}

/* After six mini-batches, two epochs, it has been seen what a checkpoint can do. */
static bool stop(void *ctx)
{
    return ++*(int *)ctx == 6;
}

static void go_on(const nd_params *p, const nd_dataset *data, const char *path)
{
    int batches = 0;
    nd_err err = {0};
    nd_record r;
    const nd_watch watch = {.ctx = &batches, .stop = stop, .checkpoint = path};
    const nd_code code = nd_trial_run(p, data, &watch, &r, &err);
    FUZZ_EXPECT(code == ND_OK || code == ND_ESTOPPED);
    if (code == ND_OK) nd_record_free(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    if (n == 0) return 0;
    nd_log_set(ND_QUIET, "fuzz");
    const nd_params p = tiny();
    nd_text file = {0};
    nd_err err = {0};
    nd_dataset data;
    nd_key key;
    FUZZ_EXPECT(nd_dataset_open(&data, &p, &err) == ND_OK);
    if (bytes[0]) complete(&p, bytes[0] > 1, &file);
    nd_text_bytes(&file, bytes + 1, n - 1);
    if (bytes[0] > 2) add_network(&p, &data, &file);
    if (bytes[0]) nd_put_u32(&file, nd_crc32c(0, file.s, file.n));
    const char *path = fuzz_file(nd_text_str(&file), file.n);
    const nd_code code = nd_checkpoint_key(path, &key, &err);
    FUZZ_EXPECT(code == ND_OK || err.message[0]);
    if (bytes[0] > 1) FUZZ_EXPECT(code == ND_OK);
    go_on(&p, &data, path);
    nd_dataset_close(&data);
    nd_text_free(&file);
    return 0;
}
