/* cli_impl.h -- the command table, and options as tables. exit() and stdout belong to this
 * folder. */
#ifndef NUDGE_CLI_IMPL_H
#define NUDGE_CLI_IMPL_H

#include "nudge/spec.h"
#include "nudge/text.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct nd_command {
    const char *name;
    const char *synopsis; /* what follows the name: "SPEC [--set p=v ...]" */
    const char *about;    /* one line */
    nd_code (*run)(int argc, char **argv, nd_err *err); /* argv[0] is the command */
} nd_command;

const nd_command *nd_command_find(const char *name); /* NULL: no such command */
const nd_command *nd_command_at(size_t i);           /* NULL past the end */

/* One option of a command; exactly one of flag, value, list says where it goes. A list gets
 * the argument of each, or the option's name when it takes none. */
typedef struct nd_option {
    const char *name; /* "set" for --set */
    char letter;      /* 'o' for -o, 0: none */
    const char *arg;  /* what it takes, for the help; NULL: a flag */
    const char *help;
    bool *flag;
    const char **value;
    struct nd_list *list;
} nd_option;

typedef struct nd_list {
    const char **v; /* (n), owned by nd_options_parse's caller: free(v) */
    size_t n;
} nd_list;

/* Rows that several commands have. */
#define ND_OPTION_SET(sets)                                                                \
    {                                                                                      \
        "set", 0, "p=v",                                                                   \
            "set a parameter, instead of what the spec says; may be repeated",             \
            .list = (sets)                                                                 \
    }
#define ND_OPTION_QUICK(sets)                                                              \
    {                                                                                      \
        ND_SET_QUICK, 0, NULL, "the small version that the spec's section `quick` says",   \
            .list = (sets)                                                                 \
    }
#define ND_OPTION_JSON(json)                                                               \
    {                                                                                      \
        "json", 0, NULL, "one JSON object instead of text", .flag = (json)                 \
    }

/* Reads options in any order; what is left goes to args (max). `--help` prints the
 * command's help and ends the program. ND_EUSAGE names the fault and the nearest option.
 * options ends with a row without a name. */
ND_MUST nd_code nd_options_parse(int argc, char **argv, const nd_option *options,
                                 const char **args, size_t max, size_t *n_args,
                                 nd_err *err);

/* The one positional argument that most commands take: ND_EUSAGE when it is missing. */
ND_MUST nd_code nd_options_one(int argc, char **argv, const nd_option *options,
                               const char *what, const char **arg, nd_err *err);

/* The command line as a shell would take it: "nudge", then argv. */
void nd_command_line(int argc, char **argv, nd_text *out);

nd_code nd_cmd_plan(int argc, char **argv, nd_err *err);
nd_code nd_cmd_run(int argc, char **argv, nd_err *err);
nd_code nd_cmd_train(int argc, char **argv, nd_err *err);
nd_code nd_cmd_status(int argc, char **argv, nd_err *err);
nd_code nd_cmd_merge(int argc, char **argv, nd_err *err);
nd_code nd_cmd_verify(int argc, char **argv, nd_err *err);
nd_code nd_cmd_bench(int argc, char **argv, nd_err *err);
nd_code nd_cmd_map(int argc, char **argv, nd_err *err);
nd_code nd_cmd_device(int argc, char **argv, nd_err *err);
nd_code nd_cmd_check(int argc, char **argv, nd_err *err);
nd_code nd_cmd_help(int argc, char **argv, nd_err *err);
nd_code nd_cmd_info(int argc, char **argv, nd_err *err);

#endif
