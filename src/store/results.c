/* results.c -- results.nc, a product of the journal.
 *
 *   dimensions   trial; epoch (the longest curve; at least 1)
 *   variables    trial_key, status, attempts, seconds, host, isa, reason; case; one for each
 *                swept parameter; device_seed and train_seed, always; each metric (trial), and
 *                its curve NAME_curve (trial, epoch); epoch, counted from 1
 *   attributes   parameter, role and dimension say what a swept parameter is for; zipped
 *                parameters share a dimension
 *
 * Trials are written in blocks that are whole chunks, so that memory does not grow with the
 * campaign and nothing is deflated twice. Status is a byte with flag_values and
 * flag_meanings, as CF has it: an enumeration would lose its names in xarray. */
#include "nudge/results.h"

#include "nc_impl.h"
#include "nudge/build.h"
#include "nudge/clock.h"
#include "nudge/file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- a table of columns, each with its block ---- */

typedef struct row {
    const nd_params *p;
    const nd_record *r; /* NULL: pending */
    const char *case_name;
    nd_key key;
} row;

typedef struct column column;
struct column {
    const char *name;
    nc_type type;
    void (*fill)(column *c, const row *t, size_t at);
    const char *unit, *long_name;
    const nd_param *param;
    nd_role role;
    int dim;
    int metric;
    size_t width; /* values per trial */
    bool failed;  /* no memory for a text */
    int var;
    void *block; /* (ND_NC_BLOCK, width) */
};

typedef struct writer {
    nd_nc file;
    column *columns;
    size_t n_columns;
    const nd_results_meta *meta;
    const nd_results_source *src;
    size_t epochs;
} writer;

static void put_text(column *c, size_t at, const char *text)
{
    char **s = c->block;
    s[at] = strdup(text);
    c->failed |= !s[at];
}

static void fill_key(column *c, const row *t, size_t at)
{
    char text[ND_KEY_TEXT];
    nd_key_text(t->key, text);
    put_text(c, at, text);
}

static void fill_status(column *c, const row *t, size_t at)
{
    ((signed char *)c->block)[at] = (signed char)(t->r ? t->r->status : ND_STATUS_PENDING);
}

static void fill_attempts(column *c, const row *t, size_t at)
{
    ((int *)c->block)[at] = t->r ? t->r->attempts : 0;
}

static void fill_seconds(column *c, const row *t, size_t at)
{
    ((double *)c->block)[at] = t->r ? t->r->seconds : (double)NAN;
}

static void fill_host(column *c, const row *t, size_t at)
{
    put_text(c, at, t->r ? t->r->host : "");
}

static void fill_isa(column *c, const row *t, size_t at)
{
    put_text(c, at, t->r ? t->r->isa : "");
}

static void fill_reason(column *c, const row *t, size_t at)
{
    put_text(c, at, t->r ? t->r->reason : "");
}

static void fill_case(column *c, const row *t, size_t at)
{
    put_text(c, at, t->case_name ? t->case_name : "");
}

static void fill_number(column *c, const row *t, size_t at)
{
    double x = (double)NAN;
    (void)nd_param_number(t->p, c->param, &x);
    if (c->type == NC_INT64)
        ((long long *)c->block)[at] = (long long)x;
    else
        ((double *)c->block)[at] = x;
}

static void fill_text(column *c, const row *t, size_t at)
{
    nd_text value = {0};
    nd_param_print(t->p, c->param, &value);
    put_text(c, at, nd_text_str(&value));
    c->failed |= value.failed;
    nd_text_free(&value);
}

static void fill_metric(column *c, const row *t, size_t at)
{
    ((double *)c->block)[at] = t->r ? t->r->value[c->metric] : (double)NAN;
}

static void fill_curve(column *c, const row *t, size_t at)
{
    float *out = (float *)c->block + at * c->width;
    const float *curve = t->r ? t->r->curve[c->metric] : NULL;
    for (size_t e = 0; e < c->width; e++)
        out[e] = curve && e < t->r->epochs ? curve[e] : NAN;
}

