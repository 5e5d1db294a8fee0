/* gdu.h -- gradient-descending updates: what EP does at every step of a nudged phase, beside
 * what back-propagation through time (BPTT) says of the free phase, step by step backwards.
 *
 * Ernoult et al., NeurIPS 2019, theorem 1: with dynamics that derive from a primitive
 * function and K steps at rest, as beta -> 0 and for every t = 0..K-1
 *
 *     (s(t+1) - s(t)) / (beta dt)                         ->  - d loss / d s(T-t)
 *     1/beta (dPhi/dtheta at s(t+1) - dPhi/dtheta at s(t)) ->  - d loss / d theta(T-t)
 *
 * where theta(T-t) is theta in the step that led to s(T-t) alone. */
#ifndef NUDGE_GDU_H
#define NUDGE_GDU_H

#include "nudge/theory.h"

enum { ND_GDU_ROWS = ND_THEORY_LAYERS * (1 + ND_THEORY_PARTS) };

/* A layer, a matrix or a vector of biases, compared element by element, over time. All
 * values are means over the mini-batch. Of a layer with maps each unit counts. */
typedef struct nd_gdu_row {
    char name[8]; /* "s0", "W01", "b0", backward "W10" */
    size_t n;
    /* per element sqrt(sum_t (a-b)^2 / max(sum_t a^2, sum_t b^2)), 0 where both vanish: mean
     * and standard deviation over the elements */
    double rmse, rmse_sd;
    double sign;  /* of the elements that move in all: part whose totals agree in sign; NaN
                     when none moves */
    double angle; /* between the totals as vectors, degrees; NaN when one vanishes */
} nd_gdu_row;

/* One element over time: Delta(t) of EP, and minus the gradient of BPTT. */
typedef struct nd_gdu_curve {
    size_t row, element;
    double *ep, *bptt; /* (K), in nd_gdu.values */
} nd_gdu_curve;

typedef struct nd_gdu {
    size_t n_rows, K;
    nd_gdu_row row[ND_GDU_ROWS];
    double moved; /* largest change of a state in the last step of the free phase */
    double loss;  /* after it */
    size_t n_curves;
    nd_gdu_curve *curve; /* (n_curves), owned */
    double *values;      /* owned */
} nd_gdu;

/* T free steps, K nudged ones, K <= T. With curves_per_row, the elements of each row whose
 * gradient is largest get curves, which takes a second pass. ND_EINPUT, ND_ENOMEM;
 * ND_EDIVERGED: the states are no numbers. On failure out holds nothing. */
ND_MUST nd_code nd_gdu_run(nd_theory *t, size_t T, size_t K, double beta,
                           size_t curves_per_row, nd_gdu *out, nd_err *err);
void nd_gdu_free(nd_gdu *g);

#endif
