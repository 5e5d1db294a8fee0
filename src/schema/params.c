/* params.c -- the parameter table at work: text to field, field to text, trial to key. */
#include "nudge/params.h"

#include "nudge/crc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define C(id, name) name,
static const char *const choices_NUDGE[] = {ND_CHOICES_NUDGE(C) NULL};
static const char *const choices_PLACE[] = {ND_CHOICES_PLACE(C) NULL};
static const char *const choices_ORDER[] = {ND_CHOICES_ORDER(C) NULL};
static const char *const choices_NOISE_ON[] = {ND_CHOICES_NOISE_ON(C) NULL};
static const char *const choices_SPREAD[] = {ND_CHOICES_SPREAD(C) NULL};
static const char *const choices_SYNAPSE[] = {ND_CHOICES_SYNAPSE(C) NULL};
static const char *const choices_TURNS[] = {ND_CHOICES_TURNS(C) NULL};
static const char *const choices_C2C[] = {ND_CHOICES_C2C(C) NULL};
static const char *const choices_D2D[] = {ND_CHOICES_D2D(C) NULL};
static const char *const choices_LEVELS[] = {ND_CHOICES_LEVELS(C) NULL};
static const char *const choices_GRADIENT[] = {ND_CHOICES_GRADIENT(C) NULL};
static const char *const choices_BIASES[] = {ND_CHOICES_BIASES(C) NULL};
static const char *const choices_LOSS[] = {ND_CHOICES_LOSS(C) NULL};
static const char *const choices_OUTPUT[] = {ND_CHOICES_OUTPUT(C) NULL};
static const char *const choices_YESNO[] = {ND_CHOICES_YESNO(C) NULL};
static const char *const choices_SYMMETRY[] = {ND_CHOICES_SYMMETRY(C) NULL};
static const char *const choices_START[] = {ND_CHOICES_START(C) NULL};
static const char *const choices_CONVOLUTION[] = {ND_CHOICES_CONVOLUTION(C) NULL};
static const char *const choices_UPDATE[] = {ND_CHOICES_UPDATE(C) NULL};
static const char *const choices_NOISE_IN[] = {ND_CHOICES_NOISE_IN(C) NULL};
static const char *const choices_AUGMENT[] = {ND_CHOICES_AUGMENT(C) NULL};
static const char *const choices_SCHEDULE[] = {ND_CHOICES_SCHEDULE(C) NULL};
static const char *const choices_DECAY_ON[] = {ND_CHOICES_DECAY_ON(C) NULL};
static const char *const choices_OBJECTIVE[] = {ND_CHOICES_OBJECTIVE(C) NULL};
static const char *const choices_NEGATIVE[] = {ND_CHOICES_NEGATIVE(C) NULL};
static const char *const choices_STATISTICS[] = {ND_CHOICES_STATISTICS(C) NULL};
static const char *const choices_PIXELS[] = {ND_CHOICES_PIXELS(C) NULL};
static const char *const choices_VISIBLE[] = {ND_CHOICES_VISIBLE(C) NULL};
static const char *const choices_INFERENCE[] = {ND_CHOICES_INFERENCE(C) NULL};
static const char *const choices_SEES[] = {ND_CHOICES_SEES(C) NULL};
static const char *const choices_VOTING[] = {ND_CHOICES_VOTING(C) NULL};
static const char *const choices_MINI_BATCHES[] = {ND_CHOICES_MINI_BATCHES(C) NULL};
static const char *const choices_FAULT[] = {ND_CHOICES_FAULT(C) NULL};
#undef C
static const char *const choices_MODEL[] = {
#define M(id, name, help, source) name,
#include "nudge/models.def"
#undef M
    NULL};
static const char *const choices_DEVICE[] = {
#define D(id, name, help, source) name,
#include "nudge/devices.def"
#undef D
    NULL};
static const char *const choices_PRESET[] = {
#define N(id, name, values, help, source) name,
#include "nudge/presets.def"
#undef N
    NULL};
static const char *const choices_PROGRAM[] = {
#define R(id, name, help, source) name,
#include "nudge/programs.def"
#undef R
    NULL};
