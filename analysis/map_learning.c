/* map_learning.c -- the course of training in each cell. */
#include "map_impl.h"
#include "nudge/mem.h"

#include <math.h>
#include <stdlib.h>

enum { VALUES_MAX = 30000000 }; /* of a metric */
enum { MEDIAN, Q1, Q3, STATS };

static nd_code add_epochs(nd_map_builder *b, nd_err *err)
{
    nd_series *v = &b->cube->axes[b->cube->n_axes];
    ND_TRY(nd_series_new(v, "epoch", b->r->epochs, false, err));
    v->dim = (int)b->cube->n_axes++;
    v->whole = true;
    for (size_t e = 0; e < v->n; e++)
        v->x[e] = (double)(e + 1);
    ND_TRY(nd_series_describe(&v->long_name, "epoch of training", err));
    ND_TRY(nd_series_describe(&v->unit, "1", err));
    size_t all;
    if (!nd_mul(b->cube->n, v->n, &b->cube->n) || !nd_mul(b->cube->n, STATS, &all) ||
        all > VALUES_MAX)
        return ND_FAIL(
            err, ND_EINPUT,
            "the learning curves of all cells would have more than %d values; choose a "
            "part of them with --where",
            VALUES_MAX);
    return ND_OK;
}

/* Values of the finished trials of a run in one epoch, sorted, in b->values. */
static size_t gather(const nd_map_builder *b, const nd_map_run *run, const float *curves,
                     size_t e)
{
    const nd_map_member *m = &b->members[run->first];
    size_t n = 0;
    for (size_t i = 0; i < run->n; i++)
        if (b->r->status.x[m[i].trial] == ND_STATUS_DONE)
            b->values[n++] = (double)curves[m[i].trial * b->r->epochs + e];
    return nd_stat_sort(b->values, n);
}

static void fill(nd_map_builder *b, const float *curves, nd_series *var)
{
    const size_t epochs = b->r->epochs;
    for (size_t i = 0; i < b->n_runs; i++) {
        const nd_map_run *run = &b->runs[i];
        const size_t at = b->members[run->first].cell * epochs;
        for (size_t e = 0; run->chosen && e < epochs; e++) {
            const size_t n = gather(b, run, curves, e);
            var[MEDIAN].x[at + e] = nd_stat_median(b->values, n);
            var[Q1].x[at + e] = nd_stat_quantile(b->values, n, 0.25);
            var[Q3].x[at + e] = nd_stat_quantile(b->values, n, 0.75);
        }
    }
}

static nd_code add_metric(nd_map_builder *b, nd_metric_id metric, nd_err *err)
{
    static const struct {
        const char *suffix, *what, *methods;
    } stats[STATS] = {{"", "median over replicates", "realization: median"},
                      {"_q1", "first quartile", NULL},
                      {"_q3", "third quartile", NULL}};
    float *curves = NULL;
    ND_TRY(nd_results_curve(b->r, metric, &curves, err));
    const size_t first = b->cube->n_vars;
    const nd_metric *m = nd_metric_at(metric);
    /* what the row of the table says holds of the end of training */
    const nd_series like = {
        .name = (char *)m->name, .long_name = (char *)m->name, .unit = (char *)m->unit};
    nd_code code = ND_OK;
    for (size_t s = 0; curves && s < STATS && code == ND_OK; s++)
        code =
            nd_map_add_var(b, &like, stats[s].suffix, stats[s].what, stats[s].methods, err);
    if (curves && code == ND_OK) fill(b, curves, &b->cube->vars[first]);
    free(curves);
    return code;
}

static nd_code build(nd_map_builder *b, nd_err *err)
{
    ND_TRY(nd_cube_new(&b->cube, b->n_dims + 1, b->r->n_columns, ND_METRICS * STATS, err));
    ND_TRY(nd_map_make_axes(b, err));
    ND_TRY(add_epochs(b, err));
    for (int m = 0; m < ND_METRICS; m++)
        if (nd_metric_at((size_t)m)->curve) ND_TRY(add_metric(b, (nd_metric_id)m, err));
    return nd_map_describe(b, err);
}

nd_code nd_map_learning(const nd_results *r, const nd_map_options *o, nd_cube **out,
                        nd_err *err)
{
    return nd_map_with(build, r, o, out, err);
}
