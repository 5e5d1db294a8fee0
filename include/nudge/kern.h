/* kern.h -- the vector kernels: what every model and device computes with. They know
 * layouts, not energies.
 *
 * Layouts. States are matrices (B, n), row-major, with the leading dimension nd_ld(n): n
 * rounded up to ND_LANES, the padding kept at 0. Weights from k inputs to n outputs are
 * stored in panels (k, n): nd_ld(n)/16 panels after each other, each (k, 16): the 16
 * outputs of one input lie together, so that a product reads a panel front to back and
 * needs no packing.
 *
 * One result on every machine: each output element is summed over k in rising order with
 * fused multiply-adds, on every ISA; transcendental functions are this project's
 * polynomials. So scalar, AVX2 and AVX-512 give the same bits, and the scalar build is the
 * oracle.
 *
 * Kernels do not allocate, fail or log. Any size is legal, 0 included. */
#ifndef NUDGE_KERN_H
#define NUDGE_KERN_H

#include "nudge/err.h"
#include "nudge/philox.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ND_LANES = 16 };

static inline size_t nd_ld(size_t n)
{
    return (n + ND_LANES - 1) / ND_LANES * ND_LANES;
}
static inline size_t nd_panels(size_t k, size_t n)
{
    return k * nd_ld(n);
} /* floats */
static inline size_t nd_panel_at(size_t k, size_t i, size_t j)
{
    return j / ND_LANES * k * ND_LANES + i * ND_LANES + j % ND_LANES;
}

/* One product s W: s (B, k), W panels (k, n). */
typedef struct nd_term {
    const float *s;
    size_t k, ld;
    const float *w;
} nd_term;

/* out (B, n) = drive + sum of the terms. */
typedef struct nd_affine {
    size_t B, n;
    const float *drive; /* (B, n), or (n) for all rows when drive_ld = 0 */
    size_t drive_ld;
    int terms;
    nd_term term[2];
    float *out; /* (B, n), ld = nd_ld(n) */
} nd_affine;

/* One relaxation step of a layer, fused:
 *
 *     x  = in.drive + sum of in.term                              (the pre-activation)
 *     s' = s + dt (-s + r(x) + beta (y - s))                      nudged outside r
 *     s' = s + dt (-s + r(x + beta (y - s)))                      nudged inside r
 *
 * or, when there is somewhere to put r(s'), a step down the energy of a Hopfield network,
 * whose terms are products of r(s), not of s:
 *
 *     s' = s + dt (-s + r'(s) x + beta (y - s))                   without r'(s): flat
 *
 * s' goes to in.out, which must not overlap `old` or the terms: all layers of a step see
 * the states of the step before (Jacobi). target NULL: no nudge. */
typedef struct nd_relax {
    nd_affine in;
    const float *old;    /* s (B, n) */
    const float *target; /* y (B, n) or NULL */
    float beta, dt;
    bool inside;
    int activation;       /* nd_activation_id */
    const float *old_rho; /* r(s) (B, n); used by the energy's step */
    float *rho;           /* r(s') (B, n), or NULL: not the energy's step */
    bool flat, clamp;     /* without r'(s); s' held to [0, 1]: energy's step only */
    float grid;           /* s' is rounded to multiples of it; 0: not rounded */
} nd_relax;

/* The same step with complex states, weights real: (re, im) each (B, n), pre-activations
 * given. Activations with a holomorphic continuation only: nd_activation.holomorphic. */
typedef struct nd_relax_complex {
    size_t B, n;
    const float *pre[2], *old[2];
    const float *target; /* y (B, n), real, or NULL */
    float beta[2], dt;
    bool inside;
    int activation;
    float *out[2];
} nd_relax_complex;

/* Neurons as they are built: x <- gain x + offset + noise, in place. gain and offset (n),
 * NULL: 1 and 0; noise normal with sd, drawn for the element's index in (B, nd_ld(n)). */
typedef struct nd_neurons {
    size_t B, n;
    const float *gain, *offset;
    float sd;
    nd_at at;
    float *x; /* (B, n) */
} nd_neurons;

/* soft_error: out = scale (y - softmax(logits)), all (B, n). With imaginary parts (not
 * NULL) the softmax is its holomorphic continuation and scale is complex. */
typedef struct nd_soft_error {
    size_t B, n;
    const float *logits[2];
    const float *target; /* y (B, n) */
    float scale[2];
    float *out[2];
} nd_soft_error;

