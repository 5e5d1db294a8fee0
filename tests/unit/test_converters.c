/* test_converters.c -- converters against a plain reference: values, clipping, ties; and that
 * every product of every model goes through them, both ways. */
#include "nudge/converters.h"
#include "nudge/machine.h"
#include "nudge/model.h"

#include "model/ep_impl.h"
#include "model/rbm_impl.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "set.h"

/* ---- one converter ---- */

/* The nearest of 2^bits - 1 values, the even one of two that are as near. */
static double reference(int bits, double range, double x)
{
    const double levels = exp2(bits - 1) - 1;
    return nearbyint(fmax(-1, fmin(x / range, 1)) * levels) * range / levels;
}

static nd_converters converters(const char *bits, const char *range, const char *kind)
{
    nd_params p;
    nd_converters c;
    nd_arena measure = {0};
    nd_params_defaults(&p);
    set(&p, "device.kind", kind);
    set(&p, "device.gain", "2");
    set(&p, "read.adc_bits", bits);
    set(&p, "read.adc_range", range);
    set(&p, "read.dac_bits", bits);
    set(&p, "read.dac_range", range);
    nd_converters_take(&c, &p, 3, 32, &measure);
    assert_true(measure.used > 0);
    return c;
}

static void values_are_counted_and_symmetric(void **state)
{
    (void)state;
    for (int bits = 2; bits <= 16; bits++) {
        enum { N = 1001 };
        char text[16];
        float x[N], y[N];
        snprintf(text, sizeof text, "%d", bits);
        const nd_converters c = converters(text, "1.5", "ideal");
        assert_true(c.adc.range == 1.5f && c.dac.range == 1.5f);
        for (int i = 0; i < N; i++)
            x[i] = y[i] = 2.0f * (float)(i - N / 2) / (float)(N / 2);
        nd_convert_sums(&c, N, y);
        int different = 1;
        for (int i = 0; i < N; i++) {
            assert_true(y[i] == -y[N - 1 - i]);
            different += i && y[i] > y[i - 1];
            const double want = reference(bits, 1.5, (double)x[i]);
            const double step = 1.5 / (exp2(bits - 1) - 1);
            const double off = fabs((double)y[i] - want);
            assert_true(off < 1e-6 || fabs(fabs((double)x[i] - want) - step / 2) < 1e-6);
        }
        assert_true(y[N / 2] == 0.0f && !signbit(y[N / 2]));
        assert_true(y[0] == -1.5f && y[N - 1] == 1.5f);
        if (bits < 9) assert_int_equal(different, (1 << bits) - 1);
    }
}

static void ties_go_to_the_even_value(void **state)
{
    (void)state;
    const nd_converters c = converters("4", "7", "ideal"); /* -7, -6, .. 7 */
    float x[] = {0.5f, 1.5f, 2.5f, -0.5f, -1.5f, 6.5f, 6.49f, 7.5f, -1e30f, INFINITY, 0};
    const float want[] = {0, 2, 2, 0, -2, 6, 6, 7, -7, 7, 0};
    nd_convert_sums(&c, sizeof x / sizeof *x, x);
    for (size_t i = 0; i < sizeof x / sizeof *x; i++)
        assert_true(x[i] == want[i]);
    float lost = NAN; /* divergence is not hidden */
    nd_convert_sums(&c, 1, &lost);
    assert_true(isnan(lost));
}

static void ranges_are_in_largest_weights(void **state)
{
    (void)state;
    const nd_converters c = converters("8", "3", "ernoult");
    assert_true(fabs((double)c.adc.range - 3 * 2 * 12.0 / 13) < 1e-6);
    assert_true(c.dac.range == 3.0f && c.dac.levels == 127.0f);
}

static void one_bit_is_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"read.adc_bits", "read.dac_bits"};
    for (int i = 0; i < 2; i++) {
        nd_params p;
        nd_err err = {0};
        nd_params_defaults(&p);
        set(&p, names[i], "1");
        assert_int_equal(nd_converters_check(&p, &err), ND_EINPUT);
        assert_non_null(strstr(err.message, names[i]));
        set(&p, names[i], "2");
        assert_int_equal(nd_converters_check(&p, &err), ND_OK);
    }
}

