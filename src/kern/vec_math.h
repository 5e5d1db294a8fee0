/* vec_math.h -- exp, log, tanh, normal deviates and Philox over 16 lanes: polynomials of
 * our own choice in a fixed order of operations, so that every ISA gives the same bits.
 *
 * Coefficients of exp, tanh, sin and cos: S. L. Moshier, Cephes library, single precision; of
 * 2^x and log: tests/tools/minimax.py. */
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

#define LOG2_E 1.44269504088896341f

/* x = exp(x) for x in [-86.5, 88], where results are normal numbers; relative error about
 * 1e-7 */
ND_INLINE void vf_exp_s(const int n, vf *x)
{
    vf shifted[V_WIDE], r[V_WIDE], q[V_WIDE];
    EACH shifted[i] = vf_fma(x[i], vf_set1(LOG2_E), vf_set1(ROUND_MAGIC));
    EACH q[i] = vf_sub(shifted[i], vf_set1(ROUND_MAGIC));
    EACH r[i] = vf_fnma(q[i], vf_set1(0.693359375f), x[i]);
    EACH r[i] = vf_fnma(q[i], vf_set1(-2.12194440e-4f), r[i]);
    POLY_S(n, r, q, 1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f,
           1.6666665459e-1f, 5.0000001201e-1f, 1.0f, 1.0f);
    EACH x[i] = vi_bits(vi_add(vf_bits(q[i]), vi_shl(vf_bits(shifted[i]), 23)));
}

/* x = 2^x for x in [-126, 127], 1 for 0; relative error below 2e-7, as good as the device laws
 * that it serves need */
ND_INLINE void vf_exp2_s(const int n, vf *x)
{
    vf shifted[V_WIDE], r[V_WIDE], q[V_WIDE];
    EACH shifted[i] = vf_add(x[i], vf_set1(ROUND_MAGIC));
    EACH r[i] = vf_sub(x[i], vf_sub(shifted[i], vf_set1(ROUND_MAGIC)));
    POLY_S(n, r, q, 1.326472731307149e-3f, 9.671512991189957e-3f, 5.550733581185341e-2f,
           2.4022242426872253e-1f, 6.931470036506653e-1f, 1.0f);
    EACH x[i] = vi_bits(vi_add(vf_bits(q[i]), vi_shl(vf_bits(shifted[i]), 23)));
}

