/* cmd_map.c -- nudge map: from results.nc to a cube, a table or a figure. */
#include "cli_impl.h"

#include "nudge/file.h"
#include "nudge/map.h"

#include <stdio.h>
#include <stdlib.h>

/* DIR is a campaign's folder, or a results file itself. */
static nd_code results_path(const char *dir, nd_text *path, nd_err *err)
{
    nd_path_join(path, dir, "results.nc");
    ND_TRY(nd_text_check(path, err));
    if (nd_file_exists(path->s)) return ND_OK;
    nd_text_clear(path);
    nd_text_add(path, "%s", dir);
    return nd_text_check(path, err);
}

static nd_code map(const char *dir, const char *output, const nd_map_options *o,
                   nd_err *err)
{
    nd_text path = {0}, file = {0};
    nd_results *results = NULL;
    nd_cube *cube = NULL;
    nd_code code = results_path(dir, &path, err);
    if (code == ND_OK) code = nd_results_read(path.s, &results, err);
    if (code == ND_OK) code = nd_map_build(results, o, &cube, err);
    if (output)
        nd_text_add(&file, "%s", output);
    else
        nd_path_join(&file, dir, "map.nc");
    if (code == ND_OK) code = nd_text_check(&file, err);
    if (code == ND_OK) code = nd_map_write(cube, o, file.s, err);
    if (code == ND_OK) printf("%s\n", file.s);
    nd_cube_free(cube);
    nd_results_free(results);
    nd_text_free(&file);
    nd_text_free(&path);
    return code;
}

nd_code nd_cmd_map(int argc, char **argv, nd_err *err)
{
    const char *dir = NULL, *output = NULL, *contour = NULL;
    nd_list where = {0};
    nd_map_options o;
    nd_map_defaults(&o);
    const nd_option options[] = {
        {"x", 'x', "P",
         "parameter along the horizontal axis; default: the spec's last axis",
         .value = &o.x},
        {"y", 'y', "P", "parameter along the vertical axis; default: the spec's first axis",
         .value = &o.y},
        {"metric", 'm', "M", "what the figure shows; default test_error",
         .value = &o.metric},
        {"where", 'w', "p=v", "only trials with this value; may be repeated",
         .list = &where},
        {"contour", 'c', "V",
         "level of the contour line; default: those of design: refine, or half way",
         .value = &contour},
        {"output", 'o', "FILE", ".nc .csv .svg .pdf or .png; default: DIR/map.nc",
         .value = &output},
        {0},
    };
    nd_code code = nd_options_one(argc, argv, options, "a campaign's folder", &dir, err);
    o.where = where.v;
    o.n_where = where.n;
    nd_text command = {0};
    nd_command_line(argc, argv, &command);
    o.command = nd_text_str(&command);
    if (code == ND_OK && contour && !nd_parse_real(contour, &o.contour))
        code = ND_FAIL(err, ND_EUSAGE, "map: --contour \"%s\" is no number", contour);
    if (code == ND_OK) code = map(dir, output, &o, err);
    free(where.v);
    nd_text_free(&command);
    return code;
}
