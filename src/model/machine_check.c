/* machine_check.c -- a Boltzmann machine's learning against exact sums.
 *
 * Chains are the trainer's own (rbm_chains.c), run by a copy of the machine that is
 * otherwise set up for the purpose: statistics by probabilities where samples would only
 * add noise, one chain, ideal weights. */
#include "nudge/machine_check.h"

#include "rbm_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { UPDATES = 20, ROWS_MAX = 2000, SWEEPS = 300, OCCUPANCY_UNITS = 6 };

/* ---- what is checked ---- */

typedef struct subject {
    nd_machine m;
    nd_boltzmann_data data;
    double *v;
    nd_boltzmann_moments gradient, model; /* of the mean log-likelihood; expectations */
} subject;

static void subject_free(subject *s)
{
    nd_machine_free(&s->m);
    nd_boltzmann_moments_free(&s->gradient);
    nd_boltzmann_moments_free(&s->model);
    free(s->v);
}

static nd_code check_size(const nd_net *net, nd_err *err)
{
    const nd_rbm *m = nd_machine_of(net, 0);
    if (nd_machine_count(net) != 1 || m->visible == ND_UNIT_GAUSSIAN)
        return ND_FAIL(
            err, ND_EINPUT,
            "check rbm tries one machine of binary units: take model.kind rbm or "
            "drbm and rbm.visible binary (a dbn is a stack of such machines)");
    if (nd_converts(&net->p))
        return ND_FAIL(err, ND_EINPUT,
                       "check rbm holds a machine against exact sums, and converters round "
                       "them: add --set read.dac_bits=0 --set read.adc_bits=0");
    const double units = (double)m->nx + (m->C ? ceil(log2((double)m->C)) : 0);
    if (fmin(units, (double)m->nh) <= ND_MACHINE_UNITS_MAX && m->nh > 1) return ND_OK;
    return ND_FAIL(
        err, ND_EINPUT,
        "%zu hidden units under %zu visible ones: check rbm sums over all states of the "
        "smaller side, which may have %d units; 2 to %d hidden units fit, such as --set "
        "'model.layers=[%zu, %d, %zu]'",
        m->nh, m->nv, ND_MACHINE_UNITS_MAX, ND_MACHINE_UNITS_MAX, m->nx,
        ND_MACHINE_UNITS_MAX, net->shape.classes);
}

static nd_code subject_new(subject *s, nd_net *net, const nd_batch *b, nd_err *err)
{
    *s = (subject){0};
    net->ops->settle(net, b, ND_PHASE_FREE);
    ND_TRY(nd_machine_read(net, 0, &s->m, err));
    const nd_boltzmann *m = &s->m.view;
    s->v = malloc(b->B * m->nv * sizeof *s->v);
    if (!s->v) return ND_FAIL(err, ND_ENOMEM, "no memory for %zu images", b->B);
    nd_machine_seen(net, 0, b->B, s->v);
    s->data = (nd_boltzmann_data){b->B, s->v, m->classes ? b->label : NULL};
    ND_TRY(nd_boltzmann_moments_new(&s->gradient, m, err));
    ND_TRY(nd_boltzmann_moments_new(&s->model, m, err));
    ND_TRY(nd_boltzmann_gradient(m, &s->data, &s->gradient, err));
    return nd_boltzmann_model_moments(m, &s->model, NULL, err);
}

/* ---- derivatives ---- */

/* A function of the machine, such as log p(v) of the data. */
typedef nd_code (*objective)(const nd_boltzmann *m, const nd_boltzmann_data *data,
                             double *value, nd_err *err);

static nd_code log_likelihood(const nd_boltzmann *m, const nd_boltzmann_data *data,
                              double *value, nd_err *err)
{
    double log_z;
    ND_TRY(nd_boltzmann_log_z(m, &log_z, err));
    *value = nd_boltzmann_log_likelihood(m, data, log_z);
    return ND_OK;
}

