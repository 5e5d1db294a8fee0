/* program.c -- programming schemes: from the wanted change to pulses. */
#include "nudge/device.h"

/* Pulses that would give the wanted change in the middle of the range. */
static const float *proportional(const nd_bank *b, const float *wanted, float *scratch)
{
    const double slope = b->type->slope(b->p);
    if (slope == 1.0) return wanted;
    nd_kern()->scale(nd_panels(b->k, b->n), (float)(1.0 / slope), wanted, scratch);
    return scratch;
}

/* One width for all weights and for ever; only the sign of the wanted change counts. */
static const float *cst(const nd_bank *b, const float *wanted, float *scratch)
{
    const nd_rows all = {.rows = nd_panels(b->k, b->n) / ND_LANES, .lanes = ND_LANES};
    nd_kern()->pulse_signs(all, wanted, (float)b->p->program_width, scratch);
    return scratch;
}

static const nd_program_ops rows[] = {
#define automatic                 NULL
#define R(id, name, help, source) {name, help, source, id},
#include "nudge/programs.def"
#undef R
#undef automatic
};

const nd_program_ops *nd_program_for(const nd_params *p, const nd_device_ops *type)
{
    if (p->program_scheme != ND_PROGRAM_automatic) return &rows[p->program_scheme];
    return &rows[type->pulsed ? ND_PROGRAM_cst : ND_PROGRAM_proportional];
}

bool nd_bank_exact(const nd_bank *b)
{
    return !b->type->pulsed && nd_program_for(b->p, b->type)->pulses == proportional;
}
