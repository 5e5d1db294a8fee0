/* series.c -- named values. */
#include "nudge/series.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

nd_code nd_series_describe(char **what, const char *text, nd_err *err)
{
    assert(what);
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy) return ND_FAIL(err, ND_ENOMEM, "no memory for a text");
    free(*what);
    *what = copy;
    return ND_OK;
}

nd_code nd_series_new(nd_series *v, const char *name, size_t n, bool texts, nd_err *err)
{
    *v = (nd_series){.dim = -1, .n = n};
    if (texts)
        v->s = calloc(n ? n : 1, sizeof *v->s);
    else
        v->x = calloc(n ? n : 1, sizeof *v->x);
    nd_code code = nd_series_describe(&v->name, name, err);
    if (code == ND_OK && !v->s && !v->x)
        code = ND_FAIL(err, ND_ENOMEM, "no memory for %zu values of %s", n, name);
    for (size_t i = 0; code == ND_OK && texts && i < n; i++)
        code = nd_series_describe(&v->s[i], "", err);
    if (code != ND_OK) nd_series_free(v);
    return code;
}

nd_code nd_series_like(nd_series *v, const nd_series *like, size_t n, nd_err *err)
{
    ND_TRY(nd_series_new(v, like->name, n, like->s != NULL, err));
    v->role = like->role;
    v->dim = like->dim;
    v->whole = like->whole;
    nd_code code = nd_series_describe(&v->parameter, like->parameter, err);
    if (code == ND_OK) code = nd_series_describe(&v->long_name, like->long_name, err);
    if (code == ND_OK) code = nd_series_describe(&v->unit, like->unit, err);
    if (code != ND_OK) nd_series_free(v);
    return code;
}

nd_code nd_series_copy(nd_series *to, size_t i, const nd_series *from, size_t k,
                       nd_err *err)
{
    if (to->s) return nd_series_describe(&to->s[i], from->s[k], err);
    to->x[i] = from->x[k];
    return ND_OK;
}

void nd_series_free(nd_series *v)
{
    for (size_t i = 0; v->s && i < v->n; i++)
        free(v->s[i]);
    free(v->s);
    free(v->x);
    free(v->name);
    free(v->parameter);
    free(v->long_name);
    free(v->unit);
    free(v->cell_methods);
    free(v->ancillary);
    *v = (nd_series){.dim = -1};
}

void nd_series_print(const nd_series *v, size_t i, nd_text *out)
{
    if (v->s)
        nd_text_add(out, "%s", v->s[i]);
    else if (!isnan(v->x[i]))
        nd_text_real(out, v->x[i]);
}
