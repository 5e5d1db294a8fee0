/* ep_step.c -- one step of all layers.
 *
 * Prototypical dynamics (Ernoult et al. 2019, eq. 7), with the primitive function
 *
 *     Phi = sum_l s[l]^T W[l] s[l+1] + sum_l b[l]^T s[l],       s <- r(dPhi/ds):
 *
 *     s[l] <- s[l] + dt (-s[l] + r(W[l] s[l+1] + b[l] + W[l-1]^T s[l-1]))
 *
 * Down the energy of a continuous Hopfield network (Scellier and Bengio 2017),
 *
 *     E = sum_l 1/2 |s[l]|^2 - sum_l r(s[l])^T W[l] r(s[l+1]) - sum_l b[l]^T r(s[l]):
 *
 *     s[l] <- s[l] + dt (-s[l] + r'(s[l]) (W[l] r(s[l+1]) + b[l] + W[l-1]^T r(s[l-1])))
 *
 * the input heard through r too. When nudged, beta (y - s[0]) joins the output layer. With
 * a softmax read-out the last layer is none of the system's: the one below it hears beta
 * W[0]^T (y - softmax(W[0] s[1] + b[0])) instead (Laborieux et al. 2021).
 *
 * All layers move at once from the same old states or, with ep.order even-odd, the even
 * layers first and the odd ones from what these became: neighbours differ in parity, so news
 * crosses two layers in a step. */
#include "ep_impl.h"

#include <string.h>

/* Draws for one layer and step: 16 layers, then the step. */
static nd_at noise_at(const nd_ep_moment *m, nd_stream stream, size_t l)
{
    nd_at at = m->b->at;
    at.stream = (uint32_t)stream;
    return nd_at_sub(at, m->t << 4 | (uint32_t)l);
}

/* W[0] s[1] + b[0] (B, ld) */
static void logits(const nd_ep *e, size_t B, const float *below, float *out)
{
    const nd_ep_sound sound = {.below = below, .real = true};
    nd_affine a;
    nd_ep_hear(e, 0, B, &sound, &a);
    a.out = out;
    nd_convert_affine(&e->converters, &a);
}

static void read_out(const nd_net *net, const nd_ep_moment *m, const float *below,
                     float *out)
{
    const nd_ep *e = nd_ep_of(net);
    logits(e, m->b->B, below, e->pre[0]);
    const nd_soft_error error = {.B = m->b->B,
                                 .n = e->layer[0].n,
                                 .logits = {e->pre[0], NULL},
                                 .target = m->b->y,
                                 .scale = {m->beta, 0.0f},
                                 .out = {out, NULL}};
    nd_kern()->soft_error(&error);
}

void nd_ep_readout(const nd_net *net, const nd_ep_moment *m, const nd_ep_states *s)
{
    const nd_ep *e = nd_ep_of(net);
    if (m->nudged) {
        read_out(net, m, s->rho[1], s->s[0]);
    } else {
        logits(e, m->b->B, s->rho[1], e->logits);
        memset(s->s[0], 0, m->b->B * e->layer[0].ld * sizeof(float));
    }
}

/* The target with this step's noise on it. */
static const float *target_of(const nd_net *net, const nd_ep_moment *m)
{
    const nd_ep *e = nd_ep_of(net);
    if (net->p.ep_nudge_noise == 0) return m->b->y;
    const size_t n = m->b->B * e->layer[0].ld;
    const nd_at at = noise_at(m, ND_STREAM_NUDGE_NOISE, 0);
    nd_kern()->normals(at, n, 0.0f, (float)net->p.ep_nudge_noise, e->target);
    nd_kern()->add(n, m->b->y, e->target);
    return e->target;
}

void nd_ep_neurons(const nd_net *net, const nd_ep_moment *m, size_t l, float *x)
{
    const nd_ep *e = nd_ep_of(net);
    const nd_ep_layer *layer = &e->layer[l];
    const bool noisy = m->nudged || net->p.ep_noise_in == ND_NOISE_IN_ALL;
    const nd_neurons neurons = {.B = m->b->B,
                                .n = layer->ld == nd_ld(layer->n) ? layer->n : layer->ld,
                                .gain = e->gain[l],
                                .offset = e->offset[l],
                                .sd = noisy ? (float)net->p.ep_noise : 0.0f,
                                .at = noise_at(m, ND_STREAM_NEURON_NOISE, l),
                                .x = x};
    nd_kern()->neurons(&neurons);
}

/* Works the pre-activation out apart, through converters, puts the neurons' imperfections on
 * it, and makes it the drive. */
static void set_out(const nd_net *net, const nd_ep_moment *m, size_t l, nd_affine *in)
{
    const nd_ep *e = nd_ep_of(net);
    nd_affine a = *in;
    a.out = e->pre[l];
    nd_convert_affine(&e->converters, &a);
    nd_ep_neurons(net, m, l, e->pre[l]);
    in->drive = e->pre[l];
    in->drive_ld = nd_ld(in->n);
    in->terms = 0;
}

static void step_layer(const nd_net *net, const nd_ep_moment *m, size_t l,
                       const nd_ep_states *now, const nd_ep_states *next,
                       const nd_ep_states *heard, const nd_ep_states *pooled)
{
    const nd_ep *e = nd_ep_of(net);
    const nd_params *p = &net->p;
    const bool top = l == 0, silent = e->soft && l == 1 && !m->nudged;
    nd_ep_sound sound = {.below = l + 1 < e->L ? heard->rho[l + 1] : m->x,
                         .arg = next->arg[l],
                         .real = true,
                         .pre = e->pre[l]};
    if (!top && !silent) { /* the read-out's error was worked out in this very step */
        sound.above = (e->soft && l == 1 ? next : heard)->rho[l - 1];
        sound.above_arg = pooled->arg[l - 1];
    }
    nd_relax r = {.old = now->s[l],
                  .target = top && m->nudged ? target_of(net, m) : NULL,
                  .beta = m->beta,
                  .dt = (float)p->ep_dt,
                  .inside = p->ep_nudge_place == ND_PLACE_INSIDE,
                  .activation = (int)p->model_activation,
                  .grid = p->ep_bits ? 1.0f / (float)((1 << p->ep_bits) - 1) : 0.0f};
    if (e->energy) {
        r.old_rho = now->rho[l];
        r.rho = next->rho[l];
        r.flat = e->free || (top && p->ep_output == ND_OUTPUT_ERNOULT);
        r.clamp = p->ep_clamp == ND_YES;
    }
    nd_ep_hear(e, l, m->b->B, &sound, &r.in);
    r.in.out = next->s[l];
    if (e->set_out) set_out(net, m, l, &r.in);
    nd_kern()->relax(&r);
}

void nd_ep_step(const nd_net *net, const nd_ep_moment *m, const nd_ep_states *now,
                const nd_ep_states *next)
{
    const nd_ep *e = nd_ep_of(net);
    const bool even_odd = net->p.ep_order == ND_ORDER_EVEN_ODD;
    const size_t evens = (e->L + 1) / 2;
    for (size_t i = 0; i < e->L; i++) {
        const size_t l = !even_odd ? i : i < evens ? 2 * i : 2 * (i - evens) + 1;
        const bool late = even_odd && l % 2; /* hears what the even layers became */
        if (l == 0 && e->soft) {
            if (m->nudged) read_out(net, m, now->rho[1], next->s[0]);
            continue;
        }
        /* the pooling of the states that are heard: all at once, that of this very step,
         * worked out for the layer above before */
        step_layer(net, m, l, now, next, late ? next : now, late || !even_odd ? next : now);
    }
}
