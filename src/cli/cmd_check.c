/* cmd_check.c -- nudge check: the theory, tried on the network of a spec with some images of
 * its data set. */
#include "check_impl.h"

#include "nudge/act.h"
#include "nudge/curves.h"
#include "nudge/dataset.h"
#include "nudge/gdu.h"
#include "nudge/json.h"
#include "nudge/spec.h"
#include "nudge/spectrum.h"
#include "nudge/theory_check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH_MAX = 10000, DIFFERENCES_BATCH = 4, CURVES_PER_ROW = 3 };

typedef struct options {
    const char *spec, *output;
    nd_list sets;
    size_t batch;
    bool json;
} options;

/* The network of the spec's base, with the images to try it on. */
typedef struct subject {
    nd_params p;
    nd_theory_spec spec;
    nd_theory *t;
    size_t B;
    float *x, *y; /* (B, features), (B, classes) */
    size_t features, classes;
    nd_text title; /* what it is, in one line */
} subject;

/* ---- images ---- */

static double channel(const nd_reals *values, size_t i, size_t channels)
{
    return values->v[values->n == 1 ? 0 : i % channels];
}

static nd_code copy_images(subject *s, const nd_split *split, nd_shape shape, nd_err *err)
{
    const size_t n = shape.features, C = shape.channels;
    s->features = n;
    s->classes = shape.classes;
    if (s->B > split->train.n)
        return ND_FAIL(err, ND_EINPUT, "--batch %zu, but there are %zu training images",
                       s->B, split->train.n);
    s->x = calloc(s->B * n, sizeof *s->x);
    s->y = calloc(s->B * s->classes, sizeof *s->y);
    if (!s->x || !s->y) return ND_FAIL(err, ND_ENOMEM, "no memory for %zu images", s->B);
    for (size_t i = 0; i < s->B * n; i++)
        s->x[i] = (float)(((double)split->train.pixels[i] / 255 -
                           channel(&s->p.data_mean, i, C)) /
                          channel(&s->p.data_sd, i, C));
    for (size_t b = 0; b < s->B; b++)
        s->y[b * s->classes + split->train.labels[b]] = 1;
    return ND_OK;
}

static nd_code load_data(subject *s, nd_err *err)
{
    nd_dataset data;
    nd_split split;
    ND_TRY(nd_dataset_open(&data, &s->p, err));
    nd_code code = nd_dataset_split(&data, &s->p, &split, err);
    if (code == ND_OK) {
        const nd_shape shape = nd_dataset_shape(&data, &split);
        code = nd_theory_spec_from(&s->spec, &s->p, shape, err);
        if (code == ND_OK) code = copy_images(s, &split, shape, err);
    }
    nd_text_add(&s->title, "%s on %zu images of %s",
                nd_model_at((nd_model_id)s->p.model_kind)->name, s->B, data.name);
    nd_dataset_close(&data);
    return code;
}

/* ---- subject ---- */

static nd_code open_subject(subject *s, const options *o, nd_err *err)
{
    nd_spec *spec;
    *s = (subject){.B = o->batch};
    ND_TRY(nd_spec_load(o->spec, o->sets.v, o->sets.n, &spec, err));
    const nd_code code = nd_spec_base(spec, &s->p, err);
    nd_spec_free(spec);
    ND_TRY(code);
    ND_TRY(load_data(s, err));
    nd_text_add(&s->title, ": %s, T %lld, K %lld, beta %g, dt %g",
                nd_activation_at(s->spec.activation)->name, (long long)s->p.ep_T,
                (long long)s->p.ep_K, s->p.ep_beta, s->p.ep_dt);
    ND_TRY(nd_text_check(&s->title, err));
    return nd_theory_new(&s->spec, &s->t, err);
}

static nd_code use_images(subject *s, size_t B, nd_err *err)
{
    return nd_theory_batch(s->t, B < s->B ? B : s->B, s->x, s->features, s->y, s->classes,
                           err);
}

