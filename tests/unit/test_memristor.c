/* test_memristor.c -- every type's step against its formula, written here anew in double
 * precision; every imperfection against the moments it is to have; synapses. */
#include "nudge/device.h"
#include "nudge/preset.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct fixture {
    nd_params p;
    nd_bank bank;
    nd_arena arena;
    float *pulse, *scratch;
} fixture;

static void set(nd_params *p, const char *name, const char *value)
{
    nd_err err = {0};
    const nd_param *row = nd_param_find(name);
    if (!row) fail_msg("no parameter %s", name);
    if (nd_param_set(p, row, value, &err) != ND_OK) fail_msg("%s", err.message);
}

static void take(fixture *f, size_t k, size_t n, bool bias, nd_arena *a)
{
    nd_bank_take(&f->bank, &f->p, k, n, 6, bias, a);
    f->pulse = nd_arena_take(a, nd_panels(k, n), sizeof(float));
    f->scratch = nd_arena_take(a, nd_panels(k, n), sizeof(float));
}

/* Settings "name=value name=value ..." of a bank of that type. */
static void open_bank(fixture *f, const char *type, const char *settings, size_t k,
                      size_t n, bool bias)
{
    nd_err err = {0};
    nd_arena measure = {0};
    char copy[400], *rest = NULL;
    *f = (fixture){.bank = {.k = 0}};
    nd_params_defaults(&f->p);
    set(&f->p, "device.kind", type);
    nd_copy(copy, sizeof copy, settings);
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        char *equals = strchr(word, '='), name[64];
        *equals = '\0';
        snprintf(name, sizeof name, strchr(word, '.') ? "%s" : "device.%s", word);
        set(&f->p, name, equals + 1);
    }
    take(f, k, n, bias, &measure);
    assert_int_equal(nd_arena_new(&f->arena, measure.used, &err), ND_OK);
    take(f, k, n, bias, &f->arena);
    f->bank.type->init(&f->bank, k);
}

static size_t cells(const fixture *f)
{
    return nd_panels(f->bank.k, f->bank.n);
}

static void fill(const fixture *f, float *x, float value)
{
    for (size_t i = 0; i < cells(f); i++)
        x[i] = value;
}

static void pulse_all(fixture *f, float width, uint32_t when)
{
    fill(f, f->pulse, width);
    nd_bank_pulse(&f->bank, f->pulse,
                  (nd_at){.seed = 1, .stream = ND_STREAM_CYCLE, .batch = when});
}

typedef struct moments {
    double n, mean, sd, low, high;
} moments;

static moments moments_of(const float *x, size_t n)
{
    moments m = {.n = (double)n, .low = HUGE_VAL, .high = -HUGE_VAL};
    double square = 0;
    for (size_t i = 0; i < n; i++)
        m.mean += (double)x[i] / m.n;
    for (size_t i = 0; i < n; i++) {
        square += ((double)x[i] - m.mean) * ((double)x[i] - m.mean) / m.n;
        m.low = fmin(m.low, (double)x[i]), m.high = fmax(m.high, (double)x[i]);
    }
    m.sd = sqrt(square);
    return m;
}

static void near(double value, double want, double relative, const char *what)
{
    if (!(fabs(value - want) <= relative * fabs(want)))
        fail_msg("%s: %.6g, want %.6g", what, value, want);
}

/* A standard deviation, so that its variance is right within 2 %. */
static void spread(double sd, double want, const char *what)
{
    near(sd * sd, want * want, 0.02, what);
}

/* ---- laws ---- */

/* Where device x is after one pulse of width t, by the sources' own formulas. */

static double ernoult(double x, double t, bool up) /* beta 3 */
{
    const double b = 3, z = up ? x : 1 - x;
    const double step = log(1 + (exp(b) - 1) * t * exp(-b * z)) / b;
    return up ? x + step : x - step;
}

/* Chen, Peng, Yu 2018: G(p) = B (1 - exp(-p/A)) + G_min, p pulses of P_max; depression is
 * its mirror image. A for NL 2.4 and 4.88, from the published table. */
static double neurosim(double x, double t, bool up)
{
    const double A = up ? 0.4992 : 0.2003, B = 1 / (1 - exp(-1 / A));
    const double y = up ? x : 1 - x;
    const double p = -A * log(1 - y / B);
    const double to = B * (1 - exp(-(p + t) / A));
    return up ? to : 1 - to;
}

static double constant_step(double x, double t, bool up)
{
    return up ? x + t : x - t;
}

/* aihwkit's w of bounds -b_min and b_max: here b_min + b_max = 1, x = w + b_min. */
static double linear_step(double x, double t, bool up) /* gamma .115, .509; b_min .415 */
{
    const double b_min = 0.415, b_max = 1 - b_min, w = x - b_min;
    const double step = up ? t * (1 - 0.115 * w / b_max) : t * (1 - 0.509 * w / -b_min);
    return up ? x + step : x - step;
}

static double soft_bounds(double x, double t, bool up)
{
    const double w = x - 0.5;
    return up ? x + t * (1 - w / 0.5) : x - t * (1 + w / 0.5);
}

static double exp_step(double x, double t, bool up)
{
    const double z = 2 * 0.244 * (x - 0.5) + 0.2425;
    const double A = up ? 0.00081 : 0.36833, gamma = up ? 12.44625 : -12.78785;
    const double step = t * fmax(0, 1 - A * exp(gamma * z));
    return up ? x + step : x - step;
}

