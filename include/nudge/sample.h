/* sample.h -- points of sampled designs: point i along an axis, in [0, 1), as a pure function
 * of (design, seed, axis, i). So a longer design begins with the shorter one. */
#ifndef NUDGE_SAMPLE_H
#define NUDGE_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum nd_design {
#define D(id, name, sampled, help, source) ND_DESIGN_##id,
#include "nudge/designs.def"
#undef D
    ND_DESIGNS
} nd_design;

const char *nd_design_name(nd_design d);
bool nd_design_sampled(nd_design d);

typedef enum nd_scramble {
    ND_SCRAMBLE_NONE,
    ND_SCRAMBLE_SHIFT,
    ND_SCRAMBLE_OWEN
} nd_scramble;

typedef struct nd_sampler {
    nd_design design;     /* a sampled one    */
    nd_scramble scramble; /* of Sobol points  */
    uint64_t seed;
} nd_sampler;

enum { ND_SOBOL_AXES = 64, ND_SAMPLES_MAX = 1 << 20 };

/* Random: independent and uniform. Lhs: of the first 2^k points, one lies in each of 2^k equal
 * strata of every axis; of the first n < 2^k at most one. Sobol: bits 1 to 32 of Joe and Kuo's
 * direction numbers, points in Gray code order, scrambled; axis < ND_SOBOL_AXES. */
double nd_sample(const nd_sampler *s, size_t axis, uint32_t i);

#endif
