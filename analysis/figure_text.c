/* figure_text.c -- texts, numbers and labels in gnuplot's words. Texts are single-quoted, where
 * gnuplot substitutes nothing. */
#include "drawing_impl.h"

#include <math.h>
#include <string.h>

enum { LABEL_LINE = 50 }; /* characters */

/* 'text', wrapped at spaces into even lines of at most about `width` (0: one line); control
 * bytes become spaces. */
void nd_figure_quote(nd_text *out, const char *s, size_t width)
{
    const size_t lines = width ? strlen(s) / width + 1 : 1;
    if (lines > 1 && strlen(s) / lines + 10 < width) width = strlen(s) / lines + 10;
    nd_text_add(out, "'");
    size_t column = 0;
    for (; *s; s++) {
        const unsigned char c = (unsigned char)*s;
        const bool space = c <= 32 || c == 127;
        if (space && width && column + strcspn(s + 1, " \n\t") >= width) {
            nd_text_add(out, "'.\"\\n\".'");
            column = 0;
            continue;
        }
        /* joined on, not doubled: gnuplot 5.4 misreads a text that starts with one */
        nd_text_add(out, c == '\'' ? "'.\"'\".'" : "%c", space ? ' ' : c);
        column += (c & 0xc0) != 0x80; /* count UTF-8 characters */
    }
    nd_text_add(out, "'");
}

void nd_figure_text(nd_text *out, const char *name, const char *text, size_t width)
{
    nd_text_add(out, "%s = ", name);
    nd_figure_quote(out, text ? text : "", width);
    nd_text_add(out, "\n");
}

/* "NaN" where there is none: nd_text_real may print "nan" or "-nan". */
void nd_figure_real(nd_text *out, double x)
{
    if (isnan(x))
        nd_text_add(out, "NaN");
    else
        nd_text_add(out, "%.9g", x);
}

/* The value as a tick: short, without 1e+04 for 10000. */
/* The first clause of the description, the name, and what it is counted in. */
void nd_figure_label(nd_text *out, const char *variable, const nd_series *v,
                     const char *name)
{
    nd_text label = {0};
    const char *about = v->long_name ? v->long_name : "";
    nd_text_bytes(&label, about, strcspn(about, ":;,"));
    nd_text_add(&label, label.n ? ": %s" : "%s", name);
    if (v->unit && *v->unit && strcmp(v->unit, "1") != 0)
        nd_text_add(&label, " (%s)", v->unit);
    nd_figure_text(out, variable, nd_text_str(&label), LABEL_LINE);
    out->failed |= label.failed;
    nd_text_free(&label);
}

const char *nd_figure_name(const nd_series *v)
{
    return v->parameter ? v->parameter : v->name;
}
