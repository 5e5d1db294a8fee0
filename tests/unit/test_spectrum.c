/* test_spectrum.c -- the spectrum of states over the nudging circle: against the Taylor series
 * of a linear network, worked out in double precision, and against what it predicts. */
#include "nudge/spectrum.h"

#include "nudge/trial.h"

#include "model/ep_impl.h"

#include <complex.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "set.h"

enum { B = 5, FEATURES = 12, CLASSES = 3, HIDDEN = 20, LD = 16 };

typedef struct fixture {
    nd_net net;
    nd_batch batch;
    float x[B * LD], y[B * LD];
    uint8_t label[B];
    uint32_t which[B];
} fixture;

/* Settings as pairs of name and value after those of all nets here; NULL ends. */
static nd_params params(const char *const *settings)
{
    static const char *const common[] = {
        "model.layers", "[12, 20, 3]", "ep.T",        "600",
        "ep.K",         "600",         "ep.dt",       "0.5",
        "ep.beta",      "0.1",         "ep.nudge",    "symmetric",
        "ep.spectrum",  "32",          "train.rates", "1",
        "train.batch",  "5",           NULL};
    nd_params p;
    nd_params_defaults(&p);
    set_all(&p, common);
    set_all(&p, settings);
    return p;
}
#define PARAMS(...) params((const char *const[]){__VA_ARGS__, NULL})

static const nd_shape shape = {.features = FEATURES,
                               .classes = CLASSES,
                               .rows = 3,
                               .cols = 4,
                               .channels = 1,
                               .examples = 40};

static void open_net(fixture *f, const nd_params *p, float weights)
{
    nd_err err = {0};
    memset(f, 0, sizeof *f);
    if (nd_net_new(&f->net, p, shape, &err) != ND_OK) fail_msg("%s", err.message);
    for (size_t i = 0; i < f->net.n_banks; i++) {
        nd_bank *bank = &f->net.bank[i];
        nd_kern()->scale(nd_panels(bank->k, bank->n), weights, bank->weight, bank->weight);
    }
    for (size_t b = 0; b < B; b++) {
        for (size_t i = 0; i < FEATURES; i++)
            f->x[b * LD + i] = (float)((b * 7 + i * 5) % 11) / 11.0f;
        f->label[b] = (uint8_t)(b % CLASSES);
        f->y[b * LD + f->label[b]] = 1.0f;
        f->which[b] = (uint32_t)b;
    }
    f->batch = (nd_batch){.B = (size_t)p->train_batch,
                          .x = f->x,
                          .y = f->y,
                          .label = f->label,
                          .which = f->which,
                          .at = {.seed = 1}};
}

static void measure(fixture *f, nd_spectrum *out)
{
    nd_err err = {0};
    if (nd_spectrum_measure(&f->net, &f->batch, out, &err) != ND_OK)
        fail_msg("%s", err.message);
}

static nd_spectrum spectrum_of(const nd_params *p, float weights)
{
    fixture f;
    nd_spectrum s;
    open_net(&f, p, weights);
    measure(&f, &s);
    nd_net_free(&f.net);
    return s;
}

/* ---- linear networks ----
 *
 * With r(x) = x the output rests where (A + beta) s0 = u + beta y, A = 1 - W W^T, u what comes
 * up: a rational function of beta whose poles are minus the eigenvalues of A. Its series:
 * A c_0 = u, A c_1 = y - c_0, A c_k = -c_{k-1}. */

typedef struct linear {
    double W[CLASSES][HIDDEN], A[CLASSES][CLASSES];
} linear;

static double weight(const nd_bank *b, size_t i, size_t j)
{
    return (double)b->weight[nd_panel_at(b->k, i, j)];
}

static void linear_of(const nd_net *net, linear *m)
{
    for (size_t c = 0; c < CLASSES; c++)
        for (size_t h = 0; h < HIDDEN; h++)
            m->W[c][h] = weight(&net->bank[0], h, c);
    for (size_t c = 0; c < CLASSES; c++)
        for (size_t d = 0; d < CLASSES; d++) {
            m->A[c][d] = c == d;
            for (size_t h = 0; h < HIDDEN; h++)
                m->A[c][d] -= m->W[c][h] * m->W[d][h];
        }
}

