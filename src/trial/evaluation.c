/* evaluation.c -- a Boltzmann machine after an epoch, in double precision (boltzmann.h):
 *
 *     log p(v) = -F(v) - log Z
 *
 * What it is shown are the first images of the training and the test set, as the model sees
 * them: binary pixels are drawn anew for each evaluation, a machine of a dbn sees what those
 * below make of the image. That is a function of parameters, seed and epoch. */
#include "evaluation_impl.h"

#include "nudge/machine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PIXELS_EXACT = 64 }; /* up to which pseudo-likelihood is a sum, not an estimate */

/* What a machine was shown, owned. */
typedef struct shown {
    nd_boltzmann_data data;
    double *v;
    uint8_t *label;
} shown;

static void shown_free(shown *s)
{
    free(s->v);
    free(s->label);
    *s = (shown){0};
}

static size_t images_of(const nd_net *net, const nd_images *from)
{
    const size_t most = (size_t)net->p.rbm_evaluate_images;
    return most && most < from->n ? most : from->n;
}

/* The first images of a part, as machine l sees them. */
static nd_code show(nd_net *net, nd_batches *b, nd_part part, uint32_t epoch, size_t l,
                    const nd_boltzmann *m, shown *out, nd_err *err)
{
    const nd_split *all = &b->split;
    const size_t n = images_of(net, part == ND_PART_TEST ? &all->test : &all->train);
    *out = (shown){.data.n = n};
    out->v = malloc(n * m->nv * sizeof *out->v + 1);
    out->label = malloc(n + 1);
    if (!out->v || !out->label) {
        shown_free(out);
        return ND_FAIL(err, ND_ENOMEM, "no memory for %zu images of %zu numbers", n, m->nv);
    }
    nd_batch batch;
    for (size_t i = 0; i < n; i += batch.B) {
        batch = nd_batches_evaluate(b, part, epoch, i);
        if (batch.B > n - i) batch.B = n - i;
        net->ops->settle(net, &batch, ND_PHASE_FREE);
        nd_machine_seen(net, l, batch.B, out->v + i * m->nv);
        memcpy(out->label + i, batch.label, batch.B);
    }
    out->data.v = out->v;
    out->data.label = m->classes ? out->label : NULL;
    return ND_OK;
}

/* ---- the measures ---- */

static nd_at place(const nd_net *net, nd_stream stream, uint32_t epoch)
{
    return (nd_at){
        .seed = (uint64_t)net->p.train_seed, .stream = (uint32_t)stream, .epoch = epoch};
}

static nd_code quick(const nd_net *net, const nd_machine *m, const shown *train,
                     const shown *test, uint32_t epoch, double value[], nd_err *err)
{
    const nd_boltzmann_data *data = &test->data;
    ND_TRY(nd_machine_reconstruction(m, data, &value[ND_METRIC_reconstruction_error], err));
    value[ND_METRIC_free_energy_gap] =
        nd_machine_free_energy(m, data) - nd_machine_free_energy(m, &train->data);
    if (m->gaussian)
        return ND_OK; /* their density at the pixel is no likelihood of a bit */
    value[ND_METRIC_pseudo_log_likelihood] =
        m->view.nv <= PIXELS_EXACT
            ? nd_boltzmann_pseudo_likelihood(&m->view, data)
            : nd_boltzmann_pseudo_likelihood_at(&m->view, data,
                                                place(net, ND_STREAM_PSEUDO, epoch));
    return ND_OK;
}

static bool few_units(const nd_params *p, const nd_boltzmann *m)
{
    const double units = (double)m->nv + (m->classes ? log2((double)m->classes) : 0);
    return fmin(units, (double)m->nh) <= (double)p->rbm_exact_units;
}

/* From independent units that fit the training images to the machine. */
static nd_code anneal(const nd_params *p, const nd_boltzmann *m, const shown *train,
                      nd_at at, nd_ais *out, nd_err *err)
{
    const size_t n = (size_t)p->rbm_ais_temperatures;
    double *memory = malloc((n + m->nv + m->classes) * sizeof *memory);
    if (!memory) return ND_FAIL(err, ND_ENOMEM, "no memory for %zu temperatures", n);
    double *const beta = memory, *const base = beta + n, *const labels = base + m->nv;
    nd_ais_schedule(n, beta);
    nd_ais_base(&train->data, m->nv, base);
    if (m->classes) nd_ais_base_label(&train->data, m->classes, labels);
    const nd_ais_options o = {.runs = (size_t)p->rbm_ais_runs,
                              .n = n,
                              .beta = beta,
                              .base = base,
                              .base_label = labels,
                              .at = at};
    const nd_code code = nd_boltzmann_ais(m, &o, out, err);
    free(memory);
    return code;
}

static nd_code likelihoods(const nd_net *net, const nd_boltzmann *m, const shown *train,
                           const shown *test, uint32_t epoch, double value[], nd_err *err)
{
    nd_ais z;
    if (few_units(&net->p, m)) {
        ND_TRY(nd_boltzmann_log_z(m, &z.log_z, err));
        z.low = z.high = z.log_z;
    } else {
        ND_TRY(anneal(&net->p, m, train, place(net, ND_STREAM_ANNEAL, epoch), &z, err));
    }
    value[ND_METRIC_log_z] = z.log_z;
    value[ND_METRIC_log_z_lower] = z.low;
    value[ND_METRIC_log_z_upper] = z.high;
    value[ND_METRIC_test_log_likelihood] =
        nd_boltzmann_log_likelihood(m, &test->data, z.log_z);
    value[ND_METRIC_train_log_likelihood] =
        nd_boltzmann_log_likelihood(m, &train->data, z.log_z);
    return ND_OK;
}

static nd_code measure(nd_net *net, nd_batches *b, uint32_t epoch, size_t l,
                       const nd_machine *m, double value[], nd_err *err)
{
    shown train, test;
    ND_TRY(show(net, b, ND_PART_TRAIN, epoch, l, &m->view, &train, err));
    nd_code code = show(net, b, ND_PART_TEST, epoch, l, &m->view, &test, err);
    if (code == ND_OK) {
        code = quick(net, m, &train, &test, epoch, value, err);
        if (code == ND_OK && net->p.rbm_evaluate == ND_EVALUATE_FULL)
            code = likelihoods(net, &m->view, &train, &test, epoch, value, err);
        shown_free(&test);
    }
    shown_free(&train);
    return code;
}

nd_code nd_evaluation_run(nd_net *net, nd_batches *b, uint32_t epoch, double value[],
                          nd_err *err)
{
    nd_machine m;
    const size_t l = nd_machine_learner(net, epoch);
    if (!nd_machine_count(net) || net->p.rbm_evaluate == ND_EVALUATE_NONE) return ND_OK;
    ND_TRY(nd_machine_read(net, l, &m, err));
    const nd_code code = measure(net, b, epoch, l, &m, value, err);
    nd_machine_free(&m);
    return code;
}
