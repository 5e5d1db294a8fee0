/* figure_heatmap.c -- the data for figures/heatmap.gp: cells over two axes, and of a third in
 * panels. */
#include "drawing_impl.h"

#include <math.h>
#include <string.h>

#define LETTER 0.62 /* em, of a digit */

static const double ASPECT = 0.72;

/* ---- colour ---- */

static const nd_palette *palette_of(const nd_drawing *f)
{
    const nd_palette *wanted = f->o->palette ? nd_palette_find(f->o->palette) : NULL;
    return wanted ? wanted : nd_palette_find(f->ratio || f->centred ? "rdbu" : "viridis");
}

/* What the ends of the palette stand for. */
static void colour_range(const nd_drawing *f, double *lo, double *hi)
{
    *lo = f->lo;
    *hi = f->hi;
    if (f->ratio) {
        *hi = fmax(fmax(f->hi, 1 / f->lo), 1.05);
        *lo = 1 / *hi;
    } else if (f->centred) {
        *hi = fmax(fabs(f->lo), fabs(f->hi));
        if (*hi == 0) *hi = 1;
        *lo = -*hi;
    } else if (f->lo == f->hi) {
        const double room = f->hi != 0 ? 0.1 * fabs(f->hi) : 1;
        *lo -= room;
        *hi += room;
    }
}

static uint32_t colour_of(const nd_drawing *f, double value)
{
    double lo, hi;
    colour_range(f, &lo, &hi);
    const double part =
        f->logarithmic ? log(value / lo) / log(hi / lo) : (value - lo) / (hi - lo);
    return nd_palette_rgb(palette_of(f), part);
}

/* The different values of a variable that has few. */
static size_t different(const nd_drawing *f, double *out, size_t most)
{
    size_t n = 0;
    for (size_t i = 0; i < f->map->n; i++) {
        size_t k = 0;
        const double x = f->value->x[i];
        while (k < n && out[k] != x)
            k++;
        if (isnan(x) || k < n) continue;
        if (n == most) return 0;
        out[n++] = x;
    }
    return n;
}

static double add_colour_ticks(nd_drawing *f, double lo, double hi, double room)
{
    static const double ratios[] = {0.1, 0.2,  0.333, 0.5, 0.667, 0.8, 0.9, 1,
                                    1.1, 1.25, 1.5,   2,   3,     5,   10};
    double few[16];
    nd_text *out = &f->script;
    if (!f->logarithmic) return nd_ticks_even(out, "cb", lo, hi, room, true);
    if (!f->ratio) {
        const size_t n = different(f, few, 16);
        return nd_ticks_values(out, "cb", few, n);
    }
    if (hi < 1.25) return nd_ticks_even(out, "cb", lo, hi, room, true);
    size_t n = 0;
    for (size_t k = 0; k < sizeof ratios / sizeof *ratios && n < 16; k++) {
        const bool fine = fabs(log(ratios[k])) > 0 && fabs(log(ratios[k])) < 0.15 * log(hi);
        if (ratios[k] >= lo && ratios[k] <= hi && !fine) few[n++] = ratios[k];
    }
    return nd_ticks_values(out, "cb", few, n);
}

static void add_palette(nd_drawing *f, double lo, double hi)
{
    nd_text *out = &f->script;
    const nd_palette *p = palette_of(f);
    nd_text_add(out, "# %s: %s\nset palette defined (", p->name, p->source);
    for (size_t i = 0; i < p->n; i++)
        nd_text_add(out, "%s%zu \"#%06x\"", i ? ", " : "", i, (unsigned)p->rgb[i]);
    nd_text_add(out, ")\n%sset cbrange [%.9g:%.9g]\n",
                f->logarithmic ? "set logscale cb\n" : "", lo, hi);
}

/* ---- cells ---- */

/* $measured, $failed, $unsampled, $missing and $blank, a data set for each panel: x y, the rectangle, the
 * value; and whether any is. */
