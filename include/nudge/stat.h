/* stat.h -- what replicates of a cell say: median, quantiles, mean, spread, and a bootstrap
 * interval. NaN means not measured and is skipped; of no numbers every statistic is NaN. */
#ifndef NUDGE_STAT_H
#define NUDGE_STAT_H

#include "nudge/err.h"

#include <stddef.h>

/* Sorts x in place, ascending, without the NaN; returns how many are left. */
size_t nd_stat_sort(double *x, size_t n);

/* The q-quantile, 0 <= q <= 1, of sorted x: linear between order statistics (numpy's
 * default, type 7 of Hyndman and Fan 1996). */
double nd_stat_quantile(const double *sorted, size_t n, double q);
double nd_stat_median(const double *sorted, size_t n);

/* Of x in any order. */
double nd_stat_mean(const double *x, size_t n);
double nd_stat_sd(const double *x, size_t n); /* with n - 1; NaN for fewer than two */

/* Variance of a balanced table x (rows, columns) without repetitions, all numbers, split by the
 * random-effects model x_rc = mean + row_r + column_c + rest_rc: estimates from the mean squares of
 * the analysis of variance, which are unbiased and so may be negative (Searle, Casella and
 * McCulloch 1992, chapter 4). With one row or one column only, what varies along the other cannot be
 * told from the rest: all of it counts as that other's, and the two that are unknown are NaN. */
typedef struct nd_parts {
    double row, column, rest;
} nd_parts;
nd_parts nd_stat_parts(const double *x, size_t rows, size_t columns);

/* 95 % interval of the median by the percentile bootstrap (Efron and Tibshirani 1993, chapter 13),
 * without resampling: the law of the median of n values drawn with replacement from n values is
 * known exactly, so the ends are its 0.025- and 0.975-quantiles (the smallest medians whose
 * distribution function reaches them). */
typedef struct nd_bootstrap {
    size_t n;
    size_t low, high; /* odd n: the order statistics, from 0, that are the ends */
    size_t n_pairs;
    struct nd_bootstrap_pair
        *pair; /* even n: (n_pairs) the two in the middle of a resample */
    struct nd_bootstrap_median *scratch; /* (n_pairs) */
} nd_bootstrap;

/* The law for samples of n. Start from {0}; the law of another n is replaced, of the same n kept.
 * Takes O(n) to O(n^2) of time. */
ND_MUST nd_code nd_bootstrap_prepare(nd_bootstrap *b, size_t n, nd_err *err);
void nd_bootstrap_free(nd_bootstrap *b);

/* Of sorted x (b->n); NaN for n = 0. */
void nd_bootstrap_interval(nd_bootstrap *b, const double *sorted, double *low,
                           double *high);

#endif
