/* test_autocorrelation.c -- autocorrelation against sums written out, times against
 * processes whose time is known: white noise, AR(1), and the Gibbs chain of two units. */
#include "nudge/autocorrelation.h"
#include "nudge/philox.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The tests' own draws. */
static double uniform(uint32_t series, uint32_t i)
{
    const nd_at at = {.seed = 99, .stream = 1000, .batch = series};
    return nd_philox_unit(at, i);
}

static double normal(uint32_t series, uint32_t i)
{
    const double r = sqrt(-2 * log(uniform(series, 2 * i)));
    return r * cos(2 * acos(-1.0) * uniform(series, 2 * i + 1));
}

/* x_i+1 = phi x_i + noise, from equilibrium; rho(t) = phi^t. */
static void ar1(uint32_t series, double phi, size_t n, double *x)
{
    x[0] = normal(series, 0) / sqrt(1 - phi * phi);
    for (size_t i = 1; i < n; i++)
        x[i] = phi * x[i - 1] + normal(series, (uint32_t)i);
}

static nd_memory memory_of(size_t n, size_t rows, const double *x, double *rho)
{
    nd_autocorrelation *a;
    nd_err err;
    if (nd_autocorrelation_new(&a, n, &err) != ND_OK) fail_msg("%s", err.message);
    nd_autocorrelation_of(a, rows, n, x, rho);
    nd_autocorrelation_free(a);
    return nd_autocorrelation_time(n, rho, rows, 6);
}

static void near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance)) fail_msg("%.17g is not %.17g", a, b);
}

static void sums_written_out(void **state)
{
    (void)state;
    static const size_t lengths[] = {2, 3, 17, 100};
    enum { ROWS = 3, LD = 103 };
    double x[ROWS * LD], rho[100];
    for (uint32_t i = 0; i < ROWS * LD; i++)
        x[i] = 5 + normal(1, i) + (i > LD); /* the second and third lie higher */
    for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++)
        for (size_t rows = 1; rows <= ROWS; rows++) {
            const size_t n = lengths[l];
            nd_autocorrelation *a;
            nd_err err;
            double mean = 0, c0 = 0;
            assert_int_equal(nd_autocorrelation_new(&a, n, &err), ND_OK);
            for (int twice = 0; twice < 2; twice++)
                nd_autocorrelation_of(a, rows, LD, x, rho);
            nd_autocorrelation_free(a);
            for (size_t r = 0; r < rows; r++)
                for (size_t i = 0; i < n; i++)
                    mean += x[r * LD + i] / (double)(rows * n);
            for (size_t t = 0; t < n; t++) {
                double c = 0;
                for (size_t r = 0; r < rows; r++)
                    for (size_t i = 0; i + t < n; i++)
                        c += (x[r * LD + i] - mean) * (x[r * LD + i + t] - mean);
                if (t == 0) c0 = c;
                near(rho[t], c / c0, 1e-12);
            }
        }
}

static void time_from_rho(void **state)
{
    (void)state;
    double rho[1000];
    for (size_t t = 0; t < 1000; t++)
        rho[t] = pow(0.5, (double)t);
    /* tau(M) = 3/2 - 2^-M; M >= 6 tau first at M = 9 */
    nd_memory m = nd_autocorrelation_time(1000, rho, 4, 6);
    assert_true(m.converged);
    assert_int_equal(m.window, 9);
    near(m.tau, 1.5 - pow(0.5, 9), 1e-15);
    near(m.error, m.tau * sqrt(2 * 19.0 / 4000), 1e-15);
    near(m.effective, 4000 / (2 * m.tau), 1e-9);
    m = nd_autocorrelation_time(1000, rho, 1, 5);
    assert_int_equal(m.window, 8);
    /* never low enough before the series ends */
    for (size_t t = 0; t < 1000; t++)
        rho[t] = 1;
    m = nd_autocorrelation_time(1000, rho, 1, 5);
    assert_false(m.converged);
    assert_int_equal(m.window, 999);
    near(m.tau, 999.5, 1e-9);
    /* a chain that swings */
    for (size_t t = 0; t < 1000; t++)
        rho[t] = t % 2 ? -0.9 : 0.9;
    m = nd_autocorrelation_time(1000, rho, 1, 5);
    assert_false(m.converged);
    assert_true(isnan(m.effective));
}

