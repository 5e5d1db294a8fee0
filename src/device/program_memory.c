/* program_memory.c -- programming schemes that remember something of every weight: RProp,
 * accumulated gradients, write and verify. */
#include "program_impl.h"

#include <math.h>
#include <string.h>

/* ---- RProp: a pulse width for each weight ----
 *
 * The width follows from the signs of two successive wanted changes; kept are the width and
 * the last sign. Widths start as program.width, which is also the largest unless
 * program.width_max says otherwise. Ernoult et al. 2019 (mem-RBM): Rprop+ of Riedmiller and
 * Braun (1993) with factors 0.99 and 1/0.99. iRprop+ and iRprop-: Igel and Huesken (2003),
 * factors 0.5 and 1.2. A pulse that undoes another one doesn't quite, on a device that is not
 * linear. */

enum { WIDTH, BEFORE };

static const float *rprop_pulses(nd_bank *b, const float *wanted, float *pulse, bool undo)
{
    const nd_params *p = b->p;
    const size_t n = nd_panels(b->k, b->n);
    const double most = p->program_width_max > 0 ? p->program_width_max : p->program_width;
    const double growth =
        p->program_rprop_growth > 0 ? p->program_rprop_growth : 1 / p->program_rprop_factor;
    for (size_t i = 0; !b->updates && i < n; i++)
        b->kept[WIDTH][i] = (float)p->program_width;
    nd_kern()->rprop(&(nd_rprop){.n = n,
                                 .wanted = wanted,
                                 .before = b->kept[BEFORE],
                                 .width = b->kept[WIDTH],
                                 .pulse = pulse,
                                 .grow = (float)growth,
                                 .shrink = (float)p->program_rprop_factor,
                                 .widest = (float)most,
                                 .narrowest = (float)p->program_width_min,
                                 .undo = undo});
    return pulse;
}

static const float *rprop(nd_bank *b, const float *wanted, float *scratch, nd_at at)
{
    (void)at;
    return rprop_pulses(b, wanted, scratch, true);
}

/* Undoes a step only when the loss went up since; it is the mini-batch's, and unknown (NaN)
 * before there is one. */
static const float *irprop_plus(nd_bank *b, const float *wanted, float *scratch, nd_at at)
{
    (void)at;
    const bool rose = b->loss > b->loss_before;
    b->loss_before = b->loss;
    return rprop_pulses(b, wanted, scratch, rose);
}

static const float *irprop_minus(nd_bank *b, const float *wanted, float *scratch, nd_at at)
{
    (void)at;
    return rprop_pulses(b, wanted, scratch, false);
}

/* ---- accumulation: changes are added up digitally, and programmed by whole pulses ----
 *
 * chi += wanted; pulses = round(chi/eps); chi -= eps pulses. (Nandakumar et al. 2020.) */

static const float *accumulate(nd_bank *b, const float *wanted, float *scratch, nd_at at)
{
    (void)at;
    const double eps = b->p->program_threshold, width = b->p->program_width;
    const double step = eps > 0 ? eps : nd_program_step(b);
    nd_kern()->accumulate(
        &(nd_accumulation){.n = nd_panels(b->k, b->n),
                           .wanted = wanted,
                           .chi = b->kept[0],
                           .pulse = scratch,
                           .gain = 1.0f,
                           .step = (float)step,
                           .width = (float)width,
                           .most = b->type->pulsed ? (float)ceil(1 / width) : 4194304.0f});
    return scratch;
}

/* ---- write and verify: pulse and read, until the weight is where it is wanted ----
 *
 * Wanted changes are mostly smaller than the tolerance, so where a weight should be is kept,
 * digitally. What cannot be reached is forgotten, but for the tolerance.
 *
 * The pulse for what is missing, times a gain that grows while the weight falls short and is
 * halved when it is overshot. */

enum { TARGET, GAIN };

static void write_verify(nd_bank *b, const float *wanted, float *scratch, nd_at at)
{
    const nd_params *p = b->p;
    const size_t n = nd_panels(b->k, b->n);
    const double range = p->device_gain * nd_device_range(p);
    nd_verification v = {.n = n,
                         .target = b->kept[TARGET],
                         .weight = b->weight,
                         .gain = b->kept[GAIN],
                         .pulse = scratch,
                         .per_slope = (float)(1 / b->type->slope(p)),
                         .tolerance = (float)(p->program_tolerance * range),
                         .widest = b->type->pulsed ? 1.0f : 1e30f,
                         .fresh = true};
    if (!b->updates) memcpy(b->kept[TARGET], b->weight, n * sizeof *b->weight);
    nd_kern()->add(n, wanted, b->kept[TARGET]);
    for (uint32_t i = 0; i < (uint32_t)p->program_tries; i++, v.fresh = false) {
        nd_kern()->verify(&v);
        if (!nd_bank_pulse(b, scratch, nd_program_again(at, i))) return;
    }
    v.give_up = true;
    nd_kern()->verify(&v);
}

const nd_scheme nd_scheme_rprop = {.arrays = 2, .pulses = rprop};
const nd_scheme nd_scheme_irprop_plus = {.arrays = 2, .pulses = irprop_plus};
const nd_scheme nd_scheme_irprop_minus = {.arrays = 2, .pulses = irprop_minus};
const nd_scheme nd_scheme_accumulate = {.arrays = 1, .pulses = accumulate};
const nd_scheme nd_scheme_write_verify = {.arrays = 2, .program = write_verify};
