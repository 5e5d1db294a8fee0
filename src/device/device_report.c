/* device_report.c -- a type of device by itself: its answer to a train of pulses up and then
 * down, where its steps are equal, and how large and how certain they are. Measured on banks
 * like those that networks are made of. */
#include "device_impl.h"

#include <math.h>

/* A bank of k x n single devices: leg 0 is all there is to look at. */
typedef struct sample {
    nd_params p;
    nd_bank bank;
    nd_arena arena;
    float *pulse;
} sample;

static void take(sample *s, size_t k, size_t n, nd_arena *a)
{
    nd_bank_take(&s->bank, &s->p, k, n, 0, false, a);
    s->pulse = nd_arena_take(a, nd_panels(k, n), sizeof *s->pulse);
}

static nd_code open_sample(sample *s, const nd_params *p, size_t k, size_t n, nd_err *err)
{
    *s = (sample){.p = *p};
    s->p.device_synapse = ND_SYNAPSE_SINGLE;
    s->p.device_d2d_per = ND_SPREAD_DEVICE;
    s->p.device_per_weight = 1;
    s->p.device_turns = ND_TURNS_ALL;
    s->p.program_scheme = ND_PROGRAM_cst;
    nd_arena measure = {0};
    take(s, k, n, &measure);
    ND_TRY(nd_arena_new(&s->arena, measure.used, err));
    take(s, k, n, &s->arena);
    s->bank.type->init(&s->bank, k);
    return ND_OK;
}

static void fill(sample *s, float *x, double value)
{
    for (size_t i = 0; i < nd_bank_cells(&s->bank); i++)
        x[i] = (float)value;
}

static void pulse(sample *s, double width, uint32_t when)
{
    fill(s, s->pulse, width);
    const nd_at at = {
        .seed = (uint64_t)s->p.train_seed, .stream = ND_STREAM_CYCLE, .batch = when};
    nd_bank_pulse(&s->bank, s->pulse, at);
}

/* The same device without what differs from device to device, or from cycle to cycle. */
static nd_params alike(nd_params p)
{
    p.device_d2d = p.device_d2d_shape = p.device_d2d_bounds = p.device_d2d_asymmetry = 0;
    p.device_stuck_min = p.device_stuck_max = p.device_stuck_random = 0;
    p.device_endurance = p.device_endurance_sd = p.device_drift_sd = 0;
    return p;
}
static nd_params quiet(nd_params p)
{
    p = alike(p);
    p.device_c2c = p.device_write_noise = 0;
    return p;
}

/* Readings of one device from G_min, as r says how many pulses apart. */
static nd_code follow(const nd_params *p, const nd_device_report *r, double *x, nd_err *err)
{
    sample s;
    uint32_t when = 0;
    ND_TRY(open_sample(&s, p, 1, 1, err));
    const nd_leg *leg = &s.bank.leg[0];
    fill(&s, leg->x, 0);
    x[0] = 0;
    for (size_t i = 1; i < r->n; i++) {
        for (size_t k = 0; k < r->apart; k++)
            pulse(&s, i <= r->n / 2 ? r->width : -r->width, when++);
        x[i] = (double)(leg->seen ? leg->seen : leg->x)[0];
    }
    nd_arena_free(&s.arena);
    return ND_OK;
}

/* Mean and sd of what a pulse does to many devices at x; those that are stuck are left out.
 */
static void step_at(sample *s, double x, double width, uint32_t when, double *mean,
                    double *sd)
{
    const nd_leg *leg = &s->bank.leg[0];
    double n = 0, sum = 0, square = 0;
    fill(s, leg->x, x);
    pulse(s, width, when);
    for (size_t i = 0; i < nd_bank_cells(&s->bank); i++) {
        if (leg->life && leg->life[i] <= 0.0f) continue;
        const double d = (double)leg->x[i] - (double)(float)x;
        n++, sum += d, square += d * d;
    }
    *mean = n > 0 ? sum / n : (double)NAN;
    *sd = n > 0 ? sqrt(fmax(0, square / n - *mean * *mean)) : (double)NAN;
}

static nd_code measure_steps(const nd_params *p, nd_device_report *r, nd_err *err)
{
    enum { K = 256, N = 16 };
    const nd_params versions[] = {quiet(*p), alike(*p), *p};
    for (int v = 0; v < 3; v++) {
        sample s;
        ND_TRY(open_sample(&s, &versions[v], K, N, err));
        for (uint32_t i = 0; i < ND_REPORT_STEPS; i++)
            for (int up = 0; up < 2; up++) {
                nd_device_step *row = &r->step[i];
                double mean, sd;
                row->x = (i + 0.5) / ND_REPORT_STEPS;
                step_at(&s, row->x, up ? r->width : -r->width, 2 * i + (uint32_t)up, &mean,
                        &sd);
                if (v == 0) *(up ? &row->up : &row->down) = mean;
                if (v == 1) *(up ? &row->up_cycle : &row->down_cycle) = sd;
                if (v == 2) *(up ? &row->up_all : &row->down_all) = sd;
            }
        nd_arena_free(&s.arena);
    }
    return ND_OK;
}

nd_code nd_device_report_of(const nd_params *p, nd_device_report *r, nd_err *err)
{
    enum { PULSES_MIN = 20, PULSES_MAX = 20000, HALF = ND_REPORT_POINTS / 2 };
    const nd_device_ops *type = nd_device_at((nd_device_id)p->device_kind);
    *r = (nd_device_report){.n = 0};
    if (!type->law)
        return ND_FAIL(err, ND_EINPUT,
                       "an ideal weight has no pulse response; `nudge help devices` lists "
                       "the memristors");
    ND_TRY(nd_device_check(p, err));
    r->width = p->device_step > 0 ? p->device_step : p->program_width;
    const double pulses = fmin(PULSES_MAX, fmax(PULSES_MIN, ceil(1 / r->width)));
    r->apart = (size_t)ceil(pulses / HALF);
    const size_t half = (size_t)ceil(pulses / (double)r->apart);
    r->n = 2 * half + 1;
    r->symmetry = nd_law_symmetry(type->law, p);
    const nd_params mean = quiet(*p);
    ND_TRY(follow(&mean, r, r->mean, err));
    ND_TRY(follow(p, r, r->one, err));
    return measure_steps(p, r, err);
}
