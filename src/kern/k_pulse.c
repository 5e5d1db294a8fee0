/* k_pulse.c -- programming pulses and what they do to pairs of logarithmic memristors.
 *
 * In units of the range, x = (G - G_min)/(G_max - G_min), a pulse of width tau (in units of
 * T) moves a device by the exact integral of dx/dt = c exp(-beta z), Ernoult et al. 2019:
 *
 *     dx = (1/beta) log(1 + c (exp(beta) - 1) tau exp(-beta z))
 *
 * with z = x for potentiation, z = 1 - x for depression (and -dx), and c the device's
 * relative step size: one pulse of tau = 1 takes a nominal device through its whole range.
 */
#include "kern_impl.h"
#include "vec_math.h"

void ND_KERNEL(pulse_signs)(nd_rows r, const float *wanted, float width, float *pulse)
{
    const vf zero = vf_set1(0.0f), up = vf_set1(width), down = vf_set1(-width);
    for (size_t i = 0; i < r.rows * ND_LANES; i += ND_LANES) {
        const vf w = vf_load(wanted + i);
        const vf p = vf_sel(vf_lt(zero, w), up, vf_sel(vf_lt(w, zero), down, zero));
        vf_store(pulse + i, p);
    }
}

/* Lanes of widths are summed in float over a few rows, then added up in order. */
void ND_KERNEL(pulse_tally)(nd_rows r, const float *pulse, nd_pulse_tally *t)
{
    enum { AT_A_TIME = 64 };
    const vf zero = vf_set1(0.0f);
    const vm real = vm_first(r.lanes);
    *t = (nd_pulse_tally){.count = {0}};
    for (size_t row = 0; row < r.rows;) {
        const size_t end = r.rows - row < AT_A_TIME ? r.rows : row + AT_A_TIME;
        vf up = zero, down = zero;
        for (; row < end; row++) {
            const vf p = vf_sel(real, vf_load(pulse + row * ND_LANES), zero);
            t->count[0] += vm_count(vf_lt(zero, p));
            t->count[1] += vm_count(vf_lt(p, zero));
            up = vf_add(up, vf_max(zero, p));
            down = vf_sub(down, vf_min(zero, p));
        }
        float lane[2][ND_LANES];
        vf_store(lane[0], up);
        vf_store(lane[1], down);
        for (int l = 0; l < ND_LANES; l++)
            t->width[0] += (double)lane[0][l], t->width[1] += (double)lane[1][l];
    }
}

ND_INLINE vf into_range(vf x)
{
    return vf_max(vf_set1(0.0f), vf_min(vf_set1(1.0f), x));
}

/* n devices, 16 cells each: x after pulses of widths tau (times the devices' relative
 * steps), none wider than `widest`, up or down; of a pair, i and i + 1, one goes up and one
 * down. beta <= 20 and z <= 1 keep exp in its range. */
ND_INLINE void moved_s(const int n, vf *x, const vf *tau, vf widest, const vm *up,
                       const nd_pairs *p)
{
    const vf growth = vf_set1(p->growth), per_beta = vf_set1(1.0f / p->beta);
    const vf b = vf_mul(vf_set1(p->beta), vf_set1(LOG2_E)), zero = vf_set1(0.0f);
    const vf minus_b = vf_sub(zero, b);
    vf u[V_WIDE];
    ND_UNROLL
    for (int i = 0; i < n; i += 2) { /* -b z: -b x or b x - b */
        const vf slope = vf_sel(up[i], minus_b, b);
        u[i] = vf_fma(slope, x[i], vf_sel(up[i], zero, minus_b));
        u[i + 1] = vf_fnma(slope, x[i + 1], vf_sel(up[i], minus_b, zero));
    }
    vf_exp2_s(n, u); /* exp(-beta z), 1 at most */
    EACH u[i] = vf_mul(vf_mul(growth, tau[i]), u[i]);
    if (vm_bits(vf_lt(vf_set1(0.41f), vf_mul(growth, widest))))
        vf_log1p_s(n, u);
    else
        vf_log1p_small_s(n, u);
    ND_UNROLL
    for (int i = 0; i < n; i += 2) {
        const vf unit = vf_sel(up[i], per_beta, vf_sub(zero, per_beta));
        x[i] = vf_fma(unit, u[i], x[i]);
        x[i + 1] = vf_fnma(unit, u[i + 1], x[i + 1]);
    }
}