/* x = exp(x) - 1 in that range, accurate for small x: 2^k (1 + p) - 1 = 2^k p + (2^k - 1). */
ND_INLINE void vf_expm1_s(const int n, vf *x)
{
    vf shifted[V_WIDE], r[V_WIDE], q[V_WIDE], power[V_WIDE];
    EACH shifted[i] = vf_fma(x[i], vf_set1(LOG2_E), vf_set1(ROUND_MAGIC));
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
    POLY_S(n, f, p, 8.734836429357529e-2f, -1.4307518303394318e-1f, 1.4917974174022675e-1f,
           -1.6570508480072021e-1f, 1.9962072372436523e-1f, -2.5001755356788635e-1f,
           3.3333951234817505e-1f, -4.9999991059303284e-1f);
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

/* The rounds of nd_philox for the 16 counters index, index + 1, ... and, if m is 2, the 16 from
 * index + apart on, but for what the last round still adds to its products. Even and odd
 * counters go separately, each in the even words, so that products need no repacking between
 * rounds; what lies in the odd words meanwhile does not matter. */
typedef struct v_rounds {
    vi a[4], b[4], c1[4], c3[4], key[2];
} v_rounds;

ND_INLINE vi v_mixed(vi product, vi word, vi key)
{
    return vi_xor(vi_xor(vi_high(product), word), key);
}

ND_INLINE v_rounds v_philox_rounds(const int m, nd_at at, const v_keys *keys,
                                   uint32_t index, uint32_t apart)
{
    const int n = 2 * m;
    v_rounds r;
    vi c0[4], c2[4];
    EACH c0[i] = vi_iota(index + (i > 1 ? apart : 0));
    ND_UNROLL
    for (int i = 1; i < n; i += 2)
        c0[i] = vi_high(c0[i]);
    EACH r.c1[i] = vi_set1(at.batch), c2[i] = vi_set1(at.epoch);
    EACH r.c3[i] = vi_set1(at.stream);
    ND_UNROLL
    for (int round = 0; round < 10; round++) {
        if (round > 0) {
            EACH c0[i] = v_mixed(r.b[i], r.c1[i], r.key[0]);
            EACH c2[i] = v_mixed(r.a[i], r.c3[i], r.key[1]);
            EACH r.c1[i] = r.b[i], r.c3[i] = r.a[i];
        }
        r.key[0] = keys->k[2 * round], r.key[1] = keys->k[2 * round + 1];
        EACH r.a[i] = vi_mul_even(c0[i], 0xD2511F53u);
        EACH r.b[i] = vi_mul_even(c2[i], 0xCD9E8D57u);
    }
    return r;
}

/* nd_philox for the 16 counters index, index + 1, ... */
ND_INLINE void v_philox(nd_at at, const v_keys *keys, uint32_t index, vi out[4])
{
    enum { n = 2 };
    const v_rounds r = v_philox_rounds(1, at, keys, index, 0);
    vi c0[n], c2[n];
    EACH c0[i] = v_mixed(r.b[i], r.c1[i], r.key[0]);
    EACH c2[i] = v_mixed(r.a[i], r.c3[i], r.key[1]);
    out[0] = vi_join(c0[0], c0[1]);
    out[1] = vi_join(r.b[0], r.b[1]);
    out[2] = vi_join(c2[0], c2[1]);
    out[3] = vi_join(r.a[0], r.a[1]);
}

/* The same words, in out[4..7] those of the counters from index + apart on if m is 2, in an
 * order of less work: words 1 and 0 of counter 0, of counter 2, ...; of the odd counters; then
 * words 3 and 2. */
ND_INLINE void v_philox_mixed_s(const int m, nd_at at, const v_keys *keys, uint32_t index,
                                uint32_t apart, vi *out)
{
    const v_rounds r = v_philox_rounds(m, at, keys, index, apart);
    ND_UNROLL
    for (int i = 0; i < 2 * m; i++) {
        vi *to = out + i / 2 * 4 + i % 2;
        to[0] = vi_xor(r.b[i], vi_lift(vi_xor(r.c1[i], r.key[0])));
        to[2] = vi_xor(r.a[i], vi_lift(vi_xor(r.c3[i], r.key[1])));
    }
}

/* A random word as a float in (0, 1), a multiple of 2^-24 that is never 0 or 1. */
ND_INLINE vf v_unit(vi word)
{
    return vf_fma(vf_from_int(vi_shr(word, 9)), vf_set1(0x1p-23f), vf_set1(0x1p-24f));
}

/* Sine and cosine of a[i], within an eighth of a turn of 0. */
ND_INLINE void v_near_0_s(const int n, const vf *a, vf *sine, vf *cosine)
{
    vf z[V_WIDE];
    EACH z[i] = vf_mul(a[i], a[i]);
    POLY_S(n, z, sine, -1.9515295891e-4f, 8.3321608736e-3f, -1.6666654611e-1f);
    POLY_S(n, z, cosine, 2.443315711809948e-5f, -1.388731625493765e-3f,
           4.166664568298827e-2f, -0.5f, 1.0f);
    EACH sine[i] = vf_fma(vf_mul(sine[i], z[i]), a[i], a[i]);
}

/* Sine and cosine of x, |x| up to some thousands: the nearest whole quarter turn is taken
 * away in three parts. */
ND_INLINE void vf_sincos(vf x, vf *sine, vf *cosine)
{
    const vf z = vf_fma(x, vf_set1(0.636619772367581343f), vf_set1(ROUND_MAGIC));
    const vi quarters = vi_shl(vf_bits(z), 30), odd = vi_shl(quarters, 1); /* in top bits */
    const vi top = vi_set1(0x80000000u);
    const vf k = vf_sub(z, vf_set1(ROUND_MAGIC));
    vf a = vf_fnma(k, vf_set1(1.5703125f), x), s, c;
    a = vf_fnma(k, vf_set1(4.837512969970703125e-4f), a);
    a = vf_fnma(k, vf_set1(7.54978995489188216e-8f), a);
    v_near_0_s(1, &a, &s, &c);
    *sine = vi_bits(vi_xor(vf_bits(vf_sel(vi_top(odd), c, s)), vi_and(quarters, top)));
    *cosine = vi_bits(
        vi_xor(vf_bits(vf_sel(vi_top(odd), s, c)), vi_and(vi_xor(quarters, odd), top)));
}

/* r = sqrt(-2 log u), u v_unit of word[2i]: an odd whole number times 2^-24, whose logarithm is
 * taken apart as in vf_log_s, the factor -2 in all constants. */
ND_INLINE void v_radius_s(const int n, const vi *word, vf *r)
{
    const vi base = vi_set1(0x3f3504f3u), low = vi_set1(0x7fffffu);
    vi t[V_WIDE];
    vf f[V_WIDE], p[V_WIDE];
    EACH t[i] = vf_bits(vf_from_int(vi_or(vi_shr(word[2 * i], 8), vi_set1(1))));
    EACH t[i] = vi_sub(t[i], vi_add(base, vi_set1(24u << 23)));
    EACH f[i] = vf_sub(vi_bits(vi_add(vi_and(t[i], low), base)), vf_set1(1.0f));
    POLY_S(n, f, p, -1.7469672858715058e-1f, 2.8615036606788635e-1f, -2.983594834804535e-1f,
           3.3141016960144043e-1f, -3.9924144744873047e-1f, 5.000351071357727e-1f,
           -6.666790246963501e-1f, 9.999998211860657e-1f, -2.0f);
    EACH r[i] = vf_from_int(vi_sar(t[i], 23));
    EACH r[i] = vf_fma(r[i], vf_set1(-2 * 6.931471806e-1f), vf_mul(p[i], f[i]));
    EACH r[i] = vf_sqrt(r[i]);
}

/* Box-Muller: normal[2i], normal[2i+1], two independent standard normal deviates, from the
 * random words word[2i], word[2i+1], for n pairs. Largest possible deviate: 5.8. */
ND_INLINE void v_normal_s(const int n, const vi *word, vf *normal)
{
    vf radius[V_WIDE], a[V_WIDE], sine[V_WIDE], cosine[V_WIDE];
    v_radius_s(n, word, radius);
    /* the direction: up to an eighth of a turn either way, which of the axes it is near to, and
     * which end of that */
    EACH a[i] = vf_from_int(vi_shl(word[2 * i + 1], 2));
    EACH a[i] = vf_mul(a[i], vf_set1(1.57079632679489662f * 0x1p-32f));
    v_near_0_s(n, a, sine, cosine);
    EACH
    {
        const vi turn = word[2 * i + 1], end = vi_and(turn, vi_set1(0x80000000u));
        const vm other = vi_top(vi_shl(turn, 1));
        const vf along = vf_mul(radius[i], vi_bits(vi_xor(vf_bits(cosine[i]), end)));
        const vf across = vf_mul(radius[i], sine[i]);
        normal[2 * i] = vf_sel(other, across, along);
        normal[2 * i + 1] = vf_sel(other, along, across);
    }
}

#endif
