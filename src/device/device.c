/* device.c -- the device table, and what all banks share. */
#include "device_impl.h"

static const nd_device_ops *const types[] = {
#define D(id, name, help, source) &nd_device_##id,
#include "nudge/devices.def"
#undef D
};

void nd_bank_take(nd_bank *b, const nd_params *p, size_t k, size_t n, uint32_t id,
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

void nd_bank_program(nd_bank *b, const float *wanted, float *scratch, nd_at at)
{
    const float *pulse = nd_program_for(b->p, b->type)->pulses(b, wanted, scratch);
    for (int i = 0; b->type->pulsed && i < 2; i++) {
        const nd_rows r = nd_bank_rows(b, i);
        uint64_t counts[2];
        nd_kern()->pulse_count(r, pulse + nd_rows_at(r), counts);
        b->pulses_up += counts[0];
        b->pulses_down += counts[1];
    }
    b->type->pulse(b, pulse, nd_at_sub(at, b->id));
}
