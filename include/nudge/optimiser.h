/* optimiser.h -- from the gradient of a weight matrix to the change that is wanted of it:
 * learning rates and their schedule, weight decay, momentum, Adam. What really changes is up
 * to the devices. */
#ifndef NUDGE_OPTIMISER_H
#define NUDGE_OPTIMISER_H

#include "nudge/mem.h"
#include "nudge/params.h"

/* What is kept for one matrix; the memory belongs to the trial's arena. */
typedef struct nd_optimiser {
    float *m, *v;   /* (n) moments, NULL when train.optimiser keeps none */
    uint64_t steps; /* so far */
} nd_optimiser;

/* Carves the state for n weights, or measures it. */
void nd_optimiser_take(nd_optimiser *o, const nd_params *p, size_t n, nd_arena *a);

/* The learning rate of matrix i (an index into train.rates) in this epoch, counted from 1. */
double nd_optimiser_rate(const nd_params *p, size_t i, uint32_t epoch);

/* True when the wanted change is the rate times the gradient and nothing else, so that
 * nd_optimiser_step is not needed. */
bool nd_optimiser_plain(const nd_params *p, size_t i);

/* change (n): on entry minus the gradient, on return the wanted change. weight (n) is read
 * for its decay; a bias decays only when train.decay_on says so. */
void nd_optimiser_step(nd_optimiser *o, const nd_params *p, size_t i, bool bias,
                       uint32_t epoch, size_t n, const float *weight, float *change);

#endif
