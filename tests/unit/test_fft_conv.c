/* test_fft_conv.c -- convolutions by Fourier transforms: equal to the direct kernels up to
 * rounding over many geometries, adjoint to each other, the same for an image alone and
 * among others; their kernels bit for bit the same on every ISA; a network that trains with
 * them learns what it learns without. */
#include "nudge/conv_time.h"
#include "nudge/fft_conv.h"
#include "nudge/model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conv_fixture.h"

static void ok(nd_code code, const nd_err *err)
{
    if (code != ND_OK) fail_msg("%s", err->message);
}

/* n numbers in -1..1 */
static float *numbers(size_t n, uint32_t stream)
{
    float *p = garbage(n);
    nd_kern()->uniforms((nd_at){.seed = 5, .stream = stream}, n, -1.0f, 1.0f, p);
    return p;
}

/* ---- problems ---- */

static bool geometry_at(size_t i, nd_conv *g, size_t *B)
{
    const nd_pool NO = ND_POOL_NONE, MAX = ND_POOL_MAX, AVG = ND_POOL_AVERAGE;
    const struct {
        nd_conv g;
        size_t B;
    } all[] = {
        {geometry(8, 8, 16, 3, 3, 1, 1, 16, NO, 1), 2},
        {geometry(1, 1, 1, 1, 1, 1, 0, 1, NO, 1), 1},
        {geometry(5, 9, 3, 3, 5, 1, 0, 20, MAX, 2), 3},
        {geometry(12, 10, 20, 5, 5, 1, 2, 3, AVG, 2), 2},
        {geometry(11, 14, 16, 4, 2, 1, 1, 33, MAX, 3), 2},
        {geometry(13, 9, 20, 5, 3, 2, 2, 16, MAX, 2), 2},
        {geometry(16, 7, 3, 3, 3, 3, 3, 20, AVG, 2), 2},
        {geometry(3, 3, 5, 7, 7, 1, 3, 4, NO, 1), 2},    /* kernel larger than the map */
        {geometry(4, 5, 2, 1, 1, 1, 6, 2, NO, 1), 2},    /* mostly padding */
        {geometry(1, 30, 4, 1, 11, 1, 0, 17, NO, 1), 2}, /* a line */
        {geometry(14, 14, 1, 14, 14, 1, 0, 5, NO, 1), 2},
        {geometry(9, 9, 16, 3, 3, 1, 0, 16, MAX, 2), 45}, /* in three parts */
        {input(geometry(14, 15, 1, 5, 5, 1, 0, 16, MAX, 2)), 3},
        {input(geometry(10, 10, 3, 3, 3, 1, 1, 20, MAX, 2)), 3},
        {input(geometry(10, 11, 20, 3, 3, 2, 1, 4, NO, 1)), 2},
    };
    if (i >= sizeof all / sizeof *all) return false;
    *g = all[i].g;
    *B = all[i].B;
    return true;
}

typedef struct problem {
    nd_conv g;
    size_t B;
    float *x, *w, *bias, *y;
    nd_fft_conv c;
    nd_arena arena;
    float *scratch;
} problem;

static size_t upper(const problem *p)
{
    return p->B * nd_conv_upper(&p->g);
}
static size_t lower(const problem *p)
{
    return p->B * p->g.image;
}
static bool goes_back(const problem *p)
{
    return p->g.pixel == nd_ld(p->g.channels);
}

static problem problem_new(nd_conv g, size_t B)
{
    problem p = {.g = g, .B = B};
    nd_err err;
    p.x = as_lower(numbers(lower(&p), 1), &g, B);
    p.y = as_upper(numbers(upper(&p), 2), &g, B);
    p.bias = as_bias(numbers(nd_ld(g.maps), 3), &g);
    p.w = as_weights(numbers(nd_panels(nd_conv_k(&g), g.maps), 4), &g);
    nd_arena measure = {0};
    nd_fft_conv_take(&p.c, &g, true, &measure);
    ok(nd_arena_new(&p.arena, measure.used, &err), &err);
    nd_fft_conv_take(&p.c, &g, true, &p.arena);
    ok(nd_fft_conv_open(&p.c, &err), &err);
    p.scratch = garbage(nd_fft_conv_scratch(&p.c));
    nd_fft_conv_learn_up(&p.c, p.w, p.scratch);
    assert_true((p.c.down != NULL) == goes_back(&p));
    if (p.c.down) nd_fft_conv_learn_down(&p.c, p.w, p.scratch);
    return p;
}

