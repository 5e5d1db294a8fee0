/* expr.h -- arithmetic and conditions on parameters, as a spec writes them.
 *
 *     program.width / 100            max(ep.T / 3, 10)            2 ^ -ep.K
 *     device.c2c < 0.02 or ep.beta > 0.1 and ep.nudge == symmetric
 *
 * From loose to tight: or; and; not; < <= > >= == !=; + -; * /; unary -; ^ (to the right).
 * Functions: min max (two or more), abs sqrt exp log log10 round floor ceil. Parameters
 * that hold names compare with == and != to a name, in quotes or bare. `and` and `or` leave
 * out their right side when the left decides. */
#ifndef NUDGE_EXPR_H
#define NUDGE_EXPR_H

#include "nudge/params.h"

typedef struct nd_expr nd_expr;

typedef enum nd_expr_kind { ND_EXPR_NUMBER, ND_EXPR_TRUTH } nd_expr_kind;

/* Parses once, to be evaluated many times; every name and type is checked here. On
 * ND_EINPUT *at is the byte of the text where the fault is. */
ND_MUST nd_code nd_expr_parse(const char *text, nd_expr_kind want, nd_expr **out,
                              size_t *at, nd_err *err);
void nd_expr_free(nd_expr *e);

/* ND_EINPUT: division by zero, or a step that is not a finite number. */
ND_MUST nd_code nd_expr_number(const nd_expr *e, const nd_params *p, double *out,
                               nd_err *err);
ND_MUST nd_code nd_expr_truth(const nd_expr *e, const nd_params *p, bool *out, nd_err *err);

bool nd_expr_uses(const nd_expr *e, const nd_param *row);

#endif
