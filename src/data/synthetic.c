/* synthetic.c -- a seeded stand-in for image sets, for tests: ten prototypes, each a few
 * soft blobs; an image is a prototype moved by a pixel or two, with a ghost of another
 * class laid over it, and grain. A linear classifier gets most of them right, none all.
 *
 * Whole numbers only, and every draw a pure function of (seed, image, pixel): the same
 * bytes on every machine. */
#include "data/dataset_impl.h"
#include "nudge/philox.h"

enum { SIDE = 28, FEATURES = SIDE * SIDE, CLASSES = 10, TRAIN = 2000, TEST = 500 };
enum { BLOBS = 4, SHIFT = 2 };
enum { DRAW_PROTOTYPES, DRAW_TRAIN, DRAW_TEST };

typedef struct prototypes {
    uint8_t pixels[CLASSES][FEATURES];
} prototypes;

static uint8_t clamp(int x)
{
    return (uint8_t)(x < 0 ? 0 : x > 255 ? 255 : x);
}

/* Adds a blob that falls off as 1 - d^2/r^2. */
static void add_blob(uint8_t *image, int row, int col, int r)
{
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            const int d2 = (i - row) * (i - row) + (j - col) * (j - col);
            uint8_t *pixel = &image[i * SIDE + j];
            if (d2 < r * r) *pixel = clamp(*pixel + 255 - 255 * d2 / (r * r));
        }
}

static void make_prototypes(nd_at at, prototypes *out)
{
    for (uint32_t c = 0; c < CLASSES; c++)
        for (uint32_t b = 0; b < BLOBS; b++) {
            at.batch = c;
            uint32_t r[4];
            nd_philox(at, b, r);
            add_blob(out->pixels[c], 5 + (int)(r[0] % 18), 5 + (int)(r[1] % 18),
                     3 + (int)(r[2] % 4));
        }
}

/* The prototype's pixel (i, j) after a move; outside it is dark. */
static int moved(const uint8_t *prototype, int i, int j)
{
    return i >= 0 && i < SIDE && j >= 0 && j < SIDE ? prototype[i * SIDE + j] : 0;
}

/* Grain: the sum of a word's four bytes, about normal with sd 148 around 0. */
static int grain(uint32_t word)
{
    return (int)((word & 255) + (word >> 8 & 255) + (word >> 16 & 255) + (word >> 24)) -
           510;
}

/* at.batch is the image, of class `label`. */
static void draw(nd_at at, const prototypes *from, uint32_t label, uint8_t *pixels)
{
    uint32_t r[4];
    nd_philox(at, FEATURES, r); /* an index that no pixel uses */
    const int di = (int)(r[0] % (2 * SHIFT + 1)) - SHIFT;
    const int dj = (int)(r[1] % (2 * SHIFT + 1)) - SHIFT;
    const uint8_t *own = from->pixels[label];
    const uint8_t *other = from->pixels[(label + 1 + r[2] % (CLASSES - 1)) % CLASSES];
    const int ghost = (int)(r[3] % 50); /* percent */
    for (uint32_t k = 0; k < FEATURES; k++) {
        if (k % 4 == 0) nd_philox(at, k / 4, r);
        const int i = (int)k / SIDE + di, j = (int)k % SIDE + dj;
        const int mixed =
            ((100 - ghost) * moved(own, i, j) + ghost * moved(other, i, j)) / 100;
        pixels[k] = clamp(mixed + grain(r[k % 4]) / 3);
    }
}

static nd_code make(nd_dataset *d, nd_at at, const prototypes *from, size_t n,
                    nd_images *out, nd_err *err)
{
    uint8_t *pixels, *labels;
    ND_TRY(nd_dataset_room(d, (int)at.epoch, (nd_images){.n = n, SIDE, SIDE}, out, &pixels,
                           &labels, err));
    for (uint32_t i = 0; i < n; i++) {
        labels[i] = (uint8_t)(i % CLASSES); /* every stretch of the set is balanced */
        at.batch = i;
        draw(at, from, labels[i], pixels + (size_t)i * FEATURES);
    }
    return ND_OK;
}

static nd_code open_synthetic(nd_dataset *d, const nd_params *p, nd_err *err)
{
    prototypes from = {0};
    nd_at at = {.seed = (uint64_t)p->data_seed, .stream = ND_STREAM_DATA};
    at.epoch = DRAW_PROTOTYPES;
    make_prototypes(at, &from);
    at.epoch = DRAW_TRAIN;
    ND_TRY(make(d, at, &from, TRAIN, &d->train, err));
    at.epoch = DRAW_TEST;
    ND_TRY(make(d, at, &from, TEST, &d->test, err));
    d->classes = CLASSES;
    return ND_OK;
}

const nd_dataset_ops nd_dataset_synthetic = {open_synthetic};
