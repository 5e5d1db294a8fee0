/* test_boltzmann.c -- Boltzmann machines against sums over all states written out plainly,
 * finite differences, and closed forms. */
#include "nudge/boltzmann.h"
#include "nudge/dataset.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PARAMETERS_MAX = 4096, CELLS_MAX = 1 << 16 };

/* A machine with its numbers. */
typedef struct machine {
    nd_boltzmann m;
    size_t n;
    double x[PARAMETERS_MAX]; /* W, a, b, U, d */
} machine;

typedef struct shape {
    size_t nv, nh, classes;
} shape;

static const shape shapes[] = {{1, 1, 0}, {5, 3, 0}, {4, 7, 0}, {6, 6, 0},
                               {3, 4, 2}, {7, 3, 3}, {4, 6, 5}, {2, 8, 10}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* The tests' own draws. */
static nd_at draws(uint32_t what)
{
    return (nd_at){.seed = 20250101, .stream = 1000, .epoch = what};
}

static double normal(nd_at at, uint32_t i)
{
    const double r = sqrt(-2 * log(nd_philox_unit(at, 2 * i)));
    return r * cos(2 * acos(-1.0) * nd_philox_unit(at, 2 * i + 1));
}

static void make(machine *t, shape s, double sd, uint32_t seed)
{
    t->n = (s.nv + s.classes + 1) * s.nh + s.nv + s.classes;
    assert_true(t->n <= PARAMETERS_MAX);
    for (size_t i = 0; i < t->n; i++)
        t->x[i] = sd * normal(draws(seed), (uint32_t)i);
    double *const W = t->x, *const a = W + s.nv * s.nh, *const b = a + s.nv;
    double *const U = b + s.nh, *const d = U + s.classes * s.nh;
    t->m = (nd_boltzmann){s.nv, s.nh, s.classes, W, a, b, U, d};
}

/* Samples with random pixels, half of them grey where `grey`; labels where there are any. */
typedef struct samples {
    nd_boltzmann_data data;
    double v[1024];
    uint8_t label[128];
} samples;

static void draw_samples(samples *s, const nd_boltzmann *m, size_t n, bool grey,
                         uint32_t seed)
{
    assert_true(n * m->nv <= 1024 && n <= 128);
    for (uint32_t i = 0; i < n * m->nv; i++) {
        const double u = nd_philox_unit(draws(seed), i);
        s->v[i] = grey && i % 2 ? u : u < 0.4;
    }
    for (uint32_t i = 0; m->classes && i < n; i++)
        s->label[i] = (uint8_t)nd_philox_below(draws(seed + 1), i, (uint32_t)m->classes);
    s->data = (nd_boltzmann_data){n, s->v, m->classes ? s->label : NULL};
}

static void near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance * (1 + fabs(b))))
        fail_msg("%.17g is not %.17g (within %g)", a, b, tolerance);
}

static void ok(nd_code code, const nd_err *err)
{
    if (code != ND_OK) fail_msg("%s", err->message);
}

/* ---- plain sums ---- */

static void bits_to_units(size_t bits, size_t n, double *x)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (double)(bits >> i & 1);
}

static double energy(const nd_boltzmann *m, const double *v, size_t y, const double *h)
{
    double e = 0;
    for (size_t i = 0; i < m->nv; i++)
        e -= m->a[i] * v[i];
    for (size_t j = 0; j < m->nh; j++)
        e -= m->b[j] * h[j];
    for (size_t i = 0; i < m->nv; i++)
        for (size_t j = 0; j < m->nh; j++)
            e -= v[i] * m->W[i * m->nh + j] * h[j];
    if (!m->classes) return e;
    for (size_t j = 0; j < m->nh; j++)
        e -= m->U[y * m->nh + j] * h[j];
    return e - m->d[y];
}

static size_t cases(const nd_boltzmann *m)
{
    return m->classes ? m->classes : 1;
}

/* sum over h of exp(-E(v, y, h)) f(h); f = h_j for j < nh, else 1 */
static double sum_hidden(const nd_boltzmann *m, const double *v, size_t y, size_t j)
{
    double h[32], sum = 0;
    for (size_t k = 0; k < (size_t)1 << m->nh; k++) {
        bits_to_units(k, m->nh, h);
        sum += exp(-energy(m, v, y, h)) * (j < m->nh ? h[j] : 1);
    }
    return sum;
}

