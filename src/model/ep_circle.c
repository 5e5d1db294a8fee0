/* ep_circle.c -- holomorphic nudging (Laborieux and Zenke 2022, arXiv 2209.00530).
 *
 * The rest s(beta) is a holomorphic function of the nudge near 0 if everything in the
 * dynamics is, so that the derivative at 0 is a Cauchy integral over a circle of finite
 * nudges. With N points beta_n = |beta| exp(2 pi i n/N), and g = rho[l] rho[l+1]^T,
 *
 *     - dL/dW = 1/N sum_n g(beta_n)/beta_n + O(|beta|^N)
 *
 * Weights are real, so g(conj beta) = conj g(beta): points 0 .. N/2 are simulated, those off
 * the real axis count twice, real part. All start from the free rest. N = 2 is the symmetric
 * nudge. */
#include "ep_impl.h"

#include <math.h>
#include <string.h>

/* e^{2 pi i n/N} as (cos, sin), and how often the point counts. */
typedef struct point {
    double cosine, sine, weight;
} point;

static point point_at(size_t N, size_t n)
{
    const double angle = 2 * acos(-1.0) * (double)n / (double)N;
    const bool real = n == 0 || 2 * n == N;
    return (point){cos(angle), real ? 0.0 : sin(angle), real ? 1.0 : 2.0};
}

void nd_ep_circle_take(nd_net *net, nd_arena *a)
{
    nd_ep *e = nd_ep_of(net);
    nd_ep_circle *c = &e->circle;
    const size_t learned =
        net->p.ep_nudge == ND_NUDGE_HOLOMORPHIC ? (size_t)net->p.ep_points : 0;
    const size_t shown = (size_t)net->p.ep_spectrum;
    const size_t most = (learned > shown ? learned : shown) / 2 + 1;
    const size_t rows = 2 * most * (size_t)net->p.train_batch;
    size_t widest = 0;
    for (size_t l = 0; l < e->L; l++) {
        float **all[] = {&c->now[l], &c->next[l], &c->pre[l]};
        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
            *all[i] = nd_arena_take(a, rows * e->layer[l].ld, sizeof(float));
        if (e->layer[l].ld > widest) widest = e->layer[l].ld;
    }
    c->turned = nd_arena_take(a, rows * widest, sizeof(float));
}

static float *part_of(float *const s[], const nd_ep *e, size_t l, size_t B, size_t n,
                      int part)
{
    return s[l] + (2 * n + (size_t)part) * B * e->layer[l].ld;
}

const float *nd_ep_circle_at(const nd_ep *e, size_t l, size_t B, size_t n, int part)
{
    return part_of(e->circle.now, e, l, B, n, part);
}

double nd_ep_circle_moved(const nd_ep *e, size_t B)
{
    const nd_ep_circle *c = &e->circle;
    double most = 0;
    for (size_t l = e->soft; l < e->L; l++) {
        float d;
        nd_kern()->largest(2 * c->simulated * B * e->layer[l].ld, c->now[l], c->next[l],
                           &d);
        if ((double)d > most) most = (double)d;
    }
    return most;
}

static void start(nd_ep *e, size_t B)
{
    for (size_t n = 0; n < e->circle.simulated; n++)
        for (size_t l = 0; l < e->L; l++) {
            const size_t size = B * e->layer[l].ld * sizeof(float);
            memcpy(part_of(e->circle.now, e, l, B, n, 0), e->rest[ND_PHASE_FREE].s[l],
                   size);
            memset(part_of(e->circle.now, e, l, B, n, 1), 0, size);
        }
}

/* The complex error of the softmax read-out as seen from `from`, into layer 0 of `to`. */
static void read_out(const nd_ep *e, const nd_ep_moment *m, size_t n, float *const from[],
                     float *const to[], const float beta[2])
{
    const nd_ep_circle *c = &e->circle;
    const size_t B = m->b->B;
    nd_soft_error error = {
        .B = B, .n = e->layer[0].n, .target = m->b->y, .scale = {beta[0], beta[1]}};
    for (int part = 0; part < 2; part++) {
        const nd_ep_sound sound = {.below = part_of(from, e, 1, B, n, part),
                                   .real = part == 0};
        nd_affine a;
        nd_ep_hear(e, 0, B, &sound, &a);
        a.out = part_of(c->pre, e, 0, B, n, part);
        nd_kern()->affine(&a);
        error.logits[part] = a.out;
        error.out[part] = part_of(to, e, 0, B, n, part);
    }
    nd_kern()->soft_error(&error);
}

