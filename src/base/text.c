/* text.c -- growing text, numbers and names. */
#include "nudge/text.h"

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(nd_text *t, size_t more)
{
    if (t->failed) return false;
    if (t->n + more + 1 <= t->cap) return true;
    size_t cap = t->cap ? t->cap : 128;
    while (cap < t->n + more + 1)
        cap *= 2;
    char *s = realloc(t->s, cap);
    if (!s) {
        t->failed = true;
        return false;
    }
    t->s = s;
    t->cap = cap;
    return true;
}

void nd_text_bytes(nd_text *t, const void *bytes, size_t n)
{
    if (!reserve(t, n)) return;
    if (n) memcpy(t->s + t->n, bytes, n);
    t->n += n;
    t->s[t->n] = '\0';
}

void nd_text_add(nd_text *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    va_list again;
    va_copy(again, ap);
    const int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n >= 0 && reserve(t, (size_t)n)) {
        vsnprintf(t->s + t->n, (size_t)n + 1, fmt, again);
        t->n += (size_t)n;
    }
    va_end(again);
}

void nd_text_real(nd_text *t, double x)
{
    char s[40];
    if (x == floor(x) && fabs(x) < 1e15) { /* 1000, not 1e+03; and -0 is 0 */
        nd_text_add(t, "%.0f", x + 0.0);
        return;
    }
    /* Of a normal number 15 digits, less the zeros at their end, are the shortest text if any
     * text that short reads back. */
    for (int digits = fabs(x) >= DBL_MIN ? 15 : 1; digits <= 17; digits++) {
        snprintf(s, sizeof s, "%.*g", digits, x);
        if (strtod(s, NULL) == x) break;
    }
    nd_text_add(t, "%s", s);
}

void nd_text_clear(nd_text *t)
{
    t->n = 0;
    if (t->s) t->s[0] = '\0';
}

void nd_text_free(nd_text *t)
{
    free(t->s);
    *t = (nd_text){0};
}

nd_code nd_text_check(const nd_text *t, nd_err *err)
{
    return t->failed ? ND_FAIL(err, ND_ENOMEM, "out of memory while building a text")
                     : ND_OK;
}

bool nd_parse_real(const char *s, double *out)
{
    const char *digits = s + (*s == '-' || *s == '+');
    if (!isdigit((unsigned char)*digits) && *digits != '.') return false;
    if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X')) return false;
    char *end;
    const double x = strtod(s, &end);
    if (end == digits || *end || !isfinite(x)) return false;
    *out = x;
    return true;
}

bool nd_parse_int(const char *s, int64_t *out)
{
    char *end;
    errno = 0;
    const long long i = strtoll(s, &end, 10);
    if (end != s && !*end && !errno && !isspace((unsigned char)*s)) {
        *out = i;
        return true;
    }
    double x;
    if (!nd_parse_real(s, &x) || x != floor(x) || fabs(x) > 9007199254740992.0)
        return false;
    *out = (int64_t)x;
    return true;
}

/* "D-HH:MM:SS", "HH:MM:SS" or "MM:SS" */
static bool parse_clock(const char *s, double *seconds)
{
    double days = 0, field[3] = {0};
    const char *dash = strchr(s, '-');
    if (dash) {
        char day[16];
        if (dash == s || (size_t)(dash - s) >= sizeof day) return false;
        nd_copy(day, (size_t)(dash - s) + 1, s);
        if (!nd_parse_real(day, &days) || days < 0) return false;
        s = dash + 1;
    }
    int n = 0;
    for (const char *p = s;;) {
        char *end;
        if (n == 3 || !isdigit((unsigned char)*p)) return false;
        field[n++] = (double)strtol(p, &end, 10);
        if (!*end) break;
        if (*end != ':') return false;
        p = end + 1;
    }
    if (n < 2 || (dash && n != 3)) return false;
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum = sum * 60 + field[i];
    *seconds = days * 86400 + sum;
    return true;
}

bool nd_parse_duration(const char *s, double *seconds)
{
    if (strchr(s, ':')) return parse_clock(s, seconds);
    static const struct {
        char unit;
        double seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    const size_t n = strlen(s);
    char number[32];
    double scale = 1;
    size_t digits = n;
    for (size_t i = 0; n && i < sizeof units / sizeof *units; i++)
        if (s[n - 1] == units[i].unit) {
            scale = units[i].seconds;
            digits = n - 1;
        }
    if (!digits || digits >= sizeof number) return false;
    nd_copy(number, digits + 1, s);
    double x;
    if (!nd_parse_real(number, &x) || x < 0) return false;
    *seconds = x * scale;
    return true;
}

void nd_text_duration(nd_text *t, double seconds)
{
    if (!(seconds >= 0))
        nd_text_add(t, "?");
    else if (seconds < 60)
        nd_text_add(t, "%.1f s", seconds);
    else if (seconds < 3600)
        nd_text_add(t, "%d min %02d s", (int)seconds / 60, (int)seconds % 60);
    else if (seconds < 86400 * 3)
        nd_text_add(t, "%d h %02d min", (int)seconds / 3600, (int)seconds / 60 % 60);
    else
        nd_text_add(t, "%.1f days", seconds / 86400);
}

/* Damerau-Levenshtein distance (optimal string alignment) of names up to 63 characters. */
static size_t edit_distance(const char *a, const char *b)
{
    enum { MAX = 63 };
    const size_t n = strlen(a), m = strlen(b);
    if (n > MAX || m > MAX) return SIZE_MAX;
    size_t row[3][MAX + 2];
    for (size_t j = 0; j <= m; j++)
        row[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *now = row[i % 3], *up = row[(i + 2) % 3], *up2 = row[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t d = up[j - 1] + (tolower((unsigned char)a[i - 1]) !=
                                    tolower((unsigned char)b[j - 1]));
            if (up[j] + 1 < d) d = up[j] + 1;
            if (now[j - 1] + 1 < d) d = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                up2[j - 2] + 1 < d)
                d = up2[j - 2] + 1;
            now[j] = d;
        }
    }
    return row[n % 3][m];
}

nd_nearest nd_nearest_to(const char *want)
{
    /* A suggestion further away than a third of the word is noise. */
    return (nd_nearest){.want = want, .distance = 2 + strlen(want) / 3};
}

void nd_nearest_try(nd_nearest *n, const char *candidate)
{
    size_t d = edit_distance(n->want, candidate);
    /* "beta" is meant for "ep.beta": the part after the dot counts nearly as much. */
    const char *dot = strrchr(candidate, '.');
    if (dot && !strchr(n->want, '.')) {
        const size_t tail = edit_distance(n->want, dot + 1);
        if (tail != SIZE_MAX && tail + 1 < d) d = tail + 1;
    }
    if (d < n->distance) {
        n->distance = d;
        n->best = candidate;
    }
}

void nd_copy(char *dst, size_t size, const char *src)
{
    if (!size) return;
    size_t n = strlen(src);
    if (n >= size) n = size - 1;
    memcpy(dst, src, n);
    dst[n] = '\0';
}
