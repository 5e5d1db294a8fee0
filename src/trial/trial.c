/* trial.c -- the training loop. */
#include "nudge/trial.h"

#include "nudge/build.h"
#include "nudge/clock.h"

#include "batches_impl.h"
#include "fault_impl.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One trial under way. */
typedef struct run {
    const nd_params *p;
    nd_batches batches;
    nd_net net;
    double pinned; /* fraction of the states in the last free phase of training; or NaN */
} run;

static nd_code begin(run *r, const nd_params *p, const nd_split *split, nd_shape shape,
                     nd_err *err)
{
    *r = (run){.p = p, .pinned = (double)NAN};
    ND_TRY(nd_net_new(&r->net, p, shape, err));
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

/* Settles the free phase on every image and counts; the weights stay as they are. */
static nd_tally evaluate(run *r, nd_part part, uint32_t epoch)
{
    nd_tally tally = {0};
    nd_batch b;
    for (size_t i = 0; (b = nd_batches_evaluate(&r->batches, part, epoch, i)).B; i += b.B) {
        r->net.ops->settle(&r->net, &b, ND_PHASE_FREE);
        r->net.ops->predict(&r->net, &b, &tally);
    }
    return tally;
}

/* All mini-batches of an epoch; false when the loss is no number any more. */
static bool train_epoch(run *r, uint32_t epoch, nd_tally *tally)
{
    const size_t n = nd_batches_count(&r->batches);
    for (uint32_t batch = 0; batch < n; batch++) {
        const nd_batch b = nd_batches_train(&r->batches, epoch, batch);
        r->net.ops->settle(&r->net, &b, ND_PHASE_FREE);
        const double before = tally->loss;
        r->net.ops->predict(&r->net, &b, tally);
        if (!isfinite(tally->loss)) return false;
        r->net.loss = (tally->loss - before) / (double)b.B;
        if (batch + 1 == n && r->net.ops->pinned)
            r->pinned = r->net.ops->pinned(&r->net, &b);
        r->net.ops->learn(&r->net, &b);
    }
    return true;
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
    put(out, ND_METRIC_wear_median, epoch, nd_wear_quantile(&w, 0.5));
    put(out, ND_METRIC_wear_p99, epoch, nd_wear_quantile(&w, 0.99));
    put(out, ND_METRIC_wear_max, epoch, w.max);
    put(out, ND_METRIC_worn_out, epoch, fraction(w.worn, w.devices));
    put(out, ND_METRIC_stuck, epoch, fraction(w.stuck, w.devices));
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

static void put_errors(run *r, nd_record *out, uint32_t epoch, const nd_tally *train)
{
    const int64_t every = r->p->train_test_every, last = r->p->train_epochs;
    put(out, ND_METRIC_train_error, epoch, fraction(train->errors, train->samples));
    put(out, ND_METRIC_train_loss, epoch,
        train->samples ? train->loss / (double)train->samples : (double)NAN);
    put_devices(r, out, epoch);
    const bool due = epoch == last || (every && epoch % every == 0);
    if (!due) return;
    nd_tally t = evaluate(r, ND_PART_VALIDATION, epoch);
    put(out, ND_METRIC_validation_error, epoch, fraction(t.errors, t.samples));
    t = evaluate(r, ND_PART_TEST, epoch);
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
    else if (limit > 0 && r->pinned >= limit)
        diverged(out,
                 "%g %% of the states were pinned at the bounds of the activation in epoch "
                 "%u, and train.pinned_limit is %g: %s",
                 100 * r->pinned, epoch, limit, remedy);
    else
        return true;
    return false;
}

/* What the model itself has to say after an epoch (0: before the first), on the first
 * mini-batch of it. */
static void put_report(run *r, nd_record *out, uint32_t epoch)
{
    double value[ND_METRICS];
    if (!r->net.ops->report) return;
    for (int m = 0; m < ND_METRICS; m++)
        value[m] = (double)NAN;
    const nd_batch b = nd_batches_train(&r->batches, epoch, 0);
    r->net.ops->report(&r->net, &b, value);
    for (int m = 0; m < ND_METRICS; m++) {
        if (isnan(value[m])) continue;
        if (epoch)
            put(out, (nd_metric_id)m, epoch, value[m]);
        else
            out->value[m] = value[m];
    }
}

static void train(run *r, const nd_watch *watch, nd_record *out)
{
    for (uint32_t epoch = 1; epoch <= (uint32_t)r->p->train_epochs; epoch++) {
        nd_fault_provoke(r->p, epoch, r->net.bank[0].weight);
        nd_tally tally = {0};
        const nd_effort before = r->net.effort;
        const bool loss_real = train_epoch(r, epoch, &tally);
        if (loss_real) put(out, ND_METRIC_pinned, epoch, r->pinned);
        if (!sound(r, out, epoch, loss_real)) return;
        put(out, ND_METRIC_free_steps, epoch,
            mean_steps(&r->net.effort, &before, ND_PHASE_FREE, ND_PHASE_FREE));
        put(out, ND_METRIC_nudged_steps, epoch,
            mean_steps(&r->net.effort, &before, ND_PHASE_PLUS, ND_PHASE_MINUS));
        put(out, ND_METRIC_swap_acceptance, epoch,
            fraction(r->net.effort.swapped - before.swapped,
                     r->net.effort.swaps - before.swaps));
        put_errors(r, out, epoch, &tally);
        put_report(r, out, epoch);
        out->value[ND_METRIC_epochs] = epoch;
        if (watch && watch->epoch) watch->epoch(watch->ctx, out, epoch);
    }
}

/* Without training there is still something to measure: the first weights. */
static void measure_untrained(run *r, nd_record *out)
{
    nd_tally t = evaluate(r, ND_PART_TEST, 0);
    out->value[ND_METRIC_test_error] = fraction(t.errors, t.samples);
    t = evaluate(r, ND_PART_VALIDATION, 0);
    out->value[ND_METRIC_validation_error] = fraction(t.errors, t.samples);
    put_report(r, out, 0);
}

nd_code nd_trial_run(const nd_params *p, const nd_dataset *data, const nd_watch *watch,
                     nd_record *out, nd_err *err)
{
    const double start = nd_now();
    nd_split split;
    run r;
    nd_record_init(out);
    ND_TRY(nd_params_key(p, &out->key, err));
    ND_TRY(nd_dataset_split(data, p, &split, err));
    ND_TRY(begin(&r, p, &split, nd_dataset_shape(data, &split), err));
    nd_code code = nd_record_curves(out, (size_t)p->train_epochs, err);
    if (code != ND_OK) goto out;
    out->status = ND_STATUS_DONE;
    out->value[ND_METRIC_epochs] = 0;
    snprintf(out->isa, sizeof out->isa, "%s%s", nd_kern()->isa, r.net.fftw ? "+fftw" : "");
    nd_hostname(out->host, sizeof out->host);
    if (p->train_epochs)
        train(&r, watch, out);
    else
        measure_untrained(&r, out);
    out->seconds = nd_now() - start;
    out->value[ND_METRIC_samples_per_second] =
        out->value[ND_METRIC_epochs] * (double)split.train.n / out->seconds;
    if (watch && watch->trained && out->status == ND_STATUS_DONE) {
        const nd_batch b = nd_batches_train(&r.batches, (uint32_t)p->train_epochs, 0);
        watch->trained(watch->ctx, &r.net, &b);
    }
out:
    end(&r);
    return code;
}

/* ---- estimates ---- */

/* Grey noise and labels in turn: as much work as real images, and no file needed. */
static nd_code make_up(nd_images *images, nd_shape shape, size_t n, nd_err *err)
{
    const size_t bytes = n * (shape.features + 1);
    uint8_t *pixels = malloc(bytes);
    if (!pixels) return ND_FAIL(err, ND_ENOMEM, "no memory for %zu images", n);
    for (size_t i = 0; i < n * shape.features; i++)
        pixels[i] = (uint8_t)(i * 2654435761u >> 24);
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

nd_code nd_trial_estimate(const nd_params *p, nd_shape shape, size_t train_n, size_t test_n,
                          double seconds, double *estimate, nd_err *err)
{
    nd_cost cost;
    if (shape.examples < (size_t)p->train_batch) shape.examples = (size_t)p->train_batch;
    ND_TRY(nd_net_plan(p, shape, &cost, err));
    nd_split split = {0};
    ND_TRY(make_up(&split.train, shape, (size_t)p->train_batch, err));
    run r;
    nd_code code = begin(&r, p, &split, shape, err);
    if (code == ND_OK) {
        nd_tally tally = {0};
        size_t samples = 0;
        double start = nd_now(), elapsed = 0;
        for (uint32_t epoch = 0; elapsed < seconds; epoch++) {
            (void)train_epoch(&r, epoch, &tally);
            if (epoch == 0)
                start = nd_now(); /* the first one warms up */
            else
                samples += split.train.n;
            elapsed = nd_now() - start;
        }
        const double each = elapsed / (double)(samples ? samples : 1);
        const int64_t every = p->train_test_every;
        const double tests = every ? ceil((double)p->train_epochs / (double)every) : 1;
        *estimate = each * ((double)train_n * (double)p->train_epochs +
                            (double)test_n * tests * cost.flops_predict / cost.flops);
        end(&r);
    }
    free((void *)(uintptr_t)split.train.pixels);
    return code;
}
