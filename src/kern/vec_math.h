/* vec_math.h -- exp, log, tanh, normal deviates and Philox over 16 lanes: polynomials of
 * our own choice in a fixed order of operations, so that every ISA gives the same bits.
 *
 * Coefficients of exp, log, tanh, sin and cos: S. L. Moshier, Cephes library, single
 * precision. */
#ifndef NUDGE_VEC_MATH_H
#define NUDGE_VEC_MATH_H

#include "nudge/philox.h"

#include "vec.h"

/* Each function has a form for several vectors at once, names in _s: every step is done for
 * all n before the next, so that the processor finds independent work within reach. n <=
 * V_WIDE is a constant after inlining. */
enum { V_WIDE = 2 * PULSE_ROWS };
#define EACH                                                                               \
    ND_UNROLL                                                                              \
    for (int i = 0; i < n; i++)

/* p = c[0] x^(m-1) + ... + c[m-1], by Horner's rule */
#define POLY_S(n, x, p, ...)                                                               \
    vf_poly_s((n), (x), (p), (const float[]){__VA_ARGS__},                                 \
              sizeof((const float[]){__VA_ARGS__}) / sizeof(float))
ND_INLINE void vf_poly_s(const int n, const vf *x, vf *p, const float *c, size_t m)
{
    EACH p[i] = vf_set1(c[0]);
    ND_UNROLL
    for (size_t k = 1; k < m; k++)
        EACH p[i] = vf_fma(p[i], x[i], vf_set1(c[k]));
}

/* Adding and taking away 1.5 * 2^23 rounds to a whole number; its low bits are that number.
 */
#define ROUND_MAGIC 12582912.0f

/* x = exp(x) for x in [-86.5, 88], where results are normal numbers; relative error about
 * 1e-7 */
ND_INLINE void vf_exp_s(const int n, vf *x)
{
    vf shifted[V_WIDE], r[V_WIDE], q[V_WIDE];
    EACH shifted[i] = vf_fma(x[i], vf_set1(1.44269504088896341f), vf_set1(ROUND_MAGIC));
    EACH q[i] = vf_sub(shifted[i], vf_set1(ROUND_MAGIC));
    EACH r[i] = vf_fnma(q[i], vf_set1(0.693359375f), x[i]);
    EACH r[i] = vf_fnma(q[i], vf_set1(-2.12194440e-4f), r[i]);
    POLY_S(n, r, q, 1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f,
           1.6666665459e-1f, 5.0000001201e-1f, 1.0f, 1.0f);
    EACH x[i] = vi_bits(vi_add(vf_bits(q[i]), vi_shl(vf_bits(shifted[i]), 23)));
}

/* x = exp(x) - 1 in that range, accurate for small x: 2^k (1 + p) - 1 = 2^k p + (2^k - 1). */
ND_INLINE void vf_expm1_s(const int n, vf *x)
{
    vf shifted[V_WIDE], r[V_WIDE], q[V_WIDE], power[V_WIDE];
    EACH shifted[i] = vf_fma(x[i], vf_set1(1.44269504088896341f), vf_set1(ROUND_MAGIC));
    EACH q[i] = vf_sub(shifted[i], vf_set1(ROUND_MAGIC));
    EACH r[i] = vf_fnma(q[i], vf_set1(0.693359375f), x[i]);
    EACH r[i] = vf_fnma(q[i], vf_set1(-2.12194440e-4f), r[i]);
    POLY_S(n, r, q, 1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f,
           1.6666665459e-1f, 5.0000001201e-1f);
    EACH q[i] = vf_fma(vf_mul(r[i], r[i]), q[i], r[i]);
    EACH power[i] = vi_bits(vi_add(vi_shl(vf_bits(shifted[i]), 23), vi_set1(0x3f800000u)));
    EACH x[i] = vf_fma(power[i], q[i], vf_sub(power[i], vf_set1(1.0f)));
}

/* x = exp(x), x held to that range. NaN goes through: in vf_min and vf_max the second
 * operand wins an unordered comparison. */
ND_INLINE void vf_exp_held_s(const int n, vf *x)
{
    EACH x[i] = vf_max(vf_set1(-86.5f), vf_min(vf_set1(88.0f), x[i]));
    vf_exp_s(n, x);
}
ND_INLINE vf vf_exp(vf x)
{
    vf_exp_held_s(1, &x);
    return x;
}

/* e of x = 2^e m, m in [sqrt(1/2), sqrt(2)), for normal x > 0 */
ND_INLINE vi v_exponent(vf x)
{
    return vi_sar(vi_sub(vf_bits(x), vi_set1(0x3f3504f3u)), 23);
}

