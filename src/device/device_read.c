/* device_read.c -- what of the weights gets through when they are read: loss along the lines
 * of a crossbar, and converters.
 *
 * A product of the model reads all weights at once, as they are in the bank. Loss is taken
 * to first order, and its input for its mean: with a share r of the voltage lost at the far
 * end of a line whose devices are all at G_max, row i of k reads
 *
 *     w_ij (1 - r load_j (1 - (1 - (i + 1)/k)^2)),
 *
 * load_j being the mean conductance in column j, relative to G_max - G_min; the parabola is
 * that of aihwkit, Rasch et al. 2021, where r follows the currents of every input instead.
 * Then each weight is rounded to what a converter of read.weight_bits can tell apart. */
#include "device_impl.h"

#include <math.h>

static void add_loads(const nd_bank *b, size_t panel, float load[ND_LANES])
{
    const size_t cells = b->k * ND_LANES;
    size_t legs = 0;
    for (size_t l = 0; l < 2 * b->pairs; l++) {
        const nd_leg *leg = &b->leg[l];
        if (!leg->x) continue;
        const float *x = (leg->seen ? leg->seen : leg->x) + panel * cells;
        for (size_t i = 0; i < b->k; i++)
            for (size_t j = 0; j < ND_LANES; j++)
                load[j] += x[i * ND_LANES + j];
        legs++;
    }
    for (size_t j = 0; j < ND_LANES; j++)
        load[j] /= (float)(legs * b->k);
}

static void lose(nd_bank *b, float share)
{
    for (size_t panel = 0; panel < nd_ld(b->n) / ND_LANES; panel++) {
        float load[ND_LANES] = {0};
        add_loads(b, panel, load);
        float *w = b->weight + panel * b->k * ND_LANES;
        for (size_t i = 0; i < b->k; i++) {
            const float near = 1.0f - (float)(i + 1) / (float)b->k;
            const float far = share * (1.0f - near * near);
            for (size_t j = 0; j < ND_LANES; j++)
                w[i * ND_LANES + j] *= 1.0f - far * load[j];
        }
    }
}

bool nd_memristor_reads_exactly(const nd_params *p)
{
    return p->read_ir_drop <= 0 && !p->read_weight_bits && !nd_read_is_noisy(p);
}

void nd_memristor_read(nd_bank *b)
{
    const nd_params *p = b->p;
    if (b->noise) nd_kern()->add(nd_bank_cells(b), b->noise, b->weight);
    if (p->read_ir_drop > 0) lose(b, (float)p->read_ir_drop);
    if (!p->read_weight_bits) return;
    const double levels = exp2((double)p->read_weight_bits - 1) - 1;
    const double bound = p->device_gain * nd_device_range(p);
    nd_kern()->quantise(nd_bank_cells(b), (float)levels, (float)bound, b->weight);
}
