/* ep_prototypical.c -- Equilibrium Propagation with prototypical discrete-time dynamics.
 *
 * Ernoult, Grollier, Querlioz, Bengio, Scellier, NeurIPS 2019 (arXiv 1905.13633). Layers
 * are numbered from the output: s[0] is the output, s[L-1] the first hidden layer, s[L] = x
 * the clamped input. With the primitive function
 *
 *     Phi = sum_l s[l]^T W[l] s[l+1] + sum_l b[l]^T s[l]
 *
 * the dynamics are s <- r(dPhi/ds), here with an explicit step dt:
 *
 *     s[l] <- s[l] + dt (-s[l] + r(W[l] s[l+1] + b[l] + W[l-1]^T s[l-1]))
 *
 * all layers at once from the same old states, from 0, for T steps (free phase); or, with
 * ep.order even-odd, the even layers first and the odd ones from what these became:
 * neighbours differ in parity, so news crosses two layers in a step. From there K steps
 * with beta (y - s[0]) added to the output (nudged phase). The contrast of the two phases
 *
 *     dW[l] = 1/(beta B) sum over the mini-batch of (s[l] s[l+1]^T at beta - the same at 0)
 *
 * is minus the gradient of the loss 1/2 |s[0] - y|^2 as beta -> 0. */
#include "model_impl.h"

#include "nudge/loss.h"

#include <math.h>

enum { LAYERS_MAX = ND_LIST_MAX };

/* The states of all free layers at one moment. */
typedef struct states {
    float *s[LAYERS_MAX]; /* s[l] (B, n[l]), l = 0 (output) .. L-1 */
} states;

typedef struct ep {
    size_t L;                 /* weight matrices = free layers         */
    size_t n[LAYERS_MAX + 1]; /* units; n[L] is the input's            */
    nd_bank *W, *b;           /* (L) W[l] panels (n[l+1], n[l]); b[l] (1, n[l]) */
    float *Wt[LAYERS_MAX];    /* transposes, panels (n[l], n[l+1]), l < L-1 */
    float *drive;  /* (B, n[L-1]) x W[L-1] + b[L-1]: constant while x is clamped */
    float *change; /* (B, n[L-1]) difference of two phases  */
    states zero, rest[3], other; /* rest[phase] */
    float one;                   /* what a bias sees */
} ep;

static ep *ep_of(const nd_net *net)
{
    return net->state;
}

static size_t layers_of(const nd_params *p)
{
    return p->model_layers.n - 1;
}

/* units of layer l, counted from the output */
static size_t units(const nd_params *p, size_t l)
{
    return (size_t)p->model_layers.v[p->model_layers.n - 1 - l];
}

static nd_code check(const nd_params *p, nd_shape shape, nd_err *err)
{
    const nd_ints *layers = &p->model_layers;
    if (layers->n < 2)
        return ND_FAIL(
            err, ND_EINPUT,
            "model.layers has %zu layer; it needs at least the input and the output, "
            "such as [%zu, 512, %zu]",
            layers->n, shape.features, shape.classes);
    if ((size_t)layers->v[0] != shape.features || units(p, 0) != shape.classes)
        return ND_FAIL(
            err, ND_EINPUT,
            "model.layers goes from %lld to %zu units, but the data set has %zu pixels "
            "and %zu classes: start with %zu and end with %zu",
            (long long)layers->v[0], units(p, 0), shape.features, shape.classes,
            shape.features, shape.classes);
    ND_TRY(nd_rates_check(p, layers_of(p), err));
    if (p->ep_beta == 0)
        return ND_FAIL(err, ND_EINPUT,
                       "ep.beta is 0: without a nudge there is nothing to learn "
                       "from; 0.1 is usual");
    return ND_OK;
}

static void take_states(states *s, const ep *e, size_t B, nd_arena *a)
{
    for (size_t l = 0; l < e->L; l++)
        s->s[l] = nd_arena_take(a, B * nd_ld(e->n[l]), sizeof(float));
}

static void layout(nd_net *net, nd_arena *a)
{
    ep *e = ep_of(net);
    const nd_params *p = &net->p;
    const size_t L = e->L = layers_of(p), B = net->batch_max;
    for (size_t l = 0; l <= L; l++)
        e->n[l] = units(p, l);
    e->W = net->bank;
    e->b = net->bank + L;
    net->n_banks = 2 * L;
    for (size_t l = 0; l < L; l++) {
        nd_bank_take(&e->W[l], p, e->n[l + 1], e->n[l], (uint32_t)(2 * l), false, a);
        nd_bank_take(&e->b[l], p, 1, e->n[l], (uint32_t)(2 * l + 1), true, a);
        if (l + 1 < L)
            e->Wt[l] = nd_arena_take(a, nd_panels(e->n[l], e->n[l + 1]), sizeof(float));
    }
    e->drive = nd_arena_take(a, B * nd_ld(e->n[L - 1]), sizeof *e->drive);
    e->change = nd_arena_take(a, B * nd_ld(e->n[L - 1]), sizeof *e->change);
    states *all[] = {&e->zero, &e->rest[0], &e->rest[1], &e->rest[2], &e->other};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        take_states(all[i], e, B, a);
    e->one = 1.0f;
}

