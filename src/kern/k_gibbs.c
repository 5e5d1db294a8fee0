/* k_gibbs.c -- Boltzmann machines, unit by unit: the states of a layer given what drives
 * it, and sums over the labels that a hidden layer can see. */
#include "kern_impl.h"
#include "vec_math.h"

/* ---- units ---- */

/* Random numbers by block of 16, in the order of the kernels uniforms and normals: 16
 * counters make 4 blocks. */
typedef struct stream {
    v_keys keys;
    nd_at at;
    vi word[4];
    vf normal[4];
} stream;

ND_INLINE vf uniform(stream *r, size_t block)
{
    if (block % 4 == 0)
        v_philox(r->at, &r->keys, (uint32_t)(block / 4 * ND_LANES), r->word);
    return v_unit(r->word[block % 4]);
}

ND_INLINE vf normal(stream *r, size_t block)
{
    if (block % 4 == 0) {
        v_philox(r->at, &r->keys, (uint32_t)(block / 4 * ND_LANES), r->word);
        v_normal_s(2, r->word, r->normal);
    }
    return r->normal[block % 4];
}

/* x of n vectors becomes the expectation of units that it drives. */
ND_INLINE void expect_s(const int n, const nd_unit unit, vf beta, vf *x)
{
    const vf zero = vf_set1(0.0f), one = vf_set1(1.0f), half = vf_set1(0.5f);
    switch (unit) {
    case ND_UNIT_LOGISTIC:
        EACH x[i] = vf_sub(zero, vf_mul(beta, x[i]));
        vf_logistic_of_minus_s(n, x);
        return;
    case ND_UNIT_THRESHOLD:
        EACH x[i] = vf_sel(vf_lt(half, x[i]), one, zero);
        return;
    default:
        return;
    }
}

/* What is not real is padding; NULL: all is real. */
ND_INLINE void store_s(const int n, float *to, const vm *real, const vf *x)
{
    const vf zero = vf_set1(0.0f);
    EACH vf_store(to + i * ND_LANES, real ? vf_sel(*real, x[i], zero) : x[i]);
}

/* n vectors of row b from unit j on, which are the blocks of random numbers from `block`. */
ND_INLINE void some_units(const nd_units *u, const int n, stream *r, size_t block, size_t b,
                          size_t j, const vm *real, const nd_unit unit, const bool draw)
{
    const vf one = vf_set1(1.0f), zero = vf_set1(0.0f);
    const vf beta = vf_set1(u->beta ? u->beta[b] : 1.0f);
    const size_t o = b * u->ld + j;
    vf p[V_WIDE], s[V_WIDE];
    EACH p[i] = vf_load(u->x + b * u->x_ld + j + (size_t)i * ND_LANES);
    expect_s(n, unit, beta, p);
    EACH s[i] = p[i];
    if (draw && unit == ND_UNIT_GAUSSIAN)
        EACH s[i] = vf_add(p[i], vf_div(normal(r, block + (size_t)i), vf_sqrt(beta)));
    else if (draw)
        EACH s[i] = vf_sel(vf_lt(uniform(r, block + (size_t)i), p[i]), one, zero);
    if (u->p) store_s(n, u->p + o, real, p);
    if (u->s) store_s(n, u->s + o, real, s);
}

/* All units as if there were no group; `unit` and `draw` are constants after inlining. */
ND_INLINE void each_unit(const nd_units *u, const nd_unit unit, const bool draw)
{
    enum { WIDE = TOGETHER * ND_LANES };
    stream r = {.at = u->at};
    if (draw) r.keys = v_keys_of(u->at);
    for (size_t b = 0, block = 0; b < u->B; b++) {
        size_t j = 0;
        for (; j + WIDE <= u->n; j += WIDE, block += TOGETHER)
            some_units(u, TOGETHER, &r, block, b, j, NULL, unit, draw);
        for (; j < u->n; j += ND_LANES, block++) {
            const size_t left = u->n - j;
            const vm real = vm_first((unsigned)(left < ND_LANES ? left : ND_LANES));
            some_units(u, 1, &r, block, b, j, &real, unit, draw);
        }
    }
}

/* One of the group of row b, from exp(beta (x - largest x)): weights first, then the first
 * unit whose running sum exceeds a uniform part of the total. The sums are in order. */
