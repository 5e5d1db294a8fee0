#!/usr/bin/python3
"""The statistics of a map, worked out a second time: with NumPy, SciPy and xarray from results.nc.

    map_statistics.py scramble RESULTS SEED         makes a results.nc worth checking: failed and pending trials,
                                                    metrics that were not measured, values of any size
    map_statistics.py check RESULTS MAP METRIC [TARGET] [BASELINE_VARIABLE=VALUE]
                                                    every number of every cell, to 1e-9
    map_statistics.py learning RESULTS CURVES       every number of the learning curves (nudge map --table learning)
"""
import functools
import itertools
import math
import sys
from fractions import Fraction

import netCDF4
import numpy as np
import scipy.stats
import xarray as xr

DONE, DIVERGED, CRASHED, PENDING = 1, 2, 3, 0
RETRY = {3, 4}  # crashed, out_of_memory: may come out otherwise another time
FAILED = {2, 3, 4, 5, 6, 7}


def scramble(path, seed):
    random = np.random.default_rng(int(seed))
    with netCDF4.Dataset(path, "a") as f:
        n, epochs = f.dimensions["trial"].size, f.dimensions["epoch"].size
        f["status"][:] = random.choice([DONE, DIVERGED, CRASHED, PENDING, 5], n, p=[0.75, 0.1, 0.05, 0.07, 0.03])
        f["seconds"][:] = random.gamma(2, 3, n)
        f["epochs"][:] = epochs
        for name in ("test_error", "train_error", "validation_error", "pulses_up", "train_loss"):
            x = random.gamma(2, 0.1, n).round(2) if name == "validation_error" else random.gamma(2, 0.1, n)
            x *= 1e6 if name == "pulses_up" else 1
            x[random.random(n) < 0.06] = np.nan
            f[name][:] = x
            curve = x[:, None] * np.linspace(3, 1, epochs) * random.uniform(0.9, 1.1, (n, epochs))
            curve[random.random((n, epochs)) < 0.1] = np.nan
            f[f"{name}_curve"][:] = curve
        # a cell in which all failed, one that is pending, one with a single replicate, a setting without validation
        cells = sorted(set(zip(*(np.asarray(f[v][:]).tolist() for v in axes_of(f)))))
        of = [np.all([np.asarray(f[v][:]) == x for v, x in zip(axes_of(f), cell)], axis=0) for cell in cells]
        f["status"][np.flatnonzero(of[0])] = DIVERGED
        f["status"][np.flatnonzero(of[1])] = PENDING
        f["status"][np.flatnonzero(of[2])[1:]] = PENDING
        f["status"][np.flatnonzero(of[2])[0]] = DONE
        f["validation_error"][np.flatnonzero(of[2])[0]] = 0.25
        f["validation_error"][np.flatnonzero(of[3])] = np.nan


def axes_of(f):
    """Names of the columns that are axes, those first of their dimension."""
    names, seen = [], set()
    for name, v in f.variables.items():
        role = getattr(v, "role", None)
        if role in ("axis", "case") and v.dimension not in seen:
            seen.add(v.dimension)
            names.append(name)
    return names


# ---- statistics ----

@functools.lru_cache(None)
def law_of_two(n):
    """Of an even number n of draws: weights of the pair of ranks in the middle, in n**n-ths, by counting the draws
    below, at, and above them."""
    m = n // 2
    weights = {}

    def ways(*counts):
        out, left = 1, n
        for c in counts:
            out *= math.comb(left, c)
            left -= c
        return out

    for i in range(n):
        weights[i, i] = sum(ways(a, c) * i**a * (n - 1 - i)**c for a in range(m) for c in range(m))
        for j in range(i + 1, n):
            weights[i, j] = sum(ways(m - a, a, b) * i**(m - a) * (n - 1 - j)**(m - b)
                                for a in range(1, m + 1) for b in range(1, m + 1))
    assert sum(weights.values()) == n**n
    return weights


