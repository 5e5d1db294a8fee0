/* events.h -- what happens next on a simulated machine: a heap of events by time. */
#ifndef NUDGE_TEST_EVENTS_H
#define NUDGE_TEST_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct event {
    double time;
    uint32_t worker;
    int what;
} event;

/* Room for as many events as are pending at once, the caller's. */
typedef struct events {
    event *heap;
    size_t n;
} events;

static inline bool earlier(event a, event b)
{
    return a.time != b.time ? a.time < b.time : a.worker < b.worker;
}

static inline void events_push(events *s, event e)
{
    size_t i = s->n++;
    for (; i && earlier(e, s->heap[(i - 1) / 2]); i = (i - 1) / 2)
        s->heap[i] = s->heap[(i - 1) / 2];
    s->heap[i] = e;
}

/* The earliest, which there must be. */
static inline event events_pop(events *s)
{
    const event top = s->heap[0], last = s->heap[--s->n];
    size_t i = 0;
    for (size_t c; (c = 2 * i + 1) < s->n; i = c) {
        if (c + 1 < s->n && earlier(s->heap[c + 1], s->heap[c])) c++;
        if (!earlier(s->heap[c], last)) break;
        s->heap[i] = s->heap[c];
    }
    s->heap[i] = last;
    return top;
}

#endif
