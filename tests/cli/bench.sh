#!/usr/bin/env bash
# nudge bench --json keeps to its contract. How fast a machine is, no test says.
. tests/lib.sh

cat >"$TMP/look.py" <<'END'
import json, sys

b = json.load(open(sys.argv[1]))
assert b["isa"] in ("scalar", "avx2", "avx512") and b["peak_gflops"] > 0
assert {k["name"] for k in b["kernels"]} >= {"affine", "relax", "hebb", "pulse_pairs"}
for k in b["kernels"]:
    assert k["isa"] and k["shape"] and (k.get("gflops", 0) > 0) != (k.get("items_per_second", 0) > 0), k
assert {k["name"] for k in b["kernels"]} >= {"conv", "conv_fft"}
assert b["conv_fft_from"] in (0, 3, 5, 7, 9, 11, 15)
assert {t["name"] for t in b["training"]} >= {"P-1h", "P-2h"}
assert all(t["samples_per_second"] > 0 for t in b["training"])
assert b["devices_per_second"]["ernoult"] > 0
assert set(b["devices_per_second"]) == {"ernoult", "neurosim", "constant-step", "linear-step", "soft-bounds", "soft-bounds-reference", "exp-step", "pow-step", "piecewise"}
assert min(b["devices_per_second"].values()) > 0
assert set(b["programmed_per_second"]) == {"proportional", "cst", "rprop", "irprop-plus", "irprop-minus", "accumulate", "stochastic", "write-verify", "tiki-taka", "tiki-taka-2"}
assert min(b["programmed_per_second"].values()) > 0
END
check "bench --json" exits 0 "$NUDGE" bench --json
check "... has all that it promises" /usr/bin/python3 "$TMP/look.py" "$TMP/out"
check "... and takes no argument" exits 2 "$NUDGE" bench more
finish
