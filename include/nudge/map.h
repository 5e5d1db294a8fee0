/* map.h -- from the trials of a campaign to its map: what each cell of the design gives,
 * over its replicates, at its best hyper-parameters; and figures of it. */
#ifndef NUDGE_MAP_H
#define NUDGE_MAP_H

#include "nudge/cube.h"
#include "nudge/results.h"

#include <stddef.h>

typedef struct nd_map_options {
    const char *x, *y;  /* parameters of a figure's axes; NULL: the first that vary  */
    const char *metric; /* of a figure; and whose variance is split, and degradation told */
    const char *const *where; /* (n_where) "ep.beta=0.1": only these trials              */
    size_t n_where;
    const char *const
        *baseline; /* (n_baseline) "device.kind=ideal": what degradation is told
                                  * against; none: the ideal devices, where there are any */
    size_t n_baseline;
    double target; /* test error, for the time that it takes to get there; NaN: not asked */
    const char
        *ratio; /* "program.scheme=rprop/cst": metric of one over that of the other */
    const char
        *table;       /* what is written: nd_map_write                                    */
    double tolerance; /* of the table of that name, in the metric's unit: 0.01            */
    /* Of a figure; NULL: as chosen for it. */
    const char *figure;  /* kind: "heatmap", "curves", ...                               */
    const char *lines;   /* parameter told apart by lines                                */
    const char *panels;  /* ... by panels                                                */
    const char *contour; /* levels "0.05,0.1", "none"; NULL: those that a refinement of the
                          * metric followed, else half way between the ends              */
    const char *palette; /* of palette.h                                                 */
    const char *width;   /* "single" column of a journal, "double"                       */
    const char *font;
    const char *title;   /* in place of the campaign's name and question; "": none       */
    const char *command; /* for the file's history; NULL: not stated                   */
} nd_map_options;

void nd_map_defaults(nd_map_options *o); /* test_error, no selection, no level */

/* The map as a cube. Axes are the design's; one that `where` fixes becomes a single coordinate.
 * Results of several campaigns lie along the axis `campaign`. Statistics are over the replicates of
 * a cell that finished; a cell without any has NaN. Of each metric that was measured:
 *
 *     NAME, NAME_q1, _q3, _mean, _sd   median, quartiles, mean, standard deviation (n - 1)
 *     NAME_low, _high                  bootstrap 95 % interval of the median (stat.h)
 *
 * Of the metric of the options (of test_error, when that is no metric's) also
 *
 *     NAME_var_device, _var_train, _var_rest   nd_stat_parts over device.seed x train.seed; device
 *                                      seeds that miss one of the cell's training seeds are left out
 *     NAME_degradation                 median less that of the baseline's cell, if there is one
 *
 * and of each cell n, n_failed, n_pending, n_unsampled (trials), fraction_diverged (of those that
 * finished or diverged), best_P for each tuned parameter, derived parameters, and with a target
 * epochs_to_target and seconds_to_target: median over replicates of the first epoch with a
 * test_error of at most the target, NaN where that is beyond the end of training; seconds at an even
 * pace.
 *
 * Of the tuned settings of a cell the one with the lowest median validation_error is taken;
 * a trial that failed and would fail again (diverged) counts as infinitely wrong there. Of a cell
 * in which no setting has one, counts are those of all settings.
 *
 * ND_EINPUT: no trials, unknown names, no validation errors to tune by; o->metric must be a metric, or
 * a variable of numbers. */
ND_MUST nd_code nd_map_build(const nd_results *r, const nd_map_options *o, nd_cube **out,
                             nd_err *err);

/* How training went: the map's axes and a last one, epoch. For each metric with a curve, NAME,
 * NAME_q1 and NAME_q3: median and quartiles over the replicates of each cell at the setting that
 * the map takes. Metrics of which no selected trial has a curve are left out. */
ND_MUST nd_code nd_map_learning(const nd_results *r, const nd_map_options *o, nd_cube **out,
                                nd_err *err);

/* How much each swept parameter matters, a row for each, by falling eta_squared: spearman and
 * eta_squared (sensitivity.h) of o->metric over all selected trials that finished, those of settings
 * that lost included. */
ND_MUST nd_code nd_map_sensitivity(const nd_results *r, const nd_map_options *o,
                                   nd_cube **out, nd_err *err);

/* How much of each imperfection is tolerated, a row for each axis of device or read parameters (or
 * for o->x) and each coordinate of the other axes: `tolerated`, the level up to which the median of
 * o->metric stays within o->tolerance of what it is at the smallest level (or at the baseline's),
 * linear between levels, and where the ends of the bootstrap interval pass that limit. NaN: nowhere
 * up to `largest`. */
ND_MUST nd_code nd_map_tolerance(const nd_cube *map, const nd_map_options *o, nd_cube **out,
                                 nd_err *err);

/* Points of the iso-lines that a heat map shows, in the units of its axes; ND_EINPUT: none. */
ND_MUST nd_code nd_map_contours(const nd_cube *map, const nd_map_options *o, nd_cube **out,
                                nd_err *err);

/* Writes by the ending of path: .nc .csv .tex (booktabs), or a figure .svg .pdf .png. What is
 * written is the map of r, with o->ratio its ratio, with o->table "learning", "sensitivity",
 * "tolerance" or "contours" those; a figure may need one of them too. Figures need gnuplot (ND_EENV
 * without it), an axis that varies, and some result. */
ND_MUST nd_code nd_map_write(const nd_results *r, const nd_cube *map,
                             const nd_map_options *o, const char *path, nd_err *err);

/* Writes a page for a browser, with all it needs inside: the map, its learning curves, failures and
 * where they come from. Also what nd_map_write writes as .html. ND_EINPUT: too many cells. */
ND_MUST nd_code nd_map_report(const nd_results *r, const nd_cube *map,
                              const nd_map_options *o, const char *path, nd_err *err);

#endif
