/* device_build.c -- a bank of memristors as it is made: memory, variability between devices,
 * defects, first conductances, and the weights that conductances make. */
#include "device_impl.h"

#include "nudge/field.h"

#include <math.h>

/* Arrays of a leg that are drawn once, by their number in the random streams. Conductances
 * and step sizes have other numbers: see conductances, steps. */
enum {
    DRAW_SHAPE_UP,
    DRAW_SHAPE_DOWN,
    DRAW_LOW,
    DRAW_HIGH,
    DRAW_ASYMMETRY,
    DRAW_STUCK,
    DRAW_STUCK_AT,
    DRAW_LIFE,
    DRAW_NU,
    DRAW_SEEN,
    DRAW_REFERENCE
};

static const float endless = 3e38f;

static bool has(const nd_leg *leg)
{
    return leg->x != NULL;
}

/* ---- memory ---- */

static float *array(const nd_bank *b, nd_arena *a)
{
    return nd_arena_take(a, nd_bank_cells(b), sizeof(float));
}

static bool defects(const nd_params *p)
{
    return p->device_stuck_min + p->device_stuck_max + p->device_stuck_random > 0;
}

/* Step sizes and shapes: of the device's own, or of the pair. */
static void take_variation(nd_bank *b, nd_leg *leg, const nd_leg *first, nd_arena *a)
{
    const nd_params *p = b->p;
    const bool own = leg == first || p->device_d2d_per == ND_SPREAD_DEVICE;
    if (p->device_d2d > 0 || p->device_d2d_asymmetry > 0 || p->device_d2d_gradient != 0) {
        leg->up = own ? array(b, a) : first->up;
        leg->down = own ? array(b, a) : first->down;
    }
    for (int k = 0; p->device_d2d_shape > 0 && k < b->type->law->constants; k++) {
        leg->up_k[k] = own ? array(b, a) : first->up_k[k];
        leg->down_k[k] = own ? array(b, a) : first->down_k[k];
    }
}

static void take_leg(nd_bank *b, nd_leg *leg, const nd_leg *first, nd_arena *a)
{
    const nd_params *p = b->p;
    leg->x = array(b, a);
    take_variation(b, leg, first, a);
    if (p->device_d2d_bounds > 0) leg->low = array(b, a), leg->span = array(b, a);
    const bool mortal = p->device_endurance > 0 || defects(p);
    if (mortal) leg->life = array(b, a);
    if (mortal || p->device_wear) leg->wear = array(b, a);
    if (p->device_write_noise > 0) leg->seen = array(b, a);
    if (p->device_drift > 0 || p->device_drift_sd > 0)
        leg->age = array(b, a), leg->nu = array(b, a);
}

void nd_memristor_take(nd_bank *b, nd_arena *a)
{
    const nd_params *p = b->p;
    const bool single = p->device_synapse == ND_SYNAPSE_SINGLE;
    b->pairs = (size_t)p->device_per_weight;
    b->up = nd_law_curve(b->type->law, p, true);
    b->down = nd_law_curve(b->type->law, p, false);
    for (size_t j = 0; j < b->pairs; j++) {
        nd_leg *first = &b->leg[2 * j];
        take_leg(b, first, first, a);
        if (!single) take_leg(b, first + 1, first, a);
    }
    if (b->type->law->referenced || (single && p->device_reference_sd > 0))
        b->zero = array(b, a);
}

/* ---- draws ---- */

static nd_at device_at(const nd_bank *b, nd_stream stream, uint32_t which, uint32_t slot)
{
    const nd_at at = {.seed = (uint64_t)b->p->device_seed, .stream = (uint32_t)stream};
    return nd_at_sub(at, (b->id * 4 + which) | slot << 12);
}

/* The place of a quantity of leg l. */
static nd_at quantity_at(const nd_bank *b, size_t l, uint32_t quantity)
{
    return device_at(b, ND_STREAM_DEVICE, 0, 16 * (1 + quantity) + (uint32_t)l);
}

static void normals(const nd_bank *b, size_t l, uint32_t quantity, double mean, double sd,
                    float *to)
{
    const nd_at at = quantity_at(b, l, quantity);
    nd_kern()->normals(at, nd_bank_cells(b), (float)mean, (float)sd, to);
}

/* With that mean and sd; mean not 0. */
static void log_normals(const nd_bank *b, size_t l, uint32_t quantity, double mean,
                        double sd, float *to)
{
    const size_t n = nd_bank_cells(b);
    const double variance = log1p(sd / mean * (sd / mean));
    normals(b, l, quantity, log(fabs(mean)) - variance / 2, sqrt(variance), to);
    nd_kern()->exponential(n, to, to);
    if (mean < 0) nd_kern()->scale(n, -1.0f, to, to);
}

