/* sample.c -- points of sampled designs.
 *
 * Sobol: x_i = g_1 v_1 xor g_2 v_2 xor ..., where g = i xor i/2 is the Gray code of i (Antonov
 * and Saleev 1979) and v_k = m_k / 2^k. With the primitive polynomial x^s + a_1 x^(s-1) + ... + 1
 *
 *     m_k = 2 a_1 m_(k-1) xor 4 a_2 m_(k-2) xor ... xor 2^s m_(k-s) xor m_(k-s)
 *
 * and m_1 .. m_s as given (Bratley and Fox 1988); the numbers are the first of
 * new-joe-kuo-6.21201 (Joe and Kuo, SIAM J. Sci. Comput. 30:2635, 2008).
 *
 * Owen's scrambling flips bit b of a point by a coin that belongs to its b-1 higher bits. It
 * keeps every net a net, and makes each point uniform (Owen 1995).
 *
 * Lhs: a nested Latin hypercube (Qian, Biometrika 96:957, 2009) out of scrambled van der Corput
 * sequences. Of that sequence the first 2^k points lie one in each of 2^k strata, in whatever
 * order those from 2^(k-1) on come; so each axis shuffles every such block for itself. */
#include "nudge/sample.h"

#include "nudge/philox.h"

#include <assert.h>

enum { BITS = 32 };

/* Sub-streams of ND_STREAM_DESIGN. */
enum { USE_RANDOM, USE_SHIFT, USE_OWEN, USE_SHUFFLE };

static const struct {
    const char *name;
    bool sampled;
} designs[ND_DESIGNS] = {
#define D(id, name, sampled, help, source) {name, sampled},
#include "nudge/designs.def"
#undef D
};

const char *nd_design_name(nd_design d)
{
    return designs[d].name;
}

bool nd_design_sampled(nd_design d)
{
    return designs[d].sampled;
}

static nd_at place(const nd_sampler *s, uint32_t use, size_t axis, uint32_t batch)
{
    return nd_at_sub((nd_at){s->seed, ND_STREAM_DESIGN, (uint32_t)axis, batch}, use);
}

/* ---- Sobol ---- */

/* Axes 1 and up; axis 0 has all m_k = 1. a: a_1 .. a_(s-1), the first the highest bit. */
static const struct {
    uint8_t s, a;
    uint16_t m[9];
} joe_kuo[ND_SOBOL_AXES - 1] = {
    {1, 0, {1}},
    {2, 1, {1, 3}},
    {3, 1, {1, 3, 1}},
    {3, 2, {1, 1, 1}},
    {4, 1, {1, 1, 3, 3}},
    {4, 4, {1, 3, 5, 13}},
    {5, 2, {1, 1, 5, 5, 17}},
    {5, 4, {1, 1, 5, 5, 5}},
    {5, 7, {1, 1, 7, 11, 19}},
    {5, 11, {1, 1, 5, 1, 1}},
    {5, 13, {1, 1, 1, 3, 11}},
    {5, 14, {1, 3, 5, 5, 31}},
    {6, 1, {1, 3, 3, 9, 7, 49}},
    {6, 13, {1, 1, 1, 15, 21, 21}},
    {6, 16, {1, 3, 1, 13, 27, 49}},
    {6, 19, {1, 1, 1, 15, 7, 5}},
    {6, 22, {1, 3, 1, 15, 13, 25}},
    {6, 25, {1, 1, 5, 5, 19, 61}},
    {7, 1, {1, 3, 7, 11, 23, 15, 103}},
    {7, 4, {1, 3, 7, 13, 13, 15, 69}},
    {7, 7, {1, 1, 3, 13, 7, 35, 63}},
    {7, 8, {1, 3, 5, 9, 1, 25, 53}},
    {7, 14, {1, 3, 1, 13, 9, 35, 107}},
    {7, 19, {1, 3, 1, 5, 27, 61, 31}},
    {7, 21, {1, 1, 5, 11, 19, 41, 61}},
    {7, 28, {1, 3, 5, 3, 3, 13, 69}},
    {7, 31, {1, 1, 7, 13, 1, 19, 1}},
    {7, 32, {1, 3, 7, 5, 13, 19, 59}},
    {7, 37, {1, 1, 3, 9, 25, 29, 41}},
    {7, 41, {1, 3, 5, 13, 23, 1, 55}},
    {7, 42, {1, 3, 7, 3, 13, 59, 17}},
    {7, 50, {1, 3, 1, 3, 5, 53, 69}},
    {7, 55, {1, 1, 5, 5, 23, 33, 13}},
    {7, 56, {1, 1, 7, 7, 1, 61, 123}},
    {7, 59, {1, 1, 7, 9, 13, 61, 49}},
    {7, 62, {1, 3, 3, 5, 3, 55, 33}},
    {8, 14, {1, 3, 1, 15, 31, 13, 49, 245}},
    {8, 21, {1, 3, 5, 15, 31, 59, 63, 97}},
    {8, 22, {1, 3, 1, 11, 11, 11, 77, 249}},
    {8, 38, {1, 3, 1, 11, 27, 43, 71, 9}},
    {8, 47, {1, 1, 7, 15, 21, 11, 81, 45}},
    {8, 49, {1, 3, 7, 3, 25, 31, 65, 79}},
    {8, 50, {1, 3, 1, 1, 19, 11, 3, 205}},
    {8, 52, {1, 1, 5, 9, 19, 21, 29, 157}},
    {8, 56, {1, 3, 7, 11, 1, 33, 89, 185}},
    {8, 67, {1, 3, 3, 3, 15, 9, 79, 71}},
    {8, 70, {1, 3, 7, 11, 15, 39, 119, 27}},
    {8, 84, {1, 1, 3, 1, 11, 31, 97, 225}},
    {8, 97, {1, 1, 1, 3, 23, 43, 57, 177}},
    {8, 103, {1, 3, 7, 7, 17, 17, 37, 71}},
    {8, 115, {1, 3, 1, 5, 27, 63, 123, 213}},
    {8, 122, {1, 1, 3, 5, 11, 43, 53, 133}},
    {9, 8, {1, 3, 5, 5, 29, 17, 47, 173, 479}},
    {9, 13, {1, 3, 3, 11, 3, 1, 109, 9, 69}},
    {9, 16, {1, 1, 1, 5, 17, 39, 23, 5, 343}},
    {9, 22, {1, 3, 1, 5, 25, 15, 31, 103, 499}},
    {9, 25, {1, 1, 1, 11, 11, 17, 63, 105, 183}},
    {9, 44, {1, 1, 5, 11, 9, 29, 97, 231, 363}},
    {9, 47, {1, 1, 5, 15, 19, 45, 41, 7, 383}},
    {9, 52, {1, 3, 7, 7, 31, 19, 83, 137, 221}},
    {9, 55, {1, 1, 1, 3, 23, 15, 111, 223, 83}},
    {9, 59, {1, 1, 5, 13, 31, 15, 55, 25, 161}},
    {9, 62, {1, 1, 3, 13, 25, 47, 39, 87, 257}},
};

