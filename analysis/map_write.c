/* map_write.c -- a map, or what is worked out from it, as a file by its ending. */
#include "derived_impl.h"
#include "figure_impl.h"

#include <string.h>

static nd_code write_nc(const nd_cube *c, const nd_map_options *o, const char *path,
                        nd_err *err)
{
    (void)o;
    return nd_cube_write_nc(c, path, err);
}

static nd_code write_csv(const nd_cube *c, const nd_map_options *o, const char *path,
                         nd_err *err)
{
    (void)o;
    return nd_cube_write_csv(c, path, err);
}

static const struct {
    const char *ending;
    nd_code (*write)(const nd_cube *c, const nd_map_options *o, const char *path,
                     nd_err *err);
} files[] = {{"nc", write_nc}, {"csv", write_csv}, {"tex", nd_table_write_tex}};
enum { FILES = sizeof files / sizeof *files };

/* What is to be written, instead of the map, which stands in *made if it is something else. */
static nd_code work_out(const nd_results *r, const nd_cube **map, const nd_map_options *o,
                        const char *table, nd_cube **made, nd_err *err)
{
    const nd_derived *kind;
    ND_TRY(nd_derived_find(table, &kind, err));
    if (!kind->make) return ND_OK;
    if (o->ratio && kind->of_trials)
        return ND_FAIL(err, ND_EUSAGE,
                       "--ratio is of the map, not of its %s; leave one of them out",
                       kind->name);
    ND_TRY(kind->make(r, *map, o, made, err));
    *map = *made;
    return ND_OK;
}

static nd_code write(const nd_results *r, const nd_cube *map, const nd_map_options *o,
                     const char *ending, const char *path, nd_err *err)
{
    size_t file = 0;
    while (file < FILES && strcmp(files[file].ending, ending) != 0)
        file++;
    const char *table = o->table ? o->table : "map";
    if (file == FILES) ND_TRY(nd_figure_table(map, o, &table, err));
    nd_cube *made = NULL;
    const bool of_map = !strcmp(table, "map"); /* other tables check what they are of */
    nd_code code = file < FILES && of_map ? nd_figure_check(map, o, err) : ND_OK;
    if (code == ND_OK) code = work_out(r, &map, o, table, &made, err);
    if (code == ND_OK)
        code = file < FILES ? files[file].write(map, o, path, err)
                            : nd_figure_draw(map, o, ending, path, err);
    nd_cube_free(made);
    return code;
}

nd_code nd_map_write(const nd_results *r, const nd_cube *map, const nd_map_options *o,
                     const char *path, nd_err *err)
{
    const char *dot = strrchr(path, '.');
    const char *ending = dot && !strchr(dot, '/') ? dot + 1 : "";
    if (!strcmp(ending, "html")) return nd_map_report(r, map, o, path, err);
    bool known = nd_figure_known(ending);
    for (size_t i = 0; i < FILES; i++)
        known |= !strcmp(files[i].ending, ending);
    if (!known)
        return ND_FAIL(
            err, ND_EUSAGE,
            "cannot tell the kind of file from \"%s\"; it must end in .nc, .csv, "
            ".tex, .svg, .pdf, .png or .html",
            path);
    if (!o->ratio) return write(r, map, o, ending, path, err);
    nd_cube *ratio;
    nd_map_options of_ratio = *o;
    nd_text metric = {0};
    ND_TRY(nd_map_ratio(map, o, &ratio, err));
    nd_text_add(&metric, "%s_ratio", o->metric);
    of_ratio.metric = nd_text_str(&metric);
    nd_code code = nd_text_check(&metric, err);
    if (code == ND_OK) code = write(r, ratio, &of_ratio, ending, path, err);
    nd_text_free(&metric);
    nd_cube_free(ratio);
    return code;
}
