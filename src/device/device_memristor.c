/* device_memristor.c -- all types of memristors: pulses, time, and what is counted. A type
 * is a law (device_law.c); how a bank of them is made is in device_build.c. */
#include "device_impl.h"

#include <math.h>

/* ---- pulses ---- */

static float *from(float *x, size_t at)
{
    return x ? x + at : NULL;
}

static nd_leg leg_from(const nd_leg *leg, size_t at)
{
    nd_leg l = {.x = from(leg->x, at),
                .up = from(leg->up, at),
                .down = from(leg->down, at),
                .low = from(leg->low, at),
                .span = from(leg->span, at),
                .wear = from(leg->wear, at),
                .life = from(leg->life, at),
                .seen = from(leg->seen, at),
                .age = from(leg->age, at),
                .nu = from(leg->nu, at)};
    for (int k = 0; k < ND_LAW_K; k++)
        l.up_k[k] = from(leg->up_k[k], at), l.down_k[k] = from(leg->down_k[k], at);
    return l;
}

/* Nothing is the matter with them that pulse_pairs does not know. */
static bool plain(const nd_bank *b)
{
    const nd_params *p = b->p;
    const nd_leg *leg = &b->leg[0];
    return b->type->law->id == ND_LAW_LOGARITHMIC && p->device_synapse == ND_SYNAPSE_PAIR &&
           b->pairs == 1 && p->device_c2c_kind == ND_C2C_OF_RANGE &&
           p->device_asymmetry == 0 && !p->device_levels && !leg->up_k[0] && !leg->span &&
           !leg->wear && !leg->seen && !leg->age && nd_memristor_reads_exactly(p);
}

static void pulse_plain(nd_bank *b, const float *width, nd_at at)
{
    const nd_params *p = b->p;
    for (int i = 0; i < 2; i++) {
        const nd_rows r = nd_bank_rows(b, i);
        const size_t o = nd_rows_at(r);
        const nd_leg plus = leg_from(&b->leg[0], o), minus = leg_from(&b->leg[1], o);
        const nd_pairs pairs = {.cells = r,
                                .pulse = width + o,
                                .plus = plus.x,
                                .minus = minus.x,
                                .up_plus = plus.up,
                                .down_plus = plus.down,
                                .up_minus = minus.up,
                                .down_minus = minus.down,
                                .weight = b->weight + o,
                                .beta = b->up.k[0],
                                .growth = b->up.k[1],
                                .c2c = (float)p->device_c2c,
                                .range = (float)(p->device_gain * nd_device_range(p)),
                                .noise_on_all = p->device_c2c_on == ND_NOISE_ON_ALL,
                                .at = at};
        nd_kern()->pulse_pairs(&pairs);
    }
}

/* The pairs of a weight draw noise of their own. */
static nd_at pair_at(nd_at at, size_t j)
{
    return nd_at_sub(at, (uint32_t)j << 12);
}

static void pulse_pair(nd_bank *b, size_t j, const float *width, nd_at at)
{
    const nd_params *p = b->p;
    nd_at write_at = at;
    write_at.stream = (at.stream & ~0xffu) | ND_STREAM_WRITE;
    const double asymmetry = p->device_d2d_asymmetry > 0 ? 0 : p->device_asymmetry;
    for (int i = 0; i < 2; i++) {
        const nd_rows r = nd_bank_rows(b, i);
        const size_t o = nd_rows_at(r);
        const nd_devices d = {.cells = r,
                              .pulse = width + o,
                              .plus = leg_from(&b->leg[2 * j], o),
                              .minus = leg_from(&b->leg[2 * j + 1], o),
                              .law = b->type->law->id,
                              .up = b->up,
                              .down = b->down,
                              .up_scale = (float)(1 + asymmetry),
                              .down_scale = (float)(1 - asymmetry),
                              .step = (float)p->device_step,
                              .one_sided = p->device_synapse == ND_SYNAPSE_ONE_SIDED,
                              .c2c = (float)p->device_c2c,
                              .c2c_kind = (nd_c2c)p->device_c2c_kind,
                              .noise_on_all = p->device_c2c_on == ND_NOISE_ON_ALL,
                              .grid =
                                  p->device_levels ? (float)(p->device_levels - 1) : 0.0f,
                              .down_to_level = p->device_levels_to == ND_LEVELS_BELOW,
                              .write_noise = (float)p->device_write_noise,
                              .at = pair_at(at, j),
                              .write_at = pair_at(write_at, j)};
        nd_kern()->devices(&d);
    }
}

