/* test_refine.c -- adaptive refinement: what the rule promises whatever it is told, contours of
 * noisy responses against those of the full grid, and how a spec lies on the grid. */
#include "nudge/philox.h"
#include "nudge/refine.h"
#include "nudge/refine_map.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N = 16, POINTS_MAX = 1024, MOST = 8, AXES = ND_REFINE_AXES_MAX };

/* A refinement under way: all values are there from the start, the rule sees those it asked for. */
typedef struct trialled {
    nd_refine rule;
    nd_refine_grid grid;
    uint32_t available[POINTS_MAX], chosen[POINTS_MAX];
    double value[POINTS_MAX * MOST];
    size_t trials, rounds;
    nd_round_why end;
    uint32_t cells;
} trialled;

static double uniform(uint64_t seed, uint32_t use, uint32_t i)
{
    return nd_philox_unit((nd_at){.seed = seed, .stream = 200, .batch = use}, i);
}

static double normal(uint64_t seed, uint32_t use, uint32_t i)
{
    return sqrt(-2 * log(uniform(seed, use, 2 * i))) *
           cos(6.283185307179586 * uniform(seed, use, 2 * i + 1));
}

static trialled *new_trialled(size_t n_axes, const size_t *n, size_t most)
{
    trialled *t = calloc(1, sizeof *t);
    assert_non_null(t);
    t->rule = nd_refine_defaults();
    t->grid = (nd_refine_grid){.n_axes = n_axes, .points = 1, .most = most, .cost = 1};
    for (size_t a = 0; a < n_axes; a++) {
        t->grid.n[a] = n[a];
        t->grid.ordered[a] = true;
        t->grid.points *= n[a];
    }
    assert_true(t->grid.points <= POINTS_MAX && most <= MOST);
    for (size_t p = 0; p < t->grid.points; p++)
        t->available[p] = (uint32_t)most;
    t->grid.available = t->available;
    t->grid.budget = t->grid.points * most;
    t->rule.n_levels = 1;
    t->rule.level[0] = 0.5;
    return t;
}

static void next_round(const trialled *t, const double *value, nd_round *out)
{
    nd_err err = {0};
    if (nd_refine_next(&t->rule, &t->grid, t->chosen, value, out, &err) != ND_OK)
        fail_msg("%s", err.message);
}

/* The values that were not asked for, and the order in which replicates came, change nothing. */
static void blind_to_the_rest(const trialled *t, const nd_round *wanted)
{
    static double bent[POINTS_MAX * MOST];
    const size_t most = t->grid.most;
    for (size_t p = 0; p < t->grid.points; p++)
        for (uint32_t r = 0; r < most; r++)
            bent[p * most + r] = r < t->chosen[p]
                                     ? t->value[p * most + t->chosen[p] - 1 - r]
                                     : 1e9 * uniform(7, (uint32_t)p, r) - 5e8;
    nd_round again;
    next_round(t, bent, &again);
    assert_true(nd_round_same(&again, wanted));
    nd_round_free(&again);
}

static void check_choice(const trialled *t, const nd_round *r)
{
    assert_true(r->n > 0);
    for (uint32_t i = 0; i < r->n; i++) {
        const nd_choice *c = &r->choice[i];
        assert_true(c->point < t->grid.points);
        assert_true(!i || c->point > r->choice[i - 1].point);
        assert_true(c->replicates > t->chosen[c->point]);
        assert_true(c->replicates <= t->available[c->point]);
        assert_true((r->why == ND_ROUND_REPEAT) == (t->chosen[c->point] > 0));
    }
}

