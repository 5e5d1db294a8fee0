/* map_dims.c -- the coordinates of trials, and the axes that they make. */
#include "map_impl.h"
#include "nudge/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { CELLS_MAX = 20000000 };

/* Texts are ordered as they first appear: that is the order of the spec. */
static nd_code rank_texts(nd_map_builder *b, nd_err *err)
{
    const nd_results *r = b->r;
    b->ranks = calloc(r->n_columns + 1, sizeof *b->ranks);
    size_t *first = malloc((r->n + 1) * sizeof *first);
    if (!b->ranks || !first) {
        free(first);
        return nd_map_no_memory(err);
    }
    for (size_t c = 0; c < r->n_columns; c++) {
        const nd_series *v = &r->columns[c];
        if (!v->s) continue;
        double *rank = b->ranks[c] = malloc((r->n + 1) * sizeof *rank);
        if (!rank) {
            free(first);
            return nd_map_no_memory(err);
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

static nd_code new_dimension(const nd_map_builder *b, nd_map_dim *d, int id, nd_err *err)
{
    *d = (nd_map_dim){.id = id, .n = 1};
    const size_t most = b->r->n_columns + 1;
    d->columns = malloc(most * sizeof *d->columns);
    d->keys = malloc(most * sizeof *d->keys);
    d->place = calloc(b->r->n + 1, sizeof *d->place);
    d->sample = calloc(b->r->n + 1, sizeof *d->sample);
    return d->columns && d->keys && d->place && d->sample ? ND_OK : nd_map_no_memory(err);
}

static void free_dimension(nd_map_dim *d)
{
    free(d->columns);
    free(d->keys);
    free(d->place);
    free(d->sample);
}

static void add_column(const nd_map_builder *b, nd_map_dim *d, size_t c)
{
    const nd_series *v = &b->r->columns[c];
    assert(d->columns && d->keys);
    d->columns[d->n_columns] = v;
    d->keys[d->n_columns++] = v->s ? b->ranks[c] : v->x;
}

/* Compares the coordinates of two trials. */
static int compare_coordinates(const nd_map_dim *d, size_t i, size_t k)
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
static nd_code find_coordinates(const nd_map_builder *b, nd_map_dim *d, nd_err *err)
{
    size_t *order = malloc((b->n + 1) * sizeof *order);
    if (!order) return nd_map_no_memory(err);
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

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorted, as there may be as many coordinates as samples. */
static bool differs_everywhere(const nd_map_builder *b, const nd_map_dim *d, size_t column)
{
    double *sorted = b->values; /* there are no more coordinates than trials */
    for (size_t i = 0; i < d->n; i++)
        sorted[i] = d->keys[column][d->sample[i]];
    qsort(sorted, d->n, sizeof *sorted, ascending);
    for (size_t i = 1; i < d->n; i++)
        if (sorted[i - 1] == sorted[i]) return false;
    return true;
}

/* A column with different values at all coordinates goes first and names the dimension, so that
 * they rise along it. */
static nd_code name_dimension(const nd_map_builder *b, nd_map_dim *d, nd_err *err)
{
    size_t c = 0;
    while (c < d->n_columns && !differs_everywhere(b, d, c))
        c++;
    d->named = c < d->n_columns;
    if (!c || !d->named) return ND_OK;
    const nd_series *column = d->columns[c];
    const double *key = d->keys[c];
    for (; c > 0; c--) {
        d->columns[c] = d->columns[c - 1];
        d->keys[c] = d->keys[c - 1];
    }
    d->columns[0] = column;
    d->keys[0] = key;
    return find_coordinates(b, d, err);
}

static nd_code mark_fixed(nd_map_builder *b, nd_err *err)
{
    for (size_t i = 0; i < b->o->n_where; i++) {
        nd_map_choice choice;
        const nd_code code = nd_map_choose(b, "--where", b->o->where[i], &choice, err);
        nd_text_free(&choice.text);
        ND_TRY(code);
        for (size_t d = 0; d < b->n_dims; d++)
            for (size_t c = 0; c < b->dims[d].n_columns; c++)
                b->dims[d].fixed |= b->dims[d].columns[c] == choice.v;
    }
    for (size_t d = 0; d < b->n_dims; d++)
        b->dims[d].fixed &= b->dims[d].n == 1;
    return ND_OK;
}

static int by_id(const void *a, const void *b)
{
    return ((const nd_map_dim *)a)->id - ((const nd_map_dim *)b)->id;
}

nd_code nd_map_find_dims(nd_map_builder *b, nd_err *err)
{
    const nd_results *r = b->r;
    ND_TRY(rank_texts(b, err));
    b->dims = calloc(r->n_columns + 1, sizeof *b->dims);
    if (!b->dims) return nd_map_no_memory(err);
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
    for (size_t d = 0; d < b->n_dims; d++) {
        ND_TRY(find_coordinates(b, &b->dims[d], err));
        ND_TRY(name_dimension(b, &b->dims[d], err));
    }
    if (b->tune.n_columns) ND_TRY(find_coordinates(b, &b->tune, err));
    return mark_fixed(b, err);
}

/* ---- the axes of the cube ---- */

static nd_code make_coordinate(const nd_map_dim *d, size_t c, int axis, nd_series *out,
                               nd_err *err)
{
    ND_TRY(nd_series_like(out, d->columns[c], d->n, err));
    out->dim = axis;
    for (size_t i = 0; i < d->n; i++)
        ND_TRY(nd_series_copy(out, i, d->columns[c], d->sample[i], err));
    return ND_OK;
}

/* Where no parameter tells all combinations apart they are numbered. */
static nd_code number_combinations(nd_cube *cube, const nd_map_dim *d, nd_err *err)
{
    nd_series *v = &cube->axes[cube->n_axes];
    nd_text name = {0}, about = {0};
    size_t before = 0;
    for (size_t i = 0; i < cube->n_axes; i++)
        before += !strncmp(cube->axes[i].name, "combination", 11);
    nd_text_add(&name, before ? "combination_%zu" : "combination", before + 1);
    nd_text_add(&about, "number of the combination of ");
    for (size_t c = 0; c < d->n_columns; c++)
        nd_text_add(&about, "%s%s", c ? ", " : "",
                    d->columns[c]->parameter ? d->columns[c]->parameter
                                             : d->columns[c]->name);
    nd_code code = nd_text_check(&name, err);
    if (code == ND_OK) code = nd_text_check(&about, err);
    if (code == ND_OK) code = nd_series_new(v, name.s, d->n, false, err);
    if (code == ND_OK) {
        v->role = ND_ROLE_AXIS;
        v->dim = (int)cube->n_axes++;
        v->whole = true;
        for (size_t i = 0; i < d->n; i++)
            v->x[i] = (double)(i + 1);
        code = nd_series_describe(&v->long_name, about.s, err);
    }
    if (code == ND_OK) code = nd_series_describe(&v->unit, "1", err);
    nd_text_free(&name);
    nd_text_free(&about);
    return code;
}

static nd_code make_axis(nd_cube *cube, const nd_map_dim *d, nd_err *err)
{
    const int axis = d->fixed ? -1 : (int)cube->n_axes;
    if (!d->fixed && !d->named) ND_TRY(number_combinations(cube, d, err));
    for (size_t c = 0; c < d->n_columns; c++) {
        const bool is_axis = !d->fixed && d->named && !c;
        nd_series *v = is_axis ? &cube->axes[cube->n_axes] : &cube->coords[cube->n_coords];
        ND_TRY(make_coordinate(d, c, axis, v, err));
        *(is_axis ? &cube->n_axes : &cube->n_coords) += 1;
    }
    return ND_OK;
}

nd_code nd_map_make_axes(nd_map_builder *b, nd_err *err)
{
    nd_cube *cube = b->cube;
    for (size_t i = 0; i < b->n_dims; i++) {
        ND_TRY(make_axis(cube, &b->dims[i], err));
        if (!nd_mul(cube->n, b->dims[i].n, &cube->n) || cube->n > CELLS_MAX)
            return ND_FAIL(
                err, ND_EINPUT,
                "the map would have more than %d cells; choose a part of it with "
                "--where",
                CELLS_MAX);
    }
    return ND_OK;
}

void nd_map_free_dims(nd_map_builder *b)
{
    for (size_t c = 0; b->ranks && c < b->r->n_columns; c++)
        free(b->ranks[c]);
    for (size_t d = 0; d < b->n_dims; d++)
        free_dimension(&b->dims[d]);
    free_dimension(&b->tune);
    free(b->ranks);
    free(b->dims);
}
