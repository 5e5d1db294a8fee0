/* test_dataset.c -- data sets: what is found, what the bytes become, what is refused. */
#include "nudge/dataset.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { N_TRAIN = 6, N_TEST = 3, SIDE = 28, PIXELS = SIDE * SIDE };

/* ---- a folder with a small MNIST-like set, made anew for each test ---------------------
 */

static char dir[256];

static const char *in_dir(const char *name)
{
    static char path[4][512];
    static int at;
    at = (at + 1) % 4;
    snprintf(path[at], sizeof path[at], "%s/%s", dir, name);
    return path[at];
}

static void put_be(nd_text *t, uint32_t x)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        nd_text_bytes(t, &(unsigned char){(unsigned char)(x >> shift)}, 1);
}

static void put(const char *name, nd_text *t)
{
    assert_int_equal(nd_file_publish(in_dir(name), nd_text_str(t), t->n, NULL), ND_OK);
    nd_text_free(t);
}

/* Elements count up modulo `below`. */
static nd_text idx(uint32_t magic, const uint32_t *dims, int below, size_t elements)
{
    nd_text t = {0};
    put_be(&t, magic);
    for (uint32_t i = 0; i < (magic & 0xff); i++)
        put_be(&t, dims[i]);
    for (size_t i = 0; i < elements; i++)
        nd_text_bytes(&t, &(unsigned char){(unsigned char)(i % (size_t)below)}, 1);
    return t;
}

static nd_text images(uint32_t n)
{
    return idx(0x803, (uint32_t[]){n, SIDE, SIDE}, 251, n * PIXELS);
}

static nd_text labels(uint32_t n)
{
    return idx(0x801, &n, 10, n);
}

static void put_set(void)
{
    nd_text t = images(N_TRAIN);
    put("train-images-idx3-ubyte", &t);
    t = labels(N_TRAIN);
    put("train-labels-idx1-ubyte", &t);
    t = images(N_TEST);
    put("t10k-images-idx3-ubyte", &t);
    t = labels(N_TEST);
    put("t10k-labels-idx1-ubyte", &t);
}

static void shell(const char *format, ...) ND_PRINTF(1, 2);
static void shell(const char *format, ...)
{
    char command[1024];
    va_list ap;
    va_start(ap, format);
    vsnprintf(command, sizeof command, format, ap);
    va_end(ap);
    assert_int_equal(system(command), 0);
}

static int make_dir(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%s/nudge-dataset.XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(dir)) return -1;
    unsetenv("NUDGE_DATA");
    put_set();
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    shell("rm -rf '%s'", dir);
    return 0;
}

static nd_params params(const char *name)
{
    nd_params p;
    nd_params_defaults(&p);
    assert_int_equal(nd_param_set(&p, nd_param_find("data.name"), name, NULL), ND_OK);
    nd_copy(p.data_path.s, sizeof p.data_path.s, dir);
    return p;
}

/* Opens and closes; the error must contain `expected` and name `file` (when not NULL). */
static void refused(const nd_params *p, nd_code code, const char *file,
                    const char *expected)
{
    nd_dataset d;
    nd_err err = {0};
    assert_int_equal(nd_dataset_open(&d, p, &err), code);
    if (!strstr(err.message, expected))
        fail_msg("\"%s\" is not in: %s", expected, err.message);
    if (file) assert_non_null(strstr(err.message, in_dir(file)));
    const bool fetched = p->data_name != ND_DATASET_cifar_10;
    if (fetched || code == ND_ECORRUPT)
        assert_non_null(strstr(err.message, "make data"));
    else
        assert_non_null(strstr(err.message, "cifar-10-binary.tar.gz"));
    for (int i = 0; i < ND_DATASET_PARTS; i++)
        assert_true(!d.map[i].bytes && !d.heap[i]);
}

/* ---- files ------------------------------------------------------------------------------
 */

static void check_set(const nd_dataset *d)
{
    assert_string_equal(d->name, "mnist");
    assert_int_equal(d->features, PIXELS);
    assert_int_equal(d->classes, 10);
    assert_int_equal(d->train.n, N_TRAIN);
    assert_int_equal(d->test.n, N_TEST);
    for (size_t i = 0; i < N_TRAIN * PIXELS; i++)
        assert_int_equal(d->train.pixels[i], i % 251);
    for (size_t i = 0; i < N_TEST; i++)
        assert_int_equal(d->test.labels[i], i);
}

