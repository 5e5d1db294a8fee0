/* device_law.c -- the curves of all types, in double precision: their constants for the
 * kernel k_device.c, whose formulas these are, and their symmetry points. */
#include "device_impl.h"

#include <math.h>

/* ---- logarithmic: the first step of the range is exp(beta) times the last ---- */

static double beta_of(const nd_params *p, bool up)
{
    (void)up;
    return p->device_beta;
}
static void logarithmic(const nd_params *p, double beta, bool up, double k[ND_LAW_K])
{
    (void)p, (void)up;
    k[0] = beta < 1e-4 ? 1e-4 : beta > 20 ? 20 : beta; /* what variability may not leave */
    k[1] = expm1(k[0]);
    k[2] = 1 / k[0];
}

/* ---- exponential: NeuroSim ---- */

/* NL for K = 1/A. The distance of the normalised curve from the diagonal is largest where
 * its slope is 1. */
static double label(double K)
{
    if (fabs(K) < 1e-6) return 10.1015 * K / 8;
    const double whole = -expm1(-K), x = log(K / whole) / K;
    return 10.1015 * (-expm1(-K * x) / whole - x);
}

double nd_nl_label(double A)
{
    return A < 0 ? -label(-1 / A) : label(1 / A);
}

double nd_nl_inverse(double nl)
{
    double lo = 0, hi = 1000;
    for (int i = 0; i < 60; i++) {
        const double K = (lo + hi) / 2;
        *(label(K) < fabs(nl) ? &lo : &hi) = K;
    }
    return copysign((lo + hi) / 2, nl);
}

static double nl_of(const nd_params *p, bool up)
{
    return up ? p->device_nl_up : -p->device_nl_down;
}
static void exponential(const nd_params *p, double nl, bool up, double k[ND_LAW_K])
{
    (void)p, (void)up;
    nl = nl > 9.5 ? 9.5 : nl < -9.5 ? -9.5 : nl;
    const double K = nd_nl_inverse(nl);
    k[0] = fabs(K) < 1e-3 ? 1e-3 : K; /* next to a straight line */
    k[1] = -1 / expm1(-k[0]);
    k[2] = 0;
}

/* ---- linear: 1 - gamma (y - m)/(1 - m), m the middle as this direction sees it ---- */

static void linear(const nd_params *p, double gamma, bool up, double k[ND_LAW_K])
{
    const double m = up ? p->device_middle : 1 - p->device_middle;
    k[0] = 1 + gamma * m / (1 - m);
    k[1] = gamma / (1 - m);
    k[2] = 0;
}
static double linear_of(const nd_params *p, bool up)
{
    return up ? p->device_linear_up : p->device_linear_down;
}
static void constant(const nd_params *p, double shape, bool up, double k[ND_LAW_K])
{
    (void)shape;
    linear(p, 0, up, k);
}
static void soft(const nd_params *p, double shape, bool up, double k[ND_LAW_K])
{
    (void)shape;
    linear(p, 1, up, k);
}

/* ---- saturating: A exp(+-gamma (2 a (x - 1/2) + b)), as a function of y ---- */

static double exp_of(const nd_params *p, bool up)
{
    return up ? p->device_exp_up : p->device_exp_down;
}
static void saturating(const nd_params *p, double gamma, bool up, double k[ND_LAW_K])
{
    const double A = up ? p->device_exp_A_up : p->device_exp_A_down;
    const double b = up ? p->device_exp_b : -p->device_exp_b;
    k[0] = A * exp(gamma * (b - p->device_exp_a));
    k[1] = 2 * gamma * p->device_exp_a;
    k[2] = 0;
}

static double power_of(const nd_params *p, bool up)
{
    return up ? p->device_power_up : p->device_power_down;
}
static void power(const nd_params *p, double exponent, bool up, double k[ND_LAW_K])
{
    (void)p, (void)up;
    k[0] = exponent < 0 ? 0 : exponent;
    k[1] = k[2] = 0;
}

/* ---- table: f(0), and at each node the change of slope ---- */

static double node_of(const nd_reals *list, bool up, size_t i)
{
    return list->v[up ? i : list->n - 1 - i]; /* as seen from where the direction starts */
}

static void table(const nd_params *p, double shape, bool up, double k[ND_LAW_K])
{
    (void)shape;
    const nd_reals *list = up ? &p->device_curve_up : &p->device_curve_down;
    k[0] = list->n > 1 ? (double)(list->n - 1) : 1;
    k[1] = k[2] = 0;
}