static nd_code label_likelihood(const nd_boltzmann *m, const nd_boltzmann_data *data,
                                double *value, nd_err *err)
{
    double error_rate;
    (void)err;
    *value = nd_boltzmann_label_likelihood(m, data, &error_rate);
    return ND_OK;
}

/* n parameters and the derivative by them. */
typedef struct block {
    const char *name;
    size_t n;
    double *theta;
    const double *gradient;
} block;

/* Of a machine's memory, in which labels come behind pixels. */
static size_t blocks_of(const nd_machine *m, const nd_boltzmann_moments *g,
                        block out[ND_MACHINE_BLOCKS])
{
    const nd_boltzmann *v = &m->view;
    double *const W = m->memory, *const U = W + v->nv * v->nh;
    double *const a = U + v->classes * v->nh, *const d = a + v->nv,
                  *const b = d + v->classes;
    const block all[] = {{"W", v->nv * v->nh, W, g->W},
                         {"a", v->nv, a, g->a},
                         {"b", v->nh, b, g->b},
                         {"U", v->classes * v->nh, U, g->U},
                         {"d", v->classes, d, g->d}};
    memcpy(out, all, sizeof all);
    return v->classes ? ND_MACHINE_BLOCKS : 3;
}

static double length(size_t n, const double *x)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i] * x[i];
    return sqrt(sum);
}

/* Central difference quotient along the unit vector u; f0: what was there. */
static nd_code quotient(const nd_machine *m, const nd_boltzmann_data *data, const block *b,
                        const double *u, objective f, double h, double *out, nd_err *err)
{
    double side[2];
    for (int s = 0; s < 2; s++) {
        const double step = s ? -h : h;
        for (size_t i = 0; i < b->n; i++)
            b->theta[i] += step * u[i];
        const nd_code code = f(&m->view, data, &side[s], err);
        for (size_t i = 0; i < b->n; i++)
            b->theta[i] -= step * u[i];
        ND_TRY(code);
    }
    *out = (side[0] - side[1]) / (2 * h);
    return ND_OK;
}

/* From steps h and h/2, so that the error is of order h^4 (Richardson). */
static nd_code slope_error(const nd_machine *m, const nd_boltzmann_data *data,
                           const block *b, const double *u, objective f, double *error,
                           nd_err *err)
{
    const double h = 4e-3;
    double coarse, fine, along = 0;
    ND_TRY(quotient(m, data, b, u, f, h, &coarse, err));
    ND_TRY(quotient(m, data, b, u, f, h / 2, &fine, err));
    for (size_t i = 0; i < b->n; i++)
        along += b->gradient[i] * u[i];
    *error = fabs((4 * fine - coarse) / 3 - along);
    return ND_OK;
}

static nd_code check_block(const nd_machine *m, const nd_boltzmann_data *data,
                           const block *b, objective f, nd_machine_slope *out, nd_err *err)
{
    const double size = length(b->n, b->gradient);
    const nd_at at = {.stream = ND_STREAM_CHECK, .batch = (uint32_t)b->name[0]};
    double *u = malloc(b->n * sizeof *u), error[2] = {0}, value;
    if (!u) return ND_FAIL(err, ND_ENOMEM, "no memory for %zu weights", b->n);
    nd_code code = f(&m->view, data, &value, err);
    for (size_t i = 0; i < b->n; i++)
        u[i] = (nd_philox_unit(at, (uint32_t)i) < 0.5 ? 1 : -1) / sqrt((double)b->n);
    if (code == ND_OK) code = slope_error(m, data, b, u, f, &error[0], err);
    for (size_t i = 0; i < b->n; i++)
        u[i] = size > 0 ? b->gradient[i] / size : 0;
    if (code == ND_OK && size > 0) code = slope_error(m, data, b, u, f, &error[1], err);
    free(u);
    ND_TRY(code);
    /* log-likelihoods are differences of sums about ten times as large */
    const double rounding = 10 * (1 + fabs(value)) * 0x1p-52 / 1e-3;
    *out = (nd_machine_slope){.name = b->name, .gradient = size};
    out->error = fmax(error[0], error[1]) / fmax(size, 1e-300);
    out->rounding = rounding / fmax(size, 1e-300);
    return ND_OK;
}