/* p(v, y) as nd_boltzmann_table has it; returns Z. */
static double plain_table(const nd_boltzmann *m, double *p)
{
    const size_t n = (size_t)1 << m->nv;
    double v[32], z = 0;
    for (size_t y = 0; y < cases(m); y++)
        for (size_t k = 0; k < n; k++) {
            bits_to_units(k, m->nv, v);
            p[y * n + k] = sum_hidden(m, v, y, m->nh);
            z += p[y * n + k];
        }
    for (size_t i = 0; i < cases(m) * n; i++)
        p[i] /= z;
    return z;
}

/* ---- exact sums ---- */

static void log_z_is_the_plain_sum(void **state)
{
    double *const p = *state;
    machine t;
    nd_err err;
    for (uint32_t i = 0; i < SHAPES; i++)
        for (uint32_t sd = 0; sd < 3; sd++) {
            double log_z;
            make(&t, shapes[i], sd, 10 * i + sd);
            const double plain = log(plain_table(&t.m, p));
            ok(nd_boltzmann_log_z(&t.m, &log_z, &err), &err);
            near(log_z, plain, 1e-13);
        }
}

/* The two ways round of one machine: the same Z, so walking either side agrees; long enough
 * for many blocks of the walk. */
static void either_side(void **state)
{
    (void)state;
    machine t, turned;
    nd_err err;
    double log_z, other;
    make(&t, (shape){14, 17, 0}, 0.7, 1);
    make(&turned, (shape){17, 14, 0}, 0, 1);
    double *const W = turned.x, *const a = W + 14 * 17, *const b = a + 17;
    for (size_t i = 0; i < 14; i++)
        for (size_t j = 0; j < 17; j++)
            W[j * 14 + i] = t.m.W[i * 17 + j];
    memcpy(a, t.m.b, 17 * sizeof *a);
    memcpy(b, t.m.a, 14 * sizeof *b);
    ok(nd_boltzmann_log_z(&t.m, &log_z, &err), &err);
    ok(nd_boltzmann_log_z(&turned.m, &other, &err), &err);
    near(log_z, other, 1e-13);
    /* 18 units beside 14: the sum over the longer side, by way of the table */
    double *const p = malloc(((size_t)1 << 17) * sizeof *p);
    ok(nd_boltzmann_table(&turned.m, p, &err), &err);
    double v[17], sum = 0;
    for (size_t k = 0; k < (size_t)1 << 17; k += 1001) {
        bits_to_units(k, 17, v);
        near(log(p[k]), -nd_boltzmann_free_energy(&turned.m, v, ND_NO_LABEL) - log_z,
             1e-11);
    }
    for (size_t k = 0; k < (size_t)1 << 17; k++)
        sum += p[k];
    near(sum, 1, 1e-12);
    free(p);
}

static void table_of_probabilities(void **state)
{
    double *const plain = *state, *const p = plain + CELLS_MAX;
    machine t;
    nd_err err;
    for (uint32_t i = 0; i < SHAPES; i++) {
        double v[32], log_z;
        make(&t, shapes[i], 1, 100 + i);
        plain_table(&t.m, plain);
        ok(nd_boltzmann_table(&t.m, p, &err), &err);
        ok(nd_boltzmann_log_z(&t.m, &log_z, &err), &err);
        const size_t n = (size_t)1 << t.m.nv;
        for (size_t y = 0; y < cases(&t.m); y++)
            for (size_t k = 0; k < n; k++) {
                near(p[y * n + k], plain[y * n + k], 1e-12);
                bits_to_units(k, t.m.nv, v);
                const int label = t.m.classes ? (int)y : ND_NO_LABEL;
                near(exp(-nd_boltzmann_free_energy(&t.m, v, label) - log_z), p[y * n + k],
                     1e-12);
            }
        if (!t.m.classes) continue;
        for (size_t k = 0; k < n; k++) { /* y summed out */
            double sum = 0;
            for (size_t y = 0; y < t.m.classes; y++)
                sum += p[y * n + k];
            bits_to_units(k, t.m.nv, v);
            near(exp(-nd_boltzmann_free_energy(&t.m, v, ND_NO_LABEL) - log_z), sum, 1e-12);
        }
    }
}

