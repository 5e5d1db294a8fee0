/* merit.h -- which of the tuned settings a cell takes: the one with the lowest median validation
 * error, where a trial that failed and would fail again is infinitely wrong. */
#ifndef NUDGE_MERIT_H
#define NUDGE_MERIT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct nd_merit {
    double strict; /* hopeless trials counted: a setting that sometimes diverges loses */
    double loose;  /* of the finished trials alone; NaN: there is none                 */
} nd_merit;

/* x (n + hopeless): validation errors of the n finished trials, in any order, and room for those
 * that would fail again; is overwritten. */
nd_merit nd_merit_of(double *x, size_t n, size_t hopeless);

/* Is a the better? One without a finished trial never is. */
bool nd_merit_better(nd_merit a, nd_merit b);

#endif