/* out panels (k, n) = scale (pre1^T post1 - pre0^T post0), the contrast of two phases; pre0
 * NULL: only the first. pre (B, k) with leading dimension pre_ld (0: one row for all), post
 * (B, n). */
typedef struct nd_hebb {
    size_t B, k, n;
    size_t pre_ld;
    const float *pre1, *post1, *pre0, *post0;
    float scale;
    float *out;
} nd_hebb;

/* A run of cells, 16 to a row: `rows` rows of which the first `lanes` cells are real and
 * the rest padding. `first` is the index of the first row: it names the cells to the random
 * numbers. */
typedef struct nd_rows {
    size_t rows;
    unsigned lanes;
    uint32_t first;
} nd_rows;

/* Pulses up [0] and down [1]: how many there are, and the sum of their widths. */
typedef struct nd_pulse_tally {
    uint64_t count[2];
    double width[2];
} nd_pulse_tally;

/* Differential pairs of logarithmic devices under one signed pulse each (device_ernoult.c):
 * conductances x in units of the range, 0..1, updated in place; weights w = range (xp -
 * xm), on entry as on return. */
typedef struct nd_pairs {
    nd_rows cells;
    const float
        *pulse; /* signed width in units of T: > 0 potentiates plus, depresses minus */
    float *plus, *minus;
    /* relative step sizes, potentiation and depression of each; NULL: 1 */
    const float *up_plus, *down_plus, *up_minus, *down_minus;
    float *weight;
    float beta, growth; /* non-linearity, and exp(beta) - 1 */
    float c2c, range;
    bool noise_on_all;
    nd_at at; /* of the cycle-to-cycle noise */
} nd_pairs;

/* How a device moves by a pulse: see k_device.c for the formulas. */
typedef enum nd_law_id {
    ND_LAW_LOGARITHMIC,
    ND_LAW_EXPONENTIAL,
    ND_LAW_LINEAR,
    ND_LAW_SATURATING,
    ND_LAW_POWER,
    ND_LAW_TABLE
} nd_law_id;
enum { ND_LAW_K = 3, ND_LAW_NODES = 16 };

/* The constants of a law in one direction. */
typedef struct nd_curve {
    float k[ND_LAW_K];
    size_t nodes; /* of a table: node[i] is the step at y = i/(nodes - 1) */
    float node[ND_LAW_NODES];
} nd_curve;

/* One device of every cell. What is NULL is off: that costs nothing. */
typedef struct nd_leg {
    float *x;                /* conductance in units of the device's own range, 0..1 */
    float *up, *down;        /* relative step sizes; NULL: 1                         */
    float *up_k[ND_LAW_K];   /* constants of its own law; NULL: the type's           */
    float *down_k[ND_LAW_K]; /* (all that the law has, or none)                      */
    float *low, *span;       /* its range, in units of the nominal one; NULL: 0, 1   */
    float *wear, *life;      /* pulses received; after how many it stays as it is    */
    float *seen;             /* x as it reads, with write noise; NULL: x             */
    float *age, *nu;         /* updates since its last pulse; exponent of its drift  */
} nd_leg;

/* sd of the noise from cycle to cycle, in the order of device.c2c_kind: c2c; c2c |step| for
 * each pulse of `step`; c2c sqrt(such pulses). */
typedef enum nd_c2c { ND_C2C_RANGE, ND_C2C_STEP, ND_C2C_SQRT } nd_c2c;

/* devices: pairs of devices of any law under one signed pulse each; see k_device.c. What is
 * in no cell of the pulses (padding) stays as it is. */
typedef struct nd_devices {
    nd_rows cells;
    const float *pulse; /* signed width in units of T */
    nd_leg plus, minus; /* minus.x NULL: there is none */
    nd_law_id law;
    nd_curve up, down;
    float up_scale, down_scale; /* of all steps */
    float step;     /* width of a whole pulse; 0: a pulse is one, however wide */
    bool one_sided; /* only potentiation: a pulse < 0 potentiates minus */
    float c2c;
    nd_c2c c2c_kind;
    bool noise_on_all;
    float grid;         /* levels - 1 of a device; 0: any conductance */
    bool down_to_level; /* to the level below; else to the nearest */
    float write_noise;
    nd_at at, write_at; /* of the two kinds of noise */
} nd_devices;

/* weigh: weight = scale (sum of plus - sum of minus - offset - zero), legs in turn plus and
 * minus of `pairs` pairs; rows of padding too. */
