/* rounds.c -- between the rule of refinement, which knows points and numbers, and the campaign,
 * which knows trials and records. */
#include "rounds_impl.h"

#include "nudge/merit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const uint32_t no_trial = UINT32_MAX;

static size_t slot_of(const nd_rounds *r, size_t point, size_t replicate)
{
    return (point * r->map.grid.most + replicate) * r->map.grid.cost;
}

/* ---- the table of trials ---- */

static nd_code take_all(nd_rounds *r, nd_err *err)
{
    const nd_refine_grid *g = &r->map.grid;
    const size_t n = g->points, slots = n * g->most * g->cost;
    r->available = calloc(n, sizeof *r->available);
    r->chosen = calloc(n, sizeof *r->chosen);
    r->value = calloc(n * g->most, sizeof *r->value);
    r->trial = calloc(slots, sizeof *r->trial);
    r->asked = calloc(r->plan->n + 1, sizeof *r->asked);
    if (!r->available || !r->chosen || !r->value || !r->trial || !r->asked)
        return ND_FAIL(err, ND_ENOMEM, "no memory to refine %zu points", n);
    for (size_t i = 0; i < slots; i++)
        r->trial[i] = no_trial;
    return ND_OK;
}

/* Of each point the replicates that `where` left come first. */
static void close_gaps(nd_rounds *r, size_t point)
{
    const nd_refine_grid *g = &r->map.grid;
    for (size_t k = 0; k < g->most; k++) {
        uint32_t *from = &r->trial[slot_of(r, point, k)];
        uint32_t *to = &r->trial[slot_of(r, point, r->available[point])];
        bool any = false;
        for (size_t t = 0; t < g->cost; t++) {
            any |= from[t] != no_trial;
            if (from == to) continue;
            to[t] = from[t];
            from[t] = no_trial;
        }
        r->available[point] += any;
    }
}

static void place_trials(nd_rounds *r)
{
    for (size_t i = 0; i < r->plan->n; i++) {
        const nd_replicate at = nd_refine_place(&r->map, r->plan->trial[i].point);
        r->trial[slot_of(r, at.point, at.replicate) + at.setting] = (uint32_t)i;
    }
    for (size_t p = 0; p < r->map.grid.points; p++)
        close_gaps(r, p);
    r->map.grid.available = r->available;
}

nd_code nd_rounds_new(nd_rounds *r, const nd_plan *plan, nd_err *err)
{
    *r = (nd_rounds){.plan = plan};
    const nd_refine *rule = nd_spec_refine(plan->spec);
    size_t first;
    ND_TRY(nd_refine_map_new(&r->map, plan->spec, err));
    ND_TRY(take_all(r, err));
    place_trials(r);
    r->map.grid.budget = nd_refine_budget(rule, plan->n);
    ND_TRY(nd_refine_first(rule, &r->map.grid, &first, err));
    if (!first)
        return ND_FAIL(
            err, ND_EINPUT,
            "design: refine: `where` removes all points of the first round: lower "
            "coarse");
    if (first <= r->map.grid.budget) return ND_OK;
    return ND_FAIL(
        err, ND_EINPUT,
        "design: refine: the first round takes %zu trials and the budget is %zu: "
        "raise budget or coarse, or take fewer replicates",
        first, r->map.grid.budget);
}

void nd_rounds_free(nd_rounds *r)
{
    nd_refine_map_free(&r->map);
    free(r->available);
    free(r->chosen);
    free(r->value);
    free(r->trial);
    free(r->asked);
    *r = (nd_rounds){0};
}

size_t nd_rounds_budget(const nd_rounds *r)
{
    return r->map.grid.budget;
}

bool nd_rounds_over(const nd_rounds *r)
{
    return nd_round_ends(&r->last);
}

/* ---- taking up decisions ---- */

static void ask(nd_rounds *r, size_t point, uint32_t replicates)
{
    const size_t from = slot_of(r, point, r->chosen[point]);
    const size_t to = slot_of(r, point, replicates);
    r->n_points += !r->chosen[point];
    r->chosen[point] = replicates;
    for (size_t s = from; s < to; s++) {
        if (r->trial[s] == no_trial) continue;
        r->asked[r->trial[s]] = true;
        r->n_asked++;
    }
}

nd_code nd_rounds_add(nd_rounds *r, const nd_round *round, nd_err *err)
{
    bool fits = round->number == r->last.number + 1 && !nd_rounds_over(r);
    for (uint32_t i = 0; i < round->n && fits; i++) {
        const nd_choice *c = &round->choice[i];
        fits = c->point < r->map.grid.points && c->replicates > r->chosen[c->point] &&
               c->replicates <= r->available[c->point];
    }
    if (!fits)
        return ND_FAIL(err, ND_ECORRUPT,
                       "the journal's round %u does not follow round %u of this spec",
                       round->number, r->last.number);
    for (uint32_t i = 0; i < round->n; i++)
        ask(r, round->choice[i].point, round->choice[i].replicates);
    r->last = *round;
    r->last.choice = NULL; /* the caller's */
    return ND_OK;
}