static void opens_as(const nd_params *p, bool mapped)
{
    nd_dataset d;
    nd_err err = {0};
    if (nd_dataset_open(&d, p, &err)) fail_msg("%s", err.message);
    check_set(&d);
    assert_int_equal(d.map[0].bytes != NULL, mapped);
    assert_int_equal(d.heap[0] != NULL, !mapped);
    nd_dataset_close(&d);
    assert_null(d.train.pixels);
}

static void plain_files_are_mapped(void **state)
{
    (void)state;
    const nd_params p = params("mnist");
    opens_as(&p, true);
}

static void gzipped_files_are_unpacked(void **state)
{
    (void)state;
    shell("gzip '%s'/*", dir);
    const nd_params p = params("mnist");
    opens_as(&p, false);
}

static void gzip_members_are_joined(void **state)
{
    (void)state;
    const char *f = in_dir("train-images-idx3-ubyte");
    shell("(head -c 1000 '%s' | gzip; tail -c +1001 '%s' | gzip) >'%s.gz'; rm '%s'", f, f,
          f, f);
    const nd_params p = params("mnist");
    opens_as(&p, false);
}

static void plain_goes_before_gzipped(void **state)
{
    (void)state;
    shell("echo rubbish >'%s'", in_dir("train-images-idx3-ubyte.gz"));
    const nd_params p = params("mnist");
    opens_as(&p, true);
}

static void dotted_names_and_named_folders_are_found(void **state)
{
    (void)state;
    nd_params p = params("mnist");
    shell("mv '%s' '%s'", in_dir("t10k-images-idx3-ubyte"),
          in_dir("t10k-images.idx3-ubyte"));
    opens_as(&p, true);
    shell("mkdir '%s' && mv '%s'/t* '%s'", in_dir("mnist"), dir, in_dir("mnist"));
    opens_as(&p, true);
    p.data_path.s[0] = '\0';
    setenv("NUDGE_DATA", dir, 1);
    opens_as(&p, true);
    setenv("NUDGE_DATA", in_dir("mnist"), 1);
    opens_as(&p, true);
}

static void what_is_not_there_says_where_it_looked(void **state)
{
    (void)state;
    nd_params p = params("fashion-mnist");
    shell("rm '%s'/*", dir);
    refused(&p, ND_ENOENT, NULL, dir);
    refused(&p, ND_ENOENT, NULL, "/fashion-mnist\n");
    setenv("NUDGE_DATA", "/nowhere", 1);
    refused(&p, ND_ENOENT, NULL, "data.path");

    /* without a path: every place, in order */
    p = params("mnist");
    p.data_path.s[0] = '\0';
    char here[256];
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(dir), 0); /* no ./data here */
    nd_dataset d;
    nd_err err = {0};
    const nd_code code = nd_dataset_open(&d, &p, &err);
    assert_int_equal(chdir(here), 0);
    if (code == ND_OK)
        nd_dataset_close(&d); /* this system has it installed */
    else {
        const char *first = strstr(err.message, "/nowhere/mnist");
        const char *then = strstr(err.message, "data/mnist");
        assert_int_equal(code, ND_ENOENT);
        assert_true(first && then && first < then);
        assert_non_null(strstr(then, "/usr/share/datasets/mnist"));
    }
}

static void a_given_path_is_the_only_place(void **state)
{
    (void)state;
    setenv("NUDGE_DATA", dir, 1);
    nd_params p = params("mnist");
    opens_as(&p, true);
    nd_copy(p.data_path.s, sizeof p.data_path.s, "/nowhere");
    refused(&p, ND_ENOENT, NULL, "/nowhere");
}

static void a_missing_companion_is_named(void **state)
{
    (void)state;
    const nd_params p = params("mnist");
    unlink(in_dir("t10k-labels-idx1-ubyte"));
    refused(&p, ND_ENOENT, NULL, "t10k-labels-idx1-ubyte");
}

