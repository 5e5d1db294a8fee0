/* entries.c -- from nodes to parameters: names nested or dotted, values checked by the
 * parameter table, each parameter in one place only. */
#include "spec_impl.h"

#include <stdio.h>
#include <string.h>

size_t nd_param_index(const nd_param *row)
{
    return (size_t)(row - nd_param_at(0));
}

size_t nd_field_size(const nd_param *row)
{
    static const size_t sizes[] = {[ND_TYPE_INT] = sizeof(ND_FIELD_INT),
                                   [ND_TYPE_REAL] = sizeof(ND_FIELD_REAL),
                                   [ND_TYPE_CHOICE] = sizeof(ND_FIELD_CHOICE),
                                   [ND_TYPE_TEXT] = sizeof(ND_FIELD_TEXT),
                                   [ND_TYPE_INTS] = sizeof(ND_FIELD_INTS),
                                   [ND_TYPE_REALS] = sizeof(ND_FIELD_REALS)};
    return sizes[row->type];
}

/* ---- names ---- */

/* Is there a parameter "name.something"? */
static bool is_group(const char *name)
{
    const size_t n = strlen(name);
    for (size_t i = 0; i < nd_param_count(); i++) {
        const char *full = nd_param_at(i)->name;
        if (!strncmp(full, name, n) && full[n] == '.') return true;
    }
    return false;
}

static void unknown_parameter(nd_reader *r, const nd_node *entry, const char *name)
{
    const char *near = nd_param_nearest(name);
    if (near)
        nd_diag(r->diags, entry->key_at,
                "unknown parameter \"%.64s\"; did you mean \"%s\"?", name, near);
    else
        nd_diag(r->diags, entry->key_at,
                "unknown parameter \"%.64s\"; `nudge help params` lists them all", name);
}

/* A map under an unknown name is taken for a group when a group of nearly that name has its
 * first key: {epp: {beta: 1}}. True: reported. */
static bool unknown_group(nd_reader *r, const nd_node *entry)
{
    if (entry->kind != ND_MAP || !entry->first) return false;
    nd_nearest near = nd_nearest_to(entry->key);
    char groups[ND_N_PARAMS][32];
    for (size_t i = 0; i < nd_param_count(); i++) {
        const char *full = nd_param_at(i)->name;
        nd_copy(groups[i], strcspn(full, ".") + 1, full);
        nd_nearest_try(&near, groups[i]);
    }
    char name[128];
    snprintf(name, sizeof name, "%s.%s", near.best ? near.best : "", entry->first->key);
    if (!nd_param_find(name)) return false;
    nd_diag(r->diags, entry->key_at,
            "unknown group of parameters \"%.64s\"; did you mean \"%s\"?", entry->key,
            near.best);
    return true;
}

static void add_entry(nd_reader *r, const nd_param *row, const nd_node *value,
                      nd_entries *out)
{
    for (size_t i = 0; i < out->n; i++)
        if (out->e[i].row == row) {
            nd_diag(r->diags, value->key_at, "%s is given twice; the first is on line %d",
                    row->name, out->e[i].at.line);
            return;
        }
    if (nd_node_empty(value) && value->kind == ND_SCALAR) {
        nd_diag(r->diags, value->key_at, "%s has no value", row->name);
        return;
    }
    out->e[out->n++] = (nd_entry){row, value, value->key_at};
}

static void read_group(nd_reader *r, const nd_node *group, nd_entries *out)
{
    for (const nd_node *c = group->first; c; c = c->next) {
        char name[128];
        snprintf(name, sizeof name, "%s.%s", group->key, c->key);
        const nd_param *row = nd_param_find(name);
        if (row)
            add_entry(r, row, c, out);
        else
            unknown_parameter(r, c, name);
    }
}

void nd_entries_read(nd_reader *r, const nd_node *section, const char *skip,
                     nd_entries *out)
{
    out->n = 0;
    for (const nd_node *c = section->first; c; c = c->next) {
        const nd_param *row = nd_param_find(c->key);
        if (skip && !strcmp(c->key, skip)) continue;
        if (row)
            add_entry(r, row, c, out);
        else if (is_group(c->key) && c->kind == ND_MAP)
            read_group(r, c, out);
        else if (is_group(c->key))
            nd_diag(r->diags, c->key_at,
                    "\"%s\" is a group of parameters: write %s: {name: value} or %s.name",
                    c->key, c->key, c->key);
        else if (!unknown_group(r, c))
            unknown_parameter(r, c, c->key);
    }
}

/* ---- values ---- */

/* "[784, 512, 10]" from a list of numbers; false when it holds anything else. */
static bool list_text(const nd_node *list, nd_text *out)
{
    for (const nd_node *c = list->first; c; c = c->next) {
        double x;
        if (c->kind != ND_SCALAR || !nd_parse_real(c->text, &x)) return false;
        nd_text_add(out, "%s%s", c == list->first ? "[" : ", ", c->text);
    }
    nd_text_add(out, list->n ? "]" : "[]");
    return true;
}

bool nd_entry_set(nd_reader *r, nd_params *p, const nd_param *row, const nd_node *value)
{
    const bool takes_list = row->type == ND_TYPE_INTS || row->type == ND_TYPE_REALS;
    nd_text list = {0};
    bool fits = value->kind == ND_SCALAR;
    if (value->kind == ND_LIST && takes_list) fits = list_text(value, &list);
    if (!fits) {
        nd_diag(r->diags, value->at, "%s must be %s, not %s", row->name,
                nd_type_text(row->type),
                takes_list && value->kind == ND_LIST ? "a list of other things"
                                                     : nd_kind_text(value->kind));
        nd_text_free(&list);
        return false;
    }
    nd_err e;
    const char *text = value->kind == ND_SCALAR ? value->text : nd_text_str(&list);
    fits = nd_param_set(p, row, text, &e) == ND_OK;
    if (!fits) nd_diag(r->diags, value->at, "%s", e.message);
    if (list.failed) r->code = nd_text_check(&list, r->err);
    nd_text_free(&list);
    return fits;
}

bool nd_entry_claim(nd_reader *r, const nd_entry *e, const char *section)
{
    const size_t i = nd_param_index(e->row);
    if (r->place[i].section && r->place[i].section != section) {
        nd_diag(r->diags, e->at,
                "%s is in %s here and in %s on line %d: a parameter gets its values in one "
                "place",
                e->row->name, section, r->place[i].section, r->place[i].at.line);
        return false;
    }
    if (!r->place[i].section) {
        r->place[i].section = section;
        r->place[i].at = e->at;
    }
    return true;
}
