/* test_expr.c -- the expression language: values, truths, types, faults and their places.
 */
#include "nudge/expr.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* ep.T 30, ep.K 10, ep.beta 0.5, device.c2c 0, ep.nudge random-sign */
static nd_params given(void)
{
    nd_params p;
    nd_params_defaults(&p);
    p.ep_beta = 0.5;
    p.ep_nudge = ND_NUDGE_RANDOM_SIGN;
    nd_copy(p.data_path.s, sizeof p.data_path.s, "/data");
    return p;
}

static nd_expr *parse(const char *text, nd_expr_kind kind)
{
    nd_expr *e = NULL;
    size_t at;
    nd_err err = {0};
    if (nd_expr_parse(text, kind, &e, &at, &err) != ND_OK)
        fail_msg("%s: %s at %zu", text, err.message, at);
    return e;
}

static void numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } table[] = {
        {"1", 1},
        {" .5e1 ", 5},
        {"1 + 2 * 3", 7},
        {"(1 + 2) * 3", 9},
        {"2 - 3 - 4", -5},
        {"64 / 4 / 2", 8},
        {"2 ^ 3 ^ 2", 512},
        {"-2 ^ 2", -4},
        {"2 ^ -1", 0.5},
        {"--3", 3},
        {"2*-3", -6},
        {"ep.T-1", 29},
        {"ep.T/ep.K", 3},
        {"ep.beta * 4", 2},
        {"min(ep.T, 7, 9)", 7},
        {"max(-1, -2)", -1},
        {"abs(-4) + sqrt(9)", 7},
        {"log(exp(2))", 2},
        {"log10(1000)", 3},
        {"round(2.5) + floor(-0.5) + ceil(0.2)", 3},
    };
    const nd_params p = given();
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        nd_expr *e = parse(table[i].text, ND_EXPR_NUMBER);
        double x = -1e9;
        assert_int_equal(nd_expr_number(e, &p, &x, NULL), ND_OK);
        /* log10 and exp may be off by rounding, the others not */
        if (!(fabs(x - table[i].value) <= 1e-12)) fail_msg("%s = %g", table[i].text, x);
        nd_expr_free(e);
    }
}

static void truths(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool value;
    } table[] = {
        {"true", true},
        {"false or true", true},
        {"not true", false},
        {"ep.beta == 0.5", true},
        {"ep.beta != 0.5", false},
        {"ep.T >= 30 and ep.T <= 30", true},
        {"ep.T > 30 or ep.T < 30", false},
        {"true or true and false", true},
        {"(true or true) and false", false},
        {"not ep.T < 30", true},
        {"not not (ep.K < 11)", true},
        {"not false and true", true},
        {"ep.nudge == random-sign", true},
        {"ep.nudge==one-sided", false},
        {"ep.nudge != 'one-sided'", true},
        {"\"random-sign\" == ep.nudge", true},
        {"data.name == fashion-mnist and model.kind != 'ep-prototypical'", false},
        {"data.path == '/data'", true},
        {"data.path == '/dat'", false},
        {"device.c2c > 0 and 1 / device.c2c < 3", false},
        {"device.c2c == 0 or 1 / device.c2c < 3", true},
    };
    const nd_params p = given();
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        nd_expr *e = parse(table[i].text, ND_EXPR_TRUTH);
        bool b = !table[i].value;
        assert_int_equal(nd_expr_truth(e, &p, &b, NULL), ND_OK);
        if (b != table[i].value) fail_msg("%s is %d", table[i].text, b);
        nd_expr_free(e);
    }
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        nd_expr_kind kind;
        size_t at;
        const char *words;
    } table[] = {
        {"", ND_EXPR_NUMBER, 0, "ends where a value is needed"},
        {"1 +", ND_EXPR_NUMBER, 3, "ends where a value is needed"},
        {"1 2", ND_EXPR_NUMBER, 2, "should end before \"2\""},
        {"1.2.3", ND_EXPR_NUMBER, 0, "not a number"},
        {"1e999", ND_EXPR_NUMBER, 0, "not a number"},
        {"(1", ND_EXPR_NUMBER, 2, "\")\" is missing"},
        {"1 + %", ND_EXPR_NUMBER, 4, "a value is needed here, not %"},
        {"min(1)", ND_EXPR_NUMBER, 5, "two or more"},
        {"sqrt(1, 2)", ND_EXPR_NUMBER, 6, "\")\" is missing after the argument of sqrt"},
        {"sqrt 4", ND_EXPR_NUMBER, 5, "parentheses"},
        {"sqr(4)", ND_EXPR_NUMBER, 0, "no function \"sqr\"; did you mean sqrt"},
        {"2 * ep.bta", ND_EXPR_NUMBER, 4, "did you mean \"ep.beta\"?"},
        {"beta * 2", ND_EXPR_NUMBER, 0, "did you mean \"ep.beta\"?"},
        {"ep.nudge + 1", ND_EXPR_NUMBER, 0, "ep.nudge is a name"},
        {"model.layers / 2", ND_EXPR_NUMBER, 0, "expressions take single values"},
        {"ep.T < 3", ND_EXPR_NUMBER, 5, "not a condition"},
        {"(ep.T < 3) + 1", ND_EXPR_NUMBER, 6, "not a condition"},
        {"ep.T + 1", ND_EXPR_TRUTH, 5, "a condition is needed"},
        {"ep.T and true", ND_EXPR_TRUTH, 0, "a condition is needed"},
        {"ep.T = 3", ND_EXPR_TRUTH, 5, "write == to compare"},
        {"1 < ep.T < 3", ND_EXPR_TRUTH, 9, "do not chain"},
        {"ep.nudge == sideways", ND_EXPR_TRUTH, 12, "no choice \"sideways\""},
        {"ep.nudge < symmetric", ND_EXPR_TRUTH, 0, "is a name"},
        {"'a' == 'b'", ND_EXPR_TRUTH, 0, "is not a parameter"},
        {"ep.nudge == 'a", ND_EXPR_TRUTH, 12, "closing quote"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        nd_expr *e = NULL;
        size_t at = 0;
        nd_err err = {0};
        assert_int_equal(nd_expr_parse(table[i].text, table[i].kind, &e, &at, &err),
                         ND_EINPUT);
        assert_null(e);
        if (!strstr(err.message, table[i].words) || at != table[i].at)
            fail_msg("%s: \"%s\" at %zu, expected \"%s\" at %zu", table[i].text,
                     err.message, at, table[i].words, table[i].at);
    }
}

