/* test_theory.c -- the double-precision oracle: its derivatives against finite differences,
 * the theorems of Equilibrium Propagation, and the fast model against it. */
#include "nudge/act.h"
#include "nudge/gdu.h"
#include "nudge/theory_check.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { B = 3, CLASSES = 3, INPUT_MAX = 12 * 12 * 2 };

#define OK(call)                                                                           \
    do {                                                                                   \
        nd_err err = {0};                                                                  \
        (void)err;                                                                         \
        if ((call) != ND_OK) fail_msg("%s: %s", #call, err.message);                       \
    } while (0)

/* 12-9-7-3 units; or maps: 12x12x2, conv 4 3x3 padded, max 2, conv 5 3x3, average 2, fc 3 */
static nd_theory_spec dense(nd_activation_id activation)
{
    return (nd_theory_spec){.L = 3,
                            .rows = 3,
                            .cols = 2,
                            .channels = 2,
                            .link = {{.dense = true, .channels = CLASSES},
                                     {.dense = true, .channels = 7},
                                     {.dense = true, .channels = 9}},
                            .activation = activation,
                            .dt = 1,
                            .seed = 3};
}

static nd_theory_spec conv(nd_activation_id activation, nd_theory_pool first,
                           nd_theory_pool second)
{
    return (nd_theory_spec){
        .L = 3,
        .rows = 12,
        .cols = 12,
        .channels = 2,
        .link = {{.dense = true, .channels = CLASSES},
                 {.channels = 5, .filter = 3, .stride = 1, .pool = second, .window = 2},
                 {.channels = 4,
                  .filter = 3,
                  .stride = 1,
                  .pad = 1,
                  .pool = first,
                  .window = 2}},
        .activation = activation,
        .dt = 1,
        .seed = 5};
}

static nd_theory_spec energy(nd_theory_spec spec, double dt)
{
    spec.energy = true;
    spec.dt = dt;
    return spec;
}

static void fill(float *x, float *y, size_t n)
{
    for (size_t b = 0; b < B; b++) {
        for (size_t i = 0; i < n; i++)
            x[b * n + i] = (float)nd_philox_unit((nd_at){.seed = b}, (uint32_t)i);
        for (size_t j = 0; j < CLASSES; j++)
            y[b * CLASSES + j] = j == b % CLASSES ? 1.0f : 0.0f;
    }
}

static nd_theory *open_net(nd_theory_spec spec)
{
    static float x[B * INPUT_MAX], y[B * CLASSES];
    nd_theory *t = NULL;
    OK(nd_theory_new(&spec, &t, &err));
    const size_t n = nd_theory_units(t, spec.L);
    fill(x, y, n);
    /* small enough to settle well with any activation */
    for (size_t i = 0; i < nd_theory_size(t); i++)
        nd_theory_theta(t)[i] *= spec.link[1].dense ? 0.7 : 0.4;
    OK(nd_theory_batch(t, B, x, n, y, CLASSES, &err));
    nd_theory_changed(t);
    return t;
}

static double *zeros(const nd_theory *t)
{
    double *g = calloc(nd_theory_size(t), sizeof *g);
    assert_non_null(g);
    return g;
}

/* |a - b| / |b| */
static double apart(const nd_theory *t, const double *a, const double *b)
{
    double d = 0, n = 0;
    for (size_t i = 0; i < nd_theory_size(t); i++) {
        d += (a[i] - b[i]) * (a[i] - b[i]);
        n += b[i] * b[i];
    }
    assert_true(n > 0);
    return sqrt(d / n);
}

/* ---- derivatives ---- */

/* r' and r'' away from corners; continuations on the real axis and across it. */
static void activations_have_their_derivatives(void **state)
{
    (void)state;
    int continued = 0;
    for (int id = 0; id <= ND_ACTIVATION_identity; id++) {
        const nd_activation *a = nd_activation_at((nd_activation_id)id);
        const double h = 1e-5;
        for (double x = -3.03; x < 3; x += 0.1) {
            const double slope = (a->r(x + h) - a->r(x - h)) / (2 * h);
            const double curve = (a->slope(x + h) - a->slope(x - h)) / (2 * h);
            if (fabs(slope - a->slope(x)) > 1e-8 || fabs(curve - a->curve(x)) > 1e-8)
                fail_msg("%s at %g: %g %g", a->name, x, slope, curve);
            if (!a->holomorphic) continue;
            continued++;
            const double complex i = nd_complex(0, 1), z = x + 0.1 + 0.2 * i;
            const double complex along =
                (a->holomorphic(z + h) - a->holomorphic(z - h)) / (2 * h);
            const double complex across =
                (a->holomorphic(z + h * i) - a->holomorphic(z - h * i)) / (2 * h * i);
            assert_true(cabs(a->holomorphic(x) - a->r(x)) < 1e-14);
            assert_true(cabs(a->holomorphic_slope(x) - a->slope(x)) < 1e-14);
            assert_true(cabs(along - a->holomorphic_slope(z)) < 1e-7);
            assert_true(cabs(across - a->holomorphic_slope(z)) < 1e-7);
        }
    }
    assert_true(continued > 4 * 50);
}

static nd_theory_spec variant(int i)
{
    nd_theory_spec s;
    switch (i) {
    case 0:
        return dense(ND_ACTIVATION_tanh);
    case 1:
        s = dense(ND_ACTIVATION_shifted_sigmoid), s.dt = 0.3, s.inside = true;
        return s;
    case 2:
        s = dense(ND_ACTIVATION_logistic), s.softmax = true;
        return s;
    case 3:
        return energy(dense(ND_ACTIVATION_tanh), 0.2);
    case 4:
        s = energy(dense(ND_ACTIVATION_logistic), 0.3), s.softmax = true;
        return s;
    case 5:
        s = energy(dense(ND_ACTIVATION_hard_sigmoid), 0.2), s.clamp = true;
        return s;
    case 6:
        s = energy(dense(ND_ACTIVATION_shifted_sigmoid), 0.2), s.clamp = true;
        return s;
    case 7:
        return conv(ND_ACTIVATION_tanh, ND_THEORY_MAX, ND_THEORY_MAX);
    case 8:
        return conv(ND_ACTIVATION_hard_sigmoid, ND_THEORY_MAX, ND_THEORY_AVERAGE);
    case 9:
        return conv(ND_ACTIVATION_tanh, ND_THEORY_AVERAGE, ND_THEORY_NO_POOL);
    case 10:
        s = conv(ND_ACTIVATION_half_sigmoid, ND_THEORY_MAX, ND_THEORY_AVERAGE);
        s.softmax = true, s.link[2].stride = 2, s.link[2].pad = 2, s.link[2].filter = 5;
        s.link[2].window = 1;
        return s;
    case 11:
        return energy(conv(ND_ACTIVATION_tanh, ND_THEORY_MAX, ND_THEORY_AVERAGE), 0.2);
    default:
        return dense(ND_ACTIVATION_identity);
    }
}
enum { VARIANTS = 13 };

static void phi_agrees_with_finite_differences(void **state)
{
    (void)state;
    for (int i = 0; i < VARIANTS; i++) {
        nd_theory *t = open_net(variant(i));
        nd_check c;
        OK(nd_check_phi(t, 20, &c, &err));
        for (size_t r = 0; r < c.n_rows; r++) {
            const bool unused =
                nd_theory_first(t) == 1 && r >= c.n_rows - 6 &&
                (!strcmp(c.row[r].name, "W01") || !strcmp(c.row[r].name, "b0"));
            if (!(c.row[r].error - c.row[r].rounding < 1e-6) ||
                (!unused && !(c.row[r].gradient > 1e-6)))
                fail_msg("variant %d, %s: error %g, gradient %g", i, c.row[r].name,
                         c.row[r].error, c.row[r].gradient);
        }
        nd_theory_free(t);
    }
}

static void bptt_agrees_with_finite_differences(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * VARIANTS; i++) {
        nd_theory_spec s = variant(i / 2);
        s.vector_field = i % 2;
        s.ernoult = i % 2;
        nd_theory *t = open_net(s);
        double *theta = nd_theory_theta(t); /* backward weights unlike the forward ones */
        const nd_theory_tensor back = nd_theory_tensor_of(t, s.L - 2, ND_THEORY_BACK);
        assert_int_equal(back.rows > 0, s.vector_field);
        for (size_t k = back.first; k < back.first + back.rows * back.cols; k++)
            theta[k] *= k % 3 ? 1.2 : -0.7;
        nd_theory_changed(t);
        nd_check c;
        OK(nd_check_bptt(t, 10, 6, &c, &err));
        for (size_t r = 0; r < c.n_rows; r++)
            /* with dt = 1 news alternates between odd and even layers */
            if (!(c.row[r].error - c.row[r].rounding < 1e-5) ||
                !(c.row[r].gradient > 1e-6 || *c.row[r].name == 's'))
                fail_msg("variant %d, %s: error %g, gradient %g", i, c.row[r].name,
                         c.row[r].error, c.row[r].gradient);
        nd_theory_free(t);
    }
}

