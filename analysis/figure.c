/* figure.c -- figures of a map. A figure is a template (figures/NAME.gp), which says how it
 * looks, after a preamble made here, which says what is in it: a few variables nd_*, ticks,
 * and blocks of data. Texts are single-quoted, where gnuplot substitutes nothing.
 *
 * Cells are rectangles around their coordinates, with edges half way to the neighbours. The
 * scale is linear for even values, logarithmic for values of even ratio; values that are
 * neither, such as 0, 0.001, 0.01, and names stand side by side, labelled. */
#include "figure_impl.h"
#include "nudge/file.h"
#include "nudge/templates.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef enum scale { LINEAR, LOGARITHMIC, INDEX } scale;

enum { TICKS_MAX = 12, PRINTED_CELLS_MAX = 60 }; /* and characters of a line: */
enum { LINE = 72, LABEL_LINE = 50 };

static const struct {
    const char *ending, *terminal;
} terminals[] = {
    {"png", "pngcairo noenhanced size 1800,1440 font 'DejaVu Sans,27' linewidth 2.4"},
    {"pdf", "pdfcairo noenhanced size 16cm,12.8cm font 'DejaVu Sans,8' linewidth 1"},
    {"svg", "svg noenhanced size 900,720 dynamic font 'DejaVu Sans,15' linewidth 1.3 "
            "background rgb 'white'"},
};

/* An axis of the figure. */
typedef struct side {
    const nd_series *v;
    size_t axis; /* of the cube */
    size_t n;
    scale scale;
    double *at;   /* (n) positions                    */
    double *edge; /* (n + 1) of the cells around them */
} side;

typedef struct figure {
    const nd_cube *map;
    const nd_map_options *o;
    const nd_series *value, *n, *n_failed;
    const nd_series *n_pending, *n_unsampled;
    double lo, hi; /* of the values */
    side x, y;     /* y.v NULL: a curve */
    nd_text script;
} figure;

/* ---- texts ---- */

/* 'text', wrapped at spaces into even lines of at most about `width` (0: one line); control
 * bytes become spaces. */
static void add_quoted(nd_text *out, const char *s, size_t width)
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
    add_quoted(out, text ? text : "", width);
    nd_text_add(out, "\n");
}

/* "NaN" where there is none: nd_text_real may print "nan" or "-nan". */
static void add_real(nd_text *out, double x)
{
    if (isnan(x))
        nd_text_add(out, "NaN");
    else
        nd_text_add(out, "%.9g", x);
}

/* The value as a tick: short, without 1e+04 for 10000. */
static void add_tick(nd_text *out, const nd_series *v, size_t i)
{
    if (v->s)
        nd_text_add(out, "%s", v->s[i]);
    else if (v->x[i] == floor(v->x[i]) && fabs(v->x[i]) < 1e6)
        nd_text_add(out, "%.0f", v->x[i]);
    else
        nd_text_add(out, "%.3g", v->x[i]);
}

