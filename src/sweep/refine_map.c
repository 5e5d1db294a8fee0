/* refine_map.c -- from the mixed radix of a spec's points to that of the refinement's grid. */
#include "nudge/refine_map.h"

#include <stdlib.h>

/* A value of the axis, and its number; false when its values are names or lists. */
typedef struct numbered {
    double x;
    uint32_t k;
} numbered;

static bool number_of(const nd_dim *dim, size_t k, double *x)
{
    nd_params p;
    nd_params_defaults(&p);
    nd_dim_set(dim, k, &p);
    return dim->role == ND_ROLE_AXIS && nd_param_number(&p, dim->params[0], x);
}

static int ascending(const void *a, const void *b)
{
    const numbered *u = a, *v = b;
    if (u->x != v->x) return u->x < v->x ? -1 : 1;
    return (u->k > v->k) - (u->k < v->k);
}

/* Positions of the values; along an axis of names as they are written. */
static nd_code rank(nd_refine_map *m, size_t axis, const nd_dim *dim, nd_err *err)
{
    numbered *value = calloc(dim->n, sizeof *value);
    uint32_t *of = m->rank[axis] = calloc(dim->n, sizeof *of);
    bool numbers = value && of;
    for (size_t k = 0; numbers && k < dim->n; k++) {
        value[k].k = (uint32_t)k;
        numbers = number_of(dim, k, &value[k].x);
    }
    if (numbers) qsort(value, dim->n, sizeof *value, ascending);
    for (size_t k = 0; value && of && k < dim->n; k++)
        of[numbers ? value[k].k : k] = (uint32_t)k;
    m->grid.ordered[axis] = numbers;
    free(value);
    return value && of ? ND_OK : ND_FAIL(err, ND_ENOMEM, "no memory for an axis");
}

nd_code nd_refine_map_new(nd_refine_map *m, const nd_spec *s, nd_err *err)
{
    nd_refine_grid *g = &m->grid;
    *m = (nd_refine_map){.spec = s, .grid = {.points = 1, .most = 1, .cost = 1}};
    nd_code code = ND_OK;
    for (size_t d = 0; d < nd_spec_dims(s) && code == ND_OK; d++) {
        const nd_dim *dim = nd_spec_dim(s, d);
        if (dim->role == ND_ROLE_SEED) g->most *= dim->n;
        if (dim->role == ND_ROLE_TUNE) g->cost *= dim->n;
        if (dim->role != ND_ROLE_AXIS && dim->role != ND_ROLE_CASE) continue;
        if (g->n_axes == ND_REFINE_AXES_MAX) {
            code = ND_FAIL(err, ND_EINPUT,
                           "design: refine takes %d axes at most, cases counted as one",
                           ND_REFINE_AXES_MAX);
            break;
        }
        g->n[g->n_axes] = dim->n;
        g->points *= dim->n;
        code = rank(m, g->n_axes++, dim, err);
    }
    if (code != ND_OK) nd_refine_map_free(m);
    return code;
}

void nd_refine_map_free(nd_refine_map *m)
{
    for (size_t a = 0; a < ND_REFINE_AXES_MAX; a++)
        free(m->rank[a]);
    *m = (nd_refine_map){0};
}

nd_replicate nd_refine_place(const nd_refine_map *m, size_t i)
{
    size_t seed[2] = {0}, seeds[2] = {1, 1}, weight = 1, tuned = 1;
    size_t axis = m->grid.n_axes;
    nd_replicate at = {0};
    for (size_t d = nd_spec_dims(m->spec); d-- > 0;) {
        const nd_dim *dim = nd_spec_dim(m->spec, d);
        const size_t k = i % dim->n;
        i /= dim->n;
        if (dim->role == ND_ROLE_SEED) {
            seed[1] = seed[0];
            seeds[1] = seeds[0];
            seed[0] = k;
            seeds[0] = dim->n;
        } else if (dim->role == ND_ROLE_TUNE) {
            at.setting += k * tuned;
            tuned *= dim->n;
        } else {
            at.point += m->rank[--axis][k] * weight;
            weight *= dim->n;
        }
    }
    const size_t turn = (seed[1] + seeds[1] - seed[0] % seeds[1]) % seeds[1];
    at.replicate = turn * seeds[0] + seed[0];
    return at;
}
