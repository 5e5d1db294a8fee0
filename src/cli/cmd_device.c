/* cmd_device.c -- nudge device: what a type or preset does under pulses, and which types are
 * nearest to a measured device. */
#include "cli_impl.h"

#include "nudge/device.h"
#include "nudge/json.h"
#include "nudge/plot.h"
#include "nudge/preset.h"
#include "nudge/spec.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- which device ---- */

static bool is_choice(const nd_param *row, const char *name, nd_nearest *near)
{
    for (size_t i = 0; row->choices[i]; i++) {
        if (!strcmp(row->choices[i], name)) return true;
        nd_nearest_try(near, row->choices[i]);
    }
    return false;
}

/* The parameter that takes this name: device.kind or device.preset. */
static nd_code naming(const char *name, const char **param, nd_err *err)
{
    nd_nearest near = nd_nearest_to(name);
    *param = "device.kind";
    if (is_choice(nd_param_find(*param), name, &near)) return ND_OK;
    *param = "device.preset";
    if (is_choice(nd_param_find(*param), name, &near)) return ND_OK;
    return ND_FAIL(err, ND_EINPUT, "unknown device \"%.64s\"; %s%s%s", name,
                   near.best ? "did you mean \"" : "`nudge help devices` lists them",
                   near.best ? near.best : "", near.best ? "\"?" : "");
}

/* As a spec would have it: sets win over presets. */
static nd_code params_of(const char *name, const nd_list *sets, nd_params *p, nd_err *err)
{
    const char *param;
    nd_text text = {0};
    nd_spec *spec = NULL;
    ND_TRY(naming(name, &param, err));
    nd_text_add(&text, "campaign: device\nbase: {%s: %s}\n", param, name);
    nd_code code = nd_text_check(&text, err);
    const nd_source source = {.name = "device", .text = nd_text_str(&text), .n = text.n};
    if (code == ND_OK) code = nd_spec_parse(&source, sets->v, sets->n, &spec, err);
    if (code == ND_OK) code = nd_spec_base(spec, p, err);
    nd_spec_free(spec);
    nd_text_free(&text);
    return code;
}

/* ---- report ---- */

static const char *kind_of(const nd_params *p)
{
    return nd_device_at((nd_device_id)p->device_kind)->name;
}

static void print_report(const char *name, const nd_params *p, const nd_device_report *r)
{
    nd_text settings = {0};
    nd_params_print(p, false, &settings);
    printf("%s, pulses of width %g T; conductances and steps as fractions of the range\n",
           name, r->width);
    printf("%s\n", nd_text_str(&settings));
    nd_text_free(&settings);
    if (isnan(r->symmetry))
        printf("symmetry point: none\n");
    else
        printf("symmetry point: %.4f\n", r->symmetry);
    printf("%-6s %10s %10s %12s %12s %12s %12s %9s\n", "x", "step up", "step down",
           "sd up c2c", "sd down c2c", "sd up all", "sd down all", "up/sd c2c");
    for (size_t i = 0; i < ND_REPORT_STEPS; i++) {
        const nd_device_step *s = &r->step[i];
        printf("%-6.2f %10.3g %10.3g %12.3g %12.3g %12.3g %12.3g ", s->x, s->up, s->down,
               s->up_cycle, s->down_cycle, s->up_all, s->down_all);
        if (s->up_cycle > 1e-7)
            printf("%9.3g\n", s->up / s->up_cycle);
        else
            printf("%9s\n", "-");
    }
}

static void json_report(const char *name, const nd_params *p, const nd_device_report *r)
{
    nd_json j = {0};
    nd_json_open(&j, '{');
    nd_json_key(&j, "device"), nd_json_string(&j, name);
    nd_json_key(&j, "kind"), nd_json_string(&j, kind_of(p));
    nd_json_key(&j, "width"), nd_json_real(&j, r->width);
    nd_json_key(&j, "symmetry_point"), nd_json_real(&j, r->symmetry);
    nd_json_key(&j, "response"), nd_json_open(&j, '[');
    for (size_t i = 0; i < r->n; i++) {
        nd_json_open(&j, '{');
        nd_json_key(&j, "pulse"), nd_json_int(&j, (long long)i * (long long)r->apart);
        nd_json_key(&j, "mean"), nd_json_real(&j, r->mean[i]);
        nd_json_key(&j, "one"), nd_json_real(&j, r->one[i]);
        nd_json_close(&j);
    }
    nd_json_close(&j);
    nd_json_key(&j, "steps"), nd_json_open(&j, '[');
    for (size_t i = 0; i < ND_REPORT_STEPS; i++) {
        const nd_device_step *s = &r->step[i];
        const struct {
            const char *name;
            double value;
        } fields[] = {{"x", s->x},
                      {"up", s->up},
                      {"down", s->down},
                      {"up_sd_c2c", s->up_cycle},
                      {"down_sd_c2c", s->down_cycle},
                      {"up_sd", s->up_all},
                      {"down_sd", s->down_all}};
        nd_json_open(&j, '{');
        for (size_t k = 0; k < sizeof fields / sizeof *fields; k++)
            nd_json_key(&j, fields[k].name), nd_json_real(&j, fields[k].value);
        nd_json_close(&j);
    }
    nd_json_close(&j);
    nd_json_close(&j);
    printf("%s\n", nd_text_str(&j.text));
    nd_text_free(&j.text);
}

