/* pictures_impl.h -- what a trained network looks like. */
#ifndef NUDGE_PICTURES_IMPL_H
#define NUDGE_PICTURES_IMPL_H

#include "nudge/model.h"

typedef struct nd_pictures {
    /* Files to draw, by their endings; NULL: not that one. */
    const char *samples, *filters; /* of Boltzmann machines */
    const char *conductances;
    const char *data; /* name of the data set, for the titles */
} nd_pictures;

/* Before training: ND_EUSAGE, an ending that is no picture's; ND_EINPUT, a model that has no
 * Boltzmann machine, or no devices. */
ND_MUST nd_code nd_pictures_check(const nd_pictures *w, const nd_params *p, nd_err *err);

/* Draws them: samples from Gibbs chains that start from the mini-batch, the weights
 * between pixels and the first hidden units, and histograms of conductances. ND_EENV: no gnuplot; ND_EIO, ND_ENOMEM. */
ND_MUST nd_code nd_pictures_draw(const nd_pictures *w, nd_net *net, const nd_batch *b,
                                 nd_err *err);

#endif
