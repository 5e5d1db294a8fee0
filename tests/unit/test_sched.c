/* test_sched.c -- the scheduler against a simulated machine: 10,000 workers that fail and
 * get lost at random run 100,000 tasks. Time is simulated, so a day takes a moment. */
#include "nudge/philox.h"
#include "nudge/sched.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "events.h"

/* ---- a simulated machine ------------------------------------------------------------ */

/* What makes each attempt differ; all draws are pure in (seed, task, attempt). */
typedef struct world {
    uint64_t seed;
    size_t n_tasks, n_workers;
    int retries, losses;
    double p_retry, p_final, p_lost; /* chances of an attempt's end  */
    double noise, speed;             /* actual = cost x speed x (1 +- noise) */
    double deadline;                 /* HUGE_VAL: none               */
    double max_failures, stop_at;
    double ahead, p_late; /* p_late: a task asked back has begun by then */
    double p_slow;        /* takes fifty times as long */
} world;

static const world calm = {.seed = 7,
                           .n_tasks = 100000,
                           .n_workers = 10000,
                           .retries = 2,
                           .losses = ND_LOSSES_MAX,
                           .speed = 1,
                           .deadline = HUGE_VAL,
                           .max_failures = 1,
                           .stop_at = HUGE_VAL};

typedef struct machine {
    world w;
    nd_sched *s;
    float *cost;         /* (n_tasks) */
    int *starts, *fails; /* (n_tasks): attempts started, attempts that failed */
    int *losses;         /* (n_tasks): workers it was lost with */
    unsigned char *done, *failed, *running, *waiting; /* (n_tasks); waiting: ahead */
    size_t *task_of, *next_of;          /* (n_workers); next_of: SIZE_MAX for none */
    double *started;                    /* (n_workers) */
    unsigned char *gone;                /* (n_workers): lost or released */
    events next;                        /* (n_workers) */
    double now, last_start, overran;    /* overran: latest end past the deadline */
    uint64_t trace;                     /* hash of all actions, for determinism */
    size_t n_lost, n_ahead, n_returned; /* events */
} machine;

enum draw {
    DRAW_COST_A,
    DRAW_COST_B,
    DRAW_FATE,
    DRAW_NOISE,
    DRAW_CUT,
    DRAW_LATE,
    DRAW_SLOW
};

static double unit(const world *w, size_t task, int attempt, enum draw what)
{
    const nd_at at = {w->seed, 99, (uint32_t)attempt, (uint32_t)what};
    return nd_philox_unit(at, (uint32_t)task);
}

/* Log-normal with median 60 s and sigma 0.5 (Box-Muller). */
static float draw_cost(const world *w, size_t task)
{
    const double a = unit(w, task, 0, DRAW_COST_A), b = unit(w, task, 0, DRAW_COST_B);
    const double normal = sqrt(-2 * log(a)) * cos(2 * 3.141592653589793 * b);
    return (float)(60 * exp(0.5 * normal));
}

static void machine_init(machine *m, world w)
{
    *m = (machine){.w = w, .trace = 14695981039346656037u};
    m->cost = calloc(w.n_tasks, sizeof *m->cost);
    m->starts = calloc(w.n_tasks, sizeof *m->starts);
    m->fails = calloc(w.n_tasks, sizeof *m->fails);
    m->losses = calloc(w.n_tasks, sizeof *m->losses);
    m->done = calloc(4, w.n_tasks);
    m->failed = m->done + w.n_tasks;
    m->running = m->failed + w.n_tasks;
    m->waiting = m->running + w.n_tasks;
    m->task_of = calloc(w.n_workers, sizeof *m->task_of);
    m->next_of = malloc(w.n_workers * sizeof *m->next_of);
    memset(m->next_of, 0xff, w.n_workers * sizeof *m->next_of);
    m->started = calloc(w.n_workers, sizeof *m->started);
    m->gone = calloc(w.n_workers, 1);
    m->next.heap = calloc(w.n_workers, sizeof *m->next.heap);
    for (size_t i = 0; i < w.n_tasks; i++)
        m->cost[i] = draw_cost(&w, i);
    nd_sched_config c = nd_sched_defaults();
    c.n_tasks = w.n_tasks;
    c.n_workers = w.n_workers;
    c.retries = w.retries;
    c.max_failures = w.max_failures;
    c.losses = w.losses;
    c.ahead = w.ahead;
    assert_int_equal(nd_sched_new(&m->s, &c, m->cost, NULL, NULL), ND_OK);
}

static void machine_free(machine *m)
{
    nd_sched_free(m->s);
    free(m->cost);
    free(m->starts);
    free(m->fails);
    free(m->losses);
    free(m->done);
    free(m->task_of);
    free(m->next_of);
    free(m->started);
    free(m->gone);
    free(m->next.heap);
}

