/* figure_map.c -- figures of a map: a row for each kind. */
#include "drawing_impl.h"

#include <stdlib.h>
#include <string.h>

/* About what one and two columns of a journal are. */
static const struct {
    const char *name;
    double width, points; /* cm, of the letters */
} widths[] = {{"double", 17, 8}, {"single", 8.5, 7}};

static const struct {
    const char *name;
    nd_code (*add)(nd_drawing *f, nd_err *err);
    const char *template;
} kinds[] = {
    {"heatmap", nd_drawing_heatmap, "heatmap"},
    {"curves", nd_drawing_curves, "curves"},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static nd_code choose_canvas(nd_drawing *f, nd_err *err)
{
    const char *name = f->o->width ? f->o->width : "double";
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
        if (!strcmp(widths[i].name, name)) {
            f->canvas = (nd_canvas){.width = widths[i].width,
                                    .points = widths[i].points,
                                    .font = f->o->font ? f->o->font : "DejaVu Sans"};
            return ND_OK;
        }
    return ND_FAIL(err, ND_EUSAGE, "--width is single or double, not \"%.64s\"", name);
}

static nd_code check_palette(const nd_map_options *o, nd_err *err)
{
    if (!o->palette || nd_palette_find(o->palette)) return ND_OK;
    nd_text all = {0};
    for (size_t i = 0; nd_palette_at(i); i++)
        nd_text_add(&all, "%s%s", i ? ", " : "", nd_palette_at(i)->name);
    ND_FAIL(err, ND_EUSAGE, "there is no palette \"%.64s\"; there are: %s", o->palette,
            nd_text_str(&all));
    nd_text_free(&all);
    return ND_EUSAGE;
}

/* Without a name: a heat map where two axes vary, curves where one does or lines are told. */
static nd_code choose_kind(const nd_drawing *f, size_t *kind, nd_err *err)
{
    size_t varying = 0;
    for (size_t d = 0; d < f->map->n_axes; d++)
        varying += f->map->axes[d].n > 1;
    const char *name = f->o->figure;
    if (!name) name = f->o->lines || (varying < 2 && !f->o->y) ? "curves" : "heatmap";
    nd_nearest near = nd_nearest_to(name);
    for (*kind = 0; *kind < KINDS; ++*kind) {
        if (!strcmp(kinds[*kind].name, name)) return ND_OK;
        nd_nearest_try(&near, kinds[*kind].name);
    }
    nd_text all = {0};
    for (size_t i = 0; i < KINDS; i++)
        nd_text_add(&all, "%s%s", i ? ", " : "", kinds[i].name);
    ND_FAIL(err, ND_EUSAGE, "there is no kind of figure \"%.64s\"%s%s%s; there are: %s",
            name, near.best ? "; did you mean \"" : "", near.best ? near.best : "",
            near.best ? "\"?" : "", nd_text_str(&all));
    nd_text_free(&all);
    return ND_EUSAGE;
}

/* The canvas is known last, and comes first. */
static nd_code draw(nd_drawing *f, const char *ending, const char *path, nd_err *err)
{
    size_t kind;
    ND_TRY(choose_kind(f, &kind, err));
    ND_TRY(choose_canvas(f, err));
    ND_TRY(check_palette(f->o, err));
    ND_TRY(nd_drawing_values(f, err));
    ND_TRY(kinds[kind].add(f, err));
    nd_text script = {0};
    nd_figure_canvas(&script, ending, &f->canvas);
    nd_text_bytes(&script, f->script.s, f->script.n);
    nd_text_add(&script, "%s", nd_figure_template("frame"));
    script.failed |= f->script.failed;
    const nd_code code = nd_figure_end(&script, kinds[kind].template, path, err);
    nd_text_free(&script);
    return code;
}

nd_code nd_figure_draw(const nd_results *r, const nd_cube *map, const nd_map_options *o,
                       const char *ending, const char *path, nd_err *err)
{
    (void)r;
    nd_drawing f = {.map = map, .o = o};
    const nd_code code = draw(&f, ending, path, err);
    nd_side_free(&f.x);
    nd_side_free(&f.y);
    nd_side_free(&f.panel);
    nd_text_free(&f.script);
    return code;
}
