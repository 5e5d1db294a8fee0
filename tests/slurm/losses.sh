#!/usr/bin/env bash
# What a cluster does to a job, on a cluster of its own: a job of higher priority takes its nodes, a
# node dies under it, somebody cancels it. Each time the campaign ends with the results of a serial run.
. tests/lib.sh
# shellcheck source=tests/slurm/cluster
. tests/slurm/cluster

campaign_spec 300 >"$TMP/long.yaml"
check "the serial run" exits 0 "$NUDGE" run "$TMP/long.yaml" -o "$TMP/serial"
finishes() { # finishes DIR: the job, with the right results
    check "... finishes" reaches 300 JobState COMPLETED
    check "... with the serial run's results" same_results "$TMP/serial" "$1"
    check "... and files that agree" exits 0 "$NUDGE" verify "$1"
}
starts() { # starts DIR: a campaign on all of both nodes, with trials done and trials running
    check "a campaign on both nodes" submit "$TMP/long.yaml" "$1" --time=10 -N 2 -n 4
    check "... gets going" grown "$1/journal" 3000
}

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

# All processes of one node, its daemon first, as when its power fails.
dead_node() {
    local node=$1 pid parent of_node
    mapfile -t of_node < <(awk -v name="slurmd-$node" '$2 == name { print $1 }' "$TMP/slurm/pids")
    for pid in /proc/[0-9]*; do
        tr '\0' '\n' <"$pid/environ" 2>/dev/null | grep -qx "SLURMD_NODENAME=$node" || continue
        tr '\0' '\n' <"$pid/environ" 2>/dev/null | grep -qx "SLURM_JOB_ID=$job" || continue
        of_node+=("${pid#/proc/}")
        parent=$(awk '/^PPid:/ { print $2 }' "$pid/status" 2>/dev/null)
        case $(cat "/proc/${parent:-0}/comm" 2>/dev/null) in slurmstepd*) of_node+=("$parent") ;; esac
    done
    [ ${#of_node[@]} -ge 3 ] || { echo "of $node only: ${of_node[*]}"; return 1; }
    kill -KILL "${of_node[@]}" 2>/dev/null
    true
}
revived() {
    setsid slurmd -D -N "$1" -f "$SLURM_CONF" >>"$TMP/slurm/log/slurmd-$1.out" 2>&1 </dev/null &
    echo "$! slurmd-$1" >>"$TMP/slurm/pids"
}

for node in n2 n1; do # with mpirun; the batch script and the master are on n1
    dir=$TMP/without-$node
    starts "$dir"
    check "node $node dies" dead_node $node
    check "... which Slurm takes for a reason to start again" reaches 120 Restarts 1
    check "... what is there agrees" exits 0 "$NUDGE" verify "$dir"
    check "... the node comes back" revived $node
    check "the campaign may start at once" at_once
    finishes "$dir"
done

dir=$TMP/cancelled
starts "$dir"
check "it is cancelled" scancel "$job"
check "... and ends" ended 60 "$job"
check "... what is there agrees" exits 0 "$NUDGE" verify "$dir"
check "it is submitted again" submit "$TMP/long.yaml" "$dir" --time=10 -N 2 -n 4
finishes "$dir"
check "... starting where it was" grep -qE '[1-9][0-9]* of 16 trials done.*running' "$dir.out"
finish
