/* plan.c -- from a spec to keyed, priced trials. */
#include "nudge/plan.h"

#include "nudge/clock.h"
#include "nudge/crc.h"
#include "nudge/log.h"
#include "nudge/sched.h"
#include "nudge/trial.h"

#include "effects_impl.h"
#include "rounds_impl.h"
#include "shelf_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void nd_plan_free(nd_plan *plan)
{
    nd_spec_free(plan->spec);
    free(plan->trial);
    *plan = (nd_plan){0};
}

static int by_key_then_point(const void *a, const void *b)
{
    const nd_planned *x = a, *y = b;
    const int c = memcmp(x->key.b, y->key.b, sizeof x->key.b);
    return c ? c : (x->point > y->point) - (x->point < y->point);
}

static int by_point(const void *a, const void *b)
{
    const nd_planned *x = a, *y = b;
    return (x->point > y->point) - (x->point < y->point);
}

/* Two points with the same parameters are one trial: the first stays. */
static void drop_duplicates(nd_plan *plan)
{
    qsort(plan->trial, plan->n, sizeof *plan->trial, by_key_then_point);
    size_t kept = 0;
    for (size_t i = 0; i < plan->n; i++)
        if (!kept || !nd_key_same(plan->trial[kept - 1].key, plan->trial[i].key))
            plan->trial[kept++] = plan->trial[i];
    plan->duplicates = plan->n - kept;
    plan->n = kept;
    qsort(plan->trial, plan->n, sizeof *plan->trial, by_point);
}

/* Says how far it is once it takes long; a million points take most of a minute. */
typedef struct pace {
    const char *what;
    double next; /* nd_now() of the next word */
} pace;

static void keep_pace(pace *p, size_t i, size_t n)
{
    enum { LOOK_EVERY = 4096, SAY_EVERY = 10 };
    if (i % LOOK_EVERY) return;
    const double now = nd_now();
    if (!i) p->next = now + SAY_EVERY;
    if (now < p->next) return;
    nd_log(ND_INFO, "%s: %zu of %zu", p->what, i, n);
    p->next = now + SAY_EVERY;
}

static nd_code expand(nd_plan *plan, nd_err *err)
{
    plan->points = nd_spec_points(plan->spec);
    plan->trial = malloc(nd_spec_kept(plan->spec) * sizeof *plan->trial);
    if (!plan->trial)
        return ND_FAIL(err, ND_ENOMEM, "no memory for %zu trials",
                       nd_spec_kept(plan->spec));
    pace said = {.what = "points of the spec read"};
    for (size_t i = 0; i < plan->points; i++) {
        nd_params p;
        bool kept;
        keep_pace(&said, i, plan->points);
        ND_TRY(nd_spec_point(plan->spec, i, &p, NULL, &kept, err));
        if (!kept) continue;
        nd_planned *t = &plan->trial[plan->n++];
        *t = (nd_planned){.point = (uint32_t)i};
        ND_TRY(nd_params_key(&p, &t->key, err));
    }
    plan->filtered = plan->points - plan->n;
    drop_duplicates(plan);
    return ND_OK;
}

/* The trials of a refinement's first round, marked in `asked` (n). */
static nd_code first_round(nd_plan *plan, bool *asked, nd_err *err)
{
    static const nd_ledger nothing = {0};
    nd_rounds rounds;
    nd_round first = {0};
    nd_code code = nd_rounds_new(&rounds, plan, err);
    if (code == ND_OK) code = nd_rounds_next(&rounds, &nothing, NULL, &first, err);
    if (code == ND_OK) code = nd_rounds_add(&rounds, &first, err);
    if (code == ND_OK) {
        plan->budget = nd_rounds_budget(&rounds);
        plan->first = rounds.n_asked;
        memcpy(asked, rounds.asked, plan->n * sizeof *asked);
    }
    nd_round_free(&first);
    nd_rounds_free(&rounds);
    return code;
}

nd_code nd_plan_of(nd_plan *plan, nd_spec *spec, nd_err *err)
{
    *plan = (nd_plan){.spec = spec};
    const nd_code code = expand(plan, err);
    if (code != ND_OK) nd_plan_free(plan);
    return code;
}

nd_code nd_plan_new(nd_plan *plan, const char *path, const char *const *sets, size_t n_sets,
                    nd_err *err)
{
    nd_spec *spec;
    *plan = (nd_plan){0};
    ND_TRY(nd_spec_load(path, sets, n_sets, &spec, err));
    return nd_plan_of(plan, spec, err);
}