static void problem_free(problem *p)
{
    guarded(p->scratch, nd_fft_conv_scratch(&p->c), "scratch");
    nd_fft_conv_close(&p->c);
    nd_arena_free(&p->arena);
    float *all[] = {p->x, p->w, p->bias, p->y, p->scratch};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

/* By FFT, or directly. */
static void forward(const problem *p, bool fft, const float *bias, const uint8_t *chosen,
                    bool add, float *out, uint8_t *argmax)
{
    nd_conv_forward f = {.g = p->g,
                         .B = p->B,
                         .lower = p->x,
                         .w = fft ? NULL : p->w,
                         .bias = bias,
                         .chosen = chosen,
                         .add = add,
                         .out = out,
                         .argmax = argmax,
                         .scratch = p->scratch};
    if (fft) {
        nd_fft_conv_forward(&p->c, &f);
    } else {
        f.scratch = garbage(nd_conv_forward_scratch(&p->g));
        nd_kern()->conv(&f);
        free(f.scratch);
    }
    guarded(out, upper(p), "forward");
}

static void back(const problem *p, bool fft, const uint8_t *argmax, float *out)
{
    nd_conv_back t = {.g = p->g,
                      .B = p->B,
                      .upper = p->y,
                      .argmax = argmax,
                      .out = out,
                      .scratch = p->scratch};
    if (fft) {
        nd_fft_conv_back(&p->c, &t);
    } else {
        float *flipped = garbage(nd_conv_flipped(&p->g));
        nd_kern()->conv_flip(&p->g, p->w, flipped);
        t.flipped = flipped;
        t.scratch = garbage(nd_conv_back_scratch(&p->g));
        nd_kern()->conv_back(&t);
        free(flipped), free(t.scratch);
    }
    guarded(out, lower(p), "back");
}

/* Sums of n products of numbers up to 1, in float. */
static void same(const float *a, const float *b, size_t n, size_t sum, const problem *p,
                 const char *what)
{
    const float limit = 2e-6f * sqrtf((float)sum + 1);
    for (size_t i = 0; i < n; i++)
        if (!(fabsf(a[i] - b[i]) <= limit))
            fail_msg("%s: element %zu is %.8g by FFT and %.8g directly; map %zux%zux%zu, "
                     "kernel %zux%zu stride %zu pad %zu, maps %zu, pool %d %zu",
                     what, i, (double)a[i], (double)b[i], p->g.rows, p->g.cols,
                     p->g.channels, p->g.kh, p->g.kw, p->g.stride, p->g.pad, p->g.maps,
                     (int)p->g.pool, p->g.window);
}

static uint8_t *indices(size_t n, unsigned below)
{
    uint8_t *p = malloc(n + 1);
    assert_non_null(p);
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)(i * 2654435761u % 97 % below);
    return p;
}

/* ---- against the direct kernels ---- */

static void forward_is_direct(void **state)
{
    (void)state;
    nd_conv g;
    size_t B;
    for (size_t i = 0; geometry_at(i, &g, &B); i++) {
        problem p = problem_new(g, B);
        const size_t n = upper(&p), k = nd_conv_k(&g);
        const bool max = g.pool == ND_POOL_MAX;
        float *fft = garbage(n), *direct = garbage(n);
        uint8_t *at = indices(n, 1), *chosen = indices(n, (unsigned)(g.window * g.window));
        forward(&p, true, p.bias, NULL, false, fft, max ? at : NULL);
        forward(&p, false, p.bias, NULL, false, direct, NULL);
        same(fft, direct, n, k, &p, "forward");
        if (max) { /* the places said to be largest are, up to rounding */
            forward(&p, false, p.bias, at, false, direct, NULL);
            same(fft, direct, n, k, &p, "forward at its argmax");
            forward(&p, true, NULL, chosen, false, fft, NULL);
            forward(&p, false, NULL, chosen, false, direct, NULL);
            same(fft, direct, n, k, &p, "forward at chosen places");
        }
        memcpy(fft, p.y, n * sizeof *fft);
        memcpy(direct, p.y, n * sizeof *direct);
        forward(&p, true, NULL, NULL, true, fft, NULL);
        forward(&p, false, NULL, NULL, true, direct, NULL);
        same(fft, direct, n, k, &p, "forward, added");
        for (size_t j = 0; j < n; j++)
            if (j % nd_ld(g.maps) >= g.maps) assert_true(fft[j] == 0.0f);
        free(fft), free(direct), free(at), free(chosen);
        problem_free(&p);
    }
}

