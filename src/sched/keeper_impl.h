/* keeper_impl.h -- the process that keeps a trial server there: see keeper.c. */
#ifndef NUDGE_KEEPER_IMPL_H
#define NUDGE_KEEPER_IMPL_H

#include "nudge/server.h"

/* A server that was started, and how the one before it ended (a wait status; 0: there was
 * none). */
typedef struct nd_handover {
    int fd; /* the socket to it, the receiver's to close */
    pid_t pid;
    int ended;
} nd_handover;

/* Keeps a server until one ends in good order, or `parent` is gone; then ends the process. */
_Noreturn void nd_keeper(int control, const nd_server_job *job, pid_t parent);

/* The next server. False when none comes within so many seconds, or the keeper is gone. */
ND_MUST bool nd_keeper_receive(int control, double seconds, nd_handover *out);

#endif
