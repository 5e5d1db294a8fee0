/* desk.c -- the folder of checkpoints, seen from the master. */
#include "desk_impl.h"

#include "nudge/checkpoint.h"
#include "nudge/file.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void folder(nd_text *out, const char *dir)
{
    nd_path_join(out, dir, "checkpoints");
}

void nd_desk_path(nd_text *out, const char *dir, nd_key key)
{
    char name[ND_KEY_TEXT];
    nd_key_text(key, name);
    folder(out, dir);
    nd_text_add(out, "/%s", name);
}

nd_code nd_desk_open(const char *dir, nd_err *err)
{
    nd_text path = {0};
    folder(&path, dir);
    nd_code code = nd_text_check(&path, err);
    if (code == ND_OK) code = nd_dir_make(path.s, err);
    nd_text_free(&path);
    return code;
}

bool nd_desk_keeps(nd_status status)
{
    return status == ND_STATUS_PENDING || status == ND_STATUS_CRASHED ||
           status == ND_STATUS_MEMORY || status == ND_STATUS_TIMEOUT ||
           status == ND_STATUS_LOST;
}

void nd_desk_clear(const char *dir, nd_key key)
{
    nd_text path = {0};
    nd_desk_path(&path, dir, key);
    if (!path.failed) unlink(path.s); /* most trials have none */
    nd_text_free(&path);
}

static nd_status status_of(const nd_ledger *ledger, nd_key key)
{
    const nd_line *line = nd_ledger_find(ledger, key);
    return line ? (nd_status)line->status : ND_STATUS_PENDING;
}

void nd_desk_tidy(const char *dir, const nd_ledger *ledger)
{
    nd_text path = {0};
    folder(&path, dir);
    DIR *d = path.failed ? NULL : opendir(path.s);
    for (struct dirent *e; d && (e = readdir(d));) {
        nd_key key;
        const bool whose = nd_key_parse(e->d_name, &key);
        const bool torn = !whose && strstr(e->d_name, ".tmp.");
        if (torn || (whose && !nd_desk_keeps(status_of(ledger, key))))
            unlinkat(dirfd(d), e->d_name, 0);
    }
    if (d) closedir(d);
    if (!path.failed) rmdir(path.s); /* fails while there are files, which is right */
    nd_text_free(&path);
}

static nd_code check_file(const char *path, const char *name, const nd_ledger *ledger,
                          nd_err *err)
{
    nd_key key;
    nd_err why = {0};
    char is[ND_KEY_TEXT];
    if (nd_checkpoint_key(path, &key, &why) != ND_OK)
        return ND_FAIL(err, ND_EDIFFERS, "%s; its trial would begin anew", why.message);
    nd_key_text(key, is);
    if (strcmp(is, name) != 0)
        return ND_FAIL(err, ND_EDIFFERS, "%s is the checkpoint of trial %s", path, is);
    const nd_status status = status_of(ledger, key);
    if (nd_desk_keeps(status)) return ND_OK;
    return ND_FAIL(err, ND_EDIFFERS,
                   "trial %s is %s in the journal, but there is a checkpoint of it", name,
                   nd_status_name(status));
}

nd_code nd_desk_check(const char *dir, const nd_ledger *ledger, size_t *files, nd_err *err)
{
    nd_text path = {0};
    nd_code code = ND_OK;
    *files = 0;
    folder(&path, dir);
    DIR *d = path.failed ? NULL : opendir(path.s);
    for (struct dirent *e; code == ND_OK && d && (e = readdir(d));) {
        nd_text file = {0};
        nd_key key;
        if (!nd_key_parse(e->d_name, &key)) continue;
        nd_path_join(&file, path.s, e->d_name);
        code = nd_text_check(&file, err);
        if (code == ND_OK) code = check_file(file.s, e->d_name, ledger, err);
        nd_text_free(&file);
        ++*files;
    }
    if (d) closedir(d);
    nd_text_free(&path);
    return code;
}
