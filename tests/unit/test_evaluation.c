/* test_evaluation.c -- what a trial records of its Boltzmann machine, against sums over all
 * states written out here; what evaluation must not disturb; what it refuses. */
#include "nudge/machine.h"
#include "nudge/trial.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "set.h"

enum { X = 9, CLASSES = 2, IMAGES = 14 }; /* bars and stripes, 3 x 3 */

static nd_params params(const char *kind, const char *layers)
{
    nd_params p;
    nd_params_defaults(&p);
    set(&p, "data.name", "bars-and-stripes");
    set(&p, "data.side", "3");
    set(&p, "model.kind", kind);
    set(&p, "model.layers", layers);
    set(&p, "rbm.pixels", "threshold");
    set(&p, "rbm.evaluate", "full");
    set(&p, "train.rates", "0.1");
    set(&p, "train.batch", "7");
    set(&p, "train.epochs", "6");
    return p;
}

static nd_record run_watched(const nd_params *p, const nd_watch *watch)
{
    nd_dataset d;
    nd_record r;
    nd_err err = {0};
    if (nd_dataset_open(&d, p, &err) != ND_OK) fail_msg("%s", err.message);
    if (nd_trial_run(p, &d, watch, &r, &err) != ND_OK) fail_msg("%s", err.message);
    nd_dataset_close(&d);
    return r;
}

static nd_record run(const nd_params *p)
{
    return run_watched(p, NULL);
}

/* ---- the sums written out, from the banks as they are ---- */

typedef struct truth {
    size_t nx, C, nh;
    const nd_bank *W, *a, *b;
    double log_z, log_likelihood, reconstruction, pseudo;
} truth;

static double weight(const truth *t, size_t i, size_t j)
{
    return (double)t->W->weight[nd_panel_at(t->nx + t->C, i, j)];
}

static double field(const truth *t, const double *v, size_t j)
{
    double x = (double)t->b->weight[j];
    for (size_t i = 0; i < t->nx + t->C; i++)
        x += v[i] * weight(t, i, j);
    return x;
}

/* log sum_h exp(-E(v, h)) */
static double log_weight(const truth *t, const double *v)
{
    double f = 0;
    for (size_t i = 0; i < t->nx + t->C; i++)
        f += v[i] * (double)t->a->weight[i];
    for (size_t j = 0; j < t->nh; j++)
        f += log(1 + exp(field(t, v, j)));
    return f;
}

static void state(const truth *t, unsigned bits, size_t label, double *v)
{
    for (size_t i = 0; i < t->nx; i++)
        v[i] = bits >> i & 1;
    for (size_t y = 0; y < t->C; y++)
        v[t->nx + y] = y == label;
}

/* Every image of whole rows, then those of whole columns that are not among them. */
static unsigned image(size_t n, size_t *label)
{
    unsigned bits = 0;
    const unsigned pattern = n < 8 ? (unsigned)n : (unsigned)n - 7;
    *label = n >= 8;
    for (unsigned i = 0; i < 3; i++)
        for (unsigned j = 0; j < 3; j++)
            bits |= (pattern >> (*label ? j : i) & 1) << (3 * i + j);
    return bits;
}

static void sum_up(truth *t)
{
    double v[X + CLASSES], z = 0;
    for (unsigned s = 0; s < 1u << t->nx; s++)
        for (size_t y = 0; y < (t->C ? t->C : 1); y++) {
            state(t, s, y, v);
            z += exp(log_weight(t, v));
        }
    t->log_z = log(z);
    t->log_likelihood = t->reconstruction = t->pseudo = 0;
    for (size_t n = 0; n < IMAGES; n++) {
        size_t label;
        const unsigned bits = image(n, &label);
        state(t, bits, label, v);
        const double here = log_weight(t, v);
        t->log_likelihood += (here - t->log_z) / IMAGES;
        for (size_t i = 0; i < t->nx; i++) {
            double up = (double)t->a->weight[i];
            for (size_t j = 0; j < t->nh; j++)
                up += weight(t, i, j) / (1 + exp(-field(t, v, j)));
            const double off = v[i] - 1 / (1 + exp(-up));
            t->reconstruction += off * off / (double)(IMAGES * t->nx);
        }
        for (size_t i = 0; i < t->nx; i++) {
            v[i] = 1 - v[i];
            t->pseudo -= log(1 + exp(log_weight(t, v) - here)) / IMAGES;
            v[i] = 1 - v[i];
        }
    }
}

