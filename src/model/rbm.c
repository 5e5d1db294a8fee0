/* rbm.c -- a restricted Boltzmann machine: conditionals, and the contrast of data and
 * model.
 *
 *     E(v, h) = -a.v - b.h - v^T W h,     p(v, h) = exp(-E) / Z
 *     p(h_j = 1 | v) = sigmoid(b_j + (v W)_j),  p(v_i = 1 | h) = sigmoid(a_i + (W h)_i)
 *
 * Visible units are binary, or Gaussian with variance 1: E has |v - a|^2/2 for -a.v, and
 * p(v | h) is normal with mean a + W h. Labels among them are a softmax group. The gradient
 * of the log-likelihood of the data is a contrast,
 *
 *     d log p(v) / dW = <v h^T>_data - <v h^T>_model,   likewise <v> for a, <h> for b,
 *
 * whose second half comes from Gibbs chains (rbm_chains.c). Hinton 2002; Ernoult,
 * Grollier, Querlioz, Sci. Rep. 9:1851 (2019), where all is sampled, and h of the data is
 * drawn apart from the h that starts the chains. */
#include "rbm_impl.h"

#include <math.h>
#include <string.h>

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Log-likelihoods are of binary states. */
static nd_code check_evaluation(const nd_params *p, nd_err *err)
{
    const bool full = p->rbm_evaluate == ND_EVALUATE_FULL;
    const bool mean_field =
        p->model_kind == ND_MODEL_dbn && p->rbm_features == ND_STATISTICS_MEAN_FIELD;
    const struct {
        bool wrong;
        const char *text;
    } rules[] = {
        {full && p->rbm_visible == ND_VISIBLE_GAUSSIAN,
         "rbm.evaluate full needs log Z, which is known of binary units only: take "
         "rbm.visible binary, or quick"},
        {full && p->rbm_pixels == ND_PIXELS_GREY,
         "rbm.evaluate full: grey pixels are no states of binary units, so they have no "
         "likelihood; take rbm.pixels bernoulli or threshold, or quick"},
        {full && mean_field,
         "rbm.evaluate full: a dbn with rbm.features mean-field shows its upper machines "
         "no "
         "binary states, which have no likelihood; take sampled, or quick"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].wrong) return ND_FAIL(err, ND_EINPUT, "%s", rules[i].text);
    return ND_OK;
}

nd_code nd_rbm_check(const nd_params *p, nd_err *err)
{
    const bool lasting = p->rbm_negative != ND_NEGATIVE_CD;
    const bool tempered = p->rbm_negative == ND_NEGATIVE_PT;
    if (tempered && p->rbm_temperatures < 2)
        return ND_FAIL(err, ND_EINPUT,
                       "rbm.temperatures is %lld: parallel tempering (rbm.negative pt) "
                       "exchanges replicas, so it needs at least 2; 10 is usual",
                       (long long)p->rbm_temperatures);
    if (tempered && p->rbm_visible == ND_VISIBLE_GAUSSIAN)
        return ND_FAIL(err, ND_EINPUT,
                       "rbm.negative pt goes down to inverse temperature 0, where gaussian "
                       "units have no distribution: take rbm.visible binary, or pcd");
    if (lasting && p->rbm_model_visible == ND_STATISTICS_MEAN_FIELD)
        return ND_FAIL(
            err, ND_EINPUT,
            "rbm.model_visible mean-field is for rbm.negative cd: chains that go "
            "on from update to update go on from samples");
    return check_evaluation(p, err);
}

nd_code nd_rbm_check_ends(const nd_params *p, nd_shape shape, nd_err *err)
{
    const nd_ints *layers = &p->model_layers;
    const size_t first = (size_t)layers->v[0], last = (size_t)layers->v[layers->n - 1];
    if (first == shape.features && last == shape.classes) return ND_OK;
    return ND_FAIL(
        err, ND_EINPUT,
        "model.layers goes from %zu to %zu units, but the data set has %zu pixels "
        "and %zu classes: start with %zu and end with %zu",
        first, last, shape.features, shape.classes, shape.features, shape.classes);
}

nd_code nd_rbm_check_three(const nd_params *p, nd_shape shape, const char *what,
                           nd_err *err)
{
    if (p->model_layers.n == 3) return nd_rbm_check_ends(p, shape, err);
    return ND_FAIL(err, ND_EINPUT,
                   "model.layers has %zu layers; %s has three: pixels, hidden units, "
                   "classes, such as [%zu, 300, %zu]",
                   p->model_layers.n, what, shape.features, shape.classes);
}

