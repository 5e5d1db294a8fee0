/* test_rbm.c -- Boltzmann machines against sums over all states, in double precision:
 * chains, gradients, inference; what the models refuse; the same trial twice. */
#include "nudge/dataset.h"
#include "nudge/model.h"
#include "nudge/trial.h"

#include "model/rbm_impl.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "set.h"

enum { B = 256, X = 6, C = 3, LD_X = 16, LD_Y = 16, H_MAX = 6, V_MAX = X + C };

typedef struct fixture {
    nd_net net;
    nd_batch batch;
    float x[B * LD_X], y[B * LD_Y];
    uint8_t label[B];
} fixture;

static nd_params params(const char *kind, const char *layers)
{
    nd_params p;
    nd_params_defaults(&p);
    set(&p, "model.kind", kind);
    set(&p, "model.layers", layers);
    set(&p, "train.batch", "256");
    set(&p, "train.rates", "1");
    set(&p, "rbm.pixels", "threshold");
    return p;
}

static void draw_weights(nd_bank *bank, float size)
{
    const nd_at at = {.seed = 21, .stream = bank->id + 1};
    for (size_t i = 0; i < bank->k; i++)
        for (size_t j = 0; j < bank->n; j++) {
            const size_t k = nd_panel_at(bank->k, i, j);
            bank->weight[k] = size * (float)(2 * nd_philox_unit(at, (uint32_t)k) - 1);
        }
}

static void open_net(fixture *f, const nd_params *p)
{
    nd_err err = {0};
    memset(f, 0, sizeof *f);
    const nd_shape shape = {.features = X, .classes = C, .examples = B};
    if (nd_net_new(&f->net, p, shape, &err) != ND_OK) fail_msg("%s", err.message);
    for (size_t i = 0; i < f->net.n_banks; i++)
        draw_weights(&f->net.bank[i], i % 3 ? 0.7f : 1.5f);
    for (size_t b = 0; b < B; b++) { /* 16 images, 3 classes */
        const unsigned pattern = (unsigned)(b % 16 * 37 + 11);
        for (size_t i = 0; i < X; i++)
            f->x[b * LD_X + i] = pattern >> i & 1 ? 0.9f : 0.1f;
        f->label[b] = (uint8_t)(b % 16 % C);
        f->y[b * LD_Y + f->label[b]] = 1.0f;
    }
    f->batch = (nd_batch){
        .B = B, .x = f->x, .y = f->y, .label = f->label, .at = {.seed = 1, .epoch = 1}};
}

/* ---- the machine in double, summed over all states ---- */

typedef struct exact {
    size_t nx, nv, nh;
    bool gaussian;
    double W[V_MAX][H_MAX], a[V_MAX], b[H_MAX];
} exact;

static exact exact_of(const nd_net *net, size_t nx, size_t labels, size_t nh)
{
    exact e = {.nx = nx, .nv = nx + labels, .nh = nh};
    for (size_t i = 0; i < e.nv; i++) {
        e.a[i] = (double)net->bank[1].weight[i];
        for (size_t j = 0; j < nh; j++)
            e.W[i][j] = (double)net->bank[0].weight[nd_panel_at(e.nv, i, j)];
    }
    for (size_t j = 0; j < nh; j++)
        e.b[j] = (double)net->bank[2].weight[j];
    return e;
}

/* <v h^T>, <v>, <h>: what a gradient is made of. */
typedef struct moments {
    double W[V_MAX][H_MAX], a[V_MAX], b[H_MAX];
} moments;

/* Adds `p` times the moments given v; returns minus the free energy. */
static double given_v(const exact *e, const double *v, double p, moments *m)
{
    double f = 0;
    for (size_t i = 0; i < e->nv; i++) {
        f += e->a[i] * v[i];
        m->a[i] += p * v[i];
    }
    for (size_t j = 0; j < e->nh; j++) {
        double x = e->b[j];
        for (size_t i = 0; i < e->nv; i++)
            x += v[i] * e->W[i][j];
        f += log1p(exp(x));
        const double h = 1 / (1 + exp(-x));
        m->b[j] += p * h;
        for (size_t i = 0; i < e->nv; i++)
            m->W[i][j] += p * v[i] * h;
    }
    return f;
}

/* State s of the visible units: pixels in binary, then one of the labels. */
static void visible_state(const exact *e, size_t s, double *v)
{
    for (size_t i = 0; i < e->nx; i++)
        v[i] = (double)(s >> i & 1);
    for (size_t i = e->nx; i < e->nv; i++)
        v[i] = s >> e->nx == i - e->nx;
}

