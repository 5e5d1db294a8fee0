/* k_relax.c -- products of states and weights, and the relaxation step fused with them.
 *
 * The product is cut into tiles of TILE_ROWS x TILE_PANELS whose sums stay in registers
 * while k runs. The tile's shape differs between ISAs; the bits do not, since each element
 * is one sum over k in order. The step's second half (activation, nudge, leak) follows tile
 * by tile, while the pre-activations are still near: several vectors at once, since an
 * activation is a long chain of operations, each waiting for the one before. */
#include "k_act.h"
#include "k_list.h"
#include "k_tile.h"
#include "vec_math.h"

static inline size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Sums of rows [b, b+M) and panels [p, p+P) of `a`; M and P are constants after inlining. */
ND_INLINE void tile_sums(const nd_affine *a, size_t b, size_t p, const int M, const int P,
                         const bool shared, vf *sum)
{
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
}

ND_INLINE void tile_store(const nd_affine *a, size_t b, size_t p, const int M, const int P,
                          const vf *sum)
{
    const size_t ld = nd_ld(a->n);
    ND_UNROLL
    for (int i = 0; i < M; i++)
        ND_UNROLL
    for (int j = 0; j < P; j++)
        vf_store(a->out + (b + (size_t)i) * ld + (p + (size_t)j) * ND_LANES,
                 sum[i * P + j]);
}

ND_INLINE void tile(const nd_affine *a, size_t b, size_t p, const int M, const int P)
{
    vf sum[TILE_SUMS];
    tile_sums(a, b, p, M, P, false, sum);
    tile_store(a, b, p, M, P, sum);
}

#define TILE_CASE(m)                                                                       \
    case m:                                                                                \
        if (m > TILE_ROWS) break;                                                          \
        if (panels == 1)                                                                   \
            tile(a, b, p, m > TILE_ROWS ? 1 : m, 1);                                       \
        else                                                                               \
            tile(a, b, p, m > TILE_ROWS ? 1 : m, TILE_PANELS);                             \
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

/* Pre-activations x of n vectors become states. */
ND_INLINE void prototypical(const nd_relax *r, const int n, vf *x, const vf *s,
                            const vf *nudge, const int activation)
{
    const vf dt = vf_set1(r->dt), keep = vf_set1(1.0f - r->dt);
    if (r->inside) EACH x[i] = vf_add(x[i], nudge[i]);
    activate_s(n, x, activation);
    if (!r->inside) EACH x[i] = vf_add(x[i], nudge[i]);
    /* (1-dt) s + dt f is s + dt (f - s), and exactly f at dt = 1 */
    EACH x[i] = vf_fma(keep, s[i], vf_mul(dt, x[i]));
}

ND_INLINE void energetic(const nd_relax *r, const int n, vf *x, const vf *s,
                         const float *rho, size_t step, const vf *nudge,
                         const int activation)
{
    const vf dt = vf_set1(r->dt), keep = vf_set1(1.0f - r->dt);
    if (!r->flat)
        EACH x[i] = vf_mul(slope(s[i], vf_load(rho + (size_t)i * step), activation), x[i]);
    EACH x[i] = vf_fma(keep, s[i], vf_mul(dt, vf_add(x[i], nudge[i])));
    if (r->clamp) EACH x[i] = clip(x[i], 0.0f, 1.0f);
}

/* The step's second half for n vectors, the first at `at`, each `step` after the one
 * before; x holds their pre-activations. What is not real is padding; NULL: all is real. */
ND_BODY void finish_some(const nd_relax *r, const int n, vf *x, size_t at, size_t step,
                         const vm *real, const int activation)
{
    const vf beta = vf_set1(r->beta), zero = vf_set1(0.0f);
    vf s[V_WIDE], nudge[V_WIDE];
    EACH s[i] = vf_load(r->old + at + (size_t)i * step);
    EACH nudge[i] = zero;
    if (r->target)
        EACH nudge[i] =
            vf_mul(beta, vf_sub(vf_load(r->target + at + (size_t)i * step), s[i]));
    if (r->rho)
        energetic(r, n, x, s, r->old_rho + at, step, nudge, activation);
    else
        prototypical(r, n, x, s, nudge, activation);
    if (r->grid > 0.0f) EACH x[i] = rounded(x[i], r->grid);
    EACH vf_store(r->in.out + at + (size_t)i * step,
                  real ? vf_sel(*real, x[i], zero) : x[i]);
    if (!r->rho) return;
    activate_s(n, x, activation);
    EACH vf_store(r->rho + at + (size_t)i * step, real ? vf_sel(*real, x[i], zero) : x[i]);
}