static double duration(const machine *m, size_t task)
{
    const world *w = &m->w;
    const double u = unit(w, task, m->starts[task], DRAW_NOISE);
    const bool slow = unit(w, task, 0, DRAW_SLOW) < w->p_slow;
    return (double)m->cost[task] * w->speed * (1 + w->noise * (2 * u - 1)) *
           (slow ? 50 : 1);
}

static double fate(const machine *m, size_t task)
{
    return unit(&m->w, task, m->starts[task], DRAW_FATE);
}

static void start(machine *m, size_t worker, size_t task)
{
    assert_false(m->gone[worker]);
    assert_false(m->running[task] || m->waiting[task] || m->done[task] || m->failed[task]);
    assert_true(m->now < m->w.deadline);
    m->running[task] = 1;
    m->starts[task]++;
    m->task_of[worker] = task;
    m->started[worker] = m->last_start = m->now;
    assert_int_equal(nd_sched_task(m->s, worker), task);
    assert_int_equal(nd_sched_attempt(m->s, worker), m->fails[task] + 1);
    const world *w = &m->w;
    double seconds = duration(m, task);
    /* What fails or is lost ends early. */
    if (fate(m, task) < w->p_retry + w->p_final + w->p_lost)
        seconds *= unit(w, task, m->starts[task], DRAW_CUT);
    events_push(&m->next, (event){m->now + seconds, (uint32_t)worker, 0});
}

/* The worker is at something else: it keeps the task for later. */
static void lay_aside(machine *m, size_t worker, size_t task)
{
    assert_false(m->gone[worker]);
    assert_false(m->running[task] || m->waiting[task] || m->done[task] || m->failed[task]);
    assert_int_equal(m->next_of[worker], SIZE_MAX);
    m->next_of[worker] = task;
    m->waiting[task] = 1;
    m->n_ahead++;
}

static size_t take_aside(machine *m, size_t worker)
{
    const size_t task = m->next_of[worker];
    m->next_of[worker] = SIZE_MAX;
    if (task != SIZE_MAX) m->waiting[task] = 0;
    return task;
}

static void give_back(machine *m, size_t worker)
{
    const size_t task = m->next_of[worker];
    assert_int_not_equal(task, SIZE_MAX);
    if (unit(&m->w, task, m->starts[task], DRAW_LATE) < m->w.p_late) return;
    take_aside(m, worker);
    m->n_returned++;
    nd_sched_returned(m->s, worker);
}

static void act(machine *m)
{
    for (;;) {
        const nd_action a = nd_sched_next(m->s, m->w.deadline - m->now);
        if (a.type == ND_ACT_NONE) return;
        m->trace = (m->trace ^ (a.worker * 1000003 + a.task + a.type)) * 1099511628211u;
        if (a.type == ND_ACT_RELEASE)
            m->gone[a.worker] = 1;
        else if (a.type == ND_ACT_RECALL)
            give_back(m, a.worker);
        else if (nd_sched_task(m->s, a.worker) == a.task)
            start(m, a.worker, a.task);
        else
            lay_aside(m, a.worker, a.task);
    }
}

static void end(machine *m, size_t worker)
{
    const size_t task = m->task_of[worker];
    const world *w = &m->w;
    const double u = fate(m, task), seconds = m->now - m->started[worker];
    const size_t next = take_aside(m, worker);
    m->running[task] = 0;
    if (m->now - w->deadline > m->overran) m->overran = m->now - w->deadline;
    if (u < w->p_lost) {
        m->gone[worker] = 1;
        const bool ended = nd_sched_lost(m->s, worker);
        assert_int_equal(ended, ++m->losses[task] == w->losses);
        m->failed[task] |= ended;
        m->n_lost++;
        return;
    } else if (u < w->p_lost + w->p_retry) {
        m->fails[task]++;
        const bool ended = nd_sched_result(m->s, worker, ND_OUTCOME_RETRY, seconds);
        assert_int_equal(ended, m->fails[task] == w->retries + 1);
        m->failed[task] = ended;
    } else if (u < w->p_lost + w->p_retry + w->p_final) {
        m->fails[task]++;
        assert_true(nd_sched_result(m->s, worker, ND_OUTCOME_FAILED, seconds));
        m->failed[task] = 1;
    } else {
        assert_true(nd_sched_result(m->s, worker, ND_OUTCOME_DONE, seconds));
        m->done[task] = 1;
    }
    if (next != SIZE_MAX) start(m, worker, next);
}

static void check_counts(const machine *m)
{
    const nd_sched_counts n = nd_sched_count(m->s);
    size_t done = 0, failed = 0, running = 0, waiting = 0;
    for (size_t i = 0; i < m->w.n_tasks; i++) {
        done += m->done[i];
        failed += m->failed[i];
        running += m->running[i];
        waiting += m->waiting[i];
    }
    assert_int_equal(n.done, done);
    assert_int_equal(n.failed, failed);
    assert_int_equal(n.running, running);
    assert_int_equal(n.ahead, waiting);
    assert_int_equal(n.pending, m->w.n_tasks - done - failed - running);
}

