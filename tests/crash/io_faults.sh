#!/usr/bin/env bash
# A disk that is full, fails or cannot be written, a journal that is torn or bent, two runs on one folder: each is
# said with its place and what to do, nothing recorded is lost, and when the cause is gone the same command ends
# with the results of a run without faults. FAULTS=all: at every call, else at a part of them.
. tests/lib.sh

cat >"$TMP/spec.yaml" <<END
campaign: faults
base:
  data: {name: bars-and-stripes, side: 4}
  model: {kind: ep-prototypical, layers: [16, 24, 2]}
  ep: {T: 40, K: 10}
  train: {epochs: 2, batch: 15, checkpoint_seconds: 1e-9}
  device: {kind: ernoult, c2c: 0.01}
axes:
  ep.beta: [0.1, 0.2, 0.3]
END
dir=$TMP/dir
run() { "$NUDGE" run "$TMP/spec.yaml" -o "$dir"; }
finishes() { # the same command, to the same results
    exits 0 run && same_results "$TMP/whole" "$dir" && "$NUDGE" verify "$dir"
}
check "the campaign without faults" exits 0 "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/whole"

# ---- every call that writes fails --------------------------------------------------------
case $OBJ in
*/sanitize-*) skip "calls that fail" "a sanitizer has to be loaded first" ;;
*)
    some=(--some)
    [ "${FAULTS:-}" = all ] && some=()
    matrix() {
        local status=0
        /usr/bin/python3 tests/tools/kill_matrix.py errors --nudge "$NUDGE" --spec "$TMP/spec.yaml" \
            --fault "$TMP/fault.so" --work "$TMP/errors" "${some[@]}" >"$TMP/report" 2>&1 || status=$?
        sed -n 's/^[a-z].* calls, /# &/p' "$TMP/report" >&3
        [ "$status" = 0 ] || tail -n 20 "$TMP/report"
        return "$status"
    }
    exec 3>&1
    check "faults can be planted" "${CC:-cc}" -std=c11 -D_GNU_SOURCE -O1 -fPIC -shared -o "$TMP/fault.so" tests/tools/fault.c
    check "a full disk, an error, a failing sync at every call" matrix

    # fault NAME=VALUE...: a run with those settings of tests/tools/fault.c
    fault() {
        truncate -s 0 "$TMP/count"
        truncate -s 16 "$TMP/count"
        env "$@" FAULT_BENEATH="$dir" FAULT_COUNT="$TMP/count" LD_PRELOAD="$TMP/fault.so" \
            "$NUDGE" run "$TMP/spec.yaml" -o "$dir"
    }
    check "a file system that turns read-only ends the run" exits 4 fault FAULT_DO=EROFS FAULT_AT=30 FAULT_LASTS=1
    check "... which says where, and why" says 'Read-only file system'
    check "... and how to go on" says 'the same command goes on'
    check "... and so it does" finishes
    rm -rf "$dir"
    check "a journal that cannot be synced ends the run" exits 4 fault FAULT_DO=EIO FAULT_CALLS=fdatasync FAULT_AT=2
    check "... by name" says "cannot sync $dir/journal: Input/output error"
    check "... and the next goes on" finishes
    check "status.json that cannot be written does not" exits 0 env FAULT_BENEATH="$dir/status.json" FAULT_DO=ENOSPC FAULT_AT=1 \
        FAULT_LASTS=1 FAULT_COUNT="$TMP/count" LD_PRELOAD="$TMP/fault.so" "$NUDGE" run "$TMP/spec.yaml" -o "$dir"
    check "... but is a warning" says 'status.json.*No space left on device; going on without'
    ;;
esac

# ---- a folder that cannot be written ------------------------------------------------------
rm -rf "$dir"
cp -r "$TMP/whole" "$dir"
if [ "$(id -u)" != 0 ]; then
    chmod -R a-w "$dir"
    check "a read-only folder is an error" exits 4 run
    check "... by name" says "cannot open $dir/journal: Permission denied"
    check "status reads it all the same" exits 0 "$NUDGE" status "$dir"
    check "verify does" exits 0 "$NUDGE" verify "$dir"
    chmod -R u+w "$dir"
