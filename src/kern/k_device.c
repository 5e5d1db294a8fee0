/* k_device.c -- programming pulses on devices of any law, with whatever is imperfect about
 * them; what their weights are, and what time does to them.
 *
 * In units of a device's own range a conductance x is in [0, 1]. Potentiation is seen from
 * below, y = x, depression from above, y = 1 - x, so that one formula serves both, each with
 * its own constants k. A pulse of width t (times the device's relative step size) moves y by
 *
 *     logarithmic   (1/k0) log(1 + k1 t exp(-k0 y))       k1 = exp(k0) - 1, k2 = 1/k0
 *     exponential   (k1 - y) (1 - exp(-k0 t))             k1 = 1/(1 - exp(-k0))
 *     linear        t max(0, k0 - k1 y)
 *     saturating    t max(0, 1 - k0 exp(k1 y))
 *     power         t max(0, 1 - y)^k0
 *     table         t f(y), f piecewise linear: f(0) and the changes of its slope are given
 *
 * The first two are exact integrals of a flow and hold for any width. The others are what
 * one short pulse does, in their sources as here: a pulse wider than `step` is a train of
 * pulses of that width. Then, in this order: noise from cycle to cycle, bounds, write noise.
 * Levels come before the noise, as in mem-RBM.
 *
 * Rows go two by two and share random numbers as in k_pulse.c: pairs of logarithmic devices
 * with nothing else the matter come out as there, bit for bit. */
#include "kern_impl.h"
#include "vec_math.h"

enum { ROWS = 2, DEVICES = 2 * ROWS };

/* n devices, 16 cells each. In arrays of DEVICES, row i has its plus device at 2i and its
 * minus device at 2i+1. */
typedef struct cell_state {
    vf x[DEVICES], width[DEVICES], c[DEVICES], k[ND_LAW_K][DEVICES];
    vm up[DEVICES], hit[DEVICES], alive[DEVICES]; /* hit: a pulse came, and counts */
} cell_state;

ND_INLINE vf kept(vf x)
{
    return vf_max(vf_set1(0.0f), vf_min(vf_set1(1.0f), x));
}

/* the whole number nearest to x, |x| < 2^22 */
ND_INLINE vf whole(vf x)
{
    return vf_sub(vf_add(x, vf_set1(ROUND_MAGIC)), vf_set1(ROUND_MAGIC));
}

/* f(y) of a table */
ND_INLINE vf looked_up(const nd_devices *d, vm up, vf y)
{
    const size_t nodes = d->up.nodes > d->down.nodes ? d->up.nodes : d->down.nodes;
    const vf at = vf_mul(y, vf_sel(up, vf_set1(d->up.k[0]), vf_set1(d->down.k[0])));
    vf f = vf_sel(up, vf_set1(d->up.node[0]), vf_set1(d->down.node[0]));
    for (size_t i = 1; i < nodes; i++) {
        const vf kink = vf_sel(up, vf_set1(d->up.node[i]), vf_set1(d->down.node[i]));
        const vf past = vf_max(vf_set1(0.0f), vf_sub(at, vf_set1((float)(i - 1))));
        f = vf_fma(kink, past, f);
    }
    return vf_max(vf_set1(0.0f), f);
}

