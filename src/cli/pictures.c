/* pictures.c -- nudge train --samples and --filters: what a machine dreams, and what its
 * hidden units look for (Hinton, UTML TR 2010-003, section 15); and --conductances: where its
 * devices have come to stand. */
#include "pictures_impl.h"

#include "nudge/histogram.h"
#include "nudge/machine.h"
#include "nudge/text.h"
#include "nudge/tiles.h"

#include <stdio.h>
#include <stdlib.h>

enum { SWEEPS = 1000, ACROSS = 10, TILES = 100, CLASSES_SHOWN = 20 };

static nd_code check_machine(const nd_pictures *w, const nd_params *p, nd_err *err)
{
    const nd_model_ops *model = nd_model_at((nd_model_id)p->model_kind);
    if (!w->samples && !w->filters) return ND_OK;
    if (!model->machine)
        return ND_FAIL(
            err, ND_EINPUT,
            "--samples and --filters show a Boltzmann machine, and model.kind %s "
            "is none: take rbm, drbm or dbn, or leave them out",
            model->name);
    if (w->samples) ND_TRY(nd_tiles_check(w->samples, err));
    return w->filters ? nd_tiles_check(w->filters, err) : ND_OK;
}

nd_code nd_pictures_check(const nd_pictures *w, const nd_params *p, nd_err *err)
{
    ND_TRY(check_machine(w, p, err));
    if (!w->conductances) return ND_OK;
    if (!nd_device_at((nd_device_id)p->device_kind)->pulsed)
        return ND_FAIL(
            err, ND_EINPUT,
            "--conductances shows devices, and device.kind %s has none: take another "
            "(nudge help devices), or leave it out",
            nd_device_at((nd_device_id)p->device_kind)->name);
    return nd_histograms_check(w->conductances, err);
}

/* "drbm 784-300-10 on mnist, 30 epochs: " */
static void add_name(nd_text *out, const nd_pictures *w, const nd_net *net)
{
    const nd_ints *layers = &net->p.model_layers;
    nd_text_add(out, "%s ", net->ops->name);
    for (size_t i = 0; i < layers->n; i++)
        nd_text_add(out, "%s%lld", i ? "-" : "", (long long)layers->v[i]);
    nd_text_add(out, " on %s, %lld epochs: ", w->data, (long long)net->p.train_epochs);
}

/* grey (n, rows, cols) of x (n, features), features = rows cols channels: means over the
 * channels. */
static void to_grey(const nd_shape *s, size_t n, const float *x, float *grey)
{
    for (size_t i = 0; i < n * s->rows * s->cols; i++) {
        double sum = 0;
        for (size_t c = 0; c < s->channels; c++)
            sum += (double)x[i * s->channels + c];
        grey[i] = (float)(sum / (double)s->channels);
    }
}

/* Draws t, whose pixels are still in x (count, features). */
static nd_code draw(const nd_net *net, const float *x, nd_tiles t, nd_text *title,
                    const char *path, nd_err *err)
{
    const nd_shape *s = &net->shape;
    float *grey = malloc(t.count * s->rows * s->cols * sizeof *grey);
    nd_code code = nd_text_check(title, err);
    if (code == ND_OK && !grey) code = ND_FAIL(err, ND_ENOMEM, "no memory for a picture");
    if (code == ND_OK) {
        to_grey(s, t.count, x, grey);
        t.rows = s->rows, t.cols = s->cols;
        t.pixels = grey;
        t.title = nd_text_str(title);
        code = nd_tiles_write(&t, path, err);
    }
    free(grey);
    return code;
}

/* ---- samples ---- */

/* Chains of the last machine; with labels, a row of chains for each class, whose label they
 * keep. */
static nd_code dream(nd_net *net, const nd_batch *b, size_t M, size_t classes, float *x,
                     nd_err *err)
{
    nd_fantasies *f;
    uint8_t label[CLASSES_SHOWN * ACROSS];
    nd_batch shown = *b;
    shown.judged = true; /* seen by all machines */
    net->ops->settle(net, &shown, ND_PHASE_FREE);
    ND_TRY(nd_fantasies_new(&f, net, nd_machine_count(net) - 1, M, err));
    for (size_t i = 0; classes && i < M; i++)
        label[i] = (uint8_t)(i / ACROSS);
    if (classes) nd_fantasies_hold(f, label);
    nd_fantasies_start(f, b->B, b->at);
    for (size_t t = 0; t < SWEEPS; t++)
        nd_fantasies_step(f);
    const nd_code code = nd_fantasies_pixels(f, x, err);
    nd_fantasies_free(f);
    return code;
}

