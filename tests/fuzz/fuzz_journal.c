/* fuzz_journal.c -- any bytes as a journal. The first byte: 0, the rest is the file; else it is made of
 * the rest, with right headers and checksums: u8 type, u16 length and payload of each record. What is
 * read must be what a second reading gives, what is packed what was unpacked; and a writer either
 * refuses the file, or appends to the records that a reader saw. */
#include "fuzz.h"

#include "campaign/ledger_impl.h"
#include "nudge/bytes.h"
#include "nudge/crc.h"
#include "nudge/journal.h"

#include <string.h>

static void put_record(nd_text *file, unsigned type, const uint8_t *payload, size_t n)
{
    const size_t start = file->n;
    nd_put_u32(file, (uint32_t)n);
    nd_put_u32(file, type);
    const uint32_t crc = nd_crc32c(0, file->s + start, 8);
    nd_put_u32(file, nd_crc32c(crc, payload, n));
    nd_text_bytes(file, payload, n);
}

static void frame(const uint8_t *bytes, size_t n, nd_text *file)
{
    nd_text_add(file, "nudgejnl");
    nd_put_u32(file, 1);
    nd_put_u32(file, nd_crc32c(0, file->s, 12));
    while (n >= 3) {
        const unsigned type = bytes[0], wanted = bytes[1] + 256u * bytes[2];
        const size_t length = wanted < n - 3 ? wanted : n - 3;
        put_record(file, type ? type : ND_ENTRY_TRIAL, bytes + 3, length);
        bytes += 3 + length;
        n -= 3 + length;
    }
}

static void same_bytes(const nd_text *packed, const nd_entry *e)
{
    FUZZ_EXPECT(packed->n == e->n && !memcmp(nd_text_str(packed), e->bytes, e->n));
}

static void unpack(const nd_entry *e)
{
    nd_err err = {0};
    nd_text t = {0};
    nd_origin o;
    nd_session s;
    nd_shard shard;
    nd_params p;
    nd_record r;
    switch (e->type) {
    case ND_ENTRY_CAMPAIGN:
        if (nd_origin_unpack(&o, e->bytes, e->n, &err) != ND_OK) break;
        nd_origin_free(&o);
        break;
    case ND_ENTRY_SESSION:
        if (nd_session_unpack(&s, e->bytes, e->n, &err) != ND_OK) break;
        nd_session_free(&s);
        break;
    case ND_ENTRY_SHARD:
        if (nd_shard_unpack(&shard, e->bytes, e->n, &err) != ND_OK) break;
        nd_shard_pack(shard, &t);
        same_bytes(&t, e);
        break;
    case ND_ENTRY_TRIAL:
        if (nd_trial_unpack(&p, &r, e->bytes, e->n, &err) != ND_OK) break;
        FUZZ_EXPECT(nd_record_same(&r, &r, NULL));
        nd_record_free(&r);
        break;
    }
    nd_text_free(&t);
}

/* How many records a reader finds, or -1; the end of the last. */
static long read_all(const char *path, uint64_t *end)
{
    nd_err err = {0};
    nd_journal *j;
    if (nd_journal_open(&j, path, false, &err) != ND_OK) return -1;
    long n = 0;
    nd_entry e, again;
    bool more = true;
    nd_code code;
    while ((code = nd_journal_next(j, &e, &more, &err)) == ND_OK && more) {
        const nd_entry first = e;
        FUZZ_EXPECT(nd_journal_read(j, e.offset, &again, &err) == ND_OK);
        FUZZ_EXPECT(again.type == first.type && again.n == first.n);
        unpack(&again);
        n++;
    }
    *end = nd_journal_end(j);
    nd_journal_close(j);
    return code == ND_OK ? n : -1;
}

static void replay(const char *path)
{
    nd_err err = {0};
    nd_journal *j;
    nd_ledger l;
    nd_past past;
    if (nd_journal_open(&j, path, false, &err) != ND_OK) return;
    (void)!nd_ledger_replay(&l, &past, j, &err);
    nd_ledger_free(&l);
    nd_past_free(&past);
    nd_journal_close(j);
}

static void append(const char *path, long records, uint64_t end)
{
    nd_err err = {0};
    nd_journal *j;
    nd_code code = nd_journal_open(&j, path, true, &err);
    if (code == ND_OK) {
        code = nd_journal_append(j, ND_ENTRY_SHARD, "abc", 3, &err);
        nd_journal_close(j);
    }
    FUZZ_EXPECT((code == ND_OK) == (records >= 0));
    uint64_t now;
    if (code != ND_OK) return;
    FUZZ_EXPECT(read_all(path, &now) == records + 1);
    FUZZ_EXPECT(now == end + 12 + 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    nd_text file = {0};
    uint64_t end = 0;
    if (n == 0) return 0;
    if (bytes[0] == 0)
        nd_text_bytes(&file, bytes + 1, n - 1);
    else
        frame(bytes + 1, n - 1, &file);
    const char *path = fuzz_file(nd_text_str(&file), file.n);
    const long records = read_all(path, &end);
    replay(path);
    append(path, records, end);
    nd_text_free(&file);
    return 0;
}