/* The first clause of the description, the name, and what it is counted in. */
static void add_label(nd_text *out, const char *variable, const nd_series *v,
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

static const char *name_of(const nd_series *v)
{
    return v->parameter ? v->parameter : v->name;
}

/* ---- scales ---- */

/* Largest over smallest gap between neighbours; infinite unless strictly ascending. */
static double unevenness(const double *x, size_t n)
{
    double least = HUGE_VAL, most = 0;
    for (size_t i = 1; i < n; i++) {
        least = fmin(least, x[i] - x[i - 1]);
        most = fmax(most, x[i] - x[i - 1]);
    }
    return least > 0 ? most / least : HUGE_VAL;
}

static scale choose_scale(const nd_series *v, double *scratch)
{
    if (v->s) return INDEX;
    if (v->n < 3) return v->n == 2 && v->x[0] >= v->x[1] ? INDEX : LINEAR;
    const double linear = unevenness(v->x, v->n);
    if (linear < 1.05) return LINEAR;
    if (v->x[0] > 0) {
        for (size_t i = 0; i < v->n; i++)
            scratch[i] = log10(v->x[i]);
        if (unevenness(scratch, v->n) < 1.7) return LOGARITHMIC;
    }
    return linear < 4 ? LINEAR : INDEX;
}

static nd_code make_side(side *s, const nd_series *v, size_t axis, nd_err *err)
{
    *s = (side){.v = v, .axis = axis, .n = v->n};
    s->at = malloc(v->n * sizeof *s->at);
    s->edge = malloc((v->n + 1) * sizeof *s->edge);
    if (!s->at || !s->edge) return ND_FAIL(err, ND_ENOMEM, "no memory to draw the map");
    s->scale = choose_scale(v, s->at);
    for (size_t i = 0; i < v->n; i++)
        s->at[i] = s->scale == INDEX         ? (double)i
                   : s->scale == LOGARITHMIC ? log10(v->x[i])
                                             : v->x[i];
    const size_t last = v->n - 1;
    for (size_t i = 1; i <= last; i++)
        s->edge[i] = 0.5 * (s->at[i - 1] + s->at[i]);
    const double lone = s->scale == INDEX || s->at[0] == 0 ? 0.5 : 0.5 * fabs(s->at[0]);
    s->edge[0] = last ? 2 * s->at[0] - s->edge[1] : s->at[0] - lone;
    s->edge[last + 1] = last ? 2 * s->at[last] - s->edge[last] : s->at[0] + lone;
    return ND_OK;
}

/* set xtics ('0.1' 0, ...), so many that they can be read; long ones slanted. */
static void add_ticks(nd_text *out, const char *which, const side *s)
{
    assert(s->n > 0);
    const size_t every = s->v->s ? 1 : (s->n + TICKS_MAX - 1) / TICKS_MAX;
    nd_text ticks = {0}, tick = {0};
    size_t longest = 0;
    for (size_t i = 0; i < s->n; i += every) {
        nd_text_clear(&tick);
        add_tick(&tick, s->v, i);
        if (tick.n > longest) longest = tick.n;
        nd_text_add(&ticks, "%s", i ? ", " : "");
        add_quoted(&ticks, nd_text_str(&tick), 0);
        nd_text_add(&ticks, " %.9g", s->at[i]);
    }
    const bool slanted = *which == 'x' && (longest + 2) * ((s->n + every - 1) / every) > 72;
    nd_text_add(out, "set %stics %s (%s)\n", which, slanted ? "rotate by 30 right" : "",
                nd_text_str(&ticks));
    out->failed |= ticks.failed | tick.failed;
    nd_text_free(&ticks);
    nd_text_free(&tick);
}

/* ---- what to draw ---- */

static size_t cell_of(const figure *f, size_t i, size_t j)
{
    size_t cell = 0;
    for (size_t d = 0; d < f->map->n_axes; d++) {
        const size_t at = d == f->x.axis ? i : f->y.v && d == f->y.axis ? j : 0;
        cell = cell * f->map->axes[d].n + at;
    }
    return cell;
}

static nd_code no_axis(const nd_cube *map, const char *name, nd_err *err)
{
    nd_nearest near = nd_nearest_to(name);
    nd_text all = {0};
    for (size_t i = 0; i < map->n_axes; i++) {
        const nd_series *v = &map->axes[i];
        nd_nearest_try(&near, name_of(v));
        nd_text_add(&all, "%s%s", i ? ", " : "", name_of(v));
    }
    ND_FAIL(err, ND_EINPUT, "\"%.64s\" is no axis of this map%s%s%s; its axes are: %s",
            name, near.best ? "; did you mean \"" : "", near.best ? near.best : "",
            near.best ? "\"?" : "", all.n ? all.s : "none");
    nd_text_free(&all);
    return ND_EINPUT;
}

/* The named coordinate, or without a name the first axis with more than one value. */
static nd_code choose_side(const figure *f, const char *name, const side *taken,
                           const nd_series **v, size_t *axis, nd_err *err)
{
    const nd_cube *map = f->map;
    *v = NULL;
    if (name) {
        *v = nd_cube_coord(map, name, axis);
        if (!*v) return no_axis(map, name, err);
        if (taken->v && taken->axis == *axis)
            return ND_FAIL(err, ND_EINPUT,
                           "%s and %s change together: they cannot be both x and y",
                           taken->v->name, (*v)->name);
        return ND_OK;
    }
    for (size_t d = 0; d < map->n_axes && !*v; d++)
        if (map->axes[d].n > 1 && !(taken->v && taken->axis == d)) {
            *v = &map->axes[d];
            *axis = d;
        }
    return ND_OK;
}

/* Every other axis must have come down to one value. */
static nd_code check_rest(const figure *f, nd_err *err)
{
    nd_text rest = {0};
    for (size_t d = 0; d < f->map->n_axes; d++) {
        const nd_series *v = &f->map->axes[d];
        if (v->n == 1 || d == f->x.axis || (f->y.v && d == f->y.axis)) continue;
        nd_text_add(&rest, "\n  --where %s=", name_of(v));
        for (size_t i = 0; i < v->n && i < TICKS_MAX; i++) {
            nd_text_add(&rest, i ? " | " : "");
            nd_series_print(v, i, &rest);
        }
        if (v->n > TICKS_MAX) nd_text_add(&rest, " | ...");
    }
    nd_code code = nd_text_check(&rest, err);
    if (code == ND_OK && rest.n)
        code = ND_FAIL(err, ND_EINPUT,
                       "a figure has two axes, this map has %zu; choose a value for:%s",
                       f->map->n_axes, rest.s);
    nd_text_free(&rest);
    return code;
}

static nd_code choose_sides(figure *f, nd_err *err)
{
    const nd_series *v;
    size_t axis = 0;
    side named_y = {0};
    if (f->o->y) { /* so that x does not take it */
        ND_TRY(choose_side(f, f->o->y, &named_y, &v, &axis, err));
        named_y = (side){.v = v, .axis = axis};
    }
    ND_TRY(choose_side(f, f->o->x, &named_y, &v, &axis, err));
    if (!v && named_y.v) {
        v = named_y.v;
        axis = named_y.axis;
        named_y.v = NULL;
    }
    if (!v)
        return ND_FAIL(err, ND_EINPUT,
                       "the map has no axis with more than one value to draw along; write "
                       ".csv or .nc");
    ND_TRY(make_side(&f->x, v, axis, err));
    if (named_y.v) return make_side(&f->y, named_y.v, named_y.axis, err);
    ND_TRY(choose_side(f, f->o->y, &f->x, &v, &axis, err));
    if (v) ND_TRY(make_side(&f->y, v, axis, err));
    return ND_OK;
}

static nd_code find_values(figure *f, nd_err *err)
{
    f->value = nd_cube_var(f->map, f->o->metric);
    f->n = nd_cube_var(f->map, "n");
    f->n_failed = nd_cube_var(f->map, "n_failed");
    f->n_pending = nd_cube_var(f->map, "n_pending");
    f->n_unsampled = nd_cube_var(f->map, "n_unsampled");
    if (!f->value || !f->n || !f->n_failed || !f->n_pending || !f->n_unsampled)
        return ND_FAIL(err, ND_EINPUT, "the map has no variable %s", f->o->metric);
    f->lo = HUGE_VAL;
    f->hi = -HUGE_VAL;
    for (size_t i = 0; i < f->map->n; i++) {
        f->lo = fmin(f->lo, f->value->x[i]);
        f->hi = fmax(f->hi, f->value->x[i]);
    }
    if (f->lo <= f->hi) return ND_OK;
    return ND_FAIL(err, ND_EINPUT,
                   "no finished trial has a %s yet: there is nothing to draw",
                   f->o->metric);
}

/* ---- heat map ---- */

/* Perceived lightness of viridis rises evenly: dark below, light above. */
static const char *ink(const figure *f, double value)
{
    const double part = f->hi > f->lo ? (value - f->lo) / (f->hi - f->lo) : 0;
    return part > 0.55 ? "0x000000" : "0xffffff";
}

static void add_rectangle(nd_text *out, const figure *f, size_t i, size_t j)
{
    nd_text_add(out, "%.9g %.9g %.9g %.9g %.9g %.9g", f->x.at[i], f->y.at[j], f->x.edge[i],
                f->x.edge[i + 1], f->y.edge[j], f->y.edge[j + 1]);
}

typedef enum cell_kind { MEASURED, FAILED, UNSAMPLED, MISSING, CELL_KINDS } cell_kind;

static cell_kind kind_of(const figure *f, size_t cell)
{
    if (!isnan(f->value->x[cell])) return MEASURED;
    if (f->n->x[cell] == 0 && f->n_failed->x[cell] > 0) return FAILED;
    return f->n_pending->x[cell] == 0 && f->n_unsampled->x[cell] > 0 ? UNSAMPLED : MISSING;
}

/* $measured, $failed, $unsampled and $missing: x y, the rectangle, the value; and whether any is.
 */
static void add_cells(figure *f)
{
    static const char *const names[CELL_KINDS] = {"measured", "failed", "unsampled",
                                                  "missing"};
    nd_text *out = &f->script;
    for (int kind = 0; kind < CELL_KINDS; kind++) {
        size_t n = 0;
        nd_text_add(out, "$%s << EOD\n", names[kind]);
        for (size_t i = 0; i < f->x.n; i++)
            for (size_t j = 0; j < f->y.n; j++) {
                const size_t cell = cell_of(f, i, j);
                if (kind_of(f, cell) != (cell_kind)kind) continue;
                add_rectangle(out, f, i, j);
                nd_text_add(out, " ");
                add_real(out, f->value->x[cell]);
                nd_text_add(out, "\n");
                n++;
            }
        nd_text_add(out, "EOD\nnd_%s = %zu\n", names[kind], n);
    }
}

/* $printed: x y "0.123" ink; empty when the cells are too many to be read. They stand below
 * the centre, where the contour passes least. */
static void add_printed(figure *f)
{
    nd_text *out = &f->script;
    const double most = fmax(fabs(f->lo), fabs(f->hi));
    const int digits = most > 0 ? 2 - (int)floor(log10(most)) : 0;
    const bool fixed = digits >= 0 && digits <= 5;
    const bool readable = f->x.n * f->y.n <= PRINTED_CELLS_MAX && f->x.n <= 12;
    nd_text_add(out, "$printed << EOD\n");
    for (size_t i = 0; readable && i < f->x.n; i++)
        for (size_t j = 0; j < f->y.n; j++) {
            const double value = f->value->x[cell_of(f, i, j)];
            if (isnan(value)) continue;
            nd_text_add(out, fixed ? "%.9g %.9g \"%.*f\" %s\n" : "%.9g %.9g \"%.*g\" %s\n",
                        f->x.at[i], 0.6 * f->y.at[j] + 0.4 * f->y.edge[j],
                        fixed ? digits : 3, value, ink(f, value));
        }
    nd_text_add(out, "EOD\n");
}

/* Half way between the ends of the range, rounded to two digits where that stays inside. */
static double half_way(const figure *f)
{
    const double middle = 0.5 * (f->lo + f->hi);
    char text[32];
    nd_text rounded = {0};
    nd_text_add(&rounded, "%.1e", middle);
    nd_copy(text, sizeof text, nd_text_str(&rounded));
    nd_text_free(&rounded);
    const double level = strtod(text, NULL);
    return level > f->lo && level < f->hi ? level : middle;
}

enum { LEVELS_MAX = 8 };

/* What is drawn: what was asked for, else what a refinement followed, else half way. */
static size_t contour_levels(const figure *f, double level[LEVELS_MAX])
{
    size_t n = 0;
    const char *followed = f->map->contour ? f->map->contour : "";
    const size_t name = strcspn(followed, " ");
    level[0] = f->o->contour;
    if (!isnan(f->o->contour)) return 1;
    if (strlen(f->o->metric) == name && !strncmp(followed, f->o->metric, name))
        for (const char *at = followed + name; n < LEVELS_MAX; n++) {
            char *end;
            level[n] = strtod(at, &end);
            if (end == at) break;
            at = end;
        }
    if (!n) level[n++] = half_way(f);
    return n;
}

/* The line passes where a square of four measured cells has values on both sides; between
 * names, which have no order, there is none. */
static bool contour_passes(const figure *f, double level)
{
    if (f->x.v->s || f->y.v->s) return false;
    for (size_t i = 1; i < f->x.n; i++)
        for (size_t j = 1; j < f->y.n; j++) {
            size_t below = 0, above = 0;
            for (size_t k = 0; k < 4; k++) {
                const double v = f->value->x[cell_of(f, i - k % 2, j - k / 2)];
                below += v < level;
                above += v >= level;
            }
            if (below && above && below + above == 4) return true;
        }
    return false;
}

/* $grid: lines of points along y, for the contour. */
static void add_contour(figure *f)
{
    nd_text *out = &f->script;
    double level[LEVELS_MAX];
    const size_t n = contour_levels(f, level);
    bool passes = false;
    nd_text label = {0};
    nd_text_add(out, "nd_levels = \"");
    for (size_t k = 0; k < n; k++) {
        passes |= contour_passes(f, level[k]);
        nd_text_add(out, "%s%.9g", k ? ", " : "", level[k]);
        nd_text_add(&label, "%s%s%.3g", k ? "" : f->value->name, k ? ", " : " = ",
                    level[k]);
    }
    nd_text_add(out, "\"\nnd_contour = %d\n", passes);
    nd_figure_text(out, "nd_level_text", nd_text_str(&label), 0);
    out->failed |= label.failed;
    nd_text_free(&label);
    nd_text_add(out, "$grid << EOD\n");
    for (size_t i = 0; i < f->x.n; i++) {
        for (size_t j = 0; j < f->y.n; j++) {
            nd_text_add(out, "%.9g %.9g ", f->x.at[i], f->y.at[j]);
            add_real(out, f->value->x[cell_of(f, i, j)]);
            nd_text_add(out, "\n");
        }
        nd_text_add(out, "\n");
    }
    nd_text_add(out, "EOD\n");
}

static void add_heatmap(figure *f)
{
    nd_text *out = &f->script;
    add_label(out, "nd_ylabel", f->y.v, name_of(f->y.v));
    add_ticks(out, "x", &f->x);
    add_ticks(out, "y", &f->y);
    nd_text_add(out, "set xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\n", f->x.edge[0],
                f->x.edge[f->x.n], f->y.edge[0], f->y.edge[f->y.n]);
    const double room = f->hi > f->lo ? 0 : f->hi != 0 ? 0.1 * fabs(f->hi) : 1;
    nd_text_add(out, "set cbrange [%.9g:%.9g]\n", f->lo - room, f->hi + room);
    add_cells(f);
    add_printed(f);
    add_contour(f);
}

/* ---- curve ---- */

/* $points: x, median, quartiles, interval; $failed: x of points all of whose trials failed
 */
static void add_curve(figure *f)
{
    static const char *const suffixes[] = {"", "_q1", "_q3", "_low", "_high"};
    nd_text *out = &f->script;
    add_ticks(out, "x", &f->x);
    nd_text_add(out, "set xrange [%.9g:%.9g]\n", f->x.edge[0], f->x.edge[f->x.n]);
    const nd_series *v[5];
    for (int s = 0; s < 5; s++) {
        nd_text name = {0};
        nd_text_add(&name, "%s%s", f->o->metric, suffixes[s]);
        v[s] = nd_cube_var(f->map, nd_text_str(&name));
        if (!v[s]) v[s] = f->value;
        nd_text_free(&name);
    }
    nd_text_add(out, "$points << EOD\n");
    for (size_t i = 0; i < f->x.n; i++) {
        const size_t cell = cell_of(f, i, 0);
        nd_text_add(out, "%.9g", f->x.at[i]);
        for (int s = 0; s < 5; s++) {
            nd_text_add(out, " ");
            add_real(out, v[s]->x[cell]);
        }
        nd_text_add(out, "\n");
    }
    nd_text_add(out, "EOD\n$failed << EOD\n");
    size_t failed = 0;
    for (size_t i = 0; i < f->x.n; i++)
        if (kind_of(f, cell_of(f, i, 0)) == FAILED) {
            nd_text_add(out, "%.9g\n", f->x.at[i]);
            failed++;
        }
    nd_text_add(out, "EOD\nnd_failed = %zu\n", failed);
}

/* ---- the script ---- */

const char *nd_figure_template(const char *name)
{
    for (const nd_template *t = nd_templates; t->name; t++)
        if (!strcmp(t->name, name)) return t->text;
    return "";
}

void nd_figure_begin(nd_text *script, const char *ending)
{
    for (size_t i = 0; i < sizeof terminals / sizeof *terminals; i++)
        if (!strcmp(terminals[i].ending, ending))
            nd_text_add(script, "set terminal %s\n", terminals[i].terminal);
}

nd_code nd_figure_end(nd_text *script, const char *name, const char *path, nd_err *err)
{
    nd_text image = {0};
    nd_text_add(script, "%s", nd_figure_template(name));
    ND_TRY(nd_text_check(script, err));
    nd_code code = nd_gnuplot_run(script, &image, err);
    if (code == ND_OK) code = nd_file_publish(path, image.s, image.n, err);
    nd_text_free(&image);
    return code;
}

static void add_preamble(figure *f, const char *ending)
{
    nd_text *out = &f->script;
    nd_figure_begin(out, ending);
    nd_figure_text(out, "nd_title", f->map->title, LINE);
    nd_figure_text(out, "nd_question", f->map->summary, LINE);
    add_label(out, "nd_xlabel", f->x.v, name_of(f->x.v));
    nd_text value = {0};
    nd_text_add(&value, "median %s", f->value->name);
    add_label(out, "nd_value", f->value, nd_text_str(&value));
    out->failed |= value.failed;
    nd_text_free(&value);
}

static nd_code draw(figure *f, const char *ending, const char *path, nd_err *err)
{
    ND_TRY(choose_sides(f, err));
    ND_TRY(check_rest(f, err));
    ND_TRY(find_values(f, err));
    add_preamble(f, ending);
    if (f->y.v)
        add_heatmap(f);
    else
        add_curve(f);
    return nd_figure_end(&f->script, f->y.v ? "heatmap" : "curve", path, err);
}

bool nd_figure_known(const char *ending)
{
    for (size_t i = 0; i < sizeof terminals / sizeof *terminals; i++)
        if (!strcmp(terminals[i].ending, ending)) return true;
    return false;
}

nd_code nd_figure_draw(const nd_cube *map, const nd_map_options *o, const char *ending,
                       const char *path, nd_err *err)
{
    figure f = {.map = map, .o = o};
    const nd_code code = draw(&f, ending, path, err);
    free(f.x.at);
    free(f.x.edge);
    free(f.y.at);
    free(f.y.edge);
    nd_text_free(&f.script);
    return code;
}