/* To the end; each round is held to what is promised. */
static void run(trialled *t, bool thorough)
{
    nd_round r;
    for (t->rounds = 0;; t->rounds++) {
        next_round(t, t->value, &r);
        if (thorough) blind_to_the_rest(t, &r);
        if (nd_round_ends(&r)) break;
        assert_true((r.why == ND_ROUND_COARSE) == (t->rounds == 0));
        check_choice(t, &r);
        for (uint32_t i = 0; i < r.n; i++) {
            t->trials +=
                (r.choice[i].replicates - t->chosen[r.choice[i].point]) * t->grid.cost;
            t->chosen[r.choice[i].point] = r.choice[i].replicates;
        }
        assert_true(t->trials <= t->grid.budget);
        assert_true(t->rounds < 200);
        nd_round_free(&r);
    }
    assert_int_equal(r.n, 0);
    t->end = (nd_round_why)r.why;
    t->cells = r.cells;
    nd_round_free(&r);
}

/* ---- whatever it is told ---- */

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *value, size_t n)
{
    double x[MOST];
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(value[i])) x[k++] = value[i];
    if (!k) return (double)NAN;
    qsort(x, k, sizeof *x, ascending);
    return 0.5 * (x[(k - 1) / 2] + x[k / 2]);
}

static double map_at(const trialled *t, size_t p)
{
    return median(t->value + p * t->grid.most, t->chosen[p]);
}

/* At the end of an enclosed contour no edge of the grid joins a point known to be above with one
 * not tried. (Two dimensions.) */
static void no_loose_end(const trialled *t)
{
    const size_t rows = t->grid.n[0], cols = t->grid.n[1];
    for (size_t i = 0; i + 1 < rows; i++)
        for (size_t j = 0; j + 1 < cols; j++) {
            const size_t corner[] = {i * cols + j, i * cols + j + 1, (i + 1) * cols + j,
                                     (i + 1) * cols + j + 1};
            int above = 0, below = 0, failed = 0, untried = 0, absent = 0;
            for (size_t k = 0; k < 4; k++) {
                const size_t p = corner[k];
                absent += !t->available[p];
                if (!t->available[p]) continue;
                const double x = map_at(t, p);
                untried += !t->chosen[p];
                failed += t->chosen[p] && isnan(x);
                above += x >= t->rule.level[0];
                below += x < t->rule.level[0];
            }
            assert_false((above > 0) + (below > 0) + (failed > 0) + (absent > 0) > 1 &&
                         untried);
        }
}

/* Random surfaces, holes, failures, budgets, levels, numbers of axes and replicates. */
static void promises(void **state)
{
    (void)state;
    static const size_t shapes[][3] = {{16, 16, 1}, {9, 13, 1}, {40, 1, 1}, {5, 7, 6},
                                       {16, 3, 8},  {2, 21, 1}, {33, 17, 1}};
    for (uint64_t seed = 1; seed <= 140; seed++) {
        const size_t most = 1 + seed % 5;
        trialled *t = new_trialled(3, shapes[seed % 7], most);
        t->grid.cost = 1 + seed % 3;
        t->rule.replicates = most > 1 ? 2 : 1;
        t->rule.coarse = 1 + (uint32_t)(seed % 6);
        t->rule.precision = t->rule.coarse > 2 ? 1 + (uint32_t)(seed % 2) : 1;
        t->rule.n_levels = 1 + seed % 2;
        t->rule.level[1] = 0.7;
        const double a = uniform(seed, 1, 0) * 3, b = uniform(seed, 1, 1) * 3,
                     noise = 0.1 * uniform(seed, 1, 2);
        for (size_t p = 0; p < t->grid.points; p++) {
            if (uniform(seed, 2, (uint32_t)p) < 0.05)
                t->available[p] = (uint32_t)(seed % most);
            for (size_t r = 0; r < most; r++) {
                const double x = (double)(p / t->grid.n[1]) / (double)t->grid.n[0],
                             y = (double)(p % t->grid.n[1]) / (double)t->grid.n[1];
                const uint32_t i = (uint32_t)(p * most + r);
                t->value[i] = 0.5 + 0.4 * sin(a * x + b * y) + noise * normal(seed, 3, i);
                if (uniform(seed, 4, i) < 0.1 || (seed % 4 == 0 && x > 0.6))
                    t->value[i] = (double)NAN;
            }
        }
        size_t first;
        assert_int_equal(nd_refine_first(&t->rule, &t->grid, &first, NULL), ND_OK);
        t->grid.budget = first + (size_t)((double)t->grid.budget * uniform(seed, 1, 3));
        run(t, true);
        if (t->end == ND_ROUND_ENCLOSED && t->rule.precision == 1 &&
            t->rule.n_levels == 1 && t->grid.n[2] == 1 && t->grid.n[1] > 1)
            no_loose_end(t);
        free(t);
    }
}

