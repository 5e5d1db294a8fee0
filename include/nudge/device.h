/* device.h -- what holds a weight: banks of devices behind one table of operations.
 *
 * A model computes the change it wants for every weight of a bank and hands it to
 * nd_bank_program. The programming scheme turns the wanted change into pulses, the devices
 * turn pulses into what really happens, and the bank's weights are what the model reads
 * next. No model writes a weight.
 *
 * What a bank is made of:
 *
 *   synapse       device.synapse, device.per_weight: the legs of a weight, which are its
 *                 devices, in pairs. Leg 2j adds to the weight, leg 2j+1 (missing where a
 *                 device is single) takes away from it.
 *   law           the type's mean step as a function of the normalised conductance, one
 *                 curve for each direction, with constants that may differ from device to
 *                 device: nd_law, k_device.c.
 *   imperfections common to all laws, each an array of the leg (or NULL: it costs nothing)
 *                 or a number: nd_leg, nd_devices. A conductance x is in [0, 1], in units of
 *                 the device's own range.
 *   weight        gain (G_max - G_min) (mean of plus - mean of minus - zero), from what the
 *                 legs read as.
 *
 * All of it goes through the kernels devices, weigh, drift and refresh. Pairs of
 * logarithmic devices with step variation and noise from cycle to cycle at most, as in
 * Ernoult et al. 2019, take the kernel pulse_pairs instead, which gives the same bits
 * sooner. */
#ifndef NUDGE_DEVICE_H
#define NUDGE_DEVICE_H

#include "nudge/kern.h"
#include "nudge/mem.h"
#include "nudge/params.h"
#include "nudge/response.h"

typedef struct nd_device_ops nd_device_ops;

enum { ND_PER_WEIGHT_MAX = 8, ND_KEPT_MAX = 2, ND_SHIFT_ARRAYS = 2 };

/* The devices of one weight matrix (k inputs, n outputs), or of its n biases (k = 1).
 * Memory belongs to the trial's arena. */
typedef struct nd_bank {
    const nd_device_ops *type;
    const nd_params *p; /* borrowed */
    size_t k, n;
    uint32_t id;   /* names the bank to the random numbers; unique in a trial */
    bool bias;     /* a vector of biases: starts at 0 */
    float *weight; /* panels (k, n): what the model reads */
    /* The rest is of memristors only. */
    size_t pairs;
    nd_leg leg[2 * ND_PER_WEIGHT_MAX]; /* arrays are panels (k, n) */
    float *zero;                       /* what is taken from the legs' sum, or NULL */
    nd_curve up, down;                 /* of the type, nominal */
    uint64_t updates;                  /* so far */
    uint64_t pulses_up, pulses_down;   /* sent so far, to raise a weight or lower it */
    double width_up, width_down;       /* and the sums of their widths, in units of T */
    uint64_t refreshes;                /* one-sided pairs reset so far */
    /* The programming scheme's own: see nd_scheme. */
    float *kept[ND_KEPT_MAX];      /* panels (k, n), what it remembers of each weight */
    struct nd_bank *fast;          /* the array of tiki-taka that is written to first */
    double loss, loss_before;      /* of the mini-batch, as the model says; NaN: unknown */
    float *shift[ND_SHIFT_ARRAYS]; /* scratch of zero-shift calibration, or NULL */
    /* Noise of reading: what is in the weights of it, and the processes behind it. */
    float *noise, *colour, *trap[2 * ND_PER_WEIGHT_MAX]; /* or NULL */
    nd_colour spectrum;
} nd_bank;

/* How a type's curves come from the parameters. y is the normalised conductance as seen by
 * the direction: x going up, 1 - x going down. */
typedef struct nd_law {
    nd_law_id id;
    int constants;   /* how many of nd_curve.k the shape decides; 0: there is no shape */
    bool referenced; /* the weight is counted from the device's own symmetry point */
    /* The number that says how non-linear it is, such as beta; NULL: none. */
    double (*shape)(const nd_params *p, bool up);
    /* Constants for that number. */
    void (*curve)(const nd_params *p, double shape, bool up, double k[ND_LAW_K]);
} nd_law;

/* How a type of device behaves. All ops act on one bank; pulses are in units of T, the
 * pulse that takes a device of constant step through its whole range. */
