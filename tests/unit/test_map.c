/* test_map.c -- maps against numbers worked out by hand: cells, replicates, tuning, cases,
 * selection; and that figures are drawn. */
#include "nudge/file.h"
#include "nudge/map.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { COLUMNS_MAX = 6, EPOCHS = 4 };
#define NONE ((double)NAN)

typedef struct trial_row {
    const char *params; /* canonical text */
    const char *case_name;
    nd_status status;
    double test, validation;
} trial_row;

typedef struct campaign {
    const trial_row *rows;
    const float (*curves)[EPOCHS]; /* (n) of test errors, up to a 0; NULL: none */
    size_t n;
    struct {
        const char *name;
        nd_role role;
        int dim;
    } columns[COLUMNS_MAX]; /* up to a NULL name */
    int case_dim;
    nd_record r;
} campaign;

typedef struct fixture {
    char dir[512], path[600];
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    const char *tmp = getenv("TMPDIR");
    snprintf(f->dir, sizeof f->dir, "%s/nudge-map-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(f->dir));
    *state = f;
    return 0;
}

static const char *at(fixture *f, const char *name)
{
    snprintf(f->path, sizeof f->path, "%s/%s", f->dir, name);
    return f->path;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    unlink(at(f, "results.nc"));
    const int rc = rmdir(f->dir);
    free(f);
    return rc;
}

static nd_code trial(void *ctx, size_t i, nd_params *p, const nd_record **r,
                     const char **case_name, nd_err *err)
{
    campaign *c = ctx;
    const trial_row *row = &c->rows[i];
    ND_TRY(nd_params_parse(p, row->params, err));
    *case_name = row->case_name;
    nd_record_free(&c->r);
    while (c->curves && c->r.epochs < EPOCHS && c->curves[i][c->r.epochs] > 0)
        c->r.epochs++;
    if (c->r.epochs) ND_TRY(nd_record_curves(&c->r, c->r.epochs, err));
    for (size_t e = 0; e < c->r.epochs; e++)
        c->r.curve[ND_METRIC_test_error][e] = c->curves[i][e];
    c->r.value[ND_METRIC_epochs] = (double)c->r.epochs;
    c->r.seconds = 10 * (double)c->r.epochs;
    c->r.status = row->status;
    c->r.value[ND_METRIC_test_error] = row->test;
    c->r.value[ND_METRIC_validation_error] = row->validation;
    *r = row->status == ND_STATUS_PENDING ? NULL : &c->r;
    return ND_OK;
}

static nd_results *results_of(fixture *f, campaign *c)
{
    nd_err err;
    nd_results *r = NULL;
    nd_results_column columns[COLUMNS_MAX];
    size_t n = 0;
    for (; n < COLUMNS_MAX && c->columns[n].name; n++)
        columns[n] = (nd_results_column){nd_param_find(c->columns[n].name),
                                         c->columns[n].role, c->columns[n].dim};
    const nd_results_meta meta = {.campaign = "it's `x`",
                                  .question = "Does 100% {of} it_work^2 \"so\"?",
                                  .columns = columns,
                                  .n_columns = n,
                                  .case_dim = c->case_dim};
    const nd_results_source src = {c->n, EPOCHS, trial, c};
    nd_record_init(&c->r);
    if (nd_results_write(at(f, "results.nc"), &meta, &src, &err) != ND_OK ||
        nd_results_read(f->path, &r, &err) != ND_OK)
        fail_msg("%s", err.message);
    nd_record_free(&c->r);
    return r; /* the file stays: curves are read from it when they are needed */
}

static nd_cube *map_of(const nd_results *r, const nd_map_options *o)
{
    nd_err err;
    nd_cube *map = NULL;
    if (nd_map_build(r, o, &map, &err) != ND_OK) fail_msg("%s", err.message);
    return map;
}

static double value(const nd_cube *map, const char *name, size_t cell)
{
    const nd_series *v = nd_cube_var(map, name);
    if (!v || !v->x || cell >= v->n) fail_msg("no number %s of cell %zu", name, cell);
    return v->x[cell];
}

static void is(double a, double b)
{
    if (!(isnan(a) && isnan(b)) && !(fabs(a - b) <= 1e-12 * (1 + fabs(b))))
        fail_msg("%.17g is not %.17g", a, b);
}

#define P(beta, c2c, seed)                                                                 \
    "device.c2c = " c2c "\ndevice.seed = " seed "\nep.beta = " beta "\n"

/* 2 x 2 cells, out of order, three replicates each; one trial failed, one is pending, and
 * a cell of which all failed. */
static const trial_row grid_rows[] = {
    {P("0.5", "0.01", "1"), NULL, ND_STATUS_DONE, 0.30, NONE},
    {P("0.5", "0.01", "2"), NULL, ND_STATUS_DONE, 0.50, NONE},
    {P("0.5", "0.01", "3"), NULL, ND_STATUS_DONE, 0.34, NONE},
    {P("0.2", "0.01", "1"), NULL, ND_STATUS_DONE, 0.20, NONE},
    {P("0.2", "0.01", "2"), NULL, ND_STATUS_CRASHED, 0.99, NONE},
    {P("0.2", "0.01", "3"), NULL, ND_STATUS_PENDING, NONE, NONE},
    {P("0.2", "0.02", "1"), NULL, ND_STATUS_DIVERGED, NONE, NONE},
    {P("0.2", "0.02", "2"), NULL, ND_STATUS_DIVERGED, NONE, NONE},
    {P("0.2", "0.02", "3"), NULL, ND_STATUS_DIVERGED, NONE, NONE},
    {P("0.5", "0.02", "1"), NULL, ND_STATUS_DONE, 0.60, NONE},
    {P("0.5", "0.02", "2"), NULL, ND_STATUS_DONE, 0.40, NONE},
    {P("0.5", "0.02", "3"), NULL, ND_STATUS_DONE, NONE, NONE},
};

static campaign grid(void)
{
    return (campaign){.rows = grid_rows,
                      .n = sizeof grid_rows / sizeof *grid_rows,
                      .columns = {{"ep.beta", ND_ROLE_AXIS, 0},
                                  {"device.c2c", ND_ROLE_AXIS, 1},
                                  {"device.seed", ND_ROLE_SEED, 2}},
                      .case_dim = -1};
}

static void cells_of_a_grid(void **state)
{
    fixture *f = *state;
    campaign c = grid();
    nd_results *r = results_of(f, &c);
    nd_map_options o;
    nd_map_defaults(&o);
    nd_cube *map = map_of(r, &o);
    assert_int_equal(map->n_axes, 2);
    assert_int_equal(map->n, 4);
    assert_string_equal(map->axes[0].name, "ep_beta");
    assert_true(map->axes[0].x[0] == 0.2 && map->axes[0].x[1] == 0.5); /* sorted */
    assert_true(map->axes[1].x[0] == 0.01 && map->axes[1].x[1] == 0.02);
    /* cells: (0.2, 0.01) (0.2, 0.02) (0.5, 0.01) (0.5, 0.02) */
    const double n[] = {1, 0, 3, 3}, n_failed[] = {1, 3, 0, 0};
    const double median[] = {0.20, NONE, 0.34, 0.50}, q1[] = {0.20, NONE, 0.32, 0.45};
    const double q3[] = {0.20, NONE, 0.42, 0.55}, mean[] = {0.20, NONE, 0.38, 0.50};
    const double sd[] = {NONE, NONE, sqrt(0.0112), sqrt(0.02)}, diverged[] = {0, 1, 0, 0};
    assert_null(nd_cube_var(map, "validation_error")); /* of which nothing was measured */
    assert_null(nd_cube_var(map, "test_error_degradation"));
    assert_null(nd_cube_var(map, "epochs_to_target"));
    for (size_t i = 0; i < 4; i++) {
        is(value(map, "n", i), n[i]);
        is(value(map, "n_failed", i), n_failed[i]);
        is(value(map, "test_error", i), median[i]);
        is(value(map, "test_error_q1", i), q1[i]);
        is(value(map, "test_error_q3", i), q3[i]);
        is(value(map, "test_error_mean", i), mean[i]);
        is(value(map, "test_error_sd", i), sd[i]);
        is(value(map, "fraction_diverged", i), diverged[i]);
    }
    /* the median of 3 drawn from 3 is the least of them 7 times in 27 */
    is(value(map, "test_error_low", 2), 0.30);
    is(value(map, "test_error_high", 2), 0.50);
    nd_cube_free(map);
    nd_results_free(r);
}

static void selection(void **state)
{
    fixture *f = *state;
    campaign c = grid();
    nd_results *r = results_of(f, &c);
    nd_err err;
    nd_cube *map;
    nd_map_options o;
    nd_map_defaults(&o);
    const char *where[] = {"ep.beta = 5e-1"};
    o.where = where;
    o.n_where = 1;
    map = map_of(r, &o);
    assert_int_equal(map->n_axes, 1); /* the other is fixed: a single coordinate */
    assert_string_equal(map->axes[0].name, "device_c2c");
    assert_int_equal(map->n_coords, 1);
    assert_int_equal(map->coords[0].dim, -1);
    is(map->coords[0].x[0], 0.5);
    is(value(map, "test_error", 0), 0.34);
    nd_cube_free(map);

    where[0] = "device.seed=2";
    map = map_of(r, &o);
    assert_int_equal(map->n_axes, 2);
    is(value(map, "test_error", 2), 0.50);
    nd_cube_free(map);

    static const struct {
        const char *where, *says;
        nd_code code;
    } bad[] = {
        {"ep.beta", "parameter=value", ND_EUSAGE},
        {"ep.bet=1", "did you mean \"ep.beta\"", ND_EINPUT},
        {"data.train=1", "it sweeps: ep.beta, device.c2c, device.seed", ND_EINPUT},
        {"ep.beta=0.3", "there is: 0.5, 0.2", ND_EINPUT},
        {"ep.beta=x", "there is: 0.5, 0.2", ND_EINPUT},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        where[0] = bad[i].where;
        assert_int_equal(nd_map_build(r, &o, &map, &err), bad[i].code);
        if (!strstr(err.message, bad[i].says)) fail_msg("%s", err.message);
        assert_null(map);
    }
    nd_map_defaults(&o);
    o.metric = "tset_error";
    assert_int_equal(nd_map_build(r, &o, &map, &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "did you mean \"test_error\""));
    nd_results_free(r);
}

#undef P
#define P(beta, width, seed)                                                               \
    "ep.beta = " beta "\nprogram.width = " width "\ntrain.seed = " seed "\n"

/* The winner has the lowest validation error, whatever its test error; a setting that
 * diverges loses to one that does not, though its survivor is better. */
static const trial_row tuned_rows[] = {
    {P("0.2", "0.01", "1"), NULL, ND_STATUS_DONE, 0.10, 0.30},
    {P("0.2", "0.01", "2"), NULL, ND_STATUS_DONE, 0.12, 0.32},
    {P("0.2", "0.02", "1"), NULL, ND_STATUS_DONE, 0.40, 0.20},
    {P("0.2", "0.02", "2"), NULL, ND_STATUS_CRASHED, NONE, NONE},
    {P("0.5", "0.01", "1"), NULL, ND_STATUS_DONE, 0.50, 0.50},
    {P("0.5", "0.01", "2"), NULL, ND_STATUS_DONE, 0.52, 0.50},
    {P("0.5", "0.02", "1"), NULL, ND_STATUS_DONE, 0.20, 0.20},
    {P("0.5", "0.02", "2"), NULL, ND_STATUS_DIVERGED, NONE, NONE},
    {P("0.7", "0.01", "1"), NULL, ND_STATUS_DIVERGED, NONE, NONE},
    {P("0.7", "0.02", "1"), NULL, ND_STATUS_DIVERGED, NONE, NONE},
};

static void tuning(void **state)
{
    fixture *f = *state;
    campaign c = {.rows = tuned_rows,
                  .n = sizeof tuned_rows / sizeof *tuned_rows,
                  .columns = {{"ep.beta", ND_ROLE_AXIS, 0},
                              {"program.width", ND_ROLE_TUNE, 1},
                              {"train.seed", ND_ROLE_SEED, 2}},
                  .case_dim = -1};
    nd_results *r = results_of(f, &c);
    nd_map_options o;
    nd_map_defaults(&o);
    nd_cube *map = map_of(r, &o);
    assert_int_equal(map->n_axes, 1);
    const double best[] = {0.02, 0.01, NONE}, test[] = {0.40, 0.51, NONE};
    const double n[] = {1, 2, 0}, n_failed[] = {1, 0, 2};
    for (size_t i = 0; i < 3; i++) {
        is(value(map, "best_program_width", i), best[i]);
        is(value(map, "test_error", i), test[i]);
        is(value(map, "n", i), n[i]);
        is(value(map, "n_failed", i), n_failed[i]);
    }
    nd_cube_free(map);

    nd_err err;
    trial_row blind[sizeof tuned_rows / sizeof *tuned_rows];
    memcpy(blind, tuned_rows, sizeof blind);
    for (size_t i = 0; i < c.n; i++)
        blind[i].validation = NONE;
    c.rows = blind;
    nd_results_free(r);
    r = results_of(f, &c);
    assert_int_equal(nd_map_build(r, &o, &map, &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "data.validation"));
    /* with the setting fixed there is nothing to choose */
    const char *where[] = {"program.width=0.01"};
    o.where = where;
    o.n_where = 1;
    map = map_of(r, &o);
    is(value(map, "test_error", 0), 0.11);
    nd_cube_free(map);
    nd_results_free(r);
}

/* Cases share a dimension with the parameters they set; two zipped axes are one dimension,
 * named by the one whose values all differ. Texts keep the order of the campaign. */
static const trial_row case_rows[] = {
    {"ep.T = 40\nep.beta = 0.5\nep.dt = 0.3\n", "wide", ND_STATUS_DONE, 0.1, NONE},
    {"ep.T = 40\nep.beta = 0.5\nep.dt = 0.2\n", "wide", ND_STATUS_DONE, 0.2, NONE},
    {"ep.T = 20\nep.beta = 0.5\nep.dt = 0.3\n", "narrow", ND_STATUS_DONE, 0.3, NONE},
    {"ep.T = 20\nep.beta = 0.5\nep.dt = 0.2\n", "narrow", ND_STATUS_DONE, 0.4, NONE},
};

static void cases_and_zips(void **state)
{
    fixture *f = *state;
    campaign c = {.rows = case_rows,
                  .n = sizeof case_rows / sizeof *case_rows,
                  .columns = {{"ep.T", ND_ROLE_CASE, 1},
                              {"ep.beta", ND_ROLE_AXIS, 0},
                              {"ep.dt", ND_ROLE_AXIS, 0}},
                  .case_dim = 1};
    nd_results *r = results_of(f, &c);
    nd_map_options o;
    nd_map_defaults(&o);
    nd_cube *map = map_of(r, &o);
    assert_int_equal(map->n_axes, 2);
    assert_string_equal(map->axes[0].name, "ep_dt");
    assert_string_equal(map->axes[1].name, "case");
    assert_string_equal(map->axes[1].s[0], "wide");
    assert_string_equal(map->axes[1].s[1], "narrow");
    assert_int_equal(map->n_coords, 2);
    size_t axis;
    const nd_series *steps = nd_cube_coord(map, "ep.T", &axis);
    assert_non_null(steps);
    assert_int_equal(axis, 1);
    assert_true(steps->x[0] == 40 && steps->x[1] == 20);
    const double test[] = {0.2, 0.4, 0.1, 0.3};
    for (size_t i = 0; i < 4; i++)
        is(value(map, "test_error", i), test[i]);

    nd_err err;
    nd_text csv = {0};
    assert_int_equal(nd_map_write(r, map, &o, at(f, "m.csv"), &err), ND_OK);
    assert_int_equal(nd_file_read(f->path, &csv, &err), ND_OK);
    assert_non_null(strstr(csv.s, "ep_dt,case,ep_beta,ep_T,test_error,"));
    assert_non_null(strstr(csv.s, "\n0.2,narrow,0.5,20,0.4,"));
    nd_text_free(&csv);
    unlink(f->path);
    nd_cube_free(map);
    nd_results_free(r);
}

static void quoted_fields(void **state)
{
    fixture *f = *state;
    nd_err err;
    nd_cube *c;
    assert_int_equal(nd_cube_new(&c, 1, 0, 0, &err), ND_OK);
    assert_int_equal(nd_series_new(&c->axes[c->n_axes++], "a", 2, true, &err), ND_OK);
    assert_int_equal(nd_series_describe(&c->axes[0].s[0], "[1, 2]", &err), ND_OK);
    assert_int_equal(nd_series_describe(&c->axes[0].s[1], "say \"x\"", &err), ND_OK);
    c->n = 2;
    nd_text csv = {0};
    assert_int_equal(nd_cube_write_csv(c, at(f, "q.csv"), &err), ND_OK);
    assert_int_equal(nd_file_read(f->path, &csv, &err), ND_OK);
    assert_string_equal(csv.s, "a\n\"[1, 2]\"\n\"say \"\"x\"\"\"\n");
    nd_text_free(&csv);
    unlink(f->path);
    nd_cube_free(c);
}

static bool starts_with(const char *path, const char *magic)
{
    nd_err err;
    nd_text bytes = {0};
    const bool same = nd_file_read(path, &bytes, &err) == ND_OK &&
                      bytes.n > strlen(magic) && !memcmp(bytes.s, magic, strlen(magic));
    nd_text_free(&bytes);
    return same;
}

static void figures(void **state)
{
    static const struct {
        const char *name, *magic;
    } kinds[] = {{"m.png", "\x89PNG"}, {"m.pdf", "%PDF"}, {"m.svg", "<?xml"}};
    fixture *f = *state;
    campaign c = grid();
    nd_results *r = results_of(f, &c);
    nd_map_options o;
    nd_map_defaults(&o);
    nd_err err;
    const char *where[] = {"ep.beta=0.5"};
    o.where = where;
    for (size_t fixed = 0; fixed < 2; fixed++) { /* a heat map, a curve */
        o.n_where = fixed;
        nd_cube *map = map_of(r, &o);
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            const nd_code code = nd_map_write(r, map, &o, at(f, kinds[k].name), &err);
            if (code == ND_EENV && strstr(err.message, "gnuplot not found")) {
                nd_cube_free(map);
                nd_results_free(r);
                skip();
            }
            if (code != ND_OK) fail_msg("%s", err.message);
            assert_true(starts_with(f->path, kinds[k].magic));
            unlink(f->path);
        }
        nd_cube_free(map);
    }
    nd_results_free(r);
}

