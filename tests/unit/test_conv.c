/* test_conv.c -- convolutions: the same bits on every ISA over many geometries; exact
 * against plain sums in double; forward, back and hebb adjoint to each other; nothing
 * written or read outside what is theirs.
 *
 * Numbers of the oracle tests are small multiples of 1/8, so that every float sum is exact
 * in any order and equal sums are common: the first of equals must win. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conv_fixture.h"

/* n zeros */
static float *block(size_t n)
{
    float *p = garbage(n);
    for (size_t i = 0; i < n; i++)
        p[i] = 0.0f;
    return p;
}

/* ---- problems ---- */

typedef struct problem {
    nd_conv g;
    size_t B;
    float *x, *w, *bias, *y, *x0, *y0; /* 0: of a second phase */
} problem;

static size_t upper(const problem *p)
{
    return p->B * nd_conv_upper(&p->g);
}
static size_t lower(const problem *p)
{
    return p->B * p->g.image;
}
static size_t weights(const problem *p)
{
    return nd_panels(nd_conv_k(&p->g), p->g.maps);
}

/* n numbers in -1..1, multiples of 1/8 or any; a third of them 0 */
static float *numbers(size_t n, uint32_t stream, bool coarse)
{
    float *p = block(n), *zero = block(n);
    const nd_kernels *k[ISAS_MAX];
    isas(k);
    k[0]->uniforms((nd_at){.seed = 5, .stream = stream}, n, -1.0f, 1.0f, p);
    k[0]->uniforms((nd_at){.seed = 6, .stream = stream}, n, 0.0f, 1.0f, zero);
    for (size_t i = 0; i < n; i++)
        p[i] = zero[i] < 0.333f ? 0.0f : coarse ? rintf(p[i] * 8) / 8 : p[i];
    free(zero);
    return p;
}

static float *lower_map(const problem *p, uint32_t stream, bool coarse)
{
    return as_lower(numbers(lower(p), stream, coarse), &p->g, p->B);
}
static float *upper_map(const problem *p, uint32_t stream, bool coarse)
{
    return as_upper(numbers(upper(p), stream, coarse), &p->g, p->B);
}

static problem problem_new(nd_conv g, size_t B, bool coarse)
{
    problem p = {.g = g, .B = B};
    p.x = lower_map(&p, 1, coarse);
    p.x0 = lower_map(&p, 2, coarse);
    p.y = upper_map(&p, 3, coarse);
    p.y0 = upper_map(&p, 4, coarse);
    p.bias = as_bias(numbers(nd_ld(g.maps), 5, coarse), &g);
    p.w = as_weights(numbers(weights(&p), 6, coarse), &g);
    return p;
}