static float within(float x, float lo, float hi)
{
    return x < lo ? lo : x > hi ? hi : x;
}

/* As normals, unless a map is there already: nd_bank_open. */
static void mapped(const nd_bank *b, nd_at at, double mean, double sd, float *c)
{
    const size_t n = nd_bank_cells(b);
    if (!nd_bank_maps(b)) {
        nd_kern()->normals(at, n, (float)mean, (float)sd, c);
        return;
    }
    for (size_t i = 0; i < n; i++)
        c[i] = (float)mean + (float)sd * c[i];
}

/* Step sizes: mean 1 and sd device.d2d. */
static void draw_steps(nd_bank *b, size_t j, uint32_t which, float *c)
{
    const nd_params *p = b->p;
    const nd_at at = device_at(b, ND_STREAM_DEVICE, which, (uint32_t)j);
    const size_t n = nd_bank_cells(b);
    if (p->device_d2d_kind == ND_D2D_NORMAL || p->device_d2d <= 0) {
        mapped(b, at, 1, p->device_d2d, c);
        for (size_t i = 0; i < n; i++)
            c[i] = within(c[i], 0.0f, endless);
        return;
    }
    const double variance = log1p(p->device_d2d * p->device_d2d);
    mapped(b, at, -variance / 2, sqrt(variance), c);
    nd_kern()->exponential(n, c, c);
}

/* The wafer's gradient, on top. */
static void incline(const nd_bank *b, nd_leg *leg, float *room)
{
    const float gradient = (float)b->p->device_d2d_gradient;
    nd_field_gradient((nd_gradient)b->p->device_d2d_gradient_along, b->k, b->n, room);
    for (size_t i = 0; i < nd_bank_cells(b); i++) {
        leg->up[i] *= 1 + gradient * room[i];
        leg->down[i] *= 1 + gradient * room[i];
    }
}

/* Of a leg, or of the pair if it is the first and the pair shares. */
static void draw_asymmetry(nd_bank *b, size_t l, nd_leg *leg, float *room)
{
    const nd_params *p = b->p;
    normals(b, l, DRAW_ASYMMETRY, p->device_asymmetry, p->device_d2d_asymmetry, room);
    for (size_t i = 0; i < nd_bank_cells(b); i++) {
        const float a = within(room[i], -1.0f, 1.0f);
        leg->up[i] *= 1 + a;
        leg->down[i] *= 1 - a;
    }
}

static void draw_shapes(nd_bank *b, size_t l, bool up, float *const k[ND_LAW_K])
{
    const nd_law *law = b->type->law;
    float *shape = k[0]; /* is overwritten last */
    const bool normal = b->p->device_d2d_shape_kind == ND_D2D_NORMAL;
    (normal ? normals : log_normals)(b, l, up ? DRAW_SHAPE_UP : DRAW_SHAPE_DOWN,
                                     law->shape(b->p, up), b->p->device_d2d_shape, shape);
    for (size_t i = 0; i < nd_bank_cells(b); i++) {
        double constant[ND_LAW_K];
        law->curve(b->p, (double)shape[i], up, constant);
        for (int c = law->constants; c-- > 0;)
            k[c][i] = (float)constant[c];
    }
}

static void draw_variation(nd_bank *b, size_t j, int side)
{
    const size_t l = 2 * j + (size_t)side;
    nd_leg *first = &b->leg[2 * j], *leg = &b->leg[l];
    if (leg->up && (leg == first || leg->up != first->up)) {
        draw_steps(b, j, 2 * (uint32_t)side, leg->up);
        draw_steps(b, j, 2 * (uint32_t)side + 1, leg->down);
        if (b->p->device_d2d_gradient != 0) incline(b, leg, b->weight);
        if (b->p->device_d2d_asymmetry > 0) draw_asymmetry(b, l, leg, b->weight);
    }
    if (leg->up_k[0] && (leg == first || leg->up_k[0] != first->up_k[0])) {
        draw_shapes(b, l, true, leg->up_k);
        draw_shapes(b, l, false, leg->down_k);
    }
}

/* A bound whose nominal value is x (0 or 1), in units of the nominal range: normal there, or
 * log-normal as a conductance. */
static void draw_bound(const nd_bank *b, size_t l, uint32_t quantity, double x, float *to)
{
    const double sd = b->p->device_d2d_bounds;
    if (b->p->device_d2d_bounds_kind == ND_D2D_NORMAL) {
        normals(b, l, quantity, x, sd, to);
        return;
    }
    const double range = nd_device_range(b->p), lowest = 1 - range;
    log_normals(b, l, quantity, lowest + range * x, sd * range, to);
    for (size_t i = 0; i < nd_bank_cells(b); i++)
        to[i] = (float)(((double)to[i] - lowest) / range);
}