nd_code nd_rbm_check_joint(const nd_params *p, nd_err *err)
{
    if (p->rbm_objective == ND_OBJECTIVE_JOINT) return ND_OK;
    return ND_FAIL(err, ND_EINPUT,
                   "rbm.objective discriminative and hybrid are for model.kind drbm, whose "
                   "p(y | x) is exact: take drbm, or rbm.objective joint");
}

nd_unit nd_rbm_visible(const nd_params *p)
{
    return p->rbm_visible == ND_VISIBLE_GAUSSIAN ? ND_UNIT_GAUSSIAN : ND_UNIT_LOGISTIC;
}

void nd_rbm_take(nd_rbm *m, nd_net *net, nd_arena *a)
{
    const nd_params *p = &net->p;
    const size_t B = net->batch_max, both = larger(m->nv, m->nh);
    nd_bank *bank = net->bank + m->bank;
    m->W = bank, m->a = bank + 1, m->b = bank + 2;
    nd_bank_take(m->W, p, m->nv, m->nh, (uint32_t)m->bank, false, a);
    nd_bank_take(m->a, p, 1, m->nv, (uint32_t)m->bank + 1, true, a);
    nd_bank_take(m->b, p, 1, m->nh, (uint32_t)m->bank + 2, true, a);
    m->Wt = nd_arena_take(a, nd_panels(m->nh, m->nv), sizeof *m->Wt);
    m->v = nd_arena_take(a, B * nd_ld(m->nv), sizeof *m->v);
    m->x = nd_arena_take(a, B * nd_ld(m->nh), sizeof *m->x);
    m->h = nd_arena_take(a, B * nd_ld(m->nh), sizeof *m->h);
    m->da = nd_arena_take(a, nd_ld(m->nv), sizeof *m->da);
    m->db = nd_arena_take(a, nd_ld(m->nh), sizeof *m->db);
    m->bias_scratch = nd_arena_take(a, nd_ld(both), sizeof *m->bias_scratch);
    m->target = nd_arena_take(a, nd_ld(m->nh), sizeof *m->target);
    nd_chains_take(m, p, (size_t)p->train_batch, a);
    /* a classifier beside the machine uses them too */
    nd_converters_take(&m->converters, p, larger(B, m->chains.rows),
                       nd_ld(larger(both, net->shape.classes)), a);
}

/* Ideal weights start uniform in +-sqrt(1/max(nv, nh)), as in mem-RBM. */
void nd_rbm_init(nd_rbm *m, const nd_net *net)
{
    const nd_params *p = &net->p;
    nd_bank *banks[] = {m->W, m->a, m->b};
    for (size_t i = 0; i < ND_RBM_BANKS; i++)
        nd_bank_init(banks[i], larger(m->nv, m->nh));
    const float pull = (float)(p->rbm_sparsity_cost * p->rbm_sparsity);
    nd_kern()->uniforms((nd_at){0}, m->nh, pull, pull, m->target); /* a constant */
    nd_chains_init(m, p);
}

/* The sweep takes the upper half of the key: seeds have 32 bits. */
nd_at nd_rbm_at(const nd_rbm *m, nd_at at, nd_draw what, size_t chain, size_t sweep)
{
    at.stream = ND_STREAM_GIBBS;
    at.seed |= (uint64_t)sweep << 32;
    return nd_at_sub(at, (uint32_t)chain << 8 | m->layer << 4 | (uint32_t)what);
}

/* ---- data ---- */

void nd_rbm_show(const nd_rbm *m, const nd_params *p, const nd_batch *b, size_t chain)
{
    nd_units u = {.B = b->B,
                  .n = m->nx,
                  .group = m->nx,
                  .x = b->x,
                  .x_ld = nd_ld(m->nx),
                  .at = nd_rbm_at(m, b->at, ND_DRAW_PIXELS, chain, 0),
                  .ld = nd_ld(m->nv)};
    switch (p->rbm_pixels) {
    case ND_PIXELS_BERNOULLI:
        u.unit = ND_UNIT_GIVEN, u.s = m->v;
        break;
    case ND_PIXELS_THRESHOLD:
        u.unit = ND_UNIT_THRESHOLD, u.p = m->v;
        break;
    default: /* grey */
        u.unit = ND_UNIT_GIVEN, u.p = m->v;
        break;
    }
    nd_kern()->units(&u);
}

