/* boltzmann.c -- free energies, conditional probabilities, and what a machine says about
 * data.
 *
 * Hidden units are worked on in strips that fit on the stack: u_j = b_j + sum_i v_i W_ij is
 * summed along the rows of W, a strip at a time, so nothing is allocated and W is read in
 * order. Dark pixels (v_i = 0) cost nothing. */
#include "nudge/boltzmann.h"

#include "boltzmann_impl.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { STRIP = 64 };

static const size_t NO_FLIP = SIZE_MAX;

nd_code nd_boltzmann_moments_new(nd_boltzmann_moments *s, const nd_boltzmann *m,
                                 nd_err *err)
{
    const size_t n = (m->nv + m->classes + 1) * m->nh + m->nv + m->classes;
    double *x = calloc(n, sizeof *x);
    *s = (nd_boltzmann_moments){0};
    if (!x) return ND_FAIL(err, ND_ENOMEM, "no memory for the moments of %zu weights", n);
    s->n = n;
    s->W = x;
    s->a = s->W + m->nv * m->nh;
    s->b = s->a + m->nv;
    s->U = s->b + m->nh;
    s->d = s->U + m->classes * m->nh;
    return ND_OK;
}

void nd_boltzmann_moments_free(nd_boltzmann_moments *s)
{
    free(s->W);
    *s = (nd_boltzmann_moments){0};
}

/* ---- one state ---- */

static size_t strip_at(const nd_boltzmann *m, size_t j0)
{
    return j0 + STRIP < m->nh ? STRIP : m->nh - j0;
}

/* u (n) = b_j + sum_i v_i W_ij for the strip from j0, with pixel `flip` the other way. */
static void strip_field(const nd_boltzmann *m, const double *v, size_t flip, size_t j0,
                        size_t n, double *u)
{
    memcpy(u, m->b + j0, n * sizeof *u);
    for (size_t i = 0; i < m->nv; i++) {
        const double x = i == flip ? 1 - v[i] : v[i];
        const double *row = m->W + i * m->nh + j0;
        if (x == 0) continue;
        for (size_t j = 0; j < n; j++)
            u[j] += x * row[j];
    }
}

/* t (n) = u + U_y. */
static void add_label(const nd_boltzmann *m, size_t y, size_t j0, size_t n, const double *u,
                      double *t)
{
    if (!m->classes) {
        memcpy(t, u, n * sizeof *t);
        return;
    }
    for (size_t j = 0; j < n; j++)
        t[j] = u[j] + m->U[y * m->nh + j0 + j];
}

/* out (n) = -F(v, y) for y = first, ... first + n - 1; without classes out (1) = -F(v). */
static void log_weights(const nd_boltzmann *m, const double *v, size_t flip, size_t first,
                        size_t n, double *out)
{
    double u[STRIP], t[STRIP], linear = 0;
    for (size_t i = 0; i < m->nv; i++)
        linear += m->a[i] * (i == flip ? 1 - v[i] : v[i]);
    for (size_t y = 0; y < n; y++)
        out[y] = linear + (m->classes ? m->d[first + y] : 0);
    for (size_t j0 = 0; j0 < m->nh; j0 += STRIP) {
        const size_t strip = strip_at(m, j0);
        strip_field(m, v, flip, j0, strip, u);
        for (size_t y = 0; y < n; y++) {
            add_label(m, first + y, j0, strip, u, t);
            out[y] += nd_softplus_sum(strip, t, 1);
        }
    }
}

/* log sum over the y that `label` leaves open of exp(-F(v, y)). */
static double log_weight(const nd_boltzmann *m, const double *v, size_t flip, int label)
{
    double w[ND_BOLTZMANN_CLASSES_MAX];
    assert(m->classes <= ND_BOLTZMANN_CLASSES_MAX && label < (int)m->classes);
    const bool all = m->classes && label < 0;
    const size_t n = all ? m->classes : 1;
    log_weights(m, v, flip, label < 0 ? 0 : (size_t)label, n, w);
    return nd_log_sum_exp(n, w);
}

double nd_boltzmann_free_energy(const nd_boltzmann *m, const double *v, int label)
{
    return -log_weight(m, v, NO_FLIP, label);
}

void nd_boltzmann_classes(const nd_boltzmann *m, const double *v, double *log_p)
{
    assert(m->classes > 0);
    log_weights(m, v, NO_FLIP, 0, m->classes, log_p);
    const double log_sum = nd_log_sum_exp(m->classes, log_p);
    for (size_t y = 0; y < m->classes; y++)
        log_p[y] -= log_sum;
}

/* q (max(classes, 1)): one at the label, or p(y | v) where there is none. */
static void label_weights(const nd_boltzmann *m, const double *v, int label, double *q)
{
    assert(m->classes <= ND_BOLTZMANN_CLASSES_MAX && label < (int)m->classes);
    if (!m->classes) {
        q[0] = 1;
        return;
    }
    if (label < 0) nd_boltzmann_classes(m, v, q);
    for (size_t y = 0; y < m->classes; y++)
        q[y] = label < 0 ? exp(q[y]) : y == (size_t)label;
}