/* x <- A^-1 x, Cramer's rule. */
static void solve(const linear *m, double x[CLASSES])
{
    double det[CLASSES + 1];
    for (size_t r = 0; r <= CLASSES; r++) {
        double a[CLASSES][CLASSES];
        memcpy(a, m->A, sizeof a);
        for (size_t i = 0; r < CLASSES && i < CLASSES; i++)
            a[i][r] = x[i];
        det[r] = 0;
        for (size_t i = 0; i < CLASSES; i++)
            det[r] += a[0][i] * (a[1][(i + 1) % 3] * a[2][(i + 2) % 3] -
                                 a[1][(i + 2) % 3] * a[2][(i + 1) % 3]);
    }
    for (size_t r = 0; r < CLASSES; r++)
        x[r] = det[r] / det[CLASSES];
}

/* rms of beta^k c_k, of output and hidden layer; returns the radius of convergence. */
static double series(const fixture *f, size_t n, double beta, double rms[2][64])
{
    linear m;
    double largest = 0;
    linear_of(&f->net, &m);
    memset(rms, 0, 2 * sizeof *rms);
    for (size_t b = 0; b < B; b++) {
        double up[HIDDEN], c[CLASSES], power = 1;
        for (size_t h = 0; h < HIDDEN; h++) {
            up[h] = weight(&f->net.bank[3], 0, h);
            for (size_t i = 0; i < FEATURES; i++)
                up[h] += weight(&f->net.bank[1], i, h) * (double)f->x[b * LD + i];
        }
        for (size_t i = 0; i < CLASSES; i++) {
            c[i] = weight(&f->net.bank[2], 0, i);
            for (size_t h = 0; h < HIDDEN; h++)
                c[i] += m.W[i][h] * up[h];
        }
        for (size_t k = 0; k < n; k++, power *= beta) {
            for (size_t i = 0; k && i < CLASSES; i++)
                c[i] = (k == 1 ? (double)f->y[b * LD + i] : 0) - c[i];
            solve(&m, c);
            for (size_t i = 0; i < CLASSES; i++)
                rms[0][k] += power * power * c[i] * c[i] / (B * CLASSES);
            for (size_t h = 0; h < HIDDEN; h++) {
                double d = k ? 0 : up[h];
                for (size_t i = 0; i < CLASSES; i++)
                    d += m.W[i][h] * c[i];
                rms[1][k] += power * power * d * d / (B * HIDDEN);
            }
        }
    }
    double v[CLASSES] = {1, 0.3, -0.7}; /* inverse iteration */
    for (int i = 0; i < 500; i++) {
        solve(&m, v);
        largest = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
        for (size_t c = 0; c < CLASSES; c++)
            v[c] /= largest;
    }
    for (int l = 0; l < 2; l++)
        for (size_t k = 0; k < n; k++)
            rms[l][k] = sqrt(rms[l][k]);
    return 1 / largest;
}

static void linear_rests_are_their_series(void **state)
{
    (void)state;
    static const char *const points[] = {"8", "9", "16", "32", "64"};
    static const char *const betas[] = {"0.05", "0.1"};
    for (size_t i = 0; i < 5; i++)
        for (size_t j = 0; j < 2; j++) {
            const nd_params p = PARAMS("model.activation", "identity", "ep.spectrum",
                                       points[i], "ep.beta", betas[j]);
            double rms[2][64];
            fixture f;
            nd_spectrum s;
            open_net(&f, &p, 1.1f);
            measure(&f, &s);
            const double radius = series(&f, s.points, s.beta, rms);
            assert_int_equal(s.n_layers, 2);
            if (!(radius > 2 * s.beta && radius < 1 && s.moved < 1e-5))
                fail_msg("%g %g %g", radius, s.beta, s.moved);
            for (size_t l = 0; l < 2; l++) {
                const nd_spectrum_layer *a = &s.layer[l];
                for (size_t k = 0; k < s.points - s.points / 4; k++) {
                    /* what N points cannot tell apart, and rounding */
                    const double slack =
                        0.01 * rms[l][k] +
                        3 * rms[l][k] * pow(s.beta / radius, (double)s.points) +
                        1e-6 * rms[l][0];
                    if (fabs(a->rms[k] - rms[l][k]) > slack)
                        fail_msg("%s points, beta %s, layer %zu, k %zu: %.4g, not %.4g",
                                 points[i], betas[j], l, k, a->rms[k], rms[l][k]);
                }
                if (fabs(a->radius / radius - 1) > 0.03)
                    fail_msg("%s points, beta %s, layer %zu: radius %.4f, not %.4f",
                             points[i], betas[j], l, a->radius, radius);
            }
            assert_true(s.radius == fmin(s.layer[0].radius, s.layer[1].radius));
            assert_true(s.snr == fmin(s.layer[0].snr, s.layer[1].snr));
            nd_net_free(&f.net);
        }
}

