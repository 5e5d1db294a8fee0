#!/usr/bin/env bash
# nudge check rbm: the learning of a Boltzmann machine against sums over all its states, in text
# and JSON; that it notices what is wrong, and says what it cannot try.
. tests/lib.sh

cat >"$TMP/bars.yaml" <<'END'
campaign: bars
base:
  data: {name: bars-and-stripes}
  model: {kind: drbm, layers: [16, 12, 2]}
  train: {epochs: 300, batch: 30, rates: 0.1}
END

rbm() { "$NUDGE" check rbm "$TMP/bars.yaml" "$@"; }
json() { rbm --json "${@:2}" >"$TMP/$1"; } # json NAME ARG...
holds() {                                  # holds EXPRESSION in Python
    /usr/bin/python3 - "$TMP" "$1" <<'END'
import json, sys
def load(name): return json.load(open(f"{sys.argv[1]}/{name}"))
def names(name, key): return "".join(r["name"] for r in load(name)[key])
if not eval(sys.argv[2]):
    sys.exit("does not hold: " + sys.argv[2])
END
}

check "labels among the visible units" exits 0 rbm
check "... has what it tried in a title" says '^drbm on 30 images of bars-and-stripes, epochs 300: 16 pixels, 2 labels, 12 hidden'
check "... nothing is wrong" sh -c "! grep -E 'WRONG|RISES' '$TMP/out'"
check "as JSON" json drbm
check "... derivatives of all parameters" holds "names('drbm', 'gradient') == 'WabUd' and names('drbm', 'discriminative') == 'WbUd'"
check "... equal their differences" holds "all(r['error'] < 1e-6 for k in ('gradient', 'discriminative') for r in load('drbm')[k])"
check "... k from 1 to 64" holds "[r['k'] for r in load('drbm')['cd']] == [1, 2, 4, 8, 16, 32, 64]"
check "... annealing has the exact value in its interval" holds "load('drbm')['log_z']['low'] < load('drbm')['log_z']['exact'] < load('drbm')['log_z']['high']"
check "... free energy classifies as p(y | x)" holds "load('drbm')['classes']['errors'] == load('drbm')['classes']['errors_exact']"
check "... tempering samples the states" holds "load('drbm')['tempering']['deviate'] < 4 and load('drbm')['tempering']['freedom'] > 10"
check "... passed" holds "load('drbm')['passed']"
check "without labels, trained until chains are slow" json rbm --set model.kind=rbm --set rbm.negative=pcd --set train.epochs=3000
check "... CD-1 is far off, CD-64 less" holds "load('rbm')['cd'][0]['error'] > 0.1 and load('rbm')['cd'][6]['error'] < 0.8 * load('rbm')['cd'][0]['error']"
check "... no labels, no classes" holds "'classes' not in load('rbm') and 'discriminative' not in load('rbm')"
check "first weights" exits 0 rbm --set train.epochs=0
check "memristive weights" exits 0 rbm --set device.kind=ernoult

# what is wrong is noticed
check "two temperatures are too few to anneal" exits 1 rbm --set rbm.negative=pcd --set train.epochs=3000 --set rbm.ais_temperatures=2 --set rbm.ais_runs=5
check "... says where" says 'worth .* WRONG$'
check "... and why" says 'differs from the exact sums'

# refusals
check "many hidden units: the visible side will do" exits 0 rbm --set model.kind=rbm --set data.side=3 --set 'model.layers=[9, 40, 2]'
check "too many on both sides" exits 3 rbm --set data.side=5 --set 'model.layers=[25, 20, 2]'
check "... says what fits" says 'model.layers=\[25, 16, 2\]'
check "a stack" exits 3 rbm --set model.kind=dbn --set 'model.layers=[16, 8, 8, 2]'
check "... says what to take" says 'rbm or drbm'
check "gaussian units" exits 3 rbm --set rbm.visible=gaussian --set rbm.pixels=grey
check "no Boltzmann machine" exits 3 rbm --set model.kind=ep-prototypical
check "... says what to take" says 'rbm or drbm'
check "images are a mini-batch" exits 2 rbm --batch 5
check "no circle" exits 2 rbm --points 16
check "no figure" exits 2 rbm -o "$TMP/x.svg"
check "help lists it" exits 0 "$NUDGE" help check
check "... beside the others" says 'spectrum \| rbm SPEC'
finish
