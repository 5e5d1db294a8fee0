/* map.c -- builds the map, and writes it. */
#include "nudge/map.h"

#include "map_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void nd_map_defaults(nd_map_options *o)
{
    *o = (nd_map_options){.metric = "test_error", .target = (double)NAN};
}

nd_code nd_map_no_memory(nd_err *err)
{
    return ND_FAIL(err, ND_ENOMEM, "no memory to build the map");
}

static nd_code build(nd_map_builder *b, nd_err *err)
{
    ND_TRY(nd_map_select(b, err));
    ND_TRY(nd_map_find_dims(b, err));
    ND_TRY(nd_map_check_tuning(b, err));
    ND_TRY(nd_cube_new(&b->cube, b->n_dims, b->r->n_columns,
                       ND_METRICS * ND_MAP_STATS + 4 + b->r->n_columns, err));
    ND_TRY(nd_map_make_axes(b, err));
    ND_TRY(nd_map_make_vars(b, err));
    ND_TRY(nd_map_describe(b, err));
    return nd_map_fill(b, err);
}

static nd_code check_metric(const char *name, nd_err *err)
{
    if (nd_metric_find(name) >= 0) return ND_OK;
    const char *near = nd_metric_nearest(name);
    nd_text all = {0};
    for (size_t i = 0; i < ND_METRICS; i++)
        nd_text_add(&all, "%s%s", i ? ", " : "", nd_metric_at(i)->name);
    if (near)
        ND_FAIL(err, ND_EINPUT, "there is no metric \"%.64s\"; did you mean \"%s\"?", name,
                near);
    else
        ND_FAIL(err, ND_EINPUT, "there is no metric \"%.64s\"; there are: %s", name,
                nd_text_str(&all));
    nd_text_free(&all);
    return ND_EINPUT;
}

nd_code nd_map_build(const nd_results *r, const nd_map_options *o, nd_cube **out,
                     nd_err *err)
{
    *out = NULL;
    ND_TRY(check_metric(o->metric, err));
    nd_map_builder b = {.r = r, .o = o};
    const nd_code code = build(&b, err);
    if (code == ND_OK)
        *out = b.cube;
    else
        nd_cube_free(b.cube);
    nd_map_free_dims(&b);
    free(b.trials);
    free(b.members);
    free(b.values);
    nd_bootstrap_free(&b.bootstrap);
    return code;
}
