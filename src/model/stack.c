/* stack.c -- the parser of stack_impl.h: item by item, each checked against the map that the
 * ones before it leave. */
#include "stack_impl.h"

#include "nudge/text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Bounds of a number, of a kernel's side, and of the floats of a map or a matrix: kernels
 * count places of an image in 32 bits, and no product here can overflow. */
enum { SIZE_LIMIT = 1000000, SIDE_LIMIT = 1000, WINDOW_LIMIT = 15 };
static const size_t floats_limit = (size_t)1 << 31;

/* What is being read, and the map on top of the layers so far. */
typedef struct parser {
    const char *text, *item, *at; /* all; the current item; the next character */
    int number;                   /* of the item, from 1 */
    nd_stack *out;
    size_t rows, cols, channels;
    bool can_pool; /* the item before was a convolution */
    nd_err *err;
} parser;

static nd_code fault(const parser *p, const char *fmt, ...) ND_PRINTF(2, 3);
static nd_code fault(const parser *p, const char *fmt, ...)
{
    char message[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    size_t n = strcspn(p->item, ",");
    while (n && isspace((unsigned char)p->item[n - 1]))
        n--;
    return ND_FAIL(p->err, ND_EINPUT, "item %d, \"%.*s\" (column %d of \"%.256s\"): %s",
                   p->number, (int)(n < 64 ? n : 64), p->item, (int)(p->item - p->text) + 1,
                   p->text, message);
}

static void skip_space(parser *p)
{
    while (isspace((unsigned char)*p->at))
        p->at++;
}

static bool at_end(parser *p)
{
    skip_space(p);
    return !*p->at || *p->at == ',';
}

/* The next word, cut to `size`: up to a space, a comma or the end. */
static void take_word(parser *p, char *word, size_t size)
{
    skip_space(p);
    size_t n = 0;
    for (; *p->at && *p->at != ',' && !isspace((unsigned char)*p->at); p->at++)
        if (n + 1 < size) word[n++] = *p->at;
    word[n] = '\0';
}

/* "12", within its bounds; `what` says of what. */
static nd_code to_size(const parser *p, const char *word, const char *what, size_t lo,
                       size_t hi, size_t *out)
{
    int64_t x;
    if (!isdigit((unsigned char)*word) || !nd_parse_int(word, &x))
        return fault(p, "%s should be a whole number, not \"%s\"", what, word);
    if (x < (int64_t)lo || x > (int64_t)hi)
        return fault(p, "%s is %s, but should be %zu to %zu", what, word, lo, hi);
    *out = (size_t)x;
    return ND_OK;
}

static nd_code take_size(parser *p, const char *what, size_t lo, size_t hi, size_t *out)
{
    char word[32];
    if (at_end(p)) return fault(p, "%s is missing", what);
    take_word(p, word, sizeof word);
    return to_size(p, word, what, lo, hi, out);
}

static nd_code check_room(const parser *p)
{
    if (p->out->n == ND_LIST_MAX)
        return fault(p, "there are more than %d layers; take some out", ND_LIST_MAX);
    return ND_OK;
}

/* ---- items ---- */

static nd_code check_floats(const parser *p, const nd_stack_layer *l)
{
    const size_t map = l->is_conv ? nd_conv_padded(&l->conv) : 0;
    if (l->floats > floats_limit || map > floats_limit || l->k > floats_limit / nd_ld(l->n))
        return fault(p, "the layer is too large: at most %zu numbers in a map or a matrix",
                     floats_limit);
    return ND_OK;
}

/* State and link of a convolution whose geometry is complete. */
static void finish_conv(parser *p, nd_stack_layer *l)
{
    const nd_conv *g = &l->conv;
    l->is_conv = true;
    l->k = l->fan_in = nd_conv_k(g);
    l->n = l->channels = g->maps;
    l->rows = nd_conv_rows(g);
    l->cols = nd_conv_cols(g);
    l->units = l->rows * l->cols * l->channels;
    l->floats = nd_conv_upper(g);
    p->rows = l->rows;
    p->cols = l->cols;
    p->channels = l->channels;
}

/* "5x7" or "5" */
static nd_code take_kernel(parser *p, nd_conv *g)
{
    char word[32];
    if (at_end(p))
        return fault(p, "the kernel's size is missing, as in conv %zu 3x3", g->maps);
    take_word(p, word, sizeof word);
    char *x = strchr(word, 'x');
    if (x) *x = '\0';
    ND_TRY(to_size(p, word, "the kernel's height", 1, SIDE_LIMIT, &g->kh));
    return to_size(p, x ? x + 1 : word, "the kernel's width", 1, SIDE_LIMIT, &g->kw);
}

static nd_code take_options(parser *p, nd_conv *g)
{
    const struct {
        const char *name;
        size_t lo;
        size_t *to;
    } options[] = {{"stride", 1, &g->stride}, {"pad", 0, &g->pad}};
    enum { N = sizeof options / sizeof *options };
    while (!at_end(p)) {
        char word[32];
        take_word(p, word, sizeof word);
        nd_nearest near = nd_nearest_to(word);
        size_t i = 0;
        for (; i < N && strcmp(word, options[i].name) != 0; i++)
            nd_nearest_try(&near, options[i].name);
        if (i == N && near.best)
            return fault(p, "\"%s\" is unknown; did you mean \"%s\"?", word, near.best);
        if (i == N)
            return fault(p, "\"%s\" is unknown; after the kernel come stride and pad",
                         word);
        ND_TRY(take_size(p, options[i].name, options[i].lo, SIDE_LIMIT, options[i].to));
    }
    return ND_OK;
}

static nd_code item_conv(parser *p)
{
    if (p->out->n > p->out->convs)
        return fault(p, "a convolution cannot follow a fully connected layer; put it "
                        "before the first fc");
    ND_TRY(check_room(p));
    nd_stack_layer *l = &p->out->layer[p->out->n++];
    const bool input = p->out->convs++ == 0;
    l->conv = (nd_conv){.rows = p->rows,
                        .cols = p->cols,
                        .channels = p->channels,
                        .pixel = input ? p->channels : nd_ld(p->channels),
                        .stride = 1,
                        .window = 1};
    nd_conv *g = &l->conv;
    const size_t floats = p->rows * p->cols * g->pixel;
    g->image = input ? nd_ld(floats) : floats;
    ND_TRY(take_size(p, "the number of maps", 1, SIZE_LIMIT, &g->maps));
    ND_TRY(take_kernel(p, g));
    ND_TRY(take_options(p, g));
    if (g->pad >= g->kh || g->pad >= g->kw)
        return fault(p,
                     "pad %zu lets the kernel of %zux%zu lie wholly outside the map; at "
                     "most pad %zu makes sense",
                     g->pad, g->kh, g->kw, (g->kh < g->kw ? g->kh : g->kw) - 1);
    if (!nd_conv_rows(g) || !nd_conv_cols(g))
        return fault(p,
                     "the kernel of %zux%zu is larger than the map below it, %zux%zu with "
                     "pad %zu; make it smaller or add padding",
                     g->kh, g->kw, g->rows + 2 * g->pad, g->cols + 2 * g->pad, g->pad);
    finish_conv(p, l);
    p->can_pool = true;
    return check_floats(p, l);
}

static nd_code pooling(parser *p, nd_pool pool)
{
    if (!p->can_pool)
        return fault(p, "pooling belongs right after a convolution, as in conv 32 3x3, "
                        "max 2");
    p->can_pool = false;
    nd_stack_layer *l = &p->out->layer[p->out->n - 1];
    size_t window = 1;
    ND_TRY(take_size(p, "the window", 2, WINDOW_LIMIT, &window));
    if (window > l->rows || window > l->cols)
        return fault(p,
                     "the window of %zux%zu is larger than the map of its convolution, "
                     "%zux%zu; make it smaller or leave it out",
                     window, window, l->rows, l->cols);
    l->conv.pool = pool;
    l->conv.window = window;
    finish_conv(p, l);
    return ND_OK;
}

static nd_code item_max(parser *p)
{
    return pooling(p, ND_POOL_MAX);
}
static nd_code item_avg(parser *p)
{
    return pooling(p, ND_POOL_AVERAGE);
}

static nd_code item_fc(parser *p)
{
    ND_TRY(check_room(p));
    nd_stack_layer *l = &p->out->layer[p->out->n++];
    const bool on_map = p->out->n > 1 && l[-1].is_conv;
    ND_TRY(take_size(p, "the number of units", 1, SIZE_LIMIT, &l->n));
    l->fan_in = p->rows * p->cols * p->channels;
    l->k = on_map ? l[-1].floats : l->fan_in;
    l->rows = l->cols = 1;
    l->channels = l->units = l->n;
    l->floats = nd_ld(l->n);
    p->rows = p->cols = 1;
    p->channels = l->n;
    p->can_pool = false;
    return check_floats(p, l);
}

static const struct {
    const char *name;
    nd_code (*read)(parser *p);
} items[] = {{"conv", item_conv}, {"max", item_max}, {"avg", item_avg}, {"fc", item_fc}};
enum { N_ITEMS = sizeof items / sizeof *items };

static nd_code read_item(parser *p)
{
    char word[32];
    if (at_end(p)) return fault(p, "nothing is here; is there a comma too many?");
    p->item = p->at;
    take_word(p, word, sizeof word);
    nd_nearest near = nd_nearest_to(word);
    for (size_t i = 0; i < N_ITEMS; i++) {
        nd_nearest_try(&near, items[i].name);
        if (strcmp(word, items[i].name) != 0) continue;
        ND_TRY(items[i].read(p));
        if (at_end(p)) return ND_OK;
        take_word(p, word, sizeof word);
        return fault(p, "\"%s\" is too much; is a comma missing before it?", word);
    }
    if (near.best)
        return fault(p, "\"%s\" is unknown; did you mean \"%s\"?", word, near.best);
    return fault(p, "\"%s\" is unknown; items are conv, max, avg and fc", word);
}

nd_code nd_stack_parse(const char *text, size_t rows, size_t cols, size_t channels,
                       nd_stack *out, nd_err *err)
{
    *out = (nd_stack){0};
    parser p = {.text = text,
                .item = text,
                .at = text,
                .out = out,
                .rows = rows,
                .cols = cols,
                .channels = channels,
                .err = err};
    if (!rows || !cols || !channels)
        return ND_FAIL(err, ND_EINPUT,
                       "an input of %zux%zu pixels with %zu channels has nothing to see",
                       rows, cols, channels);
    for (bool more = true; more; more = *p.at++ == ',') {
        p.item = p.at;
        p.number++;
        ND_TRY(read_item(&p));
    }
    if (out->layer[out->n - 1].is_conv)
        return fault(&p, "the last item must be the output layer, such as fc 10");
    return ND_OK;
}