typedef struct nd_weighing {
    nd_rows cells;
    size_t pairs, at; /* cell 0 is number `at` of the legs */
    const nd_leg *leg;
    float offset, scale;
    const float *zero; /* or NULL */
    float *weight;
} nd_weighing;

/* drift: one update's time passes for the devices of a leg:
 *     x <- rest + keep (x - rest);  x <- x ((age + 2)/(age + 1))^-nu;  age <- age + 1
 * the latter two where there is an age. seen moves by as much as x does. */
typedef struct nd_drifting {
    nd_rows cells;
    nd_leg leg;
    float keep, rest;
} nd_drifting;

/* refresh: a pair of which one is above `high` and the other above `low` is reset and its
 * difference written anew, with an error of that sd; *count pairs were. */
typedef struct nd_refreshing {
    nd_rows cells;
    nd_leg plus, minus;
    float high, low, sd;
    nd_at at;
} nd_refreshing;

/* ---- Boltzmann machines: k_gibbs.c ---- */

/* How the state of a unit follows from x, at inverse temperature beta. */
typedef enum nd_unit {
    ND_UNIT_LOGISTIC,  /* 1 with probability p = 1/(1 + exp(-beta x)) */
    ND_UNIT_GIVEN,     /* 1 with probability p = x                    */
    ND_UNIT_THRESHOLD, /* 1 if x > 1/2                                */
    ND_UNIT_GAUSSIAN   /* normal: mean p = x, variance 1/beta         */
} nd_unit;

/* The states of a layer. Units group .. n-1 are a softmax group instead: exactly one of
 * them is 1, unit k with probability proportional to exp(beta x_k). */
typedef struct nd_units {
    size_t B, n;
    size_t group; /* n: no group */
    nd_unit unit;
    const float *x; /* (B, n), leading dimension x_ld */
    size_t x_ld;
    const float *beta; /* (B), or NULL: 1 */
    nd_at at;          /* of the draws: unit j of row b has number nd_ld(n) b + j there */
    float *p, *s;      /* expectations and samples (B, n), columns n .. ld-1 become 0;
                          either may be NULL; p may be x if there is no group */
    size_t ld;
} nd_units;

/* A hidden layer that sees the label y by its row of w: x + w[first + y]. */
typedef struct nd_labels {
    size_t B, n, C; /* C labels */
    const float *x; /* (B, n) pre-activations without a label, ld nd_ld(n) */
    const float *w; /* panels (k, n), rows first .. first+C-1 the labels'  */
    size_t k, first;
} nd_labels;

/* label_drives: out (B, n) = x + w[first + label]; out may be x.
 *
 * label_energies: out (B, C) = bias_c + sum_j log(1 + exp(x_j + w[first + c]_j)), minus the
 * free energy of every label.
 *
 * label_slopes, with error (B, C) and s_c = 1/(1 + exp(-x - w[first + c])):
 *     hidden (B, n) = sum_c error_c s_c
 *     rows, panels (C, n) = scale sum_b error_bc s_c
 *
 * row_dots: out (B) = the scalar products of rows; a leading dimension of 0 is one row for
 * all. */

/* peak: n rounds of ND_PEAK_FLOPS operations that touch no memory; sink (32 floats) keeps
 * the compiler honest. What the machine can do at most, for benchmarks. */
enum { ND_PEAK_FLOPS = 12 * 2 * ND_LANES };

/* largest: the largest |a - b| of n, 0 for none. */

/* pixels: out = in/255; standardise: out = (in/255 - mean)/sd. */

/* One step of an optimiser (optimisers.def) on n weights w, whose change is on entry g0,
 * minus the gradient, and on return what is wanted. With g = g0 - decay w:
 *
 *     sgd        change = rate g
 *     momentum   m <- keep_m m + g;   change = rate m
 *     adam       m <- keep_m m + (1 - keep_m) g;   v <- keep_v v + (1 - keep_v) g^2;
 *                change = rate m / (root_v sqrt(v) + eps)
 *
 * with rate and root_v holding Adam's corrections for the first steps. No two arrays
 * overlap. */
