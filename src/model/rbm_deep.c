/* rbm_deep.c -- dbn: a stack of machines, each learning what the one below makes of the
 * data; the last sees the labels too.
 *
 * Hinton, Osindero & Teh 2006, without fine-tuning. Machine l has model.layers l and l+1 as
 * visible and hidden units, the last machine also the classes. They learn one after the
 * other, bottom first: rbm.epochs says for how many epochs each, [0] for equal shares of
 * train.epochs, of which the last machine has what is left over. What a machine passes on
 * is drawn anew at each presentation, or its expectation (rbm.features). While a machine
 * below the last one learns, training images are not classified: the training error is
 * missing.
 *
 * With device.c2c_on all, an update shakes every device, those of machines that do not
 * learn included, as in mem-RBM. */
#include "rbm_impl.h"

#include <string.h>

enum { MACHINES_MAX = ND_LIST_MAX - 2 };

typedef struct deep {
    size_t n; /* machines */
    nd_rbm m[MACHINES_MAX];
    nd_reader r; /* of the last one */
} deep;

static deep *of(const nd_net *net)
{
    return net->state;
}

static size_t machines_of(const nd_params *p)
{
    return p->model_layers.n - 2;
}

static bool equal_shares(const nd_params *p)
{
    return p->rbm_epochs.n == 1 && p->rbm_epochs.v[0] == 0;
}

static nd_code check_epochs(const nd_params *p, nd_err *err)
{
    const size_t n = machines_of(p);
    if (equal_shares(p)) return ND_OK;
    if (p->rbm_epochs.n != n)
        return ND_FAIL(
            err, ND_EINPUT,
            "rbm.epochs has %zu values for %zu machines: give one for each, first "
            "layer first, or [0] for equal shares",
            p->rbm_epochs.n, n);
    int64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += p->rbm_epochs.v[i];
    if (sum == p->train_epochs) return ND_OK;
    return ND_FAIL(err, ND_EINPUT,
                   "rbm.epochs adds up to %lld, but train.epochs is %lld: make them equal",
                   (long long)sum, (long long)p->train_epochs);
}

static nd_code check(const nd_params *p, nd_shape shape, nd_err *err)
{
    const nd_ints *layers = &p->model_layers;
    if (layers->n < 3)
        return ND_FAIL(err, ND_EINPUT,
                       "model.layers has %zu layers; a dbn has at least three: pixels, "
                       "hidden units, classes, such as [%zu, 500, 500, 2000, %zu]",
                       layers->n, shape.features, shape.classes);
    ND_TRY(nd_rbm_check_ends(p, shape, err));
    ND_TRY(nd_rbm_check_joint(p, err));
    ND_TRY(nd_rates_check(p, machines_of(p), err));
    ND_TRY(check_epochs(p, err));
    return nd_rbm_check(p, err);
}

static void layout(nd_net *net, nd_arena *a)
{
    deep *d = of(net);
    const nd_params *p = &net->p;
    d->n = machines_of(p);
    net->n_banks = d->n * ND_RBM_BANKS;
    for (size_t l = 0; l < d->n; l++) {
        const bool last = l + 1 == d->n;
        nd_rbm *m = &d->m[l];
        m->visible = l ? ND_UNIT_LOGISTIC : nd_rbm_visible(p);
        m->nx = (size_t)p->model_layers.v[l];
        m->nh = (size_t)p->model_layers.v[l + 1];
        m->C = last ? (size_t)p->model_layers.v[l + 2] : 0;
        m->nv = m->nx + m->C;
        m->layer = (uint32_t)l;
        m->rate = d->n - 1 - l;
        m->bank = l * ND_RBM_BANKS;
        nd_rbm_take(m, net, a);
    }
    nd_reader_take(&d->r, &d->m[d->n - 1], net->batch_max, a);
}

static void init(nd_net *net)
{
    deep *d = of(net);
    for (size_t l = 0; l < d->n; l++)
        nd_rbm_init(&d->m[l], net);
}

