#!/usr/bin/env bash
# A job of higher priority takes a campaign's nodes, or somebody cancels it, on a cluster of its own: it goes
# on later, and ends with the results of a serial run.
. tests/lib.sh
# shellcheck source=tests/slurm/cluster
. tests/slurm/cluster

campaign_spec 600 >"$TMP/long.yaml"
check "the serial run" exits 0 "$NUDGE" run "$TMP/long.yaml" -o "$TMP/serial"

urgent() { job=$(sbatch --parsable --partition=urgent -N 2 -n 8 --time=5 --output="$TMP/urgent.out" --wrap='echo urgent'); }
# Slurm tells a preempted job's steps to end. With srun those are the ranks, which stop in good order; with
# mpirun they are its daemons, and it fails.
export LAUNCH
for LAUNCH in "srun --mpi=pmix" mpirun; do
    dir=$TMP/preempted-${LAUNCH%% *}
    starts "$dir"
    campaign=$job
    check "$LAUNCH: a more urgent job" urgent
    check "... takes its nodes and ends" reaches 60 JobState COMPLETED
    job=$campaign
    check "... the campaign is back in the queue" reaches 60 Restarts 1
    check "... what is there agrees" exits 0 "$NUDGE" verify "$dir"
    check "... it may start at once" at_once
    finishes "$dir"
done

# Its end is Slurm's, however much of it remains and however fast the launcher ends.
cat >"$TMP/launcher" <<END
#!/usr/bin/env bash
trap '' TERM
trap 'exit 75' USR1
echo up
sleep 600 &
wait
END
chmod +x "$TMP/launcher"
LAUNCH=$TMP/launcher
dir=$TMP/told
logs() { # logs TEXT: the job's log has it, within a minute
    local end=$((SECONDS + 60))
    until grep -q "$1" "$dir.out" 2>/dev/null; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.3
    done
}
check "a launcher that ends when it is told to" submit "$TMP/long.yaml" "$dir" --time=10 -N 2 -n 4
check "... is up" logs "^up$"
check "... and cancelled" scancel "$job"
check "... ends with work left" logs "work remains"
check "... and its job with it" ended 60 "$job"

LAUNCH=mpirun
dir=$TMP/cancelled
starts "$dir"
check "it is cancelled" scancel "$job"
check "... and ends" ended 60 "$job"
check "... what is there agrees" exits 0 "$NUDGE" verify "$dir"
check "it is submitted again" submit "$TMP/long.yaml" "$dir" --time=10 -N 2 -n 4
finishes "$dir"
check "... starting where it was" grep -qE '[1-9][0-9]* of 16 trials done.*running' "$dir.out"
finish
