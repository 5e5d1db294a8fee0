/* dataset.h -- images and labels: found, checked, and shared by all processes of a node.
 *
 *     nd_dataset_open(&d, &p, err);  nd_dataset_split(&d, &p, &s, err);  s.train.pixels ...
 *
 * A set is opened once and serves every trial with the same name, path, seed and side; what
 * a trial trains, validates and tests on are views into it. */
#ifndef NUDGE_DATASET_H
#define NUDGE_DATASET_H

#include "nudge/file.h"
#include "nudge/params.h"

/* Images, row by row, and their classes. A view: owns nothing. */
typedef struct nd_images {
    size_t n, rows, cols, channels;
    const uint8_t *pixels; /* (n, rows, cols, channels): those of a pixel lie together */
    const uint8_t *labels; /* (n) */
} nd_images;

enum { ND_DATASET_PARTS = 4 };

typedef struct nd_dataset {
    char name[32];
    size_t features, classes; /* features = rows*cols*channels */
    nd_images train, test;
    double dark;        /* share of pixels that are 0 */
    nd_path path;       /* data.path, data.seed and data.side it was opened with */
    int64_t seed, side; /* ... see nd_dataset_serves                             */
    nd_map map[ND_DATASET_PARTS]; /* owned: mapped files            */
    void *heap[ND_DATASET_PARTS]; /* owned: inflated, or made here  */
} nd_dataset;

/* Opens data.name. ND_ENOENT: not found, err lists where it was looked for; ND_EINPUT: a
 * file that is no such data; ND_EIO, ND_ENOMEM. On failure d holds nothing. */
ND_MUST nd_code nd_dataset_open(nd_dataset *d, const nd_params *p, nd_err *err);
void nd_dataset_close(nd_dataset *d);

/* True when opening with p would give the same set, so that d can be used instead. */
bool nd_dataset_serves(const nd_dataset *d, const nd_params *p);

typedef struct nd_split {
    nd_images train, validation, test; /* validation.n is 0 when none was asked for */
} nd_split;

/* train: the first data.train images of the training file (0: all that are not held out);
 * validation: its last data.validation; test: the first data.test of the test file (0:
 * all). ND_EINPUT when there are fewer than asked for, or when data.mean or data.sd do not
 * fit the channels. The views live as long as d. */
ND_MUST nd_code nd_dataset_split(const nd_dataset *d, const nd_params *p, nd_split *s,
                                 nd_err *err);

/* What a model has to know of the data. features = rows * cols * channels, in this order.
 * examples: images of all parts together; the training images come first, then those held
 * out, then the test images (nd_batch.which counts through them). dark: the share of pixels
 * that are 0, which cost products and pulses little. */
typedef struct nd_shape {
    size_t features, classes;
    size_t rows, cols, channels;
    size_t examples;
    double dark;
} nd_shape;

nd_shape nd_dataset_shape(const nd_dataset *d, const nd_split *s);

#endif
