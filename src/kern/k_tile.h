/* k_tile.h -- the inner loop of all dense products: a tile of sums in registers while k runs.
 */
#ifndef NUDGE_K_TILE_H
#define NUDGE_K_TILE_H

#include "kern_impl.h"

/* Sums of a tile: sum[i P + j]. */
#define TILE_SUMS                                                                          \
    (TILE_ROWS * TILE_PANELS > SHORT_ROWS * SHORT_PANELS ? TILE_ROWS * TILE_PANELS         \
                                                         : SHORT_ROWS * SHORT_PANELS)

/* sum[i P + j] += s[i step] w[j panel ..] for M rows of s and P panels of w. */
ND_INLINE void tile_step(vf *sum, const float *s, size_t step, const float *w, size_t panel,
                         const int M, const int P)
{
    vf wx[SHORT_PANELS];
    ND_UNROLL
    for (int j = 0; j < P; j++)
        wx[j] = vf_load(w + (size_t)j * panel);
    ND_UNROLL
    for (int i = 0; i < M; i++) {
        const vf sx = vf_set1(s[(size_t)i * step]);
        ND_UNROLL
        for (int j = 0; j < P; j++)
            sum[i * P + j] = vf_fma(sx, wx[j], sum[i * P + j]);
    }
}

/* sum[i P + j] += s[i step + x] w[j panel + 16 x ..] for x = 0..n-1 in order; M and P are
 * constants after inlining. Two steps a turn: measured to pay where n is short. */
ND_INLINE void tile_run(vf *sum, size_t n, const float *s, size_t step, const float *w,
                        size_t panel, const int M, const int P)
{
    size_t x = 0;
    for (; P > TILE_PANELS && x + 2 <= n; x += 2) {
        tile_step(sum, s + x, step, w + x * ND_LANES, panel, M, P);
        tile_step(sum, s + x + 1, step, w + (x + 1) * ND_LANES, panel, M, P);
    }
    for (; x < n; x++)
        tile_step(sum, s + x, step, w + x * ND_LANES, panel, M, P);
}

#endif
