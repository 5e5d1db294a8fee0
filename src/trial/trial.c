/* trial.c -- the training loop. */
#include "nudge/trial.h"

#include "nudge/build.h"
#include "nudge/checkpoint.h"
#include "nudge/clock.h"
#include "nudge/file.h"
#include "nudge/log.h"

#include "batches_impl.h"
#include "evaluation_impl.h"
#include "fault_impl.h"
#include "mixing_impl.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One trial under way. */
typedef struct run {
    const nd_params *p;
    const nd_watch *watch;
    nd_record *out;
    nd_batches batches;
    nd_net net;
    nd_stage at; /* at.pinned: fraction of the states in the last free phase of training */
    double start, saved; /* nd_now() when training began here, and at the last checkpoint */
    bool unsaved;        /* the last one could not be written: said once */
} run;

static nd_code begin(run *r, const nd_params *p, const nd_split *split, nd_shape shape,
                     nd_err *err)
{
    static const nd_watch nobody = {0};
    *r = (run){.p = p, .watch = &nobody, .at = {.epoch = 1, .pinned = (double)NAN}};
    ND_TRY(nd_net_new(&r->net, p, shape, err));
    r->net.fftw |= nd_mixing_wanted(&r->net);
    const nd_code code = nd_batches_new(&r->batches, p, split, shape, err);
    if (code != ND_OK) nd_net_free(&r->net);
    return code;
}

static void end(run *r)
{
    nd_net_free(&r->net);
    nd_batches_free(&r->batches);
}

/* ---- the loop ---- */

/* Settles the free phase on images first .. end-1 and counts; the weights stay as they are.
 */
static void evaluate_some(run *r, nd_part part, uint32_t epoch, size_t first, size_t end,
                          nd_tally *tally)
{
    nd_batch b;
    for (size_t i = first; i < end; i += b.B) {
        b = nd_batches_evaluate(&r->batches, part, epoch, i);
        if (b.B > end - i) b.B = end - i;
        r->net.ops->settle(&r->net, &b, ND_PHASE_FREE);
        r->net.ops->predict(&r->net, &b, tally);
    }
}

static nd_tally evaluate(run *r, nd_part part, uint32_t epoch)
{
    const nd_split *split = &r->batches.split;
    const nd_images *all = part == ND_PART_TEST ? &split->test : &split->validation;
    nd_tally tally = {0};
    evaluate_some(r, part, epoch, 0, all->n, &tally);
    return tally;
}

/* ---- checkpoints ---- */

static void save(run *r)
{
    nd_err err = {0};
    nd_stage at = r->at;
    r->saved = nd_now();
    at.seconds += r->saved - r->start;
    const nd_code code =
        nd_checkpoint_save(r->watch->checkpoint, r->p, &at, r->out, &r->net, &err);
    if (code != ND_OK && !r->unsaved)
        nd_log(ND_WARN, "a trial goes on without a new checkpoint: %s", err.message);
    r->unsaved = code != ND_OK;
}

/* Between two mini-batches. False: training stops here. */
static bool may_go_on(run *r)
{
    const double every = r->p->train_checkpoint_seconds;
    const bool stop = r->watch->stop && r->watch->stop(r->watch->ctx);
    if (r->watch->checkpoint && (stop || (every > 0 && nd_now() - r->saved >= every)))
        save(r);
    return !stop;
}

/* Goes on where a checkpoint says, if there is one. */
static void recall(run *r)
{
    nd_err err = {0};
    const char *path = r->watch->checkpoint;
    if (!path || !nd_file_exists(path)) return;
    if (nd_checkpoint_load(path, r->p, &r->at, r->out, &r->net, &err) != ND_OK)
        nd_log(ND_WARN, "a trial begins anew: %s", err.message);
    else
        nd_log(ND_INFO, "a trial goes on from its checkpoint: epoch %u, mini-batch %u",
               r->at.epoch, r->at.batch);
}

/* ---- training ---- */

/* The epoch is one after which the trial validates and tests. */
static bool is_due(const nd_params *p, uint32_t epoch)
{
    const int64_t every = p->train_test_every;
    return epoch == p->train_epochs || (every && epoch % every == 0);
}

/* This mini-batch's share of the test images that fall to the last train.test_spread
 * mini-batches of an epoch, as in mem-RBM; not counted as effort of training. */
