/* plot.h -- two panels of curves and points side by side. */
#ifndef NUDGE_PLOT_H
#define NUDGE_PLOT_H

#include "nudge/err.h"

#include <stdbool.h>
#include <stddef.h>

/* x and y (n), borrowed; y NaN: no point. */
typedef struct nd_plot_series {
    const char *name; /* for the key; NULL: none */
    const double *x, *y;
    size_t n;
    bool points; /* else a line */
    int colour;  /* 0, 1, 2: dark to light; lines of one colour belong together */
} nd_plot_series;

typedef struct nd_plot_panel {
    const char *xlabel, *ylabel;
    size_t n;
    const nd_plot_series *series; /* (n), borrowed; at most 8 */
} nd_plot_panel;

typedef struct nd_plot {
    const char *title, *note;
    nd_plot_panel panel[2];
} nd_plot;

/* ND_EUSAGE unless path ends in .svg, .pdf or .png. */
ND_MUST nd_code nd_plot_check(const char *path, nd_err *err);

/* Draws with gnuplot: ND_EENV without it. */
ND_MUST nd_code nd_plot_draw(const nd_plot *plot, const char *path, nd_err *err);

#endif
