/* cmd_bench.c -- nudge bench: the machine's own limit, then every kernel per ISA beside the
 * scalar oracle and beside CBLAS, then whole training and devices. One core; medians of
 * five. */
#include "cli_impl.h"

#include "nudge/clock.h"
#include "nudge/conv_time.h"
#include "nudge/device.h"
#include "nudge/json.h"
#include "nudge/mem.h"
#include "nudge/spec.h"
#include "nudge/trial.h"

#include "blas_impl.h"

#include <stdio.h>
#include <stdlib.h>

enum { TURNS = 5, BUFFERS = 9, DARK = BUFFERS - 1, FLOATS = 1 << 20 };

#define MNIST_DARK 0.81 /* the share of its pixels that are 0 */

/* Room for all benches, and what one of them is about. */
typedef struct bench {
    const nd_kernels *k;
    const nd_blas *blas;
    size_t B, K, N;
    float *f[BUFFERS]; /* (FLOATS) each, numbers in (0, 1); the last as dark as MNIST */
    uint8_t *bytes;    /* (FLOATS), 0..3 */
    uint8_t *places;   /* (FLOATS) of results */
} bench;

/* ---- what is measured ---- */

static void affine_of(const bench *b, const float *s)
{
    const nd_affine a = {.B = b->B,
                         .n = b->N,
                         .drive = b->f[2],
                         .terms = 1,
                         .term = {{s, b->K, nd_ld(b->K), b->f[1]}},
                         .out = b->f[3]};
    b->k->affine(&a);
}
static void run_affine(const bench *b)
{
    affine_of(b, b->f[0]);
}
static void run_affine_dark(const bench *b)
{
    affine_of(b, b->f[DARK]);
}

static void run_relax(const bench *b)
{
    const nd_relax r = {.in = {.B = b->B,
                               .n = b->N,
                               .drive = b->f[2],
                               .terms = 1,
                               .term = {{b->f[0], b->K, nd_ld(b->K), b->f[1]}},
                               .out = b->f[3]},
                        .old = b->f[4],
                        .dt = 1.0f,
                        .activation = ND_ACTIVATION_shifted_sigmoid};
    b->k->relax(&r);
}

/* The same step with complex states: real and imaginary products, then the complex half. */
static void run_relax_complex(const bench *b)
{
    nd_affine a = {.B = b->B,
                   .n = b->N,
                   .drive = b->f[2],
                   .terms = 1,
                   .term = {{b->f[0], b->K, nd_ld(b->K), b->f[1]}},
                   .out = b->f[5]};
    b->k->affine(&a);
    a.out = b->f[6];
    b->k->affine(&a);
    const nd_relax_complex r = {.B = b->B,
                                .n = b->N,
                                .pre = {b->f[5], b->f[6]},
                                .old = {b->f[4], b->f[4]},
                                .dt = 1.0f,
                                .activation = ND_ACTIVATION_shifted_sigmoid,
                                .out = {b->f[3], b->f[7]}};
    b->k->relax_complex(&r);
}

static void hebb_of(const bench *b, const float *pre)
{
    const nd_hebb h = {b->B,    b->K, b->N, nd_ld(b->K), pre,
                       b->f[1], NULL, NULL, 0.1f,        b->f[3]};
    b->k->hebb(&h);
}
static void run_hebb(const bench *b)
{
    hebb_of(b, b->f[0]);
}
static void run_hebb_dark(const bench *b)
{
    hebb_of(b, b->f[DARK]);
}

/* The upper convolution of P-conv (32 maps of 12x12 to 64 of 4x4), and one of the
 * CIFAR-10 networks. B counts places: before pooling where all are summed, after pooling
 * where one of four is. */
static const nd_conv mnist_conv = {.rows = 12,
                                   .cols = 12,
                                   .channels = 32,
                                   .pixel = 32,
                                   .image = 12 * 12 * 32,
                                   .kh = 5,
                                   .kw = 5,
                                   .stride = 1,
                                   .maps = 64,
                                   .pool = ND_POOL_MAX,
                                   .window = 2};
static const nd_conv cifar_conv = {.rows = 16,
                                   .cols = 16,
                                   .channels = 128,
                                   .pixel = 128,
                                   .image = 16 * 16 * 128,
                                   .kh = 3,
                                   .kw = 3,
                                   .stride = 1,
                                   .pad = 1,
                                   .maps = 256,
                                   .pool = ND_POOL_MAX,
                                   .window = 2};

