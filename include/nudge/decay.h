/* decay.h -- a figure of how coefficients fall: measured, fitted, and the floor that they
 * fall to, one colour for each line. */
#ifndef NUDGE_DECAY_H
#define NUDGE_DECAY_H

#include "nudge/err.h"

#include <stddef.h>

/* Values at 0, 1, ..., above 0; the fit is exp(intercept + slope k), NaN: none. */
typedef struct nd_decay_line {
    char name[48];
    const double *value; /* (points), borrowed */
    double intercept, slope, floor;
} nd_decay_line;

typedef struct nd_decay {
    const char *title, *note, *xlabel, *ylabel;
    size_t points, n_lines;
    const nd_decay_line *line; /* (n_lines), borrowed */
} nd_decay;

/* ND_EUSAGE unless path ends in .svg, .pdf or .png. */
ND_MUST nd_code nd_decay_check(const char *path, nd_err *err);

/* Draws with gnuplot: ND_EENV without it; ND_EINPUT: no value above 0 to draw. */
ND_MUST nd_code nd_decay_draw(const nd_decay *d, const char *path, nd_err *err);

#endif
