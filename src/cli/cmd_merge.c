/* cmd_merge.c -- nudge merge: several campaign folders into one. */
#include "cli_impl.h"

#include "nudge/campaign.h"
#include "nudge/log.h"

#include <stdio.h>
#include <stdlib.h>

nd_code nd_cmd_merge(int argc, char **argv, nd_err *err)
{
    const char *to = NULL;
    const nd_option options[] = {
        {"output", 'o', "DIR", "the new folder; it must not be there yet", .value = &to},
        {0},
    };
    nd_text command = {0};
    nd_merge_end end = {0};
    size_t n = 0;
    nd_command_line(argc, argv, &command);
    const char **dirs = calloc((size_t)argc, sizeof *dirs);
    nd_code code = dirs ? nd_text_check(&command, err)
                        : ND_FAIL(err, ND_ENOMEM, "no memory for the command line");
    if (code == ND_OK)
        code = nd_options_parse(argc, argv, options, dirs, (size_t)argc, &n, err);
    if (code == ND_OK && (!n || !to))
        code = ND_FAIL(err, ND_EUSAGE, "merge needs %s: nudge merge %s",
                       n ? "-o DIR" : "campaigns' folders",
                       nd_command_find("merge")->synopsis);
    if (code == ND_OK)
        code = nd_campaign_merge(dirs, n, to, nd_text_str(&command), &end, err);
    if (code == ND_OK) {
        nd_log(ND_INFO,
               "%zu folder%s: %zu of %zu trials done, %zu failed, %zu remain; %zu were in "
               "more than one",
               n, n == 1 ? "" : "s", end.done, end.trials, end.failed, end.pending,
               end.repeated);
        printf("%s\n", end.results);
    }
    free(dirs);
    nd_text_free(&command);
    return code;
}
