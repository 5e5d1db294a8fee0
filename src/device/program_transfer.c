/* program_transfer.c -- Tiki-Taka: gradients are written to a fast array A, whose devices
 * come back to their symmetry point by themselves, and now and then a line of it to the
 * weights, C.
 *
 *     v1:  A += fast_rate wanted;   every transfer_every updates, for the next line i:
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

/* line i of x (k, n), all others 0 */
static void only_line(const nd_bank *b, size_t i, const float *x, float scale, float *out)
{
    memset(out, 0, nd_panels(b->k, b->n) * sizeof *out);
    for (size_t j = 0; j < b->n; j += ND_LANES) {
        const size_t at = nd_panel_at(b->k, i, j);
        nd_kern()->scale(b->n - j < ND_LANES ? b->n - j : ND_LANES, scale, x + at,
                         out + at);
    }
}

/* True when an update is to be followed by a transfer, of line *i. */
static bool due(nd_bank *b, size_t *i)
{
    const uint64_t every = (uint64_t)b->p->program_transfer_every;
    const uint64_t n = b->updates + 1;
    *i = (size_t)(n / every % b->k);
    return n % every == 0;
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
    fast->pulses_up = fast->pulses_down = 0;
    fast->width_up = fast->width_down = 0;
}

static void tiki_taka(nd_bank *b, const float *wanted, float *scratch, nd_at at)
{
    size_t i;
    write_fast(b, wanted, scratch, at);
    if (!due(b, &i)) return;
    only_line(b, i, b->fast->weight, (float)b->p->program_transfer_rate, scratch);
    nd_program_train(b, scratch, scratch, at);
    (void)nd_bank_pulse(b, scratch, at);
}

static void tiki_taka_2(nd_bank *b, const float *wanted, float *scratch, nd_at at)
{
    size_t i;
    write_fast(b, wanted, scratch, at);
    if (!due(b, &i)) return;
    memset(scratch, 0, nd_panels(b->k, b->n) * sizeof *scratch);
    for (size_t j = 0; j < b->n; j += ND_LANES) {
        const size_t o = nd_panel_at(b->k, i, j);
        nd_kern()->accumulate(
            &(nd_accumulation){.n = b->n - j < ND_LANES ? b->n - j : ND_LANES,
                               .wanted = b->fast->weight + o,
                               .chi = b->kept[H] + o,
                               .pulse = scratch + o,
                               .gain = (float)b->p->program_transfer_rate,
                               .step = (float)nd_program_step(b),
                               .width = (float)b->p->program_width,
                               .most = (float)b->p->program_train_length,
                               .whole = true});
    }
    (void)nd_bank_pulse(b, scratch, at);
}

const nd_scheme nd_scheme_tiki_taka = {
    .arrays = 1, .take = take, .init = init, .program = tiki_taka};
const nd_scheme nd_scheme_tiki_taka_2 = {
    .arrays = 1, .take = take, .init = init, .program = tiki_taka_2};
