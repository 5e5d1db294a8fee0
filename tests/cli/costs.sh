#!/usr/bin/env bash
# What trials took stands in the journal, and the next run expects as much of trials like them.
. tests/lib.sh

case $OBJ in
*/sanitize-*) skip "costs are learned" "a sanitizer has to be loaded first" && finish ;;
esac
spec() { # spec SEEDS
    cat <<END
campaign: costs
base:
  data: {name: synthetic, train: 2000, test: 200}
  model: {kind: ep-prototypical, layers: [784, 256, 10]}
  ep: {T: 20, K: 10}
  train: {epochs: 60, batch: 20}
replicates: {train: $1}
END
}
spec 1 >"$TMP/one.yaml"
spec 2 >"$TMP/two.yaml"
check "time can run faster" "${CC:-cc}" -std=c11 -D_GNU_SOURCE -O1 -fPIC -shared -o "$TMP/fault.so" tests/tools/fault.c
check "a trial that took twenty times as long, by its clock" \
    exits 0 env LD_PRELOAD="$TMP/fault.so" FAULT_CLOCK=20 "$NUDGE" run "$TMP/one.yaml" -o "$TMP/run"
took=$(ncdump -v seconds "$TMP/run/results.nc" | sed -n 's/^ *seconds = *\([0-9.]*\).*/\1/p')

expected() { # what status says of the trial that runs
    local i pid found=
    "$NUDGE" run "$TMP/two.yaml" -o "$TMP/run" >/dev/null 2>&1 </dev/null &
    pid=$!
    for ((i = 0; i < 600; i++)); do
        found=$("$NUDGE" status "$TMP/run" --json | grep -oE '"expected_seconds":[1-9][0-9.]*' | head -n 1 | cut -d: -f2)
        [ -z "$found" ] || break
        sleep 0.05
    done
    kill "$pid"
    wait "$pid"
    echo "$found"
}
next=$(expected)
check "the next is expected to take as long (${took:-?} s, ${next:-?} s)" \
    awk -v a="${took:-0}" -v b="${next:-0}" 'BEGIN { exit !(a > 0 && b > 0.99 * a && b < 1.01 * a) }'
finish
