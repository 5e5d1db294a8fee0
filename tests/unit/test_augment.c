/* test_augment.c -- what flips and shifts do to an image, and how often. */
#include "nudge/augment.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
    ROWS = 7,
    COLS = 9,
    CHANNELS = 3,
    SIZE = ROWS * COLS * CHANNELS,
    PAD = 2,
    DRAWS = 4000
};

/* Every number of an image is another: (row, column, channel) can be read off it. */
static uint8_t value(int row, int col, int c)
{
    return (uint8_t)((row * COLS + col) * CHANNELS + c + 1);
}

typedef struct fixture {
    uint8_t pixels[2 * SIZE], labels[2];
    nd_images images;
    nd_params p;
} fixture;

static void make(fixture *f, const char *augment)
{
    memset(f, 0, sizeof *f);
    for (int i = 0; i < SIZE; i++)
        f->pixels[SIZE + i] = value(i / CHANNELS / COLS, i / CHANNELS % COLS, i % CHANNELS);
    f->images = (nd_images){.n = 2,
                            .rows = ROWS,
                            .cols = COLS,
                            .channels = CHANNELS,
                            .pixels = f->pixels,
                            .labels = f->labels};
    nd_params_defaults(&f->p);
    f->p.data_pad = PAD;
    assert_int_equal(nd_param_set(&f->p, nd_param_find("data.augment"), augment, NULL),
                     ND_OK);
}

static int held(int i, int n)
{
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

/* The image mirrored, then laid out with its border repeated, then cut (down, right). */
static void expect(uint8_t *out, bool mirror, int down, int right)
{
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLS; j++)
            for (int c = 0; c < CHANNELS; c++) {
                const int col = held(j + right, COLS);
                *out++ = value(held(i + down, ROWS), mirror ? COLS - 1 - col : col, c);
            }
}

/* Which of all the variants `image` is: the index of its count, or a failure. */
static size_t variant_of(const uint8_t *image)
{
    uint8_t wanted[SIZE];
    size_t k = 0;
    for (int mirror = 0; mirror < 2; mirror++)
        for (int down = -PAD; down <= PAD; down++)
            for (int right = -PAD; right <= PAD; right++, k++) {
                expect(wanted, mirror, down, right);
                if (memcmp(image, wanted, SIZE) == 0) return k;
            }
    fail_msg("no variant of the image");
    return 0;
}

enum { SHIFTS = (2 * PAD + 1) * (2 * PAD + 1), MIDDLE = SHIFTS / 2 };

/* All variants that are asked for come equally often (chi-squared within 5 sd), no others. */
static void variants_are_uniform(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool flips, crops;
    } rows[] = {{"none", false, false},
                {"flip", true, false},
                {"crop", false, true},
                {"flip-crop", true, true}};
    for (int row = 0; row < 4; row++) {
        fixture f;
        make(&f, rows[row].name);
        double count[2 * SHIFTS] = {0}, chi2 = 0;
        const double kinds = (rows[row].flips ? 2.0 : 1.0) * (rows[row].crops ? SHIFTS : 1);
        for (uint32_t i = 0; i < DRAWS; i++) {
            uint8_t out[SIZE];
            const nd_at at = {.seed = 1, .epoch = 1 + i / 1000, .batch = i / 20 % 50};
            nd_augment_image(&f.p, &f.images, 1, at, i % 20, out);
            count[variant_of(out)]++;
        }
        for (int k = 0; k < 2 * SHIFTS; k++) {
            const bool wanted = (rows[row].flips || k < SHIFTS) &&
                                (rows[row].crops || k % SHIFTS == MIDDLE);
            const double mean = wanted ? DRAWS / kinds : 0;
            if (!wanted) assert_true(count[k] == 0);
            if (wanted) chi2 += (count[k] - mean) * (count[k] - mean) / mean;
        }
        if (!(fabs(chi2 - (kinds - 1)) <= 5 * sqrt(2 * (kinds - 1))))
            fail_msg("%s: chi-squared %g of %g variants", rows[row].name, chi2, kinds);
    }
}

/* Another seed, epoch, batch or index draws anew; the same place the same; the stream that
 * the caller left in `at` is of no account. */
static void draws_depend_on_their_place(void **state)
{
    (void)state;
    fixture f;
    make(&f, "flip-crop");
    int same[5] = {0};
    for (uint32_t i = 0; i < 200; i++) {
        const nd_at base = {.seed = 1, .epoch = 2, .batch = i};
        nd_at at[5] = {base, base, base, base, base};
        at[0].stream = ND_STREAM_CYCLE;
        at[1].seed = 2, at[2].epoch = 3, at[3].batch = i + 1000;
        uint8_t first[SIZE], out[SIZE];
        nd_augment_image(&f.p, &f.images, 1, base, 5, first);
        for (int k = 0; k < 5; k++) {
            nd_augment_image(&f.p, &f.images, 1, at[k], k == 4 ? 6 : 5, out);
            same[k] += memcmp(first, out, SIZE) == 0;
        }
    }
    assert_int_equal(same[0], 200);
    for (int k = 1; k < 5; k++) /* 4 of 200 by chance */
        assert_true(same[k] < 20);
}

/* A shift beyond the image leaves its border; nothing is read outside it. */
static void a_shift_may_be_larger_than_the_image(void **state)
{
    (void)state;
    fixture f;
    make(&f, "crop");
    f.p.data_pad = 1000;
    for (uint32_t i = 0; i < 100; i++) {
        uint8_t out[SIZE];
        nd_augment_image(&f.p, &f.images, 1, (nd_at){.seed = 1}, i, out);
        for (int k = 0; k < SIZE; k++)
            assert_int_equal((out[k] - 1) % CHANNELS, k % CHANNELS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variants_are_uniform),
        cmocka_unit_test(draws_depend_on_their_place),
        cmocka_unit_test(a_shift_may_be_larger_than_the_image),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
