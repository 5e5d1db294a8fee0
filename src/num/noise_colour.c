/* noise_colour.c -- processes fitted to a spectrum, and the rates of traps. */
#include "nudge/noise_colour.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

enum { POINTS = 96, SWEEPS = 4000 };

/* Processes of times apart by STEP, the slowest a few times slower than what is asked for:
 * their tails make the steep spectra. */
static const double STEP = 4;

/* A process may stand still for its time over this. What stands still for h has nothing at
 * the frequency 1/h, where faster processes have to outweigh its tail, which they do the
 * less the steeper the sum. */
static double still(double alpha)
{
    return alpha < 2 ? fmax(4, pow(20, 1 / (2 - alpha)) / (2 * pi)) : (double)INFINITY;
}

/* Process k of c, its variance aside. */
static double part_spectrum(const nd_colour *c, size_t k, double f)
{
    const double phi = (double)c->keep[k], h = (double)c->every[k];
    const double line = (1 - phi * phi) / (1 + phi * phi - 2 * phi * cos(2 * pi * f * h));
    const double held = sin(pi * f * h) / sin(pi * f);
    return line * held * held / h;
}

double nd_colour_spectrum(const nd_colour *c, double f)
{
    double sum = 0;
    for (size_t k = 0; k < c->parts; k++)
        sum += (double)c->sd[k] * (double)c->sd[k] * part_spectrum(c, k, f);
    return sum;
}

/* Variances v >= 0 that bring sum_k v_k S_k(f) nearest to f^-alpha, relatively, at points
 * even in log f: least squares, one coordinate after the other. */
static void fit(const nd_colour *c, double alpha, double memory, double v[ND_COLOUR_MAX])
{
    double gram[ND_COLOUR_MAX][ND_COLOUR_MAX] = {{0}}, want[ND_COLOUR_MAX] = {0};
    for (int i = 0; i < POINTS; i++) {
        const double f =
            pow(memory, -1 + i / (POINTS - 1.0)) * pow(0.5, i / (POINTS - 1.0));
        double row[ND_COLOUR_MAX];
        for (size_t k = 0; k < c->parts; k++)
            row[k] = part_spectrum(c, k, f) * pow(f, alpha);
        for (size_t k = 0; k < c->parts; k++) {
            want[k] += row[k];
            for (size_t l = 0; l < c->parts; l++)
                gram[k][l] += row[k] * row[l];
        }
    }
    for (size_t k = 0; k < c->parts; k++)
        v[k] = 0;
    for (int sweep = 0; sweep < SWEEPS; sweep++)
        for (size_t k = 0; k < c->parts; k++) {
            double rest = want[k];
            for (size_t l = 0; l < c->parts; l++)
                rest -= gram[k][l] * v[l];
            v[k] = fmax(0, v[k] + rest / gram[k][k]);
        }
}

nd_colour nd_colour_make(double alpha, double memory)
{
    nd_colour c = {.parts = 1, .keep = {0}, .kick = {1}, .sd = {1}, .every = {1}};
    if (alpha <= 0) return c;
    double v[ND_COLOUR_MAX], sum = 0;
    double time = STEP * memory / (2 * pi);
    for (; c.parts < ND_COLOUR_MAX && time > 0.25; c.parts++, time /= STEP) {
        const size_t k = c.parts;
        c.every[k] = 1;
        while (2 * c.every[k] * still(alpha) <= time)
            c.every[k] *= 2;
        c.keep[k] = (float)exp(-(double)c.every[k] / time);
        c.kick[k] = (float)sqrt(1 - (double)c.keep[k] * (double)c.keep[k]);
    }
    fit(&c, alpha, memory, v);
    for (size_t k = 0; k < c.parts; k++)
        sum += v[k];
    size_t used = 0;
    for (size_t k = 0; k < c.parts; k++) {
        if (v[k] <= 0) continue;
        c.keep[used] = c.keep[k], c.kick[used] = c.kick[k], c.every[used] = c.every[k];
        c.sd[used++] = (float)sqrt(v[k] / sum);
    }
    c.parts = used;
    return c;
}

/* From the rates 1/low of 0 -> 1 and 1/high of 1 -> 0: the chain forgets exp(-(sum of
 * rates)) in a moment. */
nd_telegraph nd_telegraph_make(double low, double high)
{
    const double mean = high / (low + high), forgets = -expm1(-(1 / low + 1 / high));
    return (nd_telegraph){.mean = (float)mean,
                          .rise = (float)(mean * forgets),
                          .fall = (float)((1 - mean) * forgets)};
}

double nd_telegraph_spectrum(double low, double high, double f)
{
    const double rate = 1 / low + 1 / high, w = 2 * pi * f;
    return 4 / ((low + high) * (rate * rate + w * w));
}
