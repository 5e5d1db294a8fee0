#!/usr/bin/env bash
# nudge check spectrum: what a network says about the nudges it can take, in text, JSON and
# figure. The numbers themselves are tested in unit/test_spectrum.
. tests/lib.sh

cat >"$TMP/p.yaml" <<'END'
campaign: spectrum
base:
  data: {name: synthetic, train: 200}
  model: {kind: ep-prototypical, layers: [784, 40, 10], activation: tanh}
  ep: {T: 100, K: 100, beta: 0.2, dt: 0.5}
  train: {rates: 0.05, epochs: 0}
END

spectrum() { "$NUDGE" check spectrum "$TMP/p.yaml" "$@"; }
json() { spectrum --json "${@:2}" >"$TMP/$1"; } # json NAME ARG...
holds() {                                       # holds EXPRESSION in Python
    /usr/bin/python3 - "$TMP" "$1" <<'END'
import json, sys
def load(name): return json.load(open(f"{sys.argv[1]}/{name}"))
def layer(name, l): return load(name)["layers"][l]
if not eval(sys.argv[2]):
    sys.exit("does not hold: " + sys.argv[2])
END
}

check "first weights" json first
check "... on a mini-batch, 16 points, of all layers" holds "load('first')['images'] == 20 and load('first')['points'] == 16 and len(load('first')['layers']) == 2"
check "... no epoch: no weight has moved" holds "'epochs 0' in load('first')['network']"
check "... coefficients fall to a floor" holds "layer('first', 1)['floor_reached'] and layer('first', 1)['rms'][1] > 1000 * layer('first', 1)['floor']"
check "... fewer points err more" holds "layer('first', 1)['bias']['2'] > 2 * layer('first', 1)['bias']['4'] > 0"
check "more points" json many --points 32
check "... tell the same" holds "all(abs(m / f - 1) < 0.01 for m, f in zip(layer('many', 1)['rms'][:12], layer('first', 1)['rms']))"
check "half the nudge" json half --set ep.beta=0.1
check "... errs a quarter, with two points" holds "3 < layer('first', 1)['bias']['2'] / layer('half', 1)['bias']['2'] < 5"
check "noise" json noise --set ep.noise=0.01
check "... raises the floor" holds "load('noise')['snr'] < 0.01 * load('first')['snr']"
check "a softmax read-out has no states" json soft --set ep.loss=cross-entropy
check "... the hidden layer has" holds "[l['layer'] for l in load('soft')['layers']] == [1]"
check "convolutions" json conv --set model.kind=ep-conv --set 'model.stack=conv 4 5x5, avg 4, fc 10'
check "... count maps without padding" holds "[l['units'] for l in load('conv')['layers']] == [10, 144]"
check "after training" exits 0 spectrum --set train.epochs=2
check "... says how that went" says '^epoch 2 of 2: train error'
check "... has a table" says '^s1 +40 '
check "... and a verdict" says '^the rests are holomorphic up to nudges of about'
check "the figure has its file" exits 0 spectrum -o "$TMP/decay.svg"
if command -v gnuplot >/dev/null; then
    check "... and its lines" grep -q 's1, signal/noise' "$TMP/decay.svg"
else
    skip "... and its lines" "no gnuplot"
fi

check "as a metric of trials" sh -c "'$NUDGE' train '$TMP/p.yaml' --set train.epochs=1 --set ep.spectrum=16 --json | tail -n 1 >'$TMP/trial'"
check "... radius and signal to noise" holds "load('trial')['spectrum_radius'] > 0.1 and load('trial')['spectrum_snr'] > 100"
check "the angle of free backward weights too" sh -c "'$NUDGE' train '$TMP/p.yaml' --set train.epochs=1 --set ep.symmetry=free --set ep.angle=60 --json | tail -n 1 >'$TMP/angle'"
check "... in degrees" holds "40 < load('angle')['feedback_angle'] < 80 and load('angle')['spectrum_radius'] is None"

# refusals
check "too few points" exits 2 spectrum --points 4
check "... says how many" says '8 to 64'
check "no such kind of figure" exits 2 spectrum -o "$TMP/decay.gif"
check "another size of mini-batch" exits 2 spectrum --batch 5
check "... is a parameter" says 'train\.batch'
check "energies" exits 3 spectrum --set model.kind=ep-energy
check "... says what to take" says 'prototypical'
check "corners" exits 3 spectrum --set model.activation=hard-sigmoid
check "nudges far too large" exits 1 spectrum --set model.activation=identity --set ep.beta=50
check "... leave the numbers" says 'no numbers any more'
finish
