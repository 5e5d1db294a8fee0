/* k_relax.c -- products of states and weights, and the relaxation step fused with them.
 *
 * The product is cut into tiles of TILE_ROWS x TILE_PANELS whose sums stay in registers
 * while k runs. The tile's shape differs between ISAs; the bits do not, since each element
 * is one sum over k in order. The step's second half (activation, nudge, leak) follows tile
 * by tile, while the pre-activations are still in the first cache. */
#include "k_act.h"
#include "k_list.h"
#include "k_tile.h"
#include "vec_math.h"

static inline size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Rows [b, b+M) and panels [p, p+P) of `a`; M and P are constants after inlining. */
ND_INLINE void tile(const nd_affine *a, size_t b, size_t p, const int M, const int P,
                    const bool shared)
{
    vf sum[TILE_SUMS];
    ND_UNROLL
    for (int j = 0; j < P; j++) {
        const float *drive = a->drive + b * a->drive_ld + (p + (size_t)j) * ND_LANES;
        const vf first = vf_load(drive);
        ND_UNROLL
        for (int i = 0; i < M; i++)
            sum[i * P + j] = shared ? first : vf_load(drive + (size_t)i * a->drive_ld);
    }
    for (int t = 0; t < a->terms; t++) {
        const size_t k = a->term[t].k, ld = a->term[t].ld;
        const float *s = a->term[t].s + b * ld;
        const float *w = a->term[t].w + p * k * ND_LANES;
        tile_run(sum, k, s, ld, w, k * ND_LANES, M, P);
    }
    const size_t ld = nd_ld(a->n);
    ND_UNROLL
    for (int i = 0; i < M; i++)
        ND_UNROLL
    for (int j = 0; j < P; j++)
        vf_store(a->out + (b + (size_t)i) * ld + (p + (size_t)j) * ND_LANES,
                 sum[i * P + j]);
}

#define TILE_CASE(m)                                                                       \
    case m:                                                                                \
        if (m > TILE_ROWS) break;                                                          \
        if (panels == 1)                                                                   \
            tile(a, b, p, m > TILE_ROWS ? 1 : m, 1, false);                                \
        else                                                                               \
            tile(a, b, p, m > TILE_ROWS ? 1 : m, TILE_PANELS, false);                      \
        break;

static void run_tile(const nd_affine *a, size_t b, size_t rows, size_t p, size_t panels)
{
    switch (rows) {
        TILE_CASE(1)
        TILE_CASE(2)
        TILE_CASE(3)
        TILE_CASE(4)
        TILE_CASE(5)
        TILE_CASE(6)
        TILE_CASE(7)
        TILE_CASE(8)
        TILE_CASE(9)
        TILE_CASE(10)
    }
}

/* x as the nearest multiple of grid, for |x| < 2^22 grid */
ND_INLINE vf rounded(vf x, float grid)
{
    const vf magic = vf_set1(ROUND_MAGIC), step = vf_set1(grid);
    return vf_mul(vf_sub(vf_add(vf_div(x, step), magic), magic), step);
}

/* What the second half of a step does with a pre-activation. */
ND_INLINE vf prototypical(const nd_relax *r, vf x, vf s, vf nudge, const int activation)
{
    const vf dt = vf_set1(r->dt), keep = vf_set1(1.0f - r->dt);
    if (r->inside) x = vf_add(x, nudge);
    vf f = activate(x, activation);
    if (!r->inside) f = vf_add(f, nudge);
    /* (1-dt) s + dt f is s + dt (f - s), and exactly f at dt = 1 */
    return vf_fma(keep, s, vf_mul(dt, f));
}

ND_INLINE vf energetic(const nd_relax *r, vf x, vf s, vf rho, vf nudge,
                       const int activation)
{
    const vf dt = vf_set1(r->dt), keep = vf_set1(1.0f - r->dt);
    if (!r->flat) x = vf_mul(slope(s, rho, activation), x);
    const vf next = vf_fma(keep, s, vf_mul(dt, vf_add(x, nudge)));
    return r->clamp ? clip(next, 0.0f, 1.0f) : next;
}

