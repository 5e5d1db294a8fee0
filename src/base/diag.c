/* diag.c -- faults in a text file with file:line:column, the source line and a caret. */
#include "nudge/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN_COLUMNS = 96 };

/* Keeps control bytes of a hostile file away from the terminal. */
static char shown(char c)
{
    const unsigned char u = (unsigned char)c;
    return u == '\t' ? ' ' : u < 32 || u == 127 ? '?' : c;
}

/* The source line and, under it, a caret; a long line is shown from near the column on. */
static void show_line(nd_diags *d, nd_mark at)
{
    const char *p = d->source.text, *end = p + d->source.n;
    for (int line = 1; line < at.line && p < end; line++) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        p = nl ? nl + 1 : end;
    }
    const char *nl = memchr(p, '\n', (size_t)(end - p));
    size_t n = (size_t)((nl ? nl : end) - p);
    size_t caret = at.column > 0 ? (size_t)at.column - 1 : 0;
    if (caret > n) caret = n;
    if (caret > SHOWN_COLUMNS - 16) {
        const size_t skip = caret - (SHOWN_COLUMNS / 2);
        p += skip;
        n -= skip;
        caret -= skip;
    }
    if (n > SHOWN_COLUMNS) n = SHOWN_COLUMNS;
    nd_text_add(&d->text, "%5d | ", at.line);
    for (size_t i = 0; i < n; i++) {
        nd_text_add(&d->text, "%c", shown(p[i]));
    }
    nd_text_add(&d->text, "\n      | %*s^\n", (int)caret, "");
}

void nd_diag(nd_diags *d, nd_mark at, const char *fmt, ...)
{
    if (++d->n > ND_DIAGS_MAX) return;
    if (at.line > 0)
        nd_text_add(&d->text, "%s:%d:%d: ", d->source.name, at.line, at.column);
    else
        nd_text_add(&d->text, "%s: ", d->source.name);
    char message[768];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    for (char *c = message; *c; c++)
        *c = shown(*c);
    nd_text_add(&d->text, "%s\n", message);
    if (at.line > 0) show_line(d, at);
}

nd_code nd_diags_code(const nd_diags *d, nd_err *err)
{
    if (!d->n) return ND_OK;
    const char *text = nd_text_str(&d->text);
    const size_t n = strlen(text);
    return ND_FAIL(err, ND_EINPUT, "%.*s%s", (int)(n && text[n - 1] == '\n' ? n - 1 : n),
                   text, d->n > ND_DIAGS_MAX ? "\n... and more" : "");
}

void nd_diags_free(nd_diags *d)
{
    nd_text_free(&d->text);
}