static void back_is_direct(void **state)
{
    (void)state;
    nd_conv g;
    size_t B;
    for (size_t i = 0; geometry_at(i, &g, &B); i++) {
        problem p = problem_new(g, B);
        const size_t n = lower(&p);
        uint8_t *at = indices(upper(&p), (unsigned)(g.window * g.window));
        for (size_t j = 0; goes_back(&p) && j < 2; j++) { /* to zeros, and adding */
            float *fft = garbage(n), *direct = garbage(n);
            for (size_t q = 0; q < n; q++)
                fft[q] = direct[q] = j ? p.x[q] : 0.0f;
            back(&p, true, at, fft);
            back(&p, false, at, direct);
            same(fft, direct, n, g.kh * g.kw * g.maps, &p, "back");
            for (size_t q = 0; q < n; q++)
                if (q % g.pixel >= g.channels) assert_true(fft[q] == 0.0f);
            free(fft), free(direct);
        }
        free(at);
        problem_free(&p);
    }
}

static double dot(const float *a, const float *b, size_t n, double *size)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)a[i] * (double)b[i];
        *size += fabs((double)a[i] * (double)b[i]);
    }
    return sum;
}

/* <forward(x), y> = <x, back(y)> */
static void back_is_the_adjoint(void **state)
{
    (void)state;
    nd_conv g;
    size_t B;
    for (size_t i = 0; geometry_at(i, &g, &B); i++) {
        problem p = problem_new(g, B);
        float *out = garbage(upper(&p)), *x = garbage(lower(&p));
        uint8_t *at = indices(upper(&p), 1);
        memset(x, 0, lower(&p) * sizeof *x);
        forward(&p, true, NULL, NULL, false, out, g.pool == ND_POOL_MAX ? at : NULL);
        if (goes_back(&p)) {
            double size = 0;
            back(&p, true, at, x);
            const double a = dot(out, p.y, upper(&p), &size);
            const double b = dot(p.x, x, lower(&p), &size);
            if (!(fabs(a - b) <= 1e-6 * size))
                fail_msg("geometry %zu: %.9g above, %.9g below", i, a, b);
        }
        free(out), free(x), free(at);
        problem_free(&p);
    }
}

/* An image alone gives the bits that it gives among others. */
static void batches_do_not_matter(void **state)
{
    (void)state;
    const nd_conv g = geometry(9, 8, 20, 5, 3, 1, 1, 20, ND_POOL_MAX, 2);
    problem p = problem_new(g, 43);
    float *among = garbage(upper(&p)), *down = garbage(lower(&p));
    uint8_t *at = indices(upper(&p), 1);
    memset(down, 0, lower(&p) * sizeof *down);
    forward(&p, true, p.bias, NULL, false, among, at);
    back(&p, true, at, down);
    const size_t up = nd_conv_upper(&g);
    for (size_t b = 0; b < p.B; b += 6) {
        problem one = p;
        float *out = garbage(up), *x = garbage(g.image);
        uint8_t *one_at = indices(up, 1);
        one.B = 1, one.x = p.x + b * g.image, one.y = p.y + b * up;
        memset(x, 0, g.image * sizeof *x);
        forward(&one, true, p.bias, NULL, false, out, one_at);
        back(&one, true, one_at, x);
        assert_memory_equal(out, among + b * up, up * sizeof *out);
        assert_memory_equal(one_at, at + b * up, up);
        assert_memory_equal(x, down + b * g.image, g.image * sizeof *x);
        free(out), free(x), free(one_at);
    }
    free(among), free(down), free(at);
    problem_free(&p);
}

