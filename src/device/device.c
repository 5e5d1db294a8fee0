/* device.c -- the device table, and what all banks share. */
#include "device_impl.h"
#include "program_impl.h"

#include <string.h>

static const nd_device_ops *const types[] = {
#define D(id, name, help, source) &nd_device_##id,
#include "nudge/devices.def"
#undef D
};

const nd_device_ops *nd_device_at(nd_device_id id)
{
    return types[id];
}

void nd_bank_take_devices(nd_bank *b, const nd_params *p, size_t k, size_t n, uint32_t id,
                          bool bias, nd_arena *a)
{
    const bool ideal = bias && p->device_biases == ND_BIASES_IDEAL;
    *b = (nd_bank){.type = types[ideal ? ND_DEVICE_ideal : p->device_kind],
                   .p = p,
                   .k = k,
                   .n = n,
                   .id = id,
                   .bias = bias};
    b->weight = nd_arena_take(a, nd_panels(k, n), sizeof *b->weight);
    b->type->take(b, a);
    nd_zero_shift_take(b, a);
    nd_read_noise_take(b, a);
}

void nd_bank_take(nd_bank *b, const nd_params *p, size_t k, size_t n, uint32_t id,
                  bool bias, nd_arena *a)
{
    nd_bank_take_devices(b, p, k, n, id, bias, a);
    nd_program_take(b, a);
}

void nd_bank_init_devices(nd_bank *b, size_t fan_in)
{
    b->type->init(b, fan_in);
    nd_zero_shift(b);
    nd_read_noise_next(b, true);
}

void nd_bank_init(nd_bank *b, size_t fan_in)
{
    nd_bank_init_devices(b, fan_in);
    nd_program_init(b);
}

size_t nd_bank_scratch(const nd_bank *b)
{
    return nd_panels(b->k, b->n);
}

nd_rows nd_bank_rows(const nd_bank *b, int which)
{
    const size_t whole = b->n / ND_LANES * b->k;
    const unsigned tail = (unsigned)(b->n % ND_LANES);
    if (which == 0) return (nd_rows){.rows = whole, .lanes = ND_LANES, .first = 0};
    return (nd_rows){.rows = tail ? b->k : 0, .lanes = tail, .first = (uint32_t)whole};
}

/* Pulses with a width of their own are counted one by one, all others as one each. False
 * when there was none. */
static bool count(nd_bank *b, const float *pulse)
{
    const double step = b->p->device_step;
    uint64_t sent = 0;
    for (int i = 0; i < 2; i++) {
        const nd_rows r = nd_bank_rows(b, i);
        nd_pulse_tally t;
        nd_kern()->pulse_tally(r, pulse + nd_rows_at(r), &t);
        sent += t.count[0] + t.count[1];
        if (!b->type->pulsed) continue;
        for (int side = 0; step > 0 && side < 2; side++)
            t.count[side] = (uint64_t)(t.width[side] / step + 0.5);
        b->pulses_up += t.count[0], b->pulses_down += t.count[1];
        b->width_up += t.width[0], b->width_down += t.width[1];
    }
    return sent > 0;
}

bool nd_bank_pulse(nd_bank *b, float *pulse, nd_at at)
{
    const nd_rows all = {.rows = nd_bank_cells(b) / ND_LANES, .lanes = ND_LANES};
    if (b->type->pulsed && b->p->device_step > 0)
        nd_kern()->pulse_whole(all, pulse, (float)b->p->device_step, pulse);
    const bool sent = count(b, pulse);
    b->type->pulse(b, pulse, nd_at_sub(at, b->id));
    return sent;
}

/* A scheme that sends its pulses at once. */
static void program_once(nd_bank *b, const nd_scheme *s, const float *wanted,
                         float *scratch, nd_at at)
{
    const float *pulse = s->pulses(b, wanted, scratch, at);
    if (!b->type->pulsed) { /* may do without the scratch */
        b->type->pulse(b, pulse, nd_at_sub(at, b->id));
        return;
    }
    if (pulse != scratch) memcpy(scratch, pulse, nd_bank_cells(b) * sizeof *pulse);
    (void)nd_bank_pulse(b, scratch, at);
}

void nd_bank_program(nd_bank *b, const float *wanted, float *scratch, nd_at at)
{
    if (b->type->wait) b->type->wait(b, nd_at_sub(at, b->id));
    const nd_scheme *s = nd_program_for(b->p, b->type)->scheme;
    if (s->program)
        s->program(b, wanted, scratch, at);
    else
        program_once(b, s, wanted, scratch, at);
    nd_bank_end_update(b);
}

void nd_bank_end_update(nd_bank *b)
{
    b->updates++;
    nd_read_noise_next(b, false);
}

bool nd_bank_restless(const nd_bank *b)
{
    const nd_params *p = b->p;
    return b->type->pulsed && ((p->device_c2c > 0 && p->device_c2c_on == ND_NOISE_ON_ALL) ||
                               nd_read_is_noisy(p) || p->device_lifetime > 0 ||
                               p->device_drift > 0 || p->device_drift_sd > 0);
}

size_t nd_bank_counters(nd_bank *b, void *at[])
{
    void *const all[] = {&b->updates,    &b->pulses_up, &b->pulses_down, &b->width_up,
                         &b->width_down, &b->refreshes, &b->loss_before};
    enum { N = sizeof all / sizeof *all };
    memcpy(at, all, sizeof all);
    return N + (b->fast ? nd_bank_counters(b->fast, at + N) : 0);
}