static void figures_that_cannot_be(void **state)
{
    fixture *f = *state;
    campaign c = grid();
    nd_results *r = results_of(f, &c);
    nd_map_options o;
    nd_map_defaults(&o);
    nd_err err;
    nd_cube *map = map_of(r, &o);
    const char *path = at(f, "m.svg");
    assert_int_equal(nd_map_write(r, map, &o, "m.jpg", &err), ND_EUSAGE);
    assert_int_equal(nd_map_write(r, map, &o, "a.b/m", &err), ND_EUSAGE);
    o.x = "ep.beat";
    assert_int_equal(nd_map_write(r, map, &o, path, &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "did you mean \"ep.beta\"?"));
    o.x = o.y = "ep.beta";
    assert_int_equal(nd_map_write(r, map, &o, path, &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "change together"));
    nd_map_defaults(&o);
    nd_cube_free(map);
    o.metric = "saturated"; /* not measured in any trial */
    map = map_of(r, &o);
    assert_int_equal(nd_map_write(r, map, &o, path, &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "nothing to draw"));
    nd_map_defaults(&o);
    nd_cube_free(map);

    const char *where[] = {"ep.beta=0.5", "device.c2c=0.01"};
    o.where = where;
    o.n_where = 2;
    map = map_of(r, &o);
    assert_int_equal(map->n_axes, 0);
    is(value(map, "test_error", 0), 0.34);
    assert_int_equal(nd_map_write(r, map, &o, path, &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "no axis"));
    assert_int_equal(nd_map_write(r, map, &o, at(f, "m.nc"), &err), ND_OK);
    unlink(f->path);
    nd_cube_free(map);
    nd_results_free(r);
}

