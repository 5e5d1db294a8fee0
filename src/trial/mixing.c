/* mixing.c -- autocorrelation of Gibbs chains v -> h -> v.
 *
 * Two series are watched after rbm.mixing_sweeps sweeps to forget the start: the free energy
 * F(v(t)), and the overlap of a chain with itself t sweeps later,
 *
 *     q(t) = sum_i <p_i(s) p_i(s + t)> - <p_i>^2,   rho(t) = q(t) / q(0),   p = p(v | h),
 *
 * of the expectations that the visible units are drawn from: q of the units themselves has
 * the same tail under the noise of each draw, which would close the window of the sum. rho
 * is the mean of the units' autocorrelations, each by its variance. From it follow the
 * integrated time tau and the effective sample size (autocorrelation.h). Decelle,
 * Furtlehner & Seoane, NeurIPS 2021: a machine whose chains are slower than those it was
 * trained by is out of equilibrium. */
#include "mixing_impl.h"

#include "nudge/autocorrelation.h"
#include "nudge/machine.h"

#include <math.h>
#include <stdlib.h>

static const double window = 5; /* Sokal's c */

bool nd_mixing_wanted(const nd_net *net)
{
    return net->p.rbm_mixing_chains > 0 && nd_machine_count(net) > 0;
}

typedef struct series {
    size_t M, T, nv;
    double *energy;  /* (M, T) */
    float *v;        /* (nv, M, T) */
    double *x;       /* (M, T) of one unit */
    double *rho, *q; /* (T) */
} series;

static void series_free(series *s)
{
    free(s->energy);
    free(s->v);
}

static nd_code series_new(series *s, size_t M, size_t T, size_t nv, nd_err *err)
{
    *s = (series){.M = M, .T = T, .nv = nv};
    s->energy = malloc((2 * M + 2) * T * sizeof *s->energy);
    s->v = calloc(nv * M * T, sizeof *s->v);
    if (!s->energy || !s->v) {
        series_free(s);
        return ND_FAIL(err, ND_ENOMEM, "no memory for %zu chains of %zu sweeps", M, T);
    }
    s->x = s->energy + M * T;
    s->rho = s->x + M * T;
    s->q = s->rho + T;
    return ND_OK;
}

static void record(const nd_fantasies *f, size_t t, const series *s)
{
    size_t ld;
    const float *p = nd_fantasies_expected(f, &ld);
    for (size_t i = 0; i < s->M; i++) {
        s->energy[i * s->T + t] = nd_fantasies_free_energy(f, i);
        for (size_t k = 0; k < s->nv; k++)
            s->v[(k * s->M + i) * s->T + t] = p[i * ld + k];
    }
}

static double variance(size_t n, const double *x)
{
    double mean = 0, sum = 0;
    for (size_t i = 0; i < n; i++)
        mean += x[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        sum += (x[i] - mean) * (x[i] - mean);
    return sum / (double)n;
}

/* q (T) = rho of the overlap; units that never change say nothing. */
static void overlap(const series *s, nd_autocorrelation *a)
{
    const size_t n = s->M * s->T;
    double all = 0;
    for (size_t t = 0; t < s->T; t++)
        s->q[t] = 0;
    for (size_t k = 0; k < s->nv; k++) {
        for (size_t i = 0; i < n; i++)
            s->x[i] = (double)s->v[k * n + i];
        const double weight = variance(n, s->x);
        nd_autocorrelation_of(a, s->M, s->T, s->x, s->rho);
        if (isnan(s->rho[0])) continue;
        for (size_t t = 0; t < s->T; t++)
            s->q[t] += weight * s->rho[t];
        all += weight;
    }
    for (size_t t = 0; t < s->T; t++)
        s->q[t] = all > 0 ? s->q[t] / all : (double)NAN;
}

static nd_code reduce(const series *s, double value[], nd_err *err)
{
    nd_autocorrelation *a;
    ND_TRY(nd_autocorrelation_new(&a, s->T, err));
    nd_autocorrelation_of(a, s->M, s->T, s->energy, s->rho);
    const nd_memory energy = nd_autocorrelation_time(s->T, s->rho, s->M, window);
    overlap(s, a);
    const nd_memory states = nd_autocorrelation_time(s->T, s->q, s->M, window);
    nd_autocorrelation_free(a);
    value[ND_METRIC_tau_energy] = energy.tau;
    value[ND_METRIC_ess_energy] = energy.effective;
    value[ND_METRIC_tau_overlap] = states.tau;
    value[ND_METRIC_ess_overlap] = states.effective;
    value[ND_METRIC_tau_resolved] = energy.converged && states.converged;
    return ND_OK;
}

nd_code nd_mixing_run(nd_net *net, nd_batches *b, uint32_t epoch, double value[],
                      nd_err *err)
{
    if (!nd_mixing_wanted(net)) return ND_OK;
    const size_t l = nd_machine_learner(net, epoch), M = (size_t)net->p.rbm_mixing_chains;
    const size_t T = (size_t)net->p.rbm_mixing_sweeps;
    const nd_batch images = nd_batches_evaluate(b, ND_PART_TEST, epoch, 0);
    nd_fantasies *f;
    series s;
    net->ops->settle(net, &images, ND_PHASE_FREE);
    ND_TRY(nd_fantasies_new(&f, net, l, M, err));
    nd_code code = series_new(&s, M, T, nd_fantasies_units(f), err);
    if (code == ND_OK) {
        nd_fantasies_start(f, images.B, images.at);
        for (size_t t = 0; t < 2 * T; t++) {
            nd_fantasies_step(f);
            if (t >= T) record(f, t - T, &s);
        }
        code = reduce(&s, value, err);
        series_free(&s);
    }
    nd_fantasies_free(f);
    return code;
}
