/* cmd_look.c -- nudge status and nudge verify: a campaign's folder, from outside. */
#include "cli_impl.h"

#include "nudge/campaign.h"
#include "nudge/clock.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* As much of the text as the terminal has room for, over what it shows. */
static void show_screen(const char *text)
{
    struct winsize size = {0};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_row || !size.ws_col)
        size = (struct winsize){.ws_row = 24, .ws_col = 80};
    printf("\x1b[H");
    for (int row = 1; *text && row < size.ws_row; row++) {
        const int n = (int)strcspn(text, "\n");
        printf("%.*s\x1b[K\n", n < size.ws_col ? n : size.ws_col - 1, text);
        text += n + (text[n] == '\n');
    }
    printf("\x1b[J");
}

static nd_code describe(nd_view *v, bool json, nd_text *out, nd_err *err)
{
    nd_text_clear(out);
    return json ? nd_view_json(v, out, err) : nd_view_text(v, out, err);
}

/* Until every trial has ended, or the user has seen enough. */
static nd_code watch(nd_view *v, bool json, double interval, nd_text *out, nd_err *err)
{
    const bool screen = !json && isatty(STDOUT_FILENO);
    if (screen) printf("\x1b[2J");
    for (;;) {
        ND_TRY(describe(v, json, out, err));
        if (screen)
            show_screen(nd_text_str(out));
        else
            printf("%s%s", nd_text_str(out), json ? "" : "\n");
        if (fflush(stdout) != 0)
            return ND_FAIL(err, ND_EIO, "cannot write to standard output");
        if (nd_view_over(v)) return ND_OK;
        nd_sleep(interval);
        ND_TRY(nd_view_refresh(v, err));
    }
}

nd_code nd_cmd_status(int argc, char **argv, nd_err *err)
{
    const char *dir = NULL, *every = NULL;
    bool json = false, keep_on = false;
    double interval = 2;
    const nd_option options[] = {
        {"watch", 'w', NULL, "show it again and again, until all trials have ended",
         .flag = &keep_on},
        {"interval", 0, "D", "time between two looks of --watch; default: 2 s",
         .value = &every},
        ND_OPTION_JSON(&json),
        {0},
    };
    ND_TRY(nd_options_one(argc, argv, options, "a campaign's folder", &dir, err));
    if (every && (!nd_parse_duration(every, &interval) || interval < 0.1))
        return ND_FAIL(err, ND_EUSAGE,
                       "status: --interval \"%s\" is no duration of at least 0.1 s", every);
    nd_text out = {0};
    nd_view *v = NULL;
    nd_code code = nd_view_open(&v, dir, err);
    if (code == ND_OK && keep_on) code = watch(v, json, interval, &out, err);
    if (code == ND_OK && !keep_on) {
        code = describe(v, json, &out, err);
        if (code == ND_OK) fputs(nd_text_str(&out), stdout);
    }
    nd_view_close(v);
    nd_text_free(&out);
    return code;
}

nd_code nd_cmd_verify(int argc, char **argv, nd_err *err)
{
    const char *dir = NULL;
    const nd_option options[] = {{0}};
    ND_TRY(nd_options_one(argc, argv, options, "a campaign's folder", &dir, err));
    nd_text report = {0};
    const nd_code code = nd_campaign_verify(dir, &report, err);
    fputs(nd_text_str(&report), stdout);
    nd_text_free(&report);
    return code;
}