static nd_code check_slopes(subject *s, const nd_boltzmann_moments *g, objective f,
                            bool of_pixels, nd_machine_slopes *out, nd_err *err)
{
    block b[ND_MACHINE_BLOCKS];
    const size_t n = blocks_of(&s->m, g, b);
    out->n = 0;
    for (size_t i = 0; i < n; i++) {
        if (!of_pixels && b[i].name[0] == 'a') continue; /* p(y | v) knows none */
        ND_TRY(check_block(&s->m, &s->data, &b[i], f, &out->row[out->n], err));
        out->n++;
    }
    return ND_OK;
}

static nd_code check_discriminative(subject *s, nd_machine_slopes *out, nd_err *err)
{
    nd_boltzmann_moments g;
    ND_TRY(nd_boltzmann_moments_new(&g, &s->m.view, err));
    nd_boltzmann_discriminative_gradient(&s->m.view, &s->data, &g);
    const nd_code code = check_slopes(s, &g, label_likelihood, false, out, err);
    nd_boltzmann_moments_free(&g);
    return code;
}

/* ---- chains of a copy ---- */

typedef struct twin {
    nd_net net;
    nd_rbm m;
    size_t B;
    float *y; /* (B, C) one-hot */
    uint8_t *label;
    nd_arena arena;
} twin;

static void twin_room(twin *t, nd_arena *a)
{
    const nd_rbm *m = &t->m;
    nd_rbm_take(&t->m, &t->net, a);
    t->net.wanted = nd_arena_take(a, nd_panels(m->nv, m->nh), sizeof(float));
    t->net.scratch = nd_arena_take(a, nd_panels(m->nv, m->nh), sizeof(float));
    t->y = nd_arena_take(a, t->B * nd_ld(m->C), sizeof *t->y);
    t->label = nd_arena_take(a, t->B, sizeof *t->label);
}

/* Rows of v and x: the images over and over. */
static void twin_show(twin *t, const subject *s)
{
    nd_rbm *m = &t->m;
    for (size_t i = 0; i < t->B; i++) {
        const size_t from = i % s->data.n;
        for (size_t k = 0; k < m->nx; k++)
            m->v[i * nd_ld(m->nv) + k] = (float)s->data.v[from * m->nx + k];
        if (!m->C) continue;
        t->label[i] = s->data.label[from];
        t->y[i * nd_ld(m->C) + t->label[i]] = 1.0f;
    }
}

static nd_batch twin_batch(const twin *t, uint32_t batch)
{
    return (nd_batch){.B = t->B,
                      .y = t->y,
                      .label = t->label,
                      .at = {.seed = (uint64_t)t->net.p.train_seed, .batch = batch}};
}

static nd_code twin_new(twin *t, const nd_net *net, const nd_params *p, size_t B,
                        nd_err *err)
{
    const nd_rbm *of = nd_machine_of(net, 0);
    *t = (twin){.net = {.p = *p, .batch_max = B}, .B = B};
    nd_params *own = &t->net.p;
    own->train_batch = (int64_t)B;
    own->train_rates = own->train_decay = (nd_reals){.n = 1};
    own->train_rates.v[0] = 1;
    own->train_optimiser = ND_OPTIMISER_sgd;
    own->train_schedule = ND_SCHEDULE_CONSTANT;
    own->device_kind = ND_DEVICE_ideal;
    own->rbm_chains = 1;
    own->rbm_sparsity_cost = 0;
    t->m = (nd_rbm){
        .nx = of->nx, .C = of->C, .nv = of->nv, .nh = of->nh, .visible = of->visible};
    nd_arena measure = {0};
    twin_room(t, &measure);
    ND_TRY(nd_arena_new(&t->arena, measure.used, err));
    twin_room(t, &t->arena);
    nd_rbm_init(&t->m, &t->net);
    const nd_bank *from[] = {of->W, of->a, of->b}, *to[] = {t->m.W, t->m.a, t->m.b};
    for (size_t i = 0; i < ND_RBM_BANKS; i++)
        memcpy(to[i]->weight, from[i]->weight,
               nd_panels(to[i]->k, to[i]->n) * sizeof(float));
    nd_kern()->transpose(t->m.nv, t->m.nh, t->m.W->weight, t->m.Wt);
    return ND_OK;
}