/* With backward weights unlike the forward ones there is no primitive function: the check
 * of it says so. */
static void a_wrong_gradient_is_noticed(void **state)
{
    (void)state;
    nd_theory_spec s = dense(ND_ACTIVATION_tanh);
    s.vector_field = true;
    nd_theory *t = open_net(s);
    nd_check c;
    nd_theory_theta(t)[nd_theory_tensor_of(t, 0, ND_THEORY_BACK).first] += 0.5;
    nd_theory_changed(t);
    OK(nd_check_phi(t, 20, &c, &err));
    assert_string_equal(c.row[1].name, "s1");
    assert_true(c.row[1].error > 1e-3);
    nd_theory_free(t);
}

/* ---- states ---- */

static double farthest(const nd_theory *t, const nd_theory_states *a,
                       const nd_theory_states *b, double imaginary)
{
    double most = 0;
    for (size_t l = nd_theory_first(t); l < nd_theory_spec_of(t)->L; l++) {
        const size_t n = nd_theory_rows(t) * nd_theory_units(t, l);
        for (size_t i = 0; i < n; i++) {
            most = fmax(most, fabs(a->s[l][i] - b->s[l][i]));
            const double im = b->planes == 2 ? b->s[l][n + i] : 0;
            if (a->planes == 2) most = fmax(most, fabs(a->s[l][n + i] - imaginary * im));
        }
    }
    return most;
}

/* A real beta keeps complex states real; the conjugate beta gives the conjugate states. */
static void complex_settling_extends_the_real(void **state)
{
    (void)state;
    static const int holomorphic[] = {0, 1, 2, 3, 4, 7, 9, 11, 12};
    for (size_t i = 0; i < sizeof holomorphic / sizeof *holomorphic; i++) {
        nd_theory *t = open_net(variant(holomorphic[i]));
        nd_theory_states real, z, bar;
        OK(nd_theory_states_new(t, 1, &real, &err));
        OK(nd_theory_states_new(t, 2, &z, &err));
        OK(nd_theory_states_new(t, 2, &bar, &err));
        nd_theory_settle(t, &real, 0, 20, 0);
        nd_theory_states_copy(t, &real, &z);
        nd_theory_states_copy(t, &real, &bar);
        nd_theory_settle(t, &real, 0.3, 10, 0);
        nd_theory_settle(t, &z, 0.3, 10, 0);
        assert_true(farthest(t, &z, &real, 0) < 1e-13);
        nd_theory_states_copy(t, &bar, &z);
        nd_theory_settle(t, &z, nd_complex(0.1, 0.17), 10, 0);
        nd_theory_settle(t, &bar, nd_complex(0.1, -0.17), 10, 0);
        assert_true(farthest(t, &z, &bar, -1) < 1e-13);
        assert_true(farthest(t, &z, &real, 0) > 1e-3);
        nd_theory_states_free(&real);
        nd_theory_states_free(&z);
        nd_theory_states_free(&bar);
        nd_theory_free(t);
    }
}