static double gong(double x, double t, bool up) /* ReRamES: A < 0, gamma 5, a = b = -.5 */
{
    const double z = 2 * -0.5 * (x - 0.5) - 0.5;
    const double step = t * fmax(0, 1 + (up ? 1.184 * exp(5 * z) : 0.0814 * exp(-5 * z)));
    return up ? x + step : x - step;
}

static double pow_step(double x, double t, bool up) /* exponents 1.7 and .6 */
{
    const double omega = 1 - x;
    return up ? x + t * pow(omega, 1.7) : x - t * pow(1 - omega, 0.6);
}

static double piecewise(double x, double t, bool up) /* nodes 1 .8 .3 .1 and .1 .7 1.2 */
{
    static const double u[] = {1, 0.8, 0.3, 0.1}, d[] = {0.1, 0.7, 1.2};
    const double *v = up ? u : d, at = x * (up ? 3 : 2);
    int i = (int)at;
    if (i > (up ? 2 : 1)) i = up ? 2 : 1;
    const double f = v[i] + (at - i) * (v[i + 1] - v[i]);
    return up ? x + t * f : x - t * f;
}

static const struct {
    const char *type, *settings;
    double (*after)(double x, double t, bool up);
    double tolerance; /* relative, of the step */
} laws[] = {
    {"ernoult", "beta=3", ernoult, 1e-5},
    {"neurosim", "nl_up=2.4 nl_down=-4.88", neurosim, 1e-3}, /* A has 4 digits */
    {"constant-step", "", constant_step, 1e-5},
    {"linear-step", "linear_up=0.115 linear_down=0.509 middle=0.415", linear_step, 1e-5},
    {"soft-bounds", "", soft_bounds, 1e-5},
    {"soft-bounds-reference", "", soft_bounds, 1e-5},
    {"exp-step", "", exp_step, 1e-4},
    {"exp-step",
     "exp_up=5 exp_down=5 exp_A_up=-1.184 exp_A_down=-0.0814 exp_a=-0.5 exp_b=-0.5", gong,
     1e-4},
    {"pow-step", "power_up=1.7 power_down=0.6", pow_step, 1e-4},
    {"piecewise", "curve_up=[1,0.8,0.3,0.1] curve_down=[0.1,0.7,1.2]", piecewise, 1e-4},
};
enum { N_LAWS = sizeof laws / sizeof *laws };

static void steps_follow_their_formulas(void **state)
{
    (void)state;
    static const double widths[] = {1e-4, 0.001, 0.02, 0.2};
    for (int l = 0; l < N_LAWS; l++)
        for (int w = 0; w < 8; w++) {
            const bool up = w < 4;
            const double t = widths[w % 4];
            fixture f;
            open_bank(&f, laws[l].type, laws[l].settings, 11, 16, false);
            const double n = (double)cells(&f) - 1;
            for (int side = 0; side < 2; side++)
                for (size_t i = 0; i < cells(&f); i++)
                    f.bank.leg[side].x[i] = (float)((double)i / n);
            pulse_all(&f, (float)(up ? t : -t), 0);
            for (size_t i = 0; i < cells(&f); i++)
                for (int side = 0; side < 2; side++) {
                    const double x = (double)(float)((double)i / n);
                    const double to = laws[l].after(x, t, up != (side == 1));
                    const double got = (double)f.bank.leg[side].x[i];
                    const double slack = 3e-7 + laws[l].tolerance * fabs(to - x);
                    if (fabs(got - fmin(1, fmax(0, to))) > slack)
                        fail_msg("%s: pulse %g at %g leads to %.8f, want %.8f",
                                 laws[l].type, t, x, got, to);
                }
            nd_arena_free(&f.arena);
        }
}

/* nd_law_rate is the same once more: what slope and symmetry point come from. */
static void rates_are_steps(void **state)
{
    (void)state;
    for (int l = 0; l < N_LAWS; l++) {
        fixture f;
        open_bank(&f, laws[l].type, laws[l].settings, 1, 1, false);
        const nd_law *law = f.bank.type->law;
        for (int i = 1; i < 20; i++)
            for (int up = 0; up < 2; up++) {
                const double x = i / 20.0, t = 1e-7;
                const double want = fabs(laws[l].after(x, t, up) - x) / t;
                near(nd_law_rate(law, &f.p, x, up), want, 1e-3, laws[l].type);
            }
        nd_arena_free(&f.arena);
    }
}

static void nl_labels_are_neurosims(void **state)
{
    (void)state;
    static const double anchors[6][2] = {{1, 1.2517}, {2, 0.6090},    {2.4, 0.4992},
                                         {3, 0.3868}, {4.88, 0.2003}, {6, 0.1356}};
    for (int i = 0; i < 6; i++) {
        near(1 / nd_nl_inverse(anchors[i][0]), anchors[i][1], 2e-4, "A");
        near(nd_nl_label(1 / nd_nl_inverse(anchors[i][0])), anchors[i][0], 1e-9, "NL");
        assert_true(nd_nl_inverse(-anchors[i][0]) == -nd_nl_inverse(anchors[i][0]));
    }
    near(exp(nd_nl_inverse(4.88)), 147, 0.01, "first/last"); /* reference's ratios */
    near(exp(nd_nl_inverse(1)), 2.2, 0.02, "first/last");
}

/* The exponential response composes and one pulse of T spans the range; with opposite
 * labels one is the mirror image of the other. */