static void test_share(run *r, size_t batches)
{
    const size_t wanted = (size_t)r->p->train_test_spread, n = r->batches.split.test.n;
    const size_t shares = wanted < batches ? wanted : batches, batch = r->at.batch;
    if (!shares || !is_due(r->p, r->at.epoch) || batch + shares < batches) return;
    const size_t k = batch + shares - batches;
    const nd_effort effort = r->net.effort;
    evaluate_some(r, ND_PART_TEST, r->at.epoch, n * k / shares, n * (k + 1) / shares,
                  &r->at.test);
    r->net.effort = effort;
}

typedef enum outcome { GO_ON, UNREAL, STOPPED } outcome;

/* The mini-batches of an epoch that are left; UNREAL when the loss is no number any more.
 */
static outcome train_epoch(run *r)
{
    const size_t n = nd_batches_count(&r->batches);
    while (r->at.batch < n) {
        const nd_batch b = nd_batches_train(&r->batches, r->at.epoch, r->at.batch);
        r->net.ops->settle(&r->net, &b, ND_PHASE_FREE);
        const double before = r->at.tally.loss;
        r->net.ops->predict(&r->net, &b, &r->at.tally);
        if (!isfinite(r->at.tally.loss)) return UNREAL;
        r->net.loss = (r->at.tally.loss - before) / (double)b.B;
        if (r->at.batch + 1 == n && r->net.ops->pinned)
            r->at.pinned = r->net.ops->pinned(&r->net, &b);
        r->net.ops->learn(&r->net, &b);
        test_share(r, n);
        r->at.batch++;
        if (!may_go_on(r)) return STOPPED;
    }
    return GO_ON;
}

static void next_epoch(run *r)
{
    r->at.epoch++;
    r->at.batch = 0;
    r->at.tally = r->at.test = (nd_tally){0};
    r->at.before = r->net.effort;
}

static bool weights_real(const nd_net *net)
{
    for (size_t i = 0; i < net->n_banks; i++) {
        uint64_t unreal;
        const nd_bank *b = &net->bank[i];
        nd_kern()->unreal(nd_panels(b->k, b->n), b->weight, &unreal);
        if (unreal) return false;
    }
    return true;
}

static void put(nd_record *out, nd_metric_id m, uint32_t epoch, double value)
{
    out->value[m] = value;
    if (out->curve[m]) out->curve[m][epoch - 1] = (float)value;
}

static double fraction(uint64_t n, uint64_t of)
{
    return of ? (double)n / (double)of : (double)NAN;
}

static void put_wear(const run *r, nd_record *out, uint32_t epoch)
{
    nd_wear w;
    if (!nd_wear_of(r->net.bank, r->net.n_banks, &w)) return;
    put(out, ND_METRIC_wear_mean, epoch, w.sum / (double)w.devices);
    static const struct {
        nd_metric_id metric;
        double share;
    } quantiles[] = {{ND_METRIC_wear_p01, 0.01}, {ND_METRIC_wear_p10, 0.1},
                     {ND_METRIC_wear_p25, 0.25}, {ND_METRIC_wear_median, 0.5},
                     {ND_METRIC_wear_p75, 0.75}, {ND_METRIC_wear_p90, 0.9},
                     {ND_METRIC_wear_p99, 0.99}};
    for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++)
        put(out, quantiles[i].metric, epoch, nd_wear_quantile(&w, quantiles[i].share));
    put(out, ND_METRIC_wear_max, epoch, w.max);
    put(out, ND_METRIC_worn_out, epoch, fraction(w.worn, w.devices));
    put(out, ND_METRIC_stuck, epoch, fraction(w.stuck, w.devices));
}

/* What was sent to each matrix, the first few of them. */
static void put_layers(const run *r, nd_record *out, uint32_t epoch)
{
    static const nd_metric_id up[] = {ND_METRIC_pulses_up_1, ND_METRIC_pulses_up_2,
                                      ND_METRIC_pulses_up_3, ND_METRIC_pulses_up_4};
    static const nd_metric_id down[] = {ND_METRIC_pulses_down_1, ND_METRIC_pulses_down_2,
                                        ND_METRIC_pulses_down_3, ND_METRIC_pulses_down_4};
    const size_t n = sizeof up / sizeof *up;
    for (size_t i = 0, l = 0; i < r->net.n_banks && l < n; i++) {
        const nd_bank *b = &r->net.bank[i];
        if (b->bias) continue;
        put(out, up[l], epoch, (double)b->pulses_up);
        put(out, down[l], epoch, (double)b->pulses_down);
        l++;
    }
}