/* Activation, nudge and leak of rows x panels whose pre-activations lie in in.out. */
ND_INLINE void finish(const nd_relax *r, size_t b, size_t rows, size_t p, size_t panels,
                      const int activation)
{
    const size_t n = r->in.n, ld = nd_ld(n);
    const vf beta = vf_set1(r->beta), zero = vf_set1(0.0f);
    for (size_t i = b; i < b + rows; i++)
        for (size_t j = p * ND_LANES; j < smaller((p + panels) * ND_LANES, n);
             j += ND_LANES) {
            const vm real = vm_first((unsigned)smaller(n - j, ND_LANES));
            const size_t at = i * ld + j;
            const vf x = vf_load(r->in.out + at), s = vf_load(r->old + at);
            vf nudge = zero, next;
            if (r->target) nudge = vf_mul(beta, vf_sub(vf_load(r->target + at), s));
            if (r->rho)
                next = energetic(r, x, s, vf_load(r->old_rho + at), nudge, activation);
            else
                next = prototypical(r, x, s, nudge, activation);
            if (r->grid > 0.0f) next = rounded(next, r->grid);
            vf_store(r->in.out + at, vf_sel(real, next, zero));
            if (r->rho)
                vf_store(r->rho + at, vf_sel(real, activate(next, activation), zero));
        }
}