/* G_min and G_max of a device's own. They keep a hundredth of the range apart. */
static void draw_bounds(nd_bank *b, size_t l, nd_leg *leg)
{
    if (!leg->low) return;
    draw_bound(b, l, DRAW_LOW, 0, leg->low);
    draw_bound(b, l, DRAW_HIGH, 1, leg->span);
    for (size_t i = 0; i < nd_bank_cells(b); i++)
        leg->span[i] = within(leg->span[i] - leg->low[i], 0.01f, endless);
}

static void draw_life(nd_bank *b, size_t l, nd_leg *leg)
{
    const nd_params *p = b->p;
    if (!leg->life) return;
    const size_t n = nd_bank_cells(b);
    const double variance = log1p(p->device_endurance_sd * p->device_endurance_sd);
    const double mean = p->device_endurance > 0 ? log(p->device_endurance) : 0;
    normals(b, l, DRAW_LIFE, mean - variance / 2, sqrt(variance), leg->life);
    nd_kern()->exponential(n, leg->life, leg->life);
    for (size_t i = 0; i < n; i++)
        leg->life[i] = p->device_endurance > 0 ? rintf(leg->life[i]) : endless;
}

/* Those that are stuck have no life, and a conductance for ever. */
static void strike(nd_bank *b, size_t l, nd_leg *leg)
{
    const nd_params *p = b->p;
    if (!defects(p)) return;
    const nd_at at = quantity_at(b, l, DRAW_STUCK),
                where = quantity_at(b, l, DRAW_STUCK_AT);
    for (size_t i = 0; i < nd_bank_cells(b); i++) {
        const double fate = nd_philox_unit(at, (uint32_t)i);
        const double low = p->device_stuck_min, high = low + p->device_stuck_max;
        if (fate >= high + p->device_stuck_random) continue;
        leg->life[i] = 0.0f;
        leg->x[i] = fate < low    ? 0.0f
                    : fate < high ? 1.0f
                                  : (float)nd_philox_unit(where, (uint32_t)i);
    }
}

static void draw_drift(nd_bank *b, size_t l, nd_leg *leg)
{
    if (!leg->nu) return;
    normals(b, l, DRAW_NU, b->p->device_drift, b->p->device_drift_sd, leg->nu);
    for (size_t i = 0; i < nd_bank_cells(b); i++)
        leg->nu[i] = within(leg->nu[i], 0.0f, endless);
}

/* ---- the zero of a weight ---- */

/* Where this device's steps up and down are equal, for a linear law: f(x) = g(1 - x). */
static float own_symmetry(const nd_bank *b, const nd_leg *leg, size_t i)
{
    const nd_params *p = b->p;
    const bool in_arrays = p->device_d2d_asymmetry > 0;
    const double a = in_arrays ? 0 : p->device_asymmetry;
    const double up = (1 + a) * (leg->up ? (double)leg->up[i] : 1);
    const double down = (1 - a) * (leg->down ? (double)leg->down[i] : 1);
    const double top =
        up * (double)b->up.k[0] - down * (double)(b->down.k[0] - b->down.k[1]);
    const double slope = up * (double)b->up.k[1] + down * (double)b->down.k[1];
    return slope > 0 ? within((float)(top / slope), 0.0f, 1.0f) : 0.5f;
}

static float effective(const nd_leg *leg, size_t i, float x)
{
    return leg->span ? leg->low[i] + leg->span[i] * x : x;
}

static void draw_zero(nd_bank *b)
{
    const nd_params *p = b->p;
    if (!b->zero) return;
    const size_t n = nd_bank_cells(b);
    normals(b, 0, DRAW_REFERENCE, 0, p->device_reference_sd * (double)b->pairs, b->zero);
    for (size_t l = 0; b->type->law->referenced && l < 2 * b->pairs; l++) {
        const nd_leg *leg = &b->leg[l];
        for (size_t i = 0; has(leg) && i < n; i++) {
            const float at = effective(leg, i, own_symmetry(b, leg, i));
            b->zero[i] += l % 2 ? -at : at;
        }
    }
}

/* What is taken from the sum of single devices besides b->zero. */
static double offset(const nd_bank *b)
{
    if (b->p->device_synapse != ND_SYNAPSE_SINGLE || b->type->law->referenced) return 0;
    return b->p->device_reference * (double)b->pairs;
}

static double scale(const nd_bank *b)
{
    return b->p->device_gain * nd_device_range(b->p) / (double)b->pairs;
}

void nd_memristor_weigh(nd_bank *b)
{
    const nd_weighing w = {
        .cells = {.rows = nd_bank_cells(b) / ND_LANES, .lanes = ND_LANES},
        .pairs = b->pairs,
        .leg = b->leg,
        .offset = (float)offset(b),
        .scale = (float)scale(b),
        .zero = b->zero,
        .weight = b->weight};
    nd_kern()->weigh(&w);
    nd_memristor_read(b);
}

