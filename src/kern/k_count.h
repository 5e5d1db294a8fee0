/* k_count.h -- outer products of binary states, as Boltzmann machines sample them.
 *
 * What is summed over the mini-batch then are counts. Bytes hold them, which is four times as
 * many to a register as floats, and any order of summing gives the bits of the whole product
 * (but for the sign of a zero). */
#ifndef NUDGE_K_COUNT_H
#define NUDGE_K_COUNT_H

#include "k_list.h"

#include <string.h>

enum {
    COUNT_ZERO = 128,   /* what stands for 0 */
    COUNT_B = 127,      /* samples at most: counts of either sign fit */
    COUNT_WORDS = 2,    /* that a bit for each sample takes */
    COUNT_INPUTS = 64,  /* looked at together */
    COUNT_VECTORS = 10, /* of bytes: sums in registers */
    COUNT_COLUMNS = COUNT_VECTORS * VB_BYTES,
};

/* Of two phases: some columns of the post-synaptic states; and for each of some inputs a bit
 * for each sample, whether it is 1. */
typedef struct counted {
    uint8_t post[2][COUNT_B * COUNT_COLUMNS];
    uint64_t ones[2][COUNT_INPUTS][COUNT_WORDS];
} counted;

/* The first n columns of s (B, ld), then zeros; false: not all are 0 or 1. */
static bool bytes_of(const float *s, size_t B, size_t n, size_t ld, uint8_t *out)
{
    for (size_t b = 0; b < B; b++)
        for (size_t x = 0; x < COUNT_COLUMNS; x += ND_LANES) {
            const float *from = s + b * ld + x;
            if (x < n && not_zero(from, ND_LANES) != is_one(from)) return false;
            vf_to_u8(out + b * COUNT_COLUMNS + x, x < n ? vf_load(from) : vf_set1(0.0f));
        }
    return true;
}

/* 8 x 8 bits, a row in each byte (Warren, Hacker's Delight, 7-3) */
ND_INLINE uint64_t transposed_bits(uint64_t x)
{
    uint64_t t = (x ^ (x >> 7)) & 0x00aa00aa00aa00aau;
    x ^= t ^ (t << 7);
    t = (x ^ (x >> 14)) & 0x0000cccc0000ccccu;
    x ^= t ^ (t << 14);
    t = (x ^ (x >> 28)) & 0x00000000f0f0f0f0u;
    return x ^ t ^ (t << 28);
}

/* Of 8 samples or fewer, inputs [x, x + inputs): the r-th byte of block[i / 8] tells of row r
 * and inputs [i, i + 8) whether they are 1. Returns what is neither 1 nor 0. */
ND_INLINE unsigned ones_of_rows(const float *pre, size_t rows, size_t ld, size_t inputs,
                                uint64_t *block)
{
    unsigned others = 0;
    memset(block, 0, COUNT_INPUTS / 8 * sizeof *block);
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < inputs; i += ND_LANES) {
            const float *s = pre + r * ld + i;
            const unsigned some = not_zero(s, inputs - i);
            const uint64_t ones = some & is_one(s);
            others |= some ^ (unsigned)ones;
            block[i / 8] |= (ones & 0xff) << 8 * r;
            block[i / 8 + 1] |= (ones >> 8) << 8 * r;
        }
    return others;
}

/* The ones among inputs [x, x + inputs); false: not all are 0 or 1. */
static bool find_ones(const nd_hebb *h, const float *pre, size_t x, size_t inputs,
                      uint64_t (*ones)[COUNT_WORDS])
{
    memset(ones, 0, COUNT_INPUTS * sizeof *ones);
    for (size_t b = 0; b < h->B; b += 8) {
        uint64_t block[COUNT_INPUTS / 8];
        const size_t rows = h->B - b < 8 ? h->B - b : 8;
        if (ones_of_rows(pre + b * h->pre_ld + x, rows, h->pre_ld, inputs, block))
            return false;
        for (size_t i = 0; i < inputs; i += 8) {
            const uint64_t bits = transposed_bits(block[i / 8]);
            for (size_t j = 0; j < 8; j++)
                ones[i + j][b / 64] |= (bits >> 8 * j & 0xff) << b % 64;
        }
    }
    return true;
}