/* ---- the kernels ---- */

static nd_plane plane(size_t rows, size_t cols, size_t place)
{
    nd_plane p = {.rows = rows, .cols = cols, .place = place};
    p.line = nd_ld(cols * place) + ND_LANES;
    p.image = rows * p.line + ND_LANES;
    return p;
}

static void spectra_on(const nd_kernels *k, const nd_spectra *s, const float *maps,
                       float *out)
{
    nd_spectra t = *s;
    const nd_plane own = plane(s->lower.rows, s->lower.cols, ND_LANES);
    const size_t half = nd_plane_half(&own), step = 2 * nd_panels(s->channels, s->maps);
    float *w = garbage(half * step);
    for (size_t i = 0; i * 2 * ND_LANES < step; i++)
        k->spectrum(&own, maps, step, w + i * 2 * ND_LANES);
    guarded(w, half * step, "spectrum");
    t.w = w;
    t.out = out;
    t.scratch = garbage(2 * s->B * nd_ld(s->channels));
    k->spectra(&t);
    guarded(t.scratch, 2 * s->B * nd_ld(s->channels), "scratch of spectra");
    free(w), free(t.scratch);
}

static void spectra_same_bits(void **state)
{
    (void)state;
    static const size_t sizes[][5] = {
        /* rows, cols, B, channels, maps */
        {1, 1, 1, 1, 1},   {2, 3, 2, 3, 17},  {4, 4, 5, 16, 16}, {5, 2, 6, 20, 33},
        {3, 7, 11, 2, 48}, {6, 6, 20, 31, 5}, {4, 5, 0, 8, 16}};
    const nd_kernels *isa[ISAS_MAX];
    const size_t n_isa = isas(isa);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const size_t rows = sizes[i][0], cols = sizes[i][1], B = sizes[i][2];
        nd_spectra s = {.B = B, .channels = sizes[i][3], .maps = sizes[i][4]};
        s.lower = plane(rows, cols, s.channels + s.channels % 2);
        s.upper = plane(rows, cols, nd_ld(s.maps));
        const size_t n = B * s.upper.image;
        float *in = numbers(B * s.lower.image, 7),
              *maps = numbers(rows * cols * 64 + 512, 8);
        s.in = in;
        float *want = garbage(n);
        spectra_on(isa[0], &s, maps, want);
        for (size_t k = 1; k < n_isa; k++) {
            float *got = garbage(n);
            spectra_on(isa[k], &s, maps, got);
            if (memcmp(got, want, n * sizeof *got) != 0)
                fail_msg("spectra, sizes %zu: %s is not scalar", i, isa[k]->isa);
            guarded(got, n, "spectra");
            free(got);
        }
        free(in), free(maps), free(want);
    }
}

static void pools_same_bits(void **state)
{
    (void)state;
    const nd_kernels *isa[ISAS_MAX];
    const size_t n_isa = isas(isa);
    nd_conv g;
    size_t B;
    for (size_t i = 0; geometry_at(i, &g, &B); i++) {
        const size_t n = nd_conv_upper(&g), place = nd_ld(g.maps) * g.stride;
        const size_t line = (g.cols + 2 * g.pad) * place;
        const size_t size = (g.rows + 2 * g.pad) * line * g.stride;
        float *before = numbers(size, 9), *bias = numbers(nd_ld(g.maps), 10);
        float *out[2] = {garbage(n), garbage(n)}, *to[2] = {garbage(size), garbage(size)};
        uint8_t *at[2] = {indices(n, 1), indices(n, 1)};
        for (size_t k = 0; k < n_isa; k++) {
            const int j = k > 0;
            const nd_pooling pooling = {.g = g,
                                        .line = line,
                                        .place = place,
                                        .before = before,
                                        .bias = bias,
                                        .out = out[j],
                                        .argmax = at[j]};
            const nd_unpooling unpooling = {.g = g,
                                            .line = line,
                                            .place = place,
                                            .upper = out[j],
                                            .argmax = at[j],
                                            .before = to[j]};
            isa[k]->pool(&pooling);
            memset(to[j], 0, size * sizeof *to[j]);
            isa[k]->unpool(&unpooling);
            guarded(out[j], n, "pool");
            guarded(to[j], size, "unpool");
            if (!j) continue;
            assert_memory_equal(out[0], out[1], n * sizeof *out[0]);
            assert_memory_equal(at[0], at[1], n);
            assert_memory_equal(to[0], to[1], size * sizeof *to[0]);
        }
        for (int j = 0; j < 2; j++)
            free(out[j]), free(to[j]), free(at[j]);
        free(before), free(bias);
    }
}

