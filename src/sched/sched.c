/* sched.c -- longest expected first, as a pure state machine.
 *
 * Within each kind tasks are sorted once by expected cost, longest first; a task's place in that
 * order is its rank. What is pending is a set of ranks, kept as bits: `fresh` for tasks that
 * have not failed yet, `again` for those that have, which come after others of the same cost:
 * what made them fail may have been the worker that asks next. The longest head of all kinds is
 * started. Longest processing time first ends within a last, short task of the best schedule
 * (Graham 1969: at most 4/3 of the optimum, and far nearer with many tasks per worker).
 *
 * The model of cost: in each kind all estimates were wrong by one common factor. Because ranks
 * are sorted by cost, what no longer fits in the time left is a prefix of each kind: a binary
 * search finds its end and the next bit after it is the task to start. Where a task goes on from
 * a checkpoint that holds for the last stretch only: else one that is longer than a whole job
 * would never start.
 *
 * A task ahead spares its worker the way of a result to the master and of a task back, which
 * counts where tasks are short. It has not begun: it counts as pending, can be had back, and
 * goes back without a trace when its worker is lost. While more tasks are left than the workers
 * can hold, nobody waits for one that lies elsewhere; when few are left, idle workers ask. */
#include "nudge/sched.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#define NONE  SIZE_MAX
#define NO_32 UINT32_MAX

/* A set of small numbers that is asked for its smallest member above a bound. */
typedef struct bits {
    uint64_t *words;
    size_t n_words, first; /* words before `first` are empty */
} bits;

/* 8 bytes; indexed by rank. */
typedef struct task {
    float cost; /* expected seconds, as given */
    uint32_t index;
} task;

/* Tasks of one kind: ranks first .. first + n - 1; the sets hold ranks less `first`. */
typedef struct kind {
    size_t first, n, pending;
    double mean; /* cost of a task */
    bits fresh, again;
    double cost_left;        /* expected seconds of tasks that have not ended */
    double actual, expected; /* seconds of all done tasks, for the ratio      */
} kind;

struct nd_sched {
    nd_sched_config config;
    task *tasks;        /* (n_tasks), longest first within each kind        */
    uint16_t *attempts; /* (n_tasks) by rank: attempts that failed          */
    uint8_t *losses;    /* (n_tasks) by rank: workers it was lost with      */
    kind *kinds;        /* (n_kinds)                                        */
    uint32_t *running;  /* (n_workers): rank, or NO_32                      */
    uint32_t *next;     /* (n_workers): rank of the task ahead, or NO_32    */
    /* Workers without a task; whose one task is short, so that another may come; with a task
     * ahead that was not asked back. */
    bits idle, room, holding;
    size_t recalled;   /* tasks ahead that were asked back */
    nd_sched_counts n; /* pending: without those ahead    */
    nd_stop stop;
    double actual, expected; /* of all kinds */
    double deviation;        /* sum of (actual / expected - 1)^2 as learnt */
    size_t deviations;
    size_t bytes;
};

static void bits_add(bits *b, size_t i)
{
    b->words[i / 64] |= (uint64_t)1 << i % 64;
    if (i / 64 < b->first) b->first = i / 64;
}

static void bits_remove(bits *b, size_t i)
{
    b->words[i / 64] &= ~((uint64_t)1 << i % 64);
}

static bool bits_has(const bits *b, size_t i)
{
    return b->words[i / 64] >> i % 64 & 1;
}

/* The smallest member >= from, or NONE. */
static size_t bits_next(bits *b, size_t from)
{
    while (b->first < b->n_words && !b->words[b->first])
        b->first++;
    size_t w = from / 64;
    uint64_t mask = ~(uint64_t)0 << from % 64;
    if (w < b->first) {
        w = b->first;
        mask = ~(uint64_t)0;
    }
    for (; w < b->n_words; w++, mask = ~(uint64_t)0)
        if (b->words[w] & mask) return w * 64 + (size_t)__builtin_ctzll(b->words[w] & mask);
    return NONE;
}

