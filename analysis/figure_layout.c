/* figure_layout.c -- where panels, title, labels and key stand on the canvas. */
#include "drawing_impl.h"

#include <math.h>

/* em */
#define LINE   1.3
#define MARGIN 0.5
#define LETTER 0.56 /* on average */

static const double WIDTH_MIN = 6;

static double em(const nd_drawing *f)
{
    return f->canvas.points * 2.54 / 72;
}

static size_t columns_of(const nd_drawing *f)
{
    const size_t n = f->panel.n;
    if (f->canvas.width < 12) return n > 1 ? 2 : 1;
    return n < 4 ? n : n == 4 ? 2 : n < 7 || n == 9 ? 3 : 4;
}

void nd_layout_across(nd_drawing *f)
{
    nd_layout *l = &f->at;
    l->columns = columns_of(f);
    l->rows = (f->panel.n + l->columns - 1) / l->columns;
    const double gaps = (double)(l->columns - 1) * l->gap_x;
    l->width = (f->canvas.width / em(f) - l->left - l->right - gaps) / (double)l->columns;
}

double nd_layout_ticks(nd_drawing *f)
{
    nd_text tried = {0};
    nd_layout_across(f);
    const double beyond = nd_ticks_side(&tried, "x", &f->x, f->at.width).beyond;
    nd_text_free(&tried);
    if (beyond + MARGIN > f->at.left) f->at.left = beyond + MARGIN;
    nd_layout_across(f);
    return nd_ticks_side(&f->script, "x", &f->x, f->at.width).down;
}

nd_code nd_layout_check(const nd_drawing *f, nd_err *err)
{
    if (f->at.width >= WIDTH_MIN) return ND_OK;
    return ND_FAIL(
        err, ND_EINPUT,
        "names along the sides leave no room for the figure itself; take another "
        "axis, --lines, or --width double");
}

/* nd_title: the campaign and its question, or what was given instead; returns its lines. */
static size_t add_title(nd_drawing *f)
{
    nd_text *out = &f->script;
    const size_t letters = (size_t)(0.9 * f->canvas.width / em(f) / LETTER);
    const char *title = f->o->title ? f->o->title : f->map->title;
    const char *question = f->o->title ? NULL : f->map->summary;
    nd_text_add(out, "nd_title = ");
    size_t lines = title && *title ? nd_figure_quote(out, title, letters) : 0;
    if (question && *question) {
        nd_text_add(out, lines ? ".\"\\n\"." : "");
        lines += nd_figure_quote(out, question, letters);
    }
    nd_text_add(out, lines ? "\n" : "''\n");
    return lines;
}

static size_t add_label(nd_drawing *f, const char *variable, const nd_side *s, double room)
{
    nd_text label = {0};
    if (s->v) nd_figure_label(&label, s->v, nd_figure_name(s->v));
    nd_text_add(&f->script, "%s = ", variable);
    const size_t lines =
        nd_figure_quote(&f->script, nd_text_str(&label), (size_t)(room / LETTER));
    nd_text_add(&f->script, "\n");
    f->script.failed |= label.failed;
    nd_text_free(&label);
    return lines;
}

size_t nd_layout_side_label(nd_drawing *f, const char *variable, const nd_series *v,
                            const char *name, double room)
{
    nd_text label = {0};
    nd_figure_label(&label, v, name);
    const double lines = ceil(LETTER * (double)label.n / room);
    const bool fits = lines <= 2;
    nd_text_add(&f->script, "%s = ", variable);
    const size_t made = nd_figure_quote(&f->script, fits ? nd_text_str(&label) : name,
                                        fits ? (size_t)(room / LETTER) : 0);
    nd_text_add(&f->script, "\n");
    f->script.failed |= label.failed;
    nd_text_free(&label);
    return made;
}

static void add_panel_titles(nd_drawing *f)
{
    nd_text *out = &f->script;
    nd_text_add(out, "nd_panels = %zu\narray nd_panel[%zu]\n", f->panel.n, f->panel.n);
    for (size_t k = 0; k < f->panel.n; k++) {
        nd_text title = {0};
        if (f->panel.v) {
            nd_text_add(&title, "%s ", nd_figure_name(f->panel.v));
            nd_figure_value(&title, f->panel.v, k);
        }
        nd_text_add(out, "nd_panel[%zu] = ", k + 1);
        nd_figure_quote(out, nd_text_str(&title), 0);
        nd_text_add(out, "\n");
        out->failed |= title.failed;
        nd_text_free(&title);
    }
}

void nd_layout_down(nd_drawing *f, double aspect, double tick_height, size_t key_rows)
{
    nd_layout *l = &f->at;
    nd_text *out = &f->script;
    const double across = f->canvas.width / em(f);
    const size_t title = add_title(f);
    const size_t labels = add_label(f, "nd_xlabel", &f->x, across - l->left - l->right + 4);
    add_panel_titles(f);
    const double key = key_rows ? LINE * (double)key_rows + MARGIN : 0;
    const double label = f->x.v ? LINE * (double)labels : 0;
    l->bottom = MARGIN + key + label + tick_height + 2 * MARGIN;
    l->top = 2 * MARGIN + LINE * (double)title + (f->panel.v || f->panel.n > 1 ? LINE : 0);
    l->gap_y += f->panel.n > 1 ? LINE + MARGIN : 0;
    l->height = aspect * l->width;
    const double down =
        l->bottom + l->top + (double)l->rows * l->height + (double)(l->rows - 1) * l->gap_y;
    f->canvas.height = down * em(f);
    nd_text_add(out, "nd_columns = %zu\nnd_rows = %zu\n", l->columns, l->rows);
    const struct {
        const char *name;
        double em, of;
    } places[] = {
        {"nd_em_x", 1, across},
        {"nd_em_y", 1, down},
        {"nd_left", l->left, across},
        {"nd_right", across - l->right, across},
        {"nd_bottom", l->bottom, down},
        {"nd_top", down - l->top, down},
        {"nd_panel_width", l->width, across},
        {"nd_panel_height", l->height, down},
        {"nd_gap_x", l->gap_x, across},
        {"nd_gap_y", l->gap_y, down},
        {"nd_key_y", MARGIN, down},
        {"nd_ylabel_x", l->left - f->at.ylabel, across},
        {"nd_xlabel_y", MARGIN + key + label - 0.5 * LINE, down},
        {"nd_title_y", down - MARGIN - 0.5 * LINE, down},
    };
    for (size_t k = 0; k < sizeof places / sizeof *places; k++)
        nd_text_add(out, "%s = %.6f\n", places[k].name, places[k].em / places[k].of);
}
