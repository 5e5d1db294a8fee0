#!/usr/bin/env bash
# EB-1h learns as it does in PyTorch with the published arithmetic: five seeds of each, 5,000 images, 8 epochs.
. tests/lib.sh

if ! /usr/bin/python3 -c 'import torch' 2>/dev/null; then
    skip "EB-1h beside PyTorch" "needs python3-torch"
elif ! [ -e data/mnist/train-images-idx3-ubyte ]; then
    skip "EB-1h beside PyTorch" "no data: make data"
else
    check "errors of EB-1h are those of PyTorch, but for chance" \
        exits 0 /usr/bin/python3 tests/tools/published_eb.py --program "$NUDGE"
    sed 's/^/# /' "$TMP/out"
fi
finish
