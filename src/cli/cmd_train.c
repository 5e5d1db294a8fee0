/* cmd_train.c -- nudge train: one trial in the foreground, a line per epoch. */
#include "cli_impl.h"

#include "pictures_impl.h"

#include "nudge/json.h"
#include "nudge/spec.h"
#include "nudge/trial.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void percent(const char *label, const float *curve, size_t epoch)
{
    if (curve && !isnan(curve[epoch - 1]))
        printf("  %s %6.2f %%", label, 100 * (double)curve[epoch - 1]);
}

static void say_epoch(void *ctx, const nd_record *r, size_t epoch)
{
    (void)ctx;
    printf("epoch %3zu of %zu", epoch, r->epochs);
    percent("train", r->curve[ND_METRIC_train_error], epoch);
    percent("validation", r->curve[ND_METRIC_validation_error], epoch);
    percent("test", r->curve[ND_METRIC_test_error], epoch);
    const double loss = (double)r->curve[ND_METRIC_train_loss][epoch - 1];
    if (!isnan(loss)) printf("  loss %.5f", loss);
    printf("\n");
    fflush(stdout);
}

static void print_json(const nd_record *r)
{
    nd_json j = {0};
    char key[ND_KEY_TEXT];
    nd_key_text(r->key, key);
    nd_json_open(&j, '{');
    nd_json_key(&j, "trial_key"), nd_json_string(&j, key);
    nd_json_key(&j, "status"), nd_json_string(&j, nd_status_name(r->status));
    for (int i = 0; i < ND_METRICS; i++) {
        nd_json_key(&j, nd_metric_at((size_t)i)->name);
        nd_json_real(&j, r->value[i]);
    }
    nd_json_key(&j, "seconds"), nd_json_real(&j, r->seconds);
    nd_json_key(&j, "isa"), nd_json_string(&j, r->isa);
    nd_json_key(&j, "host"), nd_json_string(&j, r->host);
    nd_json_close(&j);
    printf("%s\n", nd_text_str(&j.text));
    nd_text_free(&j.text);
}

/* Pictures are drawn while the network is still there. */
typedef struct easel {
    nd_pictures wanted;
    nd_code code;
    nd_err err;
} easel;

static void draw(void *ctx, nd_net *net, const nd_batch *b)
{
    easel *e = ctx;
    e->code = nd_pictures_draw(&e->wanted, net, b, &e->err);
}

static nd_code train(const char *path, const nd_list *sets, bool json, easel *e,
                     nd_err *err)
{
    nd_spec *spec;
    nd_params p;
    nd_dataset data;
    nd_record r;
    ND_TRY(nd_spec_load(path, sets->v, sets->n, &spec, err));
    nd_code code = nd_spec_base(spec, &p, err);
    nd_spec_free(spec);
    ND_TRY(code);
    ND_TRY(nd_pictures_check(&e->wanted, &p, err));
    ND_TRY(nd_dataset_open(&data, &p, err));
    e->wanted.data = data.name;
    const nd_watch watch = {.ctx = e, .epoch = say_epoch, .trained = draw};
    code = nd_trial_run(&p, &data, &watch, &r, err);
    nd_dataset_close(&data);
    ND_TRY(code);
    if (json)
        print_json(&r);
    else
        printf("%s in %.1f s, %.0f samples/s, %s\n", nd_status_name(r.status), r.seconds,
               r.value[ND_METRIC_samples_per_second], r.isa);
    if (nd_status_failed(r.status)) code = ND_FAIL(err, ND_EDIVERGED, "%s", r.reason);
    if (code == ND_OK && e->code != ND_OK) {
        *err = e->err;
        code = e->code;
    }
    nd_record_free(&r);
    return code;
}

nd_code nd_cmd_train(int argc, char **argv, nd_err *err)
{
    const char *spec = NULL;
    bool json = false;
    nd_list sets = {0};
    easel e = {0};
    const nd_option options[] = {
        ND_OPTION_SET(&sets),
        ND_OPTION_QUICK(&sets),
        {"samples", 0, "FILE",
         "Boltzmann machines: draw what Gibbs chains come to; .png .svg or .pdf",
         .value = &e.wanted.samples},
        {"filters", 0, "FILE",
         "Boltzmann machines: draw the weights from pixels to hidden units",
         .value = &e.wanted.filters},
        {"conductances", 0, "FILE",
         "draw histograms of the devices' conductances; .png .svg or .pdf",
         .value = &e.wanted.conductances},
        {"json", 0, NULL, "end with one JSON object, its keys the metrics", .flag = &json},
        {0},
    };
    nd_code code = nd_options_one(argc, argv, options, "a spec", &spec, err);
    if (code == ND_OK) code = train(spec, &sets, json, &e, err);
    free(sets.v);
    return code;
}
