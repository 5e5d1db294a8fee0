/* test_conformance.c -- every type of device in every synapse under every programming scheme
 * trains EP and a Boltzmann machine: the error falls, conductances stay in their range,
 * counters add up, and all vector units give the same record, stopped on the way or not. */
#include "nudge/trial.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "set.h"

static const char *const types[] = {
#define D(id, name, help, source) name,
#include "nudge/devices.def"
#undef D
};
static const char *const schemes[] = {
#define R(id, name, help, source) name,
#include "nudge/programs.def"
#undef R
};
#define C(id, name) name,
static const char *const synapses[] = {ND_CHOICES_SYNAPSE(C) "several pairs"};
#undef C
static const char *const models[] = {"ep-prototypical", "drbm"};
#define COUNT(a) (sizeof(a) / sizeof *(a))

/* Large: images that are learned in 100 updates; else few and small ones. 16 hidden units are
 * one panel. */
static nd_params trial_of(const char *model, const char *type, const char *synapse,
                          const char *scheme, bool large)
{
    /* the sum over 784 inputs of an EP network bears smaller steps only */
    const bool ep = !strcmp(model, models[0]);
    const char *width = !large ? "0.002" : ep ? "0.0006" : "0.008";
    const char *const settings[][2] = {
        {"train.batch", large ? "6" : "4"},
        {"train.rates", ep ? "0.15" : "1"},
        {"rbm.objective", "discriminative"},
        {"train.test_every", "0"},
        {"train.pinned_limit", "0"},
        {"ep.T", "10"},
        {"ep.K", "4"},
        {"ep.beta", "0.5"},
        {"device.c2c", "0.001"},
        {"device.d2d", "0.1"},
        {"device.wear", "yes"},
        {"device.gain", "2"},
        {"device.linear_up", "0.3"},
        {"device.nl_up", "1.5"},
        {"device.curve_up", "[1.2, 0.7]"},
        {"program.width", width},
        {"program.transfer_lines", "100"},
        {"program.rprop_factor", "0.6"},
        {"program.fast_rate", !strcmp(type, "ideal") ? "100"
                              : ep                   ? "3"
                                                     : "6"},
        {"data.name", large ? "synthetic" : "bars-and-stripes"},
        {"data.side", "3"},
        {"train.epochs", large ? "5" : "3"},
        {"data.train", large ? "120" : "0"},
        {"data.test", large ? "10" : "0"},
        {"model.layers", large ? "[784, 16, 10]" : "[9, 16, 2]"}};
    nd_params p;
    nd_params_defaults(&p);
    for (size_t i = 0; i < COUNT(settings); i++)
        set(&p, settings[i][0], settings[i][1]);
    set(&p, "model.kind", model);
    set(&p, "device.kind", type);
    const bool several = !strcmp(synapse, "several pairs");
    set(&p, "device.synapse", several ? "pair" : synapse);
    if (several) set(&p, "device.per_weight", "2");
    set(&p, "program.scheme", scheme);
    return p;
}

static double worn(const nd_bank *b)
{
    double wear = 0;
    for (size_t l = 0; l < 2 * b->pairs; l++)
        for (size_t c = 0; b->leg[l].x && c < nd_panels(b->k, b->n); c++) {
            assert_true(b->leg[l].x[c] >= 0.0f && b->leg[l].x[c] <= 1.0f);
            wear += (double)b->leg[l].wear[c];
        }
    return wear;
}

/* What the network looks like at the end. */
static void look(void *ctx, nd_net *net, const nd_batch *b)
{
    (void)ctx, (void)b;
    double wear = 0, sent = 0, refreshes = 0;
    for (size_t i = 0; i < net->n_banks; i++) {
        const nd_bank *bank = &net->bank[i];
        wear += worn(bank) + (bank->fast ? worn(bank->fast) : 0);
        sent += (double)(bank->pulses_up + bank->pulses_down);
        refreshes += (double)bank->refreshes;
        if (bank->fast) refreshes += (double)bank->fast->refreshes;
    }
    /* both devices of all pairs take a pulse; a refresh writes both */
    const double pairs = (double)net->p.device_per_weight;
    const double each = net->p.device_synapse == ND_SYNAPSE_PAIR ? 2 * pairs : 1;
    if (net->p.device_kind != ND_DEVICE_ideal)
        assert_true(wear == each * sent + 2 * refreshes);
}

