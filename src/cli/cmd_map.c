/* cmd_map.c -- nudge map: from results.nc to a cube, a table, a figure or a page. */
#include "cli_impl.h"

#include "nudge/file.h"
#include "nudge/map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* DIR is a campaign's folder, or a results file itself. */
static nd_code results_path(const char *dir, nd_text *path, nd_err *err)
{
    nd_path_join(path, dir, "results.nc");
    ND_TRY(nd_text_check(path, err));
    if (nd_file_exists(path->s)) return ND_OK;
    if (!nd_file_exists(dir))
        return ND_FAIL(err, ND_ENOENT, "%s is no campaign: there is nothing of that name",
                       dir);
    if (is_folder(dir))
        return ND_FAIL(
            err, ND_ENOENT,
            "%s has no results.nc: it is no campaign's folder, or none of its trials "
            "has ended yet",
            dir);
    nd_text_clear(path);
    nd_text_add(path, "%s", dir);
    return nd_text_check(path, err);
}

static nd_code read_all(const char *const *dirs, size_t n, nd_results **out, nd_err *err)
{
    nd_results **in = calloc(n, sizeof *in);
    if (!in) return ND_FAIL(err, ND_ENOMEM, "no memory to read %zu campaigns", n);
    nd_code code = ND_OK;
    size_t read = 0;
    for (; read < n && code == ND_OK; read += code == ND_OK) {
        nd_text path = {0};
        code = results_path(dirs[read], &path, err);
        if (code == ND_OK) code = nd_results_read(path.s, &in[read], err);
        nd_text_free(&path);
    }
    if (code == ND_OK)
        code = nd_results_unite(in, n, out, err);
    else
        while (read--)
            nd_results_free(in[read]);
    free(in);
    return code;
}

/* Of one folder the map goes into it; of several, or of a file, it must be said where. */
static nd_code output_path(const char *const *dirs, size_t n, const char *output,
                           nd_text *path, nd_err *err)
{
    if (output)
        nd_text_add(path, "%s", output);
    else if (n > 1 || (nd_file_exists(dirs[0]) && !is_folder(dirs[0])))
        return ND_FAIL(err, ND_EUSAGE,
                       "map needs -o FILE, unless it is of one campaign's folder");
    else
        nd_path_join(path, dirs[0], "map.nc");
    return nd_text_check(path, err);
}

/* Before anything is worked out. */
static nd_code check_folder(const char *path, nd_err *err)
{
    const char *slash = path ? strrchr(path, '/') : NULL;
    nd_text folder = {0};
    if (!slash || slash == path) return ND_OK;
    nd_text_bytes(&folder, path, (size_t)(slash - path));
    nd_code code = nd_text_check(&folder, err);
    if (code == ND_OK && !is_folder(folder.s))
        code =
            ND_FAIL(err, ND_ENOENT, "there is no folder %s to write %s into; make it first",
                    folder.s, path);
    nd_text_free(&folder);
    return code;
}

/* A page alone, or beside what -o names. */
static nd_code map(const char *const *dirs, size_t n, const char *output,
                   const char *report, const nd_map_options *o, nd_err *err)
{
    nd_text file = {0};
    nd_results *results = NULL;
    nd_cube *cube = NULL;
    const bool write = output || !report;
    nd_code code = write ? output_path(dirs, n, output, &file, err) : ND_OK;
    if (code == ND_OK) code = check_folder(output, err);
    if (code == ND_OK) code = check_folder(report, err);
    if (code == ND_OK) code = read_all(dirs, n, &results, err);
    if (code == ND_OK) code = nd_map_build(results, o, &cube, err);
    if (code == ND_OK && write) code = nd_map_write(results, cube, o, file.s, err);
    if (code == ND_OK && write) printf("%s\n", file.s);
    if (code == ND_OK && report) code = nd_map_report(results, cube, o, report, err);
    if (code == ND_OK && report) printf("%s\n", report);
    nd_cube_free(cube);
    nd_results_free(results);
    nd_text_free(&file);
    return code;
}

static nd_code parse_level(const char *option, const char *text, double *out, nd_err *err)
{
    if (!text || nd_parse_real(text, out)) return ND_OK;
    return ND_FAIL(err, ND_EUSAGE, "map: --%s \"%s\" is no number", option, text);
}

