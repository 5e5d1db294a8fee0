/* transport_mpi.c -- rank 0 is the master, every other rank relays to its trial server.
 *
 * Nobody blocks in MPI: master and workers probe, and sleep between probes, because a
 * blocking receive spins on a core that a trial could use. Sends cannot deadlock: a worker
 * receives while what it says is under way, so the master's orders always arrive; and until
 * the very end the master receives whatever comes.
 *
 * MPI without fault tolerance ends the whole job when a rank dies, so all that may crash
 * lives in the server's children. Should the server itself die, its keeper, forked before
 * MPI_Init, has another; the worker reports LOST, then READY. A task that crosses this LOST
 * was meant for the dead server: the count of lives in it tells. */
#include "nudge/transport.h"

#include "launch_impl.h"
#include "nudge/build.h"
#include "nudge/bytes.h"
#include "nudge/clock.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <mpi.h>

#define NAP   0.002 /* seconds between probes: about 1 % of a core */
#define AHEAD 0.3   /* seconds: of such a trial the naps on the way to and fro are 1 % */

#define MEET        300 /* for MPI_Init: of thousands of ranks, from a slow file system */
#define TEXT_OF(x)  TEXT_OF_(x)
#define TEXT_OF_(x) #x

typedef enum tag {
    TAG_HELLO = 1, /* worker: version, commit, host, why it has no server */
    TAG_TASK,      /* master: u32 lives, f64 seconds, u64 memory, payload */
    TAG_CANCEL,
    TAG_RECALL,
    TAG_RELEASE,
    TAG_EXIT, /* master: u32 exit code; the last word to a worker */
    TAG_PROGRESS,
    TAG_RECORD,
    TAG_CANCELLED,
    TAG_RETURNED,
    TAG_LOST,  /* worker: the reason */
    TAG_READY, /* worker: its host; there is a server again */
    TAG_BYE,   /* worker: the last word to the master */
} tag;

/* The message received last; its memory is used again. */
typedef struct mailbox {
    int source, tag;
    char *bytes;
    size_t n, cap;
} mailbox;

/* ---- MPI, with our errors ----------------------------------------------------------- */

static nd_code check(int rc, const char *what, nd_err *err)
{
    if (rc == MPI_SUCCESS) return ND_OK;
    char text[MPI_MAX_ERROR_STRING] = "";
    int n = 0;
    MPI_Error_string(rc, text, &n);
    return ND_FAIL(err, ND_EENV, "%s failed: %s", what, text);
}

/* The one place where a size becomes an MPI count. */
static nd_code count_of(size_t n, int *out, nd_err *err)
{
    if (n > INT_MAX)
        return ND_FAIL(err, ND_EIO, "a message of %zu bytes is too long for MPI", n);
    *out = (int)n;
    return ND_OK;
}

static nd_code send_to(int rank, tag what, const void *bytes, size_t n, nd_err *err)
{
    int count = 0;
    ND_TRY(count_of(n, &count, err));
    return check(MPI_Send(bytes, count, MPI_BYTE, rank, (int)what, MPI_COMM_WORLD),
                 "MPI_Send", err);
}

static nd_code receive(mailbox *in, const MPI_Status *s, nd_err *err)
{
    int count;
    ND_TRY(check(MPI_Get_count(s, MPI_BYTE, &count), "MPI_Get_count", err));
    const size_t n = (size_t)count;
    if (n > in->cap || !in->bytes) {
        char *bytes = realloc(in->bytes, n ? n : 1);
        if (!bytes)
            return ND_FAIL(err, ND_ENOMEM, "no memory for a message (%zu bytes)", n);
        in->bytes = bytes;
        in->cap = n;
    }
    in->n = n;
    in->source = s->MPI_SOURCE;
    in->tag = s->MPI_TAG;
    return check(MPI_Recv(in->bytes, count, MPI_BYTE, in->source, in->tag, MPI_COMM_WORLD,
                          MPI_STATUS_IGNORE),
                 "MPI_Recv", err);
}

/* Is there a message? Open MPI looks first and fetches afterwards: what has come since the last
 * probe is seen by the second. */