static void take_truth(void *ctx, nd_net *net, const nd_batch *b)
{
    truth *t = ctx;
    (void)b;
    t->W = &net->bank[0], t->a = &net->bank[1], t->b = &net->bank[2];
    sum_up(t);
}

static void near(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance)) fail_msg("%.12g, not %.12g", a, b);
}

static void metrics_are_the_sums(void **unused)
{
    (void)unused;
    static const struct {
        const char *kind, *layers;
        size_t C, nh;
    } machines[] = {{"rbm", "[9, 5, 2]", 0, 5}, {"drbm", "[9, 20, 2]", CLASSES, 20}};
    for (int i = 0; i < 2; i++) {
        const nd_params p = params(machines[i].kind, machines[i].layers);
        truth t = {.nx = X, .C = machines[i].C, .nh = machines[i].nh};
        const nd_watch watch = {.ctx = &t, .trained = take_truth};
        nd_record r = run_watched(&p, &watch);
        near(r.value[ND_METRIC_log_z], t.log_z, 1e-9);
        assert_true(r.value[ND_METRIC_log_z_lower] == r.value[ND_METRIC_log_z_upper]);
        near(r.value[ND_METRIC_test_log_likelihood], t.log_likelihood, 1e-9);
        near(r.value[ND_METRIC_train_log_likelihood], t.log_likelihood, 1e-9);
        near(r.value[ND_METRIC_reconstruction_error], t.reconstruction, 1e-9);
        near(r.value[ND_METRIC_pseudo_log_likelihood], t.pseudo, 1e-9);
        near(r.value[ND_METRIC_free_energy_gap], 0, 1e-12); /* the same images */
        for (size_t e = 0; e < r.epochs; e++)
            assert_true(r.curve[ND_METRIC_test_log_likelihood][e] < 0);
        nd_record_free(&r);
    }
}

/* Trials come to the same weights and errors whether or not they are evaluated, and the same
 * trial twice to the same numbers. */
static void evaluation_disturbs_nothing(void **unused)
{
    (void)unused;
    static const char *const negatives[] = {"cd", "pcd", "pt"};
    for (int i = 0; i < 3; i++) {
        nd_params p = params("drbm", "[9, 6, 2]");
        set(&p, "rbm.negative", negatives[i]);
        set(&p, "rbm.exact_units", "0");
        nd_record full = run(&p), again = run(&p);
        assert_true(nd_record_same(&full, &again, NULL));
        set(&p, "rbm.evaluate", "none");
        nd_record none = run(&p);
        assert_true(none.value[ND_METRIC_test_error] == full.value[ND_METRIC_test_error]);
        assert_true(none.value[ND_METRIC_train_loss] == full.value[ND_METRIC_train_loss]);
        assert_true(isnan(none.value[ND_METRIC_reconstruction_error]));
        set(&p, "rbm.evaluate", "quick");
        nd_record quick = run(&p);
        assert_true(isnan(quick.value[ND_METRIC_log_z]));
        assert_true(quick.value[ND_METRIC_pseudo_log_likelihood] ==
                    full.value[ND_METRIC_pseudo_log_likelihood]);
        nd_record_free(&full), nd_record_free(&again);
        nd_record_free(&none), nd_record_free(&quick);
    }
}

/* It comes when the trial tests. */
static void evaluation_comes_with_tests(void **unused)
{
    (void)unused;
    nd_params p = params("rbm", "[9, 5, 2]");
    set(&p, "train.test_every", "4");
    nd_record r = run(&p);
    for (size_t e = 0; e < 6; e++)
        assert_true(!isnan(r.curve[ND_METRIC_log_z][e]) == (e == 3 || e == 5));
    nd_record_free(&r);
    set(&p, "train.epochs", "0");
    r = run(&p);
    assert_true(isfinite(r.value[ND_METRIC_test_log_likelihood]));
    nd_record_free(&r);
}

