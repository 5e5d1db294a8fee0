#!/usr/bin/env bash
# A refinement chooses trials of the grid, says what it does and why, and can be extended to the
# grid, which has nothing to do again; what contradicts its records is seen.
. tests/lib.sh
. tests/tools/refine.sh

spec grid >"$TMP/grid.yaml"
spec '{kind: refine, level: 0.7, budget: 0.5}' >"$TMP/spec.yaml"
spec '{kind: refine, level: 0.7, budget: 100}' >"$TMP/short.yaml"
spec '{kind: refine, levels: [0.6, 0.7, 0.8], budget: 1}' >"$TMP/levels.yaml"
run() { exits 0 "$NUDGE" run "$TMP/$1" -o "$TMP/$2"; }
number() { "$NUDGE" status "$TMP/$1" --json | grep -oE "\"$2\":[0-9]+" | head -n 1 | cut -d: -f2; }

# ---- plan ----
check "plan" exits 0 "$NUDGE" plan "$TMP/spec.yaml"
check "... says the budget" says 'at most 162 trials of the grid.s 324 \(50 %\)'
check "... and the first round" says 'first round 30 trials, 4 steps apart, 2 replicates each: [0-9]'
check "... and the cost at most" says '^cost: at most '
check "help names the design and its source" exits 0 "$NUDGE" help designs
check "... with its keys" says '^  refine .*budget .*coarse .*precision .*replicates .*standard_errors'
check "shards are refused" exits 3 "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/no" --shard 1/2
check "... with the reason" says 'each round depends on the results of all trials before it'
check "... and nothing is written" test ! -e "$TMP/no"
spec '{kind: refine, level: 0.7, budget: 16}' | sed '$a where: "device.c2c < 0.055"' >"$TMP/poor.yaml"
check "a budget too small for what where leaves is refused" exits 3 "$NUDGE" plan "$TMP/poor.yaml"
check "... with both numbers" says 'first round takes [0-9]+ trials and the budget is 16'

mkdir "$TMP/bin"
printf '#!/bin/sh\necho submitted "$@"\n' >"$TMP/bin/sbatch" # of Slurm only this much is needed here
chmod +x "$TMP/bin/sbatch"
submit() { exits "$1" env PATH="$TMP/bin:$PATH" jobs/submit "$TMP/spec.yaml" "$TMP/no" "${@:2}"; }
check "an array of shards is not submitted" submit 3 --array=1-4
check "... for that reason" says 'design: refine is not run in shards'
check "one job is" submit 0
check "... with ranks and time" says 'submitted .*--ntasks=[0-9]+ --time=00:'

# ---- run ----
check "a refinement runs" run spec.yaml refined
check "... round by round" says 'round 2: replicates where the side of the level is uncertain; 15 of 108 points'
check "... to the end" says 'refined, rounds 1 to [0-9]+: the contour is enclosed'
check "status says how it ended" exits 0 "$NUDGE" status "$TMP/refined"
check "... and what it took" says 'refine: ended after round [0-9]+: the contour is enclosed; [0-9]+ of 108 points, [0-9]+ trials of at most 162, the grid has 324'
check "verify decides it again" exits 0 "$NUDGE" verify "$TMP/refined"
check "... with the same outcome" says 'refinement: rounds 1 to [0-9]+, each as the records before it call for; ended: the contour is enclosed'
check "a second run has nothing to do" run spec.yaml refined
check "... at all" says '0 remain; 0 ran now'
check "a budget is kept" run short.yaml short
check "... and said to be spent" says 'refined, rounds 1 to [0-9]+: the budget is spent'
within() { [ "$(number short trials)" -le 100 ] && [ "$(number short trials)" -gt 90 ]; }
check "... all of it, but no more" within
check "three contours" run levels.yaml levels

# ---- map ----
if command -v gnuplot >/dev/null; then
    check "a map is drawn" exits 0 "$NUDGE" map "$TMP/refined" -o "$TMP/map.svg"
    check "... that shows what was not sampled" grep -q 'not sampled' "$TMP/map.svg"
    check "... and the contour that was followed" grep -q 'test_error = 0.7' "$TMP/map.svg"
    check "a map of three contours" exits 0 "$NUDGE" map "$TMP/levels" -o "$TMP/map.svg"
    check "... names all" grep -q 'test_error = 0.6, 0.7, 0.8' "$TMP/map.svg"
