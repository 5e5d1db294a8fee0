/* fuzz_spec.c -- any bytes as a sweep's spec: refused with a message, or a spec that says of itself what it
 * is, whose points are parameters with a key. */
#include "fuzz.h"

#include "nudge/spec.h"

#include <stdlib.h>
#include <string.h>

static nd_spec *parse(const char *text, size_t n, nd_err *err)
{
    const nd_source source = {.name = "input", .text = text, .n = n};
    nd_spec *s = NULL;
    const nd_code code = nd_spec_parse(&source, NULL, 0, &s, err);
    FUZZ_EXPECT((code == ND_OK) == (s != NULL));
    return s;
}

static void walk(const nd_spec *s)
{
    enum { POINTS = 64 };
    const size_t points = nd_spec_points(s), dims = nd_spec_dims(s);
    size_t *coords = calloc(dims + 1, sizeof *coords);
    FUZZ_EXPECT(coords && points >= 1 && nd_spec_kept(s) >= 1 && nd_spec_kept(s) <= points);
    for (size_t i = 0; i < points && i < POINTS; i++) {
        nd_err err = {0};
        nd_params p;
        nd_key key;
        bool kept;
        const size_t at = i < POINTS / 2 ? i : points - 1 - (i - POINTS / 2);
        if (nd_spec_point(s, at, &p, coords, &kept, &err) != ND_OK) continue;
        for (size_t d = 0; d < dims; d++)
            FUZZ_EXPECT(coords[d] < nd_spec_dim(s, d)->n);
        if (kept) FUZZ_EXPECT(nd_params_key(&p, &key, &err) == ND_OK);
    }
    free(coords);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    nd_err err = {0};
    nd_spec *s = parse((const char *)bytes, n, &err);
    if (!s) {
        FUZZ_EXPECT(err.message[0]);
        return 0;
    }
    nd_params base;
    nd_swept swept[256];
    (void)!nd_spec_base(s, &base, &err);
    (void)nd_spec_swept(s, swept, 256);
    walk(s);
    /* as it goes into the journal, and comes out of it */
    const char *text = nd_spec_text(s);
    nd_spec *again = parse(text, strlen(text), &err);
    FUZZ_EXPECT(again && nd_spec_points(again) == nd_spec_points(s) &&
                nd_spec_kept(again) == nd_spec_kept(s));
    FUZZ_EXPECT(!strcmp(nd_spec_text(again), text));
    nd_spec_free(again);
    nd_spec_free(s);
    return 0;
}
