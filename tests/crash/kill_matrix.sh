#!/usr/bin/env bash
# Whoever is killed, and whenever: no finished trial is lost, none is there twice, and the results are those
# of an uninterrupted run, bit for bit. KILLS=all, as tests/long/kills.sh has it, kills more than 500 times at
# random moments and tears every write; otherwise 50 times, and every write but to results.nc.
. tests/lib.sh

matrix() { # matrix MODE ARGUMENT...: its report is shown
    local status=0
    /usr/bin/python3 tests/tools/kill_matrix.py "$1" --nudge "$NUDGE" --fault "$TMP/fault.so" \
        --work "$TMP/$1" "${@:2}" >"$TMP/report" 2>&1 || status=$?
    grep -E '^killed ' "$TMP/report" | sed 's/^/# /' >&3
    [ "$status" = 0 ] || tail -n 20 "$TMP/report"
    rm -rf "${TMP:?}/$1"
    return "$status"
}
exec 3>&1

spec() { # spec EPOCHS MINI-BATCH CHECKPOINT_SECONDS SEEDS
    cat <<END
campaign: kills
base:
  data: {name: bars-and-stripes, side: 4}
  model: {kind: ep-prototypical, layers: [16, 24, 2]}
  ep: {T: 40, K: 10}
  train: {epochs: $1, batch: $2, checkpoint_seconds: $3}
  device: {kind: ernoult, c2c: 0.01}
axes:
  ep.beta: [0.1, 0.2, 0.3]
replicates: {device: 1, train: $4}
limits: {retries: 100, losses: 100}
END
}
spec 2 15 1e-9 1 >"$TMP/calls.yaml" # a checkpoint after every mini-batch
spec 100 5 1 4 >"$TMP/moments.yaml"
spec 100 5 0.05 4 >"$TMP/ranks.yaml"
spec 1 30 60 60 >"$TMP/short.yaml" # so short that a worker has the next trial by it

case $OBJ in
*/sanitize-*) skip "killed before every call" "a sanitizer has to be loaded first" && finish ;;
esac
check "faults can be planted" "${CC:-cc}" -std=c11 -D_GNU_SOURCE -O1 -fPIC -shared -o "$TMP/fault.so" tests/tools/fault.c

if [ "${KILLS:-}" = all ]; then
    some=() alone="master=160 job=80 keeper=6 server=90 child=120" many="master=16 worker=16 keeper=6 job=16 server=24 child=24"
    short="master=6 worker=6 keeper=3 job=6 server=12 child=12"
else
    some=(--some) alone="master=12 job=6 server=10 child=14" many="master=1 worker=2 job=1 server=2 child=2"
    short="master=1 worker=1 job=1 server=5" # a child that short is as often as not done when it is killed
fi
check "killed before every call that writes, and within" matrix calls --spec "$TMP/calls.yaml" "${some[@]}"
# the numbers are words
# shellcheck disable=SC2086
check "killed at random moments" matrix moments --spec "$TMP/moments.yaml" --seed "${SEED:-1}" $alone
if have_mpi; then
    # shellcheck disable=SC2086
    check "killed at random moments on 3 ranks" matrix moments --ranks 3 --spec "$TMP/ranks.yaml" --seed "${SEED:-1}" $many
    # shellcheck disable=SC2086
    check "... with the next trial sent ahead" matrix moments --ranks 3 --spec "$TMP/short.yaml" --seed "${SEED:-1}" $short
else
    skip "killed at random moments on 3 ranks" "built without MPI"
fi

# The reader of journals that all of this rests on must be able to fail.
cat >"$TMP/doubt.py" <<'END'
import sys

sys.path.insert(0, "tests/tools")
import journal

data = open(sys.argv[1], "rb").read()
rows = [journal.trial(p) for _, kind, p in journal.records(data) if kind == journal.TRIAL]
assert len(rows) == 3 and all(status == "done" and attempt == 1 for _, status, attempt in rows), rows
for at in (20, len(data) // 2, len(data) - 1):
    bent = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    assert len(list(journal.records(bent))) < len(list(journal.records(data))), at
END
check "a campaign by itself" exits 0 "$NUDGE" run "$TMP/calls.yaml" -o "$TMP/alone"
check "... has a journal in which every bit counts" /usr/bin/python3 "$TMP/doubt.py" "$TMP/alone/journal"
finish
