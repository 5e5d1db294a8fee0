/* device_wear.c -- how often each device was pulsed: moments and quantiles over the banks of
 * a network. Quantiles come from a histogram over 0 .. max, exact to one bin. */
#include "device_impl.h"

#include <math.h>

/* Calls for the runs of cells that are no padding. */
typedef void (*each)(nd_wear *w, const nd_leg *leg, size_t first, size_t rows,
                     size_t lanes);

static void count(nd_wear *w, const nd_leg *leg, size_t first, size_t rows, size_t lanes)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t i = first + r * ND_LANES; i < first + r * ND_LANES + lanes; i++) {
            const double wear = (double)leg->wear[i];
            w->devices++;
            w->sum += wear;
            w->max = fmax(w->max, wear);
            if (!leg->life) continue;
            w->stuck += leg->life[i] <= 0.0f;
            w->worn += leg->life[i] > 0.0f && leg->wear[i] >= leg->life[i];
        }
}

static void sort_in(nd_wear *w, const nd_leg *leg, size_t first, size_t rows, size_t lanes)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t i = first + r * ND_LANES; i < first + r * ND_LANES + lanes; i++) {
            const double at = w->max > 0 ? (double)leg->wear[i] / w->max : 0;
            const size_t bin = (size_t)(at * ND_WEAR_BINS);
            w->bin[bin < ND_WEAR_BINS ? bin : ND_WEAR_BINS - 1]++;
        }
}

/* The fast arrays of tiki-taka are devices too. */
static void go_through(const nd_bank *banks, size_t n, nd_wear *w, each what)
{
    for (size_t k = 0; k < n; k++)
        for (const nd_bank *b = &banks[k]; b; b = b->fast)
            for (size_t l = 0; l < 2 * b->pairs; l++)
                for (int i = 0; b->leg[l].wear && i < 2; i++) {
                    const nd_rows r = nd_bank_rows(b, i);
                    what(w, &b->leg[l], nd_rows_at(r), r.rows, r.lanes);
                }
}

bool nd_wear_of(const nd_bank *banks, size_t n, nd_wear *w)
{
    *w = (nd_wear){.devices = 0};
    go_through(banks, n, w, count);
    go_through(banks, n, w, sort_in);
    return w->devices > 0;
}

double nd_wear_quantile(const nd_wear *w, double q)
{
    uint64_t below = 0;
    for (size_t i = 0; i < ND_WEAR_BINS; i++) {
        below += w->bin[i];
        if ((double)below >= q * (double)w->devices)
            return w->max * (double)(i + 1) / ND_WEAR_BINS;
    }
    return w->max;
}