static void one_of_group(const nd_units *u, size_t b)
{
    const size_t C = u->n - u->group;
    const float *x = u->x + b * u->x_ld + u->group;
    float *p = u->p ? u->p + b * u->ld + u->group : NULL;
    float *s = u->s ? u->s + b * u->ld + u->group : NULL;
    float *weight = s ? s : p;
    const float beta = u->beta ? u->beta[b] : 1.0f;
    float most = x[0], total = 0.0f, sum = 0.0f;
    if (!weight) return;
    for (size_t k = 1; k < C; k++)
        if (x[k] > most) most = x[k];
    for (size_t k = 0; k < C; k += ND_LANES) {
        const unsigned lanes = (unsigned)(C - k < ND_LANES ? C - k : ND_LANES);
        const vf below = vf_sub(vf_load_n(x + k, lanes), vf_set1(most));
        vf_store_n(weight + k, vf_exp(vf_mul(vf_set1(beta), below)), lanes);
    }
    for (size_t k = 0; k < C; k++)
        total += weight[k];
    for (size_t k = 0; p && k < C; k++)
        p[k] = weight[k] / total;
    if (!s) return;
    const size_t number = b * nd_ld(u->n) + u->group, block = number / ND_LANES;
    uint32_t word[4];
    nd_philox(u->at, (uint32_t)(block / 4 * ND_LANES + number % ND_LANES), word);
    const float at = ((float)(word[block % 4] >> 9) + 0.5f) * 0x1p-23f * total;
    size_t chosen = 0;
    for (size_t k = 0; k + 1 < C; k++) {
        sum += weight[k];
        if (sum <= at) chosen = k + 1;
    }
    for (size_t k = 0; k < C; k++)
        s[k] = k == chosen ? 1.0f : 0.0f;
}

void ND_KERNEL(units)(const nd_units *u)
{
    const bool draw = u->s != NULL;
    switch (u->unit) {
    case ND_UNIT_LOGISTIC:
        if (draw)
            each_unit(u, ND_UNIT_LOGISTIC, true);
        else
            each_unit(u, ND_UNIT_LOGISTIC, false);
        break;
    case ND_UNIT_GIVEN:
        if (draw)
            each_unit(u, ND_UNIT_GIVEN, true);
        else
            each_unit(u, ND_UNIT_GIVEN, false);
        break;
    case ND_UNIT_THRESHOLD:
        each_unit(u, ND_UNIT_THRESHOLD, false);
        break;
    case ND_UNIT_GAUSSIAN:
        if (draw)
            each_unit(u, ND_UNIT_GAUSSIAN, true);
        else
            each_unit(u, ND_UNIT_GAUSSIAN, false);
        break;
    }
    for (size_t b = 0; u->group < u->n && b < u->B; b++)
        one_of_group(u, b);
    const size_t padded = nd_ld(u->n);
    for (size_t b = 0; b < u->B; b++)
        for (size_t j = padded; j < u->ld; j += ND_LANES) {
            if (u->p) vf_store(u->p + b * u->ld + j, vf_set1(0.0f));
            if (u->s) vf_store(u->s + b * u->ld + j, vf_set1(0.0f));
        }
}

/* ---- labels ---- */

static const float *label_row(const nd_labels *l, size_t panel, size_t c)
{
    return l->w + (panel * l->k + l->first + c) * ND_LANES;
}

static unsigned lanes_of(size_t n, size_t panel)
{
    const size_t left = n - panel * ND_LANES;
    return (unsigned)(left < ND_LANES ? left : ND_LANES);
}

void ND_KERNEL(label_drives)(const nd_labels *l, const uint8_t *label, float *out)
{
    const size_t ld = nd_ld(l->n);
    for (size_t b = 0; b < l->B; b++)
        for (size_t p = 0; p < ld / ND_LANES; p++) {
            const size_t o = b * ld + p * ND_LANES;
            vf_store(out + o,
                     vf_add(vf_load(l->x + o), vf_load(label_row(l, p, label[b]))));
        }
}

enum { LABELS_WIDE = 3, /* labels at a time */ FACTORS = 64 /* (1 + e)^64 <= 2^64 */ };

/* The energies of n labels from c. With log(1 + exp(x)) = max(x, 0) + log(1 + e), e =
 * exp(-|x|), a lane multiplies its factors 1 + e, all within [1, 2], and takes their
 * logarithm together. Lanes are added in order. */
