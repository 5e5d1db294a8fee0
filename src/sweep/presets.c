/* presets.c -- parameters that get their values from a published device (device.preset) or
 * a measured one (device.table), where the spec has none for them. A trial's key is made of
 * the values, not of the names they came by. */
#include "spec_impl.h"

#include "nudge/preset.h"
#include "nudge/response.h"

#include <string.h>

typedef struct nd_table {
    nd_path path;
    nd_response_table values;
} nd_table;

static void note_given(nd_spec *s)
{
    for (size_t d = 0; d < s->n_dims; d++)
        for (size_t j = 0; j < s->dims[d].n_params; j++)
            s->given[nd_param_index(s->dims[d].params[j])] = true;
    for (size_t i = 0; i < s->n_derives; i++)
        s->given[nd_param_index(s->derives[i].row)] = true;
}

static const nd_table *find(const nd_spec *s, const char *path)
{
    for (size_t i = 0; i < s->n_tables; i++)
        if (!strcmp(s->tables[i].path.s, path)) return &s->tables[i];
    return NULL;
}

static void read_table(nd_reader *r, const char *path)
{
    nd_spec *s = r->spec;
    nd_response response;
    nd_err fault;
    if (!*path || find(s, path)) return;
    if (nd_response_read(path, &response, &fault) != ND_OK) {
        nd_diag(r->diags, (nd_mark){0}, "device.table: %s", fault.message);
        return;
    }
    nd_table *t = &s->tables[s->n_tables++];
    nd_copy(t->path.s, sizeof t->path.s, path);
    nd_response_table_of(&response, &t->values);
    nd_response_free(&response);
}

void nd_spec_prepare(nd_reader *r)
{
    nd_spec *s = r->spec;
    const nd_param *row = nd_param_find("device.table");
    note_given(s);
    const nd_dim *dim = NULL; /* of the tables, if they are swept */
    for (size_t d = 0; d < s->n_dims; d++)
        for (size_t j = 0; j < s->dims[d].n_params; j++)
            if (s->dims[d].params[j] == row) dim = &s->dims[d];
    s->tables = nd_spec_take(r, 1 + (dim ? dim->n : 0), sizeof *s->tables);
    if (!s->tables) return;
    read_table(r, s->base.device_table.s);
    for (size_t k = 0; dim && k < dim->n; k++) {
        nd_params p = s->base;
        nd_dim_set(dim, k, &p);
        read_table(r, p.device_table.s);
    }
}

void nd_spec_fill(const nd_spec *s, nd_params *p)
{
    nd_preset_apply(p, s->given);
    const nd_table *t = find(s, p->device_table.s);
    if (!t) return;
    const bool *given = s->given;
    if (!given[nd_param_index(nd_param_find("device.step"))])
        p->device_step = t->values.step;
    if (!given[nd_param_index(nd_param_find("device.curve_up"))])
        p->device_curve_up = t->values.up;
    if (!given[nd_param_index(nd_param_find("device.curve_down"))])
        p->device_curve_down = t->values.down;
}
