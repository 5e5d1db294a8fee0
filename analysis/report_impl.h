/* report_impl.h -- the parts of a report, for this folder alone. */
#ifndef NUDGE_REPORT_IMPL_H
#define NUDGE_REPORT_IMPL_H

#include "nudge/json.h"
#include "nudge/map.h"

/* report_data.c: all that a page shows, as one object; analysis/report/cube.js reads it. */
ND_MUST nd_code nd_report_data(nd_json *j, const nd_results *r, const nd_cube *map,
                               const nd_map_options *o, nd_err *err);

/* report_trials.c: how the marked trials ended, as members of the object that is open:
 *
 *     "trials": n, "seconds": of all together,
 *     "statuses": [{"status", "help", "failed", "n"}],
 *     "failures": [{"status", "reason", "n", "key", "at"}], most first; reasons that differ in
 *                 numbers only count as one, and stand as one of them was
 *     "isa", "hosts": [{"text", "n"}], most first
 */
ND_MUST nd_code nd_report_trials(nd_json *j, const nd_results *r, const bool *marked,
                                 nd_err *err);

#endif
