#!/usr/bin/env bash
# nudge plan measures the convolutions of a spec both ways, so that model.convolution can be
# chosen; what it finds depends on the machine, that it finds it does not.
. tests/lib.sh

cat >"$TMP/conv.yaml" <<'END'
campaign: conv
base:
  data: {name: synthetic, train: 40, test: 20}
  model: {kind: ep-conv, stack: "conv 4 5x5, max 2, conv 6 3x3, fc 10"}
  ep: {T: 4, K: 2}
  train: {epochs: 1, rates: [0.01]}
END
cat >"$TMP/look.py" <<'END'
import json, sys

c = json.load(open(sys.argv[1]))["convolutions"]
assert [t["times"] for t in c] == [1, 6], c
assert all(t["direct_us"] > 0 and t["fft_us"] > 0 for t in c), c
END
check "plan of a convolution model" exits 0 "$NUDGE" plan "$TMP/conv.yaml"
check "... has a line for the input's" says '^convolution 1, 28x28x1 by 5x5 to 4 maps: direct .* us, fft .* us per sample and mini-batch'
check "... and for the other" says '^convolution 2, 12x12x4 by 3x3 to 6 maps: .* per sample and step'
check "... and says what is faster" says 'model.convolution: (direct|fft) is faster here'
check "plan --json" exits 0 "$NUDGE" plan "$TMP/conv.yaml" --json
check "... has them too" /usr/bin/python3 "$TMP/look.py" "$TMP/out"
check "a model without convolutions" exits 0 "$NUDGE" plan "$TMP/conv.yaml" --set model.kind=ep-prototypical --set "train.rates=[0.1,0.1]"
no_lines() { ! grep -q "^convolution" "$TMP/out"; }
check "... has no such lines" no_lines
check "a kernel larger than the map" exits 3 "$NUDGE" plan "$TMP/conv.yaml" --set model.convolution=fft --set "model.stack=conv 4 40x40, fc 10"
finish
