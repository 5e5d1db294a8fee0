/* contour_table.c -- iso-lines of a map as a table of points, in the units of its axes. */
#include "derived_impl.h"
#include "drawing_impl.h"
#include "nudge/contour.h"

#include <math.h>
#include <stdlib.h>

/* From the position on the figure's scale. */
static double value_at(const nd_side *s, double at)
{
    if (s->scale == ND_SCALE_LINEAR) return at;
    if (s->scale == ND_SCALE_LOGARITHMIC) return pow(10, at);
    const double whole = fmin(floor(at), (double)(s->n - 1));
    const size_t i = (size_t)whole;
    return i + 1 < s->n ? s->v->x[i] + (at - whole) * (s->v->x[i + 1] - s->v->x[i])
                        : s->v->x[i];
}

typedef struct points {
    size_t n;
    double *x, *y, *level, *line, *panel;
} points;

static nd_code grow(points *p, size_t more, nd_err *err)
{
    double **all[] = {&p->x, &p->y, &p->level, &p->line, &p->panel};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        double *larger = realloc(*all[k], (p->n + more + 1) * sizeof *larger);
        if (!larger) return ND_FAIL(err, ND_ENOMEM, "no memory for contours");
        *all[k] = larger;
    }
    return ND_OK;
}

static nd_code trace(const nd_drawing *f, size_t panel, double level, points *p,
                     nd_err *err)
{
    nd_contour c;
    double *z = malloc((f->x.n * f->y.n + 1) * sizeof *z);
    if (!z) return ND_FAIL(err, ND_ENOMEM, "no memory for contours");
    nd_drawing_grid(f, panel, z);
    nd_code code = nd_contour_trace(f->x.at, f->x.n, f->y.at, f->y.n, z, level, &c, err);
    if (code == ND_OK) code = grow(p, c.n, err);
    const double lines = p->n ? p->line[p->n - 1] : 0;
    for (size_t i = 0; code == ND_OK && i < c.n; i++, p->n++) {
        p->x[p->n] = value_at(&f->x, c.x[i]);
        p->y[p->n] = value_at(&f->y, c.y[i]);
        p->level[p->n] = level;
        p->line[p->n] = lines + 1 + (double)c.line[i];
        p->panel[p->n] = (double)panel;
    }
    nd_contour_free(&c);
    free(z);
    return code;
}

static nd_code trace_all(nd_drawing *f, points *p, nd_err *err)
{
    const nd_sides_wanted wanted = {
        .x = f->o->x, .y = f->o->y, .panel = f->o->panels, .most = 3, .y_needed = true};
    double level[ND_LEVELS_MAX];
    size_t n;
    ND_TRY(nd_drawing_values(f, err));
    ND_TRY(nd_drawing_sides(f, &wanted, err));
    if (f->x.v->s || f->y.v->s)
        return ND_FAIL(err, ND_EINPUT, "%s is made of names: no line passes between them",
                       nd_figure_name(f->x.v->s ? f->x.v : f->y.v));
    ND_TRY(nd_drawing_levels(f, level, &n, err));
    for (size_t k = 0; k < f->panel.n; k++)
        for (size_t i = 0; i < n; i++)
            ND_TRY(trace(f, k, level[i], p, err));
    if (p->n) return ND_OK;
    return ND_FAIL(err, ND_EINPUT, "no line passes through this map at %s",
                   f->o->contour ? f->o->contour : "the level chosen for it");
}

static nd_code add_column(nd_cube *c, const nd_series *like, const double *x, nd_err *err)
{
    nd_series *v;
    ND_TRY(nd_derived_add(c, like->name, like->long_name, like->unit, false, &v, err));
    for (size_t i = 0; i < c->n; i++)
        v->x[i] = x[i];
    return nd_series_describe(&v->parameter, like->parameter, err);
}

static nd_code add_panels(nd_cube *c, const nd_series *side, const double *panel,
                          nd_err *err)
{
    nd_series *v;
    ND_TRY(nd_derived_add(c, side->name, side->long_name, side->unit, side->s != NULL, &v,
                          err));
    for (size_t i = 0; i < c->n; i++)
        ND_TRY(nd_series_copy(v, i, side, (size_t)panel[i], err));
    return nd_series_describe(&v->parameter, side->parameter, err);
}

static nd_code tabulate(const nd_drawing *f, const points *p, nd_cube **out, nd_err *err)
{
    ND_TRY(nd_derived_rows(out, "row", false, p->n, 5, f->map, err));
    nd_cube *c = *out;
    char line[] = "line", numbered[] = "which line the point is of", one[] = "1";
    const nd_series number = {.name = line, .long_name = numbered, .unit = one};
    c->axes[0].whole = true;
    for (size_t i = 0; i < p->n; i++)
        c->axes[0].x[i] = (double)(i + 1);
    if (f->panel.v) ND_TRY(add_panels(c, f->panel.v, p->panel, err));
    ND_TRY(add_column(c, f->value, p->level, err));
    ND_TRY(add_column(c, &number, p->line, err));
    c->vars[c->n_vars - 1].whole = true;
    ND_TRY(add_column(c, f->x.v, p->x, err));
    return add_column(c, f->y.v, p->y, err);
}

nd_code nd_map_contours(const nd_cube *map, const nd_map_options *o, nd_cube **out,
                        nd_err *err)
{
    nd_drawing f = {.map = map, .o = o};
    points p = {0};
    *out = NULL;
    nd_code code = trace_all(&f, &p, err);
    if (code == ND_OK) code = tabulate(&f, &p, out, err);
    if (code != ND_OK) {
        nd_cube_free(*out);
        *out = NULL;
    }
    nd_drawing_free(&f);
    free(p.x);
    free(p.y);
    free(p.level);
    free(p.line);
    free(p.panel);
    return code;
}
