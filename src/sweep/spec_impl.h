/* spec_impl.h -- the inside of a spec, and of its reader: shared by the files that read one
 * kind of section each (entries, axis, derive, spec) and the one that expands (expand). */
#ifndef SPEC_IMPL_H
#define SPEC_IMPL_H

#include "nudge/expr.h"
#include "nudge/spec.h"
#include "nudge/yaml.h"

#define P(...) +1
enum {
    ND_N_PARAMS = 0
#include "nudge/params.def"
};
#undef P

enum { ND_VALUES_MAX = 100000, ND_LISTED_MAX = 10000 };

typedef struct nd_derive {
    const nd_param *row;
    nd_expr *expr;
    nd_mark at;
} nd_derive;

struct nd_spec {
    struct nd_block *blocks; /* all that is freed with the spec: nd_spec_take */
    nd_text text;
    const char *name, *question;
    bool quick; /* as its section `quick` has it */
    nd_limits limits;
    nd_sampler sampler;
    nd_refine refine;        /* of design: refine */
    nd_params base;          /* with overrides, before derive */
    bool given[ND_N_PARAMS]; /* the spec says what the parameter is: no preset does */
    size_t n_tables;
    struct nd_table *tables; /* what the files of device.table hold */
    size_t n_dims, points, kept;
    nd_dim dims[ND_N_PARAMS + 3]; /* + cases and two kinds of seeds */
    size_t n_derives;
    nd_derive derives[ND_N_PARAMS]; /* each after those it needs */
    nd_expr *where;
};

/* What is known while reading. */
typedef struct nd_reader {
    nd_spec *spec;
    nd_diags *diags;
    nd_code code; /* ND_ENOMEM sticks; faults of the text go to diags */
    nd_err *err;
    nd_params overrides; /* fields that count where `set` is true */
    bool set[ND_N_PARAMS];
    struct {
        const char *section; /* that gives the parameter its values, or NULL */
        nd_mark at;
    } place[ND_N_PARAMS];
    size_t samples; /* of a sampled design; 0: not said */
    nd_mark design_at, tune_at, where_at;
    nd_mark levels_at, replicates_at; /* in a design: refine */
} nd_reader;

/* Zeroed memory that lives as long as the spec; NULL, and r->code set, when there is none.
 */
void *nd_spec_take(nd_reader *r, size_t count, size_t size);

/* ---- entries.c: names and values of parameters ---- */

/* A parameter in a section; key and value have their marks. */
typedef struct nd_entry {
    const nd_param *row;
    const nd_node *value;
    nd_mark at;
} nd_entry;

typedef struct nd_entries {
    size_t n;
    nd_entry e[ND_N_PARAMS]; /* no parameter twice */
} nd_entries;

/* The entries of a section, nested or dotted, in the order written. The key `skip` (or
 * NULL) is not one of them. */
void nd_entries_read(nd_reader *r, const nd_node *section, const char *skip,
                     nd_entries *out);

/* False, and the fault reported, when the value does not fit. */
bool nd_entry_set(nd_reader *r, nd_params *p, const nd_param *row, const nd_node *value);

/* Claims the parameter for this section; false, and the fault reported, if another has it.
 */
bool nd_entry_claim(nd_reader *r, const nd_entry *e, const char *section);

size_t nd_param_index(const nd_param *row);
size_t nd_field_size(const nd_param *row);

/* ---- axis.c: sections that add dimensions ---- */

void nd_read_cases(nd_reader *r, const nd_node *section);
void nd_read_axes(nd_reader *r, const nd_node *section);
void nd_read_tune(nd_reader *r, const nd_node *section);
void nd_add_seeds(nd_reader *r, const char *param, size_t n, nd_mark at);

/* ---- refine_keys.c ---- */

void nd_read_refine(nd_reader *r, const nd_node *section);

/* Once the points are counted: is there something to refine, and room for the first round? */
void nd_check_refine(nd_reader *r);

/* ---- presets.c ---- */

/* Notes which parameters the spec sets, and reads the files that device.table names. */
void nd_spec_prepare(nd_reader *r);

/* Values of presets and tables, for the parameters that the spec does not set. */
void nd_spec_fill(const nd_spec *s, nd_params *p);

/* ---- derive.c: sections of expressions ---- */

void nd_read_derive(nd_reader *r, const nd_node *section);
void nd_read_where(nd_reader *r, const nd_node *section);

/* ---- expand.c ---- */

/* Counts the points that `where` keeps, and meets every fault of derive on the way. */
void nd_spec_walk(nd_reader *r);

#endif