static void problem_free(problem *p)
{
    float *all[] = {p->x, p->w, p->bias, p->y, p->x0, p->y0};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

static const char *shown(const problem *p)
{
    static char text[200];
    const nd_conv *g = &p->g;
    snprintf(text, sizeof text,
             "B %zu, %zux%zux%zu (pixel %zu), kernel %zux%zu stride %zu pad %zu, maps %zu, "
             "pool %d %zu",
             p->B, g->rows, g->cols, g->channels, g->pixel, g->kh, g->kw, g->stride, g->pad,
             g->maps, (int)g->pool, g->window);
    return text;
}

/* ---- calls, with scratch that holds nothing usable ---- */

static void forward(const nd_kernels *k, const problem *p, const float *w,
                    const float *bias, const uint8_t *chosen, bool add, float *out,
                    uint8_t *argmax)
{
    const size_t n = nd_conv_forward_scratch(&p->g);
    const nd_conv_forward f = {.g = p->g,
                               .B = p->B,
                               .lower = p->x,
                               .w = w,
                               .bias = bias,
                               .chosen = chosen,
                               .add = add,
                               .out = out,
                               .argmax = argmax,
                               .scratch = garbage(n)};
    k->conv(&f);
    guarded(f.scratch, n, "conv's scratch");
    guarded(out, upper(p), "conv");
    free(f.scratch);
}

static void back(const nd_kernels *k, const problem *p, const uint8_t *argmax, float *out)
{
    const size_t n = nd_conv_back_scratch(&p->g), flipped = nd_conv_flipped(&p->g);
    float *f = garbage(flipped);
    k->conv_flip(&p->g, p->w, f);
    guarded(f, flipped, "conv_flip");
    const nd_conv_back t = {.g = p->g,
                            .B = p->B,
                            .upper = p->y,
                            .argmax = argmax,
                            .flipped = f,
                            .out = out,
                            .scratch = garbage(n)};
    k->conv_back(&t);
    guarded(t.scratch, n, "conv_back's scratch");
    guarded(out, lower(p), "conv_back");
    free(t.scratch);
    free(f);
}

static void hebb(const nd_kernels *k, const problem *p, bool both, const uint8_t *argmax,
                 float scale, float *out)
{
    const size_t n = nd_conv_hebb_scratch(&p->g);
    const nd_conv_hebb h = {.g = p->g,
                            .B = p->B,
                            .lower1 = p->x,
                            .upper1 = p->y,
                            .lower0 = p->x0,
                            .upper0 = both ? p->y0 : NULL,
                            .argmax1 = argmax,
                            .argmax0 = argmax,
                            .scale = scale,
                            .out = out,
                            .scratch = garbage(n)};
    k->conv_hebb(&h);
    guarded(h.scratch, n, "conv_hebb's scratch");
    guarded(out, weights(p), "conv_hebb");
    free(h.scratch);
}

/* ---- geometries ---- */

static const struct {
    nd_pool pool;
    size_t window;
} pools[] = {
    {ND_POOL_NONE, 1}, {ND_POOL_MAX, 2},     {ND_POOL_AVERAGE, 2},
    {ND_POOL_MAX, 3},  {ND_POOL_AVERAGE, 3},
};
enum { POOLS = sizeof pools / sizeof *pools };

/* Lists many problems: i = 0, 1, ... until it says false. Every combination of channels,
 * maps, stride and pad; kernels, pools, images and batches in turn; then some that are too
 * large for one round of the inner loops, networks' inputs, and nothing at all. */
static bool geometry_at(size_t i, nd_conv *g, size_t *B)
{
    static const size_t channels[] = {1, 3, 5, 16, 20, 32}, maps[] = {1, 7, 16, 33};
    static const size_t kernel[][2] = {{3, 3}, {5, 5}, {1, 1}, {2, 4}, {3, 1}};
    static const size_t image[][2] = {{9, 11}, {12, 7}, {10, 10}};
    enum { COMBINED = 6 * 4 * 2 * 3 };
    const nd_conv special[] = {
        geometry(12, 12, 32, 5, 5, 1, 0, 64, ND_POOL_MAX, 2),       /* P-conv */
        geometry(8, 8, 130, 3, 3, 1, 1, 70, ND_POOL_MAX, 2),        /* runs are cut */
        geometry(6, 6, 256, 3, 3, 1, 1, 130, ND_POOL_AVERAGE, 2),   /* lists, too */
        geometry(4, 4, 48, 3, 3, 1, 1, 48, ND_POOL_NONE, 1),        /* images together */
        geometry(5, 40, 16, 3, 3, 1, 0, 32, ND_POOL_MAX, 3),        /* long lines */
        input(geometry(28, 28, 1, 5, 5, 1, 0, 32, ND_POOL_MAX, 2)), /* MNIST */
        input(geometry(32, 32, 3, 3, 3, 1, 1, 20, ND_POOL_MAX, 2)), /* CIFAR */
        input(geometry(9, 7, 3, 5, 7, 2, 2, 5, ND_POOL_NONE, 1)),
        input(geometry(13, 10, 7, 3, 3, 1, 1, 17, ND_POOL_AVERAGE, 2)),
        geometry(4, 4, 8, 5, 5, 1, 0, 8, ND_POOL_NONE, 1), /* kernel larger than map */
        geometry(5, 5, 8, 5, 5, 1, 0, 8, ND_POOL_MAX, 2),  /* window larger than map */
    };
    *B = 1 + i % 5;
    if (i >= COMBINED) {
        if (i - COMBINED >= sizeof special / sizeof *special) return false;
        *g = special[i - COMBINED];
        return true;
    }
    const size_t *k = kernel[i % 5], *n = image[i / 5 % 3];
    const size_t pool = (i + i / 5) % POOLS;
    *g = geometry(n[0], n[1], channels[i % 6], k[0], k[1], 1 + i / 24 % 2, i / 48 % 3,
                  maps[i / 6 % 4], pools[pool].pool, pools[pool].window);
    return true;
}

/* ---- the same bits ---- */

typedef struct results {
    float *forward, *added, *back, *hebb;
    uint8_t *argmax;
} results;

static results results_of(const nd_kernels *k, const problem *p)
{
    const size_t n = upper(p);
    results r = {.forward = garbage(n),
                 .added = upper_map(p, 9, false),
                 .back = lower_map(p, 10, false),
                 .hebb = garbage(weights(p)),
                 .argmax = malloc(n + 1)};
    assert_non_null(r.argmax);
    forward(k, p, p->w, p->bias, NULL, false, r.forward, r.argmax);
    forward(k, p, p->w, NULL, r.argmax, true, r.added, NULL);
    if (p->g.pixel == nd_ld(p->g.channels)) back(k, p, r.argmax, r.back);
    hebb(k, p, true, r.argmax, 0.37f, r.hebb);
    return r;
}

static void results_free(results *r)
{
    free(r->forward), free(r->added), free(r->back), free(r->hebb), free(r->argmax);
}

static void same_bits(const float *a, const float *b, size_t n, const char *what,
                      const char *isa, const problem *p)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(&a[i], &b[i], sizeof *a) != 0)
            fail_msg("%s: %s differs from scalar at %zu of %zu: %.9g, scalar %.9g; %s",
                     what, isa, i, n, (double)b[i], (double)a[i], shown(p));
}