static void processes_with_known_time(void **state)
{
    (void)state;
    static const double phis[] = {-0.2, 0, 0.3, 0.5, 0.8, 0.9, 0.95, 0.99};
    enum { N = 1 << 17 };
    double *const x = malloc(N * sizeof *x), *const rho = malloc(N * sizeof *rho);
    for (uint32_t k = 0; k < sizeof phis / sizeof *phis; k++) {
        const double exact = (1 + phis[k]) / (2 * (1 - phis[k]));
        ar1(100 + k, phis[k], N, x);
        const nd_memory m = memory_of(N, 1, x, rho);
        if (getenv("TEST_VERBOSE"))
            print_message("# phi %5.2f: exact %.4f, measured %.4f +- %.4f, M %zu\n",
                          phis[k], exact, m.tau, m.error, m.window);
        assert_true(m.converged && m.error < 0.15 * exact);
        /* what lies beyond the window is exp(-6) of a slow chain's */
        if (!(fabs(m.tau - exact) <= 3 * m.error))
            fail_msg("phi %g: exact %g, measured %g +- %g", phis[k], exact, m.tau, m.error);
        near(m.effective, N / (2 * m.tau), 1e-6);
        for (size_t t = 0; t < 5; t++)
            near(rho[t], pow(phis[k], (double)t), 4 * sqrt(2 * exact / N));
    }
    free(x);
    free(rho);
}

/* Over many series, (tau - exact) / error has mean 0 and variance 1. */
static void error_is_as_stated(void **state)
{
    (void)state;
    enum { N = 1 << 13, SERIES = 150 };
    double *const x = malloc(N * sizeof *x), *const rho = malloc(N * sizeof *rho);
    const double phi = 0.8, exact = 4.5;
    double sum = 0, squares = 0;
    for (uint32_t s = 0; s < SERIES; s++) {
        ar1(1000 + s, phi, N, x);
        const nd_memory m = memory_of(N, 1, x, rho);
        const double z = (m.tau - exact) / m.error;
        sum += z / SERIES;
        squares += z * z / SERIES;
    }
    if (getenv("TEST_VERBOSE"))
        print_message("# mean %.3f, sd %.3f of %d\n", sum, sqrt(squares), SERIES);
    /* the window cuts off about half a standard error here */
    assert_true(fabs(sum) < 0.5 && squares > 0.5 && squares < 1.6);
    free(x);
    free(rho);
}

/* 64 short chains tell as much as one long one; and the mean over all of them is as good as
 * the effective sample size says. */
static void many_chains(void **state)
{
    (void)state;
    enum { N = 2048, CHAINS = 64 };
    double *const x = malloc(N * CHAINS * sizeof *x), *const rho = malloc(N * sizeof *rho);
    const double phi = 0.9, exact = 9.5, variance = 1 / (1 - phi * phi);
    double squares = 0;
    for (uint32_t r = 0; r < CHAINS; r++) {
        double mean = 0;
        ar1(2000 + r, phi, N, x + r * N);
        for (size_t i = 0; i < N; i++)
            mean += x[r * N + i] / N;
        squares += mean * mean / CHAINS;
    }
    const nd_memory m = memory_of(N, CHAINS, x, rho);
    assert_true(m.converged && fabs(m.tau - exact) < 3 * m.error && m.error < 0.05 * exact);
    /* variance of a chain's mean, known to sqrt(2/64) */
    const double each = m.effective / CHAINS;
    near(squares / (variance / each), 1, 4 * sqrt(2.0 / CHAINS));
    free(x);
    free(rho);
}

