/* preset.h -- devices as published: presets.def. */
#ifndef NUDGE_PRESET_H
#define NUDGE_PRESET_H

#include "nudge/params.h"

typedef struct nd_preset {
    const char *name, *values, *help, *source;
} nd_preset;

const nd_preset *nd_preset_at(size_t i); /* NULL past the end */

/* Gives the parameters of the preset that p asks for (device.preset) its values, except
 * those that are `given`, by index in the parameter table; NULL: none is. A preset in the
 * table cannot fail: a unit test applies all. */
void nd_preset_apply(nd_params *p, const bool *given);

#endif
