/* campaign.c -- the master's loop: the scheduler says what to do, the transport does it,
 * the journal keeps it. */
#include "nudge/campaign.h"

#include "nudge/clock.h"
#include "nudge/file.h"
#include "nudge/kern.h"
#include "nudge/log.h"

#include "desk_impl.h"
#include "job_impl.h"
#include "progress_impl.h"
#include "publish_impl.h"
#include "rounds_impl.h"
#include "signals_impl.h"
#include "worker_log_impl.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SYNC_EVERY = 1,     /* seconds that a record may wait for the disk         */
    PUBLISH_EVERY = 60, /* seconds between two results.nc, while live,         */
    PUBLISH_SHARE = 20, /* and so many times what the last one took            */
    DRAIN = 30,         /* seconds that USR1 leaves to what runs               */
    LOST_FOR = 60,      /* seconds without any worker before the run gives up  */
    REACH = 180,        /* seconds for a checkpoint: Slurm warns 120 s ahead   */
};

/* A campaign under way. */
typedef struct run {
    const nd_campaign_options *o;
    nd_transport *t;
    nd_plan plan;
    nd_journal *journal;
    nd_ledger ledger;
    nd_past past;
    nd_rounds *rounds; /* of a refinement, else NULL */
    nd_rounds rounds_of;
    nd_sched *sched; /* of the trials asked for so far */
    nd_show show;
    size_t *task; /* (tasks) trial of the plan; owned */
    int *prior;   /* (tasks) attempts before this run that no longer count; owned */
    size_t n_tasks, sent, ran;
    nd_text dir;
    double deadline; /* nd_now(); HUGE_VAL: none */
    double cut_at;   /* when what still runs is cancelled */
    double synced_at, published_at, publishing, lost_since;
    bool unsynced, unpublished, cancelled;
} run;

static nd_code path_in(const run *r, const char *name, nd_text *out, nd_err *err)
{
    nd_path_join(out, nd_text_str(&r->dir), name);
    return nd_text_check(out, err);
}

/* ---- opening ---- */

static nd_code append(run *r, nd_entry_type type, const nd_text *bytes, nd_err *err)
{
    ND_TRY(nd_text_check(bytes, err));
    return nd_journal_append(r->journal, type, bytes->s, bytes->n, err);
}

/* How many of the plan's trials the journal has a record of. */
static size_t count_known(const run *r)
{
    size_t known = 0;
    for (size_t i = 0; i < r->plan.n; i++)
        known += nd_ledger_find(&r->ledger, r->plan.trial[i].key) != NULL;
    return known;
}

/* A folder may go on with more points or other limits, and also, by mistake, with a forgotten
 * --set: what is different, and whether anything here is of use to it, shows which. */
static void tell_changes(const run *r, const char *before, const char *now)
{
    nd_text t = {0};
    size_t n = 0;
    if (nd_spec_changes(before, now, &t, &n, NULL) != ND_OK) {
        n = 1;
        nd_text_clear(&t);
        nd_text_add(&t, "that one cannot be read any more");
    }
    const size_t known = count_known(r), unasked = r->ledger.n - known;
    const nd_level level = unasked ? ND_WARN : ND_INFO;
    if (n) {
        nd_log(level, "%s was run with another spec before: %s", nd_text_str(&r->dir),
               nd_text_str(&t));
        nd_log(level, "new: %zu of its %zu trials; here and not among them: %zu",
               r->plan.n - known, r->plan.n, unasked);
    }
    if (n && unasked)
        nd_log(ND_WARN,
               "those stay in the journal, and results.nc leaves them out. If that is not "
               "meant, stop now, and give the --set or --quick of the run before, or "
               "another folder with -o");
    nd_text_free(&t);
}

/* The spec goes into the journal when it is new or has changed; a changed one keeps what
 * its trials have in common with the old. */
