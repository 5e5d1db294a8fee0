/* theory_check.c -- finite differences, and the bias of EP's estimators. */
#include "nudge/theory_check.h"

#include "nudge/act.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIRECTIONS = 5, STEPS_MAX = 10000 };

/* A function of states and weights, and its analytic gradient. */
typedef struct subject {
    nd_theory *t;
    size_t K;
    const nd_theory_states *at; /* where it is differentiated                        */
    nd_theory_states *moved;    /* its argument                                      */
    double (*value)(struct subject *f);
    nd_theory_states *by_state; /* gradient, per sample: d (B value) / ds; used up   */
    const double *by_theta;     /* gradient of value                           */
    double h;
} subject;

/* +1 or -1 for element i of a direction */
static double sign(uint32_t direction, uint32_t row, size_t i)
{
    const nd_at at = {.stream = ND_STREAM_CHECK, .epoch = direction, .batch = row};
    return nd_philox_below(at, (uint32_t)i, 2) ? 1.0 : -1.0;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double length(const double *g, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += g[i] * g[i];
    return sqrt(sum);
}

/* |difference quotient - <g, direction>|; v (n) is part of what `value` depends on. */
static double deviation(subject *f, double *v, const double *g, size_t n, bool theta,
                        uint32_t direction, uint32_t row, double *rounding)
{
    double dot = 0, value[2] = {0};
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < n; i++) {
            const double step = sign(direction, row, i);
            dot += side ? g[i] * step : 0;
            v[i] += (side ? -2 : 1) * f->h * step;
        }
        if (theta) nd_theory_changed(f->t);
        value[side] = f->value(f);
    }
    for (size_t i = 0; i < n; i++)
        v[i] += f->h * sign(direction, row, i);
    *rounding = 8 * DBL_EPSILON * fabs(value[0]) / f->h;
    return fabs((value[0] - value[1]) / (2 * f->h) - dot);
}

/* The row of v: g is the derivative of value by it. */
static void differentiate(subject *f, double *v, const double *g, size_t n, bool theta,
                          nd_check *out, const char *name)
{
    nd_check_row *row = &out->row[out->n_rows];
    double error[DIRECTIONS];
    nd_copy(row->name, sizeof row->name, name);
    for (uint32_t d = 0; d < DIRECTIONS; d++)
        error[d] = deviation(f, v, g, n, theta, d, (uint32_t)out->n_rows, &row->rounding);
    if (theta) nd_theory_changed(f->t);
    qsort(error, DIRECTIONS, sizeof *error, ascending);
    row->gradient = length(g, n);
    const double unit = row->gradient > 0 ? row->gradient : 1;
    row->error = error[DIRECTIONS / 2] / unit;
    row->rounding /= unit;
    const double beyond = row->error - row->rounding;
    out->worst = beyond <= out->worst ? out->worst : beyond; /* NaN stays */
    out->n_rows++;
}

static void differentiate_all(subject *f, nd_check *out)
{
    nd_theory *t = f->t;
    const size_t L = nd_theory_spec_of(t)->L, B = nd_theory_rows(t);
    char name[8];
    *out = (nd_check){0};
    for (size_t l = nd_theory_first(t); l < L; l++) {
        double *v = f->at->s[l];
        snprintf(name, sizeof name, "s%u", (unsigned char)l);
        double *g = f->by_state->s[l]; /* of each sample's value; value is the mean */
        for (size_t i = 0; i < B * nd_theory_units(t, l); i++)
            g[i] /= (double)B;
        differentiate(f, v, g, B * nd_theory_units(t, l), false, out, name);
    }
    for (size_t l = 0; l < L; l++)
        for (int part = 0; part < ND_THEORY_PARTS; part++) {
            const nd_theory_tensor w = nd_theory_tensor_of(t, l, (nd_theory_part)part);
            if (!w.rows) continue;
            const unsigned char from = (unsigned char)(part == ND_THEORY_BACK ? l + 1 : l);
            const unsigned char to = (unsigned char)(part == ND_THEORY_BACK ? l : l + 1);
            if (part == ND_THEORY_BIAS)
                snprintf(name, sizeof name, "b%u", from);
            else
                snprintf(name, sizeof name, "W%u%u", from, to);
            differentiate(f, nd_theory_theta(t) + w.first, f->by_theta + w.first,
                          w.rows * w.cols, true, out, name);
        }
}

