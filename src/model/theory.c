/* theory.c -- the oracle's networks: geometry, weights, mini-batches. */
#include "theory_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- geometry ---- */

static nd_code place_link(const nd_theory_link *link, size_t l, nd_theory_shape in,
                          nd_theory_map *m, nd_err *err)
{
    *m = (nd_theory_map){.in = in, .stride = 1};
    m->filter_rows = link->dense ? in.rows : link->filter;
    m->filter_cols = link->dense         ? in.cols
                     : link->filter_cols ? link->filter_cols
                                         : link->filter;
    if (!link->dense) {
        m->stride = link->stride;
        m->pad = link->pad;
        m->pool = link->pool;
        m->window = link->window;
    }
    const size_t rows = in.rows + 2 * m->pad, cols = in.cols + 2 * m->pad;
    if (!link->channels || !m->stride || !m->filter_rows || !m->filter_cols)
        return ND_FAIL(err, ND_EINPUT,
                       "the link to layer %zu has a filter, a stride or channels of 0", l);
    if (m->filter_rows > rows || m->filter_cols > cols)
        return ND_FAIL(
            err, ND_EINPUT,
            "a filter of %zu x %zu does not fit the map of %zu x %zu below layer "
            "%zu: take a smaller one, or padding",
            m->filter_rows, m->filter_cols, in.rows, in.cols, l);
    m->full = (nd_theory_shape){(rows - m->filter_rows) / m->stride + 1,
                                (cols - m->filter_cols) / m->stride + 1, link->channels};
    m->out = m->full;
    if (m->pool == ND_THEORY_NO_POOL) return ND_OK;
    if (!m->window || m->window > m->full.rows || m->window > m->full.cols)
        return ND_FAIL(err, ND_EINPUT,
                       "pooling windows of %zu x %zu do not fit the map of %zu x %zu at "
                       "layer %zu",
                       m->window, m->window, m->full.rows, m->full.cols, l);
    m->out.rows = m->full.rows / m->window;
    m->out.cols = m->full.cols / m->window;
    return ND_OK;
}

static nd_code place_all(nd_theory *t, nd_err *err)
{
    const nd_theory_spec *spec = &t->spec;
    nd_theory_shape below = {spec->rows, spec->cols, spec->channels};
    t->n[t->L] = nd_theory_volume(below);
    for (size_t l = t->L; l-- > 0;) {
        ND_TRY(place_link(&spec->link[l], l, below, &t->map[l], err));
        below = t->map[l].out;
        t->n[l] = nd_theory_volume(below);
    }
    return ND_OK;
}

/* ---- weights ---- */

static void place_tensor(nd_theory *t, size_t l, nd_theory_part part, size_t rows,
                         size_t cols)
{
    t->tensor[l][part] = (nd_theory_tensor){t->size, rows, cols};
    t->size += rows * cols;
}

static void place_tensors(nd_theory *t)
{
    for (size_t l = 0; l < t->L; l++) {
        const nd_theory_map *m = &t->map[l];
        const size_t rows = m->filter_rows * m->filter_cols * m->in.channels;
        const bool down = l >= t->first && l + 1 < t->L; /* speaks to the layer below */
        place_tensor(t, l, ND_THEORY_WEIGHT, rows, m->out.channels);
        place_tensor(t, l, ND_THEORY_BIAS, 1, m->out.channels);
        if (down && t->spec.vector_field)
            place_tensor(t, l, ND_THEORY_BACK, rows, m->out.channels);
    }
}

static void layout_fixed(nd_theory *t, nd_arena *a)
{
    size_t largest = 0;
    t->theta = nd_arena_take(a, t->size, sizeof *t->theta);
    for (size_t l = 0; l < t->L; l++) {
        const nd_theory_tensor w = t->tensor[l][ND_THEORY_WEIGHT];
        const size_t full = nd_theory_volume(t->map[l].full);
        if (full > largest) largest = full;
        if (l + 1 == t->L) continue; /* nothing goes down to the input */
        t->forward_t[l] = nd_arena_take(a, w.rows * w.cols, sizeof(double));
        t->back_t[l] = t->forward_t[l];
        if (nd_theory_back(t, l) == ND_THEORY_BACK)
            t->back_t[l] = nd_arena_take(a, w.rows * w.cols, sizeof(double));
    }
    t->full = nd_arena_take(a, largest, sizeof *t->full);
}

