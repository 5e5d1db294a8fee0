/* cmd_run.c -- nudge run: one rank leads, the others relay between it and their trial
 * servers. */
#include "cli_impl.h"

#include "nudge/campaign.h"
#include "nudge/log.h"
#include "nudge/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static nd_code lead(nd_mpi *mpi, nd_campaign_options *o, nd_err *err)
{
    nd_transport t;
    const nd_code opened = nd_mpi_open(&t, mpi, err);
    if (opened != ND_OK) {
        nd_log_err(err);
        nd_mpi_abort(mpi, nd_code_exit(opened));
        return opened;
    }
    o->ranks = mpi->size;
    nd_campaign_end end = {0};
    const nd_code code = nd_campaign_run(o, &t, &end, err);
    t.ops->close(&t);
    if (end.results[0]) {
        nd_log(ND_INFO, "%zu of %zu trials done, %zu failed, %zu remain; %zu ran now",
               end.done, end.trials, end.failed, end.pending, end.ran);
        printf("%s\n", end.results);
    }
    return code;
}

static nd_code follow(nd_mpi *mpi, nd_err *err)
{
    const nd_code code = nd_mpi_worker_loop(mpi, err);
    if (code != ND_OK) {
        nd_log_err(err);
        nd_mpi_abort(mpi, nd_code_exit(code));
    }
    return code;
}

static nd_code start(nd_campaign_options *o, nd_err *err)
{
    nd_server_job job;
    nd_mpi mpi;
    ND_TRY(nd_campaign_job(&job, err));
    nd_code code = nd_mpi_start(&mpi, NULL, NULL, &job, err);
    if (code != ND_OK) {
        nd_campaign_job_free(&job);
        return code;
    }
    code = mpi.rank == 0 ? lead(&mpi, o, err) : follow(&mpi, err);
    fflush(stdout);
    const int status = nd_mpi_finish(&mpi, nd_code_exit(code));
    nd_campaign_job_free(&job);
    /* the other ranks end as the master does, so that mpirun returns it; they say nothing
     */
    if (mpi.rank != 0) exit(status);
    return code;
}

/* "2/4": both whole numbers, the first from 1 to the second. */
static nd_code parse_shard(const char *text, nd_shard *out, nd_err *err)
{
    enum { SHARDS_MAX = 100000 };
    char i_text[16] = "";
    int64_t i = 0, n = 0;
    const char *slash = strchr(text, '/');
    if (slash && (size_t)(slash - text) < sizeof i_text)
        nd_copy(i_text, (size_t)(slash - text) + 1, text);
    if (!slash || !nd_parse_int(i_text, &i) || !nd_parse_int(slash + 1, &n) || i < 1 ||
        n < i || n > SHARDS_MAX)
        return ND_FAIL(err, ND_EUSAGE,
                       "run: --shard \"%.32s\": write --shard i/n with i from 1 to n, n at "
                       "most %d: 1/4, 2/4, 3/4 and 4/4 are the whole campaign",
                       text, SHARDS_MAX);
    *out = (nd_shard){(uint32_t)i, (uint32_t)n};
    return ND_OK;
}

nd_code nd_cmd_run(int argc, char **argv, nd_err *err)
{
    nd_campaign_options o = {0};
    nd_text command = {0};
    const char *limit = NULL, *shard = NULL;
    nd_list sets = {0};
    const nd_option options[] = {
        {"output", 'o', "DIR", "the campaign's folder; default: its name", .value = &o.dir},
        ND_OPTION_SET(&sets),
        ND_OPTION_QUICK(&sets),
        {"shard", 0, "i/n",
         "run part i of n, in DIR/shard-i-of-n: for job arrays, see merge",
         .value = &shard},
        {"time-limit", 0, "D",
         "end in time, what runs at a checkpoint: 90m, 2h, 1-12:00:00", .value = &limit},
        {"retry-failed", 0, NULL, "run failed trials again, whatever the reason was",
         .flag = &o.retry_failed},
        {0},
    };
    nd_command_line(argc, argv, &command);
    o.command = nd_text_str(&command);
    nd_code code = nd_options_one(argc, argv, options, "a spec", &o.spec, err);
    o.sets = sets.v;
    o.n_sets = sets.n;
    if (code == ND_OK && limit &&
        (!nd_parse_duration(limit, &o.time_limit) || o.time_limit <= 0))
        code = ND_FAIL(
            err, ND_EUSAGE,
            "run: --time-limit \"%s\" is no duration: write 3600, 90m, 2h, 02:00:00 or "
            "1-12:00:00",
            limit);
    if (code == ND_OK && shard) code = parse_shard(shard, &o.shard, err);
    if (code == ND_OK) code = start(&o, err);
    free(sets.v);
    nd_text_free(&command);
    return code;
}
