/* autocorrelation.c -- by the theorem of Wiener and Khinchin: the transform of |X|^2 is the
 * cyclic autocorrelation, and n zeros behind the series keep its ends apart. */
#include "nudge/autocorrelation.h"

#include "nudge/fourier.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct nd_autocorrelation {
    size_t n, padded; /* padded >= 2 n - 1 */
    nd_fourier *transform;
    double *power; /* (padded/2 + 1) of all rows */
};

nd_code nd_autocorrelation_new(nd_autocorrelation **out, size_t n, nd_err *err)
{
    *out = NULL;
    if (n < 2 || n > SIZE_MAX / 64)
        return ND_FAIL(err, ND_EINPUT, "a series of %zu steps has no autocorrelation", n);
    nd_autocorrelation *a = calloc(1, sizeof *a);
    if (!a) return ND_FAIL(err, ND_ENOMEM, "no memory for an autocorrelation");
    a->n = n;
    a->padded = nd_fourier_length(2 * n - 1);
    nd_code code = nd_fourier_real(&a->transform, a->padded, err);
    if (code == ND_OK) {
        a->power = malloc((a->padded / 2 + 1) * sizeof *a->power);
        if (!a->power)
            code = ND_FAIL(err, ND_ENOMEM, "no memory for a spectrum of %zu", a->padded);
    }
    if (code != ND_OK) {
        nd_autocorrelation_free(a);
        return code;
    }
    *out = a;
    return ND_OK;
}

void nd_autocorrelation_free(nd_autocorrelation *a)
{
    if (!a) return;
    nd_fourier_free(a->transform);
    free(a->power);
    free(a);
}

/* Mean of x - x[0]: exactly 0 when all are alike, whatever the value. */
static double mean_from_first(size_t n, size_t rows, size_t ld, const double *x)
{
    double sum = 0;
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < n; i++)
            sum += x[r * ld + i] - x[0];
    return sum / ((double)rows * (double)n);
}

void nd_autocorrelation_of(nd_autocorrelation *a, size_t rows, size_t ld, const double *x,
                           double *rho)
{
    const size_t points = a->padded / 2 + 1;
    const double mean = rows ? mean_from_first(a->n, rows, ld, x) : 0;
    double *const signal = nd_fourier_signal(a->transform);
    double complex *const spectrum = nd_fourier_data(a->transform);
    memset(a->power, 0, points * sizeof *a->power);
    for (size_t r = 0; r < rows; r++) {
        for (size_t i = 0; i < a->n; i++)
            signal[i] = x[r * ld + i] - x[0] - mean;
        memset(signal + a->n, 0, (a->padded - a->n) * sizeof *signal);
        nd_fourier_forward(a->transform);
        for (size_t k = 0; k < points; k++)
            a->power[k] += creal(spectrum[k]) * creal(spectrum[k]) +
                           cimag(spectrum[k]) * cimag(spectrum[k]);
    }
    for (size_t k = 0; k < points; k++)
        spectrum[k] = a->power[k];
    nd_fourier_backward(a->transform);
    const double variance = signal[0];
    const bool varies = variance > 0 && isfinite(variance);
    for (size_t t = 0; t < a->n; t++)
        rho[t] = varies ? signal[t] / variance : (double)NAN;
}

nd_memory nd_autocorrelation_time(size_t n, const double *rho, size_t rows, double window)
{
    const double nan = (double)NAN, steps = (double)n * (double)rows;
    if (n < 2 || !rows || isnan(rho[0]))
        return (nd_memory){.tau = nan, .error = nan, .effective = nan};
    nd_memory m = {.tau = 0.5};
    while (m.window + 1 < n && !m.converged) {
        m.tau += rho[++m.window];
        m.converged = (double)m.window >= window * m.tau;
    }
    m.converged &= m.tau > 0; /* the window is no use for a chain that swings */
    m.error = sqrt(2 * (2 * (double)m.window + 1) / steps) * fabs(m.tau);
    m.effective = m.tau > 0 ? steps / (2 * m.tau) : nan;
    return m;
}