static void first_points(void **state)
{
    (void)state;
    trialled *t = new_trialled(2, (size_t[]){16, 5}, 3);
    nd_round r;
    size_t first;
    static const uint32_t rows[] = {0, 3, 7, 11, 15}, cols[] = {0, 4};
    next_round(t, t->value, &r);
    assert_int_equal(r.why, ND_ROUND_COARSE);
    assert_int_equal(r.n, 10);
    for (uint32_t i = 0; i < r.n; i++) {
        assert_int_equal(r.choice[i].point, rows[i / 2] * 5 + cols[i % 2]);
        assert_int_equal(r.choice[i].replicates, 2);
    }
    assert_int_equal(nd_refine_first(&t->rule, &t->grid, &first, NULL), ND_OK);
    assert_int_equal(first, 20);
    nd_round_free(&r);
    free(t);
}

/* Two points with values 0.5 +- d about their medians, at distance g from the level: s^2 = 2 d^2 of
 * each and pooled, so v = 2 d^2 and a point is uncertain while g < z sqrt(v / n). */
static void replicates_where_uncertain(void **state)
{
    (void)state;
    const double d = 0.01, v = 2 * d * d;
    for (int k = 1; k < 100; k++) {
        const double gap = 0.001 * k;
        trialled *t = new_trialled(1, (size_t[]){3}, 8);
        t->rule.coarse = 2;
        for (size_t p = 0; p < 3; p += 2) {
            t->chosen[p] = 2;
            const double middle = p ? 5 : 0.5 + gap;
            t->value[p * 8] = middle - d;
            t->value[p * 8 + 1] = middle + d;
        }
        nd_round r;
        next_round(t, t->value, &r);
        const bool uncertain = gap < 2 * sqrt(v / 2);
        const uint32_t wanted = gap < 2 * sqrt(v / 3) ? 4 : 3; /* at most as many again */
        assert_int_equal(r.why == ND_ROUND_REPEAT, uncertain);
        if (uncertain) {
            assert_int_equal(r.n, 1);
            assert_int_equal(r.choice[0].point, 0);
            assert_int_equal(r.choice[0].replicates, wanted);
        }
        nd_round_free(&r);
        free(t);
    }
}

/* Along one axis the end is a pair of neighbours, found with few others. */
static void bisection(void **state)
{
    (void)state;
    for (size_t edge = 1; edge < 100; edge++) {
        trialled *t = new_trialled(1, (size_t[]){100}, 1);
        t->rule.replicates = 1;
        t->rule.coarse = 32;
        for (size_t p = 0; p < 100; p++)
            t->value[p] = p < edge ? 0.1 : 0.9;
        run(t, true);
        assert_int_equal(t->end, ND_ROUND_ENCLOSED);
        assert_int_equal(t->cells, 1);
        assert_true(t->chosen[edge - 1] && t->chosen[edge]);
        assert_true(t->trials <= 5 + 6);
        free(t);
    }
}