static void annealing_holds_the_exact_value(void **unused)
{
    (void)unused;
    nd_params p = params("drbm", "[9, 12, 2]");
    set(&p, "train.test_every", "1");
    nd_record exact = run(&p);
    set(&p, "rbm.exact_units", "0");
    nd_record annealed = run(&p);
    for (size_t e = 0; e < 6; e++) {
        const float z = exact.curve[ND_METRIC_log_z][e];
        assert_true(z > annealed.curve[ND_METRIC_log_z_lower][e]);
        assert_true(z < annealed.curve[ND_METRIC_log_z_upper][e]);
    }
    assert_true(annealed.value[ND_METRIC_log_z_lower] <
                annealed.value[ND_METRIC_log_z_upper]);
    nd_record_free(&exact), nd_record_free(&annealed);
}

/* A stack is judged by the machine that learns; the last is the one with labels. */
static void look_at_stack(void *ctx, nd_net *net, const nd_batch *b)
{
    nd_err err = {0};
    nd_machine m;
    (void)b;
    assert_int_equal(nd_machine_count(net), 2);
    assert_int_equal(nd_machine_learner(net, 1), 0);
    assert_int_equal(nd_machine_learner(net, 3), 0);
    assert_int_equal(nd_machine_learner(net, 4), 1);
    assert_int_equal(nd_machine_learner(net, 0), 1);
    assert_int_equal(nd_machine_read(net, 1, &m, &err), ND_OK);
    assert_int_equal(m.view.nv, 6);
    assert_int_equal(m.view.nh, 4);
    assert_int_equal(m.view.classes, CLASSES);
    for (size_t i = 0; i < 6 + CLASSES; i++)
        for (size_t j = 0; j < 4; j++) {
            const double *row = i < 6 ? m.view.W + i * 4 : m.view.U + (i - 6) * 4;
            const float w = net->bank[3].weight[nd_panel_at(6 + CLASSES, i, j)];
            assert_true(row[j] == (double)w);
        }
    assert_true(m.view.d[1] == (double)net->bank[4].weight[7]);
    assert_int_equal(nd_boltzmann_log_z(&m.view, ctx, &err), ND_OK);
    nd_machine_free(&m);
}

static void stacks_by_the_machine_that_learns(void **unused)
{
    (void)unused;
    const nd_params p = params("dbn", "[9, 6, 4, 2]");
    double log_z = 0;
    const nd_watch watch = {.ctx = &log_z, .trained = look_at_stack};
    nd_record r = run_watched(&p, &watch);
    assert_true(r.value[ND_METRIC_log_z] == log_z);
    assert_true(r.value[ND_METRIC_test_log_likelihood] < 0);
    nd_record again = run(&p);
    assert_true(nd_record_same(&r, &again, NULL));
    nd_record_free(&r), nd_record_free(&again);
}

/* With one hidden unit that nothing reaches, F(v) = |v - a|^2/2 - log 2 and the mean of v given
 * h is a. */
static void gaussian_free_energy(void **unused)
{
    (void)unused;
    const double a[2] = {0.5, -1}, W[2] = {0, 0}, b = 0, v[4] = {1, 0, 0.5, 3};
    const nd_machine m = {.view = {.nv = 2, .nh = 1, .W = W, .a = a, .b = &b},
                          .gaussian = true};
    const nd_boltzmann_data data = {2, v, NULL};
    nd_err err = {0};
    double error;
    near(nd_machine_free_energy(&m, &data), (0.625 + 8) / 2 - log(2), 1e-14);
    assert_int_equal(nd_machine_reconstruction(&m, &data, &error, &err), ND_OK);
    near(error, (0.25 + 1 + 0 + 16) / 4, 1e-14);
}

