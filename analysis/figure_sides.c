/* figure_sides.c -- the axes of a figure: which they are, and their scales.
 *
 * Cells are rectangles around their coordinates, with edges half way to the neighbours. The
 * scale is linear for even values, logarithmic for values of even ratio; values that are
 * neither, such as 0, 0.001, 0.01, and names stand side by side, labelled. Under curves, values
 * need not be even: theirs is the one in which they are more even, logarithmic only from a ratio of
 * 20 on. */
#include "drawing_impl.h"

#include <math.h>
#include <stdlib.h>

enum { LISTED = 12 };

/* ---- scales ---- */

/* Largest over smallest gap between neighbours; infinite unless strictly ascending. */
static double unevenness(const double *x, size_t n)
{
    double least = HUGE_VAL, most = 0;
    for (size_t i = 1; i < n; i++) {
        least = fmin(least, x[i] - x[i - 1]);
        most = fmax(most, x[i] - x[i - 1]);
    }
    return least > 0 ? most / least : HUGE_VAL;
}

static double log_unevenness(const nd_series *v, double *scratch)
{
    for (size_t i = 0; i < v->n; i++)
        scratch[i] = log10(v->x[i]);
    return unevenness(scratch, v->n);
}

static nd_scale scale_of_cells(const nd_series *v, double *scratch)
{
    if (v->n < 3) return v->n == 2 && v->x[0] >= v->x[1] ? ND_SCALE_INDEX : ND_SCALE_LINEAR;
    const double linear = unevenness(v->x, v->n);
    if (linear < 1.05) return ND_SCALE_LINEAR;
    if (v->x[0] > 0 && log_unevenness(v, scratch) < 1.7) return ND_SCALE_LOGARITHMIC;
    return linear < 4 ? ND_SCALE_LINEAR : ND_SCALE_INDEX;
}

/* Values from 0 over many decades have no scale that shows them all. */
static nd_scale scale_of_curve(const nd_series *v, double *scratch)
{
    const double *x = v->x, linear = unevenness(v->x, v->n);
    const size_t n = v->n;
    if (n < 2) return ND_SCALE_LINEAR;
    if (!(linear < HUGE_VAL)) return ND_SCALE_INDEX;
    if (x[0] > 0 && x[n - 1] >= 20 * x[0])
        return log_unevenness(v, scratch) < linear ? ND_SCALE_LOGARITHMIC : ND_SCALE_LINEAR;
    return x[0] == 0 && x[n - 1] > 60 * x[1] ? ND_SCALE_INDEX : ND_SCALE_LINEAR;
}

static nd_code make_side(nd_side *s, const nd_series *v, size_t axis, bool curve,
                         nd_err *err)
{
    *s = (nd_side){.v = v, .axis = axis, .n = v->n};
    s->at = malloc(v->n * sizeof *s->at);
    s->edge = malloc((v->n + 1) * sizeof *s->edge);
    if (!s->at || !s->edge) return ND_FAIL(err, ND_ENOMEM, "no memory to draw the map");
    s->scale = v->s    ? ND_SCALE_INDEX
               : curve ? scale_of_curve(v, s->at)
                       : scale_of_cells(v, s->at);
    for (size_t i = 0; i < v->n; i++)
        s->at[i] = s->scale == ND_SCALE_INDEX         ? (double)i
                   : s->scale == ND_SCALE_LOGARITHMIC ? log10(v->x[i])
                                                      : v->x[i];
    const size_t last = v->n - 1;
    for (size_t i = 1; i <= last; i++)
        s->edge[i] = 0.5 * (s->at[i - 1] + s->at[i]);
    const double lone =
        s->scale == ND_SCALE_INDEX || s->at[0] == 0 ? 0.5 : 0.5 * fabs(s->at[0]);
    s->edge[0] = last ? 2 * s->at[0] - s->edge[1] : s->at[0] - lone;
    s->edge[last + 1] = last ? 2 * s->at[last] - s->edge[last] : s->at[0] + lone;
    return ND_OK;
}

void nd_drawing_free(nd_drawing *f)
{
    nd_side *const sides[] = {&f->x, &f->y, &f->panel};
    for (size_t k = 0; k < sizeof sides / sizeof *sides; k++) {
        free(sides[k]->at);
        free(sides[k]->edge);
    }
    nd_text_free(&f->script);
    *f = (nd_drawing){0};
}

/* ---- which they are ---- */

static nd_code no_axis(const nd_cube *map, const char *name, nd_err *err)
{
    nd_nearest near = nd_nearest_to(name);
    nd_text all = {0};
    for (size_t i = 0; i < map->n_axes; i++) {
        const nd_series *v = &map->axes[i];
        nd_nearest_try(&near, nd_figure_name(v));
        nd_text_add(&all, "%s%s", i ? ", " : "", nd_figure_name(v));
    }
    ND_FAIL(err, ND_EINPUT, "\"%.64s\" is no axis of this map%s%s%s; its axes are: %s",
            name, near.best ? "; did you mean \"" : "", near.best ? near.best : "",
            near.best ? "\"?" : "", all.n ? all.s : "none");
    nd_text_free(&all);
    return ND_EINPUT;
}

