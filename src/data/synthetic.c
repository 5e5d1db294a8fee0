/* synthetic.c -- a seeded stand-in for image sets, for tests: ten prototypes, each a few
 * soft blobs; an image is a prototype moved by a pixel or two, with a ghost of another
 * class laid over it, and grain. A linear classifier gets most of them right, none all.
 * In colour each blob has a hue of its own.
 *
 * Whole numbers only, and every draw a pure function of (seed, image, pixel): the same
 * bytes on every machine. */
#include "data/dataset_impl.h"
#include "nudge/philox.h"

enum { CLASSES = 10, TRAIN = 2000, TEST = 500, BLOBS = 4, SHIFT = 2 };
enum { SIDE_MAX = 32, CHANNELS_MAX = 3, FEATURES_MAX = SIDE_MAX * SIDE_MAX * CHANNELS_MAX };
enum { DRAW_PROTOTYPES, DRAW_TRAIN, DRAW_TEST };

typedef struct kind {
    int side, channels;
} kind;

typedef struct prototypes {
    kind is;
    uint8_t pixels[CLASSES][FEATURES_MAX]; /* (side, side, channels) */
} prototypes;

static uint32_t features(kind is)
{
    return (uint32_t)(is.side * is.side * is.channels);
}

static uint8_t clamp(int x)
{
    return (uint8_t)(x < 0 ? 0 : x > 255 ? 255 : x);
}

/* Adds a blob that falls off as 1 - d^2/r^2, with this height in each channel. */
static void add_blob(kind is, uint8_t *image, int row, int col, int r, const int *height)
{
    for (int i = 0; i < is.side; i++)
        for (int j = 0; j < is.side; j++) {
            const int d2 = (i - row) * (i - row) + (j - col) * (j - col);
            uint8_t *pixel = &image[(i * is.side + j) * is.channels];
            for (int c = 0; c < is.channels && d2 < r * r; c++)
                pixel[c] = clamp(pixel[c] + height[c] - height[c] * d2 / (r * r));
        }
}

static void make_prototypes(nd_at at, prototypes *out)
{
    const kind is = out->is;
    const uint32_t middle = (uint32_t)is.side - 10;
    for (uint32_t c = 0; c < CLASSES; c++)
        for (uint32_t b = 0; b < BLOBS; b++) {
            at.batch = c;
            uint32_t r[4];
            nd_philox(at, b, r);
            int height[CHANNELS_MAX] = {255};
            for (int k = 0; k < is.channels && is.channels > 1; k++)
                height[k] = (int)(r[3] >> 8 * k & 255);
            add_blob(is, out->pixels[c], 5 + (int)(r[0] % middle), 5 + (int)(r[1] % middle),
                     3 + (int)(r[2] % 4), height);
        }
}

/* Channel c of the prototype's pixel (i, j) after a move; outside it is dark. */
static int moved(kind is, const uint8_t *prototype, int i, int j, int c)
{
    const bool inside = i >= 0 && i < is.side && j >= 0 && j < is.side;
    return inside ? prototype[(i * is.side + j) * is.channels + c] : 0;
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
    const kind is = from->is;
    uint32_t r[4];
    nd_philox(at, features(is), r); /* an index that no pixel uses */
    const int di = (int)(r[0] % (2 * SHIFT + 1)) - SHIFT;
    const int dj = (int)(r[1] % (2 * SHIFT + 1)) - SHIFT;
    const uint8_t *own = from->pixels[label];
    const uint8_t *other = from->pixels[(label + 1 + r[2] % (CLASSES - 1)) % CLASSES];
    const int ghost = (int)(r[3] % 50); /* percent */
    for (uint32_t k = 0; k < features(is); k++) {
        if (k % 4 == 0) nd_philox(at, k / 4, r);
        const int pixel = (int)k / is.channels, c = (int)k % is.channels;
        const int i = pixel / is.side + di, j = pixel % is.side + dj;
        const int mixed =
            ((100 - ghost) * moved(is, own, i, j, c) + ghost * moved(is, other, i, j, c)) /
            100;
        pixels[k] = clamp(mixed + grain(r[k % 4]) / 3);
    }
}

static nd_code make(nd_dataset *d, nd_at at, const prototypes *from, size_t n,
                    nd_images *out, nd_err *err)
{
    const size_t side = (size_t)from->is.side;
    uint8_t *pixels, *labels;
    ND_TRY(nd_dataset_room(
        d, (int)at.epoch, (nd_images){n, side, side, (size_t)from->is.channels, NULL, NULL},
        out, &pixels, &labels, err));
    for (uint32_t i = 0; i < n; i++) {
        labels[i] = (uint8_t)(i % CLASSES); /* every stretch of the set is balanced */
        at.batch = i;
        draw(at, from, labels[i], pixels + (size_t)i * features(from->is));
    }
    return ND_OK;
}

static nd_code open_kind(nd_dataset *d, const nd_params *p, kind is, nd_err *err)
{
    prototypes from = {.is = is};
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

static nd_code open_grey(nd_dataset *d, const nd_params *p, nd_err *err)
{
    return open_kind(d, p, (kind){28, 1}, err);
}

static nd_code open_colour(nd_dataset *d, const nd_params *p, nd_err *err)
{
    return open_kind(d, p, (kind){32, 3}, err);
}

const nd_dataset_ops nd_dataset_synthetic = {open_grey};
const nd_dataset_ops nd_dataset_synthetic_colour = {open_colour};
