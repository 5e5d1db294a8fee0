/* k_neuron.c -- what else happens at a neuron: built-in imperfections, the complex step of
 * holomorphic EP, and the error of a softmax read-out. */
#include "k_act.h"
#include "kern_impl.h"
#include "vec_math.h"

static inline size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

void ND_KERNEL(neurons)(const nd_neurons *r)
{
    const size_t ld = nd_ld(r->n);
    const v_keys keys = v_keys_of(r->at);
    const vf sd = vf_set1(r->sd);
    vf normal[4];
    size_t block = 0; /* 4 vectors of deviates to each draw */
    for (size_t i = 0; i < r->B; i++)
        for (size_t j = 0; j < r->n; j += ND_LANES, block++) {
            const vm real = vm_first((unsigned)smaller(r->n - j, ND_LANES));
            float *at = r->x + i * ld + j;
            vf x = vf_load(at);
            if (r->gain) x = vf_mul(vf_load(r->gain + j), x);
            if (r->offset) x = vf_add(vf_load(r->offset + j), x);
            if (r->sd > 0.0f) {
                if (block % 4 == 0) {
                    vi word[4];
                    v_philox(r->at, &keys, (uint32_t)(block / 4 * ND_LANES), word);
                    v_normal_s(2, word, normal);
                }
                x = vf_fma(sd, normal[block % 4], x);
            }
            vf_store(at, vf_sel(real, x, vf_set1(0.0f)));
        }
}

/* ---- complex states ---- */

ND_INLINE void step_complex(const nd_relax_complex *r, const int activation)
{
    const size_t ld = nd_ld(r->n);
    const vf zero = vf_set1(0.0f), dt = vf_set1(r->dt), keep = vf_set1(1.0f - r->dt);
    const vf beta_re = vf_set1(r->beta[0]), beta_im = vf_set1(r->beta[1]);
    for (size_t i = 0; i < r->B; i++)
        for (size_t j = 0; j < r->n; j += ND_LANES) {
            const vm real = vm_first((unsigned)smaller(r->n - j, ND_LANES));
            const size_t at = i * ld + j;
            const vc s = {vf_load(r->old[0] + at), vf_load(r->old[1] + at)};
            vc x = {vf_load(r->pre[0] + at), vf_load(r->pre[1] + at)};
            vc nudge = {zero, zero};
            if (r->target) { /* beta (y - s) */
                const vf d = vf_sub(vf_load(r->target + at), s.re);
                nudge.re = vf_fma(beta_im, s.im, vf_mul(beta_re, d));
                nudge.im = vf_fnma(beta_re, s.im, vf_mul(beta_im, d));
            }
            if (r->inside) x = (vc){vf_add(x.re, nudge.re), vf_add(x.im, nudge.im)};
            vc f = activate_complex(x, activation);
            if (!r->inside) f = (vc){vf_add(f.re, nudge.re), vf_add(f.im, nudge.im)};
            const vf re = vf_fma(keep, s.re, vf_mul(dt, f.re));
            const vf im = vf_fma(keep, s.im, vf_mul(dt, f.im));
            vf_store(r->out[0] + at, vf_sel(real, re, zero));
            vf_store(r->out[1] + at, vf_sel(real, im, zero));
        }
}

void ND_KERNEL(relax_complex)(const nd_relax_complex *r)
{
    switch (r->activation) {
#define CASE(id)                                                                           \
    case ND_ACTIVATION_##id:                                                               \
        step_complex(r, ND_ACTIVATION_##id);                                               \
        break
        CASE(shifted_sigmoid);
        CASE(logistic);
        CASE(tanh);
        CASE(identity);
#undef CASE
    }
}

/* ---- softmax ---- */

/* Lanes of a register in order, as one number. */
ND_INLINE float total(vf x)
{
    float lane[ND_LANES], sum = 0.0f;
    vf_store(lane, x);
    for (int l = 0; l < ND_LANES; l++)
        sum += lane[l];
    return sum;
}

static float largest(const float *x, size_t n)
{
    float most = x[0];
    for (size_t j = 1; j < n; j++)
        most = x[j] > most ? x[j] : most;
    return most;
}

/* exp(z - most) of a row into out, and its sum. im may be NULL. */
ND_INLINE void exponentials(const nd_soft_error *e, size_t row, float sum[2])
{
    const vf most = vf_set1(largest(e->logits[0] + row, e->n)), zero = vf_set1(0.0f);
    vf re = zero, im = zero;
    for (size_t j = 0; j < e->n; j += ND_LANES) {
        const vm real = vm_first((unsigned)smaller(e->n - j, ND_LANES));
        vf size = vf_exp(vf_sub(vf_load(e->logits[0] + row + j), most));
        size = vf_sel(real, size, zero);
        if (e->logits[1]) {
            vf sine, cosine;
            vf_sincos(vf_load(e->logits[1] + row + j), &sine, &cosine);
            const vf up = vf_mul(size, sine);
            size = vf_mul(size, cosine);
            im = vf_add(im, up);
            vf_store(e->out[1] + row + j, up);
        }
        re = vf_add(re, size);
        vf_store(e->out[0] + row + j, size);
    }
    sum[0] = total(re), sum[1] = total(im);
}

/* out = scale (y - out / sum), all complex */
ND_INLINE void errors(const nd_soft_error *e, size_t row, const float sum[2])
{
    const float norm = sum[0] * sum[0] + sum[1] * sum[1];
    const vf inv_re = vf_set1(sum[0] / norm), inv_im = vf_set1(-sum[1] / norm);
    const vf scale_re = vf_set1(e->scale[0]), scale_im = vf_set1(e->scale[1]);
    for (size_t j = 0; j < e->n; j += ND_LANES) {
        const vf y = vf_load(e->target + row + j), x = vf_load(e->out[0] + row + j);
        if (!e->logits[1]) {
            const vf d = vf_sub(y, vf_mul(x, inv_re));
            vf_store(e->out[0] + row + j, vf_mul(scale_re, d));
            continue;
        }
        const vf z = vf_load(e->out[1] + row + j);
        const vf re = vf_sub(y, vf_fnma(z, inv_im, vf_mul(x, inv_re)));
        const vf im = vf_fnma(x, inv_im, vf_sub(vf_set1(0.0f), vf_mul(z, inv_re)));
        vf_store(e->out[0] + row + j, vf_fnma(scale_im, im, vf_mul(scale_re, re)));
        vf_store(e->out[1] + row + j, vf_fma(scale_im, re, vf_mul(scale_re, im)));
    }
}

void ND_KERNEL(soft_error)(const nd_soft_error *e)
{
    const size_t ld = nd_ld(e->n);
    for (size_t b = 0; e->n && b < e->B; b++) {
        float sum[2];
        exponentials(e, b * ld, sum);
        errors(e, b * ld, sum);
    }
}
