/* effects.c -- a spec that sweeps what changes nothing: a warning before it costs anything. */
#include "effects_impl.h"

#include "nudge/log.h"

void nd_effects_of(nd_effects *e, const nd_spec *spec)
{
    enum { MAX = sizeof e->of / sizeof *e->of };
    nd_swept swept[MAX];
    const size_t all = nd_spec_swept(spec, swept, MAX);
    e->n = 0;
    for (size_t i = 0; i < all && i < MAX; i++) {
        if (swept[i].role == ND_ROLE_SEED) continue; /* replicates may be alike */
        e->of[e->n].param = swept[i].param;
        e->of[e->n++].unmet = nd_need_of(swept[i].param);
    }
}

void nd_effects_see(nd_effects *e, const nd_params *p)
{
    for (size_t i = 0; i < e->n; i++)
        if (e->of[i].unmet && nd_need_met(e->of[i].unmet, p)) e->of[i].unmet = NULL;
}

void nd_effects_say(const nd_effects *e)
{
    for (size_t i = 0; i < e->n; i++)
        if (e->of[i].unmet)
            nd_log(ND_WARN, "%s is swept, but changes nothing in any trial: it needs %s",
                   e->of[i].param->name, nd_need_text(e->of[i].unmet));
}
