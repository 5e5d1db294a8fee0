#!/usr/bin/env bash
# A campaign that is asked to stop stops in good order, with status 75, and goes on where it was.
. tests/lib.sh

cat >"$TMP/spec.yaml" <<END
campaign: stop
base:
  data: {name: synthetic, train: 1000, test: 200}
  model: {kind: ep-prototypical, layers: [784, 64, 10]}
  train: {epochs: 20, batch: 20}
axes:
  ep.beta: {linspace: [0.1, 0.5, 12]}
replicates: {device: 1, train: 3}
END

check "the campaign in one go" exits 0 "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/whole"
third=$(awk -v us=$took 'BEGIN { print us / 3e6 }') # of the time it takes, in seconds

some_done() { "$NUDGE" status "$1" --json 2>/dev/null | grep -qE '^[^{]*\{[^{]*"done":[1-9]'; }
until_some() { # until_some DIR: waits for a finished trial
    local i
    for ((i = 0; i < 500; i++)); do
        some_done "$1" && return 0
        sleep 0.02
    done
    return 1
}
signalled() { # signalled SIGNAL DIR: starts a run, sends the signal once a trial is done
    local pid status=0
    "$NUDGE" run "$TMP/spec.yaml" -o "$2" >"$TMP/out" 2>"$TMP/err" </dev/null &
    pid=$!
    until_some "$2"
    kill "-$1" "$pid"
    wait "$pid" || status=$?
    [ "$status" = 75 ] || { echo "status $status"; cat "$TMP/err"; return 1; }
}
unfinished() { "$NUDGE" status "$1" --json | grep -qv '"pending":0,'; }

for signal in TERM INT USR1; do
    check "$signal ends a run with status 75" signalled $signal "$TMP/$signal"
    check "... which says that work remains" says 'stopped in good order, [0-9]+ trials remain'
    check "... and so it does" unfinished "$TMP/$signal"
    check "... with files that agree" exits 0 "$NUDGE" verify "$TMP/$signal"
    check "... the same command finishes it" exits 0 "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/$signal"
    check "... with the same results" same_results "$TMP/whole" "$TMP/$signal"
done

check "a time limit ends a run with status 75" exits 75 "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/limit" --time-limit "${third}s"
check "... and the next finishes it" exits 0 "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/limit"
check "... with the same results" same_results "$TMP/whole" "$TMP/limit"

# A run whose time is over before anything can start says so. How long it takes is what any run takes to start.
sed -n '/^axes/q; s/layers: .*/layers: [784, 256, 10]}/; s/epochs: 20/epochs: 100/; p' "$TMP/spec.yaml" >"$TMP/long.yaml"
check "a time limit too short to start" exits 75 "$NUDGE" run "$TMP/long.yaml" -o "$TMP/bits" --time-limit 0.01s
starting=$took
check "... is said to be" says '1 trials remain: the time limit of 0.01 s was too short to start any of them; give a longer one'

# A trial that takes longer than a run may, several times as long on any machine: each goes on where the last was.
told=no
bit_by_bit() { # bit_by_bit LIMIT: runs of LIMIT seconds at most, until one ends the campaign
    local status
    for ((runs = 1; runs < 100; runs++)); do
        status=0
        "$NUDGE" run "$TMP/long.yaml" -o "$TMP/bits" --time-limit "$1" >"$TMP/out" 2>&1 </dev/null || status=$?
        [ "$status" = 75 ] || return "$status"
        grep -q 'remain: run the same command again to go on' "$TMP/out" && told=yes
    done
    return 75
}
check "a long trial in one go" exits 0 "$NUDGE" run "$TMP/long.yaml" -o "$TMP/long"
limit=$(awk -v start=$starting -v whole=$took 'BEGIN { print (2 * start + whole / 8) / 1e6 }')
check "... and in runs that are shorter than it" bit_by_bit "$limit"
check "... $runs of them, so more than one" test "$runs" -gt 1
check "... whose limit was long enough to say so" test "$told" = yes
check "... with the same results" same_results "$TMP/long" "$TMP/bits"
check "a wrong time limit is refused" exits 2 "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/x" --time-limit soon

# ---- one writer --------------------------------------------------------------------------
"$NUDGE" run "$TMP/spec.yaml" -o "$TMP/two" >/dev/null 2>&1 </dev/null &
first=$!
until_some "$TMP/two"
check "a second run on the same folder is refused" exits 4 "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/two"
check "... with the first one's process" says "process $first"
shows_worker() { # status is written every few seconds
    local i
    for ((i = 0; i < 100; i++)); do
        exits 0 "$NUDGE" status "$TMP/two" || return 1
        says 'worker 0 on .*epoch' >/dev/null && return 0
        sleep 0.05
    done
    says 'worker 0 on .*epoch'
}
check "status works meanwhile, and shows the worker" shows_worker
wait $first
check "the first run went on undisturbed" same_results "$TMP/whole" "$TMP/two"

# ---- extending ---------------------------------------------------------------------------
sed 's/train: 3}$/train: 4}/' "$TMP/spec.yaml" >"$TMP/more.yaml"
check "an extended spec runs what is new" exits 0 "$NUDGE" run "$TMP/more.yaml" -o "$TMP/two"
check "... and nothing else" says '48 of 48 trials done, 0 failed, 0 remain; 12 ran now'
check "... and its files agree" exits 0 "$NUDGE" verify "$TMP/two"

# ---- environment -------------------------------------------------------------------------
touch "$TMP/file"
check "a file in the way of the folder is an error" exits 4 "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/file"
check "... that says so" says 'not a folder'
check "status of no campaign" exits 3 "$NUDGE" status "$TMP"
check "... says how to start one" says 'nudge run'
check "standard output that is full is an error" bash -c "! \"$NUDGE\" plan '$TMP/spec.yaml' >/dev/full"
finish
