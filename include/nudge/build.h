/* build.h -- what this program is: version, compiler, flags, commit; and where it runs. */
#ifndef NUDGE_BUILD_H
#define NUDGE_BUILD_H

#include <stddef.h>

extern const char nd_version[];      /* "0.1.0"                                     */
extern const char nd_build_commit[]; /* git commit, "-dirty" when it was; "unknown" */
extern const char nd_build_compiler[];
extern const char nd_build_flags[];

void nd_hostname(char *out, size_t size);

#endif
