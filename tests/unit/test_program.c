/* test_program.c -- programming schemes on devices: what they send, what the weights do. */
#include "nudge/device.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bank_fixture.h"

static void end(fixture *f)
{
    nd_arena_free(&f->arena);
}

static nd_at moment(uint32_t t)
{
    return (nd_at){.seed = 1, .stream = ND_STREAM_CYCLE, .batch = t};
}

static void program(fixture *f, uint32_t t)
{
    nd_bank_program(&f->bank, f->wanted, f->scratch, moment(t));
}

static void uniform(float *x, size_t n, uint32_t t, float lo, float hi)
{
    nd_kern()->uniforms((nd_at){.seed = 3, .stream = 99, .batch = t}, n, lo, hi, x);
}

/* ---- RProp ---- */

/* A bank under RProp does as one whose pulses are worked out here, weight by weight, from
 * the published rules. */
static void rprop_by_hand(void **state)
{
    (void)state;
    static const char *const schemes[] = {"rprop", "irprop-plus", "irprop-minus"};
    enum { K = 5, N = 21, STEPS = 60 };
    for (int s = 0; s < 3; s++) {
        fixture f = {0}, g = {0};
        SETTINGS(&f, "device.kind", "ernoult", "program.scheme", schemes[s],
                 "program.width", "0.01", "program.rprop_factor", "0.8",
                 "program.rprop_growth", s == 1 ? "1.3" : "0", "program.width_min",
                 s == 1 ? "0.007" : "0", "program.width_max", s == 2 ? "0.03" : "0");
        SETTINGS(&g, "device.kind", "ernoult");
        start(&f, K, N);
        start(&g, K, N);
        double width[K * 32], before[K * 32] = {0}, loss = (double)NAN;
        const double up = s == 1 ? 1.3 : 1.25, least = s == 1 ? 0.007 : 0,
                     most = s == 2 ? 0.03 : 0.01;
        for (size_t i = 0; i < f.cells; i++)
            width[i] = 0.01;
        for (uint32_t t = 0; t < STEPS; t++) {
            uniform(f.wanted, f.cells, t, -1, 1.2f);
            for (size_t i = 0; i < f.cells; i++)
                if (fabsf(f.wanted[i]) < 0.1f) f.wanted[i] = 0;
            const double now = fabs(sin((double)t * t));
            const bool undo = s == 0 || (s == 1 && now > loss);
            f.bank.loss = loss = now;
            for (size_t i = 0; i < f.cells; i++) {
                const double sign = (f.wanted[i] > 0) - (f.wanted[i] < 0);
                double pulse = sign * width[i];
                if (sign * before[i] > 0) {
                    width[i] = fmin(width[i] * up, most);
                    pulse = sign * width[i];
                } else if (sign * before[i] < 0) {
                    pulse = undo ? -before[i] * width[i] : 0;
                    width[i] = fmax(width[i] * 0.8, least);
                }
                before[i] = sign * before[i] < 0 ? 0 : sign;
                g.scratch[i] = (float)pulse;
            }
            program(&f, t);
            (void)nd_bank_pulse(&g.bank, g.scratch, moment(t));
            for (size_t i = 0; i < f.cells; i++)
                assert_true(fabsf(f.bank.weight[i] - g.bank.weight[i]) < 1e-4f);
        }
        assert_int_equal(f.bank.pulses_up, g.bank.pulses_up);
        assert_int_equal(f.bank.pulses_down, g.bank.pulses_down);
        end(&f);
        end(&g);
    }
}

/* ---- accumulation ---- */

/* On linear devices the weight follows the sum of what was wanted, to half a pulse; and few
 * pulses are sent. */