/* Rows that are not too many draws of `sweeps` sweeps. */
static size_t rows_of(const nd_rbm *m, double sweeps)
{
    const double rows = 1e9 / (sweeps * (double)(m->nv + m->nh));
    return rows > ROWS_MAX ? ROWS_MAX : rows < 200 ? 200 : (size_t)rows;
}

/* ---- contrastive divergence ---- */

/* Adds what one update wants less the exact gradient, and its square. */
static void add_error(const twin *t, const subject *s, double *sum, double *squares)
{
    const nd_rbm *m = &t->m;
    const nd_boltzmann_moments *g = &s->gradient;
    for (size_t i = 0, n = 0; i <= m->nv; i++)
        for (size_t j = 0; j <= m->nh; j++) {
            double x, exact;
            if (i == m->nv && j == m->nh) continue;
            if (i == m->nv) {
                x = (double)m->db[j], exact = g->b[j];
            } else if (j == m->nh) {
                x = (double)m->da[i], exact = i < m->nx ? g->a[i] : g->d[i - m->nx];
            } else {
                x = (double)t->net.wanted[nd_panel_at(m->nv, i, j)];
                exact = i < m->nx ? g->W[i * m->nh + j] : g->U[(i - m->nx) * m->nh + j];
            }
            sum[n] += x - exact;
            squares[n++] += (x - exact) * (x - exact);
        }
}

static nd_code bias_of(const nd_net *net, const subject *s, size_t k, double *bias,
                       double *noise, nd_err *err)
{
    nd_params p = net->p;
    p.rbm_negative = ND_NEGATIVE_CD;
    p.rbm_k = (int64_t)k;
    p.rbm_data_hidden = p.rbm_model_hidden = ND_STATISTICS_MEAN_FIELD;
    p.rbm_model_visible = ND_STATISTICS_SAMPLED;
    const size_t n = s->gradient.n, sweeps = UPDATES * 2 * ((size_t)1 << ND_MACHINE_KS);
    size_t B = rows_of(nd_machine_of(net, 0), (double)sweeps);
    B = B < s->data.n ? s->data.n : B - B % s->data.n;
    double *sum = calloc(2 * n, sizeof *sum), *const squares = sum + n;
    if (!sum) return ND_FAIL(err, ND_ENOMEM, "no memory for %zu weights", n);
    twin t;
    nd_code code = twin_new(&t, net, &p, B, err);
    if (code == ND_OK) {
        twin_show(&t, s);
        for (uint32_t u = 0; u < UPDATES; u++) {
            const nd_batch b = twin_batch(&t, u);
            nd_rbm_up(&t.m, B);
            if (t.m.C) nd_rbm_tell(&t.m, &b);
            nd_rbm_contrast(&t.net, &t.m, &b, 1.0, false);
            add_error(&t, s, sum, squares);
            for (size_t i = 0; i < B; i++) /* pixels alone */
                memset(t.m.v + i * nd_ld(t.m.nv) + t.m.nx, 0, t.m.C * sizeof *t.m.v);
        }
        double error = 0, variance = 0;
        for (size_t i = 0; i < n; i++) {
            const double mean = sum[i] / UPDATES;
            error += mean * mean;
            variance += (squares[i] / UPDATES - mean * mean) / (UPDATES - 1);
        }
        const double model = length(n, s->model.W);
        *bias = sqrt(error) / model;
        *noise = sqrt(variance) / model;
    }
    nd_arena_free(&t.arena);
    free(sum);
    return code;
}

/* ---- annealing, classes ---- */

