/* fuzz_idx.c -- any bytes as a data file. The first byte says as which: IDX images, IDX labels of so many
 * images, or images within gzip. Every byte that a good file claims to have is read. */
#include "fuzz.h"

#include "data/idx_impl.h"

#include <stdlib.h>

enum { IMAGES, LABELS, GZIP, KINDS };

static unsigned sum_of(const uint8_t *p, size_t n)
{
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += p[i];
    return sum;
}

static void read_images(nd_map file)
{
    nd_images is = {0};
    nd_err err = {0};
    if (nd_idx_images("input", file, &is, &err) != ND_OK) return;
    const size_t pixels = is.n * is.rows * is.cols * is.channels;
    FUZZ_EXPECT(pixels && pixels < file.n);
    volatile unsigned sum = sum_of(is.pixels, pixels);
    (void)sum;
}

static void read_labels(nd_map file, size_t images)
{
    nd_images is = {.n = images};
    nd_err err = {0};
    if (nd_idx_labels("input", file, 10, &is, &err) != ND_OK) return;
    for (size_t i = 0; i < is.n; i++)
        FUZZ_EXPECT(is.labels[i] < 10);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    nd_err err = {0};
    if (n == 0) return 0;
    const nd_map file = {bytes + 1, n - 1};
    nd_map unpacked = {0};
    switch (bytes[0] % KINDS) {
    case IMAGES:
        read_images(file);
        break;
    case LABELS:
        read_labels(file, bytes[0] / KINDS);
        break;
    case GZIP:
        if (nd_gunzip("input", file, &unpacked, &err) != ND_OK) break;
        read_images(unpacked);
        free((void *)(uintptr_t)unpacked.bytes);
        break;
    }
    return 0;
}
