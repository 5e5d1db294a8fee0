#!/usr/bin/python3
"""Do results.nc and map.nc mean to xarray what they say?

    xarray_check.py DIR

DIR holds both files of a campaign over ep.beta [0.1, 0.2] and device.c2c [0, 0.02]. Ends with
status 1 at the first thing that is not as documented.
"""
import sys

import numpy as np
import xarray as xr


def check(what, holds):
    if not holds:
        sys.exit(f"xarray_check: {what}")


def check_globals(data, name):
    for attribute in ("title", "source", "date_created", "nudge_version", "nudge_spec"):
        check(f"{name} has no global attribute {attribute}", data.attrs.get(attribute))
    check(f"{name}: Conventions", data.attrs["Conventions"] == "CF-1.8, ACDD-1.3")


def check_results(results):
    check_globals(results, "results.nc")
    check("dimensions", set(results.sizes) == {"trial", "epoch"})
    beta = results.ep_beta
    check("parameter", beta.attrs["parameter"] == "ep.beta")
    check("role", beta.attrs["role"] == "axis")
    check("different axes have different dimensions",
          beta.attrs["dimension"] != results.device_c2c.attrs["dimension"])
    for name in ("device_seed", "train_seed"):
        check(f"{name} is {results[name].dtype}", results[name].dtype == np.int64)
    status = results.status
    check("status is a byte", status.dtype == np.int8)
    meanings = status.attrs["flag_meanings"].split()
    flags = dict(zip(meanings, np.atleast_1d(status.attrs["flag_values"]).tolist()))
    check("one meaning per flag", len(flags) == len(np.atleast_1d(status.attrs["flag_values"])))
    check("pending is 0", flags["pending"] == 0)
    check("every trial is done", (status == flags["done"]).all())
    check("seconds stay numbers, not a time delta", results.seconds.dtype == np.float64)
    check("unit of seconds", results.seconds.attrs["units"] == "s")
    for name, variable in results.variables.items():
        check(f"{name} has no long_name", variable.attrs.get("long_name"))
        check(f"{name} has no units",
              variable.dtype.kind in "OU" or name == "status" or "units" in variable.attrs)
    check("unit of errors", results.test_error.attrs["units"] == "1")
    check("errors are fractions", ((results.test_error >= 0) & (results.test_error <= 1)).all())
    curve = results.test_error_curve
    check("curve", curve.dims == ("trial", "epoch") and curve.dtype == np.float32)
    check("the curve ends at the value",
          np.array_equal(curve.values[:, -1], results.test_error.values.astype(np.float32)))
    check("keys are different", len(set(results.trial_key.values.tolist())) == results.sizes["trial"])


def check_map(cube, results):
    check_globals(cube, "map.nc")
    check("dimensions", set(cube.sizes) == {"ep_beta", "device_c2c"})
    check("axes are sorted", cube.ep_beta.values.tolist() == [0.1, 0.2]
          and cube.device_c2c.values.tolist() == [0.0, 0.02])
    for beta in (0.1, 0.2):
        for c2c in (0.0, 0.02):
            cell = cube.sel(device_c2c=c2c, ep_beta=beta)
            mine = (results.ep_beta.values == beta) & (results.device_c2c.values == c2c)
            values = results.test_error.values[mine]
            where = f"in the cell {beta}, {c2c}"
            check(f"n {where}", int(cell.n) == mine.sum() and int(cell.n_failed) == 0)
            for name, ours in (("test_error", np.median(values)),
                               ("test_error_q1", np.quantile(values, 0.25)),
                               ("test_error_q3", np.quantile(values, 0.75)),
                               ("test_error_mean", np.mean(values))):
                check(f"{name} {where}: {float(cell[name])} and {ours}",
                      np.isclose(float(cell[name]), ours, rtol=1e-12, atol=0))
            check(f"the interval holds the median {where}",
                  float(cell.test_error_low) <= float(cell.test_error)
                  <= float(cell.test_error_high))
    check("unit", cube.test_error.attrs["units"] == "1")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with xr.open_dataset(f"{sys.argv[1]}/results.nc") as results:
        check_results(results)
        with xr.open_dataset(f"{sys.argv[1]}/map.nc") as cube:
            check_map(cube, results)


main()