/* The forward weights, some with the wrong sign, which makes an angle between the two. */
static void first_back(nd_theory *t, size_t l)
{
    const nd_theory_tensor w = t->tensor[l][ND_THEORY_BACK];
    const double *forward = nd_theory_w(t, l, ND_THEORY_WEIGHT);
    const double wrong = (1 - cos(t->spec.angle * acos(-1.0) / 180)) / 2;
    const nd_at at =
        nd_at_sub((nd_at){.seed = t->spec.seed, .stream = ND_STREAM_ANGLE}, (uint32_t)l);
    for (size_t i = 0; i < w.rows; i++)
        for (size_t j = 0; j < w.cols; j++) {
            const size_t k = i * w.cols + j;
            const bool flip = nd_philox_unit(at, (uint32_t)(j * w.rows + i)) < wrong;
            t->theta[w.first + k] = flip ? -forward[k] : forward[k];
        }
}

static void first_weights(nd_theory *t)
{
    for (size_t l = 0; l < t->L; l++) {
        const double bound = 1.0 / sqrt((double)t->tensor[l][ND_THEORY_WEIGHT].rows);
        for (int part = ND_THEORY_WEIGHT; part <= ND_THEORY_BIAS; part++) {
            const nd_theory_tensor w = t->tensor[l][part];
            const nd_at at =
                nd_at_sub((nd_at){.seed = t->spec.seed, .stream = ND_STREAM_WEIGHTS},
                          (uint32_t)(2 * l) + (uint32_t)part);
            for (size_t i = 0; i < w.rows * w.cols; i++)
                t->theta[w.first + i] = bound * (2 * nd_philox_unit(at, (uint32_t)i) - 1);
        }
        first_back(t, l);
    }
}

static void transpose(size_t rows, size_t cols, const double *in, double *out)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            out[j * rows + i] = in[i * cols + j];
}

void nd_theory_add_bias(const nd_theory *t, size_t l, double *out)
{
    const double *b = nd_theory_w(t, l, ND_THEORY_BIAS);
    const size_t D = t->map[l].out.channels;
    for (size_t i = 0; i < t->B * t->n[l]; i++)
        out[i] += b[i % D];
}

void nd_theory_changed(nd_theory *t)
{
    for (size_t l = 0; l + 1 < t->L; l++) {
        const nd_theory_tensor w = t->tensor[l][ND_THEORY_WEIGHT];
        transpose(w.rows, w.cols, nd_theory_w(t, l, ND_THEORY_WEIGHT), t->forward_t[l]);
        if (t->back_t[l] != t->forward_t[l])
            transpose(w.rows, w.cols, nd_theory_w(t, l, ND_THEORY_BACK), t->back_t[l]);
    }
    if (!t->B) return;
    const size_t l = t->L - 1;
    memset(t->drive, 0, t->B * t->n[l] * sizeof *t->drive);
    nd_theory_link_up(t, l, nd_theory_w(t, l, ND_THEORY_WEIGHT), 1, t->x, true,
                      t->drive_where, t->drive);
    nd_theory_add_bias(t, l, t->drive);
}

void nd_theory_from_panels(nd_theory_tensor tensor, bool transposed, const float *panels,
                           double *vector)
{
    const size_t R = tensor.rows, C = tensor.cols;
    for (size_t i = 0; i < R; i++)
        for (size_t j = 0; j < C; j++)
            vector[tensor.first + i * C + j] =
                (double)panels[transposed ? nd_panel_at(C, j, i) : nd_panel_at(R, i, j)];
}

void nd_theory_to_panels(nd_theory_tensor tensor, bool transposed, const double *vector,
                         float *panels)
{
    const size_t R = tensor.rows, C = tensor.cols;
    for (size_t i = 0; i < R; i++)
        for (size_t j = 0; j < C; j++)
            panels[transposed ? nd_panel_at(C, j, i) : nd_panel_at(R, i, j)] =
                (float)vector[tensor.first + i * C + j];
}

/* ---- the network ---- */

