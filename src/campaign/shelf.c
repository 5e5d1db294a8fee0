/* shelf.c -- open data sets. */
#include "shelf_impl.h"

nd_code nd_shelf_take(nd_shelf *s, const nd_params *p, const nd_dataset **out, nd_err *err)
{
    for (size_t i = 0; i < s->n; i++)
        if (nd_dataset_serves(&s->set[i], p)) {
            *out = &s->set[i];
            return ND_OK;
        }
    nd_dataset fresh;
    ND_TRY(nd_dataset_open(&fresh, p, err));
    size_t at = s->n;
    if (s->n < ND_SHELF_SETS) {
        s->n++;
    } else {
        at = s->oldest;
        s->oldest = (s->oldest + 1) % ND_SHELF_SETS;
        nd_dataset_close(&s->set[at]);
    }
    s->set[at] = fresh;
    *out = &s->set[at];
    return ND_OK;
}

void nd_shelf_close(nd_shelf *s)
{
    for (size_t i = 0; i < s->n; i++)
        nd_dataset_close(&s->set[i]);
    *s = (nd_shelf){0};
}
