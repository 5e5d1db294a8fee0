/* figure_curve.c -- the data for figures/curve.gp. */
#include "drawing_impl.h"

/* $points: x, median, quartiles, interval; $failed: x of points all of whose trials failed
 */
void nd_drawing_curve(nd_drawing *f)
{
    static const char *const suffixes[] = {"", "_q1", "_q3", "_low", "_high"};
    nd_text *out = &f->script;
    nd_figure_ticks(out, "x", &f->x);
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
        const size_t cell = nd_drawing_cell(f, i, 0);
        nd_text_add(out, "%.9g", f->x.at[i]);
        for (int s = 0; s < 5; s++) {
            nd_text_add(out, " ");
            nd_figure_real(out, v[s]->x[cell]);
        }
        nd_text_add(out, "\n");
    }
    nd_text_add(out, "EOD\n$failed << EOD\n");
    size_t failed = 0;
    for (size_t i = 0; i < f->x.n; i++)
        if (nd_drawing_kind(f, nd_drawing_cell(f, i, 0)) == ND_CELL_FAILED) {
            nd_text_add(out, "%.9g\n", f->x.at[i]);
            failed++;
        }
    nd_text_add(out, "EOD\nnd_failed = %zu\n", failed);
}
