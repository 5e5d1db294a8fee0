#!/usr/bin/env bash
# What ranks buy and cost: a campaign of trials of about a second with one worker and with two, in turns, and the
# processor that the master takes meanwhile.   tests/bench/ranks.sh [TURNS]     (3; nothing else may run)
#
# Asked of two free cores: two workers at least 1.9 times as fast as one, the master at most 2 % of a core. Ends
# with status 1 where that does not come out.
. tests/lib.sh
turns=${1:-3}

cat >"$TMP/spec.yaml" <<END
campaign: ranks
base:
  data: {name: synthetic, train: 2000, test: 200}
  model: {kind: ep-prototypical, layers: [784, 256, 10]}
  ep: {T: 20, K: 10}
  train: {epochs: 10, batch: 20}
replicates: {train: 32}
END

# campaign WORKERS: "seconds, and seconds of the processor that rank 0 took"
campaign() {
    rm -rf "$TMP/run"
    # a shell around rank 0 alone, to time it
    # shellcheck disable=SC2016
    mpirun --oversubscribe --bind-to none \
        -n 1 bash -c 'TIMEFORMAT="%R %U %S"; { time "$@" 2>"$0.said" >&2; } 2>"$0.time"' "$TMP/master" \
        "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/run" : \
        -n "$1" "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/run" >"$TMP/out" 2>&1 || { cat "$TMP/out" "$TMP/master.said" >&2; exit 1; }
    awk '{ print $1, $2 + $3 }' "$TMP/master.time"
}

for ((turn = 0; turn < turns; turn++)); do
    for workers in 1 2; do
        line=$(campaign $workers) || exit 1
        echo "$workers $line" >>"$TMP/all"
    done
done
awk '{ printf "workers %d  %6.2f s  master %5.2f s, %4.1f %% of a core\n", $1, $2, $3, 100 * $3 / $2 }' "$TMP/all"

median() { sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }
one=$(awk '$1 == 1 { print $2 }' "$TMP/all" | median) two=$(awk '$1 == 2 { print $2 }' "$TMP/all" | median)
share=$(awk '$1 == 2 { print 100 * $3 / $2 }' "$TMP/all" | median)
awk -v one="$one" -v two="$two" -v share="$share" 'BEGIN {
    printf "two workers: %.2f times as fast as one; master: %.1f %% of a core (medians)\n", one / two, share
    exit !(one / two >= 1.9 && share <= 2)
}'
