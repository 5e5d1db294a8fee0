/* sensitivity.c -- rank correlation and shares of variance, and the ranking of a campaign's
 * parameters by them. */
#include "nudge/sensitivity.h"

#include "derived_impl.h"
#include "map_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES = 10, TRIALS_PER_VALUE = 5 };

/* ---- statistics ---- */

static int by_value(const void *a, const void *b, void *x)
{
    const double *v = x, p = v[*(const size_t *)a], q = v[*(const size_t *)b];
    return (p > q) - (p < q);
}

/* Indices of x, ascending. Free it. */
static size_t *order_of(const double *x, size_t n, nd_err *err)
{
    size_t *order = malloc((n + 1) * sizeof *order);
    double *keys = malloc((n + 1) * sizeof *keys);
    if (order && keys) {
        memcpy(keys, x, n * sizeof *keys);
        for (size_t i = 0; i < n; i++)
            order[i] = i;
        qsort_r(order, n, sizeof *order, by_value, keys);
    } else {
        ND_FAIL(err, ND_ENOMEM, "no memory to rank %zu trials", n);
        free(order);
        order = NULL;
    }
    free(keys);
    return order;
}

nd_code nd_sensitivity_ranks(const double *x, size_t n, double *rank, nd_err *err)
{
    size_t *order = order_of(x, n, err);
    if (!order) return ND_ENOMEM;
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && x[order[end]] == x[order[i]];)
            end++;
        for (size_t k = i; k < end; k++)
            rank[order[k]] = 0.5 * (double)(i + 1 + end);
    }
    free(order);
    return ND_OK;
}