static const nd_conv *conv_of(const bench *b)
{
    return b->N == mnist_conv.maps ? &mnist_conv : &cifar_conv;
}
static size_t places(const nd_conv *g)
{
    return nd_conv_rows(g) * nd_conv_cols(g);
}

static void run_conv(const bench *b)
{
    const nd_conv *g = conv_of(b);
    const nd_conv_forward f = {.g = *g,
                               .B = b->B / places(g) / (g->window * g->window),
                               .lower = b->f[0],
                               .w = b->f[1],
                               .bias = b->f[2],
                               .out = b->f[3],
                               .argmax = b->places,
                               .scratch = b->f[4]};
    b->k->conv(&f);
}

static void run_conv_back(const bench *b)
{
    const nd_conv *g = conv_of(b);
    const nd_conv_back t = {.g = *g,
                            .B = b->B / places(g),
                            .upper = b->f[0],
                            .argmax = b->bytes,
                            .flipped = b->f[1],
                            .out = b->f[3],
                            .scratch = b->f[4]};
    b->k->conv_back(&t);
}

static void run_conv_hebb(const bench *b)
{
    const nd_conv *g = conv_of(b);
    const nd_conv_hebb h = {.g = *g,
                            .B = b->B / places(g),
                            .lower1 = b->f[0],
                            .upper1 = b->f[1],
                            .argmax1 = b->bytes,
                            .scale = 0.1f,
                            .out = b->f[3],
                            .scratch = b->f[4]};
    b->k->conv_hebb(&h);
}

static void run_transpose(const bench *b)
{
    b->k->transpose(b->K, b->N, b->f[1], b->f[3]);
}
static void run_exponential(const bench *b)
{
    b->k->exponential(b->N, b->f[0], b->f[3]);
}
static void run_pixels(const bench *b)
{
    b->k->pixels(b->N, b->bytes, b->f[3]);
}
static void run_largest(const bench *b)
{
    b->k->largest(b->N, b->f[0], b->f[1], b->f[3]);
}
static void run_uniforms(const bench *b)
{
    b->k->uniforms((nd_at){.seed = 1}, b->N, 0.0f, 1.0f, b->f[3]);
}
static void run_normals(const bench *b)
{
    b->k->normals((nd_at){.seed = 1}, b->N, 0.0f, 1.0f, b->f[3]);
}

/* Binary units with their draws, and the energies of 10 labels over N hidden units. */
static void run_units(const bench *b)
{
    const nd_units u = {.B = b->B,
                        .n = b->N,
                        .group = b->N,
                        .x = b->f[0],
                        .x_ld = nd_ld(b->N),
                        .at = {.seed = 1},
                        .s = b->f[3],
                        .ld = nd_ld(b->N)};
    b->k->units(&u);
}
static void run_label_energies(const bench *b)
{
    const nd_labels l = {b->B, b->N, b->K, b->f[0], b->f[1], b->K, 0};
    b->k->label_energies(&l, b->f[2], b->f[3]);
}

/* Every weight of a K x N matrix gets a pulse, up and down in turn, with noise on both
 * devices. */
static void run_pulse_pairs(const bench *b)
{
    const nd_pairs p = {
        .cells = {.rows = nd_panels(b->K, b->N) / ND_LANES, .lanes = ND_LANES},
        .pulse = b->f[5],
        .plus = b->f[6],
        .minus = b->f[7],
        .weight = b->f[3],
        .beta = 1.0f,
        .growth = 1.71828183f,
        .c2c = 0.01f,
        .range = 12.0f / 13,
        .at = {.seed = 1, .stream = ND_STREAM_CYCLE}};
    b->k->pulse_pairs(&p);
}

static void blas_affine(const bench *b)
{
    nd_blas_product(b->blas, false, b->B, b->N, b->K, b->f[0], b->f[1], b->f[3]);
}
static void blas_hebb(const bench *b)
{
    nd_blas_product(b->blas, true, b->K, b->N, b->B, b->f[0], b->f[1], b->f[3]);
}

typedef struct row {
    const char *name;
    void (*run)(const bench *b);
    void (*blas)(const bench *b); /* the same product by CBLAS, or NULL */
    size_t B, K, N;
    double flops; /* per B K N; 0: items (N, or devices) are counted */
} row;

