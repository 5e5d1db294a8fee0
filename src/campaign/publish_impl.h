/* publish_impl.h -- results.nc from plan, ledger and journal. */
#ifndef NUDGE_PUBLISH_IMPL_H
#define NUDGE_PUBLISH_IMPL_H

#include "nudge/plan.h"

#include "ledger_impl.h"
#include "rounds_impl.h"

/* Writes DIR/results.nc: every trial of the plan, with what the journal has on it. rounds: of a
 * refinement, else NULL. */
ND_MUST nd_code nd_publish_results(const char *path, const nd_plan *plan,
                                   const nd_ledger *ledger, nd_journal *journal,
                                   const nd_past *past, const nd_rounds *rounds,
                                   const char *command, nd_err *err);

#endif
