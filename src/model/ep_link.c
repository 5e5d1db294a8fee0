/* ep_link.c -- what the weights between two layers do: carry activity up and down, and
 * learn from two moments of both.
 *
 *     tied:  dW[l] ~ rho[l] rho[l+1]^T at one moment - the same at the other
 *     free:  dW[l] ~ (s[l] - s[l] before) rho[l+1]^T, and for the backward weights
 *            dB[l] ~ (s[l+1] - s[l+1] before) rho[l]^T, activities of before
 *
 * (Ernoult et al. 2019 and 2020; Laborieux et al. 2021 for the vector field.) A convolution
 * is the same with its own product: up, pool(w * rho[l+1]) + b; down, its transpose through
 * the places that the pooling chose. */
#include "ep_impl.h"

#include <math.h>
#include <string.h>

/* ---- layers of padded pixels ---- */

static bool padded(const nd_ep_layer *layer)
{
    return layer->ld != nd_ld(layer->n);
}

/* Rows of states without the padding of their pixels, for a dense product. */
static const float *flat(const nd_ep_layer *layer, size_t B, const float *s, float *to)
{
    if (!padded(layer) || !s) return s;
    const size_t ld = nd_ld(layer->n), pixel = nd_ld(layer->maps);
    for (size_t b = 0; b < B; b++)
        for (size_t i = 0; i < layer->pixels; i++)
            memcpy(to + b * ld + i * layer->maps, s + b * layer->ld + i * pixel,
                   layer->maps * sizeof *to);
    return to;
}

static void add_padded(const nd_ep_layer *layer, size_t B, const float *from, float *to)
{
    const size_t ld = nd_ld(layer->n), pixel = nd_ld(layer->maps);
    for (size_t b = 0; b < B; b++)
        for (size_t i = 0; i < layer->pixels; i++)
            nd_kern()->add(layer->maps, from + b * ld + i * layer->maps,
                           to + b * layer->ld + i * pixel);
}

/* ---- carrying ---- */

void nd_ep_refresh(const nd_net *net)
{
    const nd_ep *e = nd_ep_of(net);
    for (size_t l = 0; l + 1 < e->L; l++) {
        const nd_ep_link *k = &e->link[l];
        const nd_bank *W = k->back ? k->back : k->W;
        if (k->by_fft) {
            nd_fft_conv_learn_up(&k->fft, k->W->weight, e->scratch);
            nd_fft_conv_learn_down(&k->fft, W->weight, e->scratch);
        } else if (k->conv)
            nd_kern()->conv_flip(&k->g, W->weight, k->down);
        else if (!k->back)
            nd_kern()->transpose(W->k, W->n, W->weight, k->down);
    }
}

/* out (B, ld) = pool(w * lower) + b; converters stand behind the pooling. */
static void convolve(const nd_ep *e, size_t l, size_t B, const float *lower, bool bias,
                     float *out, uint8_t *arg)
{
    const nd_ep_link *k = &e->link[l];
    const nd_ep_layer *layer = &e->layer[l];
    const nd_converters *c = &e->converters;
    const bool ideal = nd_converters_are_ideal(c);
    const nd_conv_forward f = {.g = k->g,
                               .B = B,
                               .lower = nd_convert_states(c, B * e->layer[l + 1].ld, lower),
                               .w = k->W->weight,
                               .bias = bias && ideal ? k->b->weight : NULL,
                               .out = out,
                               .argmax = arg,
                               .scratch = e->scratch};
    if (k->by_fft)
        nd_fft_conv_forward(&k->fft, &f);
    else
        nd_kern()->conv(&f);
    if (ideal) return;
    nd_convert_sums(c, B * layer->ld, out);
    const size_t ld = nd_ld(layer->maps);
    for (size_t i = 0; bias && i < B * layer->pixels; i++)
        nd_kern()->add(ld, k->b->weight, out + i * ld);
}

void nd_ep_refresh_input(const nd_net *net, const nd_ep_moment *m)
{
    const nd_ep *e = nd_ep_of(net);
    const nd_ep_link *first = &e->link[e->L - 1];
    if (first->conv) {
        if (first->by_fft) nd_fft_conv_learn_up(&first->fft, first->W->weight, e->scratch);
        convolve(e, e->L - 1, m->b->B, m->x, true, e->drive, e->input_arg);
        return;
    }
    const nd_affine input = {
        .B = m->b->B,
        .n = first->W->n,
        .drive = first->b->weight,
        .terms = 1,
        .term = {{m->x, first->W->k, nd_ld(first->W->k), first->W->weight}},
        .out = e->drive};
    nd_convert_affine(&e->converters, &input);
}

