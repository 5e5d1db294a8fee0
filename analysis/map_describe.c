/* map_describe.c -- which variables a map has, and what it says about itself. */
#include "map_impl.h"
#include "nudge/clock.h"

#include <math.h>

/* What is said about each metric in each cell. */
static const struct {
    const char *suffix, *what;
} stats[ND_MAP_STATS] = {
    [ND_MAP_MEDIAN] = {"", "median over replicates"},
    [ND_MAP_Q1] = {"_q1", "first quartile"},
    [ND_MAP_Q3] = {"_q3", "third quartile"},
    [ND_MAP_MEAN] = {"_mean", "mean over replicates"},
    [ND_MAP_LOW] = {"_low", "lower end of the bootstrap 95 % interval of the median"},
    [ND_MAP_HIGH] = {"_high", "upper end of the bootstrap 95 % interval of the median"},
};

/* Adds a variable of NaN (or zeros, for counts; or empty texts). */
static nd_code add_var(nd_cube *cube, const char *name, const char *long_name,
                       const char *unit, bool texts, bool count, nd_err *err)
{
    nd_series *v = &cube->vars[cube->n_vars];
    ND_TRY(nd_series_new(v, name, cube->n, texts, err));
    cube->n_vars++;
    v->whole = count;
    for (size_t i = 0; !texts && !count && i < v->n; i++)
        v->x[i] = (double)NAN;
    ND_TRY(nd_series_describe(&v->long_name, long_name, err));
    return nd_series_describe(&v->unit, unit, err);
}

static nd_code add_metric_vars(nd_cube *cube, const nd_series *metric, nd_err *err)
{
    nd_text name = {0}, about = {0};
    nd_code code = ND_OK;
    for (size_t s = 0; s < ND_MAP_STATS && code == ND_OK; s++) {
        nd_text_clear(&name);
        nd_text_clear(&about);
        nd_text_add(&name, "%s%s", metric->name, stats[s].suffix);
        nd_text_add(&about, "%s: %s", metric->long_name ? metric->long_name : metric->name,
                    stats[s].what);
        code = nd_text_check(&name, err);
        if (code == ND_OK) code = nd_text_check(&about, err);
        if (code == ND_OK)
            code = add_var(cube, name.s, about.s, metric->unit, false, false, err);
    }
    nd_text_free(&name);
    nd_text_free(&about);
    return code;
}

/* best_P for a tuned parameter, P for a derived one. */
static nd_code add_param_var(nd_cube *cube, const nd_series *v, nd_err *err)
{
    const bool tuned = v->role == ND_ROLE_TUNE;
    nd_text name = {0}, about = {0};
    nd_text_add(&name, "%s%s", tuned ? "best_" : "", v->name);
    nd_text_add(&about, "%s%s", v->long_name ? v->long_name : v->name,
                tuned ? ": the value with the lowest median validation_error" : "");
    nd_code code = nd_text_check(&name, err);
    if (code == ND_OK) code = nd_text_check(&about, err);
    if (code == ND_OK)
        code = add_var(cube, name.s, about.s, v->unit, v->s != NULL, false, err);
    if (code == ND_OK && !tuned)
        code =
            nd_series_describe(&cube->vars[cube->n_vars - 1].parameter, v->parameter, err);
    nd_text_free(&name);
    nd_text_free(&about);
    return code;
}

nd_code nd_map_make_vars(nd_map_builder *b, nd_err *err)
{
    for (size_t m = 0; m < ND_METRICS; m++)
        ND_TRY(add_metric_vars(b->cube, &b->r->metric[m], err));
    ND_TRY(add_var(b->cube, "n", "finished trials behind the statistics", "1", false, true,
                   err));
    ND_TRY(
        add_var(b->cube, "n_failed", "failed trials beside them", "1", false, true, err));
    ND_TRY(add_var(b->cube, "n_pending", "trials still to run", "1", false, true, err));
    ND_TRY(add_var(b->cube, "n_unsampled", "trials that the design left out", "1", false,
                   true, err));
    for (size_t c = 0; c < b->r->n_columns; c++) {
        const nd_series *v = &b->r->columns[c];
        if (v->role == ND_ROLE_TUNE || v->role == ND_ROLE_DERIVED)
            ND_TRY(add_param_var(b->cube, v, err));
    }
    return ND_OK;
}

nd_code nd_map_describe(nd_map_builder *b, nd_err *err)
{
    nd_cube *cube = b->cube;
    const nd_results *r = b->r;
    nd_text history = {0};
    char now[24];
    nd_utc(now, sizeof now);
    if (r->history) nd_text_add(&history, "%s\n", r->history);
    nd_text_add(&history, "%s: %s", now, b->o->command ? b->o->command : "nudge map");
    nd_code code = nd_text_check(&history, err);
    if (code == ND_OK) code = nd_series_describe(&cube->history, history.s, err);
    if (code == ND_OK) code = nd_series_describe(&cube->title, r->campaign, err);
    if (code == ND_OK) code = nd_series_describe(&cube->summary, r->question, err);
    if (code == ND_OK) code = nd_series_describe(&cube->source, r->source, err);
    if (code == ND_OK) code = nd_series_describe(&cube->spec, r->spec, err);
    if (code == ND_OK) code = nd_series_describe(&cube->contour, r->contour, err);
    nd_text_free(&history);
    return code;
}
