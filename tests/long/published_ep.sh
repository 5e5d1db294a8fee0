#!/usr/bin/env bash
# EB-1h and P-2h learn as they do in PyTorch with the published arithmetic: five seeds of each on some thousand images.
. tests/lib.sh

if ! /usr/bin/python3 -c 'import torch' 2>/dev/null; then
    skip "EB-1h and P-2h beside PyTorch" "needs python3-torch"
elif ! [ -e data/mnist/train-images-idx3-ubyte ]; then
    skip "EB-1h and P-2h beside PyTorch" "no data: make data"
else
    beside() { # beside CASE IMAGES EPOCHS
        check "errors of $1 are those of PyTorch, but for chance" \
            exits 0 /usr/bin/python3 tests/tools/published_ep.py --program "$NUDGE" --case "$1" --train "$2" --epochs "$3"
        sed 's/^/# /' "$TMP/out"
    }
    beside EB-1h 5000 8
    beside P-2h 2000 3
fi
finish
