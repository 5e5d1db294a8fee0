/* theory_check.h -- the oracle itself put to the test: its derivatives against finite
 * differences, and EP's estimates against back-propagation at rest. */
#ifndef NUDGE_THEORY_CHECK_H
#define NUDGE_THEORY_CHECK_H

#include "nudge/theory.h"

enum { ND_CHECK_ROWS = ND_THEORY_LAYERS * (1 + ND_THEORY_PARTS) };

/* The derivative by one layer's states or one tensor of weights, along random directions of
 * +-1: the median over directions of |difference quotient - <gradient, direction>|, as a
 * part of |gradient|. The median, because a direction may cross a corner of the activation
 * or a change of maximum, where there is no derivative to agree with. */
typedef struct nd_check_row {
    char name[8];    /* "s0", "W01", ... */
    double gradient; /* its length */
    double error;
    double rounding; /* how much of it may be rounding of the quotient */
} nd_check_row;

typedef struct nd_check {
    size_t n_rows;
    nd_check_row row[ND_CHECK_ROWS];
    double worst; /* largest error beyond rounding; NaN when one is */
} nd_check;

/* dPhi/ds and dPhi/dtheta at states near those after T free steps, shifted so that none lies
 * on a corner. */
ND_MUST nd_code nd_check_phi(nd_theory *t, size_t T, nd_check *out, nd_err *err);

/* BPTT over K steps of a free trajectory that starts there: d loss/ds of its first states,
 * d loss/dtheta with theta the same in all K steps. */
ND_MUST nd_code nd_check_bptt(nd_theory *t, size_t T, size_t K, nd_check *out, nd_err *err);

enum { ND_CHECK_BETAS = 3, ND_CHECK_ESTIMATES = 6 };

/* One estimator at beta, beta/2 and beta/4. */
typedef struct nd_check_estimate {
    const char *name; /* "one-sided", ..., "holomorphic 4" */
    bool possible;    /* false: needs complex states, which these dynamics do not have */
    double error[ND_CHECK_BETAS]; /* |estimate - minus the gradient| / |gradient| */
    /* p of the bias beta^p, from how much the estimate changes from beta to beta/2 and from
     * there to beta/4: so a floor does not matter. NaN: changes as small as rounding. */
    double slope;
} nd_check_estimate;

typedef struct nd_check_bias {
    nd_check_estimate estimate[ND_CHECK_ESTIMATES];
    size_t free_steps, adjoint_steps; /* until rest */
    double gradient;                  /* its length */
} nd_check_bias;

/* ND_EDIVERGED: the free phase does not come to rest. */
ND_MUST nd_code nd_check_estimates(nd_theory *t, double beta, nd_check_bias *out,
                                   nd_err *err);

#endif
