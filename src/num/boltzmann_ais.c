/* boltzmann_ais.c -- log Z by annealed importance sampling (Neal 2001; Salakhutdinov and
 * Murray, ICML 2008).
 *
 * Between independent units with biases a_A and the machine lie, for 0 <= beta <= 1,
 *
 *     log p*_beta(v) = (1 - beta) a_A.v + beta a.v + sum_j softplus(beta (b_j + v W_j)),
 *
 * log Z_0 = sum_i softplus(a_A,i) + nh log 2. A run starts from p_0 and takes a Gibbs step
 * at each temperature in turn; its weight prod_k p*_k(v) / p*_{k-1}(v) is an unbiased
 * estimate of Z_1 / Z_0, whatever the steps mix. The label group is one more visible unit
 * with `classes` states.
 *
 * States are binary, so products with W are sums of the rows of active units. All runs go
 * through a panel of W together, while it is in the nearest cache. */
#include "nudge/boltzmann.h"

#include "boltzmann_impl.h"
#include "nudge/mem.h"

#include <stdbool.h>
#include <string.h>

enum { PANEL = 16 };

/* A layer: units with a bias and panels of weights from the k units of the other layer. */
typedef struct layer {
    size_t n, ld, k;
    double *panels;   /* (ld / PANEL, k, PANEL) */
    double *field;    /* (runs, ld) weighted input of each unit, without bias */
    uint32_t *active; /* (runs, n) the units that are on */
    size_t *n_active; /* (runs)    */
} layer;

typedef struct annealing {
    const nd_boltzmann *m;
    const nd_ais_options *o;
    layer visible; /* pixels, then labels */
    layer hidden;
    double *bias, *base;    /* (nv + classes) of the machine and of the base machine */
    double *log_w;          /* (runs) */
    double *p;              /* (n of the larger) scratch */
    uint32_t words_visible; /* draws of a sweep, in blocks of four words */
    uint32_t words;
} annealing;

/* ---- room ---- */

static void layer_room(layer *l, size_t n, size_t k, size_t runs, nd_arena *a)
{
    *l = (layer){.n = n, .ld = nd_round_up(n, PANEL), .k = k};
    l->panels = nd_arena_take(a, l->ld * k, sizeof *l->panels);
    l->field = nd_arena_take(a, runs * l->ld, sizeof *l->field);
    l->active = nd_arena_take(a, runs * n, sizeof *l->active);
    l->n_active = nd_arena_take(a, runs, sizeof *l->n_active);
}

static void room(annealing *s, nd_arena *a)
{
    const nd_boltzmann *m = s->m;
    const size_t nv = m->nv + m->classes;
    layer_room(&s->visible, nv, m->nh, s->o->runs, a);
    layer_room(&s->hidden, m->nh, nv, s->o->runs, a);
    s->bias = nd_arena_take(a, nv, sizeof *s->bias);
    s->base = nd_arena_take(a, nv, sizeof *s->base);
    s->log_w = nd_arena_take(a, s->o->runs, sizeof *s->log_w);
    s->p = nd_arena_take(a, nv > m->nh ? nv : m->nh, sizeof *s->p);
}

/* Weight of visible unit i, a pixel or a label, to hidden unit j. */
static double weight(const nd_boltzmann *m, size_t i, size_t j)
{
    return i < m->nv ? m->W[i * m->nh + j] : m->U[(i - m->nv) * m->nh + j];
}

static double *panel_cell(const layer *l, size_t from, size_t to)
{
    return &l->panels[(to / PANEL * l->k + from) * PANEL + to % PANEL];
}

static void fill(annealing *s)
{
    const nd_boltzmann *m = s->m;
    const size_t nv = m->nv + m->classes;
    for (size_t i = 0; i < nv; i++)
        for (size_t j = 0; j < m->nh; j++) {
            *panel_cell(&s->hidden, i, j) = weight(m, i, j);
            *panel_cell(&s->visible, j, i) = weight(m, i, j);
        }
    for (size_t i = 0; i < nv; i++) {
        const double *base = i < m->nv ? s->o->base : s->o->base_label;
        s->bias[i] = i < m->nv ? m->a[i] : m->d[i - m->nv];
        s->base[i] = !base ? 0 : i < m->nv ? base[i] : base[i - m->nv];
    }
    s->words_visible = (uint32_t)(m->nv / 4 + 2); /* the last is the label's */
    s->words = s->words_visible + (uint32_t)(m->nh / 4 + 1);
}

/* ---- chains ---- */

