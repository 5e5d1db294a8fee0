/* field.c -- Gaussian random fields on a torus, row by row, and wafer gradients. */
#include "nudge/field.h"

#include "nudge/fourier.h"
#include "nudge/kern.h"
#include "nudge/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* From white noise on a ring of `points` to noise with a Gaussian covariance. */
typedef struct ring {
    size_t points;
    nd_fourier *transform;
    double *root; /* (points/2 + 1) roots of the eigenvalues, over points */
} ring;

enum { APART = 6 }; /* lengths between the sides of a map, around the torus */

static size_t ring_points(size_t n, double length)
{
    return nd_fourier_length(n + (size_t)ceil(APART * length));
}

static void ring_free(ring *r)
{
    nd_fourier_free(r->transform);
    free(r->root);
    *r = (ring){0};
}

/* The covariance of a ring is that of the line, wound around it: all its eigenvalues are
 * samples of the line's spectrum, folded, and none is below 0 but by rounding. */
static void ring_roots(ring *r, double length)
{
    double *const signal = nd_fourier_signal(r->transform);
    const double complex *const spectrum = nd_fourier_data(r->transform);
    const double around = (double)r->points;
    for (size_t i = 0; i < r->points; i++) {
        signal[i] = 0;
        for (int turn = -1; turn <= 1; turn++) {
            const double d = ((double)i + turn * around) / length;
            signal[i] += exp(-d * d / 2);
        }
    }
    nd_fourier_forward(r->transform);
    for (size_t i = 0; i <= r->points / 2; i++)
        r->root[i] = sqrt(fmax(0, creal(spectrum[i]))) / around;
}

static nd_code ring_new(ring *r, size_t n, double length, nd_err *err)
{
    *r = (ring){.points = ring_points(n, length)};
    ND_TRY(nd_fourier_real(&r->transform, r->points, err));
    r->root = malloc((r->points / 2 + 1) * sizeof *r->root);
    if (!r->root) {
        ring_free(r);
        return ND_FAIL(err, ND_ENOMEM, "no memory for a ring of %zu points", n);
    }
    ring_roots(r, length);
    return ND_OK;
}

/* Colours the white noise in the ring's signal. */
static void ring_colour(ring *r)
{
    double complex *const spectrum = nd_fourier_data(r->transform);
    nd_fourier_forward(r->transform);
    for (size_t i = 0; i <= r->points / 2; i++)
        spectrum[i] *= r->root[i];
    nd_fourier_backward(r->transform);
}

/* half (k, across->points): each column coloured along the rows, `fresh` (down->points) its
 * white noise. */
static void colour_columns(nd_at at, size_t k, ring *down, size_t columns, float *fresh,
                           float *half)
{
    double *const signal = nd_fourier_signal(down->transform);
    for (size_t j = 0; j < columns; j++) {
        at.batch = (uint32_t)j;
        nd_kern()->normals(at, down->points, 0.0f, 1.0f, fresh);
        for (size_t i = 0; i < down->points; i++)
            signal[i] = (double)fresh[i];
        ring_colour(down);
        for (size_t i = 0; i < k; i++)
            half[i * columns + j] = (float)signal[i];
    }
}

static void colour_rows(size_t k, size_t n, ring *across, const float *half, float *out)
{
    double *const signal = nd_fourier_signal(across->transform);
    for (size_t i = 0; i < k; i++) {
        for (size_t j = 0; j < across->points; j++)
            signal[j] = (double)half[i * across->points + j];
        ring_colour(across);
        for (size_t j = 0; j < n; j++)
            out[nd_panel_at(k, i, j)] = (float)signal[j];
    }
}

static nd_code correlated(nd_at at, size_t k, size_t n, double length, float *out,
                          nd_err *err)
{
    ring down, across;
    ND_TRY(ring_new(&down, k, length, err));
    nd_code code = ring_new(&across, n, length, err);
    if (code == ND_OK) {
        size_t size;
        float *fresh = malloc(down.points * sizeof *fresh), *half = NULL;
        if (nd_mul(k * sizeof *half, across.points, &size)) half = malloc(size);
        if (fresh && half) {
            colour_columns(at, k, &down, across.points, fresh, half);
            colour_rows(k, n, &across, half, out);
        } else {
            code = ND_FAIL(err, ND_ENOMEM, "no memory for a field of %zu x %zu devices",
                           down.points, across.points);
        }
        free(fresh);
        free(half);
        ring_free(&across);
    }
    ring_free(&down);
    return code;
}

static void independent(nd_at at, size_t k, size_t n, float *out)
{
    at.batch = 0;
    nd_kern()->normals(at, nd_panels(k, n), 0.0f, 1.0f, out);
    for (size_t i = 0; i < k; i++)
        for (size_t j = n; j < nd_ld(n); j++)
            out[nd_panel_at(k, i, j)] = 0.0f;
}

nd_code nd_field_normals(nd_at at, size_t k, size_t n, double length, float *out,
                         nd_err *err)
{
    if (!k || !n) return ND_OK;
    if (length <= 0) {
        independent(at, k, n, out);
        return ND_OK;
    }
    if (!(length <= 1e6))
        return ND_FAIL(err, ND_EINPUT,
                       "devices cannot be alike over %g devices: 1e6 is the most", length);
    memset(out, 0, nd_panels(k, n) * sizeof *out);
    return correlated(at, k, n, length, out, err);
}

/* From -1/2 to 1/2 over n places; a single one is in the middle. */
static double place(size_t i, size_t n)
{
    return n > 1 ? (double)i / (double)(n - 1) - 0.5 : 0;
}

static double gradient_at(nd_gradient shape, size_t k, size_t n, size_t i, size_t j)
{
    const double x = place(i, k), y = place(j, n);
    if (shape == ND_GRADIENT_ROWS) return x;
    if (shape == ND_GRADIENT_COLUMNS) return y;
    const double corner = (k > 1 ? 0.25 : 0) + (n > 1 ? 0.25 : 0);
    return corner > 0 ? -(x * x + y * y) / corner : 0;
}

void nd_field_gradient(nd_gradient shape, size_t k, size_t n, float *out)
{
    double mean = 0;
    memset(out, 0, nd_panels(k, n) * sizeof *out);
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < n; j++)
            mean += gradient_at(shape, k, n, i, j);
    mean /= (double)k * (double)n;
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < n; j++)
            out[nd_panel_at(k, i, j)] = (float)(gradient_at(shape, k, n, i, j) - mean);
}
