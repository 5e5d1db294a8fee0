/* act.c -- the activation table. Derivatives follow from the formulas of activations.def;
 * those of the sigmoids are polynomials of the sigmoid itself. */
#include "nudge/act.h"

#include "nudge/kern.h"

#include <math.h>
#include <stddef.h>

static double clip(double x, double lo, double hi)
{
    return fmax(lo, fmin(hi, x));
}
static double within(double x, double lo, double hi)
{
    return x >= lo && x <= hi ? 1.0 : 0.0;
}
static double zero(double x)
{
    (void)x;
    return 0.0;
}

static double logistic(double x)
{
    return 1.0 / (1.0 + exp(-x));
}
static double logistic_slope(double x)
{
    const double r = logistic(x);
    return r * (1.0 - r);
}
static double logistic_curve(double x)
{
    const double r = logistic(x);
    return r * (1.0 - r) * (1.0 - 2.0 * r);
}
static double complex logistic_holomorphic(double complex z)
{
    return 1.0 / (1.0 + cexp(-z));
}
static double complex logistic_holomorphic_slope(double complex z)
{
    const double complex r = logistic_holomorphic(z);
    return r * (1.0 - r);
}

static double shifted_sigmoid(double x)
{
    return logistic(4.0 * (x - 0.5));
}
static double shifted_sigmoid_slope(double x)
{
    return 4.0 * logistic_slope(4.0 * (x - 0.5));
}
static double shifted_sigmoid_curve(double x)
{
    return 16.0 * logistic_curve(4.0 * (x - 0.5));
}
static double complex shifted_sigmoid_holomorphic(double complex z)
{
    return logistic_holomorphic(4.0 * (z - 0.5));
}
static double complex shifted_sigmoid_holomorphic_slope(double complex z)
{
    return 4.0 * logistic_holomorphic_slope(4.0 * (z - 0.5));
}

static double tanh_slope(double x)
{
    const double r = tanh(x);
    return 1.0 - r * r;
}
static double tanh_curve(double x)
{
    const double r = tanh(x);
    return -2.0 * r * (1.0 - r * r);
}
static double complex tanh_holomorphic(double complex z)
{
    return ctanh(z);
}
static double complex tanh_holomorphic_slope(double complex z)
{
    const double complex r = ctanh(z);
    return 1.0 - r * r;
}

static double hard_sigmoid(double x)
{
    return clip(x, 0.0, 1.0);
}
static double hard_sigmoid_slope(double x)
{
    return within(x, 0.0, 1.0);
}
static double half_sigmoid(double x)
{
    return clip(x / 2.0, 0.0, 1.0);
}
static double half_sigmoid_slope(double x)
{
    return 0.5 * within(x, 0.0, 2.0);
}
static double centred_sigmoid(double x)
{
    return clip(x, -0.5, 0.5);
}
static double centred_sigmoid_slope(double x)
{
    return within(x, -0.5, 0.5);
}
static double relu(double x)
{
    return fmax(x, 0.0);
}
static double relu_slope(double x)
{
    return within(x, 0.0, HUGE_VAL);
}

static double identity(double x)
{
    return x;
}
static double identity_slope(double x)
{
    (void)x;
    return 1.0;
}
static double identity_curve(double x)
{
    return zero(x);
}
static double complex identity_holomorphic(double complex z)
{
    return z;
}
static double complex identity_holomorphic_slope(double complex z)
{
    (void)z;
    return 1.0;
}

/* r, r', r'', and the holomorphic continuations of r and r', of each row of the table */
#define SMOOTH(f)            f, f##_slope, f##_curve, f##_holomorphic, f##_holomorphic_slope
#define CORNERED(f)          f, f##_slope, zero, NULL, NULL
#define FUNC_shifted_sigmoid SMOOTH(shifted_sigmoid)
#define FUNC_hard_sigmoid    CORNERED(hard_sigmoid)
#define FUNC_half_sigmoid    CORNERED(half_sigmoid)
#define FUNC_centred_sigmoid CORNERED(centred_sigmoid)
#define FUNC_logistic        SMOOTH(logistic)
#define FUNC_tanh            SMOOTH(tanh)
#define FUNC_relu            CORNERED(relu)
#define FUNC_identity        SMOOTH(identity)

static const nd_activation rows[] = {
#define A(id, name, formula, source)                                                       \
    [ND_ACTIVATION_##id] = {name, formula, source, FUNC_##id},
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
