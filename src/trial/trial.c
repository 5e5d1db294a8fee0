/* trial.c -- the training loop. */
#include "nudge/trial.h"

#include "nudge/build.h"
#include "nudge/clock.h"

#include "fault_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One trial under way: the network, its mini-batch buffers, and the order of the images. */
typedef struct run {
    const nd_params *p;
    nd_split split;
    nd_net net;
    nd_arena arena;
    float *x, *y;    /* (B, features), (B, classes); leading dimensions nd_ld() */
    uint8_t *label;  /* (B) */
    uint32_t *which; /* (B) */
    uint32_t *order; /* (train) */
} run;

/* A part of the data; its image i is example first + i. */
typedef struct part {
    const nd_images *images;
    size_t first;
} part;

static part training(const run *r)
{
    return (part){&r->split.train, 0};
}
static part held_out(const run *r)
{
    return (part){&r->split.validation, r->split.train.n};
}
static part testing(const run *r)
{
    return (part){&r->split.test, r->split.train.n + r->split.validation.n};
}

static void layout(run *r, nd_arena *a)
{
    const size_t B = r->net.batch_max;
    r->x = nd_arena_take(a, B * nd_ld(r->net.shape.features), sizeof *r->x);
    r->y = nd_arena_take(a, B * nd_ld(r->net.shape.classes), sizeof *r->y);
    r->label = nd_arena_take(a, B, sizeof *r->label);
    r->which = nd_arena_take(a, B, sizeof *r->which);
    r->order = nd_arena_take(a, r->split.train.n, sizeof *r->order);
}

static nd_code begin(run *r, const nd_params *p, const nd_split *split, nd_shape shape,
                     nd_err *err)
{
    *r = (run){.p = p, .split = *split};
    ND_TRY(nd_net_new(&r->net, p, shape, err));
    nd_arena measure = {0};
    layout(r, &measure);
    const nd_code code = nd_arena_new(&r->arena, measure.used, err);
    if (code == ND_OK)
        layout(r, &r->arena);
    else
        nd_net_free(&r->net);
    return code;
}

static void end(run *r)
{
    nd_net_free(&r->net);
    nd_arena_free(&r->arena);
}

/* ---- data ---- */

/* The order of the training images in an epoch: Fisher and Yates, the same for every trial
 * with this training seed. */
static void shuffle(run *r, uint32_t epoch)
{
    const nd_at at = {
        .seed = (uint64_t)r->p->train_seed, .stream = ND_STREAM_SHUFFLE, .epoch = epoch};
    const size_t n = r->split.train.n;
    for (size_t i = 0; i < n; i++)
        r->order[i] = (uint32_t)i;
    for (size_t i = n; i > 1; i--) {
        const uint32_t j = nd_philox_below(at, (uint32_t)i, (uint32_t)i);
        const uint32_t last = r->order[i - 1];
        r->order[i - 1] = r->order[j];
        r->order[j] = last;
    }
}

/* Images at .. at+B-1 of `from`, through `order` unless it is NULL. */
static nd_batch load(run *r, part from, const uint32_t *order, size_t at, size_t B)
{
    const size_t features = r->net.shape.features, ld_x = nd_ld(features);
    const size_t ld_y = nd_ld(r->net.shape.classes);
    memset(r->y, 0, B * ld_y * sizeof *r->y);
    for (size_t b = 0; b < B; b++) {
        const size_t i = order ? order[at + b] : at + b;
        nd_kern()->pixels(features, from.images->pixels + i * features, r->x + b * ld_x);
        r->which[b] = (uint32_t)(from.first + i);
        r->label[b] = from.images->labels[i];
        r->y[b * ld_y + r->label[b]] = 1.0f;
    }
    return (nd_batch){.B = B, .x = r->x, .y = r->y, .label = r->label, .which = r->which};
}

/* ---- the loop ---- */

/* Where the noise of an evaluation is drawn: apart from all mini-batches of training. */
static nd_at evaluation_at(const run *r, uint32_t epoch, size_t example)
{
    const uint32_t evaluation = 1u << 31;
    return (nd_at){.seed = (uint64_t)r->p->train_seed,
                   .epoch = epoch,
                   .batch = evaluation | (uint32_t)example};
}

/* Settles the free phase on every image and counts; the weights stay as they are. */
static nd_tally evaluate(run *r, part on, uint32_t epoch)
{
    nd_tally tally = {0};
    for (size_t i = 0; i < on.images->n; i += ND_EVAL_BATCH) {
        const size_t left = on.images->n - i;
        nd_batch b = load(r, on, NULL, i, left < ND_EVAL_BATCH ? left : ND_EVAL_BATCH);
        b.at = evaluation_at(r, epoch, on.first + i);
        r->net.ops->settle(&r->net, &b, ND_PHASE_FREE);
        r->net.ops->predict(&r->net, &b, &tally);
    }
    return tally;
}