static size_t visible_states(const exact *e)
{
    return ((size_t)1 << e->nx) * (e->nv > e->nx ? e->nv - e->nx : 1);
}

static void model_moments(const exact *e, moments *m)
{
    double v[V_MAX], z = 0;
    moments ignored;
    for (int pass = 0; pass < 2; pass++)
        for (size_t s = 0; s < visible_states(e); s++) {
            visible_state(e, s, v);
            const double p = exp(given_v(e, v, 0, &ignored));
            if (pass)
                given_v(e, v, p / z, m);
            else
                z += p;
        }
}

/* ... of Gaussian visible units: summed over the hidden ones, p(h) ~ exp(b.h + |a + W h|^2/2)
 */
static void gaussian_moments(const exact *e, moments *m)
{
    double z = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t s = 0; s < (size_t)1 << e->nh; s++) {
            double mean[V_MAX], f = 0;
            for (size_t j = 0; j < e->nh; j++)
                f += s >> j & 1 ? e->b[j] : 0;
            for (size_t i = 0; i < e->nv; i++) {
                mean[i] = e->a[i];
                for (size_t j = 0; j < e->nh; j++)
                    mean[i] += s >> j & 1 ? e->W[i][j] : 0;
                f += mean[i] * mean[i] / 2;
            }
            if (!pass) z += exp(f);
            for (size_t i = 0; pass && i < e->nv; i++) {
                m->a[i] += exp(f) / z * mean[i];
                for (size_t j = 0; j < e->nh; j++)
                    m->W[i][j] += s >> j & 1 ? exp(f) / z * mean[i] : 0;
            }
            for (size_t j = 0; pass && j < e->nh; j++)
                m->b[j] += s >> j & 1 ? exp(f) / z : 0;
        }
}

static void data_moments(const exact *e, const fixture *f, moments *m)
{
    for (size_t b = 0; b < B; b++) {
        double v[V_MAX] = {0};
        for (size_t i = 0; i < e->nx; i++)
            v[i] = (double)(f->x[b * LD_X + i] > 0.5f);
        if (e->nv > e->nx) v[e->nx + f->label[b]] = 1;
        given_v(e, v, 1.0 / B, m);
    }
}

/* ---- updates ---- */

/* Mean update of n mini-batches after `skip`, at rate 1, from weights that stay. */
static void mean_update(fixture *f, const exact *e, size_t skip, size_t n, moments *m)
{
    float *was[3];
    memset(m, 0, sizeof *m);
    for (size_t i = 0; i < 3; i++) {
        const size_t size = nd_panels(f->net.bank[i].k, f->net.bank[i].n);
        was[i] = malloc(size * sizeof(float));
        assert_non_null(was[i]);
        memcpy(was[i], f->net.bank[i].weight, size * sizeof(float));
    }
    for (size_t t = 0; t < skip + n; t++) {
        f->batch.at.batch = (uint32_t)t;
        f->net.ops->settle(&f->net, &f->batch, ND_PHASE_FREE);
        f->net.ops->learn(&f->net, &f->batch);
        const float *W = f->net.bank[0].weight, *a = f->net.bank[1].weight;
        const float *b = f->net.bank[2].weight;
        const double part = t < skip ? 0 : 1.0 / (double)n;
        for (size_t i = 0; i < e->nv; i++) {
            m->a[i] += part * (double)(a[i] - was[1][i]);
            for (size_t j = 0; j < e->nh; j++) {
                const size_t k = nd_panel_at(e->nv, i, j);
                m->W[i][j] += part * (double)(W[k] - was[0][k]);
            }
        }
        for (size_t j = 0; j < e->nh; j++)
            m->b[j] += part * (double)(b[j] - was[2][j]);
        for (size_t i = 0; i < 3; i++)
            memcpy(f->net.bank[i].weight, was[i],
                   nd_panels(f->net.bank[i].k, f->net.bank[i].n) * sizeof(float));
    }
    for (size_t i = 0; i < 3; i++)
        free(was[i]);
}

/* Root mean square difference, per entry. */
static double distance(const exact *e, const moments *one, const moments *two)
{
    double sum = 0;
    for (size_t i = 0; i < e->nv; i++) {
        sum += pow(one->a[i] - two->a[i], 2);
        for (size_t j = 0; j < e->nh; j++)
            sum += pow(one->W[i][j] - two->W[i][j], 2);
    }
    for (size_t j = 0; j < e->nh; j++)
        sum += pow(one->b[j] - two->b[j], 2);
    return sqrt(sum / (double)(e->nv * e->nh + e->nv + e->nh));
}

