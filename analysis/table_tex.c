/* table_tex.c -- a cube as a LaTeX table for the package booktabs: a line per cell, "value [low,
 * high]" where a variable has an interval. */
#include "derived_impl.h"
#include "nudge/file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct column {
    const nd_series *v, *low, *high;
    int axis;     /* of the cube, for a coordinate; -1: a variable */
    int decimals; /* -1: as short as it reads back */
} column;

static void add_escaped(nd_text *out, const char *s)
{
    static const struct {
        char c;
        const char *tex;
    } special[] = {{'\\', "\\textbackslash{}"},
                   {'{', "\\{"},
                   {'}', "\\}"},
                   {'&', "\\&"},
                   {'%', "\\%"},
                   {'$', "\\$"},
                   {'#', "\\#"},
                   {'_', "\\_"},
                   {'~', "\\textasciitilde{}"},
                   {'^', "\\textasciicircum{}"},
                   {'<', "\\textless{}"},
                   {'>', "\\textgreater{}"},
                   {'"', "{\\char34}"}}; /* in any font encoding */
    for (; *s; s++) {
        size_t k = 0;
        while (k < sizeof special / sizeof *special && special[k].c != *s)
            k++;
        if (k < sizeof special / sizeof *special)
            nd_text_add(out, "%s", special[k].tex);
        else
            nd_text_add(out, "%c", (unsigned char)*s < 32 ? ' ' : *s);
    }
}

/* "1.2e-05" as $1.2\times10^{-5}$, with a minus that is one. */
static void add_number(nd_text *out, double x, int decimals)
{
    nd_text text = {0};
    if (isnan(x)) {
        nd_text_add(out, "--");
        return;
    }
    if (decimals >= 0 && fabs(x) < 0.5 * pow(10, -decimals)) x = 0; /* no -0.000 */
    if (decimals >= 0)
        nd_text_add(&text, "%.*f", decimals, x);
    else if (x == floor(x) && fabs(x) < 1e6)
        nd_text_add(&text, "%.0f", x);
    else
        nd_text_add(&text, "%.4g", x);
    const char *s = nd_text_str(&text), *e = strchr(s, 'e');
    const bool math = e || *s == '-';
    nd_text_add(out, math ? "$" : "");
    nd_text_bytes(out, s, e ? (size_t)(e - s) : strlen(s));
    if (e) nd_text_add(out, "\\times10^{%ld}", strtol(e + 1, NULL, 10));
    nd_text_add(out, math ? "$" : "");
    out->failed |= text.failed;
    nd_text_free(&text);
}

/* ---- columns ---- */

static bool ends_with(const char *s, const char *end)
{
    const size_t n = strlen(s), m = strlen(end);
    return n >= m && !strcmp(s + n - m, end);
}

/* Of a map, a paper wants the drawn variable and what is behind it; of a list, all of it. */
static bool wanted(const nd_cube *c, const nd_map_options *o, const nd_series *v)
{
    if (ends_with(v->name, "_low") || ends_with(v->name, "_high")) return false;
    if (nd_cube_var(c, "summary") &&
        (!strcmp(v->name, "tolerated") || !strcmp(v->name, "largest")))
        return false; /* both are in the summary */
    if (c->n_axes && !strcmp(c->axes[0].name, "row")) return true;
    if (!nd_cube_var(c, o->metric)) return true;
    if (!strcmp(v->name, o->metric) || !strcmp(v->name, "n")) return true;
    if (!strncmp(v->name, "best_", 5)) return true;
    bool any = false;
    for (size_t i = 0; !strcmp(v->name, "n_failed") && i < v->n; i++)
        any |= v->x[i] > 0;
    return any;
}

/* Three digits of the largest. */
static int decimals_of(const nd_series *v)
{
    double most = 0;
    if (v->s || v->whole || v->parameter || !strncmp(v->name, "best_", 5)) return -1;
    for (size_t i = 0; i < v->n; i++)
        if (isfinite(v->x[i])) most = fmax(most, fabs(v->x[i]));
    const int decimals = most > 0 ? 2 - (int)floor(log10(most)) : 0;
    return decimals < 0 || decimals > 5 ? -1 : decimals;
}

static const nd_series *beside(const nd_cube *c, const nd_series *v, const char *suffix)
{
    nd_text name = {0};
    nd_text_add(&name, "%s%s", v->name, suffix);
    const nd_series *found = nd_cube_var(c, nd_text_str(&name));
    nd_text_free(&name);
    return found;
}