static void no_gnuplot(void **state)
{
    fixture *f = *state;
    campaign c = grid();
    nd_results *r = results_of(f, &c);
    nd_map_options o;
    nd_map_defaults(&o);
    nd_err err;
    nd_cube *map = map_of(r, &o);
    char *path = strdup(getenv("PATH"));
    setenv("PATH", f->dir, 1);
    const nd_code code = nd_map_write(r, map, &o, at(f, "m.svg"), &err);
    setenv("PATH", path, 1);
    free(path);
    assert_int_equal(code, ND_EENV);
    assert_non_null(strstr(err.message, "gnuplot not found; install it"));
    assert_false(nd_file_exists(f->path));
    nd_cube_free(map);
    nd_results_free(r);
}

#undef P
#define P(kind, c2c, device, train)                                                        \
    "device.kind = " kind "\ndevice.c2c = " c2c "\ndevice.seed = " device                  \
    "\ntrain.seed = " train "\n"

/* Ideal and real devices at two noises: 2 x 2 replicates and a third device seed of which one
 * training failed. */
static const trial_row parts_rows[] = {
    {P("ideal", "0", "1", "1"), NULL, ND_STATUS_DONE, 0.10, NONE},
    {P("ideal", "0.01", "1", "1"), NULL, ND_STATUS_DONE, 0.12, NONE},
    {P("ideal", "0.01", "2", "1"), NULL, ND_STATUS_DONE, 0.16, NONE},
    {P("ernoult", "0", "1", "1"), NULL, ND_STATUS_DONE, 1, NONE},
    {P("ernoult", "0", "1", "2"), NULL, ND_STATUS_DONE, 2, NONE},
    {P("ernoult", "0", "2", "1"), NULL, ND_STATUS_DONE, 4, NONE},
    {P("ernoult", "0", "2", "2"), NULL, ND_STATUS_DONE, 9, NONE},
    {P("ernoult", "0", "3", "1"), NULL, ND_STATUS_DONE, 50, NONE},
    {P("ernoult", "0", "3", "2"), NULL, ND_STATUS_DIVERGED, NONE, NONE},
    {P("ernoult", "0.01", "1", "1"), NULL, ND_STATUS_DONE, 0.5, NONE},
    {P("ernoult", "0.01", "1", "2"), NULL, ND_STATUS_DONE, 0.9, NONE},
};
static const float parts_curves[][EPOCHS] = {
    {0.5f, 0.2f, 0.1f},
    {0.5f, 0.3f},
    {0.5f, 0.2f},
    {0.9f, 0.3f, 0.4f, 0.2f},
    {0.9f, 0.8f, 0.2f},
    {0.9f, 0.5f, 0.4f},
    {0.9f, 0.5f, 0.3f},
    {0.1f},
    {0.1f},
    {0.9f},
    {0.9f},
};

