/* results_read.c -- results.nc, read back. */
#include "nudge/results.h"

#include "nc_impl.h"
#include "nudge/file.h"
#include "nudge/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static nd_code check_kind(nd_nc *f, nd_err *err)
{
    const nd_code opened = nd_nc_check(f, err);
    if (opened == ND_EINPUT)
        return ND_FAIL(
            err, ND_EINPUT,
            "%s is no NetCDF file; name the campaign's folder, or the results.nc "
            "in it",
            f->path);
    ND_TRY(opened);
    char *kind = nd_nc_get_text(f, NC_GLOBAL, "nudge_kind");
    const bool results = kind && !strcmp(kind, "results");
    nd_code code = ND_OK;
    if (kind && !results)
        code = ND_FAIL(err, ND_EINPUT,
                       "%s is a %s of nudge, not its results; name the campaign's folder, "
                       "or the results.nc in it",
                       f->path, kind);
    else if (!results)
        code = ND_FAIL(err, ND_EINPUT,
                       "%s is a NetCDF file, but not one of nudge's results", f->path);
    free(kind);
    return code;
}

static nd_code get_named(nd_nc *f, const char *name, size_t n, nd_series *v, nd_err *err)
{
    const int var = nd_nc_find(f, name);
    if (var < 0) return ND_FAIL(err, ND_ECORRUPT, "%s has no variable %s", f->path, name);
    ND_TRY(nd_nc_get_series(f, var, v, err));
    if (v->n == n) return ND_OK;
    return ND_FAIL(err, ND_ECORRUPT, "%s: %s has %zu values for %zu trials", f->path, name,
                   v->n, n);
}

static nd_code get_keys(nd_nc *f, nd_results *r, nd_err *err)
{
    const int var = nd_nc_find(f, "trial_key");
    if (var < 0) return ND_FAIL(err, ND_ECORRUPT, "%s has no variable trial_key", f->path);
    char *s[ND_NC_BLOCK];
    nd_code code = ND_OK;
    for (size_t first = 0; first < r->n && code == ND_OK; first += ND_NC_BLOCK) {
        const size_t left = r->n - first, n = left < ND_NC_BLOCK ? left : ND_NC_BLOCK;
        memset(s, 0, sizeof s);
        nd_nc_get_texts(f, var, first, n, s);
        ND_TRY(nd_nc_check(f, err));
        for (size_t i = 0; i < n && code == ND_OK; i++)
            if (!s[i] || !nd_key_parse(s[i], &r->key[first + i]))
                code = ND_FAIL(err, ND_ECORRUPT,
                               "%s: trial %zu has the key \"%.64s\", which is none",
                               f->path, first + i, s[i] ? s[i] : "");
        nc_free_string(n, s);
    }
    return code;
}

/* Metrics of this version that the file lacks are not measured. */
static nd_code get_metric(nd_nc *f, const nd_metric *m, size_t n, nd_series *v, nd_err *err)
{
    if (nd_nc_find(f, m->name) >= 0) return get_named(f, m->name, n, v, err);
    ND_TRY(nd_series_new(v, m->name, n, false, err));
    for (size_t i = 0; i < n; i++)
        v->x[i] = (double)NAN;
    ND_TRY(nd_series_describe(&v->long_name, m->long_name, err));
    return nd_series_describe(&v->unit, m->unit, err);
}

static nd_code get_columns(nd_nc *f, nd_results *r, nd_err *err)
{
    const int n = nd_nc_vars(f);
    r->columns = calloc(n > 0 ? (size_t)n : 1, sizeof *r->columns);
    if (!r->columns) return ND_FAIL(err, ND_ENOMEM, "no memory to read %s", f->path);
    for (int var = 0; var < n; var++) {
        char *role = nd_nc_get_text(f, var, "role");
        const bool swept = role && nd_role_find(role) != ND_ROLE_NONE;
        free(role);
        if (!swept) continue;
        nd_series *v = &r->columns[r->n_columns];
        ND_TRY(nd_nc_get_series(f, var, v, err));
        r->n_columns++;
        if (v->n != r->n)
            return ND_FAIL(err, ND_ECORRUPT, "%s: %s has %zu values for %zu trials",
                           f->path, v->name, v->n, r->n);
    }
    return ND_OK;
}