static const row rows[] = {
    {"affine", run_affine, blas_affine, 20, 512, 512, 2},
    {"affine", run_affine, blas_affine, 20, 784, 512, 2},
    {"affine", run_affine, blas_affine, 20, 10, 512, 2},
    {"affine", run_affine, blas_affine, 20, 512, 10, 2},
    {"affine", run_affine, blas_affine, 64, 512, 512, 2},
    {"affine", run_affine, blas_affine, 128, 512, 512, 2},
    {"affine", run_affine, blas_affine, 100, 300, 794, 2},
    {"affine dark", run_affine_dark, blas_affine, 20, 784, 512, 2},
    {"affine dark", run_affine_dark, blas_affine, 100, 784, 300, 2},
    {"relax", run_relax, NULL, 20, 512, 512, 2},
    {"relax", run_relax, NULL, 20, 10, 512, 2},
    {"relax_complex", run_relax_complex, NULL, 20, 512, 512, 4},
    {"relax_complex", run_relax_complex, NULL, 20, 10, 512, 4},
    {"hebb", run_hebb, blas_hebb, 20, 784, 512, 2},
    {"hebb", run_hebb, blas_hebb, 20, 512, 512, 2},
    {"hebb", run_hebb, blas_hebb, 100, 300, 794, 2},
    {"hebb dark", run_hebb_dark, blas_hebb, 20, 784, 512, 2},
    {"hebb dark", run_hebb_dark, blas_hebb, 100, 784, 300, 2},
    {"conv", run_conv, blas_affine, 20 * 64, 800, 64, 2},
    {"conv", run_conv, blas_affine, 2 * 256, 1152, 256, 2},
    {"conv_back", run_conv_back, NULL, 20 * 16, 800, 64, 2},
    {"conv_back", run_conv_back, NULL, 4 * 64, 1152, 256, 2},
    {"conv_hebb", run_conv_hebb, NULL, 20 * 16, 800, 64, 2},
    {"transpose", run_transpose, NULL, 1, 512, 512, 0},
    {"exponential", run_exponential, NULL, 1, 1, 65536, 0},
    {"largest", run_largest, NULL, 1, 1, 65536, 0},
    {"pixels", run_pixels, NULL, 1, 1, 65536, 0},
    {"uniforms", run_uniforms, NULL, 1, 1, 65536, 0},
    {"normals", run_normals, NULL, 1, 1, 65536, 0},
    {"units", run_units, NULL, 1, 1, 65536, 0},
    {"labels", run_label_energies, NULL, 1, 10, 8192, 0},
    {"pulse_pairs", run_pulse_pairs, NULL, 1, 300, 784, 0},
};
enum { N_ROWS = sizeof rows / sizeof *rows };

/* Networks as published; their specs as text, so that they read as a user would write them.
 */
static const struct {
    const char *name, *spec;
} trainings[] = {
    {"P-1h", "campaign: P-1h\n"
             "base: {model.layers: [784, 512, 10], ep: {T: 40, K: 15, beta: 0.1}, "
             "train: {epochs: 1, batch: 20, rates: [0.04, 0.08]}}\n"},
    {"P-2h", "campaign: P-2h\n"
             "base: {model.layers: [784, 512, 512, 10], ep: {T: 100, K: 20, beta: 0.5}, "
             "train: {epochs: 1, batch: 20, rates: [0.005, 0.05, 0.2]}}\n"},
    {"EB-1h", "campaign: EB-1h\n"
              "base: {model: {kind: ep-energy, layers: [784, 512, 10]}, "
              "ep: {T: 100, K: 12, beta: 0.5, dt: 0.2, output: ernoult}, "
              "train: {epochs: 1, batch: 20, rates: [0.05, 0.1]}}\n"},
    {"P-conv", "campaign: P-conv\n"
               "base: {model: {kind: ep-conv, activation: hard-sigmoid, "
               "stack: \"conv 32 5x5, max 2, conv 64 5x5, max 2, fc 10\"}, "
               "ep: {T: 200, K: 10, beta: 0.4}, "
               "train: {epochs: 1, batch: 20, rates: [0.015, 0.035, 0.15]}}\n"},
    {"C-EP-1h", "campaign: C-EP-1h\n"
                "base: {model.layers: [784, 512, 10], "
                "ep: {T: 40, K: 15, beta: 0.2, update: continual}, "
                "train: {epochs: 1, batch: 20, rates: [0.0028, 0.0056]}}\n"},
    {"P-1h ernoult",
     "campaign: P-1h\n"
     "base: {model.layers: [784, 512, 10], ep: {T: 40, K: 15, beta: 0.1}, "
     "train: {epochs: 1, batch: 20}, device: {kind: ernoult, c2c: 0.01}}\n"},
    {"DRBM-300",
     "campaign: DRBM-300\n"
     "base: {model: {kind: drbm, layers: [784, 300, 10]}, "
     "train: {epochs: 1, batch: 100, rates: 1}, device: {kind: ernoult, c2c: 0.01}}\n"},
};
enum { N_TRAININGS = sizeof trainings / sizeof *trainings };

