/* figure.c -- figures. A figure is a template (figures/NAME.gp), which says how it looks, after
 * a preamble, which says what is in it: a few variables nd_*, ticks, and blocks of data. */
#include "figure_impl.h"

#include "drawing_impl.h"
#include "nudge/file.h"
#include "nudge/templates.h"

#include <math.h>
#include <string.h>

/* The canvas of most figures, and what one of any size is made of. gnuplot's letters are 4/3 as
 * large as it says in PNG, and 2/3 in PDF; its points in PNG are of so many pixels, whatever the size. */
static const struct {
    const char *ending, *terminal, *driver, *unit, *rest;
    double per_cm, per_point; /* its units: of lengths, of letters */
    double line;
} terminals[] = {
    {"png", "pngcairo noenhanced size 1800,1440 font 'DejaVu Sans,27' linewidth 2.4",
     "pngcairo", "", " pointscale 2.75", 300 / 2.54, 300.0 / 96, 2.5},
    {"pdf", "pdfcairo noenhanced size 16cm,12.8cm font 'DejaVu Sans,8' linewidth 1",
     "pdfcairo", "cm", "", 1, 1.5, 1},
    {"svg",
     "svg noenhanced size 900,720 dynamic font 'DejaVu Sans,15' linewidth 1.3 "
     "background rgb 'white'",
     "svg", "", " dynamic background rgb 'white'", 96 / 2.54, 96.0 / 72, 0.9},
};

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

void nd_figure_canvas(nd_text *script, const char *ending, const nd_canvas *c)
{
    for (size_t i = 0; i < sizeof terminals / sizeof *terminals; i++) {
        if (strcmp(terminals[i].ending, ending) != 0) continue;
        const double cm = terminals[i].per_cm, digits = *terminals[i].unit ? 1e3 : 1;
        nd_text_add(script, "set terminal %s noenhanced size %.9g%s,%.9g%s%s font ",
                    terminals[i].driver, round(c->width * cm * digits) / digits,
                    terminals[i].unit, round(c->height * cm * digits) / digits,
                    terminals[i].unit, terminals[i].rest);
        nd_figure_quote(script, c->font, 0);
        nd_text_add(script, ".',%.4g' linewidth %g\n", c->points * terminals[i].per_point,
                    terminals[i].line);
    }
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

bool nd_figure_known(const char *ending)
{
    for (size_t i = 0; i < sizeof terminals / sizeof *terminals; i++)
        if (!strcmp(terminals[i].ending, ending)) return true;
    return false;
}