static void finish_any(const nd_relax *r, size_t b, size_t rows, size_t p, size_t panels)
{
    switch (r->activation) {
#define A(id, name, formula, source)                                                       \
    case ND_ACTIVATION_##id:                                                               \
        finish(r, b, rows, p, panels, ND_ACTIVATION_##id);                                 \
        break;
#include "nudge/activations.def"
#undef A
    }
}

/* Where k is short, a tile's sums are hardly in their registers when they have to leave
 * again. Wide, low tiles then need fewer loads, and whatever can be settled before the
 * loop over tiles is. */
enum { SHORT = 32 };

/* The first `whole` panels of rows [b, end), M at a time. The copy is what no store can
 * reach, so that it stays in registers. */
ND_INLINE void wide_run(const nd_affine *a, const nd_relax *r, size_t b, size_t end,
                        size_t whole, const int M, const bool shared)
{
    const nd_affine own = *a;
    for (size_t p = 0; p < whole; p += WIDE_PANELS)
        for (size_t i = b; i < end; i += (size_t)M) {
            tile(&own, i, p, M, WIDE_PANELS, shared);
            if (r) finish_any(r, i, (size_t)M, p, WIDE_PANELS);
        }
}

/* The case of most calls, one term on biases, for itself: a loop less in each tile. */
ND_INLINE void wide_run_any(const nd_affine *a, const nd_relax *r, size_t b, size_t end,
                            size_t whole, const int M)
{
    nd_affine one = *a;
    one.terms = 1;
    if (a->terms == 1 && a->drive_ld == 0)
        wide_run(&one, r, b, end, whole, M, true);
    else
        wide_run(a, r, b, end, whole, M, false);
}

#define WIDE_CASE(m)                                                                       \
    case m:                                                                                \
        if (m <= WIDE_ROWS) wide_run_any(a, r, b, end, whole, m > WIDE_ROWS ? 1 : m);      \
        break;

static void wide_rows(const nd_affine *a, const nd_relax *r, size_t b, size_t end,
                      size_t whole, size_t rows)
{
    switch (rows) {
        WIDE_CASE(1)
        WIDE_CASE(2)
        WIDE_CASE(3)
        WIDE_CASE(4)
        WIDE_CASE(5)
    }
}

/* Takes the panels that make up whole wide tiles, and returns how many. */
static size_t walk_wide(const nd_affine *a, const nd_relax *r, size_t panels)
{
    size_t depth = 0;
    for (int t = 0; t < a->terms; t++)
        depth += a->term[t].k;
    if (depth > SHORT || WIDE_PANELS == TILE_PANELS) return 0;
    const size_t whole = panels - panels % WIDE_PANELS;
    const size_t blocks = (a->B + WIDE_ROWS - 1) / WIDE_ROWS;
    const size_t rows = a->B / blocks, larger = a->B % blocks * (rows + 1);
    wide_rows(a, r, 0, larger, whole, rows + 1);
    wide_rows(a, r, larger, a->B, whole, rows);
    return whole;
}

/* ---- states that are mostly zero ---- */

enum { LISTED_ROWS = 128, LISTED_SPAN = 128 };

/* Which of some rows' states are not zero: row i has those at [start[i], start[i+1]). */
typedef struct listed {
    size_t start[LISTED_ROWS + 1];
    uint32_t at[LISTED_ROWS * LISTED_SPAN];
} listed;

static void list_rows(listed *l, const float *s, size_t rows, size_t ld, size_t k)
{
    size_t n = 0;
    for (size_t i = 0; i < rows; i++) {
        l->start[i] = n;
        for (size_t x = 0; x < k; x += ND_LANES)
            for (unsigned bits = not_zero(s + i * ld + x, k - x); bits; bits &= bits - 1)
                l->at[n++] = (uint32_t)x + (uint32_t)__builtin_ctz(bits);
    }
    l->start[rows] = n;
}

/* Panels [p, p+P) of `rows` rows from b: out = from + what is listed of the inputs from x. */
ND_INLINE void listed_run(const nd_affine *a, const listed *l, size_t b, size_t rows,
                          size_t p, size_t x, const int P)
{
    const nd_term *t = &a->term[0];
    const size_t ld = nd_ld(a->n), from_ld = x ? ld : a->drive_ld, panel = t->k * ND_LANES;
    const float *from = (x ? a->out : a->drive) + p * ND_LANES;
    const float *w = t->w + p * panel + x * ND_LANES;
    for (size_t i = 0; i < rows; i++) {
        const float *s = t->s + (b + i) * t->ld + x;
        vf sum[LIST_PANELS];
        ND_UNROLL
        for (int j = 0; j < P; j++)
            sum[j] = vf_load(from + (b + i) * from_ld + (size_t)j * ND_LANES);
        for (size_t e = l->start[i]; e < l->start[i + 1]; e++) {
            const size_t at = l->at[e];
            list_step(sum, s[at], w + at * ND_LANES, panel, P);
        }
        ND_UNROLL
        for (int j = 0; j < P; j++)
            vf_store(a->out + (b + i) * ld + (p + (size_t)j) * ND_LANES, sum[j]);
    }
}

/* out = drive + the first term */
static void add_listed(const nd_affine *a)
{
    const nd_term *t = &a->term[0];
    const size_t panels = nd_ld(a->n) / ND_LANES;
    listed l;
    for (size_t b = 0; b < a->B; b += LISTED_ROWS)
        for (size_t x = 0; x < t->k; x += LISTED_SPAN) {
            const size_t rows = smaller(LISTED_ROWS, a->B - b);
            list_rows(&l, t->s + b * t->ld + x, rows, t->ld,
                      smaller(LISTED_SPAN, t->k - x));
            size_t p = 0;
            for (; p + LIST_PANELS <= panels; p += LIST_PANELS)
                listed_run(a, &l, b, rows, p, x, LIST_PANELS);
            for (; p + 2 <= panels; p += 2)
                listed_run(a, &l, b, rows, p, x, 2);
            if (p < panels) listed_run(a, &l, b, rows, p, x, 1);
        }
}

/* Takes the first term if it is mostly zero: what is left to do then. */
static nd_affine without_zeros(const nd_affine *a)
{
    nd_affine rest = *a;
    const nd_term *t = &a->term[0];
    if (!a->terms || !mostly_zero(t->s, a->B, t->k, a->n, t->ld)) return rest;
    add_listed(a);
    rest.drive = a->out;
    rest.drive_ld = nd_ld(a->n);
    rest.terms--;
    rest.term[0] = a->term[1];
    return rest;
}

/* Walks the tiles of `whole`; `r`, if there, is the step that finishes each. Rows are split
 * evenly, so that no tile is left with a row or two. */
static void walk(const nd_affine *whole, const nd_relax *r)
{
    if (!whole->B) return;
    const nd_affine rest = without_zeros(whole), *a = &rest;
    if (whole->terms && !a->terms && !r) return;
    const size_t panels = nd_ld(a->n) / ND_LANES;
    const size_t blocks = (a->B + TILE_ROWS - 1) / TILE_ROWS;
    for (size_t p = walk_wide(a, r, panels); p < panels;) {
        const size_t wide = panels - p >= TILE_PANELS ? TILE_PANELS : 1;
        for (size_t block = 0; block < blocks; block++) {
            const size_t b = a->B * block / blocks, end = a->B * (block + 1) / blocks;
            run_tile(a, b, end - b, p, wide);
            if (r) finish_any(r, b, end - b, p, wide);
        }
        p += wide;
    }
}

void ND_KERNEL(affine)(const nd_affine *a)
{
    walk(a, NULL);
}

void ND_KERNEL(relax)(const nd_relax *r)
{
    walk(&r->in, r);
}
