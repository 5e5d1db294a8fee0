/* fourier.c -- plans of FFTW (Frigo and Johnson, Proc. IEEE 93(2), 2005). */
#include "nudge/fourier.h"

#include "nudge/mem.h"
#include "nudge/versions.h"

#include <fftw3.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct nd_fourier {
    double complex *data;
    fftw_plan forward, backward;
};

static nd_code make(nd_fourier **out, size_t numbers, nd_err *err)
{
    nd_fourier *f = calloc(1, sizeof *f);
    if (f) f->data = fftw_alloc_complex(numbers);
    if (!f || !f->data) {
        nd_fourier_free(f);
        return ND_FAIL(err, ND_ENOMEM, "no memory to transform %zu numbers", numbers);
    }
    *out = f;
    return ND_OK;
}

/* Planning by estimate leaves the array alone, but is not obliged to. */
static nd_code planned(nd_fourier **out, size_t numbers, nd_err *err)
{
    nd_fourier *f = *out;
    memset(f->data, 0, numbers * sizeof *f->data);
    if (f->forward && f->backward) return ND_OK;
    nd_fourier_free(f);
    *out = NULL;
    return ND_FAIL(err, ND_ENOMEM, "FFTW made no plan to transform %zu numbers", numbers);
}

/* Numbers that the array holds; false when rows overlap or the array is too long. */
static bool extent(const nd_fourier_shape *s, size_t *numbers)
{
    size_t long_way, rows;
    if (!s->n || !s->rows || !s->step || !s->next) return false;
    const bool apart =
        s->step >= s->next ? s->step >= s->rows * s->next : s->next >= s->n * s->step;
    if (!apart || !nd_mul(s->n - 1, s->step, &long_way) ||
        !nd_mul(s->rows - 1, s->next, &rows))
        return false;
    *numbers = long_way + rows + 1;
    return long_way <= INT_MAX && rows <= INT_MAX && s->n <= INT_MAX &&
           s->rows <= INT_MAX && s->step <= INT_MAX && s->next <= INT_MAX;
}

nd_code nd_fourier_complex(nd_fourier **out, const nd_fourier_shape *shape, nd_err *err)
{
    size_t numbers;
    *out = NULL;
    if (!extent(shape, &numbers))
        return ND_FAIL(
            err, ND_EINPUT,
            "cannot transform %zu rows of %zu points, %zu between points and %zu "
            "between rows: there are none, they overlap, or they are too long",
            shape->rows, shape->n, shape->step, shape->next);
    ND_TRY(make(out, numbers, err));
    nd_fourier *f = *out;
    const int n = (int)shape->n, rows = (int)shape->rows;
    const int step = (int)shape->step, next = (int)shape->next;
    f->forward = fftw_plan_many_dft(1, &n, rows, f->data, NULL, step, next, f->data, NULL,
                                    step, next, FFTW_FORWARD, FFTW_ESTIMATE);
    f->backward = fftw_plan_many_dft(1, &n, rows, f->data, NULL, step, next, f->data, NULL,
                                     step, next, FFTW_BACKWARD, FFTW_ESTIMATE);
    return planned(out, numbers, err);
}

nd_code nd_fourier_real(nd_fourier **out, size_t n, nd_err *err)
{
    *out = NULL;
    if (!n || n > INT_MAX)
        return ND_FAIL(err, ND_EINPUT, "cannot transform a row of %zu points", n);
    ND_TRY(make(out, n / 2 + 1, err));
    nd_fourier *f = *out;
    double *const signal = nd_fourier_signal(f);
    f->forward = fftw_plan_dft_r2c_1d((int)n, signal, f->data, FFTW_ESTIMATE);
    f->backward = fftw_plan_dft_c2r_1d((int)n, f->data, signal, FFTW_ESTIMATE);
    return planned(out, n / 2 + 1, err);
}

void nd_fourier_free(nd_fourier *f)
{
    if (!f) return;
    if (f->forward) fftw_destroy_plan(f->forward);
    if (f->backward) fftw_destroy_plan(f->backward);
    fftw_free(f->data);
    free(f);
}

double complex *nd_fourier_data(nd_fourier *f)
{
    return f->data;
}

double *nd_fourier_signal(nd_fourier *f)
{
    return (double *)f->data;
}

void nd_fourier_forward(nd_fourier *f)
{
    fftw_execute(f->forward);
}

void nd_fourier_backward(nd_fourier *f)
{
    fftw_execute(f->backward);
}

size_t nd_fourier_length(size_t n)
{
    size_t best = 1;
    while (best < n)
        best *= 2;
    for (size_t five = 1; five < best; five *= 5)
        for (size_t three = five; three < best; three *= 3) {
            size_t x = three;
            while (x < n)
                x *= 2;
            if (x < best) best = x;
        }
    return best;
}

const char *nd_fftw_version(void)
{
    return fftw_version;
}
