/* ep_link.c -- what the weights between two layers do: carry activity up and down, and
 * learn from two moments of both.
 *
 *     tied:  dW[l] ~ rho[l] rho[l+1]^T at one moment - the same at the other
 *     free:  dW[l] ~ (s[l] - s[l] before) rho[l+1]^T, and for the backward weights
 *            dB[l] ~ (s[l+1] - s[l+1] before) rho[l]^T, activities of before
 *
 * (Ernoult et al. 2019 and 2020; Laborieux et al. 2021 for the vector field.) */
#include "ep_impl.h"

#include <math.h>

/* ---- carrying ---- */

void nd_ep_refresh(const nd_net *net, const nd_ep_moment *m)
{
    const nd_ep *e = nd_ep_of(net);
    for (size_t l = 0; l + 1 < e->L; l++) {
        const nd_ep_link *k = &e->link[l];
        if (!k->back) nd_kern()->transpose(k->W->k, k->W->n, k->W->weight, k->down);
    }
    const nd_ep_link *first = &e->link[e->L - 1];
    const nd_affine input = {
        .B = m->b->B,
        .n = first->W->n,
        .drive = first->b->weight,
        .terms = 1,
        .term = {{m->x, first->W->k, nd_ld(first->W->k), first->W->weight}},
        .out = e->drive};
    nd_kern()->affine(&input);
}

void nd_ep_hear(const nd_ep *e, size_t l, size_t B, const float *below, const float *above,
                bool real, nd_affine *in)
{
    const bool first = l == e->L - 1; /* hears the input, through the drive */
    const nd_ep_layer *layer = &e->layer[l];
    *in = (nd_affine){.B = B, .n = layer->n, .drive = e->zero.s[l]};
    nd_term *term = in->term;
    if (first && real) {
        in->drive = e->drive;
        in->drive_ld = layer->ld;
    } else if (!first) {
        const nd_ep_link *k = &e->link[l];
        if (real) in->drive = k->b->weight;
        *term++ = (nd_term){below, k->W->k, e->layer[l + 1].ld, k->W->weight};
    }
    if (above) {
        const nd_ep_link *k = &e->link[l - 1];
        const float *down = k->back ? k->back->weight : k->down;
        *term++ = (nd_term){above, k->W->n, e->layer[l - 1].ld, down};
    }
    in->terms = (int)(term - in->term);
}

/* ---- learning ---- */

void nd_ep_outer(const nd_net *net, size_t l, size_t B, float scale, const float *pre1,
                 const float *post1, const float *pre0, const float *post0)
{
    const nd_ep *e = nd_ep_of(net);
    const nd_hebb h = {.B = B,
                       .k = e->layer[l + 1].n,
                       .n = e->layer[l].n,
                       .pre_ld = e->layer[l + 1].ld,
                       .pre1 = pre1,
                       .post1 = post1,
                       .pre0 = pre0,
                       .post0 = post0,
                       .scale = scale,
                       .out = net->wanted};
    nd_kern()->hebb(&h);
}

void nd_ep_outer_bias(const nd_net *net, size_t l, size_t B, float scale,
                      const float *post1, const float *post0)
{
    const nd_ep *e = nd_ep_of(net);
    const nd_hebb h = {.B = B,
                       .k = 1,
                       .n = e->layer[l].n,
                       .pre1 = &e->one,
                       .pre0 = post0 ? &e->one : NULL,
                       .post1 = post1,
                       .post0 = post0,
                       .scale = scale,
                       .out = net->wanted};
    nd_kern()->hebb(&h);
}

/* e->change (B, ld) = s of layer l, one - two */
static const float *change_of(const nd_ep *e, size_t l, size_t B, const nd_ep_states *one,
                              const nd_ep_states *two)
{
    nd_kern()->subtract(B * e->layer[l].ld, one->s[l], two->s[l], e->change);
    return e->change;
}

static void outer(const nd_net *net, const nd_ep_moment *m, size_t l, float scale,
                  const nd_ep_states *one, const nd_ep_states *two,
                  const nd_ep_states *before)
{
    const nd_ep *e = nd_ep_of(net);
    const size_t B = m->b->B;
    const bool first = l == e->L - 1;
    if (e->free) {
        const float *pre = first ? m->x : before->rho[l + 1];
        nd_ep_outer(net, l, B, scale, pre, change_of(e, l, B, one, two), NULL, NULL);
    } else if (first) {
        /* the input is the same in both: one product with the difference */
        nd_kern()->subtract(B * e->layer[l].ld, one->rho[l], two->rho[l], e->change);
        nd_ep_outer(net, l, B, scale, m->x, e->change, NULL, NULL);
    } else {
        nd_ep_outer(net, l, B, scale, one->rho[l + 1], one->rho[l], two->rho[l + 1],
                    two->rho[l]);
    }
}

/* Backward weights of link l: from the layer above to the one below. */
static void outer_back(const nd_net *net, size_t l, size_t B, float scale,
                       const nd_ep_states *one, const nd_ep_states *two,
                       const nd_ep_states *before)
{
    const nd_ep *e = nd_ep_of(net);
    const nd_hebb h = {.B = B,
                       .k = e->layer[l].n,
                       .n = e->layer[l + 1].n,
                       .pre_ld = e->layer[l].ld,
                       .pre1 = before->rho[l],
                       .post1 = change_of(e, l + 1, B, one, two),
                       .scale = scale,
                       .out = net->wanted};
    nd_kern()->hebb(&h);
}

static size_t index_of(const nd_net *net, const nd_bank *bank)
{
    return (size_t)(bank - net->bank);
}

void nd_ep_move(nd_net *net, const nd_ep_moment *m, const nd_ep_states *one,
                const nd_ep_states *two, const nd_ep_states *before, double per_beta)
{
    const nd_ep *e = nd_ep_of(net);
    const nd_batch *b = m->b;
    for (size_t l = 0; l < e->L; l++) {
        const nd_ep_link *k = &e->link[l];
        const float scale = (float)(nd_net_scale(net, l, b->at) * per_beta / (double)b->B);
        outer(net, m, l, scale, one, two, before);
        nd_net_move(net, index_of(net, k->W), l, b->at);
        const bool raw = e->free; /* vector-field updates see states, not r of them */
        nd_ep_outer_bias(net, l, b->B, scale, (raw ? one->s : one->rho)[l],
                         (raw ? two->s : two->rho)[l]);
        nd_net_move(net, index_of(net, k->b), l, b->at);
        if (!k->back) continue;
        outer_back(net, l, b->B, scale, one, two, before);
        nd_net_move(net, index_of(net, k->back), l, b->at);
    }
}

double nd_ep_angle(const nd_net *net)
{
    const nd_ep *e = nd_ep_of(net);
    double dot = 0, forward = 0, backward = 0;
    for (size_t l = 0; l + 1 < e->L; l++) {
        const nd_bank *W = e->link[l].W, *B = e->link[l].back;
        for (size_t i = 0; B && i < W->k; i++)
            for (size_t j = 0; j < W->n; j++) {
                const double w = (double)W->weight[nd_panel_at(W->k, i, j)];
                const double v = (double)B->weight[nd_panel_at(B->k, j, i)];
                dot += w * v, forward += w * w, backward += v * v;
            }
    }
    const double norm = sqrt(forward * backward);
    return norm > 0 ? dot / norm : (double)NAN;
}
