/* program_transfer.c -- Tiki-Taka: gradients are written to a fast array A, whose devices
 * come back to their symmetry point by themselves, and now and then a line of it to the
 * weights, C.
 *
 *     v1:  A += fast_rate wanted;   every transfer_every updates, for the next transfer_lines lines i:
 *          C_i += transfer_rate A_i
 *     v2:  the same, but H_i += transfer_rate A_i in between, digitally: C_i gets the whole
 *          pulses that are in H_i
 *
 * (Gokmen and Haensch, Front. Neurosci. 14:103 (2020); Gokmen, Front. Artif. Intell. 4:699148
 * (2021), as aihwkit has them, with gamma = 0: the model reads C alone.) On devices whose
 * steps up and down differ, noise in the gradient pulls a weight to the point at which they
 * don't. A is pulled there too, but there A is 0, which is what it should read when the
 * gradient averages to 0: then C rests, wherever it is. Where a device's symmetry point is
 * not 0, device.zero_shift makes it so. Both arrays are written by pulse trains, but for v2's
 * transfers. */
#include "program_impl.h"

#include <string.h>

enum { H }; /* kept */

static void take(nd_bank *b, nd_arena *a)
{
    enum { OTHERS = 128 }; /* more than a network has banks */
    b->fast = nd_arena_take(a, 1, sizeof *b->fast);
    nd_bank measured;
    nd_bank *fast = b->fast ? b->fast : &measured;
    nd_bank_take_devices(fast, b->p, b->k, b->n, b->id + OTHERS, b->bias, a);
}

/* The fast array starts at 0, as far as its devices can be put there. */
static void init(nd_bank *b)
{
    nd_bank *const fast = b->fast;
    nd_bank_init_devices(fast, b->k);
    memset(b->kept[H], 0, nd_panels(b->k, b->n) * sizeof *b->kept[H]);
    fast->type->assign(fast, b->kept[H]);
}

/* The lines that an update transfers, one after the other and from the last to the first
 * again: `count` of them from `first` on, none in most updates when transfers are rare. */
typedef struct lines {
    size_t first, count;
} lines;

static lines due(const nd_bank *b)
{
    const uint64_t every = (uint64_t)b->p->program_transfer_every;
    const uint64_t updates = b->updates + 1;
    if (updates % every) return (lines){0, 0};
    const size_t asked = (size_t)b->p->program_transfer_lines;
    const size_t count = asked < b->k ? asked : b->k;
    return (lines){(size_t)((updates / every - 1) * count % b->k), count};
}

/* Calls `part` for the runs of cells that make up those lines: n of them at `at`. */
static void each_run(nd_bank *b, lines l, float *out,
                     void (*part)(nd_bank *b, size_t at, size_t n, float *out))
{
    memset(out, 0, nd_bank_cells(b) * sizeof *out);
    for (size_t line = 0; line < l.count; line++)
        for (size_t j = 0; j < b->n; j += ND_LANES)
            part(b, nd_panel_at(b->k, (l.first + line) % b->k, j),
                 b->n - j < ND_LANES ? b->n - j : ND_LANES, out);
}

/* The fast array's pulses are counted with the bank's. */
static void write_fast(nd_bank *b, const float *wanted, float *scratch, nd_at at)
{
    nd_bank *const fast = b->fast;
    const float rate = (float)b->p->program_fast_rate;
    if (fast->type->wait) fast->type->wait(fast, nd_at_sub(at, fast->id));
    nd_kern()->scale(nd_panels(b->k, b->n), rate, wanted, scratch);
    nd_program_train(fast, scratch, scratch, at);
    (void)nd_bank_pulse(fast, scratch, at);
    nd_bank_end_update(fast);
    b->pulses_up += fast->pulses_up, b->pulses_down += fast->pulses_down;
    b->width_up += fast->width_up, b->width_down += fast->width_down;
    b->refreshes += fast->refreshes;
    fast->pulses_up = fast->pulses_down = fast->refreshes = 0;
    fast->width_up = fast->width_down = 0;
}

static void read_part(nd_bank *b, size_t at, size_t n, float *wanted)
{
    const float rate = (float)b->p->program_transfer_rate;
    nd_kern()->scale(n, rate, b->fast->weight + at, wanted + at);
}

static void tiki_taka(nd_bank *b, const float *wanted, float *scratch, nd_at at)
{
    const lines l = due(b);
    write_fast(b, wanted, scratch, at);
    if (!l.count) return;
    each_run(b, l, scratch, read_part);
    nd_program_train(b, scratch, scratch, at);
    (void)nd_bank_pulse(b, scratch, at);
}

static void sum_part(nd_bank *b, size_t at, size_t n, float *pulse)
{
    nd_kern()->accumulate(&(nd_accumulation){.n = n,
                                             .wanted = b->fast->weight + at,
                                             .chi = b->kept[H] + at,
                                             .pulse = pulse + at,
                                             .gain = (float)b->p->program_transfer_rate,
                                             .step = (float)nd_program_step(b),
                                             .width = (float)b->p->program_width,
                                             .most = (float)b->p->program_train_length,
                                             .whole = true});
}

static void tiki_taka_2(nd_bank *b, const float *wanted, float *scratch, nd_at at)
{
    const lines l = due(b);
    write_fast(b, wanted, scratch, at);
    if (!l.count) return;
    each_run(b, l, scratch, sum_part);
    (void)nd_bank_pulse(b, scratch, at);
}

const nd_scheme nd_scheme_tiki_taka = {
    .arrays = 1, .take = take, .init = init, .program = tiki_taka};
const nd_scheme nd_scheme_tiki_taka_2 = {
    .arrays = 1, .take = take, .init = init, .program = tiki_taka_2};
