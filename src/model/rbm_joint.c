/* rbm_joint.c -- drbm: one machine of pixels and label, p(x, y).
 *
 * rbm.objective joint climbs log p(x, y) by contrastive divergence, x and y reconstructed
 * together: the "discriminative RBM" of Ernoult, Grollier, Querlioz, Sci. Rep. 9:1851
 * (2019). discriminative climbs log p(y | x) exactly (Larochelle & Bengio, ICML 2008): with
 * s_c = sigmoid(b + x W + U_c) and e = onehot(y) - p(. | x), per image,
 *
 *     g = sum_c e_c s_c,   dW = x g^T,  db = g,  dU_c = e_c s_c,  dd = e
 *
 * and hybrid climbs log p(y | x) + rbm.alpha log p(x, y). */
#include "rbm_impl.h"

#include <string.h>

typedef struct joint {
    nd_rbm m;
    nd_reader r;
    /* of the discriminative gradient */
    float *error; /* (B, C) one-hot label minus p(y | x) */
    float *g;     /* (B, nh) */
    float *dU;    /* panels (C, nh) */
    float *dd;    /* (1, C) */
} joint;

static joint *joint_of(const nd_net *net)
{
    return net->state;
}

static nd_code check(const nd_params *p, nd_shape shape, nd_err *err)
{
    ND_TRY(nd_rbm_check_three(p, shape, "a drbm", err));
    ND_TRY(nd_rates_check(p, 1, err));
    return nd_rbm_check(p, err);
}

static void layout(nd_net *net, nd_arena *a)
{
    joint *j = joint_of(net);
    const nd_ints *layers = &net->p.model_layers;
    nd_rbm *m = &j->m;
    m->visible = nd_rbm_visible(&net->p);
    m->nx = (size_t)layers->v[0];
    m->nh = (size_t)layers->v[1];
    m->C = (size_t)layers->v[2];
    m->nv = m->nx + m->C;
    net->n_banks = ND_RBM_BANKS;
    nd_rbm_take(m, net, a);
    nd_reader_take(&j->r, m, net->batch_max, a);
    j->error = nd_arena_take(a, net->batch_max * nd_ld(m->C), sizeof *j->error);
    j->dU = nd_arena_take(a, nd_panels(m->C, m->nh), sizeof *j->dU);
    j->g = nd_arena_take(a, net->batch_max * nd_ld(m->nh), sizeof *j->g);
    j->dd = nd_arena_take(a, nd_ld(m->C), sizeof *j->dd);
}

static void init(nd_net *net)
{
    nd_rbm_init(&joint_of(net)->m, net);
}

static void settle(nd_net *net, const nd_batch *b, nd_phase phase)
{
    const joint *j = joint_of(net);
    if (phase != ND_PHASE_FREE) return;
    nd_rbm_show(&j->m, &net->p, b, 0);
    nd_rbm_up(&j->m, b->B);
    nd_reader_read(&j->r, &j->m, b->B);
    net->effort.phases[phase]++;
    net->effort.steps[phase]++;
}

/* Leaves the rate times the gradient of log p(y | x) where nd_rbm_contrast leaves its own.
 */
static void discriminate(nd_net *net, const nd_batch *b)
{
    const joint *j = joint_of(net);
    const nd_rbm *m = &j->m;
    const float one = 1.0f;
    const float scale = (float)(nd_net_scale(net, m->rate, b->at) / (double)b->B);
    const size_t ld_C = nd_ld(m->C), block = m->C * ND_LANES;
    const nd_units softmax = {.B = b->B,
                              .n = m->C,
                              .group = 0,
                              .x = j->r.energy,
                              .x_ld = ld_C,
                              .p = j->error,
                              .ld = ld_C};
    const nd_labels l = {b->B, m->nh, m->C, m->x, m->W->weight, m->nv, m->nx};
    const nd_hebb W = {b->B, m->nv, m->nh, nd_ld(m->nv), m->v,
                       j->g, NULL,  NULL,  scale,        net->wanted};
    const nd_hebb db = {b->B, 1, m->nh, 0, &one, j->g, NULL, NULL, scale, m->db};
    const nd_hebb dd = {b->B, 1, m->C, 0, &one, j->error, NULL, NULL, scale, j->dd};
    nd_kern()->units(&softmax);
    nd_kern()->subtract(b->B * ld_C, b->y, j->error, j->error);
    nd_kern()->label_slopes(&l, j->error, scale, j->g, j->dU);
    nd_kern()->hebb(&W); /* the labels' rows are 0: they are not told yet */
    for (size_t p = 0; p < nd_ld(m->nh) / ND_LANES; p++)
        memcpy(net->wanted + (p * m->nv + m->nx) * ND_LANES, j->dU + p * block,
               block * sizeof *j->dU);
    nd_kern()->hebb(&db);
    nd_kern()->hebb(&dd);
    memset(m->da, 0, nd_ld(m->nv) * sizeof *m->da);
    memcpy(m->da + m->nx, j->dd, m->C * sizeof *j->dd);
}

static void learn(nd_net *net, const nd_batch *b)
{
    joint *j = joint_of(net);
    const int64_t objective = net->p.rbm_objective;
    const bool generative = objective != ND_OBJECTIVE_DISCRIMINATIVE;
    const bool discriminative = objective != ND_OBJECTIVE_JOINT;
    const double weight = objective == ND_OBJECTIVE_HYBRID ? net->p.rbm_alpha : 1.0;
    if (discriminative) discriminate(net, b);
    if (generative) {
        nd_rbm_tell(&j->m, b);
        nd_rbm_contrast(net, &j->m, b, weight, discriminative);
    }
    nd_rbm_move(net, &j->m, b->at);
}

static void predict(const nd_net *net, const nd_batch *b, nd_tally *t)
{
    const joint *j = joint_of(net);
    nd_reader_predict(&j->r, &j->m, &net->p, b, t);
}

static void cost(const nd_params *p, nd_shape shape, nd_cost *c)
{
    const size_t nx = (size_t)p->model_layers.v[0], nh = (size_t)p->model_layers.v[1];
    const size_t C = (size_t)p->model_layers.v[2], nv = nx + C;
    const double up = nd_rbm_flops_up(nv, nh);
    c->flops_predict = up + nd_reader_flops(p, nv, nh, C, true);
    c->flops = up + nd_reader_flops(p, nv, nh, C, false);
    if (p->rbm_objective != ND_OBJECTIVE_JOINT)
        c->flops += 2 * (double)(nv * nh) + 30 * (double)(nh * C);
    if (p->rbm_objective != ND_OBJECTIVE_DISCRIMINATIVE)
        c->flops += nd_rbm_flops(p, nv, nh);
    nd_rbm_cost_evaluation(p, shape, nx, C, nh, c);
}

static const nd_rbm *machine(const nd_net *net, size_t l)
{
    return l == 0 ? &joint_of(net)->m : NULL;
}

const nd_model_ops nd_model_drbm = {
    .name = "drbm",
    .state_bytes = sizeof(joint),
    .check = check,
    .layout = layout,
    .init = init,
    .settle = settle,
    .learn = learn,
    .predict = predict,
    .cost = cost,
    .machine = machine,
};
