/* merit.c -- the choice among tuned settings. */
#include "nudge/merit.h"

#include "nudge/stat.h"

#include <math.h>

nd_merit nd_merit_of(double *x, size_t n, size_t hopeless)
{
    nd_merit m;
    n = nd_stat_sort(x, n);
    m.loose = nd_stat_median(x, n);
    for (size_t i = 0; i < hopeless; i++)
        x[n + i] = HUGE_VAL;
    m.strict = nd_stat_median(x, n + hopeless);
    return m;
}

bool nd_merit_better(nd_merit a, nd_merit b)
{
    if (isnan(a.loose) || isnan(b.loose)) return !isnan(a.loose);
    return a.strict < b.strict || (a.strict == b.strict && a.loose < b.loose);
}
