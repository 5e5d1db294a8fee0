/* theory_link.c -- links as linear maps, in plain loops.
 *
 * A dense layer is a convolution whose filter covers the whole map: one output place. The
 * innermost loop is always y += a x over channels that lie together, so that it vectorises.
 * Zeros are skipped: black pixels, and the places that max pooling did not choose. */
#include "theory_impl.h"

#include <string.h>

/* y += a x, (n) */
static void axpy(size_t n, double a, const double *x, double *y)
{
    size_t j = 0;
    for (; j + 8 <= n; j += 8)
        for (size_t q = 0; q < 8; q++)
            y[j + q] += a * x[j + q];
    for (; j < n; j++)
        y[j] += a * x[j];
}

/* The places of the input that one place of `full` sees: filter row f sees row top + f,
 * where there is one. */
typedef struct patch {
    size_t place; /* in full */
    ptrdiff_t top, left;
} patch;

static patch patch_at(const nd_theory_map *m, size_t place)
{
    return (patch){place, (ptrdiff_t)(place / m->full.cols * m->stride) - (ptrdiff_t)m->pad,
                   (ptrdiff_t)(place % m->full.cols * m->stride) - (ptrdiff_t)m->pad};
}

/* Input place under filter place (i, j), or -1 in the padding. */
static ptrdiff_t seen(const nd_theory_map *m, const patch *p, size_t i, size_t j)
{
    const ptrdiff_t row = p->top + (ptrdiff_t)i, col = p->left + (ptrdiff_t)j;
    if (row < 0 || row >= (ptrdiff_t)m->in.rows) return -1;
    if (col < 0 || col >= (ptrdiff_t)m->in.cols) return -1;
    return row * (ptrdiff_t)m->in.cols + col;
}

static void convolve(const nd_theory_map *m, const double *w, const double *in,
                     double *full)
{
    const size_t C = m->in.channels, D = m->full.channels;
    const size_t places = m->full.rows * m->full.cols;
    for (size_t place = 0; place < places; place++) {
        const patch p = patch_at(m, place);
        for (size_t i = 0; i < m->filter_rows; i++)
            for (size_t j = 0; j < m->filter_cols; j++) {
                const ptrdiff_t from = seen(m, &p, i, j);
                if (from < 0) continue;
                const double *x = in + (size_t)from * C;
                const double *row = w + (i * m->filter_cols + j) * C * D;
                for (size_t c = 0; c < C; c++)
                    if (x[c] != 0) axpy(D, x[c], row + c * D, full + place * D);
            }
    }
}

/* in += w^T * full; wt (channels out, filter*channels in) */
static void convolve_back(const nd_theory_map *m, const double *wt, const double *full,
                          double *in)
{
    const size_t C = m->in.channels, D = m->full.channels;
    const size_t places = m->full.rows * m->full.cols;
    const size_t filter = m->filter_rows * m->filter_cols * C;
    for (size_t place = 0; place < places; place++) {
        const patch p = patch_at(m, place);
        for (size_t d = 0; d < D; d++) {
            const double a = full[place * D + d];
            if (a == 0) continue;
            for (size_t i = 0; i < m->filter_rows; i++)
                for (size_t j = 0; j < m->filter_cols; j++) {
                    const ptrdiff_t to = seen(m, &p, i, j);
                    if (to < 0) continue;
                    axpy(C, a, wt + d * filter + (i * m->filter_cols + j) * C,
                         in + (size_t)to * C);
                }
        }
    }
}

/* First place of `full` under window i of the pooled map. */
static size_t corner(const nd_theory_map *m, size_t i)
{
    return i / m->out.cols * m->window * m->full.cols + i % m->out.cols * m->window;
}

/* The first of equal maxima counts. */
static void pick_maxima(const nd_theory_map *m, const double *full, uint32_t *where)
{
    const size_t D = m->full.channels;
    for (size_t i = 0; i < m->out.rows * m->out.cols; i++)
        for (size_t d = 0; d < D; d++) {
            size_t best = corner(m, i);
            for (size_t r = 0; r < m->window; r++)
                for (size_t c = 0; c < m->window; c++) {
                    const size_t place = corner(m, i) + r * m->full.cols + c;
                    if (full[place * D + d] > full[best * D + d]) best = place;
                }
            where[i * D + d] = (uint32_t)best;
        }
}

