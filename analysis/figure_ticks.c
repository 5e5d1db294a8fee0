/* figure_ticks.c -- ticks, chosen here because the layout needs to know how long they are. */
#include "drawing_impl.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Of a letter, of a line, and between two labels; em of DejaVu Sans, whose digits are wide. */
#define LETTER 0.62
#define LINE   1.3
#define APART  0.8

enum { MANY = 20 };

static const double SIN_30 = 0.5, COS_30 = 0.866;

typedef struct tick_list {
    const char *which;
    nd_text names;      /* nd_xtick1 = 'label' ... */
    nd_text full, bare; /* nd_xtick1 at, ...;   '' at, ... */
    size_t n;
    double longest; /* em */
} tick_list;

static size_t letters(const char *s)
{
    size_t n = 0;
    for (; *s; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

/* In lines of about so many letters (0: one); returns how many. A label is a format to gnuplot. */
static size_t add_lines(tick_list *t, const char *label, size_t width, double at)
{
    nd_text format = {0};
    for (const char *s = label; *s; s++)
        nd_text_add(&format, *s == '%' ? "%%%%" : "%c", *s);
    nd_text_add(&t->names, "nd_%stick%zu = ", t->which, t->n + 1);
    const size_t lines = nd_figure_quote(&t->names, nd_text_str(&format), width);
    nd_text_add(&t->names, "\n");
    t->names.failed |= format.failed;
    nd_text_free(&format);
    nd_text_add(&t->full, "%snd_%stick%zu %.9g", t->n ? ", " : "", t->which, t->n + 1, at);
    nd_text_add(&t->bare, "%s'' %.9g", t->n ? ", " : "", at);
    t->longest = fmax(t->longest, LETTER * (double)letters(label));
    t->n++;
    return lines;
}

static void add_tick(tick_list *t, const char *label, double at)
{
    (void)add_lines(t, label, 0, at);
}

/* nd_xticks = 'rotate ... (nd_xtick1 0, ...)', to be read by a macro, in which gnuplot loses count of
 * the quotes of a label itself. */
static double finish(nd_text *out, tick_list *t, const char *turn)
{
    const struct {
        const char *suffix, *turn;
        const nd_text *list;
    } parts[] = {{"ticks", turn, &t->full}, {"bare", "", &t->bare}};
    nd_text_add(out, "%s", nd_text_str(&t->names));
    for (int k = 0; k < 2; k++) {
        nd_text all = {0}, name = {0};
        nd_text_add(&name, "nd_%s%s", t->which, parts[k].suffix);
        nd_text_add(&all, "%s(%s)", parts[k].turn, nd_text_str(parts[k].list));
        nd_figure_text(out, nd_text_str(&name), nd_text_str(&all), 0);
        out->failed |= all.failed | name.failed;
        nd_text_free(&all);
        nd_text_free(&name);
    }
    const double longest = t->longest;
    out->failed |= t->names.failed | t->full.failed | t->bare.failed;
    nd_text_free(&t->names);
    nd_text_free(&t->full);
    nd_text_free(&t->bare);
    return longest;
}

/* The longest word of any name, em. */
static double longest_word(const nd_series *v)
{
    double longest = 0;
    for (size_t i = 0; i < v->n; i++)
        for (const char *at = v->s[i]; *at;) {
            char word[128];
            const size_t n = strcspn(at, " ");
            nd_copy(word, (n < sizeof word ? n : sizeof word - 1) + 1, at);
            longest = fmax(longest, LETTER * (double)letters(word));
            at += n + (at[n] == ' ');
        }
    return longest;
}

static double longest_value(const nd_series *v)
{
    double longest = 0;
    for (size_t i = 0; i < v->n; i++) {
        nd_text label = {0};
        nd_figure_value(&label, v, i);
        longest = fmax(longest, LETTER * (double)letters(nd_text_str(&label)));
        nd_text_free(&label);
    }
    return longest;
}

/* Names are all told: side by side, else in lines, else aslant. */
static nd_ticks_size ticks_names(nd_text *out, const nd_side *s, double room)
{
    const double each = room / (double)s->n - APART;
    const bool slanted = longest_word(s->v) > each;
    const size_t width = slanted ? 0 : (size_t)(each / LETTER);
    tick_list t = {.which = "x"};
    size_t lines = 1;
    for (size_t i = 0; i < s->n; i++) {
        const size_t made = add_lines(&t, s->v->s[i], width, s->at[i]);
        if (made > lines) lines = made;
    }
    const double longest =
        0.88 * longest_value(s->v); /* letters are not as wide as digits */
    finish(out, &t, slanted ? "rotate by 30 right " : "");
    const nd_ticks_size upright = {.across = longest, .down = LINE * (double)lines + 0.3};
    if (!slanted) return upright;
    return (nd_ticks_size){.across = longest,
                           .down = SIN_30 * longest + 1,
                           .beyond = COS_30 * longest - 0.5 * room / (double)s->n};
}

nd_ticks_size nd_ticks_side(nd_text *out, const char *which, const nd_side *s, double room)
{
    assert(s->n > 0);
    const bool across = *which == 'x';
    if (across && s->v->s) return ticks_names(out, s, room);
    if (s->scale == ND_SCALE_LINEAR &&
        s->n > MANY) /* rounder numbers than those of the axis */
        return (nd_ticks_size){
            .across = nd_ticks_even(out, which, s->at[0], s->at[s->n - 1], room, !across),
            .down = LINE + 0.3};
    const double span = s->edge[s->n] - s->edge[0];
    tick_list t = {.which = which};
    double end = -HUGE_VAL; /* of the last label, em */
    for (size_t i = 0; i < s->n; i++) {
        nd_text label = {0};
        nd_figure_value(&label, s->v, i);
        const double wide = LETTER * (double)letters(nd_text_str(&label)) + APART;
        const double middle = (s->at[i] - s->edge[0]) / span * room;
        const double half = 0.5 * (across ? wide : LINE);
        if (middle - half >= end) {
            add_tick(&t, nd_text_str(&label), s->at[i]);
            end = middle + half;
        }
        out->failed |= label.failed;
        nd_text_free(&label);
    }
    return (nd_ticks_size){.across = finish(out, &t, ""), .down = LINE + 0.3};
}

/* 1, 2 or 5 of a power of ten, not smaller than part. */
static double round_step(double part)
{
    const double power = pow(10, floor(log10(part))), digit = part / power;
    return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
}

static int decimals_of(double step)
{
    return step < 1 ? (int)ceil(-log10(step) - 1e-9) : 0;
}

double nd_ticks_even(nd_text *out, const char *which, double lo, double hi, double room,
                     bool upright)
{
    const double most = fmax(fabs(lo), fabs(hi));
    const double each = upright ? 2.2 * LINE : 5 * LETTER + 2 * APART;
    const double n = fmax(floor(room / each), 2);
    double step = round_step((hi - lo) / fmin(n, 7));
    while (floor(hi / step + 1e-9) - ceil(lo / step - 1e-9) < 1) /* one tick is no scale */
        step = round_step(step / 2.6);
    const int decimals = decimals_of(step);
    const int digits =
        (int)(floor(log10(most)) - floor(log10(step))) + 1; /* that tell steps apart */
    tick_list t = {.which = which};
    for (double k = ceil(lo / step - 1e-9); k * step <= hi + 1e-9 * step; k++) {
        nd_text label = {0};
        if (decimals <= 5 && most < 1e6)
            nd_text_add(&label, "%.*f", decimals, k == 0 ? 0.0 : k * step);
        else
            nd_text_add(&label, "%.*g", digits < 3 ? 3 : digits, k == 0 ? 0.0 : k * step);
        add_tick(&t, nd_text_str(&label), k * step);
        out->failed |= label.failed;
        nd_text_free(&label);
    }
    return finish(out, &t, "");
}

double nd_ticks_values(nd_text *out, const char *which, const double *x, size_t n)
{
    tick_list t = {.which = which};
    for (size_t i = 0; i < n; i++) {
        nd_text label = {0};
        nd_text_add(&label, "%.4g", x[i]);
        add_tick(&t, nd_text_str(&label), x[i]);
        out->failed |= label.failed;
        nd_text_free(&label);
    }
    return finish(out, &t, "");
}

double nd_ticks_rows(nd_text *out, const char *which, const nd_series *v, size_t n)
{
    tick_list t = {.which = which};
    for (size_t i = 0; i < n; i++) {
        nd_text label = {0};
        nd_figure_value(&label, v, i);
        add_tick(&t, nd_text_str(&label), (double)i);
        out->failed |= label.failed;
        nd_text_free(&label);
    }
    return finish(out, &t, "");
}
