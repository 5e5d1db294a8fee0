/* stack_impl.h -- networks of convolutions and fully connected layers, from one line of text:
 *
 *     conv 32 5x5, max 2, conv 64 5x5, max 2, fc 10
 *
 * Items from the input to the output, with commas between them:
 *
 *     conv N KxK [stride S] [pad P]    N maps by a kernel of K rows and K columns ("5" is 5x5)
 *     max F | avg F                    pooling of the convolution before it, F x F, stride F
 *     fc N                             N units, each connected to all below
 *
 * A convolution and its pooling are one layer, whose state is the pooled map. Fully
 * connected layers come last, at least one: the output. */
#ifndef NUDGE_STACK_IMPL_H
#define NUDGE_STACK_IMPL_H

#include "nudge/kern.h"
#include "nudge/params.h"

/* One layer and its link to what is below. */
typedef struct nd_stack_layer {
    bool is_conv;
    nd_conv conv; /* geometry of the link, if is_conv */
    /* The link's weights are panels (k, n). After a map, k of a fully connected layer counts
     * the map's padding lanes too, whose states are 0; fan_in counts real inputs only. */
    size_t k, n, fan_in;
    size_t rows, cols, channels; /* of the state; 1 x 1 x n if fully connected */
    size_t units;                /* rows * cols * channels */
    size_t floats;               /* of one sample's state: rows * cols * nd_ld(channels) */
} nd_stack_layer;

typedef struct nd_stack {
    size_t n, convs; /* layers; the first `convs` of them are convolutions */
    nd_stack_layer layer[ND_LIST_MAX]; /* from the lowest to the output */
} nd_stack;

/* Reads `text` for an input of rows x cols x channels pixels. ND_EINPUT, naming the item,
 * its place and a remedy. */
ND_MUST nd_code nd_stack_parse(const char *text, size_t rows, size_t cols, size_t channels,
                               nd_stack *out, nd_err *err);

#endif
