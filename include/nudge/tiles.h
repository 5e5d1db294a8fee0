/* tiles.h -- pictures of many small images side by side: what a machine dreams, and what
 * its units look for. */
#ifndef NUDGE_TILES_H
#define NUDGE_TILES_H

#include "nudge/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { ND_TILES_PIXELS_MAX = 4000000 };

/* A view: owns nothing. NaN pixels stay blank. */
typedef struct nd_tiles {
    size_t count, rows, cols; /* images, and pixels of each                           */
    const float *pixels;      /* (count, rows, cols)                                  */
    size_t across;            /* images side by side; 0: so many that all is square   */
    float lo, hi;             /* drawn black and white; equal: what the pixels span   */
    bool centred;             /* what the pixels span is widened to -x..x: 0 is grey  */
    const char *title;        /* NULL: none                                           */
} nd_tiles;

/* ND_EUSAGE when path ends like no picture. */
ND_MUST nd_code nd_tiles_check(const char *path, nd_err *err);

/* Draws them by the ending of path: .png .svg .pdf. ND_EUSAGE: another ending; ND_EINPUT:
 * nothing, too much or no number to draw; ND_EENV: no gnuplot. */
ND_MUST nd_code nd_tiles_write(const nd_tiles *t, const char *path, nd_err *err);

#endif
