/* journal.c -- the append-only journal. All numbers are little-endian.
 *
 *   header   8 bytes "nudgejnl"; u32 version (1); u32 CRC-32C of the 12 bytes before it
 *   record   u32 length; u32 type; u32 crc; `length` bytes of payload          ... repeated
 *
 * crc is the CRC-32C over length, type and payload. A record is valid if and only if
 * 1 <= type <= 255, length <= ND_ENTRY_MAX, all its bytes are there, and crc is right.
 * A journal is valid if and only if the header is, and valid records follow it without a
 * gap up to the end of the file, or up to a torn tail: bytes in which no valid record
 * begins at any offset. That is what a writer killed in the middle of a write leaves, so
 * the next writer cuts it off. Bytes that are wrong with a valid record somewhere behind
 * them were written whole and have changed since: nobody touches those but the user.
 * (A header cut short is a torn tail too: the file was being made.)
 *
 * Payloads are described below, by the functions that pack them; a round's in round.c.
 *
 * The lock is on the open file description, so it ends with its process, however that
 * ends, and two writers in one process exclude each other as well. */
#include "nudge/journal.h"

#include "nudge/build.h"
#include "nudge/bytes.h"
#include "nudge/clock.h"
#include "nudge/crc.h"
#include "nudge/file.h"
#include "nudge/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { VERSION = 1, HEADER = 16, HEAD = 12, TYPE_MAX = 255 };

struct nd_journal {
    int fd;
    bool write;
    bool ended;    /* all records were read; a writer may append         */
    bool broken;   /* the end of the file is not known any more          */
    uint64_t at;   /* next record to read; once ended, end of the last   */
    uint64_t size; /* of the file when opened, and what was appended here */
    nd_text bytes; /* payload of the current record                      */
    char *path;
};

/* ---- reading ---- */

/* Up to n bytes at `offset`; fewer where the file ends. */
static nd_code read_at(const nd_journal *j, uint64_t offset, void *out, size_t n,
                       size_t *got, nd_err *err)
{
    const uint64_t left = j->size > offset ? j->size - offset : 0;
    if (n > left) n = (size_t)left;
    *got = 0;
    while (*got < n) {
        const ssize_t r =
            pread(j->fd, (char *)out + *got, n - *got, (off_t)(offset + *got));
        if (r < 0 && errno == EINTR) continue;
        if (r < 0) return ND_FAIL_SYS(err, ND_EIO, "cannot read %s", j->path);
        if (r == 0) break;
        *got += (size_t)r;
    }
    return ND_OK;
}

typedef struct head {
    uint32_t length, type, crc;
} head;

static head head_of(const unsigned char bytes[HEAD])
{
    nd_cursor c = nd_cursor_at(bytes, HEAD);
    head h;
    h.length = nd_get_u32(&c);
    h.type = nd_get_u32(&c);
    h.crc = nd_get_u32(&c);
    return h;
}

static bool head_fits(head h, uint64_t left)
{
    return h.type >= 1 && h.type <= TYPE_MAX && h.length <= ND_ENTRY_MAX &&
           h.length <= left;
}

static uint32_t crc_of(const unsigned char length_and_type[8], const void *payload,
                       size_t n)
{
    return nd_crc32c(nd_crc32c(0, length_and_type, 8), payload, n);
}

/* Offset of the first valid record in bytes (n), or n. */
static size_t find_valid(const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i + HEAD <= n; i++) {
        const head h = head_of(bytes + i);
        if (head_fits(h, n - i - HEAD) &&
            crc_of(bytes + i, bytes + i + HEAD, h.length) == h.crc)
            return i;
    }
    return n;
}

static nd_code cut(nd_journal *j, nd_err *err)
{
    nd_log(ND_WARN,
           "%s: cut off the last %" PRIu64 " bytes, an unfinished record; its trial will "
           "run again",
           j->path, j->size - j->at);
    if (ftruncate(j->fd, (off_t)j->at) < 0 || fsync(j->fd) < 0)
        return ND_FAIL_SYS(err, ND_EIO, "cannot cut the unfinished record off %s", j->path);
    j->size = j->at;
    return ND_OK;
}

