/* test_spec.c -- the specification: the corpus of malformed specs, expansion, overrides. */
#include "nudge/spec.h"

#include "nudge/clock.h"
#include "nudge/file.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static nd_spec *parse_with(const char *text, const char *const *sets, size_t n_sets)
{
    const nd_source source = {"t.yaml", text, strlen(text)};
    nd_spec *s = NULL;
    nd_err err = {0};
    if (nd_spec_parse(&source, sets, n_sets, &s, &err) != ND_OK)
        fail_msg("%s\nin\n%s", err.message, text);
    return s;
}

static nd_spec *parse(const char *text)
{
    return parse_with(text, NULL, 0);
}

/* The faults of a text that must be refused. */
static void refused(const char *text, const char *set, const char *wanted)
{
    const nd_source source = {"t.yaml", text, strlen(text)};
    nd_spec *s = NULL;
    nd_err err = {0};
    assert_int_equal(nd_spec_parse(&source, &set, set != NULL, &s, &err), ND_EINPUT);
    assert_null(s);
    if (!strstr(err.message, wanted))
        fail_msg("expected \"%s\" in\n%s", wanted, err.message);
}

static nd_params point(const nd_spec *s, size_t i)
{
    nd_params p;
    bool kept;
    nd_err err = {0};
    if (nd_spec_point(s, i, &p, NULL, &kept, &err) != ND_OK) fail_msg("%s", err.message);
    return p;
}

static void value_is(const nd_params *p, const char *name, const char *wanted)
{
    nd_text t = {0};
    nd_param_print(p, nd_param_find(name), &t);
    assert_string_equal(nd_text_str(&t), wanted);
    nd_text_free(&t);
}

/* ---- the corpus ---- */

/* The next "# tag: value" line; false when the head of the file is over. */
static bool next_tag(const char **at, const char *tag, char *out, size_t size)
{
    const size_t n = strlen(tag);
    if (strncmp(*at, tag, n) != 0) return false;
    const size_t length = strcspn(*at, "\n");
    assert_true(length - n < size);
    nd_copy(out, length - n + 1, *at + n);
    *at += length + 1;
    return true;
}

static void check_malformed(const char *path)
{
    nd_spec *s = NULL;
    nd_err err = {0};
    nd_text text = {0};
    assert_int_equal(nd_file_read(path, &text, &err), ND_OK);
    assert_int_equal(nd_spec_load(path, NULL, 0, &s, &err), ND_EINPUT);
    assert_null(s);
    char expect[256], place[32];
    int faults = 0, lines = 1, carets = 0;
    const char *at = text.s;
    while (next_tag(&at, "# expect: ", expect, sizeof expect)) {
        assert_true(next_tag(&at, "# at: ", place, sizeof place));
        nd_text wanted = {0};
        nd_text_add(&wanted, "%s:%s", path, strcmp(place, "-") ? place : " ");
        const char *found = strstr(err.message, expect);
        if (!found) fail_msg("%s: expected \"%s\" in\n%s", path, expect, err.message);
        const char *line = found;
        while (line > err.message && line[-1] != '\n')
            line--;
        if (strncmp(line, wanted.s, wanted.n) != 0)
            fail_msg("expected %s at\n%s", wanted.s, line);
        nd_text_free(&wanted);
        faults++;
    }
    assert_true(faults > 0);
    for (const char *p = err.message; *p; p++) {
        lines += *p == '\n';
        carets += *p == '\n' && strncmp(p + 1, path, strlen(path)) == 0;
    }
    assert_true(lines <= 40);
    if (carets + 1 != faults)
        fail_msg("%s: more faults than expected:\n%s", path, err.message);
    nd_text_free(&text);
}

static void malformed_specs(void **state)
{
    (void)state;
    glob_t files;
    assert_int_equal(glob("tests/cli/specs/*.yaml", 0, NULL, &files), 0);
    assert_true(files.gl_pathc >= 25);
    for (size_t i = 0; i < files.gl_pathc; i++)
        check_malformed(files.gl_pathv[i]);
    globfree(&files);
}

static void missing_file(void **state)
{
    (void)state;
    nd_spec *s = NULL;
    nd_err err = {0};
    assert_int_equal(nd_spec_load("tests/no-such.yaml", NULL, 0, &s, &err), ND_ENOENT);
    assert_non_null(strstr(err.message, "tests/no-such.yaml"));
}

