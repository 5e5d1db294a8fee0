/* test_kern.c -- scalar is the oracle: every kernel gives the same bits on every ISA, for
 * all tail sizes; and the oracle itself is right, by double precision. */
#include "nudge/act.h"
#include "nudge/kern.h"

#include <complex.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "isas.h"

static const nd_kernels *scalar(void)
{
    bool usable;
    return nd_kern_isa(0, &usable);
}

static float *block(size_t n)
{
    float *p = aligned_alloc(64, nd_ld(n ? n : 1) * sizeof *p);
    assert_non_null(p);
    memset(p, 0, nd_ld(n ? n : 1) * sizeof *p);
    return p;
}

static float *noise(size_t n, uint32_t stream, float lo, float hi)
{
    float *p = block(n);
    scalar()->uniforms((nd_at){.seed = 7, .stream = stream}, n, lo, hi, p);
    return p;
}

/* (B, n) with zero padding, as models keep states */
static float *states(size_t B, size_t n, uint32_t stream)
{
    const size_t ld = nd_ld(n);
    float *p = noise(B * ld, stream, -1.0f, 1.5f);
    for (size_t b = 0; b < B; b++)
        memset(p + b * ld + n, 0, (ld - n) * sizeof *p);
    return p;
}

static void same_bits(const float *a, const float *b, size_t n, const char *what,
                      const char *isa)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(&a[i], &b[i], sizeof *a) != 0)
            fail_msg("%s: %s differs from scalar at %zu of %zu: %.9g, scalar %.9g", what,
                     isa, i, n, (double)b[i], (double)a[i]);
}

/* ---- relax, affine ---- */

typedef struct layer {
    size_t B, n, k0, k1;
    float *drive, *s0, *s1, *w0, *w1, *old, *y;
} layer;

static layer layer_new(size_t B, size_t n, size_t k0, size_t k1)
{
    return (layer){B,
                   n,
                   k0,
                   k1,
                   states(1, n, 1),
                   states(B, k0, 2),
                   states(B, k1, 3),
                   noise(nd_panels(k0, n), 4, -0.3f, 0.3f),
                   noise(nd_panels(k1, n), 5, -0.3f, 0.3f),
                   states(B, n, 6),
                   states(B, n, 7)};
}

static void layer_free(layer *l)
{
    float *all[] = {l->drive, l->s0, l->s1, l->w0, l->w1, l->old, l->y};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

static nd_relax relax_of(const layer *l, int activation, bool inside, float dt, float *out)
{
    return (nd_relax){.in = {.B = l->B,
                             .n = l->n,
                             .drive = l->drive,
                             .terms = 2,
                             .term = {{l->s0, l->k0, nd_ld(l->k0), l->w0},
                                      {l->s1, l->k1, nd_ld(l->k1), l->w1}},
                             .out = out},
                      .old = l->old,
                      .target = l->y,
                      .beta = 0.37f,
                      .dt = dt,
                      .inside = inside,
                      .activation = activation};
}

static void relax_same_bits(void **state)
{
    (void)state;
    static const size_t sizes[][4] = {{1, 1, 1, 1},     {3, 10, 17, 5},   {20, 16, 33, 10},
                                      {7, 31, 16, 48},  {21, 33, 100, 7}, {11, 50, 64, 31},
                                      {128, 10, 50, 3}, {0, 5, 5, 5},     {9, 210, 10, 3},
                                      {6, 64, 32, 0}};
    const nd_kernels *isa[ISAS_MAX];
    const size_t n_isa = isas_from(1, isa);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        layer l = layer_new(sizes[i][0], sizes[i][1], sizes[i][2], sizes[i][3]);
        const size_t size = l.B * nd_ld(l.n);
        float *a = block(size), *b = block(size);
        for (int act = 0; act <= ND_ACTIVATION_identity; act++)
            for (int inside = 0; inside < 2; inside++) {
                nd_relax r = relax_of(&l, act, inside, i % 2 ? 1.0f : 0.2f, a);
                scalar()->relax(&r);
                r.in.out = b;
                for (size_t k = 0; k < n_isa; k++) {
                    memset(b, 0, size * sizeof *b);
                    isa[k]->relax(&r);
                    same_bits(a, b, size, "relax", isa[k]->isa);
                }
            }
        free(a), free(b);
        layer_free(&l);
    }
}

/* The energy's step with all its options, of a layer of B x n with k0 and k1 inputs. */
static void energetic_steps_of(size_t B, size_t n, size_t k0, size_t k1)
{
    const nd_kernels *isa[ISAS_MAX];
    const size_t n_isa = isas_from(1, isa);
    layer l = layer_new(B, n, k0, k1);
    const size_t size = l.B * nd_ld(l.n);
    float *a = block(size), *b = block(size), *ra = block(size), *rb = block(size);
    float *rho = states(l.B, l.n, 9);
    for (int act = 0; act <= ND_ACTIVATION_identity; act++)
        for (int option = 0; option < 8; option++) {
            nd_relax r = relax_of(&l, act, false, 0.2f, a);
            r.old_rho = rho, r.rho = ra;
            r.flat = option & 1, r.clamp = option & 2;
            r.grid = option & 4 ? 1.0f / 15 : 0.0f;
            scalar()->relax(&r);
            r.in.out = b, r.rho = rb;
            for (size_t k = 0; k < n_isa; k++) {
                isa[k]->relax(&r);
                same_bits(a, b, size, "energetic step", isa[k]->isa);
                same_bits(ra, rb, size, "its activity", isa[k]->isa);
            }
        }
    free(a), free(b), free(ra), free(rb), free(rho);
    layer_free(&l);
}

static void energetic_steps_same_bits(void **state)
{
    (void)state;
    energetic_steps_of(21, 37, 17, 5);
    energetic_steps_of(9, 150, 10, 0); /* short products: several panels, and some left */
    energetic_steps_of(11, 83, 60, 5);
}

/* (B, n), `busy` of it not zero */
static float *dark_states(size_t B, size_t n, uint32_t stream, float busy)
{
    float *s = states(B, n, stream), *u = noise(B * nd_ld(n), stream + 100, 0.0f, 1.0f);
    for (size_t i = 0; i < B * nd_ld(n); i++)
        if (u[i] >= busy) s[i] = i % 2 ? 0.0f : -0.0f;
    free(u);
    return s;
}

