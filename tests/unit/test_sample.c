/* test_sample.c -- sampled designs: their points against published ones and their defining
 * properties, and how a spec lays them over its axes. */
#include "nudge/sample.h"
#include "nudge/spec.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static nd_sampler sampler(nd_design design, nd_scramble scramble, uint64_t seed)
{
    return (nd_sampler){design, scramble, seed};
}

/* ---- points ---- */

/* The first ten points in three dimensions, as the program of Joe and Kuo prints them. */
static void sobol_as_published(void **state)
{
    (void)state;
    static const double wanted[10][3] = {
        {0, 0, 0},
        {0.5, 0.5, 0.5},
        {0.75, 0.25, 0.25},
        {0.25, 0.75, 0.75},
        {0.375, 0.375, 0.625},
        {0.875, 0.875, 0.125},
        {0.625, 0.125, 0.875},
        {0.125, 0.625, 0.375},
        {0.1875, 0.3125, 0.9375},
        {0.6875, 0.8125, 0.4375},
    };
    const nd_sampler s = sampler(ND_DESIGN_SOBOL, ND_SCRAMBLE_NONE, 1);
    for (uint32_t i = 0; i < 10; i++)
        for (size_t d = 0; d < 3; d++)
            assert_true(nd_sample(&s, d, i) == wanted[i][d]);
}

/* Points of elementary interval (k of 2^bits equal ones) along each of two axes. */
static bool is_net(const nd_sampler *s, size_t x, size_t y, int m, int bits_x, int bits_y)
{
    unsigned char seen[1024] = {0};
    for (uint32_t i = 0; i < (uint32_t)1 << m; i++) {
        const unsigned kx = (unsigned)ldexp(nd_sample(s, x, i), bits_x);
        const unsigned ky = (unsigned)ldexp(nd_sample(s, y, i), bits_y);
        if (seen[kx << bits_y | ky]++) return false;
    }
    return true;
}

/* The first two axes are a (0, m, 2)-net: each box 2^-a x 2^-(m-a) has one of 2^m points,
 * scrambled or not. Random points are none, so the test can fail. */
static void sobol_is_a_net(void **state)
{
    (void)state;
    const nd_scramble scrambles[] = {ND_SCRAMBLE_NONE, ND_SCRAMBLE_SHIFT, ND_SCRAMBLE_OWEN};
    for (size_t k = 0; k < 3; k++)
        for (uint64_t seed = 1; seed <= 3; seed++) {
            const nd_sampler s = sampler(ND_DESIGN_SOBOL, scrambles[k], seed);
            for (int m = 1; m <= 8; m++)
                for (int a = 0; a <= m; a++)
                    assert_true(is_net(&s, 0, 1, m, a, m - a));
        }
    const nd_sampler random = sampler(ND_DESIGN_RANDOM, ND_SCRAMBLE_NONE, 1);
    assert_false(is_net(&random, 0, 1, 8, 4, 4));
}

/* Each of the first 2^m points of a sequence lies in a stratum of its own, along every axis. */
static void strata(const nd_sampler *s, size_t axes)
{
    for (size_t axis = 0; axis < axes; axis++)
        for (int m = 0; m <= 10; m++)
            if (!is_net(s, axis, axis, m, m, 0))
                fail_msg("%s: axis %zu, 2^%d points", nd_design_name(s->design), axis, m);
}

static void one_point_a_stratum(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 4; seed++) {
        const nd_sampler lhs = sampler(ND_DESIGN_LHS, ND_SCRAMBLE_OWEN, seed);
        const nd_sampler sobol = sampler(ND_DESIGN_SOBOL, ND_SCRAMBLE_OWEN, seed);
        strata(&lhs, 8);
        strata(&sobol, ND_SOBOL_AXES);
    }
}

static double correlation(const nd_sampler *s, size_t x, size_t y, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += (nd_sample(s, x, i) - 0.5) * (nd_sample(s, y, i) - 0.5);
    return sum / n * 12;
}

/* Axes have nothing to do with each other, nor seeds; and all lie in [0, 1). */
static void axes_are_independent(void **state)
{
    (void)state;
    enum { N = 1024, AXES = 6 };
    const nd_design designs[] = {ND_DESIGN_RANDOM, ND_DESIGN_LHS, ND_DESIGN_SOBOL};
    for (size_t k = 0; k < 3; k++) {
        const nd_sampler s = sampler(designs[k], ND_SCRAMBLE_OWEN, 5);
        const nd_sampler other = sampler(designs[k], ND_SCRAMBLE_OWEN, 6);
        size_t same = 0;
        for (size_t x = 0; x < AXES; x++) {
            assert_true(fabs(correlation(&s, x, x, N) - 1) < 0.1);
            for (size_t y = 0; y < x; y++) /* 4 standard deviations of independent points */
                assert_true(fabs(correlation(&s, x, y, N)) < 4.0 / 32);
            for (uint32_t i = 0; i < N; i++) {
                const double u = nd_sample(&s, x, i);
                assert_true(u >= 0 && u < 1);
                same += u == nd_sample(&other, x, i);
            }
        }
        assert_int_equal(same, 0);
    }
}

