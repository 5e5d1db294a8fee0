/* journal.h -- the campaign's journal: append-only records, the only truth, one writer.
 *
 * Everything else in a campaign's folder can be made again from it. Its bytes are described
 * in journal.c.
 *
 *     nd_journal_open(&j, "DIR/journal", true, err);
 *     while (nd_journal_next(j, &e, &more, err) == ND_OK && more) ...   what is known
 *     nd_journal_append(j, ND_ENTRY_TRIAL, bytes, n, err);              what is new
 *     nd_journal_sync(j, err);                                          from here on it lasts */
#ifndef NUDGE_JOURNAL_H
#define NUDGE_JOURNAL_H

#include "nudge/record.h"
#include "nudge/round.h"

typedef enum nd_entry_type {
    ND_ENTRY_CAMPAIGN = 1, /* nd_origin: the spec, and where it came from */
    ND_ENTRY_SESSION,      /* nd_session: a start of `nudge run`          */
    ND_ENTRY_TRIAL,        /* nd_params and nd_record of an ended attempt */
    ND_ENTRY_SHARD,        /* nd_shard: the part of the campaign that is run here */
    ND_ENTRY_ROUND,        /* nd_round (round.h): what design: refine decided      */
} nd_entry_type;           /* new types go to the end; readers skip those they don't know */

enum { ND_ENTRY_MAX = 1 << 28 }; /* bytes of one payload */

typedef struct nd_entry {
    uint32_t type;
    const unsigned char *bytes; /* (n), until the next call */
    size_t n;
    uint64_t offset; /* of the record in the file */
} nd_entry;

typedef struct nd_journal nd_journal;

/* Opens for reading (never writes, ignores an unfinished last record: a writer may be at
 * it) or for writing (makes the file if need be, cuts an unfinished last record off).
 * ND_EBUSY: another process writes it. ND_ENOENT: nothing there to read. */
ND_MUST nd_code nd_journal_open(nd_journal **out, const char *path, bool write,
                                nd_err *err);
void nd_journal_close(nd_journal *j); /* NULL is fine */

/* The next record, from the first to the last that was there when the journal was opened;
 * then more = false. ND_ECORRUPT: a record is damaged, and it is not just the last. */
ND_MUST nd_code nd_journal_next(nd_journal *j, nd_entry *entry, bool *more, nd_err *err);

/* For a reader whose replay has come to its end: what was appended since comes next.
 * ND_ECORRUPT when the file is shorter than what was read: it is another one now. */
ND_MUST nd_code nd_journal_refresh(nd_journal *j, nd_err *err);

/* The record at an offset that nd_journal_next or nd_journal_end gave; does not disturb the
 * replay. */
ND_MUST nd_code nd_journal_read(nd_journal *j, uint64_t offset, nd_entry *entry,
                                nd_err *err);

/* Where the next record will be appended; known once all were replayed. */
uint64_t nd_journal_end(const nd_journal *j);

/* Adds a record at the end; records not replayed yet are checked and passed over first.
 * After a failure (a full disk) the journal is as it was before, and may be tried again. */
ND_MUST nd_code nd_journal_append(nd_journal *j, nd_entry_type type, const void *bytes,
                                  size_t n, nd_err *err);

/* Returns once all that was appended is on the disk. After a failure nothing more can be
 * appended: what the disk holds is not known until the journal is opened again. */
ND_MUST nd_code nd_journal_sync(nd_journal *j, nd_err *err);

/* ---- what the records hold ---- */

typedef struct nd_origin {
    nd_text spec;      /* the text, as run                        */
    nd_text overrides; /* --set, a line "p=v" each                */
    char file[256];    /* the spec's file, as the user named it   */
    char time[24];     /* UTC                                     */
    char version[32], commit[64];
    int schema; /* ND_SCHEMA_VERSION of the keys */
} nd_origin;

typedef struct nd_session {
    nd_text command; /* the command line           */
    char time[24];   /* UTC                        */
    char host[64];   /* of the writer              */
    char isa[16];    /* of the writer's kernels    */
    char version[32], commit[64], compiler[128], flags[256];
    int pid, ranks;
} nd_session;

/* Shard i of n, counted from 1; n = 0: all of the campaign. */
typedef struct nd_shard {
    uint32_t i, n;
} nd_shard;

void nd_origin_now(nd_origin *o); /* time and build of this program, the rest empty */
void nd_origin_free(nd_origin *o);
void nd_session_now(nd_session *s); /* time, host, process and build, the rest empty */
void nd_session_free(nd_session *s);

/* Packing appends; check with nd_text_check. Unpacking: ND_ECORRUPT when the bytes are no
 * such payload; on success free what came out. p or r may be NULL when not wanted. */
void nd_origin_pack(const nd_origin *o, nd_text *out);
ND_MUST nd_code nd_origin_unpack(nd_origin *o, const void *bytes, size_t n, nd_err *err);
void nd_session_pack(const nd_session *s, nd_text *out);
ND_MUST nd_code nd_session_unpack(nd_session *s, const void *bytes, size_t n, nd_err *err);
void nd_shard_pack(nd_shard s, nd_text *out);
ND_MUST nd_code nd_shard_unpack(nd_shard *s, const void *bytes, size_t n, nd_err *err);
void nd_trial_pack(const nd_params *p, const nd_record *r, nd_text *out);
ND_MUST nd_code nd_trial_head(nd_record *r, const void *bytes, size_t n,
                              nd_err *err); /* as nd_record_head */
ND_MUST nd_code nd_trial_unpack(nd_params *p, nd_record *r, const void *bytes, size_t n,
                                nd_err *err);

#endif
