/* k_conv.c -- convolutions with pooling: forward, transposed, and what two phases say about
 * the weights.
 *
 *     forward   u[P, c] = pool over places p of P of  sum_d  W[d, c] x[p + d] + b[c]
 *     back      x[p + d] += sum_c  W[d, c] u[P, c]         p = the place that P came from
 *     hebb      dW[d, c] = sum over batch and P of  x[p + d] u[P, c]
 *
 * with d = (row, column, channel) of the kernel. Vincent Dumoulin and Francesco Visin,
 * arXiv 1603.07285, have the arithmetic; EP's use is Ernoult et al., arXiv 1905.13633.
 *
 * Forward is dense: an implicit matrix product whose rows are places of a line, read where
 * they lie. Sums of ND_CONV_PIXELS places stay in the first cache while parts of the
 * weights that also fit there pass by; each sum runs over d in order.
 *
 * Back and hebb are sparse: max pooling passes on one place of F x F. For each place (back)
 * or channel (hebb) a list names what is not zero, and the list's products are summed into
 * registers that cover a run of the kernel's row, (column, channel): contiguous in the map
 * and, once flipped, in the weights. The order of each sum follows from geometry and lists
 * alone, so it is the same on every ISA. */
#include "k_pool.h"
#include "k_tile.h"

#include <string.h>

/* Weights in work: PART x TILE_PANELS x 16 floats, half of a first cache. */
enum { PART = 192, SPAN_MAX = 12 };

static inline size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Copies `images` into a border of zeros. */
static void add_border(const nd_conv *g, size_t images, const float *in, float *out)
{
    const size_t row = g->cols * g->pixel, side = g->pad * g->pixel;
    const size_t ends = g->pad * (row + 2 * side);
    for (size_t b = 0; b < images; b++, in += g->image) {
        memset(out, 0, ends * sizeof *out);
        out += ends;
        for (size_t y = 0; y < g->rows; y++, out += row + 2 * side) {
            memset(out, 0, side * sizeof *out);
            memcpy(out + side, in + y * row, row * sizeof *out);
            memset(out + side + row, 0, side * sizeof *out);
        }
        memset(out, 0, ends * sizeof *out);
        out += ends;
    }
}

/* ---- forward ---- */

typedef struct walk {
    const nd_conv_forward *f;
    const float *map;   /* images in work, with their border */
    size_t image, line; /* its floats from image to image, line to line */
    size_t rows, cols;  /* pooled */
    size_t across;      /* places of a line before pooling */
    size_t k, panels;
    /* A row of the kernel is `runs` runs of `run` floats each, contiguous in the map. */
    size_t run, runs;
    float *sums; /* (places in work, TILE_PANELS, 16) */
} walk;

/* A part of the sum over k: `count` whole runs from `first` on, or n floats from x on of
 * one. */
typedef struct piece {
    size_t first, count, x, n;
} piece;

/* M places of a line from `in` on, P panels from p on. */
ND_INLINE void tile(const walk *k, const piece *t, const float *in, size_t p, float *sums,
                    const int M, const int P)
{
    const nd_conv *g = &k->f->g;
    vf sum[TILE_SUMS];
    ND_UNROLL
    for (int i = 0; i < M; i++)
        ND_UNROLL
    for (int j = 0; j < P; j++)
        sum[i * P + j] = vf_load(sums + (i * P + j) * ND_LANES);
    const float *w = k->f->w + (p * k->k + t->first * k->run + t->x) * ND_LANES;
    size_t kx = t->first % k->runs;
    const float *row = in + t->first / k->runs * k->line + t->x;
    for (size_t r = 0; r < t->count; r++, w += k->run * ND_LANES) {
        tile_run(sum, t->n, row + kx * g->pixel, g->stride * g->pixel, w, k->k * ND_LANES,
                 M, P);
        if (++kx == k->runs) kx = 0, row += k->line;
    }
    ND_UNROLL
    for (int i = 0; i < M; i++)
        ND_UNROLL
    for (int j = 0; j < P; j++)
        vf_store(sums + (i * P + j) * ND_LANES, sum[i * P + j]);
}

