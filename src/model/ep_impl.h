/* ep_impl.h -- what the parts of Equilibrium Propagation share.
 *
 * Layers are numbered from the output: layer 0 is the output, L-1 the first hidden layer, L
 * the clamped input. Link l joins layer l+1 (below) to layer l (above); it owns the weights
 * W[l] and the bias b[l] of the layer above. */
#ifndef NUDGE_EP_IMPL_H
#define NUDGE_EP_IMPL_H

#include "model_impl.h"

#include "nudge/fft_conv.h"
#include "nudge/model.h"

enum { ND_EP_LAYERS = ND_LIST_MAX };

/* pixels x maps units; a dense layer is one pixel. A row of states has ld floats, the maps
 * of each pixel padded to whole vectors. */
typedef struct nd_ep_layer {
    size_t pixels, maps;
    size_t n, ld;
} nd_ep_layer;

typedef struct nd_ep_link {
    nd_bank *W, *b, *back; /* back: free backward weights, or NULL: tied */
    /* What carries the layer above down. Dense and tied: W transposed, panels (n above, n
     * below); a convolution: its kernels flipped. */
    float *down;
    bool conv;
    nd_conv g;
    bool by_fft; /* model.convolution: up and down through fft, without `down` */
    nd_fft_conv fft;
} nd_ep_link;

/* All free layers at one moment, each (B, ld). rho is what neighbours hear: r(s) of the
 * energy's dynamics, or s itself; arg is where link l's max pooling found what s[l] was
 * made of. */
typedef struct nd_ep_states {
    float *s[ND_EP_LAYERS], *rho[ND_EP_LAYERS];
    uint8_t *arg[ND_EP_LAYERS];
} nd_ep_states;

/* What a layer hears in a step, and how. */
typedef struct nd_ep_sound {
    const float *below, *above; /* activities of its neighbours; above NULL: silent */
    const uint8_t *above_arg;   /* the pooling that the layer above went through    */
    uint8_t *arg;               /* out: the pooling that this layer comes through   */
    bool real;  /* with bias and input; imaginary parts have none                   */
    float *pre; /* (B, ld) where a convolution's pre-activation is set out          */
} nd_ep_sound;

/* Complex states on a circle of N nudges: for each point that is simulated, (B, ld) real
 * parts, then (B, ld) imaginary parts. */
typedef struct nd_ep_circle {
    size_t N, simulated; /* points 0 .. N/2; the others are conjugates of these */
    float *now[ND_EP_LAYERS], *next[ND_EP_LAYERS], *pre[ND_EP_LAYERS];
    float *turned;
} nd_ep_circle;

/* Continual updates of the input's weights: see nd_ep_follows. */
typedef struct nd_ep_follower {
    float *x;    /* panels (n of the input, B): the mini-batch turned */
    float *gram; /* (B, B) */
    float *ones; /* (B)    */
    float *sum;  /* panels (B, n of layer L-1) */
} nd_ep_follower;

typedef struct nd_ep {
    size_t L; /* links, and free layers */
    nd_ep_layer layer[ND_EP_LAYERS + 1];
    nd_ep_link link[ND_EP_LAYERS];
    bool energy; /* dynamics down an energy; else prototypical                       */
    bool soft;   /* layer 0 is a softmax read-out: its "state" is beta (y - softmax) */
    bool free;   /* backward weights of their own                                    */
    bool
        set_out; /* pre-activations are set out, for what neurons or converters do to them */
    nd_converters converters;
    nd_ep_states zero, rest[3], other; /* rest[nd_phase] */
    float *drive;       /* (B, ld) of layer L-1: what the input says, constant          */
    uint8_t *input_arg; /* ... and through which pooling                                */
    float *input;       /* (B, ld) r(x), energy's dynamics only                         */
    float *change;      /* (B, ld) of the widest layer                                  */
    float *flat[2];     /* (B, n) of a layer of padded pixels, without the padding      */
    float *scratch;     /* of the convolution kernels                                   */
    float *pre[ND_EP_LAYERS]; /* (B, ld) pre-activations, where they are set out        */
    float *logits; /* (B, ld) of the softmax read-out after the free phase         */
    float *target; /* (B, ld) noisy target                                         */
    float *gain[ND_EP_LAYERS], *offset[ND_EP_LAYERS]; /* (ld) mismatch, or NULL         */
    float *kept; /* (examples, sum of ld) persistent states, or NULL             */
    float *sum[ND_BANKS_MAX]; /* of ep.nudge_repeats, panels of each bank, or NULL      */
    nd_ep_follower follower;
    nd_ep_circle circle;
    float one; /* what a bias sees */
} nd_ep;