typedef struct nd_descent {
    size_t n;
    const float *weight;
    float *change, *m, *v;
    float rate, decay, keep_m, keep_v, root_v, eps;
} nd_descent;
/* ---- convolutions ----
 * Maps are channels-last: (B, rows, cols, C) where C is nd_ld(channels), the padding kept
 * at 0. The network's input alone has pixels of just its channels; see nd_conv.pixel. The
 * weights of a link are panels (k, maps) with k = (kh, kw, channels), channels fastest:
 * the three transpositions below are those of one matrix, taken out of the image pixel by
 * pixel. Pooling follows: windows of F x F side by side, what does not fill one dropped. */
typedef enum nd_pool { ND_POOL_NONE, ND_POOL_MAX, ND_POOL_AVERAGE } nd_pool;
typedef struct nd_conv {
    size_t rows, cols, channels; /* of the lower map */
    size_t pixel, image; /* floats of the lower map from pixel to pixel, image to image */
    size_t kh, kw, stride, pad; /* pad: zeros on each of the four sides */
    size_t maps;                /* channels of the upper map */
    nd_pool pool;
    size_t window; /* F; 1 without pooling, at most 15 */
} nd_conv;
/* Rows (or columns) of the pooled map. */
static inline size_t nd_conv_size(const nd_conv *g, size_t lower, size_t kernel)
{
    const size_t n = lower + 2 * g->pad;
    return n < kernel ? 0 : ((n - kernel) / g->stride + 1) / g->window;
}
static inline size_t nd_conv_rows(const nd_conv *g)
{
    return nd_conv_size(g, g->rows, g->kh);
}
static inline size_t nd_conv_cols(const nd_conv *g)
{
    return nd_conv_size(g, g->cols, g->kw);
}
/* Rows of the weight matrix. */
static inline size_t nd_conv_k(const nd_conv *g)
{
    return g->kh * g->kw * g->channels;
}
/* Floats of one image of the upper map: pooled rows x cols x nd_ld(maps). */
static inline size_t nd_conv_upper(const nd_conv *g)
{
    return nd_conv_rows(g) * nd_conv_cols(g) * nd_ld(g->maps);
}
/* Floats of one image of the lower map with its border of zeros. */
static inline size_t nd_conv_padded(const nd_conv *g)
{
    return (g->rows + 2 * g->pad) * (g->cols + 2 * g->pad) * g->pixel;
}
/* conv: out (B, upper map) = pool(lower * w + bias). With max pooling `argmax` (B, upper
 * map) gets the index, row by row, of the largest of each window, the first of equals. */
typedef struct nd_conv_forward {
    nd_conv g;
    size_t B;
    const float *lower, *w;
    const float *bias;     /* (nd_ld(maps)) or NULL */
    const uint8_t *chosen; /* NULL, or max pooling takes these instead of the largest */
    bool add;              /* to what is in out, in place of storing */
    float *out;
    uint8_t *argmax; /* or NULL */
    float *scratch;  /* (nd_conv_forward_scratch) */
} nd_conv_forward;
/* conv_flip: panels (k, maps) -> what conv_back reads, (nd_conv_flipped) floats. */
static inline size_t nd_conv_flipped(const nd_conv *g)
{
    return g->kh * nd_ld(g->kw * nd_ld(g->channels)) * g->maps;
}
/* conv_back: out (B, lower map) += the transpose of pool(lower * w), without bias, applied
 * to upper (B, upper map): through max pooling only at `argmax`. Zeros of `upper` cost
 * nothing. The lower map is one of nd_ld(channels) per pixel. */
typedef struct nd_conv_back {
    nd_conv g;
    size_t B;
    const float *upper;
    const uint8_t *argmax; /* of max pooling */
    const float *flipped;  /* from conv_flip */
    float *out;
    float *scratch; /* (nd_conv_back_scratch) */
} nd_conv_back;
/* conv_hebb: out panels (k, maps) = scale (upper1^T lower1 - upper0^T lower0) summed over
 * batch and places, each phase with its own argmax; upper0 NULL: only the first. It is the
 * derivative of <pool(lower * w), upper> by w. */
typedef struct nd_conv_hebb {
    nd_conv g;
    size_t B;
    const float *lower1, *upper1, *lower0, *upper0;
    const uint8_t *argmax1, *argmax0; /* of max pooling */
    float scale;
    float *out;
    float *scratch; /* (nd_conv_hebb_scratch) */
} nd_conv_hebb;
/* Floats of scratch. Forward: sums of the lines in work and images with their border;
 * back: the same for its output, and lists of what is not zero (see k_conv.c). */
