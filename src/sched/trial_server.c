/* trial_server.c -- the server's side: one child per trial, watched to its end.
 *
 * The server sleeps in poll on two sockets, its parent's and the child's. The child's end
 * is seen as the end of its stream: every way to die closes it. A cancelled child is told by
 * a signal that nobody else sends, and has a while to end by itself. Whatever the reason to
 * stop listening (end of stream, time limit, quit), what follows is the same: SIGKILL, which
 * changes nothing for a process that is dying already, and waitpid, which therefore never
 * waits long. */
#include "trial_server_impl.h"

#include "frames_impl.h"
#include "nudge/bytes.h"
#include "nudge/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct server {
    int fd; /* the parent */
    const nd_server_job *job;
    nd_text in;
    size_t used;
    bool quit, failed;
} server;

typedef struct trial {
    nd_child_limits limits;
    nd_text task; /* the payload: a copy, as `in` moves on while the child runs */
    pid_t pid;
    int fd; /* the child */
    nd_text in, record;
    size_t used;
    double start, deadline;
    bool over, have_record, cancelled, timed_out;
} trial;

/* ---- process state ------------------------------------------------------------------ */

void nd_signals_leave_to_master(void)
{
    /* mpirun forwards signals to whole process groups, Slurm to every process of a step,
     * and terminals to all in the foreground. */
    static const int ours[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        signal(ours[i], SIG_IGN);
}

/* A new process of ours: dies with its parent, crashes plainly, leaves signals to the
 * master. A handler that the parent had (MPI's or a sanitizer's) would print traces. */
static void become_child_of(pid_t parent)
{
    static const int plain[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGCHLD, SIGALRM};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(0); /* it died before the line above */
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        signal(plain[i], SIG_DFL);
    nd_signals_leave_to_master();
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void write_file(const char *path, const char *text)
{
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return;
    const ssize_t n = write(fd, text, strlen(text));
    (void)n; /* advice to the kernel: without it things work as well */
    close(fd);
}

/* Address space the process has now; 0 when the system does not say. */
static uint64_t address_space(void)
{
    const int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    char text[64] = "";
    const ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    unsigned long long pages = 0;
    if (n <= 0 || sscanf(text, "%llu", &pages) != 1) return 0;
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void limit_child(const nd_child_limits *limits)
{
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    /* Out of memory, the kernel is to take a trial, not a server or an MPI rank. */
    write_file("/proc/self/oom_score_adj", "500");
    const uint64_t now = limits->memory ? address_space() : 0;
    struct rlimit old;
    if (!now || getrlimit(RLIMIT_AS, &old) < 0) return;
    const rlim_t wanted = now + limits->memory;
    if (old.rlim_max == RLIM_INFINITY || wanted < old.rlim_max)
        setrlimit(RLIMIT_AS, &(struct rlimit){wanted, wanted});
}

/* ---- the child ---------------------------------------------------------------------- */

/* Not one of those that batch systems and terminals send to whole groups. */
#define STOP_SIGNAL SIGRTMIN

static volatile sig_atomic_t stop_asked;

static void ask_to_stop(int signal)
{
    (void)signal;
    stop_asked = 1;
}

bool nd_child_cancelled(void)
{
    return stop_asked;
}

/* Without its server a child has nobody to work for. */
static void child_send(nd_server_child *io, nd_frame_type type, const void *bytes, size_t n)
{
    if (nd_frame_send(io->fd, type, bytes, n, NULL) != ND_OK) _exit(1);
}

void nd_child_progress(nd_server_child *io, const void *bytes, size_t n)
{
    child_send(io, ND_FRAME_PROGRESS, bytes, n);
}

void nd_child_record(nd_server_child *io, const void *bytes, size_t n)
{
    child_send(io, ND_FRAME_RECORD, bytes, n);
}

static int start_child(server *s, trial *t)
{
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) return errno;
    const pid_t parent = getpid();
    t->start = nd_now();
    t->pid = fork();
    if (t->pid < 0) {
        const int sys = errno;
        close(fds[0]);
        close(fds[1]);
        return sys;
    }
    if (t->pid == 0) {
        become_child_of(parent);
        close(s->fd);
        close(fds[0]);
        limit_child(&t->limits);
        sigaction(STOP_SIGNAL, &(struct sigaction){.sa_handler = ask_to_stop}, NULL);
        nd_server_child io = {.fd = fds[1]};
        s->job->run(s->job->ctx, t->task.s, t->task.n, &io);
        _exit(0);
    }
    close(fds[1]);
    t->fd = fds[0];
    t->deadline = t->limits.seconds > 0 ? t->start + t->limits.seconds : HUGE_VAL;
    return 0;
}

/* ---- watching it -------------------------------------------------------------------- */

static void tell_to_stop(const server *s, trial *t)
{
    const double end = nd_now() + s->job->grace;
    if (t->cancelled) return;
    t->cancelled = true;
    kill(t->pid, STOP_SIGNAL);
    if (end < t->deadline) t->deadline = end;
}

static void take_orders(server *s, trial *t)
{
    nd_frame f;
    while (!t->over && nd_frame_next(&s->in, &s->used, &f)) {
        if (f.type == ND_FRAME_CANCEL)
            tell_to_stop(s, t);
        else /* QUIT; or a second task, which no sound parent sends */
            s->quit = t->over = true;
    }
}

static void hear_parent(server *s, trial *t)
{
    if (nd_frame_fill(s->fd, &s->in, &s->used))
        take_orders(s, t);
    else
        s->quit = t->over = true;
}

static void hear_child(server *s, trial *t)
{
    if (!nd_frame_fill(t->fd, &t->in, &t->used)) t->over = true;
    nd_frame f;
    while (!s->quit && nd_frame_next(&t->in, &t->used, &f)) {
        if (f.type == ND_FRAME_PROGRESS) {
            if (nd_frame_send(s->fd, ND_FRAME_PROGRESS, f.bytes, f.n, NULL) != ND_OK)
                s->quit = t->over = true;
        } else if (f.type == ND_FRAME_RECORD && !t->have_record) {
            nd_text_bytes(&t->record, f.bytes, f.n);
            t->have_record = !t->record.failed;
        }
    }
}

/* For poll: rounded up, so that the limit is over when it returns. */
static int milliseconds_until(double deadline)
{
    const double ms = ceil((deadline - nd_now()) * 1e3);
    return ms <= 0 ? 0 : ms < INT_MAX ? (int)ms : deadline < HUGE_VAL ? INT_MAX : -1;
}

static int watch(server *s, trial *t)
{
    take_orders(s, t); /* those that came together with the task */
    while (!t->over) {
        struct pollfd p[] = {{.fd = t->fd, .events = POLLIN},
                             {.fd = s->fd, .events = POLLIN}};
        const int n = poll(p, 2, milliseconds_until(t->deadline));
        if (n > 0 && p[0].revents) hear_child(s, t);
        if (n > 0 && p[1].revents && !t->over) hear_parent(s, t);
        if (!t->over && nd_now() >= t->deadline) t->over = t->timed_out = true;
    }
    kill(t->pid, SIGKILL);
    int status = 0;
    while (waitpid(t->pid, &status, 0) < 0 && errno == EINTR)
        ;
    close(t->fd);
    return status;
}

/* ---- how it ended ------------------------------------------------------------------- */

void nd_status_words(int status, char *out, size_t size)
{
    static const struct {
        int number;
        const char *name, *meaning;
    } known[] = {
        {SIGSEGV, "SIGSEGV", "segmentation fault"},
        {SIGBUS, "SIGBUS", "bus error"},
        {SIGFPE, "SIGFPE", "arithmetic fault"},
        {SIGILL, "SIGILL", "illegal instruction"},
        {SIGABRT, "SIGABRT", "it gave up"},
        {SIGKILL, "SIGKILL", "out of memory?"},
        {SIGXCPU, "SIGXCPU", "CPU time limit"},
        {SIGXFSZ, "SIGXFSZ", "file size limit"},
    };
    if (!WIFSIGNALED(status)) {
        snprintf(out, size, "exited with status %d", WEXITSTATUS(status));
        return;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].number == WTERMSIG(status)) {
            snprintf(out, size, "killed by %s (%s)", known[i].name, known[i].meaning);
            return;
        }
    snprintf(out, size, "killed by signal %d (%s)", WTERMSIG(status),
             strsignal(WTERMSIG(status)));
}

static nd_child_end describe(const trial *t, int status)
{
    nd_child_end end = {.seconds = nd_now() - t->start};
    if (t->timed_out) {
        end.fate = ND_CHILD_TIMEOUT;
        snprintf(end.words, sizeof end.words, "ran longer than %g s", t->limits.seconds);
    } else if (WIFSIGNALED(status)) {
        end.fate = ND_CHILD_SIGNAL;
        end.number = WTERMSIG(status);
        nd_status_words(status, end.words, sizeof end.words);
    } else {
        end.number = WEXITSTATUS(status);
        end.fate = end.number ? ND_CHILD_EXIT : ND_CHILD_NO_RECORD;
        snprintf(end.words, sizeof end.words, "exited with status %d without a result",
                 end.number);
    }
    return end;
}

static nd_child_end refused(const nd_err *why)
{
    nd_child_end end = {.fate = ND_CHILD_REFUSED, .number = (int)why->code};
    nd_copy(end.words, sizeof end.words, why->message);
    return end;
}

static nd_child_end not_started(int sys)
{
    nd_child_end end = {.fate = ND_CHILD_NOT_STARTED, .number = sys};
    snprintf(end.words, sizeof end.words, "cannot start a process for the trial: %s",
             strerror(sys));
    return end;
}

/* ---- the server --------------------------------------------------------------------- */

/* Fills t->record, unless the trial was cancelled. */
static void run_trial(server *s, trial *t)
{
    const nd_server_job *job = s->job;
    nd_child_end end;
    nd_err err = {0};
    int sys = 0;
    if (job->prepare && job->prepare(job->ctx, t->task.s, t->task.n, &err) != ND_OK) {
        end = refused(&err);
    } else if ((sys = start_child(s, t)) != 0) {
        end = not_started(sys);
    } else {
        const int status = watch(s, t);
        if (t->have_record || t->cancelled || s->quit) return;
        end = describe(t, status);
    }
    job->failed(job->ctx, t->task.s, t->task.n, &end, &t->record);
}

static void serve(server *s, const nd_frame *f)
{
    trial t = {.fd = -1};
    nd_cursor c = nd_cursor_at(f->bytes, f->n);
    t.limits.seconds = nd_get_f64(&c);
    t.limits.memory = nd_get_u64(&c);
    nd_text_bytes(&t.task, c.p, (size_t)(c.end - c.p));
    if (c.bad || t.task.failed)
        s->quit = s->failed = true;
    else
        run_trial(s, &t);
    if (!s->quit) {
        const nd_code sent =
            t.cancelled ? nd_frame_send(s->fd, ND_FRAME_CANCELLED, NULL, 0, NULL)
            : t.record.failed
                ? ND_ENOMEM
                : nd_frame_send(s->fd, ND_FRAME_RECORD, t.record.s, t.record.n, NULL);
        /* the parent sees a dead server, and gives the task on */
        s->quit = s->failed = sent != ND_OK;
    }
    nd_text_free(&t.task);
    nd_text_free(&t.in);
    nd_text_free(&t.record);
}

void nd_child_of(pid_t parent, int fd)
{
    become_child_of(parent);
    /* A lock or a pipe of the parent's must not live on here. */
    if (fd > 3) close_range(3, (unsigned)fd - 1, 0);
    close_range(fd < 3 ? 3 : (unsigned)fd + 1, ~0u, 0);
}

_Noreturn void nd_trial_server(int fd, const nd_server_job *job, pid_t parent)
{
    nd_child_of(parent, fd);
    server s = {.fd = fd, .job = job};
    while (!s.quit) {
        nd_frame f;
        if (!nd_frame_next(&s.in, &s.used, &f))
            s.quit = !nd_frame_fill(fd, &s.in, &s.used);
        else if (f.type == ND_FRAME_TASK)
            serve(&s, &f);
        else if (f.type == ND_FRAME_QUIT)
            s.quit = true;
        /* else a CANCEL that crossed its task's end */
    }
    _exit(s.failed);
}
