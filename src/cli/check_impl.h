/* check_impl.h -- what nudge check asks of the checks that live in files of their own. */
#ifndef NUDGE_CHECK_IMPL_H
#define NUDGE_CHECK_IMPL_H

#include "cli_impl.h"

typedef struct nd_check_request {
    const char *spec, *output; /* output: NULL, or the figure to draw */
    nd_list sets;
    size_t points; /* of the circle; 0: ep.spectrum, or the default */
    bool json;
} nd_check_request;

/* check_spectrum.c: prints the spectrum of states of the spec's base, trained for
 * train.epochs. */
ND_MUST nd_code nd_check_spectrum(const nd_check_request *r, nd_err *err);

/* check_rbm.c: the machine of the spec's base, trained for train.epochs, against exact sums.
 */
ND_MUST nd_code nd_check_rbm(const nd_check_request *r, nd_err *err);

#endif
