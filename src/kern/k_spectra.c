/* k_spectra.c -- products of spectra: a convolution, one frequency at a time.
 *
 * With real maps two by two in the transforms (kern.h), all that a frequency k and its
 * mirror -k hold of 16 channels are two vectors, z of k and v of -k:
 *
 *     2 Re X = z + v,     2 Im X = turn(z - v),     turn(re, im) = (im, -re)
 *
 * channel by channel in order; and back again
 *
 *     z = Re Y - turn(Im Y),     v = Re Y + turn(Im Y)
 *
 * In between is a product of small complex matrices, (B, channels) by (channels, maps),
 * whose sums over the channels stay in registers. */
#include "kern_impl.h"

enum { IMAGES = TILE_ROWS / 2 }; /* of a tile: two sums each */

static const float signs[ND_LANES] = {1, -1, 1, -1, 1, -1, 1, -1,
                                      1, -1, 1, -1, 1, -1, 1, -1};

/* (re, im) -> (im, -re) */
ND_INLINE vf turn(vf x)
{
    const vi w = vf_bits(x);
    return vf_mul(vi_bits(vi_join(vi_high(w), w)), vf_load(signs));
}

static inline size_t mirror(size_t k, size_t n)
{
    return k ? n - k : 0;
}

void ND_KERNEL(spectrum)(const nd_plane *p, const float *in, size_t step, float *out)
{
    for (size_t k1 = 0; k1 < p->rows; k1++)
        for (size_t k2 = 0; 2 * k2 <= p->cols; k2++) {
            if (!nd_plane_counts(p, k1, k2)) continue;
            const vf z = vf_load(in + k1 * p->line + k2 * p->place);
            const vf v = vf_load(in + mirror(k1, p->rows) * p->line +
                                 mirror(k2, p->cols) * p->place);
            vf_store(out, vf_add(z, v));
            vf_store(out + ND_LANES, turn(vf_sub(z, v)));
            out += step;
        }
}

/* At one frequency: to scratch, for each image, real parts of all channels, then imaginary
 * ones. */
static void tell_apart(const nd_spectra *s, size_t here, size_t there)
{
    const size_t ld = nd_ld(s->channels), held = s->channels + s->channels % 2;
    for (size_t b = 0; b < s->B; b++) {
        const float *in = s->in + b * s->lower.image;
        float *out = s->scratch + b * 2 * ld;
        for (size_t c = 0; c < s->channels; c += ND_LANES) {
            const unsigned n = (unsigned)(held - c < ND_LANES ? held - c : ND_LANES);
            const vf z = vf_load_n(in + here + c, n), v = vf_load_n(in + there + c, n);
            vf_store(out + c, vf_add(z, v));
            vf_store(out + ld + c, turn(vf_sub(z, v)));
        }
    }
}

/* M images from b on, P panels from p on, at one frequency. */
ND_INLINE void tile(const nd_spectra *s, const float *w, size_t b, size_t p, size_t here,
                    size_t there, const int M, const int P)
{
    const size_t ld = nd_ld(s->channels), panel = s->channels * 2 * ND_LANES;
    const float *x = s->scratch + b * 2 * ld;
    w += p * panel;
    vf re[IMAGES][TILE_PANELS], im[IMAGES][TILE_PANELS];
    ND_UNROLL
    for (int i = 0; i < M; i++)
        ND_UNROLL
    for (int j = 0; j < P; j++)
        re[i][j] = im[i][j] = vf_set1(0.0f);
    for (size_t c = 0; c < s->channels; c++, w += 2 * ND_LANES) {
        vf wr[TILE_PANELS], wi[TILE_PANELS];
        ND_UNROLL
        for (int j = 0; j < P; j++) {
            wr[j] = vf_load(w + (size_t)j * panel);
            wi[j] = vf_load(w + (size_t)j * panel + ND_LANES);
        }
        ND_UNROLL
        for (int i = 0; i < M; i++) {
            const vf xr = vf_set1(x[(size_t)i * 2 * ld + c]);
            const vf xi = vf_set1(x[(size_t)i * 2 * ld + ld + c]);
            ND_UNROLL
            for (int j = 0; j < P; j++) {
                re[i][j] = vf_fma(xr, wr[j], re[i][j]);
                im[i][j] = vf_fma(xr, wi[j], im[i][j]);
                re[i][j] = vf_fnma(xi, wi[j], re[i][j]);
                im[i][j] = vf_fma(xi, wr[j], im[i][j]);
            }
        }
    }
    ND_UNROLL
    for (int i = 0; i < M; i++)
        ND_UNROLL
    for (int j = 0; j < P; j++) {
        float *out = s->out + (b + (size_t)i) * s->upper.image + (p + (size_t)j) * ND_LANES;
        const vf t = turn(im[i][j]);
        vf_store(out + here, vf_sub(re[i][j], t));
        vf_store(out + there, vf_add(re[i][j], t));
    }
}

#define TILE_CASE(m)                                                                       \
    case m:                                                                                \
        if (m > IMAGES) break;                                                             \
        if (panels == 1)                                                                   \
            tile(s, w, b, p, here, there, m > IMAGES ? 1 : m, 1);                          \
        else                                                                               \
            tile(s, w, b, p, here, there, m > IMAGES ? 1 : m, TILE_PANELS);                \
        break;

static void run_tile(const nd_spectra *s, const float *w, size_t b, size_t images, size_t p,
                     size_t panels, size_t here, size_t there)
{
    switch (images) {
        TILE_CASE(1)
        TILE_CASE(2)
        TILE_CASE(3)
        TILE_CASE(4)
        TILE_CASE(5)
    }
}

/* One frequency: `here` and `there` are where k and -k lie below, `out` and `mirrored`
 * above. */
static void multiply(const nd_spectra *s, const float *w, size_t out, size_t mirrored)
{
    const size_t panels = nd_ld(s->maps) / ND_LANES, blocks = (s->B + IMAGES - 1) / IMAGES;
    for (size_t p = 0; p < panels;) {
        const size_t wide = panels - p >= TILE_PANELS ? TILE_PANELS : 1;
        for (size_t i = 0; i < blocks; i++) {
            const size_t b = s->B * i / blocks, end = s->B * (i + 1) / blocks;
            run_tile(s, w, b, end - b, p, wide, out, mirrored);
        }
        p += wide;
    }
}

void ND_KERNEL(spectra)(const nd_spectra *s)
{
    const nd_plane *in = &s->lower, *out = &s->upper;
    const size_t block = nd_ld(s->maps) * s->channels * 2;
    const float *w = s->w;
    for (size_t k1 = 0; k1 < in->rows; k1++)
        for (size_t k2 = 0; 2 * k2 <= in->cols; k2++) {
            if (!nd_plane_counts(in, k1, k2)) continue;
            const size_t m1 = mirror(k1, in->rows), m2 = mirror(k2, in->cols);
            tell_apart(s, k1 * in->line + k2 * in->place, m1 * in->line + m2 * in->place);
            multiply(s, w, k1 * out->line + k2 * out->place,
                     m1 * out->line + m2 * out->place);
            w += block;
        }
}
