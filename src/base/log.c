/* log.c -- the log sink. */
#include "nudge/log.h"

#include <stdarg.h>
#include <stdio.h>

static struct {
    nd_level level;
    const char *prefix;
} sink = {ND_INFO, "nudge"};

void nd_log_set(nd_level level, const char *prefix)
{
    sink.level = level;
    sink.prefix = prefix;
}

void nd_log(nd_level level, const char *fmt, ...)
{
    if (level > sink.level) return;
    char line[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    /* one write per line, so that ranks do not cut each other's lines */
    fprintf(stderr, "%s: %s%s\n", sink.prefix, level == ND_WARN ? "warning: " : "", line);
}

void nd_log_err(const nd_err *err)
{
    fprintf(stderr, "%s: error: %s\n", sink.prefix, err->message);
    for (int i = 0; i < err->n_trail; i++)
        fprintf(stderr, "  %s\n", err->trail[i]);
    if (sink.level >= ND_DEBUG && err->file)
        fprintf(stderr, "  [%s, %s:%d]\n", nd_code_text(err->code), err->file, err->line);
}
