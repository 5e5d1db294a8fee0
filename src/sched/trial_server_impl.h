/* trial_server_impl.h -- what the forked server does: see server.h. */
#ifndef NUDGE_TRIAL_SERVER_IMPL_H
#define NUDGE_TRIAL_SERVER_IMPL_H

#include "nudge/server.h"

/* Makes this process one of ours, just forked by `parent`: it dies with its parent, crashes
 * plainly, leaves signals to the master, and has no descriptors but 0, 1, 2 and `fd`. */
void nd_child_of(pid_t parent, int fd);

/* Serves `job` on the socket until told to quit, then ends the process: with status 0, and
 * with another when it could not go on. */
_Noreturn void nd_trial_server(int fd, const nd_server_job *job, pid_t parent);

/* "killed by SIGSEGV (segmentation fault)", "exited with status 3"; from waitpid. */
void nd_status_words(int status, char *out, size_t size);

#endif
