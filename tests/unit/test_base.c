/* test_base.c -- texts, numbers, names, hashes, bytes, files, errors. */
#include "nudge/bytes.h"
#include "nudge/clock.h"
#include "nudge/crc.h"
#include "nudge/diag.h"
#include "nudge/file.h"
#include "nudge/json.h"
#include "nudge/mem.h"
#include "nudge/philox.h"

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

static void reals_print_shortest_and_read_back(void **state)
{
    (void)state;
    static const struct {
        double x;
        const char *text;
    } cases[] = {{0.1, "0.1"},
                 {1000, "1000"},
                 {-0.0, "0"},
                 {1e15, "1e+15"},
                 {0.0001, "0.0001"},
                 {1e-9, "1e-09"},
                 {1.0 / 3, "0.3333333333333333"},
                 {-2.5, "-2.5"},
                 {123456789, "123456789"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nd_text t = {0};
        double back;
        nd_text_real(&t, cases[i].x);
        assert_string_equal(nd_text_str(&t), cases[i].text);
        assert_true(nd_parse_real(nd_text_str(&t), &back) && back == cases[i].x);
        nd_text_free(&t);
    }
}

/* Of all numbers of digits, tried one by one, the first that reads back. */
static void shortest_by_trial(double x, char out[40])
{
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(out, 40, "%.*g", digits, x);
        if (strtod(out, NULL) == x) return;
    }
}

static void no_shorter_text_reads_back(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 4000; i++) {
        const uint64_t bits = nd_philox_u64((nd_at){3, 99, 0, 0}, i);
        double x;
        char wanted[40];
        memcpy(&x, &bits, sizeof x); /* any magnitude, denormal too */
        if (i % 4 == 1) x = (double)(bits % 100000) / 1e4;
        if (i % 4 == 2) x = (double)(bits % 1000000) * 1e-310;
        if (i % 4 == 3) x = nextafter((double)(bits % 1000) / 8e3, 1);
        if (!isfinite(x) || x == floor(x)) continue;
        nd_text t = {0};
        nd_text_real(&t, x);
        shortest_by_trial(x, wanted);
        assert_string_equal(nd_text_str(&t), wanted);
        nd_text_free(&t);
    }
}

static void numbers_are_strict(void **state)
{
    (void)state;
    static const char *const bad[] = {"",     " 1",    "1 ",  "0x10", "nan", "inf",
                                      "-inf", "1e999", "1,5", "--1",  "."};
    double x;
    int64_t i;
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        if (nd_parse_real(bad[k], &x)) fail_msg("\"%s\" was read as %g", bad[k], x);
    assert_true(nd_parse_int("1e4", &i) && i == 10000);
    assert_false(nd_parse_int("1.5", &i));
    assert_false(nd_parse_int("99999999999999999999", &i));
}

static void durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double seconds;
    } good[] = {{"90", 90},     {"45s", 45},        {"30m", 1800},
                {"2h", 7200},   {"1d", 86400},      {"1.5h", 5400},
                {"10:30", 630}, {"01:02:03", 3723}, {"1-02:00:00", 93600}};
    static const char *const bad[] = {"",    "h",   "1x", "-5", "1:2:3:4",
                                      "1-2", "a:b", "1:", ":1", "-1:00"};
    double s;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!nd_parse_duration(good[i].text, &s) || s != good[i].seconds)
            fail_msg("%s", good[i].text);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (nd_parse_duration(bad[i], &s)) fail_msg("\"%s\" was read as %g s", bad[i], s);
}

static void nearest_names(void **state)
{
    (void)state;
    static const char *const names[] = {"ep.beta", "device.c2c", "model.layers",
                                        "train.epochs"};
    static const struct {
        const char *typed, *meant;
    } cases[] = {
        {"ep.bta", "ep.beta"},        {"ep.beat", "ep.beta"},          {"beta", "ep.beta"},
        {"device.C2C", "device.c2c"}, {"model.layer", "model.layers"}, {"zzzzzz", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nd_nearest n = nd_nearest_to(cases[i].typed);
        for (size_t k = 0; k < 4; k++)
            nd_nearest_try(&n, names[k]);
        if (cases[i].meant)
            assert_string_equal(n.best, cases[i].meant);
        else
            assert_null(n.best);
    }
}

static void hashes_have_known_answers(void **state)
{
    (void)state;
    assert_int_equal(nd_crc32c(0, "123456789", 9), 0xe3069283u);
    assert_int_equal(nd_crc32c(nd_crc32c(0, "1234", 4), "56789", 5), 0xe3069283u);
    unsigned char bytes[100];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * i * 7 + 13);
    for (size_t from = 0; from < 9; from++) /* any alignment, any length, bit by bit */
        for (size_t n = 0; from + n <= sizeof bytes; n++) {
            uint32_t crc = 0xffffffffu;
            for (size_t i = 0; i < 8 * n; i++) {
                const uint32_t bit = bytes[from + i / 8] >> i % 8 & 1;
                crc = crc >> 1 ^ ((crc ^ bit) & 1 ? 0x82f63b78u : 0);
            }
            assert_int_equal(nd_crc32c(0, bytes + from, n), ~crc);
        }
    /* SipHash-2-4-128 of 00 01 02 ... under the key 00 .. 0f, lengths 0 and 1 (the authors'
     * vectors) */
    static const unsigned char want[2][16] = {
        {0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55,
         0x02, 0x93},
        {0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44, 0x34, 0x76, 0x59, 0x11, 0x9b, 0x22,
         0xfc, 0x45}};
    unsigned char key[16], in[1] = {0}, out[16];
    for (int i = 0; i < 16; i++)
        key[i] = (unsigned char)i;
    for (size_t n = 0; n < 2; n++) {
        nd_siphash128(key, in, n, out);
        assert_memory_equal(out, want[n], 16);
    }
}

