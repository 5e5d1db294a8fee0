/* test_report.c -- the page of a map: what the program writes into it. What a browser makes of it is
 * looked at in tests/cli/report.sh. */
#include "nudge/file.h"
#include "nudge/map.h"
#include "nudge/templates.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { EPOCHS = 3 };

/* n betas x 2 noises, one trial each; every third diverges, the last waits. */
typedef struct fixture {
    char dir[512], path[600];
    size_t betas;
    nd_record r;
    nd_results *results;
    nd_text page;
    nd_map_options o;
    nd_err err;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    const char *tmp = getenv("TMPDIR");
    snprintf(f->dir, sizeof f->dir, "%s/nudge-report-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(f->dir));
    nd_record_init(&f->r);
    nd_map_defaults(&f->o);
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
    unlink(at(f, "map.html"));
    const int rc = rmdir(f->dir);
    nd_results_free(f->results);
    nd_record_free(&f->r);
    nd_text_free(&f->page);
    free(f);
    return rc;
}

static nd_code trial(void *ctx, size_t i, nd_params *p, const nd_record **r,
                     const char **case_name, nd_err *err)
{
    fixture *f = ctx;
    p->ep_beta = 0.01 * (double)(i / 2 + 1);
    p->device_c2c = 0.1 * (double)(i % 2);
    *case_name = NULL;
    *r = NULL;
    if (i == 2 * f->betas - 1) return ND_OK;
    nd_record_free(&f->r);
    nd_record_init(&f->r);
    f->r.status = i % 3 == 2 ? ND_STATUS_DIVERGED : ND_STATUS_DONE;
    f->r.seconds = 2;
    nd_copy(f->r.host, sizeof f->r.host, i % 2 ? "b" : "a");
    nd_copy(f->r.isa, sizeof f->r.isa, "avx2");
    *r = &f->r;
    if (f->r.status != ND_STATUS_DONE) {
        snprintf(f->r.reason, sizeof f->r.reason, "epoch %zu: loss %g </script>", i,
                 1e10 * (double)(i + 1));
        return ND_OK;
    }
    ND_TRY(nd_record_curves(&f->r, EPOCHS, err));
    f->r.value[ND_METRIC_test_error] = 1.0 / (double)(i + 3);
    for (size_t e = 0; e < EPOCHS; e++)
        f->r.curve[ND_METRIC_test_error][e] = 0.5f / (float)(e + 1);
    f->r.curve[ND_METRIC_test_error][1] = NAN; /* not measured in this epoch */
    return ND_OK;
}

static void ok(fixture *f, nd_code code)
{
    if (code != ND_OK) fail_msg("%s", f->err.message);
}

static void make_results(fixture *f, const char *campaign, size_t betas)
{
    const nd_results_column columns[] = {
        {nd_param_find("ep.beta"), ND_ROLE_AXIS, 0},
        {nd_param_find("device.c2c"), ND_ROLE_AXIS, 1},
    };
    const nd_results_meta meta = {.campaign = campaign,
                                  .question = "Is \"it\" <b>so</b>?",
                                  .spec = "campaign: x # <!--\n",
                                  .history = "2026-01-01T00:00:00Z: nudge run",
                                  .columns = columns,
                                  .n_columns = 2,
                                  .case_dim = -1};
    f->betas = betas;
    const nd_results_source src = {2 * betas, EPOCHS, trial, f};
    ok(f, nd_results_write(at(f, "results.nc"), &meta, &src, &f->err));
    ok(f, nd_results_read(f->path, &f->results, &f->err));
}

static nd_code write_report(fixture *f)
{
    nd_cube *map;
    ND_TRY(nd_map_build(f->results, &f->o, &map, &f->err));
    const nd_code code = nd_map_report(f->results, map, &f->o, at(f, "map.html"), &f->err);
    nd_cube_free(map);
    nd_text_clear(&f->page);
    return code == ND_OK ? nd_file_read(f->path, &f->page, &f->err) : code;
}

static size_t times(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *s = text; (s = strstr(s, what)); s += strlen(what))
        n++;
    return n;
}

static void has(const fixture *f, const char *what)
{
    if (!strstr(f->page.s, what)) fail_msg("the page has no %s", what);
}

