/* ep_net.c -- the shape of an EP network: what parameters fit, and what memory it takes. */
#include "ep_impl.h"

#include "nudge/spectrum.h"

#include "stack_impl.h"

#include <math.h>
#include <string.h>

/* ---- shape ---- */

/* Layers and links without memory, from the parameters. */
typedef struct plan {
    size_t L;
    nd_ep_layer layer[ND_EP_LAYERS + 1];
    bool conv[ND_EP_LAYERS];
    nd_conv g[ND_EP_LAYERS];
    size_t fan_in[ND_EP_LAYERS];
} plan;

static nd_ep_layer layer_of(size_t pixels, size_t maps)
{
    return (nd_ep_layer){pixels, maps, pixels * maps, pixels * nd_ld(maps)};
}

static nd_code plan_dense(const nd_params *p, plan *t)
{
    t->L = p->model_layers.n - 1;
    for (size_t l = 0; l <= t->L; l++)
        t->layer[l] = layer_of(1, (size_t)p->model_layers.v[t->L - l]);
    return ND_OK;
}

static nd_code plan_stack(const nd_params *p, nd_shape shape, plan *t, nd_err *err)
{
    nd_stack stack;
    ND_TRY(nd_stack_parse(p->model_stack.s, shape.rows, shape.cols, shape.channels, &stack,
                          err));
    t->L = stack.n;
    t->layer[t->L] = layer_of(1, shape.features);
    for (size_t l = 0; l < t->L; l++) {
        const nd_stack_layer *from = &stack.layer[t->L - 1 - l];
        t->layer[l] = layer_of(from->rows * from->cols, from->channels);
        t->conv[l] = from->is_conv;
        t->g[l] = from->conv;
    }
    return ND_OK;
}

static nd_code plan_of(const nd_params *p, nd_shape shape, plan *t, nd_err *err)
{
    *t = (plan){0};
    ND_TRY(p->model_kind == ND_MODEL_ep_conv ? plan_stack(p, shape, t, err)
                                             : plan_dense(p, t));
    for (size_t l = 0; l < t->L; l++)
        t->fan_in[l] = t->conv[l] ? nd_conv_k(&t->g[l]) : t->layer[l + 1].n;
    return ND_OK;
}

/* Multiply-adds of the product of link l for one sample, once up. */
static double macs(const plan *t, size_t l)
{
    const double n = (double)t->layer[l].n, window = (double)t->g[l].window;
    return n * (double)t->fan_in[l] * (t->conv[l] ? window * window : 1);
}

/* ---- check ---- */

static nd_code check_layers(const nd_params *p, nd_shape shape, nd_err *err)
{
    const nd_ints *layers = &p->model_layers;
    const size_t outputs = (size_t)layers->v[layers->n - 1];
    if (layers->n < 2)
        return ND_FAIL(
            err, ND_EINPUT,
            "model.layers has %zu layer; it needs at least the input and the output, "
            "such as [%zu, 512, %zu]",
            layers->n, shape.features, shape.classes);
    if ((size_t)layers->v[0] != shape.features || outputs != shape.classes)
        return ND_FAIL(
            err, ND_EINPUT,
            "model.layers goes from %lld to %zu units, but the data set has %zu pixels "
            "and %zu classes: start with %zu and end with %zu",
            (long long)layers->v[0], outputs, shape.features, shape.classes, shape.features,
            shape.classes);
    return ND_OK;
}

static bool holomorphic(int64_t activation)
{
    return activation == ND_ACTIVATION_shifted_sigmoid ||
           activation == ND_ACTIVATION_logistic || activation == ND_ACTIVATION_tanh ||
           activation == ND_ACTIVATION_identity;
}

