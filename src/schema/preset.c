/* preset.c -- values that a published device brings with it. */
#include "nudge/preset.h"

#include <stdlib.h>
#include <string.h>

static const nd_preset rows[] = {
#define N(id, name, values, help, source) {name, values, help, source},
#include "nudge/presets.def"
#undef N
};
enum { N_ROWS = sizeof rows / sizeof *rows };

const nd_preset *nd_preset_at(size_t i)
{
    return i < N_ROWS ? &rows[i] : NULL;
}

void nd_preset_apply(nd_params *p, const bool *given)
{
    const char *at = rows[p->device_preset].values;
    while (*at) {
        char name[64], value[64];
        const size_t n = strcspn(at, "="), m = strcspn(at + n + 1, " ");
        nd_copy(name, n + 1, at);
        nd_copy(value, m + 1, at + n + 1);
        at += n + 1 + m;
        at += strspn(at, " ");
        const nd_param *row = nd_param_find(name);
        if (!row) abort(); /* see preset.h */
        if (given && given[row - nd_param_at(0)]) continue;
        if (nd_param_set(p, row, value, NULL) != ND_OK) abort();
    }
}
