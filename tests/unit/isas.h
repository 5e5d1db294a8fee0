/* isas.h -- the kernels that this machine can run, for unit tests. */
#ifndef NUDGE_TEST_ISAS_H
#define NUDGE_TEST_ISAS_H

#include "nudge/kern.h"

enum { ISAS_MAX = 4 };

/* From the `first` ISA on, 0 being scalar, those that are usable here; returns how many. */
static inline size_t isas_from(size_t first, const nd_kernels *out[ISAS_MAX])
{
    size_t n = 0;
    bool usable;
    const nd_kernels *k;
    for (size_t i = first; (k = nd_kern_isa(i, &usable)); i++)
        if (usable) out[n++] = k;
    return n;
}

static inline size_t isas(const nd_kernels *out[ISAS_MAX])
{
    return isas_from(0, out);
}

#endif
