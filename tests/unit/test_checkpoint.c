/* test_checkpoint.c -- a trial that is stopped and goes on, at any mini-batch and as often as
 * one likes, ends with the same bits as one that is left alone. */
#include "nudge/checkpoint.h"
#include "nudge/file.h"
#include "nudge/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "set.h"

enum { SETS = 10 };

/* Everything that keeps something from one mini-batch to the next. */
static const struct {
    const char *what;
    const char *set[SETS][2];
} kinds[] = {
    {"momentum", {{"train.optimiser", "momentum"}, {"train.momentum", "0.9"}}},
    {"adam", {{"train.optimiser", "adam"}, {"train.rates", "0.001"}}},
    {"persistent states", {{"ep.start", "persistent"}, {"model.kind", "ep-energy"}}},
    {"free backward weights",
     {{"ep.symmetry", "free"}, {"ep.update", "continual"}, {"train.rates", "0.004"}}},
    {"repeated nudges",
     {{"ep.nudge", "random-sign"}, {"ep.nudge_repeats", "3"}, {"ep.noise", "0.02"}}},
    {"convolution",
     {{"model.kind", "ep-conv"},
      {"model.stack", "conv 3 5x5, max 2, fc 10"},
      {"ep.T", "4"}}},
    {"noisy memristors",
     {{"device.kind", "ernoult"}, {"device.c2c", "0.01"}, {"device.d2d", "0.3"}}},
    {"worn devices",
     {{"device.kind", "soft-bounds"},
      {"device.endurance", "40"},
      {"device.levels", "64"},
      {"program.width", "0.05"},
      {"device.write_noise", "0.01"},
      {"device.lifetime", "1000"}}},
    {"a scheme with a memory",
     {{"device.kind", "ernoult"}, {"program.scheme", "irprop-plus"}}},
    {"a scheme with devices of its own",
     {{"device.kind", "soft-bounds"},
      {"program.scheme", "tiki-taka-2"},
      {"device.c2c", "0.01"},
      {"program.transfer_every", "3"}}},
    {"noise of reading",
     {{"device.kind", "ernoult"}, {"read.noise", "0.01"}, {"read.rtn", "0.01"}}},
    {"persistent chains",
     {{"model.kind", "drbm"}, {"rbm.negative", "pcd"}, {"train.rates", "0.01"}}},
    {"tests while learning",
     {{"model.kind", "drbm"}, {"train.test_spread", "9"}, {"train.rates", "0.01"}}},
    {"tempered chains",
     {{"model.kind", "drbm"}, {"rbm.negative", "pt"}, {"train.rates", "0.01"}}},
    {"a stack of machines",
     {{"model.kind", "dbn"},
      {"model.layers", "[784, 12, 12, 20, 10]"},
      {"train.epochs", "3"},
      {"train.rates", "0.01"},
      {"device.kind", "ernoult"},
      {"device.c2c", "0.001"},
      {"device.c2c_on", "all"}}},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static nd_params params_of(size_t kind)
{
    nd_params p;
    nd_params_defaults(&p);
    set(&p, "data.name", "synthetic");
    set(&p, "data.train", "70");
    set(&p, "data.test", "20");
    set(&p, "model.layers", "[784, 12, 10]");
    set(&p, "train.epochs", "2");
    set(&p, "train.batch", "7");
    set(&p, "ep.T", "6");
    set(&p, "ep.K", "3");
    for (int i = 0; i < SETS && kinds[kind].set[i][0]; i++)
        set(&p, kinds[kind].set[i][0], kinds[kind].set[i][1]);
    return p;
}

static nd_dataset data_of(const nd_params *p)
{
    nd_dataset d;
    nd_err err = {0};
    if (nd_dataset_open(&d, p, &err) != ND_OK) fail_msg("%s", err.message);
    return d;
}

/* Stops after so many mini-batches. */
static bool countdown(void *ctx)
{
    return --*(int *)ctx == 0;
}

static char path[64];
static int new_path(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "build/test-checkpoint-%ld", (long)getpid());
    unlink(path);
    return 0;
}
static int drop_path(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

/* One process's part of the trial: `batches` mini-batches, or to the end when 0. */
static nd_code part(const nd_params *p, const nd_dataset *d, int batches, nd_record *r)
{
    nd_err err = {0};
    const nd_watch watch = {
        .ctx = &batches, .stop = batches ? countdown : NULL, .checkpoint = path};
    const nd_code code = nd_trial_run(p, d, &watch, r, &err);
    if (code != ND_OK && code != ND_ESTOPPED) fail_msg("%s", err.message);
    return code;
}

static void assert_same(const nd_record *a, const nd_record *b, const char *what)
{
    nd_text why = {0};
    if (!nd_record_same(a, b, &why)) fail_msg("%s: %s", what, nd_text_str(&why));
}

static void stopped_anywhere_it_ends_the_same(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        const nd_params p = params_of(kind);
        nd_dataset d = data_of(&p);
        nd_record whole, r;
        nd_err err = {0};
        if (nd_trial_run(&p, &d, NULL, &whole, &err) != ND_OK || whole.reason[0])
            fail_msg("%s: %s%s", kinds[kind].what, err.message, whole.reason);
        /* after the first, in the middle, with the last of an epoch, and on from there */
        static const int steps[] = {1, 4, 5, 1, 2, 3};
        int stops = 0;
        for (size_t i = 0; part(&p, &d, steps[i % 6], &r) == ND_ESTOPPED; i++, stops++)
            nd_record_free(&r);
        assert_true(stops >= 5);
        assert_same(&whole, &r, kinds[kind].what);
        nd_record_free(&r);
        nd_record_free(&whole);
        nd_dataset_close(&d);
        unlink(path);
    }
}

