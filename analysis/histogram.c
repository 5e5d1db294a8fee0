/* histogram.c -- the data for figures/histogram.gp. */
#include "nudge/histogram.h"

#include "figure_impl.h"

#include <string.h>

enum { LINE = 80 }; /* characters */

static const char *ending_of(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot && !strchr(dot, '/') ? dot + 1 : "";
}

nd_code nd_histograms_check(const char *path, nd_err *err)
{
    if (nd_figure_known(ending_of(path))) return ND_OK;
    return ND_FAIL(err, ND_EUSAGE,
                   "cannot tell the kind of file from \"%s\"; it must end in .svg, .pdf or "
                   ".png",
                   path);
}

/* name[k + 1] = 'text' */
static void add_element(nd_text *out, const char *name, size_t k, const char *text)
{
    nd_text element = {0};
    nd_text_add(&element, "%s[%zu]", name, k + 1);
    nd_figure_text(out, nd_text_str(&element), text, 0);
    out->failed |= element.failed;
    nd_text_free(&element);
}

static double share(const uint64_t bin[ND_HISTOGRAM_BINS], size_t i)
{
    uint64_t sum = 0;
    for (size_t k = 0; k < ND_HISTOGRAM_BINS; k++)
        sum += bin[k];
    return sum ? (double)bin[i] / (double)sum : 0;
}

/* Steps, from the floor to the floor: edge share share. */
static void add_panel(nd_text *out, const nd_histogram_panel *p)
{
    nd_text_add(out, "0 0 0\n");
    for (size_t i = 0; i < ND_HISTOGRAM_BINS; i++) {
        const double a = share(p->bin[0], i), b = p->n > 1 ? share(p->bin[1], i) : 0;
        for (size_t edge = i; edge <= i + 1; edge++)
            nd_text_add(out, "%.9g %.9g %.9g\n", (double)edge / ND_HISTOGRAM_BINS, a, b);
    }
    nd_text_add(out, "1 0 0\n\n\n");
}

nd_code nd_histograms_draw(const nd_histograms *h, const char *path, nd_err *err)
{
    nd_text script = {0};
    ND_TRY(nd_histograms_check(path, err));
    if (!h->n_panels || h->n_panels > ND_HISTOGRAM_PANELS)
        return ND_FAIL(err, ND_EINPUT, "a picture has 1 to %d histograms, not %zu",
                       ND_HISTOGRAM_PANELS, h->n_panels);
    nd_figure_begin(&script, ending_of(path));
    nd_figure_text(&script, "nd_title", h->title, LINE);
    nd_figure_text(&script, "nd_note", h->note, LINE);
    nd_figure_text(&script, "nd_xlabel", h->xlabel, 0);
    nd_figure_text(&script, "nd_ylabel", h->ylabel, 0);
    nd_text_add(&script, "array nd_name[2]\n");
    for (size_t k = 0; k < 2; k++)
        add_element(&script, "nd_name", k, h->name[k]);
    nd_text_add(&script, "nd_panels = %zu\narray nd_panel[%zu]\narray nd_of[%zu]\n",
                h->n_panels, h->n_panels, h->n_panels);
    for (size_t p = 0; p < h->n_panels; p++) {
        add_element(&script, "nd_panel", p, h->panel[p].title);
        nd_text_add(&script, "nd_of[%zu] = %zu\n", p + 1, h->panel[p].n);
    }
    nd_text_add(&script, "$bins << EOD\n");
    for (size_t p = 0; p < h->n_panels; p++)
        add_panel(&script, &h->panel[p]);
    nd_text_add(&script, "EOD\n");
    const nd_code code = nd_figure_end(&script, "histogram", path, err);
    nd_text_free(&script);
    return code;
}