/* From the layer below: the drive, and a term if the link is dense. */
static void hear_below(const nd_ep *e, size_t l, size_t B, const nd_ep_sound *sound,
                       nd_affine *in)
{
    const nd_ep_link *k = &e->link[l];
    if (l == e->L - 1) { /* hears the input */
        if (!sound->real) return;
        in->drive = e->drive;
        in->drive_ld = e->layer[l].ld;
    } else if (k->conv) {
        convolve(e, l, B, sound->below, sound->real, sound->pre, sound->arg);
        in->drive = sound->pre;
        in->drive_ld = e->layer[l].ld;
    } else {
        const nd_ep_layer *below = &e->layer[l + 1];
        if (sound->real) in->drive = k->b->weight;
        in->term[in->terms++] =
            (nd_term){flat(below, B, sound->below, e->flat[0]), k->W->k,
                      padded(below) ? nd_ld(below->n) : below->ld, k->W->weight};
    }
}

/* The drive becomes the layer's own to add to. */
static void own_drive(const nd_ep *e, size_t l, size_t B, float *pre, nd_affine *in)
{
    const size_t ld = e->layer[l].ld;
    if (in->drive == pre) return;
    for (size_t b = 0; b < B; b++)
        memcpy(pre + b * ld, in->drive + b * in->drive_ld, ld * sizeof *pre);
    in->drive = pre;
    in->drive_ld = ld;
}

/* pre (B, ld) += the transposed convolution of what layer l-1 says. */
static void convolve_back(const nd_ep *e, size_t l, size_t B, const nd_ep_sound *sound,
                          float *pre)
{
    const nd_ep_link *k = &e->link[l - 1];
    const nd_converters *c = &e->converters;
    const size_t n = B * e->layer[l].ld;
    const bool ideal = nd_converters_are_ideal(c);
    const nd_conv_back t = {.g = k->g,
                            .B = B,
                            .upper =
                                nd_convert_states(c, B * e->layer[l - 1].ld, sound->above),
                            .argmax = sound->above_arg,
                            .flipped = k->down,
                            .out = ideal ? pre : c->sum,
                            .scratch = e->scratch};
    if (!ideal) memset(c->sum, 0, n * sizeof *c->sum);
    if (k->by_fft)
        nd_fft_conv_back(&k->fft, &t);
    else
        nd_kern()->conv_back(&t);
    if (ideal) return;
    nd_convert_sums(c, n, c->sum);
    nd_kern()->add(n, c->sum, pre);
}

/* From the layer above. */
static void hear_above(const nd_ep *e, size_t l, size_t B, const nd_ep_sound *sound,
                       nd_affine *in)
{
    const nd_ep_link *k = &e->link[l - 1];
    const nd_ep_layer *layer = &e->layer[l];
    if (k->conv) {
        own_drive(e, l, B, sound->pre, in);
        convolve_back(e, l, B, sound, sound->pre);
        return;
    }
    const nd_term term = {sound->above, k->W->n, e->layer[l - 1].ld,
                          k->back ? k->back->weight : k->down};
    if (!padded(layer)) {
        in->term[in->terms++] = term;
        return;
    }
    const nd_affine dense = {.B = B,
                             .n = layer->n,
                             .drive = e->zero.s[l],
                             .terms = 1,
                             .term = {term},
                             .out = e->flat[0]};
    nd_convert_affine(&e->converters, &dense);
    own_drive(e, l, B, sound->pre, in);
    add_padded(layer, B, e->flat[0], sound->pre);
}

void nd_ep_hear(const nd_ep *e, size_t l, size_t B, const nd_ep_sound *sound, nd_affine *in)
{
    const nd_ep_layer *layer = &e->layer[l];
    *in = (nd_affine){.B = B, .n = layer->n, .drive = e->zero.s[l]};
    hear_below(e, l, B, sound, in);
    if (sound->above) hear_above(e, l, B, sound, in);
    if (!padded(layer)) return;
    in->B = B * layer->pixels;
    in->n = layer->maps;
    in->drive_ld = in->drive_ld ? nd_ld(layer->maps) : 0;
}

/* ---- learning ---- */

void nd_ep_outer(const nd_net *net, size_t l, size_t B, float scale, nd_ep_pair one,
                 nd_ep_pair two)
{
    const nd_ep *e = nd_ep_of(net);
    const nd_ep_link *k = &e->link[l];
    const nd_ep_layer *below = &e->layer[l + 1];
    if (k->conv) {
        const nd_conv_hebb h = {.g = k->g,
                                .B = B,
                                .lower1 = one.pre,
                                .upper1 = one.post,
                                .argmax1 = one.arg,
                                .lower0 = two.pre,
                                .upper0 = two.post,
                                .argmax0 = two.arg,
                                .scale = scale,
                                .out = net->wanted,
                                .scratch = e->scratch};
        nd_kern()->conv_hebb(&h);
        return;
    }
    const nd_hebb h = {.B = B,
                       .k = below->n,
                       .n = e->layer[l].n,
                       .pre_ld = padded(below) ? nd_ld(below->n) : below->ld,
                       .pre1 = flat(below, B, one.pre, e->flat[0]),
                       .post1 = one.post,
                       .pre0 = flat(below, B, two.pre, e->flat[1]),
                       .post0 = two.post,
                       .scale = scale,
                       .out = net->wanted};
    nd_kern()->hebb(&h);
}

