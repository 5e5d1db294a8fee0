/* axis.c -- the sections that span the grid: cases, axes, tune, and seeds.
 *
 * The values of a parameter along a dimension are a column: n fields as they stand in
 * nd_params, checked once, copied at each point. */
#include "spec_impl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- columns ---- */

static unsigned char *new_column(nd_reader *r, const nd_param *row, size_t n)
{
    return nd_spec_take(r, n, nd_field_size(row));
}

static void put_value(unsigned char *column, const nd_param *row, size_t k,
                      const nd_params *p)
{
    const size_t size = nd_field_size(row);
    memcpy(column + k * size, (const char *)p + row->offset, size);
}

void nd_dim_set(const nd_dim *dim, size_t k, nd_params *p)
{
    for (size_t j = 0; j < dim->n_params; j++) {
        const nd_param *row = dim->params[j];
        const size_t size = nd_field_size(row);
        memcpy((char *)p + row->offset, dim->columns[j] + k * size, size);
    }
}

static bool same_value(const nd_param *row, const unsigned char *a, const unsigned char *b)
{
    if (row->type == ND_TYPE_TEXT) return !strcmp((const char *)a, (const char *)b);
    if (row->type == ND_TYPE_REALS) {
        const nd_reals *x = (const nd_reals *)(const void *)a;
        const nd_reals *y = (const nd_reals *)(const void *)b;
        return x->n == y->n && !memcmp(x->v, y->v, x->n * sizeof *x->v);
    }
    if (row->type == ND_TYPE_INTS) {
        const nd_ints *x = (const nd_ints *)(const void *)a;
        const nd_ints *y = (const nd_ints *)(const void *)b;
        return x->n == y->n && !memcmp(x->v, y->v, x->n * sizeof *x->v);
    }
    return !memcmp(a, b, nd_field_size(row));
}

/* The dimension of one parameter, or of several that move together. */
static nd_dim *add_dim(nd_reader *r, const char *name, nd_role role, size_t n,
                       size_t n_params, const nd_param **params,
                       const unsigned char **columns)
{
    nd_dim *dim = &r->spec->dims[r->spec->n_dims++];
    *dim = (nd_dim){.name = name,
                    .role = role,
                    .n = n,
                    .n_params = n_params,
                    .params = params,
                    .columns = columns};
    return dim;
}

static void add_axis(nd_reader *r, const nd_param *row, nd_role role, size_t n,
                     const unsigned char *column)
{
    const nd_param **params = nd_spec_take(r, 1, sizeof *params);
    const unsigned char **columns = nd_spec_take(r, 1, sizeof *columns);
    if (!params || !columns) return;
    *params = row;
    *columns = column;
    add_dim(r, row->name, role, n, 1, params, columns);
}

/* ---- a list of values ---- */

static unsigned char *listed(nd_reader *r, const nd_entry *e, size_t *n)
{
    const nd_param *row = e->row;
    const size_t size = nd_field_size(row);
    if (e->value->n > ND_LISTED_MAX) {
        nd_diag(r->diags, e->value->at, "%s lists more than %d values", row->name,
                ND_LISTED_MAX);
        return NULL;
    }
    unsigned char *column = new_column(r, row, e->value->n);
    if (!column) return NULL;
    nd_params p = r->spec->base;
    bool good = true;
    size_t k = 0;
    for (const nd_node *c = e->value->first; c; c = c->next) {
        if (!nd_entry_set(r, &p, row, c)) {
            good = false;
            continue;
        }
        put_value(column, row, k, &p);
        for (size_t i = 0; i < k; i++)
            if (same_value(row, column + i * size, column + k * size)) {
                nd_text value = {0};
                nd_param_print(&p, row, &value);
                nd_diag(r->diags, c->at, "%s has the value %s twice", row->name,
                        nd_text_str(&value));
                nd_text_free(&value);
                good = false;
                break;
            }
        k++;
    }
    *n = k;
    return good ? column : NULL;
}

/* ---- generated values ---- */

typedef struct generator {
    const char *name, *third;
    const char *(*check)(const double a[3], double *n); /* what is wrong, or NULL */
    double (*at)(const double a[3], double i, double n);
} generator;

static const char *check_linspace(const double a[3], double *n)
{
    *n = a[2];
    if (a[2] != floor(a[2]) || a[2] < 1) return "n must be a whole number of at least 1";
    return a[0] == a[1] && a[2] > 1 ? "a and b are equal" : NULL;
}

static double at_linspace(const double a[3], double i, double n)
{
    return a[0] + (a[1] - a[0]) * (i / (n - 1));
}