/* ---- measuring ---- */

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Median seconds of one call, over TURNS turns of about `turn` seconds. */
static double seconds_of(void (*run)(const bench *), const bench *b, double turn)
{
    size_t calls = 1;
    double t, each[TURNS];
    for (;;) { /* also warms up */
        const double start = nd_now();
        for (size_t i = 0; i < calls; i++)
            run(b);
        t = nd_now() - start;
        if (t > turn / 4) break;
        calls *= 2;
    }
    calls = (size_t)((double)calls * turn / t) + 1;
    for (int i = 0; i < TURNS; i++) {
        const double start = nd_now();
        for (size_t c = 0; c < calls; c++)
            run(b);
        each[i] = (nd_now() - start) / (double)calls;
    }
    qsort(each, TURNS, sizeof *each, ascending);
    return each[TURNS / 2];
}

enum { PEAK_ROUNDS = 20000 };
static void run_peak(const bench *b)
{
    b->k->peak(PEAK_ROUNDS, b->f[4]);
}

static double peak_gflops(bench *b, const nd_kernels *k)
{
    b->k = k;
    return PEAK_ROUNDS * (double)ND_PEAK_FLOPS / seconds_of(run_peak, b, 0.05) * 1e-9;
}

static nd_code take_buffers(bench *b, nd_arena *a, nd_err *err)
{
    ND_TRY(nd_arena_new(a, (BUFFERS * sizeof(float) + 2) * FLOATS, err));
    for (int i = 0; i < BUFFERS; i++) {
        b->f[i] = nd_arena_take(a, FLOATS, sizeof(float));
        const nd_at at = {.seed = 7, .stream = (uint32_t)i + 1};
        nd_kern()->uniforms(at, FLOATS, 0.0f, 1.0f, b->f[i]);
    }
    for (size_t i = 0; i < FLOATS; i++)
        if (b->f[DARK][i] < (float)MNIST_DARK) b->f[DARK][i] = 0;
    for (size_t i = 0; i < FLOATS; i++)
        b->f[5][i] = i % 2 ? 0.001f : -0.001f;
    b->bytes = nd_arena_take(a, FLOATS, 1);
    b->places = nd_arena_take(a, FLOATS, 1);
    for (uint32_t i = 0; i < FLOATS; i++)
        b->bytes[i] = (uint8_t)(i * 2654435761u >> 30);
    return ND_OK;
}

static nd_code samples_per_second(const char *text, double *rate, nd_err *err)
{
    const nd_source source = {.name = "bench", .text = text, .n = strlen(text)};
    nd_spec *spec;
    nd_params p;
    double each;
    ND_TRY(nd_spec_parse(&source, NULL, 0, &spec, err));
    nd_code code = nd_spec_base(spec, &p, err);
    nd_spec_free(spec);
    ND_TRY(code);
    double turn[TURNS];
    const nd_shape digits = {.features = 784,
                             .classes = 10,
                             .rows = 28,
                             .cols = 28,
                             .channels = 1,
                             .dark = MNIST_DARK};
    for (int i = 0; i < TURNS; i++) {
        ND_TRY(nd_trial_estimate(&p, digits, 1, 0, 0.4, &each, err));
        turn[i] = 1 / each;
    }
    qsort(turn, TURNS, sizeof *turn, ascending);
    *rate = turn[TURNS / 2];
    return ND_OK;
}

/* ---- the table ---- */

