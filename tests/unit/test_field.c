/* test_field.c -- maps of devices against the covariance that was asked for, place by
 * place. */
#include "nudge/field.h"
#include "nudge/kern.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static float *block(size_t n)
{
    float *p = aligned_alloc(64, nd_ld(n) * sizeof *p);
    assert_non_null(p);
    memset(p, 0, nd_ld(n) * sizeof *p);
    return p;
}

static void field(uint64_t seed, size_t k, size_t n, double length, float *out)
{
    nd_err err = {0};
    const nd_at at = {.seed = seed, .stream = 71};
    if (nd_field_normals(at, k, n, length, out, &err) != ND_OK) fail_msg("%s", err.message);
}

/* Covariance with three reference places, over many maps, at all places: corners and edges
 * too, where a torus that is too small would show. The largest of 5000 errors is about 4
 * standard errors. */
static void covariance_is_as_asked(void **state)
{
    (void)state;
    static const struct {
        size_t k, n;
        double length;
    } cases[] = {{12, 21, 3}, {21, 12, 0.7}, {1, 40, 5},   {30, 1, 2},
                 {8, 18, 40}, {9, 17, 0},    {16, 16, 1.5}};
    enum { MAPS = 6000 };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        const size_t k = cases[c].k, n = cases[c].n, size = nd_panels(k, n);
        const double length = cases[c].length;
        const size_t refs[3][2] = {{0, 0}, {k - 1, n / 2}, {k / 2, n - 1}};
        float *z = block(size);
        double *sums = calloc(4 * size, sizeof *sums);
        for (uint64_t m = 0; m < MAPS; m++) {
            field(m + 1, k, n, length, z);
            for (size_t i = 0; i < size; i++) {
                sums[3 * size + i] += (double)z[i];
                for (int r = 0; r < 3; r++)
                    sums[(size_t)r * size + i] +=
                        (double)z[i] * (double)z[nd_panel_at(k, refs[r][0], refs[r][1])];
            }
        }
        for (size_t i = 0; i < k; i++)
            for (size_t j = 0; j < nd_ld(n); j++) {
                const size_t x = nd_panel_at(k, i, j);
                if (j >= n) {
                    assert_true(sums[x] == 0 && sums[3 * size + x] == 0);
                    continue;
                }
                assert_true(fabs(sums[3 * size + x] / MAPS) < 4.5 / sqrt(MAPS));
                for (size_t r = 0; r < 3; r++) {
                    const double di = (double)i - (double)refs[r][0],
                                 dj = (double)j - (double)refs[r][1];
                    const double d2 = di * di + dj * dj;
                    const double want =
                        length > 0 ? exp(-d2 / (2 * length * length)) : d2 == 0;
                    const double got = sums[r * size + x] / MAPS;
                    if (fabs(got - want) > 5 * sqrt((1 + want * want) / MAPS))
                        fail_msg("%zu x %zu, length %g: covariance of (%zu, %zu) with "
                                 "(%zu, %zu) is %g, not %g",
                                 k, n, length, i, j, refs[r][0], refs[r][1], got, want);
                }
            }
        free(sums);
        free(z);
    }
}

/* One map, large against the length: mean 0, variance 1 to 2 %, as the number of patches
 * allows. */
static void one_map_has_variance_one(void **state)
{
    (void)state;
    enum { K = 784, N = 512 };
    float *z = block(nd_panels(K, N));
    for (int l = 0; l < 2; l++) {
        const double length = l ? 2 : 0;
        double mean = 0, square = 0;
        field(3, K, N, length, z);
        for (size_t i = 0; i < nd_panels(K, N); i++) {
            mean += (double)z[i] / (K * N);
            square += (double)z[i] * (double)z[i] / (K * N);
        }
        assert_true(fabs(mean) < 0.03);
        assert_true(fabs(square - 1) < 0.02);
    }
    free(z);
}

/* Covariance over distances along rows and along columns, of places all over large maps. The
 * tolerance is 3 standard errors, and what 3 % of the length would change. */
