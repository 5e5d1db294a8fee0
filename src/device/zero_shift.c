/* zero_shift.c -- zero-shift calibration: weights counted from where their devices balance.
 *
 * Pulses up and down in turn take a device to its symmetry point, where both steps are
 * equal, whatever the device is like. What the weight is there becomes its zero (a reference
 * device is written to it, on a chip), and the first weights are then written anew. (Kim et
 * al. 2019, arXiv 1907.10228.) */
#include "device_impl.h"

#include <string.h>

enum { PULSES, FIRST };

static bool wanted(const nd_bank *b)
{
    return b->type->pulsed && b->p->device_zero_shift > 0;
}

void nd_zero_shift_take(nd_bank *b, nd_arena *a)
{
    if (!wanted(b)) return;
    for (int i = 0; i < ND_SHIFT_ARRAYS; i++)
        b->shift[i] = nd_arena_take(a, nd_bank_cells(b), sizeof *b->shift[i]);
    if (!b->zero) b->zero = nd_arena_take(a, nd_bank_cells(b), sizeof *b->zero);
}

void nd_zero_shift(nd_bank *b)
{
    if (!wanted(b)) return;
    const size_t n = nd_bank_cells(b);
    const float width = (float)b->p->program_width;
    const double scale =
        b->p->device_gain * nd_device_range(b->p) / (double)b->pairs; /* of nd_weighing */
    memcpy(b->shift[FIRST], b->weight, n * sizeof *b->weight);
    for (int64_t t = 0; t < b->p->device_zero_shift; t++) {
        for (size_t i = 0; i < n; i++)
            b->shift[PULSES][i] = (uint64_t)t / b->pairs % 2 ? -width : width;
        const nd_at at = {.seed = (uint64_t)b->p->device_seed,
                          .stream = ND_STREAM_ZERO,
                          .batch = (uint32_t)t};
        (void)nd_bank_pulse(b, b->shift[PULSES], at);
        b->updates++; /* devices of a weight may take turns, each with both signs */
    }
    b->updates = 0;
    for (size_t i = 0; i < n; i++)
        b->zero[i] += (float)((double)b->weight[i] / scale);
    b->type->assign(b, b->shift[FIRST]);
}
