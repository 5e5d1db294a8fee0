/* cmd_help.c -- nudge help and nudge info: straight from the tables. */
#include "cli_impl.h"

#include "nudge/build.h"
#include "nudge/kern.h"
#include "nudge/preset.h"
#include "nudge/record.h"
#include "nudge/transport.h"
#include "nudge/versions.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void print_commands(void)
{
    printf("nudge %s -- sweeps of energy-based learning on imperfect memristors\n\n"
           "Usage: nudge COMMAND ...\n\n",
           nd_version);
    const nd_command *c;
    for (size_t i = 0; (c = nd_command_at(i)); i++)
        printf("  %-8s %s\n", c->name, c->about);
    printf("\n`nudge help COMMAND` or `nudge COMMAND --help` for its options; `nudge help "
           "params` "
           "for all\nparameters of a spec. Exit status: 0 done, 1 some trials failed, 2 "
           "wrong usage, "
           "3 bad input,\n4 environment, 75 stopped in good order with work left.\n");
}

/* " (text)" and the end of the line; nothing but the end for an empty text or `none`. */
static void print_aside(const char *text, const char *none)
{
    const bool there = *text && strcmp(text, none) != 0;
    printf("%s%s%s\n", there ? " (" : "", there ? text : "", there ? ")" : "");
}

static void print_param(const nd_param *row)
{
    printf("%s: %s\n", row->name, row->help);
    printf("  type     %s", nd_type_text(row->type));
    print_aside(row->unit, "1");
    if (row->choices) {
        printf("  one of  ");
        for (size_t i = 0; row->choices[i]; i++)
            printf(" %s", row->choices[i]);
        printf("\n");
    } else if (row->type != ND_TYPE_TEXT) {
        printf("  range    %g to %g\n", row->lo, row->hi);
    }
    printf("  default  %s\n  NetCDF   %s\n", *row->fallback ? row->fallback : "(empty)",
           row->variable);
    if (strcmp(row->source, "-") != 0) printf("  source   %s\n", row->source);
}

/* Those whose name starts with the group, a line each. */
static void print_group(const char *group)
{
    for (size_t i = 0; i < nd_param_count(); i++) {
        const nd_param *row = nd_param_at(i);
        if (row->flags & ND_HIDDEN || strncmp(row->name, group, strlen(group)) != 0)
            continue;
        printf("%-20s %-17s %s", row->name, *row->fallback ? row->fallback : "(empty)",
               row->help);
        for (size_t c = 0; row->choices && row->choices[c]; c++)
            printf("%s%s", c ? ", " : " [", row->choices[c]);
        printf("%s\n", row->choices ? "]" : "");
    }
}

static void print_params(void)
{
    print_group("");
    printf("\n`nudge help param NAME` says more: type, range, unit, source.\n");
}

static void print_metrics(void)
{
    for (size_t i = 0; i < ND_METRICS; i++) {
        const nd_metric *m = nd_metric_at(i);
        printf("%-20s %s%s\n", m->name, m->long_name, m->curve ? "; also per epoch" : "");
    }
}

/* The registries: a row each, straight from the .def files. */
typedef struct entry {
    const char *name, *help, *source;
} entry;

static const entry models[] = {
#define M(id, name, help, source) {name, help, source},
#include "nudge/models.def"
#undef M
    {0}};
static const entry devices[] = {
#define D(id, name, help, source) {name, help, source},
#include "nudge/devices.def"
#undef D
    {0}};
static const entry presets[] = {
#define N(id, name, values, help, source) {name, help, source},
#include "nudge/presets.def"
#undef N
    {0}};
static const entry programs[] = {
#define R(id, name, help, source) {name, help, source},
#include "nudge/programs.def"
#undef R
    {0}};
static const entry datasets[] = {
#define S(id, name, help, source) {name, help, source},
#include "nudge/datasets.def"
#undef S
    {0}};
static const entry activations[] = {
#define A(id, name, formula, source) {name, formula, source},
#include "nudge/activations.def"
#undef A
    {0}};
static const entry optimisers[] = {
#define O(id, name, moments, help, source) {name, help, source},
#include "nudge/optimisers.def"
#undef O
    {0}};

static const entry designs[] = {
#define D(id, name, sampled, help, source) {name, help, source},
#include "nudge/designs.def"
#undef D
    {0}};

static const struct {
    const char *name;
    const entry *rows;
    const char *param;     /* whose values they are */
    const char *groups[4]; /* and the parameters that go with them */
} registries[] = {
    {"models", models, "model.kind", {"model.", "ep.", "rbm.", "train."}},
    {"devices", devices, "device.kind", {0}},
    {"devices", presets, "device.preset", {"device.", "read."}},
    {"programs", programs, "program.scheme", {"program."}},
    {"datasets", datasets, "data.name", {"data."}},
    {"activations", activations, "model.activation", {0}},
    {"optimisers", optimisers, "train.optimiser", {"train."}},
    {"designs", designs, "design", {0}},
};

