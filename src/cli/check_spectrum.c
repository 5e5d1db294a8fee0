/* check_spectrum.c -- nudge check spectrum: trains the base of a spec (or not: train.epochs
 * 0), then measures how its states answer to a circle of nudges. */
#include "check_impl.h"

#include "nudge/decay.h"
#include "nudge/json.h"
#include "nudge/spec.h"
#include "nudge/spectrum.h"
#include "nudge/trial.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

enum { POINTS = 16 };

/* What the trial leaves behind. */
typedef struct result {
    nd_spectrum s;
    size_t B; /* images */
    bool progress;
    nd_code code;
    nd_err err;
} result;

static void measure(void *ctx, nd_net *net, const nd_batch *b)
{
    result *r = ctx;
    r->B = b->B;
    r->code = nd_spectrum_measure(net, b, &r->s, &r->err);
}

static void say_epoch(void *ctx, const nd_record *r, size_t epoch)
{
    const result *to = ctx;
    if (!to->progress) return;
    printf("epoch %zu of %zu: train error %.2f %%\n", epoch, r->epochs,
           100 * r->value[ND_METRIC_train_error]);
    fflush(stdout);
}

/* ---- text ---- */

/* A number, or a dash where there is none. */
static const char *number(char text[16], const char *format, double x)
{
    if (isnan(x)) return "-";
    snprintf(text, 16, format, x);
    return text;
}

static void print_layer(const nd_spectrum *s, const nd_spectrum_layer *layer)
{
    printf("\ns%zu, %zu units: floor %s%.2g\n", layer->layer, layer->units,
           layer->floor_reached ? "" : "below ", layer->floor);
    printf("  %2s  %-14s %s\n", "k", "|c_k| |beta|^k", "fit");
    for (size_t k = 0; k < s->points; k++) {
        char text[16];
        const double fit =
            k ? exp(layer->intercept + layer->slope * (double)k) : (double)NAN;
        printf("  %2zu  %-14.3g %s\n", k, layer->rms[k], number(text, "%.3g", fit));
    }
}

static void print_summary(const nd_spectrum *s)
{
    char text[16];
    printf("\n%-39sbias of the response, at most\n", "");
    printf("%-6s %6s %9s %13s ", "", "units", "radius", "signal/noise");
    for (size_t i = 0; i < ND_SPECTRUM_ESTIMATES; i++)
        printf(" %8zu", nd_spectrum_estimates[i]);
    printf(" points\n");
    for (size_t l = 0; l < s->n_layers; l++) {
        const nd_spectrum_layer *layer = &s->layer[l];
        printf("s%-5zu %6zu %9s ", layer->layer, layer->units,
               number(text, "%.4g", layer->radius));
        printf("%13s ", number(text, "%.3g", layer->snr));
        for (size_t i = 0; i < ND_SPECTRUM_ESTIMATES; i++)
            printf(" %8s", number(text, "%.2g", layer->bias[i]));
        printf("\n");
    }
}

static void print_verdict(const nd_spectrum *s)
{
    bool reached = true, inside = false;
    for (size_t l = 0; l < s->n_layers; l++) {
        reached = reached && s->layer[l].floor_reached;
        inside = inside || s->layer[l].negative_powers;
    }
    printf("\n");
    if (inside)
        printf("there are negative powers of the nudge, in the last bins: for some images "
               "|beta| "
               "= %g is too large\n",
               s->beta);
    else if (isnan(s->radius))
        printf("fewer than three coefficients stand out of the noise: no radius to tell\n");
    else
        printf("the rests are holomorphic up to nudges of about %.3g; |beta| is %g, %.0f "
               "%% of "
               "that\n",
               s->radius, s->beta, 100 * s->beta / s->radius);
    if (!reached)
        printf(
            "the coefficients still fall in the last bins: the floor is lower; take more "
            "--points\n");
    if (s->moved > 1e-4)
        printf("states still moved by %.2g in the last of the K steps: not at rest\n",
               s->moved);
}

/* ---- JSON ---- */

static void reals(nd_json *j, const char *key, const double *v, size_t n)
{
    nd_json_key(j, key), nd_json_open(j, '[');
    for (size_t i = 0; i < n; i++)
        nd_json_real(j, v[i]);
    nd_json_close(j);
}

static void layer_json(nd_json *j, const nd_spectrum *s, const nd_spectrum_layer *layer)
{
    nd_json_open(j, '{');
    nd_json_key(j, "layer"), nd_json_int(j, (long long)layer->layer);
    nd_json_key(j, "units"), nd_json_int(j, (long long)layer->units);
    reals(j, "rms", layer->rms, s->points);
    nd_json_key(j, "intercept"), nd_json_real(j, layer->intercept);
    nd_json_key(j, "slope"), nd_json_real(j, layer->slope);
    nd_json_key(j, "fitted"), nd_json_int(j, (long long)layer->fitted);
    nd_json_key(j, "floor"), nd_json_real(j, layer->floor);
    nd_json_key(j, "floor_reached"), nd_json_bool(j, layer->floor_reached);
    nd_json_key(j, "negative_powers"), nd_json_bool(j, layer->negative_powers);
    nd_json_key(j, "radius"), nd_json_real(j, layer->radius);
    nd_json_key(j, "snr"), nd_json_real(j, layer->snr);
    nd_json_key(j, "bias"), nd_json_open(j, '{');
    for (size_t i = 0; i < ND_SPECTRUM_ESTIMATES; i++) {
        char points[16];
        snprintf(points, sizeof points, "%zu", nd_spectrum_estimates[i]);
        nd_json_key(j, points), nd_json_real(j, layer->bias[i]);
    }
    nd_json_close(j);
    nd_json_close(j);
}

