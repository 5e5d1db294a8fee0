/* augment.c -- flips and shifts, as in Laborieux et al. 2021 (CIFAR-10): an image is
 * mirrored with probability 1/2; then a window of its own size is cut out of it at a random
 * place, after data.pad copies of its border were laid around it. */
#include "nudge/augment.h"

/* r, uniform over 32 bits, as a whole number in [-most, most]. */
static int64_t shift(uint32_t r, int64_t most)
{
    return (int64_t)((uint64_t)r * (2 * (uint64_t)most + 1) >> 32) - most;
}

/* i moved by d, held to [0, n). */
static size_t moved(size_t i, int64_t d, size_t n)
{
    const int64_t at = (int64_t)i + d, last = (int64_t)n - 1;
    return (size_t)(at < 0 ? 0 : at > last ? last : at);
}

void nd_augment_image(const nd_params *p, const nd_images *images, size_t i, nd_at at,
                      uint32_t index, uint8_t *out)
{
    const int64_t what = p->data_augment;
    const bool flips = what == ND_AUGMENT_FLIP || what == ND_AUGMENT_FLIP_CROP;
    const bool crops = what == ND_AUGMENT_CROP || what == ND_AUGMENT_FLIP_CROP;
    const size_t rows = images->rows, cols = images->cols, channels = images->channels;
    const uint8_t *image = images->pixels + i * rows * cols * channels;
    uint32_t r[4];
    at.stream = ND_STREAM_AUGMENT;
    nd_philox(at, index, r);
    const bool mirror = flips && r[0] >> 31;
    const int64_t down = crops ? shift(r[1], p->data_pad) : 0;
    const int64_t right = crops ? shift(r[2], p->data_pad) : 0;
    for (size_t row = 0; row < rows; row++)
        for (size_t col = 0; col < cols; col++) {
            const size_t from_row = moved(row, down, rows), from = moved(col, right, cols);
            const size_t from_col = mirror ? cols - 1 - from : from;
            for (size_t c = 0; c < channels; c++)
                *out++ = image[(from_row * cols + from_col) * channels + c];
        }
}
