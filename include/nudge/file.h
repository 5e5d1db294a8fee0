/* file.h -- whole files: read, map, publish atomically. Paths are as the user gave them. */
#ifndef NUDGE_FILE_H
#define NUDGE_FILE_H

#include "nudge/text.h"

/* Reads the whole file into `out` (appended). ND_ENOENT when it is not there, ND_EINPUT of a folder. */
ND_MUST nd_code nd_file_read(const char *path, nd_text *out, nd_err *err);

/* A file mapped read-only and shared with every process that maps it. */
typedef struct nd_map {
    const unsigned char *bytes;
    size_t n;
} nd_map;
ND_MUST nd_code nd_file_map(const char *path, nd_map *out, nd_err *err);
void nd_file_unmap(nd_map *m);

/* Replaces `path` in one step: a reader sees the old file or the new, whole. Writes a
 * temporary file beside it, fsyncs, renames, fsyncs the folder. */
ND_MUST nd_code nd_file_publish(const char *path, const void *bytes, size_t n, nd_err *err);

/* The last two steps, for files that a library wrote at `temporary`. */
ND_MUST nd_code nd_file_publish_as(const char *temporary, const char *path, nd_err *err);

bool nd_file_exists(const char *path);
ND_MUST nd_code nd_dir_make(const char *path,
                            nd_err *err); /* with its parents, as mkdir -p */
ND_MUST nd_code nd_dir_sync(const char *path,
                            nd_err *err); /* makes created names durable */

/* Writes all n bytes to fd in the face of EINTR and short writes. */
ND_MUST nd_code nd_write_all(int fd, const void *bytes, size_t n, nd_err *err);

void nd_path_join(nd_text *out, const char *dir, const char *name);

#endif