/* ---- a product ---- */

enum { ROWS = 3, K = 21, N = 18 };

/* Two terms on a drive, with numbers of (-1, 1). */
typedef struct product {
    float s[2][ROWS * 32], w[2][K * 32], drive[ROWS * 32], out[ROWS * 32];
    nd_affine a;
} product;

static void product_of(product *p, bool shared)
{
    memset(p, 0, sizeof *p);
    for (uint32_t t = 0; t < 2; t++) {
        const nd_at at = {.seed = 3, .stream = t + 1};
        for (uint32_t i = 0; i < ROWS * K; i++)
            p->s[t][i / K * 32 + i % K] = (float)(2 * nd_philox_unit(at, i) - 1);
        for (uint32_t i = 0; i < K * N; i++)
            p->w[t][nd_panel_at(K, i / N, i % N)] =
                (float)(2 * nd_philox_unit(at, 1000 + i) - 1);
    }
    for (uint32_t i = 0; i < ROWS * N; i++)
        p->drive[i / N * 32 + i % N] = (float)i / 10;
    p->a = (nd_affine){.B = ROWS,
                       .n = N,
                       .drive = p->drive,
                       .drive_ld = shared ? 0 : 32,
                       .terms = 2,
                       .term = {{p->s[0], K, 32, p->w[0]}, {p->s[1], K, 32, p->w[1]}},
                       .out = p->out};
}

static double expected(const product *p, int dac, int adc, size_t b, size_t j)
{
    double sum = (double)p->drive[b * p->a.drive_ld + j];
    for (int t = 0; t < 2; t++) {
        double x = 0;
        for (size_t i = 0; i < K; i++) {
            const double s = (double)p->s[t][b * 32 + i];
            x += (dac ? reference(dac, 0.8, s) : s) * (double)p->w[t][nd_panel_at(K, i, j)];
        }
        sum += adc ? reference(adc, 1.9, x) : x;
    }
    return sum;
}

static void a_product_is_converted_term_by_term(void **state)
{
    (void)state;
    for (int v = 0; v < 8; v++) {
        const int dac = v & 1 ? 5 : 0, adc = v & 2 ? 6 : 0;
        product p;
        product_of(&p, v & 4);
        float in[ROWS * 32], sum[ROWS * 32];
        const float zero[32] = {0};
        const nd_converters c = {.dac = {dac ? 15 : 0, 0.8f},
                                 .adc = {adc ? 31 : 0, 1.9f},
                                 .in = in,
                                 .sum = sum,
                                 .zero = zero};
        nd_convert_affine(&c, &p.a);
        for (size_t b = 0; b < ROWS; b++)
            for (size_t j = 0; j < N; j++) {
                const double want = expected(&p, dac, adc, b, j);
                assert_true(fabs((double)p.out[b * 32 + j] - want) < 1e-5);
            }
        if (v & 4) continue;
        float once[ROWS * 32]; /* the drive may be out itself */
        memcpy(once, p.out, sizeof once);
        memcpy(p.out, p.drive, sizeof p.drive);
        p.a.drive = p.out;
        nd_convert_affine(&c, &p.a);
        assert_memory_equal(p.out, once, sizeof once);
    }
}

static void ideal_ones_cost_nothing(void **state)
{
    (void)state;
    nd_params p;
    nd_converters c;
    nd_arena measure = {0};
    product a, b;
    nd_params_defaults(&p);
    nd_converters_take(&c, &p, 1000, 1024, &measure);
    assert_int_equal(measure.used, 0);
    assert_true(nd_converters_are_ideal(&c) && !nd_converts(&p));
    product_of(&a, true), product_of(&b, true);
    assert_ptr_equal(nd_convert_states(&c, 1, a.s[0]), a.s[0]);
    nd_convert_affine(&c, &a.a);
    nd_kern()->affine(&b.a);
    assert_memory_equal(a.out, b.out, sizeof a.out);
}