/* The mean of a smooth function over 2^12 points: Sobol's error is far below chance's. */
static void sobol_integrates(void **state)
{
    (void)state;
    double error[ND_DESIGNS] = {0};
    const nd_design designs[] = {ND_DESIGN_RANDOM, ND_DESIGN_SOBOL};
    for (size_t k = 0; k < 2; k++)
        for (uint64_t seed = 1; seed <= 4; seed++) {
            const nd_sampler s = sampler(designs[k], ND_SCRAMBLE_OWEN, seed);
            double sum = 0;
            for (uint32_t i = 0; i < 4096; i++) {
                double f = 1;
                for (size_t d = 0; d < 5; d++)
                    f *= 1 + (nd_sample(&s, d, i) - 0.5);
                sum += f;
            }
            error[designs[k]] += fabs(sum / 4096 - 1) / 4;
        }
    assert_true(error[ND_DESIGN_SOBOL] < error[ND_DESIGN_RANDOM] / 20);
}

/* ---- in a spec ---- */

static nd_spec *parse(const char *text, const char *set)
{
    const nd_source source = {"t.yaml", text, strlen(text)};
    nd_spec *s = NULL;
    nd_err err = {0};
    if (nd_spec_parse(&source, &set, set != NULL, &s, &err) != ND_OK)
        fail_msg("%s\nin\n%s", err.message, text);
    return s;
}

static nd_params point(const nd_spec *s, size_t i, bool *kept)
{
    nd_params p;
    nd_err err = {0};
    if (nd_spec_point(s, i, &p, NULL, kept, &err) != ND_OK) fail_msg("%s", err.message);
    return p;
}

static nd_key key_of(const nd_spec *s, size_t i)
{
    bool kept;
    nd_key key;
    const nd_params p = point(s, i, &kept);
    assert_int_equal(nd_params_key(&p, &key, NULL), ND_OK);
    return key;
}

static const char *const kinds[] = {"random", "lhs", "sobol",
                                    "{kind: sobol, scramble: none, seed: 9}"};
static const char axes[] =
    "axes:\n  ep.beta: {linspace: [0.1, 0.3]}\n  device.c2c: {logspace: [0.001, 0.1, 4]}\n"
    "  ep.T: {linspace: [10, 12, 3]}\n  model.activation: [tanh, logistic, relu]\n"
    "  ep.K: {range: [4, 8, 2]}\n";

static nd_spec *sampled(const char *kind, int samples, const char *rest, const char *set)
{
    char text[1024];
    snprintf(text, sizeof text, "campaign: t\ndesign: %s\nsamples: %d\n%s%s", kind, samples,
             axes, rest);
    return parse(text, set);
}

/* Intervals are covered from end to end, whole numbers and listed values in equal shares. */
static void values_of_axes(void **state)
{
    (void)state;
    enum { N = 3072 };
    for (size_t k = 0; k < 4; k++) {
        nd_spec *s = sampled(kinds[k], N, "", NULL);
        assert_int_equal(nd_spec_points(s), N);
        assert_int_equal(nd_spec_dims(s), 1);
        double beta[2] = {1, 0}, below = 0;
        size_t t[3] = {0}, activation[16] = {0}, steps[3] = {0};
        for (size_t i = 0; i < N; i++) {
            bool kept;
            const nd_params p = point(s, i, &kept);
            beta[0] = fmin(beta[0], p.ep_beta);
            beta[1] = fmax(beta[1], p.ep_beta);
            below += p.device_c2c < 0.01;
            assert_true(p.device_c2c >= 0.001 && p.device_c2c <= 0.1);
            assert_true(p.ep_T >= 10 && p.ep_T <= 12);
            assert_true(p.ep_K == 4 || p.ep_K == 6 || p.ep_K == 8);
            t[p.ep_T - 10]++;
            steps[p.ep_K / 2 - 2]++;
            activation[p.model_activation]++;
        }
        assert_true(beta[0] >= 0.1 && beta[0] < 0.1005 && beta[1] <= 0.3 &&
                    beta[1] > 0.2995);
        assert_true(fabs(below / N - 0.5) < 0.05);
        size_t kinds_seen = 0;
        for (size_t a = 0; a < 16; a++)
            kinds_seen += activation[a] > N / 3 - 120 && activation[a] < N / 3 + 120;
        assert_int_equal(kinds_seen, 3);
        for (size_t a = 0; a < 3; a++) {
            assert_true(t[a] > N / 3 - 120 && t[a] < N / 3 + 120);
            assert_true(steps[a] > N / 3 - 120 && steps[a] < N / 3 + 120);
        }
        nd_spec_free(s);
    }
}

