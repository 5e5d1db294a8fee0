/* mem.c -- the arena. */
#include "nudge/mem.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

nd_code nd_arena_new(nd_arena *a, size_t size, nd_err *err)
{
    *a = (nd_arena){0};
    const size_t bytes = nd_round_up(size ? size : 1, ND_ALIGN);
    a->base = aligned_alloc(ND_ALIGN, bytes);
    if (!a->base)
        return ND_FAIL(err, ND_ENOMEM,
                       "cannot allocate %.1f MiB for a trial; use a smaller model or "
                       "mini-batch, or fewer trials per node",
                       (double)bytes / 1048576.0);
    memset(a->base, 0, bytes);
    a->size = bytes;
    return ND_OK;
}

void nd_arena_free(nd_arena *a)
{
    free(a->base);
    *a = (nd_arena){0};
}

void *nd_arena_take(nd_arena *a, size_t count, size_t size)
{
    size_t bytes;
    if (!nd_mul(count, size, &bytes) || bytes > SIZE_MAX / 4) {
        a->used = SIZE_MAX / 2; /* measuring: the caller's allocation then fails cleanly */
        return NULL;
    }
    const size_t at = a->used;
    a->used += nd_round_up(bytes, ND_ALIGN);
    if (!a->base) return NULL;
    assert(a->used <= a->size);
    return a->base + at;
}