/* t[i] = how far device i goes by a pulse of width t[i], in unit_of its law. */
ND_INLINE void steps_s(const int n, const nd_devices *d, const cell_state *s, vf *t)
{
    const vf zero = vf_set1(0.0f), one = vf_set1(1.0f);
    vf y[DEVICES], u[DEVICES];
    EACH y[i] = vf_sel(s->up[i], s->x[i], vf_sub(one, s->x[i]));
    switch (d->law) {
    case ND_LAW_LOGARITHMIC:
        EACH
        {
            const vf b = vf_mul(s->k[0][i], vf_set1(LOG2_E)), minus_b = vf_sub(zero, b);
            u[i] = vf_fma(vf_sel(s->up[i], minus_b, b), s->x[i],
                          vf_sel(s->up[i], zero, minus_b)); /* -b y */
        }
        vf_exp2_s(n, u);
        EACH t[i] = vf_mul(vf_mul(s->k[1][i], t[i]), u[i]);
        vf_log1p_s(n, t);
        return;
    case ND_LAW_EXPONENTIAL:
        EACH u[i] = vf_fnma(s->k[0][i], t[i], zero);
        EACH u[i] = vf_max(vf_set1(-86.5f), vf_min(vf_set1(86.5f), u[i]));
        vf_expm1_s(n, u);
        EACH t[i] = vf_mul(vf_sub(y[i], s->k[1][i]), u[i]);
        return;
    case ND_LAW_LINEAR:
        EACH t[i] = vf_mul(t[i], vf_max(zero, vf_fnma(s->k[1][i], y[i], s->k[0][i])));
        return;
    case ND_LAW_SATURATING:
        EACH u[i] = vf_mul(s->k[1][i], y[i]);
        EACH u[i] = vf_max(vf_set1(-86.5f), vf_min(vf_set1(86.5f), u[i]));
        vf_exp_s(n, u);
        EACH t[i] = vf_mul(t[i], vf_max(zero, vf_fnma(s->k[0][i], u[i], one)));
        return;
    case ND_LAW_POWER:
        EACH u[i] = vf_max(vf_set1(1e-30f), vf_sub(one, y[i]));
        vf_log_s(n, u);
        EACH u[i] = vf_max(vf_set1(-86.5f), vf_mul(s->k[0][i], u[i]));
        vf_exp_s(n, u);
        EACH t[i] = vf_mul(t[i], u[i]);
        return;
    case ND_LAW_TABLE:
        EACH t[i] = vf_mul(t[i], looked_up(d, s->up[i], y[i]));
        return;
    }
}

ND_INLINE vf unit_of(const nd_devices *d, const cell_state *s, int i)
{
    return d->law == ND_LAW_LOGARITHMIC ? s->k[2][i] : vf_set1(1.0f);
}

ND_INLINE vf of_both(const float *up, const float *down, size_t o, vm is_up)
{
    return vf_sel(is_up, vf_load(up + o), vf_load(down + o));
}

/* Device i of the row whose first cell is o. */
ND_INLINE void load_device(const nd_devices *d, const nd_leg *leg, size_t o, int i,
                           cell_state *s)
{
    const vm up = s->up[i];
    s->x[i] = vf_load(leg->x + o);
    s->c[i] = vf_sel(up, vf_set1(d->up_scale), vf_set1(d->down_scale));
    if (leg->up) s->c[i] = vf_mul(of_both(leg->up, leg->down, o, up), s->c[i]);
    for (int k = 0; k < ND_LAW_K; k++)
        s->k[k][i] = leg->up_k[k] ? of_both(leg->up_k[k], leg->down_k[k], o, up)
                                  : vf_sel(up, vf_set1(d->up.k[k]), vf_set1(d->down.k[k]));
    s->alive[i] = vm_first(d->cells.lanes);
    if (leg->life)
        s->alive[i] =
            vm_and(s->alive[i], vf_lt(vf_load(leg->wear + o), vf_load(leg->life + o)));
    s->hit[i] = vm_and(s->hit[i], s->alive[i]);
    s->width[i] = vf_sel(s->hit[i], s->width[i], vf_set1(0.0f));
}

/* The pulse itself: one movement, or a train of them. */
ND_INLINE void move_s(const int n, const nd_devices *d, cell_state *s)
{
    const nd_law_id law = d->law;
    const bool flow = law == ND_LAW_LOGARITHMIC || law == ND_LAW_EXPONENTIAL;
    const bool train = !flow && d->step > 0.0f;
    const vf zero = vf_set1(0.0f), step = vf_set1(d->step), half = vf_set1(d->step / 2);
    vf left[DEVICES], t[DEVICES];
    unsigned more = 0;
    EACH left[i] = s->width[i];
    do {
        EACH t[i] = train ? vf_min(step, left[i]) : left[i];
        EACH left[i] = vf_sub(left[i], t[i]);
        EACH t[i] = vf_mul(s->c[i], t[i]);
        steps_s(n, d, s, t);
        EACH
        {
            const vf unit = unit_of(d, s, i);
            s->x[i] = vf_fma(vf_sel(s->up[i], unit, vf_sub(zero, unit)), t[i], s->x[i]);
        }
        more = 0;
        if (!train) break;
        EACH s->x[i] = kept(s->x[i]);
        EACH more += vm_count(vf_lt(half, left[i]));
    } while (more);
}