/* Frequencies that count, and their mirrors, are all there are. */
static void half_of_the_frequencies(void **state)
{
    (void)state;
    for (size_t rows = 1; rows < 8; rows++)
        for (size_t cols = 1; cols < 8; cols++) {
            const nd_plane p = plane(rows, cols, 2);
            int seen[8][8] = {{0}};
            size_t n = 0;
            for (size_t k1 = 0; k1 < rows; k1++)
                for (size_t k2 = 0; k2 < cols; k2++)
                    if (nd_plane_counts(&p, k1, k2)) {
                        const size_t m1 = (rows - k1) % rows, m2 = (cols - k2) % cols;
                        seen[k1][k2]++;
                        if (m1 != k1 || m2 != k2) seen[m1][m2]++;
                        n++;
                    }
            assert_int_equal(n, nd_plane_half(&p));
            for (size_t i = 0; i < rows * cols; i++)
                assert_int_equal(seen[i / cols][i % cols], 1);
        }
}

/* ---- refusals ---- */

static void refusals(void **state)
{
    (void)state;
    nd_err err;
    const nd_conv nothing = geometry(4, 4, 3, 5, 5, 1, 0, 3, ND_POOL_NONE, 1);
    const nd_conv pooled = geometry(4, 4, 3, 3, 3, 1, 0, 3, ND_POOL_MAX, 3);
    const nd_conv large = geometry(20000, 20000, 64, 5, 5, 1, 0, 64, ND_POOL_NONE, 1);
    assert_int_equal(nd_fft_conv_check(&nothing, &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "leaves no map"));
    assert_int_equal(nd_fft_conv_check(&pooled, &err), ND_EINPUT);
    assert_int_equal(nd_fft_conv_check(&large, &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "model.convolution"));
    nd_fft_conv c = {.g = large};
    assert_int_equal(nd_fft_conv_open(&c, &err), ND_EINPUT);
    nd_fft_conv_close(&c);
}

/* ---- training ---- */

static double loss(nd_net *net, const nd_batch *b)
{
    nd_tally t = {0};
    net->ops->settle(net, b, ND_PHASE_FREE);
    net->ops->predict(net, b, &t);
    return t.loss / (double)b->B;
}

/* Losses before and after some mini-batches of made-up images. */
static void train(bool fft, const char *const more[2], double losses[2])
{
    const char *const settings[][2] = {{"model.kind", "ep-conv"},
                                       {"model.stack",
                                        "conv 6 5x5 pad 2, max 2, conv 9 3x3, "
                                        "avg 2, fc 4"},
                                       {"model.activation", "shifted-sigmoid"},
                                       {"ep.T", "30"},
                                       {"ep.K", "8"},
                                       {"ep.nudge", "symmetric"},
                                       {"ep.beta", "0.3"},
                                       {"train.rates", "0.1"},
                                       {"train.batch", "8"},
                                       {"model.convolution", fft ? "fft" : "direct"},
                                       {more[0], more[1]}};
    const nd_shape shape = {.features = 3 * 144,
                            .classes = 4,
                            .rows = 12,
                            .cols = 12,
                            .channels = 3,
                            .examples = 8};
    enum { B = 8, LD = 3 * 144 };
    nd_err err;
    nd_params p;
    nd_params_defaults(&p);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        ok(nd_param_set(&p, nd_param_find(settings[i][0]), settings[i][1], &err), &err);
    nd_net net;
    ok(nd_net_new(&net, &p, shape, &err), &err);
    assert_true(net.fftw == fft);
    float *x = numbers(B * LD, 11), y[B * ND_LANES] = {0};
    uint8_t label[B];
    uint32_t which[B];
    for (uint32_t b = 0; b < B; b++) {
        label[b] = (uint8_t)(b % 4), which[b] = b;
        y[b * ND_LANES + label[b]] = 1.0f;
    }
    nd_batch batch = {.B = B, .x = x, .y = y, .label = label, .which = which};
    losses[0] = loss(&net, &batch);
    for (uint32_t i = 0; i < 30; i++) {
        batch.at = (nd_at){.seed = 1, .batch = i};
        (void)loss(&net, &batch);
        net.ops->learn(&net, &batch);
    }
    losses[1] = loss(&net, &batch);
    nd_net_free(&net);
    free(x);
}

