/* machine.c -- from panels of single precision to a machine in double precision.
 *
 * Banks 3l, 3l + 1 and 3l + 2 of a network are W (visible x hidden), a and b of machine l. */
#include "nudge/machine.h"

#include "rbm_impl.h"

#include <stdlib.h>
#include <string.h>

const nd_rbm *nd_machine_of(const nd_net *net, size_t l)
{
    return net->ops->machine ? net->ops->machine(net, l) : NULL;
}

size_t nd_machine_count(const nd_net *net)
{
    size_t n = 0;
    while (nd_machine_of(net, n))
        n++;
    return n;
}

size_t nd_machine_learner(const nd_net *net, uint32_t epoch)
{
    return net->ops->learner ? net->ops->learner(net, epoch) : 0;
}

size_t nd_machine_classes(const nd_net *net, size_t l)
{
    return nd_machine_of(net, l)->C;
}

static void copy(size_t n, const float *in, double *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (double)in[i];
}

nd_code nd_machine_read(const nd_net *net, size_t l, nd_machine *out, nd_err *err)
{
    const nd_rbm *m = nd_machine_of(net, l);
    double *W = malloc((m->nv * m->nh + m->nv + m->nh) * sizeof *W);
    *out = (nd_machine){0};
    if (!W) return ND_FAIL(err, ND_ENOMEM, "no memory for %zu x %zu weights", m->nv, m->nh);
    double *const a = W + m->nv * m->nh, *const b = a + m->nv;
    for (size_t i = 0; i < m->nv; i++)
        for (size_t j = 0; j < m->nh; j++)
            W[i * m->nh + j] = (double)m->W->weight[nd_panel_at(m->nv, i, j)];
    copy(m->nv, m->a->weight, a);
    copy(m->nh, m->b->weight, b);
    out->memory = W;
    out->gaussian = m->visible == ND_UNIT_GAUSSIAN;
    out->view = (nd_boltzmann){.nv = m->nx,
                               .nh = m->nh,
                               .classes = m->C,
                               .W = W,
                               .a = a,
                               .b = b,
                               .U = W + m->nx * m->nh,
                               .d = a + m->nx};
    return ND_OK;
}

void nd_machine_free(nd_machine *m)
{
    free(m->memory);
    *m = (nd_machine){0};
}

void nd_machine_seen(const nd_net *net, size_t l, size_t n, double *v)
{
    const nd_rbm *m = nd_machine_of(net, l);
    for (size_t i = 0; i < n; i++)
        copy(m->nx, m->v + i * nd_ld(m->nv), v + i * m->nx);
}

static int label_of(const nd_boltzmann_data *data, size_t i)
{
    return data->label ? data->label[i] : ND_NO_LABEL;
}

/* F = |v - a|^2/2 + what is left without biases of visible units, if these are Gaussian. */
double nd_machine_free_energy(const nd_machine *m, const nd_boltzmann_data *data)
{
    const size_t nv = m->view.nv;
    if (!m->gaussian) return nd_boltzmann_mean_free_energy(&m->view, data);
    double sum = 0;
    for (size_t s = 0; s < data->n; s++) {
        const double *v = data->v + s * nv;
        sum += nd_boltzmann_free_energy(&m->view, v, label_of(data, s));
        for (size_t i = 0; i < nv; i++)
            sum += m->view.a[i] * v[i] + (v[i] - m->view.a[i]) * (v[i] - m->view.a[i]) / 2;
    }
    return sum / (double)data->n;
}

nd_code nd_machine_reconstruction(const nd_machine *m, const nd_boltzmann_data *data,
                                  double *error, nd_err *err)
{
    const nd_boltzmann *view = &m->view;
    if (!m->gaussian) return nd_boltzmann_reconstruction(view, data, error, err);
    double *h = malloc(view->nh * sizeof *h), sum = 0;
    if (!h) return ND_FAIL(err, ND_ENOMEM, "no memory for %zu units", view->nh);
    for (size_t s = 0; s < data->n; s++) {
        const double *v = data->v + s * view->nv;
        nd_boltzmann_hidden(view, v, label_of(data, s), h);
        for (size_t i = 0; i < view->nv; i++) {
            double off = v[i] - view->a[i];
            for (size_t j = 0; j < view->nh; j++)
                off -= view->W[i * view->nh + j] * h[j];
            sum += off * off;
        }
    }
    free(h);
    *error = sum / ((double)data->n * (double)view->nv);
    return ND_OK;
}
