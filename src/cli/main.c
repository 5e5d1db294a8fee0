/* main.c -- the command line: nudge COMMAND ... */
#include "cli_impl.h"

#include "nudge/kern.h"
#include "nudge/log.h"
#include "nudge/text.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const nd_command commands[] = {
    {"plan", "SPEC [--quick] [--set p=v ...] [--json]",
     "check a sweep and say what it will take; writes nothing", nd_cmd_plan},
    {"run",
     "SPEC [-o DIR] [--quick] [--set p=v ...] [--shard i/n] [--time-limit D] "
     "[--retry-failed]",
     "run a campaign, or go on with the one in DIR", nd_cmd_run},
    {"train",
     "SPEC [--quick] [--set p=v ...] [--samples FILE] [--filters FILE] "
     "[--conductances FILE] [--json]",
     "train the spec's base once, in the foreground", nd_cmd_train},
    {"status", "DIR [--watch] [--interval D] [--json]",
     "how a campaign stands, live or not", nd_cmd_status},
    {"merge", "DIR... -o DIR", "shards, or a campaign and its extension, into one campaign",
     nd_cmd_merge},
    {"verify", "DIR", "check that a campaign's files agree", nd_cmd_verify},
    {"map",
     "DIR... [-x P] [-y P] [--metric M] [--where p=v] [--baseline p=v] [--target V] "
     "[--figure KIND] [--table KIND] [--lines P] [--panels P] [--ratio P=A/B] [--contour "
     "V,...] "
     "[-o FILE] [--report FILE]",
     "statistics over replicates, as NetCDF, table, figure or a page for a browser",
     nd_cmd_map},
    {"check",
     "gdu | gradient | spectrum | rbm SPEC [--set p=v ...] [--batch N] [--points N] [-o "
     "FILE] "
     "[--json]",
     "the theory on the model of a spec: EP against BPTT, gradients against differences, "
     "states over the nudging circle, Boltzmann machines against exact sums",
     nd_cmd_check},
    {"device", "NAME [--set p=v ...] [-o FILE] [--json] | fit FILE.csv [-o FILE] [--json]",
     "a device under pulses: response, steps, symmetry point; or the types nearest to a "
     "measured one",
     nd_cmd_device},
    {"bench", "[--json]", "what the kernels do on this machine, beside its limit and CBLAS",
     nd_cmd_bench},
    {"help",
     "[COMMAND | param NAME | params | metrics | models | devices | programs | datasets | "
     "activations | optimisers | designs]",
     "what there is", nd_cmd_help},
    {"info", "", "this build, this machine, this program's limits", nd_cmd_info},
};
enum { N_COMMANDS = sizeof commands / sizeof *commands };

const nd_command *nd_command_at(size_t i)
{
    return i < N_COMMANDS ? &commands[i] : NULL;
}

const nd_command *nd_command_find(const char *name)
{
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (!strcmp(commands[i].name, name)) return &commands[i];
    return NULL;
}

static nd_code unknown(const char *name, nd_err *err)
{
    nd_nearest near = nd_nearest_to(name);
    for (size_t i = 0; i < N_COMMANDS; i++)
        nd_nearest_try(&near, commands[i].name);
    if (near.best)
        return ND_FAIL(err, ND_EUSAGE, "unknown command \"%.32s\"; did you mean \"%s\"?",
                       name, near.best);
    return ND_FAIL(err, ND_EUSAGE, "unknown command \"%.32s\"; `nudge help` lists them",
                   name);
}

static nd_code run(int argc, char **argv, nd_err *err)
{
    ND_TRY(nd_kern_choose(err));
    if (argc < 2) {
        char *help[] = {(char[]){"help"}, NULL};
        return nd_cmd_help(1, help, err);
    }
    const char *name = argv[1];
    if (!strcmp(name, "--help") || !strcmp(name, "-h")) name = "help";
    if (!strcmp(name, "--version")) name = "info";
    const nd_command *c = nd_command_find(name);
    return c ? c->run(argc - 1, argv + 1, err) : unknown(name, err);
}

/* Under mpirun all ranks read the same command line: one of them complains for all. */
static bool speaks(void)
{
    static const char *const ranks[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"};
    for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++) {
        const char *rank = getenv(ranks[i]);
        if (rank) return !strcmp(rank, "0");
    }
    return true;
}

int main(int argc, char **argv)
{
    nd_err err = {0};
    nd_log_set(getenv("NUDGE_DEBUG") ? ND_DEBUG : ND_INFO, "nudge");
    signal(SIGPIPE, SIG_DFL); /* `nudge help | head` ends quietly */
    const nd_code code = run(argc, argv, &err);
    if (fflush(stdout) != 0 && code == ND_OK) {
        fprintf(stderr, "nudge: error: cannot write to standard output\n");
        return nd_code_exit(ND_EIO);
    }
    if (code == ND_ESTOPPED && speaks())
        nd_log(ND_INFO, "%s", err.message);
    else if (code != ND_OK && speaks())
        nd_log_err(&err);
    /* What could not be written HDF5 tries once more when the process ends, and crashes. */
    if (code == ND_EIO) _exit(nd_code_exit(code));
    return nd_code_exit(code);
}
