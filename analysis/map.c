/* map.c -- builds the map.
 *
 * Trials are sorted into cells by their coordinates, and within a cell by the tuned
 * setting; then each cell is a run of trials, and each setting a run within it. A
 * coordinate is a tuple: parameters that change together (zipped, or set by a case) share a
 * dimension. */
#include "nudge/map.h"

#include "figure_impl.h"
#include "nudge/clock.h"
#include "nudge/mem.h"
#include "nudge/merit.h"
#include "nudge/stat.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CELLS_MAX = 20000000, LISTED = 12 };

/* Columns that change together. */
typedef struct dimension {
    int id;
    const nd_series **columns; /* (n_columns) */
    const double **keys;       /* (n_columns) order of the values, per trial */
    size_t n_columns;
    size_t n;       /* different coordinates            */
    size_t *place;  /* (trials) coordinate of the trial */
    size_t *sample; /* (n) a trial with that coordinate */
    bool fixed;     /* `where` names one of its columns */
} dimension;

typedef struct member {
    size_t cell, setting, trial;
} member;

typedef struct builder {
    const nd_results *r;
    const nd_map_options *o;
    size_t *trials, n; /* the selected ones */
    double **ranks;    /* (r->n_columns) of texts, by first appearance; else NULL */
    dimension *dims;   /* (n_dims) of the map */
    size_t n_dims;
    dimension tune;  /* its coordinates are the settings */
    member *members; /* (n) sorted */
    double *values;  /* (n) scratch */
    nd_cube *cube;
} builder;

/* What is said about each metric in each cell. */
enum { MEDIAN, Q1, Q3, MEAN, LOW, HIGH, N_STATS };
static const struct {
    const char *suffix, *what;
} stats[N_STATS] = {
    [MEDIAN] = {"", "median over replicates"},
    [Q1] = {"_q1", "first quartile"},
    [Q3] = {"_q3", "third quartile"},
    [MEAN] = {"_mean", "mean over replicates"},
    [LOW] = {"_low", "lower end of the bootstrap 95 % interval of the median"},
    [HIGH] = {"_high", "upper end of the bootstrap 95 % interval of the median"},
};

void nd_map_defaults(nd_map_options *o)
{
    *o = (nd_map_options){
        .metric = "test_error", .contour = (double)NAN, .target = (double)NAN};
}

static nd_code no_memory(nd_err *err)
{
    return ND_FAIL(err, ND_ENOMEM, "no memory to build the map");
}

/* ---- selection ---- */

static void add_swept(const nd_results *r, nd_text *out)
{
    for (size_t i = 0; i < r->n_columns; i++)
        nd_text_add(out, "%s%s", i ? ", " : "",
                    r->columns[i].parameter ? r->columns[i].parameter : r->columns[i].name);
}

static nd_code find_column(const builder *b, const char *name, const nd_series **out,
                           nd_err *err)
{
    *out = nd_results_column_find(b->r, name);
    if (*out) return ND_OK;
    nd_nearest near = nd_nearest_to(name);
    for (size_t i = 0; i < b->r->n_columns; i++)
        if (b->r->columns[i].parameter) nd_nearest_try(&near, b->r->columns[i].parameter);
    nd_text swept = {0};
    add_swept(b->r, &swept);
    if (near.best)
        ND_FAIL(err, ND_EINPUT,
                "this campaign does not sweep \"%.64s\"; did you mean \"%s\"?", name,
                near.best);
    else
        ND_FAIL(err, ND_EINPUT, "this campaign does not sweep \"%.64s\"; it sweeps: %s",
                name, nd_text_str(&swept));
    nd_text_free(&swept);
    return ND_EINPUT;
}

/* The canonical spelling, as results.nc has it, where `text` is a value of a parameter. */
static void canonical(const nd_series *v, const char *text, nd_text *out)
{
    const nd_param *row = v->parameter ? nd_param_find(v->parameter) : NULL;
    nd_params p;
    nd_params_defaults(&p);
    if (row && nd_param_set(&p, row, text, NULL) == ND_OK)
        nd_param_print(&p, row, out);
    else
        nd_text_add(out, "%s", text);
}

static bool matches(const nd_series *v, size_t i, const char *text, double x)
{
    if (v->s) return !strcmp(v->s[i], text);
    /* 0.03 of a linspace may differ from 0.03 in the last bits */
    return fabs(v->x[i] - x) <= 1e-9 * fmax(fabs(x), fabs(v->x[i]));
}

