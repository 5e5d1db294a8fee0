/* figure_contour.c -- iso-lines of a heat map, and where their labels stand. */
#include "drawing_impl.h"
#include "nudge/contour.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PRINTED_MAX = 1000 }; /* cells: more would not be readable */

/* ---- levels ---- */

/* Half way between the ends of the range, rounded to two digits where that stays inside. */
static double half_way(const nd_drawing *f)
{
    const double middle = f->logarithmic ? sqrt(f->lo * f->hi) : 0.5 * (f->lo + f->hi);
    char text[32];
    nd_text rounded = {0};
    nd_text_add(&rounded, "%.1e", middle);
    nd_copy(text, sizeof text, nd_text_str(&rounded));
    nd_text_free(&rounded);
    const double level = strtod(text, NULL);
    return level > f->lo && level < f->hi ? level : middle;
}

nd_code nd_figure_levels(const char *list, double level[ND_LEVELS_MAX], size_t *n,
                         nd_err *err)
{
    for (const char *at = list;; at++) {
        char word[64];
        const size_t length = strcspn(at, ",");
        nd_copy(word, length + 1 < sizeof word ? length + 1 : sizeof word, at);
        if (*n == ND_LEVELS_MAX)
            return ND_FAIL(err, ND_EUSAGE, "--contour takes at most %d levels",
                           ND_LEVELS_MAX);
        if (length >= sizeof word || !nd_parse_real(word, &level[(*n)++]))
            return ND_FAIL(
                err, ND_EUSAGE,
                "--contour takes levels such as 0.05,0.1: \"%.64s\" is no number", word);
        at += length;
        if (!*at) return ND_OK;
    }
}

/* What was asked for ("none": nothing), else what a refinement followed, else half way; but not
 * between the few settings that were tried, nor between names, which have no order. */
nd_code nd_drawing_levels(const nd_drawing *f, double level[ND_LEVELS_MAX], size_t *n,
                          nd_err *err)
{
    *n = 0;
    const nd_series *names = f->x.v && f->x.v->s   ? f->x.v
                             : f->y.v && f->y.v->s ? f->y.v
                                                   : NULL;
    const char *followed = f->map->contour ? f->map->contour : "";
    const size_t name = strcspn(followed, " ");
    if (f->o->contour && !strcmp(f->o->contour, "none")) return ND_OK;
    if (f->o->contour && names)
        return ND_FAIL(
            err, ND_EINPUT,
            "%s is made of names: no line passes between them; leave --contour out",
            nd_figure_name(names));
    if (f->o->contour) return nd_figure_levels(f->o->contour, level, n, err);
    if (names) return ND_OK;
    if (strlen(f->o->metric) == name && !strncmp(followed, f->o->metric, name))
        for (const char *at = followed + name; *n < ND_LEVELS_MAX; (*n)++) {
            char *end;
            level[*n] = strtod(at, &end);
            if (end == at) break;
            at = end;
        }
    if (*n) return ND_OK;
    if (f->ratio || f->centred)
        level[(*n)++] = f->ratio ? 1 : 0;
    else if (!f->logarithmic && !nd_drawing_of_settings(f))
        level[(*n)++] = half_way(f);
    return ND_OK;
}

/* ---- labels ---- */

/* How far a place is from the nearest printed value or border, in parts of the panel. */
static double clearance(const nd_drawing *f, double x, double y)
{
    const double wide = f->x.edge[f->x.n] - f->x.edge[0],
                 high = f->y.edge[f->y.n] - f->y.edge[0];
    double least = fmin(x - f->x.edge[0], f->x.edge[f->x.n] - x) / wide;
    least = fmin(least, fmin(y - f->y.edge[0], f->y.edge[f->y.n] - y) / high);
    if (f->x.n * f->y.n > PRINTED_MAX) return least; /* too small for values */
    for (size_t i = 0; i < f->x.n; i++)
        for (size_t j = 0; j < f->y.n; j++)
            least = fmin(least, hypot((x - f->x.at[i]) / wide,
                                      (y - nd_drawing_print_at(f, j)) / high));
    return least;
}

static void print_level(nd_text *out, double level)
{
    const bool whole = level == floor(level) && fabs(level) < 1e6;
    nd_text_add(out, whole ? "%.0f" : "%.4g", level);
}