/* No valid record begins at j->at: is this the torn tail, or damage in the middle? */
static nd_code no_record_here(nd_journal *j, nd_err *err)
{
    const size_t n = (size_t)(j->size - j->at);
    unsigned char *rest = malloc(n);
    if (!rest) return ND_FAIL(err, ND_ENOMEM, "no memory to check %s", j->path);
    size_t got;
    nd_code code = read_at(j, j->at, rest, n, &got, err);
    const size_t next = code == ND_OK ? find_valid(rest, got) : 0;
    free(rest);
    ND_TRY(code);
    if (next < got)
        return ND_FAIL(err, ND_ECORRUPT,
                       "%s: the record at byte %" PRIu64 " is damaged, and valid records "
                       "follow at byte %" PRIu64 ". Restore the file from a copy; or keep "
                       "a copy, cut it with `truncate -s %" PRIu64 " %s`, and run again "
                       "what the lost records held",
                       j->path, j->at, j->at + next, j->at, j->path);
    j->ended = true;
    return j->write ? cut(j, err) : ND_OK;
}

/* The record at `offset`, if a valid one begins there. */
static nd_code valid_at(nd_journal *j, uint64_t offset, nd_entry *entry, bool *valid,
                        nd_err *err)
{
    *valid = false;
    unsigned char bytes[HEAD];
    size_t got;
    ND_TRY(read_at(j, offset, bytes, HEAD, &got, err));
    const head h = got == HEAD ? head_of(bytes) : (head){0};
    if (!head_fits(h, j->size - offset - got)) return ND_OK;

    nd_text_clear(&j->bytes);
    char block[16384];
    for (size_t n = 0; n < h.length && got; n += got) {
        const size_t want = h.length - n < sizeof block ? h.length - n : sizeof block;
        ND_TRY(read_at(j, offset + HEAD + n, block, want, &got, err));
        nd_text_bytes(&j->bytes, block, got);
    }
    ND_TRY(nd_text_check(&j->bytes, err));
    *valid = j->bytes.n == h.length && crc_of(bytes, j->bytes.s, h.length) == h.crc;
    *entry =
        (nd_entry){h.type, (const unsigned char *)nd_text_str(&j->bytes), h.length, offset};
    return ND_OK;
}

nd_code nd_journal_next(nd_journal *j, nd_entry *entry, bool *more, nd_err *err)
{
    *more = false;
    if (j->ended) return ND_OK;
    if (j->at >= j->size) {
        j->ended = true;
        return ND_OK;
    }
    bool valid;
    ND_TRY(valid_at(j, j->at, entry, &valid, err));
    if (!valid) return no_record_here(j, err);
    j->at += HEAD + entry->n;
    *more = true;
    return ND_OK;
}

nd_code nd_journal_refresh(nd_journal *j, nd_err *err)
{
    struct stat st;
    if (fstat(j->fd, &st) < 0) return ND_FAIL_SYS(err, ND_EIO, "cannot stat %s", j->path);
    if ((uint64_t)st.st_size < j->at)
        return ND_FAIL(err, ND_ECORRUPT, "%s is shorter than it was", j->path);
    j->size = (uint64_t)st.st_size;
    j->ended = false;
    return ND_OK;
}

nd_code nd_journal_read(nd_journal *j, uint64_t offset, nd_entry *entry, nd_err *err)
{
    bool valid = false;
    if (offset < j->size) ND_TRY(valid_at(j, offset, entry, &valid, err));
    if (valid) return ND_OK;
    return ND_FAIL(err, ND_ECORRUPT,
                   "%s: the record at byte %" PRIu64 " was there and is not any more; "
                   "did something else write to the file?",
                   j->path, offset);
}

