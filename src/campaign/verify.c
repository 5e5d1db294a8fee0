/* verify.c -- do the parts of a campaign agree?
 *
 * The journal is the truth. Its records must be whole, each named by the key of its own
 * parameters, and a trial that ended well twice must have ended the same. results.nc must
 * say of every trial what the journal says. A checkpoint is of a trial that has not come to
 * its end. */
#include "nudge/campaign.h"

#include "nudge/file.h"
#include "nudge/plan.h"
#include "nudge/results.h"

#include "desk_impl.h"
#include "ledger_impl.h"
#include "rounds_impl.h"

#include <math.h>
#include <string.h>

typedef struct check {
    const char *dir;
    nd_journal *journal;
    nd_ledger ledger;
    nd_past past;
    nd_plan plan;     /* of the last spec */
    nd_rounds rounds; /* of a refinement: plan is NULL for others */
    size_t records, repeats;
} check;

static nd_code check_repeat(check *c, const nd_record *r, nd_err *err)
{
    const nd_line *line = nd_ledger_find(&c->ledger, r->key);
    if (!line || line->status != ND_STATUS_DONE || r->status != ND_STATUS_DONE)
        return ND_OK;
    nd_entry e;
    nd_record before;
    ND_TRY(nd_journal_read(c->journal, line->offset, &e, err));
    ND_TRY(nd_trial_unpack(NULL, &before, e.bytes, e.n, err));
    nd_text why = {0};
    nd_code code = ND_OK;
    c->repeats++;
    if (!nd_record_same(&before, r, &why)) {
        char key[ND_KEY_TEXT];
        nd_key_text(r->key, key);
        code = ND_FAIL(err, ND_EDIFFERS, "trial %s ended twice, and not the same: %s", key,
                       nd_text_str(&why));
    }
    nd_text_free(&why);
    nd_record_free(&before);
    return code;
}

static nd_code check_record(check *c, uint64_t offset, const nd_params *p,
                            const nd_record *r, nd_err *err)
{
    nd_key key;
    ND_TRY(nd_params_key(p, &key, err));
    if (!nd_key_same(key, r->key)) {
        char named[ND_KEY_TEXT], is[ND_KEY_TEXT];
        nd_key_text(r->key, named);
        nd_key_text(key, is);
        return ND_FAIL(
            err, ND_EDIFFERS,
            "the journal's record at byte %llu is named %s, but its parameters are "
            "those of %s",
            (unsigned long long)offset, named, is);
    }
    ND_TRY(check_repeat(c, r, err));
    c->records++;
    return nd_ledger_put(&c->ledger, r, offset, err);
}

/* A spec, or another one: what follows is planned by it. */
static nd_code take_origin(check *c, const nd_entry *e, nd_err *err)
{
    nd_origin_free(&c->past.origin);
    nd_rounds_free(&c->rounds);
    nd_plan_free(&c->plan);
    return nd_origin_unpack(&c->past.origin, e->bytes, e->n, err);
}

/* Plans the spec taken last, when that is needed first. */
static nd_code make_plan(check *c, nd_err *err)
{
    if (c->plan.spec) return ND_OK;
    ND_TRY(nd_past_plan(&c->past, &c->plan, err));
    return nd_spec_refine(c->plan.spec) ? nd_rounds_new(&c->rounds, &c->plan, err) : ND_OK;
}

/* A decision must be the one that the records before it call for. */
static nd_code check_round(check *c, const nd_entry *e, nd_err *err)
{
    nd_round is, wanted = {0};
    ND_TRY(make_plan(c, err));
    ND_TRY(nd_round_unpack(&is, e->bytes, e->n, err));
    nd_code code = ND_OK;
    if (!c->rounds.plan)
        code = ND_FAIL(err, ND_EDIFFERS, "round %u belongs to no refinement", is.number);
    else if (!nd_rounds_ended(&c->rounds, &c->ledger))
        code = ND_FAIL(err, ND_EDIFFERS,
                       "round %u was decided before all trials of the rounds before it had "
                       "ended",
                       is.number);
    if (code == ND_OK)
        code = nd_rounds_next(&c->rounds, &c->ledger, c->journal, &wanted, err);
    if (code == ND_OK && (nd_rounds_over(&c->rounds) || !nd_round_same(&is, &wanted)))
        code = ND_FAIL(err, ND_EDIFFERS,
                       "round %u of the journal (%s; %u points) is not the one that the "
                       "records before it call for (round %u: %s; %u points)",
                       is.number, nd_round_text(&is), is.n, wanted.number,
                       nd_round_text(&wanted), wanted.n);
    if (code == ND_OK) code = nd_rounds_add(&c->rounds, &is, err);
    nd_round_free(&is);
    nd_round_free(&wanted);
    return code;
}

