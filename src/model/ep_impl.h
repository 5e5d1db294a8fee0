/* ep_impl.h -- what the parts of Equilibrium Propagation share.
 *
 * Layers are numbered from the output: layer 0 is the output, L-1 the first hidden layer, L
 * the clamped input. Link l joins layer l+1 (below) to layer l (above); it owns the weights
 * W[l] and the bias b[l] of the layer above. */
#ifndef NUDGE_EP_IMPL_H
#define NUDGE_EP_IMPL_H

#include "model_impl.h"

#include "nudge/model.h"

enum { ND_EP_LAYERS = ND_LIST_MAX };

/* pixels x maps units; a dense layer is one pixel. A row of states has ld floats, the maps
 * of each pixel padded to whole vectors. */
typedef struct nd_ep_layer {
    size_t pixels, maps;
    size_t n, ld;
} nd_ep_layer;

typedef struct nd_ep_link {
    nd_bank *W, *b, *back; /* back: free backward weights, or NULL: tied       */
    float *down;           /* tied: W transposed, panels (n above, n below)    */
} nd_ep_link;

/* All free layers at one moment, each (B, ld). */
typedef struct nd_ep_states {
    float *s[ND_EP_LAYERS];
    float
        *rho[ND_EP_LAYERS]; /* what neighbours hear: r(s) of the energy's dynamics, or s */
} nd_ep_states;

/* Complex states on a circle of nudges: for each of `points`, (B, ld) real parts, then (B,
 * ld) imaginary parts. */
typedef struct nd_ep_circle {
    size_t points;
    float *now[ND_EP_LAYERS], *next[ND_EP_LAYERS], *pre[ND_EP_LAYERS];
    float *turned;
} nd_ep_circle;

typedef struct nd_ep {
    size_t L; /* links, and free layers */
    nd_ep_layer layer[ND_EP_LAYERS + 1];
    nd_ep_link link[ND_EP_LAYERS];
    bool energy;    /* dynamics down an energy; else prototypical                      */
    bool soft;      /* layer 0 is a softmax read-out: its "state" is beta (y - softmax) */
    bool free;      /* backward weights of their own                                   */
    bool imperfect; /* neurons need their pre-activation set out         */
    nd_ep_states zero, rest[3]; /* rest[nd_phase]                                   */
    nd_ep_states other;
    float *drive;             /* (B, ld) of layer L-1: what the input says, constant   */
    float *input;             /* (B, ld) r(x), energy's dynamics only                 */
    float *change;            /* (B, ld) of the widest layer                          */
    float *pre[ND_EP_LAYERS]; /* (B, ld) pre-activations, where they are set out      */
    float *logits;            /* (B, ld) of the softmax read-out after the free phase  */
    float *target;            /* (B, ld) noisy target                                  */
    float *gain[ND_EP_LAYERS], *offset[ND_EP_LAYERS]; /* (ld) mismatch, or NULL          */
    float *kept;                                      /* (examples, sum of ld) persistent */
    nd_ep_circle circle;
    float one; /* what a bias sees */
} nd_ep;

/* What a step needs to know besides the states. */
typedef struct nd_ep_moment {
    const nd_batch *b;
    const float *x; /* activity of the input (B, ld of layer L) */
    bool nudged;
    float beta;
    uint32_t t; /* steps since the mini-batch began: names the noise */
} nd_ep_moment;

static inline nd_ep *nd_ep_of(const nd_net *net)
{
    return net->state;
}

/* ---- ep_net.c: shape and memory ---- */

nd_code nd_ep_check(const nd_params *p, nd_shape shape, nd_err *err);
void nd_ep_layout(nd_net *net, nd_arena *a);
void nd_ep_init(nd_net *net);
void nd_ep_cost(const nd_params *p, nd_shape shape, nd_cost *c);

/* ---- ep_link.c: what weights do ---- */

/* After the weights moved: everything that was derived from them. */
void nd_ep_refresh(const nd_net *net, const nd_ep_moment *m);

/* The pre-activation of layer l as drive and terms: below and above are the activities of
 * its neighbours (above NULL: silent). `real`: with the bias and the input; imaginary parts
 * have none. */
void nd_ep_hear(const nd_ep *e, size_t l, size_t B, const float *below, const float *above,
                bool real, nd_affine *in);

/* Estimates minus the gradient from two moments and moves every weight by it; before: the
 * moment whose activities are the pre-synaptic ones of vector-field updates. per_beta:
 * 1/beta, or 1/(2 beta). */
void nd_ep_move(nd_net *net, const nd_ep_moment *m, const nd_ep_states *one,
                const nd_ep_states *two, const nd_ep_states *before, double per_beta);

/* One product for link l: net->wanted = scale (pre1^T post1 - pre0^T post0), all (B, ld).
 */
void nd_ep_outer(const nd_net *net, size_t l, size_t B, float scale, const float *pre1,
                 const float *post1, const float *pre0, const float *post0);
void nd_ep_outer_bias(const nd_net *net, size_t l, size_t B, float scale,
                      const float *post1, const float *post0);

/* Cosine of the angle between forward and backward weights, over all links that have
 * both. */
double nd_ep_angle(const nd_net *net);

/* ---- ep.c ---- */

/* rho = r(s) of layer l, both (B, ld) */
void nd_ep_activity(const nd_net *net, size_t B, size_t l, const float *s, float *rho);

/* ---- ep_step.c: one step of the dynamics ---- */

void nd_ep_step(const nd_net *net, const nd_ep_moment *m, const nd_ep_states *now,
                const nd_ep_states *next);

/* The read-out's error at rest, in s->s[0]. */
void nd_ep_readout(const nd_net *net, const nd_ep_moment *m, const nd_ep_states *s);

/* ---- ep_circle.c: holomorphic nudging ---- */

void nd_ep_circle_take(nd_net *net, nd_arena *a);
void nd_ep_circle_learn(nd_net *net, const nd_ep_moment *m);

#endif
