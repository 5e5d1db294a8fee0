/* replay.c -- runs a fuzz target over files, without a fuzzer:   TARGET FILE... */
#include "fuzz.h"

#include "nudge/file.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        nd_text bytes = {0};
        nd_err err = {0};
        if (nd_file_read(argv[i], &bytes, &err) != ND_OK) {
            fprintf(stderr, "%s\n", err.message);
            return 1;
        }
        fprintf(stderr, "%s\n", argv[i]); /* the last one is the one that ends it */
        LLVMFuzzerTestOneInput((const uint8_t *)nd_text_str(&bytes), bytes.n);
        nd_text_free(&bytes);
    }
    return argc < 2;
}
