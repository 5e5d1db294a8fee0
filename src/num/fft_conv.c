/* fft_conv.c -- planes, and what goes in and out of them.
 *
 * Along one side of n places, p zeros on both ends and a kernel of k, the circle of N places
 * must hold the map and one end of zeros (the other end is the same zeros, come round), all
 * places of the result, and the kernel:
 *
 *     N >= max(n + p, n + 2p - k + 1, k)
 *
 * Index i of the padded map lies at i mod N, so that place y of the result, the sum of
 * w[d] x[y + d], reads what it should; w[d] lies at -d mod N for it, and at d to go back. */
#include "nudge/fft_conv.h"

#include <string.h>

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}
static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- shape ---- */

/* Places of the convolution before stride and pooling, which may leave some out. */
static size_t places(const nd_conv *g, size_t n, size_t kernel)
{
    return n + 2 * g->pad < kernel ? 0 : n + 2 * g->pad - kernel + 1;
}

static size_t length(const nd_conv *g, size_t n, size_t kernel)
{
    return nd_fourier_planes_length(
        larger(larger(n + g->pad, kernel), places(g, n, kernel)));
}

/* Lines are set off by a cache line, against strides that fall on the same sets. */
static nd_plane plane_of(const nd_conv *g, size_t place)
{
    nd_plane p = {.rows = length(g, g->rows, g->kh),
                  .cols = length(g, g->cols, g->kw),
                  .place = place};
    p.line = nd_ld(p.cols * place) + ND_LANES;
    p.image = p.rows * p.line + ND_LANES;
    return p;
}

static void shape_of(nd_fft_conv *c, const nd_conv *g)
{
    *c = (nd_fft_conv){.g = *g,
                       .lower = plane_of(g, g->pixel + g->pixel % 2),
                       .upper = plane_of(g, nd_ld(g->maps)),
                       .kernel = plane_of(g, ND_LANES)};
}

/* Lines of the convolution that stride and pooling look at. */
static size_t lines_used(const nd_conv *g)
{
    return (nd_conv_rows(g) * g->window - 1) * g->stride + 1;
}

static nd_code plan(nd_fourier_planes **out, const nd_plane *p, size_t used, size_t maps,
                    nd_err *err)
{
    const nd_fourier_plane shape = {.rows = p->rows,
                                    .cols = p->cols,
                                    .used = used,
                                    .pairs = (maps + 1) / 2,
                                    .place = p->place,
                                    .line = p->line};
    return nd_fourier_planes_new(out, &shape, err);
}

nd_code nd_fft_conv_check(const nd_conv *g, nd_err *err)
{
    enum { FLOATS_MAX = 1 << 30 }; /* FFTW counts in int */
    nd_fft_conv c;
    if (!nd_conv_rows(g) || !nd_conv_cols(g))
        return ND_FAIL(err, ND_EINPUT,
                       "a convolution of %zu x %zu by %zu x %zu, pooled by %zu, leaves no "
                       "map to transform: make the kernel or the pooling smaller",
                       g->rows, g->cols, g->kh, g->kw, g->window);
    shape_of(&c, g);
    const size_t most = larger(c.lower.line, c.upper.line);
    if (most > FLOATS_MAX || c.lower.rows > FLOATS_MAX / most)
        return ND_FAIL(err, ND_EINPUT,
                       "a convolution of %zu x %zu x %zu to %zu maps is too large for "
                       "Fourier transforms: set model.convolution to direct",
                       g->rows, g->cols, g->channels, g->maps);
    return ND_OK;
}

/* ---- memory and plans ---- */

void nd_fft_conv_take(nd_fft_conv *c, const nd_conv *g, bool back, nd_arena *a)
{
    shape_of(c, g);
    const size_t half = nd_plane_half(&c->kernel) * 2;
    c->up = nd_arena_take(a, half * nd_panels(g->channels, g->maps), sizeof *c->up);
    if (back && g->pixel == nd_ld(g->channels))
        c->down = nd_arena_take(a, half * nd_panels(g->maps, g->channels), sizeof *c->down);
}

/* Planes of the images in work, and what `spectra` needs. */
static size_t told_apart(const nd_fft_conv *c)
{
    return 2 * nd_ld(larger(c->g.channels, c->g.maps));
}
size_t nd_fft_conv_scratch(const nd_fft_conv *c)
{
    return larger(ND_FFT_IMAGES * (c->lower.image + c->upper.image + told_apart(c)),
                  c->kernel.image);
}

