#!/usr/bin/env bash
# A trial that was stopped or killed goes on where it stood, and ends with the same bits.
. tests/lib.sh

# One trial of several seconds, which writes a checkpoint each half second: whoever stops it at its first has it
# under way, on a machine of any speed.
cat >"$TMP/spec.yaml" <<END
campaign: resume
base:
  data: {name: synthetic, train: 2000, test: 200}
  model: {kind: drbm, layers: [784, 64, 10]}
  rbm.negative: pcd
  train: {epochs: 300, batch: 20, rates: 1, checkpoint_seconds: 0.5}
  device: {kind: ernoult, c2c: 0.01}
END

check "the campaign in one go" exits 0 "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/whole"
check "... leaves no checkpoints" test ! -e "$TMP/whole/checkpoints"

checkpoint() { # its name, which is the trial's key
    find "$1/checkpoints" -regextype egrep -regex '.*/[0-9a-f]{32}' -printf '%f\n' 2>/dev/null | head -n 1
}
start() { # start DIR: a run, until its trial has a checkpoint
    "$NUDGE" run "$TMP/spec.yaml" -o "$1" >"$TMP/out" 2>"$TMP/err" </dev/null &
    pid=$!
    local i
    for ((i = 0; i < 3000; i++)); do
        [ -z "$(checkpoint "$1")" ] || return 0
        sleep 0.02
    done
    echo "no trial got under way"
    return 1
}
stop() { # stop SIGNAL STATUS
    local status=0
    kill "-$1" "$pid"
    wait "$pid" || status=$?
    [ "$status" = "$2" ] || { echo "status $status"; cat "$TMP/err"; return 1; }
}
goes_on() { # goes_on DIR: the trial begins once more, far from its beginning
    exits 0 "$NUDGE" run "$TMP/spec.yaml" -o "$1" || return
    grep -qE 'goes on from its checkpoint: epoch ([2-9]|[1-9][0-9]+), mini-batch [0-9]+$' "$1/logs/worker-0.log" && return
    cat "$1/logs/worker-0.log"
    return 1
}

for signal in TERM KILL; do
    dir=$TMP/$signal
    check "a run is under way" start "$dir"
    check "SIG$signal ends it" stop $signal "$([ $signal = TERM ] && echo 75 || echo 137)"
    check "... with a checkpoint" test -n "$(checkpoint "$dir")"
    check "... that verify finds whole" exits 0 "$NUDGE" verify "$dir"
    check "... and counts" says 'checkpoints: 1, each whole'
    check "the trial goes on from it, to the end" goes_on "$dir"
    check "... with the same results" same_results "$TMP/whole" "$dir"
    check "... and no checkpoint is left" test ! -e "$dir/checkpoints"
done

# ---- checkpoints that are none ------------------------------------------------------------
dir=$TMP/bent
check "a run is under way" start "$dir"
check "... and stopped" stop TERM 75
file=$dir/checkpoints/$(checkpoint "$dir")
cp "$file" "$TMP/kept"
printf 'x' | dd of="$file" bs=1 seek=2000 conv=notrunc status=none
check "verify sees a bent checkpoint" exits 1 "$NUDGE" verify "$dir"
check "... and names it" says "checkpoints/.*checksum"
cp "$TMP/kept" "$file"
mv "$file" "$dir/checkpoints/00000000000000000000000000000000"
check "verify sees a checkpoint under a wrong name" exits 1 "$NUDGE" verify "$dir"
check "... and whose it is" says "is the checkpoint of trial ${file##*/}"
mv "$dir/checkpoints/00000000000000000000000000000000" "$file"
truncate -s 5000 "$file"
check "the run goes on without it" exits 0 "$NUDGE" run "$TMP/spec.yaml" -o "$dir"
begins_anew() { grep -qE "begins anew: .*no whole checkpoint" "$1" && ! grep -q 'goes on from its checkpoint' "$1"; }
check "... and says in the worker's log that the trial begins anew" begins_anew "$dir/logs/worker-0.log"
check "... with the same results" same_results "$TMP/whole" "$dir"
check "... and no checkpoint is left" test ! -e "$dir/checkpoints"
finish
