/* test_noise_colour.c -- noise in time against its spectra, by periodograms; the kernels
 * behind it, bit by bit. */
#include "nudge/fourier.h"
#include "nudge/noise_colour.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "isas.h"

static const double pi = 3.14159265358979323846;

static float *block(size_t n)
{
    float *p = aligned_alloc(64, nd_ld(n) * sizeof *p);
    assert_non_null(p);
    memset(p, 0, nd_ld(n) * sizeof *p);
    return p;
}

static const nd_at here = {.seed = 5, .stream = 70};

/* ---- spectra ---- */

enum { CELLS = 256, MOMENTS = 1 << 14, HALF = MOMENTS / 2 + 1 };

/* power (HALF): the two-sided spectrum of series (MOMENTS, CELLS), averaged over the
 * cells, through Hann's window. */
static void periodogram(const float *series, double *power)
{
    nd_fourier *f;
    nd_err err;
    assert_int_equal(nd_fourier_real(&f, MOMENTS, &err), ND_OK);
    memset(power, 0, HALF * sizeof *power);
    for (size_t c = 0; c < CELLS; c++) {
        for (size_t t = 0; t < MOMENTS; t++) {
            const double hann = 0.5 - 0.5 * cos(2 * pi * ((double)t + 0.5) / MOMENTS);
            nd_fourier_signal(f)[t] = (double)series[t * CELLS + c] * hann;
        }
        nd_fourier_forward(f);
        for (size_t k = 0; k < HALF; k++) {
            const double complex z = nd_fourier_data(f)[k];
            power[k] += (creal(z) * creal(z) + cimag(z) * cimag(z)) /
                        (0.375 * MOMENTS * CELLS); /* 3/8: the mean square of the window */
        }
    }
    nd_fourier_free(f);
}

/* A band of a spectrum: mean power and frequency (geometric), and how many numbers that
 * is. */
typedef struct band {
    double f, power, n;
} band;

static band band_of(const double *power, double from, double to)
{
    band b = {0};
    double logs = 0;
    for (size_t k = 1; k < HALF; k++) {
        const double f = (double)k / MOMENTS;
        if (f < from || f >= to) continue;
        b.power += power[k];
        logs += log(f);
        b.n += 1;
    }
    b.power /= b.n;
    b.f = exp(logs / b.n);
    b.n *= CELLS / 1.94; /* Hann's window makes neighbours alike */
    return b;
}

static nd_colouring colouring(const nd_colour *c, nd_rows cells, float *state, float *out)
{
    return (nd_colouring){.cells = cells,
                          .colour = c,
                          .at = here,
                          .gain = 1.0f,
                          .state = state,
                          .stride = cells.rows * ND_LANES,
                          .out = out};
}

static void coloured_series(const nd_colour *c, float *series)
{
    float *state = block(nd_colour_state(c, CELLS));
    nd_colouring n =
        colouring(c, (nd_rows){.rows = CELLS / ND_LANES, .lanes = ND_LANES}, state, NULL);
    memset(series, 0, (size_t)MOMENTS * CELLS * sizeof *series);
    for (uint64_t t = 0; t < MOMENTS; t++) {
        n.fresh = t == 0;
        n.moment = t;
        n.out = series + t * CELLS;
        nd_kern()->colour(&n);
    }
    free(state);
}

/* Slope -alpha to 0.05 over two decades, and the spectrum promised at each frequency. */
static void spectrum_is_one_over_f_alpha(void **state)
{
    (void)state;
    static const double alphas[] = {0, 0.5, 0.8, 1, 1.2, 1.5, 2};
    enum { BANDS = 10 };
    const double memory = 1000;
    float *series = block((size_t)MOMENTS * CELLS);
    double *power = malloc(HALF * sizeof *power);
    for (size_t a = 0; a < sizeof alphas / sizeof *alphas; a++) {
        const nd_colour c = nd_colour_make(alphas[a], memory);
        double sx = 0, sy = 0, sxx = 0, sxy = 0;
        coloured_series(&c, series);
        periodogram(series, power);
        for (int i = 0; i < BANDS; i++) {
            const double from = pow(10, -3 + 2.0 * i / BANDS);
            const band b = band_of(power, from, from * pow(10, 2.0 / BANDS));
            double want = 0, n = 0;
            for (size_t k = 1; k < HALF; k++) {
                const double f = (double)k / MOMENTS;
                if (f < from || f >= from * pow(10, 2.0 / BANDS)) continue;
                want += nd_colour_spectrum(&c, f);
                n += 1;
            }
            want /= n;
            if (fabs(b.power / want - 1) > 4.5 / sqrt(b.n) + 0.005)
                fail_msg("alpha %g: S(%g) is %g, not %g", alphas[a], b.f, b.power, want);
            sx += log(b.f), sy += log(b.power);
            sxx += log(b.f) * log(b.f), sxy += log(b.f) * log(b.power);
        }
        const double slope = (BANDS * sxy - sx * sy) / (BANDS * sxx - sx * sx);
        if (fabs(slope + alphas[a]) > 0.05)
            fail_msg("alpha %g: slope %g", alphas[a], slope);
    }
    free(power);
    free(series);
}

