/* test_trial.c -- a training run is a function of its parameters, on every ISA. */
#include "nudge/clock.h"
#include "nudge/need.h"
#include "nudge/trial.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "set.h"

static nd_params small(void)
{
    nd_params p;
    nd_params_defaults(&p);
    set(&p, "data.name", "synthetic");
    set(&p, "data.train", "300");
    set(&p, "data.validation", "100");
    set(&p, "data.test", "150");
    set(&p, "model.layers", "[784, 20, 10]");
    set(&p, "train.epochs", "2");
    set(&p, "train.batch", "7"); /* with a short last mini-batch */
    set(&p, "ep.T", "10");
    set(&p, "ep.K", "5");
    return p;
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

static void pin(const char *isa)
{
    nd_err err = {0};
    if (isa)
        setenv("NUDGE_ISA", isa, 1);
    else
        unsetenv("NUDGE_ISA");
    assert_int_equal(nd_kern_choose(&err), ND_OK);
}

static nd_params memristive(void)
{
    nd_params p = small();
    set(&p, "device.kind", "ernoult");
    set(&p, "device.c2c", "0.01");
    set(&p, "device.d2d", "0.3");
    set(&p, "ep.nudge", "symmetric");
    return p;
}

/* The same bits from scalar, AVX2 and AVX-512, for ideal and for noisy weights. */
static void every_isa_gives_the_same_record(void **state)
{
    (void)state;
    for (int noisy = 0; noisy < 2; noisy++) {
        const nd_params p = noisy ? memristive() : small();
        pin("scalar");
        nd_record want = run(&p);
        bool usable;
        const nd_kernels *k;
        for (size_t i = 1; (k = nd_kern_isa(i, &usable)); i++) {
            if (!usable) continue;
            pin(k->isa);
            nd_record r = run(&p);
            nd_text why = {0};
            if (!nd_record_same(&want, &r, &why))
                fail_msg("%s: %s", k->isa, nd_text_str(&why));
            assert_string_equal(r.isa, k->isa);
            nd_record_free(&r);
        }
        nd_record_free(&want);
    }
    pin(NULL);
}

static void seeds_do_what_they_say(void **state)
{
    (void)state;
    const nd_params p = memristive();
    nd_params train = p, device = p;
    set(&train, "train.seed", "2");
    set(&device, "device.seed", "2");
    nd_record a = run(&p), same = run(&p), b = run(&train), c = run(&device);
    assert_true(nd_record_same(&a, &same, NULL));
    assert_false(nd_record_same(&a, &b, NULL));
    assert_false(nd_record_same(&a, &c, NULL));
    nd_record_free(&a), nd_record_free(&same), nd_record_free(&b), nd_record_free(&c);
}

static void training_learns(void **state)
{
    (void)state;
    nd_params p = small();
    set(&p, "data.train", "1500");
    set(&p, "train.batch", "20");
    set(&p, "train.epochs", "0");
    nd_record before = run(&p);
    set(&p, "train.epochs", "4");
    nd_record after = run(&p);
    assert_int_equal(before.status, ND_STATUS_DONE);
    assert_true(before.value[ND_METRIC_test_error] > 0.6);
    assert_true(after.value[ND_METRIC_test_error] < before.value[ND_METRIC_test_error] / 2);
    assert_true(after.value[ND_METRIC_epochs] == 4);
    assert_int_equal(after.epochs, 4);
    const float *curve = after.curve[ND_METRIC_train_error];
    assert_true(curve[3] < curve[0]);
    assert_true((double)curve[3] == (double)(float)after.value[ND_METRIC_train_error]);
    assert_true(isnan(after.value[ND_METRIC_pulses_up])); /* ideal weights have no pulses */
    nd_record_free(&before), nd_record_free(&after);
}

static void tests_come_when_asked_for(void **state)
{
    (void)state;
    nd_params p = small();
    set(&p, "train.epochs", "5");
    set(&p, "train.test_every", "2");
    nd_record r = run(&p);
    static const bool tested[] = {false, true, false, true, true};
    for (int e = 0; e < 5; e++) {
        assert_true(!isnan(r.curve[ND_METRIC_test_error][e]) == tested[e]);
        assert_true(!isnan(r.curve[ND_METRIC_validation_error][e]) == tested[e]);
        assert_true(!isnan(r.curve[ND_METRIC_train_error][e]));
    }
    nd_record all = run(&p);
    set(&p, "train.test_every", "0"); /* evaluation must not disturb training */
    nd_record last = run(&p);
    assert_true(all.value[ND_METRIC_test_error] == last.value[ND_METRIC_test_error]);
    nd_record_free(&r), nd_record_free(&all), nd_record_free(&last);
}

/* Test images may be scored while the last mini-batches are learned: nothing else changes. */
static void tests_can_be_spread(void **state)
{
    (void)state;
    nd_params p = small();
    set(&p, "train.test_every", "2");
    set(&p, "train.epochs", "3");
    nd_record after = run(&p);
    set(&p, "train.test_spread", "7");
    nd_record spread = run(&p);
    assert_true(spread.value[ND_METRIC_train_loss] == after.value[ND_METRIC_train_loss]);
    assert_true(spread.value[ND_METRIC_free_steps] == after.value[ND_METRIC_free_steps]);
    assert_true(spread.value[ND_METRIC_validation_error] ==
                after.value[ND_METRIC_validation_error]);
    assert_true(isnan(spread.curve[ND_METRIC_test_error][0]));
    const double error = spread.value[ND_METRIC_test_error];
    assert_true(error > 0 && error != after.value[ND_METRIC_test_error]);
    assert_true(fabs(error * 150 - round(error * 150)) < 1e-9); /* of all images, once */
    nd_record_free(&spread);
    set(&p, "train.test_spread", "1"); /* after the last mini-batch: after the epoch */
    spread = run(&p);
    assert_true(spread.value[ND_METRIC_test_error] == after.value[ND_METRIC_test_error]);
    nd_record_free(&spread);
    nd_record_free(&after);
    set(&p, "train.epochs", "1"); /* most of it is not yet learned at first */
    after = run(&p);
    set(&p, "train.test_spread", "1000000"); /* all mini-batches that there are */
    spread = run(&p);
    assert_true(spread.value[ND_METRIC_test_error] > after.value[ND_METRIC_test_error]);
    nd_record_free(&spread), nd_record_free(&after);
}

static void divergence_is_a_record(void **state)
{
    (void)state;
    nd_params p = small();
    set(&p, "model.activation", "identity");
    set(&p, "train.rates", "1000");
    nd_record r = run(&p);
    assert_int_equal(r.status, ND_STATUS_DIVERGED);
    assert_non_null(strstr(r.reason, "train.rates"));
    assert_true(r.value[ND_METRIC_epochs] < 2);
    nd_record_free(&r);
    p = small();
    set(&p, "check.fault", "nan");
    set(&p, "check.fault_epoch", "2");
    r = run(&p);
    assert_int_equal(r.status, ND_STATUS_DIVERGED);
    assert_true(r.value[ND_METRIC_epochs] == 1);
    assert_true(!isnan(r.curve[ND_METRIC_train_error][0]));
    assert_true(isnan(r.curve[ND_METRIC_train_error][1]));
    nd_record_free(&r);
}

/* Far too large steps drive every state to a bound, where nothing is learned any more. */
static void pinned_states_are_a_divergence(void **state)
{
    (void)state;
    static const char *const kinds[] = {"ep-prototypical", "ep-energy"};
    nd_params p = small();
    nd_record r;
    for (int k = 0; k < 2; k++) {
        set(&p, "model.kind", kinds[k]);
        r = run(&p);
        for (int e = 0; e < 2; e++) {
            const float pinned = r.curve[ND_METRIC_pinned][e];
            assert_true(pinned >= 0 && pinned < 1);
        }
        nd_record_free(&r);
    }

    p = small();
    set(&p, "model.activation", "hard-sigmoid");
    set(&p, "train.rates", "1e6");
    r = run(&p);
    assert_int_equal(r.status, ND_STATUS_DIVERGED);
    assert_non_null(strstr(r.reason, "100 % of the states were pinned"));
    assert_non_null(strstr(r.reason, "epoch 1"));
    assert_true(r.value[ND_METRIC_pinned] == 1 && r.value[ND_METRIC_epochs] == 0);
    nd_record_free(&r);
    set(&p, "train.pinned_limit", "0");
    r = run(&p);
    assert_int_equal(r.status, ND_STATUS_DONE);
    assert_true((double)r.curve[ND_METRIC_pinned][1] == 1);
    nd_record_free(&r);

    p = small(); /* a limit below what is usual */
    set(&p, "model.activation", "hard-sigmoid");
    set(&p, "train.pinned_limit", "0.001");
    r = run(&p);
    assert_int_equal(r.status, ND_STATUS_DIVERGED);
    assert_non_null(strstr(r.reason, "train.pinned_limit is 0.001"));
    nd_record_free(&r);
}

static void pulses_are_counted(void **state)
{
    (void)state;
    nd_params p = memristive();
    nd_record r = run(&p);
    const float *up = r.curve[ND_METRIC_pulses_up];
    assert_true(up[0] > 0 && up[1] > up[0]);
    /* no more than a pulse for each weight and mini-batch: 43 + 43 of 784*20 + 20*10 + 30
     */
    assert_true(r.value[ND_METRIC_pulses_up] + r.value[ND_METRIC_pulses_down] <=
                86.0 * (784 * 20 + 200 + 30));
    assert_true(r.value[ND_METRIC_saturated] >= 0 && r.value[ND_METRIC_saturated] <= 1);
    nd_record_free(&r);
}

/* Matrix by matrix they add up, and so do the quantiles of wear. */
static void pulses_are_counted_by_layer(void **state)
{
    (void)state;
    nd_params p = memristive();
    set(&p, "model.layers", "[784, 20, 15, 10]");
    set(&p, "train.rates", "0.05");
    set(&p, "device.biases", "ideal");
    set(&p, "device.wear", "yes");
    nd_record r = run(&p);
    const double *v = r.value;
    assert_true(v[ND_METRIC_pulses_up_1] > 0 && v[ND_METRIC_pulses_down_3] > 0);
    assert_true(v[ND_METRIC_pulses_up_1] <= 10 * 15 * 86); /* updates */
    assert_true(v[ND_METRIC_pulses_up_1] + v[ND_METRIC_pulses_up_2] +
                    v[ND_METRIC_pulses_up_3] ==
                v[ND_METRIC_pulses_up]);
    assert_true(v[ND_METRIC_pulses_down_1] + v[ND_METRIC_pulses_down_2] +
                    v[ND_METRIC_pulses_down_3] ==
                v[ND_METRIC_pulses_down]);
    assert_true(isnan(v[ND_METRIC_pulses_up_4]) && isnan(v[ND_METRIC_pulses_down_4]));
    static const nd_metric_id rising[] = {
        ND_METRIC_wear_p01, ND_METRIC_wear_p10, ND_METRIC_wear_p25, ND_METRIC_wear_median,
        ND_METRIC_wear_p75, ND_METRIC_wear_p90, ND_METRIC_wear_p99, ND_METRIC_wear_max};
    for (size_t i = 0; i + 1 < sizeof rising / sizeof *rising; i++)
        assert_true(v[rising[i]] <= v[rising[i + 1]]);
    assert_true(v[ND_METRIC_wear_p10] < v[ND_METRIC_wear_p90]);
    nd_record_free(&r);
}

/* What came out of FFTW is not the same on all machines: the record says so. */
static void fftw_is_on_record(void **state)
{
    (void)state;
    nd_params p = small();
    set(&p, "model.kind", "ep-conv");
    set(&p, "model.stack", "conv 2 5x5, max 4, fc 10");
    nd_record direct = run(&p);
    set(&p, "model.convolution", "fft");
    nd_record fft = run(&p);
    char want[2 * sizeof fft.isa];
    snprintf(want, sizeof want, "%s+fftw", direct.isa);
    assert_string_equal(direct.isa, nd_kern()->isa);
    assert_string_equal(fft.isa, want);
    assert_false(nd_key_same(direct.key, fft.key));
    nd_record_free(&direct);
    nd_record_free(&fft);
}

static void unfit_data_is_refused(void **state)
{
    (void)state;
    nd_params p = small();
    nd_dataset d;
    nd_record r;
    nd_err err = {0};
    set(&p, "model.layers", "[100, 10]");
    assert_int_equal(nd_dataset_open(&d, &p, &err), ND_OK);
    assert_int_equal(nd_trial_run(&p, &d, NULL, &r, &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "784"));
    p = small();
    set(&p, "data.train", "1000000");
    assert_int_equal(nd_trial_run(&p, &d, NULL, &r, &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "1000000"));
    nd_dataset_close(&d);
}

static void estimates_are_of_the_right_size(void **state)
{
    (void)state;
    nd_params p = small();
    set(&p, "data.train", "1500");
    set(&p, "train.epochs", "3");
    double estimate;
    nd_err err = {0};
    const nd_shape shape = {
        .features = 784, .classes = 10, .rows = 28, .cols = 28, .channels = 1};
    assert_int_equal(nd_trial_estimate(&p, shape, 1500, 250, 0.05, &estimate, &err), ND_OK);
    nd_record r = run(&p);
    /* wide bounds: this is no timing test, but a factor of ten would be a bug */
    assert_true(estimate > r.seconds / 10 && estimate < r.seconds * 10);
    nd_record_free(&r);
}

/* Another value of a number or a choice; false where there is none to think of. */
static bool changed(nd_params *p, const nd_param *row)
{
    char text[64];
    double x;
    nd_err err = {0};
    if (row->type == ND_TYPE_CHOICE)
        for (size_t i = 0; row->choices[i]; i++) {
            if (strcmp(row->choices[i], row->fallback) == 0) continue;
            return nd_param_set(p, row, row->choices[i], &err) == ND_OK;
        }
    if (!nd_param_number(p, row, &x)) return false;
    const double other = row->type == ND_TYPE_INT ? x + 1 : x * 1.5 + 0.01;
    snprintf(text, sizeof text, "%.9g", other <= row->hi ? other : row->lo);
    return nd_param_set(p, row, text, &err) == ND_OK;
}

/* Every parameter whose need is not met, in networks of all kinds. */
static void unmet_needs_mean_no_effect(void **state)
{
    (void)state;
    static const char *const kinds[][8] = {
        {"model.kind", "ep-prototypical", NULL},
        {"model.kind", "ep-energy", "device.kind", "soft-bounds", NULL},
        {"model.kind", "ep-prototypical", "device.kind", "ernoult", "device.c2c", "0.01",
         NULL},
        {"model.kind", "drbm", "device.kind", "ernoult", "program.scheme", "rprop", NULL},
        {"model.kind", "rbm", NULL},
        {"model.kind", "ep-conv", "model.stack", "conv 2 5x5, max 4, fc 10", NULL}};
    nd_params few = small();
    set(&few, "data.train", "42"), set(&few, "data.validation", "0");
    set(&few, "data.test", "20"), set(&few, "train.epochs", "1");
    nd_dataset d;
    nd_err err = {0};
    assert_int_equal(nd_dataset_open(&d, &few, &err), ND_OK);
    size_t looked_at = 0;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        nd_params base = few;
        nd_record want, r;
        set(&base, "train.rates", "0.05");
        set_all(&base, kinds[k]);
        if (nd_trial_run(&base, &d, NULL, &want, &err) != ND_OK)
            fail_msg("%s", err.message);
        for (size_t i = 0; i < nd_param_count(); i++) {
            const nd_param *row = nd_param_at(i);
            const nd_need *need = nd_need_of(row);
            nd_params p = base;
            if (!need || nd_need_met(need, &base) || !changed(&p, row)) continue;
            if (nd_trial_run(&p, &d, NULL, &r, &err) != ND_OK) continue; /* refused */
            nd_text why = {0};
            if (!nd_record_same(&want, &r, &why))
                fail_msg("%s with %s: %s", row->name, kinds[k][1], nd_text_str(&why));
            nd_record_free(&r);
            looked_at++;
        }
        nd_record_free(&want);
    }
    assert_true(looked_at > 200);
    nd_dataset_close(&d);
}

