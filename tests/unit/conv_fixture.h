/* conv_fixture.h -- geometries of convolutions, and memory that shows what is read or written
 * outside of it, for unit tests; after cmocka.h. */
#ifndef NUDGE_TEST_CONV_FIXTURE_H
#define NUDGE_TEST_CONV_FIXTURE_H

#include "isas.h"

enum { GUARD = 32 };

/* ---- memory with something unusable in it and after it ---- */

static inline float *garbage(size_t n)
{
    const size_t room = nd_ld(n + GUARD);
    float *p = aligned_alloc(64, room * sizeof *p);
    assert_non_null(p);
    memset(p, 0xff, room * sizeof *p); /* NaN */
    return p;
}

static inline void guarded(const float *p, size_t n, const char *what)
{
    for (size_t i = 0; i < GUARD; i++)
        if (!isnan(p[n + i])) fail_msg("%s wrote %zu floats behind its end", what, i + 1);
}

/* ---- geometries ---- */

static inline nd_conv geometry(size_t rows, size_t cols, size_t channels, size_t kh,
                               size_t kw, size_t stride, size_t pad, size_t maps,
                               nd_pool pool, size_t window)
{
    return (nd_conv){.rows = rows,
                     .cols = cols,
                     .channels = channels,
                     .pixel = nd_ld(channels),
                     .image = rows * cols * nd_ld(channels),
                     .kh = kh,
                     .kw = kw,
                     .stride = stride,
                     .pad = pad,
                     .maps = maps,
                     .pool = pool,
                     .window = window};
}

/* The network's input: pixels of just their channels. Not something to go back to. */
static inline nd_conv input(nd_conv g)
{
    g.pixel = g.channels;
    g.image = nd_ld(g.rows * g.cols * g.channels);
    return g;
}

/* ---- numbers as maps and weights are kept: 0 in the lanes that belong to none ---- */

static inline float *as_map(float *p, size_t B, size_t image, size_t pixels, size_t pixel,
                            size_t channels)
{
    for (size_t i = 0; i < B * image; i++)
        if (i % image >= pixels * pixel || i % image % pixel >= channels) p[i] = 0.0f;
    return p;
}

static inline float *as_lower(float *p, const nd_conv *g, size_t B)
{
    return as_map(p, B, g->image, g->rows * g->cols, g->pixel, g->channels);
}

static inline float *as_upper(float *p, const nd_conv *g, size_t B)
{
    return as_map(p, B, nd_conv_upper(g), nd_conv_rows(g) * nd_conv_cols(g), nd_ld(g->maps),
                  g->maps);
}

static inline float *as_bias(float *p, const nd_conv *g)
{
    return as_map(p, 1, nd_ld(g->maps), 1, nd_ld(g->maps), g->maps);
}

static inline float *as_weights(float *p, const nd_conv *g)
{
    const size_t k = nd_conv_k(g);
    for (size_t i = 0; i < k; i++)
        for (size_t c = g->maps; c < nd_ld(g->maps); c++)
            p[nd_panel_at(k, i, c)] = 0.0f;
    return p;
}

#endif
