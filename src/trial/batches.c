/* batches.c -- from bytes to mini-batches: order, augmentation, and numbers
 *
 *     x = (byte/255 - data.mean) / data.sd                                         */
#include "batches_impl.h"

#include "nudge/augment.h"

#include <string.h>

static bool standardised(const nd_params *p)
{
    const nd_reals *mean = &p->data_mean, *sd = &p->data_sd;
    return mean->n > 1 || mean->v[0] != 0 || sd->n > 1 || sd->v[0] != 1;
}

static void layout(nd_batches *s, nd_arena *a)
{
    size_t B = (size_t)s->p->train_batch;
    if (B < ND_EVAL_BATCH) B = ND_EVAL_BATCH;
    const size_t features = s->shape.features;
    s->x = nd_arena_take(a, B * nd_ld(features), sizeof *s->x);
    s->y = nd_arena_take(a, B * nd_ld(s->shape.classes), sizeof *s->y);
    s->label = nd_arena_take(a, B, sizeof *s->label);
    s->which = nd_arena_take(a, B, sizeof *s->which);
    s->order = nd_arena_take(a, s->split.train.n, sizeof *s->order);
    if (s->p->data_augment) s->bytes = nd_arena_take(a, features, sizeof *s->bytes);
    if (!standardised(s->p)) return;
    s->mean = nd_arena_take(a, features, sizeof *s->mean);
    s->sd = nd_arena_take(a, features, sizeof *s->sd);
}

/* One value for all channels, or one for each, as the numbers of an image lie. */
static void spread(const nd_reals *values, size_t channels, size_t features, float *out)
{
    for (size_t i = 0; i < features; i++)
        out[i] = (float)values->v[values->n == 1 ? 0 : i % channels];
}

nd_code nd_batches_new(nd_batches *s, const nd_params *p, const nd_split *split,
                       nd_shape shape, nd_err *err)
{
    *s = (nd_batches){.p = p, .split = *split, .shape = shape, .ordered = -1};
    nd_arena measure = {0};
    layout(s, &measure);
    ND_TRY(nd_arena_new(&s->arena, measure.used, err));
    layout(s, &s->arena);
    if (s->mean) {
        spread(&p->data_mean, shape.channels, shape.features, s->mean);
        spread(&p->data_sd, shape.channels, shape.features, s->sd);
    }
    return ND_OK;
}

void nd_batches_free(nd_batches *s)
{
    nd_arena_free(&s->arena);
    *s = (nd_batches){0};
}

size_t nd_batches_count(const nd_batches *s)
{
    const size_t B = (size_t)s->p->train_batch;
    return (s->split.train.n + B - 1) / B;
}

/* From an order of blocks to the order of their n images, in place, from the end. */
static void unfold(uint32_t *order, size_t blocks, size_t size, size_t n)
{
    size_t end = n;
    for (size_t i = blocks; i-- > 0;) {
        const size_t first = order[i] * size, left = n - first;
        for (size_t k = left < size ? left : size; k-- > 0;)
            order[--end] = (uint32_t)(first + k);
    }
}

/* The order of the training images in an epoch: Fisher and Yates, the same for every trial
 * with this training seed; of single images, or of blocks as large as a mini-batch, of
 * which a short one stays last. */
static void shuffle(nd_batches *s, uint32_t epoch)
{
    const nd_at at = {
        .seed = (uint64_t)s->p->train_seed, .stream = ND_STREAM_SHUFFLE, .epoch = epoch};
    const bool in_blocks = s->p->train_mini_batches == ND_MINI_BATCHES_BLOCKS;
    const size_t n = s->split.train.n, size = in_blocks ? (size_t)s->p->train_batch : 1;
    const size_t blocks = (n + size - 1) / size;
    for (size_t i = 0; i < blocks; i++)
        s->order[i] = (uint32_t)i;
    for (size_t i = n / size; i > 1; i--) {
        const uint32_t j = nd_philox_below(at, (uint32_t)i, (uint32_t)i);
        const uint32_t last = s->order[i - 1];
        s->order[i - 1] = s->order[j];
        s->order[j] = last;
    }
    if (in_blocks) unfold(s->order, blocks, size, n);
    s->ordered = epoch;
}

/* Sample b becomes image i, which is example `which`. */
static void put(nd_batches *s, size_t b, const nd_images *from, size_t i, size_t which,
                const uint8_t *pixels)
{
    const size_t features = s->shape.features, ld_y = nd_ld(s->shape.classes);
    float *x = s->x + b * nd_ld(features);
    if (s->mean)
        nd_kern()->standardise(features, pixels, s->mean, s->sd, x);
    else
        nd_kern()->pixels(features, pixels, x);
    s->which[b] = (uint32_t)which;
    s->label[b] = from->labels[i];
    memset(s->y + b * ld_y, 0, ld_y * sizeof *s->y);
    s->y[b * ld_y + s->label[b]] = 1.0f;
}

static nd_batch batch_of(const nd_batches *s, size_t B, uint32_t epoch, uint32_t batch)
{
    return (nd_batch){
        .B = B,
        .x = s->x,
        .y = s->y,
        .label = s->label,
        .which = s->which,
        .at = {.seed = (uint64_t)s->p->train_seed, .epoch = epoch, .batch = batch}};
}

nd_batch nd_batches_train(nd_batches *s, uint32_t epoch, uint32_t batch)
{
    const nd_images *from = &s->split.train;
    const size_t B = (size_t)s->p->train_batch, first = batch * B, left = from->n - first;
    const nd_batch out = batch_of(s, left < B ? left : B, epoch, batch);
    if (s->ordered != epoch) shuffle(s, epoch);
    for (uint32_t b = 0; b < out.B; b++) {
        const size_t i = s->order[first + b];
        const uint8_t *pixels = from->pixels + i * s->shape.features;
        if (s->bytes) {
            nd_augment_image(s->p, from, i, out.at, b, s->bytes);
            pixels = s->bytes;
        }
        put(s, b, from, i, i, pixels);
    }
    return out;
}

/* Noise in evaluation is drawn apart from all mini-batches of training, and from those of
 * the other parts: its batch is the upper half of the numbers, and there its example's. */
nd_batch nd_batches_evaluate(nd_batches *s, nd_part part, uint32_t epoch, size_t first)
{
    const uint32_t upper = 1u << 31;
    const nd_split *all = &s->split;
    const struct {
        const nd_images *images;
        size_t before;
    } parts[] = {{&all->train, 0},
                 {&all->validation, all->train.n},
                 {&all->test, all->train.n + all->validation.n}};
    const nd_images *from = parts[part].images;
    const size_t example = parts[part].before + first;
    const size_t left = from->n - first, B = left < ND_EVAL_BATCH ? left : ND_EVAL_BATCH;
    for (size_t b = 0; b < B; b++)
        put(s, b, from, first + b, example + b,
            from->pixels + (first + b) * s->shape.features);
    nd_batch out = batch_of(s, B, epoch, upper | (uint32_t)example);
    out.judged = true;
    return out;
}