def interval(x):
    """Exact percentile bootstrap of the median: the smallest medians whose distribution function reaches the ends."""
    x, n = np.sort(x), len(x)
    if not n:
        return np.nan, np.nan
    if n % 2:
        reach = scipy.stats.binom.sf((n + 1) // 2 - 1, n, np.arange(1, n + 1) / n)
        return tuple(x[np.flatnonzero(reach >= q - 1e-12)[0]] for q in (0.025, 0.975))
    medians = sorted(((x[i] + x[j]) / 2, w) for (i, j), w in law_of_two(n).items())
    ends = []
    for q in (Fraction(1, 40), Fraction(39, 40)):
        reached = itertools.accumulate(w for _, w in medians)
        ends.append(next(v for (v, _), w in zip(medians, reached) if w >= q * n**n))
    return tuple(ends)


def statistics(x):
    x = x[~np.isnan(x)]
    low, high = interval(x)
    if not len(x):
        return dict.fromkeys(("", "_q1", "_q3", "_mean", "_sd", "_low", "_high"), np.nan)
    return {"": np.median(x), "_q1": np.quantile(x, 0.25), "_q3": np.quantile(x, 0.75), "_mean": np.mean(x),
            "_sd": np.std(x, ddof=1) if len(x) > 1 else np.nan, "_low": low, "_high": high}


def parts(trials, metric):
    """Variance components of the table device seeds x training seeds."""
    out = dict.fromkeys(("_var_device", "_var_train", "_var_rest"), np.nan)
    trials = trials.isel(trial=np.flatnonzero(~np.isnan(trials[metric].values)))
    if not trials.sizes["trial"]:
        return out
    devices, trainings = (np.unique(trials[s].values) for s in ("device_seed", "train_seed"))
    table = np.full((len(devices), len(trainings)), np.nan)
    table[np.searchsorted(devices, trials.device_seed.values),
          np.searchsorted(trainings, trials.train_seed.values)] = trials[metric].values
    table = table[~np.isnan(table).any(axis=1)]
    d, t = table.shape
    if d > 1 and t > 1:
        rows, columns = table.mean(axis=1), table.mean(axis=0)
        msd, mst = t * np.var(rows, ddof=1), d * np.var(columns, ddof=1)
        mse = np.sum((table - rows[:, None] - columns + table.mean())**2) / ((d - 1) * (t - 1))
        out = {"_var_device": (msd - mse) / t, "_var_train": (mst - mse) / d, "_var_rest": mse}
    elif d > 1:
        out["_var_device"] = np.var(table, ddof=1)
    elif t > 1 and d:
        out["_var_train"] = np.var(table, ddof=1)
    return out


def reach(trials, target):
    hit = trials.test_error_curve.values <= np.float32(target)
    first = np.where(hit.any(axis=1), hit.argmax(axis=1) + 1.0, np.inf)
    first[np.isnan(trials.test_error_curve.values).all(axis=1)] = np.nan
    seconds = first * trials.seconds.values / trials.epochs.values
    out = {}
    for name, x in (("epochs_to_target", first), ("seconds_to_target", seconds)):
        x = np.sort(x[~np.isnan(x)])
        middle = x[[(len(x) - 1) // 2, len(x) // 2]].mean() if len(x) else np.nan
        out[name] = np.nan if np.isinf(middle) else middle
    return out


def best_setting(trials, tuned):
    """Trials at the setting with the lowest median validation error, which counts as infinite where a trial failed for
    good; None when there is none."""
    best, chosen = (np.inf, np.inf), None
    order = {t: list(dict.fromkeys(trials[t].values.tolist())) for t in tuned}
    settings = sorted(set(zip(*(trials[t].values.tolist() for t in tuned))),
                      key=lambda s: [x if not isinstance(x, str) else order[t].index(x) for t, x in zip(tuned, s)])
    for setting in settings:
        mine = trials.isel(trial=np.flatnonzero(np.all([trials[t].values == x for t, x in zip(tuned, setting)], axis=0)))
        status = mine.status.values
        x = mine.validation_error.values[status == DONE]
        x = x[~np.isnan(x)]
        if not len(x):
            continue
        hopeless = sum(s in FAILED - RETRY for s in status)
        with np.errstate(invalid="ignore"):
            padded = np.sort(np.concatenate([x, np.full(hopeless, np.inf)]))
            strict = padded[[(len(padded) - 1) // 2, len(padded) // 2]].mean()
        merit = (strict, np.median(x))
        if chosen is None or merit < best:
            best, chosen = merit, mine
    return chosen


# ---- the check ----

def cell_of(trials, metric, target, tuned, derived):
    chosen = best_setting(trials, tuned) if tuned else trials
    counted = trials if chosen is None else chosen
    status = counted.status.values
    done, diverged = (status == DONE).sum(), (status == DIVERGED).sum()
    out = {"n": done if chosen is not None else 0, "n_failed": np.isin(status, list(FAILED)).sum(),
           "n_pending": (status == PENDING).sum(), "n_unsampled": (status == 8).sum(),
           "fraction_diverged": diverged / (done + diverged) if done + diverged else np.nan}
    if chosen is None:
        return out
    finished = chosen.isel(trial=np.flatnonzero(status == DONE))
    for name in metrics_of(trials):
        out.update({name + suffix: x for suffix, x in statistics(finished[name].values).items()})
    out.update({metric + suffix: x for suffix, x in parts(finished, metric).items()})
    if target is not None:
        out.update(reach(finished, target))
    for name in tuned:
        out[f"best_{name}"] = chosen[name].values[0]
    for name in derived:
        out[name] = chosen[name].values[0]
    return out


def metrics_of(results):
    return [v for v in results if results[v].dims == ("trial",) and results[v].dtype == np.float64
            and "role" not in results[v].attrs and v != "seconds"]


def same(a, b):
    if isinstance(b, str):
        return a == b
    return (np.isnan(a) and np.isnan(b)) or abs(a - b) <= 1e-9 * max(abs(b), 1e-6)


def check(path, map_path, metric, target=None, baseline=None):
    target = None if target in (None, "-") else float(target)
    compared, faults = 0, []
    with xr.open_dataset(path) as results, xr.open_dataset(map_path) as cube, netCDF4.Dataset(path) as f:
        axes = axes_of(f)
        roles = {v: getattr(f[v], "role", None) for v in f.variables}
        tuned = [v for v, r in roles.items() if r == "tune"]
        derived = [v for v, r in roles.items() if r == "derived"]
        results = results.load()
        seen = {}
        for index in itertools.product(*(range(cube.sizes[a]) for a in cube.test_error.dims)):
            at = dict(zip(cube.test_error.dims, index))
            where = {a: cube[a].values[at[a]] for a in at}
            mine = np.all([results[a].values == x for a, x in where.items()], axis=0)
            seen[index] = cell_of(results.isel(trial=np.flatnonzero(mine)), metric, target, tuned, derived)
        if baseline:
            name, value = baseline.split("=")
            d = cube.test_error.dims.index(name)
            k = [str(x) for x in cube[name].values].index(value)
            for index, cell in seen.items():
                other = seen[index[:d] + (k,) + index[d + 1:]]
                cell[f"{metric}_degradation"] = cell.get(metric, np.nan) - other.get(metric, np.nan)
        for index, cell in seen.items():
            for name, value in cell.items():
                if name not in cube:
                    if not (isinstance(value, float) and np.isnan(value)):
                        faults.append(f"{name} is not in the map")
                    continue
                got = cube[name].values[index]
                compared += 1
                if not same(got, value):
                    faults.append(f"{name}{list(index)}: {got!r} in the map, {value!r} from results.nc")
            for name in set(cube.data_vars) - set(cell):  # a cell of which nothing is known
                got = cube[name].values[index]
                if not (got == "" if isinstance(got, str) else np.isnan(got)):
                    faults.append(f"{name}{list(index)}: {got!r} in the map, nothing from results.nc")
        assert set(axes) >= set(cube.test_error.dims), axes
    print(f"{compared} numbers of {len(seen)} cells compared")
    print("\n".join(faults[:8]))
    sys.exit(1 if faults else 0)


def learning(path, curves_path):
    compared, faults = 0, []
    with xr.open_dataset(path) as results, xr.open_dataset(curves_path) as cube, netCDF4.Dataset(path) as f:
        tuned = [v for v in f.variables if getattr(f[v], "role", None) == "tune"]
        results = results.load()
        metrics = [m for m in cube if not m.endswith(("_q1", "_q3"))]
        measured = {v[:-6] for v in results if v.endswith("_curve") and not np.isnan(results[v].values).all()}
        if set(metrics) != measured:
            faults.append(f"curves of {sorted(metrics)}, not of {sorted(measured)}")
        axes = cube[metrics[0]].dims[:-1]
        for index in itertools.product(*(range(cube.sizes[a]) for a in axes)):
            mine = np.all([results[a].values == cube[a].values[i] for a, i in zip(axes, index)], axis=0)
            trials = results.isel(trial=np.flatnonzero(mine))
            chosen = best_setting(trials, tuned) if tuned else trials
            for m in metrics:
                x = np.full((1, cube.sizes["epoch"]), np.nan)
                if chosen is not None and (chosen.status == DONE).any():
                    x = chosen[f"{m}_curve"].values[chosen.status.values == DONE].astype(np.float64)
                for suffix, q in (("", 0.5), ("_q1", 0.25), ("_q3", 0.75)):
                    for e in range(x.shape[1]):
                        left = x[~np.isnan(x[:, e]), e]
                        value = np.quantile(left, q) if len(left) else np.nan
                        got = cube[m + suffix].values[index + (e,)]
                        compared += 1
                        if not same(got, value):
                            faults.append(f"{m}{suffix}{list(index)}, epoch {e + 1}: {got!r}, not {value!r}")
    print(f"{compared} numbers of learning curves compared")
    print("\n".join(faults[:8]))
    sys.exit(1 if faults else 0)


{"scramble": scramble, "check": check, "learning": learning}[sys.argv[1]](*sys.argv[2:])