else # to whom permissions say nothing: a file system mounted read-only does, where one can be mounted
    readonly_mount() {
        unshare -m bash -c "mount --bind '$dir' '$dir' && mount -o remount,ro,bind '$dir' && exec \"\$@\"" -- "$@"
    }
    if readonly_mount true 2>/dev/null; then
        check "a read-only folder is an error" exits 4 readonly_mount "$NUDGE" run "$TMP/spec.yaml" -o "$dir"
        check "... by name" says "cannot open $dir/journal: Read-only file system"
        check "status reads it all the same" exits 0 readonly_mount "$NUDGE" status "$dir"
        check "verify does" exits 0 readonly_mount "$NUDGE" verify "$dir"
    else
        skip "a read-only folder is an error" "cannot mount one here"
    fi
fi
check "... and it can be gone on with later" finishes

# ---- a journal that is not as it was written ---------------------------------------------
size=$(stat -c %s "$TMP/whole/journal")
fresh() { rm -rf "$dir" && cp -r "$TMP/whole" "$dir"; }
prefix() { cmp -n "$1" "$TMP/whole/journal" "$dir/journal"; }

for cut in 1 200; do
    fresh
    truncate -s $((size - cut)) "$dir/journal"
    check "torn by $cut bytes, status reads the journal" exits 0 "$NUDGE" status "$dir"
    check "... the next run cuts the torn record off" exits 0 run
    check "... and says so" says "$dir/journal: cut off the last [0-9]+ bytes, an unfinished record"
    check "... runs what it held" says '3 of 3 trials done, 0 failed, 0 remain; 1 ran now'
    check "... with the same results" finishes
done
fresh
printf 'garbage' >>"$dir/journal"
check "garbage after the last record is cut off" exits 0 run
check "... and nothing is run for it" says '0 ran now'
check "... or changed" prefix "$size"

flip() { # flip BYTE: its lowest bit
    local byte
    byte=$(od -An -tu1 -j "$1" -N 1 "$dir/journal")
    printf '%b' "\\x$(printf %x $((byte ^ 1)))" | dd of="$dir/journal" bs=1 seek="$1" conv=notrunc status=none
}
for at in 30 700 $((size / 2)); do
    fresh
    flip "$at"
    cp "$dir/journal" "$TMP/bent"
    check "a bit flipped at byte $at is an error" exits 3 run
    check "... that says where" says "$dir/journal: the record at byte [0-9]+ is damaged, and valid records follow at byte [0-9]+"
    check "... and what to do" says "Restore the file from a copy; or keep a copy, cut it with \`truncate -s [0-9]+ $dir/journal\`"
    check "... and changes nothing" cmp "$TMP/bent" "$dir/journal"
    check "status finds it too" exits 3 "$NUDGE" status "$dir"
    check "verify does" exits 3 "$NUDGE" verify "$dir"
    grep -q 'truncate -s' "$TMP/err" || exits 3 run
    cut=$(grep -oE 'truncate -s [0-9]+' "$TMP/err" | grep -oE '[0-9]+')
    truncate -s "${cut:-0}" "$dir/journal"
    check "after the cut the campaign goes on" finishes
done
fresh
flip $((size - 5))
check "in the last record it is as good as torn" exits 0 run
check "... and the trial runs again" says '3 of 3 trials done, 0 failed, 0 remain; 1 ran now'
check "... with the same results" finishes
fresh
flip 9
check "a bent header is an error" exits 3 run
check "... by name" says "$dir/journal: the header is damaged; restore the file"
fresh
flip 2
check "what is no journal is not touched" exits 3 run
check "... by name" says "$dir/journal is not a journal of nudge"
rm -rf "$dir"
mkdir -p "$dir/journal"
check "a folder in the journal's place is an error" exits 4 run
check "... by name" says "$dir/journal: Is a directory"

# ---- two runs on one folder --------------------------------------------------------------
rm -rf "$dir"
sed 's/epochs: 2,/epochs: 20000,/; s/1e-9/0/' "$TMP/spec.yaml" >"$TMP/long.yaml"
"$NUDGE" run "$TMP/long.yaml" -o "$dir" >/dev/null 2>&1 </dev/null &
first=$!
stop_first() { kill -KILL "$first" && wait "$first"; } 2>/dev/null
at_exit stop_first
for ((i = 0; i < 500; i++)); do
    "$NUDGE" status "$dir" >/dev/null 2>&1 && break
    sleep 0.02
done
cp "$dir/journal" "$TMP/before"
check "a second run on the same folder is refused" exits 4 "$NUDGE" run "$TMP/long.yaml" -o "$dir"
check "... with host and process of the first" says "$dir/journal is being written by another run \(host .*, process $first,"
check "... which goes on" kill -0 $first
check "... with its journal as it was" cmp -n "$(stat -c %s "$TMP/before")" "$TMP/before" "$dir/journal"
finish
