#!/usr/bin/env bash
# Campaigns of trials of a few milliseconds, where the way between master and worker counts: two workers under MPI
# beside two shards, which have no way to go, and beside another build of the program if one is given; in turns.
#   tests/bench/short.sh [TURNS] [NUDGE]     (3; nothing else may run)
. tests/lib.sh
turns=${1:-3} other=${2:-}

cat >"$TMP/spec.yaml" <<END
campaign: short
base:
  data: {name: synthetic, train: 100, test: 50}
  model: {kind: ep-prototypical, layers: [784, 12, 10]}
  ep: {T: 6, K: 3}
  train: {epochs: 1, batch: 20}
replicates: {train: 3000}
END

# seconds COMMAND...
seconds() {
    local start=${EPOCHREALTIME/./}
    rm -rf "$TMP/run"
    "$@" >"$TMP/out" 2>&1 || { cat "$TMP/out" >&2; exit 1; }
    awk -v us=$((${EPOCHREALTIME/./} - start)) 'BEGIN { print us / 1e6 }'
}
workers() { ranks 3 "$1" run "$TMP/spec.yaml" -o "$TMP/run"; }
shards() {
    "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/run" --shard 1/2 &
    "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/run" --shard 2/2
    wait $!
}
median() { sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }

for ((turn = 0; turn < turns; turn++)); do
    seconds workers "$NUDGE" >>"$TMP/workers"
    seconds shards >>"$TMP/shards"
    [ -z "$other" ] || seconds workers "$(realpath "$other")" >>"$TMP/other"
done
for way in workers shards other; do
    [ ! -e "$TMP/$way" ] || printf '%-8s %5.0f trials/s (%s s)\n' $way \
        "$(median <"$TMP/$way" | awk '{ print 3000 / $1 }')" "$(tr '\n' ' ' <"$TMP/$way")"
done