/* What fails is known: it blocks nothing, and its edge is followed like a contour. */
static void failures(void **state)
{
    (void)state;
    trialled *t = new_trialled(2, (size_t[]){N, N}, 2);
    for (size_t i = 0; i < N * N * 2; i++)
        t->value[i] = i / 2 / N >= 10 ? (double)NAN : 0.1;
    run(t, true);
    assert_int_equal(t->end, ND_ROUND_ENCLOSED);
    assert_int_equal(t->cells, N - 1);
    for (size_t j = 0; j < N; j++)
        assert_true(t->chosen[9 * N + j] && t->chosen[10 * N + j]);
    free(t);
    t = new_trialled(2, (size_t[]){N, N}, 2);
    for (size_t i = 0; i < N * N * 2; i++)
        t->value[i] = (double)NAN;
    run(t, true);
    assert_int_equal(t->end, ND_ROUND_ENCLOSED);
    assert_int_equal(t->cells, 0);
    assert_int_equal(t->rounds, 1);
    free(t);
}

/* A contour that hides between the first points and what is not there is found. */
static void holes(void **state)
{
    (void)state;
    trialled *t = new_trialled(2, (size_t[]){N, N}, 1);
    t->rule.replicates = 1;
    for (size_t p = 0; p < N * N; p++) {
        t->available[p] = p % N < 15; /* the last column of the first points */
        t->value[p] = p % N < 13 ? 0.1 : 0.9;
    }
    run(t, true);
    assert_int_equal(t->end, ND_ROUND_ENCLOSED);
    assert_int_equal(t->cells, N - 1);
    for (size_t i = 0; i < N; i++)
        assert_true(t->chosen[i * N + 12] && t->chosen[i * N + 13]);
    free(t);
}

/* Each value of an axis of names has a contour of its own, at another place. */
static void names_are_apart(void **state)
{
    (void)state;
    trialled *t = new_trialled(2, (size_t[]){3, 33}, 1);
    t->grid.ordered[0] = false;
    t->rule.replicates = 1;
    for (size_t p = 0; p < 99; p++)
        t->value[p] = p % 33 < 5 + 11 * (p / 33) ? 0 : 1;
    run(t, true);
    assert_int_equal(t->cells, 3);
    for (size_t k = 0; k < 3; k++) {
        const size_t edge = 33 * k + 5 + 11 * k;
        assert_true(t->chosen[edge - 1] && t->chosen[edge]);
    }
    assert_true(t->trials <= 3 * (9 + 3));
    free(t);
}

static void a_coarser_precision_costs_less(void **state)
{
    (void)state;
    size_t before = 0;
    for (uint32_t precision = 4; precision >= 1; precision /= 2) {
        trialled *t = new_trialled(2, (size_t[]){33, 30}, 1);
        t->rule.replicates = 1;
        t->rule.precision = precision;
        for (size_t p = 0; p < 33 * 30; p++)
            t->value[p] = hypot((double)(p / 30) - 15.2, (double)(p % 30) - 14.1) / 20;
        run(t, false);
        assert_int_equal(t->end, ND_ROUND_ENCLOSED);
        assert_true(t->trials > before);
        before = t->trials;
        free(t);
    }
}

/* ---- contours of noisy responses ---- */

static double plane(double x, double y)
{
    return 0.1 + 0.8 * (0.6 * x + 0.4 * y) / 15;
}
static double bowl(double x, double y)
{
    return hypot(x - 7.3, y - 7.8) / 9;
}
static double ridge(double x, double y)
{
    return 0.05 + 0.85 / (1 + exp(-(y - 3 - 0.04 * x * x) / 0.8));
}
static double saddle(double x, double y)
{
    return 0.5 + (x - 7.2) * (y - 7.6) / 60;
}
static double collapse(double x, double y)
{
    return 0.1 + 0.8 / (1 + exp(-(0.8 * x + 0.5 * y - 11) / 1.2));
}

typedef struct segment {
    double x[2], y[2];
} segment;

typedef struct line {
    size_t n;
    segment s[2 * N * N];
} line;

