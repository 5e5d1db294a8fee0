/* evaluation_impl.h -- what is measured of a Boltzmann machine after an epoch, beside its
 * errors. */
#ifndef NUDGE_EVALUATION_IMPL_H
#define NUDGE_EVALUATION_IMPL_H

#include "batches_impl.h"

#include "nudge/record.h"

/* Fills the metrics that rbm.evaluate asks for, by nd_metric_id, of the machine that learns
 * in this epoch (0: before the first; the last machine); the others stay as they are, as do
 * all weights. Nothing for models that are no Boltzmann machines. ND_ENOMEM; ND_EINPUT: more
 * annealing than there are random numbers. */
ND_MUST nd_code nd_evaluation_run(nd_net *net, nd_batches *b, uint32_t epoch,
                                  double value[], nd_err *err);

#endif
