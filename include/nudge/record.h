/* record.h -- what a trial returned: its metrics, how it ended, where it ran; and its
 * bytes.
 *
 * The same bytes go through the pipe from the trial's process, over MPI, and into the
 * journal. */
#ifndef NUDGE_RECORD_H
#define NUDGE_RECORD_H

#include "nudge/params.h"

typedef enum nd_metric_id {
#define M(name, curve, unit, flags, long_name) ND_METRIC_##name,
#include "nudge/metrics.def"
#undef M
    ND_METRICS
} nd_metric_id;

enum { ND_VOLATILE = 1 };

typedef struct nd_metric {
    const char *name, *unit, *long_name;
    bool curve;
    int flags;
} nd_metric;

const nd_metric *nd_metric_at(size_t i); /* i < ND_METRICS */
int nd_metric_find(const char *name);    /* index, or -1 */
const char *nd_metric_nearest(const char *name);

typedef enum nd_status {
    ND_STATUS_PENDING,
#define T(id, name, failed, retry, help) ND_STATUS_##id,
#include "nudge/statuses.def"
#undef T
    ND_STATUSES
} nd_status;

const char *nd_status_name(nd_status s); /* "done" */
const char *nd_status_help(nd_status s);
bool nd_status_failed(nd_status s);
bool nd_status_retry(nd_status s); /* may come out otherwise another time */

typedef struct nd_record {
    nd_key key;
    nd_status status;
    int attempts;             /* attempts that ended, this one included     */
    double seconds;           /* wall time of this attempt                  */
    char host[64], isa[16];   /* isa: of the kernels; with "+fftw" if FFTW had a part */
    char reason[256];         /* why it failed; empty when done             */
    size_t epochs;            /* length of each curve                       */
    double value[ND_METRICS]; /* NaN: not measured                     */
    float *curve[ND_METRICS]; /* (epochs), owned, or NULL              */
} nd_record;

void nd_record_init(nd_record *r); /* all NaN, no curves */
void nd_record_free(nd_record *r);

/* Gives every metric that has one a curve of n epochs, filled with NaN. */
ND_MUST nd_code nd_record_curves(nd_record *r, size_t n, nd_err *err);

void nd_record_pack(const nd_record *r,
                    nd_text *out); /* appends; check with nd_text_check */

/* Reads what nd_record_pack wrote, by this or another version: metrics unknown here are
 * dropped, missing ones are NaN. ND_ECORRUPT when the bytes are no record. */
ND_MUST nd_code nd_record_unpack(nd_record *r, const void *bytes, size_t n, nd_err *err);

/* Reads what stands before the metrics: key, status, attempts, seconds, texts and epochs, at no
 * cost for the rest, which is not looked at. Nothing to free. */
ND_MUST nd_code nd_record_head(nd_record *r, const void *bytes, size_t n, nd_err *err);

/* True when every number that is a function of the parameters is equal, bit for bit;
 * otherwise `why` (may be NULL) names the first difference. */
bool nd_record_same(const nd_record *a, const nd_record *b, nd_text *why);

#endif