static void init(nd_net *net)
{
    const ep *e = ep_of(net);
    for (size_t l = 0; l < e->L; l++) {
        e->W[l].type->init(&e->W[l], e->n[l + 1]);
        e->b[l].type->init(&e->b[l], e->n[l + 1]);
    }
}

/* One step of all layers, from the states `now` to `next`. target NULL: no nudge. */
static void step(const nd_net *net, const states *now, const states *next, size_t B,
                 const float *target, float beta)
{
    const ep *e = ep_of(net);
    const bool even_odd = net->p.ep_order == ND_ORDER_EVEN_ODD;
    for (size_t i = 0; i < e->L; i++) {
        const size_t evens = (e->L + 1) / 2;
        const size_t l = i < evens ? 2 * i : 2 * (i - evens) + 1; /* even layers first */
        const bool first = l == e->L - 1; /* hears the input, through `drive` */
        const states *heard = even_odd && l % 2 ? next : now;
        nd_relax r = {.in = {.B = B,
                             .n = e->n[l],
                             .drive = first ? e->drive : e->b[l].weight,
                             .drive_ld = first ? nd_ld(e->n[l]) : 0,
                             .out = next->s[l]},
                      .old = now->s[l],
                      .target = l == 0 ? target : NULL,
                      .beta = beta,
                      .dt = (float)net->p.ep_dt,
                      .inside = net->p.ep_nudge_place == ND_PLACE_INSIDE,
                      .activation = (int)net->p.model_activation};
        nd_term *term = r.in.term;
        if (!first)
            *term++ =
                (nd_term){heard->s[l + 1], e->n[l + 1], nd_ld(e->n[l + 1]), e->W[l].weight};
        if (l > 0)
            *term++ =
                (nd_term){heard->s[l - 1], e->n[l - 1], nd_ld(e->n[l - 1]), e->Wt[l - 1]};
        r.in.terms = (int)(term - r.in.term);
        nd_kern()->relax(&r);
    }
}

/* Largest change of any state between two moments. */
static double change(const ep *e, const states *a, const states *b, size_t B)
{
    double most = 0;
    for (size_t l = 0; l < e->L; l++) {
        float d;
        nd_kern()->largest(B * nd_ld(e->n[l]), a->s[l], b->s[l], &d);
        if ((double)d > most) most = (double)d;
    }
    return most;
}

static void swap(states *a, states *b)
{
    const states t = *a;
    *a = *b;
    *b = t;
}

/* From `start` (kept) to rest[phase]: `steps` steps, or until nothing changes any more. */
static void relax(nd_net *net, nd_phase phase, const states *start, int64_t steps, size_t B,
                  const float *target, float beta)
{
    ep *e = ep_of(net);
    states *now = &e->rest[phase];
    int64_t t = 0;
    for (bool moving = true; moving && t < steps; t++) {
        step(net, t ? now : start, &e->other, B, target, beta);
        moving = net->p.ep_tolerance == 0 ||
                 change(e, t ? now : start, &e->other, B) >= net->p.ep_tolerance;
        swap(now, &e->other);
    }
    net->effort.phases[phase]++;
    net->effort.steps[phase] += (uint64_t)t;
}

/* What stays the same while a mini-batch settles: the input's product, and the transposes.
 */
static void prepare(const nd_net *net, const nd_batch *b)
{
    const ep *e = ep_of(net);
    const size_t L = e->L;
    for (size_t l = 0; l + 1 < L; l++)
        nd_kern()->transpose(e->n[l + 1], e->n[l], e->W[l].weight, e->Wt[l]);
    const nd_affine input = {.B = b->B,
                             .n = e->n[L - 1],
                             .drive = e->b[L - 1].weight,
                             .drive_ld = 0,
                             .terms = 1,
                             .term = {{b->x, e->n[L], nd_ld(e->n[L]), e->W[L - 1].weight}},
                             .out = e->drive};
    nd_kern()->affine(&input);
}

/* The nudging strength of this mini-batch, with its sign. */
static double beta_of(const nd_params *p, const nd_batch *b)
{
    if (p->ep_nudge != ND_NUDGE_RANDOM_SIGN) return p->ep_beta;
    nd_at at = b->at;
    at.stream = ND_STREAM_NUDGE_SIGN;
    return nd_philox_below(at, 0, 2) ? p->ep_beta : -p->ep_beta;
}

