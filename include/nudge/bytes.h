/* bytes.h -- little-endian numbers in byte strings: the one way bytes leave this program.
 */
#ifndef NUDGE_BYTES_H
#define NUDGE_BYTES_H

#include "nudge/text.h"

void nd_put_u32(nd_text *out, uint32_t x);
void nd_put_u64(nd_text *out, uint64_t x);
void nd_put_f64(nd_text *out, double x);
void nd_put_f32s(nd_text *out, const float *x, size_t n);
void nd_put_str(nd_text *out, const char *s); /* length (u32), bytes */

/* Reading: a cursor that refuses to run over the end. After the first refusal `bad` is set,
 * all further numbers are 0 and texts empty. */
typedef struct nd_cursor {
    const unsigned char *p, *end;
    bool bad;
} nd_cursor;

nd_cursor nd_cursor_at(const void *bytes, size_t n);
uint32_t nd_get_u32(nd_cursor *c);
uint64_t nd_get_u64(nd_cursor *c);
double nd_get_f64(nd_cursor *c);
void nd_get_f32s(nd_cursor *c, float *out, size_t n);
const unsigned char *nd_get_bytes(nd_cursor *c, size_t n); /* NULL when short */
void nd_get_str(nd_cursor *c, char *out, size_t size);     /* truncates to size */

#endif
