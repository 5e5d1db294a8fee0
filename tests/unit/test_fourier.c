/* test_fourier.c -- transforms against their definition, sum by sum. */
#include "nudge/fourier.h"
#include "nudge/philox.h"
#include "nudge/versions.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* I is a complex float for gcc, and clang 14 has no CMPLX. */
static double complex number(double re, double im)
{
    return re + im * (double complex)I;
}

static void ok(nd_code code, const nd_err *err)
{
    if (code != ND_OK) fail_msg("%s", err->message);
}

static void near(double complex a, double complex b)
{
    if (!(cabs(a - b) <= 1e-12 * (1 + cabs(b))))
        fail_msg("%.17g%+.17gi is not %.17g%+.17gi", creal(a), cimag(a), creal(b),
                 cimag(b));
}

/* x (count), unlike each other */
static void fill(double complex *x, size_t count)
{
    const nd_at at = {.seed = 7};
    for (uint32_t i = 0; i < count; i++)
        x[i] = number(nd_philox_unit(at, 2 * i) - 0.5, nd_philox_unit(at, 2 * i + 1) - 0.5);
}

/* sum_j x_j exp(sign 2 pi i j k / n) of row `row` */
static double complex plain(const double complex *x, const nd_fourier_shape *s, size_t row,
                            size_t k, double sign)
{
    double complex sum = 0;
    for (size_t j = 0; j < s->n; j++) {
        const double angle = 2 * acos(-1.0) * (double)(j * k % s->n) / (double)s->n;
        sum += x[j * s->step + row * s->next] * number(cos(angle), sign * sin(angle));
    }
    return sum;
}

static void rows_of_all_shapes(void **state)
{
    (void)state;
    static const nd_fourier_shape shapes[] = {
        {1, 1, 1, 1},   {8, 1, 1, 8},      {12, 5, 1, 12}, {7, 5, 1, 9},
        {8, 33, 33, 1}, {16, 100, 100, 1}, {6, 4, 10, 2},  {64, 3, 3, 1},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const nd_fourier_shape *s = &shapes[i];
        const size_t count = (s->n - 1) * s->step + (s->rows - 1) * s->next + 1;
        nd_fourier *f;
        nd_err err;
        ok(nd_fourier_complex(&f, s, &err), &err);
        double complex *data = nd_fourier_data(f), *x = malloc(count * sizeof *x);
        for (size_t k = 0; k < count; k++)
            assert_true(creal(data[k]) == 0 && cimag(data[k]) == 0);
        fill(x, count);
        for (int forward = 0; forward < 2; forward++) {
            memcpy(data, x, count * sizeof *x);
            if (forward)
                nd_fourier_forward(f);
            else
                nd_fourier_backward(f);
            for (size_t r = 0; r < s->rows; r++)
                for (size_t k = 0; k < s->n; k++)
                    near(data[k * s->step + r * s->next],
                         plain(x, s, r, k, forward ? -1 : 1));
        }
        nd_fourier_backward(f); /* there and back: n times as much */
        for (size_t r = 0; r < s->rows; r++)
            for (size_t k = 0; k < s->n; k++) {
                const size_t at = k * s->step + r * s->next;
                near(data[at] / (double)s->n, x[at]);
            }
        free(x);
        nd_fourier_free(f);
    }
}

static void real_rows(void **state)
{
    (void)state;
    static const size_t lengths[] = {1, 2, 3, 16, 45, 100};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        const size_t n = lengths[i];
        const nd_fourier_shape shape = {n, 1, 1, n};
        double complex x[100];
        nd_fourier *f;
        nd_err err;
        ok(nd_fourier_real(&f, n, &err), &err);
        fill(x, n);
        for (size_t k = 0; k < n; k++)
            nd_fourier_signal(f)[k] = creal(x[k] = creal(x[k]));
        nd_fourier_forward(f);
        for (size_t k = 0; k <= n / 2; k++)
            near(nd_fourier_data(f)[k], plain(x, &shape, 0, k, -1));
        nd_fourier_backward(f);
        for (size_t k = 0; k < n; k++)
            near(nd_fourier_signal(f)[k] / (double)n, x[k]);
        nd_fourier_free(f);
    }
}

