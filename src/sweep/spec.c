/* spec.c -- the specification: its keys, and the order in which they are understood.
 *
 * Every fault is collected before any is reported. What the points come out as is checked
 * last (nd_spec_walk), once all that they are made of is sound. */
#include "spec_impl.h"

#include "nudge/file.h"
#include "nudge/json.h"
#include "nudge/mem.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_CHARS = 64 };

/* ---- memory ---- */

typedef struct nd_block {
    struct nd_block *next;
    _Alignas(max_align_t) unsigned char bytes[];
} nd_block;

void *nd_spec_take(nd_reader *r, size_t count, size_t size)
{
    size_t bytes;
    nd_block *b = NULL;
    if (nd_mul(count, size, &bytes) && bytes < SIZE_MAX - sizeof *b)
        b = calloc(1, sizeof *b + bytes);
    if (!b) {
        r->code = ND_FAIL(r->err, ND_ENOMEM, "no memory for %zu values of a spec", count);
        return NULL;
    }
    b->next = r->spec->blocks;
    r->spec->blocks = b;
    return b->bytes;
}

static const char *take_text(nd_reader *r, const char *text)
{
    char *copy = nd_spec_take(r, strlen(text) + 1, 1);
    if (copy) memcpy(copy, text, strlen(text) + 1);
    return copy;
}

/* ---- sections of a single value ---- */

static void read_campaign(nd_reader *r, const nd_node *section)
{
    const char *s = section->text;
    bool good = isalnum((unsigned char)*s) && strlen(s) <= NAME_MAX_CHARS;
    for (const char *p = s; *p; p++)
        good = good && (isalnum((unsigned char)*p) || strchr("._-", *p));
    r->spec->name = take_text(r, s);
    if (!good)
        nd_diag(
            r->diags, section->at,
            "campaign names a folder: letters, digits, \".\", \"_\" and \"-\", a letter "
            "or digit first, at most %d",
            NAME_MAX_CHARS);
}

static void read_question(nd_reader *r, const nd_node *section)
{
    r->spec->question = take_text(r, section->text);
}

/* Is it one of the names (n)? If not, the fault is reported. */
static bool read_name(nd_reader *r, const nd_node *node, const char *what,
                      const char *const *names, size_t n, size_t *out)
{
    nd_nearest near = nd_nearest_to(node->kind == ND_SCALAR ? node->text : "");
    nd_text all = {0};
    for (size_t i = 0; i < n; i++) {
        if (node->kind == ND_SCALAR && !strcmp(node->text, names[i])) {
            nd_text_free(&all);
            *out = i;
            return true;
        }
        nd_nearest_try(&near, names[i]);
        nd_text_add(&all, "%s%s", i ? ", " : "", names[i]);
    }
    nd_diag(r->diags, node->at, "unknown %s \"%.64s\"; %s%s%s", what,
            node->kind == ND_SCALAR ? node->text : nd_kind_text(node->kind),
            near.best ? "did you mean \"" : "it is one of ",
            near.best ? near.best : nd_text_str(&all), near.best ? "\"?" : "");
    nd_text_free(&all);
    return false;
}

static void read_design_name(nd_reader *r, const nd_node *node)
{
    const char *names[ND_DESIGNS];
    for (size_t i = 0; i < ND_DESIGNS; i++)
        names[i] = nd_design_name((nd_design)i);
    size_t i;
    r->design_at = node->at;
    if (read_name(r, node, "design", names, ND_DESIGNS, &i))
        r->spec->sampler.design = (nd_design)i;
}

static void read_seed(nd_reader *r, const nd_node *node)
{
    int64_t seed = -1;
    if (node->kind != ND_SCALAR || !nd_parse_int(node->text, &seed) || seed < 0)
        nd_diag(r->diags, node->at, "the seed of a design must be a whole number >= 0");
    else
        r->spec->sampler.seed = (uint64_t)seed;
}

static void read_scramble(nd_reader *r, const nd_node *node)
{
    static const char *const names[] = {"none", "shift", "owen"};
    size_t i;
    if (read_name(r, node, "scramble", names, 3, &i))
        r->spec->sampler.scramble = (nd_scramble)i;
    if (r->spec->sampler.design != ND_DESIGN_SOBOL)
        nd_diag(r->diags, node->key_at,
                "scramble belongs to design: {kind: sobol}; lhs and random are random as "
                "they are");
}

