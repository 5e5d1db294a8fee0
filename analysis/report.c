/* report.c -- a map as one page for a browser, which needs nothing else: report/page.html with its
 * style, its scripts, and the data as JSON put where it says @{...}. */
#include "drawing_impl.h"
#include "nudge/file.h"
#include "report_impl.h"

#include <string.h>

enum { CELLS_MAX = 50000 }; /* more rectangles make a browser slow */

static void add_escaped(nd_text *out, const char *s)
{
    for (; *s; s++)
        if (*s == '&' || *s == '<' || *s == '>' || *s == '"')
            nd_text_add(out, "&#%d;", *s);
        else
            nd_text_bytes(out, s, 1);
}

/* Within a script element "<" might end it, or begin a comment; in JSON it stands in strings
 * only, where \u003c is the same. */
static void add_json(nd_text *out, const char *s)
{
    for (const char *next; (next = strchr(s, '<')); s = next + 1) {
        nd_text_bytes(out, s, (size_t)(next - s));
        nd_text_add(out, "\\u003c");
    }
    nd_text_add(out, "%s", s);
}

static void fill_page(nd_text *out, const char *title, const char *json)
{
    const char *at = nd_figure_template("page.html");
    for (const char *next; (next = strstr(at, "@{")); at = next) {
        char name[32];
        nd_text_bytes(out, at, (size_t)(next - at));
        next += 2;
        const size_t n = strcspn(next, "}");
        nd_copy(name, n + 1 < sizeof name ? n + 1 : sizeof name, next);
        next += n + (next[n] == '}');
        if (!strcmp(name, "title"))
            add_escaped(out, title && *title ? title : "campaign");
        else if (!strcmp(name, "data"))
            add_json(out, json);
        else
            nd_text_add(out, "%s", nd_figure_template(name));
    }
    nd_text_add(out, "%s", at);
}

/* What a page would pass over in silence is refused; but not what is for figures on paper, which
 * may be written beside it. */
static nd_code check(const nd_cube *map, const nd_map_options *o, nd_err *err)
{
    const char *table;
    if (o->ratio || o->table)
        return ND_FAIL(err, ND_EUSAGE,
                       "a report shows the map itself: --%s goes with other files",
                       o->ratio ? "ratio" : "table");
    ND_TRY(nd_figure_table(map, o, &table, err));
    ND_TRY(nd_figure_check(map, o, err));
    if (map->n <= CELLS_MAX) return ND_OK;
    return ND_FAIL(err, ND_EINPUT,
                   "a report has room for %d cells, and this map has %zu; choose a part of "
                   "them with --where, or write .nc",
                   CELLS_MAX, map->n);
}

nd_code nd_map_report(const nd_results *r, const nd_cube *map, const nd_map_options *o,
                      const char *path, nd_err *err)
{
    ND_TRY(check(map, o, err));
    nd_json data = {0};
    nd_text page = {0};
    nd_code code = nd_report_data(&data, r, map, o, err);
    if (code == ND_OK)
        fill_page(&page, o->title ? o->title : map->title, nd_text_str(&data.text));
    if (code == ND_OK) code = nd_text_check(&page, err);
    if (code == ND_OK) code = nd_file_publish(path, page.s, page.n, err);
    nd_text_free(&data.text);
    nd_text_free(&page);
    return code;
}
