/* model_impl.h -- the rows of the model table, one file each. */
#ifndef NUDGE_MODEL_IMPL_H
#define NUDGE_MODEL_IMPL_H

#include "nudge/model.h"

#define M(id, name, help, source) extern const nd_model_ops nd_model_##id;
#include "nudge/models.def"
#undef M

#endif