/* 0 (of either sign) or 1, this one with probability `busy` */
static float *binary_states(size_t B, size_t n, uint32_t stream, float busy)
{
    float *s = states(B, n, stream), *u = noise(B * nd_ld(n), stream, 0.0f, 1.0f);
    for (size_t b = 0; b < B; b++)
        for (size_t x = 0; x < n; x++) {
            const size_t i = b * nd_ld(n) + x;
            s[i] = u[i] < busy ? 1.0f : x % 2 ? 0.0f : -0.0f;
        }
    free(u);
    return s;
}

/* Products look at the first rows only before they skip what is zero: with others of these
 * the same rows go the whole way. */
static float *with_busy_rows(const float *s, size_t B, size_t n)
{
    float *busy = states(B, n, 50);
    const size_t first = B < 4 ? B : 4, ld = nd_ld(n);
    memcpy(busy + first * ld, s + first * ld, (B - first) * ld * sizeof *s);
    return busy;
}

/* B, k, n over the sizes of the lists' blocks */
static const size_t dark_sizes[][3] = {{4, 32, 31},   {7, 33, 32},    {20, 100, 100},
                                       {9, 300, 144}, {130, 257, 33}, {128, 64, 49}};

/* The same on all ISAs; and what is skipped was nothing, bit for bit. */
static void zeros_are_skipped(void **state)
{
    (void)state;
    const nd_kernels *isa[ISAS_MAX];
    const size_t n_isa = isas_from(1, isa);
    for (size_t i = 0; i < sizeof dark_sizes / sizeof *dark_sizes; i++)
        for (int variant = 0; variant < 4; variant++) {
            const int activation = variant % 2;
            const bool binary = variant / 2;
            const size_t B = dark_sizes[i][0], k = dark_sizes[i][1], n = dark_sizes[i][2];
            const size_t size = B * nd_ld(n), first = 4 * nd_ld(n);
            layer l = layer_new(B, n, k, 10);
            float *a = block(size), *b = block(size);
            float *dark = (binary ? binary_states : dark_states)(B, k, 60, 0.2f);
            float *busy = with_busy_rows(dark, B, k);
            nd_relax r = relax_of(&l, activation, false, 0.3f, a);
            r.in.term[0].s = busy;
            scalar()->relax(&r);
            r.in.term[0].s = dark, r.in.out = b;
            scalar()->relax(&r);
            same_bits(a + first, b + first, size - first, "whole relax", "by lists");
            for (size_t j = 0; j < n_isa; j++) {
                r.in.out = a;
                isa[j]->relax(&r);
                same_bits(b, a, size, "relax by lists", isa[j]->isa);
                nd_affine whole = r.in;
                whole.terms = 1, whole.out = a;
                scalar()->affine(&whole);
                whole.out = b;
                isa[j]->affine(&whole);
                same_bits(a, b, size, "affine by lists", isa[j]->isa);
                r.in.out = b;
                scalar()->relax(&r);
            }
            free(a), free(b), free(dark), free(busy);
            layer_free(&l);
        }
}

/* What is no number is not zero. */
static void nan_is_not_skipped(void **state)
{
    (void)state;
    enum { B = 6, K = 64, N = 40 };
    const nd_kernels *isa[ISAS_MAX];
    size_t n_isa = isas_from(1, isa);
    isa[n_isa++] = scalar();
    float *s = block(B * K), *w = noise(nd_panels(K, N), 3, -1.0f, 1.0f);
    float *out = block(B * nd_ld(N)), *dw = block(nd_panels(K, N));
    s[5 * K + 40] = (float)NAN;
    for (size_t i = 0; i < n_isa; i++) {
        const nd_affine a = {
            .B = B, .n = N, .drive = w, .terms = 1, .term = {{s, K, K, w}}, .out = out};
        isa[i]->affine(&a);
        assert_true(!isnan(out[4 * nd_ld(N)]));
        assert_true(isnan(out[5 * nd_ld(N)]));
        const nd_hebb h = {
            .B = B, .k = K, .n = N, .pre_ld = K, .pre1 = s, .post1 = out, .out = dw};
        isa[i]->hebb(&h);
        assert_true(!isnan(dw[nd_panel_at(K, 39, 0)]));
        assert_true(isnan(dw[nd_panel_at(K, 40, 0)]));
    }
    free(s), free(w), free(out), free(dw);
}

static double slope_of(int act, double s)
{
    const nd_activation *r = nd_activation_at((nd_activation_id)act);
    return (r->r(s + 1e-5) - r->r(s - 1e-5)) / 2e-5;
}

/* Against its equation, with r' by differences. */
static void energetic_step_is_its_equation(void **state)
{
    (void)state;
    layer l = layer_new(5, 21, 37, 9);
    const size_t ld = nd_ld(l.n), size = l.B * ld;
    float *out = block(size), *pre = block(size), *rho = block(size), *next = block(size);
    for (int act = 0; act <= ND_ACTIVATION_identity; act++)
        for (int option = 0; option < 4; option++) {
            const nd_activation *row = nd_activation_at((nd_activation_id)act);
            nd_relax r = relax_of(&l, act, false, 0.3f, out);
            r.old_rho = rho, r.rho = next, r.flat = option & 1, r.clamp = option & 2;
            nd_affine in = r.in;
            in.out = pre;
            scalar()->affine(&in);
            for (size_t i = 0; i < size; i++)
                rho[i] = (float)row->r((double)l.old[i]);
            scalar()->relax(&r);
            for (size_t i = 0; i < size; i++) {
                if (i % ld >= l.n) {
                    assert_true(out[i] == 0.0f && next[i] == 0.0f);
                    continue;
                }
                const double s = (double)l.old[i], x = (double)pre[i];
                const double force = r.flat ? x : slope_of(act, s) * x;
                double want = s + 0.3 * (-s + force + 0.37 * ((double)l.y[i] - s));
                if (r.clamp) want = fmin(1, fmax(0, want));
                assert_true(fabs((double)out[i] - want) < 1e-4 * (1 + fabs(want)));
                assert_true(fabs((double)next[i] - row->r((double)out[i])) < 1e-6);
            }
        }
    free(out), free(pre), free(rho), free(next);
    layer_free(&l);
}

/* ---- neurons, complex steps, softmax ---- */