/* field (runs, ld) = sums of the rows of active units, each in rising order. */
static void propagate(const layer *from, layer *to, size_t runs)
{
    for (size_t j0 = 0; j0 < to->ld; j0 += PANEL) {
        const double *panel = to->panels + j0 * to->k;
        for (size_t r = 0; r < runs; r++) {
            const uint32_t *on = from->active + r * from->n;
            double sum[PANEL] = {0};
            for (size_t a = 0; a < from->n_active[r]; a++) {
                const double *row = panel + (size_t)on[a] * PANEL;
                for (size_t j = 0; j < PANEL; j++)
                    sum[j] += row[j];
            }
            memcpy(to->field + r * to->ld + j0, sum, sizeof sum);
        }
    }
}

/* Switches on unit i of the first n with probability p_i; draws from block `word` on. */
static void sample_units(layer *l, size_t r, size_t n, const double *p, nd_at at,
                         uint32_t word)
{
    uint32_t *on = l->active + r * l->n, draw[4];
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (i % 4 == 0) nd_philox(at, word + (uint32_t)(i / 4), draw);
        if ((draw[i % 4] + 0.5) * 0x1p-32 < p[i]) on[count++] = (uint32_t)i;
    }
    l->n_active[r] = count;
}

/* Switches on one of the units from `first` on, with log odds x (n). */
static void sample_group(layer *l, size_t r, size_t first, size_t n, const double *x,
                         double u)
{
    const double log_sum = nd_log_sum_exp(n, x);
    size_t y = 0;
    for (; y + 1 < n; y++) {
        const double p = exp(x[y] - log_sum);
        if (u < p) break;
        u -= p;
    }
    l->active[r * l->n + l->n_active[r]++] = (uint32_t)(first + y);
}

static nd_at place(const annealing *s, size_t run)
{
    nd_at at = s->o->at;
    at.batch = (uint32_t)run;
    return at;
}

/* v, y ~ p_beta( . | h), given the fields that h makes. */
static void sample_visible(annealing *s, size_t r, double beta, uint32_t word)
{
    const nd_boltzmann *m = s->m;
    const double *field = s->visible.field + r * s->visible.ld;
    for (size_t i = 0; i < s->visible.n; i++)
        s->p[i] = (1 - beta) * s->base[i] + beta * (s->bias[i] + field[i]);
    for (size_t i = 0; i < m->nv; i++)
        s->p[i] = nd_logistic(s->p[i]);
    sample_units(&s->visible, r, m->nv, s->p, place(s, r), word);
    if (m->classes)
        sample_group(&s->visible, r, m->nv, m->classes, s->p + m->nv,
                     nd_philox_unit(place(s, r), word + s->words_visible - 1));
}

static void sample_hidden(annealing *s, size_t r, double beta, uint32_t word)
{
    const double *field = s->hidden.field + r * s->hidden.ld;
    for (size_t j = 0; j < s->m->nh; j++)
        s->p[j] = nd_logistic(beta * (s->m->b[j] + field[j]));
    sample_units(&s->hidden, r, s->m->nh, s->p, place(s, r), word + s->words_visible);
}

/* log w += log p*_to(v) - log p*_from(v), given the fields that v makes. */
static void weigh(annealing *s, size_t r, double from, double to)
{
    const uint32_t *on = s->visible.active + r * s->visible.n;
    const double *field = s->hidden.field + r * s->hidden.ld;
    double linear = 0;
    for (size_t a = 0; a < s->visible.n_active[r]; a++)
        linear += s->bias[on[a]] - s->base[on[a]];
    for (size_t j = 0; j < s->m->nh; j++)
        s->p[j] = s->m->b[j] + field[j];
    s->log_w[r] += (to - from) * linear + nd_softplus_sum(s->m->nh, s->p, to) -
                   nd_softplus_sum(s->m->nh, s->p, from);
}

static void anneal(annealing *s)
{
    const nd_ais_options *o = s->o;
    for (size_t r = 0; r < o->runs; r++) /* fields are 0, and count for nothing at 0 */
        sample_visible(s, r, 0, 0);
    for (size_t k = 1;; k++) {
        const uint32_t word = (uint32_t)k * s->words;
        propagate(&s->visible, &s->hidden, o->runs);
        for (size_t r = 0; r < o->runs; r++)
            weigh(s, r, o->beta[k - 1], o->beta[k]);
        if (k + 1 == o->n) return;
        for (size_t r = 0; r < o->runs; r++)
            sample_hidden(s, r, o->beta[k], word);
        propagate(&s->hidden, &s->visible, o->runs);
        for (size_t r = 0; r < o->runs; r++)
            sample_visible(s, r, o->beta[k], word);
    }
}