static const char *check_logspace(const double a[3], double *n)
{
    if (!(a[0] > 0 && a[1] > 0))
        return "a and b must be above 0: they are the first and the last value, not "
               "exponents";
    return check_linspace(a, n);
}

static double at_logspace(const double a[3], double i, double n)
{
    return a[0] * pow(a[1] / a[0], i / (n - 1));
}

static const char *check_range(const double a[3], double *n)
{
    if (a[2] == 0) return "step must not be 0";
    /* b belongs to it when a whole number of steps leads there within rounding */
    *n = floor((a[1] - a[0]) / a[2] * (1 + 1e-12) + 1e-9) + 1;
    return *n < 1 ? "step leads away from b" : NULL;
}

static double at_range(const double a[3], double i, double n)
{
    (void)n;
    return a[0] + i * a[2];
}

static const generator generators[] = {
    {"linspace", "n", check_linspace, at_linspace},
    {"logspace", "n", check_logspace, at_logspace},
    {"range", "step", check_range, at_range},
};
enum { N_GENERATORS = sizeof generators / sizeof *generators };

/* Without a number of values linspace and logspace are intervals, which samples need. */
static bool is_interval(const nd_reader *r, const generator *g)
{
    return nd_design_sampled(r->spec->sampler.design) && g->at != at_range;
}

/* The generator and its three numbers, from {name: [a, b, c]}. */
static const generator *read_generator(nd_reader *r, const nd_entry *e, double a[3])
{
    const nd_node *call = e->value->first;
    const generator *g = NULL;
    nd_nearest near = nd_nearest_to(call->key);
    for (size_t i = 0; i < N_GENERATORS; i++) {
        nd_nearest_try(&near, generators[i].name);
        if (!strcmp(call->key, generators[i].name)) g = &generators[i];
    }
    if (!g) {
        nd_diag(r->diags, call->key_at, "unknown kind of axis \"%.64s\"; %s%s%s", call->key,
                near.best ? "did you mean \"" : "it may be ",
                near.best ? near.best : "linspace, logspace, range",
                near.best ? "\"?" : "");
        return NULL;
    }
    size_t k = 0;
    const bool two = is_interval(r, g) && call->n == 2;
    a[2] = 2;
    if (call->kind == ND_LIST && (call->n == 3 || two))
        for (const nd_node *c = call->first; c; c = c->next)
            k += c->kind == ND_SCALAR && nd_parse_real(c->text, &a[k]);
    if (k && k == call->n) return g;
    nd_diag(r->diags, call->at, "%s takes three numbers: %s: [a, b, %s]", g->name, g->name,
            g->third);
    return NULL;
}

/* A generator whose numbers make sense for the parameter; NULL: a fault was reported. */
static const generator *sound_generator(nd_reader *r, const nd_entry *e, double a[3],
                                        double *n)
{
    const nd_param *row = e->row;
    const generator *g = read_generator(r, e, a);
    if (!g) return NULL;
    const nd_mark at = e->value->first->at;
    if (row->type == ND_TYPE_CHOICE || row->type == ND_TYPE_TEXT) {
        nd_diag(r->diags, at, "%s takes names, not numbers: list them", row->name);
        return NULL;
    }
    const char *wrong = g->check(a, n);
    if (!wrong && *n <= ND_VALUES_MAX) return g;
    nd_diag(r->diags, at, "%s: %s", g->name, wrong ? wrong : "more than 100000 values");
    return NULL;
}

static unsigned char *generated(nd_reader *r, const nd_entry *e, size_t *count)
{
    const nd_param *row = e->row;
    double a[3] = {0}, n = 0;
    const generator *g = sound_generator(r, e, a, &n);
    if (!g) return NULL;
    const nd_mark at = e->value->first->at;
    unsigned char *column = new_column(r, row, (size_t)n);
    nd_params p = r->spec->base;
    for (size_t k = 0; column && k < (size_t)n; k++) {
        const bool first = k == 0, last = g->at != at_range && k + 1 == (size_t)n;
        const double x = first ? a[0] : last ? a[1] : g->at(a, (double)k, n);
        /* twelve digits: 0.01, not 0.010000000000000002; given end points stay exact */
        char text[40];
        snprintf(text, sizeof text, first || last ? "%.17g" : "%.12g", x);
        nd_err fault;
        if (nd_param_set(&p, row, text, &fault) != ND_OK) {
            nd_diag(r->diags, at, "%s (value %zu of the %s)", fault.message, k + 1,
                    g->name);
            return NULL;
        }
        put_value(column, row, k, &p);
    }
    *count = (size_t)n;
    return column;
}