void nd_ep_outer_bias(const nd_net *net, size_t l, size_t B, float scale,
                      const float *post1, const float *post0)
{
    const nd_ep *e = nd_ep_of(net);
    const nd_ep_layer *layer = &e->layer[l];
    const nd_hebb h = {.B = B * layer->pixels,
                       .k = 1,
                       .n = layer->maps,
                       .pre1 = &e->one,
                       .pre0 = post0 ? &e->one : NULL,
                       .post1 = post1,
                       .post0 = post0,
                       .scale = scale,
                       .out = net->wanted};
    nd_kern()->hebb(&h);
}

/* e->change (B, ld) = a - b of layer l */
static const float *difference(const nd_ep *e, size_t l, size_t B, const float *a,
                               const float *b)
{
    nd_kern()->subtract(B * e->layer[l].ld, a, b, e->change);
    return e->change;
}

/* What of layer l changed that its weights learn from: vector-field updates see states, not
 * r of them. */
static const float *post_change(const nd_ep *e, size_t l, size_t B, const nd_ep_states *one,
                                const nd_ep_states *two)
{
    return e->free ? difference(e, l, B, one->s[l], two->s[l])
                   : difference(e, l, B, one->rho[l], two->rho[l]);
}

static void outer(const nd_net *net, const nd_ep_moment *m, size_t l, float scale,
                  const nd_ep_states *one, const nd_ep_states *two,
                  const nd_ep_states *before)
{
    const nd_ep *e = nd_ep_of(net);
    const size_t B = m->b->B;
    const nd_ep_pair nothing = {0};
    const bool first = l == e->L - 1;
    if (e->free || first) {
        /* pre-synaptic activity of one moment (the input is the same in both): one product
         * with the difference */
        const nd_ep_pair pair = {first ? m->x : before->rho[l + 1],
                                 post_change(e, l, B, one, two),
                                 first ? e->input_arg : before->arg[l]};
        nd_ep_outer(net, l, B, scale, pair, nothing);
        return;
    }
    const nd_ep_pair at_one = {one->rho[l + 1], one->rho[l], one->arg[l]};
    const nd_ep_pair at_two = {two->rho[l + 1], two->rho[l], two->arg[l]};
    nd_ep_outer(net, l, B, scale, at_one, at_two);
}

/* Backward weights of link l: from the layer above to the one below. A convolution's have
 * the shape of the forward ones. */
static void outer_back(const nd_net *net, size_t l, size_t B, float scale,
                       const nd_ep_states *one, const nd_ep_states *two,
                       const nd_ep_states *before)
{
    const nd_ep *e = nd_ep_of(net);
    const nd_ep_layer *below = &e->layer[l + 1];
    const float *change = difference(e, l + 1, B, one->s[l + 1], two->s[l + 1]);
    if (e->link[l].conv) {
        const nd_ep_pair pair = {change, before->rho[l], before->arg[l]}, nothing = {0};
        nd_ep_outer(net, l, B, scale, pair, nothing);
        return;
    }
    const nd_hebb h = {.B = B,
                       .k = e->layer[l].n,
                       .n = below->n,
                       .pre_ld = e->layer[l].ld,
                       .pre1 = before->rho[l],
                       .post1 = flat(below, B, change, e->flat[0]),
                       .scale = scale,
                       .out = net->wanted};
    nd_kern()->hebb(&h);
}

static size_t index_of(const nd_net *net, const nd_bank *bank)
{
    return (size_t)(bank - net->bank);
}

/* net->wanted is one repeat's share; the last one moves the bank by the sum. */
static void move(nd_net *net, const nd_ep_moment *m, const nd_bank *bank, size_t l)
{
    const size_t i = index_of(net, bank), n = nd_panels(bank->k, bank->n);
    float *sum = nd_ep_of(net)->sum[i];
    if (sum) {
        if (m->repeat == 0) memset(sum, 0, n * sizeof *sum);
        nd_kern()->add(n, net->wanted, sum);
        if (m->repeat + 1 < net->p.ep_nudge_repeats) return;
        memcpy(net->wanted, sum, n * sizeof *sum);
    }
    nd_net_move(net, i, l, m->b->at);
}