static void shape_text(const row *r, char out[32])
{
    if (r->K == 1)
        snprintf(out, 32, "%zu", r->N);
    else if (r->B == 1)
        snprintf(out, 32, "%zux%zu", r->K, r->N);
    else
        snprintf(out, 32, "%zux%zux%zu", r->B, r->K, r->N);
}

/* Devices are two to a weight; other items are elements. */
static double items(const row *r)
{
    return (double)(r->K * r->N) * (r->run == run_pulse_pairs ? 2 : 1);
}

static void bench_row(bench *b, const row *r, const nd_kernels *k, const double peak,
                      bool json, nd_json *j)
{
    char shape[32];
    shape_text(r, shape);
    b->k = k;
    b->B = r->B, b->K = r->K, b->N = r->N;
    const double t = seconds_of(r->run, b, 0.02);
    const double work = r->flops > 0 ? r->flops * (double)(r->B * r->K * r->N) : items(r);
    double blas = 0;
    if (r->blas && b->blas) blas = work / seconds_of(r->blas, b, 0.02) * 1e-9;
    if (json) {
        nd_json_open(j, '{');
        nd_json_key(j, "name"), nd_json_string(j, r->name);
        nd_json_key(j, "isa"), nd_json_string(j, k->isa);
        nd_json_key(j, "shape"), nd_json_string(j, shape);
        nd_json_key(j, r->flops > 0 ? "gflops" : "items_per_second");
        nd_json_real(j, r->flops > 0 ? work / t * 1e-9 : work / t);
        if (blas > 0) nd_json_key(j, "blas_gflops"), nd_json_real(j, blas);
        nd_json_close(j);
    } else if (r->flops > 0) {
        printf("  %-12s %-12s %-7s %8.1f GFLOP/s  %3.0f %% of peak", r->name, shape, k->isa,
               work / t * 1e-9, 100 * work / t * 1e-9 / peak);
        if (blas > 0) printf("  CBLAS %6.1f", blas);
        printf("\n");
    } else {
        printf("  %-12s %-12s %-7s %8.1f M items/s\n", r->name, shape, k->isa,
               work / t * 1e-6);
    }
    fflush(stdout);
}

static void bench_kernels(bench *b, bool json, nd_json *j)
{
    double peak[8] = {0};
    bool usable;
    const nd_kernels *k;
    for (size_t i = 0; (k = nd_kern_isa(i, &usable)); i++) {
        peak[i] = usable ? peak_gflops(b, k) : 0;
        if (usable && !json)
            printf("  peak %-20s %-7s %8.1f GFLOP/s\n", "", k->isa, peak[i]);
    }
    for (size_t r = 0; r < N_ROWS; r++)
        for (size_t i = 0; (k = nd_kern_isa(i, &usable)); i++)
            if (usable) bench_row(b, &rows[r], k, peak[i], json, j);
}

static nd_code bench_training(bool json, nd_json *j, nd_err *err)
{
    for (size_t i = 0; i < N_TRAININGS; i++) {
        double rate;
        ND_TRY(samples_per_second(trainings[i].spec, &rate, err));
        if (json) {
            nd_json_open(j, '{');
            nd_json_key(j, "name"), nd_json_string(j, trainings[i].name);
            nd_json_key(j, "samples_per_second"), nd_json_real(j, rate);
            nd_json_close(j);
        } else {
            printf("  %-25s %-7s %8.0f samples/s\n", trainings[i].name, nd_kern()->isa,
                   rate);
        }
    }
    return ND_OK;
}

/* 32 maps of 32 x 32 to 32 such, with the border that keeps the size, with the kernels that
 * the program uses here. Both count the operations of the direct sum. */
static const size_t kernel_sizes[] = {3, 5, 7, 9, 11, 15};
enum { N_SIZES = sizeof kernel_sizes / sizeof *kernel_sizes, SIDE = 32, CONV_BATCH = 20 };

static void conv_row(const char *name, size_t K, double seconds, bool json, nd_json *j)
{
    const double flops = 2.0 * SIDE * SIDE * SIDE * SIDE * (double)(K * K);
    char shape[32];
    snprintf(shape, sizeof shape, "%dx%dx%d %zux%zu", SIDE, SIDE, SIDE, K, K);
    if (!json) {
        printf("  %-8s %-16s %-7s %8.1f us %8.1f GFLOP/s\n", name, shape, nd_kern()->isa,
               seconds * 1e6, flops / seconds * 1e-9);
        return;
    }
    nd_json_open(j, '{');
    nd_json_key(j, "name"), nd_json_string(j, name);
    nd_json_key(j, "isa"), nd_json_string(j, nd_kern()->isa);
    nd_json_key(j, "shape"), nd_json_string(j, shape);
    nd_json_key(j, "gflops"), nd_json_real(j, flops / seconds * 1e-9);
    nd_json_close(j);
}