nd_code nd_plan_params(const nd_plan *plan, size_t i, nd_params *out, nd_err *err)
{
    bool kept;
    return nd_spec_point(plan->spec, plan->trial[i].point, out, NULL, &kept, err);
}

static bool in_shard(nd_key key, nd_shard shard)
{
    uint64_t rest = 0; /* of the key as a number, its first byte the highest */
    for (size_t i = 0; i < sizeof key.b; i++)
        rest = (rest << 8 | key.b[i]) % shard.n;
    return rest == shard.i - 1;
}

nd_code nd_plan_shard(nd_plan *plan, nd_shard shard, nd_err *err)
{
    if (!shard.n) return ND_OK;
    if (nd_spec_refine(plan->spec))
        return ND_FAIL(
            err, ND_EINPUT,
            "design: refine cannot be run in shards: each round depends on the "
            "results of all trials before it. Run it with MPI, or take design: grid");
    plan->shard = shard;
    plan->all = plan->n;
    plan->n = 0;
    for (size_t i = 0; i < plan->all; i++)
        if (in_shard(plan->trial[i].key, shard)) plan->trial[plan->n++] = plan->trial[i];
    if (plan->n) return ND_OK;
    return ND_FAIL(
        err, ND_EINPUT,
        "shard %u of %u has none of the campaign's %zu trials: take fewer shards", shard.i,
        shard.n, plan->all);
}

/* ---- prices ---- */

/* What one trial will work through, before a second is known to it. */
typedef struct work {
    nd_cost cost;
    size_t train, test;
    double flops;
} work;

static nd_code work_of(const nd_params *p, nd_shelf *shelf, work *w, nd_shape *shape,
                       nd_err *err)
{
    const nd_dataset *data;
    nd_split split;
    ND_TRY(nd_shelf_take(shelf, p, &data, err));
    ND_TRY(nd_dataset_split(data, p, &split, err));
    *shape = nd_dataset_shape(data, &split);
    ND_TRY(nd_net_plan(p, *shape, &w->cost, err));
    const double epochs = (double)p->train_epochs, every = (double)p->train_test_every;
    const double tests = every > 0 ? ceil(epochs / every) : 1;
    w->train = split.train.n;
    w->test = split.test.n + split.validation.n;
    w->flops = epochs * (double)w->train * w->cost.flops +
               tests * ((double)w->test * w->cost.flops_predict + w->cost.flops_evaluate);
    return ND_OK;
}

/* What the estimate's error depends on, as one number: the speed of a model of this size on
 * these devices, and what an epoch costs beside its flops. */
static nd_code hash_kind(const nd_params *p, uint64_t *out, nd_err *err)
{
    static const char *const names[] = {"model.kind", "model.layers", "model.stack",
                                        "device.kind", "train.epochs"};
    static const unsigned char hash_key[16] = "nudge trial kind";
    nd_text t = {0};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        nd_param_print(p, nd_param_find(names[i]), &t);
        nd_text_add(&t, "\n");
    }
    unsigned char hash[16];
    const nd_code code = nd_text_check(&t, err);
    if (code == ND_OK) nd_siphash128(hash_key, t.s, t.n, hash);
    if (code == ND_OK) memcpy(out, hash, sizeof *out);
    nd_text_free(&t);
    return code;
}

/* Numbers kinds as they come. */
static nd_code find_kind(nd_plan *plan, uint64_t kinds[ND_KINDS_MAX], const nd_params *p,
                         uint16_t *kind, nd_err *err)
{
    uint64_t hash;
    ND_TRY(hash_kind(p, &hash, err));
    size_t k = 0;
    while (k < plan->kinds && kinds[k] != hash)
        k++;
    if (k == plan->kinds && k < ND_KINDS_MAX) kinds[plan->kinds++] = hash;
    *kind = (uint16_t)(k < ND_KINDS_MAX ? k : ND_KINDS_MAX - 1);
    return ND_OK;
}

