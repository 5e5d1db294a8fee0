/* boltzmann_exact.c -- sums over all states of a small machine.
 *
 * One side is walked through state by state; given it, the units of the other side are
 * independent and are summed over in closed form:
 *
 *     Z = sum_h exp(b.h) prod_i (1 + exp(a_i + sum_j W_ij h_j)) sum_y exp(d_y + U_y.h)
 *       = sum_y sum_v exp(a.v + d_y) prod_j (1 + exp(b_j + sum_i v_i W_ij + U_yj)).
 *
 * States come in Gray-code order, so that from one to the next a single row is added or
 * taken away. At every BLOCKth the sums start afresh: rounding errors don't add up, and a
 * block is summed before it joins the total. */
#include "nudge/boltzmann.h"

#include "boltzmann_impl.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1024 };

/* The sides, whichever way round: k units that are walked through, n units and a group of c
 * labels that are summed over. `cases`: labels that are walked through as well (1: none). */
typedef struct walk {
    const nd_boltzmann *m;
    bool visible; /* the walked side */
    size_t k, n, c, cases;
    const double *own;  /* (k) biases of the walked units   */
    const double *rows; /* (k, n) their weights             */
    double *labels;     /* (k, c) to the group              */
    double *bias;       /* (n) of the summed units, in this case */
    double offset;      /* bias of the case                 */
    uint64_t state;     /* bit i: unit i is on              */
    double *x, *z;      /* (n), (c) fields in this state    */
    double linear;      /* sum of own biases                */
    double *memory;     /* owned                            */
} walk;

/* out (n, k) = in (k, n) transposed. */
static void transpose(size_t k, size_t n, const double *in, double *out)
{
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < n; j++)
            out[j * k + i] = in[i * n + j];
}

/* Doublings of the number of states that the label brings. */
static size_t label_units(const nd_boltzmann *m)
{
    size_t bits = 0;
    while (m->classes > (size_t)1 << bits)
        bits++;
    return bits;
}

static nd_code walk_new(walk *w, const nd_boltzmann *m, bool visible, nd_err *err)
{
    const size_t units = visible ? m->nv + label_units(m) : m->nh;
    if (units > ND_BOLTZMANN_UNITS_MAX)
        return ND_FAIL(err, ND_EINPUT,
                       "a machine of %zu visible and %zu hidden units cannot be summed "
                       "over exactly: the smaller side has 2^%zu states, 2^%d are the "
                       "limit; estimate log Z by annealed importance sampling",
                       m->nv, m->nh, units, ND_BOLTZMANN_UNITS_MAX);
    *w = (walk){.m = m, .visible = visible};
    w->k = visible ? m->nv : m->nh;
    w->n = visible ? m->nh : m->nv;
    w->c = visible ? 0 : m->classes;
    w->cases = visible && m->classes ? m->classes : 1;
    w->own = visible ? m->a : m->b;
    w->memory = malloc((w->k * (w->n + w->c) + 2 * w->n + w->c + 1) * sizeof *w->memory);
    if (!w->memory)
        return ND_FAIL(err, ND_ENOMEM, "no memory for a sum over %zu units", units);
    double *rows = w->memory;
    w->labels = rows + w->k * w->n;
    w->bias = w->labels + w->k * w->c;
    w->x = w->bias + w->n;
    w->z = w->x + w->n;
    w->rows = visible ? m->W : rows;
    if (!visible) {
        transpose(m->nv, m->nh, m->W, rows);
        transpose(m->classes, m->nh, m->U, w->labels);
    }
    return ND_OK;
}

static nd_code walk_smaller(walk *w, const nd_boltzmann *m, nd_err *err)
{
    return walk_new(w, m, m->nv + label_units(m) < m->nh, err);
}

static uint64_t states(const walk *w)
{
    return (uint64_t)1 << w->k;
}

static void walk_case(walk *w, size_t y)
{
    const nd_boltzmann *m = w->m;
    const bool label = w->visible && m->classes;
    memcpy(w->bias, w->visible ? m->b : m->a, w->n * sizeof *w->bias);
    for (size_t j = 0; label && j < w->n; j++)
        w->bias[j] += m->U[y * m->nh + j];
    w->offset = label ? m->d[y] : 0;
}

static void add_unit(walk *w, size_t i, double sign)
{
    w->linear += sign * w->own[i];
    for (size_t j = 0; j < w->n; j++)
        w->x[j] += sign * w->rows[i * w->n + j];
    for (size_t y = 0; y < w->c; y++)
        w->z[y] += sign * w->labels[i * w->c + y];
}

static void start_afresh(walk *w)
{
    w->linear = w->offset;
    memcpy(w->x, w->bias, w->n * sizeof *w->x);
    if (w->c) memcpy(w->z, w->m->d, w->c * sizeof *w->z);
    for (size_t i = 0; i < w->k; i++)
        if (w->state >> i & 1) add_unit(w, i, 1);
}

/* To the i-th state of the case, from the one before; returns its log weight, the other
 * side summed over. */
static double walk_to(walk *w, uint64_t i)
{
    w->state = i ^ i >> 1;
    if (i % BLOCK == 0) {
        start_afresh(w);
    } else {
        const size_t unit = (size_t)__builtin_ctzll(i);
        add_unit(w, unit, w->state >> unit & 1 ? 1 : -1);
    }
    return w->linear + nd_softplus_sum(w->n, w->x, 1) +
           (w->c ? nd_log_sum_exp(w->c, w->z) : 0);
}

