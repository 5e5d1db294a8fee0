/* act.c -- the activation table. */
#include "nudge/act.h"

#include "nudge/kern.h"

#include <math.h>

static double clip(double x, double lo, double hi)
{
    return fmax(lo, fmin(hi, x));
}
static double logistic(double x)
{
    return 1.0 / (1.0 + exp(-x));
}
static double shifted_sigmoid(double x)
{
    return logistic(4.0 * (x - 0.5));
}
static double hard_sigmoid(double x)
{
    return clip(x, 0.0, 1.0);
}
static double half_sigmoid(double x)
{
    return clip(x / 2.0, 0.0, 1.0);
}
static double centred_sigmoid(double x)
{
    return clip(x, -0.5, 0.5);
}
static double relu(double x)
{
    return fmax(x, 0.0);
}
static double identity(double x)
{
    return x;
}

static const nd_activation rows[] = {
#define A(id, name, formula, source) {name, formula, source, id},
#include "nudge/activations.def"
#undef A
};

const nd_activation *nd_activation_at(nd_activation_id id)
{
    return &rows[id];
}

/* Of an unbounded activation the bound is what no network in good order comes near. */
uint64_t nd_activation_pinned(nd_activation_id id, size_t B, size_t n, size_t ld,
                              const float *s)
{
    const double far = 1e6, near = 1e-4;
    const float lo = (float)(rows[id].r(-far) + near), hi = (float)(rows[id].r(far) - near);
    const size_t whole = n / ND_LANES;
    const nd_rows parts[] = {
        {.rows = whole, .lanes = ND_LANES},
        {.rows = n % ND_LANES != 0, .lanes = (unsigned)(n % ND_LANES)}};
    uint64_t pinned = 0;
    for (size_t b = 0; b < B; b++)
        for (int i = 0; i < 2; i++) {
            uint64_t count;
            nd_kern()->outside(parts[i], s + b * ld + (i ? whole * ND_LANES : 0), lo, hi,
                               &count);
            pinned += count;
        }
    return pinned;
}