static void settle(nd_net *net, const nd_batch *b, nd_phase phase)
{
    const ep *e = ep_of(net);
    const nd_params *p = &net->p;
    const double beta = beta_of(p, b);
    const states *free_rest = &e->rest[ND_PHASE_FREE];
    switch (phase) {
    case ND_PHASE_FREE:
        prepare(net, b);
        relax(net, phase, &e->zero, p->ep_T, b->B, NULL, 0.0f);
        break;
    case ND_PHASE_PLUS:
        relax(net, phase, free_rest, p->ep_K, b->B, b->y, (float)beta);
        break;
    case ND_PHASE_MINUS:
        relax(net, phase, free_rest, p->ep_K, b->B, b->y, (float)-beta);
        break;
    }
}

/* Wanted change of bank l's weights: rate/(beta B) (s[l] s[l+1]^T at `one` - at `two`). */
static void contrast(const nd_net *net, size_t l, const states *one, const states *two,
                     const nd_batch *b, double per_beta)
{
    const ep *e = ep_of(net);
    const float scale = (float)(nd_net_scale(net, l, b->at) * per_beta / (double)b->B);
    nd_hebb h = {.B = b->B,
                 .k = e->n[l + 1],
                 .n = e->n[l],
                 .pre_ld = nd_ld(e->n[l + 1]),
                 .post1 = one->s[l],
                 .scale = scale,
                 .out = net->wanted};
    if (l + 1 < e->L) {
        h.pre1 = one->s[l + 1];
        h.pre0 = two->s[l + 1];
        h.post0 = two->s[l];
    } else {
        /* the input is the same in both phases: one product with the difference */
        nd_kern()->subtract(b->B * nd_ld(e->n[l]), one->s[l], two->s[l], e->change);
        h.pre1 = b->x;
        h.post1 = e->change;
    }
    nd_kern()->hebb(&h);
}

static void contrast_bias(const nd_net *net, size_t l, const states *one, const states *two,
                          const nd_batch *b, double per_beta)
{
    const ep *e = ep_of(net);
    const nd_hebb h = {.B = b->B,
                       .k = 1,
                       .n = e->n[l],
                       .pre_ld = 0,
                       .pre1 = &e->one,
                       .pre0 = &e->one,
                       .post1 = one->s[l],
                       .post0 = two->s[l],
                       .scale =
                           (float)(nd_net_scale(net, l, b->at) * per_beta / (double)b->B),
                       .out = net->wanted};
    nd_kern()->hebb(&h);
}

static void learn(nd_net *net, const nd_batch *b)
{
    const ep *e = ep_of(net);
    const bool symmetric = net->p.ep_nudge == ND_NUDGE_SYMMETRIC;
    settle(net, b, ND_PHASE_PLUS);
    if (symmetric) settle(net, b, ND_PHASE_MINUS);
    const states *one = &e->rest[ND_PHASE_PLUS];
    const states *two = &e->rest[symmetric ? ND_PHASE_MINUS : ND_PHASE_FREE];
    const double per_beta = 1.0 / (beta_of(&net->p, b) * (symmetric ? 2 : 1));
    for (size_t l = 0; l < e->L; l++) {
        contrast(net, l, one, two, b, per_beta);
        nd_net_move(net, l, l, b->at);
        contrast_bias(net, l, one, two, b, per_beta);
        nd_net_move(net, e->L + l, l, b->at);
    }
}

static void predict(const nd_net *net, const nd_batch *b, nd_tally *t)
{
    const ep *e = ep_of(net);
    const float *out = e->rest[ND_PHASE_FREE].s[0];
    const size_t n = e->n[0], ld = nd_ld(n);
    t->samples += b->B;
    t->errors += nd_loss_errors(b->B, n, ld, out, b->label);
    t->loss += nd_loss_squared(b->B, n, ld, out, b->y);
}

/* Multiply-adds of the products, and about 25 operations for each activation. */
static void cost(const nd_params *p, nd_cost *c)
{
    const size_t L = layers_of(p);
    double input = 0, step_flops = 0, outer = 0;
    for (size_t l = 0; l < L; l++) {
        const double n = (double)units(p, l), weights = n * (double)units(p, l + 1);
        step_flops += 25 * n + (l + 1 < L ? 4 * weights : 0);
        input = l + 1 == L ? 2 * weights : input;
        outer += l + 1 == L ? 2 * weights : 4 * weights;
    }
    /* programming touches every device once per mini-batch */
    const double devices = outer / 4 * (p->device_kind == ND_DEVICE_ideal ? 4 : 120);
    const double phases = p->ep_nudge == ND_NUDGE_SYMMETRIC ? 2 : 1;
    c->flops_predict = input + step_flops * (double)p->ep_T;
    c->flops = c->flops_predict + step_flops * (double)p->ep_K * phases + outer +
               devices / (double)p->train_batch;
}

const nd_model_ops nd_model_ep_prototypical = {
    .name = "ep-prototypical",
    .state_bytes = sizeof(ep),
    .check = check,
    .layout = layout,
    .init = init,
    .settle = settle,
    .learn = learn,
    .predict = predict,
    .cost = cost,
};