/* ---- Phi, and the loss after K steps ---- */

static double phi(subject *f)
{
    return creal(nd_theory_phi(f->t, f->at));
}

static double loss_after(subject *f)
{
    nd_theory_states_copy(f->t, f->at, f->moved);
    nd_theory_settle(f->t, f->moved, 0, f->K, 0);
    return nd_theory_loss(f->t, f->moved);
}

/* Where nothing is smooth between corners, smaller steps meet fewer of them. */
static double step_of(const nd_theory *t)
{
    const nd_theory_spec *spec = nd_theory_spec_of(t);
    bool smooth = nd_activation_at(spec->activation)->holomorphic && !spec->clamp;
    for (size_t l = 0; l < spec->L; l++)
        smooth = smooth && spec->link[l].pool != ND_THEORY_MAX;
    return smooth ? 1e-6 : 1e-7;
}

/* States after T free steps, each shifted by up to 0.05. */
static void near_rest(nd_theory *t, size_t T, nd_theory_states *s)
{
    nd_theory_settle(t, s, 0, T, 0);
    for (size_t l = nd_theory_first(t); l < nd_theory_spec_of(t)->L; l++) {
        const nd_at at = {.stream = ND_STREAM_CHECK, .batch = (uint32_t)l, .epoch = 1000};
        for (size_t i = 0; i < nd_theory_rows(t) * nd_theory_units(t, l); i++)
            s->s[l][i] += 0.1 * (nd_philox_unit(at, (uint32_t)i) - 0.5);
    }
}

/* The work of a check: states, and a vector of gradients. */
typedef struct work {
    nd_theory_states at, other, *trail; /* trail (n_trail) */
    size_t n_trail;
    double *g;
} work;

static nd_code take(const nd_theory *t, size_t n_trail, work *w, nd_err *err)
{
    *w = (work){.n_trail = n_trail};
    w->g = calloc(nd_theory_size(t), sizeof *w->g);
    w->trail = calloc(n_trail + 1, sizeof *w->trail);
    if (!w->g || !w->trail) return ND_FAIL(err, ND_ENOMEM, "no memory for a check");
    ND_TRY(nd_theory_states_new(t, 1, &w->at, err));
    ND_TRY(nd_theory_states_new(t, 1, &w->other, err));
    for (size_t i = 0; i < n_trail; i++)
        ND_TRY(nd_theory_states_new(t, 1, &w->trail[i], err));
    return ND_OK;
}

static void give_back(work *w)
{
    for (size_t i = 0; w->trail && i < w->n_trail; i++)
        nd_theory_states_free(&w->trail[i]);
    nd_theory_states_free(&w->at);
    nd_theory_states_free(&w->other);
    free(w->trail);
    free(w->g);
}

nd_code nd_check_phi(nd_theory *t, size_t T, nd_check *out, nd_err *err)
{
    work w;
    const nd_code code = take(t, 0, &w, err);
    if (code == ND_OK) {
        near_rest(t, T, &w.at);
        nd_theory_phi_slope(t, &w.at, &w.other);
        nd_theory_contrast(t, &w.at, 0, 1, w.g);
        subject f = {.t = t,
                     .at = &w.at,
                     .value = phi,
                     .by_state = &w.other,
                     .by_theta = w.g,
                     .h = step_of(t)};
        differentiate_all(&f, out);
    }
    give_back(&w);
    return code;
}

nd_code nd_check_bptt(nd_theory *t, size_t T, size_t K, nd_check *out, nd_err *err)
{
    work w;
    const nd_code code = take(t, K + 1, &w, err);
    if (code == ND_OK) {
        near_rest(t, T, &w.at);
        nd_theory_states_copy(t, &w.at, &w.trail[0]);
        for (size_t k = 1; k <= K; k++) {
            nd_theory_states_copy(t, &w.trail[k - 1], &w.trail[k]);
            nd_theory_settle(t, &w.trail[k], 0, 1, 0);
        }
        nd_theory_adjoint_start(t, &w.trail[K], &w.other, w.g);
        for (size_t k = K; k-- > 0;)
            nd_theory_adjoint_step(t, &w.trail[k], &w.other, w.g);
        subject f = {.t = t,
                     .K = K,
                     .at = &w.at,
                     .moved = &w.trail[K],
                     .value = loss_after,
                     .by_state = &w.other,
                     .by_theta = w.g,
                     .h = step_of(t)};
        differentiate_all(&f, out);
    }
    give_back(&w);
    return code;
}

