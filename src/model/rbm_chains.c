/* rbm_chains.c -- Gibbs chains: what a machine says when it is left alone.
 *
 * A sweep is v ~ p(v | h), h ~ p(h | v). Contrastive divergence (Hinton 2002) starts chains
 * from the data at every update, persistent contrastive divergence (Tieleman 2008) goes on
 * from the last one. Parallel tempering (Cho, Raiko & Ilin, IJCNN 2010) keeps replicas at
 * inverse temperatures 1 = beta_1 > ... > beta_R = 0 of p_beta ~ exp(-beta E); after a
 * sweep neighbours change places with probability
 *
 *     min(1, exp((beta_i - beta_j) (E_i - E_j)))
 *
 * and the replicas at 1 are the model's. */
#include "rbm_impl.h"

#include <string.h>

void nd_chains_take(nd_rbm *m, const nd_params *p, size_t batch, nd_arena *a)
{
    nd_chains *c = &m->chains;
    const bool lasting = p->rbm_negative != ND_NEGATIVE_CD;
    const bool tempered = p->rbm_negative == ND_NEGATIVE_PT;
    const size_t ld_v = nd_ld(m->nv), ld_h = nd_ld(m->nh);
    c->sets = lasting ? (size_t)p->rbm_chains : 1;
    c->M = batch;
    c->R = tempered ? (size_t)p->rbm_temperatures : 1;
    c->rows = c->R * c->M;
    c->h = nd_arena_take(a, c->sets * c->rows * ld_h, sizeof *c->h);
    c->drive = nd_arena_take(a, c->rows * ld_v, sizeof *c->drive);
    c->v = nd_arena_take(a, c->rows * ld_v, sizeof *c->v);
    c->x = nd_arena_take(a, c->rows * ld_h, sizeof *c->x);
    c->p = nd_arena_take(a, c->rows * ld_h, sizeof *c->p);
    if (!tempered) return;
    c->beta = nd_arena_take(a, c->sets * c->rows, sizeof *c->beta);
    c->at = nd_arena_take(a, c->sets * c->rows, sizeof *c->at);
    c->energy = nd_arena_take(a, c->rows, sizeof *c->energy);
    c->ratio = nd_arena_take(a, c->rows, sizeof *c->ratio);
    c->cold_v = nd_arena_take(a, c->M * ld_v, sizeof *c->cold_v);
    c->cold_h = nd_arena_take(a, c->M * ld_h, sizeof *c->cold_h);
}

static float temperature(const nd_chains *c, size_t r)
{
    return (float)(1.0 - (double)r / (double)(c->R - 1));
}

/* Chains that last start from fair coins. */
void nd_chains_init(const nd_rbm *m, const nd_params *p)
{
    const nd_chains *c = &m->chains;
    if (p->rbm_negative == ND_NEGATIVE_CD) return;
    for (size_t set = 0; set < c->sets; set++) {
        const nd_at at = {.seed = (uint64_t)p->train_seed};
        float *h = c->h + set * c->rows * nd_ld(m->nh);
        const nd_units coins = {.B = c->rows,
                                .n = m->nh,
                                .group = m->nh,
                                .unit = ND_UNIT_LOGISTIC,
                                .x = c->x, /* 0 at first */
                                .x_ld = nd_ld(m->nh),
                                .at = nd_rbm_at(m, at, ND_DRAW_START, set, 0),
                                .s = h,
                                .ld = nd_ld(m->nh)};
        nd_kern()->units(&coins);
        for (size_t i = 0; c->beta && i < c->rows; i++) {
            c->beta[set * c->rows + i] = temperature(c, i / c->M);
            c->at[set * c->rows + i] = (uint32_t)i;
        }
    }
}

/* What a sweep of one set works on. */
typedef struct walk {
    const nd_rbm *m;
    const nd_params *p;
    size_t set, rows;
    nd_at at;
    float *h;          /* (rows, nh) */
    const float *beta; /* (rows), or NULL */
} walk;

/* Hidden units given pre-activations x: s, and p unless NULL. */
static void hidden(const walk *w, nd_draw what, size_t sweep, const float *x, float *s,
                   float *p)
{
    const nd_rbm *m = w->m;
    const nd_units u = {.B = w->rows,
                        .n = m->nh,
                        .group = m->nh,
                        .unit = ND_UNIT_LOGISTIC,
                        .x = x,
                        .x_ld = nd_ld(m->nh),
                        .beta = w->beta,
                        .at = nd_rbm_at(m, w->at, what, w->set, sweep),
                        .s = s,
                        .p = p,
                        .ld = nd_ld(m->nh)};
    nd_kern()->units(&u);
}

