/* nc.c -- the layer over netcdf-c. */
#include "nc_impl.h"

#include "nudge/versions.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Units that UDUNITS reads as we mean them. "s", not "seconds": xarray turns those into
 * time deltas. */
static const char *const udunits[] = {"1", "s", "s-1", "degrees"};

/* Keeps the first failure. That a disk is full netcdf-c does not say; errno does, being 0 after
 * all that went well. */
static bool ok(nd_nc *f, int status, const char *fmt, ...) ND_PRINTF(3, 4);
static bool ok(nd_nc *f, int status, const char *fmt, ...)
{
    if (f->status == NC_NOERR && status != NC_NOERR) {
        f->status = status;
        f->sys = f->writes ? errno : 0;
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(f->what, sizeof f->what, fmt, ap);
        va_end(ap);
    }
    if (status == NC_NOERR) errno = 0;
    return status == NC_NOERR;
}

static bool failed(const nd_nc *f)
{
    return f->status != NC_NOERR;
}

void nd_nc_create(nd_nc *f, const char *path)
{
    *f = (nd_nc){.path = path, .writes = true};
    errno = 0;
    f->open = ok(f, nc_create(path, NC_NETCDF4 | NC_CLOBBER, &f->id), "create the file");
}

void nd_nc_open(nd_nc *f, const char *path)
{
    *f = (nd_nc){.path = path};
    f->open = ok(f, nc_open(path, NC_NOWRITE, &f->id), "open the file");
}

nd_code nd_nc_check(const nd_nc *f, nd_err *err)
{
    if (!failed(f)) return ND_OK;
    const nd_code code = f->status == NC_ENOTNC    ? ND_EINPUT
                         : f->status == NC_ENOMEM  ? ND_ENOMEM
                         : f->status == NC_EHDFERR ? ND_ECORRUPT
                                                   : ND_EIO;
    if (f->sys) {
        errno = f->sys;
        return ND_FAIL_SYS(err, ND_EIO, "%s: cannot %s", f->path, f->what);
    }
    return ND_FAIL(err, code, "%s: cannot %s: %s", f->path, f->what,
                   nc_strerror(f->status));
}

nd_code nd_nc_close(nd_nc *f, nd_err *err)
{
    /* netcdf-c 4.9.0 crashes over a write that fails late in closing: this leaves it the last. */
    if (f->writes && !failed(f)) ok(f, nc_sync(f->id), "write the file");
    if (f->open) ok(f, nc_close(f->id), "close the file");
    f->open = false;
    return nd_nc_check(f, err);
}

/* ---- writing ---- */

int nd_nc_dim(nd_nc *f, const char *name, size_t n)
{
    int dim = -1;
    if (!failed(f)) ok(f, nc_def_dim(f->id, name, n, &dim), "define dimension %s", name);
    return dim;
}

int nd_nc_var(nd_nc *f, const char *name, nc_type type, int n_dims, const int *dims,
              const size_t *sizes)
{
    int var = -1;
    if (failed(f) ||
        !ok(f, nc_def_var(f->id, name, type, n_dims, dims, &var), "define %s", name) ||
        !n_dims)
        return var;
    size_t chunk[NC_MAX_VAR_DIMS], left = 65536; /* values of a chunk */
    for (int d = n_dims - 1; d >= 0; d--) {
        const size_t most = left < ND_NC_BLOCK ? left : ND_NC_BLOCK;
        chunk[d] = sizes[d] < 1 ? 1 : sizes[d] < most ? sizes[d] : most;
        left = left / chunk[d] ? left / chunk[d] : 1;
    }
    ok(f, nc_def_var_chunking(f->id, var, NC_CHUNKED, chunk), "define chunks of %s", name);
    if (type != NC_STRING) /* HDF5 stores those elsewhere */
        ok(f, nc_def_var_deflate(f->id, var, NC_SHUFFLE, 1, 4), "deflate %s", name);
    return var;
}

void nd_nc_text(nd_nc *f, int var, const char *name, const char *text)
{
    if (failed(f) || !text || !*text) return;
    ok(f, nc_put_att_text(f->id, var, name, strlen(text), text), "write attribute %s",
       name);
}

void nd_nc_int(nd_nc *f, int var, const char *name, int value)
{
    if (failed(f)) return;
    ok(f, nc_put_att_int(f->id, var, name, NC_INT, 1, &value), "write attribute %s", name);
}

void nd_nc_flags(nd_nc *f, int var, const signed char *values, size_t n)
{
    if (failed(f)) return;
    ok(f, nc_put_att_schar(f->id, var, "flag_values", NC_BYTE, n, values),
       "write attribute flag_values");
}

void nd_nc_fill_nan(nd_nc *f, int var, nc_type type)
{
    if (failed(f)) return;
    const float narrow = NAN;
    const double wide = (double)NAN;
    ok(f,
       nc_def_var_fill(f->id, var, NC_FILL,
                       type == NC_FLOAT ? (const void *)&narrow : (const void *)&wide),
       "define a fill value");
}

void nd_nc_unit(nd_nc *f, int var, const char *unit)
{
    if (!unit || !*unit) return;
    bool known = false;
    for (size_t i = 0; i < sizeof udunits / sizeof *udunits; i++)
        known |= !strcmp(unit, udunits[i]);
    nd_nc_text(f, var, "units", known ? unit : "1");
    if (!known) nd_nc_text(f, var, "counted_in", unit);
}

void nd_nc_put(nd_nc *f, int var, const size_t *start, const size_t *count,
               const void *data)
{
    if (failed(f)) return;
    char name[NC_MAX_NAME + 1] = "";
    nc_inq_varname(f->id, var, name);
    ok(f, nc_put_vara(f->id, var, start, count, data), "write %s", name);
}

