/* gdu.c -- EP's updates and BPTT's gradients side by side, in one pass over t: the nudged
 * phase goes forward while the gradient goes back, so that no matrix is kept but sums. */
#include "nudge/gdu.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Everything of one pass. A vector of it holds the units of all moving layers, then theta. */
typedef struct pass {
    nd_theory *t;
    size_t T, K, length, units; /* units: before theta in a vector */
    double beta;
    size_t first[ND_GDU_ROWS];   /* of each row, in a vector        */
    size_t arrival[ND_GDU_ROWS]; /* first t with a signal            */
    double *ep, *bptt;           /* of this t                        */
    double *difference2, *ep2, *bptt2, *ep_sum, *bptt_sum;
    nd_arena arena;
    nd_theory_states *tail; /* (K+1) last states of the free phase */
    nd_theory_states now, next, adjoint;
} pass;

/* ---- rows ---- */

static void add_row(pass *p, nd_gdu *out, size_t at, size_t n, size_t arrival,
                    const char *name, size_t l, int m)
{
    if (!n) return;
    nd_gdu_row *row = &out->row[out->n_rows];
    *row = (nd_gdu_row){.n = n};
    if (m < 0)
        snprintf(row->name, sizeof row->name, "%s%u", name, (unsigned char)l);
    else
        snprintf(row->name, sizeof row->name, "%s%u%u", name, (unsigned char)l,
                 (unsigned char)m);
    p->first[out->n_rows] = at;
    p->arrival[out->n_rows] = arrival;
    out->n_rows++;
}

/* A nudge enters at the first moving layer and crosses one layer in a step. */
static void make_rows(pass *p, nd_gdu *out)
{
    nd_theory *t = p->t;
    const size_t L = nd_theory_spec_of(t)->L, first = nd_theory_first(t);
    for (size_t l = first; l < L; l++) {
        add_row(p, out, p->units, nd_theory_units(t, l), l - first, "s", l, -1);
        p->units += nd_theory_units(t, l);
    }
    for (size_t l = 0; l < L; l++) {
        const size_t arrival = l > first ? l - first : 0;
        for (int part = 0; part < ND_THEORY_PARTS; part++) {
            const nd_theory_tensor w = nd_theory_tensor_of(t, l, (nd_theory_part)part);
            const size_t at = p->units + w.first, n = w.rows * w.cols;
            if (part == ND_THEORY_WEIGHT)
                add_row(p, out, at, n, arrival, "W", l, (int)l + 1);
            else if (part == ND_THEORY_BIAS)
                add_row(p, out, at, n, arrival, "b", l, -1);
            else
                add_row(p, out, at, n, arrival + 1, "W", l + 1, (int)l);
        }
    }
    p->length = p->units + nd_theory_size(t);
}

/* ---- one t ---- */

/* v (units) = mean over the mini-batch of factor (a - b), layer after layer; b NULL: 0 */
static void layer_means(const pass *p, const nd_theory_states *a, const nd_theory_states *b,
                        double factor, double *v)
{
    const nd_theory *t = p->t;
    const size_t B = nd_theory_rows(t), L = nd_theory_spec_of(t)->L;
    for (size_t l = nd_theory_first(t); l < L; l++) {
        const size_t n = nd_theory_units(t, l);
        for (size_t i = 0; i < n; i++) {
            double sum = 0;
            for (size_t k = i; k < B * n; k += n)
                sum += a->s[l][k] - (b ? b->s[l][k] : 0);
            *v++ = factor * sum / (double)B;
        }
    }
}

static void ep_step(pass *p, size_t step)
{
    nd_theory *t = p->t;
    const nd_theory_spec *spec = nd_theory_spec_of(t);
    double *g = p->ep + p->units;
    nd_theory_states_copy(t, &p->now, &p->next);
    nd_theory_settle(t, &p->next, p->beta, 1, 0);
    layer_means(p, &p->next, &p->now, 1 / (p->beta * spec->dt), p->ep);
    if (spec->vector_field) {
        nd_theory_vector_field(t, &p->now, &p->next, 1 / p->beta, g);
    } else {
        nd_theory_contrast(t, &p->now, step ? p->beta : 0, -1 / p->beta, g);
        nd_theory_contrast(t, &p->next, p->beta, 1 / p->beta, g);
    }
    nd_theory_states_copy(t, &p->next, &p->now);
}

