#!/usr/bin/env bash
# A real sweep of 16 x 16 points, refined and in full: the refinement finds the contour of the full
# grid to within a cell, with at most 40 % of its trials.
. tests/lib.sh

if [ ! -e data/fashion-mnist/train-images-idx3-ubyte ]; then
    skip "a refined sweep against its full grid" "no data: make data"
    finish
fi
level=$(sed -n 's/^design: .*level: \([0-9.]*\).*/\1/p' sweeps/refine-noise.yaml)
sed 's/^design: .*/design: grid/' sweeps/refine-noise.yaml >"$TMP/grid.yaml"
run() { # run SPEC DIR
    if have_mpi; then
        ranks $(($(nproc) + 1)) "$NUDGE" run "$1" -o "$TMP/$2"
    else
        "$NUDGE" run "$1" -o "$TMP/$2"
    fi
}
trials() { "$NUDGE" status "$TMP/$1" --json | grep -oE '"trials":[0-9]+' | head -n 1 | cut -d: -f2; }

check "the sweep, refined" run sweeps/refine-noise.yaml refined
check "... its decisions follow from its records" exits 0 "$NUDGE" verify "$TMP/refined"
check "... it ends with the contour enclosed" says 'ended: the contour is enclosed'
cp -r "$TMP/refined" "$TMP/full"
check "the full grid, which the refinement is a part of" run "$TMP/grid.yaml" full
some=$(trials refined) all=$(trials full)
check "$some of $all trials are at most 40 %" test $((some * 100)) -le $((all * 40))
for dir in refined full; do
    check "the map ($dir)" exits 0 "$NUDGE" map "$TMP/$dir" -o "$TMP/$dir.csv"
done
apart=$(tests/tools/contours.py "$TMP/refined.csv" "$TMP/full.csv" test_error "$level")
check "the contours are ${apart:-nowhere} cells apart, at most 1" \
    awk -v a="${apart:-9}" 'BEGIN { exit !(a <= 1) }'
finish
