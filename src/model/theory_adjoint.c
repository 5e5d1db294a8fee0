/* theory_adjoint.c -- back-propagation through time, by hand.
 *
 * Write the pre-activations x_l = A_l(rho_{l+1}) + B_l rho_{l-1}, with B the way down. A step
 * is s' = s + dt f(s, x); with a the adjoint of s', what reaches x and then s is
 *
 *     prototypical   u = dt r'(x) a             a <- (1 - dt) a + X^T u
 *     energy         u = dt k(s) a              a <- (1 - dt) a + dt k'(s) x a + r'(s) X^T u
 *
 * with X^T the transpose of rho -> x, maxima of the forward step kept, and k = r' or, on
 * Ernoult's output layer, 1. A weight appears in x of the layer above it and of the layer
 * below it, so that its gradient is u x rho + rho x u. */
#include "theory_impl.h"

#include <math.h>
#include <string.h>

void nd_theory_adjoint_start(nd_theory *t, const nd_theory_states *last,
                             nd_theory_states *a, double *g)
{
    for (size_t l = 0; l < t->L; l++)
        memset(a->s[l], 0, t->B * t->n[l] * sizeof(double));
    if (!t->spec.softmax) {
        for (size_t i = 0; i < t->B * t->n[0]; i++)
            a->s[0][i] = last->s[0][i] - t->y[i];
        return;
    }
    nd_theory_rho(t, last);
    nd_theory_read_out(t, 1); /* minus the slope of the loss by the logits */
    nd_theory_link_down(t, 0, t->forward_t[0], 1, t->error, t->where[0], a->s[1]);
    for (size_t i = 0; i < t->B * t->n[1]; i++)
        a->s[1][i] *= -(t->spec.energy ? t->act->slope(last->s[1][i]) : 1.0);
    if (!g) return;
    nd_theory_link_outer(t, 0, t->error, t->where[0], t->rho[1], -1.0 / (double)t->B,
                         g + t->tensor[0][ND_THEORY_WEIGHT].first);
    nd_theory_link_sum(t, 0, t->error, -1.0 / (double)t->B,
                       g + t->tensor[0][ND_THEORY_BIAS].first);
}

/* Element i of layer l: u to x_i (whose pre-activation it replaces), the rest of a's way
 * past x to a_i. */
static void through(const nd_theory *t, size_t l, double s, double *x, double *a)
{
    const nd_theory_spec *spec = &t->spec;
    const double dt = spec->dt, pre = *x;
    if (!spec->energy) {
        *x = dt * t->act->slope(pre) * *a;
        *a *= 1 - dt;
        return;
    }
    const bool flat = nd_theory_flat(t, l);
    const double k = flat ? 1.0 : t->act->slope(s), k1 = flat ? 0.0 : t->act->curve(s);
    const double next = s + dt * (-s + k * pre);
    if (spec->clamp && (next < 0 || next > 1)) *a = 0;
    *x = dt * k * *a;
    *a *= 1 - dt + dt * k1 * pre;
}

/* The gradient by the weights of link l: u in t->pre, rho in t->rho. */
static void add_gradient(nd_theory *t, size_t l, double *g)
{
    const bool input = l + 1 == t->L;
    const double scale = 1.0 / (double)t->B;
    nd_theory_link_outer(t, l, t->pre[l], t->where[l], input ? t->x : t->rho[l + 1], scale,
                         g + t->tensor[l][ND_THEORY_WEIGHT].first);
    nd_theory_link_sum(t, l, t->pre[l], scale, g + t->tensor[l][ND_THEORY_BIAS].first);
    if (!input)
        nd_theory_link_outer(t, l, t->rho[l], t->where[l], t->pre[l + 1], scale,
                             g + t->tensor[l][nd_theory_back(t, l)].first);
}

void nd_theory_adjoint_step(nd_theory *t, const nd_theory_states *old, nd_theory_states *a,
                            double *g)
{
    nd_theory_rho(t, old);
    nd_theory_pre(t, 1, t->where);
    for (size_t l = t->first; l < t->L; l++)
        for (size_t i = 0; i < t->B * t->n[l]; i++)
            through(t, l, old->s[l][i], &t->pre[l][i], &a->s[l][i]);
    for (size_t l = t->first; g && l < t->L; l++)
        add_gradient(t, l, g);
    for (size_t l = t->first; l < t->L; l++) {
        double *back = t->rho[l]; /* rho has served: it takes X^T u */
        memset(back, 0, t->B * t->n[l] * sizeof *back);
        if (l > t->first) /* x_{l-1} heard it by the way up */
            nd_theory_link_down(t, l - 1, t->forward_t[l - 1], 1, t->pre[l - 1],
                                t->where[l - 1], back);
        if (l + 1 < t->L) /* x_{l+1} by the way down */
            nd_theory_link_up(t, l, nd_theory_w(t, l, nd_theory_back(t, l)), 1,
                              t->pre[l + 1], false, t->where[l], back);
        for (size_t i = 0; i < t->B * t->n[l]; i++)
            a->s[l][i] += (t->spec.energy ? t->act->slope(old->s[l][i]) : 1.0) * back[i];
    }
}

static double norm(const nd_theory *t, const nd_theory_states *a)
{
    double sum = 0;
    for (size_t l = t->first; l < t->L; l++)
        for (size_t i = 0; i < t->B * t->n[l]; i++)
            sum += a->s[l][i] * a->s[l][i];
    return sqrt(sum);
}

/* Every step begins at the same states and is linear in a: the sum over steps of what they
 * give theta is what the sum of their a gives it in one. */
nd_code nd_theory_rest_gradient(nd_theory *t, const nd_theory_states *rest, size_t steps,
                                double tolerance, size_t *taken, double *g, nd_err *err)
{
    nd_theory_states a, sum;
    ND_TRY(nd_theory_states_new(t, 1, &a, err));
    const nd_code code = nd_theory_states_new(t, 1, &sum, err);
    if (code == ND_OK) {
        nd_theory_adjoint_start(t, rest, &a, g);
        const double start = norm(t, &a);
        for (*taken = 0; *taken < steps && norm(t, &a) > tolerance * start; ++*taken) {
            for (size_t l = t->first; l < t->L; l++)
                for (size_t i = 0; i < t->B * t->n[l]; i++)
                    sum.s[l][i] += a.s[l][i];
            nd_theory_adjoint_step(t, rest, &a, NULL);
        }
        nd_theory_adjoint_step(t, rest, &sum, g);
    }
    nd_theory_states_free(&sum);
    nd_theory_states_free(&a);
    return code;
}
