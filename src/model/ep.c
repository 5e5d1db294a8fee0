/* ep.c -- Equilibrium Propagation: phases, contrast, learning.
 *
 * Scellier and Bengio 2017; Ernoult, Grollier, Querlioz, Bengio, Scellier, NeurIPS 2019
 * (arXiv 1905.13633). From 0, T steps of the dynamics (ep_step.c) bring the network to rest:
 * the free phase. From there K steps with the output nudged towards the target by beta bring
 * it to another rest. The contrast of the two,
 *
 *     dW[l] = 1/(beta B) sum over the mini-batch of (rho[l] rho[l+1]^T at beta - at 0)
 *
 * is minus the gradient of the loss as beta -> 0. How the nudged phases are laid out around
 * the free one is ep.nudge:
 *
 *     one-sided    (g(beta) - g(0))/beta            error O(beta)
 *     negative     (g(-beta) - g(0))/(-beta)        error O(beta)
 *     random-sign  one or the other, per mini-batch
 *     symmetric    (g(beta) - g(-beta))/(2 beta)    error O(beta^2)
 *     holomorphic  N points on a circle             error O(beta^N), ep_circle.c
 *
 * With ep.update continual (C-EP, C-VF) the weights move after every nudged step by what
 * that step changed: the sum of these moves telescopes to the update at rest. */
#include "ep_impl.h"

#include "nudge/act.h"
#include "nudge/loss.h"
#include "nudge/record.h"
#include "nudge/spectrum.h"

#include <math.h>
#include <string.h>

void nd_ep_activity(const nd_net *net, size_t B, size_t l, const float *s, float *rho)
{
    const nd_ep_layer *layer = &nd_ep_of(net)->layer[l];
    const nd_relax r = {
        .in = {.B = B, .n = layer->n, .drive = s, .drive_ld = layer->ld, .out = rho},
        .old = s,
        .dt = 1.0f,
        .activation = (int)net->p.model_activation};
    nd_kern()->relax(&r);
}

/* ---- settling ---- */

/* Largest change of any state between two moments. */
static double change(const nd_ep *e, const nd_ep_states *a, const nd_ep_states *b, size_t B)
{
    double most = 0;
    for (size_t l = e->soft; l < e->L; l++) {
        float d;
        nd_kern()->largest(B * e->layer[l].ld, a->s[l], b->s[l], &d);
        if ((double)d > most) most = (double)d;
    }
    return most;
}

static void swap(nd_ep_states *a, nd_ep_states *b)
{
    const nd_ep_states t = *a;
    *a = *b;
    *b = t;
}

/* The moment before the first step of a phase. Steps are counted on from one phase to the
 * next. */
static nd_ep_moment moment_of(const nd_net *net, const nd_batch *b, nd_phase phase,
                              double beta, uint32_t repeat)
{
    const nd_ep *e = nd_ep_of(net);
    const int64_t T = net->p.ep_T, K = net->p.ep_K, nudged = T + 2 * K * repeat;
    const int64_t before[] = {0, nudged, nudged + K};
    return (nd_ep_moment){.b = b,
                          .x = e->energy ? e->input : b->x,
                          .nudged = phase != ND_PHASE_FREE,
                          .beta = (float)beta,
                          .t = (uint32_t)before[phase],
                          .repeat = repeat};
}

/* The weights move by what one nudged step changed, and what hears them is brought up to
 * date. */
static void learn_step(nd_net *net, const nd_ep_moment *m, const nd_ep_states *next,
                       const nd_ep_states *now)
{
    const nd_ep *e = nd_ep_of(net);
    const bool follows = nd_ep_follows(net);
    const double per_beta = 1.0 / (double)m->beta;
    if (e->soft) nd_ep_readout(net, m, next);
    for (size_t l = 0; l < e->L - follows; l++)
        nd_ep_move(net, m, l, next, now, now, per_beta);
    nd_ep_refresh(net);
    if (follows)
        nd_ep_follow(net, m, next, now, per_beta);
    else
        nd_ep_refresh_input(net, m);
}

/* From `start` (kept) to rest[phase]: `steps` steps, or until nothing changes any more. With
 * continual updates every step is learned from. */