/* Chains that never leave the place where they started. */
static void stuck_chains(void **state)
{
    (void)state;
    enum { N = 512, CHAINS = 8 };
    double x[N * CHAINS], rho[N];
    for (uint32_t r = 0; r < CHAINS; r++)
        for (uint32_t i = 0; i < N; i++)
            x[r * N + i] = 10.0 * r + normal(3000 + r, i);
    const nd_memory m = memory_of(N, CHAINS, x, rho);
    assert_true(m.tau > N / 4 && m.effective < 3 * CHAINS);
}

static void series_without_autocorrelation(void **state)
{
    (void)state;
    double x[200], rho[100];
    for (size_t i = 0; i < 200; i++)
        x[i] = 0.1; /* its mean is not 0.1 to the last bit */
    nd_memory m = memory_of(100, 2, x, rho);
    assert_true(isnan(rho[0]) && isnan(rho[99]));
    assert_true(isnan(m.tau) && isnan(m.error) && isnan(m.effective) && !m.converged);
    x[50] = (double)NAN;
    m = memory_of(100, 2, x, rho);
    assert_true(isnan(m.tau));
    x[50] = HUGE_VAL;
    m = memory_of(100, 2, x, rho);
    assert_true(isnan(m.tau));
    m = memory_of(100, 0, NULL, rho);
    assert_true(isnan(m.tau));

    nd_autocorrelation *a;
    nd_err err;
    assert_int_equal(nd_autocorrelation_new(&a, 1, &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "series of 1 steps"));
    assert_int_equal(nd_autocorrelation_new(&a, SIZE_MAX / 2, &err), ND_EINPUT);
    assert_int_equal(nd_autocorrelation_new(&a, (size_t)1 << 33, &err), ND_EINPUT);
    assert_null(a);
    nd_autocorrelation_free(NULL);
}

static double logistic(double x)
{
    return 1 / (1 + exp(-x));
}

/* One visible and one hidden unit, E = -a v - b h - w v h. Along v -> h -> v the visible
 * unit is a chain of two states with second eigenvalue
 *
 *     lambda = p(v'=1 | v=1) - p(v'=1 | v=0)
 *            = (sig(a + w) - sig(a)) (sig(b + w) - sig(b)) = rho(1),
 *
 * so tau = (1 + lambda) / (2 (1 - lambda)) exactly. */
static void gibbs_chain_of_two_units(void **state)
{
    (void)state;
    static const struct {
        double a, b, w;
    } machines[] = {{0, 0, 0}, {-1, -1, 2}, {-2.5, -2.5, 5}, {-3, -4, 7}, {1, 1, -3}};
    enum { N = 1 << 17 };
    double *const v = malloc(N * sizeof *v), *const rho = malloc(N * sizeof *rho);
    for (uint32_t k = 0; k < sizeof machines / sizeof *machines; k++) {
        const double a = machines[k].a, b = machines[k].b, w = machines[k].w;
        const double lambda =
            (logistic(a + w) - logistic(a)) * (logistic(b + w) - logistic(b));
        const double exact = (1 + lambda) / (2 * (1 - lambda));
        int now = 0;
        for (uint32_t i = 0; i < N + 100; i++) { /* 100 to forget the start */
            const int h = uniform(4000 + k, 2 * i) < logistic(b + w * now);
            now = uniform(4000 + k, 2 * i + 1) < logistic(a + w * h);
            if (i >= 100) v[i - 100] = now;
        }
        const nd_memory m = memory_of(N, 1, v, rho);
        if (getenv("TEST_VERBOSE"))
            print_message("# w %.1f: exact %.4f, measured %.4f +- %.4f\n", w, exact, m.tau,
                          m.error);
        assert_true(m.converged && m.error < 0.05 * exact);
        if (!(fabs(m.tau - exact) <= 3 * m.error))
            fail_msg("w %g: exact %g, measured %g +- %g", w, exact, m.tau, m.error);
    }
    free(v);
    free(rho);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_written_out),
        cmocka_unit_test(time_from_rho),
        cmocka_unit_test(processes_with_known_time),
        cmocka_unit_test(error_is_as_stated),
        cmocka_unit_test(many_chains),
        cmocka_unit_test(stuck_chains),
        cmocka_unit_test(series_without_autocorrelation),
        cmocka_unit_test(gibbs_chain_of_two_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