static campaign parts(void)
{
    return (campaign){.rows = parts_rows,
                      .curves = parts_curves,
                      .n = sizeof parts_rows / sizeof *parts_rows,
                      .columns = {{"device.kind", ND_ROLE_AXIS, 0},
                                  {"device.c2c", ND_ROLE_AXIS, 1},
                                  {"device.seed", ND_ROLE_SEED, 2},
                                  {"train.seed", ND_ROLE_SEED, 3}},
                      .case_dim = -1};
}

/* Cells: (ideal, 0) (ideal, 0.01) (ernoult, 0) (ernoult, 0.01). Of 1 2 / 4 9: rows 1.5 6.5, columns
 * 2.5 5.5, mean 4; mean squares of rows 25, of columns 9, of the rest 4. */
static void variance_by_seed(void **state)
{
    fixture *f = *state;
    campaign c = parts();
    nd_results *r = results_of(f, &c);
    nd_map_options o;
    nd_map_defaults(&o);
    nd_cube *map = map_of(r, &o);
    const double device[] = {NONE, 0.0008, 10.5, NONE}, train[] = {NONE, NONE, 2.5, 0.08};
    const double rest[] = {NONE, NONE, 4, NONE};
    for (size_t i = 0; i < 4; i++) {
        is(value(map, "test_error_var_device", i), device[i]);
        is(value(map, "test_error_var_train", i), train[i]);
        is(value(map, "test_error_var_rest", i), rest[i]);
    }
    is(value(map, "fraction_diverged", 2), 1.0 / 6);
    nd_cube_free(map);
    o.metric = "epochs"; /* another metric's instead */
    map = map_of(r, &o);
    assert_null(nd_cube_var(map, "test_error_var_device"));
    is(value(map, "epochs_var_device", 1), 0);
    nd_cube_free(map);
    nd_results_free(r);
}

