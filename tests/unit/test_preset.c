/* test_preset.c -- values that come with a published or a measured device, and that nothing
 * which the spec says is lost to them. */
#include "nudge/device.h"
#include "nudge/preset.h"
#include "nudge/response.h"
#include "nudge/spec.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static nd_spec *parse(const char *text, const char *const *sets, size_t n)
{
    nd_err err = {0};
    nd_spec *s = NULL;
    const nd_source source = {"test", text, strlen(text)};
    if (nd_spec_parse(&source, sets, n, &s, &err) != ND_OK) fail_msg("%s", err.message);
    return s;
}

static nd_params base(const char *text, const char *const *sets, size_t n)
{
    nd_err err = {0};
    nd_params p;
    nd_spec *s = parse(text, sets, n);
    if (nd_spec_base(s, &p, &err) != ND_OK) fail_msg("%s", err.message);
    nd_spec_free(s);
    return p;
}

static nd_key key(const nd_params *p)
{
    nd_err err = {0};
    nd_key k;
    assert_int_equal(nd_params_key(p, &k, &err), ND_OK);
    return k;
}

static void all_presets_apply(void **state)
{
    (void)state;
    const nd_preset *preset;
    for (size_t i = 0; (preset = nd_preset_at(i)); i++) {
        nd_params p, plain;
        nd_params_defaults(&p);
        nd_params_defaults(&plain);
        p.device_preset = (int64_t)i;
        nd_preset_apply(&p, NULL);
        assert_true(nd_key_same(key(&p), key(&plain)) == (i == 0));
        if (i) assert_true(p.device_kind != ND_DEVICE_ideal);
    }
}

static void presets_fill_in_what_the_spec_leaves(void **state)
{
    (void)state;
    const char text[] = "campaign: c\nbase: {device: {preset: reram-es, d2d: 0.7}}\n";
    nd_params p = base(text, NULL, 0);
    assert_int_equal(p.device_kind, ND_DEVICE_exp_step);
    assert_true(p.device_exp_A_up == -1.18445 && p.device_step == 0.000675);
    assert_true(p.device_d2d == 0.7); /* said */
    const char *const sets[] = {"device.kind=pow-step", "device.step=0"};
    p = base(text, sets, 2);
    assert_int_equal(p.device_kind, ND_DEVICE_pow_step);
    assert_true(p.device_step == 0 && p.device_write_noise == 0.050625);
    /* a value that is its default, but said, stays */
    p = base("campaign: c\nbase: {device: {preset: reram-es, c2c: 0}}\n", NULL, 0);
    assert_true(p.device_c2c == 0);
}

/* The steps of phase change memory shrink by a factor of 23.9 along its range. */
static void phase_change_saturates(void **state)
{
    (void)state;
    nd_device_report r;
    nd_err err = {0};
    const nd_params p = base("campaign: c\nbase: {device.preset: pcm}\n", NULL, 0);
    assert_int_equal(nd_device_check(&p, &err), ND_OK);
    assert_int_equal(nd_device_report_of(&p, &r, &err), ND_OK);
    for (int i = 0; i < ND_REPORT_STEPS; i++) {
        const double want = 0.005 * (1 + 27.235 * exp(-5 * r.step[i].x));
        assert_true(fabs(r.step[i].up / want - 1) < 1e-3);
    }
}

/* Keys are by values: a preset is the same trial as its values written out. */
static void presets_are_their_values(void **state)
{
    (void)state;
    const nd_params a =
        base("campaign: c\nbase: {device.preset: neurosim-ideal}\n", NULL, 0);
    const nd_params b = base(
        "campaign: c\nbase: {device: {kind: constant-step, synapse: single, ratio: 50, "
        "gain: 2.040816, step: 0.015625}, program.width: 0.015625}\n",
        NULL, 0);
    assert_true(nd_key_same(key(&a), key(&b)));
}