/* Two pixels of 1 x 4 maps, by hand: filter [1 2], max over 2: (1 2 0 3) gives (5 2 | 6),
 * pooled 5 with the maximum at place 0; the way back then reaches pixels 0 and 1 alone. */
static void maxima_are_those_of_the_states(void **state)
{
    (void)state;
    nd_theory_spec s = {
        .L = 2,
        .rows = 2,
        .cols = 2,
        .channels = 1,
        .link =
            {{.dense = true, .channels = 1},
             {.channels = 1, .filter = 1, .stride = 1, .pool = ND_THEORY_MAX, .window = 2}},
        .activation = ND_ACTIVATION_identity,
        .dt = 1,
        .seed = 1};
    const float x[2][4] = {{1, 4, 0, 3}, {-7, -5, -6, -4}}, y[2] = {1, 0};
    nd_theory *t;
    OK(nd_theory_new(&s, &t, &err));
    double *theta = nd_theory_theta(t);
    theta[nd_theory_tensor_of(t, 1, ND_THEORY_WEIGHT).first] = 2;
    theta[nd_theory_tensor_of(t, 1, ND_THEORY_BIAS).first] = 0.5;
    OK(nd_theory_batch(t, 2, x[0], 4, y, 1, &err));
    nd_theory_states st;
    OK(nd_theory_states_new(t, 1, &st, &err));
    nd_theory_settle(t, &st, 0, 1, 0);
    assert_true(st.s[1][0] == 8.5 && st.s[1][1] == -7.5);
    assert_true(st.where[1][0] == 1 && st.where[1][1] == 3);
    double *g = zeros(t);
    nd_theory_contrast(t, &st, 0, 1, g); /* mean of s[1] times the pixel that was chosen */
    assert_true(fabs(g[nd_theory_tensor_of(t, 1, ND_THEORY_WEIGHT).first] -
                     (8.5 * 4 + -7.5 * -4) / 2) < 1e-12);
    free(g);
    nd_theory_states_free(&st);
    nd_theory_free(t);
}

/* From step to step other places are the largest: a contrast with the maxima of the last
 * step differs from that at the state, until the states are at rest. */
static void maxima_of_the_last_step_meet_at_rest(void **state)
{
    (void)state;
    double far[2];
    for (int rest = 0; rest < 2; rest++) {
        double *g[2];
        nd_theory *t[2];
        for (int last = 0; last < 2; last++) {
            /* states above 0 hold their own maxima up; with tanh, they may alternate for ever
             */
            nd_theory_spec s =
                conv(ND_ACTIVATION_shifted_sigmoid, ND_THEORY_MAX, ND_THEORY_MAX);
            s.last_argmax = last;
            t[last] = open_net(s);
            g[last] = zeros(t[last]);
            nd_theory_states st;
            OK(nd_theory_states_new(t[last], 1, &st, &err));
            nd_theory_settle(t[last], &st, 0, rest ? 500 : 1, 0);
            nd_theory_contrast(t[last], &st, 0, 1, g[last]);
            nd_theory_states_free(&st);
        }
        far[rest] = apart(t[0], g[0], g[1]);
        for (int last = 0; last < 2; last++) {
            free(g[last]);
            nd_theory_free(t[last]);
        }
    }
    assert_true(far[0] > 1e-3);
    assert_true(far[1] < 1e-12);
}

/* ---- estimators ---- */

static double *estimate(nd_theory *t, const nd_theory_states *rest, nd_theory_mode mode,
                        double beta, size_t points, size_t steps)
{
    double *g = zeros(t);
    const nd_theory_nudging how = {
        .mode = mode, .beta = beta, .points = points, .steps = steps};
    OK(nd_theory_estimate(t, rest, &how, g, &err));
    return g;
}

static void two_points_are_symmetric(void **state)
{
    (void)state;
    for (int i = 0; i < VARIANTS; i++) {
        nd_theory *t = open_net(variant(i));
        nd_theory_states rest;
        OK(nd_theory_states_new(t, 1, &rest, &err));
        nd_theory_settle(t, &rest, 0, 15, 0);
        double *a = estimate(t, &rest, ND_THEORY_SYMMETRIC, 0.3, 0, 7);
        double *b = estimate(t, &rest, ND_THEORY_HOLOMORPHIC, 0.3, 2, 7);
        double *c = estimate(t, &rest, ND_THEORY_ONE_SIDED, 0.3, 0, 7);
        double *d = estimate(t, &rest, ND_THEORY_HOLOMORPHIC, 0.3, 1, 7);
        double *e = estimate(t, &rest, ND_THEORY_NEGATIVE, -0.3, 0, 7);
        assert_true(apart(t, b, a) < 1e-14);
        assert_true(apart(t, d, c) == 0);
        assert_true(apart(t, e, c) < 1e-14);
        assert_true(apart(t, c, a) > 1e-6);
        free(a), free(b), free(c), free(d), free(e);
        nd_theory_states_free(&rest);
        nd_theory_free(t);
    }
}

/* The bias of each estimator falls with its power of beta, to the gradient itself where the
 * dynamics derive from an energy. */