static void shapes_that_cannot_be(void **state)
{
    (void)state;
    static const nd_fourier_shape shapes[] = {
        {0, 1, 1, 1},
        {8, 0, 1, 8},
        {8, 2, 1, 7}, /* rows overlap */
        {8, 5, 4, 1}, /* columns overlap */
        {8, 2, 0, 1},
        {(size_t)1 << 40, 1, 1, 1},
        {2, (size_t)1 << 40, (size_t)1 << 40, 1},
        {SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        nd_fourier *f;
        nd_err err;
        assert_int_equal(nd_fourier_complex(&f, &shapes[i], &err), ND_EINPUT);
        assert_null(f);
        assert_non_null(strstr(err.message, "cannot transform"));
    }
    nd_fourier *f;
    nd_err err;
    assert_int_equal(nd_fourier_real(&f, 0, &err), ND_EINPUT);
    assert_int_equal(nd_fourier_real(&f, (size_t)1 << 40, &err), ND_EINPUT);
    assert_null(f);
    nd_fourier_free(NULL);
}

/* Pairs of real maps as complex numbers, in planes with room between lines and places; only
 * lines 1 to 1 + used hold anything before, and are finished after. */
static void planes(void **state)
{
    (void)state;
    static const nd_fourier_plane shapes[] = {
        {8, 6, 5, 2, 6, 48},      {1, 1, 1, 1, 2, 16},   {5, 9, 3, 3, 6, 64},
        {20, 32, 19, 8, 16, 528}, {36, 4, 30, 1, 2, 16},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const nd_fourier_plane *s = &shapes[i];
        const size_t size = s->rows * s->line, first = s->used < s->rows;
        nd_fourier_planes *f;
        nd_err err;
        ok(nd_fourier_planes_new(&f, s, &err), &err);
        float *data = aligned_alloc(64, size * sizeof *data);
        float *x = calloc(size, sizeof *x);
        assert_non_null(data);
        assert_non_null(x);
        for (size_t y = first; y < first + s->used; y++)
            for (size_t j = 0; j < s->cols * s->place; j++)
                x[y * s->line + j] =
                    (float)nd_philox_unit((nd_at){.seed = 3}, (uint32_t)(y * 4096 + j)) -
                    0.5f;
        memcpy(data, x, size * sizeof *data);
        nd_fourier_planes_forward(f, data, first);
        const size_t k1 = s->rows / 3, k2 = s->cols - 1; /* one frequency of each pair */
        for (size_t p = 0; p < s->pairs; p++) {
            double complex sum = 0;
            for (size_t j = 0; j < s->rows * s->cols; j++) {
                const size_t y = j / s->cols, col = j % s->cols;
                const double angle = -2 * acos(-1.0) *
                                     ((double)(y * k1) / (double)s->rows +
                                      (double)(col * k2) / (double)s->cols);
                const float *at = x + y * s->line + col * s->place + 2 * p;
                sum +=
                    number((double)at[0], (double)at[1]) * number(cos(angle), sin(angle));
            }
            const float *at = data + k1 * s->line + k2 * s->place + 2 * p;
            assert_true(cabs(number((double)at[0], (double)at[1]) - sum) < 1e-4);
        }
        nd_fourier_planes_backward(f, data, first);
        const float n = (float)(s->rows * s->cols);
        for (size_t y = first; y < first + s->used; y++)
            for (size_t j = 0; j < s->cols * s->place; j++)
                if (j % s->place < 2 * s->pairs)
                    assert_true(fabsf(data[y * s->line + j] / n - x[y * s->line + j]) <
                                1e-6f);
                else /* not transformed */
                    assert_true(data[y * s->line + j] == x[y * s->line + j]);
        free(data), free(x);
        nd_fourier_planes_free(f);
    }
}

static void planes_that_cannot_be(void **state)
{
    (void)state;
    static const nd_fourier_plane shapes[] = {
        {0, 4, 1, 1, 2, 16},
        {4, 4, 0, 1, 2, 16},
        {4, 4, 5, 1, 2, 16},
        {4, 4, 4, 2, 2, 16}, /* pairs overlap */
        {4, 9, 4, 1, 2, 16}, /* lines overlap */
        {(size_t)1 << 40, 4, 1, 1, 2, 16},
        {SIZE_MAX, 4, 1, 1, 2, SIZE_MAX - 15},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        nd_fourier_planes *f;
        nd_err err;
        assert_int_equal(nd_fourier_planes_new(&f, &shapes[i], &err), ND_EINPUT);
        assert_null(f);
        assert_non_null(strstr(err.message, "cannot transform planes"));
    }
    nd_fourier_planes_free(NULL);
    for (size_t n = 1; n < 1000; n++)
        assert_true(nd_fourier_planes_length(n) >= n &&
                    nd_fourier_planes_length(n) <= 2 * n);
}

/* Against trial division. */
static void fast_lengths(void **state)
{
    (void)state;
    for (size_t n = 1, best = 1; n < 5000; n++) {
        for (;; best++) {
            size_t left = best;
            for (size_t p = 2; p <= 5; p++)
                while (left % p == 0)
                    left /= p;
            if (best >= n && left == 1) break;
        }
        assert_int_equal(nd_fourier_length(n), best);
    }
    assert_non_null(strstr(nd_fftw_version(), "3."));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_of_all_shapes),    cmocka_unit_test(real_rows),
        cmocka_unit_test(shapes_that_cannot_be), cmocka_unit_test(planes),
        cmocka_unit_test(planes_that_cannot_be), cmocka_unit_test(fast_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
