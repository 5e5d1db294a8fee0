/* fault_impl.h -- faults on request (check.fault), so that tests can see a campaign survive
 * them. */
#ifndef NUDGE_FAULT_IMPL_H
#define NUDGE_FAULT_IMPL_H

#include "nudge/params.h"

/* Provokes p's fault if its epoch has come; `weight` is what a NaN goes into. */
void nd_fault_provoke(const nd_params *p, uint32_t epoch, float *weight);

#endif
