/* k_table.c -- this ISA's row of the kernel table. */
#include "kern_impl.h"

#define ND_TEXT_(x) #x
#define ND_TEXT(x)  ND_TEXT_(x)

extern const nd_kernels ND_KERNEL(kernels);
const nd_kernels ND_KERNEL(kernels) = {
    .isa = ND_TEXT(ND_ISA),
#define K(name, args) .name = ND_KERNEL(name),
#include "nudge/kern.def"
#undef K
};
