#!/usr/bin/python3
"""Are two results.nc the same campaign with the same results, bit for bit?

    same_results.py A B...           each of B against A

Compares every variable, trials in the order of their keys, and the global attributes, leaving out
what differs from run to run (times, hosts, attempts, the build, the vector unit). Ends with status 1 and the
first difference.
"""
import sys

import netCDF4
import numpy as np

VOLATILE = {"seconds", "host", "attempts", "samples_per_second", "isa"}
VOLATILE_GLOBALS = ("date", "history", "source", "command", "host", "isa")


def differ(what):
    raise ValueError(what)


def keys(data):
    """The trial keys as a list of texts, whether stored as strings or as characters."""
    values = data.variables["trial_key"][...]
    if values.dtype.kind == "S" and values.ndim == 2:
        values = netCDF4.chartostring(values)
    return [str(v) for v in values]


def by_key(variable, order):
    """The values with the trials in the given order."""
    values = variable[...]
    if "trial" in variable.dimensions:
        values = np.take(values, order, axis=variable.dimensions.index("trial"))
    return values


def same_bits(a, b):
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.dtype.kind == "O":  # strings
        return a.tolist() == b.tolist()
    return a.tobytes() == b.tobytes()


def compare(*paths):
    """ValueError with the first difference, or a line that says what was compared."""
    a, b = (netCDF4.Dataset(path) for path in paths)
    try:
        return compare_open(a, b)
    except ValueError as e:
        raise ValueError(f"{paths[0]} and {paths[1]} differ: {e}") from None
    finally:
        a.close()
        b.close()


def compare_open(a, b):
    for data in (a, b):
        data.set_auto_maskandscale(False)
    if len(set(keys(a))) != len(keys(a)):
        differ("a trial key stands twice in the first")
    if sorted(keys(a)) != sorted(keys(b)):
        only = sorted(set(keys(a)) ^ set(keys(b)))
        differ(f"trials: {len(keys(a))} and {len(keys(b))}; not in both: {only[:3]}")
    if set(a.variables) != set(b.variables):
        differ(f"variables in one alone: {sorted(set(a.variables) ^ set(b.variables))}")
    orders = [np.argsort(keys(data), kind="stable") for data in (a, b)]
    n = 0
    for name in sorted(set(a.variables) - VOLATILE):
        va, vb = a.variables[name], b.variables[name]
        if va.dimensions != vb.dimensions:
            differ(f"{name} has dimensions {va.dimensions} and {vb.dimensions}")
        xa, xb = (np.asarray(by_key(v, o)) for v, o in zip((va, vb), orders))
        if not same_bits(xa, xb):
            at = next((i for i in np.ndindex(xa.shape) if xa.shape == xb.shape
                       and not same_bits(np.asarray(xa[i]), np.asarray(xb[i]))), None)
            trial = ""
            if at is not None and "trial" in va.dimensions:
                trial = f" of trial {sorted(keys(a))[at[va.dimensions.index('trial')]]}"
            shown = f"{xa[at]!r} and {xb[at]!r}" if at is not None else f"{xa.shape} and {xb.shape}"
            differ(f"{name}{trial}: {shown}")
        n += 1
    for name in sorted(set(a.ncattrs()) | set(b.ncattrs())):
        if any(word in name.lower() for word in VOLATILE_GLOBALS):
            continue
        xa, xb = (data.getncattr(name) if name in data.ncattrs() else None for data in (a, b))
        if not np.array_equal(xa, xb):
            differ(f"global attribute {name}: {xa!r} and {xb!r}")
    return f"same: {len(keys(a))} trials, {n} variables"


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    try:
        for path in sys.argv[2:]:
            print(compare(sys.argv[1], path))
    except ValueError as e:
        print(e)
        sys.exit(1)


if __name__ == "__main__":
    main()
