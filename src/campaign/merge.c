/* merge.c -- several campaign folders into one.
 *
 * Trials are known by their keys, so it does not matter who ran them, or how often. What must
 * agree does so bit for bit: a trial that trained to the end, or diverged, is a function of its
 * parameters. All of that is checked before the first byte is written; then the folder is made
 * under another name and takes its own in one step. */
#include "nudge/campaign.h"

#include "nudge/file.h"
#include "nudge/kern.h"
#include "nudge/plan.h"

#include "publish_impl.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct input {
    const char *dir;
    nd_journal *journal;
    nd_ledger ledger;
    nd_past past;
    nd_plan
        plan; /* of its spec, all shards; empty when an input before has the same text */
} input;

typedef struct merge {
    input *in; /* (n) */
    size_t n;
    size_t whole; /* input whose plan holds all trials */
    const char *to, *command;
    nd_text temporary;
    nd_merge_end *end;
} merge;

/* ---- reading ---- */

static nd_code open_journal(const char *dir, bool write, nd_journal **out, nd_err *err)
{
    nd_text path = {0};
    nd_path_join(&path, dir, "journal");
    nd_code code = nd_text_check(&path, err);
    if (code == ND_OK) code = nd_journal_open(out, path.s, write, err);
    nd_text_free(&path);
    if (code == ND_ENOENT)
        return ND_FAIL(err, ND_ENOENT, "%s is no campaign: it has no journal", dir);
    return code;
}

static nd_code open_input(input *in, nd_err *err)
{
    ND_TRY(open_journal(in->dir, false, &in->journal, err));
    ND_TRY(nd_ledger_replay(&in->ledger, &in->past, in->journal, err));
    if (!in->past.origin.spec.n)
        return ND_FAIL(err, ND_EINPUT, "%s has no spec: its first run was cut off at once",
                       in->dir);
    if (in->past.origin.schema != ND_SCHEMA_VERSION)
        return ND_FAIL(err, ND_EINPUT,
                       "%s names its trials by schema %d, this program by schema %d: their "
                       "keys cannot be compared",
                       in->dir, in->past.origin.schema, ND_SCHEMA_VERSION);
    return ND_OK;
}

static nd_code plan_input(const input *first, input *in, nd_err *err)
{
    const nd_text *text = &in->past.origin.spec;
    for (const input *before = first; before < in; before++)
        if (!strcmp(nd_text_str(&before->past.origin.spec), nd_text_str(text)))
            return ND_OK;
    const nd_source source = {.name = in->dir, .text = nd_text_str(text), .n = text->n};
    nd_spec *spec;
    ND_TRY(nd_spec_parse(&source, NULL, 0, &spec, err));
    return nd_plan_of(&in->plan, spec, err);
}

static int by_key(const void *a, const void *b)
{
    const nd_planned *x = a, *y = b;
    return memcmp(x->key.b, y->key.b, sizeof x->key.b);
}

/* Every trial of every plan must be one of the largest plan's. */
static nd_code find_whole(merge *m, nd_err *err)
{
    for (size_t i = 1; i < m->n; i++)
        if (m->in[i].plan.n > m->in[m->whole].plan.n) m->whole = i;
    const nd_plan *all = &m->in[m->whole].plan;
    nd_planned *sorted = malloc((all->n + 1) * sizeof *sorted);
    if (!sorted) return ND_FAIL(err, ND_ENOMEM, "no memory for %zu trials", all->n);
    if (all->n) memcpy(sorted, all->trial, all->n * sizeof *sorted);
    qsort(sorted, all->n, sizeof *sorted, by_key);
    nd_code code = ND_OK;
    for (size_t i = 0; i < m->n && code == ND_OK; i++)
        for (size_t t = 0; t < m->in[i].plan.n && code == ND_OK; t++) {
            const nd_planned *trial = &m->in[i].plan.trial[t];
            if (bsearch(trial, sorted, all->n, sizeof *sorted, by_key)) continue;
            char key[ND_KEY_TEXT];
            nd_key_text(trial->key, key);
            code = ND_FAIL(
                err, ND_EINPUT,
                "%s and %s are different campaigns: trial %.8s of the first is not one of "
                "the second's %zu. merge takes shards of one spec, or a campaign and its "
                "extension",
                m->in[i].dir, m->in[m->whole].dir, key, all->n);
        }
    free(sorted);
    return code;
}