static void networks_learn_the_same(void **state)
{
    (void)state;
    static const char *const variants[][2] = {
        {"ep.symmetry", "tied"}, {"ep.symmetry", "free"}, {"ep.loss", "cross-entropy"}};
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        double direct[2], fft[2];
        train(false, variants[i], direct);
        train(true, variants[i], fft);
        if (!(direct[1] < 0.95 * direct[0]))
            fail_msg("%s does not learn: %g to %g", variants[i][1], direct[0], direct[1]);
        for (int j = 0; j < 2; j++)
            if (!(fabs(fft[j] - direct[j]) <= (j ? 1e-3 : 1e-6) * direct[0]))
                fail_msg("%s: loss %.9g by FFT, %.9g directly", variants[i][1], fft[j],
                         direct[j]);
    }
}

/* ---- measured ---- */

static void both_ways_are_measured(void **state)
{
    (void)state;
    nd_conv_time t[ND_LIST_MAX];
    size_t n;
    nd_err err;
    nd_params p;
    const nd_shape shape = {
        .features = 192, .classes = 4, .rows = 8, .cols = 8, .channels = 3, .examples = 8};
    nd_params_defaults(&p);
    ok(nd_conv_time_all(&p, shape, 0, t, &n, &err), &err);
    assert_int_equal(n, 0); /* not a model of convolutions */
    ok(nd_param_set(&p, nd_param_find("model.kind"), "ep-conv", &err), &err);
    ok(nd_param_set(&p, nd_param_find("model.stack"), "conv 5 3x3, max 2, conv 4 2x2, fc 4",
                    &err),
       &err);
    ok(nd_param_set(&p, nd_param_find("ep.nudge"), "symmetric", &err), &err);
    ok(nd_conv_time_all(&p, shape, 0, t, &n, &err), &err);
    assert_int_equal(n, 2);
    assert_true(t[0].input && !t[1].input);
    assert_int_equal(t[0].g.channels, 3);
    assert_int_equal(t[1].g.maps, 4);
    assert_true(t[0].times == 1 && t[1].times == (double)(p.ep_T + 2 * p.ep_K));
    for (size_t i = 0; i < n; i++)
        assert_true(t[i].direct > 0 && t[i].direct < 1 && t[i].fft > 0 && t[i].fft < 1);
    ok(nd_param_set(&p, nd_param_find("model.stack"), "conv 5 9x9, fc 4", &err), &err);
    assert_int_equal(nd_conv_time_all(&p, shape, 0, t, &n, &err), ND_EINPUT);
}

int main(void)
{
    nd_err err;
    if (nd_kern_choose(&err) != ND_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forward_is_direct),       cmocka_unit_test(back_is_direct),
        cmocka_unit_test(back_is_the_adjoint),     cmocka_unit_test(batches_do_not_matter),
        cmocka_unit_test(spectra_same_bits),       cmocka_unit_test(pools_same_bits),
        cmocka_unit_test(half_of_the_frequencies), cmocka_unit_test(refusals),
        cmocka_unit_test(networks_learn_the_same), cmocka_unit_test(both_ways_are_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