ND_INLINE void energies(const nd_labels *l, size_t b, size_t c, const int n, float *out)
{
    const size_t ld = nd_ld(l->n), panels = ld / ND_LANES;
    const vf one = vf_set1(1.0f), zero = vf_set1(0.0f), never = vf_set1(-1e30f);
    vf sum[LABELS_WIDE], product[LABELS_WIDE];
    EACH sum[i] = zero, product[i] = one;
    for (size_t p = 0; p < panels; p++) {
        const vm real = vm_first(lanes_of(l->n, p));
        const vf x = vf_load(l->x + b * ld + p * ND_LANES);
        vf o[LABELS_WIDE], e[LABELS_WIDE];
        EACH o[i] = vf_add(x, vf_load(label_row(l, p, c + (size_t)i)));
        EACH o[i] = vf_sel(real, o[i], never);
        EACH e[i] = vf_max(vf_set1(-86.5f), vf_sub(zero, vf_abs(o[i])));
        vf_exp_s(n, e);
        EACH sum[i] = vf_add(sum[i], vf_max(zero, o[i]));
        EACH product[i] = vf_fma(product[i], e[i], product[i]);
        if (p % FACTORS != FACTORS - 1 && p + 1 < panels) continue;
        vf_log_s(n, product);
        EACH sum[i] = vf_add(sum[i], product[i]);
        EACH product[i] = one;
    }
    EACH
    {
        float lane[ND_LANES], total = 0.0f;
        vf_store(lane, sum[i]);
        for (int k = 0; k < ND_LANES; k++)
            total += lane[k];
        out[i] = total;
    }
}

void ND_KERNEL(label_energies)(const nd_labels *l, const float *bias, float *out)
{
    const size_t ld = nd_ld(l->C);
    for (size_t b = 0; b < l->B; b++) {
        float *row = out + b * ld;
        size_t c = 0;
        for (; c + LABELS_WIDE <= l->C; c += LABELS_WIDE)
            energies(l, b, c, LABELS_WIDE, row + c);
        for (; c < l->C; c++)
            energies(l, b, c, 1, row + c);
        for (c = 0; c < ld; c++)
            row[c] = c < l->C ? row[c] + bias[c] : 0.0f;
    }
}

/* What n labels from c add to the slopes of a panel at x. */
ND_INLINE void slopes(const nd_labels *l, size_t p, size_t c, const int n, vf x,
                      const float *error, float *row, vf *hidden)
{
    vf s[V_WIDE];
    EACH s[i] = vf_add(x, vf_load(label_row(l, p, c + (size_t)i)));
    EACH s[i] = vf_sub(vf_set1(0.0f), s[i]);
    vf_logistic_of_minus_s(n, s);
    EACH
    {
        float *at = row + (c + (size_t)i) * ND_LANES;
        const vf e = vf_set1(error[c + (size_t)i]);
        *hidden = vf_fma(e, s[i], *hidden);
        vf_store(at, vf_fma(e, s[i], vf_load(at)));
    }
}

void ND_KERNEL(label_slopes)(const nd_labels *l, const float *error, float scale,
                             float *hidden, float *rows)
{
    const size_t ld = nd_ld(l->n), ld_error = nd_ld(l->C);
    const vf zero = vf_set1(0.0f);
    for (size_t p = 0; p < ld / ND_LANES; p++) {
        const vm real = vm_first(lanes_of(l->n, p));
        float *row = rows + p * l->C * ND_LANES;
        for (size_t c = 0; c < l->C; c++)
            vf_store(row + c * ND_LANES, zero);
        for (size_t b = 0; b < l->B; b++) {
            const vf x = vf_load(l->x + b * ld + p * ND_LANES);
            vf h = zero;
            size_t c = 0;
            for (; c + TOGETHER <= l->C; c += TOGETHER)
                slopes(l, p, c, TOGETHER, x, error + b * ld_error, row, &h);
            for (; c < l->C; c++)
                slopes(l, p, c, 1, x, error + b * ld_error, row, &h);
            vf_store(hidden + b * ld + p * ND_LANES, vf_sel(real, h, zero));
        }
        for (size_t c = 0; c < l->C; c++) {
            const vf sum = vf_mul(vf_set1(scale), vf_load(row + c * ND_LANES));
            vf_store(row + c * ND_LANES, vf_sel(real, sum, zero));
        }
    }
}

void ND_KERNEL(row_dots)(size_t B, size_t n, const float *x, size_t x_ld, const float *y,
                         size_t y_ld, float *out)
{
    for (size_t b = 0; b < B; b++) {
        vf sum = vf_set1(0.0f);
        for (size_t i = 0; i < n; i += ND_LANES) {
            const unsigned lanes = (unsigned)(n - i < ND_LANES ? n - i : ND_LANES);
            sum = vf_fma(vf_load_n(x + b * x_ld + i, lanes),
                         vf_load_n(y + b * y_ld + i, lanes), sum);
        }
        float lane[ND_LANES], total = 0.0f;
        vf_store(lane, sum);
        for (int k = 0; k < ND_LANES; k++)
            total += lane[k];
        out[b] = total;
    }
}