/* ---- in a network of Equilibrium Propagation ---- */

enum { B = 5, SIDE = 8, PIXELS = SIDE * SIDE, CLASSES = 4, LD_Y = 16 };

typedef struct fixture {
    nd_net net;
    nd_batch batch;
    float x[B * PIXELS], y[B * LD_Y];
    uint8_t label[B];
} fixture;

static void open_net(fixture *f, const nd_params *p)
{
    nd_err err = {0};
    memset(f, 0, sizeof *f);
    const nd_shape shape = {.features = PIXELS,
                            .classes = CLASSES,
                            .examples = B,
                            .rows = SIDE,
                            .cols = SIDE,
                            .channels = 1};
    if (nd_net_new(&f->net, p, shape, &err) != ND_OK) fail_msg("%s", err.message);
    for (size_t b = 0; b < B; b++) {
        for (size_t i = 0; i < PIXELS; i++)
            f->x[b * PIXELS + i] = (float)((b * 7 + i * 5) % 11) / 11.0f;
        f->label[b] = (uint8_t)(b % CLASSES);
        f->y[b * LD_Y + f->label[b]] = 1.0f;
    }
    f->batch = (nd_batch){
        .B = B, .x = f->x, .y = f->y, .label = f->label, .at = {.seed = 1, .epoch = 1}};
}

static void without_biases(fixture *f)
{
    for (size_t i = 0; i < f->net.n_banks; i++) {
        const nd_bank *bank = &f->net.bank[i];
        if (bank->bias)
            memset(bank->weight, 0, nd_panels(1, bank->n) * sizeof *bank->weight);
    }
}

/* Networks whose states are the sums of what their layers hear, after 4 steps. */
static const char *const networks[][8] = {
    {"model.layers", "[64, 20, 12, 4]"},
    {"model.layers", "[64, 20, 12, 4]", "ep.symmetry", "free"},
    {"model.layers", "[64, 20, 12, 4]", "ep.order", "even-odd"},
    {"model.kind", "ep-energy", "model.layers", "[64, 20, 4]", "ep.clamp", "no"},
    {"model.kind", "ep-conv", "model.stack", "conv 3 3x3, max 2, conv 5 2x2, fc 4"},
    {"model.kind", "ep-conv", "model.stack", "conv 3 3x3 pad 1, avg 2, conv 5 2x2, fc 4"},
    {"model.kind", "ep-conv", "model.stack", "conv 3 3x3, max 2, conv 5 2x2, fc 4",
     "model.convolution", "fft"},
};
enum { NETWORKS = sizeof networks / sizeof *networks };

static nd_params sums(size_t i)
{
    nd_params p;
    nd_params_defaults(&p);
    set(&p, "model.activation", "identity");
    set(&p, "ep.T", "4");
    set(&p, "train.rates", "0.1");
    for (size_t k = 0; k < 8 && networks[i][k]; k += 2)
        set(&p, networks[i][k], networks[i][k + 1]);
    return p;
}

/* Largest distance of any state from a multiple of `step`, in steps; *most: the largest
 * state. */
static double off_grid(const fixture *f, double step, double *most)
{
    const nd_ep *e = nd_ep_of(&f->net);
    double worst = 0;
    *most = 0;
    for (size_t l = 0; l < e->L; l++) {
        double layer = 0;
        for (size_t i = 0; i < B * e->layer[l].ld; i++) {
            const double s = (double)e->rest[ND_PHASE_FREE].s[l][i] / step;
            worst = fmax(worst, fabs(s - rint(s)));
            layer = fmax(layer, fabs(s * step));
        }
        assert_true(layer > 0); /* every layer says something */
        *most = fmax(*most, layer);
    }
    return worst;
}