static void bytes_round_trip_and_stop_at_the_end(void **state)
{
    (void)state;
    nd_text t = {0};
    const float curve[3] = {1.5f, -2.0f, 0.0f};
    nd_put_u32(&t, 0xdeadbeefu);
    nd_put_u64(&t, 0x0123456789abcdefu);
    nd_put_f64(&t, -0.1);
    nd_put_f32s(&t, curve, 3);
    nd_put_str(&t, "hello");
    for (size_t n = 0; n <= t.n; n++) {
        nd_cursor c = nd_cursor_at(t.s, n);
        float back[3];
        char s[4];
        const uint32_t a = nd_get_u32(&c);
        const uint64_t b = nd_get_u64(&c);
        const double d = nd_get_f64(&c);
        nd_get_f32s(&c, back, 3);
        nd_get_str(&c, s, sizeof s);
        assert_int_equal(c.bad, n < t.n);
        if (n < t.n) continue;
        assert_true(a == 0xdeadbeefu && b == 0x0123456789abcdefu && d == -0.1);
        assert_memory_equal(back, curve, sizeof curve);
        assert_string_equal(s, "hel");
    }
    nd_text_free(&t);
}

static void json_is_escaped(void **state)
{
    (void)state;
    nd_json j = {0};
    nd_json_open(&j, '{');
    nd_json_key(&j, "a\"b"), nd_json_string(&j, "line\nbreak\\");
    nd_json_key(&j, "n"), nd_json_real(&j, (double)NAN);
    nd_json_key(&j, "list");
    nd_json_open(&j, '[');
    nd_json_int(&j, 1), nd_json_bool(&j, false), nd_json_raw(&j, "{\"x\":2}\n");
    nd_json_close(&j);
    nd_json_close(&j);
    assert_string_equal(
        nd_text_str(&j.text),
        "{\"a\\\"b\":\"line\\u000abreak\\\\\",\"n\":null,\"list\":[1,false,{\"x\":2}]}");
    nd_text_free(&j.text);
}

static void errors_carry_a_trail(void **state)
{
    (void)state;
    nd_err err = {0};
    assert_int_equal(ND_FAIL(&err, ND_EINPUT, "bad %d", 7), ND_EINPUT);
    for (int i = 0; i < ND_ERR_TRAIL + 3; i++)
        assert_int_equal(nd_err_while(&err, "while %d", i), ND_EINPUT);
    assert_string_equal(err.message, "bad 7");
    assert_int_equal(err.n_trail, ND_ERR_TRAIL);
    assert_string_equal(err.trail[0], "while 0");
    assert_int_equal(nd_code_exit(ND_EINPUT), 3);
    assert_int_equal(nd_code_exit(ND_ESTOPPED), 75);
    assert_int_equal(nd_code_exit(ND_OK), 0);
    assert_int_equal(ND_FAIL(NULL, ND_EIO, "nobody listens"), ND_EIO);
}

static void diagnostics_point_at_their_place(void **state)
{
    (void)state;
    const nd_source source = {.name = "x.yaml", .text = "one\n  two: \x1b[31m3\n", .n = 19};
    nd_diags d = {.source = source};
    nd_err err = {0};
    assert_int_equal(nd_diags_code(&d, &err), ND_OK);
    nd_diag(&d, (nd_mark){2, 3}, "what is \"two\"?");
    const char *text = nd_text_str(&d.text);
    assert_non_null(strstr(text, "x.yaml:2:3: what is \"two\"?\n"));
    assert_non_null(strstr(text, "    2 |   two: ?[31m3\n      |   ^\n"));
    for (int i = 0; i < 40; i++)
        nd_diag(&d, (nd_mark){i + 50, 200}, "past the end");
    assert_int_equal(nd_diags_code(&d, &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "and more"));
    nd_diags_free(&d);
}

/* ---- files ---- */

static char folder[64];

