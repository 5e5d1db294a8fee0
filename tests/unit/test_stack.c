/* test_stack.c -- architectures as text: geometry of every layer, and faults with their
 * places. */
#include "model/stack_impl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static nd_stack parse(const char *text, size_t rows, size_t cols, size_t channels)
{
    nd_stack s;
    nd_err err = {0};
    if (nd_stack_parse(text, rows, cols, channels, &s, &err) != ND_OK)
        fail_msg("%s: %s", text, err.message);
    return s;
}

/* The published MNIST network. */
static void mnist(void **state)
{
    (void)state;
    const nd_stack s = parse("conv 32 5x5, max 2, conv 64 5x5, max 2, fc 10", 28, 28, 1);
    assert_int_equal(s.n, 3);
    assert_int_equal(s.convs, 2);
    const nd_stack_layer *l = s.layer;
    assert_true(l[0].is_conv && l[1].is_conv && !l[2].is_conv);
    assert_int_equal(l[0].k, 25);
    assert_int_equal(l[0].n, 32);
    assert_int_equal(l[0].rows, 12);
    assert_int_equal(l[0].cols, 12);
    assert_int_equal(l[0].conv.pixel, 1);
    assert_int_equal(l[0].conv.image, 784);
    assert_int_equal(l[0].conv.pool, ND_POOL_MAX);
    assert_int_equal(l[0].conv.window, 2);
    assert_int_equal(l[0].units, 32 * 12 * 12);
    assert_int_equal(l[1].k, 800);
    assert_int_equal(l[1].conv.pixel, 32);
    assert_int_equal(l[1].conv.image, l[0].floats);
    assert_int_equal(l[1].units, 1024);
    assert_int_equal(l[2].k, 1024);
    assert_int_equal(l[2].fan_in, 1024);
    assert_int_equal(l[2].n, 10);
    assert_int_equal(l[2].units, 10);
    assert_int_equal(l[2].floats, 16);
}

/* The published CIFAR-10 network: the last of four convolutions without padding. */
static void cifar(void **state)
{
    (void)state;
    const nd_stack s = parse("conv 128 3x3 pad 1, max 2, conv 256 3x3 pad 1, max 2,"
                             "conv 512 3x3 pad 1,max 2 , conv 512 3x3, max 2, fc 10",
                             32, 32, 3);
    static const size_t sides[] = {16, 8, 4, 1};
    assert_int_equal(s.n, 5);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(s.layer[i].rows, sides[i]);
        assert_int_equal(s.layer[i].cols, sides[i]);
    }
    assert_int_equal(s.layer[0].conv.pixel, 3);
    assert_int_equal(s.layer[4].k, 512);
}

static void sizes_are_those_of_the_formulas(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t rows, cols;
    } table[] = {
        {"conv 8 3, fc 2", 9, 13},               /* "3" is 3x3 */
        {"conv 8 3x5, fc 2", 9, 11},             /* rows x cols */
        {"conv 8 3 stride 2, fc 2", 5, 7},       /* (11 - 3) / 2 + 1, (15 - 3) / 2 + 1 */
        {"conv 8 3 pad 1 stride 2, fc 2", 6, 8}, /* options in any order */
        {"conv 8 3 stride 2 pad 1, avg 3, fc 2", 2, 2}, /* what fills no window drops */
        {"  conv\t8 11x15 ,fc 2 ", 1, 1},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const nd_stack s = parse(table[i].text, 11, 15, 1);
        assert_int_equal(s.layer[0].rows, table[i].rows);
        assert_int_equal(s.layer[0].cols, table[i].cols);
    }
}

/* An fc on a map with padding lanes reads them; fan_in does not count them. */
static void padding_lanes_count(void **state)
{
    (void)state;
    const nd_stack s = parse("conv 20 3x3, fc 30, fc 4", 6, 6, 1);
    assert_int_equal(s.layer[0].units, 16 * 20);
    assert_int_equal(s.layer[0].floats, 16 * 32);
    assert_int_equal(s.layer[1].k, 16 * 32);
    assert_int_equal(s.layer[1].fan_in, 16 * 20);
    assert_int_equal(s.layer[2].k, 30);
    assert_int_equal(s.layer[2].fan_in, 30);
}

static void no_convolution_is_a_stack_too(void **state)
{
    (void)state;
    const nd_stack s = parse("fc 512, fc 10", 28, 28, 3);
    assert_int_equal(s.convs, 0);
    assert_int_equal(s.layer[0].k, 28 * 28 * 3);
    assert_int_equal(s.layer[1].k, 512);
}