enum {
    ND_CONV_PIXELS = 64,   /* places before pooling that forward works on at least */
    ND_CONV_GROUP = 4,     /* images that back works on at a time */
    ND_CONV_CHANNELS = 64, /* upper channels that back works on at a time */
};
/* Images that forward works on at a time: enough for ND_CONV_PIXELS. */
static inline size_t nd_conv_group(const nd_conv *g)
{
    const size_t places = nd_conv_rows(g) * nd_conv_cols(g) * g->window * g->window;
    return places ? (ND_CONV_PIXELS + places - 1) / places : 1;
}
static inline size_t nd_conv_forward_scratch(const nd_conv *g)
{
    const size_t line = nd_conv_cols(g) * g->window * g->window;
    return (ND_CONV_PIXELS + line) * 2 * ND_LANES +
           (g->pad ? nd_conv_group(g) * nd_conv_padded(g) : 0);
}
static inline size_t nd_conv_back_scratch(const nd_conv *g)
{
    const size_t places = nd_conv_rows(g) * nd_conv_cols(g);
    return ND_CONV_GROUP * (places * (2 * ND_CONV_CHANNELS + g->window * g->window) +
                            (g->pad ? nd_conv_padded(g) : 0)) +
           4 * ND_LANES;
}
static inline size_t nd_conv_hebb_scratch(const nd_conv *g)
{
    const size_t places = nd_conv_rows(g) * nd_conv_cols(g) * g->window * g->window;
    return g->maps * g->kh * nd_ld(g->kw * g->pixel) + 2 * nd_ld(places) +
           (g->pad ? nd_conv_padded(g) : 0);
}
/* pool: out (upper map of one image) = pool(before) + bias, the pooling of conv apart.
 * unpool: its transpose without bias: every place of a window gets what pooling took from
 * it, 0 if nothing; places outside all windows are left alone. */
typedef struct nd_pooling {
    nd_conv g;             /* its pooling and upper map                       */
    size_t line, place;    /* of `before`: floats from row to row, column to column */
    const float *before;   /* nd_ld(maps) floats at each place */
    const float *bias;     /* (nd_ld(maps)) or NULL            */
    const uint8_t *chosen; /* these, `add` and argmax as in nd_conv_forward */
    bool add;
    float *out;
    uint8_t *argmax;
} nd_pooling;
typedef struct nd_unpooling {
    nd_conv g;
    size_t line, place;
    const float *upper;
    const uint8_t *argmax; /* of max pooling */
    float *before;
} nd_unpooling;
/* ---- convolutions by Fourier transforms ----
 * Two real maps are transformed as one complex one: channels 2j and 2j+1 of a place, as they
 * lie, are the parts of a complex number. What the transform Z says at frequencies k and -k
 * tells their spectra apart,
 *
 *     2 X[2j] = Z[k] + conj Z[-k],     2 X[2j+1] = -i (Z[k] - conj Z[-k]),
 *
 * and half of the frequencies is enough. They are counted line by line. */
typedef struct nd_plane {
    size_t rows, cols;         /* places, or frequencies        */
    size_t place, line, image; /* floats from each to the next; place and line even */
} nd_plane;
/* Frequency k and its mirror -k are one: k2 up to cols/2 and, where k2 is its own mirror,
 * k1 up to rows/2. */
static inline bool nd_plane_counts(const nd_plane *p, size_t k1, size_t k2)
{
    const bool own = !k2 || 2 * k2 == p->cols;
    return 2 * k2 <= p->cols && (!own || 2 * k1 <= p->rows);
}
static inline size_t nd_plane_half(const nd_plane *p)
{
    const size_t own = (2 - p->rows % 2) * (2 - p->cols % 2); /* own mirrors */
    return p->rows && p->cols ? (p->rows * p->cols + own) / 2 : 0;
}
/* spectrum: twice the spectra of 16 real maps, in (one image of 16 floats at a place), to
 * out (half the frequencies): at each 16 real parts and 16 imaginary parts, `step` floats
 * from one frequency to the next.
 *
 * spectra: out (B, maps) = w in at each frequency, summed over the channels in order; in and
 * out are transforms of maps two by two, w as `spectrum` leaves them: the result is 4 times
 * too large. Lanes of `out` up to nd_ld(maps) are written. */
typedef struct nd_spectra {
    size_t B, channels, maps;
    nd_plane lower, upper; /* as many frequencies both */
    const float *in;       /* (B) of lower */
    const float *w;        /* (half the frequencies, panels of 16 maps, channels, 2, 16) */
    float *out;            /* (B) of upper */
    float *scratch;        /* (2 B nd_ld(channels)) */
} nd_spectra;

