#!/usr/bin/env bash
# A result does not depend on how many ranks computed it, nor on how often they were killed.
. tests/lib.sh

if ! have_mpi; then
    skip "any number of ranks gives the same results" "built without MPI"
    finish
fi

cat >"$TMP/spec.yaml" <<END
campaign: ranks
question: Is a result independent of the number of ranks?
base:
  data: {name: synthetic, train: 400, test: 200}
  model: {kind: ep-prototypical, layers: [784, 32, 10]}
  ep: {T: 12, K: 5}
  train: {epochs: 20, batch: 20}
  device.kind: ernoult
axes:
  ep.beta: [0.1, 0.3, 0.5]
  device.c2c: [0, 0.01]
replicates: {device: 2, train: 2}
END

check "1 rank" exits 0 "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/1"
for n in 3 7; do
    check "$n ranks" exits 0 ranks $n "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/$n"
    check "$n ranks agree within themselves" exits 0 "$NUDGE" verify "$TMP/$n"
    check "1 and $n ranks give the same results" same_results "$TMP/1" "$TMP/$n"
done
check "3 and 7 ranks give the same results" same_results "$TMP/3" "$TMP/7"

attempts() { ncdump -v attempts,seconds "$1/results.nc" | sed '1,/^data:/d'; }
# The same command once more has nothing to do, and changes nothing.
cp -r "$TMP/3" "$TMP/before"
check "a finished campaign is finished" exits 0 ranks 3 "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/3"
check "... and stays as it was" same_results "$TMP/3" "$TMP/before"
check "... with no trial run twice" cmp <(attempts "$TMP/3") <(attempts "$TMP/before")

# ---- killed mid-way, again and again ---------------------------------------------------
size() { stat -c %s "$TMP/killed/journal" 2>/dev/null || echo 0; }

kill_after_a_record() { # starts the campaign and kills all of it once the journal has grown
    local before pid i
    before=$(size)
    # A session of its own, so that all it consists of can be named.
    setsid mpirun -n 4 --oversubscribe --bind-to none "$NUDGE" run "$TMP/spec.yaml" \
        -o "$TMP/killed" >>"$TMP/log" 2>&1 </dev/null &
    pid=$!
    for ((i = 0; i < 1200; i++)); do
        kill -0 $pid 2>/dev/null || break
        [ "$(size)" -le $((before + (before == 0 ? 2000 : 0))) ] || break
        sleep 0.02
    done
    # its session: mpirun, the ranks, their trials
    ps -o pid= -s $pid | xargs -r kill -KILL 2>/dev/null
    wait $pid 2>/dev/null
    [ $? = 137 ] # it was still running
}

killed=0
for _ in 1 2 3 4; do
    kill_after_a_record && killed=$((killed + 1))
done 2>/dev/null
check "killed mid-way at least three times (was: $killed)" [ $killed -ge 3 ]
check "what was left is sound" exits 0 "$NUDGE" status "$TMP/killed"
check "the same command finishes it" exits 0 ranks 4 "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/killed"
check "the survivor agrees within itself" exits 0 "$NUDGE" verify "$TMP/killed"
check "killed and resumed gives the same results" same_results "$TMP/1" "$TMP/killed"
nothing_left() { ! pgrep -af "run .*-o $TMP/killed"; }
check "no trial outlived its campaign" nothing_left

# The comparison itself must be able to fail.
cat >"$TMP/change.py" <<'END'
import sys, netCDF4
d = netCDF4.Dataset(sys.argv[1], "a")
d.variables["test_error"][1] = float(d.variables["test_error"][1]) + 1e-9
END
/usr/bin/python3 "$TMP/change.py" "$TMP/7/results.nc"
seen() { ! same_results "$TMP/1" "$TMP/7"; }
check "a changed number is seen" seen
check "... by verify too" exits 1 "$NUDGE" verify "$TMP/7"
finish
