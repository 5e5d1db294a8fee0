/* record.c -- the metric table at work, and the bytes of a record:
 *
 *   u32 version (1); key 16 bytes; u32 status; u32 attempts; f64 seconds; str host; str
 * isa; str reason; u32 epochs; u32 metrics; then for each metric: str name; f64 value; u32
 * has_curve; if so f32 x epochs.
 *
 * Names make it readable by a version with other rows. Numbers are little-endian. */
#include "nudge/record.h"

#include "nudge/bytes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VERSION = 1, EPOCHS_MAX = 1000000 };

static const nd_metric rows[ND_METRICS] = {
#define M(id, with_curve, units, flag, about)                                              \
    {.name = #id, .unit = units, .long_name = about, .curve = with_curve, .flags = flag},
#include "nudge/metrics.def"
#undef M
};

const nd_metric *nd_metric_at(size_t i)
{
    return &rows[i];
}

int nd_metric_find(const char *name)
{
    for (int i = 0; i < ND_METRICS; i++)
        if (!strcmp(rows[i].name, name)) return i;
    return -1;
}

const char *nd_metric_nearest(const char *name)
{
    nd_nearest n = nd_nearest_to(name);
    for (int i = 0; i < ND_METRICS; i++)
        nd_nearest_try(&n, rows[i].name);
    return n.best;
}

static const struct {
    const char *name, *help;
    bool failed, retry;
} statuses[ND_STATUSES] = {
    [ND_STATUS_PENDING] = {"pending", "not run yet", false, true},
#define T(id, name, failed, retry, help) [ND_STATUS_##id] = {name, help, failed, retry},
#include "nudge/statuses.def"
#undef T
};

const char *nd_status_name(nd_status s)
{
    return statuses[s].name;
}
const char *nd_status_help(nd_status s)
{
    return statuses[s].help;
}
bool nd_status_failed(nd_status s)
{
    return statuses[s].failed;
}
bool nd_status_retry(nd_status s)
{
    return statuses[s].retry;
}

void nd_record_init(nd_record *r)
{
    *r = (nd_record){0};
    for (int i = 0; i < ND_METRICS; i++)
        r->value[i] = (double)NAN;
}

void nd_record_free(nd_record *r)
{
    for (int i = 0; i < ND_METRICS; i++)
        free(r->curve[i]);
    nd_record_init(r);
}

static float *new_curve(size_t n)
{
    float *c = malloc((n ? n : 1) * sizeof *c);
    for (size_t i = 0; c && i < n; i++)
        c[i] = NAN;
    return c;
}

nd_code nd_record_curves(nd_record *r, size_t n, nd_err *err)
{
    r->epochs = n;
    for (int i = 0; i < ND_METRICS; i++) {
        if (!rows[i].curve) continue;
        free(r->curve[i]);
        r->curve[i] = new_curve(n);
        if (!r->curve[i])
            return ND_FAIL(err, ND_ENOMEM, "no memory for curves of %zu epochs", n);
    }
    return ND_OK;
}

void nd_record_pack(const nd_record *r, nd_text *out)
{
    nd_put_u32(out, VERSION);
    nd_text_bytes(out, r->key.b, sizeof r->key.b);
    nd_put_u32(out, (uint32_t)r->status);
    nd_put_u32(out, (uint32_t)r->attempts);
    nd_put_f64(out, r->seconds);
    nd_put_str(out, r->host);
    nd_put_str(out, r->isa);
    nd_put_str(out, r->reason);
    nd_put_u32(out, (uint32_t)r->epochs);
    nd_put_u32(out, ND_METRICS);
    for (int i = 0; i < ND_METRICS; i++) {
        nd_put_str(out, rows[i].name);
        nd_put_f64(out, r->value[i]);
        nd_put_u32(out, r->curve[i] != NULL);
        if (r->curve[i]) nd_put_f32s(out, r->curve[i], r->epochs);
    }
}

static nd_code unpack_metric(nd_record *r, nd_cursor *c, nd_err *err)
{
    char name[64];
    nd_get_str(c, name, sizeof name);
    const double value = nd_get_f64(c);
    const bool has_curve = nd_get_u32(c) != 0;
    const int i = nd_metric_find(name);
    if (i >= 0) r->value[i] = value;
    if (!has_curve || c->bad) return ND_OK;
    if (i < 0 || r->curve[i]) {
        (void)nd_get_bytes(c, r->epochs * sizeof(float));
        return ND_OK;
    }
    r->curve[i] = new_curve(r->epochs);
    if (!r->curve[i]) return ND_FAIL(err, ND_ENOMEM, "no memory for a record's curves");
    nd_get_f32s(c, r->curve[i], r->epochs);
    return ND_OK;
}

static nd_code unpack_head(nd_record *r, nd_cursor *c, nd_err *err)
{
    nd_record_init(r);
    const uint32_t version = nd_get_u32(c);
    const unsigned char *key = nd_get_bytes(c, sizeof r->key.b);
    if (key) memcpy(r->key.b, key, sizeof r->key.b);
    const uint32_t status = nd_get_u32(c);
    r->attempts = (int)nd_get_u32(c);
    r->seconds = nd_get_f64(c);
    nd_get_str(c, r->host, sizeof r->host);
    nd_get_str(c, r->isa, sizeof r->isa);
    nd_get_str(c, r->reason, sizeof r->reason);
    r->epochs = nd_get_u32(c);
    if (c->bad || version != VERSION || status >= ND_STATUSES || r->epochs > EPOCHS_MAX)
        return ND_FAIL(err, ND_ECORRUPT, "not a trial record (version %u, status %u)",
                       version, status);
    r->status = (nd_status)status;
    return ND_OK;
}

nd_code nd_record_head(nd_record *r, const void *bytes, size_t n, nd_err *err)
{
    nd_cursor c = nd_cursor_at(bytes, n);
    return unpack_head(r, &c, err);
}

nd_code nd_record_unpack(nd_record *r, const void *bytes, size_t n, nd_err *err)
{
    nd_cursor c = nd_cursor_at(bytes, n);
    nd_code code = unpack_head(r, &c, err);
    const uint32_t metrics = nd_get_u32(&c);
    for (uint32_t i = 0; code == ND_OK && i < metrics && !c.bad; i++)
        code = unpack_metric(r, &c, err);
    if (code == ND_OK && (c.bad || c.p != c.end))
        code = ND_FAIL(err, ND_ECORRUPT, "trial record has the wrong length");
    if (code != ND_OK) nd_record_free(r);
    return code;
}

/* Equal bits, or both not measured. */
static bool same_real(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

bool nd_record_same(const nd_record *a, const nd_record *b, nd_text *why)
{
    nd_text none = {0};
    nd_text *t = why ? why : &none;
    bool same = false;
    if (a->status != b->status) {
        nd_text_add(t, "status %s and %s", nd_status_name(a->status),
                    nd_status_name(b->status));
        goto out;
    }
    for (int i = 0; i < ND_METRICS; i++) {
        if (rows[i].flags & ND_VOLATILE) continue;
        if (!same_real(a->value[i], b->value[i])) {
            nd_text_add(t, "%s %.17g and %.17g", rows[i].name, a->value[i], b->value[i]);
            goto out;
        }
        if (!a->curve[i] != !b->curve[i] || (a->curve[i] && a->epochs != b->epochs)) {
            nd_text_add(t, "%s over %zu and %zu epochs", rows[i].name, a->epochs,
                        b->epochs);
            goto out;
        }
        for (size_t e = 0; a->curve[i] && e < a->epochs; e++)
            if (!same_real((double)a->curve[i][e], (double)b->curve[i][e])) {
                nd_text_add(t, "%s in epoch %zu: %.9g and %.9g", rows[i].name, e + 1,
                            (double)a->curve[i][e], (double)b->curve[i][e]);
                goto out;
            }
    }
    same = true;
out:
    nd_text_free(&none);
    return same;
}
