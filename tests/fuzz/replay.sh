#!/usr/bin/env bash
# What fuzzers once found, and what covers their targets (tests/fuzz/corpus), ends in good order.
. tests/lib.sh

for source in tests/fuzz/fuzz_*.c; do
    name=${source##*/fuzz_}
    name=${name%.c}
    files=(tests/fuzz/corpus/"$name"/*)
    check "$name: ${#files[@]} inputs" "$OBJ/tests/fuzz/fuzz_$name" "${files[@]}"
done
finish
