/* k_program.c -- programming schemes, cell by cell: what was wanted of a weight, what is
 * remembered of it, and the pulse that follows (kern.h has the rules). */
#include "kern_impl.h"
#include "vec_math.h"

/* Runs `body` for i = 0, 16, ... with `lanes` (16, or what is left at the end). */
#define FOR_LANES(i, n, lanes)                                                             \
    for (size_t i = 0, lanes; (lanes = (n)-i < ND_LANES ? (n)-i : ND_LANES) && i < (n);    \
         i += ND_LANES)

/* -1, 0 or 1 */
ND_INLINE vf sign_of(vf x)
{
    const vf zero = vf_set1(0.0f);
    const vf down = vf_sel(vf_lt(x, zero), vf_set1(-1.0f), zero);
    return vf_sel(vf_lt(zero, x), vf_set1(1.0f), down);
}

/* Nearest whole number, halves to the even one; 2^22 at most. x >= 0. */
ND_INLINE vf nearest(vf x)
{
    x = vf_min(vf_set1(4194304.0f), x);
    return vf_sub(vf_add(x, vf_set1(ROUND_MAGIC)), vf_set1(ROUND_MAGIC));
}

void ND_KERNEL(rprop)(const nd_rprop *r)
{
    const vf zero = vf_set1(0.0f), undo = vf_set1(r->undo ? 1.0f : 0.0f);
    const vf grow = vf_set1(r->grow), shrink = vf_set1(r->shrink);
    const vf widest = vf_set1(r->widest), narrowest = vf_set1(r->narrowest);
    FOR_LANES(i, r->n, lanes)
    {
        const unsigned l = (unsigned)lanes;
        const vf sign = sign_of(vf_load_n(r->wanted + i, l));
        const vf before = vf_load_n(r->before + i, l), old = vf_load_n(r->width + i, l);
        const vf product = vf_mul(before, sign);
        const vm same = vf_lt(zero, product), other = vf_lt(product, zero);
        const vf wider = vf_min(vf_mul(old, grow), widest);
        const vf narrower = vf_max(vf_mul(old, shrink), narrowest);
        const vf width = vf_sel(same, wider, vf_sel(other, narrower, old));
        const vf back = vf_mul(undo, vf_mul(vf_sub(zero, before), old));
        vf_store_n(r->pulse + i, vf_sel(other, back, vf_mul(sign, width)), l);
        vf_store_n(r->width + i, width, l);
        vf_store_n(r->before + i, vf_sel(other, zero, sign), l);
    }
}

void ND_KERNEL(accumulate)(const nd_accumulation *a)
{
    const vf step = vf_set1(a->step), width = vf_set1(a->width);
    const vf most = vf_set1(a->most), gain = vf_set1(a->gain);
    FOR_LANES(i, a->n, lanes)
    {
        const unsigned l = (unsigned)lanes;
        vf chi = vf_fma(gain, vf_load_n(a->wanted + i, l), vf_load_n(a->chi + i, l));
        const vf size = vf_abs(vf_div(chi, step));
        vf pulses = vf_min(nearest(size), most);
        if (a->whole)
            pulses = vf_sel(vf_lt(size, pulses), vf_sub(pulses, vf_set1(1.0f)), pulses);
        pulses = vf_mul(sign_of(chi), pulses);
        vf_store_n(a->chi + i, vf_fnma(step, pulses, chi), l);
        vf_store_n(a->pulse + i, vf_mul(width, pulses), l);
    }
}

enum { SLOTS = 64 }; /* in one draw: 2^-64 is a float */

/* How many of n slots, n <= SLOTS, are taken, each with probability p <= 1/2: as many as
 * there are k with P(more than k) > u, for u uniform in (0, 1). P(more than 0) and P(0) are
 * built up along the bits of n, each so that it is precise where it is small. */
