/* sched_scale.c -- the real scheduler on a simulated machine: 10,000 workers, 1,000,000 trials,
 * and what a trial costs its master in time and memory.
 *
 *     build/release-gcc/tests/bench/sched_scale [TRIALS [WORKERS]]
 *
 * Trials are of three kinds whose estimates are wrong by factors of 3, 1 and 0.4; within a kind
 * costs are log-normal (median 60 s, sigma 0.8), and every attempt is off by 10 %. 2 % of the
 * attempts fail and may be tried again, 0.5 % fail for good, 0.1 % take their worker with them,
 * which is back a minute later. No schedule is shorter than the work shared out evenly, or than
 * the longest chain of attempts at one trial; what the scheduler makes of it must be within 3 %
 * of that. The exit status is 1 when it is not, or when a pending trial takes more than 200
 * bytes. */
#include "nudge/clock.h"
#include "nudge/journal.h"
#include "nudge/philox.h"
#include "nudge/plan.h"
#include "nudge/sched.h"

#include "../unit/events.h"
#include "campaign/ledger_impl.h"

#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { KINDS = 3, SEED = 2024, OUTAGE = 60 };

/* ---- a machine ---- */

typedef enum end { END_RESULT, END_LOST, END_BACK } end;

typedef struct machine {
    size_t n_tasks, n_workers;
    nd_sched *s;
    float *cost; /* (n_tasks) as estimated */
    uint16_t *kind;
    uint8_t *attempt; /* (n_tasks) */
    float *chain;     /* (n_tasks) seconds of all its attempts */
    double *started;  /* (n_workers) */
    events next;      /* (n_workers) */
    double now, busy, in_sched;
    size_t calls, lost, retried;
} machine;

static void *take(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size);
    if (!p) {
        fprintf(stderr, "no memory\n");
        exit(4);
    }
    return p;
}

static double unit(size_t task, uint32_t attempt, uint32_t what)
{
    return nd_philox_unit((nd_at){SEED, 99, attempt, what}, (uint32_t)task);
}

static double normal(size_t task, uint32_t attempt, uint32_t what)
{
    const double a = unit(task, attempt, what), b = unit(task, attempt, what + 1);
    return sqrt(-2 * log(a)) * cos(6.283185307179586 * b);
}

enum { FATE = 4, CUT, NOISE = 6, P_LOST = 1, P_RETRY = 20, P_FAILED = 5 }; /* per mille */

static double fate(const machine *m, size_t task)
{
    return 1000 * unit(task, m->attempt[task], FATE);
}

static void start(machine *m, size_t worker, size_t task)
{
    static const double factor[KINDS] = {3, 1, 0.4};
    double seconds = (double)m->cost[task] * factor[m->kind[task]] *
                     exp(0.1 * normal(task, m->attempt[task] + 1u, NOISE));
    m->attempt[task]++;
    const double f = fate(m, task);
    if (f < P_LOST + P_RETRY + P_FAILED) seconds *= unit(task, m->attempt[task], CUT);
    m->chain[task] += (float)seconds;
    m->busy += seconds;
    m->started[worker] = m->now;
    events_push(&m->next, (event){m->now + seconds, (uint32_t)worker,
                                  f < P_LOST ? END_LOST : END_RESULT});
}

/* A step takes less than this; what takes longer was interrupted by another process. */
#define STEP 20e-6

static void add_time(machine *m, double since)
{
    const double seconds = nd_now() - since;
    m->in_sched += seconds < STEP ? seconds : STEP;
}

/* What follows from an event; only this is the scheduler's time. */
static void act(machine *m, double since)
{
    for (;;) {
        const nd_action a = nd_sched_next(m->s, HUGE_VAL);
        m->calls++;
        if (a.type == ND_ACT_NONE) break;
        if (a.type != ND_ACT_ASSIGN) continue;
        add_time(m, since);
        start(m, a.worker, a.task);
        since = nd_now();
    }
    add_time(m, since);
}