static void every_sum_goes_through_its_converter(void **state)
{
    (void)state;
    for (size_t i = 0; i < NETWORKS; i++)
        for (int on = 0; on < 2; on++) {
            fixture f;
            nd_params p = sums(i);
            double most;
            if (on) set(&p, "read.adc_bits", "6"), set(&p, "read.adc_range", "0.5");
            open_net(&f, &p);
            without_biases(&f);
            f.net.ops->settle(&f.net, &f.batch, ND_PHASE_FREE);
            const double off = off_grid(&f, 0.5 / 31, &most);
            if (on) assert_true(off < 1e-4 && most <= 1.00001); /* two sums at most */
            if (!on) assert_true(off > 0.1);
            nd_net_free(&f.net);
        }
}

/* With weights in 64ths and inputs in 8ths, sums are 512ths, or, averaged over four places on
 * the way up, up to 2048ths; what went round the converters would be finer. */
static void every_input_goes_through_its_converter(void **state)
{
    (void)state;
    for (size_t i = 0; i < NETWORKS; i++)
        for (int on = 0; on < 2; on++) {
            fixture f;
            nd_params p = sums(i);
            double most;
            if (on) set(&p, "read.dac_bits", "4"), set(&p, "read.dac_range", "0.875");
            open_net(&f, &p);
            for (size_t k = 0; k < f.net.n_banks; k++) {
                const nd_bank *bank = &f.net.bank[k];
                nd_kern()->quantise(nd_panels(bank->k, bank->n), 64, 1, bank->weight);
            }
            f.net.ops->settle(&f.net, &f.batch, ND_PHASE_FREE);
            const double off = off_grid(&f, 1 / 2048.0, &most);
            if (on) assert_true(off < 1e-2); /* fft rounds */
            if (!on) assert_true(off > 0.1);
            nd_net_free(&f.net);
        }
}

/* Root mean square of what so many bits change of all states. */
static double deviation(size_t network, const char *bits)
{
    fixture f[2];
    double sum = 0, n = 0;
    for (int i = 0; i < 2; i++) {
        nd_params p = sums(network);
        set(&p, "read.adc_range", "4"), set(&p, "read.dac_range", "2");
        if (i) set(&p, "read.adc_bits", bits), set(&p, "read.dac_bits", bits);
        open_net(&f[i], &p);
        f[i].net.ops->settle(&f[i].net, &f[i].batch, ND_PHASE_FREE);
    }
    const nd_ep *a = nd_ep_of(&f[0].net), *b = nd_ep_of(&f[1].net);
    for (size_t l = 0; l < a->L; l++)
        for (size_t k = 0; k < B * a->layer[l].ld; k++, n++) {
            const double d = (double)(a->rest[0].s[l][k] - b->rest[0].s[l][k]);
            sum += d * d;
        }
    nd_net_free(&f[0].net), nd_net_free(&f[1].net);
    return sqrt(sum / n);
}

static void bits_converge_to_exact_products(void **state)
{
    (void)state;
    for (size_t i = 0; i < NETWORKS; i++) {
        const double four = deviation(i, "4"), eight = deviation(i, "8");
        const double twelve = deviation(i, "12"), sixteen = deviation(i, "16");
        assert_true(four > 5 * eight && eight > 8 * twelve && twelve > 8 * sixteen);
        assert_true(eight < 40 * twelve && sixteen < 3e-4);
    }
}

/* The shortcut of continual updates adds up what single products round. */
static void continual_updates_make_each_product(void **state)
{
    (void)state;
    for (int on = 0; on < 2; on++) {
        fixture f;
        nd_params p = sums(0);
        set(&p, "ep.update", "continual");
        if (on) set(&p, "read.adc_bits", "8");
        open_net(&f, &p);
        assert_int_equal(nd_ep_follows(&f.net), !on);
        nd_net_free(&f.net);
    }
}

static void what_is_smooth_is_refused(void **state)
{
    (void)state;
    static const char *const settings[][2] = {{"ep.nudge", "holomorphic"},
                                              {"ep.spectrum", "16"}};
    for (int i = 0; i < 2; i++)
        for (int on = 0; on < 2; on++) {
            nd_params p = sums(0);
            nd_err err = {0};
            nd_cost cost;
            const nd_shape shape = {.features = PIXELS, .classes = CLASSES};
            set(&p, settings[i][0], settings[i][1]);
            if (on) set(&p, "read.adc_bits", "8");
            assert_int_equal(nd_net_plan(&p, shape, &cost, &err), on ? ND_EINPUT : ND_OK);
            if (on) assert_non_null(strstr(err.message, "read.adc_bits"));
        }
}