/* The values of an axis as written; NULL: a fault was reported. */
static unsigned char *read_column(nd_reader *r, const nd_entry *e, size_t *n)
{
    if (nd_node_empty(e->value)) {
        nd_diag(r->diags, e->value->at, "%s has no values: give at least one",
                e->row->name);
        return NULL;
    }
    if (e->value->kind == ND_LIST) return listed(r, e, n);
    if (e->value->kind == ND_MAP && e->value->n == 1) return generated(r, e, n);
    nd_diag(r->diags, e->value->at,
            "%s needs its values as a list, [...], or as one of {linspace: [a, b, n]}, "
            "{logspace: [a, b, n]}, {range: [a, b, step]}",
            e->row->name);
    return NULL;
}

/* ---- axes, tune ---- */

/* An overridden axis keeps the one value. */
static unsigned char *collapsed(nd_reader *r, const nd_param *row, size_t *n)
{
    unsigned char *column = new_column(r, row, 1);
    *n = 1;
    if (column) put_value(column, row, 0, &r->overrides);
    return column;
}

static void read_grid(nd_reader *r, const nd_entries *in, const char *section, nd_role role)
{
    for (size_t i = 0; i < in->n; i++) {
        const nd_entry *e = &in->e[i];
        const bool free_place = nd_entry_claim(r, e, section);
        size_t n = 0;
        unsigned char *column = read_column(r, e, &n);
        if (column && r->set[nd_param_index(e->row)]) column = collapsed(r, e->row, &n);
        if (column && free_place) add_axis(r, e->row, role, n, column);
    }
}

/* All axes move together; one that is overridden stays put. */
static void read_zip(nd_reader *r, const nd_entries *in)
{
    const nd_param **params = nd_spec_take(r, in->n + 1, sizeof *params);
    const unsigned char **columns = nd_spec_take(r, in->n + 1, sizeof *columns);
    if (!params || !columns) return;
    size_t n = 0, n_params = 0;
    for (size_t i = 0; i < in->n; i++) {
        const nd_entry *e = &in->e[i];
        const bool free_place = nd_entry_claim(r, e, "axes");
        size_t length = 0;
        const unsigned char *column = read_column(r, e, &length);
        if (!column || !free_place || r->set[nd_param_index(e->row)]) continue;
        if (n_params && length != n) {
            nd_diag(r->diags, e->at,
                    "%s has %zu values and %s %zu: axes that move together (design: zip) "
                    "have equally many",
                    e->row->name, length, params[0]->name, n);
            continue;
        }
        n = length;
        params[n_params] = e->row;
        columns[n_params++] = column;
    }
    if (n_params) add_dim(r, "zip", ND_ROLE_AXIS, n, n_params, params, columns);
}

/* ---- sampled axes ---- */

/* The interval from a to b, or from the logarithm of one to that of the other. */
typedef struct interval {
    double a, b;
    bool log, whole;
} interval;

/* u from 0 to 1 goes from a to b. Whole numbers all have the same share of it, each that of
 * the unit interval above it. */
static double at_interval(const interval *v, double u)
{
    const double a = v->a, b = v->b;
    if (!v->whole) return v->log ? a * pow(b / a, u) : a + (b - a) * u;
    const double lo = fmin(a, b), hi = fmax(a, b) + 1, w = a < b ? u : 1 - u;
    const double x = floor(v->log ? lo * pow(hi / lo, w) : lo + (hi - lo) * w);
    return fmin(x, hi - 1);
}

/* Nine digits: enough to tell a million samples apart, and few enough for the last bits of
 * pow, which differ between libraries, not to matter. */
static void print_sample(const interval *v, double x, char *out, size_t size)
{
    snprintf(out, size, "%.9g", x);
    const double rounded = strtod(out, NULL);
    if (rounded < fmin(v->a, v->b) || rounded > fmax(v->a, v->b))
        snprintf(out, size, "%.17g", fmin(fmax(x, fmin(v->a, v->b)), fmax(v->a, v->b)));
}

/* True when both ends are values of the parameter; then so is all between them. */
static bool ends_fit(nd_reader *r, const nd_entry *e, const interval *v)
{
    const double ends[] = {v->a, v->b};
    for (int i = 0; i < 2; i++) {
        nd_params p = r->spec->base;
        nd_err fault;
        char text[40];
        snprintf(text, sizeof text, "%.17g", ends[i]);
        if (nd_param_set(&p, e->row, text, &fault) == ND_OK) continue;
        nd_diag(r->diags, e->value->first->at, "%s (end %d of the interval)", fault.message,
                i + 1);
        return false;
    }
    return true;
}