/* ---- estimators ---- */

static const struct {
    const char *name;
    nd_theory_mode mode;
    size_t points;
} estimators[ND_CHECK_ESTIMATES] = {
    {"one-sided", ND_THEORY_ONE_SIDED, 0},
    {"negative", ND_THEORY_NEGATIVE, 0},
    {"symmetric", ND_THEORY_SYMMETRIC, 0},
    {"holomorphic 2", ND_THEORY_HOLOMORPHIC, 2},
    {"holomorphic 4", ND_THEORY_HOLOMORPHIC, 4},
    {"holomorphic 6", ND_THEORY_HOLOMORPHIC, 6},
};
static const double at_rest = 1e-14; /* the largest change of a state in a step ...      */
static const double ulps = 1e-15;    /* ... and what rounding may do to states for ever */

static double distance(size_t n, const double *a, const double *b, double sign_of_b)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        const double d = a[i] - sign_of_b * b[i];
        sum += d * d;
    }
    return sqrt(sum);
}

/* estimate (ND_CHECK_BETAS, size) is scratch. */
static nd_code measure(nd_theory *t, const nd_theory_states *rest, double beta,
                       size_t which, const double *gradient, double length,
                       double *estimate, nd_check_estimate *out, nd_err *err)
{
    const nd_theory_spec *spec = nd_theory_spec_of(t);
    const size_t n = nd_theory_size(t);
    *out = (nd_check_estimate){.name = estimators[which].name, .slope = (double)NAN};
    out->possible = estimators[which].points < 3 ||
                    (nd_activation_at(spec->activation)->holomorphic && !spec->clamp);
    if (!out->possible) return ND_OK;
    memset(estimate, 0, ND_CHECK_BETAS * n * sizeof *estimate);
    for (int i = 0; i < ND_CHECK_BETAS; i++) {
        const nd_theory_nudging how = {.mode = estimators[which].mode,
                                       .beta = ldexp(beta, -i),
                                       .points = estimators[which].points,
                                       .steps = STEPS_MAX,
                                       .tolerance = fmax(at_rest * fabs(beta), ulps)};
        double *g = estimate + (size_t)i * n;
        ND_TRY(nd_theory_estimate(t, rest, &how, g, err));
        out->error[i] = distance(n, g, gradient, -1) / length;
    }
    const double coarse = distance(n, estimate, estimate + n, 1) / length;
    const double fine = distance(n, estimate + n, estimate + 2 * n, 1) / length;
    if (fine > 1e-11 / fabs(beta)) out->slope = log2(coarse / fine);
    return ND_OK;
}

static nd_code estimates(nd_theory *t, double beta, work *w, double *scratch,
                         nd_check_bias *out, nd_err *err)
{
    out->free_steps = nd_theory_settle(t, &w->at, 0, STEPS_MAX, at_rest);
    if (out->free_steps == STEPS_MAX)
        return ND_FAIL(
            err, ND_EDIVERGED,
            "the free phase is not at rest after %d steps: there is no fixed "
            "point to take a gradient at; take a smaller ep.dt, or average pooling",
            STEPS_MAX);
    ND_TRY(nd_theory_rest_gradient(t, &w->at, STEPS_MAX, at_rest, &out->adjoint_steps, w->g,
                                   err));
    out->gradient = length(w->g, nd_theory_size(t));
    for (size_t e = 0; e < ND_CHECK_ESTIMATES; e++)
        ND_TRY(measure(t, &w->at, beta, e, w->g, out->gradient, scratch, &out->estimate[e],
                       err));
    return ND_OK;
}

nd_code nd_check_estimates(nd_theory *t, double beta, nd_check_bias *out, nd_err *err)
{
    work w;
    *out = (nd_check_bias){0};
    if (beta == 0) return ND_FAIL(err, ND_EINPUT, "ep.beta is 0: there is no nudge");
    double *scratch = calloc(ND_CHECK_BETAS * nd_theory_size(t), sizeof *scratch);
    nd_code code = take(t, 0, &w, err);
    if (code == ND_OK && !scratch) code = ND_FAIL(err, ND_ENOMEM, "no memory for a check");
    if (code == ND_OK) code = estimates(t, beta, &w, scratch, out, err);
    give_back(&w);
    free(scratch);
    return code;
}