/* Marching squares; squares with a missing corner are left out. */
static void draw(const double map[N * N], double level, line *out)
{
    static const int di[] = {0, 1, 1, 0}, dj[] = {0, 0, 1, 1};
    out->n = 0;
    for (int i = 0; i + 1 < N; i++)
        for (int j = 0; j + 1 < N; j++) {
            double v[4], x[4], y[4];
            size_t n = 0;
            bool whole = true;
            for (int k = 0; k < 4; k++) {
                v[k] = map[(i + di[k]) * N + j + dj[k]];
                whole &= !isnan(v[k]);
            }
            for (int k = 0; k < 4 && whole; k++) {
                const int q = (k + 1) % 4;
                if ((v[k] >= level) == (v[q] >= level)) continue;
                const double part = (level - v[k]) / (v[q] - v[k]);
                x[n] = i + di[k] + part * (di[q] - di[k]);
                y[n++] = j + dj[k] + part * (dj[q] - dj[k]);
            }
            for (size_t k = 0; k + 1 < n; k += 2)
                out->s[out->n++] = (segment){{x[k], x[k + 1]}, {y[k], y[k + 1]}};
        }
}

static double to_segment(double x, double y, const segment *s)
{
    const double dx = s->x[1] - s->x[0], dy = s->y[1] - s->y[0], l = dx * dx + dy * dy;
    double part = l > 0 ? ((x - s->x[0]) * dx + (y - s->y[0]) * dy) / l : 0;
    part = fmin(1, fmax(0, part));
    return hypot(x - s->x[0] - part * dx, y - s->y[0] - part * dy);
}

/* The farthest that a point of a is from b, in cells. */
static double farthest(const line *a, const line *b)
{
    double most = 0;
    for (size_t i = 0; i < a->n; i++)
        for (int k = 0; k <= 4; k++) {
            const segment *s = &a->s[i];
            double least = 2 * N;
            for (size_t j = 0; j < b->n; j++)
                least = fmin(least, to_segment(s->x[0] + 0.25 * k * (s->x[1] - s->x[0]),
                                               s->y[0] + 0.25 * k * (s->y[1] - s->y[0]),
                                               &b->s[j]));
            most = fmax(most, least);
        }
    return most;
}

static double apart(const line *a, const line *b)
{
    assert_true(a->n > 0 && b->n > 0);
    return fmax(farthest(a, b), farthest(b, a));
}

static void another_map(double (*f)(double x, double y), double noise, uint64_t seed,
                        double map[N * N])
{
    for (uint32_t p = 0; p < N * N; p++) {
        double value[5];
        for (uint32_t r = 0; r < 5; r++)
            value[r] = f(p / N, p % N) + noise * normal(seed, 5, 5 * p + r);
        map[p] = median(value, 5);
    }
}

/* Of so many noisy campaigns: how many stay within 40 % of the trials and one cell of the full
 * grid's contour. Where the noise leaves the line its place, which another full grid with noise of
 * its own shows, nearly all do; where it does not (the last two), more do than other full grids. */
