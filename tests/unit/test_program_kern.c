/* test_program_kern.c -- the kernels of programming schemes: the truth table of RProp, what
 * accumulation conserves, the statistics of pulse trains; and equal bits on every ISA. */
#include "nudge/kern.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "isas.h"

static void uniform(float *x, size_t n, uint32_t stream, float lo, float hi)
{
    nd_kern()->uniforms((nd_at){.seed = 3, .stream = stream}, n, lo, hi, x);
}

/* All nine pairs of signs, by the text of mem-RBM's rules (Ernoult et al. 2019): same signs
 * widen, up to the first width; opposite ones undo the last pulse with the old width, narrow,
 * and forget; else a pulse as it is. */
static void rprop_keeps_its_truth_table(void **state)
{
    (void)state;
    const float w = 0.5f, grow = 1 / 0.99f, shrink = 0.99f;
    static const struct {
        float before, now;
        int pulse;  /* direction                        */
        int factor; /* of the new width: 1 grown, -1 shrunk */
        bool old;   /* the pulse has the old width      */
        float after;
    } rows[9] = {
        {1, 1, 1, 1, false, 1},  {-1, -1, -1, 1, false, -1}, {1, -1, -1, -1, true, 0},
        {-1, 1, 1, -1, true, 0}, {0, 1, 1, 0, true, 1},      {0, -1, -1, 0, true, -1},
        {1, 0, 0, 0, true, 0},   {-1, 0, 0, 0, true, 0},     {0, 0, 0, 0, true, 0},
    };
    for (int undo = 0; undo < 2; undo++)
        for (int i = 0; i < 9; i++) {
            float wanted = 3e-5f * rows[i].now, before = rows[i].before, width = w,
                  pulse = 7;
            nd_rprop r = {.n = 1,
                          .wanted = &wanted,
                          .before = &before,
                          .width = &width,
                          .pulse = &pulse,
                          .grow = grow,
                          .shrink = shrink,
                          .widest = 1.0f,
                          .undo = undo};
            nd_kern()->rprop(&r);
            const float factor = rows[i].factor > 0   ? grow
                                 : rows[i].factor < 0 ? shrink
                                                      : 1.0f;
            const bool back = rows[i].factor < 0;
            assert_true(width == w * factor);
            assert_true(before == rows[i].after);
            assert_true(
                pulse ==
                (back && !undo ? 0.0f : (float)rows[i].pulse * (rows[i].old ? w : width)));
            /* held to its bounds */
            r.widest = w, width = w, before = rows[i].before, r.narrowest = w;
            nd_kern()->rprop(&r);
            assert_true(width == w);
        }
}

/* An undone pulse is not undone again, and the width comes back: a sequence, by hand. */
static void rprop_forgets_after_an_undo(void **state)
{
    (void)state;
    static const float wanted[] = {1, 1, -1, -1, -1, 1, 1};
    static const double pulses[] = {1, 1, -1, -.5, -1, 1, .5};
    static const double widths[] = {1, 1, .5, .5, 1, .5, .5};
    float before = 0, width = 1, pulse;
    for (int t = 0; t < 7; t++) {
        const nd_rprop r = {.n = 1,
                            .wanted = &wanted[t],
                            .before = &before,
                            .width = &width,
                            .pulse = &pulse,
                            .grow = 2,
                            .shrink = 0.5f,
                            .widest = 1,
                            .undo = true};
        nd_kern()->rprop(&r);
        assert_true((double)width == widths[t]);
        assert_true((double)pulse == pulses[t]);
    }
}

