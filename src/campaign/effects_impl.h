/* effects_impl.h -- whether what a spec sweeps changes anything in any of its trials. */
#ifndef NUDGE_EFFECTS_IMPL_H
#define NUDGE_EFFECTS_IMPL_H

#include "nudge/need.h"
#include "nudge/spec.h"

/* What is swept, replicates aside, and what it still needs; NULL: its need is met. More than
 * fit are not looked at. */
typedef struct nd_effects {
    size_t n;
    struct {
        const nd_param *param;
        const nd_need *unmet;
    } of[64];
} nd_effects;

void nd_effects_of(nd_effects *e, const nd_spec *spec);
void nd_effects_see(nd_effects *e, const nd_params *p); /* a trial */
void nd_effects_say(const nd_effects *e);               /* warns of what no trial has met */

#endif