/* Options that exclude each other: the first row that holds is the error. */
static nd_code check_options(const nd_params *p, size_t links, nd_err *err)
{
    const bool energy = p->model_kind == ND_MODEL_ep_energy;
    const bool soft = p->ep_loss == ND_LOSS_CROSS_ENTROPY;
    const bool circle = p->ep_nudge == ND_NUDGE_HOLOMORPHIC;
    const bool continual = p->ep_update == ND_UPDATE_CONTINUAL;
    const bool free = p->ep_symmetry == ND_SYMMETRY_FREE;
    const bool even_odd = p->ep_order == ND_ORDER_EVEN_ODD;
    const bool rough =
        p->ep_gain_sd > 0 || p->ep_offset_sd > 0 || p->ep_bits > 0 || p->ep_nudge_noise > 0;
    const bool shown = p->ep_spectrum > 0;
    const bool converted = nd_converts(p);
    const bool smooth = holomorphic(p->model_activation);
    const bool repeated = p->ep_nudge_repeats > 1;
    const bool chance =
        p->ep_nudge == ND_NUDGE_RANDOM_SIGN || p->ep_noise > 0 || p->ep_nudge_noise > 0;
    const struct {
        bool wrong;
        const char *text;
    } rules[] = {
        {p->ep_beta == 0,
         "ep.beta is 0: without a nudge there is nothing to learn from; 0.1 is usual"},
        {soft && links < 2, "ep.loss cross-entropy reads a hidden layer out: model.layers "
                            "needs one between input and output"},
        {energy && p->ep_nudge_place == ND_PLACE_INSIDE,
         "ep.nudge_place inside belongs to the prototypical dynamics: the force of a nudge "
         "on an energy is outside the activation"},
        {circle && energy, "ep.nudge holomorphic needs prototypical dynamics: take "
                           "model.kind ep-prototypical, or another nudge"},
        {circle && !smooth, "ep.nudge holomorphic needs an activation with a holomorphic "
                            "continuation: shifted-sigmoid, logistic, tanh or identity"},
        {circle && p->ep_beta < 0,
         "ep.nudge holomorphic takes the radius of its circle from ep.beta: above 0"},
        {circle && (continual || free || even_odd || p->ep_tolerance > 0),
         "ep.nudge holomorphic goes with ep.update at-rest, ep.symmetry tied, ep.order "
         "jacobi and ep.tolerance 0 only"},
        {circle && rough, "ep.nudge holomorphic goes with ep.noise, but no other imperfect "
                          "neurons: set ep.gain_sd, offset_sd, bits and nudge_noise to 0"},
        {(circle || shown) && converted,
         "ep.nudge holomorphic and ep.spectrum need products that are smooth, and "
         "converters round: set read.dac_bits and read.adc_bits to 0"},
        {shown && p->ep_spectrum < ND_SPECTRUM_POINTS_MIN,
         "ep.spectrum needs at least 8 points to tell decay from noise; 16 is usual"},
        {shown && (energy || !smooth),
         "ep.spectrum needs prototypical dynamics and an activation with a holomorphic "
         "continuation (shifted-sigmoid, logistic, tanh or identity): set it to 0"},
        {shown && (rough || even_odd),
         "ep.spectrum goes with ep.order jacobi and ep.gain_sd, offset_sd, bits and "
         "nudge_noise 0 only"},
        {continual && p->ep_nudge == ND_NUDGE_SYMMETRIC,
         "ep.update continual moves weights within one nudged phase: take ep.nudge "
         "one-sided, negative or random-sign"},
        {soft && p->ep_nudge_noise > 0,
         "ep.nudge_noise is noise on the target of a squared "
         "loss: set it to 0 with ep.loss cross-entropy"},
        {repeated && (continual || circle),
         "ep.nudge_repeats averages over nudged phases before weights move: it goes with "
         "ep.update at-rest, and any ep.nudge but holomorphic; else set it to 1"},
        {repeated && !chance,
         "ep.nudge_repeats above 1 repeats a nudged phase in which nothing is random, to "
         "the "
         "same end: take ep.nudge random-sign, ep.noise or ep.nudge_noise, or set it to 1"},
        {!free && p->ep_angle > 0, "ep.angle is the angle to free backward weights: set "
                                   "ep.symmetry to free, or ep.angle to 0"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].wrong) return ND_FAIL(err, ND_EINPUT, "%s", rules[i].text);
    return ND_OK;
}

