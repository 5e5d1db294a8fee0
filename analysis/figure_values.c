/* figure_values.c -- the drawn variable, and what a cell is where it has no value. */
#include "drawing_impl.h"

#include <assert.h>
#include <math.h>
#include <string.h>

size_t nd_drawing_cell(const nd_drawing *f, size_t i, size_t j, size_t panel)
{
    const struct {
        const nd_side *side;
        size_t at;
    } places[] = {{&f->x, i}, {&f->y, j}, {&f->panel, panel}};
    size_t cell = 0;
    for (size_t d = 0; d < f->map->n_axes; d++) {
        size_t at = 0;
        for (size_t k = 0; k < 3; k++)
            if (places[k].side->v && places[k].side->axis == d) at = places[k].at;
        cell = cell * f->map->axes[d].n + at;
    }
    return cell;
}

void nd_drawing_grid(const nd_drawing *f, size_t panel, double *z)
{
    for (size_t i = 0; i < f->x.n; i++)
        for (size_t j = 0; j < f->y.n; j++)
            z[i * f->y.n + j] = f->value->x[nd_drawing_cell(f, i, j, panel)];
}

nd_cell_kind nd_drawing_kind(const nd_drawing *f, size_t cell)
{
    if (!isnan(f->value->x[cell])) return ND_CELL_MEASURED;
    if (!f->n) return ND_CELL_MISSING;
    if (f->n->x[cell] > 0) return ND_CELL_BLANK;
    if (f->n_failed->x[cell] > 0) return ND_CELL_FAILED;
    return f->n_pending->x[cell] == 0 && f->n_unsampled->x[cell] > 0 ? ND_CELL_UNSAMPLED
                                                                     : ND_CELL_MISSING;
}

const char *nd_drawing_word(const nd_drawing *f)
{
    return nd_metric_find(f->value->name) >= 0 ? "median " : "";
}

bool nd_drawing_of_settings(const nd_drawing *f)
{
    return f->value->parameter || !strncmp(f->value->name, "best_", 5);
}

static const nd_series *statistic(const nd_drawing *f, const char *suffix)
{
    nd_text name = {0};
    nd_text_add(&name, "%s%s", f->o->metric, suffix);
    const nd_series *v = nd_cube_var(f->map, nd_text_str(&name));
    nd_text_free(&name);
    return v;
}

static bool ends_with(const char *s, const char *end)
{
    const size_t n = strlen(s), m = strlen(end);
    return n >= m && !strcmp(s + n - m, end);
}

/* Few different values of even ratio, such as the settings that were tuned. */
static bool of_even_ratio(const nd_drawing *f)
{
    double seen[16];
    size_t n = 0;
    assert(f->value);
    if (!(f->lo > 0)) return false;
    for (size_t i = 0; i < f->map->n; i++) {
        const double x = f->value->x[i];
        size_t k = 0;
        while (k < n && seen[k] < x)
            k++;
        if (isnan(x) || (k < n && seen[k] == x)) continue;
        if (n == sizeof seen / sizeof *seen) return false;
        memmove(seen + k + 1, seen + k, (n - k) * sizeof *seen);
        seen[k] = x;
        n++;
    }
    double least = HUGE_VAL, most = 0;
    for (size_t k = 1; k < n; k++) {
        least = fmin(least, log(seen[k] / seen[k - 1]));
        most = fmax(most, log(seen[k] / seen[k - 1]));
    }
    /* steps of a linear scale are of no even ratio once there are some */
    return n > 2 && f->hi >= 3 * f->lo && most < 1.75 * least;
}

static nd_code no_variable(const nd_drawing *f, nd_err *err)
{
    nd_nearest near = nd_nearest_to(f->o->metric);
    for (size_t i = 0; i < f->map->n_vars; i++)
        if (f->map->vars[i].x) nd_nearest_try(&near, f->map->vars[i].name);
    return ND_FAIL(err, ND_EINPUT, "the map has no variable \"%.64s\"%s%s%s", f->o->metric,
                   near.best ? "; did you mean \"" : "", near.best ? near.best : "",
                   near.best ? "\"?" : "");
}

nd_code nd_drawing_values(nd_drawing *f, nd_err *err)
{
    const char *name = f->o->metric;
    f->value = nd_cube_var(f->map, name);
    if (!f->value && nd_metric_find(name) < 0) return no_variable(f, err);
    if (f->value && f->value->s)
        return ND_FAIL(err, ND_EINPUT, "%s is made of texts, and a figure shows numbers",
                       name);
    f->spread = (nd_quartiles){statistic(f, "_q1"), statistic(f, "_q3"),
                               statistic(f, "_low"), statistic(f, "_high")};
    f->n = nd_cube_var(f->map, "n");
    f->n_failed = nd_cube_var(f->map, "n_failed");
    f->n_pending = nd_cube_var(f->map, "n_pending");
    f->n_unsampled = nd_cube_var(f->map, "n_unsampled");
    if (!f->n_failed || !f->n_pending || !f->n_unsampled) f->n = NULL;
    f->lo = HUGE_VAL;
    f->hi = -HUGE_VAL;
    for (size_t i = 0; f->value && i < f->map->n; i++) {
        if (!isfinite(f->value->x[i])) continue;
        f->lo = fmin(f->lo, f->value->x[i]);
        f->hi = fmax(f->hi, f->value->x[i]);
    }
    if (!(f->lo <= f->hi))
        return ND_FAIL(err, ND_EINPUT,
                       "no finished trial has a %s yet: there is nothing to draw", name);
    f->ratio = ends_with(name, "_ratio");
    f->centred = ends_with(name, "_degradation");
    f->logarithmic = f->ratio || of_even_ratio(f);
    return ND_OK;
}
