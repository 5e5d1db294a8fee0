/* spectrum.c -- the states over the circle of nudges, through FFTW: one transform of N points
 * for each unit and sample, many at once.
 *
 * The slope of log rms over k is the median of the slopes of all pairs of bins (Theil 1950;
 * Sen 1968): bins that symmetry empties, such as the even ones of an odd activation, do not bend
 * it. */
#include "nudge/spectrum.h"

#include "ep_impl.h"

#include "nudge/fourier.h"
#include "nudge/stat.h"

#include <math.h>

const size_t nd_spectrum_estimates[ND_SPECTRUM_ESTIMATES] = {2, 4, 6, 8};

/* Transforms side by side; and how many times the floor a bin is to be fitted, and the last
 * bin to have risen again. */
enum { ROWS = 1024, ABOVE = 3, RISEN = 2 };

/* Rounding is no function of beta: some 1e-7 of the response returns as negative powers. */
static const double rounding = 1e-4;

/* ---- reducing ---- */

/* Bins that the floor is measured in. */
static size_t first_high(size_t N)
{
    return N - N / 4;
}

/* The bins 1 .. that stand out of the floor: their logarithms, and which they are. */
static size_t usable(const nd_spectrum_layer *layer, size_t N, size_t k[], double log_rms[])
{
    size_t n = 0;
    for (size_t i = 1; i < first_high(N); i++)
        if (layer->rms[i] > ABOVE * layer->floor) {
            k[n] = i;
            log_rms[n++] = log(layer->rms[i]);
        }
    return n;
}

/* The later half of the usable bins, if these are many: the nearest singularity wins. */
static void fit(nd_spectrum_layer *layer, size_t N)
{
    enum { PAIRS = ND_SPECTRUM_POINTS_MAX * ND_SPECTRUM_POINTS_MAX / 2, ENOUGH = 6 };
    size_t k[ND_SPECTRUM_POINTS_MAX], pairs = 0;
    double y[ND_SPECTRUM_POINTS_MAX], slope[PAIRS], rest[ND_SPECTRUM_POINTS_MAX];
    const size_t n = usable(layer, N, k, y), from = n > ENOUGH ? (n - ENOUGH + 1) / 2 : 0;
    layer->intercept = layer->slope = (double)NAN;
    layer->fitted = 0;
    if (n < 3) return;
    for (size_t i = from; i < n; i++)
        for (size_t j = i + 1; j < n; j++)
            slope[pairs++] = (y[j] - y[i]) / (double)(k[j] - k[i]);
    layer->fitted = n - from;
    layer->slope = nd_stat_median(slope, nd_stat_sort(slope, pairs));
    for (size_t i = from; i < n; i++)
        rest[i - from] = y[i] - layer->slope * (double)k[i];
    layer->intercept = nd_stat_median(rest, nd_stat_sort(rest, n - from));
}

static double fitted(const nd_spectrum_layer *layer, size_t k)
{
    return exp(layer->intercept + layer->slope * (double)k);
}

/* What `points` points take for a part of the response, all terms of one sign: rms[1 + points]
 * + rms[1 + 2 points] + ..., from where they are not measured any more as the fit's geometric
 * series. */
static double aliased(const nd_spectrum_layer *layer, size_t N, size_t points)
{
    size_t k = 1 + points;
    double sum = 0;
    for (; k < first_high(N) && layer->rms[k] > ABOVE * layer->floor; k += points)
        sum += layer->rms[k];
    if (layer->slope >= 0) return HUGE_VAL;
    return sum + fitted(layer, k) / (1 - exp(layer->slope * (double)points));
}

void nd_spectrum_reduce(nd_spectrum_layer *layer, size_t N, double beta)
{
    double high[ND_SPECTRUM_POINTS_MAX];
    const size_t first = first_high(N), middle = (first + N - 1) / 2;
    for (size_t k = first; k < N; k++)
        high[k - first] = layer->rms[k];
    layer->floor = nd_stat_median(high, nd_stat_sort(high, N - first));
    fit(layer, N);
    layer->floor_reached = !layer->fitted || 2 * fitted(layer, middle) < layer->floor;
    layer->radius = beta * exp(-layer->slope);
    layer->negative_powers = layer->rms[N - 1] > RISEN * layer->floor &&
                             layer->rms[N - 1] > rounding * layer->rms[1];
    if (layer->negative_powers) layer->radius = fmin(layer->radius, beta);
    layer->snr = layer->rms[1] / layer->floor;
    for (size_t i = 0; i < ND_SPECTRUM_ESTIMATES; i++)
        layer->bias[i] = aliased(layer, N, nd_spectrum_estimates[i]) / layer->rms[1];
}

/* ---- measuring ---- */

