/* device.h -- what holds a weight: banks of devices behind one table of operations.
 *
 * A model computes the change it wants for every weight of a bank and hands it to
 * nd_bank_program. The programming scheme turns the wanted change into a pulse, the device
 * turns the pulse into what really happens, and the bank's weights are what the model reads
 * next. No model writes a weight. */
#ifndef NUDGE_DEVICE_H
#define NUDGE_DEVICE_H

#include "nudge/kern.h"
#include "nudge/mem.h"
#include "nudge/params.h"

typedef struct nd_device_ops nd_device_ops;

/* The devices of one weight matrix (k inputs, n outputs), or of its n biases (k = 1).
 * Memory belongs to the trial's arena. */
typedef struct nd_bank {
    const nd_device_ops *type;
    const nd_params *p; /* borrowed */
    size_t k, n;
    uint32_t id;   /* names the bank to the random numbers; unique in a trial */
    bool bias;     /* a vector of biases: starts at 0 */
    float *weight; /* panels (k, n): what the model reads */
    /* ernoult: conductances of the pair in units of the range, and relative step sizes */
    float *plus, *minus;
    float *up_plus, *down_plus, *up_minus, *down_minus; /* NULL: all 1 */
    uint64_t pulses_up, pulses_down;                    /* sent so far */
} nd_bank;

/* How a type of device behaves. All ops act on one bank; pulses are in the device's own
 * unit. */
struct nd_device_ops {
    const char *name;
    bool pulsed; /* pulses are counted, conductances can saturate */
    /* Carves the bank's memory out of the arena (or measures it). */
    void (*take)(nd_bank *b, nd_arena *a);
    /* First weights: fan_in is the size of the layer nearer the input. */
    void (*init)(nd_bank *b, size_t fan_in);
    /* Sets the weights, panels (k, n), as well as the range allows: before training only.
     */
    void (*assign)(nd_bank *b, const float *weight);
    /* Applies pulse, panels (k, n); `at` names the moment to the cycle-to-cycle noise. */
    void (*pulse)(nd_bank *b, const float *pulse, nd_at at);
    /* Mean change of a weight per unit of pulse, in the middle of the range, for small
     * pulses. */
    double (*slope)(const nd_params *p);
    /* Devices at a bound of their range; NULL: unbounded. */
    void (*saturated)(const nd_bank *b, uint64_t *at_bound, uint64_t *devices);
};

/* Carves a bank: type from p, or ideal for biases when device.biases says so. */
void nd_bank_take(nd_bank *b, const nd_params *p, size_t k, size_t n, uint32_t id,
                  bool bias, nd_arena *a);

/* Floats of scratch that nd_bank_program needs for this bank. */
size_t nd_bank_scratch(const nd_bank *b);

/* Programs the wanted change, panels (k, n), in units of weight; scratch as above. */
void nd_bank_program(nd_bank *b, const float *wanted, float *scratch, nd_at at);

/* True when the weights move by exactly the wanted change, so that changes may be added up
 * and programmed at once. */
bool nd_bank_exact(const nd_bank *b);

/* The bank's cells as two runs: whole panels, then the panel with padding (rows may be 0).
 */
nd_rows nd_bank_rows(const nd_bank *b, int which);
static inline size_t nd_rows_at(nd_rows r)
{
    return (size_t)r.first * ND_LANES;
} /* floats */

/* ---- programming schemes ---- */

typedef struct nd_program_ops {
    const char *name, *help, *source;
    /* Panels of pulses for the wanted change; may return `wanted` itself, or fill scratch.
     */
    const float *(*pulses)(const nd_bank *b, const float *wanted, float *scratch);
} nd_program_ops;

/* The scheme that p asks for, with `auto` resolved for this type of device. */
const nd_program_ops *nd_program_for(const nd_params *p, const nd_device_ops *type);

#endif
