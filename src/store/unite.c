/* unite.c -- results of several files as those of one campaign, or of several side by side.
 *
 * All trials are sorted by campaign and key, so that the records of a trial stand together; the
 * best of them is taken, at the place of the first. Then the values are moved, a column at a time,
 * so that hardly more memory is needed than for reading. */
#include "nudge/results.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* The axis of campaigns comes before those of their design. */
enum { CAMPAIGN_DIM = -2 };

typedef struct entry {
    size_t group, file, row;
    size_t at; /* its number among all, file by file */
    nd_key key;
} entry;

typedef struct unite {
    nd_results **in; /* (n) */
    size_t n;
    size_t *group; /* (n) first file of the same campaign */
    size_t groups;
    entry *entries; /* (all) */
    size_t all;
    nd_results *out;
} unite;

static nd_code no_memory(nd_err *err)
{
    return ND_FAIL(err, ND_ENOMEM, "no memory to unite results");
}

static const char *text(const char *s)
{
    return s ? s : "";
}

static const char *name_of(const nd_series *v)
{
    return v->parameter ? v->parameter : v->name;
}

/* ---- do they belong together? ---- */

static void add_columns(const nd_results *r, nd_text *out)
{
    const char *before = "";
    for (size_t c = 0; c < r->n_columns; c++) {
        const nd_series *v = &r->columns[c];
        if (v->role == ND_ROLE_SEED) continue;
        nd_text_add(out, "%s%s", before, name_of(v));
        if (v->role != ND_ROLE_AXIS) nd_text_add(out, " (%s)", nd_role_text(v->role));
        before = ", ";
    }
    if (!*before) nd_text_add(out, "nothing");
}

/* The first column of a that b has not, or has in another role. */
static const nd_series *lacking(const nd_results *a, const nd_results *b)
{
    for (size_t c = 0; c < a->n_columns; c++) {
        const nd_series *v = &a->columns[c], *w = nd_results_column_find(b, v->name);
        if (!w || w->role != v->role || !w->s != !v->s) return v;
    }
    return NULL;
}

static nd_code check_columns(const nd_results *a, const nd_results *b, nd_err *err)
{
    const nd_results *has = a, *lacks = b;
    const nd_series *v = lacking(a, b);
    if (!v) {
        has = b;
        lacks = a;
        v = lacking(b, a);
    }
    if (!v) return ND_OK;
    nd_text one = {0}, other = {0};
    add_columns(has, &one);
    add_columns(lacks, &other);
    const nd_series *w = nd_results_column_find(lacks, v->name);
    const nd_code code = ND_FAIL(
        err, ND_EINPUT,
        "%s and %s do not sweep the same: %s is %s in the first and %s in the second. "
        "The first sweeps %s; the second %s. One map takes campaigns of the same axes",
        has->files[0], lacks->files[0], name_of(v), nd_role_text(v->role),
        w ? nd_role_text(w->role) : "not swept", nd_text_str(&one), nd_text_str(&other));
    nd_text_free(&one);
    nd_text_free(&other);
    return code;
}

static nd_code find_groups(unite *u, nd_err *err)
{
    u->group = calloc(u->n, sizeof *u->group);
    if (!u->group) return no_memory(err);
    for (size_t f = 0; f < u->n; f++) {
        if (f) ND_TRY(check_columns(u->in[0], u->in[f], err));
        size_t g = 0;
        while (strcmp(text(u->in[g]->campaign), text(u->in[f]->campaign)) != 0)
            g++;
        u->group[f] = g;
        u->groups += g == f;
    }
    return ND_OK;
}

/* ---- which record of a trial ---- */

static int by_key(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->group != y->group) return x->group < y->group ? -1 : 1;
    const int c = memcmp(x->key.b, y->key.b, sizeof x->key.b);
    return c ? c : (x->at > y->at) - (x->at < y->at);
}