/* The last bins of few points are no floor yet, and the spectrum says so. */
static void a_floor_that_is_not_reached_is_known(void **state)
{
    (void)state;
    const nd_params few = PARAMS("ep.spectrum", "8", "ep.beta", "0.3");
    const nd_params many = PARAMS("ep.spectrum", "64", "ep.beta", "0.3");
    const nd_spectrum a = spectrum_of(&few, 1.0f), b = spectrum_of(&many, 1.0f);
    for (size_t l = 0; l < 2; l++) {
        assert_true(!a.layer[l].floor_reached);
        assert_true(b.layer[l].floor_reached);
        assert_true(b.layer[l].floor < 1e-6);
    }
}

/* A circle around the nearest pole has no rests on its far side, and no decay. */
static void circles_that_are_too_large_are_seen(void **state)
{
    (void)state;
    static const char *const betas[] = {"0.35", "0.45"};
    for (int i = 0; i < 2; i++) {
        const nd_params p = PARAMS("model.activation", "identity", "ep.beta", betas[i]);
        fixture f;
        nd_spectrum s;
        double rms[2][64];
        open_net(&f, &p, 1.1f);
        const double radius = series(&f, 32, 0.1, rms);
        assert_true(radius > 0.36 && radius < 0.44);
        measure(&f, &s);
        if (i == 0)
            assert_true(fabs(s.radius / radius - 1) < 0.05 && s.moved < 1e-3);
        else
            assert_true(!(s.radius > s.beta) && s.moved > 1e-3 && s.snr < 2);
        nd_net_free(&f.net);
    }
}

/* ---- what it predicts ---- */

/* The change of the biases of layer l by one image, which is c_1 + what N points cannot tell
 * from it. */
static void change(const nd_params *p, size_t l, double out[LD * 2])
{
    fixture f;
    float before[LD * 2];
    open_net(&f, p, 1.0f);
    const nd_bank *b = &f.net.bank[2 + l];
    memcpy(before, b->weight, b->n * sizeof *before);
    f.net.ops->settle(&f.net, &f.batch, ND_PHASE_FREE);
    f.net.ops->learn(&f.net, &f.batch);
    for (size_t j = 0; j < b->n; j++)
        out[j] = weight(b, 0, j) - (double)before[j];
    nd_net_free(&f.net);
}

static void biases_are_as_predicted(void **state)
{
    (void)state;
#define NUDGED(N)                                                                          \
    "ep.nudge", "holomorphic", "ep.points", N, "ep.beta", "0.3", "train.batch", "1"
    static const char *const losses[] = {"squared", "cross-entropy"};
    static const char *const points[] = {"2", "4", "6"};
    for (size_t c = 0; c < 2; c++) {
        const nd_params exact = PARAMS(NUDGED("32"), "ep.loss", losses[c]);
        const nd_spectrum s = spectrum_of(&exact, 1.0f);
        assert_int_equal(s.n_layers, 2 - c);
        for (size_t i = 0; i < s.n_layers; i++)
            for (size_t j = 0; j < 3; j++) {
                const nd_params p = PARAMS(NUDGED(points[j]), "ep.loss", losses[c]);
                double one[LD * 2], two[LD * 2], apart = 0, size = 0;
                const nd_spectrum_layer *layer = &s.layer[i];
                assert_int_equal(layer->layer, i + c);
                change(&p, layer->layer, one), change(&exact, layer->layer, two);
                for (size_t u = 0; u < layer->units; u++) {
                    apart += (one[u] - two[u]) * (one[u] - two[u]);
                    size += two[u] * two[u];
                }
                const double bias = sqrt(apart / size);
                if (fabs(bias - layer->bias[j]) > 0.1 * bias + 1e-5)
                    fail_msg("%s, layer %zu, %s points: bias %.4g, predicted %.4g",
                             losses[c], layer->layer, points[j], bias, layer->bias[j]);
            }
    }
}