static void sweep(const walk *w, size_t t, bool last)
{
    const nd_rbm *m = w->m;
    const nd_chains *c = &m->chains;
    const bool mean_v = last && w->p->rbm_model_visible == ND_STATISTICS_MEAN_FIELD;
    const bool mean_h = last && w->p->rbm_model_hidden == ND_STATISTICS_MEAN_FIELD;
    const size_t ld_v = nd_ld(m->nv), ld_h = nd_ld(m->nh);
    const nd_affine down = {.B = w->rows,
                            .n = m->nv,
                            .drive = m->a->weight,
                            .terms = 1,
                            .term = {{w->h, m->nh, ld_h, m->Wt}},
                            .out = c->drive};
    const nd_affine up = {.B = w->rows,
                          .n = m->nh,
                          .drive = m->b->weight,
                          .terms = 1,
                          .term = {{c->v, m->nv, ld_v, m->W->weight}},
                          .out = c->x};
    const nd_units v = {.B = w->rows,
                        .n = m->nv,
                        .group = m->nx,
                        .unit = m->visible,
                        .x = c->drive,
                        .x_ld = ld_v,
                        .beta = w->beta,
                        .at = nd_rbm_at(m, w->at, ND_DRAW_VISIBLE, w->set, t),
                        .s = mean_v ? NULL : c->v,
                        .p = mean_v ? c->v : NULL,
                        .ld = ld_v};
    nd_convert_affine(&m->converters, &down);
    nd_kern()->units(&v);
    nd_convert_affine(&m->converters, &up);
    /* cd forgets its chains, and the replicas at 1 are not known before the exchange */
    float *p = mean_h && !c->beta ? c->p : NULL;
    const bool forget = p && w->p->rbm_negative == ND_NEGATIVE_CD;
    hidden(w, ND_DRAW_HIDDEN, t, c->x, forget ? NULL : w->h, p);
}

/* ---- parallel tempering ---- */

/* E = -a.v - h.(b + W v) of every replica. */
static void energies(const walk *w)
{
    const nd_rbm *m = w->m;
    const nd_chains *c = &m->chains;
    nd_kern()->row_dots(w->rows, m->nv, c->v, nd_ld(m->nv), m->a->weight, 0, c->energy);
    nd_kern()->row_dots(w->rows, m->nh, c->x, nd_ld(m->nh), w->h, nd_ld(m->nh), c->ratio);
    nd_kern()->add(w->rows, c->ratio, c->energy);
    nd_kern()->scale(w->rows, -1.0f, c->energy, c->energy);
}

/* Proposes to all chains the neighbours (r, r+1) with r even or odd, in turn. */
static void exchange(nd_net *net, const walk *w, size_t t)
{
    const nd_chains *c = &w->m->chains;
    float *beta = c->beta + w->set * c->rows;
    uint32_t *at = c->at + w->set * c->rows;
    const nd_at draw = nd_rbm_at(w->m, w->at, ND_DRAW_SWAP, w->set, t);
    const size_t first = (w->at.batch + t) % 2;
    for (size_t r = first; r + 1 < c->R; r += 2) {
        for (size_t i = 0; i < c->M; i++) {
            const uint32_t cold = at[r * c->M + i], hot = at[(r + 1) * c->M + i];
            c->ratio[i] = (beta[cold] - beta[hot]) * (c->energy[cold] - c->energy[hot]);
        }
        nd_kern()->exponential(c->M, c->ratio, c->ratio);
        for (size_t i = 0; i < c->M; i++) {
            const size_t k = r * c->M + i;
            net->effort.swaps++;
            if (nd_philox_unit(draw, (uint32_t)k) >= (double)c->ratio[i]) continue;
            const uint32_t cold = at[k], hot = at[k + c->M];
            const float was = beta[cold];
            beta[cold] = beta[hot], beta[hot] = was;
            at[k] = hot, at[k + c->M] = cold;
            net->effort.swapped++;
        }
    }
}

/* Replicas at 1 of the first B chains, to rows of their own. */
static nd_fantasy coldest(const walk *w, size_t B)
{
    const nd_rbm *m = w->m;
    const nd_chains *c = &m->chains;
    const bool mean_h = w->p->rbm_model_hidden == ND_STATISTICS_MEAN_FIELD;
    const uint32_t *at = c->at + w->set * c->rows;
    const size_t ld_v = nd_ld(m->nv), ld_h = nd_ld(m->nh);
    for (size_t i = 0; i < B; i++) {
        const float *h = (mean_h ? c->x : w->h) + at[i] * ld_h;
        memcpy(c->cold_v + i * ld_v, c->v + at[i] * ld_v, ld_v * sizeof *c->v);
        memcpy(c->cold_h + i * ld_h, h, ld_h * sizeof *h);
    }
    if (mean_h) { /* a replica may have come to 1 after its sweep */
        walk at_one = *w;
        at_one.rows = B, at_one.beta = NULL;
        hidden(&at_one, ND_DRAW_HIDDEN, 0, c->cold_h, NULL, c->cold_h);
    }
    return (nd_fantasy){c->cold_v, c->cold_h};
}

/* ---- running ---- */

nd_fantasy nd_chains_run(nd_net *net, const nd_rbm *m, size_t set, const nd_batch *b)
{
    const nd_chains *c = &m->chains;
    const nd_params *p = &net->p;
    const bool lasting = p->rbm_negative != ND_NEGATIVE_CD;
    const size_t kept = lasting ? set * c->rows : 0; /* first row of the set's states */
    const walk w = {.m = m,
                    .p = p,
                    .set = set,
                    .rows = lasting ? c->rows : b->B,
                    .at = b->at,
                    .h = c->h + kept * nd_ld(m->nh),
                    .beta = c->beta ? c->beta + kept : NULL};
    if (!lasting) hidden(&w, ND_DRAW_START, 0, m->x, w.h, NULL);
    for (size_t t = 0; t < (size_t)p->rbm_k; t++) {
        sweep(&w, t, t + 1 == (size_t)p->rbm_k);
        if (!c->beta) continue;
        energies(&w);
        exchange(net, &w, t);
    }
    if (c->beta) return coldest(&w, b->B);
    return (nd_fantasy){c->v, p->rbm_model_hidden == ND_STATISTICS_MEAN_FIELD ? c->p : w.h};
}
