/* map_scale.c -- the map of 1,000,000 trials: how long it takes to read results.nc and to aggregate it,
 * and how much memory that needs.
 *
 *     build/release-gcc/tests/bench/map_scale [TRIALS [FOLDER]]
 *
 * A campaign over ep.beta, device.c2c and program.scheme, with four widths to choose from, five device
 * seeds and two training seeds; some trials have diverged. results.nc is written by the real writer just
 * before, so that it may be read from the page cache; each part runs in a process of its own. The exit
 * status is 1 when the map takes more than 30 s or more than 2 GB. */
#include "nudge/clock.h"
#include "nudge/map.h"
#include "nudge/philox.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EPOCHS = 10, C2C = 50, SCHEMES = 2, WIDTHS = 4, DEVICES = 5, TRAININGS = 2 };

typedef struct place {
    size_t n; /* trials */
    char results[300], map[300];
    nd_record r;
} place;

static double unit(size_t trial, uint32_t what)
{
    return nd_philox_unit((nd_at){1, 99, 0, what}, (uint32_t)trial);
}

static const nd_metric_id measured[] = {
    ND_METRIC_test_error,
    ND_METRIC_train_error,
    ND_METRIC_validation_error,
    ND_METRIC_train_loss,
    ND_METRIC_epochs,
    ND_METRIC_free_steps,
    ND_METRIC_pulses_up,
    ND_METRIC_pulses_down,
    ND_METRIC_saturated,
    ND_METRIC_pulse_width,
    ND_METRIC_samples_per_second,
    ND_METRIC_pulses_per_weight,
    ND_METRIC_nudged_steps,
    ND_METRIC_pulses_per_weight_max,
};
enum { MEASURED = sizeof measured / sizeof *measured };

static nd_code trial(void *ctx, size_t i, nd_params *p, const nd_record **r,
                     const char **case_name, nd_err *err)
{
    (void)err;
    place *at = ctx;
    size_t rest = i;
    p->train_seed = 1 + (int64_t)(rest % TRAININGS);
    rest /= TRAININGS;
    p->device_seed = 1 + (int64_t)(rest % DEVICES);
    rest /= DEVICES;
    const size_t width = rest % WIDTHS;
    p->program_width = 0.001 * (double)(1 + width);
    rest /= WIDTHS;
    p->program_scheme = rest % SCHEMES ? ND_PROGRAM_rprop : ND_PROGRAM_cst;
    rest /= SCHEMES;
    p->device_c2c = 0.001 * (double)(rest % C2C);
    p->ep_beta = 0.001 * (double)(1 + rest / C2C);
    *case_name = NULL;
    at->r.status = unit(i, 0) < 0.02 ? ND_STATUS_DIVERGED : ND_STATUS_DONE;
    at->r.attempts = 1;
    at->r.seconds = 1 + unit(i, 1);
    for (uint32_t m = 0; m < MEASURED; m++) {
        const double end = 0.1 + p->device_c2c + 0.01 * (double)width + 0.05 * unit(i, m);
        at->r.value[measured[m]] = end;
        for (size_t e = 0; at->r.curve[measured[m]] && e < EPOCHS; e++)
            at->r.curve[measured[m]][e] = (float)(end * (1 + 3 / (double)(1 + e)));
    }
    *r = &at->r;
    return ND_OK;
}

