/* drawing_impl.h -- the parts of a figure of a map, for this folder alone. */
#ifndef NUDGE_DRAWING_IMPL_H
#define NUDGE_DRAWING_IMPL_H

#include "figure_impl.h"

typedef enum nd_scale {
    ND_SCALE_LINEAR,
    ND_SCALE_LOGARITHMIC,
    ND_SCALE_INDEX /* side by side */
} nd_scale;

/* An axis of the figure. */
typedef struct nd_side {
    const nd_series *v;
    size_t axis; /* of the cube */
    size_t n;
    nd_scale scale;
    double *at;   /* (n) positions                    */
    double *edge; /* (n + 1) of the cells around them */
} nd_side;

typedef struct nd_drawing {
    const nd_cube *map;
    const nd_map_options *o;
    const nd_series *value, *n, *n_failed;
    const nd_series *n_pending, *n_unsampled;
    double lo, hi; /* of the values */
    nd_side x, y;  /* y.v NULL: a curve */
    nd_text script;
} nd_drawing;

typedef enum nd_cell_kind {
    ND_CELL_MEASURED,
    ND_CELL_FAILED,
    ND_CELL_UNSAMPLED,
    ND_CELL_MISSING,
    ND_CELL_KINDS
} nd_cell_kind;

/* figure_map.c: the cell at position i along x and j along y. */
size_t nd_drawing_cell(const nd_drawing *f, size_t i, size_t j);
nd_cell_kind nd_drawing_kind(const nd_drawing *f, size_t cell);

/* figure_sides.c: chooses x and y; and whether every other axis has come down to one value. */
ND_MUST nd_code nd_drawing_sides(nd_drawing *f, nd_err *err);
ND_MUST nd_code nd_drawing_rest(const nd_drawing *f, nd_err *err);
/* set xtics ('0.1' 0, ...), so many that they can be read; long ones slanted. */
void nd_figure_ticks(nd_text *out, const char *which, const nd_side *s);

/* figure_text.c */
void nd_figure_quote(nd_text *out, const char *s, size_t width);
void nd_figure_real(nd_text *out, double x);
/* The first clause of the description, the name, and what it is counted in. */
void nd_figure_label(nd_text *out, const char *variable, const nd_series *v,
                     const char *name);
const char *nd_figure_name(const nd_series *v); /* the parameter's, where it is one */

/* One kind of figure each. */
void nd_drawing_heatmap(nd_drawing *f);
void nd_drawing_curve(nd_drawing *f);

#endif
