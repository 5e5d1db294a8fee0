/* idx_impl.h -- the IDX format, and gzip around it. `path` is for messages only. */
#ifndef NUDGE_IDX_IMPL_H
#define NUDGE_IDX_IMPL_H

#include "nudge/dataset.h"

/* Shows the images in an IDX file's bytes, which must hold them and nothing else. */
ND_MUST nd_code nd_idx_images(const char *path, nd_map file, nd_images *out, nd_err *err);

/* The labels, below `classes`: fills out->labels; as many as out->n. */
ND_MUST nd_code nd_idx_labels(const char *path, nd_map file, size_t classes, nd_images *out,
                              nd_err *err);

/* Unpacks a gzip file, checking its CRC. Takes room with malloc: out->bytes is to be freed.
 */
ND_MUST nd_code nd_gunzip(const char *path, nd_map file, nd_map *out, nd_err *err);

/* A fault in a data file, with what to do about it. */
ND_MUST nd_code nd_bad_file(nd_err *err, const char *path, const char *fmt, ...)
    ND_PRINTF(3, 4);

#endif
