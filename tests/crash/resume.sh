#!/usr/bin/env bash
# A trial that was stopped or killed goes on where it stood, and ends with the same bits.
. tests/lib.sh

cat >"$TMP/spec.yaml" <<END
campaign: resume
base:
  data: {name: synthetic, train: 2000, test: 200}
  model: {kind: drbm, layers: [784, 64, 10]}
  rbm.negative: pcd
  train: {epochs: 150, batch: 20, rates: 1, checkpoint_seconds: 0.5}
  device: {kind: ernoult, c2c: 0.01}
replicates: {device: 1, train: 2}
END

check "the campaign in one go" exits 0 "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/whole"
check "... leaves no checkpoints" test ! -e "$TMP/whole/checkpoints"

checkpoint() { # its name, which is the trial's key
    find "$1/checkpoints" -regextype egrep -regex '.*/[0-9a-f]{32}' -printf '%f\n' 2>/dev/null | head -n 1
}
epoch() { "$NUDGE" status "$1" 2>/dev/null | grep -oE 'epoch +[0-9]+' | grep -oE '[0-9]+' | sort -n | tail -1; }
well_under_way() { # waits until a trial has passed epoch 10
    local i
    for ((i = 0; i < 1000; i++)); do
        [ "$(epoch "$1")" -ge 10 ] 2>/dev/null && [ -n "$(checkpoint "$1")" ] && return 0
        sleep 0.02
    done
    echo "no trial got under way"
    return 1
}
start() {
    "$NUDGE" run "$TMP/spec.yaml" -o "$1" >"$TMP/out" 2>"$TMP/err" </dev/null &
    pid=$!
    well_under_way "$1"
}
stop() { # stop SIGNAL STATUS
    local status=0
    kill "-$1" "$pid"
    wait "$pid" || status=$?
    [ "$status" = "$2" ] || { echo "status $status"; cat "$TMP/err"; return 1; }
}
first_epoch() { # the epoch after which a run of DIR first speaks
    "$NUDGE" run "$TMP/spec.yaml" -o "$1" >"$TMP/out" 2>"$TMP/err" </dev/null &
    pid=$!
    local i
    for ((i = 0; i < 1000; i++)); do
        first=$(epoch "$1")
        [ "${first:-0}" -gt 0 ] && break
        sleep 0.005
    done
    [ "$first" -gt 5 ] || { echo "it spoke first in epoch $first"; return 1; }
}

for signal in TERM KILL; do
    dir=$TMP/$signal
    check "a run is under way" start "$dir"
    check "SIG$signal ends it" stop $signal "$([ $signal = TERM ] && echo 75 || echo 137)"
    check "... with a checkpoint" test -n "$(checkpoint "$dir")"
    check "... that verify finds whole" exits 0 "$NUDGE" verify "$dir"
    check "... and counts" says 'checkpoints: [12], each whole'
    check "the trial goes on from it" first_epoch "$dir"
    check "... to the end" wait "$pid"
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
check "... and says in the worker's log that the trial begins anew" grep -qE "begins anew: .*no whole checkpoint" "$dir/logs/worker-0.log"
check "... with the same results" same_results "$TMP/whole" "$dir"
check "... and no checkpoint is left" test ! -e "$dir/checkpoints"
finish
