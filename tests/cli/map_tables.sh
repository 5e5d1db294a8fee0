#!/usr/bin/env bash
# Tables of nudge map against SciPy, NumPy and matplotlib, to 1e-9: the ranking of parameters, contours on a field that
# is known, tolerated levels.
# shellcheck source=tests/lib.sh disable=SC2317 # functions are called through check
. tests/lib.sh

if ! /usr/bin/python3 -c 'import netCDF4, scipy, matplotlib' 2>/dev/null; then
    skip "tables of maps" "needs python3-netcdf4, python3-scipy and python3-matplotlib"
    finish
fi

campaign() { # campaign NAME AXES...
    cat <<END
campaign: $1
base:
  data: {name: synthetic, train: 20, validation: 20, test: 20}
  model: {kind: ep-prototypical, layers: [784, 4, 10]}
  ep: {T: 2, K: 1}
  train: {epochs: 2, batch: 20}
  device: {kind: ernoult, beta: 1}
END
    shift
    printf '%s\n' "$@"
}
campaign plane 'axes: {ep.beta: {linspace: [0.05, 1, 12]}, device.c2c: {linspace: [0, 0.1, 11]}}' >"$TMP/plane.yaml"
campaign scales 'axes: {ep.beta: {logspace: [0.01, 1, 9]}, device.c2c: {linspace: [0, 0.1, 5]}}' \
    'replicates: {device: 2, train: 1}' >"$TMP/scales.yaml"
campaign ranked 'axes: {ep.beta: [0.1, 0.2, 0.5], device.c2c: [0, 0.02, 0.05, 0.1]}' \
    'tune: {program.scheme: [rprop, cst], program.width: [0.001, 0.1]}' 'replicates: {device: 2, train: 1}' \
    >"$TMP/ranked.yaml"
campaign sampled 'design: sobol' 'samples: 40' 'axes: {ep.beta: {linspace: [0.1, 1]}, device.c2c: {linspace: [0, 0.2]}}' \
    'replicates: {device: 2, train: 1}' >"$TMP/sampled.yaml"
numbers() { /usr/bin/python3 tests/tools/map_tables.py "$@"; }
table() { # table CAMPAIGN KIND OPTION...
    local name=$1 kind=$2
    shift 2
    exits 0 "$NUDGE" map "$TMP/$name" --table "$kind" "$@" -o "$TMP/$kind.csv"
}
map_of() { exits 0 "$NUDGE" map "$TMP/$1" -o "$TMP/map.csv"; }

for name in plane scales ranked sampled; do
    check "$name runs" exits 0 "$NUDGE" run "$TMP/$name.yaml" -o "$TMP/$name"
done

for name in ranked sampled; do
    for metric in test_error train_loss pulses_up; do
        check "what $metric of $name depends on" table "$name" sensitivity --metric $metric
        check "... agrees with SciPy" numbers sensitivity "$TMP/$name/results.nc" "$TMP/sensitivity.csv" $metric
    done
done

check "a field in place of errors" numbers field "$TMP/plane/results.nc"
check "its map" map_of plane
levels=(0.25 0.3 0.35 0.5)
check "its contours" table plane contours --contour 0.25,0.3,0.35,0.5
check "... are where matplotlib draws them" numbers contours "$TMP/map.csv" "$TMP/contours.csv" "${levels[@]}"
for level in "${levels[@]}"; do
    check "... and where the field is $level" numbers curve "$TMP/contours.csv" "$level"
done
check "a wrong point is noticed" sh -c "
    sed '9s/,[^,]*\$/,0.0512345/' '$TMP/contours.csv' >'$TMP/wrong.csv'
    ! /usr/bin/python3 tests/tools/map_tables.py contours '$TMP/map.csv' '$TMP/wrong.csv' 0.25"
check "a field over decades" numbers field "$TMP/scales/results.nc"
check "its map" map_of scales
check "its contours" table scales contours --contour 0.3
check "... are where matplotlib draws them" numbers contours "$TMP/map.csv" "$TMP/contours.csv" log 0.3

for margin in 0.01 0.03; do
    for parameter in device.c2c ep.beta; do
        check "levels of $parameter tolerated at +$margin" \
            table scales tolerance --tolerance $margin -x $parameter
        check "... agree with NumPy" numbers tolerance "$TMP/map.csv" "$TMP/tolerance.csv" $parameter $margin
    done
done

check "no margin is negative" exits 2 "$NUDGE" map "$TMP/scales" --table tolerance --tolerance -0.1 -o "$TMP/x.csv"
check "... it says what it is" says 'may rise by, 0 or more'
for option in -o --report; do
    check "$option into a folder that is not there" exits 3 "$NUDGE" map "$TMP/scales" $option "$TMP/none/x.html"
    check "... says which" says "no folder .*/none to write .*; make it first"
done
check "a spec is no map" exits 3 "$NUDGE" map "$TMP/scales.yaml" -o "$TMP/x.csv"
check "... it says what is" says "name the campaign's folder"

check "an unknown table" exits 2 "$NUDGE" map "$TMP/plane" --table contour -o "$TMP/x.csv"
check "... is answered with the nearest" says 'did you mean "contours"'
check "a table of seeds alone" exits 0 "$NUDGE" map "$TMP/scales" --where ep.beta=0.1 --where device.c2c=0.025 \
    --table sensitivity -o "$TMP/x.tex"
check "... has one line" grep -q 'device.seed' "$TMP/x.tex"
check "a LaTeX table says where it comes from" grep -q '^% .*nudge map' "$TMP/x.tex"
if command -v pdflatex >/dev/null && command -v kpsewhich >/dev/null && kpsewhich booktabs.sty >/dev/null; then
    check "... and LaTeX takes it, with a map" sh -c "cd '$TMP' && '$NUDGE' map ranked -o y.tex &&
        printf '%s' '\\documentclass{article}\\usepackage{booktabs}\\begin{document}' \
            '\\input{x}\\input{y}\\end{document}' >all.tex &&
        pdflatex -interaction=nonstopmode -halt-on-error all.tex"
else
    skip "LaTeX takes it" "needs pdflatex with booktabs"
fi
if command -v gnuplot >/dev/null; then
    check "learning curves are drawn" exits 0 "$NUDGE" map "$TMP/ranked" --figure learning --where device.c2c=0 \
        --lines ep.beta -o "$TMP/x.svg"
    check "... over epochs" grep -q '>epoch of training: epoch<' "$TMP/x.svg"
    check "the ranking is drawn" exits 0 "$NUDGE" map "$TMP/ranked" --figure sensitivity -o "$TMP/x.svg"
    check "... of all parameters" sh -c "for p in ep.beta device.c2c program.width program.scheme device.seed; do
        grep -q \">\$p<\" '$TMP/x.svg' || exit 1; done"
    for ending in png svg; do
        check "a line as .$ending" exits 0 "$NUDGE" map "$TMP/scales" --where device.c2c=0 -m n --width single -o "$TMP/line.$ending"
    done
    check "points are as large in both" numbers points "$TMP/line.png" "$TMP/line.svg"
    check "a name that is a command" numbers parameter "$TMP/ranked/results.nc" ep_beta "it's \`touch $TMP/ran\` 5 %"
    check "... is a name" exits 0 "$NUDGE" map "$TMP/ranked" --figure sensitivity -o "$TMP/bars.svg"
    check "... as it stands" grep -q "it's .touch .*/ran. 5 %<" "$TMP/bars.svg"
    check "... and nothing runs" test ! -e "$TMP/ran"
else
    skip "figures" "needs gnuplot"
fi
finish