/* What the header promises of the fit, in theory: no draws. */
static void fit_keeps_its_promise(void **state)
{
    (void)state;
    static const double memories[] = {30, 100, 1000, 12000, 1e6};
    for (size_t m = 0; m < sizeof memories / sizeof *memories; m++)
        for (int a = 0; a <= 20; a++) {
            const double alpha = a / 10.0, M = memories[m];
            const nd_colour c = nd_colour_make(alpha, M);
            double lo = (double)INFINITY, hi = 0, integral = 0, variance = 0;
            for (int i = 0; i <= 500; i++) {
                const double f = pow(M / 10, i / 500.0) / M;
                const double r = nd_colour_spectrum(&c, f) * pow(f, alpha);
                lo = fmin(lo, r), hi = fmax(hi, r);
            }
            if (hi / lo > 1.1 / 0.9)
                fail_msg("alpha %g, memory %g: %g between", alpha, M, hi / lo);
            for (size_t k = 0; k < c.parts; k++)
                variance += (double)c.sd[k] * (double)c.sd[k];
            assert_true(fabs(variance - 1) < 1e-6);
            enum { STEPS = 200000 };
            for (int i = 0; M < 1e4 && i < STEPS; i++)
                integral += nd_colour_spectrum(&c, (i + 0.5) * 0.5 / STEPS) / STEPS;
            assert_true(M >= 1e4 || fabs(integral - 1) < 1e-3);
        }
}

/* At any moment variance 1, and no cell knows of another. */
static void variance_is_one_at_all_moments(void **state)
{
    (void)state;
    enum { MANY = 1 << 16 };
    static const double alphas[] = {0, 0.6, 1, 1.7, 2};
    for (size_t a = 0; a < sizeof alphas / sizeof *alphas; a++) {
        const nd_colour c = nd_colour_make(alphas[a], 3000);
        float *memory = block(nd_colour_state(&c, MANY)), *out = block(MANY);
        nd_colouring n = colouring(
            &c, (nd_rows){.rows = MANY / ND_LANES, .lanes = ND_LANES}, memory, out);
        n.gain = 0.3f;
        for (uint64_t t = 0; t < 600; t++) {
            n.fresh = t == 0;
            n.moment = t;
            memset(out, 0, MANY * sizeof *out);
            nd_kern()->colour(&n);
            if (t > 2 && t % 150) continue;
            double mean = 0, square = 0, next = 0, row = 0, group = 0;
            for (size_t i = 0; i < MANY; i++) {
                const double x = (double)out[i] / 0.3;
                mean += x / MANY;
                square += x * x / MANY;
                next += x * (double)out[(i + 1) % MANY] / 0.3 / MANY;
                row += x * (double)out[(i + ND_LANES) % MANY] / 0.3 / MANY;
                group += x * (double)out[(i + 4 * ND_LANES) % MANY] / 0.3 / MANY;
            }
            if (fabs(square - 1) > 0.02) fail_msg("variance %g at %d", square, (int)t);
            assert_true(fabs(mean) < 4.5 / 256);
            assert_true(fabs(next) < 4.5 / 256 && fabs(row) < 4.5 / 256);
            assert_true(fabs(group) < 4.5 / 256);
        }
        free(memory);
        free(out);
    }
}

/* ---- traps ---- */

static nd_traps traps(nd_telegraph rates, nd_rows cells, float *state, float *out)
{
    return (nd_traps){.cells = cells,
                      .rates = rates,
                      .share = 1.0f,
                      .at = here,
                      .gain = 1.0f,
                      .state = state,
                      .out = out};
}