/* ---- comparing ---- */

static bool is_function_of_parameters(const nd_line *line)
{
    return line->status == ND_STATUS_DONE || line->status == ND_STATUS_DIVERGED;
}

static nd_code load(const input *in, const nd_line *line, nd_record *r, nd_err *err)
{
    nd_entry e;
    ND_TRY(nd_journal_read(in->journal, line->offset, &e, err));
    return nd_trial_unpack(NULL, r, e.bytes, e.n, err);
}

static nd_code compare(const input *a, const nd_line *la, const input *b, const nd_line *lb,
                       nd_err *err)
{
    nd_record ra, rb;
    nd_record_init(&rb);
    ND_TRY(load(a, la, &ra, err));
    nd_code code = load(b, lb, &rb, err);
    nd_text why = {0};
    if (code == ND_OK && !nd_record_same(&ra, &rb, &why)) {
        char key[ND_KEY_TEXT];
        nd_key_text(la->key, key);
        code = ND_FAIL(
            err, ND_EDIFFERS,
            "trial %s ended differently in %s/journal (byte %" PRIu64 ", on %s, %s) "
            "and %s/journal (byte %" PRIu64 ", on %s, %s): %s. Find out which is "
            "right before you merge; nothing was written",
            key, a->dir, la->offset, ra.host, ra.isa, b->dir, lb->offset, rb.host, rb.isa,
            nd_text_str(&why));
    }
    nd_text_free(&why);
    nd_record_free(&ra);
    nd_record_free(&rb);
    return code;
}

/* What input b has, against the inputs before it. */
static nd_code compare_with_others(merge *m, size_t b, nd_err *err)
{
    const nd_ledger *l = &m->in[b].ledger;
    for (size_t i = 0; i < l->slots; i++) {
        const nd_line *line = &l->slot[i];
        bool repeated = false;
        for (size_t a = 0; a < b && line->status != ND_STATUS_PENDING; a++) {
            const nd_line *other = nd_ledger_find(&m->in[a].ledger, line->key);
            if (!other) continue;
            repeated = true;
            if (is_function_of_parameters(line) && is_function_of_parameters(other))
                ND_TRY(compare(&m->in[a], other, &m->in[b], line, err));
        }
        m->end->repeated += repeated;
    }
    return ND_OK;
}

/* Is input d's record of this trial the one to keep? Ended before failed, then the one with
 * more attempts, then the first. */
static bool is_best(const merge *m, size_t d, const nd_line *line)
{
    for (size_t i = 0; i < m->n; i++) {
        const nd_line *other = i == d ? NULL : nd_ledger_find(&m->in[i].ledger, line->key);
        if (!other) continue;
        const bool a = is_function_of_parameters(line),
                   b = is_function_of_parameters(other);
        const bool better = a != b ? b
                            : line->attempts != other->attempts && !a
                                ? other->attempts > line->attempts
                                : i < d;
        if (better) return false;
    }
    return true;
}

/* ---- writing ---- */

static nd_code copy_input(const merge *m, size_t d, nd_journal *out, nd_err *err)
{
    const input *in = &m->in[d];
    nd_journal *j;
    nd_entry e;
    bool more;
    ND_TRY(open_journal(in->dir, false, &j, err)); /* from its beginning again */
    nd_code code;
    while ((code = nd_journal_next(j, &e, &more, err)) == ND_OK && more) {
        bool keep = e.type == ND_ENTRY_SESSION;
        if (e.type == ND_ENTRY_TRIAL) {
            nd_record r;
            code = nd_trial_head(&r, e.bytes, e.n, err);
            if (code != ND_OK) break;
            const nd_line *line = nd_ledger_find(&in->ledger, r.key);
            keep = line && line->offset == e.offset && is_best(m, d, line);
        }
        if (keep) code = nd_journal_append(out, (nd_entry_type)e.type, e.bytes, e.n, err);
        if (code != ND_OK) break;
    }
    nd_journal_close(j);
    return code;
}