static nd_curve kinks(const nd_params *p, bool up, nd_curve c)
{
    const nd_reals *list = up ? &p->device_curve_up : &p->device_curve_down;
    double before = 0;
    c.nodes = list->n;
    c.node[0] = (float)node_of(list, up, 0);
    for (size_t i = 1; i < list->n; i++) {
        const double slope = node_of(list, up, i) - node_of(list, up, i - 1);
        c.node[i] = (float)(slope - before);
        before = slope;
    }
    return c;
}

static double table_rate(const nd_params *p, bool up, double y)
{
    const nd_reals *list = up ? &p->device_curve_up : &p->device_curve_down;
    if (list->n == 1) return list->v[0];
    const double at = y * (double)(list->n - 1);
    size_t i = (size_t)at;
    if (i + 2 > list->n) i = list->n - 2;
    const double here = node_of(list, up, i);
    return here + (at - (double)i) * (node_of(list, up, i + 1) - here);
}

/* ---- rows ---- */

const nd_law nd_law_ernoult = {ND_LAW_LOGARITHMIC, 3, false, beta_of, logarithmic};
const nd_law nd_law_neurosim = {ND_LAW_EXPONENTIAL, 2, false, nl_of, exponential};
const nd_law nd_law_constant_step = {ND_LAW_LINEAR, 0, false, NULL, constant};
const nd_law nd_law_linear_step = {ND_LAW_LINEAR, 2, false, linear_of, linear};
const nd_law nd_law_soft_bounds = {ND_LAW_LINEAR, 0, false, NULL, soft};
const nd_law nd_law_soft_bounds_reference = {ND_LAW_LINEAR, 0, true, NULL, soft};
const nd_law nd_law_exp_step = {ND_LAW_SATURATING, 2, false, exp_of, saturating};
const nd_law nd_law_pow_step = {ND_LAW_POWER, 1, false, power_of, power};
const nd_law nd_law_piecewise = {ND_LAW_TABLE, 0, false, NULL, table};

static void constants(const nd_law *law, const nd_params *p, bool up, double k[ND_LAW_K])
{
    law->curve(p, law->shape ? law->shape(p, up) : 0, up, k);
}

nd_curve nd_law_curve(const nd_law *law, const nd_params *p, bool up)
{
    double k[ND_LAW_K];
    nd_curve c = {.nodes = 0};
    constants(law, p, up, k);
    for (int i = 0; i < ND_LAW_K; i++)
        c.k[i] = (float)k[i];
    return law->id == ND_LAW_TABLE ? kinks(p, up, c) : c;
}

double nd_law_rate_of(const nd_law *law, const double k[ND_LAW_K], double y)
{
    switch (law->id) {
    case ND_LAW_LOGARITHMIC:
        return 2 * sinh(k[0] / 2) / k[0] * exp(k[0] * (0.5 - y));
    case ND_LAW_EXPONENTIAL:
        return k[0] * (k[1] - y);
    case ND_LAW_LINEAR:
        return fmax(0, k[0] - k[1] * y);
    case ND_LAW_SATURATING:
        return fmax(0, 1 - k[0] * exp(k[1] * y));
    case ND_LAW_POWER:
        return pow(1 - y, k[0]);
    case ND_LAW_TABLE:
        break;
    }
    return (double)NAN;
}

double nd_law_rate(const nd_law *law, const nd_params *p, double x, bool up)
{
    double k[ND_LAW_K];
    const double y = up ? x : 1 - x;
    constants(law, p, up, k);
    const double rate =
        law->id == ND_LAW_TABLE ? table_rate(p, up, y) : nd_law_rate_of(law, k, y);
    return rate * (up ? 1 + p->device_asymmetry : 1 - p->device_asymmetry);
}

double nd_law_symmetry(const nd_law *law, const nd_params *p)
{
    double lo = 0, hi = 1;
    const double first = nd_law_rate(law, p, 0, true) - nd_law_rate(law, p, 0, false);
    const double last = nd_law_rate(law, p, 1, true) - nd_law_rate(law, p, 1, false);
    if (!(first > 0 && last < 0)) return (double)NAN;
    for (int i = 0; i < 60; i++) {
        const double x = (lo + hi) / 2;
        const double up = nd_law_rate(law, p, x, true);
        *(up > nd_law_rate(law, p, x, false) ? &lo : &hi) = x;
    }
    return (lo + hi) / 2;
}