static nd_code note_origin(run *r, nd_err *err)
{
    const char *text = nd_spec_text(r->plan.spec);
    const bool first = !r->past.sessions;
    if (!first && !strcmp(nd_text_str(&r->past.origin.spec), text)) return ND_OK;
    if (!first) tell_changes(r, nd_text_str(&r->past.origin.spec), text);
    nd_origin o = {0};
    nd_origin_now(&o);
    nd_text_add(&o.spec, "%s", text);
    for (size_t i = 0; i < r->o->n_sets; i++)
        nd_text_add(&o.overrides, "%s\n", r->o->sets[i]);
    nd_copy(o.file, sizeof o.file, r->o->spec);
    nd_text bytes = {0}, path = {0};
    nd_origin_pack(&o, &bytes);
    nd_past_forget_rounds(&r->past); /* they were decided for another spec */
    nd_code code = append(r, ND_ENTRY_CAMPAIGN, &bytes, err);
    if (code == ND_OK) code = path_in(r, "spec.yaml", &path, err);
    if (code == ND_OK) code = nd_file_publish(path.s, text, strlen(text), err);
    nd_text_free(&path);
    nd_text_free(&bytes);
    nd_origin_free(&o);
    return code;
}

/* A folder holds one part of a campaign, or all of it; which, its journal says. */
static nd_code settle_shard(run *r, nd_err *err)
{
    const nd_shard wanted = r->o->shard, is = r->past.shard;
    const bool fresh = !r->past.sessions && !is.n;
    if (wanted.n && !fresh && (wanted.i != is.i || wanted.n != is.n))
        return ND_FAIL(
            err, ND_EINPUT,
            "%s holds another part of the campaign (shard %u of %u; 0 of 0: all): "
            "give -o another folder",
            nd_text_str(&r->dir), is.i, is.n);
    if (!wanted.n) return nd_plan_shard(&r->plan, is, err);
    if (!fresh) return ND_OK;
    nd_text bytes = {0};
    nd_shard_pack(wanted, &bytes);
    const nd_code code = append(r, ND_ENTRY_SHARD, &bytes, err);
    nd_text_free(&bytes);
    return code;
}

static nd_code note_session(run *r, nd_err *err)
{
    nd_session s = {0};
    nd_session_now(&s);
    nd_text_add(&s.command, "%s", r->o->command);
    nd_copy(s.isa, sizeof s.isa, nd_kern()->isa);
    s.ranks = r->o->ranks;
    nd_text bytes = {0};
    nd_session_pack(&s, &bytes);
    nd_code code = append(r, ND_ENTRY_SESSION, &bytes, err);
    if (code == ND_OK) code = nd_journal_sync(r->journal, err);
    nd_past_add(&r->past, &s);
    nd_text_free(&bytes);
    nd_session_free(&s);
    return code;
}

/* A refinement goes on with the rounds that its journal has. */
static nd_code open_rounds(run *r, nd_err *err)
{
    r->rounds = &r->rounds_of;
    ND_TRY(nd_rounds_new(r->rounds, &r->plan, err));
    return nd_rounds_replay(r->rounds, &r->past, err);
}

static nd_code open_campaign(run *r, nd_err *err)
{
    const nd_campaign_options *o = r->o;
    ND_TRY(nd_plan_new(&r->plan, o->spec, o->sets, o->n_sets, err));
    ND_TRY(nd_plan_shard(&r->plan, o->shard, err));
    ND_TRY(nd_plan_price(&r->plan, err));
    nd_text_add(&r->dir, "%s%s", o->dir ? o->dir : nd_spec_name(r->plan.spec),
                !o->dir && nd_spec_quick(r->plan.spec) ? "-quick" : "");
    if (o->shard.n) nd_text_add(&r->dir, "/shard-%u-of-%u", o->shard.i, o->shard.n);
    ND_TRY(nd_text_check(&r->dir, err));
    ND_TRY(nd_dir_make(r->dir.s, err));
    nd_text path = {0};
    nd_code code = path_in(r, "journal", &path, err);
    if (code == ND_OK) code = nd_journal_open(&r->journal, path.s, true, err);
    nd_text_free(&path);
    ND_TRY(code);
    ND_TRY(nd_ledger_replay(&r->ledger, &r->past, r->journal, err));
    nd_desk_tidy(r->dir.s, &r->ledger);
    ND_TRY(nd_desk_open(r->dir.s, err));
    ND_TRY(nd_worker_log_open(r->dir.s, err));
    ND_TRY(settle_shard(r, err));
    ND_TRY(note_origin(r, err));
    ND_TRY(note_session(r, err));
    return nd_spec_refine(r->plan.spec) ? open_rounds(r, err) : ND_OK;
}

