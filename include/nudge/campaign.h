/* campaign.h -- where plan, journal, scheduler and trials meet.
 *
 * A campaign is a folder: spec.yaml as run, the journal (the only truth, one writer),
 * results.nc made from it, status.json while it lives. Running the same command again goes
 * on where it was, whatever was killed and whenever. */
#ifndef NUDGE_CAMPAIGN_H
#define NUDGE_CAMPAIGN_H

#include "nudge/journal.h"
#include "nudge/json.h"
#include "nudge/transport.h"

/* What trial servers do with this program's tasks. Make it before nd_mpi_start. */
ND_MUST nd_code nd_campaign_job(nd_server_job *job, nd_err *err);
void nd_campaign_job_free(nd_server_job *job);

typedef struct nd_campaign_options {
    const char *spec;        /* file */
    const char *dir;         /* folder, made if need be; NULL: named as the campaign */
    const char *const *sets; /* (n_sets) "p=v" */
    size_t n_sets;
    nd_shard shard;      /* n > 0: this part alone, in DIR/shard-I-of-N */
    double time_limit;   /* seconds from now; 0: none. Nothing starts that would not end */
    bool retry_failed;   /* also trials whose failure would happen again */
    const char *command; /* line, for the record */
    int ranks;
} nd_campaign_options;

typedef struct nd_campaign_end {
    size_t trials, done, failed, pending;
    size_t ran; /* attempts that ended in this run */
    char results[512];
} nd_campaign_end;

/* Runs the campaign on the transport's workers, to its end or until a signal (USR1: what
 * runs may end, for half a minute; TERM, INT: at once) or the time limit. ND_EFAILED: all
 * ended, some failed, or too many did; ND_ESTOPPED: work remains. `end` is filled in all
 * three cases. */
ND_MUST nd_code nd_campaign_run(const nd_campaign_options *o, nd_transport *t,
                                nd_campaign_end *end, nd_err *err);

typedef struct nd_merge_end {
    size_t trials, done, failed, pending;
    size_t repeated; /* records that another folder has as well */
    char results[512];
} nd_merge_end;

/* Makes the campaign `to`, a folder that is not there yet, out of the campaigns in dirs (n):
 * shards of one spec, or one whose trials include all those of the others. A trial that is in
 * several folders is taken once, ended before failed. ND_EDIFFERS names a trial that ended
 * differently in two of them, ND_EINPUT folders that do not belong together; then nothing is
 * written. `command` goes into the record. */
ND_MUST nd_code nd_campaign_merge(const char *const *dirs, size_t n, const char *to,
                                  const char *command, nd_merge_end *end, nd_err *err);

/* The campaign in a folder, looked at from outside, live or not. */
typedef struct nd_view nd_view;

ND_MUST nd_code nd_view_open(nd_view **out, const char *dir, nd_err *err);
void nd_view_close(nd_view *v); /* NULL is fine */

/* Takes up what has changed since it was opened or refreshed last. */
ND_MUST nd_code nd_view_refresh(nd_view *v, nd_err *err);

/* Describes it; appends to out. */
ND_MUST nd_code nd_view_text(nd_view *v, nd_text *out, nd_err *err);
ND_MUST nd_code nd_view_json(const nd_view *v, nd_text *out, nd_err *err); /* one line */

/* No run is live, and every trial has ended. */
bool nd_view_over(const nd_view *v);

/* Checks that journal, keys and results.nc agree. ND_EDIFFERS names the first difference;
 * `report` says what was checked. */
ND_MUST nd_code nd_campaign_verify(const char *dir, nd_text *report, nd_err *err);

#endif