/* *from: the smallest of the sizes from which on FFT is faster, 0 if it never is. */
static nd_code bench_convolution(bool json, nd_json *j, size_t *from, nd_err *err)
{
    *from = 0;
    if (!json) printf("convolutions, direct and by FFT, one of %d images:\n", CONV_BATCH);
    for (size_t i = 0; i < N_SIZES; i++) {
        const size_t K = kernel_sizes[i];
        const nd_conv g = {.rows = SIDE,
                           .cols = SIDE,
                           .channels = SIDE,
                           .pixel = SIDE,
                           .image = (size_t)SIDE * SIDE * SIDE,
                           .kh = K,
                           .kw = K,
                           .stride = 1,
                           .pad = K / 2,
                           .maps = SIDE,
                           .window = 1};
        double direct, fft;
        ND_TRY(nd_conv_time_up(&g, CONV_BATCH, 0.1, &direct, &fft, err));
        conv_row("conv", K, direct, json, j);
        conv_row("conv_fft", K, fft, json, j);
        if (fft >= direct)
            *from = 0;
        else if (!*from)
            *from = K;
    }
    if (!json && *from)
        printf("  FFT is faster from %zux%zu on\n", *from, *from);
    else if (!json)
        printf("  FFT is not faster for any of these sizes\n");
    return ND_OK;
}

/* ---- devices ----
 *
 * A bank of pairs with non-linearity and cycle-to-cycle noise, as models use it, with the
 * kernels that the program uses here. */
typedef struct device_bench {
    bench b; /* first: what seconds_of passes on */
    nd_params p;
    nd_bank *bank;
    float *pulse;            /* panels; up and down in turn */
    float *wanted, *scratch; /* panels; wanted of several pulses' size */
} device_bench;

enum { BANK_INPUTS = 784, BANK_OUTPUTS = 300 };

static void run_bank(const bench *b)
{
    const device_bench *d = (const device_bench *)(const void *)b;
    const nd_at at = {.seed = 1, .stream = ND_STREAM_CYCLE};
    d->bank->type->pulse(d->bank, d->pulse, at);
}

/* A whole update. What is wanted changes sign every time: no device stays at a bound. */
static void run_program(const bench *b)
{
    const device_bench *d = (const device_bench *)(const void *)b;
    const nd_at at = {
        .seed = 1, .stream = ND_STREAM_CYCLE, .batch = (uint32_t)d->bank->updates};
    nd_kern()->scale(nd_panels(BANK_INPUTS, BANK_OUTPUTS), -1, d->wanted, d->wanted);
    nd_bank_program(d->bank, d->wanted, d->scratch, at);
}

static void take_bank(device_bench *d, nd_arena *a)
{
    const size_t cells = nd_panels(BANK_INPUTS, BANK_OUTPUTS);
    nd_bank_take(d->bank, &d->p, BANK_INPUTS, BANK_OUTPUTS, 0, false, a);
    d->pulse = nd_arena_take(a, cells, sizeof *d->pulse);
    d->wanted = nd_arena_take(a, cells, sizeof *d->wanted);
    d->scratch = nd_arena_take(a, nd_bank_scratch(d->bank), sizeof *d->scratch);
}

static nd_code devices_per_second(nd_device_id type, nd_program_id scheme,
                                  void (*run)(const bench *), double *rate, nd_err *err)
{
    const size_t cells = nd_panels(BANK_INPUTS, BANK_OUTPUTS);
    nd_bank bank;
    device_bench d = {.bank = &bank};
    nd_arena measure = {0}, arena = {0};
    nd_params_defaults(&d.p);
    d.p.device_kind = type;
    d.p.device_c2c = 0.01;
    d.p.program_scheme = scheme;
    take_bank(&d, &measure);
    ND_TRY(nd_arena_new(&arena, measure.used, err));
    take_bank(&d, &arena);
    for (size_t i = 0; i < cells; i++)
        d.pulse[i] = i % 2 ? 0.001f : -0.001f;
    nd_kern()->normals((nd_at){.seed = 2}, cells, 0, 0.003f, d.wanted);
    nd_bank_init(&bank, BANK_INPUTS);
    *rate = 2.0 * BANK_INPUTS * BANK_OUTPUTS / seconds_of(run, &d.b, 0.05);
    nd_arena_free(&arena);
    return ND_OK;
}

