/* job_impl.h -- what a trial server of a campaign does with a task. The task is a line with
 * the path of the trial's checkpoint, one with that of its worker's log, then the text of all
 * its parameters; the record is nd_record_pack's. */
#ifndef NUDGE_JOB_IMPL_H
#define NUDGE_JOB_IMPL_H

#include "nudge/record.h"

/* Appends the task. */
void nd_task_put(nd_text *out, const nd_params *p, const char *checkpoint, const char *log);

/* What a trial says after each epoch. */
typedef struct nd_progress {
    uint32_t epoch, epochs;
    double train_error;
} nd_progress;

ND_MUST nd_code nd_progress_unpack(nd_progress *p, const void *bytes, size_t n,
                                   nd_err *err);

#endif
