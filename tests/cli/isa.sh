#!/usr/bin/env bash
# A result does not depend on the width of the vector unit: campaigns pinned to each ISA agree.
. tests/lib.sh

cat >"$TMP/spec.yaml" <<END
campaign: isa
base:
  data: {name: synthetic, train: 200, validation: 50, test: 100}
  model: {kind: ep-prototypical, layers: [784, 21, 13, 10]}
  ep: {T: 10, K: 5, beta: 0.3}
  train: {epochs: 2, batch: 17, rates: 0.05}
axes:
  ep.nudge: [one-sided, symmetric]
  ep.order: [jacobi, even-odd]
cases:
  - {name: ideal, ep.tolerance: 0.001}
  - {name: noisy, device.kind: ernoult, device.c2c: 0.01, device.d2d: 0.2}
END

check "scalar" env NUDGE_ISA=scalar "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/scalar"
usable() { "$NUDGE" info | grep '^kernels' | grep -vq "$1 (not"; }
for isa in avx2 avx512; do
    if usable $isa; then
        check "$isa" env NUDGE_ISA=$isa "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/$isa"
        check "scalar and $isa give the same results" same_results "$TMP/scalar" "$TMP/$isa"
    else
        skip "scalar and $isa give the same results" "this machine has no $isa"
    fi
done
check "an unknown ISA is refused" exits 2 env NUDGE_ISA=avx1024 "$NUDGE" info
check "... by name" says 'avx1024.*scalar, avx2 or avx512'
finish
