/* program.c -- the table of programming schemes, and those that remember nothing: from the
 * wanted change of a weight to a pulse. */
#include "program_impl.h"

#include <math.h>

/* Pulses that would give the wanted change in the middle of the range. */
static const float *proportional(nd_bank *b, const float *wanted, float *scratch, nd_at at)
{
    (void)at;
    const double slope = b->type->slope(b->p);
    if (slope == 1.0 && !b->type->pulsed) return wanted;
    nd_kern()->scale(nd_panels(b->k, b->n), (float)(1.0 / slope), wanted, scratch);
    return scratch;
}

/* One width for all weights and for ever; only the sign of the wanted change counts. */
static const float *cst(nd_bank *b, const float *wanted, float *scratch, nd_at at)
{
    (void)at;
    const nd_rows all = {.rows = nd_panels(b->k, b->n) / ND_LANES, .lanes = ND_LANES};
    nd_kern()->pulse_signs(all, wanted, (float)b->p->program_width, scratch);
    return scratch;
}

/* Trains of program.train_length slots, in each of which a pulse of program.width may
 * coincide with one of the other side; so that the expected change is the wanted one, as far
 * as a train without a gap goes. */
void nd_program_train(const nd_bank *b, const float *wanted, float *pulse, nd_at at)
{
    const double slots = (double)b->p->program_train_length;
    at.stream = ND_STREAM_TRAIN;
    for (int i = 0; i < 2; i++) {
        const nd_rows r = nd_bank_rows(b, i);
        nd_kern()->train(&(nd_train){.cells = r,
                                     .wanted = wanted + nd_rows_at(r),
                                     .pulse = pulse + nd_rows_at(r),
                                     .slots = (unsigned)slots,
                                     .chance = (float)(1 / (slots * nd_program_step(b))),
                                     .width = (float)b->p->program_width,
                                     .at = nd_at_sub(at, b->id)});
    }
}

static const float *stochastic(nd_bank *b, const float *wanted, float *scratch, nd_at at)
{
    nd_program_train(b, wanted, scratch, at);
    return scratch;
}

const nd_scheme nd_scheme_automatic = {.pulses = NULL};
const nd_scheme nd_scheme_proportional = {.pulses = proportional};
const nd_scheme nd_scheme_cst = {.pulses = cst};
const nd_scheme nd_scheme_stochastic = {.pulses = stochastic};

static const nd_program_ops rows[] = {
#define R(id, name, help, source) {name, help, source, &nd_scheme_##id},
#include "nudge/programs.def"
#undef R
};

const nd_program_ops *nd_program_for(const nd_params *p, const nd_device_ops *type)
{
    if (p->program_scheme != ND_PROGRAM_automatic) return &rows[p->program_scheme];
    return &rows[type->pulsed ? ND_PROGRAM_cst : ND_PROGRAM_proportional];
}

void nd_program_take(nd_bank *b, nd_arena *a)
{
    const nd_scheme *s = nd_program_for(b->p, b->type)->scheme;
    for (int i = 0; i < s->arrays; i++)
        b->kept[i] = nd_arena_take(a, nd_panels(b->k, b->n), sizeof *b->kept[i]);
    if (s->take) s->take(b, a);
}

void nd_program_init(nd_bank *b)
{
    const nd_scheme *s = nd_program_for(b->p, b->type)->scheme;
    b->loss = b->loss_before = (double)NAN;
    if (s->init) s->init(b);
}

bool nd_bank_exact(const nd_bank *b)
{
    return !b->type->pulsed &&
           nd_program_for(b->p, b->type)->scheme == &nd_scheme_proportional;
}