/* ---- noise in time: k_noise.c ---- */

/* A sum of processes s_k of variance 1, correlation `keep` from one of their moves to the
 * next, every so many moments (a power of two); kick^2 = 1 - keep^2. See noise_colour.h. */
enum { ND_COLOUR_MAX = 16 };
typedef struct nd_colour {
    size_t parts;
    float keep[ND_COLOUR_MAX], kick[ND_COLOUR_MAX], sd[ND_COLOUR_MAX];
    uint32_t every[ND_COLOUR_MAX];
} nd_colour;

/* colour: moves the processes of each cell on to this moment and adds gain times their sum
 * to out. Of `at`, epoch and batch are filled in: process and moment. */
typedef struct nd_colouring {
    nd_rows cells;
    const nd_colour *colour;
    bool fresh; /* draws all processes anew; moments afterwards count from 1 */
    uint64_t moment;
    nd_at at;
    float gain;
    float *state; /* of process k at k stride */
    size_t stride;
    float *out;
} nd_colouring;

/* Chances that a trap rises from 0 to 1, or falls, until the next moment; mean state. */
typedef struct nd_telegraph {
    float rise, fall, mean;
} nd_telegraph;

/* telegraph: moves the trap of each cell on to this moment and adds gain (state - mean) to
 * out. Fresh: a cell has a trap with probability `share`, and -1 for a state without. */
typedef struct nd_traps {
    nd_rows cells;
    nd_telegraph rates;
    bool fresh;
    float share;
    uint64_t moment;
    nd_at at; /* its batch is filled in: the moment */
    float gain;
    float *state, *out;
} nd_traps;

/* ---- programming schemes: k_program.c ---- */

/* rprop: with g the sign of what is wanted, b the one remembered, w the width:
 *
 *     b g > 0:  w <- min(grow w, widest);                     pulse g w;    b <- g
 *     b g < 0:  pulse -b w if `undo`, else none;  w <- max(shrink w, narrowest);    b <- 0
 *     b g = 0:                                                pulse g w;    b <- g */
typedef struct nd_rprop {
    size_t n;
    const float *wanted;
    float *before, *width, *pulse;
    float grow, shrink, widest, narrowest;
    bool undo;
} nd_rprop;

/* accumulate: chi <- chi + gain wanted; p = chi/step to the nearest whole number (`whole`:
 * towards 0), |p| <= most; chi <- chi - step p; pulse = width p. */
typedef struct nd_accumulation {
    size_t n;
    const float *wanted;
    float *chi, *pulse;
    float gain, step, width, most;
    bool whole;
} nd_accumulation;

/* train: pulse = sign(wanted) width times how many of `slots` (up to 255) there is a
 * coincidence in, each with probability chance |wanted|: a binomial number, drawn by
 * inversion, to about 1e-6. pulse may be wanted. */
typedef struct nd_train {
    nd_rows cells;
    const float *wanted;
    float *pulse;
    unsigned slots;
    float chance, width;
    nd_at at;
} nd_train;

/* verify: pulse = |gain| (target - weight) per_slope, `widest` at most, where the weight is
 * off by more than the tolerance, else 0. The sign of a gain is that of the error before,
 * its size grows while the error keeps its sign; `fresh`: all start at 1. `give_up`: no
 * pulse, but targets come as near to the weights as the tolerance. */
typedef struct nd_verification {
    size_t n;
    const float *weight;
    float *target, *gain, *pulse;
    float per_slope, tolerance, widest;
    bool fresh, give_up;
} nd_verification;

typedef struct nd_kernels {
    const char *isa;
#define K(name, args) void(*name) args;
#include "nudge/kern.def"
#undef K
} nd_kernels;

/* Chooses the kernel table: the ISA named by $NUDGE_ISA (scalar, avx2, avx512), else the
 * widest that processor and operating system support. Call once at start; ND_EUSAGE for an
 * unknown name, ND_EENV for one that this machine lacks. */
ND_MUST nd_code nd_kern_choose(nd_err *err);

/* The chosen table; scalar before a choice was made. */
const nd_kernels *nd_kern(void);

/* Row i of all tables compiled in, widest last, or NULL; `usable` says if it can run here.
 */
const nd_kernels *nd_kern_isa(size_t i, bool *usable);

#endif
