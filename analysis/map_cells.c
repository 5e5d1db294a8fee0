/* map_cells.c -- what the trials of each cell say. */
#include "map_impl.h"
#include "nudge/merit.h"

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

/* Tuning must not look at the test set: without validation errors there is no choice. */
static nd_code check_tuning(const nd_map_builder *b, nd_err *err)
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

nd_code nd_map_find_runs(nd_map_builder *b, nd_err *err)
{
    ND_TRY(check_tuning(b, err));
    sort_members(b);
    b->runs = malloc((b->n + 1) * sizeof *b->runs);
    if (!b->runs) return nd_map_no_memory(err);
    for (size_t i = 0, all; i < b->n; i += all) {
        const nd_map_member *m = &b->members[i];
        size_t n = all = run_of(m, b->n - i, false);
        const bool chosen = b->tune.n <= 1 || choose_setting(b, &m, &n);
        b->runs[b->n_runs++] = (nd_map_run){(size_t)(m - b->members), n, chosen};
    }
    return ND_OK;
}

size_t nd_map_gather(const nd_map_builder *b, const nd_map_run *run, const double *x)
{
    const nd_map_member *m = &b->members[run->first];
    size_t kept = 0;
    for (size_t i = 0; i < run->n; i++)
        if (status_of(b, &m[i]) == ND_STATUS_DONE) b->values[kept++] = x[m[i].trial];
    return nd_stat_sort(b->values, kept);
}

static nd_code fill_metric(nd_map_builder *b, size_t metric, const nd_map_run *run,
                           nd_err *err)
{
    const size_t n = nd_map_gather(b, run, b->r->metric[metric].x);
    double out[ND_MAP_STATS] = {
        [ND_MAP_MEDIAN] = nd_stat_median(b->values, n),
        [ND_MAP_Q1] = nd_stat_quantile(b->values, n, 0.25),
        [ND_MAP_Q3] = nd_stat_quantile(b->values, n, 0.75),
        [ND_MAP_MEAN] = nd_stat_mean(b->values, n),
        [ND_MAP_SD] = nd_stat_sd(b->values, n),
    };
    ND_TRY(nd_bootstrap_prepare(&b->bootstrap, n, err));
    nd_bootstrap_interval(&b->bootstrap, b->values, &out[ND_MAP_LOW], &out[ND_MAP_HIGH]);
    for (size_t s = 0; s < ND_MAP_STATS; s++)
        b->cube->vars[(size_t)b->stats[metric] + s].x[b->members[run->first].cell] = out[s];
    return ND_OK;
}

static void fill_counts(nd_map_builder *b, const nd_map_run *run)
{
    const nd_map_member *m = &b->members[run->first];
    nd_series *var = &b->cube->vars[b->counts];
    double done = 0, diverged = 0;
    for (size_t i = 0; i < run->n; i++) {
        const nd_status s = status_of(b, &m[i]);
        done += s == ND_STATUS_DONE;
        diverged += s == ND_STATUS_DIVERGED;
        var[0].x[m->cell] += run->chosen && s == ND_STATUS_DONE;
        var[1].x[m->cell] += nd_status_failed(s);
        var[2].x[m->cell] += s == ND_STATUS_PENDING;
        var[3].x[m->cell] += s == ND_STATUS_UNSAMPLED;
    }
    if (done + diverged > 0) var[4].x[m->cell] = diverged / (done + diverged);
}

static nd_code fill_params(nd_map_builder *b, const nd_map_run *run, nd_err *err)
{
    const nd_map_member *m = &b->members[run->first];
    nd_series *var = &b->cube->vars[b->params];
    for (size_t c = 0; c < b->r->n_columns; c++) {
        const nd_series *v = &b->r->columns[c];
        if (v->role == ND_ROLE_TUNE || v->role == ND_ROLE_DERIVED)
            ND_TRY(nd_series_copy(var++, m->cell, v, m->trial, err));
    }
    return ND_OK;
}

nd_code nd_map_fill(nd_map_builder *b, nd_err *err)
{
    for (size_t i = 0; i < b->n_runs; i++) {
        const nd_map_run *run = &b->runs[i];
        fill_counts(b, run);
        if (!run->chosen) continue;
        for (size_t metric = 0; metric < ND_METRICS; metric++)
            if (b->stats[metric] != ND_MAP_NONE) ND_TRY(fill_metric(b, metric, run, err));
        ND_TRY(fill_params(b, run, err));
    }
    return ND_OK;
}
