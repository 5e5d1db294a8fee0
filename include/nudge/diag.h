/* diag.h -- faults in a text file, all of them at once, each with its place.
 *
 *     sweeps/x.yaml:7:5: unknown parameter "ep.bta"; did you mean "ep.beta"?
 *        7 |   ep.bta: [0.1, 0.2]
 *          |   ^
 */
#ifndef NUDGE_DIAG_H
#define NUDGE_DIAG_H

#include "nudge/text.h"

/* A text being checked. Borrowed: name and text outlive the diagnostics. */
typedef struct nd_source {
    const char *name; /* as the user gave it */
    const char *text;
    size_t n;
} nd_source;

/* A place in a source; line and column count from 1; line 0: the file as a whole. */
typedef struct nd_mark {
    int line, column;
} nd_mark;

typedef struct nd_diags {
    nd_source source;
    nd_text text; /* what to show the user */
    int n;        /* faults so far; those after ND_DIAGS_MAX are counted, not shown */
} nd_diags;

enum { ND_DIAGS_MAX = 12 };

void nd_diag(nd_diags *d, nd_mark at, const char *fmt, ...) ND_PRINTF(3, 4);

/* ND_OK when there was no fault, else ND_EINPUT with all of them as the message... as far
 * as it holds them. */
ND_MUST nd_code nd_diags_code(const nd_diags *d, nd_err *err);
void nd_diags_free(nd_diags *d);

#endif
