/* curves.h -- pairs of curves over steps, in panels: what a theory says beside what was
 * measured. */
#ifndef NUDGE_CURVES_H
#define NUDGE_CURVES_H

#include "nudge/err.h"

#include <stddef.h>

typedef struct nd_curves_pair {
    const double *solid, *dashed; /* (points), borrowed */
} nd_curves_pair;

typedef struct nd_curves_panel {
    char title[48];
    size_t n;
    const nd_curves_pair *pair; /* (n), borrowed */
} nd_curves_panel;

typedef struct nd_curves {
    const char *title, *note, *xlabel;
    size_t points; /* x is 0, 1, ... */
    size_t n_panels;
    const nd_curves_panel *panel; /* (n_panels), borrowed */
} nd_curves;

/* ND_EUSAGE unless path ends in .svg, .pdf or .png. */
ND_MUST nd_code nd_curves_check(const char *path, nd_err *err);

/* Draws with gnuplot: ND_EENV without it. */
ND_MUST nd_code nd_curves_draw(const nd_curves *c, const char *path, nd_err *err);

#endif
