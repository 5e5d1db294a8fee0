/* err.h -- errors as values: a code, what happened, and a trail of what was being done.
 *
 * A function that can fail returns nd_code (ND_OK is 0) and takes `nd_err *` last. The
 * function that finds the fault calls ND_FAIL; callers pass it up with ND_TRY, adding
 * context with ND_WHILE where it helps a user ("while reading sweeps/x.yaml"). exit() is
 * for src/cli alone. */
#ifndef NUDGE_ERR_H
#define NUDGE_ERR_H

typedef enum nd_code {
    ND_OK = 0,
#define E(code, exit, text) code,
#include "nudge/errors.def"
#undef E
} nd_code;

enum { ND_ERR_TRAIL = 4 };

typedef struct nd_err {
    nd_code code;
    int sys;          /* errno of the failed call, 0 if none              */
    const char *file; /* source place that found the fault (static)       */
    int line;
    char message[4096]; /* the thing, its place, and a remedy */
    int n_trail;
    char trail[ND_ERR_TRAIL][192]; /* "while ..." lines, innermost first   */
} nd_err;

#define ND_MUST         __attribute__((warn_unused_result))
#define ND_PRINTF(a, b) __attribute__((format(printf, a, b)))

/* Records the fault and returns `code`. `err` may be NULL. Use through ND_FAIL. */
nd_code nd_err_set(nd_err *err, nd_code code, int sys, const char *file, int line,
                   const char *fmt, ...) ND_PRINTF(6, 7);

/* Adds one line of context and returns err->code. Lines beyond ND_ERR_TRAIL are dropped. */
nd_code nd_err_while(nd_err *err, const char *fmt, ...) ND_PRINTF(2, 3);

const char *nd_code_text(nd_code code); /* "bad input" */
int nd_code_exit(nd_code code);         /* exit status of the command line */

/* Both are `code` after the fault is noted, so that compilers and analysers see a failure.
 */
#define ND_FAIL(err, code, ...)                                                            \
    nd_err_code(nd_err_set((err), (code), 0, __FILE__, __LINE__, __VA_ARGS__), (code))
/* The same after a failed system call: errno is kept and its text appended. */
#define ND_FAIL_SYS(err, code, ...)                                                        \
    nd_err_code(nd_err_set((err), (code), errno, __FILE__, __LINE__, __VA_ARGS__), (code))
static inline nd_code nd_err_code(nd_code noted, nd_code code)
{
    (void)noted;
    return code;
}

#define ND_TRY(call)                                                                       \
    do {                                                                                   \
        const nd_code nd_try_code_ = (call);                                               \
        if (nd_try_code_ != ND_OK) return nd_try_code_;                                    \
    } while (0)

#endif