nd_sched_config nd_sched_defaults(void)
{
    return (nd_sched_config){.retries = 2,
                             .max_failures = 1,
                             .safety = 1.25,
                             .reach = HUGE_VAL,
                             .losses = 2,
                             .n_kinds = 1};
}

static int longest_first(const void *a, const void *b)
{
    const task *x = a, *y = b;
    if (x->cost != y->cost) return x->cost > y->cost ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

static nd_code check(const nd_sched_config *c, const float *cost, nd_err *err)
{
    if (c->n_tasks >= NO_32 || c->n_workers >= NO_32)
        return ND_FAIL(
            err, ND_EINPUT,
            "%zu trials on %zu workers: at most %u each; split the campaign with "
            "--shard i/n",
            c->n_tasks, c->n_workers, NO_32 - 1);
    if (c->retries < 0 || c->retries > ND_RETRIES_MAX)
        return ND_FAIL(err, ND_EINPUT, "limits.retries is %d, must be 0 to %d", c->retries,
                       ND_RETRIES_MAX);
    if (!(c->max_failures >= 0 && c->max_failures <= 1))
        return ND_FAIL(err, ND_EINPUT,
                       "limits.max_failures is %g, must be a fraction from 0 to 1",
                       c->max_failures);
    if (!(c->safety > 0))
        return ND_FAIL(err, ND_EINPUT, "the safety factor is %g, must be positive",
                       c->safety);
    if (!(c->reach >= 0))
        return ND_FAIL(err, ND_EINPUT, "a checkpoint within %g s: must be >= 0", c->reach);
    if (!(c->ahead >= 0))
        return ND_FAIL(err, ND_EINPUT, "tasks ahead of %g s: must be >= 0", c->ahead);
    if (c->losses < 1 || c->losses > ND_LOSSES_MAX)
        return ND_FAIL(err, ND_EINPUT, "limits.losses is %d, must be 1 to %d", c->losses,
                       ND_LOSSES_MAX);
    if (!c->n_kinds || c->n_kinds > ND_KINDS_MAX)
        return ND_FAIL(err, ND_EINPUT, "%zu kinds of trials: 1 to %d are told apart",
                       c->n_kinds, ND_KINDS_MAX);
    for (size_t i = 0; c->kinds && i < c->n_tasks; i++)
        if (c->kinds[i] >= c->n_kinds)
            return ND_FAIL(err, ND_EINPUT, "trial %zu is of kind %u of %zu", i, c->kinds[i],
                           c->n_kinds);
    for (size_t i = 0; i < c->n_tasks; i++)
        if (!(cost[i] >= 0 && isfinite(cost[i])))
            return ND_FAIL(err, ND_EINPUT, "trial %zu is expected to cost %g s", i,
                           (double)cost[i]);
    return ND_OK;
}

/* calloc that adds up what the scheduler holds; never asks for 0 bytes. */
static void *take(nd_sched *s, size_t count, size_t size)
{
    s->bytes += count * size;
    return calloc(count ? count : 1, size);
}

static bool bits_new(nd_sched *s, bits *b, size_t n)
{
    b->n_words = b->first = (n + 63) / 64;
    b->words = take(s, b->n_words, sizeof *b->words);
    return b->words != NULL;
}

static bool take_kinds(nd_sched *s)
{
    const nd_sched_config *c = &s->config;
    for (size_t i = 0; i < c->n_tasks; i++)
        s->kinds[c->kinds ? c->kinds[i] : 0].n++;
    size_t first = 0;
    for (size_t k = 0; k < c->n_kinds; k++) {
        kind *of = &s->kinds[k];
        of->first = first;
        first += of->n;
        if (!bits_new(s, &of->fresh, of->n) || !bits_new(s, &of->again, of->n))
            return false;
    }
    return true;
}

static bool take_all(nd_sched *s)
{
    const size_t n = s->config.n_tasks, n_workers = s->config.n_workers;
    s->tasks = take(s, n, sizeof *s->tasks);
    s->attempts = take(s, n, sizeof *s->attempts);
    s->losses = take(s, n, sizeof *s->losses);
    s->kinds = take(s, s->config.n_kinds, sizeof *s->kinds);
    s->running = take(s, n_workers, sizeof *s->running);
    s->next = take(s, n_workers, sizeof *s->next);
    return s->tasks && s->attempts && s->losses && s->kinds && s->running && s->next &&
           bits_new(s, &s->idle, n_workers) && bits_new(s, &s->room, n_workers) &&
           bits_new(s, &s->holding, n_workers) && take_kinds(s);
}

static void add_pending(nd_sched *s, kind *k, size_t rank)
{
    bits_add(s->attempts[rank] ? &k->again : &k->fresh, rank - k->first);
    k->pending++;
    s->n.pending++;
}

/* Puts the tasks in their order, and all of them among the pending ones. */
static void sort_tasks(nd_sched *s, const float *cost, const int *attempts)
{
    size_t at[ND_KINDS_MAX] = {0};
    for (size_t k = 0; k < s->config.n_kinds; k++)
        at[k] = s->kinds[k].first;
    for (size_t i = 0; i < s->config.n_tasks; i++)
        s->tasks[at[s->config.kinds ? s->config.kinds[i] : 0]++] =
            (task){cost[i], (uint32_t)i};
    for (size_t k = 0; k < s->config.n_kinds; k++) {
        kind *of = &s->kinds[k];
        if (of->n) qsort(s->tasks + of->first, of->n, sizeof *s->tasks, longest_first);
        for (size_t rank = of->first; rank < of->first + of->n; rank++) {
            const int before = attempts ? attempts[s->tasks[rank].index] : 0;
            s->attempts[rank] = (uint16_t)(before < 0                ? 0
                                           : before > ND_RETRIES_MAX ? ND_RETRIES_MAX
                                                                     : before);
            of->cost_left += (double)s->tasks[rank].cost;
            add_pending(s, of, rank);
        }
        of->mean = of->n ? of->cost_left / (double)of->n : 0;
    }
    s->config.kinds = NULL; /* was borrowed */
}

nd_code nd_sched_new(nd_sched **out, const nd_sched_config *config, const float *cost,
                     const int *attempts, nd_err *err)
{
    *out = NULL;
    ND_TRY(check(config, cost, err));
    nd_sched *s = calloc(1, sizeof *s);
    if (!s) return ND_FAIL(err, ND_ENOMEM, "no memory for a scheduler");
    s->config = *config;
    s->bytes = sizeof *s;
    if (!take_all(s)) {
        nd_sched_free(s);
        return ND_FAIL(err, ND_ENOMEM, "no memory to schedule %zu trials", config->n_tasks);
    }
    sort_tasks(s, cost, attempts);
    for (size_t w = 0; w < config->n_workers; w++)
        s->running[w] = s->next[w] = NO_32;
    *out = s;
    return ND_OK;
}

void nd_sched_free(nd_sched *s)
{
    if (!s) return;
    for (size_t k = 0; s->kinds && k < s->config.n_kinds; k++) {
        free(s->kinds[k].fresh.words);
        free(s->kinds[k].again.words);
    }
    free(s->kinds);
    free(s->tasks);
    free(s->attempts);
    free(s->losses);
    free(s->running);
    free(s->next);
    free(s->idle.words);
    free(s->room.words);
    free(s->holding.words);
    free(s);
}

void nd_sched_ready(nd_sched *s, size_t worker)
{
    assert(worker < s->config.n_workers && s->running[worker] == NO_32);
    if (bits_has(&s->idle, worker)) return;
    bits_add(&s->idle, worker);
    s->n.workers++;
}

/* The task leaves the worker; it is nowhere until its caller has put it somewhere. */
static size_t take_from(nd_sched *s, size_t worker)
{
    assert(worker < s->config.n_workers && s->running[worker] != NO_32);
    const size_t rank = s->running[worker];
    s->running[worker] = NO_32;
    s->n.running--;
    bits_remove(&s->room, worker);
    return rank;
}

/* The same of the task ahead, NONE without one. */
static size_t take_ahead(nd_sched *s, size_t worker)
{
    const uint32_t rank = s->next[worker];
    if (rank == NO_32) return NONE;
    s->next[worker] = NO_32;
    s->n.ahead--;
    if (!bits_has(&s->holding, worker)) s->recalled--;
    bits_remove(&s->holding, worker);
    return rank;
}

static kind *kind_of(const nd_sched *s, size_t rank)
{
    kind *k = s->kinds;
    while (rank >= k->first + k->n)
        k++;
    return k;
}

/* A ratio of sums is ruled by the long tasks, which are those that have to fit. */
double nd_sched_ratio(const nd_sched *s)
{
    return s->expected > 0 && s->actual > 0 ? s->actual / s->expected : 1.0;
}

/* The factor of a kind. One task of mean cost that went as all kinds together do is taken for
 * granted: so kinds of which nothing is known follow the others. */
static double ratio_of(const nd_sched *s, const kind *k)
{
    const double all = nd_sched_ratio(s);
    return k->expected > 0 ? (k->actual + all * k->mean) / (k->expected + k->mean) : all;
}

static double expected_of(const nd_sched *s, size_t rank)
{
    return ratio_of(s, kind_of(s, rank)) * (double)s->tasks[rank].cost;
}

/* By what is known: an estimate alone may be wrong by more than makes the difference. */
static bool is_short(const nd_sched *s, size_t rank)
{
    return kind_of(s, rank)->expected > 0 && expected_of(s, rank) < s->config.ahead;
}

static void begin(nd_sched *s, size_t worker, size_t rank)
{
    s->running[worker] = (uint32_t)rank;
    s->n.running++;
    if (is_short(s, rank)) bits_add(&s->room, worker);
}

/* Only what trained to the end tells about costs: failures end early, or at their limit. */
void nd_sched_learn(nd_sched *s, size_t of, double expected, double actual)
{
    assert(of < s->config.n_kinds);
    kind *k = &s->kinds[of];
    if (!(actual > 0 && isfinite(actual) && expected > 0 && isfinite(expected))) return;
    k->actual += actual;
    k->expected += expected;
    s->actual += actual;
    s->expected += expected;
    const double off = actual / (expected * ratio_of(s, k)) - 1;
    s->deviation += off * off;
    s->deviations++;
}

/* A task starts when this many times its expected seconds fit: more than was asked for where
 * the seconds turn out to be spread (two and a half standard deviations). */
static double safety_of(const nd_sched *s)
{
    enum { FEW = 8, MOST = 4 };
    if (s->deviations < FEW) return s->config.safety;
    const double spread = 1 + 2.5 * sqrt(s->deviation / (double)s->deviations);
    const double most = fmax(MOST, s->config.safety);
    return fmin(fmax(s->config.safety, spread), most);
}

static void fail(nd_sched *s)
{
    const nd_sched_config *c = &s->config;
    s->n.failed++;
    const double failed = (double)(s->n.failed + c->failed_before);
    const double all = (double)(c->n_tasks + c->done_before + c->failed_before);
    if (s->stop == ND_STOP_NONE && failed > c->max_failures * all)
        s->stop = ND_STOP_FAILURES;
}

bool nd_sched_result(nd_sched *s, size_t worker, nd_outcome outcome, double seconds)
{
    const size_t rank = take_from(s, worker), next = take_ahead(s, worker);
    kind *k = kind_of(s, rank);
    if (next == NONE)
        bits_add(&s->idle, worker);
    else
        begin(s, worker, next);
    if (outcome == ND_OUTCOME_RETRY || outcome == ND_OUTCOME_FAILED) s->attempts[rank]++;
    if (outcome == ND_OUTCOME_BACK ||
        (outcome == ND_OUTCOME_RETRY && s->attempts[rank] <= s->config.retries)) {
        add_pending(s, k, rank);
        return false;
    }
    k->cost_left -= (double)s->tasks[rank].cost;
    if (outcome == ND_OUTCOME_DONE) {
        s->n.done++;
        nd_sched_learn(s, (size_t)(k - s->kinds), (double)s->tasks[rank].cost, seconds);
    } else {
        fail(s);
    }
    return true;
}

void nd_sched_returned(nd_sched *s, size_t worker)
{
    const size_t rank = take_ahead(s, worker);
    if (rank == NONE) return;
    add_pending(s, kind_of(s, rank), rank);
    if (is_short(s, s->running[worker])) bits_add(&s->room, worker);
}

bool nd_sched_lost(nd_sched *s, size_t worker)
{
    assert(worker < s->config.n_workers);
    if (s->running[worker] == NO_32) {
        if (!bits_has(&s->idle, worker))
            return false; /* never ready, released, lost already */
        bits_remove(&s->idle, worker);
        s->n.workers--;
        return false;
    }
    nd_sched_returned(s, worker);
    const size_t rank = take_from(s, worker);
    kind *k = kind_of(s, rank);
    s->n.workers--;
    if (++s->losses[rank] < s->config.losses) {
        add_pending(s, k, rank);
        return false;
    }
    k->cost_left -= (double)s->tasks[rank].cost;
    fail(s);
    return true;
}

void nd_sched_stop(nd_sched *s)
{
    if (s->stop == ND_STOP_NONE) s->stop = ND_STOP_ASKED;
}

/* The first of its ranks whose task may start in the time left; those before it are longer. */
static size_t first_that_fits(const nd_sched *s, const kind *k, double scale,
                              double remaining)
{
    if (remaining >= s->config.reach) return 0;
    size_t lo = 0, hi = k->n;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if ((double)s->tasks[k->first + mid].cost * scale <= remaining)
            hi = mid;
        else
            lo = mid + 1;
    }
    return lo;
}

