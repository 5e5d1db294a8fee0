/* choices.h -- small closed sets of names that a parameter may take. Larger sets, whose
 * rows carry help and code, are tables of their own: models.def, devices.def, ...
 *
 * C(enumerator, name) */
#ifndef NUDGE_CHOICES_H
#define NUDGE_CHOICES_H

#define ND_CHOICES_NUDGE(C)                                                                \
    C(ND_NUDGE_ONE_SIDED, "one-sided")                                                     \
    C(ND_NUDGE_RANDOM_SIGN, "random-sign")                                                 \
    C(ND_NUDGE_SYMMETRIC, "symmetric")                                                     \
    C(ND_NUDGE_NEGATIVE, "negative")                                                       \
    C(ND_NUDGE_HOLOMORPHIC, "holomorphic")
#define ND_CHOICES_PLACE(C)                                                                \
    C(ND_PLACE_OUTSIDE, "outside")                                                         \
    C(ND_PLACE_INSIDE, "inside")
#define ND_CHOICES_ORDER(C)                                                                \
    C(ND_ORDER_JACOBI, "jacobi")                                                           \
    C(ND_ORDER_EVEN_ODD, "even-odd")
#define ND_CHOICES_LOSS(C)                                                                 \
    C(ND_LOSS_SQUARED, "squared")                                                          \
    C(ND_LOSS_CROSS_ENTROPY, "cross-entropy")
#define ND_CHOICES_OUTPUT(C)                                                               \
    C(ND_OUTPUT_EXACT, "exact")                                                            \
    C(ND_OUTPUT_ERNOULT, "ernoult")
#define ND_CHOICES_YESNO(C)                                                                \
    C(ND_NO, "no")                                                                         \
    C(ND_YES, "yes")
#define ND_CHOICES_SYMMETRY(C)                                                             \
    C(ND_SYMMETRY_TIED, "tied")                                                            \
    C(ND_SYMMETRY_FREE, "free")
#define ND_CHOICES_START(C)                                                                \
    C(ND_START_ZERO, "zero")                                                               \
    C(ND_START_PERSISTENT, "persistent")
#define ND_CHOICES_UPDATE(C)                                                               \
    C(ND_UPDATE_AT_REST, "at-rest")                                                        \
    C(ND_UPDATE_CONTINUAL, "continual")
#define ND_CHOICES_NOISE_IN(C)                                                             \
    C(ND_NOISE_IN_NUDGED, "nudged")                                                        \
    C(ND_NOISE_IN_ALL, "all")
#define ND_CHOICES_NOISE_ON(C)                                                             \
    C(ND_NOISE_ON_PULSED, "pulsed")                                                        \
    C(ND_NOISE_ON_ALL, "all")
#define ND_CHOICES_SPREAD(C)                                                               \
    C(ND_SPREAD_DEVICE, "device")                                                          \
    C(ND_SPREAD_PAIR, "pair")
#define ND_CHOICES_BIASES(C)                                                               \
    C(ND_BIASES_MEMRISTIVE, "memristive")                                                  \
    C(ND_BIASES_IDEAL, "ideal")
#define ND_CHOICES_AUGMENT(C)                                                              \
    C(ND_AUGMENT_NONE, "none")                                                             \
    C(ND_AUGMENT_FLIP, "flip")                                                             \
    C(ND_AUGMENT_CROP, "crop")                                                             \
    C(ND_AUGMENT_FLIP_CROP, "flip-crop")
#define ND_CHOICES_SCHEDULE(C)                                                             \
    C(ND_SCHEDULE_CONSTANT, "constant")                                                    \
    C(ND_SCHEDULE_COSINE, "cosine")                                                        \
    C(ND_SCHEDULE_STEP, "step")
#define ND_CHOICES_DECAY_ON(C)                                                             \
    C(ND_DECAY_ON_ALL, "all")                                                              \
    C(ND_DECAY_ON_WEIGHTS, "weights")
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
typedef enum nd_loss { ND_CHOICES_LOSS(C) } nd_loss;
typedef enum nd_output { ND_CHOICES_OUTPUT(C) } nd_output;
typedef enum nd_yesno { ND_CHOICES_YESNO(C) } nd_yesno;
typedef enum nd_symmetry { ND_CHOICES_SYMMETRY(C) } nd_symmetry;
typedef enum nd_start { ND_CHOICES_START(C) } nd_start;
typedef enum nd_update { ND_CHOICES_UPDATE(C) } nd_update;
typedef enum nd_noise_in { ND_CHOICES_NOISE_IN(C) } nd_noise_in;
typedef enum nd_noise_on { ND_CHOICES_NOISE_ON(C) } nd_noise_on;
typedef enum nd_spread { ND_CHOICES_SPREAD(C) } nd_spread;
typedef enum nd_biases { ND_CHOICES_BIASES(C) } nd_biases;
typedef enum nd_augment { ND_CHOICES_AUGMENT(C) } nd_augment;
typedef enum nd_schedule { ND_CHOICES_SCHEDULE(C) } nd_schedule;
typedef enum nd_decay_on { ND_CHOICES_DECAY_ON(C) } nd_decay_on;
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
typedef enum nd_optimiser_id {
#define O(id, name, moments, help, source) ND_OPTIMISER_##id,
#include "nudge/optimisers.def"
#undef O
} nd_optimiser_id;

#endif
