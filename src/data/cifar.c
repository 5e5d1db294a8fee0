/* cifar.c -- CIFAR-10 in its binary version (Krizhevsky 2009).
 *
 * Five files of training images and one of test images, each a run of records:
 *
 *   label     1 byte, 0 to 9
 *   pixels    3072 bytes: the red, the green and the blue plane, each 32 rows of 32
 *
 * A file is valid if and only if it is not empty, a whole number of records long, and all
 * labels are in range. The planes are interleaved here, so that the channels of a pixel lie
 * together; that makes a copy, of 184 MB for the whole set. */
#include "data/dataset_impl.h"
#include "data/finder_impl.h"
#include "data/idx_impl.h"

enum { SIDE = 32, PLANE = SIDE * SIDE, CHANNELS = 3, CLASSES = 10 };
enum { RECORD = 1 + PLANE * CHANNELS };

static const char *const files[] = {"data_batch_1.bin", "data_batch_2.bin",
                                    "data_batch_3.bin", "data_batch_4.bin",
                                    "data_batch_5.bin", "test_batch.bin"};
enum { FILES = sizeof files / sizeof *files, TRAIN_FILES = FILES - 1 };

#define REMEDY                                                                             \
    "Unpack cifar-10-binary.tar.gz (https://www.cs.toronto.edu/~kriz/cifar.html) there"

static bool holds(const char *dir)
{
    nd_text path = {0};
    bool found = false;
    for (int i = 0; i < FILES && !found; i++) {
        nd_text_clear(&path);
        nd_path_join(&path, dir, files[i]);
        found = !path.failed && nd_file_exists(path.s);
    }
    nd_text_free(&path);
    return found;
}

/* Maps all files, checks that they are records, and counts these. */
static nd_code map_files(const char *dir, nd_text path[FILES], nd_map map[FILES],
                         nd_err *err)
{
    for (int i = 0; i < FILES; i++) {
        nd_path_join(&path[i], dir, files[i]);
        ND_TRY(nd_text_check(&path[i], err));
        if (!nd_file_exists(path[i].s))
            return ND_FAIL(err, ND_ENOENT,
                           "%s has some files of cifar-10, but no %s\n" REMEDY
                           ", or set data.path (or $NUDGE_DATA) to a folder with all six.",
                           dir, files[i]);
        ND_TRY(nd_finder_map(path[i].s, &map[i], err));
        if (map[i].n == 0) return nd_bad_file(err, path[i].s, "the file is empty");
        if (map[i].n % RECORD)
            return nd_bad_file(err, path[i].s,
                               "%zu bytes are no whole number of records of %d bytes (a "
                               "label, and 3 planes of 32 x 32): truncated, or not the "
                               "binary version",
                               map[i].n, RECORD);
    }
    return ND_OK;
}

static nd_code copy(const char *path, nd_map map, uint8_t *pixels, uint8_t *labels,
                    nd_err *err)
{
    for (size_t i = 0; i < map.n / RECORD; i++) {
        const uint8_t *record = map.bytes + i * RECORD, *planes = record + 1;
        if (record[0] >= CLASSES)
            return nd_bad_file(err, path,
                               "label %d of image %zu is none of the classes 0 to %d",
                               record[0], i, CLASSES - 1);
        labels[i] = record[0];
        for (size_t k = 0; k < PLANE; k++)
            for (size_t c = 0; c < CHANNELS; c++)
                *pixels++ = planes[c * PLANE + k];
    }
    return ND_OK;
}

/* Files [first, end) as one run of images. */
static nd_code join(nd_dataset *d, int part, const nd_text *path, const nd_map *map,
                    int first, int end, nd_images *out, nd_err *err)
{
    size_t n = 0;
    uint8_t *pixels, *labels;
    for (int i = first; i < end; i++)
        n += map[i].n / RECORD;
    ND_TRY(nd_dataset_room(d, part, (nd_images){n, SIDE, SIDE, CHANNELS, NULL, NULL}, out,
                           &pixels, &labels, err));
    for (int i = first; i < end; i++) {
        ND_TRY(copy(path[i].s, map[i], pixels, labels, err));
        pixels += map[i].n / RECORD * (RECORD - 1);
        labels += map[i].n / RECORD;
    }
    return ND_OK;
}

static nd_code open_cifar(nd_dataset *d, const nd_params *p, nd_err *err)
{
    const nd_sought sought = {d->name,
                              {d->name, "cifar-10-batches-bin"},
                              holds,
                              "data_batch_1.bin to data_batch_5.bin and test_batch.bin",
                              REMEDY};
    nd_text dir = {0}, path[FILES] = {0};
    nd_map map[FILES] = {0};
    nd_code code = nd_finder_folder(&sought, p->data_path.s, &dir, err);
    if (code == ND_OK) code = map_files(dir.s, path, map, err);
    if (code == ND_OK) code = join(d, 0, path, map, 0, TRAIN_FILES, &d->train, err);
    if (code == ND_OK) code = join(d, 1, path, map, TRAIN_FILES, FILES, &d->test, err);
    d->classes = CLASSES;
    for (int i = 0; i < FILES; i++) {
        nd_file_unmap(&map[i]);
        nd_text_free(&path[i]);
    }
    nd_text_free(&dir);
    return code;
}

const nd_dataset_ops nd_dataset_cifar_10 = {open_cifar};