static void exponential_pulses_compose_and_span(void **state)
{
    (void)state;
    fixture a, b;
    open_bank(&a, "neurosim", "nl_up=3 nl_down=-3", 4, 16, false);
    open_bank(&b, "neurosim", "nl_up=3 nl_down=-3", 4, 16, false);
    pulse_all(&a, 0.1f, 0), pulse_all(&a, 0.2f, 1), pulse_all(&b, 0.3f, 0);
    for (size_t i = 0; i < cells(&a); i++)
        near((double)a.bank.leg[0].x[i], (double)b.bank.leg[0].x[i], 1e-5, "composed");
    fill(&a, a.bank.leg[0].x, 0), fill(&a, a.bank.leg[1].x, 1);
    pulse_all(&a, 0.25f, 2);
    near((double)a.bank.leg[0].x[0], 1 - (double)a.bank.leg[1].x[0], 1e-5, "mirror");
    pulse_all(&a, 0.75f, 3);
    near((double)a.bank.leg[0].x[0], 1, 1e-5, "span");
    assert_true(fabs((double)a.bank.leg[1].x[0]) < 1e-5);
    nd_arena_free(&a.arena), nd_arena_free(&b.arena);
    open_bank(&a, "neurosim", "nl_up=0 nl_down=0", 1, 16, false); /* a straight line */
    fill(&a, a.bank.leg[0].x, 0.2f);
    pulse_all(&a, 0.3f, 0);
    near((double)a.bank.leg[0].x[0], 0.5, 1e-3, "linear limit");
    nd_arena_free(&a.arena);
}

/* A pulse wider than the device's own is that many pulses, and is counted so. */
static void wide_pulses_are_trains(void **state)
{
    (void)state;
    fixture f;
    open_bank(&f, "soft-bounds", "step=0.05", 2, 16, false);
    fill(&f, f.bank.leg[0].x, 0.1f);
    pulse_all(&f, 0.262f, 0); /* 5.24: 5 pulses */
    double x = (double)0.1f;
    for (int i = 0; i < 5; i++)
        x = soft_bounds(x, 0.05, true);
    near((double)f.bank.leg[0].x[0], x, 1e-5, "train");
    assert_int_equal(f.bank.pulses_up, 5 * 32);
    near(f.bank.width_up, 0.25 * 32, 1e-5, "width");
    pulse_all(&f, -0.02f, 1); /* less than half a pulse is none */
    assert_int_equal(f.bank.pulses_down, 0);
    near((double)f.bank.leg[0].x[0], x, 1e-5, "no pulse");
    nd_arena_free(&f.arena);
}

static void symmetry_points(void **state)
{
    (void)state;
    fixture f;
    open_bank(&f, "ernoult", "beta=3", 1, 1, false);
    near(nd_law_symmetry(f.bank.type->law, &f.p), 0.5, 1e-9, "ernoult");
    /* (1 + a) exp(-b (x - 1/2)) = (1 - a) exp(b (x - 1/2)) */
    set(&f.p, "device.asymmetry", "0.2");
    near(nd_law_symmetry(f.bank.type->law, &f.p), 0.5 + log(1.2 / 0.8) / 6, 1e-9,
         "shifted");
    nd_arena_free(&f.arena);
    open_bank(&f, "soft-bounds", "asymmetry=0.2", 1, 1, false); /* 1.2 (1-x) = .8 x */
    near(nd_law_symmetry(f.bank.type->law, &f.p), 0.6, 1e-9, "soft bounds");
    nd_arena_free(&f.arena);
    open_bank(&f, "constant-step", "", 1, 1, false);
    assert_true(isnan(nd_law_symmetry(f.bank.type->law, &f.p)));
    nd_arena_free(&f.arena);
}

/* ---- imperfections ---- */

/* so many that the mean of a logarithm is right within 0.6 % */
enum { K = 1024, N = 512, CELLS = K * N };

static void cycle_noise_of_each_kind(void **state)
{
    (void)state;
    static const struct {
        const char *settings;
        double sd;
    } cases[] = {{"step=0.01 c2c=0.02", 0.02},
                 {"step=0.01 c2c=0.3 c2c_kind=step", 0.3 * 0.04 / 2}, /* 4 pulses */
                 {"c2c=0.3 c2c_kind=step", 0.3 * 0.04},
                 {"step=0.01 c2c=0.02 c2c_kind=sqrt", 0.02 * 2}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        fixture f;
        open_bank(&f, "constant-step", cases[c].settings, K, N, false);
        fill(&f, f.bank.leg[0].x, 0.5f);
        pulse_all(&f, 0.04f, 0);
        const moments m = moments_of(f.bank.leg[0].x, CELLS);
        near(m.mean, 0.54, 1e-3, cases[c].settings);
        spread(m.sd, cases[c].sd, cases[c].settings);
        nd_arena_free(&f.arena);
    }
}