static nd_code check_status(const nd_results *r, const char *path, nd_err *err)
{
    for (size_t i = 0; i < r->n; i++)
        if (!(r->status.x[i] >= 0 && r->status.x[i] < ND_STATUSES))
            return ND_FAIL(err, ND_EINPUT,
                           "%s: trial %zu has the unknown status %g; was this written by a "
                           "newer nudge?",
                           path, i, r->status.x[i]);
    return ND_OK;
}

static nd_code read_file(nd_nc *f, nd_results *r, nd_err *err)
{
    ND_TRY(check_kind(f, err));
    r->n = nd_nc_dim_size(f, "trial");
    r->epochs = nd_nc_dim_size(f, "epoch");
    ND_TRY(nd_nc_check(f, err));
    r->campaign = nd_nc_get_text(f, NC_GLOBAL, "title");
    r->question = nd_nc_get_text(f, NC_GLOBAL, "summary");
    r->spec = nd_nc_get_text(f, NC_GLOBAL, "nudge_spec");
    r->contour = nd_nc_get_text(f, NC_GLOBAL, "nudge_contour");
    r->history = nd_nc_get_text(f, NC_GLOBAL, "history");
    r->source = nd_nc_get_text(f, NC_GLOBAL, "source");
    r->license = nd_nc_get_text(f, NC_GLOBAL, "license");
    r->key = calloc(r->n + 1, sizeof *r->key);
    if (!r->key) return ND_FAIL(err, ND_ENOMEM, "no memory to read %s", f->path);
    ND_TRY(get_keys(f, r, err));
    ND_TRY(get_named(f, "status", r->n, &r->status, err));
    ND_TRY(get_named(f, "seconds", r->n, &r->seconds, err));
    if (!r->status.x || !r->seconds.x)
        return ND_FAIL(err, ND_ECORRUPT, "%s: status or seconds has the wrong type",
                       f->path);
    ND_TRY(check_status(r, f->path, err));
    ND_TRY(get_columns(f, r, err));
    for (size_t i = 0; i < ND_METRICS; i++) {
        ND_TRY(get_metric(f, nd_metric_at(i), r->n, &r->metric[i], err));
        if (!r->metric[i].x)
            return ND_FAIL(err, ND_ECORRUPT, "%s: %s is not a number", f->path,
                           nd_metric_at(i)->name);
    }
    return ND_OK;
}

static nd_code note_file(nd_results *r, const char *path, nd_err *err)
{
    r->files = calloc(1, sizeof *r->files);
    if (!r->files) return ND_FAIL(err, ND_ENOMEM, "no memory to read %s", path);
    r->n_files = 1;
    return nd_series_describe(&r->files[0], path, err);
}

nd_code nd_results_read(const char *path, nd_results **out, nd_err *err)
{
    *out = NULL;
    if (!nd_file_exists(path)) return ND_FAIL(err, ND_ENOENT, "there is no %s", path);
    nd_results *r = calloc(1, sizeof *r);
    if (!r) return ND_FAIL(err, ND_ENOMEM, "no memory to read %s", path);
    nd_nc f;
    nd_nc_open(&f, path);
    nd_code code = note_file(r, path, err);
    if (code == ND_OK) code = read_file(&f, r, err);
    const nd_code closed = nd_nc_close(&f, code == ND_OK ? err : NULL);
    if (code == ND_OK) code = closed;
    if (code != ND_OK)
        nd_results_free(r);
    else
        *out = r;
    return code;
}

void nd_results_free(nd_results *r)
{
    if (!r) return;
    for (size_t i = 0; i < r->n_columns; i++)
        nd_series_free(&r->columns[i]);
    free(r->columns);
    for (size_t i = 0; i < r->n_files; i++)
        free(r->files[i]);
    free(r->files);
    free(r->place);
    free(r->key);
    nd_series_free(&r->status);
    nd_series_free(&r->seconds);
    for (int i = 0; i < ND_METRICS; i++)
        nd_series_free(&r->metric[i]);
    free(r->campaign);
    free(r->question);
    free(r->spec);
    free(r->contour);
    free(r->history);
    free(r->source);
    free(r->license);
    free(r);
}

