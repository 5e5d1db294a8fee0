/* model.c -- the model table, and the making of a network. */
#include "model_impl.h"

#include <stdlib.h>
#include <string.h>

static const nd_model_ops *const models[] = {
#define M(id, name, help, source) &nd_model_##id,
#include "nudge/models.def"
#undef M
};

const nd_model_ops *nd_model_at(nd_model_id id)
{
    return models[id];
}

static void layout(nd_net *net, nd_arena *a)
{
    net->n_banks = 0;
    net->ops->layout(net, a);
    size_t largest = 0;
    for (size_t i = 0; i < net->n_banks; i++) {
        const nd_bank *b = &net->bank[i];
        const size_t n = nd_bank_scratch(b);
        if (n > largest) largest = n;
        nd_optimiser_take(&net->optimiser[i], &net->p, nd_panels(b->k, b->n), a);
    }
    net->wanted = nd_arena_take(a, largest, sizeof *net->wanted);
    net->scratch = nd_arena_take(a, largest, sizeof *net->scratch);
}

/* A network without memory: its arena has only been measured. */
static nd_code measured(nd_net *net, const nd_params *p, nd_shape shape, size_t *bytes,
                        nd_err *err)
{
    const nd_model_ops *ops = models[p->model_kind];
    ND_TRY(ops->check(p, shape, err));
    ND_TRY(nd_device_check(p, err));
    ND_TRY(nd_converters_check(p, err));
    *net = (nd_net){.ops = ops, .p = *p, .shape = shape};
    net->batch_max = (size_t)p->train_batch;
    if (net->batch_max < ND_EVAL_BATCH) net->batch_max = ND_EVAL_BATCH;
    net->state = calloc(1, ops->state_bytes);
    if (!net->state) return ND_FAIL(err, ND_ENOMEM, "no memory for a network");
    nd_arena measure = {0};
    layout(net, &measure);
    *bytes = measure.used;
    return ND_OK;
}

nd_code nd_net_plan(const nd_params *p, nd_shape shape, nd_cost *cost, nd_err *err)
{
    nd_net net;
    *cost = (nd_cost){0};
    ND_TRY(measured(&net, p, shape, &cost->bytes, err));
    net.ops->cost(p, shape, cost);
    nd_net_free(&net);
    return ND_OK;
}

nd_code nd_net_new(nd_net *net, const nd_params *p, nd_shape shape, nd_err *err)
{
    size_t bytes;
    ND_TRY(measured(net, p, shape, &bytes, err));
    nd_code code = nd_arena_new(&net->arena, bytes, err);
    if (code == ND_OK) {
        layout(net, &net->arena);
        if (net->ops->open) code = net->ops->open(net, err);
    }
    for (size_t i = 0; code == ND_OK && i < net->n_banks; i++) {
        code = nd_bank_open(&net->bank[i], err);
        net->fftw |= nd_bank_maps(&net->bank[i]);
    }
    if (code != ND_OK) {
        nd_net_free(net);
        return code;
    }
    net->ops->init(net);
    return ND_OK;
}

void nd_net_free(nd_net *net)
{
    if (net->state && net->ops->close) net->ops->close(net);
    free(net->state);
    nd_arena_free(&net->arena);
    *net = (nd_net){0};
}

/* ---- a network as bytes ---- */

enum { EFFORT = sizeof(nd_effort) / sizeof(uint64_t) };
enum { COUNTERS = EFFORT + ND_BANKS_MAX * (ND_BANK_COUNTERS + 1) };

/* Where the numbers of 8 bytes are that training changes outside the arena. */
static size_t counters(nd_net *net, void *at[COUNTERS])
{
    size_t n = 0;
    for (int i = 0; i < EFFORT; i++)
        at[n++] = (uint64_t *)&net->effort + i;
    for (size_t i = 0; i < net->n_banks; i++) {
        n += nd_bank_counters(&net->bank[i], at + n);
        at[n++] = &net->optimiser[i].steps;
    }
    return n;
}

void nd_net_save(const nd_net *net, nd_text *out)
{
    nd_net copy = *net; /* its counters lie in it, and are only read */
    void *at[COUNTERS];
    const size_t n = counters(&copy, at);
    for (size_t i = 0; i < n; i++) {
        uint64_t x;
        memcpy(&x, at[i], sizeof x);
        nd_put_u64(out, x);
    }
    nd_put_u64(out, net->arena.used);
    nd_text_bytes(out, net->arena.base, net->arena.used);
}

/* The arena holds numbers only, but for the fast arrays of banks, whose pointers are this
 * process's own. */
static void copy_arena(nd_net *net, const unsigned char *bytes)
{
    nd_bank fast[ND_BANKS_MAX];
    for (size_t i = 0; i < net->n_banks; i++)
        if (net->bank[i].fast) fast[i] = *net->bank[i].fast;
    memcpy(net->arena.base, bytes, net->arena.used);
    for (size_t i = 0; i < net->n_banks; i++)
        if (net->bank[i].fast) *net->bank[i].fast = fast[i];
}

bool nd_net_load(nd_net *net, nd_cursor *c)
{
    void *at[COUNTERS];
    uint64_t x[COUNTERS];
    const size_t n = counters(net, at);
    for (size_t i = 0; i < n; i++)
        x[i] = nd_get_u64(c);
    if (nd_get_u64(c) != net->arena.used) return false;
    const unsigned char *bytes = nd_get_bytes(c, net->arena.used);
    if (!bytes || c->p != c->end) return false;
    copy_arena(net, bytes);
    for (size_t i = 0; i < n; i++)
        memcpy(at[i], &x[i], sizeof x[i]);
    return true;
}

static nd_code check_list(const char *name, const nd_reals *list, size_t n, nd_err *err)
{
    if (list->n == 1 || list->n == n) return ND_OK;
    return ND_FAIL(
        err, ND_EINPUT,
        "%s has %zu values for %zu weight matrices: give one for all, or one for "
        "each, output side first",
        name, list->n, n);
}

nd_code nd_rates_check(const nd_params *p, size_t n, nd_err *err)
{
    ND_TRY(check_list("train.rates", &p->train_rates, n, err));
    return check_list("train.decay", &p->train_decay, n, err);
}

double nd_net_scale(const nd_net *net, size_t rate, nd_at at)
{
    return nd_optimiser_plain(&net->p, rate) ? nd_optimiser_rate(&net->p, rate, at.epoch)
                                             : 1;
}

void nd_net_move(nd_net *net, size_t bank, size_t rate, nd_at at)
{
    nd_bank *b = &net->bank[bank];
    if (!nd_optimiser_plain(&net->p, rate))
        nd_optimiser_step(&net->optimiser[bank], &net->p, rate, b->bias, at.epoch,
                          nd_panels(b->k, b->n), b->weight, net->wanted);
    at.stream = ND_STREAM_CYCLE;
    b->loss = net->loss;
    nd_bank_program(b, net->wanted, net->scratch, at);
}
