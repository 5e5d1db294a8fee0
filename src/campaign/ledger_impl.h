/* ledger_impl.h -- what the journal says, by trial: where its last record is and how it
 * ended. */
#ifndef NUDGE_LEDGER_IMPL_H
#define NUDGE_LEDGER_IMPL_H

#include "nudge/journal.h"
#include "nudge/plan.h"

typedef struct nd_line {
    nd_key key;
    uint64_t offset; /* of the trial's last record in the journal */
    float seconds;   /* that it took */
    uint8_t status;  /* nd_status; PENDING: an empty slot */
    uint8_t attempts;
} nd_line;

/* Open addressing; keys are hashes already. */
typedef struct nd_ledger {
    nd_line *slot;
    size_t n, slots;
    size_t epochs; /* most epochs of any record */
} nd_ledger;

/* Notes a record; a later one of the same trial takes the place of an earlier. */
ND_MUST nd_code nd_ledger_put(nd_ledger *l, const nd_record *r, uint64_t offset,
                              nd_err *err);
const nd_line *nd_ledger_find(const nd_ledger *l, nd_key key); /* NULL: no record yet */
void nd_ledger_free(nd_ledger *l);

/* What a journal says besides its trials. */
typedef struct nd_past {
    nd_origin origin; /* the last; empty texts when there was none */
    nd_text history;  /* a line "time: command" for each start     */
    int sessions;     /* starts                                    */
    nd_shard shard;   /* n = 0: the whole campaign                 */
    nd_round *rounds; /* (n_rounds) of a refinement, since the spec changed last */
    size_t n_rounds;
} nd_past;

/* Replays the journal. Free both, whatever comes back. */
ND_MUST nd_code nd_ledger_replay(nd_ledger *l, nd_past *past, nd_journal *j, nd_err *err);
/* What the journal has beyond the last replay: after nd_journal_refresh. */
ND_MUST nd_code nd_ledger_follow(nd_ledger *l, nd_past *past, nd_journal *j, nd_err *err);
void nd_past_free(nd_past *past);
/* All trials of the spec that was run last. */
ND_MUST nd_code nd_past_plan(const nd_past *past, nd_plan *plan, nd_err *err);
void nd_past_forget_rounds(nd_past *past); /* the spec is another one */
void nd_past_add(nd_past *past, const nd_session *s);

#endif
