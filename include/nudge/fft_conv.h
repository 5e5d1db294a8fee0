/* fft_conv.h -- convolutions by Fourier transforms: what the kernels conv and conv_back do,
 * for geometries whose kernels are large.
 *
 *     forward   u = pool( F^-1( conj(F w) . F x ) ) + b        summed over channels
 *     back      x += F^-1( F w . F unpool(u) )                  summed over maps
 *
 * with F the transform over a plane that is large enough for nothing to come round into what
 * is kept. The work per place grows with the logarithm of the plane, not with the kernel's
 * size (Mathieu, Henaff, LeCun, arXiv 1312.5851). Kernels are transformed when they changed,
 * maps at every call. A stride computes all places and takes some.
 *
 * Sums are those of the direct kernels up to rounding; they are the same on each run, for
 * each batch and vector unit, but FFTW may give other last bits on another machine. Of
 * places that are equal, such as a uniform background, max pooling takes the one that
 * rounding favours, not always the first. */
#ifndef NUDGE_FFT_CONV_H
#define NUDGE_FFT_CONV_H

#include "nudge/fourier.h"
#include "nudge/kern.h"
#include "nudge/mem.h"

enum { ND_FFT_IMAGES = 20 }; /* images that are worked on at a time, at most */

typedef struct nd_fft_conv {
    nd_conv g;
    nd_plane lower, upper, kernel; /* as large each: what is transformed */
    float *up, *down; /* spectra of the kernels, for either way; down NULL: no way back */
    nd_fourier_planes *lower_plans, *upper_plans, *kernel_plans; /* owned, between open and
                                                                    close */
} nd_fft_conv;

/* ND_EINPUT: maps that are too large to transform, with a remedy. */
ND_MUST nd_code nd_fft_conv_check(const nd_conv *g, nd_err *err);

/* Sets the shape and takes memory for the kernels' spectra; no way back for a lower map of
 * padding-free pixels (pixel < nd_ld(channels)), or if not wanted. */
void nd_fft_conv_take(nd_fft_conv *c, const nd_conv *g, bool back, nd_arena *a);

/* Floats of scratch, 64-byte aligned, that all calls below share with anyone. */
size_t nd_fft_conv_scratch(const nd_fft_conv *c);

/* Plans the transforms; as nd_fourier_planes_new. */
ND_MUST nd_code nd_fft_conv_open(nd_fft_conv *c, nd_err *err);
void nd_fft_conv_close(nd_fft_conv *c); /* fine if never opened */

/* The kernels changed: w panels (k, maps), for either way. */
void nd_fft_conv_learn_up(const nd_fft_conv *c, const float *w, float *scratch);
void nd_fft_conv_learn_down(const nd_fft_conv *c, const float *w, float *scratch);

/* As the kernels conv and conv_back, with weights as learned last (f->w and t->flipped are
 * not looked at), and this module's scratch. */
void nd_fft_conv_forward(const nd_fft_conv *c, const nd_conv_forward *f);
void nd_fft_conv_back(const nd_fft_conv *c, const nd_conv_back *t);

#endif
