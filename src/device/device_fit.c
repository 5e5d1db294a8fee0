/* device_fit.c -- the analytic types nearest to a measured pulse response.
 *
 * All types say how a step depends on the conductance: step = m f(x; shape), one m and, but
 * for ernoult, one shape for each direction. For a shape m is a linear least-squares problem;
 * the shape itself is searched for on a grid and then by golden sections. exp-step has two
 * linear factors, m and m A. */
#include "device_impl.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The steps of both directions. */
typedef struct data {
    size_t n;
    double *x, *step; /* (n), > 0 where it goes the pulse's way */
    bool *up;
    double square; /* sum of step^2 */
} data;

static nd_code gather(const nd_response *r, data *d, nd_err *err)
{
    *d = (data){.x = calloc(r->n, sizeof(double)),
                .step = calloc(r->n, sizeof(double)),
                .up = calloc(r->n, sizeof(bool))};
    if (!d->x || !d->step || !d->up)
        return ND_FAIL(err, ND_ENOMEM, "no memory for %zu steps", r->n);
    for (size_t i = 0; i + 1 < r->n; i++) {
        if (!nd_response_step(r, i, &d->x[d->n], &d->step[d->n])) continue;
        d->up[d->n] = r->pulses[i + 1] > 0;
        d->square += d->step[d->n] * d->step[d->n];
        d->n++;
    }
    return ND_OK;
}

static void drop(data *d)
{
    free(d->x), free(d->step), free(d->up);
}

/* What a direction's steps are by its constants, and the rest that is left. */
typedef struct side {
    double shape, m, A, rest;
} side;

/* The rest with the best m for steps of `up` (or of both: either), by the law's rates. */
static double rest_of(const data *d, const nd_law *law, const nd_params *p, double shape,
                      bool up, double *m)
{
    double k[ND_LAW_K], fs = 0, ff = 0, ss = 0;
    law->curve(p, shape, up, k);
    for (size_t i = 0; i < d->n; i++) {
        if (d->up[i] != up) continue;
        const double f = nd_law_rate_of(law, k, up ? d->x[i] : 1 - d->x[i]);
        fs += f * d->step[i], ff += f * f, ss += d->step[i] * d->step[i];
    }
    *m = ff > 0 ? fmax(0, fs / ff) : 0;
    return ss - 2 * *m * fs + *m * *m * ff;
}

/* step = m - c exp(g y): m and c by least squares, A = c/m. */
static double rest_exponential(const data *d, double g, bool up, double *m, double *A)
{
    double n = 0, e = 0, ee = 0, s = 0, es = 0, ss = 0;
    for (size_t i = 0; i < d->n; i++) {
        if (d->up[i] != up) continue;
        const double y = up ? d->x[i] : 1 - d->x[i], f = exp(g * y);
        n++, e += f, ee += f * f, s += d->step[i], es += f * d->step[i];
        ss += d->step[i] * d->step[i];
    }
    const double det = n * ee - e * e;
    *m = det > 0 ? (ee * s - e * es) / det : s / n;
    const double c = det > 0 ? (e * s - n * es) / det : 0;
    *A = c / *m;
    return *m > 0 ? ss - *m * s + c * es : ss; /* a step in no direction is no fit */
}

/* What is searched over: a shape of one direction, or of both at once. */
typedef struct search {
    const data *d;
    const nd_law *law;
    const nd_params *p;
    bool up, both;
    double a; /* of exp-step: its sign */
} search;

static double rest_at(const search *s, double shape, side *out)
{
    side best = {.shape = shape};
    if (s->law->id == ND_LAW_SATURATING) {
        best.rest = rest_exponential(s->d, 2 * s->a * shape, s->up, &best.m, &best.A);
        best.A *= exp(shape * s->a);
        if (!(fabs(best.A) <= 1000)) best.rest = HUGE_VAL; /* what exp_A_* may be */
    } else {
        double other;
        best.rest = rest_of(s->d, s->law, s->p, shape, s->up, &best.m);
        if (s->both) best.rest += rest_of(s->d, s->law, s->p, shape, !s->up, &other);
    }
    *out = best;
    return best.rest;
}

static side smallest(const search *s, double lo, double hi)
{
    enum { GRID = 100, SECTIONS = 50 };
    static const double golden = 0.6180339887498949;
    side best, now;
    size_t at = 0;
    for (size_t i = 0; i <= GRID; i++) {
        const double rest = rest_at(s, lo + (hi - lo) * (double)i / GRID, &now);
        if (i == 0 || rest < best.rest) best = now, at = i;
    }
    double a = lo + (hi - lo) * (double)(at ? at - 1 : 0) / GRID;
    double b = lo + (hi - lo) * (double)(at < GRID ? at + 1 : GRID) / GRID;
    for (int i = 0; i < SECTIONS; i++) {
        const double x = b - golden * (b - a), y = a + golden * (b - a);
        side left, right;
        if (rest_at(s, x, &left) < rest_at(s, y, &right))
            b = y;
        else
            a = x;
        if (left.rest < best.rest) best = left;
        if (right.rest < best.rest) best = right;
    }
    return best;
}

/* ---- types ---- */

