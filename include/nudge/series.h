/* series.h -- named values with what a reader must know about them: a column of results, a
 * coordinate, or a variable of a cube. */
#ifndef NUDGE_SERIES_H
#define NUDGE_SERIES_H

#include "nudge/role.h"
#include "nudge/text.h"

/* Owns all it points to. Texts may be NULL: not stated. */
typedef struct nd_series {
    char *name;      /* of the variable: "ep_beta"          */
    char *parameter; /* "ep.beta", when it is a parameter's */
    char *long_name, *unit;
    char *cell_methods; /* as CF has them: "realization: median"            */
    char *ancillary;    /* names of variables that qualify this one's values */
    nd_role role;
    int dim;    /* the dimension it lies along; -1: none   */
    bool whole; /* the numbers are whole                   */
    size_t n;
    double *x; /* (n) numbers; or                          */
    char **s;  /* (n) texts                                */
} nd_series;

/* n zeros, or n times "" with `texts`. */
ND_MUST nd_code nd_series_new(nd_series *v, const char *name, size_t n, bool texts,
                              nd_err *err);
/* A series of n values that is described as `like` is. */
ND_MUST nd_code nd_series_like(nd_series *v, const nd_series *like, size_t n, nd_err *err);
ND_MUST nd_code nd_series_copy(nd_series *to, size_t i, const nd_series *from, size_t k,
                               nd_err *err);
/* Replaces a description (name, parameter, long_name or unit); NULL clears it. */
ND_MUST nd_code nd_series_describe(char **what, const char *text, nd_err *err);
void nd_series_free(nd_series *v);

/* Appends value i as a person would write it; nothing for NaN. */
void nd_series_print(const nd_series *v, size_t i, nd_text *out);

#endif