static void simulate(machine *m)
{
    for (size_t w = 0; w < m->w.n_workers; w++)
        nd_sched_ready(m->s, w);
    act(m);
    for (size_t steps = 0; m->next.n; steps++) {
        const event e = events_pop(&m->next);
        m->now = e.time;
        if (m->now >= m->w.stop_at) {
            nd_sched_stop(m->s);
            act(m);
        }
        end(m, e.worker);
        act(m);
        if (steps % 20000 == 0) check_counts(m);
    }
    check_counts(m);
}

/* No schedule is shorter than the work shared out evenly, or than the longest task. */
static double lower_bound(const machine *m)
{
    double sum = 0, longest = 0;
    for (size_t i = 0; i < m->w.n_tasks; i++) {
        const double d = duration(m, i);
        sum += d;
        longest = d > longest ? d : longest;
    }
    const double even = sum / (double)m->w.n_workers;
    return even > longest ? even : longest;
}

/* ---- properties --------------------------------------------------------------------- */

static void near_the_best_schedule(void **state)
{
    (void)state;
    const double noises[] = {0, 0.2, 0, 0.2}, aheads[] = {0, 0, 60, HUGE_VAL};
    for (size_t i = 0; i < 4; i++) {
        world w = calm;
        w.noise = noises[i];
        w.ahead = aheads[i];
        w.p_late = 0.5;
        machine m;
        machine_init(&m, w);
        simulate(&m);
        assert_true(nd_sched_finished(m.s));
        const double bound = lower_bound(&m);
        if (m.now > 1.05 * bound)
            fail_msg("makespan %g s, lower bound %g s (noise %g, ahead %g, seed %lu)",
                     m.now, bound, w.noise, w.ahead, (unsigned long)w.seed);
        assert_int_equal(m.n_ahead > 1000, w.ahead > 0);
        for (size_t t = 0; t < w.n_tasks; t++)
            assert_int_equal(m.starts[t], 1);
        for (size_t k = 0; k < w.n_workers; k++)
            assert_true(m.gone[k]); /* all were released at the end */
        machine_free(&m);
    }
}

static void every_task_ends_once(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        world w = calm;
        w.seed = seed;
        w.retries = (int)(seed - 1) % 3;
        w.ahead = seed > 3 ? 20 * (double)seed : 0;
        w.p_late = 0.3;
        w.p_slow = 0.002;
        w.p_retry = 0.1;
        w.p_final = 0.02;
        w.p_lost = 0.01;
        machine m;
        machine_init(&m, w);
        simulate(&m);
        assert_true(nd_sched_finished(m.s));
        assert_int_equal(nd_sched_stopped(m.s), ND_STOP_NONE);
        assert_true(m.n_lost > 100);
        assert_int_equal(m.n_ahead > 1000, w.ahead > 0);
        assert_int_equal(m.n_returned > 10, w.ahead > 0);
        size_t failed = 0;
        for (size_t t = 0; t < w.n_tasks; t++) {
            assert_int_equal(m.done[t] + m.failed[t], 1);
            assert_true(m.fails[t] <= w.retries + 1);
            failed += m.failed[t];
        }
        assert_int_equal(nd_sched_count(m.s).workers, 0);
        assert_true(failed > 100);
        machine_free(&m);
    }
}

/* A task ahead does not wait for one that takes far longer than it should. */
static void stragglers_hold_nothing_up(void **state)
{
    (void)state;
    double last_start[2];
    for (int i = 0; i < 2; i++) {
        world w = calm;
        w.n_tasks = 20000;
        w.n_workers = 1000;
        w.p_slow = 0.002;
        w.ahead = i ? HUGE_VAL : 0;
        machine m;
        machine_init(&m, w);
        simulate(&m);
        assert_true(nd_sched_finished(m.s));
        assert_int_equal(m.n_returned > 0, i);
        last_start[i] = m.last_start;
        machine_free(&m);
    }
    assert_true(last_start[1] < 1.02 * last_start[0]);
}

/* All workers lost: the rest stays pending, and new workers finish it. */
static void loss_of_all_workers(void **state)
{
    (void)state;
    world w = calm;
    w.n_tasks = 50;
    w.n_workers = 5;
    w.p_lost = 0.5;
    machine m;
    machine_init(&m, w);
    simulate(&m);
    for (int round = 0; round < 1000 && !nd_sched_finished(m.s); round++) {
        assert_int_equal(nd_sched_count(m.s).workers, 0);
        assert_int_equal(nd_sched_count(m.s).running, 0);
        memset(m.gone, 0, w.n_workers);
        simulate(&m);
    }
    assert_true(nd_sched_finished(m.s));
    for (size_t t = 0; t < w.n_tasks; t++)
        assert_true(m.done[t]);
    machine_free(&m);
}

