/* map_parts.c -- how much of the spread in a cell comes from the devices, and how much from training.
 *
 * Replicates are device seeds x training seeds: a table whose rows are devices. Device seeds that
 * miss one of the cell's training seeds (a trial failed, or is still to run) are left out, as the
 * split is that of a balanced table. */
#include "map_impl.h"

#include <math.h>
#include <stdlib.h>

typedef struct point {
    double device, train, x;
} point;

typedef struct table {
    point *points; /* (n) */
    size_t n;
    double *x; /* (n) scratch */
} table;

static int by_seeds(const void *a, const void *b)
{
    const point *p = a, *q = b;
    if (p->device != q->device) return p->device < q->device ? -1 : 1;
    return (p->train > q->train) - (p->train < q->train);
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static size_t count_trainings(const table *t)
{
    for (size_t i = 0; i < t->n; i++)
        t->x[i] = t->points[i].train;
    qsort(t->x, t->n, sizeof *t->x, ascending);
    size_t n = t->n > 0;
    for (size_t i = 1; i < t->n; i++)
        n += t->x[i] != t->x[i - 1];
    return n;
}

/* Moves the values of complete rows to t->x; returns how many rows there are. */
static size_t keep_complete(const table *t, size_t columns)
{
    size_t rows = 0;
    for (size_t i = 0, n; i < t->n; i += n) {
        for (n = 1; i + n < t->n && t->points[i + n].device == t->points[i].device;)
            n++;
        if (n != columns) continue;
        for (size_t k = 0; k < n; k++)
            t->x[rows * columns + k] = t->points[i + k].x;
        rows++;
    }
    return rows;
}

static nd_parts split(table *t)
{
    qsort(t->points, t->n, sizeof *t->points, by_seeds);
    const size_t columns = count_trainings(t);
    const size_t rows = columns ? keep_complete(t, columns) : 0;
    return nd_stat_parts(t->x, rows, rows ? columns : 0);
}

static void fill(nd_map_builder *b, const nd_series *device, const nd_series *train,
                 table *t, nd_series *var)
{
    const double *x = b->r->metric[b->metric].x;
    for (size_t i = 0; i < b->n_runs; i++) {
        const nd_map_member *m = &b->members[b->runs[i].first];
        t->n = 0;
        for (size_t k = 0; b->runs[i].chosen && k < b->runs[i].n; k++) {
            const size_t trial = m[k].trial;
            if (b->r->status.x[trial] != ND_STATUS_DONE || isnan(x[trial])) continue;
            t->points[t->n++] = (point){device->x[trial], train->x[trial], x[trial]};
        }
        const nd_parts parts = split(t);
        var[0].x[m->cell] = parts.row;
        var[1].x[m->cell] = parts.column;
        var[2].x[m->cell] = parts.rest;
    }
}

nd_code nd_map_add_parts(nd_map_builder *b, nd_err *err)
{
    static const struct {
        const char *suffix, *what;
    } parts[] = {
        {"_var_device",
         "variance between device seeds (random-effects analysis of variance over "
         "device seeds x training seeds; with one training seed all variance)"},
        {"_var_train",
         "variance between training seeds (with one device seed all variance)"},
        {"_var_rest",
         "variance that is neither the device seed's nor the training seed's alone"},
    };
    const nd_series *device = nd_results_column_find(b->r, "device.seed");
    const nd_series *train = nd_results_column_find(b->r, "train.seed");
    if (!device || !train || !device->x || !train->x) return ND_OK;
    const nd_series *metric = &b->r->metric[b->metric];
    const size_t first = b->cube->n_vars;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        ND_TRY(nd_map_add_var(b, metric, parts[i].suffix, parts[i].what, NULL, err));
    table t = {.points = malloc((b->n + 1) * sizeof *t.points),
               .x = malloc((b->n + 1) * sizeof *t.x)};
    nd_code code = ND_OK;
    if (t.points && t.x)
        fill(b, device, train, &t, &b->cube->vars[first]);
    else
        code = nd_map_no_memory(err);
    free(t.points);
    free(t.x);
    return code;
}
