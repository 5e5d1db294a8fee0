/* rbm_labels.c -- what a machine with labels says about an image.
 *
 * Exactly, by the free energy of every label (Larochelle & Bengio, ICML 2008):
 *
 *     -F(x, y) = d_y + sum_j log(1 + exp(x_j + U_yj)),   p(y | x) = softmax_y(-F(x, y))
 *
 * with x_j the pre-activation of a hidden unit that the pixels give, d and U the biases and
 * weights of the label units, which are added behind the converters of x. Or by votes (mem-RBM): Gibbs chains between hidden units and
 * labels, the labels 1/C at first, and the sum of where the chains end. There the pixels are
 * reconstructed too after the first step (rbm.voting free). */
#include "rbm_impl.h"

#include "nudge/loss.h"

#include <string.h>

void nd_reader_take(nd_reader *r, const nd_rbm *m, size_t B, nd_arena *a)
{
    const size_t ld_C = nd_ld(m->C), ld_h = nd_ld(m->nh);
    float **labels[] = {&r->energy, &r->y, &r->drive, &r->votes};
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        *labels[i] = nd_arena_take(a, B * ld_C, sizeof(float));
    r->d = nd_arena_take(a, ld_C, sizeof *r->d);
    r->U = nd_arena_take(a, nd_panels(m->C, m->nh), sizeof *r->U);
    r->Ut = nd_arena_take(a, nd_panels(m->nh, m->C), sizeof *r->Ut);
    r->drive_v = nd_arena_take(a, B * nd_ld(m->nv), sizeof *r->drive_v);
    r->v = nd_arena_take(a, B * nd_ld(m->nv), sizeof *r->v);
    r->h = nd_arena_take(a, B * ld_h, sizeof *r->h);
    r->x = nd_arena_take(a, B * ld_h, sizeof *r->x);
}

/* The label units' biases, which stand behind those of the pixels. */
static void take_biases(const nd_reader *r, const nd_rbm *m)
{
    memcpy(r->d, m->a->weight + m->nx, m->C * sizeof *r->d);
}

/* ... and their weights: the last rows of W's panels. */
static void take_weights(const nd_reader *r, const nd_rbm *m)
{
    const size_t block = m->C * ND_LANES;
    for (size_t p = 0; p < nd_ld(m->nh) / ND_LANES; p++)
        memcpy(r->U + p * block, m->W->weight + (p * m->nv + m->nx) * ND_LANES,
               block * sizeof *r->U);
    nd_kern()->transpose(m->C, m->nh, r->U, r->Ut);
}

void nd_reader_read(const nd_reader *r, const nd_rbm *m, size_t B)
{
    const nd_labels l = {B, m->nh, m->C, m->x, m->W->weight, m->nv, m->nx};
    take_biases(r, m);
    nd_kern()->label_energies(&l, r->d, r->energy);
}

/* Whether x of the pixels can be used again and again, with the labels' part added: not if the
 * sum goes through converters as a whole. */
static bool adds_up(const nd_rbm *m)
{
    return nd_converters_are_ideal(&m->converters);
}

/* The pixels of the mini-batch with the voter's labels, into r->v. */
static void join(const nd_reader *r, const nd_rbm *m, size_t B)
{
    const size_t ld = nd_ld(m->nv);
    memcpy(r->v, m->v, B * ld * sizeof *r->v);
    for (size_t b = 0; b < B; b++)
        memcpy(r->v + b * ld + m->nx, r->y + b * nd_ld(m->C), m->C * sizeof *r->v);
}

/* Hidden units of a voter, given pixels and labels: x from the pixels, if they are clamped,
 * else from v. */
static void vote_up(const nd_reader *r, const nd_rbm *m, size_t B, bool clamped, nd_at at)
{
    const size_t ld_h = nd_ld(m->nh);
    const bool known = clamped && adds_up(m);
    const nd_term labels = {r->y, m->C, nd_ld(m->C), r->U};
    const nd_term all = {r->v, m->nv, nd_ld(m->nv), m->W->weight};
    const nd_affine up = {.B = B,
                          .n = m->nh,
                          .drive = known ? m->x : m->b->weight,
                          .drive_ld = known ? ld_h : 0,
                          .terms = 1,
                          .term = {known ? labels : all},
                          .out = r->x};
    const nd_units h = {.B = B,
                        .n = m->nh,
                        .group = m->nh,
                        .unit = ND_UNIT_LOGISTIC,
                        .x = r->x,
                        .x_ld = ld_h,
                        .at = at,
                        .s = r->h,
                        .ld = ld_h};
    if (clamped && !known) join(r, m, B);
    nd_convert_affine(&m->converters, &up);
    nd_kern()->units(&h);
}

