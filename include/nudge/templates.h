/* templates.h -- templates of figures and reports that travel inside the program. The array is
 * generated from analysis/figures/NAME.gp and analysis/report/NAME by analysis/figures/embed, and
 * ends with a NULL name. */
#ifndef NUDGE_TEMPLATES_H
#define NUDGE_TEMPLATES_H

typedef struct nd_template {
    const char *name; /* "heatmap", "page.html" */
    const char *text;
} nd_template;

extern const nd_template nd_templates[];

#endif