static nd_code probe(int source, bool *have, MPI_Status *s, nd_err *err)
{
    int flag = 0;
    for (int i = 0; i < 2 && !flag; i++)
        ND_TRY(check(MPI_Iprobe(source, MPI_ANY_TAG, MPI_COMM_WORLD, &flag, s),
                     "MPI_Iprobe", err));
    *have = flag;
    return ND_OK;
}

/* The next message from `source`, if there is one. Order is kept between two ranks. */
static nd_code try_receive(mailbox *in, int source, bool *have, nd_err *err)
{
    MPI_Status s;
    ND_TRY(probe(source, have, &s, err));
    if (!*have) return ND_OK;
    return receive(in, &s, err);
}

static void mailbox_free(mailbox *in)
{
    free(in->bytes);
    *in = (mailbox){0};
}

/* ---- start -------------------------------------------------------------------------- */

static void try_server(nd_mpi *m)
{
    nd_err err;
    if (nd_server_start(&m->server, m->job, &err) != ND_OK)
        nd_copy(m->server_fault, sizeof m->server_fault, err.message);
}

/* In a signal handler: nothing but write and _exit; with the status of ND_EENV. */
static void nobody_came(int signal)
{
    static const char words[] = "nudge: error: MPI_Init has waited " TEXT_OF(
        MEET) " s for the other "
              "ranks; are all nodes up, does every rank run nudge, and do messages pass "
              "between "
              "nodes (firewalls; with Open MPI --mca btl_tcp_if_include)?\n";
    (void)signal;
    (void)!write(STDERR_FILENO, words, sizeof words - 1);
    _exit(4);
}

/* MPI_Init waits for missing ranks without end, and says nothing. One rank speaks for all: when
 * it ends, the launcher ends the others. */
static int init_in_time(int *argc, char ***argv, const nd_launch *l)
{
    int provided;
    const bool speaks = l->rank <= 0;
    if (speaks) signal(SIGALRM, nobody_came);
    if (speaks) alarm(MEET);
    const int rc = MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &provided);
    if (speaks) alarm(0);
    if (speaks) signal(SIGALRM, SIG_DFL);
    return rc;
}

static nd_code initialise(nd_mpi *m, int *argc, char ***argv, const nd_launch *l,
                          nd_err *err)
{
    ND_TRY(check(init_in_time(argc, argv, l), "MPI_Init_thread", err));
    m->initialised = true;
    ND_TRY(check(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN),
                 "MPI_Comm_set_errhandler", err));
    ND_TRY(check(MPI_Comm_rank(MPI_COMM_WORLD, &m->rank), "MPI_Comm_rank", err));
    ND_TRY(check(MPI_Comm_size(MPI_COMM_WORLD, &m->size), "MPI_Comm_size", err));
    if (l->size && m->size != l->size)
        return ND_FAIL(err, ND_EENV,
                       "%s started %d processes, but MPI connects %d: start nudge with the "
                       "launcher of the MPI that it was built with, or under Slurm with "
                       "srun --mpi=pmix",
                       l->launcher, l->size, m->size);
    return ND_OK;
}

static nd_code say_hello(const nd_mpi *m, nd_err *err)
{
    char host[64];
    nd_hostname(host, sizeof host);
    nd_text t = {0};
    nd_put_str(&t, nd_version);
    nd_put_str(&t, nd_build_commit);
    nd_put_str(&t, host);
    nd_put_str(&t, m->server_fault);
    nd_code code = nd_text_check(&t, err);
    if (code == ND_OK) code = send_to(0, TAG_HELLO, t.s, t.n, err);
    nd_text_free(&t);
    return code;
}

nd_code nd_mpi_start(nd_mpi *m, int *argc, char ***argv, const nd_server_job *job,
                     nd_err *err)
{
    *m = (nd_mpi){.size = 1, .job = job, .server = ND_SERVER_NONE, .exit_code = -1};
    nd_launch l;
    ND_TRY(nd_launch_find(&l, err));
    if (l.size == 1) return nd_server_start(&m->server, job, err);
    /* Every process that may turn out to be a worker. */
    if (l.rank != 0 || l.size == 0) try_server(m);
    ND_TRY(initialise(m, argc, argv, &l, err));
    if (m->size == 1 && m->server_fault[0])
        return ND_FAIL(err, ND_EENV, "%s", m->server_fault);
    if (m->size == 1) return ND_OK;
    if (m->rank == 0) {
        nd_server_stop(&m->server);
        return ND_OK;
    }
    nd_signals_leave_to_master();
    if (m->server.fd < 0 && !m->server_fault[0])
        snprintf(m->server_fault, sizeof m->server_fault,
                 "%s gave rank %d, MPI rank %d: no trial server", l.launcher, l.rank,
                 m->rank);
    return say_hello(m, err);
}