/* Any beginning of a good spec, and any one byte changed, is read or refused: no crash. */
static void hostile_bytes(void **state)
{
    (void)state;
    static const char text[] =
        "campaign: h\nbase: {ep: {beta: 0.1}, data.path: \"a b\"}\n"
        "axes: {ep.T: {range: [1, 9, 2]}, model.layers: [[7, 3], [7, 4, 3]]}\n"
        "cases:\n  - {name: x, ep.K: 4}\nderive: {ep.dt: \"1 / ep.T\"}\n"
        "where: \"ep.T < 8 and not (ep.nudge == one-sided)  or true\"\n"
        "replicates: {device: 2}\n";
    static const char bytes[] = {0, 1, '\n', '"', '[', '{', ':', '-', '9', '&', (char)0xff};
    for (size_t i = 0; i < sizeof text; i++)
        for (size_t b = 0; b <= sizeof bytes; b++) {
            char copy[sizeof text];
            memcpy(copy, text, sizeof text);
            if (b < sizeof bytes) copy[i] = bytes[b];
            const nd_source source = {"h", copy, b < sizeof bytes ? sizeof text - 1 : i};
            nd_spec *s = NULL;
            nd_err err = {0};
            if (nd_spec_parse(&source, NULL, 0, &s, &err) != ND_OK)
                assert_true(err.message[0] != '\0');
            nd_spec_free(s);
        }
}

/* ---- expansion ---- */

static const char full[] = "campaign: full\n"
                           "question: Why?\n"
                           "base: {data.validation: 10, ep: {T: 33}, train.seed: 5}\n"
                           "axes:\n"
                           "  ep.beta: [0.1, 0.2, 0.5]\n"
                           "  device.c2c: {linspace: [0, 0.03, 4]}\n"
                           "cases:\n"
                           "  - {name: small, model.layers: [784, 10]}\n"
                           "  - {ep: {T: 40}, train.rates: [0.1, 0.2]}\n"
                           "tune:\n"
                           "  program.width: {logspace: [0.0001, 0.1, 4]}\n"
                           "replicates: {device: 3, train: 2}\n"
                           "limits: {trial_seconds: 2h, trial_memory: 512, retries: 0}\n";

static void order_of_points(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        nd_role role;
        size_t n;
    } wanted[] = {{"case", ND_ROLE_CASE, 2},        {"ep.beta", ND_ROLE_AXIS, 3},
                  {"device.c2c", ND_ROLE_AXIS, 4},  {"program.width", ND_ROLE_TUNE, 4},
                  {"device.seed", ND_ROLE_SEED, 3}, {"train.seed", ND_ROLE_SEED, 2}};
    nd_spec *s = parse(full);
    assert_int_equal(nd_spec_dims(s), 6);
    for (size_t d = 0; d < 6; d++) {
        assert_string_equal(nd_spec_dim(s, d)->name, wanted[d].name);
        assert_int_equal(nd_spec_dim(s, d)->role, wanted[d].role);
        assert_int_equal(nd_spec_dim(s, d)->n, wanted[d].n);
    }
    assert_int_equal(nd_spec_points(s), 2 * 3 * 4 * 4 * 3 * 2);
    assert_int_equal(nd_spec_kept(s), nd_spec_points(s));
    for (size_t i = 0; i < nd_spec_points(s); i++) {
        nd_params p, q;
        size_t k[6], index = 0;
        bool kept = false;
        assert_int_equal(nd_spec_point(s, i, &p, k, &kept, NULL), ND_OK);
        assert_true(kept);
        for (size_t d = 0; d < 6; d++)
            index = index * wanted[d].n + k[d];
        assert_int_equal(index, i);
        assert_int_equal(p.train_seed, 5 + (int)(i % 2));
        assert_int_equal(p.device_seed, 1 + (int)(i / 2 % 3));
        q = p;
        for (size_t d = 0; d < 6; d++)
            nd_dim_set(nd_spec_dim(s, d), k[d], &q);
        assert_memory_equal(&p, &q, sizeof p);
    }
    nd_spec_free(s);
}