fi
check "the map as a cube" exits 0 "$NUDGE" map "$TMP/refined" -o "$TMP/map.csv"
holes() { # cells without a trial are empty and counted
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        { cells++; empty += $at["test_error"] == ""; left += $at["n_unsampled"] == 3
          if (($at["test_error"] == "") != ($at["n"] == 0)) exit 1 }
        END { exit !(cells == 108 && empty == left && empty > 30) }' "$TMP/map.csv"
}
check "... has all cells of the grid, most without a trial empty" holes

# ---- the grid, before and after ----
cp -r "$TMP/refined" "$TMP/extended"
check "a grid extends a refinement" run grid.yaml extended
ran() { says "0 remain; $((324 - $(number refined trials))) ran now"; }
check "... and redoes nothing" ran
check "the grid alone" run grid.yaml grid
check "... is the same" same_results "$TMP/grid" "$TMP/extended"
check "... and verify agrees" exits 0 "$NUDGE" verify "$TMP/extended"
cp -r "$TMP/grid" "$TMP/after"
check "a refinement of a finished grid" run spec.yaml after
check "... runs nothing" says '0 remain; 0 ran now'
check "... and decides the same" diff <(rounds refined) <(rounds after)
check "... as verify sees" exits 0 "$NUDGE" verify "$TMP/after"
cp -r "$TMP/short" "$TMP/raised"
check "a raised budget goes on" run spec.yaml raised
check "... where a larger one would have been" same_results "$TMP/refined" "$TMP/raised"

# ---- merge ----
check "a refinement and a grid merge into the grid" exits 0 "$NUDGE" merge "$TMP/grid" "$TMP/refined" -o "$TMP/both"
check "... all of it" says '324 of 324 trials done'
check "a refinement alone merges" exits 0 "$NUDGE" merge "$TMP/refined" "$TMP/grid" -o "$TMP/one"
check "... decided anew" diff <(rounds refined) <(rounds one)
check "... which verify accepts" exits 0 "$NUDGE" verify "$TMP/one"
check "... and a run has nothing to do" run spec.yaml one
check "... there" says '0 remain; 0 ran now'

# ---- failures ----
# long trials: a short one may be over before its server looks
spec '{kind: refine, level: 0.7, budget: 0.9}' |
    sed 's/epochs: 2/epochs: 2000/; $a limits: {trial_seconds: 0.000001, retries: 0}' >"$TMP/hasty.yaml"
check "where all fails, all that is asked for is known" exits 1 "$NUDGE" run "$TMP/hasty.yaml" -o "$TMP/hasty"
check "... and the end is reached" exits 0 "$NUDGE" status "$TMP/hasty"
check "... after the first round" says 'ended after round 1: .*30 trials of at most .*no contour was met'
check "... as verify sees" exits 0 "$NUDGE" verify "$TMP/hasty"

# ---- tuned parameters ----
sed -e 's/^  program.width: .*//' -e 's/^design.*/design: {kind: refine, level: 0.5, coarse: 2, budget: 0.9}/' -e 's/test: 200/test: 200, validation: 100/' \
    -e '$a tune: {program.width: [0.001, 0.004, 0.01]}' "$TMP/grid.yaml" >"$TMP/tune.yaml"
check "a refinement with tuned settings" run tune.yaml tune
check "... finds a contour" says 'refined, rounds 1 to [2-9]: the contour is enclosed'
check "... whole replicates at a time" test $(($(number tune trials) % 3)) = 0
check "... verify agrees" exits 0 "$NUDGE" verify "$TMP/tune"

# ---- contradictions ----
cp -r "$TMP/refined" "$TMP/forged"
check "a round is forged" tests/tools/rounds.py --forge "$TMP/forged/journal"
check "verify sees it" exits 1 "$NUDGE" verify "$TMP/forged"
check "... and says which" says 'round 2 of the journal .* is not the one that the records before it call for'
finish
