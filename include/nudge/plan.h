/* plan.h -- what a spec amounts to: its trials by key, and what they will cost. */
#ifndef NUDGE_PLAN_H
#define NUDGE_PLAN_H

#include "nudge/dataset.h"
#include "nudge/journal.h"
#include "nudge/spec.h"

typedef struct nd_planned {
    nd_key key;
    uint32_t point; /* of the spec: the parameters are computed from it when needed */
    float seconds;  /* expected; 0 before nd_plan_price */
    uint16_t kind;  /* trials of one model, size, device and number of epochs; likewise */
} nd_planned;

typedef struct nd_plan {
    nd_spec *spec; /* owned */
    size_t n;
    nd_planned *trial; /* (n) in the order of the spec's points, owned */
    size_t points;     /* of the whole grid     */
    size_t filtered;   /* dropped by `where`    */
    size_t duplicates; /* same trial as another */
    nd_shard shard;    /* n = 0: all trials; else `all` of them, and trial holds a part */
    size_t all;
    /* nd_plan_price: */
    /* design: refine chooses `budget` of the trials at most, `first` of them in its first round;
     * else both are 0. */
    size_t budget, first;
    double seconds; /* of all trials, on one core of this machine; of a refinement, of so
                             * many of the dearest as the budget allows */
    double seconds_first;   /* of its first round                         */
    double seconds_longest; /* of the longest                             */
    size_t kinds;           /* at most ND_KINDS_MAX; the last holds the rest */
    size_t dearest;         /* the trial that was measured, and its data   */
    nd_shape dearest_shape;
    size_t bytes_max;  /* of the largest, data set aside             */
    double data_bytes; /* of the data sets, shared by a node         */
} nd_plan;

/* Expands the spec in `path`, with "p=v" sets, to trials. */
ND_MUST nd_code nd_plan_new(nd_plan *plan, const char *path, const char *const *sets,
                            size_t n_sets, nd_err *err);
/* The same for a spec already read, which the plan takes over even on failure. */
ND_MUST nd_code nd_plan_of(nd_plan *plan, nd_spec *spec, nd_err *err);

/* ND_EINPUT for a refinement: what its shards run would depend on the results of the others.
 * Leaves the shard's trials: those whose key, as a number, is i - 1 modulo n. So the parts of
 * an extended campaign are the old parts extended. Does nothing when shard.n is 0; ND_EINPUT
 * when no trial is left. */
ND_MUST nd_code nd_plan_shard(nd_plan *plan, nd_shard shard, nd_err *err);

/* Opens the data, checks every trial against it, and estimates costs by training the
 * dearest for a moment. Of a refinement, decides the first round. */
ND_MUST nd_code nd_plan_price(nd_plan *plan, nd_err *err);
void nd_plan_free(nd_plan *plan);

/* Parameters of trial i. */
ND_MUST nd_code nd_plan_params(const nd_plan *plan, size_t i, nd_params *out, nd_err *err);

/* Workers worth asking for when `left` seconds of work remain, and the time they need. */
typedef struct nd_advice {
    int ranks;      /* MPI ranks, the master included */
    double seconds; /* time limit to ask for          */
} nd_advice;
nd_advice nd_plan_advice(const nd_plan *plan);

#endif