/* sum += the rows of `post` whose bits are set; minus: -= */
ND_INLINE void count_rows(vb *sum, const uint8_t *post, const uint64_t *ones, bool minus,
                          const int V)
{
    for (size_t word = 0; word < COUNT_WORDS; word++)
        for (uint64_t bits = ones[word]; bits; bits &= bits - 1) {
            const size_t b = word * 64 + (size_t)__builtin_ctzll(bits);
            const uint8_t *row = post + b * COUNT_COLUMNS;
            ND_UNROLL
            for (int j = 0; j < V; j++) {
                const vb x = vb_load(row + j * VB_BYTES);
                sum[j] = minus ? vb_sub(sum[j], x) : vb_add(sum[j], x);
            }
        }
}

/* Inputs [x, x + inputs), panels [p, p + P), in V vectors. */
ND_INLINE void count_run(const nd_hebb *h, const counted *c, size_t x, size_t inputs,
                         size_t p, size_t P, const int V)
{
    const vf factor = vf_set1(h->scale), zero = vf_set1((float)COUNT_ZERO);
    for (size_t i = 0; i < inputs; i++) {
        vb sum[COUNT_VECTORS];
        uint8_t bytes[COUNT_COLUMNS];
        ND_UNROLL
        for (int j = 0; j < V; j++)
            sum[j] = vb_set1(COUNT_ZERO);
        count_rows(sum, c->post[0], c->ones[0][i], false, V);
        if (h->pre0) count_rows(sum, c->post[1], c->ones[1][i], true, V);
        ND_UNROLL
        for (int j = 0; j < V; j++)
            vb_store(bytes + j * VB_BYTES, sum[j]);
        for (size_t j = 0; j < P; j++) {
            const vf count = vf_sub(vf_from_u8(bytes + j * ND_LANES), zero);
            vf_store(h->out + ((p + j) * h->k + x + i) * ND_LANES, vf_mul(factor, count));
        }
    }
}

/* Panels [p, p + P); false: not all states are 0 or 1. */
static bool count_panels(const nd_hebb *h, size_t p, size_t P)
{
    const float *pre[] = {h->pre1, h->pre0}, *post[] = {h->post1, h->post0};
    const int phases = h->pre0 ? 2 : 1;
    counted c;
    for (int f = 0; f < phases; f++)
        if (!bytes_of(post[f] + p * ND_LANES, h->B, P * ND_LANES, nd_ld(h->n), c.post[f]))
            return false;
    for (size_t x = 0; x < h->k; x += COUNT_INPUTS) {
        const size_t inputs = h->k - x < COUNT_INPUTS ? h->k - x : COUNT_INPUTS;
        for (int f = 0; f < phases; f++)
            if (!find_ones(h, pre[f], x, inputs, c.ones[f])) return false;
        if (P > 12)
            count_run(h, &c, x, inputs, p, P, 10);
        else if (P > 6)
            count_run(h, &c, x, inputs, p, P, 6);
        else
            count_run(h, &c, x, inputs, p, P, 3);
    }
    return true;
}

/* False: too few to pay, too many to count, or not all 0 or 1; `out` means nothing then. */
static bool hebb_counted(const nd_hebb *h)
{
    const size_t panels = nd_ld(h->n) / ND_LANES, most = COUNT_COLUMNS / ND_LANES;
    if (h->B > COUNT_B || h->k < LIST_LEAST || h->n < LIST_LEAST || h->pre_ld == 0)
        return false;
    for (size_t p = 0; p < panels; p += most)
        if (!count_panels(h, p, panels - p < most ? panels - p : most)) return false;
    return true;
}

#endif
