/* act.c -- the activation table. */
#include "nudge/act.h"

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
