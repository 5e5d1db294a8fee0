/* test_server.c -- the trial server with real processes: whatever a child does, its task
 * ends exactly once, and nothing is left behind. */
#include "nudge/bytes.h"
#include "nudge/clock.h"
#include "nudge/server.h"
#include "nudge/transport.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { HUGE_BYTES = 10 * 1000 * 1000, MIB = 1 << 20 };

static const nd_child_limits unlimited = {0};

/* ---- the job: a task is a word that says what its child is to do --------------------- */

static size_t open_files(void)
{
    DIR *d = opendir("/proc/self/fd");
    size_t n = 0;
    while (d && readdir(d))
        n++;
    if (d) closedir(d);
    return n;
}

static void say(nd_server_child *io, const char *s)
{
    nd_child_record(io, s, strlen(s));
}

static void do_ok(nd_server_child *io)
{
    say(io, "fine");
}

static void do_raise(nd_server_child *io, int sig)
{
    (void)io;
    raise(sig);
}

static void do_segv(nd_server_child *io)
{
    do_raise(io, SIGSEGV);
}

static void do_kill(nd_server_child *io)
{
    do_raise(io, SIGKILL);
}

static void do_prof(nd_server_child *io)
{
    do_raise(io, SIGPROF);
}

static void do_abort(nd_server_child *io)
{
    (void)io;
    abort();
}

static void do_exit(nd_server_child *io)
{
    (void)io;
    _exit(3);
}

static void do_nothing(nd_server_child *io)
{
    (void)io;
}

static void do_hang(nd_server_child *io)
{
    char pid[32];
    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    nd_child_progress(io, pid, strlen(pid));
    for (;;)
        pause();
}

/* Stops when told to, after a last word. */
static void do_obey(nd_server_child *io)
{
    nd_child_progress(io, "at work", 7);
    while (!nd_child_cancelled())
        nd_sleep(0.001);
    nd_child_progress(io, ", put down", 10);
}

static void do_huge(nd_server_child *io)
{
    unsigned char *p = malloc(HUGE_BYTES);
    for (size_t i = 0; p && i < HUGE_BYTES; i++)
        p[i] = (unsigned char)(i * 2654435761u >> 13);
    if (p) nd_child_record(io, p, HUGE_BYTES);
    free(p);
}

static void do_progress(nd_server_child *io)
{
    for (int i = 0; i < 100; i++) {
        char s[16];
        snprintf(s, sizeof s, "%d ", i);
        nd_child_progress(io, s, strlen(s));
    }
    say(io, "after progress");
}

/* The head of a record and part of it, then death. */
static void do_torn(nd_server_child *io)
{
    nd_text t = {0};
    nd_put_u32(&t, 5);
    nd_put_u32(&t, 1000);
    nd_text_add(&t, "only this much");
    const ssize_t n = write(io->fd, t.s, t.n);
    (void)n;
    raise(SIGKILL);
}

static void do_whole_then_segv(nd_server_child *io)
{
    say(io, "whole");
    raise(SIGSEGV);
}

static void do_twice(nd_server_child *io)
{
    say(io, "first");
    say(io, "second");
}

/* 64 MiB are within the limit of the test, 256 MiB are not. */
static void do_memory(nd_server_child *io)
{
    const int prot = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS;
    const bool small = mmap(NULL, 64 * MIB, prot, flags, -1, 0) != MAP_FAILED;
    const bool large = mmap(NULL, 256 * MIB, prot, flags, -1, 0) != MAP_FAILED;
    char s[64];
    snprintf(s, sizeof s, "small %d large %d", small, large);
    say(io, s);
}

static void do_files(nd_server_child *io)
{
    char s[32];
    snprintf(s, sizeof s, "%zu", open_files());
    say(io, s);
}

/* Signals that a launcher sends to all processes must not end a trial. */
static void do_signals(nd_server_child *io)
{
    const int all[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        kill(getppid(), all[i]);
        raise(all[i]);
    }
    say(io, "alive");
}