/* Takes the task to start next out of the pending ones; NONE when nothing fits. */
static size_t take_pending(nd_sched *s, double remaining)
{
    const double safety = safety_of(s);
    double longest = -1;
    size_t best = NONE;
    bits *from = NULL;
    kind *of = NULL;
    for (size_t i = 0; i < s->config.n_kinds; i++) {
        kind *k = &s->kinds[i];
        if (!k->pending) continue;
        const double ratio = ratio_of(s, k);
        const size_t fits = first_that_fits(s, k, ratio * safety, remaining);
        bits *const sets[] = {&k->fresh, &k->again};
        for (size_t j = 0; j < sizeof sets / sizeof *sets; j++) {
            const size_t at = bits_next(sets[j], fits);
            if (at == NONE || ratio * (double)s->tasks[k->first + at].cost <= longest)
                continue;
            longest = ratio * (double)s->tasks[k->first + at].cost;
            best = k->first + at;
            from = sets[j];
            of = k;
        }
    }
    if (best == NONE) return NONE;
    bits_remove(from, best - of->first);
    of->pending--;
    s->n.pending--;
    return best;
}

/* A short task for a worker that is at a short one. */
static nd_action assign_ahead(nd_sched *s, double remaining)
{
    enum {
        MANY = 2
    }; /* tasks for each worker: so many are left when none is missed elsewhere */
    const nd_action none = {.type = ND_ACT_NONE};
    if (s->n.pending <= MANY * s->n.workers) return none;
    const size_t worker = bits_next(&s->room, 0);
    if (worker == NONE) return none;
    const double busy = safety_of(s) * expected_of(s, s->running[worker]);
    const size_t rank = take_pending(s, remaining - busy);
    if (rank == NONE) return none;
    if (!is_short(s, rank)) {
        add_pending(s, kind_of(s, rank), rank);
        return none;
    }
    bits_remove(&s->room, worker);
    bits_add(&s->holding, worker);
    s->next[worker] = (uint32_t)rank;
    s->n.ahead++;
    return (nd_action){ND_ACT_ASSIGN, worker, s->tasks[rank].index};
}

