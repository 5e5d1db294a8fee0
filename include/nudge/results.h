/* results.h -- results.nc: every trial of a campaign with its parameters and metrics, as
 * self-describing NetCDF-4. Made from the journal, published by rename, never appended to.
 */
#ifndef NUDGE_RESULTS_H
#define NUDGE_RESULTS_H

#include "nudge/record.h"
#include "nudge/series.h"

/* ---- writing ---- */

typedef struct nd_results_column {
    const nd_param *param;
    nd_role role;
    int dim; /* dimension of the design; zipped parameters and a case's share one */
} nd_results_column;

/* What the file says about itself. NULL texts are left out. All borrowed. */
typedef struct nd_results_meta {
    const char *campaign, *question;
    const char *spec;    /* its text                                 */
    const char *command; /* that made this file                      */
    const char *history; /* a line "time: command" per run           */
    const char *creator, *license;
    const char *isa;     /* of this program's kernels */
    const char *contour; /* that a refinement followed: "test_error 0.1 0.2" */
    const nd_results_column *columns;
    size_t n_columns;
    int case_dim; /* dimension of the cases; -1: there are none */
} nd_results_meta;

/* Where the trials come from. trial(ctx, i) fills p, and sets *r to its record, or NULL
 * while it is pending, and *case_name; what they point to lives until the next call. */
typedef struct nd_results_source {
    size_t n;      /* trials                                          */
    size_t epochs; /* most epochs of any record; curves are that long */
    nd_code (*trial)(void *ctx, size_t i, nd_params *p, const nd_record **r,
                     const char **case_name, nd_err *err);
    void *ctx;
} nd_results_source;

ND_MUST nd_code nd_results_write(const char *path, const nd_results_meta *meta,
                                 const nd_results_source *src, nd_err *err);

/* ---- reading ---- */

typedef struct nd_results {
    size_t n, epochs;
    nd_series *columns; /* (n_columns) of n values: swept parameters, case, seeds */
    size_t n_columns;
    nd_series key;                /* texts                                  */
    nd_series status;             /* numbers: nd_status                     */
    nd_series metric[ND_METRICS]; /* numbers; NaN where not measured        */
    char *campaign, *question, *spec, *history, *source; /* NULL: not stated */
    char *contour; /* likewise; as in nd_results_meta */
} nd_results;

/* ND_EINPUT when the file is something else, ND_ENOENT when there is none. */
ND_MUST nd_code nd_results_read(const char *path, nd_results **out, nd_err *err);
void nd_results_free(nd_results *r); /* NULL is fine */

/* The column of a parameter ("ep.beta"), a variable ("ep_beta") or "case"; or NULL. */
const nd_series *nd_results_column_find(const nd_results *r, const char *name);

#endif
