/* program_impl.h -- the rows of the table of programming schemes, by file. */
#ifndef NUDGE_PROGRAM_IMPL_H
#define NUDGE_PROGRAM_IMPL_H

#include "device_impl.h"

#define R(id, name, help, source) extern const nd_scheme nd_scheme_##id;
#include "nudge/programs.def"
#undef R

/* Memory of the bank's scheme, and its start. */
void nd_program_take(nd_bank *b, nd_arena *a);
void nd_program_init(nd_bank *b);

/* Change of a weight by a pulse of program.width in the middle of the range. */
static inline double nd_program_step(const nd_bank *b)
{
    return b->type->slope(b->p) * b->p->program_width;
}

/* Pulse trains of program.train_length for the wanted change: panels, into pulse. */
void nd_program_train(const nd_bank *b, const float *wanted, float *pulse, nd_at at);

/* `at` for the pulses, or draws, that go out a further time in the same update. */
static inline nd_at nd_program_again(nd_at at, uint32_t round)
{
    at.epoch |= round << 24;
    return at;
}

#endif