static nd_code check_stack(const nd_params *p, const plan *t, nd_shape shape, nd_err *err)
{
    if (t->layer[0].n != shape.classes)
        return ND_FAIL(err, ND_EINPUT,
                       "model.stack \"%s\" ends with %zu units, but the data set has %zu "
                       "classes: end it with fc %zu",
                       p->model_stack.s, t->layer[0].n, shape.classes, shape.classes);
    for (size_t l = 0; p->model_convolution == ND_CONVOLUTION_FFT && l < t->L; l++)
        if (t->conv[l]) ND_TRY(nd_fft_conv_check(&t->g[l], err));
    bool max = false;
    for (size_t l = 0; l < t->L; l++)
        max = max || (t->conv[l] && t->g[l].pool == ND_POOL_MAX && l + 1 < t->L);
    const bool circle = p->ep_nudge == ND_NUDGE_HOLOMORPHIC;
    if (max && (circle || p->ep_spectrum))
        return ND_FAIL(err, ND_EINPUT,
                       "%s has no max pooling between layers, which is not holomorphic: "
                       "take avg in model.stack",
                       circle ? "ep.nudge holomorphic" : "ep.spectrum");
    return ND_OK;
}

nd_code nd_ep_check(const nd_params *p, nd_shape shape, nd_err *err)
{
    const bool conv = p->model_kind == ND_MODEL_ep_conv;
    plan t;
    if (!conv) ND_TRY(check_layers(p, shape, err));
    ND_TRY(plan_of(p, shape, &t, err));
    if (conv) ND_TRY(check_stack(p, &t, shape, err));
    ND_TRY(check_options(p, t.L, err));
    return nd_rates_check(p, t.L, err);
}

/* ---- memory ---- */

static float *take(const nd_ep *e, size_t l, size_t B, nd_arena *a)
{
    return nd_arena_take(a, B * e->layer[l].ld, sizeof(float));
}

static void take_states(nd_ep_states *s, const nd_ep *e, size_t B, nd_arena *a)
{
    for (size_t l = 0; l < e->L; l++) {
        s->s[l] = take(e, l, B, a);
        s->rho[l] = e->energy && l >= e->soft ? take(e, l, B, a) : s->s[l];
        if (e->link[l].conv) s->arg[l] = nd_arena_take(a, B * e->layer[l].ld, 1);
    }
}

