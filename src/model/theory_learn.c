/* theory_learn.c -- the oracle's learning: contrasts of phases, continual updates, vector
 * fields. */
#include "theory_impl.h"

#include <math.h>
#include <string.h>

/* Re(weight * v), and the imaginary part with its sign turned, to out (2, n) planes: then
 * Re(weight v u) = out[0] Re u + out[1] Im u for any u. */
static void weighed(const double *v, size_t planes, size_t n, double complex weight,
                    double *out)
{
    for (size_t i = 0; i < n; i++) {
        const double complex z = weight * nd_theory_get(v, planes, n, i);
        out[i] = creal(z);
        if (planes == 2) out[n + i] = -cimag(z);
    }
}

/* g of link l += Re(weight * mean of post x pre), both in t's planes; post is overwritten. */
static void add_products(nd_theory *t, size_t l, size_t planes, double *post,
                         const double *pre, size_t pre_planes, const uint32_t *where,
                         double complex weight, double *g)
{
    const size_t n = t->B * t->n[l], k = t->B * t->n[l + 1];
    double *w = g + t->tensor[l][ND_THEORY_WEIGHT].first;
    weighed(post, planes, n, weight / (double)t->B, post);
    nd_theory_link_outer(t, l, post, where, pre, 1.0, w);
    if (pre_planes == 2) nd_theory_link_outer(t, l, post + n, where, pre + k, 1.0, w);
    nd_theory_link_sum(t, l, post, 1.0, g + t->tensor[l][ND_THEORY_BIAS].first);
}

void nd_theory_contrast(nd_theory *t, const nd_theory_states *s, double complex beta,
                        double complex weight, double *g)
{
    const size_t planes = s->planes, L = t->L;
    nd_theory_rho(t, s);
    if (!t->spec.last_argmax) nd_theory_ups(t, planes, t->where);
    uint32_t *const *where =
        t->spec.last_argmax ? (uint32_t *const *)s->where : (uint32_t *const *)t->where;
    if (t->spec.softmax && beta != 0) {
        nd_theory_read_out(t, planes);
        add_products(t, 0, planes, t->error, t->rho[1], planes, t->where[0], weight * beta,
                     g);
    }
    /* pre-activations are not needed any more: they hold the weighed post-synaptic sides */
    for (size_t l = t->first; l < L; l++) {
        const bool input = l + 1 == L;
        memcpy(t->pre[l], t->rho[l], planes * t->B * t->n[l] * sizeof(double));
        add_products(t, l, planes, t->pre[l], input ? t->x : t->rho[l + 1],
                     input ? 1 : planes, where[l], weight, g);
    }
}

/* The change of every layer to t->pre, given the old rho in t->rho: of what the dynamics
 * push, r'(s) ds = drho, or ds alone. */
static void changes(nd_theory *t, const nd_theory_states *before,
                    const nd_theory_states *after)
{
    const bool of_rho = t->spec.energy && !t->spec.flat;
    for (size_t l = t->first; l < t->L; l++)
        for (size_t i = 0; i < t->B * t->n[l]; i++) {
            const double s = after->s[l][i];
            t->pre[l][i] = of_rho ? t->act->r(s) - t->rho[l][i] : s - before->s[l][i];
        }
}

void nd_theory_vector_field(nd_theory *t, const nd_theory_states *before,
                            const nd_theory_states *after, double weight, double *g)
{
    const double scale = weight / (double)t->B;
    nd_theory_rho(t, before);
    nd_theory_ups(t, 1, t->where);
    changes(t, before, after);
    for (size_t l = t->first; l < t->L; l++) {
        const bool input = l + 1 == t->L;
        nd_theory_link_outer(t, l, t->pre[l], t->where[l], input ? t->x : t->rho[l + 1],
                             scale, g + t->tensor[l][ND_THEORY_WEIGHT].first);
        nd_theory_link_sum(t, l, t->pre[l], scale, g + t->tensor[l][ND_THEORY_BIAS].first);
        if (!input)
            nd_theory_link_outer(t, l, t->rho[l], t->where[l], t->pre[l + 1], scale,
                                 g + t->tensor[l][nd_theory_back(t, l)].first);
    }
}

/* ---- estimators ---- */

/* g += Re(weight * contrast at beta), after a phase of its own from `rest`. */
static void add_phase(nd_theory *t, const nd_theory_states *rest, nd_theory_states *s,
                      const nd_theory_nudging *how, double complex beta,
                      double complex weight, double *g)
{
    nd_theory_states_copy(t, rest, s);
    nd_theory_settle(t, s, beta, how->steps, how->tolerance);
    nd_theory_contrast(t, s, beta, weight, g);
}

