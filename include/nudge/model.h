/* model.h -- energy-based learners behind one table of operations.
 *
 * EP networks and Boltzmann machines are both contrastive two-phase learners: settle
 * without a teacher, settle with one (or apart from the data), and move every weight by the
 * difference of what the two phases say. A row of the table says how one family of models
 * does it; the loop around it is in trial.c, what the weights are made of in device.h. */
#ifndef NUDGE_MODEL_H
#define NUDGE_MODEL_H

#include "nudge/bytes.h"
#include "nudge/converters.h"
#include "nudge/dataset.h"
#include "nudge/device.h"
#include "nudge/optimiser.h"

/* A mini-batch, ready to settle on. Padding of x and y is 0. */
typedef struct nd_batch {
    size_t B;
    const float *x; /* (B, features), pixels 0..1, leading dimension nd_ld(features) */
    const float *y; /* (B, classes), one-hot, leading dimension nd_ld(classes)       */
    const uint8_t *label;  /* (B) */
    const uint32_t *which; /* (B) which of shape.examples each is                    */
    nd_at at;    /* seed, epoch and batch for whatever is random here             */
    bool judged; /* validation or test: nothing will be learned from it          */
} nd_batch;

typedef enum nd_phase {
    ND_PHASE_FREE, /* no teacher: EP's free phase           */
    ND_PHASE_PLUS, /* nudged towards the target, +beta      */
    ND_PHASE_MINUS /* nudged away from it, -beta            */
} nd_phase;

/* Sums over samples; divide by `samples`. */
typedef struct nd_tally {
    uint64_t samples, errors;
    double loss;
} nd_tally;

/* What settling took, by nd_phase; a Boltzmann machine's nudged phase is the negative one,
 * its steps Gibbs sweeps. */
typedef struct nd_effort {
    uint64_t phases[3], steps[3];
    uint64_t swaps, swapped; /* parallel tempering: proposed, accepted */
} nd_effort;

enum { ND_BANKS_MAX = 3 * ND_LIST_MAX };

typedef struct nd_model_ops nd_model_ops;

/* A network in training. Everything but this struct and `state` lies in one arena. */
typedef struct nd_net {
    const nd_model_ops *ops;
    nd_params p;
    nd_shape shape;
    size_t batch_max; /* samples that the buffers hold */
    nd_bank bank[ND_BANKS_MAX];
    nd_optimiser optimiser[ND_BANKS_MAX]; /* of each bank */
    size_t n_banks;
    float *wanted, *scratch; /* as large as the largest bank */
    nd_effort effort;        /* so far */
    double loss;             /* mean of the mini-batch that is learnt from */
    bool fftw;               /* numbers come out of FFTW: not the same on all machines */
    void *state;             /* the model's own, owned */
    nd_arena arena;
} nd_net;

/* What a trial of these parameters takes. */
typedef struct nd_cost {
    size_t bytes;          /* memory of one trial                         */
    double flops;          /* floating-point operations to train a sample */
    double flops_predict;  /* and to predict one                          */
    double flops_evaluate; /* and for an evaluation beside the errors     */
} nd_cost;

struct nd_model_ops {
    const char *name;
    size_t state_bytes;
    /* Refuses parameters that do not fit each other or the data: ND_EINPUT, with a remedy.
     */
    nd_code (*check)(const nd_params *p, nd_shape shape, nd_err *err);
    /* Carves banks and buffers; called twice, to measure and to take. */
    void (*layout)(nd_net *net, nd_arena *a);
    /* Gets what cannot lie in the arena, and gives it back, also after a failure or without
     * `open`; NULL: there is nothing. */
    nd_code (*open)(nd_net *net, nd_err *err);
    void (*close)(nd_net *net);
    void (*init)(nd_net *net);
    /* Brings the states of a phase to rest. FREE comes first in every mini-batch. */
    void (*settle)(nd_net *net, const nd_batch *b, nd_phase phase);
    /* After FREE: runs the other phases, contrasts, and programs every bank. */
    void (*learn)(nd_net *net, const nd_batch *b);
    /* After FREE: adds the mini-batch to the tally. */
    void (*predict)(const nd_net *net, const nd_batch *b, nd_tally *t);
    /* After FREE: the fraction of hidden and output states at the bounds of their
     * activation; NULL: the model has no such bounds. */
    double (*pinned)(const nd_net *net, const nd_batch *b);
    /* Fills the flops, and adds to the bytes what does not lie in the arena. */
    void (*cost)(const nd_params *p, nd_shape shape, nd_cost *c);
    /* What else there is to know of the network as it is, by nd_metric_id; the others stay as
     * they are. Measured on this mini-batch, which is settled for it, and no weight moves.
     * NULL: nothing. */
    void (*report)(nd_net *net, const nd_batch *b, double value[]);
    /* The l-th Boltzmann machine that the model is made of, from the pixels up, or NULL; NULL:
     * it is made of none. See machine.h. */
    const struct nd_rbm *(*machine)(const nd_net *net, size_t l);
    /* Which of them learns in an epoch; NULL: the first. */
    size_t (*learner)(const nd_net *net, uint32_t epoch);
};

const nd_model_ops *nd_model_at(nd_model_id id);

/* Checks p against the data and says what a trial will take. */
ND_MUST nd_code nd_net_plan(const nd_params *p, nd_shape shape, nd_cost *cost, nd_err *err);

/* A network with its first weights. After this, training allocates nothing. */
ND_MUST nd_code nd_net_new(nd_net *net, const nd_params *p, nd_shape shape, nd_err *err);
void nd_net_free(nd_net *net);

/* All in which a network in training differs from a new one of the same parameters: its
 * arena and a few counters, appended. The numbers are the same on all ISAs. */
void nd_net_save(const nd_net *net, nd_text *out);
/* Into a network of the same parameters. False, with nothing changed, unless what is left at
 * the cursor is exactly such a network. */
bool nd_net_load(nd_net *net, nd_cursor *c);

/* ---- learning, for the models ----
 *
 * A model estimates minus the gradient of its loss for the weights of one bank, leaves it
 * in net->wanted multiplied by nd_net_scale, and calls nd_net_move. `rate` is the index into
 * train.rates and train.decay. With plain gradient descent the scale is the learning rate
 * itself, so that no pass over the matrix is spent on it; otherwise the optimiser has its
 * turn in nd_net_move. at.epoch sets the place in train.schedule. */
double nd_net_scale(const nd_net *net, size_t rate, nd_at at);
void nd_net_move(nd_net *net, size_t bank, size_t rate, nd_at at);

/* train.rates and train.decay have one value, or one for each of n matrices: else
 * ND_EINPUT. */
ND_MUST nd_code nd_rates_check(const nd_params *p, size_t n, nd_err *err);

/* Samples that predict best together: evaluation is not bound to the training's mini-batch.
 */
enum { ND_EVAL_BATCH = 100 };

#endif