/* "sobol" or {kind: sobol, seed: 3, scramble: owen} */
static void read_design(nd_reader *r, const nd_node *section)
{
    static const struct {
        const char *name;
        void (*read)(nd_reader *r, const nd_node *node);
    } keys[] = {
        {"kind", read_design_name}, {"seed", read_seed}, {"scramble", read_scramble}};
    r->design_at = section->at;
    const nd_node *kind = section->kind == ND_MAP ? nd_node_get(section, "kind") : section;
    if (kind)
        read_design_name(r, kind);
    else
        nd_diag(r->diags, section->at,
                "design needs a kind, such as {kind: sobol, seed: 3}");
    if (r->spec->sampler.design == ND_DESIGN_REFINE) {
        nd_read_refine(r, section);
        return;
    }
    if (section->kind != ND_MAP) return;
    for (const nd_node *c = section->first; c; c = c->next) {
        size_t i = 0;
        while (i < 3 && strcmp(c->key, keys[i].name) != 0)
            i++;
        if (i == 3)
            nd_diag(r->diags, c->key_at,
                    "design has no \"%.64s\"; it takes: kind, seed, scramble", c->key);
        else if (i > 0)
            keys[i].read(r, c);
    }
}

static void read_samples(nd_reader *r, const nd_node *section)
{
    if (!nd_design_sampled(r->spec->sampler.design)) {
        nd_diag(r->diags, section->key_at,
                "samples belongs to the designs random, lhs and sobol: add a line such as "
                "design: sobol");
        return;
    }
    int64_t n = 0;
    if (nd_parse_int(section->text, &n) && n >= 1 && n <= ND_SAMPLES_MAX)
        r->samples = (size_t)n;
    else
        nd_diag(r->diags, section->at, "samples must be a whole number from 1 to %d",
                ND_SAMPLES_MAX);
}

/* A sampled design needs a number of samples, and something to sample. */
static void check_design(nd_reader *r, const nd_node *root)
{
    const nd_design d = r->spec->sampler.design;
    if (d == ND_DESIGN_REFINE && !nd_node_get(root, "axes"))
        nd_diag(r->diags, r->design_at, "design: refine needs axes to refine");
    if (!nd_design_sampled(d)) return;
    if (!nd_node_get(root, "samples"))
        nd_diag(r->diags, r->design_at, "design: %s needs a line such as samples: 256",
                nd_design_name(d));
    if (!nd_node_get(root, "axes"))
        nd_diag(r->diags, r->design_at, "design: %s needs axes to lay its samples over",
                nd_design_name(d));
}

/* ---- base and what overrides it ---- */

/* Into both: the base, and what axes, tune, cases and derive give way to. */
static void override(nd_reader *r, const nd_param *row)
{
    const size_t size = nd_field_size(row);
    r->set[nd_param_index(row)] = r->spec->given[nd_param_index(row)] = true;
    memcpy((char *)&r->spec->base + row->offset, (char *)&r->overrides + row->offset, size);
}

/* "p=v" of the command line, or "quick" */
static void read_set(nd_reader *r, const char *set)
{
    static const nd_mark nowhere = {0};
    char name[128];
    if (!strcmp(set, ND_SET_QUICK)) {
        r->spec->quick = true;
        return;
    }
    const char *equals = strchr(set, '=');
    if (!equals || equals == set || (size_t)(equals - set) >= sizeof name) {
        nd_diag(r->diags, nowhere, "--set %.80s: write --set parameter=value", set);
        return;
    }
    nd_copy(name, (size_t)(equals - set) + 1, set);
    const nd_param *row = nd_param_find(name);
    nd_err fault;
    if (!row) {
        const char *near = nd_param_nearest(name);
        nd_diag(r->diags, nowhere, "--set %.80s: unknown parameter \"%.64s\"; %s%s%s", set,
                name, near ? "did you mean \"" : "`nudge help params` lists them all",
                near ? near : "", near ? "\"?" : "");
    } else if (nd_param_set(&r->overrides, row, equals + 1, &fault) != ND_OK) {
        nd_diag(r->diags, nowhere, "--set %.80s: %s", set, fault.message);
    } else {
        override(r, row);
    }
}

