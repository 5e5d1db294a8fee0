#!/usr/bin/env bash
# sweeps.sh -- every sweep that comes with the program is one that `nudge plan` accepts, and says in its head how to
# run a small version of it.
# shellcheck source=tests/lib.sh disable=SC2317 # functions are called through check
. tests/lib.sh

# The head's command for a small version, as words; none: it is small as it is.
small() {
    sed -n '/^# Small:/,/^campaign:/s/^#  *//p' "$1" | tr '\n' ' ' | grep -oE -- '--set [^ `,]+' | tr '\n' ' '
}

for spec in sweeps/*.yaml; do
    name=$(basename "$spec" .yaml)
    if [ ! -d data ] && [ -z "${NUDGE_DATA:-}" ] && grep -q 'name: mnist' "$spec"; then
        skip "$name is accepted" "no MNIST here: make data"
        continue
    fi
    check "$name is accepted" exits 0 "$NUDGE" plan "$spec"
    check "... and asks what it says it asks" says '[?]$'
    read -ra sets < <(small "$spec")
    [ "${#sets[@]}" -gt 0 ] || continue
    check "... in small too" exits 0 "$NUDGE" plan "$spec" "${sets[@]}"
done
finish
