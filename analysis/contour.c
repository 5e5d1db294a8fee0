/* contour.c -- marching squares (Lorensen and Cline 1987, in two dimensions).
 *
 * A line crosses edges of the grid. Edge 2 c goes from node c = i ny + j to (i + 1, j), edge
 * 2 c + 1 to (i, j + 1). Every square links pairs of its edges that the line crosses; an edge has at
 * most two links, one in each of its squares, so that links make chains and rings. */
#include "nudge/contour.h"

#include "nudge/mem.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

static const size_t NONE = SIZE_MAX;

typedef struct tracer {
    const double *x, *y, *z;
    size_t nx, ny;
    double level;
    size_t (*link)[2]; /* (edges) neighbours along the line, or NONE */
    nd_contour *out;
    size_t lines;
} tracer;

static void link_edges(tracer *t, size_t a, size_t b)
{
    t->link[a][t->link[a][0] != NONE] = b;
    t->link[b][t->link[b][0] != NONE] = a;
}

/* The square of nodes (i, j) to (i + 1, j + 1); its corners and edges in turn. */
static void march(tracer *t, size_t i, size_t j)
{
    const size_t c = i * t->ny + j;
    const size_t edge[4] = {2 * c, 2 * (c + t->ny) + 1, 2 * (c + 1), 2 * c + 1};
    const double z[4] = {t->z[c], t->z[c + t->ny], t->z[c + t->ny + 1], t->z[c + 1]};
    size_t crossed[4], n = 0;
    for (size_t k = 0; k < 4; k++)
        if (isnan(z[k])) return;
    for (size_t k = 0; k < 4; k++)
        if ((z[k] > t->level) != (z[(k + 1) % 4] > t->level)) crossed[n++] = edge[k];
    if (n == 2) link_edges(t, crossed[0], crossed[1]);
    if (n < 4) return;
    /* corners 1 and 3 are cut off, or 0 and 2 */
    const bool middle = 0.25 * (z[0] + z[1] + z[2] + z[3]) > t->level;
    const size_t shift = middle == (z[0] > t->level) ? 0 : 1;
    link_edges(t, edge[shift], edge[1 + shift]);
    link_edges(t, edge[2 + shift], edge[(3 + shift) % 4]);
}

static void add_point(tracer *t, size_t edge)
{
    const size_t c = edge / 2, i = c / t->ny, j = c % t->ny;
    const size_t to = edge % 2 ? c + 1 : c + t->ny;
    const double part = (t->level - t->z[c]) / (t->z[to] - t->z[c]);
    nd_contour *o = t->out;
    o->x[o->n] = edge % 2 ? t->x[i] : t->x[i] + part * (t->x[i + 1] - t->x[i]);
    o->y[o->n] = edge % 2 ? t->y[j] + part * (t->y[j + 1] - t->y[j]) : t->y[j];
    o->line[o->n++] = t->lines;
}

/* Follows a line from one of its ends, or around, and takes it out. */
static void follow(tracer *t, size_t start)
{
    for (size_t at = start, next; at != NONE; at = next) {
        next = t->link[at][0] != NONE ? t->link[at][0] : t->link[at][1];
        add_point(t, at);
        t->link[at][0] = t->link[at][1] = NONE;
        for (size_t k = 0; next != NONE && k < 2; k++)
            if (t->link[next][k] == at) t->link[next][k] = NONE;
        if (next == NONE || next == start) {
            if (next == start) add_point(t, start);
            break;
        }
    }
    t->lines++;
}

static void trace(tracer *t, size_t edges)
{
    for (size_t e = 0; e < edges; e++)
        t->link[e][0] = t->link[e][1] = NONE;
    for (size_t i = 0; i + 1 < t->nx; i++)
        for (size_t j = 0; j + 1 < t->ny; j++)
            march(t, i, j);
    for (size_t e = 0; e < edges; e++) /* ends first, then what is left: rings */
        if ((t->link[e][0] == NONE) != (t->link[e][1] == NONE)) follow(t, e);
    for (size_t e = 0; e < edges; e++)
        if (t->link[e][0] != NONE) follow(t, e);
}

nd_code nd_contour_trace(const double *x, size_t nx, const double *y, size_t ny,
                         const double *z, double level, nd_contour *out, nd_err *err)
{
    *out = (nd_contour){0};
    size_t nodes;
    if (nx < 2 || ny < 2) return ND_OK;
    if (!nd_mul(nx, ny, &nodes) || nodes > SIZE_MAX / 64)
        return ND_FAIL(err, ND_EINPUT, "a grid of %zu x %zu is too large for contours", nx,
                       ny);
    tracer t = {.x = x, .y = y, .z = z, .nx = nx, .ny = ny, .level = level, .out = out};
    const size_t edges = 2 * nodes, most = 2 * edges; /* a ring's first point comes twice */
    t.link = malloc(edges * sizeof *t.link);
    out->x = malloc(most * sizeof *out->x);
    out->y = malloc(most * sizeof *out->y);
    out->line = malloc(most * sizeof *out->line);
    const bool room = t.link && out->x && out->y && out->line;
    if (room) trace(&t, edges);
    free(t.link);
    return room ? ND_OK : ND_FAIL(err, ND_ENOMEM, "no memory for contours");
}

void nd_contour_free(nd_contour *c)
{
    free(c->x);
    free(c->y);
    free(c->line);
    *c = (nd_contour){0};
}
