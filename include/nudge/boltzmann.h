/* boltzmann.h -- restricted Boltzmann machines, evaluated exactly or with a stated error.
 *
 *     E(v, y, h) = -a.v - b.h - v W h - d.y - U_y.h
 *
 * v (nv) and h (nh) binary; y one of `classes` label units of which exactly one is on (a
 * softmax group), absent for classes 0. With u_j = b_j + sum_i v_i W_ij + U_yj,
 *
 *     F(v, y) = -a.v - d_y - sum_j softplus(u_j),    p(v, y) = exp(-F(v, y)) / Z.
 *
 * Pure functions in double precision: they know no devices, parameters or data sets, so
 * they are what training on all of these is checked against. Values of v between 0 and 1
 * (grey pixels) are taken as they are.
 *
 * Sources: Hinton, UTML TR 2010-003; Larochelle and Bengio, ICML 2008 (p(y|x) and its
 * gradient); Salakhutdinov and Murray, ICML 2008 (annealed importance sampling). */
#ifndef NUDGE_BOLTZMANN_H
#define NUDGE_BOLTZMANN_H

#include "nudge/err.h"
#include "nudge/philox.h"

#include <stddef.h>
#include <stdint.h>

/* A view: owns nothing. */
typedef struct nd_boltzmann {
    size_t nv, nh, classes; /* classes <= ND_BOLTZMANN_CLASSES_MAX */
    const double *W;        /* (nv, nh)                            */
    const double *a;        /* (nv) biases of the visible units    */
    const double *b;        /* (nh) biases of the hidden units     */
    const double *U;        /* (classes, nh)                       */
    const double *d;        /* (classes) biases of the labels      */
} nd_boltzmann;

/* What a machine is shown. A view: owns nothing. */
typedef struct nd_boltzmann_data {
    size_t n;
    const double *v;      /* (n, nv), within 0..1                             */
    const uint8_t *label; /* (n), or NULL: not given, y is then summed out    */
} nd_boltzmann_data;

/* A number for each parameter: a gradient, or expectations such as <v h>. */
typedef struct nd_boltzmann_moments {
    size_t n;                  /* of all parameters                               */
    double *W, *a, *b, *U, *d; /* shapes as in the machine, one after the other,
                                * so that W is also all n of them                 */
} nd_boltzmann_moments;

enum {
    ND_BOLTZMANN_CLASSES_MAX = 256,
    ND_BOLTZMANN_UNITS_MAX = 24, /* of the side whose states are enumerated */
    ND_NO_LABEL = -1,            /* y is summed out                         */
};

/* Zeroed; give back with _free. ND_ENOMEM. */
ND_MUST nd_code nd_boltzmann_moments_new(nd_boltzmann_moments *s, const nd_boltzmann *m,
                                         nd_err *err);
void nd_boltzmann_moments_free(nd_boltzmann_moments *s);

/* ---- one state ---- */

/* F(v, label), or F(v) = -log sum_y exp(-F(v, y)) for ND_NO_LABEL. */
double nd_boltzmann_free_energy(const nd_boltzmann *m, const double *v, int label);

/* p (nh) = p(h_j = 1 | v, label); for ND_NO_LABEL p(h_j = 1 | v). */
void nd_boltzmann_hidden(const nd_boltzmann *m, const double *v, int label, double *p);

/* p (nv) = p(v_i = 1 | h);  p (classes) = p(y | h). */
void nd_boltzmann_visible(const nd_boltzmann *m, const double *h, double *p);
void nd_boltzmann_label(const nd_boltzmann *m, const double *h, double *p);

/* log_p (classes) = log p(y | v), exact; the largest is the label of lowest free energy. */
void nd_boltzmann_classes(const nd_boltzmann *m, const double *v, double *log_p);

/* ---- data ---- */

/* Mean of F; the free-energy gap between validation and training data, which grows as a
 * machine learns by heart (Hinton 2010, section 6), is the difference of two of these. */
double nd_boltzmann_mean_free_energy(const nd_boltzmann *m, const nd_boltzmann_data *data);
double nd_boltzmann_free_energy_gap(const nd_boltzmann *m, const nd_boltzmann_data *train,
                                    const nd_boltzmann_data *validation);

/* Mean log p(v, label) (or log p(v)) given log Z, exact or estimated. */
double nd_boltzmann_log_likelihood(const nd_boltzmann *m, const nd_boltzmann_data *data,
                                   double log_z);

/* The highest mean log-likelihood that any distribution reaches on these data: minus the
 * entropy of their empirical distribution (-log n when all n differ). ND_ENOMEM. */
ND_MUST nd_code nd_boltzmann_optimum(const nd_boltzmann *m, const nd_boltzmann_data *data,
                                     double *optimum, nd_err *err);

