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
    bool named;     /* by the first column, whose values all differ */
    size_t n;       /* different coordinates            */
    size_t *place;  /* (trials) coordinate of the trial */
    size_t *sample; /* (n) a trial with that coordinate */
    bool fixed;     /* `where` names one of its columns */
} nd_map_dim;

typedef struct nd_map_member {
    size_t cell, setting, trial;
} nd_map_member;

/* The trials of a cell at the setting that it takes. */
typedef struct nd_map_run {
    size_t first, n; /* of the members */
    bool chosen; /* false: no setting had a merit, these are the trials of all of them */
} nd_map_run;

enum {
    ND_MAP_MEDIAN,
    ND_MAP_Q1,
    ND_MAP_Q3,
    ND_MAP_MEAN,
    ND_MAP_SD,
    ND_MAP_LOW,
    ND_MAP_HIGH,
    ND_MAP_STATS
};
enum { ND_MAP_NONE = -1 }; /* no such variable, axis or coordinate */

typedef struct nd_map_builder {
    const nd_results *r;
    const nd_map_options *o;
    int metric;        /* whose variance is split, and whose degradation is told */
    size_t *trials, n; /* the selected ones */
    double **ranks;    /* (r->n_columns) of texts, by first appearance; else NULL */
    nd_map_dim *dims;  /* (n_dims) of the map */
    size_t n_dims;
    nd_map_dim tune;        /* its coordinates are the settings */
    nd_map_member *members; /* (n) sorted */
    nd_map_run *runs;       /* (n_runs) one for each cell that has a trial */
    size_t n_runs;
    double *values;         /* (n) scratch */
    nd_bootstrap bootstrap; /* of the latest number of replicates */
    nd_cube *cube;
    /* First of their variables in the cube, or ND_MAP_NONE. */
    int stats[ND_METRICS], counts, params;
} nd_map_builder;

/* map.c: everything up to the runs; and its end, whatever came of it, which frees the cube too. */
ND_MUST nd_code nd_map_open(nd_map_builder *b, const nd_results *r, const nd_map_options *o,
                            nd_err *err);
void nd_map_close(nd_map_builder *b);
/* The cube that `fill` makes of a builder which is opened and closed around it. */
ND_MUST nd_code nd_map_with(nd_code (*fill)(nd_map_builder *, nd_err *),
                            const nd_results *r, const nd_map_options *o, nd_cube **out,
                            nd_err *err);
nd_code nd_map_no_memory(nd_err *err); /* ND_ENOMEM */

/* map_select.c: the trials that `where` leaves, and choices "p=v". */
ND_MUST nd_code nd_map_select(nd_map_builder *b, nd_err *err);

typedef struct nd_map_choice {
    const nd_series *v; /* of p */
    nd_text text;       /* v as results.nc spells it */
    double x;           /* as a number, or NaN */
} nd_map_choice;

/* option: "--where", for messages. Free the text, on failure too. */
ND_MUST nd_code nd_map_choose(const nd_map_builder *b, const char *option,
                              const char *choice, nd_map_choice *out, nd_err *err);
bool nd_map_matches(const nd_map_choice *c, size_t trial);
/* ND_EINPUT: none of the selected trials matches; lists the values that there are. */
nd_code nd_map_no_match(const nd_map_builder *b, const nd_map_choice *c, nd_err *err);

/* map_dims.c: their coordinates, and the axes of the cube. */
ND_MUST nd_code nd_map_find_dims(nd_map_builder *b, nd_err *err);
ND_MUST nd_code nd_map_make_axes(nd_map_builder *b, nd_err *err);
void nd_map_free_dims(nd_map_builder *b);

/* map_cells.c: the runs of the cells, and what their trials say. */
ND_MUST nd_code nd_map_find_runs(nd_map_builder *b, nd_err *err);
ND_MUST nd_code nd_map_fill(nd_map_builder *b, nd_err *err);
/* The numbers among x, by trial, of the finished trials of a run, sorted; in b->values. */
size_t nd_map_gather(const nd_map_builder *b, const nd_map_run *run, const double *x);

/* map_describe.c: variables without values, and what the cube says about itself. */
ND_MUST nd_code nd_map_make_vars(nd_map_builder *b, nd_err *err);
ND_MUST nd_code nd_map_describe(nd_map_builder *b, nd_err *err);
size_t nd_map_vars_max(const nd_map_builder *b);
/* NAME and long name from a metric's, and what is said about it. */
ND_MUST nd_code nd_map_add_var(nd_map_builder *b, const nd_series *metric,
                               const char *suffix, const char *what, const char *methods,
                               nd_err *err);

/* map_parts.c: variance between device seeds and training seeds. */
ND_MUST nd_code nd_map_add_parts(nd_map_builder *b, nd_err *err);

/* map_baseline.c: degradation against other cells. */
ND_MUST nd_code nd_map_add_degradation(nd_map_builder *b, nd_err *err);

/* map_target.c: when the target was reached. */
ND_MUST nd_code nd_map_add_reach(nd_map_builder *b, nd_err *err);

#endif
