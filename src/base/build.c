/* build.c -- build information, passed in by make. */
#include "nudge/build.h"

#include <unistd.h>

const char nd_version[] = ND_BUILD_VERSION;
const char nd_build_commit[] = ND_BUILD_COMMIT;
const char nd_build_flags[] = ND_BUILD_FLAGS;
#ifdef __clang__
const char nd_build_compiler[] = "clang " __clang_version__;
#else
const char nd_build_compiler[] = "gcc " __VERSION__;
#endif

void nd_hostname(char *out, size_t size)
{
    if (gethostname(out, size) < 0) out[0] = '\0';
    out[size - 1] = '\0';
}