static void gaussian_units_have_what_applies(void **unused)
{
    (void)unused;
    nd_params p = params("rbm", "[9, 5, 2]");
    set(&p, "rbm.visible", "gaussian");
    set(&p, "rbm.pixels", "grey");
    set(&p, "rbm.evaluate", "quick");
    nd_record r = run(&p);
    assert_true(r.value[ND_METRIC_reconstruction_error] > 0);
    assert_true(r.value[ND_METRIC_free_energy_gap] == 0);
    assert_true(isnan(r.value[ND_METRIC_pseudo_log_likelihood]));
    nd_record_free(&r);
}

static void what_has_no_likelihood_is_refused(void **unused)
{
    (void)unused;
    static const struct {
        const char *kind, *layers, *name, *value, *says;
    } cases[] = {
        {"rbm", "[9, 5, 2]", "rbm.visible", "gaussian", "binary units only"},
        {"drbm", "[9, 5, 2]", "rbm.pixels", "grey", "bernoulli or threshold"},
        {"dbn", "[9, 5, 4, 2]", "rbm.features", "mean-field", "take sampled"},
    };
    const nd_shape shape = {.features = X, .classes = CLASSES, .examples = IMAGES};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nd_params p = params(cases[i].kind, cases[i].layers);
        nd_cost cost;
        nd_err err = {0};
        assert_int_equal(nd_net_plan(&p, shape, &cost, &err), ND_OK);
        assert_true(cost.flops_evaluate > 0);
        set(&p, cases[i].name, cases[i].value);
        assert_int_equal(nd_net_plan(&p, shape, &cost, &err), ND_EINPUT);
        assert_non_null(strstr(err.message, cases[i].says));
        set(&p, "rbm.evaluate", "quick");
        assert_int_equal(nd_net_plan(&p, shape, &cost, &err), ND_OK);
    }
}

/* Bars and stripes, 4 x 4: 30 different images, so that no distribution has a mean
 * log-likelihood above -log 30. Lasting chains come near: four seeds each were 0.11 to 0.14
 * (pcd) and 0.17 to 0.19 (pt, of half the epochs and a fifth of the sweeps) below. */
static void lasting_chains_reach_the_optimum(void **unused)
{
    (void)unused;
    static const struct {
        const char *negative, *rate, *epochs, *k;
        double gap;
    } ways[] = {{"pcd", "0.03", "40000", "5", 0.2}, {"pt", "0.05", "20000", "1", 0.25}};
    for (int i = 0; i < 2; i++) {
        nd_params p = params("rbm", "[16, 16, 2]");
        set(&p, "data.side", "4");
        set(&p, "train.batch", "30");
        set(&p, "train.schedule", "cosine");
        set(&p, "train.test_every", "0");
        set(&p, "rbm.data_hidden", "mean-field");
        set(&p, "rbm.model_hidden", "mean-field");
        set(&p, "rbm.negative", ways[i].negative);
        set(&p, "train.rates", ways[i].rate);
        set(&p, "train.epochs", ways[i].epochs);
        set(&p, "rbm.k", ways[i].k);
        nd_record r = run(&p);
        const double gap = -log(30) - r.value[ND_METRIC_test_log_likelihood];
        if (!(gap > 0 && gap < ways[i].gap)) fail_msg("%s: gap %g", ways[i].negative, gap);
        nd_record_free(&r);
    }
}

int main(void)
{
    nd_err err = {0};
    if (nd_kern_choose(&err) != ND_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_are_the_sums),
        cmocka_unit_test(evaluation_disturbs_nothing),
        cmocka_unit_test(evaluation_comes_with_tests),
        cmocka_unit_test(annealing_holds_the_exact_value),
        cmocka_unit_test(stacks_by_the_machine_that_learns),
        cmocka_unit_test(gaussian_free_energy),
        cmocka_unit_test(gaussian_units_have_what_applies),
        cmocka_unit_test(what_has_no_likelihood_is_refused),
        cmocka_unit_test(lasting_chains_reach_the_optimum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
