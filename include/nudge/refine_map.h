/* refine_map.h -- how the points of a spec lie on the grid of its refinement: axes and cases are
 * the grid's axes, seeds its replicates, tuned parameters the settings of a replicate. */
#ifndef NUDGE_REFINE_MAP_H
#define NUDGE_REFINE_MAP_H

#include "nudge/refine.h"
#include "nudge/spec.h"

typedef struct nd_refine_map {
    nd_refine_grid grid; /* `available` is the caller's to set */
    const nd_spec *spec;
    uint32_t *rank[ND_REFINE_AXES_MAX]; /* (n of the axis) position of value k, owned */
} nd_refine_map;

typedef struct nd_replicate {
    size_t point, replicate, setting;
} nd_replicate;

/* The spec's design must be refine; it must outlive the map. */
ND_MUST nd_code nd_refine_map_new(nd_refine_map *m, const nd_spec *s, nd_err *err);
void nd_refine_map_free(nd_refine_map *m);

/* Where point i of the spec lies. The first replicates differ in both seeds: 0 is
 * (0, 0), 1 is (1, 1) of devices and trainings, and so on, each seed modulo its number. */
nd_replicate nd_refine_place(const nd_refine_map *m, size_t i);

#endif
