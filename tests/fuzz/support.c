/* support.c -- what all fuzz targets use. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

_Noreturn void fuzz_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
    abort();
}

const char *fuzz_file(const void *bytes, size_t n)
{
    static int fd = -1;
    static char path[64];
    if (fd < 0) fd = memfd_create("fuzz", MFD_CLOEXEC);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    FUZZ_EXPECT(fd >= 0 && ftruncate(fd, 0) == 0);
    FUZZ_EXPECT(pwrite(fd, bytes, n, 0) == (ssize_t)n);
    return path;
}