/* ---- what is left to do ---- */

/* Does this trial run (again)? `attempts` that count against its retries come out. */
static bool wanted(const run *r, const nd_line *line, int *attempts, int *prior)
{
    *attempts = *prior = 0;
    if (!line) return true;
    const nd_status status = (nd_status)line->status;
    if (!nd_status_failed(status)) return false;
    if (r->o->retry_failed) {
        *prior = line->attempts;
        return true;
    }
    *attempts = line->attempts;
    return nd_status_retry(status) &&
           line->attempts <= nd_spec_limits(r->plan.spec)->retries;
}

/* What the journal knows about costs: the seconds of every trial that trained to its end. */
static void learn_costs(run *r)
{
    for (size_t i = 0; i < r->plan.n; i++) {
        const nd_planned *t = &r->plan.trial[i];
        const nd_line *line = nd_ledger_find(&r->ledger, t->key);
        if (line && line->status == ND_STATUS_DONE)
            nd_sched_learn(r->sched, t->kind, (double)t->seconds, (double)line->seconds);
    }
}

/* The trials to run; all of them, or those that the rounds so far ask for. */
static nd_code list_tasks(run *r, nd_err *err)
{
    const size_t n = r->plan.n;
    const nd_limits *limits = nd_spec_limits(r->plan.spec);
    nd_sched_config config = nd_sched_defaults();
    float *cost = malloc((n ? n : 1) * sizeof *cost);
    int *attempts = malloc((n ? n : 1) * sizeof *attempts);
    uint16_t *kinds = malloc((n ? n : 1) * sizeof *kinds);
    r->task = malloc((n ? n : 1) * sizeof *r->task);
    r->prior = malloc((n ? n : 1) * sizeof *r->prior);
    nd_code code = ND_OK;
    if (!cost || !attempts || !kinds || !r->task || !r->prior) {
        code = ND_FAIL(err, ND_ENOMEM, "no memory for %zu trials", n);
        goto out;
    }
    r->n_tasks = 0;
    for (size_t i = 0; i < n; i++) {
        if (r->rounds && !r->rounds->asked[i]) continue;
        const nd_line *line = nd_ledger_find(&r->ledger, r->plan.trial[i].key);
        const size_t task = r->n_tasks;
        if (!wanted(r, line, &attempts[task], &r->prior[task])) {
            if (nd_status_failed((nd_status)line->status))
                config.failed_before++;
            else
                config.done_before++;
            continue;
        }
        r->task[task] = i;
        cost[task] = r->plan.trial[i].seconds;
        kinds[task] = r->plan.trial[i].kind;
        r->n_tasks++;
    }
    config.n_tasks = r->n_tasks;
    config.n_workers = r->t->ops->n_workers(r->t);
    config.retries = limits->retries;
    config.max_failures = limits->max_failures;
    config.losses = limits->losses;
    config.ahead = r->t->ops->ahead;
    config.reach = r->o->time_limit > 0 ? fmin(REACH, r->o->time_limit / 4) : HUGE_VAL;
    config.n_kinds = r->plan.kinds ? r->plan.kinds : 1;
    config.kinds = kinds;
    code = nd_sched_new(&r->sched, &config, cost, attempts, err);
    if (code == ND_OK) learn_costs(r);
    r->show.trials = r->n_tasks + config.done_before + config.failed_before;
    r->show.round = r->rounds && !nd_rounds_over(r->rounds) ? r->rounds->last.number : 0;
    r->show.done_before = config.done_before;
    r->show.failed_before = config.failed_before;
out:
    free(cost);
    free(attempts);
    free(kinds);
    return code;
}

