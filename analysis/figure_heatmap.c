/* figure_heatmap.c -- the data for figures/heatmap.gp. */
#include "drawing_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PRINTED_CELLS_MAX = 60 };

/* Perceived lightness of viridis rises evenly: dark below, light above. */
static const char *ink(const nd_drawing *f, double value)
{
    const double part = f->hi > f->lo ? (value - f->lo) / (f->hi - f->lo) : 0;
    return part > 0.55 ? "0x000000" : "0xffffff";
}

static void add_rectangle(nd_text *out, const nd_drawing *f, size_t i, size_t j)
{
    nd_text_add(out, "%.9g %.9g %.9g %.9g %.9g %.9g", f->x.at[i], f->y.at[j], f->x.edge[i],
                f->x.edge[i + 1], f->y.edge[j], f->y.edge[j + 1]);
}

/* $measured, $failed, $unsampled and $missing: x y, the rectangle, the value; and whether any is.
 */
static void add_cells(nd_drawing *f)
{
    static const char *const names[ND_CELL_KINDS] = {"measured", "failed", "unsampled",
                                                     "missing"};
    nd_text *out = &f->script;
    for (int kind = 0; kind < ND_CELL_KINDS; kind++) {
        size_t n = 0;
        nd_text_add(out, "$%s << EOD\n", names[kind]);
        for (size_t i = 0; i < f->x.n; i++)
            for (size_t j = 0; j < f->y.n; j++) {
                const size_t cell = nd_drawing_cell(f, i, j);
                if (nd_drawing_kind(f, cell) != (nd_cell_kind)kind) continue;
                add_rectangle(out, f, i, j);
                nd_text_add(out, " ");
                nd_figure_real(out, f->value->x[cell]);
                nd_text_add(out, "\n");
                n++;
            }
        nd_text_add(out, "EOD\nnd_%s = %zu\n", names[kind], n);
    }
}

/* $printed: x y "0.123" ink; empty when the cells are too many to be read. They stand below
 * the centre, where the contour passes least. */
static void add_printed(nd_drawing *f)
{
    nd_text *out = &f->script;
    const double most = fmax(fabs(f->lo), fabs(f->hi));
    const int digits = most > 0 ? 2 - (int)floor(log10(most)) : 0;
    const bool fixed = digits >= 0 && digits <= 5;
    const bool readable = f->x.n * f->y.n <= PRINTED_CELLS_MAX && f->x.n <= 12;
    nd_text_add(out, "$printed << EOD\n");
    for (size_t i = 0; readable && i < f->x.n; i++)
        for (size_t j = 0; j < f->y.n; j++) {
            const double value = f->value->x[nd_drawing_cell(f, i, j)];
            if (isnan(value)) continue;
            nd_text_add(out, fixed ? "%.9g %.9g \"%.*f\" %s\n" : "%.9g %.9g \"%.*g\" %s\n",
                        f->x.at[i], 0.6 * f->y.at[j] + 0.4 * f->y.edge[j],
                        fixed ? digits : 3, value, ink(f, value));
        }
    nd_text_add(out, "EOD\n");
}

/* Half way between the ends of the range, rounded to two digits where that stays inside. */
static double half_way(const nd_drawing *f)
{
    const double middle = 0.5 * (f->lo + f->hi);
    char text[32];
    nd_text rounded = {0};
    nd_text_add(&rounded, "%.1e", middle);
    nd_copy(text, sizeof text, nd_text_str(&rounded));
    nd_text_free(&rounded);
    const double level = strtod(text, NULL);
    return level > f->lo && level < f->hi ? level : middle;
}

enum { LEVELS_MAX = 8 };

/* What is drawn: what was asked for, else what a refinement followed, else half way. */
static size_t contour_levels(const nd_drawing *f, double level[LEVELS_MAX])
{
    size_t n = 0;
    const char *followed = f->map->contour ? f->map->contour : "";
    const size_t name = strcspn(followed, " ");
    level[0] = f->o->contour;
    if (!isnan(f->o->contour)) return 1;
    if (strlen(f->o->metric) == name && !strncmp(followed, f->o->metric, name))
        for (const char *at = followed + name; n < LEVELS_MAX; n++) {
            char *end;
            level[n] = strtod(at, &end);
            if (end == at) break;
            at = end;
        }
    if (!n) level[n++] = half_way(f);
    return n;
}

/* The line passes where a square of four measured cells has values on both sides. */
static bool contour_passes(const nd_drawing *f, double level)
{
    for (size_t i = 1; i < f->x.n; i++)
        for (size_t j = 1; j < f->y.n; j++) {
            size_t below = 0, above = 0;
            for (size_t k = 0; k < 4; k++) {
                const double v = f->value->x[nd_drawing_cell(f, i - k % 2, j - k / 2)];
                below += v < level;
                above += v >= level;
            }
            if (below && above && below + above == 4) return true;
        }
    return false;
}

/* $grid: lines of points along y, for the contour. */
static void add_contour(nd_drawing *f)
{
    nd_text *out = &f->script;
    double level[LEVELS_MAX];
    const size_t n = contour_levels(f, level);
    bool passes = false;
    nd_text label = {0};
    nd_text_add(out, "nd_levels = \"");
    for (size_t k = 0; k < n; k++) {
        passes |= contour_passes(f, level[k]);
        nd_text_add(out, "%s%.9g", k ? ", " : "", level[k]);
        nd_text_add(&label, "%s%s%.3g", k ? "" : f->value->name, k ? ", " : " = ",
                    level[k]);
    }
    nd_text_add(out, "\"\nnd_contour = %d\n", passes);
    nd_figure_text(out, "nd_level_text", nd_text_str(&label), 0);
    out->failed |= label.failed;
    nd_text_free(&label);
    nd_text_add(out, "$grid << EOD\n");
    for (size_t i = 0; i < f->x.n; i++) {
        for (size_t j = 0; j < f->y.n; j++) {
            nd_text_add(out, "%.9g %.9g ", f->x.at[i], f->y.at[j]);
            nd_figure_real(out, f->value->x[nd_drawing_cell(f, i, j)]);
            nd_text_add(out, "\n");
        }
        nd_text_add(out, "\n");
    }
    nd_text_add(out, "EOD\n");
}

void nd_drawing_heatmap(nd_drawing *f)
{
    nd_text *out = &f->script;
    nd_figure_label(out, "nd_ylabel", f->y.v, nd_figure_name(f->y.v));
    nd_figure_ticks(out, "x", &f->x);
    nd_figure_ticks(out, "y", &f->y);
    nd_text_add(out, "set xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\n", f->x.edge[0],
                f->x.edge[f->x.n], f->y.edge[0], f->y.edge[f->y.n]);
    const double room = f->hi > f->lo ? 0 : f->hi != 0 ? 0.1 * fabs(f->hi) : 1;
    nd_text_add(out, "set cbrange [%.9g:%.9g]\n", f->lo - room, f->hi + room);
    add_cells(f);
    add_printed(f);
    add_contour(f);
}
