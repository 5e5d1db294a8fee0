/* cmd_look.c -- nudge status and nudge verify: a campaign's folder, from outside. */
#include "cli_impl.h"

#include "nudge/campaign.h"

#include <stdio.h>

nd_code nd_cmd_status(int argc, char **argv, nd_err *err)
{
    const char *dir = NULL;
    bool json = false;
    const nd_option options[] = {
        ND_OPTION_JSON(&json),
        {0},
    };
    ND_TRY(nd_options_one(argc, argv, options, "a campaign's folder", &dir, err));
    nd_text out = {0};
    const nd_code code = nd_campaign_status(dir, json, &out, err);
    if (code == ND_OK) fputs(nd_text_str(&out), stdout);
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
