/* device_histogram.c -- where the devices of a bank stand in their ranges. */
#include "device_impl.h"

void nd_bank_histogram(const nd_bank *b, bool minus, size_t bins, uint64_t *bin)
{
    for (size_t l = minus; l < 2 * b->pairs; l += 2)
        for (int i = 0; b->leg[l].x && i < 2; i++) {
            const nd_rows r = nd_bank_rows(b, i);
            const float *x = b->leg[l].x + nd_rows_at(r);
            for (size_t k = 0; k < r.rows; k++)
                for (size_t c = 0; c < r.lanes; c++) {
                    const double at = (double)x[k * ND_LANES + c] * (double)bins;
                    const size_t place = at > 0 ? (size_t)at : 0;
                    bin[place < bins ? place : bins - 1]++;
                }
        }
}