static void neurons_same_bits(void **state)
{
    (void)state;
    const nd_kernels *isa[ISAS_MAX];
    const size_t n_isa = isas_from(1, isa);
    static const size_t sizes[][2] = {{1, 1}, {3, 17}, {20, 64}, {7, 100}, {0, 4}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int option = 0; option < 8; option++) {
            const size_t B = sizes[i][0], n = sizes[i][1], size = B * nd_ld(n);
            float *gain = states(1, n, 1), *offset = states(1, n, 2);
            float *x = states(B, n, 3), *a = block(size), *b = block(size);
            nd_neurons r = {.B = B,
                            .n = n,
                            .gain = option & 1 ? gain : NULL,
                            .offset = option & 2 ? offset : NULL,
                            .sd = option & 4 ? 0.3f : 0.0f,
                            .at = {.seed = 5, .stream = 9, .epoch = 2, .batch = 3}};
            memcpy(a, x, size * sizeof *x);
            r.x = a;
            scalar()->neurons(&r);
            for (size_t k = 0; k < n_isa; k++) {
                memcpy(b, x, size * sizeof *x);
                r.x = b;
                isa[k]->neurons(&r);
                same_bits(a, b, size, "neurons", isa[k]->isa);
            }
            double sum = 0, squares = 0;
            for (size_t j = 0; j < size; j++) {
                if (j % nd_ld(n) >= n) {
                    assert_true(a[j] == 0.0f);
                    continue;
                }
                double want = (double)x[j];
                if (r.gain) want *= (double)gain[j % nd_ld(n)];
                if (r.offset) want += (double)offset[j % nd_ld(n)];
                const double noise = (double)a[j] - want;
                if (r.sd == 0.0f) assert_true(fabs(noise) < 1e-6);
                sum += noise, squares += noise * noise;
            }
            const double count = (double)(B * n);
            if (r.sd > 0.0f && count > 500) {
                assert_true(fabs(sum / count) < 4 * 0.3 / sqrt(count));
                assert_true(fabs(squares / count - 0.09) < 4 * 0.09 * sqrt(2 / count));
            }
            free(gain), free(offset), free(x), free(a), free(b);
        }
}

static const int smooth[] = {ND_ACTIVATION_shifted_sigmoid, ND_ACTIVATION_logistic,
                             ND_ACTIVATION_tanh, ND_ACTIVATION_identity};

static double complex number(float re, float im)
{
    return nd_complex((double)re, (double)im);
}

static double complex continued(int act, double complex z)
{
    switch (act) {
    case ND_ACTIVATION_shifted_sigmoid:
        return 1 / (1 + cexp(-4 * (z - 0.5)));
    case ND_ACTIVATION_logistic:
        return 1 / (1 + cexp(-z));
    case ND_ACTIVATION_tanh:
        return ctanh(z);
    default:
        return z;
    }
}

/* Same bits, and the equation with complex numbers in double precision. */
static void complex_steps(void **state)
{
    (void)state;
    enum { B = 5, N = 37, SIZE = B * 48 };
    const nd_kernels *isa[ISAS_MAX];
    const size_t n_isa = isas_from(1, isa);
    float *in[5], *a[2] = {block(SIZE), block(SIZE)}, *b[2] = {block(SIZE), block(SIZE)};
    for (uint32_t i = 0; i < 5; i++)
        in[i] = states(B, N, 20 + i);
    for (size_t act = 0; act < sizeof smooth / sizeof *smooth; act++)
        for (int option = 0; option < 4; option++) {
            nd_relax_complex r = {.B = B,
                                  .n = N,
                                  .pre = {in[0], in[1]},
                                  .old = {in[2], in[3]},
                                  .target = option & 1 ? in[4] : NULL,
                                  .beta = {0.3f, -0.2f},
                                  .dt = 0.7f,
                                  .inside = option & 2,
                                  .activation = smooth[act],
                                  .out = {a[0], a[1]}};
            scalar()->relax_complex(&r);
            r.out[0] = b[0], r.out[1] = b[1];
            for (size_t k = 0; k < n_isa; k++) {
                isa[k]->relax_complex(&r);
                same_bits(a[0], b[0], SIZE, "complex step", isa[k]->isa);
                same_bits(a[1], b[1], SIZE, "complex step, imaginary", isa[k]->isa);
            }
            for (size_t i = 0; i < SIZE; i++) {
                const double complex s = number(in[2][i], in[3][i]);
                double complex x = number(in[0][i], in[1][i]);
                double complex nudge = 0;
                if (r.target) nudge = number(0.3f, -0.2f) * ((double)in[4][i] - s);
                if (r.inside) x += nudge;
                double complex f = continued(smooth[act], x);
                if (!r.inside) f += nudge;
                double complex want = s + 0.7 * (f - s);
                if (i % 48 >= N) want = 0;
                const double complex got = number(a[0][i], a[1][i]);
                if (cabs(got - want) > 3e-6 * (1 + cabs(want)))
                    fail_msg("activation %d: %g%+gi, not %g%+gi", smooth[act], creal(got),
                             cimag(got), creal(want), cimag(want));
            }
        }
    for (int i = 0; i < 5; i++)
        free(in[i]);
    free(a[0]), free(a[1]), free(b[0]), free(b[1]);
}

static void soft_errors(void **state)
{
    (void)state;
    const nd_kernels *isa[ISAS_MAX];
    const size_t n_isa = isas_from(1, isa);
    static const size_t sizes[][2] = {{1, 1}, {4, 10}, {3, 16}, {5, 37}, {0, 3}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int complexly = 0; complexly < 2; complexly++) {
            const size_t B = sizes[i][0], n = sizes[i][1], ld = nd_ld(n), size = B * ld;
            float *z[2] = {states(B, n, 1), states(B, n, 2)}, *y = states(B, n, 3);
            float *a[2] = {block(size), block(size)}, *b[2] = {block(size), block(size)};
            nd_soft_error e = {.B = B,
                               .n = n,
                               .logits = {z[0], complexly ? z[1] : NULL},
                               .target = y,
                               .scale = {0.4f, complexly ? 0.3f : 0.0f},
                               .out = {a[0], a[1]}};
            scalar()->soft_error(&e);
            e.out[0] = b[0], e.out[1] = b[1];
            for (size_t k = 0; k < n_isa; k++) {
                isa[k]->soft_error(&e);
                same_bits(a[0], b[0], size, "soft error", isa[k]->isa);
                same_bits(a[1], b[1], size, "soft error, imaginary", isa[k]->isa);
            }
            for (size_t r = 0; r < B; r++) {
                double complex sum = 0, w[64];
                for (size_t j = 0; j < n; j++) {
                    const double im = complexly ? (double)z[1][r * ld + j] : 0;
                    sum += w[j] = cexp(nd_complex((double)z[0][r * ld + j], im));
                }
                for (size_t j = 0; j < ld; j++) {
                    const double complex scale = number(e.scale[0], e.scale[1]);
                    const double complex want =
                        j < n ? scale * ((double)y[r * ld + j] - w[j] / sum) : 0;
                    const double complex got = number(a[0][r * ld + j], a[1][r * ld + j]);
                    assert_true(cabs(got - want) < 3e-6);
                }
            }
            free(z[0]), free(z[1]), free(y), free(a[0]), free(a[1]), free(b[0]), free(b[1]);
        }
}

