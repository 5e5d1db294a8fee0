/* fuzz.h -- what a fuzz target is: one function of some bytes, which may find fault with its own program
 * only. Built with libFuzzer (`make fuzz`) it gets ever new bytes, with replay.c those of
 * tests/fuzz/corpus. */
#ifndef NUDGE_FUZZ_H
#define NUDGE_FUZZ_H

#include "nudge/text.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* Something is wrong: ends the program with a message, as a sanitizer would. */
_Noreturn void fuzz_fail(const char *file, int line, const char *what);
#define FUZZ_EXPECT(expression)                                                            \
    ((expression) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #expression))

/* A file in memory that holds these bytes, as a path; the same for every call. */
const char *fuzz_file(const void *bytes, size_t n);

#endif