uint64_t nd_journal_end(const nd_journal *j)
{
    return j->at;
}

/* ---- opening ---- */

static void make_header(nd_text *out)
{
    nd_text_add(out, "nudgejnl");
    nd_put_u32(out, VERSION);
    nd_put_u32(out, nd_crc32c(0, nd_text_str(out), out->n));
}

static nd_code sync_folder(const char *path, nd_err *err)
{
    const char *slash = strrchr(path, '/');
    nd_text dir = {0};
    nd_text_bytes(&dir, slash ? path : ".", slash ? (size_t)(slash - path) + 1 : 1);
    nd_code code = nd_text_check(&dir, err);
    if (code == ND_OK) code = nd_dir_sync(dir.s, err);
    nd_text_free(&dir);
    return code;
}

static nd_code write_header(nd_journal *j, const nd_text *header, nd_err *err)
{
    if (ftruncate(j->fd, 0) < 0)
        return ND_FAIL_SYS(err, ND_EIO, "cannot write %s", j->path);
    nd_code code = nd_write_all(j->fd, header->s, header->n, err);
    if (code == ND_OK && fsync(j->fd) < 0)
        code = ND_FAIL_SYS(err, ND_EIO, "cannot sync %s", j->path);
    if (code == ND_OK) code = sync_folder(j->path, err);
    if (code != ND_OK) nd_err_while(err, "while making %s", j->path);
    j->size = HEADER;
    return code;
}

static nd_code check_header(nd_journal *j, nd_err *err)
{
    nd_text want = {0};
    make_header(&want);
    nd_code code = nd_text_check(&want, err);
    unsigned char is[HEADER];
    size_t got = 0;
    if (code == ND_OK) code = read_at(j, 0, is, HEADER, &got, err);
    if (code != ND_OK) goto out;
    const bool same = !memcmp(is, want.s, got);
    if (same && got < HEADER) {
        j->ended = !j->write;
        if (j->write) code = write_header(j, &want, err);
    } else if (!same && got == HEADER && !memcmp(is, want.s, 8)) {
        nd_cursor c = nd_cursor_at(is + 8, 8);
        const uint32_t version = nd_get_u32(&c);
        if (nd_get_u32(&c) == nd_crc32c(0, is, 12))
            code = ND_FAIL(err, ND_EINPUT,
                           "%s has version %" PRIu32 ", this program writes version %d: "
                           "use the nudge that made it",
                           j->path, version, VERSION);
        else
            code = ND_FAIL(err, ND_ECORRUPT,
                           "%s: the header is damaged; restore the file "
                           "from a copy",
                           j->path);
    } else if (!same)
        code = ND_FAIL(err, ND_EINPUT, "%s is not a journal of nudge", j->path);
out:
    nd_text_free(&want);
    return code;
}

/* Who writes: the last session that the journal knows of. */
static void add_writer(const char *path, nd_text *out)
{
    nd_journal *j = NULL;
    nd_entry e;
    nd_session s = {0};
    bool more = nd_journal_open(&j, path, false, NULL) == ND_OK;
    while (more && nd_journal_next(j, &e, &more, NULL) == ND_OK && more) {
        if (e.type != ND_ENTRY_SESSION) continue;
        nd_session_free(&s);
        if (nd_session_unpack(&s, e.bytes, e.n, NULL) != ND_OK) s = (nd_session){0};
    }
    if (s.host[0])
        nd_text_add(out, " (host %s, process %d, since %s)", s.host, s.pid, s.time);
    nd_session_free(&s);
    nd_journal_close(j);
}

