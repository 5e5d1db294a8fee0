/* test_schema.c -- the parameter and metric tables, trial keys, records. */
#include "nudge/record.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void set(nd_params *p, const char *name, const char *value)
{
    nd_err err = {0};
    const nd_param *row = nd_param_find(name);
    assert_non_null(row);
    if (nd_param_set(p, row, value, &err) != ND_OK) fail_msg("%s", err.message);
}

static nd_key key_of(const nd_params *p)
{
    nd_key key;
    nd_err err = {0};
    assert_int_equal(nd_params_key(p, &key, &err), ND_OK);
    return key;
}

/* Every row: default in canonical text, help and source there, name and variable alike. */
static void rows_are_sound(void **state)
{
    (void)state;
    nd_params p;
    nd_params_defaults(&p);
    for (size_t i = 0; i < nd_param_count(); i++) {
        const nd_param *row = nd_param_at(i);
        nd_text t = {0};
        nd_param_print(&p, row, &t);
        if (strcmp(nd_text_str(&t), row->fallback) != 0)
            fail_msg("%s: default \"%s\" prints as \"%s\"", row->name, row->fallback,
                     nd_text_str(&t));
        assert_true(*row->help && *row->source);
        assert_ptr_equal(nd_param_find(row->name), row);
        char variable[64];
        nd_copy(variable, sizeof variable, row->name);
        *strchr(variable, '.') = '_';
        assert_string_equal(variable, row->variable);
        if (row->type == ND_TYPE_CHOICE) assert_non_null(row->choices);
        if (row->type == ND_TYPE_REAL || row->type == ND_TYPE_INT)
            assert_true(row->lo < row->hi);
        nd_text_free(&t);
    }
    for (size_t i = 0; i < ND_METRICS; i++) {
        assert_int_equal(nd_metric_find(nd_metric_at(i)->name), (int)i);
        assert_true(*nd_metric_at(i)->long_name && *nd_metric_at(i)->unit);
    }
}

static void bad_values_are_refused_and_change_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *expect;
    } bad[] = {
        {"ep.beta", "strong", "must be a number"},
        {"ep.T", "2.5", "must be a whole number"},
        {"ep.dt", "3", "between 1e-06 and 1"},
        {"ep.nudge", "one-sidd", "did you mean \"one-sided\""},
        {"model.kind", "transformer", "takes one of"},
        {"model.layers", "[784, ten]", "whole numbers"},
        {"model.layers", "[]", "is empty"},
        {"model.layers", "[784, 10", "whole numbers"},
        {"model.layers", "[784, 0, 10]", "out of range"},
        {"model.layers", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "at most 16"},
        {"data.path", "two\nlines", "one line"},
        {"train.rates", "nan", "numbers"},
    };
    nd_params before, p;
    nd_params_defaults(&before);
    p = before;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        nd_err err = {0};
        assert_int_equal(nd_param_set(&p, nd_param_find(bad[i].name), bad[i].value, &err),
                         ND_EINPUT);
        if (!strstr(err.message, bad[i].expect)) fail_msg("%s", err.message);
        if (!strstr(err.message, bad[i].name)) fail_msg("%s", err.message);
        assert_memory_equal(&p, &before, sizeof p);
    }
}

static void canonical_text_round_trips(void **state)
{
    (void)state;
    nd_params p, q;
    nd_params_defaults(&p);
    set(&p, "model.layers", "784 128 64,10");
    set(&p, "ep.beta", "0.30000000000000004");
    set(&p, "device.kind", "ernoult");
    set(&p, "data.path", "/some where/else");
    nd_text t = {0}, again = {0};
    nd_err err = {0};
    nd_params_print(&p, true, &t);
    assert_string_equal(nd_text_str(&t), "data.path = /some where/else\n"
                                         "device.kind = ernoult\n"
                                         "ep.beta = 0.30000000000000004\n"
                                         "model.layers = [784, 128, 64, 10]\n");
    assert_int_equal(nd_params_parse(&q, t.s, &err), ND_OK);
    nd_params_print(&q, true, &again);
    assert_string_equal(t.s, again.s);
    assert_int_equal(nd_params_parse(&q, "ep.gamma = 1\n", &err), ND_ENOENT);
    assert_int_equal(nd_params_parse(&q, "nonsense\n", &err), ND_ECORRUPT);
    nd_text_free(&t);
    nd_text_free(&again);
}

