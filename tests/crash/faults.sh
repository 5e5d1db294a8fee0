#!/usr/bin/env bash
# Whatever happens in a trial is a record, and the campaign goes on.
. tests/lib.sh

cat >"$TMP/spec.yaml" <<END
campaign: faults
base:
  data: {name: synthetic, train: 200, test: 100}
  model: {kind: ep-prototypical, layers: [784, 16, 10]}
  ep: {T: 8, K: 4}
  train: {epochs: 1, batch: 20}
axes:
  check.fault: [none, segv, kill, oom, hang, nan]
limits: {trial_seconds: 5, trial_memory: 512, retries: 0}
END

cat >"$TMP/expect.py" <<'END'
"""Each fault ended as it should, with a reason."""
import sys, netCDF4

data = netCDF4.Dataset(sys.argv[1])
data.set_auto_maskandscale(False)
status = data.variables["status"]
meaning = dict(zip([int(v) for v in status.flag_values], status.flag_meanings.split()))


def texts(name):
    values = data.variables[name][...]
    if values.dtype.kind == "S" and values.ndim == 2:
        values = netCDF4.chartostring(values)
    return [str(v).strip("\0 ") for v in values]


expected = {
    "none": {"done"},
    "segv": {"crashed"},
    "kill": {"crashed", "out_of_memory"},  # who sent a KILL, the kernel does not say
    "oom": {"out_of_memory"},
    "hang": {"timed_out"},
    "nan": {"diverged"},
}
faults = texts("check_fault")
wrong = [f for f in expected if faults.count(f) != 1]
for fault, code, reason, error in zip(faults, status[...], texts("reason"), data.variables["test_error"][...]):
    got = meaning[int(code)]
    print(f"{fault}: {got}: {reason}")
    done = fault == "none"
    if got not in expected[fault] or (reason == "") != done or (error == error) != done:
        wrong.append(fault)
if any(data.variables["attempts"][...] != 1):
    wrong.append("attempts")
sys.exit(f"wrong: {wrong}" if wrong else 0)
END
expect() { /usr/bin/python3 "$TMP/expect.py" "$1/results.nc"; }

check "a campaign with faults ends with status 1" exits 1 "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/1"
check "every fault has its status and reason" expect "$TMP/1"
check "the campaign agrees within itself" exits 0 "$NUDGE" verify "$TMP/1"
check "status names failures" exits 0 "$NUDGE" status "$TMP/1"
check "... as such" says 'crashed|failed'
# the log of the one worker: each trial once begun, and how it ended
log_tells() {
    local log=$TMP/1/logs/worker-0.log words key
    [ "$(grep -c ' begins$' "$log")" = 6 ] || { cat "$log"; return 1; }
    for words in 'done after' 'crashed after .*egmentation' 'out_of_memory after' 'timed_out after' 'diverged after'; do
        key=$(grep -E "$words" "$log" | head -n 1 | cut -d' ' -f3)
        if ! [[ $key =~ ^[0-9a-f]{32}$ ]] || ! grep -q "$key begins$" "$log"; then
            echo "no trial: $words"
            cat "$log"
            return 1
        fi
    done
}
check "the worker's log tells of each trial" log_tells
cp -r "$TMP/1" "$TMP/before"
check "going on does not try the failed again" exits 1 "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/1"
check "... each was tried once" expect "$TMP/1"
check "... and nothing changed" same_results "$TMP/1" "$TMP/before"
if have_mpi; then
    check "so it does on 3 ranks" exits 1 ranks 3 "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/3"
    check "every fault has its status and reason there" expect "$TMP/3"
    check "1 and 3 ranks agree on them" same_results "$TMP/1" "$TMP/3"
else
    skip "the same on 3 ranks" "built without MPI"
fi
finish
