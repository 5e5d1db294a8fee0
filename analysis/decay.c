/* decay.c -- the data for figures/decay.gp. */
#include "nudge/decay.h"

#include "figure_impl.h"

#include <math.h>
#include <string.h>

enum { LINE = 72 }; /* characters */

static const char *ending_of(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot && !strchr(dot, '/') ? dot + 1 : "";
}

nd_code nd_decay_check(const char *path, nd_err *err)
{
    if (nd_figure_known(ending_of(path))) return ND_OK;
    return ND_FAIL(err, ND_EUSAGE,
                   "cannot tell the kind of file from \"%s\"; it must end in .svg, .pdf or "
                   ".png",
                   path);
}

static void add(nd_text *out, double x)
{
    nd_text_add(out, isfinite(x) && x > 0 ? " %.9g" : " NaN", x);
}

/* Block of a line in $decay: k, value, fit, floor; two empty lines between. */
static void add_line(nd_text *out, const nd_decay *d, const nd_decay_line *line)
{
    for (size_t k = 0; k < d->points; k++) {
        nd_text_add(out, "%zu", k);
        add(out, line->value[k]);
        add(out, k ? exp(line->intercept + line->slope * (double)k) : (double)NAN);
        add(out, line->floor);
        nd_text_add(out, "\n");
    }
    nd_text_add(out, "\n\n");
}

/* What is drawn: a decade around the values and the floors; fits may leave it. */
static nd_code add_range(nd_text *out, const nd_decay *d, nd_err *err)
{
    double lo = HUGE_VAL, hi = 0;
    for (size_t i = 0; i < d->n_lines; i++)
        for (size_t k = 0; k < d->points; k++) {
            const double v = d->line[i].value[k];
            if (!isfinite(v) || v <= 0) continue;
            lo = fmin(lo, v), hi = fmax(hi, v);
        }
    if (lo > hi) return ND_FAIL(err, ND_EINPUT, "no coefficient is above 0 to be drawn");
    nd_text_add(out, "set yrange [%.9g:%.9g]\n", pow(10, floor(log10(lo) - 0.2)),
                pow(10, ceil(log10(hi) + 0.2)));
    return ND_OK;
}

static nd_code write_script(nd_text *out, const nd_decay *d, nd_err *err)
{
    nd_figure_text(out, "nd_title", d->title, LINE);
    nd_figure_text(out, "nd_note", d->note, LINE);
    nd_figure_text(out, "nd_xlabel", d->xlabel, 0);
    nd_figure_text(out, "nd_ylabel", d->ylabel, 0);
    nd_text_add(out, "nd_points = %zu\nnd_lines = %zu\narray nd_line[%zu]\n", d->points,
                d->n_lines, d->n_lines);
    for (size_t i = 0; i < d->n_lines; i++) {
        nd_text element = {0};
        nd_text_add(&element, "nd_line[%zu]", i + 1);
        nd_figure_text(out, nd_text_str(&element), d->line[i].name, 0);
        out->failed |= element.failed;
        nd_text_free(&element);
    }
    nd_text_add(out, "$decay << EOD\n");
    for (size_t i = 0; i < d->n_lines; i++)
        add_line(out, d, &d->line[i]);
    nd_text_add(out, "EOD\n");
    return add_range(out, d, err);
}

nd_code nd_decay_draw(const nd_decay *d, const char *path, nd_err *err)
{
    nd_text script = {0};
    ND_TRY(nd_decay_check(path, err));
    nd_figure_begin(&script, ending_of(path));
    nd_code code = write_script(&script, d, err);
    if (code == ND_OK) code = nd_figure_end(&script, "decay", path, err);
    nd_text_free(&script);
    return code;
}