static int by_place(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

static nd_status status_of(const unite *u, const entry *e)
{
    return (nd_status)u->in[e->file]->status.x[e->row];
}

static bool is_function_of_parameters(nd_status s)
{
    return s == ND_STATUS_DONE || s == ND_STATUS_DIVERGED;
}

static int worth(nd_status s)
{
    return is_function_of_parameters(s) ? 3
           : nd_status_failed(s)        ? 2
           : s == ND_STATUS_PENDING     ? 1
                                        : 0;
}

static bool same(double x, double y)
{
    return x == y || (isnan(x) && isnan(y));
}

static nd_code check_same(const unite *u, const entry *a, const entry *b, nd_err *err)
{
    const nd_results *p = u->in[a->file], *q = u->in[b->file];
    char key[ND_KEY_TEXT];
    nd_key_text(a->key, key);
    if (status_of(u, a) != status_of(u, b))
        return ND_FAIL(
            err, ND_EDIFFERS,
            "trial %s ended differently in %s and in %s: %s and %s. Find out which "
            "is right",
            key, p->files[0], q->files[0], nd_status_name(status_of(u, a)),
            nd_status_name(status_of(u, b)));
    for (size_t m = 0; m < ND_METRICS; m++) {
        const double x = p->metric[m].x[a->row], y = q->metric[m].x[b->row];
        if (same(x, y) || nd_metric_at(m)->flags & ND_VOLATILE) continue;
        return ND_FAIL(
            err, ND_EDIFFERS,
            "trial %s ended differently in %s and in %s: %s %.17g and %.17g. Find "
            "out which is right",
            key, p->files[0], q->files[0], nd_metric_at(m)->name, x, y);
    }
    return ND_OK;
}

/* Of the n records of a trial the best one, at the place of the first. */
static nd_code best_of(const unite *u, const entry *of, size_t n, entry *out, nd_err *err)
{
    const entry *best = of;
    for (size_t i = 1; i < n; i++) {
        const nd_status s = status_of(u, &of[i]);
        if (is_function_of_parameters(s) && is_function_of_parameters(status_of(u, best)))
            ND_TRY(check_same(u, best, &of[i], err));
        if (worth(s) > worth(status_of(u, best))) best = &of[i];
    }
    const size_t at = of->at;
    *out = *best;
    out->at = at;
    return ND_OK;
}

static nd_code choose_entries(unite *u, nd_err *err)
{
    for (size_t f = 0; f < u->n; f++)
        u->all += u->in[f]->n;
    u->entries = malloc((u->all + 1) * sizeof *u->entries);
    if (!u->entries) return no_memory(err);
    size_t at = 0;
    for (size_t f = 0; f < u->n; f++)
        for (size_t i = 0; i < u->in[f]->n; i++, at++)
            u->entries[at] = (entry){u->group[f], f, i, at, u->in[f]->key[i]};
    qsort(u->entries, u->all, sizeof *u->entries, by_key);
    size_t kept = 0;
    for (size_t i = 0, n; i < u->all; i += n) {
        const entry *first = &u->entries[i];
        for (n = 1; i + n < u->all && first[n].group == first->group &&
                    nd_key_same(first[n].key, first->key);)
            n++;
        ND_TRY(best_of(u, first, n, &u->entries[kept++], err));
    }
    u->all = kept;
    qsort(u->entries, u->all, sizeof *u->entries, by_place);
    return ND_OK;
}

/* ---- one results ---- */

/* The description stays. */
static void drop_values(nd_series *v)
{
    for (size_t i = 0; v->s && i < v->n; i++)
        free(v->s[i]);
    free(v->s);
    free(v->x);
    v->s = NULL;
    v->x = NULL;
    v->n = 0;
}

/* Moves the values of one series of each input into v. */
static nd_code move_values(const unite *u, nd_series *v, nd_series **from, nd_err *err)
{
    ND_TRY(nd_series_like(v, from[0], u->all, err));
    v->whole = true;
    for (size_t f = 0; f < u->n; f++)
        v->whole &= from[f]->whole;
    for (size_t i = 0; i < u->all; i++) {
        const entry *e = &u->entries[i];
        if (v->s) {
            char *mine = v->s[i];
            v->s[i] = from[e->file]->s[e->row];
            from[e->file]->s[e->row] = mine;
        } else
            v->x[i] = from[e->file]->x[e->row];
    }
    for (size_t f = 0; f < u->n; f++)
        drop_values(from[f]);
    return ND_OK;
}

static nd_code add_campaigns(const unite *u, nd_series *v, nd_err *err)
{
    ND_TRY(nd_series_new(v, "campaign", u->all, true, err));
    u->out->n_columns++;
    v->role = ND_ROLE_AXIS;
    v->dim = CAMPAIGN_DIM;
    ND_TRY(nd_series_describe(&v->long_name, "name of the campaign", err));
    for (size_t i = 0; i < u->all; i++)
        ND_TRY(
            nd_series_describe(&v->s[i], text(u->in[u->entries[i].group]->campaign), err));
    return ND_OK;
}

static nd_code move_columns(const unite *u, nd_series **from, nd_err *err)
{
    nd_results *out = u->out, *first = u->in[0];
    out->columns = calloc(first->n_columns + 1, sizeof *out->columns);
    if (!out->columns) return no_memory(err);
    if (u->groups > 1) ND_TRY(add_campaigns(u, &out->columns[0], err));
    for (size_t c = 0; c < first->n_columns; c++) {
        for (size_t f = 0; f < u->n; f++)
            from[f] = (nd_series *)nd_results_column_find(u->in[f], first->columns[c].name);
        ND_TRY(move_values(u, &out->columns[out->n_columns], from, err));
        out->n_columns++;
    }
    return ND_OK;
}

static nd_code move_all(const unite *u, nd_err *err)
{
    nd_results *out = u->out;
    nd_series **from = calloc(u->n, sizeof *from);
    if (!from) return no_memory(err);
    nd_code code = move_columns(u, from, err);
    for (size_t m = 0; m < ND_METRICS + 2 && code == ND_OK; m++) {
        for (size_t f = 0; f < u->n; f++)
            from[f] = m == ND_METRICS       ? &u->in[f]->status
                      : m == ND_METRICS + 1 ? &u->in[f]->seconds
                                            : &u->in[f]->metric[m];
        code = move_values(u,
                           m == ND_METRICS       ? &out->status
                           : m == ND_METRICS + 1 ? &out->seconds
                                                 : &out->metric[m],
                           from, err);
    }
    free(from);
    return code;
}

static nd_code note_places(const unite *u, nd_err *err)
{
    nd_results *out = u->out;
    out->n = u->all;
    out->key = calloc(u->all + 1, sizeof *out->key);
    out->place = calloc(u->all + 1, sizeof *out->place);
    out->files = calloc(u->n, sizeof *out->files);
    if (!out->key || !out->place || !out->files) return no_memory(err);
    for (size_t i = 0; i < u->all; i++) {
        out->key[i] = u->entries[i].key;
        out->place[i] = (nd_results_place){u->entries[i].file, u->entries[i].row};
    }
    for (size_t f = 0; f < u->n; f++) {
        if (u->in[f]->epochs > out->epochs) out->epochs = u->in[f]->epochs;
        ND_TRY(nd_series_describe(&out->files[f], u->in[f]->files[0], err));
        out->n_files++;
    }
    return ND_OK;
}

/* The different texts among the inputs, one after the other. */
static nd_code join(const unite *u, size_t offset, const char *between, char **out,
                    nd_err *err)
{
    nd_text all = {0};
    for (size_t f = 0; f < u->n; f++) {
        const char *s = *(char *const *)((const char *)u->in[f] + offset);
        bool repeated = !s;
        for (size_t g = 0; g < f && !repeated; g++)
            repeated = !strcmp(text(*(char *const *)((const char *)u->in[g] + offset)), s);
        if (!repeated) nd_text_add(&all, "%s%s", all.n ? between : "", s);
    }
    nd_code code = nd_text_check(&all, err);
    if (code == ND_OK && all.n) code = nd_series_describe(out, all.s, err);
    nd_text_free(&all);
    return code;
}

static nd_code join_texts(const unite *u, nd_err *err)
{
    nd_results *out = u->out;
    ND_TRY(join(u, offsetof(nd_results, campaign), ", ", &out->campaign, err));
    ND_TRY(join(u, offsetof(nd_results, question), " ", &out->question, err));
    ND_TRY(join(u, offsetof(nd_results, spec), "\n---\n", &out->spec, err));
    ND_TRY(join(u, offsetof(nd_results, history), "\n", &out->history, err));
    ND_TRY(join(u, offsetof(nd_results, source), "; ", &out->source, err));
    ND_TRY(join(u, offsetof(nd_results, license), "; ", &out->license, err));
    for (size_t f = 0; f < u->n; f++) /* levels of one campaign are not those of another */
        if (u->groups > 1 || !u->in[f]->contour) return ND_OK;
    return nd_series_describe(&out->contour, u->in[0]->contour, err);
}

/* ---- trials that are the same in all that is swept ---- */

static int by_swept(const void *a, const void *b, void *results)
{
    const size_t i = *(const size_t *)a, k = *(const size_t *)b;
    const nd_results *r = results;
    for (size_t c = 0; c < r->n_columns; c++) {
        const nd_series *v = &r->columns[c];
        if (v->role == ND_ROLE_DERIVED) continue;
        const int order =
            v->s ? strcmp(v->s[i], v->s[k]) : (v->x[i] > v->x[k]) - (v->x[i] < v->x[k]);
        if (order) return order;
    }
    return 0;
}

/* Equal spec texts cannot give such trials. */
static bool may_collide(const unite *u)
{
    for (size_t f = 0; f < u->n; f++)
        if (strcmp(text(u->in[f]->spec), text(u->in[u->group[f]]->spec)) != 0) return true;
    return false;
}

static nd_code check_collisions(const nd_results *r, nd_err *err)
{
    size_t *order = malloc((r->n + 1) * sizeof *order);
    if (!order) return no_memory(err);
    for (size_t i = 0; i < r->n; i++)
        order[i] = i;
    qsort_r(order, r->n, sizeof *order, by_swept, (void *)r);
    nd_code code = ND_OK;
    for (size_t i = 1; i < r->n && code == ND_OK; i++) {
        const size_t a = order[i - 1], b = order[i];
        if (r->place[a].file == r->place[b].file || by_swept(&a, &b, (void *)r) != 0)
            continue;
        char one[ND_KEY_TEXT], other[ND_KEY_TEXT];
        nd_key_text(r->key[a], one);
        nd_key_text(r->key[b], other);
        code = ND_FAIL(
            err, ND_EINPUT,
            "trial %.8s of %s and trial %.8s of %s are the same in all that is swept, "
            "but not in the rest: parts of one campaign must have the same base. To "
            "compare two, give them different names",
            one, r->files[r->place[a].file], other, r->files[r->place[b].file]);
    }
    free(order);
    return code;
}

static nd_code unite_all(unite *u, nd_err *err)
{
    ND_TRY(find_groups(u, err));
    ND_TRY(choose_entries(u, err));
    u->out = calloc(1, sizeof *u->out);
    if (!u->out) return no_memory(err);
    ND_TRY(note_places(u, err));
    ND_TRY(join_texts(u, err));
    ND_TRY(move_all(u, err));
    return may_collide(u) ? check_collisions(u->out, err) : ND_OK;
}

nd_code nd_results_unite(nd_results **in, size_t n, nd_results **out, nd_err *err)
{
    *out = NULL;
    if (n == 1) {
        *out = in[0];
        return ND_OK;
    }
    unite u = {.in = in, .n = n};
    const nd_code code = unite_all(&u, err);
    if (code == ND_OK)
        *out = u.out;
    else
        nd_results_free(u.out);
    for (size_t f = 0; f < n; f++)
        nd_results_free(in[f]);
    free(u.group);
    free(u.entries);
    return code;
}