static void cases_and_limits(void **state)
{
    (void)state;
    nd_spec *s = parse(full);
    const nd_dim *dim = nd_spec_dim(s, 0);
    assert_string_equal(dim->labels[0], "small");
    assert_string_equal(dim->labels[1], "case-2");
    assert_int_equal(dim->n_params, 3);
    const nd_params first = point(s, 0), last = point(s, nd_spec_points(s) - 1);
    value_is(&first, "model.layers", "[784, 10]");
    value_is(&first, "ep.T", "33"); /* the base holds where a case is silent */
    value_is(&first, "train.rates", "[0.04, 0.08]");
    value_is(&last, "model.layers", "[784, 512, 10]");
    value_is(&last, "ep.T", "40");
    value_is(&last, "train.rates", "[0.1, 0.2]");
    const nd_limits *l = nd_spec_limits(s);
    assert_true(l->trial_seconds == 7200 && l->trial_memory == 512 && l->retries == 0 &&
                l->max_failures == 1);
    assert_string_equal(nd_spec_name(s), "full");
    assert_string_equal(nd_spec_question(s), "Why?");
    assert_string_equal(nd_spec_text(s), full);
    nd_spec_free(s);
    s = parse("campaign: d\n");
    l = nd_spec_limits(s);
    assert_true(l->trial_seconds == 0 && l->trial_memory == 0 && l->retries == 2);
    assert_string_equal(nd_spec_question(s), "");
    assert_int_equal(nd_spec_points(s), 1);
    nd_spec_free(s);
}

static void swept_parameters(void **state)
{
    (void)state;
    nd_text t = {0};
    nd_text_add(&t, "%sderive: {ep.K: \"ep.T / ep.T + 3\"}\n", full);
    nd_spec *s = parse(t.s);
    nd_text_free(&t);
    static const char *const names[] = {"model.layers", "ep.T",       "train.rates",
                                        "ep.beta",      "device.c2c", "program.width",
                                        "device.seed",  "train.seed", "ep.K"};
    nd_swept swept[16];
    const size_t n = nd_spec_swept(s, swept, 16);
    assert_int_equal(n, 9);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(swept[i].param->name, names[i]);
    assert_int_equal(swept[0].role, ND_ROLE_CASE);
    assert_int_equal(swept[8].role, ND_ROLE_DERIVED);
    assert_int_equal(nd_spec_swept(s, NULL, 0), 9);
    nd_spec_free(s);
}

typedef struct keys {
    size_t n;
    nd_key *key;
} keys;

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(nd_key));
}

/* Sorted. */
static keys keys_of(const char *text)
{
    nd_spec *s = parse(text);
    keys k = {0, calloc(nd_spec_points(s), sizeof(nd_key))};
    for (size_t i = 0; i < nd_spec_points(s); i++) {
        nd_params p;
        bool kept;
        assert_int_equal(nd_spec_point(s, i, &p, NULL, &kept, NULL), ND_OK);
        if (kept) assert_int_equal(nd_params_key(&p, &k.key[k.n++], NULL), ND_OK);
    }
    assert_int_equal(k.n, nd_spec_kept(s));
    qsort(k.key, k.n, sizeof *k.key, by_bytes);
    nd_spec_free(s);
    return k;
}

static void keys_are_unique_and_stay(void **state)
{
    (void)state;
    const keys small =
        keys_of("campaign: a\naxes: {ep.beta: [0.1, 0.2], ep.T: [20, 30]}\n");
    const keys large = keys_of("campaign: b\naxes:\n  device.c2c: [0, 0.1]\n"
                               "  ep.T: {range: [10, 40, 10]}\n"
                               "  ep.beta: [0.3, 0.1, 0.2]\nreplicates: {train: 2}\n");
    assert_int_equal(small.n, 4);
    assert_int_equal(large.n, 2 * 4 * 3 * 2);
    for (size_t i = 1; i < large.n; i++)
        assert_true(memcmp(&large.key[i - 1], &large.key[i], sizeof(nd_key)) < 0);
    for (size_t i = 0; i < small.n; i++)
        assert_non_null(
            bsearch(&small.key[i], large.key, large.n, sizeof(nd_key), by_bytes));
    free(small.key);
    free(large.key);
}

