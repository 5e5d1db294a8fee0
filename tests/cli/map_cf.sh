#!/usr/bin/env bash
# Maps of every shape keep the rules of CF-1.8 and ACDD-1.3, and other programs open them: xarray, ncdump, NCO, CDO,
# ncview.
. tests/lib.sh

if ! /usr/bin/python3 -c 'import xarray, netCDF4' 2>/dev/null; then
    skip "maps by CF" "needs python3-xarray and python3-netcdf4"
    finish
fi

base() { # base NAME
    cat <<END
campaign: $1
question: Is it read?
base:
  data: {name: synthetic, train: 40, validation: 20, test: 20}
  model: {kind: ep-prototypical, layers: [784, 8, 10]}
  ep: {T: 6, K: 3}
  train: {epochs: 2, batch: 20}
  device: {kind: ernoult, beta: 1}
END
}
{
    base plane
    echo 'axes: {ep.beta: [0.1, 0.5], device.c2c: [0, 0.02, 0.1]}'
    echo 'tune: {program.width: [0.001, 0.01]}'
    echo 'replicates: {device: 2}'
} >"$TMP/plane.yaml"
{
    base names
    echo 'axes: {ep.beta: [0.1, 0.5], train.batch: [10, 20]}'
    echo 'cases:'
    echo '  - {name: perfect, device.kind: ideal}'
    echo '  - {name: real, device.kind: ernoult, device.c2c: 0.01}'
    echo 'tune: {program.scheme: [cst, rprop]}'
} >"$TMP/names.yaml"
{ # neither parameter tells the samples apart
    base samples
    printf '%s\n' 'design: sobol' 'samples: 4'
    echo 'axes: {ep.beta: [0.5, 0.1], device.c2c: [0.1, 0]}'
    echo 'replicates: {train: 2}'
} >"$TMP/samples.yaml"
sed 's/campaign: plane/campaign: other/; s/T: 6/T: 8/' "$TMP/plane.yaml" >"$TMP/other.yaml"
for name in plane names samples other; do
    check "$name runs" exits 0 "$NUDGE" run "$TMP/$name.yaml" -o "$TMP/$name"
done

map() { # map NAME ARG...: and what everyone says of it
    local file=$TMP/$1.nc
    shift
    check "map $*" exits 0 "$NUDGE" map "$@" -o "$file"
    check "... keeps the rules" /usr/bin/python3 tests/tools/cf_check.py "$file"
    check "... is read by xarray" /usr/bin/python3 -W error -c '
import sys, xarray
with xarray.open_dataset(sys.argv[1]) as cube:
    assert cube.load().test_error.size' "$file"
    if command -v ncdump >/dev/null; then check "... by ncdump" silent ncdump "$file"; fi
    if command -v ncks >/dev/null; then check "... by NCO" silent ncks -O -v test_error "$file" "$TMP/part.nc"; fi
}
silent() { # ends well, and says nothing on standard error
    "$@" >"$TMP/out" 2>"$TMP/err" && [ ! -s "$TMP/err" ] && return
    head -n 5 "$TMP/err"
    return 1
}
map plane "$TMP/plane" --target 0.5
map line "$TMP/plane" --where device.c2c=0.02
map point "$TMP/plane" --where device.c2c=0.02 --where ep.beta=0.1
map names "$TMP/names" --metric train_loss
map case "$TMP/names" --where case=real --baseline ep.beta=0.1
map samples "$TMP/samples"
map several "$TMP/plane" "$TMP/other"
map curves "$TMP/names" --table learning
for table in learning sensitivity tolerance contours; do
    check "the table $table" exits 0 "$NUDGE" map "$TMP/plane" --table $table -o "$TMP/$table.nc"
    check "... keeps the rules" /usr/bin/python3 tests/tools/cf_check.py "$TMP/$table.nc"
done
check "a ratio" exits 0 "$NUDGE" map "$TMP/plane" --ratio ep.beta=0.5/0.1 -o "$TMP/ratio.nc"
check "... keeps the rules" /usr/bin/python3 tests/tools/cf_check.py "$TMP/ratio.nc"
check "every rule is noticed when it is broken" /usr/bin/python3 tests/tools/cf_check.py --self-test "$TMP/plane.nc"
check "... with names along an axis too" /usr/bin/python3 tests/tools/cf_check.py --self-test "$TMP/names.nc"

# CDO knows grids of numbers.
if command -v cdo >/dev/null; then
    check "CDO reads a map over two numbers" silent cdo -s sinfo "$TMP/plane.nc"
    check "... all variables of it" test "$(cdo -s nvar "$TMP/plane.nc")" = \
        "$(/usr/bin/python3 -c 'import sys, xarray; print(len(xarray.open_dataset(sys.argv[1])))' "$TMP/plane.nc")"
    check "... and its values" /usr/bin/python3 -c '
import subprocess, sys, numpy, xarray
text = subprocess.check_output(["cdo", "-s", "output", "-selname,test_error", sys.argv[1]], text=True)
numpy.testing.assert_allclose([float(x) for x in text.split()], xarray.open_dataset(sys.argv[1]).test_error.values.ravel(),
                              rtol=1e-5)' "$TMP/plane.nc"
else
    skip "CDO reads a map over two numbers" "needs cdo"
fi
if command -v ncwa >/dev/null; then
    check "NCO averages over an axis" silent ncwa -O -a ep_beta -v test_error "$TMP/plane.nc" "$TMP/mean.nc"
    check "... rightly" /usr/bin/python3 -c '
import sys, numpy, xarray
a, b = (xarray.open_dataset(f).test_error for f in sys.argv[1:])
numpy.testing.assert_allclose(a.mean("ep_beta").values, b.values, rtol=1e-12)' "$TMP/plane.nc" "$TMP/mean.nc"
fi

# ncview too. It ends at once, with 255, on what it cannot read; else it waits for a person.
shown() {
    status=0
    xvfb-run -a timeout 5 ncview "$1" >"$TMP/out" 2>"$TMP/err" || status=$?
    [ "$status" = 124 ] && ! grep '^ncview:' "$TMP/err" && return
    echo "ended with $status"
    return 1
}
if command -v ncview >/dev/null && command -v xvfb-run >/dev/null; then
    check "ncview opens a map over two numbers" shown "$TMP/plane.nc"
else
    skip "ncview opens a map over two numbers" "needs ncview and xvfb"
fi

# ---- how the axes came out ----
check "combinations without a name are numbered, in order" /usr/bin/python3 -c '
import sys, xarray
cube = xarray.open_dataset(sys.argv[1])
n = cube.sizes["combination"]
assert cube.test_error.dims == ("combination",) and cube.combination.values.tolist() == list(range(1, n + 1))
assert n > 2 and set(cube.ep_beta.values) == {0.1, 0.5} and set(cube.device_c2c.values) == {0, 0.1}
assert sorted(zip(cube.ep_beta.values, cube.device_c2c.values)) == list(zip(cube.ep_beta.values, cube.device_c2c.values))
assert (cube.n >= 2).all()' "$TMP/samples.nc"
check "names can be selected by" /usr/bin/python3 -c '
import sys, xarray
cube = xarray.open_dataset(sys.argv[1])
assert float(cube.device_c2c.sel(case="real")) == 0.01
assert float(cube.train_loss_degradation.sel(case="perfect", ep_beta=0.1, train_batch=10)) == 0
assert cube.best_program_scheme.sel(case="real").isin(["cst", "rprop"]).all()' "$TMP/names.nc"
finish
