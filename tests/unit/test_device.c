/* test_device.c -- memristors against their closed forms (Ernoult et al. 2019). */
#include "nudge/device.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "set.h"

typedef struct fixture {
    nd_params p;
    nd_bank bank;
    nd_arena arena;
    float *pulse, *scratch;
} fixture;

static void take(fixture *f, size_t k, size_t n, bool bias, nd_arena *a)
{
    nd_bank_take(&f->bank, &f->p, k, n, 6, bias, a);
    f->pulse = nd_arena_take(a, nd_panels(k, n), sizeof(float));
    f->scratch = nd_arena_take(a, nd_panels(k, n), sizeof(float));
}

static void open_bank(fixture *f, size_t k, size_t n, bool bias)
{
    nd_err err = {0};
    nd_arena measure = {0};
    take(f, k, n, bias, &measure);
    assert_int_equal(nd_arena_new(&f->arena, measure.used, &err), ND_OK);
    take(f, k, n, bias, &f->arena);
    f->bank.type->init(&f->bank, k);
}

static void defaults(fixture *f, const char *beta)
{
    nd_params_defaults(&f->p);
    set(&f->p, "device.kind", "ernoult");
    set(&f->p, "device.beta", beta);
}

static void fill(fixture *f, float *x, float value)
{
    for (size_t i = 0; i < nd_panels(f->bank.k, f->bank.n); i++)
        x[i] = value;
}

static void pulse_all(fixture *f, float width, uint32_t when)
{
    fill(f, f->pulse, width);
    f->bank.type->pulse(&f->bank, f->pulse,
                        (nd_at){.seed = 1, .stream = ND_STREAM_CYCLE, .batch = when});
}

static const char *const betas[] = {"0.005", "1", "2", "3", "5"};
enum { N_BETAS = 5 };

/* One pulse of width T goes through the whole range, either way. */
static void one_pulse_spans_the_range(void **state)
{
    (void)state;
    for (int i = 0; i < N_BETAS; i++) {
        fixture f = {0};
        defaults(&f, betas[i]);
        open_bank(&f, 2, 5, false);
        fill(&f, f.bank.leg[0].x, 0.0f);
        fill(&f, f.bank.leg[1].x, 1.0f);
        pulse_all(&f, 1.0f, 0);
        assert_true(fabs((double)f.bank.leg[0].x[0] - 1) < 1e-5);
        assert_true(fabs((double)f.bank.leg[1].x[0]) < 1e-5);
        assert_true(fabs((double)f.bank.weight[0] - 12.0 / 13) < 1e-5);
        nd_arena_free(&f.arena);
    }
}

/* Two pulses are one of their joint width; exact integrals compose. */
static void pulses_compose(void **state)
{
    (void)state;
    for (int i = 0; i < N_BETAS; i++) {
        fixture a = {0}, b = {0};
        defaults(&a, betas[i]);
        defaults(&b, betas[i]);
        open_bank(&a, 4, 20, false);
        open_bank(&b, 4, 20, false);
        pulse_all(&a, 0.01f, 0);
        pulse_all(&a, 0.03f, 1);
        pulse_all(&b, 0.04f, 0);
        for (size_t x = 0; x < nd_panels(4, 16); x++)
            assert_true(fabs((double)a.bank.leg[0].x[x] - (double)b.bank.leg[0].x[x]) <
                        2e-6);
        nd_arena_free(&a.arena);
        nd_arena_free(&b.arena);
    }
}

/* The closed form in double precision, from anywhere, up and down; mirror symmetry follows.
 */
static void steps_follow_the_equation(void **state)
{
    (void)state;
    static const double widths[] = {1e-5, 1e-4, 0.001, 0.02, 0.3};
    for (int i = 0; i < N_BETAS; i++) {
        const double beta = atof(betas[i]);
        for (int w = 0; w < 5; w++)
            for (int down = 0; down < 2; down++) {
                fixture f = {0};
                defaults(&f, betas[i]);
                open_bank(&f, 11, 16, false);
                for (size_t x = 0; x < 11 * 16; x++)
                    f.bank.leg[0].x[x] = f.bank.leg[1].x[x] = (float)x / 175.0f;
                pulse_all(&f, (float)(down ? -widths[w] : widths[w]), 0);
                for (size_t x = 0; x < 11 * 16; x++) {
                    const double from = (double)((float)x / 175.0f),
                                 z = down ? 1 - from : from;
                    const double step =
                        log1p(expm1(beta) * widths[w] * exp(-beta * z)) / beta;
                    const double want = fmin(1, fmax(0, down ? from - step : from + step));
                    assert_true(fabs((double)f.bank.leg[0].x[x] - want) <
                                3e-7 + 2e-6 * step);
                }
                nd_arena_free(&f.arena);
            }
    }
}

