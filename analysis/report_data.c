/* report_data.c -- what a report shows, as JSON: the map, its learning curves, what matters most, and
 * where all of it comes from. */
#include "drawing_impl.h"
#include "map_impl.h"
#include "nudge/build.h"
#include "nudge/clock.h"
#include "report_impl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Numbers of the map, and of its curves: pages of 10 to 20 MB open in a second or two. */
enum { VALUES_MAX = 1500000 };

static void add_text(nd_json *j, const char *key, const char *text)
{
    if (!text || !*text) return;
    nd_json_key(j, key);
    nd_json_string(j, text);
}

/* As a page shows it: six digits. */
static void add_short(nd_json *j, double x)
{
    char s[32];
    snprintf(s, sizeof s, "%.6g", x);
    nd_json_raw(j, isfinite(x) ? s : "null");
}

static void open_series(nd_json *j, const nd_series *v)
{
    nd_json_open(j, '{');
    add_text(j, "name", v->name);
    add_text(j, "parameter", v->parameter);
    add_text(j, "about", v->long_name);
    if (v->unit && strcmp(v->unit, "1") != 0) add_text(j, "unit", v->unit);
}

/* exact: coordinates, by which cells are found */
static void add_series(nd_json *j, const nd_series *v, bool exact)
{
    open_series(j, v);
    nd_json_key(j, "dim");
    nd_json_int(j, v->dim);
    nd_json_key(j, "values");
    nd_json_open(j, '[');
    for (size_t i = 0; i < v->n; i++)
        if (v->s)
            nd_json_string(j, v->s[i]);
        else if (exact)
            nd_json_real(j, v->x[i]);
        else
            add_short(j, v->x[i]);
    nd_json_close(j);
    nd_json_close(j);
}

static void add_all(nd_json *j, const char *key, const nd_series *v, size_t n)
{
    nd_json_key(j, key);
    nd_json_open(j, '[');
    for (size_t i = 0; i < n; i++)
        add_series(j, &v[i], true);
    nd_json_close(j);
}

/* Is it NAME, or NAME_something, of the metric? */
static bool belongs(const nd_series *v, const char *metric)
{
    const size_t n = strlen(metric);
    return !strncmp(v->name, metric, n) && (!v->name[n] || v->name[n] == '_');
}

/* Of a metric, longest name first: log_z_lower is no statistic of log_z. -1: no metric's. */
static int metric_of(const nd_series *v)
{
    int best = -1;
    for (int m = 0; m < ND_METRICS; m++)
        if (belongs(v, nd_metric_at((size_t)m)->name) &&
            (best < 0 || strlen(nd_metric_at((size_t)m)->name) >
                             strlen(nd_metric_at((size_t)best)->name)))
            best = m;
    return best;
}

/* The variables of a cube while there is room: first those of no metric and of the chosen one,
 * then the others as metrics.def has them. Names of metrics without room go to `left_out`. */
static void add_vars(nd_json *j, const nd_cube *c, int chosen, nd_text *left_out)
{
    size_t room = VALUES_MAX;
    nd_json_key(j, "vars");
    nd_json_open(j, '[');
    for (int turn = -2; turn < ND_METRICS; turn++) {
        const int m = turn == -2 ? -1 : turn == -1 ? chosen : turn;
        size_t values = 0;
        for (size_t i = 0; i < c->n_vars; i++)
            if (metric_of(&c->vars[i]) == m) values += c->vars[i].n;
        if (!values || (turn >= 0 && turn == chosen)) continue;
        if (values > room) {
            nd_text_add(left_out, "%s%s", left_out->n ? ", " : "",
                        m < 0 ? "counts" : nd_metric_at((size_t)m)->name);
            continue;
        }
        room -= values;
        for (size_t i = 0; i < c->n_vars; i++)
            if (metric_of(&c->vars[i]) == m) add_series(j, &c->vars[i], false);
    }
    nd_json_close(j);
}

static void add_left_out(nd_json *j, const char *key, nd_text *names)
{
    add_text(j, key, nd_text_str(names));
    j->text.failed |= names->failed;
    nd_text_free(names);
}

static void add_palettes(nd_json *j)
{
    nd_json_key(j, "palettes");
    nd_json_open(j, '{');
    const nd_palette *p;
    for (size_t i = 0; (p = nd_palette_at(i)); i++) {
        nd_json_key(j, p->name);
        nd_json_open(j, '{');
        add_text(j, "source", p->source);
        nd_json_key(j, "rgb");
        nd_json_open(j, '[');
        for (size_t k = 0; k < p->n; k++)
            nd_json_int(j, p->rgb[k]);
        nd_json_close(j);
        nd_json_close(j);
    }
    nd_json_close(j);
    nd_json_key(j, "hues");
    nd_json_open(j, '[');
    for (size_t k = 0; k < ND_HUES; k++)
        nd_json_int(j, nd_palette_hue(k));
    nd_json_close(j);
}

/* {"best_program_width": "program.width"} */
static void add_tuned(nd_json *j, const nd_results *r)
{
    nd_json_key(j, "tuned");
    nd_json_open(j, '{');
    for (size_t c = 0; c < r->n_columns; c++) {
        const nd_series *v = &r->columns[c];
        if (v->role != ND_ROLE_TUNE) continue;
        nd_text name = {0};
        nd_text_add(&name, "best_%s", v->name);
        add_text(j, nd_text_str(&name), v->parameter ? v->parameter : v->name);
        j->text.failed |= name.failed;
        nd_text_free(&name);
    }
    nd_json_close(j);
}