static void happen(machine *m, event e)
{
    const size_t task = nd_sched_task(m->s, e.worker);
    const double f = e.what == END_RESULT ? fate(m, task) : 0;
    const nd_outcome outcome = f < P_LOST + P_RETRY              ? ND_OUTCOME_RETRY
                               : f < P_LOST + P_RETRY + P_FAILED ? ND_OUTCOME_FAILED
                                                                 : ND_OUTCOME_DONE;
    const double since = nd_now();
    if (e.what == END_BACK)
        nd_sched_ready(m->s, e.worker);
    else if (e.what == END_LOST)
        (void)nd_sched_lost(m->s, e.worker);
    else
        (void)nd_sched_result(m->s, e.worker, outcome, m->now - m->started[e.worker]);
    act(m, since);
    m->lost += e.what == END_LOST;
    m->retried += e.what == END_RESULT && outcome == ND_OUTCOME_RETRY;
    if (e.what == END_LOST)
        events_push(&m->next, (event){m->now + OUTAGE, e.worker, END_BACK});
}

static nd_code simulate(machine *m, nd_err *err)
{
    nd_sched_config c = nd_sched_defaults();
    c.n_tasks = m->n_tasks;
    c.n_workers = m->n_workers;
    c.n_kinds = KINDS;
    c.kinds = m->kind;
    for (size_t i = 0; i < m->n_tasks; i++) {
        m->cost[i] = (float)(60 * exp(0.8 * normal(i, 0, 0)));
        m->kind[i] = (uint16_t)(i % KINDS);
    }
    const double before = nd_now();
    ND_TRY(nd_sched_new(&m->s, &c, m->cost, NULL, err));
    printf("  sorting once                %8.2f s\n", nd_now() - before);
    for (size_t w = 0; w < m->n_workers; w++)
        nd_sched_ready(m->s, w);
    act(m, nd_now());
    while (m->next.n) {
        const event e = events_pop(&m->next);
        m->now = e.time;
        happen(m, e);
        if (nd_sched_finished(m->s))
            return ND_OK; /* workers that come back later are late */
    }
    return ND_OK;
}

static bool report(const machine *m)
{
    double chain = 0;
    for (size_t i = 0; i < m->n_tasks; i++)
        chain = fmax(chain, (double)m->chain[i]);
    const double even = m->busy / (double)m->n_workers, bound = fmax(even, chain);
    const nd_sched_counts n = nd_sched_count(m->s);
    const double ns = m->in_sched * 1e9 / (double)m->n_tasks;
    printf("  done, failed                %zu, %zu (%zu retries, %zu workers lost)\n",
           n.done, n.failed, m->retried, m->lost);
    printf("  shared out evenly           %8.0f s\n  longest chain of attempts   %8.0f s\n"
           "  makespan                    %8.0f s = %.4f x the lower bound\n",
           even, chain, m->now, m->now / bound);
    printf("  scheduler                   %8.0f ns a trial, the clock's time included\n",
           ns);
    return m->now <= 1.03 * bound && n.done + n.failed == m->n_tasks;
}

/* ---- what else the master does for a trial ---- */

static nd_spec *square(size_t side)
{
    char text[256];
    snprintf(text, sizeof text,
             "campaign: scale\naxes:\n  ep.beta: {linspace: [0.1, 1, %zu]}\n"
             "  device.c2c: {linspace: [0, 1, %zu]}\n",
             side, side);
    const nd_source source = {"scale.yaml", text, strlen(text)};
    nd_spec *spec = NULL;
    nd_err err;
    if (nd_spec_parse(&source, NULL, 0, &spec, &err) == ND_OK) return spec;
    fprintf(stderr, "%s\n", err.message);
    exit(4);
}

static void fill(nd_record *r)
{
    nd_record_init(r);
    r->status = ND_STATUS_DONE;
    r->attempts = 1;
    r->seconds = 1;
    nd_copy(r->host, sizeof r->host, "node-0001");
    r->epochs = 100;
    static const nd_metric_id curves[] = {ND_METRIC_test_error, ND_METRIC_train_error,
                                          ND_METRIC_validation_error, ND_METRIC_train_loss};
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) {
        r->value[curves[i]] = 0.1;
        r->curve[curves[i]] = take(r->epochs, sizeof(float));
    }
}