static void conditionals(void **state)
{
    (void)state;
    machine t;
    for (uint32_t i = 0; i < SHAPES; i++) {
        double v[16], h[16], p[16], plain[16];
        make(&t, shapes[i], 1.5, 200 + i);
        const nd_boltzmann *m = &t.m;
        for (size_t k = 0; k < (size_t)1 << m->nv; k++) {
            bits_to_units(k, m->nv, v);
            double all = 0;
            memset(plain, 0, sizeof plain);
            for (size_t y = 0; y < cases(m); y++) {
                const double z = sum_hidden(m, v, y, m->nh);
                nd_boltzmann_hidden(m, v, m->classes ? (int)y : ND_NO_LABEL, p);
                for (size_t j = 0; j < m->nh; j++) {
                    near(p[j], sum_hidden(m, v, y, j) / z, 1e-12);
                    plain[j] += p[j] * z;
                }
                all += z;
            }
            nd_boltzmann_hidden(m, v, ND_NO_LABEL, p);
            for (size_t j = 0; j < m->nh; j++)
                near(p[j], plain[j] / all, 1e-12);
        }
        for (size_t k = 0; k < (size_t)1 << m->nh; k++) {
            bits_to_units(k, m->nh, h);
            nd_boltzmann_visible(m, h, p);
            for (size_t j = 0; j < m->nv; j++) { /* of two states that differ in bit j */
                bits_to_units(k, m->nv, v);
                v[j] = 1;
                const double on = exp(-energy(m, v, 0, h));
                v[j] = 0;
                near(p[j], on / (on + exp(-energy(m, v, 0, h))), 1e-12);
            }
            if (!m->classes) continue;
            double all = 0;
            nd_boltzmann_label(m, h, p);
            for (size_t y = 0; y < m->classes; y++)
                all += plain[y] = exp(-energy(m, v, y, h));
            for (size_t y = 0; y < m->classes; y++)
                near(p[y], plain[y] / all, 1e-12);
        }
    }
}

/* <v h>, <v>, <h>, <y h>, <y> of the machine, from the plain table. */
static void model_moments(void **state)
{
    double *const p = *state;
    machine t;
    nd_err err;
    for (uint32_t i = 0; i < SHAPES; i++) {
        make(&t, shapes[i], 1, 300 + i);
        const nd_boltzmann *m = &t.m;
        nd_boltzmann_moments s, plain;
        ok(nd_boltzmann_moments_new(&s, m, &err), &err);
        ok(nd_boltzmann_moments_new(&plain, m, &err), &err);
        double log_z, v[16];
        const double z = plain_table(m, p);
        for (size_t y = 0; y < cases(m); y++)
            for (size_t k = 0; k < (size_t)1 << m->nv; k++) {
                const double q = p[y * ((size_t)1 << m->nv) + k];
                bits_to_units(k, m->nv, v);
                for (size_t j = 0; j < m->nh; j++) {
                    const double h = sum_hidden(m, v, y, j) / z;
                    plain.b[j] += h;
                    if (m->classes) plain.U[y * m->nh + j] += h;
                    for (size_t u = 0; u < m->nv; u++)
                        plain.W[u * m->nh + j] += v[u] * h;
                }
                for (size_t u = 0; u < m->nv; u++)
                    plain.a[u] += v[u] * q;
                if (m->classes) plain.d[y] += q;
            }
        memset(s.W, 0x55, s.n * sizeof *s.W);
        ok(nd_boltzmann_model_moments(m, &s, &log_z, &err), &err);
        near(log_z, log(z), 1e-13);
        for (size_t k = 0; k < s.n; k++)
            near(s.W[k], plain.W[k], 1e-12);
        nd_boltzmann_moments_free(&s);
        nd_boltzmann_moments_free(&plain);
    }
}

/* ---- gradients ---- */

typedef double objective(const nd_boltzmann *m, const nd_boltzmann_data *data);

static double log_likelihood(const nd_boltzmann *m, const nd_boltzmann_data *data)
{
    double log_z;
    nd_err err;
    ok(nd_boltzmann_log_z(m, &log_z, &err), &err);
    return nd_boltzmann_log_likelihood(m, data, log_z);
}

/* Mean log p(label | v), by a plain sum over h. */
static double label_likelihood(const nd_boltzmann *m, const nd_boltzmann_data *data)
{
    double sum = 0;
    for (size_t i = 0; i < data->n; i++) {
        double all = 0;
        const double *v = data->v + i * m->nv;
        for (size_t y = 0; y < m->classes; y++)
            all += sum_hidden(m, v, y, m->nh);
        sum += log(sum_hidden(m, v, data->label[i], m->nh) / all);
    }
    return sum / (double)data->n;
}

/* Central differences of fourth order: truncation about 1e-12, rounding about 1e-12. */
static void is_gradient(machine *t, const nd_boltzmann_data *data, objective *f,
                        const double *g)
{
    static const double weight[] = {1, -8, 8, -1}, at[] = {-2, -1, 1, 2};
    const double step = 1e-3;
    for (size_t i = 0; i < t->n; i++) {
        const double x = t->x[i];
        double slope = 0;
        for (int k = 0; k < 4; k++) {
            t->x[i] = x + at[k] * step;
            slope += weight[k] * f(&t->m, data) / (12 * step);
        }
        t->x[i] = x;
        if (!(fabs(g[i] - slope) <= 1e-6 * fabs(slope) + 1e-10))
            fail_msg("parameter %zu: gradient %.15g, slope %.15g", i, g[i], slope);
    }
}

