/* tiles.c -- lays images out in a grid and has gnuplot draw it.
 *
 * The whole grid is one block of pixels, one cell wide borders between the images left
 * blank. The canvas is sized so that a pixel of an image is a whole number of pixels of a PNG,
 * but for what gnuplot rounds at the edges. */
#include "nudge/tiles.h"

#include "figure_impl.h"
#include "nudge/file.h"
#include "nudge/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Lengths on the canvas, in pixels of a PNG. */
enum { LONG_SIDE = 1500, WIDTH_MIN = 900, MARGIN = 40, LINE_HEIGHT = 44 };

/* Characters of a title that stand side by side on so many pixels. */
enum { PIXELS_PER_LETTER = 22 };

static const struct {
    const char *ending, *terminal; /* with room for width and height */
    double unit;                   /* of a pixel */
} terminals[] = {
    {"png", "pngcairo noenhanced size %.0f,%.0f font 'DejaVu Sans,27'", 1},
    {"pdf", "pdfcairo noenhanced size %.3fcm,%.3fcm font 'DejaVu Sans,8'", 16.0 / 1800},
    {"svg",
     "svg noenhanced size %.0f,%.0f dynamic font 'DejaVu Sans,14' background rgb 'white'",
     0.5},
};

typedef struct picture {
    const nd_tiles *t;
    size_t across, down;  /* images */
    size_t width, height; /* cells of the grid, borders included */
    double lo, hi;
    nd_text script;
} picture;

/* ---- what to draw ---- */

static nd_code check(const nd_tiles *t, nd_err *err)
{
    size_t pixels;
    if (!t->count || !t->rows || !t->cols)
        return ND_FAIL(err, ND_EINPUT,
                       "there is nothing to draw: %zu images of %zu x %zu pixels", t->count,
                       t->rows, t->cols);
    if (!nd_mul(t->rows, t->cols, &pixels) || !nd_mul(pixels, t->count, &pixels) ||
        pixels > ND_TILES_PIXELS_MAX)
        return ND_FAIL(
            err, ND_EINPUT,
            "%zu images of %zu x %zu pixels are too much for one picture (at most "
            "%d pixels); draw fewer",
            t->count, t->rows, t->cols, ND_TILES_PIXELS_MAX);
    return ND_OK;
}

static void lay_out(picture *p)
{
    const nd_tiles *t = p->t;
    const double shape = (double)(t->rows + 1) / (double)(t->cols + 1);
    p->across = t->across ? t->across : (size_t)ceil(sqrt((double)t->count * shape));
    if (p->across > t->count) p->across = t->count;
    if (!p->across) p->across = 1;
    p->down = (t->count + p->across - 1) / p->across;
    p->width = p->across * (t->cols + 1) + 1;
    p->height = p->down * (t->rows + 1) + 1;
}

static nd_code choose_range(picture *p, nd_err *err)
{
    const nd_tiles *t = p->t;
    double lo = HUGE_VAL, hi = -HUGE_VAL;
    for (size_t i = 0; i < t->count * t->rows * t->cols; i++)
        if (isfinite(t->pixels[i])) {
            lo = fmin(lo, (double)t->pixels[i]);
            hi = fmax(hi, (double)t->pixels[i]);
        }
    if (lo > hi)
        return ND_FAIL(err, ND_EINPUT, "no pixel of %zu images is a number", t->count);
    if (t->centred) {
        hi = fmax(fabs(lo), fabs(hi));
        lo = -hi;
    }
    p->lo = t->lo != t->hi ? (double)t->lo : lo;
    p->hi = t->lo != t->hi ? (double)t->hi : hi;
    return ND_OK;
}

/* ---- the script ---- */

