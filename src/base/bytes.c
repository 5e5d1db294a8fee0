/* bytes.c -- little-endian numbers in byte strings. */
#include "nudge/bytes.h"

#include <string.h>

static void put(nd_text *out, uint64_t x, size_t n)
{
    unsigned char b[8];
    for (size_t i = 0; i < n; i++, x >>= 8)
        b[i] = (unsigned char)x;
    nd_text_bytes(out, b, n);
}

void nd_put_u32(nd_text *out, uint32_t x)
{
    put(out, x, 4);
}

void nd_put_u64(nd_text *out, uint64_t x)
{
    put(out, x, 8);
}

void nd_put_f64(nd_text *out, double x)
{
    uint64_t u;
    memcpy(&u, &x, sizeof u);
    put(out, u, 8);
}

void nd_put_f32s(nd_text *out, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t u;
        memcpy(&u, &x[i], sizeof u);
        put(out, u, 4);
    }
}

void nd_put_str(nd_text *out, const char *s)
{
    const size_t n = strlen(s);
    nd_put_u32(out, (uint32_t)n);
    nd_text_bytes(out, s, n);
}

nd_cursor nd_cursor_at(const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    return (nd_cursor){p, p + n, false};
}

const unsigned char *nd_get_bytes(nd_cursor *c, size_t n)
{
    if (c->bad || (size_t)(c->end - c->p) < n) {
        c->bad = true;
        return NULL;
    }
    const unsigned char *p = c->p;
    c->p += n;
    return p;
}

static uint64_t get(nd_cursor *c, size_t n)
{
    const unsigned char *p = nd_get_bytes(c, n);
    uint64_t x = 0;
    for (size_t i = p ? n : 0; i-- > 0;)
        x = x << 8 | p[i];
    return x;
}

uint32_t nd_get_u32(nd_cursor *c)
{
    return (uint32_t)get(c, 4);
}

uint64_t nd_get_u64(nd_cursor *c)
{
    return get(c, 8);
}

double nd_get_f64(nd_cursor *c)
{
    const uint64_t u = get(c, 8);
    double x;
    memcpy(&x, &u, sizeof x);
    return x;
}

void nd_get_f32s(nd_cursor *c, float *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const uint32_t u = nd_get_u32(c);
        memcpy(&out[i], &u, sizeof u);
    }
}

void nd_get_str(nd_cursor *c, char *out, size_t size)
{
    const size_t n = nd_get_u32(c);
    const unsigned char *p = nd_get_bytes(c, n);
    const size_t kept = !p ? 0 : n < size ? n : size - 1;
    if (kept) memcpy(out, p, kept);
    out[kept] = '\0';
}