static void contours(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double (*f)(double x, double y);
        double level, noise;
    } cases[] = {{"plane", plane, 0.45, 0.02},      {"bowl", bowl, 0.6, 0.02},
                 {"bowl", bowl, 0.6, 0.05},         {"ridge", ridge, 0.4, 0.05},
                 {"saddle", saddle, 0.45, 0.02},    {"collapse", collapse, 0.5, 0.02},
                 {"collapse", collapse, 0.5, 0.05}, {"plane", plane, 0.45, 0.04},
                 {"saddle", saddle, 0.45, 0.04}};
    enum { SEEDS = 100, UNSURE = 2, CASES = sizeof cases / sizeof *cases };
    static line full, refined, other;
    size_t good = 0, sure = 0;
    for (size_t c = 0; c < CASES; c++) {
        double trials = 0, most = 0, worst = 0;
        size_t close = 0, others = 0;
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            trialled *t = new_trialled(2, (size_t[]){N, N}, 5);
            double map[N * N];
            t->rule.level[0] = cases[c].level;
            t->grid.budget = nd_refine_budget(&t->rule, t->grid.points * t->grid.most);
            for (uint32_t i = 0; i < N * N * 5; i++)
                t->value[i] =
                    cases[c].f(i / 5 / N, i / 5 % N) + cases[c].noise * normal(seed, 5, i);
            for (size_t p = 0; p < N * N; p++)
                map[p] = median(t->value + p * 5, 5);
            draw(map, cases[c].level, &full);
            run(t, false);
            for (size_t p = 0; p < N * N; p++)
                map[p] = map_at(t, p);
            draw(map, cases[c].level, &refined);
            const double off = apart(&full, &refined);
            another_map(cases[c].f, cases[c].noise, seed + SEEDS, map);
            draw(map, cases[c].level, &other);
            others += apart(&full, &other) <= 1;
            const double share = (double)t->trials / (N * N * 5);
            assert_true(share <= 0.4);
            close += off <= 1;
            worst = fmax(worst, off);
            most = fmax(most, share);
            trials += share / SEEDS;
            free(t);
        }
        print_message(
            "# %-8s noise %.2f: %zu of %d within a cell (another grid %zu), worst "
            "%.2f cells, %.0f %% of the trials, at most %.0f %%\n",
            cases[c].name, cases[c].noise, close, SEEDS, others, worst, 100 * trials,
            100 * most);
        assert_true(close >= others);
        if (c + UNSURE >= CASES) continue;
        assert_true(others * 100 >= 95 * SEEDS && close * 100 >= 98 * SEEDS);
        good += close;
        sure += SEEDS;
    }
    print_message("# all but the last %d: %zu of %zu\n", UNSURE, good, sure);
    assert_true(good * 1000 >= 995 * sure);
}

/* ---- rounds as bytes ---- */

static void bytes_of_rounds(void **state)
{
    (void)state;
    nd_choice choices[] = {{3, 2}, {4, 5}, {900, 1}};
    const nd_round r = {.number = 7,
                        .why = ND_ROUND_FOLLOW,
                        .step = 2,
                        .cells = 9,
                        .n = 3,
                        .choice = choices};
    nd_text t = {0};
    nd_round again;
    nd_round_pack(&r, &t);
    assert_int_equal(t.n, 24 + 3 * 8);
    assert_int_equal(nd_round_unpack(&again, t.s, t.n, NULL), ND_OK);
    assert_true(nd_round_same(&r, &again));
    nd_round_free(&again);
    for (size_t n = 0; n < t.n; n++)
        assert_int_equal(nd_round_unpack(&again, t.s, n, NULL), ND_ECORRUPT);
    for (size_t i = 0; i < t.n; i++)
        for (int bit = 0; bit < 8; bit++) {
            t.s[i] ^= (char)(1 << bit);
            if (nd_round_unpack(&again, t.s, t.n, NULL) == ND_OK) {
                assert_false(nd_round_same(&r, &again));
                nd_round_free(&again);
            }
            t.s[i] ^= (char)(1 << bit);
        }
    choices[1].point = 3; /* twice */
    nd_text_clear(&t);
    nd_round_pack(&r, &t);
    assert_int_equal(nd_round_unpack(&again, t.s, t.n, NULL), ND_ECORRUPT);
    nd_text_free(&t);
}

/* ---- a spec on the grid ---- */

static nd_spec *parse(const char *text)
{
    const nd_source source = {"test", text, strlen(text)};
    nd_spec *s = NULL;
    nd_err err = {0};
    if (nd_spec_parse(&source, NULL, 0, &s, &err) != ND_OK) fail_msg("%s", err.message);
    return s;
}

/* Cases, axes, tuned parameters and seeds: each trial has a place of its own, positions ascend
 * with the numbers, and replicates one after the other differ in both seeds. */
