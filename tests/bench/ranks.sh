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

# Seconds of the processor that a process has taken.
taken() { awk -v hz="$(getconf CLK_TCK)" '{ print ($14 + $15) / hz }' "/proc/$1/stat"; }

# The share of a core that the process named in a file takes from its 5th to its 15th second, in percent.
share() {
    local before after
    sleep 5
    before=$(taken "$(cat "$1")")
    sleep 10
    after=$(taken "$(cat "$1")")
    awk -v a="$before" -v b="$after" 'BEGIN { print 100 * (b - a) / 10 }' >>"$TMP/shares"
}

# campaign WORKERS: its seconds
campaign() {
    local start=${EPOCHREALTIME/./}
    rm -rf "$TMP/run"
    # shellcheck disable=SC2016
    mpirun --oversubscribe --bind-to none \
        -n 1 bash -c 'echo $$ >"$0"; exec "$@"' "$TMP/master" "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/run" : \
        -n "$1" "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/run" >"$TMP/out" 2>&1 || { cat "$TMP/out" >&2; return 1; }
    awk -v us=$((${EPOCHREALTIME/./} - start)) 'BEGIN { print us / 1e6 }'
}
median() { sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }

for ((turn = 0; turn < turns; turn++)); do
    share "$TMP/master" & # with one worker: the master has next to nothing to do
    campaign 1 >>"$TMP/one" || exit 1
    wait
    campaign 2 >>"$TMP/two" || exit 1
done
paste "$TMP/one" "$TMP/two" "$TMP/shares" |
    awk '{ printf "one worker %6.2f s, two %6.2f s; the master takes %.1f %% of a core\n", $1, $2, $3 }'
awk -v one="$(median <"$TMP/one")" -v two="$(median <"$TMP/two")" -v share="$(median <"$TMP/shares")" 'BEGIN {
    printf "two workers: %.2f times as fast as one; master: %.1f %% of a core (medians)\n", one / two, share
    exit !(one / two >= 1.9 && share <= 2)
}'