/* ---- the worker --------------------------------------------------------------------- */

/* A worker between its master and its server. */
typedef struct relay {
    nd_mpi *m;
    mailbox in;
    bool busy, released;    /* busy: the server has a task  */
    nd_text next;           /* the task after it; empty: none */
    nd_child_limits limits; /* of that */
} relay;

static nd_code listen(relay *r, bool *have, nd_err *err);

/* Says it, and meanwhile obeys: the master may be sending, too. */
static nd_code say(relay *r, tag what, const void *bytes, size_t n, nd_err *err)
{
    int count = 0, sent = 0;
    MPI_Request request;
    ND_TRY(count_of(n, &count, err));
    ND_TRY(check(MPI_Isend(bytes, count, MPI_BYTE, 0, (int)what, MPI_COMM_WORLD, &request),
                 "MPI_Isend", err));
    for (bool have;;) {
        ND_TRY(check(MPI_Test(&request, &sent, MPI_STATUS_IGNORE), "MPI_Test", err));
        if (sent) return ND_OK;
        ND_TRY(listen(r, &have, err));
        if (!have) nd_sleep(NAP);
    }
}

/* A server that is dead or dies here is seen by the next from_server. */
static void give(relay *r, const nd_child_limits *limits, const void *task, size_t n)
{
    r->busy = true;
    (void)!nd_server_send_task(&r->m->server, limits, task, n, NULL);
}

static void give_next(relay *r)
{
    if (r->next.n) give(r, &r->limits, r->next.s, r->next.n);
    nd_text_clear(&r->next);
}

/* Its server died, and its tasks with it; there may be another. */
static nd_code report_lost(relay *r, const nd_err *why, nd_err *err)
{
    nd_mpi *m = r->m;
    m->lives++;
    r->busy = false;
    nd_text_clear(&r->next);
    ND_TRY(say(r, TAG_LOST, why->message, strlen(why->message), err));
    if (m->restarts++ == ND_RESTARTS_MAX) nd_server_stop(&m->server);
    if (nd_server_fd(&m->server) < 0) return ND_OK;
    char host[64];
    nd_hostname(host, sizeof host);
    return say(r, TAG_READY, host, strlen(host), err);
}

static nd_code from_server(relay *r, bool *did, nd_err *err)
{
    static const tag tags[] = {[ND_SAYS_PROGRESS] = TAG_PROGRESS,
                               [ND_SAYS_RECORD] = TAG_RECORD,
                               [ND_SAYS_CANCELLED] = TAG_CANCELLED};
    nd_mpi *m = r->m;
    for (;;) {
        if (nd_server_fd(&m->server) < 0) return ND_OK;
        nd_server_message s;
        nd_err why;
        bool have;
        if (nd_server_poll(&m->server, &s, &have, &why) != ND_OK)
            return report_lost(r, &why, err);
        if (!have) return ND_OK;
        *did = true;
        if (s.type == ND_SAYS_RECORD) m->restarts = 0;
        if (s.type != ND_SAYS_PROGRESS) {
            r->busy = false;
            give_next(r);
        }
        ND_TRY(say(r, tags[s.type], s.bytes, s.n, err));
    }
}

/* Tasks that cross a LOST are the master's to give to others. */
static nd_code take_task(relay *r, nd_cursor *c, nd_err *err)
{
    if (nd_get_u32(c) != r->m->lives) return ND_OK;
    nd_child_limits limits;
    limits.seconds = nd_get_f64(c);
    limits.memory = nd_get_u64(c);
    const size_t n = (size_t)(c->end - c->p);
    if (!r->busy) {
        give(r, &limits, c->p, n);
        return ND_OK;
    }
    r->limits = limits;
    nd_text_bytes(&r->next, c->p, n);
    return nd_text_check(&r->next, err);
}

