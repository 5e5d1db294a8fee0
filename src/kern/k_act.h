/* k_act.h -- the activations of activations.def over 16 lanes. */
#ifndef NUDGE_K_ACT_H
#define NUDGE_K_ACT_H

#include "nudge/choices.h"

#include "vec_math.h"

ND_INLINE vf clip(vf x, float lo, float hi)
{
    return vf_max(vf_set1(lo), vf_min(vf_set1(hi), x));
}

ND_INLINE vf activate(vf x, int activation)
{
    switch (activation) {
    case ND_ACTIVATION_shifted_sigmoid:
        return vf_logistic(vf_fma(vf_set1(4.0f), x, vf_set1(-2.0f)));
    case ND_ACTIVATION_hard_sigmoid:
        return clip(x, 0.0f, 1.0f);
    case ND_ACTIVATION_half_sigmoid:
        return clip(vf_mul(vf_set1(0.5f), x), 0.0f, 1.0f);
    case ND_ACTIVATION_centred_sigmoid:
        return clip(x, -0.5f, 0.5f);
    case ND_ACTIVATION_logistic:
        return vf_logistic(x);
    case ND_ACTIVATION_tanh:
        return vf_tanh(x);
    case ND_ACTIVATION_relu:
        return vf_max(vf_set1(0.0f), x);
    default:
        return x; /* identity */
    }
}

#endif