static void steps_vary_as_asked(void **state)
{
    (void)state;
    for (int normal = 0; normal < 2; normal++) {
        fixture f;
        open_bank(&f, "constant-step",
                  normal ? "d2d=0.2 d2d_kind=normal" : "d2d=0.5 d2d_kind=log-normal", K, N,
                  false);
        fill(&f, f.bank.leg[0].x, 0.0f), fill(&f, f.bank.leg[1].x, 1.0f);
        pulse_all(&f, 0.01f, 0);
        const moments m = moments_of(f.bank.leg[0].x, CELLS);
        near(m.mean, 0.01, 0.01, "mean step");
        spread(m.sd, normal ? 0.002 : 0.005, "sd of steps");
        if (!normal) { /* log-normal: mean of log is -log(1 + v^2)/2, its variance double */
            moments l = {0};
            for (size_t i = 0; i < CELLS; i++)
                f.pulse[i] = logf(f.bank.leg[0].x[i] / 0.01f);
            l = moments_of(f.pulse, CELLS);
            near(l.mean, -log(1.25) / 2, 0.02, "mean of log");
            near(l.sd * l.sd, log(1.25), 0.02, "variance of log");
        }
        nd_arena_free(&f.arena);
    }
}

static void asymmetry_is_shared_out(void **state)
{
    (void)state;
    fixture f;
    open_bank(&f, "constant-step", "asymmetry=0.3", 2, 16, false);
    fill(&f, f.bank.leg[0].x, 0.5f), fill(&f, f.bank.leg[1].x, 0.5f);
    pulse_all(&f, 0.1f, 0);
    near((double)f.bank.leg[0].x[0], 0.63, 1e-5, "up");
    near((double)f.bank.leg[1].x[0], 0.43, 1e-5, "down");
    nd_arena_free(&f.arena);
    open_bank(&f, "constant-step", "asymmetry=0.1 d2d_asymmetry=0.05", K, N, false);
    fill(&f, f.bank.leg[0].x, 0.0f);
    pulse_all(&f, 0.1f, 0);
    moments m = moments_of(f.bank.leg[0].x, CELLS);
    near(m.mean, 0.11, 0.01, "mean up");
    spread(m.sd, 0.005, "sd up");
    fill(&f, f.bank.leg[0].x, 1.0f);
    for (size_t i = 0; i < CELLS; i++)
        f.scratch[i] = f.bank.leg[0].up[i] + f.bank.leg[0].down[i];
    m = moments_of(f.scratch, CELLS); /* 1 + a and 1 - a of one and the same a */
    near(m.mean, 2, 1e-5, "sum");
    assert_true(m.sd < 1e-6);
    nd_arena_free(&f.arena);
}

/* The first step of a logarithmic device from G_min is growth(beta) t/beta: from it beta
 * comes back. */
static void shapes_vary_as_asked(void **state)
{
    (void)state;
    static const struct {
        const char *type, *settings;
        double mean, sd;
        int constant;
    } cases[] = {{"ernoult", "beta=3 d2d_shape=0.3", 3, 0.3, 0},
                 {"pow-step", "power_up=2 d2d_shape=0.1", 2, 0.1, 0},
                 {"linear-step", "linear_up=0.4 d2d_shape=0.05", 0.8, 0.1, 1}};
    for (int c = 0; c < 3; c++) {
        fixture f;
        open_bank(&f, cases[c].type, cases[c].settings, K, N, false);
        const moments m = moments_of(f.bank.leg[0].up_k[cases[c].constant], CELLS);
        near(m.mean, cases[c].mean, 0.01, cases[c].type);
        spread(m.sd, cases[c].sd, cases[c].type);
        assert_true(f.bank.leg[0].up_k[0] != f.bank.leg[1].up_k[0]);
        nd_arena_free(&f.arena);
    }
    fixture f, g;
    open_bank(&f, "ernoult", "beta=3 d2d_shape=0.9 d2d_shape_kind=log-normal", K, N, false);
    const float *beta = f.bank.leg[1].down_k[0];
    for (size_t i = 0; i < CELLS; i++)
        f.pulse[i] = logf(beta[i]);
    near(moments_of(beta, CELLS).mean, 3, 0.01, "mean of log-normal");
    near(moments_of(f.pulse, CELLS).mean, log(3) - log(1.09) / 2, 0.005, "mean of log");
    spread(moments_of(f.pulse, CELLS).sd, sqrt(log(1.09)), "sd of log");
    nd_arena_free(&f.arena);
    open_bank(&f, "linear-step",
              "linear_up=-0.4 linear_down=-0.2 d2d_shape=0.1 d2d_shape_kind=log-normal", K,
              N, false); /* its constant is the shape over 1/2 */
    const moments up = moments_of(f.bank.leg[0].up_k[1], CELLS);
    near(up.mean, -0.8, 0.01, "mean of a negative shape");
    spread(up.sd, 0.2, "sd of a negative shape");
    assert_true(up.high < 0);
    nd_arena_free(&f.arena);
    open_bank(&f, "neurosim", "nl_up=2.4 d2d_shape=0.000001", 4, 16, false);
    open_bank(&g, "neurosim", "nl_up=2.4", 4, 16, false);
    pulse_all(&f, 0.01f, 0), pulse_all(&g, 0.01f, 0);
    for (size_t i = 0; i < 64; i++) /* constants of its own lead the same way */
        near((double)f.bank.leg[0].x[i], (double)g.bank.leg[0].x[i], 1e-5, "neurosim");
    nd_arena_free(&f.arena), nd_arena_free(&g.arena);
}

