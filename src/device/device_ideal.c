/* device_ideal.c -- a weight that does as it is told. */
#include "device_impl.h"

#include <math.h>
#include <string.h>

static void take(nd_bank *b, nd_arena *a)
{
    (void)b, (void)a; /* the weight is all there is */
}

/* Weights and biases uniform in +-1/sqrt(fan_in), as the published EP code (PyTorch's
 * default for linear layers). */
static void init(nd_bank *b, size_t fan_in)
{
    const nd_at at = nd_at_sub(
        (nd_at){.seed = (uint64_t)b->p->train_seed, .stream = ND_STREAM_WEIGHTS}, b->id);
    const float bound = (float)(1.0 / sqrt((double)fan_in));
    nd_kern()->uniforms(at, nd_panels(b->k, b->n), -bound, bound, b->weight);
}

static void assign(nd_bank *b, const float *weight)
{
    memcpy(b->weight, weight, nd_panels(b->k, b->n) * sizeof *weight);
}

static void pulse(nd_bank *b, const float *wanted, nd_at at)
{
    (void)at;
    nd_kern()->add(nd_panels(b->k, b->n), wanted, b->weight);
}

static double slope(const nd_params *p)
{
    (void)p;
    return 1.0;
}

const nd_device_ops nd_device_ideal = {
    .name = "ideal",
    .take = take,
    .init = init,
    .assign = assign,
    .pulse = pulse,
    .slope = slope,
};
