/* test_contour.c -- iso-lines of fields whose lines are known, and palettes. */
#include "nudge/contour.h"
#include "nudge/palette.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NONE ((double)NAN)

enum { N = 81 };

typedef double (*field)(double x, double y);

static double plane(double x, double y)
{
    return 2 * x - 3 * y;
}

static double cone(double x, double y)
{
    return hypot(x, y);
}

static double saddle(double x, double y)
{
    return x * y;
}

typedef struct grid {
    double x[N], y[N], z[N * N];
} grid;

/* Over [-1, 1] squared. */
static grid *sampled(field f)
{
    grid *g = malloc(sizeof *g);
    assert_non_null(g);
    for (size_t i = 0; i < N; i++)
        g->x[i] = g->y[i] = -1 + 2.0 * (double)i / (N - 1);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++)
            g->z[i * N + j] = f(g->x[i], g->y[j]);
    return g;
}

static nd_contour traced(const grid *g, double level)
{
    nd_err err;
    nd_contour c;
    if (nd_contour_trace(g->x, N, g->y, N, g->z, level, &c, &err) != ND_OK)
        fail_msg("%s", err.message);
    return c;
}

static size_t lines_of(const nd_contour *c)
{
    return c->n ? c->line[c->n - 1] + 1 : 0;
}

/* Along edges a plane is linear, so its line is exact; it goes from border to border. */
static void a_plane(void **state)
{
    (void)state;
    grid *g = sampled(plane);
    nd_contour c = traced(g, 0.123);
    assert_int_equal(lines_of(&c), 1);
    for (size_t i = 0; i < c.n; i++)
        if (fabs(plane(c.x[i], c.y[i]) - 0.123) > 1e-12)
            fail_msg("%.17g %.17g is not on the line", c.x[i], c.y[i]);
    assert_true(fabs(fabs(c.y[0] - c.y[c.n - 1])) > 1.2);
    for (size_t i = 1; i < c.n; i++) /* in order, without jumps */
        assert_true(hypot(c.x[i] - c.x[i - 1], c.y[i] - c.y[i - 1]) < 0.04);
    nd_contour_free(&c);
    c = traced(g, 9);
    assert_int_equal(c.n, 0);
    nd_contour_free(&c);
    free(g);
}

/* The error of linear interpolation over steps h of a field with curvature 1/r is h^2 / (8 r). */
static void a_ring(void **state)
{
    (void)state;
    grid *g = sampled(cone);
    nd_contour c = traced(g, 0.7);
    assert_int_equal(lines_of(&c), 1);
    assert_true(c.x[0] == c.x[c.n - 1] && c.y[0] == c.y[c.n - 1]);
    const double h = 2.0 / (N - 1);
    double length = 0;
    for (size_t i = 0; i < c.n; i++) {
        const double r = hypot(c.x[i], c.y[i]);
        if (fabs(r - 0.7) > h * h / (8 * 0.7)) fail_msg("radius %.9g", r);
        if (i) length += hypot(c.x[i] - c.x[i - 1], c.y[i] - c.y[i - 1]);
    }
    assert_true(fabs(length - 2 * acos(-1) * 0.7) < 0.01);
    nd_contour_free(&c);
    free(g);
}

/* x y = 0.25 has two branches; the crossing itself, x y = 0 between nodes, is passed by one rule. */
static void two_branches(void **state)
{
    (void)state;
    grid *g = sampled(saddle);
    nd_contour c = traced(g, 0.25);
    assert_int_equal(lines_of(&c), 2);
    for (size_t i = 0; i < c.n; i++)
        assert_true(fabs(c.x[i] * c.y[i] - 0.25) < 1e-12);
    nd_contour_free(&c);
    free(g);

    nd_err err;
    const double at[2] = {0, 1}, rising[4] = {1, 0, 0, 0.9}, falling[4] = {0, 1, 0.9, 0};
    for (int k = 0; k < 2;
         k++) { /* means 0.475: 1 and 0.9 are joined below it, apart above */
        const double *z = k ? falling : rising;
        for (double level = 0.47; level < 0.49; level += 0.01) {
            assert_int_equal(nd_contour_trace(at, 2, at, 2, z, level, &c, &err), ND_OK);
            assert_int_equal(c.n, 4);
            assert_int_equal(lines_of(&c), 2);
            /* each piece cuts off the corner that both its ends are next to */
            const double x = c.x[0] == 0 || c.x[0] == 1 ? c.x[0] : c.x[1];
            const double y = c.y[0] == 0 || c.y[0] == 1 ? c.y[0] : c.y[1];
            const double corner = z[2 * (size_t)x + (size_t)y];
            assert_true((level < 0.475) == (corner < level));
            nd_contour_free(&c);
        }
    }
}

static void holes_and_thin_grids(void **state)
{
    (void)state;
    grid *g = sampled(plane);
    for (size_t j = 0; j < N; j++)
        g->z[40 * N + j] = NONE; /* x = 0 */
    nd_contour c = traced(g, 0);
    assert_int_equal(lines_of(&c), 2);
    for (size_t i = 0; i < c.n; i++)
        assert_true(fabs(c.x[i]) >= 1.0 / 40 - 1e-12);
    nd_contour_free(&c);
    nd_err err;
    assert_int_equal(nd_contour_trace(g->x, 1, g->y, N, g->z, 0, &c, &err), ND_OK);
    assert_int_equal(c.n, 0);
    nd_contour_free(&c);
    free(g);
}

static double lightness(uint32_t rgb)
{
    double y = 0;
    const double weight[3] = {0.0722, 0.7152, 0.2126};
    for (int k = 0; k < 3; k++) {
        const double v = (rgb >> 8 * k & 0xff) / 255.0;
        y += weight[k] * (v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4));
    }
    return y > 0.008856 ? 116 * cbrt(y) - 16 : 903.3 * y; /* CIE L* */
}

/* L* rises along a sequential palette, evenly to a few units; a diverging one rises to its middle
 * and falls again. */
static void palettes_are_even(void **state)
{
    (void)state;
    for (size_t p = 0; nd_palette_at(p); p++) {
        const nd_palette *of = nd_palette_at(p);
        assert_ptr_equal(nd_palette_find(of->name), of);
        double last = lightness(nd_palette_rgb(of, 0)), least = HUGE_VAL, most = 0;
        for (int k = 1; k <= 20; k++) {
            const double l = lightness(nd_palette_rgb(of, k / 20.0));
            const double step = of->diverging && k > 10 ? last - l : l - last;
            if (!(step > 0)) fail_msg("%s: L* turns at %d", of->name, k);
            least = fmin(least, step);
            most = fmax(most, step);
            last = l;
        }
        if (!of->diverging && most > 2 * least)
            fail_msg("%s: steps of L* from %g to %g", of->name, least, most);
    }
    assert_null(nd_palette_find("jet"));
    assert_int_equal(nd_palette_ink(0x440154), 0xffffff);
    assert_int_equal(nd_palette_ink(0xfde725), 0x000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plane),           cmocka_unit_test(a_ring),
        cmocka_unit_test(two_branches),      cmocka_unit_test(holes_and_thin_grids),
        cmocka_unit_test(palettes_are_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