static const char *const types[] = {
#define D(id, name, help, source) name,
#include "nudge/devices.def"
#undef D
};
static const char *const schemes[] = {
#define R(id, name, help, source) name,
#include "nudge/programs.def"
#undef R
};

static nd_code rate_of_type(size_t i, double *rate, nd_err *err)
{
    return devices_per_second((nd_device_id)i, ND_PROGRAM_cst, run_bank, rate, err);
}
static nd_code rate_of_scheme(size_t i, double *rate, nd_err *err)
{
    return devices_per_second(ND_DEVICE_ernoult, (nd_program_id)i, run_program, rate, err);
}

static const struct {
    const char *key, *title;
    const char *const *names;
    size_t n, without; /* what is no device, or no scheme of its own */
    nd_code (*rate)(size_t i, double *rate, nd_err *err);
} device_rows[] = {
    {"devices_per_second", "pulses on devices with non-linearity and cycle-to-cycle noise",
     types, sizeof types / sizeof *types, ND_DEVICE_ideal, rate_of_type},
    {"programmed_per_second", "updates of such devices (ernoult), by scheme", schemes,
     sizeof schemes / sizeof *schemes, ND_PROGRAM_automatic, rate_of_scheme},
};

static nd_code bench_devices(bool json, nd_json *j, nd_err *err)
{
    for (size_t k = 0; k < sizeof device_rows / sizeof *device_rows; k++) {
        nd_json_key(j, device_rows[k].key), nd_json_open(j, '{');
        if (!json) printf("%s:\n", device_rows[k].title);
        for (size_t i = 0; i < device_rows[k].n; i++) {
            double rate;
            if (i == device_rows[k].without) continue;
            ND_TRY(device_rows[k].rate(i, &rate, err));
            nd_json_key(j, device_rows[k].names[i]), nd_json_real(j, rate);
            if (!json)
                printf("  %-25s %-7s %8.1f M devices/s\n", device_rows[k].names[i],
                       nd_kern()->isa, rate * 1e-6);
        }
        nd_json_close(j);
    }
    return ND_OK;
}

static nd_code run_all(bench *b, bool json, nd_json *j, nd_err *err)
{
    nd_json_open(j, '{');
    nd_json_key(j, "isa"), nd_json_string(j, nd_kern()->isa);
    nd_json_key(j, "peak_gflops"), nd_json_real(j, peak_gflops(b, nd_kern()));
    nd_json_key(j, "kernels"), nd_json_open(j, '[');
    size_t from;
    bench_kernels(b, json, j);
    ND_TRY(bench_convolution(json, j, &from, err));
    nd_json_close(j);
    nd_json_key(j, "conv_fft_from"), nd_json_int(j, (long long)from);
    if (!json) printf("training, on one core, evaluation apart:\n");
    nd_json_key(j, "training"), nd_json_open(j, '[');
    ND_TRY(bench_training(json, j, err));
    nd_json_close(j);
    ND_TRY(bench_devices(json, j, err));
    nd_json_close(j);
    if (json) printf("%s\n", nd_text_str(&j->text));
    return nd_text_check(&j->text, err);
}

nd_code nd_cmd_bench(int argc, char **argv, nd_err *err)
{
    bool json = false;
    const nd_option options[] = {
        ND_OPTION_JSON(&json),
        {0},
    };
    const char *arg;
    size_t n;
    ND_TRY(nd_options_parse(argc, argv, options, &arg, 0, &n, err));
    bench b = {0};
    nd_blas blas;
    nd_arena arena = {0};
    nd_json j = {0};
    if (nd_blas_open(&blas)) b.blas = &blas;
    if (!json) printf("kernels, one core, median of %d; CBLAS: %s\n", TURNS, blas.name);
    nd_code code = take_buffers(&b, &arena, err);
    if (code == ND_OK) code = run_all(&b, json, &j, err);
    nd_text_free(&j.text);
    nd_arena_free(&arena);
    nd_blas_close(&blas);
    return code;
}
