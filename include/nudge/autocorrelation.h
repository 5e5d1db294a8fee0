/* autocorrelation.h -- how long a chain remembers: autocorrelation by zero-padded Fourier
 * transforms, integrated autocorrelation time, effective sample size.
 *
 *     rho(t) = c(t) / c(0),   c(t) = (1/n) sum_i (x_i - mean) (x_i+t - mean)
 *     tau    = 1/2 + sum_{t=1..M} rho(t),   M the smallest with M >= window * tau
 *
 * (Sokal, Monte Carlo Methods in Statistical Mechanics, 1996, section 3: the automatic
 * window; its standard error, sqrt(2 (2M + 1) / n) tau, is Madras and Sokal, J. Stat. Phys.
 * 50 (1988), equation E.9.) Independent draws have tau 1/2; a mean over n steps is worth
 * n / (2 tau) of them. The window is made for chains whose rho falls without going far below
 * 0, such as functions of v along a Gibbs chain v -> h -> v, where rho is never negative. */
#ifndef NUDGE_AUTOCORRELATION_H
#define NUDGE_AUTOCORRELATION_H

#include "nudge/err.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct nd_autocorrelation nd_autocorrelation;

/* For series of n steps, n >= 2; plans once, measures as often as wanted. ND_EINPUT,
 * ND_ENOMEM. */
ND_MUST nd_code nd_autocorrelation_new(nd_autocorrelation **out, size_t n, nd_err *err);
void nd_autocorrelation_free(nd_autocorrelation *a); /* NULL is fine */

/* rho (n): the autocorrelation of `rows` chains of the same kind, averaged over them; chain
 * r is x[r * ld], ... x[r * ld + n - 1]. The mean is that of all chains together, so that
 * chains which stay in different places show as slow. rho is NaN when x is constant or not
 * finite. */
void nd_autocorrelation_of(nd_autocorrelation *a, size_t rows, size_t ld, const double *x,
                           double *rho);

typedef struct nd_memory {
    double tau;       /* integrated autocorrelation time, in steps                      */
    double error;     /* its standard error                                             */
    double effective; /* sample size that all chains together are worth                 */
    size_t window;    /* M                                                              */
    bool converged; /* false: too short to tell, tau is about a lower bound; or tau <= 0 */
} nd_memory;

/* From rho (n) of `rows` chains; `window` is Sokal's c, 5 to 6 for chains that forget
 * exponentially. All NaN where rho is. */
nd_memory nd_autocorrelation_time(size_t n, const double *rho, size_t rows, double window);

#endif
