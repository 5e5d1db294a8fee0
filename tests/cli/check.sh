#!/usr/bin/env bash
# nudge check: the theory of Equilibrium Propagation on the published one-hidden-layer
# networks, with 20 images of Fashion-MNIST. Expected numbers are from PyTorch with the
# published code (784-512-10, 20 images, fp64); other weights and images move them by some
# ten per cent.
. tests/lib.sh

spec() { # spec FILE MODEL EP
    cat >"$TMP/$1" <<END
campaign: check
base:
  data: {name: fashion-mnist}
  model: {$2}
  ep: {$3}
  train: {rates: 0.1}
END
}
spec p.yaml 'kind: ep-prototypical, layers: [784, 512, 10], activation: tanh' \
    'T: 150, K: 10, beta: 0.01, dt: 1'
spec eb.yaml 'kind: ep-energy, layers: [784, 512, 10], activation: tanh' \
    'T: 800, K: 30, beta: 0.01, dt: 0.08, clamp: no'
spec conv.yaml 'kind: ep-conv, stack: "conv 6 5x5 pad 1, max 2, conv 8 3x3 stride 2, avg 2, fc 10"' \
    'T: 60, K: 8, beta: 0.01, dt: 1'

gdu() { # gdu NAME SPEC ARG...: the JSON to $TMP/NAME
    "$NUDGE" check gdu "$TMP/$2" --json "${@:3}" >"$TMP/$1"
}
gradient() { "$NUDGE" check gradient "$TMP/$2" --json "${@:3}" >"$TMP/$1"; }
holds() { # holds EXPRESSION: in Python, where rmse(NAME, ROW), angle and sign look into the files
    /usr/bin/python3 - "$TMP" "$1" <<'END'
import json, math, sys

def load(name): return json.load(open(f"{sys.argv[1]}/{name}"))
def row(name, r): return next(x for x in load(name)["rows"] if x["name"] == r)
def rmse(name, r): return row(name, r)["rmse"]
def angle(name, r): return row(name, r)["angle_degrees"]
def sign(name, r): return row(name, r)["sign_agreement"]
def slope(name, e): return next(x for x in load(name)["estimates"] if x["name"] == e)["slope"]
def errors(name, e): return next(x for x in load(name)["estimates"] if x["name"] == e)["errors"]
def proportional(names, r, tolerance=0.05):
    """rmse/beta is the same for all"""
    ratios = [rmse(n, r) / load(n)["beta"] for n in names]
    return max(ratios) < (1 + tolerance) * min(ratios)

if not eval(sys.argv[2]):
    sys.exit("does not hold: " + sys.argv[2])
END
}

if ! exits 0 "$NUDGE" check gdu "$TMP/p.yaml" --set ep.T=10; then
    if says 'not found'; then
        skip "the published networks" "Fashion-MNIST is not here"
    else
        check "nudge check gdu" exits 0 "$NUDGE" check gdu "$TMP/p.yaml" --set ep.T=10
    fi
    finish
fi

# prototypical: exact with the identity, a floor with tanh
for beta in 1e-2 1e-3 1e-4; do
    check "identity, beta $beta" gdu "i$beta" p.yaml --set model.activation=identity --set ep.beta=$beta
done
all="['i1e-2', 'i1e-3', 'i1e-4']"
check "identity: s0 in proportion to beta" holds "proportional($all, 's0')"
check "identity: s1 in proportion to beta" holds "proportional($all, 's1')"
check "identity: W01 in proportion to beta" holds "proportional($all, 'W01')"
check "identity: W12 in proportion to beta" holds "proportional($all, 'W12')"
check "identity: s0 at 1.28 beta" holds "1.0 < rmse('i1e-3', 's0') / 1e-3 < 1.6"
check "identity: updates point down the gradient" holds "angle('i1e-3', 'W12') < 0.01 and sign('i1e-3', 'W12') > 0.99"
check "tanh" gdu t p.yaml
check "... at a hundredth of beta" gdu t100 p.yaml --set ep.beta=1e-4
check "... the floor is 0.12 to 0.15" holds "0.10 < rmse('t', 's1') < 0.17 and 0.10 < rmse('t', 'W12') < 0.17"
check "... whatever beta" holds "abs(rmse('t', 's1') / rmse('t100', 's1') - 1) < 0.05"
check "... and updates agree mostly in sign" holds "sign('t', 'W12') > 0.9 and angle('t', 'W12') < 10"

# energy: exact with tanh, a floor without r'(s0)
for beta in 1e-2 1e-3 1e-4; do
    check "energy, beta $beta" gdu "e$beta" eb.yaml --set ep.beta=$beta
