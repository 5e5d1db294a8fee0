/* idx.c -- the IDX format of the MNIST family (Y. LeCun).
 *
 *   bytes 0..3    magic, big-endian like all numbers: 0, 0, type (8: unsigned byte), ndim
 *   ndim x 4      the dimensions: images n, rows, cols (magic 0x803); labels n (0x801)
 *   the rest      one byte per element
 *
 * A file is valid if and only if the magic is the wanted one, no dimension is 0, and the
 * rest is exactly as long as the dimensions say. */
#include "data/idx_impl.h"

#include "nudge/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { IMAGES = 0x803, LABELS = 0x801 };

nd_code nd_bad_file(nd_err *err, const char *path, const char *fmt, ...)
{
    char what[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    return ND_FAIL(err, ND_ECORRUPT,
                   "%s: %s\nRemove it and get it anew (`make data` fetches MNIST and "
                   "Fashion-MNIST), or set data.path (or $NUDGE_DATA) "
                   "to a folder with good files.",
                   path, what);
}

static uint32_t big_endian(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* What a file that is not the wanted IDX seems to be, by its first four bytes. */
static nd_code wrong_magic(const char *path, nd_map file, uint32_t wanted, nd_err *err)
{
    static const struct {
        uint32_t mask, magic;
        const char *what;
    } known[] = {
        {0xffffffff, IMAGES, "IDX images"},
        {0xffffffff, LABELS, "IDX labels"},
        {0xffffffff, 0x03080000, "IDX images in the wrong byte order"},
        {0xffffffff, 0x01080000, "IDX labels in the wrong byte order"},
        {0xffff0000, 0x00000000, "IDX of another type or shape"},
        {0xffff0000, 0x1f8b0000, "a gzip file whose name lacks .gz"},
        {0xffffffff, 0x504b0304, "a zip archive, to be unpacked first"},
        {0xffffff00, 0x3c214400, "a web page"}, /* <!D */
        {0xffffff00, 0x3c687400, "a web page"}, /* <ht */
        {0x00000000, 0x00000000, "no IDX file"},
    };
    const uint32_t magic = big_endian(file.bytes);
    size_t i = 0;
    while ((magic & known[i].mask) != known[i].magic)
        i++;
    return nd_bad_file(
        err, path, "this is %s (it starts with 0x%08x), where IDX %s (0x%08x) belong",
        known[i].what, magic, wanted == IMAGES ? "images" : "labels", wanted);
}

/* Checks everything about the file but the meaning of its elements. */
static nd_code open_idx(const char *path, nd_map file, uint32_t wanted, size_t dims[],
                        const uint8_t **data, nd_err *err)
{
    const size_t n_dims = wanted & 0xff, header = 4 + 4 * n_dims;
    if (file.n == 0) return nd_bad_file(err, path, "the file is empty");
    if (file.n >= 4 && big_endian(file.bytes) != wanted)
        return wrong_magic(path, file, wanted, err);
    if (file.n < header)
        return nd_bad_file(err, path, "%zu bytes are too few: the header alone has %zu",
                           file.n, header);
    size_t elements = 1;
    for (size_t i = 0; i < n_dims; i++) {
        dims[i] = big_endian(file.bytes + 4 + 4 * i);
        if (dims[i] == 0)
            return nd_bad_file(err, path, "dimension %zu of its header is 0", i + 1);
        if (!nd_mul(elements, dims[i], &elements) || elements > SIZE_MAX - header)
            return nd_bad_file(err, path,
                               "its header claims more elements than any file can hold");
    }
    if (file.n - header != elements)
        return nd_bad_file(err, path,
                           "%s: the header says %zu elements, so %zu bytes, but there are "
                           "%zu",
                           file.n - header < elements ? "truncated" : "too long", elements,
                           header + elements, file.n);
    *data = file.bytes + header;
    return ND_OK;
}

nd_code nd_idx_images(const char *path, nd_map file, nd_images *out, nd_err *err)
{
    size_t dims[3] = {0};
    ND_TRY(open_idx(path, file, IMAGES, dims, &out->pixels, err));
    out->n = dims[0];
    out->rows = dims[1];
    out->cols = dims[2];
    out->channels = 1;
    return ND_OK;
}

nd_code nd_idx_labels(const char *path, nd_map file, size_t classes, nd_images *out,
                      nd_err *err)
{
    size_t n = 0;
    ND_TRY(open_idx(path, file, LABELS, &n, &out->labels, err));
    if (n != out->n)
        return nd_bad_file(err, path, "%zu labels, but there are %zu images beside them", n,
                           out->n);
    for (size_t i = 0; i < n; i++)
        if (out->labels[i] >= classes)
            return nd_bad_file(err, path,
                               "label %d of image %zu is none of the classes 0 to %zu",
                               out->labels[i], i, classes - 1);
    return ND_OK;
}
