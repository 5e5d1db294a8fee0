/* bank_fixture.h -- one bank of devices with its arena, for unit tests; after cmocka.h. */
#ifndef NUDGE_TEST_BANK_FIXTURE_H
#define NUDGE_TEST_BANK_FIXTURE_H

#include "nudge/device.h"
#include "nudge/tiles.h"
#include "set.h"

typedef struct fixture {
    nd_params p;
    nd_bank bank;
    nd_arena arena;
    size_t cells;
    float *wanted, *scratch;
} fixture;

static inline void settings(fixture *f, const char *const *list)
{
    nd_params_defaults(&f->p);
    set_all(&f->p, list);
}
#define SETTINGS(f, ...) settings((f), (const char *const[]){__VA_ARGS__, NULL})

static inline void take(fixture *f, size_t k, size_t n, nd_arena *a)
{
    nd_bank_take(&f->bank, &f->p, k, n, 3, false, a);
    f->cells = nd_panels(k, n);
    f->wanted = nd_arena_take(a, f->cells, sizeof *f->wanted);
    f->scratch = nd_arena_take(a, nd_bank_scratch(&f->bank), sizeof *f->scratch);
}

/* (k, n) devices, by the fixture's parameters. */
static inline void start(fixture *f, size_t k, size_t n)
{
    nd_err err = {0};
    nd_arena measure = {0};
    take(f, k, n, &measure);
    assert_int_equal(nd_arena_new(&f->arena, measure.used, &err), ND_OK);
    take(f, k, n, &f->arena);
    if (nd_bank_open(&f->bank, &err) != ND_OK) fail_msg("%s", err.message);
    nd_bank_init(&f->bank, k);
}

#endif
