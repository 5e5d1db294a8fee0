/* theory_dynamics.c -- the oracle's states: steps, primitive function, loss. */
#include "theory_impl.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* ---- states ---- */

static void layout(const nd_theory *t, nd_theory_states *s, nd_arena *a)
{
    for (size_t l = 0; l < t->L; l++) {
        s->s[l] = nd_arena_take(a, s->planes * t->B * t->n[l], sizeof(double));
        s->where[l] = nd_arena_take(a, t->B * t->n[l], sizeof(uint32_t));
    }
}

nd_code nd_theory_states_new(const nd_theory *t, size_t planes, nd_theory_states *s,
                             nd_err *err)
{
    *s = (nd_theory_states){.planes = planes};
    if (planes == 2 && (!t->act->holomorphic || (t->spec.energy && t->spec.clamp)))
        return ND_FAIL(err, ND_EINPUT,
                       "complex nudging needs holomorphic dynamics, but %s%s: take "
                       "shifted-sigmoid, logistic, tanh or identity, without ep.clamp",
                       t->act->holomorphic ? "states are clamped" : t->act->name,
                       t->act->holomorphic ? "" : " is not");
    nd_arena measure = {0};
    layout(t, s, &measure);
    ND_TRY(nd_arena_new(&s->block, measure.used, err));
    layout(t, s, &s->block);
    return ND_OK;
}

void nd_theory_states_free(nd_theory_states *s)
{
    nd_arena_free(&s->block);
    *s = (nd_theory_states){0};
}

void nd_theory_states_copy(const nd_theory *t, const nd_theory_states *from,
                           nd_theory_states *to)
{
    assert(from->planes <= to->planes);
    for (size_t l = 0; l < t->L; l++) {
        const size_t n = t->B * t->n[l];
        memset(to->s[l], 0, to->planes * n * sizeof(double));
        memcpy(to->s[l], from->s[l], from->planes * n * sizeof(double));
        memcpy(to->where[l], from->where[l], n * sizeof(uint32_t));
    }
}

/* ---- pre-activations ---- */

double complex nd_theory_r(const nd_theory *t, size_t planes, double complex z)
{
    return planes == 2 ? t->act->holomorphic(z) : t->act->r(creal(z));
}

double complex nd_theory_slope(const nd_theory *t, size_t planes, double complex z)
{
    return planes == 2 ? t->act->holomorphic_slope(z) : t->act->slope(creal(z));
}

void nd_theory_rho(nd_theory *t, const nd_theory_states *s)
{
    for (size_t l = t->first; l < t->L; l++) {
        const size_t n = t->B * t->n[l];
        if (!t->spec.energy) {
            memcpy(t->rho[l], s->s[l], s->planes * n * sizeof(double));
            continue;
        }
        for (size_t i = 0; i < n; i++)
            nd_theory_put(
                t->rho[l], s->planes, n, i,
                nd_theory_r(t, s->planes, nd_theory_get(s->s[l], s->planes, n, i)));
    }
}

void nd_theory_ups(nd_theory *t, size_t planes, uint32_t *const *where)
{
    for (size_t l = t->first; l < t->L; l++) {
        const size_t n = t->B * t->n[l];
        memset(t->pre[l], 0, planes * n * sizeof(double));
        if (l + 1 == t->L) {
            memcpy(t->pre[l], t->drive, n * sizeof(double));
            memcpy(where[l], t->drive_where, n * sizeof(uint32_t));
            continue;
        }
        nd_theory_link_up(t, l, nd_theory_w(t, l, ND_THEORY_WEIGHT), planes, t->rho[l + 1],
                          true, where[l], t->pre[l]);
        nd_theory_add_bias(t, l, t->pre[l]);
    }
}

void nd_theory_pre(nd_theory *t, size_t planes, uint32_t *const *where)
{
    nd_theory_ups(t, planes, where);
    for (size_t l = t->first; l + 1 < t->L; l++)
        nd_theory_link_down(t, l, t->back_t[l], planes, t->rho[l], where[l], t->pre[l + 1]);
}

/* W_0 rho_1 + b_0, to t->error */
static void logits(nd_theory *t, size_t planes)
{
    memset(t->error, 0, planes * t->B * t->n[0] * sizeof(double));
    nd_theory_link_up(t, 0, nd_theory_w(t, 0, ND_THEORY_WEIGHT), planes, t->rho[1], false,
                      t->where[0], t->error);
    nd_theory_add_bias(t, 0, t->error);
}

static double largest(const double *x, size_t n)
{
    double most = x[0];
    for (size_t j = 1; j < n; j++)
        most = fmax(most, x[j]);
    return most;
}

void nd_theory_read_out(nd_theory *t, size_t planes)
{
    const size_t n = t->n[0], half = t->B * n;
    logits(t, planes);
    for (size_t b = 0; b < t->B; b++) {
        const double most = largest(t->error + b * n, n);
        double complex sum = 0;
        for (size_t i = b * n; i < (b + 1) * n; i++) {
            const double complex e = cexp(nd_theory_get(t->error, planes, half, i) - most);
            nd_theory_put(t->error, planes, half, i, e);
            sum += e;
        }
        for (size_t i = b * n; i < (b + 1) * n; i++)
            nd_theory_put(t->error, planes, half, i,
                          t->y[i] - nd_theory_get(t->error, planes, half, i) / sum);
    }
}

/* ---- one step ---- */