void nd_nc_put_all(nd_nc *f, int var, const nd_series *v)
{
    if (failed(f)) return;
    ok(f,
       v->s ? nc_put_var_string(f->id, var, (const char **)v->s)
            : nc_put_var_double(f->id, var, v->x),
       "write %s", v->name);
}

/* ---- reading ---- */

size_t nd_nc_dim_size(nd_nc *f, const char *name)
{
    int dim = -1;
    size_t n = 0;
    if (!failed(f) && ok(f, nc_inq_dimid(f->id, name, &dim), "find dimension %s", name))
        ok(f, nc_inq_dimlen(f->id, dim, &n), "measure dimension %s", name);
    return n;
}

/* Other tools rewrite text attributes as strings: both are read. */
char *nd_nc_get_text(nd_nc *f, int var, const char *name)
{
    nc_type type;
    size_t n;
    if (failed(f) || nc_inq_att(f->id, var, name, &type, &n) != NC_NOERR) return NULL;
    char *text = NULL;
    if (type == NC_CHAR) {
        text = calloc(n + 1, 1);
        if (!text) ok(f, NC_ENOMEM, "read attribute %s", name);
        if (text) ok(f, nc_get_att_text(f->id, var, name, text), "read attribute %s", name);
    } else if (type == NC_STRING && n == 1) {
        char *s = NULL;
        if (ok(f, nc_get_att_string(f->id, var, name, &s), "read attribute %s", name) && s)
            text = strdup(s);
        nc_free_string(1, &s);
    }
    return text;
}

int nd_nc_get_int(nd_nc *f, int var, const char *name, int fallback)
{
    int value = fallback;
    if (failed(f) || nc_get_att_int(f->id, var, name, &value) != NC_NOERR) return fallback;
    return value;
}

int nd_nc_vars(nd_nc *f)
{
    int n = 0;
    if (!failed(f)) ok(f, nc_inq_nvars(f->id, &n), "count the variables");
    return n;
}

int nd_nc_find(nd_nc *f, const char *name)
{
    int var;
    return !failed(f) && nc_inq_varid(f->id, name, &var) == NC_NOERR ? var : -1;
}

void nd_nc_get_texts(nd_nc *f, int var, size_t start, size_t n, char **out)
{
    if (failed(f)) return;
    char name[NC_MAX_NAME + 1] = "";
    nc_inq_varname(f->id, var, name);
    ok(f, nc_get_vara_string(f->id, var, &start, &n, out), "read %s", name);
}

void nd_nc_get_floats(nd_nc *f, int var, const size_t *start, const size_t *count,
                      float *out)
{
    if (failed(f)) return;
    char name[NC_MAX_NAME + 1] = "";
    nc_inq_varname(f->id, var, name);
    ok(f, nc_get_vara_float(f->id, var, start, count, out), "read %s", name);
}

/* Replaces the texts of v by those of the variable. */
static nd_code get_texts(nd_nc *f, int var, nd_series *v, nd_err *err)
{
    char *s[ND_NC_BLOCK];
    nd_code code = ND_OK;
    for (size_t first = 0; first < v->n && code == ND_OK; first += ND_NC_BLOCK) {
        const size_t left = v->n - first, n = left < ND_NC_BLOCK ? left : ND_NC_BLOCK;
        memset(s, 0, sizeof s);
        nd_nc_get_texts(f, var, first, n, s);
        if (failed(f)) break;
        for (size_t i = 0; code == ND_OK && i < n; i++)
            code = nd_series_describe(&v->s[first + i], s[i] ? s[i] : "", err);
        nc_free_string(n, s);
    }
    return code;
}

nd_code nd_nc_get_series(nd_nc *f, int var, nd_series *v, nd_err *err)
{
    *v = (nd_series){.dim = -1};
    char name[NC_MAX_NAME + 1] = "";
    nc_type type = NC_NAT;
    int n_dims = 0, dim = -1;
    size_t n = 0;
    if (ok(f, nc_inq_var(f->id, var, name, &type, &n_dims, NULL, NULL),
           "read a variable") &&
        ok(f, n_dims == 1 ? NC_NOERR : NC_EVARSIZE, "read %s", name) &&
        ok(f, nc_inq_vardimid(f->id, var, &dim), "read %s", name))
        ok(f, nc_inq_dimlen(f->id, dim, &n), "read %s", name);
    ND_TRY(nd_nc_check(f, err));

    ND_TRY(nd_series_new(v, name, n, type == NC_STRING, err));
    v->whole = type != NC_STRING && type != NC_DOUBLE && type != NC_FLOAT;
    v->parameter = nd_nc_get_text(f, var, "parameter");
    v->long_name = nd_nc_get_text(f, var, "long_name");
    v->unit = nd_nc_get_text(f, var, "counted_in");
    if (!v->unit) v->unit = nd_nc_get_text(f, var, "units");
    char *role = nd_nc_get_text(f, var, "role");
    v->role = role ? nd_role_find(role) : ND_ROLE_NONE;
    free(role);
    v->dim = nd_nc_get_int(f, var, "dimension", -1);
    nd_code code = ND_OK;
    if (type == NC_STRING)
        code = get_texts(f, var, v, err);
    else
        ok(f, nc_get_var_double(f->id, var, v->x), "read %s", name);
    if (code == ND_OK) code = nd_nc_check(f, err);
    if (code != ND_OK) nd_series_free(v);
    return code;
}

const char *nd_netcdf_version(void)
{
    return nc_inq_libvers();
}