/* Where it comes from, and what was asked for. */
static void add_provenance(nd_json *j, const nd_results *r, const nd_cube *map,
                           const nd_map_options *o)
{
    char now[24];
    nd_utc(now, sizeof now);
    const struct {
        const char *key, *text;
    } texts[] = {
        {"campaign", map->title},
        {"question", o->title ? NULL : map->summary},
        {"nudge", nd_version},
        {"commit", nd_build_commit},
        {"made", now},
        {"source", map->source},
        {"history", map->history},
        {"spec", map->spec},
        {"metric", o->metric},
        {"x", o->x},
        {"y", o->y ? o->y : o->lines},
        {"figure", o->figure  ? o->figure
                   : o->lines ? "curves"
                              : NULL},
        {"followed", map->contour},
        {"palette", o->palette},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        add_text(j, texts[i].key, texts[i].text);
    nd_json_key(j, "files");
    nd_json_open(j, '[');
    for (size_t i = 0; i < r->n_files; i++)
        nd_json_string(j, r->files[i]);
    nd_json_close(j);
    nd_json_key(j, "where");
    nd_json_open(j, '[');
    for (size_t i = 0; i < o->n_where; i++)
        nd_json_string(j, o->where[i]);
    nd_json_close(j);
}

/* The contour lines asked for; "none" is none of them. */
static nd_code add_levels(nd_json *j, const nd_map_options *o, nd_err *err)
{
    double level[ND_LEVELS_MAX];
    size_t n = 0;
    if (!o->contour) return ND_OK;
    if (strcmp(o->contour, "none") != 0)
        ND_TRY(nd_figure_levels(o->contour, level, &n, err));
    nd_json_key(j, "levels");
    nd_json_open(j, '[');
    for (size_t i = 0; i < n; i++)
        nd_json_real(j, level[i]);
    nd_json_close(j);
    return ND_OK;
}

static nd_code add_learning(nd_json *j, const nd_results *r, const nd_map_options *o,
                            int chosen, nd_err *err)
{
    nd_cube *c = NULL;
    nd_text left_out = {0};
    ND_TRY(nd_map_learning(r, o, &c, err));
    nd_json_key(j, "learning");
    nd_json_open(j, '{');
    nd_json_key(j, "epochs");
    nd_json_int(j, (long long)r->epochs);
    add_vars(j, c, chosen, &left_out);
    add_left_out(j, "left_out", &left_out);
    nd_json_close(j);
    nd_cube_free(c);
    return ND_OK;
}

/* Left out where nothing was measured, or nothing varies. */
static nd_code add_sensitivity(nd_json *j, const nd_results *r, const nd_map_options *o,
                               int chosen, nd_err *err)
{
    nd_map_options of = *o;
    nd_cube *c;
    of.metric = nd_metric_at((size_t)chosen)->name;
    const nd_code code = nd_map_sensitivity(r, &of, &c, err);
    if (code == ND_EINPUT) return ND_OK;
    ND_TRY(code);
    nd_json_key(j, "sensitivity");
    nd_json_open(j, '{');
    add_text(j, "metric", of.metric);
    add_all(j, "axes", c->axes, c->n_axes);
    add_all(j, "vars", c->vars, c->n_vars);
    nd_json_close(j);
    nd_cube_free(c);
    return ND_OK;
}

/* Marks the trials that `where` selects. */
static nd_code mark(const nd_results *r, const nd_map_options *o, bool *marked, nd_err *err)
{
    nd_map_builder b = {.r = r, .o = o};
    const nd_code code = nd_map_select(&b, err);
    for (size_t i = 0; i < b.n && code == ND_OK; i++)
        marked[b.trials[i]] = true;
    nd_map_close(&b);
    return code;
}

static nd_code add_trials(nd_json *j, const nd_results *r, const nd_map_options *o,
                          nd_err *err)
{
    bool *marked = calloc(r->n + 1, sizeof *marked);
    if (!marked) return nd_map_no_memory(err);
    nd_code code = mark(r, o, marked, err);
    if (code == ND_OK) code = nd_report_trials(j, r, marked, err);
    free(marked);
    return code;
}

nd_code nd_report_data(nd_json *j, const nd_results *r, const nd_cube *map,
                       const nd_map_options *o, nd_err *err)
{
    const nd_series asked = {.name = (char *)o->metric};
    const int metric = metric_of(&asked),
              chosen = metric < 0 ? ND_METRIC_test_error : metric;
    nd_text left_out = {0};
    nd_json_open(j, '{');
    add_provenance(j, r, map, o);
    ND_TRY(add_levels(j, o, err));
    add_palettes(j);
    add_tuned(j, r);
    add_all(j, "axes", map->axes, map->n_axes);
    add_all(j, "coords", map->coords, map->n_coords);
    add_vars(j, map, chosen, &left_out);
    add_left_out(j, "left_out", &left_out);
    ND_TRY(add_learning(j, r, o, chosen, err));
    ND_TRY(add_sensitivity(j, r, o, chosen, err));
    ND_TRY(add_trials(j, r, o, err));
    nd_json_close(j);
    return nd_text_check(&j->text, err);
}
