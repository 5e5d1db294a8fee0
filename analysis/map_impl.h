/* map_impl.h -- the parts that build a map, for this folder alone.
 *
 * Trials are sorted into cells by their coordinates, and within a cell by the tuned setting; then
 * each cell is a run of trials, and each setting a run within it. A coordinate is a tuple:
 * parameters that change together (zipped, or set by a case) share a dimension. */
#ifndef NUDGE_MAP_IMPL_H
#define NUDGE_MAP_IMPL_H

#include "nudge/map.h"
#include "nudge/stat.h"

/* Columns that change together. */
typedef struct nd_map_dim {
    int id;
    const nd_series **columns; /* (n_columns) */
    const double **keys;       /* (n_columns) order of the values, per trial */
    size_t n_columns;
    size_t n;       /* different coordinates            */
    size_t *place;  /* (trials) coordinate of the trial */
    size_t *sample; /* (n) a trial with that coordinate */
    bool fixed;     /* `where` names one of its columns */
} nd_map_dim;

typedef struct nd_map_member {
    size_t cell, setting, trial;
} nd_map_member;

typedef struct nd_map_builder {
    const nd_results *r;
    const nd_map_options *o;
    size_t *trials, n; /* the selected ones */
    double **ranks;    /* (r->n_columns) of texts, by first appearance; else NULL */
    nd_map_dim *dims;  /* (n_dims) of the map */
    size_t n_dims;
    nd_map_dim tune;        /* its coordinates are the settings */
    nd_map_member *members; /* (n) sorted */
    double *values;         /* (n) scratch */
    nd_bootstrap bootstrap; /* of the latest number of replicates */
    nd_cube *cube;
} nd_map_builder;

nd_code nd_map_no_memory(nd_err *err); /* ND_ENOMEM */

/* map_select.c: the trials that `where` leaves. */
ND_MUST nd_code nd_map_select(nd_map_builder *b, nd_err *err);
/* Splits "p=v" and finds the column of p. value points into where. */
ND_MUST nd_code nd_map_parse_where(const nd_map_builder *b, const char *where,
                                   const nd_series **v, const char **value, nd_err *err);

/* map_dims.c: their coordinates, and the axes of the cube. */
ND_MUST nd_code nd_map_find_dims(nd_map_builder *b, nd_err *err);
ND_MUST nd_code nd_map_make_axes(nd_map_builder *b, nd_err *err);
void nd_map_free_dims(nd_map_builder *b);

/* map_describe.c: variables without values, and what the cube says about itself. */
enum {
    ND_MAP_MEDIAN,
    ND_MAP_Q1,
    ND_MAP_Q3,
    ND_MAP_MEAN,
    ND_MAP_LOW,
    ND_MAP_HIGH,
    ND_MAP_STATS
};
ND_MUST nd_code nd_map_make_vars(nd_map_builder *b, nd_err *err);
ND_MUST nd_code nd_map_describe(nd_map_builder *b, nd_err *err);

/* map_cells.c: their values. */
ND_MUST nd_code nd_map_check_tuning(const nd_map_builder *b, nd_err *err);
ND_MUST nd_code nd_map_fill(nd_map_builder *b, nd_err *err);

#endif
