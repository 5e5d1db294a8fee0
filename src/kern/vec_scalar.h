/* vec_scalar.h -- the vocabulary as loops: the oracle. */
#include <math.h>
#include <string.h>

#define TILE_ROWS    4
#define TILE_PANELS  1
#define SHORT_ROWS   1
#define SHORT_PANELS 1
#define TOGETHER     1 /* vectors whose activations are computed side by side */
#define CONV_SPAN    4 /* registers that a list of pixels is summed in: see k_conv.c */
#define PULSE_ROWS   2 /* rows of device pairs in flight: see k_pulse.c */

typedef struct vf {
    float v[16];
} vf;
typedef struct vi {
    uint32_t v[16];
} vi;
typedef struct vm {
    uint32_t v[16]; /* 0 or 1 */
} vm;

#define EACH for (int l = 0; l < 16; l++)
#define DEF(type, name, args, expr)                                                        \
    ND_INLINE type name args                                                               \
    {                                                                                      \
        type r;                                                                            \
        EACH r.v[l] = expr;                                                                \
        return r;                                                                          \
    }

DEF(vf, vf_set1, (float x), x)
DEF(vf, vf_load, (const float *p), p[l])
DEF(vf, vf_load_n, (const float *p, unsigned n), (unsigned)l < n ? p[l] : 0.0f)
DEF(vf, vf_from_u8, (const uint8_t *p), (float)p[l])
ND_INLINE void vf_store(float *p, vf a)
{
    EACH p[l] = a.v[l];
}
ND_INLINE void vf_store_n(float *p, vf a, unsigned n)
{
    EACH if ((unsigned)l < n) p[l] = a.v[l];
}
DEF(vf, vf_add, (vf a, vf b), a.v[l] + b.v[l])
DEF(vf, vf_sub, (vf a, vf b), a.v[l] - b.v[l])
DEF(vf, vf_mul, (vf a, vf b), a.v[l] * b.v[l])
DEF(vf, vf_div, (vf a, vf b), a.v[l] / b.v[l])
DEF(vf, vf_fma, (vf a, vf b, vf c), fmaf(a.v[l], b.v[l], c.v[l]))
DEF(vf, vf_fnma, (vf a, vf b, vf c), fmaf(-a.v[l], b.v[l], c.v[l]))
DEF(vf, vf_min, (vf a, vf b), a.v[l] < b.v[l] ? a.v[l] : b.v[l])
DEF(vf, vf_max, (vf a, vf b), a.v[l] > b.v[l] ? a.v[l] : b.v[l])
DEF(vf, vf_sqrt, (vf a), sqrtf(a.v[l]))
DEF(vm, vf_lt, (vf a, vf b), a.v[l] < b.v[l])
DEF(vm, vf_le, (vf a, vf b), a.v[l] <= b.v[l])
DEF(vf, vf_sel, (vm m, vf a, vf b), m.v[l] ? a.v[l] : b.v[l])
DEF(vf, vf_from_int, (vi a), (float)(int32_t)a.v[l])

DEF(vi, vi_set1, (uint32_t x), x)
DEF(vi, vi_iota, (uint32_t x), x + (uint32_t)l)
DEF(vi, vi_add, (vi a, vi b), a.v[l] + b.v[l])
DEF(vi, vi_sub, (vi a, vi b), a.v[l] - b.v[l])
DEF(vi, vi_and, (vi a, vi b), a.v[l] & b.v[l])
DEF(vi, vi_or, (vi a, vi b), a.v[l] | b.v[l])
DEF(vi, vi_xor, (vi a, vi b), a.v[l] ^ b.v[l])
#define vi_shl(a, n) vi_shl_((a), (n))
#define vi_shr(a, n) vi_shr_((a), (n))
#define vi_sar(a, n) vi_sar_((a), (n))
DEF(vi, vi_shl_, (vi a, int n), a.v[l] << n)
DEF(vi, vi_shr_, (vi a, int n), a.v[l] >> n)
DEF(vi, vi_sar_, (vi a, int n), (uint32_t)((int32_t)a.v[l] >> n))
DEF(vm, vi_eq, (vi a, vi b), a.v[l] == b.v[l])
DEF(vm, vi_top, (vi a), a.v[l] >> 31)
/* 8 lanes of 64 bits, each a pair of words, the even one low: see vec.h */
#define PAIRS for (int l = 0; l < 16; l += 2)
ND_INLINE vi vi_mul_even(vi a, uint32_t b)
{
    vi r;
    PAIRS
    {
        const uint64_t p = (uint64_t)a.v[l] * b;
        r.v[l] = (uint32_t)p;
        r.v[l + 1] = (uint32_t)(p >> 32);
    }
    return r;
}
ND_INLINE vi vi_high(vi a)
{
    vi r;
    PAIRS r.v[l] = a.v[l + 1], r.v[l + 1] = 0;
    return r;
}
ND_INLINE vi vi_lift(vi a)
{
    vi r;
    PAIRS r.v[l] = 0, r.v[l + 1] = a.v[l];
    return r;
}
ND_INLINE vi vi_join(vi even, vi odd)
{
    vi r;
    PAIRS r.v[l] = even.v[l], r.v[l + 1] = odd.v[l];
    return r;
}
#undef PAIRS
ND_INLINE vi vf_bits(vf a)
{
    vi r;
    memcpy(&r, &a, sizeof r);
    return r;
}
ND_INLINE vf vi_bits(vi a)
{
    vf r;
    memcpy(&r, &a, sizeof r);
    return r;
}

DEF(vm, vm_first, (unsigned n), (unsigned)l < n)
DEF(vm, vm_and, (vm a, vm b), a.v[l] & b.v[l])
DEF(vm, vm_not, (vm a), !a.v[l])
/* bit l: lane l */
ND_INLINE unsigned vm_bits(vm a)
{
    unsigned bits = 0;
    EACH bits |= a.v[l] << l;
    return bits;
}
ND_INLINE unsigned vm_count(vm a)
{
    unsigned n = 0;
    EACH n += a.v[l];
    return n;
}
/* 16 whole numbers 0..255 */
ND_INLINE void vf_to_u8(uint8_t *p, vf a)
{
    EACH p[l] = (uint8_t)a.v[l];
}
/* the words of true lanes, together; up to 16 words at p may be written */
ND_INLINE void vi_pack(void *p, vm m, vi a)
{
    uint32_t *to = p;
    EACH if (m.v[l]) *to++ = a.v[l];
}
#undef EACH

#define VB_BYTES 32
typedef struct vb {
    uint8_t v[VB_BYTES];
} vb;

#define EACH for (int l = 0; l < VB_BYTES; l++)
DEF(vb, vb_set1, (uint8_t x), x)
DEF(vb, vb_load, (const uint8_t *p), p[l])
ND_INLINE void vb_store(uint8_t *p, vb a)
{
    EACH p[l] = a.v[l];
}
DEF(vb, vb_add, (vb a, vb b), (uint8_t)(a.v[l] + b.v[l]))
DEF(vb, vb_sub, (vb a, vb b), (uint8_t)(a.v[l] - b.v[l]))
#undef EACH
#undef DEF

ND_INLINE void v_transpose(const float *from, float *to)
{
    for (int i = 0; i < 16; i++)
        for (int j = 0; j < 16; j++)
            to[j * 16 + i] = from[i * 16 + j];
}