static void put_sides(nd_device_fit *f, const data *d, const side s[2])
{
    assert(f); /* clang-tidy takes it for NULL where the shapes are */
    const double sum = s[1].m + s[0].m;
    f->p.program_width = fmin(1, fmax(1e-9, sum / 2));
    f->p.device_asymmetry = sum > 0 ? (s[1].m - s[0].m) / sum : 0;
    f->rest = sqrt(fmax(0, s[1].rest + s[0].rest) / d->square);
}

static void fit_ernoult(const data *d, nd_device_fit *f)
{
    const nd_law *law = &nd_law_ernoult;
    search s = {.d = d, .law = law, .p = &f->p, .up = true, .both = true};
    side both[2];
    f->p.device_beta = smallest(&s, 0.001, 15).shape;
    for (int up = 0; up < 2; up++)
        both[up].rest = rest_of(d, law, &f->p, f->p.device_beta, up, &both[up].m);
    put_sides(f, d, both);
}

static void fit_sides(const data *d, nd_device_fit *f, const nd_law *law, double lo,
                      double hi, double *up_shape, double *down_shape)
{
    side both[2];
    for (int up = 0; up < 2; up++) {
        const search s = {.d = d, .law = law, .p = &f->p, .up = up};
        both[up] = smallest(&s, lo, hi);
        if (up_shape) *(up ? up_shape : down_shape) = both[up].shape;
    }
    put_sides(f, d, both);
}

static void fit_neurosim(const data *d, nd_device_fit *f)
{
    double down = 0;
    fit_sides(d, f, &nd_law_neurosim, -9, 9, &f->p.device_nl_up, &down);
    f->p.device_nl_down = -down;
}
static void fit_constant(const data *d, nd_device_fit *f)
{
    fit_sides(d, f, &nd_law_constant_step, 0, 1, NULL, NULL);
}
static void fit_soft(const data *d, nd_device_fit *f)
{
    fit_sides(d, f, &nd_law_soft_bounds, 0, 1, NULL, NULL);
}
static void fit_linear(const data *d, nd_device_fit *f)
{
    nd_params *p = &f->p;
    fit_sides(d, f, &nd_law_linear_step, -10, 1, &p->device_linear_up,
              &p->device_linear_down);
}
static void fit_power(const data *d, nd_device_fit *f)
{
    fit_sides(d, f, &nd_law_pow_step, 0, 20, &f->p.device_power_up,
              &f->p.device_power_down);
}

/* b = 0, and a = 1/2 or -1/2, whichever leaves less: A of the formula is then
 * A exp(gamma a). */
static void fit_exponential(const data *d, nd_device_fit *f)
{
    nd_device_fit best = {.rest = HUGE_VAL};
    for (int sign = -1; sign <= 1; sign += 2) {
        nd_device_fit now = *f;
        side both[2];
        now.p.device_exp_a = 0.5 * sign, now.p.device_exp_b = 0;
        for (int up = 0; up < 2; up++) {
            const search s = {
                .d = d, .law = &nd_law_exp_step, .p = &now.p, .up = up, .a = 0.5 * sign};
            both[up] = smallest(&s, 0.01, 20);
            *(up ? &now.p.device_exp_up : &now.p.device_exp_down) = both[up].shape;
            *(up ? &now.p.device_exp_A_up : &now.p.device_exp_A_down) = both[up].A;
        }
        put_sides(&now, d, both);
        if (now.rest < best.rest) best = now;
    }
    *f = best;
}

/* shapes: of two types as near as each other the simpler one comes first, 1 % for each. */
static const struct {
    nd_device_id kind;
    int shapes;
    void (*fit)(const data *d, nd_device_fit *f);
} types[ND_FITS] = {
    {ND_DEVICE_ernoult, 1, fit_ernoult},        {ND_DEVICE_neurosim, 2, fit_neurosim},
    {ND_DEVICE_constant_step, 0, fit_constant}, {ND_DEVICE_linear_step, 2, fit_linear},
    {ND_DEVICE_soft_bounds, 0, fit_soft},       {ND_DEVICE_exp_step, 4, fit_exponential},
    {ND_DEVICE_pow_step, 2, fit_power},
};

static double price(const nd_device_fit *f)
{
    int shapes = 0;
    for (size_t i = 0; i < ND_FITS; i++)
        if ((int64_t)types[i].kind == f->p.device_kind) shapes = types[i].shapes;
    return f->rest * (1 + 0.01 * shapes);
}

static int by_rest(const void *a, const void *b)
{
    const nd_device_fit *x = a, *y = b;
    return (price(x) > price(y)) - (price(x) < price(y));
}

nd_code nd_device_fit_all(const nd_response *r, nd_device_fit fit[ND_FITS], nd_err *err)
{
    data d;
    nd_code code = gather(r, &d, err);
    for (size_t i = 0; code == ND_OK && i < ND_FITS; i++) {
        nd_params_defaults(&fit[i].p);
        fit[i].p.device_kind = types[i].kind;
        if (r->lowest > 0) fit[i].p.device_ratio = fmax(1.0001, r->highest / r->lowest);
        types[i].fit(&d, &fit[i]);
    }
    if (code == ND_OK) qsort(fit, ND_FITS, sizeof *fit, by_rest);
    drop(&d);
    return code;
}