/* What the devices went through, summed over the banks. */
static void put_devices(const run *r, nd_record *out, uint32_t epoch)
{
    uint64_t up = 0, down = 0, at_bound = 0, devices = 0, refreshes = 0, weights = 0;
    double width = 0, most = 0;
    for (size_t i = 0; i < r->net.n_banks; i++) {
        const nd_bank *b = &r->net.bank[i];
        const double sent = (double)(b->pulses_up + b->pulses_down);
        up += b->pulses_up;
        down += b->pulses_down;
        width += b->width_up + b->width_down;
        if (!b->type->saturated) continue;
        for (const nd_bank *array = b; array; array = array->fast) {
            refreshes += array->refreshes;
            array->type->saturated(array, &at_bound, &devices);
        }
        weights += b->k * b->n;
        if (!b->bias) most = fmax(most, sent / (double)(b->k * b->n));
    }
    if (!devices) return;
    put(out, ND_METRIC_pulses_up, epoch, (double)up);
    put(out, ND_METRIC_pulses_down, epoch, (double)down);
    put(out, ND_METRIC_saturated, epoch, fraction(at_bound, devices));
    put(out, ND_METRIC_pulse_width, epoch, width);
    put(out, ND_METRIC_pulses_per_weight, epoch, fraction(up + down, weights));
    put(out, ND_METRIC_pulses_per_weight_max, epoch, most);
    if (r->p->device_synapse == ND_SYNAPSE_ONE_SIDED)
        put(out, ND_METRIC_refreshes, epoch, (double)refreshes);
    put_layers(r, out, epoch);
    put_wear(r, out, epoch);
}

/* Mean steps of the phases from `from` up to `to` since the counts of `before`. */
static double mean_steps(const nd_effort *now, const nd_effort *before, int from, int to)
{
    uint64_t phases = 0, steps = 0;
    for (int i = from; i <= to; i++) {
        phases += now->phases[i] - before->phases[i];
        steps += now->steps[i] - before->steps[i];
    }
    return fraction(steps, phases);
}

static void put_errors(run *r, nd_record *out, uint32_t epoch)
{
    const nd_tally *train = &r->at.tally;
    put(out, ND_METRIC_train_error, epoch, fraction(train->errors, train->samples));
    put(out, ND_METRIC_train_loss, epoch,
        train->samples ? train->loss / (double)train->samples : (double)NAN);
    put_devices(r, out, epoch);
    if (!is_due(r->p, epoch)) return;
    nd_tally t = evaluate(r, ND_PART_VALIDATION, epoch);
    put(out, ND_METRIC_validation_error, epoch, fraction(t.errors, t.samples));
    t = r->p->train_test_spread ? r->at.test : evaluate(r, ND_PART_TEST, epoch);
    put(out, ND_METRIC_test_error, epoch, fraction(t.errors, t.samples));
}

static void diverged(nd_record *out, const char *fmt, ...) ND_PRINTF(2, 3);
static void diverged(nd_record *out, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    out->status = ND_STATUS_DIVERGED;
    vsnprintf(out->reason, sizeof out->reason, fmt, ap);
    va_end(ap);
}

/* What an epoch left behind can be trained on: else the record says what is wrong. */
static bool sound(const run *r, nd_record *out, uint32_t epoch, bool loss_real)
{
    const double limit = r->p->train_pinned_limit;
    const char *const remedy = "try smaller train.rates or ep.beta";
    if (!loss_real)
        diverged(out, "the loss left the numbers in epoch %u: %s", epoch, remedy);
    else if (!weights_real(&r->net))
        diverged(out, "a weight left the numbers in epoch %u: %s", epoch, remedy);
    else if (limit > 0 && r->at.pinned >= limit)
        diverged(out,
                 "%g %% of the states were pinned at the bounds of the activation in epoch "
                 "%u, and train.pinned_limit is %g: %s",
                 100 * r->at.pinned, epoch, limit, remedy);
    else
        return true;
    return false;
}

/* What the model itself has to say after an epoch (0: before the first), on the first
 * mini-batch of it, and what is measured of a Boltzmann machine. */
