/* need.h -- what else a trial has to be for a parameter to change anything in it. */
#ifndef NUDGE_NEED_H
#define NUDGE_NEED_H

#include "nudge/params.h"

typedef struct nd_need nd_need;

/* What `param` needs; NULL: nothing that is known of. By model, kind of device and programming
 * scheme only: what a formula needs (a beta of 0, a noise of 0) is not looked at. */
const nd_need *nd_need_of(const nd_param *param);
bool nd_need_met(const nd_need *need, const nd_params *p);
const char *nd_need_text(const nd_need *need); /* "model.kind rbm, drbm or dbn" */

#endif
