#!/usr/bin/env bash
# The small version of every campaign of the thesis, run to its end; CIFAR-10 with images of noise.
# shellcheck source=tests/lib.sh disable=SC2317 # functions are called through check
. tests/lib.sh

# With 1 when trials failed: pulses of a tenth of the range make some diverge.
ends() { exits 0 "$@" || exits 1 "$@"; }

# Every line of the table has a test_error, or says that its trials failed.
# shellcheck disable=SC2016 # awk's
complete() {
    awk -F, '
        NR == 1 { for (i = 1; i <= NF; i++) { if ($i == "test_error") error = i; if ($i == "n_failed") failed = i } }
        NR > 1 && $error == "" && !$failed { empty++ }
        END { exit !error || !failed || NR < 2 || empty }' "$1"
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
    check "$name runs" ends "$NUDGE" run "$spec" --quick ${data[@]+"${data[@]}"} -o "$TMP/$name"
    check "... to its end" says ' failed, 0 remain'
    check "... and has a map" exits 0 "$NUDGE" map "$TMP/$name" -o "$TMP/$name.csv"
    check "... in which every cell has a result or says why not" complete "$TMP/$name.csv"
done
finish
