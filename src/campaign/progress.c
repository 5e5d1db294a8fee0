/* progress.c -- the bar on a terminal, a line every 30 s elsewhere, status.json for all. */
#include "progress_impl.h"

#include "nudge/build.h"
#include "nudge/clock.h"
#include "nudge/file.h"
#include "nudge/json.h"
#include "nudge/log.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LINE_EVERY = 30, FILE_EVERY = 2 };

nd_code nd_show_new(nd_show *s, const char *dir, const char *campaign, size_t n_workers,
                    nd_err *err)
{
    *s = (nd_show){.dir = dir,
                   .campaign = campaign,
                   .n_workers = n_workers,
                   .start = nd_now(),
                   .terminal = isatty(STDERR_FILENO)};
    s->last_line = s->start;
    s->worker = calloc(n_workers ? n_workers : 1, sizeof *s->worker);
    return s->worker ? ND_OK
                     : ND_FAIL(err, ND_ENOMEM, "no memory for %zu workers", n_workers);
}

void nd_show_free(nd_show *s)
{
    free(s->worker);
    s->worker = NULL;
}

static void end_bar(nd_show *s)
{
    if (s->on_line) fprintf(stderr, "\n");
    s->on_line = false;
}

void nd_show_note(nd_show *s, const char *fmt, ...)
{
    char line[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    end_bar(s);
    nd_log(ND_INFO, "%s", line);
}

void nd_show_failure(nd_show *s, const char *key, const char *status, const char *reason)
{
    char *line = s->failure[s->n_failures++ % ND_FAILURES_SHOWN];
    snprintf(line, sizeof s->failure[0], "%.8s %s: %s", key, status, reason);
    end_bar(s);
    nd_log(ND_WARN, "trial %s", line);
}

typedef struct figures {
    nd_sched_counts n;
    size_t done, failed; /* of the whole campaign */
    double elapsed, rate, eta;
} figures;

static figures figures_of(const nd_show *s, const nd_sched *sched)
{
    figures f = {.n = nd_sched_count(sched), .elapsed = nd_now() - s->start};
    const size_t ended = f.n.done + f.n.failed + s->ended_before;
    f.done = f.n.done + s->done_before;
    f.failed = f.n.failed + s->failed_before;
    f.rate = f.elapsed > 0 ? (double)ended / f.elapsed : 0;
    f.eta = ended ? nd_sched_seconds_left(sched) : (double)NAN;
    return f;
}

static void show_line(nd_show *s, const figures *f)
{
    nd_text t = {0};
    if (s->terminal) {
        enum { WIDTH = 28 };
        const size_t full = s->trials ? (f->done + f->failed) * WIDTH / s->trials : WIDTH;
        nd_text_add(&t, "\r[");
        for (size_t i = 0; i < WIDTH; i++)
            nd_text_add(&t, i < full ? "#" : ".");
        nd_text_add(&t, "] ");
    }
    nd_text_add(&t, "%zu of %zu trials done, %zu running", f->done, s->trials,
                f->n.running);
    if (f->failed) nd_text_add(&t, ", %zu failed", f->failed);
    nd_text_add(&t, ", %.2f/s, ", f->rate);
    nd_text_duration(&t, f->eta);
    nd_text_add(&t, " left");
    if (s->round) nd_text_add(&t, " in round %u", s->round);
    if (s->terminal) {
        fprintf(stderr, "%s\x1b[K", nd_text_str(&t));
        fflush(stderr);
        s->on_line = true;
    } else {
        nd_log(ND_INFO, "%s", nd_text_str(&t));
    }
    nd_text_free(&t);
}

static void json_workers(nd_json *j, const nd_show *s)
{
    nd_json_key(j, "workers");
    nd_json_open(j, '[');
    for (size_t w = 0; w < s->n_workers; w++) {
        const nd_busy *b = &s->worker[w];
        nd_json_open(j, '{');
        nd_json_key(j, "worker"), nd_json_int(j, (long long)w);
        nd_json_key(j, "host"), nd_json_string(j, b->host);
        nd_json_key(j, "trial"), nd_json_string(j, b->busy ? b->key : "");
        nd_json_key(j, "epoch"), nd_json_int(j, b->progress.epoch);
        nd_json_key(j, "epochs"), nd_json_int(j, b->progress.epochs);
        nd_json_key(j, "train_error"), nd_json_real(j, b->progress.train_error);
        nd_json_key(j, "seconds"),
            nd_json_real(j, b->busy ? floor(nd_now() - b->since) : 0);
        nd_json_key(j, "expected_seconds"), nd_json_real(j, b->busy ? b->expected : 0);
        nd_json_close(j);
    }
    nd_json_close(j);
}

static void write_file(nd_show *s, const figures *f, const char *state)
{
    nd_json j = {0};
    char now[24], host[64];
    nd_utc(now, sizeof now);
    nd_hostname(host, sizeof host);
    nd_json_open(&j, '{');
    nd_json_key(&j, "campaign"), nd_json_string(&j, s->campaign);
    nd_json_key(&j, "state"), nd_json_string(&j, state);
    nd_json_key(&j, "updated"), nd_json_string(&j, now);
    nd_json_key(&j, "host"), nd_json_string(&j, host);
    nd_json_key(&j, "pid"), nd_json_int(&j, (long long)getpid());
    const struct {
        const char *name;
        size_t n;
    } counts[] = {
        {"trials", s->trials},     {"done", f->done},         {"failed", f->failed},
        {"running", f->n.running}, {"pending", f->n.pending},
    };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        nd_json_key(&j, counts[i].name), nd_json_int(&j, (long long)counts[i].n);
    nd_json_key(&j, "round"), nd_json_int(&j, s->round);
    nd_json_key(&j, "elapsed_seconds"), nd_json_real(&j, floor(f->elapsed));
    nd_json_key(&j, "trials_per_second"), nd_json_real(&j, f->rate);
    nd_json_key(&j, "eta_seconds"), nd_json_real(&j, f->eta);
    json_workers(&j, s);
    nd_json_key(&j, "failures");
    nd_json_open(&j, '[');
    const size_t shown =
        s->n_failures < ND_FAILURES_SHOWN ? s->n_failures : ND_FAILURES_SHOWN;
    for (size_t i = s->n_failures - shown; i < s->n_failures; i++)
        nd_json_string(&j, s->failure[i % ND_FAILURES_SHOWN]);
    nd_json_close(&j);
    nd_json_close(&j);
    nd_text_add(&j.text, "\n");
    nd_text path = {0};
    nd_path_join(&path, s->dir, "status.json");
    nd_err err = {0};
    if (!j.text.failed && !path.failed &&
        nd_file_publish(path.s, j.text.s, j.text.n, &err) != ND_OK && !s->file_failed) {
        s->file_failed = true;
        nd_log(ND_WARN, "%s; going on without status.json", err.message);
    }
    nd_text_free(&path);
    nd_text_free(&j.text);
}

void nd_show_tick(nd_show *s, const nd_sched *sched, const char *state, bool now)
{
    const double t = nd_now(), every = s->terminal ? 0.25 : LINE_EVERY;
    const bool line = now || t - s->last_line >= every,
               file = now || t - s->last_file >= FILE_EVERY;
    if (!line && !file) return;
    const figures f = figures_of(s, sched);
    if (line) {
        show_line(s, &f);
        s->last_line = t;
    }
    if (file) {
        write_file(s, &f, state);
        s->last_file = t;
    }
    if (now) end_bar(s);
}