static void faults_have_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *where, *what;
    } table[] = {
        {"", "item 1, \"\" (column 1", "nothing is here"},
        {"conv 8 3x3,, fc 2", "item 2, \"\" (column 12", "comma too many"},
        {"conv 8 3x3, fc 2,", "item 3, \"\" (column 18", "comma too many"},
        {"conf 8 3x3, fc 2", "item 1, \"conf 8 3x3\" (column 1", "did you mean \"conv\""},
        {"dense 8, fc 2", "item 1", "conv, max, avg and fc"},
        {"conv, fc 2", "item 1, \"conv\"", "the number of maps is missing"},
        {"conv 8, fc 2", "item 1", "as in conv 8 3x3"},
        {"conv eight 3x3, fc 2", "item 1", "the number of maps should be a whole number"},
        {"conv -8 3x3, fc 2", "item 1", "the number of maps should be a whole number"},
        {"conv 0 3x3, fc 2", "item 1", "the number of maps is 0"},
        {"conv 8 0x3, fc 2", "item 1", "the kernel's height is 0"},
        {"conv 8 3x, fc 2", "item 1", "the kernel's width should be a whole number"},
        {"conv 8 3x3x3, fc 2", "item 1", "the kernel's width should be"},
        {"conv 8 3x3 stride 0, fc 2", "item 1", "stride is 0"},
        {"conv 8 3x3 stride, fc 2", "item 1", "stride is missing"},
        {"conv 8 3x3 strid 2, fc 2", "item 1", "did you mean \"stride\""},
        {"conv 8 3x3 dilation 2, fc 2", "item 1", "stride and pad"},
        {"conv 8 3x3 pad 3, fc 2", "item 1", "at most pad 2"},
        {"conv 8 13x3 pad 0, fc 2", "item 1", "larger than the map below it, 12x12"},
        {"conv 8 5x5, max 2, conv 8 5x5, fc 2", "item 3, \"conv 8 5x5\" (column 20",
         "larger than the map below it, 4x4"},
        {"max 2, fc 2", "item 1, \"max 2\" (column 1", "right after a convolution"},
        {"conv 8 3x3, max 2, avg 2, fc 2", "item 3", "right after a convolution"},
        {"fc 5, max 2, fc 2", "item 2", "right after a convolution"},
        {"conv 8 3x3, max, fc 2", "item 2", "the window is missing"},
        {"conv 8 3x3, max 1, fc 2", "item 2", "the window is 1, but should be 2 to 15"},
        {"conv 8 3x3, max 11, fc 2", "item 2", "map of its convolution, 10x10"},
        {"conv 8 3x3, max 2 2, fc 2", "item 2", "\"2\" is too much"},
        {"fc 5, conv 8 3x3, fc 2", "item 2", "before the first fc"},
        {"conv 8 3x3, fc", "item 2", "the number of units is missing"},
        {"fc 99999999999", "item 1", "the number of units is 99999999999"},
        {"fc 100000, fc 100000, fc 2", "item 2", "too large"},
        {"conv 1000000 3x3 pad 2, conv 1000000 9x9, fc 2", "item 2", "too large"},
        {"conv 1000000 900x900 pad 899, fc 2", "item 1", "too large"},
        {"conv 8 1001x3, fc 2", "item 1", "1 to 1000"},
        {"fc 10 20", "item 1", "is a comma missing"},
        {"conv 8 3x3", "item 1", "such as fc 10"},
        {"conv 8 3x3, max 2", "item 2", "such as fc 10"},
        {"fc 1, fc 1, fc 1, fc 1, fc 1, fc 1, fc 1, fc 1, fc 1, fc 1, fc 1, fc 1, fc 1, "
         "fc 1, fc 1, fc 1, fc 1",
         "item 17", "more than 16 layers"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        nd_stack s;
        nd_err err = {0};
        if (nd_stack_parse(table[i].text, 12, 12, 1, &s, &err) != ND_EINPUT)
            fail_msg("\"%s\" was taken", table[i].text);
        if (!strstr(err.message, table[i].where) || !strstr(err.message, table[i].what))
            fail_msg("\"%s\": %s", table[i].text, err.message);
    }
    nd_stack s;
    nd_err err = {0};
    assert_int_equal(nd_stack_parse("fc 1", 0, 0, 0, &s, &err), ND_EINPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mnist),
        cmocka_unit_test(cifar),
        cmocka_unit_test(sizes_are_those_of_the_formulas),
        cmocka_unit_test(padding_lanes_count),
        cmocka_unit_test(no_convolution_is_a_stack_too),
        cmocka_unit_test(faults_have_their_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