static nd_record run(const nd_params *p, const nd_dataset *d, const nd_watch *watch)
{
    nd_record r;
    nd_err err = {0};
    if (nd_trial_run(p, d, watch, &r, &err) != ND_OK) fail_msg("%s", err.message);
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

static void learns(const nd_params *p, const nd_dataset *d, const char *what)
{
    const nd_watch watch = {.trained = look};
    nd_record r = run(p, d, &watch);
    const float *error = r.curve[ND_METRIC_train_error];
    const size_t last = (size_t)p->train_epochs - 1;
    const double first = (double)error[0], end = (double)error[last];
    assert_int_equal(r.status, ND_STATUS_DONE);
    if (!(end < first - 0.05 && end < 0.82)) /* chance is 0.9 */
        fail_msg("%s: error from %g to %g", what, first, end);
    if (p->device_kind != ND_DEVICE_ideal) {
        assert_true(r.value[ND_METRIC_pulses_up] > 0 && r.value[ND_METRIC_pulses_down] > 0);
        assert_true(r.value[ND_METRIC_wear_max] >= r.value[ND_METRIC_wear_p99]);
        assert_true(r.value[ND_METRIC_pulse_width] > 0);
    }
    nd_record_free(&r);
}

/* No synapse makes a difference to what is no device. */
static bool is_same_again(size_t type, size_t synapse)
{
    return !strcmp(types[type], "ideal") && synapse > 0;
}

/* Calls for all combinations that are not refused; returns how many there were. */
static size_t each(bool large,
                   void (*what)(const nd_params *p, const nd_dataset *d, const char *name))
{
    nd_dataset d;
    nd_err err = {0};
    nd_params p = trial_of(models[0], "ideal", "pair", "auto", large);
    size_t n = 0;
    if (nd_dataset_open(&d, &p, &err) != ND_OK) fail_msg("%s", err.message);
    for (size_t m = 0; m < COUNT(models); m++)
        for (size_t t = 0; t < COUNT(types); t++)
            for (size_t y = 0; y < COUNT(synapses); y++)
                for (size_t s = 1; s < COUNT(schemes); s++) { /* 0: auto, one of them */
                    char name[160];
                    snprintf(name, sizeof name, "%s, %s, %s, %s", models[m], types[t],
                             synapses[y], schemes[s]);
                    p = trial_of(models[m], types[t], synapses[y], schemes[s], large);
                    if (is_same_again(t, y) || nd_device_check(&p, &err) != ND_OK) continue;
                    what(&p, &d, name);
                    n++;
                }
    nd_dataset_close(&d);
    return n;
}

static void every_combination_learns(void **state)
{
    (void)state;
    const size_t all =
        COUNT(models) * COUNT(types) * COUNT(synapses) * (COUNT(schemes) - 1);
    const size_t n = each(true, learns);
    assert_true(n > all * 3 / 4);
}

/* Stops after so many mini-batches. */
static bool countdown(void *ctx)
{
    return --*(int *)ctx == 0;
}

/* Stopped three times, and each time gone on with from the checkpoint. */
static nd_record run_in_parts(const nd_params *p, const nd_dataset *d)
{
    static const int batches[] = {1, 4, 3, 1000}; /* of 12 */
    char path[64];
    nd_record r;
    nd_err err = {0};
    int left = 0;
    snprintf(path, sizeof path, "build/test-conformance-%ld", (long)getpid());
    for (size_t i = 0; i < COUNT(batches); i++) {
        left = batches[i];
        const nd_watch watch = {.ctx = &left, .stop = countdown, .checkpoint = path};
        const nd_code code = nd_trial_run(p, d, &watch, &r, &err);
        if (code != (left ? ND_OK : ND_ESTOPPED)) fail_msg("%s", err.message);
    }
    assert_int_equal(left, 1000 - 4); /* it did go on */
    unlink(path);
    return r;
}

static void assert_same(const nd_record *want, nd_record *r, const char *what,
                        const char *how)
{
    nd_text why = {0};
    if (!nd_record_same(want, r, &why))
        fail_msg("%s, %s: %s", what, how, nd_text_str(&why));
    nd_record_free(r);
}

/* A record of few epochs on every vector unit and in parts, with all imperfections at once.
 */
static void same_everywhere(const nd_params *given, const nd_dataset *d, const char *what)
{
    static const char *const settings[][2] = {
        {"device.drift", "0.01"},        {"device.write_noise", "0.01"},
        {"device.stuck_random", "0.05"}, {"device.d2d_bounds", "0.05"},
        {"device.endurance", "12"},      {"device.levels", "4000"},
        {"device.lifetime", "10000"},    {"device.refresh_high", "0.1"},
        {"device.refresh_low", "0.02"},  {"device.refresh_sd", "0.01"},
        {"read.weight_bits", "10"},      {"device.per_weight", "2"},
        {"device.turns", "in-turn"},     {"read.dac_bits", "7"},
        {"read.adc_bits", "9"}};
    nd_params p = *given;
    for (size_t i = 0; i < COUNT(settings); i++)
        set(&p, settings[i][0], settings[i][1]);
    pin("scalar");
    nd_record want = run(&p, d, NULL);
    bool usable;
    const nd_kernels *k;
    for (size_t i = 1; (k = nd_kern_isa(i, &usable)); i++) {
        if (!usable) continue;
        pin(k->isa);
        nd_record r = run(&p, d, NULL);
        assert_same(&want, &r, what, k->isa);
    }
    nd_record r = run_in_parts(&p, d); /* on the last of them */
    assert_same(&want, &r, what, "in parts");
    nd_record_free(&want);
}

static void every_isa_and_any_stop_give_the_same_record(void **state)
{
    (void)state;
    assert_true(each(false, same_everywhere) > 0);
    pin(NULL);
}

/* Counting the pulses of every device takes the general kernel, and changes nothing. */
static void general_and_plain_pairs_train_the_same(void **state)
{
    (void)state;
    nd_dataset d;
    nd_err err = {0};
    for (size_t m = 0; m < COUNT(models); m++) {
        nd_params p = trial_of(models[m], "ernoult", "pair", "cst", true), q = p;
        assert_int_equal(nd_dataset_open(&d, &p, &err), ND_OK);
        set(&q, "device.wear", "no");
        nd_record general = run(&p, &d, NULL), plain = run(&q, &d, NULL);
        for (int e = 0; e < 3; e++)
            assert_true(general.curve[ND_METRIC_train_loss][e] ==
                            plain.curve[ND_METRIC_train_loss][e] ||
                        isnan((double)plain.curve[ND_METRIC_train_loss][e]));
        assert_true(general.value[ND_METRIC_train_error] ==
                    plain.value[ND_METRIC_train_error]);
        nd_record_free(&general), nd_record_free(&plain);
        nd_dataset_close(&d);
    }
}

/* Ideal or not, what stands in a crossbar learns through converters of 12 bits about as well
 * as without, and through 2 bits hardly anything. */
static void converters_cost_what_they_lose(void **state)
{
    (void)state;
    static const char *const bits[] = {"0", "12", "2"};
    static const char *const generative[] = {"rbm.objective", "joint", "train.rates", "0.1",
                                             "train.epochs",  "10",    NULL};
    for (size_t i = 0; i < 2 * COUNT(models); i++) {
        nd_dataset d;
        nd_err err = {0};
        const char *type = i % 2 ? "ernoult" : "ideal";
        nd_params p = trial_of(models[i / 2], type, "pair", "auto", true);
        double error[COUNT(bits)];
        if (i / 2) set_all(&p, generative);
        assert_int_equal(nd_dataset_open(&d, &p, &err), ND_OK);
        for (size_t b = 0; b < COUNT(bits); b++) {
            set(&p, "read.dac_bits", bits[b]);
            set(&p, "read.adc_bits", bits[b]);
            nd_record r = run(&p, &d, NULL);
            error[b] = r.value[ND_METRIC_train_error];
            nd_record_free(&r);
        }
        assert_true(error[0] < 0.6 && fabs(error[1] - error[0]) < 0.06);
        assert_true(error[2] > 0.8);
        nd_dataset_close(&d);
    }
}

int main(void)
{
    pin(NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination_learns),
        cmocka_unit_test(every_isa_and_any_stop_give_the_same_record),
        cmocka_unit_test(general_and_plain_pairs_train_the_same),
        cmocka_unit_test(converters_cost_what_they_lose),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
