/* shelf_impl.h -- data sets that are open, so that each is opened once for many trials. */
#ifndef NUDGE_SHELF_IMPL_H
#define NUDGE_SHELF_IMPL_H

#include "nudge/dataset.h"

enum { ND_SHELF_SETS = 8 };

typedef struct nd_shelf {
    nd_dataset set[ND_SHELF_SETS];
    size_t n, oldest;
} nd_shelf;

/* The set that p asks for; it stays open at least until ND_SHELF_SETS others were asked
 * for. */
ND_MUST nd_code nd_shelf_take(nd_shelf *s, const nd_params *p, const nd_dataset **out,
                              nd_err *err);
void nd_shelf_close(nd_shelf *s);

#endif
