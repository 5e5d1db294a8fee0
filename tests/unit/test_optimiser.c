/* test_optimiser.c -- optimisers against double precision and closed forms, on every ISA;
 * schedules; and the way through a network to its devices. */
#include "nudge/model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "set.h"

enum { N_MAX = 100 };

typedef struct arrays {
    float w[N_MAX], g[N_MAX], m[N_MAX], v[N_MAX];
} arrays;

static nd_params params(const char *optimiser)
{
    nd_params p;
    nd_params_defaults(&p);
    set(&p, "train.optimiser", optimiser);
    return p;
}

static arrays noise(void)
{
    arrays a;
    const nd_kernels *k = nd_kern();
    k->uniforms((nd_at){.seed = 3, .stream = 1}, N_MAX, -1, 1, a.w);
    k->uniforms((nd_at){.seed = 3, .stream = 2}, N_MAX, -0.1f, 0.1f, a.g);
    k->uniforms((nd_at){.seed = 3, .stream = 3}, N_MAX, -0.1f, 0.1f, a.m);
    k->uniforms((nd_at){.seed = 3, .stream = 4}, N_MAX, 0, 0.01f, a.v);
    return a;
}

static nd_descent descent(arrays *a, size_t n)
{
    return (nd_descent){.n = n,
                        .weight = a->w,
                        .change = a->g,
                        .m = a->m,
                        .v = a->v,
                        .rate = 0.03f,
                        .decay = 0.002f,
                        .keep_m = 0.9f,
                        .keep_v = 0.99f,
                        .root_v = 1.7f,
                        .eps = 1e-6f};
}

static void run(const nd_kernels *k, int which, const nd_descent *d)
{
    void (*const step[])(const nd_descent *) = {k->sgd, k->momentum, k->adam};
    step[which](d);
}

/* ---- kernels ---- */

/* All tail sizes; what lies beyond the size stays as it was. */
static void kernels_same_bits(void **state)
{
    (void)state;
    bool usable;
    const nd_kernels *k, *scalar = nd_kern_isa(0, &usable);
    for (size_t i = 1; (k = nd_kern_isa(i, &usable)); i++)
        for (int which = 0; usable && which < 3; which++)
            for (size_t n = 0; n <= 70; n++) {
                const arrays start = noise();
                arrays a = start, b = start;
                nd_descent da = descent(&a, n), db = descent(&b, n);
                for (int t = 0; t < 3; t++) {
                    run(scalar, which, &da);
                    run(k, which, &db);
                }
                if (memcmp(&a, &b, sizeof a) != 0)
                    fail_msg("kernel %d differs on %s, n = %zu", which, k->isa, n);
                assert_memory_equal(a.w, start.w, sizeof a.w);
                assert_memory_equal(a.g + n, start.g + n, (N_MAX - n) * sizeof *a.g);
                assert_memory_equal(a.m + n, start.m + n, (N_MAX - n) * sizeof *a.m);
                assert_memory_equal(a.v + n, start.v + n, (N_MAX - n) * sizeof *a.v);
            }
}

static void near(float got, double want, double scale)
{
    if (!(fabs((double)got - want) <= 4e-7 * scale))
        fail_msg("%.9g instead of %.9g", (double)got, want);
}

static void kernels_are_their_equations(void **state)
{
    (void)state;
    for (int which = 0; which < 3; which++) {
        const arrays was = noise();
        arrays is = was;
        const nd_descent d = descent(&is, N_MAX);
        run(nd_kern(), which, &d);
        for (size_t i = 0; i < N_MAX; i++) {
            const double g = (double)was.g[i] - (double)d.decay * (double)was.w[i];
            double m = g, v = (double)was.v[i], change = g;
            if (which == 1) change = m = (double)d.keep_m * (double)was.m[i] + g;
            if (which == 2) {
                m = (double)d.keep_m * (double)was.m[i] + (1 - (double)d.keep_m) * g;
                v = (double)d.keep_v * v + (1 - (double)d.keep_v) * g * g;
                change = m / ((double)d.root_v * sqrt(v) + (double)d.eps);
                near(is.v[i], v, 0.01);
            }
            if (which > 0) near(is.m[i], m, 0.1);
            near(is.g[i], (double)d.rate * change, which == 2 ? 0.1 : 0.01);
        }
    }
}