static nd_code return_next(relay *r, nd_err *err)
{
    if (!r->next.n) return ND_OK;
    nd_text_clear(&r->next);
    return say(r, TAG_RETURNED, NULL, 0, err);
}

static nd_code obey(relay *r, nd_err *err)
{
    nd_cursor c = nd_cursor_at(r->in.bytes, r->in.n);
    switch (r->in.tag) {
    case TAG_TASK:
        return take_task(r, &c, err);
    case TAG_CANCEL:
        ND_TRY(return_next(r, err));
        (void)!nd_server_cancel(&r->m->server, NULL);
        return ND_OK;
    case TAG_RECALL:
        return return_next(r, err);
    case TAG_RELEASE:
        r->released = true;
        return ND_OK;
    case TAG_EXIT:
        r->released = true;
        r->m->exit_code = (int)nd_get_u32(&c);
        return ND_OK;
    default:
        return ND_FAIL(err, ND_EENV, "rank %d: unexpected message %d from the master",
                       r->m->rank, r->in.tag);
    }
}

/* Obeys the next order, if there is one. */
static nd_code listen(relay *r, bool *have, nd_err *err)
{
    ND_TRY(try_receive(&r->in, 0, have, err));
    return *have ? obey(r, err) : ND_OK;
}

static void relay_free(relay *r)
{
    mailbox_free(&r->in);
    nd_text_free(&r->next);
}

nd_code nd_mpi_worker_loop(nd_mpi *m, nd_err *err)
{
    relay r = {.m = m};
    nd_code code = ND_OK;
    while (code == ND_OK && !r.released) {
        bool have, did = false;
        code = listen(&r, &have, err);
        if (code == ND_OK) code = from_server(&r, &did, err);
        if (code == ND_OK && !have && !did) nd_server_wait(&m->server, NAP);
    }
    relay_free(&r);
    return code;
}

/* ---- the master --------------------------------------------------------------------- */

typedef struct peer {
    bool reported;  /* HELLO came */
    uint32_t lives; /* servers that it lost */
    char host[64], fault[256];
} peer;

typedef struct master {
    size_t n_workers, next; /* peers before `next` were introduced */
    peer *peers;            /* (n_workers) */
    mailbox in;
} master;

static size_t n_workers(const nd_transport *t)
{
    return ((const master *)t->state)->n_workers;
}

static int rank_of(size_t worker)
{
    return (int)worker + 1;
}

static nd_code send_task(nd_transport *t, size_t worker, const nd_child_limits *limits,
                         const void *task, size_t n, nd_err *err)
{
    const master *s = t->state;
    nd_text body = {0};
    nd_put_u32(&body, s->peers[worker].lives);
    nd_put_f64(&body, limits->seconds);
    nd_put_u64(&body, limits->memory);
    nd_text_bytes(&body, task, n);
    nd_code code = nd_text_check(&body, err);
    if (code == ND_OK) code = send_to(rank_of(worker), TAG_TASK, body.s, body.n, err);
    nd_text_free(&body);
    return code;
}

static nd_code cancel(nd_transport *t, size_t worker, nd_err *err)
{
    (void)t;
    return send_to(rank_of(worker), TAG_CANCEL, NULL, 0, err);
}

static nd_code recall(nd_transport *t, size_t worker, nd_err *err)
{
    (void)t;
    return send_to(rank_of(worker), TAG_RECALL, NULL, 0, err);
}

static nd_code release(nd_transport *t, size_t worker, nd_err *err)
{
    (void)t;
    return send_to(rank_of(worker), TAG_RELEASE, NULL, 0, err);
}

/* READY of every worker that said hello with a server, LOST of one without. */
static bool introduce(master *s, nd_event *out)
{
    if (s->next == s->n_workers) return false;
    const size_t worker = s->next++;
    const peer *p = &s->peers[worker];
    *out = p->fault[0] ? (nd_event){ND_EVENT_LOST, worker, p->fault, strlen(p->fault)}
                       : (nd_event){ND_EVENT_READY, worker, p->host, strlen(p->host)};
    return true;
}

