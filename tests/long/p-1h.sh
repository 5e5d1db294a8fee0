#!/usr/bin/env bash
# P-1h follows the published learning curves: Fashion-MNIST within 1 point of the reference in
# epochs 1 to 3, MNIST within 0.3 points of 2.0 % after 30.
. tests/lib.sh

have() { [ -e "data/$1/train-images-idx3-ubyte" ]; }
train() { "$NUDGE" train sweeps/p-1h.yaml "$@" >"$TMP/log"; }
# column NAME: the percentages after that word, a line per epoch
column() { sed -nE "s/.* $1 +([0-9.]+) %.*/\1/p" "$TMP/log"; }
near() { awk -v a="$1" -v b="$2" -v by="$3" 'BEGIN { d = a - b; exit !(d <= by && -d <= by) }'; }

if have fashion-mnist; then
    check "P-1h trains on Fashion-MNIST" train
    mapfile -t error < <(column train)
    expected=(19.2 14.6 13.2)
    for epoch in 0 1 2; do
        check "epoch $((epoch + 1)): training error ${error[epoch]:-none} %, reference ${expected[epoch]}" \
            near "${error[epoch]:-100}" "${expected[epoch]}" 1
    done
else
    skip "P-1h on Fashion-MNIST" "no data: make data"
fi

if have mnist; then
    check "P-1h trains on MNIST" train --set data.name=mnist --set ep.T=30 --set ep.K=10 \
        --set train.epochs=30
    last=$(column test | tail -n 1)
    check "after 30 epochs: test error ${last:-none} %, published 2.0" near "${last:-100}" 2.0 0.3
else
    skip "P-1h on MNIST" "no data: make data"
fi
finish