/* normal[2i], normal[2i+1] for row i of n. */
ND_INLINE void draw_s(const int n, nd_at at, uint32_t first, vf *normal)
{
    const v_keys keys = v_keys_of(at);
    vi word[4];
    v_philox_mixed_s(1, at, &keys, first, 0, word);
    v_normal_s(n, word, normal);
}

/* sd of the noise from cycle to cycle, s->x being where the pulse led from `was`. */
ND_INLINE vf spread_of(const nd_devices *d, const cell_state *s, int i, vf was)
{
    const vf c2c = vf_set1(d->c2c);
    if (d->c2c_kind == ND_C2C_RANGE) return c2c;
    vf root = vf_set1(1.0f); /* of the number of whole pulses */
    if (d->step > 0.0f) root = vf_sqrt(vf_div(s->width[i], vf_set1(d->step)));
    if (d->c2c_kind == ND_C2C_SQRT) return vf_mul(c2c, root);
    const vf moved = vf_mul(c2c, vf_abs(vf_sub(s->x[i], was)));
    return vf_sel(s->hit[i], vf_div(moved, root), vf_set1(0.0f));
}

ND_INLINE vf to_level(const nd_devices *d, vf x)
{
    const vf at = vf_mul(x, vf_set1(d->grid));
    /* a thousandth of a level forgives what rounding left of a device on its level */
    const vf level = whole(vf_sub(at, vf_set1(d->down_to_level ? 0.499f : 0.0f)));
    return vf_div(vf_max(vf_set1(0.0f), level), vf_set1(d->grid));
}

ND_INLINE void store_device(const nd_devices *d, const nd_leg *leg, size_t o, int i,
                            const cell_state *s, vm shaken, vf error)
{
    vf_store(leg->x + o, s->x[i]);
    if (leg->wear) {
        vf pulses = vf_set1(1.0f);
        if (d->step > 0.0f) pulses = vf_div(s->width[i], vf_set1(d->step));
        const vf wear = vf_load(leg->wear + o);
        vf_store(leg->wear + o, vf_sel(s->hit[i], vf_add(wear, pulses), wear));
    }
    if (leg->seen) {
        const vf seen = vf_fma(vf_set1(d->write_noise), error, s->x[i]);
        vf_store(leg->seen + o, vf_sel(shaken, seen, vf_load(leg->seen + o)));
    }
    if (leg->age)
        vf_store(leg->age + o, vf_sel(s->hit[i], vf_set1(0.0f), vf_load(leg->age + o)));
}

/* Loads what there is of rows [row, row+n); false: nothing will change. */
ND_INLINE bool load_rows(const int n, const nd_devices *d, size_t row, cell_state *s)
{
    const vf zero = vf_set1(0.0f);
    const vm real = vm_first(d->cells.lanes);
    unsigned busy = 0;
    EACH
    {
        const size_t o = (row + (size_t)i) * ND_LANES;
        const vf pulse = vf_load(d->pulse + o), width = vf_abs(pulse);
        const vm up = vf_lt(zero, pulse), any = vm_and(vf_lt(zero, width), real);
        const int p = 2 * i, m = 2 * i + 1;
        s->up[p] = up, s->up[m] = vm_not(up);
        s->hit[p] = s->hit[m] = any;
        s->width[p] = s->width[m] = width;
        if (d->one_sided) {
            s->up[p] = s->up[m] = vf_le(zero, zero);
            s->hit[p] = vm_and(any, up);
            s->hit[m] = vm_and(any, vm_not(up));
        }
        busy += vm_count(any);
    }
    if (!busy && !(d->c2c > 0.0f && d->noise_on_all)) return false;
    EACH
    {
        const size_t o = (row + (size_t)i) * ND_LANES;
        load_device(d, &d->plus, o, 2 * i, s);
        /* without a minus device the plus device is followed twice, and stored once */
        load_device(d, d->minus.x ? &d->minus : &d->plus, o, 2 * i + 1, s);
    }
    return true;
}

