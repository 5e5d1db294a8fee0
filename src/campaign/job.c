/* job.c -- a task, from its text to its record, in the trial server and its children. */
#include "job_impl.h"

#include "nudge/build.h"
#include "nudge/bytes.h"
#include "nudge/campaign.h"
#include "nudge/trial.h"

#include "shelf_impl.h"
#include "worker_log_impl.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* A mini-batch and a checkpoint take much less. */
#define GRACE 20.0

void nd_task_put(nd_text *out, const nd_params *p, const char *checkpoint, const char *log)
{
    nd_text_add(out, "%s\n%s\n", checkpoint, log);
    nd_params_print(p, true, out);
}

typedef struct assignment {
    nd_params p;
    nd_text checkpoint, log; /* paths */
} assignment;

static void assignment_free(assignment *a)
{
    nd_text_free(&a->checkpoint);
    nd_text_free(&a->log);
}

/* The line at *at, which moves on to the next. */
static nd_code take_line(const char **at, nd_text *out, nd_err *err)
{
    const char *end = strchr(*at, '\n');
    if (!end) return ND_FAIL(err, ND_ECORRUPT, "not a task");
    nd_text_bytes(out, *at, (size_t)(end - *at));
    *at = end + 1;
    return nd_text_check(out, err);
}

static nd_code read_task(const void *task, size_t n, assignment *a, nd_err *err)
{
    nd_text t = {0};
    *a = (assignment){.checkpoint = {0}};
    nd_params_defaults(&a->p);
    nd_text_bytes(&t, task, n);
    nd_code code = nd_text_check(&t, err);
    const char *at = nd_text_str(&t);
    if (code == ND_OK) code = take_line(&at, &a->checkpoint, err);
    if (code == ND_OK) code = take_line(&at, &a->log, err);
    if (code == ND_OK) code = nd_params_parse(&a->p, at, err);
    nd_text_free(&t);
    return code;
}

static nd_code prepare(void *ctx, const void *task, size_t n, nd_err *err)
{
    assignment a;
    const nd_dataset *data;
    nd_code code = read_task(task, n, &a, err);
    if (code == ND_OK) code = nd_shelf_take(ctx, &a.p, &data, err);
    assignment_free(&a);
    return code;
}

/* What a worker's log says of a record. */
static void note_end(const assignment *a, const nd_record *r)
{
    nd_worker_log(nd_text_str(&a->log), r->key, "%s after %.1f s%s%s",
                  nd_status_name(r->status), r->seconds, *r->reason ? ": " : "", r->reason);
}

static void send_record(const nd_record *r, nd_server_child *io)
{
    nd_text bytes = {0};
    nd_record_pack(r, &bytes);
    if (!bytes.failed) nd_child_record(io, bytes.s, bytes.n);
    nd_text_free(&bytes);
}

static void say_epoch(void *ctx, const nd_record *so_far, size_t epoch)
{
    nd_text bytes = {0};
    nd_put_u32(&bytes, (uint32_t)epoch);
    nd_put_u32(&bytes, (uint32_t)so_far->epochs);
    nd_put_f64(&bytes, so_far->value[ND_METRIC_train_error]);
    if (!bytes.failed) nd_child_progress(ctx, bytes.s, bytes.n);
    nd_text_free(&bytes);
}

nd_code nd_progress_unpack(nd_progress *p, const void *bytes, size_t n, nd_err *err)
{
    nd_cursor c = nd_cursor_at(bytes, n);
    p->epoch = nd_get_u32(&c);
    p->epochs = nd_get_u32(&c);
    p->train_error = nd_get_f64(&c);
    return c.bad ? ND_FAIL(err, ND_ECORRUPT, "not a progress message") : ND_OK;
}

/* A record for a trial that has none of its own. */
static void failed_record(const nd_params *p, nd_status status, const char *reason,
                          double seconds, nd_record *r)
{
    nd_record_init(r);
    if (nd_params_key(p, &r->key, NULL) != ND_OK) r->key = (nd_key){{0}};
    r->status = status;
    r->seconds = seconds;
    nd_copy(r->reason, sizeof r->reason, reason);
    nd_copy(r->isa, sizeof r->isa, nd_kern()->isa);
    nd_hostname(r->host, sizeof r->host);
}

static bool stop(void *ctx)
{
    (void)ctx;
    return nd_child_cancelled();
}

/* A cancelled trial sends nothing: its checkpoint says where it stands. */
static void run(void *ctx, const void *task, size_t n, nd_server_child *io)
{
    nd_err err = {0};
    assignment a;
    nd_record r;
    nd_key key;
    const nd_dataset *data;
    nd_code code = read_task(task, n, &a, &err);
    if (code != ND_OK) return; /* `prepare` has read the same text: cannot be */
    const char *log = nd_text_str(&a.log);
    const nd_watch watch = {.ctx = io,
                            .epoch = say_epoch,
                            .stop = stop,
                            .checkpoint =
                                a.checkpoint.n ? nd_text_str(&a.checkpoint) : NULL};
    nd_worker_log_take_stderr(log);
    code = nd_params_key(&a.p, &key, &err);
    if (code == ND_OK) nd_worker_log(log, key, "begins");
    if (code == ND_OK) code = nd_shelf_take(ctx, &a.p, &data, &err);
    if (code == ND_OK) code = nd_trial_run(&a.p, data, &watch, &r, &err);
    if (code == ND_ESTOPPED) {
        nd_worker_log(log, key, "stopped");
        return;
    }
    if (code != ND_OK)
        failed_record(&a.p, code == ND_ENOMEM ? ND_STATUS_MEMORY : ND_STATUS_REFUSED,
                      err.message, 0, &r);
    send_record(&r, io);
    note_end(&a, &r);
    nd_record_free(&r);
    assignment_free(&a);
}

static nd_status status_of(const nd_child_end *how)
{
    switch (how->fate) {
    case ND_CHILD_SIGNAL:
        return how->number == SIGKILL ? ND_STATUS_MEMORY : ND_STATUS_CRASHED;
    case ND_CHILD_TIMEOUT:
        return ND_STATUS_TIMEOUT;
    case ND_CHILD_REFUSED:
        return how->number == ND_ENOMEM ? ND_STATUS_MEMORY : ND_STATUS_REFUSED;
    case ND_CHILD_EXIT:
    case ND_CHILD_NO_RECORD:
    case ND_CHILD_NOT_STARTED:
        break;
    }
    return ND_STATUS_CRASHED;
}

static void failed(void *ctx, const void *task, size_t n, const nd_child_end *how,
                   nd_text *record)
{
    (void)ctx;
    assignment a;
    nd_record r;
    const nd_code code = read_task(task, n, &a, NULL);
    failed_record(&a.p, status_of(how), how->words, how->seconds, &r);
    nd_record_pack(&r, record);
    if (code == ND_OK) note_end(&a, &r);
    nd_record_free(&r);
    assignment_free(&a);
}

nd_code nd_campaign_job(nd_server_job *job, nd_err *err)
{
    nd_shelf *shelf = calloc(1, sizeof *shelf);
    if (!shelf) return ND_FAIL(err, ND_ENOMEM, "no memory for the data sets' shelf");
    *job = (nd_server_job){
        .ctx = shelf, .prepare = prepare, .run = run, .failed = failed, .grace = GRACE};
    return ND_OK;
}

void nd_campaign_job_free(nd_server_job *job)
{
    if (job->ctx) nd_shelf_close(job->ctx);
    free(job->ctx);
    *job = (nd_server_job){0};
}
