/* choices.h -- small closed sets of names that a parameter may take. Larger sets, whose
 * rows carry help and code, are tables of their own: models.def, devices.def, ...
 *
 * C(enumerator, name) */
#ifndef NUDGE_CHOICES_H
#define NUDGE_CHOICES_H

#define ND_CHOICES_NUDGE(C)                                                                \
    C(ND_NUDGE_ONE_SIDED, "one-sided")                                                     \
    C(ND_NUDGE_RANDOM_SIGN, "random-sign")                                                 \
    C(ND_NUDGE_SYMMETRIC, "symmetric")
#define ND_CHOICES_PLACE(C)                                                                \
    C(ND_PLACE_OUTSIDE, "outside")                                                         \
    C(ND_PLACE_INSIDE, "inside")
#define ND_CHOICES_ORDER(C)                                                                \
    C(ND_ORDER_JACOBI, "jacobi")                                                           \
    C(ND_ORDER_EVEN_ODD, "even-odd")
#define ND_CHOICES_NOISE_ON(C)                                                             \
    C(ND_NOISE_ON_PULSED, "pulsed")                                                        \
    C(ND_NOISE_ON_ALL, "all")
#define ND_CHOICES_SPREAD(C)                                                               \
    C(ND_SPREAD_DEVICE, "device")                                                          \
    C(ND_SPREAD_PAIR, "pair")
#define ND_CHOICES_BIASES(C)                                                               \
    C(ND_BIASES_MEMRISTIVE, "memristive")                                                  \
    C(ND_BIASES_IDEAL, "ideal")
#define ND_CHOICES_FAULT(C)                                                                \
    C(ND_FAULT_NONE, "none")                                                               \
    C(ND_FAULT_SEGV, "segv")                                                               \
    C(ND_FAULT_KILL, "kill")                                                               \
    C(ND_FAULT_OOM, "oom")                                                                 \
    C(ND_FAULT_HANG, "hang")                                                               \
    C(ND_FAULT_NAN, "nan")

#define C(id, name) id,
typedef enum nd_nudge { ND_CHOICES_NUDGE(C) } nd_nudge;
typedef enum nd_place { ND_CHOICES_PLACE(C) } nd_place;
typedef enum nd_order { ND_CHOICES_ORDER(C) } nd_order;
typedef enum nd_noise_on { ND_CHOICES_NOISE_ON(C) } nd_noise_on;
typedef enum nd_spread { ND_CHOICES_SPREAD(C) } nd_spread;
typedef enum nd_biases { ND_CHOICES_BIASES(C) } nd_biases;
typedef enum nd_fault { ND_CHOICES_FAULT(C) } nd_fault;
#undef C

/* The registries, as enumerations in the order of their rows: ND_MODEL_ep_prototypical, ...
 */
typedef enum nd_model_id {
#define M(id, name, help, source) ND_MODEL_##id,
#include "nudge/models.def"
#undef M
} nd_model_id;
typedef enum nd_device_id {
#define D(id, name, help, source) ND_DEVICE_##id,
#include "nudge/devices.def"
#undef D
} nd_device_id;
typedef enum nd_program_id {
#define R(id, name, help, source) ND_PROGRAM_##id,
#include "nudge/programs.def"
#undef R
} nd_program_id;
typedef enum nd_activation_id {
#define A(id, name, formula, source) ND_ACTIVATION_##id,
#include "nudge/activations.def"
#undef A
} nd_activation_id;
typedef enum nd_dataset_id {
#define S(id, name, help, source) ND_DATASET_##id,
#include "nudge/datasets.def"
#undef S
} nd_dataset_id;

#endif
