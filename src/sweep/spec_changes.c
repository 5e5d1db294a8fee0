/* spec_changes.c -- what two texts of a spec say differently, key by key. */
#include "nudge/spec.h"
#include "nudge/yaml.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN = 6, CLIPPED = 60 };

/* A scalar, or a list in brackets, on one line. */
static void add_value(const nd_node *node, nd_text *out)
{
    if (node->kind == ND_SCALAR) {
        for (const char *c = node->text; *c; c++)
            nd_text_bytes(out, *c == '\n' ? " " : c, 1);
        return;
    }
    nd_text_add(out, "%s", node->kind == ND_LIST ? "[" : "{");
    for (const nd_node *child = node->first; child; child = child->next) {
        if (child->key) nd_text_add(out, "%s: ", child->key);
        add_value(child, out);
        if (child->next) nd_text_add(out, ", ");
    }
    nd_text_add(out, "%s", node->kind == ND_LIST ? "]" : "}");
}

/* A line "base.ep.beta: 0.1" for each key whose value is not a map: nested or dotted, it is the same. */
static void flatten(const nd_node *map, const char *path, nd_text *out)
{
    for (const nd_node *child = map->first; child; child = child->next) {
        nd_text at = {0};
        nd_text_add(&at, "%s%s%s", path, *path ? "." : "", child->key);
        if (child->kind == ND_MAP && child->first) {
            flatten(child, nd_text_str(&at), out);
        } else {
            nd_text_add(out, "%s: ", nd_text_str(&at));
            add_value(child, out);
            nd_text_add(out, "\n");
        }
        out->failed |= at.failed;
        nd_text_free(&at);
    }
}

typedef struct lines {
    nd_text text;
    const char **line; /* (n), by path */
    size_t n;
} lines;

static void lines_free(lines *l)
{
    nd_text_free(&l->text);
    free(l->line);
}

static size_t path_length(const char *line)
{
    return (size_t)(strstr(line, ": ") - line);
}

static int by_path(const char *a, const char *b)
{
    const size_t n = path_length(a), m = path_length(b);
    const int c = memcmp(a, b, n < m ? n : m);
    return c ? c : (n > m) - (n < m);
}

static int by_path_of(const void *a, const void *b)
{
    return by_path(*(const char *const *)a, *(const char *const *)b);
}

static nd_code read_lines(lines *l, const char *text, nd_err *err)
{
    const nd_source source = {"the spec", text, strlen(text)};
    nd_diags d = {0};
    nd_node *root = NULL;
    *l = (lines){.n = 0};
    nd_code code = nd_yaml_parse(&source, &d, &root, err);
    if (code == ND_OK) code = nd_diags_code(&d, err);
    if (code == ND_OK && root && root->kind == ND_MAP) flatten(root, "", &l->text);
    nd_node_free(root);
    nd_diags_free(&d);
    if (code == ND_OK) code = nd_text_check(&l->text, err);
    if (code != ND_OK) return code;
    size_t n = 0;
    for (const char *c = nd_text_str(&l->text); *c; c++)
        n += *c == '\n';
    l->line = malloc((n ? n : 1) * sizeof *l->line);
    if (!l->line) return ND_FAIL(err, ND_ENOMEM, "no memory for a spec of %zu lines", n);
    for (char *c = l->text.s; l->n < n; *c++ = '\0') {
        l->line[l->n++] = c;
        c = strchr(c, '\n');
    }
    qsort(l->line, n, sizeof *l->line, by_path_of);
    return ND_OK;
}

/* ", was 0.1", of a line */
static void add_side(nd_text *out, const char *verb, const char *line)
{
    const char *value = line + path_length(line) + 2;
    nd_text_add(out, " %s %.*s%s", verb, CLIPPED, value,
                strlen(value) > CLIPPED ? " ..." : "");
}

/* One of the two may be NULL: the key is not there. */
static void add_change(nd_text *out, size_t nth, const char *before, const char *now)
{
    if (nth >= SHOWN) return;
    const char *line = before ? before : now;
    nd_text_add(out, "%s%.*s", nth ? "; " : "", (int)path_length(line), line);
    if (before) add_side(out, "was", before);
    if (before && now) nd_text_add(out, ",");
    if (now) add_side(out, "is", now);
    if (!now) nd_text_add(out, ", is not there");
    if (!before) nd_text_add(out, ", was not there");
}

nd_code nd_spec_changes(const char *before, const char *now, nd_text *out, size_t *n,
                        nd_err *err)
{
    lines a, b = {.n = 0};
    *n = 0;
    nd_code code = read_lines(&a, before, err);
    if (code == ND_OK) code = read_lines(&b, now, err);
    for (size_t i = 0, j = 0; code == ND_OK && (i < a.n || j < b.n);) {
        const int c = i == a.n ? 1 : j == b.n ? -1 : by_path(a.line[i], b.line[j]);
        if (c || strcmp(a.line[i], b.line[j]) != 0)
            add_change(out, (*n)++, c <= 0 ? a.line[i] : NULL, c >= 0 ? b.line[j] : NULL);
        i += c <= 0;
        j += c >= 0;
    }
    if (*n > SHOWN) nd_text_add(out, "; and %zu keys more", *n - SHOWN);
    lines_free(&a);
    lines_free(&b);
    return code != ND_OK ? code : nd_text_check(out, err);
}
