/* test_gibbs.c -- the kernels of Boltzmann machines: the same bits on every ISA for all
 * tail sizes, and right by double precision. */
#include "nudge/kern.h"

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

static float *filled(size_t n, float with)
{
    float *p = aligned_alloc(64, nd_ld(n ? n : 1) * sizeof *p);
    assert_non_null(p);
    for (size_t i = 0; i < nd_ld(n ? n : 1); i++)
        p[i] = with;
    return p;
}

static float *noise(size_t n, uint32_t stream, float lo, float hi)
{
    float *p = filled(n, 0.0f);
    scalar()->uniforms((nd_at){.seed = 7, .stream = stream}, n, lo, hi, p);
    return p;
}

/* (B, n) with zero padding */
static float *states(size_t B, size_t n, uint32_t stream, float lo, float hi)
{
    const size_t ld = nd_ld(n);
    float *p = noise(B * ld, stream, lo, hi);
    for (size_t b = 0; b < B; b++)
        memset(p + b * ld + n, 0, (ld - n) * sizeof *p);
    return p;
}

/* panels (k, n) with zero padding */
static float *panels(size_t k, size_t n, uint32_t stream)
{
    float *p = noise(nd_panels(k, n), stream, -0.5f, 0.5f);
    for (size_t i = 0; i < k; i++)
        for (size_t j = n; j < nd_ld(n); j++)
            p[nd_panel_at(k, i, j)] = 0.0f;
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

/* ---- units ---- */

static const struct {
    size_t B, n, group, extra; /* extra: columns that p and s have beyond x */
} layers[] = {{1, 1, 1, 0},   {3, 16, 16, 16}, {5, 17, 17, 0},   {4, 33, 30, 0},
              {7, 26, 16, 0}, {2, 40, 0, 0},   {9, 100, 97, 16}, {0, 20, 20, 0}};
enum { LAYERS = sizeof layers / sizeof *layers };

static nd_units units_of(size_t i, nd_unit unit, const float *x, const float *beta,
                         float *p, float *s)
{
    return (nd_units){.B = layers[i].B,
                      .n = layers[i].n,
                      .group = layers[i].group,
                      .unit = unit,
                      .x = x,
                      .x_ld = nd_ld(layers[i].n),
                      .beta = beta,
                      .at = {.seed = 11, .stream = 5, .epoch = 2, .batch = 3},
                      .p = p,
                      .s = s,
                      .ld = nd_ld(layers[i].n) + layers[i].extra};
}

static void units_same_bits(void **state)
{
    (void)state;
    const nd_kernels *isa[ISAS_MAX];
    const size_t n_isa = isas_from(1, isa);
    for (size_t i = 0; i < LAYERS; i++)
        for (int variant = 0; variant < 24; variant++) {
            const nd_unit unit = (nd_unit)(variant % 4);
            const size_t B = layers[i].B;
            const size_t size = B * (nd_ld(layers[i].n) + layers[i].extra);
            float *x = states(B, layers[i].n, 1, -6.0f, 6.0f);
            float *beta = noise(B, 2, 0.1f, 1.0f);
            float *a[2], *b[2];
            for (int o = 0; o < 2; o++)
                a[o] = filled(size, 9.0f), b[o] = filled(size, 9.0f);
            const int outputs = variant / 8; /* both, p, s */
            nd_units u = units_of(i, unit, x, variant & 4 ? beta : NULL,
                                  outputs == 2 ? NULL : a[0], outputs == 1 ? NULL : a[1]);
            scalar()->units(&u);
            for (size_t k = 0; k < n_isa; k++) {
                if (u.p) u.p = b[0];
                if (u.s) u.s = b[1];
                isa[k]->units(&u);
                if (u.p) same_bits(a[0], b[0], size, "units p", isa[k]->isa);
                if (u.s) same_bits(a[1], b[1], size, "units s", isa[k]->isa);
            }
            for (int o = 0; o < 2; o++)
                free(a[o]), free(b[o]);
            free(x), free(beta);
        }
}

/* Expectations in double, samples by the uniforms of the same place, padding 0. */
static void units_are_their_equations(void **state)
{
    (void)state;
    enum { B = 6, N = 37, LD = 48 };
    const nd_at at = {.seed = 3, .stream = 8};
    float *x = states(B, N, 1, -3.0f, 3.0f), *u = noise(B * LD, 0, 0, 1);
    float *z = filled(B * LD, 0), *beta = noise(B, 2, 0.2f, 1.0f);
    float *p = filled(B * LD, 9.0f), *s = filled(B * LD, 9.0f);
    scalar()->uniforms(at, B * LD, 0.0f, 1.0f, u);
    scalar()->normals(at, B * LD, 0.0f, 1.0f, z);
    for (int unit = 0; unit < 4; unit++) {
        const nd_units units = {.B = B,
                                .n = N,
                                .group = N,
                                .unit = (nd_unit)unit,
                                .x = x,
                                .x_ld = LD,
                                .beta = beta,
                                .at = at,
                                .p = p,
                                .s = s,
                                .ld = LD};
        scalar()->units(&units);
        for (size_t i = 0; i < B * LD; i++) {
            const double v = (double)x[i], t = (double)beta[i / LD];
            double want = v, sample = (double)(u[i] < p[i]);
            if (unit == ND_UNIT_LOGISTIC) want = 1 / (1 + exp(-t * v));
            if (unit == ND_UNIT_THRESHOLD) want = sample = v > 0.5;
            if (unit == ND_UNIT_GAUSSIAN) sample = v + (double)z[i] / sqrt(t);
            if (i % LD >= N) want = sample = 0;
            assert_true(fabs((double)p[i] - want) < 1e-6);
            assert_true(fabs((double)s[i] - sample) < 1e-5);
        }
    }
    free(x), free(u), free(z), free(beta), free(p), free(s);
}

/* The group is a softmax, and its one unit comes as often as that says. */
static void groups_are_softmax(void **state)
{
    (void)state;
    enum { B = 20000, N = 21, GROUP = 16, C = N - GROUP, LD = 32 };
    float *x = filled(B * LD, 0), *p = filled(B * LD, 9), *s = filled(B * LD, 9);
    double want[C], sum = 0, count[C] = {0}, chi = 0;
    for (size_t k = 0; k < C; k++)
        sum += want[k] = exp(0.5 * ((double)k - 2));
    for (size_t b = 0; b < B; b++)
        for (size_t k = 0; k < C; k++)
            x[b * LD + GROUP + k] = 80.0f + (float)k;
    float *half = filled(B, 0.5f);
    const nd_units u = {.B = B,
                        .n = N,
                        .group = GROUP,
                        .x = x,
                        .x_ld = LD,
                        .beta = half,
                        .at = {.seed = 1},
                        .p = p,
                        .s = s,
                        .ld = LD};
    nd_kern()->units(&u);
    for (size_t b = 0; b < B; b++) {
        float on = 0;
        for (size_t k = 0; k < C; k++) {
            const size_t i = b * LD + GROUP + k;
            assert_true(fabs((double)p[i] - want[k] / sum) < 1e-6);
            assert_true(s[i] == 0.0f || s[i] == 1.0f);
            on += s[i];
            count[k] += (double)s[i];
        }
        assert_true(on == 1.0f);
        for (size_t j = N; j < LD; j++)
            assert_true(p[b * LD + j] == 0.0f && s[b * LD + j] == 0.0f);
    }
    for (size_t k = 0; k < C; k++) {
        const double e = B * want[k] / sum;
        chi += (count[k] - e) * (count[k] - e) / e;
    }
    if (chi > 23.5) fail_msg("chi-square %.1f, 4 degrees of freedom", chi); /* 1e-4 */
    free(x), free(p), free(s), free(half);
}

/* ---- labels ---- */

typedef struct labelled {
    nd_labels l;
    float *x, *w, *bias, *error;
    uint8_t label[16];
} labelled;

static labelled labelled_new(size_t B, size_t n, size_t C, size_t first)
{
    labelled t = {.x = states(B, n, 1, -3, 3),
                  .w = panels(first + C, n, 2),
                  .bias = noise(C, 3, -1, 1),
                  .error = states(B, C, 4, -1, 1)};
    t.l = (nd_labels){B, n, C, t.x, t.w, first + C, first};
    for (size_t b = 0; b < B; b++)
        t.label[b] = (uint8_t)((b * 7 + 1) % C);
    return t;
}

static void labelled_free(labelled *t)
{
    free(t->x), free(t->w), free(t->bias), free(t->error);
}

static double drive(const labelled *t, size_t b, size_t j, size_t c)
{
    return (double)t->x[b * nd_ld(t->l.n) + j] +
           (double)t->w[nd_panel_at(t->l.k, t->l.first + c, j)];
}

static const size_t shapes[][4] = {
    {1, 1, 1, 0},    {3, 16, 10, 20}, {5, 33, 4, 3},
    {2, 100, 17, 5}, {4, 1300, 3, 2}, {0, 8, 2, 1}}; /* 1300: more than 64 panels */
enum { SHAPES = sizeof shapes / sizeof *shapes };

static void labels_same_bits_and_right(void **state)
{
    (void)state;
    const nd_kernels *isa[ISAS_MAX];
    const size_t n_isa = isas_from(1, isa);
    for (size_t i = 0; i < SHAPES; i++) {
        const size_t B = shapes[i][0], n = shapes[i][1], C = shapes[i][2];
        labelled t = labelled_new(B, n, C, shapes[i][3]);
        const size_t ld = nd_ld(n), ld_C = nd_ld(C);
        const size_t sizes[] = {B * ld, B * ld_C, B * ld, nd_panels(C, n)};
        float *a[4], *b[4];
        for (int o = 0; o < 4; o++)
            a[o] = filled(sizes[o], 9), b[o] = filled(sizes[o], 9);
        scalar()->label_drives(&t.l, t.label, a[0]);
        scalar()->label_energies(&t.l, t.bias, a[1]);
        scalar()->label_slopes(&t.l, t.error, 0.3f, a[2], a[3]);
        for (size_t k = 0; k < n_isa; k++) {
            isa[k]->label_drives(&t.l, t.label, b[0]);
            isa[k]->label_energies(&t.l, t.bias, b[1]);
            isa[k]->label_slopes(&t.l, t.error, 0.3f, b[2], b[3]);
            for (int o = 0; o < 4; o++)
                same_bits(a[o], b[o], sizes[o], "labels", isa[k]->isa);
        }
        for (size_t r = 0; r < B; r++)
            for (size_t c = 0; c < ld_C; c++) {
                double want = c < C ? (double)t.bias[c] : 0;
                for (size_t j = 0; c < C && j < n; j++)
                    want += log1p(exp(drive(&t, r, j, c)));
                assert_true(fabs((double)a[1][r * ld_C + c] - want) < 1e-6 * (1 + want));
            }
        for (size_t j = 0; j < ld; j++) {
            for (size_t r = 0; r < B; r++) {
                double h = 0;
                for (size_t c = 0; j < n && c < C; c++)
                    h += (double)t.error[r * ld_C + c] / (1 + exp(-drive(&t, r, j, c)));
                assert_true(fabs((double)a[2][r * ld + j] - h) < 1e-5);
                if (j < n)
                    assert_true(fabs((double)a[0][r * ld + j] -
                                     drive(&t, r, j, t.label[r])) < 1e-6);
            }
            for (size_t c = 0; c < C; c++) {
                double sum = 0;
                for (size_t r = 0; j < n && r < B; r++)
                    sum += (double)t.error[r * ld_C + c] / (1 + exp(-drive(&t, r, j, c)));
                assert_true(fabs((double)a[3][nd_panel_at(C, c, j)] - 0.3 * sum) < 1e-5);
            }
        }
        for (int o = 0; o < 4; o++)
            free(a[o]), free(b[o]);
        labelled_free(&t);
    }
}

/* A label told afterwards gives the same bits as a label among the inputs of the product. */
static void labels_can_be_told_afterwards(void **state)
{
    (void)state;
    enum { B = 7, X = 21, C = 5, N = 35, K = X + C };
    const size_t ld = nd_ld(N), ld_v = nd_ld(K);
    float *v = states(B, K, 1, 0, 1), *w = panels(K, N, 2), *b = states(1, N, 3, -1, 1);
    float *before = filled(B * ld, 0), *after = filled(B * ld, 0);
    uint8_t label[B];
    for (size_t r = 0; r < B; r++) {
        label[r] = (uint8_t)(r % C);
        for (size_t i = 0; i < K; i++) /* binary */
            v[r * ld_v + i] = i < X && v[r * ld_v + i] > 0.5f;
    }
    nd_affine up = {
        .B = B, .n = N, .drive = b, .terms = 1, .term = {{v, K, ld_v, w}}, .out = before};
    nd_kern()->affine(&up);
    const nd_labels l = {B, N, C, before, w, K, X};
    nd_kern()->label_drives(&l, label, before);
    for (size_t r = 0; r < B; r++)
        v[r * ld_v + X + label[r]] = 1.0f;
    up.out = after;
    nd_kern()->affine(&up);
    same_bits(before, after, B * ld, "label_drives", nd_kern()->isa);
    free(v), free(w), free(b), free(before), free(after);
}

static void row_dots_same_bits_and_right(void **state)
{
    (void)state;
    enum { B = 3 };
    const nd_kernels *isa[ISAS_MAX];
    const size_t n_isa = isas_from(1, isa);
    for (size_t n = 0; n < 70; n += 3) {
        const size_t ld = nd_ld(n + 1);
        float *x = noise(B * ld, 1, -1, 1), *y = noise(B * ld, 2, -1, 1);
        for (size_t y_ld = 0; y_ld <= ld; y_ld += ld) {
            float a[B + 1] = {0, 0, 0, 5}, b[B + 1] = {0, 0, 0, 5};
            scalar()->row_dots(B, n, x, ld, y, y_ld, a);
            for (size_t r = 0; r < B; r++) {
                double want = 0;
                for (size_t i = 0; i < n; i++)
                    want += (double)x[r * ld + i] * (double)y[r * y_ld + i];
                assert_true(fabs((double)a[r] - want) < 1e-5);
            }
            for (size_t k = 0; k < n_isa; k++) {
                isa[k]->row_dots(B, n, x, ld, y, y_ld, b);
                same_bits(a, b, B + 1, "row_dots", isa[k]->isa);
            }
        }
        free(x), free(y);
    }
}

int main(void)
{
    nd_err err = {0};
    if (nd_kern_choose(&err) != ND_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units_same_bits),
        cmocka_unit_test(units_are_their_equations),
        cmocka_unit_test(groups_are_softmax),
        cmocka_unit_test(labels_same_bits_and_right),
        cmocka_unit_test(labels_can_be_told_afterwards),
        cmocka_unit_test(row_dots_same_bits_and_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
