/* k_tile.h -- the inner loop of all dense products: a tile of sums in registers while k runs.
 */
#ifndef NUDGE_K_TILE_H
#define NUDGE_K_TILE_H

#include "kern_impl.h"

/* Sums of a tile: sum[i P + j]. */
#define TILE_SUMS                                                                          \
    (TILE_ROWS * TILE_PANELS > WIDE_ROWS * WIDE_PANELS ? TILE_ROWS * TILE_PANELS           \
                                                       : WIDE_ROWS * WIDE_PANELS)

/* sum[i P + j] += s[i step + x] w[j panel + 16 x ..] for x = 0..n-1 in order. M rows of s
 * and P panels of w, constants after inlining. */
ND_INLINE void tile_run(vf *sum, size_t n, const float *s, size_t step, const float *w,
                        size_t panel, const int M, const int P)
{
    for (size_t x = 0; x < n; x++) {
        vf wx[WIDE_PANELS];
        ND_UNROLL
        for (int j = 0; j < P; j++)
            wx[j] = vf_load(w + (size_t)j * panel + x * ND_LANES);
        ND_UNROLL
        for (int i = 0; i < M; i++) {
            const vf sx = vf_set1(s[(size_t)i * step + x]);
            ND_UNROLL
            for (int j = 0; j < P; j++)
                sum[i * P + j] = vf_fma(sx, wx[j], sum[i * P + j]);
        }
    }
}

#endif
