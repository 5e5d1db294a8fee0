/* batches_impl.h -- the images of a trial as mini-batches. Each is a pure function of the
 * parameters and its place (epoch, batch): no order of calls, no state between epochs. */
#ifndef NUDGE_BATCHES_IMPL_H
#define NUDGE_BATCHES_IMPL_H

#include "nudge/model.h"

typedef enum nd_part { ND_PART_TRAIN, ND_PART_VALIDATION, ND_PART_TEST } nd_part;

typedef struct nd_batches {
    const nd_params *p; /* borrowed */
    nd_split split;
    nd_shape shape;
    float *x, *y;     /* (B, features), (B, classes); leading dimensions nd_ld() */
    uint8_t *label;   /* (B) */
    uint32_t *which;  /* (B) */
    uint8_t *bytes;   /* (features) an augmented image */
    float *mean, *sd; /* (features) data.mean and data.sd of each number; NULL: 0 and 1 */
    uint32_t *order;  /* (train) of the images in epoch `ordered`; -1: of none yet */
    int64_t ordered;
    nd_arena arena;
} nd_batches;

/* Room for mini-batches of train.batch, and of ND_EVAL_BATCH in evaluation. p must live as
 * long. ND_ENOMEM. */
ND_MUST nd_code nd_batches_new(nd_batches *s, const nd_params *p, const nd_split *split,
                               nd_shape shape, nd_err *err);
void nd_batches_free(nd_batches *s);

/* Mini-batches of an epoch. */
size_t nd_batches_count(const nd_batches *s);

/* Mini-batch 0 .. count-1 of an epoch, shuffled and augmented. Valid until the next call. */
nd_batch nd_batches_train(nd_batches *s, uint32_t epoch, uint32_t batch);

/* Images first .. of a part, at most ND_EVAL_BATCH, as they are; for the evaluation after
 * this epoch. B = 0 at the end. */
nd_batch nd_batches_evaluate(nd_batches *s, nd_part part, uint32_t epoch, size_t first);

#endif
