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

#include <math.h>
#include <string.h>

typedef struct check {
    const char *dir;
    nd_journal *journal;
    nd_ledger ledger;
    nd_past past;
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

static nd_code check_journal(check *c, nd_err *err)
{
    nd_entry e;
    bool more;
    for (;;) {
        ND_TRY(nd_journal_next(c->journal, &e, &more, err));
        if (!more) return ND_OK;
        if (e.type == ND_ENTRY_CAMPAIGN) {
            nd_origin_free(&c->past.origin);
            ND_TRY(nd_origin_unpack(&c->past.origin, e.bytes, e.n, err));
        }
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
    nd_key key;
    const char *name = res->key.s[i];
    if (!nd_key_parse(name, &key))
        return ND_FAIL(err, ND_EDIFFERS,
                       "results.nc: trial %zu has the key \"%s\", which is none", i, name);
    const nd_line *line = nd_ledger_find(&c->ledger, key);
    const int status = line ? line->status : ND_STATUS_PENDING;
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
    const nd_text *text = &c->past.origin.spec;
    const nd_source source = {
        .name = "the journal's spec", .text = nd_text_str(text), .n = text->n};
    nd_spec *spec;
    nd_plan plan;
    ND_TRY(nd_spec_parse(&source, NULL, 0, &spec, err));
    ND_TRY(nd_plan_of(&plan, spec, err));
    nd_code code = nd_plan_shard(&plan, c->past.shard, err);
    if (code == ND_OK && plan.n != res->n)
        code = ND_FAIL(err, ND_EDIFFERS, "the spec has %zu trials and results.nc %zu",
                       plan.n, res->n);
    for (size_t i = 0; i < plan.n && code == ND_OK; i++) {
        char key[ND_KEY_TEXT];
        nd_key_text(plan.trial[i].key, key);
        if (strcmp(key, res->key.s[i]) != 0)
            code = ND_FAIL(err, ND_EDIFFERS,
                           "trial %zu is %s by the spec and %s in results.nc", i, key,
                           res->key.s[i]);
    }
    nd_plan_free(&plan);
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
    if (code == ND_OK) code = check_journal(&c, err);
    if (code == ND_OK)
        nd_text_add(report,
                    "journal: %zu records of %zu trials, every key right; %zu repeated, "
                    "with the same result\n",
                    c.records, c.ledger.n, c.repeats);
    if (code == ND_OK) code = check_results(&c, report, err);
    if (code == ND_OK) code = check_desk(&c, report, err);
    nd_past_free(&c.past);
    nd_ledger_free(&c.ledger);
    nd_journal_close(c.journal);
    nd_text_free(&path);
    return code;
}