/* log (exp(a) + exp(b)) */
static double log_add(double a, double b)
{
    const double hi = fmax(a, b), lo = fmin(a, b);
    return isinf(hi) ? hi : hi + log1p(exp(lo - hi));
}

static double sum_states(walk *w)
{
    double total = -HUGE_VAL, block[BLOCK];
    for (size_t y = 0; y < w->cases; y++) {
        walk_case(w, y);
        for (uint64_t i0 = 0; i0 < states(w); i0 += BLOCK) {
            const size_t n = states(w) < BLOCK ? (size_t)states(w) : BLOCK;
            for (size_t i = 0; i < n; i++)
                block[i] = walk_to(w, i0 + i);
            total = log_add(total, nd_log_sum_exp(n, block));
        }
    }
    return total;
}

nd_code nd_boltzmann_log_z(const nd_boltzmann *m, double *log_z, nd_err *err)
{
    walk w;
    ND_TRY(walk_smaller(&w, m, err));
    *log_z = sum_states(&w);
    free(w.memory);
    return ND_OK;
}

/* ---- expectations ---- */

/* Sums of expectations, in the walk's own terms. */
typedef struct tally {
    double *pairs;  /* (k, n) <walked unit, summed unit> */
    double *labels; /* (k, c) <walked unit, label>       */
    double *walked; /* (k)                               */
    double *summed; /* (n) in this case                  */
    double *label;  /* (c)                               */
    double *now;    /* (n + c) of this state             */
    double total;   /* probability of this case          */
} tally;

static void add(size_t n, const double *x, double *sum)
{
    for (size_t i = 0; i < n; i++)
        sum[i] += x[i];
}

static void add_state(const walk *w, double p, tally *t)
{
    const double log_sum = w->c ? nd_log_sum_exp(w->c, w->z) : 0;
    double *const label_now = t->now + w->n;
    for (size_t j = 0; j < w->n; j++)
        t->now[j] = p * nd_logistic(w->x[j]);
    for (size_t y = 0; y < w->c; y++)
        label_now[y] = p * exp(w->z[y] - log_sum);
    t->total += p;
    add(w->n, t->now, t->summed);
    add(w->c, label_now, t->label);
    for (uint64_t left = w->state; left; left &= left - 1) {
        const size_t i = (size_t)__builtin_ctzll(left);
        t->walked[i] += p;
        add(w->n, t->now, t->pairs + i * w->n);
        add(w->c, label_now, t->labels + i * w->c);
    }
}

static void add_case(walk *w, size_t y, double log_z, tally *t)
{
    t->total = 0;
    walk_case(w, y);
    for (uint64_t i = 0; i < states(w); i++) {
        const double log_p = walk_to(w, i) - log_z;
        add_state(w, exp(log_p), t);
    }
}

/* scratch (nv nh + classes nh + nv + nh + classes), zeroed */
static void sum_moments(walk *w, double log_z, double *scratch, nd_boltzmann_moments *out)
{
    const nd_boltzmann *m = w->m;
    double *const pairs = scratch, *const labels = pairs + m->nv * m->nh;
    double *const now = labels + m->classes * m->nh;
    memset(out->W, 0, out->n * sizeof *out->W);
    if (!w->visible) {
        tally t = {pairs, labels, out->b, out->a, out->d, now, 0};
        add_case(w, 0, log_z, &t);
        transpose(m->nh, m->nv, pairs, out->W);
        transpose(m->nh, m->classes, labels, out->U);
        return;
    }
    for (size_t y = 0; y < w->cases; y++) {
        double *const summed = m->classes ? out->U + y * m->nh : out->b;
        tally t = {out->W, NULL, out->a, summed, NULL, now, 0};
        add_case(w, y, log_z, &t);
        if (!m->classes) continue;
        out->d[y] = t.total;
        add(m->nh, summed, out->b);
    }
}

nd_code nd_boltzmann_model_moments(const nd_boltzmann *m, nd_boltzmann_moments *out,
                                   double *log_z, nd_err *err)
{
    walk w;
    ND_TRY(walk_smaller(&w, m, err));
    double *scratch = calloc(out->n + 1, sizeof *scratch);
    if (scratch) {
        const double total = sum_states(&w);
        sum_moments(&w, total, scratch, out);
        if (log_z) *log_z = total;
    }
    free(w.memory);
    free(scratch);
    return scratch ? ND_OK : ND_FAIL(err, ND_ENOMEM, "no memory for %zu moments", out->n);
}

nd_code nd_boltzmann_gradient(const nd_boltzmann *m, const nd_boltzmann_data *data,
                              nd_boltzmann_moments *out, nd_err *err)
{
    nd_boltzmann_moments model;
    ND_TRY(nd_boltzmann_moments_new(&model, m, err));
    const nd_code code = nd_boltzmann_model_moments(m, &model, NULL, err);
    if (code == ND_OK) {
        nd_boltzmann_data_moments(m, data, out);
        for (size_t i = 0; i < out->n; i++)
            out->W[i] -= model.W[i];
    }
    nd_boltzmann_moments_free(&model);
    return code;
}

nd_code nd_boltzmann_table(const nd_boltzmann *m, double *p, nd_err *err)
{
    walk w;
    ND_TRY(walk_new(&w, m, true, err));
    const double log_z = sum_states(&w);
    for (size_t y = 0; y < w.cases; y++) {
        walk_case(&w, y);
        for (uint64_t i = 0; i < states(&w); i++) {
            const double log_p = walk_to(&w, i) - log_z;
            p[y * states(&w) + w.state] = exp(log_p);
        }
    }
    free(w.memory);
    return ND_OK;
}
