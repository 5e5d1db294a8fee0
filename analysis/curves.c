/* curves.c -- panels of curves: the data for figures/gdu.gp. */
#include "nudge/curves.h"

#include "figure_impl.h"

#include <math.h>
#include <string.h>

enum { LINE = 72 }; /* characters */

static const char *ending_of(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot && !strchr(dot, '/') ? dot + 1 : "";
}

nd_code nd_curves_check(const char *path, nd_err *err)
{
    if (nd_figure_known(ending_of(path))) return ND_OK;
    return ND_FAIL(err, ND_EUSAGE,
                   "cannot tell the kind of file from \"%s\"; it must end in .svg, .pdf or "
                   ".png",
                   path);
}

/* Block p of $curves: x, then solid and dashed of each pair; two empty lines between. */
static void add_panel(nd_text *out, const nd_curves *c, const nd_curves_panel *panel)
{
    for (size_t i = 0; i < c->points; i++) {
        nd_text_add(out, "%zu", i);
        for (size_t k = 0; k < panel->n; k++) {
            const double v[] = {panel->pair[k].solid[i], panel->pair[k].dashed[i]};
            for (int side = 0; side < 2; side++)
                nd_text_add(out, isfinite(v[side]) ? " %.9g" : " NaN", v[side]);
        }
        nd_text_add(out, "\n");
    }
    nd_text_add(out, "\n\n");
}

nd_code nd_curves_draw(const nd_curves *c, const char *path, nd_err *err)
{
    nd_text script = {0};
    ND_TRY(nd_curves_check(path, err));
    nd_figure_begin(&script, ending_of(path));
    nd_figure_text(&script, "nd_title", c->title, LINE);
    nd_figure_text(&script, "nd_note", c->note, LINE);
    nd_figure_text(&script, "nd_xlabel", c->xlabel, 0);
    nd_text_add(&script, "nd_points = %zu\nnd_panels = %zu\n", c->points, c->n_panels);
    nd_text_add(&script, "array nd_panel[%zu]\narray nd_pairs[%zu]\n", c->n_panels,
                c->n_panels);
    for (size_t p = 0; p < c->n_panels; p++) {
        nd_text_add(&script, "nd_pairs[%zu] = %zu\n", p + 1, c->panel[p].n);
        nd_text element = {0};
        nd_text_add(&element, "nd_panel[%zu]", p + 1);
        nd_figure_text(&script, nd_text_str(&element), c->panel[p].title, 0);
        script.failed |= element.failed;
        nd_text_free(&element);
    }
    nd_text_add(&script, "$curves << EOD\n");
    for (size_t p = 0; p < c->n_panels; p++)
        add_panel(&script, c, &c->panel[p]);
    nd_text_add(&script, "EOD\n");
    const nd_code code = nd_figure_end(&script, "gdu", path, err);
    nd_text_free(&script);
    return code;
}
