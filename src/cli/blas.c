/* blas.c -- a CBLAS by dlopen, so that the program does not depend on one. */
#include "blas_impl.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROW_MAJOR = 101, NO_TRANS = 111, TRANS = 112 }; /* of the CBLAS interface */

/* dlsym returns an object pointer; a function pointer has the same bytes on POSIX. */
static void *function(const nd_blas *b, const char *name, void *out, size_t size)
{
    void *symbol = dlsym(b->library, name);
    memcpy(out, &symbol, size);
    return symbol;
}

bool nd_blas_open(nd_blas *b)
{
    static const char *const names[] = {"libopenblas.so.0", "libcblas.so.3",
                                        "libblas.so.3"};
    *b = (nd_blas){0};
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        b->library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
        if (!b->library) continue;
        char *(*core)(void) = NULL;
        function(b, "openblas_get_corename", &core, sizeof core);
        snprintf(b->name, sizeof b->name, "%s%s%s", names[i], core ? ", kernels " : "",
                 core ? core() : "");
        if (function(b, "cblas_sgemm", &b->sgemm, sizeof b->sgemm)) return true;
        nd_blas_close(b);
    }
    snprintf(b->name, sizeof b->name, "none found (Debian: libopenblas0-pthread)");
    return false;
}

void nd_blas_close(nd_blas *b)
{
    if (b->library) dlclose(b->library);
    b->library = NULL;
    b->sgemm = NULL;
}

void nd_blas_product(const nd_blas *b, bool transposed, size_t m, size_t n, size_t k,
                     const float *a, const float *x, float *c)
{
    b->sgemm(ROW_MAJOR, transposed ? TRANS : NO_TRANS, NO_TRANS, (int)m, (int)n, (int)k,
             1.0f, a, (int)(transposed ? m : k), x, (int)n, 0.0f, c, (int)n);
}