static void add_cells(nd_drawing *f)
{
    static const char *const names[ND_CELL_KINDS] = {"measured", "failed", "unsampled",
                                                     "missing", "blank"};
    nd_text *out = &f->script;
    for (int kind = 0; kind < ND_CELL_KINDS; kind++) {
        size_t n = 0;
        nd_text_add(out, "$%s << EOD\n", names[kind]);
        for (size_t k = 0; k < f->panel.n; k++) {
            nd_text_add(out, "%sNaN NaN NaN NaN NaN NaN NaN\n", k ? "\n\n" : "");
            for (size_t i = 0; i < f->x.n; i++)
                for (size_t j = 0; j < f->y.n; j++) {
                    const size_t cell = nd_drawing_cell(f, i, j, k);
                    if (nd_drawing_kind(f, cell) != (nd_cell_kind)kind) continue;
                    nd_text_add(out, "%.9g %.9g %.9g %.9g %.9g %.9g ", f->x.at[i],
                                f->y.at[j], f->x.edge[i], f->x.edge[i + 1], f->y.edge[j],
                                f->y.edge[j + 1]);
                    nd_figure_real(out, f->value->x[cell]);
                    nd_text_add(out, "\n");
                    n++;
                }
        }
        nd_text_add(out, "EOD\nnd_%s = %zu\n", names[kind], n);
    }
}

/* A ratio whose interval includes 1 is in brackets. */
static void add_number(nd_text *out, const nd_drawing *f, size_t cell, int digits)
{
    const nd_quartiles *s = &f->spread;
    const bool unsure =
        f->ratio && s->low && s->high && s->low->x[cell] <= 1 && s->high->x[cell] >= 1;
    const bool fixed = !f->logarithmic && digits >= 0 && digits <= 5;
    const double value = f->value->x[cell];
    const bool zero = fixed && fabs(value) < 0.5 * pow(10, -digits); /* no -0.000 */
    nd_text_add(out, unsure ? "\"(" : "\"");
    if (nd_drawing_of_settings(f))
        nd_figure_value(out, f->value, cell);
    else if (f->ratio)
        nd_text_add(out, "%.2f", value);
    else if (fixed)
        nd_text_add(out, "%.*f", digits, zero ? 0 : value);
    else
        nd_text_add(out, "%.3g", value);
    nd_text_add(out, unsure ? ")\"" : "\"");
}

/* Of the cells along a side, as a part of it. */
static double narrowest(const nd_side *s)
{
    double least = HUGE_VAL;
    for (size_t i = 0; i < s->n; i++)
        least = fmin(least, s->edge[i + 1] - s->edge[i]);
    return least / (s->edge[s->n] - s->edge[0]);
}

static size_t longest_number(const nd_drawing *f, int digits)
{
    size_t longest = 0;
    for (size_t i = 0; i < f->map->n; i++) {
        nd_text number = {0};
        if (!isnan(f->value->x[i])) add_number(&number, f, i, digits);
        if (number.n > longest + 2) longest = number.n - 2; /* without its quotes */
        nd_text_free(&number);
    }
    return longest;
}

/* Below the centre, where the contour passes least. */
double nd_drawing_print_at(const nd_drawing *f, size_t j)
{
    return 0.6 * f->y.at[j] + 0.4 * f->y.edge[j];
}

/* $printed: x y "0.123" ink; empty when the cells are too small for it. */
static void add_printed(nd_drawing *f)
{
    nd_text *out = &f->script;
    const double most = fmax(fabs(f->lo), fabs(f->hi));
    const int three = most > 0 ? 2 - (int)floor(log10(most)) : 0;
    const int digits = three < 0 && most < 1e6 ? 0 : three; /* after the point */
    const double wide = f->at.width * narrowest(&f->x),
                 high = ASPECT * f->at.width * narrowest(&f->y);
    const bool readable = high > 1.6 && wide > LETTER * 3 &&
                          wide > LETTER * (0.5 + (double)longest_number(f, digits));
    nd_text_add(out, "$printed << EOD\n");
    for (size_t k = 0; k < f->panel.n; k++) {
        nd_text_add(out, "%sNaN NaN \"\" 0\n", k ? "\n\n" : "");
        for (size_t i = 0; readable && i < f->x.n; i++)
            for (size_t j = 0; j < f->y.n; j++) {
                const size_t cell = nd_drawing_cell(f, i, j, k);
                const double value = f->value->x[cell];
                if (isnan(value)) continue;
                nd_text_add(out, "%.9g %.9g ", f->x.at[i], nd_drawing_print_at(f, j));
                add_number(out, f, cell, digits);
                nd_text_add(out, " 0x%06x\n",
                            (unsigned)nd_palette_ink(colour_of(f, value)));
            }
    }
    nd_text_add(out, "EOD\n");
}