static void combine(void **state)
{
    (void)state;
    const nd_kernels *isa[ISAS_MAX];
    const size_t n_isa = isas_from(1, isa);
    for (size_t n = 0; n < 40; n++) {
        float *x = noise(n, 1, -1, 1), *y = noise(n, 2, -1, 1), *a = block(n),
              *b = block(n);
        scalar()->combine(n, 0.3f, x, -0.7f, y, a);
        for (size_t k = 0; k < n_isa; k++) {
            isa[k]->combine(n, 0.3f, x, -0.7f, y, b);
            same_bits(a, b, n, "combine", isa[k]->isa);
        }
        for (size_t i = 0; i < n; i++)
            assert_true(fabs((double)a[i] - 0.3 * (double)x[i] + 0.7 * (double)y[i]) <
                        1e-6);
        free(x), free(y), free(a), free(b);
    }
}

/* The fused step against its equation in double precision; padding stays 0. */
static void relax_is_its_equation(void **state)
{
    (void)state;
    layer l = layer_new(5, 21, 37, 9);
    const size_t ld = nd_ld(l.n);
    float *out = block(l.B * ld);
    for (int act = 0; act <= ND_ACTIVATION_identity; act++)
        for (int inside = 0; inside < 2; inside++) {
            const double dt = 0.3;
            const nd_relax r = relax_of(&l, act, inside, (float)dt, out);
            scalar()->relax(&r);
            for (size_t b = 0; b < l.B; b++)
                for (size_t j = 0; j < ld; j++) {
                    if (j >= l.n) {
                        assert_true(out[b * ld + j] == 0.0f);
                        continue;
                    }
                    double x = (double)l.drive[j];
                    for (size_t k = 0; k < l.k0; k++)
                        x += (double)l.s0[b * nd_ld(l.k0) + k] *
                             (double)l.w0[nd_panel_at(l.k0, k, j)];
                    for (size_t k = 0; k < l.k1; k++)
                        x += (double)l.s1[b * nd_ld(l.k1) + k] *
                             (double)l.w1[nd_panel_at(l.k1, k, j)];
                    const double s = (double)l.old[b * ld + j];
                    const double nudge = (double)r.beta * ((double)l.y[b * ld + j] - s);
                    const nd_activation *a = nd_activation_at((nd_activation_id)act);
                    const double f = inside ? a->r(x + nudge) : a->r(x) + nudge;
                    const double want = s + dt * (f - s), got = (double)out[b * ld + j];
                    if (fabs(got - want) > 4e-6)
                        fail_msg("%s, inside %d: %.9g, want %.9g", a->name, inside, got,
                                 want);
                }
        }
    free(out);
    layer_free(&l);
}

/* ---- hebb, transpose ---- */

static void hebb_same_bits_and_right(void **state)
{
    (void)state;
    static const size_t sizes[][3] = {
        {1, 1, 1}, {20, 23, 10}, {7, 100, 33}, {3, 10, 64}, {0, 4, 4}};
    const nd_kernels *isa[ISAS_MAX];
    const size_t n_isa = isas_from(1, isa);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const size_t B = sizes[i][0], k = sizes[i][1], n = sizes[i][2],
                     size = nd_panels(k, n);
        float *pre1 = states(B, k, 1), *pre0 = states(B, k, 2);
        float *post1 = states(B, n, 3), *post0 = states(B, n, 4);
        float *a = block(size), *b = block(size);
        nd_hebb h = {B, k, n, nd_ld(k), pre1, post1, pre0, post0, 0.25f, a};
        scalar()->hebb(&h);
        for (size_t x = 0; x < k; x++)
            for (size_t y = 0; y < n; y++) {
                double want = 0;
                for (size_t s = 0; s < B; s++)
                    want +=
                        (double)pre1[s * nd_ld(k) + x] * (double)post1[s * nd_ld(n) + y] -
                        (double)pre0[s * nd_ld(k) + x] * (double)post0[s * nd_ld(n) + y];
                assert_true(fabs((double)a[nd_panel_at(k, x, y)] - 0.25 * want) < 1e-5);
            }
        h.out = b;
        for (size_t j = 0; j < n_isa; j++) {
            isa[j]->hebb(&h);
            same_bits(a, b, size, "hebb", isa[j]->isa);
        }
        free(pre1), free(pre0), free(post1), free(post0), free(a), free(b);
    }
}

/* As zeros_are_skipped: rows whose post-synaptic activity is zero decide which way to go, and
 * add nothing either way. */
static void hebb_skips_zeros(void **state)
{
    (void)state;
    const nd_kernels *isa[ISAS_MAX];
    const size_t n_isa = isas_from(1, isa);
    for (size_t i = 0; i < sizeof dark_sizes / sizeof *dark_sizes; i++)
        for (int phases = 1; phases <= 2; phases++) {
            const size_t B = dark_sizes[i][0], k = dark_sizes[i][1], n = dark_sizes[i][2];
            const size_t size = nd_panels(k, n), first = 4 * nd_ld(n) * sizeof(float);
            float *pre1 = dark_states(B, k, 70, 0.2f), *pre0 = dark_states(B, k, 71, 0.3f);
            float *busy = with_busy_rows(pre1, B, k);
            float *post1 = states(B, n, 3), *post0 = states(B, n, 4);
            float *a = block(size), *b = block(size);
            memset(post1, 0, first);
            nd_hebb h = {.B = B,
                         .k = k,
                         .n = n,
                         .pre_ld = nd_ld(k),
                         .pre1 = busy,
                         .post1 = post1,
                         .pre0 = phases > 1 ? pre0 : NULL,
                         .post0 = post0,
                         .scale = 0.37f,
                         .out = a};
            scalar()->hebb(&h);
            h.pre1 = pre1, h.out = b;
            scalar()->hebb(&h);
            same_bits(a, b, size, "whole hebb", "by lists");
            for (size_t j = 0; j < n_isa; j++) {
                isa[j]->hebb(&h);
                same_bits(a, b, size, "hebb by lists", isa[j]->isa);
            }
            free(pre1), free(pre0), free(busy), free(post1), free(post0), free(a), free(b);
        }
}

