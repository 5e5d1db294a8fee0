/* refine_keys.c -- design: {kind: refine, ...}: its keys, and whether the rest of the spec gives it
 * something to refine. */
#include "spec_impl.h"

#include "nudge/record.h"
#include "nudge/refine_map.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void read_metric(nd_reader *r, const nd_node *node)
{
    const char *name = node->kind == ND_SCALAR ? node->text : "";
    const int metric = nd_metric_find(name);
    if (metric < 0) {
        const char *near = nd_metric_nearest(name);
        nd_diag(r->diags, node->at, "there is no metric \"%.64s\"; %s%s%s", name,
                near ? "did you mean \"" : "`nudge help metrics` lists them",
                near ? near : "", near ? "\"?" : "");
    } else if (nd_metric_at((size_t)metric)->flags & ND_VOLATILE) {
        nd_diag(
            r->diags, node->at,
            "%s differs from run to run: a design that follows it could not be repeated",
            name);
    } else {
        r->spec->refine.metric = metric;
    }
}

static void add_level(nd_reader *r, const nd_node *node)
{
    nd_refine *f = &r->spec->refine;
    double x;
    if (node->kind != ND_SCALAR || !nd_parse_real(node->text, &x)) {
        nd_diag(r->diags, node->at, "a level must be a number, such as level: 0.1");
        return;
    }
    if (f->n_levels == ND_LEVELS_MAX) {
        nd_diag(r->diags, node->at, "at most %d levels", ND_LEVELS_MAX);
        return;
    }
    if (f->n_levels && x <= f->level[f->n_levels - 1]) {
        nd_diag(r->diags, node->at, "levels must ascend, and none come twice");
        return;
    }
    f->level[f->n_levels++] = x;
}

static void read_levels(nd_reader *r, const nd_node *node)
{
    if (r->levels_at.line) {
        nd_diag(r->diags, node->key_at, "level and levels say the same: give one of them");
        return;
    }
    r->levels_at = node->key_at;
    if (node->kind != ND_LIST) add_level(r, node);
    for (const nd_node *c = node->kind == ND_LIST ? node->first : NULL; c; c = c->next)
        add_level(r, c);
}

/* A number from lo to hi; whole where that is asked for. */
static bool read_number(nd_reader *r, const nd_node *node, double lo, double hi, bool whole,
                        const char *takes, double *out)
{
    double x;
    const bool good = node->kind == ND_SCALAR && nd_parse_real(node->text, &x) && x >= lo &&
                      x <= hi && (!whole || x == floor(x));
    if (good)
        *out = x;
    else
        nd_diag(r->diags, node->at, "%s of design: refine must be %s", node->key, takes);
    return good;
}

static void read_budget(nd_reader *r, const nd_node *node)
{
    static const char takes[] =
        "a number of trials, such as 300, or a part of the grid's, such as 0.4";
    double x;
    if (!read_number(r, node, 0, ND_SPEC_POINTS_MAX, false, takes, &x)) return;
    if (x == 0 || (x > 1 && x != floor(x)))
        nd_diag(r->diags, node->at, "budget of design: refine must be %s", takes);
    else
        r->spec->refine.budget = x;
}

static void read_count(nd_reader *r, const nd_node *node, double hi, uint32_t *out)
{
    char takes[48];
    double x;
    nd_text t = {0};
    nd_text_add(&t, "a whole number from 1 to %.0f", hi);
    nd_copy(takes, sizeof takes, nd_text_str(&t));
    nd_text_free(&t);
    if (read_number(r, node, 1, hi, true, takes, &x)) *out = (uint32_t)x;
}

static void read_coarse(nd_reader *r, const nd_node *node)
{
    read_count(r, node, ND_VALUES_MAX, &r->spec->refine.coarse);
}

static void read_precision(nd_reader *r, const nd_node *node)
{
    read_count(r, node, ND_VALUES_MAX, &r->spec->refine.precision);
}

static void read_new_replicates(nd_reader *r, const nd_node *node)
{
    r->replicates_at = node->at;
    read_count(r, node, ND_VALUES_MAX, &r->spec->refine.replicates);
}

static void read_standard_errors(nd_reader *r, const nd_node *node)
{
    double x;
    if (read_number(r, node, 0, 100, false, "a number from 0 to 100, such as 2", &x))
        r->spec->refine.standard_errors = x;
}