static void do_kill_server(nd_server_child *io)
{
    (void)io;
    kill(getppid(), SIGKILL);
    for (;;)
        pause();
}

static const struct {
    const char *name;
    void (*run)(nd_server_child *io);
} deeds[] = {
    {"ok", do_ok},
    {"segv", do_segv},
    {"kill", do_kill},
    {"prof", do_prof},
    {"abort", do_abort},
    {"exit", do_exit},
    {"nothing", do_nothing},
    {"hang", do_hang},
    {"obey", do_obey},
    {"huge", do_huge},
    {"progress", do_progress},
    {"torn", do_torn},
    {"whole-then-segv", do_whole_then_segv},
    {"twice", do_twice},
    {"memory", do_memory},
    {"files", do_files},
    {"signals", do_signals},
    {"kill-server", do_kill_server},
};

static nd_code prepare(void *ctx, const void *task, size_t n, nd_err *err)
{
    (void)ctx;
    if (n == 6 && !memcmp(task, "refuse", 6))
        return ND_FAIL(err, ND_EINPUT, "no such data set: \"mnits\"");
    return ND_OK;
}

static void run(void *ctx, const void *task, size_t n, nd_server_child *io)
{
    (void)ctx;
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++)
        if (strlen(deeds[i].name) == n && !memcmp(deeds[i].name, task, n)) deeds[i].run(io);
}

static void failed(void *ctx, const void *task, size_t n, const nd_child_end *how,
                   nd_text *record)
{
    (void)ctx;
    nd_text_add(record, "%.*s: %s [%d %d]", (int)n, (const char *)task, how->words,
                (int)how->fate, how->number);
}

static const nd_server_job job = {
    .prepare = prepare, .run = run, .failed = failed, .grace = 0.2};
/* One that waits longer than any of these tests. */
static const nd_server_job patient = {
    .prepare = prepare, .run = run, .failed = failed, .grace = 3600};

/* ---- the parent --------------------------------------------------------------------- */

typedef struct fixture {
    nd_server server;
    nd_text record, progress;
    bool cancelled;
} fixture;

static int setup_with(void **state, const nd_server_job *j)
{
    fixture *f = calloc(1, sizeof *f);
    *state = f;
    return !f || nd_server_start(&f->server, j, NULL) != ND_OK;
}

static int setup(void **state)
{
    return setup_with(state, &job);
}

static int setup_patient(void **state)
{
    return setup_with(state, &patient);
}

static int teardown(void **state)
{
    fixture *f = *state;
    nd_server_stop(&f->server);
    nd_text_free(&f->record);
    nd_text_free(&f->progress);
    free(f);
    return 0;
}

static void send_task(fixture *f, const char *task, nd_child_limits limits)
{
    nd_text_clear(&f->record);
    nd_text_clear(&f->progress);
    f->cancelled = false;
    assert_int_equal(nd_server_send_task(&f->server, &limits, task, strlen(task), NULL),
                     ND_OK);
}

/* Takes messages until the task ended, or a progress came when that is enough. */
static nd_code listen_to(fixture *f, bool until_progress, nd_err *err)
{
    const double end = nd_now() + 60;
    while (nd_now() < end) {
        nd_server_message m;
        bool have;
        ND_TRY(nd_server_poll(&f->server, &m, &have, err));
        if (!have) {
            nd_server_wait(&f->server, 1);
            continue;
        }
        if (m.type == ND_SAYS_PROGRESS)
            nd_text_bytes(&f->progress, m.bytes, m.n);
        else if (m.type == ND_SAYS_RECORD)
            nd_text_bytes(&f->record, m.bytes, m.n);
        else
            f->cancelled = true;
        if (m.type != ND_SAYS_PROGRESS || until_progress) return ND_OK;
    }
    fail_msg("no end of the task within 60 s");
    return ND_OK;
}

static const char *record_of(fixture *f, const char *task, nd_child_limits limits)
{
    send_task(f, task, limits);
    assert_int_equal(listen_to(f, false, NULL), ND_OK);
    assert_false(f->cancelled);
    return nd_text_str(&f->record);
}

