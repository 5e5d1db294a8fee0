/* worker_log_impl.h -- DIR/logs/worker-N.log: when each trial of a worker began and how it ended,
 * and between the two what the trial said on standard error, down to the last words of one that
 * crashed. Nothing depends on these files: where they cannot be written, trials go on without. */
#ifndef NUDGE_WORKER_LOG_IMPL_H
#define NUDGE_WORKER_LOG_IMPL_H

#include "nudge/params.h"
#include "nudge/text.h"

/* Makes DIR/logs. */
ND_MUST nd_code nd_worker_log_open(const char *dir, nd_err *err);

/* DIR/logs/worker-N.log, appended. */
void nd_worker_log_path(nd_text *out, const char *dir, size_t worker);

/* A line: the time, the host, the trial, and the words. */
void nd_worker_log(const char *path, nd_key key, const char *fmt, ...) ND_PRINTF(3, 4);

/* From here on this process' standard error goes to the end of the file. */
void nd_worker_log_take_stderr(const char *path);

#endif