static void degradation(void **state)
{
    fixture *f = *state;
    campaign c = parts();
    nd_results *r = results_of(f, &c);
    nd_map_options o;
    nd_map_defaults(&o);
    nd_cube *map = map_of(r, &o);
    const double of_ideal[] = {0, 0, 4 - 0.10, 0.7 - 0.14};
    for (size_t i = 0; i < 4; i++)
        is(value(map, "test_error_degradation", i), of_ideal[i]);
    nd_cube_free(map);

    const char *one[] = {"device.c2c = 0"}, *two[] = {"device.c2c=0", "device.kind=ideal"};
    o.baseline = one;
    o.n_baseline = 1;
    o.metric = "test_error_degradation"; /* which a figure may show */
    map = map_of(r, &o);
    const double of_still[] = {0, 0.04, 0, 0.7 - 4};
    for (size_t i = 0; i < 4; i++)
        is(value(map, "test_error_degradation", i), of_still[i]);
    nd_cube_free(map);
    o.baseline = two;
    o.n_baseline = 2;
    map = map_of(r, &o);
    const double of_best[] = {0, 0.04, 3.9, 0.6};
    for (size_t i = 0; i < 4; i++)
        is(value(map, "test_error_degradation", i), of_best[i]);
    nd_cube_free(map);

    static const struct {
        const char *baseline, *says;
        nd_code code;
    } bad[] = {
        {"device.c2c", "--baseline takes parameter=value", ND_EUSAGE},
        {"device.c2c=0.5", "there is: 0, 0.01", ND_EINPUT},
        {"device.seed=1", "no axis of the map, it is seed", ND_EINPUT},
        {"device.c3c=1", "did you mean \"device.c2c\"", ND_EINPUT},
    };
    nd_err err;
    o.n_baseline = 1;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        one[0] = bad[i].baseline;
        o.baseline = one;
        assert_int_equal(nd_map_build(r, &o, &map, &err), bad[i].code);
        if (!strstr(err.message, bad[i].says)) fail_msg("%s", err.message);
    }
    /* without ideal devices there is none, and its figure says so */
    const char *where[] = {"device.kind=ernoult"};
    o.where = where;
    o.n_where = 1;
    o.n_baseline = 0;
    assert_int_equal(nd_map_build(r, &o, &map, &err), ND_EINPUT);
    if (!strstr(err.message, "name others with --baseline")) fail_msg("%s", err.message);
    nd_results_free(r);
}