static double pearson(const double *x, const double *y, size_t n)
{
    double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
    for (size_t i = 0; i < n; i++) {
        mx += x[i] / (double)n;
        my += y[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        xx += (x[i] - mx) * (x[i] - mx);
        yy += (y[i] - my) * (y[i] - my);
        xy += (x[i] - mx) * (y[i] - my);
    }
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : (double)NAN;
}

nd_code nd_sensitivity_spearman(const double *x, const double *y, size_t n, double *out,
                                nd_err *err)
{
    double *ranks = malloc((2 * n + 1) * sizeof *ranks);
    if (!ranks) return ND_FAIL(err, ND_ENOMEM, "no memory to rank %zu trials", n);
    nd_code code = nd_sensitivity_ranks(x, n, ranks, err);
    if (code == ND_OK) code = nd_sensitivity_ranks(y, n, ranks + n, err);
    if (code == ND_OK) *out = pearson(ranks, ranks + n, n);
    free(ranks);
    return code;
}

nd_code nd_sensitivity_eta2(const double *x, const double *y, size_t n, double *out,
                            nd_err *err)
{
    size_t *order = order_of(x, n, err);
    if (!order) return ND_ENOMEM;
    double mean = 0, total = 0, between = 0;
    for (size_t i = 0; i < n; i++)
        mean += y[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        total += (y[i] - mean) * (y[i] - mean);
    for (size_t i = 0, end; i < n; i = end) {
        double group = 0;
        for (end = i; end < n && x[order[end]] == x[order[i]]; end++)
            group += y[order[end]] - mean;
        between += group * group / (double)(end - i);
    }
    free(order);
    *out = total > 0 ? between / total : (double)NAN;
    return ND_OK;
}

nd_code nd_sensitivity_classes(double *x, size_t n, size_t classes, nd_err *err)
{
    double *rank = malloc((n + 1) * sizeof *rank);
    if (!rank) return ND_FAIL(err, ND_ENOMEM, "no memory to rank %zu trials", n);
    const nd_code code = nd_sensitivity_ranks(x, n, rank, err);
    for (size_t i = 0; code == ND_OK && i < n; i++)
        x[i] = floor((rank[i] - 0.5) / (double)n * (double)classes);
    free(rank);
    return code;
}

/* ---- the ranking ---- */

typedef struct ranked {
    const nd_series *v;
    size_t values, n;
    double spearman, eta;
} ranked;

static size_t count_values(const double *x, size_t n, nd_err *err)
{
    size_t *order = order_of(x, n, err), count = 0;
    if (!order) return 0;
    for (size_t i = 0; i < n; i++)
        count += !i || x[order[i]] != x[order[i - 1]];
    free(order);
    return count;
}

/* A case stands for all parameters that it sets. */
static bool is_ranked(const nd_series *v)
{
    return v->role == ND_ROLE_AXIS || v->role == ND_ROLE_TUNE || v->role == ND_ROLE_SEED ||
           (v->role == ND_ROLE_CASE && !v->parameter);
}

/* The finished trials that measured it: x their values of column c, y the metric. */
static size_t gather(const nd_map_builder *b, size_t c, const nd_series *metric, double *x,
                     double *y)
{
    const double *key = b->r->columns[c].s ? b->ranks[c] : b->r->columns[c].x;
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++) {
        const size_t trial = b->trials[i];
        if (b->r->status.x[trial] != ND_STATUS_DONE || !isfinite(metric->x[trial]))
            continue;
        x[n] = key[trial];
        y[n++] = metric->x[trial];
    }
    return n;
}

/* Names and seeds have no order to be correlated with. */
static nd_code rank_column(const nd_map_builder *b, size_t c, const nd_series *metric,
                           double *x, double *y, ranked *out, nd_err *err)
{
    const nd_series *v = &b->r->columns[c];
    *out = (ranked){.v = v, .spearman = (double)NAN, .eta = (double)NAN};
    out->n = gather(b, c, metric, x, y);
    out->values = count_values(x, out->n, err);
    if (out->n && !out->values) return ND_ENOMEM;
    if (out->values < 2) return ND_OK;
    if (!v->s && v->role != ND_ROLE_SEED)
        ND_TRY(nd_sensitivity_spearman(x, y, out->n, &out->spearman, err));
    if (out->values * TRIALS_PER_VALUE > out->n)
        ND_TRY(nd_sensitivity_classes(x, out->n, CLASSES, err));
    return nd_sensitivity_eta2(x, y, out->n, &out->eta, err);
}

static int by_eta(const void *a, const void *b)
{
    const ranked *p = a, *q = b;
    const double x = isnan(p->eta) ? -1 : p->eta, y = isnan(q->eta) ? -1 : q->eta;
    return (x < y) - (x > y);
}

static nd_code write_rows(nd_map_builder *b, const ranked *rows, size_t n, nd_err *err)
{
    nd_cube *c = b->cube;
    nd_series *role, *values, *trials, *rho, *eta;
    ND_TRY(nd_series_describe(&c->axes[0].long_name, "swept parameter", err));
    ND_TRY(nd_derived_add(c, "eta_squared",
                          "share of the variance of the metric between trials that lies "
                          "between the parameter's values (of ten classes of equal count, "
                          "where there are fewer than five trials a value)",
                          "1", false, &eta, err));
    ND_TRY(nd_derived_add(c, "spearman",
                          "rank correlation of the metric with the parameter", "1", false,
                          &rho, err));
    ND_TRY(nd_derived_add(c, "role", "what the campaign does with it", NULL, true, &role,
                          err));
    ND_TRY(nd_derived_add(c, "values", "different values", "1", false, &values, err));
    ND_TRY(nd_derived_add(c, "n", "finished trials", "1", false, &trials, err));
    values->whole = trials->whole = true;
    for (size_t i = 0; i < n; i++) {
        const nd_series *v = rows[i].v;
        ND_TRY(nd_series_describe(&c->axes[0].s[i], v->parameter ? v->parameter : v->name,
                                  err));
        ND_TRY(nd_series_describe(&role->s[i], nd_role_text(v->role), err));
        eta->x[i] = rows[i].eta;
        rho->x[i] = rows[i].spearman;
        values->x[i] = (double)rows[i].values;
        trials->x[i] = (double)rows[i].n;
    }
    return nd_map_describe(b, err);
}

static nd_code rank_all(nd_map_builder *b, const nd_map_options *o, nd_err *err)
{
    const int metric = nd_metric_find(o->metric);
    if (metric < 0)
        return ND_FAIL(err, ND_EINPUT,
                       "sensitivity is of what every trial measured, and \"%.64s\" is no "
                       "metric; take one with --metric",
                       o->metric);
    ND_TRY(nd_map_select(b, err));
    ND_TRY(nd_map_find_dims(b, err));
    double *x = malloc((2 * b->n + 1) * sizeof *x);
    ranked *rows = malloc((b->r->n_columns + 1) * sizeof *rows);
    if (!x || !rows) {
        free(rows);
        free(x);
        return nd_map_no_memory(err);
    }
    nd_code code = ND_OK;
    size_t n = 0;
    for (size_t c = 0; code == ND_OK && c < b->r->n_columns; c++) {
        if (!is_ranked(&b->r->columns[c])) continue;
        code = rank_column(b, c, &b->r->metric[metric], x, x + b->n, &rows[n], err);
        n += code == ND_OK && rows[n].values != 1;
    }
    if (code == ND_OK && (!n || !rows[0].n))
        code =
            ND_FAIL(err, ND_EINPUT,
                    n ? "no finished trial has a %s yet: there is nothing to rank"
                      : "no parameter has more than one value among the finished trials: "
                        "there is nothing to rank %s by",
                    o->metric);
    if (code == ND_OK) {
        qsort(rows, n, sizeof *rows, by_eta);
        code = nd_derived_rows(&b->cube, "parameter", true, n, 5, NULL, err);
    }
    if (code == ND_OK) code = write_rows(b, rows, n, err);
    free(rows);
    free(x);
    return code;
}

nd_code nd_map_sensitivity(const nd_results *r, const nd_map_options *o, nd_cube **out,
                           nd_err *err)
{
    *out = NULL;
    nd_map_builder b = {.r = r, .o = o};
    const nd_code code = rank_all(&b, o, err);
    if (code == ND_OK) {
        *out = b.cube;
        b.cube = NULL;
    }
    nd_map_close(&b);
    return code;
}
