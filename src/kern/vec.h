/* vec.h -- 16 virtual float lanes on every ISA: the vocabulary that kernels are written in.
 *
 * vf: 16 floats, vi: 16 32-bit words, vm: 16 truths; vb: VB_BYTES bytes, whose sums wrap.
 * Each operation gives the same bits on every ISA: IEEE add, subtract, multiply, divide,
 * square root and fused multiply-add are correctly rounded everywhere; min and max are
 * written as x86 defines them: (a < b ? a : b). */
#ifndef NUDGE_VEC_H
#define NUDGE_VEC_H

#include <stddef.h>
#include <stdint.h>

#define ND_INLINE static inline __attribute__((always_inline, unused))
/* What is the body of many loops, inlined into each of them. */
#if defined(ND_ISA_scalar)
#define ND_BODY static __attribute__((noinline))
#else
#define ND_BODY ND_INLINE
#endif
/* The scalar oracle stays rolled up: unrolled, its lanes take compilers minutes. */
#if defined(ND_ISA_scalar) && defined(__clang__)
#define ND_UNROLL _Pragma("nounroll")
#elif defined(ND_ISA_scalar)
#define ND_UNROLL _Pragma("GCC unroll 1")
#elif defined(__clang__)
#define ND_UNROLL _Pragma("unroll")
#else
#define ND_UNROLL _Pragma("GCC unroll 32")
#endif

#if defined(ND_ISA_avx512)
#include "vec_avx512.h"
#elif defined(ND_ISA_avx2)
#include "vec_avx2.h"
#elif defined(ND_ISA_scalar)
#include "vec_scalar.h"
#else
#error "compile kernels through the make rule: one object per ISA"
#endif

/* The name of a kernel in this ISA's object: nd_relax_avx2. */
#define ND_PASTE_(a, b) a##b
#define ND_PASTE(a, b)  ND_PASTE_(a, b)
#define ND_KERNEL(name) ND_PASTE(nd_##name##_, ND_ISA)

#endif
