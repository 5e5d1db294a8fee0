/* set.h -- parameters by name, for unit tests; after cmocka.h. */
#ifndef NUDGE_TEST_SET_H
#define NUDGE_TEST_SET_H

#include "nudge/params.h"

static inline void set(nd_params *p, const char *name, const char *value)
{
    nd_err err = {0};
    if (nd_param_set(p, nd_param_find(name), value, &err) != ND_OK)
        fail_msg("%s", err.message);
}

/* Names and values in turn, NULL at the end. */
static inline void set_all(nd_params *p, const char *const *list)
{
    for (; *list; list += 2)
        set(p, list[0], list[1]);
}

#endif