/* As beta goes to 0 a step is the pulse's width, wherever the device is. */
static void small_beta_is_linear(void **state)
{
    (void)state;
    static const double widths[] = {1e-5, 1e-3, 0.1};
    for (int w = 0; w < 6; w++) {
        fixture f = {0};
        const double width = w % 2 ? -widths[w / 2] : widths[w / 2];
        defaults(&f, "0.0001");
        open_bank(&f, 11, 16, false);
        for (size_t i = 0; i < 11 * 16; i++)
            f.bank.leg[0].x[i] = 0.15f + 0.7f * (float)i / 176.0f;
        pulse_all(&f, (float)width, 0);
        for (size_t i = 0; i < 11 * 16; i++) {
            const double from = (double)(0.15f + 0.7f * (float)i / 176.0f);
            const double step = (double)f.bank.leg[0].x[i] - from;
            assert_true(fabs(step - width) < 1.2e-7 + 2e-4 * fabs(width));
        }
        nd_arena_free(&f.arena);
    }
}

/* First and last step of the range differ by exp(beta). */
static void nonlinearity_is_the_ratio_of_steps(void **state)
{
    (void)state;
    for (int i = 1; i < N_BETAS; i++) {
        fixture f = {0};
        const float width = 1e-3f;
        defaults(&f, betas[i]);
        open_bank(&f, 1, 16, false);
        fill(&f, f.bank.leg[0].x, 0.0f);
        pulse_all(&f, width, 0);
        const double first = (double)f.bank.leg[0].x[0];
        fill(&f, f.bank.leg[1].x, 0.0f);
        pulse_all(&f, -width, 0); /* potentiates minus */
        assert_true(fabs((double)f.bank.leg[1].x[0] - first) < 1e-7);
        const double beta = atof(betas[i]),
                     last = log1p(expm1(beta) * 1e-3 * exp(-beta)) / beta;
        assert_true(fabs(first / last / exp(beta) - 1) < 0.1);
        nd_arena_free(&f.arena);
    }
}

/* Under Cst with a gradient that is positive with probability q, weights settle where
 * W* = (dG/beta) ln(q/(1-q)); and at q = 1/2 with c2c noise s their variance is
 * dG^2 (2m/beta + s^2/(beta m)), m the step in the middle of the range. */
static void sign_updates_settle_at_the_closed_form(void **state)
{
    (void)state;
    static const struct {
        const char *beta, *c2c;
        double q, width;
    } cases[] = {{"3", "0", 0.7, 1.0 / 500},     {"3", "0", 0.9, 1.0 / 500},
                 {"2", "0", 0.6, 1.0 / 500},     {"3", "0", 0.5, 1.0 / 500},
                 {"3", "0.003", 0.5, 1.0 / 500}, {"3", "0.006", 0.5, 1.0 / 500}};
    enum { K = 64, N = 64, STEPS = 6000, FROM = 3000 };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        fixture f = {0};
        defaults(&f, cases[c].beta);
        set(&f.p, "device.c2c", cases[c].c2c);
        open_bank(&f, K, N, false);
        const double beta = atof(cases[c].beta), s = atof(cases[c].c2c), dG = 12.0 / 13;
        double sum = 0, squares = 0, count = 0;
        for (uint32_t t = 0; t < STEPS; t++) {
            nd_kern()->uniforms((nd_at){.seed = 3, .stream = 77, .batch = t}, K * N, 0, 1,
                                f.pulse);
            for (size_t i = 0; i < K * N; i++)
                f.pulse[i] = (float)((double)f.pulse[i] < cases[c].q ? cases[c].width
                                                                     : -cases[c].width);
            f.bank.type->pulse(&f.bank, f.pulse,
                               (nd_at){.seed = 5, .stream = ND_STREAM_CYCLE, .batch = t});
            for (size_t i = 0; t >= FROM && t % 50 == 0 && i < K * N; i++) {
                sum += (double)f.bank.weight[i];
                squares += (double)f.bank.weight[i] * (double)f.bank.weight[i];
                count++;
            }
        }
        const double mean = sum / count, variance = squares / count - mean * mean;
        if (cases[c].q != 0.5) {
            const double want = dG / beta * log(cases[c].q / (1 - cases[c].q));
            if (fabs(mean / want - 1) > 0.02) fail_msg("W* %.4f, want %.4f", mean, want);
        } else {
            const double m = cases[c].width * 2 * sinh(beta / 2) / beta;
            const double want = dG * dG * (2 * m / beta + s * s / (beta * m));
            if (fabs(variance / want - 1) > 0.02)
                fail_msg("variance %.6f, want %.6f", variance, want);
        }
        nd_arena_free(&f.arena);
    }
}

