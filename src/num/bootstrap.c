/* bootstrap.c -- the exact law of a resampled median.
 *
 * A resample draws n of the ranks 1 .. n with replacement. Its r-th smallest rank is at most i when
 * at least r draws are:
 *
 *     P(R_(r) <= i) = P(Binomial(n, i/n) >= r)                    (Efron 1979, Ann. Stat. 7, 1)
 *
 * With n = 2m - 1 the median is R_(m). With n = 2m it is the mean of the values of rank I = R_(m)
 * and J = R_(m+1), for i < j
 *
 *     P(I = i, J = j) = (2m over m) (i^m - (i-1)^m) ((n-j+1)^m - (n-j)^m) / n^n :
 *
 * m draws are at most i, one of them i itself, and m at least j, one of them j. What is left of
 * P(I = i) is P(I = J = i). */
#include "nudge/mem.h"
#include "nudge/stat.h"

#include <math.h>
#include <stdlib.h>

typedef struct nd_bootstrap_pair {
    size_t i, j; /* ranks from 0 */
    double weight;
} pair;

typedef struct nd_bootstrap_median {
    double value, weight;
} median;

static const double nothing = 1e-18; /* a probability that does not matter */
static const double rounding = 1e-12;
static const double low_end = 0.025, high_end = 0.975;

static double log_choose(double n, double k)
{
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
}

/* P(Binomial(n, p) >= r), summed on the side that is small when r is near n / 2. */
static double upper_tail(size_t n, size_t r, double p)
{
    if (p <= 0 || p >= 1) return p >= 1;
    const double N = (double)n, odds = p / (1 - p);
    const bool above = p <= 0.5;
    double k = (double)(above ? r : r - 1), sum = 0;
    double term = exp(log_choose(N, k) + k * log(p) + (N - k) * log1p(-p));
    while (term > nothing * sum && k >= 0 && k <= N) {
        sum += term;
        term *= above ? odds * (N - k) / (k + 1) : k / (N - k + 1) / odds;
        k += above ? 1 : -1;
    }
    return above ? sum : 1 - sum;
}

/* P(R_(r) <= i), i from 0 for rank 1 */
static double distribution(size_t n, size_t r, size_t i)
{
    return upper_tail(n, r, (double)(i + 1) / (double)n);
}

/* The first rank at which the distribution function reaches q. */
static size_t quantile(size_t n, size_t r, double q)
{
    size_t lo = 0, hi = n - 1;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (distribution(n, r, mid) >= q - rounding)
            hi = mid;
        else
            lo = mid + 1;
    }
    return lo;
}

/* log((i^m - (i-1)^m) / n^m) */
static double log_extreme(size_t i, size_t m, size_t n)
{
    const double M = (double)m, I = (double)i;
    return M * log(I / (double)n) + log(-expm1(M * log1p(-1 / I)));
}

static nd_code add_pair(nd_bootstrap *b, size_t *room, pair p, nd_err *err)
{
    if (b->n_pairs == *room) {
        size_t bytes;
        *room = *room ? 2 * *room : 64;
        pair *more = nd_mul(*room, sizeof *more, &bytes) ? realloc(b->pair, bytes) : NULL;
        if (!more) return ND_FAIL(err, ND_ENOMEM, "no memory to resample %zu values", b->n);
        b->pair = more;
    }
    b->pair[b->n_pairs++] = p;
    return ND_OK;
}

/* Pairs too rare to matter are left out: with large n all but those near the middle. */
static nd_code find_pairs(nd_bootstrap *b, nd_err *err)
{
    const size_t n = b->n, m = n / 2;
    const double ways = log_choose((double)n, (double)m);
    size_t room = 0;
    double before = 0;
    for (size_t i = 0; i < n; i++) {
        const double up_to = distribution(n, m, i);
        double left = up_to - before;
        before = up_to;
        if (left < nothing) continue;
        const double mine = ways + log_extreme(i + 1, m, n);
        for (size_t j = i + 1; j < n; j++) {
            const double weight = exp(mine + log_extreme(n - j, m, n));
            if (weight < nothing * left) break; /* they only fall from here */
            ND_TRY(add_pair(b, &room, (pair){i, j, weight}, err));
            left -= weight;
        }
        if (left > 0) ND_TRY(add_pair(b, &room, (pair){i, i, left}, err));
    }
    b->scratch = malloc((b->n_pairs + 1) * sizeof *b->scratch);
    if (!b->scratch) return ND_FAIL(err, ND_ENOMEM, "no memory to resample %zu values", n);
    return ND_OK;
}

nd_code nd_bootstrap_prepare(nd_bootstrap *b, size_t n, nd_err *err)
{
    if (b->n == n) return ND_OK;
    nd_bootstrap_free(b);
    b->n = n;
    if (n % 2 == 0) {
        const nd_code code = n ? find_pairs(b, err) : ND_OK;
        if (code != ND_OK) nd_bootstrap_free(b);
        return code;
    }
    b->low = quantile(n, (n + 1) / 2, low_end);
    b->high = quantile(n, (n + 1) / 2, high_end);
    return ND_OK;
}

void nd_bootstrap_free(nd_bootstrap *b)
{
    free(b->pair);
    free(b->scratch);
    b->pair = NULL;
    b->scratch = NULL;
    b->n_pairs = b->n = 0;
}

static int by_value(const void *a, const void *b)
{
    const double x = ((const median *)a)->value, y = ((const median *)b)->value;
    return (x > y) - (x < y);
}

static double reach(const median *of, size_t n, double q)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += of[i].weight;
        if (sum >= q - rounding) return of[i].value;
    }
    return of[n - 1].value;
}

void nd_bootstrap_interval(nd_bootstrap *b, const double *sorted, double *low, double *high)
{
    *low = *high = (double)NAN;
    if (b->n % 2) {
        *low = sorted[b->low];
        *high = sorted[b->high];
    } else if (b->n) {
        for (size_t k = 0; k < b->n_pairs; k++) {
            const double x = sorted[b->pair[k].i], y = sorted[b->pair[k].j];
            b->scratch[k] = (median){x == y ? x : x + 0.5 * (y - x), b->pair[k].weight};
        }
        qsort(b->scratch, b->n_pairs, sizeof *b->scratch, by_value);
        *low = reach(b->scratch, b->n_pairs, low_end);
        *high = reach(b->scratch, b->n_pairs, high_end);
    }
}