static void noise_raises_the_floor(void **state)
{
    (void)state;
    static const char *const sd[] = {"0.001", "0.002", "0.01"};
    double floor[3][2], snr[3];
    for (size_t i = 0; i < 3; i++) {
        const nd_params p =
            PARAMS("ep.noise", sd[i], "ep.beta", "0.1", "ep.dt", "1", "ep.K", "100");
        const nd_spectrum s = spectrum_of(&p, 0.6f);
        snr[i] = s.snr;
        for (size_t l = 0; l < 2; l++) {
            floor[i][l] = s.layer[l].floor;
            assert_true(s.layer[l].floor_reached);
        }
    }
    for (size_t l = 0; l < 2; l++)
        if (fabs(floor[1][l] / floor[0][l] - 2) > 0.1 ||
            fabs(floor[2][l] / floor[0][l] - 10) > 0.5)
            fail_msg("layer %zu: floors %.3g %.3g %.3g", l, floor[0][l], floor[1][l],
                     floor[2][l]);
    assert_true(fabs(snr[0] / snr[1] - 2) < 0.2);
    /* a neuron's own noise shows: sd r' and more, each of N points with weight 1/N, those off
     * the real axis twice with the cosine: variance (N - 2)/N^2 */
    const nd_params p = PARAMS("ep.noise", "0.01", "ep.beta", "0.01", "ep.dt", "1", "ep.K",
                               "100", "model.activation", "identity");
    const nd_spectrum s = spectrum_of(&p, 0.01f);
    for (size_t l = 0; l < 2; l++) {
        assert_true(fabs(s.layer[l].floor / (0.01 * sqrt(30) / 32) - 1) < 0.25);
    }
}

/* ---- gathering ---- */

/* By hand, from what the circle settled to; padding lanes are not in it. */
static void padding_is_left_out(void **state)
{
    (void)state;
    const nd_params p = PARAMS("model.kind", "ep-conv", "model.stack",
                               "conv 5 2x2 pad 1, avg 2, conv 3 2x2, fc 3", "ep.spectrum",
                               "9", "ep.K", "60", "ep.T", "60", "ep.noise", "0.01");
    fixture f;
    nd_spectrum s;
    open_net(&f, &p, 1.0f);
    measure(&f, &s);
    const nd_ep *e = nd_ep_of(&f.net);
    const double turn = 2 * acos(-1.0) / 9;
    assert_int_equal(s.n_layers, 3);
    for (size_t l = 0; l < 3; l++) {
        const nd_ep_layer *layer = &e->layer[l];
        assert_int_equal(s.layer[l].units, layer->pixels * layer->maps);
        for (size_t k = 0; k < 9; k++) {
            double sum = 0;
            for (size_t b = 0; b < B; b++)
                for (size_t i = 0; i < layer->pixels; i++)
                    for (size_t m = 0; m < layer->maps; m++) {
                        const size_t at = b * layer->ld + i * nd_ld(layer->maps) + m;
                        double c = (double)nd_ep_circle_at(e, l, B, 0, 0)[at];
                        for (size_t n = 1; n <= 4; n++) { /* conjugates in pairs */
                            const double angle = turn * (double)(n * k);
                            c +=
                                2 * cos(angle) * (double)nd_ep_circle_at(e, l, B, n, 0)[at];
                            c +=
                                2 * sin(angle) * (double)nd_ep_circle_at(e, l, B, n, 1)[at];
                        }
                        sum += c * c / 81;
                    }
            const double rms = sqrt(sum / (double)(B * layer->pixels * layer->maps));
            assert_true(fabs(s.layer[l].rms[k] - rms) < 1e-12 + 1e-9 * rms);
        }
    }
    nd_net_free(&f.net);
}

/* ---- reducing ---- */

static void planted_decays_are_found(void **state)
{
    (void)state;
    for (int odd = 0; odd < 2; odd++) {
        nd_spectrum_layer layer = {0};
        for (size_t k = 0; k < 32; k++) /* odd: the even ones are empty */
            layer.rms[k] = fmax(1e-6, odd && k % 2 == 0 ? 0 : 5 * pow(0.4, (double)k));
        nd_spectrum_reduce(&layer, 32, 0.2);
        assert_true(fabs(layer.radius - 0.5) < 1e-9 && layer.floor_reached);
        assert_true(!layer.negative_powers);
        assert_true(layer.floor == 1e-6 && fabs(layer.snr - 2e6) < 1);
        assert_true(fabs(layer.bias[0] - 0.16 / 0.84) < 1e-5);
        assert_true(fabs(layer.bias[3] - pow(0.4, 8)) < 1e-6);
    }
    nd_spectrum_layer pole = {0}; /* inside the circle, and one outside */
    for (size_t k = 0; k < 32; k++)
        pole.rms[k] = 5 * pow(0.4, (double)k) + pow(0.3, 32.0 - (double)k) + 1e-6;
    nd_spectrum_reduce(&pole, 32, 0.2);
    assert_true(pole.negative_powers && pole.radius == 0.2);
    nd_spectrum_layer noise = {0};
    for (size_t k = 0; k < 16; k++)
        noise.rms[k] = 1 + 0.01 * (double)(k % 3);
    nd_spectrum_reduce(&noise, 16, 0.2);
    assert_true(isnan(noise.radius) && isnan(noise.bias[1]) && noise.floor_reached);
    assert_true(noise.snr < 1.1 && !noise.negative_powers);
}

