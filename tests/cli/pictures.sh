#!/usr/bin/env bash
# nudge train --samples, --filters and --conductances: pictures of a trained network, and what has
# none. What is in them is tested in unit/test_fantasies and unit/test_tiles.
. tests/lib.sh

cat >"$TMP/bars.yaml" <<'END'
campaign: bars
base:
  data: {name: bars-and-stripes}
  model: {kind: drbm, layers: [16, 12, 2]}
  train: {epochs: 3, batch: 30, rates: 0.1}
END

train() { "$NUDGE" train "$TMP/bars.yaml" "$@"; }

if command -v gnuplot >/dev/null; then
    check "pictures of a machine with labels" exits 0 train --samples "$TMP/s.svg" --filters "$TMP/f.svg"
    check "... samples say what they are" grep -q 'label of each row held' "$TMP/s.svg"
    check "... filters too" grep -q 'weights from' "$TMP/f.svg"
    check "... of all twelve units" grep -q '12 of 12' "$TMP/f.svg"
    check "a stack, as PNG" exits 0 train --set model.kind=dbn --set 'model.layers=[16, 8, 6, 2]' --samples "$TMP/s.png"
    check "... is a PNG" sh -c "head -c 4 '$TMP/s.png' | grep -q PNG"
    check "gaussian pixels, as PDF" exits 0 train --set model.kind=rbm --set rbm.visible=gaussian --set rbm.pixels=grey --samples "$TMP/s.pdf" --json
    check "... is a PDF, and JSON ends the output" sh -c "head -c 4 '$TMP/s.pdf' | grep -q PDF && tail -n 1 '$TMP/out' | grep -q '^{.*}$'"
    check "untrained" exits 0 train --set train.epochs=0 --filters "$TMP/first.svg"
    check "conductances of memristors" exits 0 train --set device.kind=ernoult --set program.width=0.01 --conductances "$TMP/c.svg"
    check "... of weights and biases, both legs" sh -c "grep -q '18 x 12 weights' '$TMP/c.svg' && grep -q '12 biases' '$TMP/c.svg' && grep -q 'G-' '$TMP/c.svg'"
    check "... of an energy network too" exits 0 train --set model.kind=ep-prototypical --set device.kind=ernoult --conductances "$TMP/c.png"
    check "a folder that is not there" exits 4 train --samples "$TMP/none/s.svg"
else
    skip "pictures" "no gnuplot"
fi

# refusals, before any training
check "no such kind of picture" exits 2 train --samples "$TMP/s.gif"
check "... says which there are" says '\.png, \.svg or \.pdf'
check "... and does not train" sh -c "! grep -q epoch '$TMP/out'"
check "no Boltzmann machine" exits 3 train --set model.kind=ep-prototypical --filters "$TMP/f.svg"
check "... says what to take" says 'take rbm, drbm or dbn'
check "conductances of no devices" exits 3 train --set device.kind=ideal --conductances "$TMP/c.svg"
check "... says what to do" says 'nudge help devices'
check "... nor another kind of picture" exits 2 train --set device.kind=ernoult --conductances "$TMP/c.txt"
check "help says it" exits 0 "$NUDGE" help train
check "... both" says '--samples FILE .*\.png'
finish
