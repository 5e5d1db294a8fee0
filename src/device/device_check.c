/* device_check.c -- parameters of devices that make no sense together: each is refused with
 * the reason before anything runs. */
#include "device_impl.h"

#include <math.h>

static const nd_law *law_of(const nd_params *p)
{
    return nd_device_at((nd_device_id)p->device_kind)->law;
}

static bool constant_pulses(const nd_params *p)
{
    return p->program_scheme == ND_PROGRAM_cst || p->program_scheme == ND_PROGRAM_automatic;
}

static bool less_than_a_pulse(const nd_params *p)
{
    return constant_pulses(p) && p->program_width < p->device_step / 2;
}
static bool pulses_without_a_width(const nd_params *p)
{
    return p->device_c2c_kind == ND_C2C_OF_SQRT && p->device_c2c > 0 && p->device_step <= 0;
}
static bool no_shape(const nd_params *p)
{
    return p->device_d2d_shape > 0 && !law_of(p)->constants;
}
static bool shape_without_size(const nd_params *p)
{
    const nd_law *law = law_of(p);
    return p->device_d2d_shape > 0 && p->device_d2d_shape_kind == ND_D2D_LOG_NORMAL &&
           law->constants && (law->shape(p, true) == 0 || law->shape(p, false) == 0);
}
static bool one_taking_turns(const nd_params *p)
{
    return p->device_turns == ND_TURNS_IN_TURN && p->device_per_weight == 1;
}
static bool single_pairs(const nd_params *p)
{
    return p->device_synapse == ND_SYNAPSE_SINGLE && p->device_d2d_per == ND_SPREAD_PAIR &&
           (p->device_d2d > 0 || p->device_d2d_shape > 0 || p->device_d2d_asymmetry > 0);
}
static bool two_zeros(const nd_params *p)
{
    return p->device_synapse == ND_SYNAPSE_ONE_SIDED && law_of(p)->referenced;
}
static bool refreshed_for_ever(const nd_params *p)
{
    return p->device_synapse == ND_SYNAPSE_ONE_SIDED &&
           p->device_refresh_low >= p->device_refresh_high;
}
static bool asymmetric_without_depression(const nd_params *p)
{
    return p->device_synapse == ND_SYNAPSE_ONE_SIDED &&
           (p->device_asymmetry != 0 || p->device_d2d_asymmetry > 0);
}
static bool reference_of_a_pair(const nd_params *p)
{
    return p->device_synapse != ND_SYNAPSE_SINGLE && !law_of(p)->referenced &&
           p->device_reference_sd > 0;
}
static bool all_stuck(const nd_params *p)
{
    return p->device_stuck_min + p->device_stuck_max + p->device_stuck_random >= 1;
}
static bool one_level(const nd_params *p)
{
    return p->device_levels == 1;
}
static bool one_bit(const nd_params *p)
{
    return p->read_weight_bits == 1;
}
static bool spread_of_nothing(const nd_params *p)
{
    return p->device_endurance_sd > 0 && p->device_endurance <= 0;
}
static bool never_moves(const nd_params *p)
{
    return !(nd_device_at((nd_device_id)p->device_kind)->slope(p) > 0);
}

/* RProp starts at program.width. */
static bool width_out_of_bounds(const nd_params *p)
{
    const bool rprop = p->program_scheme == ND_PROGRAM_rprop ||
                       p->program_scheme == ND_PROGRAM_irprop_plus ||
                       p->program_scheme == ND_PROGRAM_irprop_minus;
    const bool above = p->program_width_max > 0 && p->program_width > p->program_width_max;
    return rprop && (above || p->program_width < p->program_width_min);
}
static bool balance_without_depression(const nd_params *p)
{
    return p->device_zero_shift > 0 && p->device_synapse == ND_SYNAPSE_ONE_SIDED;
}

/* The largest step up of the range, of a constant pulse. */
static double largest_step(const nd_params *p)
{
    double rate = 0;
    for (int i = 0; i <= 20; i++)
        rate = fmax(rate, nd_law_rate(law_of(p), p, i / 20.0, true));
    return rate * p->program_width;
}
static bool below_a_level(const nd_params *p)
{
    const double part = p->device_levels_to == ND_LEVELS_BELOW ? 1 : 0.5;
    const bool varied = p->device_c2c > 0 || p->device_d2d > 0 || p->device_d2d_shape > 0;
    return p->device_levels > 1 && constant_pulses(p) && !varied &&
           largest_step(p) < 0.99 * part / (double)(p->device_levels - 1);
}

static const struct {
    bool (*nonsense)(const nd_params *p);
    const char *reason;
} rules[] = {
    {less_than_a_pulse,
     "program.width is less than half of device.step, and pulses are rounded to whole "
     "ones: none would ever be sent; set program.width to device.step or more"},
    {pulses_without_a_width,
     "device.c2c_kind sqrt counts pulses, but device.step says nothing of their width: set "
     "device.step, or another kind"},
    {no_shape, "device.d2d_shape varies a type's non-linearity, and this device.kind has "
               "none: set it "
               "to 0"},
    {shape_without_size,
     "device.d2d_shape_kind log-normal spreads sizes, and a non-linearity is 0: set it to "
     "something else, or take normal"},
    {one_taking_turns,
     "device.turns in-turn needs device.per_weight above 1: a single device has nobody to "
     "take turns with"},
    {single_pairs,
     "device.d2d_per pair shares variability in a pair, but device.synapse single has no "
     "pairs: set device.d2d_per to device"},
    {two_zeros,
     "soft-bounds-reference counts from symmetry points, and one-sided pairs are never at "
     "theirs: take soft-bounds, or the synapse pair or single"},
    {refreshed_for_ever,
     "device.refresh_low must be below device.refresh_high, or pairs are refreshed without "
     "end"},
    {asymmetric_without_depression,
     "one-sided pairs are never depressed: device.asymmetry and device.d2d_asymmetry must "
     "be 0"},
    {reference_of_a_pair,
     "device.reference_sd is about the reference of single devices: set device.synapse to "
     "single, or it to 0"},
    {all_stuck, "device.stuck_min, stuck_max and stuck_random add up to all devices: "
                "nothing can learn"},
    {one_level,
     "device.levels is 1: a device that can hold one value; take 2 or more, or 0 "
     "for any"},
    {one_bit,
     "read.weight_bits is 1: all weights would read as 0; take 2 or more, or 0 for "
     "all"},
    {spread_of_nothing, "device.endurance_sd spreads an endurance that is not there: set "
                        "device.endurance"},
    {never_moves, "a pulse moves no device in the middle of its range: look at "
                  "device.curve_*, exp_* and "
                  "asymmetry with `nudge device`"},
    {width_out_of_bounds,
     "RProp starts with program.width, which must lie from program.width_min to "
     "program.width_max (0: program.width itself)"},
    {balance_without_depression,
     "one-sided pairs are never depressed, so that device.zero_shift finds no symmetry "
     "point: set it to 0, or take the synapse pair or single"},
    {below_a_level,
     "the largest step of program.width is less than a level, so that no pulse raises a "
     "device: use a larger program.width, more device.levels, or levels_to nearest"},
};

nd_code nd_device_check(const nd_params *p, nd_err *err)
{
    if (!law_of(p)) return ND_OK; /* ideal: nothing of this acts */
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].nonsense(p)) return ND_FAIL(err, ND_EINPUT, "%s", rules[i].reason);
    return ND_OK;
}