/* On the longest line of a level, where it is clearest of printed values and borders. */
static void add_level(nd_text *out, const nd_drawing *f, const nd_contour *c, double level)
{
    size_t longest = 0, most = 0;
    for (size_t i = 0, run = 0; i < c->n; i++) {
        run = i && c->line[i] == c->line[i - 1] ? run + 1 : 1;
        if (run <= most) continue;
        most = run;
        longest = c->line[i];
    }
    double clearest = -HUGE_VAL, x = 0, y = 0;
    for (size_t i = 1; i < c->n; i++) {
        if (c->line[i] != longest || c->line[i - 1] != longest) continue;
        for (int quarter = 1; quarter < 4; quarter++) {
            const double part = 0.25 * quarter;
            const double px = c->x[i - 1] + part * (c->x[i] - c->x[i - 1]);
            const double py = c->y[i - 1] + part * (c->y[i] - c->y[i - 1]);
            const double clear = clearance(f, px, py);
            if (clear <= clearest) continue;
            clearest = clear;
            x = px;
            y = py;
        }
    }
    nd_text_add(out, "%.9g %.9g \"", x, y);
    print_level(out, level);
    nd_text_add(out, "\"\n");
}

/* ---- lines ---- */

static void add_lines(nd_text *out, const nd_contour *c)
{
    for (size_t i = 0; i < c->n; i++) {
        if (i && c->line[i] != c->line[i - 1]) nd_text_add(out, "\n");
        nd_text_add(out, "%.9g %.9g\n", c->x[i], c->y[i]);
    }
    nd_text_add(out, c->n ? "\n" : "");
}

static nd_code add_panel(nd_drawing *f, size_t panel, const double *level, size_t n,
                         bool passes[ND_LEVELS_MAX], nd_text *labels, nd_err *err)
{
    const size_t cells = f->x.n * f->y.n;
    double *z = malloc(cells * sizeof *z);
    if (!z) return ND_FAIL(err, ND_ENOMEM, "no memory for contours");
    nd_drawing_grid(f, panel, z);
    nd_code code = ND_OK;
    nd_text_add(&f->script, "NaN NaN\n\n");
    for (size_t k = 0; k < n && code == ND_OK; k++) {
        nd_contour c;
        code = nd_contour_trace(f->x.at, f->x.n, f->y.at, f->y.n, z, level[k], &c, err);
        if (code == ND_OK && c.n) {
            passes[k] = true;
            add_lines(&f->script, &c);
            add_level(labels, f, &c, level[k]);
        }
        nd_contour_free(&c);
    }
    free(z);
    return code;
}

/* "test_error = 0.1, 0.2"; of those that were asked for and pass nowhere it says so.
 * Returns its length. */
static size_t add_key(nd_drawing *f, const double *level, const bool *passes, size_t n)
{
    nd_text key = {0};
    size_t drawn = 0, missed = 0;
    for (size_t k = 0; k < n; k++) {
        if (!passes[k]) continue;
        nd_text_add(&key, "%s%s", drawn ? "" : f->value->name, drawn ? ", " : " = ");
        print_level(&key, level[k]);
        drawn++;
    }
    for (size_t k = 0; k < n && f->o->contour; k++) {
        if (passes[k]) continue;
        nd_text_add(&key, "%s", missed ? ", " : drawn ? " (nowhere " : "nowhere ");
        print_level(&key, level[k]);
        missed++;
    }
    nd_text_add(&key, missed && drawn ? ")" : "");
    nd_text_add(&f->script, "nd_contour = %d\n", drawn > 0);
    nd_figure_text(&f->script, "nd_key_contour", nd_text_str(&key), 0);
    f->script.failed |= key.failed;
    const size_t letters = key.n;
    nd_text_free(&key);
    return letters;
}

nd_code nd_drawing_contours(nd_drawing *f, size_t *letters, nd_err *err)
{
    double level[ND_LEVELS_MAX];
    bool passes[ND_LEVELS_MAX] = {false};
    size_t n;
    *letters = 0;
    ND_TRY(nd_drawing_levels(f, level, &n, err));
    nd_text labels = {0};
    nd_code code = ND_OK;
    nd_text_add(&f->script, "$line << EOD\n");
    for (size_t panel = 0; panel < f->panel.n && code == ND_OK; panel++) {
        nd_text_add(&labels, "%sNaN NaN \"\"\n", panel ? "\n\n" : "");
        nd_text_add(&f->script, panel ? "\n" : "");
        code = add_panel(f, panel, level, n, passes, &labels, err);
    }
    nd_text_add(&f->script, "EOD\n$level << EOD\n%sEOD\n", nd_text_str(&labels));
    f->script.failed |= labels.failed;
    nd_text_free(&labels);
    if (code == ND_OK) *letters = add_key(f, level, passes, n);
    return code;
}
