/* conv_time.h -- what the convolutions of a network take on this machine, directly and by
 * Fourier transforms: measured, so that model.convolution can be chosen. */
#ifndef NUDGE_CONV_TIME_H
#define NUDGE_CONV_TIME_H

#include "nudge/dataset.h"
#include "nudge/kern.h"
#include "nudge/params.h"

/* Seconds for one sample: in a step up and down, with this step's part of what is done when
 * weights have moved (flipping or transforming kernels); the input's convolution is done
 * once for a mini-batch, upwards only. */
typedef struct nd_conv_time {
    nd_conv g;
    bool input;
    double times; /* how often a sample in training goes through it */
    double direct, fft;
} nd_conv_time;

/* Measures every convolution of model.stack for about `seconds` each way, on states without
 * zeros, lowest layer first; *n = 0 when the model has none. ND_EINPUT as from checking the
 * model, ND_ENOMEM. */
ND_MUST nd_code nd_conv_time_all(const nd_params *p, nd_shape shape, double seconds,
                                 nd_conv_time out[ND_LIST_MAX], size_t *n, nd_err *err);

/* One convolution upwards without pooling, B images: seconds for one of them. For benches. */
ND_MUST nd_code nd_conv_time_up(const nd_conv *g, size_t B, double seconds, double *direct,
                                double *fft, nd_err *err);

#endif