static const char *const choices_ACTIVATION[] = {
#define A(id, name, formula, source) name,
#include "nudge/activations.def"
#undef A
    NULL};
static const char *const choices_DATASET[] = {
#define S(id, name, help, source) name,
#include "nudge/datasets.def"
#undef S
    NULL};
static const char *const choices_OPTIMISER[] = {
#define O(id, name, moments, help, source) name,
#include "nudge/optimisers.def"
#undef O
    NULL};
#define choices_NONE NULL

static const nd_param rows[] = {
#define P(group, field, kind, set, deflt, low, high, units, flag, about, from)             \
    {.name = #group "." #field,                                                            \
     .variable = #group "_" #field,                                                        \
     .type = ND_TYPE_##kind,                                                               \
     .choices = choices_##set,                                                             \
     .fallback = deflt,                                                                    \
     .lo = low,                                                                            \
     .hi = high,                                                                           \
     .unit = units,                                                                        \
     .help = about,                                                                        \
     .source = from,                                                                       \
     .flags = flag,                                                                        \
     .offset = offsetof(nd_params, group##_##field)},
#include "nudge/params.def"
#undef P
};
enum { N_ROWS = sizeof rows / sizeof *rows };

size_t nd_param_count(void)
{
    return N_ROWS;
}

const nd_param *nd_param_at(size_t i)
{
    return &rows[i];
}

const nd_param *nd_param_find(const char *name)
{
    for (size_t i = 0; i < N_ROWS; i++)
        if (!strcmp(rows[i].name, name)) return &rows[i];
    return NULL;
}

const char *nd_param_nearest(const char *name)
{
    nd_nearest n = nd_nearest_to(name);
    for (size_t i = 0; i < N_ROWS; i++)
        if (!(rows[i].flags & ND_HIDDEN)) nd_nearest_try(&n, rows[i].name);
    return n.best;
}

const char *nd_type_text(nd_type type)
{
    static const char *const texts[] = {
        "a whole number",          "a number",         "a name", "a text",
        "a list of whole numbers", "a list of numbers"};
    return texts[type];
}

static const void *field(const nd_params *p, const nd_param *row)
{
    return (const char *)p + row->offset;
}

/* ---- text to field ---- */

static nd_code wrong_type(const nd_param *row, const char *text, nd_err *err)
{
    return ND_FAIL(err, ND_EINPUT, "%s must be %s, not \"%.64s\"", row->name,
                   nd_type_text(row->type), text);
}

static nd_code check_bounds(const nd_param *row, double x, nd_err *err)
{
    if (x >= row->lo && x <= row->hi) return ND_OK;
    nd_text range = {0};
    nd_text_real(&range, row->lo);
    nd_text_add(&range, " and ");
    nd_text_real(&range, row->hi);
    nd_text value = {0};
    nd_text_real(&value, x);
    ND_FAIL(err, ND_EINPUT, "%s = %s is out of range: it lies between %s", row->name,
            nd_text_str(&value), nd_text_str(&range));
    nd_text_free(&range);
    nd_text_free(&value);
    return ND_EINPUT;
}

static nd_code set_number(const nd_param *row, bool whole, const char *text, double *x,
                          int64_t *i, nd_err *err)
{
    if (whole ? !nd_parse_int(text, i) : !nd_parse_real(text, x))
        return wrong_type(row, text, err);
    return check_bounds(row, whole ? (double)*i : *x, err);
}

static nd_code set_choice(const nd_param *row, const char *text, int64_t *out, nd_err *err)
{
    nd_nearest near = nd_nearest_to(text);
    nd_text all = {0};
    for (int64_t i = 0; row->choices[i]; i++) {
        if (!strcmp(row->choices[i], text)) {
            nd_text_free(&all);
            *out = i;
            return ND_OK;
        }
        nd_nearest_try(&near, row->choices[i]);
        nd_text_add(&all, "%s%s", i ? ", " : "", row->choices[i]);
    }
    if (near.best)
        ND_FAIL(err, ND_EINPUT, "%s has no choice \"%.64s\"; did you mean \"%s\"?",
                row->name, text, near.best);
    else
        ND_FAIL(err, ND_EINPUT, "%s has no choice \"%.64s\"; it takes one of: %s",
                row->name, text, nd_text_str(&all));
    nd_text_free(&all);
    return ND_EINPUT;
}

/* "[784, 512, 10]", "784 512 10" or a lone number */
static nd_code set_list(const nd_param *row, const char *text, nd_ints *ints,
                        nd_reals *reals, nd_err *err)
{
    const bool whole = ints != NULL;
    const char *p = text;
    const size_t length = strlen(text);
    const char *end = text + length;
    if (*p == '[') {
        if (end[-1] != ']') return wrong_type(row, text, err);
        p++, end--;
    }
    size_t n = 0;
    for (;;) {
        p += strspn(p, ", ");
        if (p >= end) break;
        char number[40];
        const size_t digits = strcspn(p, ", ]");
        if (n == ND_LIST_MAX)
            return ND_FAIL(err, ND_EINPUT, "%s takes at most %d values", row->name,
                           ND_LIST_MAX);
        if (!digits || digits >= sizeof number) return wrong_type(row, text, err);
        nd_copy(number, digits + 1, p);
        double x = 0;
        int64_t i = 0;
        ND_TRY(set_number(row, whole, number, &x, &i, err));
        if (whole)
            ints->v[n] = i;
        else
            reals->v[n] = x;
        n++;
        p += digits;
    }
    if (!n)
        return ND_FAIL(err, ND_EINPUT, "%s is empty: it takes %s", row->name,
                       nd_type_text(row->type));
    if (whole)
        ints->n = n;
    else
        reals->n = n;
    return ND_OK;
}

nd_code nd_param_set(nd_params *p, const nd_param *row, const char *text, nd_err *err)
{
    union {
        int64_t i;
        double x;
        nd_path s;
        nd_ints ints;
        nd_reals reals;
    } v = {0};
    size_t size = sizeof v.i;
    switch (row->type) {
    case ND_TYPE_INT:
        ND_TRY(set_number(row, true, text, NULL, &v.i, err));
        break;
    case ND_TYPE_REAL:
        ND_TRY(set_number(row, false, text, &v.x, NULL, err));
        size = sizeof v.x;
        break;
    case ND_TYPE_CHOICE:
        ND_TRY(set_choice(row, text, &v.i, err));
        break;
    case ND_TYPE_TEXT:
        if (strlen(text) >= sizeof v.s.s || strpbrk(text, "\r\n"))
            return ND_FAIL(err, ND_EINPUT, "%s takes one line of at most %d characters",
                           row->name, ND_TEXT_MAX - 1);
        nd_copy(v.s.s, sizeof v.s.s, text);
        size = sizeof v.s;
        break;
    case ND_TYPE_INTS:
        ND_TRY(set_list(row, text, &v.ints, NULL, err));
        size = sizeof v.ints;
        break;
    case ND_TYPE_REALS:
        ND_TRY(set_list(row, text, NULL, &v.reals, err));
        size = sizeof v.reals;
        break;
    }
    memcpy((char *)p + row->offset, &v, size);
    return ND_OK;
}

void nd_params_defaults(nd_params *p)
{
    memset(p, 0, sizeof *p);
    for (size_t i = 0; i < N_ROWS; i++)
        /* cannot fail: a unit test sets and prints every fallback */
        if (nd_param_set(p, &rows[i], rows[i].fallback, NULL) != ND_OK) abort();
}

/* ---- field to text ---- */

void nd_param_print(const nd_params *p, const nd_param *row, nd_text *out)
{
    const void *f = field(p, row);
    switch (row->type) {
    case ND_TYPE_INT:
        nd_text_add(out, "%lld", (long long)*(const int64_t *)f);
        break;
    case ND_TYPE_REAL:
        nd_text_real(out, *(const double *)f);
        break;
    case ND_TYPE_CHOICE:
        nd_text_add(out, "%s", row->choices[*(const int64_t *)f]);
        break;
    case ND_TYPE_TEXT:
        nd_text_add(out, "%s", ((const nd_path *)f)->s);
        break;
    case ND_TYPE_INTS:
    case ND_TYPE_REALS: {
        const nd_ints *ints = f;
        const nd_reals *reals = f;
        const bool whole = row->type == ND_TYPE_INTS;
        const size_t n = whole ? ints->n : reals->n;
        nd_text_add(out, "[");
        for (size_t i = 0; i < n; i++) {
            if (i) nd_text_add(out, ", ");
            if (whole)
                nd_text_add(out, "%lld", (long long)ints->v[i]);
            else
                nd_text_real(out, reals->v[i]);
        }
        nd_text_add(out, "]");
        break;
    }
    }
}

bool nd_param_number(const nd_params *p, const nd_param *row, double *out)
{
    const void *f = field(p, row);
    if (row->type == ND_TYPE_INT)
        *out = (double)*(const int64_t *)f;
    else if (row->type == ND_TYPE_REAL)
        *out = *(const double *)f;
    else
        return false;
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const nd_param *const *)a)->name, (*(const nd_param *const *)b)->name);
}