static void cycle_noise_has_its_size_and_place(void **state)
{
    (void)state;
    enum { K = 256, N = 256 };
    for (int all = 0; all < 2; all++) {
        fixture f = {0};
        defaults(&f, "1");
        set(&f.p, "device.c2c", "0.02");
        set(&f.p, "device.c2c_on", all ? "all" : "pulsed");
        open_bank(&f, K, N, false);
        fill(&f, f.bank.leg[0].x, 0.5f);
        fill(&f, f.bank.leg[1].x, 0.5f);
        fill(&f, f.pulse, 0.0f);
        for (size_t i = 0; i < K * N / 2; i++)
            f.pulse[i] = 1e-7f;
        f.bank.type->pulse(&f.bank, f.pulse, (nd_at){.seed = 1, .stream = ND_STREAM_CYCLE});
        double pulsed = 0, other = 0, cross = 0;
        for (size_t i = 0; i < K * N; i++) {
            const double d = (double)f.bank.leg[0].x[i] - 0.5,
                         e = (double)f.bank.leg[1].x[i] - 0.5;
            *(i < K * N / 2 ? &pulsed : &other) += (d * d + e * e) / (K * N);
            cross += d * e / (K * N);
        }
        assert_true(fabs(pulsed / (0.02 * 0.02) - 1) < 0.02);
        if (all)
            assert_true(fabs(other / (0.02 * 0.02) - 1) < 0.02);
        else
            assert_true(other == 0);
        assert_true(fabs(cross) < 0.0004 * 4 / sqrt(K * N)); /* independent */
        nd_arena_free(&f.arena);
    }
}

static void variability_is_log_normal_with_mean_one(void **state)
{
    (void)state;
    enum { K = 256, N = 256 };
    for (int pair = 0; pair < 2; pair++) {
        fixture f = {0};
        defaults(&f, "1");
        set(&f.p, "device.d2d", "0.5");
        set(&f.p, "device.d2d_per", pair ? "pair" : "device");
        open_bank(&f, K, N, false);
        const float *c[] = {f.bank.leg[0].up, f.bank.leg[0].down, f.bank.leg[1].up,
                            f.bank.leg[1].down};
        for (int i = 0; i < 4; i++) {
            double mean = 0, square = 0, logs = 0, log_squares = 0;
            for (size_t x = 0; x < K * N; x++) {
                mean += (double)c[i][x] / (K * N);
                square += (double)c[i][x] * (double)c[i][x] / (K * N);
                const double l = log((double)c[i][x]);
                logs += l / (K * N), log_squares += l * l / (K * N);
            }
            assert_true(fabs(mean - 1) < 0.01);
            assert_true(fabs((square - mean * mean) / 0.25 - 1) < 0.03);
            assert_true(fabs(logs + log(1.25) / 2) < 0.004);
            assert_true(fabs((log_squares - logs * logs) / log(1.25) - 1) < 0.02);
        }
        assert_true((f.bank.leg[1].up == f.bank.leg[0].up) == pair);
        assert_true(f.bank.leg[0].up[0] != f.bank.leg[0].down[0]);
        nd_arena_free(&f.arena);
    }
}

static void first_conductances_are_as_published(void **state)
{
    (void)state;
    enum { K = 256, N = 256 };
    fixture f = {0}, bias = {0};
    defaults(&f, "1");
    defaults(&bias, "1");
    open_bank(&f, K, N, false);
    double square = 0;
    for (size_t i = 0; i < K * N; i++)
        square += (double)f.bank.weight[i] * (double)f.bank.weight[i] / (K * N);
    assert_true(fabs(sqrt(square) - 0.076) < 0.001); /* 0.1 * 0.538 * sqrt(2) */
    open_bank(&bias, 1, 10, true);
    for (int i = 0; i < 10; i++)
        assert_true(bias.bank.weight[i] == 0.0f);
    nd_arena_free(&f.arena);
    nd_arena_free(&bias.arena);
}

