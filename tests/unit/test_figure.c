/* test_figure.c -- figures and tables of made-up maps: what is in them, and what is refused. */
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

#define NONE ((double)NAN)

typedef struct fixture {
    char dir[512], path[600];
    bool gnuplot;
    nd_map_options o;
    nd_cube *map;
    nd_text file; /* what was written last */
    nd_err err;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    const char *tmp = getenv("TMPDIR");
    snprintf(f->dir, sizeof f->dir, "%s/nudge-figure-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(f->dir));
    f->gnuplot = system("command -v gnuplot >/dev/null 2>&1") == 0;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    const int rc = rmdir(f->dir);
    free(f);
    return rc;
}

static int begin(void **state)
{
    fixture *f = *state;
    nd_map_defaults(&f->o);
    f->map = NULL;
    return 0;
}

static int end(void **state)
{
    fixture *f = *state;
    nd_cube_free(f->map);
    nd_text_free(&f->file);
    return 0;
}

static void ok(fixture *f, nd_code code)
{
    if (code != ND_OK) fail_msg("%s", f->err.message);
}

/* ---- maps ---- */

static const double levels[] = {0, 0.01, 0.02, 0.03}, betas[] = {0.1, 0.2, 0.5};
static const double ratios[] = {0.001, 0.01, 0.1};

static nd_series *add_axis(fixture *f, const char *name, const char *parameter, size_t n,
                           const double *x, const char *const *s)
{
    nd_series *v = &f->map->axes[f->map->n_axes];
    ok(f, nd_series_new(v, name, n, s != NULL, &f->err));
    v->dim = (int)f->map->n_axes++;
    f->map->n *= n;
    if (parameter) ok(f, nd_series_describe(&v->parameter, parameter, &f->err));
    for (size_t i = 0; i < n; i++)
        if (s)
            ok(f, nd_series_describe(&v->s[i], s[i], &f->err));
        else
            v->x[i] = x[i];
    return v;
}

static nd_series *add_var(fixture *f, const char *name, double value)
{
    nd_series *v = &f->map->vars[f->map->n_vars];
    ok(f, nd_series_new(v, name, f->map->n, false, &f->err));
    f->map->n_vars++;
    for (size_t i = 0; i < v->n; i++)
        v->x[i] = value;
    return v;
}

static nd_series *var(fixture *f, const char *name)
{
    for (size_t i = 0; i < f->map->n_vars; i++)
        if (!strcmp(f->map->vars[i].name, name)) return &f->map->vars[i];
    fail_msg("no variable %s", name);
    return NULL;
}

/* test_error rises from cell to cell, 0.10, 0.11, ...; its interval is 0.02 wide. */
static void add_error(fixture *f)
{
    static const struct {
        const char *suffix;
        double off;
    } stats[] = {
        {"", 0}, {"_q1", -0.005}, {"_q3", 0.005}, {"_low", -0.01}, {"_high", 0.01}};
    for (size_t k = 0; k < sizeof stats / sizeof *stats; k++) {
        char name[64];
        snprintf(name, sizeof name, "test_error%s", stats[k].suffix);
        nd_series *v = add_var(f, name, 0);
        for (size_t i = 0; i < v->n; i++)
            v->x[i] = 0.10 + 0.01 * (double)i + stats[k].off;
    }
    add_var(f, "n", 3)->whole = true;
    add_var(f, "n_failed", 0)->whole = true;
    add_var(f, "n_pending", 0)->whole = true;
    add_var(f, "n_unsampled", 0)->whole = true;
}

static void make(fixture *f)
{
    nd_cube_free(f->map);
    ok(f, nd_cube_new(&f->map, 4, 2, 20, &f->err));
    ok(f, nd_series_describe(&f->map->title, "it's `x`", &f->err));
    ok(f,
       nd_series_describe(&f->map->summary, "Does 100% {of} it_work^2 \"so\"?", &f->err));
}

/* beta x c2c: test_error 0.10 ... 0.21 */
static void make_grid(fixture *f)
{
    make(f);
    add_axis(f, "ep_beta", "ep.beta", 3, betas, NULL);
    add_axis(f, "device_c2c", "device.c2c", 4, levels, NULL);
    add_error(f);
}

static void empty_cell(fixture *f, size_t cell, const char *count)
{
    static const char *const names[] = {"test_error", "test_error_q1", "test_error_q3",
                                        "test_error_low", "test_error_high"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        var(f, names[k])->x[cell] = NONE;
    var(f, "n")->x[cell] = 0;
    var(f, count)->x[cell] = 3;
}

/* ---- files ---- */

static nd_code write_as(fixture *f, const char *name)
{
    snprintf(f->path, sizeof f->path, "%s/%s", f->dir, name);
    nd_text_free(&f->file);
    const nd_code code = nd_map_write(NULL, f->map, &f->o, f->path, &f->err);
    if (code == ND_OK) {
        nd_text_clear(&f->file);
        ok(f, nd_file_read(f->path, &f->file, &f->err));
        unlink(f->path);
    }
    assert_false(nd_file_exists(f->path));
    return code;
}

static void draw(fixture *f)
{
    if (!f->gnuplot) skip();
    ok(f, write_as(f, "figure.svg"));
}

static void holds(const fixture *f, const char *text)
{
    if (!strstr(nd_text_str(&f->file), text)) fail_msg("no \"%s\" in the file", text);
}

static void lacks(const fixture *f, const char *text)
{
    if (strstr(nd_text_str(&f->file), text)) fail_msg("\"%s\" in the file", text);
}

static size_t count(const fixture *f, const char *text)
{
    size_t n = 0;
    for (const char *at = nd_text_str(&f->file); (at = strstr(at, text)); at++)
        n++;
    return n;
}

static void refused(fixture *f, const char *name, nd_code code, const char *says)
{
    assert_int_equal(write_as(f, name), code);
    if (!strstr(f->err.message, says))
        fail_msg("\"%s\" does not say \"%s\"", f->err.message, says);
}

/* ---- figures ---- */

static void heat_map(void **state)
{
    fixture *f = *state;
    make_grid(f);
    empty_cell(f, 0, "n_failed");
    empty_cell(f, 3, "n_pending");
    empty_cell(f, 7, "n_unsampled");
    f->o.contour = "0.15,0.18,0.9";
    draw(f);
    holds(f, "it's `x`");
    holds(f, "Does 100% {of} it_work^2 \"so\"?");
    holds(f, ">all trials failed<");
    holds(f, ">not run yet<");
    holds(f, ">not sampled<");
    lacks(f, ">no value<");
    holds(f, "pattern"); /* hatched */
    holds(f, ">test_error = 0.15, 0.18 (nowhere 0.9)<");
    assert_int_equal(count(f, ">0.15<"),
                     2); /* a tick of the colours, and the line's label */
    assert_int_equal(count(f, ">0.160<"), 1); /* the cell's number */
    holds(f, "width=\"643\"");
    f->o.contour = "none";
    f->o.title = "";
    draw(f);
    lacks(f, ">test_error = ");
    lacks(f, "it's");

    var(f, "n")->x[0] = 1; /* finished, and yet without a value */
    draw(f);
    holds(f, ">no value<");
    lacks(f, ">all trials failed<");
}

static void every_ending_and_width(void **state)
{
    static const struct {
        const char *name, *magic;
    } kinds[] = {{"m.png", "\x89PNG"}, {"m.pdf", "%PDF"}, {"m.svg", "<?xml"}};
    static const char *const figures[] = {"heatmap", "curves"};
    fixture *f = *state;
    if (!f->gnuplot) skip();
    make_grid(f);
    for (size_t w = 0; w < 2; w++)
        for (size_t k = 0; k < 3; k++)
            for (size_t i = 0; i < 2; i++) {
                f->o.width = w ? "single" : "double";
                f->o.figure = figures[i];
                ok(f, write_as(f, kinds[k].name));
                assert_memory_equal(f->file.s, kinds[k].magic, 4);
                if (k == 2) holds(f, w ? "width=\"321\"" : "width=\"643\"");
            }
}

static void curves(void **state)
{
    static const char *const schemes[] = {"cst", "rprop"};
    fixture *f = *state;
    make(f);
    add_axis(f, "program_scheme", "program.scheme", 2, NULL, schemes);
    add_axis(f, "device_c2c", "device.c2c", 4, levels, NULL);
    add_error(f);
    empty_cell(f, 6, "n_failed");
    f->o.lines = "program.scheme"; /* and so x is what is left */
    draw(f);
    holds(f, ">cst<");
    holds(f, ">rprop<");
    holds(f, "program.scheme<");
    holds(f, ">all trials failed<");
    holds(f, "device.c2c<");
    lacks(f, "95 % interval");

    make(f);
    add_axis(f, "device_c2c", "device.c2c", 4, levels, NULL);
    add_error(f);
    f->o.lines = NULL;
    draw(f);
    holds(f, ">95 % interval of the median<");
    holds(f, ">median and quartiles<");

    var(f, "test_error_q1")->x[0] = NONE; /* one that is not there is no harm */
    draw(f);
}

/* A figure's height, px. */
static double height(const fixture *f)
{
    const char *at = strstr(nd_text_str(&f->file), "viewBox=\"0 0 ");
    double wide = 0, high = 0;
    assert_non_null(at);
    assert_int_equal(sscanf(at, "viewBox=\"0 0 %lf %lf\"", &wide, &high), 2);
    return high;
}

/* How far the longest straight part of a line of this colour goes from left to right, px. */
static double longest_part(const fixture *f, const char *stroke)
{
    double longest = 0;
    for (const char *at = nd_text_str(&f->file); (at = strstr(at, stroke)); at++) {
        double x0 = NONE, x, y;
        const char *end = strstr(at, "/>"), *d = strstr(at, " d='");
        for (d = d && d < end ? d + 4 : end; d < end; d++) {
            if ((*d != 'M' && *d != 'L') || sscanf(d + 1, "%lf,%lf", &x, &y) != 2) continue;
            if (*d == 'L') longest = fmax(longest, fabs(x - x0));
            x0 = x;
        }
    }
    return longest;
}

static void gaps(void **state)
{
    fixture *f = *state;
    make(f);
    add_axis(f, "device_c2c", "device.c2c", 4, levels, NULL);
    add_error(f);
    draw(f);
    const double step = longest_part(f, "stroke='rgb( 49, 104, 142)'");
    assert_true(step > 100);
    empty_cell(f, 1, "n_failed");
    draw(f);
    assert_true(fabs(longest_part(f, "stroke='rgb( 49, 104, 142)'") - step) < 1);
}

/* Whatever a campaign says is a label, and no command to gnuplot. */
static void names_along_sides(void **state)
{
    static const char *const odd[] = {"it's", "\"a\"", "`b` 5 %", "@nd_title", "c\\d%s"};
    static const char *const long_names[] = {
        "a_name_of_a_case_which_goes_on_and_on_until_it_is_long_enough",
        "another_name_of_a_case_which_goes_on_until_it_is_long_enough"};
    static const char *const wide[] = {"accumulate", "cst", "rprop"};
    fixture *f = *state;
    for (int side = 0; side < 2; side++) {
        make(f);
        add_axis(f, "case", NULL, 5, NULL, odd);
        add_axis(f, "device_c2c", "device.c2c", 4, levels, NULL);
        add_error(f);
        f->o.x = side ? "device.c2c" : "case";
        f->o.y = side ? "case" : "device.c2c";
        draw(f);
        for (size_t i = 0; i < 5; i++) {
            char label[32];
            snprintf(label, sizeof label, ">%s<", odd[i]);
            holds(f, label);
        }
    }
    make(f);
    add_axis(f, "case", NULL, 2, NULL, long_names);
    add_axis(f, "device_c2c", "device.c2c", 4, levels, NULL);
    add_error(f);
    f->o.width = "single";
    refused(f, "m.svg", ND_EINPUT, "leave no room");
    f->o.x = "case";
    f->o.y = "device.c2c";
    refused(f, "m.svg", ND_EINPUT, "leave no room");

    /* a label as long as a low figure is high is left out, and the name stays */
    make(f);
    add_axis(f, "device_c2c", "device.c2c", 4, levels, NULL);
    nd_series *v = add_axis(f, "program_scheme", "program.scheme", 3, NULL, wide);
    ok(f, nd_series_describe(&v->long_name, "from the wanted change of a weight to a pulse",
                             &f->err));
    add_error(f);
    f->o = (nd_map_options){.metric = "test_error", .width = "single"};
    draw(f);
    holds(f, ">program.scheme<");
    lacks(f, "wanted change");
}

static void labels_say_what_is_drawn(void **state)
{
    fixture *f = *state;
    make(f);
    nd_series *v = add_axis(f, "ep_clamp", "ep.clamp", 3, betas, NULL);
    ok(f, nd_series_describe(&v->long_name, "states are held to [0, 1]: (hard)", &f->err));
    add_axis(f, "one", NULL, 1, betas, NULL);
    add_error(f);
    draw(f);
    holds(f, ">states are held to [0, 1]: ep.clamp<");
    const double without = height(f);
    f->o.panels = "one"; /* its title does not stand on the figure's */
    draw(f);
    assert_true(height(f) > without + 10);
    f->o.panels = NULL;
    f->o.metric = "n";
    draw(f);
    lacks(f, ">median<");

    make(f); /* ticks and printed numbers can be told apart */
    double many[12];
    for (size_t i = 0; i < 12; i++)
        many[i] = (double)i;
    add_axis(f, "a", NULL, 12, many, NULL);
    add_axis(f, "ep_beta", "ep.beta", 3, betas, NULL);
    add_error(f);
    for (size_t i = 0; i < f->map->n; i++)
        var(f, "test_error")->x[i] = 5011000 + 100 * (double)i;
    f->o.metric = "test_error";
    draw(f);
    lacks(f, ">5.01e+06<");
    holds(f, ">5.014e+06<");
    for (size_t i = 0; i < f->map->n; i++)
        var(f, "test_error")->x[i] = 51000 + 1000 * (double)i;
    draw(f);
    holds(f, ">test_error = 68000<");
    lacks(f, "e+04<");
    for (size_t i = 0; i < f->map->n; i++)
        var(f, "test_error")->x[i] = i ? 0.1 : -1e-9;
    draw(f);
    lacks(f, ">-0.000<");
    holds(f, ">0.000<");
    for (size_t i = 2; i < 12; i++) /* the narrowest cell has room, or none has */
        f->map->axes[0].x[i] += 2;
    draw(f);
    lacks(f, ">0.000<");

    static const double nearly[] = {0.99, 0.999, 0.9999};
    make(f); /* settings are what they are */
    add_axis(f, "train_momentum", "train.momentum", 3, nearly, NULL);
    add_axis(f, "device_c2c", "device.c2c", 4, levels, NULL);
    add_error(f);
    nd_series *best = add_var(f, "best_train_momentum", 0.9995);
    best->x[0] = 2.0 / 3;
    f->o.metric = "best_train_momentum";
    draw(f);
    lacks(f, ">1<");
    holds(f, ">0.9999<");
    holds(f, ">0.667<");
    assert_int_equal(count(f, ">0.9995<"), 11);
    f->o.metric = "test_error";

    static const char *const names[] = {"a", "b", "c"};
    make(f); /* a low panel has two ticks */
    add_axis(f, "device_c2c", "device.c2c", 4, levels, NULL);
    add_axis(f, "ep_beta", "ep.beta", 3, betas, NULL);
    add_axis(f, "case", NULL, 3, NULL, names);
    add_error(f);
    static const char *const drawn[] = {"test_error", "test_error_q1", "test_error_q3"};
    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; i < f->map->n; i++)
            var(f, drawn[k])->x[i] = i % 3 ? 0.9 : 0.925;
    f->o.figure = "curves";
    f->o.width = "single";
    f->o.panels = "case";
    draw(f);
    holds(f, ">0.90<");
    holds(f, ">0.92<");
}

static void panels(void **state)
{
    static const char *const schemes[] = {"cst", "rprop", "it's {a}\\b"};
    fixture *f = *state;
    make(f);
    add_axis(f, "ep_beta", "ep.beta", 3, betas, NULL);
    add_axis(f, "program_scheme", "program.scheme", 3, NULL, schemes);
    add_axis(f, "device_c2c", "device.c2c", 4, levels, NULL);
    add_error(f);
    f->o.x = "device.c2c";
    f->o.y = "ep.beta";
    draw(f);
    holds(f, ">program.scheme cst<");
    holds(f, ">program.scheme it's {a}\\b<");
    assert_int_equal(count(f, ">ep.beta<"), 1); /* labels are shared */
    f->o.y = NULL;
    f->o.figure = "curves";
    f->o.panels = "program.scheme";
    draw(f);
    holds(f, ">program.scheme rprop<");
    assert_int_equal(count(f, ">0.5<"), 1); /* a key for all panels */

    double many[14];
    for (size_t i = 0; i < 14; i++)
        many[i] = (double)i;
    f->o = (nd_map_options){.metric = "test_error"};
    make(f);
    add_axis(f, "ep_beta", "ep.beta", 3, betas, NULL);
    add_axis(f, "device_c2c", "device.c2c", 4, levels, NULL);
    add_axis(f, "rbm_chains", "rbm.chains", 14, many, NULL);
    add_error(f);
    refused(f, "m.svg", ND_EINPUT, "at most 12 panels");
    f->o.figure = "curves";
    f->o.lines = "rbm.chains";
    refused(f, "m.svg", ND_EINPUT, "at most 12 lines");

    make(f);
    add_axis(f, "a", NULL, 3, betas, NULL);
    add_axis(f, "b", NULL, 3, betas, NULL);
    add_axis(f, "c", NULL, 3, betas, NULL);
    add_axis(f, "d", NULL, 3, betas, NULL);
    add_error(f);
    f->o = (nd_map_options){.metric = "test_error"};
    refused(f, "m.svg", ND_EINPUT, "all 4 axes of the map");
    refused(f, "m.svg", ND_EINPUT, "--where d=0.1 | 0.2 | 0.5");
}

/* Settings of even ratio have a logarithmic colour, and ticks of their own. */
static void winning_settings(void **state)
{
    fixture *f = *state;
    make_grid(f);
    nd_series *best = add_var(f, "best_program_width", 0);
    for (size_t i = 0; i < best->n; i++)
        best->x[i] = pow(10, -1 - (double)(i % 3));
    f->o.metric = "best_program_width";
    draw(f);
    holds(f, "best_program_width<");
    lacks(f, "median best");
    lacks(f, "best_program_width = ");        /* no line between settings */
    assert_int_equal(count(f, ">0.001<"), 5); /* four cells and a tick */
    for (size_t i = 0; i < best->n; i++)      /* nor between two */
        best->x[i] = i % 2 ? 0.01 : 0.1;
    draw(f);
    lacks(f, "best_program_width = ");
}

static void edge_cases(void **state)
{
    fixture *f = *state;
    make_grid(f);
    for (size_t i = 0; i < f->map->n; i++)
        empty_cell(f, i, "n_failed");
    refused(f, "m.svg", ND_EINPUT, "nothing to draw");

    make_grid(f); /* all the same */
    for (size_t i = 0; i < f->map->n; i++)
        var(f, "test_error")->x[i] = 0;
    draw(f);
    f->o.figure = "curves";
    draw(f);

    make_grid(f); /* one measured cell */
    for (size_t i = 1; i < f->map->n; i++)
        empty_cell(f, i, "n_pending");
    draw(f);
    f->o.figure = NULL;
    draw(f);
    holds(f, ">0.100<");

    make(f); /* axes of one value */
    add_axis(f, "ep_beta", "ep.beta", 1, betas, NULL);
    add_axis(f, "device_c2c", "device.c2c", 1, levels, NULL);
    add_error(f);
    refused(f, "m.svg", ND_EINPUT, "no axis with more than one value");
    f->o.x = "ep.beta"; /* a point is asked for */
    draw(f);
    f->o.y = "device.c2c";
    draw(f);

    make(f); /* no axes at all */
    add_error(f);
    f->o = (nd_map_options){.metric = "test_error"};
    refused(f, "m.svg", ND_EINPUT, "no axis");

    make(f);
    add_axis(f, "device_c2c", "device.c2c", 4, levels, NULL);
    add_error(f);
    f->o.figure = "heatmap";
    refused(f, "m.svg", ND_EINPUT, "only one axis");

    make(f); /* decades, negative numbers, and infinity */
    add_axis(f, "a", NULL, 3, ratios, NULL);
    add_error(f);
    var(f, "test_error")->x[0] = -1e-9;
    var(f, "test_error")->x[2] = HUGE_VAL;
    f->o.figure = NULL;
    draw(f);
}

static void what_is_refused(void **state)
{
    fixture *f = *state;
    make_grid(f);
    refused(f, "m.jpg", ND_EUSAGE, ".tex");
    enum { IN_TABLES = 6 }; /* so many are mistakes where a table is written, too */
    static const struct {
        nd_map_options o;
        nd_code code;
        const char *says;
    } bad[] = {
        {{.figure = "heatmpa"}, ND_EUSAGE, "did you mean \"heatmap\"?"},
        {{.palette = "jet"}, ND_EUSAGE, "there are: viridis, cividis, rdbu"},
        {{.contour = "0.1,x"}, ND_EUSAGE, "\"x\" is no number"},
        {{.contour = "1,2,3,4,5,6,7,8,9"}, ND_EUSAGE, "at most 8"},
        {{.x = "ep.beat"}, ND_EINPUT, "did you mean \"ep.beta\"?"},
        {{.lines = "device.c2"}, ND_EINPUT, "did you mean \"device.c2c\"?"},
        {{.width = "wide"}, ND_EUSAGE, "single or double"},
        {{.x = "ep.beta", .y = "ep.beta"}, ND_EINPUT, "change together"},
        {{.metric = "tset_error"}, ND_EINPUT, "did you mean \"test_error\"?"},
        {{.metric = "saturated"}, ND_EINPUT, "nothing to draw"},
        {{.table = "tolerence"}, ND_EUSAGE, "tolerence"},
        {{.table = "tolerance"}, ND_EUSAGE, "no kind of figure"},
        {{.table = "learning", .figure = "heatmap"}, ND_EUSAGE, "leave one of them out"},
        {{.ratio = "ep.beta=0.1/0.2", .figure = "sensitivity"}, ND_EUSAGE, "is of the map"},
        {{.figure = "heatmap", .lines = "ep.beta"},
         ND_EUSAGE,
         "no use for --lines ep.beta"},
        {{.figure = "curves", .y = "ep.beta"}, ND_EUSAGE, "no use for -y ep.beta"},
        {{.figure = "learning", .x = "ep.beta"}, ND_EUSAGE, "no use for -x"},
        {{.ratio = "ep.beta"}, ND_EUSAGE, "parameter=value/value"},
        {{.ratio = "ep.beta=0.1"}, ND_EUSAGE, "parameter=value/value"},
        {{.ratio = "ep.bet=0.1/0.2"}, ND_EINPUT, "did you mean \"ep.beta\"?"},
        {{.ratio = "ep.beta=0.1/0.3"}, ND_EINPUT, "0.1, 0.2, 0.5"},
        {{.ratio = "ep.beta=0.1/0.1"}, ND_EINPUT, "is not two of the values"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        f->o = bad[i].o;
        if (!f->o.metric) f->o.metric = "test_error";
        refused(f, "m.svg", bad[i].code, bad[i].says);
        if (i < IN_TABLES) refused(f, "m.csv", bad[i].code, bad[i].says);
    }
    f->o = (nd_map_options){.metric = "test_error", .table = "tolerence"};
    refused(f, "m.csv", ND_EUSAGE, "did you mean \"tolerance\"?");
}

/* ---- ratios ---- */

static void ratio(void **state)
{
    fixture *f = *state;
    make_grid(f);
    empty_cell(f, 4, "n_failed"); /* beta 0.2 at c2c 0 */
    f->o.ratio = "ep.beta=0.5/0.2";
    ok(f, write_as(f, "r.csv"));
    /* cells 8 ... 11 over 4 ... 7 */
    holds(
        f,
        "device_c2c,test_error_ratio,test_error_ratio_low,test_error_ratio_high,n,n_failed,"
        "n_pending,n_unsampled\n0,,,,0,3,0,0\n");
    double level, value, low, high;
    assert_int_equal(sscanf(strstr(f->file.s, "\n0.03,") + 1, "%lf,%lf,%lf,%lf", &level,
                            &value, &low, &high),
                     4);
    assert_true(fabs(value - 0.21 / 0.17) < 1e-12);
    assert_true(fabs(low - 0.20 / 0.18) < 1e-12 && fabs(high - 0.22 / 0.16) < 1e-12);

    /* around one, with what is not sure in brackets */
    f->o.ratio = "device.c2c=0.01/0";
    make(f);
    add_axis(f, "ep_beta", "ep.beta", 3, betas, NULL);
    add_axis(f, "device_c2c", "device.c2c", 4, levels, NULL);
    add_axis(f, "rbm_chains", "rbm.chains", 3, betas, NULL);
    add_error(f);
    draw(f);
    holds(f, ">1.30<"); /* 0.13 (0.12 to 0.14) over 0.10 (0.09 to 0.11) */
    for (size_t i = 0; i < f->map->n; i++)
        var(f, "test_error_low")->x[i] = 0.05;
    draw(f);
    holds(f, ">(1.30)<");
    f->o.figure = "curves";
    draw(f);
    holds(f, "test_error_ratio<");
    f->o.figure = NULL;
    var(f, "test_error")->x[3] = 0; /* at c2c 0.01 */
    refused(f, "r.svg", ND_EINPUT, "ratios above 0 only");

    /* against 1, even where all are the same; of what is no median */
    make(f);
    add_axis(f, "ep_beta", "ep.beta", 3, betas, NULL);
    add_axis(f, "device_c2c", "device.c2c", 4, levels, NULL);
    add_error(f);
    f->o.metric = "n";
    f->o.ratio = "ep.beta=0.5/0.2";
    for (size_t i = 8; i < 12; i++)
        var(f, "n")->x[i] = 6;
    draw(f);
    holds(f, ">1.0<");
    holds(f, ">ratio<");
    lacks(f, "medians");
}

/* ---- tables ---- */

/* Piecewise linear errors whose crossings are known. */
static void tolerance(void **state)
{
    fixture *f = *state;
    make_grid(f);
    static const double error[12] = {0.10, 0.105, 0.125, 0.20,  /* passes 0.11 at 0.0125 */
                                     0.10, 0.10,  0.104, 0.107, /* never */
                                     0.10, 0.13,  0.09,  0.09}; /* at once: 0.01 / 3 */
    for (size_t i = 0; i < 12; i++) {
        var(f, "test_error")->x[i] = error[i];
        var(f, "test_error_low")->x[i] = error[i] - 0.005;
        var(f, "test_error_high")->x[i] = error[i] + 0.005;
    }
    f->o.table = "tolerance";
    nd_cube *t;
    ok(f, nd_map_tolerance(f->map, &f->o, &t, &f->err));
    assert_int_equal(t->n, 3);
    const double level[] = {0.0125, NONE, 0.01 / 3},
                 low[] = {0.01, 0.02 + 0.01 / 3, 0.005 / 3};
    const double high[] = {0.015, NONE, 0.005};
    const struct {
        const char *name;
        const double *value;
    } columns[] = {{"tolerated", level}, {"tolerated_low", low}, {"tolerated_high", high}};
    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; i < 3; i++) {
            const double got = nd_cube_var(t, columns[k].name)->x[i];
            const double wanted = columns[k].value[i];
            if (!(isnan(got) && isnan(wanted)) && !(fabs(got - wanted) < 1e-12))
                fail_msg("%s of row %zu is %.17g, not %.17g", columns[k].name, i, got,
                         wanted);
        }
    const nd_series *says = nd_cube_var(t, "summary");
    assert_string_equal(says->s[0], "0.0125 (0.01 to 0.015)");
    assert_string_equal(says->s[1], "> 0.03 (0.0233 to > 0.03)");
    assert_true(nd_cube_var(t, "ep_beta")->x[2] == 0.5);
    nd_cube_free(t);

    /* where all trials failed nothing is tolerated; what is not run is passed over */
    empty_cell(f, 3, "n_failed");
    empty_cell(f, 2, "n_pending");
    empty_cell(f, 8, "n_failed");
    ok(f, nd_map_tolerance(f->map, &f->o, &t, &f->err));
    assert_true(nd_cube_var(t, "tolerated")->x[0] == 0.01);
    assert_string_equal(nd_cube_var(t, "summary")->s[2], "no reference");
    nd_cube_free(t);

    make_grid(f); /* from the baseline on, and along another axis: 0.10, 0.14, 0.18 */
    const char *const baseline[] = {"device.c2c=0.02"};
    f->o.baseline = baseline;
    f->o.n_baseline = 1;
    f->o.tolerance = 0.005;
    ok(f, nd_map_tolerance(f->map, &f->o, &t, &f->err));
    assert_true(fabs(nd_cube_var(t, "tolerated")->x[0] - 0.025) < 1e-12);
    nd_cube_free(t);
    f->o.x = "ep.beta";
    f->o.tolerance = 0.05;
    ok(f, nd_map_tolerance(f->map, &f->o, &t, &f->err));
    assert_int_equal(t->n, 4);
    assert_true(fabs(nd_cube_var(t, "tolerated")->x[0] - (0.2 + 0.3 * 0.25)) < 1e-12);
    nd_cube_free(t);
    f->o.x = "ep.bet";
    refused(f, "t.csv", ND_EINPUT, "there are: ep.beta, device.c2c");
    f->o.x = NULL;
    make(f);
    add_axis(f, "ep_beta", "ep.beta", 3, betas, NULL);
    add_error(f);
    refused(f, "t.csv", ND_EINPUT, "choose one with -x: ep.beta");
}

static void latex(void **state)
{
    static const char *const names[] = {"50%_{a}", "x & \\y"};
    static const char *const quoted[] = {"\"q\""};
    fixture *f = *state;
    make(f);
    add_axis(f, "case", NULL, 1, NULL, quoted);
    add_error(f);
    ok(f, write_as(f, "t.tex"));
    holds(f, "\n{\\char34}q{\\char34} & ");

    make(f);
    add_axis(f, "case", NULL, 2, NULL, names);
    add_error(f);
    ok(f, write_as(f, "t.tex"));
    holds(f, "\\begin{tabular}{lrr}\n\\toprule\ncase & test\\_error [95\\,\\%] & n \\\\\n");
    holds(f, "50\\%\\_\\{a\\} & 0.100 [0.090, 0.110] & 3 \\\\\n");
    holds(f, "x \\& \\textbackslash{}y & 0.110 [0.100, 0.120] & 3 \\\\\n\\bottomrule\n");
    lacks(f, "n\\_failed"); /* none did */
    empty_cell(f, 1, "n_failed");
    ok(f, write_as(f, "t.tex"));
    holds(f, "\\textbackslash{}y & -- & 0 & 3 \\\\\n");

    make(f); /* numbers that need care */
    add_axis(f, "a", NULL, 3, ratios, NULL);
    add_error(f);
    var(f, "test_error")->x[0] = -1.5e-7;
    var(f, "test_error")->x[1] = 2.5e-7;
    var(f, "test_error")->x[2] = NONE;
    ok(f, write_as(f, "t.tex"));
    holds(f, "$-1.5\\times10^{-7}$ [");
    holds(f, "$2.5\\times10^{-7}$ [");
    var(f, "test_error")->x[1] = 0.1;
    ok(f, write_as(f, "t.tex"));
    holds(f, "0.000 [");
    lacks(f, "$-0.000");
}

/* The table has the line of a plane: 0.10 + 0.04 i + 0.01 j at node (i, j). */
static void contour_points(void **state)
{
    fixture *f = *state;
    make_grid(f);
    f->o.table = "contours";
    f->o.contour = "0.155";
    f->o.x = "device.c2c";
    nd_cube *t;
    ok(f, nd_map_contours(f->map, &f->o, &t, &f->err));
    const nd_series *beta = nd_cube_var(t, "ep_beta"), *c2c = nd_cube_var(t, "device_c2c");
    assert_true(t->n >= 4 && beta && c2c);
    for (size_t k = 0; k < t->n; k++) {
        const double b = beta->x[k]; /* on a logarithmic scale, as the heat map has it */
        const double i = b < 0.2 ? log(b / 0.1) / log(2) : 1 + log(b / 0.2) / log(2.5);
        const double value = 0.10 + 0.04 * i + 0.01 * c2c->x[k] / 0.01;
        if (fabs(value - 0.155) > 1e-12)
            fail_msg("point %zu: %g %g is at %g", k, beta->x[k], c2c->x[k], value);
    }
    nd_cube_free(t);
    ok(f, write_as(f, "c.tex")); /* a list is written with all its columns */
    holds(f, "test\\_error & line & device.c2c & ep.beta \\\\\n");
    f->o.contour = "7";
    refused(f, "c.csv", ND_EINPUT, "no line passes through this map at 7");
    refused(f, "c.svg", ND_EUSAGE, "no kind of figure");
    static const char *const names[] = {"a", "b", "c"};
    make(f);
    add_axis(f, "case", NULL, 3, NULL, names);
    add_axis(f, "device_c2c", "device.c2c", 4, levels, NULL);
    add_error(f);
    refused(f, "c.csv", ND_EINPUT, "made of names");
    f->o.x = f->o.table = NULL; /* lines that were asked for are not passed over */
    refused(f, "c.svg", ND_EINPUT, "leave --contour out");
    f->o.contour = "none";
    draw(f);
}

#define T(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(heat_map),
        T(every_ending_and_width),
        T(curves),
        T(panels),
        T(gaps),
        T(names_along_sides),
        T(labels_say_what_is_drawn),
        T(winning_settings),
        T(edge_cases),
        T(what_is_refused),
        T(ratio),
        T(tolerance),
        T(latex),
        T(contour_points),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
