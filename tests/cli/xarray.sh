#!/usr/bin/env bash
# A small campaign, its map, and xarray's opinion of both files.
. tests/lib.sh

if ! /usr/bin/python3 -c 'import xarray, netCDF4' 2>/dev/null; then
    skip "results and map in xarray" "needs python3-xarray and python3-netcdf4"
    finish
fi

cat >"$TMP/spec.yaml" <<'SPEC'
campaign: xarray
question: Does xarray read it?
base:
  data: {name: synthetic, train: 200, test: 100}
  model.layers: [784, 16, 10]
  train.epochs: 2
  device.kind: ernoult
axes:
  ep.beta: [0.1, 0.2]
  device.c2c: [0, 0.02]
replicates: {device: 2, train: 1}
SPEC

check "the campaign runs" exits 0 "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/dir"
check "the map is written" exits 0 "$NUDGE" map "$TMP/dir" -o "$TMP/dir/map.nc"
check "xarray reads both as documented" /usr/bin/python3 tests/cli/xarray_check.py "$TMP/dir"
check "an unknown metric is refused with the nearest" \
    exits 3 "$NUDGE" map "$TMP/dir" --metric tset_error -o "$TMP/dir/x.nc"
check "... by name" says 'did you mean "test_error"'
check "a value that no trial has is refused" \
    exits 3 "$NUDGE" map "$TMP/dir" --where ep.beta=0.3 -o "$TMP/dir/x.nc"
check "... with those there are" says 'there is: 0.1, 0.2'
check "an unknown ending is wrong usage" exits 2 "$NUDGE" map "$TMP/dir" -o "$TMP/dir/x.jpg"
check "the table is written" exits 0 "$NUDGE" map "$TMP/dir" -o "$TMP/dir/map.csv"
check "the table has a line per cell and a header" test "$(wc -l <"$TMP/dir/map.csv")" = 5

if command -v gnuplot >/dev/null; then
    for kind in svg pdf png; do
        check "a figure as $kind" exits 0 "$NUDGE" map "$TMP/dir" -o "$TMP/dir/map.$kind"
        check "... is there" test -s "$TMP/dir/map.$kind"
    done
    check "... with a line of equal error" grep -q 'test_error = ' "$TMP/dir/map.svg"
    sed 's/ep.beta: .*/program.scheme: [cst, accumulate]/' "$TMP/spec.yaml" >"$TMP/names.yaml"
    check "a campaign over names" exits 0 "$NUDGE" run "$TMP/names.yaml" -o "$TMP/names"
    check "... has its figure" exits 0 "$NUDGE" map "$TMP/names" -o "$TMP/names/map.svg"
    check "... and no line between names" test "$(grep -c 'test_error = ' "$TMP/names/map.svg")" = 0
else
    skip "figures" "needs gnuplot"
fi
finish