static void add_canvas(picture *p, const char *ending)
{
    nd_text *out = &p->script;
    const char *title = p->t->title ? p->t->title : "";
    const size_t longest = p->width > p->height ? p->width : p->height;
    const size_t zoom = longest < LONG_SIDE ? LONG_SIDE / longest : 1;
    const double grid_width = (double)(p->width * zoom);
    const double width = fmax(grid_width + 2 * MARGIN, WIDTH_MIN);
    const size_t letters = (size_t)width / PIXELS_PER_LETTER;
    const size_t lines = *title ? strlen(title) / letters + 1 : 0;
    const double above = MARGIN + LINE_HEIGHT * (double)lines, below = MARGIN + LINE_HEIGHT;
    const double height = (double)(p->height * zoom) + above + below;
    for (size_t i = 0; i < sizeof terminals / sizeof *terminals; i++) {
        if (strcmp(terminals[i].ending, ending) != 0) continue;
        nd_text_add(out, "set terminal ");
        nd_text_add(out, terminals[i].terminal, width * terminals[i].unit,
                    height * terminals[i].unit);
        nd_text_add(out, "\n");
    }
    nd_text_add(out, "nd_left = %.9g\nnd_right = %.9g\n", 0.5 - grid_width / width / 2,
                0.5 + grid_width / width / 2);
    nd_text_add(out, "nd_bottom = %.9g\nnd_top = %.9g\n", below / height,
                1 - above / height);
    nd_figure_text(out, "nd_title", title, letters);
}

static void add_scale(picture *p)
{
    nd_text scale = {0};
    nd_text_add(&scale, "black %.3g, white %.3g", p->lo, p->hi);
    nd_figure_text(&p->script, "nd_scale", nd_text_str(&scale), 0);
    p->script.failed |= scale.failed;
    nd_text_free(&scale);
}

/* The pixel of cell (y, x) of the grid; NaN on borders and past the last image. */
static double cell_at(const picture *p, size_t y, size_t x)
{
    const nd_tiles *t = p->t;
    const size_t row = y % (t->rows + 1), col = x % (t->cols + 1);
    const size_t i = y / (t->rows + 1) * p->across + x / (t->cols + 1);
    if (!row || !col || i >= t->count) return (double)NAN;
    return (double)t->pixels[(i * t->rows + row - 1) * t->cols + col - 1];
}

/* From black 0 to white 255; one grey where all are alike. */
static double shade(const picture *p, double value)
{
    const double part = p->hi != p->lo ? (value - p->lo) / (p->hi - p->lo) : 0.5;
    return round(255 * fmin(1, fmax(0, part)));
}

static void add_grid(picture *p)
{
    nd_text *out = &p->script;
    nd_text_add(out, "set xrange [-0.5:%zu.5]\nset yrange [%zu.5:-0.5]\n", p->width - 1,
                p->height - 1);
    const size_t last = p->t->count - (p->down - 1) * p->across; /* of the last row */
    nd_text_add(out, "nd_free_x = %zu.5\nnd_free_y = %zu.5\n", last * (p->t->cols + 1),
                (p->down - 1) * (p->t->rows + 1));
    nd_text_add(out, "$tiles << EOD\n");
    for (size_t y = 0; y < p->height; y++) {
        for (size_t x = 0; x < p->width; x++) {
            const double value = cell_at(p, y, x);
            if (isnan(value))
                nd_text_bytes(out, "NaN ", 4);
            else
                nd_text_add(out, "%.0f ", shade(p, value));
        }
        nd_text_bytes(out, "\n", 1);
    }
    nd_text_add(out, "EOD\n");
}

static nd_code draw(picture *p, const char *ending, const char *path, nd_err *err)
{
    ND_TRY(check(p->t, err));
    lay_out(p);
    ND_TRY(choose_range(p, err));
    add_canvas(p, ending);
    add_scale(p);
    add_grid(p);
    nd_text_add(&p->script, "%s", nd_figure_template("tiles"));
    ND_TRY(nd_text_check(&p->script, err));
    nd_text image = {0};
    nd_code code = nd_gnuplot_run(&p->script, &image, err);
    if (code == ND_OK) code = nd_file_publish(path, image.s, image.n, err);
    nd_text_free(&image);
    return code;
}

static const char *ending_of(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot && !strchr(dot, '/') ? dot + 1 : "";
}

nd_code nd_tiles_check(const char *path, nd_err *err)
{
    if (nd_figure_known(ending_of(path))) return ND_OK;
    return ND_FAIL(err, ND_EUSAGE,
                   "cannot tell the kind of picture from \"%s\"; it must end in .png, "
                   ".svg or .pdf",
                   path);
}

nd_code nd_tiles_write(const nd_tiles *t, const char *path, nd_err *err)
{
    ND_TRY(nd_tiles_check(path, err));
    picture p = {.t = t};
    const nd_code code = draw(&p, ending_of(path), path, err);
    nd_text_free(&p.script);
    return code;
}