const nd_series *nd_results_column_find(const nd_results *r, const char *name)
{
    for (size_t i = 0; i < r->n_columns; i++) {
        const nd_series *v = &r->columns[i];
        if (!strcmp(v->name, name) || (v->parameter && !strcmp(v->parameter, name)))
            return v;
    }
    return NULL;
}

/* ---- curves ---- */

/* The trials of one file, by their rows. */
static nd_code rows_of(const nd_results *r, size_t file, size_t rows, size_t **trial,
                       nd_err *err)
{
    size_t *of = *trial = malloc((rows + 1) * sizeof *of);
    if (!of) return ND_FAIL(err, ND_ENOMEM, "no memory for the curves of %zu trials", rows);
    for (size_t i = 0; i < rows; i++)
        of[i] = r->n;
    for (size_t i = 0; i < r->n; i++) {
        const nd_results_place at = r->place ? r->place[i] : (nd_results_place){0, i};
        if (at.file == file && at.row < rows) of[at.row] = i;
    }
    return ND_OK;
}

/* Copies the curves of a file to where its trials are; true when any is a number. */
static nd_code copy_curves(nd_nc *f, int var, const size_t *trial, size_t rows,
                           size_t epochs, const nd_results *r, float *out, bool *any,
                           nd_err *err)
{
    float *block = malloc(ND_NC_BLOCK * epochs * sizeof *block);
    if (!block) return ND_FAIL(err, ND_ENOMEM, "no memory to read curves of %s", f->path);
    for (size_t first = 0; first < rows; first += ND_NC_BLOCK) {
        const size_t left = rows - first, n = left < ND_NC_BLOCK ? left : ND_NC_BLOCK;
        nd_nc_get_floats(f, var, (size_t[]){first, 0}, (size_t[]){n, epochs}, block);
        if (nd_nc_check(f, err) != ND_OK) break;
        for (size_t i = 0; i < n; i++)
            for (size_t e = 0; trial[first + i] < r->n && e < epochs; e++) {
                out[trial[first + i] * r->epochs + e] = block[i * epochs + e];
                *any |= !isnan(block[i * epochs + e]);
            }
    }
    free(block);
    return nd_nc_check(f, err);
}

static nd_code read_curves(const nd_results *r, size_t file, const char *name, float *out,
                           bool *any, nd_err *err)
{
    nd_nc f;
    nd_nc_open(&f, r->files[file]);
    const int var = nd_nc_find(&f, name);
    const size_t rows = nd_nc_dim_size(&f, "trial"), epochs = nd_nc_dim_size(&f, "epoch");
    size_t *trial = NULL;
    nd_code code = nd_nc_check(&f, err);
    if (code == ND_OK && epochs > r->epochs)
        code = ND_FAIL(err, ND_ECORRUPT, "%s was replaced while it was read", f.path);
    if (code == ND_OK && var >= 0) code = rows_of(r, file, rows, &trial, err);
    if (code == ND_OK && var >= 0)
        code = copy_curves(&f, var, trial, rows, epochs, r, out, any, err);
    const nd_code closed = nd_nc_close(&f, code == ND_OK ? err : NULL);
    free(trial);
    return code != ND_OK ? code : closed;
}

nd_code nd_results_curve(const nd_results *r, nd_metric_id metric, float **out, nd_err *err)
{
    *out = NULL;
    if (!nd_metric_at(metric)->curve) return ND_OK;
    size_t n;
    float *curves =
        nd_mul(r->n, r->epochs, &n) && nd_mul(n + 1, sizeof *curves, &n) ? malloc(n) : NULL;
    if (!curves)
        return ND_FAIL(err, ND_ENOMEM, "no memory for the curves of %zu trials", r->n);
    for (size_t i = 0; i < r->n * r->epochs; i++)
        curves[i] = NAN;
    nd_text name = {0};
    bool any = false;
    nd_text_add(&name, "%s_curve", nd_metric_at(metric)->name);
    nd_code code = nd_text_check(&name, err);
    for (size_t file = 0; file < r->n_files && code == ND_OK; file++)
        code = read_curves(r, file, name.s, curves, &any, err);
    nd_text_free(&name);
    if (code == ND_OK && any)
        *out = curves;
    else
        free(curves);
    return code;
}