nd_code nd_fft_conv_open(nd_fft_conv *c, nd_err *err)
{
    const nd_conv *g = &c->g;
    ND_TRY(nd_fft_conv_check(g, err));
    nd_code code = plan(&c->lower_plans, &c->lower, g->rows, g->channels, err);
    if (code == ND_OK) code = plan(&c->upper_plans, &c->upper, lines_used(g), g->maps, err);
    if (code == ND_OK)
        code = plan(&c->kernel_plans, &c->kernel, c->kernel.rows, ND_LANES, err);
    if (code != ND_OK) nd_fft_conv_close(c);
    return code;
}

void nd_fft_conv_close(nd_fft_conv *c)
{
    nd_fourier_planes_free(c->lower_plans);
    nd_fourier_planes_free(c->upper_plans);
    nd_fourier_planes_free(c->kernel_plans);
    c->lower_plans = c->upper_plans = c->kernel_plans = NULL;
}

/* ---- kernels ---- */

/* What unnormalised transforms there and back, and two spectra told apart, gain. */
static float norm(const nd_fft_conv *c)
{
    return 1.0f / (float)(4 * c->kernel.rows * c->kernel.cols);
}

/* Where tap (y, x) lies for the way up, or down. */
static float *tap(const nd_fft_conv *c, float *plane, bool up, size_t y, size_t x)
{
    const nd_plane *p = &c->kernel;
    if (up) y = y ? p->rows - y : 0, x = x ? p->cols - x : 0;
    return plane + y * p->line + x * p->place;
}

void nd_fft_conv_learn_up(const nd_fft_conv *c, const float *w, float *plane)
{
    const nd_conv *g = &c->g;
    const size_t k = nd_conv_k(g), step = 2 * nd_panels(g->channels, g->maps);
    const float scale = norm(c);
    float *to = c->up;
    for (size_t p = 0; p < nd_ld(g->maps); p += ND_LANES)
        for (size_t d = 0; d < g->channels; d++, to += 2 * ND_LANES) {
            memset(plane, 0, c->kernel.image * sizeof *plane);
            for (size_t i = 0; i < g->kh * g->kw; i++)
                nd_kern()->scale(ND_LANES, scale,
                                 w + nd_panel_at(k, i * g->channels + d, p),
                                 tap(c, plane, true, i / g->kw, i % g->kw));
            nd_fourier_planes_forward(c->kernel_plans, plane, 0);
            nd_kern()->spectrum(&c->kernel, plane, step, to);
        }
}

void nd_fft_conv_learn_down(const nd_fft_conv *c, const float *w, float *plane)
{
    const nd_conv *g = &c->g;
    const size_t k = nd_conv_k(g), step = 2 * nd_panels(g->maps, g->channels);
    const float scale = norm(c);
    float *to = c->down;
    for (size_t p = 0; p < nd_ld(g->channels); p += ND_LANES)
        for (size_t m = 0; m < g->maps; m++, to += 2 * ND_LANES) {
            const float *from = w + nd_panel_at(k, p, m);
            const size_t lanes = smaller(g->channels - p, ND_LANES);
            memset(plane, 0, c->kernel.image * sizeof *plane);
            for (size_t i = 0; i < g->kh * g->kw; i++, from += g->channels * ND_LANES) {
                float *at = tap(c, plane, false, i / g->kw, i % g->kw);
                for (size_t d = 0; d < lanes; d++)
                    at[d] = scale * from[d * ND_LANES];
            }
            nd_fourier_planes_forward(c->kernel_plans, plane, 0);
            nd_kern()->spectrum(&c->kernel, plane, step, to);
        }
}

/* ---- maps ---- */

/* One image into its plane, zeros around it. */
static void put_image(const nd_fft_conv *c, const float *in, float *plane)
{
    const nd_conv *g = &c->g;
    const nd_plane *p = &c->lower;
    memset(plane, 0, p->image * sizeof *plane);
    for (size_t y = 0; y < g->rows; y++, in += g->cols * g->pixel) {
        float *to = plane + (y + g->pad) * p->line + g->pad * p->place;
        if (g->pixel == p->place)
            memcpy(to, in, g->cols * g->pixel * sizeof *to);
        else
            for (size_t x = 0; x < g->cols; x++)
                memcpy(to + x * p->place, in + x * g->pixel, g->pixel * sizeof *to);
    }
}