static void is_the_contrast(const nd_hebb *h, const char *isa)
{
    for (size_t x = 0; x < h->k; x++)
        for (size_t y = 0; y < h->n; y++) {
            float sum = 0.0f; /* exact: halves of small whole numbers */
            for (size_t s = 0; s < h->B; s++) {
                const size_t i = s * h->pre_ld + x, j = s * nd_ld(h->n) + y;
                sum += h->pre1[i] * h->post1[j];
                if (h->pre0) sum -= h->pre0[i] * h->post0[j];
            }
            const float got = h->out[nd_panel_at(h->k, x, y)];
            if (got != h->scale * sum)
                fail_msg("%s: %zu samples, weight (%zu, %zu) of %zux%zu: %.9g, not %.9g",
                         isa, h->B, x, y, h->k, h->n, (double)got,
                         (double)(h->scale * sum));
        }
}

/* Binary states are counted: exact, up to all of a mini-batch being 1 in one phase and 0 in
 * the other; so are those with one state among them, anywhere, that is not. */
static void hebb_of_binary_states(void **state)
{
    (void)state;
    static const size_t sizes[][3] = {{1, 32, 32},    {8, 40, 96},   {20, 65, 113},
                                      {100, 32, 200}, {64, 33, 320}, {65, 64, 321},
                                      {127, 80, 48},  {128, 33, 40}};
    static const float busy[] = {0.1f, 0.6f, 1.1f}; /* 1.1: all are 1 */
    const nd_kernels *isa[ISAS_MAX];
    size_t n_isa = isas_from(1, isa);
    isa[n_isa++] = scalar();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int variant = 0; variant < 18; variant++) {
            const size_t B = sizes[i][0], k = sizes[i][1], n = sizes[i][2];
            const int lit = variant % 3, phases = variant / 3 % 2 + 1, odd = variant / 6;
            float *pre1 = binary_states(B, k, 80, busy[lit]),
                  *post1 = binary_states(B, n, 81, lit == 2 ? 1.1f : 0.4f),
                  *pre0 = binary_states(B, k, 82, busy[lit]),
                  *post0 = binary_states(B, n, 83, lit == 2 ? 0.0f : 0.4f);
            nd_hebb h = {B, k, n, nd_ld(k), pre1, post1, NULL, NULL, 0.37f, NULL};
            if (phases == 2) h.pre0 = pre0, h.post0 = post0;
            if (odd == 1) pre1[(B - 1) * nd_ld(k) + k - 1] = 0.5f;
            if (odd == 2) post1[(B - 1) * nd_ld(n) + n - 1] = 0.5f;
            if (lit == 2 && variant % 2) { /* all of the other sign */
                h.pre0 = pre1, h.post0 = post1;
                h.pre1 = pre0, h.post1 = post0;
            }
            h.out = block(nd_panels(k, n));
            for (size_t j = 0; j < n_isa; j++) {
                isa[j]->hebb(&h);
                is_the_contrast(&h, isa[j]->isa);
            }
            free(pre1), free(pre0), free(post1), free(post0), free(h.out);
        }
}

static void transpose_is_one(void **state)
{
    (void)state;
    const nd_kernels *isa[ISAS_MAX];
    size_t n_isa = isas_from(1, isa);
    isa[n_isa++] = scalar();
    for (size_t k = 1; k < 40; k += 6)
        for (size_t n = 1; n < 40; n += 5) {
            float *w = noise(nd_panels(k, n), 1, -1, 1), *t = block(nd_panels(n, k));
            for (size_t i = 0; i < n_isa; i++) {
                isa[i]->transpose(k, n, w, t);
                for (size_t x = 0; x < k; x++)
                    for (size_t y = 0; y < n; y++)
                        assert_true(w[nd_panel_at(k, x, y)] == t[nd_panel_at(n, y, x)]);
                for (size_t y = 0; y < n; y++) /* padding */
                    for (size_t x = k; x < nd_ld(k); x++)
                        assert_true(t[nd_panel_at(n, y, x)] == 0.0f);
            }
            free(w), free(t);
        }
}

/* ---- element by element ---- */

static void maps_same_bits(void **state)
{
    (void)state;
    const nd_kernels *isa[ISAS_MAX];
    const size_t n_isa = isas_from(1, isa);
    const nd_at at = {.seed = 0x123456789abcdefu, .stream = 9, .epoch = 3, .batch = 4};
    uint8_t bytes[256];
    for (int i = 0; i < 256; i++)
        bytes[i] = (uint8_t)i;
    for (size_t n = 0; n <= 130; n++) {
        float *x = noise(n, 1, -90.0f, 90.0f), *y = noise(n, 2, -2, 2);
        float *a = block(n), *b = block(n);
        for (size_t k = 0; k < n_isa; k++) {
            const nd_kernels *s = scalar(), *v = isa[k];
            s->subtract(n, x, y, a), v->subtract(n, x, y, b);
            same_bits(a, b, n, "subtract", v->isa);
            s->add(n, x, a), v->add(n, x, b);
            same_bits(a, b, n, "add", v->isa);
            s->scale(n, 0.3f, x, a), v->scale(n, 0.3f, x, b);
            same_bits(a, b, n, "scale", v->isa);
            for (int bits = 2; bits <= 16; bits += 7) {
                const float levels = (float)((1 << (bits - 1)) - 1);
                memcpy(a, x, n * sizeof *a), memcpy(b, x, n * sizeof *b);
                s->quantise(n, levels, 11.076923f, a);
                v->quantise(n, levels, 11.076923f, b);
                same_bits(a, b, n, "quantise", v->isa);
            }
            s->exponential(n, x, a), v->exponential(n, x, b);
            same_bits(a, b, n, "exponential", v->isa);
            s->uniforms(at, n, -3, 5, a), v->uniforms(at, n, -3, 5, b);
            same_bits(a, b, n, "uniforms", v->isa);
            s->normals(at, n, 1, 2, a), v->normals(at, n, 1, 2, b);
            same_bits(a, b, n, "normals", v->isa);
            s->pixels(n, bytes, a), v->pixels(n, bytes, b);
            same_bits(a, b, n, "pixels", v->isa);
            float la, lb, want = 0;
            s->largest(n, x, y, &la), v->largest(n, x, y, &lb);
            for (size_t i = 0; i < n; i++)
                want = fmaxf(want, fabsf(x[i] - y[i]));
            assert_true(la == want && lb == want);
            uint64_t ca, cb;
            if (n) x[n / 2] = NAN;
            s->unreal(n, x, &ca), v->unreal(n, x, &cb);
            assert_int_equal(ca, cb);
            assert_int_equal(ca, n ? 1 : 0);
            if (n) x[n / 2] = 0.5f;
        }
        free(x), free(y), free(a), free(b);
    }
}

