#!/usr/bin/env bash
# bad_specs.sh -- every malformed spec is refused with status 3, each of its faults named at
# its place, on one screen. A spec says itself what is wrong with it:
#     # expect: words of the message
#     # at: LINE:COLUMN           or - for the file as a whole
# shellcheck source=tests/lib.sh disable=SC2317 # functions are called through check
. tests/lib.sh

# refused SPEC: the message is in $TMP/err
refused() {
    exits 3 "$NUDGE" plan "$1" && [ ! -s "$TMP/out" ]
}

# names SPEC PLACE WORDS: a line of the message has them, in this order
names() {
    local place="$1:$2: "
    [ "$2" = - ] && place="$1: "
    grep -F -- "$place" "$TMP/err" | grep -qF -- "$3"
}

one_screen() {
    [ "$(wc -l <"$TMP/err")" -le 40 ]
}

for spec in tests/cli/specs/*.yaml; do
    name=$(basename "$spec" .yaml)
    check "$name is refused with status 3" refused "$spec"
    check "$name takes one screen" one_screen
    while read -r _ tag words; do
        case $tag in
        expect:) expected=$words ;;
        at:) check "$name: $expected" names "$spec" "$words" "$expected" ;;
        esac
    done < <(grep -E '^# (expect|at): ' "$spec")
done
finish