/* Lists the different values among trials. */
static void add_values(const nd_series *v, const size_t *trials, size_t n, nd_text *out)
{
    size_t seen[LISTED], n_seen = 0;
    for (size_t i = 0; i < n; i++) {
        bool is_new = true;
        for (size_t k = 0; k < n_seen && is_new; k++)
            is_new = v->s ? strcmp(v->s[trials[i]], v->s[seen[k]]) != 0
                          : v->x[trials[i]] != v->x[seen[k]];
        if (!is_new) continue;
        nd_text_add(out, "%s", n_seen ? ", " : "");
        if (n_seen == LISTED) {
            nd_text_add(out, "...");
            return;
        }
        seen[n_seen++] = trials[i];
        nd_series_print(v, trials[i], out);
    }
}

/* Keeps the trials for which name = text. */
static nd_code keep(builder *b, const nd_series *v, const char *text, nd_err *err)
{
    double x = (double)NAN;
    nd_text value = {0}, values = {0};
    canonical(v, text, &value);
    if (!v->s && !nd_parse_real(nd_text_str(&value), &x)) x = (double)NAN;
    nd_code code = nd_text_check(&value, err);
    size_t n = 0;
    for (size_t i = 0; code == ND_OK && i < b->n; i++)
        n += matches(v, b->trials[i], value.s, x);
    if (code == ND_OK && !n) {
        add_values(v, b->trials, b->n, &values);
        code = ND_FAIL(err, ND_EINPUT, "no trial has %s = %.64s; there is: %s",
                       v->parameter ? v->parameter : v->name, text, nd_text_str(&values));
    }
    n = 0;
    for (size_t i = 0; code == ND_OK && i < b->n; i++)
        if (matches(v, b->trials[i], value.s, x)) b->trials[n++] = b->trials[i];
    if (code == ND_OK) b->n = n;
    nd_text_free(&values);
    nd_text_free(&value);
    return code;
}

/* Splits "p=v" and finds p. */
static nd_code parse_where(const builder *b, const char *where, const nd_series **v,
                           const char **value, nd_err *err)
{
    const char *equals = strchr(where, '=');
    char name[128];
    if (!equals || equals == where || (size_t)(equals - where) >= sizeof name)
        return ND_FAIL(err, ND_EUSAGE,
                       "--where takes parameter=value, such as ep.beta=0.1, not \"%.64s\"",
                       where);
    nd_copy(name, (size_t)(equals - where) + 1, where);
    for (size_t n = strlen(name); n && name[n - 1] == ' '; n--)
        name[n - 1] = '\0';
    *value = equals + 1 + (equals[1] == '=');
    *value += strspn(*value, " ");
    return find_column(b, name, v, err);
}

static nd_code select_trials(builder *b, nd_err *err)
{
    b->trials = malloc((b->r->n + 1) * sizeof *b->trials);
    b->members = malloc((b->r->n + 1) * sizeof *b->members);
    b->values = malloc((b->r->n + 1) * sizeof *b->values);
    if (!b->trials || !b->members || !b->values) return no_memory(err);
    if (!b->r->n) return ND_FAIL(err, ND_EINPUT, "the results hold no trials");
    for (b->n = 0; b->n < b->r->n; b->n++)
        b->trials[b->n] = b->n;
    for (size_t i = 0; i < b->o->n_where; i++) {
        const nd_series *v;
        const char *value;
        ND_TRY(parse_where(b, b->o->where[i], &v, &value, err));
        ND_TRY(keep(b, v, value, err));
    }
    return ND_OK;
}

/* ---- dimensions ---- */

/* Texts are ordered as they first appear: that is the order of the spec. */
static nd_code rank_texts(builder *b, nd_err *err)
{
    const nd_results *r = b->r;
    b->ranks = calloc(r->n_columns + 1, sizeof *b->ranks);
    size_t *first = malloc((r->n + 1) * sizeof *first);
    if (!b->ranks || !first) {
        free(first);
        return no_memory(err);
    }
    for (size_t c = 0; c < r->n_columns; c++) {
        const nd_series *v = &r->columns[c];
        if (!v->s) continue;
        double *rank = b->ranks[c] = malloc((r->n + 1) * sizeof *rank);
        if (!rank) {
            free(first);
            return no_memory(err);
        }
        size_t n = 0;
        for (size_t i = 0; i < r->n; i++) {
            size_t k = 0;
            while (k < n && strcmp(v->s[first[k]], v->s[i]) != 0)
                k++;
            if (k == n) first[n++] = i;
            rank[i] = (double)k;
        }
    }
    free(first);
    return ND_OK;
}