static void zip_moves_together(void **state)
{
    (void)state;
    nd_spec *s = parse("campaign: z\ndesign: zip\naxes:\n  ep.beta: [0.1, 0.2, 0.3]\n"
                       "  ep.T: {range: [10, 30, 10]}\n  ep.nudge: [one-sided, "
                       "random-sign, symmetric]\nreplicates: {device: 2}\n");
    assert_int_equal(nd_spec_points(s), 6);
    assert_string_equal(nd_spec_dim(s, 0)->name, "zip");
    assert_int_equal(nd_spec_dim(s, 0)->n_params, 3);
    const nd_params p = point(s, 3);
    value_is(&p, "ep.beta", "0.2");
    value_is(&p, "ep.T", "20");
    value_is(&p, "ep.nudge", "random-sign");
    value_is(&p, "device.seed", "2");
    nd_spec_free(s);
}

/* Each generator's values, as they are printed. */
static void generated_values(void **state)
{
    (void)state;
    static const struct {
        const char *axis, *values;
    } table[] = {
        {"device.c2c: {linspace: [0, 0.03, 4]}", "0 0.01 0.02 0.03 "},
        {"device.c2c: {linspace: [0, 1, 11]}", "0 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1 "},
        {"program.width: {logspace: [0.0001, 0.1, 4]}", "0.0001 0.001 0.01 0.1 "},
        {"program.width: {logspace: [1e-9, 1, 10]}",
         "1e-09 1e-08 1e-07 1e-06 1e-05 0.0001 0.001 0.01 0.1 1 "},
        {"ep.beta: {range: [0.1, 0.7, 0.1]}", "0.1 0.2 0.3 0.4 0.5 0.6 0.7 "},
        {"ep.beta: {range: [0.3, -0.35, -0.3]}", "0.3 0 -0.3 "},
        {"ep.T: {range: [10, 35, 10]}", "10 20 30 "},
        {"ep.T: {logspace: [1, 1e6, 3]}", "1 1000 1000000 "},
        {"ep.beta: {linspace: [0.3333333333333333, 1, 1]}", "0.3333333333333333 "},
        {"train.rates: {linspace: [0.1, 0.3, 2]}", "[0.1] [0.3] "},
        {"train.rates: [0.1, [0.1, 0.2]]", "[0.1] [0.1, 0.2] "},
        {"model: {layers: [[784, 10], [784, 20, 10]]}", "[784, 10] [784, 20, 10] "},
        {"data.path: [\"\", /data]", " /data "},
        {"check.fault: [none, segv]", "none segv "},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        nd_text text = {0}, got = {0};
        nd_text_add(&text, "campaign: g\naxes:\n  %s\n", table[i].axis);
        nd_spec *s = parse(text.s);
        for (size_t k = 0; k < nd_spec_points(s); k++) {
            const nd_params p = point(s, k);
            nd_param_print(&p, nd_spec_dim(s, 0)->params[0], &got);
            nd_text_add(&got, " ");
        }
        assert_string_equal(nd_text_str(&got), table[i].values);
        nd_spec_free(s);
        nd_text_free(&text);
        nd_text_free(&got);
    }
}

static void derive_and_where(void **state)
{
    (void)state;
    nd_spec *s = parse("campaign: d\naxes:\n  ep.beta: [0.1, 0.2, 0.4]\n"
                       "  ep.T: [10, 20]\n  device.d2d: {range: [1, 5, 1]}\n"
                       "derive:\n  device.c2c: \"program.width * 10\"\n"
                       "  program.width: \"ep.beta / ep.K\"\n  ep.K: ep.T / 2\n"
                       "where: \"device.c2c < 0.3 and ep.T == 10 or ep.beta == 0.4\"\n");
    /* c2c = 20 beta / T: 0.2 0.1, 0.4 0.2, 0.8 0.4 */
    assert_int_equal(nd_spec_points(s), 30);
    assert_int_equal(nd_spec_kept(s), 15);
    size_t kept_points = 0;
    for (size_t i = 0; i < 30; i++) {
        nd_params p;
        bool kept;
        assert_int_equal(nd_spec_point(s, i, &p, NULL, &kept, NULL), ND_OK);
        assert_true(p.ep_K == p.ep_T / 2);
        assert_true(kept == ((p.device_c2c < 0.3 && p.ep_T == 10) || p.ep_beta == 0.4));
        kept_points += kept;
    }
    assert_int_equal(kept_points, 15);
    const nd_params p = point(s, 0);
    value_is(&p, "program.width", "0.02");
    value_is(&p, "device.c2c", "0.2");
    nd_params base;
    assert_int_equal(nd_spec_base(s, &base, NULL), ND_OK);
    value_is(&base, "ep.K", "15");
    nd_spec_free(s);
}