static bool print_registry(const char *name)
{
    bool found = false;
    for (size_t i = 0; i < sizeof registries / sizeof *registries; i++) {
        if (strcmp(registries[i].name, name) != 0) continue;
        printf("%svalues of %s:\n", found ? "\n" : "", registries[i].param);
        for (const entry *r = registries[i].rows; r->name; r++) {
            printf("  %-21s %s", r->name, r->help);
            print_aside(r->source, "-");
            if (registries[i].rows == presets && r != presets)
                printf("  %-21s %s\n", "", nd_preset_at((size_t)(r - presets))->values);
        }
        for (size_t g = 0; g < 4 && registries[i].groups[g]; g++) {
            printf("\n");
            print_group(registries[i].groups[g]);
        }
        found = true;
    }
    return found;
}

static nd_code help_param(const char *name, nd_err *err)
{
    const nd_param *row = nd_param_find(name);
    if (row) {
        print_param(row);
        return ND_OK;
    }
    const char *near = nd_param_nearest(name);
    return ND_FAIL(err, ND_EUSAGE, "unknown parameter \"%.64s\"; %s%s%s", name,
                   near ? "did you mean \"" : "`nudge help params` lists them",
                   near ? near : "", near ? "\"?" : "");
}

static nd_code no_topic(const char *topic, nd_err *err)
{
    nd_nearest near = nd_nearest_to(topic);
    const nd_command *c;
    for (size_t i = 0; (c = nd_command_at(i)); i++)
        nd_nearest_try(&near, c->name);
    for (size_t i = 0; i < sizeof registries / sizeof *registries; i++)
        nd_nearest_try(&near, registries[i].name);
    nd_nearest_try(&near, "params");
    nd_nearest_try(&near, "metrics");
    return ND_FAIL(err, ND_EUSAGE, "no help on \"%.64s\"; %s%s%s", topic,
                   near.best ? "did you mean \"" : "`nudge help help` lists what there is",
                   near.best ? near.best : "", near.best ? "\"?" : "");
}

static nd_code help_topic(const char *topic, nd_err *err)
{
    const nd_command *c = nd_command_find(topic);
    if (c && c->run != nd_cmd_help && c->run != nd_cmd_info) {
        char name[16], flag[] = "--help";
        nd_copy(name, sizeof name, topic);
        char *argv[] = {name, flag, NULL};
        return c->run(2, argv, err); /* prints the command's help and ends the program */
    }
    if (c) {
        printf("nudge %s -- %s\n\nUsage: nudge %s %s\n", c->name, c->about, c->name,
               c->synopsis);
        return ND_OK;
    }
    if (!strcmp(topic, "params"))
        print_params();
    else if (!strcmp(topic, "metrics"))
        print_metrics();
    else if (nd_param_find(topic))
        return help_param(topic, err);
    else if (!print_registry(topic))
        return no_topic(topic, err);
    return ND_OK;
}

nd_code nd_cmd_help(int argc, char **argv, nd_err *err)
{
    const nd_option options[] = {{0}};
    const char *args[2] = {0};
    size_t n;
    ND_TRY(nd_options_parse(argc, argv, options, args, 2, &n, err));
    if (n == 0) {
        print_commands();
        return ND_OK;
    }
    if (!strcmp(args[0], "param")) {
        if (n == 2) return help_param(args[1], err);
        return ND_FAIL(err, ND_EUSAGE, "help param needs a name: nudge help param ep.beta");
    }
    if (n == 2)
        return ND_FAIL(err, ND_EUSAGE, "help: \"%.64s\" is one argument too many", args[1]);
    return help_topic(args[0], err);
}

nd_code nd_cmd_info(int argc, char **argv, nd_err *err)
{
    const nd_option options[] = {{0}};
    const char *arg;
    size_t n;
    ND_TRY(nd_options_parse(argc, argv, options, &arg, 0, &n, err));
    char mpi[128] = "none: `nudge run` works alone";
    if (nd_mpi_built()) nd_mpi_version(mpi, sizeof mpi);
    printf("nudge     %s (%s)\n", nd_version, nd_build_commit);
    printf("compiler  %s, %s\n", nd_build_compiler, nd_build_flags);
    printf("kernels   %s; compiled in:", nd_kern()->isa);
    bool usable;
    const nd_kernels *k;
    for (size_t i = 0; (k = nd_kern_isa(i, &usable)); i++)
        printf(" %s%s", k->isa, usable ? "" : " (not on this machine)");
    printf("\nMPI       %s\nNetCDF    %s\nlibyaml   %s\nzlib      %s\nFFTW      %s\n", mpi,
           nd_netcdf_version(), nd_yaml_version(), nd_zlib_version(), nd_fftw_version());
    printf("cores     %ld\n", sysconf(_SC_NPROCESSORS_ONLN));
    printf("limits    %d values in a list, %zu parameters, %d metrics\n", ND_LIST_MAX,
           nd_param_count(), ND_METRICS);
    return ND_OK;
}
