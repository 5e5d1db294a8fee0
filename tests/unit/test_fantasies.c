/* test_fantasies.c -- what machines dream, against exact probabilities: chains left alone,
 * chains that keep a label, and what comes down through a stack. */
#include "nudge/machine.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "set.h"

enum { M = 500, X = 4, C = 3, STATES = 1 << X, LD = 16 };

static float x[LD], y[LD];

/* A network with random weights that has seen one dark image. */
static void open_net(nd_net *net, const char *kind, const char *layers)
{
    nd_params p;
    nd_err err = {0};
    const uint8_t label = 0;
    nd_params_defaults(&p);
    set(&p, "model.kind", kind);
    set(&p, "model.layers", layers);
    set(&p, "train.rates", "1");
    if (nd_net_new(net, &p, (nd_shape){.features = X, .classes = C, .examples = 1}, &err))
        fail_msg("%s", err.message);
    for (size_t k = 0; k < net->n_banks; k++) {
        nd_bank *b = &net->bank[k];
        const nd_at at = {.seed = 77, .stream = (uint32_t)k + 1};
        for (size_t i = 0; i < b->k; i++)
            for (size_t j = 0; j < b->n; j++)
                b->weight[nd_panel_at(b->k, i, j)] =
                    (float)(3 * nd_philox_unit(at, (uint32_t)(i * b->n + j)) - 1.5);
    }
    const nd_batch b = {.B = 1,
                        .x = x,
                        .y = y,
                        .label = &label,
                        .at = {.seed = 1, .epoch = 1},
                        .judged = true};
    net->ops->settle(net, &b, ND_PHASE_FREE);
}

/* Visible states of chains drawn through their expectations: p(v) = mean over chains and time
 * of prod_i p_i^v_i (1 - p_i)^(1 - v_i), which is what the next draw would be. */
static void measure(nd_fantasies *f, size_t sweeps, double *p)
{
    memset(p, 0, STATES * sizeof *p);
    for (size_t t = 0; t < 50 + sweeps; t++) {
        size_t ld;
        nd_fantasies_step(f);
        const float *e = nd_fantasies_expected(f, &ld);
        for (size_t i = 0; t >= 50 && i < M; i++)
            for (unsigned s = 0; s < STATES; s++) {
                double q = 1.0 / (double)(M * sweeps);
                for (size_t k = 0; k < X; k++) {
                    const double on = (double)e[i * ld + k];
                    q *= s >> k & 1 ? on : 1 - on;
                }
                p[s] += q;
            }
    }
}

/* Standard error of a state's probability: below 0.5/sqrt(500 * 400 / (2 tau)), tau < 4. */
static const double tolerance = 5 * 0.5 / 158;

static void chains_have_the_exact_probabilities(void **state)
{
    (void)state;
    nd_net net;
    nd_machine m;
    nd_fantasies *f;
    nd_err err = {0};
    double got[STATES], want[C * STATES];
    for (int labels = 0; labels < 2; labels++) {
        open_net(&net, labels ? "drbm" : "rbm", "[4, 3, 3]");
        assert_int_equal(nd_machine_read(&net, 0, &m, &err), ND_OK);
        assert_int_equal(nd_machine_classes(&net, 0), labels ? C : 0);
        assert_int_equal(nd_boltzmann_table(&m.view, want, &err), ND_OK);
        for (size_t s = 0; labels && s < STATES; s++)
            want[s] += want[STATES + s] + want[2 * STATES + s];
        assert_int_equal(nd_fantasies_new(&f, &net, 0, M, &err), ND_OK);
        assert_int_equal(nd_fantasies_units(f), X + (labels ? C : 0));
        nd_fantasies_start(f, 1, (nd_at){.seed = 3, .epoch = 2});
        measure(f, 400, got);
        for (size_t s = 0; s < STATES; s++)
            if (!(fabs(got[s] - want[s]) < tolerance))
                fail_msg("state %zu: %g, not %g", s, got[s], want[s]);
        nd_fantasies_free(f);
        nd_machine_free(&m);
        nd_net_free(&net);
    }
}