/* ---- the estimate ---- */

static double base_log_z(const annealing *s)
{
    const nd_boltzmann *m = s->m;
    double sum = (double)m->nh * log(2);
    for (size_t i = 0; i < m->nv; i++)
        sum += nd_softplus(s->base[i]);
    return sum + (m->classes ? nd_log_sum_exp(m->classes, s->base + m->nv) : 0);
}

/* The mean of the weights and its standard error s / sqrt(runs), relative to the mean. */
static void summarise(const annealing *s, nd_ais *out)
{
    const size_t runs = s->o->runs;
    const double log_sum = nd_log_sum_exp(runs, s->log_w);
    const double log_mean = log_sum - log((double)runs);
    double squares = 0, spread = 0;
    for (size_t r = 0; r < runs; r++) {
        const double relative = exp(s->log_w[r] - log_mean);
        squares += relative * relative;
        spread += (relative - 1) * (relative - 1);
    }
    const double error = sqrt(spread / (double)(runs - 1) / (double)runs);
    out->log_z = base_log_z(s) + log_mean;
    out->low = 3 * error < 1 ? out->log_z + log1p(-3 * error) : -HUGE_VAL;
    out->high = out->log_z + log1p(3 * error);
    out->effective = (double)runs * (double)runs / squares;
}

static nd_code check(const annealing *s, nd_err *err)
{
    const nd_ais_options *o = s->o;
    bool rises = o->n >= 2 && o->beta[0] == 0 && o->beta[o->n - 1] == 1;
    for (size_t k = 1; rises && k < o->n; k++)
        rises = o->beta[k] > o->beta[k - 1];
    if (!rises)
        return ND_FAIL(err, ND_EINPUT,
                       "the %zu inverse temperatures of annealed importance sampling must "
                       "rise from 0 to 1",
                       o->n);
    if (o->runs < 2)
        return ND_FAIL(err, ND_EINPUT,
                       "annealed importance sampling with %zu runs has no error; take 2 or "
                       "more",
                       o->runs);
    const size_t words = s->m->nv / 4 + s->m->nh / 4 + 3;
    if (o->runs > UINT32_MAX || o->n > UINT32_MAX / words)
        return ND_FAIL(err, ND_EINPUT,
                       "%zu runs at %zu temperatures need more random numbers than there "
                       "are; take fewer",
                       o->runs, o->n);
    return ND_OK;
}

nd_code nd_boltzmann_ais(const nd_boltzmann *m, const nd_ais_options *o, nd_ais *out,
                         nd_err *err)
{
    annealing s = {.m = m, .o = o};
    ND_TRY(check(&s, err));
    nd_arena a = {0};
    room(&s, &a);
    ND_TRY(nd_arena_new(&a, a.used, err));
    room(&s, &a);
    fill(&s);
    anneal(&s);
    summarise(&s, out);
    nd_arena_free(&a);
    return ND_OK;
}

/* ---- schedule and base machine ---- */

void nd_ais_schedule(size_t n, double *beta)
{
    static const struct {
        double part, beta;
    } knots[] = {{0, 0}, {500.0 / 14500, 0.5}, {4500.0 / 14500, 0.9}, {1, 1}};
    for (size_t i = 0, k = 0; i < n; i++) {
        const double part = (double)i / (double)(n - 1);
        while (k < 2 && part > knots[k + 1].part)
            k++;
        const double within = (part - knots[k].part) / (knots[k + 1].part - knots[k].part);
        beta[i] = knots[k].beta + within * (knots[k + 1].beta - knots[k].beta);
    }
    if (n) beta[n - 1] = 1;
}

void nd_ais_base(const nd_boltzmann_data *data, size_t nv, double *base)
{
    memset(base, 0, nv * sizeof *base);
    for (size_t s = 0; s < data->n; s++)
        for (size_t i = 0; i < nv; i++)
            base[i] += data->v[s * nv + i];
    for (size_t i = 0; i < nv; i++)
        base[i] = log((base[i] + 1) / ((double)data->n - base[i] + 1));
}

void nd_ais_base_label(const nd_boltzmann_data *data, size_t classes, double *base)
{
    for (size_t y = 0; y < classes; y++)
        base[y] = 1;
    for (size_t s = 0; data->label && s < data->n; s++)
        base[data->label[s]] += 1;
    for (size_t y = 0; y < classes; y++)
        base[y] = log(base[y]);
}
