/* test_device_report.c -- devices looked at by themselves, and found again from what was
 * measured on them. */
#include "nudge/device.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "set.h"

static void near(double value, double want, double relative, const char *what)
{
    if (!(fabs(value - want) <= relative * fabs(want)))
        fail_msg("%s: %.6g, want %.6g", what, value, want);
}

static void reports_say_what_was_set(void **state)
{
    (void)state;
    nd_err err = {0};
    nd_params p;
    nd_device_report r;
    nd_params_defaults(&p);
    set(&p, "device.kind", "ernoult");
    set(&p, "device.beta", "3");
    set(&p, "device.c2c", "0.002");
    set(&p, "device.d2d", "0.5");
    set(&p, "device.asymmetry", "0.1");
    set(&p, "program.width", "0.005");
    assert_int_equal(nd_device_report_of(&p, &r, &err), ND_OK);
    assert_int_equal(r.n, 2 * 200 + 1);
    assert_int_equal(r.apart, 1);
    near(r.symmetry, 0.5 + log(1.1 / 0.9) / 6, 1e-6, "symmetry");
    for (size_t i = 1; i < r.n; i++) /* up, then down, and never out of the range */
        assert_true((i <= 200 ? r.mean[i] >= r.mean[i - 1] : r.mean[i] <= r.mean[i - 1]) &&
                    r.one[i] >= 0 && r.one[i] <= 1);
    near(r.mean[100], log1p(expm1(3) * 0.5 * 1.1) / 3, 1e-4, "half of T");
    near(r.mean[200], 1, 1e-5, "top");
    for (int i = 1; i + 1 < ND_REPORT_STEPS; i++) {
        const nd_device_step *s = &r.step[i];
        const double up = log1p(expm1(3) * 0.0055 * exp(-3 * s->x)) / 3;
        near(s->up, up, 1e-3, "step");
        near(s->up_cycle, 0.002, 0.05, "from cycle to cycle");
        near(s->up_all, hypot(0.002, 0.5 * up), 0.1, "of all");
    }
    set(&p, "device.kind", "ideal");
    assert_int_equal(nd_device_report_of(&p, &r, &err), ND_EINPUT);
}

/* A measurement of the type by its own pulses, from bottom to top and back. */
static nd_response measure(const nd_params *p, nd_device_report *report)
{
    nd_err err = {0};
    assert_int_equal(nd_device_report_of(p, report, &err), ND_OK);
    /* the range is that of the device, which a train of 1/width pulses need not reach */
    nd_response r = {.n = report->n, .lowest = 2, .highest = 10};
    r.pulses = calloc(r.n, sizeof(double));
    r.conductance = calloc(r.n, sizeof(double));
    for (size_t i = 0; i < r.n; i++) {
        r.pulses[i] = !i ? 0 : i <= r.n / 2 ? 1 : -1;
        r.conductance[i] = 2 + 8 * report->one[i];
    }
    return r;
}

static void devices_are_found_again(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *set[4];
    } cases[] = {{"ernoult", {"device.beta", "3"}},
                 {"neurosim", {"device.nl_up", "2.4", "device.nl_down", "-4.88"}},
                 {"linear-step", {"device.linear_up", "0.4", "device.linear_down", "0.2"}},
                 {"pow-step", {"device.power_up", "0.8", "device.power_down", "0.5"}},
                 {"constant-step", {0}}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
        for (int noisy = 0; noisy < 2; noisy++) {
            nd_err err = {0};
            nd_params p;
            nd_device_report report;
            nd_device_fit fit[ND_FITS];
            nd_params_defaults(&p);
            set(&p, "device.kind", cases[c].kind);
            set(&p, "program.width", "0.005");
            if (noisy) set(&p, "device.c2c", "0.0003");
            for (int i = 0; i < 4 && cases[c].set[i]; i += 2)
                set(&p, cases[c].set[i], cases[c].set[i + 1]);
            nd_response r = measure(&p, &report);
            assert_int_equal(nd_device_fit_all(&r, fit, &err), ND_OK);
            const nd_device_fit *found = NULL;
            for (int i = 0; i < ND_FITS; i++)
                if (fit[i].p.device_kind == p.device_kind) found = &fit[i];
            assert_non_null(found);
            /* nearest, or as near: other types contain this one */
            if (found->rest > fit[0].rest + 0.02)
                fail_msg("%s leaves %g, another %g", cases[c].kind, found->rest,
                         fit[0].rest);
            if (found->rest > (noisy ? 0.2 : 0.06))
                fail_msg("%s leaves %g", cases[c].kind, found->rest);
            for (int i = 0; i < 4 && cases[c].set[i]; i += 2) {
                double value = 0;
                assert_true(
                    nd_param_number(&found->p, nd_param_find(cases[c].set[i]), &value));
                if (fabs(value - atof(cases[c].set[i + 1])) >
                    0.1 * fabs(atof(cases[c].set[i + 1])) + 0.05)
                    fail_msg("%s: %s = %g", cases[c].kind, cases[c].set[i], value);
            }
            near(found->p.device_ratio, 5, 0.1, "ratio");
            nd_response_free(&r);
        }
}

int main(void)
{
    nd_err err = {0};
    if (nd_kern_choose(&err) != ND_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_say_what_was_set),
        cmocka_unit_test(devices_are_found_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
