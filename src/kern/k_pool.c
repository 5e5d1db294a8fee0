/* k_pool.c -- pooling of a map that lies elsewhere, and its transpose. */
#include "k_pool.h"

ND_INLINE void pool_as(const nd_pooling *t, const size_t F, const nd_pool pool)
{
    const nd_conv *g = &t->g;
    const size_t rows = nd_conv_rows(g), cols = nd_conv_cols(g), ld = nd_ld(g->maps);
    for (size_t y = 0; y < rows; y++)
        for (size_t x = 0; x < cols; x++) {
            const float *from = t->before + y * F * t->line + x * F * t->place;
            const size_t to = (y * cols + x) * ld;
            for (size_t p = 0; p < ld; p += ND_LANES) {
                vf index = vf_set1(0.0f);
                vf v = pooled(from + p, t->place, t->line, F, pool,
                              t->chosen ? t->chosen + to + p : NULL, &index);
                if (t->bias) v = vf_add(v, vf_load(t->bias + p));
                if (t->add) v = vf_add(vf_load(t->out + to + p), v);
                vf_store(t->out + to + p, v);
                if (t->argmax) vf_to_u8(t->argmax + to + p, index);
            }
        }
}

void ND_KERNEL(pool)(const nd_pooling *t)
{
    if (t->g.pool == ND_POOL_NONE)
        pool_as(t, 1, ND_POOL_NONE);
    else if (t->g.pool == ND_POOL_AVERAGE)
        pool_as(t, t->g.window, ND_POOL_AVERAGE);
    else if (t->g.window == 2)
        pool_as(t, 2, ND_POOL_MAX);
    else
        pool_as(t, t->g.window, ND_POOL_MAX);
}

void ND_KERNEL(unpool)(const nd_unpooling *t)
{
    const nd_conv *g = &t->g;
    const size_t rows = nd_conv_rows(g), cols = nd_conv_cols(g), ld = nd_ld(g->maps);
    const size_t F = g->window;
    const vf none = vf_set1(0.0f);
    const vf share = vf_set1(g->pool == ND_POOL_AVERAGE ? 1.0f / (float)(F * F) : 1.0f);
    for (size_t i = 0; i < rows * cols; i++) {
        float *to = t->before + i / cols * F * t->line + i % cols * F * t->place;
        for (size_t p = 0; p < ld; p += ND_LANES) {
            const vf u = vf_mul(vf_load(t->upper + i * ld + p), share);
            const vf at =
                g->pool == ND_POOL_MAX ? vf_from_u8(t->argmax + i * ld + p) : none;
            for (size_t q = 0; q < F * F; q++) {
                const vm here = vi_eq(vf_bits(at), vf_bits(vf_set1((float)q)));
                vf_store(to + q / F * t->line + q % F * t->place + p,
                         g->pool == ND_POOL_MAX ? vf_sel(here, u, none) : u);
            }
        }
    }
}
