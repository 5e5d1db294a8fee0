/* checkpoint.c -- the file of a trial under way.
 *
 * All numbers are little-endian (bytes.h); str is a u32 length and so many bytes.
 *
 *     offset      what
 *     0           "NUDGECKP"
 *     8           u32 format, 1
 *     12          str the trial's canonical parameters (params.h), which name it
 *     ..          str version and commit of the program
 *     ..          stage: u32 epoch, u32 batch; u64 samples, u64 errors, f64 loss of the
 *                 epoch so far, and of test images; nd_effort when it began, as u64 in order; f64 pinned,
 *                 f64 seconds
 *     ..          u32 length and bytes of the record so far (record.h)
 *     ..          the network (nd_net_save)
 *     end - 4     u32 CRC-32C of all that comes before
 *
 * A file is valid if and only if its first eight bytes and format are these, every length
 * stays inside the file, the epoch is one of the record's, counted from 1, the network takes
 * all bytes up to the CRC, and the CRC is right. It
 * belongs to a trial if and only if its parameters are equal, byte for byte; and to this
 * program if and only if version and commit are. */
#include "nudge/checkpoint.h"

#include "nudge/build.h"
#include "nudge/bytes.h"
#include "nudge/crc.h"
#include "nudge/file.h"

#include <string.h>

static const char magic[] = "NUDGECKP";
enum { MAGIC = 8, FORMAT = 1, CRC = 4 };

static void put_program(nd_text *out)
{
    nd_text t = {0};
    nd_text_add(&t, "%s %s", nd_version, nd_build_commit);
    nd_put_str(out, nd_text_str(&t));
    nd_text_free(&t);
}

static void put_params(nd_text *out, const nd_params *p)
{
    nd_text t = {0};
    nd_params_print(p, false, &t);
    nd_put_str(out, nd_text_str(&t));
    out->failed |= t.failed;
    nd_text_free(&t);
}

/* ---- the stage ---- */

enum { EFFORT = sizeof(nd_effort) / sizeof(uint64_t) };

static void put_tally(nd_text *out, const nd_tally *t)
{
    nd_put_u64(out, t->samples);
    nd_put_u64(out, t->errors);
    nd_put_f64(out, t->loss);
}

static void get_tally(nd_cursor *c, nd_tally *t)
{
    t->samples = nd_get_u64(c);
    t->errors = nd_get_u64(c);
    t->loss = nd_get_f64(c);
}

static void put_stage(nd_text *out, const nd_stage *at)
{
    uint64_t effort[EFFORT];
    memcpy(effort, &at->before, sizeof effort);
    nd_put_u32(out, at->epoch);
    nd_put_u32(out, at->batch);
    put_tally(out, &at->tally);
    put_tally(out, &at->test);
    for (int i = 0; i < EFFORT; i++)
        nd_put_u64(out, effort[i]);
    nd_put_f64(out, at->pinned);
    nd_put_f64(out, at->seconds);
}

static void get_stage(nd_cursor *c, nd_stage *at)
{
    uint64_t effort[EFFORT];
    at->epoch = nd_get_u32(c);
    at->batch = nd_get_u32(c);
    get_tally(c, &at->tally);
    get_tally(c, &at->test);
    for (int i = 0; i < EFFORT; i++)
        effort[i] = nd_get_u64(c);
    memcpy(&at->before, effort, sizeof effort);
    at->pinned = nd_get_f64(c);
    at->seconds = nd_get_f64(c);
}

/* ---- saving ---- */

nd_code nd_checkpoint_save(const char *path, const nd_params *p, const nd_stage *at,
                           const nd_record *so_far, const nd_net *net, nd_err *err)
{
    nd_text out = {0}, record = {0};
    nd_text_bytes(&out, magic, MAGIC);
    nd_put_u32(&out, FORMAT);
    put_params(&out, p);
    put_program(&out);
    put_stage(&out, at);
    nd_record_pack(so_far, &record);
    nd_put_u32(&out, (uint32_t)record.n);
    nd_text_bytes(&out, record.s, record.n);
    out.failed |= record.failed;
    nd_net_save(net, &out);
    if (!out.failed) nd_put_u32(&out, nd_crc32c(0, out.s, out.n));
    nd_code code = nd_text_check(&out, err);
    if (code == ND_OK) code = nd_file_publish(path, out.s, out.n, err);
    nd_text_free(&record);
    nd_text_free(&out);
    return code;
}