static void accumulation_follows_the_sum(void **state)
{
    (void)state;
    enum { K = 8, N = 20, STEPS = 500 };
    fixture f = {0};
    SETTINGS(&f, "device.kind", "constant-step", "device.init_sd", "0", "program.scheme",
             "accumulate", "program.width", "0.002");
    start(&f, K, N);
    const double step = 2 * 12.0 / 13 * 0.002;
    double sum[K * 32] = {0};
    for (uint32_t t = 0; t < STEPS; t++) {
        uniform(f.wanted, f.cells, t, -4e-4f, 5e-4f);
        for (size_t i = 0; i < f.cells; i++)
            sum[i] += (double)f.wanted[i];
        program(&f, t);
        for (size_t i = 0; i < f.cells; i++) {
            if (i / ND_LANES >= K && i % ND_LANES >= N - 16) continue; /* padding */
            assert_true(fabs((double)f.bank.weight[i] - sum[i]) < step / 2 + 1e-5);
        }
    }
    const uint64_t sent = f.bank.pulses_up + f.bank.pulses_down;
    assert_true(sent > K * N && sent < (uint64_t)K * N * STEPS / 10);
    end(&f);
}

static void thresholds_are_kept(void **state)
{
    (void)state;
    fixture f = {0};
    SETTINGS(&f, "device.kind", "constant-step", "program.scheme", "accumulate",
             "program.width", "0.002", "program.threshold", "0.25");
    start(&f, 1, 3);
    for (uint32_t t = 0; t < 8; t++) {
        f.wanted[0] = 0.0625f, f.wanted[1] = -0.0625f;
        program(&f, t);
    }
    /* chi passes 1/8 at 3/16 and again a quarter later: twice in half of the way */
    assert_int_equal(f.bank.pulses_up, 2);
    assert_int_equal(f.bank.pulses_down, 2);
    end(&f);
}

/* ---- trains ---- */

/* The mean change is the wanted one, its variance that of a binomial count. */
static void trains_change_weights_as_wanted_on_average(void **state)
{
    (void)state;
    enum { K = 256, N = 256 };
    static const float wanted[] = {0.001f, -0.004f, 0.01f};
    for (int w = 0; w < 3; w++) {
        fixture f = {0};
        SETTINGS(&f, "device.kind", "constant-step", "device.init_sd", "0",
                 "program.scheme", "stochastic", "program.train_length", "10",
                 "program.width", "0.001");
        start(&f, K, N);
        for (size_t i = 0; i < f.cells; i++)
            f.wanted[i] = wanted[w];
        program(&f, 1);
        double mean = 0, square = 0;
        for (size_t i = 0; i < f.cells; i++) {
            const double d = (double)f.bank.weight[i];
            mean += d / K / N, square += d * d / K / N;
        }
        const double step = 2 * 12.0 / 13 * 0.001;
        const double p = fabs((double)wanted[w]) / (10 * step);
        const double variance = 10 * p * (1 - p) * step * step;
        assert_true(fabs(mean - (double)wanted[w]) < 4.5 * sqrt(variance / K / N));
        assert_true(fabs((square - mean * mean) / variance - 1) < 0.03);
        end(&f);
    }
}

/* ---- write and verify ---- */

/* Any device gets to where it is wanted, within its range. */
static void verified_weights_are_where_they_should_be(void **state)
{
    (void)state;
    static const char *const kinds[] = {"ernoult", "neurosim", "soft-bounds", "pow-step",
                                        "ideal"};
    static const char *const synapses[] = {"pair", "single"};
    enum { K = 16, N = 30 };
    for (int d = 0; d < 5; d++)
        for (int s = 0; s < 2; s++) {
            fixture f = {0};
            SETTINGS(&f, "device.kind", kinds[d], "device.synapse", synapses[s],
                     "device.beta", "3", "device.d2d", "0.3", "device.init_sd", "0.02",
                     "program.scheme", "write-verify", "program.tolerance", "0.005",
                     "program.tries", "40");
            start(&f, K, N);
            float target[K * 32];
            uniform(f.wanted, f.cells, 1, -0.25f, 0.25f);
            for (size_t i = 0; i < f.cells; i++)
                target[i] = f.bank.weight[i] + f.wanted[i];
            program(&f, 1);
            for (size_t i = 0; i < f.cells; i++) {
                if (i / ND_LANES >= K && i % ND_LANES >= N - 16) continue;
                const double off = (double)(f.bank.weight[i] - target[i]);
                if (fabs(off) > 0.005 * 12 / 13 + 1e-6)
                    fail_msg("%s, %s: weight %zu is off by %g", kinds[d], synapses[s], i,
                             off);
            }
            const uint64_t sent = f.bank.pulses_up + f.bank.pulses_down;
            assert_true(d == 4 ? sent == 0 : sent >= K * N && sent < K * N * 20);
            end(&f);
        }
}