static void pool_add(const nd_theory_map *m, const double *full, const uint32_t *where,
                     double *out)
{
    const size_t D = m->full.channels, places = m->out.rows * m->out.cols;
    const double share = 1.0 / (double)(m->window * m->window);
    for (size_t i = 0; i < places; i++) {
        for (size_t d = 0; d < D && m->pool == ND_THEORY_MAX; d++)
            out[i * D + d] += full[where[i * D + d] * D + d];
        for (size_t q = 0; q < m->window * m->window && m->pool == ND_THEORY_AVERAGE; q++)
            axpy(D, share,
                 full + (corner(m, i) + q / m->window * m->full.cols + q % m->window) * D,
                 out + i * D);
    }
}

/* full = unpool(out), the transpose of pooling */
static void unpool(const nd_theory_map *m, const double *out, const uint32_t *where,
                   double *full)
{
    const size_t D = m->full.channels, places = m->out.rows * m->out.cols;
    const double share = 1.0 / (double)(m->window * m->window);
    memset(full, 0, nd_theory_volume(m->full) * sizeof *full);
    for (size_t i = 0; i < places; i++) {
        for (size_t d = 0; d < D && m->pool == ND_THEORY_MAX; d++)
            full[where[i * D + d] * D + d] = out[i * D + d];
        for (size_t q = 0; q < m->window * m->window && m->pool == ND_THEORY_AVERAGE; q++)
            axpy(D, share, out + i * D,
                 full + (corner(m, i) + q / m->window * m->full.cols + q % m->window) * D);
    }
}

void nd_theory_map_up(const nd_theory_map *m, const double *w, const double *in, bool pick,
                      uint32_t *where, double *scratch, double *out)
{
    if (m->pool == ND_THEORY_NO_POOL) {
        convolve(m, w, in, out);
        return;
    }
    memset(scratch, 0, nd_theory_volume(m->full) * sizeof *scratch);
    convolve(m, w, in, scratch);
    if (pick && m->pool == ND_THEORY_MAX) pick_maxima(m, scratch, where);
    pool_add(m, scratch, where, out);
}

void nd_theory_map_down(const nd_theory_map *m, const double *wt, const double *out,
                        const uint32_t *where, double *scratch, double *in)
{
    if (m->pool != ND_THEORY_NO_POOL) unpool(m, out, where, scratch);
    convolve_back(m, wt, m->pool == ND_THEORY_NO_POOL ? out : scratch, in);
}

void nd_theory_map_outer(const nd_theory_map *m, const double *post, const uint32_t *where,
                         const double *in, double scale, double *scratch, double *w)
{
    const size_t C = m->in.channels, D = m->full.channels;
    const size_t places = m->full.rows * m->full.cols;
    if (m->pool != ND_THEORY_NO_POOL) unpool(m, post, where, scratch);
    const double *full = m->pool == ND_THEORY_NO_POOL ? post : scratch;
    for (size_t place = 0; place < places; place++) {
        const patch p = patch_at(m, place);
        for (size_t i = 0; i < m->filter_rows; i++)
            for (size_t j = 0; j < m->filter_cols; j++) {
                const ptrdiff_t from = seen(m, &p, i, j);
                if (from < 0) continue;
                const double *x = in + (size_t)from * C;
                double *row = w + (i * m->filter_cols + j) * C * D;
                for (size_t c = 0; c < C; c++)
                    if (x[c] != 0) axpy(D, scale * x[c], full + place * D, row + c * D);
            }
    }
}

void nd_theory_link_up(const nd_theory *t, size_t l, const double *w, size_t planes,
                       const double *in, bool pick, uint32_t *where, double *out)
{
    const size_t n = t->n[l], k = t->n[l + 1];
    for (size_t r = 0; r < planes * t->B; r++)
        nd_theory_map_up(&t->map[l], w, in + r * k, pick && r < t->B, where + r % t->B * n,
                         t->full, out + r * n);
}

void nd_theory_link_down(const nd_theory *t, size_t l, const double *wt, size_t planes,
                         const double *out, const uint32_t *where, double *in)
{
    const size_t n = t->n[l], k = t->n[l + 1];
    for (size_t r = 0; r < planes * t->B; r++)
        nd_theory_map_down(&t->map[l], wt, out + r * n, where + r % t->B * n, t->full,
                           in + r * k);
}

void nd_theory_link_outer(const nd_theory *t, size_t l, const double *post,
                          const uint32_t *where, const double *in, double scale, double *g)
{
    const size_t n = t->n[l], k = t->n[l + 1];
    for (size_t b = 0; b < t->B; b++)
        nd_theory_map_outer(&t->map[l], post + b * n, where + b * n, in + b * k, scale,
                            t->full, g);
}

void nd_theory_link_sum(const nd_theory *t, size_t l, const double *post, double scale,
                        double *g)
{
    const size_t D = t->map[l].out.channels;
    for (size_t i = 0; i < t->B * t->n[l]; i += D)
        axpy(D, scale, post + i, g);
}