static void same_events_same_actions(void **state)
{
    (void)state;
    uint64_t trace[3];
    for (int i = 0; i < 3; i++) {
        world w = calm;
        w.n_tasks = 5000;
        w.n_workers = 100;
        w.p_retry = 0.1;
        w.p_lost = 0.001;
        w.noise = 0.3;
        w.seed = i < 2 ? 11 : 12;
        w.ahead = 50;
        machine m;
        machine_init(&m, w);
        simulate(&m);
        trace[i] = m.trace;
        machine_free(&m);
    }
    assert_true(trace[0] == trace[1]);
    assert_true(trace[0] != trace[2]);
}

static void nothing_starts_that_will_not_fit(void **state)
{
    (void)state;
    /* The machine is up to three times slower than the estimates say. */
    const double speeds[] = {0.5, 1, 3, 1}, aheads[] = {0, 0, 0, HUGE_VAL};
    for (size_t i = 0; i < 4; i++) {
        world w = calm;
        w.ahead = aheads[i];
        w.n_tasks = 20000;
        w.n_workers = 500;
        w.noise = 0.1;
        w.speed = speeds[i];
        w.deadline = 1500 * w.speed;
        machine m;
        machine_init(&m, w);
        simulate(&m);
        assert_false(nd_sched_finished(m.s));
        assert_int_equal(nd_sched_stopped(m.s), ND_STOP_DEADLINE);
        /* The estimates are off by 10 %, safety is 25 %. */
        assert_true(m.overran <= 0);
        assert_true(fabs(nd_sched_ratio(m.s) / w.speed - 1) < 0.02);
        /* Short tasks fill the end, so the time is used. */
        assert_true(m.last_start > 0.95 * w.deadline);
        machine_free(&m);
    }
}

static void asked_to_stop(void **state)
{
    (void)state;
    world w = calm;
    w.n_tasks = 1000;
    w.n_workers = 10;
    w.stop_at = 1000;
    w.ahead = HUGE_VAL;
    machine m;
    machine_init(&m, w);
    simulate(&m);
    assert_int_equal(m.n_returned,
                     w.n_workers); /* each had a second task, and gave it back */
    assert_int_equal(nd_sched_stopped(m.s), ND_STOP_ASKED);
    assert_true(m.last_start < w.stop_at);
    assert_int_equal(nd_sched_count(m.s).running, 0);
    assert_true(nd_sched_count(m.s).done > 10);
    assert_true(nd_sched_count(m.s).pending > 100);
    for (size_t k = 0; k < w.n_workers; k++)
        assert_true(m.gone[k]);
    machine_free(&m);
}

static void too_many_failures(void **state)
{
    (void)state;
    world w = calm;
    w.n_tasks = 1000;
    w.n_workers = 10;
    w.p_final = 0.5;
    w.max_failures = 0.05;
    machine m;
    machine_init(&m, w);
    simulate(&m);
    assert_int_equal(nd_sched_stopped(m.s), ND_STOP_FAILURES);
    const size_t failed = nd_sched_count(m.s).failed;
    assert_true(failed > 50 && failed <= 51 + 9); /* what ran at that time ended too */
    assert_int_equal(nd_sched_count(m.s).running, 0);
    machine_free(&m);
}

/* ---- small cases, by hand ----------------------------------------------------------- */

static nd_sched *small(size_t n_tasks, size_t n_workers, const float *cost)
{
    nd_sched_config c = nd_sched_defaults();
    c.n_tasks = n_tasks;
    c.n_workers = n_workers;
    nd_sched *s;
    assert_int_equal(nd_sched_new(&s, &c, cost, NULL, NULL), ND_OK);
    for (size_t w = 0; w < n_workers; w++)
        nd_sched_ready(s, w);
    return s;
}

static void assert_next(nd_sched *s, double remaining, nd_action_type type, size_t worker,
                        size_t task)
{
    const nd_action a = nd_sched_next(s, remaining);
    assert_int_equal(a.type, type);
    if (type != ND_ACT_NONE) assert_int_equal(a.worker, worker);
    if (type == ND_ACT_ASSIGN) assert_int_equal(a.task, task);
}

