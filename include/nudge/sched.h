/* sched.h -- who runs what next: a pure state machine, events in, actions out.
 *
 * Tasks are the indices 0..n_tasks-1 with an expected cost in seconds, workers the indices
 * 0..n_workers-1. Tasks of one kind (the same model, size and epochs) are expected to be wrong
 * by one factor, which is learnt from those that are done. There is no clock, no input or output, no MPI and no randomness here: the
 * caller says what happened and how much time is left, then asks for actions until there
 * are none:
 *
 *     nd_sched_ready(s, w);  nd_sched_result(s, w, outcome, seconds);  nd_sched_lost(s, w);
 *     for (nd_action a; (a = nd_sched_next(s, remaining)).type != ND_ACT_NONE;) ...
 *
 * A worker has one task; or, where tasks are short and many are left (`ahead`), another one
 * that waits with it for the end of the first, and is asked back (RECALL) when others idle. */
#ifndef NUDGE_SCHED_H
#define NUDGE_SCHED_H

#include "nudge/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct nd_sched nd_sched;

typedef struct nd_sched_config {
    size_t n_tasks, n_workers;
    int retries;         /* attempts granted after a first that failed, 0..ND_RETRIES_MAX */
    double max_failures; /* fraction of all tasks that may fail for good, 0..1           */
    double safety;       /* a task starts when expected seconds x safety fit in the rest */
    /* or when so many seconds are left, for tasks that go on where they were cut short: in these
     * they get on by a checkpoint at least. HUGE_VAL: they do not. */
    double reach;
    int losses; /* so many workers may a task take with it before it has failed, 1..ND_LOSSES_MAX */
    /* A task that is known to take fewer seconds may go to a worker that has such a one
     * already; 0: none does. */
    double ahead;
    size_t n_kinds; /* 1..ND_KINDS_MAX */
    const uint16_t
        *kinds; /* (n_tasks) < n_kinds, borrowed for nd_sched_new; NULL: one kind */
    /* Tasks of the campaign that ended before this run; they count in the fraction only. */
    size_t done_before, failed_before;
} nd_sched_config;

enum { ND_RETRIES_MAX = 1000, ND_LOSSES_MAX = 100, ND_KINDS_MAX = 64 };

/* 0 tasks of one kind, 0 workers, 2 retries, 2 losses, no limit to failures, safety 1.25,
 * nothing cut short, nothing ahead */
nd_sched_config nd_sched_defaults(void);

/* How an attempt ended. */
typedef enum nd_outcome {
    ND_OUTCOME_DONE,
    ND_OUTCOME_RETRY,  /* failed, may go better next time: costs a retry */
    ND_OUTCOME_FAILED, /* failed, and would again                        */
    ND_OUTCOME_BACK,   /* cancelled: goes back as if it had not started  */
} nd_outcome;

typedef enum nd_action_type {
    ND_ACT_NONE,
    ND_ACT_ASSIGN, /* to a worker that is idle, or ahead: it begins when the other ends */
    ND_ACT_RECALL, /* what waits with this worker; nd_sched_returned, unless it has begun */
    ND_ACT_RELEASE, /* no more tasks for this worker */
} nd_action_type;

typedef struct nd_action {
    nd_action_type type;
    size_t worker, task; /* task: of ASSIGN only */
} nd_action;

/* Why nothing more is handed out. */
typedef enum nd_stop {
    ND_STOP_NONE,
    ND_STOP_DEADLINE, /* nothing left may start in the time that remains */
    ND_STOP_ASKED,
    ND_STOP_FAILURES, /* more than max_failures failed for good     */
} nd_stop;

typedef struct nd_sched_counts {
    size_t pending, running, done, failed; /* tasks; they sum up to n_tasks */
    size_t ahead;                          /* of those pending: with a worker already */
    size_t workers;                        /* ready or busy                 */
} nd_sched_counts;

/* cost (n_tasks): expected seconds, >= 0. attempts (n_tasks): failed attempts of earlier
 * runs, or NULL for none; such a task has at least one attempt left. Both are borrowed for
 * the call only. Takes all the memory it will ever need. ND_EINPUT, ND_ENOMEM. */
ND_MUST nd_code nd_sched_new(nd_sched **out, const nd_sched_config *config,
                             const float *cost, const int *attempts, nd_err *err);
void nd_sched_free(nd_sched *s);

/* Events. A worker that delivered a result is ready again without being told so, or begins
 * the task that waited with it. */
void nd_sched_ready(nd_sched *s, size_t worker);
/* Returns true when the task has ended for good, false when it will run again. */
bool nd_sched_result(nd_sched *s, size_t worker, nd_outcome outcome, double seconds);
/* Its task goes back and costs no retry; true when it was lost too often and has failed. What
 * waited with it goes back as if it had never been there. */
bool nd_sched_lost(nd_sched *s, size_t worker);
void nd_sched_returned(nd_sched *s, size_t worker); /* what waited with it */
/* A task of the kind `of` is known to have taken `actual` seconds and not `expected`: from earlier
 * runs. */
void nd_sched_learn(nd_sched *s, size_t of, double expected, double actual);
void nd_sched_stop(nd_sched *s); /* drain: what runs may end, nothing starts */

/* The next thing to do. remaining: seconds until the deadline, HUGE_VAL without one. */
nd_action nd_sched_next(nd_sched *s, double remaining);

/* Queries. */
bool nd_sched_finished(const nd_sched *s);   /* every task ended for good       */
nd_stop nd_sched_stopped(const nd_sched *s); /* ND_STOP_NONE once finished      */
nd_sched_counts nd_sched_count(const nd_sched *s);
bool nd_sched_idle(const nd_sched *s, size_t worker);   /* ready, without a task */
size_t nd_sched_task(const nd_sched *s, size_t worker); /* it is at; SIZE_MAX: none */
int nd_sched_attempt(const nd_sched *s, size_t worker); /* of its task, from 1  */
double nd_sched_expected(const nd_sched *s,
                         size_t worker);  /* seconds of its task, as learnt */
double nd_sched_ratio(const nd_sched *s); /* actual / expected seconds, of all kinds */
double nd_sched_seconds_left(const nd_sched *s); /* estimate until all is done  */
size_t nd_sched_bytes(const nd_sched *s);        /* memory held                 */

#endif