#define TILE_CASE(m)                                                                       \
    case m:                                                                                \
        if (m > TILE_ROWS) break;                                                          \
        if (panels == 1)                                                                   \
            tile(k, t, in, p, sums, m > TILE_ROWS ? 1 : m, 1);                             \
        else                                                                               \
            tile(k, t, in, p, sums, m > TILE_ROWS ? 1 : m, TILE_PANELS);                   \
        break;

static void run_tile(const walk *k, const piece *t, const float *in, size_t places,
                     size_t p, size_t panels, float *sums)
{
    switch (places) {
        TILE_CASE(1)
        TILE_CASE(2)
        TILE_CASE(3)
        TILE_CASE(4)
        TILE_CASE(5)
        TILE_CASE(6)
        TILE_CASE(7)
        TILE_CASE(8)
        TILE_CASE(9)
        TILE_CASE(10)
    }
}

/* One part of the sum over k, for all lines [line, line + lines) of the images in work. */
static void add_part(const walk *k, const piece *t, size_t line, size_t lines, size_t p,
                     size_t panels)
{
    const nd_conv *g = &k->f->g;
    const size_t per_image = k->rows * g->window;
    const size_t blocks = (k->across + TILE_ROWS - 1) / TILE_ROWS;
    for (size_t l = 0; l < lines; l++) {
        const size_t b = (line + l) / per_image, y = (line + l) % per_image;
        const float *in = k->map + b * k->image + y * g->stride * k->line;
        float *sums = k->sums + l * k->across * panels * ND_LANES;
        for (size_t block = 0; block < blocks; block++) {
            const size_t x = k->across * block / blocks;
            const size_t end = k->across * (block + 1) / blocks;
            run_tile(k, t, in + x * g->stride * g->pixel, end - x, p, panels,
                     sums + x * panels * ND_LANES);
        }
    }
}

/* The sums of all lines in work, panels [p, p + panels), from the bias on. */
static void add_products(const walk *k, size_t line, size_t lines, size_t p, size_t panels)
{
    const float *bias = k->f->bias;
    for (size_t i = 0; i < lines * k->across; i++)
        for (size_t j = 0; j < panels; j++)
            vf_store(k->sums + (i * panels + j) * ND_LANES,
                     bias ? vf_load(bias + (p + j) * ND_LANES) : vf_set1(0.0f));
    const size_t all = k->f->g.kh * k->runs;
    if (k->run > PART) { /* runs are cut */
        const size_t cuts = (k->run + PART - 1) / PART;
        for (size_t i = 0; i < all * cuts; i++) {
            const size_t x = k->run * (i % cuts) / cuts;
            const piece t = {i / cuts, 1, x, k->run * (i % cuts + 1) / cuts - x};
            add_part(k, &t, line, lines, p, panels);
        }
    } else { /* runs are taken together */
        const size_t most = PART / k->run;
        for (size_t i = 0; i < all; i += most) {
            const piece t = {i, smaller(most, all - i), 0, k->run};
            add_part(k, &t, line, lines, p, panels);
        }
    }
}

ND_INLINE void pool_line_as(const walk *k, size_t line, size_t l, size_t p, size_t panels,
                            const size_t F, const nd_pool pool)
{
    const nd_conv_forward *f = k->f;
    const size_t ld = nd_ld(f->g.maps), place = panels * ND_LANES;
    const float *sums = k->sums + l * k->across * place;
    for (size_t x = 0; x < k->cols; x++)
        for (size_t j = 0; j < panels; j++) {
            const size_t to = (line * k->cols + x) * ld + (p + j) * ND_LANES;
            vf index = vf_set1(0.0f);
            vf v = pooled(sums + x * F * place + j * ND_LANES, place, k->across * place, F,
                          pool, f->chosen ? f->chosen + to : NULL, &index);
            if (f->add) v = vf_add(vf_load(f->out + to), v);
            vf_store(f->out + to, v);
            if (f->argmax) vf_to_u8(f->argmax + to, index);
        }
}

/* From the sums of lines [l, l + F) in work to one line of the upper map: line `line`,
 * counted through all images. */