static void bptt_step(pass *p, size_t step)
{
    double *g = p->bptt + p->units;
    if (step == 0) nd_theory_adjoint_start(p->t, &p->tail[p->K], &p->adjoint, g);
    layer_means(p, &p->adjoint, NULL, -1, p->bptt);
    nd_theory_adjoint_step(p->t, &p->tail[p->K - 1 - step], &p->adjoint, g);
    for (size_t i = p->units; i < p->length; i++)
        p->bptt[i] = -p->bptt[i];
}

static void add_up(pass *p, const nd_gdu *out, size_t step)
{
    for (size_t r = 0; r < out->n_rows; r++) {
        double *a = p->ep + p->first[r], *b = p->bptt + p->first[r];
        if (step < p->arrival[r]) { /* what is there is only that the rest is not at rest */
            memset(a, 0, out->row[r].n * sizeof *a);
            memset(b, 0, out->row[r].n * sizeof *b);
            continue;
        }
        for (size_t i = 0, k = p->first[r]; i < out->row[r].n; i++, k++) {
            p->difference2[k] += (a[i] - b[i]) * (a[i] - b[i]);
            p->ep2[k] += a[i] * a[i];
            p->bptt2[k] += b[i] * b[i];
            p->ep_sum[k] += a[i];
            p->bptt_sum[k] += b[i];
        }
    }
}

static void compare(pass *p, nd_gdu *out)
{
    nd_theory_states_copy(p->t, &p->tail[p->K], &p->now);
    for (size_t step = 0; step < p->K; step++) {
        memset(p->ep, 0, p->length * sizeof *p->ep);
        memset(p->bptt, 0, p->length * sizeof *p->bptt);
        ep_step(p, step);
        bptt_step(p, step);
        add_up(p, out, step);
        for (size_t c = 0; c < out->n_curves; c++) {
            const nd_gdu_curve *curve = &out->curve[c];
            const size_t at = p->first[curve->row] + curve->element;
            out->values[2 * c * p->K + step] = p->ep[at];
            out->values[(2 * c + 1) * p->K + step] = p->bptt[at];
        }
    }
}

/* ---- what comes out ---- */

static void summarise(const pass *p, size_t r, nd_gdu_row *row)
{
    double sum = 0, sum2 = 0, dot = 0, ep2 = 0, bptt2 = 0;
    size_t moving = 0, agree = 0;
    for (size_t k = p->first[r]; k < p->first[r] + row->n; k++) {
        const double most = fmax(p->ep2[k], p->bptt2[k]);
        const double rmse = most > 0 ? sqrt(p->difference2[k] / most) : 0;
        const double a = p->ep_sum[k], b = p->bptt_sum[k];
        sum += rmse;
        sum2 += rmse * rmse;
        moving += a != 0 || b != 0;
        agree += (a > 0 && b > 0) || (a < 0 && b < 0);
        dot += a * b;
        ep2 += a * a;
        bptt2 += b * b;
    }
    const double n = (double)row->n, length = sqrt(ep2) * sqrt(bptt2);
    row->rmse = sum / n;
    row->rmse_sd = sqrt(fmax(0, sum2 / n - row->rmse * row->rmse));
    row->sign = moving ? (double)agree / (double)moving : (double)NAN;
    row->angle =
        length > 0 ? acos(fmax(-1, fmin(1, dot / length))) * 180 / acos(-1.0) : (double)NAN;
}

/* The elements of row r with the largest gradients, largest first, to the row's curves. */
static void choose(const pass *p, size_t r, const nd_gdu_row *row, size_t n,
                   nd_gdu_curve *curve)
{
    const double *size = p->bptt2 + p->first[r];
    size_t kept = 0;
    for (size_t i = 0; i < row->n; i++) {
        size_t at = kept < n ? kept++ : n;
        while (at > 0 && size[i] > size[curve[at - 1].element]) {
            if (at < n) curve[at].element = curve[at - 1].element;
            at--;
        }
        if (at < n) curve[at].element = i;
    }
}

static nd_code make_curves(const pass *p, size_t per_row, nd_gdu *out, nd_err *err)
{
    size_t n = 0;
    for (size_t r = 0; r < out->n_rows; r++)
        n += out->row[r].n < per_row ? out->row[r].n : per_row;
    out->curve = calloc(n + 1, sizeof *out->curve);
    out->values = calloc(n * 2 * p->K + 1, sizeof *out->values);
    if (!out->curve || !out->values)
        return ND_FAIL(err, ND_ENOMEM, "no memory for %zu curves", n);
    for (size_t r = 0; r < out->n_rows; r++) {
        const size_t here = out->row[r].n < per_row ? out->row[r].n : per_row;
        nd_gdu_curve *curve = out->curve + out->n_curves;
        choose(p, r, &out->row[r], here, curve);
        for (size_t i = 0; i < here; i++) {
            curve[i].row = r;
            curve[i].ep = out->values + (out->n_curves + i) * 2 * p->K;
            curve[i].bptt = curve[i].ep + p->K;
        }
        out->n_curves += here;
    }
    return ND_OK;
}

