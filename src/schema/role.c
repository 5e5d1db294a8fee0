/* role.c -- names of roles. */
#include "nudge/role.h"

#include <string.h>

static const char *const roles[ND_ROLES] = {"", "axis", "case", "tune", "seed", "derived"};

const char *nd_role_text(nd_role role)
{
    return roles[role];
}

nd_role nd_role_find(const char *text)
{
    int i = ND_ROLES - 1;
    while (i > 0 && strcmp(roles[i], text) != 0)
        i--;
    return (nd_role)i;
}