/* out += the image that lies in a plane */
static void add_image(const nd_fft_conv *c, const float *plane, float *out)
{
    const nd_conv *g = &c->g;
    const nd_plane *p = &c->lower;
    const size_t row = g->cols * g->pixel;
    for (size_t y = 0; y < g->rows; y++)
        nd_kern()->add(row, plane + (y + g->pad) * p->line + g->pad * p->place,
                       out + y * row);
}

/* Images [b, b + n) in planes of `lower`, to pooled maps. */
static void pool_images(const nd_fft_conv *c, const nd_conv_forward *f, size_t b, size_t n,
                        float *planes)
{
    const size_t upper = nd_conv_upper(&c->g);
    for (size_t i = 0; i < n; i++) {
        float *plane = planes + i * c->upper.image;
        const size_t at = (b + i) * upper;
        nd_fourier_planes_backward(c->upper_plans, plane, 0);
        const nd_pooling pooling = {.g = c->g,
                                    .line = c->g.stride * c->upper.line,
                                    .place = c->g.stride * c->upper.place,
                                    .before = plane,
                                    .bias = f->bias,
                                    .chosen = f->chosen ? f->chosen + at : NULL,
                                    .add = f->add,
                                    .out = f->out + at,
                                    .argmax = f->argmax ? f->argmax + at : NULL};
        nd_kern()->pool(&pooling);
    }
}

static void unpool_image(const nd_fft_conv *c, const nd_conv_back *t, size_t b,
                         float *plane)
{
    const size_t at = b * nd_conv_upper(&c->g);
    const nd_unpooling unpooling = {.g = c->g,
                                    .line = c->g.stride * c->upper.line,
                                    .place = c->g.stride * c->upper.place,
                                    .upper = t->upper + at,
                                    .argmax = t->argmax ? t->argmax + at : NULL,
                                    .before = plane};
    memset(plane, 0, c->upper.image * sizeof *plane);
    nd_kern()->unpool(&unpooling);
    nd_fourier_planes_forward(c->upper_plans, plane, 0);
}

/* Batches are cut into parts of about the same size. */
static size_t parts_of(size_t B)
{
    return (B + ND_FFT_IMAGES - 1) / ND_FFT_IMAGES;
}

void nd_fft_conv_forward(const nd_fft_conv *c, const nd_conv_forward *f)
{
    const size_t parts = parts_of(f->B);
    float *lower = f->scratch, *upper = lower + ND_FFT_IMAGES * c->lower.image;
    for (size_t part = 0; part < parts; part++) {
        const size_t b = f->B * part / parts, n = f->B * (part + 1) / parts - b;
        for (size_t i = 0; i < n; i++) {
            float *plane = lower + i * c->lower.image;
            put_image(c, f->lower + (b + i) * c->g.image, plane);
            nd_fourier_planes_forward(c->lower_plans, plane, c->g.pad);
        }
        const nd_spectra product = {.B = n,
                                    .channels = c->g.channels,
                                    .maps = c->g.maps,
                                    .lower = c->lower,
                                    .upper = c->upper,
                                    .in = lower,
                                    .w = c->up,
                                    .out = upper,
                                    .scratch = upper + ND_FFT_IMAGES * c->upper.image};
        nd_kern()->spectra(&product);
        pool_images(c, f, b, n, upper);
    }
}

void nd_fft_conv_back(const nd_fft_conv *c, const nd_conv_back *t)
{
    const size_t parts = parts_of(t->B);
    float *lower = t->scratch, *upper = lower + ND_FFT_IMAGES * c->lower.image;
    for (size_t part = 0; part < parts; part++) {
        const size_t b = t->B * part / parts, n = t->B * (part + 1) / parts - b;
        for (size_t i = 0; i < n; i++)
            unpool_image(c, t, b + i, upper + i * c->upper.image);
        const nd_spectra product = {.B = n,
                                    .channels = c->g.maps,
                                    .maps = c->g.channels,
                                    .lower = c->upper,
                                    .upper = c->lower,
                                    .in = upper,
                                    .w = c->down,
                                    .out = lower,
                                    .scratch = upper + ND_FFT_IMAGES * c->upper.image};
        nd_kern()->spectra(&product);
        for (size_t i = 0; i < n; i++) {
            float *plane = lower + i * c->lower.image;
            nd_fourier_planes_backward(c->lower_plans, plane, c->g.pad);
            add_image(c, plane, t->out + (b + i) * c->g.image);
        }
    }
}