static nd_code write_origin(const merge *m, nd_journal *out, nd_err *err)
{
    nd_text bytes = {0};
    nd_origin_pack(&m->in[m->whole].past.origin, &bytes);
    nd_code code = nd_text_check(&bytes, err);
    if (code == ND_OK)
        code = nd_journal_append(out, ND_ENTRY_CAMPAIGN, bytes.s, bytes.n, err);
    nd_text_free(&bytes);
    return code;
}

/* The merging itself, as a session of its own. */
static nd_code write_session(const merge *m, nd_journal *out, nd_err *err)
{
    nd_session s;
    nd_text bytes = {0};
    nd_session_now(&s);
    nd_text_add(&s.command, "%s", m->command);
    nd_copy(s.isa, sizeof s.isa, nd_kern()->isa);
    nd_session_pack(&s, &bytes);
    nd_code code = nd_text_check(&bytes, err);
    if (code == ND_OK)
        code = nd_journal_append(out, ND_ENTRY_SESSION, bytes.s, bytes.n, err);
    nd_text_free(&bytes);
    nd_session_free(&s);
    return code;
}

static bool refines(const merge *m)
{
    return nd_spec_refine(m->in[m->whole].plan.spec) != NULL;
}

/* The rounds of a refinement are decided anew, from all that is there now, up to the first for
 * which trials are missing. */
static nd_code decide_rounds(const merge *m, nd_err *err)
{
    input made = {.dir = m->temporary.s};
    nd_rounds rounds = {0};
    nd_code code = open_journal(made.dir, true, &made.journal, err);
    if (code == ND_OK) code = nd_ledger_replay(&made.ledger, &made.past, made.journal, err);
    if (code == ND_OK) code = nd_rounds_new(&rounds, &m->in[m->whole].plan, err);
    while (code == ND_OK && !nd_rounds_over(&rounds) &&
           nd_rounds_ended(&rounds, &made.ledger))
        code = nd_rounds_go_on(&rounds, &made.ledger, made.journal, err);
    if (code == ND_OK) code = nd_journal_sync(made.journal, err);
    nd_rounds_free(&rounds);
    nd_past_free(&made.past);
    nd_ledger_free(&made.ledger);
    nd_journal_close(made.journal);
    return code;
}

static nd_code write_journal(const merge *m, nd_err *err)
{
    nd_journal *out;
    ND_TRY(open_journal(m->temporary.s, true, &out, err));
    nd_code code = write_origin(m, out, err);
    for (size_t d = 0; d < m->n && code == ND_OK; d++)
        code = copy_input(m, d, out, err);
    if (code == ND_OK) code = write_session(m, out, err);
    if (code == ND_OK) code = nd_journal_sync(out, err);
    nd_journal_close(out);
    if (code == ND_OK && refines(m)) code = decide_rounds(m, err);
    return code;
}

static void count(const nd_plan *plan, const nd_rounds *rounds, const nd_ledger *ledger,
                  nd_merge_end *end)
{
    end->trials = rounds ? rounds->n_asked : plan->n;
    for (size_t i = 0; i < plan->n; i++) {
        if (rounds && !rounds->asked[i]) continue;
        const nd_line *line = nd_ledger_find(ledger, plan->trial[i].key);
        if (!line)
            end->pending++;
        else if (nd_status_failed((nd_status)line->status))
            end->failed++;
        else
            end->done++;
    }
}