static nd_code check_journal(check *c, nd_err *err)
{
    nd_entry e;
    bool more;
    for (;;) {
        ND_TRY(nd_journal_next(c->journal, &e, &more, err));
        if (!more) return ND_OK;
        if (e.type == ND_ENTRY_CAMPAIGN) ND_TRY(take_origin(c, &e, err));
        if (e.type == ND_ENTRY_ROUND) ND_TRY(check_round(c, &e, err));
        if (e.type == ND_ENTRY_SHARD)
            ND_TRY(nd_shard_unpack(&c->past.shard, e.bytes, e.n, err));
        if (e.type != ND_ENTRY_TRIAL) continue;
        const uint64_t offset = e.offset;
        nd_params p;
        nd_record r;
        ND_TRY(nd_trial_unpack(&p, &r, e.bytes, e.n, err));
        const nd_code code = check_record(c, offset, &p, &r, err);
        nd_record_free(&r);
        ND_TRY(code);
    }
}

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* Row i of results.nc against the journal's record of that trial. */
static nd_code check_row(check *c, const nd_results *res, size_t i, nd_err *err)
{
    char name[ND_KEY_TEXT];
    nd_key_text(res->key[i], name);
    const nd_line *line = nd_ledger_find(&c->ledger, res->key[i]);
    const bool left_out = c->rounds.plan && !c->rounds.asked[i];
    const int status = line       ? line->status
                       : left_out ? ND_STATUS_UNSAMPLED
                                  : ND_STATUS_PENDING;
    if ((int)res->status.x[i] != status)
        return ND_FAIL(
            err, ND_EDIFFERS, "trial %s is %s in results.nc and %s in the journal", name,
            nd_status_name((nd_status)res->status.x[i]), nd_status_name((nd_status)status));
    if (!line) return ND_OK;
    nd_entry e;
    nd_record r;
    ND_TRY(nd_journal_read(c->journal, line->offset, &e, err));
    ND_TRY(nd_trial_unpack(NULL, &r, e.bytes, e.n, err));
    nd_code code = ND_OK;
    for (int m = 0; m < ND_METRICS && code == ND_OK; m++)
        if (!same(r.value[m], res->metric[m].x[i]))
            code = ND_FAIL(err, ND_EDIFFERS,
                           "trial %s: %s is %.17g in results.nc and %.17g in the journal",
                           name, nd_metric_at((size_t)m)->name, res->metric[m].x[i],
                           r.value[m]);
    nd_record_free(&r);
    return code;
}

static nd_code check_plan(check *c, const nd_results *res, nd_err *err)
{
    ND_TRY(make_plan(c, err));
    nd_code code = nd_plan_shard(&c->plan, c->past.shard, err);
    if (code == ND_OK && c->plan.n != res->n)
        code = ND_FAIL(err, ND_EDIFFERS, "the spec has %zu trials and results.nc %zu",
                       c->plan.n, res->n);
    for (size_t i = 0; i < c->plan.n && code == ND_OK; i++) {
        if (nd_key_same(c->plan.trial[i].key, res->key[i])) continue;
        char planned[ND_KEY_TEXT], is[ND_KEY_TEXT];
        nd_key_text(c->plan.trial[i].key, planned);
        nd_key_text(res->key[i], is);
        code = ND_FAIL(err, ND_EDIFFERS, "trial %zu is %s by the spec and %s in results.nc",
                       i, planned, is);
    }
    return code;
}

static nd_code check_results(check *c, nd_text *report, nd_err *err)
{
    nd_text path = {0};
    nd_path_join(&path, c->dir, "results.nc");
    nd_code code = nd_text_check(&path, err);
    if (code == ND_OK && !nd_file_exists(path.s)) {
        nd_text_free(&path);
        nd_text_add(report, "results.nc is not there yet: `nudge run` makes it\n");
        return ND_OK;
    }
    nd_results *res = NULL;
    if (code == ND_OK) code = nd_results_read(path.s, &res, err);
    if (code == ND_OK) code = check_plan(c, res, err);
    for (size_t i = 0; code == ND_OK && i < res->n; i++)
        code = check_row(c, res, i, err);
    if (code == ND_OK)
        nd_text_add(report, "results.nc: %zu trials, all as the journal has them\n",
                    res->n);
    nd_results_free(res);
    nd_text_free(&path);
    return code;
}

static nd_code check_desk(check *c, nd_text *report, nd_err *err)
{
    size_t files;
    ND_TRY(nd_desk_check(c->dir, &c->ledger, &files, err));
    if (files)
        nd_text_add(report,
                    "checkpoints: %zu, each whole and of a trial that is under way\n",
                    files);
    return ND_OK;
}

nd_code nd_campaign_verify(const char *dir, nd_text *report, nd_err *err)
{
    check c = {.dir = dir};
    nd_text path = {0};
    nd_path_join(&path, dir, "journal");
    nd_code code = nd_text_check(&path, err);
    if (code == ND_OK) code = nd_journal_open(&c.journal, path.s, false, err);
    if (code == ND_ENOENT)
        code = ND_FAIL(err, ND_ENOENT, "%s is no campaign: it has no journal", dir);
    if (code == ND_OK) code = check_journal(&c, err);
    if (code == ND_OK)
        nd_text_add(report,
                    "journal: %zu records of %zu trials, every key right; %zu repeated, "
                    "with the same result\n",
                    c.records, c.ledger.n, c.repeats);
    if (code == ND_OK && c.rounds.plan)
        nd_text_add(
            report,
            "refinement: rounds 1 to %u, each as the records before it call for%s%s\n",
            c.rounds.last.number - nd_rounds_over(&c.rounds),
            nd_rounds_over(&c.rounds) ? "; ended: " : "",
            nd_rounds_over(&c.rounds) ? nd_round_text(&c.rounds.last) : "");
    if (code == ND_OK) code = check_results(&c, report, err);
    if (code == ND_OK) code = check_desk(&c, report, err);
    nd_rounds_free(&c.rounds);
    nd_plan_free(&c.plan);
    nd_past_free(&c.past);
    nd_ledger_free(&c.ledger);
    nd_journal_close(c.journal);
    nd_text_free(&path);
    return code;
}