static nd_code price(nd_plan *plan, nd_shelf *shelf, nd_err *err)
{
    enum { MOMENT_MS = 300 };
    nd_effects effects;
    work dearest = {0};
    nd_params dearest_p = {0};
    uint64_t kinds[ND_KINDS_MAX];
    pace said = {.what = "trials checked against the data"};
    nd_effects_of(&effects, plan->spec);
    for (size_t i = 0; i < plan->n; i++) {
        nd_params p;
        nd_shape shape;
        work w;
        keep_pace(&said, i, plan->n);
        ND_TRY(nd_plan_params(plan, i, &p, err));
        nd_effects_see(&effects, &p);
        if (work_of(&p, shelf, &w, &shape, err) != ND_OK) {
            char key[ND_KEY_TEXT];
            nd_key_text(plan->trial[i].key, key);
            return nd_err_while(err, "while checking trial %zu of %zu (%.8s)", i + 1,
                                plan->n, key);
        }
        plan->trial[i].seconds = (float)w.flops;
        ND_TRY(find_kind(plan, kinds, &p, &plan->trial[i].kind, err));
        if (w.cost.bytes > plan->bytes_max) plan->bytes_max = w.cost.bytes;
        if (w.flops > dearest.flops || !i) {
            dearest = w;
            dearest_p = p;
            plan->dearest = i;
            plan->dearest_shape = shape;
        }
    }
    nd_effects_say(&effects);
    ND_TRY(nd_trial_estimate(&dearest_p, plan->dearest_shape, dearest.train, dearest.test,
                             MOMENT_MS * 1e-3, &plan->seconds_longest, err));
    const double per_flop = dearest.flops > 0 ? plan->seconds_longest / dearest.flops : 0;
    for (size_t i = 0; i < plan->n; i++) {
        plan->trial[i].seconds = (float)((double)plan->trial[i].seconds * per_flop);
        plan->seconds += (double)plan->trial[i].seconds;
    }
    return ND_OK;
}

static int dearest_first(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x < y) - (x > y);
}

/* What a refinement takes in its first round, `asked` (n), and may take in all. */
static nd_code price_rounds(nd_plan *plan, const bool *asked, nd_err *err)
{
    float *seconds = malloc(plan->n * sizeof *seconds);
    if (!seconds) return ND_FAIL(err, ND_ENOMEM, "no memory for %zu trials", plan->n);
    plan->seconds = plan->seconds_first = 0;
    for (size_t i = 0; i < plan->n; i++) {
        seconds[i] = plan->trial[i].seconds;
        if (asked[i]) plan->seconds_first += (double)seconds[i];
    }
    qsort(seconds, plan->n, sizeof *seconds, dearest_first);
    for (size_t i = 0; i < plan->n && i < plan->budget; i++)
        plan->seconds += (double)seconds[i];
    free(seconds);
    return ND_OK;
}

/* A budget without room for a first round is refused before anything is measured. */
static nd_code price_refinement(nd_plan *plan, nd_shelf *shelf, nd_err *err)
{
    bool *asked = calloc(plan->n, sizeof *asked);
    if (!asked) return ND_FAIL(err, ND_ENOMEM, "no memory for %zu trials", plan->n);
    nd_code code = first_round(plan, asked, err);
    if (code == ND_OK) code = price(plan, shelf, err);
    if (code == ND_OK) code = price_rounds(plan, asked, err);
    free(asked);
    return code;
}

nd_code nd_plan_price(nd_plan *plan, nd_err *err)
{
    nd_shelf shelf = {0};
    plan->seconds = 0;
    plan->kinds = 0;
    const nd_code code = nd_spec_refine(plan->spec) ? price_refinement(plan, &shelf, err)
                                                    : price(plan, &shelf, err);
    for (size_t i = 0; i < shelf.n; i++)
        plan->data_bytes += (double)(shelf.set[i].train.n + shelf.set[i].test.n) *
                            (double)(shelf.set[i].features + 1);
    nd_shelf_close(&shelf);
    return code;
}

/* Enough workers for an hour's run, but no more than would each get four trials: with
 * fewer, the longest trial decides. The time has a quarter to spare and at least ten
 * minutes. */
nd_advice nd_plan_advice(const nd_plan *plan)
{
    /* between two rounds of a refinement all wait for the last trial */
    const size_t n = plan->budget ? plan->first : plan->n;
    double workers = ceil(plan->seconds / 3600);
    if (workers > (double)n / 4) workers = floor((double)n / 4);
    if (workers < 1) workers = 1;
    double seconds = 1.25 * (plan->seconds / workers + plan->seconds_longest);
    if (seconds < 600) seconds = 600;
    return (nd_advice){.ranks = (int)workers + 1, .seconds = seconds};
}