/* log(1 + f) = f + z p, f in [sqrt(1/2) - 1, sqrt(2) - 1); z = f^2 */
ND_INLINE void v_log_tail_s(const int n, const vf *f, vf *z, vf *p)
{
    EACH z[i] = vf_mul(f[i], f[i]);
    POLY_S(n, f, p, 7.0376836292e-2f, -1.1514610310e-1f, 1.1676998740e-1f,
           -1.2420140846e-1f, 1.4249322787e-1f, -1.6668057665e-1f, 2.0000714765e-1f,
           -2.4999993993e-1f, 3.3333331174e-1f, -0.5f);
}

/* f = log((1 + f) 2^e), f in that range */
ND_INLINE void v_log_of_s(const int n, vf *f, const vi *e)
{
    vf z[V_WIDE], p[V_WIDE], k[V_WIDE];
    v_log_tail_s(n, f, z, p);
    EACH k[i] = vf_from_int(e[i]);
    EACH f[i] = vf_fma(z[i], p[i], f[i]);
    EACH f[i] = vf_fma(k[i], vf_set1(-2.12194440e-4f), f[i]);
    EACH f[i] = vf_fma(k[i], vf_set1(0.693359375f), f[i]);
}

/* x = log(x) for normal x > 0 */
ND_INLINE void vf_log_s(const int n, vf *x)
{
    vi e[V_WIDE];
    EACH e[i] = v_exponent(x[i]);
    EACH x[i] = vf_sub(vi_bits(vi_sub(vf_bits(x[i]), vi_shl(e[i], 23))), vf_set1(1.0f));
    v_log_of_s(n, x, e);
}

/* u = log(1 + u) for 0 <= u < 2^100, accurate for small u: with m = 2^-e the rest is
 * m (1 + u) - 1, which one fused multiply-add gives without rounding 1 + u. */
ND_INLINE void vf_log1p_s(const int n, vf *u)
{
    vi e[V_WIDE];
    vf m[V_WIDE];
    EACH e[i] = v_exponent(vf_add(vf_set1(1.0f), u[i]));
    EACH m[i] = vi_bits(vi_sub(vi_set1(0x3f800000u), vi_shl(e[i], 23)));
    EACH u[i] = vf_fma(u[i], m[i], vf_sub(m[i], vf_set1(1.0f)));
    v_log_of_s(n, u, e);
}

/* The same for 0 <= u <= 0.41, where e is 0: the same bits for less. */
ND_INLINE void vf_log1p_small_s(const int n, vf *u)
{
    vf z[V_WIDE], p[V_WIDE];
    v_log_tail_s(n, u, z, p);
    EACH u[i] = vf_fma(z[i], p[i], u[i]);
}

/* x = 1 / (1 + exp(x)), the logistic function of -x */
ND_INLINE void vf_logistic_of_minus_s(const int n, vf *x)
{
    const vf one = vf_set1(1.0f);
    vf_exp_held_s(n, x);
    EACH x[i] = vf_div(one, vf_add(one, x[i]));
}

ND_INLINE vf vf_abs(vf x)
{
    return vi_bits(vi_and(vf_bits(x), vi_set1(0x7fffffffu)));
}

ND_INLINE void vf_tanh_s(const int n, vf *x)
{
    const vf one = vf_set1(1.0f), two = vf_set1(2.0f);
    vf a[V_WIDE], z[V_WIDE], small[V_WIDE], e[V_WIDE];
    EACH z[i] = vf_mul(x[i], x[i]);
    POLY_S(n, z, small, -5.70498872745e-3f, 2.06390887954e-2f, -5.37397155531e-2f,
           1.33314422036e-1f, -3.33332819422e-1f);
    EACH small[i] = vf_fma(vf_mul(x[i], z[i]), small[i], x[i]);
    EACH a[i] = vf_abs(x[i]);
    EACH e[i] = vf_add(a[i], a[i]);
    vf_exp_held_s(n, e);
    EACH e[i] = vf_sub(one, vf_div(two, vf_add(e[i], one)));
    EACH
    {
        const vi sign = vi_and(vf_bits(x[i]), vi_set1(0x80000000u));
        const vf large = vi_bits(vi_xor(vf_bits(e[i]), sign));
        x[i] = vf_sel(vf_lt(a[i], vf_set1(0.625f)), small[i], large);
    }
}

/* The key schedule of nd_philox, once for many counters. */
typedef struct v_keys {
    vi k[20];
} v_keys;

