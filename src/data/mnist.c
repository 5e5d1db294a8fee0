/* mnist.c -- the sets that come as four IDX files: MNIST and those made in its image.
 *
 * The files of a set stand together in one folder, plain or gzipped. Plain files are
 * mapped, so all processes of a node share one copy; gzipped ones are unpacked into memory.
 */
#include "data/dataset_impl.h"
#include "data/idx_impl.h"

#include <stdlib.h>
#include <sys/stat.h>

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

/* True, and `dir` is that folder, when any of the set's files is in root (or root/name). */
static bool is_here(const char *root, const char *name, nd_text *dir, nd_text *looked)
{
    nd_text path = {0};
    bool found = false, gzipped;
    nd_text_clear(dir);
    if (name)
        nd_path_join(dir, root, name);
    else
        nd_text_add(dir, "%s", root);
    for (int part = 0; part < ND_DATASET_PARTS && !found; part++)
        found = find_file(nd_text_str(dir), part, &path, &gzipped);
    nd_text_add(looked, "\n  %s", nd_text_str(dir));
    nd_text_free(&path);
    return found;
}

/* A path that was given is the only place: other data than asked for would be worse than
 * none. */
static nd_code find_folder(const char *name, const char *given, nd_text *dir, nd_err *err)
{
    const char *env = getenv("NUDGE_DATA");
    const char *any_of[] = {given, env, "data", "/usr/share/datasets"};
    const size_t first = *given ? 0 : env && *env ? 1 : 2, end = *given ? 1 : 4;
    nd_text looked = {0};
    bool found = false;
    for (size_t i = first; i < end && !found; i++)
        found = is_here(any_of[i], name, dir, &looked) ||
                (i < 2 && is_here(any_of[i], NULL, dir, &looked));
    nd_code code = nd_text_check(dir, err);
    if (code == ND_OK && !found)
        code = ND_FAIL(err, ND_ENOENT,
                       "data set %s not found; looked for %s-%s-ubyte[.gz] and its "
                       "companions in%s\nRun `make data`, or set %s to the folder that has "
                       "them.",
                       name, files[0].stem, files[0].rank, nd_text_str(&looked),
                       *given ? "data.path" : "data.path or $NUDGE_DATA");
    nd_text_free(&looked);
    return code;
}

static nd_code map_plain(const char *path, nd_map *out, nd_err *err)
{
    struct stat st;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return nd_bad_file(err, path,
                           "this is a folder, where a file belongs (some archives unpack "
                           "into a folder of the file's name)");
    return nd_file_map(path, out, err);
}

/* The bytes of one file, kept by d. */
static nd_code load(nd_dataset *d, int part, const char *path, bool gzipped, nd_map *out,
                    nd_err *err)
{
    ND_TRY(map_plain(path, &d->map[part], err));
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
    nd_code code = find_folder(d->name, p->data_path.s, &dir, err);
    for (int part = 0; part < ND_DATASET_PARTS && code == ND_OK; part++)
        code = open_part(d, dir.s, part, &path, err);
    d->classes = CLASSES;
    nd_text_free(&dir);
    nd_text_free(&path);
    return code;
}

const nd_dataset_ops nd_dataset_mnist = {open_mnist};
const nd_dataset_ops nd_dataset_fashion_mnist = {open_mnist};