/* Another vector unit may take over. */
static void another_isa_goes_on(void **state)
{
    (void)state;
    const nd_params p = params_of(6);
    nd_dataset d = data_of(&p);
    nd_record whole, r;
    nd_err err = {0};
    assert_int_equal(nd_trial_run(&p, &d, NULL, &whole, &err), ND_OK);
    setenv("NUDGE_ISA", "scalar", 1);
    assert_int_equal(nd_kern_choose(&err), ND_OK);
    assert_int_equal(part(&p, &d, 5, &r), ND_ESTOPPED);
    nd_record_free(&r);
    unsetenv("NUDGE_ISA");
    assert_int_equal(nd_kern_choose(&err), ND_OK);
    assert_int_equal(part(&p, &d, 0, &r), ND_OK);
    assert_same(&whole, &r, "scalar, then the widest");
    nd_record_free(&r);
    nd_record_free(&whole);
    nd_dataset_close(&d);
}

static nd_text read_path(void)
{
    nd_text t = {0};
    nd_err err = {0};
    if (nd_file_read(path, &t, &err) != ND_OK) fail_msg("%s", err.message);
    return t;
}

static void write_path(const char *bytes, size_t n)
{
    nd_err err = {0};
    if (nd_file_publish(path, bytes, n, &err) != ND_OK) fail_msg("%s", err.message);
}

static nd_code load_into(nd_net *net, const nd_params *p, nd_err *err)
{
    nd_stage at;
    nd_record r;
    nd_record_init(&r);
    assert_int_equal(nd_record_curves(&r, (size_t)p->train_epochs, err), ND_OK);
    const nd_code code = nd_checkpoint_load(path, p, &at, &r, net, err);
    nd_record_free(&r);
    return code;
}

static const nd_shape digits = {
    .features = 784, .classes = 10, .rows = 28, .cols = 28, .channels = 1};