/* A derived value that only the base cannot have does not stop the sweep. */
static void derive_without_base(void **state)
{
    (void)state;
    nd_spec *s = parse("campaign: d\naxes: {device.c2c: [0.1, 0.2]}\n"
                       "derive: {ep.beta: 1 / device.c2c}\n");
    nd_params base;
    nd_err err = {0};
    assert_int_equal(nd_spec_base(s, &base, &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "division by zero"));
    nd_spec_free(s);
}

/* Validation that only some points have is not enough, unless where drops the others. */
static void tune_needs_validation(void **state)
{
    (void)state;
    static const char text[] = "campaign: v\naxes: {data.validation: [0, 10]}\n"
                               "tune: {program.width: [0.1, 0.2]}\n";
    refused(text, NULL, "needs data.validation above 0");
    refused(text, NULL, "(at data.validation = 0)");
    nd_text t = {0};
    nd_text_add(&t, "%swhere: data.validation > 0\n", text);
    nd_spec *s = parse(t.s);
    assert_int_equal(nd_spec_kept(s), 2);
    nd_spec_free(s);
    nd_text_free(&t);
    const char *set = "data.validation=5";
    s = parse_with(text, &set, 1);
    assert_int_equal(nd_spec_points(s), 2);
    nd_spec_free(s);
}

/* ---- sets ---- */

static void same_spec(const nd_spec *a, const nd_spec *b)
{
    assert_int_equal(nd_spec_points(a), nd_spec_points(b));
    assert_int_equal(nd_spec_kept(a), nd_spec_kept(b));
    assert_int_equal(nd_spec_dims(a), nd_spec_dims(b));
    for (size_t i = 0; i < nd_spec_points(a); i++) {
        const nd_params p = point(a, i), q = point(b, i);
        assert_memory_equal(&p, &q, sizeof p);
    }
}

static void sets_replace(void **state)
{
    (void)state;
    static const char *const sets[] = {"ep.beta=0.7", "program.width=0.5",
                                       "ep.T=9",      "train.seed=40",
                                       "ep.beta=0.8", "data.path=/a \"b\" \\c"};
    nd_spec *s = parse_with(full, sets, 6);
    assert_int_equal(nd_spec_points(s), 2 * 1 * 4 * 1 * 3 * 2);
    const nd_params last = point(s, nd_spec_points(s) - 1);
    value_is(&last, "ep.beta", "0.8"); /* the last of two */
    value_is(&last, "program.width", "0.5");
    value_is(&last, "ep.T", "9"); /* the case gives way */
    value_is(&last, "train.seed", "41");
    value_is(&last, "data.path", "/a \"b\" \\c");
    nd_spec *again = parse(nd_spec_text(s));
    same_spec(s, again);
    /* and again, over the overrides that are there by now */
    const char *more = "ep.beta=0.9";
    nd_spec *third = parse_with(nd_spec_text(again), &more, 1);
    const char *once = strstr(nd_spec_text(third), "overrides:");
    assert_non_null(once);
    assert_null(strstr(once + 1, "overrides:"));
    const nd_params p = point(third, 0);
    value_is(&p, "ep.beta", "0.9");
    value_is(&p, "ep.T", "9");
    nd_spec *fourth = parse(nd_spec_text(third));
    same_spec(third, fourth);
    nd_spec_free(s);
    nd_spec_free(again);
    nd_spec_free(third);
    nd_spec_free(fourth);
}