void nd_params_print(const nd_params *p, bool all, nd_text *out)
{
    const nd_param *named[N_ROWS];
    size_t n = 0;
    nd_text value = {0};
    for (size_t i = 0; i < N_ROWS; i++) {
        if (!all && (rows[i].flags & ND_NOT_IDENTITY)) continue;
        nd_text_clear(&value);
        nd_param_print(p, &rows[i], &value);
        if (strcmp(nd_text_str(&value), rows[i].fallback) != 0) named[n++] = &rows[i];
    }
    qsort(named, n, sizeof *named, by_name);
    for (size_t i = 0; i < n; i++) {
        nd_text_add(out, "%s = ", named[i]->name);
        nd_param_print(p, named[i], out);
        nd_text_add(out, "\n");
    }
    out->failed |= value.failed;
    nd_text_free(&value);
}

nd_code nd_params_parse(nd_params *p, const char *text, nd_err *err)
{
    nd_params_defaults(p);
    for (const char *line = text; *line;) {
        const size_t n = strcspn(line, "\n");
        char copy[ND_TEXT_MAX + 96];
        if (n >= sizeof copy) return ND_FAIL(err, ND_ECORRUPT, "parameter line too long");
        nd_copy(copy, n + 1, line);
        line += n + (line[n] == '\n');
        char *equals = strstr(copy, " = ");
        if (!equals)
            return ND_FAIL(err, ND_ECORRUPT, "not a parameter line: \"%.80s\"", copy);
        *equals = '\0';
        const nd_param *row = nd_param_find(copy);
        if (!row)
            return ND_FAIL(
                err, ND_ENOENT,
                "unknown parameter \"%.64s\"; was this written by a newer nudge?", copy);
        ND_TRY(nd_param_set(p, row, equals + 3, err));
    }
    return ND_OK;
}