static void relax(nd_net *net, nd_phase phase, nd_ep_moment *m, const nd_ep_states *start,
                  int64_t steps)
{
    nd_ep *e = nd_ep_of(net);
    nd_ep_states *rest = &e->rest[phase];
    const nd_ep_states *now = start;
    const double tolerance = net->p.ep_tolerance;
    const bool continual = m->nudged && net->p.ep_update == ND_UPDATE_CONTINUAL;
    int64_t t = 0;
    if (continual && nd_ep_follows(net)) nd_ep_gram(net, m);
    for (bool moving = true; moving && t < steps; t++, m->t++, now = rest) {
        nd_ep_step(net, m, now, &e->other);
        moving = tolerance == 0 || change(e, now, &e->other, m->b->B) >= tolerance;
        if (continual) learn_step(net, m, &e->other, now);
        swap(rest, &e->other);
    }
    if (continual && nd_ep_follows(net)) /* all the steps at once */
        nd_ep_move(net, m, e->L - 1, rest, start, start, 1.0 / (double)m->beta);
    if (e->soft) nd_ep_readout(net, m, rest);
    net->effort.phases[phase]++;
    net->effort.steps[phase] += (uint64_t)t;
}

/* The nudging strength of this mini-batch, with its sign. */
static double beta_of(const nd_params *p, const nd_batch *b, uint32_t repeat)
{
    nd_at at = b->at;
    at.stream = ND_STREAM_NUDGE_SIGN;
    if (p->ep_nudge == ND_NUDGE_NEGATIVE) return -p->ep_beta;
    if (p->ep_nudge != ND_NUDGE_RANDOM_SIGN) return p->ep_beta;
    return nd_philox_below(at, repeat, 2) ? p->ep_beta : -p->ep_beta;
}

/* Copies the states of a mini-batch from, or to, where each example's are kept. */
static void recall(nd_net *net, const nd_batch *b, bool store)
{
    nd_ep *e = nd_ep_of(net);
    const nd_ep_states *s = &e->rest[ND_PHASE_FREE];
    size_t row = 0, at = 0;
    for (size_t l = 0; l < e->L; l++)
        row += e->layer[l].ld;
    for (size_t l = 0; l < e->L; at += e->layer[l].ld, l++) {
        const size_t ld = e->layer[l].ld;
        for (size_t i = 0; i < b->B; i++) {
            float *kept = e->kept + b->which[i] * row + at, *here = s->s[l] + i * ld;
            memcpy(store ? kept : here, store ? here : kept, ld * sizeof(float));
        }
        if (e->energy && !store && l >= e->soft)
            nd_ep_activity(net, b->B, l, s->s[l], s->rho[l]);
    }
}

static void settle_free(nd_net *net, const nd_batch *b)
{
    nd_ep *e = nd_ep_of(net);
    nd_ep_moment m = moment_of(net, b, ND_PHASE_FREE, 0, 0);
    if (e->energy) nd_ep_activity(net, b->B, e->L, b->x, e->input);
    nd_ep_refresh(net);
    nd_ep_refresh_input(net, &m);
    const nd_ep_states *start = &e->zero;
    if (e->kept) recall(net, b, false), start = &e->rest[ND_PHASE_FREE];
    relax(net, ND_PHASE_FREE, &m, start, net->p.ep_T);
    if (e->kept) recall(net, b, true);
}

static void settle_nudged(nd_net *net, nd_phase phase, nd_ep_moment *m)
{
    relax(net, phase, m, &nd_ep_of(net)->rest[ND_PHASE_FREE], net->p.ep_K);
}

static void settle(nd_net *net, const nd_batch *b, nd_phase phase)
{
    const double beta = phase == ND_PHASE_PLUS ? beta_of(&net->p, b, 0) : -net->p.ep_beta;
    nd_ep_moment m = moment_of(net, b, phase, beta, 0);
    if (phase == ND_PHASE_FREE)
        settle_free(net, b);
    else
        settle_nudged(net, phase, &m);
}

/* ---- learning ---- */

