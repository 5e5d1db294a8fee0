/* rbm_impl.h -- one restricted Boltzmann machine: what the models rbm, drbm and dbn are
 * made of. The equations are in rbm.c, the chains of the negative phase in rbm_chains.c. */
#ifndef NUDGE_RBM_IMPL_H
#define NUDGE_RBM_IMPL_H

#include "model_impl.h"

/* What a draw is for; with the machine's layer, the chain and the sweep it names the draw. */
typedef enum nd_draw {
    ND_DRAW_PIXELS,   /* visible units from grey pixels               */
    ND_DRAW_FEATURES, /* hidden units for a classifier, the next layer */
    ND_DRAW_DATA,     /* hidden units in the statistics of the data   */
    ND_DRAW_START,    /* hidden units that a chain starts from        */
    ND_DRAW_VISIBLE,  /* sweeps of the chains                         */
    ND_DRAW_HIDDEN,
    ND_DRAW_SWAP,         /* exchanges of replicas                        */
    ND_DRAW_VOTER_HIDDEN, /* sweeps between hidden units and labels       */
    ND_DRAW_VOTER_LABEL,
    ND_DRAW_CLASS /* the classifier's own label */
} nd_draw;

/* Chains of the negative phase: M in each of `sets`, one set for each of rbm.chains; cd
 * needs no more than one, since its chains do not last. With parallel tempering each chain
 * has R replicas, row r M + m; they keep their rows and exchange temperatures. */
typedef struct nd_chains {
    size_t sets, M, R, rows; /* rows = R M */
    float *h;                /* (sets, rows, nh) hidden states              */
    float *drive, *v;        /* (rows, nv) pre-activations and states       */
    float *x, *p;            /* (rows, nh) pre-activations, expectations    */
    /* parallel tempering */
    float *beta;            /* (sets, rows) inverse temperature of a replica     */
    uint32_t *at;           /* (sets, R, M) row of the r-th coldest of chain m   */
    float *energy, *ratio;  /* (rows) of the replicas, and of the proposals      */
    float *cold_v, *cold_h; /* (M, nv), (M, nh) the replicas at 1                */
} nd_chains;

/* Visible units v = (x, y): nx pixels or features, and C labels (0: none). */
typedef struct nd_rbm {
    size_t nx, C, nv, nh;
    nd_unit visible;     /* what pixels are: ND_UNIT_LOGISTIC or ND_UNIT_GAUSSIAN */
    uint32_t layer;      /* place in a stack, from 0 */
    size_t rate, bank;   /* index into train.rates; of W in net->bank, a and b follow */
    nd_bank *W, *a, *b;  /* panels (nv, nh), (1, nv), (1, nh) */
    float *Wt;           /* panels (nh, nv): the way down, as of this update */
    float *v, *x, *h;    /* data: states (B, nv), pre-activations and states (B, nh) */
    float *da, *db;      /* wanted changes (1, nv), (1, nh) */
    float *bias_scratch; /* as large as either */
    float *target;       /* (1, nh) rbm.sparsity_cost times rbm.sparsity */
    nd_chains chains;
    nd_converters converters;
} nd_rbm;

/* States of the model: v (B, nv), h (B, nh), leading dimensions nd_ld. */
typedef struct nd_fantasy {
    const float *v, *h;
} nd_fantasy;

enum { ND_RBM_BANKS = 3 };

/* Refuses rbm.* parameters that do not fit each other. */
ND_MUST nd_code nd_rbm_check(const nd_params *p, nd_err *err);
/* ... and layers that do not begin and end as the data do. */
ND_MUST nd_code nd_rbm_check_ends(const nd_params *p, nd_shape shape, nd_err *err);
/* The same of a machine that is not deep; what: such as "a drbm", for the message. */
ND_MUST nd_code nd_rbm_check_three(const nd_params *p, nd_shape shape, const char *what,
                                   nd_err *err);