static moments difference(const moments *one, const moments *two)
{
    moments d;
    for (size_t i = 0; i < V_MAX; i++) {
        d.a[i] = one->a[i] - two->a[i];
        for (size_t j = 0; j < H_MAX; j++)
            d.W[i][j] = one->W[i][j] - two->W[i][j];
    }
    for (size_t j = 0; j < H_MAX; j++)
        d.b[j] = one->b[j] - two->b[j];
    return d;
}

/* Distance of the mean update of `batches` mini-batches from the exact gradient. */
static double bias_of(const nd_params *p, size_t labels, size_t skip, size_t batches)
{
    fixture *f = malloc(sizeof *f);
    assert_non_null(f);
    moments data = {0}, model = {0}, got;
    open_net(f, p);
    const bool gaussian = p->rbm_visible == ND_VISIBLE_GAUSSIAN;
    if (gaussian) draw_weights(&f->net.bank[0], 0.5f);
    const exact e = exact_of(&f->net, X, labels, 4);
    data_moments(&e, f, &data);
    if (gaussian)
        gaussian_moments(&e, &model);
    else
        model_moments(&e, &model);
    const moments want = difference(&data, &model);
    mean_update(f, &e, skip, batches, &got);
    const double d = distance(&e, &got, &want);
    nd_net_free(&f->net);
    free(f);
    return d;
}

/* An entry of an update of 256 images has a standard deviation below 0.7/16, so the mean of
 * 400 of them below 0.0022. */
static const double noise_floor = 0.0022;

static void cd_goes_to_the_gradient(void **state)
{
    (void)state;
    static const char *const kinds[] = {"drbm", "rbm"};
    for (int kind = 0; kind < 2; kind++)
        for (int mean_field = 0; mean_field < 2; mean_field++) {
            nd_params p = params(kinds[kind], "[6, 4, 3]");
            if (mean_field) {
                set(&p, "rbm.data_hidden", "mean-field");
                set(&p, "rbm.model_hidden", "mean-field");
            }
            double bias[4];
            static const char *const k[] = {"1", "3", "10", "40"};
            for (int i = 0; i < 4; i++) {
                set(&p, "rbm.k", k[i]);
                bias[i] = bias_of(&p, kind ? 0 : C, 0, 400);
            }
            if (!(bias[0] > 10 * noise_floor && bias[1] < 0.8 * bias[0] &&
                  bias[2] < 0.8 * bias[1] && bias[3] < noise_floor))
                fail_msg("%s: %.4f %.4f %.4f %.4f", kinds[kind], bias[0], bias[1], bias[2],
                         bias[3]);
        }
}

static void lasting_chains_reach_the_gradient(void **state)
{
    (void)state;
    static const char *const negative[] = {"pcd", "pt"};
    for (int i = 0; i < 2; i++)
        for (int mean_field = 0; mean_field < 2; mean_field++) {
            nd_params p = params("drbm", "[6, 4, 3]");
            set(&p, "rbm.negative", negative[i]);
            set(&p, "rbm.temperatures", "5");
            set(&p, "rbm.chains", mean_field ? "2" : "1");
            if (mean_field) set(&p, "rbm.model_hidden", "mean-field");
            const double bias = bias_of(&p, C, 100, 800);
            /* means over time are noisier than over images: chains remember */
            if (bias > 3 * noise_floor) fail_msg("%s: %.5f", negative[i], bias);
        }
}

static void gaussian_units_reach_the_gradient(void **state)
{
    (void)state;
    nd_params p = params("rbm", "[6, 4, 3]");
    set(&p, "rbm.visible", "gaussian");
    set(&p, "rbm.k", "20");
    assert_true(bias_of(&p, 0, 0, 400) < 3 * noise_floor);
    set(&p, "rbm.negative", "pcd");
    assert_true(bias_of(&p, 0, 100, 800) < 6 * noise_floor);
}

/* Parallel chains: the mean of n independent updates, so a variance of 1/n. */
static void chains_average(void **state)
{
    (void)state;
    double variance[2];
    for (int i = 0; i < 2; i++) {
        nd_params p = params("drbm", "[6, 4, 3]");
        set(&p, "rbm.chains", i ? "10" : "1");
        if (i) set(&p, "rbm.pixels", "bernoulli"); /* pixels are drawn for each chain */
        fixture f;
        moments mean, one;
        open_net(&f, &p);
        const exact e = exact_of(&f.net, X, C, 4);
        mean_update(&f, &e, 0, 2000, &mean);
        variance[i] = 0;
        for (uint32_t t = 0; t < 50; t++) {
            f.batch.at.epoch = t + 5;
            mean_update(&f, &e, 0, 1, &one);
            variance[i] += pow(distance(&e, &one, &mean), 2) / 50;
        }
        nd_net_free(&f.net);
    }
    const double ratio = variance[0] / variance[1];
    if (!(ratio > 6 && ratio < 12)) fail_msg("variances of 1 and 10 chains: %.2f", ratio);
}

