/* fourier.h -- discrete Fourier transforms, of many rows or maps at once; the only door to
 * FFTW.
 *
 *     forward   X_k = sum_j x_j exp(-2 pi i j k / n)
 *     backward  x_j = sum_k X_k exp(+2 pi i j k / n)        both unnormalised
 *
 * A transform is planned once for its shape and owns the array that it works on, in place.
 * Plans are chosen by FFTW's estimate, never by timing, so that results are the same on
 * each run; between machines they may differ in the last bits. */
#ifndef NUDGE_FOURIER_H
#define NUDGE_FOURIER_H

#include "nudge/err.h"

#include <complex.h>
#include <stddef.h>

typedef struct nd_fourier nd_fourier;

/* `rows` complex rows of n points. Point j of row r is at data[j * step + r * next]: step
 * 1, next n for rows one after the other; step rows, next 1 for (n, rows), the points of
 * all rows of one j together. */
typedef struct nd_fourier_shape {
    size_t n, rows, step, next;
} nd_fourier_shape;

/* ND_EINPUT: a shape of nothing, or rows that overlap or are too long for FFTW; ND_ENOMEM.
 * The data start as zeros. */
ND_MUST nd_code nd_fourier_complex(nd_fourier **out, const nd_fourier_shape *shape,
                                   nd_err *err);

/* One real row of n points and its spectrum, n/2 + 1 complex numbers at the same place
 * (the others are their conjugates). */
ND_MUST nd_code nd_fourier_real(nd_fourier **out, size_t n, nd_err *err);

void nd_fourier_free(nd_fourier *f); /* NULL is fine */

/* The array, owned by f. */
double complex *nd_fourier_data(nd_fourier *f); /* complex rows, or the spectrum */
double *nd_fourier_signal(nd_fourier *f);       /* (n) of a real row             */

void nd_fourier_forward(nd_fourier *f);
void nd_fourier_backward(nd_fourier *f);

/* ---- planes ----
 * Real maps in single precision, two by two the parts of complex numbers, which works
 * because transforms are linear (kern.h tells their spectra apart): `pairs` complex numbers
 * lie at each of rows x cols places, and all are transformed over rows and columns, in
 * place. Data are the caller's, 64-byte aligned: `rows` lines of `line` floats, `place`
 * floats from column to column. Only the `used` lines from `first` on are more than zeros
 * before a forward transform, or wanted after a backward one: the others are left unfinished.
 */
typedef struct nd_fourier_planes nd_fourier_planes;
typedef struct nd_fourier_plane {
    size_t rows, cols, used, pairs;
    size_t place, line; /* even; line a multiple of 16 */
} nd_fourier_plane;

/* ND_EINPUT: a plane of nothing, or too large for FFTW; ND_ENOMEM. */
ND_MUST nd_code nd_fourier_planes_new(nd_fourier_planes **out,
                                      const nd_fourier_plane *shape, nd_err *err);
void nd_fourier_planes_free(nd_fourier_planes *f); /* NULL is fine */
void nd_fourier_planes_forward(const nd_fourier_planes *f, float *data, size_t first);
void nd_fourier_planes_backward(const nd_fourier_planes *f, float *data, size_t first);

/* A length >= n that many rows beside each other transform fast in. */
size_t nd_fourier_planes_length(size_t n);

/* The smallest 2^a 3^b 5^c >= n: lengths that transform fast. */
size_t nd_fourier_length(size_t n);

#endif