ND_INLINE vf binomial(unsigned n, vf p, vf u)
{
    const vf zero = vf_set1(0.0f), one = vf_set1(1.0f), two = vf_set1(2.0f);
    const vf q = vf_sub(one, p), odds = vf_div(p, q);
    vf more = zero, exactly = one, count = zero;
    for (unsigned bit = SLOTS; bit; bit /= 2) {
        more = vf_mul(more, vf_sub(two, more));
        exactly = vf_mul(exactly, exactly);
        if (!(n & bit)) continue;
        more = vf_fma(vf_sub(one, more), p, more);
        exactly = vf_mul(exactly, q);
    }
    for (unsigned k = 0; k < n; k++) {
        const vm above = vf_lt(u, more);
        if (!vm_count(above)) break;
        count = vf_add(count, vf_sel(above, one, zero));
        const vf next = vf_mul(odds, vf_set1((float)(n - k) / (float)(k + 1)));
        exactly = vf_mul(exactly, next);
        more = vf_sub(more, exactly);
    }
    return count;
}

/* A block of random numbers has four words for each cell: one for each draw. */
void ND_KERNEL(train)(const nd_train *t)
{
    const v_keys keys = v_keys_of(t->at);
    const vf zero = vf_set1(0.0f), one = vf_set1(1.0f), half = vf_set1(0.5f);
    const vf chance = vf_set1(t->chance), width = vf_set1(t->width);
    const vm real = vm_first(t->cells.lanes);
    for (size_t row = 0; row < t->cells.rows; row++) {
        const vf wanted = vf_load(t->wanted + row * ND_LANES);
        const vf p = vf_sel(real, vf_min(one, vf_mul(chance, vf_abs(wanted))), zero);
        const vm often = vf_lt(half, p); /* then the slots that are left out are drawn */
        const vf rare = vf_sel(often, vf_sub(one, p), p);
        vf count = zero;
        vi word[4];
        if (vm_count(vf_lt(zero, rare)))
            v_philox(t->at, &keys, (t->cells.first + (uint32_t)row) * ND_LANES, word);
        else
            for (int i = 0; i < 4; i++)
                word[i] = vi_set1(0);
        for (unsigned first = 0; first < t->slots; first += SLOTS) {
            const unsigned n = t->slots - first < SLOTS ? t->slots - first : SLOTS;
            count = vf_add(count, binomial(n, rare, v_unit(word[first / SLOTS])));
        }
        count = vf_sel(often, vf_sub(vf_set1((float)t->slots), count), count);
        vf_store(t->pulse + row * ND_LANES, vf_mul(vf_mul(width, sign_of(wanted)), count));
    }
}

/* Too short a pulse is followed by one of 3/2 the gain, too long a one by half of it. */
void ND_KERNEL(verify)(const nd_verification *v)
{
    const vf zero = vf_set1(0.0f), more = vf_set1(1.5f), less = vf_set1(-0.5f);
    const vf per_slope = vf_set1(v->per_slope), tolerance = vf_set1(v->tolerance);
    const vf widest = vf_set1(v->widest), down = vf_set1(-v->widest);
    FOR_LANES(i, v->n, lanes)
    {
        const unsigned l = (unsigned)lanes;
        const vf off = vf_sub(vf_load_n(v->target + i, l), vf_load_n(v->weight + i, l));
        const vm still = vf_lt(tolerance, vf_abs(off));
        const vf gain = vf_load_n(v->gain + i, l);
        const vm over = vf_lt(vf_mul(gain, off), zero);
        vf next = vf_mul(gain, vf_sel(over, less, more));
        if (v->fresh) next = sign_of(off);
        next = vf_sel(still, next, gain);
        const vf pulse = vf_mul(vf_mul(vf_abs(next), off), per_slope);
        const vf held = vf_max(down, vf_min(widest, pulse));
        vf_store_n(v->pulse + i, v->give_up ? zero : vf_sel(still, held, zero), l);
        vf_store_n(v->gain + i, next, l);
        if (!v->give_up) continue;
        const vf near = vf_max(vf_sub(zero, tolerance), vf_min(tolerance, off));
        const vf weight = vf_load_n(v->weight + i, l);
        vf_store_n(v->target + i, vf_add(weight, near), l);
    }
}
