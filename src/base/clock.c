/* clock.c -- time. */
#include "nudge/clock.h"

#include <time.h>

static double read_clock(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double nd_now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

double nd_worked(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

void nd_sleep(double seconds)
{
    if (!(seconds > 0)) return;
    struct timespec t = {.tv_sec = (time_t)seconds};
    t.tv_nsec = (long)((seconds - (double)t.tv_sec) * 1e9);
    nanosleep(&t, NULL);
}

void nd_utc(char *out, size_t size)
{
    const time_t now = time(NULL);
    struct tm tm;
    gmtime_r(&now, &tm);
    strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", &tm);
}