/* ---- tests -------------------------------------------------------------------------- */

static const struct {
    const char *task, *record;
} ends[] = {
    {"ok", "fine"},
    {"segv", "segv: killed by SIGSEGV (segmentation fault) [0 11]"},
    {"kill", "kill: killed by SIGKILL (out of memory?) [0 9]"},
    {"abort", "abort: killed by SIGABRT (it gave up) [0 6]"},
    {"prof", "prof: killed by signal 27 (Profiling timer expired) [0 27]"},
    {"exit", "exit: exited with status 3 without a result [1 3]"},
    {"nothing", "nothing: exited with status 0 without a result [3 0]"},
    {"torn", "torn: killed by SIGKILL (out of memory?) [0 9]"},
    {"whole-then-segv", "whole"},
    {"twice", "first"},
    {"signals", "alive"},
    {"refuse", "refuse: no such data set: \"mnits\" [4 4]"},
};
enum { N_ENDS = sizeof ends / sizeof *ends };

static void every_end_is_a_record(void **state)
{
    for (size_t i = 0; i < N_ENDS; i++)
        assert_string_equal(record_of(*state, ends[i].task, unlimited), ends[i].record);
}

static void two_hundred_mixed_trials(void **state)
{
    const char *before = strdup(record_of(*state, "files", unlimited));
    const size_t here = open_files();
    for (size_t i = 0; i < 200; i++) {
        const size_t k = i * 7 % N_ENDS;
        assert_string_equal(record_of(*state, ends[k].task, unlimited), ends[k].record);
    }
    /* No descriptor leaks, neither in the server (its children inherit) nor here. */
    assert_string_equal(record_of(*state, "files", unlimited), before);
    assert_int_equal(open_files(), here);
    free((void *)(size_t)before);
}

/* Counts children of `parent`, zombies included. */
static size_t children_of(pid_t parent)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", (long)parent, (long)parent);
    FILE *f = fopen(path, "r");
    if (!f) return 0;
    long pid;
    size_t n = 0;
    while (fscanf(f, "%ld", &pid) == 1)
        n++;
    fclose(f);
    return n;
}

static void no_zombies(void **state)
{
    fixture *f = *state;
    if (children_of(getpid()) == 0) skip(); /* a kernel that does not say */
    for (size_t i = 0; i < N_ENDS; i++)
        record_of(f, ends[i].task, unlimited);
    assert_int_equal(children_of(f->server.pid), 0);
    nd_server_stop(&f->server);
    assert_int_equal(nd_server_fd(&f->server), -1);
    errno = 0;
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    nd_server_stop(&f->server); /* may be repeated */
}

static void time_limit(void **state)
{
    const double start = nd_now();
    const nd_child_limits limits = {.seconds = 0.3};
    assert_string_equal(record_of(*state, "hang", limits),
                        "hang: ran longer than 0.3 s [2 0]");
    const double seconds = nd_now() - start;
    assert_true(seconds >= 0.3 && seconds < 5);
    assert_string_equal(record_of(*state, "ok", limits), "fine");
}

static void huge_record(void **state)
{
    fixture *f = *state;
    record_of(f, "huge", unlimited);
    assert_int_equal(f->record.n, HUGE_BYTES);
    for (size_t i = 0; i < HUGE_BYTES; i++)
        if ((unsigned char)f->record.s[i] != (unsigned char)(i * 2654435761u >> 13))
            fail_msg("byte %zu differs", i);
}

static void progress_in_order(void **state)
{
    fixture *f = *state;
    assert_string_equal(record_of(f, "progress", unlimited), "after progress");
    const char *p = nd_text_str(&f->progress);
    for (long i = 0; i < 100; i++) {
        char *end;
        assert_int_equal(strtol(p, &end, 10), i);
        p = end;
    }
    assert_string_equal(p, " ");
}

