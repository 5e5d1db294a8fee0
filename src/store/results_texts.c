/* results_texts.c -- what results.nc says of each trial in words, from the files. */
#include "nc_impl.h"
#include "nudge/results.h"

#include <stdlib.h>

/* The rows of one file that are trials of r, as trials; r->n where they are none. */
static nd_code trials_of(const nd_results *r, size_t file, size_t rows, size_t **out,
                         nd_err *err)
{
    size_t *trial = *out = malloc((rows + 1) * sizeof *trial);
    if (!trial) return ND_FAIL(err, ND_ENOMEM, "no memory for the texts of trials");
    for (size_t i = 0; i < rows; i++)
        trial[i] = r->place || i >= r->n ? r->n : i;
    for (size_t i = 0; r->place && i < r->n; i++)
        if (r->place[i].file == file && r->place[i].row < rows) trial[r->place[i].row] = i;
    return ND_OK;
}

static nd_code see_block(nd_nc *f, int var, size_t first, size_t n, const size_t *trial,
                         const nd_results *r, const nd_results_seer *see, nd_err *err)
{
    char *s[ND_NC_BLOCK] = {NULL};
    nd_nc_get_texts(f, var, first, n, s);
    ND_TRY(nd_nc_check(f, err));
    nd_code code = ND_OK;
    for (size_t i = 0; i < n && code == ND_OK; i++)
        if (trial[first + i] < r->n)
            code = see->text(see->ctx, trial[first + i], s[i] ? s[i] : "", err);
    nc_free_string(n, s);
    return code;
}

static nd_code see_file(const nd_results *r, size_t file, const char *name,
                        const nd_results_seer *see, nd_err *err)
{
    nd_nc f;
    nd_nc_open(&f, r->files[file]);
    const int var = nd_nc_find(&f, name);
    const size_t rows = nd_nc_dim_size(&f, "trial");
    size_t *trial = NULL;
    nd_code code = nd_nc_check(&f, err);
    if (code == ND_OK && var >= 0) code = trials_of(r, file, rows, &trial, err);
    for (size_t first = 0; var >= 0 && first < rows && code == ND_OK;
         first += ND_NC_BLOCK) {
        const size_t left = rows - first, n = left < ND_NC_BLOCK ? left : ND_NC_BLOCK;
        code = see_block(&f, var, first, n, trial, r, see, err);
    }
    const nd_code closed = nd_nc_close(&f, code == ND_OK ? err : NULL);
    free(trial);
    return code != ND_OK ? code : closed;
}

nd_code nd_results_texts(const nd_results *r, const char *name, const nd_results_seer *see,
                         nd_err *err)
{
    for (size_t file = 0; file < r->n_files; file++)
        ND_TRY(see_file(r, file, name, see, err));
    return ND_OK;
}