static void presets_can_be_swept(void **state)
{
    (void)state;
    nd_err err = {0};
    nd_spec *s = parse("campaign: c\naxes: {device.preset: [none, ecram, reram-om], "
                       "device.d2d: [0, 0.5]}\nwhere: \"device.step < 0.01\"\n"
                       "derive: {program.width: \"device.step + 0.001\"}\n",
                       NULL, 0);
    assert_int_equal(nd_spec_points(s), 6);
    assert_int_equal(nd_spec_kept(s), 4); /* reram-om has large steps */
    for (size_t i = 0; i < 6; i++) {
        nd_params p;
        bool kept;
        assert_int_equal(nd_spec_point(s, i, &p, NULL, &kept, &err), ND_OK);
        assert_true(kept == (i < 4));
        assert_true(p.device_d2d == (i % 2 ? 0.5 : 0)); /* the axis wins */
        assert_true(p.device_kind == (i < 2   ? ND_DEVICE_ideal
                                      : i < 4 ? ND_DEVICE_linear_step
                                              : ND_DEVICE_soft_bounds_reference));
        assert_true(fabs(p.program_width - p.device_step - 0.001) <
                    1e-12); /* so does derive */
    }
    nd_spec_free(s);
}

/* ---- measured devices ---- */

static char file[] = "/tmp/nudge-response-XXXXXX";

static void write_file(const char *text)
{
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* Steps of 0.02 (1.5 - x) up and 0.02 (0.5 + x) down, in conductances of 2 to 6. */
static void write_device(void)
{
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    double x = 0;
    fprintf(f, "pulses,conductance\n# nS\n0, 2\n");
    while (x + 0.02 * (1.5 - x) < 1) { /* no step is cut off at a bound */
        x += 0.02 * (1.5 - x);
        fprintf(f, "1, %.9g\n", 2 + 4 * x);
    }
    while (x - 0.02 * (0.5 + x) > 0) {
        x -= 0.02 * (0.5 + x);
        fprintf(f, "-1;%.9g\n", 2 + 4 * x);
    }
    fclose(f);
}

static void tables_come_from_what_was_measured(void **state)
{
    (void)state;
    char text[200];
    write_device();
    snprintf(text, sizeof text,
             "campaign: c\nbase: {device: {kind: piecewise, table: %s}}\n", file);
    const nd_params p = base(text, NULL, 0);
    const nd_reals *list[] = {&p.device_curve_up, &p.device_curve_down};
    assert_int_equal(list[0]->n, 12);
    assert_true(p.device_step > 0.015 && p.device_step < 0.021);
    for (size_t i = 0; i < 12; i++) {
        const double x = (double)i / 11;
        assert_true(fabs(list[0]->v[i] * p.device_step / (0.02 * (1.5 - x)) - 1) < 0.05);
        assert_true(fabs(list[1]->v[i] * p.device_step / (0.02 * (0.5 + x)) - 1) < 0.05);
    }
    /* the file is no part of the key, what it holds is */
    nd_params q = p;
    nd_copy(q.device_table.s, sizeof q.device_table.s, "elsewhere");
    assert_true(nd_key_same(key(&p), key(&q)));
    q.device_curve_up.v[3] *= 2;
    assert_false(nd_key_same(key(&p), key(&q)));
}

static void damaged_tables_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } bad[] = {{"1,2\n1,3\n", "too few"},
               {"1,2\n1,3\n1,4\n1,5\n1,6\n1,7\n1,8\n1,9\n", "no depression pulse"},
               {"-1,2\n-1,3\n-1,4\n1 5 6\n", ":4: not a line of two numbers"},
               {"1,2\n-1,2\n1,2\n-1,2\n1,2\n-1,2\n1,2\n-1,2\n", "never changes"},
               {"1,x\n", ":1: not a line"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        nd_err err = {0};
        nd_response r;
        write_file(bad[i].text);
        assert_int_equal(nd_response_read(file, &r, &err), ND_EINPUT);
        if (!strstr(err.message, bad[i].says)) fail_msg("%s", err.message);
        assert_non_null(strstr(err.message, file));
        assert_null(r.pulses);
    }
    nd_err err = {0};
    nd_spec *s;
    const char text[] = "campaign: c\nbase: {device.table: /nowhere/at/all.csv}\n";
    const nd_source source = {"test", text, strlen(text)};
    assert_int_equal(nd_spec_parse(&source, NULL, 0, &s, &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "/nowhere/at/all.csv"));
}

int main(void)
{
    const int fd = mkstemp(file);
    if (fd < 0) return 1;
    close(fd);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_presets_apply),
        cmocka_unit_test(presets_fill_in_what_the_spec_leaves),
        cmocka_unit_test(presets_are_their_values),
        cmocka_unit_test(phase_change_saturates),
        cmocka_unit_test(presets_can_be_swept),
        cmocka_unit_test(tables_come_from_what_was_measured),
        cmocka_unit_test(damaged_tables_are_refused),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(file);
    return failed;
}
