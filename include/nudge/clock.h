/* clock.h -- time: monotonic seconds for intervals, UTC text for records. */
#ifndef NUDGE_CLOCK_H
#define NUDGE_CLOCK_H

#include <stddef.h>

double nd_now(void);                 /* monotonic, seconds */
double nd_worked(void);              /* processor time of this thread, seconds */
void nd_sleep(double seconds);       /* returns early on a signal */
void nd_utc(char *out, size_t size); /* now, as 2026-11-24T10:59:52Z; size >= 21 */

#endif
