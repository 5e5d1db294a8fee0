#!/usr/bin/env bash
# sweeps.sh -- every sweep that comes with the program is one that `nudge plan` accepts, whole and, where it has a line
# `quick`, small; each of the thesis has one.
# shellcheck source=tests/lib.sh disable=SC2317 # functions are called through check
. tests/lib.sh

/usr/bin/python3 tests/tools/noise_cifar.py "$TMP/data"

accepted() {
    [ "$planned" = 0 ] || { cat "$TMP/err" && return 1; }
}

for spec in sweeps/*.yaml sweeps/thesis/*.yaml; do
    name=${spec#sweeps/}
    name=${name%.yaml}
    data=()
    if grep -q 'name: cifar-10' "$spec"; then
        data=(--set "data.path=$TMP/data" --set train.batch=4 --set ep.T=10 --set ep.K=2) # plan times a mini-batch
    fi
    "$NUDGE" plan "$spec" ${data[@]+"${data[@]}"} >"$TMP/out" 2>"$TMP/err"
    planned=$?
    if [ $planned != 0 ] && grep -q 'make data' "$TMP/err"; then
        skip "$name is accepted" "its data set is not here: make data"
        continue
    fi
    check "$name is accepted" accepted
    check "... and asks what it says it asks" says '[?]$'
    if [[ $name == thesis/* ]] || grep -q '^quick:' "$spec"; then
        check "... in small too" exits 0 "$NUDGE" plan "$spec" --quick ${data[@]+"${data[@]}"}
    fi
done
check "sweeps/README.md lists every sweep, with a command that fits it" \
    /usr/bin/python3 tests/tools/sweeps_index.py "$NUDGE"
finish
