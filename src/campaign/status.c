/* status.c -- a campaign from outside: what its journal holds, and what its master says. */
#include "nudge/campaign.h"

#include "nudge/file.h"
#include "nudge/plan.h"
#include "nudge/yaml.h"

#include "ledger_impl.h"
#include "rounds_impl.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { LIVE_FOR = 15 }; /* seconds that a status.json is believed */

struct nd_view {
    const char *dir;
    nd_plan plan;
    nd_ledger ledger;
    nd_past past;
    nd_rounds *rounds; /* of a refinement, else NULL */
    nd_rounds rounds_of;
    nd_journal *journal;
    nd_text spec;              /* that the plan is made of */
    size_t trials;             /* of the plan; of a refinement, those asked for so far */
    size_t count[ND_STATUSES]; /* of them by status; UNSAMPLED: the others */
    double seconds;            /* spent on them */
    nd_text live_text;         /* status.json while a run is live, and what it says */
    nd_node *live;
};

static nd_code open_journal(nd_view *v, nd_err *err)
{
    nd_text path = {0};
    nd_path_join(&path, v->dir, "journal");
    nd_code code = nd_text_check(&path, err);
    if (code == ND_OK) code = nd_journal_open(&v->journal, path.s, false, err);
    nd_text_free(&path);
    if (code == ND_ENOENT)
        return ND_FAIL(err, ND_ENOENT,
                       "%s is no campaign: it has no journal. `nudge run SPEC -o "
                       "%s` starts one",
                       v->dir, v->dir);
    return code;
}

/* The trials, if the spec is new or has changed. */
static nd_code plan_again(nd_view *v, nd_err *err)
{
    const nd_text *text = &v->past.origin.spec;
    if (v->plan.spec && !strcmp(nd_text_str(&v->spec), nd_text_str(text))) return ND_OK;
    nd_rounds_free(&v->rounds_of);
    v->rounds = NULL;
    nd_plan_free(&v->plan);
    nd_text_clear(&v->spec);
    nd_text_bytes(&v->spec, nd_text_str(text), text->n);
    ND_TRY(nd_text_check(&v->spec, err));
    ND_TRY(nd_past_plan(&v->past, &v->plan, err));
    if (nd_spec_refine(v->plan.spec)) {
        v->rounds = &v->rounds_of;
        ND_TRY(nd_rounds_new(v->rounds, &v->plan, err));
    }
    return nd_plan_shard(&v->plan, v->past.shard, err);
}

static void count_trials(nd_view *v)
{
    memset(v->count, 0, sizeof v->count);
    v->seconds = 0;
    v->trials = v->rounds ? v->rounds->n_asked : v->plan.n;
    for (size_t i = 0; i < v->plan.n; i++) {
        if (v->rounds && !v->rounds->asked[i]) {
            v->count[ND_STATUS_UNSAMPLED]++;
            continue;
        }
        const nd_line *line = nd_ledger_find(&v->ledger, v->plan.trial[i].key);
        v->count[line ? line->status : ND_STATUS_PENDING]++;
        v->seconds += line ? (double)line->seconds : 0;
    }
}

static const char *live_text(const nd_node *map, const char *key)
{
    const nd_node *n = nd_node_get(map, key);
    return n && n->text ? n->text : "";
}

/* A master that was killed leaves a status.json that says "running": only a fresh one
 * counts. */