/* ---- steps ---- */

typedef struct walk {
    nd_params p;
    nd_arena arena;
    nd_optimiser o;
    float w[N_MAX], change[N_MAX];
} walk;

static void start(walk *x, const nd_params *p)
{
    memset(x, 0, sizeof *x);
    x->p = *p;
    nd_optimiser_take(&x->o, p, N_MAX, &x->arena);
    assert_int_equal(nd_arena_new(&x->arena, x->arena.used, NULL), ND_OK);
    nd_optimiser_take(&x->o, p, N_MAX, &x->arena);
}

static void step(walk *x, bool bias, uint32_t epoch)
{
    nd_optimiser_step(&x->o, &x->p, 0, bias, epoch, N_MAX, x->w, x->change);
    for (size_t i = 0; i < N_MAX; i++)
        x->w[i] += x->change[i];
}

static void fill(float *x, float value)
{
    for (size_t i = 0; i < N_MAX; i++)
        x[i] = value;
}

/* Without a gradient a weight decays by rate * decay of itself in each step. */
static void decay_is_geometric(void **state)
{
    (void)state;
    nd_params p = params("sgd");
    set(&p, "train.rates", "0.1");
    set(&p, "train.decay", "0.5");
    for (int bias = 0; bias < 2; bias++)
        for (int all = 0; all < 2; all++) {
            set(&p, "train.decay_on", all ? "all" : "weights");
            walk x;
            start(&x, &p);
            fill(x.w, 2.0f);
            for (int t = 0; t < 20; t++) {
                fill(x.change, 0.0f);
                step(&x, bias, 1);
            }
            near(x.w[7], bias && !all ? 2.0 : 2.0 * pow(0.95, 20), 20);
            nd_arena_free(&x.arena);
        }
}

/* Under a constant gradient g the velocity is g (1 - mu^t) / (1 - mu). */
static void momentum_sums_a_geometric_series(void **state)
{
    (void)state;
    nd_params p = params("momentum");
    set(&p, "train.rates", "0.01");
    set(&p, "train.momentum", "0.8");
    walk x;
    start(&x, &p);
    for (int t = 1; t <= 30; t++) {
        fill(x.change, 0.3f);
        step(&x, false, 1);
        near(x.change[N_MAX - 1], 0.01 * 0.3 * (1 - pow(0.8, t)) / 0.2, 1);
    }
    nd_arena_free(&x.arena);
}

/* A first step is as long as the rate, whatever the gradient; a constant gradient leaves it
 * so. */
static void adam_steps_are_as_long_as_the_rate(void **state)
{
    (void)state;
    nd_params p = params("adam");
    set(&p, "train.rates", "0.01");
    walk x;
    start(&x, &p);
    for (int t = 1; t <= 50; t++) {
        for (size_t i = 0; i < N_MAX; i++)
            x.change[i] = (i % 2 ? -0.01f : 0.01f) * (float)(i + 1) * (float)(i + 1);
        step(&x, false, 1);
        for (size_t i = 0; i < N_MAX; i++) /* eps is 1e-6 of the smallest gradient */
            if (!(fabs((double)x.change[i] - (i % 2 ? -0.01 : 0.01)) < 2e-8))
                fail_msg("step %d of weight %zu: %.9g", t, i, (double)x.change[i]);
    }
    assert_int_equal(x.o.steps, 50);
    nd_arena_free(&x.arena);
}

