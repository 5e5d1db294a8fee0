/* map_write.c -- a map as a file, by its ending. */
#include "figure_impl.h"

#include <string.h>

nd_code nd_map_write(const nd_results *r, const nd_cube *map, const nd_map_options *o,
                     const char *path, nd_err *err)
{
    const char *dot = strrchr(path, '.');
    const char *ending = dot && !strchr(dot, '/') ? dot + 1 : "";
    if (!strcmp(ending, "nc")) return nd_cube_write_nc(map, path, err);
    if (!strcmp(ending, "csv")) return nd_cube_write_csv(map, path, err);
    if (!strcmp(ending, "html")) return nd_map_report(r, map, o, path, err);
    if (nd_figure_known(ending)) return nd_figure_draw(r, map, o, ending, path, err);
    return ND_FAIL(err, ND_EUSAGE,
                   "cannot tell the kind of file from \"%s\"; it must end in .nc, .csv, "
                   ".svg, .pdf, .png or .html",
                   path);
}
