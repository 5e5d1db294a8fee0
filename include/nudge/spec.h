/* spec.h -- a sweep's specification: read, checked, and expanded to trials.
 *
 * A spec spans a grid of dimensions; point i is a pure function of i (mixed radix, the last
 * dimension fastest): cases, then the axes as written, then what is tuned, then device
 * seeds, then training seeds. Axes that move together (zip) are one dimension, and so are
 * those of a sampled design. Derived parameters follow, and `where` drops points.
 *
 * In a sampled design an axis {linspace: [a, b]} or {logspace: [a, b]} is the interval from a
 * to b (a third number is allowed and has no effect); a list and a range give one of their
 * values. Sample i is a function of i, the design's seed and the axis' place in the spec, so
 * more samples leave those there are as they were. */
#ifndef NUDGE_SPEC_H
#define NUDGE_SPEC_H

#include "nudge/diag.h"
#include "nudge/params.h"
#include "nudge/refine.h"
#include "nudge/role.h"
#include "nudge/sample.h"

/* Ten times the million trials that campaigns are tried with; a plan of them is made in minutes
 * and held in a gigabyte. */
enum { ND_SPEC_POINTS_MAX = 10000000 };

#define ND_SET_QUICK "quick" /* among sets: what the spec's section `quick` says, too */

typedef struct nd_spec nd_spec;

typedef struct nd_limits {
    double trial_seconds; /* 0: none                                      */
    double trial_memory;  /* MiB; 0: none                                 */
    int retries;          /* further attempts at a trial that may recover */
    double max_failures;  /* fraction of trials, 0..1                     */
    int losses; /* trial servers that a trial may take with it before it has failed */
} nd_limits;

/* One dimension of the grid: n values, each of which sets all of its parameters. */
typedef struct nd_dim {
    const char *name; /* "ep.beta"; "case"; "zip"; "sample" */
    nd_role role;
    size_t n;
    size_t n_params;
    const nd_param *const *params;       /* (n_params)                                 */
    const char *const *labels;           /* (n) names of the cases, else NULL          */
    const unsigned char *const *columns; /* (n_params)(n) fields: read with nd_dim_set */
} nd_dim;

/* Reads and checks all of it. On ND_EINPUT the message holds every fault with its place. A
 * set "p=v" of the command line replaces the base's value, and everything else that would
 * give p a value: an axis or tuned parameter keeps that one value, cases and derive lose
 * it. Sets win over the section `quick`, where ND_SET_QUICK asks for it, and that over the
 * `overrides` in the text; the last of two sets wins. */
ND_MUST nd_code nd_spec_load(const char *path, const char *const *sets, size_t n_sets,
                             nd_spec **out, nd_err *err);
ND_MUST nd_code nd_spec_parse(const nd_source *source, const char *const *sets,
                              size_t n_sets, nd_spec **out, nd_err *err);
void nd_spec_free(nd_spec *s);

const char *nd_spec_name(const nd_spec *s);     /* the campaign's */
bool nd_spec_quick(const nd_spec *s);           /* read with ND_SET_QUICK */
const char *nd_spec_question(const nd_spec *s); /* "" when none is asked */
const nd_limits *nd_spec_limits(const nd_spec *s);
const nd_sampler *
nd_spec_sampler(const nd_spec *s); /* design: grid when nothing was said */

/* NULL unless the design is refine: then the points are those of the whole grid, of which its
 * rule chooses. */
const nd_refine *nd_spec_refine(const nd_spec *s);

/* The spec as run: its text, with sets taken up as `overrides: {p: v}`. Reading it again
 * gives the same spec. */
const char *nd_spec_text(const nd_spec *s);

/* What two texts of specs say differently, appended in words: "base.data.train was 100, is 200;
 * ..."; n: how many keys. Comments, order, and nested or dotted make no difference. ND_EINPUT
 * when one of them is not YAML. */
ND_MUST nd_code nd_spec_changes(const char *before, const char *now, nd_text *out,
                                size_t *n, nd_err *err);

/* What `nudge train` runs: base, sets, derive. ND_EINPUT: a derived value that exists for
 * the points of the sweep does not exist here. */
ND_MUST nd_code nd_spec_base(const nd_spec *s, nd_params *out, nd_err *err);

size_t nd_spec_dims(const nd_spec *s);
const nd_dim *nd_spec_dim(const nd_spec *s, size_t d);

/* Sets the dimension's parameters in p to its value k. */
void nd_dim_set(const nd_dim *dim, size_t k, nd_params *p);

size_t nd_spec_points(const nd_spec *s); /* of the whole grid; at least 1 */
size_t nd_spec_kept(const nd_spec *s);   /* those that `where` leaves; at least 1 */

/* Point i. coords (n dims; may be NULL) are the indices along the dimensions. *kept is
 * false where `where` drops the point. Allocates nothing. */
ND_MUST nd_code nd_spec_point(const nd_spec *s, size_t i, nd_params *out, size_t *coords,
                              bool *kept, nd_err *err);

typedef struct nd_swept {
    const nd_param *param;
    nd_role role;
} nd_swept;

/* Every parameter that a dimension or derive changes, in that order. Writes up to `max` of
 * them and returns how many there are; nd_param_count() is always enough. */
size_t nd_spec_swept(const nd_spec *s, nd_swept *out, size_t max);

#endif