/* What was wanted is what was sent and what is left: sum g = eps sum pulses + chi. */
static void accumulation_conserves(void **state)
{
    (void)state;
    enum { N = 333, STEPS = 400 };
    static float wanted[N], chi[N], pulse[N];
    for (int whole = 0; whole < 2; whole++) {
        double asked[N] = {0}, sent[N] = {0};
        bool any = false;
        memset(chi, 0, sizeof chi);
        for (uint32_t t = 0; t < STEPS; t++) {
            const nd_accumulation a = {.n = N,
                                       .wanted = wanted,
                                       .chi = chi,
                                       .pulse = pulse,
                                       .gain = 1.0f,
                                       .step = 0.01f,
                                       .width = 0.25f,
                                       .most = 1e6f,
                                       .whole = whole};
            uniform(wanted, N, 100 + t, -0.02f, 0.025f);
            nd_kern()->accumulate(&a);
            for (int i = 0; i < N; i++) {
                const double p = (double)pulse[i] / 0.25;
                asked[i] += (double)wanted[i];
                sent[i] += p;
                assert_true(p == rint(p));
                assert_true(fabs((double)chi[i]) <= (whole ? 0.01 : 0.005) * 1.0001);
                assert_true(!whole || p == 0 || p * (double)chi[i] >= -1e-7);
                any |= p != 0;
            }
        }
        assert_true(any);
        for (int i = 0; i < N; i++)
            assert_true(fabs(asked[i] - (double)0.01f * sent[i] - (double)chi[i]) < 2e-6);
    }
}

static void truncation_is_towards_zero(void **state)
{
    (void)state;
    const float wanted[] = {0.999f, 1, 1.5f, 1.999f, 2, 3, -0.999f, -1, -2.5f, 100, 0};
    const float want[] = {0, 1, 1, 1, 2, 3, 0, -1, -2, 5, 0};
    float chi[11] = {0}, pulse[11];
    const nd_accumulation a = {.n = 11,
                               .wanted = wanted,
                               .chi = chi,
                               .pulse = pulse,
                               .gain = 1,
                               .step = 1,
                               .width = 1,
                               .most = 5,
                               .whole = true};
    nd_kern()->accumulate(&a);
    for (int i = 0; i < 11; i++) {
        assert_true(pulse[i] == want[i]);
        assert_true(chi[i] == wanted[i] - want[i]);
    }
}

/* Counts of coincidences are binomial: mean and variance; a chance above 1 is 1; the cells
 * of padding get none. */
static void trains_are_binomial(void **state)
{
    (void)state;
    enum { ROWS = 512, CELLS = ROWS * ND_LANES };
    static float wanted[CELLS], pulse[CELLS];
    static const struct {
        unsigned slots;
        double p;
    } cases[] = {{31, 0.1}, {10, 0.5}, {1, 0.3}, {7, 0.01}, {255, 0.9}, {31, 1.5}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        const double p = fmin(1, cases[c].p), slots = cases[c].slots;
        double mean = 0, square = 0, next = 0, n = ROWS * 12;
        for (size_t i = 0; i < CELLS; i++)
            wanted[i] = (float)((i / ND_LANES % 2 ? -2 : 2) * cases[c].p);
        const nd_train t = {.cells = {.rows = ROWS, .lanes = 12},
                            .wanted = wanted,
                            .pulse = pulse,
                            .slots = cases[c].slots,
                            .chance = 0.5f,
                            .width = 0.5f,
                            .at = {.seed = 1, .stream = 9}};
        nd_kern()->train(&t);
        double last = 0;
        for (size_t i = 0; i < CELLS; i++) {
            const double k = (double)pulse[i] * (wanted[i] < 0 ? -2 : 2);
            if (i % ND_LANES >= 12) {
                assert_true(k == 0);
                continue;
            }
            assert_true(k == rint(k) && k >= 0 && k <= slots);
            mean += k / n, square += k * k / n;
            next += (k - slots * p) * (last - slots * p) / n;
            last = k;
        }
        const double variance = slots * p * (1 - p);
        const double kurtosis = variance > 0 ? 1 / variance - 6 / slots : 0; /* excess */
        const double spread = sqrt((2 + kurtosis) / n); /* relative, of the variance */
        assert_true(fabs(mean - slots * p) <= 4.5 * sqrt(variance / n) + 1e-9);
        assert_true(fabs(square - mean * mean - variance) <=
                    4.5 * spread * variance + 1e-9);
        assert_true(fabs(next) <= 4.5 * variance / sqrt(n) + slots * slots / n + 1e-9);
    }
}