/* Every row: a file of bytes that must be refused. */
static void malformed_files_are_refused(void **state)
{
    (void)state;
    const char *const im = "train-images-idx3-ubyte", *const la = "t10k-labels-idx1-ubyte";
    const uint32_t n = N_TRAIN, huge = 0xffffffff, three = 3;
    const nd_params p = params("mnist");
    const struct {
        const char *file, *expected;
        nd_text bytes;
    } rows[] = {
        {im, "empty", {0}},
        {im, "too few", idx(0x803, (uint32_t[]){n, 1, 1}, 251, 0)},
        {im, "this is IDX labels", labels(N_TRAIN)},
        {la, "this is IDX images", images(N_TEST)},
        {im, "wrong byte order", idx(0x03080000, NULL, 251, 4000)},
        {im, "another type", idx(0xd03, (uint32_t[]){n, SIDE, SIDE}, 251, n * PIXELS * 4)},
        {im, "no IDX file", idx(0x41424300, NULL, 251, 100)},
        {im, "web page", idx(0x3c214400, NULL, 251, 100)},
        {im, "truncated", idx(0x803, (uint32_t[]){n, SIDE, SIDE}, 251, n * PIXELS - 1)},
        {im, "too long", idx(0x803, (uint32_t[]){n, SIDE, SIDE}, 251, n * PIXELS + 1)},
        {im, "is 0", idx(0x803, (uint32_t[]){0, SIDE, SIDE}, 251, 0)},
        {im, "28 x 27", idx(0x803, (uint32_t[]){n, SIDE, 27}, 251, n * SIDE * 27)},
        {im, "any file can hold", idx(0x803, (uint32_t[]){huge, huge, huge}, 251, 64)},
        {im, "truncated", idx(0x803, (uint32_t[]){huge, SIDE, SIDE}, 251, 64)},
        {la, "label 10 of image 2 is none", idx(0x801, &three, 11, 0)},
        {la, "4 labels, but there are 3 images", labels(4)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        nd_text t = rows[i].bytes;
        if (strstr(rows[i].expected, "label 10")) nd_text_bytes(&t, "\0\1\12", 3);
        if (t.n == 16 && strstr(rows[i].expected, "few")) t.n = 10;
        put(rows[i].file, &t);
        refused(&p, ND_ECORRUPT, rows[i].file, rows[i].expected);
        put_set();
    }
    opens_as(&p, true);
}

static void damaged_gzip_is_refused(void **state)
{
    (void)state;
    const nd_params p = params("mnist");
    const char *const gz = "train-images-idx3-ubyte.gz";
    char image[512];
    nd_copy(image, sizeof image, in_dir("train-images-idx3-ubyte"));
    shell("cp '%s' '%s'; gzip '%s'; cp '%s' '%s'", image, in_dir("kept"), image, in_dir(gz),
          in_dir("good"));

    shell("head -c -20 '%s' >'%s'", in_dir("good"), in_dir(gz));
    refused(&p, ND_ECORRUPT, gz, "truncated");
    shell("(head -c -8 '%s'; printf 'abcdefgh') >'%s'", in_dir("good"), in_dir(gz));
    refused(&p, ND_ECORRUPT, gz, "damaged gzip file: incorrect data check");
    shell("(cat '%s'; echo more) >'%s'", in_dir("good"), in_dir(gz));
    refused(&p, ND_ECORRUPT, gz, "damaged gzip file");
    shell("cp '%s' '%s'", in_dir("kept"), in_dir(gz));
    refused(&p, ND_ECORRUPT, gz, "damaged gzip file: incorrect header check");
    shell(": >'%s'", in_dir(gz));
    refused(&p, ND_ECORRUPT, gz, "empty");
    shell("cp '%s' '%s'", in_dir("good"), image);
    refused(&p, ND_ECORRUPT, "train-images-idx3-ubyte", "lacks .gz");
}

static void a_folder_for_a_file_is_refused(void **state)
{
    (void)state;
    const nd_params p = params("mnist");
    shell("rm '%s'; mkdir '%s'", in_dir("t10k-images-idx3-ubyte"),
          in_dir("t10k-images-idx3-ubyte"));
    refused(&p, ND_ECORRUPT, "t10k-images-idx3-ubyte", "folder");
}

/* ---- CIFAR-10: planes of colour in records ----------------------------------------------
 */

enum { PLANE = 32 * 32, RECORD = 1 + 3 * PLANE };

static const char *const batches[] = {"data_batch_1.bin", "data_batch_2.bin",
                                      "data_batch_3.bin", "data_batch_4.bin",
                                      "data_batch_5.bin", "test_batch.bin"};

/* Channel c of pixel k of image `i`, counted through all files. */
static unsigned char colour(size_t i, size_t c, size_t k)
{
    return (unsigned char)((i * 31 + c * 85 + k * 7 + k / 32) % 256);
}

static nd_text records(size_t first, size_t n)
{
    nd_text t = {0};
    for (size_t i = first; i < first + n; i++) {
        nd_text_bytes(&t, &(unsigned char){(unsigned char)(i % 10)}, 1);
        for (size_t c = 0; c < 3; c++)
            for (size_t k = 0; k < PLANE; k++)
                nd_text_bytes(&t, &(unsigned char){colour(i, c, k)}, 1);
    }
    return t;
}

/* Files of 1, 2, ... 6 images. */
static void put_cifar(void)
{
    size_t first = 0;
    for (size_t i = 0; i < 6; first += ++i) {
        nd_text t = records(first, i + 1);
        put(batches[i], &t);
    }
}

static void cifar_opens(const nd_params *p)
{
    nd_dataset d;
    nd_err err = {0};
    if (nd_dataset_open(&d, p, &err)) fail_msg("%s", err.message);
    assert_int_equal(d.features, 3 * PLANE);
    assert_int_equal(d.classes, 10);
    assert_true(d.train.rows == 32 && d.train.cols == 32 && d.train.channels == 3);
    assert_true(d.test.rows == 32 && d.test.cols == 32 && d.test.channels == 3);
    assert_int_equal(d.train.n, 1 + 2 + 3 + 4 + 5);
    assert_int_equal(d.test.n, 6);
    for (size_t i = 0; i < 21; i++) {
        const nd_images *from = i < 15 ? &d.train : &d.test;
        const size_t at = i < 15 ? i : i - 15;
        assert_int_equal(from->labels[at], i % 10);
        for (size_t k = 0; k < PLANE; k++)
            for (size_t c = 0; c < 3; c++)
                assert_int_equal(from->pixels[(at * PLANE + k) * 3 + c], colour(i, c, k));
    }
    nd_dataset_close(&d);
}

static void cifar_planes_are_interleaved(void **state)
{
    (void)state;
    nd_params p = params("cifar-10");
    put_cifar();
    cifar_opens(&p);
    shell("mkdir '%s' && mv '%s'/*.bin '%s'", in_dir("cifar-10-batches-bin"), dir,
          in_dir("cifar-10-batches-bin"));
    cifar_opens(&p);
    p.data_path.s[0] = '\0';
    setenv("NUDGE_DATA", dir, 1);
    cifar_opens(&p);
    shell("mv '%s' '%s'", in_dir("cifar-10-batches-bin"), in_dir("cifar-10"));
    cifar_opens(&p);
}

static void malformed_cifar_is_refused(void **state)
{
    (void)state;
    const nd_params p = params("cifar-10");
    refused(&p, ND_ENOENT, NULL, "data_batch_1.bin to data_batch_5.bin");
    for (size_t i = 0; i < 6; i++) {
        put_cifar();
        unlink(in_dir(batches[i]));
        refused(&p, ND_ENOENT, NULL, batches[i]);
        shell(": >'%s'", in_dir(batches[i]));
        refused(&p, ND_ECORRUPT, batches[i], "empty");
        nd_text t = records(0, 3);
        t.n -= 1;
        put(batches[i], &t);
        refused(&p, ND_ECORRUPT, batches[i], "9218 bytes");
        t = records(0, 3);
        t.s[2 * RECORD] = 10;
        put(batches[i], &t);
        refused(&p, ND_ECORRUPT, batches[i], "label 10 of image 2 is none");
        shell("rm '%s'; mkdir '%s'", in_dir(batches[i]), in_dir(batches[i]));
        refused(&p, ND_ECORRUPT, batches[i], "folder");
        shell("rmdir '%s'", in_dir(batches[i]));
    }
    put_cifar();
    cifar_opens(&p);
}

/* ---- made sets --------------------------------------------------------------------------
 */

static bool whole_rows(const uint8_t *image, size_t side, bool columns)
{
    for (size_t i = 0; i < side; i++)
        for (size_t j = 1; j < side; j++)
            if (image[columns ? j * side + i : i * side + j] !=
                image[columns ? i : i * side])
                return false;
    return true;
}

static void bars_and_stripes_are_all_there_once(void **state)
{
    (void)state;
    for (size_t side = 2; side <= 8; side++) {
        nd_params p = params("bars-and-stripes");
        p.data_side = (int64_t)side;
        nd_dataset d;
        assert_int_equal(nd_dataset_open(&d, &p, NULL), ND_OK);
        assert_int_equal(d.train.n, (2u << side) - 2);
        assert_int_equal(d.features, side * side);
        assert_int_equal(d.classes, 2);
        assert_ptr_equal(d.test.pixels, d.train.pixels);
        for (size_t i = 0; i < d.train.n; i++) {
            const uint8_t *image = d.train.pixels + i * d.features;
            for (size_t k = 0; k < d.features; k++)
                assert_true(image[k] == 0 || image[k] == 255);
            assert_true(whole_rows(image, side, d.train.labels[i] == 1));
            if (d.train.labels[i]) assert_false(whole_rows(image, side, false));
            for (size_t j = 0; j < i; j++)
                assert_memory_not_equal(image, d.train.pixels + j * d.features, d.features);
        }
        nd_dataset_close(&d);
    }
}

/* Share of test images whose nearest class mean of the training images is another's. */
static double nearest_mean_error(const nd_dataset *d)
{
    static double mean[10][3 * PLANE];
    const size_t n = d->features;
    memset(mean, 0, sizeof mean);
    for (size_t i = 0; i < d->train.n; i++)
        for (size_t k = 0; k < n; k++)
            mean[d->train.labels[i]][k] +=
                10.0 * d->train.pixels[i * n + k] / (double)d->train.n;
    size_t wrong = 0;
    for (size_t i = 0; i < d->test.n; i++) {
        int best = 0;
        double nearest = 1e30;
        for (int c = 0; c < 10; c++) {
            double d2 = 0;
            for (size_t k = 0; k < n; k++) {
                const double x = d->test.pixels[i * n + k] - mean[c][k];
                d2 += x * x;
            }
            if (d2 < nearest) nearest = d2, best = c;
        }
        wrong += best != d->test.labels[i];
    }
    return (double)wrong / (double)d->test.n;
}

static void synthetic_is_learnable_and_not_trivial(void **state)
{
    (void)state;
    for (int seed = 1; seed <= 8; seed++) {
        const char *name = seed <= 5 ? "synthetic" : "synthetic-colour";
        nd_params p = params(name);
        p.data_seed = seed;
        nd_dataset d;
        assert_int_equal(nd_dataset_open(&d, &p, NULL), ND_OK);
        assert_int_equal(d.features, seed <= 5 ? PIXELS : 3 * PLANE);
        assert_int_equal(d.train.n, 2000);
        assert_int_equal(d.test.n, 500);
        const double error = nearest_mean_error(&d);
        if (!(error > 0.005 && error < 0.25))
            fail_msg("%s, seed %d: error %g", name, seed, error);
        nd_dataset_close(&d);
    }
}

static void synthetic_is_a_function_of_its_seed(void **state)
{
    (void)state;
    nd_params p = params("synthetic");
    nd_dataset a, b, c;
    assert_int_equal(nd_dataset_open(&a, &p, NULL), ND_OK);
    assert_int_equal(nd_dataset_open(&b, &p, NULL), ND_OK);
    p.data_seed = 2;
    assert_int_equal(nd_dataset_open(&c, &p, NULL), ND_OK);
    const size_t n = a.train.n * PIXELS;
    assert_memory_equal(a.train.pixels, b.train.pixels, n);
    assert_memory_not_equal(a.train.pixels, c.train.pixels, n);
    assert_memory_not_equal(a.train.pixels, a.test.pixels, a.test.n * PIXELS);
    /* pinned: every stored result on it depends on these bytes */
    uint32_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum = sum * 31 + a.train.pixels[i];
    assert_int_equal(sum, 0x913f2146);
    nd_dataset_close(&a);
    nd_dataset_close(&b);
    nd_dataset_close(&c);
}

/* Colour is not three times the same grey. */
static void synthetic_colour_has_colours(void **state)
{
    (void)state;
    const nd_params p = params("synthetic-colour");
    nd_dataset d;
    assert_int_equal(nd_dataset_open(&d, &p, NULL), ND_OK);
    assert_true(d.train.rows == 32 && d.train.cols == 32 && d.train.channels == 3);
    double apart[10] = {0};
    for (size_t i = 0; i < d.train.n; i++)
        for (size_t k = 0; k < PLANE; k++) {
            const uint8_t *pixel = d.train.pixels + (i * PLANE + k) * 3;
            apart[d.train.labels[i]] += pixel[0] - pixel[2];
        }
    double square = 0;
    for (int c = 0; c < 10; c++)
        square += apart[c] / 200 / PLANE * apart[c] / 200 / PLANE / 10;
    if (!(square > 4)) /* grain alone gives an rms of 0.2, not 2 */
        fail_msg("red - blue: rms %g over the classes", sqrt(square));
    uint32_t sum = 0;
    for (size_t i = 0; i < d.train.n * d.features; i++)
        sum = sum * 31 + d.train.pixels[i];
    assert_int_equal(sum, 0x86d103ce); /* pinned, as above */
    nd_dataset_close(&d);
}

/* ---- views ------------------------------------------------------------------------------
 */

static void a_set_serves_what_would_open_the_same(void **state)
{
    (void)state;
    const nd_params p = params("synthetic");
    nd_dataset d;
    assert_int_equal(nd_dataset_open(&d, &p, NULL), ND_OK);
    nd_params q = p;
    q.data_train = 10, q.ep_T = 3;
    assert_true(nd_dataset_serves(&d, &q));
    q = p, q.data_seed++;
    assert_false(nd_dataset_serves(&d, &q));
    q = p, q.data_side++;
    assert_false(nd_dataset_serves(&d, &q));
    q = p, q.data_path.s[0] = '\0';
    assert_false(nd_dataset_serves(&d, &q));
    q = p, q.data_name = ND_DATASET_mnist;
    assert_false(nd_dataset_serves(&d, &q));
    nd_dataset_close(&d);
}

static void splits_are_views_of_the_right_images(void **state)
{
    (void)state;
    nd_params p = params("synthetic");
    nd_dataset d;
    nd_split s;
    assert_int_equal(nd_dataset_open(&d, &p, NULL), ND_OK);

    assert_int_equal(nd_dataset_split(&d, &p, &s, NULL), ND_OK);
    assert_true(s.train.n == 2000 && s.validation.n == 0 && s.test.n == 500);

    p.data_validation = 300;
    assert_int_equal(nd_dataset_split(&d, &p, &s, NULL), ND_OK);
    assert_true(s.train.n == 1700 && s.validation.n == 300);
    assert_ptr_equal(s.train.pixels, d.train.pixels);
    assert_ptr_equal(s.validation.pixels, d.train.pixels + 1700 * PIXELS);
    assert_ptr_equal(s.validation.labels, d.train.labels + 1700);

    p.data_train = 1700, p.data_test = 7;
    assert_int_equal(nd_dataset_split(&d, &p, &s, NULL), ND_OK);
    assert_true(s.train.n == 1700 && s.test.n == 7);
    const nd_shape shape = nd_dataset_shape(&d, &s);
    assert_true(shape.features == PIXELS && shape.classes == 10);
    assert_true(shape.rows == SIDE && shape.cols == SIDE && shape.channels == 1);
    assert_int_equal(shape.examples, 1700 + 300 + 7);
    nd_dataset_close(&d);
}

static void asking_for_too_much_gives_the_numbers(void **state)
{
    (void)state;
    const struct {
        int64_t train, validation, test;
        const char *expected;
    } rows[] = {
        {2001, 0, 0, "data.train to at most 2000"},
        {1800, 201, 0, "data.train to at most 1799"},
        {0, 2000, 0, "at most 1999"},
        {10, 5000, 0, "data.validation = 5000"},
        {0, 0, 501, "500 test images"},
    };
    nd_params p = params("synthetic");
    nd_dataset d;
    assert_int_equal(nd_dataset_open(&d, &p, NULL), ND_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        p.data_train = rows[i].train;
        p.data_validation = rows[i].validation;
        p.data_test = rows[i].test;
        nd_split s;
        nd_err err = {0};
        assert_int_equal(nd_dataset_split(&d, &p, &s, &err), ND_EINPUT);
        if (!strstr(err.message, rows[i].expected)) fail_msg("%s", err.message);
    }
    nd_dataset_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(plain_files_are_mapped, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(gzipped_files_are_unpacked, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(gzip_members_are_joined, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(plain_goes_before_gzipped, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(dotted_names_and_named_folders_are_found, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(what_is_not_there_says_where_it_looked, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(a_given_path_is_the_only_place, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(a_missing_companion_is_named, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(malformed_files_are_refused, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(damaged_gzip_is_refused, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(a_folder_for_a_file_is_refused, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(cifar_planes_are_interleaved, make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(malformed_cifar_is_refused, make_dir, remove_dir),
        cmocka_unit_test(bars_and_stripes_are_all_there_once),
        cmocka_unit_test(synthetic_is_learnable_and_not_trivial),
        cmocka_unit_test(synthetic_is_a_function_of_its_seed),
        cmocka_unit_test(synthetic_colour_has_colours),
        cmocka_unit_test(a_set_serves_what_would_open_the_same),
        cmocka_unit_test(splits_are_views_of_the_right_images),
        cmocka_unit_test(asking_for_too_much_gives_the_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
