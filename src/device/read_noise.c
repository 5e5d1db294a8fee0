/* read_noise.c -- noise of the conductances that is there when they are read, and not in the
 * devices: white, 1/f^alpha, and random telegraph noise (noise_colour.h).
 *
 * A moment is an update of the bank: the noise of a weight stays as it is from one update to
 * the next, for all phases and sweeps of a mini-batch, and moves on with it. Each device of
 * a weight has noise of its own; the sum of those that are normal is drawn as one. */
#include "device_impl.h"

#include "nudge/noise_colour.h"

#include <math.h>
#include <string.h>

bool nd_read_is_noisy(const nd_params *p)
{
    return p->read_noise > 0 || p->read_rtn > 0;
}

void nd_read_noise_take(nd_bank *b, nd_arena *a)
{
    const nd_params *p = b->p;
    const size_t n = nd_bank_cells(b);
    if (!b->type->pulsed || !nd_read_is_noisy(p)) return;
    b->noise = nd_arena_take(a, n, sizeof *b->noise);
    b->spectrum = nd_colour_make(p->read_alpha, p->read_memory);
    if (p->read_noise > 0)
        b->colour = nd_arena_take(a, nd_colour_state(&b->spectrum, n), sizeof *b->colour);
    for (size_t l = 0; p->read_rtn > 0 && l < 2 * b->pairs; l++)
        if (p->device_synapse != ND_SYNAPSE_SINGLE || l % 2 == 0)
            b->trap[l] = nd_arena_take(a, n, sizeof *b->trap[l]);
}

/* Weight per conductance of one leg, in units of the range: see nd_weighing. */
static double leg_scale(const nd_bank *b)
{
    return b->p->device_gain * nd_device_range(b->p) / (double)b->pairs;
}

static nd_at noise_at(const nd_bank *b, uint32_t which)
{
    const nd_at at = {.seed = (uint64_t)b->p->train_seed, .stream = ND_STREAM_READ};
    return nd_at_sub(at, b->id * 32 + which);
}

static void add_colour(nd_bank *b, const nd_rows *r, bool fresh)
{
    const bool single = b->p->device_synapse == ND_SYNAPSE_SINGLE;
    const double legs = (double)b->pairs * (single ? 1 : 2);
    const size_t o = nd_rows_at(*r);
    nd_kern()->colour(
        &(nd_colouring){.cells = *r,
                        .colour = &b->spectrum,
                        .fresh = fresh,
                        .moment = b->updates,
                        .at = noise_at(b, 0),
                        .gain = (float)(leg_scale(b) * sqrt(legs) * b->p->read_noise),
                        .state = b->colour + o,
                        .stride = nd_bank_cells(b),
                        .out = b->noise + o});
}

static void add_trap(nd_bank *b, const nd_rows *r, size_t leg, bool fresh)
{
    const nd_params *p = b->p;
    const double gain = (leg % 2 ? -1 : 1) * leg_scale(b) * p->read_rtn;
    const size_t o = nd_rows_at(*r);
    nd_kern()->telegraph(
        &(nd_traps){.cells = *r,
                    .rates = nd_telegraph_make(p->read_rtn_low, p->read_rtn_high),
                    .fresh = fresh,
                    .share = (float)p->read_rtn_share,
                    .moment = b->updates,
                    .at = noise_at(b, 1 + (uint32_t)leg),
                    .gain = (float)gain,
                    .state = b->trap[leg] + o,
                    .out = b->noise + o});
}

void nd_read_noise_next(nd_bank *b, bool fresh)
{
    if (!b->noise) return;
    memset(b->noise, 0, nd_bank_cells(b) * sizeof *b->noise);
    for (int i = 0; i < 2; i++) {
        const nd_rows r = nd_bank_rows(b, i);
        if (b->colour) add_colour(b, &r, fresh);
        for (size_t l = 0; l < 2 * b->pairs; l++)
            if (b->trap[l]) add_trap(b, &r, l, fresh);
    }
    nd_memristor_weigh(b);
}
