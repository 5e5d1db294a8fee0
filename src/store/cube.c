/* cube.c -- labelled cubes as NetCDF-4, by CF-1.8 and ACDD-1.3, and as CSV.
 *
 * A coordinate variable shares its dimension's name and rises along it; further coordinates,
 * names (CF 6.1) and single values (5.7) are listed in the attribute `coordinates`. CF-1.8 knows
 * no integers of 64 bits: whole numbers are int, or double where they are too large. Statistics
 * over replicates have cell_methods over `realization`, CF's name for them. */
#include "nudge/cube.h"

#include "nc_impl.h"
#include "nudge/build.h"
#include "nudge/clock.h"
#include "nudge/file.h"
#include "nudge/params.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

nd_code nd_cube_new(nd_cube **out, size_t axes, size_t coords, size_t vars, nd_err *err)
{
    nd_cube *c = *out = calloc(1, sizeof *c);
    if (c) {
        c->n = 1;
        c->axes = calloc(axes + 1, sizeof *c->axes);
        c->coords = calloc(coords + 1, sizeof *c->coords);
        c->vars = calloc(vars + 1, sizeof *c->vars);
    }
    if (c && c->axes && c->coords && c->vars) return ND_OK;
    nd_cube_free(c);
    *out = NULL;
    return ND_FAIL(err, ND_ENOMEM, "no memory for a cube");
}

static void free_all(nd_series *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        nd_series_free(&v[i]);
    free(v);
}

void nd_cube_free(nd_cube *c)
{
    if (!c) return;
    free_all(c->axes, c->n_axes);
    free_all(c->coords, c->n_coords);
    free_all(c->vars, c->n_vars);
    free(c->title);
    free(c->summary);
    free(c->history);
    free(c->source);
    free(c->spec);
    free(c->contour);
    free(c->license);
    free(c->id);
    free(c);
}

static const nd_series *find(const nd_series *v, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(v[i].name, name) || (v[i].parameter && !strcmp(v[i].parameter, name)))
            return &v[i];
    return NULL;
}

const nd_series *nd_cube_var(const nd_cube *c, const char *name)
{
    return find(c->vars, c->n_vars, name);
}

const nd_series *nd_cube_coord(const nd_cube *c, const char *name, size_t *axis)
{
    const nd_series *v = find(c->axes, c->n_axes, name);
    if (v) {
        *axis = (size_t)(v - c->axes);
        return v;
    }
    v = find(c->coords, c->n_coords, name);
    if (!v || v->dim < 0) return NULL;
    *axis = (size_t)v->dim;
    return v;
}

size_t nd_cube_position(const nd_cube *c, size_t cell, size_t axis)
{
    for (size_t d = c->n_axes; d-- > axis + 1;)
        cell /= c->axes[d].n;
    return cell % c->axes[axis].n;
}

/* ---- NetCDF ---- */

typedef struct writer {
    nd_nc file;
    int dims[NC_MAX_VAR_DIMS];
    size_t sizes[NC_MAX_VAR_DIMS];
} writer;

static nc_type type_of(const nd_series *v)
{
    if (v->s) return NC_STRING;
    for (size_t i = 0; v->whole && i < v->n; i++)
        if (!(fabs(v->x[i]) <= INT_MAX)) return NC_DOUBLE;
    return v->whole ? NC_INT : NC_DOUBLE;
}

static int define(writer *w, const nd_series *v, int first, int n_dims, const char *content)
{
    nd_nc *f = &w->file;
    const nc_type type = type_of(v);
    const int var = nd_nc_var(f, v->name, type, n_dims, w->dims + first, w->sizes + first);
    const nd_param *param = v->parameter ? nd_param_find(v->parameter) : NULL;
    nd_nc_text(f, var, "long_name", v->long_name);
    nd_nc_text(f, var, "parameter", v->parameter);
    if (param && strcmp(param->source, "-") != 0)
        nd_nc_text(f, var, "references", param->source);
    nd_nc_text(f, var, "cell_methods", v->cell_methods);
    nd_nc_text(f, var, "ancillary_variables", v->ancillary);
    nd_nc_text(f, var, "coverage_content_type", content);
    if (!v->s) nd_nc_unit(f, var, v->unit && *v->unit ? v->unit : "1");
    return var;
}

static void write_coordinates(writer *w, const nd_cube *c)
{
    for (size_t i = 0; i < c->n_axes; i++)
        nd_nc_put_all(&w->file, define(w, &c->axes[i], (int)i, 1, "coordinate"),
                      &c->axes[i]);
    for (size_t i = 0; i < c->n_coords; i++) {
        const nd_series *v = &c->coords[i];
        const bool fixed = v->dim < 0;
        nd_nc_put_all(&w->file,
                      define(w, v, fixed ? 0 : v->dim, fixed ? 0 : 1, "coordinate"), v);
    }
}

/* Does another variable name it as one that qualifies its values? */
static bool is_ancillary(const nd_cube *c, const char *name)
{
    const size_t n = strlen(name);
    for (size_t i = 0; i < c->n_vars; i++)
        for (const char *s = c->vars[i].ancillary; s && (s = strstr(s, name)); s += n)
            if ((s == c->vars[i].ancillary || s[-1] == ' ') && (!s[n] || s[n] == ' '))
                return true;
    return false;
}

/* Names along an axis are no coordinate variable to CF, but a label, to be listed. */
static void list_coordinates(const nd_cube *c, nd_text *out)
{
    for (size_t i = 0; i < c->n_axes; i++)
        if (c->axes[i].s) nd_text_add(out, "%s%s", out->n ? " " : "", c->axes[i].name);
    for (size_t i = 0; i < c->n_coords; i++)
        nd_text_add(out, "%s%s", out->n ? " " : "", c->coords[i].name);
}