static const column fixed[] = {
    {.name = "trial_key",
     .type = NC_STRING,
     .fill = fill_key,
     .long_name = "hash of the trial's parameters and seeds"},
    {.name = "status",
     .type = NC_BYTE,
     .fill = fill_status,
     .long_name = "how the trial ended"},
    {.name = "attempts",
     .type = NC_INT,
     .fill = fill_attempts,
     .unit = "1",
     .long_name = "attempts that ended"},
    {.name = "seconds",
     .type = NC_DOUBLE,
     .fill = fill_seconds,
     .unit = "s",
     .long_name = "wall time of the last attempt"},
    {.name = "host",
     .type = NC_STRING,
     .fill = fill_host,
     .long_name = "machine that ran the trial"},
    {.name = "isa",
     .type = NC_STRING,
     .fill = fill_isa,
     .long_name = "vector instructions the trial ran with"},
    {.name = "reason",
     .type = NC_STRING,
     .fill = fill_reason,
     .long_name = "why the trial failed; empty when it is done"},
};
enum { N_FIXED = sizeof fixed / sizeof *fixed };

static column of_param(const nd_param *param, nd_role role, int dim)
{
    double x;
    nd_params defaults;
    nd_params_defaults(&defaults);
    const bool number = nd_param_number(&defaults, param, &x);
    return (column){.name = param->variable,
                    .type = !number                      ? NC_STRING
                            : param->type == ND_TYPE_INT ? NC_INT64
                                                         : NC_DOUBLE,
                    .fill = number ? fill_number : fill_text,
                    .unit = number ? param->unit : NULL,
                    .long_name = param->help,
                    .param = param,
                    .role = role,
                    .dim = dim};
}

static bool is_swept(const nd_results_meta *meta, const nd_param *param)
{
    for (size_t i = 0; i < meta->n_columns; i++)
        if (meta->columns[i].param == param) return true;
    return false;
}

static void add_params(writer *w)
{
    static const char *const seeds[] = {"device.seed", "train.seed"};
    const nd_results_meta *meta = w->meta;
    if (meta->case_dim >= 0)
        w->columns[w->n_columns++] = (column){.name = "case",
                                              .type = NC_STRING,
                                              .fill = fill_case,
                                              .role = ND_ROLE_CASE,
                                              .dim = meta->case_dim,
                                              .long_name = "named case of the campaign"};
    for (size_t i = 0; i < meta->n_columns; i++) {
        const nd_results_column *c = &meta->columns[i];
        w->columns[w->n_columns++] = of_param(c->param, c->role, c->dim);
    }
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
        const nd_param *param = nd_param_find(seeds[i]);
        if (param && !is_swept(meta, param))
            w->columns[w->n_columns++] = of_param(param, ND_ROLE_SEED, -1);
    }
}

/* "NAME_curve" of every metric */
static const char *curve_name(int metric)
{
    static const char *const names[ND_METRICS] = {
#define M(name, curve, unit, flags, long_name) #name "_curve",
#include "nudge/metrics.def"
#undef M
    };
    return names[metric];
}

static void add_metrics(writer *w)
{
    for (int i = 0; i < ND_METRICS; i++) {
        const nd_metric *m = nd_metric_at((size_t)i);
        column c = {.name = m->name,
                    .type = NC_DOUBLE,
                    .fill = fill_metric,
                    .unit = m->unit,
                    .long_name = m->long_name,
                    .metric = i};
        w->columns[w->n_columns++] = c;
        if (!m->curve) continue;
        c.name = curve_name(i);
        c.type = NC_FLOAT;
        c.fill = fill_curve;
        w->columns[w->n_columns++] = c;
    }
}

