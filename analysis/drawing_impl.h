/* drawing_impl.h -- the parts of a figure of a map, for this folder alone.
 *
 * A figure has panels, of one value of `panel` each; over x and, in a heat map, y. Of curves, y
 * tells the lines. Lengths on the canvas are in em, the size of the letters. */
#ifndef NUDGE_DRAWING_IMPL_H
#define NUDGE_DRAWING_IMPL_H

#include "figure_impl.h"
#include "nudge/palette.h"

#include <stdint.h>

enum { ND_PANELS_MAX = 12, ND_LINES_MAX = 12, ND_LEVELS_MAX = 8 };

typedef enum nd_scale {
    ND_SCALE_LINEAR,
    ND_SCALE_LOGARITHMIC,
    ND_SCALE_INDEX /* side by side */
} nd_scale;

/* An axis of the figure. */
typedef struct nd_side {
    const nd_series *v; /* NULL: there is none, n 1 */
    size_t axis;        /* of the cube */
    size_t n;
    nd_scale scale;
    double *at;   /* (n) positions                    */
    double *edge; /* (n + 1) of the cells around them */
} nd_side;

/* Where things stand. */
typedef struct nd_layout {
    double left, right, bottom, top; /* around all panels, em */
    double ylabel;                   /* from the label of y to the panels */
    double gap_x, gap_y;             /* between them          */
    double width, height;            /* of one                */
    size_t columns, rows;
} nd_layout;

/* Statistics of the drawn variable; NULL where the map has none. */
typedef struct nd_quartiles {
    const nd_series *q1, *q3, *low, *high;
} nd_quartiles;

typedef struct nd_drawing {
    const nd_cube *map;
    const nd_map_options *o;
    const nd_series *value, *n, *n_failed;
    const nd_series *n_pending, *n_unsampled; /* n ... NULL: a cube that does not count */
    nd_quartiles spread;
    double lo, hi;       /* of the values */
    bool logarithmic;    /* their colour  */
    bool ratio, centred; /* told against 1, or against 0 */
    nd_side x, y, panel;
    nd_canvas canvas;
    nd_layout at;
    nd_text script; /* all after the canvas is chosen */
} nd_drawing;

typedef enum nd_cell_kind {
    ND_CELL_MEASURED,
    ND_CELL_FAILED,
    ND_CELL_UNSAMPLED,
    ND_CELL_MISSING,
    ND_CELL_BLANK, /* trials finished there, and have no such value */
    ND_CELL_KINDS
} nd_cell_kind;

/* figure_values.c: finds the drawn variable and what belongs to it; cells by position along x, y
 * and panel. */
ND_MUST nd_code nd_drawing_values(nd_drawing *f, nd_err *err);
size_t nd_drawing_cell(const nd_drawing *f, size_t i, size_t j, size_t panel);
nd_cell_kind nd_drawing_kind(const nd_drawing *f, size_t cell);
/* z (x.n, y.n) of a panel. */
void nd_drawing_grid(const nd_drawing *f, size_t panel, double *z);
const char *nd_drawing_word(const nd_drawing *f); /* "median ", or "" */
/* Is it best_P of a tuned parameter, or a derived one? */
bool nd_drawing_of_settings(const nd_drawing *f);

/* figure_sides.c: chooses x, y and panel, the named ones first, then the first axes that vary;
 * every other must have come down to one value. */
typedef struct nd_sides_wanted {
    const char *x, *y, *panel; /* NULL: not named */
    size_t most;               /* sides altogether */
    bool y_needed;
    bool curves; /* x is measured, not a row of cells */
} nd_sides_wanted;
ND_MUST nd_code nd_drawing_sides(nd_drawing *f, const nd_sides_wanted *wanted, nd_err *err);
void nd_drawing_free(nd_drawing *f);

/* figure_ticks.c: nd_WHICHticks and nd_WHICHbare, without labels, to be given to `set xtics`: as
 * many as can be read on `room` em; of names, all. What labels take, in em: */
typedef struct nd_ticks_size {
    double across, down; /* the longest; from the axis to their ends, below it */
    double beyond;       /* how far the first sticks out to the left of the axis */
} nd_ticks_size;
nd_ticks_size nd_ticks_side(nd_text *out, const char *which, const nd_side *s, double room);
/* Returns how wide the longest is. */
double nd_ticks_even(nd_text *out, const char *which, double lo, double hi, double room,
                     bool upright);
double nd_ticks_values(nd_text *out, const char *which, const double *x, size_t n);
/* The first n of v, at 0, 1, ... */
double nd_ticks_rows(nd_text *out, const char *which, const nd_series *v, size_t n);

/* figure_layout.c: left and right are given; nd_layout_ticks chooses ticks of x, and widens left
 * until they have room; returns their height. */
double nd_layout_ticks(nd_drawing *f);
/* ND_EINPUT: after that panels are too narrow to be seen. */
ND_MUST nd_code nd_layout_check(const nd_drawing *f, nd_err *err);

/* variable = what v is, along a side of `room` em: in one line or two; its name where that is not
 * enough. Returns the lines. */
size_t nd_layout_side_label(nd_drawing *f, const char *variable, const nd_series *v,
                            const char *name, double room);

/* Places for panels of height = aspect * width once left, right and the gaps are
 * known: first across, then down, where title, labels and key take what they need. */
void nd_layout_across(nd_drawing *f);
void nd_layout_down(nd_drawing *f, double aspect, double tick_height, size_t key_rows);

/* figure_text.c: 'text' wrapped into lines of about `width` characters (0: one line); returns how
 * many. */
size_t nd_figure_quote(nd_text *out, const char *s, size_t width);
void nd_figure_real(nd_text *out, double x);
/* The first clause of the description, the name, and what it is counted in. */
void nd_figure_label(nd_text *out, const nd_series *v, const char *name);
const char *nd_figure_name(const nd_series *v); /* the parameter's, where it is one */

/* Options: levels "0.05,0.1" of --contour; is there such an axis? */
ND_MUST nd_code nd_figure_levels(const char *list, double level[ND_LEVELS_MAX], size_t *n,
                                 nd_err *err);
ND_MUST nd_code nd_figure_check_axis(const nd_cube *map, const char *name, nd_err *err);
void nd_figure_value(nd_text *out, const nd_series *v,
                     size_t i); /* short: 10000, 0.00125 */

/* figure_contour.c: the levels; and $line, $level and nd_key_contour, of so many letters: the iso-lines and their
 * labels. */
ND_MUST nd_code nd_drawing_levels(const nd_drawing *f, double level[ND_LEVELS_MAX],
                                  size_t *n, nd_err *err);
ND_MUST nd_code nd_drawing_contours(nd_drawing *f, size_t *letters, nd_err *err);

/* figure_heatmap.c: where along y the values of a row of cells are printed. */
double nd_drawing_print_at(const nd_drawing *f, size_t j);

/* One kind of figure each: the body of the script. */
ND_MUST nd_code nd_drawing_heatmap(nd_drawing *f, nd_err *err);
ND_MUST nd_code nd_drawing_curves(nd_drawing *f, nd_err *err);
ND_MUST nd_code nd_drawing_bars(nd_drawing *f, nd_err *err);

#endif
