#!/usr/bin/env python3
"""The coefficients of 2^x and log in src/kern/vec_math.h: polynomials whose largest relative error is nearly the
smallest, by least squares whose weights grow where the error is large (Lawson).

    tests/tools/minimax.py          prints them, highest power first, and the error in exact arithmetic
"""
import numpy as np


def fit(target, weight, degree, low, high):
    """Coefficients c, rising powers, of p with weight |p - target| small on [low, high]; and the largest."""
    x = (low + high) / 2 + (high - low) / 2 * np.cos(np.pi * (np.arange(4000) + 0.5) / 4000)
    powers, y, w = np.vander(x, degree + 1, increasing=True), target(x), weight(x)
    lawson = np.ones_like(x)
    for _ in range(200):
        scale = np.sqrt(lawson) * w
        c = np.linalg.lstsq(powers * scale[:, None], y * scale, rcond=None)[0]
        error = np.abs(powers @ c - y) * w
        lawson *= error
        lawson /= lawson.sum()
    return c, error.max()


def show(name, c, error):
    print(name, "largest relative error %.1e" % error)
    for value in c[::-1]:
        print("    %.10e" % np.float32(value))


# 2^r = 1 + r p(r)
show("2^x:", *fit(lambda r: np.expm1(r * np.log(2)) / r, lambda r: np.abs(r) / 2**r, 4, -0.5, 0.5))
# log(1 + f) = f + f^2 p(f)
show("log:", *fit(lambda f: (np.log1p(f) - f) / f**2, lambda f: f**2 / np.abs(np.log1p(f)), 7, 0.5**0.5 - 1, 2**0.5 - 1))
