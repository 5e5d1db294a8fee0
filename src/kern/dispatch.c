/* dispatch.c -- which kernel table runs here: compile-time versions, run-time choice. */
#include "nudge/kern.h"

#include <stdlib.h>
#include <string.h>

extern const nd_kernels nd_kernels_scalar, nd_kernels_avx2, nd_kernels_avx512;

/* __builtin_cpu_supports asks CPUID and, through XGETBV, whether the operating system saves
 * the wide registers. */
static bool has_scalar(void)
{
    return true;
}
static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}

static const struct {
    const nd_kernels *table;
    bool (*usable)(void);
} isas[] = {
    {&nd_kernels_scalar, has_scalar},
    {&nd_kernels_avx2, has_avx2},
    {&nd_kernels_avx512, has_avx512},
};
enum { N_ISAS = sizeof isas / sizeof *isas };

/* The kernel table, set once at start: one of the three mutable objects of the program. */
static const nd_kernels *chosen = &nd_kernels_scalar;

const nd_kernels *nd_kern(void)
{
    return chosen;
}

const nd_kernels *nd_kern_isa(size_t i, bool *usable)
{
    if (i >= N_ISAS) return NULL;
    *usable = isas[i].usable();
    return isas[i].table;
}

nd_code nd_kern_choose(nd_err *err)
{
    const char *pinned = getenv("NUDGE_ISA");
    if (pinned && !*pinned) pinned = NULL;
    bool known = false;
    for (size_t i = 0; i < N_ISAS; i++) {
        if (pinned && strcmp(pinned, isas[i].table->isa) != 0) continue;
        known = true;
        if (isas[i].usable())
            chosen = isas[i].table;
        else if (pinned)
            return ND_FAIL(err, ND_EENV,
                           "NUDGE_ISA=%s, but this processor or operating system lacks it; "
                           "unset NUDGE_ISA to take the widest that works",
                           pinned);
    }
    if (!known)
        return ND_FAIL(err, ND_EUSAGE,
                       "NUDGE_ISA=\"%.32s\" is unknown: it is scalar, avx2 or avx512",
                       pinned);
    return ND_OK;
}
