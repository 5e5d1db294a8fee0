/* cmd_plan.c -- nudge plan: check, count, price; write nothing. */
#include "cli_impl.h"

#include "nudge/conv_time.h"
#include "nudge/json.h"
#include "nudge/plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void clock_text(double seconds, char out[32])
{
    const long s = (long)seconds;
    snprintf(out, 32, "%02ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
}

/* The libraries and buffers of a rank, its trial server and its trial, measured with Open
 * MPI 4.1 on Debian 12: 45 MiB of resident memory, with room to spare. */
enum { RANK_MIB = 96 };

static double mib(double bytes)
{
    return bytes / 1048576;
}

/* A rank alone on its node pays for the data; others share it. */
static double rank_mib(const nd_plan *plan)
{
    return RANK_MIB + ceil(mib((double)plan->bytes_max) + mib(plan->data_bytes));
}

/* The convolutions of the dearest trial, measured. */
typedef struct convs {
    nd_conv_time time[ND_LIST_MAX];
    size_t n;
} convs;

static nd_code time_convs(const nd_plan *plan, convs *c, nd_err *err)
{
    enum { MOMENT_MS = 5 };
    nd_params p;
    ND_TRY(nd_plan_params(plan, plan->dearest, &p, err));
    return nd_conv_time_all(&p, plan->dearest_shape, MOMENT_MS * 1e-3, c->time, &c->n, err);
}

static void print_convs(const convs *c)
{
    double direct = 0, fft = 0;
    for (size_t i = 0; i < c->n; i++) {
        const nd_conv_time *t = &c->time[i];
        printf("convolution %zu, %zux%zux%zu by %zux%zu to %zu maps: direct %.1f us, fft "
               "%.1f us per sample and %s\n",
               i + 1, t->g.rows, t->g.cols, t->g.channels, t->g.kh, t->g.kw, t->g.maps,
               t->direct * 1e6, t->fft * 1e6, t->input ? "mini-batch" : "step");
        direct += t->times * t->direct, fft += t->times * t->fft;
    }
    if (c->n)
        printf("  model.convolution: %s is faster here, %.0f us per sample in training "
               "against %.0f\n",
               fft < direct ? "fft" : "direct", fmin(direct, fft) * 1e6,
               fmax(direct, fft) * 1e6);
}

static void json_convs(nd_json *j, const convs *c)
{
    nd_json_key(j, "convolutions"), nd_json_open(j, '[');
    for (size_t i = 0; i < c->n; i++) {
        const nd_conv_time *t = &c->time[i];
        nd_json_open(j, '{');
        nd_json_key(j, "direct_us"), nd_json_real(j, t->direct * 1e6);
        nd_json_key(j, "fft_us"), nd_json_real(j, t->fft * 1e6);
        nd_json_key(j, "times"), nd_json_real(j, t->times);
        nd_json_close(j);
    }
    nd_json_close(j);
}

/* The dimension of the samples; NULL: the design has none. */
static const nd_dim *samples_of(const nd_spec *spec)
{
    for (size_t d = 0; d < nd_spec_dims(spec); d++) {
        const nd_dim *dim = nd_spec_dim(spec, d);
        if (!strcmp(dim->name, "sample")) return dim;
    }
    return NULL;
}

/* "  design   refine: contour of test_error at 0.1; ..." */
static void print_refine(const nd_plan *plan)
{
    const nd_refine *rule = nd_spec_refine(plan->spec);
    nd_text t = {0};
    nd_text_add(&t, "  design   refine, the contour of %s at",
                nd_metric_at((size_t)rule->metric)->name);
    for (size_t i = 0; i < rule->n_levels; i++)
        nd_text_add(&t, "%s %g", i ? "," : "", rule->level[i]);
    nd_text_add(&t,
                " to %u of the grid's steps\n           first round %zu trials, %u steps "
                "apart, %u replicates each: ",
                rule->precision, plan->first, rule->coarse, rule->replicates);
    nd_text_duration(&t, plan->seconds_first);
    nd_text_add(&t, "\n           at most %zu trials of the grid's %zu (%.0f %%)\n",
                plan->budget, plan->n, 100 * (double)plan->budget / (double)plan->n);
    printf("%s", nd_text_str(&t));
    nd_text_free(&t);
}

static void print_design(const nd_spec *spec)
{
    static const char *const scrambles[] = {"", ", digitally shifted", ", Owen-scrambled"};
    const nd_sampler *s = nd_spec_sampler(spec);
    const nd_dim *dim = samples_of(spec);
    if (!dim) return;
    printf("  design   %s, seed %llu%s; samples of", nd_design_name(s->design),
           (unsigned long long)s->seed,
           s->design == ND_DESIGN_SOBOL ? scrambles[s->scramble] : "");
    for (size_t i = 0; i < dim->n_params; i++)
        printf("%s %s", i ? "," : "", dim->params[i]->name);
    size_t power = 1;
    while (power * 2 <= dim->n)
        power *= 2;
    if (s->design != ND_DESIGN_RANDOM && power != dim->n)
        printf("\n           even along each axis at %zu and %zu samples, nearly so at %zu",
               power, 2 * power, dim->n);
    printf("\n");
}

static void print_json(const nd_plan *plan, const convs *c)
{
    const nd_advice advice = nd_plan_advice(plan);
    char limit[32];
    clock_text(advice.seconds, limit);
    nd_json j = {0};
    nd_json_open(&j, '{');
    nd_json_key(&j, "campaign"), nd_json_string(&j, nd_spec_name(plan->spec));
    nd_json_key(&j, "trials");
    nd_json_int(&j, (long long)(plan->budget ? plan->budget : plan->n)); /* at most */
    nd_json_key(&j, "points"), nd_json_int(&j, (long long)plan->points);
    nd_json_key(&j, "filtered"), nd_json_int(&j, (long long)plan->filtered);
    nd_json_key(&j, "duplicates"), nd_json_int(&j, (long long)plan->duplicates);
    const nd_dim *samples = samples_of(plan->spec);
    nd_json_key(&j, "design");
    nd_json_string(&j, nd_design_name(nd_spec_sampler(plan->spec)->design));
    nd_json_key(&j, "samples"), nd_json_int(&j, samples ? (long long)samples->n : 0);
    nd_json_key(&j, "budget"), nd_json_int(&j, (long long)plan->budget);
    nd_json_key(&j, "first_round"), nd_json_int(&j, (long long)plan->first);
    nd_json_key(&j, "first_round_seconds"), nd_json_real(&j, plan->seconds_first);
    nd_json_key(&j, "core_seconds"), nd_json_real(&j, plan->seconds);
    nd_json_key(&j, "longest_trial_seconds"), nd_json_real(&j, plan->seconds_longest);
    nd_json_key(&j, "trial_mib"), nd_json_real(&j, mib((double)plan->bytes_max));
    nd_json_key(&j, "memory_per_rank_mib"), nd_json_real(&j, rank_mib(plan));
    nd_json_key(&j, "data_mib"), nd_json_real(&j, mib(plan->data_bytes));
    nd_json_key(&j, "ranks"), nd_json_int(&j, advice.ranks);
    nd_json_key(&j, "time_limit"), nd_json_string(&j, limit);
    json_convs(&j, c);
    nd_json_close(&j);
    printf("%s\n", nd_text_str(&j.text));
    nd_text_free(&j.text);
}

static void print_dims(const nd_spec *spec)
{
    for (size_t d = 0; d < nd_spec_dims(spec); d++) {
        const nd_dim *dim = nd_spec_dim(spec, d);
        printf("  %-8s %-24s %3zu:", nd_role_text(dim->role), dim->name, dim->n);
        for (size_t k = 0; k < dim->n && k < 8; k++) {
            nd_text t = {0};
            nd_params p;
            nd_params_defaults(&p);
            nd_dim_set(dim, k, &p);
            if (dim->labels) nd_text_add(&t, "%s", dim->labels[k]);
            for (size_t i = 0; !dim->labels && i < dim->n_params; i++) {
                nd_text_add(&t, i ? "/" : "");
                nd_param_print(&p, dim->params[i], &t);
            }
            printf(" %s", nd_text_str(&t));
            nd_text_free(&t);
        }
        printf("%s\n", dim->n > 8 ? " ..." : "");
    }
}

static void print_text(const nd_plan *plan, const convs *c)
{
    const nd_advice advice = nd_plan_advice(plan);
    nd_text t = {0};
    char limit[32];
    clock_text(advice.seconds, limit);
    const size_t n = plan->budget ? plan->budget : plan->n;
    printf("campaign %s: %s%zu trial%s\n", nd_spec_name(plan->spec),
           plan->budget ? "at most " : "", n, n == 1 ? "" : "s");
    if (*nd_spec_question(plan->spec)) printf("  %s\n", nd_spec_question(plan->spec));
    if (plan->budget)
        print_refine(plan);
    else
        print_design(plan->spec);
    print_dims(plan->spec);
    if (plan->filtered)
        printf("  `where` removed %zu of %zu points\n", plan->filtered, plan->points);
    if (plan->duplicates)
        printf("  %zu points repeat a trial and run once\n", plan->duplicates);
    nd_text_add(&t, plan->budget ? "cost: at most " : "cost: ");
    nd_text_duration(&t, plan->seconds);
    nd_text_add(&t, " of one core like this one, the longest trial ");
    nd_text_duration(&t, plan->seconds_longest);
    printf("%s\n", nd_text_str(&t));
    printf("memory: %.1f MiB per running trial, and %.0f MiB of data shared by a node\n",
           mib((double)plan->bytes_max), mib(plan->data_bytes));
    print_convs(c);
    printf("suggested: -n %d --time=%s\n", advice.ranks, limit);
    nd_text_free(&t);
}

nd_code nd_cmd_plan(int argc, char **argv, nd_err *err)
{
    const char *spec = NULL;
    bool json = false;
    nd_list sets = {0};
    const nd_option options[] = {
        ND_OPTION_SET(&sets),
        ND_OPTION_QUICK(&sets),
        ND_OPTION_JSON(&json),
        {0},
    };
    nd_plan plan = {0};
    convs c = {.n = 0};
    nd_code code = nd_options_one(argc, argv, options, "a spec", &spec, err);
    if (code == ND_OK) code = nd_plan_new(&plan, spec, sets.v, sets.n, err);
    if (code == ND_OK) code = nd_plan_price(&plan, err);
    if (code == ND_OK) code = time_convs(&plan, &c, err);
    if (code == ND_OK) (json ? print_json : print_text)(&plan, &c);
    nd_plan_free(&plan);
    free(sets.v);
    return code;
}