static void close_subject(subject *s)
{
    nd_theory_free(s->t);
    free(s->x);
    free(s->y);
    nd_text_free(&s->title);
}

/* ---- gdu ---- */

static void print_gdu(const nd_gdu *g)
{
    printf("free phase: loss %.4g, largest change of a state in its last step %.2g\n\n",
           g->loss, g->moved);
    printf("%-6s %9s  %-22s %-9s %s\n", "", "elements", "RMSE in time (sd)", "sign",
           "angle");
    for (size_t r = 0; r < g->n_rows; r++) {
        const nd_gdu_row *row = &g->row[r];
        printf("%-6s %9zu  %-10.3g (%.2g)%*s %6.2f %%  %.3g deg\n", row->name, row->n,
               row->rmse, row->rmse_sd, row->rmse_sd < 0.01 ? 2 : 4, "", 100 * row->sign,
               row->angle);
    }
}

static void gdu_json(const subject *s, const nd_gdu *g, nd_json *j)
{
    nd_json_key(j, "T"), nd_json_int(j, s->p.ep_T);
    nd_json_key(j, "K"), nd_json_int(j, s->p.ep_K);
    nd_json_key(j, "beta"), nd_json_real(j, s->p.ep_beta);
    nd_json_key(j, "loss"), nd_json_real(j, g->loss);
    nd_json_key(j, "moved"), nd_json_real(j, g->moved);
    nd_json_key(j, "rows"), nd_json_open(j, '[');
    for (size_t r = 0; r < g->n_rows; r++) {
        nd_json_open(j, '{');
        nd_json_key(j, "name"), nd_json_string(j, g->row[r].name);
        nd_json_key(j, "elements"), nd_json_int(j, (long long)g->row[r].n);
        nd_json_key(j, "rmse"), nd_json_real(j, g->row[r].rmse);
        nd_json_key(j, "rmse_sd"), nd_json_real(j, g->row[r].rmse_sd);
        nd_json_key(j, "sign_agreement"), nd_json_real(j, g->row[r].sign);
        nd_json_key(j, "angle_degrees"), nd_json_real(j, g->row[r].angle);
        nd_json_close(j);
    }
    nd_json_close(j);
}

/* Layers and matrices; biases look like their layers. */
static nd_code draw_gdu(const subject *s, const nd_gdu *g, const char *path, nd_err *err)
{
    nd_curves figure = {.title = nd_text_str(&s->title),
                        .note = "solid: what EP changes in step t; dashed: minus the "
                                "gradient of BPTT, t steps from the end",
                        .xlabel = "t",
                        .points = g->K};
    nd_curves_panel panel[ND_GDU_ROWS];
    nd_curves_pair *pair = calloc(g->n_curves + 1, sizeof *pair);
    if (!pair) return ND_FAIL(err, ND_ENOMEM, "no memory for the figure");
    figure.panel = panel;
    for (size_t c = 0; c < g->n_curves; c++)
        pair[c] = (nd_curves_pair){g->curve[c].ep, g->curve[c].bptt};
    for (size_t c = 0; c < g->n_curves;) {
        const nd_gdu_row *row = &g->row[g->curve[c].row];
        nd_curves_panel *p = &panel[figure.n_panels];
        *p = (nd_curves_panel){.pair = &pair[c]};
        while (c < g->n_curves && row == &g->row[g->curve[c].row])
            c++, p->n++;
        snprintf(p->title, sizeof p->title, "%s: RMSE %.3g", row->name, row->rmse);
        figure.n_panels += *row->name != 'b';
    }
    const nd_code code = nd_curves_draw(&figure, path, err);
    free(pair);
    return code;
}

