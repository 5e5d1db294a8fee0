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

/* One device: a pulse of width tau, up or down. */
ND_INLINE vf moved(vf x, vf tau, vm up, vf c_up, vf c_down, vf beta, vf growth, vf per_beta)
{
    const vf z = vf_sel(up, x, vf_sub(vf_set1(1.0f), x));
    const vf c = vf_mul(vf_sel(up, c_up, c_down), vf_mul(growth, tau));
    const vf u = vf_mul(c, vf_exp(vf_fnma(beta, z, vf_set1(0.0f))));
    const vf dx = vf_mul(vf_log1p(u), per_beta);
    return vf_add(x, vf_sel(up, dx, vf_sub(vf_set1(0.0f), dx)));
}

ND_INLINE vf load_or_one(const float *p, size_t at)
{
    return p ? vf_load(p + at) : vf_set1(1.0f);
}

ND_INLINE vf into_range(vf x)
{
    return vf_max(vf_set1(0.0f), vf_min(vf_set1(1.0f), x));
}

void ND_KERNEL(pulse_pairs)(const nd_pairs *p)
{
    const vf zero = vf_set1(0.0f), beta = vf_set1(p->beta), range = vf_set1(p->range);
    const vf growth = vf_set1(p->growth), per_beta = vf_set1(1.0f / p->beta);
    const vf c2c = vf_set1(p->c2c);
    const vm real = vm_first(p->cells.lanes);
    const bool noisy = p->c2c > 0.0f;
    for (size_t row = 0; row < p->cells.rows; row++) {
        const size_t i = row * ND_LANES;
        const vf pulse = vf_load(p->pulse + i), tau = vf_abs(pulse);
        const vm pulsed = vm_and(vf_lt(zero, tau), real), up = vf_lt(zero, pulse);
        const vm shaken = p->noise_on_all ? real : pulsed;
        /* most rows belong to dark pixels and get no pulse */
        if (!vm_count(pulsed) && !(noisy && p->noise_on_all)) continue;
        vf plus = vf_load(p->plus + i), minus = vf_load(p->minus + i);
        const vf width = vf_sel(pulsed, tau, zero);
        plus = moved(plus, width, up, load_or_one(p->up_plus, i),
                     load_or_one(p->down_plus, i), beta, growth, per_beta);
        minus = moved(minus, width, vm_not(up), load_or_one(p->up_minus, i),
                      load_or_one(p->down_minus, i), beta, growth, per_beta);
        if (noisy) {
            /* 16 counters a row; their first two words make the pair's two deviates */
            vi word[4];
            vf n0, n1;
            v_philox(p->at, vi_iota((p->cells.first + (uint32_t)row) * ND_LANES), word);
            v_normal_pair(word[0], word[1], &n0, &n1);
            plus = vf_sel(shaken, vf_fma(c2c, n0, plus), plus);
            minus = vf_sel(shaken, vf_fma(c2c, n1, minus), minus);
        }
        plus = into_range(plus);
        minus = into_range(minus);
        vf_store(p->plus + i, plus);
        vf_store(p->minus + i, minus);
        vf_store(p->weight + i, vf_mul(range, vf_sub(plus, minus)));
    }
}