void nd_read_refine(nd_reader *r, const nd_node *section)
{
    static const struct {
        const char *name;
        void (*read)(nd_reader *r, const nd_node *node);
    } keys[] = {{"metric", read_metric},
                {"level", read_levels},
                {"levels", read_levels},
                {"budget", read_budget},
                {"coarse", read_coarse},
                {"precision", read_precision},
                {"replicates", read_new_replicates},
                {"standard_errors", read_standard_errors}};
    enum { N = sizeof keys / sizeof *keys };
    r->spec->refine = nd_refine_defaults();
    for (const nd_node *c = section->kind == ND_MAP ? section->first : NULL; c;
         c = c->next) {
        nd_nearest near = nd_nearest_to(c->key);
        size_t i = 0;
        while (i < N && strcmp(c->key, keys[i].name) != 0)
            nd_nearest_try(&near, keys[i++].name);
        if (i < N)
            keys[i].read(r, c);
        else if (strcmp(c->key, "kind") != 0)
            nd_diag(r->diags, c->key_at, "design: refine has no \"%.64s\"; %s%s%s", c->key,
                    near.best ? "did you mean \""
                              : "it takes metric, level or levels, "
                                "budget, coarse, precision, "
                                "replicates, standard_errors",
                    near.best ? near.best : "", near.best ? "\"?" : "");
    }
    if (!r->levels_at.line)
        nd_diag(r->diags, r->design_at,
                "design: refine needs the level of the contour to look for, such as "
                "design: {kind: refine, metric: test_error, level: 0.1}");
}

/* ---- the rest of the spec ---- */

static bool refinable(const nd_refine_grid *g)
{
    bool any = false;
    for (size_t a = 0; a < g->n_axes; a++)
        any |= g->ordered[a] && g->n[a] > 2;
    return any;
}

static nd_code check_budget(nd_reader *r, nd_refine_grid *g)
{
    const nd_refine *f = &r->spec->refine;
    size_t first;
    uint32_t *all = malloc(g->points * sizeof *all);
    if (!all)
        return ND_FAIL(r->err, ND_ENOMEM, "no memory to refine %zu points", g->points);
    for (size_t p = 0; p < g->points; p++)
        all[p] = (uint32_t)g->most;
    g->available = all;
    const nd_code code = nd_refine_first(f, g, &first, r->err);
    const size_t budget = nd_refine_budget(f, r->spec->kept);
    /* with a `where` the plan counts again */
    if (code == ND_OK && !r->spec->where && first > budget)
        nd_diag(r->diags, r->design_at,
                "the first round takes %zu trials and the budget is %zu: raise budget or "
                "coarse, or take fewer replicates",
                first, budget);
    free(all);
    return code;
}

static nd_code check(nd_reader *r, nd_refine_grid *g)
{
    nd_refine *f = &r->spec->refine;
    const nd_mark at = r->replicates_at.line ? r->replicates_at : r->design_at;
    if (!refinable(g))
        nd_diag(r->diags, r->design_at,
                "design: refine needs an axis of at least 3 numbers to refine");
    if (f->precision > f->coarse)
        nd_diag(r->diags, r->design_at,
                "precision is %u steps of the grid, and coarse %u: coarse must be at "
                "least precision",
                f->precision, f->coarse);
    if (r->replicates_at.line && f->replicates > g->most)
        nd_diag(r->diags, at, "new points get %u replicates, but the spec has only %zu",
                f->replicates, g->most);
    if (f->replicates > g->most) f->replicates = (uint32_t)g->most;
    if (f->replicates < 2 && g->most > 1)
        nd_diag(
            r->diags, at,
            "replicates of design: refine must be at least 2 where the spec has %zu: from "
            "their spread it is seen where more are needed",
            g->most);
    return r->diags->n ? ND_OK : check_budget(r, g);
}

void nd_check_refine(nd_reader *r)
{
    nd_refine_map m;
    nd_err fault = {0};
    nd_code code = nd_refine_map_new(&m, r->spec, &fault);
    if (code == ND_EINPUT) {
        nd_diag(r->diags, r->design_at, "%s", fault.message);
        return;
    }
    if (code == ND_OK) {
        code = check(r, &m.grid);
        nd_refine_map_free(&m);
    } else {
        *r->err = fault;
    }
    if (code != ND_OK) r->code = code;
}
