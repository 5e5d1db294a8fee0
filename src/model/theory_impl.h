/* theory_impl.h -- inside the oracle: links as linear maps, and its working memory. */
#ifndef NUDGE_THEORY_IMPL_H
#define NUDGE_THEORY_IMPL_H

#include "nudge/act.h"
#include "nudge/theory.h"

/* A link as a linear map from maps `in` to maps `out`, pooled from `full`. Maps are (rows,
 * cols, channels), the channels of a place together. */
typedef struct nd_theory_shape {
    size_t rows, cols, channels;
} nd_theory_shape;

typedef struct nd_theory_map {
    nd_theory_shape in, full, out;
    size_t filter_rows, filter_cols, stride, pad;
    nd_theory_pool pool;
    size_t window;
} nd_theory_map;

static inline size_t nd_theory_volume(nd_theory_shape s)
{
    return s.rows * s.cols * s.channels;
}

/* For one sample. w (filter*channels in, channels out), wt its transpose; where (out): the
 * place in `full` that each pooled unit came from; scratch (full). All add.
 *   up:    out += pool(w * in); `pick` finds the maxima first, else they are those given
 *   down:  in += w^T * unpool(out)
 *   outer: w += scale * in x unpool(post), the derivative of <post, up(in)> by w */
void nd_theory_map_up(const nd_theory_map *m, const double *w, const double *in, bool pick,
                      uint32_t *where, double *scratch, double *out);
void nd_theory_map_down(const nd_theory_map *m, const double *wt, const double *out,
                        const uint32_t *where, double *scratch, double *in);
void nd_theory_map_outer(const nd_theory_map *m, const double *post, const uint32_t *where,
                         const double *in, double scale, double *scratch, double *w);

struct nd_theory {
    nd_theory_spec spec;
    const nd_activation *act;
    size_t L, first; /* links; first layer that moves */
    size_t n[ND_THEORY_LAYERS + 1];
    nd_theory_map map[ND_THEORY_LAYERS];
    nd_theory_tensor tensor[ND_THEORY_LAYERS][ND_THEORY_PARTS];
    size_t size;
    double *theta;
    /* transposes of forward and backward weights, (cols, rows); the same when tied */
    double *forward_t[ND_THEORY_LAYERS], *back_t[ND_THEORY_LAYERS];
    double *full;   /* scratch as large as the largest map */
    nd_arena fixed; /* owns all so far                     */

    size_t B;
    double *x, *y;         /* (B, n_L) rho(x), (B, n_0)                      */
    double *drive;         /* (B, n_{L-1}) A_{L-1}(x), constant: x is clamped */
    uint32_t *drive_where; /* its maxima                                      */
    /* of one step, (2B, n_l): rho, pre-activations; nudge on layer `first`; read-out error */
    double *rho[ND_THEORY_LAYERS], *pre[ND_THEORY_LAYERS], *nudge, *error;
    uint32_t *where[ND_THEORY_LAYERS]; /* (B, n_l) */
    nd_arena work;                     /* owns all from x on */
};

static inline const double *nd_theory_w(const nd_theory *t, size_t l, nd_theory_part part)
{
    return t->theta + t->tensor[l][part].first;
}
static inline nd_theory_part nd_theory_back(const nd_theory *t, size_t l)
{
    return t->tensor[l][ND_THEORY_BACK].rows ? ND_THEORY_BACK : ND_THEORY_WEIGHT;
}

/* Complex element i of v, whose planes are `half` apart. */
static inline double complex nd_theory_get(const double *v, size_t planes, size_t half,
                                           size_t i)
{
    return planes == 2 ? nd_complex(v[i], v[half + i]) : v[i];
}
static inline void nd_theory_put(double *v, size_t planes, size_t half, size_t i,
                                 double complex z)
{
    v[i] = creal(z);
    if (planes == 2) v[half + i] = cimag(z);
}

/* The energy's dynamics of layer l have no factor r'(s). */
static inline bool nd_theory_flat(const nd_theory *t, size_t l)
{
    return t->spec.flat || (t->spec.ernoult && l == 0);
}

/* r and r' of a real or complex number. */
double complex nd_theory_r(const nd_theory *t, size_t planes, double complex z);
double complex nd_theory_slope(const nd_theory *t, size_t planes, double complex z);

/* rho of all moving layers of s to t->rho: s itself, or r(s). */
void nd_theory_rho(nd_theory *t, const nd_theory_states *s);

/* From t->rho to t->pre: A_l(rho_{l+1}) of all moving layers, maxima to `where`; and dPhi/drho,
 * which adds what comes down from above. */
void nd_theory_ups(nd_theory *t, size_t planes, uint32_t *const *where);
void nd_theory_pre(nd_theory *t, size_t planes, uint32_t *const *where);

/* y - softmax(W_0 rho_1 + b_0) to t->error, from t->rho. */
void nd_theory_read_out(nd_theory *t, size_t planes);

/* out (B, n_l) += b_l in every row */
void nd_theory_add_bias(const nd_theory *t, size_t l, double *out);

/* Adds link l of all samples to out (planes*B, n_l), or to in (planes*B, n_{l+1}). Maxima
 * are found in the real plane, and hold for both. */
void nd_theory_link_up(const nd_theory *t, size_t l, const double *w, size_t planes,
                       const double *in, bool pick, uint32_t *where, double *out);
void nd_theory_link_down(const nd_theory *t, size_t l, const double *wt, size_t planes,
                         const double *out, const uint32_t *where, double *in);

/* g (W_l's form) += scale * sum over samples of in x unpool(post), both one plane. */
void nd_theory_link_outer(const nd_theory *t, size_t l, const double *post,
                          const uint32_t *where, const double *in, double scale, double *g);
/* g (b_l's form) += scale * sum over samples and places of post. */
void nd_theory_link_sum(const nd_theory *t, size_t l, const double *post, double scale,
                        double *g);

#endif
