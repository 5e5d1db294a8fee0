/* progress_impl.h -- what a campaign shows while it runs: a line or a bar, and status.json.
 */
#ifndef NUDGE_PROGRESS_IMPL_H
#define NUDGE_PROGRESS_IMPL_H

#include "nudge/params.h"
#include "nudge/sched.h"

#include "job_impl.h"

enum { ND_FAILURES_SHOWN = 8 };

/* What one worker is doing. */
typedef struct nd_busy {
    bool busy;
    char host[64], key[ND_KEY_TEXT];
    double since;    /* nd_now() */
    double expected; /* seconds that the trial should take */
    nd_progress progress;
} nd_busy;

typedef struct nd_show {
    const char *dir, *campaign;
    size_t trials;       /* of the campaign; of a refinement, those asked for so far */
    uint32_t round;      /* of a refinement under way, else 0                         */
    size_t ended_before; /* in earlier rounds of this run */
    size_t done_before;  /* done and failed before this run */
    size_t failed_before;
    double start, last_line, last_file;
    bool terminal, on_line;
    nd_busy *worker; /* (n_workers), owned */
    size_t n_workers;
    size_t n_failures; /* seen in this run; the last few are kept, as a ring */
    char failure[ND_FAILURES_SHOWN][320];
    bool file_failed; /* told once */
} nd_show;

ND_MUST nd_code nd_show_new(nd_show *s, const char *dir, const char *campaign,
                            size_t n_workers, nd_err *err);
void nd_show_free(nd_show *s);
void nd_show_note(nd_show *s, const char *fmt, ...) ND_PRINTF(2, 3); /* a line of its own */
void nd_show_failure(nd_show *s, const char *key, const char *status, const char *reason);

/* Shows what is new, if it is time; `state` goes into status.json ("running", "stopping",
 * ...); `now`: whether or not it is time. */
void nd_show_tick(nd_show *s, const nd_sched *sched, const char *state, bool now);

#endif