/* Replaces the scheduler; the workers that waited for the old one's tasks wait for the new
 * one's. None was released: the old one was not asked for actions once all had ended. */
static nd_code schedule(run *r, nd_err *err)
{
    nd_sched *old = r->sched;
    r->sched = NULL;
    free(r->task);
    free(r->prior);
    r->task = NULL;
    r->prior = NULL;
    const nd_code code = list_tasks(r, err);
    if (old && code == ND_OK) {
        const nd_sched_counts n = nd_sched_count(old);
        r->show.ended_before += n.done + n.failed;
        for (size_t w = 0; w < r->show.n_workers; w++)
            if (nd_sched_idle(old, w)) nd_sched_ready(r->sched, w);
    }
    nd_sched_free(old);
    return code;
}

/* ---- the loop ---- */

/* What the worker is at from now on: the scheduler knows. */
static void note_task(run *r, size_t worker)
{
    nd_busy *b = &r->show.worker[worker];
    const size_t task = nd_sched_task(r->sched, worker);
    b->busy = task != SIZE_MAX;
    if (!b->busy) return;
    nd_key_text(r->plan.trial[r->task[task]].key, b->key);
    b->since = nd_now();
    b->expected = nd_sched_expected(r->sched, worker);
    b->progress = (nd_progress){.train_error = (double)NAN};
}

static nd_code send(run *r, size_t worker, size_t task, nd_err *err)
{
    const nd_limits *limits = nd_spec_limits(r->plan.spec);
    const nd_child_limits child = {.seconds = limits->trial_seconds,
                                   .memory = (uint64_t)(limits->trial_memory * 1048576.0)};
    nd_params p;
    ND_TRY(nd_plan_params(&r->plan, r->task[task], &p, err));
    nd_text text = {0}, checkpoint = {0}, log = {0};
    nd_desk_path(&checkpoint, nd_text_str(&r->dir), r->plan.trial[r->task[task]].key);
    nd_worker_log_path(&log, nd_text_str(&r->dir), worker);
    nd_task_put(&text, &p, nd_text_str(&checkpoint), nd_text_str(&log));
    text.failed |= checkpoint.failed | log.failed;
    nd_code code = nd_text_check(&text, err);
    if (code == ND_OK) code = r->t->ops->send(r->t, worker, &child, text.s, text.n, err);
    nd_text_free(&log);
    nd_text_free(&checkpoint);
    nd_text_free(&text);
    if (nd_sched_task(r->sched, worker) == task) note_task(r, worker);
    r->sent++;
    return code;
}

static nd_code hand_out(run *r, nd_err *err)
{
    for (;;) {
        const nd_action a = nd_sched_next(r->sched, r->deadline - nd_now());
        switch (a.type) {
        case ND_ACT_NONE:
            return ND_OK;
        case ND_ACT_ASSIGN:
            ND_TRY(send(r, a.worker, a.task, err));
            break;
        case ND_ACT_RECALL:
            ND_TRY(r->t->ops->recall(r->t, a.worker, err));
            break;
        case ND_ACT_RELEASE:
            ND_TRY(r->t->ops->release(r->t, a.worker, err));
            break;
        }
    }
}

/* Writes down how an attempt at a task ended. */
static nd_code record(run *r, size_t task, const nd_record *rec, nd_err *err)
{
    nd_params p;
    nd_text bytes = {0};
    ND_TRY(nd_plan_params(&r->plan, r->task[task], &p, err));
    nd_trial_pack(&p, rec, &bytes);
    const uint64_t offset = nd_journal_end(r->journal);
    nd_code code = append(r, ND_ENTRY_TRIAL, &bytes, err);
    if (code == ND_OK) code = nd_ledger_put(&r->ledger, rec, offset, err);
    nd_text_free(&bytes);
    if (code == ND_OK && !nd_desk_keeps(rec->status))
        nd_desk_clear(nd_text_str(&r->dir), rec->key);
    r->unsynced = r->unpublished = true;
    if (code == ND_OK && nd_status_failed(rec->status)) {
        char key[ND_KEY_TEXT];
        nd_key_text(rec->key, key);
        nd_show_failure(&r->show, key, nd_status_name(rec->status), rec->reason);
    }
    return code;
}