/* Tasks ahead are asked back: all when nothing more is to start, else one for each idle worker. */
static nd_action recall(nd_sched *s)
{
    const size_t idle = s->n.workers - s->n.running;
    const size_t worker =
        s->stop != ND_STOP_NONE || s->recalled < idle ? bits_next(&s->holding, 0) : NONE;
    if (worker == NONE) return (nd_action){.type = ND_ACT_NONE};
    bits_remove(&s->holding, worker);
    s->recalled++;
    return (nd_action){.type = ND_ACT_RECALL, .worker = worker};
}

nd_action nd_sched_next(nd_sched *s, double remaining)
{
    const size_t worker = bits_next(&s->idle, 0);
    if (worker == NONE && s->stop == ND_STOP_NONE) return assign_ahead(s, remaining);
    if (s->stop == ND_STOP_NONE && s->n.pending) {
        const size_t rank = take_pending(s, remaining);
        if (rank != NONE) {
            bits_remove(&s->idle, worker);
            begin(s, worker, rank);
            return (nd_action){ND_ACT_ASSIGN, worker, s->tasks[rank].index};
        }
        /* While something runs it may still show that the machine is faster than it
         * seemed. */
        if (!s->n.running) s->stop = ND_STOP_DEADLINE;
    }
    const nd_action back = recall(s);
    if (back.type != ND_ACT_NONE || worker == NONE) return back;
    /* An idle worker stays as long as a task that runs elsewhere may fail and come back. */
    if (s->stop == ND_STOP_NONE && s->n.pending + s->n.running)
        return (nd_action){.type = ND_ACT_NONE};
    bits_remove(&s->idle, worker);
    s->n.workers--;
    return (nd_action){.type = ND_ACT_RELEASE, .worker = worker};
}