/* The entries of a section, each checked; with `apply` they override all but the sets that
 * were read before. */
static void read_replacements(nd_reader *r, const nd_node *section, bool apply)
{
    nd_entries in;
    nd_entries_read(r, section, NULL, &in);
    for (size_t i = 0; i < in.n; i++) {
        const nd_param *row = in.e[i].row;
        nd_params scratch = r->overrides;
        const bool stands = !apply || r->set[nd_param_index(row)];
        if (!nd_entry_set(r, stands ? &scratch : &r->overrides, row, in.e[i].value))
            continue;
        if (!stands) override(r, row);
    }
}

static void read_quick(nd_reader *r, const nd_node *section)
{
    read_replacements(r, section, r->spec->quick);
}

static void read_overrides(nd_reader *r, const nd_node *section)
{
    read_replacements(r, section, true);
}

static void read_base(nd_reader *r, const nd_node *section)
{
    nd_entries in;
    nd_entries_read(r, section, NULL, &in);
    for (size_t i = 0; i < in.n; i++) {
        nd_params scratch = r->spec->base;
        const bool stands = r->set[nd_param_index(in.e[i].row)];
        r->spec->given[nd_param_index(in.e[i].row)] = true;
        (void)nd_entry_set(r, stands ? &scratch : &r->spec->base, in.e[i].row,
                           in.e[i].value);
    }
}

/* ---- replicates and limits: a few numbers with names ---- */

typedef struct knob {
    const char *name, *takes;
    double lo, hi;
    bool whole;
    bool (*parse)(const char *, double *);
} knob;

static void read_knob(nd_reader *r, const nd_node *entry, const knob *k, double *out)
{
    double x = 0;
    const bool good = entry->kind == ND_SCALAR && k->parse(entry->text, &x) && x >= k->lo &&
                      x <= k->hi && (!k->whole || x == floor(x));
    if (good)
        *out = x;
    else
        nd_diag(r->diags, entry->at, "%s must be %s", k->name, k->takes);
}

static void read_knobs(nd_reader *r, const nd_node *section, const knob *knobs, size_t n,
                       double *out)
{
    for (const nd_node *c = section->first; c; c = c->next) {
        nd_nearest near = nd_nearest_to(c->key);
        size_t i = 0;
        while (i < n && strcmp(c->key, knobs[i].name) != 0)
            nd_nearest_try(&near, knobs[i++].name);
        if (i < n) {
            read_knob(r, c, &knobs[i], &out[i]);
            continue;
        }
        nd_text all = {0};
        for (i = 0; i < n; i++)
            nd_text_add(&all, "%s%s", i ? ", " : "", knobs[i].name);
        nd_diag(r->diags, c->key_at, "%s has no \"%.64s\"; %s%s%s", section->key, c->key,
                near.best ? "did you mean \"" : "it takes: ",
                near.best ? near.best : nd_text_str(&all), near.best ? "\"?" : "");
        nd_text_free(&all);
    }
}

static void read_replicates(nd_reader *r, const nd_node *section)
{
    static const char whole[] = "a whole number from 1 to 100000";
    static const knob knobs[] = {
        {"device", whole, 1, ND_VALUES_MAX, true, nd_parse_real},
        {"train", whole, 1, ND_VALUES_MAX, true, nd_parse_real},
    };
    static const char *const seeds[] = {"device.seed", "train.seed"};
    double n[2] = {1, 1};
    read_knobs(r, section, knobs, 2, n);
    for (size_t i = 0; i < 2; i++) {
        const nd_node *entry = nd_node_get(section, knobs[i].name);
        if (entry) nd_add_seeds(r, seeds[i], (size_t)n[i], entry->at);
    }
}

