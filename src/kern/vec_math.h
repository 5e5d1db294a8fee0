/* vec_math.h -- exp, log, tanh, normal deviates and Philox over 16 lanes: polynomials of
 * our own choice in a fixed order of operations, so that every ISA gives the same bits.
 *
 * Coefficients of exp, log, tanh, sin and cos: S. L. Moshier, Cephes library, single
 * precision. */
#ifndef NUDGE_VEC_MATH_H
#define NUDGE_VEC_MATH_H

#include "nudge/philox.h"

#include "vec.h"

/* c[0] x^(n-1) + ... + c[n-1], by Horner's rule */
#define POLY(x, ...)                                                                       \
    vf_poly((x), (const float[]){__VA_ARGS__}, sizeof((const float[]){__VA_ARGS__}) / 4)
ND_INLINE vf vf_poly(vf x, const float *c, size_t n)
{
    vf p = vf_set1(c[0]);
    ND_UNROLL
    for (size_t i = 1; i < n; i++)
        p = vf_fma(p, x, vf_set1(c[i]));
    return p;
}

/* Adding and taking away 1.5 * 2^23 rounds to a whole number; its low bits are that number.
 */
#define ROUND_MAGIC 12582912.0f

/* exp(x), relative error about 1e-7; x is held to [-86.5, 88], where results are normal
 * numbers. NaN goes through: in vf_min and vf_max the second operand wins an unordered
 * comparison. */
ND_INLINE vf vf_exp(vf x)
{
    x = vf_max(vf_set1(-86.5f), vf_min(vf_set1(88.0f), x));
    const vf shifted = vf_fma(x, vf_set1(1.44269504088896341f), vf_set1(ROUND_MAGIC));
    const vf n = vf_sub(shifted, vf_set1(ROUND_MAGIC));
    vf r = vf_fnma(n, vf_set1(0.693359375f), x);
    r = vf_fnma(n, vf_set1(-2.12194440e-4f), r);
    const vf q = POLY(r, 1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f,
                      4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f);
    const vf p = vf_add(vf_fma(vf_mul(r, r), q, r), vf_set1(1.0f));
    return vi_bits(vi_add(vf_bits(p), vi_shl(vf_bits(shifted), 23)));
}

/* log(x) for normal x > 0 */
ND_INLINE vf vf_log(vf x)
{
    /* x = 2^e m with m in [sqrt(1/2), sqrt(2)) */
    const vi bits = vf_bits(x);
    const vi e = vi_sar(vi_sub(bits, vi_set1(0x3f3504f3u)), 23);
    const vf f = vf_sub(vi_bits(vi_sub(bits, vi_shl(e, 23))), vf_set1(1.0f));
    const vf k = vf_from_int(e), z = vf_mul(f, f);
    const vf p = POLY(f, 7.0376836292e-2f, -1.1514610310e-1f, 1.1676998740e-1f,
                      -1.2420140846e-1f, 1.4249322787e-1f, -1.6668057665e-1f,
                      2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f);
    vf y = vf_mul(vf_mul(p, f), z);
    y = vf_fma(k, vf_set1(-2.12194440e-4f), y);
    y = vf_fnma(vf_set1(0.5f), z, y);
    return vf_fma(k, vf_set1(0.693359375f), vf_add(f, y));
}

/* log(1 + u) for u >= 0, accurate for small u: what 1 + u rounds away is added back. */
ND_INLINE vf vf_log1p(vf u)
{
    const vf v = vf_add(vf_set1(1.0f), u);
    const vf lost = vf_sub(u, vf_sub(v, vf_set1(1.0f)));
    return vf_add(vf_log(v), vf_div(lost, v));
}

ND_INLINE vf vf_logistic(vf x)
{
    const vf e = vf_exp(vf_sub(vf_set1(0.0f), x));
    return vf_div(vf_set1(1.0f), vf_add(vf_set1(1.0f), e));
}

ND_INLINE vf vf_abs(vf x)
{
    return vi_bits(vi_and(vf_bits(x), vi_set1(0x7fffffffu)));
}