/* ... in every place: counts against the binomial formula. */
static void trains_have_the_whole_distribution(void **state)
{
    (void)state;
    enum { ROWS = 1024, CELLS = ROWS * ND_LANES, TIMES = 12 };
    static float wanted[CELLS], pulse[CELLS];
    static const struct {
        unsigned slots;
        double p;
    } cases[] = {{31, 0.08}, {31, 0.001}, {64, 0.5}, {65, 0.4}, {200, 0.93}, {2, 0.7}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        const double n = cases[c].slots, p = cases[c].p, all = (double)CELLS * TIMES;
        unsigned seen[256] = {0};
        for (size_t i = 0; i < CELLS; i++)
            wanted[i] = (float)p;
        for (uint32_t t = 0; t < TIMES; t++) {
            nd_kern()->train(&(nd_train){.cells = {.rows = ROWS, .lanes = ND_LANES},
                                         .wanted = wanted,
                                         .pulse = pulse,
                                         .slots = cases[c].slots,
                                         .chance = 1,
                                         .width = 1,
                                         .at = {.seed = 3, .batch = t}});
            for (size_t i = 0; i < CELLS; i++)
                seen[(int)pulse[i]]++;
        }
        for (double k = 0; k <= n; k++) {
            const double choose = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1);
            const double want = all * exp(choose + k * log(p) + (n - k) * log(1 - p));
            if (fabs(seen[(int)k] - want) > 4.5 * sqrt(want) + 2)
                fail_msg("%g slots, p %g: %u times %g, not %.1f", n, p, seen[(int)k], k,
                         want);
        }
    }
}

/* Bisection and growth find any pulse response that rises. */
static void verify_closes_in(void **state)
{
    (void)state;
    enum { N = 64 };
    float target[N], weight[N] = {0}, gain[N], pulse[N];
    uniform(target, N, 4, -1.0f, 1.0f);
    for (int t = 0; t < 25; t++) {
        const nd_verification v = {.n = N,
                                   .target = target,
                                   .weight = weight,
                                   .gain = gain,
                                   .pulse = pulse,
                                   .per_slope = 1,
                                   .tolerance = 0.01f,
                                   .widest = 1,
                                   .fresh = t == 0};
        nd_kern()->verify(&v);
        for (int i = 0; i < N; i++) {
            assert_true(fabsf(pulse[i]) <= 1);
            if (fabsf(target[i] - weight[i]) <= 0.01f)
                assert_true(pulse[i] == 0);
            else /* steps are up to 4 times too large, or too small */
                weight[i] += pulse[i] * (i % 2 ? 4.0f : 0.25f);
        }
    }
    for (int i = 0; i < N; i++)
        assert_true(fabsf(target[i] - weight[i]) <= 0.01f);
    /* giving up: what is far is near, what is near stays */
    const float before = target[1];
    target[0] = weight[0] + 3, target[2] = weight[2] - 1;
    nd_kern()->verify(&(nd_verification){.n = N,
                                         .target = target,
                                         .weight = weight,
                                         .gain = gain,
                                         .pulse = pulse,
                                         .tolerance = 0.01f,
                                         .widest = 1,
                                         .give_up = true});
    assert_true(fabsf(target[0] - weight[0] - 0.01f) < 1e-6f && pulse[0] == 0);
    assert_true(fabsf(target[2] - weight[2] + 0.01f) < 1e-6f);
    assert_true(fabsf(target[1] - before) < 1e-6f);
}

/* ---- bits ---- */

enum { SIZE = 80 };
typedef struct scratch {
    float a[SIZE], b[SIZE], c[SIZE], out[SIZE];
} scratch;