static void covariance_falls_over_the_length(void **state)
{
    (void)state;
    enum { K = 784, N = 512, MAPS = 6, LENGTH = 4, FAR = 12 };
    float *z = block(nd_panels(K, N));
    double down[FAR + 1] = {0}, across[FAR + 1] = {0};
    for (uint64_t m = 0; m < MAPS; m++) {
        field(100 + m, K, N, LENGTH, z);
        for (size_t i = 0; i + FAR < K; i++)
            for (size_t j = 0; j + FAR < N; j++) {
                const double here = (double)z[nd_panel_at(K, i, j)];
                for (size_t d = 0; d <= FAR; d += 2) {
                    down[d] += here * (double)z[nd_panel_at(K, i + d, j)];
                    across[d] += here * (double)z[nd_panel_at(K, i, j + d)];
                }
            }
    }
    for (size_t d = 0; d <= FAR; d += 2) {
        const double want = exp(-(double)(d * d) / (2.0 * LENGTH * LENGTH));
        const double places = (double)MAPS * (K - FAR) * (N - FAR);
        if (fabs(down[d] / places - want) > 0.02 || fabs(across[d] / places - want) > 0.02)
            fail_msg("distance %zu: %g and %g, not %g", d, down[d] / places,
                     across[d] / places, want);
    }
    free(z);
}

static void maps_are_functions_of_their_seed(void **state)
{
    (void)state;
    enum { K = 33, N = 20 };
    float *a = block(nd_panels(K, N)), *b = block(nd_panels(K, N));
    field(1, K, N, 4, a);
    field(1, K, N, 4, b);
    assert_memory_equal(a, b, nd_panels(K, N) * sizeof *a);
    field(2, K, N, 4, b);
    assert_memory_not_equal(a, b, nd_panels(K, N) * sizeof *a);
    free(a);
    free(b);
}

/* Nothing is correlated over more than the length that was given: smooth for a long one. */
static void long_lengths_are_smooth(void **state)
{
    (void)state;
    enum { K = 64, N = 64 };
    float *z = block(nd_panels(K, N));
    field(4, K, N, 1000, z);
    for (size_t i = 0; i < K * N; i++)
        assert_true(fabsf(z[i] - z[0]) < 0.5f);
    assert_true(z[0] != z[K * N - 1]);
    free(z);
}

static void too_long_is_refused(void **state)
{
    (void)state;
    float z[16];
    nd_err err = {0};
    assert_int_equal(nd_field_normals((nd_at){0}, 1, 1, 1e7, z, &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "1e+07 devices"));
}

static void gradients_have_span_one_and_mean_zero(void **state)
{
    (void)state;
    static const nd_gradient shapes[] = {ND_GRADIENT_ROWS, ND_GRADIENT_COLUMNS,
                                         ND_GRADIENT_RADIAL};
    static const size_t sizes[][2] = {{9, 21}, {5, 1}, {1, 33}, {1, 1}};
    for (size_t s = 0; s < 3; s++)
        for (size_t m = 0; m < 4; m++) {
            const size_t k = sizes[m][0], n = sizes[m][1];
            float *u = block(nd_panels(k, n));
            nd_field_gradient(shapes[s], k, n, u);
            double mean = 0, lo = 9, hi = -9;
            for (size_t i = 0; i < k; i++)
                for (size_t j = 0; j < nd_ld(n); j++) {
                    const double x = (double)u[nd_panel_at(k, i, j)];
                    if (j >= n) {
                        assert_true(x == 0);
                        continue;
                    }
                    mean += x / (double)(k * n);
                    lo = fmin(lo, x), hi = fmax(hi, x);
                }
            const bool flat = (s == 0 && k == 1) || (s == 1 && n == 1) || k * n == 1;
            assert_true(fabs(mean) < 1e-6);
            assert_true(fabs(hi - lo - !flat) < 1e-6);
            const double first = (double)u[0],
                         middle = (double)u[nd_panel_at(k, k / 2, n / 2)];
            if (!flat && s < 2)
                assert_true(fabs(first + 0.5) < 1e-6);
            else if (!flat)
                assert_true(fabs(middle - first - 1) < 1e-6);
            free(u);
        }
}

int main(void)
{
    nd_err err = {0};
    if (nd_kern_choose(&err) != ND_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(covariance_is_as_asked),
        cmocka_unit_test(one_map_has_variance_one),
        cmocka_unit_test(covariance_falls_over_the_length),
        cmocka_unit_test(maps_are_functions_of_their_seed),
        cmocka_unit_test(long_lengths_are_smooth),
        cmocka_unit_test(too_long_is_refused),
        cmocka_unit_test(gradients_have_span_one_and_mean_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
