/* tolerance.c -- how much of each imperfection is tolerated: the level up to which the median stays
 * within a margin of what it is without (or with least of) the imperfection. */
#include "derived_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A line of cells along one axis. */
typedef struct line {
    const nd_cube *map;
    const double *level; /* (n) ascending */
    size_t n, first, stride;
    size_t reference; /* level that the margin is told from */
} line;

static size_t cell_at(const line *l, size_t i)
{
    return l->first + i * l->stride;
}

static bool failed_at(const line *l, size_t i)
{
    const nd_series *n = nd_cube_var(l->map, "n"),
                    *failed = nd_cube_var(l->map, "n_failed");
    return n && failed && n->x[cell_at(l, i)] == 0 && failed->x[cell_at(l, i)] > 0;
}

/* Where v first passes the limit, linear between levels; NaN: it does not. A level at which all
 * trials failed is past the limit, one without results is passed over. */
static double crossing(const line *l, const nd_series *v, double limit)
{
    size_t last = l->reference;
    double before = v->x[cell_at(l, last)];
    if (before > limit) return l->level[last];
    for (size_t i = last + 1; i < l->n; i++) {
        const double now = v->x[cell_at(l, i)];
        if (failed_at(l, i)) return l->level[last];
        if (isnan(now)) continue;
        if (now > limit)
            return l->level[last] +
                   (limit - before) / (now - before) * (l->level[i] - l->level[last]);
        last = i;
        before = now;
    }
    return (double)NAN;
}

/* The last level with an outcome. */
static double largest(const line *l, const nd_series *v)
{
    double most = (double)NAN;
    for (size_t i = l->reference; i < l->n; i++)
        if (!isnan(v->x[cell_at(l, i)]) || failed_at(l, i)) most = l->level[i];
    return most;
}

/* ---- which axes ---- */

static const char *name_of(const nd_series *v)
{
    return v->parameter ? v->parameter : v->name;
}

static bool is_imperfection(const nd_series *v)
{
    return v->parameter &&
           (!strncmp(v->parameter, "device.", 7) || !strncmp(v->parameter, "read.", 5));
}

static bool is_scanned(const nd_cube *map, const nd_map_options *o, size_t d)
{
    const nd_series *v = &map->axes[d];
    if (v->s || v->n < 2) return false;
    size_t axis;
    if (o->x) return nd_cube_coord(map, o->x, &axis) && axis == d;
    return is_imperfection(v);
}

static nd_code none_scanned(const nd_cube *map, const nd_map_options *o, nd_err *err)
{
    nd_text all = {0};
    for (size_t d = 0; d < map->n_axes; d++)
        if (!map->axes[d].s && map->axes[d].n > 1)
            nd_text_add(&all, "%s%s", all.n ? ", " : "", name_of(&map->axes[d]));
    if (o->x)
        ND_FAIL(err, ND_EINPUT,
                "\"%.64s\" is no axis of numbers of this map; there are: %s", o->x,
                all.n ? all.s : "none");
    else
        ND_FAIL(
            err, ND_EINPUT,
            "the map has no axis of device or read with more than one level; choose one "
            "with -x: %s",
            all.n ? all.s : "there is none");
    nd_text_free(&all);
    return ND_EINPUT;
}

/* The level that --baseline names, else the smallest. */
static size_t reference_of(const nd_series *v, const nd_map_options *o)
{
    const size_t n = strlen(name_of(v));
    for (size_t k = 0; k < o->n_baseline; k++) {
        double x;
        if (strncmp(o->baseline[k], name_of(v), n) != 0 || o->baseline[k][n] != '=' ||
            !nd_parse_real(o->baseline[k] + n + 1, &x))
            continue;
        for (size_t i = 0; i < v->n; i++)
            if (fabs(v->x[i] - x) <= 1e-9 * fabs(x)) return i;
    }
    return 0;
}

/* ---- rows ---- */

typedef struct columns {
    nd_series *parameter, **at, *reference, *level, *low, *high, *largest, *says;
} columns;

static nd_code add_columns(nd_cube *c, const nd_cube *map, const nd_map_options *o,
                           columns *to, nd_err *err)
{
    nd_text about = {0};
    ND_TRY(nd_derived_add(c, "parameter", "the imperfection", NULL, true, &to->parameter,
                          err));
    for (size_t d = 0; d < map->n_axes; d++) {
        const nd_series *v = &map->axes[d];
        ND_TRY(nd_derived_add(c, v->name, v->long_name, v->unit, v->s != NULL, &to->at[d],
                              err));
        ND_TRY(nd_series_describe(&to->at[d]->parameter, v->parameter, err));
    }
    ND_TRY(nd_derived_add(c, "reference",
                          "median at the smallest level, or at the baseline", "1", false,
                          &to->reference, err));
    nd_text_add(&about,
                "level up to which the median of %s stays within %g of the reference",
                o->metric, o->tolerance);
    nd_code code = nd_text_check(&about, err);
    if (code == ND_OK)
        code = nd_derived_add(c, "tolerated", about.s, NULL, false, &to->level, err);
    nd_text_free(&about);
    ND_TRY(code);
    ND_TRY(nd_derived_add(c, "tolerated_low",
                          "the same of the upper end of the median's bootstrap interval",
                          NULL, false, &to->low, err));
    ND_TRY(nd_derived_add(c, "tolerated_high",
                          "the same of the lower end of the median's bootstrap interval",
                          NULL, false, &to->high, err));
    ND_TRY(nd_derived_add(c, "largest", "largest level with results", NULL, false,
                          &to->largest, err));
    return nd_derived_add(c, "summary", "tolerated level and its interval", NULL, true,
                          &to->says, err);
}

