/* role.h -- what a swept parameter is for: the word between spec, results and map. */
#ifndef NUDGE_ROLE_H
#define NUDGE_ROLE_H

typedef enum nd_role {
    ND_ROLE_NONE,
    ND_ROLE_AXIS,    /* a coordinate of the map            */
    ND_ROLE_CASE,    /* set by a named case                */
    ND_ROLE_TUNE,    /* optimised within each cell         */
    ND_ROLE_SEED,    /* replicates, aggregated             */
    ND_ROLE_DERIVED, /* computed from others               */
    ND_ROLES
} nd_role;

const char *nd_role_text(nd_role role); /* "axis"; "" for none */
nd_role nd_role_find(const char *text); /* ND_ROLE_NONE when unknown */

#endif
