#!/usr/bin/env bash
# The small version of every campaign of the thesis, run to its end; CIFAR-10 with images of noise.
# shellcheck source=tests/lib.sh disable=SC2317 # functions are called through check
. tests/lib.sh

# Every line of the table has a test_error.
# shellcheck disable=SC2016 # awk's
complete() {
    awk -F, '
        NR == 1 { for (i = 1; i <= NF; i++) if ($i == "test_error") column = i }
        NR > 1 && $column == "" { empty++ }
        END { exit !column || NR < 2 || empty }' "$1"
}

/usr/bin/python3 tests/tools/noise_cifar.py "$TMP/data"
for spec in sweeps/thesis/*.yaml; do
    name=$(basename "$spec" .yaml)
    data=()
    grep -q 'name: cifar-10' "$spec" && data=(--set "data.path=$TMP/data")
    if ! "$NUDGE" plan "$spec" --quick ${data[@]+"${data[@]}"} >/dev/null 2>"$TMP/why" && grep -q 'make data' "$TMP/why"; then
        skip "$name runs" "its data set is not here: make data"
        continue
    fi
    check "$name runs" exits 0 "$NUDGE" run "$spec" --quick ${data[@]+"${data[@]}"} -o "$TMP/$name"
    check "... to its end" says ', 0 failed, 0 remain'
    check "... and has a map" exits 0 "$NUDGE" map "$TMP/$name" -o "$TMP/$name.csv"
    check "... in which every cell has a result" complete "$TMP/$name.csv"
done
finish
