/* k_pool.h -- what pooling makes of one window: shared by all convolutions. */
#ifndef NUDGE_K_POOL_H
#define NUDGE_K_POOL_H

#include "kern_impl.h"

/* What the window whose first sum is `at` becomes; F, pooling are constants after inlining.
 */
ND_INLINE vf pooled(const float *at, size_t place, size_t line, size_t F, nd_pool pool,
                    const uint8_t *chosen, vf *index)
{
    vf v = vf_load(at);
    if (pool == ND_POOL_NONE) return v;
    const vf want = chosen ? vf_from_u8(chosen) : vf_set1(0.0f);
    *index = vf_set1(0.0f);
    for (size_t q = 1; q < F * F; q++) {
        const vf x = vf_load(at + q / F * line + q % F * place);
        const vf i = vf_set1((float)q);
        if (pool == ND_POOL_AVERAGE) {
            v = vf_add(v, x);
            continue;
        }
        const vm take = chosen ? vi_eq(vf_bits(want), vf_bits(i)) : vf_lt(v, x);
        v = vf_sel(take, x, v);
        *index = vf_sel(take, i, *index);
    }
    return pool == ND_POOL_AVERAGE ? vf_mul(v, vf_set1(1.0f / (float)(F * F))) : v;
}

#endif