static void pool_line(const walk *k, size_t line, size_t l, size_t p, size_t panels)
{
    const nd_conv *g = &k->f->g;
    if (g->pool == ND_POOL_NONE)
        pool_line_as(k, line, l, p, panels, 1, ND_POOL_NONE);
    else if (g->pool == ND_POOL_AVERAGE)
        pool_line_as(k, line, l, p, panels, g->window, ND_POOL_AVERAGE);
    else if (g->window == 2)
        pool_line_as(k, line, l, p, panels, 2, ND_POOL_MAX);
    else
        pool_line_as(k, line, l, p, panels, g->window, ND_POOL_MAX);
}

void ND_KERNEL(conv)(const nd_conv_forward *f)
{
    const nd_conv *g = &f->g;
    const bool dense = g->pixel == g->channels; /* no padding lanes between pixels */
    walk k = {.f = f,
              .map = f->lower,
              .image = g->pad ? nd_conv_padded(g) : g->image,
              .line = (g->cols + 2 * g->pad) * g->pixel,
              .rows = nd_conv_rows(g),
              .cols = nd_conv_cols(g),
              .k = nd_conv_k(g),
              .panels = nd_ld(g->maps) / ND_LANES,
              .run = dense ? g->kw * g->channels : g->channels,
              .runs = dense ? 1 : g->kw,
              .sums = f->scratch};
    const size_t F = g->window, group = nd_conv_group(g);
    k.across = k.cols * F;
    if (!k.rows || !k.across) return;
    const size_t at_once = (ND_CONV_PIXELS + k.across * F - 1) / (k.across * F);
    float *border = f->scratch + at_once * k.across * F * 2 * ND_LANES;
    for (size_t b = 0; b < f->B; b += group) {
        const size_t images = smaller(group, f->B - b), lines = images * k.rows;
        k.map = f->lower + b * g->image;
        if (g->pad) {
            add_border(g, images, k.map, border);
            k.map = border;
        }
        for (size_t l = 0; l < lines; l += at_once) { /* pooled lines */
            const size_t n = smaller(at_once, lines - l);
            for (size_t p = 0; p < k.panels;) {
                const size_t wide = k.panels - p >= TILE_PANELS ? TILE_PANELS : 1;
                add_products(&k, l * F, n * F, p, wide);
                for (size_t i = 0; i < n; i++)
                    pool_line(&k, b * k.rows + l + i, i * F, p, wide);
                p += wide;
            }
        }
    }
}

/* ---- lists: products of a few places with rows of weights or pixels ---- */

/* out (T vectors) += sum_e s[e] rows[from[e] * unit ..], e in order; of the last vector
 * only `last` lanes are read. T is a constant after inlining. */
ND_INLINE void span(float *out, size_t n, const float *s, const uint32_t *from,
                    const float *rows, size_t unit, unsigned last, const int T)
{
    vf sum[CONV_SPAN];
    ND_UNROLL
    for (int t = 0; t < T; t++)
        sum[t] = vf_load(out + t * ND_LANES);
    for (size_t e = 0; e < n; e++) {
        const float *row = rows + from[e] * unit;
        const vf x = vf_set1(s[e]);
        ND_UNROLL
        for (int t = 0; t < T; t++) {
            const float *at = row + t * ND_LANES;
            const bool whole = t + 1 < T || last == ND_LANES;
            sum[t] = vf_fma(x, whole ? vf_load(at) : vf_load_n(at, last), sum[t]);
        }
    }
    ND_UNROLL
    for (int t = 0; t < T; t++)
        vf_store(out + t * ND_LANES, sum[t]);
}

#define SPAN_CASE(T)                                                                       \
    case T:                                                                                \
        if (T > CONV_SPAN) break;                                                          \
        span(out, n, s, from, rows, unit, last, T > CONV_SPAN ? 1 : T);                    \
        break;

ND_INLINE void run_span(float *out, size_t n, const float *s, const uint32_t *from,
                        const float *rows, size_t unit, unsigned last, size_t T)
{
    switch (T) {
        SPAN_CASE(1)
        SPAN_CASE(2)
        SPAN_CASE(3)
        SPAN_CASE(4)
        SPAN_CASE(5)
        SPAN_CASE(6)
        SPAN_CASE(7)
        SPAN_CASE(8)
        SPAN_CASE(9)
        SPAN_CASE(10)
        SPAN_CASE(11)
        SPAN_CASE(12)
    }
}