/* One time of ep.nudge_repeats. */
static void learn_once(nd_net *net, const nd_batch *b, uint32_t repeat)
{
    const nd_ep *e = nd_ep_of(net);
    const nd_ep_states *rest = e->rest;
    const bool symmetric = net->p.ep_nudge == ND_NUDGE_SYMMETRIC;
    const double beta = beta_of(&net->p, b, repeat);
    const nd_ep_moment m = moment_of(net, b, ND_PHASE_PLUS, beta, repeat);
    nd_ep_moment plus = m, minus = moment_of(net, b, ND_PHASE_MINUS, -beta, repeat);
    settle_nudged(net, ND_PHASE_PLUS, &plus);
    if (net->p.ep_update == ND_UPDATE_CONTINUAL) return; /* learned on the way */
    if (symmetric) settle_nudged(net, ND_PHASE_MINUS, &minus);
    for (size_t l = 0; l < e->L; l++)
        nd_ep_move(net, &m, l, &rest[ND_PHASE_PLUS],
                   &rest[symmetric ? ND_PHASE_MINUS : ND_PHASE_FREE], &rest[ND_PHASE_FREE],
                   1.0 / (beta * (symmetric ? 2 : 1)));
}

static void learn(nd_net *net, const nd_batch *b)
{
    const nd_ep_moment m = moment_of(net, b, ND_PHASE_PLUS, net->p.ep_beta, 0);
    if (net->p.ep_nudge == ND_NUDGE_HOLOMORPHIC) {
        nd_ep_circle_learn(net, &m);
        return;
    }
    for (uint32_t i = 0; i < net->p.ep_nudge_repeats; i++)
        learn_once(net, b, i);
}

static void predict(const nd_net *net, const nd_batch *b, nd_tally *t)
{
    const nd_ep *e = nd_ep_of(net);
    const size_t n = e->layer[0].n, ld = e->layer[0].ld;
    const float *out = e->soft ? e->logits : e->rest[ND_PHASE_FREE].s[0];
    t->samples += b->B;
    t->errors += nd_loss_errors(b->B, n, ld, out, b->label);
    t->loss += e->soft ? nd_loss_cross_entropy(b->B, n, ld, out, b->label)
                       : nd_loss_squared(b->B, n, ld, out, b->y);
}

/* Of clamped states the bounds are 0 and 1, whatever the activation. */
static double pinned(const nd_net *net, const nd_batch *b)
{
    const nd_ep *e = nd_ep_of(net);
    const nd_ep_states *s = &e->rest[ND_PHASE_FREE];
    const bool clamped = e->energy && net->p.ep_clamp == ND_YES;
    const nd_activation_id r =
        clamped ? ND_ACTIVATION_hard_sigmoid : (nd_activation_id)net->p.model_activation;
    uint64_t at_bound = 0, all = 0;
    for (size_t l = e->soft; l < e->L; l++) { /* a softmax read-out has no state */
        const nd_ep_layer *layer = &e->layer[l];
        at_bound += nd_activation_pinned(r, b->B * layer->pixels, layer->maps,
                                         nd_ld(layer->maps), clamped ? s->s[l] : s->rho[l]);
        all += b->B * layer->n;
    }
    return all ? (double)at_bound / (double)all : 0;
}

static void report(nd_net *net, const nd_batch *b, double value[])
{
    const nd_ep *e = nd_ep_of(net);
    if (e->free) {
        const double cosine = fmax(-1, fmin(nd_ep_angle(net), 1));
        value[ND_METRIC_feedback_angle] = acos(cosine) * 180 / acos(-1.0);
    }
    if (!net->p.ep_spectrum) return;
    nd_spectrum spectrum;
    nd_err none = {0};
    if (nd_spectrum_measure(net, b, &spectrum, &none) != ND_OK) return; /* not to be had */
    value[ND_METRIC_spectrum_radius] = spectrum.radius;
    value[ND_METRIC_spectrum_snr] = spectrum.snr;
}

#define EP(id, text)                                                                       \
    const nd_model_ops nd_model_##id = {.name = text,                                      \
                                        .state_bytes = sizeof(nd_ep),                      \
                                        .check = nd_ep_check,                              \
                                        .layout = nd_ep_layout,                            \
                                        .open = nd_ep_open,                                \
                                        .close = nd_ep_close,                              \
                                        .init = nd_ep_init,                                \
                                        .settle = settle,                                  \
                                        .learn = learn,                                    \
                                        .predict = predict,                                \
                                        .pinned = pinned,                                  \
                                        .cost = nd_ep_cost,                                \
                                        .report = report}
EP(ep_prototypical, "ep-prototypical");
EP(ep_energy, "ep-energy");
EP(ep_conv, "ep-conv");