static nd_code check_gdu(subject *s, const options *o, nd_json *j, nd_err *err)
{
    nd_gdu g;
    if (o->output) ND_TRY(nd_curves_check(o->output, err));
    ND_TRY(use_images(s, s->B, err));
    ND_TRY(nd_gdu_run(s->t, (size_t)s->p.ep_T, (size_t)s->p.ep_K, s->p.ep_beta,
                      o->output ? CURVES_PER_ROW : 0, &g, err));
    if (o->json)
        gdu_json(s, &g, j);
    else
        print_gdu(&g);
    nd_code code = ND_OK;
    if (o->output) code = draw_gdu(s, &g, o->output, err);
    if (code == ND_OK && o->output && !o->json) printf("\n%s\n", o->output);
    nd_gdu_free(&g);
    return code;
}

/* ---- gradient ---- */

/* The bounds that decide. */
static const double phi_bound = 1e-6, bptt_bound = 1e-5;

static void print_differences(const char *what, const nd_check *c, double bound)
{
    printf("%s\n", what);
    for (size_t r = 0; r < c->n_rows; r++)
        printf("  %-6s |gradient| %-10.4g error %-9.2g %s\n", c->row[r].name,
               c->row[r].gradient, c->row[r].error,
               c->row[r].error - c->row[r].rounding <= bound ? "ok" : "TOO LARGE");
}

static void differences_json(const char *key, const nd_check *c, double bound, nd_json *j)
{
    nd_json_key(j, key), nd_json_open(j, '{');
    nd_json_key(j, "bound"), nd_json_real(j, bound);
    nd_json_key(j, "worst"), nd_json_real(j, c->worst);
    nd_json_key(j, "rows"), nd_json_open(j, '[');
    for (size_t r = 0; r < c->n_rows; r++) {
        nd_json_open(j, '{');
        nd_json_key(j, "name"), nd_json_string(j, c->row[r].name);
        nd_json_key(j, "gradient"), nd_json_real(j, c->row[r].gradient);
        nd_json_key(j, "error"), nd_json_real(j, c->row[r].error);
        nd_json_key(j, "rounding"), nd_json_real(j, c->row[r].rounding);
        nd_json_close(j);
    }
    nd_json_close(j);
    nd_json_close(j);
}

static void print_bias(const subject *s, const nd_check_bias *b)
{
    printf("\nEP at rest (%zu steps) against BPTT there (%zu steps, |gradient| %.4g): "
           "relative error\n  %-14s %-10s %-10s %-10s %s\n",
           b->free_steps, b->adjoint_steps, b->gradient, "beta", "", "", "", "slope");
    printf("  %-14s %-10.4g %-10.4g %-10.4g\n", "", s->p.ep_beta, s->p.ep_beta / 2,
           s->p.ep_beta / 4);
    for (size_t e = 0; e < ND_CHECK_ESTIMATES; e++) {
        const nd_check_estimate *row = &b->estimate[e];
        printf("  %-14s ", row->name);
        if (!row->possible)
            printf("needs a holomorphic activation and no clamp\n");
        else if (isnan(row->slope))
            printf("%-10.3g %-10.3g %-10.3g -\n", row->error[0], row->error[1],
                   row->error[2]);
        else
            printf("%-10.3g %-10.3g %-10.3g %.2f\n", row->error[0], row->error[1],
                   row->error[2], row->slope);
    }
}

static void bias_json(const nd_check_bias *b, nd_json *j)
{
    nd_json_key(j, "estimates"), nd_json_open(j, '[');
    for (size_t e = 0; e < ND_CHECK_ESTIMATES; e++) {
        const nd_check_estimate *row = &b->estimate[e];
        if (!row->possible) continue;
        nd_json_open(j, '{');
        nd_json_key(j, "name"), nd_json_string(j, row->name);
        nd_json_key(j, "errors"), nd_json_open(j, '[');
        for (size_t i = 0; i < ND_CHECK_BETAS; i++)
            nd_json_real(j, row->error[i]);
        nd_json_close(j);
        nd_json_key(j, "slope"), nd_json_real(j, row->slope);
        nd_json_close(j);
    }
    nd_json_close(j);
}

