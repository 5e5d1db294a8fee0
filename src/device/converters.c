/* converters.c -- digital-to-analogue and analogue-to-digital converters of crossbars. The
 * way of counting values is aihwkit's, as are the default ranges, though there inputs and
 * sums are scaled again for each product (noise and bound management), and here never. */
#include "nudge/converters.h"

#include "nudge/device.h"

#include <math.h>
#include <string.h>

bool nd_converts(const nd_params *p)
{
    return p->read_dac_bits || p->read_adc_bits;
}

nd_code nd_converters_check(const nd_params *p, nd_err *err)
{
    if (p->read_adc_bits == 1)
        return ND_FAIL(err, ND_EINPUT,
                       "read.adc_bits is 1: all sums would read as 0; take 2 or more, or 0 "
                       "for exact sums");
    if (p->read_dac_bits == 1)
        return ND_FAIL(
            err, ND_EINPUT,
            "read.dac_bits is 1: nothing but 0 would enter a crossbar; take 2 or "
            "more, or 0 for exact inputs");
    return ND_OK;
}

static nd_converter converter(int64_t bits, double range)
{
    if (!bits) return (nd_converter){0};
    return (nd_converter){(float)(exp2((double)bits - 1) - 1), (float)range};
}

/* Ideal weights have no bounds: 1 stands for the largest. */
static double largest_weight(const nd_params *p)
{
    return p->device_kind == ND_DEVICE_ideal ? 1 : p->device_gain * nd_device_range(p);
}

void nd_converters_take(nd_converters *c, const nd_params *p, size_t rows, size_t widest,
                        nd_arena *a)
{
    *c = (nd_converters){
        .dac = converter(p->read_dac_bits, p->read_dac_range),
        .adc = converter(p->read_adc_bits, p->read_adc_range * largest_weight(p))};
    if (nd_converters_are_ideal(c)) return;
    c->in = nd_arena_take(a, rows * widest, sizeof *c->in);
    c->sum = nd_arena_take(a, rows * widest, sizeof *c->sum);
    c->zero = nd_arena_take(a, widest, sizeof *c->zero);
}

const float *nd_convert_states(const nd_converters *c, size_t n, const float *s)
{
    if (c->dac.levels <= 0) return s;
    memcpy(c->in, s, n * sizeof *s);
    nd_kern()->quantise(n, c->dac.levels, c->dac.range, c->in);
    return c->in;
}

void nd_convert_sums(const nd_converters *c, size_t n, float *sum)
{
    if (c->adc.levels > 0) nd_kern()->quantise(n, c->adc.levels, c->adc.range, sum);
}

/* c->sum (B, ld) = one term through its converters. */
static void convert_term(const nd_converters *c, const nd_affine *a, const nd_term *term)
{
    nd_affine one = {
        .B = a->B, .n = a->n, .drive = c->zero, .terms = 1, .term = {*term}, .out = c->sum};
    one.term[0].s = nd_convert_states(c, a->B * term->ld, term->s);
    nd_kern()->affine(&one);
    nd_convert_sums(c, a->B * nd_ld(a->n), c->sum);
}

void nd_convert_affine(const nd_converters *c, const nd_affine *a)
{
    const size_t ld = nd_ld(a->n);
    if (nd_converters_are_ideal(c)) {
        nd_kern()->affine(a);
        return;
    }
    for (size_t b = 0; b < a->B && a->drive != a->out; b++)
        memcpy(a->out + b * ld, a->drive + b * a->drive_ld, ld * sizeof *a->out);
    for (int t = 0; t < a->terms; t++) {
        convert_term(c, a, &a->term[t]);
        nd_kern()->add(a->B * ld, c->sum, a->out);
    }
}