/* ---- all of it ---- */

#define LINE 1.3 /* em */

/* Room to the left and right, for labels and ticks along sides of about `tall` em. */
static void lay_out_sides(nd_drawing *f, double lo, double hi, double tall)
{
    nd_text *out = &f->script;
    nd_text name = {0};
    nd_text_add(&name, "%s%s", nd_drawing_word(f), f->value->name);
    const size_t y_lines =
        nd_layout_side_label(f, "nd_ylabel", f->y.v, nd_figure_name(f->y.v), tall);
    const size_t value_lines =
        nd_layout_side_label(f, "nd_value", f->value, nd_text_str(&name), tall);
    nd_text_add(out, "nd_value_lines = %zu\n", value_lines);
    f->at.left = 1.8 + LINE * (double)y_lines + nd_ticks_side(out, "y", &f->y, tall).across;
    f->at.ylabel = f->at.left - 1.1;
    f->at.right = 4.1 + LINE * (double)value_lines + add_colour_ticks(f, lo, hi, tall);
    out->failed |= name.failed;
    nd_text_free(&name);
}

/* How tall all panels are together when labels beside them are as for `guess`; at most that. */
static double try_out(nd_drawing *f, double lo, double hi, double guess)
{
    nd_text kept = f->script;
    f->script = (nd_text){0};
    lay_out_sides(f, lo, hi, guess);
    (void)nd_layout_ticks(f);
    nd_text_free(&f->script);
    f->script = kept;
    const double rows = (double)f->at.rows;
    return fmin(guess, rows * ASPECT * f->at.width + (rows - 1) * f->at.gap_y);
}

/* Rows of the key: one entry each for what there is; and nd_key_rows. */
static size_t key_rows(nd_drawing *f, size_t contour)
{
    static const size_t letters[ND_CELL_KINDS] = {0, 17, 11, 11, 8};
    const double across = f->at.left + f->at.right + (double)f->at.columns * f->at.width;
    size_t n[ND_CELL_KINDS] = {0}, entries = contour > 0;
    double longest = (double)contour;
    for (size_t i = 0; i < f->map->n; i++)
        n[nd_drawing_kind(f, i)]++;
    for (int k = ND_CELL_FAILED; k < ND_CELL_KINDS; k++) {
        if (!n[k]) continue;
        entries++;
        longest = fmax(longest, (double)letters[k]);
    }
    const double columns = fmax(floor(across / (LETTER * longest + 6)), 1);
    const size_t rows = (size_t)ceil((double)entries / columns);
    nd_text_add(&f->script, "nd_key_rows = %zu\n", rows ? rows : 1);
    return rows;
}

nd_code nd_drawing_heatmap(nd_drawing *f, nd_err *err)
{
    const nd_sides_wanted wanted = {
        .x = f->o->x, .y = f->o->y, .panel = f->o->panels, .most = 3, .y_needed = true};
    double lo, hi;
    ND_TRY(nd_drawing_sides(f, &wanted, err));
    if (f->ratio && f->lo <= 0)
        return ND_FAIL(err, ND_EINPUT,
                       "%s is %.3g somewhere, and colours tell ratios above 0 only; take "
                       "--figure curves, or write .csv, .tex or .nc",
                       f->value->name, f->lo);
    colour_range(f, &lo, &hi);
    nd_text *out = &f->script;
    size_t contour;
    ND_TRY(nd_drawing_contours(f, &contour, err));
    f->at.gap_x = 1.2;
    f->at.gap_y = 0.6;
    /* the axis' own room is not known yet; a canvas' width does for a first try */
    const double guess = ASPECT * 0.7 * f->canvas.width / (f->canvas.points * 2.54 / 72) /
                         (f->panel.v ? 2 : 1);
    const double tall = try_out(f, lo, hi, guess);
    ND_TRY(nd_layout_check(f, err));
    lay_out_sides(f, lo, hi, tall);
    const double x_ticks = nd_layout_ticks(f);
    nd_layout_down(f, ASPECT, x_ticks, key_rows(f, contour));
    nd_text_add(out, "set xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\n", f->x.edge[0],
                f->x.edge[f->x.n], f->y.edge[0], f->y.edge[f->y.n]);
    add_palette(f, lo, hi);
    add_cells(f);
    add_printed(f);
    return ND_OK;
}