/* What the command line asks for. */
typedef struct request {
    const char **dirs; /* (n) */
    size_t n;
    const char *output, *report, *target, *tolerance;
    nd_list where, baseline;
    nd_map_options o;
} request;

static nd_code parse_options(int argc, char **argv, request *q, nd_err *err)
{
    const nd_option options[] = {
        {"x", 'x', "P",
         "parameter along the horizontal axis; default: the first that varies",
         .value = &q->o.x},
        {"y", 'y', "P", "parameter along the vertical axis; default: the next that varies",
         .value = &q->o.y},
        {"metric", 'm', "M",
         "what the figure shows, and whose variance is split; default test_error",
         .value = &q->o.metric},
        {"where", 'w', "p=v", "only trials with this value; may be repeated",
         .list = &q->where},
        {"baseline", 'b', "p=v",
         "tell degradation against the cells with this value; may be repeated; default: "
         "device.kind=ideal where that is swept",
         .list = &q->baseline},
        {"target", 't', "V", "tell when the test error first came down to V",
         .value = &q->target},
        {"figure", 'f', "KIND",
         "heatmap, curves, learning or sensitivity; default: by the axes that vary",
         .value = &q->o.figure},
        {"ratio", 'r', "P=A/B", "the metric where P is A over that where P is B",
         .value = &q->o.ratio},
        {"table", 0, "KIND",
         "write the learning curves, sensitivity, tolerance or contours instead of the map",
         .value = &q->o.table},
        {"tolerance", 0, "V", "of that table: what the metric may rise by; default 0.01",
         .value = &q->tolerance},
        {"lines", 'l', "P", "curves: a line for each value of this parameter",
         .value = &q->o.lines},
        {"panels", 'p', "P", "a panel for each value of this parameter; default: the third",
         .value = &q->o.panels},
        {"contour", 'c', "V,...",
         "levels of the contour lines, or none; default: those of design: refine, or half "
         "way",
         .value = &q->o.contour},
        {"palette", 0, "NAME", "viridis, cividis or rdbu (for what has a middle)",
         .value = &q->o.palette},
        {"width", 0, "COLUMNS", "single (8.5 cm) or double (17 cm, the default)",
         .value = &q->o.width},
        {"font", 0, "NAME", "of the letters; default DejaVu Sans", .value = &q->o.font},
        {"title", 0, "TEXT", "in place of the campaign's name and question; '' for none",
         .value = &q->o.title},
        {"output", 'o', "FILE",
         ".nc .csv .tex .svg .pdf .png or .html; default: DIR/map.nc of a single DIR",
         .value = &q->output},
        {"report", 0, "FILE",
         "write all of it as a page for a browser; alone, or beside what -o names",
         .value = &q->report},
        {0},
    };
    return nd_options_parse(argc, argv, options, q->dirs, (size_t)argc, &q->n, err);
}

static nd_code parse(int argc, char **argv, request *q, nd_err *err)
{
    ND_TRY(parse_options(argc, argv, q, err));
    if (!q->n)
        return ND_FAIL(err, ND_EUSAGE, "map needs a campaign's folder: nudge map %s",
                       nd_command_find("map")->synopsis);
    q->o.where = q->where.v;
    q->o.n_where = q->where.n;
    q->o.baseline = q->baseline.v;
    q->o.n_baseline = q->baseline.n;
    ND_TRY(parse_level("target", q->target, &q->o.target, err));
    ND_TRY(parse_level("tolerance", q->tolerance, &q->o.tolerance, err));
    if (q->o.tolerance >= 0) return ND_OK;
    return ND_FAIL(err, ND_EUSAGE,
                   "map: --tolerance %s: it is what the metric may rise by, 0 or more",
                   q->tolerance);
}

nd_code nd_cmd_map(int argc, char **argv, nd_err *err)
{
    request q = {.dirs = calloc((size_t)argc, sizeof *q.dirs)};
    nd_text command = {0};
    nd_map_defaults(&q.o);
    nd_command_line(argc, argv, &command);
    q.o.command = nd_text_str(&command);
    nd_code code = q.dirs ? nd_text_check(&command, err)
                          : ND_FAIL(err, ND_ENOMEM, "no memory for the command line");
    if (code == ND_OK) code = parse(argc, argv, &q, err);
    if (code == ND_OK) code = map(q.dirs, q.n, q.output, q.report, &q.o, err);
    free(q.where.v);
    free(q.baseline.v);
    free(q.dirs);
    nd_text_free(&command);
    return code;
}