/* spec.yaml and results.nc, of the journal as it was written. */
static nd_code write_products(const merge *m, nd_err *err)
{
    const input *whole = &m->in[m->whole];
    const nd_text *spec = &whole->past.origin.spec;
    input made = {.dir = m->temporary.s};
    nd_rounds of = {0}, *rounds = NULL;
    nd_text path = {0};
    nd_path_join(&path, made.dir, "spec.yaml");
    nd_code code = nd_text_check(&path, err);
    if (code == ND_OK) code = nd_file_publish(path.s, spec->s, spec->n, err);
    if (code == ND_OK) code = open_input(&made, err);
    nd_text_clear(&path);
    nd_path_join(&path, made.dir, "results.nc");
    if (code == ND_OK) code = nd_text_check(&path, err);
    if (code == ND_OK && refines(m)) {
        rounds = &of;
        code = nd_rounds_new(rounds, &whole->plan, err);
        if (code == ND_OK) code = nd_rounds_replay(rounds, &made.past, err);
    }
    if (code == ND_OK)
        code = nd_publish_results(path.s, &whole->plan, &made.ledger, made.journal,
                                  &made.past, rounds, m->command, err);
    if (code == ND_OK) count(&whole->plan, rounds, &made.ledger, m->end);
    nd_rounds_free(&of);
    nd_past_free(&made.past);
    nd_ledger_free(&made.ledger);
    nd_journal_close(made.journal);
    nd_text_free(&path);
    return code;
}

static void remove_temporary(const merge *m)
{
    static const char *const names[] = {"journal", "spec.yaml", "results.nc"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        nd_text path = {0};
        nd_path_join(&path, m->temporary.s, names[i]);
        if (!path.failed) unlink(path.s);
        nd_text_free(&path);
    }
    rmdir(m->temporary.s);
}

static nd_code write_all(merge *m, nd_err *err)
{
    size_t n = strlen(m->to);
    while (n > 1 && m->to[n - 1] == '/')
        n--;
    nd_text_add(&m->temporary, "%.*s.tmp.%ld", (int)n, m->to, (long)getpid());
    ND_TRY(nd_text_check(&m->temporary, err));
    ND_TRY(nd_dir_make(m->temporary.s, err));
    nd_code code = write_journal(m, err);
    if (code == ND_OK) code = write_products(m, err);
    if (code == ND_OK) code = nd_file_publish_as(m->temporary.s, m->to, err);
    if (code != ND_OK) {
        remove_temporary(m);
        nd_err_while(err, "while writing %s", m->to);
    }
    return code;
}

/* An empty folder may be there. */
static nd_code check_free(const char *to, nd_err *err)
{
    DIR *d = opendir(to);
    size_t entries = 0;
    if (!d && errno == ENOENT) return ND_OK;
    for (const struct dirent *e; d && (e = readdir(d));)
        entries += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    if (d) closedir(d);
    if (d && !entries) return ND_OK;
    return ND_FAIL(err, ND_EINPUT,
                   "%s is there already: merge makes a new folder; name another with -o",
                   to);
}

nd_code nd_campaign_merge(const char *const *dirs, size_t n, const char *to,
                          const char *command, nd_merge_end *end, nd_err *err)
{
    *end = (nd_merge_end){0};
    ND_TRY(check_free(to, err));
    merge m = {.n = n, .to = to, .command = command, .end = end};
    m.in = calloc(n + 1, sizeof *m.in);
    if (!m.in) return ND_FAIL(err, ND_ENOMEM, "no memory for %zu folders", n);
    nd_code code = ND_OK;
    for (size_t i = 0; i < n && code == ND_OK; i++) {
        m.in[i].dir = dirs[i];
        code = open_input(&m.in[i], err);
        if (code == ND_OK) code = plan_input(m.in, &m.in[i], err);
    }
    if (code == ND_OK) code = find_whole(&m, err);
    for (size_t i = 1; i < n && code == ND_OK; i++)
        code = compare_with_others(&m, i, err);
    if (code == ND_OK) code = write_all(&m, err);
    if (code == ND_OK) snprintf(end->results, sizeof end->results, "%s/results.nc", to);
    for (size_t i = 0; i < n; i++) {
        nd_plan_free(&m.in[i].plan);
        nd_past_free(&m.in[i].past);
        nd_ledger_free(&m.in[i].ledger);
        nd_journal_close(m.in[i].journal);
    }
    free(m.in);
    nd_text_free(&m.temporary);
    return code;
}