static void print_json(const char *title, const result *r)
{
    nd_json j = {0};
    nd_json_open(&j, '{');
    nd_json_key(&j, "check"), nd_json_string(&j, "spectrum");
    nd_json_key(&j, "network"), nd_json_string(&j, title);
    nd_json_key(&j, "images"), nd_json_int(&j, (long long)r->B);
    nd_json_key(&j, "points"), nd_json_int(&j, (long long)r->s.points);
    nd_json_key(&j, "beta"), nd_json_real(&j, r->s.beta);
    nd_json_key(&j, "moved"), nd_json_real(&j, r->s.moved);
    nd_json_key(&j, "radius"), nd_json_real(&j, r->s.radius);
    nd_json_key(&j, "snr"), nd_json_real(&j, r->s.snr);
    nd_json_key(&j, "layers"), nd_json_open(&j, '[');
    for (size_t l = 0; l < r->s.n_layers; l++)
        layer_json(&j, &r->s, &r->s.layer[l]);
    nd_json_close(&j);
    nd_json_close(&j);
    printf("%s\n", nd_text_str(&j.text));
    nd_text_free(&j.text);
}

/* ---- figure ---- */

static nd_code draw(const char *title, const nd_spectrum *s, const char *path, nd_err *err)
{
    nd_decay_line line[ND_LIST_MAX];
    nd_text note = {0};
    nd_text_add(&note, "solid: rms over units and images; dashed: fit");
    if (!isnan(s->radius)) nd_text_add(&note, ", radius %.3g", s->radius);
    nd_text_add(&note, "; dotted: floor");
    for (size_t l = 0; l < s->n_layers; l++) {
        const nd_spectrum_layer *layer = &s->layer[l];
        line[l] = (nd_decay_line){.value = layer->rms,
                                  .intercept = layer->intercept,
                                  .slope = layer->slope,
                                  .floor = layer->floor};
        snprintf(line[l].name, sizeof line[l].name, "s%zu, signal/noise %.2g", layer->layer,
                 layer->snr);
    }
    const nd_decay figure = {.title = title,
                             .note = nd_text_str(&note),
                             .xlabel = "k",
                             .ylabel = "|c_k| |beta|^k",
                             .points = s->points,
                             .n_lines = s->n_layers,
                             .line = line};
    nd_code code = nd_text_check(&note, err);
    if (code == ND_OK) code = nd_decay_draw(&figure, path, err);
    nd_text_free(&note);
    return code;
}

/* ---- the check ---- */

static nd_code load(const nd_check_request *r, nd_params *p, nd_err *err)
{
    nd_spec *spec;
    if (r->output) ND_TRY(nd_decay_check(r->output, err));
    ND_TRY(nd_spec_load(r->spec, r->sets.v, r->sets.n, &spec, err));
    const nd_code code = nd_spec_base(spec, p, err);
    nd_spec_free(spec);
    ND_TRY(code);
    if (r->points) p->ep_spectrum = (int64_t)r->points;
    if (!p->ep_spectrum) p->ep_spectrum = POINTS;
    p->train_test_every = 0; /* tests say nothing here: one image, at the end */
    p->data_test = 1;
    return ND_OK;
}

static nd_code run(const nd_params *p, result *r, nd_text *title, nd_err *err)
{
    nd_dataset data;
    nd_record record;
    const nd_watch watch = {.ctx = r, .epoch = say_epoch, .trained = measure};
    ND_TRY(nd_dataset_open(&data, p, err));
    nd_text_add(
        title, "%s on %s, epochs %" PRId64 ", T %" PRId64 ", K %" PRId64 ", beta %g, dt %g",
        nd_model_at((nd_model_id)p->model_kind)->name, data.name, p->train_epochs, p->ep_T,
        p->ep_K, p->ep_beta, p->ep_dt);
    nd_code code = nd_trial_run(p, &data, &watch, &record, err);
    nd_dataset_close(&data);
    ND_TRY(code);
    if (nd_status_failed(record.status))
        code = ND_FAIL(err, ND_EDIVERGED, "%s", record.reason);
    nd_record_free(&record);
    if (code == ND_OK && r->code != ND_OK) {
        *err = r->err;
        code = r->code;
    }
    return code;
}

static nd_code show(const nd_check_request *request, const result *r, const char *title,
                    nd_err *err)
{
    if (request->json) {
        print_json(title, r);
    } else {
        printf("%s; %zu points, %zu images\n", title, r->s.points, r->B);
        for (size_t l = 0; l < r->s.n_layers; l++)
            print_layer(&r->s, &r->s.layer[l]);
        print_summary(&r->s);
        print_verdict(&r->s);
    }
    if (!request->output) return ND_OK;
    ND_TRY(draw(title, &r->s, request->output, err));
    if (!request->json) printf("\n%s\n", request->output);
    return ND_OK;
}

nd_code nd_check_spectrum(const nd_check_request *request, nd_err *err)
{
    nd_params p;
    nd_text title = {0};
    result r = {.progress = !request->json};
    ND_TRY(load(request, &p, err));
    nd_code code = run(&p, &r, &title, err);
    if (code == ND_OK) code = nd_text_check(&title, err);
    if (code == ND_OK) code = show(request, &r, nd_text_str(&title), err);
    nd_text_free(&title);
    return code;
}