nd_code nd_rounds_replay(nd_rounds *r, const nd_past *past, nd_err *err)
{
    memset(r->chosen, 0, r->map.grid.points * sizeof *r->chosen);
    memset(r->asked, 0, r->plan->n * sizeof *r->asked);
    r->n_asked = r->n_points = 0;
    r->last = (nd_round){0};
    for (size_t i = 0; i < past->n_rounds; i++)
        ND_TRY(nd_rounds_add(r, &past->rounds[i], err));
    return ND_OK;
}

bool nd_rounds_ended(const nd_rounds *r, const nd_ledger *l)
{
    bool all = true;
    for (size_t i = 0; i < r->plan->n && all; i++)
        all = !r->asked[i] || nd_ledger_find(l, r->plan->trial[i].key);
    return all;
}

/* ---- what the records say ---- */

typedef struct result {
    double metric, validation; /* NaN unless it trained to the end */
    bool hopeless;             /* failed, and would again          */
} result;

static nd_code result_of(const nd_rounds *r, uint32_t trial, const nd_ledger *l,
                         nd_journal *j, result *out, nd_err *err)
{
    *out = (result){.metric = (double)NAN, .validation = (double)NAN};
    const nd_line *line =
        trial == no_trial ? NULL : nd_ledger_find(l, r->plan->trial[trial].key);
    if (!line) return ND_OK;
    const nd_status status = (nd_status)line->status;
    out->hopeless = nd_status_failed(status) && !nd_status_retry(status);
    if (status != ND_STATUS_DONE) return ND_OK;
    nd_entry e;
    nd_record rec;
    ND_TRY(nd_journal_read(j, line->offset, &e, err));
    ND_TRY(nd_trial_unpack(NULL, &rec, e.bytes, e.n, err));
    out->metric = rec.value[nd_spec_refine(r->plan->spec)->metric];
    out->validation = rec.value[ND_METRIC_validation_error];
    nd_record_free(&rec);
    return ND_OK;
}

/* The tuned setting that the map would take of these replicates. x: room for them. */
static size_t best_setting(const nd_rounds *r, const result *results, size_t n, double *x)
{
    const size_t settings = r->map.grid.cost;
    size_t best = 0;
    nd_merit highest = {(double)NAN, (double)NAN};
    for (size_t t = 0; t < settings && settings > 1; t++) {
        size_t done = 0, hopeless = 0;
        for (size_t k = 0; k < n; k++) {
            const result *of = &results[k * settings + t];
            hopeless += of->hopeless;
            if (!isnan(of->validation)) x[done++] = of->validation;
        }
        const nd_merit merit = nd_merit_of(x, done, hopeless);
        if (!nd_merit_better(merit, highest)) continue;
        best = t;
        highest = merit;
    }
    return best;
}

/* The values of a point's replicates. */
static nd_code value_point(nd_rounds *r, size_t point, const nd_ledger *l, nd_journal *j,
                           result *results, double *x, nd_err *err)
{
    const nd_refine_grid *g = &r->map.grid;
    const size_t n = r->chosen[point];
    for (size_t s = 0; s < n * g->cost; s++)
        ND_TRY(result_of(r, r->trial[slot_of(r, point, 0) + s], l, j, &results[s], err));
    const size_t best = best_setting(r, results, n, x);
    for (size_t k = 0; k < n; k++)
        r->value[point * g->most + k] = results[k * g->cost + best].metric;
    return ND_OK;
}

nd_code nd_rounds_next(nd_rounds *r, const nd_ledger *l, nd_journal *j, nd_round *out,
                       nd_err *err)
{
    const nd_refine_grid *g = &r->map.grid;
    *out = (nd_round){0};
    result *results = calloc(g->most * g->cost, sizeof *results);
    double *x = calloc(g->most + 1, sizeof *x);
    nd_code code = results && x ? ND_OK : ND_FAIL(err, ND_ENOMEM, "no memory for a round");
    for (size_t p = 0; p < g->points && code == ND_OK; p++)
        if (r->chosen[p]) code = value_point(r, p, l, j, results, x, err);
    free(results);
    free(x);
    if (code == ND_OK)
        code =
            nd_refine_next(nd_spec_refine(r->plan->spec), g, r->chosen, r->value, out, err);
    out->number = r->last.number + 1;
    return code;
}

nd_code nd_rounds_go_on(nd_rounds *r, const nd_ledger *l, nd_journal *j, nd_err *err)
{
    nd_round round;
    nd_text bytes = {0};
    ND_TRY(nd_rounds_next(r, l, j, &round, err));
    nd_round_pack(&round, &bytes);
    nd_code code = nd_text_check(&bytes, err);
    if (code == ND_OK) code = nd_journal_append(j, ND_ENTRY_ROUND, bytes.s, bytes.n, err);
    if (code == ND_OK) code = nd_rounds_add(r, &round, err);
    nd_text_free(&bytes);
    nd_round_free(&round);
    return code;
}