static void all_isas_same_bits(void **state)
{
    (void)state;
    const nd_kernels *isa[ISAS_MAX];
    const size_t n_isa = isas(isa);
    nd_conv g;
    size_t B;
    for (size_t i = 0; geometry_at(i, &g, &B); i++) {
        problem p = problem_new(g, B, false);
        results oracle = results_of(isa[0], &p);
        for (size_t v = 1; v < n_isa; v++) {
            results r = results_of(isa[v], &p);
            same_bits(oracle.forward, r.forward, upper(&p), "conv", isa[v]->isa, &p);
            same_bits(oracle.added, r.added, upper(&p), "conv, add", isa[v]->isa, &p);
            same_bits(oracle.back, r.back, lower(&p), "conv_back", isa[v]->isa, &p);
            same_bits(oracle.hebb, r.hebb, weights(&p), "conv_hebb", isa[v]->isa, &p);
            assert_memory_equal(oracle.argmax, r.argmax, upper(&p));
            results_free(&r);
        }
        results_free(&oracle);
        problem_free(&p);
    }
}

/* An image's results do not depend on the company it is in. */
static void batches_do_not_matter(void **state)
{
    (void)state;
    const nd_kernels *isa[ISAS_MAX];
    const size_t n_isa = isas(isa);
    nd_conv g;
    size_t B;
    for (size_t i = 0; geometry_at(i, &g, &B); i += 7) {
        problem p = problem_new(g, 7, false), one = problem_new(g, 1, false);
        const size_t up = upper(&one), low = lower(&one);
        results all = results_of(isa[n_isa - 1], &p);
        for (size_t b = 0; b < p.B; b++) {
            memcpy(one.x, p.x + b * low, low * sizeof *one.x);
            memcpy(one.y, p.y + b * up, up * sizeof *one.y);
            results r = results_of(isa[n_isa - 1], &one);
            same_bits(all.forward + b * up, r.forward, up, "conv", "one image", &p);
            assert_memory_equal(all.argmax + b * up, r.argmax, up);
            results_free(&r);
            float *alone = block(low), *among = block(lower(&p));
            back(isa[n_isa - 1], &one, all.argmax + b * up, alone);
            back(isa[n_isa - 1], &p, all.argmax, among);
            if (g.pixel == nd_ld(g.channels))
                same_bits(among + b * low, alone, low, "conv_back", "one image", &p);
            free(alone), free(among);
        }
        results_free(&all);
        problem_free(&p), problem_free(&one);
    }
}

/* ---- the oracle ---- */

/* Convolution of image b at place (y, x) before pooling, for map c, in double. */
static double plain(const problem *p, const float *w, size_t b, size_t y, size_t x,
                    size_t c)
{
    const nd_conv *g = &p->g;
    double sum = 0;
    for (size_t i = 0; i < g->kh; i++)
        for (size_t j = 0; j < g->kw; j++)
            for (size_t d = 0; d < g->channels; d++) {
                const size_t row = y * g->stride + i, col = x * g->stride + j;
                if (row < g->pad || row - g->pad >= g->rows || col < g->pad ||
                    col - g->pad >= g->cols)
                    continue;
                const size_t from =
                    b * g->image + ((row - g->pad) * g->cols + col - g->pad) * g->pixel + d;
                const size_t k = (i * g->kw + j) * g->channels + d;
                sum += (double)p->x[from] * (double)w[nd_panel_at(nd_conv_k(g), k, c)];
            }
    return sum;
}

