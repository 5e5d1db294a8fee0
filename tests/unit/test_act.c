/* test_act.c -- states at the bounds of an activation are found, and no others. */
#include "nudge/act.h"
#include "nudge/kern.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { B = 3, N_MAX = 40, LD = 48 };

static const struct {
    nd_activation_id id;
    double lo, hi; /* beyond 1e5: none */
} rows[] = {
    {ND_ACTIVATION_shifted_sigmoid, 0, 1}, {ND_ACTIVATION_hard_sigmoid, 0, 1},
    {ND_ACTIVATION_half_sigmoid, 0, 1},    {ND_ACTIVATION_centred_sigmoid, -0.5, 0.5},
    {ND_ACTIVATION_logistic, 0, 1},        {ND_ACTIVATION_tanh, -1, 1},
    {ND_ACTIVATION_relu, 0, 1e6},          {ND_ACTIVATION_identity, -1e6, 1e6},
};

/* Any width; the padding is 0, which is a bound, and must not count. */
static void pinned_states_are_counted(void **state)
{
    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        for (size_t n = 1; n <= N_MAX; n++) {
            float s[B * LD] = {0};
            uint64_t want = 0;
            for (size_t i = 0; i < B * n; i++) {
                const double lo = rows[r].lo, hi = rows[r].hi;
                const double at[] = {lo,        hi,     lo + 5e-5,     hi - 5e-5,
                                     lo + 2e-4, hi - 2, (lo + hi) / 3, lo + 0.3};
                const double x = at[i * 7 % 8];
                want += (double)(float)x <= lo + 1e-4 || (double)(float)x >= hi - 1e-4;
                s[i / n * LD + i % n] = (float)x;
            }
            const uint64_t got = nd_activation_pinned(rows[r].id, B, n, LD, s);
            if (got != want)
                fail_msg("%s, n = %zu: %lu instead of %lu",
                         nd_activation_at(rows[r].id)->name, n, (unsigned long)got,
                         (unsigned long)want);
        }
}

/* What an activation gives far from 0 is pinned; what it gives at its steepest is not. */
static void saturated_units_are_pinned(void **state)
{
    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        const nd_activation *a = nd_activation_at(rows[r].id);
        const float ends[ND_LANES] = {(float)a->r(-20), (float)a->r(20)};
        const float middle[ND_LANES] = {(float)a->r(0.4)};
        const uint64_t bounds =
            (uint64_t)(rows[r].lo > -1e5) + (uint64_t)(rows[r].hi < 1e5);
        assert_int_equal(nd_activation_pinned(rows[r].id, 1, 2, ND_LANES, ends), bounds);
        assert_int_equal(nd_activation_pinned(rows[r].id, 1, 1, ND_LANES, middle), 0);
    }
}

int main(void)
{
    nd_err err = {0};
    if (nd_kern_choose(&err) != ND_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pinned_states_are_counted),
        cmocka_unit_test(saturated_units_are_pinned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