static void read_limits(nd_reader *r, const nd_node *section)
{
    static const knob knobs[] = {
        {"trial_seconds", "a duration, such as 3600, 90m or 2h; 0 for none", 0, 1e9, false,
         nd_parse_duration},
        {"trial_memory", "a number of MiB; 0 for none", 0, 1e9, false, nd_parse_real},
        {"retries", "a whole number from 0 to 100", 0, 100, true, nd_parse_real},
        {"max_failures", "a fraction from 0 to 1", 0, 1, false, nd_parse_real},
        {"losses", "a whole number from 1 to 100", 1, 100, true, nd_parse_real},
    };
    nd_limits *l = &r->spec->limits;
    double x[] = {l->trial_seconds, l->trial_memory, l->retries, l->max_failures,
                  l->losses};
    read_knobs(r, section, knobs, sizeof knobs / sizeof *knobs, x);
    *l = (nd_limits){x[0], x[1], (int)x[2], x[3], (int)x[4]};
}

/* ---- the whole ---- */

/* In the order in which they are read: each may look at what those above it left. */
static const struct {
    const char *name;
    nd_kind kind;
    const char *example;
    void (*read)(nd_reader *r, const nd_node *section);
} sections[] = {
    {"campaign", ND_SCALAR, "first-light", read_campaign},
    {"question", ND_SCALAR, "Does it help?", read_question},
    {"quick", ND_MAP, "{data.train: 500, train.epochs: 2}", read_quick},
    {"overrides", ND_MAP, "{ep.beta: 0.2}", read_overrides},
    {"base", ND_MAP, "{ep.beta: 0.2}", read_base},
    {"design", ND_SCALAR, "grid", read_design}, /* or a map */
    {"samples", ND_SCALAR, "100", read_samples},
    {"cases", ND_LIST, "[{name: small, ep.T: 40}]", nd_read_cases},
    {"axes", ND_MAP, "{ep.beta: [0.1, 0.2]}", nd_read_axes},
    {"tune", ND_MAP, "{program.width: [0.001, 0.01]}", nd_read_tune},
    {"derive", ND_MAP, "{ep.K: \"ep.T / 3\"}", nd_read_derive},
    {"where", ND_SCALAR, "\"ep.beta > 0.1\"", nd_read_where},
    {"replicates", ND_MAP, "{device: 3, train: 2}", read_replicates},
    {"limits", ND_MAP, "{trial_seconds: 2h, retries: 2}", read_limits},
};
enum { N_SECTIONS = sizeof sections / sizeof *sections };

static void check_keys(nd_reader *r, const nd_node *root)
{
    for (const nd_node *c = root->first; c; c = c->next) {
        nd_nearest near = nd_nearest_to(c->key);
        size_t i = 0;
        while (i < N_SECTIONS && strcmp(c->key, sections[i].name) != 0)
            nd_nearest_try(&near, sections[i++].name);
        if (i < N_SECTIONS) continue;
        if (near.best)
            nd_diag(r->diags, c->key_at, "unknown key \"%.64s\"; did you mean \"%s\"?",
                    c->key, near.best);
        else if (nd_param_find(c->key) || strchr(c->key, '.'))
            nd_diag(r->diags, c->key_at, "unknown key \"%.64s\"; parameters go under base",
                    c->key);
        else
            nd_diag(
                r->diags, c->key_at,
                "unknown key \"%.64s\"; a spec has campaign, question, base, axes, "
                "design, samples, cases, derive, where, tune, replicates, limits, quick",
                c->key);
    }
}

static void read_sections(nd_reader *r, const nd_node *root)
{
    for (size_t i = 0; i < N_SECTIONS; i++) {
        const nd_node *section = nd_node_get(root, sections[i].name);
        if (!section) continue;
        if (nd_node_empty(section))
            nd_diag(r->diags, section->key_at,
                    "%s is empty: fill it, for instance with %s, or leave it out",
                    section->key, sections[i].example);
        else if (section->kind != sections[i].kind && sections[i].kind != ND_LIST &&
                 sections[i].read != read_design)
            nd_diag(r->diags, section->at, "%s must be %s, such as %s, not %s",
                    section->key, nd_kind_text(sections[i].kind), sections[i].example,
                    nd_kind_text(section->kind));
        else
            sections[i].read(r, section);
    }
}

