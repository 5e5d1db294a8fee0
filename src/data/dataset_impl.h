/* dataset_impl.h -- what a row of datasets.def can do. */
#ifndef NUDGE_DATASET_IMPL_H
#define NUDGE_DATASET_IMPL_H

#include "nudge/dataset.h"

typedef struct nd_dataset_ops {
    /* Fills train, test and classes, keeping what it owns in map[] and heap[]. d->name is
     * set. After a failure the caller closes d. */
    nd_code (*open)(nd_dataset *d, const nd_params *p, nd_err *err);
} nd_dataset_ops;

#define S(id, name, help, source) extern const nd_dataset_ops nd_dataset_##id;
#include "nudge/datasets.def"
#undef S

/* Makes room for images of this n, rows, cols and channels and their labels, in one block
 * kept as heap[part]. The caller fills *pixels and *labels, which `out` shows. */
ND_MUST nd_code nd_dataset_room(nd_dataset *d, int part, nd_images shape, nd_images *out,
                                uint8_t **pixels, uint8_t **labels, nd_err *err);

#endif