static nd_code write_results(place *at, nd_err *err)
{
    const nd_results_column columns[] = {
        {nd_param_find("ep.beta"), ND_ROLE_AXIS, 0},
        {nd_param_find("device.c2c"), ND_ROLE_AXIS, 1},
        {nd_param_find("program.scheme"), ND_ROLE_AXIS, 2},
        {nd_param_find("program.width"), ND_ROLE_TUNE, 3},
        {nd_param_find("device.seed"), ND_ROLE_SEED, 4},
        {nd_param_find("train.seed"), ND_ROLE_SEED, 5},
    };
    const nd_results_meta meta = {.campaign = "scale",
                                  .columns = columns,
                                  .n_columns = sizeof columns / sizeof *columns,
                                  .case_dim = -1};
    const nd_results_source from = {at->n, EPOCHS, trial, at};
    nd_record_init(&at->r);
    at->r.epochs = EPOCHS;
    nd_copy(at->r.host, sizeof at->r.host, "node-0001");
    nd_copy(at->r.isa, sizeof at->r.isa, "avx512");
    nd_code code = ND_OK;
    for (size_t m = 0; m < 4 && code == ND_OK; m++) {
        at->r.curve[measured[m]] = calloc(EPOCHS, sizeof(float));
        if (!at->r.curve[measured[m]]) code = ND_FAIL(err, ND_ENOMEM, "no memory");
    }
    if (code == ND_OK) code = nd_results_write(at->results, &meta, &from, err);
    nd_record_free(&at->r);
    return code;
}

static nd_code make_map(place *at, nd_err *err)
{
    nd_results *r = NULL;
    nd_cube *cube = NULL;
    nd_map_options o;
    nd_map_defaults(&o);
    o.target = 0.2;
    const double start = nd_now();
    nd_code code = nd_results_read(at->results, &r, err);
    const double read = nd_now();
    if (code == ND_OK) code = nd_map_build(r, &o, &cube, err);
    const double built = nd_now();
    if (code == ND_OK) code = nd_map_write(r, cube, &o, at->map, err);
    if (code == ND_OK)
        printf(
            "  read in %.1f s, %zu cells x %zu variables aggregated in %.1f s, written in "
            "%.1f s\n",
            read - start, cube->n, cube->n_vars, built - read, nd_now() - built);
    nd_cube_free(cube);
    nd_results_free(r);
    return code;
}

/* Runs a part in a process of its own. */
static nd_code measure(const char *what, nd_code (*part)(place *, nd_err *), place *at,
                       double *seconds, double *mib, nd_err *err)
{
    const double start = nd_now();
    fflush(stdout);
    const pid_t pid = fork();
    if (pid < 0) return ND_FAIL(err, ND_EENV, "cannot fork");
    if (pid == 0) {
        nd_err fault = {0};
        const nd_code code = part(at, &fault);
        if (code != ND_OK) fprintf(stderr, "%s: %s\n", what, fault.message);
        fflush(stdout);
        _exit(code == ND_OK ? 0 : 1);
    }
    int status = 0;
    struct rusage used;
    if (wait4(pid, &status, 0, &used) != pid || status != 0)
        return ND_FAIL(err, ND_EENV, "%s failed", what);
    *seconds = nd_now() - start;
    *mib = (double)used.ru_maxrss / 1024;
    printf("  %-12s %8.1f s, %8.1f s of the processor, %6.0f MiB at most\n", what, *seconds,
           (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
               1e-6 * (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec),
           *mib);
    return ND_OK;
}

int main(int argc, char **argv)
{
    place at = {.n = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000};
    const char *folder = argc > 2 ? argv[2] : "/tmp";
    char dir[256];
    snprintf(dir, sizeof dir, "%s/nudge-scale.XXXXXX", folder);
    if (at.n < 1 || !mkdtemp(dir)) {
        fprintf(stderr, "usage: map_scale [TRIALS [FOLDER]]; cannot make %s\n", dir);
        return 2;
    }
    snprintf(at.results, sizeof at.results, "%s/results.nc", dir);
    snprintf(at.map, sizeof at.map, "%s/map.nc", dir);
    printf("a map of %zu trials, %d metrics measured, curves of %d epochs:\n", at.n,
           MEASURED, EPOCHS);
    nd_err err = {0};
    double seconds = 0, mib = 0;
    nd_code code = measure("results.nc", write_results, &at, &seconds, &mib, &err);
    if (code == ND_OK) code = measure("map.nc", make_map, &at, &seconds, &mib, &err);
    unlink(at.results);
    unlink(at.map);
    rmdir(dir);
    if (code != ND_OK) fprintf(stderr, "%s\n", err.message);
    return code != ND_OK ? 4 : seconds <= 30 && mib * 1.048576 <= 2000 ? 0 : 1;
}
