/* act.h -- activations in double precision: the reference that the kernels are held
 * against, with the derivatives that gradient checks need. */
#ifndef NUDGE_ACT_H
#define NUDGE_ACT_H

#include "nudge/choices.h"

#include <complex.h>
#include <stddef.h>
#include <stdint.h>

typedef struct nd_activation {
    const char *name, *formula, *source;
    double (*r)(double x);
    /* r' and r''. At a corner the slope of the slanted part, as in the published code. */
    double (*slope)(double x), (*curve)(double x);
    /* r and r' continued to complex numbers; NULL: r is not holomorphic */
    double complex (*holomorphic)(double complex z);
    double complex (*holomorphic_slope)(double complex z);
} nd_activation;

/* re + i im, whatever these are */
static inline double complex nd_complex(double re, double im)
{
    const union {
        double part[2];
        double complex z;
    } u = {{re, im}};
    return u.z;
}

const nd_activation *nd_activation_at(nd_activation_id id);

/* How many of the states s (B, n), leading dimension ld >= nd_ld(n), are pinned: at a bound of the
 * activation, or nearer to it than 1e-4, where a sigmoid has lost its slope. */
uint64_t nd_activation_pinned(nd_activation_id id, size_t B, size_t n, size_t ld,
                              const float *s);

#endif