static void bounds_vary_as_asked(void **state)
{
    (void)state;
    fixture f;
    open_bank(&f, "ernoult", "d2d_bounds=0.1 ratio=1000000", K, N, false);
    fill(&f, f.bank.leg[0].x, 1.0f), fill(&f, f.bank.leg[1].x, 0.0f);
    pulse_all(&f, 0.5f, 0); /* at their bounds already: reads them */
    const moments m = moments_of(f.bank.weight, CELLS);
    near(m.mean, 1, 0.01, "mean range");
    spread(m.sd, 0.1 * sqrt(2), "sd of G_max of one - G_min of the other");
    nd_arena_free(&f.arena);
    open_bank(&f, "ernoult", "d2d_bounds=0.05 d2d_bounds_kind=log-normal ratio=5", K, N,
              false); /* G_min .2 and G_max 1, sd .04 */
    static const double nominal[] = {0.2, 1};
    for (int high = 0; high < 2; high++) {
        const nd_leg *leg = &f.bank.leg[1];
        const double relative = 0.04 / nominal[high];
        for (size_t i = 0; i < CELLS; i++) {
            f.scratch[i] = 0.2f + 0.8f * (leg->low[i] + (high ? leg->span[i] : 0.0f));
            f.pulse[i] = logf(f.scratch[i]);
        }
        near(moments_of(f.scratch, CELLS).mean, nominal[high], 0.005, "mean bound");
        spread(moments_of(f.scratch, CELLS).sd, 0.04, "sd of bounds");
        spread(moments_of(f.pulse, CELLS).sd, sqrt(log1p(relative * relative)), "of log");
    }
    nd_arena_free(&f.arena);
}

static void levels_are_counted(void **state)
{
    (void)state;
    static const char *const to[] = {"levels=9 levels_to=below",
                                     "levels=9 levels_to=nearest"};
    for (int nearest = 0; nearest < 2; nearest++) {
        fixture f;
        bool seen[9] = {false};
        open_bank(&f, "constant-step", to[nearest], K, N, false);
        for (size_t i = 0; i < CELLS; i++)
            f.bank.leg[0].x[i] = (float)i / CELLS;
        pulse_all(&f, 1e-6f, 0);
        for (size_t i = 0; i < CELLS; i++) {
            const double x = (double)f.bank.leg[0].x[i] * 8, was = 8.0 * (double)i / CELLS;
            assert_true(fabs(x - rint(x)) < 1e-5);
            seen[(int)rint(x)] = true;
            if (nearest)
                assert_true(fabs(x - was) < 0.501);
            else
                assert_true(x - was < 0.002 && was - x < 1);
        }
        for (int i = 0; i < 8 + nearest; i++)
            assert_true(seen[i]);
        pulse_all(&f, 1e-7f, 1); /* devices on a level stay on it */
        const moments m = moments_of(f.bank.leg[0].x, CELLS);
        if (nearest) near(m.mean, 0.5, 0.01, "levels");
        nd_arena_free(&f.arena);
    }
}

static void stuck_devices_stay(void **state)
{
    (void)state;
    fixture f;
    open_bank(&f, "ernoult",
              "stuck_min=0.05 stuck_max=0.1 stuck_random=0.2 c2c=0.01 "
              "c2c_on=all init_sd=0.01",
              K, N, false);
    float *was = f.scratch, *x = f.bank.leg[1].x;
    memcpy(was, x, CELLS * sizeof *x);
    double bottom = 0, top = 0, other = 0, mean = 0;
    pulse_all(&f, 0.1f, 0);
    for (size_t i = 0; i < CELLS; i++) {
        if (f.bank.leg[1].life[i] > 0) {
            assert_true(x[i] != was[i]);
            continue;
        }
        assert_true(x[i] == was[i]);
        if (x[i] == 0.0f)
            bottom++;
        else if (x[i] == 1.0f)
            top++;
        else
            other++, mean += (double)x[i];
    }
    near(bottom / CELLS, 0.05, 0.05, "G_min");
    near(top / CELLS, 0.1, 0.05, "G_max");
    near(other / CELLS, 0.2, 0.05, "random");
    near(mean / other, 0.5, 0.02, "uniform");
    nd_arena_free(&f.arena);
}

static void devices_relax_and_drift(void **state)
{
    (void)state;
    fixture f;
    float wanted[32] = {0};
    open_bank(&f, "constant-step", "lifetime=10 rest=0.2", 2, 16, false);
    fill(&f, f.bank.leg[0].x, 1.0f);
    for (uint32_t t = 0; t < 10; t++)
        nd_bank_program(&f.bank, wanted, f.scratch, (nd_at){.seed = 1, .batch = t});
    near((double)f.bank.leg[0].x[0], 0.2 + 0.8 / exp(1), 1e-4, "lifetime");
    assert_true(nd_bank_restless(&f.bank));
    nd_arena_free(&f.arena);
    open_bank(&f, "constant-step", "drift=0.1", 2, 16, false);
    fill(&f, f.bank.leg[0].x, 0.8f);
    for (uint32_t t = 0; t < 99; t++)
        nd_bank_program(&f.bank, wanted, f.scratch, (nd_at){.seed = 1, .batch = t});
    near((double)f.bank.leg[0].x[0], 0.8 * pow(100, -0.1), 1e-4, "drift");
    wanted[0] = 1; /* a pulse starts the clock anew */
    nd_bank_program(&f.bank, wanted, f.scratch, (nd_at){.seed = 1, .batch = 99});
    const double x = (double)f.bank.leg[0].x[0];
    wanted[0] = 0;
    nd_bank_program(&f.bank, wanted, f.scratch, (nd_at){.seed = 1, .batch = 100});
    near((double)f.bank.leg[0].x[0], x * pow(2, -0.1), 1e-4, "again");
    nd_arena_free(&f.arena);
    open_bank(&f, "constant-step", "drift=0.1 drift_sd=0.02", K, N, false);
    const moments m = moments_of(f.bank.leg[0].nu, CELLS);
    near(m.mean, 0.1, 0.01, "nu");
    spread(m.sd, 0.02, "sd of nu");
    nd_arena_free(&f.arena);
}

