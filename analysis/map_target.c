/* map_target.c -- how long training takes to come down to a test error. */
#include "map_impl.h"

#include <math.h>
#include <stdlib.h>

/* The first epoch, from 1, that is at most `target`; infinite when there is none, NaN when nothing
 * was measured. */
static double first_at_most(const float *curve, size_t epochs, double target)
{
    bool any = false;
    for (size_t e = 0; e < epochs; e++) {
        /* as floats, which curves are: 0.3 reaches 0.3 */
        if (curve[e] <= (float)target) return (double)(e + 1);
        any |= !isnan(curve[e]);
    }
    return any ? HUGE_VAL : (double)NAN;
}

static void fill(nd_map_builder *b, const double *reach, nd_series *var)
{
    for (size_t i = 0; i < b->n_runs; i++) {
        const nd_map_run *run = &b->runs[i];
        if (!run->chosen) continue;
        const size_t n = nd_map_gather(b, run, reach);
        const double median = nd_stat_median(b->values, n);
        var->x[b->members[run->first].cell] = isinf(median) ? (double)NAN : median;
    }
}

static nd_code add_var(nd_map_builder *b, const char *name, const char *what,
                       const char *unit, nd_err *err)
{
    const nd_series like = {
        .name = (char *)name, .long_name = (char *)what, .unit = (char *)unit};
    return nd_map_add_var(
        b, &like, "",
        "median over replicates, missing where it is beyond the end of training",
        "realization: median", err);
}

static nd_code add_both(nd_map_builder *b, double *reach, nd_err *err)
{
    nd_text what = {0};
    nd_text_add(&what, "first epoch with a test_error of at most ");
    nd_text_real(&what, b->o->target);
    nd_code code = nd_text_check(&what, err);
    if (code == ND_OK) code = add_var(b, "epochs_to_target", what.s, "epochs", err);
    if (code == ND_OK) fill(b, reach, &b->cube->vars[b->cube->n_vars - 1]);
    nd_text_clear(&what);
    nd_text_add(&what, "seconds of training, at an even pace, up to the first epoch with a "
                       "test_error of at most ");
    nd_text_real(&what, b->o->target);
    if (code == ND_OK) code = nd_text_check(&what, err);
    if (code == ND_OK) code = add_var(b, "seconds_to_target", what.s, "s", err);
    nd_text_free(&what);
    ND_TRY(code);
    const double *epochs = b->r->metric[ND_METRIC_epochs].x;
    for (size_t i = 0; i < b->r->n; i++)
        reach[i] *= b->r->seconds.x[i] / epochs[i];
    fill(b, reach, &b->cube->vars[b->cube->n_vars - 1]);
    return ND_OK;
}

nd_code nd_map_add_reach(nd_map_builder *b, nd_err *err)
{
    const nd_results *r = b->r;
    if (isnan(b->o->target)) return ND_OK;
    float *curves = NULL;
    ND_TRY(nd_results_curve(r, ND_METRIC_test_error, &curves, err));
    double *reach = calloc(r->n + 1, sizeof *reach);
    nd_code code = ND_OK;
    if (reach) {
        for (size_t i = 0; i < r->n; i++)
            reach[i] = curves
                           ? first_at_most(&curves[i * r->epochs], r->epochs, b->o->target)
                           : (double)NAN;
        code = add_both(b, reach, err);
    } else
        code = nd_map_no_memory(err);
    free(curves);
    free(reach);
    return code;
}
