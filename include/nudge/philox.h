/* philox.h -- random numbers as a pure function of where they are used.
 *
 * Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): a
 * keyed bijection of 128-bit counters. There is no generator state, so nothing depends on
 * the order of draws, the number of ranks, or a crash survived. The key is a seed; the
 * counter says what the number is for: (index, batch, epoch, stream).
 *
 * The key is a seed alone, not the trial: trials with the same device seed see the same
 * devices and trials with the same training seed the same images in the same order (common
 * random numbers), so that two cells of a map differ by their parameters only. */
#ifndef NUDGE_PHILOX_H
#define NUDGE_PHILOX_H

#include <stdint.h>

/* What a draw is for. New uses go to the end: numbers are part of every result.
 * The high bits hold a sub-stream, such as the bank: see nd_at_sub. */
typedef enum nd_stream {
    ND_STREAM_SHUFFLE = 1,  /* order of the training set    (train seed)  */
    ND_STREAM_WEIGHTS,      /* initial ideal weights        (train seed)  */
    ND_STREAM_NUDGE_SIGN,   /* random-sign nudging          (train seed)  */
    ND_STREAM_CYCLE,        /* cycle-to-cycle noise         (train seed)  */
    ND_STREAM_CONDUCTANCE,  /* initial conductances         (device seed) */
    ND_STREAM_DEVICE,       /* device-to-device variability (device seed) */
    ND_STREAM_DATA,         /* synthetic data sets          (data seed)   */
    ND_STREAM_BOOTSTRAP,    /* drawn from no longer: streams keep their numbers */
    ND_STREAM_ANGLE,        /* signs of free backward weights (train seed) */
    ND_STREAM_NEURON,       /* mismatch of neurons          (device seed) */
    ND_STREAM_NEURON_NOISE, /* noise of neurons at a step   (train seed)  */
    ND_STREAM_NUDGE_NOISE,  /* noise of the nudge at a step (train seed)  */
    ND_STREAM_AUGMENT,      /* flips and shifts of images   (train seed)  */
    ND_STREAM_ANNEAL,       /* annealed importance sampling (train seed)  */
    ND_STREAM_PSEUDO,       /* pixels of pseudo-likelihood  (train seed)  */
    ND_STREAM_CHECK,        /* directions of finite differences           */
    ND_STREAM_GIBBS,        /* states of Boltzmann machines (train seed)  */
    ND_STREAM_WRITE,        /* errors of written devices    (train seed)  */
    ND_STREAM_REFRESH,      /* errors of pairs written anew (train seed)  */
    ND_STREAM_FANTASY,      /* ... of chains apart from learning (train seed) */
    ND_STREAM_TRAIN,        /* coincidences of pulse trains (train seed)  */
    ND_STREAM_ZERO,         /* noise of zero-shift calibration (device seed) */
    ND_STREAM_READ,         /* noise of reading             (train seed)  */
    ND_STREAM_MAP,          /* maps of variability          (device seed) */
    ND_STREAM_DESIGN,       /* points of sampled designs    (design seed) */
} nd_stream;

/* The place of a block of draws; the index within it completes the counter. */
typedef struct nd_at {
    uint64_t seed;
    uint32_t stream, epoch, batch;
} nd_at;

static inline nd_at nd_at_sub(nd_at at, uint32_t sub)
{
    at.stream |= sub << 8;
    return at;
}

static inline void nd_philox_round(uint32_t c[4], uint32_t k0, uint32_t k1)
{
    const uint64_t a = (uint64_t)0xD2511F53u * c[0], b = (uint64_t)0xCD9E8D57u * c[2];
    const uint32_t c1 = c[1], c3 = c[3];
    c[0] = (uint32_t)(b >> 32) ^ c1 ^ k0;
    c[1] = (uint32_t)b;
    c[2] = (uint32_t)(a >> 32) ^ c3 ^ k1;
    c[3] = (uint32_t)a;
}

/* Four random words for counter (index, batch, epoch, stream) under key `seed`. */
static inline void nd_philox(nd_at at, uint32_t index, uint32_t out[4])
{
    uint32_t c[4] = {index, at.batch, at.epoch, at.stream};
    uint32_t k0 = (uint32_t)at.seed, k1 = (uint32_t)(at.seed >> 32);
    for (int r = 0; r < 10; r++) {
        nd_philox_round(c, k0, k1);
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    for (int i = 0; i < 4; i++)
        out[i] = c[i];
}

static inline uint64_t nd_philox_u64(nd_at at, uint32_t index)
{
    uint32_t r[4];
    nd_philox(at, index, r);
    return (uint64_t)r[1] << 32 | r[0];
}

/* Uniform integer in [0, n), n >= 1: the high word of a 64x32-bit product; bias below
 * 2^-32. */
static inline uint32_t nd_philox_below(nd_at at, uint32_t index, uint32_t n)
{
    const uint64_t r = nd_philox_u64(at, index);
    const uint64_t high = (r >> 32) * n + (((r & 0xffffffffu) * n) >> 32);
    return (uint32_t)(high >> 32);
}

/* Uniform in (0, 1): never 0 or 1. */
static inline double nd_philox_unit(nd_at at, uint32_t index)
{
    return ((double)(nd_philox_u64(at, index) >> 11) + 0.5) * 0x1p-53;
}

#endif