ND_INLINE void devices_rows(const int n, const nd_devices *d, size_t row)
{
    const uint32_t first = (d->cells.first + (uint32_t)row) * ND_LANES;
    cell_state s;
    if (!load_rows(n, d, row, &s)) return;
    vf was[DEVICES], noise[DEVICES], error[DEVICES];
    vm shaken[DEVICES];
    for (int i = 0; i < 2 * n; i++)
        was[i] = s.x[i], error[i] = vf_set1(0.0f),
        shaken[i] = d->noise_on_all ? s.alive[i] : s.hit[i];
    move_s(2 * n, d, &s);
    for (int i = 0; i < 2 * n && d->grid > 0.0f; i++)
        s.x[i] = vf_sel(s.hit[i], to_level(d, s.x[i]), s.x[i]);
    if (d->c2c > 0.0f) {
        draw_s(n, d->at, first, noise);
        for (int i = 0; i < 2 * n; i++) {
            const vf sd = spread_of(d, &s, i, was[i]);
            s.x[i] = vf_sel(shaken[i], vf_fma(sd, noise[i], s.x[i]), s.x[i]);
        }
    }
    for (int i = 0; i < 2 * n; i++)
        s.x[i] = kept(s.x[i]);
    if (d->write_noise > 0.0f) draw_s(n, d->write_at, first, error);
    EACH
    {
        const size_t o = (row + (size_t)i) * ND_LANES;
        const int p = 2 * i, m = 2 * i + 1;
        store_device(d, &d->plus, o, p, &s, shaken[p], error[p]);
        if (d->minus.x) store_device(d, &d->minus, o, m, &s, shaken[m], error[m]);
    }
}

/* The law is looked up in every row, which costs nothing beside it: one copy of the code. */
void ND_KERNEL(devices)(const nd_devices *d)
{
    size_t row = 0;
    for (; row + ROWS <= d->cells.rows; row += ROWS)
        devices_rows(ROWS, d, row);
    if (row < d->cells.rows) devices_rows(1, d, row);
}

/* ---- reading ---- */

ND_INLINE vf conductance(const nd_leg *leg, size_t o)
{
    const vf x = vf_load((leg->seen ? leg->seen : leg->x) + o);
    return leg->span ? vf_fma(vf_load(leg->span + o), x, vf_load(leg->low + o)) : x;
}

void ND_KERNEL(weigh)(const nd_weighing *w)
{
    const vf scale = vf_set1(w->scale), offset = vf_set1(w->offset);
    for (size_t i = 0; i < w->cells.rows * ND_LANES; i += ND_LANES) {
        vf sum = vf_set1(0.0f);
        for (size_t j = 0; j < w->pairs; j++) {
            const nd_leg *plus = &w->leg[2 * j], *minus = plus + 1;
            vf x = conductance(plus, w->at + i);
            if (minus->x) x = vf_sub(x, conductance(minus, w->at + i));
            sum = j ? vf_add(sum, x) : x;
        }
        if (w->offset != 0.0f) sum = vf_sub(sum, offset);
        if (w->zero) sum = vf_sub(sum, vf_load(w->zero + i));
        vf_store(w->weight + i, vf_mul(scale, sum));
    }
}

void ND_KERNEL(quantise)(size_t n, float levels, float bound, float *x)
{
    const vf most = vf_set1(bound), least = vf_set1(-bound);
    for (size_t i = 0; i < n; i += ND_LANES) {
        const unsigned m = n - i < ND_LANES ? (unsigned)(n - i) : ND_LANES;
        const vf v = vf_max(least, vf_min(most, vf_load_n(x + i, m)));
        const vf level = whole(vf_mul(v, vf_set1(levels / bound)));
        vf_store_n(x + i, vf_mul(level, vf_set1(bound / levels)), m);
    }
}

