#!/usr/bin/env bash
# At scale: 10,000 workers and 1,000,000 trials in the real scheduler, and a journal and a map of as many.
# The programs end with status 1 when a limit is passed; their heads say which.
. tests/lib.sh

check "benches are built" make -s "$OBJ/tests/bench/sched_scale" "$OBJ/tests/bench/journal_scale"
check "the scheduler is within 3 % of the lower bound, in 200 bytes a trial" "$OBJ/tests/bench/sched_scale"
room=$(df --output=avail -k /tmp | tail -n 1)
if [ "$room" -gt 8000000 ]; then
    check "a million trials replay in 15 s, and results.nc takes 2 GB" "$OBJ/tests/bench/journal_scale"
    check "their map takes 30 s and 2 GB" "$OBJ/tests/bench/map_scale"
else
    skip "a million trials replay in 15 s" "less than 8 GB free in /tmp"
fi
finish
