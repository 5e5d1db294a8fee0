/* blas_impl.h -- sgemm of a CBLAS found at run time: only to compare with, never to compute
 * with. */
#ifndef NUDGE_BLAS_IMPL_H
#define NUDGE_BLAS_IMPL_H

#include <stdbool.h>
#include <stddef.h>

typedef struct nd_blas {
    void *library;
    void (*sgemm)(int order, int trans_a, int trans_b, int m, int n, int k, float alpha,
                  const float *a, int lda, const float *b, int ldb, float beta, float *c,
                  int ldc);
    char name[128]; /* library and the kernels it chose; or why there is none */
} nd_blas;

bool nd_blas_open(nd_blas *b); /* on one thread */
void nd_blas_close(nd_blas *b);

/* c (m, n) = a (m, k) b (k, n), row-major; with `transposed`, a is (k, m). */
void nd_blas_product(const nd_blas *b, bool transposed, size_t m, size_t n, size_t k,
                     const float *a, const float *x, float *c);

#endif