/* One element of the pooled map, and which of its window is the largest. */
static double plain_pooled(const problem *p, size_t b, size_t y, size_t x, size_t c,
                           int *argmax)
{
    const size_t F = p->g.window;
    double best = -HUGE_VAL, sum = 0;
    for (size_t q = 0; q < F * F; q++) {
        const double v = plain(p, p->w, b, y * F + q / F, x * F + q % F, c);
        if (v > best) best = v, *argmax = (int)q;
        sum += v;
    }
    const double bias = (double)p->bias[c];
    if (p->g.pool == ND_POOL_AVERAGE) return sum / (double)(F * F) + bias;
    return best + bias;
}

/* Sums of multiples of 1/64 are exact; only a share of a ninth is not. */
static void close_to(double got, double want, const problem *p, const char *what)
{
    const bool exact = p->g.pool != ND_POOL_AVERAGE || p->g.window != 3;
    if (!(fabs(got - want) <= (exact ? 0 : 2e-6 * (1 + fabs(want)))))
        fail_msg("%s: %.9g, plain sum %.9g; %s", what, got, want, shown(p));
}

static void forward_is_its_equation(void **state)
{
    (void)state;
    const nd_kernels *isa[ISAS_MAX];
    const size_t n_isa = isas(isa);
    nd_conv g;
    size_t B;
    for (size_t i = 0; geometry_at(i, &g, &B); i++) {
        problem p = problem_new(g, B, true);
        results r = results_of(isa[n_isa - 1], &p);
        const size_t rows = nd_conv_rows(&g), cols = nd_conv_cols(&g), ld = nd_ld(g.maps);
        float *before = upper_map(&p, 9, false);
        for (size_t at = 0; at < upper(&p); at++) {
            const size_t c = at % ld, x = at / ld % cols, y = at / ld / cols % rows;
            const size_t b = at / ld / cols / rows;
            int argmax = 0;
            const double want = c < g.maps ? plain_pooled(&p, b, y, x, c, &argmax) : 0;
            close_to((double)r.forward[at], want, &p, "conv");
            if (g.pool == ND_POOL_MAX) assert_int_equal(r.argmax[at], argmax);
            /* the second call added the same without bias */
            const float bias = c < g.maps ? p.bias[c] : 0.0f;
            const float more = before[at] + (r.forward[at] - bias);
            assert_true(fabsf(r.added[at] - more) <= 4e-6f * (1 + fabsf(more)));
        }
        free(before);
        results_free(&r);
        problem_free(&p);
    }
}

/* `chosen` is obeyed, whatever is largest. */
static void forward_takes_what_is_chosen(void **state)
{
    (void)state;
    const nd_kernels *isa[ISAS_MAX];
    const size_t n_isa = isas(isa);
    const nd_conv g = geometry(9, 8, 5, 3, 3, 1, 1, 18, ND_POOL_MAX, 2);
    problem p = problem_new(g, 2, true);
    memset(p.bias, 0, g.maps * sizeof *p.bias);
    const size_t n = upper(&p), rows = nd_conv_rows(&g), cols = nd_conv_cols(&g);
    uint8_t *chosen = malloc(n);
    assert_non_null(chosen);
    for (size_t i = 0; i < n; i++)
        chosen[i] = (uint8_t)(i * 7 % 5 % 4);
    float *out = garbage(n);
    forward(isa[n_isa - 1], &p, p.w, NULL, chosen, false, out, NULL);
    for (size_t b = 0; b < p.B; b++)
        for (size_t i = 0; i < rows * cols; i++)
            for (size_t c = 0; c < g.maps; c++) {
                const size_t at = (b * rows * cols + i) * nd_ld(g.maps) + c;
                const size_t q = chosen[at];
                const double want =
                    plain(&p, p.w, b, i / cols * 2 + q / 2, i % cols * 2 + q % 2, c);
                close_to((double)out[at], want, &p, "conv at chosen");
            }
    free(out), free(chosen);
    problem_free(&p);
}