bool nd_sched_finished(const nd_sched *s)
{
    return s->n.pending + s->n.running == 0;
}

nd_stop nd_sched_stopped(const nd_sched *s)
{
    return nd_sched_finished(s) ? ND_STOP_NONE : s->stop;
}

nd_sched_counts nd_sched_count(const nd_sched *s)
{
    nd_sched_counts n = s->n;
    n.pending += n.ahead;
    return n;
}

bool nd_sched_idle(const nd_sched *s, size_t worker)
{
    return bits_has(&s->idle, worker);
}

size_t nd_sched_task(const nd_sched *s, size_t worker)
{
    const uint32_t rank = s->running[worker];
    return rank == NO_32 ? SIZE_MAX : s->tasks[rank].index;
}

int nd_sched_attempt(const nd_sched *s, size_t worker)
{
    const uint32_t rank = s->running[worker];
    return rank == NO_32 ? 0 : s->attempts[rank] + 1;
}

double nd_sched_expected(const nd_sched *s, size_t worker)
{
    const uint32_t rank = s->running[worker];
    return rank == NO_32 ? 0 : expected_of(s, rank);
}

double nd_sched_seconds_left(const nd_sched *s)
{
    if (nd_sched_finished(s)) return 0;
    double left = 0;
    for (size_t k = 0; k < s->config.n_kinds; k++)
        left += ratio_of(s, &s->kinds[k]) * s->kinds[k].cost_left;
    return left / (s->n.workers ? (double)s->n.workers : 1.0);
}

size_t nd_sched_bytes(const nd_sched *s)
{
    return s->bytes;
}