/* -beta dloss/drho of layer `first`, to t->nudge */
static void nudge(nd_theory *t, const nd_theory_states *s, double complex beta)
{
    const size_t n = t->B * t->n[t->first], planes = s->planes;
    memset(t->nudge, 0, planes * n * sizeof(double));
    if (beta == 0) return;
    if (t->spec.softmax) {
        nd_theory_read_out(t, planes);
        nd_theory_link_down(t, 0, t->forward_t[0], planes, t->error, t->where[0], t->nudge);
    }
    for (size_t i = 0; i < n; i++) {
        const double complex down = t->spec.softmax
                                        ? nd_theory_get(t->nudge, planes, n, i)
                                        : t->y[i] - nd_theory_get(s->s[0], planes, n, i);
        nd_theory_put(t->nudge, planes, n, i, beta * down);
    }
}

/* ds/dt of element i of layer l */
static double complex velocity(const nd_theory *t, size_t l, size_t planes,
                               double complex s, double complex x, double complex push)
{
    const nd_theory_spec *spec = &t->spec;
    if (!spec->energy)
        return spec->inside || spec->softmax ? -s + nd_theory_r(t, planes, x + push)
                                             : -s + nd_theory_r(t, planes, x) + push;
    const double complex k = nd_theory_flat(t, l) ? 1.0 : nd_theory_slope(t, planes, s);
    /* the loss sees s[0] itself, but rho[1] through a read-out */
    return spec->softmax ? -s + k * (x + push) : -s + k * x + push;
}

/* The larger; what is no number counts as larger than any. */
static double larger(double a, double b)
{
    return a >= b || isnan(a) ? a : b;
}

/* Moves layer l; returns the largest change. */
static double move(nd_theory *t, nd_theory_states *s, size_t l)
{
    const size_t n = t->B * t->n[l], planes = s->planes;
    const bool clamp = t->spec.energy && t->spec.clamp;
    double most = 0;
    for (size_t i = 0; i < n; i++) {
        const double complex old = nd_theory_get(s->s[l], planes, n, i);
        const double complex x = nd_theory_get(t->pre[l], planes, n, i);
        const double complex push =
            l == t->first ? nd_theory_get(t->nudge, planes, n, i) : 0;
        double complex next = old + t->spec.dt * velocity(t, l, planes, old, x, push);
        if (clamp) next = fmax(0.0, fmin(1.0, creal(next)));
        nd_theory_put(s->s[l], planes, n, i, next);
        most = larger(most, planes == 2 ? cabs(next - old) : fabs(creal(next - old)));
    }
    return most;
}

size_t nd_theory_settle(nd_theory *t, nd_theory_states *s, double complex beta,
                        size_t steps, double tolerance)
{
    assert(s->planes == 2 || cimag(beta) == 0);
    for (size_t step = 0; step < steps; step++) {
        double most = 0;
        nd_theory_rho(t, s);
        nd_theory_pre(t, s->planes, s->where);
        nudge(t, s, beta);
        for (size_t l = t->first; l < t->L; l++)
            most = larger(most, move(t, s, l));
        if (most < tolerance) return step + 1;
    }
    return steps;
}

/* ---- primitive function and loss ---- */

double complex nd_theory_phi(nd_theory *t, const nd_theory_states *s)
{
    double complex sum = 0;
    nd_theory_rho(t, s);
    nd_theory_ups(t, s->planes, t->where);
    for (size_t l = t->first; l < t->L; l++) {
        const size_t n = t->B * t->n[l];
        for (size_t i = 0; i < n; i++) {
            const double complex v = nd_theory_get(s->s[l], s->planes, n, i);
            sum += nd_theory_get(t->rho[l], s->planes, n, i) *
                   nd_theory_get(t->pre[l], s->planes, n, i);
            if (t->spec.energy) sum -= 0.5 * v * v;
        }
    }
    return sum / (double)t->B;
}

void nd_theory_phi_slope(nd_theory *t, const nd_theory_states *s, nd_theory_states *slope)
{
    const size_t planes = s->planes;
    nd_theory_rho(t, s);
    nd_theory_pre(t, planes, t->where);
    for (size_t l = t->first; l < t->L; l++) {
        const size_t n = t->B * t->n[l];
        for (size_t i = 0; i < n; i++) {
            const double complex v = nd_theory_get(s->s[l], planes, n, i);
            const double complex x = nd_theory_get(t->pre[l], planes, n, i);
            nd_theory_put(slope->s[l], planes, n, i,
                          t->spec.energy ? -v + nd_theory_slope(t, planes, v) * x : x);
        }
    }
}

double nd_theory_loss(nd_theory *t, const nd_theory_states *s)
{
    const size_t n = t->n[0];
    double sum = 0;
    assert(s->planes == 1);
    if (!t->spec.softmax) {
        for (size_t i = 0; i < t->B * n; i++)
            sum += 0.5 * (s->s[0][i] - t->y[i]) * (s->s[0][i] - t->y[i]);
        return sum / (double)t->B;
    }
    nd_theory_rho(t, s);
    logits(t, 1);
    for (size_t b = 0; b < t->B; b++) {
        const double *z = t->error + b * n, *y = t->y + b * n;
        const double most = largest(z, n);
        double total = 0, there = 0;
        for (size_t j = 0; j < n; j++) {
            total += exp(z[j] - most);
            there += y[j] * (z[j] - most);
        }
        sum += log(total) - there;
    }
    return sum / (double)t->B;
}
