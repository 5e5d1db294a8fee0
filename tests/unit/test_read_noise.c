/* test_read_noise.c -- noise of reading in the weights that a model sees, and maps of
 * variability in the devices: sizes, spectra, places. */
#include "nudge/device.h"
#include "nudge/fourier.h"
#include "nudge/model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bank_fixture.h"

static void end(fixture *f)
{
    nd_arena_free(&f->arena);
}

static void program(fixture *f, uint32_t t)
{
    nd_bank_program(&f->bank, f->wanted, f->scratch,
                    (nd_at){.seed = 1, .stream = ND_STREAM_CYCLE, .batch = t});
}

/* ---- reading ---- */

/* Variance of the weights around what they are, from the first moment on, for all synapses:
 * noise of each device adds up; and devices themselves stay as they are. */
static void noise_has_its_size(void **state)
{
    (void)state;
    enum { K = 256, N = 248 };
    static const struct {
        const char *synapse, *per_weight, *alpha, *rtn, *share;
        double want; /* sd of a weight over gain and range */
    } cases[] = {
        {"pair", "1", "0", "0", "1", 0.02 * 1.41421356},
        {"pair", "1", "1", "0", "1", 0.02 * 1.41421356},
        {"single", "1", "1.5", "0", "1", 0.02},
        {"pair", "4", "1", "0", "1", 0.02 * 1.41421356 / 2},
        /* a trap of amplitude A: A^2 p (1 - p), p = 1/4 */
        {"single", "1", "0", "0.2", "1", 0.0888819}, /* (0.02^2 + 0.04 * 0.1875)^1/2 */
        {"pair", "2", "0", "0.2", "0.5", 0.0644205}, /* (0.02^2 + 0.04 * 0.1875/2)^1/2 */
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        fixture f = {0};
        SETTINGS(&f, "device.kind", "ernoult", "device.init_sd", "0", "device.gain", "2",
                 "device.synapse", cases[c].synapse, "device.per_weight",
                 cases[c].per_weight, "read.noise", "0.02", "read.alpha", cases[c].alpha,
                 "read.rtn", cases[c].rtn, "read.rtn_share", cases[c].share, "read.rtn_low",
                 "30", "read.rtn_high", "10", "read.memory", "500");
        start(&f, K, N);
        for (uint32_t t = 0; t < 5; t++) {
            double square = 0, mean = 0, n = 0;
            for (size_t i = 0; i < f.cells; i++) {
                const bool padding =
                    i / ND_LANES >= K * (N / ND_LANES) && i % ND_LANES >= N % ND_LANES;
                if (padding) {
                    assert_true(f.bank.weight[i] == 0.0f);
                    continue;
                }
                const double w = (double)f.bank.weight[i] / (2 * 12.0 / 13);
                mean += w, square += w * w, n++;
            }
            mean /= n, square /= n;
            assert_true(fabs(mean) < 4.5 * cases[c].want / sqrt(n));
            const double want = cases[c].want * cases[c].want;
            if (fabs(square / want - 1) > 0.02)
                fail_msg("case %zu: variance %g, not %g", c, square, want);
            for (size_t i = 0; i < f.cells; i++)
                assert_true(f.bank.leg[0].x[i] == 0.5f);
            program(&f, t);
        }
        assert_int_equal(f.bank.pulses_up + f.bank.pulses_down, 0);
        end(&f);
    }
}

/* The weights of a bank over a thousand updates have the spectrum 1/f^alpha. */
static void weights_have_the_spectrum(void **state)
{
    (void)state;
    enum { K = 16, N = 16, CELLS = K * N, MOMENTS = 4096 };
    static const char *const alphas[] = {"0", "1", "1.4"};
    nd_fourier *transform;
    nd_err err;
    float *series = malloc((size_t)CELLS * MOMENTS * sizeof *series);
    assert_int_equal(nd_fourier_real(&transform, MOMENTS, &err), ND_OK);
    for (int a = 0; a < 3; a++) {
        fixture f = {0};
        SETTINGS(&f, "device.kind", "ernoult", "read.noise", "0.01", "read.alpha",
                 alphas[a], "read.memory", "1000");
        start(&f, K, N);
        for (uint32_t t = 0; t < MOMENTS; t++) {
            memcpy(series + (size_t)t * CELLS, f.bank.weight, CELLS * sizeof *series);
            program(&f, t);
        }
        end(&f);
        enum { BANDS = 8 };
        double power[BANDS] = {0}, count[BANDS] = {0}, logs[BANDS] = {0};
        for (size_t c = 0; c < CELLS; c++) {
            for (size_t t = 0; t < MOMENTS; t++)
                nd_fourier_signal(transform)[t] =
                    ((double)series[t * CELLS + c] - (double)series[c]) *
                    (1 - cos(6.283185307 * ((double)t + 0.5) / MOMENTS));
            nd_fourier_forward(transform);
            for (size_t k = 1; k < MOMENTS / 2; k++) {
                const double f_k = (double)k / MOMENTS;
                const double at = log10(f_k / 1e-3) / 2 * BANDS;
                if (at < 0 || at >= BANDS) continue;
                const double complex z = nd_fourier_data(transform)[k];
                power[(int)at] += creal(z) * creal(z) + cimag(z) * cimag(z);
                logs[(int)at] += log(f_k), count[(int)at]++;
            }
        }
        double sx = 0, sy = 0, sxx = 0, sxy = 0;
        for (int i = 0; i < BANDS; i++) {
            const double x = logs[i] / count[i], y = log(power[i] / count[i]);
            sx += x, sy += y, sxx += x * x, sxy += x * y;
        }
        const double slope = (BANDS * sxy - sx * sy) / (BANDS * sxx - sx * sx);
        if (fabs(slope + atof(alphas[a])) > 0.05)
            fail_msg("alpha %s: slope %g", alphas[a], slope);
    }
    nd_fourier_free(transform);
    free(series);
}