static double dot(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

static void padding_is_zero(const float *map, size_t n, size_t pixel, size_t channels)
{
    for (size_t i = 0; i < n; i++)
        if (i % pixel >= channels) assert_true(map[i] == 0.0f);
}

/* <conv(x), y> = <x, back(y)>: with the forward checked above, this for random x and y is
 * the whole of back. Each x is also tried alone in places, so that errors cannot cancel. */
static void back_is_the_adjoint(void **state)
{
    (void)state;
    const nd_kernels *isa[ISAS_MAX];
    const size_t n_isa = isas(isa);
    nd_conv g;
    size_t B;
    for (size_t i = 0; geometry_at(i, &g, &B); i++) {
        if (g.pixel != nd_ld(g.channels)) continue;
        problem p = problem_new(g, B, true);
        const size_t up = upper(&p), low = lower(&p);
        float *out = garbage(up), *x = block(low);
        uint8_t *argmax = malloc(up + 1);
        assert_non_null(argmax);
        forward(isa[n_isa - 1], &p, p.w, NULL, NULL, false, out, argmax);
        back(isa[n_isa - 1], &p, argmax, x);
        padding_is_zero(x, low, g.pixel, g.channels);
        close_to(dot(p.x, x, low), dot(out, p.y, up), &p, "<x, back(y)>");
        for (size_t tries = 0; tries < 20 && low; tries++) {
            const size_t at = tries * 7919 % low;
            if (at % g.pixel >= g.channels) continue;
            memset(p.x, 0, low * sizeof *p.x);
            p.x[at] = 1.0f;
            forward(isa[n_isa - 1], &p, p.w, NULL, argmax, false, out, NULL);
            close_to((double)x[at], dot(out, p.y, up), &p, "back at one place");
        }
        free(out), free(x), free(argmax);
        problem_free(&p);
    }
}

/* back adds to what is there. */
static void back_adds(void **state)
{
    (void)state;
    const nd_kernels *isa[ISAS_MAX];
    const size_t n_isa = isas(isa);
    for (size_t pad = 0; pad < 2; pad++) {
        problem p =
            problem_new(geometry(7, 8, 5, 3, 3, 1, pad, 18, ND_POOL_NONE, 1), 5, true);
        float *zero = block(lower(&p)), *before = lower_map(&p, 10, true);
        float *after = lower_map(&p, 10, true);
        back(isa[n_isa - 1], &p, NULL, zero);
        back(isa[n_isa - 1], &p, NULL, after);
        for (size_t i = 0; i < lower(&p); i++)
            close_to((double)after[i], (double)before[i] + (double)zero[i], &p, "back");
        free(zero), free(before), free(after);
        problem_free(&p);
    }
}

/* hebb is the derivative of <conv(x), y> by the weights, which is linear in each: what it
 * says for one weight is <conv with that weight alone, y>. Two phases are a difference. */
static void hebb_is_the_derivative(void **state)
{
    (void)state;
    const nd_kernels *isa[ISAS_MAX];
    const size_t n_isa = isas(isa);
    nd_conv g;
    size_t B;
    for (size_t i = 0; geometry_at(i, &g, &B); i++) {
        problem p = problem_new(g, B, true);
        const size_t up = upper(&p), n = weights(&p), k = nd_conv_k(&g);
        float *out = garbage(up), *dw = garbage(n), *both = garbage(n),
              *second = garbage(n);
        float *one = block(n);
        uint8_t *argmax = malloc(up + 1);
        assert_non_null(argmax);
        forward(isa[n_isa - 1], &p, p.w, NULL, NULL, false, out, argmax);
        hebb(isa[n_isa - 1], &p, false, argmax, 0.5f, dw);
        for (size_t j = 0; j < n; j++)
            if (j / (k * ND_LANES) * ND_LANES + j % ND_LANES >= g.maps)
                assert_true(dw[j] == 0.0f);
        close_to(dot(p.w, dw, n), 0.5 * dot(out, p.y, up), &p, "<w, hebb>");
        for (size_t tries = 0; tries < 20; tries++) {
            const size_t at = nd_panel_at(k, tries * 7919 % k, tries * 104729 % g.maps);
            memset(one, 0, n * sizeof *one);
            one[at] = 1.0f;
            forward(isa[n_isa - 1], &p, one, NULL, argmax, false, out, NULL);
            close_to((double)dw[at], 0.5 * dot(out, p.y, up), &p, "hebb of one weight");
        }
        hebb(isa[n_isa - 1], &p, true, argmax, 0.5f, both);
        problem other = p;
        other.x = p.x0, other.y = p.y0;
        hebb(isa[n_isa - 1], &other, false, argmax, 0.5f, second);
        for (size_t j = 0; j < n; j++)
            close_to((double)both[j], (double)dw[j] - (double)second[j], &p, "two phases");
        free(out), free(dw), free(both), free(second), free(one), free(argmax);
        problem_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_isas_same_bits),
        cmocka_unit_test(batches_do_not_matter),
        cmocka_unit_test(forward_is_its_equation),
        cmocka_unit_test(forward_takes_what_is_chosen),
        cmocka_unit_test(back_is_the_adjoint),
        cmocka_unit_test(back_adds),
        cmocka_unit_test(hebb_is_the_derivative),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
