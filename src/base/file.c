/* file.c -- reading, mapping and atomic publishing of files. */
#include "nudge/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static nd_code open_for_reading(const char *path, int *fd, nd_err *err)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd >= 0) return ND_OK;
    return ND_FAIL_SYS(err, errno == ENOENT || errno == ENOTDIR ? ND_ENOENT : ND_EIO,
                       "cannot open %s", path);
}

nd_code nd_file_read(const char *path, nd_text *out, nd_err *err)
{
    int fd;
    ND_TRY(open_for_reading(path, &fd, err));
    char block[65536];
    nd_code code = ND_OK;
    for (;;) {
        const ssize_t n = read(fd, block, sizeof block);
        if (n == 0) break;
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            code = ND_FAIL_SYS(err, errno == EISDIR ? ND_EINPUT : ND_EIO, "cannot read %s",
                               path);
            break;
        }
        nd_text_bytes(out, block, (size_t)n);
    }
    close(fd);
    if (code == ND_OK) code = nd_text_check(out, err);
    return code;
}

nd_code nd_file_map(const char *path, nd_map *out, nd_err *err)
{
    *out = (nd_map){0};
    int fd;
    ND_TRY(open_for_reading(path, &fd, err));
    struct stat st;
    nd_code code = ND_OK;
    if (fstat(fd, &st) < 0)
        code = ND_FAIL_SYS(err, ND_EIO, "cannot stat %s", path);
    else if (!S_ISREG(st.st_mode))
        code = ND_FAIL(err, ND_EINPUT, "%s is not a plain file", path);
    else if (st.st_size > 0) {
        void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
        if (p == MAP_FAILED)
            code = ND_FAIL_SYS(err, ND_EIO, "cannot map %s", path);
        else
            *out = (nd_map){p, (size_t)st.st_size};
    }
    close(fd);
    return code;
}

void nd_file_unmap(nd_map *m)
{
    if (m->bytes) munmap((void *)(size_t)m->bytes, m->n);
    *m = (nd_map){0};
}

nd_code nd_write_all(int fd, const void *bytes, size_t n, nd_err *err)
{
    const char *p = bytes;
    while (n) {
        const ssize_t w = write(fd, p, n);
        if (w < 0 && errno == EINTR) continue;
        if (w < 0) return ND_FAIL_SYS(err, ND_EIO, "cannot write");
        p += w;
        n -= (size_t)w;
    }
    return ND_OK;
}

nd_code nd_dir_sync(const char *path, nd_err *err)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return ND_FAIL_SYS(err, ND_EIO, "cannot open folder %s", path);
    /* Some file systems refuse fsync on folders; a rename is then as durable as they make
     * it. */
    const bool ok = fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP;
    const int sys = errno;
    close(fd);
    errno = sys;
    return ok ? ND_OK : ND_FAIL_SYS(err, ND_EIO, "cannot sync folder %s", path);
}

static nd_code sync_parent(const char *path, nd_err *err)
{
    nd_text dir = {0};
    const char *slash = strrchr(path, '/');
    if (!slash)
        nd_text_add(&dir, ".");
    else
        nd_text_bytes(&dir, path, slash == path ? 1 : (size_t)(slash - path));
    nd_code code = nd_text_check(&dir, err);
    if (code == ND_OK) code = nd_dir_sync(dir.s, err);
    nd_text_free(&dir);
    return code;
}

nd_code nd_file_publish_as(const char *temporary, const char *path, nd_err *err)
{
    const int fd = open(temporary, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return ND_FAIL_SYS(err, ND_EIO, "cannot open %s", temporary);
    const bool synced = fsync(fd) == 0;
    const int sys = errno;
    close(fd);
    errno = sys;
    if (!synced) return ND_FAIL_SYS(err, ND_EIO, "cannot sync %s", temporary);
    if (rename(temporary, path) < 0)
        return ND_FAIL_SYS(err, ND_EIO, "cannot rename %s to %s", temporary, path);
    return sync_parent(path, err);
}

nd_code nd_file_publish(const char *path, const void *bytes, size_t n, nd_err *err)
{
    nd_text temporary = {0};
    nd_text_add(&temporary, "%s.tmp.%ld", path, (long)getpid());
    ND_TRY(nd_text_check(&temporary, err));
    nd_code code;
    const int fd = open(temporary.s, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        code = ND_FAIL_SYS(err, ND_EIO, "cannot create %s", temporary.s);
        goto out;
    }
    code = nd_write_all(fd, bytes, n, err);
    if (close(fd) < 0 && code == ND_OK)
        code = ND_FAIL_SYS(err, ND_EIO, "cannot write %s", temporary.s);
    if (code == ND_OK) code = nd_file_publish_as(temporary.s, path, err);
    if (code != ND_OK) {
        unlink(temporary.s);
        nd_err_while(err, "while writing %s", path);
    }
out:
    nd_text_free(&temporary);
    return code;
}

bool nd_file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

nd_code nd_dir_make(const char *path, nd_err *err)
{
    nd_text t = {0};
    nd_text_add(&t, "%s", path);
    ND_TRY(nd_text_check(&t, err));
    nd_code code = ND_OK;
    for (char *p = t.s + 1;; p++) {
        if (*p && *p != '/') continue;
        const char kept = *p;
        *p = '\0';
        struct stat st;
        if (mkdir(t.s, 0777) < 0 && errno != EEXIST)
            code = ND_FAIL_SYS(err, ND_EIO, "cannot make folder %s", t.s);
        else if (!kept && (stat(t.s, &st) < 0 || !S_ISDIR(st.st_mode)))
            code = ND_FAIL(err, ND_EIO, "%s is in the way: it is not a folder", t.s);
        if (code != ND_OK || !kept) break;
        *p = kept;
    }
    nd_text_free(&t);
    return code;
}

void nd_path_join(nd_text *out, const char *dir, const char *name)
{
    const size_t n = strlen(dir);
    nd_text_add(out, "%s%s%s", dir, n && dir[n - 1] == '/' ? "" : "/", name);
}
