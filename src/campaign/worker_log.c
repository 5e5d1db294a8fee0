/* worker_log.c -- what the workers did, a file each. */
#include "worker_log_impl.h"

#include "nudge/build.h"
#include "nudge/clock.h"
#include "nudge/file.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

nd_code nd_worker_log_open(const char *dir, nd_err *err)
{
    nd_text path = {0};
    nd_path_join(&path, dir, "logs");
    nd_code code = nd_text_check(&path, err);
    if (code == ND_OK) code = nd_dir_make(path.s, err);
    nd_text_free(&path);
    return code;
}

void nd_worker_log_path(nd_text *out, const char *dir, size_t worker)
{
    nd_path_join(out, dir, "logs");
    nd_text_add(out, "/worker-%zu.log", worker);
}

static int end_of(const char *path)
{
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
}

void nd_worker_log(const char *path, nd_key key, const char *fmt, ...)
{
    const int fd = end_of(path);
    if (fd < 0) return;
    char now[32], host[64], trial[ND_KEY_TEXT], words[768], line[1024];
    nd_utc(now, sizeof now);
    nd_hostname(host, sizeof host);
    nd_key_text(key, trial);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(words, sizeof words, fmt, ap);
    va_end(ap);
    const int n = snprintf(line, sizeof line, "%s %s %s %s\n", now, host, trial, words);
    (void)!nd_write_all(fd, line, (size_t)n,
                        NULL); /* a trial's log is not worth its trial */
    close(fd);
}

void nd_worker_log_take_stderr(const char *path)
{
    const int fd = end_of(path);
    if (fd < 0) return;
    fflush(stderr);
    dup2(fd, STDERR_FILENO);
    close(fd);
}
