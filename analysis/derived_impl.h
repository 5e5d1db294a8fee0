/* derived_impl.h -- what is worked out from a map or from the trials behind it: cubes of their
 * own, written and drawn as the map is. For this folder alone. */
#ifndef NUDGE_DERIVED_IMPL_H
#define NUDGE_DERIVED_IMPL_H

#include "nudge/map.h"

#include <stdbool.h>

/* A row for each kind. */
typedef struct nd_derived {
    const char *name; /* "tolerance" */
    bool of_trials;   /* r is looked at, and not the map */
    nd_code (*make)(const nd_results *r, const nd_cube *map, const nd_map_options *o,
                    nd_cube **out, nd_err *err);
} nd_derived;

/* ND_EUSAGE: there is none of this name. */
ND_MUST nd_code nd_derived_find(const char *name, const nd_derived **out, nd_err *err);

/* derived.c: a list of n rows along an axis of its own, or the map without one of its axes (any
 * index beyond them: with all), without variables but with room for some; described as the map. */
ND_MUST nd_code nd_derived_rows(nd_cube **out, const char *axis, bool texts, size_t n,
                                size_t vars, const nd_cube *map, nd_err *err);
ND_MUST nd_code nd_derived_without(nd_cube **out, size_t axis, size_t vars,
                                   const nd_cube *map, nd_err *err);
ND_MUST nd_code nd_derived_add(nd_cube *c, const char *name, const char *long_name,
                               const char *unit, bool texts, nd_series **out, nd_err *err);

/* map_ratio.c: o->ratio "P=A/B": NAME_ratio, _low and _high of every cell, NAME being o->metric. */
ND_MUST nd_code nd_map_ratio(const nd_cube *map, const nd_map_options *o, nd_cube **out,
                             nd_err *err);

/* table_tex.c */
ND_MUST nd_code nd_table_write_tex(const nd_cube *c, const nd_map_options *o,
                                   const char *path, nd_err *err);

#endif