/* Cst: the sign decides, the width is constant, pulses are counted, padding is not. */
static void cst_counts_its_pulses(void **state)
{
    (void)state;
    fixture f = {0};
    defaults(&f, "1");
    set(&f.p, "program.width", "0.01");
    open_bank(&f, 3, 10, false);
    float before[3 * 16], wanted[3 * 16] = {0};
    memcpy(before, f.bank.weight, sizeof before);
    for (int i = 0; i < 3 * 16; i++)
        wanted[i] = i % 3 == 0 ? 0.0f : i % 3 == 1 ? 1e-9f : -5.0f;
    nd_bank_program(&f.bank, wanted, f.scratch, (nd_at){.seed = 1});
    uint64_t up = 0, down = 0;
    for (int i = 0; i < 3 * 16; i++) {
        const bool real = i % 16 < 10;
        up += real && i % 3 == 1;
        down += real && i % 3 == 2;
        if (i % 3 == 0 || !real) assert_true(f.bank.weight[i] == before[i]);
        if (real && i % 3 == 1) assert_true(f.bank.weight[i] > before[i]);
        if (real && i % 3 == 2) assert_true(f.bank.weight[i] < before[i]);
    }
    assert_int_equal(f.bank.pulses_up, up);
    assert_int_equal(f.bank.pulses_down, down);
    nd_arena_free(&f.arena);
}

/* The proportional scheme gets what it wants in the middle of a near-linear range. */
static void proportional_gets_what_it_wants(void **state)
{
    (void)state;
    fixture f = {0};
    defaults(&f, "0.005");
    set(&f.p, "program.scheme", "proportional");
    open_bank(&f, 8, 16, false);
    float before[128], wanted[128];
    for (int i = 0; i < 128; i++) {
        before[i] = f.bank.weight[i];
        wanted[i] = (float)(i - 64) * 1e-4f;
    }
    nd_bank_program(&f.bank, wanted, f.scratch, (nd_at){.seed = 1});
    for (int i = 0; i < 128; i++)
        assert_true(fabs((double)(f.bank.weight[i] - before[i] - wanted[i])) < 3e-5);
    nd_arena_free(&f.arena);
}

static void saturation_is_counted(void **state)
{
    (void)state;
    fixture f = {0};
    defaults(&f, "1");
    open_bank(&f, 4, 10, false);
    pulse_all(&f, 1.0f, 0);
    uint64_t at_bound = 0, devices = 0;
    f.bank.type->saturated(&f.bank, &at_bound, &devices);
    assert_int_equal(devices, 2 * 4 * 10);
    assert_int_equal(at_bound, devices);
    nd_arena_free(&f.arena);
}

/* Every device is counted once, padding never; each where its conductance is. */
static void histograms_count_devices(void **state)
{
    (void)state;
    enum { K = 5, N = 19, BINS = 10 };
    fixture f;
    defaults(&f, "1");
    open_bank(&f, K, N, false);
    for (int minus = 0; minus < 2; minus++) {
        float *x = f.bank.leg[minus].x;
        fill(&f, x, -7.0f); /* padding is no conductance */
        size_t seen = 0;
        for (int i = 0; i < 2; i++) {
            const nd_rows r = nd_bank_rows(&f.bank, i);
            for (size_t row = 0; row < r.rows; row++)
                for (size_t c = 0; c < r.lanes; c++)
                    x[nd_rows_at(r) + row * ND_LANES + c] =
                        seen++ % 5 == 0 ? 1.0f : 0.25f + 0.5f * (float)minus;
        }
        assert_int_equal(seen, K * N);
        uint64_t bin[BINS] = {0};
        nd_bank_histogram(&f.bank, minus, BINS, bin);
        for (size_t b = 0; b < BINS; b++)
            assert_int_equal(bin[b], b == 9 ? 19 : b == (minus ? 7 : 2) ? 76 : 0);
    }
    nd_arena_free(&f.arena);
}

int main(void)
{
    nd_err err = {0};
    if (nd_kern_choose(&err) != ND_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_pulse_spans_the_range),
        cmocka_unit_test(pulses_compose),
        cmocka_unit_test(steps_follow_the_equation),
        cmocka_unit_test(small_beta_is_linear),
        cmocka_unit_test(nonlinearity_is_the_ratio_of_steps),
        cmocka_unit_test(sign_updates_settle_at_the_closed_form),
        cmocka_unit_test(cycle_noise_has_its_size_and_place),
        cmocka_unit_test(variability_is_log_normal_with_mean_one),
        cmocka_unit_test(first_conductances_are_as_published),
        cmocka_unit_test(cst_counts_its_pulses),
        cmocka_unit_test(proportional_gets_what_it_wants),
        cmocka_unit_test(saturation_is_counted),
        cmocka_unit_test(histograms_count_devices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
