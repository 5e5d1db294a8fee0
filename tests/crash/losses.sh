#!/usr/bin/env bash
# A trial that kills its trial server fails after limits.losses of them; the others are done.
. tests/lib.sh

cat >"$TMP/spec.yaml" <<END
campaign: losses
base:
  data: {name: synthetic, train: 100, test: 50}
  model: {kind: ep-prototypical, layers: [784, 12, 10]}
  ep: {T: 6, K: 3}
  train: {epochs: 1, batch: 20}
axes:
  check.fault: [server, none]
  ep.beta: [0.1, 0.2, 0.3]
where: "check.fault == none or ep.beta < 0.15"
limits: {losses: 2, retries: 3}
END
counts() { # counts DIR DONE LOST
    "$NUDGE" status "$1" --json | grep -q "\"done\":$2,.*\"lost\":$3,"
}
told() { "$NUDGE" status "$1" | grep -qE "lost after 1 attempt on .*: took 2 trial servers with it; the last: the trial server ended: killed by SIGKILL"; }

check "alone, a trial that kills its server fails" exits 1 "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/1"
check "... with the others done" counts "$TMP/1" 3 1
check "... and with the reason" told "$TMP/1"
check "going on does not try it again" exits 1 "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/1"
check "... but for --retry-failed" says '0 ran now'
if have_mpi; then
    check "so it does on 3 ranks" exits 1 ranks 3 "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/3"
    lost() { [ "$(grep -c 'lost worker' "$TMP/err")" = 2 ]; }
    check "... at the cost of two servers" lost
    check "... with the others done" counts "$TMP/3" 3 1
    check "... and with the reason" told "$TMP/3"
    check "files agree" exits 0 "$NUDGE" verify "$TMP/3"
    sed -i '/^where/d' "$TMP/spec.yaml"
    check "three such trials and one worker" exits 1 ranks 2 "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/2"
    check "... leave the worker to the others" counts "$TMP/2" 3 3

    # Trials so short that another waits with the worker when the server dies: it begins elsewhere, once.
    sed 's/^  check.fault.*/  ep.beta: {linspace: [0.1, 0.9, 60]}/; s/^  ep.beta: \[.*/  check.fault: [none, server]/' \
        "$TMP/spec.yaml" >"$TMP/short.yaml"
    echo 'where: "check.fault == none or (ep.beta > 0.45 and ep.beta < 0.46)"' >>"$TMP/short.yaml"
    check "sixty short trials and one such on 3 ranks" exits 1 ranks 3 "$NUDGE" run "$TMP/short.yaml" -o "$TMP/short"
    check "... leave all others done" counts "$TMP/short" 60 1
    begun() { [ "$(cat "$TMP"/short/logs/* | grep -c ' begins')" = 62 ]; }
    check "... each begun once" begun
    check "... and the files agree" exits 0 "$NUDGE" verify "$TMP/short"

    # A server that dies while other ranks still start: rank 2 takes two seconds more than the others.
    cat >"$TMP/slow.c" <<'END'
#include <unistd.h>
int PMPI_Init_thread(int *argc, char ***argv, int required, int *provided);
int MPI_Init_thread(int *argc, char ***argv, int required, int *provided)
{
    const int rc = PMPI_Init_thread(argc, argv, required, provided);
    sleep(2);
    return rc;
}
END
    sed 's/\[server, none\]/[none]/' "$TMP/spec.yaml" >"$TMP/sound.yaml"
    server_of_rank_1() {
        local pid
        for pid in $(pgrep -P "$1" nudge); do
            tr '\0' '\n' <"/proc/$pid/environ" | grep -qx OMPI_COMM_WORLD_RANK=1 || continue
            pgrep -P "$(pgrep -P "$pid")"
        done 2>/dev/null
    }
    early_loss() {
        local first server='' i status=0
        local run=("$NUDGE" run "$TMP/sound.yaml" -o "$TMP/early")
        mpirun --oversubscribe --bind-to none -n 2 "${run[@]}" : \
            -n 1 env LD_PRELOAD="$TMP/slow.so" "${run[@]}" >"$TMP/out" 2>"$TMP/err" </dev/null &
        first=$!
        for ((i = 0; i < 1000; i++)); do
            server=$(server_of_rank_1 "$first")
            [ -z "$server" ] || break
            sleep 0.01
        done
        kill -KILL "$server" || return 1
        wait "$first" || status=$?
        [ "$status" = 0 ] || { echo "status $status"; cat "$TMP/err"; return 1; }
    }
    case $OBJ in
    */sanitize-*) skip "a server that dies before all ranks are there" "a sanitizer has to be loaded first" ;;
    *)
        check "a rank can be slowed down" "${CC:-cc}" -fPIC -shared -o "$TMP/slow.so" "$TMP/slow.c"
        check "a server that dies before all ranks are there is replaced" early_loss
        check "... and all is done" counts "$TMP/early" 3 0
        ;;
    esac
else
    skip "the same on 3 ranks" "built without MPI"
fi
finish