/* Where unit i of a sample is in its row: pixels are padded. */
static size_t place_of(const nd_ep_layer *layer, size_t i)
{
    return i / layer->maps * nd_ld(layer->maps) + i % layer->maps;
}

/* data (N, ROWS), complex: rows first .. of (B, units) on all points of the circle; past the end 0. */
static size_t gather(const nd_ep *e, size_t l, size_t B, size_t N, size_t first,
                     double *data)
{
    const nd_ep_layer *layer = &e->layer[l];
    const size_t all = B * layer->n, rows = all - first < ROWS ? all - first : ROWS;
    for (size_t n = 0; n < N; n++) {
        const bool mirrored = 2 * n > N;
        const size_t from = mirrored ? N - n : n;
        const float *re = nd_ep_circle_at(e, l, B, from, 0);
        const float *im = nd_ep_circle_at(e, l, B, from, 1);
        for (size_t r = 0; r < ROWS; r++) {
            const size_t at = (first + r) / layer->n * layer->ld +
                              place_of(layer, (first + r) % layer->n);
            const bool real = r < rows;
            double *to = data + 2 * (n * ROWS + r);
            to[0] = real ? (double)re[at] : 0;
            to[1] = real ? mirrored ? -(double)im[at] : (double)im[at] : 0;
        }
    }
    return rows;
}

static void measure_layer(const nd_ep *e, size_t l, size_t B, size_t N, nd_fourier *f,
                          nd_spectrum_layer *out)
{
    double complex *data = nd_fourier_data(f);
    const size_t all = B * e->layer[l].n;
    *out = (nd_spectrum_layer){.layer = l, .units = e->layer[l].n};
    for (size_t first = 0, rows; first < all; first += rows) {
        rows = gather(e, l, B, N, first, (double *)data);
        nd_fourier_forward(f);
        for (size_t k = 0; k < N; k++)
            for (size_t r = 0; r < rows; r++) {
                const double re = creal(data[k * ROWS + r]), im = cimag(data[k * ROWS + r]);
                out->rms[k] += re * re + im * im;
            }
    }
    for (size_t k = 0; k < N; k++)
        out->rms[k] = sqrt(out->rms[k] / (double)all) / (double)N;
}

static void settle(nd_net *net, const nd_batch *b, double beta, size_t N)
{
    net->ops->settle(net, b, ND_PHASE_FREE);
    const nd_ep_moment m = {
        .b = b, .x = b->x, .nudged = true, .beta = (float)beta, .t = (uint32_t)net->p.ep_T};
    nd_ep_circle_settle(net, &m, N);
}

static nd_code check(const nd_net *net, nd_err *err)
{
    const bool ep = net->ops == &nd_model_ep_prototypical || net->ops == &nd_model_ep_conv;
    if (!ep)
        return ND_FAIL(err, ND_EINPUT,
                       "only ep-prototypical and ep-conv have a spectrum of states; the "
                       "model is %s",
                       net->ops->name);
    if (!net->p.ep_spectrum)
        return ND_FAIL(err, ND_EINPUT,
                       "ep.spectrum is 0: set it to the points of the "
                       "circle, such as 16");
    return ND_OK;
}

nd_code nd_spectrum_measure(nd_net *net, const nd_batch *b, nd_spectrum *out, nd_err *err)
{
    ND_TRY(check(net, err));
    const nd_ep *e = nd_ep_of(net);
    const size_t N = (size_t)net->p.ep_spectrum;
    const double beta = fabs(net->p.ep_beta);
    nd_fourier *f;
    const nd_fourier_shape shape = {.n = N, .rows = ROWS, .step = ROWS, .next = 1};
    ND_TRY(nd_fourier_complex(&f, &shape, err));
    settle(net, b, beta, N);
    *out = (nd_spectrum){.points = N,
                         .beta = beta,
                         .moved = nd_ep_circle_moved(e, b->B),
                         .radius = (double)NAN,
                         .snr = (double)NAN};
    bool real = true;
    for (size_t l = e->soft; l < e->L; l++) {
        nd_spectrum_layer *layer = &out->layer[out->n_layers++];
        measure_layer(e, l, b->B, N, f, layer);
        for (size_t k = 0; k < N; k++)
            real = real && isfinite(layer->rms[k]);
        if (!real) break;
        nd_spectrum_reduce(layer, N, beta);
        out->radius = fmin(out->radius, layer->radius);
        out->snr = fmin(out->snr, layer->snr);
    }
    nd_fourier_free(f);
    if (real) return ND_OK;
    return ND_FAIL(err, ND_EDIVERGED,
                   "states at nudges of size %g are no numbers any more: take a smaller "
                   "ep.beta or ep.dt",
                   beta);
}
