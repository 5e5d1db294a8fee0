# refine.sh -- for the tests of refinements; source it after lib.sh.
# shellcheck shell=bash

spec() { # spec DESIGN
    cat <<END
campaign: refine
base:
  data: {name: synthetic, train: 400, test: 200}
  model: {kind: ep-prototypical, layers: [784, 12, 10]}
  ep: {T: 8, K: 4}
  train: {epochs: 2, batch: 20}
  device: {kind: ernoult, beta: 1}
  program.scheme: cst
design: $1
axes:
  program.width: {logspace: [0.0005, 0.05, 12]}
  device.c2c: {linspace: [0, 0.06, 9]}
replicates: {device: 3}
END
}

# The decisions in the journal of a folder, a line each.
rounds() { tests/tools/rounds.py "$TMP/$1/journal"; }
