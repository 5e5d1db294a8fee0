/* figure_map.c -- figures of a map: a row for each kind. */
#include "drawing_impl.h"

#include <string.h>

/* About what one and two columns of a journal are. */
static const struct {
    const char *name;
    double width, points; /* cm, of the letters */
} widths[] = {{"double", 17, 8}, {"single", 8.5, 7}};

typedef struct kind {
    const char *name;
    const char *table; /* what it is drawn from, of derived.c */
    const char *x;     /* its horizontal axis; NULL: as asked */
    const char
        *sides; /* of the options x, y, lines and panels, those that it has a use for */
    nd_code (*values)(nd_drawing *f, nd_err *err);
    nd_code (*add)(nd_drawing *f, nd_err *err);
    const char *template;
} kind;

static const kind kinds[] = {
    {"heatmap", "map", NULL, "xyp", nd_drawing_values, nd_drawing_heatmap, "heatmap"},
    {"curves", "map", NULL, "xlp", nd_drawing_values, nd_drawing_curves, "curves"},
    {"learning", "learning", "epoch", "lp", nd_drawing_values, nd_drawing_curves, "curves"},
    {"sensitivity", "sensitivity", NULL, "", NULL, nd_drawing_bars, "bars"},
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

static nd_code find_kind(const char *name, const kind **out, nd_err *err)
{
    nd_nearest near = nd_nearest_to(name);
    nd_text all = {0};
    for (size_t i = 0; i < KINDS; i++) {
        *out = &kinds[i];
        if (!strcmp(kinds[i].name, name)) {
            nd_text_free(&all);
            return ND_OK;
        }
        nd_nearest_try(&near, kinds[i].name);
        nd_text_add(&all, "%s%s", i ? ", " : "", kinds[i].name);
    }
    ND_FAIL(err, ND_EUSAGE, "there is no kind of figure \"%.64s\"%s%s%s; there are: %s",
            name, near.best ? "; did you mean \"" : "", near.best ? near.best : "",
            near.best ? "\"?" : "", nd_text_str(&all));
    nd_text_free(&all);
    return ND_EUSAGE;
}

/* Without a name: a heat map where two axes vary, curves where one does or lines are told. */
static nd_code choose_kind(const nd_cube *map, const nd_map_options *o, const kind **out,
                           nd_err *err)
{
    size_t varying = 0;
    for (size_t d = 0; d < map->n_axes; d++)
        varying += map->axes[d].n > 1;
    const char *name = o->figure;
    if (!name && o->table && strcmp(o->table, "map") != 0) name = o->table;
    if (!name) name = o->lines || (varying < 2 && !o->y) ? "curves" : "heatmap";
    ND_TRY(find_kind(name, out, err));
    if (!o->table || !strcmp(o->table, (*out)->table)) return ND_OK;
    return ND_FAIL(err, ND_EUSAGE,
                   "--figure %s is drawn of --table %s, not of %s; leave one of them out",
                   name, (*out)->table, o->table);
}

/* What would be passed over in silence is refused. */
static nd_code check_sides(const kind *k, const nd_map_options *o, nd_err *err)
{
    const struct {
        const char *name, *value;
    } sides[] = {{"x", o->x}, {"y", o->y}, {"lines", o->lines}, {"panels", o->panels}};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
        if (sides[i].value && !strchr(k->sides, *sides[i].name))
            return ND_FAIL(err, ND_EUSAGE, "a figure %s has no use for %s%s %s", k->name,
                           sides[i].name[1] ? "--" : "-", sides[i].name, sides[i].value);
    return ND_OK;
}

nd_code nd_figure_table(const nd_cube *map, const nd_map_options *o, const char **table,
                        nd_err *err)
{
    const kind *k;
    ND_TRY(choose_kind(map, o, &k, err));
    *table = k->table;
    return check_sides(k, o, err);
}

nd_code nd_figure_check(const nd_cube *c, const nd_map_options *o, nd_err *err)
{
    const char *const sides[] = {o->x, o->y, o->lines, o->panels};
    const kind *k;
    double level[ND_LEVELS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
        if (sides[i]) ND_TRY(nd_figure_check_axis(c, sides[i], err));
    if (o->figure) ND_TRY(find_kind(o->figure, &k, err));
    if (o->contour && strcmp(o->contour, "none") != 0)
        ND_TRY(nd_figure_levels(o->contour, level, &n, err));
    return check_palette(o, err);
}

/* The canvas is known last, and comes first. */
static nd_code draw(nd_drawing *f, const kind *k, const char *ending, const char *path,
                    nd_err *err)
{
    ND_TRY(choose_canvas(f, err));
    ND_TRY(check_palette(f->o, err));
    if (k->values) ND_TRY(k->values(f, err));
    ND_TRY(k->add(f, err));
    nd_text script = {0};
    nd_figure_canvas(&script, ending, &f->canvas);
    nd_text_bytes(&script, f->script.s, f->script.n);
    nd_text_add(&script, "%s", nd_figure_template("frame"));
    script.failed |= f->script.failed;
    const nd_code code = nd_figure_end(&script, k->template, path, err);
    nd_text_free(&script);
    return code;
}

nd_code nd_figure_draw(const nd_cube *cube, const nd_map_options *o, const char *ending,
                       const char *path, nd_err *err)
{
    const kind *k;
    ND_TRY(choose_kind(cube, o, &k, err));
    nd_map_options of_kind = *o;
    if (k->x) of_kind.x = k->x;
    nd_drawing f = {.map = cube, .o = &of_kind};
    const nd_code code = draw(&f, k, ending, path, err);
    nd_drawing_free(&f);
    return code;
}