static void places(void **state)
{
    (void)state;
    nd_spec *s = parse("campaign: t\n"
                       "base: {data.validation: 100}\n"
                       "design: {kind: refine, level: 0.3}\n"
                       "cases: [{name: a, ep.T: 10}, {name: b, ep.T: 20}]\n"
                       "axes:\n"
                       "  ep.beta: [0.5, 0.1, 0.3]\n"
                       "  device.kind: [ideal, ernoult]\n"
                       "tune: {program.width: [0.01, 0.1]}\n"
                       "replicates: {device: 3, train: 2}\n");
    nd_refine_map m;
    assert_int_equal(nd_refine_map_new(&m, s, NULL), ND_OK);
    const nd_refine_grid *g = &m.grid;
    assert_int_equal(g->n_axes, 3);
    assert_int_equal(g->points, 12);
    assert_int_equal(g->most, 6);
    assert_int_equal(g->cost, 2);
    assert_true(!g->ordered[0] && g->ordered[1] && !g->ordered[2]);
    static const double beta[] = {0.1, 0.3, 0.5};
    bool seen[12 * 6 * 2] = {0};
    nd_params at[6];
    for (size_t i = 0; i < nd_spec_points(s); i++) {
        const nd_replicate r = nd_refine_place(&m, i);
        nd_params p;
        bool kept;
        assert_int_equal(nd_spec_point(s, i, &p, NULL, &kept, NULL), ND_OK);
        bool *cell = &seen[(r.point * 6 + r.replicate) * 2 + r.setting];
        assert_false(*cell);
        *cell = true;
        const size_t position = r.point / 2 % 3;
        assert_true(p.ep_beta == beta[position]);
        if (r.point == 0 && r.setting == 0) at[r.replicate] = p;
    }
    for (size_t k = 1; k < 6; k++) {
        assert_true(at[k].device_seed != at[k - 1].device_seed);
        assert_true(at[k].train_seed != at[k - 1].train_seed);
    }
    nd_refine_map_free(&m);
    nd_spec_free(s);
}

/* Any beginning of a good spec, and any one byte changed, is read or refused: no crash. */
static void hostile_bytes(void **state)
{
    (void)state;
    static const char text[] =
        "campaign: h\ndesign: {kind: refine, metric: test_error, levels: [0.1, 0.3], "
        "budget: 0.8,\n"
        "  coarse: 3, precision: 1, replicates: 2, standard_errors: 1}\n"
        "axes:\n  ep.beta: {linspace: [0.1, 3, 7]}\n  ep.T: [4, 9]\nreplicates: {train: "
        "3}\n";
    static const char bytes[] = {0, '\n', '[', '{', ':', '-', '9', '0', ' ', (char)0xff};
    for (size_t i = 0; i < sizeof text; i++)
        for (size_t b = 0; b <= sizeof bytes; b++) {
            char copy[sizeof text];
            memcpy(copy, text, sizeof text);
            if (b < sizeof bytes) copy[i] = bytes[b];
            const nd_source source = {"h", copy, b < sizeof bytes ? sizeof text - 1 : i};
            nd_spec *s = NULL;
            nd_err err = {0};
            if (nd_spec_parse(&source, NULL, 0, &s, &err) != ND_OK)
                assert_true(err.message[0] != '\0');
            nd_spec_free(s);
        }
}

static void budgets(void **state)
{
    (void)state;
    nd_refine r = nd_refine_defaults();
    assert_int_equal(nd_refine_budget(&r, 1280), 512);
    assert_int_equal(nd_refine_budget(&r, 5), 2); /* 0.4 has no exact double */
    assert_int_equal(nd_refine_budget(&r, 1), 1);
    r.budget = 1;
    assert_int_equal(nd_refine_budget(&r, 77), 77);
    r.budget = 300;
    assert_int_equal(nd_refine_budget(&r, 77), 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(promises),
        cmocka_unit_test(first_points),
        cmocka_unit_test(replicates_where_uncertain),
        cmocka_unit_test(bisection),
        cmocka_unit_test(failures),
        cmocka_unit_test(holes),
        cmocka_unit_test(names_are_apart),
        cmocka_unit_test(a_coarser_precision_costs_less),
        cmocka_unit_test(contours),
        cmocka_unit_test(bytes_of_rounds),
        cmocka_unit_test(places),
        cmocka_unit_test(budgets),
        cmocka_unit_test(hostile_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
