/* map_ratio.c -- one value of an axis against another, cell by cell. */
#include "derived_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct pair {
    const nd_cube *map;
    size_t axis;
    size_t over, under; /* positions along it */
} pair;

/* The position of a value along a coordinate; SIZE_MAX: there is none. */
static size_t find(const nd_series *v, const char *text, size_t length)
{
    char word[128];
    double x;
    if (length >= sizeof word) return SIZE_MAX;
    nd_copy(word, length + 1, text);
    const bool number = !v->s && nd_parse_real(word, &x);
    for (size_t i = 0; i < v->n; i++)
        if (v->s ? !strcmp(v->s[i], word)
                 : number && fabs(v->x[i] - x) <= 1e-9 * fmax(fabs(x), fabs(v->x[i])))
            return i;
    return SIZE_MAX;
}

static nd_code no_values(const nd_series *v, const char *wanted, nd_err *err)
{
    nd_text all = {0};
    for (size_t i = 0; i < v->n && i < 12; i++) {
        nd_text_add(&all, i ? ", " : "");
        nd_series_print(v, i, &all);
    }
    ND_FAIL(err, ND_EINPUT, "--ratio: \"%.64s\" is not two of the values of %s: %s", wanted,
            v->parameter ? v->parameter : v->name, nd_text_str(&all));
    nd_text_free(&all);
    return ND_EINPUT;
}

/* "program.scheme=rprop/cst"; a value may have a stroke in it. */
static nd_code parse(pair *p, const char *ratio, nd_err *err)
{
    const char *equals = strchr(ratio, '=');
    char name[128] = "";
    if (equals && (size_t)(equals - ratio) < sizeof name)
        nd_copy(name, (size_t)(equals - ratio) + 1, ratio);
    if (!*name || !strchr(equals, '/'))
        return ND_FAIL(err, ND_EUSAGE,
                       "--ratio takes parameter=value/value, such as "
                       "program.scheme=rprop/cst, not \"%.64s\"",
                       ratio);
    const nd_series *v = nd_cube_coord(p->map, name, &p->axis);
    if (!v) {
        nd_nearest near = nd_nearest_to(name);
        for (size_t i = 0; i < p->map->n_axes; i++)
            nd_nearest_try(&near, p->map->axes[i].parameter ? p->map->axes[i].parameter
                                                            : p->map->axes[i].name);
        return ND_FAIL(err, ND_EINPUT, "--ratio: \"%.64s\" is no axis of this map%s%s%s",
                       name, near.best ? "; did you mean \"" : "",
                       near.best ? near.best : "", near.best ? "\"?" : "");
    }
    for (const char *at = strchr(equals, '/'); at; at = strchr(at + 1, '/')) {
        p->over = find(v, equals + 1, (size_t)(at - equals - 1));
        p->under = find(v, at + 1, strlen(at + 1));
        if (p->over != SIZE_MAX && p->under != SIZE_MAX && p->over != p->under)
            return ND_OK;
    }
    return no_values(v, equals + 1, err);
}

/* The cell of the map that a cell of the ratio stands for, at a position along the lost axis. */
static size_t cell_of(const pair *p, size_t cell, size_t at)
{
    size_t inner = 1;
    for (size_t d = p->axis + 1; d < p->map->n_axes; d++)
        inner *= p->map->axes[d].n;
    return (cell / inner * p->map->axes[p->axis].n + at) * inner + cell % inner;
}

/* NAME + over over NAME + under: a variable for every cell; left NaN where either is missing. */
static nd_code add_ratio(const pair *p, nd_cube *c, const char *metric, const char *suffix,
                         const char *over, const char *under, const char *what, nd_err *err)
{
    nd_text name = {0}, upper = {0}, lower = {0}, about = {0};
    const nd_series *axis = &p->map->axes[p->axis];
    nd_text_add(&name, "%s_ratio%s", metric, suffix);
    nd_text_add(&upper, "%s%s", metric, over);
    nd_text_add(&lower, "%s%s", metric, under);
    nd_text_add(&about, "%s ", axis->parameter ? axis->parameter : axis->name);
    nd_series_print(axis, p->over, &about);
    nd_text_add(&about, " over ");
    nd_series_print(axis, p->under, &about);
    nd_text_add(&about, "%s", what);
    const nd_series *a = nd_cube_var(p->map, nd_text_str(&upper));
    const nd_series *b = nd_cube_var(p->map, nd_text_str(&lower));
    nd_series *v = NULL;
    nd_code code = nd_text_check(&about, err);
    if (code == ND_OK && a && b && a->x && b->x)
        code = nd_derived_add(c, nd_text_str(&name), about.s, "1", false, &v, err);
    for (size_t i = 0; code == ND_OK && v && i < c->n; i++) {
        const double ratio = a->x[cell_of(p, i, p->over)] / b->x[cell_of(p, i, p->under)];
        if (isfinite(ratio)) v->x[i] = ratio;
    }
    nd_text_free(&name);
    nd_text_free(&upper);
    nd_text_free(&lower);
    nd_text_free(&about);
    return code;
}

/* Trials behind both: of the finished ones the smaller number, of the others the sum. */
static nd_code add_counts(const pair *p, nd_cube *c, nd_err *err)
{
    static const char *const names[] = {"n", "n_failed", "n_pending", "n_unsampled"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        const nd_series *of = nd_cube_var(p->map, names[k]);
        nd_series *v;
        if (!of) continue;
        ND_TRY(nd_derived_add(c, names[k], of->long_name, "1", false, &v, err));
        v->whole = true;
        for (size_t i = 0; i < c->n; i++) {
            const double a = of->x[cell_of(p, i, p->over)];
            const double b = of->x[cell_of(p, i, p->under)];
            v->x[i] = k ? a + b : fmin(a, b);
        }
    }
    return ND_OK;
}

static nd_code fill(const pair *p, nd_cube *c, const char *metric, nd_err *err)
{
    const struct {
        const char *suffix, *over, *under, *what;
    } parts[] = {
        {"", "", "", nd_metric_find(metric) < 0 ? ": ratio" : ": ratio of medians"},
        {"_low", "_low", "_high", ": least that the bootstrap intervals allow"},
        {"_high", "_high", "_low", ": most that the bootstrap intervals allow"}};
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
        ND_TRY(add_ratio(p, c, metric, parts[k].suffix, parts[k].over, parts[k].under,
                         parts[k].what, err));
    return add_counts(p, c, err);
}

nd_code nd_map_ratio(const nd_cube *map, const nd_map_options *o, nd_cube **out,
                     nd_err *err)
{
    pair p = {.map = map};
    *out = NULL;
    ND_TRY(parse(&p, o->ratio, err));
    ND_TRY(nd_derived_without(out, p.axis, 8, map, err));
    const nd_code code = fill(&p, *out, o->metric, err);
    if (code == ND_OK) return ND_OK;
    nd_cube_free(*out);
    *out = NULL;
    return code;
}