static void bias_falls_with_its_power_of_beta(void **state)
{
    (void)state;
    static const double powers[ND_CHECK_ESTIMATES] = {1, 1, 2, 2, 4, 6};
    static const int exact[] = {3, 4, 11, 12};
    static const double betas[] = {0.05, 1, 0.05, 0.05}; /* a soft-max nudges less */
    for (size_t i = 0; i < sizeof exact / sizeof *exact; i++) {
        nd_theory *t = open_net(variant(exact[i]));
        nd_check_bias c;
        OK(nd_check_estimates(t, betas[i], &c, &err));
        for (size_t e = 0; e < ND_CHECK_ESTIMATES; e++) {
            const nd_check_estimate *row = &c.estimate[e];
            assert_true(row->possible);
            if (!(fabs(row->slope - powers[e]) < 0.12 * powers[e]) ||
                !(row->error[2] < 0.05) || !(row->error[2] < 0.7 * row->error[0]))
                fail_msg("variant %d, %s: slope %.3f, errors %g %g %g", exact[i], row->name,
                         row->slope, row->error[0], row->error[1], row->error[2]);
        }
        nd_theory_free(t);
    }
}

/* Where they do not, the slopes are the same, and a floor remains. */
static void prototypical_networks_have_a_floor(void **state)
{
    (void)state;
    nd_theory *t = open_net(dense(ND_ACTIVATION_tanh));
    nd_check_bias c;
    OK(nd_check_estimates(t, 0.2, &c, &err));
    assert_true(fabs(c.estimate[2].slope - 2) < 0.2);
    assert_true(fabs(c.estimate[4].slope - 4) < 0.4);
    assert_true(c.estimate[4].error[2] > 0.01 && c.estimate[4].error[2] < 0.5);
    nd_theory_free(t);
    t = open_net(dense(ND_ACTIVATION_hard_sigmoid));
    OK(nd_check_estimates(t, 0.2, &c, &err));
    assert_true(c.estimate[3].possible && !c.estimate[4].possible);
    nd_theory_free(t);
}

/* ---- continual updates and vector fields ---- */

/* With a rate that goes to 0, what C-EP did to the weights is the rate times EP's update,
 * and what C-VF did is the sum of the vector field's. */
static void slow_continual_updates_are_those_of_one_phase(void **state)
{
    (void)state;
    static const int variants[] = {0, 1, 2, 3, 7, 9};
    enum { N = 2 * sizeof variants / sizeof *variants, K = 8 };
    const double beta = 0.2;
    for (size_t i = 0; i < N; i++) {
        nd_theory_spec s = variant(variants[i / 2]);
        s.vector_field = i % 2;
        nd_theory *t = open_net(s);
        nd_theory_states rest, now, next;
        OK(nd_theory_states_new(t, 1, &rest, &err));
        OK(nd_theory_states_new(t, 1, &now, &err));
        OK(nd_theory_states_new(t, 1, &next, &err));
        nd_theory_settle(t, &rest, 0, 50, 0);
        double *wanted;
        if (s.vector_field) {
            wanted = zeros(t);
            nd_theory_states_copy(t, &rest, &now);
            for (int k = 0; k < K; k++) {
                nd_theory_states_copy(t, &now, &next);
                nd_theory_settle(t, &next, beta, 1, 0);
                nd_theory_vector_field(t, &now, &next, 1 / beta, wanted);
                nd_theory_states_copy(t, &next, &now);
            }
        } else {
            wanted = estimate(t, &rest, ND_THEORY_ONE_SIDED, beta, 0, K);
        }
        double far[2];
        for (int slow = 0; slow < 2; slow++) {
            const double rate = slow ? 1e-8 : 1e-3, rates[] = {rate, rate, rate};
            double *theta = nd_theory_theta(t), *was = zeros(t), *change = zeros(t);
            memcpy(was, theta, nd_theory_size(t) * sizeof *was);
            nd_theory_states_copy(t, &rest, &now);
            OK(nd_theory_continual(t, &now, beta, K, rates, &err));
            for (size_t k = 0; k < nd_theory_size(t); k++)
                change[k] = (theta[k] - was[k]) / rate;
            far[slow] = apart(t, change, wanted);
            memcpy(theta, was, nd_theory_size(t) * sizeof *was);
            nd_theory_changed(t);
            free(was), free(change);
        }
        if (!(far[1] < 5e-6 && far[0] > 20 * far[1]))
            fail_msg("variant %d, %s: %g at a rate of 1e-3, %g at 1e-8", variants[i / 2],
                     s.vector_field ? "C-VF" : "C-EP", far[0], far[1]);
        free(wanted);
        nd_theory_states_free(&rest);
        nd_theory_states_free(&now);
        nd_theory_states_free(&next);
        nd_theory_free(t);
    }
}

/* sum_k of the vector field's updates = EP's update + O(beta), when weights are tied. */
static void a_tied_vector_field_is_ep_to_first_order(void **state)
{
    (void)state;
    static const int variants[] = {0, 3, 9, 12};
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        nd_theory *t = open_net(variant(variants[i]));
        nd_theory_states rest, now, next;
        OK(nd_theory_states_new(t, 1, &rest, &err));
        OK(nd_theory_states_new(t, 1, &now, &err));
        OK(nd_theory_states_new(t, 1, &next, &err));
        nd_theory_settle(t, &rest, 0, 2000, 1e-15);
        double far[2];
        for (int half = 0; half < 2; half++) {
            const double beta = half ? 0.01 : 0.02;
            double *ep = estimate(t, &rest, ND_THEORY_ONE_SIDED, beta, 0, 10);
            double *vf = zeros(t);
            nd_theory_states_copy(t, &rest, &now);
            for (int k = 0; k < 10; k++) {
                nd_theory_states_copy(t, &now, &next);
                nd_theory_settle(t, &next, beta, 1, 0);
                nd_theory_vector_field(t, &now, &next, 1 / beta, vf);
                nd_theory_states_copy(t, &next, &now);
            }
            far[half] = apart(t, vf, ep);
            free(ep), free(vf);
        }
        if (!(far[0] < 0.05 && far[0] / far[1] > 1.9))
            fail_msg("variant %d: %g, then %g", variants[i], far[0], far[1]);
        nd_theory_states_free(&rest);
        nd_theory_states_free(&now);
        nd_theory_states_free(&next);
        nd_theory_free(t);
    }
}

