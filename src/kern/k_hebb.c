/* k_hebb.c -- outer products: what two phases of states say about every weight. */
#include "k_count.h"

#include <string.h>

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

/* ---- pre-synaptic activity that is mostly zero ---- */

enum { LISTED_INPUTS = 64, LISTED_B = 128 };

/* Of some inputs, the samples at which each is not zero: its activity, and where the sample's
 * post-synaptic row begins. */
typedef struct listed {
    size_t n[LISTED_INPUTS];
    float s[LISTED_INPUTS][LISTED_B];
    uint32_t at[LISTED_INPUTS][LISTED_B];
} listed;

/* Inputs [x, x + inputs). */
static void list_inputs(listed *l, const nd_hebb *h, const float *pre, float sign, size_t x,
                        size_t inputs)
{
    const size_t ld = nd_ld(h->n);
    memset(l->n, 0, sizeof l->n);
    for (size_t b = 0; b < h->B; b++)
        for (size_t i = 0; i < inputs; i += ND_LANES) {
            const float *s = pre + b * h->pre_ld + x + i;
            for (unsigned bits = not_zero(s, inputs - i); bits; bits &= bits - 1) {
                const size_t lane = (size_t)__builtin_ctz(bits), n = l->n[i + lane]++;
                l->s[i + lane][n] = sign * s[lane];
                l->at[i + lane][n] = (uint32_t)(b * ld);
            }
        }
}

/* Inputs [x, x + inputs), panels [p, p+P): out = scale (from + what is listed); without
 * `from`, from zero. */
ND_INLINE void listed_run(const nd_hebb *h, const listed *l, const float *post, bool from,
                          float scale, size_t x, size_t inputs, size_t p, const int P)
{
    const vf factor = vf_set1(scale);
    for (size_t i = 0; i < inputs; i++) {
        float *out = h->out + (p * h->k + x + i) * ND_LANES;
        vf sum[LIST_PANELS];
        ND_UNROLL
        for (int j = 0; j < P; j++)
            sum[j] = from ? vf_load(out + (size_t)j * h->k * ND_LANES) : vf_set1(0.0f);
        for (size_t e = 0; e < l->n[i]; e++)
            list_step(sum, l->s[i][e], post + l->at[i][e] + p * ND_LANES, ND_LANES, P);
        ND_UNROLL
        for (int j = 0; j < P; j++)
            vf_store(out + (size_t)j * h->k * ND_LANES, vf_mul(factor, sum[j]));
    }
}

/* One phase after the other, so that its rows stay near; what the first leaves in `out` is
 * multiplied by 1 only. */
static void hebb_listed(const nd_hebb *h)
{
    const size_t panels = nd_ld(h->n) / ND_LANES;
    const int phases = h->pre0 ? 2 : 1;
    listed l;
    for (size_t x = 0; x < h->k; x += LISTED_INPUTS)
        for (int phase = 0; phase < phases; phase++) {
            const size_t inputs = h->k - x < LISTED_INPUTS ? h->k - x : LISTED_INPUTS;
            const float *post = phase ? h->post0 : h->post1;
            const float scale = phase + 1 == phases ? h->scale : 1.0f;
            list_inputs(&l, h, phase ? h->pre0 : h->pre1, phase ? -1.0f : 1.0f, x, inputs);
            size_t p = 0;
            for (; p + LIST_PANELS <= panels; p += LIST_PANELS)
                listed_run(h, &l, post, phase, scale, x, inputs, p, LIST_PANELS);
            for (; p + 2 <= panels; p += 2)
                listed_run(h, &l, post, phase, scale, x, inputs, p, 2);
            if (p < panels) listed_run(h, &l, post, phase, scale, x, inputs, p, 1);
        }
}

void ND_KERNEL(hebb)(const nd_hebb *h)
{
    if (hebb_counted(h)) return;
    if (h->B <= LISTED_B && mostly_zero(h->pre1, h->B, h->k, h->n, h->pre_ld) &&
        (!h->pre0 || mostly_zero(h->pre0, h->B, h->k, h->n, h->pre_ld))) {
        hebb_listed(h);
        return;
    }
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

/* Rows [i, i+16) and columns [j, j+16) of `in`, as far as there are such. */
static void transpose_edge(size_t k, size_t n, size_t i, size_t j, const float *in,
                           float *out)
{
    const float *from = in + nd_panel_at(k, i, j);
    float *to = out + nd_panel_at(n, j, i);
    for (size_t c = 0; c < ND_LANES && j + c < n; c++)
        for (size_t r = 0; r < ND_LANES; r++)
            to[c * ND_LANES + r] = i + r < k ? from[r * ND_LANES + c] : 0.0f;
}

/* out panels (n, k) = transpose of in panels (k, n): block by block of 16 x 16, which lies
 * together in both */
void ND_KERNEL(transpose)(size_t k, size_t n, const float *in, float *out)
{
    for (size_t j = 0; j < n; j += ND_LANES)
        for (size_t i = 0; i < k; i += ND_LANES)
            if (i + ND_LANES <= k && j + ND_LANES <= n)
                v_transpose(in + nd_panel_at(k, i, j), out + nd_panel_at(n, j, i));
            else
                transpose_edge(k, n, i, j, in, out);
}