/* More samples keep the trials that there are: the same keys, in the same places. */
static void extension_keeps_keys(void **state)
{
    (void)state;
    for (size_t k = 0; k < 4; k++) {
        nd_spec *few = sampled(kinds[k], 37, "", NULL),
                *many = sampled(kinds[k], 200, "", NULL);
        for (size_t i = 0; i < 37; i++)
            assert_true(nd_key_same(key_of(few, i), key_of(many, i)));
        assert_false(nd_key_same(key_of(few, 0), key_of(many, 37)));
        nd_spec_free(few);
        nd_spec_free(many);
    }
}

/* Whatever else a spec has multiplies the samples, which stay the same. */
static void with_everything_else(void **state)
{
    (void)state;
    nd_spec *s =
        sampled("sobol", 16,
                "base: {data.validation: 100}\n"
                "cases:\n  - {name: a, train.epochs: 1}\n  - {name: b, train.epochs: 2}\n"
                "derive: {ep.dt: \"1 / ep.T\"}\nwhere: \"ep.beta < 0.2\"\n"
                "tune: {program.width: [0.001, 0.01]}\nreplicates: {device: 3}\n",
                NULL);
    nd_spec *bare = sampled("sobol", 16, "", NULL);
    assert_int_equal(nd_spec_points(s), 2 * 16 * 2 * 3);
    size_t kept_points = 0;
    for (size_t i = 0; i < nd_spec_points(s); i++) {
        bool kept, all;
        const nd_params p = point(s, i, &kept), q = point(bare, i / 6 % 16, &all);
        assert_true(p.ep_beta == q.ep_beta && p.device_c2c == q.device_c2c);
        assert_true(p.train_epochs == (i < 96 ? 1 : 2));
        assert_true(fabs(p.ep_dt * (double)p.ep_T - 1) < 1e-9);
        assert_true(kept == (p.ep_beta < 0.2));
        kept_points += kept;
    }
    assert_int_equal(nd_spec_kept(s), kept_points);
    assert_int_equal(kept_points, 96); /* half the interval: exact for a net of 16 */
    nd_spec_free(s);
    nd_spec_free(bare);
}

/* An axis that --set holds keeps its place among the axes, so that the others keep theirs. */
static void an_axis_overridden(void **state)
{
    (void)state;
    nd_spec *s = sampled("lhs", 8, "", NULL), *held = sampled("lhs", 8, "", "ep.beta=0.25");
    for (size_t i = 0; i < 8; i++) {
        bool kept;
        const nd_params p = point(s, i, &kept), q = point(held, i, &kept);
        assert_true(q.ep_beta == 0.25 && p.device_c2c == q.device_c2c && p.ep_T == q.ep_T);
    }
    nd_spec_free(s);
    nd_spec_free(held);
}

/* Any beginning of a good spec, and any one byte changed, is read or refused: no crash. */
static void hostile_bytes(void **state)
{
    (void)state;
    static const char text[] =
        "campaign: h\ndesign: {kind: sobol, seed: 3, scramble: none}\nsamples: 5\n"
        "axes:\n  ep.beta: {linspace: [0.1, 3]}\n  ep.T: {logspace: [9, 4, 2]}\n"
        "  ep.K: {range: [1, 9, 2]}\n  model.layers: [[7, 3], [7, 4]]\n"
        "where: \"ep.T < 8\"\n";
    static const char bytes[] = {0,   '\n', '"', '[', '{',       ':',
                                 '-', '9',  '0', ' ', (char)0xff};
    for (size_t i = 0; i < sizeof text; i++)
        for (size_t b = 0; b <= sizeof bytes; b++) {
            char copy[sizeof text];
            memcpy(copy, text, sizeof text);
            if (b < sizeof bytes) copy[i] = bytes[b];
            const nd_source source = {"h", copy, b < sizeof bytes ? sizeof text - 1 : i};
            nd_spec *s = NULL;
            nd_err err = {0};
            if (nd_spec_parse(&source, NULL, 0, &s, &err) != ND_OK)
                assert_true(err.message[0] != '\0');
            nd_spec_free(s);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sobol_as_published),   cmocka_unit_test(sobol_is_a_net),
        cmocka_unit_test(one_point_a_stratum),  cmocka_unit_test(axes_are_independent),
        cmocka_unit_test(sobol_integrates),     cmocka_unit_test(values_of_axes),
        cmocka_unit_test(extension_keeps_keys), cmocka_unit_test(with_everything_else),
        cmocka_unit_test(an_axis_overridden),   cmocka_unit_test(hostile_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