/* ---- gradient-descending updates ---- */

static nd_gdu gdu(nd_theory_spec s, size_t T, size_t K, double beta)
{
    nd_theory *t = open_net(s);
    nd_gdu g;
    OK(nd_gdu_run(t, T, K, beta, 0, &g, &err));
    nd_theory_free(t);
    return g;
}

static void exact_dynamics_descend_the_gradient_at_every_step(void **state)
{
    (void)state;
    const nd_theory_spec specs[] = {
        dense(ND_ACTIVATION_identity), energy(dense(ND_ACTIVATION_tanh), 0.08),
        energy(conv(ND_ACTIVATION_tanh, ND_THEORY_MAX, ND_THEORY_AVERAGE), 0.08),
        variant(4), conv(ND_ACTIVATION_identity, ND_THEORY_AVERAGE, ND_THEORY_NO_POOL)};
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        nd_theory_spec s = specs[i];
        nd_gdu g[3];
        const int first = s.softmax ? -1 : s.link[1].dense ? -3 : -2;
        for (int b = 0; b < 3; b++) /* small, but not so that rounding shows */
            g[b] = gdu(s, 2000, 12, pow(10, first - b));
        assert_true(g[0].n_rows >= 8);
        for (size_t r = 0; r < g[0].n_rows; r++)
            for (int b = 1; b < 3; b++) {
                const double ratio = 10 * g[b].row[r].rmse / g[b - 1].row[r].rmse;
                if (!(g[1].row[r].rmse < 0.02 && fabs(ratio - 1) < 0.05))
                    fail_msg("net %zu, %s: rmse %g, at a tenth of beta %g", i,
                             g[0].row[r].name, g[b - 1].row[r].rmse, g[b].row[r].rmse);
                if (!(g[b].row[r].sign > 0.97 && g[b].row[r].angle < 1))
                    fail_msg("net %zu, %s: sign %g, angle %g", i, g[0].row[r].name,
                             g[b].row[r].sign, g[b].row[r].angle);
            }
    }
}

/* The published energy model lacks r'(s) on its output, the prototypical one has r' of the
 * wrong unit: both keep a distance. */
static void others_have_a_floor(void **state)
{
    (void)state;
    nd_theory_spec ernoult = energy(dense(ND_ACTIVATION_tanh), 0.08);
    ernoult.ernoult = true;
    const nd_theory_spec specs[] = {ernoult, dense(ND_ACTIVATION_tanh)};
    for (int i = 0; i < 2; i++) {
        const nd_gdu a = gdu(specs[i], 2000, 12, 1e-3), b = gdu(specs[i], 2000, 12, 1e-4);
        assert_string_equal(a.row[1].name, "s1");
        assert_true(a.row[1].rmse > 0.005 && a.row[1].rmse < 0.4);
        assert_true(fabs(a.row[1].rmse / b.row[1].rmse - 1) < 0.05);
    }
}

/* Untied, the vector field descends too, when forward and backward weights agree. */
static void curves_belong_to_their_elements(void **state)
{
    (void)state;
    nd_theory_spec s = dense(ND_ACTIVATION_identity);
    s.vector_field = true;
    nd_theory *t = open_net(s);
    nd_gdu g;
    OK(nd_gdu_run(t, 400, 6, 1e-4, 2, &g, &err));
    assert_int_equal(g.n_rows, 3 + 3 + 3 + 2);
    assert_int_equal(g.n_curves, 2 * g.n_rows);
    for (size_t c = 0; c < g.n_curves; c++) {
        const nd_gdu_curve *curve = &g.curve[c];
        double most = 0, far = 0;
        assert_true(curve->element < g.row[curve->row].n);
        for (size_t k = 0; k < g.K; k++) {
            most = fmax(most, fabs(curve->bptt[k]));
            far = fmax(far, fabs(curve->bptt[k] - curve->ep[k]));
        }
        assert_true(most > 0 && far < 0.01 * most);
        if (c % 2) assert_true(curve->element != g.curve[c - 1].element);
    }
    nd_gdu_free(&g);
    nd_theory_free(t);
}

/* ---- the fast models against the oracle ---- */

typedef struct fast {
    nd_net net;
    nd_batch batch;
    float x[B * 16], y[B * 16];
    uint8_t label[B];
} fast;

static void open_fast(fast *f, const nd_params *p)
{
    float x[B * 12], y[B * CLASSES];
    memset(f, 0, sizeof *f);
    OK(nd_net_new(
        &f->net, p,
        (nd_shape){.features = 12, .classes = CLASSES, .rows = 4, .cols = 3, .channels = 1},
        &err));
    fill(x, y, 12);
    for (size_t b = 0; b < B; b++) {
        memcpy(f->x + b * 16, x + b * 12, 12 * sizeof *x);
        memcpy(f->y + b * 16, y + b * CLASSES, CLASSES * sizeof *y);
        f->label[b] = (uint8_t)(b % CLASSES);
    }
    f->batch =
        (nd_batch){.B = B, .x = f->x, .y = f->y, .label = f->label, .at = {.seed = 1}};
}

