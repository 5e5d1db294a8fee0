/* stat.c -- statistics of a few replicates. */
#include "nudge/stat.h"

#include <math.h>
#include <stdlib.h>

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

nd_parts nd_stat_parts(const double *x, size_t rows, size_t columns)
{
    const double none = (double)NAN, R = (double)rows, C = (double)columns;
    if (rows <= 1 || columns <= 1) {
        const double sd = nd_stat_sd(x, rows * columns);
        return (nd_parts){rows > 1 ? sd * sd : none, columns > 1 ? sd * sd : none, none};
    }
    const double mean = nd_stat_mean(x, rows * columns);
    double all = 0, between_rows = 0, between_columns = 0;
    for (size_t r = 0; r < rows; r++) {
        double sum = 0;
        for (size_t c = 0; c < columns; c++) {
            const double d = x[r * columns + c] - mean;
            all += d * d;
            sum += d;
        }
        between_rows += sum * sum / C;
    }
    for (size_t c = 0; c < columns; c++) {
        double sum = 0;
        for (size_t r = 0; r < rows; r++)
            sum += x[r * columns + c] - mean;
        between_columns += sum * sum / R;
    }
    const double rest = fmax(all - between_rows - between_columns, 0) / ((R - 1) * (C - 1));
    return (nd_parts){(between_rows / (R - 1) - rest) / C,
                      (between_columns / (C - 1) - rest) / R, rest};
}