/* Overrides find their place in every shape of text. */
static void quick_is_the_small_version(void **state)
{
    (void)state;
    static const char text[] =
        "campaign: q\nquick: {ep.T: 5, ep.beta: 0.3, program.width: 0.1}\n"
        "base: {ep.T: 50, train.epochs: 30, data.validation: 100, "
        "device.kind: ernoult}\n"
        "axes: {ep.beta: [0.1, 0.2]}\n"
        "tune: {program.width: [0.1, 0.2, 0.3]}\n";
    nd_spec *whole = parse(text);
    assert_false(nd_spec_quick(whole));
    assert_int_equal(nd_spec_points(whole), 6);
    nd_params p = point(whole, 0);
    value_is(&p, "ep.T", "50");
    assert_string_equal(nd_spec_text(whole), text);

    static const char *const sets[] = {"ep.T=7", ND_SET_QUICK};
    nd_spec *small = parse_with(text, sets, 2);
    assert_true(nd_spec_quick(small));
    assert_int_equal(nd_spec_points(small), 1);
    p = point(small, 0);
    value_is(&p, "ep.T", "7"); /* what the command line says wins */
    value_is(&p, "ep.beta", "0.3");
    value_is(&p, "program.width", "0.1");
    value_is(&p, "train.epochs", "30");
    nd_spec *again = parse(nd_spec_text(small));
    same_spec(small, again);
    nd_spec_free(whole);
    nd_spec_free(small);
    nd_spec_free(again);
}

static void quick_is_checked(void **state)
{
    (void)state;
    refused("campaign: q\n", ND_SET_QUICK, "no small version");
    refused("campaign: q\nquick: {ep.bta: 1}\n", NULL, "did you mean \"ep.beta\"");
    refused("campaign: q\nquick: {ep.T: many}\n", NULL, "ep.T");
    refused("campaign: q\nquick: 5\n", NULL, "quick must be a map");
}

static void overrides_in_any_text(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "campaign: o",
        "campaign: o\n# the end",
        "# \xc3\xa4\ncampaign: o # \xc3\xa9\xc3\xa9\n\n\n",
        "---\ncampaign: o\n...\n",
        "{campaign: o, base: {ep.T: 5}}",
        "{\"campaign\": \"o\", \"overrides\": {\"ep.beta\": 0.4}, \"question\": \"?\",}\n",
        "  campaign: o\n  base: {ep.T: 5}\n",
        "campaign: o\noverrides:\n  ep.beta: 0.5\n  ep.T: 6\n# between\nbase: {ep.T: 5}\n",
        "campaign: o\noverrides: {ep: {beta: 0.5}} # old\nbase: {ep.T: 5}\n",
        "  campaign: o\n  overrides:\n    ep.beta: 0.5\n  base: {ep.T: 5}\n",
        "campaign: o\nquestion: |\n  Why \xc3\xa4?\n  \n",
        "campaign: o\r\nbase: {ep.T: 5}\r\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *set = "ep.beta=0.25";
        nd_spec *s = parse_with(texts[i], &set, 1);
        nd_spec *again = parse(nd_spec_text(s));
        same_spec(s, again);
        const nd_params p = point(again, 0);
        value_is(&p, "ep.beta", "0.25");
        assert_string_equal(nd_spec_name(again), "o");
        nd_spec_free(s);
        nd_spec_free(again);
    }
}

static void sets_and_derive_zip(void **state)
{
    (void)state;
    static const char *const sets[] = {"ep.K=7", "ep.beta=0.9"};
    nd_spec *s = parse_with("campaign: s\ndesign: zip\naxes: {ep.beta: [0.1, 0.2], "
                            "ep.T: [10, 20]}\nderive: {ep.K: ep.T / 2}\n",
                            sets, 2);
    assert_int_equal(nd_spec_points(s), 2);
    const nd_params p = point(s, 1);
    value_is(&p, "ep.K", "7");
    value_is(&p, "ep.beta", "0.9");
    value_is(&p, "ep.T", "20");
    nd_spec_free(s);
}

static void bad_sets(void **state)
{
    (void)state;
    static const char text[] = "campaign: s\n";
    refused(text, "ep.bta=1",
            "t.yaml: --set ep.bta=1: unknown parameter \"ep.bta\"; did you "
            "mean \"ep.beta\"?");
    refused(text, "ep.beta=x", "--set ep.beta=x: ep.beta must be a number");
    refused(text, "ep.beta", "write --set parameter=value");
    refused(text, "=3", "write --set parameter=value");
    refused(text, "data.path=\xff\xfe", "cannot be written into the spec");
}

/* ---- two specs ---- */

