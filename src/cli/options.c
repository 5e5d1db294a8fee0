/* options.c -- getopt_long, fed from tables. */
#include "cli_impl.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTIONS_MAX = 24, LONG_ONLY = 256 };

static void print_help(const nd_command *c, const nd_option *options)
{
    printf("nudge %s -- %s\n\nUsage: nudge %s %s\n", c->name, c->about, c->name,
           c->synopsis);
    if (options->name) printf("\nOptions:\n");
    for (const nd_option *o = options; o->name; o++) {
        char left[64];
        snprintf(left, sizeof left, "%s%c%s--%s%s%s", o->letter ? "-" : "",
                 o->letter ? o->letter : ' ', o->letter ? ", " : "   ", o->name,
                 o->arg ? " " : "", o->arg ? o->arg : "");
        printf("  %-28s %s\n", left, o->help);
    }
}

static nd_code unknown(const char *word, const char *command, const nd_option *options,
                       nd_err *err)
{
    nd_nearest near = nd_nearest_to(word + strspn(word, "-"));
    for (const nd_option *o = options; o->name; o++)
        nd_nearest_try(&near, o->name);
    if (near.best)
        return ND_FAIL(err, ND_EUSAGE, "%s: unknown option %s; did you mean --%s?", command,
                       word, near.best);
    return ND_FAIL(err, ND_EUSAGE, "%s: unknown option %s; see `nudge help %s`", command,
                   word, command);
}

static nd_code take(const nd_option *o, const char *arg, nd_err *err)
{
    if (o->flag) *o->flag = true;
    if (o->value) *o->value = arg;
    if (!o->list) return ND_OK;
    const char **v = realloc(o->list->v, (o->list->n + 1) * sizeof *v);
    if (!v) return ND_FAIL(err, ND_ENOMEM, "no memory for the command line");
    o->list->v = v;
    v[o->list->n++] = arg ? arg : o->name;
    return ND_OK;
}

nd_code nd_options_parse(int argc, char **argv, const nd_option *options, const char **args,
                         size_t max, size_t *n_args, nd_err *err)
{
    struct option longs[OPTIONS_MAX + 2] = {{0}};
    char shorts[2 * OPTIONS_MAX + 8] =
        "-:h"; /* '-': arguments in order, ':': errors are ours */
    int n = 0;
    for (const nd_option *o = options; o->name && n < OPTIONS_MAX; o++, n++) {
        longs[n] = (struct option){o->name, o->arg ? required_argument : no_argument, NULL,
                                   LONG_ONLY + n};
        const size_t at = strlen(shorts);
        if (o->letter)
            snprintf(shorts + at, sizeof shorts - at, "%c%s", o->letter, o->arg ? ":" : "");
    }
    longs[n] = (struct option){"help", no_argument, NULL, 'h'};
    *n_args = 0;
    optind = 0;
    for (int c; (c = getopt_long(argc, argv, shorts, longs, NULL)) != -1;) {
        if (c == 1) {
            if (*n_args == max)
                return ND_FAIL(err, ND_EUSAGE, "%s: \"%s\" is one argument too many",
                               argv[0], optarg);
            args[(*n_args)++] = optarg;
            continue;
        }
        if (c == 'h') {
            print_help(nd_command_find(argv[0]), options);
            exit(0);
        }
        if (c == ':')
            return ND_FAIL(err, ND_EUSAGE, "%s: %s needs a value", argv[0],
                           argv[optind - 1]);
        if (c == '?') return unknown(argv[optind - 1], argv[0], options, err);
        const nd_option *o = c >= LONG_ONLY ? &options[c - LONG_ONLY] : options;
        while (c < LONG_ONLY && o->letter != c)
            o++;
        ND_TRY(take(o, optarg, err));
    }
    while (optind < argc && *n_args < max) /* after "--" */
        args[(*n_args)++] = argv[optind++];
    return ND_OK;
}

nd_code nd_options_one(int argc, char **argv, const nd_option *options, const char *what,
                       const char **arg, nd_err *err)
{
    size_t n;
    ND_TRY(nd_options_parse(argc, argv, options, arg, 1, &n, err));
    if (n == 1) return ND_OK;
    return ND_FAIL(err, ND_EUSAGE, "%s needs %s: nudge %s %s", argv[0], what, argv[0],
                   nd_command_find(argv[0])->synopsis);
}

void nd_command_line(int argc, char **argv, nd_text *out)
{
    nd_text_add(out, "nudge");
    for (int i = 0; i < argc; i++) {
        const bool plain = argv[i][0] && !strpbrk(argv[i], " \t\n\"'\\$&|;<>()*?[]{}");
        nd_text_add(out, plain ? " %s" : " '%s'", argv[i]);
    }
}
