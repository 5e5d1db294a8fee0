/* figure_bars.c -- the data for figures/bars.gp: the ranking of a campaign's parameters. */
#include "drawing_impl.h"

#include <math.h>

enum { BARS_MAX = 25 };

#define BAR 1.9 /* em */

/* $bars, a data set for each panel: row value, without rows that have none. */
static void add_bars(nd_text *out, const nd_series *const v[2], size_t n)
{
    nd_text_add(out, "$bars << EOD\n");
    for (int k = 0; k < 2; k++) {
        nd_text_add(out, "%sNaN NaN\n", k ? "\n\n" : "");
        for (size_t i = 0; i < n; i++)
            if (!isnan(v[k]->x[i])) nd_text_add(out, "%zu %.9g\n", i, v[k]->x[i]);
    }
    nd_text_add(out, "EOD\n");
}

nd_code nd_drawing_bars(nd_drawing *f, nd_err *err)
{
    nd_text *out = &f->script;
    const nd_series *const v[2] = {nd_cube_var(f->map, "eta_squared"),
                                   nd_cube_var(f->map, "spearman")};
    if (!v[0] || !v[1] || !f->map->n)
        return ND_FAIL(err, ND_EINPUT, "there is no parameter to rank");
    const size_t n = f->map->n < BARS_MAX ? f->map->n : BARS_MAX;
    f->x.n = f->y.n = 1;
    f->panel.n = 2;
    f->at.left = 1.5 + nd_ticks_rows(out, "y", &f->map->axes[0], n);
    f->at.right = 1.2;
    f->at.gap_x = 1.8;
    nd_layout_across(f);
    nd_layout_down(f, BAR * (double)n / f->at.width, 1.6, 0);
    nd_text about = {0};
    nd_text_add(&about, "%s: ", f->o->metric);
    const size_t start = about.n;
    nd_text_add(&about,
                f->canvas.width < 12 ? "eta squared" : "share of variance, eta squared");
    nd_figure_text(out, "nd_panel[1]",
                   nd_text_str(&about) + (f->canvas.width < 12 ? start : 0), 0);
    nd_figure_text(out, "nd_panel[2]",
                   f->canvas.width < 12 ? "Spearman" : "rank correlation, Spearman", 0);
    out->failed |= about.failed;
    nd_text_free(&about);
    nd_text_add(out, "nd_ylabel = ''\nnd_bars = %zu\n", n);
    add_bars(out, v, n);
    return ND_OK;
}