static nd_code lay_out(writer *w, nd_err *err)
{
    const size_t most = N_FIXED + 1 + w->meta->n_columns + 2 + 2 * ND_METRICS;
    w->columns = calloc(most, sizeof *w->columns);
    if (!w->columns) return ND_FAIL(err, ND_ENOMEM, "no memory to write results");
    memcpy(w->columns, fixed, sizeof fixed);
    w->n_columns = N_FIXED;
    add_params(w);
    add_metrics(w);
    for (size_t i = 0; i < w->n_columns; i++) {
        column *c = &w->columns[i];
        c->width = c->fill == fill_curve ? w->epochs : 1;

        /* 8 bytes hold a value of any other type here */
        c->block = calloc(ND_NC_BLOCK * c->width, c->type == NC_FLOAT ? sizeof(float) : 8);
        if (!c->block) return ND_FAIL(err, ND_ENOMEM, "no memory to write results");
    }
    return ND_OK;
}

static void describe_status(nd_nc *f, int var)
{
    signed char values[ND_STATUSES];
    nd_text names = {0}, help = {0};
    for (int s = 0; s < ND_STATUSES; s++) {
        values[s] = (signed char)s;
        nd_text_add(&names, "%s%s", s ? " " : "", nd_status_name((nd_status)s));
        nd_text_add(&help, "%s%s: %s", s ? "; " : "", nd_status_name((nd_status)s),
                    nd_status_help((nd_status)s));
    }
    nd_nc_flags(f, var, values, ND_STATUSES);
    nd_nc_text(f, var, "flag_meanings", nd_text_str(&names));
    nd_nc_text(f, var, "comment", nd_text_str(&help));
    nd_text_free(&names);
    nd_text_free(&help);
}

static void define_column(writer *w, column *c, const int dims[2])
{
    nd_nc *f = &w->file;
    const size_t sizes[2] = {w->src->n, w->epochs};
    c->var = nd_nc_var(f, c->name, c->type, c->fill == fill_curve ? 2 : 1, dims, sizes);
    nd_nc_text(f, c->var, "long_name", c->long_name);
    nd_nc_unit(f, c->var, c->unit);
    if (c->type == NC_FLOAT || c->type == NC_DOUBLE) nd_nc_fill_nan(f, c->var, c->type);
    if (c->fill == fill_status) describe_status(f, c->var);
    if (c->param) {
        nd_nc_text(f, c->var, "parameter", c->param->name);
        nd_nc_text(f, c->var, "references", c->param->source);
    }
    if (c->role == ND_ROLE_NONE) return;
    nd_nc_text(f, c->var, "role", nd_role_text(c->role));
    nd_nc_int(f, c->var, "dimension", c->dim);
}

static void write_epochs(writer *w, int dim)
{
    nd_nc *f = &w->file;
    const int var = nd_nc_var(f, "epoch", NC_INT, 1, &dim, &w->epochs);
    nd_nc_text(f, var, "long_name", "epoch of training, counted from 1");
    nd_nc_unit(f, var, "1");
    for (size_t e = 0; e < w->epochs; e++) {
        const int number = (int)e + 1;
        const size_t one = 1;
        nd_nc_put(f, var, &e, &one, &number);
    }
}

static void write_globals(writer *w)
{
    nd_nc *f = &w->file;
    const nd_results_meta *m = w->meta;
    char now[24];
    nd_utc(now, sizeof now);
    nd_text source = {0};
    nd_text_add(&source, "nudge %s, commit %s, %s, %s", nd_version, nd_build_commit,
                nd_build_compiler, nd_build_flags);
    if (m->isa) nd_text_add(&source, ", %s", m->isa);
    const struct {
        const char *name, *text;
    } globals[] = {
        {"Conventions", "CF-1.8, ACDD-1.3"},
        {"title", m->campaign},
        {"summary", m->question},
        {"date_created", now},
        {"history", m->history},
        {"creator_name", m->creator},
        {"source", nd_text_str(&source)},
        {"license", m->license ? m->license : "not stated"},
        {"command", m->command},
        {"nudge_version", nd_version},
        {"nudge_kind", "results"},
        {"nudge_spec", m->spec},
        {"nudge_contour", m->contour},
    };
    for (size_t i = 0; i < sizeof globals / sizeof *globals; i++)
        nd_nc_text(f, NC_GLOBAL, globals[i].name, globals[i].text);
    nd_text_free(&source);
}

