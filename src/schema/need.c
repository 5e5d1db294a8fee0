/* need.c -- the table of what parameters need, by the beginnings of their names. */
#include "nudge/need.h"

#include "nudge/choices.h"

#include <string.h>

#define MODEL(id)  (1u << ND_MODEL_##id)
#define DEVICE(id) (1u << ND_DEVICE_##id)
#define SCHEME(id) (1u << ND_PROGRAM_##id)

enum {
    EP = MODEL(ep_prototypical) | MODEL(ep_energy) | MODEL(ep_conv),
    BOLTZMANN = MODEL(rbm) | MODEL(drbm) | MODEL(dbn),
    RPROP = SCHEME(rprop) | SCHEME(irprop_plus) | SCHEME(irprop_minus),
    TIKI_TAKA = SCHEME(tiki_taka) | SCHEME(tiki_taka_2),
};

/* Sets of rows of models.def, devices.def and programs.def; 0: all. */
struct nd_need {
    const char *prefix, *text;
    unsigned models, devices, schemes;
};

/* The first that fits counts. */
static const nd_need needs[] = {
    {"ep.", "model.kind ep-prototypical, ep-energy or ep-conv", EP, 0, 0},
    {"rbm.", "model.kind rbm, drbm or dbn", BOLTZMANN, 0, 0},
    {"model.activation", "model.kind ep-prototypical, ep-energy or ep-conv", EP, 0, 0},
    {"model.layers", "another model.kind than ep-conv", ~(unsigned)MODEL(ep_conv), 0, 0},
    {"model.stack", "model.kind ep-conv", MODEL(ep_conv), 0, 0},
    {"model.convolution", "model.kind ep-conv", MODEL(ep_conv), 0, 0},
    {"device.kind", "", 0, 0, 0},
    {"device.preset", "", 0, 0, 0},
    {"device.beta", "device.kind ernoult", 0, DEVICE(ernoult), 0},
    {"device.nl_", "device.kind neurosim", 0, DEVICE(neurosim), 0},
    {"device.linear_", "device.kind linear-step", 0, DEVICE(linear_step), 0},
    {"device.exp_", "device.kind exp-step", 0, DEVICE(exp_step), 0},
    {"device.power_", "device.kind pow-step", 0, DEVICE(pow_step), 0},
    {"device.curve_", "device.kind piecewise", 0, DEVICE(piecewise), 0},
    {"device.", "another device.kind than ideal", 0, ~(unsigned)DEVICE(ideal), 0},
    {"program.scheme", "", 0, 0, 0},
    {"program.rprop_", "program.scheme rprop, irprop-plus or irprop-minus", 0, 0, RPROP},
    {"program.width_m", "program.scheme rprop, irprop-plus or irprop-minus", 0, 0, RPROP},
    {"program.threshold", "program.scheme accumulate", 0, 0, SCHEME(accumulate)},
    {"program.train_length", "program.scheme stochastic, tiki-taka or tiki-taka-2", 0, 0,
     SCHEME(stochastic) | TIKI_TAKA},
    {"program.tolerance", "program.scheme write-verify", 0, 0, SCHEME(write_verify)},
    {"program.tries", "program.scheme write-verify", 0, 0, SCHEME(write_verify)},
    {"program.fast_rate", "program.scheme tiki-taka or tiki-taka-2", 0, 0, TIKI_TAKA},
    {"program.transfer_", "program.scheme tiki-taka or tiki-taka-2", 0, 0, TIKI_TAKA},
    {"program.", "another device.kind than ideal, or another program.scheme", 0, 0,
     ~(unsigned)SCHEME(proportional)},
};

const nd_need *nd_need_of(const nd_param *param)
{
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        if (strncmp(param->name, needs[i].prefix, strlen(needs[i].prefix)) == 0)
            return *needs[i].text ? &needs[i] : NULL;
    return NULL;
}

/* The scheme as far as needs go. Memristors in proportion still have a use for a width, that
 * of the calibration of zeros. */
static int64_t scheme_of(const nd_params *p)
{
    const bool ideal = p->device_kind == ND_DEVICE_ideal;
    if (p->program_scheme == ND_PROGRAM_automatic && ideal) return ND_PROGRAM_proportional;
    if (p->program_scheme == ND_PROGRAM_proportional && !ideal) return ND_PROGRAM_cst;
    return p->program_scheme;
}

bool nd_need_met(const nd_need *need, const nd_params *p)
{
    const unsigned has[] = {1u << p->model_kind, 1u << p->device_kind, 1u << scheme_of(p)};
    const unsigned of[] = {need->models, need->devices, need->schemes};
    for (int i = 0; i < 3; i++)
        if (of[i] && !(of[i] & has[i])) return false;
    return true;
}

const char *nd_need_text(const nd_need *need)
{
    return need->text;
}
