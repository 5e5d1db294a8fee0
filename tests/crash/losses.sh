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
else
    skip "the same on 3 ranks" "built without MPI"
fi
finish
