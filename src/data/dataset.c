/* dataset.c -- opening a data set by its row in datasets.def, and views into it. */
#include "nudge/dataset.h"

#include "data/dataset_impl.h"
#include "nudge/mem.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    const nd_dataset_ops *ops;
} rows[] = {
#define S(id, name, help, source) [ND_DATASET_##id] = {name, &nd_dataset_##id},
#include "nudge/datasets.def"
#undef S
};

nd_code nd_dataset_room(nd_dataset *d, int part, nd_images shape, nd_images *out,
                        uint8_t **pixels, uint8_t **labels, nd_err *err)
{
    const size_t n_pixels = shape.n * shape.rows * shape.cols * shape.channels;
    d->heap[part] = malloc(n_pixels + shape.n);
    if (!d->heap[part])
        return ND_FAIL(err, ND_ENOMEM, "cannot allocate %zu images", shape.n);
    *pixels = d->heap[part];
    *labels = *pixels + n_pixels;
    *out = shape;
    out->pixels = *pixels;
    out->labels = *labels;
    return ND_OK;
}

/* Of the first hundred images, which say it well enough. */
static double dark_share(const nd_images *images, size_t features)
{
    const size_t n = (images->n < 100 ? images->n : 100) * features;
    size_t dark = 0;
    for (size_t i = 0; i < n; i++)
        dark += images->pixels[i] == 0;
    return n ? (double)dark / (double)n : 0;
}

nd_code nd_dataset_open(nd_dataset *d, const nd_params *p, nd_err *err)
{
    *d = (nd_dataset){.path = p->data_path, .seed = p->data_seed, .side = p->data_side};
    nd_copy(d->name, sizeof d->name, rows[p->data_name].name);
    const nd_code code = rows[p->data_name].ops->open(d, p, err);
    if (code != ND_OK) {
        nd_dataset_close(d);
        return nd_err_while(err, "while opening data set %s", rows[p->data_name].name);
    }
    d->features = d->train.rows * d->train.cols * d->train.channels;
    d->dark = dark_share(&d->train, d->features);
    return ND_OK;
}

void nd_dataset_close(nd_dataset *d)
{
    for (int i = 0; i < ND_DATASET_PARTS; i++) {
        nd_file_unmap(&d->map[i]);
        free(d->heap[i]);
    }
    *d = (nd_dataset){0};
}

bool nd_dataset_serves(const nd_dataset *d, const nd_params *p)
{
    return strcmp(d->name, rows[p->data_name].name) == 0 &&
           strcmp(d->path.s, p->data_path.s) == 0 && d->seed == p->data_seed &&
           d->side == p->data_side;
}

/* Images [first, first + n). */
static nd_images view(const nd_images *all, size_t first, size_t n)
{
    nd_images v = *all;
    v.n = n;
    v.pixels += first * all->rows * all->cols * all->channels;
    v.labels += first;
    return v;
}

static nd_code too_few(const nd_dataset *d, const nd_params *p, nd_err *err)
{
    const size_t there = d->train.n, held_out = (size_t)p->data_validation;
    if (held_out >= there)
        return ND_FAIL(err, ND_EINPUT,
                       "data.validation = %zu leaves nothing to train on: %s has %zu "
                       "training images; ask for at most %zu",
                       held_out, d->name, there, there - 1);
    return ND_FAIL(err, ND_EINPUT,
                   "data.train = %" PRId64 " and data.validation = %zu are more than the "
                   "%zu training images of %s; set data.train to at most %zu",
                   p->data_train, held_out, there, d->name, there - held_out);
}

static nd_code check_channels(const nd_dataset *d, const char *name, const nd_reals *list,
                              nd_err *err)
{
    if (list->n == 1 || list->n == d->train.channels) return ND_OK;
    return ND_FAIL(err, ND_EINPUT,
                   "%s has %zu values, but the images of %s have %zu channel%s: give one "
                   "value, or one for each channel",
                   name, list->n, d->name, d->train.channels,
                   d->train.channels == 1 ? "" : "s");
}

nd_code nd_dataset_split(const nd_dataset *d, const nd_params *p, nd_split *s, nd_err *err)
{
    const size_t held_out = (size_t)p->data_validation;
    if (held_out >= d->train.n || (size_t)p->data_train > d->train.n - held_out)
        return too_few(d, p, err);
    if ((size_t)p->data_test > d->test.n)
        return ND_FAIL(err, ND_EINPUT,
                       "data.test = %" PRId64 ", but %s has %zu test images; ask for at "
                       "most that many, or 0 for all",
                       p->data_test, d->name, d->test.n);
    ND_TRY(check_channels(d, "data.mean", &p->data_mean, err));
    ND_TRY(check_channels(d, "data.sd", &p->data_sd, err));
    const size_t rest = d->train.n - held_out;
    s->train = view(&d->train, 0, p->data_train ? (size_t)p->data_train : rest);
    s->validation = view(&d->train, rest, held_out);
    s->test = view(&d->test, 0, p->data_test ? (size_t)p->data_test : d->test.n);
    return ND_OK;
}

nd_shape nd_dataset_shape(const nd_dataset *d, const nd_split *s)
{
    return (nd_shape){.features = d->features,
                      .classes = d->classes,
                      .rows = s->train.rows,
                      .cols = s->train.cols,
                      .channels = s->train.channels,
                      .examples = s->train.n + s->validation.n + s->test.n,
                      .dark = d->dark};
}