static void gradient_is_the_slope(void **state)
{
    (void)state;
    machine t;
    samples s;
    nd_err err;
    for (uint32_t i = 0; i < SHAPES; i++)
        for (int labelled = 0; labelled < (shapes[i].classes ? 2 : 1); labelled++) {
            nd_boltzmann_moments g;
            make(&t, shapes[i], 1, 400 + i);
            draw_samples(&s, &t.m, 9, labelled, 500 + 2 * i);
            if (!labelled) s.data.label = NULL;
            ok(nd_boltzmann_moments_new(&g, &t.m, &err), &err);
            assert_int_equal(g.n, t.n);
            ok(nd_boltzmann_gradient(&t.m, &s.data, &g, &err), &err);
            is_gradient(&t, &s.data, log_likelihood, g.W);
            nd_boltzmann_moments_free(&g);
        }
}

static void discriminative_gradient(void **state)
{
    (void)state;
    machine t;
    samples s;
    nd_err err;
    for (uint32_t i = 0; i < SHAPES; i++) {
        if (!shapes[i].classes) continue;
        nd_boltzmann_moments g;
        make(&t, shapes[i], 1, 600 + i);
        draw_samples(&s, &t.m, 9, true, 700 + 2 * i);
        ok(nd_boltzmann_moments_new(&g, &t.m, &err), &err);
        nd_boltzmann_discriminative_gradient(&t.m, &s.data, &g);
        is_gradient(&t, &s.data, label_likelihood, g.W);
        for (size_t k = 0; k < t.m.nv; k++)
            assert_true(g.a[k] == 0);
        nd_boltzmann_moments_free(&g);
    }
}

/* More hidden units than a strip, so that the pieces meet. */
static void many_hidden_units(void **state)
{
    (void)state;
    machine t;
    samples s;
    nd_err err;
    nd_boltzmann_moments g;
    make(&t, (shape){4, 150, 3}, 0.3, 800);
    draw_samples(&s, &t.m, 7, false, 801);
    ok(nd_boltzmann_moments_new(&g, &t.m, &err), &err);
    ok(nd_boltzmann_gradient(&t.m, &s.data, &g, &err), &err);
    is_gradient(&t, &s.data, log_likelihood, g.W);
    nd_boltzmann_moments_free(&g);
}

/* ---- classification ---- */

static void classes_by_free_energy(void **state)
{
    (void)state;
    machine t;
    samples s;
    for (uint32_t i = 0; i < SHAPES; i++) {
        if (!shapes[i].classes) continue;
        double log_p[16], error_rate;
        make(&t, shapes[i], 1.5, 900 + i);
        draw_samples(&s, &t.m, 60, false, 1000 + 2 * i);
        size_t errors = 0;
        for (size_t k = 0; k < s.data.n; k++) {
            const double *v = s.v + k * t.m.nv;
            double all = 0, plain[16];
            nd_boltzmann_classes(&t.m, v, log_p);
            for (size_t y = 0; y < t.m.classes; y++)
                all += plain[y] = sum_hidden(&t.m, v, y, t.m.nh);
            size_t best = 0, lowest = 0;
            for (size_t y = 0; y < t.m.classes; y++) {
                near(exp(log_p[y]), plain[y] / all, 1e-12);
                if (plain[y] > plain[best]) best = y;
                if (nd_boltzmann_free_energy(&t.m, v, (int)y) <
                    nd_boltzmann_free_energy(&t.m, v, (int)lowest))
                    lowest = y;
            }
            assert_int_equal(best, lowest);
            errors += best != s.label[k];
        }
        near(nd_boltzmann_label_likelihood(&t.m, &s.data, &error_rate),
             label_likelihood(&t.m, &s.data), 1e-12);
        near(error_rate, (double)errors / 60, 1e-15);
    }
}

/* ---- data ---- */

