/* rbm_softmax.c -- rbm: a machine of the pixels alone, and a softmax classifier on its
 * hidden units that learns beside it, from the same images.
 *
 *     p(y | h) = softmax(d + h U),   dU = h (onehot(y) - p(. | h))^T
 *
 * with h drawn given the image, in training as in inference, and p(. | h) or, by
 * rbm.classifier, a label drawn from it; the published code learns from the h of the
 * reconstruction (rbm.classifier_sees): Ernoult, Grollier, Querlioz,
 * Sci. Rep. 9:1851 (2019), "RBM + softmax". */
#include "rbm_impl.h"

#include "nudge/loss.h"

/* Banks: the machine's, then U and d. */
enum { U_BANK = ND_RBM_BANKS, D_BANK, BANKS };

typedef struct classified {
    nd_rbm m;
    size_t C;
    nd_bank *U, *d;       /* panels (nh, C), (1, C) */
    float *h;             /* (B, nh) */
    float *drive, *error; /* (B, C) d + h U, and one-hot label minus its own */
} classified;

static classified *of(const nd_net *net)
{
    return net->state;
}

static nd_code check(const nd_params *p, nd_shape shape, nd_err *err)
{
    ND_TRY(nd_rbm_check_three(p, shape, "an rbm", err));
    ND_TRY(nd_rbm_check_joint(p, err));
    ND_TRY(nd_rates_check(p, 2, err));
    if (p->rbm_classifier_sees == ND_SEES_RECONSTRUCTION &&
        p->rbm_negative != ND_NEGATIVE_CD)
        return ND_FAIL(
            err, ND_EINPUT,
            "rbm.classifier_sees reconstruction is for rbm.negative cd: chains that "
            "go on from update to update know nothing of the image");
    return nd_rbm_check(p, err);
}

static void layout(nd_net *net, nd_arena *a)
{
    classified *s = of(net);
    const nd_params *p = &net->p;
    const size_t B = net->batch_max, C = s->C = (size_t)p->model_layers.v[2];
    nd_rbm *m = &s->m;
    m->visible = nd_rbm_visible(p);
    m->nx = m->nv = (size_t)p->model_layers.v[0];
    m->nh = (size_t)p->model_layers.v[1];
    m->rate = 1; /* the classifier's, on the output side, is 0 */
    net->n_banks = BANKS;
    nd_rbm_take(m, net, a);
    s->U = &net->bank[U_BANK];
    s->d = &net->bank[D_BANK];
    nd_bank_take(s->U, p, m->nh, C, U_BANK, false, a);
    nd_bank_take(s->d, p, 1, C, D_BANK, true, a);
    s->h = nd_arena_take(a, B * nd_ld(m->nh), sizeof *s->h);
    s->drive = nd_arena_take(a, B * nd_ld(C), sizeof *s->drive);
    s->error = nd_arena_take(a, B * nd_ld(C), sizeof *s->error);
}

static void init(nd_net *net)
{
    classified *s = of(net);
    const size_t fan = s->m.nh > s->C ? s->m.nh : s->C;
    nd_rbm_init(&s->m, net);
    nd_bank_init(s->U, fan);
    nd_bank_init(s->d, fan);
}

/* drive = d + h U */
static void classify(const classified *s, size_t B, const float *h)
{
    const size_t nh = s->m.nh;
    const nd_affine up = {.B = B,
                          .n = s->C,
                          .drive = s->d->weight,
                          .terms = 1,
                          .term = {{h, nh, nd_ld(nh), s->U->weight}},
                          .out = s->drive};
    nd_convert_affine(&s->m.converters, &up);
}

static void settle(nd_net *net, const nd_batch *b, nd_phase phase)
{
    const classified *s = of(net);
    const nd_rbm *m = &s->m;
    if (phase != ND_PHASE_FREE) return;
    nd_rbm_show(m, &net->p, b, 0);
    nd_rbm_up(m, b->B);
    nd_rbm_features(m, &net->p, b, s->h, nd_ld(m->nh));
    classify(s, b->B, s->h);
    net->effort.phases[phase]++;
    net->effort.steps[phase]++;
}

/* Moves U and d, on hidden units h whose labels are in drive. */
static void learn_classifier(nd_net *net, const nd_batch *b, const float *h)
{
    const classified *s = of(net);
    const bool sampled = net->p.rbm_classifier == ND_STATISTICS_SAMPLED;
    const size_t nh = s->m.nh, ld_C = nd_ld(s->C);
    const float one = 1.0f;
    const float scale = (float)(nd_net_scale(net, 0, b->at) / (double)b->B);
    const nd_units softmax = {.B = b->B,
                              .n = s->C,
                              .group = 0,
                              .x = s->drive,
                              .x_ld = ld_C,
                              .at = nd_rbm_at(&s->m, b->at, ND_DRAW_CLASS, 0, 0),
                              .s = sampled ? s->error : NULL,
                              .p = sampled ? NULL : s->error,
                              .ld = ld_C};
    const nd_hebb U = {b->B,     nh,   s->C, nd_ld(nh), h,
                       s->error, NULL, NULL, scale,     net->wanted};
    const nd_hebb d = {b->B, 1, s->C, 0, &one, s->error, NULL, NULL, scale, net->wanted};
    nd_kern()->units(&softmax);
    nd_kern()->subtract(b->B * ld_C, b->y, s->error, s->error);
    nd_kern()->hebb(&U);
    nd_net_move(net, U_BANK, 0, b->at);
    nd_kern()->hebb(&d);
    nd_net_move(net, D_BANK, 0, b->at);
}

static void learn(nd_net *net, const nd_batch *b)
{
    classified *s = of(net);
    const nd_fantasy f = nd_rbm_contrast(net, &s->m, b, 1.0, false);
    const bool twice = net->p.rbm_classifier_sees == ND_SEES_RECONSTRUCTION;
    nd_rbm_move(net, &s->m, b->at);
    if (twice) classify(s, b->B, f.h);
    learn_classifier(net, b, twice ? f.h : s->h);
}

static void predict(const nd_net *net, const nd_batch *b, nd_tally *t)
{
    const classified *s = of(net);
    t->samples += b->B;
    t->errors += nd_loss_errors(b->B, s->C, nd_ld(s->C), s->drive, b->label);
    t->loss += nd_loss_cross_entropy(b->B, s->C, nd_ld(s->C), s->drive, b->label);
}

static void cost(const nd_params *p, nd_shape shape, nd_cost *c)
{
    const size_t nv = (size_t)p->model_layers.v[0], nh = (size_t)p->model_layers.v[1];
    const double classifier = 2 * (double)nh * (double)p->model_layers.v[2];
    c->flops_predict = nd_rbm_flops_up(nv, nh) + 30 * (double)nh + classifier;
    c->flops = c->flops_predict + classifier + nd_rbm_flops(p, nv, nh);
    nd_rbm_cost_evaluation(p, shape, nv, 0, nh, c);
}

static const nd_rbm *machine(const nd_net *net, size_t l)
{
    return l == 0 ? &of(net)->m : NULL;
}

const nd_model_ops nd_model_rbm = {
    .name = "rbm",
    .state_bytes = sizeof(classified),
    .check = check,
    .layout = layout,
    .init = init,
    .settle = settle,
    .learn = learn,
    .predict = predict,
    .cost = cost,
    .machine = machine,
};