static void too_many_points(nd_reader *r, double points)
{
    const nd_spec *s = r->spec;
    nd_text t = {0};
    for (size_t d = 0; d < s->n_dims; d++)
        nd_text_add(&t, "%s%s %zu", d ? " x " : "", s->dims[d].name, s->dims[d].n);
    nd_diag(
        r->diags, (nd_mark){0},
        "the dimensions span %.3g points (%s), more than the %d that a campaign can hold, "
        "also where `where` drops most: shorten an axis, take samples of them (design: "
        "sobol), or split the campaign into several specs",
        points, nd_text_str(&t), ND_SPEC_POINTS_MAX);
    nd_text_free(&t);
}

static void count_points(nd_reader *r)
{
    nd_spec *s = r->spec;
    double points = 1; /* which never overflows */
    for (size_t d = 0; d < s->n_dims; d++)
        points *= (double)s->dims[d].n;
    if (points > ND_SPEC_POINTS_MAX) {
        too_many_points(r, points);
        return;
    }
    s->points = (size_t)points;
}

static void read_root(nd_reader *r, const nd_node *root, const char *const *sets,
                      size_t n_sets)
{
    if (root->kind != ND_MAP) {
        nd_diag(r->diags, root->at, "a spec is a map of keys such as campaign, base, axes");
        return;
    }
    r->spec->limits = (nd_limits){.retries = 2, .max_failures = 1, .losses = 2};
    r->spec->sampler = (nd_sampler){ND_DESIGN_GRID, ND_SCRAMBLE_OWEN, 1};
    r->spec->question = "";
    nd_params_defaults(&r->spec->base);
    nd_params_defaults(&r->overrides);
    for (size_t i = 0; i < n_sets; i++)
        read_set(r, sets[i]);
    check_keys(r, root);
    if (!nd_node_get(root, "campaign"))
        nd_diag(r->diags, root->at,
                "the campaign has no name: add a line such as campaign: first-light");
    if (r->spec->quick && !nd_node_get(root, "quick"))
        nd_diag(
            r->diags, root->at,
            "this spec has no small version: add a line such as quick: {data.train: 500, "
            "train.epochs: 2}");
    read_sections(r, root);
    check_design(r, root);
    count_points(r);
    if (!r->diags->n && r->code == ND_OK) nd_spec_prepare(r);
    if (!r->diags->n && r->code == ND_OK) nd_spec_walk(r);
    if (!r->diags->n && r->code == ND_OK && nd_spec_refine(r->spec)) nd_check_refine(r);
}

/* ---- the spec as run ---- */

/* "{ep.beta: 0.1, data.path: "/data"}" */
static void add_overrides(const nd_reader *r, nd_text *out)
{
    const char *comma = "{";
    for (size_t i = 0; i < nd_param_count(); i++) {
        const nd_param *row = nd_param_at(i);
        if (!r->set[i]) continue;
        nd_text value = {0};
        nd_param_print(&r->overrides, row, &value);
        nd_json quoted = {0};
        nd_json_string(&quoted, nd_text_str(&value));
        nd_text_add(out, "%s%s: %s", comma, row->name,
                    nd_text_str(row->type == ND_TYPE_TEXT ? &quoted.text : &value));
        out->failed |= value.failed || quoted.text.failed;
        nd_text_free(&value);
        nd_text_free(&quoted.text);
        comma = ", ";
    }
    nd_text_add(out, "}");
}

/* The text with its overrides replaced, or with overrides as one more key: at the end, or,
 * in a {flow, map}, at the beginning. */
static void compose(const nd_reader *r, const nd_node *root, nd_text *out)
{
    const nd_source *source = &r->diags->source;
    const char *text = source->text;
    const nd_node *old = nd_node_get(root, "overrides");
    const nd_node *place = old ? old : root;
    assert(root && place && text); /* a spec without faults has a root */
    const size_t at = nd_mark_offset(source, place->at);
    const size_t end = nd_mark_offset(source, place->end);
    const bool flow = text[at] == '{';
    const int indent = root->at.column - 1;
    const size_t head = old ? at : flow ? at + 1 : end;
    const size_t tail = old ? end : head;
    nd_text_bytes(out, text, head);
    if (!old && !flow)
        nd_text_add(out, "%s%*s", head && text[head - 1] != '\n' ? "\n" : "", indent, "");
    if (!old) nd_text_add(out, "overrides: ");
    add_overrides(r, out);
    if (!flow) nd_text_add(out, "\n%*s", old ? indent : 0, "");
    if (flow && !old) nd_text_add(out, ", ");
    nd_text_bytes(out, text + tail, source->n - tail);
}

