/* noise_colour.h -- noise of many devices in time: 1/f^alpha and random telegraph noise.
 *
 * 1/f^alpha. A trial has up to a million devices and ten thousand moments, so that neither
 * all of it nor windows long enough for its slow part fit in memory. It is made as it is
 * needed, as a sum of a few Ornstein-Uhlenbeck processes (McWhorter 1957: trap by trap a
 * Lorentzian, together 1/f), times apart by a factor of 4, so that a device keeps
 * `parts` numbers:
 *
 *     s_k <- phi_k s_k + sqrt(1 - phi_k^2) z,      x = sum_k sd_k s_k,     z normal
 *
 * Slow ones move only every h_k moments, not all devices at once: two draws or so are enough
 * for a device and moment. The spectrum of what is made is known exactly,
 *
 *     S(f) = sum_k sd_k^2 (1 - phi_k^2) / (1 + phi_k^2 - 2 phi_k cos(2 pi f h_k))
 *                         * sin^2(pi f h_k) / (h_k sin^2(pi f)),       0 < f <= 1/2,
 *
 * and the sd_k are fitted to f^-alpha with it. Variance is 1.
 *
 * Random telegraph noise. A trap with two states, mean dwell times t0 and t1, seen at whole
 * moments: a Markov chain whose correlation at lag l is exp(-l (1/t0 + 1/t1)). Machlup (J.
 * Appl. Phys. 25, 341, 1954) for dwell times of many moments:
 *
 *     S(f) = 4 A^2 / ((t0 + t1) ((1/t0 + 1/t1)^2 + (2 pi f)^2)),   f > 0, one-sided */
#ifndef NUDGE_NOISE_COLOUR_H
#define NUDGE_NOISE_COLOUR_H

#include "nudge/kern.h"

/* The processes whose sum has a spectrum f^-alpha, 0 <= alpha <= 2, from f = 1/memory on,
 * within 10 % up to f = 1/10 per moment and flattening towards 1/2, as sampled noise does; flat
 * below. memory in moments, 2 to 1e6. Alpha 0 is white noise. */
nd_colour nd_colour_make(double alpha, double memory);

/* The two-sided spectrum of c at 0 < f <= 1/2 per moment: its integral from -1/2 to 1/2
 * is 1. */
double nd_colour_spectrum(const nd_colour *c, double f);

/* Floats of state for n numbers. */
static inline size_t nd_colour_state(const nd_colour *c, size_t n)
{
    return c->parts * n;
}

/* Traps with mean dwell times low in state 0 and high in state 1, in moments. */
nd_telegraph nd_telegraph_make(double low, double high);

/* The one-sided spectrum of a trap of amplitude 1, for dwell times of many moments. */
double nd_telegraph_spectrum(double low, double high, double f);

#endif