static void run_whole(float *out, size_t n, const float *s, const uint32_t *from,
                      const float *rows, size_t unit, size_t T)
{
    run_span(out, n, s, from, rows, unit, ND_LANES, T);
}
static void run_ragged(float *out, size_t n, const float *s, const uint32_t *from,
                       const float *rows, size_t unit, unsigned last, size_t T)
{
    run_span(out, n, s, from, rows, unit, last, T);
}

/* ---- flip ----
 *
 * Row kh of the kernel, (kw, C) floats in V vectors, is cut into bands of at most SPAN_MAX.
 * A band of all channels lies together, so that what conv_back works on is contiguous:
 * [kh][band][c][vectors of the band][16]. */

static inline size_t bands_of(size_t vectors)
{
    return (vectors + SPAN_MAX - 1) / SPAN_MAX;
}

void ND_KERNEL(conv_flip)(const nd_conv *g, const float *w, float *out)
{
    const size_t C = nd_ld(g->channels), k = nd_conv_k(g);
    const size_t V = g->kw * C / ND_LANES, bands = bands_of(V);
    for (size_t y = 0; y < g->kh; y++)
        for (size_t band = 0; band < bands; band++) {
            const size_t first = V * band / bands * ND_LANES;
            const size_t end = V * (band + 1) / bands * ND_LANES;
            for (size_t c = 0; c < g->maps; c++)
                for (size_t i = first; i < end; i++) {
                    const size_t row = (y * g->kw + i / C) * g->channels + i % C;
                    *out++ = i % C < g->channels ? w[nd_panel_at(k, row, c)] : 0.0f;
                }
        }
}

/* ---- back ---- */

/* Upper channels that are not zero, for each place: list i is entries [start[i], start[i+1]).
 * One list for each place before pooling with max pooling; else one for each place after,
 * which all places of the window share. */
typedef struct lists {
    uint32_t *start, *channel; /* channel counts from the block's first */
    float *s;
    size_t n; /* lists so far */
} lists;

static void list_place(lists *to, const nd_conv *g, size_t channels, const float *upper,
                       const uint8_t *argmax)
{
    const size_t per_place = g->pool == ND_POOL_MAX ? g->window * g->window : 1;
    const float share =
        g->pool == ND_POOL_AVERAGE ? 1.0f / (float)(g->window * g->window) : 1.0f;
    for (size_t q = 0; q < per_place; q++) {
        uint32_t n = to->start[to->n];
        for (size_t c = 0; c < channels; c += ND_LANES) {
            const vf u = vf_mul(vf_load(upper + c), vf_set1(share));
            vm m = vm_and(vm_not(vi_eq(vi_shl(vf_bits(u), 1), vi_set1(0))),
                          vm_first((unsigned)smaller(channels - c, ND_LANES)));
            if (argmax)
                m = vm_and(
                    m, vi_eq(vf_bits(vf_from_u8(argmax + c)), vf_bits(vf_set1((float)q))));
            vi_pack(to->s + n, m, vf_bits(u));
            vi_pack(to->channel + n, m, vi_iota((uint32_t)c));
            n += vm_count(m);
        }
        to->start[++to->n] = n;
    }
}

typedef struct back {
    const nd_conv_back *t;
    size_t rows, cols;  /* pooled */
    float *map;         /* images in work, with their border */
    size_t image, line; /* its floats from image to image, line to line */
    lists lists;
} back;

/* Row y of the kernel, vectors [first, first + band) of it, into every place of one image.
 * Lists that follow each other touch different lines: none waits for the one before. */
