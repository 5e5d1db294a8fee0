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

void ND_KERNEL(pulse_count)(nd_rows r, const float *pulse, uint64_t counts[2])
{
    const vf zero = vf_set1(0.0f);
    const vm real = vm_first(r.lanes);
    counts[0] = counts[1] = 0;
    for (size_t i = 0; i < r.rows; i++) {
        const vf p = vf_load(pulse + i * ND_LANES);
        counts[0] += vm_count(vm_and(vf_lt(zero, p), real));
        counts[1] += vm_count(vm_and(vf_lt(p, zero), real));
    }
}

ND_INLINE vf into_range(vf x)
{
    return vf_max(vf_set1(0.0f), vf_min(vf_set1(1.0f), x));
}

/* n devices, 16 cells each: x after a pulse of width tau, up or down, with relative steps
 * c. beta <= 20 and z <= 1 keep exp in its range. */
ND_INLINE void moved_s(const int n, vf *x, const vf *tau, const vm *up, const nd_pairs *p)
{
    const vf beta = vf_set1(p->beta), growth = vf_set1(p->growth);
    const vf per_beta = vf_set1(1.0f / p->beta), zero = vf_set1(0.0f);
    vf u[V_WIDE];
    EACH u[i] = vf_sel(up[i], x[i], vf_sub(vf_set1(1.0f), x[i])); /* z */
    EACH u[i] = vf_fnma(beta, u[i], zero);
    vf_exp_s(n, u);
    EACH u[i] = vf_mul(vf_mul(growth, tau[i]), u[i]);
    vf_log1p_s(n, u);
    EACH u[i] = vf_mul(u[i], per_beta); /* |dx| */
    EACH x[i] = vf_add(x[i], vf_sel(up[i], u[i], vf_sub(zero, u[i])));
}

/* Rows [row, row+n), n 1, 2 or 4. Two rows share their random numbers: 16 counters, of
 * which the first row takes the first two words and the second the others. In the arrays of
 * 2n, row i has its plus devices at 2i and its minus devices at 2i+1. */
ND_INLINE void pulse_rows(const nd_pairs *p, const v_keys *keys, size_t row, const int n,
                          const bool varied)
{
    const vf zero = vf_set1(0.0f), range = vf_set1(p->range);
    const vm real = vm_first(p->cells.lanes);
    const bool noisy = p->c2c > 0.0f;
    const size_t at = row * ND_LANES;
    vf x[V_WIDE], tau[V_WIDE];
    vm up[V_WIDE], pulsed[PULSE_ROWS];
    unsigned busy = 0;
    EACH
    {
        const vf pulse = vf_load(p->pulse + at + (size_t)i * ND_LANES),
                 width = vf_abs(pulse);
        pulsed[i] = vm_and(vf_lt(zero, width), real);
        tau[2 * i] = tau[2 * i + 1] = vf_sel(pulsed[i], width, zero);
        up[2 * i] = vf_lt(zero, pulse);
        up[2 * i + 1] = vm_not(up[2 * i]);
        busy += vm_count(pulsed[i]);
    }
    /* most rows belong to dark pixels */
    if (!busy && !(noisy && p->noise_on_all)) return;
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
    }
    moved_s(2 * n, x, tau, up, p);
    if (noisy) {
        const vf c2c = vf_set1(p->c2c);
        vi word[V_WIDE];
        vf noise[V_WIDE];
        const uint32_t first = (p->cells.first + (uint32_t)row) * ND_LANES;
        v_philox(p->at, keys, first, word);
        if (n > 2) v_philox(p->at, keys, first + 2 * ND_LANES, word + V_WIDE - 4);
        v_normal_s(n, word, noise);
        EACH
        {
            const vm shaken = p->noise_on_all ? real : pulsed[i];
            for (int side = 2 * i; side < 2 * i + 2; side++)
                x[side] = vf_sel(shaken, vf_fma(c2c, noise[side], x[side]), x[side]);
        }
    }
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
