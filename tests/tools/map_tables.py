#!/usr/bin/python3
"""Tables of `nudge map` against SciPy, NumPy and matplotlib.

    map_tables.py field RESULTS.nc                 puts a known field in place of the test errors
    map_tables.py sensitivity RESULTS.nc TABLE.csv METRIC
    map_tables.py contours MAP.csv TABLE.csv [log]  LEVEL...
    map_tables.py curve TABLE.csv LEVEL            points are on the field's own line
    map_tables.py tolerance MAP.csv TABLE.csv PARAMETER MARGIN
    map_tables.py parameter RESULTS.nc VARIABLE NAME  calls the parameter of a variable so
    map_tables.py points FIGURE.png FIGURE.svg     points take the same part of both
"""
import csv
import re
import sys

import matplotlib.image
import netCDF4
import numpy as np
import scipy.stats

NEAR = dict(rtol=1e-9, atol=1e-12)


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def number(text):
    return float(text) if text else np.nan


def field(x, y):
    """Two hills and a saddle over 0 <= x <= 1, 0 <= y <= 1."""
    return 0.3 + 0.2 * np.sin(2 * np.pi * x) * np.cos(np.pi * y) + 0.1 * x


def put_field(results):
    with netCDF4.Dataset(results, "a") as f:
        x, y = f["ep_beta"][:], f["device_c2c"][:]
        f["test_error"][:] = field(x, y / 0.1)


def put_parameter(results, variable, name):
    with netCDF4.Dataset(results, "a") as f:
        f[variable].parameter = name


# ---- figures ----

BLUE = np.array([0x31, 0x68, 0x8E]) / 255


def check_points(png, svg):
    """Of a level line of one colour: what is thickest of it are its points."""
    image = matplotlib.image.imread(png)[:, :, :3]
    there = (np.abs(image - BLUE) < 0.02).all(axis=2)
    longest = run = np.zeros(there.shape[1], int)
    for row in there:
        run = (run + 1) * row
        longest = np.maximum(longest, run)
    in_png = longest.max() / there.shape[1]
    with open(svg) as file:
        text = file.read()
    wide = float(re.search(r'viewBox="0 0 ([0-9.]+)', text)[1])
    radius = max(float(r) for r in re.findall(r"#gpPt6' transform='[^']*scale\(([0-9.]+)\)", text))
    assert 0.8 < in_png / (2 * radius / wide) < 1.25, (in_png, 2 * radius / wide)


# ---- sensitivity ----


def column(f, name):
    v = f[name][:]
    if v.dtype == object:
        _, inverse = np.unique(v, return_inverse=True)
        return inverse.astype(float)
    return np.asarray(v, float)


def eta_squared(x, y):
    """One-way analysis of variance, by its F: eta2 = F (k - 1) / (F (k - 1) + n - k)."""
    groups = [y[x == v] for v in np.unique(x)]
    F = scipy.stats.f_oneway(*groups).statistic
    k, n = len(groups), len(y)
    return F * (k - 1) / (F * (k - 1) + n - k)


def check_sensitivity(results, table, metric):
    found = rows(table)
    with netCDF4.Dataset(results) as f:
        y = np.asarray(f[metric][:].filled(np.nan), float)
        done = (f["status"][:] == 1) & np.isfinite(y)
        names = {getattr(v, "parameter", n): n for n, v in f.variables.items()}
        for r in found:
            v = f[names[r["parameter"]]]
            x = column(f, names[r["parameter"]])[done]
            assert int(r["n"]) == done.sum(), r
            assert int(r["values"]) == len(np.unique(x)), r
            ordered = v.dtype != str and r["role"] != "seed"
            if ordered:
                rho = scipy.stats.spearmanr(x, y[done]).statistic
                np.testing.assert_allclose(number(r["spearman"]), rho, **NEAR)
            else:
                assert r["spearman"] == "", r
            if 5 * len(np.unique(x)) > len(x):
                x = np.floor((scipy.stats.rankdata(x) - 0.5) / len(x) * 10)
            np.testing.assert_allclose(number(r["eta_squared"]), eta_squared(x, y[done]), **NEAR)
    shares = [number(r["eta_squared"]) for r in found]
    assert len(found) > 2 and shares == sorted(shares, reverse=True), shares