/* ---- samples ---- */

/* A machine by itself, with 3 visible and 2 hidden units in two deep wells. */
typedef struct bare {
    nd_net net;
    nd_rbm m;
    nd_arena arena;
} bare;

static void bare_open(bare *t, const nd_params *p)
{
    nd_err err = {0};
    *t = (bare){.net = {.p = *p, .batch_max = 256}};
    t->m = (nd_rbm){.nx = 3, .nv = 3, .nh = 2};
    nd_arena measure = {0};
    nd_rbm_take(&t->m, &t->net, &measure);
    assert_int_equal(nd_arena_new(&t->arena, measure.used, &err), ND_OK);
    nd_rbm_take(&t->m, &t->net, &t->arena);
    nd_rbm_init(&t->m, &t->net);
    /* all on or all off, with a ridge of 8 to 12 between */
    static const float W[3][2] = {{8, 9}, {7, 8}, {8, 7}}, a[] = {-8.5f, -7.5f, -7.5f},
                       b[] = {-11.5f, -12.5f};
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 2; j++)
            t->m.W->weight[nd_panel_at(3, i, j)] = W[i][j];
    memcpy(t->m.a->weight, a, sizeof a);
    memcpy(t->m.b->weight, b, sizeof b);
    nd_kern()->transpose(3, 2, t->m.W->weight, t->m.Wt);
}

/* Chi-square of `n` snapshots of 256 chains, `thin` updates apart, over the 32 states. */
static double chi_square(const char *negative, size_t thin, bare *t)
{
    nd_params p = params("rbm", "[3, 2, 3]");
    set(&p, "rbm.negative", negative);
    set(&p, "rbm.temperatures", "8");
    bare_open(t, &p);
    const nd_batch b = {.B = 256, .at = {.seed = 5}};
    double count[32] = {0}, expected[32], z = 0, chi = 0;
    enum { N = 60, BURN = 200 };
    nd_batch now = b;
    for (uint32_t u = 0; u < BURN + N * thin; u++) {
        now.at.batch = u;
        const nd_fantasy f = nd_chains_run(&t->net, &t->m, 0, &now);
        if (u < BURN || (u - BURN) % thin) continue;
        for (size_t i = 0; i < 256; i++) {
            unsigned s = 0;
            for (size_t j = 0; j < 3; j++)
                s |= (unsigned)f.v[i * 16 + j] << j;
            for (size_t j = 0; j < 2; j++)
                s |= (unsigned)f.h[i * 16 + j] << (3 + j);
            count[s]++;
        }
    }
    for (unsigned s = 0; s < 32; s++) {
        double minus_e = 0;
        for (size_t i = 0; i < 3; i++)
            for (size_t j = 0; j < 2; j++)
                if (s >> i & 1 && s >> (3 + j) & 1)
                    minus_e += (double)t->m.W->weight[nd_panel_at(3, i, j)];
        for (size_t i = 0; i < 3; i++)
            minus_e += s >> i & 1 ? (double)t->m.a->weight[i] : 0;
        for (size_t j = 0; j < 2; j++)
            minus_e += s >> (3 + j) & 1 ? (double)t->m.b->weight[j] : 0;
        z += expected[s] = exp(minus_e);
    }
    double rare = 0, rare_count = 0; /* states expected fewer than 5 times go together */
    for (unsigned s = 0; s < 32; s++) {
        const double e = N * 256 * expected[s] / z;
        if (e < 5)
            rare += e, rare_count += count[s];
        else
            chi += pow(count[s] - e, 2) / e;
    }
    if (rare > 0.5) chi += pow(rare_count - rare, 2) / rare;
    return chi;
}

/* Samples of parallel tempering have the exact probabilities of all states, where chains
 * without it are stuck in a well for too long. Chi-square, at most 31 degrees of freedom:
 * 70 has probability 1e-4. */
static void tempering_samples_exactly(void **state)
{
    (void)state;
    bare t;
    const double tempered = chi_square("pt", 20, &t);
    if (tempered > 70) fail_msg("pt: chi-square %.1f", tempered);
    const double accepted = (double)t.net.effort.swapped / (double)t.net.effort.swaps;
    assert_true(accepted > 0.1 && accepted < 1);
    const nd_chains *c = &t.m.chains;
    for (size_t i = 0; i < c->M; i++) /* temperatures of a chain are as they were */
        for (size_t r = 0; r < c->R; r++)
            assert_true(fabs((double)c->beta[c->at[r * c->M + i]] -
                             (1 - (double)r / (double)(c->R - 1))) < 1e-6);
    nd_arena_free(&t.arena);
    const double plain = chi_square("pcd", 20, &t);
    if (plain < 2 * tempered) fail_msg("pcd %.1f, pt %.1f", plain, tempered);
    nd_arena_free(&t.arena);
}

