/* text.h -- growing text, strict number parsing, shortest number printing, nearest names.
 */
#ifndef NUDGE_TEXT_H
#define NUDGE_TEXT_H

#include "nudge/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growing byte string, always NUL-terminated once something was added. Start from {0};
 * free with nd_text_free. Running out of memory sets `failed`, which sticks; check it once,
 * at the end, with nd_text_check. */
typedef struct nd_text {
    char *s;
    size_t n, cap;
    bool failed;
} nd_text;

void nd_text_add(nd_text *t, const char *fmt, ...) ND_PRINTF(2, 3);
void nd_text_bytes(nd_text *t, const void *bytes, size_t n);
void nd_text_real(nd_text *t, double x); /* shortest decimal that reads back as x */
void nd_text_clear(nd_text *t);          /* keeps the memory */
void nd_text_free(nd_text *t);
ND_MUST nd_code nd_text_check(const nd_text *t, nd_err *err);
static inline const char *nd_text_str(const nd_text *t)
{
    return t->s ? t->s : "";
}

/* The whole of s must be the number: no spaces, hex, inf or nan. */
bool nd_parse_real(const char *s, double *out);
bool nd_parse_int(const char *s, int64_t *out); /* also 1e4 when that is whole */

/* Seconds from "90", "45s", "30m", "2h", "1d", "MM:SS", "HH:MM:SS", "D-HH:MM:SS" (as
 * Slurm). */
bool nd_parse_duration(const char *s, double *seconds);
void nd_text_duration(nd_text *t, double seconds); /* "1 h 02 min", "3.4 s" */

/* Finds the name nearest to `want` (edit distance with transpositions):
 *     nd_nearest n = nd_nearest_to("ep.beat"); for (...) nd_nearest_try(&n, name);
 *     n.best is the nearest name worth suggesting, or NULL. */
typedef struct nd_nearest {
    const char *want, *best;
    size_t distance;
} nd_nearest;

nd_nearest nd_nearest_to(const char *want);
void nd_nearest_try(nd_nearest *n, const char *candidate);

/* snprintf that truncates on purpose and says nothing. */
void nd_copy(char *dst, size_t size, const char *src);

#endif