# ---- contours ----


def grid(path, names, metric):
    table = rows(path)
    axes = [sorted({float(r[n]) for r in table}) for n in names]
    z = np.full([len(a) for a in axes], np.nan)
    for r in table:
        z[axes[0].index(float(r[names[0]])), axes[1].index(float(r[names[1]]))] = number(r[metric])
    return [np.array(a) for a in axes], z


def check_contours(map_csv, table, log, levels):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    names = ("ep_beta", "device_c2c")
    (x, y), z = grid(map_csv, names, "test_error")
    scale = np.log10 if log else np.asarray
    found = rows(table)
    for level in levels:
        drawn = plt.contour(scale(x), y, z.T, levels=[level], corner_mask=False).allsegs[0]
        lines = {}
        for r in found:
            if number(r["test_error"]) == level:
                lines.setdefault(r["line"], []).append((scale(float(r[names[0]])), float(r[names[1]])))
        lines = [np.array(v) for v in lines.values()]
        assert len(drawn) == len(lines) > 0, (level, len(drawn), len(lines))
        ours = np.concatenate(lines)
        theirs = np.concatenate(drawn)
        for a, b in (ours, theirs), (theirs, ours):
            span = np.array([np.ptp(scale(x)), np.ptp(y)])
            apart = np.linalg.norm((a[:, None, :] - b[None, :, :]) / span, axis=2).min(axis=1)
            assert apart.max() < 1e-9, (level, apart.max())
        plt.close("all")


def check_curve(table, level):
    """Linear interpolation is off by no more than h^2 / 8 times the largest second derivative."""
    worst = 0.0
    found = [r for r in rows(table) if number(r["test_error"]) == level]
    for r in found:
        worst = max(worst, abs(field(float(r["ep_beta"]), float(r["device_c2c"]) / 0.1) - level))
    assert found and worst < (1 / 10) ** 2 / 8 * 0.2 * (2 * np.pi) ** 2, worst


# ---- tolerated levels ----


def check_tolerance(map_csv, table, parameter, margin):
    """By NumPy: the last level before the first that is over the limit, and np.interp between."""
    name = parameter.replace(".", "_")
    cells = rows(map_csv)
    other = next(n for n in ("ep_beta", "device_c2c") if n != name)
    checked = 0
    for r in rows(table):
        if r["parameter"] != parameter:
            continue
        line = sorted((c for c in cells if c[other] == r[other]), key=lambda c: float(c[name]))
        x = np.array([float(c[name]) for c in line])
        limit = number(line[0]["test_error"]) + margin
        for column, of in ("tolerated", ""), ("tolerated_low", "_high"), ("tolerated_high", "_low"):
            v = np.array([number(c["test_error" + of]) for c in line])
            over = np.flatnonzero(v > limit)
            if not len(over):
                want = np.nan
            elif over[0] == 0:
                want = x[0]
            else:
                k = over[0]
                want = np.interp(limit, v[k - 1 : k + 1], x[k - 1 : k + 1])
            np.testing.assert_allclose(number(r[column]), want, err_msg=str(r), **NEAR)
            checked += np.isfinite(want)
    assert checked >= 3, checked


def main(argv):
    what, args = argv[0], argv[1:]
    if what == "field":
        put_field(args[0])
    elif what == "sensitivity":
        check_sensitivity(*args)
    elif what == "contours":
        log = "log" in args
        args = [a for a in args if a != "log"]
        check_contours(args[0], args[1], log, [float(a) for a in args[2:]])
    elif what == "curve":
        check_curve(args[0], float(args[1]))
    elif what == "parameter":
        put_parameter(*args)
    elif what == "points":
        check_points(*args)
    elif what == "tolerance":
        check_tolerance(args[0], args[1], args[2], float(args[3]))
    else:
        sys.exit(__doc__)


main(sys.argv[1:])
