/* theory.h -- Equilibrium Propagation in double precision: the oracle that the fast models
 * are held against. Nothing here shares code with them or with the kernels.
 *
 * Layers are numbered from the output: 0 is the output, L-1 the first hidden layer, L the
 * clamped input x. Link l leads from layer l+1 to layer l. With A_l(v) = pool(W_l * v + b_l)
 * (a product or a convolution), and rho = s (prototypical) or r(s) (energy), all is said by
 *
 *     Phi = sum_l <rho_l, A_l(rho_{l+1})>
 *
 *     prototypical   s' = s + dt (-s + r(dPhi/ds))                  Ernoult et al. 2019, eq. 7
 *     energy         s' = s + dt (-s + r'(s) dPhi/drho)             Scellier and Bengio 2017
 *
 * plus a nudge of strength beta down the loss. beta and the states may be complex
 * (holomorphic EP: Laborieux and Zenke 2022); weights are real. A complex state is two
 * planes of a matrix: rows 0..B-1 are real parts, rows B..2B-1 imaginary ones. */
#ifndef NUDGE_THEORY_H
#define NUDGE_THEORY_H

#include "nudge/model.h"

#include <complex.h>

enum { ND_THEORY_LAYERS = ND_LIST_MAX };

typedef enum nd_theory_pool {
    ND_THEORY_NO_POOL,
    ND_THEORY_MAX,
    ND_THEORY_AVERAGE
} nd_theory_pool;

/* What leads from one layer to the next: a convolution with optional pooling, or a dense
 * product, which is a convolution whose filter covers the whole map. */
typedef struct nd_theory_link {
    bool dense;
    size_t channels;            /* of the layer it gives; units when dense     */
    size_t filter, filter_cols; /* rows and columns; columns 0: square         */
    size_t stride, pad;         /* like the filter not used when dense         */
    nd_theory_pool pool;        /* of windows x windows, next to each other    */
    size_t window;
} nd_theory_link;

/* A network and its dynamics, in plain words. */
typedef struct nd_theory_spec {
    size_t L;                    /* links, and free layers with the read-out        */
    size_t rows, cols, channels; /* of the input; channels of a pixel lie together  */
    nd_theory_link link[ND_THEORY_LAYERS]; /* (L), link[0] gives the output         */
    nd_activation_id activation;
    bool energy;       /* dynamics down the energy, else prototypical                */
    bool ernoult;      /* energy: without r'(s) on the output layer                  */
    bool flat;         /* energy: without r'(s) on any layer (Ernoult et al. 2020, VF) */
    bool clamp;        /* energy: states are held to [0, 1]                          */
    bool softmax;      /* layer 0 is a soft-max read-out, its loss the cross-entropy */
    bool inside;       /* prototypical: the nudge of a squared loss enters inside r;
                          through a read-out it always does                          */
    bool vector_field; /* backward weights of their own, first the forward ones    */
    bool last_argmax;  /* contrasts take the maxima of the last step, not the state's */
    double dt;
    double angle;  /* degrees: first backward weights have the wrong sign with probability
                      (1 - cos(angle))/2                                             */
    uint64_t seed; /* of the first weights: U(-1/sqrt(fan_in), 1/sqrt(fan_in))      */
} nd_theory_spec;

/* What p says of a network on data of this shape. ND_EINPUT: what the oracle does not know,
 * such as noise, or what does not fit. Weights are drawn with train.seed. */
ND_MUST nd_code nd_theory_spec_from(nd_theory_spec *spec, const nd_params *p,
                                    nd_shape shape, nd_err *err);

/* The links that a stack says, above the input of spec: "conv 32 5x5 pad 2, max 2, fc 10"
 * (model.stack). ND_EINPUT names the item that does not fit. */
ND_MUST nd_code nd_theory_stack(nd_theory_spec *spec, const char *text, nd_err *err);

typedef struct nd_theory nd_theory;

ND_MUST nd_code nd_theory_new(const nd_theory_spec *spec, nd_theory **out, nd_err *err);
void nd_theory_free(nd_theory *t);

const nd_theory_spec *nd_theory_spec_of(const nd_theory *t);
size_t nd_theory_units(const nd_theory *t, size_t layer); /* of layer 0..L */
size_t nd_theory_first(const nd_theory *t); /* first layer that moves: 1 with a soft-max */

/* ---- weights ----
 *
 * All weights are one vector theta; gradients are vectors of the same length. */
typedef enum nd_theory_part {
    ND_THEORY_WEIGHT,
    ND_THEORY_BIAS,
    ND_THEORY_BACK
} nd_theory_part;
enum { ND_THEORY_PARTS = 3 };

/* W_l (inputs, outputs): a dense layer's (n_{l+1}, n_l), a filter's (rows*cols*channels in,
 * channels out). Backward weights have the shape of the forward ones. */
typedef struct nd_theory_tensor {
    size_t first, rows, cols; /* theta[first + row*cols + col]; rows 0: there is none */
} nd_theory_tensor;

size_t nd_theory_size(const nd_theory *t);
nd_theory_tensor nd_theory_tensor_of(const nd_theory *t, size_t link, nd_theory_part part);
double *nd_theory_theta(nd_theory *t);

/* To be called after theta was written to. */
void nd_theory_changed(nd_theory *t);