/* Mini-batches first .. until `stop` says so or the epoch ends; false when the loss is no
 * number any more. */
static bool train_epoch(run *r, uint32_t epoch, nd_tally *tally)
{
    const size_t n = r->split.train.n, B = (size_t)r->p->train_batch;
    shuffle(r, epoch);
    uint32_t batch = 0;
    for (size_t i = 0; i < n; i += B, batch++) {
        nd_batch b = load(r, training(r), r->order, i, n - i < B ? n - i : B);
        b.at = (nd_at){.seed = (uint64_t)r->p->train_seed, .epoch = epoch, .batch = batch};
        r->net.ops->settle(&r->net, &b, ND_PHASE_FREE);
        r->net.ops->predict(&r->net, &b, tally);
        if (!isfinite(tally->loss)) return false;
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

/* What the devices went through, summed over the banks. */
static void put_devices(const run *r, nd_record *out, uint32_t epoch)
{
    uint64_t up = 0, down = 0, at_bound = 0, devices = 0;
    for (size_t i = 0; i < r->net.n_banks; i++) {
        const nd_bank *b = &r->net.bank[i];
        up += b->pulses_up;
        down += b->pulses_down;
        if (b->type->saturated) b->type->saturated(b, &at_bound, &devices);
    }
    if (!devices) return;
    put(out, ND_METRIC_pulses_up, epoch, (double)up);
    put(out, ND_METRIC_pulses_down, epoch, (double)down);
    put(out, ND_METRIC_saturated, epoch, fraction(at_bound, devices));
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
    put(out, ND_METRIC_train_loss, epoch, train->loss / (double)train->samples);
    put_devices(r, out, epoch);
    const bool due = epoch == last || (every && epoch % every == 0);
    if (!due) return;
    nd_tally t = evaluate(r, held_out(r), epoch);
    put(out, ND_METRIC_validation_error, epoch, fraction(t.errors, t.samples));
    t = evaluate(r, testing(r), epoch);
    put(out, ND_METRIC_test_error, epoch, fraction(t.errors, t.samples));
}

static void diverged(nd_record *out, uint32_t epoch, const char *what)
{
    out->status = ND_STATUS_DIVERGED;
    nd_text t = {0};
    nd_text_add(&t, "%s left the numbers in epoch %u: try smaller train.rates or ep.beta",
                what, epoch);
    nd_copy(out->reason, sizeof out->reason, nd_text_str(&t));
    nd_text_free(&t);
}

static void train(run *r, const nd_watch *watch, nd_record *out)
{
    for (uint32_t epoch = 1; epoch <= (uint32_t)r->p->train_epochs; epoch++) {
        nd_fault_provoke(r->p, epoch, r->net.bank[0].weight);
        nd_tally tally = {0};
        const nd_effort before = r->net.effort;
        if (!train_epoch(r, epoch, &tally)) {
            diverged(out, epoch, "the loss");
            return;
        }
        if (!weights_real(&r->net)) {
            diverged(out, epoch, "a weight");
            return;
        }
        put(out, ND_METRIC_free_steps, epoch,
            mean_steps(&r->net.effort, &before, ND_PHASE_FREE, ND_PHASE_FREE));
        put(out, ND_METRIC_nudged_steps, epoch,
            mean_steps(&r->net.effort, &before, ND_PHASE_PLUS, ND_PHASE_MINUS));
        put_errors(r, out, epoch, &tally);
        out->value[ND_METRIC_epochs] = epoch;
        if (watch) watch->epoch(watch->ctx, out, epoch);
    }
}

/* Without training there is still something to measure: the first weights. */
static void measure_untrained(run *r, nd_record *out)
{
    nd_tally t = evaluate(r, testing(r), 0);
    out->value[ND_METRIC_test_error] = fraction(t.errors, t.samples);
    t = evaluate(r, held_out(r), 0);
    out->value[ND_METRIC_validation_error] = fraction(t.errors, t.samples);
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
    nd_copy(out->isa, sizeof out->isa, nd_kern()->isa);
    nd_hostname(out->host, sizeof out->host);
    if (p->train_epochs)
        train(&r, watch, out);
    else
        measure_untrained(&r, out);
    out->seconds = nd_now() - start;
    out->value[ND_METRIC_samples_per_second] =
        out->value[ND_METRIC_epochs] * (double)split.train.n / out->seconds;
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
