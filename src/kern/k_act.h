/* k_act.h -- the activations of activations.def over 16 lanes. */
#ifndef NUDGE_K_ACT_H
#define NUDGE_K_ACT_H

#include "nudge/choices.h"

#include "vec_math.h"

ND_INLINE vf clip(vf x, float lo, float hi)
{
    return vf_max(vf_set1(lo), vf_min(vf_set1(hi), x));
}

/* x = r(x) for n vectors */
ND_INLINE void activate_s(const int n, vf *x, int activation)
{
    switch (activation) {
    case ND_ACTIVATION_shifted_sigmoid:
        EACH x[i] = vf_fnma(vf_set1(4.0f), x[i], vf_set1(2.0f));
        vf_logistic_of_minus_s(n, x);
        return;
    case ND_ACTIVATION_hard_sigmoid:
        EACH x[i] = clip(x[i], 0.0f, 1.0f);
        return;
    case ND_ACTIVATION_half_sigmoid:
        EACH x[i] = clip(vf_mul(vf_set1(0.5f), x[i]), 0.0f, 1.0f);
        return;
    case ND_ACTIVATION_centred_sigmoid:
        EACH x[i] = clip(x[i], -0.5f, 0.5f);
        return;
    case ND_ACTIVATION_logistic:
        EACH x[i] = vf_sub(vf_set1(0.0f), x[i]);
        vf_logistic_of_minus_s(n, x);
        return;
    case ND_ACTIVATION_tanh:
        vf_tanh_s(n, x);
        return;
    case ND_ACTIVATION_relu:
        EACH x[i] = vf_max(vf_set1(0.0f), x[i]);
        return;
    default:
        return; /* identity */
    }
}

/* r'(s), where rho = r(s) is known already. At a corner the slope of the piecewise linear
 * ones is that of the slanted part, as in the published code. */
ND_INLINE vf slope(vf s, vf rho, int activation)
{
    const vf zero = vf_set1(0.0f), one = vf_set1(1.0f);
    switch (activation) {
    case ND_ACTIVATION_shifted_sigmoid:
        return vf_mul(vf_mul(vf_set1(4.0f), rho), vf_sub(one, rho));
    case ND_ACTIVATION_hard_sigmoid:
        return vf_sel(vf_lt(s, zero), zero, vf_sel(vf_lt(one, s), zero, one));
    case ND_ACTIVATION_half_sigmoid:
        return vf_sel(vf_lt(s, zero), zero,
                      vf_sel(vf_lt(vf_set1(2.0f), s), zero, vf_set1(0.5f)));
    case ND_ACTIVATION_centred_sigmoid:
        return vf_sel(vf_lt(vf_set1(0.5f), vf_abs(s)), zero, one);
    case ND_ACTIVATION_logistic:
        return vf_mul(rho, vf_sub(one, rho));
    case ND_ACTIVATION_tanh:
        return vf_fnma(rho, rho, one);
    case ND_ACTIVATION_relu:
        return vf_sel(vf_lt(s, zero), zero, one);
    default:
        return one; /* identity */
    }
}

/* A complex number in each lane. */
typedef struct vc {
    vf re, im;
} vc;

/* 1/(1 + exp(-z)) = (1 + E cos b + i E sin b) / |1 + E exp(-ib)|^2, z = a + ib, E =
 * exp(-a) */
ND_INLINE vc vc_logistic(vc z)
{
    const vf a = vf_max(vf_set1(-40.0f), vf_min(vf_set1(40.0f), z.re));
    const vf e = vf_exp(vf_sub(vf_set1(0.0f), a)), one = vf_set1(1.0f);
    vf sine, cosine;
    vf_sincos(z.im, &sine, &cosine);
    const vf re = vf_fma(e, cosine, one), im = vf_mul(e, sine);
    const vf scale = vf_div(one, vf_fma(re, re, vf_mul(im, im)));
    return (vc){vf_mul(re, scale), vf_mul(im, scale)};
}

ND_INLINE vc activate_complex(vc z, int activation)
{
    const vf two = vf_set1(2.0f), four = vf_set1(4.0f);
    vc r;
    switch (activation) {
    case ND_ACTIVATION_shifted_sigmoid:
        return vc_logistic((vc){vf_fma(four, z.re, vf_set1(-2.0f)), vf_mul(four, z.im)});
    case ND_ACTIVATION_logistic:
        return vc_logistic(z);
    case ND_ACTIVATION_tanh:
        r = vc_logistic((vc){vf_mul(two, z.re), vf_mul(two, z.im)});
        return (vc){vf_fma(two, r.re, vf_set1(-1.0f)), vf_mul(two, r.im)};
    default:
        return z; /* identity */
    }
}

#endif
