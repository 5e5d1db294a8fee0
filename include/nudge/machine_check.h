/* machine_check.h -- the learning of a Boltzmann machine put to the test on a machine that
 * can be summed over: derivatives against finite differences, chains, annealing and
 * classification against exact expectations. */
#ifndef NUDGE_MACHINE_CHECK_H
#define NUDGE_MACHINE_CHECK_H

#include "nudge/machine.h"

enum {
    ND_MACHINE_UNITS_MAX = 16, /* of the side that is summed over, labels' bits included */
    ND_MACHINE_BLOCKS = 5,     /* W, a, b, U, d */
    ND_MACHINE_KS = 7,         /* CD-1, 2, 4, ... 64 */
    ND_MACHINE_CELLS = 64
};

/* The derivative by one block of parameters, along itself and along a random direction: the
 * larger of |difference quotient - <gradient, direction>|, as a part of |gradient|. */
typedef struct nd_machine_slope {
    const char *name; /* "W", "a", "b", "U", "d" */
    double gradient;  /* its length */
    double error;
    double rounding; /* how much of it may be rounding of the quotient */
} nd_machine_slope;

typedef struct nd_machine_slopes {
    size_t n;
    nd_machine_slope row[ND_MACHINE_BLOCKS];
} nd_machine_slopes;

typedef struct nd_machine_check {
    size_t images, nv, nh, classes;
    nd_machine_slopes joint;          /* d mean log p(v, y), or log p(v)                  */
    nd_machine_slopes discriminative; /* d mean log p(y | v); n = 0: no labels            */
    /* |expectations that CD-k takes for the model's - exact| / |exact|, and what sampling
     * alone would make of it */
    size_t k[ND_MACHINE_KS];
    double bias[ND_MACHINE_KS], noise[ND_MACHINE_KS];
    double log_z; /* exact */
    nd_ais ais;
    /* mean -log p(label | v) and images misclassified, exact and as the model says */
    double loss, loss_model, loss_bound;
    size_t errors, errors_model;
    /* Chains of parallel tempering over the states of the first hidden units: chi-square,
     * its degrees of freedom, and the normal deviate that it amounts to (Wilson and Hilferty
     * 1931) */
    size_t samples, units, freedom;
    double chi_square, deviate;
    double swapped; /* fraction of proposed exchanges */
} nd_machine_check;

/* Tries the only machine of the network on the mini-batch; no weight moves. ND_EINPUT: no
 * network of one binary machine, or too large to be summed over; ND_ENOMEM. */
ND_MUST nd_code nd_machine_check_run(nd_net *net, const nd_batch *b, nd_machine_check *out,
                                     nd_err *err);

#endif
