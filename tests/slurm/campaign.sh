#!/usr/bin/env bash
# A campaign through jobs/submit on a Slurm cluster of its own: it finishes, goes back into the
# queue when its time is up or it is told to stop, and its results are those of a serial run.
. tests/lib.sh

# shellcheck source=tests/slurm/cluster
. tests/slurm/cluster
export LAUNCH

campaign_spec 2 >"$TMP/short.yaml"
campaign_spec 300 >"$TMP/long.yaml"
campaign_spec 900 >"$TMP/longer.yaml" # far more than two starts of 2 s can do

check "the serial run" exits 0 "$NUDGE" run "$TMP/short.yaml" -o "$TMP/serial"
for LAUNCH in mpirun "srun --mpi=pmix"; do
    dir=$TMP/${LAUNCH%% *}
    check "$LAUNCH: submitted over two nodes" submit "$TMP/short.yaml" "$dir" --time=5 -N 2 -n 4
    check "$LAUNCH: finishes" reaches 200 JobState COMPLETED
    check "$LAUNCH: agrees within itself" exits 0 "$NUDGE" verify "$dir"
    check "$LAUNCH: same results as the serial run" same_results "$TMP/serial" "$dir"
done

LAUNCH=mpirun
check "the long serial run" exits 0 "$NUDGE" run "$TMP/long.yaml" -o "$TMP/long-serial"
dir=$TMP/requeued

# Warned by a signal, as before the end of the job's time.
check "a longer campaign is submitted" submit "$TMP/long.yaml" "$dir" --time=10 -n 3
check "it gets going" grown "$dir/journal" 3000
check "it is warned" scancel --batch --signal=USR1 "$job"
check "it goes back into the queue" reaches 60 Restarts 1
check "it said why" grep -q 'work remains; back into the queue' "$dir.out"
check "what is there agrees" exits 0 "$NUDGE" verify "$dir"
check "it may start at once" at_once
check "it finishes" reaches 300 JobState COMPLETED
check "it was started twice" grep -q 'start 2,' "$dir.out"
check "same results as the long serial run" same_results "$TMP/long-serial" "$dir"

# Stopping by itself when time is short, then a limit on restarts.
dir=$TMP/limited
export TIME_LIMIT=2 MAX_RESTARTS=1
check "a campaign with 2 s is submitted" submit "$TMP/longer.yaml" "$dir" --time=10 -n 3
check "it goes back into the queue by itself" reaches 60 Restarts 1
check "it may start at once" at_once
check "it gives up after its restarts" reaches 60 JobState FAILED
check "... with status 75" reaches 1 ExitCode 75:0
unset TIME_LIMIT MAX_RESTARTS
# A launcher that does not start anything: what an earlier start left in status.json is not its word.
printf '#!/bin/sh\nexit 205\n' >"$TMP/broken"
chmod +x "$TMP/broken"
LAUNCH=$TMP/broken
check "a launcher that fails at once" submit "$TMP/longer.yaml" "$dir" --time=10 -n 3
check "... fails the job" reaches 60 JobState FAILED
check "... which is not put back" reaches 1 Restarts 0
LAUNCH=mpirun
check "submitting again goes on" submit "$TMP/longer.yaml" "$dir" --time=10 -n 3
check "and finishes" reaches 300 JobState COMPLETED
check "the same campaign alone" exits 0 "$NUDGE" run "$TMP/longer.yaml" -o "$TMP/longer-serial"
check "same results again" same_results "$TMP/longer-serial" "$dir"
finish
