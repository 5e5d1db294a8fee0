/* figure_curves.c -- the data for figures/curves.gp: medians with quartile bars over one axis, a
 * line for each value of another, panels for each of a third. */
#include "drawing_impl.h"

#include <math.h>
#include <string.h>

#define LETTER 0.62 /* em */

static const double ASPECT = 0.62;
enum { DENSE = 25 }; /* points of a line without bars of its own */

typedef struct extent {
    double lo, hi;
} extent;

static void widen(extent *e, double x)
{
    if (!isfinite(x)) return;
    e->lo = fmin(e->lo, x);
    e->hi = fmax(e->hi, x);
}

static bool single(const nd_drawing *f)
{
    return f->y.n == 1 && f->spread.low && f->spread.high;
}

/* Of all that is drawn, with some room. */
static extent extent_of(const nd_drawing *f)
{
    extent e = {HUGE_VAL, -HUGE_VAL};
    const nd_series *const v[] = {f->value, f->spread.q1, f->spread.q3,
                                  single(f) ? f->spread.low : NULL,
                                  single(f) ? f->spread.high : NULL};
    for (size_t k = 0; k < sizeof v / sizeof *v; k++)
        for (size_t i = 0; v[k] && i < f->map->n; i++)
            widen(&e, v[k]->x[i]);
    if (f->ratio) widen(&e, 1);
    if (e.lo == e.hi) {
        const double room = e.hi != 0 ? 0.1 * fabs(e.hi) : 1;
        return (extent){e.lo - room, e.hi + room};
    }
    const double room = 0.05 * (e.hi - e.lo);
    return (extent){e.lo - room, e.hi + room};
}

/* Numbers go along a scale, names are only different. */
static uint32_t colour_of(const nd_drawing *f, size_t line)
{
    const nd_palette *p = nd_palette_find(f->o->palette ? f->o->palette : "viridis");
    if (f->y.n == 1) return 0x31688e;
    if (f->y.v->s && f->y.n <= ND_HUES) return nd_palette_hue(line);
    const double end =
        f->y.n < 6 ? 0.39 + 0.08 * (double)f->y.n : 0.88; /* few: far from white */
    return nd_palette_rgb(p, end * (double)line / (double)(f->y.n - 1));
}

/* nd_line[j], nd_colour[j]; returns how wide the longest name is. */
static size_t add_names(nd_drawing *f)
{
    nd_text *out = &f->script;
    size_t longest = 0;
    nd_text_add(out, "nd_lines = %zu\narray nd_line[%zu]\narray nd_colour[%zu]\n", f->y.n,
                f->y.n, f->y.n);
    for (size_t j = 0; j < f->y.n; j++) {
        nd_text name = {0};
        if (f->y.v) nd_figure_value(&name, f->y.v, j);
        if (name.n > longest) longest = name.n;
        nd_text_add(out, "nd_line[%zu] = ", j + 1);
        nd_figure_quote(out, nd_text_str(&name), 0);
        nd_text_add(out, "\nnd_colour[%zu] = 0x%06x\n", j + 1, (unsigned)colour_of(f, j));
        out->failed |= name.failed;
        nd_text_free(&name);
    }
    return longest;
}

static size_t count_failed(const nd_drawing *f)
{
    size_t n = 0;
    for (size_t i = 0; i < f->map->n; i++)
        n += nd_drawing_kind(f, i) == ND_CELL_FAILED;
    return n;
}

/* What a single line is of. */
static const char *line_word(const nd_drawing *f)
{
    if (f->ratio) return f->spread.low ? "ratio of medians" : "ratio";
    return *nd_drawing_word(f) ? "median" : f->value->name;
}

/* nd_key_title and nd_key_rows; returns how many rows both are. A single line has no name, but
 * says what is drawn of it. */
static size_t add_key(nd_drawing *f, size_t longest)
{
    nd_text *out = &f->script;
    nd_text title = {0};
    const double across = f->at.left + f->at.right + (double)f->at.columns * f->at.width;
    const size_t failed = count_failed(f) > 0, words = strlen("all trials failed");
    const size_t entries = (f->y.n > 1 ? f->y.n : 2) + failed;
    if (failed && longest < words) longest = words;
    const char *band =
        f->ratio ? "as far as 95 % intervals allow" : "95 % interval of the median";
    nd_figure_text(out, "nd_key_band", band, 0);
    nd_figure_text(out, "nd_key_line", line_word(f), 0);
    if (f->y.n == 1) longest = strlen(band) + 1;
    const double columns = fmax(floor(across / (LETTER * (double)longest + 6)), 1);
    const size_t rows = (size_t)ceil((double)entries / columns);
    if (f->y.n > 1) nd_figure_label(&title, f->y.v, nd_figure_name(f->y.v));
    nd_figure_text(out, "nd_key_title",
                   LETTER * (double)title.n <= across ? nd_text_str(&title)
                                                      : nd_figure_name(f->y.v),
                   0);
    nd_text_add(out, "nd_key_rows = %zu\n", rows);
    out->failed |= title.failed;
    nd_text_free(&title);
    return rows + (f->y.n > 1);
}

