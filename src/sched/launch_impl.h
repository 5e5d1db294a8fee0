/* launch_impl.h -- who started this process: known from the environment, before MPI_Init.
 */
#ifndef NUDGE_LAUNCH_IMPL_H
#define NUDGE_LAUNCH_IMPL_H

#include "nudge/err.h"

typedef struct nd_launch {
    const char *launcher; /* "mpirun"; NULL: started plainly    */
    int rank;             /* -1: unknown                        */
    int size;             /* 1: alone, with no need of MPI; 0: unknown */
} nd_launch;

/* ND_EENV when Slurm started several tasks that MPI cannot connect. */
ND_MUST nd_code nd_launch_find(nd_launch *out, nd_err *err);

#endif