/* Nothing is written past the end. */
static void maps_keep_to_their_size(void **state)
{
    (void)state;
    const nd_kernels *isa[ISAS_MAX];
    size_t n_isa = isas_from(1, isa);
    isa[n_isa++] = scalar();
    const nd_at at = {.seed = 1};
    uint8_t bytes[64] = {0};
    for (size_t k = 0; k < n_isa; k++)
        for (size_t n = 0; n < 40; n++) {
            float out[64];
            for (int which = 0; which < 7; which++) {
                for (int i = 0; i < 64; i++)
                    out[i] = -77.0f;
                switch (which) {
                case 0:
                    isa[k]->subtract(n, out, out, out);
                    break;
                case 1:
                    isa[k]->scale(n, 2, out, out);
                    break;
                case 2:
                    isa[k]->uniforms(at, n, 0, 1, out);
                    break;
                case 3:
                    isa[k]->normals(at, n, 0, 1, out);
                    break;
                case 4:
                    isa[k]->pixels(n, bytes, out);
                    break;
                case 5:
                    isa[k]->exponential(n, out, out);
                    break;
                case 6:
                    isa[k]->quantise(n, 7, 1, out);
                    break;
                }
                for (size_t i = n; i < 64; i++)
                    assert_true(out[i] == -77.0f);
            }
        }
}

static void exponential_is_accurate(void **state)
{
    (void)state;
    double worst = 0;
    for (double x = -80; x < 80; x += 0.00917) {
        float in = (float)x, out;
        scalar()->exponential(1, &in, &out);
        const double want = exp((double)in), error = fabs((double)out - want) / want;
        if (error > worst) worst = error;
    }
    assert_true(worst < 2.5e-7);
}

/* ---- random numbers ---- */

/* Known answers of Philox4x32-10: Random123's kat_vectors. */
static void philox_known_answers(void **state)
{
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], want[4];
    } kat[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < 3; i++) {
        const nd_at at = {.seed = (uint64_t)kat[i].key[1] << 32 | kat[i].key[0],
                          .batch = kat[i].counter[1],
                          .epoch = kat[i].counter[2],
                          .stream = kat[i].counter[3]};
        uint32_t out[4];
        nd_philox(at, kat[i].counter[0], out);
        assert_memory_equal(out, kat[i].want, sizeof out);
    }
}

/* The vector fill is the scalar function: word w of counter c is number 64 (c/16) + 16 w +
 * c%16. */
static void uniforms_are_philox(void **state)
{
    (void)state;
    const nd_at at = {.seed = 99, .stream = 3, .epoch = 2, .batch = 1};
    float out[128];
    scalar()->uniforms(at, 128, 0.0f, 1.0f, out);
    for (uint32_t i = 0; i < 128; i++) {
        uint32_t word[4];
        nd_philox(at, i / 64 * 16 + i % 16, word);
        const float want = ((float)(word[i / 16 % 4] >> 9) + 0.5f) * 0x1p-23f;
        assert_true(out[i] == want);
    }
}

static void normals_have_their_moments(void **state)
{
    (void)state;
    enum { N = 1 << 20 };
    float *x = block(N);
    nd_kern()->normals((nd_at){.seed = 5}, N, 0, 1, x);
    double m[5] = {0};
    size_t beyond = 0;
    for (size_t i = 0; i < N; i++) {
        for (int p = 1; p <= 4; p++)
            m[p] += pow((double)x[i], p) / N;
        beyond += fabs((double)x[i]) > 1.959964;
    }
    const double se = 1.0 / sqrt(N);
    assert_true(fabs(m[1]) < 4 * se);
    assert_true(fabs(m[2] - 1) < 4 * sqrt(2) * se);
    assert_true(fabs(m[3]) < 4 * sqrt(15) * se);
    assert_true(fabs(m[4] - 3) < 4 * sqrt(96) * se);
    assert_true(fabs((double)beyond / N - 0.05) < 4 * sqrt(0.05 * 0.95) * se);
    free(x);
}

/* ---- pulses ---- */