/* The same for n rows, whose pre-activations lie in in.out. */
ND_INLINE void finish_rows(const nd_relax *r, const int n, size_t at, const vm *real,
                           const int activation)
{
    const size_t ld = nd_ld(r->in.n);
    vf x[V_WIDE];
    EACH x[i] = vf_load(r->in.out + at + (size_t)i * ld);
    finish_some(r, n, x, at, ld, real, activation);
}

/* Activation, nudge and leak of rows x panels whose pre-activations lie in in.out. */
ND_INLINE void finish(const nd_relax *r, size_t b, size_t rows, size_t p, size_t panels,
                      const int activation)
{
    const size_t n = r->in.n, ld = nd_ld(n);
    for (size_t j = p * ND_LANES; j < smaller((p + panels) * ND_LANES, n); j += ND_LANES) {
        const vm real = vm_first((unsigned)smaller(n - j, ND_LANES));
        size_t i = b;
        for (; i + TOGETHER <= b + rows; i += TOGETHER)
            finish_rows(r, TOGETHER, i * ld + j, &real, activation);
        for (; i < b + rows; i++)
            finish_rows(r, 1, i * ld + j, &real, activation);
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

/* ---- short products ---- */

/* Where k is short, a tile's sums are hardly in their registers when they have to leave
 * again. So they go on to the second half of the step from there. The weights are few
 * enough to stay in the first cache, and states pass once, in order. */
enum { SHORT = 32 };

/* M rows from b, P panels from p. */
ND_INLINE void short_tile(const nd_affine *a, const nd_relax *r, size_t b, size_t p,
                          const int M, const int P, const bool shared, const vm *real,
                          const int activation)
{
    vf sum[TILE_SUMS];
    tile_sums(a, b, p, M, P, shared, sum);
    if (!r) {
        tile_store(a, b, p, M, P, sum);
        return;
    }
    for (int i = 0; i < M; i++)
        finish_some(r, P, sum + i * P, (b + (size_t)i) * nd_ld(a->n) + p * ND_LANES,
                    ND_LANES, real, activation);
}

ND_INLINE void short_rows(const nd_affine *a, const nd_relax *r, size_t b, const int M,
                          const bool shared, const int activation)
{
    size_t p = 0;
    for (; (p + SHORT_PANELS) * ND_LANES <= a->n; p += SHORT_PANELS)
        short_tile(a, r, b, p, M, SHORT_PANELS, shared, NULL, activation);
    for (; p * ND_LANES < a->n; p++) {
        const vm real = vm_first((unsigned)smaller(a->n - p * ND_LANES, ND_LANES));
        short_tile(a, r, b, p, M, 1, shared, &real, activation);
    }
}

/* The copies are what no store can reach, so that they stay in registers. */
ND_INLINE void short_run(const nd_affine *a, const nd_relax *r, const bool shared,
                         const int activation)
{
    const nd_affine own = *a;
    size_t b = 0;
    for (; b + SHORT_ROWS <= a->B; b += SHORT_ROWS)
        short_rows(&own, r, b, SHORT_ROWS, shared, activation);
    for (; b < a->B; b++)
        short_rows(&own, r, b, 1, shared, activation);
}

/* The case of most calls, one term on biases, for itself: a loop less in each tile. */
ND_INLINE void short_walk(const nd_affine *a, const nd_relax *r, const int activation)
{
    nd_affine one = *a;
    one.terms = 1;
    if (!r && a->terms == 1 && a->drive_ld == 0)
        short_run(&one, r, true, activation);
    else
        short_run(a, r, false, activation);
}

static void short_walk_any(const nd_affine *a, const nd_relax *r)
{
    if (!r) {
        short_walk(a, NULL, 0);
        return;
    }
    const nd_relax own = *r;
    switch (r->activation) {
#define A(id, name, formula, source)                                                       \
    case ND_ACTIVATION_##id:                                                               \
        short_walk(a, &own, ND_ACTIVATION_##id);                                           \
        break;
#include "nudge/activations.def"
#undef A
    }
}

static bool is_short(const nd_affine *a)
{
    size_t depth = 0;
    for (int t = 0; t < a->terms; t++)
        depth += a->term[t].k;
    return depth <= SHORT;
}

/* ---- states that are mostly zero ---- */

enum { LISTED_ROWS = 128, LISTED_SPAN = 256 };

/* What of some rows' states is not zero, and where its weights begin: row i has those at
 * [start[i], start[i+1]). */
typedef struct listed {
    size_t start[LISTED_ROWS + 1];
    bool ones; /* nothing else is there: sums need no products */
    float s[LISTED_ROWS * LISTED_SPAN];
    uint32_t at[LISTED_ROWS * LISTED_SPAN];
} listed;

static void list_rows(listed *l, const float *s, size_t rows, size_t ld, size_t k)
{
    size_t n = 0;
    unsigned others = 0;
    for (size_t i = 0; i < rows; i++) {
        l->start[i] = n;
        for (size_t x = 0; x < k; x += ND_LANES) {
            unsigned bits = not_zero(s + i * ld + x, k - x);
            others |= bits & ~is_one(s + i * ld + x);
            for (; bits; bits &= bits - 1) {
                const size_t at = x + (size_t)__builtin_ctz(bits);
                l->s[n] = s[i * ld + at];
                l->at[n++] = (uint32_t)(at * ND_LANES);
            }
        }
    }
    l->start[rows] = n;
    l->ones = !others;
}

/* Panels [p, p+P) of `rows` rows from b: out = from + what is listed of the inputs from x. */
ND_INLINE void listed_run(const nd_affine *a, const listed *l, size_t b, size_t rows,
                          size_t p, size_t x, const bool ones, const int P)
{
    const nd_term *t = &a->term[0];
    const size_t ld = nd_ld(a->n), from_ld = x ? ld : a->drive_ld, panel = t->k * ND_LANES;
    const float *from = (x ? a->out : a->drive) + p * ND_LANES;
    const float *w = t->w + p * panel + x * ND_LANES;
    for (size_t i = 0; i < rows; i++) {
        vf sum[LIST_PANELS];
        ND_UNROLL
        for (int j = 0; j < P; j++)
            sum[j] = vf_load(from + (b + i) * from_ld + (size_t)j * ND_LANES);
        for (size_t e = l->start[i]; e < l->start[i + 1]; e++)
            if (ones)
                list_one(sum, w + l->at[e], panel, P);
            else
                list_step(sum, l->s[e], w + l->at[e], panel, P);
        ND_UNROLL
        for (int j = 0; j < P; j++)
            vf_store(a->out + (b + i) * ld + (p + (size_t)j) * ND_LANES, sum[j]);
    }
}

ND_INLINE void listed_walk(const nd_affine *a, const listed *l, size_t b, size_t rows,
                           size_t x, const bool ones)
{
    const size_t panels = nd_ld(a->n) / ND_LANES;
    size_t p = 0;
    for (; p + LIST_PANELS <= panels; p += LIST_PANELS)
        listed_run(a, l, b, rows, p, x, ones, LIST_PANELS);
    for (; p + 2 <= panels; p += 2)
        listed_run(a, l, b, rows, p, x, ones, 2);
    if (p < panels) listed_run(a, l, b, rows, p, x, ones, 1);
}

/* out = drive + the first term */
static void add_listed(const nd_affine *a)
{
    const nd_term *t = &a->term[0];
    listed l;
    for (size_t b = 0; b < a->B; b += LISTED_ROWS)
        for (size_t x = 0; x < t->k; x += LISTED_SPAN) {
            const size_t rows = smaller(LISTED_ROWS, a->B - b);
            list_rows(&l, t->s + b * t->ld + x, rows, t->ld,
                      smaller(LISTED_SPAN, t->k - x));
            if (l.ones)
                listed_walk(a, &l, b, rows, x, true);
            else
                listed_walk(a, &l, b, rows, x, false);
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
    if (is_short(a)) {
        short_walk_any(a, r);
        return;
    }
    const size_t panels = nd_ld(a->n) / ND_LANES;
    const size_t blocks = (a->B + TILE_ROWS - 1) / TILE_ROWS;
    for (size_t p = 0; p < panels;) {
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
