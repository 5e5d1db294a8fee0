/* yaml.c -- the only door to libyaml: its events become a tree.
 *
 * The text may come from anywhere, so it is bounded in size, depth and width before it can
 * cost memory or time. libyaml lets duplicate keys pass; they are found here. */
#include "nudge/yaml.h"

#include "nudge/versions.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { SIZE_MAX_BYTES = 1 << 22, DEPTH_MAX = 32, KEYS_MAX = 1024 };

typedef struct builder {
    yaml_parser_t parser;
    yaml_event_t event; /* the current one */
    nd_diags *diags;
    nd_err *err;
    nd_code code;
    bool stop; /* the rest of the text cannot be read */
} builder;

static nd_mark mark_of(yaml_mark_t m)
{
    return (nd_mark){(int)m.line + 1, (int)m.column + 1};
}

size_t nd_mark_offset(const nd_source *source, nd_mark at)
{
    size_t i = 0;
    for (int line = 1; line < at.line && i < source->n; i++)
        line += source->text[i] == '\n';
    /* columns count characters: step over the bytes that continue one (UTF-8) */
    for (int column = 1; column < at.column && i < source->n; column++)
        do
            i++;
        while (i < source->n && ((unsigned char)source->text[i] & 0xc0) == 0x80);
    return i;
}

const char *nd_kind_text(nd_kind kind)
{
    static const char *const texts[] = {"a single value", "a list", "a map"};
    return texts[kind];
}

bool nd_node_empty(const nd_node *node)
{
    return node->kind == ND_SCALAR ? !node->quoted && !*node->text : node->n == 0;
}

const nd_node *nd_node_get(const nd_node *map, const char *key)
{
    if (!map || map->kind != ND_MAP) return NULL;
    for (const nd_node *c = map->first; c; c = c->next)
        if (!strcmp(c->key, key)) return c;
    return NULL;
}

void nd_node_free(nd_node *root)
{
    while (root) {
        nd_node *next = root->next;
        nd_node_free(root->first); /* at most DEPTH_MAX deep */
        free(root->text);
        free(root->key);
        free(root);
        root = next;
    }
}

/* ---- events ---- */

static void no_memory(builder *b)
{
    b->code = ND_FAIL(b->err, ND_ENOMEM, "no memory to read %s", b->diags->source.name);
    b->stop = true;
}

static nd_mark mark_of_byte(const nd_source *source, size_t offset)
{
    nd_mark at = {1, 1};
    for (size_t i = 0; i < offset && i < source->n; i++)
        at = source->text[i] == '\n' ? (nd_mark){at.line + 1, 1}
                                     : (nd_mark){at.line, at.column + 1};
    return at;
}

static void syntax_fault(builder *b)
{
    const yaml_parser_t *p = &b->parser;
    const nd_source *source = &b->diags->source;
    b->stop = true;
    if (p->error == YAML_MEMORY_ERROR) {
        no_memory(b);
        return;
    }
    const char *problem = p->problem ? p->problem : "not YAML";
    if (p->error == YAML_READER_ERROR) {
        nd_diag(b->diags, mark_of_byte(source, p->problem_offset), "%s", problem);
        return;
    }
    const nd_mark at = mark_of(p->problem_mark);
    const size_t offset = nd_mark_offset(source, at);
    const char *hint = offset < source->n && source->text[offset] == '\t'
                           ? "; indent with spaces, not tabs"
                           : "";
    if (p->context)
        nd_diag(b->diags, at, "%s, %s that begins at %d:%d%s", problem, p->context,
                mark_of(p->context_mark).line, mark_of(p->context_mark).column, hint);
    else
        nd_diag(b->diags, at, "%s%s", problem, hint);
}

static bool next(builder *b)
{
    yaml_event_delete(&b->event);
    if (!yaml_parser_parse(&b->parser, &b->event)) syntax_fault(b);
    return !b->stop;
}

static void refuse_decoration(builder *b, const yaml_char_t *anchor, const yaml_char_t *tag)
{
    const nd_mark at = mark_of(b->event.start_mark);
    if (anchor)
        nd_diag(b->diags, at, "anchors (&%.40s) are not used here: write the value out",
                (const char *)anchor);
    if (tag) nd_diag(b->diags, at, "tags (%.40s) are not used here", (const char *)tag);
}

/* ---- nodes ---- */

/* A copy of the current scalar. Bytes that could disturb a terminal end here. */
static char *scalar_text(builder *b)
{
    const char *s = (const char *)b->event.data.scalar.value;
    const size_t n = b->event.data.scalar.length;
    char *copy = malloc(n + 1);
    if (!copy) {
        no_memory(b);
        return NULL;
    }
    bool clean = true;
    for (size_t i = 0; i < n; i++) {
        const unsigned char c = (unsigned char)s[i];
        const bool control = (c < 32 && c != '\n' && c != '\t') || c == 127;
        copy[i] = control ? '?' : s[i];
        clean = clean && !control;
    }
    copy[n] = '\0';
    if (!clean)
        nd_diag(b->diags, mark_of(b->event.start_mark), "control character in a text");
    return copy;
}