static void add_band(const back *k, size_t image, size_t y, size_t first, size_t band,
                     const float *w)
{
    const nd_conv *g = &k->t->g;
    const size_t F = g->window, per_place = g->pool == ND_POOL_MAX ? F * F : 1;
    const uint32_t *start = k->lists.start + image * k->rows * k->cols * per_place;
    const size_t cuts = (band + CONV_SPAN - 1) / CONV_SPAN;
    for (size_t px = 0; px < k->cols * F; px++)
        for (size_t py = 0; py < k->rows * F; py++) {
            const size_t place = py / F * k->cols + px / F;
            const size_t q = per_place == 1 ? 0 : py % F * F + px % F;
            const uint32_t *at = start + place * per_place + q;
            if (at[0] == at[1]) continue;
            float *out = k->map + image * k->image + (py * g->stride + y) * k->line +
                         px * g->stride * g->pixel + first * ND_LANES;
            for (size_t cut = 0; cut < cuts; cut++) {
                const size_t v = band * cut / cuts, end = band * (cut + 1) / cuts;
                run_whole(out + v * ND_LANES, at[1] - at[0], k->lists.s + at[0],
                          k->lists.channel + at[0], w + v * ND_LANES, band * ND_LANES,
                          end - v);
            }
        }
}

/* Channels [c, c + channels) of the images in work. */
static void add_channels(back *k, size_t b, size_t images, size_t c, size_t channels)
{
    const nd_conv_back *t = k->t;
    const nd_conv *g = &t->g;
    const size_t ld = nd_ld(g->maps), places = k->rows * k->cols;
    k->lists.n = 0;
    k->lists.start[0] = 0;
    for (size_t i = b * places; i < (b + images) * places; i++)
        list_place(&k->lists, g, channels, t->upper + i * ld + c,
                   g->pool == ND_POOL_MAX ? t->argmax + i * ld + c : NULL);
    const size_t V = g->kw * nd_ld(g->channels) / ND_LANES, bands = bands_of(V);
    for (size_t y = 0; y < g->kh; y++)
        for (size_t i = 0; i < bands; i++) {
            const size_t first = V * i / bands, band = V * (i + 1) / bands - first;
            const float *w = t->flipped + ((y * V + first) * g->maps + c * band) * ND_LANES;
            for (size_t image = 0; image < images; image++)
                add_band(k, image, y, first, band, w);
        }
}

/* out += what lies within the border */
static void add_within(const nd_conv *g, size_t images, const float *in, float *out)
{
    const size_t row = g->cols * g->pixel, line = row + 2 * g->pad * g->pixel;
    for (size_t b = 0; b < images; b++)
        for (size_t y = 0; y < g->rows; y++) {
            const float *from =
                in + b * nd_conv_padded(g) + (y + g->pad) * line + g->pad * g->pixel;
            float *to = out + b * g->image + y * row;
            for (size_t i = 0; i < row; i += ND_LANES)
                vf_store(to + i, vf_add(vf_load(to + i), vf_load(from + i)));
        }
}

void ND_KERNEL(conv_back)(const nd_conv_back *t)
{
    const nd_conv *g = &t->g;
    back k = {.t = t,
              .rows = nd_conv_rows(g),
              .cols = nd_conv_cols(g),
              .image = g->pad ? nd_conv_padded(g) : g->image,
              .line = (g->cols + 2 * g->pad) * g->pixel};
    const size_t places = k.rows * k.cols;
    const size_t entries = ND_CONV_GROUP * places * ND_CONV_CHANNELS + ND_LANES;
    float *border = t->scratch;
    k.lists.s = border + (g->pad ? ND_CONV_GROUP * nd_conv_padded(g) : 0);
    k.lists.channel = (uint32_t *)(void *)(k.lists.s + entries);
    k.lists.start = k.lists.channel + entries;
    for (size_t b = 0; b < t->B; b += ND_CONV_GROUP) {
        const size_t images = smaller(ND_CONV_GROUP, t->B - b);
        k.map = g->pad ? border : t->out + b * g->image;
        if (g->pad) memset(border, 0, images * nd_conv_padded(g) * sizeof *border);
        for (size_t c = 0; c < g->maps; c += ND_CONV_CHANNELS)
            add_channels(&k, b, images, c, smaller(ND_CONV_CHANNELS, g->maps - c));
        if (g->pad) add_within(g, images, border, t->out + b * g->image);
    }
}

/* ---- hebb ---- */