/* An attempt ended: first the journal, then the scheduler. */
static nd_code keep(run *r, size_t worker, const nd_event *e, nd_err *err)
{
    const size_t task = nd_sched_task(r->sched, worker);
    nd_record rec;
    ND_TRY(nd_record_unpack(&rec, e->bytes, e->n, err));
    const nd_planned *planned = &r->plan.trial[r->task[task]];
    char key[ND_KEY_TEXT];
    nd_key_text(planned->key, key);
    rec.attempts = r->prior[task] + nd_sched_attempt(r->sched, worker);
    nd_code code = ND_OK;
    if (!nd_key_same(planned->key, rec.key))
        code = ND_FAIL(err, ND_ECORRUPT,
                       "worker %zu sent the record of another trial than %s", worker, key);
    if (code == ND_OK) code = record(r, task, &rec, err);
    if (code == ND_OK) {
        r->ran++;
        nd_sched_result(r->sched, worker,
                        !nd_status_failed(rec.status) ? ND_OUTCOME_DONE
                        : nd_status_retry(rec.status) ? ND_OUTCOME_RETRY
                                                      : ND_OUTCOME_FAILED,
                        rec.seconds);
        note_task(r, worker);
    }
    nd_record_free(&rec);
    return code;
}

/* A worker, or its trial server, is gone. The trial goes to another, unless it was there each
 * time: then it has failed. */
static nd_code lose(run *r, const nd_event *e, nd_err *err)
{
    nd_busy *b = &r->show.worker[e->worker];
    const size_t task = nd_sched_task(r->sched, e->worker);
    const int attempt = nd_sched_attempt(r->sched, e->worker);
    const bool failed = nd_sched_lost(r->sched, e->worker);
    nd_log(ND_WARN, "lost worker %zu (%s): %.*s%s", e->worker, b->host, (int)e->n, e->bytes,
           task == SIZE_MAX ? ""
           : failed         ? "; its trial has failed"
                            : "; its trial will run elsewhere");
    const double seconds = b->busy ? nd_now() - b->since : 0;
    b->busy = false;
    if (!failed) return ND_OK;
    nd_record rec;
    nd_record_init(&rec);
    rec.key = r->plan.trial[r->task[task]].key;
    rec.status = ND_STATUS_LOST;
    rec.attempts = r->prior[task] + attempt;
    rec.seconds = seconds;
    nd_copy(rec.host, sizeof rec.host, b->host);
    nd_copy(rec.isa, sizeof rec.isa, nd_kern()->isa);
    snprintf(rec.reason, sizeof rec.reason, "took %d trial servers with it; the last: %.*s",
             nd_spec_limits(r->plan.spec)->losses, (int)(e->n < 160 ? e->n : 160),
             e->bytes);
    r->ran++;
    return record(r, task, &rec, err);
}

static nd_code handle(run *r, const nd_event *e, nd_err *err)
{
    nd_busy *b = &r->show.worker[e->worker];
    switch (e->type) {
    case ND_EVENT_READY: {
        const size_t n = e->n < sizeof b->host ? e->n : sizeof b->host - 1;
        memcpy(b->host, e->bytes, n);
        b->host[n] = '\0';
        nd_sched_ready(r->sched, e->worker);
        break;
    }
    case ND_EVENT_PROGRESS:
        return nd_progress_unpack(&b->progress, e->bytes, e->n, err);
    case ND_EVENT_RECORD:
        return keep(r, e->worker, e, err);
    case ND_EVENT_CANCELLED:
        nd_sched_result(r->sched, e->worker, ND_OUTCOME_BACK, 0);
        note_task(r, e->worker);
        break;
    case ND_EVENT_RETURNED:
        nd_sched_returned(r->sched, e->worker);
        break;
    case ND_EVENT_LOST:
        return lose(r, e, err);
    }
    return ND_OK;
}