static nd_node *new_node(builder *b, nd_kind kind)
{
    nd_node *node = calloc(1, sizeof *node);
    if (!node) {
        no_memory(b);
        return NULL;
    }
    node->kind = kind;
    node->at = mark_of(b->event.start_mark);
    node->end = mark_of(b->event.end_mark);
    return node;
}

static nd_node *read_node(builder *b, int depth);

/* The current event begins a key. NULL: refused, or nothing more can be read. */
static nd_node *read_entry(builder *b, const nd_node *map, int depth)
{
    const nd_mark at = mark_of(b->event.start_mark);
    char *key = NULL;
    if (b->event.type == YAML_SCALAR_EVENT) {
        refuse_decoration(b, b->event.data.scalar.anchor, b->event.data.scalar.tag);
        key = scalar_text(b);
    } else {
        nd_diag(b->diags, at, "a key must be a name");
        nd_node_free(read_node(b, depth + 1));
    }
    nd_node *value = !b->stop && next(b) ? read_node(b, depth + 1) : NULL;
    const nd_node *first = key ? nd_node_get(map, key) : NULL;
    if (first)
        nd_diag(b->diags, at, "duplicate key \"%.64s\"; it is first given at line %d", key,
                first->key_at.line);
    if (map->n == KEYS_MAX) {
        nd_diag(b->diags, at, "more than %d keys in one map", KEYS_MAX);
        b->stop = true;
    }
    if (!value || !key || first) {
        nd_node_free(value);
        free(key);
        return NULL;
    }
    value->key = key;
    value->key_at = at;
    return value;
}

static void read_children(builder *b, nd_node *node, int depth)
{
    const bool map = node->kind == ND_MAP;
    const yaml_event_type_t last = map ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
    nd_node **tail = &node->first;
    while (next(b) && b->event.type != last) {
        nd_node *child = map ? read_entry(b, node, depth) : read_node(b, depth + 1);
        if (!child) {
            if (b->stop) return;
            continue;
        }
        *tail = child;
        tail = &child->next;
        node->n++;
    }
    node->end = mark_of(b->event.end_mark);
}

static nd_node *read_node(builder *b, int depth)
{
    const yaml_event_t *e = &b->event;
    if (depth > DEPTH_MAX) {
        nd_diag(b->diags, mark_of(e->start_mark), "nested more than %d deep", DEPTH_MAX);
        b->stop = true;
        return NULL;
    }
    nd_node *node = NULL;
    switch (e->type) {
    case YAML_ALIAS_EVENT:
        nd_diag(b->diags, mark_of(e->start_mark),
                "aliases (*%.40s) are not used here: write the value out",
                (const char *)e->data.alias.anchor);
        return NULL;
    case YAML_SCALAR_EVENT:
        refuse_decoration(b, e->data.scalar.anchor, e->data.scalar.tag);
        node = new_node(b, ND_SCALAR);
        if (!node) return NULL;
        node->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        node->text = scalar_text(b);
        if (node->text) return node;
        nd_node_free(node);
        return NULL;
    case YAML_SEQUENCE_START_EVENT:
        refuse_decoration(b, e->data.sequence_start.anchor, e->data.sequence_start.tag);
        node = new_node(b, ND_LIST);
        break;
    default: /* libyaml gives nothing else where a node is due */
        refuse_decoration(b, e->data.mapping_start.anchor, e->data.mapping_start.tag);
        node = new_node(b, ND_MAP);
        break;
    }
    if (node) read_children(b, node, depth);
    return node;
}

static bool skip(builder *b, int events)
{
    while (events-- > 0)
        if (!next(b)) return false;
    return true;
}

/* Stream and document around the one node. */
static nd_node *read_document(builder *b)
{
    if (!skip(b, 2)) return NULL;
    if (b->event.type == YAML_STREAM_END_EVENT) {
        nd_diag(b->diags, (nd_mark){0}, "is empty");
        return NULL;
    }
    if (!next(b)) return NULL;
    nd_node *root = read_node(b, 1);
    if (b->stop || !skip(b, 2)) goto bad;
    if (b->event.type == YAML_STREAM_END_EVENT) return root;
    nd_diag(b->diags, mark_of(b->event.start_mark),
            "a second document begins here; a file holds one");
bad:
    nd_node_free(root);
    return NULL;
}

nd_code nd_yaml_parse(const nd_source *source, nd_diags *d, nd_node **out, nd_err *err)
{
    *out = NULL;
    d->source = *source;
    if (source->n > SIZE_MAX_BYTES) {
        nd_diag(d, (nd_mark){0}, "larger than %d KiB", SIZE_MAX_BYTES / 1024);
        return ND_OK;
    }
    builder b = {.diags = d, .err = err};
    if (!yaml_parser_initialize(&b.parser))
        return ND_FAIL(err, ND_ENOMEM, "no memory to read %s", source->name);
    yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&b.parser, (const unsigned char *)source->text, source->n);
    *out = read_document(&b);
    yaml_event_delete(&b.event);
    yaml_parser_delete(&b.parser);
    if (b.code != ND_OK) {
        nd_node_free(*out);
        *out = NULL;
    }
    return b.code;
}

const char *nd_yaml_version(void)
{
    return yaml_get_version_string();
}
