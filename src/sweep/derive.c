/* derive.c -- the sections that hold expressions. */
#include "spec_impl.h"

#include <string.h>

/* Where in the file byte `offset` of a scalar's text stands. A text that was escaped or
 * folded is not there letter by letter; its beginning will do. */
static nd_mark inside(const nd_reader *r, const nd_node *scalar, size_t offset)
{
    const nd_source *source = &r->diags->source;
    const size_t from = nd_mark_offset(source, scalar->at) + scalar->quoted;
    const size_t n = strlen(scalar->text);
    if (from > source->n || n > source->n - from ||
        memcmp(source->text + from, scalar->text, n) != 0 || memchr(scalar->text, '\n', n))
        return scalar->at;
    return (nd_mark){scalar->at.line, scalar->at.column + scalar->quoted + (int)offset};
}

/* The expression of a scalar; NULL: a fault was reported. */
static nd_expr *read_expr(nd_reader *r, const nd_node *node, nd_expr_kind want,
                          const char *what)
{
    if (node->kind != ND_SCALAR) {
        nd_diag(r->diags, node->at, "%s must be an expression in quotes, not %s", what,
                nd_kind_text(node->kind));
        return NULL;
    }
    nd_expr *e = NULL;
    size_t at = 0;
    nd_err fault;
    const nd_code code = nd_expr_parse(node->text, want, &e, &at, &fault);
    if (code == ND_EINPUT)
        nd_diag(r->diags, inside(r, node, at), "%s", fault.message);
    else if (code != ND_OK)
        r->code = ND_FAIL(r->err, code, "%s", fault.message);
    return e;
}

void nd_read_where(nd_reader *r, const nd_node *section)
{
    r->where_at = section->at;
    r->spec->where = read_expr(r, section, ND_EXPR_TRUTH, "where");
}

/* ---- order ---- */

enum { UNSEEN, OPEN, DONE };

typedef struct sorter {
    nd_reader *r;
    size_t n;
    nd_derive in[ND_N_PARAMS];
    int state[ND_N_PARAMS];
    size_t path[ND_N_PARAMS], depth; /* those being visited */
} sorter;

static void report_cycle(const sorter *s, size_t back)
{
    nd_text t = {0};
    size_t first = 0;
    while (s->path[first] != back)
        first++;
    for (size_t i = first; i < s->depth; i++)
        nd_text_add(&t, "%s needs ", s->in[s->path[i]].row->name);
    nd_diag(s->r->diags, s->in[back].at, "derive goes in a circle: %s%s", nd_text_str(&t),
            s->in[back].row->name);
    nd_text_free(&t);
}

/* Depth first: what i needs goes out before i. */
static void visit(sorter *s, size_t i)
{
    if (s->state[i] != UNSEEN) {
        if (s->state[i] == OPEN) report_cycle(s, i);
        return;
    }
    s->state[i] = OPEN;
    s->path[s->depth++] = i;
    for (size_t j = 0; j < s->n; j++)
        if (nd_expr_uses(s->in[i].expr, s->in[j].row)) visit(s, j);
    s->depth--;
    s->state[i] = DONE;
    s->r->spec->derives[s->r->spec->n_derives++] = s->in[i];
}

void nd_read_derive(nd_reader *r, const nd_node *section)
{
    nd_entries in;
    nd_entries_read(r, section, NULL, &in);
    sorter s = {.r = r};
    for (size_t i = 0; i < in.n; i++) {
        const nd_entry *e = &in.e[i];
        const bool free_place = nd_entry_claim(r, e, "derive");
        if (e->row->type == ND_TYPE_CHOICE || e->row->type == ND_TYPE_TEXT) {
            nd_diag(r->diags, e->at, "%s holds a name: derive computes numbers",
                    e->row->name);
            continue;
        }
        nd_expr *expr = read_expr(r, e->value, ND_EXPR_NUMBER, e->row->name);
        if (!expr) continue;
        if (free_place && !r->set[nd_param_index(e->row)])
            s.in[s.n++] = (nd_derive){e->row, expr, e->value->at};
        else
            nd_expr_free(expr);
    }
    for (size_t i = 0; i < s.n; i++)
        visit(&s, i);
}
