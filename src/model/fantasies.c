/* fantasies.c -- Gibbs chains of a machine as it is, apart from those it learns by:
 * v ~ p(v | h), h ~ p(h | v). Those of a dbn's last machine, passed down through the
 * machines below, are what the whole network dreams (Hinton, Osindero & Teh 2006). */
#include "nudge/machine.h"

#include "rbm_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { HIDDEN, VISIBLE, KINDS }; /* of draws, told apart by their sub-stream */

struct nd_fantasies {
    const nd_net *net;
    const nd_rbm *m;
    size_t l, M;
    float *Wt;            /* panels (nh, nv)                      */
    float *v, *p, *drive; /* (M, nv) states, expectations and pre-activations */
    float *h, *x;         /* (M, nh) likewise                     */
    const uint8_t *held;  /* (M) labels, borrowed; NULL: none     */
    nd_at at;
    uint32_t t; /* sweeps so far */
    nd_converters converters;
    nd_arena arena;
};

static void room(nd_fantasies *f, nd_arena *a)
{
    const nd_rbm *m = f->m;
    f->Wt = nd_arena_take(a, nd_panels(m->nh, m->nv), sizeof *f->Wt);
    f->v = nd_arena_take(a, f->M * nd_ld(m->nv), sizeof *f->v);
    f->p = nd_arena_take(a, f->M * nd_ld(m->nv), sizeof *f->p);
    f->drive = nd_arena_take(a, f->M * nd_ld(m->nv), sizeof *f->drive);
    f->h = nd_arena_take(a, f->M * nd_ld(m->nh), sizeof *f->h);
    f->x = nd_arena_take(a, f->M * nd_ld(m->nh), sizeof *f->x);
    size_t widest = 0; /* of this machine and those below */
    for (size_t l = 0; l <= f->l; l++) {
        const nd_rbm *each = nd_machine_of(f->net, l);
        if (each->nv > widest) widest = each->nv;
        if (each->nh > widest) widest = each->nh;
    }
    nd_converters_take(&f->converters, &f->net->p, f->M, nd_ld(widest), a);
}

nd_code nd_fantasies_new(nd_fantasies **out, const nd_net *net, size_t l, size_t M,
                         nd_err *err)
{
    nd_fantasies *f = calloc(1, sizeof *f);
    *out = NULL;
    if (!f) return ND_FAIL(err, ND_ENOMEM, "no memory for Gibbs chains");
    f->net = net, f->l = l, f->M = M;
    f->m = nd_machine_of(net, l);
    nd_arena measure = {0};
    room(f, &measure);
    const nd_code code = nd_arena_new(&f->arena, measure.used, err);
    if (code != ND_OK) {
        free(f);
        return code;
    }
    room(f, &f->arena);
    nd_kern()->transpose(f->m->nv, f->m->nh, f->m->W->weight, f->Wt);
    *out = f;
    return ND_OK;
}

void nd_fantasies_free(nd_fantasies *f)
{
    if (!f) return;
    nd_arena_free(&f->arena);
    free(f);
}

/* Draws of sweep t: it takes the upper half of the key, since seeds have 32 bits. */
static nd_at place(const nd_fantasies *f, uint32_t kind)
{
    nd_at at = {.seed = f->at.seed | (uint64_t)f->t << 32,
                .stream = ND_STREAM_FANTASY,
                .epoch = f->at.epoch};
    return nd_at_sub(at, (uint32_t)f->l * KINDS + kind);
}

/* x = b + W v, h ~ p(h | v). */
static void up(nd_fantasies *f)
{
    const nd_rbm *m = f->m;
    const nd_affine x = {.B = f->M,
                         .n = m->nh,
                         .drive = m->b->weight,
                         .terms = 1,
                         .term = {{f->v, m->nv, nd_ld(m->nv), m->W->weight}},
                         .out = f->x};
    const nd_units h = {.B = f->M,
                        .n = m->nh,
                        .group = m->nh,
                        .unit = ND_UNIT_LOGISTIC,
                        .x = f->x,
                        .x_ld = nd_ld(m->nh),
                        .at = place(f, HIDDEN),
                        .s = f->h,
                        .ld = nd_ld(m->nh)};
    nd_convert_affine(&f->converters, &x);
    nd_kern()->units(&h);
}

static void put_labels(nd_fantasies *f)
{
    const nd_rbm *m = f->m;
    for (size_t i = 0; f->held && i < f->M; i++) {
        float *y = f->v + i * nd_ld(m->nv) + m->nx;
        memset(y, 0, m->C * sizeof *y);
        y[f->held[i]] = 1.0f;
    }
}

