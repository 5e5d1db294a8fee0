#!/usr/bin/env bash
# Mistakes on the command line: the message says which, and the status is as `nudge help` says.
. tests/lib.sh

check "map of what is not there is bad input" exits 3 "$NUDGE" map "$TMP/nowhere"
check "... and says so" says "nowhere is no campaign"
check "... with -o, too" exits 3 "$NUDGE" map "$TMP/nowhere" -o "$TMP/map.png"
check "... and says so" says "nowhere is no campaign"
check "verify of what is not there is bad input" exits 3 "$NUDGE" verify "$TMP/nowhere"
check "... and says so" says "nowhere is no campaign"

check "a folder in place of a spec is bad input" exits 3 "$NUDGE" plan "$TMP"
check "... and says so" says "Is a directory"

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
