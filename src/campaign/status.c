/* status.c -- a campaign from outside: what its journal holds, and what its master says. */
#include "nudge/campaign.h"

#include "nudge/file.h"
#include "nudge/plan.h"
#include "nudge/yaml.h"

#include "ledger_impl.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { LIVE_FOR = 15 }; /* seconds that a status.json is believed */

typedef struct view {
    nd_plan plan;
    nd_ledger ledger;
    nd_past past;
    nd_journal *journal;
    size_t count[ND_STATUSES]; /* trials of the plan by status */
    double seconds;            /* spent on them */
    nd_node *live;             /* status.json while a run is live, else NULL */
} view;

static nd_code open_view(view *v, const char *dir, nd_err *err)
{
    nd_text path = {0};
    nd_path_join(&path, dir, "journal");
    nd_code code = nd_text_check(&path, err);
    if (code == ND_OK) code = nd_journal_open(&v->journal, path.s, false, err);
    nd_text_free(&path);
    if (code == ND_ENOENT)
        return ND_FAIL(err, ND_ENOENT,
                       "%s is no campaign: it has no journal. `nudge run SPEC -o "
                       "%s` starts one",
                       dir, dir);
    ND_TRY(code);
    ND_TRY(nd_ledger_replay(&v->ledger, &v->past, v->journal, err));
    const nd_text *text = &v->past.origin.spec;
    const nd_source source = {
        .name = "the journal's spec", .text = nd_text_str(text), .n = text->n};
    nd_spec *spec;
    ND_TRY(nd_spec_parse(&source, NULL, 0, &spec, err));
    ND_TRY(nd_plan_of(&v->plan, spec, err));
    ND_TRY(nd_plan_shard(&v->plan, v->past.shard, err));
    for (size_t i = 0; i < v->plan.n; i++) {
        const nd_line *line = nd_ledger_find(&v->ledger, v->plan.trial[i].key);
        v->count[line ? line->status : ND_STATUS_PENDING]++;
        v->seconds += line ? (double)line->seconds : 0;
    }
    return ND_OK;
}

static void close_view(view *v)
{
    nd_node_free(v->live);
    nd_past_free(&v->past);
    nd_ledger_free(&v->ledger);
    nd_journal_close(v->journal);
    nd_plan_free(&v->plan);
}

static const char *live_text(const nd_node *map, const char *key)
{
    const nd_node *n = nd_node_get(map, key);
    return n && n->text ? n->text : "";
}

/* A master that was killed leaves a status.json that says "running": only a fresh one
 * counts. */
static void read_live(view *v, const char *dir, nd_text *json)
{
    nd_text path = {0};
    nd_path_join(&path, dir, "status.json");
    struct stat st;
    const bool fresh = !path.failed && stat(path.s, &st) == 0 &&
                       time(NULL) - st.st_mtime <= LIVE_FOR &&
                       nd_file_read(path.s, json, NULL) == ND_OK;
    if (fresh) {
        const nd_source source = {.name = path.s, .text = nd_text_str(json), .n = json->n};
        nd_diags d = {.source = source};
        if (nd_yaml_parse(&source, &d, &v->live, NULL) != ND_OK || d.n) {
            nd_node_free(v->live);
            v->live = NULL;
        }
        nd_diags_free(&d);
    }
    nd_text_free(&path);
    const char *state = live_text(v->live, "state");
    if (strcmp(state, "running") != 0 && strcmp(state, "stopping") != 0) {
        nd_node_free(v->live);
        v->live = NULL;
    }
}

static size_t failed(const view *v)
{
    size_t n = 0;
    for (int s = 0; s < ND_STATUSES; s++)
        if (nd_status_failed((nd_status)s)) n += v->count[s];
    return n;
}

/* ---- as text ---- */

static void text_workers(const nd_node *live, nd_text *out)
{
    const nd_node *workers = nd_node_get(live, "workers");
    for (const nd_node *w = workers ? workers->first : NULL; w; w = w->next) {
        const char *trial = live_text(w, "trial");
        nd_text_add(out, "  worker %s on %s: ", live_text(w, "worker"),
                    live_text(w, "host"));
        if (*trial)
            nd_text_add(out, "%.8s, epoch %s of %s, training error %s, %s s\n", trial,
                        live_text(w, "epoch"), live_text(w, "epochs"),
                        live_text(w, "train_error"), live_text(w, "seconds"));
        else
            nd_text_add(out, "idle\n");
    }
}

