/* desk_impl.h -- DIR/checkpoints: what lies there of trials under way, each a file named by
 * its trial's key. The trials write them (checkpoint.h); the master clears away. */
#ifndef NUDGE_DESK_IMPL_H
#define NUDGE_DESK_IMPL_H

#include "ledger_impl.h"

/* DIR/checkpoints/KEY, appended. */
void nd_desk_path(nd_text *out, const char *dir, nd_key key);

/* Makes the folder ready: trials only write files. */
ND_MUST nd_code nd_desk_open(const char *dir, nd_err *err);

/* Does a trial of this status go on from its file? What ended by a failure around it does,
 * if it is run again; what came to its own end does not. */
bool nd_desk_keeps(nd_status status);

/* The trial has come to its end: its file goes, if there is one. */
void nd_desk_clear(const char *dir, nd_key key);

/* Removes the files of trials that came to their end, and what a killed writer left; then the
 * folder, if it is empty. */
void nd_desk_tidy(const char *dir, const nd_ledger *ledger);

/* Every file is whole and named as the trial it is of, which has not come to its end: else
 * ND_EDIFFERS. files: how many there are. */
ND_MUST nd_code nd_desk_check(const char *dir, const nd_ledger *ledger, size_t *files,
                              nd_err *err);

#endif