static void time_to_target(void **state)
{
    fixture *f = *state;
    campaign c = parts();
    nd_results *r = results_of(f, &c);
    nd_map_options o;
    nd_map_defaults(&o);
    o.target = 0.3;
    nd_cube *map = map_of(r, &o);
    /* in (ernoult, 0): epochs 2, 3, never, 3 and 1; in (ernoult, 0.01) never; 10 s an epoch */
    const double epochs[] = {2, 2, 3, NONE};
    for (size_t i = 0; i < 4; i++) {
        is(value(map, "epochs_to_target", i), epochs[i]);
        is(value(map, "seconds_to_target", i), 10 * epochs[i]);
    }
    nd_cube_free(map);
    nd_results_free(r);
}

static void learning(void **state)
{
    fixture *f = *state;
    campaign c = parts();
    nd_results *r = results_of(f, &c);
    nd_map_options o;
    nd_map_defaults(&o);
    nd_err err;
    nd_cube *map;
    assert_int_equal(nd_map_learning(r, &o, &map, &err), ND_OK);
    assert_int_equal(map->n_axes, 3);
    assert_string_equal(map->axes[2].name, "epoch");
    assert_int_equal(map->n, 4 * EPOCHS);
    assert_int_equal(map->n_vars, 3); /* no other metric has a curve */
    const double median[] = {0.9, 0.5, 0.35, 0.2}, q1[] = {0.9, 0.45, 0.275, 0.2};
    for (size_t e = 0; e < EPOCHS; e++) {
        assert_true(map->axes[2].x[e] == (double)e + 1);
        const double got = value(map, "test_error", 2 * EPOCHS + e);
        const double quartile = value(map, "test_error_q1", 2 * EPOCHS + e);
        assert_true(fabs(got - median[e]) < 1e-6 && fabs(quartile - q1[e]) < 1e-6);
    }
    is(value(map, "test_error", 3 * EPOCHS + 1), NONE);
    nd_cube_free(map);
    nd_results_free(r);
}