/* The key is of what changes a result, and nothing else. A fixed value guards against keys
 * that drift between versions without ND_SCHEMA_VERSION saying so. */
static void keys_name_trials(void **state)
{
    (void)state;
    nd_params p, q;
    nd_params_defaults(&p);
    q = p;
    char text[ND_KEY_TEXT];
    nd_key back;
    const nd_key first = key_of(&p);
    set(&q, "data.path", "elsewhere");
    assert_memory_equal(first.b, key_of(&q).b, 16);
    set(&q, "ep.beta", "0.10");
    assert_memory_equal(first.b, key_of(&q).b, 16);
    set(&q, "train.seed", "2");
    assert_memory_not_equal(first.b, key_of(&q).b, 16);
    nd_key_text(first, text);
    assert_string_equal(text, "22428e79b0de4048b7e7c3d024dfb466");
    assert_true(nd_key_parse(text, &back));
    assert_memory_equal(first.b, back.b, 16);
    assert_false(nd_key_parse("0123", &back));
    assert_false(nd_key_parse("zz00000000000000000000000000000g", &back));
}

/* ---- records ---- */

static void sample(nd_record *r)
{
    nd_err err = {0};
    nd_record_init(r);
    assert_int_equal(nd_record_curves(r, 3, &err), ND_OK);
    memset(r->key.b, 0xab, sizeof r->key.b);
    r->status = ND_STATUS_DONE;
    r->attempts = 2;
    r->seconds = 1.25;
    nd_copy(r->host, sizeof r->host, "node7");
    nd_copy(r->isa, sizeof r->isa, "avx2");
    r->value[ND_METRIC_test_error] = 0.1;
    r->curve[ND_METRIC_test_error][2] = 0.1f;
    r->value[ND_METRIC_samples_per_second] = 1000;
}

static void records_round_trip(void **state)
{
    (void)state;
    nd_record a, b;
    nd_err err = {0};
    nd_text bytes = {0}, why = {0};
    sample(&a);
    nd_record_pack(&a, &bytes);
    assert_int_equal(nd_record_unpack(&b, bytes.s, bytes.n, &err), ND_OK);
    assert_true(nd_record_same(&a, &b, &why));
    assert_int_equal(b.attempts, 2);
    assert_string_equal(b.host, "node7");
    assert_int_equal(b.epochs, 3);
    assert_true(isnan(b.curve[ND_METRIC_test_error][0]));
    b.value[ND_METRIC_samples_per_second] = 7; /* volatile */
    assert_true(nd_record_same(&a, &b, &why));
    b.curve[ND_METRIC_test_error][1] = 0.5f;
    assert_false(nd_record_same(&a, &b, &why));
    assert_non_null(strstr(nd_text_str(&why), "test_error in epoch 2"));
    nd_record_free(&b);
    for (size_t n = 0; n < bytes.n; n++) /* every truncation is noticed */
        assert_int_equal(nd_record_unpack(&b, bytes.s, n, &err), ND_ECORRUPT);
    nd_text_free(&bytes);
    nd_text_free(&why);
    nd_record_free(&a);
}

/* Random damage must never crash or read past the end (run under the sanitizers). */
static void damaged_records_are_refused_or_read(void **state)
{
    (void)state;
    nd_record a, b;
    nd_text bytes = {0};
    sample(&a);
    nd_record_pack(&a, &bytes);
    for (size_t i = 0; i < bytes.n; i++)
        for (int bit = 0; bit < 8; bit++) {
            nd_err err = {0};
            bytes.s[i] = (char)(bytes.s[i] ^ (1 << bit));
            if (nd_record_unpack(&b, bytes.s, bytes.n, &err) == ND_OK) nd_record_free(&b);
            bytes.s[i] = (char)(bytes.s[i] ^ (1 << bit));
        }
    assert_int_equal(nd_record_unpack(&b, bytes.s, bytes.n, NULL), ND_OK);
    nd_record_free(&b);
    nd_text_free(&bytes);
    nd_record_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_sound),
        cmocka_unit_test(bad_values_are_refused_and_change_nothing),
        cmocka_unit_test(canonical_text_round_trips),
        cmocka_unit_test(keys_name_trials),
        cmocka_unit_test(records_round_trip),
        cmocka_unit_test(damaged_records_are_refused_or_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