static nd_code check_annealing(const nd_net *net, const subject *s, nd_ais *out,
                               nd_err *err)
{
    const nd_params *p = &net->p;
    const nd_boltzmann *m = &s->m.view;
    const size_t n = (size_t)p->rbm_ais_temperatures;
    double *beta = malloc((n + m->nv + m->classes) * sizeof *beta);
    if (!beta) return ND_FAIL(err, ND_ENOMEM, "no memory for %zu temperatures", n);
    nd_ais_schedule(n, beta);
    nd_ais_base(&s->data, m->nv, beta + n);
    if (m->classes) nd_ais_base_label(&s->data, m->classes, beta + n + m->nv);
    const nd_ais_options o = {
        .runs = (size_t)p->rbm_ais_runs,
        .n = n,
        .beta = beta,
        .base = beta + n,
        .base_label = beta + n + m->nv,
        .at = {.seed = (uint64_t)p->train_seed, .stream = ND_STREAM_ANNEAL}};
    const nd_code code = nd_boltzmann_ais(m, &o, out, err);
    free(beta);
    return code;
}

/* Single precision ends at about 1e-7 of a free energy. */
static void check_classes(const nd_net *net, const nd_batch *b, const subject *s,
                          nd_machine_check *out)
{
    nd_tally tally = {0};
    double error_rate;
    nd_batch unjudged = *b;
    unjudged.judged = false; /* by free energy */
    net->ops->predict(net, &unjudged, &tally);
    out->loss = -nd_boltzmann_label_likelihood(&s->m.view, &s->data, &error_rate);
    out->errors = (size_t)lround(error_rate * (double)b->B);
    out->loss_model = tally.loss / (double)b->B;
    out->errors_model = tally.errors;
    out->loss_bound =
        1e-6 * (1 + fabs(nd_boltzmann_mean_free_energy(&s->m.view, &s->data)));
}

/* ---- parallel tempering ---- */

/* p (2^units) of the first hidden units: log Z of the machine in which they are held. */
static nd_code occupancy(const nd_boltzmann *m, size_t units, double *p, nd_err *err)
{
    const size_t rest = m->nh - units, nv = m->nv, C = m->classes;
    double *W = malloc((nv + C + 1) * (rest + 1) * sizeof *W), z = 0;
    if (!W) return ND_FAIL(err, ND_ENOMEM, "no memory for %zu weights", nv * rest);
    double *const U = W + nv * rest, *const a = U + C * rest, *const d = a + nv;
    double largest = -HUGE_VAL;
    nd_code code = ND_OK;
    for (size_t i = 0; i < nv; i++)
        memcpy(W + i * rest, m->W + i * m->nh + units, rest * sizeof *W);
    for (size_t y = 0; y < C; y++)
        memcpy(U + y * rest, m->U + y * m->nh + units, rest * sizeof *U);
    for (size_t state = 0; state < (size_t)1 << units && code == ND_OK; state++) {
        const nd_boltzmann held = {.nv = nv,
                                   .nh = rest,
                                   .classes = C,
                                   .W = W,
                                   .a = a,
                                   .b = m->b + units,
                                   .U = U,
                                   .d = d};
        double bias = 0;
        memcpy(a, m->a, nv * sizeof *a);
        if (C) memcpy(d, m->d, C * sizeof *d);
        for (size_t j = 0; j < units; j++) {
            if (!(state >> j & 1)) continue;
            bias += m->b[j];
            for (size_t i = 0; i < nv; i++)
                a[i] += m->W[i * m->nh + j];
            for (size_t y = 0; y < C; y++)
                d[y] += m->U[y * m->nh + j];
        }
        code = nd_boltzmann_log_z(&held, &p[state], err);
        p[state] += bias;
        largest = fmax(largest, p[state]);
    }
    free(W);
    ND_TRY(code);
    for (size_t state = 0; state < (size_t)1 << units; state++)
        z += p[state] = exp(p[state] - largest);
    for (size_t state = 0; state < (size_t)1 << units; state++)
        p[state] /= z;
    return ND_OK;
}

