/* params.h -- what a trial is given. The rows stand in params.def; everything here follows.
 */
#ifndef NUDGE_PARAMS_H
#define NUDGE_PARAMS_H

#include "nudge/choices.h"
#include "nudge/text.h"

#include <string.h>

enum { ND_LIST_MAX = 16, ND_TEXT_MAX = 256, ND_SCHEMA_VERSION = 1 };

typedef struct nd_ints {
    size_t n;
    int64_t v[ND_LIST_MAX];
} nd_ints;

typedef struct nd_reals {
    size_t n;
    double v[ND_LIST_MAX];
} nd_reals;

typedef struct nd_path {
    char s[ND_TEXT_MAX];
} nd_path;

#define ND_FIELD_INT    int64_t
#define ND_FIELD_REAL   double
#define ND_FIELD_CHOICE int64_t
#define ND_FIELD_TEXT   nd_path
#define ND_FIELD_INTS   nd_ints
#define ND_FIELD_REALS  nd_reals

/* The parameters of one trial: p.ep_beta is "ep.beta". Plain data, copied freely. */
typedef struct nd_params {
#define P(group, name, type, ...) ND_FIELD_##type group##_##name;
#include "nudge/params.def"
#undef P
} nd_params;

typedef enum nd_type {
    ND_TYPE_INT,
    ND_TYPE_REAL,
    ND_TYPE_CHOICE,
    ND_TYPE_TEXT,
    ND_TYPE_INTS,
    ND_TYPE_REALS
} nd_type;

enum { ND_NOT_IDENTITY = 1, ND_HIDDEN = 2 };

typedef struct nd_param {
    const char *name;     /* "ep.beta"; the NetCDF variable is ep_beta   */
    const char *variable; /* "ep_beta"                                   */
    nd_type type;
    const char *const *choices; /* NULL-terminated names of a CHOICE     */
    const char *fallback;       /* default, in canonical text            */
    double lo, hi;
    const char *unit, *help, *source;
    int flags;
    size_t offset; /* of the field in nd_params */
} nd_param;

size_t nd_param_count(void);
const nd_param *nd_param_at(size_t i);
const nd_param *nd_param_find(const char *name); /* NULL: no such parameter */
const char *nd_param_nearest(const char *name);  /* worth suggesting, or NULL */
const char *nd_type_text(nd_type type);          /* "a list of whole numbers" */

void nd_params_defaults(nd_params *p);

/* Sets one parameter from text ("0.1", "[784, 512, 10]", "one-sided"). On ND_EINPUT p is
 * unchanged, and err says what would have been right. */
ND_MUST nd_code nd_param_set(nd_params *p, const nd_param *row, const char *text,
                             nd_err *err);

/* Appends the canonical text: the one spelling of a value. */
void nd_param_print(const nd_params *p, const nd_param *row, nd_text *out);

/* The value as a number, for expressions and axes; false for texts, choices and lists. */
bool nd_param_number(const nd_params *p, const nd_param *row, double *out);

/* The canonical text of a trial: a line "name = value" for each parameter that differs from
 * its default, sorted by name, without those that cannot change a result (unless `all`). */
void nd_params_print(const nd_params *p, bool all, nd_text *out);
ND_MUST nd_code nd_params_parse(nd_params *p, const char *text, nd_err *err);

/* A trial's name: a 128-bit hash of its canonical text and the schema version, seeds
 * included. */
typedef struct nd_key {
    unsigned char b[16];
} nd_key;
enum { ND_KEY_TEXT = 33 };

static inline bool nd_key_same(nd_key a, nd_key b)
{
    return memcmp(a.b, b.b, sizeof a.b) == 0;
}

ND_MUST nd_code nd_params_key(const nd_params *p, nd_key *key, nd_err *err);
void nd_key_text(nd_key key, char out[ND_KEY_TEXT]); /* 32 hex digits */
bool nd_key_parse(const char *s, nd_key *key);

#endif