static nd_code cancel_all(run *r, nd_err *err)
{
    for (size_t w = 0; w < r->show.n_workers; w++)
        if (r->show.worker[w].busy) ND_TRY(r->t->ops->cancel(r->t, w, err));
    r->cancelled = true;
    return ND_OK;
}

/* Signals and the time limit: first nothing new starts, later what runs is cancelled. */
static nd_code watch_time(run *r, nd_err *err)
{
    const double now = nd_now();
    const int signal = nd_signals_caught();
    if (signal) {
        const double cut = signal == SIGUSR1 ? now + DRAIN : now;
        if (isinf(r->cut_at))
            nd_log(ND_INFO, "%s: %s", strsignal(signal),
                   signal == SIGUSR1 ? "finishing what runs, starting nothing new"
                                     : "stopping; what runs leaves a checkpoint");
        if (cut < r->cut_at) r->cut_at = cut;
        nd_sched_stop(r->sched);
    }
    if (now >= r->deadline && r->deadline < r->cut_at) r->cut_at = r->deadline;
    if (now >= r->cut_at && !r->cancelled) return cancel_all(r, err);
    return ND_OK;
}

static nd_code publish(run *r, nd_err *err)
{
    nd_text path = {0};
    const double start = nd_now();
    nd_code code = path_in(r, "results.nc", &path, err);
    if (code == ND_OK)
        code = nd_publish_results(path.s, &r->plan, &r->ledger, r->journal, &r->past,
                                  r->rounds, r->o->command, err);
    nd_text_free(&path);
    r->unpublished = false;
    r->published_at = nd_now();
    r->publishing = r->published_at - start;
    return code;
}

static nd_code watch_disk(run *r, nd_err *err)
{
    const double now = nd_now();
    if (r->unsynced && now - r->synced_at >= SYNC_EVERY) {
        ND_TRY(nd_journal_sync(r->journal, err));
        r->unsynced = false;
        r->synced_at = now;
    }
    /* Meanwhile no worker gets a task: of a large campaign it is made less often. */
    const double every = fmax(PUBLISH_EVERY, PUBLISH_SHARE * r->publishing);
    if (r->unpublished && now - r->published_at >= every) return publish(r, err);
    return ND_OK;
}

/* Workers come and go; with none for a minute there is no use in waiting. */
static nd_code watch_workers(run *r, nd_err *err)
{
    const nd_sched_counts n = nd_sched_count(r->sched);
    const double now = nd_now();
    if (n.workers || !n.pending) {
        r->lost_since = now;
        return ND_OK;
    }
    if (now - r->lost_since < LOST_FOR) return ND_OK;
    return ND_FAIL(
        err, ND_EENV,
        "no worker has been there for %d s; all results so far are kept, run the same "
        "command again to go on",
        LOST_FOR);
}

static bool over(const run *r)
{
    if (nd_sched_finished(r->sched)) return true;
    return nd_sched_stopped(r->sched) != ND_STOP_NONE && !nd_sched_count(r->sched).running;
}

static nd_code loop(run *r, nd_err *err)
{
    enum { BURST = 256 }; /* events in a row before anything else gets its turn */
    for (size_t row = 1; !over(r); row++) {
        nd_event e;
        bool have;
        ND_TRY(watch_time(r, err));
        ND_TRY(hand_out(r, err));
        ND_TRY(r->t->ops->poll(r->t, &e, &have, err));
        if (have) ND_TRY(handle(r, &e, err));
        if (have && row % BURST) continue;
        ND_TRY(watch_disk(r, err));
        ND_TRY(watch_workers(r, err));
        nd_show_tick(&r->show, r->sched, nd_signals_caught() ? "stopping" : "running",
                     false);
        if (!have) r->t->ops->wait(r->t, 0.1);
    }
    return ND_OK;
}

