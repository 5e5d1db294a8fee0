/* fault.c -- a disk that fails, and processes that die, at a chosen call (LD_PRELOAD).
 *
 * Counts the calls that change something at or beneath a path: opening for writing, write, pwrite,
 * writev, fsync, fdatasync, ftruncate, rename, unlink, mkdir, rmdir. All processes of a
 * campaign count together. By the environment:
 *
 *   FAULT_BENEATH  absolute path; without it nothing is done
 *   FAULT_COUNT    a file of at least 16 bytes: the number of calls, the number of faults (u64)
 *   FAULT_CALLS    only these, e.g. "fsync fdatasync"; unset: all of them
 *   FAULT_AT       the call at which something happens, from 1
 *   FAULT_DO       kill: SIGKILL before the call; torn: after half of the bytes that it
 *                  writes; ENOSPC, EIO, EROFS: it fails so (a write of more than a byte
 *                  to a full disk: after half of it)
 *   FAULT_LASTS    set: what fails goes on failing
 *   FAULT_LOG      a file that gets a line for every call: its number, name, process, path
 *   FAULT_CLOCK    so many times as fast runs the monotonic clock
 *
 * The calls themselves are made by syscall(2), but nothing is synced: what a process wrote
 * before it died is there all the same, and the disk has the time for more faults. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

typedef enum verdict { PASS, KILL, TEAR, FAIL, FILL } verdict;

typedef struct shared {
    _Atomic unsigned long long calls, faults;
} shared;

static struct {
    shared *count;
    const char *beneath, *calls, *log;
    size_t n;
    unsigned long long at;
    bool lasts;
    verdict what;
    int error;
    long clock;
} our = {.clock = 1};

static int number_of(const char *error)
{
    return !strcmp(error, "ENOSPC") ? ENOSPC : !strcmp(error, "EROFS") ? EROFS : EIO;
}

__attribute__((constructor)) static void begin(void)
{
    const char *count = getenv("FAULT_COUNT"), *at = getenv("FAULT_AT");
    const char *what = getenv("FAULT_DO"), *clock = getenv("FAULT_CLOCK");
    if (clock && atol(clock) > 0) our.clock = atol(clock);
    our.beneath = getenv("FAULT_BENEATH");
    if (!our.beneath || !count) return;
    our.n = strlen(our.beneath);
    our.calls = getenv("FAULT_CALLS");
    our.log = getenv("FAULT_LOG");
    our.at = at ? strtoull(at, NULL, 10) : 0;
    our.lasts = getenv("FAULT_LASTS") != NULL;
    if (what) {
        our.error = number_of(what);
        our.what = !strcmp(what, "kill")     ? KILL
                   : !strcmp(what, "torn")   ? TEAR
                   : !strcmp(what, "ENOSPC") ? FILL
                                             : FAIL;
    }
    const int fd = (int)syscall(SYS_openat, AT_FDCWD, count, O_RDWR | O_CLOEXEC, 0);
    void *p = fd < 0
                  ? MAP_FAILED
                  : mmap(NULL, sizeof(shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) abort(); /* a fault that does nothing would pass every test */
    our.count = p;
    syscall(SYS_close, fd);
}

static bool listed(const char *call)
{
    const size_t n = strlen(call);
    for (const char *p = our.calls; p && (p = strstr(p, call)); p += n)
        if ((p == our.calls || p[-1] == ' ') && (p[n] == ' ' || !p[n])) return true;
    return !our.calls;
}

static void note(unsigned long long number, const char *call, const char *path)
{
    char line[4200];
    if (!our.log) return;
    const int n =
        snprintf(line, sizeof line, "%llu %s %ld %s\n", number, call, (long)getpid(), path);
    /* Open no longer than this: processes close what they do not know. */
    const int fd = (int)syscall(SYS_openat, AT_FDCWD, our.log,
                                O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    syscall(SYS_write, fd, line, (size_t)n);
    syscall(SYS_close, fd);
}

/* What becomes of this call. `tears`: half of it can be done. */
static verdict judge(const char *call, const char *path, bool tears)
{
    if (!our.count || strncmp(path, our.beneath, our.n) != 0 || !listed(call)) return PASS;
    const unsigned long long number = atomic_fetch_add(&our.count->calls, 1) + 1;
    note(number, call, path);
    if (!our.at || number < our.at || (number > our.at && !our.lasts)) return PASS;
    if (our.what != PASS) atomic_fetch_add(&our.count->faults, 1);
    if (our.what == KILL || (our.what == TEAR && !tears)) kill(getpid(), SIGKILL);
    if (our.what == FAIL || our.what == FILL) errno = our.error;
    /* A disk fills up once. */
    return our.what == FILL && (!tears || number > our.at) ? FAIL : our.what;
}

static verdict judge_fd(const char *call, int fd, bool tears)
{
    char link[64], path[4096];
    if (!our.count) return PASS;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0) return PASS;
    path[n] = '\0';
    return judge(call, path, tears);
}