ND_INLINE vf vf_tanh(vf x)
{
    const vf a = vf_abs(x), z = vf_mul(x, x);
    const vf small = vf_fma(vf_mul(x, z),
                            POLY(z, -5.70498872745e-3f, 2.06390887954e-2f,
                                 -5.37397155531e-2f, 1.33314422036e-1f, -3.33332819422e-1f),
                            x);
    const vf e = vf_exp(vf_add(a, a));
    const vf t = vf_sub(vf_set1(1.0f), vf_div(vf_set1(2.0f), vf_add(e, vf_set1(1.0f))));
    const vi sign = vi_and(vf_bits(x), vi_set1(0x80000000u));
    const vf large = vi_bits(vi_xor(vf_bits(t), sign));
    return vf_sel(vf_lt(a, vf_set1(0.625f)), small, large);
}

/* nd_philox for 16 counters index, index + 1, ... */
ND_INLINE void v_philox(nd_at at, vi index, vi out[4])
{
    vi c0 = index, c1 = vi_set1(at.batch), c2 = vi_set1(at.epoch), c3 = vi_set1(at.stream);
    uint32_t k0 = (uint32_t)at.seed, k1 = (uint32_t)(at.seed >> 32);
    for (int round = 0; round < 10; round++) {
        vi hi0, lo0, hi1, lo1;
        vi_mulhilo(c0, 0xD2511F53u, &hi0, &lo0);
        vi_mulhilo(c2, 0xCD9E8D57u, &hi1, &lo1);
        c0 = vi_xor(vi_xor(hi1, c1), vi_set1(k0));
        c2 = vi_xor(vi_xor(hi0, c3), vi_set1(k1));
        c1 = lo1;
        c3 = lo0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

/* A random word as a float in (0, 1), a multiple of 2^-24 that is never 0 or 1. */
ND_INLINE vf v_unit(vi word)
{
    return vf_mul(vf_add(vf_from_int(vi_shr(word, 9)), vf_set1(0.5f)), vf_set1(0x1p-23f));
}

/* Box-Muller: two independent standard normal deviates from two random words. Largest
 * possible deviate: 5.8. */
ND_INLINE void v_normal_pair(vi word0, vi word1, vf *n0, vf *n1)
{
    const vf radius = vf_sqrt(vf_mul(vf_set1(-2.0f), vf_log(v_unit(word0))));
    /* the angle, in quarter turns within [-2, 2]: nearest whole quarter q, rest in [-1/2,
     * 1/2] */
    const vf quarters = vf_mul(vf_from_int(word1), vf_set1(0x1p-30f));
    const vf shifted = vf_add(quarters, vf_set1(ROUND_MAGIC));
    const vi q = vf_bits(shifted);
    const vf a = vf_mul(vf_sub(quarters, vf_sub(shifted, vf_set1(ROUND_MAGIC))),
                        vf_set1(1.57079632679489662f));
    const vf z = vf_mul(a, a);
    const vf sin_a = vf_fma(
        vf_mul(POLY(z, -1.9515295891e-4f, 8.3321608736e-3f, -1.6666654611e-1f), z), a, a);
    const vf cos_a = vf_fma(POLY(z, 2.443315711809948e-5f, -1.388731625493765e-3f,
                                 4.166664568298827e-2f, -0.5f),
                            z, vf_set1(1.0f));
    /* turn by q quarters */
    const vm even = vi_eq(vi_and(q, vi_set1(1)), vi_set1(0));
    const vi sin_sign = vi_shl(vi_and(q, vi_set1(2)), 30);
    const vi cos_sign = vi_shl(vi_and(vi_add(q, vi_set1(1)), vi_set1(2)), 30);
    const vf s = vi_bits(vi_xor(vf_bits(vf_sel(even, sin_a, cos_a)), sin_sign));
    const vf c = vi_bits(vi_xor(vf_bits(vf_sel(even, cos_a, sin_a)), cos_sign));
    *n0 = vf_mul(radius, c);
    *n1 = vf_mul(radius, s);
}

#endif