void nd_boltzmann_hidden(const nd_boltzmann *m, const double *v, int label, double *p)
{
    double q[ND_BOLTZMANN_CLASSES_MAX], u[STRIP], t[STRIP];
    label_weights(m, v, label, q);
    for (size_t j0 = 0; j0 < m->nh; j0 += STRIP) {
        const size_t n = strip_at(m, j0);
        strip_field(m, v, NO_FLIP, j0, n, u);
        memset(p + j0, 0, n * sizeof *p);
        for (size_t y = 0; y < (m->classes ? m->classes : 1); y++) {
            if (q[y] == 0) continue;
            add_label(m, y, j0, n, u, t);
            for (size_t j = 0; j < n; j++)
                p[j0 + j] += q[y] * nd_logistic(t[j]);
        }
    }
}

/* x.y in four sums side by side, in a fixed order. */
static double dot(size_t n, const double *x, const double *y)
{
    double sum[4] = {0};
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (size_t k = 0; k < 4; k++)
            sum[k] += x[i + k] * y[i + k];
    for (; i < n; i++)
        sum[0] += x[i] * y[i];
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

void nd_boltzmann_visible(const nd_boltzmann *m, const double *h, double *p)
{
    for (size_t i = 0; i < m->nv; i++)
        p[i] = nd_logistic(m->a[i] + dot(m->nh, m->W + i * m->nh, h));
}

void nd_boltzmann_label(const nd_boltzmann *m, const double *h, double *p)
{
    assert(m->classes > 0);
    for (size_t y = 0; y < m->classes; y++)
        p[y] = m->d[y] + dot(m->nh, m->U + y * m->nh, h);
    const double log_sum = nd_log_sum_exp(m->classes, p);
    for (size_t y = 0; y < m->classes; y++)
        p[y] = exp(p[y] - log_sum);
}

/* ---- data ---- */

static const double *row_of(const nd_boltzmann *m, const nd_boltzmann_data *data, size_t i)
{
    return data->v + i * m->nv;
}

static int label_of(const nd_boltzmann *m, const nd_boltzmann_data *data, size_t i)
{
    return m->classes && data->label ? data->label[i] : ND_NO_LABEL;
}

double nd_boltzmann_mean_free_energy(const nd_boltzmann *m, const nd_boltzmann_data *data)
{
    double sum = 0;
    for (size_t i = 0; i < data->n; i++)
        sum += nd_boltzmann_free_energy(m, row_of(m, data, i), label_of(m, data, i));
    return sum / (double)data->n;
}

double nd_boltzmann_free_energy_gap(const nd_boltzmann *m, const nd_boltzmann_data *train,
                                    const nd_boltzmann_data *validation)
{
    return nd_boltzmann_mean_free_energy(m, validation) -
           nd_boltzmann_mean_free_energy(m, train);
}

double nd_boltzmann_log_likelihood(const nd_boltzmann *m, const nd_boltzmann_data *data,
                                   double log_z)
{
    return -nd_boltzmann_mean_free_energy(m, data) - log_z;
}

/* A sample, to be sorted. */
typedef struct sample {
    const double *v;
    size_t nv;
    int label;
} sample;

static int ascending(const void *a, const void *b)
{
    const sample *x = a, *y = b;
    for (size_t i = 0; i < x->nv; i++)
        if (x->v[i] != y->v[i]) return x->v[i] < y->v[i] ? -1 : 1;
    return (x->label > y->label) - (x->label < y->label);
}

nd_code nd_boltzmann_optimum(const nd_boltzmann *m, const nd_boltzmann_data *data,
                             double *optimum, nd_err *err)
{
    sample *s = calloc(data->n ? data->n : 1, sizeof *s);
    if (!s) return ND_FAIL(err, ND_ENOMEM, "no memory to sort %zu samples", data->n);
    for (size_t i = 0; i < data->n; i++)
        s[i] = (sample){row_of(m, data, i), m->nv, label_of(m, data, i)};
    qsort(s, data->n, sizeof *s, ascending);
    double sum = 0;
    for (size_t i = 0, next; i < data->n; i = next) {
        for (next = i + 1; next < data->n && !ascending(&s[i], &s[next]); next++)
            ;
        const double p = (double)(next - i) / (double)data->n;
        sum += p * log(p);
    }
    free(s);
    *optimum = sum;
    return ND_OK;
}

double nd_boltzmann_label_likelihood(const nd_boltzmann *m, const nd_boltzmann_data *data,
                                     double *error_rate)
{
    double sum = 0, log_p[ND_BOLTZMANN_CLASSES_MAX];
    size_t errors = 0;
    assert(data->label && m->classes <= ND_BOLTZMANN_CLASSES_MAX);
    for (size_t i = 0; i < data->n; i++) {
        size_t best = 0;
        nd_boltzmann_classes(m, row_of(m, data, i), log_p);
        for (size_t y = 1; y < m->classes; y++)
            if (log_p[y] > log_p[best]) best = y;
        errors += best != data->label[i];
        sum += log_p[data->label[i]];
    }
    *error_rate = (double)errors / (double)data->n;
    return sum / (double)data->n;
}

/* log p(v_i | other v, label) = log logistic(F(v with the bit flipped) - F(v)). */
static double bit_likelihood(const nd_boltzmann *m, const double *v, int label, size_t bit)
{
    return -nd_softplus(log_weight(m, v, bit, label) - log_weight(m, v, NO_FLIP, label));
}

double nd_boltzmann_pseudo_likelihood(const nd_boltzmann *m, const nd_boltzmann_data *data)
{
    double sum = 0;
    for (size_t i = 0; i < data->n; i++)
        for (size_t bit = 0; bit < m->nv; bit++)
            sum += bit_likelihood(m, row_of(m, data, i), label_of(m, data, i), bit);
    return sum / (double)data->n;
}

double nd_boltzmann_pseudo_likelihood_at(const nd_boltzmann *m,
                                         const nd_boltzmann_data *data, nd_at at)
{
    double sum = 0;
    for (size_t i = 0; i < data->n; i++) {
        const size_t bit = nd_philox_below(at, (uint32_t)i, (uint32_t)m->nv);
        sum += bit_likelihood(m, row_of(m, data, i), label_of(m, data, i), bit);
    }
    return (double)m->nv * sum / (double)data->n;
}

nd_code nd_boltzmann_reconstruction(const nd_boltzmann *m, const nd_boltzmann_data *data,
                                    double *error, nd_err *err)
{
    double *h = malloc((m->nh + m->nv + 1) * sizeof *h), sum = 0;
    if (!h) return ND_FAIL(err, ND_ENOMEM, "no memory to reconstruct %zu pixels", m->nv);
    double *const p = h + m->nh;
    for (size_t i = 0; i < data->n; i++) {
        const double *v = row_of(m, data, i);
        nd_boltzmann_hidden(m, v, label_of(m, data, i), h);
        nd_boltzmann_visible(m, h, p);
        for (size_t k = 0; k < m->nv; k++)
            sum += (v[k] - p[k]) * (v[k] - p[k]);
    }
    free(h);
    *error = sum / ((double)data->n * (double)m->nv);
    return ND_OK;
}

/* ---- moments and gradients ---- */

/* out += scale sum_y q_y (v h, v, h, y h, y), h = p(h | v, y); q (max(classes, 1)) need not
 * be probabilities. */
static void add_moments(const nd_boltzmann *m, const double *v, const double *q,
                        double scale, nd_boltzmann_moments *out)
{
    double u[STRIP], t[STRIP], h[STRIP], total = 0;
    const size_t cases = m->classes ? m->classes : 1;
    for (size_t y = 0; y < cases; y++)
        total += q[y];
    for (size_t i = 0; i < m->nv; i++)
        out->a[i] += scale * total * v[i];
    for (size_t y = 0; y < m->classes; y++)
        out->d[y] += scale * q[y];
    for (size_t j0 = 0; j0 < m->nh; j0 += STRIP) {
        const size_t n = strip_at(m, j0);
        strip_field(m, v, NO_FLIP, j0, n, u);
        memset(h, 0, sizeof h);
        for (size_t y = 0; y < cases; y++) {
            if (q[y] == 0) continue;
            add_label(m, y, j0, n, u, t);
            for (size_t j = 0; j < n; j++) {
                const double part = scale * q[y] * nd_logistic(t[j]);
                h[j] += part;
                if (m->classes) out->U[y * m->nh + j0 + j] += part;
            }
        }
        for (size_t j = 0; j < n; j++)
            out->b[j0 + j] += h[j];
        for (size_t i = 0; i < m->nv; i++)
            for (size_t j = 0; v[i] != 0 && j < n; j++)
                out->W[i * m->nh + j0 + j] += v[i] * h[j];
    }
}

static void clear(nd_boltzmann_moments *s)
{
    memset(s->W, 0, s->n * sizeof *s->W);
}

void nd_boltzmann_data_moments(const nd_boltzmann *m, const nd_boltzmann_data *data,
                               nd_boltzmann_moments *out)
{
    double q[ND_BOLTZMANN_CLASSES_MAX];
    clear(out);
    for (size_t i = 0; i < data->n; i++) {
        label_weights(m, row_of(m, data, i), label_of(m, data, i), q);
        add_moments(m, row_of(m, data, i), q, 1 / (double)data->n, out);
    }
}

/* The moments with the label given minus those with p(y | v): linear in the weight of y. */
void nd_boltzmann_discriminative_gradient(const nd_boltzmann *m,
                                          const nd_boltzmann_data *data,
                                          nd_boltzmann_moments *out)
{
    double q[ND_BOLTZMANN_CLASSES_MAX];
    assert(data->label && m->classes > 0);
    clear(out);
    for (size_t i = 0; i < data->n; i++) {
        label_weights(m, row_of(m, data, i), ND_NO_LABEL, q);
        for (size_t y = 0; y < m->classes; y++)
            q[y] = (y == data->label[i]) - q[y];
        add_moments(m, row_of(m, data, i), q, 1 / (double)data->n, out);
    }
    /* does not depend on a; what is left there is rounding */
    memset(out->a, 0, m->nv * sizeof *out->a);
}