/* What decides: derivatives against finite differences. With free backward weights there is
 * no primitive function. */
static nd_code check_differences(subject *s, const options *o, nd_json *j, bool *good,
                                 nd_err *err)
{
    nd_check phi = {0}, bptt;
    const size_t T = (size_t)s->p.ep_T, K = (size_t)s->p.ep_K;
    ND_TRY(use_images(s, DIFFERENCES_BATCH, err));
    if (!s->spec.vector_field) ND_TRY(nd_check_phi(s->t, T, &phi, err));
    ND_TRY(nd_check_bptt(s->t, T, K, &bptt, err));
    *good = phi.worst <= phi_bound && bptt.worst <= bptt_bound;
    if (o->json) {
        nd_json_key(j, "images"), nd_json_int(j, (long long)nd_theory_rows(s->t));
        if (!s->spec.vector_field)
            differences_json(s->spec.energy ? "energy" : "phi", &phi, phi_bound, j);
        differences_json("bptt", &bptt, bptt_bound, j);
        return ND_OK;
    }
    if (s->spec.vector_field)
        printf("free backward weights: there is no primitive function to check\n");
    else
        print_differences(s->spec.energy ? "slopes of minus the energy, against finite "
                                           "differences"
                                         : "slopes of Phi, against finite differences",
                          &phi, phi_bound);
    printf("\n");
    print_differences("BPTT over the last K steps, against finite differences of the loss",
                      &bptt, bptt_bound);
    return ND_OK;
}

static nd_code check_gradient(subject *s, const options *o, nd_json *j, nd_err *err)
{
    bool good;
    nd_check_bias bias;
    if (o->output)
        return ND_FAIL(err, ND_EUSAGE, "check gradient draws nothing: leave out -o");
    ND_TRY(check_differences(s, o, j, &good, err));
    fflush(stdout);
    nd_err why = {0};
    nd_code code = use_images(s, s->B, err);
    if (code == ND_OK && !s->spec.vector_field) {
        code = nd_check_estimates(s->t, s->p.ep_beta, &bias, &why);
        if (code == ND_OK && o->json) bias_json(&bias, j);
        if (code == ND_OK && !o->json) print_bias(s, &bias);
        if (code == ND_EDIVERGED) { /* no verdict on the derivatives */
            if (!o->json) printf("\nEP's estimates: not compared. %s\n", why.message);
            code = ND_OK;
        } else if (code != ND_OK) {
            *err = why;
        }
    }
    ND_TRY(code);
    if (o->json) nd_json_key(j, "passed"), nd_json_bool(j, good);
    if (good) return ND_OK;
    return ND_FAIL(err, ND_EDIFFERS,
                   "derivatives differ from finite differences by more than their bounds "
                   "(%g for Phi, %g for BPTT)",
                   phi_bound, bptt_bound);
}

/* ---- the command ---- */

static const struct check {
    const char *name;
    nd_code (*run)(subject *s, const options *o, nd_json *j, nd_err *err);
} checks[] = {
    {"gdu", check_gdu},
    {"gradient", check_gradient},
    {"spectrum", NULL}, /* these have subjects of their own: check_spectrum.c, */
    {"rbm", NULL},      /* check_rbm.c                                         */
};
enum { N_CHECKS = sizeof checks / sizeof *checks };

static nd_code find_check(const char *name, const struct check **out, nd_err *err)
{
    nd_text all = {0};
    for (size_t i = 0; i < N_CHECKS; i++) {
        *out = &checks[i];
        if (name && !strcmp(name, checks[i].name)) {
            nd_text_free(&all);
            return ND_OK;
        }
        nd_text_add(&all, "%s%s", i ? ", " : "", checks[i].name);
    }
    ND_FAIL(err, ND_EUSAGE, "check: \"%.32s\" is no check; there are: %s", name,
            nd_text_str(&all));
    nd_text_free(&all);
    return ND_EUSAGE;
}