static void memory_limit(void **state)
{
    const nd_child_limits limits = {.memory = 128 * MIB};
    assert_string_equal(record_of(*state, "memory", limits), "small 1 large 0");
    assert_string_equal(record_of(*state, "memory", unlimited), "small 1 large 1");
}

/* Waits until the process is gone; true when it went within 10 s. */
static bool vanishes(pid_t pid)
{
    const double end = nd_now() + 10;
    while (nd_now() < end) {
        waitpid(pid, NULL, WNOHANG); /* when it fell to us, as subreaper */
        if (kill(pid, 0) < 0 && errno == ESRCH) return true;
        nd_sleep(0.005);
    }
    return false;
}

static void cancelled_child(void **state)
{
    fixture *f = *state;
    send_task(f, "hang", unlimited);
    assert_int_equal(listen_to(f, true, NULL), ND_OK);
    const pid_t child = (pid_t)atol(nd_text_str(&f->progress));
    assert_true(child > 0 && kill(child, 0) == 0);
    assert_int_equal(nd_server_cancel(&f->server, NULL), ND_OK);
    assert_int_equal(listen_to(f, false, NULL), ND_OK);
    assert_true(f->cancelled);
    assert_int_equal(f->record.n, 0);
    assert_true(vanishes(child));

    /* Sent together with the task, the server sees both at once. */
    send_task(f, "hang", unlimited);
    assert_int_equal(nd_server_cancel(&f->server, NULL), ND_OK);
    assert_int_equal(listen_to(f, false, NULL), ND_OK);
    if (!f->cancelled) assert_int_equal(listen_to(f, false, NULL), ND_OK);
    assert_true(f->cancelled);

    /* A cancel that comes after the end has no effect on the next task. */
    record_of(f, "ok", unlimited);
    assert_int_equal(nd_server_cancel(&f->server, NULL), ND_OK);
    assert_string_equal(record_of(f, "ok", unlimited), "fine");
}

/* A child that listens has its last word, and is not waited for. */
static void cancelled_child_puts_down_its_work(void **state)
{
    fixture *f = *state;
    send_task(f, "obey", unlimited);
    assert_int_equal(listen_to(f, true, NULL), ND_OK);
    assert_int_equal(nd_server_cancel(&f->server, NULL), ND_OK);
    assert_int_equal(listen_to(f, false, NULL), ND_OK);
    assert_true(f->cancelled);
    assert_int_equal(f->record.n, 0);
    assert_string_equal(nd_text_str(&f->progress), "at work, put down");
    assert_string_equal(record_of(f, "ok", unlimited), "fine");
}

static void dead_server_is_an_error(void **state)
{
    fixture *f = *state;
    send_task(f, "kill-server", unlimited);
    nd_err err;
    assert_int_equal(listen_to(f, false, &err), ND_EIO);
    assert_non_null(strstr(err.message, "the trial server ended: killed by SIGKILL"));
    assert_true(nd_server_fd(&f->server) >= 0); /* there is another */
    assert_string_equal(record_of(f, "ok", unlimited), "fine");

    /* Without its keeper it is gone for good. */
    const pid_t server = f->server.pid;
    send_task(f, "hang", unlimited);
    assert_int_equal(listen_to(f, true, NULL), ND_OK);
    assert_int_equal(kill(f->server.keeper, SIGKILL), 0);
    assert_int_equal(listen_to(f, false, &err), ND_EIO);
    assert_non_null(strstr(err.message, "no other could be started"));
    assert_true(vanishes(server));
    assert_int_equal(nd_server_fd(&f->server), -1);
    assert_int_equal(nd_server_send_task(&f->server, &unlimited, "ok", 2, &err), ND_EIO);
    assert_int_equal(nd_server_start(&f->server, &job, NULL), ND_OK);
    assert_string_equal(record_of(f, "ok", unlimited), "fine");
}

static void stopping_ends_a_running_child(void **state)
{
    fixture *f = *state;
    send_task(f, "hang", unlimited);
    assert_int_equal(listen_to(f, true, NULL), ND_OK);
    const pid_t child = (pid_t)atol(nd_text_str(&f->progress));
    const double start = nd_now();
    nd_server_stop(&f->server);
    assert_true(nd_now() - start < 1.5); /* in good order: before the grace is over */
    assert_true(vanishes(child));
}

