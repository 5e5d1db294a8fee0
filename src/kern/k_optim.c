/* k_optim.c -- one step of an optimiser, element by element: equations in kern.h. */
#include "kern_impl.h"

/* Runs `body` for i = 0, 16, ... with `lanes` (16, or what is left at the end). */
#define FOR_LANES(i, n, lanes)                                                             \
    for (size_t i = 0, lanes; (lanes = (n)-i < ND_LANES ? (n)-i : ND_LANES) && i < (n);    \
         i += ND_LANES)

/* g - decay w */
ND_INLINE vf decayed(const nd_descent *d, size_t i, unsigned lanes)
{
    return vf_fnma(vf_set1(d->decay), vf_load_n(d->weight + i, lanes),
                   vf_load_n(d->change + i, lanes));
}

void ND_KERNEL(sgd)(const nd_descent *d)
{
    const vf rate = vf_set1(d->rate);
    FOR_LANES(i, d->n, lanes)
    {
        const unsigned l = (unsigned)lanes;
        vf_store_n(d->change + i, vf_mul(rate, decayed(d, i, l)), l);
    }
}

void ND_KERNEL(momentum)(const nd_descent *d)
{
    const vf rate = vf_set1(d->rate), keep = vf_set1(d->keep_m);
    FOR_LANES(i, d->n, lanes)
    {
        const unsigned l = (unsigned)lanes;
        const vf m = vf_fma(keep, vf_load_n(d->m + i, l), decayed(d, i, l));
        vf_store_n(d->m + i, m, l);
        vf_store_n(d->change + i, vf_mul(rate, m), l);
    }
}

void ND_KERNEL(adam)(const nd_descent *d)
{
    const vf rate = vf_set1(d->rate), root = vf_set1(d->root_v), eps = vf_set1(d->eps);
    const vf keep_m = vf_set1(d->keep_m), take_m = vf_set1(1.0f - d->keep_m);
    const vf keep_v = vf_set1(d->keep_v), take_v = vf_set1(1.0f - d->keep_v);
    FOR_LANES(i, d->n, lanes)
    {
        const unsigned l = (unsigned)lanes;
        const vf g = decayed(d, i, l);
        const vf m = vf_fma(keep_m, vf_load_n(d->m + i, l), vf_mul(take_m, g));
        const vf v = vf_fma(keep_v, vf_load_n(d->v + i, l), vf_mul(take_v, vf_mul(g, g)));
        vf_store_n(d->m + i, m, l);
        vf_store_n(d->v + i, v, l);
        const vf size = vf_fma(vf_sqrt(v), root, eps);
        vf_store_n(d->change + i, vf_div(vf_mul(rate, m), size), l);
    }
}