/* What is written wrongly is read wrongly, until it is written anew; pulses act on what is
 * there. */
static void write_noise_stays_until_the_next_pulse(void **state)
{
    (void)state;
    fixture f;
    open_bank(&f, "constant-step", "write_noise=0.05 init_sd=0", K, N, false);
    moments m = moments_of(f.bank.leg[0].seen, CELLS);
    near(m.mean, 0.5, 0.01, "first");
    spread(m.sd, 0.05, "first");
    fill(&f, f.pulse, 0);
    f.pulse[0] = 0.1f;
    const float before = f.bank.leg[0].seen[1], old = f.bank.leg[0].seen[0];
    nd_bank_pulse(&f.bank, f.pulse, (nd_at){.seed = 1, .stream = ND_STREAM_CYCLE});
    assert_true(f.bank.leg[0].seen[1] == before && f.bank.leg[0].seen[0] != old);
    near((double)f.bank.leg[0].x[0], 0.6, 1e-5, "x has no noise");
    pulse_all(&f, 0.1f, 1);
    for (size_t i = 0; i < CELLS; i++)
        f.scratch[i] = f.bank.leg[0].seen[i] - f.bank.leg[0].x[i];
    m = moments_of(f.scratch, CELLS);
    spread(m.sd, 0.05, "again");
    const double w = (double)(f.bank.leg[0].seen[5] - f.bank.leg[1].seen[5]) * 12 / 13;
    near((double)f.bank.weight[5], w, 1e-5, "weight is what is read");
    nd_arena_free(&f.arena);
}

static void devices_wear_out(void **state)
{
    (void)state;
    fixture f;
    open_bank(&f, "constant-step", "endurance=3", 2, 16, false);
    fill(&f, f.bank.leg[0].x, 0.0f);
    for (uint32_t t = 0; t < 6; t++)
        pulse_all(&f, 0.1f, t);
    near((double)f.bank.leg[0].x[0], 0.3, 1e-5, "three pulses");
    near((double)f.bank.leg[0].wear[0], 3, 0, "wear");
    nd_arena_free(&f.arena);
    open_bank(&f, "constant-step", "endurance=1000 endurance_sd=0.5", K, N, false);
    const moments m = moments_of(f.bank.leg[1].life, CELLS);
    near(m.mean, 1000, 0.01, "endurance");
    spread(m.sd, 500, "sd of endurance");
    nd_arena_free(&f.arena);
}

static void wear_is_told(void **state)
{
    (void)state;
    fixture f;
    nd_wear w;
    open_bank(&f, "constant-step", "endurance=50 stuck_min=0.1", 100, 90, false);
    for (uint32_t t = 0; t < 100; t++) { /* row i gets i pulses, of which 50 count */
        for (size_t i = 0; i < cells(&f); i++)
            f.pulse[i] = i / ND_LANES % 100 > t ? 1e-5f : 0.0f;
        nd_bank_pulse(&f.bank, f.pulse, (nd_at){.seed = 1, .batch = t});
    }
    assert_true(nd_wear_of(&f.bank, 1, &w));
    assert_int_equal(w.devices, 2 * 100 * 90);
    near((double)w.stuck / (double)w.devices, 0.1, 0.1, "stuck");
    near((double)w.worn / (double)w.devices, 0.9 * 0.5, 0.03, "worn");
    near(w.max, 50, 0, "max");
    near(w.sum / (double)w.devices, 0.9 * (0.5 * 50 + 0.5 * 24.5), 0.03, "mean");
    near(nd_wear_quantile(&w, 0.1 + 0.9 * 0.25), 25, 0.1, "quantile");
    near(nd_wear_quantile(&w, 1), 50, 0, "last");
    nd_arena_free(&f.arena);
    open_bank(&f, "constant-step", "", 3, 3, false);
    assert_false(nd_wear_of(&f.bank, 1, &w));
    nd_arena_free(&f.arena);
}

/* ---- synapses ---- */

static void single_devices_count_from_their_reference(void **state)
{
    (void)state;
    fixture f;
    open_bank(&f, "constant-step", "synapse=single gain=2 ratio=1000000 reference=0.3", 2,
              16, true);
    assert_true(fabs((double)f.bank.weight[0]) < 1e-6); /* a bias starts at 0 */
    pulse_all(&f, 0.1f, 0);
    near((double)f.bank.weight[0], 0.2, 1e-5, "up");
    pulse_all(&f, -0.3f, 1);
    near((double)f.bank.weight[0], -0.4, 1e-5, "down");
    near(f.bank.type->slope(&f.p), 2, 1e-5, "slope");
    nd_arena_free(&f.arena);
    open_bank(&f, "constant-step",
              "synapse=single reference_sd=0.05 ratio=1000000 init_sd=0", K, N, false);
    const moments m = moments_of(f.bank.weight, CELLS);
    spread(m.sd, 0.05, "reference_sd");
    nd_arena_free(&f.arena);
}

