/* mixing_impl.h -- how fast the Gibbs chains of a Boltzmann machine forget. */
#ifndef NUDGE_MIXING_IMPL_H
#define NUDGE_MIXING_IMPL_H

#include "batches_impl.h"

#include "nudge/record.h"

/* The network is a Boltzmann machine and its parameters ask for it: numbers come out of FFTW.
 */
bool nd_mixing_wanted(const nd_net *net);

/* Runs rbm.mixing_chains chains of the machine that learns in this epoch, from test images
 * on, and fills tau_... and ess_... of value, by nd_metric_id; no weight moves. Nothing if
 * it isn't wanted. ND_ENOMEM. */
ND_MUST nd_code nd_mixing_run(nd_net *net, nd_batches *b, uint32_t epoch, double value[],
                              nd_err *err);

#endif