static nd_code lock(nd_journal *j, nd_err *err)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(j->fd, F_OFD_SETLK, &whole) == 0) return ND_OK;
    if (errno != EAGAIN && errno != EACCES) {
        nd_log(ND_WARN,
               "%s: this file system has no locks (%s); make sure that no other run "
               "writes there",
               j->path, strerror(errno));
        return ND_OK;
    }
    nd_text who = {0};
    add_writer(j->path, &who);
    ND_FAIL(err, ND_EBUSY,
            "%s is being written by another run%s; wait for it or stop it "
            "(`nudge status` works meanwhile)",
            j->path, nd_text_str(&who));
    nd_text_free(&who);
    return ND_EBUSY;
}

static nd_code open_file(nd_journal *j, nd_err *err)
{
    const int flags = j->write ? O_RDWR | O_CREAT : O_RDONLY;
    j->fd = open(j->path, flags | O_CLOEXEC, 0666);
    if (j->fd < 0)
        return ND_FAIL_SYS(err, errno == ENOENT || errno == ENOTDIR ? ND_ENOENT : ND_EIO,
                           "cannot open %s", j->path);
    if (j->write) ND_TRY(lock(j, err));
    struct stat st;
    if (fstat(j->fd, &st) < 0) return ND_FAIL_SYS(err, ND_EIO, "cannot stat %s", j->path);
    if (!S_ISREG(st.st_mode))
        return ND_FAIL(err, ND_EINPUT, "%s is not a plain file", j->path);
    /* A reader stops here even while the file grows, so that a record being written is
     * never taken for one damaged in the middle. */
    j->size = (uint64_t)st.st_size;
    j->at = HEADER;
    return check_header(j, err);
}

nd_code nd_journal_open(nd_journal **out, const char *path, bool write, nd_err *err)
{
    *out = NULL;
    nd_journal *j = calloc(1, sizeof *j);
    char *copy = strdup(path);
    if (!j || !copy) {
        free(j);
        free(copy);
        return ND_FAIL(err, ND_ENOMEM, "no memory to open %s", path);
    }
    *j = (nd_journal){.fd = -1, .write = write, .path = copy};
    const nd_code code = open_file(j, err);
    if (code != ND_OK) {
        nd_journal_close(j);
        return code;
    }
    *out = j;
    return ND_OK;
}

void nd_journal_close(nd_journal *j)
{
    if (!j) return;
    if (j->fd >= 0) close(j->fd);
    nd_text_free(&j->bytes);
    free(j->path);
    free(j);
}

/* ---- appending ---- */

/* Writes at j->at; on failure the file ends there again. */
static nd_code write_record(nd_journal *j, const nd_text *record, nd_err *err)
{
    if (lseek(j->fd, (off_t)j->at, SEEK_SET) < 0)
        return ND_FAIL_SYS(err, ND_EIO, "cannot seek in %s", j->path);
    const nd_code code = nd_write_all(j->fd, record->s, record->n, err);
    if (code == ND_OK) {
        j->at += record->n;
        j->size = j->at;
        return ND_OK;
    }
    j->broken = ftruncate(j->fd, (off_t)j->at) < 0;
    nd_err_while(err, "while appending to %s; what was recorded before is safe", j->path);
    return code;
}

nd_code nd_journal_append(nd_journal *j, nd_entry_type type, const void *bytes, size_t n,
                          nd_err *err)
{
    if (!j->write || j->broken)
        return ND_FAIL(err, ND_EIO, "%s cannot be written %s", j->path,
                       j->broken ? "after an earlier failure; run again" : "by a reader");
    if (n > ND_ENTRY_MAX)
        return ND_FAIL(err, ND_EINPUT,
                       "%s: a record of %zu bytes is too long; the limit is %d", j->path, n,
                       ND_ENTRY_MAX);
    nd_entry passed;
    bool more = !j->ended;
    while (more)
        ND_TRY(nd_journal_next(j, &passed, &more, err));

    nd_text record = {0};
    nd_put_u32(&record, (uint32_t)n);
    nd_put_u32(&record, type);
    if (!record.failed)
        nd_put_u32(&record, crc_of((const unsigned char *)record.s, bytes, n));
    nd_text_bytes(&record, bytes, n);
    nd_code code = nd_text_check(&record, err);
    if (code == ND_OK) code = write_record(j, &record, err);
    nd_text_free(&record);
    return code;
}

