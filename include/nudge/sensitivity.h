/* sensitivity.h -- how much a number depends on another, or on a group. */
#ifndef NUDGE_SENSITIVITY_H
#define NUDGE_SENSITIVITY_H

#include "nudge/err.h"

#include <stddef.h>

/* Ranks 1 ... n of x, ties sharing the mean of theirs (Kendall 1945). */
ND_MUST nd_code nd_sensitivity_ranks(const double *x, size_t n, double *rank, nd_err *err);

/* Spearman's rank correlation: Pearson's of the ranks. NaN where either does not vary. */
ND_MUST nd_code nd_sensitivity_spearman(const double *x, const double *y, size_t n,
                                        double *out, nd_err *err);

/* Share of the sum of squares of y that lies between groups of equal x: eta squared of a one-way
 * analysis of variance (Fisher 1925). NaN where y does not vary. */
ND_MUST nd_code nd_sensitivity_eta2(const double *x, const double *y, size_t n, double *out,
                                    nd_err *err);

/* Replaces x, n numbers of which nearly all differ, by one of at most `classes` classes of about
 * equal count each, by rank; equal ones stay together. */
ND_MUST nd_code nd_sensitivity_classes(double *x, size_t n, size_t classes, nd_err *err);

#endif
