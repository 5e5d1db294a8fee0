/* map_cells.c -- what the trials of each cell say. */
#include "map_impl.h"
#include "nudge/merit.h"
#include "nudge/stat.h"

#include <math.h>
#include <stdlib.h>

static int by_cell(const void *a, const void *b)
{
    const nd_map_member *p = a, *q = b;
    if (p->cell != q->cell) return p->cell < q->cell ? -1 : 1;
    if (p->setting != q->setting) return p->setting < q->setting ? -1 : 1;
    return (p->trial > q->trial) - (p->trial < q->trial);
}

static void sort_members(nd_map_builder *b)
{
    for (size_t i = 0; i < b->n; i++) {
        const size_t trial = b->trials[i];
        size_t cell = 0;
        for (size_t d = 0; d < b->n_dims; d++)
            cell = cell * b->dims[d].n + b->dims[d].place[trial];
        b->members[i] = (nd_map_member){cell, b->tune.place[trial], trial};
    }
    qsort(b->members, b->n, sizeof *b->members, by_cell);
}

static nd_status status_of(const nd_map_builder *b, const nd_map_member *m)
{
    return (nd_status)b->r->status.x[m->trial];
}

static nd_merit merit(const nd_map_builder *b, const nd_map_member *m, size_t n)
{
    size_t kept = 0, hopeless = 0;
    for (size_t i = 0; i < n; i++) {
        const nd_status s = status_of(b, &m[i]);
        if (s == ND_STATUS_DONE)
            b->values[kept++] = b->r->metric[ND_METRIC_validation_error].x[m[i].trial];
        else if (nd_status_failed(s) && !nd_status_retry(s))
            hopeless++;
    }
    return nd_merit_of(b->values, kept, hopeless);
}

static size_t run_of(const nd_map_member *m, size_t n, bool same_setting)
{
    size_t k = 1;
    while (k < n && m[k].cell == m->cell && (!same_setting || m[k].setting == m->setting))
        k++;
    return k;
}

/* Narrows a cell's run of trials to its best setting; keeps all when none has a merit. */
static bool choose_setting(const nd_map_builder *b, const nd_map_member **m, size_t *n)
{
    const nd_map_member *end = *m + *n, *best = NULL;
    size_t best_n = 0;
    nd_merit highest = {(double)NAN, (double)NAN};
    for (const nd_map_member *p = *m; p < end;) {
        const size_t k = run_of(p, (size_t)(end - p), true);
        const nd_merit of = merit(b, p, k);
        if (nd_merit_better(of, highest)) {
            best = p;
            best_n = k;
            highest = of;
        }
        p += k;
    }
    if (!best) return false;
    *m = best;
    *n = best_n;
    return true;
}

static nd_code fill_metric(nd_map_builder *b, size_t metric, const nd_map_member *m,
                           size_t n, nd_err *err)
{
    const double *x = b->r->metric[metric].x;
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (status_of(b, &m[i]) == ND_STATUS_DONE) b->values[kept++] = x[m[i].trial];
    kept = nd_stat_sort(b->values, kept);
    double out[ND_MAP_STATS] = {
        [ND_MAP_MEDIAN] = nd_stat_median(b->values, kept),
        [ND_MAP_Q1] = nd_stat_quantile(b->values, kept, 0.25),
        [ND_MAP_Q3] = nd_stat_quantile(b->values, kept, 0.75),
        [ND_MAP_MEAN] = nd_stat_mean(b->values, kept),
    };
    ND_TRY(nd_bootstrap_prepare(&b->bootstrap, kept, err));
    nd_bootstrap_interval(&b->bootstrap, b->values, &out[ND_MAP_LOW], &out[ND_MAP_HIGH]);
    for (size_t s = 0; s < ND_MAP_STATS; s++)
        b->cube->vars[metric * ND_MAP_STATS + s].x[m->cell] = out[s];
    return ND_OK;
}

static nd_code fill_cell(nd_map_builder *b, const nd_map_member *m, size_t n, nd_err *err)
{
    const bool chosen = b->tune.n <= 1 || choose_setting(b, &m, &n);
    nd_series *var = &b->cube->vars[ND_METRICS * ND_MAP_STATS];
    for (size_t i = 0; i < n; i++) {
        var[0].x[m->cell] += chosen && status_of(b, &m[i]) == ND_STATUS_DONE;
        var[1].x[m->cell] += nd_status_failed(status_of(b, &m[i]));
        var[2].x[m->cell] += status_of(b, &m[i]) == ND_STATUS_PENDING;
        var[3].x[m->cell] += status_of(b, &m[i]) == ND_STATUS_UNSAMPLED;
    }
    if (!chosen) return ND_OK;
    for (size_t metric = 0; metric < ND_METRICS; metric++)
        ND_TRY(fill_metric(b, metric, m, n, err));
    var += 4;
    for (size_t c = 0; c < b->r->n_columns; c++) {
        const nd_series *v = &b->r->columns[c];
        if (v->role == ND_ROLE_TUNE || v->role == ND_ROLE_DERIVED)
            ND_TRY(nd_series_copy(var++, m->cell, v, m->trial, err));
    }
    return ND_OK;
}

/* Tuning must not look at the test set: without validation errors there is no choice. */
nd_code nd_map_check_tuning(const nd_map_builder *b, nd_err *err)
{
    if (b->tune.n <= 1) return ND_OK;
    bool done = false;
    for (size_t i = 0; i < b->n; i++) {
        if (b->r->status.x[b->trials[i]] != ND_STATUS_DONE) continue;
        done = true;
        if (!isnan(b->r->metric[ND_METRIC_validation_error].x[b->trials[i]])) return ND_OK;
    }
    if (!done) return ND_OK;
    return ND_FAIL(err, ND_EINPUT,
                   "no trial has a validation_error to choose the tuned %s by: set "
                   "data.validation in the spec, or fix it with --where",
                   b->tune.columns[0]->parameter ? b->tune.columns[0]->parameter
                                                 : b->tune.columns[0]->name);
}

nd_code nd_map_fill(nd_map_builder *b, nd_err *err)
{
    sort_members(b);
    for (size_t i = 0; i < b->n;) {
        const size_t n = run_of(&b->members[i], b->n - i, false);
        ND_TRY(fill_cell(b, &b->members[i], n, err));
        i += n;
    }
    return ND_OK;
}