static void pseudo_likelihood(void **state)
{
    double *const p = *state;
    machine t;
    samples s;
    make(&t, (shape){6, 5, 2}, 1, 1100);
    draw_samples(&s, &t.m, 40, false, 1101);
    plain_table(&t.m, p);
    double exact = 0;
    for (size_t i = 0; i < s.data.n; i++) {
        size_t k = 0;
        for (size_t u = 0; u < 6; u++)
            k |= (size_t)s.v[i * 6 + u] << u;
        const double *row = p + s.label[i] * 64;
        for (size_t u = 0; u < 6; u++)
            exact += log(row[k] / (row[k] + row[k ^ (size_t)1 << u])) / 40;
    }
    near(nd_boltzmann_pseudo_likelihood(&t.m, &s.data), exact, 1e-12);
    /* the estimate: right on average, within 4 standard errors of 500 */
    double sum = 0, squares = 0;
    nd_at at = {.seed = 1, .stream = ND_STREAM_PSEUDO};
    for (at.batch = 0; at.batch < 500; at.batch++) {
        const double x = nd_boltzmann_pseudo_likelihood_at(&t.m, &s.data, at);
        sum += x;
        squares += (x - exact) * (x - exact);
    }
    const double error = sqrt(squares / 500 / 500);
    assert_true(error > 0 && fabs(sum / 500 - exact) < 4 * error);
}

static void reconstruction(void **state)
{
    (void)state;
    machine t;
    samples s;
    nd_err err;
    double error, h[8], p[8], sum = 0;
    make(&t, (shape){5, 7, 3}, 1, 1200);
    draw_samples(&s, &t.m, 20, true, 1201);
    for (size_t i = 0; i < 20; i++) {
        nd_boltzmann_hidden(&t.m, s.v + i * 5, s.label[i], h);
        nd_boltzmann_visible(&t.m, h, p);
        for (size_t k = 0; k < 5; k++)
            sum += pow(s.v[i * 5 + k] - p[k], 2) / 100;
    }
    ok(nd_boltzmann_reconstruction(&t.m, &s.data, &error, &err), &err);
    near(error, sum, 1e-13);
    /* with no weights at all every pixel comes back as 1/2 */
    make(&t, (shape){5, 7, 0}, 0, 0);
    draw_samples(&s, &t.m, 20, false, 1202);
    ok(nd_boltzmann_reconstruction(&t.m, &s.data, &error, &err), &err);
    near(error, 0.25, 1e-15);
}

static void free_energy_gap(void **state)
{
    (void)state;
    machine t;
    samples s, other;
    make(&t, (shape){6, 5, 0}, 1, 1300);
    draw_samples(&s, &t.m, 30, false, 1301);
    draw_samples(&other, &t.m, 20, false, 1303);
    double sum = 0;
    for (size_t i = 0; i < 30; i++)
        sum -= nd_boltzmann_free_energy(&t.m, s.v + i * 6, ND_NO_LABEL) / 30;
    for (size_t i = 0; i < 20; i++)
        sum += nd_boltzmann_free_energy(&t.m, other.v + i * 6, ND_NO_LABEL) / 20;
    near(nd_boltzmann_free_energy_gap(&t.m, &s.data, &other.data), sum, 1e-13);
}

static void large_weights(void **state)
{
    (void)state;
    machine t;
    nd_err err;
    double log_z;
    make(&t, (shape){9, 8, 3}, 300, 1400);
    ok(nd_boltzmann_log_z(&t.m, &log_z, &err), &err);
    /* nothing but the lowest energy counts */
    double v[16], h[16], lowest = HUGE_VAL;
    for (size_t y = 0; y < 3; y++)
        for (size_t k = 0; k < 1 << 17; k++) {
            bits_to_units(k, 9, v);
            bits_to_units(k >> 9, 8, h);
            lowest = fmin(lowest, energy(&t.m, v, y, h));
        }
    near(log_z, -lowest, 1e-3);
    assert_true(isfinite(log_z) && lowest < -3000);
}

static void too_large_to_sum(void **state)
{
    (void)state;
    static const double zeros[40 * 40 + 80];
    const nd_boltzmann m = {40, 30, 0, zeros, zeros, zeros, NULL, NULL};
    nd_err err;
    double log_z = 7;
    assert_int_equal(nd_boltzmann_log_z(&m, &log_z, &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "40 visible and 30 hidden"));
    assert_non_null(strstr(err.message, "annealed importance sampling"));
    assert_true(log_z == 7);
    assert_int_equal(nd_boltzmann_table(&m, &log_z, &err), ND_EINPUT);
    nd_boltzmann_moments g;
    ok(nd_boltzmann_moments_new(&g, &m, &err), &err);
    assert_int_equal(nd_boltzmann_model_moments(&m, &g, NULL, &err), ND_EINPUT);
    nd_boltzmann_moments_free(&g);
    /* many pixels over few hidden units are fine: Z of no weights is 2^(nv + nh) */
    const nd_boltzmann small = {40, 12, 0, zeros, zeros, zeros, NULL, NULL};
    ok(nd_boltzmann_log_z(&small, &log_z, &err), &err);
    near(log_z, 52 * log(2), 1e-14);
}

