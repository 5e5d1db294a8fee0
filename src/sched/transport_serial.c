/* transport_serial.c -- one worker: the trial server of this very process. */
#include "nudge/transport.h"

#include "nudge/build.h"

#include <stdlib.h>
#include <string.h>

typedef struct serial {
    nd_server server;
    bool ready;   /* READY is still to be said */
    int restarts; /* since the last record     */
    nd_err fault;
    char host[64];
} serial;

static size_t n_workers(const nd_transport *t)
{
    (void)t;
    return 1;
}

/* A dead server is an event of the next poll, not an error of the caller's. */
static nd_code send_task(nd_transport *t, size_t worker, const nd_child_limits *limits,
                         const void *task, size_t n, nd_err *err)
{
    serial *s = t->state;
    (void)worker, (void)err;
    (void)!nd_server_send_task(&s->server, limits, task, n, NULL);
    return ND_OK;
}

static nd_code cancel(nd_transport *t, size_t worker, nd_err *err)
{
    serial *s = t->state;
    (void)worker, (void)err;
    (void)!nd_server_cancel(&s->server, NULL);
    return ND_OK;
}

static nd_code release(nd_transport *t, size_t worker, nd_err *err)
{
    serial *s = t->state;
    (void)worker, (void)err;
    nd_server_stop(&s->server);
    return ND_OK;
}

static nd_event lost(serial *s)
{
    if (s->restarts++ == ND_RESTARTS_MAX) nd_server_stop(&s->server);
    s->ready = nd_server_fd(&s->server) >= 0;
    return (nd_event){ND_EVENT_LOST, 0, s->fault.message, strlen(s->fault.message)};
}

static nd_code poll_events(nd_transport *t, nd_event *out, bool *have, nd_err *err)
{
    static const nd_event_type event[] = {[ND_SAYS_PROGRESS] = ND_EVENT_PROGRESS,
                                          [ND_SAYS_RECORD] = ND_EVENT_RECORD,
                                          [ND_SAYS_CANCELLED] = ND_EVENT_CANCELLED};
    serial *s = t->state;
    (void)err;
    *have = s->ready;
    if (s->ready) {
        s->ready = false;
        *out = (nd_event){ND_EVENT_READY, 0, s->host, strlen(s->host)};
        return ND_OK;
    }
    if (nd_server_fd(&s->server) < 0) return ND_OK; /* released, or given up */
    nd_server_message m;
    if (nd_server_poll(&s->server, &m, have, &s->fault) != ND_OK) {
        *out = lost(s);
        *have = true;
    } else if (*have) {
        if (m.type == ND_SAYS_RECORD) s->restarts = 0;
        *out = (nd_event){event[m.type], 0, m.bytes, m.n};
    }
    return ND_OK;
}

static void wait_events(nd_transport *t, double seconds)
{
    const serial *s = t->state;
    if (!s->ready) nd_server_wait(&s->server, seconds);
}

static void close_serial(nd_transport *t)
{
    serial *s = t->state;
    if (!s) return;
    nd_server_stop(&s->server);
    free(s);
    *t = (nd_transport){0};
}

static const nd_transport_ops serial_ops = {
    .name = "serial",
    .n_workers = n_workers,
    .send = send_task,
    .cancel = cancel,
    .release = release,
    .poll = poll_events,
    .wait = wait_events,
    .close = close_serial,
};

nd_code nd_serial_open(nd_transport *t, nd_server *server, nd_err *err)
{
    serial *s = calloc(1, sizeof *s);
    if (!s) return ND_FAIL(err, ND_ENOMEM, "no memory for a worker");
    *s = (serial){.server = *server, .ready = true};
    *server = ND_SERVER_NONE;
    nd_hostname(s->host, sizeof s->host);
    *t = (nd_transport){&serial_ops, s};
    return ND_OK;
}