/* A refinement decides what to run next when all it asked for has ended. */
static nd_code next_round(run *r, nd_err *err)
{
    ND_TRY(nd_rounds_go_on(r->rounds, &r->ledger, r->journal, err));
    const nd_round *last = &r->rounds->last;
    r->unsynced = r->unpublished = true;
    nd_show_note(&r->show, "%s %u: %s; %zu of %zu points, %zu trials of at most %zu",
                 nd_rounds_over(r->rounds) ? "refined, rounds 1 to" : "round",
                 last->number - nd_rounds_over(r->rounds), nd_round_text(last),
                 r->rounds->n_points, r->rounds->map.grid.points, r->rounds->n_asked,
                 nd_rounds_budget(r->rounds));
    return schedule(r, err);
}

static nd_code all_rounds(run *r, nd_err *err)
{
    ND_TRY(loop(r, err));
    while (r->rounds && nd_sched_finished(r->sched) && !nd_rounds_over(r->rounds)) {
        ND_TRY(next_round(r, err));
        ND_TRY(loop(r, err));
    }
    return ND_OK;
}

/* ---- ending ---- */

static nd_code close_in_order(run *r, nd_campaign_end *end, nd_err *err)
{
    if (r->unsynced) ND_TRY(nd_journal_sync(r->journal, err));
    ND_TRY(publish(r, err));
    nd_desk_tidy(nd_text_str(&r->dir), &r->ledger);
    const nd_sched_counts n = nd_sched_count(r->sched);
    *end = (nd_campaign_end){.trials = r->show.trials,
                             .done = n.done + r->show.done_before,
                             .failed = n.failed + r->show.failed_before,
                             .pending = n.pending,
                             .ran = r->ran};
    snprintf(end->results, sizeof end->results, "%s/results.nc", nd_text_str(&r->dir));
    nd_show_tick(&r->show, r->sched, n.pending ? "stopped" : "finished", true);
    if (nd_sched_stopped(r->sched) == ND_STOP_FAILURES)
        return ND_FAIL(
            err, ND_EFAILED,
            "%zu of %zu trials failed, more than limits.max_failures allows: %zu were "
            "not started. See `nudge status %s`; after mending the cause, run again "
            "with --retry-failed",
            end->failed, end->trials, end->pending, nd_text_str(&r->dir));
    if (n.pending && !r->sent && r->o->time_limit > 0 && !nd_signals_caught())
        return ND_FAIL(err, ND_ESTOPPED,
                       "stopped in good order, %zu trials remain: the time limit of %g s "
                       "was too short to start any of them; give a longer one",
                       end->pending, r->o->time_limit);
    if (n.pending)
        return ND_FAIL(
            err, ND_ESTOPPED,
            "stopped in good order, %zu trials remain: run the same command again to "
            "go on",
            end->pending);
    if (end->failed)
        return ND_FAIL(err, ND_EFAILED, "%zu of %zu trials failed: see `nudge status %s`",
                       end->failed, end->trials, nd_text_str(&r->dir));
    return ND_OK;
}

nd_code nd_campaign_run(const nd_campaign_options *o, nd_transport *t, nd_campaign_end *end,
                        nd_err *err)
{
    run r = {.o = o, .t = t, .cut_at = HUGE_VAL, .deadline = HUGE_VAL};
    r.synced_at = r.published_at = r.lost_since = nd_now();
    if (o->time_limit > 0) r.deadline = nd_now() + o->time_limit;
    nd_signals_catch();
    nd_code code = open_campaign(&r, err);
    if (code == ND_OK)
        code = nd_show_new(&r.show, nd_text_str(&r.dir), nd_spec_name(r.plan.spec),
                           t->ops->n_workers(t), err);
    if (code == ND_OK) code = schedule(&r, err);
    if (code == ND_OK) {
        code = all_rounds(&r, err);
        if (code == ND_OK) code = close_in_order(&r, end, err);
    }
    if (code == ND_EIO)
        nd_err_while(err, "nothing recorded is lost: once that is mended, the same command "
                          "goes on");
    nd_show_free(&r.show);
    nd_sched_free(r.sched);
    free(r.task);
    free(r.prior);
    nd_rounds_free(&r.rounds_of);
    nd_past_free(&r.past);
    nd_ledger_free(&r.ledger);
    nd_journal_close(r.journal);
    nd_plan_free(&r.plan);
    nd_text_free(&r.dir);
    return code;
}
