/* json.c -- the JSON writer. */
#include "nudge/json.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static void before_value(nd_json *j)
{
    if (j->comma && !j->after_key) nd_text_add(&j->text, ",");
    j->after_key = false;
    j->comma = true;
}

void nd_json_open(nd_json *j, char bracket)
{
    assert(j->depth < ND_JSON_DEPTH);
    before_value(j);
    nd_text_add(&j->text, "%c", bracket);
    j->close[j->depth++] = bracket == '{' ? '}' : ']';
    j->comma = false;
}

void nd_json_close(nd_json *j)
{
    assert(j->depth > 0);
    nd_text_add(&j->text, "%c", j->close[--j->depth]);
    j->comma = true;
}

static void quoted(nd_json *j, const char *s)
{
    nd_text_add(&j->text, "\"");
    for (; *s; s++) {
        const unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            nd_text_add(&j->text, "\\%c", c);
        else if (c < 32)
            nd_text_add(&j->text, "\\u%04x", c);
        else
            nd_text_bytes(&j->text, s, 1);
    }
    nd_text_add(&j->text, "\"");
}

void nd_json_key(nd_json *j, const char *key)
{
    before_value(j);
    quoted(j, key);
    nd_text_add(&j->text, ":");
    j->after_key = true;
}

void nd_json_string(nd_json *j, const char *s)
{
    before_value(j);
    quoted(j, s);
}

void nd_json_real(nd_json *j, double x)
{
    before_value(j);
    if (isfinite(x))
        nd_text_real(&j->text, x);
    else
        nd_text_add(&j->text, "null");
}

void nd_json_int(nd_json *j, long long i)
{
    before_value(j);
    nd_text_add(&j->text, "%lld", i);
}

void nd_json_bool(nd_json *j, bool b)
{
    before_value(j);
    nd_text_add(&j->text, b ? "true" : "false");
}

void nd_json_raw(nd_json *j, const char *json)
{
    before_value(j);
    size_t n = strlen(json);
    while (n && (json[n - 1] == '\n' || json[n - 1] == ' '))
        n--;
    nd_text_bytes(&j->text, json, n);
}
