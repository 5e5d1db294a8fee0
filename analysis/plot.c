/* plot.c -- the data for figures/plot.gp. */
#include "nudge/plot.h"

#include "figure_impl.h"

#include <math.h>
#include <string.h>

enum { LINE = 96 }; /* characters */

static const char *ending_of(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot && !strchr(dot, '/') ? dot + 1 : "";
}

nd_code nd_plot_check(const char *path, nd_err *err)
{
    if (nd_figure_known(ending_of(path))) return ND_OK;
    return ND_FAIL(err, ND_EUSAGE,
                   "cannot tell the kind of file from \"%s\"; it must end in .svg, .pdf or "
                   ".png",
                   path);
}

/* name[k] = value, of series k */
static void element(nd_text *out, const char *name, size_t p, size_t k, const char *value)
{
    nd_text e = {0};
    nd_text_add(&e, "%s%zu[%zu]", name, p + 1, k + 1);
    nd_figure_text(out, nd_text_str(&e), value, 0);
    out->failed |= e.failed;
    nd_text_free(&e);
}

/* Between ticks: 1, 2 or 5 of a power of ten, with about five of them. */
static double tick(const nd_plot_panel *panel)
{
    double lo = HUGE_VAL, hi = -HUGE_VAL;
    for (size_t k = 0; k < panel->n; k++)
        for (size_t i = 0; i < panel->series[k].n; i++) {
            lo = fmin(lo, panel->series[k].x[i]);
            hi = fmax(hi, panel->series[k].x[i]);
        }
    if (!(hi > lo)) return 1;
    const double part = (hi - lo) / 6, power = pow(10, floor(log10(part)));
    const double digit = part / power;
    return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
}

/* Blocks of $panel1 or $panel2: x y of each series; two empty lines between. */
static void add_panel(nd_text *out, size_t p, const nd_plot_panel *panel)
{
    static const char *const arrays[] = {"nd_name", "nd_points", "nd_hue", "nd_size"};
    nd_text_add(out, "nd_n%zu = %zu\nnd_tick%zu = %.9g\n", p + 1, panel->n, p + 1,
                tick(panel));
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        nd_text_add(out, "array %s%zu[%zu]\n", arrays[i], p + 1, panel->n);
    for (size_t k = 0; k < panel->n; k++) {
        const nd_plot_series *s = &panel->series[k];
        element(out, "nd_name", p, k, s->name ? s->name : "");
        nd_text_add(out, "nd_points%zu[%zu] = %d\nnd_hue%zu[%zu] = %d\n", p + 1, k + 1,
                    s->points, p + 1, k + 1, s->colour);
        nd_text_add(out, "nd_size%zu[%zu] = %g\n", p + 1, k + 1, s->n > 40 ? 0.35 : 1.1);
    }
    nd_text_add(out, "$panel%zu << EOD\n", p + 1);
    for (size_t k = 0; k < panel->n; k++) {
        const nd_plot_series *s = &panel->series[k];
        for (size_t i = 0; i < s->n; i++)
            nd_text_add(out, isfinite(s->y[i]) ? "%.9g %.9g\n" : "%.9g NaN\n", s->x[i],
                        s->y[i]);
        nd_text_add(out, "\n\n");
    }
    nd_text_add(out, "EOD\n");
}

nd_code nd_plot_draw(const nd_plot *plot, const char *path, nd_err *err)
{
    nd_text script = {0};
    ND_TRY(nd_plot_check(path, err));
    nd_figure_begin(&script, ending_of(path));
    nd_figure_text(&script, "nd_title", plot->title, LINE);
    nd_figure_text(&script, "nd_note", plot->note, LINE);
    for (size_t p = 0; p < 2; p++) {
        nd_figure_text(&script, p ? "nd_xlabel2" : "nd_xlabel1", plot->panel[p].xlabel, 0);
        nd_figure_text(&script, p ? "nd_ylabel2" : "nd_ylabel1", plot->panel[p].ylabel, 0);
        add_panel(&script, p, &plot->panel[p]);
    }
    const nd_code code = nd_figure_end(&script, "plot", path, err);
    nd_text_free(&script);
    return code;
}