static nd_code run(const struct check *check, const options *o, nd_err *err)
{
    subject s = {0};
    nd_json j = {0};
    nd_json_open(&j, '{');
    nd_json_key(&j, "check"), nd_json_string(&j, check->name);
    nd_code code = open_subject(&s, o, err);
    if (code == ND_OK && !o->json) printf("%s\n", nd_text_str(&s.title));
    nd_json_key(&j, "network"), nd_json_string(&j, nd_text_str(&s.title));
    if (code == ND_OK) code = check->run(&s, o, &j, err);
    nd_json_close(&j);
    if (o->json && (code == ND_OK || code == ND_EDIFFERS))
        printf("%s\n", nd_text_str(&j.text));
    nd_text_free(&j.text);
    close_subject(&s);
    return code;
}

/* These are measured on a mini-batch of training. */
static nd_code run_trained(const char *name, const options *o, const char *batch,
                           const char *points, nd_err *err)
{
    const bool spectrum = !strcmp(name, "spectrum");
    int64_t n = 0;
    if (batch)
        return ND_FAIL(err, ND_EUSAGE,
                       "check %s takes a mini-batch of training: set "
                       "its size with --set train.batch=N, not --batch",
                       name);
    if (!spectrum && o->output)
        return ND_FAIL(err, ND_EUSAGE, "check %s draws nothing: leave out -o", name);
    if (points && (!nd_parse_int(points, &n) || n < ND_SPECTRUM_POINTS_MIN ||
                   n > ND_SPECTRUM_POINTS_MAX))
        return ND_FAIL(err, ND_EUSAGE, "check: --points \"%s\" is no number from %d to %d",
                       points, ND_SPECTRUM_POINTS_MIN, ND_SPECTRUM_POINTS_MAX);
    const nd_check_request request = {.spec = o->spec,
                                      .output = o->output,
                                      .sets = o->sets,
                                      .points = (size_t)n,
                                      .json = o->json};
    return spectrum ? nd_check_spectrum(&request, err) : nd_check_rbm(&request, err);
}

nd_code nd_cmd_check(int argc, char **argv, nd_err *err)
{
    options o = {.batch = 20};
    const char *batch = NULL, *points = NULL, *args[2] = {NULL, NULL};
    size_t n;
    int64_t B = 20;
    const nd_option rows[] = {
        ND_OPTION_SET(&o.sets),
        {"batch", 'b', "N", "gdu, gradient: training images to take; default 20",
         .value = &batch},
        {"points", 0, "N", "spectrum: points on the circle; default ep.spectrum, or 16",
         .value = &points},
        {"output", 'o', "FILE", "gdu, spectrum: draw the curves; .svg .pdf or .png",
         .value = &o.output},
        ND_OPTION_JSON(&o.json),
        {0},
    };
    const struct check *check = NULL;
    nd_code code = nd_options_parse(argc, argv, rows, args, 2, &n, err);
    if (code == ND_OK && n < 2)
        code =
            ND_FAIL(err, ND_EUSAGE, "check needs what to check and a spec: nudge check %s",
                    nd_command_find("check")->synopsis);
    if (code == ND_OK) code = find_check(args[0], &check, err);
    if (code == ND_OK && batch && (!nd_parse_int(batch, &B) || B < 1 || B > BATCH_MAX))
        code = ND_FAIL(err, ND_EUSAGE, "check: --batch \"%s\" is no number from 1 to %d",
                       batch, BATCH_MAX);
    o.spec = args[1];
    o.batch = (size_t)B;
    if (code == ND_OK && points && strcmp(check->name, "spectrum") != 0)
        code = ND_FAIL(err, ND_EUSAGE, "check %s has no circle: leave out --points",
                       check->name);
    if (code == ND_OK)
        code = check->run ? run(check, &o, err)
                          : run_trained(check->name, &o, batch, points, err);
    free(o.sets.v);
    return code;
}
