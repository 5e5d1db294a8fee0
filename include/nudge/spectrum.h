/* spectrum.h -- the spectrum of states over the nudging circle: how far nudges may reach, and
 * what noise leaves of the answer to them.
 *
 * The rest s(beta) of a holomorphic EP network is a power series of the nudge up to the
 * nearest singularity of the dynamics' fixed point. On N points of a circle of nudges,
 *
 *     c_k |beta|^k = 1/N sum_n s(|beta| exp(2 pi i n/N)) exp(-2 pi i n k/N),   k = 0 .. N-1
 *
 * but for the terms k + N, k + 2N, ... that N points cannot tell from k. c_1 is the response
 * that EP learns from; the estimate with N' points takes c_{1+N'} |beta|^{N'} for a part of
 * it (Laborieux and Zenke 2022, arXiv 2209.00530). |c_k| falls like R^-k, R the radius of
 * convergence, until the noise floor: noise has the same variance in every bin. */
#ifndef NUDGE_SPECTRUM_H
#define NUDGE_SPECTRUM_H

#include "nudge/model.h"

enum { ND_SPECTRUM_POINTS_MIN = 8, ND_SPECTRUM_POINTS_MAX = 64, ND_SPECTRUM_ESTIMATES = 4 };

/* Points N' of the estimates whose bias is predicted: 2, 4, 6, 8. */
extern const size_t nd_spectrum_estimates[ND_SPECTRUM_ESTIMATES];

/* Of the free units of a layer, 0 the output; root mean squares over units and samples: few
 * samples with near singularities are what the high bins show. */
typedef struct nd_spectrum_layer {
    size_t layer, units;
    double rms[ND_SPECTRUM_POINTS_MAX]; /* (N) |c_k| |beta|^k */
    /* What the highest quarter of the bins holds. Not reached: the coefficients still fall
     * there, so that the floor is an upper bound; more points would show more. */
    double floor;
    bool floor_reached;
    /* rms[k] ~ exp(intercept + slope k) over the `fitted` bins above the floor; NaN where
     * there are fewer than 3. */
    double intercept, slope;
    size_t fitted;
    /* The last bins, which are the powers -1, -2, ... of beta, stand out of the floor: a
     * singularity lies inside the circle, at least for some of the samples. */
    bool negative_powers;
    double
        radius; /* |beta| exp(-slope), with negative powers at most |beta|; NaN: no fit */
    double snr; /* rms[1] / floor */
    /* Of the response that nd_spectrum_estimates[i] points estimate, relative and at most:
     * (rms[1 + N'] + rms[1 + 2 N'] + ...) / rms[1], bins below the floor or beyond N from the
     * fit; NaN: there is no fit. */
    double bias[ND_SPECTRUM_ESTIMATES];
} nd_spectrum_layer;

typedef struct nd_spectrum {
    size_t points; /* N      */
    double beta;   /* radius of the circle */
    double moved;  /* largest change of a state in the last of the K steps: not at rest if
                           it is far above the floors */
    double radius, snr; /* smallest of the layers; NaN: no layer has one */
    size_t n_layers;    /* a softmax read-out is none: it has no states */
    nd_spectrum_layer layer[ND_LIST_MAX];
} nd_spectrum;

/* Settles the free phase on the mini-batch (of at most train.batch samples), then ep.spectrum
 * nudges of size |ep.beta|, and transforms the states. ND_EINPUT: no EP network, or
 * ep.spectrum is 0; ND_EDIVERGED: states that are no numbers; ND_ENOMEM. */
ND_MUST nd_code nd_spectrum_measure(nd_net *net, const nd_batch *b, nd_spectrum *out,
                                    nd_err *err);

/* Fits layer->rms (N) and fills what follows from it; beta: the radius of the circle. */
void nd_spectrum_reduce(nd_spectrum_layer *layer, size_t N, double beta);

#endif
