/* map_baseline.c -- what an imperfection costs: the median of a cell less that of the cell with the same
 * other coordinates on the baseline. */
#include "map_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const ideal[] = {"device.kind=ideal"};

typedef struct baseline {
    int *place; /* (n_dims) the baseline's coordinate, or ND_MAP_NONE: the cell's own */
    const char *const *choices;
    size_t n;
    bool asked; /* by the user: then it must be there */
} baseline;

static bool is_axis(const nd_series *v)
{
    return v->role == ND_ROLE_AXIS || v->role == ND_ROLE_CASE;
}

/* Does coordinate k of a dimension have all that is chosen of it? */
static bool fits(const nd_map_choice *c, size_t n, const nd_map_dim *dim, size_t k,
                 bool *concerned)
{
    bool all = true;
    for (size_t i = 0; i < n; i++)
        for (size_t column = 0; column < dim->n_columns; column++) {
            if (dim->columns[column] != c[i].v) continue;
            *concerned = true;
            all &= nd_map_matches(&c[i], dim->sample[k]);
        }
    return all;
}

/* Finds the one coordinate of each dimension that is concerned. *found: false when there is none,
 * or more than one. */
static nd_code find_places(const nd_map_builder *b, const baseline *base,
                           const nd_map_choice *c, bool *found, nd_err *err)
{
    *found = true;
    for (size_t d = 0; d < b->n_dims && *found; d++) {
        const nd_map_dim *dim = &b->dims[d];
        size_t matches = 0;
        bool concerned = false;
        base->place[d] = ND_MAP_NONE;
        for (size_t k = 0; k < dim->n; k++)
            if (fits(c, base->n, dim, k, &concerned)) {
                base->place[d] = (int)k;
                matches++;
            }
        if (!concerned) base->place[d] = ND_MAP_NONE;
        *found = !concerned || matches == 1;
        if (*found || !base->asked) continue;
        for (size_t i = 0; i < base->n && !matches; i++)
            for (size_t column = 0; column < dim->n_columns; column++)
                if (dim->columns[column] == c[i].v) return nd_map_no_match(b, &c[i], err);
        return ND_FAIL(
            err, ND_EINPUT,
            "--baseline fits %zu combinations of what changes with %s; name more of "
            "them, such as case=NAME",
            matches,
            dim->columns[0]->parameter ? dim->columns[0]->parameter
                                       : dim->columns[0]->name);
    }
    return ND_OK;
}

static nd_code choose(const nd_map_builder *b, const baseline *base, bool *found,
                      nd_err *err)
{
    nd_map_choice *c = calloc(base->n + 1, sizeof *c);
    if (!c) return nd_map_no_memory(err);
    nd_code code = ND_OK;
    for (size_t i = 0; i < base->n && code == ND_OK; i++) {
        code = nd_map_choose(b, "--baseline", base->choices[i], &c[i], err);
        if (code == ND_OK && !is_axis(c[i].v))
            code = ND_FAIL(err, ND_EINPUT,
                           "--baseline %.64s: this is no axis of the map, it is %s",
                           base->choices[i], nd_role_text(c[i].v->role));
    }
    if (code == ND_OK) code = find_places(b, base, c, found, err);
    for (size_t i = 0; i < base->n; i++)
        nd_text_free(&c[i].text);
    free(c);
    return code;
}

/* The cell with the baseline's coordinates in place of its own. */
static size_t baseline_of(const nd_map_builder *b, const baseline *base, size_t cell)
{
    size_t out = 0, size = 1;
    for (size_t d = b->n_dims; d-- > 0;) {
        const size_t n = b->dims[d].n;
        const size_t at = base->place[d] == ND_MAP_NONE ? cell % n : (size_t)base->place[d];
        out += at * size;
        size *= n;
        cell /= n;
    }
    return out;
}

static nd_code add(nd_map_builder *b, const baseline *base, nd_err *err)
{
    nd_text what = {0};
    nd_text_add(&what, "median less that of the same cell with");
    for (size_t i = 0; i < base->n; i++)
        nd_text_add(&what, "%s %s", i ? "," : "", base->choices[i]);
    nd_code code = nd_text_check(&what, err);
    if (code == ND_OK)
        code =
            nd_map_add_var(b, &b->r->metric[b->metric], "_degradation", what.s, NULL, err);
    nd_text_free(&what);
    ND_TRY(code);
    const double *median = b->cube->vars[b->stats[b->metric]].x;
    double *out = b->cube->vars[b->cube->n_vars - 1].x;
    for (size_t cell = 0; cell < b->cube->n; cell++)
        out[cell] = median[cell] - median[baseline_of(b, base, cell)];
    return ND_OK;
}

/* Without a word the ideal devices are the baseline, where there are others beside them. */
static bool has_ideal(const nd_map_builder *b)
{
    const nd_series *kind = nd_results_column_find(b->r, "device.kind");
    if (!kind || !is_axis(kind)) return false;
    for (size_t d = 0; d < b->n_dims; d++)
        for (size_t c = 0; c < b->dims[d].n_columns; c++)
            if (b->dims[d].columns[c] == kind) return b->dims[d].n > 1;
    return false;
}

nd_code nd_map_add_degradation(nd_map_builder *b, nd_err *err)
{
    baseline base = {.choices = b->o->baseline, .n = b->o->n_baseline, .asked = true};
    if (!base.n) {
        if (!has_ideal(b)) return ND_OK;
        base = (baseline){.choices = ideal, .n = 1};
    }
    base.place = malloc((b->n_dims + 1) * sizeof *base.place);
    if (!base.place) return nd_map_no_memory(err);
    bool found = false;
    nd_code code = choose(b, &base, &found, err);
    if (code == ND_OK && found) code = add(b, &base, err);
    free(base.place);
    return code;
}