static nd_code new_dimension(const builder *b, dimension *d, int id, nd_err *err)
{
    *d = (dimension){.id = id, .n = 1};
    const size_t most = b->r->n_columns + 1;
    d->columns = malloc(most * sizeof *d->columns);
    d->keys = malloc(most * sizeof *d->keys);
    d->place = calloc(b->r->n + 1, sizeof *d->place);
    d->sample = calloc(b->r->n + 1, sizeof *d->sample);
    return d->columns && d->keys && d->place && d->sample ? ND_OK : no_memory(err);
}

static void free_dimension(dimension *d)
{
    free(d->columns);
    free(d->keys);
    free(d->place);
    free(d->sample);
}

static void add_column(const builder *b, dimension *d, size_t c)
{
    const nd_series *v = &b->r->columns[c];
    assert(d->columns && d->keys);
    d->columns[d->n_columns] = v;
    d->keys[d->n_columns++] = v->s ? b->ranks[c] : v->x;
}

/* Compares the coordinates of two trials. */
static int compare_coordinates(const dimension *d, size_t i, size_t k)
{
    for (size_t c = 0; c < d->n_columns; c++) {
        const double x = d->keys[c][i], y = d->keys[c][k];
        if (x != y) return x < y ? -1 : 1;
    }
    return 0;
}

static int by_coordinate(const void *a, const void *b, void *d)
{
    const size_t i = *(const size_t *)a, k = *(const size_t *)b;
    const int c = compare_coordinates(d, i, k);
    return c ? c : (i > k) - (i < k);
}

/* Numbers the different coordinates, ascending. */
static nd_code find_coordinates(const builder *b, dimension *d, nd_err *err)
{
    size_t *order = malloc((b->n + 1) * sizeof *order);
    if (!order) return no_memory(err);
    memcpy(order, b->trials, b->n * sizeof *order);
    qsort_r(order, b->n, sizeof *order, by_coordinate, d);
    d->n = 0;
    for (size_t i = 0; i < b->n; i++) {
        if (!i || compare_coordinates(d, order[i - 1], order[i]) != 0)
            d->sample[d->n++] = order[i];
        d->place[order[i]] = d->n - 1;
    }
    free(order);
    return ND_OK;
}

static nd_code mark_fixed(builder *b, nd_err *err)
{
    for (size_t i = 0; i < b->o->n_where; i++) {
        const nd_series *v;
        const char *value;
        ND_TRY(parse_where(b, b->o->where[i], &v, &value, err));
        for (size_t d = 0; d < b->n_dims; d++)
            for (size_t c = 0; c < b->dims[d].n_columns; c++)
                b->dims[d].fixed |= b->dims[d].columns[c] == v;
    }
    for (size_t d = 0; d < b->n_dims; d++)
        b->dims[d].fixed &= b->dims[d].n == 1;
    return ND_OK;
}

static int by_id(const void *a, const void *b)
{
    return ((const dimension *)a)->id - ((const dimension *)b)->id;
}

static nd_code find_dimensions(builder *b, nd_err *err)
{
    const nd_results *r = b->r;
    b->dims = calloc(r->n_columns + 1, sizeof *b->dims);
    if (!b->dims) return no_memory(err);
    ND_TRY(new_dimension(b, &b->tune, -1, err));
    for (size_t c = 0; c < r->n_columns; c++) {
        const nd_series *v = &r->columns[c];
        if (v->role == ND_ROLE_TUNE) add_column(b, &b->tune, c);
        if (v->role != ND_ROLE_AXIS && v->role != ND_ROLE_CASE) continue;
        size_t d = 0;
        while (d < b->n_dims && b->dims[d].id != v->dim)
            d++;
        if (d == b->n_dims) {
            b->n_dims++;
            ND_TRY(new_dimension(b, &b->dims[d], v->dim, err));
        }
        add_column(b, &b->dims[d], c);
    }
    qsort(b->dims, b->n_dims, sizeof *b->dims, by_id);
    for (size_t d = 0; d < b->n_dims; d++)
        ND_TRY(find_coordinates(b, &b->dims[d], err));
    if (b->tune.n_columns) ND_TRY(find_coordinates(b, &b->tune, err));
    return mark_fixed(b, err);
}

