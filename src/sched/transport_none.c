/* transport_none.c -- stands in for transport_mpi.c in builds without MPI: one rank. */
#include "nudge/transport.h"

#include "launch_impl.h"

nd_code nd_mpi_start(nd_mpi *m, int *argc, char ***argv, const nd_server_job *job,
                     nd_err *err)
{
    (void)argc, (void)argv;
    *m = (nd_mpi){.size = 1, .job = job, .server = ND_SERVER_NONE, .exit_code = -1};
    nd_launch l;
    ND_TRY(nd_launch_find(&l, err));
    if (l.size > 1)
        return ND_FAIL(err, ND_EENV,
                       "%s started %d processes, but this nudge was built without MPI: "
                       "build it with MPI=1, or run it without %s",
                       l.launcher, l.size, l.launcher);
    return nd_server_start(&m->server, job, err);
}

nd_code nd_mpi_open(nd_transport *t, nd_mpi *m, nd_err *err)
{
    return nd_serial_open(t, &m->server, err);
}

nd_code nd_mpi_worker_loop(nd_mpi *m, nd_err *err)
{
    return ND_FAIL(err, ND_EENV, "rank %d of %d is no worker: built without MPI", m->rank,
                   m->size);
}

int nd_mpi_finish(nd_mpi *m, int exit_code)
{
    nd_server_stop(&m->server);
    return exit_code;
}

void nd_mpi_abort(nd_mpi *m, int exit_code)
{
    (void)exit_code;
    nd_server_stop(&m->server);
}

bool nd_mpi_built(void)
{
    return false;
}

void nd_mpi_version(char *out, size_t size)
{
    nd_copy(out, size, "none");
}
