/* histogram.h -- histograms in panels, two over each other in each. */
#ifndef NUDGE_HISTOGRAM_H
#define NUDGE_HISTOGRAM_H

#include "nudge/err.h"

#include <stddef.h>
#include <stdint.h>

enum { ND_HISTOGRAM_BINS = 50, ND_HISTOGRAM_PANELS = 12 };

typedef struct nd_histogram_panel {
    char title[64];
    size_t n;                           /* 1 or 2: histograms of it                  */
    uint64_t bin[2][ND_HISTOGRAM_BINS]; /* of equal width from 0 to 1                */
} nd_histogram_panel;

typedef struct nd_histograms {
    const char *title, *note, *xlabel, *ylabel;
    const char *name[2];
    size_t n_panels; /* at most ND_HISTOGRAM_PANELS */
    const nd_histogram_panel *panel;
} nd_histograms;

/* ND_EUSAGE unless path ends in .svg, .pdf or .png. */
ND_MUST nd_code nd_histograms_check(const char *path, nd_err *err);

/* Draws shares of each histogram's sum. ND_EINPUT: no panel, or too many; ND_EENV: no gnuplot. */
ND_MUST nd_code nd_histograms_draw(const nd_histograms *h, const char *path, nd_err *err);

#endif