static void add_level(nd_text *out, double level, double most)
{
    nd_text_add(out, isnan(level) ? "> %.3g" : "%.3g", isnan(level) ? most : level);
}

static nd_code summarise(nd_series *says, size_t row, const columns *c, nd_err *err)
{
    nd_text text = {0};
    const double most = c->largest->x[row];
    if (isnan(c->reference->x[row])) {
        nd_text_add(&text, "no reference");
    } else {
        add_level(&text, c->level->x[row], most);
        if (!isnan(c->level->x[row]) || !isnan(c->low->x[row])) {
            nd_text_add(&text, " (");
            add_level(&text, c->low->x[row], most);
            nd_text_add(&text, " to ");
            add_level(&text, c->high->x[row], most);
            nd_text_add(&text, ")");
        }
    }
    nd_code code = nd_text_check(&text, err);
    if (code == ND_OK) code = nd_series_describe(&says->s[row], text.s, err);
    nd_text_free(&text);
    return code;
}

static nd_code fill_row(const line *l, const nd_series *v[3], size_t axis, double tolerance,
                        const columns *c, size_t row, nd_err *err)
{
    const double reference = v[0]->x[cell_at(l, l->reference)],
                 limit = reference + tolerance;
    ND_TRY(nd_series_describe(&c->parameter->s[row], name_of(&l->map->axes[axis]), err));
    for (size_t d = 0; d < l->map->n_axes; d++)
        if (d != axis)
            ND_TRY(nd_series_copy(c->at[d], row, &l->map->axes[d],
                                  nd_cube_position(l->map, l->first, d), err));
    c->reference->x[row] = reference;
    c->largest->x[row] = largest(l, v[0]);
    if (!isnan(reference)) {
        c->level->x[row] = crossing(l, v[0], limit);
        c->low->x[row] = crossing(l, v[2], limit);
        c->high->x[row] = crossing(l, v[1], limit);
    }
    return summarise(c->says, row, c, err);
}

static nd_code fill(const nd_cube *map, const nd_map_options *o, const columns *c,
                    nd_err *err)
{
    const char *const suffixes[3] = {"", "_low", "_high"};
    const nd_series *v[3];
    for (int k = 0; k < 3; k++) {
        nd_text name = {0};
        nd_text_add(&name, "%s%s", o->metric, suffixes[k]);
        v[k] = nd_cube_var(map, nd_text_str(&name));
        nd_text_free(&name);
        if (!v[k])
            return ND_FAIL(err, ND_EINPUT,
                           "there is no interval of %s to tell what is tolerated: take a "
                           "metric that was measured with --metric",
                           o->metric);
    }
    size_t row = 0, stride = map->n;
    for (size_t d = 0; d < map->n_axes; d++) {
        const nd_series *axis = &map->axes[d];
        stride /= axis->n;
        for (size_t cell = 0; is_scanned(map, o, d) && cell < map->n; cell++) {
            if (nd_cube_position(map, cell, d) != 0) continue;
            const line l = {.map = map,
                            .level = axis->x,
                            .n = axis->n,
                            .first = cell,
                            .stride = stride,
                            .reference = reference_of(axis, o)};
            ND_TRY(fill_row(&l, v, d, o->tolerance, c, row++, err));
        }
    }
    return ND_OK;
}

nd_code nd_map_tolerance(const nd_cube *map, const nd_map_options *o, nd_cube **out,
                         nd_err *err)
{
    size_t rows = 0;
    *out = NULL;
    for (size_t d = 0; d < map->n_axes; d++)
        rows += is_scanned(map, o, d) ? map->n / map->axes[d].n : 0;
    if (!rows) return none_scanned(map, o, err);
    columns c = {.at = calloc(map->n_axes + 1, sizeof *c.at)};
    nd_code code = c.at
                       ? nd_derived_rows(out, "row", false, rows, map->n_axes + 8, map, err)
                       : ND_FAIL(err, ND_ENOMEM, "no memory for a table");
    for (size_t i = 0; code == ND_OK && i < rows; i++)
        (*out)->axes[0].x[i] = (double)(i + 1);
    if (code == ND_OK) (*out)->axes[0].whole = true;
    if (code == ND_OK) code = add_columns(*out, map, o, &c, err);
    if (code == ND_OK) code = fill(map, o, &c, err);
    free(c.at);
    if (code == ND_OK) return ND_OK;
    nd_cube_free(*out);
    *out = NULL;
    return code;
}
