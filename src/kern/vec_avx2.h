/* vec_avx2.h -- the vocabulary as two 256-bit registers. */
#include <immintrin.h>

#ifndef __AVX2__
#error "this object needs -mavx2 -mfma"
#endif

#define TILE_ROWS    5 /* 5 x 2 registers of sums, 2 of weights, 1 of states: 13 of 16 */
#define TILE_PANELS  1
#define SHORT_ROWS   1 /* where k is short: see k_relax.c */
#define SHORT_PANELS 4
#define TOGETHER     2 /* vectors whose activations are computed side by side */
#define CONV_SPAN    6 /* registers that a list of pixels is summed in: see k_conv.c */
#define PULSE_ROWS   2 /* rows of device pairs in flight: see k_pulse.c */

typedef struct vf {
    __m256 a, b;
} vf;
typedef struct vi {
    __m256i a, b;
} vi;
typedef struct vm {
    __m256 a, b; /* the top bit of each lane says it */
} vm;

#define BOTH1(type, f, x)       ((type){f((x).a), f((x).b)})
#define BOTH2(type, f, x, y)    ((type){f((x).a, (y).a), f((x).b, (y).b)})
#define BOTH3(type, f, x, y, z) ((type){f((x).a, (y).a, (z).a), f((x).b, (y).b, (z).b)})

ND_INLINE __m256i lanes_below(int from, unsigned n)
{
    const __m256i iota = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n - from), iota);
}

ND_INLINE vf vf_set1(float x)
{
    return (vf){_mm256_set1_ps(x), _mm256_set1_ps(x)};
}
ND_INLINE vf vf_load(const float *p)
{
    return (vf){_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
}
ND_INLINE vf vf_load_n(const float *p, unsigned n)
{
    if (n >= 16) return vf_load(p);
    return (vf){_mm256_maskload_ps(p, lanes_below(0, n)),
                _mm256_maskload_ps(p + 8, lanes_below(8, n))};
}
ND_INLINE vf vf_from_u8(const uint8_t *p)
{
    const __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
    return (vf){_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(x)),
                _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_srli_si128(x, 8)))};
}
ND_INLINE void vf_store(float *p, vf x)
{
    _mm256_storeu_ps(p, x.a);
    _mm256_storeu_ps(p + 8, x.b);
}
/* Masked stores are slow on Zen 3 (adding two arrays took five times as long), and almost all
 * that come here are whole. */
ND_INLINE void vf_store_n(float *p, vf x, unsigned n)
{
    if (n >= 16) {
        vf_store(p, x);
        return;
    }
    _mm256_maskstore_ps(p, lanes_below(0, n), x.a);
    _mm256_maskstore_ps(p + 8, lanes_below(8, n), x.b);
}
ND_INLINE vf vf_add(vf x, vf y)
{
    return BOTH2(vf, _mm256_add_ps, x, y);
}
ND_INLINE vf vf_sub(vf x, vf y)
{
    return BOTH2(vf, _mm256_sub_ps, x, y);
}
ND_INLINE vf vf_mul(vf x, vf y)
{
    return BOTH2(vf, _mm256_mul_ps, x, y);
}
ND_INLINE vf vf_div(vf x, vf y)
{
    return BOTH2(vf, _mm256_div_ps, x, y);
}
ND_INLINE vf vf_fma(vf x, vf y, vf z)
{
    return BOTH3(vf, _mm256_fmadd_ps, x, y, z);
}
ND_INLINE vf vf_fnma(vf x, vf y, vf z)
{
    return BOTH3(vf, _mm256_fnmadd_ps, x, y, z);
}
ND_INLINE vf vf_min(vf x, vf y)
{
    return BOTH2(vf, _mm256_min_ps, x, y);
}
ND_INLINE vf vf_max(vf x, vf y)
{
    return BOTH2(vf, _mm256_max_ps, x, y);
}
ND_INLINE vf vf_sqrt(vf x)
{
    return BOTH1(vf, _mm256_sqrt_ps, x);
}
ND_INLINE vm vf_lt(vf x, vf y)
{
    return (vm){_mm256_cmp_ps(x.a, y.a, _CMP_LT_OQ), _mm256_cmp_ps(x.b, y.b, _CMP_LT_OQ)};
}
ND_INLINE vm vf_le(vf x, vf y)
{
    return (vm){_mm256_cmp_ps(x.a, y.a, _CMP_LE_OQ), _mm256_cmp_ps(x.b, y.b, _CMP_LE_OQ)};
}
ND_INLINE vf vf_sel(vm m, vf x, vf y)
{
    return BOTH3(vf, _mm256_blendv_ps, y, x, m);
}
ND_INLINE vf vf_from_int(vi x)
{
    return BOTH1(vf, _mm256_cvtepi32_ps, x);
}

