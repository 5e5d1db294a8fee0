/* derived.c -- cubes worked out from a map. */
#include "derived_impl.h"

#include <math.h>
#include <string.h>

static nd_code learning(const nd_results *r, const nd_cube *map, const nd_map_options *o,
                        nd_cube **out, nd_err *err)
{
    (void)map;
    return nd_map_learning(r, o, out, err);
}

static nd_code sensitivity(const nd_results *r, const nd_cube *map, const nd_map_options *o,
                           nd_cube **out, nd_err *err)
{
    (void)map;
    return nd_map_sensitivity(r, o, out, err);
}

static nd_code tolerance(const nd_results *r, const nd_cube *map, const nd_map_options *o,
                         nd_cube **out, nd_err *err)
{
    (void)r;
    return nd_map_tolerance(map, o, out, err);
}

static nd_code contours(const nd_results *r, const nd_cube *map, const nd_map_options *o,
                        nd_cube **out, nd_err *err)
{
    (void)r;
    return nd_map_contours(map, o, out, err);
}

static const nd_derived kinds[] = {
    {"map", false, NULL},
    {"tolerance", false, tolerance},
    {"sensitivity", true, sensitivity},
    {"learning", true, learning},
    {"contours", false, contours},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

nd_code nd_derived_find(const char *name, const nd_derived **out, nd_err *err)
{
    nd_nearest near = nd_nearest_to(name);
    nd_text all = {0};
    for (size_t i = 0; i < KINDS; i++) {
        *out = &kinds[i];
        if (!strcmp(kinds[i].name, name)) {
            nd_text_free(&all);
            return ND_OK;
        }
        nd_nearest_try(&near, kinds[i].name);
        nd_text_add(&all, "%s%s", i ? ", " : "", kinds[i].name);
    }
    ND_FAIL(err, ND_EUSAGE, "there is no table \"%.64s\"%s%s%s; there are: %s", name,
            near.best ? "; did you mean \"" : "", near.best ? near.best : "",
            near.best ? "\"?" : "", nd_text_str(&all));
    nd_text_free(&all);
    return ND_EUSAGE;
}

static nd_code describe(nd_cube *c, const nd_cube *map, nd_err *err)
{
    const struct {
        char **to;
        const char *from;
    } texts[] = {
        {&c->title, map->title},   {&c->summary, map->summary}, {&c->history, map->history},
        {&c->source, map->source}, {&c->spec, map->spec},       {&c->license, map->license},
        {&c->id, map->id}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        ND_TRY(nd_series_describe(texts[i].to, texts[i].from, err));
    return ND_OK;
}

nd_code nd_derived_rows(nd_cube **out, const char *axis, bool texts, size_t n, size_t vars,
                        const nd_cube *map, nd_err *err)
{
    ND_TRY(nd_cube_new(out, 1, 0, vars, err));
    nd_cube *c = *out;
    nd_code code = nd_series_new(&c->axes[0], axis, n, texts, err);
    if (code == ND_OK) {
        c->n_axes = 1;
        c->axes[0].dim = 0;
        c->n = n;
        code = nd_series_describe(&c->axes[0].long_name, "number of the row", err);
    }
    if (code == ND_OK && map) code = describe(c, map, err);
    if (code == ND_OK) return ND_OK;
    nd_cube_free(c);
    *out = NULL;
    return code;
}

static nd_code copy_series(nd_series *to, const nd_series *from, int dim, nd_err *err)
{
    ND_TRY(nd_series_like(to, from, from->n, err));
    to->dim = dim;
    for (size_t i = 0; i < from->n; i++)
        ND_TRY(nd_series_copy(to, i, from, i, err));
    return ND_OK;
}

static nd_code copy_axes(nd_cube *c, size_t axis, const nd_cube *map, nd_err *err)
{
    for (size_t d = 0; d < map->n_axes; d++) {
        if (d == axis) continue;
        nd_series *to = &c->axes[c->n_axes];
        ND_TRY(copy_series(to, &map->axes[d], (int)c->n_axes, err));
        c->n_axes++;
        c->n *= to->n;
    }
    for (size_t i = 0; i < map->n_coords; i++) {
        const nd_series *v = &map->coords[i];
        if (v->dim >= 0 && (size_t)v->dim == axis) continue;
        const int dim = v->dim > (int)axis ? v->dim - 1 : v->dim;
        ND_TRY(copy_series(&c->coords[c->n_coords], v, dim, err));
        c->n_coords++;
    }
    return describe(c, map, err);
}

nd_code nd_derived_without(nd_cube **out, size_t axis, size_t vars, const nd_cube *map,
                           nd_err *err)
{
    ND_TRY(nd_cube_new(out, map->n_axes, map->n_coords, vars, err));
    const nd_code code = copy_axes(*out, axis, map, err);
    if (code == ND_OK) return ND_OK;
    nd_cube_free(*out);
    *out = NULL;
    return code;
}

nd_code nd_derived_add(nd_cube *c, const char *name, const char *long_name,
                       const char *unit, bool texts, nd_series **out, nd_err *err)
{
    nd_series *v = *out = &c->vars[c->n_vars];
    ND_TRY(nd_series_new(v, name, c->n, texts, err));
    c->n_vars++;
    for (size_t i = 0; !texts && i < v->n; i++)
        v->x[i] = (double)NAN;
    ND_TRY(nd_series_describe(&v->long_name, long_name, err));
    return nd_series_describe(&v->unit, unit, err);
}
