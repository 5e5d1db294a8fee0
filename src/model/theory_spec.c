/* theory_spec.c -- from the parameters of a trial to the oracle's description. */
#include "nudge/theory.h"

#include "stack_impl.h"

static const nd_theory_pool pools[] = {[ND_POOL_NONE] = ND_THEORY_NO_POOL,
                                       [ND_POOL_MAX] = ND_THEORY_MAX,
                                       [ND_POOL_AVERAGE] = ND_THEORY_AVERAGE};

nd_code nd_theory_stack(nd_theory_spec *spec, const char *text, nd_err *err)
{
    nd_stack stack;
    ND_TRY(nd_stack_parse(text, spec->rows, spec->cols, spec->channels, &stack, err));
    spec->L = stack.n;
    for (size_t i = 0; i < stack.n; i++) {
        const nd_stack_layer *layer = &stack.layer[i];
        const nd_conv *g = &layer->conv;
        nd_theory_link *link = &spec->link[stack.n - 1 - i];
        if (!layer->is_conv)
            *link = (nd_theory_link){.dense = true, .channels = layer->units};
        else
            *link = (nd_theory_link){.channels = g->maps,
                                     .filter = g->kh,
                                     .filter_cols = g->kw,
                                     .stride = g->stride,
                                     .pad = g->pad,
                                     .pool = pools[g->pool],
                                     .window = g->window};
    }
    return ND_OK;
}

/* What the theory does not describe. */
static nd_code refuse(const nd_params *p, nd_err *err)
{
    const struct {
        bool there;
        const char *what, *remedy;
    } rows[] = {
        {p->ep_order != ND_ORDER_JACOBI, "ep.order even-odd", "ep.order=jacobi"},
        {p->ep_noise > 0, "noise of neurons", "ep.noise=0"},
        {p->ep_gain_sd > 0, "neurons that differ", "ep.gain_sd=0"},
        {p->ep_offset_sd > 0, "neurons that differ", "ep.offset_sd=0"},
        {p->ep_bits > 0, "rounded states", "ep.bits=0"},
        {p->ep_nudge_noise > 0, "noise of the nudge", "ep.nudge_noise=0"},
        {p->read_dac_bits > 0, "rounded inputs", "read.dac_bits=0"},
        {p->read_adc_bits > 0, "rounded sums", "read.adc_bits=0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].there)
            return ND_FAIL(err, ND_EINPUT,
                           "the theory does not cover %s: add --set %s to check the rest",
                           rows[i].what, rows[i].remedy);
    return ND_OK;
}

static nd_code links(nd_theory_spec *spec, const nd_params *p, nd_shape shape, nd_err *err)
{
    if (p->model_kind == ND_MODEL_ep_conv) {
        if (shape.rows * shape.cols * shape.channels != shape.features)
            return ND_FAIL(err, ND_EINPUT, "convolutions need images of rows and columns");
        spec->rows = shape.rows;
        spec->cols = shape.cols;
        spec->channels = shape.channels;
        return nd_theory_stack(spec, p->model_stack.s, err);
    }
    const nd_ints *layers = &p->model_layers;
    spec->rows = spec->cols = 1;
    spec->channels = (size_t)layers->v[0];
    spec->L = layers->n - 1;
    for (size_t l = 0; l < spec->L; l++)
        spec->link[l] = (nd_theory_link){.dense = true,
                                         .channels = (size_t)layers->v[layers->n - 1 - l]};
    if (spec->channels == shape.features) return ND_OK;
    return ND_FAIL(err, ND_EINPUT,
                   "model.layers starts with %zu units, but the data set has %zu pixels",
                   spec->channels, shape.features);
}

nd_code nd_theory_spec_from(nd_theory_spec *spec, const nd_params *p, nd_shape shape,
                            nd_err *err)
{
    *spec = (nd_theory_spec){.activation = (nd_activation_id)p->model_activation,
                             .energy = p->model_kind == ND_MODEL_ep_energy,
                             .softmax = p->ep_loss == ND_LOSS_CROSS_ENTROPY,
                             .inside = p->ep_nudge_place == ND_PLACE_INSIDE,
                             .vector_field = p->ep_symmetry == ND_SYMMETRY_FREE,
                             .dt = p->ep_dt,
                             .angle = p->ep_angle,
                             .seed = (uint64_t)p->train_seed};
    if (!spec->energy && p->model_kind != ND_MODEL_ep_conv &&
        p->model_kind != ND_MODEL_ep_prototypical)
        return ND_FAIL(err, ND_EINPUT,
                       "model.kind %s is no network of Equilibrium Propagation",
                       nd_model_at((nd_model_id)p->model_kind)->name);
    spec->ernoult = spec->energy && p->ep_output == ND_OUTPUT_ERNOULT;
    spec->clamp = spec->energy && p->ep_clamp == ND_YES;
    spec->flat = spec->energy && spec->vector_field;
    ND_TRY(refuse(p, err));
    ND_TRY(links(spec, p, shape, err));
    const size_t units = spec->L ? spec->link[0].channels : 0;
    if (spec->L && spec->link[0].dense && units == shape.classes) return ND_OK;
    return ND_FAIL(err, ND_EINPUT,
                   "the network must end with a dense layer of %zu units, one for each "
                   "class",
                   shape.classes);
}