static nd_code draw_report(const char *name, const nd_device_report *r, const char *path,
                           nd_err *err)
{
    double pulse[ND_REPORT_POINTS], x[ND_REPORT_STEPS], curve[4][ND_REPORT_STEPS];
    char note[160];
    for (size_t i = 0; i < r->n; i++)
        pulse[i] = (double)(i * r->apart);
    for (size_t i = 0; i < ND_REPORT_STEPS; i++) {
        const nd_device_step *s = &r->step[i];
        x[i] = s->x;
        curve[0][i] = s->up, curve[1][i] = -s->down;
        curve[2][i] = s->up_all, curve[3][i] = s->down_all;
    }
    const nd_plot_series response[] = {{"one device", pulse, r->one, r->n, true, 1},
                                       {"mean", pulse, r->mean, r->n, false, 0}};
    const nd_plot_series steps[] = {{"step up", x, curve[0], ND_REPORT_STEPS, false, 0},
                                    {"step down", x, curve[1], ND_REPORT_STEPS, false, 1},
                                    {"sd up", x, curve[2], ND_REPORT_STEPS, true, 0},
                                    {"sd down", x, curve[3], ND_REPORT_STEPS, true, 1}};
    snprintf(note, sizeof note, "pulses of %g T; ", r->width);
    const size_t n = strlen(note);
    if (isnan(r->symmetry))
        snprintf(note + n, sizeof note - n, "no symmetry point");
    else
        snprintf(note + n, sizeof note - n, "symmetry point at %.3f", r->symmetry);
    const nd_plot plot = {
        .title = name,
        .note = note,
        .panel = {{"pulses, up and then down", "conductance / range", 2, response},
                  {"conductance / range", "step / range", 4, steps}}};
    return nd_plot_draw(&plot, path, err);
}

/* ---- fit ---- */

/* "program.width = 0.005", a line for each parameter that is not its default. */
static void add_settings(const nd_params *p, nd_text *out)
{
    nd_text lines = {0};
    nd_params_print(p, false, &lines);
    const char *comma = "";
    for (const char *at = nd_text_str(&lines); *at;) {
        const size_t n = strcspn(at, "\n"), equals = strcspn(at, "=");
        const nd_param *row = NULL;
        char name[64];
        nd_copy(name, equals, at); /* without the blank before = */
        row = nd_param_find(name);
        double x;
        nd_text_add(out, "%s%s=", comma, name);
        if (row && row->type == ND_TYPE_REAL && nd_param_number(p, row, &x))
            nd_text_add(out, "%.6g", x);
        else
            nd_text_bytes(out, at + equals + 2, n - equals - 2);
        comma = " ";
        at += n + 1;
    }
    out->failed |= lines.failed;
    nd_text_free(&lines);
}

static nd_code print_fits(const char *path, const nd_response *r, const nd_device_fit *fit,
                          bool json, nd_err *err)
{
    nd_json j = {0};
    nd_response_table t;
    nd_response_table_of(r, &t);
    nd_json_open(&j, '{');
    nd_json_key(&j, "file"), nd_json_string(&j, path);
    nd_json_key(&j, "readings"), nd_json_int(&j, (long long)r->n);
    nd_json_key(&j, "step"), nd_json_real(&j, t.step);
    nd_json_key(&j, "fits"), nd_json_open(&j, '[');
    if (!json)
        printf("%s: %zu readings, mean step %g of the range\n%-16s %-8s %s\n", path, r->n,
               t.step, "nearest types", "rest", "settings");
    nd_code code = ND_OK;
    for (size_t i = 0; i < ND_FITS && code == ND_OK; i++) {
        nd_text settings = {0};
        add_settings(&fit[i].p, &settings);
        code = nd_text_check(&settings, err);
        if (!json)
            printf("%-16s %-8.3g %s\n", kind_of(&fit[i].p), fit[i].rest,
                   nd_text_str(&settings));
        nd_json_open(&j, '{');
        nd_json_key(&j, "kind"), nd_json_string(&j, kind_of(&fit[i].p));
        nd_json_key(&j, "rest"), nd_json_real(&j, fit[i].rest);
        nd_json_key(&j, "settings"), nd_json_string(&j, nd_text_str(&settings));
        nd_json_close(&j);
        nd_text_free(&settings);
    }
    nd_json_close(&j);
    nd_json_close(&j);
    if (json)
        printf("%s\n", nd_text_str(&j.text));
    else
        printf(
            "rest: what is left of the steps' root mean square; or take the steps as they "
            "are:\n%-16s %-8s device.kind=piecewise device.table=%s\n",
            "piecewise", "", path);
    nd_text_free(&j.text);
    return code;
}

