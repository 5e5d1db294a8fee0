/* contour.h -- lines of equal value through values on a grid: marching squares. */
#ifndef NUDGE_CONTOUR_H
#define NUDGE_CONTOUR_H

#include "nudge/err.h"

#include <stddef.h>

/* Points of the lines, one line after the other; a closed one ends where it began. */
typedef struct nd_contour {
    size_t n;
    double *x, *y; /* (n) */
    size_t *line;  /* (n) 0 0 0 1 1 ... */
} nd_contour;

/* Where z (nx, ny), the last index fastest, over the coordinates x (nx) and y (ny), is `level`:
 * linear along the edges of the grid, straight between them. Squares with a NaN corner have no
 * line; of a saddle the mean of its corners decides how it is passed. Free with nd_contour_free,
 * also after an error. */
ND_MUST nd_code nd_contour_trace(const double *x, size_t nx, const double *y, size_t ny,
                                 const double *z, double level, nd_contour *out,
                                 nd_err *err);
void nd_contour_free(nd_contour *c);

#endif