static void whole(void **state)
{
    fixture *f = *state;
    make_results(f, "plain", 4);
    ok(f, write_report(f));
    /* the template and all its parts */
    assert_int_equal(strncmp(f->page.s, "<!DOCTYPE html>", 15), 0);
    assert_null(strstr(f->page.s, "@{"));
    size_t parts = 0;
    for (const nd_template *t = nd_templates; t->name; t++) {
        const char *dot = strrchr(t->name, '.');
        if (!dot || (strcmp(dot, ".js") != 0 && strcmp(dot, ".css") != 0)) continue;
        has(f, t->text);
        parts++;
    }
    assert_true(parts >= 5);
    assert_int_equal(f->page.n, strlen(f->page.s));
    /* 8 cells, in the map's order; 1/3, 1/4, one that diverged, 1/6 ... */
    has(f, "\"name\":\"test_error\",\"about\":");
    has(f, "\"values\":[0.333333,0.25,null,0.166667,0.142857,null,0.111111,null]");
    has(f, "\"values\":[0.01,0.02,0.03,0.04]");
    has(f, "\"parameter\":\"device.c2c\"");
    /* what was not measured in any trial is not there */
    assert_null(strstr(f->page.s, "\"name\":\"pulses_up\""));
    /* curves: three epochs of each cell, one without a value */
    has(f, "\"learning\":{\"epochs\":3,\"vars\":[{\"name\":\"test_error\"");
    has(f, "[0.5,null,0.166667,0.5,null,0.166667,null,null,null,");
    has(f, "\"tuned\":{}");
    has(f, "\"eta_squared\"");
}

static void trials(void **state)
{
    fixture *f = *state;
    make_results(f, "plain", 4);
    ok(f, write_report(f));
    has(f, "\"trials\":8,\"seconds\":14,");
    has(f, "{\"status\":\"pending\",\"help\":\"not run yet\",\"failed\":false,\"n\":1}");
    /* trials 2 and 5 gave reasons that differ in their numbers only */
    assert_int_equal(times(f->page.s, "\"status\":\"diverged\",\"reason\""), 1);
    char key[ND_KEY_TEXT], text[400];
    nd_key_text(f->results->key[2], key);
    snprintf(text, sizeof text,
             "\"reason\":\"epoch 2: loss 3e+10 \\u003c/script>\",\"n\":2,\"key\":\"%s\","
             "\"at\":\"ep.beta 0.02, device.c2c 0, device.seed 1, train.seed 1\"",
             key);
    has(f, text);
    has(f, "\"isa\":[{\"text\":\"avx2\",\"n\":7}]");
    has(f, "\"hosts\":[{\"text\":\"a\",\"n\":4},{\"text\":\"b\",\"n\":3}]");
    /* of those that are selected only */
    const char *where[] = {"device.c2c=0"};
    f->o.where = where;
    f->o.n_where = 1;
    ok(f, write_report(f));
    has(f, "\"trials\":4,\"seconds\":8,");
    has(f, "\"hosts\":[{\"text\":\"a\",\"n\":4}]");
    has(f, "\"where\":[\"device.c2c=0\"]");
    assert_int_equal(times(f->page.s, "\"status\":\"diverged\",\"reason\""), 1);
}

/* Nothing in the data ends the script that holds it, or begins another. */
static void markup(void **state)
{
    fixture *f = *state;
    make_results(f, "</script><script>alert(1)</script><!-- @{page.css} &amp;", 2);
    ok(f, write_report(f));
    assert_int_equal(times(f->page.s, "<script"), 2);
    assert_int_equal(times(f->page.s, "</script"), 2);
    assert_int_equal(times(f->page.s, "<!--"), 0);
    assert_int_equal(times(f->page.s, "@{page.css}"), 3); /* title, heading, data */
    has(f, "<h1>&#60;/script&#62;&#60;script&#62;alert(1)");
    has(f, "&#38;amp;</h1>");
    has(f, "\"campaign\":\"\\u003c/script>\\u003cscript>alert(1)");
    has(f, "\"question\":\"Is \\\"it\\\" \\u003cb>so\\u003c/b>?\"");
    has(f, "\"spec\":\"campaign: x # \\u003c!--\\u000a\"");
}

