/* test_journal.c -- the journal: what was appended comes back; every torn tail is cut and
 * every flipped bit is found; one writer; a full disk costs nothing. */
#include "nudge/file.h"
#include "nudge/journal.h"
#include "nudge/log.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { HEADER = 16, HEAD = 12 };
static const char *const payloads[] = {"first", "", "the third, a little longer",
                                       "last one"};
enum { N = sizeof payloads / sizeof *payloads };

typedef struct fixture {
    char dir[512], path[600];
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    const char *tmp = getenv("TMPDIR");
    snprintf(f->dir, sizeof f->dir, "%s/nudge-journal-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof f->path, "%s/journal", f->dir);
    nd_log_set(ND_QUIET, "test");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    unlink(f->path);
    const int rc = rmdir(f->dir);
    free(f);
    return rc;
}

static size_t size_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return (size_t)st.st_size;
}

static void write_journal(const char *path)
{
    nd_err err;
    nd_journal *j;
    unlink(path);
    assert_int_equal(nd_journal_open(&j, path, true, &err), ND_OK);
    for (size_t i = 0; i < N; i++)
        assert_int_equal(
            nd_journal_append(j, ND_ENTRY_TRIAL, payloads[i], strlen(payloads[i]), &err),
            ND_OK);
    assert_int_equal(nd_journal_sync(j, &err), ND_OK);
    nd_journal_close(j);
}

/* Replays; *n is the count of records, each checked against payloads. */
static nd_code replay(const char *path, bool write, size_t *n, nd_err *err)
{
    nd_journal *j;
    nd_entry e;
    bool more;
    *n = 0;
    nd_code code = nd_journal_open(&j, path, write, err);
    if (code != ND_OK) return code;
    while ((code = nd_journal_next(j, &e, &more, err)) == ND_OK && more) {
        assert_true(*n < N);
        assert_int_equal(e.type, ND_ENTRY_TRIAL);
        assert_int_equal(e.n, strlen(payloads[*n]));
        assert_memory_equal(e.bytes, payloads[*n], e.n);
        (*n)++;
    }
    nd_journal_close(j);
    return code;
}

static void put_file(const char *path, const char *bytes, size_t n)
{
    nd_err err;
    assert_int_equal(nd_file_publish(path, bytes, n, &err), ND_OK);
}

static void comes_back(void **state)
{
    const fixture *f = *state;
    nd_err err;
    size_t n;
    write_journal(f->path);
    assert_int_equal(replay(f->path, false, &n, &err), ND_OK);
    assert_int_equal(n, N);
    assert_int_equal(replay(f->path, true, &n, &err), ND_OK);
    assert_int_equal(n, N);
}

static void append_without_replay_goes_to_the_end(void **state)
{
    const fixture *f = *state;
    nd_err err;
    nd_journal *j;
    write_journal(f->path);
    const size_t before = size_of(f->path);
    assert_int_equal(nd_journal_open(&j, f->path, true, &err), ND_OK);
    assert_int_equal(nd_journal_append(j, ND_ENTRY_SESSION, "x", 1, &err), ND_OK);
    nd_journal_close(j);
    assert_int_equal(size_of(f->path), before + HEAD + 1);
}

static void missing_and_foreign_files(void **state)
{
    const fixture *f = *state;
    nd_err err;
    size_t n;
    unlink(f->path);
    assert_int_equal(replay(f->path, false, &n, &err), ND_ENOENT);
    assert_false(nd_file_exists(f->path)); /* readers make nothing */
    put_file(f->path, "CDF\001 this is something else", 27);
    assert_int_equal(replay(f->path, false, &n, &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "not a journal"));
    assert_int_equal(replay(f->path, true, &n, &err), ND_EINPUT);
    assert_int_equal(size_of(f->path), 27); /* left alone */
}

