/* act.h -- activations in double precision: the reference that the kernels are held
 * against. */
#ifndef NUDGE_ACT_H
#define NUDGE_ACT_H

#include "nudge/choices.h"

#include <stddef.h>
#include <stdint.h>

typedef struct nd_activation {
    const char *name, *formula, *source;
    double (*r)(double x);
} nd_activation;

const nd_activation *nd_activation_at(nd_activation_id id);

/* How many of the states s (B, n), leading dimension ld >= nd_ld(n), are pinned: at a bound of the
 * activation, or nearer to it than 1e-4, where a sigmoid has lost its slope. */
uint64_t nd_activation_pinned(nd_activation_id id, size_t B, size_t n, size_t ld,
                              const float *s);

#endif