/* A task that failed comes after others of its length, not after shorter ones. */
static void longest_first_retries_in_place(void **state)
{
    (void)state;
    const float cost[] = {1, 5, 3, 5};
    nd_sched *s = small(4, 1, cost);
    assert_true(nd_sched_idle(s, 0));
    assert_next(s, HUGE_VAL, ND_ACT_ASSIGN, 0, 1); /* a tie goes by index */
    assert_false(nd_sched_idle(s, 0));
    assert_next(s, HUGE_VAL, ND_ACT_NONE, 0, 0);
    assert_false(nd_sched_result(s, 0, ND_OUTCOME_RETRY, 1));
    assert_next(s, HUGE_VAL, ND_ACT_ASSIGN, 0, 3);
    assert_false(nd_sched_result(s, 0, ND_OUTCOME_BACK, 1)); /* keeps its place */
    assert_next(s, HUGE_VAL, ND_ACT_ASSIGN, 0, 3);
    assert_true(nd_sched_result(s, 0, ND_OUTCOME_DONE, 5));
    assert_next(s, HUGE_VAL, ND_ACT_ASSIGN, 0, 1);
    assert_int_equal(nd_sched_attempt(s, 0), 2);
    assert_true(nd_sched_result(s, 0, ND_OUTCOME_DONE, 5));
    assert_next(s, HUGE_VAL, ND_ACT_ASSIGN, 0, 2);
    assert_false(nd_sched_lost(s, 0));
    assert_false(nd_sched_lost(s, 0)); /* said twice: once is enough */
    assert_int_equal(nd_sched_count(s).workers, 0);
    assert_next(s, HUGE_VAL, ND_ACT_NONE, 0, 0);
    nd_sched_ready(s, 0);
    assert_next(s, HUGE_VAL, ND_ACT_ASSIGN, 0, 2);
    assert_int_equal(nd_sched_attempt(s, 0), 1);
    assert_true(nd_sched_result(s, 0, ND_OUTCOME_DONE, 3));
    assert_next(s, HUGE_VAL, ND_ACT_ASSIGN, 0, 0);
    assert_true(nd_sched_result(s, 0, ND_OUTCOME_DONE, 1));
    assert_true(nd_sched_finished(s));
    assert_next(s, HUGE_VAL, ND_ACT_RELEASE, 0, 0);
    assert_next(s, HUGE_VAL, ND_ACT_NONE, 0, 0);
    nd_sched_free(s);
}