static size_t choose_columns(const nd_cube *c, const nd_map_options *o, column *out)
{
    size_t n = 0;
    for (size_t d = 0; d < c->n_axes; d++)
        if (strcmp(c->axes[d].name, "row") != 0)
            out[n++] = (column){.v = &c->axes[d], .axis = (int)d, .decimals = -1};
    for (size_t i = 0; i < c->n_coords; i++)
        if (c->coords[i].dim >= 0)
            out[n++] =
                (column){.v = &c->coords[i], .axis = c->coords[i].dim, .decimals = -1};
    for (size_t i = 0; i < c->n_vars; i++) {
        const nd_series *v = &c->vars[i];
        if (!wanted(c, o, v)) continue;
        out[n++] = (column){.v = v,
                            .low = beside(c, v, "_low"),
                            .high = beside(c, v, "_high"),
                            .axis = -1,
                            .decimals = decimals_of(v)};
    }
    return n;
}

/* ---- the table ---- */

static void add_head(nd_text *out, const column *cols, size_t n)
{
    nd_text_add(out, "\\begin{tabular}{");
    for (size_t i = 0; i < n; i++)
        nd_text_add(out, cols[i].v->s ? "l" : "r");
    nd_text_add(out, "}\n\\toprule\n");
    for (size_t i = 0; i < n; i++) {
        const nd_series *v = cols[i].v;
        nd_text_add(out, i ? " & " : "");
        add_escaped(out, v->parameter ? v->parameter : v->name);
        if (v->unit && *v->unit && strcmp(v->unit, "1") != 0) {
            nd_text_add(out, " (");
            add_escaped(out, v->unit);
            nd_text_add(out, ")");
        }
        if (cols[i].low && cols[i].high) nd_text_add(out, " [95\\,\\%%]");
    }
    nd_text_add(out, " \\\\\n\\midrule\n");
}

static void add_line(nd_text *out, const nd_cube *c, const column *cols, size_t n,
                     size_t cell)
{
    for (size_t i = 0; i < n; i++) {
        const nd_series *v = cols[i].v;
        const size_t at =
            cols[i].axis < 0 ? cell : nd_cube_position(c, cell, (size_t)cols[i].axis);
        nd_text_add(out, i ? " & " : "");
        if (v->s)
            add_escaped(out, v->s[at]);
        else
            add_number(out, v->x[at], cols[i].decimals);
        if (!cols[i].low || !cols[i].high || isnan(v->x[at])) continue;
        nd_text_add(out, " [");
        add_number(out, cols[i].low->x[at], cols[i].decimals);
        nd_text_add(out, ", ");
        add_number(out, cols[i].high->x[at], cols[i].decimals);
        nd_text_add(out, "]");
    }
    nd_text_add(out, " \\\\\n");
}

/* Where it comes from, as comments: the last line of the history is the command. */
static void add_origin(nd_text *out, const nd_cube *c)
{
    const char *history = c->history ? c->history : "", *last = strrchr(history, '\n');
    const char *const lines[] = {c->title, c->summary, last ? last + 1 : history};
    for (size_t k = 0; k < sizeof lines / sizeof *lines; k++) {
        if (!lines[k] || !*lines[k]) continue;
        nd_text_add(out, "%% ");
        for (const char *s = lines[k]; *s; s++)
            nd_text_add(out, "%c", *s == '\n' || *s == '\r' ? ' ' : *s);
        nd_text_add(out, "\n");
    }
}

nd_code nd_table_write_tex(const nd_cube *c, const nd_map_options *o, const char *path,
                           nd_err *err)
{
    column *columns = calloc(c->n_axes + c->n_coords + c->n_vars + 1, sizeof *columns);
    if (!columns) return ND_FAIL(err, ND_ENOMEM, "no memory for a table");
    const size_t n = choose_columns(c, o, columns);
    nd_text out = {0};
    add_origin(&out, c);
    nd_text_add(&out, "%% needs \\usepackage{booktabs}%s\n",
                c->n > 50 ? "; long: put it into a longtable" : "");
    add_head(&out, columns, n);
    for (size_t cell = 0; cell < c->n; cell++)
        add_line(&out, c, columns, n, cell);
    nd_text_add(&out, "\\bottomrule\n\\end{tabular}\n");
    free(columns);
    nd_code code = nd_text_check(&out, err);
    if (code == ND_OK) code = nd_file_publish(path, out.s, out.n, err);
    nd_text_free(&out);
    return code;
}