static unsigned char *sampled_interval(nd_reader *r, const nd_entry *e, size_t axis)
{
    const nd_param *row = e->row;
    double a[3] = {0}, n = 0;
    const generator *g = sound_generator(r, e, a, &n);
    if (!g) return NULL;
    const interval v = {.a = a[0],
                        .b = a[1],
                        .log = g->at == at_logspace,
                        .whole = row->type == ND_TYPE_INT || row->type == ND_TYPE_INTS};
    if (!ends_fit(r, e, &v)) return NULL;
    unsigned char *column = new_column(r, row, r->samples);
    nd_params p = r->spec->base;
    for (size_t i = 0; column && i < r->samples; i++) {
        const double u = nd_sample(&r->spec->sampler, axis, (uint32_t)i);
        char text[40];
        nd_err fault;
        print_sample(&v, at_interval(&v, u), text, sizeof text);
        if (nd_param_set(&p, row, text, &fault) != ND_OK) {
            nd_diag(r->diags, e->value->first->at, "%s (sample %zu)", fault.message, i);
            return NULL;
        }
        put_value(column, row, i, &p);
    }
    return column;
}

/* One of the listed values for each sample. */
static unsigned char *sampled_values(nd_reader *r, const nd_entry *e, size_t axis)
{
    const size_t size = nd_field_size(e->row);
    size_t n = 0;
    const unsigned char *values = read_column(r, e, &n);
    unsigned char *column = values ? new_column(r, e->row, r->samples) : NULL;
    for (size_t i = 0; column && i < r->samples; i++) {
        const double u = nd_sample(&r->spec->sampler, axis, (uint32_t)i);
        const size_t k = (size_t)(u * (double)n);
        memcpy(column + i * size, values + (k < n ? k : n - 1) * size, size);
    }
    return column;
}

/* {linspace: ...} or {logspace: ...} */
static bool names_interval(const nd_node *value)
{
    return value->kind == ND_MAP && value->n == 1 &&
           strcmp(value->first->key, "range") != 0;
}

/* All axes together are the dimension of samples. One that is overridden stays put, and the
 * others are sampled as if it did not. */
static void read_sampled(nd_reader *r, const nd_entries *in)
{
    const nd_param **params = nd_spec_take(r, in->n + 1, sizeof *params);
    const unsigned char **columns = nd_spec_take(r, in->n + 1, sizeof *columns);
    if (!params || !columns) return;
    if (r->spec->sampler.design == ND_DESIGN_SOBOL && in->n > ND_SOBOL_AXES) {
        nd_diag(r->diags, in->e[ND_SOBOL_AXES].at,
                "design: sobol has direction numbers for %d axes; take lhs or random",
                ND_SOBOL_AXES);
        return;
    }
    size_t n_params = 0;
    for (size_t i = 0; i < in->n; i++) {
        const nd_entry *e = &in->e[i];
        const bool free_place = nd_entry_claim(r, e, "axes");
        const unsigned char *column =
            names_interval(e->value) ? sampled_interval(r, e, i) : sampled_values(r, e, i);
        if (!column || !free_place || r->set[nd_param_index(e->row)]) continue;
        params[n_params] = e->row;
        columns[n_params++] = column;
    }
    if (n_params && r->samples)
        add_dim(r, "sample", ND_ROLE_AXIS, r->samples, n_params, params, columns);
}

void nd_read_axes(nd_reader *r, const nd_node *section)
{
    nd_entries in;
    nd_entries_read(r, section, NULL, &in);
    if (r->spec->sampler.design == ND_DESIGN_ZIP)
        read_zip(r, &in);
    else if (nd_design_sampled(r->spec->sampler.design))
        read_sampled(r, &in);
    else
        read_grid(r, &in, "axes", ND_ROLE_AXIS);
}

void nd_read_tune(nd_reader *r, const nd_node *section)
{
    nd_entries in;
    nd_entries_read(r, section, NULL, &in);
    r->tune_at = section->key_at;
    read_grid(r, &in, "tune", ND_ROLE_TUNE);
}

/* ---- cases ---- */

/* Columns of the parameters that any case sets; where a case does not, the base holds. */
typedef struct table {
    size_t n, n_params;
    const nd_param *params[ND_N_PARAMS];
    unsigned char *columns[ND_N_PARAMS];
} table;

