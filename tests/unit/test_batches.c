/* test_batches.c -- a mini-batch is a function of its place: which images, which examples,
 * which numbers. */
#include "trial/batches_impl.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "set.h"

typedef struct fixture {
    nd_params p;
    nd_dataset d;
    nd_split split;
    nd_shape shape;
    nd_batches s;
} fixture;

static nd_params params(const char *name)
{
    nd_params p;
    nd_params_defaults(&p);
    set(&p, "data.name", name);
    set(&p, "data.train", "60");
    set(&p, "data.validation", "130");
    set(&p, "data.test", "210");
    set(&p, "train.batch", "7");
    return p;
}

static void open_batches(fixture *f, const nd_params *p)
{
    nd_err err = {0};
    memset(f, 0, sizeof *f);
    f->p = *p;
    if (nd_dataset_open(&f->d, p, &err) != ND_OK ||
        nd_dataset_split(&f->d, p, &f->split, &err) != ND_OK)
        fail_msg("%s", err.message);
    f->shape = nd_dataset_shape(&f->d, &f->split);
    if (nd_batches_new(&f->s, &f->p, &f->split, f->shape, &err) != ND_OK)
        fail_msg("%s", err.message);
}

static void close_batches(fixture *f)
{
    nd_batches_free(&f->s);
    nd_dataset_close(&f->d);
}

/* Sample b of the batch is image i of `from`, example `which`, with plain pixels. */
static void is_image(const fixture *f, const nd_batch *b, size_t at, const nd_images *from,
                     size_t i, size_t which)
{
    const size_t n = f->shape.features, ld_y = nd_ld(f->shape.classes);
    assert_int_equal(b->which[at], which);
    assert_int_equal(b->label[at], from->labels[i]);
    for (size_t c = 0; c < ld_y; c++)
        assert_true((double)b->y[at * ld_y + c] == (c == from->labels[i] ? 1 : 0));
    for (size_t k = 0; k < n; k++)
        if ((double)b->x[at * nd_ld(n) + k] !=
            (double)((float)from->pixels[i * n + k] / 255.0f))
            fail_msg("image %zu differs at %zu", i, k);
    for (size_t k = n; k < nd_ld(n); k++)
        assert_true((double)b->x[at * nd_ld(n) + k] == 0);
}

/* Each training image comes once an epoch, in an order of the epoch's own. */
static void an_epoch_is_every_image_once(void **state)
{
    (void)state;
    const nd_params p = params("synthetic");
    fixture f;
    open_batches(&f, &p);
    assert_int_equal(nd_batches_count(&f.s), 9);
    uint32_t order[2][60];
    for (uint32_t epoch = 1; epoch <= 2; epoch++) {
        bool seen[60] = {false};
        for (uint32_t batch = 0; batch < 9; batch++) {
            const nd_batch b = nd_batches_train(&f.s, epoch, batch);
            assert_int_equal(b.B, batch < 8 ? 7 : 4);
            assert_true(b.at.seed == 1 && b.at.epoch == epoch && b.at.batch == batch);
            for (size_t i = 0; i < b.B; i++) {
                is_image(&f, &b, i, &f.split.train, b.which[i], b.which[i]);
                assert_false(seen[b.which[i]]);
                seen[b.which[i]] = true;
                order[epoch - 1][batch * 7 + i] = b.which[i];
            }
        }
    }
    assert_memory_not_equal(order[0], order[1], sizeof order[0]);
    close_batches(&f);
}

/* Whatever was loaded before: resuming in the middle sees the same images. */
static void batches_do_not_remember(void **state)
{
    (void)state;
    nd_params p = params("synthetic-colour");
    set(&p, "data.augment", "flip-crop");
    fixture f, g;
    open_batches(&f, &p);
    open_batches(&g, &p);
    for (uint32_t epoch = 1; epoch <= 3; epoch++)
        for (uint32_t batch = 0; batch < 9; batch++)
            (void)nd_batches_train(&f.s, epoch, batch);
    (void)nd_batches_evaluate(&f.s, ND_PART_TEST, 3, 0);
    const nd_batch a = nd_batches_train(&f.s, 2, 4), b = nd_batches_train(&g.s, 2, 4);
    assert_memory_equal(a.x, b.x, a.B * nd_ld(f.shape.features) * sizeof *a.x);
    assert_memory_equal(a.which, b.which, a.B * sizeof *a.which);
    assert_memory_equal(a.label, b.label, a.B);
    close_batches(&f);
    close_batches(&g);
}

/* Evaluation sees each image of a part once and as it is, at places of its own. */
static void parts_are_numbered_through(void **state)
{
    (void)state;
    nd_params p = params("synthetic");
    set(&p, "data.augment", "flip-crop");
    fixture f;
    open_batches(&f, &p);
    assert_int_equal(f.shape.examples, 60 + 130 + 210);
    const struct {
        nd_part part;
        const nd_images *images;
        size_t first;
    } rows[] = {{ND_PART_TRAIN, &f.split.train, 0},
                {ND_PART_VALIDATION, &f.split.validation, 60},
                {ND_PART_TEST, &f.split.test, 190}};
    uint32_t places[6];
    size_t n_places = 0;
    for (int r = 0; r < 3; r++) {
        size_t i = 0;
        nd_batch b;
        for (; (b = nd_batches_evaluate(&f.s, rows[r].part, 5, i)).B; i += b.B) {
            assert_true(b.at.seed == 1 && b.at.epoch == 5);
            assert_true(b.at.batch > 1000000000); /* no training batch has that */
            for (size_t k = 0; k < n_places; k++)
                assert_int_not_equal(places[k], b.at.batch);
            places[n_places++] = b.at.batch;
            for (size_t k = 0; k < b.B; k++)
                is_image(&f, &b, k, rows[r].images, i + k, rows[r].first + i + k);
        }
        assert_int_equal(i, rows[r].images->n);
    }
    assert_int_equal(n_places, 1 + 2 + 3);
    close_batches(&f);
}