/* ---- in a Boltzmann machine ---- */

static nd_params machine_params(const char *kind)
{
    const bool deep = !strcmp(kind, "dbn");
    nd_params p;
    nd_params_defaults(&p);
    set(&p, "model.kind", kind);
    set(&p, "model.layers", deep ? "[64, 12, 10, 4]" : "[64, 12, 4]");
    set(&p, "train.rates", "0.1");
    set(&p, "train.epochs", "2");
    set(&p, "rbm.inference", "voting");
    set(&p, "rbm.k", "3");
    return p;
}

static void on_grid(size_t n, const float *x, double step)
{
    double most = 0;
    for (size_t i = 0; i < n; i++) {
        const double s = (double)x[i] / step;
        assert_true(fabs(s - rint(s)) < 1e-4);
        most = fmax(most, fabs((double)x[i]));
    }
    assert_true(most > 0 && most < 2.00001);
}

static void every_sum_of_a_machine_is_converted(void **state)
{
    (void)state;
    static const char *const kinds[] = {"rbm", "drbm", "dbn"};
    for (int i = 0; i < 3; i++) {
        fixture f;
        nd_params p = machine_params(kinds[i]);
        set(&p, "read.adc_bits", "6");
        set(&p, "read.adc_range", "2");
        open_net(&f, &p);
        without_biases(&f);
        const nd_rbm *m = nd_machine_of(&f.net, 0);
        f.net.ops->settle(&f.net, &f.batch, ND_PHASE_FREE);
        on_grid(B * nd_ld(m->nh), m->x, 2.0 / 31);
        f.net.ops->learn(&f.net, &f.batch); /* biases move after its products */
        on_grid(B * nd_ld(m->nh), m->x, 2.0 / 31);
        on_grid(B * nd_ld(m->nv), m->chains.drive, 2.0 / 31);
        on_grid(B * nd_ld(m->nh), m->chains.x, 2.0 / 31);
        nd_net_free(&f.net);
    }
}

/* What a machine does with a mini-batch. */
typedef struct told {
    nd_tally tally;
    float x[B * 16], v[B * 80], h[B * 16], p[B * 80];
} told;

static void tell(const nd_params *p, float weights, told *t)
{
    fixture f;
    nd_fantasies *dream;
    nd_err err = {0};
    memset(t, 0, sizeof *t);
    open_net(&f, p);
    without_biases(&f);
    for (size_t i = 0; i < f.net.n_banks; i++) {
        const nd_bank *bank = &f.net.bank[i];
        nd_kern()->scale(nd_panels(bank->k, bank->n), weights, bank->weight, bank->weight);
    }
    const nd_rbm *m = nd_machine_of(&f.net, 0);
    f.batch.judged = true;
    f.net.ops->settle(&f.net, &f.batch, ND_PHASE_FREE);
    f.net.ops->predict(&f.net, &f.batch, &t->tally);
    memcpy(t->x, m->x, sizeof t->x);
    assert_int_equal(nd_fantasies_new(&dream, &f.net, 0, B, &err), ND_OK);
    nd_fantasies_start(dream, B, (nd_at){.seed = 4});
    nd_fantasies_step(dream), nd_fantasies_step(dream);
    size_t ld;
    const float *expected_v = nd_fantasies_expected(dream, &ld);
    assert_true(B * ld * sizeof(float) <= sizeof t->p);
    memcpy(t->p, expected_v, B * ld * sizeof(float));
    nd_fantasies_free(dream);
    f.batch.judged = false;
    f.net.ops->settle(&f.net, &f.batch, ND_PHASE_FREE);
    f.net.ops->learn(&f.net, &f.batch);
    memcpy(t->v, m->chains.v, B * nd_ld(m->nv) * sizeof(float));
    memcpy(t->h, m->chains.h, B * nd_ld(m->nh) * sizeof(float));
    nd_net_free(&f.net);
}