/* Curvatures over six decades, which plain descent would need a million steps for. */
static void adam_finds_the_bottom_of_a_quadratic(void **state)
{
    (void)state;
    nd_params p = params("adam");
    set(&p, "train.rates", "0.02");
    set(&p, "train.schedule", "cosine");
    set(&p, "train.schedule_epochs", "1000");
    walk x;
    start(&x, &p);
    for (uint32_t t = 1; t <= 1000; t++) {
        for (size_t i = 0; i < N_MAX; i++) {
            const double curvature = pow(10, -3 + 6.0 * (double)i / N_MAX);
            x.change[i] = (float)(curvature * (1.5 - (double)x.w[i]));
        }
        step(&x, false, t);
    }
    for (size_t i = 0; i < N_MAX; i++)
        if (!(fabs((double)x.w[i] - 1.5) < 1e-4))
            fail_msg("weight %zu is at %.7g", i, (double)x.w[i]);
    nd_arena_free(&x.arena);
}

static void state_is_taken_when_needed(void **state)
{
    (void)state;
    static const char *const names[] = {"sgd", "momentum", "adam"};
    for (int i = 0; i < 3; i++) {
        nd_params p = params(names[i]);
        nd_arena a = {0};
        nd_optimiser o;
        nd_optimiser_take(&o, &p, 64, &a);
        assert_int_equal(a.used, (size_t)i * 64 * sizeof(float));
        assert_int_equal(nd_optimiser_plain(&p, 0), i == 0);
        set(&p, "train.decay", "[0, 0.001]");
        assert_int_equal(nd_optimiser_plain(&p, 0), i == 0);
        assert_false(nd_optimiser_plain(&p, 1));
    }
}

/* ---- schedules ---- */

static void rates_follow_their_schedule(void **state)
{
    (void)state;
    nd_params p = params("momentum");
    set(&p, "train.rates", "[0.25, 0.05]");
    set(&p, "train.epochs", "120");
    for (uint32_t e = 0; e <= 121; e++)
        assert_true(nd_optimiser_rate(&p, 1, e) == 0.05);

    set(&p, "train.schedule", "cosine");
    set(&p, "train.schedule_epochs", "100");
    set(&p, "train.rate_end", "1e-5");
    assert_true(nd_optimiser_rate(&p, 0, 1) == 0.25);
    assert_true(nd_optimiser_rate(&p, 1, 1) == 0.05);
    assert_true(fabs(nd_optimiser_rate(&p, 0, 51) - (0.25 + 1e-5) / 2) < 1e-12);
    assert_true(nd_optimiser_rate(&p, 0, 101) == 1e-5);
    assert_true(nd_optimiser_rate(&p, 1, 120) == 1e-5);
    for (uint32_t e = 1; e <= 100; e++)
        assert_true(nd_optimiser_rate(&p, 0, e) > nd_optimiser_rate(&p, 0, e + 1));
    set(&p, "train.schedule_epochs", "0"); /* as long as the training */
    assert_true(nd_optimiser_rate(&p, 0, 120) > 1e-5);
    assert_true(nd_optimiser_rate(&p, 0, 121) == 1e-5);

    set(&p, "train.schedule", "step");
    set(&p, "train.schedule_epochs", "40");
    set(&p, "train.rate_factor", "0.5");
    assert_true(nd_optimiser_rate(&p, 0, 40) == 0.25);
    assert_true(nd_optimiser_rate(&p, 0, 41) == 0.125);
    assert_true(nd_optimiser_rate(&p, 0, 80) == 0.125);
    assert_true(nd_optimiser_rate(&p, 0, 120) == 0.0625);
}

/* ---- through a network ---- */

static nd_net network(const nd_params *p)
{
    const nd_shape shape = {.features = 12, .classes = 3};
    nd_net net;
    nd_err err = {0};
    if (nd_net_new(&net, p, shape, &err) != ND_OK) fail_msg("%s", err.message);
    return net;
}