/* Augmented images are variants of those that `which` names; the labels stay theirs. */
static void augmentation_changes_training_images(void **state)
{
    (void)state;
    nd_params p = params("synthetic-colour");
    set(&p, "data.augment", "flip");
    fixture f;
    open_batches(&f, &p);
    const nd_batch b = nd_batches_train(&f.s, 1, 0);
    int mirrored = 0;
    for (size_t i = 0; i < b.B; i++) {
        const uint8_t *image = f.split.train.pixels + b.which[i] * f.shape.features;
        const float *x = b.x + i * nd_ld(f.shape.features);
        int same = 0, mirror = 0;
        for (size_t k = 0; k < f.shape.features; k++) {
            const size_t c = k % 3, col = k / 3 % 32, row = k / 96;
            same += (double)x[k] == (double)((float)image[k] / 255.0f);
            mirror += (double)x[k] ==
                      (double)((float)image[(row * 32 + 31 - col) * 3 + c] / 255.0f);
        }
        assert_true(same == 3072 || mirror == 3072);
        mirrored += mirror == 3072;
        assert_int_equal(b.label[i], f.split.train.labels[b.which[i]]);
    }
    assert_in_range(mirrored, 1, 6);
    close_batches(&f);
}

/* ---- numbers ---- */

static void pixels_are_standardised_by_channel(void **state)
{
    (void)state;
    nd_params p = params("synthetic-colour");
    set(&p, "data.mean", "[0.4914, 0.4822, 0.4465]");
    set(&p, "data.sd", "[0.6069, 0.5982, 0.603]");
    fixture f;
    open_batches(&f, &p);
    const nd_batch b = nd_batches_evaluate(&f.s, ND_PART_TEST, 1, 100);
    for (size_t k = 0; k < f.shape.features; k++) {
        const double byte = f.split.test.pixels[102 * f.shape.features + k];
        const double want = (byte / 255 - p.data_mean.v[k % 3]) / p.data_sd.v[k % 3];
        assert_true(fabs((double)b.x[2 * nd_ld(f.shape.features) + k] - want) < 2e-7);
    }
    close_batches(&f);
    p = params("synthetic");
    set(&p, "data.sd", "0.5"); /* one value for all */
    open_batches(&f, &p);
    const nd_batch grey = nd_batches_evaluate(&f.s, ND_PART_TEST, 1, 0);
    for (size_t k = 0; k < f.shape.features; k++)
        assert_true((double)grey.x[k] == (double)(f.split.test.pixels[k] / 255.0f / 0.5f));
    close_batches(&f);
}

static void lists_must_fit_the_channels(void **state)
{
    (void)state;
    static const struct {
        const char *set, *name, *value, *expect;
    } rows[] = {
        {"synthetic", "data.mean", "[0.1, 0.2, 0.3]", "data.mean has 3 values"},
        {"synthetic-colour", "data.sd", "[0.1, 0.2]", "have 3 channels"},
    };
    for (int i = 0; i < 2; i++) {
        nd_params p = params(rows[i].set);
        nd_dataset d;
        nd_split s;
        nd_err err = {0};
        set(&p, rows[i].name, rows[i].value);
        assert_int_equal(nd_dataset_open(&d, &p, &err), ND_OK);
        assert_int_equal(nd_dataset_split(&d, &p, &s, &err), ND_EINPUT);
        if (!strstr(err.message, rows[i].expect)) fail_msg("%s", err.message);
        nd_dataset_close(&d);
    }
}

/* All tail sizes; what lies beyond the size stays as it was; mean 0 and sd 1 are pixels. */
static void standardise_same_bits(void **state)
{
    (void)state;
    enum { N_MAX = 80 };
    uint8_t in[N_MAX];
    float mean[N_MAX], sd[N_MAX], zero[N_MAX] = {0}, one[N_MAX], a[N_MAX], b[N_MAX];
    for (size_t i = 0; i < N_MAX; i++) {
        in[i] = (uint8_t)(i * 37 % 256);
        mean[i] = (float)(i % 3) * 0.17f, sd[i] = 0.3f + (float)(i % 5) * 0.1f;
        one[i] = 1.0f;
    }
    bool usable;
    const nd_kernels *k, *scalar = nd_kern_isa(0, &usable);
    for (size_t i = 0; (k = nd_kern_isa(i, &usable)); i++)
        for (size_t n = 0; usable && n <= 70; n++) {
            memset(a, 0x55, sizeof a), memset(b, 0x55, sizeof b);
            scalar->standardise(n, in, mean, sd, a);
            k->standardise(n, in, mean, sd, b);
            assert_memory_equal(a, b, sizeof a);
            memset(a, 0x55, sizeof a), memset(b, 0x55, sizeof b);
            k->pixels(n, in, a);
            k->standardise(n, in, zero, one, b);
            assert_memory_equal(a, b, sizeof a);
        }
}

int main(void)
{
    nd_err err = {0};
    if (nd_kern_choose(&err) != ND_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_epoch_is_every_image_once),
        cmocka_unit_test(batches_do_not_remember),
        cmocka_unit_test(parts_are_numbered_through),
        cmocka_unit_test(augmentation_changes_training_images),
        cmocka_unit_test(pixels_are_standardised_by_channel),
        cmocka_unit_test(lists_must_fit_the_channels),
        cmocka_unit_test(standardise_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