nd_code nd_figure_check_axis(const nd_cube *map, const char *name, nd_err *err)
{
    size_t axis;
    return nd_cube_coord(map, name, &axis) ? ND_OK : no_axis(map, name, err);
}

/* A side that is not filled yet. */
typedef struct place {
    const char *name; /* as asked for; NULL: any */
    bool fill;        /* without a name too      */
    const nd_series *v;
    size_t axis;
} place;

enum { X, Y, PANEL, SIDES };

static const place *taken(const place p[SIDES], size_t axis)
{
    for (size_t k = 0; k < SIDES; k++)
        if (p[k].v && p[k].axis == axis) return &p[k];
    return NULL;
}

static nd_code take_named(const nd_cube *map, place p[SIDES], nd_err *err)
{
    for (size_t k = 0; k < SIDES; k++) {
        if (!p[k].name) continue;
        size_t axis;
        const nd_series *v = nd_cube_coord(map, p[k].name, &axis);
        if (!v) return no_axis(map, p[k].name, err);
        const place *other = taken(p, axis);
        if (other)
            return ND_FAIL(err, ND_EINPUT,
                           "%s and %s change together: a figure cannot tell them apart",
                           nd_figure_name(other->v), nd_figure_name(v));
        p[k].v = v;
        p[k].axis = axis;
    }
    return ND_OK;
}

static void fill_rest(const nd_cube *map, place p[SIDES])
{
    for (size_t k = 0; k < SIDES; k++)
        for (size_t d = 0; d < map->n_axes && p[k].fill && !p[k].v; d++)
            if (map->axes[d].n > 1 && !taken(p, d)) {
                p[k].v = &map->axes[d];
                p[k].axis = d;
            }
    if (p[X].v || !p[Y].v || p[Y].name == NULL) return;
    p[X] = p[Y]; /* the only one that varies was named for y */
    p[Y].v = NULL;
}

/* Every other axis must have come down to one value. */
static nd_code check_rest(const nd_drawing *f, const place p[SIDES], nd_err *err)
{
    nd_text rest = {0};
    size_t varying = 0;
    for (size_t d = 0; d < f->map->n_axes; d++) {
        const nd_series *v = &f->map->axes[d];
        varying += v->n > 1;
        if (v->n == 1 || taken(p, d)) continue;
        nd_text_add(&rest, "\n  --where %s=", nd_figure_name(v));
        for (size_t i = 0; i < v->n && i < LISTED; i++) {
            nd_text_add(&rest, i ? " | " : "");
            nd_series_print(v, i, &rest);
        }
        if (v->n > LISTED) nd_text_add(&rest, " | ...");
    }
    nd_code code = nd_text_check(&rest, err);
    if (code == ND_OK && rest.n)
        code =
            ND_FAIL(err, ND_EINPUT,
                    "this figure has no place for all %zu axes of the map; choose a value "
                    "for:%s",
                    varying, rest.s);
    nd_text_free(&rest);
    return code;
}

static nd_code check_count(const nd_side *s, size_t most, const char *what, nd_err *err)
{
    if (!s->v || s->n <= most) return ND_OK;
    return ND_FAIL(
        err, ND_EINPUT,
        "%s has %zu values, and a figure shows at most %zu %s; choose with --where "
        "or take another axis",
        nd_figure_name(s->v), s->n, most, what);
}

nd_code nd_drawing_sides(nd_drawing *f, const nd_sides_wanted *w, nd_err *err)
{
    place p[SIDES] = {[X] = {.name = w->x, .fill = true},
                      [Y] = {.name = w->y, .fill = w->most > 1},
                      [PANEL] = {.name = w->panel, .fill = w->most > 2}};
    nd_side *sides[SIDES] = {&f->x, &f->y, &f->panel};
    ND_TRY(take_named(f->map, p, err));
    fill_rest(f->map, p);
    if (!p[X].v || (w->y_needed && !p[Y].v))
        return ND_FAIL(err, ND_EINPUT,
                       "the map has %s axis with more than one value to draw along; write "
                       ".csv, .tex or .nc%s",
                       p[X].v ? "only one" : "no", p[X].v ? ", or --figure curves" : "");
    ND_TRY(check_rest(f, p, err));
    for (size_t k = 0; k < SIDES; k++) {
        sides[k]->n = 1;
        if (p[k].v)
            ND_TRY(make_side(sides[k], p[k].v, p[k].axis, w->curves && k == X, err));
    }
    if (w->curves) ND_TRY(check_count(&f->y, ND_LINES_MAX, "lines", err));
    return check_count(&f->panel, ND_PANELS_MAX, "panels", err);
}
