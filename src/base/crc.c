/* crc.c -- CRC-32C by table, SipHash-2-4-128. */
#include "nudge/crc.h"

#include <stdbool.h>
#include <string.h>

/* Reflected polynomial of CRC-32C. The table of four bits at a time is small enough to
 * write down. */
static const uint32_t nibble[16] = {
    0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
    0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
    0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

static uint32_t by_table(uint32_t crc, const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        crc = (crc >> 4) ^ nibble[crc & 15];
        crc = (crc >> 4) ^ nibble[crc & 15];
    }
    return crc;
}

#if defined __x86_64__
/* The instruction of SSE4.2, for this very polynomial: a journal of gigabytes is read at the
 * speed of the disk. */
__attribute__((target("sse4.2"))) static uint32_t
by_instruction(uint32_t crc, const unsigned char *p, size_t n)
{
    uint64_t c = crc, word;
    for (; n >= sizeof word; n -= sizeof word, p += sizeof word) {
        memcpy(&word, p, sizeof word);
        c = __builtin_ia32_crc32di(c, word);
    }
    return by_table((uint32_t)c, p, n);
}

static bool have_instruction(void)
{
    return __builtin_cpu_supports("sse4.2");
}
#else
static uint32_t by_instruction(uint32_t crc, const unsigned char *p, size_t n)
{
    return by_table(crc, p, n);
}

static bool have_instruction(void)
{
    return false;
}
#endif

uint32_t nd_crc32c(uint32_t crc, const void *bytes, size_t n)
{
    return ~(have_instruction() ? by_instruction : by_table)(~crc, bytes, n);
}

static uint64_t rotl(uint64_t x, int b)
{
    return (x << b) | (x >> (64 - b));
}

static uint64_t load64(const unsigned char *p)
{
    uint64_t x = 0;
    for (int i = 7; i >= 0; i--)
        x = x << 8 | p[i];
    return x;
}

static void store64(unsigned char *p, uint64_t x)
{
    for (int i = 0; i < 8; i++, x >>= 8)
        p[i] = (unsigned char)x;
}

static void rounds(uint64_t v[4], int n)
{
    while (n--) {
        v[0] += v[1], v[1] = rotl(v[1], 13), v[1] ^= v[0], v[0] = rotl(v[0], 32);
        v[2] += v[3], v[3] = rotl(v[3], 16), v[3] ^= v[2];
        v[0] += v[3], v[3] = rotl(v[3], 21), v[3] ^= v[0];
        v[2] += v[1], v[1] = rotl(v[1], 17), v[1] ^= v[2], v[2] = rotl(v[2], 32);
    }
}

void nd_siphash128(const unsigned char key[16], const void *bytes, size_t n,
                   unsigned char out[16])
{
    const unsigned char *p = bytes;
    const uint64_t k0 = load64(key), k1 = load64(key + 8);
    uint64_t v[4] = {k0 ^ 0x736f6d6570736575u, k1 ^ 0x646f72616e646f6du ^ 0xee,
                     k0 ^ 0x6c7967656e657261u, k1 ^ 0x7465646279746573u};
    unsigned char last[8] = {0};
    const size_t whole = n / 8 * 8;
    for (size_t i = 0; i < whole; i += 8) {
        const uint64_t m = load64(p + i);
        v[3] ^= m;
        rounds(v, 2);
        v[0] ^= m;
    }
    if (n > whole) memcpy(last, p + whole, n - whole);
    last[7] = (unsigned char)n;
    const uint64_t m = load64(last);
    v[3] ^= m;
    rounds(v, 2);
    v[0] ^= m;
    v[2] ^= 0xee;
    rounds(v, 4);
    store64(out, v[0] ^ v[1] ^ v[2] ^ v[3]);
    v[1] ^= 0xdd;
    rounds(v, 4);
    store64(out + 8, v[0] ^ v[1] ^ v[2] ^ v[3]);
}
