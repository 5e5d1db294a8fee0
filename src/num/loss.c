/* loss.c -- losses of a read-out: a few numbers per sample, so plain double arithmetic. */
#include "nudge/loss.h"

#include <math.h>

double nd_loss_squared(size_t B, size_t n, size_t ld, const float *s, const float *y)
{
    double sum = 0.0;
    for (size_t b = 0; b < B; b++)
        for (size_t j = 0; j < n; j++) {
            const double d = (double)s[b * ld + j] - (double)y[b * ld + j];
            sum += d * d;
        }
    return sum / 2;
}

double nd_loss_cross_entropy(size_t B, size_t n, size_t ld, const float *z,
                             const uint8_t *label)
{
    double loss = 0.0;
    for (size_t b = 0; b < B; b++) {
        const float *row = z + b * ld;
        double most = (double)row[0], sum = 0.0;
        for (size_t j = 1; j < n; j++)
            most = fmax(most, (double)row[j]);
        for (size_t j = 0; j < n; j++)
            sum += exp((double)row[j] - most);
        loss += log(sum) + most - (double)row[label[b]];
    }
    return loss;
}

uint64_t nd_loss_errors(size_t B, size_t n, size_t ld, const float *s, const uint8_t *label)
{
    uint64_t errors = 0;
    for (size_t b = 0; b < B; b++) {
        const float *row = s + b * ld;
        const float best = row[label[b]];
        int wrong = !(best == best);
        for (size_t j = 0; j < n && !wrong; j++)
            wrong = j < label[b] ? !(row[j] < best) : !(row[j] <= best);
        errors += (uint64_t)wrong;
    }
    return errors;
}