/* Every torn or bent file is refused, and the network is as it was. */
static void what_is_not_whole_is_refused(void **state)
{
    (void)state;
    const nd_params p = params_of(0);
    nd_dataset d = data_of(&p);
    nd_record r;
    assert_int_equal(part(&p, &d, 3, &r), ND_ESTOPPED);
    nd_record_free(&r);
    nd_text good = read_path();
    nd_net net;
    nd_err err = {0};
    assert_int_equal(nd_net_new(&net, &p, digits, &err), ND_OK);
    nd_text before = {0}, after = {0};
    nd_net_save(&net, &before);
    for (size_t i = 0; i < 60; i++) {
        const size_t at = i < 30 ? i * 43 : good.n * (i - 30) / 30;
        const char kept = good.s[at];
        good.s[at] = (char)(kept ^ (1 << i % 8));
        write_path(good.s, good.n);
        assert_int_equal(load_into(&net, &p, &err), ND_ECORRUPT);
        assert_non_null(strstr(err.message, path));
        good.s[at] = kept;
        write_path(good.s, at);
        assert_int_equal(load_into(&net, &p, &err), ND_ECORRUPT);
    }
    nd_net_save(&net, &after);
    assert_int_equal(before.n, after.n);
    assert_memory_equal(before.s, after.s, after.n);
    write_path(good.s, good.n);
    assert_int_equal(load_into(&net, &p, &err), ND_OK);
    nd_net_free(&net);
    nd_text_free(&before);
    nd_text_free(&after);
    nd_text_free(&good);
    nd_dataset_close(&d);
}

/* A trial that finds something else under its name says so and begins anew. */
static void another_trial_s_checkpoint_is_not_used(void **state)
{
    (void)state;
    nd_params p = params_of(0), other = p;
    set(&other, "train.seed", "2");
    nd_dataset d = data_of(&p);
    nd_record whole, r;
    nd_err err = {0};
    assert_int_equal(part(&other, &d, 3, &r), ND_ESTOPPED);
    nd_record_free(&r);
    nd_net net;
    assert_int_equal(nd_net_new(&net, &p, digits, &err), ND_OK);
    assert_int_equal(load_into(&net, &p, &err), ND_EDIFFERS);
    assert_non_null(strstr(err.message, "other parameters"));
    nd_net_free(&net);
    nd_key key, is;
    assert_int_equal(nd_params_key(&other, &key, &err), ND_OK);
    assert_int_equal(nd_checkpoint_key(path, &is, &err), ND_OK);
    assert_true(nd_key_same(key, is));
    assert_int_equal(nd_trial_run(&p, &d, NULL, &whole, &err), ND_OK);
    assert_int_equal(part(&p, &d, 0, &r), ND_OK);
    assert_same(&whole, &r, "begun anew");
    nd_record_free(&r);
    nd_record_free(&whole);
    nd_dataset_close(&d);
}

/* Without a place to write, the trial is not lost. */
static void a_full_disk_does_not_end_the_trial(void **state)
{
    (void)state;
    nd_params p = params_of(0);
    set(&p, "train.checkpoint_seconds", "1e-9");
    nd_dataset d = data_of(&p);
    nd_record whole, r;
    nd_err err = {0};
    const nd_watch watch = {.checkpoint = "/dev/null/checkpoint"};
    assert_int_equal(nd_trial_run(&p, &d, NULL, &whole, &err), ND_OK);
    assert_int_equal(nd_trial_run(&p, &d, &watch, &r, &err), ND_OK);
    assert_same(&whole, &r, "without checkpoints");
    nd_record_free(&r);
    nd_record_free(&whole);
    nd_dataset_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(stopped_anywhere_it_ends_the_same, new_path,
                                        drop_path),
        cmocka_unit_test_setup_teardown(another_isa_goes_on, new_path, drop_path),
        cmocka_unit_test_setup_teardown(what_is_not_whole_is_refused, new_path, drop_path),
        cmocka_unit_test_setup_teardown(another_trial_s_checkpoint_is_not_used, new_path,
                                        drop_path),
        cmocka_unit_test_setup_teardown(a_full_disk_does_not_end_the_trial, new_path,
                                        drop_path),
    };
    return cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
}