/* What a step needs to know besides the states. */
typedef struct nd_ep_moment {
    const nd_batch *b;
    const float *x; /* activity of the input (B, ld of layer L) */
    bool nudged;
    float beta;
    uint32_t t;      /* steps since the mini-batch began: names the noise */
    uint32_t repeat; /* of ep.nudge_repeats, from 0 */
} nd_ep_moment;

static inline nd_ep *nd_ep_of(const nd_net *net)
{
    return net->state;
}

/* ---- ep_net.c: shape and memory ---- */

nd_code nd_ep_check(const nd_params *p, nd_shape shape, nd_err *err);
void nd_ep_layout(nd_net *net, nd_arena *a);
nd_code nd_ep_open(nd_net *net, nd_err *err);
void nd_ep_close(nd_net *net);
void nd_ep_init(nd_net *net);
void nd_ep_cost(const nd_params *p, nd_shape shape, nd_cost *c);

/* ---- ep_link.c: what weights do ---- */

/* After the weights moved: what was derived from them, for the way down and for the input.
 */
void nd_ep_refresh(const nd_net *net);
void nd_ep_refresh_input(const nd_net *net, const nd_ep_moment *m);

/* The pre-activation of layer l as drive and terms. A layer of padded pixels is seen as
 * B*pixels rows of its maps. */
void nd_ep_hear(const nd_ep *e, size_t l, size_t B, const nd_ep_sound *sound,
                nd_affine *in);

/* Estimates minus the gradient for link l from two moments and moves its weights by it;
 * before: the moment whose activities are the pre-synaptic ones of vector-field updates.
 * per_beta: 1/beta, or 1/(2 beta). Of ep.nudge_repeats only the last moves them, by the
 * mean. */
void nd_ep_move(nd_net *net, const nd_ep_moment *m, size_t l, const nd_ep_states *one,
                const nd_ep_states *two, const nd_ep_states *before, double per_beta);

/* Activities on both sides of a link, (B, ld) each, and through which pooling. */
typedef struct nd_ep_pair {
    const float *pre, *post;
    const uint8_t *arg;
} nd_ep_pair;

/* net->wanted = scale (post pre^T of one - of two), summed over the mini-batch; two.pre
 * NULL: only one. */
void nd_ep_outer(const nd_net *net, size_t l, size_t B, float scale, nd_ep_pair one,
                 nd_ep_pair two);
void nd_ep_outer_bias(const nd_net *net, size_t l, size_t B, float scale,
                      const float *post1, const float *post0);

/* Cosine of the angle between forward and backward weights, over all links that have
 * both. */
double nd_ep_angle(const nd_net *net);

/* Continual updates of the input's weights, which are most of a network's, need not be made
 * one by one where they add up exactly: what layer L-1 hears of them is
 *
 *     x dW = rate/(beta B) x x^T (change of the step),
 *
 * a product of B x B numbers, and the sum of the changes is that from the first step to the
 * last. nd_ep_follows says if that holds; nd_ep_gram prepares x x^T for a mini-batch,
 * nd_ep_follow adds what a step changed to the drive. */
bool nd_ep_follows(const nd_net *net);
void nd_ep_follower_take(nd_net *net, nd_arena *a);
void nd_ep_gram(const nd_net *net, const nd_ep_moment *m);
void nd_ep_follow(const nd_net *net, const nd_ep_moment *m, const nd_ep_states *one,
                  const nd_ep_states *two, double per_beta);

/* ---- ep.c ---- */

/* rho = r(s) of layer l, both (B, ld) */
void nd_ep_activity(const nd_net *net, size_t B, size_t l, const float *s, float *rho);

/* ---- ep_step.c: one step of the dynamics ---- */

void nd_ep_step(const nd_net *net, const nd_ep_moment *m, const nd_ep_states *now,
                const nd_ep_states *next);

/* What the neurons of layer l do to their pre-activations x (B, ld). */
void nd_ep_neurons(const nd_net *net, const nd_ep_moment *m, size_t l, float *x);

/* At rest: the read-out's logits after a free phase, its error in s[0] after a nudged one.
 */
void nd_ep_readout(const nd_net *net, const nd_ep_moment *m, const nd_ep_states *s);

/* ---- ep_circle.c: holomorphic nudging ---- */

void nd_ep_circle_take(nd_net *net, nd_arena *a);
void nd_ep_circle_learn(nd_net *net, const nd_ep_moment *m);

/* From the free rest to the rests of N nudges of size m->beta; N is ep.points, or
 * ep.spectrum. */
void nd_ep_circle_settle(nd_net *net, const nd_ep_moment *m, size_t N);

/* Layer l at point n <= N/2, (B, ld): part 0 real, 1 imaginary. */
const float *nd_ep_circle_at(const nd_ep *e, size_t l, size_t B, size_t n, int part);

/* Largest change of a part of a state in the last step. */
double nd_ep_circle_moved(const nd_ep *e, size_t B);

#endif