/* ---- the empty cube ---- */

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* A column with different values at all coordinates names the dimension; else the first.
 * Sorted, as there may be as many coordinates as samples. */
static size_t naming_column(const builder *b, const dimension *d)
{
    double *sorted = b->values; /* there are no more coordinates than trials */
    for (size_t c = 0; c < d->n_columns; c++) {
        for (size_t i = 0; i < d->n; i++)
            sorted[i] = d->keys[c][d->sample[i]];
        qsort(sorted, d->n, sizeof *sorted, ascending);
        bool unique = true;
        for (size_t i = 1; i < d->n && unique; i++)
            unique = sorted[i - 1] != sorted[i];
        if (unique) return c;
    }
    return 0;
}

static nd_code make_coordinate(const dimension *d, size_t c, int axis, nd_series *out,
                               nd_err *err)
{
    ND_TRY(nd_series_like(out, d->columns[c], d->n, err));
    out->dim = axis;
    for (size_t i = 0; i < d->n; i++)
        ND_TRY(nd_series_copy(out, i, d->columns[c], d->sample[i], err));
    return ND_OK;
}

static nd_code make_axes(builder *b, nd_err *err)
{
    nd_cube *cube = b->cube;
    for (size_t i = 0; i < b->n_dims; i++) {
        const dimension *d = &b->dims[i];
        const size_t naming = naming_column(b, d);
        const int axis = d->fixed ? -1 : (int)cube->n_axes;
        for (size_t c = 0; c < d->n_columns; c++) {
            const bool is_axis = !d->fixed && c == naming;
            nd_series *v =
                is_axis ? &cube->axes[cube->n_axes] : &cube->coords[cube->n_coords];
            ND_TRY(make_coordinate(d, c, axis, v, err));
            if (is_axis)
                cube->n_axes++;
            else
                cube->n_coords++;
        }
        if (!nd_mul(cube->n, d->n, &cube->n) || cube->n > CELLS_MAX)
            return ND_FAIL(
                err, ND_EINPUT,
                "the map would have more than %d cells; choose a part of it with "
                "--where",
                CELLS_MAX);
    }
    return ND_OK;
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

static nd_code add_metric_vars(nd_cube *cube, const nd_series *metric, nd_err *err)
{
    nd_text name = {0}, about = {0};
    nd_code code = ND_OK;
    for (size_t s = 0; s < N_STATS && code == ND_OK; s++) {
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

static nd_code make_vars(builder *b, nd_err *err)
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

static nd_code describe(builder *b, nd_err *err)
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

/* ---- filling it ---- */

static int by_cell(const void *a, const void *b)
{
    const member *p = a, *q = b;
    if (p->cell != q->cell) return p->cell < q->cell ? -1 : 1;
    if (p->setting != q->setting) return p->setting < q->setting ? -1 : 1;
    return (p->trial > q->trial) - (p->trial < q->trial);
}

static void sort_members(builder *b)
{
    for (size_t i = 0; i < b->n; i++) {
        const size_t trial = b->trials[i];
        size_t cell = 0;
        for (size_t d = 0; d < b->n_dims; d++)
            cell = cell * b->dims[d].n + b->dims[d].place[trial];
        b->members[i] = (member){cell, b->tune.place[trial], trial};
    }
    qsort(b->members, b->n, sizeof *b->members, by_cell);
}

static nd_status status_of(const builder *b, const member *m)
{
    return (nd_status)b->r->status.x[m->trial];
}

static nd_merit merit(const builder *b, const member *m, size_t n)
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

static size_t run_of(const member *m, size_t n, bool same_setting)
{
    size_t k = 1;
    while (k < n && m[k].cell == m->cell && (!same_setting || m[k].setting == m->setting))
        k++;
    return k;
}

/* Narrows a cell's run of trials to its best setting; keeps all when none has a merit. */
static bool choose_setting(const builder *b, const member **m, size_t *n)
{
    const member *end = *m + *n, *best = NULL;
    size_t best_n = 0;
    nd_merit highest = {(double)NAN, (double)NAN};
    for (const member *p = *m; p < end;) {
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

static nd_code fill_metric(builder *b, size_t metric, const member *m, size_t n,
                           nd_err *err)
{
    const double *x = b->r->metric[metric].x;
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (status_of(b, &m[i]) == ND_STATUS_DONE) b->values[kept++] = x[m[i].trial];
    kept = nd_stat_sort(b->values, kept);
    double out[N_STATS] = {
        [MEDIAN] = nd_stat_median(b->values, kept),
        [Q1] = nd_stat_quantile(b->values, kept, 0.25),
        [Q3] = nd_stat_quantile(b->values, kept, 0.75),
        [MEAN] = nd_stat_mean(b->values, kept),
    };
    ND_TRY(nd_stat_bootstrap(b->values, kept, 1, &out[LOW], &out[HIGH], err));
    for (size_t s = 0; s < N_STATS; s++)
        b->cube->vars[metric * N_STATS + s].x[m->cell] = out[s];
    return ND_OK;
}

static nd_code fill_cell(builder *b, const member *m, size_t n, nd_err *err)
{
    const bool chosen = b->tune.n <= 1 || choose_setting(b, &m, &n);
    nd_series *var = &b->cube->vars[ND_METRICS * N_STATS];
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
static nd_code check_tuning(const builder *b, nd_err *err)
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

static nd_code build(builder *b, nd_err *err)
{
    ND_TRY(select_trials(b, err));
    ND_TRY(rank_texts(b, err));
    ND_TRY(find_dimensions(b, err));
    ND_TRY(check_tuning(b, err));
    ND_TRY(nd_cube_new(&b->cube, b->n_dims, b->r->n_columns,
                       ND_METRICS * N_STATS + 4 + b->r->n_columns, err));
    ND_TRY(make_axes(b, err));
    ND_TRY(make_vars(b, err));
    ND_TRY(describe(b, err));
    sort_members(b);
    for (size_t i = 0; i < b->n;) {
        const size_t n = run_of(&b->members[i], b->n - i, false);
        ND_TRY(fill_cell(b, &b->members[i], n, err));
        i += n;
    }
    return ND_OK;
}

static nd_code check_metric(const char *name, nd_err *err)
{
    if (nd_metric_find(name) >= 0) return ND_OK;
    const char *near = nd_metric_nearest(name);
    nd_text all = {0};
    for (size_t i = 0; i < ND_METRICS; i++)
        nd_text_add(&all, "%s%s", i ? ", " : "", nd_metric_at(i)->name);
    if (near)
        ND_FAIL(err, ND_EINPUT, "there is no metric \"%.64s\"; did you mean \"%s\"?", name,
                near);
    else
        ND_FAIL(err, ND_EINPUT, "there is no metric \"%.64s\"; there are: %s", name,
                nd_text_str(&all));
    nd_text_free(&all);
    return ND_EINPUT;
}

nd_code nd_map_build(const nd_results *r, const nd_map_options *o, nd_cube **out,
                     nd_err *err)
{
    *out = NULL;
    ND_TRY(check_metric(o->metric, err));
    builder b = {.r = r, .o = o};
    const nd_code code = build(&b, err);
    if (code == ND_OK)
        *out = b.cube;
    else
        nd_cube_free(b.cube);
    for (size_t c = 0; b.ranks && c < r->n_columns; c++)
        free(b.ranks[c]);
    for (size_t d = 0; d < b.n_dims; d++)
        free_dimension(&b.dims[d]);
    free_dimension(&b.tune);
    free(b.ranks);
    free(b.dims);
    free(b.trials);
    free(b.members);
    free(b.values);
    return code;
}

nd_code nd_map_write(const nd_cube *map, const nd_map_options *o, const char *path,
                     nd_err *err)
{
    const char *dot = strrchr(path, '.');
    const char *ending = dot && !strchr(dot, '/') ? dot + 1 : "";
    if (!strcmp(ending, "nc")) return nd_cube_write_nc(map, path, err);
    if (!strcmp(ending, "csv")) return nd_cube_write_csv(map, path, err);
    if (nd_figure_known(ending)) return nd_figure_draw(map, o, ending, path, err);
    return ND_FAIL(err, ND_EUSAGE,
                   "cannot tell the kind of file from \"%s\"; it must end in .nc, .csv, "
                   ".svg, .pdf or .png",
                   path);
}