/* Its labels y given the hidden units. */
static void vote_down(const nd_reader *r, const nd_rbm *m, size_t B, nd_at at)
{
    const size_t ld_C = nd_ld(m->C);
    const nd_affine down = {.B = B,
                            .n = m->C,
                            .drive = r->d,
                            .terms = 1,
                            .term = {{r->h, m->nh, nd_ld(m->nh), r->Ut}},
                            .out = r->drive};
    const nd_units y = {.B = B,
                        .n = m->C,
                        .group = 0,
                        .unit = ND_UNIT_LOGISTIC,
                        .x = r->drive,
                        .x_ld = ld_C,
                        .at = at,
                        .s = r->y,
                        .ld = ld_C};
    nd_convert_affine(&m->converters, &down);
    nd_kern()->units(&y);
}

/* ... or all visible units, labels among them. */
static void vote_down_free(const nd_reader *r, const nd_rbm *m, size_t B, nd_at at)
{
    const size_t ld = nd_ld(m->nv);
    const nd_affine down = {.B = B,
                            .n = m->nv,
                            .drive = m->a->weight,
                            .terms = 1,
                            .term = {{r->h, m->nh, nd_ld(m->nh), m->Wt}},
                            .out = r->drive_v};
    const nd_units v = {.B = B,
                        .n = m->nv,
                        .group = m->nx,
                        .unit = m->visible,
                        .x = r->drive_v,
                        .x_ld = ld,
                        .at = at,
                        .s = r->v,
                        .ld = ld};
    nd_convert_affine(&m->converters, &down);
    nd_kern()->units(&v);
}

/* y = 1/C for all labels, padding 0: the softmax of nothing. */
static void undecided(const nd_reader *r, const nd_rbm *m, size_t B)
{
    const size_t ld = nd_ld(m->C);
    memset(r->drive, 0, B * ld * sizeof *r->drive);
    const nd_units y = {
        .B = B, .n = m->C, .group = 0, .x = r->drive, .x_ld = ld, .p = r->y, .ld = ld};
    nd_kern()->units(&y);
}

void nd_reader_vote(const nd_reader *r, const nd_rbm *m, const nd_params *p,
                    const nd_batch *b)
{
    const size_t n = b->B * nd_ld(m->C), steps = (size_t)p->rbm_voting_steps;
    const bool freely = p->rbm_voting == ND_VOTING_FREE;
    take_biases(r, m);
    take_weights(r, m);
    if (freely) nd_kern()->transpose(m->nv, m->nh, m->W->weight, m->Wt);
    memset(r->votes, 0, n * sizeof *r->votes);
    for (size_t voter = 0; voter < (size_t)p->rbm_voters; voter++) {
        undecided(r, m, b->B);
        for (size_t t = 0; t < steps; t++) {
            const nd_at up = nd_rbm_at(m, b->at, ND_DRAW_VOTER_HIDDEN, voter, t);
            const nd_at down = nd_rbm_at(m, b->at, ND_DRAW_VOTER_LABEL, voter, t);
            vote_up(r, m, b->B, !freely || t == 0, up);
            if (freely && t + 1 < steps)
                vote_down_free(r, m, b->B, down);
            else
                vote_down(r, m, b->B, down);
        }
        nd_kern()->add(n, r->y, r->votes);
    }
}

void nd_reader_predict(const nd_reader *r, const nd_rbm *m, const nd_params *p,
                       const nd_batch *b, nd_tally *t)
{
    const bool by_votes = b->judged && p->rbm_inference == ND_INFERENCE_VOTING;
    if (by_votes) nd_reader_vote(r, m, p, b);
    t->samples += b->B;
    t->errors +=
        nd_loss_errors(b->B, m->C, nd_ld(m->C), by_votes ? r->votes : r->energy, b->label);
    t->loss += nd_loss_cross_entropy(b->B, m->C, nd_ld(m->C), r->energy, b->label);
}

double nd_reader_flops(const nd_params *p, size_t nv, size_t nh, size_t C, bool judged)
{
    const double exact = 25 * (double)nh * (double)C;
    if (!judged || p->rbm_inference != ND_INFERENCE_VOTING) return exact;
    const size_t seen = p->rbm_voting == ND_VOTING_FREE ? nv : C;
    const double sweep = (double)nh * (30 + 4 * (double)seen);
    return exact + (double)p->rbm_voters * (double)p->rbm_voting_steps * sweep;
}
