/* nc_impl.h -- a thin layer over netcdf-c, for this folder alone.
 *
 * The first failure sticks in the handle, and later calls do nothing; it is reported by
 * nd_nc_check and nd_nc_close. So a file is described in straight lines. */
#ifndef NUDGE_NC_IMPL_H
#define NUDGE_NC_IMPL_H

#include "nudge/series.h"

#include <netcdf.h>

typedef struct nd_nc {
    int id;
    bool open, writes;
    int status;     /* NC_NOERR, or the first failure */
    int sys;        /* errno of it, if writing failed */
    char what[160]; /* what failed: "define ep_beta"  */
    const char *path;
} nd_nc;

enum { ND_NC_BLOCK = 1024 }; /* trials written at once, and the longest chunk */

/* Creates `path` as NetCDF-4, or opens it for reading. path is borrowed. */
void nd_nc_create(nd_nc *f, const char *path);
void nd_nc_open(nd_nc *f, const char *path);
ND_MUST nd_code nd_nc_check(const nd_nc *f, nd_err *err);
/* Closes; returns the first failure since the file was opened. */
ND_MUST nd_code nd_nc_close(nd_nc *f, nd_err *err);

/* ---- writing ---- */
int nd_nc_dim(nd_nc *f, const char *name, size_t n);
/* Numbers are deflated, in chunks of whole blocks. sizes: lengths of the dimensions. */
int nd_nc_var(nd_nc *f, const char *name, nc_type type, int n_dims, const int *dims,
              const size_t *sizes);
void nd_nc_text(nd_nc *f, int var, const char *name, const char *text); /* NULL, "": none */
void nd_nc_int(nd_nc *f, int var, const char *name, int value);
void nd_nc_flags(nd_nc *f, int var, const signed char *values, size_t n); /* flag_values */
void nd_nc_fill_nan(nd_nc *f, int var, nc_type type);
/* `units` as CF wants them: a unit that UDUNITS does not know (images, epochs), or knows as
 * something else (T), counts as "1" and goes into the attribute `counted_in`. */
void nd_nc_unit(nd_nc *f, int var, const char *unit);
void nd_nc_put(nd_nc *f, int var, const size_t *start, const size_t *count,
               const void *data);
void nd_nc_put_all(nd_nc *f, int var, const nd_series *v);

/* ---- reading ---- */
size_t nd_nc_dim_size(nd_nc *f, const char *name);
/* An attribute's text, to be freed, or NULL when it is not there. */
char *nd_nc_get_text(nd_nc *f, int var, const char *name);
int nd_nc_get_int(nd_nc *f, int var, const char *name, int fallback);
int nd_nc_vars(nd_nc *f);                   /* how many variables */
int nd_nc_find(nd_nc *f, const char *name); /* -1: no such variable */
/* So many texts from `start` on, to be freed with nc_free_string. */
void nd_nc_get_texts(nd_nc *f, int var, size_t start, size_t n, char **out);
/* count values from start, of a variable of as many dimensions, as floats. */
void nd_nc_get_floats(nd_nc *f, int var, const size_t *start, const size_t *count,
                      float *out);
/* All of a variable of one dimension, numbers into doubles; and its description. */
ND_MUST nd_code nd_nc_get_series(nd_nc *f, int var, nd_series *v, nd_err *err);

#endif