/* From and to a model's panels (kern.h) of (rows, cols), for vector in theta's form; with
 * `transposed`, panels of (cols, rows), as models keep dense backward weights. */
void nd_theory_from_panels(nd_theory_tensor tensor, bool transposed, const float *panels,
                           double *vector);
void nd_theory_to_panels(nd_theory_tensor tensor, bool transposed, const double *vector,
                         float *panels);

/* ---- states ---- */

typedef struct nd_theory_states {
    size_t planes;               /* 1 real, 2 complex                                */
    double *s[ND_THEORY_LAYERS]; /* s[l] (planes*B, n_l)                             */
    uint32_t
        *where[ND_THEORY_LAYERS]; /* (B, n_l) maxima of link l in the step that led here */
    nd_arena block;               /* owned: all of it                           */
} nd_theory_states;

/* The mini-batch to settle on: x (B, n_L), y (B, n_0) with leading dimensions. Copied.
 * States made for another B are of no use afterwards. */
ND_MUST nd_code nd_theory_batch(nd_theory *t, size_t B, const float *x, size_t x_ld,
                                const float *y, size_t y_ld, nd_err *err);
size_t nd_theory_rows(const nd_theory *t); /* B */

/* Zero states. planes 2 needs a holomorphic activation and no clamp: else ND_EINPUT. */
ND_MUST nd_code nd_theory_states_new(const nd_theory *t, size_t planes, nd_theory_states *s,
                                     nd_err *err);
void nd_theory_states_free(nd_theory_states *s);
/* `to` may be complex and `from` real; never the other way round. */
void nd_theory_states_copy(const nd_theory *t, const nd_theory_states *from,
                           nd_theory_states *to);

/* At most `steps` steps of all layers at once, in place; ends early when no state changes
 * by as much as tolerance (0: never). beta is real when the states are. Returns the steps
 * made. */
size_t nd_theory_settle(nd_theory *t, nd_theory_states *s, double complex beta,
                        size_t steps, double tolerance);

/* Means over the mini-batch. Phi is the primitive function of the dynamics: the one above,
 * or minus the energy, Phi - 1/2 |s|^2, for the energy model. */
double complex nd_theory_phi(nd_theory *t, const nd_theory_states *s);
double nd_theory_loss(nd_theory *t, const nd_theory_states *s); /* real states */

/* d Phi_b / ds of each sample (not the mean), to `slope`. */
void nd_theory_phi_slope(nd_theory *t, const nd_theory_states *s, nd_theory_states *slope);

/* ---- learning ----
 *
 * Estimates are ascents: minus the gradient of the mean loss. All add to g, (size). */

/* g += Re(weight * mean of d(Phi - beta loss)/dtheta). The loss counts for a read-out. */
void nd_theory_contrast(nd_theory *t, const nd_theory_states *s, double complex beta,
                        double complex weight, double *g);

/* g += weight * mean of (change of post) x (old pre), for W and the backward weights: the
 * update of a vector field (Scellier et al. 2018; Ernoult et al. 2020). Without backward
 * weights of their own both go to W. What changes is rho, or s in flat dynamics. */
void nd_theory_vector_field(nd_theory *t, const nd_theory_states *before,
                            const nd_theory_states *after, double weight, double *g);

typedef enum nd_theory_mode {
    ND_THEORY_ONE_SIDED,
    ND_THEORY_NEGATIVE,
    ND_THEORY_SYMMETRIC,
    ND_THEORY_HOLOMORPHIC
} nd_theory_mode;

typedef struct nd_theory_nudging {
    nd_theory_mode mode;
    double beta;
    size_t points; /* N of holomorphic; 1 is one-sided */
    size_t steps;  /* K of each phase                  */
    double tolerance;
} nd_theory_nudging;

/* g += the estimate; every phase starts from the states `rest` of the free phase. */
ND_MUST nd_code nd_theory_estimate(nd_theory *t, const nd_theory_states *rest,
                                   const nd_theory_nudging *how, double *g, nd_err *err);

/* A nudged phase whose every step changes the weights by rates[l] times the contrast of the
 * step (C-EP), or its vector field (C-VF). s: the rest, then where it ends. rates (L). */
ND_MUST nd_code nd_theory_continual(nd_theory *t, nd_theory_states *s, double beta,
                                    size_t steps, const double *rates, nd_err *err);

/* ---- back-propagation through time ----
 *
 * For the loss of the last state of a free trajectory. a_b = d loss_b / ds of each sample;
 * g += the mean of d loss_b / dtheta, theta counted in the step at hand alone. */
void nd_theory_adjoint_start(nd_theory *t, const nd_theory_states *last,
                             nd_theory_states *a,
                             double *g); /* g: of a read-out, or NULL */

/* Across the step that begins at `old`: a goes from its end to its beginning. g or NULL. */
void nd_theory_adjoint_step(nd_theory *t, const nd_theory_states *old, nd_theory_states *a,
                            double *g);

/* g += the gradient of the mean loss at the fixed point `rest`, where BPTT over ever more
 * steps converges (recurrent back-propagation: Almeida 1987, Pineda 1987). Returns the
 * steps it took until the adjoint had fallen by `tolerance`, or `steps`. */
ND_MUST nd_code nd_theory_rest_gradient(nd_theory *t, const nd_theory_states *rest,
                                        size_t steps, double tolerance, size_t *taken,
                                        double *g, nd_err *err);

#endif