ND_INLINE vi vi_set1(uint32_t x)
{
    return (vi){_mm256_set1_epi32((int)x), _mm256_set1_epi32((int)x)};
}
ND_INLINE vi vi_iota(uint32_t x)
{
    const __m256i base = _mm256_set1_epi32((int)x);
    return (vi){_mm256_add_epi32(base, _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)),
                _mm256_add_epi32(base, _mm256_setr_epi32(8, 9, 10, 11, 12, 13, 14, 15))};
}
ND_INLINE vi vi_add(vi x, vi y)
{
    return BOTH2(vi, _mm256_add_epi32, x, y);
}
ND_INLINE vi vi_sub(vi x, vi y)
{
    return BOTH2(vi, _mm256_sub_epi32, x, y);
}
ND_INLINE vi vi_and(vi x, vi y)
{
    return BOTH2(vi, _mm256_and_si256, x, y);
}
ND_INLINE vi vi_or(vi x, vi y)
{
    return BOTH2(vi, _mm256_or_si256, x, y);
}
ND_INLINE vi vi_xor(vi x, vi y)
{
    return BOTH2(vi, _mm256_xor_si256, x, y);
}
#define vi_shl(x, n) ((vi){_mm256_slli_epi32((x).a, n), _mm256_slli_epi32((x).b, n)})
#define vi_shr(x, n) ((vi){_mm256_srli_epi32((x).a, n), _mm256_srli_epi32((x).b, n)})
#define vi_sar(x, n) ((vi){_mm256_srai_epi32((x).a, n), _mm256_srai_epi32((x).b, n)})
ND_INLINE vm vi_eq(vi x, vi y)
{
    return (vm){_mm256_castsi256_ps(_mm256_cmpeq_epi32(x.a, y.a)),
                _mm256_castsi256_ps(_mm256_cmpeq_epi32(x.b, y.b))};
}
/* where the top bit is set */
ND_INLINE vm vi_top(vi x)
{
    return (vm){_mm256_castsi256_ps(x.a), _mm256_castsi256_ps(x.b)};
}
ND_INLINE vi vi_mul_even(vi x, uint32_t y)
{
    const __m256i c = _mm256_set1_epi32((int)y);
    return (vi){_mm256_mul_epu32(x.a, c), _mm256_mul_epu32(x.b, c)};
}
ND_INLINE vi vi_high(vi x)
{
    return (vi){_mm256_srli_epi64(x.a, 32), _mm256_srli_epi64(x.b, 32)};
}
ND_INLINE vi vi_lift(vi x)
{
    return (vi){_mm256_slli_epi64(x.a, 32), _mm256_slli_epi64(x.b, 32)};
}
ND_INLINE vi vi_join(vi even, vi odd)
{
    return (vi){_mm256_blend_epi32(even.a, _mm256_slli_epi64(odd.a, 32), 0xaa),
                _mm256_blend_epi32(even.b, _mm256_slli_epi64(odd.b, 32), 0xaa)};
}
ND_INLINE vi vf_bits(vf x)
{
    return BOTH1(vi, _mm256_castps_si256, x);
}
ND_INLINE vf vi_bits(vi x)
{
    return BOTH1(vf, _mm256_castsi256_ps, x);
}

ND_INLINE vm vm_first(unsigned n)
{
    return (vm){_mm256_castsi256_ps(lanes_below(0, n)),
                _mm256_castsi256_ps(lanes_below(8, n))};
}
ND_INLINE vm vm_and(vm x, vm y)
{
    return BOTH2(vm, _mm256_and_ps, x, y);
}
ND_INLINE vm vm_not(vm x)
{
    const __m256 ones = _mm256_castsi256_ps(_mm256_set1_epi32(-1));
    return (vm){_mm256_xor_ps(x.a, ones), _mm256_xor_ps(x.b, ones)};
}
/* bit l: lane l */
ND_INLINE unsigned vm_bits(vm x)
{
    return (unsigned)_mm256_movemask_ps(x.a) | (unsigned)_mm256_movemask_ps(x.b) << 8;
}
ND_INLINE unsigned vm_count(vm x)
{
    return (unsigned)__builtin_popcount(vm_bits(x));
}
ND_INLINE void vf_to_u8(uint8_t *p, vf x)
{
    const __m256i words =
        _mm256_packus_epi32(_mm256_cvttps_epi32(x.a), _mm256_cvttps_epi32(x.b));
    const __m256i in_order = _mm256_permute4x64_epi64(words, 0xd8);
    _mm_storeu_si128((__m128i *)(void *)p,
                     _mm_packus_epi16(_mm256_castsi256_si128(in_order),
                                      _mm256_extracti128_si256(in_order, 1)));
}
ND_INLINE void vi_pack(void *p, vm m, vi x)
{
    uint32_t lane[16], *to = p;
    _mm256_storeu_si256((__m256i *)(void *)lane, x.a);
    _mm256_storeu_si256((__m256i *)(void *)(lane + 8), x.b);
    for (unsigned bits = vm_bits(m); bits; bits &= bits - 1)
        *to++ = lane[__builtin_ctz(bits)];
}

#include "vec_x86.h"