static void options(void **state)
{
    fixture *f = *state;
    make_results(f, "plain", 2);
    f->o.x = "device.c2c";
    f->o.contour = "0.1,0.2";
    f->o.command = "nudge map here --report there";
    ok(f, write_report(f));
    has(f, "\"metric\":\"test_error\",\"x\":\"device.c2c\"");
    has(f, "\"levels\":[0.1,0.2]");
    f->o.title = "another <name>";
    ok(f, write_report(f));
    has(f, "<h1>another &#60;name&#62;</h1>");
    assert_null(strstr(f->page.s, "\"question\":"));
    f->o.title = NULL;
    has(f, "nudge map here --report there");
    /* what a page cannot show is refused, and nothing is left of it */
    unlink(f->path);
    f->o.ratio = "device.c2c=0/0.1";
    assert_int_equal(write_report(f), ND_EUSAGE);
    assert_non_null(strstr(f->err.message, "--ratio goes with other files"));
    f->o.ratio = NULL;
    f->o.table = "sensitivity";
    assert_int_equal(write_report(f), ND_EUSAGE);
    assert_non_null(strstr(f->err.message, "--table goes with other files"));
    f->o.table = NULL;
    static const struct {
        const char *x, *contour, *palette, *figure, *panels, *says;
        nd_code code;
    } bad[] = {
        {"ep.bta", NULL, NULL, NULL, NULL, "did you mean \"ep.beta\"?", ND_EINPUT},
        {NULL, "0.1,much", NULL, NULL, NULL, "\"much\" is no number", ND_EUSAGE},
        {NULL, NULL, "jet", NULL, NULL, "no palette \"jet\"", ND_EUSAGE},
        {NULL, NULL, NULL, "curve", NULL, "did you mean \"curves\"?", ND_EUSAGE},
        {NULL, NULL, NULL, NULL, "ep.bta", "did you mean \"ep.beta\"?", ND_EINPUT},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        nd_map_defaults(&f->o);
        f->o.x = bad[i].x;
        f->o.contour = bad[i].contour;
        f->o.palette = bad[i].palette;
        f->o.figure = bad[i].figure;
        f->o.panels = bad[i].panels;
        assert_int_equal(write_report(f), bad[i].code);
        if (!strstr(f->err.message, bad[i].says)) fail_msg("%s", f->err.message);
    }
    nd_map_defaults(&f->o);
    assert_false(nd_file_exists(f->path));
    nd_cube *map;
    ok(f, nd_map_build(f->results, &f->o, &map, &f->err));
    assert_int_equal(nd_map_report(f->results, map, &f->o, "/nonexistent/m.html", &f->err),
                     ND_EIO);
    /* by its ending too */
    ok(f, nd_map_write(f->results, map, &f->o, at(f, "map.html"), &f->err));
    assert_true(nd_file_exists(f->path));
    const size_t n = map->n;
    map->n = 1000000;
    assert_int_equal(nd_map_report(f->results, map, &f->o, f->path, &f->err), ND_EINPUT);
    assert_non_null(strstr(f->err.message, "this map has 1000000; choose a part of them"));
    map->n = n;
    nd_cube_free(map);
}

/* Of a map too large for a page the last metrics are left out, by name, with all of their statistics. */
static void too_much(void **state)
{
    enum { CELLS = 40000 };
    static const char *const metrics[] = {"train_loss",  "pulses_up", "test_error",
                                          "pulses_down", "saturated", "pinned"};
    static const char *const suffixes[] = {"",    "_q1",  "_q3",  "_mean",
                                           "_sd", "_low", "_high"};
    fixture *f = *state;
    make_results(f, "plain", 2);
    nd_cube *map;
    ok(f, nd_cube_new(&map, 1, 0, 50, &f->err));
    ok(f, nd_series_new(&map->axes[map->n_axes++], "ep_beta", CELLS, false, &f->err));
    map->n = CELLS;
    for (size_t m = 0; m < sizeof metrics / sizeof *metrics; m++)
        for (size_t k = 0; k < sizeof suffixes / sizeof *suffixes; k++) {
            char name[64];
            snprintf(name, sizeof name, "%s%s", metrics[m], suffixes[k]);
            nd_series *v = &map->vars[map->n_vars++];
            ok(f, nd_series_new(v, name, CELLS, false, &f->err));
        }
    ok(f, nd_map_report(f->results, map, &f->o, at(f, "map.html"), &f->err));
    ok(f, nd_file_read(f->path, &f->page, &f->err));
    has(f, "\"left_out\":\"pinned\"");
    assert_null(strstr(f->page.s, "\"name\":\"pinned"));
    const char *test = strstr(f->page.s, "\"vars\":[{\"name\":\"test_error\"");
    const char *loss = strstr(f->page.s, "\"name\":\"train_loss\"");
    assert_true(test && loss && test < loss); /* the chosen one first */
    has(f, "\"name\":\"saturated_high\"");
    nd_cube_free(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(trials, set_up, tear_down),
        cmocka_unit_test_setup_teardown(markup, set_up, tear_down),
        cmocka_unit_test_setup_teardown(options, set_up, tear_down),
        cmocka_unit_test_setup_teardown(too_much, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
