/* k_map.c -- element by element: differences, pixels, random fills, counts. */
#include "kern_impl.h"
#include "vec_math.h"

/* Runs `body` for i = 0, 16, ... with `lanes` (16, or what is left at the end). */
#define FOR_LANES(i, n, lanes)                                                             \
    for (size_t i = 0, lanes; (lanes = (n)-i < ND_LANES ? (n)-i : ND_LANES) && i < (n);    \
         i += ND_LANES)

void ND_KERNEL(subtract)(size_t n, const float *a, const float *b, float *out)
{
    FOR_LANES(i, n, lanes)
    {
        const unsigned m = (unsigned)lanes;
        vf_store_n(out + i, vf_sub(vf_load_n(a + i, m), vf_load_n(b + i, m)), m);
    }
}

void ND_KERNEL(add)(size_t n, const float *x, float *y)
{
    FOR_LANES(i, n, lanes)
    {
        const unsigned m = (unsigned)lanes;
        vf_store_n(y + i, vf_add(vf_load_n(y + i, m), vf_load_n(x + i, m)), m);
    }
}

void ND_KERNEL(scale)(size_t n, float a, const float *x, float *out)
{
    const vf factor = vf_set1(a);
    FOR_LANES(i, n, lanes)
    vf_store_n(out + i, vf_mul(factor, vf_load_n(x + i, (unsigned)lanes)), (unsigned)lanes);
}

void ND_KERNEL(combine)(size_t n, float a, const float *x, float b, const float *y,
                        float *out)
{
    const vf p = vf_set1(a), q = vf_set1(b);
    FOR_LANES(i, n, lanes)
    {
        const unsigned m = (unsigned)lanes;
        const vf qy = vf_mul(q, vf_load_n(y + i, m));
        vf_store_n(out + i, vf_fma(p, vf_load_n(x + i, m), qy), m);
    }
}

void ND_KERNEL(pixels)(size_t n, const uint8_t *in, float *out)
{
    const vf white = vf_set1(255.0f);
    size_t i = 0;
    for (; i + ND_LANES <= n; i += ND_LANES)
        vf_store(out + i, vf_div(vf_from_u8(in + i), white));
    for (; i < n; i++)
        out[i] = (float)in[i] / 255.0f;
}

void ND_KERNEL(standardise)(size_t n, const uint8_t *in, const float *mean, const float *sd,
                            float *out)
{
    const vf white = vf_set1(255.0f);
    size_t i = 0;
    for (; i + ND_LANES <= n; i += ND_LANES) {
        const vf x = vf_div(vf_from_u8(in + i), white);
        vf_store(out + i, vf_div(vf_sub(x, vf_load(mean + i)), vf_load(sd + i)));
    }
    for (; i < n; i++)
        out[i] = ((float)in[i] / 255.0f - mean[i]) / sd[i];
}

void ND_KERNEL(exponential)(size_t n, const float *x, float *out)
{
    FOR_LANES(i, n, lanes)
    vf_store_n(out + i, vf_exp(vf_load_n(x + i, (unsigned)lanes)), (unsigned)lanes);
}

/* Random fills use all four words of a counter: 16 counters make 64 numbers, word by word.
 */
void ND_KERNEL(uniforms)(nd_at at, size_t n, float lo, float hi, float *out)
{
    const vf base = vf_set1(lo), width = vf_set1(hi - lo);
    const v_keys keys = v_keys_of(at);
    vi word[4];
    FOR_LANES(i, n, lanes)
    {
        const size_t block = i / ND_LANES;
        if (block % 4 == 0) v_philox(at, &keys, (uint32_t)(block / 4 * ND_LANES), word);
        const vf x = vf_fma(v_unit(word[block % 4]), width, base);
        vf_store_n(out + i, x, (unsigned)lanes);
    }
}

void ND_KERNEL(normals)(nd_at at, size_t n, float mean, float sd, float *out)
{
    const vf centre = vf_set1(mean), scale = vf_set1(sd);
    const v_keys keys = v_keys_of(at);
    vf normal[4];
    FOR_LANES(i, n, lanes)
    {
        const size_t block = i / ND_LANES;
        if (block % 4 == 0) {
            vi word[4];
            v_philox(at, &keys, (uint32_t)(block / 4 * ND_LANES), word);
            v_normal_s(2, word, normal);
        }
        vf_store_n(out + i, vf_fma(normal[block % 4], scale, centre), (unsigned)lanes);
    }
}

void ND_KERNEL(outside)(nd_rows r, const float *x, float lo, float hi, uint64_t *count)
{
    const vm real = vm_first(r.lanes);
    const vf low = vf_set1(lo), high = vf_set1(hi);
    uint64_t n = 0;
    for (size_t i = 0; i < r.rows; i++) {
        const vf v = vf_load(x + i * ND_LANES);
        n += vm_count(vm_and(vf_le(v, low), real));
        n += vm_count(vm_and(vf_le(high, v), real));
    }
    *count = n;
}

void ND_KERNEL(largest)(size_t n, const float *a, const float *b, float *out)
{
    vf most = vf_set1(0.0f);
    FOR_LANES(i, n, lanes)
    {
        const unsigned m = (unsigned)lanes;
        most = vf_max(most, vf_abs(vf_sub(vf_load_n(a + i, m), vf_load_n(b + i, m))));
    }
    float lane[ND_LANES];
    vf_store(lane, most);
    *out = lane[0];
    for (int l = 1; l < ND_LANES; l++)
        if (lane[l] > *out) *out = lane[l];
}

/* NaN and infinities: all that is not within the finite numbers. */
void ND_KERNEL(unreal)(size_t n, const float *x, uint64_t *count)
{
    const vf most = vf_set1(3.4028234e38f);
    uint64_t real = 0;
    FOR_LANES(i, n, lanes)
    {
        const vf v = vf_abs(vf_load_n(x + i, (unsigned)lanes));
        real += vm_count(vm_and(vf_le(v, most), vm_first((unsigned)lanes)));
    }
    *count = n - real;
}
