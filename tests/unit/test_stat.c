/* test_stat.c -- statistics against numbers worked out by hand and by numpy. */
#include "nudge/stat.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NONE ((double)NAN)

static void near(double a, double b)
{
    if (!(fabs(a - b) <= 1e-12 * (1 + fabs(b)))) fail_msg("%.17g is not %.17g", a, b);
}

static void sorting_drops_nan(void **state)
{
    (void)state;
    double x[] = {3, NONE, 1, 2, NONE};
    assert_int_equal(nd_stat_sort(x, 5), 3);
    assert_true(x[0] == 1 && x[1] == 2 && x[2] == 3);
    double none[] = {NONE};
    assert_int_equal(nd_stat_sort(none, 1), 0);
}

/* numpy.quantile([1, 2, 4, 8, 16], q) */
static void quantiles(void **state)
{
    (void)state;
    const double x[] = {1, 2, 4, 8, 16};
    near(nd_stat_quantile(x, 5, 0), 1);
    near(nd_stat_quantile(x, 5, 1), 16);
    near(nd_stat_quantile(x, 5, 0.25), 2);
    near(nd_stat_quantile(x, 5, 0.1), 1.4);
    near(nd_stat_quantile(x, 5, 0.9), 12.8);
    near(nd_stat_median(x, 5), 4);
    near(nd_stat_median(x, 4), 3);
    near(nd_stat_median(x, 1), 1);
    assert_true(isnan(nd_stat_median(x, 0)));
    const double infinite[] = {1, HUGE_VAL, HUGE_VAL};
    assert_true(isinf(nd_stat_median(infinite, 3)));
}

static void mean_and_sd(void **state)
{
    (void)state;
    const double x[] = {2, NONE, 4, 4, 4, 5, 5, 7, 9};
    near(nd_stat_mean(x, 9), 5);
    near(nd_stat_sd(x, 9), sqrt(32.0 / 7));
    assert_true(isnan(nd_stat_mean(x, 0)));
    assert_true(isnan(nd_stat_sd(x, 2))); /* one number is no spread */
}

/* 2 x 3, worked out by hand: mean squares of rows 54, of columns 42, of the rest 6 */
static void parts_of_variance(void **state)
{
    (void)state;
    const double x[] = {1, 4, 7, 5, 8, 17};
    nd_parts p = nd_stat_parts(x, 2, 3);
    near(p.row, 16);
    near(p.column, 18);
    near(p.rest, 6);
    p = nd_stat_parts(x, 6, 1);
    near(p.row, nd_stat_sd(x, 6) * nd_stat_sd(x, 6));
    assert_true(isnan(p.column) && isnan(p.rest));
    p = nd_stat_parts(x, 1, 6);
    near(p.column, nd_stat_sd(x, 6) * nd_stat_sd(x, 6));
    assert_true(isnan(p.row) && isnan(p.rest));
    p = nd_stat_parts(x, 1, 1);
    assert_true(isnan(p.row) && isnan(p.column) && isnan(p.rest));
    p = nd_stat_parts(x, 0, 0);
    assert_true(isnan(p.row) && isnan(p.column) && isnan(p.rest));
}

static void interval(const double *sorted, size_t n, double *low, double *high)
{
    nd_err err;
    nd_bootstrap b = {0};
    if (nd_bootstrap_prepare(&b, n, &err) != ND_OK) fail_msg("%s", err.message);
    nd_bootstrap_interval(&b, sorted, low, high);
    nd_bootstrap_free(&b);
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* All n^n resamples of n values, one by one. */
static void bootstrap_is_the_full_enumeration(void **state)
{
    (void)state;
    static const double samples[][6] = {
        {0.31, 0.37, 0.40, 0.62, 0.90, 0.99},
        {1, 2, 3, 4, 5, 6}, /* many medians are equal */
        {-5, 1, 1, 1, 8, 8},
        {1, 2, 4, 8, 16, 32},
    };
    static double medians[46656];
    for (size_t s = 0; s < sizeof samples / sizeof *samples; s++)
        for (size_t n = 1, all = 1; n <= 6; n++) {
            all = 1;
            for (size_t k = 0; k < n; k++)
                all *= n;
            for (size_t r = 0; r < all; r++) {
                double drawn[6];
                for (size_t k = 0, rest = r; k < n; k++, rest /= n)
                    drawn[k] = samples[s][rest % n];
                qsort(drawn, n, sizeof *drawn, ascending);
                medians[r] = 0.5 * (drawn[(n - 1) / 2] + drawn[n / 2]);
            }
            qsort(medians, all, sizeof *medians, ascending);
            double low, high;
            interval(samples[s], n, &low, &high);
            near(low, medians[(size_t)ceil(0.025 * (double)all) - 1]);
            near(high, medians[(size_t)ceil(0.975 * (double)all) - 1]);
        }
}

static void bootstrap(void **state)
{
    (void)state;
    nd_err err;
    double x[26], low, high, low2, high2;
    for (size_t n = 24; n <= 26; n++) {
        for (size_t i = 0; i < n; i++)
            x[i] = (double)(i * i);
        interval(x, n, &low, &high);
        for (size_t i = 0; i < n; i++) /* scale and shift carry over */
            x[i] = 2 * x[i] - 7;
        interval(x, n, &low2, &high2);
        near(low2, 2 * low - 7);
        near(high2, 2 * high - 7);
        for (size_t i = 0; i < n; i++) /* and so does the sign */
            x[i] = -(double)((n - 1 - i) * (n - 1 - i));
        interval(x, n, &low2, &high2);
        near(low2, -high);
        near(high2, -low);
    }
    interval(x, 0, &low, &high);
    assert_true(isnan(low) && isnan(high));
    const double same[] = {3, 3, 3, 3}, endless[] = {1, 2, HUGE_VAL, HUGE_VAL};
    interval(same, 4, &low, &high);
    assert_true(low == 3 && high == 3);
    interval(endless, 4, &low, &high);
    assert_true(low == 1 && isinf(high));
    /* one law after another, and the same again */
    nd_bootstrap b = {0};
    for (size_t n = 1; n < 9; n++)
        for (int again = 0; again < 2; again++) {
            assert_int_equal(nd_bootstrap_prepare(&b, n, &err), ND_OK);
            nd_bootstrap_interval(&b, x, &low, &high);
            interval(x, n, &low2, &high2);
            assert_true(low == low2 && high == high2);
        }
    nd_bootstrap_free(&b);
}

/* The median of many has the normal distribution, with a rank's sd of sqrt(n) / 2. */
static void bootstrap_of_many(void **state)
{
    (void)state;
    for (size_t n = 100000; n <= 100001; n++) {
        double *x = malloc(n * sizeof *x), low, high;
        assert_non_null(x);
        for (size_t i = 0; i < n; i++)
            x[i] = (double)i;
        interval(x, n, &low, &high);
        const double reach = 1.959964 * 0.5 * sqrt((double)n);
        assert_true(fabs(low - (0.5 * (double)n - reach)) < 1.5);
        assert_true(fabs(high - (0.5 * (double)n + reach)) < 1.5);
        free(x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorting_drops_nan),
        cmocka_unit_test(quantiles),
        cmocka_unit_test(mean_and_sd),
        cmocka_unit_test(bootstrap_is_the_full_enumeration),
        cmocka_unit_test(bootstrap),
        cmocka_unit_test(bootstrap_of_many),
        cmocka_unit_test(parts_of_variance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