/* ---- bars and stripes ---- */

typedef struct bars {
    nd_dataset set;
    nd_boltzmann_data data;
    double *v;
} bars;

static void bars_open(bars *b, int64_t side)
{
    nd_params p;
    nd_err err;
    nd_params_defaults(&p);
    p.data_name = ND_DATASET_bars_and_stripes;
    p.data_side = side;
    ok(nd_dataset_open(&b->set, &p, &err), &err);
    const nd_images *train = &b->set.train;
    const size_t n = train->n * b->set.features;
    b->v = malloc(n * sizeof *b->v);
    for (size_t i = 0; i < n; i++)
        b->v[i] = train->pixels[i] / 255.0;
    b->data = (nd_boltzmann_data){train->n, b->v, train->labels};
}

static void bars_close(bars *b)
{
    nd_dataset_close(&b->set);
    free(b->v);
}

/* The data set holds each image once: 2^(s+1) - 2 of side s, so at best -log of that; -3.401
 * for side 4. Written as 2^s stripes and 2^s bars, as in much of the literature, black and
 * white count twice: -3.379. */
static void optimum_of_bars_and_stripes(void **state)
{
    (void)state;
    static const double zero[16];
    for (size_t side = 2; side <= 5; side++) {
        bars b;
        nd_err err;
        double optimum;
        const nd_boltzmann m = {side * side, 0, 2, zero, zero, zero, zero, zero};
        bars_open(&b, (int64_t)side);
        const double images = pow(2, (double)side + 1) - 2;
        assert_true((double)b.data.n == images);
        ok(nd_boltzmann_optimum(&m, &b.data, &optimum, &err), &err);
        near(optimum, -log(images), 1e-14);
        nd_boltzmann_data pixels = b.data; /* labels tell nothing more */
        pixels.label = NULL;
        ok(nd_boltzmann_optimum(&m, &pixels, &optimum, &err), &err);
        near(optimum, -log(images), 1e-14);
        if (side == 4) near(optimum, -3.4011973816621555, 1e-14);

        const size_t n = b.data.n, size = side * side;
        double *twice = malloc((n + 2) * size * sizeof *twice);
        memcpy(twice, b.v, n * size * sizeof *twice);
        for (size_t i = 0; i < 2 * size; i++)
            twice[n * size + i] = i < size;
        pixels = (nd_boltzmann_data){n + 2, twice, NULL};
        ok(nd_boltzmann_optimum(&m, &pixels, &optimum, &err), &err);
        const double all = images + 2;
        near(optimum, -(all - 4) / all * log(all) - 4 / all * log(all / 2), 1e-14);
        if (side == 4) near(optimum, -3.3790925052297323, 1e-14);
        free(twice);
        bars_close(&b);
    }
}

/* Following the exact gradient, the likelihood climbs towards the optimum, never above. */
static void exact_ascent(void **state)
{
    (void)state;
    bars b;
    machine t;
    nd_err err;
    nd_boltzmann_moments g;
    double best;
    bars_open(&b, 3);
    make(&t, (shape){9, 8, 0}, 0.1, 1500);
    ok(nd_boltzmann_moments_new(&g, &t.m, &err), &err);
    ok(nd_boltzmann_optimum(&t.m, &b.data, &best, &err), &err);
    const double start = log_likelihood(&t.m, &b.data);
    double now = start;
    for (int step = 0; step < 3000; step++) {
        ok(nd_boltzmann_gradient(&t.m, &b.data, &g, &err), &err);
        for (size_t i = 0; i < t.n; i++)
            t.x[i] += 0.5 * g.W[i];
        if (step % 100) continue;
        const double next = log_likelihood(&t.m, &b.data);
        assert_true(next > now - 0.02 && next < best);
        now = next;
    }
    now = log_likelihood(&t.m, &b.data);
    if (!(now > best - 0.1 && start < best - 3))
        fail_msg("from %g to %g, optimum %g", start, now, best);
    nd_boltzmann_moments_free(&g);
    bars_close(&b);
}

/* ---- annealed importance sampling ---- */

enum { TEMPERATURES = 1000, RUNS = 100 };

static void linear_schedule(size_t n, double *beta)
{
    for (size_t i = 0; i < n; i++)
        beta[i] = (double)i / (double)(n - 1);
}