nd_code nd_journal_sync(nd_journal *j, nd_err *err)
{
    if (j->broken) return ND_FAIL(err, ND_EIO, "%s failed earlier; run again", j->path);
    if (fdatasync(j->fd) == 0) return ND_OK;
    /* The kernel may have dropped the pages: a second call would falsely succeed. */
    j->broken = true;
    return ND_FAIL_SYS(err, ND_EIO, "cannot sync %s", j->path);
}

/* ---- payloads: u32 version (1), then the fields in the order of the struct ---- */

static void get_text(nd_cursor *c, nd_text *out)
{
    const size_t n = nd_get_u32(c);
    const unsigned char *p = nd_get_bytes(c, n);
    if (p) nd_text_bytes(out, p, n);
}

static nd_code check_payload(const nd_cursor *c, uint32_t version, const char *what,
                             nd_err *err)
{
    if (version == VERSION && !c->bad && c->p == c->end) return ND_OK;
    return ND_FAIL(err, ND_ECORRUPT, "the journal's %s has the wrong length or version",
                   what);
}

void nd_origin_now(nd_origin *o)
{
    *o = (nd_origin){.schema = ND_SCHEMA_VERSION};
    nd_utc(o->time, sizeof o->time);
    nd_copy(o->version, sizeof o->version, nd_version);
    nd_copy(o->commit, sizeof o->commit, nd_build_commit);
}

void nd_origin_free(nd_origin *o)
{
    nd_text_free(&o->spec);
    nd_text_free(&o->overrides);
}

void nd_origin_pack(const nd_origin *o, nd_text *out)
{
    nd_put_u32(out, VERSION);
    nd_put_str(out, nd_text_str(&o->spec));
    nd_put_str(out, nd_text_str(&o->overrides));
    nd_put_str(out, o->file);
    nd_put_str(out, o->time);
    nd_put_str(out, o->version);
    nd_put_str(out, o->commit);
    nd_put_u32(out, (uint32_t)o->schema);
}

nd_code nd_origin_unpack(nd_origin *o, const void *bytes, size_t n, nd_err *err)
{
    *o = (nd_origin){0};
    nd_cursor c = nd_cursor_at(bytes, n);
    const uint32_t version = nd_get_u32(&c);
    get_text(&c, &o->spec);
    get_text(&c, &o->overrides);
    nd_get_str(&c, o->file, sizeof o->file);
    nd_get_str(&c, o->time, sizeof o->time);
    nd_get_str(&c, o->version, sizeof o->version);
    nd_get_str(&c, o->commit, sizeof o->commit);
    o->schema = (int)nd_get_u32(&c);
    nd_code code = check_payload(&c, version, "description of the campaign", err);
    if (code == ND_OK) code = nd_text_check(&o->spec, err);
    if (code == ND_OK) code = nd_text_check(&o->overrides, err);
    if (code != ND_OK) nd_origin_free(o);
    return code;
}

void nd_session_now(nd_session *s)
{
    *s = (nd_session){.pid = (int)getpid(), .ranks = 1};
    nd_utc(s->time, sizeof s->time);
    nd_hostname(s->host, sizeof s->host);
    nd_copy(s->version, sizeof s->version, nd_version);
    nd_copy(s->commit, sizeof s->commit, nd_build_commit);
    nd_copy(s->compiler, sizeof s->compiler, nd_build_compiler);
    nd_copy(s->flags, sizeof s->flags, nd_build_flags);
}

void nd_session_free(nd_session *s)
{
    nd_text_free(&s->command);
}