/* Changes smaller than the tolerance add up. */
static void small_changes_are_not_lost(void **state)
{
    (void)state;
    fixture f = {0};
    SETTINGS(&f, "device.kind", "ernoult", "device.init_sd", "0", "program.scheme",
             "write-verify");
    start(&f, 2, 16);
    for (uint32_t t = 0; t < 200; t++) {
        for (size_t i = 0; i < f.cells; i++)
            f.wanted[i] = i % 2 ? 1e-3f : -1e-3f;
        program(&f, t);
    }
    for (size_t i = 0; i < f.cells; i++)
        assert_true(fabsf(f.bank.weight[i] - (i % 2 ? 0.2f : -0.2f)) < 0.0095f);
    end(&f);
}

/* What cannot be reached is given up. */
static void verifying_ends(void **state)
{
    (void)state;
    fixture f = {0};
    SETTINGS(&f, "device.kind", "ernoult", "program.scheme", "write-verify",
             "program.tries", "7");
    start(&f, 1, 16);
    for (int i = 0; i < 16; i++)
        f.wanted[i] = 5;
    program(&f, 1);
    assert_int_equal(f.bank.pulses_up, 7 * 16);
    /* and forgotten: the way back starts at once */
    const float highest = f.bank.weight[0];
    for (int i = 0; i < 16; i++)
        f.wanted[i] = -0.5f;
    program(&f, 2);
    assert_true(fabsf(f.bank.weight[0] - (highest - 0.5f)) < 0.03f);
    end(&f);
}

/* ---- symmetry ---- */

/* Single soft-bounds devices of unlike steps up and down: calibration finds each device's own
 * balance, (up - down)/(up + down) of half the range from its middle, and first weights stay as they were
 * drawn. Alternating pulses leave a weight where it is afterwards. */
static void zero_shift_finds_the_balance(void **state)
{
    (void)state;
    enum { K = 12, N = 25 };
    fixture f = {0}, plain = {0};
    SETTINGS(&f, "device.kind", "soft-bounds", "device.synapse", "single", "device.d2d",
             "0.2", "device.asymmetry", "0.1", "device.init_sd", "0.05",
             "device.zero_shift", "3000", "program.width", "0.005");
    plain.p = f.p;
    set(&plain.p, "device.zero_shift", "0");
    start(&f, K, N);
    start(&plain, K, N);
    for (size_t i = 0; i < f.cells; i++) {
        if (i / ND_LANES >= K && i % ND_LANES >= N - 16) continue;
        const nd_leg *leg = &plain.bank.leg[0];
        const double up = 1.1 * (double)leg->up[i], down = 0.9 * (double)leg->down[i];
        /* steps 2 up (1 - x) and 2 down x */
        const double balance = up / (up + down) - 0.5;
        assert_true(fabs((double)f.bank.zero[i] - balance) < 0.006);
        assert_true(fabsf(f.bank.weight[i] - plain.bank.weight[i]) < 1e-5f);
    }
    for (uint32_t t = 0; t < 2000; t++) {
        for (size_t i = 0; i < f.cells; i++)
            f.scratch[i] = t % 2 ? -0.005f : 0.005f;
        (void)nd_bank_pulse(&f.bank, f.scratch, moment(t));
    }
    for (size_t i = 0; i < f.cells; i++)
        if (i / ND_LANES < K || i % ND_LANES < N - 16)
            assert_true(fabsf(f.bank.weight[i]) < 0.006f);
    end(&f);
    end(&plain);
}

/* Descends 1/2 (w - target)^2 on asymmetric devices under gradients full of noise; returns
 * the root of the mean square distance of the weights, averaged over the last steps. */
