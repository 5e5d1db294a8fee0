/* act.h -- activations in double precision: the reference that the kernels are held
 * against. */
#ifndef NUDGE_ACT_H
#define NUDGE_ACT_H

#include "nudge/choices.h"

typedef struct nd_activation {
    const char *name, *formula, *source;
    double (*r)(double x);
} nd_activation;

const nd_activation *nd_activation_at(nd_activation_id id);

#endif
