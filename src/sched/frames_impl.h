/* frames_impl.h -- messages over a stream socket: {u32 type, u32 length} and the bytes. */
#ifndef NUDGE_FRAMES_IMPL_H
#define NUDGE_FRAMES_IMPL_H

#include "nudge/text.h"

/* Both sockets speak this: parent and server, server and child. */
typedef enum nd_frame_type {
    ND_FRAME_TASK = 1, /* parent to server: f64 seconds, u64 memory, payload */
    ND_FRAME_CANCEL,
    ND_FRAME_QUIT,
    ND_FRAME_PROGRESS, /* child to server to parent */
    ND_FRAME_RECORD,
    ND_FRAME_CANCELLED,
} nd_frame_type;

typedef struct nd_frame {
    uint32_t type;
    const char *bytes; /* inside the buffer: good until the next fill */
    size_t n;
} nd_frame;

/* Sends one message, waiting as long as the socket is full. A peer that is gone is an
 * error, not a signal. */
ND_MUST nd_code nd_frame_send(int fd, nd_frame_type type, const void *bytes, size_t n,
                              nd_err *err);

/* Reads what is there, once, behind in->n; drops the first *used bytes. False at the end of
 * the stream, or when the bytes cannot be held. Waits when nothing is there. */
ND_MUST bool nd_frame_fill(int fd, nd_text *in, size_t *used);

/* The next whole message, moving *used behind it; false when there is none yet. */
ND_MUST bool nd_frame_next(const nd_text *in, size_t *used, nd_frame *out);

#endif