static void ais_holds_the_exact_value(void **state)
{
    (void)state;
    static const struct {
        shape s;
        double sd;
    } machines[] = {{{20, 15, 0}, 0.5}, {{24, 16, 0}, 0.5},  {{30, 18, 0}, 0.3},
                    {{40, 17, 4}, 0.3}, {{25, 15, 10}, 0.4}, {{20, 20, 0}, 0.4}};
    double beta[TEMPERATURES];
    linear_schedule(TEMPERATURES, beta);
    for (uint32_t i = 0; i < sizeof machines / sizeof *machines; i++) {
        machine t;
        nd_err err;
        nd_ais ais;
        double log_z;
        make(&t, machines[i].s, machines[i].sd, 1600 + i);
        const nd_ais_options o = {.runs = RUNS,
                                  .n = TEMPERATURES,
                                  .beta = beta,
                                  .at = {1, ND_STREAM_ANNEAL, 0, 0}};
        ok(nd_boltzmann_log_z(&t.m, &log_z, &err), &err);
        ok(nd_boltzmann_ais(&t.m, &o, &ais, &err), &err);
        if (getenv("TEST_VERBOSE"))
            print_message("# %zu-%zu+%zu: exact %.5f, AIS %.5f in %.5f..%.5f (width %.3f), "
                          "%.1f effective runs\n",
                          t.m.nv, t.m.nh, t.m.classes, log_z, ais.log_z, ais.low, ais.high,
                          ais.high - ais.low, ais.effective);
        if (!(ais.low <= log_z && log_z <= ais.high && ais.high - ais.low < 0.15))
            fail_msg("machine %u: exact %.6f, AIS %.6f in %.6f..%.6f", i, log_z, ais.log_z,
                     ais.low, ais.high);
        assert_true(ais.effective > 0.8 * RUNS && ais.effective <= RUNS);
    }
}

/* The stated error is the spread of the estimate; Z itself is estimated without bias. */
static void ais_states_its_error(void **state)
{
    (void)state;
    enum { REPEATS = 200, FEW = 60, CHAINS = 50 };
    double beta[FEW], log_z, sum = 0, squares = 0;
    size_t held = 0;
    machine t;
    nd_err err;
    linear_schedule(FEW, beta);
    make(&t, (shape){12, 10, 3}, 0.5, 1700);
    ok(nd_boltzmann_log_z(&t.m, &log_z, &err), &err);
    for (uint32_t i = 0; i < REPEATS; i++) {
        nd_ais ais;
        const nd_ais_options o = {
            .runs = CHAINS, .n = FEW, .beta = beta, .at = {i, ND_STREAM_ANNEAL, 0, 0}};
        ok(nd_boltzmann_ais(&t.m, &o, &ais, &err), &err);
        const double ratio = exp(ais.log_z - log_z);
        const double error = (exp(ais.high - ais.log_z) - 1) / 3; /* relative to the mean */
        sum += (ratio - 1) / (error * REPEATS);
        squares += pow((ratio - 1) / error, 2) / REPEATS;
        held += ais.low <= log_z && log_z <= ais.high;
    }
    /* mean 0 +- 1/sqrt(200) and variance 1 +- sqrt(2/200), in their own units */
    if (getenv("TEST_VERBOSE"))
        print_message("# mean %.3f, sd %.3f, %zu of %d held\n", sum, sqrt(squares), held,
                      REPEATS);
    assert_true(fabs(sum) < 4 / sqrt(REPEATS));
    assert_true(squares > 0.6 && squares < 1.5);
    assert_true(held >= REPEATS - 4);
}

/* A base machine that fits the data, the published schedule: labels and all. */
static void ais_from_base_rates(void **state)
{
    (void)state;
    machine t;
    samples s;
    nd_err err;
    nd_ais ais, again;
    double beta[500], base[20], base_label[3], log_z;
    make(&t, (shape){20, 12, 3}, 0.4, 1800);
    draw_samples(&s, &t.m, 50, false, 1801);
    nd_ais_base(&s.data, 20, base);
    nd_ais_base_label(&s.data, 3, base_label);
    double ones = 0, first = 0;
    for (size_t i = 0; i < 50; i++) {
        ones += s.v[i * 20 + 7];
        first += s.label[i] == 0;
    }
    near(1 / (1 + exp(-base[7])), (ones + 1) / 52, 1e-14);
    near(exp(base_label[0]) /
             (exp(base_label[0]) + exp(base_label[1]) + exp(base_label[2])),
         (first + 1) / 53, 1e-14);
    nd_ais_schedule(500, beta);
    nd_ais_options o = {RUNS, 500, beta, base, base_label, {3, ND_STREAM_ANNEAL, 5, 0}};
    ok(nd_boltzmann_log_z(&t.m, &log_z, &err), &err);
    ok(nd_boltzmann_ais(&t.m, &o, &ais, &err), &err);
    assert_true(ais.low <= log_z && log_z <= ais.high && ais.high - ais.low < 0.3);
    ok(nd_boltzmann_ais(&t.m, &o, &again, &err), &err);
    assert_memory_equal(&ais, &again, sizeof ais);
    o.at.seed = 4;
    ok(nd_boltzmann_ais(&t.m, &o, &again, &err), &err);
    assert_true(ais.log_z != again.log_z);
}