static nd_code poll_events(nd_transport *t, nd_event *out, bool *have, nd_err *err)
{
    static const nd_event_type event[] = {
        [TAG_PROGRESS] = ND_EVENT_PROGRESS,   [TAG_RECORD] = ND_EVENT_RECORD,
        [TAG_CANCELLED] = ND_EVENT_CANCELLED, [TAG_RETURNED] = ND_EVENT_RETURNED,
        [TAG_LOST] = ND_EVENT_LOST,           [TAG_READY] = ND_EVENT_READY};
    master *s = t->state;
    mailbox *in = &s->in;
    *have = introduce(s, out);
    if (*have) return ND_OK;
    ND_TRY(try_receive(in, MPI_ANY_SOURCE, have, err));
    if (!*have) return ND_OK;
    if (in->tag < TAG_PROGRESS || in->tag > TAG_READY)
        return ND_FAIL(err, ND_EENV, "unexpected message %d from rank %d", in->tag,
                       in->source);
    const size_t worker = (size_t)in->source - 1;
    s->peers[worker].lives += in->tag == TAG_LOST;
    *out = (nd_event){event[in->tag], worker, in->bytes, in->n};
    return ND_OK;
}

/* Errors of the probe are left to the next poll, which meets and reports them. */
static void wait_events(nd_transport *t, double seconds)
{
    const master *s = t->state;
    const double end = nd_now() + seconds;
    bool have = s->next < s->n_workers;
    MPI_Status status;
    for (double left; !have && (left = end - nd_now()) > 0;) {
        const double nap = left < NAP ? left : NAP;
        const struct timespec ts = {.tv_nsec = (long)(nap * 1e9)};
        if (nanosleep(&ts, NULL) < 0) return; /* a signal: the caller has to look at it */
        if (probe(MPI_ANY_SOURCE, &have, &status, NULL) != ND_OK) return;
    }
}

static void close_master(nd_transport *t)
{
    master *s = t->state;
    if (!s) return;
    mailbox_free(&s->in);
    free(s->peers);
    free(s);
    *t = (nd_transport){0};
}

static const nd_transport_ops mpi_ops = {
    .name = "mpi",
    .ahead = AHEAD,
    .n_workers = n_workers,
    .send = send_task,
    .cancel = cancel,
    .recall = recall,
    .release = release,
    .poll = poll_events,
    .wait = wait_events,
    .close = close_master,
};

/* ---- the self-check ----------------------------------------------------------------- */

static nd_code hear_hello(master *s, nd_err *err)
{
    const mailbox *in = &s->in;
    peer *p = &s->peers[in->source - 1];
    char version[64], commit[64];
    nd_cursor c = nd_cursor_at(in->bytes, in->n);
    nd_get_str(&c, version, sizeof version);
    nd_get_str(&c, commit, sizeof commit);
    nd_get_str(&c, p->host, sizeof p->host);
    nd_get_str(&c, p->fault, sizeof p->fault);
    p->reported = true;
    if (c.bad || strcmp(version, nd_version) != 0 || strcmp(commit, nd_build_commit) != 0)
        return ND_FAIL(err, ND_EENV,
                       "rank %d on %s runs nudge %s (%s), rank 0 runs %s (%s): start the "
                       "same build everywhere",
                       in->source, p->host, version, commit, nd_version, nd_build_commit);
    return ND_OK;
}

/* A first word; or, while others are still silent, that a server died, or that there is
 * another. */
static nd_code hear_early(master *s, size_t *reported, nd_err *err)
{
    const mailbox *in = &s->in;
    peer *p = &s->peers[in->source - 1];
    if (!p->reported && in->tag == TAG_HELLO) {
        ++*reported;
        return hear_hello(s, err);
    }
    if (p->reported && in->tag == TAG_LOST) {
        p->lives++;
        snprintf(p->fault, sizeof p->fault, "%.*s", (int)in->n, in->bytes);
        return ND_OK;
    }
    if (p->reported && in->tag == TAG_READY) {
        p->fault[0] = '\0';
        return ND_OK;
    }
    return ND_FAIL(err, ND_EENV, "unexpected message %d from rank %d while others start",
                   in->tag, in->source);
}

static nd_code silent(const master *s, nd_err *err)
{
    nd_text ranks = {0};
    size_t n = 0;
    for (size_t i = 0; i < s->n_workers; i++)
        if (!s->peers[i].reported && n++ < 16) nd_text_add(&ranks, " %d", rank_of(i));
    const nd_code code = ND_FAIL(
        err, ND_EENV,
        "%zu of %zu workers did not report within %d s (ranks%s%s); are their nodes "
        "up, and do messages reach rank 0 from there?",
        n, s->n_workers, (int)ND_REPORT_SECONDS, nd_text_str(&ranks), n > 16 ? " ..." : "");
    nd_text_free(&ranks);
    return code;
}