void nd_fantasies_start(nd_fantasies *f, size_t n, nd_at at)
{
    const nd_rbm *m = f->m;
    const size_t ld = nd_ld(m->nv);
    f->at = at;
    f->t = 0;
    for (size_t i = 0; i < f->M; i++) {
        memcpy(f->v + i * ld, m->v + i % n * ld, m->nx * sizeof *f->v);
        memset(f->v + i * ld + m->nx, 0, (ld - m->nx) * sizeof *f->v);
    }
    put_labels(f);
    up(f);
}

void nd_fantasies_hold(nd_fantasies *f, const uint8_t *label)
{
    f->held = label;
}

void nd_fantasies_step(nd_fantasies *f)
{
    const nd_rbm *m = f->m;
    const size_t ld = nd_ld(m->nv);
    const nd_affine down = {.B = f->M,
                            .n = m->nv,
                            .drive = m->a->weight,
                            .terms = 1,
                            .term = {{f->h, m->nh, nd_ld(m->nh), f->Wt}},
                            .out = f->drive};
    f->t++;
    const nd_units v = {.B = f->M,
                        .n = m->nv,
                        .group = m->nx,
                        .unit = m->visible,
                        .x = f->drive,
                        .x_ld = ld,
                        .at = place(f, VISIBLE),
                        .p = f->p,
                        .s = f->v,
                        .ld = ld};
    nd_convert_affine(&f->converters, &down);
    nd_kern()->units(&v);
    put_labels(f);
    up(f);
}

size_t nd_fantasies_units(const nd_fantasies *f)
{
    return f->m->nv;
}

const float *nd_fantasies_expected(const nd_fantasies *f, size_t *ld)
{
    *ld = nd_ld(f->m->nv);
    return f->p;
}

double nd_fantasies_free_energy(const nd_fantasies *f, size_t i)
{
    const nd_rbm *m = f->m;
    const float *v = f->v + i * nd_ld(m->nv), *x = f->x + i * nd_ld(m->nh);
    const bool gaussian = m->visible == ND_UNIT_GAUSSIAN;
    double F = 0;
    for (size_t k = 0; k < m->nv; k++) {
        const double a = (double)m->a->weight[k], s = (double)v[k];
        F += gaussian && k < m->nx ? (s - a) * (s - a) / 2 : -a * s;
    }
    for (size_t j = 0; j < m->nh; j++) {
        const double u = (double)x[j];
        F -= fmax(u, 0) + log1p(exp(-fabs(u)));
    }
    return F;
}

/* out (M, nv of m) = p(v | h), h with leading dimension ld_h. */
static nd_code below(const nd_fantasies *f, const nd_rbm *m, const float *h, size_t ld_h,
                     float *out, nd_err *err)
{
    float *Wt = malloc(nd_panels(m->nh, m->nv) * sizeof *Wt);
    if (!Wt) return ND_FAIL(err, ND_ENOMEM, "no memory for %zu weights", m->nv * m->nh);
    nd_kern()->transpose(m->nv, m->nh, m->W->weight, Wt);
    const nd_affine down = {.B = f->M,
                            .n = m->nv,
                            .drive = m->a->weight,
                            .terms = 1,
                            .term = {{h, m->nh, ld_h, Wt}},
                            .out = out};
    const nd_units v = {.B = f->M,
                        .n = m->nv,
                        .group = m->nv,
                        .unit = m->visible,
                        .x = out,
                        .x_ld = nd_ld(m->nv),
                        .p = out,
                        .ld = nd_ld(m->nv)};
    nd_convert_affine(&f->converters, &down);
    nd_kern()->units(&v);
    free(Wt);
    return ND_OK;
}

nd_code nd_fantasies_pixels(const nd_fantasies *f, float *pixels, nd_err *err)
{
    const size_t nx = nd_machine_of(f->net, 0)->nx;
    size_t widest = 0;
    for (size_t l = 0; l < f->l; l++) {
        const size_t ld = nd_ld(nd_machine_of(f->net, l)->nv);
        if (ld > widest) widest = ld;
    }
    float *const memory = calloc(2 * f->M * widest + 1, sizeof *memory);
    if (!memory) return ND_FAIL(err, ND_ENOMEM, "no memory for %zu fantasies", f->M);
    nd_code code = ND_OK;
    const float *now = f->p;
    size_t ld = nd_ld(f->m->nv);
    for (size_t l = f->l; l-- > 0 && code == ND_OK;) {
        const nd_rbm *lower = nd_machine_of(f->net, l);
        float *next = memory + l % 2 * f->M * widest;
        code = below(f, lower, now, ld, next, err);
        now = next;
        ld = nd_ld(lower->nv);
    }
    for (size_t i = 0; code == ND_OK && i < f->M; i++)
        memcpy(pixels + i * nx, now + i * ld, nx * sizeof *pixels);
    free(memory);
    return code;
}