static void labels_can_be_held(void **state)
{
    (void)state;
    nd_net net;
    nd_machine m;
    nd_fantasies *f;
    nd_err err = {0};
    double got[STATES], want[C * STATES], furthest = 0;
    open_net(&net, "drbm", "[4, 3, 3]");
    assert_int_equal(nd_machine_read(&net, 0, &m, &err), ND_OK);
    assert_int_equal(nd_boltzmann_table(&m.view, want, &err), ND_OK);
    assert_int_equal(nd_fantasies_new(&f, &net, 0, M, &err), ND_OK);
    for (uint8_t label = 0; label < C; label++) {
        uint8_t all[M];
        double sum = 0;
        memset(all, label, sizeof all);
        nd_fantasies_hold(f, all);
        nd_fantasies_start(f, 1, (nd_at){.seed = 4, .epoch = label});
        measure(f, 400, got);
        for (size_t s = 0; s < STATES; s++)
            sum += want[label * STATES + s];
        for (size_t s = 0; s < STATES; s++) {
            const double given = want[label * STATES + s] / sum;
            if (!(fabs(got[s] - given) < tolerance))
                fail_msg("label %d, state %zu: %g, not %g", label, s, got[s], given);
            furthest = fmax(furthest, fabs(given - want[s] / sum));
        }
    }
    assert_true(furthest > 10 * tolerance); /* labels do make a difference */
    nd_fantasies_free(f);
    nd_machine_free(&m);
    nd_net_free(&net);
}

/* A free energy is that of the states drawn: compared by its mean. */
static void free_energies_are_of_the_states(void **state)
{
    (void)state;
    nd_net net;
    nd_machine m;
    nd_fantasies *f;
    nd_err err = {0};
    double want[STATES], exact = 0, mean = 0;
    open_net(&net, "rbm", "[4, 3, 3]");
    assert_int_equal(nd_machine_read(&net, 0, &m, &err), ND_OK);
    assert_int_equal(nd_boltzmann_table(&m.view, want, &err), ND_OK);
    for (unsigned s = 0; s < STATES; s++) {
        double v[X];
        for (size_t i = 0; i < X; i++)
            v[i] = s >> i & 1;
        exact += want[s] * nd_boltzmann_free_energy(&m.view, v, ND_NO_LABEL);
    }
    assert_int_equal(nd_fantasies_new(&f, &net, 0, M, &err), ND_OK);
    nd_fantasies_start(f, 1, (nd_at){.seed = 5, .epoch = 1});
    for (size_t t = 0; t < 450; t++) {
        nd_fantasies_step(f);
        for (size_t i = 0; t >= 50 && i < M; i++)
            mean += nd_fantasies_free_energy(f, i) / (M * 400.0);
    }
    if (!(fabs(mean - exact) < 0.05)) fail_msg("%g, not %g", mean, exact);
    nd_fantasies_free(f);
    nd_machine_free(&m);
    nd_net_free(&net);
}

/* From the last of three machines down: p(v | h) twice, in double. */
static void stacks_pass_it_down(void **state)
{
    (void)state;
    nd_net net;
    nd_machine m[3];
    nd_fantasies *f;
    nd_err err = {0};
    float pixels[M * X];
    size_t ld;
    open_net(&net, "dbn", "[4, 6, 5, 7, 3]");
    assert_int_equal(nd_machine_count(&net), 3);
    for (size_t l = 0; l < 3; l++)
        assert_int_equal(nd_machine_read(&net, l, &m[l], &err), ND_OK);
    assert_int_equal(nd_fantasies_new(&f, &net, 2, M, &err), ND_OK);
    nd_fantasies_start(f, 1, (nd_at){.seed = 6, .epoch = 1});
    nd_fantasies_step(f);
    assert_int_equal(nd_fantasies_pixels(f, pixels, &err), ND_OK);
    const float *top = nd_fantasies_expected(f, &ld);
    for (size_t i = 0; i < M; i++) {
        double h2[5], h1[6], v[X];
        for (size_t k = 0; k < 5; k++)
            h2[k] = (double)top[i * ld + k];
        nd_boltzmann_visible(&m[1].view, h2, h1);
        nd_boltzmann_visible(&m[0].view, h1, v);
        for (size_t k = 0; k < X; k++)
            assert_true(fabs((double)pixels[i * X + k] - v[k]) < 1e-5);
    }
    nd_fantasies_free(f);
    for (size_t l = 0; l < 3; l++)
        nd_machine_free(&m[l]);
    nd_net_free(&net);
}

int main(void)
{
    nd_err err = {0};
    if (nd_kern_choose(&err) != ND_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chains_have_the_exact_probabilities),
        cmocka_unit_test(labels_can_be_held),
        cmocka_unit_test(free_energies_are_of_the_states),
        cmocka_unit_test(stacks_pass_it_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