static nd_code write_vars(writer *w, const nd_cube *c, nd_err *err)
{
    nd_text coordinates = {0};
    list_coordinates(c, &coordinates);
    for (size_t i = 0; i < c->n_vars; i++) {
        const nd_series *v = &c->vars[i];
        const int var =
            define(w, v, 0, (int)c->n_axes,
                   is_ancillary(c, v->name) ? "qualityInformation" : "modelResult");
        if (type_of(v) == NC_DOUBLE) nd_nc_fill_nan(&w->file, var, NC_DOUBLE);
        nd_nc_text(&w->file, var, "coordinates", nd_text_str(&coordinates));
        nd_nc_put_all(&w->file, var, v);
    }
    const nd_code code = nd_text_check(&coordinates, err);
    nd_text_free(&coordinates);
    return code;
}

static const char *or_else(const char *text, const char *fallback)
{
    return text && *text ? text : fallback;
}

static void write_globals(nd_nc *f, const nd_cube *c)
{
    char now[24];
    nd_utc(now, sizeof now);
    const struct {
        const char *name, *text;
    } globals[] = {
        {"Conventions", "CF-1.8, ACDD-1.3"},
        {"title", or_else(c->title, "map of a campaign")},
        {"summary",
         or_else(c->summary, "What the cells of a campaign give, over replicates.")},
        {"keywords", "neural networks, energy-based learning, memristors, parameter sweep"},
        {"id", c->id},
        {"project", c->title},
        {"date_created", now},
        {"date_modified", now},
        {"history", c->history},
        {"source", c->source},
        {"processing_level",
         "statistics over replicates, at the best tuned setting of each cell"},
        {"comment",
         "Missing values are NaN. Statistics are over the trials that finished: n in "
         "each cell; n_failed others failed."},
        {"license", or_else(c->license, "not stated")},
        {"product_version", nd_version},
        {"standard_name_vocabulary", "CF Standard Name Table v79"},
        {"nudge_version", nd_version},
        {"nudge_kind", "map"},
        {"nudge_spec", c->spec},
        {"nudge_contour", c->contour},
    };
    for (size_t i = 0; i < sizeof globals / sizeof *globals; i++)
        nd_nc_text(f, NC_GLOBAL, globals[i].name, globals[i].text);
}

nd_code nd_cube_write_nc(const nd_cube *c, const char *path, nd_err *err)
{
    if (c->n_axes > NC_MAX_VAR_DIMS)
        return ND_FAIL(err, ND_EINPUT, "%s: %zu axes are more than NetCDF holds", path,
                       c->n_axes);
    nd_text temporary = {0};
    nd_text_add(&temporary, "%s.tmp.%ld", path, (long)getpid());
    nd_code code = nd_text_check(&temporary, err);
    if (code != ND_OK) return code;
    writer w;
    nd_nc_create(&w.file, temporary.s);
    write_globals(&w.file, c);
    for (size_t i = 0; i < c->n_axes; i++) {
        w.sizes[i] = c->axes[i].n;
        w.dims[i] = nd_nc_dim(&w.file, c->axes[i].name, c->axes[i].n);
    }
    write_coordinates(&w, c);
    code = write_vars(&w, c, err);
    const nd_code closed = nd_nc_close(&w.file, code == ND_OK ? err : NULL);
    if (code == ND_OK) code = closed;
    if (code == ND_OK) code = nd_file_publish_as(temporary.s, path, err);
    if (code != ND_OK) {
        unlink(temporary.s);
        nd_err_while(err, "while writing %s", path);
    }
    nd_text_free(&temporary);
    return code;
}

/* ---- CSV ---- */

static void add_field(nd_text *out, const char *s, bool first)
{
    if (!first) nd_text_add(out, ",");
    if (!strpbrk(s, ",\"\r\n")) {
        nd_text_add(out, "%s", s);
        return;
    }
    nd_text_add(out, "\"");
    for (; *s; s++)
        nd_text_add(out, *s == '"' ? "\"\"" : "%c", *s);
    nd_text_add(out, "\"");
}

static void add_value(nd_text *out, const nd_series *v, size_t i, bool first)
{
    nd_text value = {0};
    nd_series_print(v, i, &value);
    add_field(out, nd_text_str(&value), first);
    out->failed |= value.failed;
    nd_text_free(&value);
}

static void add_line(nd_text *out, const nd_cube *c, size_t cell)
{
    bool first = true;
    for (size_t d = 0; d < c->n_axes; d++, first = false)
        add_value(out, &c->axes[d], nd_cube_position(c, cell, d), first);
    for (size_t i = 0; i < c->n_coords; i++, first = false) {
        const nd_series *v = &c->coords[i];
        add_value(out, v, v->dim < 0 ? 0 : nd_cube_position(c, cell, (size_t)v->dim),
                  first);
    }
    for (size_t i = 0; i < c->n_vars; i++, first = false)
        add_value(out, &c->vars[i], cell, first);
    nd_text_add(out, "\n");
}

nd_code nd_cube_write_csv(const nd_cube *c, const char *path, nd_err *err)
{
    const struct {
        const nd_series *v;
        size_t n;
    } parts[] = {{c->axes, c->n_axes}, {c->coords, c->n_coords}, {c->vars, c->n_vars}};
    nd_text out = {0};
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++)
        for (size_t i = 0; i < parts[p].n; i++)
            add_field(&out, parts[p].v[i].name, out.n == 0);
    nd_text_add(&out, "\n");
    for (size_t cell = 0; cell < c->n; cell++)
        add_line(&out, c, cell);
    nd_code code = nd_text_check(&out, err);
    if (code == ND_OK) code = nd_file_publish(path, out.s, out.n, err);
    nd_text_free(&out);
    return code;
}