/* Weights of soft-bounds-reference are 0 where the device's own steps are equal: pulses up
 * and down in turn lead there, whatever its steps are. */
static void references_are_symmetry_points(void **state)
{
    (void)state;
    for (int single = 0; single < 2; single++) {
        fixture f;
        open_bank(&f, "soft-bounds-reference",
                  single ? "d2d=0.3 asymmetry=0.1 synapse=single d2d_bounds=0.1"
                         : "d2d=0.3 d2d_asymmetry=0.1",
                  16, 16, false);
        for (uint32_t t = 0; t < 4000; t++)
            pulse_all(&f, t % 2 ? -0.005f : 0.005f, t);
        const moments m = moments_of(f.bank.weight, 256);
        assert_true(fabs(m.low) < 0.02 && fabs(m.high) < 0.02);
        nd_arena_free(&f.arena);
    }
}

static void one_sided_pairs_only_rise_and_are_refreshed(void **state)
{
    (void)state;
    fixture f;
    float wanted[32] = {0};
    open_bank(&f, "constant-step", "synapse=one-sided ratio=1000000 program.width=0.1", 2,
              16, true);
    pulse_all(&f, 0.5f, 0);
    near((double)f.bank.weight[3], 0.5, 1e-5, "plus rises");
    pulse_all(&f, -0.3f, 1);
    near((double)f.bank.leg[1].x[3], 0.3, 1e-5, "minus rises");
    near((double)f.bank.leg[0].x[3], 0.5, 1e-5, "plus stays");
    pulse_all(&f, 0.3f, 2); /* .8 and .3 */
    nd_bank_program(&f.bank, wanted, f.scratch, (nd_at){.seed = 1});
    assert_int_equal(f.bank.refreshes, 32);
    near((double)f.bank.leg[0].x[3], 0.5, 1e-5, "difference stays");
    assert_true(f.bank.leg[1].x[3] == 0.0f);
    near((double)f.bank.weight[3], 0.5, 1e-5, "so does the weight");
    near(f.bank.type->slope(&f.p), 1, 1e-5, "slope");
    nd_arena_free(&f.arena);
}

static void several_devices_make_a_weight(void **state)
{
    (void)state;
    fixture f;
    float wanted[32] = {0};
    open_bank(&f, "constant-step",
              "per_weight=4 turns=in-turn ratio=1000000 program.width=0.04", 2, 16, true);
    wanted[0] = 1;
    for (uint32_t t = 0; t < 4; t++) {
        nd_bank_program(&f.bank, wanted, f.scratch, (nd_at){.seed = 1, .batch = t});
        for (uint32_t j = 0; j < 4; j++)
            near((double)f.bank.leg[2 * j].x[0], j <= t ? 0.54 : 0.5, 1e-5, "turn");
        near((double)f.bank.weight[0], 0.02 * (t + 1), 1e-4, "mean of pairs");
    }
    near(f.bank.type->slope(&f.p), 0.5, 1e-5, "slope");
    nd_arena_free(&f.arena);
    /* all of them: noise averages out */
    open_bank(&f, "constant-step", "per_weight=4 c2c=0.02 ratio=1000000", K, N, true);
    pulse_all(&f, 1e-6f, 0);
    const moments m = moments_of(f.bank.weight, CELLS);
    spread(m.sd, 0.02 * sqrt(2) / 2, "sd of the mean of four pairs");
    nd_arena_free(&f.arena);
}

static void assigned_weights_are_there(void **state)
{
    (void)state;
    static const char *const synapses[] = {"gain=1.5", "synapse=single gain=4",
                                           "synapse=one-sided gain=1.5", "per_weight=3"};
    for (int s = 0; s < 4; s++)
        for (int reference = 0; reference < 2; reference++) {
            fixture f;
            char settings[120];
            snprintf(settings, sizeof settings, "%s%s", synapses[s],
                     reference ? " d2d=0.2 d2d_bounds=0.02" : "");
            open_bank(&f, reference ? "soft-bounds-reference" : "ernoult", settings, 4, 16,
                      false);
            for (int i = 0; i < 64; i++)
                f.pulse[i] = (float)(i - 32) / 80;
            f.bank.type->assign(&f.bank, f.pulse);
            for (int i = 0; i < 64; i++) {
                if (reference && s == 2) continue; /* refused: two zeros */
                assert_true(fabs((double)(f.bank.weight[i] - f.pulse[i])) < 2e-6);
            }
            nd_arena_free(&f.arena);
        }
}

/* ---- reading ---- */

static void weights_are_read_with_so_many_bits(void **state)
{
    (void)state;
    fixture f, exact;
    open_bank(&exact, "ernoult", "gain=1.5", 16, 20, false);
    open_bank(&f, "ernoult", "gain=1.5 read.weight_bits=4", 16, 20, false);
    const double step = 1.5 * 12 / 13 / 7; /* 15 values */
    for (uint32_t t = 0; t < 2; t++) {     /* at first, and after an update */
        for (size_t i = 0; i < cells(&f); i++) {
            const double w = (double)f.bank.weight[i] / step;
            assert_true(fabs(w - rint(w)) < 1e-5);
            assert_true(fabs((double)(f.bank.weight[i] - exact.bank.weight[i])) <
                        0.5001 * step);
        }
        pulse_all(&f, 0.1f, t), pulse_all(&exact, 0.1f, t);
    }
    assert_memory_equal(f.bank.leg[0].x, exact.bank.leg[0].x, cells(&f) * sizeof(float));
    nd_arena_free(&f.arena), nd_arena_free(&exact.arena);
}

