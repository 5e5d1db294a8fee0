/* test_yaml.c -- YAML and JSON to trees with places; what is refused, and where. */
#include "nudge/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static nd_node *parse(const char *text)
{
    const nd_source source = {"t", text, strlen(text)};
    nd_diags d = {0};
    nd_node *root = NULL;
    assert_int_equal(nd_yaml_parse(&source, &d, &root, NULL), ND_OK);
    if (d.n) fail_msg("%s", nd_text_str(&d.text));
    assert_non_null(root);
    nd_diags_free(&d);
    return root;
}

static void tree_and_marks(void **state)
{
    (void)state;
    static const char text[] =
        "a: 1\nb:\n  - x\n  - \"y z\"\n  - [1, 2]\n\xc3\xa4: {c: ''}\n";
    const nd_source source = {"t", text, strlen(text)};
    nd_node *root = parse(text);
    assert_int_equal(root->kind, ND_MAP);
    assert_int_equal(root->n, 3);
    const nd_node *b = nd_node_get(root, "b");
    assert_int_equal(b->kind, ND_LIST);
    assert_int_equal(b->key_at.line, 2);
    assert_int_equal(b->first->at.line, 3);
    assert_int_equal(b->first->at.column, 5);
    assert_false(b->first->quoted);
    assert_string_equal(b->first->next->text, "y z");
    assert_true(b->first->next->quoted);
    assert_int_equal(b->first->next->next->n, 2);
    const nd_node *c = nd_node_get(nd_node_get(root, "\xc3\xa4"), "c");
    assert_string_equal(c->text, "");
    assert_false(nd_node_empty(c)); /* '' was written */
    assert_int_equal(c->at.column, 8);
    assert_int_equal(text[nd_mark_offset(&source, c->at)], '\'');
    assert_null(nd_node_get(root, "none"));
    assert_null(nd_node_get(b, "a"));
    assert_null(nd_node_get(NULL, "a"));
    nd_node_free(root);
}

static void json(void **state)
{
    (void)state;
    nd_node *root =
        parse("{\"n\":3,\"rate\":1.5e-3,\"list\":[1,null],\"s\":\"a\\u00e4\\n\"}");
    assert_string_equal(nd_node_get(root, "rate")->text, "1.5e-3");
    assert_string_equal(nd_node_get(root, "s")->text, "a\xc3\xa4\n");
    assert_int_equal(nd_node_get(root, "list")->n, 2);
    nd_node_free(root);
}

static void faults(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
        bool tree;
    } table[] = {
        {"", "t: is empty", false},
        {"# nothing\n", "t: is empty", false},
        {"a: [1, 2\n", "while parsing a flow sequence that begins at 1:4", false},
        {"a:\n\tb: 1\n", "t:2:1: found character that cannot start any token", false},
        {"a: 'x\n", "while scanning a quoted scalar", false},
        {"a: 1\na: 2\n", "t:2:1: duplicate key \"a\"; it is first given at line 1", true},
        {"a: {b: 1, c: 2, b: 3}\n", "t:1:17: duplicate key \"b\"", true},
        {"a: &x 1\nb: 2\n", "t:1:4: anchors (&x) are not used here", true},
        {"a: *x\n", "t:1:4: aliases (*x) are not used here", true},
        {"a: !!str 1\n", "t:1:4: tags (tag:yaml.org,2002:str)", true},
        {"? [1, 2]\n: 3\n", "t:1:3: a key must be a name", true},
        {"a: 1\n---\nb: 2\n", "t:2:1: a second document begins here", false},
        {"a: \"\\0\"\n", "t:1:4: control character in a text", true},
        {"a: \"\\e[2J\"\n", "t:1:4: control character in a text", true},
        {"a: \xff\n", "t:1:4: invalid leading UTF-8 octet", false},
        {"a: \x01\n", "control characters are not allowed", false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const nd_source source = {"t", table[i].text, strlen(table[i].text)};
        nd_diags d = {0};
        nd_node *root = NULL;
        assert_int_equal(nd_yaml_parse(&source, &d, &root, NULL), ND_OK);
        if (!strstr(nd_text_str(&d.text), table[i].message))
            fail_msg("expected \"%s\" in\n%s", table[i].message, nd_text_str(&d.text));
        assert_int_equal(root != NULL, table[i].tree);
        nd_node_free(root);
        nd_diags_free(&d);
    }
}

static void refuse_bulk(const char *head, const char *piece, int n, const char *wanted)
{
    nd_text t = {0};
    nd_text_add(&t, "%s", head);
    for (int i = 0; i < n; i++)
        nd_text_add(&t, piece, i);
    const nd_source source = {"t", t.s, t.n};
    nd_diags d = {0};
    nd_node *root = NULL;
    assert_int_equal(nd_yaml_parse(&source, &d, &root, NULL), ND_OK);
    if (!strstr(nd_text_str(&d.text), wanted))
        fail_msg("expected \"%s\" in\n%s", wanted, nd_text_str(&d.text));
    nd_node_free(root);
    nd_diags_free(&d);
    nd_text_free(&t);
}

static void bounded(void **state)
{
    (void)state;
    refuse_bulk("a: ", "[", 200000, "nested more than 32 deep");
    refuse_bulk("", "{a: ", 100000, "nested more than 32 deep");
    refuse_bulk("", "k%d: 1\n", 5000, "more than 1024 keys in one map");
    refuse_bulk("a: ", "long lines of text ", 300000, "larger than 4096 KiB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tree_and_marks),
        cmocka_unit_test(json),
        cmocka_unit_test(faults),
        cmocka_unit_test(bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
