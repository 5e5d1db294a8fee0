/* kern_impl.h -- what kernel objects see: the declarations of this ISA's kernels. Only
 * kern.h and what it includes, so that no shared function can be compiled wide and leak
 * out. */
#ifndef NUDGE_KERN_IMPL_H
#define NUDGE_KERN_IMPL_H

#include "nudge/kern.h"

#include "vec.h"

#define K(name, args) void ND_KERNEL(name) args;
#include "nudge/kern.def"
#undef K

#endif
