/* report_trials.c -- how trials ended: counts, reasons, and where they ran. */
#include "report_impl.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { KINDS_MAX = 200 }; /* of texts that are told apart; the rest is counted together */

/* ---- counting texts ---- */

/* A status (0: of no matter) and a text, and the trial where it was seen first. */
typedef struct kind {
    int status;
    char *text, *first;
    size_t trial, n;
} kind;

typedef struct tally {
    const nd_results *r;
    const bool *marked;
    bool failures; /* of failed trials only, by status and reason; else of those that ran */
    kind *kinds;   /* (n) */
    size_t n;
} tally;

static void free_tally(tally *t)
{
    for (size_t i = 0; i < t->n; i++) {
        free(t->kinds[i].text);
        free(t->kinds[i].first);
    }
    free(t->kinds);
}

/* "epoch 12: loss 1.5e+09" and "epoch 3: loss inf" tell the same story up to their numbers. */
static void mask_numbers(char *s)
{
    char *to = s;
    while (*s) {
        if (!isdigit((unsigned char)*s)) {
            *to++ = *s++;
            continue;
        }
        char *end;
        strtod(s, &end);
        s = end > s ? end : s + 1;
        *to++ = '#';
    }
    *to = '\0';
}

static nd_code add_kind(tally *t, int status, char *text, const char *first, size_t trial,
                        nd_err *err)
{
    kind *more = realloc(t->kinds, (t->n + 1) * sizeof *more);
    if (more) t->kinds = more;
    char *copy = strdup(first);
    if (!more || !copy) {
        free(text);
        free(copy);
        return ND_FAIL(err, ND_ENOMEM, "no memory to count how trials ended");
    }
    t->kinds[t->n++] =
        (kind){.status = status, .text = text, .first = copy, .trial = trial, .n = 1};
    return ND_OK;
}

static nd_code see(void *ctx, size_t trial, const char *text, nd_err *err)
{
    tally *t = ctx;
    const nd_status status = (nd_status)t->r->status.x[trial];
    if (!t->marked[trial] || (t->failures ? !nd_status_failed(status) : !*text))
        return ND_OK;
    char *masked = strdup(text);
    if (!masked) return ND_FAIL(err, ND_ENOMEM, "no memory to count how trials ended");
    if (t->failures) mask_numbers(masked);
    const int of = t->failures ? (int)status : 0;
    size_t k = 0;
    while (k < t->n && (t->kinds[k].status != of || strcmp(t->kinds[k].text, masked) != 0))
        k++;
    /* of those too many to tell apart each status has one */
    if (k == t->n && t->n >= KINDS_MAX) {
        const char *others = "others";
        for (k = 0; k < t->n; k++)
            if (t->kinds[k].status == of && !strcmp(t->kinds[k].first, others)) break;
        if (k == t->n) return add_kind(t, of, masked, others, trial, err);
    }
    if (k == t->n) return add_kind(t, of, masked, text, trial, err);
    free(masked);
    t->kinds[k].n++;
    return ND_OK;
}

static int most_first(const void *a, const void *b)
{
    const kind *x = a, *y = b;
    if (x->n != y->n) return x->n < y->n ? 1 : -1;
    return (x->trial > y->trial) - (x->trial < y->trial);
}

static nd_code count(tally *t, const char *variable, nd_err *err)
{
    const nd_results_seer seer = {see, t};
    ND_TRY(nd_results_texts(t->r, variable, &seer, err));
    if (t->n) qsort(t->kinds, t->n, sizeof *t->kinds, most_first);
    return ND_OK;
}

/* ---- what came out ---- */

/* "ep.beta 0.1, device.seed 3" */
static void add_place(nd_json *j, const nd_results *r, size_t trial)
{
    nd_text at = {0};
    for (size_t c = 0; c < r->n_columns; c++) {
        const nd_series *v = &r->columns[c];
        nd_text_add(&at, "%s%s ", c ? ", " : "", v->parameter ? v->parameter : v->name);
        nd_series_print(v, trial, &at);
    }
    nd_json_string(j, nd_text_str(&at));
    j->text.failed |= at.failed;
    nd_text_free(&at);
}

static void add_failure(nd_json *j, const nd_results *r, const kind *k)
{
    char key[ND_KEY_TEXT];
    nd_key_text(r->key[k->trial], key);
    nd_json_open(j, '{');
    nd_json_key(j, "status");
    nd_json_string(j, nd_status_name((nd_status)k->status));
    nd_json_key(j, "reason");
    nd_json_string(j, k->first);
    nd_json_key(j, "n");
    nd_json_int(j, (long long)k->n);
    nd_json_key(j, "key");
    nd_json_string(j, key);
    nd_json_key(j, "at");
    add_place(j, r, k->trial);
    nd_json_close(j);
}

static nd_code add_failures(nd_json *j, const nd_results *r, const bool *marked,
                            nd_err *err)
{
    tally t = {.r = r, .marked = marked, .failures = true};
    nd_code code = count(&t, "reason", err);
    nd_json_key(j, "failures");
    nd_json_open(j, '[');
    for (size_t k = 0; k < t.n; k++)
        add_failure(j, r, &t.kinds[k]);
    nd_json_close(j);
    free_tally(&t);
    return code;
}

static nd_code add_texts(nd_json *j, const char *name, const char *variable,
                         const nd_results *r, const bool *marked, nd_err *err)
{
    tally t = {.r = r, .marked = marked};
    const nd_code code = count(&t, variable, err);
    nd_json_key(j, name);
    nd_json_open(j, '[');
    for (size_t k = 0; k < t.n; k++) {
        nd_json_open(j, '{');
        nd_json_key(j, "text");
        nd_json_string(j, t.kinds[k].first);
        nd_json_key(j, "n");
        nd_json_int(j, (long long)t.kinds[k].n);
        nd_json_close(j);
    }
    nd_json_close(j);
    free_tally(&t);
    return code;
}

static void add_statuses(nd_json *j, const nd_results *r, const bool *marked)
{
    size_t n[ND_STATUSES] = {0}, all = 0;
    double seconds = 0;
    for (size_t i = 0; i < r->n; i++) {
        if (!marked[i]) continue;
        all++;
        n[(int)r->status.x[i]]++;
        seconds += isnan(r->seconds.x[i]) ? 0 : r->seconds.x[i];
    }
    nd_json_key(j, "trials");
    nd_json_int(j, (long long)all);
    nd_json_key(j, "seconds");
    nd_json_real(j, round(seconds * 10) / 10);
    nd_json_key(j, "statuses");
    nd_json_open(j, '[');
    for (int s = 0; s < ND_STATUSES; s++) {
        if (!n[s]) continue;
        nd_json_open(j, '{');
        nd_json_key(j, "status");
        nd_json_string(j, nd_status_name((nd_status)s));
        nd_json_key(j, "help");
        nd_json_string(j, nd_status_help((nd_status)s));
        nd_json_key(j, "failed");
        nd_json_bool(j, nd_status_failed((nd_status)s));
        nd_json_key(j, "n");
        nd_json_int(j, (long long)n[s]);
        nd_json_close(j);
    }
    nd_json_close(j);
}

nd_code nd_report_trials(nd_json *j, const nd_results *r, const bool *marked, nd_err *err)
{
    add_statuses(j, r, marked);
    ND_TRY(add_failures(j, r, marked, err));
    ND_TRY(add_texts(j, "isa", "isa", r, marked, err));
    return add_texts(j, "hosts", "host", r, marked, err);
}
