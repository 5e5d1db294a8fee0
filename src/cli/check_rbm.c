/* check_rbm.c -- nudge check rbm: trains the base of a spec (or not: train.epochs 0), then
 * holds its learning, log Z, classification and chains against sums over all states. */
#include "check_impl.h"

#include "nudge/json.h"
#include "nudge/machine_check.h"
#include "nudge/spec.h"
#include "nudge/trial.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* The bounds that decide. A deviate of 4 comes by chance once in 30,000 times. */
static const double slope_bound = 1e-6, deviate_bound = 4;

typedef struct result {
    nd_machine_check c;
    nd_code code;
    nd_err err;
} result;

static void measure(void *ctx, nd_net *net, const nd_batch *b)
{
    result *r = ctx;
    r->code = nd_machine_check_run(net, b, &r->c, &r->err);
}

/* ---- verdicts ---- */

static bool slope_good(const nd_machine_slope *s)
{
    return s->error - s->rounding <= slope_bound;
}

static bool slopes_good(const nd_machine_slopes *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (!slope_good(&s->row[i])) return false;
    return true;
}

/* From one k to twice as much it may rise by what sampling makes of it. */
static bool falls(const nd_machine_check *c, size_t i)
{
    return !i || c->bias[i] <= c->bias[i - 1] + 2 * c->noise[i];
}

static bool bias_good(const nd_machine_check *c)
{
    const size_t last = ND_MACHINE_KS - 1;
    for (size_t i = 0; i <= last; i++)
        if (!falls(c, i)) return false;
    return c->bias[last] < c->bias[0] || c->bias[last] <= 2 * c->noise[last];
}

static bool annealing_good(const nd_machine_check *c)
{
    return c->log_z >= c->ais.low && c->log_z <= c->ais.high;
}

static bool classes_good(const nd_machine_check *c)
{
    return !c->classes ||
           (fabs(c->loss - c->loss_model) <= c->loss_bound && c->errors == c->errors_model);
}

static bool tempering_good(const nd_machine_check *c)
{
    return c->deviate <= deviate_bound;
}

static const char *verdict(bool good)
{
    return good ? "ok" : "WRONG";
}

/* ---- text ---- */

static void print_slopes(const char *what, const nd_machine_slopes *s)
{
    printf("\n%s, against finite differences\n", what);
    for (size_t i = 0; i < s->n; i++)
        printf("  %-4s |gradient| %-10.4g error %-9.2g %s\n", s->row[i].name,
               s->row[i].gradient, s->row[i].error, verdict(slope_good(&s->row[i])));
}

static void print_result(const nd_machine_check *c)
{
    print_slopes(c->classes ? "gradient of the mean log p(v, y), exact"
                            : "gradient of the mean log p(v), exact",
                 &c->joint);
    if (c->classes)
        print_slopes("gradient of the mean log p(y | v), exact", &c->discriminative);
    printf("\nexpectations that CD-k takes for the model's, relative error\n");
    printf("  %4s %-10s %s\n", "k", "error", "of sampling alone");
    for (size_t i = 0; i < ND_MACHINE_KS; i++)
        printf("  %4zu %-10.3g %.2g%s\n", c->k[i], c->bias[i], c->noise[i],
               falls(c, i) ? "" : "  RISES");
    printf("  %s\n", verdict(bias_good(c)));
    printf("\nlog Z by annealed importance sampling\n  exact %.6f, estimate %.6f (%.6f to "
           "%.6f), worth %.1f runs  %s\n",
           c->log_z, c->ais.log_z, c->ais.low, c->ais.high, c->ais.effective,
           verdict(annealing_good(c)));
    if (c->classes)
        printf("\nclassification by free energy\n  mean -log p(y | v) %.6f, exact %.6f; "
               "wrong %zu, exact %zu  %s\n",
               c->loss_model, c->loss, c->errors_model, c->errors,
               verdict(classes_good(c)));
    printf("\nparallel tempering, %zu chains over the states of %zu hidden units\n"
           "  chi-square %.1f, %zu degrees of freedom: %.2f normal deviates; %.0f %% of "
           "exchanges accepted  %s\n",
           c->samples, c->units, c->chi_square, c->freedom, c->deviate, 100 * c->swapped,
           verdict(tempering_good(c)));
}

/* ---- JSON ---- */

static void slopes_json(nd_json *j, const char *key, const nd_machine_slopes *s)
{
    nd_json_key(j, key), nd_json_open(j, '[');
    for (size_t i = 0; i < s->n; i++) {
        nd_json_open(j, '{');
        nd_json_key(j, "name"), nd_json_string(j, s->row[i].name);
        nd_json_key(j, "gradient"), nd_json_real(j, s->row[i].gradient);
        nd_json_key(j, "error"), nd_json_real(j, s->row[i].error);
        nd_json_key(j, "rounding"), nd_json_real(j, s->row[i].rounding);
        nd_json_close(j);
    }
    nd_json_close(j);
}