void nd_ep_move(nd_net *net, const nd_ep_moment *m, size_t l, const nd_ep_states *one,
                const nd_ep_states *two, const nd_ep_states *before, double per_beta)
{
    const nd_ep *e = nd_ep_of(net);
    const nd_batch *b = m->b;
    const nd_ep_link *k = &e->link[l];
    const double averaged = (double)b->B * (double)net->p.ep_nudge_repeats;
    const float scale = (float)(nd_net_scale(net, l, b->at) * per_beta / averaged);
    outer(net, m, l, scale, one, two, before);
    move(net, m, k->W, l);
    const bool raw = e->free;
    nd_ep_outer_bias(net, l, b->B, scale, (raw ? one->s : one->rho)[l],
                     (raw ? two->s : two->rho)[l]);
    move(net, m, k->b, l);
    if (!k->back) return;
    outer_back(net, l, b->B, scale, one, two, before);
    move(net, m, k->back, l);
}

/* ---- following the input's weights ---- */

bool nd_ep_follows(const nd_net *net)
{
    const nd_ep *e = nd_ep_of(net);
    const nd_ep_link *first = &e->link[e->L - 1];
    return net->p.ep_update == ND_UPDATE_CONTINUAL && !first->conv &&
           !nd_converts(&net->p) && nd_bank_exact(first->W) && nd_bank_exact(first->b) &&
           nd_optimiser_plain(&net->p, e->L - 1);
}

void nd_ep_follower_take(nd_net *net, nd_arena *a)
{
    nd_ep *e = nd_ep_of(net);
    const size_t B = (size_t)net->p.train_batch;
    e->follower = (nd_ep_follower){
        .x = nd_arena_take(a, nd_panels(e->layer[e->L].n, B), sizeof(float)),
        .gram = nd_arena_take(a, B * nd_ld(B), sizeof(float)),
        .ones = nd_arena_take(a, nd_ld(B), sizeof(float)),
        .sum = nd_arena_take(a, nd_panels(B, e->layer[e->L - 1].n), sizeof(float))};
}

/* gram = x x^T + 1: the bias is the weight of an input that is always 1. */
void nd_ep_gram(const nd_net *net, const nd_ep_moment *m)
{
    const nd_ep *e = nd_ep_of(net);
    const nd_ep_follower *f = &e->follower;
    const size_t B = m->b->B, n = e->layer[e->L].n, ld = e->layer[e->L].ld;
    for (size_t b = 0; b < B; b++)
        for (size_t i = 0; i < n; i++)
            f->x[nd_panel_at(n, i, b)] = m->x[b * ld + i];
    for (size_t b = 0; b < B; b++)
        f->ones[b] = 1.0f;
    const nd_affine gram = {.B = B,
                            .n = B,
                            .drive = f->ones,
                            .terms = 1,
                            .term = {{m->x, n, ld, f->x}},
                            .out = f->gram};
    nd_kern()->affine(&gram);
}

void nd_ep_follow(const nd_net *net, const nd_ep_moment *m, const nd_ep_states *one,
                  const nd_ep_states *two, double per_beta)
{
    const nd_ep *e = nd_ep_of(net);
    const nd_ep_follower *f = &e->follower;
    const size_t l = e->L - 1, B = m->b->B, ld = e->layer[l].ld;
    const double rate = nd_net_scale(net, l, m->b->at);
    const nd_hebb h = {.B = B,
                       .k = B,
                       .n = e->layer[l].n,
                       .pre_ld = nd_ld(B),
                       .pre1 = f->gram,
                       .post1 = post_change(e, l, B, one, two),
                       .scale = (float)(rate * per_beta / (double)B),
                       .out = f->sum};
    nd_kern()->hebb(&h);
    for (size_t p = 0; p < ld; p += ND_LANES)
        for (size_t b = 0; b < B; b++)
            nd_kern()->add(ND_LANES, f->sum + p * B + b * ND_LANES, e->drive + b * ld + p);
}

/* ---- angle ---- */

double nd_ep_angle(const nd_net *net)
{
    const nd_ep *e = nd_ep_of(net);
    double dot = 0, forward = 0, backward = 0;
    for (size_t l = 0; l + 1 < e->L; l++) {
        const nd_bank *W = e->link[l].W, *B = e->link[l].back;
        for (size_t i = 0; B && i < W->k; i++)
            for (size_t j = 0; j < W->n; j++) {
                const bool same = e->link[l].conv;
                const double w = (double)W->weight[nd_panel_at(W->k, i, j)];
                const double v =
                    (double)
                        B->weight[same ? nd_panel_at(W->k, i, j) : nd_panel_at(B->k, j, i)];
                dot += w * v, forward += w * w, backward += v * v;
            }
    }
    const double norm = sqrt(forward * backward);
    return norm > 0 ? dot / norm : (double)NAN;
}