/* The file cut at every byte of the last record, and of the header. */
static void every_torn_tail(void **state)
{
    const fixture *f = *state;
    nd_err err;
    size_t n;
    write_journal(f->path);
    nd_text whole = {0};
    assert_int_equal(nd_file_read(f->path, &whole, &err), ND_OK);
    const size_t last = whole.n - HEAD - strlen(payloads[N - 1]);
    for (size_t cut = last; cut < whole.n; cut++) {
        put_file(f->path, whole.s, cut);
        assert_int_equal(replay(f->path, false, &n, &err), ND_OK);
        assert_int_equal(n, N - 1);
        assert_int_equal(size_of(f->path), cut); /* a reader leaves it */
        assert_int_equal(replay(f->path, true, &n, &err), ND_OK);
        assert_int_equal(n, N - 1);
        assert_int_equal(size_of(f->path), last); /* a writer cuts it */
    }
    for (size_t cut = 0; cut < HEADER; cut++) {
        put_file(f->path, whole.s, cut);
        assert_int_equal(replay(f->path, false, &n, &err), ND_OK);
        assert_int_equal(n, 0);
        assert_int_equal(replay(f->path, true, &n, &err), ND_OK);
        assert_int_equal(size_of(f->path), HEADER);
    }
    nd_text_free(&whole);
}

/* After a power loss the file may be as long as it was to be, but hold zeros. */
static void zeros_at_the_end(void **state)
{
    const fixture *f = *state;
    nd_err err;
    size_t n;
    write_journal(f->path);
    const size_t good = size_of(f->path);
    assert_int_equal(truncate(f->path, (off_t)good + 5000), 0);
    assert_int_equal(replay(f->path, true, &n, &err), ND_OK);
    assert_int_equal(n, N);
    assert_int_equal(size_of(f->path), good);
}

static void flipped_bits(void **state)
{
    const fixture *f = *state;
    nd_err err;
    size_t n;
    write_journal(f->path);
    nd_text whole = {0};
    assert_int_equal(nd_file_read(f->path, &whole, &err), ND_OK);
    const size_t last = whole.n - HEAD - strlen(payloads[N - 1]);
    for (size_t at = 0; at < last; at++)
        for (int bit = 0; bit < 8; bit++) {
            whole.s[at] = (char)(whole.s[at] ^ (1 << bit));
            put_file(f->path, whole.s, whole.n);
            for (int write = 0; write < 2; write++) {
                const nd_code code = replay(f->path, write, &n, &err);
                assert_int_equal(code, at < 8 ? ND_EINPUT : ND_ECORRUPT);
                assert_int_equal(size_of(f->path), whole.n);
            }
            if (at >= HEADER) assert_non_null(strstr(err.message, "at byte "));
            whole.s[at] = (char)(whole.s[at] ^ (1 << bit));
        }
    nd_text_free(&whole);
}

static void two_writers(void **state)
{
    const fixture *f = *state;
    nd_err err;
    nd_journal *a, *b;
    unlink(f->path);
    assert_int_equal(nd_journal_open(&a, f->path, true, &err), ND_OK);
    nd_session s;
    nd_session_now(&s);
    nd_text bytes = {0};
    nd_session_pack(&s, &bytes);
    assert_int_equal(nd_journal_append(a, ND_ENTRY_SESSION, bytes.s, bytes.n, &err), ND_OK);
    assert_int_equal(nd_journal_open(&b, f->path, true, &err), ND_EBUSY);
    assert_null(b);
    char pid[32];
    snprintf(pid, sizeof pid, "process %d", (int)getpid());
    assert_non_null(strstr(err.message, pid));
    assert_int_equal(nd_journal_open(&b, f->path, false, &err), ND_OK); /* readers may */
    assert_int_equal(nd_journal_append(b, ND_ENTRY_TRIAL, "x", 1, &err), ND_EIO);
    nd_journal_close(b);
    nd_journal_close(a);
    assert_int_equal(nd_journal_open(&b, f->path, true, &err), ND_OK);
    nd_journal_close(b);
    nd_text_free(&bytes);
    nd_session_free(&s);
}

/* A limit on the file's size stands in for a full disk: a write comes out short, the next
 * fails. */