/* The last few failures, from the journal: they are there whether or not a run is live. */
static nd_code text_failures(view *v, nd_text *out, nd_err *err)
{
    enum { SHOWN = 10 };
    size_t shown = 0;
    for (size_t i = 0; i < v->plan.n; i++) {
        const nd_line *line = nd_ledger_find(&v->ledger, v->plan.trial[i].key);
        if (!line || !nd_status_failed((nd_status)line->status)) continue;
        if (shown++ == SHOWN) {
            nd_text_add(out, "  ... and more: `status` and `reason` in results.nc\n");
            break;
        }
        nd_entry e;
        nd_record r;
        char key[ND_KEY_TEXT];
        ND_TRY(nd_journal_read(v->journal, line->offset, &e, err));
        ND_TRY(nd_trial_unpack(NULL, &r, e.bytes, e.n, err));
        nd_key_text(r.key, key);
        nd_text_add(out, "  trial %.8s %s after %d attempt%s on %s: %s\n", key,
                    nd_status_name(r.status), r.attempts, r.attempts == 1 ? "" : "s",
                    r.host, r.reason);
        nd_record_free(&r);
    }
    return ND_OK;
}

static nd_code as_text(view *v, nd_text *out, nd_err *err)
{
    const size_t done = v->count[ND_STATUS_DONE], bad = failed(v);
    nd_text_add(out, "campaign %s: %zu of %zu trials done, %zu failed, %zu pending\n",
                nd_spec_name(v->plan.spec), done, v->plan.n, bad, v->plan.n - done - bad);
    if (v->plan.shard.n)
        nd_text_add(out, "  shard %u of %u: the campaign has %zu trials\n", v->plan.shard.i,
                    v->plan.shard.n, v->plan.all);
    if (*nd_spec_question(v->plan.spec))
        nd_text_add(out, "  %s\n", nd_spec_question(v->plan.spec));
    nd_text_add(out, "  time spent on trials: ");
    nd_text_duration(out, v->seconds);
    nd_text_add(out, " in %d run%s\n", v->past.sessions, v->past.sessions == 1 ? "" : "s");
    if (v->live) {
        double eta, rate;
        nd_text_add(out, "  %s on %s since %s s", live_text(v->live, "state"),
                    live_text(v->live, "host"), live_text(v->live, "elapsed_seconds"));
        if (nd_parse_real(live_text(v->live, "trials_per_second"), &rate))
            nd_text_add(out, ", %.2f trials/s", rate);
        if (nd_parse_real(live_text(v->live, "eta_seconds"), &eta)) {
            nd_text_add(out, ", ");
            nd_text_duration(out, eta);
            nd_text_add(out, " left");
        }
        nd_text_add(out, "\n");
        text_workers(v->live, out);
    } else if (done + bad < v->plan.n) {
        nd_text_add(out, "  no run is live: `nudge run` goes on where it stopped\n");
    }
    return text_failures(v, out, err);
}

/* ---- as JSON ---- */

static void as_json(const view *v, const char *live, nd_text *out)
{
    nd_json j = {0};
    nd_json_open(&j, '{');
    nd_json_key(&j, "campaign"), nd_json_string(&j, nd_spec_name(v->plan.spec));
    nd_json_key(&j, "trials"), nd_json_int(&j, (long long)v->plan.n);
    for (int s = 0; s < ND_STATUSES; s++) {
        nd_json_key(&j, nd_status_name((nd_status)s));
        nd_json_int(&j, (long long)v->count[s]);
    }
    nd_json_key(&j, "failed"), nd_json_int(&j, (long long)failed(v));
    nd_json_key(&j, "trial_seconds"), nd_json_real(&j, v->seconds);
    nd_json_key(&j, "runs"), nd_json_int(&j, v->past.sessions);
    nd_json_key(&j, "shard"), nd_json_int(&j, v->plan.shard.i);
    nd_json_key(&j, "shards"), nd_json_int(&j, v->plan.shard.n);
    nd_json_key(&j, "live");
    if (v->live) /* status.json as its master wrote it */
        nd_json_raw(&j, live);
    else
        nd_json_raw(&j, "null");
    nd_json_close(&j);
    nd_text_add(out, "%s\n", nd_text_str(&j.text));
    nd_text_free(&j.text);
}

nd_code nd_campaign_status(const char *dir, bool json, nd_text *out, nd_err *err)
{
    view v = {0};
    nd_text live = {0};
    nd_code code = open_view(&v, dir, err);
    if (code == ND_OK) {
        read_live(&v, dir, &live);
        if (json)
            as_json(&v, nd_text_str(&live), out);
        else
            code = as_text(&v, out, err);
    }
    if (code == ND_OK) code = nd_text_check(out, err);
    nd_text_free(&live);
    close_view(&v);
    return code;
}