/* Mean log p(label | v), and the share of samples whose most probable label is another.
 * Labels must be given. */
double nd_boltzmann_label_likelihood(const nd_boltzmann *m, const nd_boltzmann_data *data,
                                     double *error_rate);

/* Mean over samples of sum_i log p(v_i | other v, label): exact, nv evaluations of F a
 * sample, and its unbiased estimate from one random bit a sample (as scikit-learn's
 * score_samples). at: seed, stream, epoch and batch are the caller's; the index is the
 * sample. */
double nd_boltzmann_pseudo_likelihood(const nd_boltzmann *m, const nd_boltzmann_data *data);
double nd_boltzmann_pseudo_likelihood_at(const nd_boltzmann *m,
                                         const nd_boltzmann_data *data, nd_at at);

/* Mean over samples and pixels of (v - p(v | h))^2, h = p(h | v, label): one mean-field
 * step up and down. No measure of how good a machine is (Hinton 2010, section 5). ND_ENOMEM
 */
ND_MUST nd_code nd_boltzmann_reconstruction(const nd_boltzmann *m,
                                            const nd_boltzmann_data *data, double *error,
                                            nd_err *err);

/* <v h>, <v>, <h>, <y h>, <y> with v (and the label, when given) from the data: the
 * positive phase. */
void nd_boltzmann_data_moments(const nd_boltzmann *m, const nd_boltzmann_data *data,
                               nd_boltzmann_moments *out);

/* Gradient of the mean log p(label | v) (Larochelle and Bengio 2008), exact. Labels must be
 * given. */
void nd_boltzmann_discriminative_gradient(const nd_boltzmann *m,
                                          const nd_boltzmann_data *data,
                                          nd_boltzmann_moments *out);

/* ---- exact, by enumeration of the smaller side (boltzmann_exact.c) ----
 *
 * ND_EINPUT when both sides have more than ND_BOLTZMANN_UNITS_MAX units; ND_ENOMEM. Time is
 * that of 2^units nv exponentials: 20 hidden units under 784 pixels take seconds. */

ND_MUST nd_code nd_boltzmann_log_z(const nd_boltzmann *m, double *log_z, nd_err *err);

/* <v h>, <v>, <h>, <y h>, <y> of the machine: the negative phase. log_z may be NULL. */
ND_MUST nd_code nd_boltzmann_model_moments(const nd_boltzmann *m, nd_boltzmann_moments *out,
                                           double *log_z, nd_err *err);

/* Gradient of the mean log-likelihood. */
ND_MUST nd_code nd_boltzmann_gradient(const nd_boltzmann *m, const nd_boltzmann_data *data,
                                      nd_boltzmann_moments *out, nd_err *err);

/* p (max(classes, 1), 2^nv) = p(v, y), v_i being bit i of the column. Here the visible side
 * must be small. */
ND_MUST nd_code nd_boltzmann_table(const nd_boltzmann *m, double *p, nd_err *err);

/* ---- annealed importance sampling (boltzmann_ais.c) ---- */

typedef struct nd_ais_options {
    size_t runs;              /* independent chains, >= 2                              */
    size_t n;                 /* temperatures, >= 2                                    */
    const double *beta;       /* (n) inverse temperatures, rising from 0 to 1          */
    const double *base;       /* (nv) biases of the base machine; NULL: 0              */
    const double *base_label; /* (classes) likewise                                    */
    nd_at at;                 /* seed, stream and epoch; batch and index are the run
                               * and the draw                                          */
} nd_ais_options;

typedef struct nd_ais {
    double log_z;     /* log of the mean weight                                        */
    double low, high; /* 3 standard errors of the mean weight, as logarithms; low is
                       * -infinity when the error is as large as the mean              */
    double effective; /* (sum w)^2 / sum w^2: of how many equal runs it is worth       */
} nd_ais;

/* log Z from chains that are led from the base machine, whose Z is known, to m. ND_EINPUT:
 * a schedule that does not rise from 0 to 1; ND_ENOMEM. */
ND_MUST nd_code nd_boltzmann_ais(const nd_boltzmann *m, const nd_ais_options *o,
                                 nd_ais *out, nd_err *err);

/* n inverse temperatures in the proportions of Salakhutdinov and Murray (2008): 500 of
 * 14500 over 0..0.5, 4000 over 0.5..0.9, 10000 over 0.9..1. */
void nd_ais_schedule(size_t n, double *beta);

/* Biases (nv) of independent units that fit the data, each bit smoothed by one of both
 * kinds; and of the labels (classes). */
void nd_ais_base(const nd_boltzmann_data *data, size_t nv, double *base);
void nd_ais_base_label(const nd_boltzmann_data *data, size_t classes, double *base);

#endif