/* Column 0 at G_max and column 1 at half: rows lose the parabola's share of 20 % and 10 %. */
static void lines_lose_voltage(void **state)
{
    (void)state;
    fixture f;
    open_bank(&f, "constant-step", "synapse=single reference=0 read.ir_drop=0.2", 10, 2,
              false);
    for (size_t i = 0; i < 10; i++) {
        f.bank.leg[0].x[nd_panel_at(10, i, 0)] = 1.0f;
        f.bank.leg[0].x[nd_panel_at(10, i, 1)] = 0.5f;
    }
    fill(&f, f.pulse, 0);
    f.bank.type->pulse(&f.bank, f.pulse, (nd_at){.seed = 1});
    for (size_t i = 0; i < 10; i++)
        for (size_t j = 0; j < 2; j++) {
            const double x = j ? 0.5 : 1, u = 1 - (double)(i + 1) / 10;
            near((double)f.bank.weight[nd_panel_at(10, i, j)],
                 12.0 / 13 * x * (1 - 0.2 * x * (1 - u * u)), 1e-5, "what is left");
        }
    nd_arena_free(&f.arena);
}

/* ---- what makes no sense ---- */

static void nonsense_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *type, *settings, *says;
    } cases[] = {
        {"constant-step", "step=0.1 program.width=0.01", "device.step"},
        {"constant-step", "c2c=0.1 c2c_kind=sqrt", "device.step"},
        {"constant-step", "d2d_shape=0.1", "non-linearity"},
        {"neurosim", "nl_up=0 d2d_shape=0.1 d2d_shape_kind=log-normal", "d2d_shape_kind"},
        {"ernoult", "turns=in-turn", "per_weight"},
        {"ernoult", "synapse=single d2d_per=pair d2d=0.1", "d2d_per"},
        {"soft-bounds-reference", "synapse=one-sided", "symmetry"},
        {"ernoult", "synapse=one-sided refresh_low=0.8", "refresh_low"},
        {"ernoult", "synapse=one-sided asymmetry=0.1", "asymmetry"},
        {"ernoult", "reference_sd=0.1", "reference_sd"},
        {"ernoult", "stuck_min=0.5 stuck_max=0.5", "stuck_min"},
        {"ernoult", "levels=1", "device.levels"},
        {"ernoult", "read.weight_bits=1", "weight_bits"},
        {"ernoult", "endurance_sd=1", "endurance_sd"},
        {"piecewise", "curve_up=[0,0] curve_down=[0,0]", "middle of its range"},
        {"ernoult", "levels=16 program.width=0.001", "level"},
    };
    fixture f;
    nd_err err = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        open_bank(&f, cases[i].type, cases[i].settings, 1, 1, false);
        assert_int_equal(nd_device_check(&f.p, &err), ND_EINPUT);
        if (!strstr(err.message, cases[i].says)) fail_msg("%s", err.message);
        nd_arena_free(&f.arena);
        if (strstr(cases[i].settings, "curve"))
            continue; /* an ideal weight has none of it */
        set(&f.p, "device.kind", "ideal");
        assert_int_equal(nd_device_check(&f.p, &err), ND_OK);
    }
    for (int l = 0; l < N_LAWS; l++) { /* and sense is not */
        open_bank(&f, laws[l].type, laws[l].settings, 1, 1, false);
        assert_int_equal(nd_device_check(&f.p, &err), ND_OK);
        nd_arena_free(&f.arena);
    }
    const nd_preset *preset;
    for (size_t i = 0; (preset = nd_preset_at(i)); i++) {
        nd_params_defaults(&f.p);
        f.p.device_preset = (int64_t)i;
        nd_preset_apply(&f.p, NULL);
        if (nd_device_check(&f.p, &err) != ND_OK)
            fail_msg("%s: %s", preset->name, err.message);
    }
}

int main(void)
{
    nd_err err = {0};
    if (nd_kern_choose(&err) != ND_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_follow_their_formulas),
        cmocka_unit_test(rates_are_steps),
        cmocka_unit_test(nl_labels_are_neurosims),
        cmocka_unit_test(exponential_pulses_compose_and_span),
        cmocka_unit_test(wide_pulses_are_trains),
        cmocka_unit_test(symmetry_points),
        cmocka_unit_test(cycle_noise_of_each_kind),
        cmocka_unit_test(steps_vary_as_asked),
        cmocka_unit_test(asymmetry_is_shared_out),
        cmocka_unit_test(shapes_vary_as_asked),
        cmocka_unit_test(bounds_vary_as_asked),
        cmocka_unit_test(levels_are_counted),
        cmocka_unit_test(stuck_devices_stay),
        cmocka_unit_test(devices_relax_and_drift),
        cmocka_unit_test(write_noise_stays_until_the_next_pulse),
        cmocka_unit_test(devices_wear_out),
        cmocka_unit_test(wear_is_told),
        cmocka_unit_test(single_devices_count_from_their_reference),
        cmocka_unit_test(references_are_symmetry_points),
        cmocka_unit_test(one_sided_pairs_only_rise_and_are_refreshed),
        cmocka_unit_test(several_devices_make_a_weight),
        cmocka_unit_test(assigned_weights_are_there),
        cmocka_unit_test(weights_are_read_with_so_many_bits),
        cmocka_unit_test(lines_lose_voltage),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