static void pulse(nd_bank *b, const float *width, nd_at at)
{
    if (plain(b)) {
        pulse_plain(b, width, at);
        return;
    }
    const bool in_turn = b->p->device_turns == ND_TURNS_IN_TURN;
    for (size_t j = 0; j < b->pairs; j++)
        if (!in_turn || j == b->updates % b->pairs) pulse_pair(b, j, width, at);
    nd_memristor_weigh(b);
}

/* ---- time ---- */

static void drift(nd_bank *b)
{
    const nd_params *p = b->p;
    const double keep = p->device_lifetime > 0 ? exp(-1 / p->device_lifetime) : 1;
    for (size_t l = 0; l < 2 * b->pairs; l++) {
        const nd_drifting d = {
            .cells = {.rows = nd_bank_cells(b) / ND_LANES, .lanes = ND_LANES},
            .leg = b->leg[l],
            .keep = (float)keep,
            .rest = (float)p->device_rest};
        if (d.leg.x) nd_kern()->drift(&d);
    }
}

static void refresh(nd_bank *b, nd_at at)
{
    const nd_params *p = b->p;
    at.stream = (at.stream & ~0xffu) | ND_STREAM_REFRESH;
    for (size_t j = 0; j < b->pairs; j++)
        for (int i = 0; i < 2; i++) {
            const nd_rows rows = nd_bank_rows(b, i);
            const size_t o = nd_rows_at(rows);
            const nd_refreshing r = {.cells = rows,
                                     .plus = leg_from(&b->leg[2 * j], o),
                                     .minus = leg_from(&b->leg[2 * j + 1], o),
                                     .high = (float)p->device_refresh_high,
                                     .low = (float)p->device_refresh_low,
                                     .sd = (float)p->device_refresh_sd,
                                     .at = pair_at(at, j)};
            uint64_t n;
            nd_kern()->refresh(&r, &n);
            b->refreshes += n;
        }
}

static void wait(nd_bank *b, nd_at at)
{
    const bool drifts = b->p->device_lifetime > 0 || b->leg[0].age;
    const bool refreshes = b->p->device_synapse == ND_SYNAPSE_ONE_SIDED;
    if (drifts) drift(b);
    if (refreshes) refresh(b, at);
    if (drifts || refreshes) nd_memristor_weigh(b);
}

/* ---- what the models and schemes ask ---- */

/* Both devices of a pair move. */
static double slope_of(const nd_params *p, const nd_law *law)
{
    const double up = nd_law_rate(law, p, 0.5, true),
                 down = nd_law_rate(law, p, 0.5, false);
    const double one = p->device_gain * nd_device_range(p);
    const double share =
        p->device_turns == ND_TURNS_IN_TURN ? 1.0 / (double)p->device_per_weight : 1;
    switch ((nd_synapse)p->device_synapse) {
    case ND_SYNAPSE_PAIR:
        return share * one * (up + down);
    case ND_SYNAPSE_SINGLE:
        return share * one * (up + down) / 2;
    case ND_SYNAPSE_ONE_SIDED:
        break;
    }
    return share * one * up;
}

static void saturated(const nd_bank *b, uint64_t *at_bound, uint64_t *devices)
{
    for (size_t l = 0; l < 2 * b->pairs; l++)
        for (int i = 0; b->leg[l].x && i < 2; i++) {
            const nd_rows r = nd_bank_rows(b, i);
            uint64_t n;
            nd_kern()->outside(r, b->leg[l].x + nd_rows_at(r), 0.0f, 1.0f, &n);
            *at_bound += n;
            *devices += r.rows * r.lanes;
        }
}

#define ROW(id, text)                                                                      \
    static double slope_##id(const nd_params *p)                                           \
    {                                                                                      \
        return slope_of(p, &nd_law_##id);                                                  \
    }                                                                                      \
    const nd_device_ops nd_device_##id = {.name = text,                                    \
                                          .pulsed = true,                                  \
                                          .law = &nd_law_##id,                             \
                                          .take = nd_memristor_take,                       \
                                          .init = nd_memristor_init,                       \
                                          .assign = nd_memristor_assign,                   \
                                          .pulse = pulse,                                  \
                                          .wait = wait,                                    \
                                          .slope = slope_##id,                             \
                                          .saturated = saturated}
ROW(ernoult, "ernoult");
ROW(neurosim, "neurosim");
ROW(constant_step, "constant-step");
ROW(linear_step, "linear-step");
ROW(soft_bounds, "soft-bounds");
ROW(soft_bounds_reference, "soft-bounds-reference");
ROW(exp_step, "exp-step");
ROW(pow_step, "pow-step");
ROW(piecewise, "piecewise");