/* The Lorentzian of Machlup where dwell times are long, and that of the sampled chain at all
 * frequencies: with r = exp(-(1/t0 + 1/t1)), S = p q (1 - r^2)/(1 + r^2 - 2 r cos 2 pi f). */
static void telegraph_has_its_lorentzian(void **state)
{
    (void)state;
    static const double dwell[][2] = {{40, 160}, {100, 100}, {5, 2}};
    enum { BANDS = 12 };
    float *series = block((size_t)MOMENTS * CELLS), *memory = block(CELLS);
    double *power = malloc(HALF * sizeof *power);
    for (size_t d = 0; d < sizeof dwell / sizeof *dwell; d++) {
        const double low = dwell[d][0], high = dwell[d][1];
        nd_traps t =
            traps(nd_telegraph_make(low, high),
                  (nd_rows){.rows = CELLS / ND_LANES, .lanes = ND_LANES}, memory, NULL);
        memset(series, 0, (size_t)MOMENTS * CELLS * sizeof *series);
        for (uint64_t i = 0; i < MOMENTS; i++) {
            t.fresh = i == 0;
            t.moment = i;
            t.out = series + i * CELLS;
            nd_kern()->telegraph(&t);
        }
        periodogram(series, power);
        const double r = exp(-(1 / low + 1 / high));
        const double variance = low * high / ((low + high) * (low + high));
        for (int i = 0; i < BANDS; i++) {
            const double from = pow(10, -3 + 2.6 * i / BANDS),
                         to = from * pow(10, 2.6 / BANDS);
            const band b = band_of(power, from, to);
            double want = 0, machlup = 0, n = 0;
            for (size_t k = 1; k < HALF; k++) {
                const double f = (double)k / MOMENTS;
                if (f < from || f >= to) continue;
                want += variance * (1 - r * r) / (1 + r * r - 2 * r * cos(2 * pi * f));
                machlup += nd_telegraph_spectrum(low, high, f) / 2; /* one-sided */
                n += 1;
            }
            if (fabs(b.power * n / want - 1) > 5 / sqrt(b.n) + 0.005)
                fail_msg("dwell %g, %g: S(%g) is %g, not %g", low, high, b.f, b.power,
                         want / n);
            if (low >= 40 && to < 0.03) assert_true(fabs(want / machlup - 1) < 0.01);
        }
    }
    free(power);
    free(memory);
    free(series);
}

static void traps_have_their_shares_and_times(void **state)
{
    (void)state;
    enum { MANY = 1 << 16, STEPS = 300 };
    const double low = 8, high = 24;
    float *memory = block(MANY), *out = block(MANY), *before = block(MANY);
    nd_traps t = traps(nd_telegraph_make(low, high),
                       (nd_rows){.rows = MANY / ND_LANES, .lanes = ND_LANES}, memory, out);
    double rises = 0, lows = 0, falls = 0, highs = 0;
    t.share = 0.25f, t.gain = 2.0f;
    for (uint64_t i = 0; i < STEPS; i++) {
        t.fresh = i == 0;
        t.moment = i;
        memcpy(before, memory, MANY * sizeof *before);
        memset(out, 0, MANY * sizeof *out);
        nd_kern()->telegraph(&t);
        double trapped = 0, sum = 0, square = 0;
        for (size_t c = 0; c < MANY; c++) {
            if (i > 0) {
                assert_true((before[c] < 0.0f) == (memory[c] < 0.0f));
                lows += before[c] == 0.0f, highs += before[c] == 1.0f;
                rises += before[c] == 0.0f && memory[c] == 1.0f;
                falls += before[c] == 1.0f && memory[c] == 0.0f;
            }
            if (memory[c] < 0.0f) {
                assert_true(out[c] == 0.0f);
                continue;
            }
            trapped++;
            sum += (double)out[c], square += (double)out[c] * (double)out[c];
        }
        assert_true(fabs(trapped / MANY - 0.25) < 0.01);
        /* the mean is 0 and the variance A^2 p (1 - p), p = 3/4 */
        assert_true(fabs(sum / trapped) < 0.03);
        assert_true(fabs(square / trapped / (4 * 0.1875) - 1) < 0.03);
    }
    const double forgets = -expm1(-(1 / low + 1 / high));
    assert_true(fabs(rises / lows / (0.75 * forgets) - 1) < 0.01);
    assert_true(fabs(falls / highs / (0.25 * forgets) - 1) < 0.01);
    free(memory);
    free(out);
    free(before);
}