static void set(nd_params *p, const char *name, const char *value)
{
    OK(nd_param_set(p, nd_param_find(name), value, &err));
}

/* theta's form of what the banks of the model hold. */
static void from_banks(const fast *f, const nd_theory *t, double *vector)
{
    const size_t L = nd_theory_spec_of(t)->L;
    for (size_t k = 0; k < f->net.n_banks; k++)
        nd_theory_from_panels(nd_theory_tensor_of(t, k % L, (nd_theory_part)(k / L)),
                              k / L == ND_THEORY_BACK, f->net.bank[k].weight, vector);
}

/* The oracle's update at a rate of 1, to g; with continual updates at that of p. */
static void wanted_update(nd_theory *t, const nd_params *p, nd_theory_states *rest,
                          double *g)
{
    static const nd_theory_mode modes[] = {
        [ND_NUDGE_ONE_SIDED] = ND_THEORY_ONE_SIDED,
        [ND_NUDGE_SYMMETRIC] = ND_THEORY_SYMMETRIC,
        [ND_NUDGE_NEGATIVE] = ND_THEORY_NEGATIVE,
        [ND_NUDGE_HOLOMORPHIC] = ND_THEORY_HOLOMORPHIC,
    };
    const size_t K = (size_t)p->ep_K, bytes = nd_theory_size(t) * sizeof *g;
    const double beta = p->ep_beta;
    double *theta = nd_theory_theta(t);
    if (p->ep_update == ND_UPDATE_CONTINUAL) {
        const double rate = p->train_rates.v[0], rates[] = {rate, rate, rate};
        double *was = zeros(t);
        memcpy(was, theta, bytes);
        OK(nd_theory_continual(t, rest, beta, K, rates, &err));
        for (size_t k = 0; k < nd_theory_size(t); k++)
            g[k] = theta[k] - was[k];
        memcpy(theta, was, bytes);
        free(was);
    } else if (p->ep_symmetry == ND_SYMMETRY_FREE) {
        nd_theory_states s;
        OK(nd_theory_states_new(t, 1, &s, &err));
        for (int sign = 1; sign >= -1; sign -= 2) { /* symmetric */
            nd_theory_states_copy(t, rest, &s);
            nd_theory_settle(t, &s, sign * beta, K, 0);
            nd_theory_vector_field(t, rest, &s, sign * 0.5 / beta, g);
        }
        nd_theory_states_free(&s);
    } else {
        const nd_theory_nudging how = {.mode = modes[p->ep_nudge],
                                       .beta = beta,
                                       .points = (size_t)p->ep_points,
                                       .steps = K};
        OK(nd_theory_estimate(t, rest, &how, g, &err));
    }
}

/* "ep-energy tanh 0.2 ...": values of the parameters named here. */
static void read_settings(nd_params *p, const char *settings)
{
    static const char *const names[] = {"model.kind",     "model.activation", "ep.dt",
                                        "ep.nudge_place", "ep.nudge",         "ep.loss",
                                        "ep.output",      "ep.clamp",         "ep.symmetry",
                                        "ep.update",      "train.rates"};
    char words[128], *word = words, *rest;
    nd_params_defaults(p);
    nd_copy(words, sizeof words, settings);
    for (size_t k = 0; k < sizeof names / sizeof *names; k++, word = NULL)
        set(p, names[k], strtok_r(word, " ", &rest));
    set(p, "model.layers", "[12, 9, 7, 3]");
    set(p, "model.stack",
        p->ep_nudge == ND_NUDGE_HOLOMORPHIC
            ? "conv 16 2x2 pad 1, max 2, conv 16 2x2 pad 1, avg 2, fc 3"
            : "conv 16 2x2 pad 1, max 2, conv 16 2x2 pad 1, max 2, fc 3");
    set(p, "ep.T", "9");
    set(p, "ep.K", "5");
    set(p, "ep.beta", "0.5");
    if (p->ep_symmetry == ND_SYMMETRY_FREE) set(p, "ep.angle", "40");
}

/* Loss of the free phase and update of one mini-batch: not at rest, so that the very steps
 * are compared. */
