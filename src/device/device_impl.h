/* device_impl.h -- the rows of the device table, and the laws of those that are pulsed. */
#ifndef NUDGE_DEVICE_IMPL_H
#define NUDGE_DEVICE_IMPL_H

#include "nudge/device.h"

#define D(id, name, help, source) extern const nd_device_ops nd_device_##id;
#include "nudge/devices.def"
#undef D

extern const nd_law nd_law_ernoult, nd_law_neurosim, nd_law_constant_step,
    nd_law_linear_step, nd_law_soft_bounds, nd_law_soft_bounds_reference, nd_law_exp_step,
    nd_law_pow_step, nd_law_piecewise;

/* Rate of a law that is no table at y, by its constants. */
double nd_law_rate_of(const nd_law *law, const double k[ND_LAW_K], double y);

/* device_build.c: memory and construction of a bank of memristors. */
void nd_memristor_take(nd_bank *b, nd_arena *a);
void nd_memristor_init(nd_bank *b, size_t fan_in);
void nd_memristor_assign(nd_bank *b, const float *weight);
void nd_memristor_weigh(nd_bank *b); /* weights from conductances */

/* A bank without a programming scheme. */
void nd_bank_take_devices(nd_bank *b, const nd_params *p, size_t k, size_t n, uint32_t id,
                          bool bias, nd_arena *a);
void nd_bank_init_devices(nd_bank *b, size_t fan_in);

/* zero_shift.c: memory for calibration, and calibration, when device.zero_shift asks for
 * it. */
void nd_zero_shift_take(nd_bank *b, nd_arena *a);
void nd_zero_shift(nd_bank *b);

/* Ends an update: the next one has other noise in what is read. */
void nd_bank_end_update(nd_bank *b);

/* read_noise.c: memory for noise, and noise of the bank's next moment, in its weights;
 * `fresh`: of the first. */
bool nd_read_is_noisy(const nd_params *p);
void nd_read_noise_take(nd_bank *b, nd_arena *a);
void nd_read_noise_next(nd_bank *b, bool fresh);

/* device_read.c: what becomes of the weights on the way out, in place. */
bool nd_memristor_reads_exactly(const nd_params *p);
void nd_memristor_read(nd_bank *b);

static inline size_t nd_bank_cells(const nd_bank *b)
{
    return nd_panels(b->k, b->n);
}

#endif