struct nd_device_ops {
    const char *name;
    bool pulsed;       /* pulses are counted, conductances can saturate */
    const nd_law *law; /* NULL: not pulsed */
    /* Carves the bank's memory out of the arena (or measures it). */
    void (*take)(nd_bank *b, nd_arena *a);
    /* First weights: fan_in is the size of the layer nearer the input. */
    void (*init)(nd_bank *b, size_t fan_in);
    /* Sets the weights, panels (k, n), as well as the range allows: before training only.
     */
    void (*assign)(nd_bank *b, const float *weight);
    /* Applies pulse, panels (k, n); `at` names the moment to the noise. */
    void (*pulse)(nd_bank *b, const float *pulse, nd_at at);
    /* An update's time passes; NULL: nothing changes by itself. */
    void (*wait)(nd_bank *b, nd_at at);
    /* Mean change of a weight per unit of pulse, in the middle of the range, for small
     * pulses. */
    double (*slope)(const nd_params *p);
    /* Devices at a bound of their range; NULL: unbounded. */
    void (*saturated)(const nd_bank *b, uint64_t *at_bound, uint64_t *devices);
};

/* Row of the device table. */
const nd_device_ops *nd_device_at(nd_device_id id);

/* Refuses parameters that make no sense together: ND_EINPUT, with the reason. */
ND_MUST nd_code nd_device_check(const nd_params *p, nd_err *err);

/* Carves a bank: type from p, or ideal for biases when device.biases says so. */
void nd_bank_take(nd_bank *b, const nd_params *p, size_t k, size_t n, uint32_t id,
                  bool bias, nd_arena *a);

/* What cannot be made in the arena: maps of device.d2d_correlation. Before nd_bank_init;
 * ND_EINPUT, ND_ENOMEM. */
ND_MUST nd_code nd_bank_open(nd_bank *b, nd_err *err);
bool nd_bank_maps(const nd_bank *b); /* true: there are some, out of FFTW */

/* First weights, and what calibration comes before them. fan_in as in nd_device_ops. */
void nd_bank_init(nd_bank *b, size_t fan_in);

/* Floats of scratch that nd_bank_program needs for this bank. */
size_t nd_bank_scratch(const nd_bank *b);

/* One update: time passes, then programs the wanted change, panels (k, n), in units of
 * weight, and reads anew; scratch as above. */
void nd_bank_program(nd_bank *b, const float *wanted, float *scratch, nd_at at);

/* Sends pulses, panels (k, n), and says whether there were any; rounded in place to whole ones where device.step asks for
 * it, and counts them: what a programming scheme does any number of times in an update. Each
 * time needs an `at` of its own (other than by nd_at_sub, which is the bank's). */
bool nd_bank_pulse(nd_bank *b, float *pulse, nd_at at);

/* The counters of a bank, of 8 bytes each: with its arrays all that changes in training.
 * Returns how many were set, at most ND_BANK_COUNTERS. */
enum { ND_BANK_COUNTERS = 14 };
size_t nd_bank_counters(nd_bank *b, void *at[]);

/* True when the weights move by exactly the wanted change, so that changes may be added up
 * and programmed at once. */
bool nd_bank_exact(const nd_bank *b);

/* True when weights change in an update in which no pulse is sent. */
bool nd_bank_restless(const nd_bank *b);

/* The bank's cells as two runs: whole panels, then the panel with padding (rows may be 0).
 */
nd_rows nd_bank_rows(const nd_bank *b, int which);
static inline size_t nd_rows_at(nd_rows r)
{
    return (size_t)r.first * ND_LANES;
} /* floats */

/* Adds to `bin` how many of the bank's devices that add to a weight (or take away from it: minus)
 * have a conductance in each of `bins` equal parts of their own range; none where there are no
 * devices. */
void nd_bank_histogram(const nd_bank *b, bool minus, size_t bins, uint64_t *bin);

/* ---- a device by itself: device_report.c ---- */

enum { ND_REPORT_POINTS = 401, ND_REPORT_STEPS = 10 };

/* What a pulse of the report's width does at x: the mean over equal devices without noise,
 * and sds: from cycle to cycle, and with what differs from device to device. */
typedef struct nd_device_step {
    double x, up, down;
    double up_cycle, down_cycle, up_all, down_all;
} nd_device_step;

