/* converters.h -- what stands around a crossbar: a converter in front of every input line and
 * one behind every sum.
 *
 *     out = drive + sum over the terms of ADC(DAC(s) W)
 *
 * Each term is a crossbar of its own, and what is driven (biases, or what other crossbars
 * say) is added behind its converters. A converter of b bits clips at its range and rounds to
 * the nearest of 2^b - 1 equally spaced values from -range to range, 0 one of them; of two
 * equally near ones it takes the even. Ranges: read.dac_range, and read.adc_range largest
 * weights: see params.def.
 *
 * With read.dac_bits and adc_bits 0 there are no converters, and all of this is the kernels
 * themselves. */
#ifndef NUDGE_CONVERTERS_H
#define NUDGE_CONVERTERS_H

#include "nudge/kern.h"
#include "nudge/mem.h"
#include "nudge/params.h"

typedef struct nd_converter {
    float levels; /* on each side of 0; 0: it passes everything as it is */
    float range;
} nd_converter;

typedef struct nd_converters {
    nd_converter dac, adc;
    float *in, *sum;   /* room for states and sums: as taken */
    const float *zero; /* (widest) */
} nd_converters;

/* True when p asks for any. */
bool nd_converts(const nd_params *p);

/* Refuses what makes no sense: ND_EINPUT, with the reason. */
ND_MUST nd_code nd_converters_check(const nd_params *p, nd_err *err);

/* As p asks for; room for `rows` rows of `widest` floats (a multiple of ND_LANES). */
void nd_converters_take(nd_converters *c, const nd_params *p, size_t rows, size_t widest,
                        nd_arena *a);

/* n states as they enter: s itself, or a copy that lasts until the next one is made. */
const float *nd_convert_states(const nd_converters *c, size_t n, const float *s);

/* n sums as they leave, in place. */
void nd_convert_sums(const nd_converters *c, size_t n, float *sum);

/* The kernel affine, with converters; the drive may be out itself. */
void nd_convert_affine(const nd_converters *c, const nd_affine *a);

static inline bool nd_converters_are_ideal(const nd_converters *c)
{
    return c->dac.levels <= 0 && c->adc.levels <= 0;
}

#endif