static nd_code put_report(run *r, nd_record *out, uint32_t epoch, nd_err *err)
{
    double value[ND_METRICS];
    for (int m = 0; m < ND_METRICS; m++)
        value[m] = (double)NAN;
    if (r->net.ops->report) {
        const nd_batch b = nd_batches_train(&r->batches, epoch, 0);
        r->net.ops->report(&r->net, &b, value);
    }
    if (is_due(r->p, epoch)) {
        ND_TRY(nd_evaluation_run(&r->net, &r->batches, epoch, value, err));
        ND_TRY(nd_mixing_run(&r->net, &r->batches, epoch, value, err));
    }
    for (int m = 0; m < ND_METRICS; m++) {
        if (isnan(value[m])) continue;
        if (epoch)
            put(out, (nd_metric_id)m, epoch, value[m]);
        else
            out->value[m] = value[m];
    }
    return ND_OK;
}

/* What an epoch that was trained to its end leaves in the record. */
static nd_code close_epoch(run *r, nd_err *err)
{
    const uint32_t epoch = r->at.epoch;
    const nd_effort *now = &r->net.effort, *before = &r->at.before;
    nd_record *out = r->out;
    put(out, ND_METRIC_free_steps, epoch,
        mean_steps(now, before, ND_PHASE_FREE, ND_PHASE_FREE));
    put(out, ND_METRIC_nudged_steps, epoch,
        mean_steps(now, before, ND_PHASE_PLUS, ND_PHASE_MINUS));
    put(out, ND_METRIC_swap_acceptance, epoch,
        fraction(now->swapped - before->swapped, now->swaps - before->swaps));
    put_errors(r, out, epoch);
    ND_TRY(put_report(r, out, epoch, err));
    out->value[ND_METRIC_epochs] = epoch;
    if (r->watch->epoch) r->watch->epoch(r->watch->ctx, out, epoch);
    return ND_OK;
}

/* ND_ESTOPPED: before the end. */
static nd_code train(run *r, nd_err *err)
{
    r->start = r->saved = nd_now();
    recall(r);
    for (; r->at.epoch <= (uint32_t)r->p->train_epochs; next_epoch(r)) {
        if (r->at.batch == 0) nd_fault_provoke(r->p, r->at.epoch, r->net.bank[0].weight);
        const outcome how = train_epoch(r);
        if (how == STOPPED)
            return ND_FAIL(err, ND_ESTOPPED, "stopped in epoch %u of %lld", r->at.epoch,
                           (long long)r->p->train_epochs);
        if (how == GO_ON) put(r->out, ND_METRIC_pinned, r->at.epoch, r->at.pinned);
        if (!sound(r, r->out, r->at.epoch, how == GO_ON)) return ND_OK;
        ND_TRY(close_epoch(r, err));
    }
    return ND_OK;
}

/* Without training there is still something to measure: the first weights. */
static nd_code measure_untrained(run *r, nd_record *out, nd_err *err)
{
    nd_tally t = evaluate(r, ND_PART_TEST, 0);
    out->value[ND_METRIC_test_error] = fraction(t.errors, t.samples);
    t = evaluate(r, ND_PART_VALIDATION, 0);
    out->value[ND_METRIC_validation_error] = fraction(t.errors, t.samples);
    return put_report(r, out, 0, err);
}

/* Trains, or measures what there is without. ND_ESTOPPED. */
static nd_code go(run *r, const nd_split *split, nd_err *err)
{
    const double start = nd_now();
    nd_record *out = r->out;
    out->status = ND_STATUS_DONE;
    out->value[ND_METRIC_epochs] = 0;
    snprintf(out->isa, sizeof out->isa, "%s%s", nd_kern()->isa, r->net.fftw ? "+fftw" : "");
    nd_hostname(out->host, sizeof out->host);
    ND_TRY(r->p->train_epochs ? train(r, err) : measure_untrained(r, out, err));
    out->seconds = r->at.seconds + nd_now() - start;
    out->value[ND_METRIC_samples_per_second] =
        out->value[ND_METRIC_epochs] * (double)split->train.n / out->seconds;
    if (r->watch->trained && out->status == ND_STATUS_DONE) {
        const nd_batch b = nd_batches_train(&r->batches, (uint32_t)r->p->train_epochs, 0);
        r->watch->trained(r->watch->ctx, &r->net, &b);
    }
    return ND_OK;
}

nd_code nd_trial_run(const nd_params *p, const nd_dataset *data, const nd_watch *watch,
                     nd_record *out, nd_err *err)
{
    nd_split split;
    run r;
    nd_record_init(out);
    ND_TRY(nd_params_key(p, &out->key, err));
    ND_TRY(nd_dataset_split(data, p, &split, err));
    ND_TRY(begin(&r, p, &split, nd_dataset_shape(data, &split), err));
    r.out = out;
    if (watch) r.watch = watch;
    nd_code code = nd_record_curves(out, (size_t)p->train_epochs, err);
    if (code == ND_OK) code = go(&r, &split, err);
    end(&r);
    if (code != ND_OK) nd_record_free(out);
    return code;
}