/* The same gradient of 0.5 for bank 0, moved n times; returns the change of a weight. */
static double move(nd_net *net, int n, nd_at at)
{
    const nd_bank *b = &net->bank[0];
    const double was = (double)b->weight[5];
    for (int t = 0; t < n; t++) {
        for (size_t i = 0; i < nd_panels(b->k, b->n); i++)
            net->wanted[i] = (float)(nd_net_scale(net, 0, at) * 0.5);
        nd_net_move(net, 0, 0, at);
    }
    return (double)b->weight[5] - was;
}

static void networks_move_by_their_optimiser(void **state)
{
    (void)state;
    static const struct {
        const char *optimiser;
        double moved; /* after two steps at rate 0.1 */
    } rows[] = {{"sgd", 0.1}, {"momentum", 0.1 * 0.5 * (1 + 1.9)}, {"adam", 0.2}};
    for (int i = 0; i < 3; i++) {
        nd_params p = params(rows[i].optimiser);
        set(&p, "model.layers", "[12, 20, 3]");
        set(&p, "train.rates", "0.1");
        set(&p, "train.schedule", "step");
        set(&p, "train.schedule_epochs", "1");
        nd_net net = network(&p);
        near((float)move(&net, 2, (nd_at){.epoch = 1}), rows[i].moved, 1);
        nd_net_free(&net);
        net = network(&p);
        near((float)move(&net, 2, (nd_at){.epoch = 2}), rows[i].moved / 10, 1);
        nd_net_free(&net);
    }
}

/* The sign that a memristor sees is that of the velocity, not of the last gradient. */
static void memristors_are_pulsed_by_the_wanted_change(void **state)
{
    (void)state;
    for (int with = 0; with < 2; with++) {
        nd_params p = params(with ? "momentum" : "sgd");
        set(&p, "model.layers", "[12, 20, 3]");
        set(&p, "device.kind", "ernoult");
        nd_net net = network(&p);
        const size_t weights = net.bank[0].k * net.bank[0].n;
        const nd_at at = {.epoch = 1};
        (void)move(&net, 1, at);
        assert_int_equal(net.bank[0].pulses_up, weights);
        for (size_t i = 0; i < nd_panels(net.bank[0].k, net.bank[0].n); i++)
            net.wanted[i] = (float)(nd_net_scale(&net, 0, at) * -0.1);
        nd_net_move(&net, 0, 0, at);
        assert_int_equal(net.bank[0].pulses_up, with ? 2 * weights : weights);
        assert_int_equal(net.bank[0].pulses_down, with ? 0 : weights);
        nd_net_free(&net);
    }
}

static void lists_of_another_length_are_refused(void **state)
{
    (void)state;
    nd_params p = params("sgd");
    nd_err err = {0};
    set(&p, "train.rates", "[1, 2]");
    set(&p, "train.decay", "[0.1, 0.1, 0.1]");
    assert_int_equal(nd_rates_check(&p, 2, &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "train.decay has 3 values for 2"));
    assert_int_equal(nd_rates_check(&p, 3, &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "train.rates has 2 values for 3"));
    set(&p, "train.decay", "0.1");
    assert_int_equal(nd_rates_check(&p, 2, &err), ND_OK);
}

int main(void)
{
    nd_err err = {0};
    if (nd_kern_choose(&err) != ND_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_same_bits),
        cmocka_unit_test(kernels_are_their_equations),
        cmocka_unit_test(decay_is_geometric),
        cmocka_unit_test(momentum_sums_a_geometric_series),
        cmocka_unit_test(adam_steps_are_as_long_as_the_rate),
        cmocka_unit_test(adam_finds_the_bottom_of_a_quadratic),
        cmocka_unit_test(state_is_taken_when_needed),
        cmocka_unit_test(rates_follow_their_schedule),
        cmocka_unit_test(networks_move_by_their_optimiser),
        cmocka_unit_test(memristors_are_pulsed_by_the_wanted_change),
        cmocka_unit_test(lists_of_another_length_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
