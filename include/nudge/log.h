/* log.h -- what a person watching wants to know, on stderr. The sink is set once, by cli.
 */
#ifndef NUDGE_LOG_H
#define NUDGE_LOG_H

#include "nudge/err.h"

typedef enum nd_level { ND_QUIET, ND_WARN, ND_INFO, ND_DEBUG } nd_level;

void nd_log_set(nd_level level, const char *prefix); /* prefix borrowed, e.g. "nudge" */
void nd_log(nd_level level, const char *fmt, ...) ND_PRINTF(2, 3);
void nd_log_err(const nd_err *err); /* message and trail, as an error */

#endif
