/* stat.c -- statistics of a few replicates. */
#include "nudge/stat.h"

#include "nudge/philox.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

size_t nd_stat_sort(double *x, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i])) x[kept++] = x[i];
    qsort(x, kept, sizeof *x, ascending);
    return kept;
}

double nd_stat_quantile(const double *sorted, size_t n, double q)
{
    if (!n) return (double)NAN;
    const double at = q * (double)(n - 1);
    const size_t i = (size_t)at;
    if (i + 1 >= n) return sorted[n - 1];
    const double part = at - (double)i;
    /* not for part 0: inf - inf */
    return part > 0 ? sorted[i] + part * (sorted[i + 1] - sorted[i]) : sorted[i];
}

double nd_stat_median(const double *sorted, size_t n)
{
    return nd_stat_quantile(sorted, n, 0.5);
}

double nd_stat_mean(const double *x, size_t n)
{
    double sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i])) {
            sum += x[i];
            count++;
        }
    return count ? sum / (double)count : (double)NAN;
}

double nd_stat_sd(const double *x, size_t n)
{
    const double mean = nd_stat_mean(x, n);
    double sum = 0;
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i])) {
            sum += (x[i] - mean) * (x[i] - mean);
            count++;
        }
    return count > 1 ? sqrt(sum / (double)(count - 1)) : (double)NAN;
}

/* Median of a resample given as how often each of the n sorted values was drawn. */
static double median_of_counts(const double *sorted, const uint32_t *count, size_t n)
{
    const size_t lower = (n - 1) / 2, upper = n / 2;
    size_t i = 0, below = count[0];
    while (below <= lower)
        below += count[++i];
    const double a = sorted[i];
    while (below <= upper)
        below += count[++i];
    return a == sorted[i] ? a : a + 0.5 * (sorted[i] - a);
}

nd_code nd_stat_bootstrap(const double *sorted, size_t n, uint64_t seed, double *low,
                          double *high, nd_err *err)
{
    *low = *high = n ? sorted[0] : (double)NAN;
    if (n < 2) return ND_OK;
    uint32_t *count = malloc(n * sizeof *count);
    if (!count) return ND_FAIL(err, ND_ENOMEM, "no memory to resample %zu values", n);
    double median[ND_BOOTSTRAP_RESAMPLES];
    for (uint32_t b = 0; b < ND_BOOTSTRAP_RESAMPLES; b++) {
        const nd_at at = {.seed = seed, .stream = ND_STREAM_BOOTSTRAP, .batch = b};
        memset(count, 0, n * sizeof *count);
        for (uint32_t i = 0; i < n; i++)
            count[nd_philox_below(at, i, (uint32_t)n)]++;
        median[b] = median_of_counts(sorted, count, n);
    }
    free(count);
    qsort(median, ND_BOOTSTRAP_RESAMPLES, sizeof *median, ascending);
    *low = nd_stat_quantile(median, ND_BOOTSTRAP_RESAMPLES, 0.025);
    *high = nd_stat_quantile(median, ND_BOOTSTRAP_RESAMPLES, 0.975);
    return ND_OK;
}