/* ---- first conductances ---- */

/* A device reads what it is, with the error of its first writing. */
static void write_first(nd_bank *b)
{
    for (size_t l = 0; l < 2 * b->pairs; l++) {
        nd_leg *leg = &b->leg[l];
        if (!has(leg) || !leg->seen) continue;
        normals(b, l, DRAW_SEEN, 0, b->p->device_write_noise, leg->seen);
        nd_kern()->add(nd_bank_cells(b), leg->x, leg->seen);
    }
    nd_memristor_weigh(b);
}

/* Conductances N(G_m, (init_sd G_m)^2) around the middle G_m of the range, held to the
 * range; biases start at 0: both devices in the middle. Single devices start around their
 * reference. */
static void conductances(nd_bank *b, size_t l, nd_leg *leg)
{
    const nd_params *p = b->p;
    const double middle = (1.0 + 1.0 / p->device_ratio) / 2;
    const double sd = b->bias ? 0.0 : p->device_init_sd * middle / nd_device_range(p);
    const bool single = p->device_synapse == ND_SYNAPSE_SINGLE;
    const nd_at at = device_at(b, ND_STREAM_CONDUCTANCE, l % 2, (uint32_t)(l / 2));
    nd_kern()->normals(at, nd_bank_cells(b), single ? (float)p->device_reference : 0.5f,
                       (float)sd, leg->x);
    for (size_t i = 0; i < nd_bank_cells(b); i++) {
        if (b->type->law->referenced)
            leg->x[i] +=
                own_symmetry(b, leg, i) - (single ? (float)p->device_reference : 0.5f);
        leg->x[i] = within(leg->x[i], 0.0f, 1.0f);
    }
}

/* Pairs that only go up start with their difference on one of the two. */
static void to_one_side(nd_bank *b, size_t j)
{
    float *plus = b->leg[2 * j].x, *minus = b->leg[2 * j + 1].x;
    for (size_t i = 0; i < nd_bank_cells(b); i++) {
        const float difference = plus[i] - minus[i];
        plus[i] = within(difference, 0.0f, 1.0f);
        minus[i] = within(-difference, 0.0f, 1.0f);
    }
}

void nd_memristor_init(nd_bank *b, size_t fan_in)
{
    (void)fan_in;
    for (size_t l = 0; l < 2 * b->pairs; l++) {
        nd_leg *leg = &b->leg[l];
        if (!has(leg)) continue;
        draw_variation(b, l / 2, (int)(l % 2));
        draw_bounds(b, l, leg);
        draw_life(b, l, leg);
        draw_drift(b, l, leg);
        conductances(b, l, leg);
    }
    for (size_t l = 0; l < 2 * b->pairs; l++) {
        if (b->p->device_synapse == ND_SYNAPSE_ONE_SIDED && l % 2) to_one_side(b, l / 2);
        if (has(&b->leg[l])) strike(b, l, &b->leg[l]);
    }
    draw_zero(b);
    write_first(b);
}

/* Sets device i of the leg to read g, in units of the nominal range; not one that is stuck.
 */
static void put(nd_leg *leg, size_t i, float g)
{
    if (leg->life && leg->life[i] <= 0.0f) return;
    leg->x[i] = within(leg->span ? (g - leg->low[i]) / leg->span[i] : g, 0.0f, 1.0f);
}

/* The devices of a pair move away from the middle of the range by the same amount. */
void nd_memristor_assign(nd_bank *b, const float *weight)
{
    const nd_params *p = b->p;
    const float half = 0.5f / (float)(p->device_gain * nd_device_range(p));
    for (size_t i = 0; i < nd_bank_cells(b); i++) {
        const float zero = b->zero ? b->zero[i] / (float)b->pairs : 0.0f;
        const float away = half * weight[i] + 0.5f * zero; /* half of what is wanted */
        for (size_t j = 0; j < b->pairs; j++) {
            nd_leg *plus = &b->leg[2 * j], *minus = plus + 1;
            switch ((nd_synapse)p->device_synapse) {
            case ND_SYNAPSE_PAIR:
                put(plus, i, 0.5f + away);
                put(minus, i, 0.5f - away);
                break;
            case ND_SYNAPSE_SINGLE:
                put(plus, i, 2 * away + (float)(offset(b) / (double)b->pairs));
                break;
            case ND_SYNAPSE_ONE_SIDED:
                put(plus, i, within(2 * away, 0.0f, 1.0f));
                put(minus, i, within(-2 * away, 0.0f, 1.0f));
                break;
            }
        }
    }
    write_first(b);
}
