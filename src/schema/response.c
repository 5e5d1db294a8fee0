/* response.c -- reading a measured pulse response, and the steps in it. */
#include "nudge/response.h"

#include "nudge/file.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { READINGS_MIN = 8, READINGS_MAX = 10000000, NODES = 12 };

/* "pulses, conductance"; commas, semicolons and blanks part. */
static bool parse_line(const char *line, size_t n, double v[2])
{
    char copy[128];
    if (n >= sizeof copy) return false;
    nd_copy(copy, n + 1, line);
    char *at = copy;
    for (int i = 0; i < 2; i++) {
        at += strspn(at, " \t,;\r");
        char *end = at + strcspn(at, " \t,;\r");
        const bool last = *end == '\0';
        *end = '\0';
        if (!nd_parse_real(at, &v[i])) return false;
        at = last ? end : end + 1;
    }
    return at[strspn(at, " \t,;\r")] == '\0';
}

static bool blank(const char *line, size_t n)
{
    while (n && isspace((unsigned char)*line))
        line++, n--;
    return !n || *line == '#';
}

static nd_code parse(const char *path, const char *text, nd_response *r, nd_err *err)
{
    int number = 0;
    for (const char *line = text; *line;) {
        const size_t n = strcspn(line, "\n");
        double v[2] = {0};
        number++;
        if (!blank(line, n)) {
            const bool good = parse_line(line, n, v);
            if (good && r->n < READINGS_MAX) {
                r->pulses[r->n] = v[0];
                r->conductance[r->n++] = v[1];
            } else if (good || r->n || !isalpha((unsigned char)*line)) {
                return ND_FAIL(err, ND_EINPUT,
                               "%s:%d: not a line of two numbers, pulses sent (negative: "
                               "depression) and the conductance read after them",
                               path, number);
            }
        }
        line += n + (line[n] == '\n');
    }
    return ND_OK;
}

static nd_code sound(const char *path, nd_response *r, nd_err *err)
{
    size_t up = 0, down = 0;
    r->lowest = HUGE_VAL, r->highest = -HUGE_VAL;
    for (size_t i = 0; i < r->n; i++) {
        r->lowest = fmin(r->lowest, r->conductance[i]);
        r->highest = fmax(r->highest, r->conductance[i]);
        up += i && r->pulses[i] > 0, down += i && r->pulses[i] < 0;
    }
    if (r->n < READINGS_MIN)
        return ND_FAIL(err, ND_EINPUT, "%s: %zu readings are too few: at least %d", path,
                       r->n, READINGS_MIN);
    if (!up || !down)
        return ND_FAIL(
            err, ND_EINPUT,
            "%s: no %s pulse: the first column has pulses sent, > 0 to raise the "
            "conductance and < 0 to lower it",
            path, up ? "depression" : "potentiation");
    if (!(r->highest > r->lowest))
        return ND_FAIL(err, ND_EINPUT, "%s: the conductance never changes", path);
    return ND_OK;
}

nd_code nd_response_read(const char *path, nd_response *r, nd_err *err)
{
    nd_text text = {0};
    *r = (nd_response){0};
    ND_TRY(nd_file_read(path, &text, err));
    size_t lines = 1;
    for (size_t i = 0; i < text.n; i++)
        lines += text.s[i] == '\n';
    r->pulses = calloc(lines, sizeof *r->pulses);
    r->conductance = calloc(lines, sizeof *r->conductance);
    nd_code code = ND_OK;
    if (!r->pulses || !r->conductance)
        code = ND_FAIL(err, ND_ENOMEM, "no memory for %zu readings", lines);
    if (code == ND_OK) code = parse(path, nd_text_str(&text), r, err);
    if (code == ND_OK) code = sound(path, r, err);
    nd_text_free(&text);
    if (code != ND_OK) nd_response_free(r);
    return code;
}

void nd_response_free(nd_response *r)
{
    free(r->pulses);
    free(r->conductance);
    *r = (nd_response){0};
}

bool nd_response_step(const nd_response *r, size_t i, double *x, double *step)
{
    if (i + 1 >= r->n || r->pulses[i + 1] == 0) return false;
    const double range = r->highest - r->lowest;
    *step = (r->conductance[i + 1] - r->conductance[i]) / range / r->pulses[i + 1];
    *x = ((r->conductance[i + 1] + r->conductance[i]) / 2 - r->lowest) / range;
    return *x > 0 && *x < 1;
}

/* Gaussian elimination of a positive definite system, in place. */
static void solve(size_t n, double a[ND_LIST_MAX][ND_LIST_MAX], double *b)
{
    for (size_t k = 0; k < n; k++)
        for (size_t i = k + 1; i < n; i++) {
            const double f = a[i][k] / a[k][k];
            for (size_t j = k; j < n; j++)
                a[i][j] -= f * a[k][j];
            b[i] -= f * b[k];
        }
    for (size_t k = n; k-- > 0;) {
        for (size_t j = k + 1; j < n; j++)
            b[k] -= a[k][j] * b[j];
        b[k] /= a[k][k];
    }
}

void nd_response_tabulate(const nd_response *r, bool up, size_t nodes, double *table)
{
    double a[ND_LIST_MAX][ND_LIST_MAX] = {{0}}, b[ND_LIST_MAX] = {0}, count = 0;
    for (size_t i = 0; i + 1 < r->n; i++) {
        double x, step;
        if (!nd_response_step(r, i, &x, &step) || (r->pulses[i + 1] > 0) != up) continue;
        const double at = x * (double)(nodes - 1);
        size_t j = (size_t)at;
        if (j + 2 > nodes) j = nodes - 2;
        const double right = at - (double)j, left = 1 - right;
        a[j][j] += left * left, a[j][j + 1] += left * right;
        a[j + 1][j] += left * right, a[j + 1][j + 1] += right * right;
        b[j] += left * step, b[j + 1] += right * step;
        count++;
    }
    /* second differences, weighed a little: they also carry over where nothing was read */
    const double bend = 1e-4 * (count + 1);
    static const double second[] = {1, -2, 1};
    for (size_t k = 0; k + 2 < nodes; k++)
        for (size_t i = 0; i < 3; i++)
            for (size_t j = 0; j < 3; j++)
                a[k + i][k + j] += bend * second[i] * second[j];
    for (size_t k = 0; k < nodes; k++)
        a[k][k] += 1e-12 * (count + 1);
    solve(nodes, a, b);
    for (size_t k = 0; k < nodes; k++)
        table[k] = fmax(0, b[k]);
}

void nd_response_table_of(const nd_response *r, nd_response_table *t)
{
    double sum = 0, count = 0;
    for (size_t i = 0; i + 1 < r->n; i++) {
        double x, step;
        if (!nd_response_step(r, i, &x, &step)) continue;
        sum += step, count++;
    }
    /* six digits: what is printed is what is used */
    char text[40];
    snprintf(text, sizeof text, "%.6g", fmin(1, fmax(1e-9, sum / count)));
    t->step = strtod(text, NULL);
    for (int up = 0; up < 2; up++) {
        nd_reals *list = up ? &t->up : &t->down;
        *list = (nd_reals){.n = NODES};
        nd_response_tabulate(r, up, NODES, list->v);
        for (size_t i = 0; i < NODES; i++) {
            snprintf(text, sizeof text, "%.6g", fmin(1000, list->v[i] / t->step));
            list->v[i] = strtod(text, NULL);
        }
    }
}
