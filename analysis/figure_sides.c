/* figure_sides.c -- the axes of a figure: which they are, their scales and ticks.
 *
 * Cells are rectangles around their coordinates, with edges half way to the neighbours. The
 * scale is linear for even values, logarithmic for values of even ratio; values that are
 * neither, such as 0, 0.001, 0.01, and names stand side by side, labelled. */
#include "drawing_impl.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TICKS_MAX = 12 };

/* The value as a tick: short, without 1e+04 for 10000. */
static void add_tick(nd_text *out, const nd_series *v, size_t i)
{
    if (v->s)
        nd_text_add(out, "%s", v->s[i]);
    else if (v->x[i] == floor(v->x[i]) && fabs(v->x[i]) < 1e6)
        nd_text_add(out, "%.0f", v->x[i]);
    else
        nd_text_add(out, "%.3g", v->x[i]);
}
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

static nd_scale choose_scale(const nd_series *v, double *scratch)
{
    if (v->s) return ND_SCALE_INDEX;
    if (v->n < 3) return v->n == 2 && v->x[0] >= v->x[1] ? ND_SCALE_INDEX : ND_SCALE_LINEAR;
    const double linear = unevenness(v->x, v->n);
    if (linear < 1.05) return ND_SCALE_LINEAR;
    if (v->x[0] > 0) {
        for (size_t i = 0; i < v->n; i++)
            scratch[i] = log10(v->x[i]);
        if (unevenness(scratch, v->n) < 1.7) return ND_SCALE_LOGARITHMIC;
    }
    return linear < 4 ? ND_SCALE_LINEAR : ND_SCALE_INDEX;
}

static nd_code make_side(nd_side *s, const nd_series *v, size_t axis, nd_err *err)
{
    *s = (nd_side){.v = v, .axis = axis, .n = v->n};
    s->at = malloc(v->n * sizeof *s->at);
    s->edge = malloc((v->n + 1) * sizeof *s->edge);
    if (!s->at || !s->edge) return ND_FAIL(err, ND_ENOMEM, "no memory to draw the map");
    s->scale = choose_scale(v, s->at);
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

/* set xtics ('0.1' 0, ...), so many that they can be read; long ones slanted. */
void nd_figure_ticks(nd_text *out, const char *which, const nd_side *s)
{
    assert(s->n > 0);
    const size_t every = s->v->s ? 1 : (s->n + TICKS_MAX - 1) / TICKS_MAX;
    nd_text ticks = {0}, tick = {0};
    size_t longest = 0;
    for (size_t i = 0; i < s->n; i += every) {
        nd_text_clear(&tick);
        add_tick(&tick, s->v, i);
        if (tick.n > longest) longest = tick.n;
        nd_text_add(&ticks, "%s", i ? ", " : "");
        nd_figure_quote(&ticks, nd_text_str(&tick), 0);
        nd_text_add(&ticks, " %.9g", s->at[i]);
    }
    const bool slanted = *which == 'x' && (longest + 2) * ((s->n + every - 1) / every) > 72;
    nd_text_add(out, "set %stics %s (%s)\n", which, slanted ? "rotate by 30 right" : "",
                nd_text_str(&ticks));
    out->failed |= ticks.failed | tick.failed;
    nd_text_free(&ticks);
    nd_text_free(&tick);
}

/* ---- what to draw ---- */

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

/* The named coordinate, or without a name the first axis with more than one value. */
static nd_code choose_side(const nd_drawing *f, const char *name, const nd_side *taken,
                           const nd_series **v, size_t *axis, nd_err *err)
{
    const nd_cube *map = f->map;
    *v = NULL;
    if (name) {
        *v = nd_cube_coord(map, name, axis);
        if (!*v) return no_axis(map, name, err);
        if (taken->v && taken->axis == *axis)
            return ND_FAIL(err, ND_EINPUT,
                           "%s and %s change together: they cannot be both x and y",
                           taken->v->name, (*v)->name);
        return ND_OK;
    }
    for (size_t d = 0; d < map->n_axes && !*v; d++)
        if (map->axes[d].n > 1 && !(taken->v && taken->axis == d)) {
            *v = &map->axes[d];
            *axis = d;
        }
    return ND_OK;
}

/* Every other axis must have come down to one value. */
nd_code nd_drawing_rest(const nd_drawing *f, nd_err *err)
{
    nd_text rest = {0};
    for (size_t d = 0; d < f->map->n_axes; d++) {
        const nd_series *v = &f->map->axes[d];
        if (v->n == 1 || d == f->x.axis || (f->y.v && d == f->y.axis)) continue;
        nd_text_add(&rest, "\n  --where %s=", nd_figure_name(v));
        for (size_t i = 0; i < v->n && i < TICKS_MAX; i++) {
            nd_text_add(&rest, i ? " | " : "");
            nd_series_print(v, i, &rest);
        }
        if (v->n > TICKS_MAX) nd_text_add(&rest, " | ...");
    }
    nd_code code = nd_text_check(&rest, err);
    if (code == ND_OK && rest.n)
        code = ND_FAIL(err, ND_EINPUT,
                       "a figure has two axes, this map has %zu; choose a value for:%s",
                       f->map->n_axes, rest.s);
    nd_text_free(&rest);
    return code;
}

nd_code nd_drawing_sides(nd_drawing *f, nd_err *err)
{
    const nd_series *v;
    size_t axis = 0;
    nd_side named_y = {0};
    if (f->o->y) { /* so that x does not take it */
        ND_TRY(choose_side(f, f->o->y, &named_y, &v, &axis, err));
        named_y = (nd_side){.v = v, .axis = axis};
    }
    ND_TRY(choose_side(f, f->o->x, &named_y, &v, &axis, err));
    if (!v && named_y.v) {
        v = named_y.v;
        axis = named_y.axis;
        named_y.v = NULL;
    }
    if (!v)
        return ND_FAIL(err, ND_EINPUT,
                       "the map has no axis with more than one value to draw along; write "
                       ".csv or .nc");
    ND_TRY(make_side(&f->x, v, axis, err));
    if (named_y.v) return make_side(&f->y, named_y.v, named_y.axis, err);
    ND_TRY(choose_side(f, f->o->y, &f->x, &v, &axis, err));
    if (v) ND_TRY(make_side(&f->y, v, axis, err));
    return ND_OK;
}