static nd_code check(const nd_theory_spec *spec, nd_err *err)
{
    const size_t least = spec->softmax ? 2 : 1;
    if (spec->L < least || spec->L > ND_THEORY_LAYERS)
        return ND_FAIL(err, ND_EINPUT, "a network of %zu links; it needs %zu to %d",
                       spec->L, least, ND_THEORY_LAYERS);
    if (!(spec->dt > 0))
        return ND_FAIL(err, ND_EINPUT, "ep.dt is %g; it must be greater than 0", spec->dt);
    if (spec->softmax && !spec->link[0].dense)
        return ND_FAIL(err, ND_EINPUT, "a soft-max read-out must be a dense layer");
    return ND_OK;
}

static nd_code build(nd_theory *t, nd_err *err)
{
    ND_TRY(check(&t->spec, err));
    t->L = t->spec.L;
    t->first = t->spec.softmax ? 1 : 0;
    t->act = nd_activation_at(t->spec.activation);
    ND_TRY(place_all(t, err));
    place_tensors(t);
    nd_arena measure = {0};
    layout_fixed(t, &measure);
    ND_TRY(nd_arena_new(&t->fixed, measure.used, err));
    layout_fixed(t, &t->fixed);
    first_weights(t);
    nd_theory_changed(t);
    return ND_OK;
}

nd_code nd_theory_new(const nd_theory_spec *spec, nd_theory **out, nd_err *err)
{
    *out = NULL;
    nd_theory *t = calloc(1, sizeof *t);
    if (!t) return ND_FAIL(err, ND_ENOMEM, "no memory for a network");
    t->spec = *spec;
    const nd_code code = build(t, err);
    if (code == ND_OK)
        *out = t;
    else
        nd_theory_free(t);
    return code;
}

void nd_theory_free(nd_theory *t)
{
    if (!t) return;
    nd_arena_free(&t->work);
    nd_arena_free(&t->fixed);
    free(t);
}

const nd_theory_spec *nd_theory_spec_of(const nd_theory *t)
{
    return &t->spec;
}

size_t nd_theory_units(const nd_theory *t, size_t layer)
{
    return t->n[layer];
}

size_t nd_theory_first(const nd_theory *t)
{
    return t->first;
}

size_t nd_theory_size(const nd_theory *t)
{
    return t->size;
}

nd_theory_tensor nd_theory_tensor_of(const nd_theory *t, size_t link, nd_theory_part part)
{
    return t->tensor[link][part];
}

double *nd_theory_theta(nd_theory *t)
{
    return t->theta;
}

size_t nd_theory_rows(const nd_theory *t)
{
    return t->B;
}

/* ---- mini-batch ---- */

static void layout_work(nd_theory *t, size_t B, nd_arena *a)
{
    const size_t L = t->L, planes = 2;
    t->x = nd_arena_take(a, B * t->n[L], sizeof *t->x);
    t->y = nd_arena_take(a, B * t->n[0], sizeof *t->y);
    t->drive = nd_arena_take(a, B * t->n[L - 1], sizeof *t->drive);
    t->drive_where = nd_arena_take(a, B * t->n[L - 1], sizeof *t->drive_where);
    for (size_t l = 0; l < L; l++) {
        t->rho[l] = nd_arena_take(a, planes * B * t->n[l], sizeof(double));
        t->pre[l] = nd_arena_take(a, planes * B * t->n[l], sizeof(double));
        t->where[l] = nd_arena_take(a, B * t->n[l], sizeof(uint32_t));
    }
    t->nudge = nd_arena_take(a, planes * B * t->n[t->first], sizeof *t->nudge);
    t->error = nd_arena_take(a, planes * B * t->n[0], sizeof *t->error);
}

nd_code nd_theory_batch(nd_theory *t, size_t B, const float *x, size_t x_ld, const float *y,
                        size_t y_ld, nd_err *err)
{
    nd_arena measure = {0};
    nd_arena_free(&t->work);
    t->B = 0;
    layout_work(t, B, &measure);
    ND_TRY(nd_arena_new(&t->work, measure.used, err));
    layout_work(t, B, &t->work);
    t->B = B;
    const size_t n = t->n[t->L];
    for (size_t b = 0; b < B; b++) {
        for (size_t i = 0; i < n; i++) {
            const double x_i = (double)x[b * x_ld + i];
            t->x[b * n + i] = t->spec.energy ? t->act->r(x_i) : x_i;
        }
        for (size_t i = 0; i < t->n[0]; i++)
            t->y[b * t->n[0] + i] = (double)y[b * y_ld + i];
    }
    nd_theory_changed(t);
    return ND_OK;
}