static nd_code draw_samples(const nd_pictures *w, nd_net *net, const nd_batch *b,
                            nd_err *err)
{
    const size_t all = nd_machine_classes(net, nd_machine_count(net) - 1);
    const size_t classes = all < CLASSES_SHOWN ? all : CLASSES_SHOWN;
    const size_t M = classes ? classes * ACROSS : TILES;
    const bool grey = net->p.rbm_visible == ND_VISIBLE_BINARY;
    float *x = malloc(M * net->shape.features * sizeof *x);
    nd_text title = {0};
    if (!x) return ND_FAIL(err, ND_ENOMEM, "no memory for %zu samples", M);
    add_name(&title, w, net);
    nd_text_add(&title, "expected pixels after %d Gibbs sweeps%s", SWEEPS,
                classes ? ", the label of each row held" : "");
    nd_code code = dream(net, b, M, classes, x, err);
    const nd_tiles t = {.count = M, .across = ACROSS, .lo = 0, .hi = grey ? 1.0f : 0.0f};
    if (code == ND_OK) code = draw(net, x, t, &title, w->samples, err);
    nd_text_free(&title);
    free(x);
    return code;
}

/* ---- filters ---- */

static nd_code draw_filters(const nd_pictures *w, const nd_net *net, nd_err *err)
{
    nd_machine m;
    nd_text title = {0};
    ND_TRY(nd_machine_read(net, 0, &m, err));
    const size_t nv = m.view.nv, nh = m.view.nh, n = nh < TILES ? nh : TILES;
    float *x = malloc(n * nv * sizeof *x);
    nd_code code = ND_OK;
    if (!x) code = ND_FAIL(err, ND_ENOMEM, "no memory for %zu filters", n);
    for (size_t j = 0; x && j < n; j++)
        for (size_t i = 0; i < nv; i++)
            x[j * nv + i] = (float)m.view.W[i * nh + j];
    nd_machine_free(&m);
    add_name(&title, w, net);
    nd_text_add(&title, "weights from the pixels to %s%zu of %zu hidden units",
                n < nh ? "the first " : "", n, nh);
    const nd_tiles t = {.count = n, .centred = true};
    if (code == ND_OK) code = draw(net, x, t, &title, w->filters, err);
    nd_text_free(&title);
    free(x);
    return code;
}

/* ---- conductances ---- */

/* A panel for each bank of devices, as many as there is room for. */
static size_t fill_panels(const nd_net *net, nd_histogram_panel *panel)
{
    size_t n = 0;
    for (size_t k = 0; k < net->n_banks && n < ND_HISTOGRAM_PANELS; k++) {
        const nd_bank *b = &net->bank[k];
        if (!b->pairs) continue;
        nd_histogram_panel *p = &panel[n++];
        *p = (nd_histogram_panel){.n = b->leg[1].x ? 2 : 1};
        if (b->bias)
            snprintf(p->title, sizeof p->title, "%zu biases", b->n);
        else
            snprintf(p->title, sizeof p->title, "%zu x %zu weights", b->k, b->n);
        for (int minus = 0; minus < 2; minus++)
            nd_bank_histogram(b, minus, ND_HISTOGRAM_BINS, p->bin[minus]);
    }
    return n;
}

static nd_code draw_conductances(const nd_pictures *w, const nd_net *net, nd_err *err)
{
    nd_histogram_panel *panel = calloc(ND_HISTOGRAM_PANELS, sizeof *panel);
    nd_text title = {0};
    if (!panel) return ND_FAIL(err, ND_ENOMEM, "no memory for histograms");
    add_name(&title, w, net);
    nd_text_add(&title, "devices %s", nd_device_at((nd_device_id)net->p.device_kind)->name);
    const nd_histograms h = {.title = nd_text_str(&title),
                             .note = "",
                             .xlabel = "conductance, in its device's own range",
                             .ylabel = "share of devices",
                             .name = {"G+", "G-"},
                             .n_panels = fill_panels(net, panel),
                             .panel = panel};
    nd_code code = nd_text_check(&title, err);
    if (code == ND_OK) code = nd_histograms_draw(&h, w->conductances, err);
    nd_text_free(&title);
    free(panel);
    return code;
}

nd_code nd_pictures_draw(const nd_pictures *w, nd_net *net, const nd_batch *b, nd_err *err)
{
    if (w->samples) ND_TRY(draw_samples(w, net, b, err));
    if (w->conductances) ND_TRY(draw_conductances(w, net, err));
    return w->filters ? draw_filters(w, net, err) : ND_OK;
}
