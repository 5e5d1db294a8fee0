/* palette.c -- colours for numbers. */
#include "nudge/palette.h"

#include <math.h>
#include <string.h>

static const nd_palette palettes[] = {
    {"viridis",
     "Smith and van der Walt 2015, matplotlib",
     false,
     17,
     {0x440154, 0x48186a, 0x472d7b, 0x424086, 0x3b528b, 0x33638d, 0x2c728e, 0x26828e,
      0x21918c, 0x1f9f88, 0x27ad81, 0x3dbc74, 0x5cc863, 0x81d34d, 0xaadc32, 0xd5e21a,
      0xfde725}},
    {"cividis",
     "Nunez, Anderton, Renslow 2018, PLOS ONE 13:e0199239",
     false,
     17,
     {0x00224e, 0x002e6a, 0x1a386f, 0x32436d, 0x434e6c, 0x535a6d, 0x61656f, 0x6f7073,
      0x7d7c78, 0x8b8778, 0x9a9376, 0xaaa073, 0xbbad6d, 0xccba64, 0xddc858, 0xefd748,
      0xfee838}},
    {"rdbu",
     "Harrower and Brewer 2003, ColorBrewer, from blue to red",
     true,
     11,
     {0x053061, 0x2166ac, 0x4393c3, 0x92c5de, 0xd1e5f0, 0xf7f7f7, 0xfddbc7, 0xf4a582,
      0xd6604d, 0xb2182b, 0x67001f}},
};
enum { PALETTES = sizeof palettes / sizeof *palettes };

const nd_palette *nd_palette_at(size_t i)
{
    return i < PALETTES ? &palettes[i] : NULL;
}

const nd_palette *nd_palette_find(const char *name)
{
    for (size_t i = 0; i < PALETTES; i++)
        if (!strcmp(palettes[i].name, name)) return &palettes[i];
    return NULL;
}

static uint32_t channel(uint32_t rgb, int shift)
{
    return rgb >> shift & 0xff;
}

uint32_t nd_palette_rgb(const nd_palette *p, double part)
{
    const double at = fmin(fmax(part, 0), 1) * (double)(p->n - 1);
    const size_t i = at >= (double)(p->n - 1) ? p->n - 2 : (size_t)at;
    uint32_t rgb = 0;
    for (int shift = 0; shift < 24; shift += 8) {
        const double a = channel(p->rgb[i], shift), b = channel(p->rgb[i + 1], shift);
        rgb |= (uint32_t)lround(a + (at - (double)i) * (b - a)) << shift;
    }
    return rgb;
}

static double luminance(uint32_t rgb)
{
    static const double weight[3] = {0.0722, 0.7152, 0.2126}; /* blue, green, red */
    double sum = 0;
    for (int k = 0; k < 3; k++) {
        const double c = channel(rgb, 8 * k) / 255.0;
        sum += weight[k] * (c <= 0.03928 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4));
    }
    return sum;
}

uint32_t nd_palette_ink(uint32_t rgb)
{
    const double l = luminance(rgb);
    return (l + 0.05) / 0.05 > 1.05 / (l + 0.05) ? 0x000000 : 0xffffff;
}

uint32_t nd_palette_hue(size_t i)
{
    static const uint32_t hues[ND_HUES] = {0x000000, 0xd55e00, 0x0072b2, 0x009e73,
                                           0xcc79a7, 0xe69f00, 0x56b4e9};
    return hues[i % ND_HUES];
}
