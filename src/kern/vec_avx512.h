/* vec_avx512.h -- the vocabulary as one 512-bit register. */
#include <immintrin.h>

#ifndef __AVX512F__
#error "this object needs -mavx512f -mavx512dq -mavx512bw -mavx512vl"
#endif

#define TILE_ROWS    10 /* 10 x 2 registers of sums, 2 of weights, 1 of states: 23 of 32 */
#define TILE_PANELS  2
#define SHORT_ROWS   4 /* where k is short: see k_relax.c */
#define SHORT_PANELS 4
#define TOGETHER     4  /* vectors whose activations are computed side by side */
#define CONV_SPAN    12 /* registers that a list of pixels is summed in: see k_conv.c */
#define PULSE_ROWS   4  /* rows of device pairs in flight: see k_pulse.c */

typedef __m512 vf;
typedef __m512i vi;
typedef __mmask16 vm;

ND_INLINE vm vm_first(unsigned n)
{
    return (vm)((1u << n) - 1u);
} /* n <= 16 */
ND_INLINE vm vm_and(vm x, vm y)
{
    return (vm)(x & y);
}
ND_INLINE vm vm_not(vm x)
{
    return (vm)~x;
}
ND_INLINE unsigned vm_bits(vm x)
{
    return x;
} /* bit l: lane l */
ND_INLINE unsigned vm_count(vm x)
{
    return (unsigned)__builtin_popcount(x);
}

ND_INLINE vf vf_set1(float x)
{
    return _mm512_set1_ps(x);
}
ND_INLINE vf vf_load(const float *p)
{
    return _mm512_loadu_ps(p);
}
ND_INLINE vf vf_load_n(const float *p, unsigned n)
{
    return _mm512_maskz_loadu_ps(vm_first(n), p);
}
ND_INLINE vf vf_from_u8(const uint8_t *p)
{
    return _mm512_cvtepi32_ps(
        _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)p)));
}
ND_INLINE void vf_store(float *p, vf x)
{
    _mm512_storeu_ps(p, x);
}
ND_INLINE void vf_store_n(float *p, vf x, unsigned n)
{
    _mm512_mask_storeu_ps(p, vm_first(n), x);
}
ND_INLINE vf vf_add(vf x, vf y)
{
    return _mm512_add_ps(x, y);
}
ND_INLINE vf vf_sub(vf x, vf y)
{
    return _mm512_sub_ps(x, y);
}
ND_INLINE vf vf_mul(vf x, vf y)
{
    return _mm512_mul_ps(x, y);
}
ND_INLINE vf vf_div(vf x, vf y)
{
    return _mm512_div_ps(x, y);
}
ND_INLINE vf vf_fma(vf x, vf y, vf z)
{
    return _mm512_fmadd_ps(x, y, z);
}
ND_INLINE vf vf_fnma(vf x, vf y, vf z)
{
    return _mm512_fnmadd_ps(x, y, z);
}
ND_INLINE vf vf_min(vf x, vf y)
{
    return _mm512_min_ps(x, y);
}
ND_INLINE vf vf_max(vf x, vf y)
{
    return _mm512_max_ps(x, y);
}
ND_INLINE vf vf_sqrt(vf x)
{
    return _mm512_sqrt_ps(x);
}
ND_INLINE vm vf_lt(vf x, vf y)
{
    return _mm512_cmp_ps_mask(x, y, _CMP_LT_OQ);
}
ND_INLINE vm vf_le(vf x, vf y)
{
    return _mm512_cmp_ps_mask(x, y, _CMP_LE_OQ);
}
ND_INLINE vf vf_sel(vm m, vf x, vf y)
{
    return _mm512_mask_blend_ps(m, y, x);
}
ND_INLINE vf vf_from_int(vi x)
{
    return _mm512_cvtepi32_ps(x);
}

ND_INLINE vi vi_set1(uint32_t x)
{
    return _mm512_set1_epi32((int)x);
}
ND_INLINE vi vi_iota(uint32_t x)
{
    return _mm512_add_epi32(
        _mm512_set1_epi32((int)x),
        _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}
ND_INLINE vi vi_add(vi x, vi y)
{
    return _mm512_add_epi32(x, y);
}
ND_INLINE vi vi_sub(vi x, vi y)
{
    return _mm512_sub_epi32(x, y);
}
ND_INLINE vi vi_and(vi x, vi y)
{
    return _mm512_and_si512(x, y);
}
ND_INLINE vi vi_or(vi x, vi y)
{
    return _mm512_or_si512(x, y);
}
ND_INLINE vi vi_xor(vi x, vi y)
{
    return _mm512_xor_si512(x, y);
}
#define vi_shl(x, n) _mm512_slli_epi32(x, n)
#define vi_shr(x, n) _mm512_srli_epi32(x, n)
#define vi_sar(x, n) _mm512_srai_epi32(x, n)
ND_INLINE vm vi_eq(vi x, vi y)
{
    return _mm512_cmpeq_epi32_mask(x, y);
}
/* where the top bit is set */
ND_INLINE vm vi_top(vi x)
{
    return _mm512_movepi32_mask(x);
}
ND_INLINE vi vi_mul_even(vi x, uint32_t y)
{
    return _mm512_mul_epu32(x, _mm512_set1_epi32((int)y));
}
ND_INLINE vi vi_high(vi x)
{
    return _mm512_srli_epi64(x, 32);
}
ND_INLINE vi vi_lift(vi x)
{
    return _mm512_slli_epi64(x, 32);
}
ND_INLINE vi vi_join(vi even, vi odd)
{
    return _mm512_mask_blend_epi32(0xaaaa, even, _mm512_slli_epi64(odd, 32));
}
ND_INLINE vi vf_bits(vf x)
{
    return _mm512_castps_si512(x);
}
ND_INLINE vf vi_bits(vi x)
{
    return _mm512_castsi512_ps(x);
}
ND_INLINE void vf_to_u8(uint8_t *p, vf x)
{
    _mm_storeu_si128((__m128i *)(void *)p, _mm512_cvtepi32_epi8(_mm512_cvttps_epi32(x)));
}
ND_INLINE void vi_pack(void *p, vm m, vi x)
{
    _mm512_storeu_si512(p, _mm512_maskz_compress_epi32(m, x));
}

#include "vec_x86.h"
