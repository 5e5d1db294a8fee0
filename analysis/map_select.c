/* map_select.c -- the trials that a map is made of. */
#include "map_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LISTED = 12 };

static void add_swept(const nd_results *r, nd_text *out)
{
    for (size_t i = 0; i < r->n_columns; i++)
        nd_text_add(out, "%s%s", i ? ", " : "",
                    r->columns[i].parameter ? r->columns[i].parameter : r->columns[i].name);
}

static nd_code find_column(const nd_map_builder *b, const char *name, const nd_series **out,
                           nd_err *err)
{
    *out = nd_results_column_find(b->r, name);
    if (*out) return ND_OK;
    nd_nearest near = nd_nearest_to(name);
    for (size_t i = 0; i < b->r->n_columns; i++)
        if (b->r->columns[i].parameter) nd_nearest_try(&near, b->r->columns[i].parameter);
    nd_text swept = {0};
    add_swept(b->r, &swept);
    if (near.best)
        ND_FAIL(err, ND_EINPUT,
                "this campaign does not sweep \"%.64s\"; did you mean \"%s\"?", name,
                near.best);
    else
        ND_FAIL(err, ND_EINPUT, "this campaign does not sweep \"%.64s\"; it sweeps: %s",
                name, nd_text_str(&swept));
    nd_text_free(&swept);
    return ND_EINPUT;
}

/* The canonical spelling, as results.nc has it, where `text` is a value of a parameter. */
static void canonical(const nd_series *v, const char *text, nd_text *out)
{
    const nd_param *row = v->parameter ? nd_param_find(v->parameter) : NULL;
    nd_params p;
    nd_params_defaults(&p);
    if (row && nd_param_set(&p, row, text, NULL) == ND_OK)
        nd_param_print(&p, row, out);
    else
        nd_text_add(out, "%s", text);
}

bool nd_map_matches(const nd_map_choice *c, size_t trial)
{
    if (c->v->s) return !strcmp(c->v->s[trial], nd_text_str(&c->text));
    /* 0.03 of a linspace may differ from 0.03 in the last bits */
    const double x = c->v->x[trial];
    return fabs(x - c->x) <= 1e-9 * fmax(fabs(x), fabs(c->x));
}

/* Lists the different values among trials. */
static void add_values(const nd_series *v, const size_t *trials, size_t n, nd_text *out)
{
    size_t seen[LISTED], n_seen = 0;
    for (size_t i = 0; i < n; i++) {
        bool is_new = true;
        for (size_t k = 0; k < n_seen && is_new; k++)
            is_new = v->s ? strcmp(v->s[trials[i]], v->s[seen[k]]) != 0
                          : v->x[trials[i]] != v->x[seen[k]];
        if (!is_new) continue;
        nd_text_add(out, "%s", n_seen ? ", " : "");
        if (n_seen == LISTED) {
            nd_text_add(out, "...");
            return;
        }
        seen[n_seen++] = trials[i];
        nd_series_print(v, trials[i], out);
    }
}

nd_code nd_map_no_match(const nd_map_builder *b, const nd_map_choice *c, nd_err *err)
{
    nd_text values = {0};
    add_values(c->v, b->trials, b->n, &values);
    ND_FAIL(err, ND_EINPUT, "no trial has %s = %.64s; there is: %s",
            c->v->parameter ? c->v->parameter : c->v->name, nd_text_str(&c->text),
            nd_text_str(&values));
    nd_text_free(&values);
    return ND_EINPUT;
}

nd_code nd_map_choose(const nd_map_builder *b, const char *option, const char *choice,
                      nd_map_choice *out, nd_err *err)
{
    *out = (nd_map_choice){.x = (double)NAN};
    const char *equals = strchr(choice, '=');
    char name[128];
    if (!equals || equals == choice || (size_t)(equals - choice) >= sizeof name)
        return ND_FAIL(err, ND_EUSAGE,
                       "%s takes parameter=value, such as ep.beta=0.1, not \"%.64s\"",
                       option, choice);
    nd_copy(name, (size_t)(equals - choice) + 1, choice);
    for (size_t n = strlen(name); n && name[n - 1] == ' '; n--)
        name[n - 1] = '\0';
    const char *value = equals + 1 + (equals[1] == '=');
    value += strspn(value, " ");
    ND_TRY(find_column(b, name, &out->v, err));
    canonical(out->v, value, &out->text);
    if (!out->v->s && !nd_parse_real(nd_text_str(&out->text), &out->x))
        out->x = (double)NAN;
    return nd_text_check(&out->text, err);
}

/* Keeps the trials that match. */
static nd_code keep(nd_map_builder *b, const nd_map_choice *c, nd_err *err)
{
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++)
        n += nd_map_matches(c, b->trials[i]);
    if (!n) return nd_map_no_match(b, c, err);
    n = 0;
    for (size_t i = 0; i < b->n; i++)
        if (nd_map_matches(c, b->trials[i])) b->trials[n++] = b->trials[i];
    b->n = n;
    return ND_OK;
}

nd_code nd_map_select(nd_map_builder *b, nd_err *err)
{
    b->trials = malloc((b->r->n + 1) * sizeof *b->trials);
    b->members = malloc((b->r->n + 1) * sizeof *b->members);
    b->values = malloc((b->r->n + 1) * sizeof *b->values);
    if (!b->trials || !b->members || !b->values) return nd_map_no_memory(err);
    if (!b->r->n) return ND_FAIL(err, ND_EINPUT, "the results hold no trials");
    for (b->n = 0; b->n < b->r->n; b->n++)
        b->trials[b->n] = b->n;
    for (size_t i = 0; i < b->o->n_where; i++) {
        nd_map_choice c;
        nd_code code = nd_map_choose(b, "--where", b->o->where[i], &c, err);
        if (code == ND_OK) code = keep(b, &c, err);
        nd_text_free(&c.text);
        ND_TRY(code);
    }
    return ND_OK;
}
