/* field.h -- how devices differ with their place on a crossbar: correlated random maps, and
 * gradients over the wafer.
 *
 * A Gaussian random field of k x n places, mean 0, with covariance
 *
 *     <z(i, j) z(i', j')> = exp(-((i - i')^2 + (j - j')^2) / (2 length^2)),
 *
 * by circulant embedding (Dietrich and Newsam, SIAM J. Sci. Comput. 18, 1088, 1997): white
 * noise on a torus, in Fourier space times the root of the eigenvalues of its covariance. The
 * torus is the map and 6 lengths more, so that its two sides see each other with a
 * covariance of less than 2e-8. As this covariance is a product of one of rows and one of
 * columns, the dimensions are done one after the other, by transforms of single rows.
 *
 * Maps come out of FFTW: between machines they may differ in the last bits. */
#ifndef NUDGE_FIELD_H
#define NUDGE_FIELD_H

#include "nudge/choices.h"
#include "nudge/err.h"
#include "nudge/philox.h"

#include <stddef.h>

/* out, panels (k, n), padding 0: a field of the given length, in devices; 0: independent at
 * each place. A pure function of `at`, whose batch is filled in. Takes memory for k x (n + 6
 * length) numbers while it works. ND_EINPUT: too large for FFTW; ND_ENOMEM. */
ND_MUST nd_code nd_field_normals(nd_at at, size_t k, size_t n, double length, float *out,
                                 nd_err *err);

/* out, panels (k, n), padding 0: a gradient of span 1 and mean 0. ROWS and COLUMNS rise by 1
 * from the first to the last; RADIAL falls with the square of the distance from the
 * middle, to 1 less in the corners than in the middle. */
void nd_field_gradient(nd_gradient shape, size_t k, size_t n, float *out);

#endif