/* ---- calls on a path ---- */

#define EXPORT __attribute__((visibility("default")))

static int open_path(int dir, const char *path, int flags, mode_t mode)
{
    const bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT);
    if (writes && judge("open", path, false) != PASS) return -1;
    return (int)syscall(SYS_openat, dir, path, flags, mode);
}

static mode_t mode_of(int flags, va_list ap)
{
    return flags & (O_CREAT | __O_TMPFILE) ? va_arg(ap, mode_t) : 0;
}

#define OPEN(name)                                                                         \
    EXPORT int name(const char *path, int flags, ...);                                     \
    int name(const char *path, int flags, ...)                                             \
    {                                                                                      \
        va_list ap;                                                                        \
        va_start(ap, flags);                                                               \
        const mode_t mode = mode_of(flags, ap);                                            \
        va_end(ap);                                                                        \
        return open_path(AT_FDCWD, path, flags, mode);                                     \
    }
OPEN(open)
OPEN(open64)

EXPORT int rename(const char *from, const char *to)
{
    if (judge("rename", to, false) != PASS) return -1;
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

EXPORT int unlink(const char *path)
{
    if (judge("unlink", path, false) != PASS) return -1;
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

EXPORT int unlinkat(int dir, const char *path, int flags)
{
    if (judge_fd("unlink", dir, false) != PASS) return -1;
    return (int)syscall(SYS_unlinkat, dir, path, flags);
}

EXPORT int mkdir(const char *path, mode_t mode)
{
    if (judge("mkdir", path, false) != PASS) return -1;
    return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}

EXPORT int rmdir(const char *path)
{
    if (judge("rmdir", path, false) != PASS) return -1;
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
}

/* ---- calls on a descriptor ---- */

/* offset < 0: where the file stands. Half of the bytes is less than all. */
static ssize_t write_bytes(const char *call, int fd, const void *bytes, size_t n,
                           off_t offset)
{
    const verdict v = judge_fd(call, fd, n > 1);
    if (v == FAIL) return -1;
    const size_t part = v == PASS ? n : n / 2;
    const ssize_t wrote = offset < 0 ? syscall(SYS_write, fd, bytes, part)
                                     : syscall(SYS_pwrite64, fd, bytes, part, offset);
    if (v == TEAR) kill(getpid(), SIGKILL);
    return wrote;
}

EXPORT ssize_t write(int fd, const void *bytes, size_t n)
{
    return write_bytes("write", fd, bytes, n, -1);
}

EXPORT ssize_t pwrite(int fd, const void *bytes, size_t n, off_t offset)
{
    return write_bytes("pwrite", fd, bytes, n, offset);
}

EXPORT ssize_t pwrite64(int fd, const void *bytes, size_t n, off_t offset)
{
    return write_bytes("pwrite", fd, bytes, n, offset);
}

EXPORT ssize_t writev(int fd, const struct iovec *v, int n)
{
    if (judge_fd("writev", fd, false) == FAIL) return -1;
    return syscall(SYS_writev, fd, v, n);
}

static int sync_fd(const char *call, int fd)
{
    if (!our.count) return (int)syscall(SYS_fsync, fd);
    return judge_fd(call, fd, false) == PASS ? 0 : -1;
}

EXPORT int fsync(int fd)
{
    return sync_fd("fsync", fd);
}

EXPORT int fdatasync(int fd)
{
    return sync_fd("fdatasync", fd);
}

EXPORT int ftruncate(int fd, off_t n)
{
    if (judge_fd("ftruncate", fd, false) != PASS) return -1;
    return (int)syscall(SYS_ftruncate, fd, n);
}

EXPORT int ftruncate64(int fd, off_t n)
{
    if (judge_fd("ftruncate", fd, false) != PASS) return -1;
    return (int)syscall(SYS_ftruncate, fd, n);
}

/* ---- time ---- */

EXPORT int clock_gettime(clockid_t which, struct timespec *t)
{
    const int rc = (int)syscall(SYS_clock_gettime, which, t);
    if (rc == 0 && which == CLOCK_MONOTONIC && our.clock != 1) {
        const long long ns = (t->tv_sec * 1000000000LL + t->tv_nsec) * our.clock;
        t->tv_sec = ns / 1000000000LL;
        t->tv_nsec = ns % 1000000000LL;
    }
    return rc;
}