/* Both ways there are `n` keys; `words` for the way there. */
static void change_is(const char *before, const char *now, size_t n, const char *words)
{
    nd_text there = {0}, back = {0};
    size_t n_there, n_back;
    assert_int_equal(nd_spec_changes(before, now, &there, &n_there, NULL), ND_OK);
    assert_int_equal(nd_spec_changes(now, before, &back, &n_back, NULL), ND_OK);
    assert_int_equal(n_there, n);
    assert_int_equal(n_back, n);
    assert_int_equal(back.n > 0, n > 0);
    assert_string_equal(nd_text_str(&there), words);
    nd_text_free(&there);
    nd_text_free(&back);
}

static void changes_by_key(void **state)
{
    (void)state;
    static const char old[] = "campaign: c\nbase: {data.train: 100, ep: {T: 6, K: 3}}\n"
                              "axes:\n  ep.beta: {linspace: [0.1, 1, 4]}\n";
    change_is(old, old, 0, "");
    change_is(old,
              "# the same\naxes: {ep: {beta: {linspace: [0.1, 1, 4]}}}\n"
              "base:\n  ep.K: 3\n  ep.T: 6\n  data: {train: 100}\ncampaign: \"c\"\n",
              0, "");
    change_is(
        old,
        "campaign: c\nbase: {data.train: 200, ep: {T: 6}, train.epochs: 2}\n"
        "axes:\n  ep.beta: [0.1, 0.4]\n",
        5,
        "axes.ep.beta is [0.1, 0.4], was not there; axes.ep.beta.linspace was [0.1, 1, "
        "4], is not there; base.data.train was 100, is 200; base.ep.K was 3, is not "
        "there; base.train.epochs is 2, was not there");
    change_is("a: {b: {}}", "a: {b: []}", 1, "a.b was {}, is []");
    change_is("{}", "a: {b: 1}", 1, "a.b is 1, was not there");
    change_is(
        "{a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1}",
        "{a: 2, b: 2, c: 2, d: 2, e: 2, f: 2, g: 2, h: 2}", 8,
        "a was 1, is 2; b was 1, is 2; c was 1, is 2; d was 1, is 2; e was 1, is 2; f "
        "was 1, is 2; and 2 keys more");
    nd_text t = {0};
    size_t n;
    assert_int_equal(nd_spec_changes("a: [", old, &t, &n, NULL), ND_EINPUT);
    assert_int_equal(nd_spec_changes(old, "a: [", &t, &n, NULL), ND_EINPUT);
    nd_text_free(&t);
}

/* ---- size ---- */

static void million_points(void **state)
{
    (void)state;
    const double start = nd_now();
    nd_spec *s = parse("campaign: m\naxes:\n  ep.beta: {linspace: [0.1, 1, 100]}\n"
                       "  device.c2c: {linspace: [0, 1, 100]}\n"
                       "  device.d2d: {linspace: [0, 1, 100]}\n"
                       "derive: {program.width: \"ep.beta / 2\"}\n"
                       "where: \"device.c2c < 0.5\"\n");
    assert_int_equal(nd_spec_points(s), 1000000);
    assert_int_equal(nd_spec_kept(s), 500000);
    size_t n = 0;
    for (size_t i = 0; i < 1000000; i++) {
        nd_params p;
        bool kept;
        assert_true(nd_spec_point(s, i, &p, NULL, &kept, NULL) == ND_OK);
        n += kept;
    }
    assert_int_equal(n, 500000);
    nd_spec_free(s);
    assert_true(nd_now() - start < 30); /* about 1 s; a factor for sanitizers and load */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(malformed_specs),
        cmocka_unit_test(missing_file),
        cmocka_unit_test(hostile_bytes),
        cmocka_unit_test(order_of_points),
        cmocka_unit_test(cases_and_limits),
        cmocka_unit_test(swept_parameters),
        cmocka_unit_test(keys_are_unique_and_stay),
        cmocka_unit_test(zip_moves_together),
        cmocka_unit_test(generated_values),
        cmocka_unit_test(derive_and_where),
        cmocka_unit_test(derive_without_base),
        cmocka_unit_test(tune_needs_validation),
        cmocka_unit_test(sets_replace),
        cmocka_unit_test(quick_is_the_small_version),
        cmocka_unit_test(quick_is_checked),
        cmocka_unit_test(overrides_in_any_text),
        cmocka_unit_test(sets_and_derive_zip),
        cmocka_unit_test(bad_sets),
        cmocka_unit_test(changes_by_key),
        cmocka_unit_test(million_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
