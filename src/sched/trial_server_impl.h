/* trial_server_impl.h -- what the forked server does: see server.h. */
#ifndef NUDGE_TRIAL_SERVER_IMPL_H
#define NUDGE_TRIAL_SERVER_IMPL_H

#include "nudge/server.h"

/* Serves `job` on the socket until told to quit, then ends the process. */
_Noreturn void nd_trial_server(int fd, const nd_server_job *job, pid_t parent);

/* "killed by SIGSEGV (segmentation fault)", "exited with status 3"; from waitpid. */
void nd_status_words(int status, char *out, size_t size);

#endif
