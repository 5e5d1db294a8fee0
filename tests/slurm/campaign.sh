#!/usr/bin/env bash
# A campaign through jobs/submit on a Slurm cluster of its own: it finishes, goes back into the
# queue when its time is up or it is told to stop, and its results are those of a serial run.
. tests/lib.sh

for program in slurmctld slurmd sbatch munged; do
    if ! PATH=$PATH:/usr/sbin command -v $program >/dev/null; then
        skip "a campaign as a Slurm job" "no $program"
        finish
    fi
done
if ! have_mpi; then
    skip "a campaign as a Slurm job" "built without MPI"
    finish
fi

at_exit tests/slurm/down "$TMP/slurm"
if ! check "the cluster starts" tests/slurm/up "$TMP/slurm" 2 4; then finish; fi
# shellcheck source=/dev/null
. "$TMP/slurm/env"
export LAUNCH

spec() { # spec EPOCHS: 16 trials
    cat <<END
campaign: slurm
base:
  data: {name: synthetic, train: 400, test: 200}
  model: {kind: ep-prototypical, layers: [784, 32, 10]}
  ep: {T: 12, K: 5}
  train: {epochs: $1, batch: 20}
  device.kind: ernoult
axes:
  ep.beta: [0.1, 0.3]
  device.c2c: [0, 0.01]
replicates: {device: 2, train: 2}
END
}
spec 2 >"$TMP/short.yaml"
spec 300 >"$TMP/long.yaml"
spec 900 >"$TMP/longer.yaml" # far more than two starts of 2 s can do

submit() { # submit SPEC DIR OPTIONS...: the job's number is then in $job
    local said
    said=$(jobs/submit "$1" "$2" --output="$2.out" "${@:3}") || return
    job=${said##* }
    [[ $job =~ ^[0-9]+$ ]]
}
field() { scontrol show job "$job" | grep -oE "\b$1=[^ ]*" | head -n 1 | cut -d= -f2; }
reaches() { # reaches SECONDS FIELD VALUE
    local end=$((SECONDS + $1))
    until [ "$(field "$2")" = "$3" ]; do
        if [ "$SECONDS" -ge "$end" ]; then
            echo "job $job: $2 is $(field "$2"), not $3"
            tail -n 15 "$dir.out"
            return 1
        fi
        sleep 0.3
    done
}
# Slurm holds a requeued job back for two minutes. A node refuses one that starts in the very
# second in which its last start was ended.
at_once() { reaches 20 JobState PENDING && sleep 3 && scontrol update JobId="$job" StartTime=now; }
grown() { # grown FILE BYTES
    local i
    for ((i = 0; i < 600; i++)); do
        [ "$(stat -c %s "$1" 2>/dev/null || echo 0)" -lt "$2" ] || return 0
        sleep 0.1
    done
    return 1
}

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
check "submitting again goes on" submit "$TMP/longer.yaml" "$dir" --time=10 -n 3
check "and finishes" reaches 300 JobState COMPLETED
check "the same campaign alone" exits 0 "$NUDGE" run "$TMP/longer.yaml" -o "$TMP/longer-serial"
check "same results again" same_results "$TMP/longer-serial" "$dir"
finish