static void take_link(nd_net *net, nd_ep *e, const plan *t, size_t l, nd_arena *a)
{
    const nd_params *p = &net->p;
    const size_t L = e->L, k = t->fan_in[l], n = e->layer[l].maps;
    nd_ep_link *link = &e->link[l];
    *link = (nd_ep_link){
        .W = net->bank + l, .b = net->bank + L + l, .conv = t->conv[l], .g = t->g[l]};
    nd_bank_take(link->W, p, k, n, (uint32_t)(2 * l), false, a);
    nd_bank_take(link->b, p, 1, n, (uint32_t)(2 * l + 1), true, a);
    link->by_fft = link->conv && p->model_convolution == ND_CONVOLUTION_FFT;
    if (link->by_fft) nd_fft_conv_take(&link->fft, &link->g, l + 1 < L, a);
    if (l + 1 == L) return;
    if (e->free) {
        const uint32_t id = (uint32_t)(2 * ND_EP_LAYERS + l);
        link->back = net->bank + 2 * L + l;
        nd_bank_take(link->back, p, link->conv ? k : n, link->conv ? n : k, id, false, a);
    }
    if (link->by_fft) return;
    if (link->conv)
        link->down = nd_arena_take(a, nd_conv_flipped(&link->g), sizeof(float));
    else if (!e->free)
        link->down = nd_arena_take(a, nd_panels(n, k), sizeof(float));
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* What convolutions need, and layers whose pixels are padded. */
static void take_conv(nd_ep *e, size_t B, nd_arena *a)
{
    size_t scratch = 0, flat = 0;
    for (size_t l = 0; l < e->L; l++) {
        const nd_ep_link *k = &e->link[l];
        if (e->layer[l].ld != nd_ld(e->layer[l].n))
            flat = larger(flat, nd_ld(e->layer[l].n));
        if (!k->conv) continue;
        if (k->by_fft) scratch = larger(scratch, nd_fft_conv_scratch(&k->fft));
        scratch = larger(scratch, nd_conv_forward_scratch(&k->g));
        scratch = larger(scratch, nd_conv_back_scratch(&k->g));
        scratch = larger(scratch, nd_conv_hebb_scratch(&k->g));
    }
    e->scratch = nd_arena_take(a, scratch, sizeof(float));
    for (int i = 0; i < 2; i++)
        e->flat[i] = nd_arena_take(a, B * flat, sizeof(float));
    if (e->link[e->L - 1].conv)
        e->input_arg = nd_arena_take(a, B * e->layer[e->L - 1].ld, 1);
}

/* What only some options need. */
static void take_options(nd_net *net, nd_ep *e, size_t B, nd_arena *a)
{
    const nd_params *p = &net->p;
    size_t row = 0;
    for (size_t l = 0; l < e->L; l++) {
        row += e->layer[l].ld;
        /* a convolution on either side sets the pre-activation out */
        const bool beside = e->link[l].conv || (l && e->link[l - 1].conv);
        if (e->set_out || beside || l == 0) e->pre[l] = take(e, l, B, a);
        if (p->ep_gain_sd > 0) e->gain[l] = take(e, l, 1, a);
        if (p->ep_offset_sd > 0) e->offset[l] = take(e, l, 1, a);
    }
    if (e->soft) e->logits = take(e, 0, B, a);
    if (e->energy) e->input = take(e, e->L, B, a);
    if (p->ep_nudge_noise > 0) e->target = take(e, 0, B, a);
    if (p->ep_start == ND_START_PERSISTENT)
        e->kept = nd_arena_take(a, net->shape.examples * row, sizeof *e->kept);
    if (p->ep_nudge == ND_NUDGE_HOLOMORPHIC || p->ep_spectrum) nd_ep_circle_take(net, a);
    if (nd_ep_follows(net)) nd_ep_follower_take(net, a);
    for (size_t i = 0; p->ep_nudge_repeats > 1 && i < net->n_banks; i++)
        e->sum[i] =
            nd_arena_take(a, nd_panels(net->bank[i].k, net->bank[i].n), sizeof(float));
}

void nd_ep_layout(nd_net *net, nd_arena *a)
{
    nd_ep *e = nd_ep_of(net);
    const nd_params *p = &net->p;
    const size_t B = net->batch_max;
    size_t widest = 0;
    plan t;
    nd_err none = {0};
    if (plan_of(p, net->shape, &t, &none) != ND_OK) return; /* checked before */
    e->L = t.L;
    e->energy = p->model_kind == ND_MODEL_ep_energy;
    e->soft = p->ep_loss == ND_LOSS_CROSS_ENTROPY;
    e->free = p->ep_symmetry == ND_SYMMETRY_FREE;
    e->set_out =
        p->ep_noise > 0 || p->ep_gain_sd > 0 || p->ep_offset_sd > 0 || nd_converts(p);
    for (size_t l = 0; l <= e->L; l++) {
        e->layer[l] = t.layer[l];
        if (l < e->L) widest = larger(widest, e->layer[l].ld);
    }
    nd_converters_take(&e->converters, p, B, larger(widest, e->layer[e->L].ld), a);
    net->n_banks = (e->free ? 3 : 2) * e->L - e->free;
    for (size_t l = 0; l < e->L; l++)
        take_link(net, e, &t, l, a);
    take_conv(e, B, a);
    e->drive = take(e, e->L - 1, B, a);
    e->change = nd_arena_take(a, B * widest, sizeof *e->change);
    nd_ep_states *all[] = {&e->zero, &e->rest[0], &e->rest[1], &e->rest[2], &e->other};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        take_states(all[i], e, B, a);
    take_options(net, e, B, a);
    e->one = 1.0f;
}

nd_code nd_ep_open(nd_net *net, nd_err *err)
{
    nd_ep *e = nd_ep_of(net);
    for (size_t l = 0; l < e->L; l++) {
        if (!e->link[l].by_fft) continue;
        ND_TRY(nd_fft_conv_open(&e->link[l].fft, err));
        net->fftw = true;
    }
    return ND_OK;
}

void nd_ep_close(nd_net *net)
{
    nd_ep *e = nd_ep_of(net);
    for (size_t l = 0; l < e->L; l++)
        if (e->link[l].by_fft) nd_fft_conv_close(&e->link[l].fft);
}

/* ---- first values ---- */

/* Backward weights start as the transposed forward ones, each with the wrong sign with
 * probability (1 - cos(angle))/2, which makes `angle` between the two. */
static void init_back(nd_net *net, size_t l)
{
    const nd_ep_link *link = &nd_ep_of(net)->link[l];
    const size_t k = link->W->k, n = link->W->n;
    const double wrong = (1 - cos(net->p.ep_angle * acos(-1.0) / 180)) / 2;
    const nd_at at =
        nd_at_sub((nd_at){.seed = (uint64_t)net->p.train_seed, .stream = ND_STREAM_ANGLE},
                  (uint32_t)l);
    float *w = net->wanted; /* room for the largest bank */
    if (link->conv)
        memcpy(w, link->W->weight, nd_panels(k, n) * sizeof *w);
    else
        nd_kern()->transpose(k, n, link->W->weight, w);
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < k; i++) {
            const size_t here = link->conv ? nd_panel_at(k, i, j) : nd_panel_at(n, j, i);
            if (nd_philox_unit(at, (uint32_t)(j * k + i)) < wrong) w[here] = -w[here];
        }
    link->back->type->assign(link->back, w);
}