/* A parent that is killed takes its server and its child with it. */
static void dies_with_its_parent(void **state)
{
    fixture *f = *state;
    nd_server_stop(&f->server);
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    const pid_t parent = fork();
    if (parent == 0) {
        pid_t pids[2] = {0};
        if (nd_server_start(&f->server, &job, NULL) != ND_OK) _exit(1);
        send_task(f, "hang", unlimited);
        if (listen_to(f, true, NULL) != ND_OK) _exit(1);
        pids[0] = f->server.pid;
        pids[1] = (pid_t)atol(nd_text_str(&f->progress));
        if (write(fds[1], pids, sizeof pids) != (ssize_t)sizeof pids) _exit(1);
        for (;;)
            pause();
    }
    pid_t pids[2];
    close(fds[1]);
    assert_int_equal(read(fds[0], pids, sizeof pids), sizeof pids);
    close(fds[0]);
    assert_true(kill(pids[0], 0) == 0 && kill(pids[1], 0) == 0);
    kill(parent, SIGKILL);
    assert_int_equal(waitpid(parent, NULL, 0), parent);
    assert_true(vanishes(pids[0]));
    assert_true(vanishes(pids[1]));
    prctl(PR_SET_CHILD_SUBREAPER, 0);
}

/* A child that sleeps must not make its server spin. */
static void server_sleeps(void **state)
{
    fixture *f = *state;
    send_task(f, "hang", (nd_child_limits){.seconds = 0.5});
    assert_int_equal(listen_to(f, false, NULL), ND_OK);
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/schedstat", (long)f->server.pid);
    FILE *file = fopen(path, "r");
    if (!file) skip();
    unsigned long long nanoseconds = 0;
    const int n = fscanf(file, "%llu", &nanoseconds);
    fclose(file);
    if (n != 1) skip();
    assert_true((double)nanoseconds < 0.2e9);
}

/* ---- the serial transport ----------------------------------------------------------- */

static nd_event next_event(nd_transport *t)
{
    const double end = nd_now() + 60;
    nd_event e = {0};
    for (bool have = false; nd_now() < end; t->ops->wait(t, 1)) {
        assert_int_equal(t->ops->poll(t, &e, &have, NULL), ND_OK);
        if (have) return e;
    }
    fail_msg("no event within 60 s");
    return e;
}

static void assert_event(nd_transport *t, nd_event_type type, const char *text)
{
    const nd_event e = next_event(t);
    assert_int_equal(e.type, type);
    assert_int_equal(e.worker, 0);
    if (!text) return;
    assert_int_equal(e.n, strlen(text));
    assert_memory_equal(e.bytes, text, e.n);
}

static void give(nd_transport *t, const char *task)
{
    assert_int_equal(t->ops->send(t, 0, &unlimited, task, strlen(task), NULL), ND_OK);
}

static void serial_transport(void **state)
{
    fixture *f = *state;
    nd_transport t;
    assert_int_equal(nd_serial_open(&t, &f->server, NULL), ND_OK);
    assert_int_equal(f->server.fd, -1); /* taken over */
    assert_string_equal(t.ops->name, "serial");
    assert_int_equal(t.ops->n_workers(&t), 1);
    assert_event(&t, ND_EVENT_READY, NULL);
    for (size_t i = 0; i < N_ENDS; i++) {
        give(&t, ends[i].task);
        assert_event(&t, ND_EVENT_RECORD, ends[i].record);
    }
    give(&t, "hang");
    assert_event(&t, ND_EVENT_PROGRESS, NULL);
    assert_int_equal(t.ops->cancel(&t, 0, NULL), ND_OK);
    assert_event(&t, ND_EVENT_CANCELLED, "");

    /* A dead server is replaced ... */
    give(&t, "kill-server");
    assert_event(&t, ND_EVENT_LOST, NULL);
    assert_event(&t, ND_EVENT_READY, NULL);
    give(&t, "ok");
    assert_event(&t, ND_EVENT_RECORD, "fine");
    /* ... but not for ever. */
    for (int i = 0; i <= ND_RESTARTS_MAX; i++) {
        give(&t, "kill-server");
        assert_event(&t, ND_EVENT_LOST, NULL);
        if (i < ND_RESTARTS_MAX) assert_event(&t, ND_EVENT_READY, NULL);
    }
    nd_event e;
    bool have = true;
    give(&t, "ok"); /* nobody there: no error, no event */
    assert_int_equal(t.ops->poll(&t, &e, &have, NULL), ND_OK);
    assert_false(have);
    t.ops->close(&t);
    assert_null(t.ops);
}