/* ---- time ---- */

void ND_KERNEL(drift)(const nd_drifting *d)
{
    const vf keep = vf_set1(d->keep), rest = vf_set1(d->rest), one = vf_set1(1.0f);
    for (size_t i = 0; i < d->cells.rows * ND_LANES; i += ND_LANES) {
        const vf x = vf_load(d->leg.x + i);
        vf to = vf_fma(keep, vf_sub(x, rest), rest);
        if (d->keep == 1.0f) to = x;
        if (d->leg.age) {
            const vf age = vf_add(vf_load(d->leg.age + i), one);
            vf ratio = vf_div(vf_add(age, one), age);
            vf_log_s(1, &ratio);
            const vf power = vf_mul(vf_load(d->leg.nu + i), ratio);
            to = kept(vf_mul(to, vf_exp(vf_sub(vf_set1(0.0f), power))));
            vf_store(d->leg.age + i, age);
        }
        if (d->leg.life) /* what is stuck does not drift either */
            to = vf_sel(vf_lt(vf_load(d->leg.wear + i), vf_load(d->leg.life + i)), to, x);
        vf_store(d->leg.x + i, to);
        if (!d->leg.seen) continue;
        const vf moved = vf_sub(to, x);
        vf_store(d->leg.seen + i, vf_add(vf_load(d->leg.seen + i), moved));
    }
}

void ND_KERNEL(refresh)(const nd_refreshing *r, uint64_t *count)
{
    const vf high = vf_set1(r->high), low = vf_set1(r->low), zero = vf_set1(0.0f);
    const vm real = vm_first(r->cells.lanes);
    *count = 0;
    for (size_t row = 0; row < r->cells.rows; row++) {
        const size_t o = row * ND_LANES;
        vf p = vf_load(r->plus.x + o), m = vf_load(r->minus.x + o);
        vm due = vm_and(real, vf_lt(high, vf_max(p, m)));
        due = vm_and(due, vf_lt(low, vf_min(p, m)));
        const nd_leg *leg[] = {&r->plus, &r->minus};
        for (int i = 0; i < 2; i++)
            if (leg[i]->life)
                due = vm_and(due,
                             vf_lt(vf_load(leg[i]->wear + o), vf_load(leg[i]->life + o)));
        const unsigned n = vm_count(due);
        if (!n) continue;
        *count += n;
        vf noise[2];
        draw_s(1, r->at, (r->cells.first + (uint32_t)row) * ND_LANES, noise);
        const vf sd = vf_set1(r->sd), difference = vf_sub(p, m);
        const vf to[] = {
            kept(vf_fma(sd, noise[0], vf_max(zero, difference))),
            kept(vf_fma(sd, noise[1], vf_max(zero, vf_sub(zero, difference))))};
        vf_store(r->plus.x + o, vf_sel(due, to[0], p));
        vf_store(r->minus.x + o, vf_sel(due, to[1], m));
        for (int i = 0; i < 2; i++) {
            if (leg[i]->seen)
                vf_store(leg[i]->seen + o, vf_sel(due, to[i], vf_load(leg[i]->seen + o)));
            if (leg[i]->age)
                vf_store(leg[i]->age + o, vf_sel(due, zero, vf_load(leg[i]->age + o)));
            if (!leg[i]->wear) continue;
            const vf wear = vf_load(leg[i]->wear + o);
            vf_store(leg[i]->wear + o, vf_sel(due, vf_add(wear, vf_set1(1.0f)), wear));
        }
    }
}

/* ---- pulses ---- */

/* To whole numbers of pulses of width `step`; out may be pulse. */
void ND_KERNEL(pulse_whole)(nd_rows r, const float *pulse, float step, float *out)
{
    const vf width = vf_set1(step), most = vf_set1(1.0f);
    for (size_t i = 0; i < r.rows * ND_LANES; i += ND_LANES) {
        const vf p = vf_load(pulse + i);
        const vf held = vf_max(vf_sub(vf_set1(0.0f), most), vf_min(most, p));
        vf_store(out + i, vf_mul(whole(vf_div(held, width)), width));
    }
}
