/* optimiser.c -- learning rates in time, and the rows of optimisers.def. */
#include "nudge/optimiser.h"

#include "nudge/kern.h"

#include <math.h>

/* What the kernel of a row needs besides the arrays, for its step t = 1, 2, ... */
static void sgd(nd_descent *d, const nd_params *p, uint64_t t)
{
    (void)p, (void)t;
    nd_kern()->sgd(d);
}

static void momentum(nd_descent *d, const nd_params *p, uint64_t t)
{
    (void)t;
    d->keep_m = (float)p->train_momentum;
    nd_kern()->momentum(d);
}

/* The moments start at 0; dividing by 1 - beta^t makes them means all the same, with the
 * betas as the kernel has them: 1 - beta2 would be off by 1e-5 otherwise. */
static void adam(nd_descent *d, const nd_params *p, uint64_t t)
{
    d->keep_m = (float)p->train_adam_beta1;
    d->keep_v = (float)p->train_adam_beta2;
    d->rate = (float)((double)d->rate / (1.0 - pow((double)d->keep_m, (double)t)));
    d->root_v = (float)(1.0 / sqrt(1.0 - pow((double)d->keep_v, (double)t)));
    d->eps = (float)p->train_adam_eps;
    nd_kern()->adam(d);
}

static const struct {
    int moments;
    void (*step)(nd_descent *d, const nd_params *p, uint64_t t);
} rows[] = {
#define O(id, name, moments, help, source) {moments, id},
#include "nudge/optimisers.def"
#undef O
};

void nd_optimiser_take(nd_optimiser *o, const nd_params *p, size_t n, nd_arena *a)
{
    const int moments = rows[p->train_optimiser].moments;
    *o = (nd_optimiser){0};
    if (moments > 0) o->m = nd_arena_take(a, n, sizeof *o->m);
    if (moments > 1) o->v = nd_arena_take(a, n, sizeof *o->v);
}

/* One value serves all. */
static double value_of(const nd_reals *list, size_t i)
{
    return list->v[list->n == 1 ? 0 : i];
}

double nd_optimiser_rate(const nd_params *p, size_t i, uint32_t epoch)
{
    const double pi = 3.14159265358979323846;
    const double rate = value_of(&p->train_rates, i), end = p->train_rate_end;
    const int64_t span =
        p->train_schedule_epochs ? p->train_schedule_epochs : p->train_epochs;
    const int64_t passed = epoch ? (int64_t)epoch - 1 : 0;
    if (p->train_schedule == ND_SCHEDULE_CONSTANT || passed == 0 || span == 0) return rate;
    const int64_t steps = passed / span;
    if (p->train_schedule == ND_SCHEDULE_STEP)
        return rate * pow(p->train_rate_factor, (double)steps);
    if (passed >= span) return end;
    return end + (rate - end) * (1.0 + cos(pi * (double)passed / (double)span)) / 2.0;
}

bool nd_optimiser_plain(const nd_params *p, size_t i)
{
    return p->train_optimiser == ND_OPTIMISER_sgd && value_of(&p->train_decay, i) == 0;
}

void nd_optimiser_step(nd_optimiser *o, const nd_params *p, size_t i, bool bias,
                       uint32_t epoch, size_t n, const float *weight, float *change)
{
    const bool decays = !bias || p->train_decay_on == ND_DECAY_ON_ALL;
    nd_descent d = {.n = n,
                    .weight = weight,
                    .change = change,
                    .m = o->m,
                    .v = o->v,
                    .rate = (float)nd_optimiser_rate(p, i, epoch),
                    .decay = decays ? (float)value_of(&p->train_decay, i) : 0.0f};
    rows[p->train_optimiser].step(&d, p, ++o->steps);
}