/* The machine that learns in an epoch, counted from 1. */
static size_t learner(const nd_params *p, uint32_t epoch)
{
    const size_t n = machines_of(p);
    size_t l = 0;
    for (int64_t end = 0; l + 1 < n; l++) {
        end += equal_shares(p) ? p->train_epochs / (int64_t)n : p->rbm_epochs.v[l];
        if ((int64_t)epoch <= end) break;
    }
    return l;
}

/* The last machine that a mini-batch has to reach. */
static size_t reach(const nd_net *net, const nd_batch *b)
{
    return b->judged ? of(net)->n - 1 : learner(&net->p, b->at.epoch);
}

static void settle(nd_net *net, const nd_batch *b, nd_phase phase)
{
    const deep *d = of(net);
    const size_t last = reach(net, b);
    if (phase != ND_PHASE_FREE) return;
    nd_rbm_show(&d->m[0], &net->p, b, 0);
    nd_rbm_up(&d->m[0], b->B);
    for (size_t l = 0; l < last; l++) {
        const nd_rbm *above = &d->m[l + 1];
        nd_rbm_features(&d->m[l], &net->p, b, above->v, nd_ld(above->nv));
        nd_rbm_up(above, b->B);
    }
    if (last + 1 == d->n) nd_reader_read(&d->r, &d->m[last], b->B);
    net->effort.phases[phase]++;
    net->effort.steps[phase]++;
}

/* An update without a pulse to the machines that do not learn: noise and drift only. */
static void shake_others(nd_net *net, size_t learning, nd_at at)
{
    const deep *d = of(net);
    at.stream = ND_STREAM_CYCLE;
    for (size_t i = 0; i < net->n_banks; i++) {
        nd_bank *bank = &net->bank[i];
        if (i / ND_RBM_BANKS == d->m[learning].layer || !nd_bank_restless(bank)) continue;
        memset(net->wanted, 0, nd_panels(bank->k, bank->n) * sizeof *net->wanted);
        nd_bank_program(bank, net->wanted, net->scratch, at);
    }
}

static void learn(nd_net *net, const nd_batch *b)
{
    deep *d = of(net);
    const size_t l = learner(&net->p, b->at.epoch);
    nd_rbm *m = &d->m[l];
    if (m->C) nd_rbm_tell(m, b);
    nd_rbm_contrast(net, m, b, 1.0, false);
    nd_rbm_move(net, m, b->at);
    shake_others(net, l, b->at);
}

static void predict(const nd_net *net, const nd_batch *b, nd_tally *t)
{
    const deep *d = of(net);
    if (reach(net, b) + 1 < d->n) return;
    nd_reader_predict(&d->r, &d->m[d->n - 1], &net->p, b, t);
}

/* Of the mean epoch: machines take turns. */
static void cost(const nd_params *p, nd_shape shape, nd_cost *c)
{
    (void)shape; /* model.layers says it */
    const size_t n = machines_of(p);
    double up = 0;
    for (size_t l = 0; l < n; l++) {
        const size_t C = l + 1 == n ? (size_t)p->model_layers.v[l + 2] : 0;
        const size_t nv = (size_t)p->model_layers.v[l] + C;
        const size_t nh = (size_t)p->model_layers.v[l + 1];
        const double share = equal_shares(p) || !p->train_epochs
                                 ? 1.0 / (double)n
                                 : (double)p->rbm_epochs.v[l] / (double)p->train_epochs;
        up += nd_rbm_flops_up(nv, nh) + (C ? 0 : 30 * (double)nh);
        c->flops += share * (up + nd_rbm_flops(p, nv, nh));
        if (C) c->flops_predict = up + nd_reader_flops(p, nv, nh, C, true);
    }
}

const nd_model_ops nd_model_dbn = {
    .name = "dbn",
    .state_bytes = sizeof(deep),
    .check = check,
    .layout = layout,
    .init = init,
    .settle = settle,
    .learn = learn,
    .predict = predict,
    .cost = cost,
};
