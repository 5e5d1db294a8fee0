/* machine.h -- the Boltzmann machines of a trained network: their parameters in double
 * precision, what they see of the data, and what they say when they are left alone.
 *
 *     nd_machine_count(&net)                             machines, from the pixels up
 *     nd_machine_read(&net, l, &m, err) ... m.view       for everything in boltzmann.h
 *     nd_fantasies_new(&f, &net, l, M, err) ...          Gibbs chains, in kernels
 *
 * rbm and drbm are one machine, dbn is a stack. Labels, where the machine has them, are the
 * last of its visible units; here they are a group of their own. */
#ifndef NUDGE_MACHINE_H
#define NUDGE_MACHINE_H

#include "nudge/boltzmann.h"
#include "nudge/model.h"

/* Machines of the network; 0: it is no Boltzmann machine. */
size_t nd_machine_count(const nd_net *net);

/* The machine that learns in an epoch, counted from 1 (0 or later: as in the last one). */
size_t nd_machine_learner(const nd_net *net, uint32_t epoch);

/* Labels among the visible units of machine l; 0: none. */
size_t nd_machine_classes(const nd_net *net, size_t l);

typedef struct nd_machine {
    nd_boltzmann view;
    bool gaussian;  /* visible units are normal of variance 1: E has |v - a|^2/2 for -a.v */
    double *memory; /* owned */
} nd_machine;

/* Copies machine l as it is. ND_ENOMEM. */
ND_MUST nd_code nd_machine_read(const nd_net *net, size_t l, nd_machine *out, nd_err *err);
void nd_machine_free(nd_machine *m);

/* v (n, pixels or features): what machine l saw of the first n samples of the mini-batch
 * that was settled last, without labels. For l above the learner's only if it was judged. */
void nd_machine_seen(const nd_net *net, size_t l, size_t n, double *v);

/* Mean over data of the free energy, and of (v - mean of v given h)^2 per visible unit after
 * one mean-field step up and down; of Gaussian machines too. ND_ENOMEM. */
double nd_machine_free_energy(const nd_machine *m, const nd_boltzmann_data *data);
ND_MUST nd_code nd_machine_reconstruction(const nd_machine *m,
                                          const nd_boltzmann_data *data, double *error,
                                          nd_err *err);

/* ---- fantasies.c: chains ---- */

/* M Gibbs chains h -> v -> h of one machine with the weights that it had at the start. */
typedef struct nd_fantasies nd_fantasies;

ND_MUST nd_code nd_fantasies_new(nd_fantasies **out, const nd_net *net, size_t l, size_t M,
                                 nd_err *err);
void nd_fantasies_free(nd_fantasies *f); /* NULL is fine */

/* Hidden units drawn given what the machine saw last, in turn (see nd_machine_seen; n
 * samples of it), labels off. at: seed and epoch; the rest of the place is the chains'. */
void nd_fantasies_start(nd_fantasies *f, size_t n, nd_at at);

/* From now on chain i has label[i] (M); only for machines with labels. */
void nd_fantasies_hold(nd_fantasies *f, const uint8_t *label);

/* One sweep. */
void nd_fantasies_step(nd_fantasies *f);

/* Visible units of a chain, labels included. */
size_t nd_fantasies_units(const nd_fantasies *f);

/* p(v | h) of the last sweep, from which its visible units were drawn: (M, units), leading
 * dimension *ld, labels last. */
const float *nd_fantasies_expected(const nd_fantasies *f, size_t *ld);

/* Free energy of the visible units of chain i, as they are. */
double nd_fantasies_free_energy(const nd_fantasies *f, size_t i);

/* pixels (M, pixels of the data): the visible units of the last sweep, passed down through
 * the machines below; expectations, not samples, at the end. ND_ENOMEM. */
ND_MUST nd_code nd_fantasies_pixels(const nd_fantasies *f, float *pixels, nd_err *err);

#endif
