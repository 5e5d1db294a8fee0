/* k_peak.c -- the machine's limit: fused multiply-adds from register to register. */
#include "kern_impl.h"

/* Sums enough to hide the latency of every pipe, few enough to stay in registers; all
 * rounds of ND_PEAK_FLOPS are the same work on every ISA. */
enum {
    CHAINS = TILE_ROWS * TILE_PANELS > 12 ? 12 : 6,
    TURNS = ND_PEAK_FLOPS / (2 * ND_LANES * CHAINS)
};

void ND_KERNEL(peak)(size_t n, float *sink)
{
    vf sum[CHAINS];
    const vf a = vf_load(sink), b = vf_load(sink + ND_LANES);
    ND_UNROLL
    for (int i = 0; i < CHAINS; i++)
        sum[i] = vf_add(a, vf_set1((float)i));
    for (size_t t = 0; t < n * TURNS; t++) {
        ND_UNROLL
        for (int i = 0; i < CHAINS; i++)
            sum[i] = vf_fma(sum[i], a, b);
    }
    ND_UNROLL
    for (int i = 1; i < CHAINS; i++)
        sum[0] = vf_add(sum[0], sum[i]);
    vf_store(sink, sum[0]);
}
