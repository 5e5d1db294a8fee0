/* test_tiles.c -- pictures of tiles, read back pixel by pixel. */
#include "nudge/file.h"
#include "nudge/tiles.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

typedef struct fixture {
    char dir[512], path[600];
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    const char *tmp = getenv("TMPDIR");
    snprintf(f->dir, sizeof f->dir, "%s/nudge-tiles-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(f->dir));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    const int rc = rmdir(f->dir);
    free(f);
    return rc;
}

static const char *at(fixture *f, const char *name)
{
    snprintf(f->path, sizeof f->path, "%s/%s", f->dir, name);
    return f->path;
}

/* Draws; skips the test where there is no gnuplot. */
static void draw(const nd_tiles *t, const char *path)
{
    nd_err err;
    const nd_code code = nd_tiles_write(t, path, &err);
    if (code == ND_EENV && strstr(err.message, "gnuplot not found")) skip();
    if (code != ND_OK) fail_msg("%s", err.message);
}

/* ---- reading a PNG of 8-bit colours ---- */

typedef struct png {
    size_t width, height, channels;
    uint8_t *pixels; /* (height, width, channels) */
} png;

static uint32_t big_endian(const char *p)
{
    const uint8_t *b = (const uint8_t *)p;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static int paeth(int a, int b, int c)
{
    const int p = a + b - c, pa = abs(p - a), pb = abs(p - b), pc = abs(p - c);
    return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

/* Undoes the filters of PNG (ISO 15948, section 9); raw (height, 1 + width channels). */
static void unfilter(png *p, const uint8_t *raw)
{
    const size_t row = p->width * p->channels;
    for (size_t y = 0; y < p->height; y++) {
        const uint8_t filter = raw[y * (row + 1)], *in = raw + y * (row + 1) + 1;
        uint8_t *out = p->pixels + y * row;
        for (size_t i = 0; i < row; i++) {
            const int left = i >= p->channels ? out[i - p->channels] : 0;
            const int up = y ? out[i - row] : 0;
            const int corner = y && i >= p->channels ? out[i - row - p->channels] : 0;
            const int guess[] = {0, left, up, (left + up) / 2, paeth(left, up, corner)};
            assert_true(filter < 5);
            out[i] = (uint8_t)(in[i] + guess[filter]);
        }
    }
}

static png png_read(const char *path)
{
    nd_text file = {0}, packed = {0};
    nd_err err;
    if (nd_file_read(path, &file, &err) != ND_OK) fail_msg("%s", err.message);
    assert_true(file.n > 33 && !memcmp(file.s, "\x89PNG\r\n\x1a\n", 8));
    png p = {big_endian(file.s + 16), big_endian(file.s + 20), 0, NULL};
    assert_int_equal(file.s[24], 8);
    assert_true(file.s[25] == 2 || file.s[25] == 6);
    p.channels = file.s[25] == 2 ? 3 : 4;
    for (size_t i = 8; i + 12 <= file.n; i += 12 + big_endian(file.s + i))
        if (!memcmp(file.s + i + 4, "IDAT", 4))
            nd_text_bytes(&packed, file.s + i + 8, big_endian(file.s + i));
    unsigned long n = p.height * (p.width * p.channels + 1);
    uint8_t *raw = malloc(n);
    p.pixels = malloc(n);
    assert_int_equal(uncompress(raw, &n, (const uint8_t *)packed.s, packed.n), Z_OK);
    assert_int_equal(n, p.height * (p.width * p.channels + 1));
    unfilter(&p, raw);
    free(raw);
    nd_text_free(&file);
    nd_text_free(&packed);
    return p;
}

static const uint8_t *pixel(const png *p, size_t x, size_t y)
{
    assert_true(x < p->width && y < p->height);
    return p->pixels + (y * p->width + x) * p->channels;
}

static bool is_border(const uint8_t *c)
{
    return c[0] == 0x5b && c[1] == 0x7f && c[2] == 0xa6;
}

/* Where the grid lies: from the first border pixel, so many to the right and down. */
typedef struct grid {
    size_t x, y, width, height;
} grid;

static grid find_grid(const png *p)
{
    size_t left = p->width, right = 0, top = p->height, bottom = 0;
    for (size_t y = 0; y < p->height; y++)
        for (size_t x = 0; x < p->width; x++) {
            if (!is_border(pixel(p, x, y))) continue;
            left = x < left ? x : left;
            right = x > right ? x : right;
            top = y < top ? y : top;
            bottom = y > bottom ? y : bottom;
        }
    assert_true(left < right && top < bottom);
    return (grid){left, top, right + 1 - left, bottom + 1 - top};
}

/* The middle of cell (i, j) of a grid of so many cells. */
static const uint8_t *cell(const png *p, const grid *g, size_t i, size_t cells_across,
                           size_t j, size_t cells_down)
{
    return pixel(p, g->x + (2 * i + 1) * g->width / (2 * cells_across),
                 g->y + (2 * j + 1) * g->height / (2 * cells_down));
}

static void is_grey(const uint8_t *c, double value)
{
    for (int k = 0; k < 3; k++)
        if (fabs(c[k] - value) > 1)
            fail_msg("colour %02x%02x%02x, not grey %g", c[0], c[1], c[2], value);
}

/* ---- tests ---- */

enum { COUNT = 5, ROWS = 2, COLS = 3 };

static float ramp(size_t i)
{
    return (float)i / (COUNT * ROWS * COLS - 1);
}

/* Five images of 2 x 3, two to a row: a grid of 9 x 10 cells. */
static void every_pixel(void **state)
{
    fixture *f = *state;
    float x[COUNT * ROWS * COLS];
    for (size_t i = 0; i < COUNT * ROWS * COLS; i++)
        x[i] = ramp(i);
    x[4] = NAN;
    const nd_tiles t = {
        .count = COUNT, .rows = ROWS, .cols = COLS, .pixels = x, .across = 2};
    draw(&t, at(f, "t.png"));
    png p = png_read(f->path);
    const grid g = find_grid(&p);
    const size_t across = 9, down = 10, zoom = 150; /* 1500 pixels high */
    assert_true(g.width + 3 >= zoom * across && g.width <= zoom * across + 3);
    assert_true(g.height + 3 >= zoom * down && g.height <= zoom * down + 3);
    for (size_t j = 0; j < down; j++)
        for (size_t i = 0; i < across; i++) {
            const uint8_t *c = cell(&p, &g, i, across, j, down);
            const size_t image = j / 3 * 2 + i / 4, row = j % 3, col = i % 4;
            const size_t k = (image * ROWS + row - 1) * COLS + col - 1;
            if (j > 6 && i > 4)
                is_grey(c, 255); /* no sixth image: white */
            else if (j % 3 == 0 || i % 4 == 0 || k == 4)
                assert_true(is_border(c));
            else
                is_grey(c, 255 * (double)ramp(k));
        }
    free(p.pixels);
    unlink(f->path);
}

static void ranges(void **state)
{
    fixture *f = *state;
    static const float x[] = {-2, 0, 1, 4};
    static const struct {
        float lo, hi;
        bool centred;
        double grey[4];
    } cases[] = {
        {0, 0, false, {0, 85, 127.5, 255}},         /* -2..4 */
        {0, 0, true, {63.75, 127.5, 159.375, 255}}, /* -4..4 */
        {0, 2, false, {0, 0, 127.5, 255}},
        {4, -4, false, {191.25, 127.5, 95.625, 0}}, /* negative */
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const nd_tiles t = {4, 1, 1, x, 4, cases[k].lo, cases[k].hi, cases[k].centred, "a"};
        draw(&t, at(f, "t.png"));
        png p = png_read(f->path);
        const grid g = find_grid(&p);
        for (size_t i = 0; i < 4; i++)
            is_grey(cell(&p, &g, 2 * i + 1, 9, 1, 3), cases[k].grey[i]);
        free(p.pixels);
        unlink(f->path);
    }
}

/* Left to itself the grid is about square, even for oblong images. */
static void square_by_itself(void **state)
{
    fixture *f = *state;
    static const size_t shapes[][3] = {{100, 8, 8}, {7, 4, 4}, {30, 2, 9}, {1, 5, 5}};
    float *x = calloc(100 * 8 * 8, sizeof *x);
    x[0] = 1;
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
        const nd_tiles t = {
            .count = shapes[k][0], .rows = shapes[k][1], .cols = shapes[k][2], .pixels = x};
        draw(&t, at(f, "t.png"));
        png p = png_read(f->path);
        const grid g = find_grid(&p);
        assert_true(g.width < 2 * g.height && g.height < 2 * g.width);
        free(p.pixels);
        unlink(f->path);
    }
    free(x);
}

static void kinds_and_titles(void **state)
{
    static const struct {
        const char *name, *magic;
    } kinds[] = {{"t.png", "\x89PNG"}, {"t.pdf", "%PDF"}, {"t.svg", "<?xml"}};
    static const char *const titles[] = {NULL, "",
                                         "it's `x` of 100% {so} \"that\" a_b^c $d",
                                         "'quoted at the start' and 'long enough to be "
                                         "wrapped, where the second line' 'starts "
                                         "with a quote'"};
    fixture *f = *state;
    static const float x[] = {0, 1, 1, 1}; /* the last two: one grey */
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (size_t i = 0; i < sizeof titles / sizeof *titles; i++) {
            nd_text file = {0};
            nd_err err;
            const nd_tiles t = {.count = 2,
                                .rows = 1,
                                .cols = 1,
                                .pixels = x + i % 2 * 2,
                                .title = titles[i]};
            draw(&t, at(f, kinds[k].name));
            assert_int_equal(nd_file_read(f->path, &file, &err), ND_OK);
            assert_true(!strncmp(file.s, kinds[k].magic, strlen(kinds[k].magic)));
            if (k == 2 && i == 2) assert_non_null(strstr(file.s, "a_b^c $d"));
            nd_text_free(&file);
            unlink(f->path);
        }
}

static void nothing_to_draw(void **state)
{
    fixture *f = *state;
    static const float x[] = {NAN, INFINITY};
    nd_err err;
    nd_tiles t = {.count = 2, .rows = 1, .cols = 1, .pixels = x};
    assert_int_equal(nd_tiles_write(&t, at(f, "t.png"), &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "no pixel"));
    assert_int_equal(nd_tiles_write(&t, at(f, "t.jpg"), &err), ND_EUSAGE);
    assert_int_equal(nd_tiles_write(&t, "a.b/t", &err), ND_EUSAGE);
    t.count = 0;
    assert_int_equal(nd_tiles_write(&t, at(f, "t.png"), &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "nothing to draw"));
    t.count = SIZE_MAX / 2;
    t.rows = 7;
    assert_int_equal(nd_tiles_write(&t, at(f, "t.png"), &err), ND_EINPUT);
    assert_non_null(strstr(err.message, "draw fewer"));
    assert_false(nd_file_exists(f->path));
}

static void no_gnuplot(void **state)
{
    fixture *f = *state;
    static const float x[] = {0, 1};
    const nd_tiles t = {.count = 2, .rows = 1, .cols = 1, .pixels = x};
    nd_err err;
    char *path = strdup(getenv("PATH"));
    setenv("PATH", f->dir, 1);
    const nd_code code = nd_tiles_write(&t, at(f, "t.svg"), &err);
    setenv("PATH", path, 1);
    free(path);
    assert_int_equal(code, ND_EENV);
    assert_non_null(strstr(err.message, "gnuplot not found"));
    assert_false(nd_file_exists(f->path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pixel),      cmocka_unit_test(ranges),
        cmocka_unit_test(square_by_itself), cmocka_unit_test(kinds_and_titles),
        cmocka_unit_test(nothing_to_draw),  cmocka_unit_test(no_gnuplot),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
