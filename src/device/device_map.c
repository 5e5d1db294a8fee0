/* device_map.c -- variability that has to do with the place of a device on the crossbar. Maps
 * are made before the devices are, as it takes memory besides the arena's; device_build.c
 * makes step sizes of them. */
#include "device_impl.h"

#include "nudge/field.h"

bool nd_bank_maps(const nd_bank *b)
{
    return b->type->pulsed && b->p->device_d2d > 0 && b->p->device_d2d_correlation > 0;
}

static nd_code map(const nd_bank *b, uint32_t which, float *steps, nd_err *err)
{
    const nd_at at = {.seed = (uint64_t)b->p->device_seed, .stream = ND_STREAM_MAP};
    return nd_field_normals(nd_at_sub(at, b->id * 64 + which), b->k, b->n,
                            b->p->device_d2d_correlation, steps, err);
}

nd_code nd_bank_open(nd_bank *b, nd_err *err)
{
    for (size_t l = 0; nd_bank_maps(b) && l < 2 * b->pairs; l++) {
        const nd_leg *leg = &b->leg[l];
        const bool shared = l % 2 && leg->up == b->leg[l - 1].up;
        if (!leg->x || shared) continue;
        if (map(b, 2 * (uint32_t)l, leg->up, err) != ND_OK ||
            map(b, 2 * (uint32_t)l + 1, leg->down, err) != ND_OK)
            return nd_err_while(err, "while making a map of %zu x %zu devices", b->k, b->n);
    }
    return b->fast ? nd_bank_open(b->fast, err) : ND_OK;
}
