#!/usr/bin/env bash
# A node dies under a campaign, with the batch script and the master or without, on a cluster of its own: the
# job starts again when the node is back, and ends with the results of a serial run.
. tests/lib.sh
# shellcheck source=tests/slurm/cluster
. tests/slurm/cluster

campaign_spec 600 >"$TMP/long.yaml"
check "the serial run" exits 0 "$NUDGE" run "$TMP/long.yaml" -o "$TMP/serial"

# All processes of one node, its daemon first, as when its power fails.
dead_node() {
    local node=$1 pid parent of_node
    mapfile -t of_node < <(awk -v name="slurmd-$node" '$2 == name { print $1 }' "$TMP/slurm/pids")
    for pid in /proc/[0-9]*; do
        of_job "${pid#/proc/}" "SLURMD_NODENAME=$node" || continue
        of_node+=("${pid#/proc/}")
        parent=$(awk '/^PPid:/ { print $2 }' "$pid/status" 2>/dev/null)
        case $(cat "/proc/${parent:-0}/comm" 2>/dev/null) in slurmstepd*) of_node+=("$parent") ;; esac
    done
    [ ${#of_node[@]} -ge 3 ] || { echo "of $node only: ${of_node[*]}"; return 1; }
    kill -STOP "${of_node[@]}" 2>/dev/null # all at once: none may live to report how another died
    kill -KILL "${of_node[@]}" 2>/dev/null
    true
}
revived() {
    setsid slurmd -D -N "$1" -f "$SLURM_CONF" >>"$TMP/slurm/log/slurmd-$1.out" 2>&1 </dev/null &
    echo "$! slurmd-$1" >>"$TMP/slurm/pids"
    local i
    for ((i = 0; i < 300; i++)); do
        [ "$(sinfo -h -N -n "$1" -p test -o %t)" != idle ] || return 0
        sleep 0.1
    done
    sinfo -N
    return 1
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
finish
