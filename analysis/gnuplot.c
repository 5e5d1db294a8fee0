/* gnuplot.c -- runs gnuplot as a filter: script in, figure out, complaints kept apart.
 *
 * The three streams are unlinked temporary files, not pipes: nothing can block, and there
 * is no shell and no file name that could mean something to one. */
#include "figure_impl.h"
#include "nudge/file.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { IN, OUT, ERR, STREAMS };

static nd_code open_streams(FILE *stream[STREAMS], const nd_text *script, nd_err *err)
{
    for (int i = 0; i < STREAMS; i++) {
        stream[i] = tmpfile();
        if (!stream[i]) return ND_FAIL_SYS(err, ND_EIO, "cannot make a temporary file");
    }
    ND_TRY(nd_write_all(fileno(stream[IN]), script->s, script->n, err));
    if (lseek(fileno(stream[IN]), 0, SEEK_SET) < 0)
        return ND_FAIL_SYS(err, ND_EIO, "cannot rewind a temporary file");
    return ND_OK;
}

static nd_code run(FILE *stream[STREAMS], int *status, nd_err *err)
{
    /* -d: without the user's start-up files, so that figures look alike everywhere */
    char name[] = "gnuplot", defaults[] = "-d";
    char *const argv[] = {name, defaults, NULL};
    posix_spawn_file_actions_t actions;
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed) return ND_FAIL(err, ND_ENOMEM, "no memory to start gnuplot");
    for (int i = 0; i < STREAMS && !failed; i++)
        failed = posix_spawn_file_actions_adddup2(&actions, fileno(stream[i]), i);
    pid_t pid = -1;
    if (!failed) failed = posix_spawnp(&pid, name, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed == ENOENT)
        return ND_FAIL(
            err, ND_EENV,
            "gnuplot not found; install it (Debian: gnuplot-nox), or write .nc or "
            ".csv");
    if (failed) return ND_FAIL(err, ND_EENV, "cannot start gnuplot: %s", strerror(failed));
    while (waitpid(pid, status, 0) < 0)
        if (errno != EINTR) return ND_FAIL_SYS(err, ND_EENV, "cannot wait for gnuplot");
    return ND_OK;
}

static nd_code read_back(FILE *stream, nd_text *out, nd_err *err)
{
    char block[16384];
    size_t n;
    rewind(stream);
    while ((n = fread(block, 1, sizeof block, stream)) > 0)
        nd_text_bytes(out, block, n);
    if (ferror(stream)) return ND_FAIL_SYS(err, ND_EIO, "cannot read gnuplot's output");
    return nd_text_check(out, err);
}

nd_code nd_gnuplot_run(const nd_text *script, nd_text *out, nd_err *err)
{
    FILE *stream[STREAMS] = {NULL};
    nd_text complaints = {0};
    int status = 0;
    nd_code code = open_streams(stream, script, err);
    if (code == ND_OK) code = run(stream, &status, err);
    if (code == ND_OK) code = read_back(stream[OUT], out, err);
    if (code == ND_OK) code = read_back(stream[ERR], &complaints, err);
    if (code == ND_OK && (status != 0 || !out->n))
        code = ND_FAIL(err, ND_EENV, "gnuplot failed (%s %d): %s",
                       WIFSIGNALED(status) ? "signal" : "status",
                       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
                       nd_text_str(&complaints));
    for (int i = 0; i < STREAMS; i++)
        if (stream[i]) fclose(stream[i]);
    nd_text_free(&complaints);
    return code;
}
