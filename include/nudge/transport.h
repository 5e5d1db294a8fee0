/* transport.h -- the master's view of its workers, near or far: a table of operations.
 *
 * serial: one trial server of this process, worker 0. mpi: rank r is worker r-1 and relays
 * to the trial server that it forked before MPI_Init. No MPI type appears here; built
 * without MPI the same functions exist and know of one rank.
 *
 *     nd_mpi_start (all)  ->  rank 0: nd_mpi_open, send, poll, wait, ..., close
 *                             others: nd_mpi_worker_loop
 *                         ->  nd_mpi_finish (all) */
#ifndef NUDGE_TRANSPORT_H
#define NUDGE_TRANSPORT_H

#include "nudge/server.h"

/* ---- the master's view -------------------------------------------------------------- */

typedef enum nd_event_type {
    ND_EVENT_READY,     /* wants a task; bytes: its host         */
    ND_EVENT_PROGRESS,  /* of its task                           */
    ND_EVENT_RECORD,    /* its task ended; it is ready again     */
    ND_EVENT_CANCELLED, /* the same, without a record            */
    ND_EVENT_RETURNED,  /* the task that waited with it has not begun, and will not */
    ND_EVENT_LOST,      /* and its tasks with it; bytes: the reason. May be READY later */
} nd_event_type;

typedef struct nd_event {
    nd_event_type type;
    size_t worker;
    const char *bytes; /* good until the next poll */
    size_t n;
} nd_event;

typedef struct nd_transport nd_transport;

/* One row for each way to reach workers. Only `wait` waits. An error means that nothing
 * can be reached any more; the loss of one worker is an event. */
typedef struct nd_transport_ops {
    const char *name;
    /* Seconds: a worker may be sent one task more than it is at when that takes less, as the way
     * to and fro counts beside it. It begins when the other ends. 0: one task at a time. */
    double ahead;
    size_t (*n_workers)(const nd_transport *t);
    nd_code (*send)(nd_transport *t, size_t worker, const nd_child_limits *limits,
                    const void *task, size_t n, nd_err *err);
    /* CANCELLED follows; or RECORD, when that was on its way already. Before it RETURNED, if
     * another task waits. */
    nd_code (*cancel)(nd_transport *t, size_t worker, nd_err *err);
    /* RETURNED follows, unless what waited has begun. NULL where nothing is sent ahead. */
    nd_code (*recall)(nd_transport *t, size_t worker, nd_err *err);
    /* No more tasks for this worker. */
    nd_code (*release)(nd_transport *t, size_t worker, nd_err *err);
    nd_code (*poll)(nd_transport *t, nd_event *out, bool *have, nd_err *err);
    /* Sleeps until something may have happened: at most so long; a signal ends it. */
    void (*wait)(nd_transport *t, double seconds);
    void (*close)(nd_transport *t);
} nd_transport_ops;

struct nd_transport {
    const nd_transport_ops *ops;
    void *state;
};

/* Takes over `server`, running, and its end. */
ND_MUST nd_code nd_serial_open(nd_transport *t, nd_server *server, nd_err *err);

/* A server that dies has a successor, but not for ever: a worker whose servers die so many
 * times without a record in between gives up. */

enum { ND_RESTARTS_MAX = 8 };

/* ---- the ranks of this run ---------------------------------------------------------- */

typedef struct nd_mpi {
    int rank, size;
    const nd_server_job *job;
    nd_server server;       /* of a worker, and of a master that is alone */
    int restarts;           /* of it since the last record                */
    uint32_t lives;         /* servers that died: a task for one of them is void */
    char server_fault[256]; /* why there is none                          */
    bool initialised;       /* MPI is up                                  */
    int exit_code;          /* what the master said, < 0 before           */
} nd_mpi;

/* Collective. Forks the trial server where one is needed, then initialises MPI, if there is
 * more than one rank. Call first thing in the program: what a server shares with its parent
 * is the memory as it was here. Workers then ignore the signals that the master acts on.
 * ND_EENV when launcher and MPI disagree. argc and argv go to MPI_Init; may be NULL. */
ND_MUST nd_code nd_mpi_start(nd_mpi *m, int *argc, char ***argv, const nd_server_job *job,
                             nd_err *err);

/* Rank 0. With workers: waits until all have reported, for ND_REPORT_SECONDS at most, and
 * checks that they run the same build; ND_EENV names those that do not, and then
 * nd_mpi_abort is the way out. Alone: nd_serial_open with the server of `m`. */
ND_MUST nd_code nd_mpi_open(nd_transport *t, nd_mpi *m, nd_err *err);

enum { ND_REPORT_SECONDS = 60 };

/* Ranks > 0: relays between master and trial server until the master has no more work. */
ND_MUST nd_code nd_mpi_worker_loop(nd_mpi *m, nd_err *err);

/* Collective. Ends servers and MPI; returns the exit code of the master on every rank, so
 * that mpirun returns it. Trials that still run are killed. */
ND_MUST int nd_mpi_finish(nd_mpi *m, int exit_code);

/* For errors after which the ranks cannot meet in nd_mpi_finish: ends the whole job with
 * this exit code. Returns, to be followed by exit, when MPI is not up. */
void nd_mpi_abort(nd_mpi *m, int exit_code);

bool nd_mpi_built(void);
void nd_mpi_version(char *out, size_t size); /* "Open MPI v4.1.4" */

#endif