static void path_to(char out[128], const char *name)
{
    snprintf(out, 128, "%s/%s", folder, name);
}

static int make_folder(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%.40s/nudge-base-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    char p[128];
    path_to(p, "file"), unlink(p);
    path_to(p, "a/b"), rmdir(p);
    path_to(p, "a"), rmdir(p);
    return rmdir(folder);
}

static void publishing_replaces_in_one_step(void **state)
{
    (void)state;
    nd_err err = {0};
    char p[128];
    path_to(p, "file");
    nd_text t = {0};
    assert_int_equal(nd_file_read(p, &t, &err), ND_ENOENT);
    assert_non_null(strstr(err.message, p));
    assert_int_equal(nd_file_publish(p, "first", 5, &err), ND_OK);
    assert_int_equal(nd_file_publish(p, "second!", 7, &err), ND_OK);
    assert_int_equal(nd_file_read(p, &t, &err), ND_OK);
    assert_string_equal(t.s, "second!");
    nd_map map;
    assert_int_equal(nd_file_map(p, &map, &err), ND_OK);
    assert_int_equal(map.n, 7);
    nd_file_unmap(&map);
    assert_int_equal(nd_file_map(folder, &map, &err), ND_EINPUT);
    nd_text_free(&t);
}

/* A write that fails half way leaves the old file, and no litter. */
static void failed_publishing_keeps_the_old_file(void **state)
{
    (void)state;
    nd_err err = {0};
    char p[128];
    path_to(p, "file");
    assert_int_equal(nd_file_publish(p, "kept", 4, &err), ND_OK);
    struct rlimit old, small = {.rlim_cur = 1000};
    getrlimit(RLIMIT_FSIZE, &old);
    small.rlim_max = old.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    static char big[5000];
    const nd_code code = nd_file_publish(p, big, sizeof big, &err);
    setrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(code, ND_EIO);
    nd_text t = {0};
    assert_int_equal(nd_file_read(p, &t, &err), ND_OK);
    assert_string_equal(t.s, "kept");
    nd_text_free(&t);
    char temporary[160];
    snprintf(temporary, sizeof temporary, "%s.tmp.%ld", p, (long)getpid());
    assert_false(nd_file_exists(temporary));
}

static void folders_are_made_with_their_parents(void **state)
{
    (void)state;
    nd_err err = {0};
    char p[128], in_the_way[128];
    path_to(p, "a/b");
    assert_int_equal(nd_dir_make(p, &err), ND_OK);
    assert_int_equal(nd_dir_make(p, &err), ND_OK);
    path_to(in_the_way, "file");
    assert_int_equal(nd_dir_make(in_the_way, &err), ND_EIO);
    assert_non_null(strstr(err.message, "not a folder"));
}

static void arenas_measure_what_they_take(void **state)
{
    (void)state;
    nd_err err = {0};
    nd_arena a = {0};
    assert_null(nd_arena_take(&a, 10, 4));
    assert_null(nd_arena_take(&a, 3, 100));
    assert_int_equal(a.used, 64 + 320);
    const size_t size = a.used;
    assert_int_equal(nd_arena_new(&a, size, &err), ND_OK);
    unsigned char *p = nd_arena_take(&a, 10, 4), *q = nd_arena_take(&a, 3, 100);
    assert_true(((size_t)p & 63) == 0 && q == p + 64 && q[299] == 0);
    nd_arena_free(&a);
    nd_arena huge = {0};
    nd_arena_take(&huge, SIZE_MAX / 2, 16);
    assert_int_equal(nd_arena_new(&huge, huge.used, &err), ND_ENOMEM);
}

/* What sleeps is not busy; what works is. */
static void busy_is_not_asleep(void **state)
{
    (void)state;
    const double start = nd_worked(), now = nd_now();
    nd_sleep(0.3);
    assert_true(nd_now() - now >= 0.29);
    assert_true(nd_worked() - start < 0.15);
    while (nd_worked() - start < 0.01) /* asking is work, too: this ends */
        continue;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reals_print_shortest_and_read_back),
        cmocka_unit_test(no_shorter_text_reads_back),
        cmocka_unit_test(numbers_are_strict),
        cmocka_unit_test(durations),
        cmocka_unit_test(nearest_names),
        cmocka_unit_test(hashes_have_known_answers),
        cmocka_unit_test(bytes_round_trip_and_stop_at_the_end),
        cmocka_unit_test(json_is_escaped),
        cmocka_unit_test(errors_carry_a_trail),
        cmocka_unit_test(diagnostics_point_at_their_place),
        cmocka_unit_test(publishing_replaces_in_one_step),
        cmocka_unit_test(failed_publishing_keeps_the_old_file),
        cmocka_unit_test(folders_are_made_with_their_parents),
        cmocka_unit_test(arenas_measure_what_they_take),
        cmocka_unit_test(busy_is_not_asleep),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
