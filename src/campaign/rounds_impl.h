/* rounds_impl.h -- the rounds of a campaign whose design is refine: which trials of the grid each
 * asks for, and what their results say to the rule (refine.h).
 *
 * Decisions are kept in the journal and are a function of the records before them there: so a
 * run that goes on takes them as they are, and verify makes them again. */
#ifndef NUDGE_ROUNDS_IMPL_H
#define NUDGE_ROUNDS_IMPL_H

#include "nudge/plan.h"
#include "nudge/refine_map.h"

#include "ledger_impl.h"

typedef struct nd_rounds {
    const nd_plan *plan; /* outlives it; all trials of the grid */
    nd_refine_map map;
    uint32_t *available, *chosen; /* (points) replicates */
    double *value;            /* (points, most) what they gave; scratch of the decision */
    uint32_t *trial;          /* (points, most, cost) of the plan, or none */
    bool *asked;              /* (trials of the plan) */
    size_t n_asked, n_points; /* trials and points asked for */
    nd_round last;            /* without its choices; number 0: none yet */
} nd_rounds;

/* ND_EINPUT when the budget has no room for the first round. Free it, whatever comes back. */
ND_MUST nd_code nd_rounds_new(nd_rounds *r, const nd_plan *plan, nd_err *err);
void nd_rounds_free(nd_rounds *r);

size_t nd_rounds_budget(const nd_rounds *r); /* trials */
bool nd_rounds_over(const nd_rounds *r);

/* Takes up a decision; ND_ECORRUPT when it is not the next one, or not of this grid. */
ND_MUST nd_code nd_rounds_add(nd_rounds *r, const nd_round *round, nd_err *err);
/* From the first to the last that the journal has. */
ND_MUST nd_code nd_rounds_replay(nd_rounds *r, const nd_past *past, nd_err *err);

/* Have all trials asked for ended? */
bool nd_rounds_ended(const nd_rounds *r, const nd_ledger *l);

/* Decides the next round from the records of the trials asked for; free it. Does not take it up. */
ND_MUST nd_code nd_rounds_next(nd_rounds *r, const nd_ledger *l, nd_journal *j,
                               nd_round *out, nd_err *err);

/* Decides the next round, writes it to the journal and takes it up. */
ND_MUST nd_code nd_rounds_go_on(nd_rounds *r, const nd_ledger *l, nd_journal *j,
                                nd_err *err);

#endif
