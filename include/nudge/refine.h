/* refine.h -- adaptive refinement (design: refine): which points of a grid to try next, so that
 * few trials show where a contour of the map runs.
 *
 * A pure function of the grid and of what was found at the points chosen so far: so it does not
 * matter who ran their trials, in which order, or how often the run was killed. It knows nothing
 * of trials: a point has replicates, and a replicate is worth one number.
 *
 * Points are numbered in mixed radix along the axes, the last fastest. Along an axis of numbers
 * positions ascend with the number; axes of names, and cases, have no order: each of their
 * values has a map of its own, and they share the budget. */
#ifndef NUDGE_REFINE_H
#define NUDGE_REFINE_H

#include "nudge/round.h"

enum { ND_LEVELS_MAX = 8, ND_REFINE_AXES_MAX = 8 };

/* What is asked for. */
typedef struct nd_refine {
    int metric; /* nd_metric_id */
    size_t n_levels;
    double level[ND_LEVELS_MAX]; /* of the contours, ascending                            */
    double budget;               /* up to 1: part of the grid's trials; above: trials     */
    uint32_t coarse;     /* steps of the grid between the first points, at most; 4        */
    uint32_t precision;  /* steps of the grid to know the contour to; 1                   */
    uint32_t replicates; /* of a new point, where there are so many; 2                    */
    double standard_errors; /* a point's median must be so far from the level; 2          */
} nd_refine;

nd_refine nd_refine_defaults(void); /* no level yet, budget 0.4, of metric 0 */

/* In trials, of a grid that has so many; at least 1. */
size_t nd_refine_budget(const nd_refine *r, size_t trials);

typedef struct nd_refine_grid {
    size_t n_axes;
    size_t n[ND_REFINE_AXES_MAX]; /* points along each */
    bool ordered[ND_REFINE_AXES_MAX];
    size_t points; /* product of n                                  */
    size_t most;   /* replicates of a point, at most                */
    size_t cost;   /* trials that a replicate takes                 */
    size_t budget; /* trials, of all rounds together                */
    const uint32_t
        *available; /* (points) replicates there are, up to `most`; 0: no such point */
} nd_refine_grid;

/* Decides the round that follows. chosen (points): replicates asked for so far; value (points,
 * most): what they gave, NaN where a replicate failed; beyond `chosen` nothing is read. Never
 * asks for more than the budget. Free the round. ND_ENOMEM. */
ND_MUST nd_code nd_refine_next(const nd_refine *rule, const nd_refine_grid *grid,
                               const uint32_t *chosen, const double *value, nd_round *out,
                               nd_err *err);

/* The trials of the first round: points x replicates x cost. */
ND_MUST nd_code nd_refine_first(const nd_refine *rule, const nd_refine_grid *grid,
                                size_t *trials, nd_err *err);

#endif
