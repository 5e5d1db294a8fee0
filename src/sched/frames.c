/* frames.c -- messages over a stream socket. */
#include "frames_impl.h"

#include "nudge/bytes.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { HEADER = 8, CHUNK = 65536 };

/* Steps over n bytes that were sent. */
static void advance(struct iovec *v, size_t n)
{
    for (int i = 0; i < 2 && n; i++) {
        const size_t k = n < v[i].iov_len ? n : v[i].iov_len;
        v[i].iov_base = (char *)v[i].iov_base + k;
        v[i].iov_len -= k;
        n -= k;
    }
}

nd_code nd_frame_send(int fd, nd_frame_type type, const void *bytes, size_t n, nd_err *err)
{
    if (n > UINT32_MAX)
        return ND_FAIL(err, ND_EIO, "a message of %zu bytes is longer than 4 GiB", n);
    /* On the stack: a child that was refused memory must still be able to say so. */
    char room[2 * HEADER];
    nd_text header = {.s = room, .cap = sizeof room};
    nd_put_u32(&header, type);
    nd_put_u32(&header, (uint32_t)n);
    struct iovec v[2] = {{header.s, header.n}, {(void *)(size_t)bytes, n}};
    const struct msghdr m = {.msg_iov = v, .msg_iovlen = 2};
    while (v[0].iov_len + v[1].iov_len) {
        const ssize_t sent = sendmsg(fd, &m, MSG_NOSIGNAL);
        if (sent >= 0)
            advance(v, (size_t)sent);
        else if (errno != EINTR)
            return ND_FAIL_SYS(err, ND_EIO, "cannot send to another process of this run");
    }
    return ND_OK;
}

bool nd_frame_fill(int fd, nd_text *in, size_t *used)
{
    if (*used) {
        memmove(in->s, in->s + *used, in->n - *used);
        in->n -= *used;
        *used = 0;
    }
    char chunk[CHUNK];
    ssize_t n;
    do
        n = read(fd, chunk, sizeof chunk);
    while (n < 0 && errno == EINTR);
    if (n <= 0) return false;
    nd_text_bytes(in, chunk, (size_t)n);
    return !in->failed;
}

bool nd_frame_next(const nd_text *in, size_t *used, nd_frame *out)
{
    nd_cursor c = nd_cursor_at(in->n ? in->s + *used : "", in->n - *used);
    const uint32_t type = nd_get_u32(&c);
    const size_t n = nd_get_u32(&c);
    const unsigned char *bytes = nd_get_bytes(&c, n);
    if (!bytes) return false;
    *out = (nd_frame){type, (const char *)bytes, n};
    *used += HEADER + n;
    return true;
}