static nd_code write_text(const nd_reader *r, const nd_node *root, size_t n_sets)
{
    nd_text *t = &r->spec->text;
    const nd_source *source = &r->diags->source;
    if (!n_sets) {
        nd_text_bytes(t, source->text, source->n);
        return nd_text_check(t, r->err);
    }
    compose(r, root, t);
    ND_TRY(nd_text_check(t, r->err));
    /* a campaign must be able to read what it keeps */
    nd_diags d = {0};
    nd_node *again = NULL;
    const nd_source composed = {source->name, t->s, t->n};
    nd_code code = nd_yaml_parse(&composed, &d, &again, r->err);
    if (code == ND_OK && d.n)
        code = ND_FAIL(r->err, ND_EINPUT, "--set: cannot be written into the spec: %s",
                       nd_text_str(&d.text));
    nd_node_free(again);
    nd_diags_free(&d);
    return code;
}

nd_code nd_spec_parse(const nd_source *source, const char *const *sets, size_t n_sets,
                      nd_spec **out, nd_err *err)
{
    *out = NULL;
    nd_spec *s = calloc(1, sizeof *s);
    if (!s) return ND_FAIL(err, ND_ENOMEM, "no memory for the spec %s", source->name);
    nd_diags d = {0};
    nd_node *root = NULL;
    nd_reader r = {.spec = s, .diags = &d, .err = err};
    nd_code code = nd_yaml_parse(source, &d, &root, err);
    if (code == ND_OK && root) {
        read_root(&r, root, sets, n_sets);
        code = r.code;
    }
    if (code == ND_OK) code = nd_diags_code(&d, err);
    if (code == ND_OK) code = write_text(&r, root, n_sets);
    nd_node_free(root);
    nd_diags_free(&d);
    if (code == ND_OK)
        *out = s;
    else
        nd_spec_free(s);
    return code;
}

nd_code nd_spec_load(const char *path, const char *const *sets, size_t n_sets,
                     nd_spec **out, nd_err *err)
{
    *out = NULL;
    nd_text text = {0};
    nd_code code = nd_file_read(path, &text, err);
    const nd_source source = {path, nd_text_str(&text), text.n};
    if (code == ND_OK) code = nd_spec_parse(&source, sets, n_sets, out, err);
    nd_text_free(&text);
    return code;
}

void nd_spec_free(nd_spec *s)
{
    if (!s) return;
    for (size_t i = 0; i < s->n_derives; i++)
        nd_expr_free(s->derives[i].expr);
    nd_expr_free(s->where);
    nd_text_free(&s->text);
    while (s->blocks) {
        nd_block *next = s->blocks->next;
        free(s->blocks);
        s->blocks = next;
    }
    free(s);
}

/* ---- questions to a spec ---- */

const char *nd_spec_name(const nd_spec *s)
{
    return s->name;
}

bool nd_spec_quick(const nd_spec *s)
{
    return s->quick;
}

const char *nd_spec_question(const nd_spec *s)
{
    return s->question;
}

const nd_limits *nd_spec_limits(const nd_spec *s)
{
    return &s->limits;
}

const nd_sampler *nd_spec_sampler(const nd_spec *s)
{
    return &s->sampler;
}

const nd_refine *nd_spec_refine(const nd_spec *s)
{
    return s->sampler.design == ND_DESIGN_REFINE ? &s->refine : NULL;
}

const char *nd_spec_text(const nd_spec *s)
{
    return nd_text_str(&s->text);
}

size_t nd_spec_dims(const nd_spec *s)
{
    return s->n_dims;
}

const nd_dim *nd_spec_dim(const nd_spec *s, size_t d)
{
    return &s->dims[d];
}

size_t nd_spec_points(const nd_spec *s)
{
    return s->points;
}

size_t nd_spec_kept(const nd_spec *s)
{
    return s->kept;
}