#undef P
#define P(beta, batch, width, seed)                                                        \
    "device.seed = " seed "\nep.beta = " beta "\nprogram.width = " width                   \
    "\ntrain.batch = " batch "\n"

/* An axis of one value, one replicate, cells that are not there, a finished trial that did not
 * measure all, a cell that waits. */
static const trial_row sparse_rows[] = {
    {P("0.1", "20", "0.01", "1"), NULL, ND_STATUS_DONE, 0.25, 0.5},
    {P("0.1", "20", "0.02", "1"), NULL, ND_STATUS_DONE, NONE, 0.4},
    {P("0.2", "10", "0.01", "1"), NULL, ND_STATUS_PENDING, NONE, NONE},
    {P("0.2", "10", "0.02", "1"), NULL, ND_STATUS_PENDING, NONE, NONE},
    {P("0.2", "20", "0.01", "1"), NULL, ND_STATUS_DONE, 0.75, 0.5},
    {P("0.2", "20", "0.02", "1"), NULL, ND_STATUS_UNSAMPLED, NONE, NONE},
};

static void sparse(void **state)
{
    fixture *f = *state;
    campaign c = {.rows = sparse_rows,
                  .n = sizeof sparse_rows / sizeof *sparse_rows,
                  .columns = {{"ep.beta", ND_ROLE_AXIS, 0},
                              {"train.batch", ND_ROLE_AXIS, 1},
                              {"device.seed", ND_ROLE_AXIS, 2},
                              {"program.width", ND_ROLE_TUNE, 3}},
                  .case_dim = -1};
    nd_results *r = results_of(f, &c);
    nd_map_options o;
    nd_map_defaults(&o);
    nd_cube *map = map_of(r, &o);
    assert_int_equal(map->n_axes, 3);
    assert_int_equal(map->n, 4);
    /* cells: (0.1, 10) not there, (0.1, 20), (0.2, 10) waits, (0.2, 20) */
    const double n[] = {0, 1, 0, 1}, pending[] = {0, 0, 2, 0},
                 test[] = {NONE, NONE, NONE, 0.75};
    const double validation[] = {NONE, 0.4, NONE, 0.5}, width[] = {NONE, 0.02, NONE, 0.01};
    for (size_t i = 0; i < 4; i++) {
        is(value(map, "n", i), n[i]);
        is(value(map, "n_pending", i), pending[i]);
        is(value(map, "test_error", i), test[i]);
        is(value(map, "test_error_low", i), test[i]); /* of one replicate */
        is(value(map, "test_error_high", i), test[i]);
        is(value(map, "test_error_q1", i), test[i]);
        is(value(map, "test_error_sd", i), NONE);
        is(value(map, "test_error_var_rest", i), NONE);
        is(value(map, "validation_error", i), validation[i]);
        is(value(map, "best_program_width", i), width[i]);
        is(value(map, "fraction_diverged", i), n[i] > 0 ? 0 : NONE);
    }
    nd_cube_free(map);
    nd_results_free(r);
}