/* ---- p(y | x) ---- */

/* log p(y | x), summed over all hidden states. */
static double log_posterior(const exact *e, const float *x, size_t y)
{
    double z = 0, of_y = 0;
    for (size_t c = 0; c < e->nv - e->nx; c++) {
        double sum = 0;
        for (size_t s = 0; s < (size_t)1 << e->nh; s++) {
            double minus_e = e->a[e->nx + c];
            for (size_t j = 0; j < e->nh; j++) {
                if (!(s >> j & 1)) continue;
                minus_e += e->b[j] + e->W[e->nx + c][j];
                for (size_t i = 0; i < e->nx; i++)
                    minus_e += (double)x[i] * e->W[i][j];
            }
            sum += exp(minus_e);
        }
        z += sum;
        if (c == y) of_y = sum;
    }
    return log(of_y / z);
}

static double mean_log_posterior(const exact *e, const fixture *f)
{
    double sum = 0;
    for (size_t b = 0; b < 16; b++)
        sum += log_posterior(e, f->x + b * LD_X, f->label[b]) / 16;
    return sum;
}

static double slope(exact *e, double *theta, const fixture *f)
{
    const double was = *theta, h = 1e-4;
    *theta = was + h;
    const double up = mean_log_posterior(e, f);
    *theta = was - h;
    const double down = mean_log_posterior(e, f);
    *theta = was;
    return (up - down) / (2 * h);
}

static void discriminative_gradient_is_exact(void **state)
{
    (void)state;
    nd_params p = params("drbm", "[6, 5, 3]");
    set(&p, "rbm.objective", "discriminative");
    set(&p, "rbm.pixels", "grey");
    fixture f;
    moments got;
    open_net(&f, &p);
    exact e = exact_of(&f.net, X, C, 5);
    mean_update(&f, &e, 0, 1, &got);
    for (size_t i = 0; i < e.nv; i++) {
        for (size_t j = 0; j < e.nh; j++)
            assert_true(fabs(got.W[i][j] - slope(&e, &e.W[i][j], &f)) < 1e-6);
        assert_true(fabs(got.a[i] - slope(&e, &e.a[i], &f)) < 1e-6);
    }
    for (size_t j = 0; j < e.nh; j++)
        assert_true(fabs(got.b[j] - slope(&e, &e.b[j], &f)) < 1e-6);
    nd_net_free(&f.net);
}

static void hybrid_is_the_sum(void **state)
{
    (void)state;
    static const char *const objective[] = {"discriminative", "joint", "hybrid"};
    moments u[3];
    exact e = {0};
    for (int i = 0; i < 3; i++) {
        nd_params p = params("drbm", "[6, 4, 3]");
        set(&p, "rbm.objective", objective[i]);
        set(&p, "rbm.alpha", "0.25");
        set(&p, "rbm.chains", "2");
        fixture f;
        open_net(&f, &p);
        e = exact_of(&f.net, X, C, 4);
        mean_update(&f, &e, 0, 1, &u[i]);
        nd_net_free(&f.net);
    }
    for (size_t i = 0; i < e.nv; i++) {
        for (size_t j = 0; j < e.nh; j++)
            assert_true(fabs(u[0].W[i][j] + 0.25 * u[1].W[i][j] - u[2].W[i][j]) < 1e-6);
        assert_true(fabs(u[0].a[i] + 0.25 * u[1].a[i] - u[2].a[i]) < 1e-6);
    }
    for (size_t j = 0; j < e.nh; j++)
        assert_true(fabs(u[0].b[j] + 0.25 * u[1].b[j] - u[2].b[j]) < 1e-6);
}

static void free_energy_classifies_exactly(void **state)
{
    (void)state;
    nd_params p = params("drbm", "[6, 5, 3]");
    set(&p, "rbm.pixels", "grey");
    fixture f;
    open_net(&f, &p);
    const exact e = exact_of(&f.net, X, C, 5);
    uint64_t errors = 0;
    for (size_t b = 0; b < B; b++) {
        size_t best = 0;
        for (size_t c = 1; c < C; c++)
            if (log_posterior(&e, f.x + b * LD_X, c) >
                log_posterior(&e, f.x + b * LD_X, best))
                best = c;
        errors += best != f.label[b];
    }
    nd_tally t = {0};
    f.net.ops->settle(&f.net, &f.batch, ND_PHASE_FREE);
    f.net.ops->predict(&f.net, &f.batch, &t);
    assert_int_equal(t.samples, B);
    assert_int_equal(t.errors, errors);
    assert_in_range(errors, 1, B - 1);
    assert_true(fabs(t.loss / B + mean_log_posterior(&e, &f)) < 1e-6);
    nd_net_free(&f.net);
}