/* ---- a run ---- */

static void layout(pass *p, nd_arena *a)
{
    double **vectors[] = {&p->ep,    &p->bptt,   &p->difference2, &p->ep2,
                          &p->bptt2, &p->ep_sum, &p->bptt_sum};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
        *vectors[i] = nd_arena_take(a, p->length, sizeof(double));
    p->tail = nd_arena_take(a, p->K + 1, sizeof *p->tail);
}

static nd_code take(pass *p, nd_err *err)
{
    nd_arena measure = {0};
    layout(p, &measure);
    ND_TRY(nd_arena_new(&p->arena, measure.used, err));
    layout(p, &p->arena);
    for (size_t k = 0; k <= p->K; k++)
        ND_TRY(nd_theory_states_new(p->t, 1, &p->tail[k], err));
    ND_TRY(nd_theory_states_new(p->t, 1, &p->now, err));
    ND_TRY(nd_theory_states_new(p->t, 1, &p->next, err));
    return nd_theory_states_new(p->t, 1, &p->adjoint, err);
}

static nd_code free_phase(pass *p, nd_gdu *out, nd_err *err)
{
    nd_theory *t = p->t;
    nd_theory_settle(t, &p->tail[0], 0, p->T - p->K, 0);
    for (size_t k = 1; k <= p->K; k++) {
        nd_theory_states_copy(t, &p->tail[k - 1], &p->tail[k]);
        nd_theory_settle(t, &p->tail[k], 0, 1, 0);
    }
    const nd_theory_states *last = &p->tail[p->K], *before = &p->tail[p->K - 1];
    for (size_t l = nd_theory_first(t); l < nd_theory_spec_of(t)->L; l++)
        for (size_t i = 0; i < nd_theory_rows(t) * nd_theory_units(t, l); i++) {
            const double d = fabs(last->s[l][i] - before->s[l][i]);
            if (!(d <= 1e100))
                return ND_FAIL(err, ND_EDIVERGED,
                               "the free phase diverges: its states are no numbers after "
                               "%zu steps; take a smaller ep.dt or smaller weights",
                               p->T);
            out->moved = fmax(out->moved, d);
        }
    out->loss = nd_theory_loss(t, last);
    return ND_OK;
}

static nd_code run(pass *p, size_t per_row, nd_gdu *out, nd_err *err)
{
    ND_TRY(take(p, err));
    ND_TRY(free_phase(p, out, err));
    compare(p, out);
    for (size_t r = 0; r < out->n_rows; r++)
        summarise(p, r, &out->row[r]);
    if (!per_row) return ND_OK;
    ND_TRY(make_curves(p, per_row, out, err));
    compare(p, out); /* the sums double, and are not used any more */
    return ND_OK;
}

nd_code nd_gdu_run(nd_theory *t, size_t T, size_t K, double beta, size_t curves_per_row,
                   nd_gdu *out, nd_err *err)
{
    *out = (nd_gdu){.K = K};
    if (beta == 0) return ND_FAIL(err, ND_EINPUT, "ep.beta is 0: there is no nudge");
    if (K == 0 || K > T)
        return ND_FAIL(err, ND_EINPUT,
                       "K = %zu nudged steps are compared with the last K of T = %zu free "
                       "ones: ep.T must be at least ep.K",
                       K, T);
    pass p = {.t = t, .T = T, .K = K, .beta = beta};
    make_rows(&p, out);
    const nd_code code = run(&p, curves_per_row, out, err);
    for (size_t k = 0; p.tail && k <= K; k++)
        nd_theory_states_free(&p.tail[k]);
    nd_theory_states_free(&p.now);
    nd_theory_states_free(&p.next);
    nd_theory_states_free(&p.adjoint);
    nd_arena_free(&p.arena);
    if (code != ND_OK) nd_gdu_free(out);
    return code;
}

void nd_gdu_free(nd_gdu *g)
{
    free(g->values);
    free(g->curve);
    *g = (nd_gdu){0};
}
