/* stat.h -- what replicates of a cell say: median, quantiles, mean, spread, and a bootstrap
 * interval. NaN means not measured and is skipped; of no numbers every statistic is NaN. */
#ifndef NUDGE_STAT_H
#define NUDGE_STAT_H

#include "nudge/err.h"

#include <stddef.h>
#include <stdint.h>

enum { ND_BOOTSTRAP_RESAMPLES = 1000 };

/* Sorts x in place, ascending, without the NaN; returns how many are left. */
size_t nd_stat_sort(double *x, size_t n);

/* The q-quantile, 0 <= q <= 1, of sorted x: linear between order statistics (numpy's
 * default, type 7 of Hyndman and Fan 1996). */
double nd_stat_quantile(const double *sorted, size_t n, double q);
double nd_stat_median(const double *sorted, size_t n);

/* Of x in any order. */
double nd_stat_mean(const double *x, size_t n);
double nd_stat_sd(const double *x, size_t n); /* with n - 1; NaN for fewer than two */

/* 95 % interval of the median of sorted x, by the percentile bootstrap (Efron and
 * Tibshirani 1993, chapter 13). A pure function of x and seed. */
ND_MUST nd_code nd_stat_bootstrap(const double *sorted, size_t n, uint64_t seed,
                                  double *low, double *high, nd_err *err);

#endif
