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

/* ---- planes ---- */

enum { FORWARD, BACKWARD };

struct nd_fourier_planes {
    nd_fourier_plane shape;
    fftwf_plan rows[2], cols[2]; /* by direction */
};

/* Floats of a plane, as far as FFTW can count them; 0: too many, or none. */
static size_t plane_floats(const nd_fourier_plane *p)
{
    size_t n, used;
    const bool some = p->rows && p->cols && p->pairs && p->used && p->used <= p->rows;
    if (!some || !nd_mul(p->rows, p->line, &n) || !nd_mul(p->cols, p->place, &used))
        return 0;
    const bool apart = p->pairs <= p->place / 2 && used <= p->line;
    return apart && n <= INT_MAX ? n : 0;
}

/* Rows and columns in passes of their own: FFTW's estimate for two dimensions at once takes
 * two to three times as long (3.3.10, 32 x 32 places of 16 pairs). */
static void plan_passes(nd_fourier_planes *f, fftwf_complex *data, int way, int sign)
{
    const nd_fourier_plane *p = &f->shape;
    const int place = (int)p->place / 2, line = (int)p->line / 2, pairs = (int)p->pairs;
    const fftwf_iodim along = {(int)p->cols, place, place};
    const fftwf_iodim lines[] = {{(int)p->used, line, line}, {pairs, 1, 1}};
    const fftwf_iodim across = {(int)p->rows, line, line};
    const fftwf_iodim columns[] = {{(int)p->cols, place, place}, {pairs, 1, 1}};
    f->rows[way] =
        fftwf_plan_guru_dft(1, &along, 2, lines, data, data, sign, FFTW_ESTIMATE);
    f->cols[way] =
        fftwf_plan_guru_dft(1, &across, 2, columns, data, data, sign, FFTW_ESTIMATE);
}

nd_code nd_fourier_planes_new(nd_fourier_planes **out, const nd_fourier_plane *shape,
                              nd_err *err)
{
    const size_t n = plane_floats(shape);
    *out = NULL;
    if (!n)
        return ND_FAIL(
            err, ND_EINPUT,
            "cannot transform planes of %zu x %zu places with %zu pairs of maps, "
            "%zu floats to a place and %zu to a line: there is nothing, or too "
            "much",
            shape->rows, shape->cols, shape->pairs, shape->place, shape->line);
    nd_fourier_planes *f = calloc(1, sizeof *f);
    fftwf_complex *data = fftwf_alloc_complex(n / 2); /* to plan with */
    if (f && data) {
        f->shape = *shape;
        plan_passes(f, data, FORWARD, FFTW_FORWARD);
        plan_passes(f, data, BACKWARD, FFTW_BACKWARD);
    }
    fftwf_free(data);
    if (f && f->rows[0] && f->cols[0] && f->rows[1] && f->cols[1]) {
        *out = f;
        return ND_OK;
    }
    nd_fourier_planes_free(f);
    return ND_FAIL(err, ND_ENOMEM, "no memory to transform planes of %zu floats", n);
}

void nd_fourier_planes_free(nd_fourier_planes *f)
{
    if (!f) return;
    for (int way = 0; way < 2; way++) {
        if (f->rows[way]) fftwf_destroy_plan(f->rows[way]);
        if (f->cols[way]) fftwf_destroy_plan(f->cols[way]);
    }
    free(f);
}

static void pass(const fftwf_plan plan, float *data)
{
    fftwf_complex *const z = (fftwf_complex *)(void *)data;
    fftwf_execute_dft(plan, z, z);
}

void nd_fourier_planes_forward(const nd_fourier_planes *f, float *data, size_t first)
{
    pass(f->rows[FORWARD], data + first * f->shape.line);
    pass(f->cols[FORWARD], data);
}

void nd_fourier_planes_backward(const nd_fourier_planes *f, float *data, size_t first)
{
    pass(f->cols[BACKWARD], data);
    pass(f->rows[BACKWARD], data + first * f->shape.line);
}

/* Lengths that FFTW has code for in one piece, and products of two such that were measured
 * to take less than the next of them. */
size_t nd_fourier_planes_length(size_t n)
{
    static const size_t fast[] = {20, 25, 32, 36, 48, 64, 72, 128};
    if (n <= 16) return n + (n > 1 && n % 2); /* odd ones have no middle to share */
    for (size_t i = 0; i < sizeof fast / sizeof *fast; i++)
        if (fast[i] >= n) return fast[i];
    return nd_fourier_length(n);
}

const char *nd_fftw_version(void)
{
    return fftw_version;
}
