/* cube.h -- a labelled cube: variables over named axes, as xarray has it; and its files. */
#ifndef NUDGE_CUBE_H
#define NUDGE_CUBE_H

#include "nudge/series.h"

typedef struct nd_cube {
    /* Axes: each a dimension with the coordinate variable of its name, from the slowest to
     * the fastest. */
    nd_series *axes;
    size_t n_axes;
    /* Further coordinates: along one axis (dim), or fixed for the whole cube (dim -1). */
    nd_series *coords;
    size_t n_coords;
    /* Variables over all axes, n values each, the last axis fastest. */
    nd_series *vars;
    size_t n_vars;
    size_t n;                                        /* cells */
    char *title, *summary, *history, *source, *spec; /* NULL: not stated */
    char *license, *id; /* likewise; the id names the trials that it is made of */
    char *contour;      /* metric and levels, "test_error 0.1 0.2"; NULL: none */
} nd_cube;

/* Room for so many of each; add by filling axes[n_axes++] and so on. */
ND_MUST nd_code nd_cube_new(nd_cube **out, size_t axes, size_t coords, size_t vars,
                            nd_err *err);
void nd_cube_free(nd_cube *c); /* NULL is fine */

/* By the name of the variable or, for axes and coordinates, of the parameter. */
const nd_series *nd_cube_var(const nd_cube *c, const char *name);
const nd_series *nd_cube_coord(const nd_cube *c, const char *name, size_t *axis);

/* Position of cell i along an axis. */
size_t nd_cube_position(const nd_cube *c, size_t cell, size_t axis);

/* Both replace the file in one step. CSV: a header, then a line per cell, axes first;
 * fields as RFC 4180 has them, NaN as an empty field. */
ND_MUST nd_code nd_cube_write_nc(const nd_cube *c, const char *path, nd_err *err);
ND_MUST nd_code nd_cube_write_csv(const nd_cube *c, const char *path, nd_err *err);

#endif
