/* figure_text.c -- texts, numbers and labels in gnuplot's words. Texts are single-quoted, where
 * gnuplot substitutes nothing. */
#include "drawing_impl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lines are made about as long as each other; control bytes become spaces. */
size_t nd_figure_quote(nd_text *out, const char *s, size_t width)
{
    const size_t lines = width ? strlen(s) / width + 1 : 1;
    if (lines > 1 && strlen(s) / lines + 10 < width) width = strlen(s) / lines + 10;
    nd_text_add(out, "'");
    size_t column = 0, made = 1;
    for (; *s; s++) {
        const unsigned char c = (unsigned char)*s;
        const bool space = c <= 32 || c == 127;
        if (space && width && column + strcspn(s + 1, " \n\t") >= width) {
            nd_text_add(out, "'.\"\\n\".'");
            column = 0;
            made++;
            continue;
        }
        /* joined on, not doubled: gnuplot 5.4 misreads a text that starts with one */
        nd_text_add(out, c == '\'' ? "'.\"'\".'" : "%c", space ? ' ' : c);
        column += (c & 0xc0) != 0x80; /* count UTF-8 characters */
    }
    nd_text_add(out, "'");
    return made;
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

/* 0.9999 is not 1, but 0.666666667 is 0.667: three digits, or up to six where those are all. */
static int digits_of(double x)
{
    for (int digits = 3; digits <= 6; digits++) {
        char text[32];
        snprintf(text, sizeof text, "%.*g", digits, x);
        if (fabs(strtod(text, NULL) - x) <= 1e-9 * fabs(x)) return digits;
    }
    return 3;
}

void nd_figure_value(nd_text *out, const nd_series *v, size_t i)
{
    if (v->s)
        nd_text_add(out, "%s", v->s[i]);
    else if (v->x[i] == floor(v->x[i]) && fabs(v->x[i]) < 1e6)
        nd_text_add(out, "%.0f", v->x[i]);
    else
        nd_text_add(out, "%.*g", digits_of(v->x[i]), v->x[i]);
}

/* Letters of its first clause; what stands in square brackets is of it: "[0, 1]". */
static size_t first_clause(const char *s)
{
    size_t n = strcspn(s, ":;,([");
    while (s[n] == '[') {
        n += strcspn(s + n, "]");
        n += strcspn(s + n, ":;,([");
    }
    return n;
}

void nd_figure_label(nd_text *out, const nd_series *v, const char *name)
{
    const char *about = v->long_name ? v->long_name : "";
    size_t n = first_clause(about);
    if (!strncmp(about, v->name, n) && !v->name[n]) n = 0; /* says no more than the name */
    nd_text_bytes(out, about, n && about[n] == '(' ? n - 1 : n);
    nd_text_add(out, n ? ": %s" : "%s", name);
    if (v->unit && *v->unit && strcmp(v->unit, "1") != 0)
        nd_text_add(out, " (%s)", v->unit);
}

const char *nd_figure_name(const nd_series *v)
{
    return v->parameter ? v->parameter : v->name;
}
