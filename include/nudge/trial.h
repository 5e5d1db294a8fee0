/* trial.h -- one training run, from parameters to a record. Knows no MPI, no NetCDF, no
 * argv. */
#ifndef NUDGE_TRIAL_H
#define NUDGE_TRIAL_H

#include "nudge/dataset.h"
#include "nudge/model.h"
#include "nudge/record.h"

/* Who looks on while a trial trains; all of it may be NULL. */
typedef struct nd_watch {
    void *ctx;
    /* Called after every epoch (counted from 1) with the curves so far. */
    void (*epoch)(void *ctx, const nd_record *so_far, size_t epoch);
    /* At the end of training that did not diverge: the network as it is, and the first
     * mini-batch of the last epoch (without training: of a first one). */
    void (*trained)(void *ctx, nd_net *net, const nd_batch *b);
    /* Asked after every mini-batch: is training to stop here? */
    bool (*stop)(void *ctx);
    /* The trial's checkpoint: training goes on from it if it is there, writes it every
     * train.checkpoint_seconds and when it stops. It is the caller's to remove. */
    const char *checkpoint;
} nd_watch;

/* Trains to the end, or until it diverges: then the record says so, which is no error.
 * Fills all of `out` but attempts (free it with nd_record_free). watch may be NULL. Fails
 * with ND_EINPUT when p does not fit itself or the data, ND_ENOMEM; ND_ESTOPPED when
 * watch->stop said so, with a checkpoint if it has a name. A checkpoint that cannot be used
 * or written is a warning: training begins anew, or goes on without. */
ND_MUST nd_code nd_trial_run(const nd_params *p, const nd_dataset *data,
                             const nd_watch *watch, nd_record *out, nd_err *err);

/* Trains a model of these parameters on made-up images of this shape for about `seconds` of
 * processor time, and returns how much of it one trial with `train` training and `test` test
 * images would take: what else the machine does is left out. */
ND_MUST nd_code nd_trial_estimate(const nd_params *p, nd_shape shape, size_t train,
                                  size_t test, double seconds, double *estimate,
                                  nd_err *err);

#endif
