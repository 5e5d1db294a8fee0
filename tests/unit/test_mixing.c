/* test_mixing.c -- times of Gibbs chains against those that are known exactly, and their place
 * in a trial's record. */
#include "nudge/trial.h"

#include "trial/mixing_impl.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "set.h"

static nd_params params(const char *kind, const char *layers)
{
    nd_params p;
    nd_params_defaults(&p);
    set(&p, "data.name", "bars-and-stripes");
    set(&p, "data.side", "2");
    set(&p, "model.kind", kind);
    set(&p, "model.layers", layers);
    set(&p, "train.rates", "0.1");
    set(&p, "train.batch", "6");
    set(&p, "train.epochs", "3");
    set(&p, "rbm.mixing_chains", "8");
    set(&p, "rbm.mixing_sweeps", "20000");
    return p;
}

static double logistic(double x)
{
    return 1 / (1 + exp(-x));
}

static void put(nd_bank *b, size_t i, size_t j, double w)
{
    b->weight[nd_panel_at(b->k, i, j)] = (float)w;
}

/* A machine in which only pixel 0 and hidden unit 0 know each other. */
static void connect(nd_net *net, double a, double b, double w)
{
    for (size_t k = 0; k < net->n_banks; k++)
        memset(net->bank[k].weight, 0,
               nd_panels(net->bank[k].k, net->bank[k].n) * sizeof(float));
    put(&net->bank[0], 0, 0, w);
    put(&net->bank[1], 0, 0, a);
    put(&net->bank[2], 0, 0, b);
}

/* Pixel 0 is a chain of two states with second eigenvalue lambda (test_autocorrelation.c),
 * all that varies in F and in p(v | h): both times are (1 + lambda) / (2 (1 - lambda)). */
static void two_units_have_the_exact_time(void **state)
{
    (void)state;
    static const double machines[][3] = {{-1, -0.5, 2}, {-2, -3, 5}, {1, 1, -3}};
    const nd_params p = params("rbm", "[4, 3, 2]");
    nd_dataset d;
    nd_split split;
    nd_net net;
    nd_batches batches;
    nd_err err = {0};
    assert_int_equal(nd_dataset_open(&d, &p, &err), ND_OK);
    assert_int_equal(nd_dataset_split(&d, &p, &split, &err), ND_OK);
    const nd_shape shape = nd_dataset_shape(&d, &split);
    assert_int_equal(nd_net_new(&net, &p, shape, &err), ND_OK);
    assert_int_equal(nd_batches_new(&batches, &p, &split, shape, &err), ND_OK);
    assert_true(nd_mixing_wanted(&net));
    for (size_t k = 0; k < sizeof machines / sizeof *machines; k++) {
        const double a = machines[k][0], b = machines[k][1], w = machines[k][2];
        const double lambda =
            (logistic(a + w) - logistic(a)) * (logistic(b + w) - logistic(b));
        const double exact = (1 + lambda) / (2 * (1 - lambda));
        double value[ND_METRICS] = {0};
        connect(&net, a, b, w);
        assert_int_equal(nd_mixing_run(&net, &batches, 1, value, &err), ND_OK);
        const double tau[] = {value[ND_METRIC_tau_energy], value[ND_METRIC_tau_overlap]};
        const double ess[] = {value[ND_METRIC_ess_energy], value[ND_METRIC_ess_overlap]};
        /* Madras and Sokal: sqrt(2 (2 M + 1)/n) tau with M about 5 tau */
        const double error = sqrt(2 * (10 * exact + 3) / 160000) * exact;
        for (int i = 0; i < 2; i++) {
            if (!(fabs(tau[i] - exact) < 4 * error))
                fail_msg("%g, not %g +- %g", tau[i], exact, error);
            assert_true(fabs(ess[i] * 2 * tau[i] - 160000) < 1e-3);
        }
        assert_true(value[ND_METRIC_tau_resolved] == 1);
    }
    nd_batches_free(&batches);
    nd_net_free(&net);
    nd_dataset_close(&d);
}

static nd_record run(const nd_params *p)
{
    nd_dataset d;
    nd_record r;
    nd_err err = {0};
    if (nd_dataset_open(&d, p, &err) != ND_OK) fail_msg("%s", err.message);
    if (nd_trial_run(p, &d, NULL, &r, &err) != ND_OK) fail_msg("%s", err.message);
    nd_dataset_close(&d);
    return r;
}

static void trials_record_times(void **state)
{
    (void)state;
    static const char *const kinds[][2] = {
        {"rbm", "[4, 3, 2]"}, {"drbm", "[4, 3, 2]"}, {"dbn", "[4, 4, 3, 2]"}};
    for (int i = 0; i < 3; i++) {
        nd_params p = params(kinds[i][0], kinds[i][1]);
        set(&p, "rbm.mixing_sweeps", "500");
        nd_record a = run(&p), b = run(&p);
        char want[2 * sizeof a.isa];
        snprintf(want, sizeof want, "%s+fftw", nd_kern()->isa);
        assert_string_equal(a.isa, want);
        for (size_t e = 0; e < 3; e++) {
            assert_true(a.curve[ND_METRIC_tau_energy][e] > 0.3f);
            assert_true(a.curve[ND_METRIC_tau_overlap][e] > 0.3f);
        }
        assert_true(a.value[ND_METRIC_tau_overlap] == b.value[ND_METRIC_tau_overlap]);
        set(&p, "rbm.mixing_chains", "0");
        nd_record none = run(&p); /* measuring must not disturb training */
        assert_string_equal(none.isa, nd_kern()->isa);
        assert_true(none.value[ND_METRIC_test_error] == a.value[ND_METRIC_test_error]);
        assert_true(none.value[ND_METRIC_train_loss] == a.value[ND_METRIC_train_loss] ||
                    isnan(none.value[ND_METRIC_train_loss]));
        assert_true(isnan(none.value[ND_METRIC_tau_energy]));
        nd_record_free(&a), nd_record_free(&b), nd_record_free(&none);
    }
}

/* Chains that are too short say so. */
static void short_chains_are_bounds(void **state)
{
    (void)state;
    nd_params p = params("rbm", "[4, 3, 2]");
    set(&p, "rbm.mixing_sweeps", "2");
    nd_record r = run(&p);
    assert_true(r.value[ND_METRIC_tau_resolved] == 0);
    nd_record_free(&r);
}

int main(void)
{
    nd_err err = {0};
    if (nd_kern_choose(&err) != ND_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_units_have_the_exact_time),
        cmocka_unit_test(trials_record_times),
        cmocka_unit_test(short_chains_are_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