/* ---- estimates ---- */

/* Whether pixel `at` of a made-up image is dark, by 16 random bits: first of all those within
 * a seventh of the border, as digits are, so that whole inputs stay silent. */
static bool is_dark(nd_shape shape, size_t at, unsigned bits)
{
    const size_t y = at / shape.cols, x = at % shape.cols;
    const size_t my = shape.rows / 7, mx = shape.cols / 7;
    const double border = 1 - (double)((shape.rows - 2 * my) * (shape.cols - 2 * mx)) /
                                  (double)(shape.rows * shape.cols);
    const bool inside = y >= my && y < shape.rows - my && x >= mx && x < shape.cols - mx;
    const double chance = shape.dark < border ? (inside ? 0 : shape.dark / border)
                          : inside            ? (shape.dark - border) / (1 - border)
                                              : 1;
    return (double)bits < chance * 65536;
}

/* Grey noise and labels in turn, as dark as the data: as much work as real images, and no
 * file needed. */
static nd_code make_up(nd_images *images, nd_shape shape, size_t n, nd_err *err)
{
    const size_t bytes = n * (shape.features + 1);
    uint8_t *pixels = malloc(bytes);
    if (!pixels) return ND_FAIL(err, ND_ENOMEM, "no memory for %zu images", n);
    for (size_t i = 0; i < n * shape.features; i++) {
        const uint32_t draw = (uint32_t)i * 2654435761u;
        const size_t at = i % shape.features / shape.channels;
        pixels[i] = is_dark(shape, at, draw >> 8 & 0xffff) ? 0 : (uint8_t)(draw >> 24 | 1);
    }
    for (size_t i = 0; i < n; i++)
        pixels[n * shape.features + i] = (uint8_t)(i % shape.classes);
    *images = (nd_images){.n = n,
                          .rows = shape.rows,
                          .cols = shape.cols,
                          .channels = shape.channels,
                          .pixels = pixels,
                          .labels = pixels + n * shape.features};
    return ND_OK;
}

/* Operations of a mini-batch that are timed at most: seconds, not minutes. */
#define TIMED_FLOPS 2e10

/* The same with phases so short, if they are long, that a mini-batch takes seconds. */
static nd_params shortened(const nd_params *p, double flops)
{
    nd_params q = *p;
    const double part = TIMED_FLOPS / (flops * (double)p->train_batch);
    if (part >= 1) return q;
    q.ep_T = (int64_t)ceil((double)p->ep_T * part);
    q.ep_K = (int64_t)ceil((double)p->ep_K * part);
    return q;
}

nd_code nd_trial_estimate(const nd_params *p, nd_shape shape, size_t train_n, size_t test_n,
                          double seconds, double *estimate, nd_err *err)
{
    nd_cost cost, timed;
    if (shape.examples < (size_t)p->train_batch) shape.examples = (size_t)p->train_batch;
    ND_TRY(nd_net_plan(p, shape, &cost, err));
    const nd_params q = shortened(p, cost.flops);
    ND_TRY(nd_net_plan(&q, shape, &timed, err));
    nd_split split = {0};
    ND_TRY(make_up(&split.train, shape, (size_t)p->train_batch, err));
    run r;
    nd_code code = begin(&r, &q, &split, shape, err);
    if (code == ND_OK) {
        size_t samples = 0;
        double start = nd_worked(),
               elapsed = 0; /* what else the machine does is left out */
        for (; elapsed < seconds; next_epoch(&r)) {
            (void)train_epoch(&r);
            if (r.at.epoch == 1)
                start = nd_worked(); /* the first one warms up */
            else
                samples += split.train.n;
            elapsed = nd_worked() - start;
        }
        const double each =
            elapsed / (double)(samples ? samples : 1) * (cost.flops / timed.flops);
        const int64_t every = p->train_test_every;
        const double tests = every ? ceil((double)p->train_epochs / (double)every) : 1;
        *estimate =
            each * ((double)train_n * (double)p->train_epochs +
                    tests * ((double)test_n * cost.flops_predict + cost.flops_evaluate) /
                        cost.flops);
        end(&r);
    }
    free((void *)(uintptr_t)split.train.pixels);
    return code;
}
