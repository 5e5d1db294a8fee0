/* k_hebb.c -- outer products: what two phases of states say about every weight. */
#include "kern_impl.h"

/* Inputs [x, x+M), panels [p, p+P): sums over the mini-batch stay in registers. */
ND_INLINE void outer(const nd_hebb *h, size_t x, size_t p, const int M, const int P)
{
    const size_t ld = nd_ld(h->n);
    vf sum[TILE_ROWS][TILE_PANELS];
    ND_UNROLL
    for (int i = 0; i < M; i++)
        ND_UNROLL
    for (int j = 0; j < P; j++)
        sum[i][j] = vf_set1(0.0f);
    for (int phase = 0; phase < (h->pre0 ? 2 : 1); phase++) {
        const float *pre = (phase ? h->pre0 : h->pre1) + x;
        const float *post = (phase ? h->post0 : h->post1) + p * ND_LANES;
        for (size_t b = 0; b < h->B; b++, pre += h->pre_ld, post += ld) {
            __builtin_prefetch(pre + M); /* what the next tile reads of this row */
            vf y[TILE_PANELS];
            ND_UNROLL
            for (int j = 0; j < P; j++)
                y[j] = vf_load(post + (size_t)j * ND_LANES);
            ND_UNROLL
            for (int i = 0; i < M; i++) {
                const vf s = vf_set1(phase ? -pre[i] : pre[i]);
                ND_UNROLL
                for (int j = 0; j < P; j++)
                    sum[i][j] = vf_fma(s, y[j], sum[i][j]);
            }
        }
    }
    const vf scale = vf_set1(h->scale);
    ND_UNROLL
    for (int i = 0; i < M; i++)
        ND_UNROLL
    for (int j = 0; j < P; j++)
        vf_store(h->out + ((p + (size_t)j) * h->k + x + (size_t)i) * ND_LANES,
                 vf_mul(scale, sum[i][j]));
}

void ND_KERNEL(hebb)(const nd_hebb *h)
{
    const size_t panels = nd_ld(h->n) / ND_LANES;
    for (size_t p = 0; p < panels;) {
        const size_t wide = panels - p >= TILE_PANELS ? TILE_PANELS : 1;
        size_t x = 0;
        for (; x + TILE_ROWS <= h->k; x += TILE_ROWS)
            if (wide == 1)
                outer(h, x, p, TILE_ROWS, 1);
            else
                outer(h, x, p, TILE_ROWS, TILE_PANELS);
        for (; x < h->k; x++)
            if (wide == 1)
                outer(h, x, p, 1, 1);
            else
                outer(h, x, p, 1, TILE_PANELS);
        p += wide;
    }
}

/* out panels (n, k) = transpose of in panels (k, n) */
void ND_KERNEL(transpose)(size_t k, size_t n, const float *in, float *out)
{
    const size_t ld = nd_ld(k);
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < ld; i += ND_LANES) {
            float *to = out + nd_panel_at(n, j, i);
            const float *from = in + nd_panel_at(k, i, j);
            for (size_t l = 0; l < ND_LANES; l++)
                to[l] = i + l < k ? from[l * ND_LANES] : 0.0f;
        }
}