/* ---- the key ---- */

nd_code nd_params_key(const nd_params *p, nd_key *key, nd_err *err)
{
    static const unsigned char hash_key[16] = "nudge trial key";
    nd_text t = {0};
    nd_text_add(&t, "nudge parameters %d\n", ND_SCHEMA_VERSION);
    nd_params_print(p, false, &t);
    const nd_code code = nd_text_check(&t, err);
    if (code == ND_OK) nd_siphash128(hash_key, t.s, t.n, key->b);
    nd_text_free(&t);
    return code;
}

void nd_key_text(nd_key key, char out[ND_KEY_TEXT])
{
    static const char hex[] = "0123456789abcdef";
    for (int i = 0; i < 16; i++) {
        out[2 * i] = hex[key.b[i] >> 4];
        out[2 * i + 1] = hex[key.b[i] & 15];
    }
    out[32] = '\0';
}

bool nd_key_parse(const char *s, nd_key *key)
{
    if (strlen(s) != ND_KEY_TEXT - 1) return false;
    for (int i = 0; i < 32; i++) {
        const char *hex = "0123456789abcdef", *at = s[i] ? strchr(hex, s[i]) : NULL;
        if (!at) return false;
        const unsigned v = (unsigned)(at - hex);
        key->b[i / 2] = (unsigned char)(i % 2 ? key->b[i / 2] | v : v << 4);
    }
    return true;
}
