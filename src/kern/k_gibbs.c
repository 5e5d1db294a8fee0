/* k_gibbs.c -- Boltzmann machines, unit by unit: the states of a layer given what drives
 * it, and sums over the labels that a hidden layer can see. */
#include "kern_impl.h"
#include "vec_math.h"

/* ---- units ---- */

/* Random words in the order of the uniforms kernel: 16 counters make 64 numbers, word by
 * word. */
typedef struct stream {
    v_keys keys;
    nd_at at;
    vi word[4];
} stream;

ND_INLINE vf uniform(stream *r, size_t block)
{
    if (block % 4 == 0)
        v_philox(r->at, &r->keys, (uint32_t)(block / 4 * ND_LANES), r->word);
    return v_unit(r->word[block % 4]);
}

/* In the order of the normals kernel. */
ND_INLINE vf normal(stream *r, size_t block, vf z[4])
{
    if (block % 4 == 0) {
        v_philox(r->at, &r->keys, (uint32_t)(block / 4 * ND_LANES), r->word);
        v_normal_s(2, r->word, z);
    }
    return z[block % 4];
}

ND_INLINE vf expectation(const nd_unit unit, vf x, vf beta)
{
    switch (unit) {
    case ND_UNIT_LOGISTIC:
        return vf_logistic(vf_mul(beta, x));
    case ND_UNIT_THRESHOLD:
        return vf_sel(vf_lt(vf_set1(0.5f), x), vf_set1(1.0f), vf_set1(0.0f));
    default:
        return x;
    }
}

/* All units as if there were no group; `unit` and `draw` are constants after inlining. */
ND_INLINE void each_unit(const nd_units *u, const nd_unit unit, const bool draw)
{
    const size_t blocks = nd_ld(u->n) / ND_LANES;
    const vf one = vf_set1(1.0f), zero = vf_set1(0.0f);
    stream r = {.at = u->at};
    vf z[4] = {zero, zero, zero, zero};
    if (draw) r.keys = v_keys_of(u->at);
    for (size_t b = 0, block = 0; b < u->B; b++)
        for (size_t i = 0; i < blocks; i++, block++) {
            const size_t left = u->n - i * ND_LANES, o = b * u->ld + i * ND_LANES;
            const vm real = vm_first((unsigned)(left < ND_LANES ? left : ND_LANES));
            const vf beta = vf_set1(u->beta ? u->beta[b] : 1.0f);
            const vf x = vf_load(u->x + b * u->x_ld + i * ND_LANES);
            const vf p = expectation(unit, x, beta);
            vf s = p;
            if (draw && unit == ND_UNIT_GAUSSIAN)
                s = vf_add(p, vf_div(normal(&r, block, z), vf_sqrt(beta)));
            else if (draw)
                s = vf_sel(vf_lt(uniform(&r, block), p), one, zero);
            if (u->p) vf_store(u->p + o, vf_sel(real, p, zero));
            if (u->s) vf_store(u->s + o, vf_sel(real, s, zero));
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

enum { LABELS_WIDE = 4, /* labels at a time */ FACTORS = 64 /* (1 + e)^64 <= 2^64 */ };

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
            for (size_t c = 0; c < l->C; c++) {
                const vf e = vf_set1(error[b * ld_error + c]);
                const vf s = vf_logistic(vf_add(x, vf_load(label_row(l, p, c))));
                h = vf_fma(e, s, h);
                vf_store(row + c * ND_LANES, vf_fma(e, s, vf_load(row + c * ND_LANES)));
            }
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