static double distance(const char *scheme, const char *shift, double *scale)
{
    enum { K = 4, N = 64, STEPS = 24000, LAST = 4000 };
    fixture f = {0};
    SETTINGS(&f, "device.kind", "soft-bounds", "device.synapse", "single", "device.d2d",
             "0.2", "device.asymmetry", "0.2", "device.init_sd", "0", "program.scheme",
             scheme, "device.zero_shift", shift, "program.width", "0.002",
             "program.train_length", "10", "program.transfer_rate", "0.25",
             "program.fast_rate", "1");
    start(&f, K, N);
    float target[K * N], mean[K * N] = {0};
    uniform(target, K * N, 1, -0.2f, 0.2f);
    for (uint32_t t = 0; t < STEPS; t++) {
        nd_kern()->normals((nd_at){.seed = 4, .stream = 98, .batch = t}, K * N, 0, 0.3f,
                           f.wanted);
        for (size_t i = 0; i < K * N; i++)
            f.wanted[i] = 0.01f * (f.wanted[i] + target[i] - f.bank.weight[i]);
        program(&f, t);
        for (size_t i = 0; t >= STEPS - LAST && i < K * N; i++)
            mean[i] += f.bank.weight[i] / LAST;
    }
    double sum = 0;
    *scale = 0;
    for (size_t i = 0; i < K * N; i++) {
        const double off = (double)(mean[i] - target[i]);
        sum += off * off / (K * N);
        *scale += (double)target[i] * (double)target[i] / (K * N);
    }
    *scale = sqrt(*scale);
    end(&f);
    return sqrt(sum);
}

/* Noise draws weights to the symmetry point, away from the minimum, where pulses are all
 * there is; Tiki-Taka finds it, from a calibrated zero. */
static void tiki_taka_finds_the_minimum(void **state)
{
    (void)state;
    double scale;
    assert_true(distance("stochastic", "0", &scale) > 0.4 * scale);
    assert_true(distance("stochastic", "4000", &scale) > 0.3 * scale);
    const double v1 = distance("tiki-taka", "4000", &scale),
                 v2 = distance("tiki-taka-2", "4000", &scale);
    if (v1 > 0.1 * scale || v2 > 0.1 * scale)
        fail_msg("off by %.4f (v1), %.4f (v2), of %.4f", v1, v2, scale);
    assert_true(distance("tiki-taka", "0", &scale) > 3 * v1);
}

/* v2 sends whole pulses for what it has read, and keeps the rest: from a fast array that
 * stands still (no gradient), line by line. */
static void transfers_go_line_by_line(void **state)
{
    (void)state;
    enum { K = 3, N = 20 };
    fixture f = {0};
    SETTINGS(&f, "device.kind", "constant-step", "device.init_sd", "0", "program.scheme",
             "tiki-taka-2", "program.width", "0.001", "program.transfer_every", "2",
             "program.transfer_rate", "0.03");
    start(&f, K, N);
    const double step = 2 * 12.0 / 13 * 0.001;
    float fast[K * 32];
    uniform(fast, f.cells, 5, -0.3f, 0.3f);
    f.bank.fast->type->assign(f.bank.fast, fast);
    for (uint32_t t = 1; t <= 12; t++) {
        program(&f, t); /* nothing is wanted */
        for (size_t i = 0; i < K; i++)
            for (size_t j = 0; j < N; j++) {
                /* line i was read at the updates 2 i + 2, 2 i + 8, ... that have been */
                double chi = 0, pulses = 0;
                for (uint32_t u = 2; u <= t; u += 2)
                    if ((u / 2 - 1) % K == i) {
                        chi += 0.03 * (double)fast[nd_panel_at(K, i, j)];
                        const double p = trunc(chi / step);
                        pulses += p, chi -= p * step;
                    }
                const double w = (double)f.bank.weight[nd_panel_at(K, i, j)];
                assert_true(fabs(w - pulses * step) < 1e-5);
            }
    }
    end(&f);
}

static void refuses(const char *const *list, const char *what)
{
    fixture f = {0};
    nd_err err = {0};
    settings(&f, list);
    assert_int_equal(nd_device_check(&f.p, &err), ND_EINPUT);
    assert_non_null(strstr(err.message, what));
}
#define REFUSES(what, ...) refuses((const char *const[]){__VA_ARGS__, NULL}, (what))

static void nonsense_is_refused(void **state)
{
    (void)state;
    fixture f = {0};
    nd_err err = {0};
    REFUSES("program.width_min", "device.kind", "ernoult", "program.scheme", "rprop",
            "program.width_max", "0.0001");
    REFUSES("program.width_min", "device.kind", "ernoult", "program.scheme", "irprop-minus",
            "program.width_min", "0.1");
    REFUSES("symmetry point", "device.kind", "ernoult", "device.synapse", "one-sided",
            "device.zero_shift", "10");
    SETTINGS(&f, "device.kind", "ernoult", "program.scheme", "rprop", "program.width_min",
             "0.0005", "program.width_max", "0.01", "device.zero_shift", "10");
    assert_int_equal(nd_device_check(&f.p, &err), ND_OK);
}