/* One layer of one point, the neurons' noise on the real part of their pre-activation. */
static void step_layer(const nd_net *net, const nd_ep_moment *m, size_t l, size_t n,
                       const float beta[2])
{
    const nd_ep *e = nd_ep_of(net);
    const nd_ep_circle *c = &e->circle;
    const size_t B = m->b->B;
    nd_relax_complex r = {.target = l == 0 ? m->b->y : NULL,
                          .beta = {beta[0], beta[1]},
                          .dt = (float)net->p.ep_dt,
                          .inside = net->p.ep_nudge_place == ND_PLACE_INSIDE,
                          .activation = (int)net->p.model_activation};
    for (int part = 0; part < 2; part++) {
        float *const *above = e->soft && l == 1 ? c->next : c->now;
        const nd_ep_sound sound = {
            .below = l + 1 < e->L ? part_of(c->now, e, l + 1, B, n, part) : NULL,
            .above = l ? part_of(above, e, l - 1, B, n, part) : NULL,
            .real = part == 0,
            .pre = part_of(c->pre, e, l, B, n, part)};
        nd_affine a;
        nd_ep_hear(e, l, B, &sound, &a);
        a.out = part_of(c->pre, e, l, B, n, part);
        nd_kern()->affine(&a);
        if (e->set_out && part == 0) nd_ep_neurons(net, m, l, a.out);
        r.B = a.B, r.n = a.n; /* as the layer is seen: see nd_ep_hear */
        r.pre[part] = a.out;
        r.old[part] = part_of(c->now, e, l, B, n, part);
        r.out[part] = part_of(c->next, e, l, B, n, part);
    }
    nd_kern()->relax_complex(&r);
}

void nd_ep_circle_settle(nd_net *net, const nd_ep_moment *m, size_t N)
{
    nd_ep *e = nd_ep_of(net);
    nd_ep_circle *c = &e->circle;
    c->N = N;
    c->simulated = N / 2 + 1;
    start(e, m->b->B);
    for (int64_t t = 0; t < net->p.ep_K; t++) {
        for (size_t n = 0; n < c->simulated; n++) {
            const point at = point_at(N, n);
            const float beta[2] = {(float)((double)m->beta * at.cosine),
                                   (float)((double)m->beta * at.sine)};
            nd_ep_moment then = *m; /* one phase after the other, as noise sees it */
            then.t += (uint32_t)((int64_t)n * net->p.ep_K + t);
            if (e->soft) read_out(e, m, n, c->now, c->next, beta);
            for (size_t l = e->soft; l < e->L; l++)
                step_layer(net, &then, l, n, beta);
        }
        for (size_t l = 0; l < e->L; l++) {
            float *swap = c->now[l];
            c->now[l] = c->next[l], c->next[l] = swap;
        }
    }
    for (size_t n = 0; e->soft && n < c->simulated; n++) {
        const point at = point_at(N, n);
        const float beta[2] = {(float)((double)m->beta * at.cosine),
                               (float)((double)m->beta * at.sine)};
        read_out(e, m, n, c->now, c->now, beta);
    }
    net->effort.phases[ND_PHASE_PLUS]++;
    net->effort.steps[ND_PHASE_PLUS] += (uint64_t)net->p.ep_K;
}

/* c->turned = states of layer l, each point turned back by its angle and weighted, the
 * imaginary part negated: its product with the states below is then the real part that the
 * estimate wants. */
static void turn(const nd_net *net, size_t l, size_t B)
{
    const nd_ep *e = nd_ep_of(net);
    const nd_ep_circle *c = &e->circle;
    const size_t size = B * e->layer[l].ld;
    for (size_t n = 0; n < c->simulated; n++) {
        const point at = point_at(c->N, n);
        const float cosine = (float)(at.weight * at.cosine);
        const float sine = (float)(at.weight * at.sine);
        const float *re = part_of(c->now, e, l, B, n, 0);
        const float *im = part_of(c->now, e, l, B, n, 1);
        float *to = c->turned + 2 * n * size;
        nd_kern()->combine(size, cosine, re, sine, im, to);
        nd_kern()->combine(size, sine, re, -cosine, im, to + size);
    }
}

void nd_ep_circle_learn(nd_net *net, const nd_ep_moment *m)
{
    const nd_ep *e = nd_ep_of(net);
    const nd_ep_circle *c = &e->circle;
    const size_t B = m->b->B;
    nd_ep_circle_settle(net, m, (size_t)net->p.ep_points);
    for (size_t l = 0; l < e->L; l++) {
        const size_t size = B * e->layer[l].ld;
        const double per = (double)net->p.ep_points * (double)m->beta * (double)B;
        const float scale = (float)(nd_net_scale(net, l, m->b->at) / per);
        turn(net, l, B);
        /* the real parts are what a bias, and the real input, see: summed over the points */
        float *sum = e->change;
        memcpy(sum, c->turned, size * sizeof *sum);
        for (size_t n = 1; n < c->simulated; n++)
            nd_kern()->add(size, c->turned + 2 * n * size, sum);
        const bool first = l + 1 == e->L;
        const nd_ep_pair pair = first ? (nd_ep_pair){m->x, sum, e->input_arg}
                                      : (nd_ep_pair){c->now[l + 1], c->turned, NULL};
        const nd_ep_pair nothing = {0};
        nd_ep_outer(net, l, first ? B : 2 * c->simulated * B, scale, pair, nothing);
        nd_net_move(net, (size_t)(e->link[l].W - net->bank), l, m->b->at);
        nd_ep_outer_bias(net, l, B, scale, sum, NULL);
        nd_net_move(net, (size_t)(e->link[l].b - net->bank), l, m->b->at);
    }
}