void nd_session_pack(const nd_session *s, nd_text *out)
{
    nd_put_u32(out, VERSION);
    nd_put_str(out, nd_text_str(&s->command));
    nd_put_str(out, s->time);
    nd_put_str(out, s->host);
    nd_put_str(out, s->isa);
    nd_put_str(out, s->version);
    nd_put_str(out, s->commit);
    nd_put_str(out, s->compiler);
    nd_put_str(out, s->flags);
    nd_put_u32(out, (uint32_t)s->pid);
    nd_put_u32(out, (uint32_t)s->ranks);
}

nd_code nd_session_unpack(nd_session *s, const void *bytes, size_t n, nd_err *err)
{
    *s = (nd_session){0};
    nd_cursor c = nd_cursor_at(bytes, n);
    const uint32_t version = nd_get_u32(&c);
    get_text(&c, &s->command);
    nd_get_str(&c, s->time, sizeof s->time);
    nd_get_str(&c, s->host, sizeof s->host);
    nd_get_str(&c, s->isa, sizeof s->isa);
    nd_get_str(&c, s->version, sizeof s->version);
    nd_get_str(&c, s->commit, sizeof s->commit);
    nd_get_str(&c, s->compiler, sizeof s->compiler);
    nd_get_str(&c, s->flags, sizeof s->flags);
    s->pid = (int)nd_get_u32(&c);
    s->ranks = (int)nd_get_u32(&c);
    nd_code code = check_payload(&c, version, "session", err);
    if (code == ND_OK) code = nd_text_check(&s->command, err);
    if (code != ND_OK) nd_session_free(s);
    return code;
}

void nd_shard_pack(nd_shard s, nd_text *out)
{
    nd_put_u32(out, VERSION);
    nd_put_u32(out, s.i);
    nd_put_u32(out, s.n);
}

nd_code nd_shard_unpack(nd_shard *s, const void *bytes, size_t n, nd_err *err)
{
    nd_cursor c = nd_cursor_at(bytes, n);
    const uint32_t version = nd_get_u32(&c);
    s->i = nd_get_u32(&c);
    s->n = nd_get_u32(&c);
    ND_TRY(check_payload(&c, version, "shard", err));
    if (s->i >= 1 && s->i <= s->n) return ND_OK;
    return ND_FAIL(err, ND_ECORRUPT, "the journal says shard %u of %u", s->i, s->n);
}

void nd_trial_pack(const nd_params *p, const nd_record *r, nd_text *out)
{
    nd_text params = {0};
    nd_params_print(p, false, &params);
    nd_put_u32(out, VERSION);
    nd_put_str(out, nd_text_str(&params));
    nd_record_pack(r, out);
    out->failed |= params.failed;
    nd_text_free(&params);
}

nd_code nd_trial_head(nd_record *r, const void *bytes, size_t n, nd_err *err)
{
    nd_cursor c = nd_cursor_at(bytes, n);
    const uint32_t version = nd_get_u32(&c);
    (void)nd_get_bytes(&c, nd_get_u32(&c)); /* the parameters */
    if (c.bad || version != VERSION)
        return ND_FAIL(err, ND_ECORRUPT,
                       "the journal's trial has the wrong length or version");
    return nd_record_head(r, c.p, (size_t)(c.end - c.p), err);
}

nd_code nd_trial_unpack(nd_params *p, nd_record *r, const void *bytes, size_t n,
                        nd_err *err)
{
    nd_cursor c = nd_cursor_at(bytes, n);
    const uint32_t version = nd_get_u32(&c);
    nd_text params = {0};
    get_text(&c, &params);
    nd_code code = nd_text_check(&params, err);
    if (code == ND_OK && (c.bad || version != VERSION))
        code = ND_FAIL(err, ND_ECORRUPT,
                       "the journal's trial has the wrong length or version");
    if (code == ND_OK && p) code = nd_params_parse(p, nd_text_str(&params), err);
    if (code == ND_OK && r) code = nd_record_unpack(r, c.p, (size_t)(c.end - c.p), err);
    nd_text_free(&params);
    return code;
}