/* ---- refusals ---- */

static void what_has_no_spectrum_says_so(void **state)
{
    (void)state;
    static const struct {
        const char *settings[9], *text;
        nd_code code;
    } cases[] = {
        {{"ep.spectrum", "0"}, "ep.spectrum is 0", ND_EINPUT},
        {{"ep.spectrum", "0", "model.kind", "ep-energy"},
         "only ep-prototypical",
         ND_EINPUT},
        {{"model.activation", "identity", "ep.beta", "50"}, "no numbers", ND_EDIVERGED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const nd_params p = params(cases[i].settings);
        fixture f;
        nd_spectrum s;
        nd_err err = {0};
        open_net(&f, &p, 1.0f);
        assert_int_equal(nd_spectrum_measure(&f.net, &f.batch, &s, &err), cases[i].code);
        if (!strstr(err.message, cases[i].text)) fail_msg("%s", err.message);
        nd_net_free(&f.net);
    }
}

/* ---- in trials ---- */

static void count(void *ctx, nd_net *net, const nd_batch *b)
{
    assert_true(b->B == (size_t)net->p.train_batch);
    ++*(int *)ctx;
}

static nd_record trial(const nd_params *p)
{
    nd_dataset data;
    nd_record r;
    nd_err err = {0};
    int trained = 0;
    const nd_watch watch = {.ctx = &trained, .trained = count};
    if (nd_dataset_open(&data, p, &err) != ND_OK ||
        nd_trial_run(p, &data, &watch, &r, &err) != ND_OK)
        fail_msg("%s", err.message);
    nd_dataset_close(&data);
    assert_int_equal(trained, r.status == ND_STATUS_DONE);
    return r;
}

static void trials_report_what_is_asked_for(void **state)
{
    (void)state;
#define TRIAL                                                                              \
    "data.name", "synthetic", "data.train", "40", "data.test", "20", "model.layers",       \
        "[784, 16, 10]", "ep.T", "30", "ep.K", "20", "train.rates", "0.05", "ep.beta",     \
        "0.3"
    const nd_params with = PARAMS(TRIAL, "train.epochs", "2", "ep.spectrum", "16");
    const nd_params without = PARAMS(TRIAL, "train.epochs", "2", "ep.spectrum", "0");
    const nd_params free = PARAMS(TRIAL, "train.epochs", "0", "ep.spectrum", "0",
                                  "ep.symmetry", "free", "ep.angle", "60");
    nd_record a = trial(&with), b = trial(&without), c = trial(&free);
    for (int m = 0; m < ND_METRICS; m++) {
        const bool its = m == ND_METRIC_spectrum_radius || m == ND_METRIC_spectrum_snr;
        assert_true(its ? !isnan(a.value[m]) && isnan(b.value[m]) && isnan(c.value[m])
                        : (nd_metric_at((size_t)m)->flags & ND_VOLATILE) ||
                              a.value[m] == b.value[m] ||
                              (isnan(a.value[m]) && isnan(b.value[m])));
        for (size_t i = 0; its && i < 2; i++)
            assert_true(a.curve[m][i] > 0);
    }
    assert_true(isnan(a.value[ND_METRIC_feedback_angle]));
    assert_true(fabs(c.value[ND_METRIC_feedback_angle] - 60) < 15);
    nd_record_free(&a), nd_record_free(&b), nd_record_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linear_rests_are_their_series),
        cmocka_unit_test(a_floor_that_is_not_reached_is_known),
        cmocka_unit_test(circles_that_are_too_large_are_seen),
        cmocka_unit_test(biases_are_as_predicted),
        cmocka_unit_test(noise_raises_the_floor),
        cmocka_unit_test(padding_is_left_out),
        cmocka_unit_test(planted_decays_are_found),
        cmocka_unit_test(what_has_no_spectrum_says_so),
        cmocka_unit_test(trials_report_what_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