/* States expected fewer than 5 times go together. */
static void chi_square(const double *p, const double *count, nd_machine_check *out)
{
    double rare = 0, rare_count = 0, chi = 0;
    size_t cells = 0;
    for (size_t i = 0; i < (size_t)1 << out->units; i++) {
        const double e = p[i] * (double)out->samples;
        if (e < 5) {
            rare += e, rare_count += count[i];
            continue;
        }
        chi += (count[i] - e) * (count[i] - e) / e;
        cells++;
    }
    if (rare >= 1) {
        chi += (rare_count - rare) * (rare_count - rare) / rare;
        cells++;
    }
    out->freedom = cells > 1 ? cells - 1 : 1;
    out->chi_square = chi;
    const double spread = 2.0 / (9.0 * (double)out->freedom);
    out->deviate = (cbrt(chi / (double)out->freedom) - (1 - spread)) / sqrt(spread);
}

static nd_code check_tempering(const nd_net *net, const subject *s, nd_machine_check *out,
                               nd_err *err)
{
    nd_params p = net->p;
    double expected[ND_MACHINE_CELLS], count[ND_MACHINE_CELLS] = {0};
    const nd_boltzmann *m = &s->m.view;
    p.rbm_negative = ND_NEGATIVE_PT;
    if (p.rbm_temperatures < 2) p.rbm_temperatures = 10;
    p.rbm_k = SWEEPS;
    p.rbm_model_hidden = p.rbm_model_visible = ND_STATISTICS_SAMPLED;
    out->units = m->nh > OCCUPANCY_UNITS ? OCCUPANCY_UNITS : m->nh - 1;
    ND_TRY(occupancy(m, out->units, expected, err));
    twin t;
    out->samples = rows_of(nd_machine_of(net, 0), (double)(SWEEPS * p.rbm_temperatures));
    nd_code code = twin_new(&t, net, &p, out->samples, err);
    if (code == ND_OK) {
        const nd_batch b = twin_batch(&t, 0);
        const nd_fantasy f = nd_chains_run(&t.net, &t.m, 0, &b);
        for (size_t i = 0; i < t.B; i++) {
            size_t state = 0;
            for (size_t j = 0; j < out->units; j++)
                state |= (size_t)(f.h[i * nd_ld(m->nh) + j] > 0.5f) << j;
            count[state]++;
        }
        chi_square(expected, count, out);
        out->swapped = (double)t.net.effort.swapped / (double)t.net.effort.swaps;
    }
    nd_arena_free(&t.arena);
    return code;
}

/* ---- all of it ---- */

static nd_code run(nd_net *net, const nd_batch *b, subject *s, nd_machine_check *out,
                   nd_err *err)
{
    const nd_boltzmann *m = &s->m.view;
    ND_TRY(check_slopes(s, &s->gradient, log_likelihood, true, &out->joint, err));
    if (m->classes) ND_TRY(check_discriminative(s, &out->discriminative, err));
    for (size_t i = 0; i < ND_MACHINE_KS; i++) {
        out->k[i] = (size_t)1 << i;
        ND_TRY(bias_of(net, s, out->k[i], &out->bias[i], &out->noise[i], err));
    }
    ND_TRY(nd_boltzmann_log_z(m, &out->log_z, err));
    ND_TRY(check_annealing(net, s, &out->ais, err));
    if (m->classes) check_classes(net, b, s, out);
    return check_tempering(net, s, out, err);
}

nd_code nd_machine_check_run(nd_net *net, const nd_batch *b, nd_machine_check *out,
                             nd_err *err)
{
    subject s;
    *out = (nd_machine_check){.images = b->B};
    if (!nd_machine_count(net))
        return ND_FAIL(err, ND_EINPUT,
                       "model.kind %s is no Boltzmann machine: take rbm or drbm",
                       net->ops->name);
    ND_TRY(check_size(net, err));
    nd_code code = subject_new(&s, net, b, err);
    if (code == ND_OK) {
        out->nv = s.m.view.nv, out->nh = s.m.view.nh, out->classes = s.m.view.classes;
        code = run(net, b, &s, out, err);
    }
    subject_free(&s);
    return code;
}
