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
#define ND_CHOICES_CONVOLUTION(C)                                                          \
    C(ND_CONVOLUTION_DIRECT, "direct")                                                     \
    C(ND_CONVOLUTION_FFT, "fft")
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
#define ND_CHOICES_SYNAPSE(C)                                                              \
    C(ND_SYNAPSE_PAIR, "pair")                                                             \
    C(ND_SYNAPSE_SINGLE, "single")                                                         \
    C(ND_SYNAPSE_ONE_SIDED, "one-sided")
#define ND_CHOICES_TURNS(C)                                                                \
    C(ND_TURNS_ALL, "all")                                                                 \
    C(ND_TURNS_IN_TURN, "in-turn")
#define ND_CHOICES_C2C(C)                                                                  \
    C(ND_C2C_OF_RANGE, "range")                                                            \
    C(ND_C2C_OF_STEP, "step")                                                              \
    C(ND_C2C_OF_SQRT, "sqrt")
#define ND_CHOICES_D2D(C)                                                                  \
    C(ND_D2D_LOG_NORMAL, "log-normal")                                                     \
    C(ND_D2D_NORMAL, "normal")
#define ND_CHOICES_LEVELS(C)                                                               \
    C(ND_LEVELS_BELOW, "below")                                                            \
    C(ND_LEVELS_NEAREST, "nearest")
#define ND_CHOICES_BIASES(C)                                                               \
    C(ND_BIASES_MEMRISTIVE, "memristive")                                                  \
    C(ND_BIASES_IDEAL, "ideal")
#define ND_CHOICES_GRADIENT(C)                                                             \
    C(ND_GRADIENT_ROWS, "rows")                                                            \
    C(ND_GRADIENT_COLUMNS, "columns")                                                      \
    C(ND_GRADIENT_RADIAL, "radial")
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
#define ND_CHOICES_OBJECTIVE(C)                                                            \
    C(ND_OBJECTIVE_JOINT, "joint")                                                         \
    C(ND_OBJECTIVE_DISCRIMINATIVE, "discriminative")                                       \
    C(ND_OBJECTIVE_HYBRID, "hybrid")
#define ND_CHOICES_NEGATIVE(C)                                                             \
    C(ND_NEGATIVE_CD, "cd")                                                                \
    C(ND_NEGATIVE_PCD, "pcd")                                                              \
    C(ND_NEGATIVE_PT, "pt")
#define ND_CHOICES_STATISTICS(C)                                                           \
    C(ND_STATISTICS_SAMPLED, "sampled")                                                    \
    C(ND_STATISTICS_MEAN_FIELD, "mean-field")
#define ND_CHOICES_PIXELS(C)                                                               \
    C(ND_PIXELS_BERNOULLI, "bernoulli")                                                    \
    C(ND_PIXELS_THRESHOLD, "threshold")                                                    \
    C(ND_PIXELS_GREY, "grey")
#define ND_CHOICES_VISIBLE(C)                                                              \
    C(ND_VISIBLE_BINARY, "binary")                                                         \
    C(ND_VISIBLE_GAUSSIAN, "gaussian")
#define ND_CHOICES_INFERENCE(C)                                                            \
    C(ND_INFERENCE_FREE_ENERGY, "free-energy")                                             \
    C(ND_INFERENCE_VOTING, "voting")
#define ND_CHOICES_SEES(C)                                                                 \
    C(ND_SEES_DATA, "data")                                                                \
    C(ND_SEES_RECONSTRUCTION, "reconstruction")
#define ND_CHOICES_VOTING(C)                                                               \
    C(ND_VOTING_CLAMPED, "clamped")                                                        \
    C(ND_VOTING_FREE, "free")
#define ND_CHOICES_EVALUATE(C)                                                             \
    C(ND_EVALUATE_NONE, "none")                                                            \
    C(ND_EVALUATE_QUICK, "quick")                                                          \
    C(ND_EVALUATE_FULL, "full")