/* Where the machine is its own base nothing is left to chance. */
static void ais_without_weights(void **state)
{
    (void)state;
    machine t;
    nd_err err;
    nd_ais ais;
    const double beta[] = {0, 0.5, 1};
    make(&t, (shape){10, 4, 3}, 1, 1900);
    memset(t.x, 0, 40 * sizeof *t.x);                 /* W */
    memset(t.x + 40 + 10, 0, (4 + 12) * sizeof *t.x); /* b, U */
    const nd_ais_options o = {5, 3, beta, t.m.a, t.m.d, {1, ND_STREAM_ANNEAL, 0, 0}};
    ok(nd_boltzmann_ais(&t.m, &o, &ais, &err), &err);
    double plain = 4 * log(2), labels = 0;
    for (size_t i = 0; i < 10; i++)
        plain += log1p(exp(t.m.a[i]));
    for (size_t y = 0; y < 3; y++)
        labels += exp(t.m.d[y]);
    near(ais.log_z, plain + log(labels), 1e-14);
    near(ais.low, ais.high, 1e-14);
    near(ais.effective, 5, 1e-12);
}

static void schedules(void **state)
{
    (void)state;
    double beta[14501];
    nd_ais_schedule(14501, beta);
    assert_true(beta[0] == 0 && beta[14500] == 1);
    near(beta[500], 0.5, 1e-12);
    near(beta[4500], 0.9, 1e-12);
    near(beta[250], 0.25, 1e-12);
    near(beta[9500], 0.95, 1e-12);
    for (size_t n = 2; n < 50; n++) {
        nd_ais_schedule(n, beta);
        assert_true(beta[0] == 0 && beta[n - 1] == 1);
        for (size_t i = 1; i < n; i++)
            assert_true(beta[i] > beta[i - 1]);
    }
}

static void ais_refusals(void **state)
{
    (void)state;
    static const double falls[] = {0, 0.6, 0.5, 1}, short_of[] = {0, 0.9}, fine[] = {0, 1};
    machine t;
    nd_err err;
    nd_ais ais;
    make(&t, (shape){3, 3, 0}, 1, 2000);
    nd_ais_options o = {.runs = 10, .n = 4, .beta = falls};
    assert_int_equal(nd_boltzmann_ais(&t.m, &o, &ais, &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "rise from 0 to 1"));
    o = (nd_ais_options){.runs = 10, .n = 2, .beta = short_of};
    assert_int_equal(nd_boltzmann_ais(&t.m, &o, &ais, &err), ND_EINPUT);
    o = (nd_ais_options){.runs = 10, .n = 1, .beta = fine};
    assert_int_equal(nd_boltzmann_ais(&t.m, &o, &ais, &err), ND_EINPUT);
    o = (nd_ais_options){.runs = 1, .n = 2, .beta = fine};
    assert_int_equal(nd_boltzmann_ais(&t.m, &o, &ais, &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "take 2 or more"));
    o.runs = SIZE_MAX / 8;
    assert_int_equal(nd_boltzmann_ais(&t.m, &o, &ais, &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "take fewer"));
}

static int set_up(void **state)
{
    *state = malloc(2 * CELLS_MAX * sizeof(double));
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_z_is_the_plain_sum),
        cmocka_unit_test(either_side),
        cmocka_unit_test(table_of_probabilities),
        cmocka_unit_test(conditionals),
        cmocka_unit_test(model_moments),
        cmocka_unit_test(gradient_is_the_slope),
        cmocka_unit_test(discriminative_gradient),
        cmocka_unit_test(many_hidden_units),
        cmocka_unit_test(classes_by_free_energy),
        cmocka_unit_test(pseudo_likelihood),
        cmocka_unit_test(reconstruction),
        cmocka_unit_test(free_energy_gap),
        cmocka_unit_test(large_weights),
        cmocka_unit_test(too_large_to_sum),
        cmocka_unit_test(optimum_of_bars_and_stripes),
        cmocka_unit_test(exact_ascent),
        cmocka_unit_test(ais_holds_the_exact_value),
        cmocka_unit_test(ais_states_its_error),
        cmocka_unit_test(ais_from_base_rates),
        cmocka_unit_test(ais_without_weights),
        cmocka_unit_test(schedules),
        cmocka_unit_test(ais_refusals),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