/* A campaign of which nothing has ended, and one without axes. */
static void nothing_yet_and_no_axes(void **state)
{
    fixture *f = *state;
    nd_err err;
    campaign c = {
        .rows = &sparse_rows[2],
        .n = 2,
        .columns = {{"ep.beta", ND_ROLE_AXIS, 0}, {"program.width", ND_ROLE_TUNE, 1}},
        .case_dim = -1};
    nd_results *r = results_of(f, &c);
    nd_map_options o;
    nd_map_defaults(&o);
    o.target = 0.1;
    nd_cube *map = map_of(r, &o);
    is(value(map, "n", 0), 0);
    is(value(map, "n_pending", 0), 2);
    is(value(map, "test_error", 0), NONE);
    is(value(map, "epochs_to_target", 0), NONE);
    assert_int_equal(nd_map_write(r, map, &o, at(f, "m.svg"), &err), ND_EINPUT);
    assert_int_equal(nd_map_write(r, map, &o, at(f, "m.nc"), &err), ND_OK);
    unlink(f->path);
    nd_cube_free(map);
    assert_int_equal(nd_map_learning(r, &o, &map, &err), ND_OK);
    assert_int_equal(map->n_vars, 0);
    nd_cube_free(map);
    nd_results_free(r);

    c = (campaign){.rows = grid_rows,
                   .n = 3,
                   .columns = {{"device.seed", ND_ROLE_SEED, 0}},
                   .case_dim = -1};
    r = results_of(f, &c);
    nd_map_defaults(&o);
    map = map_of(r, &o);
    assert_int_equal(map->n_axes, 0);
    assert_int_equal(map->n, 1);
    is(value(map, "test_error", 0), 0.34);
    is(value(map, "n", 0), 3);
    nd_cube_free(map);

    const nd_results none = {0}; /* no trials at all */
    assert_int_equal(nd_map_build(&none, &o, &map, &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "no trials"));
    nd_results_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_of_a_grid),
        cmocka_unit_test(selection),
        cmocka_unit_test(tuning),
        cmocka_unit_test(cases_and_zips),
        cmocka_unit_test(quoted_fields),
        cmocka_unit_test(figures),
        cmocka_unit_test(no_gnuplot),
        cmocka_unit_test(figures_that_cannot_be),
        cmocka_unit_test(variance_by_seed),
        cmocka_unit_test(degradation),
        cmocka_unit_test(time_to_target),
        cmocka_unit_test(sparse),
        cmocka_unit_test(nothing_yet_and_no_axes),
        cmocka_unit_test(learning),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
