/* map_describe.c -- which variables a map has, and what it says about itself. */
#include "map_impl.h"
#include "nudge/clock.h"

#include <math.h>

/* What is said about each metric in each cell. Methods are CF's (7.3), over what CF calls
 * realizations; it has none for the others. */
static const struct {
    const char *suffix, *what, *methods;
} stats[ND_MAP_STATS] = {
    [ND_MAP_MEDIAN] = {"", "median over replicates", "realization: median"},
    [ND_MAP_Q1] = {"_q1", "first quartile", NULL},
    [ND_MAP_Q3] = {"_q3", "third quartile", NULL},
    [ND_MAP_MEAN] = {"_mean", "mean over replicates", "realization: mean"},
    [ND_MAP_SD] = {"_sd", "standard deviation over replicates (n - 1)",
                   "realization: standard_deviation"},
    [ND_MAP_LOW] = {"_low", "lower end of the bootstrap 95 % interval of the median", NULL},
    [ND_MAP_HIGH] = {"_high", "upper end of the bootstrap 95 % interval of the median",
                     NULL},
};

size_t nd_map_vars_max(const nd_map_builder *b)
{
    return ND_METRICS * ND_MAP_STATS + 16 + b->r->n_columns;
}

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

nd_code nd_map_add_var(nd_map_builder *b, const nd_series *metric, const char *suffix,
                       const char *what, const char *methods, nd_err *err)
{
    nd_text name = {0}, about = {0};
    nd_text_add(&name, "%s%s", metric->name, suffix);
    nd_text_add(&about, "%s: %s", metric->long_name ? metric->long_name : metric->name,
                what);
    nd_code code = nd_text_check(&name, err);
    if (code == ND_OK) code = nd_text_check(&about, err);
    if (code == ND_OK)
        code = add_var(b->cube, name.s, about.s, metric->unit, false, false, err);
    if (code == ND_OK)
        code = nd_series_describe(&b->cube->vars[b->cube->n_vars - 1].cell_methods, methods,
                                  err);
    nd_text_free(&name);
    nd_text_free(&about);
    return code;
}

/* CF 3.4: what qualifies the values of the median. */
static nd_code add_ancillary(nd_series *median, nd_err *err)
{
    static const int of[] = {ND_MAP_Q1, ND_MAP_Q3, ND_MAP_SD, ND_MAP_LOW, ND_MAP_HIGH};
    nd_text list = {0};
    for (size_t i = 0; i < sizeof of / sizeof *of; i++)
        nd_text_add(&list, "%s%s ", median->name, stats[of[i]].suffix);
    nd_text_add(&list, "n n_failed n_pending n_unsampled");
    nd_code code = nd_text_check(&list, err);
    if (code == ND_OK) code = nd_series_describe(&median->ancillary, list.s, err);
    nd_text_free(&list);
    return code;
}

static nd_code add_metric_vars(nd_map_builder *b, size_t m, nd_err *err)
{
    const size_t first = b->cube->n_vars;
    b->stats[m] = (int)first;
    for (size_t s = 0; s < ND_MAP_STATS; s++)
        ND_TRY(nd_map_add_var(b, &b->r->metric[m], stats[s].suffix, stats[s].what,
                              stats[s].methods, err));
    return add_ancillary(&b->cube->vars[first], err);
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

static bool measured(const nd_map_builder *b, size_t metric)
{
    const double *x = b->r->metric[metric].x;
    for (size_t i = 0; i < b->n; i++)
        if (!isnan(x[b->trials[i]]) && b->r->status.x[b->trials[i]] == ND_STATUS_DONE)
            return true;
    return false;
}

static nd_code add_counts(nd_map_builder *b, nd_err *err)
{
    static const struct {
        const char *name, *about;
    } counts[] = {
        {"n", "finished trials behind the statistics"},
        {"n_failed", "failed trials beside them"},
        {"n_pending", "trials still to run"},
        {"n_unsampled", "trials that the design left out"},
    };
    b->counts = (int)b->cube->n_vars;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        ND_TRY(add_var(b->cube, counts[i].name, counts[i].about, "1", false, true, err));
    return add_var(b->cube, "fraction_diverged",
                   "diverged trials among those that finished or diverged", "1", false,
                   false, err);
}

nd_code nd_map_make_vars(nd_map_builder *b, nd_err *err)
{
    for (size_t m = 0; m < ND_METRICS; m++)
        if (m == (size_t)b->metric || measured(b, m)) ND_TRY(add_metric_vars(b, m, err));
    ND_TRY(add_counts(b, err));
    b->params = (int)b->cube->n_vars;
    for (size_t c = 0; c < b->r->n_columns; c++) {
        const nd_series *v = &b->r->columns[c];
        if (v->role == ND_ROLE_TUNE || v->role == ND_ROLE_DERIVED)
            ND_TRY(add_param_var(b->cube, v, err));
    }
    return ND_OK;
}

/* The keys of its trials, added up without carry: the same trials give the same id. */
static nd_code add_id(nd_map_builder *b, nd_err *err)
{
    nd_key all = {{0}};
    for (size_t i = 0; i < b->n; i++)
        for (size_t k = 0; k < sizeof all.b; k++)
            all.b[k] ^= b->r->key[b->trials[i]].b[k];
    char text[ND_KEY_TEXT];
    nd_key_text(all, text);
    return nd_series_describe(&b->cube->id, text, err);
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
    if (code == ND_OK) code = nd_series_describe(&cube->license, r->license, err);
    if (code == ND_OK) code = add_id(b, err);
    nd_text_free(&history);
    return code;
}