/* Places of channel c that are not zero, and where in the lower map their windows begin. */
static size_t list_channel(const nd_conv *g, size_t c, const float *upper,
                           const uint8_t *argmax, float sign, float *s, uint32_t *from)
{
    const size_t rows = nd_conv_rows(g), cols = nd_conv_cols(g), ld = nd_ld(g->maps);
    const size_t F = g->window, line = (g->cols + 2 * g->pad) * g->pixel;
    const size_t per_place = g->pool == ND_POOL_AVERAGE ? F * F : 1;
    size_t n = 0;
    for (size_t i = 0; i < rows * cols; i++) {
        const float u = upper[i * ld + c] * (sign / (float)per_place);
        if (u == 0.0f) continue;
        for (size_t j = 0; j < per_place; j++) {
            const size_t q = g->pool == ND_POOL_MAX ? argmax[i * ld + c] : j;
            const size_t y = (i / cols * F + q / F) * g->stride;
            const size_t x = (i % cols * F + q % F) * g->stride;
            s[n] = u;
            from[n++] = (uint32_t)(y * line + x * g->pixel);
        }
    }
    return n;
}

/* sums (maps, kh, V vectors) += one image of one phase */
static void add_image(const nd_conv *g, const float *map, const float *upper,
                      const uint8_t *argmax, float sign, float *sums, float *s,
                      uint32_t *from)
{
    const size_t run = g->kw * g->pixel, V = nd_ld(run) / ND_LANES;
    const size_t line = (g->cols + 2 * g->pad) * g->pixel;
    const size_t cuts = (V + CONV_SPAN - 1) / CONV_SPAN;
    for (size_t c = 0; c < g->maps; c++) {
        const size_t n = list_channel(g, c, upper, argmax, sign, s, from);
        for (size_t y = 0; y < g->kh; y++, sums += V * ND_LANES)
            for (size_t cut = 0; cut < cuts; cut++) {
                const size_t v = V * cut / cuts, end = V * (cut + 1) / cuts;
                const size_t left = run - (end - 1) * ND_LANES;
                run_ragged(sums + v * ND_LANES, n, s, from, map + y * line + v * ND_LANES,
                           1, (unsigned)smaller(left, ND_LANES), end - v);
            }
    }
}

/* (maps, kh, kw, pixel) -> panels (k, maps) */
static void to_panels(const nd_conv *g, float scale, const float *sums, float *out)
{
    const size_t k = nd_conv_k(g), row = nd_ld(g->kw * g->pixel);
    memset(out, 0, nd_panels(k, g->maps) * sizeof *out);
    for (size_t c = 0; c < g->maps; c++) {
        float *to = out + nd_panel_at(k, 0, c);
        for (size_t y = 0; y < g->kh; y++, sums += row)
            for (size_t x = 0; x < g->kw; x++)
                for (size_t d = 0; d < g->channels; d++, to += ND_LANES)
                    *to = scale * sums[x * g->pixel + d];
    }
}

void ND_KERNEL(conv_hebb)(const nd_conv_hebb *h)
{
    const nd_conv *g = &h->g;
    const size_t places = nd_conv_rows(g) * nd_conv_cols(g) * g->window * g->window;
    const size_t upper = nd_conv_upper(g);
    const size_t n_sums = g->maps * g->kh * nd_ld(g->kw * g->pixel);
    float *sums = h->scratch, *s = sums + n_sums;
    uint32_t *from = (uint32_t *)(void *)(s + nd_ld(places));
    float *border = s + 2 * nd_ld(places);
    memset(sums, 0, n_sums * sizeof *sums);
    for (int phase = 0; phase < (h->upper0 ? 2 : 1); phase++) {
        const float *map = phase ? h->lower0 : h->lower1;
        const float *up = phase ? h->upper0 : h->upper1;
        const uint8_t *argmax = phase ? h->argmax0 : h->argmax1;
        for (size_t b = 0; b < h->B; b++) {
            if (g->pad) add_border(g, 1, map + b * g->image, border);
            add_image(g, g->pad ? border : map + b * g->image, up + b * upper,
                      g->pool == ND_POOL_MAX ? argmax + b * upper : NULL,
                      phase ? -1.0f : 1.0f, sums, s, from);
        }
    }
    to_panels(g, h->scale, sums, h->out);
}
