/* bars.c -- bars and stripes (MacKay 2003, section 43): every image of whole rows or whole
 * columns. Small enough to be summed over exactly, so the place to check a Boltzmann
 * machine.
 *
 * For side s: 2^s images of rows (class 0, stripes; the two uniform ones are among them),
 * then the 2^s - 2 others of columns (class 1, bars); in the order of the bit pattern. */
#include "data/dataset_impl.h"

enum { STRIPES, BARS, CLASSES };

/* The image whose rows (or columns) are the bits of `pattern`. */
static void draw(uint8_t *pixels, size_t side, unsigned pattern, int class)
{
    for (size_t i = 0; i < side; i++)
        for (size_t j = 0; j < side; j++)
            pixels[i * side + j] = (pattern >> (class == STRIPES ? i : j)) & 1 ? 255 : 0;
}

static nd_code open_bars(nd_dataset *d, const nd_params *p, nd_err *err)
{
    const size_t side = (size_t)p->data_side;
    const unsigned patterns = 1u << side;
    uint8_t *pixels, *labels;
    ND_TRY(nd_dataset_room(d, 0, (nd_images){2 * patterns - 2, side, side, .channels = 1},
                           &d->train, &pixels, &labels, err));
    for (int class = STRIPES; class <= BARS; class ++)
        for (unsigned k = class == BARS; k < patterns - (class == BARS); k++) {
            draw(pixels, side, k, class);
            pixels += side * side;
            *labels++ = (uint8_t) class;
        }
    d->test = d->train;
    d->classes = CLASSES;
    return ND_OK;
}

const nd_dataset_ops nd_dataset_bars_and_stripes = {open_bars};