/* Noise is the training's, not the devices': another train.seed, other noise; and pulses act
 * as without it. */
static void noise_is_not_in_the_devices(void **state)
{
    (void)state;
    enum { K = 9, N = 20 };
    fixture quiet = {0}, noisy = {0}, other = {0};
    /* both through the same kernels */
    SETTINGS(&quiet, "device.kind", "soft-bounds", "program.width", "0.01");
    noisy.p = quiet.p;
    set(&noisy.p, "read.noise", "0.05");
    set(&noisy.p, "read.rtn", "0.1");
    other.p = noisy.p;
    set(&other.p, "train.seed", "2");
    start(&quiet, K, N);
    start(&noisy, K, N);
    start(&other, K, N);
    fixture *const all[] = {&quiet, &noisy, &other};
    for (uint32_t t = 0; t < 6; t++)
        for (int i = 0; i < 3; i++) {
            nd_kern()->uniforms((nd_at){.seed = 3, .stream = 99, .batch = t}, all[i]->cells,
                                -1, 1, all[i]->wanted);
            program(all[i], t);
        }
    for (size_t i = 0; i < quiet.cells; i++) {
        assert_true(quiet.bank.leg[0].x[i] == noisy.bank.leg[0].x[i]);
        assert_true(quiet.bank.leg[1].x[i] == other.bank.leg[1].x[i]);
    }
    assert_true(quiet.bank.weight[0] != noisy.bank.weight[0]);
    assert_true(noisy.bank.weight[0] != other.bank.weight[0]);
    for (int i = 0; i < 3; i++)
        end(all[i]);
}

static void all_isas_give_the_same_bits(void **state)
{
    (void)state;
    enum { K = 5, N = 37, SIZE = K * 48 };
    nd_err err = {0};
    const nd_kernels *k;
    bool usable;
    float want[SIZE];
    for (size_t i = 0; (k = nd_kern_isa(i, &usable)); i++) {
        if (!usable) continue;
        fixture f = {0};
        setenv("NUDGE_ISA", k->isa, 1);
        assert_int_equal(nd_kern_choose(&err), ND_OK);
        SETTINGS(&f, "device.kind", "ernoult", "read.noise", "0.05", "read.alpha", "1",
                 "read.rtn", "0.1", "read.weight_bits", "7", "device.c2c", "0.01",
                 "program.scheme", "tiki-taka");
        start(&f, K, N);
        for (uint32_t t = 0; t < 9; t++) {
            nd_kern()->uniforms((nd_at){.seed = 3, .stream = 99, .batch = t}, f.cells, -1,
                                1, f.wanted);
            program(&f, t);
        }
        if (i == 0)
            memcpy(want, f.bank.weight, sizeof want);
        else
            assert_memory_equal(want, f.bank.weight, sizeof want);
        end(&f);
    }
    unsetenv("NUDGE_ISA");
    assert_int_equal(nd_kern_choose(&err), ND_OK);
}

/* ---- maps ---- */

/* Logarithms of step sizes: variance log(1 + v^2), and the covariance of neighbours along
 * rows and columns, averaged over many constructions. Up, down, plus and minus are maps of
 * their own. */
