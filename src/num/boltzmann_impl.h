/* boltzmann_impl.h -- small sums that all evaluations of a Boltzmann machine share. */
#ifndef NUDGE_BOLTZMANN_IMPL_H
#define NUDGE_BOLTZMANN_IMPL_H

#include <math.h>
#include <stddef.h>

static inline double nd_logistic(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

/* log(1 + exp(x)) without overflow. */
static inline double nd_softplus(double x)
{
    return fmax(x, 0) + log1p(exp(-fabs(x)));
}

/* sum_i softplus(scale x_i), x (n). Of softplus(x) = max(x, 0) + log(1 + exp(-|x|)) the
 * second parts are multiplied before the logarithm is taken: factors within 1..2, so that
 * some hundred of them cannot overflow. */
static inline double nd_softplus_sum(size_t n, const double *x, double scale)
{
    enum { FACTORS = 512 };
    double sum = 0;
    for (size_t i0 = 0; i0 < n; i0 += FACTORS) {
        const size_t end = i0 + FACTORS < n ? i0 + FACTORS : n;
        double product = 1, linear = 0;
        for (size_t i = i0; i < end; i++) {
            const double u = scale * x[i];
            linear += u > 0 ? u : 0;
            product *= 1 + exp(-fabs(u));
        }
        sum += linear + log(product);
    }
    return sum;
}

/* log sum_i exp(x_i), n >= 1. */
static inline double nd_log_sum_exp(size_t n, const double *x)
{
    double largest = x[0], sum = 0;
    for (size_t i = 1; i < n; i++)
        largest = fmax(largest, x[i]);
    if (isinf(largest)) return largest;
    for (size_t i = 0; i < n; i++)
        sum += exp(x[i] - largest);
    return largest + log(sum);
}

#endif
