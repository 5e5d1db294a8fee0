/* launch.c -- rank and size as launchers tell them through the environment.
 *
 * Whether to fork a trial server, and whether to initialise MPI at all, has to be known
 * before MPI_Init can say. */
#include "launch_impl.h"

#include "nudge/text.h"

#include <limits.h>
#include <stdlib.h>

/* The first row whose rank variable is set counts. Slurm's own variables are also set in
 * batch scripts, so they tell the size only where a rank variable shows that MPI is meant.
 */
static const struct {
    const char *launcher, *rank, *size[2];
} launchers[] = {
    {"mpirun", "OMPI_COMM_WORLD_RANK", {"OMPI_COMM_WORLD_SIZE", NULL}},
    {"srun --mpi=pmix", "PMIX_RANK", {"SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"}},
    {"mpiexec", "PMI_RANK", {"PMI_SIZE", "SLURM_STEP_NUM_TASKS"}},
    {"mpirun_rsh", "MV2_COMM_WORLD_RANK", {"MV2_COMM_WORLD_SIZE", NULL}},
};

/* A whole number >= 0 from the environment, or `otherwise`. */
static int number(const char *name, int otherwise)
{
    const char *s = name ? getenv(name) : NULL;
    int64_t i;
    return s && nd_parse_int(s, &i) && i >= 0 && i <= INT_MAX ? (int)i : otherwise;
}

nd_code nd_launch_find(nd_launch *out, nd_err *err)
{
    *out = (nd_launch){.rank = 0, .size = 1};
    for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++) {
        if (!getenv(launchers[i].rank)) continue;
        out->launcher = launchers[i].launcher;
        out->rank = number(launchers[i].rank, -1);
        out->size = number(launchers[i].size[0], number(launchers[i].size[1], 0));
        return ND_OK;
    }
    const int tasks = number("SLURM_STEP_NUM_TASKS", 1);
    if (tasks > 1 && getenv("SLURM_PROCID"))
        return ND_FAIL(err, ND_EENV,
                       "srun started %d tasks but did not connect them: use srun "
                       "--mpi=pmix or mpirun; for runs that are meant to be separate, "
                       "unset SLURM_STEP_NUM_TASKS",
                       tasks);
    return ND_OK;
}