void nd_rbm_up(const nd_rbm *m, size_t B)
{
    const nd_affine up = {.B = B,
                          .n = m->nh,
                          .drive = m->b->weight,
                          .terms = 1,
                          .term = {{m->v, m->nv, nd_ld(m->nv), m->W->weight}},
                          .out = m->x};
    nd_convert_affine(&m->converters, &up);
}

/* Hidden units given x: samples, or expectations. */
static void hidden(const nd_rbm *m, size_t B, int64_t statistics, nd_at at, float *out,
                   size_t ld)
{
    const bool sampled = statistics == ND_STATISTICS_SAMPLED;
    const nd_units u = {.B = B,
                        .n = m->nh,
                        .group = m->nh,
                        .unit = ND_UNIT_LOGISTIC,
                        .x = m->x,
                        .x_ld = nd_ld(m->nh),
                        .at = at,
                        .s = sampled ? out : NULL,
                        .p = sampled ? NULL : out,
                        .ld = ld};
    nd_kern()->units(&u);
}

void nd_rbm_features(const nd_rbm *m, const nd_params *p, const nd_batch *b, float *out,
                     size_t ld)
{
    hidden(m, b->B, p->rbm_features, nd_rbm_at(m, b->at, ND_DRAW_FEATURES, 0, 0), out, ld);
}

void nd_rbm_tell(const nd_rbm *m, const nd_batch *b)
{
    const nd_labels l = {b->B, m->nh, m->C, m->x, m->W->weight, m->nv, m->nx};
    for (size_t i = 0; i < b->B; i++)
        memcpy(m->v + i * nd_ld(m->nv) + m->nx, b->y + i * nd_ld(m->C),
               m->C * sizeof *m->v);
    if (nd_converters_are_ideal(&m->converters))
        nd_kern()->label_drives(&l, b->label, m->x);
    else
        nd_rbm_up(m, b->B);
}

/* ---- learning ---- */

/* sum (=, or +=) what the phases say; scratch as large as sum. */
static void gather(nd_hebb h, float *sum, float *scratch, bool add)
{
    h.out = add ? scratch : sum;
    nd_kern()->hebb(&h);
    if (add) nd_kern()->add(nd_panels(h.k, h.n), scratch, sum);
}

/* Draws hidden units to rbm.sparsity: -cost d/dx of the cross-entropy between the target and
 * the mean q over the mini-batch is cost (target - q), which joins the h of the data. */
static void pull(const nd_rbm *m, const nd_params *p, size_t B)
{
    const float one = 1.0f;
    float *shift = m->bias_scratch;
    const nd_hebb mean = {.B = B,
                          .k = 1,
                          .n = m->nh,
                          .pre1 = &one,
                          .post1 = m->h,
                          .scale = (float)(-p->rbm_sparsity_cost / (double)B),
                          .out = shift};
    nd_kern()->hebb(&mean);
    nd_kern()->add(m->nh, m->target, shift);
    for (size_t i = 0; i < B; i++)
        nd_kern()->add(m->nh, shift, m->h + i * nd_ld(m->nh));
}

/* Another chain on the same images draws their pixels again, as in mem-RBM; what comes from
 * a machine below stays. */
static void see_anew(const nd_rbm *m, const nd_params *p, const nd_batch *b, size_t chain)
{
    if (m->layer > 0 || p->rbm_pixels != ND_PIXELS_BERNOULLI) return;
    nd_rbm_show(m, p, b, chain);
    nd_rbm_up(m, b->B);
    if (m->C) nd_rbm_tell(m, b);
}