/* ---- loading ---- */

static nd_code torn(const char *path, const char *what, nd_err *err)
{
    return ND_FAIL(err, ND_ECORRUPT, "%s is no whole checkpoint: %s", path, what);
}

/* Reads the file, checks its frame, and sets c to what lies between format and CRC. */
static nd_code open_frame(const char *path, nd_text *file, nd_cursor *c, nd_err *err)
{
    ND_TRY(nd_file_read(path, file, err));
    if (file->n < MAGIC + 4 + CRC || memcmp(file->s, magic, MAGIC) != 0)
        return torn(path, "it does not begin like one", err);
    nd_cursor end = nd_cursor_at(file->s + file->n - CRC, CRC);
    if (nd_get_u32(&end) != nd_crc32c(0, file->s, file->n - CRC))
        return torn(path, "its checksum is wrong", err);
    *c = nd_cursor_at(file->s + MAGIC, file->n - MAGIC - CRC);
    if (nd_get_u32(c) != FORMAT) return torn(path, "its format is unknown", err);
    return ND_OK;
}

/* The string at c, which the caller frees. */
static nd_code get_text(nd_cursor *c, const char *path, nd_text *out, nd_err *err)
{
    const uint32_t n = nd_get_u32(c);
    const unsigned char *s = nd_get_bytes(c, n);
    if (!s) return torn(path, "a text runs over its end", err);
    nd_text_bytes(out, s, n);
    return nd_text_check(out, err);
}

/* The next string is the one that `put` would write. */
static nd_code same_text(nd_cursor *c, const char *path, const nd_text *wanted,
                         const char *what, nd_err *err)
{
    const unsigned char *s = nd_get_bytes(c, wanted->n);
    if (s && !memcmp(s, wanted->s, wanted->n)) return ND_OK;
    return ND_FAIL(err, ND_EDIFFERS, "%s is of %s", path, what);
}

static nd_code check_owner(nd_cursor *c, const char *path, const nd_params *p, nd_err *err)
{
    nd_text params = {0}, program = {0};
    put_params(&params, p);
    put_program(&program);
    nd_code code = nd_text_check(&params, err);
    if (code == ND_OK) code = nd_text_check(&program, err);
    if (code == ND_OK) code = same_text(c, path, &params, "other parameters", err);
    if (code == ND_OK)
        code = same_text(c, path, &program, "another build of the program", err);
    nd_text_free(&params);
    nd_text_free(&program);
    return code;
}

static nd_code get_record(nd_cursor *c, const char *path, nd_record *r, nd_err *err)
{
    const uint32_t n = nd_get_u32(c);
    const unsigned char *s = nd_get_bytes(c, n);
    if (!s) return torn(path, "its record runs over its end", err);
    return nd_record_unpack(r, s, n, err);
}

static nd_code load(const char *path, nd_cursor *c, const nd_params *p, nd_stage *at,
                    nd_record *so_far, nd_net *net, nd_err *err)
{
    nd_stage stage = {0};
    nd_record r;
    ND_TRY(check_owner(c, path, p, err));
    get_stage(c, &stage);
    ND_TRY(get_record(c, path, &r, err));
    if (r.epochs != so_far->epochs || stage.epoch < 1 || stage.epoch > r.epochs ||
        !nd_net_load(net, c)) {
        nd_record_free(&r);
        return torn(path, "it does not fit the trial", err);
    }
    nd_record_free(so_far);
    *so_far = r;
    *at = stage;
    return ND_OK;
}

nd_code nd_checkpoint_load(const char *path, const nd_params *p, nd_stage *at,
                           nd_record *so_far, nd_net *net, nd_err *err)
{
    nd_text file = {0};
    nd_cursor c;
    nd_code code = open_frame(path, &file, &c, err);
    if (code == ND_OK) code = load(path, &c, p, at, so_far, net, err);
    nd_text_free(&file);
    return code;
}

nd_code nd_checkpoint_key(const char *path, nd_key *key, nd_err *err)
{
    nd_text file = {0}, text = {0};
    nd_cursor c;
    nd_params p;
    nd_code code = open_frame(path, &file, &c, err);
    if (code == ND_OK) code = get_text(&c, path, &text, err);
    if (code == ND_OK) code = nd_params_parse(&p, nd_text_str(&text), err);
    if (code == ND_OK) code = nd_params_key(&p, key, err);
    nd_text_free(&text);
    nd_text_free(&file);
    return code;
}
