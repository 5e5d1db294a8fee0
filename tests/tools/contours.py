#!/usr/bin/python3
"""How far apart are the contours of two maps over the same two axes?

    contours.py A.csv B.csv METRIC LEVEL

The maps are tables of `nudge map -o FILE.csv`. Draws the line METRIC = LEVEL of each by marching
squares, through squares of four measured cells, in steps of the grid, and prints the largest
distance of a point of one line from the other, both ways.
"""
import csv
import sys

import numpy as np


def read(path, metric):
    """The map as (rows, columns), NaN where there is no value."""
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    y, x = list(rows[0])[:2]
    ys, xs = (sorted({float(r[name]) for r in rows}) for name in (y, x))
    values = np.full((len(ys), len(xs)), np.nan)
    for r in rows:
        if r[metric]:
            values[ys.index(float(r[y])), xs.index(float(r[x]))] = float(r[metric])
    return values


def contour(values, level):
    """Points along the line, some each cell."""
    points = []
    ring = [(0, 0), (1, 0), (1, 1), (0, 1)]
    for i in range(values.shape[0] - 1):
        for j in range(values.shape[1] - 1):
            v = [values[i + di, j + dj] for di, dj in ring]
            if np.isnan(v).any():
                continue
            ends = []
            for k in range(4):
                a, b = v[k], v[(k + 1) % 4]
                if (a >= level) != (b >= level):
                    p, q = np.array(ring[k], float), np.array(ring[(k + 1) % 4], float)
                    ends.append(np.array([i, j]) + p + (level - a) / (b - a) * (q - p))
            for p, q in zip(ends[::2], ends[1::2]):
                points += [p + t * (q - p) for t in np.linspace(0, 1, 9)]
    return np.array(points)


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    metric, level = sys.argv[3], float(sys.argv[4])
    a, b = (contour(read(path, metric), level) for path in sys.argv[1:3])
    if not len(a) or not len(b):
        sys.exit(f"no contour at {level} in {sys.argv[1] if not len(a) else sys.argv[2]}")
    apart = np.linalg.norm(a[:, None, :] - b[None, :, :], axis=2)
    print(f"{max(apart.min(axis=0).max(), apart.min(axis=1).max()):.3f}")


main()