static void full_disk(void **state)
{
    const fixture *f = *state;
    nd_err err;
    nd_journal *j;
    size_t n;
    write_journal(f->path);
    const size_t good = size_of(f->path);
    struct rlimit old, tight;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    tight = old;
    tight.rlim_cur = good + 40;
    signal(SIGXFSZ, SIG_IGN);
    char big[4096] = {1};
    assert_int_equal(nd_journal_open(&j, f->path, true, &err), ND_OK);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    const nd_code full = nd_journal_append(j, ND_ENTRY_TRIAL, big, sizeof big, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(full, ND_EIO);
    assert_int_equal(err.sys, EFBIG);
    assert_int_equal(size_of(f->path), good);
    /* and it may be tried again */
    assert_int_equal(nd_journal_append(j, ND_ENTRY_TRIAL, "x", 1, &err), ND_OK);
    nd_journal_close(j);
    assert_int_equal(size_of(f->path), good + HEAD + 1);
    assert_int_equal(truncate(f->path, (off_t)good), 0);
    assert_int_equal(replay(f->path, false, &n, &err), ND_OK);
    assert_int_equal(n, N);
    signal(SIGXFSZ, SIG_DFL);
}

/* A reader that opened before an append does not see it, and takes no harm. */
static void reader_of_a_live_journal(void **state)
{
    const fixture *f = *state;
    nd_err err;
    nd_journal *w, *r;
    nd_entry e;
    bool more;
    write_journal(f->path);
    assert_int_equal(nd_journal_open(&w, f->path, true, &err), ND_OK);
    assert_int_equal(nd_journal_open(&r, f->path, false, &err), ND_OK);
    assert_int_equal(nd_journal_append(w, ND_ENTRY_TRIAL, "new", 3, &err), ND_OK);
    size_t n = 0;
    while (nd_journal_next(r, &e, &more, &err) == ND_OK && more)
        n++;
    assert_int_equal(n, N);
    nd_journal_close(r);
    nd_journal_close(w);
}

/* A reader takes up what was appended since, an unfinished record when it is finished, and
 * notices when the file is another one. */
static void reader_follows_the_writer(void **state)
{
    const fixture *f = *state;
    nd_err err = {0};
    nd_journal *j;
    nd_entry e;
    bool more = true;
    size_t n;
    write_journal(f->path);
    assert_int_equal(nd_journal_open(&j, f->path, false, &err), ND_OK);
    for (n = 0; nd_journal_next(j, &e, &more, &err) == ND_OK && more; n++)
        ;
    assert_int_equal(n, N);
    assert_int_equal(nd_journal_refresh(j, &err), ND_OK); /* nothing new */
    assert_int_equal(nd_journal_next(j, &e, &more, &err), ND_OK);
    assert_false(more);

    nd_text whole = {0};
    nd_journal *writer;
    assert_int_equal(nd_journal_open(&writer, f->path, true, &err), ND_OK);
    assert_int_equal(nd_journal_append(writer, ND_ENTRY_SHARD, "new", 3, &err), ND_OK);
    nd_journal_close(writer);
    assert_int_equal(nd_file_read(f->path, &whole, &err), ND_OK);
    for (size_t cut = 1; cut <= 14; cut++) { /* the last record has 15 bytes */
        assert_int_equal(truncate(f->path, (off_t)(whole.n - cut)), 0);
        assert_int_equal(nd_journal_refresh(j, &err), ND_OK);
        assert_int_equal(nd_journal_next(j, &e, &more, &err), ND_OK);
        assert_false(more);
    }
    const int fd = open(f->path, O_WRONLY); /* the same file, whole again */
    assert_int_equal(write(fd, whole.s, whole.n), whole.n);
    close(fd);
    assert_int_equal(nd_journal_refresh(j, &err), ND_OK);
    assert_int_equal(nd_journal_next(j, &e, &more, &err), ND_OK);
    assert_true(more && e.type == ND_ENTRY_SHARD && e.n == 3 && !memcmp(e.bytes, "new", 3));
    assert_int_equal(truncate(f->path, 20), 0);
    assert_int_equal(nd_journal_refresh(j, &err), ND_ECORRUPT);
    assert_non_null(strstr(err.message, "shorter than it was"));
    nd_text_free(&whole);
    nd_journal_close(j);
}

static void shard_comes_back(void **state)
{
    (void)state;
    const nd_shard in = {3, 7};
    nd_shard out;
    nd_text bytes = {0};
    nd_err err = {0};
    nd_shard_pack(in, &bytes);
    assert_int_equal(nd_shard_unpack(&out, bytes.s, bytes.n, &err), ND_OK);
    assert_true(out.i == 3 && out.n == 7);
    for (size_t n = 0; n < bytes.n; n++)
        assert_int_equal(nd_shard_unpack(&out, bytes.s, n, &err), ND_ECORRUPT);
    nd_text_clear(&bytes);
    nd_shard_pack((nd_shard){8, 7}, &bytes);
    assert_int_equal(nd_shard_unpack(&out, bytes.s, bytes.n, &err), ND_ECORRUPT);
    nd_text_free(&bytes);
}

static void payloads_come_back(void **state)
{
    (void)state;
    nd_err err;
    nd_text bytes = {0};
    nd_origin o, o2;
    nd_origin_now(&o);
    nd_text_add(&o.spec, "campaign: x\n");
    nd_text_add(&o.overrides, "ep.beta=0.2");
    nd_copy(o.file, sizeof o.file, "sweeps/x.yaml");
    nd_origin_pack(&o, &bytes);
    assert_int_equal(nd_origin_unpack(&o2, bytes.s, bytes.n, &err), ND_OK);
    assert_string_equal(o2.spec.s, o.spec.s);
    assert_string_equal(o2.overrides.s, o.overrides.s);
    assert_string_equal(o2.file, o.file);
    assert_string_equal(o2.time, o.time);
    assert_int_equal(o2.schema, ND_SCHEMA_VERSION);
    nd_origin_free(&o2);
    for (size_t n = 0; n < bytes.n; n++)
        assert_int_equal(nd_origin_unpack(&o2, bytes.s, n, &err), ND_ECORRUPT);
    nd_origin_free(&o);

    nd_text_clear(&bytes);
    nd_session s, s2;
    nd_session_now(&s);
    nd_text_add(&s.command, "nudge run x.yaml");
    s.ranks = 7;
    nd_session_pack(&s, &bytes);
    assert_int_equal(nd_session_unpack(&s2, bytes.s, bytes.n, &err), ND_OK);
    assert_string_equal(s2.command.s, s.command.s);
    assert_string_equal(s2.host, s.host);
    assert_string_equal(s2.compiler, s.compiler);
    assert_int_equal(s2.pid, getpid());
    assert_int_equal(s2.ranks, 7);
    nd_session_free(&s2);
    for (size_t n = 0; n < bytes.n; n++)
        assert_int_equal(nd_session_unpack(&s2, bytes.s, n, &err), ND_ECORRUPT);
    nd_session_free(&s);
    nd_text_free(&bytes);
}

static void trial_comes_back(void **state)
{
    (void)state;
    nd_err err;
    nd_text bytes = {0};
    nd_params p, p2;
    nd_params_defaults(&p);
    p.ep_beta = 0.25;
    p.train_seed = 9;
    nd_record r, r2;
    nd_record_init(&r);
    r.status = ND_STATUS_DONE;
    assert_int_equal(nd_record_curves(&r, 3, &err), ND_OK);
    r.value[ND_METRIC_test_error] = 0.125;
    r.curve[ND_METRIC_test_error][2] = 0.125f;
    nd_trial_pack(&p, &r, &bytes);
    assert_int_equal(nd_trial_unpack(&p2, &r2, bytes.s, bytes.n, &err), ND_OK);
    assert_true(p2.ep_beta == 0.25);
    assert_int_equal(p2.train_seed, 9);
    assert_true(nd_record_same(&r, &r2, NULL));
    nd_record_free(&r2);
    assert_int_equal(nd_trial_unpack(&p2, NULL, bytes.s, bytes.n, &err), ND_OK);
    for (size_t n = 0; n < bytes.n; n++)
        assert_int_equal(nd_trial_unpack(&p2, &r2, bytes.s, n, &err), ND_ECORRUPT);

    /* The head alone, also of a record whose curves are missing; but not without the head. */
    nd_record_init(&r2);
    assert_int_equal(nd_trial_head(&r2, bytes.s, bytes.n - 100, &err), ND_OK);
    assert_true(nd_key_same(r2.key, r.key) && r2.status == ND_STATUS_DONE &&
                r2.epochs == 3);
    assert_null(r2.curve[ND_METRIC_test_error]);
    for (size_t n = 0; n < 60; n++)
        assert_int_equal(nd_trial_head(&r2, bytes.s, n, &err), ND_ECORRUPT);
    nd_record_free(&r);
    nd_text_free(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back),
        cmocka_unit_test(append_without_replay_goes_to_the_end),
        cmocka_unit_test(missing_and_foreign_files),
        cmocka_unit_test(every_torn_tail),
        cmocka_unit_test(zeros_at_the_end),
        cmocka_unit_test(flipped_bits),
        cmocka_unit_test(two_writers),
        cmocka_unit_test(full_disk),
        cmocka_unit_test(reader_of_a_live_journal),
        cmocka_unit_test(reader_follows_the_writer),
        cmocka_unit_test(shard_comes_back),
        cmocka_unit_test(payloads_come_back),
        cmocka_unit_test(trial_comes_back),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