ND_INLINE v_keys v_keys_of(nd_at at)
{
    v_keys keys;
    uint32_t k0 = (uint32_t)at.seed, k1 = (uint32_t)(at.seed >> 32);
    for (int round = 0; round < 10; round++) {
        keys.k[2 * round] = vi_set1(k0);
        keys.k[2 * round + 1] = vi_set1(k1);
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return keys;
}

/* nd_philox for the 16 counters index, index + 1, ... Even and odd counters go separately,
 * each in the even words, so that products need no repacking between rounds; what lies in
 * the odd words meanwhile does not matter. */
ND_INLINE void v_philox(nd_at at, const v_keys *keys, uint32_t index, vi out[4])
{
    enum { n = 2 }; /* even and odd counters */
    const vi counter = vi_iota(index);
    vi c0[2] = {counter, vi_high(counter)}, c1[2], c2[2], c3[2], a[2], b[2];
    EACH c1[i] = vi_set1(at.batch), c2[i] = vi_set1(at.epoch), c3[i] = vi_set1(at.stream);
    ND_UNROLL
    for (int round = 0; round < 10; round++) {
        EACH a[i] = vi_mul_even(c0[i], 0xD2511F53u);
        EACH b[i] = vi_mul_even(c2[i], 0xCD9E8D57u);
        EACH c0[i] = vi_xor(vi_xor(vi_high(b[i]), c1[i]), keys->k[2 * round]);
        EACH c2[i] = vi_xor(vi_xor(vi_high(a[i]), c3[i]), keys->k[2 * round + 1]);
        EACH c1[i] = b[i], c3[i] = a[i];
    }
    out[0] = vi_join(c0[0], c0[1]);
    out[1] = vi_join(c1[0], c1[1]);
    out[2] = vi_join(c2[0], c2[1]);
    out[3] = vi_join(c3[0], c3[1]);
}

/* A random word as a float in (0, 1), a multiple of 2^-24 that is never 0 or 1. */
ND_INLINE vf v_unit(vi word)
{
    return vf_fma(vf_from_int(vi_shr(word, 9)), vf_set1(0x1p-23f), vf_set1(0x1p-24f));
}

/* Sine and cosine of a[i] and some quarter turns, whose number is in the top two bits of
 * q[i]; a within an eighth of a turn of 0. */
ND_INLINE void v_turn_s(const int n, const vf *a, const vi *q, vf *sine, vf *cosine)
{
    const vi top = vi_set1(0x80000000u);
    vf z[V_WIDE], s[V_WIDE], c[V_WIDE];
    EACH z[i] = vf_mul(a[i], a[i]);
    POLY_S(n, z, s, -1.9515295891e-4f, 8.3321608736e-3f, -1.6666654611e-1f);
    POLY_S(n, z, c, 2.443315711809948e-5f, -1.388731625493765e-3f, 4.166664568298827e-2f,
           -0.5f, 1.0f);
    EACH s[i] = vf_fma(vf_mul(s[i], z[i]), a[i], a[i]); /* sin a; c is cos a */
    EACH
    {
        const vi low = vi_shl(q[i], 1);
        const vi signs[] = {vi_and(q[i], top), vi_and(vi_xor(q[i], low), top)};
        const vm odd = vi_top(low);
        sine[i] = vi_bits(vi_xor(vf_bits(vf_sel(odd, c[i], s[i])), signs[0]));
        cosine[i] = vi_bits(vi_xor(vf_bits(vf_sel(odd, s[i], c[i])), signs[1]));
    }
}

/* Sine and cosine of x, |x| up to some thousands: the nearest whole quarter turn is taken
 * away in three parts. */
ND_INLINE void vf_sincos(vf x, vf *sine, vf *cosine)
{
    const vf z = vf_fma(x, vf_set1(0.636619772367581343f), vf_set1(ROUND_MAGIC));
    const vi q = vi_shl(vf_bits(z), 30);
    const vf k = vf_sub(z, vf_set1(ROUND_MAGIC));
    vf a = vf_fnma(k, vf_set1(1.5703125f), x);
    a = vf_fnma(k, vf_set1(4.837512969970703125e-4f), a);
    a = vf_fnma(k, vf_set1(7.54978995489188216e-8f), a);
    v_turn_s(1, &a, &q, sine, cosine);
}

/* Box-Muller: normal[2i], normal[2i+1], two independent standard normal deviates, from the
 * random words word[2i], word[2i+1], for n pairs. Largest possible deviate: 5.8. */
ND_INLINE void v_normal_s(const int n, const vi *word, vf *normal)
{
    vf radius[V_WIDE], a[V_WIDE], sine[V_WIDE], cosine[V_WIDE];
    vi q[V_WIDE];
    EACH radius[i] = v_unit(word[2 * i]);
    vf_log_s(n, radius);
    EACH radius[i] = vf_sqrt(vf_mul(vf_set1(-2.0f), radius[i]));
    /* the angle: the nearest quarter turn in the top two bits, the way from it in the others */
    EACH q[i] = vi_add(word[2 * i + 1], vi_set1(1u << 29));
    EACH a[i] =
        vf_from_int(vi_sub(vi_and(q[i], vi_set1((1u << 30) - 1)), vi_set1(1u << 29)));
    EACH a[i] = vf_mul(a[i], vf_set1(1.57079632679489662f * 0x1p-30f));
    v_turn_s(n, a, q, sine, cosine);
    EACH normal[2 * i] = vf_mul(radius[i], cosine[i]);
    EACH normal[2 * i + 1] = vf_mul(radius[i], sine[i]);
}

#endif
