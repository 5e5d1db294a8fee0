/* palette.h -- colours for numbers: scales of even steps that colour-blind eyes read too. */
#ifndef NUDGE_PALETTE_H
#define NUDGE_PALETTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct nd_palette {
    const char *name, *source;
    bool diverging; /* its middle is the lightest */
    size_t n;
    uint32_t rgb[17]; /* (n) 0xrrggbb, evenly spaced, straight between */
} nd_palette;

const nd_palette *nd_palette_find(const char *name); /* NULL: there is none */
const nd_palette *nd_palette_at(size_t i);           /* NULL after the last */

/* The colour of 0 <= part <= 1. */
uint32_t nd_palette_rgb(const nd_palette *p, double part);

/* Black or white, whichever stands out more from rgb (contrast ratio of WCAG 2.1, 1.4.3). */
uint32_t nd_palette_ink(uint32_t rgb);

/* To tell names apart (Okabe and Ito 2008, without yellow, darkest first). */
enum { ND_HUES = 7 };
uint32_t nd_palette_hue(size_t i);

#endif