/* Many voters after many sweeps vote as p(y | x) says; with one sweep from equal labels they
 * cannot know yet; with free pixels they forget the image. */
static void votes_go_to_the_posterior(void **state)
{
    (void)state;
    enum { VOTERS = 4000 };
    static const struct {
        const char *voting, *steps;
        bool exact;
    } cases[] = {{"clamped", "30", true}, {"clamped", "1", false}, {"free", "30", false}};
    for (size_t k = 0; k < 3; k++) {
        nd_params p = params("drbm", "[6, 5, 3]");
        set(&p, "rbm.voters", "4000");
        set(&p, "rbm.voting", cases[k].voting);
        set(&p, "rbm.voting_steps", cases[k].steps);
        fixture f;
        open_net(&f, &p);
        const exact e = exact_of(&f.net, X, C, 5);
        nd_rbm m = {.nx = X, .C = C, .nv = X + C, .nh = 5};
        nd_reader r;
        nd_arena arena = {0};
        nd_err err = {0};
        f.net.batch_max = 16;
        for (int pass = 0; pass < 2; pass++) { /* banks of their own, with those weights */
            nd_rbm_take(&m, &f.net, &arena);
            nd_reader_take(&r, &m, 16, &arena);
            if (pass == 0) assert_int_equal(nd_arena_new(&arena, arena.used, &err), ND_OK);
        }
        draw_weights(m.W, 1.5f), draw_weights(m.a, 0.7f), draw_weights(m.b, 0.7f);
        f.batch.B = 16;
        nd_rbm_show(&m, &p, &f.batch, 0);
        nd_rbm_up(&m, 16);
        nd_reader_vote(&r, &m, &p, &f.batch);
        double worst = 0; /* in standard deviations */
        for (size_t b = 0; b < 16; b++) {
            float x[X], votes = 0;
            for (size_t i = 0; i < X; i++)
                x[i] = f.x[b * LD_X + i] > 0.5f;
            for (size_t c = 0; c < C; c++) {
                const double q = exp(log_posterior(&e, x, c));
                const double seen = (double)r.votes[b * LD_Y + c] / VOTERS;
                worst = fmax(worst, fabs(seen - q) / sqrt(q * (1 - q) / VOTERS));
                votes += r.votes[b * LD_Y + c];
            }
            assert_true(votes == VOTERS);
        }
        if (cases[k].exact ? worst > 4.5 : worst < 10)
            fail_msg("%s, %s sweeps: off by %.1f sd", cases[k].voting, cases[k].steps,
                     worst);
        nd_arena_free(&arena);
        nd_net_free(&f.net);
    }
}

/* ---- learning ---- */

static void sparsity_pulls_activity(void **state)
{
    (void)state;
    double active[2];
    for (int i = 0; i < 2; i++) {
        nd_params p = params("rbm", "[6, 4, 3]");
        set(&p, "rbm.sparsity", "0.05");
        set(&p, "rbm.sparsity_cost", i ? "2" : "0");
        set(&p, "train.rates", "0.1");
        fixture f;
        open_net(&f, &p);
        for (uint32_t t = 0; t < 300; t++) {
            f.batch.at.batch = t;
            f.net.ops->settle(&f.net, &f.batch, ND_PHASE_FREE);
            f.net.ops->learn(&f.net, &f.batch);
        }
        const exact e = exact_of(&f.net, X, 0, 4);
        moments m = {0};
        data_moments(&e, &f, &m);
        active[i] = (m.b[0] + m.b[1] + m.b[2] + m.b[3]) / 4;
        nd_net_free(&f.net);
    }
    if (!(active[0] > 0.2 && active[1] < 0.1))
        fail_msg("mean activity %.3f, sparse %.3f", active[0], active[1]);
}

/* In its epochs a machine of a dbn learns, and only it; with noise on all devices the
 * others are shaken. */