/* ---- all of them, everywhere ---- */

static const char *const devices[] = {
#define D(id, name, help, source) name,
#include "nudge/devices.def"
#undef D
};
static const char *const schemes[] = {
#define R(id, name, help, source) name,
#include "nudge/programs.def"
#undef R
};
static const char *const synapses[] = {"pair", "single", "one-sided"};
#define COUNT(a) (sizeof(a) / sizeof *(a))

/* Some updates of a small bank; conductances stay in range. The weights come back. */
static void run(const char *device, const char *scheme, const char *synapse, float *weight,
                uint64_t pulses[2])
{
    enum { K = 5, N = 19, STEPS = 12 };
    fixture f = {0};
    SETTINGS(&f, "device.kind", device, "program.scheme", scheme, "device.synapse", synapse,
             "device.c2c", "0.005", "device.d2d", "0.2", "program.width", "0.01",
             "device.zero_shift", "6", "program.transfer_rate", "0.5");
    start(&f, K, N);
    for (uint32_t t = 0; t < STEPS; t++) {
        uniform(f.wanted, f.cells, t, -0.05f, 0.06f);
        f.bank.loss = t % 3;
        program(&f, t);
        for (int l = 0; l < 2; l++)
            for (size_t i = 0; f.bank.leg[l].x && i < f.cells; i++)
                assert_true(f.bank.leg[l].x[i] >= 0 && f.bank.leg[l].x[i] <= 1);
    }
    memcpy(weight, f.bank.weight, f.cells * sizeof *weight);
    pulses[0] = f.bank.pulses_up, pulses[1] = f.bank.pulses_down;
    if (f.bank.type->pulsed) assert_true(pulses[0] > 0 && pulses[1] > 0);
    end(&f);
}

static void all_isas_give_the_same_bits(void **state)
{
    (void)state;
    enum { SIZE = 5 * 32 };
    nd_err err = {0};
    for (size_t d = 0; d < COUNT(devices); d++)
        for (size_t s = 0; s < COUNT(schemes); s++)
            for (size_t y = 0; y < COUNT(synapses); y++) {
                float want[SIZE], got[SIZE];
                uint64_t sent[2], again[2];
                const nd_kernels *k;
                bool usable;
                setenv("NUDGE_ISA", "scalar", 1);
                assert_int_equal(nd_kern_choose(&err), ND_OK);
                run(devices[d], schemes[s], synapses[y], want, sent);
                for (size_t i = 1; (k = nd_kern_isa(i, &usable)); i++) {
                    if (!usable) continue;
                    setenv("NUDGE_ISA", k->isa, 1);
                    assert_int_equal(nd_kern_choose(&err), ND_OK);
                    run(devices[d], schemes[s], synapses[y], got, again);
                    if (memcmp(want, got, sizeof got) != 0 ||
                        memcmp(sent, again, sizeof sent) != 0)
                        fail_msg("%s, %s, %s: %s is not scalar", devices[d], schemes[s],
                                 synapses[y], k->isa);
                }
                unsetenv("NUDGE_ISA");
                assert_int_equal(nd_kern_choose(&err), ND_OK);
            }
}

int main(void)
{
    nd_err err = {0};
    if (nd_kern_choose(&err) != ND_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rprop_by_hand),
        cmocka_unit_test(accumulation_follows_the_sum),
        cmocka_unit_test(thresholds_are_kept),
        cmocka_unit_test(trains_change_weights_as_wanted_on_average),
        cmocka_unit_test(verified_weights_are_where_they_should_be),
        cmocka_unit_test(small_changes_are_not_lost),
        cmocka_unit_test(verifying_ends),
        cmocka_unit_test(zero_shift_finds_the_balance),
        cmocka_unit_test(tiki_taka_finds_the_minimum),
        cmocka_unit_test(transfers_go_line_by_line),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(all_isas_give_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