static void arithmetic_faults(void **state)
{
    (void)state;
    static const char *const table[][2] = {{"1 / device.c2c", "division by zero"},
                                           {"1 / (1 / device.c2c)", "division by zero"},
                                           {"log(device.c2c)", "finite"},
                                           {"sqrt(-ep.beta)", "finite"},
                                           {"1 / exp(ep.T * 1000)", "finite"},
                                           {"(-ep.beta) ^ 0.5", "finite"}};
    const nd_params p = given();
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        nd_expr *e = parse(table[i][0], ND_EXPR_NUMBER);
        double x;
        nd_err err = {0};
        assert_int_equal(nd_expr_number(e, &p, &x, &err), ND_EINPUT);
        if (!strstr(err.message, table[i][1])) fail_msg("%s: %s", table[i][0], err.message);
        nd_expr_free(e);
    }
}

static void parameters_used(void **state)
{
    (void)state;
    nd_expr *e = parse("ep.T > 3 and ep.nudge == symmetric", ND_EXPR_TRUTH);
    assert_true(nd_expr_uses(e, nd_param_find("ep.T")));
    assert_true(nd_expr_uses(e, nd_param_find("ep.nudge")));
    assert_false(nd_expr_uses(e, nd_param_find("ep.K")));
    nd_expr_free(e);
}

/* However deep or long: refused, not overflowed. */
static void bounded(void **state)
{
    (void)state;
    static const char *const pieces[] = {"(", "-", "1^", "1+", "abs(", "not ", "2^-", "1,"};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        nd_text t = {0};
        for (int n = 0; n < 100000; n++)
            nd_text_add(&t, "%s", pieces[i]);
        nd_text_add(&t, "1");
        nd_expr *e = NULL;
        size_t at = 0;
        nd_err err = {0};
        assert_int_equal(nd_expr_parse(t.s, ND_EXPR_NUMBER, &e, &at, &err), ND_EINPUT);
        assert_true(at <= t.n);
        nd_text_free(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),         cmocka_unit_test(truths),
        cmocka_unit_test(refused),         cmocka_unit_test(arithmetic_faults),
        cmocka_unit_test(parameters_used), cmocka_unit_test(bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