/* A second task for a worker, and what becomes of it. */
static void short_tasks_go_ahead(void **state)
{
    (void)state;
    enum { N = 12 };
    const float cost[N] = {9, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    nd_sched_config c = nd_sched_defaults();
    c.n_tasks = N;
    c.n_workers = 2;
    c.ahead = 2;
    nd_sched *s;
    assert_int_equal(nd_sched_new(&s, &c, cost, NULL, NULL), ND_OK);
    nd_sched_ready(s, 0);
    nd_sched_ready(s, 1);
    assert_next(s, HUGE_VAL, ND_ACT_ASSIGN, 0, 0);
    assert_next(s, HUGE_VAL, ND_ACT_ASSIGN, 1, 1);
    assert_next(s, HUGE_VAL, ND_ACT_NONE, 0, 0); /* that they are short is a guess so far */
    assert_true(nd_sched_result(s, 1, ND_OUTCOME_DONE, 1));
    assert_next(s, HUGE_VAL, ND_ACT_ASSIGN, 1, 2);
    assert_next(s, HUGE_VAL, ND_ACT_ASSIGN, 1, 3);
    assert_next(s, HUGE_VAL, ND_ACT_NONE, 0, 0); /* worker 0 is at a long one */
    assert_int_equal(nd_sched_task(s, 1), 2);
    assert_int_equal(nd_sched_count(s).running, 2);
    assert_int_equal(nd_sched_count(s).ahead, 1);
    assert_int_equal(nd_sched_count(s).pending, N - 3);

    /* It begins without a word, and the next one comes. */
    assert_false(nd_sched_result(s, 1, ND_OUTCOME_RETRY, 1));
    assert_false(nd_sched_idle(s, 1));
    assert_int_equal(nd_sched_task(s, 1), 3);
    assert_int_equal(nd_sched_attempt(s, 1), 1);
    assert_next(s, HUGE_VAL, ND_ACT_ASSIGN, 1, 4);

    /* A lost worker gives both back; only the first was lost with it. */
    assert_false(nd_sched_lost(s, 1));
    assert_int_equal(nd_sched_count(s).ahead, 0);
    nd_sched_ready(s, 1);
    assert_next(s, HUGE_VAL, ND_ACT_ASSIGN, 1, 3);
    assert_next(s, HUGE_VAL, ND_ACT_ASSIGN, 1, 4);
    assert_true(nd_sched_lost(s, 1)); /* twice is too often */
    nd_sched_ready(s, 1);
    assert_next(s, 2.7, ND_ACT_ASSIGN, 1, 4);
    assert_next(s, 2.4, ND_ACT_NONE, 0, 0); /* time for one, not for two */
    assert_next(s, 2.7, ND_ACT_ASSIGN, 1, 5);

    /* What has not begun is had back before the end. */
    nd_sched_stop(s);
    assert_next(s, HUGE_VAL, ND_ACT_RECALL, 1, 0);
    assert_next(s, HUGE_VAL, ND_ACT_NONE, 0, 0);
    nd_sched_returned(s, 1);
    nd_sched_returned(s, 1); /* nothing is there any more */
    assert_int_equal(nd_sched_count(s).pending, 8);
    assert_true(nd_sched_result(s, 1, ND_OUTCOME_DONE, 1));
    assert_next(s, HUGE_VAL, ND_ACT_RELEASE, 1, 0);
    nd_sched_free(s);
}

/* An idle worker takes over what waits with another: unless that has begun meanwhile. */
static void idle_workers_ask_for_what_waits(void **state)
{
    (void)state;
    const float cost[] = {1, 1, 1, 1, 1, 1, 1};
    nd_sched_config c = nd_sched_defaults();
    c.n_tasks = 7;
    c.n_workers = 3;
    c.ahead = 2;
    for (int begun = 0; begun < 2; begun++) {
        nd_sched *s;
        assert_int_equal(nd_sched_new(&s, &c, cost, NULL, NULL), ND_OK);
        nd_sched_learn(s, 0, 1, 1);
        nd_sched_ready(s, 0);
        assert_next(s, HUGE_VAL, ND_ACT_ASSIGN, 0, 0);
        assert_next(s, HUGE_VAL, ND_ACT_ASSIGN, 0, 1);
        assert_next(s, HUGE_VAL, ND_ACT_NONE, 0, 0); /* no more than two */
        for (size_t w = 1; w < 3; w++) {
            nd_sched_ready(s, w);
            assert_next(s, HUGE_VAL, ND_ACT_ASSIGN, w, w + 1);
            assert_next(s, HUGE_VAL, ND_ACT_NONE, 0, 0); /* few are left */
        }
        for (size_t task = 4; task < 7; task++) {
            assert_true(nd_sched_result(s, 1, ND_OUTCOME_DONE, 1));
            assert_next(s, HUGE_VAL, ND_ACT_ASSIGN, 1, task);
        }
        assert_true(nd_sched_result(s, 1, ND_OUTCOME_DONE, 1));
        assert_next(s, HUGE_VAL, ND_ACT_RECALL, 0, 0);
        assert_next(s, HUGE_VAL, ND_ACT_NONE, 0, 0); /* asked once */
        if (begun) {
            assert_true(nd_sched_result(s, 0, ND_OUTCOME_DONE, 1));
            assert_next(s, HUGE_VAL, ND_ACT_NONE, 0, 0);
            assert_int_equal(nd_sched_task(s, 0), 1);
            assert_false(nd_sched_lost(s, 0)); /* so that it does come */
        } else {
            nd_sched_returned(s, 0);
        }
        assert_next(s, HUGE_VAL, ND_ACT_ASSIGN, 1, 1);
        assert_next(s, HUGE_VAL, ND_ACT_NONE, 0, 0);
        nd_sched_free(s);
    }
}

/* An idle worker is kept while the last task may still fail and come back to it. */
static void idle_workers_wait_for_retries(void **state)
{
    (void)state;
    const float cost[] = {2};
    nd_sched *s = small(1, 2, cost);
    assert_next(s, HUGE_VAL, ND_ACT_ASSIGN, 0, 0);
    assert_next(s, HUGE_VAL, ND_ACT_NONE, 0, 0);
    assert_false(nd_sched_lost(s, 0));
    assert_next(s, HUGE_VAL, ND_ACT_ASSIGN, 1, 0);
    assert_true(nd_sched_result(s, 1, ND_OUTCOME_FAILED, 1));
    assert_next(s, HUGE_VAL, ND_ACT_RELEASE, 1, 0);
    assert_int_equal(nd_sched_count(s).failed, 1);
    nd_sched_free(s);
}

static void shorter_tasks_fill_the_time(void **state)
{
    (void)state;
    const float cost[] = {100, 10, 1};
    nd_sched *s = small(3, 2, cost);
    assert_next(s, 20, ND_ACT_ASSIGN, 0, 1);
    assert_next(s, 20, ND_ACT_ASSIGN, 1, 2);
    assert_true(nd_sched_result(s, 1, ND_OUTCOME_DONE, 0.1)); /* ten times faster */
    assert_true(fabs(nd_sched_ratio(s) - 0.1) < 1e-12);
    assert_next(s, 12, ND_ACT_NONE, 0, 0); /* 100 x 0.1 x 1.25 > 12; waits: 0 runs */
    assert_int_equal(nd_sched_stopped(s), ND_STOP_NONE);
    assert_next(s, 13, ND_ACT_ASSIGN, 1, 0);
    nd_sched_free(s);

    s = small(3, 1, cost);
    assert_next(s, 0.5, ND_ACT_RELEASE, 0, 0);
    assert_int_equal(nd_sched_stopped(s), ND_STOP_DEADLINE);
    nd_sched_free(s);
}

/* What goes on from a checkpoint may be longer than the time left, and than a whole job. */
static void long_tasks_start_where_they_can_be_cut_short(void **state)
{
    (void)state;
    const float cost[] = {100, 10, 1};
    nd_sched_config c = nd_sched_defaults();
    c.n_tasks = 3;
    c.n_workers = 1;
    c.reach = 15;
    nd_sched *s;
    assert_int_equal(nd_sched_new(&s, &c, cost, NULL, NULL), ND_OK);
    nd_sched_ready(s, 0);
    assert_next(s, 15, ND_ACT_ASSIGN, 0, 0);
    assert_false(
        nd_sched_result(s, 0, ND_OUTCOME_BACK, 0)); /* as at the end of every job */
    assert_int_equal(nd_sched_attempt(s, 0), 0);
    assert_next(s, 14, ND_ACT_ASSIGN, 0, 1);
    assert_false(nd_sched_result(s, 0, ND_OUTCOME_BACK, 0));
    assert_next(s, 12, ND_ACT_ASSIGN, 0, 2); /* 10 x 1.25 does not fit */
    assert_true(nd_sched_result(s, 0, ND_OUTCOME_DONE, 1));
    assert_next(s, 12, ND_ACT_RELEASE, 0, 0);
    assert_int_equal(nd_sched_stopped(s), ND_STOP_DEADLINE);
    assert_int_equal(nd_sched_count(s).pending, 2);
    nd_sched_free(s);
    c.reach = (double)NAN;
    assert_int_equal(nd_sched_new(&s, &c, cost, NULL, NULL), ND_EINPUT);
}

static void attempts_of_earlier_runs_count(void **state)
{
    (void)state;
    const float cost[] = {9, 1, 1};
    const int attempts[] = {2, 0, 50};
    nd_sched_config c = nd_sched_defaults();
    c.n_tasks = 3;
    c.n_workers = 1;
    c.failed_before = 1;
    c.done_before = 1;
    c.max_failures = 0.5; /* of 5 */
    nd_sched *s;
    assert_int_equal(nd_sched_new(&s, &c, cost, attempts, NULL), ND_OK);
    nd_sched_ready(s, 0);
    assert_next(s, HUGE_VAL, ND_ACT_ASSIGN, 0, 0);
    assert_int_equal(nd_sched_attempt(s, 0), 3);
    assert_true(nd_sched_result(s, 0, ND_OUTCOME_RETRY, 1)); /* the third was the last */
    assert_int_equal(nd_sched_stopped(s), ND_STOP_NONE);
    assert_next(s, HUGE_VAL, ND_ACT_ASSIGN, 0, 1);
    assert_true(nd_sched_result(s, 0, ND_OUTCOME_DONE, 1));
    assert_next(s, HUGE_VAL, ND_ACT_ASSIGN, 0, 2);
    assert_true(nd_sched_result(s, 0, ND_OUTCOME_RETRY, 1));
    assert_true(nd_sched_finished(s));
    assert_int_equal(nd_sched_stopped(s), ND_STOP_NONE); /* nothing was withheld */
    nd_sched_free(s);
}

/* A task that takes its worker with it may do so twice, not to every worker there is. */
static void losses_are_limited(void **state)
{
    (void)state;
    const float cost[] = {9, 1, 1, 1};
    nd_sched *s = small(4, 4, cost);
    assert_next(s, HUGE_VAL, ND_ACT_ASSIGN, 0, 0);
    assert_false(nd_sched_lost(s, 0));
    assert_next(s, HUGE_VAL, ND_ACT_ASSIGN, 1, 0);
    assert_int_equal(nd_sched_attempt(s, 1), 1); /* a loss costs no retry */
    assert_true(nd_sched_lost(s, 1));
    assert_int_equal(nd_sched_count(s).failed, 1);
    assert_int_equal(nd_sched_count(s).workers, 2);
    assert_next(s, HUGE_VAL, ND_ACT_ASSIGN, 2, 1);
    assert_next(s, HUGE_VAL, ND_ACT_ASSIGN, 3, 2);
    nd_sched_free(s);

    world w = calm; /* and so in the large: each bad task costs two workers */
    w.n_tasks = 2000;
    w.n_workers = 500;
    w.losses = 2;
    w.p_lost = 0.02;
    machine m;
    machine_init(&m, w);
    simulate(&m);
    assert_true(nd_sched_finished(m.s));
    for (size_t t = 0; t < w.n_tasks; t++)
        assert_int_equal(m.failed[t], m.losses[t] == 2);
    machine_free(&m);
}

/* Two kinds, one estimated right, the other ten times too short: it comes first once known. */
static void kinds_have_their_own_speed(void **state)
{
    (void)state;
    const float cost[] = {3, 3, 3, 1, 1, 1};
    const uint16_t kinds[] = {0, 0, 0, 1, 1, 1};
    nd_sched_config c = nd_sched_defaults();
    c.n_tasks = 6;
    c.n_workers = 1;
    c.n_kinds = 2;
    c.kinds = kinds;
    nd_sched *s;
    assert_int_equal(nd_sched_new(&s, &c, cost, NULL, NULL), ND_OK);
    nd_sched_ready(s, 0);
    nd_sched_learn(s, 0, 30, 30); /* of an earlier run */
    assert_next(s, HUGE_VAL, ND_ACT_ASSIGN, 0, 0);
    assert_true(nd_sched_expected(s, 0) == 3);
    assert_true(nd_sched_result(s, 0, ND_OUTCOME_DONE, 3));
    nd_sched_learn(s, 1, 20, 200);
    assert_next(s, HUGE_VAL, ND_ACT_ASSIGN, 0, 3);
    /* one task as all of them went, among twenty */
    const double all = 233.0 / 53, one = (200 + all) / 21;
    assert_true(fabs(nd_sched_expected(s, 0) - one) < 1e-9);
    assert_true(nd_sched_result(s, 0, ND_OUTCOME_DONE, 10));
    assert_true(fabs(nd_sched_seconds_left(s) - (2 * 10 + 2 * 3)) < 2);
    assert_next(s, 6, ND_ACT_ASSIGN, 0, 1); /* what is longer does not fit any more */
    nd_sched_free(s);

    c.kinds = (const uint16_t[]){0, 0, 0, 1, 2, 1};
    nd_err err;
    assert_int_equal(nd_sched_new(&s, &c, cost, NULL, &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "of kind 2 of 2"));
}

/* Where seconds are spread, more than the usual quarter is kept free. */
static void spread_asks_for_room(void **state)
{
    (void)state;
    const float cost[] = {10, 10};
    nd_sched *s = small(2, 1, cost);
    for (int i = 0; i < 50; i++) {
        nd_sched_learn(s, 0, 10, 7);
        nd_sched_learn(s, 0, 10, 13);
    }
    assert_next(s, 16, ND_ACT_RELEASE, 0, 0); /* 10 x (1 + 2.5 x 0.3) = 17.5 */
    assert_int_equal(nd_sched_stopped(s), ND_STOP_DEADLINE);
    nd_sched_free(s);
    s = small(2, 1, cost);
    for (int i = 0; i < 100; i++)
        nd_sched_learn(s, 0, 10, 10);
    assert_next(s, 13, ND_ACT_ASSIGN, 0, 0);
    nd_sched_free(s);
}

static void memory_per_task(void **state)
{
    (void)state;
    machine m;
    machine_init(&m, calm);
    const size_t with = nd_sched_bytes(m.s);
    machine_free(&m);
    const float cost = 1;
    nd_sched *s = small(1, calm.n_workers, &cost);
    assert_true(with - nd_sched_bytes(s) <= 32 * (calm.n_tasks - 1));
    nd_sched_free(s);
}

static void estimate_of_the_time_left(void **state)
{
    (void)state;
    const float cost[] = {4, 4, 4, 4};
    nd_sched *s = small(4, 2, cost);
    assert_true(nd_sched_seconds_left(s) == 8);
    for (int i = 0; i < 4; i++) {
        const nd_action a = nd_sched_next(s, HUGE_VAL);
        assert_true(nd_sched_result(s, a.worker, ND_OUTCOME_DONE, 8));
        assert_true(nd_sched_seconds_left(s) == 4.0 * (3 - i));
    }
    nd_sched_free(s);
}

static void refuses_bad_input(void **state)
{
    (void)state;
    const float good = 1, nan_cost = NAN, negative = -1;
    nd_sched_config c = nd_sched_defaults();
    c.n_tasks = c.n_workers = 1;
    nd_sched *s;
    nd_err err;
    assert_int_equal(nd_sched_new(&s, &c, &nan_cost, NULL, &err), ND_EINPUT);
    assert_null(s);
    assert_int_equal(nd_sched_new(&s, &c, &negative, NULL, &err), ND_EINPUT);
    c.retries = -1;
    assert_int_equal(nd_sched_new(&s, &c, &good, NULL, &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "limits.retries"));
    c.retries = 2;
    c.max_failures = 1.5;
    assert_int_equal(nd_sched_new(&s, &c, &good, NULL, &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "limits.max_failures"));

    c = nd_sched_defaults(); /* no tasks, no workers: finished at once */
    assert_int_equal(nd_sched_new(&s, &c, NULL, NULL, &err), ND_OK);
    assert_true(nd_sched_finished(s));
    assert_next(s, 0, ND_ACT_NONE, 0, 0);
    nd_sched_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(near_the_best_schedule),
        cmocka_unit_test(every_task_ends_once),
        cmocka_unit_test(stragglers_hold_nothing_up),
        cmocka_unit_test(loss_of_all_workers),
        cmocka_unit_test(same_events_same_actions),
        cmocka_unit_test(nothing_starts_that_will_not_fit),
        cmocka_unit_test(asked_to_stop),
        cmocka_unit_test(too_many_failures),
        cmocka_unit_test(longest_first_retries_in_place),
        cmocka_unit_test(losses_are_limited),
        cmocka_unit_test(kinds_have_their_own_speed),
        cmocka_unit_test(spread_asks_for_room),
        cmocka_unit_test(short_tasks_go_ahead),
        cmocka_unit_test(idle_workers_ask_for_what_waits),
        cmocka_unit_test(idle_workers_wait_for_retries),
        cmocka_unit_test(shorter_tasks_fill_the_time),
        cmocka_unit_test(long_tasks_start_where_they_can_be_cut_short),
        cmocka_unit_test(attempts_of_earlier_runs_count),
        cmocka_unit_test(memory_per_task),
        cmocka_unit_test(estimate_of_the_time_left),
        cmocka_unit_test(refuses_bad_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