static void machines_take_turns(void **state)
{
    (void)state;
    static const struct {
        const char *epochs, *split;
        size_t learner[5]; /* in epochs 1 to 5 */
    } cases[] = {{"5", "[0]", {0, 1, 2, 2, 2}},
                 {"5", "[2, 1, 2]", {0, 0, 1, 2, 2}},
                 {"5", "[0, 4, 1]", {1, 1, 1, 1, 2}}};
    for (size_t k = 0; k < 6; k++) {
        nd_params p = params("dbn", "[6, 5, 4, 7, 3]");
        set(&p, "train.epochs", cases[k / 2].epochs);
        set(&p, "rbm.epochs", cases[k / 2].split);
        set(&p, "device.kind", "ernoult");
        set(&p, "device.c2c", "0.01");
        set(&p, "device.c2c_on", k % 2 ? "all" : "pulsed");
        fixture f;
        nd_err err = {0};
        open_net(&f, &p);
        nd_net_free(&f.net);
        const nd_shape shape = {.features = X, .classes = C, .examples = B};
        assert_int_equal(nd_net_new(&f.net, &p, shape, &err), ND_OK);
        for (uint32_t epoch = 1; epoch <= 5; epoch++) {
            float *was[9];
            f.batch.at.epoch = epoch;
            for (size_t i = 0; i < 9; i++) {
                const size_t n = nd_panels(f.net.bank[i].k, f.net.bank[i].n);
                was[i] = malloc(n * sizeof(float));
                assert_non_null(was[i]);
                memcpy(was[i], f.net.bank[i].weight, n * sizeof(float));
            }
            nd_tally t = {0};
            f.net.ops->settle(&f.net, &f.batch, ND_PHASE_FREE);
            f.net.ops->predict(&f.net, &f.batch, &t);
            f.net.ops->learn(&f.net, &f.batch);
            const size_t learner = cases[k / 2].learner[epoch - 1];
            assert_int_equal(t.samples, learner == 2 ? B : 0);
            for (size_t i = 0; i < 9; i++) {
                const size_t n = nd_panels(f.net.bank[i].k, f.net.bank[i].n);
                const bool moved =
                    memcmp(was[i], f.net.bank[i].weight, n * sizeof(float)) != 0;
                assert_int_equal(moved, k % 2 || i / 3 == learner);
                free(was[i]);
            }
        }
        nd_tally t = {0}; /* what is judged goes all the way up */
        f.batch.at.epoch = 1;
        f.batch.judged = true;
        f.net.ops->settle(&f.net, &f.batch, ND_PHASE_FREE);
        f.net.ops->predict(&f.net, &f.batch, &t);
        assert_int_equal(t.samples, B);
        nd_net_free(&f.net);
    }
}

static double error_on_bars(const char *kind, const char *layers, const char *rates,
                            const char *epochs, const char *order)
{
    nd_err err = {0};
    nd_params p = params(kind, layers);
    nd_dataset d;
    nd_record r;
    set(&p, "data.name", "bars-and-stripes");
    set(&p, "train.epochs", epochs);
    set(&p, "train.rates", rates);
    set(&p, "train.batch", "8");
    set(&p, "train.test_every", "0");
    set(&p, "train.mini_batches", order);
    if (nd_dataset_open(&d, &p, &err) != ND_OK) fail_msg("%s", err.message);
    if (nd_trial_run(&p, &d, NULL, &r, &err) != ND_OK) fail_msg("%s", err.message);
    const double error = r.value[ND_METRIC_test_error];
    nd_record_free(&r);
    nd_dataset_close(&d);
    return error;
}

static void bars_and_stripes_are_told_apart(void **state)
{
    (void)state;
    assert_true(error_on_bars("drbm", "[16, 40, 2]", "0.1", "600", "shuffled") < 0.07);
    assert_true(error_on_bars("drbm", "[16, 40, 2]", "0.1", "600", "blocks") < 0.07);
    assert_true(error_on_bars("rbm", "[16, 60, 2]", "0.5", "4000", "shuffled") < 0.2);
    assert_true(error_on_bars("dbn", "[16, 60, 60, 2]", "0.1", "1000", "shuffled") < 0.2);
}

