/* figure_map.c -- figures of a map: what is drawn, and by which template. */
#include "drawing_impl.h"

#include <math.h>
#include <stdlib.h>

enum { LINE = 72 }; /* characters */

size_t nd_drawing_cell(const nd_drawing *f, size_t i, size_t j)
{
    size_t cell = 0;
    for (size_t d = 0; d < f->map->n_axes; d++) {
        const size_t at = d == f->x.axis ? i : f->y.v && d == f->y.axis ? j : 0;
        cell = cell * f->map->axes[d].n + at;
    }
    return cell;
}

nd_cell_kind nd_drawing_kind(const nd_drawing *f, size_t cell)
{
    if (!isnan(f->value->x[cell])) return ND_CELL_MEASURED;
    if (f->n->x[cell] == 0 && f->n_failed->x[cell] > 0) return ND_CELL_FAILED;
    return f->n_pending->x[cell] == 0 && f->n_unsampled->x[cell] > 0 ? ND_CELL_UNSAMPLED
                                                                     : ND_CELL_MISSING;
}

static nd_code find_values(nd_drawing *f, nd_err *err)
{
    f->value = nd_cube_var(f->map, f->o->metric);
    f->n = nd_cube_var(f->map, "n");
    f->n_failed = nd_cube_var(f->map, "n_failed");
    f->n_pending = nd_cube_var(f->map, "n_pending");
    f->n_unsampled = nd_cube_var(f->map, "n_unsampled");
    if (!f->value || !f->n || !f->n_failed || !f->n_pending || !f->n_unsampled)
        return ND_FAIL(err, ND_EINPUT, "the map has no variable %s", f->o->metric);
    f->lo = HUGE_VAL;
    f->hi = -HUGE_VAL;
    for (size_t i = 0; i < f->map->n; i++) {
        f->lo = fmin(f->lo, f->value->x[i]);
        f->hi = fmax(f->hi, f->value->x[i]);
    }
    if (f->lo <= f->hi) return ND_OK;
    return ND_FAIL(err, ND_EINPUT,
                   "no finished trial has a %s yet: there is nothing to draw",
                   f->o->metric);
}

static void add_preamble(nd_drawing *f, const char *ending)
{
    nd_text *out = &f->script;
    nd_figure_begin(out, ending);
    nd_figure_text(out, "nd_title", f->map->title, LINE);
    nd_figure_text(out, "nd_question", f->map->summary, LINE);
    nd_figure_label(out, "nd_xlabel", f->x.v, nd_figure_name(f->x.v));
    nd_text value = {0};
    nd_text_add(&value, "median %s", f->value->name);
    nd_figure_label(out, "nd_value", f->value, nd_text_str(&value));
    out->failed |= value.failed;
    nd_text_free(&value);
}

static nd_code draw(nd_drawing *f, const char *ending, const char *path, nd_err *err)
{
    ND_TRY(nd_drawing_sides(f, err));
    ND_TRY(nd_drawing_rest(f, err));
    ND_TRY(find_values(f, err));
    add_preamble(f, ending);
    if (f->y.v)
        nd_drawing_heatmap(f);
    else
        nd_drawing_curve(f);
    return nd_figure_end(&f->script, f->y.v ? "heatmap" : "curve", path, err);
}

nd_code nd_figure_draw(const nd_cube *map, const nd_map_options *o, const char *ending,
                       const char *path, nd_err *err)
{
    nd_drawing f = {.map = map, .o = o};
    const nd_code code = draw(&f, ending, path, err);
    free(f.x.at);
    free(f.x.edge);
    free(f.y.at);
    free(f.y.edge);
    nd_text_free(&f.script);
    return code;
}