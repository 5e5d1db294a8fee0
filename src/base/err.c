/* err.c -- error values and their texts. */
#include "nudge/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *text;
    int exit;
} codes[] = {
    [ND_OK] = {"ok", 0},
#define E(code, exit, text) [code] = {text, exit},
#include "nudge/errors.def"
#undef E
};

const char *nd_code_text(nd_code code)
{
    return codes[code].text;
}

int nd_code_exit(nd_code code)
{
    return codes[code].exit;
}

nd_code nd_err_set(nd_err *err, nd_code code, int sys, const char *file, int line,
                   const char *fmt, ...)
{
    if (!err) return code;
    *err = (nd_err){.code = code, .sys = sys, .file = file, .line = line};
    va_list ap;
    va_start(ap, fmt);
    const int n = vsnprintf(err->message, sizeof err->message, fmt, ap);
    va_end(ap);
    if (sys && n >= 0 && (size_t)n < sizeof err->message)
        snprintf(err->message + n, sizeof err->message - (size_t)n, ": %s", strerror(sys));
    return code;
}

nd_code nd_err_while(nd_err *err, const char *fmt, ...)
{
    if (!err) return ND_EINPUT;
    if (err->n_trail < ND_ERR_TRAIL) {
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(err->trail[err->n_trail++], sizeof err->trail[0], fmt, ap);
        va_end(ap);
    }
    return err->code;
}