static void pulses_same_bits(void **state)
{
    (void)state;
    enum { ROWS = 37, N = ROWS * ND_LANES };
    const nd_kernels *isa[ISAS_MAX];
    const size_t n_isa = isas_from(1, isa);
    float *wanted = noise(N, 1, -1, 1), *c[4];
    for (int i = 0; i < 4; i++)
        c[i] = noise(N, (uint32_t)(10 + i), 0.2f, 3.0f);
    for (size_t i = 0; i < N; i += 3)
        wanted[i] = 0.0f;
    memset(wanted + 5 * ND_LANES, 0,
           3 * ND_LANES * sizeof *wanted); /* rows without a pulse */
    for (int variant = 0; variant < 24; variant++) {
        const unsigned lanes = variant % 3 ? 10 : 16;
        const nd_rows rows = {.rows = ROWS, .lanes = lanes, .first = 3};
        float *pulse[2], *plus[2], *minus[2], *w[2];
        for (int v = 0; v < 2; v++)
            pulse[v] = block(N), w[v] = block(N), plus[v] = noise(N, 20, 0, 1),
            minus[v] = noise(N, 21, 0, 1);
        for (int v = 0; v < 2; v++) {
            scalar()->subtract(N, plus[v], minus[v], w[v]);
            scalar()->scale(N, 12.0f / 13, w[v], w[v]);
        }
        for (size_t k = 0; k < n_isa; k++) {
            const nd_kernels *table[2] = {scalar(), isa[k]};
            uint64_t bound[2];
            nd_pulse_tally tally[2];
            for (int v = 0; v < 2; v++) {
                table[v]->pulse_signs(rows, wanted, 0.02f, pulse[v]);
                table[v]->pulse_tally(rows, pulse[v], &tally[v]);
                const nd_pairs p = {.cells = rows,
                                    .pulse = pulse[v],
                                    .plus = plus[v],
                                    .minus = minus[v],
                                    .up_plus = variant & 1 ? c[0] : NULL,
                                    .down_plus = variant & 1 ? c[1] : NULL,
                                    .up_minus = variant & 1 ? c[2] : NULL,
                                    .down_minus = variant & 1 ? c[3] : NULL,
                                    .weight = w[v],
                                    .beta = variant & 2 ? 5.0f : 0.005f,
                                    .growth = (float)expm1(variant & 2 ? 5.0 : 0.005),
                                    .c2c = variant & 4 ? 0.02f : 0.0f,
                                    .range = 12.0f / 13,
                                    .noise_on_all = variant & 8,
                                    .at = {.seed = 4, .stream = 4}};
                table[v]->pulse_pairs(&p);
                table[v]->outside(rows, plus[v], 0.0f, 1.0f, &bound[v]);
            }
            same_bits(pulse[0], pulse[1], N, "pulse_signs", isa[k]->isa);
            same_bits(plus[0], plus[1], N, "pulse_pairs plus", isa[k]->isa);
            same_bits(minus[0], minus[1], N, "pulse_pairs minus", isa[k]->isa);
            same_bits(w[0], w[1], N, "pulse_pairs weight", isa[k]->isa);
            assert_memory_equal(&tally[0], &tally[1], sizeof tally[0]);
            assert_int_equal(bound[0], bound[1]);
        }
        for (int v = 0; v < 2; v++)
            free(pulse[v]), free(w[v]), free(plus[v]), free(minus[v]);
    }
    free(wanted);
    for (int i = 0; i < 4; i++)
        free(c[i]);
}

/* ---- devices of all laws ---- */

/* Arrays of a leg, all on or those that `some` says. */
static nd_leg make_leg(size_t n, uint32_t seed, unsigned some)
{
    nd_leg leg = {.x = noise(n, seed, 0, 1)};
    if (some & 1) leg.up = noise(n, seed + 1, 0, 2), leg.down = noise(n, seed + 2, 0, 2);
    for (int k = 0; some & 2 && k < ND_LAW_K; k++) {
        leg.up_k[k] = noise(n, seed + 3, 0.5f, 3);
        leg.down_k[k] = noise(n, seed + 4, 0.5f, 3);
    }
    if (some & 4) leg.wear = noise(n, seed + 5, 0, 3), leg.life = noise(n, seed + 6, 0, 6);
    if (some & 8) leg.seen = noise(n, seed + 7, 0, 1);
    if (some & 16) leg.age = noise(n, seed + 8, 0, 9), leg.nu = noise(n, seed + 9, 0, 1);
    if (some & 32)
        leg.low = noise(n, seed + 10, -0.2f, 0.2f), leg.span = noise(n, seed + 11, 0.5f, 1);
    return leg;
}

static void free_leg(nd_leg *leg)
{
    free(leg->x), free(leg->up), free(leg->down), free(leg->low), free(leg->span);
    free(leg->wear), free(leg->life), free(leg->seen), free(leg->age), free(leg->nu);
    for (int k = 0; k < ND_LAW_K; k++)
        free(leg->up_k[k]), free(leg->down_k[k]);
}

static void same_leg(const nd_leg *a, const nd_leg *b, size_t n, const char *what,
                     const char *isa)
{
    same_bits(a->x, b->x, n, what, isa);
    if (a->wear) same_bits(a->wear, b->wear, n, what, isa);
    if (a->seen) same_bits(a->seen, b->seen, n, what, isa);
    if (a->age) same_bits(a->age, b->age, n, what, isa);
}

static nd_curve some_curve(float away)
{
    nd_curve c = {
        .k = {1.5f + away, 2.5f, 0.7f}, .nodes = 4, .node = {1, -0.2f, 0.1f, 0.3f}};
    return c;
}

/* Law, which arrays, kind of noise, train of pulses, levels, one side, single: all in turn.
 */
static nd_devices some_devices(unsigned v, nd_rows rows, const float *pulse)
{
    return (nd_devices){.cells = rows,
                        .pulse = pulse,
                        .law = (nd_law_id)(v % 6),
                        .up = some_curve(0),
                        .down = some_curve(0.3f),
                        .up_scale = 1.1f,
                        .down_scale = 0.9f,
                        .step = v % 4 == 1 ? 0.01f : 0,
                        .one_sided = v % 5 == 2,
                        .c2c = v % 7 ? 0.02f : 0,
                        .c2c_kind = (nd_c2c)(v % 3),
                        .noise_on_all = v % 11 == 3,
                        .grid = v % 4 == 2 ? 31 : 0,
                        .down_to_level = v % 8 == 2,
                        .write_noise = v & 8 ? 0.05f : 0,
                        .at = {.seed = 4, .stream = 4},
                        .write_at = {.seed = 4, .stream = 5}};
}

