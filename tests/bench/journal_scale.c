/* journal_scale.c -- a journal of 1,000,000 finished trials, written by the real writer: how long
 * it takes to replay, and what results.nc needs to be made of it.
 *
 *     build/release-gcc/tests/bench/journal_scale [TRIALS [FOLDER]]
 *
 * Every trial has four curves of 100 epochs. Each part runs in a process of its own, whose
 * largest memory is told. The journal was written just before, so that it may be read from the
 * page cache. The exit status is 1 when the replay takes more than 15 s or results.nc more than
 * 2 GB. */
#include "nudge/clock.h"
#include "nudge/file.h"
#include "nudge/philox.h"
#include "nudge/plan.h"

#include "campaign/publish_impl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EPOCHS = 100 };

typedef struct place {
    size_t n; /* trials */
    char journal[300], results[300];
} place;

static nd_code make_plan(size_t n, nd_plan *plan, nd_err *err)
{
    const size_t side = (size_t)sqrt((double)n);
    char text[256];
    snprintf(text, sizeof text,
             "campaign: scale\naxes:\n  ep.beta: {linspace: [0.1, 1, %zu]}\n"
             "  device.c2c: {linspace: [0, 1, %zu]}\n",
             side, n / side);
    const nd_source source = {"scale.yaml", text, strlen(text)};
    nd_spec *spec = NULL;
    ND_TRY(nd_spec_parse(&source, NULL, 0, &spec, err));
    return nd_plan_of(plan, spec, err);
}

static const nd_metric_id curves[] = {ND_METRIC_test_error, ND_METRIC_train_error,
                                      ND_METRIC_validation_error, ND_METRIC_train_loss};

/* Errors that fall and then waver, so that they are no easier to deflate than real ones. */
static void fill(nd_record *r, size_t trial)
{
    r->seconds = 1 + (double)(trial % 7);
    for (uint32_t c = 0; c < sizeof curves / sizeof *curves; c++)
        for (uint32_t e = 0; e < EPOCHS; e++) {
            const double u = nd_philox_unit((nd_at){1, 99, e, c}, (uint32_t)trial);
            r->curve[curves[c]][e] = (float)(0.1 + 0.8 / (1 + e) + 0.01 * u);
            r->value[curves[c]] = (double)r->curve[curves[c]][e];
        }
}

static nd_code write_trials(const nd_plan *plan, nd_journal *j, nd_err *err)
{
    nd_record r;
    nd_text bytes = {0};
    nd_code code = ND_OK;
    nd_record_init(&r);
    r.status = ND_STATUS_DONE;
    r.attempts = 1;
    r.epochs = EPOCHS;
    nd_copy(r.host, sizeof r.host, "node-0001");
    nd_copy(r.isa, sizeof r.isa, "avx512");
    for (size_t c = 0; c < sizeof curves / sizeof *curves && code == ND_OK; c++) {
        r.curve[curves[c]] = calloc(EPOCHS, sizeof(float));
        if (!r.curve[curves[c]]) code = ND_FAIL(err, ND_ENOMEM, "no memory for a curve");
    }
    for (size_t i = 0; i < plan->n && code == ND_OK; i++) {
        nd_params p;
        code = nd_plan_params(plan, i, &p, err);
        r.key = plan->trial[i].key;
        fill(&r, i);
        nd_text_clear(&bytes);
        nd_trial_pack(&p, &r, &bytes);
        if (code == ND_OK)
            code = nd_journal_append(j, ND_ENTRY_TRIAL, bytes.s, bytes.n, err);
    }
    nd_text_free(&bytes);
    nd_record_free(&r);
    return code;
}

/* ---- the parts ---- */

static nd_code write_journal(const place *at, nd_err *err)
{
    nd_plan plan;
    nd_journal *j;
    ND_TRY(make_plan(at->n, &plan, err));
    ND_TRY(nd_journal_open(&j, at->journal, true, err));
    nd_code code = write_trials(&plan, j, err);
    if (code == ND_OK) code = nd_journal_sync(j, err);
    nd_journal_close(j);
    nd_plan_free(&plan);
    return code;
}