/* What the two nearest types and the table say a pulse does, beside what was measured. */
static nd_code draw_fits(const char *path, const nd_response *r, const nd_device_fit *fit,
                         const char *file, nd_err *err)
{
    enum { POINTS = 60 };
    double *buffer = calloc(4 * r->n, sizeof *buffer);
    if (!buffer) return ND_FAIL(err, ND_ENOMEM, "no memory for %zu readings", r->n);
    double *number = buffer, *x = number + r->n, *at = x + r->n, *step = at + r->n;
    size_t steps = 0;
    for (size_t i = 0; i < r->n; i++) {
        number[i] = (double)i;
        x[i] = (r->conductance[i] - r->lowest) / (r->highest - r->lowest);
        if (!nd_response_step(r, i, &at[steps], &step[steps])) continue;
        if (r->pulses[i + 1] < 0) step[steps] *= -1;
        steps++;
    }
    double grid[POINTS], line[4][POINTS];
    char name[2][64];
    for (size_t i = 0; i < POINTS; i++) {
        grid[i] = ((double)i + 0.5) / POINTS;
        for (int k = 0; k < 4; k++) {
            const nd_params *p = &fit[k / 2].p;
            const nd_law *law = nd_device_at((nd_device_id)p->device_kind)->law;
            line[k][i] = nd_law_rate(law, p, grid[i], k % 2 == 0) * p->program_width *
                         (k % 2 ? -1 : 1);
        }
    }
    for (int k = 0; k < 2; k++)
        snprintf(name[k], sizeof name[k], "%s, rest %.2g", kind_of(&fit[k].p), fit[k].rest);
    const nd_plot_series response[] = {{"measured", number, x, r->n, true, 1}};
    const nd_plot_series curves[] = {{"measured", at, step, steps, true, 1},
                                     {name[0], grid, line[0], POINTS, false, 0},
                                     {NULL, grid, line[1], POINTS, false, 0},
                                     {name[1], grid, line[2], POINTS, false, 2},
                                     {NULL, grid, line[3], POINTS, false, 2}};
    const nd_plot plot = {
        .title = path,
        .note = "steps of a pulse, up above 0 and down below, and the nearest types",
        .panel = {{"reading", "conductance / range", 1, response},
                  {"conductance / range", "step / range", 5, curves}}};
    const nd_code code = nd_plot_draw(&plot, file, err);
    free(buffer);
    return code;
}

static nd_code fit_file(const char *path, const char *output, bool json, nd_err *err)
{
    nd_response r;
    nd_device_fit fit[ND_FITS];
    ND_TRY(nd_response_read(path, &r, err));
    nd_code code = nd_device_fit_all(&r, fit, err);
    if (code == ND_OK) code = print_fits(path, &r, fit, json, err);
    if (code == ND_OK && output) code = draw_fits(path, &r, fit, output, err);
    nd_response_free(&r);
    return code;
}

static nd_code report(const char *name, const nd_list *sets, const char *output, bool json,
                      nd_err *err)
{
    nd_params p;
    nd_device_report r;
    ND_TRY(params_of(name, sets, &p, err));
    ND_TRY(nd_device_report_of(&p, &r, err));
    (json ? json_report : print_report)(name, &p, &r);
    return output ? draw_report(name, &r, output, err) : ND_OK;
}

nd_code nd_cmd_device(int argc, char **argv, nd_err *err)
{
    const char *output = NULL, *args[2] = {0};
    bool json = false;
    size_t n;
    nd_list sets = {0};
    const nd_option options[] = {
        ND_OPTION_SET(&sets),
        {"output", 'o', "FILE", "figure: .svg, .pdf or .png", .value = &output},
        ND_OPTION_JSON(&json),
        {0},
    };
    nd_code code = nd_options_parse(argc, argv, options, args, 2, &n, err);
    const bool fit = n > 0 && !strcmp(args[0], "fit");
    if (code == ND_OK && n != (fit ? 2 : 1))
        code =
            ND_FAIL(err, ND_EUSAGE,
                    "device takes a type or preset (`nudge help devices` lists them), or "
                    "\"fit\" and a CSV file");
    if (code == ND_OK && fit && sets.n)
        code = ND_FAIL(err, ND_EUSAGE, "device fit finds parameters: it takes no --set");
    if (code == ND_OK && output) code = nd_plot_check(output, err);
    if (code == ND_OK)
        code = fit ? fit_file(args[1], output, json, err)
                   : report(args[0], &sets, output, json, err);
    free(sets.v);
    return code;
}
