/* ledger.c -- the journal, by trial. */
#include "ledger_impl.h"

#include <stdlib.h>
#include <string.h>

static size_t slot_of(const nd_line *slot, size_t slots, nd_key key)
{
    uint64_t h;
    memcpy(&h, key.b, sizeof h);
    size_t i = (size_t)h & (slots - 1);
    while (slot[i].status != ND_STATUS_PENDING && !nd_key_same(slot[i].key, key))
        i = (i + 1) & (slots - 1);
    return i;
}

static nd_code grow(nd_ledger *l, nd_err *err)
{
    const size_t slots = l->slots ? l->slots * 2 : 256;
    nd_line *slot = calloc(slots, sizeof *slot);
    if (!slot) return ND_FAIL(err, ND_ENOMEM, "no memory for %zu trials", l->n);
    for (size_t i = 0; i < l->slots; i++)
        if (l->slot[i].status != ND_STATUS_PENDING)
            slot[slot_of(slot, slots, l->slot[i].key)] = l->slot[i];
    free(l->slot);
    l->slot = slot;
    l->slots = slots;
    return ND_OK;
}

nd_code nd_ledger_put(nd_ledger *l, const nd_record *r, uint64_t offset, nd_err *err)
{
    if (l->n * 2 >= l->slots) ND_TRY(grow(l, err));
    nd_line *line = &l->slot[slot_of(l->slot, l->slots, r->key)];
    l->n += line->status == ND_STATUS_PENDING;
    if (r->epochs > l->epochs) l->epochs = r->epochs;
    *line = (nd_line){.key = r->key,
                      .offset = offset,
                      .seconds = (float)r->seconds,
                      .status = (uint8_t)r->status,
                      .attempts = (uint8_t)(r->attempts > 255 ? 255 : r->attempts)};
    return ND_OK;
}

const nd_line *nd_ledger_find(const nd_ledger *l, nd_key key)
{
    if (!l->slots) return NULL;
    const nd_line *line = &l->slot[slot_of(l->slot, l->slots, key)];
    return line->status == ND_STATUS_PENDING ? NULL : line;
}

void nd_ledger_free(nd_ledger *l)
{
    free(l->slot);
    *l = (nd_ledger){0};
}

void nd_past_add(nd_past *past, const nd_session *s)
{
    nd_text_add(&past->history, "%s%s: %s", past->sessions++ ? "\n" : "", s->time,
                nd_text_str(&s->command));
}

nd_code nd_past_plan(const nd_past *past, nd_plan *plan, nd_err *err)
{
    const nd_text *text = &past->origin.spec;
    const nd_source source = {
        .name = "the journal's spec", .text = nd_text_str(text), .n = text->n};
    nd_spec *spec;
    ND_TRY(nd_spec_parse(&source, NULL, 0, &spec, err));
    return nd_plan_of(plan, spec, err);
}

void nd_past_forget_rounds(nd_past *past)
{
    for (size_t i = 0; i < past->n_rounds; i++)
        nd_round_free(&past->rounds[i]);
    free(past->rounds);
    past->rounds = NULL;
    past->n_rounds = 0;
}

static nd_code add_round(nd_past *past, const nd_entry *e, nd_err *err)
{
    nd_round *more = realloc(past->rounds, (past->n_rounds + 1) * sizeof *more);
    if (!more) return ND_FAIL(err, ND_ENOMEM, "no memory for a round");
    past->rounds = more;
    ND_TRY(nd_round_unpack(&more[past->n_rounds], e->bytes, e->n, err));
    past->n_rounds++;
    return ND_OK;
}

void nd_past_free(nd_past *past)
{
    nd_past_forget_rounds(past);
    nd_origin_free(&past->origin);
    nd_text_free(&past->history);
    *past = (nd_past){0};
}

static nd_code replay_one(nd_ledger *l, nd_past *past, const nd_entry *e, nd_err *err)
{
    nd_code code = ND_OK;
    if (e->type == ND_ENTRY_CAMPAIGN) {
        nd_origin_free(&past->origin);
        nd_past_forget_rounds(past);
        code = nd_origin_unpack(&past->origin, e->bytes, e->n, err);
    } else if (e->type == ND_ENTRY_SESSION) {
        nd_session session;
        ND_TRY(nd_session_unpack(&session, e->bytes, e->n, err));
        nd_past_add(past, &session);
        nd_session_free(&session);
    } else if (e->type == ND_ENTRY_SHARD) {
        code = nd_shard_unpack(&past->shard, e->bytes, e->n, err);
    } else if (e->type == ND_ENTRY_ROUND) {
        code = add_round(past, e, err);
    } else if (e->type == ND_ENTRY_TRIAL) {
        nd_record r;
        ND_TRY(nd_trial_head(&r, e->bytes, e->n, err));
        code = nd_ledger_put(l, &r, e->offset, err);
    }
    return code;
}

nd_code nd_ledger_replay(nd_ledger *l, nd_past *past, nd_journal *j, nd_err *err)
{
    *l = (nd_ledger){0};
    *past = (nd_past){0};
    return nd_ledger_follow(l, past, j, err);
}

nd_code nd_ledger_follow(nd_ledger *l, nd_past *past, nd_journal *j, nd_err *err)
{
    nd_entry e;
    bool more;
    for (;;) {
        ND_TRY(nd_journal_next(j, &e, &more, err));
        if (!more) return ND_OK;
        ND_TRY(replay_one(l, past, &e, err));
    }
}
