/* expand.c -- from the index of a point to its parameters. */
#include "spec_impl.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static nd_code derive_one(const nd_derive *d, nd_params *p, nd_err *err)
{
    double x;
    ND_TRY(nd_expr_number(d->expr, p, &x, err));
    char text[40]; /* twelve digits, as on an axis: 0.3, not 0.30000000000000004 */
    snprintf(text, sizeof text, "%.12g", x);
    return nd_param_set(p, d->row, text, err);
}

/* On a fault *failed is the derived parameter that has it. */
static nd_code derive_all(const nd_spec *s, nd_params *p, size_t *failed, nd_err *err)
{
    for (size_t i = 0; i < s->n_derives; i++) {
        *failed = i;
        ND_TRY(derive_one(&s->derives[i], p, err));
    }
    return ND_OK;
}

nd_code nd_spec_base(const nd_spec *s, nd_params *out, nd_err *err)
{
    size_t failed = 0;
    *out = s->base;
    nd_spec_fill(s, out);
    const nd_code code = derive_all(s, out, &failed, err);
    if (code != ND_OK)
        nd_err_while(err, "while deriving %s for the base", s->derives[failed].row->name);
    return code;
}

nd_code nd_spec_point(const nd_spec *s, size_t i, nd_params *out, size_t *coords,
                      bool *kept, nd_err *err)
{
    assert(i < s->points);
    *out = s->base;
    for (size_t d = s->n_dims, rest = i; d-- > 0; rest /= s->dims[d].n) {
        const size_t k = rest % s->dims[d].n;
        if (coords) coords[d] = k;
        nd_dim_set(&s->dims[d], k, out);
    }
    nd_spec_fill(s, out);
    *kept = true;
    size_t failed = 0;
    nd_code code = derive_all(s, out, &failed, err);
    if (code == ND_OK && s->where) code = nd_expr_truth(s->where, out, kept, err);
    if (code != ND_OK) nd_err_while(err, "while expanding point %zu", i);
    return code;
}

size_t nd_spec_swept(const nd_spec *s, nd_swept *out, size_t max)
{
    size_t n = 0;
    for (size_t d = 0; d < s->n_dims; d++)
        for (size_t j = 0; j < s->dims[d].n_params; j++, n++)
            if (n < max) out[n] = (nd_swept){s->dims[d].params[j], s->dims[d].role};
    for (size_t i = 0; i < s->n_derives; i++, n++)
        if (n < max) out[n] = (nd_swept){s->derives[i].row, ND_ROLE_DERIVED};
    return n;
}

/* ---- the check of all points ---- */

/* Only dimensions that an expression looks at can make a difference; the others multiply.
 */
typedef struct walk {
    nd_reader *r;
    const nd_param *validation; /* data.validation where tune needs it, else NULL */
    size_t n;
    const nd_dim *dims[ND_N_PARAMS + 3];
    size_t k[ND_N_PARAMS + 3];
    bool derive_told[ND_N_PARAMS], where_told, tune_told;
} walk;

static bool matters(const nd_spec *s, const nd_param *row)
{
    /* these give values to others, which an expression may look at */
    if (!strcmp(row->name, "device.preset") || !strcmp(row->name, "device.table"))
        return s->where || s->n_derives;
    for (size_t i = 0; i < s->n_derives; i++)
        if (nd_expr_uses(s->derives[i].expr, row)) return true;
    return s->where && nd_expr_uses(s->where, row);
}

/* " (at ep.beta = 0.1, device.c2c = 0)" */
static void add_coordinates(const walk *w, const nd_params *p, nd_text *t)
{
    for (size_t d = 0; d < w->n; d++) {
        const nd_dim *dim = w->dims[d];
        nd_text_add(t, "%s", d ? ", " : " (at ");
        if (dim->labels) {
            nd_text_add(t, "case %s", dim->labels[w->k[d]]);
            continue;
        }
        for (size_t j = 0; j < dim->n_params; j++) {
            assert(dim->params[j]);
            nd_text_add(t, "%s%s = ", j ? ", " : "", dim->params[j]->name);
            nd_param_print(p, dim->params[j], t);
        }
    }
    if (w->n) nd_text_add(t, ")");
}

/* Reports a fault of the current point, the first time. */
static void tell(walk *w, bool *told, nd_mark at, const nd_params *p, const char *message)
{
    if (*told) return;
    *told = true;
    nd_text t = {0};
    nd_text_add(&t, "%s", message);
    add_coordinates(w, p, &t);
    nd_diag(w->r->diags, at, "%s", nd_text_str(&t));
    nd_text_free(&t);
}

static bool keeps_point(walk *w)
{
    const nd_spec *s = w->r->spec;
    nd_params p = s->base;
    for (size_t d = 0; d < w->n; d++)
        nd_dim_set(w->dims[d], w->k[d], &p);
    nd_spec_fill(s, &p);
    size_t failed = 0;
    bool kept = true;
    nd_err err;
    if (derive_all(s, &p, &failed, &err) != ND_OK)
        tell(w, &w->derive_told[failed], s->derives[failed].at, &p, err.message);
    else if (s->where && nd_expr_truth(s->where, &p, &kept, &err) != ND_OK)
        tell(w, &w->where_told, w->r->where_at, &p, err.message);
    else if (kept && w->validation && p.data_validation == 0)
        tell(w, &w->tune_told, w->r->tune_at, &p,
             "tune chooses by validation error and needs data.validation above 0: add "
             "data.validation: 1000 to base");
    return kept;
}

static bool step(walk *w)
{
    for (size_t d = w->n; d-- > 0; w->k[d] = 0)
        if (++w->k[d] < w->dims[d]->n) return true;
    return false;
}

void nd_spec_walk(nd_reader *r)
{
    nd_spec *s = r->spec;
    walk w = {.r = r};
    if (r->tune_at.line) w.validation = nd_param_find("data.validation");
    size_t seen = 1;
    for (size_t d = 0; d < s->n_dims; d++) {
        const nd_dim *dim = &s->dims[d];
        bool needed = false;
        for (size_t j = 0; j < dim->n_params; j++)
            needed |= dim->params[j] == w.validation || matters(s, dim->params[j]);
        if (!needed) continue;
        w.dims[w.n++] = dim;
        seen *= dim->n;
    }
    size_t kept = 0;
    do
        kept += keeps_point(&w);
    while (step(&w));
    s->kept = kept * (s->points / seen);
    if (!kept && !r->diags->n)
        nd_diag(r->diags, r->where_at,
                "where removes all %zu points: nothing is left to run", s->points);
}