#define ND_CHOICES_MINI_BATCHES(C)                                                         \
    C(ND_MINI_BATCHES_SHUFFLED, "shuffled")                                                \
    C(ND_MINI_BATCHES_BLOCKS, "blocks")
#define ND_CHOICES_FAULT(C)                                                                \
    C(ND_FAULT_NONE, "none")                                                               \
    C(ND_FAULT_SEGV, "segv")                                                               \
    C(ND_FAULT_KILL, "kill")                                                               \
    C(ND_FAULT_OOM, "oom")                                                                 \
    C(ND_FAULT_HANG, "hang")                                                               \
    C(ND_FAULT_NAN, "nan")                                                                 \
    C(ND_FAULT_SERVER, "server")

#define C(id, name) id,
typedef enum nd_nudge { ND_CHOICES_NUDGE(C) } nd_nudge;
typedef enum nd_place { ND_CHOICES_PLACE(C) } nd_place;
typedef enum nd_order { ND_CHOICES_ORDER(C) } nd_order;
typedef enum nd_loss { ND_CHOICES_LOSS(C) } nd_loss;
typedef enum nd_output { ND_CHOICES_OUTPUT(C) } nd_output;
typedef enum nd_yesno { ND_CHOICES_YESNO(C) } nd_yesno;
typedef enum nd_symmetry { ND_CHOICES_SYMMETRY(C) } nd_symmetry;
typedef enum nd_start { ND_CHOICES_START(C) } nd_start;
typedef enum nd_convolution { ND_CHOICES_CONVOLUTION(C) } nd_convolution;
typedef enum nd_update { ND_CHOICES_UPDATE(C) } nd_update;
typedef enum nd_noise_in { ND_CHOICES_NOISE_IN(C) } nd_noise_in;
typedef enum nd_noise_on { ND_CHOICES_NOISE_ON(C) } nd_noise_on;
typedef enum nd_spread { ND_CHOICES_SPREAD(C) } nd_spread;
typedef enum nd_synapse { ND_CHOICES_SYNAPSE(C) } nd_synapse;
typedef enum nd_turns { ND_CHOICES_TURNS(C) } nd_turns;
typedef enum nd_c2c_kind { ND_CHOICES_C2C(C) } nd_c2c_kind;
typedef enum nd_d2d_kind { ND_CHOICES_D2D(C) } nd_d2d_kind;
typedef enum nd_levels { ND_CHOICES_LEVELS(C) } nd_levels;
typedef enum nd_biases { ND_CHOICES_BIASES(C) } nd_biases;
typedef enum nd_gradient { ND_CHOICES_GRADIENT(C) } nd_gradient;
typedef enum nd_augment { ND_CHOICES_AUGMENT(C) } nd_augment;
typedef enum nd_schedule { ND_CHOICES_SCHEDULE(C) } nd_schedule;
typedef enum nd_decay_on { ND_CHOICES_DECAY_ON(C) } nd_decay_on;
typedef enum nd_objective { ND_CHOICES_OBJECTIVE(C) } nd_objective;
typedef enum nd_negative { ND_CHOICES_NEGATIVE(C) } nd_negative;
typedef enum nd_statistics { ND_CHOICES_STATISTICS(C) } nd_statistics;
typedef enum nd_pixels { ND_CHOICES_PIXELS(C) } nd_pixels;
typedef enum nd_visible { ND_CHOICES_VISIBLE(C) } nd_visible;
typedef enum nd_inference { ND_CHOICES_INFERENCE(C) } nd_inference;
typedef enum nd_sees { ND_CHOICES_SEES(C) } nd_sees;
typedef enum nd_voting { ND_CHOICES_VOTING(C) } nd_voting;
typedef enum nd_evaluate { ND_CHOICES_EVALUATE(C) } nd_evaluate;
typedef enum nd_mini_batches { ND_CHOICES_MINI_BATCHES(C) } nd_mini_batches;
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
typedef enum nd_preset_id {
#define N(id, name, values, help, source) ND_PRESET_##id,
#include "nudge/presets.def"
#undef N
} nd_preset_id;
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