/* v_1 .. v_32 as fractions of 2^32. */
static void direction_numbers(size_t axis, uint32_t v[BITS])
{
    const unsigned s = axis ? joe_kuo[axis - 1].s : 0;
    assert(!axis || s);
    for (unsigned k = 0; k < BITS; k++) {
        if (!axis || k < s) {
            v[k] = (axis ? (uint32_t)joe_kuo[axis - 1].m[k] : 1) << (BITS - 1 - k);
            continue;
        }
        v[k] = v[k - s] ^ (v[k - s] >> s);
        for (unsigned j = 1; j < s; j++)
            if (joe_kuo[axis - 1].a >> (s - 1 - j) & 1) v[k] ^= v[k - j];
    }
}

static uint32_t sobol(size_t axis, uint32_t i)
{
    uint32_t v[BITS], x = 0;
    direction_numbers(axis, v);
    for (uint32_t g = i ^ (i >> 1), k = 0; g; g >>= 1, k++)
        if (g & 1) x ^= v[k];
    return x;
}

/* ---- scrambling ---- */

/* The coins of a point's bits form a path through a binary tree. One block of 128 random bits
 * holds a subtree of 7 levels, node 1 its root and 2n, 2n + 1 the children of n. */
static uint32_t owen(const nd_sampler *s, size_t axis, uint32_t x)
{
    enum { LEVELS = 7 };
    uint32_t out = 0;
    for (uint32_t depth = 0; depth < BITS; depth += LEVELS) {
        uint32_t coins[4], node = 1;
        nd_philox(place(s, USE_OWEN, axis, depth), depth ? x >> (BITS - depth) : 0, coins);
        for (uint32_t b = depth; b < depth + LEVELS && b < BITS; b++) {
            const uint32_t bit = x >> (BITS - 1 - b) & 1;
            out |= (bit ^ (coins[node / 32] >> node % 32 & 1)) << (BITS - 1 - b);
            node = 2 * node + bit;
        }
    }
    return out;
}

static uint32_t shift(const nd_sampler *s, size_t axis, uint32_t x)
{
    uint32_t r[4];
    nd_philox(place(s, USE_SHIFT, axis, 0), 0, r);
    return x ^ r[0];
}

/* ---- Latin hypercube ---- */

/* Where r goes in a random permutation of 0 .. 2^k - 1 that belongs to (axis, k): in each
 * round r and key - r change places or stay (swap-or-not; Hoang, Morris and Rogaway 2012). */
static uint32_t shuffled(const nd_sampler *s, size_t axis, uint32_t k, uint32_t r)
{
    enum { ROUNDS = 24 };
    const uint32_t mask = ((uint32_t)1 << k) - 1;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        const nd_at at = place(s, USE_SHUFFLE, axis, k * ROUNDS + round);
        uint32_t words[4];
        nd_philox(at, UINT32_MAX, words);
        const uint32_t other = (words[0] - r) & mask;
        nd_philox(at, r > other ? r : other, words);
        if (words[0] & 1) r = other;
    }
    return r;
}

static uint32_t reversed(uint32_t x)
{
    uint32_t out = 0;
    for (int b = 0; b < BITS; b++, x >>= 1)
        out = out << 1 | (x & 1);
    return out;
}

static uint32_t lhs(const nd_sampler *s, size_t axis, uint32_t i)
{
    uint32_t k = 0;
    while (i >> k > 1)
        k++;
    const uint32_t block = i ? (uint32_t)1 << k : 0;
    return owen(s, axis, reversed(i ? block | shuffled(s, axis, k, i - block) : 0));
}

double nd_sample(const nd_sampler *s, size_t axis, uint32_t i)
{
    static const double unit = 0x1p-32;
    switch (s->design) {
    case ND_DESIGN_LHS:
        return (lhs(s, axis, i) + 0.5) * unit;
    case ND_DESIGN_SOBOL:
        assert(axis < ND_SOBOL_AXES);
        if (s->scramble == ND_SCRAMBLE_OWEN)
            return (owen(s, axis, sobol(axis, i)) + 0.5) * unit;
        if (s->scramble == ND_SCRAMBLE_SHIFT)
            return (shift(s, axis, sobol(axis, i)) + 0.5) * unit;
        return sobol(axis, i) * unit;
    default:
        return nd_philox_unit(place(s, USE_RANDOM, axis, 0), i);
    }
}
