/* publish.c -- the campaign's trials, on their way into results.nc. */
#include "publish_impl.h"

#include "nudge/kern.h"
#include "nudge/results.h"

#include <math.h>
#include <stdlib.h>

typedef struct source {
    const nd_plan *plan;
    const nd_ledger *ledger;
    nd_journal *journal;
    int case_dim;
    size_t *coords; /* (dims) */
    nd_record record;
    const nd_rounds *rounds; /* of a refinement, else NULL */
    nd_record unsampled;     /* of the trials that it does not ask for */
} source;

static nd_code trial(void *ctx, size_t i, nd_params *p, const nd_record **r,
                     const char **case_name, nd_err *err)
{
    source *s = ctx;
    const nd_spec *spec = s->plan->spec;
    const nd_planned *planned = &s->plan->trial[i];
    bool kept;
    ND_TRY(nd_spec_point(spec, planned->point, p, s->coords, &kept, err));
    *case_name =
        s->case_dim < 0
            ? ""
            : nd_spec_dim(spec, (size_t)s->case_dim)->labels[s->coords[s->case_dim]];
    *r = NULL;
    const nd_line *line = nd_ledger_find(s->ledger, planned->key);
    if (!line && s->rounds && !s->rounds->asked[i]) *r = &s->unsampled;
    if (!line) return ND_OK;
    nd_entry e;
    ND_TRY(nd_journal_read(s->journal, line->offset, &e, err));
    nd_record_free(&s->record);
    ND_TRY(nd_trial_unpack(NULL, &s->record, e.bytes, e.n, err));
    *r = &s->record;
    return ND_OK;
}

/* The swept parameters and the dimensions that they lie along. */
static size_t columns_of(const nd_spec *spec, nd_results_column *out, int *case_dim)
{
    size_t n = 0;
    *case_dim = -1;
    for (size_t d = 0; d < nd_spec_dims(spec); d++) {
        const nd_dim *dim = nd_spec_dim(spec, d);
        if (dim->role == ND_ROLE_CASE) *case_dim = (int)d;
        for (size_t i = 0; i < dim->n_params; i++)
            out[n++] = (nd_results_column){dim->params[i], dim->role, (int)d};
    }
    nd_swept swept[256];
    const size_t all = nd_spec_swept(spec, swept, sizeof swept / sizeof *swept);
    for (size_t i = 0; i < all; i++)
        if (swept[i].role == ND_ROLE_DERIVED)
            out[n++] = (nd_results_column){swept[i].param, ND_ROLE_DERIVED, -1};
    return n;
}

/* "test_error 0.1 0.2"; nothing but for a refinement. */
static void add_contour(const nd_spec *spec, nd_text *out)
{
    const nd_refine *rule = nd_spec_refine(spec);
    if (!rule) return;
    nd_text_add(out, "%s", nd_metric_at((size_t)rule->metric)->name);
    for (size_t i = 0; i < rule->n_levels; i++) {
        nd_text_add(out, " ");
        nd_text_real(out, rule->level[i]);
    }
}

nd_code nd_publish_results(const char *path, const nd_plan *plan, const nd_ledger *ledger,
                           nd_journal *journal, const nd_past *past,
                           const nd_rounds *rounds, const char *command, nd_err *err)
{
    const nd_spec *spec = plan->spec;
    source s = {.plan = plan, .ledger = ledger, .journal = journal, .rounds = rounds};
    nd_results_column columns[512]; /* more than there are parameters */
    const size_t n_columns = columns_of(spec, columns, &s.case_dim);
    s.coords = calloc(nd_spec_dims(spec) + 1, sizeof *s.coords);
    if (!s.coords) return ND_FAIL(err, ND_ENOMEM, "no memory to write %s", path);
    nd_record_init(&s.record);
    nd_record_init(&s.unsampled);
    s.unsampled.status = ND_STATUS_UNSAMPLED;
    s.unsampled.seconds = (double)NAN;
    nd_text contour = {0};
    add_contour(spec, &contour);
    const nd_results_meta meta = {.campaign = nd_spec_name(spec),
                                  .question = nd_spec_question(spec),
                                  .spec = nd_spec_text(spec),
                                  .command = command,
                                  .history = nd_text_str(&past->history),
                                  .isa = nd_kern()->isa,
                                  .contour = nd_text_str(&contour),
                                  .columns = columns,
                                  .n_columns = n_columns,
                                  .case_dim = s.case_dim};
    const nd_results_source from = {
        .n = plan->n, .epochs = ledger->epochs, .trial = trial, .ctx = &s};
    const nd_code code = nd_results_write(path, &meta, &from, err);
    nd_text_free(&contour);
    nd_record_free(&s.record);
    free(s.coords);
    return code;
}
