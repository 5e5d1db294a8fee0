/* device_ernoult.c -- differential pairs of memristors with logarithmic pulse response.
 *
 * Ernoult, Grollier, Querlioz, Sci. Rep. 9:1851 (2019) and its code (mem-RBM): W = G+ - G-,
 * with G_max = 1 and G_max/G_min = device.ratio; a pulse of width tau in units of T obeys
 * the equations at the head of k_pulse.c. Conductances are kept in units of the range: x =
 * (G - G_min)/dG, dG = 1 - 1/ratio, so W = dG (x+ - x-). */
#include "device_impl.h"

#include <math.h>

static double range_of(const nd_params *p)
{
    return 1.0 - 1.0 / p->device_ratio;
}

static size_t cells(const nd_bank *b)
{
    return nd_panels(b->k, b->n);
}

static void take(nd_bank *b, nd_arena *a)
{
    b->plus = nd_arena_take(a, cells(b), sizeof *b->plus);
    b->minus = nd_arena_take(a, cells(b), sizeof *b->minus);
    if (b->p->device_d2d <= 0) return;
    const bool pair = b->p->device_d2d_per == ND_SPREAD_PAIR;
    b->up_plus = nd_arena_take(a, cells(b), sizeof *b->up_plus);
    b->down_plus = nd_arena_take(a, cells(b), sizeof *b->down_plus);
    b->up_minus = pair ? b->up_plus : nd_arena_take(a, cells(b), sizeof *b->up_minus);
    b->down_minus = pair ? b->down_plus : nd_arena_take(a, cells(b), sizeof *b->down_minus);
}

static nd_at device_at(const nd_bank *b, nd_stream stream, uint32_t which)
{
    const nd_at at = {.seed = (uint64_t)b->p->device_seed, .stream = (uint32_t)stream};
    return nd_at_sub(at, b->id * 4 + which);
}

/* x within the range */
static float held(float x)
{
    return x < 0.0f ? 0.0f : x > 1.0f ? 1.0f : x;
}

/* Conductances N(G_m, (init_sd G_m)^2) around the middle G_m of the range, held to the
 * range; biases start at 0: both devices in the middle. */
static void init_conductance(nd_bank *b, float *x, uint32_t which)
{
    const double middle = (1.0 + 1.0 / b->p->device_ratio) / 2;
    const double sd = b->bias ? 0.0 : b->p->device_init_sd * middle / range_of(b->p);
    nd_kern()->normals(device_at(b, ND_STREAM_CONDUCTANCE, which), cells(b), 0.5f,
                       (float)sd, x);
    for (size_t i = 0; i < cells(b); i++)
        x[i] = held(x[i]);
}

/* Log-normal step sizes with mean 1 and sd device.d2d. */
static void init_steps(nd_bank *b, float *c, uint32_t which)
{
    const double variance = log1p(b->p->device_d2d * b->p->device_d2d);
    const nd_at at = device_at(b, ND_STREAM_DEVICE, which);
    nd_kern()->normals(at, cells(b), (float)(-variance / 2), (float)sqrt(variance), c);
    nd_kern()->exponential(cells(b), c, c);
}

static void weights(nd_bank *b)
{
    nd_kern()->subtract(cells(b), b->plus, b->minus, b->weight);
    nd_kern()->scale(cells(b), (float)range_of(b->p), b->weight, b->weight);
}

/* Both devices of a pair move away from the middle of the range by the same amount. */
static void assign(nd_bank *b, const float *weight)
{
    const float half = 0.5f / (float)range_of(b->p);
    for (size_t i = 0; i < cells(b); i++) {
        b->plus[i] = held(0.5f + half * weight[i]);
        b->minus[i] = held(0.5f - half * weight[i]);
    }
    weights(b);
}

static void init(nd_bank *b, size_t fan_in)
{
    (void)fan_in;
    init_conductance(b, b->plus, 0);
    init_conductance(b, b->minus, 1);
    if (b->up_plus) {
        init_steps(b, b->up_plus, 0);
        init_steps(b, b->down_plus, 1);
        if (b->up_minus != b->up_plus) init_steps(b, b->up_minus, 2);
        if (b->down_minus != b->down_plus) init_steps(b, b->down_minus, 3);
    }
    weights(b);
}

static const float *from(const float *x, size_t at)
{
    return x ? x + at : NULL;
}

static void pulse(nd_bank *b, const float *width, nd_at at)
{
    const nd_params *p = b->p;
    for (int i = 0; i < 2; i++) {
        const nd_rows r = nd_bank_rows(b, i);
        const size_t o = nd_rows_at(r);
        const nd_pairs pairs = {.cells = r,
                                .pulse = width + o,
                                .plus = b->plus + o,
                                .minus = b->minus + o,
                                .up_plus = from(b->up_plus, o),
                                .down_plus = from(b->down_plus, o),
                                .up_minus = from(b->up_minus, o),
                                .down_minus = from(b->down_minus, o),
                                .weight = b->weight + o,
                                .beta = (float)p->device_beta,
                                .growth = (float)expm1(p->device_beta),
                                .c2c = (float)p->device_c2c,
                                .range = (float)range_of(p),
                                .noise_on_all = p->device_c2c_on == ND_NOISE_ON_ALL,
                                .at = at};
        nd_kern()->pulse_pairs(&pairs);
    }
}

/* Both devices move, by dG (dt/T) 2 sinh(beta/2)/beta each, in the middle of the range. */
static double slope(const nd_params *p)
{
    return 2.0 * range_of(p) * 2.0 * sinh(p->device_beta / 2) / p->device_beta;
}

static void saturated(const nd_bank *b, uint64_t *at_bound, uint64_t *devices)
{
    for (int i = 0; i < 2; i++) {
        const nd_rows r = nd_bank_rows(b, i);
        const float *x[] = {b->plus + nd_rows_at(r), b->minus + nd_rows_at(r)};
        for (int side = 0; side < 2; side++) {
            uint64_t n;
            nd_kern()->outside(r, x[side], 0.0f, 1.0f, &n);
            *at_bound += n;
            *devices += r.rows * r.lanes;
        }
    }
}

const nd_device_ops nd_device_ernoult = {
    .name = "ernoult",
    .pulsed = true,
    .take = take,
    .init = init,
    .assign = assign,
    .pulse = pulse,
    .slope = slope,
    .saturated = saturated,
};