/* Lines stand a little beside each other, so that bars do not hide bars. */
static double place(const nd_drawing *f, size_t i, size_t line, double step)
{
    return f->x.at[i] + step * ((double)line - 0.5 * (double)(f->y.n - 1));
}

/* $points, a data set for each line of each panel: x median q1 q3 low high. */
static void add_points(nd_drawing *f, double step)
{
    nd_text *out = &f->script;
    const nd_quartiles *s = &f->spread;
    const nd_series *v[5] = {f->value, s->q1, s->q3, s->low, s->high};
    nd_text_add(out, "$points << EOD\n");
    for (size_t k = 0; k < f->panel.n; k++)
        for (size_t j = 0; j < f->y.n; j++) {
            nd_text_add(out, "%sNaN NaN NaN NaN NaN NaN\n", k || j ? "\n\n" : "");
            for (size_t i = 0; i < f->x.n; i++) {
                const size_t cell = nd_drawing_cell(f, i, j, k);
                nd_text_add(out, "%.9g", place(f, i, j, step));
                for (size_t m = 0; m < 5; m++) {
                    nd_text_add(out, " ");
                    nd_figure_real(out, v[m] ? v[m]->x[cell] : f->value->x[cell]);
                }
                nd_text_add(out, "\n");
            }
        }
    nd_text_add(out, "EOD\n");
}

/* $failed, a data set for each panel: x colour, of points all of whose trials failed. */
static void add_failed(nd_drawing *f, double step)
{
    nd_text *out = &f->script;
    size_t failed = 0;
    nd_text_add(out, "$failed << EOD\n");
    for (size_t k = 0; k < f->panel.n; k++) {
        nd_text_add(out, "%sNaN 0\n", k ? "\n\n" : "");
        for (size_t j = 0; j < f->y.n; j++)
            for (size_t i = 0; i < f->x.n; i++)
                if (nd_drawing_kind(f, nd_drawing_cell(f, i, j, k)) == ND_CELL_FAILED) {
                    nd_text_add(out, "%.9g 0x%06x\n", place(f, i, j, step),
                                (unsigned)colour_of(f, j));
                    failed++;
                }
    }
    nd_text_add(out, "EOD\nnd_failed = %zu\n", failed);
}

nd_code nd_drawing_curves(nd_drawing *f, nd_err *err)
{
    const nd_sides_wanted wanted = {
        .x = f->o->x, .y = f->o->lines, .panel = f->o->panels, .most = 3, .curves = true};
    ND_TRY(nd_drawing_sides(f, &wanted, err));
    nd_text *out = &f->script;
    const extent e = extent_of(f);
    const double tall = ASPECT * 0.8 * f->canvas.width / (f->canvas.points * 2.54 / 72) /
                        (f->panel.v ? 2 : 1);
    nd_text name = {0};
    nd_text_add(&name, "%s%s", nd_drawing_word(f), f->value->name);
    const size_t lines =
        nd_layout_side_label(f, "nd_ylabel", f->value, nd_text_str(&name), tall);
    out->failed |= name.failed;
    nd_text_free(&name);
    f->at.left =
        1.8 + 1.3 * (double)lines + nd_ticks_even(out, "y", e.lo, e.hi, tall, true);
    f->at.ylabel = f->at.left - 1.1;
    f->at.right = 1.8;
    f->at.gap_x = 1.6;
    f->at.gap_y = 0.6;
    /* values stand where they were measured; a point is not a cell as wide as its gap */
    const double span = f->x.at[f->x.n - 1] - f->x.at[0];
    const double room = span > 0 && f->x.scale != ND_SCALE_INDEX ? 0.04 * span : 0.5;
    f->x.edge[0] = f->x.at[0] - (f->x.n > 1 ? room : 0.5);
    f->x.edge[f->x.n] = f->x.at[f->x.n - 1] + (f->x.n > 1 ? room : 0.5);
    const double ticks = nd_layout_ticks(f);
    ND_TRY(nd_layout_check(f, err));
    const size_t longest = add_names(f);
    nd_layout_down(f, ASPECT, ticks, add_key(f, longest));
    nd_text_add(out, "set xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\n", f->x.edge[0],
                f->x.edge[f->x.n], e.lo, e.hi);
    const bool dense = f->x.n > DENSE;
    nd_text_add(out, "nd_dense = %d\nnd_band = %d\nnd_bars = %d\nnd_ratio = %d\n", dense,
                single(f), f->spread.q1 && f->spread.q3, f->ratio);
    const double step =
        dense ? 0 : fmin(0.008 * (f->x.edge[f->x.n] - f->x.edge[0]), room / (double)f->y.n);
    add_points(f, step);
    add_failed(f, step);
    return ND_OK;
}
