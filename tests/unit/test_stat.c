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

static void bootstrap(void **state)
{
    (void)state;
    nd_err err;
    double x[25], low, high, low2, high2;
    for (int i = 0; i < 25; i++)
        x[i] = i;
    assert_int_equal(nd_stat_bootstrap(x, 25, 1, &low, &high, &err), ND_OK);
    assert_int_equal(nd_stat_bootstrap(x, 25, 1, &low2, &high2, &err), ND_OK);
    assert_true(low == low2 && high == high2);
    assert_true(low < 12 && high > 12);
    /* Order statistics 7.. and 17..: the exact 95 % interval of a binomial(25, 1/2). */
    assert_true(low >= 5 && low <= 9 && high >= 15 && high <= 19);
    /* scale and shift carry over */
    for (int i = 0; i < 25; i++)
        x[i] = 2 * i - 7;
    assert_int_equal(nd_stat_bootstrap(x, 25, 1, &low2, &high2, &err), ND_OK);
    near(low2, 2 * low - 7);
    near(high2, 2 * high - 7);
    assert_int_equal(nd_stat_bootstrap(x, 1, 1, &low, &high, &err), ND_OK);
    assert_true(low == x[0] && high == x[0]);
    assert_int_equal(nd_stat_bootstrap(x, 0, 1, &low, &high, &err), ND_OK);
    assert_true(isnan(low) && isnan(high));
    const double same[] = {3, 3, 3, 3};
    assert_int_equal(nd_stat_bootstrap(same, 4, 1, &low, &high, &err), ND_OK);
    assert_true(low == 3 && high == 3);
}

/* The interval of two values: each resample's median is a, (a+b)/2 or b. */
static void bootstrap_of_two(void **state)
{
    (void)state;
    nd_err err;
    const double x[] = {0, 1};
    double low, high;
    assert_int_equal(nd_stat_bootstrap(x, 2, 1, &low, &high, &err), ND_OK);
    assert_true(low == 0 && high == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorting_drops_nan), cmocka_unit_test(quantiles),
        cmocka_unit_test(mean_and_sd),       cmocka_unit_test(bootstrap),
        cmocka_unit_test(bootstrap_of_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