static void models_compute_the_same(void **state)
{
    (void)state;
    static const char *const settings[] = {
        "ep-prototypical tanh 1 outside one-sided squared exact yes tied at-rest 1",
        "ep-prototypical shifted-sigmoid 0.5 inside symmetric squared exact yes tied "
        "at-rest 1",
        "ep-prototypical hard-sigmoid 0.2 outside negative squared exact yes tied at-rest "
        "1",
        "ep-prototypical tanh 1 inside symmetric cross-entropy exact yes tied at-rest 1",
        "ep-prototypical tanh 0.5 outside holomorphic squared exact yes tied at-rest 1",
        "ep-prototypical logistic 1 inside holomorphic cross-entropy exact yes tied "
        "at-rest "
        "1",
        "ep-prototypical tanh 1 outside symmetric squared exact yes free at-rest 1",
        "ep-prototypical tanh 1 outside one-sided squared exact yes tied continual 0.1",
        "ep-prototypical tanh 1 outside one-sided squared exact yes free continual 0.1",
        "ep-energy tanh 0.2 outside symmetric squared exact no tied at-rest 1",
        "ep-energy tanh 0.2 outside one-sided squared ernoult no tied at-rest 1",
        "ep-energy shifted-sigmoid 0.3 outside symmetric squared ernoult yes tied at-rest "
        "1",
        "ep-energy hard-sigmoid 0.3 outside one-sided squared exact yes tied at-rest 1",
        "ep-energy logistic 0.3 outside symmetric cross-entropy exact no tied at-rest 1",
        "ep-energy shifted-sigmoid 0.3 outside symmetric squared exact no free at-rest 1",
        "ep-energy shifted-sigmoid 0.3 outside one-sided squared ernoult yes tied "
        "continual "
        "0.1",
        "ep-energy shifted-sigmoid 0.3 outside one-sided squared exact yes free continual "
        "0.1",
        "ep-conv hard-sigmoid 1 outside one-sided squared exact yes tied at-rest 1",
        "ep-conv tanh 0.5 inside symmetric squared exact yes tied at-rest 1",
        "ep-conv tanh 1 outside negative cross-entropy exact yes tied at-rest 1",
        "ep-conv shifted-sigmoid 1 outside one-sided squared exact yes tied continual 0.01",
        "ep-conv shifted-sigmoid 1 outside holomorphic squared exact yes tied at-rest 1",
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        nd_params p;
        read_settings(&p, settings[i]);
        fast f;
        open_fast(&f, &p);
        nd_theory_spec s;
        OK(nd_theory_spec_from(&s, &p, f.net.shape, &err));
        s.last_argmax = true; /* as in the published code */
        nd_theory *t = open_net(s);
        double *theta = nd_theory_theta(t), *change = zeros(t), *g = zeros(t);
        from_banks(&f, t, theta);
        nd_theory_changed(t);
        nd_theory_states rest;
        OK(nd_theory_states_new(t, 1, &rest, &err));
        nd_theory_settle(t, &rest, 0, 9, 0);
        nd_tally tally = {0};
        f.net.ops->settle(&f.net, &f.batch, ND_PHASE_FREE);
        f.net.ops->predict(&f.net, &f.batch, &tally);
        const double loss = nd_theory_loss(t, &rest);
        wanted_update(t, &p, &rest, g);
        f.net.ops->learn(&f.net, &f.batch);
        from_banks(&f, t, change);
        for (size_t k = 0; k < nd_theory_size(t); k++)
            change[k] -= theta[k];
        if (!(fabs(tally.loss / B - loss) < 1e-5 * loss && apart(t, change, g) < 1e-4))
            fail_msg("%s: losses %g and %g, updates are %g apart", settings[i],
                     tally.loss / B, loss, apart(t, change, g));
        free(g), free(change);
        nd_theory_states_free(&rest);
        nd_theory_free(t);
        nd_net_free(&f.net);
    }
}

/* ep.angle draws the same signs. */
static void backward_weights_start_as_the_models(void **state)
{
    (void)state;
    nd_params p;
    nd_params_defaults(&p);
    set(&p, "model.layers", "[12, 9, 7, 3]");
    set(&p, "train.rates", "1");
    set(&p, "ep.symmetry", "free");
    set(&p, "ep.angle", "60");
    fast f;
    open_fast(&f, &p);
    nd_theory_spec s;
    OK(nd_theory_spec_from(&s, &p, f.net.shape, &err));
    nd_theory *t = open_net(s);
    double *model = zeros(t);
    size_t flipped = 0;
    from_banks(&f, t, model);
    for (size_t l = 0; l + 1 < s.L; l++) {
        const nd_theory_tensor w = nd_theory_tensor_of(t, l, ND_THEORY_WEIGHT),
                               back = nd_theory_tensor_of(t, l, ND_THEORY_BACK);
        for (size_t k = 0; k < w.rows * w.cols; k++) {
            const double *theta = nd_theory_theta(t);
            const bool here = (theta[w.first + k] > 0) != (theta[back.first + k] > 0);
            assert_int_equal(here, (model[w.first + k] > 0) != (model[back.first + k] > 0));
            flipped += here;
        }
    }
    assert_in_range(flipped, 8, 35); /* a quarter of 84 */
    free(model);
    nd_theory_free(t);
    nd_net_free(&f.net);
}

static void panels_hold_the_weights(void **state)
{
    (void)state;
    for (int turned = 0; turned < 2; turned++) {
        const nd_theory_tensor w = {.first = 3, .rows = 5, .cols = 21};
        double in[3 + 5 * 21], out[3 + 5 * 21] = {0};
        float *panels =
            calloc(nd_panels(w.rows, w.cols) + nd_panels(w.cols, w.rows), sizeof *panels);
        assert_non_null(panels);
        for (size_t i = 0; i < 3 + 5 * 21; i++)
            in[i] = (double)i;
        nd_theory_to_panels(w, turned, in, panels);
        assert_true(panels[turned ? nd_panel_at(21, 20, 4) : nd_panel_at(5, 4, 20)] ==
                    107.0f);
        nd_theory_from_panels(w, turned, panels, out);
        assert_memory_equal(in + 3, out + 3, sizeof in - 3 * sizeof *in);
        free(panels);
    }
}

/* ---- refusals ---- */

static void refused(const nd_theory_spec *s, const char *expect)
{
    nd_theory *t;
    nd_err err = {0};
    assert_int_equal(nd_theory_new(s, &t, &err), ND_EINPUT);
    if (!strstr(err.message, expect)) fail_msg("%s", err.message);
    assert_null(t);
}

static void unfit_networks_are_refused(void **state)
{
    (void)state;
    nd_theory_spec s = conv(ND_ACTIVATION_tanh, ND_THEORY_MAX, ND_THEORY_MAX);
    s.link[1].filter = 7;
    refused(&s, "filter of 7 x 7");
    s = conv(ND_ACTIVATION_tanh, ND_THEORY_MAX, ND_THEORY_MAX);
    s.link[1].window = 5;
    refused(&s, "windows of 5 x 5");
    s.link[1].window = 0;
    refused(&s, "windows of 0 x 0");
    s.link[1].stride = 0;
    refused(&s, "of 0");
    s = dense(ND_ACTIVATION_tanh);
    s.L = 0;
    refused(&s, "0 links");
    s.L = 3, s.dt = 0;
    refused(&s, "ep.dt");
    s = conv(ND_ACTIVATION_tanh, ND_THEORY_MAX, ND_THEORY_MAX);
    s.softmax = true, s.L = 2;
    memmove(s.link, s.link + 1, 2 * sizeof *s.link);
    refused(&s, "dense");
}