nd_fantasy nd_rbm_contrast(nd_net *net, nd_rbm *m, const nd_batch *b, double weight,
                           bool add)
{
    const nd_params *p = &net->p;
    const float one = 1.0f;
    const double each = weight / ((double)b->B * (double)p->rbm_chains);
    const float scale = (float)(nd_net_scale(net, m->rate, b->at) * each);
    nd_fantasy f = {NULL, NULL};
    nd_kern()->transpose(m->nv, m->nh, m->W->weight, m->Wt);
    for (size_t c = 0; c < (size_t)p->rbm_chains; c++, add = true) {
        if (c) see_anew(m, p, b, c);
        hidden(m, b->B, p->rbm_data_hidden, nd_rbm_at(m, b->at, ND_DRAW_DATA, c, 0), m->h,
               nd_ld(m->nh));
        if (p->rbm_sparsity_cost > 0) pull(m, p, b->B);
        f = nd_chains_run(net, m, c, b);
        const nd_hebb W = {b->B, m->nv, m->nh, nd_ld(m->nv), m->v,
                           m->h, f.v,   f.h,   scale,        NULL};
        const nd_hebb a = {b->B, 1, m->nv, 0, &one, m->v, &one, f.v, scale, NULL};
        const nd_hebb h = {b->B, 1, m->nh, 0, &one, m->h, &one, f.h, scale, NULL};
        gather(W, net->wanted, net->scratch, add);
        gather(a, m->da, m->bias_scratch, add);
        gather(h, m->db, m->bias_scratch, add);
    }
    net->effort.phases[ND_PHASE_MINUS]++;
    net->effort.steps[ND_PHASE_MINUS] += (uint64_t)p->rbm_k;
    return f;
}

void nd_rbm_move(nd_net *net, const nd_rbm *m, nd_at at)
{
    nd_net_move(net, m->bank, m->rate, at);
    memcpy(net->wanted, m->da, nd_ld(m->nv) * sizeof *m->da);
    nd_net_move(net, m->bank + 1, m->rate, at);
    memcpy(net->wanted, m->db, nd_ld(m->nh) * sizeof *m->db);
    nd_net_move(net, m->bank + 2, m->rate, at);
}

/* ---- estimates: multiply-adds of the products, and about 30 operations for each draw ---- */

double nd_rbm_flops_up(size_t nv, size_t nh)
{
    return 2 * (double)nv * (double)nh + 30 * (double)nh;
}

double nd_rbm_flops(const nd_params *p, size_t nv, size_t nh)
{
    const double weights = (double)nv * (double)nh, draws = 30 * (double)(nv + nh);
    const double replicas =
        p->rbm_negative == ND_NEGATIVE_PT ? (double)p->rbm_temperatures : 1;
    const double chain = (double)p->rbm_k * replicas * (4 * weights + draws) + 6 * weights;
    /* programming touches every device once per mini-batch */
    const double devices = weights * (p->device_kind == ND_DEVICE_ideal ? 4 : 120);
    return chain * (double)p->rbm_chains + devices / (double)p->train_batch;
}

/* What the trial layer measures (evaluation.c, mixing.c), most of it in double precision and about 40 times as
 * slow as the kernels; and its memory. Of several machines the dearest counts. */
void nd_rbm_cost_evaluation(const nd_params *p, nd_shape shape, size_t nx, size_t C,
                            size_t nh, nd_cost *c)
{
    const double weights = (double)(nx + C) * (double)nh;
    const size_t most = (size_t)p->rbm_evaluate_images;
    const double images =
        2 * (double)(most && most < shape.examples ? most : shape.examples);
    const double units = fmin((double)nh, (double)nx + log2(C ? (double)C : 1));
    double flops = 0, bytes = 0;
    if (p->rbm_evaluate != ND_EVALUATE_NONE) {
        flops += images * 40 * 3 * weights;
        bytes += 8 * (weights + images * (double)nx);
    }
    if (p->rbm_evaluate == ND_EVALUATE_FULL) {
        const double runs = (double)p->rbm_ais_runs,
                     steps = (double)p->rbm_ais_temperatures;
        const bool exact = units <= (double)p->rbm_exact_units;
        flops += exact ? 300 * exp2(units) * weights / units : 40 * runs * steps * weights;
        bytes += exact ? 0 : 16 * weights + 8 * runs * (double)(nx + nh) * 2;
    }
    /* chains, and about 100 operations for each number that is transformed */
    const double sweeps = (double)p->rbm_mixing_chains * (double)p->rbm_mixing_sweeps;
    flops += sweeps * (8 * weights + 60 * (double)(nx + C + nh) + 3000 * (double)(nx + C));
    bytes += sweeps * (4 * (double)(nx + C) + 16);
    c->flops_evaluate = fmax(c->flops_evaluate, flops);
    c->bytes += (size_t)bytes;
}
