/* figure_impl.h -- figures, drawn by gnuplot. */
#ifndef NUDGE_FIGURE_IMPL_H
#define NUDGE_FIGURE_IMPL_H

#include "nudge/map.h"

#include <stdbool.h>

bool nd_figure_known(const char *ending); /* "svg", "pdf", "png" */

/* The options for figures name what there is; for what is written instead of one. */
ND_MUST nd_code nd_figure_check(const nd_cube *c, const nd_map_options *o, nd_err *err);
/* The table (derived.c) that a figure of this map is drawn from. */
ND_MUST nd_code nd_figure_table(const nd_cube *map, const nd_map_options *o,
                                const char **table, nd_err *err);

/* Draws that table, as o->figure says. */
ND_MUST nd_code nd_figure_draw(const nd_cube *cube, const nd_map_options *o,
                               const char *ending, const char *path, nd_err *err);

/* Adds "name = 'text'", wrapped at spaces into lines of about `width` characters (0: one
 * line). */
void nd_figure_text(nd_text *out, const char *name, const char *text, size_t width);

const char *nd_figure_template(const char *name); /* "heatmap" */

/* The parts of any figure: a preamble that chooses the kind of file and, after data of one's
 * own, the template, drawn to path. */
void nd_figure_begin(nd_text *script, const char *ending);
ND_MUST nd_code nd_figure_end(nd_text *script, const char *name, const char *path,
                              nd_err *err);

/* A preamble for a canvas of this size on paper; PNG has 300 points an inch. */
typedef struct nd_canvas {
    double width, height; /* cm */
    double points;        /* of the letters */
    const char *font;
} nd_canvas;
void nd_figure_canvas(nd_text *script, const char *ending, const nd_canvas *c);

/* Runs gnuplot on a script; what it prints to stdout goes to `out`. ND_EENV: there is none.
 */
ND_MUST nd_code nd_gnuplot_run(const nd_text *script, nd_text *out, nd_err *err);

#endif