static unsigned char *column_of(nd_reader *r, table *t, const nd_param *row)
{
    for (size_t j = 0; j < t->n_params; j++)
        if (t->params[j] == row) return t->columns[j];
    unsigned char *column = new_column(r, row, t->n);
    if (!column) return NULL;
    for (size_t k = 0; k < t->n; k++)
        put_value(column, row, k, &r->spec->base);
    t->params[t->n_params] = row;
    t->columns[t->n_params++] = column;
    return column;
}

/* The name of case k, unlike those before it; NULL: a fault was reported. */
static const char *case_name(nd_reader *r, const nd_node *node, const char *const *labels,
                             size_t k)
{
    enum { MAX = 64 };
    const nd_node *given = nd_node_get(node, "name");
    const nd_mark at = given ? given->at : node->at;
    char *name = nd_spec_take(r, MAX, 1);
    if (!name) return NULL;
    if (given && (given->kind != ND_SCALAR || !*given->text || strlen(given->text) >= MAX ||
                  strchr(given->text, '\n'))) {
        nd_diag(r->diags, at, "the name of a case is one line of 1 to %d characters",
                MAX - 1);
        return NULL;
    }
    if (given)
        nd_copy(name, MAX, given->text);
    else
        snprintf(name, MAX, "case-%zu", k + 1);
    for (size_t i = 0; i < k; i++)
        if (labels[i] && !strcmp(labels[i], name)) {
            nd_diag(r->diags, at, "two cases are named \"%s\"", name);
            return NULL;
        }
    return name;
}

static void read_case(nd_reader *r, const nd_node *node, size_t k, table *t)
{
    nd_entries in;
    nd_entries_read(r, node, "name", &in);
    nd_params p = r->spec->base;
    for (size_t i = 0; i < in.n; i++) {
        const nd_entry *e = &in.e[i];
        const bool free_place = nd_entry_claim(r, e, "cases");
        if (!nd_entry_set(r, &p, e->row, e->value) || !free_place) continue;
        if (r->set[nd_param_index(e->row)]) continue;
        unsigned char *column = column_of(r, t, e->row);
        if (column) put_value(column, e->row, k, &p);
    }
}

void nd_read_cases(nd_reader *r, const nd_node *section)
{
    if (section->kind != ND_LIST || section->n > ND_LISTED_MAX) {
        nd_diag(r->diags, section->at,
                "cases is a list of at most %d maps, such as - {name: small, ep.T: 40}",
                ND_LISTED_MAX);
        return;
    }
    table t = {.n = section->n};
    const char **labels = nd_spec_take(r, t.n, sizeof *labels);
    size_t k = 0;
    for (const nd_node *c = section->first; labels && c; c = c->next, k++) {
        if (c->kind != ND_MAP) {
            nd_diag(r->diags, c->at, "a case is a map, such as {name: small, ep.T: 40}");
            continue;
        }
        labels[k] = case_name(r, c, labels, k);
        read_case(r, c, k, &t);
    }
    const nd_param **params = nd_spec_take(r, t.n_params + 1, sizeof *params);
    const unsigned char **columns = nd_spec_take(r, t.n_params + 1, sizeof *columns);
    if (!params || !columns) return;
    for (size_t j = 0; j < t.n_params; j++) {
        params[j] = t.params[j];
        columns[j] = t.columns[j];
    }
    add_dim(r, "case", ND_ROLE_CASE, t.n, t.n_params, params, columns)->labels = labels;
}

/* ---- seeds ---- */

void nd_add_seeds(nd_reader *r, const char *param, size_t n, nd_mark at)
{
    const nd_param *row = nd_param_find(param);
    const size_t i = nd_param_index(row);
    if (n == 1) return;
    if (r->place[i].section) {
        nd_diag(
            r->diags, at,
            "replicates give %s its values, and so does %s on line %d: take one of them "
            "away",
            param, r->place[i].section, r->place[i].at.line);
        return;
    }
    nd_params p = r->spec->base;
    int64_t *seed = (int64_t *)(void *)((char *)&p + row->offset);
    if ((double)*seed + (double)(n - 1) > row->hi) {
        nd_diag(r->diags, at, "%zu seeds from %s = %lld on pass its largest, %.0f", n,
                param, (long long)*seed, row->hi);
        return;
    }
    unsigned char *column = new_column(r, row, n);
    for (size_t k = 0; column && k < n; k++, ++*seed)
        put_value(column, row, k, &p);
    if (column) add_axis(r, row, ND_ROLE_SEED, n, column);
}
