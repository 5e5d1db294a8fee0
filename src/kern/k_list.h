/* k_list.h -- what of some rows is not zero.
 *
 * Pixels are mostly dark and binary units mostly silent, and what is zero adds nothing to a
 * sum: a product of what is listed, in the same order, has the bits of the whole product (but
 * for the sign of a zero) for a fraction of the work. */
#ifndef NUDGE_K_LIST_H
#define NUDGE_K_LIST_H

#include "kern_impl.h"

enum {
    LIST_PANELS = 4, /* summed at a time: enough for no sum to wait for itself */
    LIST_LEAST = 32, /* inputs, and outputs, from which on a look at the states pays */
};

/* Bit l: s[l] is not zero, of the first n if these are fewer than 16. */
ND_INLINE unsigned not_zero(const float *s, size_t n)
{
    const vm zero = vi_eq(vi_shl(vf_bits(vf_load(s)), 1), vi_set1(0));
    return vm_bits(vm_not(zero)) & (n < ND_LANES ? (1u << n) - 1u : 0xffffu);
}

/* Bit l: s[l] is 1. */
ND_INLINE unsigned is_one(const float *s)
{
    return vm_bits(vi_eq(vf_bits(vf_load(s)), vf_bits(vf_set1(1.0f))));
}

/* Whether lists pay for the product of s (B, k) with a matrix of n columns, by the first rows
 * of s: if half of them is zero. */
static inline bool mostly_zero(const float *s, size_t B, size_t k, size_t n, size_t ld)
{
    const size_t rows = B < 4 ? B : 4;
    size_t busy = 0;
    if (k < LIST_LEAST || n < LIST_LEAST || ld == 0) return false;
    for (size_t b = 0; b < rows; b++)
        for (size_t x = 0; x < k; x += ND_LANES)
            busy += (size_t)__builtin_popcount(not_zero(s + b * ld + x, k - x));
    return busy * 2 <= rows * k;
}

/* sum[j] += w[j step ..] for P panels j: the bits of list_step with 1 */
ND_INLINE void list_one(vf *sum, const float *w, size_t step, const int P)
{
    ND_UNROLL
    for (int j = 0; j < P; j++)
        sum[j] = vf_add(vf_load(w + (size_t)j * step), sum[j]);
}

/* sum[j] += s w[j step ..] for P panels j; P is a constant after inlining. */
ND_INLINE void list_step(vf *sum, float s, const float *w, size_t step, const int P)
{
    const vf sx = vf_set1(s);
    ND_UNROLL
    for (int j = 0; j < P; j++)
        sum[j] = vf_fma(sx, vf_load(w + (size_t)j * step), sum[j]);
}

#endif