static void read_live(nd_view *v)
{
    nd_text path = {0};
    nd_path_join(&path, v->dir, "status.json");
    nd_node_free(v->live);
    v->live = NULL;
    nd_text_clear(&v->live_text);
    struct stat st;
    const bool fresh = !path.failed && stat(path.s, &st) == 0 &&
                       time(NULL) - st.st_mtime <= LIVE_FOR &&
                       nd_file_read(path.s, &v->live_text, NULL) == ND_OK;
    if (fresh) {
        const nd_source source = {
            .name = path.s, .text = nd_text_str(&v->live_text), .n = v->live_text.n};
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

nd_code nd_view_refresh(nd_view *v, nd_err *err)
{
    if (v->plan.spec) ND_TRY(nd_journal_refresh(v->journal, err));
    ND_TRY(nd_ledger_follow(&v->ledger, &v->past, v->journal, err));
    ND_TRY(plan_again(v, err));
    if (v->rounds) ND_TRY(nd_rounds_replay(v->rounds, &v->past, err));
    count_trials(v);
    read_live(v);
    return ND_OK;
}

nd_code nd_view_open(nd_view **out, const char *dir, nd_err *err)
{
    nd_view *v = *out = calloc(1, sizeof *v);
    if (!v) return ND_FAIL(err, ND_ENOMEM, "no memory to look at %s", dir);
    v->dir = dir;
    nd_code code = open_journal(v, err);
    if (code == ND_OK) code = nd_view_refresh(v, err);
    if (code == ND_OK) return ND_OK;
    nd_view_close(v);
    *out = NULL;
    return code;
}

void nd_view_close(nd_view *v)
{
    if (!v) return;
    nd_node_free(v->live);
    nd_text_free(&v->live_text);
    nd_text_free(&v->spec);
    nd_past_free(&v->past);
    nd_ledger_free(&v->ledger);
    nd_journal_close(v->journal);
    nd_rounds_free(&v->rounds_of);
    nd_plan_free(&v->plan);
    free(v);
}

static size_t failed(const nd_view *v)
{
    size_t n = 0;
    for (int s = 0; s < ND_STATUSES; s++)
        if (nd_status_failed((nd_status)s)) n += v->count[s];
    return n;
}

bool nd_view_over(const nd_view *v)
{
    return !v->live && !v->count[ND_STATUS_PENDING] &&
           (!v->rounds || nd_rounds_over(v->rounds));
}

/* ---- as text ---- */

enum { SHOWN = 20 }; /* workers, and failures */

static double live_number(const nd_node *map, const char *key)
{
    double x;
    return nd_parse_real(live_text(map, key), &x) ? x : 0;
}

/* Those who have been at their trial for longest come first; the idle last. */
static int longest_first(const void *a, const void *b)
{
    const nd_node *x = *(const nd_node *const *)a, *y = *(const nd_node *const *)b;
    const double s = live_number(x, "seconds"), t = live_number(y, "seconds");
    const bool idle = !*live_text(x, "trial"), other = !*live_text(y, "trial");
    if (idle != other) return idle ? 1 : -1;
    if (s != t) return s > t ? -1 : 1;
    return live_number(x, "worker") < live_number(y, "worker") ? -1 : 1;
}

static void text_worker(const nd_node *w, nd_text *out)
{
    const char *trial = live_text(w, "trial");
    const double seconds = live_number(w, "seconds");
    const double expected = live_number(w, "expected_seconds");
    nd_text_add(out, "  worker %s on %s: ", live_text(w, "worker"), live_text(w, "host"));
    if (!*trial) {
        nd_text_add(out, "idle\n");
        return;
    }
    nd_text_add(out, "%.8s, epoch %s of %s, training error %s, %s s", trial,
                live_text(w, "epoch"), live_text(w, "epochs"), live_text(w, "train_error"),
                live_text(w, "seconds"));
    if (expected >= 1) nd_text_add(out, " of about %.0f", expected);
    nd_text_add(out, seconds > 2 * expected + 10 ? ", SLOW\n" : "\n");
}

static nd_code text_workers(const nd_node *live, nd_text *out, nd_err *err)
{
    const nd_node *workers = nd_node_get(live, "workers");
    const size_t n = workers ? workers->n : 0;
    const nd_node **order = calloc(n + 1, sizeof *order);
    if (!order) return ND_FAIL(err, ND_ENOMEM, "no memory to list %zu workers", n);
    size_t i = 0;
    for (const nd_node *w = workers ? workers->first : NULL; w; w = w->next)
        order[i++] = w;
    qsort(order, n, sizeof *order, longest_first);
    for (i = 0; i < n && i < SHOWN; i++)
        text_worker(order[i], out);
    if (n > SHOWN) nd_text_add(out, "  ... and %zu workers more\n", n - SHOWN);
    free(order);
    return ND_OK;
}

static int latest_first(const void *a, const void *b)
{
    const nd_line *x = *(const nd_line *const *)a, *y = *(const nd_line *const *)b;
    return (x->offset < y->offset) - (x->offset > y->offset);
}

static nd_code text_failure(nd_view *v, const nd_line *line, nd_text *out, nd_err *err)
{
    nd_entry e;
    nd_record r;
    char key[ND_KEY_TEXT];
    ND_TRY(nd_journal_read(v->journal, line->offset, &e, err));
    ND_TRY(nd_trial_unpack(NULL, &r, e.bytes, e.n, err));
    nd_key_text(r.key, key);
    nd_text_add(out, "  trial %.8s %s after %d attempt%s on %s: %s\n", key,
                nd_status_name(r.status), r.attempts, r.attempts == 1 ? "" : "s", r.host,
                r.reason);
    nd_record_free(&r);
    return ND_OK;
}

/* The last failures, from the journal: they are there whether or not a run is live. */
static nd_code text_failures(nd_view *v, nd_text *out, nd_err *err)
{
    const nd_line **line = calloc(failed(v) + 1, sizeof *line);
    if (!line) return ND_FAIL(err, ND_ENOMEM, "no memory to list failures");
    size_t n = 0;
    for (size_t i = 0; i < v->plan.n; i++) {
        if (v->rounds && !v->rounds->asked[i]) continue;
        const nd_line *l = nd_ledger_find(&v->ledger, v->plan.trial[i].key);
        if (l && nd_status_failed((nd_status)l->status)) line[n++] = l;
    }
    qsort(line, n, sizeof *line, latest_first);
    nd_code code = ND_OK;
    for (size_t i = 0; i < n && i < SHOWN && code == ND_OK; i++)
        code = text_failure(v, line[i], out, err);
    if (n > SHOWN)
        nd_text_add(out, "  ... and %zu more: `status` and `reason` in results.nc\n",
                    n - SHOWN);
    free(line);
    return code;
}

static nd_code text_live(const nd_view *v, nd_text *out, nd_err *err)
{
    double eta;
    nd_text_add(out, "  %s on %s since %s s: %s trials running",
                live_text(v->live, "state"), live_text(v->live, "host"),
                live_text(v->live, "elapsed_seconds"), live_text(v->live, "running"));
    nd_text_add(out, ", %.2f trials/s", live_number(v->live, "trials_per_second"));
    if (nd_parse_real(live_text(v->live, "eta_seconds"), &eta)) {
        nd_text_add(out, ", ");
        nd_text_duration(out, eta);
        nd_text_add(out, " left");
    }
    nd_text_add(out, "\n");
    return text_workers(v->live, out, err);
}

static void text_rounds(const nd_view *v, nd_text *out)
{
    const nd_rounds *r = v->rounds;
    const nd_round *last = &r->last;
    const bool over = nd_rounds_over(r);
    nd_text_add(out, "  refine: ");
    if (over)
        nd_text_add(out, "ended after round %u: %s", last->number - 1, nd_round_text(last));
    else if (last->number)
        nd_text_add(out, "round %u: %s", last->number, nd_round_text(last));
    else
        nd_text_add(out, "no round is decided yet");
    nd_text_add(out, "; %zu of %zu points, %zu trials of at most %zu, the grid has %zu",
                r->n_points, r->map.grid.points, r->n_asked, nd_rounds_budget(r),
                v->plan.n);
    if (last->why == ND_ROUND_ENCLOSED && !last->cells)
        nd_text_add(out, "; no contour was met");
    nd_text_add(out, "\n");
}

nd_code nd_view_text(nd_view *v, nd_text *out, nd_err *err)
{
    const size_t done = v->count[ND_STATUS_DONE], bad = failed(v);
    nd_text_add(out, "campaign %s: %zu of %zu trials done, %zu failed, %zu pending\n",
                nd_spec_name(v->plan.spec), done, v->trials, bad, v->trials - done - bad);
    if (v->plan.shard.n)
        nd_text_add(out, "  shard %u of %u: the campaign has %zu trials\n", v->plan.shard.i,
                    v->plan.shard.n, v->plan.all);
    if (v->rounds) text_rounds(v, out);
    if (*nd_spec_question(v->plan.spec))
        nd_text_add(out, "  %s\n", nd_spec_question(v->plan.spec));
    nd_text_add(out, "  time spent on trials: ");
    nd_text_duration(out, v->seconds);
    nd_text_add(out, " in %d run%s\n", v->past.sessions, v->past.sessions == 1 ? "" : "s");
    if (v->live)
        ND_TRY(text_live(v, out, err));
    else if (!nd_view_over(v))
        nd_text_add(out, "  no run is live: `nudge run` goes on where it stopped\n");
    ND_TRY(text_failures(v, out, err));
    return nd_text_check(out, err);
}

/* ---- as JSON ---- */

static void json_rounds(const nd_view *v, nd_json *j)
{
    const nd_rounds *r = v->rounds;
    if (!r) {
        nd_json_raw(j, "null");
        return;
    }
    nd_json_open(j, '{');
    nd_json_key(j, "round"), nd_json_int(j, r->last.number);
    nd_json_key(j, "why"), nd_json_string(j, r->last.number ? nd_round_text(&r->last) : "");
    nd_json_key(j, "ended"), nd_json_raw(j, nd_rounds_over(r) ? "true" : "false");
    nd_json_key(j, "points"), nd_json_int(j, (long long)r->n_points);
    nd_json_key(j, "grid_points"), nd_json_int(j, (long long)r->map.grid.points);
    nd_json_key(j, "budget"), nd_json_int(j, (long long)nd_rounds_budget(r));
    nd_json_key(j, "grid_trials"), nd_json_int(j, (long long)v->plan.n);
    nd_json_close(j);
}

nd_code nd_view_json(const nd_view *v, nd_text *out, nd_err *err)
{
    const size_t from = out->n;
    nd_json j = {0};
    nd_json_open(&j, '{');
    nd_json_key(&j, "campaign"), nd_json_string(&j, nd_spec_name(v->plan.spec));
    nd_json_key(&j, "trials"), nd_json_int(&j, (long long)v->trials);
    for (int s = 0; s < ND_STATUSES; s++) {
        nd_json_key(&j, nd_status_name((nd_status)s));
        nd_json_int(&j, (long long)v->count[s]);
    }
    nd_json_key(&j, "failed"), nd_json_int(&j, (long long)failed(v));
    nd_json_key(&j, "trial_seconds"), nd_json_real(&j, v->seconds);
    nd_json_key(&j, "runs"), nd_json_int(&j, v->past.sessions);
    nd_json_key(&j, "shard"), nd_json_int(&j, v->plan.shard.i);
    nd_json_key(&j, "shards"), nd_json_int(&j, v->plan.shard.n);
    nd_json_key(&j, "refine");
    json_rounds(v, &j);
    nd_json_key(&j, "live");
    if (v->live) /* status.json as its master wrote it */
        nd_json_raw(&j, nd_text_str(&v->live_text));
    else
        nd_json_raw(&j, "null");
    nd_json_close(&j);
    nd_text_add(out, "%s\n", nd_text_str(&j.text));
    for (size_t i = from; i + 1 < out->n;
         i++) /* status.json ends with a newline of its own */
        if (out->s[i] == '\n') out->s[i] = ' ';
    out->failed |= j.text.failed;
    nd_text_free(&j.text);
    return nd_text_check(out, err);
}
