/* refine.c -- the rule of adaptive refinement.
 *
 * The first round takes a coarse lattice: each axis halved until no gap is wider than `coarse`
 * steps, ends included. Then, again and again:
 *
 *   repeat   A point is uncertain while its median is nearer to a level than so many standard
 *            errors, and replicates are left. It gets as many more as its distance calls for,
 *            but at most as many again as it had. The variance of a point with n values is
 *
 *                v = (K p + (n - 1) s^2) / (K + n - 1)
 *
 *            s^2 its own, p that of all points pooled, K = 4: few values borrow from all others,
 *            many speak for themselves (Smyth, Stat. Appl. Genet. Mol. Biol. 3:3, 2004).
 *   follow   When none is uncertain: a cell of the lattice is crossed when its corners lie on
 *            different sides of a level; corners not tried yet count as what the coarser lattices
 *            say, the mean of the points they lie between. Corners of crossed cells are tried. When all
 *            have been, the lattice is halved, down to `precision` steps.
 *
 * So a contour is found at the coarse lattice and pursued wherever it leads, as marching squares
 * with continuation and adaptive meshes do (Berger and Oliger, J. Comput. Phys. 53:484, 1984), and
 * at the end every cell that it passes through has all its corners tried. What lies between the
 * first points altogether, an island narrower than `coarse` steps, stays unseen.
 *
 * A point all of whose trials failed is on a side of its own, and so is one that `where` removes: a
 * contour may end there, or hide between it and the next.
 *
 * Only + - * / and comparisons make decisions: they are the same on every machine. */
#include "nudge/refine.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Sides: how many levels are at or below a point; then these. */
static const int8_t nothing = -1; /* is known of it */

/* Of each axis the positions that belong to the lattice: the nearest not above, not below. */
typedef struct lattice {
    uint32_t step;
    uint32_t *down[ND_REFINE_AXES_MAX], *up[ND_REFINE_AXES_MAX];
    uint32_t *memory;
} lattice;

typedef struct candidate {
    uint32_t point, replicates; /* it had and gets */
    uint32_t add;
    double gap; /* those nearest to a level come first */
} candidate;

typedef struct work {
    const nd_refine *rule;
    const nd_refine_grid *g;
    const uint32_t *chosen;
    const double *value;
    double *middle; /* (points) median, or what is expected; NaN: none */
    int8_t *side;   /* (points) */
    double *sorted; /* (most) scratch */
    candidate *list;
    size_t n;
    bool *listed;    /* (points) */
    double variance; /* pooled */
    double freedom;  /* its degrees */
    size_t spent;    /* trials */
} work;

nd_refine nd_refine_defaults(void)
{
    return (nd_refine){
        .budget = 0.4, .coarse = 4, .precision = 1, .replicates = 2, .standard_errors = 2};
}

size_t nd_refine_budget(const nd_refine *r, size_t trials)
{
    const double part = floor(r->budget * (double)trials + 1e-9); /* 0.4 of 5 is 2 */
    const size_t n = (size_t)(r->budget > 1 ? r->budget : part);
    return n ? n : 1;
}

/* ---- what is known ---- */

static int8_t failed_side(const work *w)
{
    return (int8_t)(w->rule->n_levels + 1);
}

static int8_t absent_side(const work *w)
{
    return (int8_t)(w->rule->n_levels + 2);
}

static int8_t side_of(const work *w, double x)
{
    int8_t side = 0;
    while ((size_t)side < w->rule->n_levels && x >= w->rule->level[side])
        side++;
    return side;
}

static double gap_of(const work *w, double x)
{
    double gap = HUGE_VAL;
    for (size_t i = 0; i < w->rule->n_levels; i++)
        gap = fmin(gap, fabs(x - w->rule->level[i]));
    return isnan(x) ? HUGE_VAL : gap;
}

/* The point's finished values, ascending, into w->sorted. */
static size_t gather(work *w, size_t point)
{
    size_t n = 0;
    for (uint32_t r = 0; r < w->chosen[point]; r++) {
        const double x = w->value[point * w->g->most + r];
        size_t i = n;
        if (isnan(x)) continue;
        for (; i && w->sorted[i - 1] > x; i--)
            w->sorted[i] = w->sorted[i - 1];
        w->sorted[i] = x;
        n++;
    }
    return n;
}