done
all="['e1e-2', 'e1e-3', 'e1e-4']"
check "energy: s0 in proportion to beta" holds "proportional($all, 's0')"
check "energy: s1 in proportion to beta" holds "proportional($all, 's1')"
check "energy: W12 in proportion to beta" holds "proportional($all, 'W12')"
check "energy: s0 at 0.63 beta" holds "0.5 < rmse('e1e-3', 's0') / 1e-3 < 1.0"
check "as published, without r' on the output" gdu u eb.yaml --set ep.output=ernoult --set ep.beta=1e-3
check "... the floor is about 0.09" holds "0.07 < rmse('u', 's1') < 0.11"

# estimators at rest, and derivatives against finite differences (the exit status)
check "energy: gradient" gradient ge eb.yaml --batch 5 --set ep.beta=0.05 --set ep.dt=0.3
check "energy: the bias of one-sided nudging is O(beta)" holds "abs(slope('ge', 'one-sided') - 1) < 0.15"
check "energy: of symmetric nudging O(beta^2)" holds "abs(slope('ge', 'symmetric') - 2) < 0.1"
check "energy: of two points the same" holds "abs(slope('ge', 'holomorphic 2') - slope('ge', 'symmetric')) < 1e-6"
check "energy: of four points O(beta^4)" holds "abs(slope('ge', 'holomorphic 4') - 4) < 0.2"
check "energy: of six points O(beta^6)" holds "abs(slope('ge', 'holomorphic 6') - 6) < 0.3"
check "energy: all of them lead to the gradient" holds "errors('ge', 'holomorphic 6')[2] < 1e-8"
check "prototypical: gradient" gradient gp p.yaml --batch 5 --set ep.beta=0.1
check "prototypical: the same slopes" holds "abs(slope('gp', 'symmetric') - 2) < 0.1 and abs(slope('gp', 'holomorphic 4') - 4) < 0.2"
check "softmax read-out: gradient" gradient gs p.yaml --batch 5 --set ep.loss=cross-entropy
check "free backward weights: gradient" gradient gf p.yaml --batch 2 --set ep.symmetry=free --set ep.angle=30
for activation in hard-sigmoid tanh; do
    check "convolutions, $activation: gradient" gradient gc conv.yaml --batch 2 --set model.activation=$activation
    check "... Phi to 1e-6" holds "0 <= load('gc')['phi']['worst'] < 1e-6 and len(load('gc')['phi']['rows']) == 9"
done
check "convolutions: gdu" gdu c conv.yaml --batch 2 --set model.activation=identity --set 'model.stack=conv 4 5x5 stride 4, fc 10'
check "... updates point down the gradient" holds "angle('c', 'W01') < 2 and angle('c', 'W12') < 2"

# what people see
check "a table" exits 0 "$NUDGE" check gdu "$TMP/p.yaml"
check "... a row for each layer and matrix" says '^W12 +401408 '
check "a table of differences" exits 0 "$NUDGE" check gradient "$TMP/p.yaml" --batch 1 --set model.layers='[784, 20, 10]'
check "... says that all is well" says 'W01 .*ok'
check "the figure has its file" exits 0 "$NUDGE" check gdu "$TMP/p.yaml" -o "$TMP/gdu.svg"
if command -v gnuplot >/dev/null; then
    check "... and its panels" grep -q 'W12: RMSE' "$TMP/gdu.svg"
else
    skip "... and its panels" "no gnuplot"
fi

# refusals
check "no such check" exits 2 "$NUDGE" check gdo "$TMP/p.yaml"
check "... names those there are" says 'gdu, gradient, spectrum'
check "no spec" exits 2 "$NUDGE" check gdu
check "no such kind of figure" exits 2 "$NUDGE" check gdu "$TMP/p.yaml" -o "$TMP/gdu.gif"
check "no figure of gradients" exits 2 "$NUDGE" check gradient "$TMP/p.yaml" -o "$TMP/gdu.svg"
check "no images" exits 2 "$NUDGE" check gdu "$TMP/p.yaml" --batch 0
check "more images than there are" exits 3 "$NUDGE" check gdu "$TMP/p.yaml" --batch 20 --set data.train=10
check "more nudged steps than free ones" exits 3 "$NUDGE" check gdu "$TMP/p.yaml" --set ep.K=200
check "... says what to set" says 'ep\.T must be at least ep\.K'
check "even-odd order" exits 3 "$NUDGE" check gdu "$TMP/p.yaml" --set ep.order=even-odd
check "... says what to set" says 'ep\.order=jacobi'
check "maxima that alternate for ever" exits 0 "$NUDGE" check gradient "$TMP/conv.yaml" --batch 1 \
    --set model.activation=tanh --set 'model.stack=conv 8 5x5, max 2, conv 16 5x5, max 2, fc 10'
check "... are no rest to take a gradient at" says 'not compared.*not at rest'
finish
