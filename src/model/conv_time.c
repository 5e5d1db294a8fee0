/* conv_time.c -- convolutions both ways, by the clock. */
#include "nudge/conv_time.h"

#include "nudge/clock.h"
#include "nudge/fft_conv.h"
#include "nudge/model.h"

#include "stack_impl.h"

/* One convolution with states and weights that are nothing in particular. */
typedef struct bed {
    nd_conv_forward up;
    nd_conv_back down;
    nd_fft_conv fft;
    float *flipped;
    bool back;
} bed;

static float *noise(nd_arena *a, size_t n, uint32_t stream)
{
    float *x = nd_arena_take(a, n, sizeof *x);
    const nd_at at = {.seed = 1, .stream = stream};
    if (x) nd_kern()->uniforms(at, n, 0.1f, 1.0f, x);
    return x;
}

/* Called to measure, then to take. Padding lanes hold noise too: sums are not looked at. */
static void layout(bed *t, const nd_conv *g, size_t B, bool back, nd_arena *a)
{
    const size_t upper = B * nd_conv_upper(g);
    *t = (bed){.back = back};
    nd_fft_conv_take(&t->fft, g, back, a);
    size_t scratch = nd_fft_conv_scratch(&t->fft);
    if (nd_conv_forward_scratch(g) > scratch) scratch = nd_conv_forward_scratch(g);
    if (nd_conv_back_scratch(g) > scratch) scratch = nd_conv_back_scratch(g);
    t->up = (nd_conv_forward){.g = *g,
                              .B = B,
                              .lower = noise(a, B * g->image, 1),
                              .w = noise(a, nd_panels(nd_conv_k(g), g->maps), 2),
                              .bias = noise(a, nd_ld(g->maps), 3),
                              .out = noise(a, upper, 4),
                              .argmax = nd_arena_take(a, upper, 1),
                              .scratch = nd_arena_take(a, scratch, sizeof(float))};
    t->flipped = back ? nd_arena_take(a, nd_conv_flipped(g), sizeof(float)) : NULL;
    t->down = (nd_conv_back){.g = *g,
                             .B = B,
                             .upper = noise(a, upper, 5),
                             .argmax = t->up.argmax,
                             .flipped = t->flipped,
                             .out = back ? noise(a, B * g->image, 6) : NULL,
                             .scratch = t->up.scratch};
}

static nd_code bed_open(bed *t, const nd_conv *g, size_t B, bool back, nd_arena *a,
                        nd_err *err)
{
    nd_arena measure = {0};
    ND_TRY(nd_fft_conv_check(g, err));
    layout(t, g, B, back, &measure);
    ND_TRY(nd_arena_new(a, measure.used, err));
    layout(t, g, B, back, a);
    const nd_code code = nd_fft_conv_open(&t->fft, err);
    if (code != ND_OK) nd_arena_free(a);
    return code;
}

static void bed_close(bed *t, nd_arena *a)
{
    nd_fft_conv_close(&t->fft);
    nd_arena_free(a);
}

/* ---- what is timed ---- */

static void step_direct(const bed *t)
{
    nd_kern()->conv(&t->up);
    if (t->back) nd_kern()->conv_back(&t->down);
}
static void step_fft(const bed *t)
{
    nd_fft_conv_forward(&t->fft, &t->up);
    if (t->back) nd_fft_conv_back(&t->fft, &t->down);
}
static void learn_direct(const bed *t)
{
    if (t->back) nd_kern()->conv_flip(&t->up.g, t->up.w, t->flipped);
}
static void learn_fft(const bed *t)
{
    nd_fft_conv_learn_up(&t->fft, t->up.w, t->up.scratch);
    if (t->back) nd_fft_conv_learn_down(&t->fft, t->up.w, t->up.scratch);
}

/* The shortest of calls for about `seconds`, at least two, after one to warm up. */
static double shortest(void (*call)(const bed *), const bed *t, double seconds)
{
    double best = 0;
    call(t);
    const double start = nd_now();
    for (int i = 0; i < 2 || nd_now() - start < seconds; i++) {
        const double from = nd_now();
        call(t);
        const double took = nd_now() - from;
        if (!i || took < best) best = took;
    }
    return best;
}

nd_code nd_conv_time_up(const nd_conv *g, size_t B, double seconds, double *direct,
                        double *fft, nd_err *err)
{
    bed t;
    nd_arena a = {0};
    ND_TRY(bed_open(&t, g, B, false, &a, err));
    learn_fft(&t);
    *direct = shortest(step_direct, &t, seconds) / (double)B;
    *fft = shortest(step_fft, &t, seconds) / (double)B;
    bed_close(&t, &a);
    return ND_OK;
}

/* Steps of all phases for one mini-batch. */
static double steps_of(const nd_params *p)
{
    const int64_t parts = 2 * (p->ep_points / 2 + 1); /* two of each point */
    const int64_t phases = p->ep_nudge == ND_NUDGE_SYMMETRIC     ? 2
                           : p->ep_nudge == ND_NUDGE_HOLOMORPHIC ? parts
                                                                 : 1;
    return (double)(p->ep_T + phases * p->ep_K);
}

static nd_code measure(const nd_params *p, nd_conv_time *out, double seconds, nd_err *err)
{
    bed t;
    nd_arena a = {0};
    const size_t B = (size_t)p->train_batch;
    const bool continual = p->ep_update == ND_UPDATE_CONTINUAL;
    ND_TRY(bed_open(&t, &out->g, B, !out->input, &a, err));
    /* how often weights move for each time that states do */
    const double steps = steps_of(p), moves = continual ? (double)p->ep_K : 1;
    const double share = out->input ? 1 : moves / steps;
    out->times = out->input ? moves : steps;
    learn_direct(&t);
    out->direct = shortest(step_direct, &t, seconds);
    out->direct += share * shortest(learn_direct, &t, 0);
    const double learn = shortest(learn_fft, &t, 0);
    out->fft = shortest(step_fft, &t, seconds) + share * learn;
    out->direct /= (double)B, out->fft /= (double)B;
    bed_close(&t, &a);
    return ND_OK;
}

nd_code nd_conv_time_all(const nd_params *p, nd_shape shape, double seconds,
                         nd_conv_time out[ND_LIST_MAX], size_t *n, nd_err *err)
{
    nd_stack stack;
    *n = 0;
    if (p->model_kind != ND_MODEL_ep_conv) return ND_OK;
    ND_TRY(nd_stack_parse(p->model_stack.s, shape.rows, shape.cols, shape.channels, &stack,
                          err));
    for (size_t i = 0; i < stack.convs; i++) {
        out[i] = (nd_conv_time){.g = stack.layer[i].conv, .input = i == 0};
        ND_TRY(measure(p, &out[i], seconds, err));
        *n = i + 1;
    }
    return ND_OK;
}
