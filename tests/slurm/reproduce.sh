#!/usr/bin/env bash
# The thesis as one chained set of jobs: each campaign of a folder begins when the one before has ended; what a spec lacks
# leaves it out and the others run.
. tests/lib.sh

# shellcheck source=tests/slurm/cluster
. tests/slurm/cluster

export SWEEPS=$TMP/sweeps
mkdir "$SWEEPS"
small_spec() { # small_spec NAME
    cat >"$SWEEPS/$1.yaml" <<END
campaign: $1
base:
  data: {name: synthetic, train: 400, test: 200}
  model: {kind: ep-prototypical, layers: [784, 16, 10]}
  ep: {T: 12, K: 5}
  train: {epochs: 500, batch: 20}
axes: {ep.beta: [0.1, 0.3]}
quick: {train.epochs: 2}
END
}
small_spec one
small_spec two
small_spec odd
echo 'question: why?' >>"$SWEEPS/odd.yaml"
sed -i 's/^quick.*//; s/synthetic/cifar-10/' "$SWEEPS/odd.yaml"

check "the plan of all" exits 0 jobs/reproduce --plan --quick
check "... names each campaign" says '^one +2 '
check "... says what is left out and why" says '^odd +left out: .*(cifar-10|small version)'
check "... and sums up" says '^all: .*core-hours; on 1000 cores, .* hours$'
check "nothing was submitted" test -z "$(squeue -h)"

submitted() {
    jobs/reproduce --quick "$TMP/thesis" -n 2 --output="$TMP/%x.out" >"$TMP/said" || return
    mapfile -t job_lines < <(grep -E '^[0-9]+ ' "$TMP/said")
    [ ${#job_lines[@]} = 2 ] && job=${job_lines[1]% *}
}
check "two campaigns are submitted" submitted
check "the second waits for the first" grep -q "afterany:${job_lines[0]% *}" <(scontrol show job "$job")
check "they end" ended 200 "$job"
for name in one two; do
    check "$name: the small version alone" exits 0 "$NUDGE" status "$TMP/thesis/$name"
    check "... is done" says '2 of 2'
    check "... is what a serial run gives" exits 0 "$NUDGE" run "$SWEEPS/$name.yaml" --quick -o "$TMP/serial-$name"
    check "... to the bit" same_results "$TMP/serial-$name" "$TMP/thesis/$name"
done
finish