/* Noise from cycle to cycle on rows [row, row+n). Two rows share their random numbers: 16
 * counters, of which the first row takes the first two words and the second the others. */
ND_INLINE void shake_rows(const nd_pairs *p, const v_keys *keys, size_t row, const int n,
                          const vm *pulsed, vf *x)
{
    const vf c2c = vf_set1(p->c2c);
    const vm real = vm_first(p->cells.lanes);
    vi word[V_WIDE];
    vf noise[V_WIDE];
    const uint32_t first = (p->cells.first + (uint32_t)row) * ND_LANES;
    v_philox_mixed_s((n + 1) / 2, p->at, keys, first, 2 * ND_LANES, word);
    v_normal_s(n, word, noise);
    EACH
    {
        const vf sd = vf_sel(p->noise_on_all ? real : pulsed[i], c2c, vf_set1(0.0f));
        for (int side = 2 * i; side < 2 * i + 2; side++)
            x[side] = vf_fma(sd, noise[side], x[side]);
    }
}

/* Rows [row, row+n), n 1, 2 or 4. In the arrays of 2n, row i has its plus devices at 2i and
 * its minus devices at 2i+1. */
ND_INLINE void pulse_rows(const nd_pairs *p, const v_keys *keys, size_t row, const int n,
                          const bool varied)
{
    const vf zero = vf_set1(0.0f), range = vf_set1(p->range);
    const vm real = vm_first(p->cells.lanes);
    const bool noisy = p->c2c > 0.0f;
    const size_t at = row * ND_LANES;
    vf x[V_WIDE], tau[V_WIDE];
    vm up[V_WIDE], pulsed[PULSE_ROWS];
    vf widest = zero;
    EACH
    {
        const vf pulse = vf_load(p->pulse + at + (size_t)i * ND_LANES),
                 width = vf_abs(pulse);
        pulsed[i] = vm_and(vf_lt(zero, width), real);
        tau[2 * i] = tau[2 * i + 1] = vf_sel(pulsed[i], width, zero);
        up[2 * i] = vf_lt(zero, pulse);
        up[2 * i + 1] = vm_not(up[2 * i]);
        widest = vf_max(widest, tau[2 * i]);
    }
    /* most rows belong to dark pixels */
    if (!vm_bits(vf_lt(zero, widest)) && !(noisy && p->noise_on_all)) return;
    EACH
    {
        const size_t o = at + (size_t)i * ND_LANES;
        x[2 * i] = vf_load(p->plus + o);
        x[2 * i + 1] = vf_load(p->minus + o);
        if (!varied) continue;
        const vf up_c = vf_load(p->up_plus + o), down_c = vf_load(p->down_plus + o);
        const vf up_d = vf_load(p->up_minus + o), down_d = vf_load(p->down_minus + o);
        tau[2 * i] = vf_mul(vf_sel(up[2 * i], up_c, down_c), tau[2 * i]);
        tau[2 * i + 1] = vf_mul(vf_sel(up[2 * i], down_d, up_d), tau[2 * i + 1]);
        widest = vf_max(widest, vf_max(tau[2 * i], tau[2 * i + 1]));
    }
    moved_s(2 * n, x, tau, widest, up, p);
    if (noisy) shake_rows(p, keys, row, n, pulsed, x);
    EACH
    {
        const size_t o = at + (size_t)i * ND_LANES;
        const vf plus = into_range(x[2 * i]), minus = into_range(x[2 * i + 1]);
        vf_store(p->plus + o, plus);
        vf_store(p->minus + o, minus);
        vf_store(p->weight + o, vf_mul(range, vf_sub(plus, minus)));
    }
}

ND_INLINE void pulse_all(const nd_pairs *p, const bool varied)
{
    const v_keys keys = v_keys_of(p->at);
    size_t row = 0;
    for (; row + PULSE_ROWS <= p->cells.rows; row += PULSE_ROWS)
        pulse_rows(p, &keys, row, PULSE_ROWS, varied);
    for (; PULSE_ROWS > 2 && row + 2 <= p->cells.rows; row += 2)
        pulse_rows(p, &keys, row, 2, varied);
    if (row < p->cells.rows) pulse_rows(p, &keys, row, 1, varied);
}

void ND_KERNEL(pulse_pairs)(const nd_pairs *p)
{
    if (p->up_plus)
        pulse_all(p, true);
    else
        pulse_all(p, false);
}