static nd_code replay(const place *at, nd_err *err)
{
    nd_journal *j;
    nd_ledger ledger;
    nd_past past;
    ND_TRY(nd_journal_open(&j, at->journal, false, err));
    nd_code code = nd_ledger_replay(&ledger, &past, j, err);
    if (code == ND_OK && ledger.n != at->n)
        code = ND_FAIL(err, ND_EDIFFERS, "%zu of %zu trials came back", ledger.n, at->n);
    nd_past_free(&past);
    nd_ledger_free(&ledger);
    nd_journal_close(j);
    return code;
}

static nd_code publish(const place *at, nd_err *err)
{
    nd_plan plan;
    nd_journal *j;
    nd_ledger ledger;
    nd_past past;
    ND_TRY(make_plan(at->n, &plan, err));
    ND_TRY(nd_journal_open(&j, at->journal, false, err));
    nd_code code = nd_ledger_replay(&ledger, &past, j, err);
    if (code == ND_OK)
        code = nd_publish_results(at->results, &plan, &ledger, j, &past, NULL,
                                  "journal_scale", err);
    nd_past_free(&past);
    nd_ledger_free(&ledger);
    nd_journal_close(j);
    nd_plan_free(&plan);
    return code;
}

typedef struct cost {
    double seconds, cpu, mib;
} cost;

/* Runs a part in a process of its own. */
static nd_code measure(const char *what, nd_code (*part)(const place *, nd_err *),
                       const place *at, cost *out, nd_err *err)
{
    const double start = nd_now();
    fflush(stdout);
    const pid_t pid = fork();
    if (pid < 0) return ND_FAIL(err, ND_EENV, "cannot fork");
    if (pid == 0) {
        nd_err fault = {0};
        const nd_code code = part(at, &fault);
        if (code != ND_OK) fprintf(stderr, "%s: %s\n", what, fault.message);
        _exit(code == ND_OK ? 0 : 1);
    }
    int status = 0;
    struct rusage used;
    if (wait4(pid, &status, 0, &used) != pid || status != 0)
        return ND_FAIL(err, ND_EENV, "%s failed", what);
    *out = (cost){.seconds = nd_now() - start,
                  .cpu = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                         1e-6 * (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec),
                  .mib = (double)used.ru_maxrss / 1024};
    printf("  %-12s %8.1f s, %8.1f s of the processor, %6.0f MiB at most\n", what,
           out->seconds, out->cpu, out->mib);
    return ND_OK;
}

static double gb_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (double)st.st_size * 1e-9 : 0;
}

static nd_code run(const place *at, bool *good, nd_err *err)
{
    cost written, replayed, published;
    ND_TRY(measure("written", write_journal, at, &written, err));
    ND_TRY(measure("replayed", replay, at, &replayed, err));
    ND_TRY(measure("results.nc", publish, at, &published, err));
    printf("  journal %.2f GB, results.nc %.2f GB\n", gb_of(at->journal),
           gb_of(at->results));
    *good = replayed.seconds <= 15 && published.mib * 1.048576 <= 2000;
    return ND_OK;
}

int main(int argc, char **argv)
{
    place at = {.n = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000};
    const char *folder = argc > 2 ? argv[2] : "/tmp";
    char dir[256];
    snprintf(dir, sizeof dir, "%s/nudge-scale.XXXXXX", folder);
    if (at.n < 1 || !mkdtemp(dir)) {
        fprintf(stderr, "usage: journal_scale [TRIALS [FOLDER]]; cannot make %s\n", dir);
        return 2;
    }
    const size_t side = (size_t)sqrt((double)at.n);
    at.n = side * (at.n / side);
    snprintf(at.journal, sizeof at.journal, "%s/journal", dir);
    snprintf(at.results, sizeof at.results, "%s/results.nc", dir);
    printf("a journal of %zu trials, %d epochs x 4 curves:\n", at.n, EPOCHS);
    nd_err err = {0};
    bool good = false;
    const nd_code code = run(&at, &good, &err);
    unlink(at.journal);
    unlink(at.results);
    rmdir(dir);
    if (code != ND_OK) fprintf(stderr, "%s\n", err.message);
    return code != ND_OK ? 4 : good ? 0 : 1;
}