static void cd_json(nd_json *j, const nd_machine_check *c)
{
    nd_json_key(j, "cd"), nd_json_open(j, '[');
    for (size_t i = 0; i < ND_MACHINE_KS; i++) {
        nd_json_open(j, '{');
        nd_json_key(j, "k"), nd_json_int(j, (long long)c->k[i]);
        nd_json_key(j, "error"), nd_json_real(j, c->bias[i]);
        nd_json_key(j, "noise"), nd_json_real(j, c->noise[i]);
        nd_json_close(j);
    }
    nd_json_close(j);
}

/* An object of named numbers. */
typedef struct number {
    const char *key;
    double value;
} number;

static void object_json(nd_json *j, const char *key, size_t n, const number *v)
{
    nd_json_key(j, key), nd_json_open(j, '{');
    for (size_t i = 0; i < n; i++) {
        nd_json_key(j, v[i].key);
        nd_json_real(j, v[i].value);
    }
    nd_json_close(j);
}

static void print_json(const char *title, const nd_machine_check *c, bool good)
{
    const number annealing[] = {{"exact", c->log_z},
                                {"estimate", c->ais.log_z},
                                {"low", c->ais.low},
                                {"high", c->ais.high}};
    const number classes[] = {{"loss_exact", c->loss},
                              {"loss", c->loss_model},
                              {"bound", c->loss_bound},
                              {"errors_exact", (double)c->errors},
                              {"errors", (double)c->errors_model}};
    const number tempering[] = {
        {"samples", (double)c->samples}, {"units", (double)c->units},
        {"chi_square", c->chi_square},   {"freedom", (double)c->freedom},
        {"deviate", c->deviate},         {"swap_acceptance", c->swapped}};
    nd_json j = {0};
    nd_json_open(&j, '{');
    nd_json_key(&j, "check"), nd_json_string(&j, "rbm");
    nd_json_key(&j, "network"), nd_json_string(&j, title);
    nd_json_key(&j, "images"), nd_json_int(&j, (long long)c->images);
    slopes_json(&j, "gradient", &c->joint);
    if (c->classes) slopes_json(&j, "discriminative", &c->discriminative);
    cd_json(&j, c);
    object_json(&j, "log_z", sizeof annealing / sizeof *annealing, annealing);
    if (c->classes) object_json(&j, "classes", sizeof classes / sizeof *classes, classes);
    object_json(&j, "tempering", sizeof tempering / sizeof *tempering, tempering);
    nd_json_key(&j, "passed"), nd_json_bool(&j, good);
    nd_json_close(&j);
    printf("%s\n", nd_text_str(&j.text));
    nd_text_free(&j.text);
}

/* ---- the check ---- */

static nd_code load(const nd_check_request *r, nd_params *p, nd_err *err)
{
    nd_spec *spec;
    ND_TRY(nd_spec_load(r->spec, r->sets.v, r->sets.n, &spec, err));
    const nd_code code = nd_spec_base(spec, p, err);
    nd_spec_free(spec);
    ND_TRY(code);
    p->rbm_evaluate = ND_EVALUATE_NONE; /* what training reports is not asked for */
    p->rbm_mixing_chains = 0;
    p->train_test_every = 0;
    p->data_test = 1;
    return ND_OK;
}

static nd_code run(const nd_params *p, result *r, nd_text *title, nd_err *err)
{
    nd_dataset data;
    nd_record record;
    const nd_watch watch = {.ctx = r, .trained = measure};
    ND_TRY(nd_dataset_open(&data, p, err));
    nd_code code = nd_trial_run(p, &data, &watch, &record, err);
    if (code == ND_OK) {
        if (nd_status_failed(record.status))
            code = ND_FAIL(err, ND_EDIVERGED, "%s", record.reason);
        nd_record_free(&record);
    }
    if (code == ND_OK && r->code != ND_OK) {
        *err = r->err;
        code = r->code;
    }
    const nd_machine_check *c = &r->c;
    nd_text_add(title,
                "%s on %zu images of %s, epochs %" PRId64
                ": %zu pixels, %zu labels, %zu hidden units",
                nd_model_at((nd_model_id)p->model_kind)->name, c->images, data.name,
                p->train_epochs, c->nv, c->classes, c->nh);
    nd_dataset_close(&data);
    return code == ND_OK ? nd_text_check(title, err) : code;
}

nd_code nd_check_rbm(const nd_check_request *request, nd_err *err)
{
    nd_params p;
    nd_text title = {0};
    result r = {0};
    ND_TRY(load(request, &p, err));
    nd_code code = run(&p, &r, &title, err);
    if (code == ND_OK) {
        const nd_machine_check *c = &r.c;
        const bool good = slopes_good(&c->joint) && slopes_good(&c->discriminative) &&
                          bias_good(c) && annealing_good(c) && classes_good(c) &&
                          tempering_good(c);
        if (request->json) {
            print_json(nd_text_str(&title), c, good);
        } else {
            printf("%s\n", nd_text_str(&title));
            print_result(c);
        }
        if (!good)
            code = ND_FAIL(err, ND_EDIFFERS,
                           "the machine differs from the exact sums where it says WRONG; "
                           "bounds: %g for derivatives, the stated intervals and %g normal "
                           "deviates for estimates",
                           slope_bound, deviate_bound);
    }
    nd_text_free(&title);
    return code;
}