/* ... and objectives that need a drbm. */
ND_MUST nd_code nd_rbm_check_joint(const nd_params *p, nd_err *err);
/* What pixels are, by rbm.visible. */
nd_unit nd_rbm_visible(const nd_params *p);

/* Carves m, whose sizes, visible, layer, rate and bank are set. */
void nd_rbm_take(nd_rbm *m, nd_net *net, nd_arena *a);
void nd_rbm_init(nd_rbm *m, const nd_net *net);

/* The place of draw i of a kind: `sweep` counts within an update. */
nd_at nd_rbm_at(const nd_rbm *m, nd_at at, nd_draw what, size_t chain, size_t sweep);

/* v = pixels of the mini-batch as `chain` sees them, without labels. */
void nd_rbm_show(const nd_rbm *m, const nd_params *p, const nd_batch *b, size_t chain);
/* x = b + W v. */
void nd_rbm_up(const nd_rbm *m, size_t B);
/* Hidden units given x, as the layer above sees them: columns nh .. ld-1 of out become 0. */
void nd_rbm_features(const nd_rbm *m, const nd_params *p, const nd_batch *b, float *out,
                     size_t ld);
/* The labels of the mini-batch into v and x; their weights are added to what x is or, where
 * converters round sums, x is worked out anew. */
void nd_rbm_tell(const nd_rbm *m, const nd_batch *b);

/* Leaves `weight` times the rate times the contrast of data (v and x, labels told) and
 * model in net->wanted, m->da and m->db, or adds it to what is there. Returns the model's
 * states of the last chain. */
nd_fantasy nd_rbm_contrast(nd_net *net, nd_rbm *m, const nd_batch *b, double weight,
                           bool add);
/* Programs what is wanted. */
void nd_rbm_move(nd_net *net, const nd_rbm *m, nd_at at);

/* Operations for one update of the machine, and for one pass up, of a sample. */
double nd_rbm_flops(const nd_params *p, size_t nv, size_t nh);
double nd_rbm_flops_up(size_t nv, size_t nh);
/* Adds what rbm.evaluate takes for a machine with nx + C visible units. */
void nd_rbm_cost_evaluation(const nd_params *p, nd_shape shape, size_t nx, size_t C,
                            size_t nh, nd_cost *c);

/* Machine l of the network, or NULL (machine.c). */
const nd_rbm *nd_machine_of(const nd_net *net, size_t l);

/* ---- rbm_chains.c ---- */

void nd_chains_take(nd_rbm *m, const nd_params *p, size_t batch, nd_arena *a);
void nd_chains_init(const nd_rbm *m, const nd_params *p);
/* rbm.k sweeps of chains `set`; cd starts them from the data's x. */
nd_fantasy nd_chains_run(nd_net *net, const nd_rbm *m, size_t set, const nd_batch *b);

/* ---- rbm_labels.c: machines with labels ---- */

typedef struct nd_reader {
    float *energy; /* (B, C) minus the free energy of every label */
    float *d, *U,
        *Ut; /* biases and weights of the labels: (1, C), panels (C, nh), (nh, C) */
    float *y, *drive, *votes; /* (B, C) */
    float *v, *drive_v;       /* (B, nv) of voters with free pixels */
    float *h, *x;             /* (B, nh) */
} nd_reader;

void nd_reader_take(nd_reader *r, const nd_rbm *m, size_t B, nd_arena *a);
/* Minus the free energy of every label given m->x, into r->energy. */
void nd_reader_read(const nd_reader *r, const nd_rbm *m, size_t B);
/* Votes of rbm.voters chains given m->x, into r->votes. */
void nd_reader_vote(const nd_reader *r, const nd_rbm *m, const nd_params *p,
                    const nd_batch *b);
/* After nd_reader_read: adds the mini-batch to the tally, by rbm.inference if judged. */
void nd_reader_predict(const nd_reader *r, const nd_rbm *m, const nd_params *p,
                       const nd_batch *b, nd_tally *t);
double nd_reader_flops(const nd_params *p, size_t nv, size_t nh, size_t C, bool judged);

#endif