static nd_code fill_row(writer *w, size_t trial, size_t at, nd_err *err)
{
    nd_params p;
    nd_params_defaults(&p);
    row t = {.p = &p};
    ND_TRY(w->src->trial(w->src->ctx, trial, &p, &t.r, &t.case_name, err));
    ND_TRY(nd_params_key(&p, &t.key, err));
    for (size_t i = 0; i < w->n_columns; i++) {
        column *c = &w->columns[i];
        c->fill(c, &t, at);
        if (c->failed) return ND_FAIL(err, ND_ENOMEM, "no memory to write results");
    }
    return ND_OK;
}

static void free_texts(const writer *w)
{
    for (size_t i = 0; i < w->n_columns; i++) {
        char **s = w->columns[i].block;
        for (size_t k = 0; s && w->columns[i].type == NC_STRING && k < ND_NC_BLOCK; k++) {
            free(s[k]);
            s[k] = NULL;
        }
    }
}

static nd_code write_trials(writer *w, nd_err *err)
{
    for (size_t first = 0; first < w->src->n; first += ND_NC_BLOCK) {
        const size_t left = w->src->n - first, n = left < ND_NC_BLOCK ? left : ND_NC_BLOCK;
        for (size_t i = 0; i < n; i++)
            ND_TRY(fill_row(w, first + i, i, err));
        for (size_t i = 0; i < w->n_columns; i++) {
            const column *c = &w->columns[i];
            const size_t start[2] = {first, 0}, count[2] = {n, c->width};
            nd_nc_put(&w->file, c->var, start, count, c->block);
        }
        free_texts(w);
        ND_TRY(nd_nc_check(&w->file, err));
    }
    return ND_OK;
}

static nd_code write_file(writer *w, const char *path, nd_err *err)
{
    ND_TRY(lay_out(w, err));
    nd_nc_create(&w->file, path);
    write_globals(w);
    const int dims[2] = {nd_nc_dim(&w->file, "trial", w->src->n),
                         nd_nc_dim(&w->file, "epoch", w->epochs)};
    for (size_t i = 0; i < w->n_columns; i++)
        define_column(w, &w->columns[i], dims);
    write_epochs(w, dims[1]);
    nd_code code = write_trials(w, err);
    const nd_code closed = nd_nc_close(&w->file, code == ND_OK ? err : NULL);
    return code != ND_OK ? code : closed;
}

nd_code nd_results_write(const char *path, const nd_results_meta *meta,
                         const nd_results_source *src, nd_err *err)
{
    if (!src->n) return ND_FAIL(err, ND_EINPUT, "%s: there are no trials to write", path);
    writer w = {.meta = meta, .src = src, .epochs = src->epochs ? src->epochs : 1};
    nd_text temporary = {0};
    nd_text_add(&temporary, "%s.tmp.%ld", path, (long)getpid());
    nd_code code = nd_text_check(&temporary, err);
    if (code == ND_OK) code = write_file(&w, temporary.s, err);
    if (code == ND_OK) code = nd_file_publish_as(temporary.s, path, err);
    if (code != ND_OK) {
        if (temporary.s) unlink(temporary.s);
        nd_err_while(err, "while writing %s", path);
    }
    free_texts(&w);
    for (size_t i = 0; i < w.n_columns; i++)
        free(w.columns[i].block);
    free(w.columns);
    nd_text_free(&temporary);
    return code;
}
