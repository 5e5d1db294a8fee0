/* response.h -- a measured pulse response: what was sent, what was read after it. */
#ifndef NUDGE_RESPONSE_H
#define NUDGE_RESPONSE_H

#include "nudge/params.h"

/* conductance[i], in any unit, was read after pulses[i] more pulses: > 0 potentiation, < 0
 * depression, 0 none. */
typedef struct nd_response {
    size_t n;
    double *pulses, *conductance; /* (n), owned */
    double lowest, highest;       /* of the conductances */
} nd_response;

/* Reads lines "pulses, conductance"; lines that start with # and a first line of names are
 * passed over. ND_EINPUT names the line; at least 8 readings, with pulses of either sign. */
ND_MUST nd_code nd_response_read(const char *path, nd_response *r, nd_err *err);
void nd_response_free(nd_response *r);

/* Change of x = (G - lowest)/(highest - lowest) by each pulse on the way from reading i to
 * i + 1, > 0 where it goes the pulse's way; *x is half way. False: no pulse was sent, or
 * the device stayed at a bound, which says nothing of its step. */
bool nd_response_step(const nd_response *r, size_t i, double *x, double *step);

/* Least squares of the steps of one direction by a piecewise linear function of x with
 * equally spaced nodes, bent as little as the data allow; never below 0. */
void nd_response_tabulate(const nd_response *r, bool up, size_t nodes, double *table);

/* What device.table sets: device.step, the mean step, and device.curve_up and curve_down in
 * its units. */
typedef struct nd_response_table {
    double step;
    nd_reals up, down;
} nd_response_table;
void nd_response_table_of(const nd_response *r, nd_response_table *t);

#endif
