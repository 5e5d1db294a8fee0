/* checkpoint.h -- a trial under way as a file, from which it goes on bit by bit as if it had
 * never stopped.
 *
 * It is taken between two mini-batches. Since a mini-batch and its noise are functions of
 * their place (epoch, batch), nothing but the place, the network and the curves so far has
 * to be kept. The format opens checkpoint.c. */
#ifndef NUDGE_CHECKPOINT_H
#define NUDGE_CHECKPOINT_H

#include "nudge/model.h"
#include "nudge/record.h"

/* Where training stands: `batch` mini-batches of `epoch` (from 1) are learned. */
typedef struct nd_stage {
    uint32_t epoch, batch;
    nd_tally tally;   /* of the epoch so far                          */
    nd_tally test;    /* ... of train.test_spread                     */
    nd_effort before; /* when the epoch began                         */
    double pinned;    /* of the last epoch that ended; or NaN         */
    double seconds;   /* of training so far, in all processes         */
} nd_stage;

/* Replaces the file in one step. so_far: the record with its curves up to here. */
ND_MUST nd_code nd_checkpoint_save(const char *path, const nd_params *p, const nd_stage *at,
                                   const nd_record *so_far, const nd_net *net, nd_err *err);

/* Into a new network of p and the record of a trial that begins, whose curves are replaced.
 * All or nothing. ND_ENOENT: there is no such file; ND_ECORRUPT: it is not whole;
 * ND_EDIFFERS: it is of other parameters or another build of the program. */
ND_MUST nd_code nd_checkpoint_load(const char *path, const nd_params *p, nd_stage *at,
                                   nd_record *so_far, nd_net *net, nd_err *err);

/* Reads whose trial it is, after checking that the file is whole. ND_ECORRUPT. */
ND_MUST nd_code nd_checkpoint_key(const char *path, nd_key *key, nd_err *err);

#endif