static void all_schemes(const nd_kernels *k, size_t n, scratch s[4])
{
    float wanted[SIZE];
    memset(s, 0, 4 * sizeof *s);
    for (uint32_t t = 0; t < 4; t++) {
        uniform(wanted, SIZE, 20 + t, -1.0f, 1.0f);
        if (t == 0) uniform(s[3].b, n, 40, -1.0f, 1.0f);
        for (size_t i = 0; i < SIZE; i += 5)
            wanted[i] = 0;
        for (size_t i = 0; t == 0 && i < SIZE; i++)
            s[0].b[i] = 0.5f;
        k->rprop(&(nd_rprop){.n = n,
                             .wanted = wanted,
                             .before = s[0].a,
                             .width = s[0].b,
                             .pulse = s[0].out,
                             .grow = 1.1f,
                             .shrink = 0.7f,
                             .widest = 0.6f,
                             .narrowest = 0.3f,
                             .undo = t % 2});
        k->accumulate(&(nd_accumulation){.n = n,
                                         .wanted = wanted,
                                         .chi = s[1].a,
                                         .pulse = s[1].out,
                                         .gain = 0.9f,
                                         .step = 0.3f,
                                         .width = 0.1f,
                                         .most = 2,
                                         .whole = t % 2});
        for (size_t cut = 0; cut < 2; cut++)
            k->train(&(nd_train){
                .cells = {.rows = cut ? n / ND_LANES / 2 : n / ND_LANES - n / ND_LANES / 2,
                          .lanes = cut ? 16 : (unsigned)(n % ND_LANES) + 1,
                          .first = cut ? 0 : (uint32_t)(n / ND_LANES / 2)},
                .wanted = wanted + (cut ? 0 : n / ND_LANES / 2 * ND_LANES),
                .pulse = s[2].out + (cut ? 0 : n / ND_LANES / 2 * ND_LANES),
                .slots = 3 + 5 * t,
                .chance = 0.8f,
                .width = 0.1f,
                .at = {.seed = t, .stream = 8}});
        k->verify(&(nd_verification){.n = n,
                                     .target = s[3].b,
                                     .weight = s[3].c,
                                     .gain = s[3].a,
                                     .pulse = s[3].out,
                                     .per_slope = 0.4f,
                                     .tolerance = 0.05f,
                                     .widest = 0.3f,
                                     .fresh = t == 0,
                                     .give_up = t == 2});
        k->add(n, s[3].out, s[3].c);
    }
}

static void same_bits_everywhere(void **state)
{
    (void)state;
    const nd_kernels *isa[ISAS_MAX];
    const size_t count = isas(isa);
    scratch want[4], got[4];
    for (size_t n = 0; n <= SIZE; n++) {
        all_schemes(isa[0], n, want);
        for (size_t i = 1; i < count; i++) {
            all_schemes(isa[i], n, got);
            for (size_t k = 0; k < 4; k++)
                if (memcmp(&want[k], &got[k], sizeof *got) != 0)
                    fail_msg("kernel %zu of %s differs from scalar at size %zu", k,
                             isa[i]->isa, n);
        }
        for (size_t k = 0; k < 4; k++) /* nothing beyond the end */
            for (size_t i = n; i < SIZE; i++)
                assert_true(want[k].out[i] == 0.0f);
    }
}

int main(void)
{
    nd_err err = {0};
    if (nd_kern_choose(&err) != ND_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rprop_keeps_its_truth_table),
        cmocka_unit_test(rprop_forgets_after_an_undo),
        cmocka_unit_test(accumulation_conserves),
        cmocka_unit_test(truncation_is_towards_zero),
        cmocka_unit_test(trains_are_binomial),
        cmocka_unit_test(trains_have_the_whole_distribution),
        cmocka_unit_test(verify_closes_in),
        cmocka_unit_test(same_bits_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