/* Sends, receives, records: as campaign.c does, without MPI and without the disk's sync. */
static nd_code master_work(const char *journal, size_t n, double *seconds, nd_err *err)
{
    nd_plan plan;
    nd_journal *j;
    nd_ledger ledger = {0};
    nd_record sent;
    nd_text packed = {0}, bytes = {0};
    ND_TRY(nd_plan_of(&plan, square(200), err));
    ND_TRY(nd_journal_open(&j, journal, true, err));
    fill(&sent);
    const clock_t start = clock(); /* of the processor: others may be at work */
    nd_code code = ND_OK;
    for (size_t i = 0; i < n && code == ND_OK; i++) {
        nd_params p;
        nd_record r;
        code = nd_plan_params(&plan, i, &p, err);
        nd_text_clear(&bytes);
        nd_params_print(&p, true, &bytes); /* the task */
        sent.key = plan.trial[i].key;
        nd_text_clear(&packed);
        nd_record_pack(&sent, &packed); /* the worker's, but counted here */
        if (code == ND_OK) code = nd_record_unpack(&r, packed.s, packed.n, err);
        if (code == ND_OK) code = nd_plan_params(&plan, i, &p, err);
        nd_text_clear(&bytes);
        nd_trial_pack(&p, &r, &bytes);
        const uint64_t at = nd_journal_end(j);
        if (code == ND_OK)
            code = nd_journal_append(j, ND_ENTRY_TRIAL, bytes.s, bytes.n, err);
        if (code == ND_OK) code = nd_ledger_put(&ledger, &r, at, err);
        nd_record_free(&r);
    }
    *seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    nd_record_free(&sent);
    nd_ledger_free(&ledger);
    nd_text_free(&packed);
    nd_text_free(&bytes);
    nd_journal_close(j);
    nd_plan_free(&plan);
    return code;
}

/* ---- memory ---- */

static double held(void)
{
    const struct mallinfo2 info = mallinfo2();
    return (double)info.uordblks + (double)info.hblkhd;
}

/* Plan, scheduler and the lists of campaign.c, for a campaign of n pending trials. */
static nd_code memory(size_t n, double *each, nd_err *err)
{
    const double before = held();
    nd_plan plan;
    ND_TRY(nd_plan_of(&plan, square((size_t)sqrt((double)n)), err));
    float *cost = take(plan.n, sizeof *cost);
    uint16_t *kinds = take(plan.n, sizeof *kinds);
    int *attempts = take(plan.n, sizeof *attempts);
    size_t *task = take(plan.n, sizeof *task);
    int *prior = take(plan.n, sizeof *prior);
    nd_sched_config c = nd_sched_defaults();
    c.n_tasks = plan.n;
    c.kinds = kinds;
    nd_sched *s;
    const nd_code code = nd_sched_new(&s, &c, cost, attempts, err);
    *each = (held() - before) / (double)plan.n; /* with what is needed for a moment only */
    nd_sched_free(s);
    free(cost);
    free(kinds);
    free(attempts);
    free(task);
    free(prior);
    nd_plan_free(&plan);
    return code;
}

static nd_code run(machine *m, bool *good, nd_err *err)
{
    printf("%zu workers, %zu trials, simulated:\n", m->n_workers, m->n_tasks);
    ND_TRY(simulate(m, err));
    *good = report(m);
    double seconds, each;
    char journal[] = "/tmp/nudge-scale.XXXXXX";
    const int fd = mkstemp(journal);
    if (fd < 0) return ND_FAIL(err, ND_EIO, "cannot make a file in /tmp");
    close(fd);
    enum { SAMPLE = 20000 };
    const nd_code code = master_work(journal, SAMPLE, &seconds, err);
    unlink(journal);
    ND_TRY(code);
    const double ns = seconds * 1e9 / SAMPLE + m->in_sched * 1e9 / (double)m->n_tasks;
    printf("  master, all but MPI         %8.0f ns a trial: saturated by %.0f workers with "
           "trials of 1 s\n",
           ns, 1e9 / ns);
    ND_TRY(memory(m->n_tasks, &each, err));
    printf("  memory                      %8.0f bytes a pending trial\n", each);
    *good = *good && each <= 200;
    return ND_OK;
}

int main(int argc, char **argv)
{
    machine m = {.n_tasks = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000,
                 .n_workers = argc > 2 ? strtoul(argv[2], NULL, 10) : 10000};
    m.cost = take(m.n_tasks, sizeof *m.cost);
    m.kind = take(m.n_tasks, sizeof *m.kind);
    m.attempt = take(m.n_tasks, sizeof *m.attempt);
    m.chain = take(m.n_tasks, sizeof *m.chain);
    m.started = take(m.n_workers, sizeof *m.started);
    m.next.heap = take(m.n_workers + 1, sizeof *m.next.heap);
    nd_err err = {0};
    bool good = false;
    if (run(&m, &good, &err) != ND_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 4;
    }
    return good ? 0 : 1;
}
