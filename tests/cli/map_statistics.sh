#!/usr/bin/env bash
# Every statistic of every cell of a map against NumPy, SciPy and xarray, to 1e-9: trials that failed, are pending or
# did not measure all, even and odd numbers of replicates, choices among tuned settings.
. tests/lib.sh

if ! /usr/bin/python3 -c 'import xarray, netCDF4, scipy' 2>/dev/null; then
    skip "statistics of maps" "needs python3-xarray, python3-netcdf4 and python3-scipy"
    finish
fi

base() { # base NAME
    cat <<END
campaign: $1
base:
  data: {name: synthetic, train: 40, validation: 20, test: 20}
  model: {kind: ep-prototypical, layers: [784, 4, 10]}
  ep: {T: 4, K: 2}
  train: {epochs: 6, batch: 20}
  device: {kind: ernoult, beta: 1}
END
}
{
    base tuned
    echo 'axes: {ep.beta: [0.1, 0.2, 0.5], device.kind: [ideal, ernoult]}'
    echo 'tune: {program.width: [0.001, 0.01], program.scheme: [rprop, cst]}'
    echo 'derive: {program.width_min: "program.width / 100"}'
    echo 'replicates: {device: 4, train: 3}'
} >"$TMP/tuned.yaml"
{
    base many
    echo 'axes: {ep.beta: [0.1, 0.2, 0.5, 1], train.batch: [10, 20]}'
    echo 'replicates: {device: 5, train: 5}'
} >"$TMP/many.yaml"
{
    base alone
    echo 'axes: {ep.beta: [0.1, 0.2, 0.5, 1]}'
    echo 'replicates: {device: 9, train: 1}'
} >"$TMP/alone.yaml"
numbers() { /usr/bin/python3 tests/tools/map_statistics.py "$@"; }

for name in tuned many alone; do
    check "$name runs" exits 0 "$NUDGE" run "$TMP/$name.yaml" -o "$TMP/$name"
done
for seed in 0 1; do # 0: as they are
    for name in tuned many alone; do
        [ $seed = 0 ] || check "$name is scrambled" numbers scramble "$TMP/$name/results.nc" $seed
        check "the map of $name" exits 0 "$NUDGE" map "$TMP/$name" --target 0.3 -o "$TMP/map.nc"
        case $name in
        tuned) base=device_kind=ideal ;;
        *) base= ;;
        esac
        check "... agrees with NumPy and SciPy" numbers check "$TMP/$name/results.nc" "$TMP/map.nc" test_error 0.3 $base
        check "the learning curves of $name" exits 0 "$NUDGE" map "$TMP/$name" --table learning -o "$TMP/curves.nc"
        check "... agree with NumPy" numbers learning "$TMP/$name/results.nc" "$TMP/curves.nc"
    done
done
check "another metric, another baseline" \
    exits 0 "$NUDGE" map "$TMP/many" --metric pulses_up --baseline ep.beta=0.2 -o "$TMP/map.nc"
check "... agree" numbers check "$TMP/many/results.nc" "$TMP/map.nc" pulses_up - ep_beta=0.2
check "a wrong number is noticed" /usr/bin/python3 -c '
import sys, netCDF4
with netCDF4.Dataset(sys.argv[1], "a") as f:
    f["pulses_up_high"][3, 0] *= 1 + 1e-8' "$TMP/map.nc"
check "... by name" exits 1 numbers check "$TMP/many/results.nc" "$TMP/map.nc" pulses_up - ep_beta=0.2
check "... and place" says 'pulses_up_high\[3, 0\]'
finish