/* A mini-batch of long phases is timed by a part of them: this one would take minutes. */
static void estimates_of_long_phases_are_quick(void **state)
{
    (void)state;
    nd_params p = small();
    set(&p, "model.layers", "[784, 512, 512, 10]");
    set(&p, "train.rates", "[0.005, 0.05, 0.2]");
    set(&p, "ep.T", "1000000");
    double estimate;
    nd_err err = {0};
    const nd_shape shape = {
        .features = 784, .classes = 10, .rows = 28, .cols = 28, .channels = 1};
    const double start = nd_worked();
    assert_int_equal(nd_trial_estimate(&p, shape, 300, 0, 0.05, &estimate, &err), ND_OK);
    const double took = nd_worked() - start, a_batch = estimate * 7 / 600;
    assert_true(took * 4 < a_batch);
}

int main(void)
{
    nd_err err = {0};
    if (nd_kern_choose(&err) != ND_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_isa_gives_the_same_record),
        cmocka_unit_test(seeds_do_what_they_say),
        cmocka_unit_test(estimates_of_long_phases_are_quick),
        cmocka_unit_test(unmet_needs_mean_no_effect),
        cmocka_unit_test(training_learns),
        cmocka_unit_test(tests_come_when_asked_for),
        cmocka_unit_test(tests_can_be_spread),
        cmocka_unit_test(divergence_is_a_record),
        cmocka_unit_test(pinned_states_are_a_divergence),
        cmocka_unit_test(pulses_are_counted),
        cmocka_unit_test(pulses_are_counted_by_layer),
        cmocka_unit_test(fftw_is_on_record),
        cmocka_unit_test(unfit_data_is_refused),
        cmocka_unit_test(estimates_are_of_the_right_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
