/* loss.h -- losses and classification errors of a read-out. */
#ifndef NUDGE_LOSS_H
#define NUDGE_LOSS_H

#include <stddef.h>
#include <stdint.h>

/* Sum over the mini-batch of 1/2 |s - y|^2; s and y (B, n) with leading dimension ld. */
double nd_loss_squared(size_t B, size_t n, size_t ld, const float *s, const float *y);

/* Sum over the mini-batch of -log softmax(z) at the label; z (B, n). */
double nd_loss_cross_entropy(size_t B, size_t n, size_t ld, const float *z,
                             const uint8_t *label);

/* Rows whose largest element is not at the label; the first of equals counts. A row with
 * NaN is an error. */
uint64_t nd_loss_errors(size_t B, size_t n, size_t ld, const float *s,
                        const uint8_t *label);

#endif