static nd_code gather(master *s, nd_err *err)
{
    const double end = nd_now() + ND_REPORT_SECONDS;
    for (size_t n = 0; n < s->n_workers;) {
        bool have;
        ND_TRY(try_receive(&s->in, MPI_ANY_SOURCE, &have, err));
        if (have) {
            ND_TRY(hear_early(s, &n, err));
        } else if (nd_now() >= end) {
            return silent(s, err);
        } else {
            nd_sleep(NAP);
        }
    }
    return ND_OK;
}

nd_code nd_mpi_open(nd_transport *t, nd_mpi *m, nd_err *err)
{
    if (m->size == 1) return nd_serial_open(t, &m->server, err);
    master *s = calloc(1, sizeof *s);
    peer *peers = calloc((size_t)m->size - 1, sizeof *peers);
    if (!s || !peers) {
        free(s);
        free(peers);
        return ND_FAIL(err, ND_ENOMEM, "no memory for %d workers", m->size - 1);
    }
    *s = (master){.n_workers = (size_t)m->size - 1, .peers = peers};
    *t = (nd_transport){&mpi_ops, s};
    const nd_code code = gather(s, err);
    if (code != ND_OK) close_master(t);
    return code;
}

/* ---- the end ------------------------------------------------------------------------ */

/* Says EXIT to all and receives until the last BYE, so that nothing is under way when MPI
 * ends, and no worker hangs in a send. */
static nd_code dismiss_workers(const nd_mpi *m, int exit_code)
{
    nd_text word = {0};
    nd_put_u32(&word, (uint32_t)exit_code);
    mailbox in = {0};
    nd_code code = nd_text_check(&word, NULL);
    for (int rank = 1; code == ND_OK && rank < m->size; rank++)
        code = send_to(rank, TAG_EXIT, word.s, word.n, NULL);
    for (int n = 1; code == ND_OK && n < m->size;) {
        bool have;
        code = try_receive(&in, MPI_ANY_SOURCE, &have, NULL);
        if (code != ND_OK) break;
        if (!have) nd_sleep(NAP);
        if (have && in.tag == TAG_BYE) n++;
    }
    nd_text_free(&word);
    mailbox_free(&in);
    return code;
}

/* A worker that was released sleeps until the master's last word. */
static nd_code take_leave(nd_mpi *m)
{
    relay r = {.m = m};
    nd_code code = ND_OK;
    while (code == ND_OK && m->exit_code < 0) {
        bool have;
        code = listen(&r, &have, NULL);
        if (code == ND_OK && !have) nd_sleep(NAP);
    }
    relay_free(&r);
    if (code == ND_OK) code = send_to(0, TAG_BYE, NULL, 0, NULL);
    return code;
}

int nd_mpi_finish(nd_mpi *m, int exit_code)
{
    nd_server_stop(&m->server);
    if (!m->initialised) return exit_code;
    const nd_code code = m->rank == 0 ? dismiss_workers(m, exit_code) : take_leave(m);
    if (m->rank != 0 && m->exit_code >= 0) exit_code = m->exit_code;
    if (code != ND_OK) nd_mpi_abort(m, exit_code ? exit_code : nd_code_exit(ND_EENV));
    MPI_Finalize();
    m->initialised = false;
    return exit_code;
}

void nd_mpi_abort(nd_mpi *m, int exit_code)
{
    nd_server_stop(&m->server);
    if (m->initialised) MPI_Abort(MPI_COMM_WORLD, exit_code);
}

bool nd_mpi_built(void)
{
    return true;
}

void nd_mpi_version(char *out, size_t size)
{
    char text[MPI_MAX_LIBRARY_VERSION_STRING] = "";
    int n = 0;
    MPI_Get_library_version(text, &n);
    text[strcspn(text, ",\n")] = '\0'; /* what follows says who packaged it */
    for (char *p = text; *p; p++)
        if (*p == '\t') *p = ' ';
    nd_copy(out, size, text);
}
