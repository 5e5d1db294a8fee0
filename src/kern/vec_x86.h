/* vec_x86.h -- what both x86 vocabularies share; a part of vec.h. */
#ifndef NUDGE_VEC_X86_H
#define NUDGE_VEC_X86_H

/* to (8, 8) = transpose of from (8, 8), rows 16 floats apart in both */
ND_INLINE void transpose_eighth(const float *from, float *to)
{
    __m256 row[8], pair[8], four[8];
    ND_UNROLL
    for (int i = 0; i < 8; i++)
        row[i] = _mm256_loadu_ps(from + i * 16);
    ND_UNROLL
    for (int i = 0; i < 8; i += 2) {
        pair[i] = _mm256_unpacklo_ps(row[i], row[i + 1]);
        pair[i + 1] = _mm256_unpackhi_ps(row[i], row[i + 1]);
    }
    ND_UNROLL
    for (int i = 0; i < 8; i += 4)
        ND_UNROLL
    for (int j = 0; j < 2; j++) {
        four[i + 2 * j] = _mm256_shuffle_ps(pair[i + j], pair[i + j + 2], 0x44);
        four[i + 2 * j + 1] = _mm256_shuffle_ps(pair[i + j], pair[i + j + 2], 0xee);
    }
    ND_UNROLL
    for (int i = 0; i < 4; i++) {
        _mm256_storeu_ps(to + i * 16, _mm256_permute2f128_ps(four[i], four[i + 4], 0x20));
        _mm256_storeu_ps(to + (i + 4) * 16,
                         _mm256_permute2f128_ps(four[i], four[i + 4], 0x31));
    }
}

/* to (16, 16) = transpose of from (16, 16) */
ND_INLINE void v_transpose(const float *from, float *to)
{
    for (int i = 0; i < 16; i += 8)
        for (int j = 0; j < 16; j += 8)
            transpose_eighth(from + i * 16 + j, to + j * 16 + i);
}

#define VB_BYTES 32

typedef __m256i vb;

ND_INLINE vb vb_set1(uint8_t x)
{
    return _mm256_set1_epi8((char)x);
}
ND_INLINE vb vb_load(const uint8_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}
ND_INLINE void vb_store(uint8_t *p, vb x)
{
    _mm256_storeu_si256((__m256i *)(void *)p, x);
}
ND_INLINE vb vb_add(vb x, vb y)
{
    return _mm256_add_epi8(x, y);
}
ND_INLINE vb vb_sub(vb x, vb y)
{
    return _mm256_sub_epi8(x, y);
}

#endif
