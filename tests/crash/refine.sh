#!/usr/bin/env bash
# A refinement that is killed between two rounds, within one, or while it writes down a decision
# goes on with the rounds of a run that was not: the same decisions, byte for byte, and results.
. tests/lib.sh
. tests/tools/refine.sh

spec '{kind: refine, level: 0.7, budget: 130}' >"$TMP/spec.yaml"
run() { exits 0 "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/$1"; }
as_the_whole() { # as_the_whole DIR: decisions, results, and what verify says
    diff <(rounds whole) <(rounds "$1") && same_results "$TMP/whole" "$TMP/$1" &&
        exits 0 "$NUDGE" verify "$TMP/$1"
}

check "a refinement in one go" run whole
whole=$took
n=$(rounds whole | wc -l)
check "... has several rounds (has: $n)" test "$n" -ge 6

# ---- the journal as a kill at that moment leaves it --------------------------------------
cut_at() { # cut_at OFFSET
    rm -rf "$TMP/cut"
    mkdir "$TMP/cut"
    head -c "$1" "$TMP/whole/journal" >"$TMP/cut/journal"
}
i=0
while read -r from to; do
    i=$((i + 1))
    cut_at "$from"
    check "cut before decision $i, status reads it" exits 0 "$NUDGE" status "$TMP/cut"
    check "... a run goes on" run cut
    check "... the same way" as_the_whole cut
    if [ $((i % 2)) = 0 ]; then cut_at $((from + 20)); else cut_at "$to"; fi
    check "cut in or after decision $i, a run goes on" run cut
    check "... the same way" as_the_whole cut
done < <(tests/tools/rounds.py --places "$TMP/whole/journal")

# ---- killed for real, again and again, within a fifth of the time it takes ---------------------
kills=0
for _ in $(seq 25); do
    "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/killed" >/dev/null 2>"$TMP/log" </dev/null &
    pid=$!
    sleep "$(awk -v whole=$whole -v part=$RANDOM 'BEGIN { print whole / 5e6 * part / 32768 }')"
    kill -KILL "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
    [ $? = 137 ] || break # it came to its end
    kills=$((kills + 1))
done
check "a run that is killed again and again (was: $kills times)" test "$kills" -ge 3
check "... comes to its end" run killed
check "... the same way" as_the_whole killed

# ---- stopped in good order ----------------------------------------------------------------
stopped() {
    local status=0 pid
    "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/stopped" >/dev/null 2>"$TMP/log" </dev/null &
    pid=$!
    for _ in $(seq 500); do
        [ "$(tests/tools/rounds.py "$TMP/stopped/journal" 2>/dev/null | wc -l)" -ge 3 ] && break
        sleep 0.02
    done
    kill -TERM "$pid"
    wait "$pid" || status=$?
    [ "$status" = 75 ] || { echo "status $status"; cat "$TMP/log"; return 1; }
}
check "SIGTERM in a later round ends with status 75" stopped
check "... status says in which" exits 0 "$NUDGE" status "$TMP/stopped"
check "... and that a run goes on" says 'no run is live: .nudge run. goes on where it stopped'
check "a run goes on" run stopped
check "... the same way" as_the_whole stopped

# ---- any number of ranks ------------------------------------------------------------------
if have_mpi; then
    for ranks in 3 7; do
        check "$ranks ranks" exits 0 ranks $ranks "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/$ranks"
        check "... decide and find the same" as_the_whole $ranks
    done
    cut_at "$(tests/tools/rounds.py --places "$TMP/whole/journal" | sed -n '4s/ .*//p')"
    check "3 ranks go on where one process was cut off" exits 0 ranks 3 "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/cut"
    check "... the same way" as_the_whole cut
else
    skip "any number of ranks decides the same" "built without MPI"
fi
finish