/* Sum of squares about the mean of w->sorted (n). */
static double scatter(const work *w, size_t n)
{
    double mean = 0, sum = 0;
    for (size_t i = 0; i < n; i++)
        mean += w->sorted[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        sum += (w->sorted[i] - mean) * (w->sorted[i] - mean);
    return sum;
}

static void measure(work *w)
{
    double sum = 0;
    for (size_t p = 0; p < w->g->points; p++) {
        w->middle[p] = (double)NAN;
        w->side[p] = w->g->available[p] ? nothing : absent_side(w);
        if (!w->chosen[p]) continue;
        w->spent += w->chosen[p] * w->g->cost;
        const size_t n = gather(w, p);
        w->side[p] = failed_side(w);
        if (!n) continue;
        w->middle[p] = 0.5 * (w->sorted[(n - 1) / 2] + w->sorted[n / 2]);
        w->side[p] = side_of(w, w->middle[p]);
        sum += scatter(w, n);
        w->freedom += (double)(n - 1);
    }
    w->variance = w->freedom > 0 ? sum / w->freedom : 0;
}

static bool is_known(const work *w, size_t point)
{
    return w->chosen[point] > 0 || !w->g->available[point];
}

/* ---- lattices ---- */

static void halve(uint32_t *mark, uint32_t a, uint32_t b, uint32_t step)
{
    mark[a] = mark[b] = 1;
    if (b - a <= step) return;
    halve(mark, a, a + (b - a) / 2, step);
    halve(mark, a + (b - a) / 2, b, step);
}

static nd_code lattice_new(lattice *l, const nd_refine_grid *g, uint32_t step, nd_err *err)
{
    size_t all = 0;
    for (size_t a = 0; a < g->n_axes; a++)
        all += g->n[a];
    *l = (lattice){.step = step};
    uint32_t *at = l->memory = calloc(2 * all + 1, sizeof *at);
    if (!at) return ND_FAIL(err, ND_ENOMEM, "no memory for a lattice of %zu lines", all);
    for (size_t a = 0; a < g->n_axes; a++) {
        const uint32_t n = (uint32_t)g->n[a];
        l->down[a] = at;
        l->up[a] = at + n;
        at += 2 * (size_t)n;
        halve(l->down[a], 0, n - 1, g->ordered[a] ? step : 1);
        for (uint32_t i = n; i-- > 0;)
            l->up[a][i] = l->down[a][i] ? i : l->up[a][i + 1];
        for (uint32_t i = 0; i < n; i++)
            l->down[a][i] = l->down[a][i] ? i : l->down[a][i - 1];
    }
    return ND_OK;
}

static void lattice_free(lattice *l)
{
    free(l->memory);
    *l = (lattice){0};
}

static void position(const nd_refine_grid *g, size_t point, uint32_t at[ND_REFINE_AXES_MAX])
{
    for (size_t a = g->n_axes; a-- > 0; point /= g->n[a])
        at[a] = (uint32_t)(point % g->n[a]);
}

static bool on(const lattice *l, const nd_refine_grid *g,
               const uint32_t at[ND_REFINE_AXES_MAX])
{
    bool all = true;
    for (size_t a = 0; a < g->n_axes; a++)
        all = all && l->down[a][at[a]] == at[a];
    return all;
}

/* Corner k of the box from lo to hi: bit a of k chooses along axis a. */
static size_t corner(const nd_refine_grid *g, const uint32_t *lo, const uint32_t *hi,
                     size_t k)
{
    size_t point = 0;
    for (size_t a = 0; a < g->n_axes; a++)
        point = point * g->n[a] + (k >> a & 1 ? hi[a] : lo[a]);
    return point;
}

/* Is k the first name of its corner? Along an axis in which the box is flat only bit 0 counts. */
static bool names_corner(const nd_refine_grid *g, const uint32_t *lo, const uint32_t *hi,
                         size_t k)
{
    bool good = true;
    for (size_t a = 0; a < g->n_axes; a++)
        good = good && !(k >> a & 1 && lo[a] == hi[a]);
    return good;
}

/* What the points of the coarser lattice around it say of a point. */
static void expect(work *w, const lattice *coarser, size_t point,
                   const uint32_t at[ND_REFINE_AXES_MAX])
{
    const nd_refine_grid *g = w->g;
    uint32_t lo[ND_REFINE_AXES_MAX], hi[ND_REFINE_AXES_MAX];
    size_t n = 0, failed = 0;
    double sum = 0;
    for (size_t a = 0; a < g->n_axes; a++) {
        lo[a] = coarser->down[a][at[a]];
        hi[a] = coarser->up[a][at[a]];
    }
    for (size_t k = 0; k < (size_t)1 << g->n_axes; k++) {
        if (!names_corner(g, lo, hi, k)) continue;
        const size_t parent = corner(g, lo, hi, k);
        failed += w->side[parent] == failed_side(w);
        if (isnan(w->middle[parent])) continue;
        sum += w->middle[parent];
        n++;
    }
    w->middle[point] = n && failed <= n ? sum / (double)n : (double)NAN;
    w->side[point] = n && failed <= n ? side_of(w, w->middle[point])
                     : failed         ? failed_side(w)
                                      : nothing;
}

static void expect_all(work *w, const lattice *coarser, const lattice *l)
{
    uint32_t at[ND_REFINE_AXES_MAX];
    for (size_t p = 0; p < w->g->points; p++) {
        if (is_known(w, p)) continue;
        position(w->g, p, at);
        if (on(l, w->g, at) && !on(coarser, w->g, at)) expect(w, coarser, p, at);
    }
}

/* ---- what to ask for ---- */

static void ask(work *w, size_t point, uint32_t add, double gap)
{
    if (w->listed[point] || !add) return;
    w->listed[point] = true;
    w->list[w->n++] = (candidate){(uint32_t)point, w->chosen[point] + add, add, gap};
}

static void ask_first(work *w, size_t point)
{
    const uint32_t most = w->g->available[point];
    ask(w, point, most < w->rule->replicates ? most : w->rule->replicates,
        gap_of(w, w->middle[point]));
}

/* The cell whose lowest corner is `lo`; false: that is at the end of an axis. */
static bool cell_at(const work *w, const lattice *l, const uint32_t *lo, uint32_t *hi)
{
    bool whole = true;
    for (size_t a = 0; a < w->g->n_axes; a++) {
        const bool flat = !w->g->ordered[a] || w->g->n[a] == 1;
        hi[a] = lo[a];
        if (flat) continue;
        if (lo[a] + 1 == w->g->n[a])
            whole = false;
        else
            hi[a] = l->up[a][lo[a] + 1];
    }
    return whole;
}

static uint32_t bit_of(int8_t side)
{
    return (uint32_t)1 << (side - nothing);
}

static bool several(uint32_t bits)
{
    return bits & (bits - 1);
}

/* Asks for the untried corners of the cells that a contour passes through; how many do. */
static uint32_t follow(work *w, const lattice *l)
{
    const nd_refine_grid *g = w->g;
    uint32_t lo[ND_REFINE_AXES_MAX], hi[ND_REFINE_AXES_MAX], crossed = 0;
    for (size_t p = 0; p < g->points; p++) {
        position(g, p, lo);
        if (!on(l, g, lo) || !cell_at(w, l, lo, hi)) continue;
        uint32_t sides = 0;
        for (size_t k = 0; k < (size_t)1 << g->n_axes; k++)
            sides |= bit_of(w->side[corner(g, lo, hi, k)]);
        crossed += several(sides & ~(bit_of(nothing) | bit_of(absent_side(w))));
        for (size_t k = 0; several(sides) && k < (size_t)1 << g->n_axes; k++) {
            const size_t c = corner(g, lo, hi, k);
            if (!is_known(w, c)) ask_first(w, c);
        }
    }
    return crossed;
}

static void ask_coarse(work *w, const lattice *l)
{
    uint32_t at[ND_REFINE_AXES_MAX];
    for (size_t p = 0; p < w->g->points; p++) {
        position(w->g, p, at);
        if (on(l, w->g, at)) ask_first(w, p);
    }
}

/* How many more replicates the point should have: 0 when its side is certain. */
static uint32_t more(work *w, size_t point)
{
    enum { POOL = 4 };
    const uint32_t left = w->g->available[point] - w->chosen[point];
    const double gap = gap_of(w, w->middle[point]), z = w->rule->standard_errors;
    const size_t n = left ? gather(w, point) : 0;
    if (!n || !(w->freedom > 0)) return 0;
    const double own = scatter(w, n);
    const double variance = (POOL * w->variance + own) / (POOL + (double)(n - 1));
    const double bound = z * z * variance;
    if (gap * gap * (double)n >= bound) return 0;
    uint32_t add = 1;
    while (add < left && add < w->chosen[point] && gap * gap * (double)(n + add) < bound)
        add++;
    return add;
}

static void ask_again(work *w)
{
    for (size_t p = 0; p < w->g->points; p++)
        if (w->chosen[p]) ask(w, p, more(w, p), gap_of(w, w->middle[p]));
}

/* ---- the round ---- */

static int nearest_first(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    if (x->gap != y->gap) return x->gap < y->gap ? -1 : 1;
    return (x->point > y->point) - (x->point < y->point);
}

static int by_point(const void *a, const void *b)
{
    const nd_choice *x = a, *y = b;
    return (x->point > y->point) - (x->point < y->point);
}

/* Takes of the list what the budget allows. */
static nd_code settle(work *w, nd_round_why why, nd_round *out, nd_err *err)
{
    size_t left = w->g->budget > w->spent ? w->g->budget - w->spent : 0;
    qsort(w->list, w->n, sizeof *w->list, nearest_first);
    out->why = why;
    out->choice = calloc(w->n + 1, sizeof *out->choice);
    if (!out->choice)
        return ND_FAIL(err, ND_ENOMEM, "no memory to choose %zu points", w->n);
    for (size_t i = 0; i < w->n; i++) {
        const candidate *c = &w->list[i];
        uint32_t add = c->add;
        while (add && add * w->g->cost > left)
            add--;
        if (!add) break;
        left -= add * w->g->cost;
        out->choice[out->n++] = (nd_choice){c->point, c->replicates - c->add + add};
    }
    if (!out->n) out->why = w->n ? ND_ROUND_BUDGET : ND_ROUND_ENCLOSED;
    qsort(out->choice, out->n, sizeof *out->choice, by_point);
    return ND_OK;
}

/* Goes from lattice to lattice until one has something to ask for. */
static nd_code pursue(work *w, nd_round *out, nd_err *err)
{
    const nd_refine *rule = w->rule;
    lattice coarser = {0}, l;
    for (uint32_t step = rule->coarse;; step = step / 2) {
        if (step < rule->precision) step = rule->precision;
        const nd_code code = lattice_new(&l, w->g, step, err);
        if (code != ND_OK) {
            lattice_free(&coarser);
            return code;
        }
        if (coarser.memory) expect_all(w, &coarser, &l);
        lattice_free(&coarser);
        coarser = l;
        out->step = step;
        out->cells = follow(w, &l);
        if (w->n || step <= rule->precision) break;
    }
    lattice_free(&coarser);
    return settle(w, ND_ROUND_FOLLOW, out, err);
}

static nd_code begin(work *w, nd_round *out, nd_err *err)
{
    lattice l;
    ND_TRY(lattice_new(&l, w->g, w->rule->coarse, err));
    ask_coarse(w, &l);
    lattice_free(&l);
    out->step = w->rule->coarse;
    return settle(w, ND_ROUND_COARSE, out, err);
}

static nd_code decide(work *w, nd_round *out, nd_err *err)
{
    measure(w);
    if (!w->spent) return begin(w, out, err);
    ask_again(w);
    if (w->n) return settle(w, ND_ROUND_REPEAT, out, err);
    return pursue(w, out, err);
}

static nd_code new_work(work *w, const nd_refine *rule, const nd_refine_grid *g,
                        nd_err *err)
{
    *w = (work){.rule = rule, .g = g};
    w->middle = calloc(g->points, sizeof *w->middle);
    w->side = calloc(g->points, sizeof *w->side);
    w->sorted = calloc(g->most + 1, sizeof *w->sorted);
    w->list = calloc(g->points, sizeof *w->list);
    w->listed = calloc(g->points, sizeof *w->listed);
    if (w->middle && w->side && w->sorted && w->list && w->listed) return ND_OK;
    return ND_FAIL(err, ND_ENOMEM, "no memory to refine %zu points", g->points);
}

static void free_work(work *w)
{
    free(w->middle);
    free(w->side);
    free(w->sorted);
    free(w->list);
    free(w->listed);
}

nd_code nd_refine_next(const nd_refine *rule, const nd_refine_grid *grid,
                       const uint32_t *chosen, const double *value, nd_round *out,
                       nd_err *err)
{
    work w;
    *out = (nd_round){0};
    nd_code code = new_work(&w, rule, grid, err);
    w.chosen = chosen;
    w.value = value;
    if (code == ND_OK) code = decide(&w, out, err);
    free_work(&w);
    if (code != ND_OK) nd_round_free(out);
    return code;
}

nd_code nd_refine_first(const nd_refine *rule, const nd_refine_grid *grid, size_t *trials,
                        nd_err *err)
{
    lattice l;
    uint32_t at[ND_REFINE_AXES_MAX];
    *trials = 0;
    ND_TRY(lattice_new(&l, grid, rule->coarse, err));
    for (size_t p = 0; p < grid->points; p++) {
        const uint32_t most = grid->available[p];
        position(grid, p, at);
        if (!on(&l, grid, at)) continue;
        *trials += (most < rule->replicates ? most : rule->replicates) * grid->cost;
    }
    lattice_free(&l);
    return ND_OK;
}