/* The N-point rule 1/N sum_n g(b_n)/b_n, b_n = beta exp(2 pi i n/N). The half of the circle
 * below the real axis mirrors the half above. */
static nd_code holomorphic(nd_theory *t, const nd_theory_states *rest,
                           const nd_theory_nudging *how, nd_theory_states *s, double *g,
                           nd_err *err)
{
    const size_t N = how->points;
    const double share = 1.0 / (double)N;
    add_phase(t, rest, s, how, how->beta, share / how->beta, g);
    if (N % 2 == 0) add_phase(t, rest, s, how, -how->beta, -share / how->beta, g);
    if (N < 3) return ND_OK;
    nd_theory_states z;
    ND_TRY(nd_theory_states_new(t, 2, &z, err));
    for (size_t n = 1; 2 * n < N; n++) {
        const double turn = 2 * acos(-1.0) * (double)n * share;
        const double complex beta = how->beta * nd_complex(cos(turn), sin(turn));
        add_phase(t, rest, &z, how, beta, 2 * share / beta, g);
    }
    nd_theory_states_free(&z);
    return ND_OK;
}

nd_code nd_theory_estimate(nd_theory *t, const nd_theory_states *rest,
                           const nd_theory_nudging *how, double *g, nd_err *err)
{
    const double b = how->beta;
    if (b == 0 || (how->mode == ND_THEORY_HOLOMORPHIC && how->points == 0))
        return ND_FAIL(err, ND_EINPUT, "nudging needs a beta other than 0, and points");
    nd_theory_mode mode = how->mode;
    if (mode == ND_THEORY_HOLOMORPHIC && how->points == 1) mode = ND_THEORY_ONE_SIDED;
    nd_theory_states s;
    nd_code code = ND_OK;
    ND_TRY(nd_theory_states_new(t, 1, &s, err));
    switch (mode) {
    case ND_THEORY_ONE_SIDED:
        nd_theory_contrast(t, rest, 0, -1 / b, g);
        add_phase(t, rest, &s, how, b, 1 / b, g);
        break;
    case ND_THEORY_NEGATIVE:
        nd_theory_contrast(t, rest, 0, 1 / b, g);
        add_phase(t, rest, &s, how, -b, -1 / b, g);
        break;
    case ND_THEORY_SYMMETRIC:
        add_phase(t, rest, &s, how, b, 0.5 / b, g);
        add_phase(t, rest, &s, how, -b, -0.5 / b, g);
        break;
    case ND_THEORY_HOLOMORPHIC:
        code = holomorphic(t, rest, how, &s, g, err);
        break;
    }
    nd_theory_states_free(&s);
    return code;
}

/* ---- continual updates ---- */

/* theta += rates[l] * g for the tensors of each link */
static void learn(nd_theory *t, const double *rates, const double *g)
{
    for (size_t l = 0; l < t->L; l++)
        for (int part = 0; part < ND_THEORY_PARTS; part++) {
            const nd_theory_tensor w = t->tensor[l][part];
            for (size_t i = w.first; i < w.first + w.rows * w.cols; i++)
                t->theta[i] += rates[l] * g[i];
        }
    nd_theory_changed(t);
}

nd_code nd_theory_continual(nd_theory *t, nd_theory_states *s, double beta, size_t steps,
                            const double *rates, nd_err *err)
{
    nd_theory_states old;
    nd_arena a;
    ND_TRY(nd_arena_new(&a, t->size * sizeof(double), err));
    const nd_code code = nd_theory_states_new(t, 1, &old, err);
    if (code != ND_OK) {
        nd_arena_free(&a);
        return code;
    }
    double *g = nd_arena_take(&a, t->size, sizeof *g);
    for (size_t step = 0; step < steps; step++) {
        nd_theory_states_copy(t, s, &old);
        nd_theory_settle(t, s, beta, 1, 0);
        memset(g, 0, t->size * sizeof *g);
        if (t->spec.vector_field) {
            nd_theory_vector_field(t, &old, s, 1 / beta, g);
        } else {
            nd_theory_contrast(t, &old, step ? beta : 0, -1 / beta, g);
            nd_theory_contrast(t, s, beta, 1 / beta, g);
        }
        learn(t, rates, g);
    }
    nd_theory_states_free(&old);
    nd_arena_free(&a);
    return ND_OK;
}
