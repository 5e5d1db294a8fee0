/* finder_impl.h -- where the files of a data set are. */
#ifndef NUDGE_FINDER_IMPL_H
#define NUDGE_FINDER_IMPL_H

#include "nudge/dataset.h"

typedef struct nd_sought {
    const char *set;
    const char *folder[3];          /* names that a folder of its own may have, then NULL */
    bool (*holds)(const char *dir); /* is any of its files there?                        */
    const char *files, *remedy;     /* for the message                                    */
} nd_sought;

/* The folder that holds the set: `given` (data.path) when it is not empty, else $NUDGE_DATA,
 * ./data, or the system's, in this order. ND_ENOENT lists where it was looked for. */
ND_MUST nd_code nd_finder_folder(const nd_sought *sought, const char *given, nd_text *dir,
                                 nd_err *err);

/* Maps a data file. A folder of that name is refused with ND_ECORRUPT. */
ND_MUST nd_code nd_finder_map(const char *path, nd_map *out, nd_err *err);

#endif
