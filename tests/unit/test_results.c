/* test_results.c -- results.nc: what is written is read; equal records give equal files;
 * other files are refused. */
#include "nudge/cube.h"
#include "nudge/file.h"
#include "nudge/results.h"

#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { TRIALS = 1500, EPOCHS = 3, PENDING = 1400, FAILED = 7 }; /* more than a block */

typedef struct fixture {
    char dir[512], path[600], other[600];
    nd_record r;
    nd_code fail_at_100; /* what the source answers for trial 100 */
    double seconds;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    const char *tmp = getenv("TMPDIR");
    snprintf(f->dir, sizeof f->dir, "%s/nudge-results-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof f->path, "%s/results.nc", f->dir);
    snprintf(f->other, sizeof f->other, "%s/other.nc", f->dir);
    nd_record_init(&f->r);
    f->seconds = 1.5;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    unlink(f->path);
    unlink(f->other);
    nd_record_free(&f->r);
    const int rc = rmdir(f->dir);
    free(f);
    return rc;
}

static const char *const cases[] = {"small", "large"};

static nd_code trial(void *ctx, size_t i, nd_params *p, const nd_record **r,
                     const char **case_name, nd_err *err)
{
    fixture *f = ctx;
    if (i == 100 && f->fail_at_100 != ND_OK) return ND_FAIL(err, f->fail_at_100, "planted");
    p->ep_beta = 0.1 * (double)(i % 5);
    p->ep_T = 20 + (int64_t)(i % 3);
    p->train_seed = (int64_t)i;
    p->device_kind = i % 2 ? ND_DEVICE_ernoult : ND_DEVICE_ideal;
    *case_name = cases[i % 2];
    *r = NULL;
    if (i >= PENDING) return ND_OK;
    nd_record_free(&f->r);
    ND_TRY(nd_record_curves(&f->r, 1 + i % EPOCHS, err));
    f->r.status = i == FAILED ? ND_STATUS_DIVERGED : ND_STATUS_DONE;
    f->r.attempts = 1;
    f->r.seconds = f->seconds;
    nd_copy(f->r.reason, sizeof f->r.reason, i == FAILED ? "loss is NaN" : "");
    f->r.value[ND_METRIC_test_error] = 1.0 / (double)(i + 1);
    f->r.curve[ND_METRIC_test_error][0] = 0.5f;
    *r = &f->r;
    return ND_OK;
}

static nd_code write_results(fixture *f, const char *path, nd_err *err)
{
    const nd_results_column columns[] = {
        {nd_param_find("ep.beta"), ND_ROLE_AXIS, 0},
        {nd_param_find("ep.T"), ND_ROLE_TUNE, 2},
        {nd_param_find("device.kind"), ND_ROLE_CASE, 1},
        {nd_param_find("train.seed"), ND_ROLE_SEED, 3},
    };
    const nd_results_meta meta = {.campaign = "t",
                                  .question = "Why?",
                                  .spec = "campaign: t\nmü: 1\n",
                                  .columns = columns,
                                  .n_columns = 4,
                                  .case_dim = 1};
    const nd_results_source src = {TRIALS, EPOCHS, trial, f};
    return nd_results_write(path, &meta, &src, err);
}

static void round_trip(void **state)
{
    fixture *f = *state;
    nd_err err;
    nd_results *r;
    assert_int_equal(write_results(f, f->path, &err), ND_OK);
    assert_int_equal(nd_results_read(f->path, &r, &err), ND_OK);
    assert_int_equal(r->n, TRIALS);
    assert_int_equal(r->epochs, EPOCHS);
    assert_string_equal(r->campaign, "t");
    assert_string_equal(r->spec, "campaign: t\nmü: 1\n");
    const nd_series *beta = nd_results_column_find(r, "ep.beta");
    const nd_series *steps = nd_results_column_find(r, "ep_T");
    const nd_series *kind = nd_results_column_find(r, "device.kind");
    const nd_series *name = nd_results_column_find(r, "case");
    const nd_series *seed = nd_results_column_find(r, "train.seed");
    assert_true(beta && steps && kind && name && seed);
    assert_non_null(nd_results_column_find(r, "device_seed")); /* always there */
    assert_null(nd_results_column_find(r, "ep.dt"));
    assert_int_equal(r->n_columns, 6); /* train.seed stands once */
    assert_int_equal(beta->role, ND_ROLE_AXIS);
    assert_int_equal(steps->role, ND_ROLE_TUNE);
    assert_int_equal(kind->dim, 1);
    assert_int_equal(name->dim, 1);
    assert_true(steps->whole && !beta->whole && kind->s && !kind->x);
    assert_string_equal(steps->unit, "steps");
    for (size_t i = 0; i < TRIALS; i++) {
        assert_true(beta->x[i] == 0.1 * (double)(i % 5));
        assert_true(steps->x[i] == 20 + (double)(i % 3));
        assert_true(seed->x[i] == (double)i);
        assert_string_equal(kind->s[i], i % 2 ? "ernoult" : "ideal");
        assert_string_equal(name->s[i], cases[i % 2]);
        assert_true(r->status.x[i] == (i >= PENDING  ? ND_STATUS_PENDING
                                       : i == FAILED ? ND_STATUS_DIVERGED
                                                     : ND_STATUS_DONE));
        const double error = r->metric[ND_METRIC_test_error].x[i];
        assert_true(i >= PENDING ? isnan(error) : error == 1.0 / (double)(i + 1));
        assert_true(isnan(r->seconds.x[i]) == (i >= PENDING));
    }
    assert_false(nd_key_same(r->key[0], r->key[1]));
    nd_results_free(r);
}

typedef struct seen {
    size_t n;
    bool right; /* each once, in their order, as they were written */
    size_t stop_at;
} seen;

static nd_code see(void *ctx, size_t trial_seen, const char *text, nd_err *err)
{
    seen *s = ctx;
    s->right &=
        trial_seen == s->n++ && !strcmp(text, trial_seen == FAILED ? "loss is NaN" : "");
    return s->n == s->stop_at ? ND_FAIL(err, ND_ECORRUPT, "enough") : ND_OK;
}

static void texts_are_shown(void **state)
{
    fixture *f = *state;
    nd_err err;
    nd_results *r;
    assert_int_equal(write_results(f, f->path, &err), ND_OK);
    assert_int_equal(nd_results_read(f->path, &r, &err), ND_OK);
    seen s = {.right = true};
    const nd_results_seer seer = {see, &s};
    assert_int_equal(nd_results_texts(r, "reason", &seer, &err), ND_OK);
    assert_int_equal(s.n, TRIALS);
    assert_true(s.right);
    s = (seen){.right = true, .stop_at = 1100}; /* in the second block */
    assert_int_equal(nd_results_texts(r, "reason", &seer, &err), ND_ECORRUPT);
    assert_int_equal(s.n, 1100);
    assert_int_equal(nd_results_texts(r, "no_such", &seer, &err), ND_OK);
    assert_int_equal(s.n, 1100);
    unlink(f->path);
    assert_int_not_equal(nd_results_texts(r, "reason", &seer, &err), ND_OK);
    nd_results_free(r);
}

/* Creation time and seconds may differ; what a result is may not. */
static void writes_are_equal(void **state)
{
    fixture *f = *state;
    nd_err err;
    nd_results *a, *b;
    assert_int_equal(write_results(f, f->path, &err), ND_OK);
    f->seconds = 99;
    assert_int_equal(write_results(f, f->other, &err), ND_OK);
    assert_int_equal(nd_results_read(f->path, &a, &err), ND_OK);
    assert_int_equal(nd_results_read(f->other, &b, &err), ND_OK);
    for (size_t m = 0; m < ND_METRICS; m++)
        assert_memory_equal(a->metric[m].x, b->metric[m].x, TRIALS * sizeof(double));
    for (size_t i = 0; i < TRIALS; i++)
        assert_true(nd_key_same(a->key[i], b->key[i]));
    nd_results_free(a);
    nd_results_free(b);
    unlink(f->other);
}

static void a_failed_write_leaves_the_old_file(void **state)
{
    fixture *f = *state;
    nd_err err;
    nd_results *r;
    assert_int_equal(write_results(f, f->path, &err), ND_OK);
    f->fail_at_100 = ND_ECORRUPT;
    assert_int_equal(write_results(f, f->path, &err), ND_ECORRUPT);
    assert_string_equal(err.message, "planted");
    f->fail_at_100 = ND_OK;
    assert_int_equal(nd_results_read(f->path, &r, &err), ND_OK);
    nd_results_free(r);
    size_t files = 0;
    DIR *d = opendir(f->dir);
    for (const struct dirent *e; (e = readdir(d));)
        files += e->d_name[0] != '.';
    closedir(d);
    assert_int_equal(files, 1); /* no temporary file stays */
    const nd_results_source none = {0, 0, trial, f};
    const nd_results_meta meta = {.case_dim = -1};
    assert_int_equal(nd_results_write(f->path, &meta, &none, &err), ND_EINPUT);
    assert_int_equal(nd_results_write("/nonexistent/r.nc", &meta,
                                      &(nd_results_source){1, 0, trial, f}, &err),
                     ND_EIO);
}

static void other_files_are_refused(void **state)
{
    const fixture *f = *state;
    nd_err err;
    nd_results *r;
    nd_cube *c;
    assert_int_equal(nd_results_read("/nonexistent/r.nc", &r, &err), ND_ENOENT);
    assert_int_equal(nd_file_publish(f->other, "plain text, long enough", 23, &err), ND_OK);
    assert_int_not_equal(nd_results_read(f->other, &r, &err), ND_OK);
    assert_non_null(strstr(err.message, f->other));
    assert_null(r);
    assert_int_equal(nd_cube_new(&c, 0, 0, 0, &err), ND_OK);
    assert_int_equal(nd_cube_write_nc(c, f->other, &err), ND_OK);
    nd_cube_free(c);
    assert_int_equal(nd_results_read(f->other, &r, &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "is a map"));
}

/* A file cut short by a copy is an error, not a crash. */
static void damaged_files_are_refused(void **state)
{
    fixture *f = *state;
    nd_err err;
    nd_results *r;
    assert_int_equal(write_results(f, f->path, &err), ND_OK);
    nd_text whole = {0};
    assert_int_equal(nd_file_read(f->path, &whole, &err), ND_OK);
    for (size_t part = 1; part < 8; part++) {
        assert_int_equal(nd_file_publish(f->other, whole.s, whole.n * part / 8, &err),
                         ND_OK);
        assert_int_not_equal(nd_results_read(f->other, &r, &err), ND_OK);
        assert_null(r);
    }
    nd_text_free(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(texts_are_shown),
        cmocka_unit_test(writes_are_equal),
        cmocka_unit_test(a_failed_write_leaves_the_old_file),
        cmocka_unit_test(other_files_are_refused),
        cmocka_unit_test(damaged_files_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
