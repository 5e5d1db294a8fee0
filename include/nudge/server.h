/* server.h -- the trial server: a process of its own that runs each trial in a child.
 *
 * A worker forks its server before MPI_Init. The server maps what the trials share, forks a
 * child for each trial, watches it, and answers every task with exactly one end: a record
 * (the child's, or one made of how the child died), or the word that it was cancelled. So a
 * crash, a hang or a refused allocation is a record and never reaches MPI. Tasks,
 * progress and records are opaque bytes here.
 *
 * The server dies with its parent, the child with its server (PR_SET_PDEATHSIG). */
#ifndef NUDGE_SERVER_H
#define NUDGE_SERVER_H

#include "nudge/text.h"

#include <sys/types.h>

/* ---- what a trial does: the caller's part ------------------------------------------- */

/* How a child ended that sent no whole record. */
typedef enum nd_child_fate {
    ND_CHILD_SIGNAL,      /* killed; number: the signal            */
    ND_CHILD_EXIT,        /* number: its exit status, not 0        */
    ND_CHILD_TIMEOUT,     /* ran longer than its limit             */
    ND_CHILD_NO_RECORD,   /* ended in good order, with no result   */
    ND_CHILD_REFUSED,     /* `prepare` failed: there was no child; number: the nd_code */
    ND_CHILD_NOT_STARTED, /* the system gave no process; number: errno */
} nd_child_fate;

typedef struct nd_child_end {
    nd_child_fate fate;
    int number;
    double seconds;  /* it lived for               */
    char words[512]; /* the reason, for the record */
} nd_child_end;

/* The child's way to its server. */
typedef struct nd_server_child {
    int fd;
} nd_server_child;

/* True once the trial was cancelled: the child has the job's grace to put down where it stands
 * and return. */
bool nd_child_cancelled(void);

void nd_child_progress(nd_server_child *io, const void *bytes, size_t n);
void nd_child_record(nd_server_child *io, const void *bytes,
                     size_t n); /* the first counts */

typedef struct nd_server_job {
    void *ctx; /* borrowed; lives in the server as a copy of the parent's memory */

    /* In the server, before each trial: e.g. maps the data set, once. May be NULL. */
    nd_code (*prepare)(void *ctx, const void *task, size_t n, nd_err *err);

    /* In the child: computes and sends. Returning ends the child; it must not exit(). */
    void (*run)(void *ctx, const void *task, size_t n, nd_server_child *io);

    /* In the server: makes the record of a trial that sent none. */
    void (*failed)(void *ctx, const void *task, size_t n, const nd_child_end *how,
                   nd_text *record);

    double grace; /* seconds that a cancelled child has before it is killed */
} nd_server_job;

/* ---- the parent's part; nothing here waits, but for nd_server_wait and _stop --------- */

typedef struct nd_child_limits {
    double seconds;  /* wall time of a trial; 0: none               */
    uint64_t memory; /* bytes beyond what the server maps; 0: none  */
} nd_child_limits;

typedef struct nd_server {
    int fd;      /* to the server; -1: not running */
    int control; /* to the keeper, which starts it and its successors */
    pid_t pid, keeper;
    nd_text in;  /* what came from the server ... */
    size_t used; /* ... and how much of it was handed on */
} nd_server;

typedef enum nd_server_says {
    ND_SAYS_PROGRESS,
    ND_SAYS_RECORD,
    ND_SAYS_CANCELLED
} nd_server_says;

typedef struct nd_server_message {
    nd_server_says type;
    const char *bytes; /* good until the next nd_server_poll */
    size_t n;
} nd_server_message;

/* An nd_server that was never started: nd_server_stop may be called on it. */
#define ND_SERVER_NONE ((nd_server){.fd = -1, .control = -1})

/* Forks the server, by way of a keeper that forks another should it die; not to be called
 * after MPI_Init. `job` is borrowed. The server keeps
 * standard input, output and error; every other descriptor of the parent is closed in it.
 */
ND_MUST nd_code nd_server_start(nd_server *s, const nd_server_job *job, nd_err *err);

/* One task at a time: the next only after the end of the last. */
ND_MUST nd_code nd_server_send_task(nd_server *s, const nd_child_limits *limits,
                                    const void *task, size_t n, nd_err *err);

/* Kills the child. The end of the task is then ND_SAYS_CANCELLED, or ND_SAYS_RECORD if
 * that was on its way already. Without a task under way this does nothing. */
ND_MUST nd_code nd_server_cancel(nd_server *s, nd_err *err);

/* The next whole message, if there is one. ND_EIO when the server itself died: the message
 * says how. Its task is gone, and another server is there, unless nd_server_fd says that none
 * is: then `s` is as if stopped. */
ND_MUST nd_code nd_server_poll(nd_server *s, nd_server_message *out, bool *have,
                               nd_err *err);

int nd_server_fd(const nd_server *s); /* readable when nd_server_poll has work; or -1 */

/* Sleeps until the server said something, a signal came, or the time is over. */
void nd_server_wait(const nd_server *s, double seconds);

/* Ends it, and a trial that runs; waits for a short grace, then kills. May be repeated. */
void nd_server_stop(nd_server *s);

/* Ignores the signals that mpirun, srun and terminals send to every process of a job: the
 * master alone acts on them. For workers; servers and children do so by themselves. */
void nd_signals_leave_to_master(void);

#endif
