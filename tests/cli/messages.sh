#!/usr/bin/env bash
# Mistakes on the command line: the message says which, and the status is as `nudge help` says.
. tests/lib.sh

check "map of what is not there is bad input" exits 3 "$NUDGE" map "$TMP/nowhere"
check "... and says so" says "nowhere is no campaign"
check "... with -o, too" exits 3 "$NUDGE" map "$TMP/nowhere" -o "$TMP/map.png"
check "... and says so" says "nowhere is no campaign"
check "verify of what is not there is bad input" exits 3 "$NUDGE" verify "$TMP/nowhere"
check "... and says so" says "nowhere is no campaign"

for command in status verify; do
    check "$command of a file is bad input" exits 3 "$NUDGE" "$command" README.md
    check "... and says so" says "README.md is no campaign: it has no journal"
done

check "a folder in place of a spec is bad input" exits 3 "$NUDGE" plan "$TMP"
check "... and says so" says "Is a directory"

cat >"$TMP/spec.yaml" <<END
campaign: idle
base:
  data: {name: synthetic, train: 40, test: 20}
  model: {kind: ep-prototypical, layers: [784, 8, 10]}
  train: {epochs: 1}
axes:
  device.c2c: [0, 0.01]
  rbm.k: [1, 2]
  ep.beta: [0.1, 0.2]
END
check "a sweep over what changes nothing is planned" exits 0 "$NUDGE" plan "$TMP/spec.yaml"
check "... with a warning for ideal devices" says "warning: device.c2c is swept, but changes nothing in any trial: it needs another device.kind than ideal"
check "... and for another model" says "warning: rbm.k is swept, but changes nothing in any trial: it needs model.kind rbm, drbm or dbn"
check "... and for nothing else" sh -c "! grep 'ep.beta is swept' '$TMP/err'"
check "on memristors" exits 0 "$NUDGE" plan "$TMP/spec.yaml" --set device.kind=ernoult
check "... the noise is no more warned of" sh -c "! grep 'device.c2c is swept' '$TMP/err'"

check "help on an unknown topic is wrong usage" exits 2 "$NUDGE" help program
check "... and names the nearest" says 'did you mean "programs"'
check "help param without a name is wrong usage" exits 2 "$NUDGE" help param
check "... and shows how" says "nudge help param ep.beta"
check "a second word after a topic is wrong usage" exits 2 "$NUDGE" help params ep
check "... and named" says '"ep" is one argument too many'
for topic in $("$NUDGE" help help | sed -n 's/.*\[COMMAND | param NAME | \(.*\)\]/\1/p' | tr -d '|') optimisers; do
    check "help $topic" exits 0 "$NUDGE" help "$topic"
    check "... is listed" sh -c "'$NUDGE' help help | grep -qw $topic"
done
finish
