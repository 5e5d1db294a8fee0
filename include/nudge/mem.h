/* mem.h -- checked sizes, and the arena: one aligned block that a trial points into.
 *
 * The same code measures and carves. With a base of NULL an arena only counts, so `plan`
 * and `init` share one function that says what is needed (llm.c's malloc-and-point, made
 * safe):
 *
 *     nd_arena a = {0};            layout(&a, net);      a.used is the size
 *     nd_arena_new(&a, a.used, e); layout(&a, net);      now the pointers are real */
#ifndef NUDGE_MEM_H
#define NUDGE_MEM_H

#include "nudge/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { ND_ALIGN = 64 };

/* *out = a*b; false when it overflows. */
static inline bool nd_mul(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

/* Rounds n up to a multiple of m (m a power of two). */
static inline size_t nd_round_up(size_t n, size_t m)
{
    return (n + m - 1) & ~(m - 1);
}

typedef struct nd_arena {
    unsigned char *base; /* NULL while measuring */
    size_t used, size;   /* bytes */
} nd_arena;

/* Gives the arena `size` zeroed bytes aligned to ND_ALIGN and sets used = 0. */
ND_MUST nd_code nd_arena_new(nd_arena *a, size_t size, nd_err *err);
void nd_arena_free(nd_arena *a);

/* The next count*size bytes, 64-byte aligned; NULL while measuring. Never fails on a real
 * arena that was sized by the same calls (asserted). */
void *nd_arena_take(nd_arena *a, size_t count, size_t size);

#endif
