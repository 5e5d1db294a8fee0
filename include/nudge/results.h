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

/* Where a trial stands. */
typedef struct nd_results_place {
    size_t file, row;
} nd_results_place;

typedef struct nd_results {
    size_t n, epochs;
    nd_series *columns; /* (n_columns) of n values: swept parameters, case, seeds */
    size_t n_columns;
    nd_key *key;                  /* (n)                                    */
    nd_series status;             /* numbers: nd_status                     */
    nd_series seconds;            /* wall time of a trial; NaN: pending     */
    nd_series metric[ND_METRICS]; /* numbers; NaN where not measured        */
    char *campaign, *question, *spec, *history, *source, *license; /* NULL: not stated */
    char *contour; /* likewise; as in nd_results_meta */
    char **files;  /* (n_files) that were read */
    size_t n_files;
    nd_results_place *place; /* (n) of united results; NULL: row i of the only file */
} nd_results;

/* ND_EINPUT when the file is something else, ND_ENOENT when there is none. */
ND_MUST nd_code nd_results_read(const char *path, nd_results **out, nd_err *err);
void nd_results_free(nd_results *r); /* NULL is fine */

/* Makes one of several (n >= 1), which it takes: all are freed, on failure too. Where campaigns have
 * the same name (shards, extensions, parts that ran elsewhere) a trial is known by its key; of a
 * trial that stands in several files one that ended is taken before one that failed, then one that
 * is pending, then one that was not sampled. Campaigns of different names lie along an axis more,
 * the column "campaign".
 *
 * ND_EDIFFERS: a trial trained to the end, or diverged, with different results in two files.
 * ND_EINPUT: not the same parameters are swept, or trials of one name that are the same in all that
 * is swept are not in what is not. */
ND_MUST nd_code nd_results_unite(nd_results **in, size_t n, nd_results **out, nd_err *err);

/* The curve of a metric, from the files: *out (n, epochs), NaN where there is none, to be freed;
 * NULL when no trial has any. */
ND_MUST nd_code nd_results_curve(const nd_results *r, nd_metric_id metric, float **out,
                                 nd_err *err);

/* Who is shown the texts of trials, one by one. */
typedef struct nd_results_seer {
    nd_code (*text)(void *ctx, size_t trial, const char *text, nd_err *err);
    void *ctx;
} nd_results_seer;

/* Shows a variable of texts ("reason", "host", "isa"), from the files, in their order; nothing of a
 * file that lacks it. */
ND_MUST nd_code nd_results_texts(const nd_results *r, const char *name,
                                 const nd_results_seer *see, nd_err *err);

/* The column of a parameter ("ep.beta"), a variable ("ep_beta") or "case"; or NULL. */
const nd_series *nd_results_column_find(const nd_results *r, const char *name);

#endif