static void devices_same_bits(void **state)
{
    (void)state;
    enum { ROWS = 19, N = ROWS * ND_LANES };
    const nd_kernels *isa[ISAS_MAX];
    const size_t n_isa = isas_from(1, isa);
    float *pulse = noise(N, 1, -0.04f, 0.04f);
    for (size_t i = 0; i < N; i += 3)
        pulse[i] = 0.0f;
    memset(pulse + 4 * ND_LANES, 0, 3 * ND_LANES * sizeof *pulse);
    for (unsigned v = 0; v < 96; v++)
        for (size_t k = 0; k < n_isa; k++) {
            const nd_kernels *table[2] = {scalar(), isa[k]};
            const nd_rows rows = {.rows = ROWS, .lanes = v % 3 ? 10 : 16, .first = 5};
            nd_leg plus[2], minus[2];
            float *w[2], *p[2];
            nd_pulse_tally tally[2];
            uint64_t count[2];
            for (int t = 0; t < 2; t++) {
                nd_leg legs[2] = {make_leg(N, 20, v), make_leg(N, 40, v)};
                const bool single = v % 9 == 4;
                if (single) free_leg(&legs[1]), legs[1] = (nd_leg){0};
                w[t] = block(N), p[t] = block(N);
                nd_devices d = some_devices(v, rows, pulse);
                d.plus = legs[0], d.minus = legs[1];
                table[t]->devices(&d);
                const nd_weighing weigh = {rows, 1, 0, legs, 0.3f, 0.9f, pulse, w[t]};
                table[t]->weigh(&weigh);
                const nd_refreshing r = {rows, legs[0], legs[1], 0.7f, 0.2f, 0.01f, d.at};
                count[t] = 0;
                if (!single) table[t]->refresh(&r, &count[t]);
                const nd_drifting drift = {rows, legs[0], v % 2 ? 0.9f : 1.0f, 0.4f};
                table[t]->drift(&drift);
                table[t]->pulse_whole(rows, pulse, 0.003f, p[t]);
                table[t]->pulse_tally(rows, p[t], &tally[t]);
                table[t]->quantise(N - 3, 15, 0.5f, w[t]);
                plus[t] = legs[0], minus[t] = legs[1];
            }
            same_leg(&plus[0], &plus[1], N, "devices plus", isa[k]->isa);
            if (minus[0].x) same_leg(&minus[0], &minus[1], N, "devices minus", isa[k]->isa);
            same_bits(w[0], w[1], N, "weigh", isa[k]->isa);
            same_bits(p[0], p[1], N, "pulse_whole", isa[k]->isa);
            assert_memory_equal(&tally[0], &tally[1], sizeof tally[0]);
            assert_int_equal(count[0], count[1]);
            for (int t = 0; t < 2; t++)
                free_leg(&plus[t]), free_leg(&minus[t]), free(w[t]), free(p[t]);
        }
    free(pulse);
}

/* Where nothing else is the matter with them, logarithmic devices come out of the kernel of
 * all laws as out of the one of their own, bit for bit. */
static void devices_are_pulse_pairs(void **state)
{
    (void)state;
    enum { ROWS = 205, N = ROWS * ND_LANES };
    float *pulse = noise(N, 1, -0.04f, 0.04f);
    /* the logarithm of small steps has a way of its own, which what one row of several asks
     * for must not take; nor what only becomes large by the device's own step */
    for (size_t i = 0; i < N; i++) {
        const size_t row = i / ND_LANES % 8;
        pulse[i] *= i % 5 == 0 ? 0.0f : row == 2 ? 1.0f : row == 4 ? 0.5f : 0.25f;
    }
    for (unsigned v = 0; v < 8; v++) {
        const nd_rows rows = {.rows = ROWS, .lanes = v & 4 ? 10 : 16, .first = 5};
        nd_leg plus = make_leg(N, 20, v & 1), minus = make_leg(N, 40, v & 1);
        nd_leg plus2 = make_leg(N, 20, v & 1), minus2 = make_leg(N, 40, v & 1);
        float *w = block(N), *w2 = block(N);
        nd_devices d = {.cells = rows,
                        .pulse = pulse,
                        .plus = plus,
                        .minus = minus,
                        .law = ND_LAW_LOGARITHMIC,
                        .up = {.k = {3.0f, (float)expm1(3.0), 1.0f / 3.0f}},
                        .up_scale = 1,
                        .down_scale = 1,
                        .c2c = v & 2 ? 0.01f : 0,
                        .at = {.seed = 4, .stream = 4}};
        d.down = d.up;
        const nd_pairs p = {.cells = rows,
                            .pulse = pulse,
                            .plus = plus2.x,
                            .minus = minus2.x,
                            .up_plus = plus2.up,
                            .down_plus = plus2.down,
                            .up_minus = minus2.up,
                            .down_minus = minus2.down,
                            .weight = w2,
                            .beta = 3.0f,
                            .growth = d.up.k[1],
                            .c2c = d.c2c,
                            .range = 12.0f / 13,
                            .at = d.at};
        nd_kern()->devices(&d);
        nd_kern()->pulse_pairs(&p);
        same_bits(plus.x, plus2.x, N, "devices plus", "pulse_pairs");
        same_bits(minus.x, minus2.x, N, "devices minus", "pulse_pairs");
        const nd_leg legs[2] = {plus, minus};
        const nd_weighing weigh = {rows, 1, 0, legs, 0, 12.0f / 13, NULL, w};
        nd_kern()->weigh(&weigh);
        for (size_t i = 0; i < N; i++)
            if (i % ND_LANES < rows.lanes) same_bits(w + i, w2 + i, 1, "weigh", "pairs");
        free_leg(&plus), free_leg(&minus), free_leg(&plus2), free_leg(&minus2);
        free(w), free(w2);
    }
    free(pulse);
}

/* ---- choice ---- */

static void isa_can_be_pinned(void **state)
{
    (void)state;
    nd_err err = {0};
    setenv("NUDGE_ISA", "scalar", 1);
    assert_int_equal(nd_kern_choose(&err), ND_OK);
    assert_string_equal(nd_kern()->isa, "scalar");
    setenv("NUDGE_ISA", "avx1024", 1);
    assert_int_equal(nd_kern_choose(&err), ND_EUSAGE);
    assert_non_null(strstr(err.message, "avx1024"));
    unsetenv("NUDGE_ISA");
    assert_int_equal(nd_kern_choose(&err), ND_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(relax_same_bits),
        cmocka_unit_test(relax_is_its_equation),
        cmocka_unit_test(energetic_steps_same_bits),
        cmocka_unit_test(energetic_step_is_its_equation),
        cmocka_unit_test(neurons_same_bits),
        cmocka_unit_test(complex_steps),
        cmocka_unit_test(soft_errors),
        cmocka_unit_test(combine),
        cmocka_unit_test(zeros_are_skipped),
        cmocka_unit_test(nan_is_not_skipped),
        cmocka_unit_test(hebb_same_bits_and_right),
        cmocka_unit_test(hebb_skips_zeros),
        cmocka_unit_test(hebb_of_binary_states),
        cmocka_unit_test(transpose_is_one),
        cmocka_unit_test(maps_same_bits),
        cmocka_unit_test(maps_keep_to_their_size),
        cmocka_unit_test(exponential_is_accurate),
        cmocka_unit_test(philox_known_answers),
        cmocka_unit_test(uniforms_are_philox),
        cmocka_unit_test(normals_have_their_moments),
        cmocka_unit_test(pulses_same_bits),
        cmocka_unit_test(devices_same_bits),
        cmocka_unit_test(devices_are_pulse_pairs),
        cmocka_unit_test(isa_can_be_pinned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
