/* round.c -- rounds as bytes (little-endian): u32 version (1), number, why, step, cells, n, then
 * for each choice u32 point, replicates. Valid if and only if the version is 1, why is one of
 * nd_round_why, number is not 0, no two choices are of one point and they ascend, none has 0
 * replicates, an end has none, and the bytes end with the last choice. */
#include "nudge/round.h"

#include "nudge/bytes.h"

#include <stdlib.h>

enum { VERSION = 1, CHOICE_BYTES = 8 };

void nd_round_free(nd_round *r)
{
    free(r->choice);
    *r = (nd_round){0};
}

bool nd_round_ends(const nd_round *r)
{
    return r->why == ND_ROUND_ENCLOSED || r->why == ND_ROUND_BUDGET;
}

const char *nd_round_text(const nd_round *r)
{
    static const char *const texts[ND_ROUND_WHYS] = {
        [ND_ROUND_COARSE] = "the first points",
        [ND_ROUND_REPEAT] = "replicates where the side of the level is uncertain",
        [ND_ROUND_FOLLOW] = "new points along the contour",
        [ND_ROUND_ENCLOSED] = "the contour is enclosed",
        [ND_ROUND_BUDGET] = "the budget is spent",
    };
    return r->why < ND_ROUND_WHYS && texts[r->why] ? texts[r->why] : "unknown";
}

bool nd_round_same(const nd_round *a, const nd_round *b)
{
    bool same = a->number == b->number && a->why == b->why && a->step == b->step &&
                a->cells == b->cells && a->n == b->n;
    for (uint32_t i = 0; same && i < a->n; i++)
        same = a->choice[i].point == b->choice[i].point &&
               a->choice[i].replicates == b->choice[i].replicates;
    return same;
}

void nd_round_pack(const nd_round *r, nd_text *out)
{
    const uint32_t head[] = {VERSION, r->number, r->why, r->step, r->cells, r->n};
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        nd_put_u32(out, head[i]);
    for (uint32_t i = 0; i < r->n; i++) {
        nd_put_u32(out, r->choice[i].point);
        nd_put_u32(out, r->choice[i].replicates);
    }
}

static bool sound(const nd_round *r)
{
    bool good = r->number && r->why >= 1 && r->why < ND_ROUND_WHYS;
    good = good && nd_round_ends(r) == (r->n == 0);
    for (uint32_t i = 0; good && i < r->n; i++)
        good =
            r->choice[i].replicates && (!i || r->choice[i].point > r->choice[i - 1].point);
    return good;
}

nd_code nd_round_unpack(nd_round *r, const void *bytes, size_t n, nd_err *err)
{
    nd_cursor c = nd_cursor_at(bytes, n);
    *r = (nd_round){0};
    const uint32_t version = nd_get_u32(&c);
    r->number = nd_get_u32(&c);
    r->why = nd_get_u32(&c);
    r->step = nd_get_u32(&c);
    r->cells = nd_get_u32(&c);
    const uint32_t count = nd_get_u32(&c);
    const bool whole = !c.bad && version == VERSION &&
                       (size_t)(c.end - c.p) == (size_t)count * CHOICE_BYTES;
    if (whole && count) {
        r->choice = calloc(count, sizeof *r->choice);
        if (!r->choice)
            return ND_FAIL(err, ND_ENOMEM, "no memory for %u points of a round", count);
    }
    for (; whole && r->n < count; r->n++) {
        r->choice[r->n].point = nd_get_u32(&c);
        r->choice[r->n].replicates = nd_get_u32(&c);
    }
    if (whole && sound(r)) return ND_OK;
    nd_round_free(r);
    return ND_FAIL(err, ND_ECORRUPT, "the journal's round is none");
}