static void release_ends_the_worker(void **state)
{
    fixture *f = *state;
    const pid_t server = f->server.pid;
    nd_transport t;
    assert_int_equal(nd_serial_open(&t, &f->server, NULL), ND_OK);
    assert_event(&t, ND_EVENT_READY, NULL);
    assert_int_equal(t.ops->release(&t, 0, NULL), ND_OK);
    assert_true(vanishes(server));
    t.ops->close(&t);
}

/* ---- who started us ------------------------------------------------------------------ */

static void set_or_unset(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

/* Alone, MPI is not touched: with no launcher, and with one that started one process. */
static void alone_without_mpi(void **state)
{
    fixture *f = *state;
    nd_server_stop(&f->server);
    const char *const names[] = {
        "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK",
        "SLURM_STEP_NUM_TASKS", "SLURM_PROCID"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
    for (int launched = 0; launched < 2; launched++) {
        set_or_unset("OMPI_COMM_WORLD_RANK", launched ? "0" : NULL);
        set_or_unset("OMPI_COMM_WORLD_SIZE", launched ? "1" : NULL);
        nd_mpi m;
        nd_transport t;
        assert_int_equal(nd_mpi_start(&m, NULL, NULL, &job, NULL), ND_OK);
        assert_int_equal(m.rank, 0);
        assert_int_equal(m.size, 1);
        assert_false(m.initialised);
        assert_int_equal(nd_mpi_open(&t, &m, NULL), ND_OK);
        assert_string_equal(t.ops->name, "serial");
        assert_event(&t, ND_EVENT_READY, NULL);
        give(&t, "segv");
        assert_event(&t, ND_EVENT_RECORD, ends[1].record);
        t.ops->close(&t);
        assert_int_equal(nd_mpi_finish(&m, 75), 75);
    }
    set_or_unset("OMPI_COMM_WORLD_RANK", NULL);
    set_or_unset("OMPI_COMM_WORLD_SIZE", NULL);

    /* srun without an MPI plug-in: as many masters as tasks, on one folder. */
    setenv("SLURM_STEP_NUM_TASKS", "4", 1);
    setenv("SLURM_PROCID", "2", 1);
    nd_mpi m;
    nd_err err;
    assert_int_equal(nd_mpi_start(&m, NULL, NULL, &job, &err), ND_EENV);
    assert_non_null(strstr(err.message, "--mpi=pmix"));
    unsetenv("SLURM_STEP_NUM_TASKS");
    unsetenv("SLURM_PROCID");
    char version[64];
    nd_mpi_version(version, sizeof version);
    assert_true(version[0] != '\0');
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_end_is_a_record),
        TEST(two_hundred_mixed_trials),
        TEST(no_zombies),
        TEST(time_limit),
        TEST(huge_record),
        TEST(progress_in_order),
        TEST(memory_limit),
        TEST(cancelled_child),
        cmocka_unit_test_setup_teardown(cancelled_child_puts_down_its_work, setup_patient,
                                        teardown),
        TEST(dead_server_is_an_error),
        TEST(stopping_ends_a_running_child),
        TEST(dies_with_its_parent),
        TEST(server_sleeps),
        TEST(serial_transport),
        TEST(release_ends_the_worker),
        TEST(alone_without_mpi),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
