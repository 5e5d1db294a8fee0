/* mnist.c -- the sets that come as four IDX files: MNIST and those made in its image.
 *
 * The files of a set stand together in one folder, plain or gzipped. Plain files are
 * mapped, so all processes of a node share one copy; gzipped ones are unpacked into memory.
 */
#include "data/dataset_impl.h"
#include "data/finder_impl.h"
#include "data/idx_impl.h"

enum { SIDE = 28, CLASSES = 10 };

static const struct {
    const char *stem, *rank;
} files[ND_DATASET_PARTS] = {{"train-images", "idx3"},
                             {"train-labels", "idx1"},
                             {"t10k-images", "idx3"},
                             {"t10k-labels", "idx1"}};

/* Spellings of a name in use, the preferred first. */
static const struct {
    const char *between, *suffix;
    bool gzipped;
} spellings[] = {
    {"-", "", false}, {".", "", false}, {"-", ".gz", true}, {".", ".gz", true}};

enum { SPELLINGS = sizeof spellings / sizeof *spellings };

/* The file of `part` in `dir`, in the first spelling that is there; false: in none. */
static bool find_file(const char *dir, int part, nd_text *path, bool *gzipped)
{
    for (int i = 0; i < SPELLINGS; i++) {
        nd_text_clear(path);
        nd_path_join(path, dir, files[part].stem);
        nd_text_add(path, "%s%s-ubyte%s", spellings[i].between, files[part].rank,
                    spellings[i].suffix);
        *gzipped = spellings[i].gzipped;
        if (!path->failed && nd_file_exists(path->s)) return true;
    }
    return false;
}

static bool holds(const char *dir)
{
    nd_text path = {0};
    bool found = false, gzipped;
    for (int part = 0; part < ND_DATASET_PARTS && !found; part++)
        found = find_file(dir, part, &path, &gzipped);
    nd_text_free(&path);
    return found;
}

/* The bytes of one file, kept by d. */
static nd_code load(nd_dataset *d, int part, const char *path, bool gzipped, nd_map *out,
                    nd_err *err)
{
    ND_TRY(nd_finder_map(path, &d->map[part], err));
    *out = d->map[part];
    if (!gzipped) return ND_OK;
    ND_TRY(nd_gunzip(path, d->map[part], out, err));
    d->heap[part] = (void *)(size_t)out->bytes;
    nd_file_unmap(&d->map[part]);
    return ND_OK;
}

static nd_code open_part(nd_dataset *d, const char *dir, int part, nd_text *path,
                         nd_err *err)
{
    bool gzipped;
    if (!find_file(dir, part, path, &gzipped))
        return ND_FAIL(err, ND_ENOENT,
                       "%s has some files of %s, but no %s-%s-ubyte[.gz]\nRun `make data`, "
                       "or set data.path (or $NUDGE_DATA) to a folder with all four.",
                       dir, d->name, files[part].stem, files[part].rank);
    nd_map bytes;
    ND_TRY(load(d, part, path->s, gzipped, &bytes, err));
    nd_images *images = part < 2 ? &d->train : &d->test;
    if (part % 2) return nd_idx_labels(path->s, bytes, CLASSES, images, err);
    ND_TRY(nd_idx_images(path->s, bytes, images, err));
    if (images->rows != SIDE || images->cols != SIDE)
        return nd_bad_file(err, path->s,
                           "images of %zu x %zu pixels; those of %s have %d x %d",
                           images->rows, images->cols, d->name, SIDE, SIDE);
    return ND_OK;
}

static nd_code open_mnist(nd_dataset *d, const nd_params *p, nd_err *err)
{
    nd_text dir = {0}, path = {0};
    const nd_sought sought = {d->name,
                              {d->name},
                              holds,
                              "train-images-idx3-ubyte[.gz] and its companions",
                              "Run `make data`"};
    nd_code code = nd_finder_folder(&sought, p->data_path.s, &dir, err);
    for (int part = 0; part < ND_DATASET_PARTS && code == ND_OK; part++)
        code = open_part(d, dir.s, part, &path, err);
    d->classes = CLASSES;
    nd_text_free(&dir);
    nd_text_free(&path);
    return code;
}

const nd_dataset_ops nd_dataset_mnist = {open_mnist};
const nd_dataset_ops nd_dataset_fashion_mnist = {open_mnist};
