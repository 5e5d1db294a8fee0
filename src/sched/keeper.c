/* keeper.c -- a process between a worker and its trial server that waits for the server to die
 * and forks another.
 *
 * After MPI_Init a worker must not fork, so what may have to be forked later is left to a
 * process that was there before. It computes nothing and maps nothing, so there is little that
 * could kill it. Every new server comes with a socket of its own, whose other end goes to the
 * worker (SCM_RIGHTS): whatever was half said on the old one is gone with it. */
#include "keeper_impl.h"

#include "trial_server_impl.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct note {
    pid_t pid;
    int ended;
} note;

/* Room for one descriptor, aligned as the kernel wants it. */
typedef union rights {
    struct cmsghdr head;
    char bytes[CMSG_SPACE(sizeof(int))];
} rights;

static bool hand_over(int control, int fd, note n)
{
    rights r = {0};
    struct iovec v = {&n, sizeof n};
    struct msghdr m = {.msg_iov = &v,
                       .msg_iovlen = 1,
                       .msg_control = r.bytes,
                       .msg_controllen = sizeof r.bytes};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    ssize_t sent;
    do
        sent = sendmsg(control, &m, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)sizeof n;
}

bool nd_keeper_receive(int control, double seconds, nd_handover *out)
{
    note n;
    rights r = {0};
    struct pollfd p = {.fd = control, .events = POLLIN};
    struct iovec v = {&n, sizeof n};
    struct msghdr m = {.msg_iov = &v,
                       .msg_iovlen = 1,
                       .msg_control = r.bytes,
                       .msg_controllen = sizeof r.bytes};
    ssize_t got;
    int ready;
    do
        ready = poll(&p, 1, (int)ceil(seconds * 1e3));
    while (ready < 0 && errno == EINTR);
    if (ready <= 0) return false;
    do
        got = recvmsg(control, &m, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    const struct cmsghdr *c = got == (ssize_t)sizeof n ? CMSG_FIRSTHDR(&m) : NULL;
    if (!c || c->cmsg_type != SCM_RIGHTS) return false;
    *out = (nd_handover){.pid = n.pid, .ended = n.ended};
    memcpy(&out->fd, CMSG_DATA(c), sizeof out->fd);
    return true;
}

_Noreturn void nd_keeper(int control, const nd_server_job *job, pid_t parent)
{
    nd_child_of(parent, control);
    note n = {0};
    for (;;) {
        int fds[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) _exit(1);
        const pid_t self = getpid();
        n.pid = fork();
        if (n.pid == 0) nd_trial_server(fds[1], job, self);
        close(fds[1]);
        if (n.pid < 0 || !hand_over(control, fds[0], n)) _exit(1);
        close(fds[0]);
        while (waitpid(n.pid, &n.ended, 0) < 0 && errno == EINTR)
            ;
        if (WIFEXITED(n.ended) && WEXITSTATUS(n.ended) == 0) _exit(0);
    }
}