typedef struct nd_device_report {
    double width; /* of a pulse, in units of T */
    size_t n;     /* readings: from G_min half of the way up, then down */
    size_t apart; /* pulses from one reading to the next */
    double mean[ND_REPORT_POINTS], one[ND_REPORT_POINTS]; /* the type; one device of it */
    double symmetry;                                      /* NaN: there is none */
    nd_device_step step[ND_REPORT_STEPS];
} nd_device_report;

/* Of p's devices, each taken by itself, with pulses of device.step or else program.width.
 * ND_EINPUT: ideal, or parameters that nd_device_check refuses; ND_ENOMEM. */
ND_MUST nd_code nd_device_report_of(const nd_params *p, nd_device_report *r, nd_err *err);

/* ---- measured devices: device_fit.c ---- */

enum { ND_FITS = 7 };

/* Parameters of a type (device.kind, its shapes, device.asymmetry, device.ratio and
 * program.width: one pulse of the measurement) and what its steps leave, as a fraction of the
 * root mean square of those measured. */
typedef struct nd_device_fit {
    nd_params p;
    double rest;
} nd_device_fit;

/* All analytic types, the nearest first. ND_ENOMEM. */
ND_MUST nd_code nd_device_fit_all(const nd_response *r, nd_device_fit fit[ND_FITS],
                                  nd_err *err);

/* ---- wear: device_wear.c ---- */

enum { ND_WEAR_BINS = 1000 };

/* Pulses that each device has had, where they are counted (device.wear, or with defects). */
typedef struct nd_wear {
    uint64_t devices;
    uint64_t stuck, worn; /* as made; and those whose endurance is over */
    double sum, max;
    uint64_t bin[ND_WEAR_BINS]; /* devices with pulses in max/ND_WEAR_BINS (i, i + 1] */
} nd_wear;

/* Over n banks; false: no device of theirs is counted. */
bool nd_wear_of(const nd_bank *banks, size_t n, nd_wear *w);

/* The pulses that a share q of the devices has had at most, to a bin. */
double nd_wear_quantile(const nd_wear *w, double q);

/* ---- laws, in double precision: device_law.c ---- */

/* G_max - G_min, with G_max = 1. */
static inline double nd_device_range(const nd_params *p)
{
    return 1.0 - 1.0 / p->device_ratio;
}

/* The nominal curve of a type in one direction, for the kernels. */
nd_curve nd_law_curve(const nd_law *law, const nd_params *p, bool up);

/* Movement per width of a small pulse at x, asymmetry included; >= 0 in both directions. */
double nd_law_rate(const nd_law *law, const nd_params *p, double x, bool up);

/* Where both directions move by the same; NaN: nowhere in the range, or everywhere. */
double nd_law_symmetry(const nd_law *law, const nd_params *p);

/* NeuroSim's label of an exponential curve, and its inverse: A is 1/k0, the number of
 * pulses after which the step has fallen to 1/e, as a fraction of the pulses that span the
 * range. NL = 10.1015 max over x of (1 - exp(-x/A))/(1 - exp(-1/A)) - x: found from the
 * published table, which it meets to 5 digits. */
double nd_nl_label(double A);
double nd_nl_inverse(double nl); /* 1/A; nl in (-10.1, 10.1) */

/* ---- programming schemes ---- */

/* How a scheme works. `arrays` panels (k, n) are its own, in b->kept, zero at first. */
typedef struct nd_scheme {
    int arrays;
    /* What else it needs of the arena, and how that starts, after the devices; or NULL. */
    void (*take)(nd_bank *b, nd_arena *a);
    void (*init)(nd_bank *b);
    /* One of the two. Panels of pulses for the wanted change, to be sent once; may return
     * `wanted` itself, or fill scratch. */
    const float *(*pulses)(nd_bank *b, const float *wanted, float *scratch, nd_at at);
    /* Sends what pulses it likes, by nd_bank_pulse. */
    void (*program)(nd_bank *b, const float *wanted, float *scratch, nd_at at);
} nd_scheme;

typedef struct nd_program_ops {
    const char *name, *help, *source;
    const nd_scheme *scheme;
} nd_program_ops;

/* The scheme that p asks for, with `auto` resolved for this type of device. */
const nd_program_ops *nd_program_for(const nd_params *p, const nd_device_ops *type);

#endif