/* Units are 0 or 1: to halve every input is to halve every weight, bit for bit. Only free
 * energies, into which weights of labels go as they are, are others. */
static void every_input_of_a_machine_is_converted(void **state)
{
    (void)state;
    static const char *const kinds[] = {"rbm", "drbm", "dbn"};
    static const char *const votings[] = {"clamped", "free"};
    for (int i = 0; i < 6; i++) {
        told half, halves, whole;
        nd_params p = machine_params(kinds[i / 2]);
        set(&p, "rbm.voting", votings[i % 2]);
        tell(&p, 8, &whole);
        tell(&p, 4, &halves);
        set(&p, "read.dac_bits", "2");
        set(&p, "read.dac_range", "0.5");
        tell(&p, 8, &half);
        assert_int_equal(half.tally.errors, halves.tally.errors);
        if (i < 2) assert_true(half.tally.loss == halves.tally.loss); /* the classifier's */
        assert_memory_equal(half.x, halves.x, sizeof half.x);
        assert_memory_equal(half.v, halves.v, sizeof half.v);
        assert_memory_equal(half.h, halves.h, sizeof half.h);
        assert_memory_equal(half.p, halves.p, sizeof half.p);
        assert_true(memcmp(whole.x, halves.x, sizeof whole.x) != 0);
        assert_true(memcmp(whole.v, halves.v, sizeof whole.v) != 0);
    }
}

/* Pixels drive every hidden unit far beyond the converters' range, and labels take away less:
 * what is left is still beyond it, so that all units are on, for which only label 1 is no
 * loss. Were the pixels' sums converted alone, labels would turn units off. */
static void voters_convert_pixels_and_labels_together(void **state)
{
    (void)state;
    fixture f;
    nd_tally t = {0};
    nd_params p = machine_params("drbm");
    set(&p, "read.adc_bits", "8");
    set(&p, "read.adc_range", "20");
    open_net(&f, &p);
    without_biases(&f);
    const nd_rbm *m = nd_machine_of(&f.net, 0);
    for (size_t i = 0; i < m->nv; i++)
        for (size_t j = 0; j < m->nh; j++) {
            const float sign = (i == PIXELS + 1) == (j % 2) ? -1.0f : 1.0f;
            const float label = sign * (i != PIXELS + 1 && j % 2 ? 90.0f : 100.0f);
            m->W->weight[nd_panel_at(m->nv, i, j)] = i < PIXELS ? 15.0f : label;
        }
    for (size_t b = 0; b < B; b++)
        f.label[b] = 1;
    f.batch.judged = true;
    f.net.ops->settle(&f.net, &f.batch, ND_PHASE_FREE);
    f.net.ops->predict(&f.net, &f.batch, &t);
    assert_int_equal(t.samples, B);
    assert_int_equal(t.errors, 0);
    nd_net_free(&f.net);
}

int main(void)
{
    nd_err err = {0};
    if (nd_kern_choose(&err) != ND_OK) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_counted_and_symmetric),
        cmocka_unit_test(ties_go_to_the_even_value),
        cmocka_unit_test(ranges_are_in_largest_weights),
        cmocka_unit_test(one_bit_is_refused),
        cmocka_unit_test(a_product_is_converted_term_by_term),
        cmocka_unit_test(ideal_ones_cost_nothing),
        cmocka_unit_test(every_sum_goes_through_its_converter),
        cmocka_unit_test(every_input_goes_through_its_converter),
        cmocka_unit_test(bits_converge_to_exact_products),
        cmocka_unit_test(continual_updates_make_each_product),
        cmocka_unit_test(what_is_smooth_is_refused),
        cmocka_unit_test(every_sum_of_a_machine_is_converted),
        cmocka_unit_test(every_input_of_a_machine_is_converted),
        cmocka_unit_test(voters_convert_pixels_and_labels_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