static void step_sizes_are_alike_nearby(void **state)
{
    (void)state;
    enum { K = 20, N = 24, MAPS = 150 };
    const double v = 0.3, variance = log1p(v * v), length = 4;
    for (int normal = 0; normal < 2; normal++) {
        double sum[7] = {0}, count[7] = {0}, mean = 0, cross = 0, all = 0;
        for (int m = 0; m < MAPS; m++) {
            fixture f = {0};
            char seed[16];
            snprintf(seed, sizeof seed, "%d", m + 1);
            SETTINGS(&f, "device.kind", "ernoult", "device.d2d", "0.3", "device.d2d_kind",
                     normal ? "normal" : "log-normal", "device.d2d_correlation", "4",
                     "device.seed", seed);
            start(&f, K, N);
            const nd_leg *leg = f.bank.leg;
            assert_true(nd_bank_maps(&f.bank));
            const double centre = normal ? 1 : -variance / 2;
            for (size_t i = 0; i < K; i++)
                for (size_t j = 0; j < N; j++) {
                    const size_t at = nd_panel_at(K, i, j);
                    const double up = (double)leg[0].up[at], down = (double)leg[0].down[at];
                    const double x = (normal ? up : log(up)) - centre;
                    mean += up, all++;
                    cross +=
                        x * ((normal ? down : log(down)) - centre) +
                        x * ((normal ? (double)leg[1].up[at] : log((double)leg[1].up[at])) -
                             centre);
                    for (size_t d = 0; d < 7; d++) {
                        const size_t far = 2 * d;
                        if (i + far < K) {
                            const double y = (double)leg[0].up[nd_panel_at(K, i + far, j)];
                            sum[d] += x * ((normal ? y : log(y)) - centre), count[d]++;
                        }
                        if (j + far < N) {
                            const double y = (double)leg[0].up[nd_panel_at(K, i, j + far)];
                            sum[d] += x * ((normal ? y : log(y)) - centre), count[d]++;
                        }
                    }
                }
            end(&f);
        }
        const double size = normal ? v * v : variance;
        assert_true(fabs(mean / all - 1) < 0.03);
        assert_true(fabs(cross / all / size) < 0.08);
        for (int d = 0; d < 7; d++) {
            const double want = size * exp(-4.0 * d * d / (2 * length * length));
            if (fabs(sum[d] / count[d] - want) > 0.05 * size)
                fail_msg("%s, distance %d: covariance %g, not %g",
                         normal ? "normal" : "log-normal", 2 * d, sum[d] / count[d], want);
        }
    }
}

static void pairs_may_share_their_map(void **state)
{
    (void)state;
    fixture f = {0};
    SETTINGS(&f, "device.kind", "ernoult", "device.d2d", "0.3", "device.d2d_per", "pair",
             "device.d2d_correlation", "2");
    start(&f, 4, 5);
    assert_ptr_equal(f.bank.leg[0].up, f.bank.leg[1].up);
    for (size_t i = 0; i < 4; i++)
        assert_true(f.bank.leg[0].up[i * ND_LANES] > 0 && f.bank.leg[0].up[0] != 1);
    end(&f);
}

/* Without any other variability step sizes are the gradient itself, in both directions. */
static void gradients_are_in_the_steps(void **state)
{
    (void)state;
    enum { K = 11, N = 5 };
    fixture f = {0};
    SETTINGS(&f, "device.kind", "constant-step", "device.d2d_gradient", "0.4",
             "device.synapse", "single", "device.init_sd", "0", "device.ratio", "1e9");
    start(&f, K, N);
    for (size_t i = 0; i < K; i++)
        for (size_t j = 0; j < N; j++) {
            const double want = 1 + 0.4 * ((double)i / 10 - 0.5);
            const size_t at = nd_panel_at(K, i, j);
            assert_true(fabs((double)f.bank.leg[0].up[at] - want) < 1e-6);
            assert_true(fabs((double)f.bank.leg[0].down[at] - want) < 1e-6);
            f.scratch[at] = 0.1f;
        }
    (void)nd_bank_pulse(&f.bank, f.scratch, (nd_at){.seed = 1});
    assert_true(fabs((double)f.bank.weight[0] - 0.1 * 0.8) < 1e-5);
    assert_true(fabs((double)f.bank.weight[nd_panel_at(K, K - 1, 0)] - 0.1 * 1.2) < 1e-5);
    end(&f);
}

/* What came out of FFTW is not the same on all machines: the network says so. Noise in time
 * did not. */
static void networks_say_that_fftw_was_used(void **state)
{
    (void)state;
    static const char *const maps[] = {"0", "3"};
    for (int i = 0; i < 2; i++) {
        fixture f = {0};
        nd_net net;
        nd_err err = {0};
        SETTINGS(&f, "device.kind", "ernoult", "device.d2d", "0.2",
                 "device.d2d_correlation", maps[i], "read.noise", "0.01", "read.alpha", "1",
                 "model.layers", "[16, 8, 2]", "program.scheme", "tiki-taka");
        const nd_shape shape = {
            .rows = 4, .cols = 4, .channels = 1, .features = 16, .classes = 2};
        if (nd_net_new(&net, &f.p, shape, &err) != ND_OK) fail_msg("%s", err.message);
        assert_true(net.fftw == (i == 1));
        const nd_leg *fast = net.bank[0].fast->leg; /* its devices vary too */
        assert_true(fast->up[0] != 1.0f && fast->up[0] != net.bank[0].leg[0].up[0]);
        nd_net_free(&net);
    }
}

int main(void)
{
    nd_err err = {0};
    if (nd_kern_choose(&err) != ND_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_has_its_size),
        cmocka_unit_test(weights_have_the_spectrum),
        cmocka_unit_test(noise_is_not_in_the_devices),
        cmocka_unit_test(all_isas_give_the_same_bits),
        cmocka_unit_test(step_sizes_are_alike_nearby),
        cmocka_unit_test(pairs_may_share_their_map),
        cmocka_unit_test(gradients_are_in_the_steps),
        cmocka_unit_test(networks_say_that_fftw_was_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