static void stacks_are_read(void **state)
{
    (void)state;
    nd_theory_spec s = {
        .rows = 28, .cols = 28, .channels = 1, .activation = ND_ACTIVATION_tanh, .dt = 1};
    OK(nd_theory_stack(&s, "conv 32 5x5, max 2, conv 64 3x5 pad 1 stride 2, avg 2, fc 10",
                       &err));
    nd_theory *t;
    OK(nd_theory_new(&s, &t, &err));
    assert_int_equal(nd_theory_units(t, 3), 784);
    assert_int_equal(nd_theory_units(t, 2), 12 * 12 * 32);
    assert_int_equal(nd_theory_units(t, 1), 3 * 2 * 64);
    assert_int_equal(nd_theory_units(t, 0), 10);
    assert_true(s.link[1].pool == ND_THEORY_AVERAGE && s.link[2].pool == ND_THEORY_MAX);
    nd_theory_free(t);
    nd_err err = {0};
    assert_int_equal(nd_theory_stack(&s, "conv 32, fc 10", &err), ND_EINPUT);
}

static void unfit_parameters_are_refused(void **state)
{
    (void)state;
    static const char *const bad[][3] = {
        {"ep.order", "even-odd", "--set ep.order=jacobi"},
        {"ep.noise", "0.1", "--set ep.noise=0"},
        {"ep.gain_sd", "0.1", "--set ep.gain_sd=0"},
        {"ep.offset_sd", "0.1", "--set ep.offset_sd=0"},
        {"ep.bits", "8", "--set ep.bits=0"},
        {"ep.nudge_noise", "0.1", "--set ep.nudge_noise=0"},
        {"model.layers", "[11, 5, 3]", "12 pixels"},
        {"model.layers", "[12, 5, 4]", "3 units"},
        {"model.layers", "[12]", "3 units"},
        {"model.stack", "conv 5 2x2, fc 4", "end with a dense layer of 3 units"},
        {"model.stack", "conv 5 5x5, fc 3", "larger than the map"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        nd_params p;
        nd_err err = {0};
        nd_theory_spec s;
        nd_params_defaults(&p);
        set(&p, "model.layers", "[12, 5, 3]");
        set(&p, bad[i][0], bad[i][1]);
        if (!strcmp(bad[i][0], "model.stack")) set(&p, "model.kind", "ep-conv");
        const nd_shape shape = {
            .features = 12, .classes = 3, .rows = 4, .cols = 3, .channels = 1};
        assert_int_equal(nd_theory_spec_from(&s, &p, shape, &err), ND_EINPUT);
        if (!strstr(err.message, bad[i][2])) fail_msg("%s", err.message);
    }
}

static void unfit_questions_are_refused(void **state)
{
    (void)state;
    nd_theory *t = open_net(dense(ND_ACTIVATION_hard_sigmoid));
    nd_theory_states z;
    nd_err err = {0};
    nd_gdu g;
    assert_int_equal(nd_theory_states_new(t, 2, &z, &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "hard-sigmoid is not"));
    assert_int_equal(nd_gdu_run(t, 5, 6, 0.1, 0, &g, &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "ep.T"));
    assert_int_equal(nd_gdu_run(t, 5, 5, 0, 0, &g, &err), ND_EINPUT);
    nd_theory_free(t);
    t = open_net(variant(6));
    assert_int_equal(nd_theory_states_new(t, 2, &z, &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "clamp"));
    nd_theory_free(t);
    t = open_net(dense(ND_ACTIVATION_identity)); /* weights too large to settle */
    for (size_t i = 0; i < nd_theory_size(t); i++)
        nd_theory_theta(t)[i] *= 9;
    nd_theory_changed(t);
    nd_check_bias c;
    assert_int_equal(nd_gdu_run(t, 3000, 5, 0.1, 0, &g, &err), ND_EDIVERGED);
    assert_int_equal(nd_check_estimates(t, 0.1, &c, &err), ND_EDIVERGED);
    nd_theory_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(activations_have_their_derivatives),
        cmocka_unit_test(phi_agrees_with_finite_differences),
        cmocka_unit_test(bptt_agrees_with_finite_differences),
        cmocka_unit_test(a_wrong_gradient_is_noticed),
        cmocka_unit_test(complex_settling_extends_the_real),
        cmocka_unit_test(maxima_are_those_of_the_states),
        cmocka_unit_test(maxima_of_the_last_step_meet_at_rest),
        cmocka_unit_test(two_points_are_symmetric),
        cmocka_unit_test(bias_falls_with_its_power_of_beta),
        cmocka_unit_test(prototypical_networks_have_a_floor),
        cmocka_unit_test(slow_continual_updates_are_those_of_one_phase),
        cmocka_unit_test(a_tied_vector_field_is_ep_to_first_order),
        cmocka_unit_test(exact_dynamics_descend_the_gradient_at_every_step),
        cmocka_unit_test(others_have_a_floor),
        cmocka_unit_test(curves_belong_to_their_elements),
        cmocka_unit_test(models_compute_the_same),
        cmocka_unit_test(backward_weights_start_as_the_models),
        cmocka_unit_test(panels_hold_the_weights),
        cmocka_unit_test(unfit_networks_are_refused),
        cmocka_unit_test(stacks_are_read),
        cmocka_unit_test(unfit_parameters_are_refused),
        cmocka_unit_test(unfit_questions_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
