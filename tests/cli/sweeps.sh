#!/usr/bin/env bash
# sweeps.sh -- every sweep that comes with the program is one that `nudge plan` accepts, and says in its head how to
# run a small version of it.
# shellcheck source=tests/lib.sh disable=SC2317 # functions are called through check
. tests/lib.sh

# The head's command for a small version, as words; none: it is small as it is.
small() {
    sed -n '/^# Small:/,/^campaign:/s/^#  *//p' "$1" | tr '\n' ' ' | grep -oE -- '--set [^ `,]+' | tr '\n' ' '
}

accepted() {
    [ "$planned" = 0 ] || { cat "$TMP/err" && return 1; }
}

for spec in sweeps/*.yaml; do
    name=$(basename "$spec" .yaml)
    "$NUDGE" plan "$spec" >"$TMP/out" 2>"$TMP/err"
    planned=$?
    if [ $planned != 0 ] && grep -q 'make data' "$TMP/err"; then
        skip "$name is accepted" "its data set is not here: make data"
        continue
    fi
    check "$name is accepted" accepted
    check "... and asks what it says it asks" says '[?]$'
    read -ra sets < <(small "$spec")
    [ "${#sets[@]}" -gt 0 ] || continue
    check "... in small too" exits 0 "$NUDGE" plan "$spec" "${sets[@]}"
done
check "sweeps/README.md lists every sweep, with a command that fits it" \
    /usr/bin/python3 tests/tools/sweeps_index.py "$NUDGE"
finish