/* ---- bits ---- */

/* Some moments of both kinds of noise into out, and the states behind it. */
static void mixed(const nd_kernels *kern, nd_rows cells, float *state, float *trap,
                  float *out)
{
    const nd_colour c = nd_colour_make(1, 100);
    nd_colouring n = colouring(&c, cells, state, out);
    nd_traps t = traps(nd_telegraph_make(3, 2), cells, trap, out);
    n.gain = 0.7f, t.gain = -0.2f, t.share = 0.8f;
    for (uint64_t i = 0; i < 5; i++) {
        n.fresh = t.fresh = i == 0;
        n.moment = t.moment = i;
        kern->colour(&n);
        kern->telegraph(&t);
    }
}

static void same_bits_everywhere(void **state)
{
    (void)state;
    enum { ROWS = 11, SIZE = ROWS * ND_LANES, STATES = SIZE * (ND_COLOUR_MAX + 2) };
    const nd_kernels *isa[ISAS_MAX];
    const size_t n = isas(isa);
    float *a = block(STATES), *b = block(STATES);
    for (size_t rows = 0; rows <= ROWS; rows++)
        for (unsigned lanes = 1; lanes <= ND_LANES; lanes += lanes > 2 ? 5 : 1)
            for (uint32_t first = 0; first < 6; first++) {
                const nd_rows cells = {.rows = rows, .lanes = lanes, .first = first};
                memset(a, 0, STATES * sizeof *a);
                mixed(isa[0], cells, a + 2 * SIZE, a + SIZE, a);
                for (size_t i = 1; i < n; i++) {
                    memset(b, 0, STATES * sizeof *b);
                    mixed(isa[i], cells, b + 2 * SIZE, b + SIZE, b);
                    assert_memory_equal(a, b, STATES * sizeof *a);
                }
                for (size_t x = 0; x < SIZE; x++)
                    if (x % ND_LANES >= lanes || x / ND_LANES >= rows)
                        assert_true(a[x] == 0.0f);
            }
    free(a);
    free(b);
}

/* Where a bank is cut into runs doesn't matter. */
static void runs_do_not_matter(void **state)
{
    (void)state;
    enum { ROWS = 13, SIZE = ROWS * ND_LANES };
    const nd_colour c = nd_colour_make(1, 1000);
    float *one = block(SIZE), *two = block(SIZE), *s1 = block(nd_colour_state(&c, SIZE)),
          *s2 = block(nd_colour_state(&c, SIZE));
    for (size_t cut = 0; cut <= ROWS; cut++) {
        memset(one, 0, SIZE * sizeof *one);
        memset(two, 0, SIZE * sizeof *two);
        for (uint64_t t = 0; t < 9; t++) {
            const nd_rows all = {.rows = ROWS, .lanes = ND_LANES},
                          head = {.rows = cut, .lanes = ND_LANES},
                          tail = {.rows = ROWS - cut,
                                  .lanes = ND_LANES,
                                  .first = (uint32_t)cut};
            nd_colouring n = colouring(&c, all, s1, one), h = colouring(&c, head, s2, two),
                         l = colouring(&c, tail, s2 + cut * ND_LANES, two + cut * ND_LANES);
            h.stride = l.stride = n.stride;
            n.moment = h.moment = l.moment = t;
            n.fresh = h.fresh = l.fresh = t == 0;
            nd_kern()->colour(&n);
            nd_kern()->colour(&h);
            nd_kern()->colour(&l);
        }
        assert_memory_equal(one, two, SIZE * sizeof *one);
    }
    free(one);
    free(two);
    free(s1);
    free(s2);
}

int main(void)
{
    nd_err err = {0};
    if (nd_kern_choose(&err) != ND_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spectrum_is_one_over_f_alpha),
        cmocka_unit_test(fit_keeps_its_promise),
        cmocka_unit_test(variance_is_one_at_all_moments),
        cmocka_unit_test(telegraph_has_its_lorentzian),
        cmocka_unit_test(traps_have_their_shares_and_times),
        cmocka_unit_test(same_bits_everywhere),
        cmocka_unit_test(runs_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