/* The same trial gives the same bits, again and on every ISA; another seed others. */
static void trials_repeat(void **state)
{
    (void)state;
    nd_err err = {0};
    static const char *const isa[] = {"scalar", "scalar", "avx2", "avx512", "scalar"};
    static const char *const setup[][3] = {{"drbm", "[6, 20, 3]", "pt"},
                                           {"rbm", "[6, 20, 3]", "cd"},
                                           {"dbn", "[6, 9, 20, 3]", "pcd"}};
    for (size_t k = 0; k < 3; k++) {
        float first[2048];
        size_t n = 0;
        for (size_t i = 0; i < 5; i++) {
            setenv("NUDGE_ISA", isa[i], 1);
            if (nd_kern_choose(&err) != ND_OK) continue; /* not on this machine */
            nd_params p = params(setup[k][0], setup[k][1]);
            set(&p, "rbm.negative", setup[k][2]);
            set(&p, "rbm.pixels", "bernoulli");
            set(&p, "train.epochs", "4");
            fixture f;
            open_net(&f, &p);
            f.batch.at.seed = i == 4 ? 2 : 1;
            for (uint32_t t = 0; t < 4; t++) {
                f.batch.at.epoch = t + 1;
                f.batch.B = t == 2 ? 100 : B; /* a short one */
                f.net.ops->settle(&f.net, &f.batch, ND_PHASE_FREE);
                f.net.ops->learn(&f.net, &f.batch);
            }
            float now[2048];
            size_t at = 0;
            for (size_t bank = 0; bank < f.net.n_banks; bank++) {
                const nd_bank *b = &f.net.bank[bank];
                assert_true(at + nd_panels(b->k, b->n) <= 2048);
                memcpy(now + at, b->weight, nd_panels(b->k, b->n) * sizeof *now);
                at += nd_panels(b->k, b->n);
            }
            if (i == 0) memcpy(first, now, (n = at) * sizeof *now);
            assert_int_equal(memcmp(first, now, n * sizeof *now) == 0, i < 4);
            nd_net_free(&f.net);
        }
    }
    unsetenv("NUDGE_ISA");
    assert_int_equal(nd_kern_choose(&err), ND_OK);
}

/* ---- refusals ---- */

static void unfit_parameters_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *layers, *name, *value, *expect;
    } bad[] = {
        {"rbm", "[6, 4, 4, 3]", "rbm.k", "1", "an rbm has three"},
        {"drbm", "[6, 3]", "rbm.k", "1", "a drbm has three"},
        {"dbn", "[6, 3]", "rbm.k", "1", "at least three"},
        {"drbm", "[7, 4, 3]", "rbm.k", "1", "6 pixels"},
        {"drbm", "[6, 4, 2]", "rbm.k", "1", "3 classes"},
        {"rbm", "[6, 4, 2]", "rbm.k", "1", "3 classes"},
        {"dbn", "[6, 4, 5, 2]", "rbm.k", "1", "3 classes"},
        {"rbm", "[6, 4, 3]", "train.rates", "[1, 1, 1]", "2 weight matrices"},
        {"drbm", "[6, 4, 3]", "train.rates", "[1, 1]", "1 weight matri"},
        {"rbm", "[6, 4, 3]", "rbm.objective", "hybrid", "model.kind drbm"},
        {"dbn", "[6, 4, 4, 3]", "rbm.objective", "discriminative", "model.kind drbm"},
        {"rbm", "[6, 4, 3]", "rbm.classifier_sees", "reconstruction",
         "nothing of the image"},
        {"dbn", "[6, 4, 4, 3]", "rbm.epochs", "[1, 2, 3]", "2 machines"},
        {"dbn", "[6, 4, 4, 3]", "rbm.epochs", "[1, 2]", "adds up to 3"},
        {"drbm", "[6, 4, 3]", "rbm.temperatures", "1", "at least 2"},
        {"rbm", "[6, 4, 3]", "rbm.visible", "gaussian", "inverse temperature 0"},
        {"rbm", "[6, 4, 3]", "rbm.model_visible", "mean-field", "is for rbm.negative cd"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        nd_params p = params(bad[i].kind, bad[i].layers);
        nd_err err = {0};
        nd_cost cost;
        set(&p, "rbm.negative", "pt");
        set(&p, bad[i].name, bad[i].value);
        assert_int_equal(
            nd_net_plan(&p, (nd_shape){.features = X, .classes = C}, &cost, &err),
            ND_EINPUT);
        if (!strstr(err.message, bad[i].expect)) fail_msg("%zu: %s", i, err.message);
    }
}

int main(void)
{
    nd_err err = {0};
    if (nd_kern_choose(&err) != ND_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cd_goes_to_the_gradient),
        cmocka_unit_test(lasting_chains_reach_the_gradient),
        cmocka_unit_test(gaussian_units_reach_the_gradient),
        cmocka_unit_test(chains_average),
        cmocka_unit_test(tempering_samples_exactly),
        cmocka_unit_test(discriminative_gradient_is_exact),
        cmocka_unit_test(hybrid_is_the_sum),
        cmocka_unit_test(free_energy_classifies_exactly),
        cmocka_unit_test(votes_go_to_the_posterior),
        cmocka_unit_test(sparsity_pulls_activity),
        cmocka_unit_test(machines_take_turns),
        cmocka_unit_test(bars_and_stripes_are_told_apart),
        cmocka_unit_test(trials_repeat),
        cmocka_unit_test(unfit_parameters_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
