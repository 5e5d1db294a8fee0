/* yaml.h -- a YAML text as a tree of nodes, each with its place. JSON is read as well.
 *
 * Taken in: one document of maps, lists and scalars. Anchors, aliases and tags are refused,
 * so a tree is never larger than its text; keys are plain names, and unique in their map.
 * What a scalar means is for its reader to say: here it is text. */
#ifndef NUDGE_YAML_H
#define NUDGE_YAML_H

#include "nudge/diag.h"

typedef enum nd_kind { ND_SCALAR, ND_LIST, ND_MAP } nd_kind;

typedef struct nd_node {
    nd_kind kind;
    nd_mark at, end; /* first character, and the one after the last */
    char *text;      /* of a scalar, else NULL                      */
    bool quoted;     /* the scalar stood in quotes                  */
    char *key;       /* of an entry of a map, else NULL             */
    nd_mark key_at;
    size_t n; /* children */
    struct nd_node *first, *next;
} nd_node;

/* Reads the source into a tree to be freed with nd_node_free. Faults go to `d` (start from
 * {0}), and *out is then what could be made of the text, or NULL. Fails with ND_ENOMEM. */
ND_MUST nd_code nd_yaml_parse(const nd_source *source, nd_diags *d, nd_node **out,
                              nd_err *err);
void nd_node_free(nd_node *root);

/* The entry of a map; NULL when there is none, or `map` is NULL or no map. */
const nd_node *nd_node_get(const nd_node *map, const char *key);

bool nd_node_empty(const nd_node *node); /* nothing was written: "key:", "[]", "{}" */
const char *nd_kind_text(nd_kind kind);  /* "a list" */

/* The byte of the source that a mark points at. */
size_t nd_mark_offset(const nd_source *source, nd_mark at);

#endif
