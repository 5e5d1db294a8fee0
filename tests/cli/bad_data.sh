#!/usr/bin/env bash
# Every way in which data files can be bad: the program ends with status 3, names the file, says
# what to do, and keeps it short.
. tests/lib.sh

be() { # 32-bit big-endian numbers, as bytes
    local x
    for x; do
        # the format is the bytes
        # shellcheck disable=SC2059
        printf "$(printf '\\x%02x\\x%02x\\x%02x\\x%02x' $((x >> 24 & 255)) $((x >> 16 & 255)) $((x >> 8 & 255)) $((x & 255)))"
    done
}
zeros() { head -c "$1" /dev/zero; }
images() { be 0x803 "$1" 28 28 && zeros $(($1 * 784)); }
labels() { be 0x801 "$1" && zeros "$1"; }

cat >"$TMP/spec.yaml" <<END
campaign: bad-data
base:
  data: {name: mnist, train: 10, test: 5}
  model: {kind: ep-prototypical, layers: [784, 16, 10]}
  ep: {T: 4, K: 2}
  train: {epochs: 1, batch: 5}
END

good_set() {
    rm -rf "$TMP/set"
    mkdir "$TMP/set"
    images 10 >"$TMP/set/train-images-idx3-ubyte"
    labels 10 >"$TMP/set/train-labels-idx1-ubyte"
    images 5 >"$TMP/set/t10k-images-idx3-ubyte"
    labels 5 >"$TMP/set/t10k-labels-idx1-ubyte"
}
train() { "$NUDGE" train "$TMP/spec.yaml" --set data.path="$TMP/set" "$@"; }

refused() { # refused FILE REGEX
    exits 3 train || return
    says "$1" && says "$2" && says 'make data|data\.path' || return
    [ "$(cat "$TMP/out" "$TMP/err" | wc -l)" -le 40 ]
}
bad() { # bad WHAT FILE REGEX COMMAND...: with FILE replaced by the command's output
    local file=$TMP/set/$2
    good_set
    rm "$file"
    "${@:4}" >"$file"
    check "$1" refused "$file" "$3"
}

good_set
check "the good set is accepted" exits 0 train

i=train-images-idx3-ubyte l=train-labels-idx1-ubyte
bad "an empty file" $i 'empty' zeros 0
bad "less than a header" $i 'too few' be 0x803 10
bad "labels for images" $i 'labels' labels 10
bad "images for labels" $l 'images' images 10
bad "no IDX at all" $i 'no IDX' echo "some text"
bad "a web page" $i 'web page' echo "<!DOCTYPE html>"
bad "floats for bytes" $i 'another type' be 0xd03 10 28 28
bad "truncated images" $i 'truncated' eval 'images 10 | head -c 5000'
bad "trailing bytes" $i 'too long' eval 'images 10; echo'
bad "a dimension of 0" $i 'is 0' be 0x803 0 28 28
bad "absurd dimensions" $i 'any file can hold' be 0x803 0xffffffff 0xffffffff 0xffffffff
bad "images of another size" $i '32 x 32' eval 'be 0x803 10 32 32; zeros 10240'
bad "a label beyond the classes" $l 'label 200' eval "be 0x801 10; printf '\\310'; zeros 9"
bad "fewer labels than images" $l '9 labels.*10 images' labels 9
bad "gzip under a plain name" $i 'gzip' eval 'images 10 | gzip'

good_set
gzip "$TMP/set/$i"
head -c -9 "$TMP/set/$i.gz" >"$TMP/cut" && cp "$TMP/cut" "$TMP/set/$i.gz"
check "a truncated gzip file" refused "$TMP/set/$i.gz" 'truncated|damaged'
good_set
gzip -c "$TMP/set/$i" | { head -c -8 && printf 'abcdefgh'; } >"$TMP/set/$i.gz"
rm "$TMP/set/$i"
check "a gzip file with a wrong checksum" refused "$TMP/set/$i.gz" 'damaged'
good_set
rm "$TMP/set/$i" && mkdir "$TMP/set/$i"
check "a folder for a file" refused "$TMP/set/$i" 'folder'
good_set
rm "$TMP/set/$l"
check "a missing companion" refused "$TMP/set" "$l"
rm -r "$TMP/set"
check "a folder that is not there" refused "$TMP/set" 'not found'
good_set
check "more images than there are" exits 3 train --set data.train=11
check "... with the numbers" says '11.*10'
finish
