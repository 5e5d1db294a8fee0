/* figure_ticks.c -- ticks, chosen here because the layout needs to know how long they are. */
#include "drawing_impl.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Of a letter, of a line, and between two labels; em of DejaVu Sans, whose digits are wide. */
#define LETTER 0.62
#define LINE   1.3
#define APART  0.8

static const double SIN_30 = 0.5;

typedef struct tick_list {
    nd_text full, bare; /* 'label' at, ...;   '' at, ... */
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

static void add_tick(tick_list *t, const char *label, double at)
{
    nd_text_add(&t->full, t->n ? ", " : "");
    nd_figure_quote(&t->full, label, 0);
    nd_text_add(&t->full, " %.9g", at);
    nd_text_add(&t->bare, "%s'' %.9g", t->n ? ", " : "", at);
    t->longest = fmax(t->longest, LETTER * (double)letters(label));
    t->n++;
}

/* nd_xticks = "rotate ... ('0.1' 0, ...)", to be read by a macro: hence quoted twice. */
static double finish(nd_text *out, const char *which, tick_list *t, const char *turn)
{
    const struct {
        const char *suffix, *turn;
        const nd_text *list;
    } parts[] = {{"ticks", turn, &t->full}, {"bare", "", &t->bare}};
    for (int k = 0; k < 2; k++) {
        nd_text all = {0}, name = {0};
        nd_text_add(&name, "nd_%s%s", which, parts[k].suffix);
        nd_text_add(&all, "%s(%s)", parts[k].turn, nd_text_str(parts[k].list));
        nd_figure_text(out, nd_text_str(&name), nd_text_str(&all), 0);
        out->failed |= all.failed | name.failed;
        nd_text_free(&all);
        nd_text_free(&name);
    }
    const double longest = t->longest;
    out->failed |= t->full.failed | t->bare.failed;
    nd_text_free(&t->full);
    nd_text_free(&t->bare);
    return longest;
}

double nd_ticks_side(nd_text *out, const char *which, const nd_side *s, double room,
                     bool *slanted)
{
    assert(s->n > 0);
    const bool across = *which == 'x';
    const double span = s->edge[s->n] - s->edge[0];
    tick_list t = {0};
    nd_text label = {0};
    double end = -HUGE_VAL, longest = 0; /* of the last label, em */
    for (size_t i = 0; i < s->n; i++) {
        nd_text_clear(&label);
        nd_figure_value(&label, s->v, i);
        const double wide = LETTER * (double)letters(nd_text_str(&label));
        longest = fmax(longest, wide);
    }
    *slanted = across && s->v->s && (longest + APART) * (double)s->n > room;
    for (size_t i = 0; i < s->n; i++) {
        nd_text_clear(&label);
        nd_figure_value(&label, s->v, i);
        const double middle = (s->at[i] - s->edge[0]) / span * room;
        const double half =
            *slanted || !across
                ? 0.5 * LINE
                : 0.5 * (LETTER * (double)letters(nd_text_str(&label)) + APART);
        if (middle - half < end) continue;
        add_tick(&t, nd_text_str(&label), s->at[i]);
        end = middle + half;
    }
    out->failed |= label.failed;
    nd_text_free(&label);
    const double wide = finish(out, which, &t, *slanted ? "rotate by 30 right " : "");
    return *slanted ? SIN_30 * wide : wide;
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
    const double step = round_step((hi - lo) / fmin(n, 7));
    const int decimals = decimals_of(step);
    tick_list t = {0};
    for (double k = ceil(lo / step - 1e-9); k * step <= hi + 1e-9 * step; k++) {
        nd_text label = {0};
        if (decimals <= 5 && most < 1e6)
            nd_text_add(&label, "%.*f", decimals, k == 0 ? 0.0 : k * step);
        else
            nd_text_add(&label, "%.3g", k * step);
        add_tick(&t, nd_text_str(&label), k * step);
        out->failed |= label.failed;
        nd_text_free(&label);
    }
    return finish(out, which, &t, "");
}

double nd_ticks_values(nd_text *out, const char *which, const double *x, size_t n)
{
    tick_list t = {0};
    for (size_t i = 0; i < n; i++) {
        nd_text label = {0};
        nd_text_add(&label, "%.4g", x[i]);
        add_tick(&t, nd_text_str(&label), x[i]);
        out->failed |= label.failed;
        nd_text_free(&label);
    }
    return finish(out, which, &t, "");
}
