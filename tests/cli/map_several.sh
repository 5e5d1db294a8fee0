#!/usr/bin/env bash
# One map of several folders: parts of a campaign are united trial by trial, campaigns of other names lie side by
# side along an axis, and what does not belong together is refused.
. tests/lib.sh

if ! /usr/bin/python3 -c 'import xarray, netCDF4' 2>/dev/null; then
    skip "maps of several campaigns" "needs python3-xarray and python3-netcdf4"
    finish
fi

spec() { # spec NAME BETAS STEPS
    cat <<END
campaign: $1
question: Does $1 unite?
base:
  data: {name: synthetic, train: 60, validation: 30, test: 30}
  model: {kind: ep-prototypical, layers: [784, 8, 10]}
  ep: {T: $3, K: 3}
  train: {epochs: 2, batch: 20}
  device: {kind: ernoult, beta: 1}
axes:
  ep.beta: [$2]
  program.scheme: [cst, rprop]
tune: {program.width: [0.001, 0.01]}
replicates: {device: 2}
END
}
spec one "0.1, 0.5" 6 >"$TMP/one.yaml"
spec one "0.1, 0.3, 0.5" 6 >"$TMP/longer.yaml"
spec one "0.5, 0.1" 8 >"$TMP/steps.yaml"
spec two "0.1, 0.5" 8 >"$TMP/two.yaml"
spec three "0.1, 0.5" 6 | sed 's/program.scheme.*/device.c2c: [0, 0.1]/' >"$TMP/three.yaml"
for name in one longer steps two three; do
    check "$name runs" exits 0 "$NUDGE" run "$TMP/$name.yaml" -o "$TMP/$name"
done
for i in 1 2; do
    check "shard $i" exits 0 "$NUDGE" run "$TMP/one.yaml" -o "$TMP/parts" --shard $i/2
done

cat >"$TMP/same.py" <<'END'
import sys
import xarray as xr
a, b = (xr.open_dataset(f) for f in sys.argv[1:])
for data in (a, b):
    data.attrs.clear()
drop = [v for v in a if v.startswith(("samples_per_second", "seconds_to"))]  # differ from run to run
assert a.epochs_to_target.notnull().any()
xr.testing.assert_identical(a.drop_vars(drop), b.drop_vars(drop))
END
same() { /usr/bin/python3 "$TMP/same.py" "$TMP/$1.nc" "$TMP/$2.nc"; }
map() { # map NAME FOLDER...
    local name=$1
    shift
    exits 0 "$NUDGE" map "${@/#/$TMP/}" --target 0.9 -o "$TMP/$name.nc" # whose curves are read from all files
}
check "the map of the whole" map whole one
check "the map of its shards" map shards parts/shard-1-of-2 parts/shard-2-of-2
check "... is the same" same whole shards
check "the map of the extension" map extension longer
check "the map of the campaign and its extension" map both one longer
check "... is the extension's" same extension both
check "... in any order, with shards, from files" map again parts/shard-2-of-2 longer/results.nc one
check "... too" same extension again
check "half of it" map half parts/shard-1-of-2
half_is_half() {
    /usr/bin/python3 -c '
import sys, xarray as xr
whole, half = (xr.open_dataset(f) for f in sys.argv[1:])
assert 0 < int(half.n.sum()) < int(whole.n.sum())' "$TMP/whole.nc" "$TMP/half.nc"
}
check "... is less" half_is_half

# ---- side by side ----
check "campaigns of two names" map pair one two
check "the second alone" map second two
cat >"$TMP/pair.py" <<'END'
import sys
import numpy as np
import xarray as xr
pair, one, two = (xr.open_dataset(f"{sys.argv[1]}/{n}.nc") for n in ("pair", "whole", "second"))
assert pair.sizes == {"campaign": 2, **one.sizes}, pair.sizes
assert pair.campaign.values.tolist() == ["one", "two"]
assert pair.attrs["title"] == "one, two"
assert "Does one unite? Does two unite?" in pair.attrs["summary"]
for name, alone in (("one", one), ("two", two)):
    part = pair.sel(campaign=name)
    for v in alone:
        if not v.startswith(("samples_per_second", "seconds_to")):
            np.testing.assert_array_equal(part[v].values, alone[v].values, err_msg=v)
END
check "... lie along an axis" /usr/bin/python3 "$TMP/pair.py" "$TMP"

# ---- what is refused ----
check "no -o for two is wrong usage" exits 2 "$NUDGE" map "$TMP/one" "$TMP/two"
check "... nor for a file" exits 2 "$NUDGE" map "$TMP/one/results.nc"
check "no folder is wrong usage" exits 2 "$NUDGE" map
check "a target that is no number is wrong usage" exits 2 "$NUDGE" map "$TMP/one" --target low
check "... named" says '--target "low" is no number'
check "a baseline that is no axis is refused" exits 3 "$NUDGE" map "$TMP/one" --baseline program.width=0.01
check "... with what it is" says 'no axis of the map, it is tune'
check "other axes are refused" exits 3 "$NUDGE" map "$TMP/one" "$TMP/three" -o "$TMP/x.nc"
check "... naming what differs" says 'program\.scheme is axis in the first and not swept in the second'
check "another base under the same name is refused" exits 3 "$NUDGE" map "$TMP/one" "$TMP/steps" -o "$TMP/x.nc"
check "... with a remedy" says 'give them different names'
check "a folder without results is refused" exits 3 "$NUDGE" map "$TMP/one" "$TMP/parts" -o "$TMP/x.nc"
check "... by name" says 'parts has no results.nc'
cp -r "$TMP/one" "$TMP/forged"
check "a result is forged" /usr/bin/python3 -c '
import sys, netCDF4
with netCDF4.Dataset(sys.argv[1], "a") as f:
    f["test_error"][3] = 0.123' "$TMP/forged/results.nc"
check "a contradiction is refused, with status 1" exits 1 "$NUDGE" map "$TMP/one" "$TMP/forged" -o "$TMP/x.nc"
check "... naming trial, files and values" \
    says 'trial [0-9a-f]{32} ended differently in .*one/results.nc and in .*forged/results.nc: test_error 0\.[0-9]+ and 0\.123'
check "nothing was written" test ! -e "$TMP/x.nc"

# ---- which record of a trial ----
cp -r "$TMP/one" "$TMP/failed"
check "a trial is made a crash, one pending" /usr/bin/python3 -c '
import sys, netCDF4
with netCDF4.Dataset(sys.argv[1], "a") as f:
    f["status"][0] = 3
    f["test_error"][0] = float("nan")
    f["status"][1] = 0' "$TMP/failed/results.nc"
check "a record that ended is taken, whichever comes first" map mended failed one
check "... everywhere" same whole mended
finish
