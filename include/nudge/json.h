/* json.h -- writing JSON: the comma goes where it belongs, strings are escaped, nan is
 * null.
 *
 *     nd_json_open(&j, '{'); nd_json_key(&j, "n"); nd_json_real(&j, 3); nd_json_close(&j);
 */
#ifndef NUDGE_JSON_H
#define NUDGE_JSON_H

#include "nudge/text.h"

enum { ND_JSON_DEPTH = 16 };

typedef struct nd_json {
    nd_text text; /* free with nd_text_free */
    char close[ND_JSON_DEPTH];
    int depth;
    bool comma, after_key;
} nd_json;

void nd_json_open(nd_json *j, char bracket); /* '{' or '[' */
void nd_json_close(nd_json *j);
void nd_json_key(nd_json *j, const char *key);
void nd_json_string(nd_json *j, const char *s);
void nd_json_real(nd_json *j, double x);
void nd_json_int(nd_json *j, long long i);
void nd_json_bool(nd_json *j, bool b);
void nd_json_raw(nd_json *j, const char *json); /* a value that is JSON already */

#endif
