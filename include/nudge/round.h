/* round.h -- a round of an adaptive design: what it asks for and why. The word between the rule
 * that decides (refine.h), the journal that keeps it, and the campaign that runs it. */
#ifndef NUDGE_ROUND_H
#define NUDGE_ROUND_H

#include "nudge/text.h"

typedef enum nd_round_why {
    ND_ROUND_COARSE = 1, /* the first points                                             */
    ND_ROUND_REPEAT,     /* replicates of points whose side of the level is uncertain    */
    ND_ROUND_FOLLOW,     /* new points where the contour passes, as far as is known      */
    ND_ROUND_ENCLOSED,   /* the end: nothing is left to ask for                          */
    ND_ROUND_BUDGET,     /* the end: what is left to ask for would go over the budget    */
    ND_ROUND_WHYS
} nd_round_why;

typedef struct nd_choice {
    uint32_t point;      /* of the map's grid, see refine.h                */
    uint32_t replicates; /* it has from this round on; they are never less */
} nd_choice;

typedef struct nd_round {
    uint32_t number; /* from 1                                                  */
    uint32_t why;    /* nd_round_why                                            */
    uint32_t step;   /* width of the cells looked at, in steps of the full grid */
    uint32_t cells;  /* of that width that the contour passes through           */
    uint32_t n;
    nd_choice *choice; /* (n) by point, ascending, owned; none at the end */
} nd_round;

void nd_round_free(nd_round *r);
bool nd_round_ends(const nd_round *r);        /* no other follows */
const char *nd_round_text(const nd_round *r); /* why, in words */
bool nd_round_same(const nd_round *a, const nd_round *b);

/* Appends; check with nd_text_check. */
void nd_round_pack(const nd_round *r, nd_text *out);
/* ND_ECORRUPT: the bytes are no round. */
ND_MUST nd_code nd_round_unpack(nd_round *r, const void *bytes, size_t n, nd_err *err);

#endif
