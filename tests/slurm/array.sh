#!/usr/bin/env bash
# A campaign as a Slurm job array and as a chain, on a cluster of its own: shards are stopped,
# requeued and merged, jobs follow each other, and the results are those of a serial run.
. tests/lib.sh

# shellcheck source=tests/slurm/cluster
. tests/slurm/cluster

cat >"$TMP/spec.yaml" <<END
campaign: array
base:
  data: {name: synthetic, train: 400, test: 200}
  model: {kind: ep-prototypical, layers: [784, 32, 10]}
  ep: {T: 12, K: 5}
  train: {epochs: 300, batch: 20}
  device.kind: ernoult
design: lhs
samples: 6
axes:
  ep.beta: {linspace: [0.1, 0.3]}
  device.c2c: {linspace: [0, 0.01]}
replicates: {train: 2}
END
check "the serial run" exits 0 "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/serial"
serial=$took

submitted() { # submitted COMMAND...: the last job's number is then in $job
    local said
    said=$("$@") || return
    job=${said##*[ $'\n']}
    [[ $job =~ ^[0-9]+$ ]]
}

dir=$TMP/parts
check "an array of shards is submitted" submitted jobs/submit "$TMP/spec.yaml" "$dir" --array=1-3 --output="$TMP/array-%a.out"
check "its tasks end" ended 200 "$job"
check "each has its shard" test -s "$dir/shard-1-of-3/results.nc" -a -s "$dir/shard-2-of-3/results.nc" -a -s "$dir/shard-3-of-3/results.nc"
check "they merge" exits 0 "$NUDGE" merge "$dir"/shard-*-of-3 -o "$dir/all"
check "... all of them" says '12 of 12 trials done, 0 failed, 0 remain'
check "... to the serial run's results" same_results "$TMP/serial" "$dir/all"
again() { # again OUTPUT: the second task alone
    SPEC=$TMP/spec.yaml DIR=$dir sbatch --export=ALL --array=2 -n 1 -t 5 --output="$TMP/$1" jobs/array.sbatch
}
check "one task of the array alone" submitted again unknown.out
check "... ends" ended 100 "$job"
check "... as it cannot know of how many it is one" grep -q 'set SHARDS' "$TMP/unknown.out"
export SHARDS=3
check "told so, it runs again" submitted again again.out
unset SHARDS
check "... and ends" ended 100 "$job"
check "... with nothing to do" grep -q '0 remain; 0 ran now' "$TMP/again.out"

# Each job of the chain may take trials for a part of the time that all of them take.
dir=$TMP/chained
export TIME_LIMIT=$((1 + serial * 2 / 5000000)) # seconds
check "a chain of jobs is submitted" submitted jobs/chain 8 "$TMP/spec.yaml" "$dir" -n 2 --output="$TMP/chain-%j.out"
unset TIME_LIMIT
check "it ends" ended 300 "$job"
several() { [ "$(grep -l 'work remains' "$TMP"/chain-*.out | wc -l)" -ge 1 ]; }
check "more than one job was needed" several
check "the last found nothing to do" grep -q '0 remain; 0 ran now' "$TMP/chain-$job.out"
check "same results as the serial run" same_results "$TMP/serial" "$dir"
finish