/* Mismatch of a layer's neurons. */
static void init_neurons(const nd_net *net, size_t l, float *to, uint32_t which, float mean,
                         double sd)
{
    const nd_at at = {.seed = (uint64_t)net->p.device_seed, .stream = ND_STREAM_NEURON};
    if (to)
        nd_kern()->normals(nd_at_sub(at, 2 * (uint32_t)l + which),
                           nd_ep_of(net)->layer[l].ld, mean, (float)sd, to);
}

/* r(0), where the states of a free phase start, is not 0 for every activation. */
static void init_zero(const nd_net *net)
{
    const nd_ep *e = nd_ep_of(net);
    for (size_t l = e->soft; e->energy && l < e->L; l++)
        nd_ep_activity(net, net->batch_max, l, e->zero.s[l], e->zero.rho[l]);
}

void nd_ep_init(nd_net *net)
{
    const nd_ep *e = nd_ep_of(net);
    for (size_t l = 0; l < e->L; l++) {
        const nd_ep_link *link = &e->link[l];
        nd_bank_init(link->W, link->W->k);
        nd_bank_init(link->b, link->W->k);
        if (link->back) {
            nd_bank_init(link->back, link->W->k);
            init_back(net, l);
        }
        init_neurons(net, l, e->gain[l], 0, 1.0f, net->p.ep_gain_sd);
        init_neurons(net, l, e->offset[l], 1, 0.0f, net->p.ep_offset_sd);
    }
    init_zero(net);
}

/* ---- estimate ---- */

/* Products both ways in every step, and about 25 operations for each activation. */
void nd_ep_cost(const nd_params *p, nd_shape shape, nd_cost *c)
{
    plan t;
    nd_err none = {0};
    if (plan_of(p, shape, &t, &none) != ND_OK) return; /* checked before */
    double input = 0, step_flops = 0, outer = 0, weights = 0;
    for (size_t l = 0; l < t.L; l++) {
        const double each = macs(&t, l);
        const bool first = l + 1 == t.L;
        step_flops += 25 * (double)t.layer[l].n + (first ? 0 : 4 * each);
        input = first ? 2 * each : input;
        outer += (first ? 2 : 4) * each;
        weights += (double)t.fan_in[l] * (double)t.layer[l].maps;
    }
    /* programming touches every device once per mini-batch */
    const double devices = weights * (p->device_kind == ND_DEVICE_ideal ? 4 : 120);
    const int64_t points = 4 * (p->ep_points / 2 + 1); /* complex arithmetic */
    const int64_t phases = p->ep_nudge == ND_NUDGE_SYMMETRIC     ? 2
                           : p->ep_nudge == ND_NUDGE_HOLOMORPHIC ? points
                                                                 : 1;
    const double repeats = (double)p->ep_nudge_repeats;
    const double updates = p->ep_update == ND_UPDATE_CONTINUAL ? (double)p->ep_K : 1;
    c->flops_predict = input + step_flops * (double)p->ep_T;
    c->flops = c->flops_predict + repeats * (double)(phases * p->ep_K) * step_flops +
               updates * (repeats * outer + devices / (double)p->train_batch);
}
