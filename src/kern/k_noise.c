/* k_noise.c -- noise in time, cell by cell: sums of Ornstein-Uhlenbeck processes, and traps
 * that catch and release (noise_colour.h has the equations). */
#include "kern_impl.h"
#include "vec_math.h"

/* One block of random numbers, 16 counters of 4 words, serves 4 rows. Groups are counted
 * from the first row of the bank, so that rows never share numbers, wherever a run starts. */
enum { GROUP = 4 };

typedef struct span {
    uint32_t group;  /* number of the group            */
    size_t from, to; /* its rows in this run           */
    unsigned word;   /* of the first of them           */
} span;

ND_INLINE span span_of(const nd_rows *r, size_t row)
{
    const uint32_t at = r->first + (uint32_t)row;
    const unsigned word = at % GROUP;
    const size_t end = row + GROUP - word;
    return (span){at / GROUP, row, end < r->rows ? end : r->rows, word};
}

/* Adds process k of the rows of a span to sum. */
ND_INLINE void add_part(const nd_colouring *c, const v_keys *keys, size_t k, const span *s,
                        vf sum[GROUP])
{
    const nd_colour *colour = c->colour;
    const uint32_t every = colour->every[k];
    const bool due = c->fresh || ((uint32_t)c->moment + s->group) % every == 0;
    const vf keep = vf_set1(c->fresh ? 0.0f : colour->keep[k]);
    const vf kick = vf_set1(c->fresh ? 1.0f : colour->kick[k]);
    const vf sd = vf_set1(colour->sd[k]);
    float *const state = c->state + k * c->stride;
    vf normal[GROUP];
    if (due) {
        nd_at at = c->at;
        vi word[GROUP];
        at.epoch = (uint32_t)k, at.batch = (uint32_t)c->moment;
        v_philox(at, keys, s->group * ND_LANES, word);
        v_normal_s(GROUP / 2, word, normal);
    }
    for (size_t row = s->from, i = 0; row < s->to; row++, i++) {
        vf x = vf_load(state + row * ND_LANES);
        if (due) {
            x = vf_fma(kick, normal[i + s->word], vf_mul(keep, x));
            vf_store(state + row * ND_LANES, x);
        }
        sum[i] = vf_fma(sd, x, sum[i]);
    }
}

void ND_KERNEL(colour)(const nd_colouring *c)
{
    const v_keys keys = v_keys_of(c->at);
    const vf gain = vf_set1(c->gain), zero = vf_set1(0.0f);
    const vm real = vm_first(c->cells.lanes);
    for (size_t row = 0; row < c->cells.rows;) {
        const span s = span_of(&c->cells, row);
        vf sum[GROUP];
        for (int i = 0; i < GROUP; i++)
            sum[i] = zero;
        for (size_t k = 0; k < c->colour->parts; k++)
            add_part(c, &keys, k, &s, sum);
        for (size_t i = 0; row < s.to; row++, i++) {
            float *const out = c->out + row * ND_LANES;
            vf_store(out, vf_fma(gain, vf_sel(real, sum[i], zero), vf_load(out)));
        }
    }
}

void ND_KERNEL(telegraph)(const nd_traps *t)
{
    const v_keys keys = v_keys_of(t->at);
    const vf zero = vf_set1(0.0f), one = vf_set1(1.0f), none = vf_set1(-1.0f);
    const vf gain = vf_set1(t->gain), mean = vf_set1(t->rates.mean);
    const vf rise = vf_set1(t->rates.rise), fall = vf_set1(t->rates.fall);
    const vf share = vf_set1(t->share), high = vf_set1(t->share * t->rates.mean);
    const vm real = vm_first(t->cells.lanes);
    nd_at at = t->at;
    at.batch = (uint32_t)t->moment;
    for (size_t row = 0; row < t->cells.rows;) {
        const span s = span_of(&t->cells, row);
        vi word[GROUP];
        v_philox(at, &keys, s.group * ND_LANES, word);
        for (size_t i = s.word; row < s.to; row++, i++) {
            const vf u = v_unit(word[i]);
            vf x = vf_load(t->state + row * ND_LANES);
            if (t->fresh) {
                x = vf_sel(vf_lt(u, high), one, vf_sel(vf_lt(u, share), zero, none));
            } else {
                const vf rises = vf_sel(vf_lt(u, rise), one, zero);
                const vf stays = vf_sel(vf_lt(u, fall), zero, one);
                const vf next = vf_sel(vf_lt(zero, x), stays, rises);
                x = vf_sel(vf_lt(x, zero), none, next);
            }
            vf_store(t->state + row * ND_LANES, x);
            const vm trap = vm_and(real, vf_le(zero, x));
            float *const out = t->out + row * ND_LANES;
            const vf y = vf_sel(trap, vf_sub(x, mean), zero);
            vf_store(out, vf_fma(gain, y, vf_load(out)));
        }
    }
}
