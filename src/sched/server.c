/* server.c -- the parent's side of the trial server.
 *
 * Writes may block, and cannot deadlock: a task is sent only to a server that has nothing
 * to do and so reads, and the other orders are 8 bytes, which the socket's buffer takes. */
#include "nudge/server.h"

#include "frames_impl.h"
#include "keeper_impl.h"
#include "nudge/bytes.h"
#include "nudge/clock.h"
#include "trial_server_impl.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define GRACE 2.0  /* seconds that a server has to end by itself */
#define START 20.0 /* seconds that a keeper has to start one      */

/* Kills and reaps the keeper, with which its server dies, and which may both be dead already. */
static void bury(nd_server *s)
{
    kill(s->keeper, SIGKILL);
    while (waitpid(s->keeper, NULL, 0) < 0 && errno == EINTR)
        ;
    if (s->fd >= 0) close(s->fd);
    close(s->control);
    nd_text_free(&s->in);
    *s = ND_SERVER_NONE;
}

nd_code nd_server_start(nd_server *s, const nd_server_job *job, nd_err *err)
{
    *s = ND_SERVER_NONE;
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
        return ND_FAIL_SYS(err, ND_EENV, "cannot make a socket for the trial server");
    const pid_t parent = getpid(), keeper = fork();
    if (keeper == 0) nd_keeper(fds[1], job, parent);
    close(fds[1]);
    s->control = fds[0];
    s->keeper = keeper;
    nd_handover h;
    if (keeper > 0 && nd_keeper_receive(s->control, START, &h)) {
        s->fd = h.fd;
        s->pid = h.pid;
        return ND_OK;
    }
    const nd_code code =
        ND_FAIL(err, ND_EENV, "cannot start the trial server; is ulimit -u too low?");
    if (keeper > 0)
        bury(s);
    else
        close(fds[0]);
    if (keeper < 0) *s = ND_SERVER_NONE;
    return code;
}

static nd_code not_running(nd_err *err)
{
    return ND_FAIL(err, ND_EIO, "the trial server is not running");
}

nd_code nd_server_send_task(nd_server *s, const nd_child_limits *limits, const void *task,
                            size_t n, nd_err *err)
{
    if (s->fd < 0) return not_running(err);
    nd_text body = {0};
    nd_put_f64(&body, limits->seconds);
    nd_put_u64(&body, limits->memory);
    nd_text_bytes(&body, task, n);
    nd_code code = nd_text_check(&body, err);
    if (code == ND_OK) code = nd_frame_send(s->fd, ND_FRAME_TASK, body.s, body.n, err);
    nd_text_free(&body);
    return code;
}

nd_code nd_server_cancel(nd_server *s, nd_err *err)
{
    if (s->fd < 0) return not_running(err);
    return nd_frame_send(s->fd, ND_FRAME_CANCEL, NULL, 0, err);
}

static bool readable(int fd, double seconds)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, (int)ceil(seconds * 1e3)) > 0;
}

static bool next_message(nd_server *s, nd_server_message *out)
{
    static const struct {
        nd_frame_type frame;
        nd_server_says says;
    } known[] = {{ND_FRAME_PROGRESS, ND_SAYS_PROGRESS},
                 {ND_FRAME_RECORD, ND_SAYS_RECORD},
                 {ND_FRAME_CANCELLED, ND_SAYS_CANCELLED}};
    nd_frame f;
    while (nd_frame_next(&s->in, &s->used, &f))
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            if (known[i].frame == f.type) {
                *out = (nd_server_message){known[i].says, f.bytes, f.n};
                return true;
            }
    return false;
}

/* The server is dead, or its message cannot be held and it has to be: on to the next. */
static nd_code succeed(nd_server *s, nd_err *err)
{
    const bool full = s->in.failed;
    if (full) kill(s->pid, SIGKILL);
    close(s->fd);
    nd_text_free(&s->in);
    s->used = 0;
    s->fd = -1;
    nd_handover h;
    if (!nd_keeper_receive(s->control, START, &h)) {
        bury(s);
        return ND_FAIL(err, ND_EIO,
                       "the trial server ended, and no other could be started");
    }
    s->fd = h.fd;
    s->pid = h.pid;
    char words[128];
    nd_status_words(h.ended, words, sizeof words);
    return full ? ND_FAIL(err, ND_EIO, "no memory for a trial's record")
                : ND_FAIL(err, ND_EIO, "the trial server ended: %s", words);
}

nd_code nd_server_poll(nd_server *s, nd_server_message *out, bool *have, nd_err *err)
{
    *have = false;
    if (s->fd < 0) return not_running(err);
    /* Reads until a message is whole, but no longer than there is something to read. */
    while (!(*have = next_message(s, out)) && readable(s->fd, 0)) {
        if (nd_frame_fill(s->fd, &s->in, &s->used)) continue;
        return succeed(s, err);
    }
    return ND_OK;
}

int nd_server_fd(const nd_server *s)
{
    return s->fd;
}

void nd_server_wait(const nd_server *s, double seconds)
{
    if (s->fd < 0)
        nd_sleep(seconds);
    else
        readable(s->fd, seconds);
}

/* Reads on until the stream ends: the server may be in the middle of a long message. */
static void see_it_end(nd_server *s)
{
    const double end = nd_now() + GRACE;
    for (double left; (left = end - nd_now()) > 0;)
        if (readable(s->fd, left)) {
            s->used = s->in.n;
            if (!nd_frame_fill(s->fd, &s->in, &s->used)) return;
        }
}

void nd_server_stop(nd_server *s)
{
    if (s->fd < 0) return;
    if (nd_frame_send(s->fd, ND_FRAME_QUIT, NULL, 0, NULL) == ND_OK) see_it_end(s);
    bury(s);
}
