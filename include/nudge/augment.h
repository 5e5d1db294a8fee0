/* augment.h -- variety for training images: mirrored and moved copies (data.augment). */
#ifndef NUDGE_AUGMENT_H
#define NUDGE_AUGMENT_H

#include "nudge/dataset.h"
#include "nudge/philox.h"

/* Writes image i, changed as p asks for, to out (rows, cols, channels). What is drawn is a
 * function of `at` (its stream is set here) and `index` alone. */
void nd_augment_image(const nd_params *p, const nd_images *images, size_t i, nd_at at,
                      uint32_t index, uint8_t *out);

#endif
