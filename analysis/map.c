/* map.c -- builds the map, and writes it. */
#include "nudge/map.h"

#include "map_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void nd_map_defaults(nd_map_options *o)
{
    *o = (nd_map_options){.metric = "test_error", .target = (double)NAN, .tolerance = 0.01};
}

nd_code nd_map_no_memory(nd_err *err)
{
    return ND_FAIL(err, ND_ENOMEM, "no memory to build the map");
}

/* test_error of "test_error", "test_error_low" and "test_error_degradation"; else -1. */
static int metric_of(const char *name)
{
    static const char *const suffixes[] = {
        "",      "_q1",         "_q3",        "_mean",     "_sd",         "_low",
        "_high", "_var_device", "_var_train", "_var_rest", "_degradation"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        const size_t n = strlen(name), tail = strlen(suffixes[i]);
        char metric[64];
        if (n < tail || n - tail >= sizeof metric ||
            strcmp(name + n - tail, suffixes[i]) != 0)
            continue;
        nd_copy(metric, n - tail + 1, name);
        if (nd_metric_find(metric) >= 0) return nd_metric_find(metric);
    }
    return -1;
}

/* What the figure shows must be a variable, of numbers. */
static nd_code check_metric(const nd_map_builder *b, nd_err *err)
{
    const char *name = b->o->metric;
    const nd_series *v = nd_cube_var(b->cube, name);
    if (v && v->x) return ND_OK;
    if (v)
        return ND_FAIL(err, ND_EINPUT, "%s is a text: there is nothing to measure", name);
    if (metric_of(name) >= 0) {
        if (strstr(name, "_degradation"))
            return ND_FAIL(
                err, ND_EINPUT,
                "there is no %s: this campaign has no cells of ideal devices; name "
                "others with --baseline p=v",
                name);
    }
    nd_nearest near = nd_nearest_to(name);
    nd_text all = {0};
    for (size_t i = 0; i < ND_METRICS; i++) {
        nd_nearest_try(&near, nd_metric_at(i)->name);
        nd_text_add(&all, "%s%s", i ? ", " : "", nd_metric_at(i)->name);
    }
    for (size_t i = 0; i < b->cube->n_vars; i++)
        nd_nearest_try(&near, b->cube->vars[i].name);
    if (near.best)
        ND_FAIL(err, ND_EINPUT, "there is no metric \"%.64s\"; did you mean \"%s\"?", name,
                near.best);
    else
        ND_FAIL(err, ND_EINPUT, "there is no metric \"%.64s\"; there are: %s", name,
                nd_text_str(&all));
    nd_text_free(&all);
    return ND_EINPUT;
}

nd_code nd_map_open(nd_map_builder *b, const nd_results *r, const nd_map_options *o,
                    nd_err *err)
{
    *b = (nd_map_builder){.r = r, .o = o, .metric = metric_of(o->metric)};
    b->counts = b->params = ND_MAP_NONE;
    if (b->metric < 0) b->metric = ND_METRIC_test_error;
    for (size_t m = 0; m < ND_METRICS; m++)
        b->stats[m] = ND_MAP_NONE;
    ND_TRY(nd_map_select(b, err));
    ND_TRY(nd_map_find_dims(b, err));
    return nd_map_find_runs(b, err);
}

void nd_map_close(nd_map_builder *b)
{
    nd_map_free_dims(b);
    free(b->trials);
    free(b->members);
    free(b->runs);
    free(b->values);
    nd_bootstrap_free(&b->bootstrap);
    nd_cube_free(b->cube);
}

static nd_code build(nd_map_builder *b, nd_err *err)
{
    ND_TRY(nd_cube_new(&b->cube, b->n_dims, b->r->n_columns, nd_map_vars_max(b), err));
    ND_TRY(nd_map_make_axes(b, err));
    ND_TRY(nd_map_make_vars(b, err));
    ND_TRY(nd_map_fill(b, err));
    ND_TRY(nd_map_add_parts(b, err));
    ND_TRY(nd_map_add_degradation(b, err));
    ND_TRY(nd_map_add_reach(b, err));
    ND_TRY(check_metric(b, err));
    return nd_map_describe(b, err);
}

nd_code nd_map_with(nd_code (*fill)(nd_map_builder *, nd_err *), const nd_results *r,
                    const nd_map_options *o, nd_cube **out, nd_err *err)
{
    *out = NULL;
    nd_map_builder b;
    nd_code code = nd_map_open(&b, r, o, err);
    if (code == ND_OK) code = fill(&b, err);
    if (code == ND_OK) {
        *out = b.cube;
        b.cube = NULL;
    }
    nd_map_close(&b);
    return code;
}

nd_code nd_map_build(const nd_results *r, const nd_map_options *o, nd_cube **out,
                     nd_err *err)
{
    return nd_map_with(build, r, o, out, err);
}
