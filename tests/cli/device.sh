#!/usr/bin/env bash
# nudge device: reports of types and presets, fits of measured ones, figures, and what is
# refused. The numbers are tested in unit/test_device_report and test_memristor.
. tests/lib.sh

holds() { # holds EXPRESSION in Python, d: the JSON in $TMP/out
    /usr/bin/python3 - "$TMP/out" "$1" <<'END'
import json, sys
d = json.load(open(sys.argv[1]))
if not eval(sys.argv[2]):
    sys.exit("does not hold: " + sys.argv[2])
END
}
device() { exits 0 "$NUDGE" device "$@"; }

reported() { "$NUDGE" device "$1" | grep -q "step up"; }
values() { # values PARAMETER: as `nudge help devices` lists them
    "$NUDGE" help devices | sed -n "/^values of $1/,/^\$/s/^  \([a-z][a-z0-9-]*\) .*/\1/p"
}
all_reported() { # all_reported PARAMETER VALUE_WITHOUT AT_LEAST
    local name n=0
    for name in $(values "$1" | grep -vx "$2"); do
        reported "$name" || return 1
        n=$((n + 1))
    done
    [ "$n" -ge "$3" ]
}
drawn() { "$NUDGE" device "${@:2}" -o "$1" >/dev/null && [ -s "$1" ]; }

check "every type has a report" all_reported device.kind ideal 9
check "every preset has one" all_reported device.preset none 10
check "a report as JSON" device ernoult --set device.beta=3 --set program.width=0.01 --json
check "... up through the range and back" holds "d['response'][100]['mean'] > 0.999 and d['response'][-1]['mean'] < 0.001"
check "... symmetric in the middle" holds "d['symmetry_point'] == 0.5 and len(d['steps']) == 10"
check "... without noise one device is the mean" holds "all(r['mean'] == r['one'] for r in d['response'])"
check "settings win over presets" device reram-es --set device.c2c=0 --json
check "... and the others stay" holds "d['kind'] == 'exp-step' and d['width'] == 0.000675 and d['steps'][5]['up_sd_c2c'] < 1e-6 < d['steps'][5]['up_sd']"

# ---- fit ----
measure() { # measure FILE: a soft device of 100 pulses each way
    /usr/bin/python3 - >"$1" <<'END'
x = 0.0
print("pulses,conductance\n0,5")
for sign in (1, -1):
    for i in range(150):
        x += sign * 0.04 * ((1 - x) if sign > 0 else x)
        print(f"{sign},{5 + 20 * x:.9g}")
END
}
measure "$TMP/m.csv"
check "a fit as JSON" device fit "$TMP/m.csv" --json
check "... a linear law comes first" holds "d['fits'][0]['kind'] in ('soft-bounds', 'linear-step') and d['fits'][0]['rest'] < 0.05"
check "... seven types in all" holds "len({f['kind'] for f in d['fits']}) == 7 and d['readings'] == 301"
check "a fit as text" device fit "$TMP/m.csv"
check "... says how to go on" says "device.table=$TMP/m.csv"
cat >"$TMP/p.yaml" <<END
campaign: measured
base:
  data: {name: synthetic, train: 100, test: 50}
  model.layers: [784, 10, 10]
  ep: {T: 5, K: 3}
  train.epochs: 1
  device: {kind: piecewise, table: $TMP/m.csv}
  program.width: 0.02
END
check "what was measured can be trained on" exits 0 "$NUDGE" train "$TMP/p.yaml"

# ---- figures ----
if command -v gnuplot >/dev/null; then
    for ending in svg pdf png; do
        check "a response as $ending" drawn "$TMP/r.$ending" ecram
    done
    check "a fit as a figure" drawn "$TMP/f.svg" fit "$TMP/m.csv"
else
    skip "figures" "no gnuplot"
fi

# ---- refusals ----
refused() { # refused STATUS REGEX ARG...
    exits "$1" "$NUDGE" device "${@:3}" && says "$2"
}
check "no device" refused 2 "takes a type or preset"
check "too many" refused 2 "type or preset|too many" ernoult ecram
check "an unknown device" refused 3 'did you mean "ernoult"' ernolt
check "an ideal weight" refused 3 "no pulse response" ideal
check "an unknown parameter" refused 3 "device.bta" ernoult --set device.bta=1
check "parameters that make no sense together" refused 3 "one-sided pairs are never depressed" ernoult --set device.synapse=one-sided --set device.asymmetry=0.1
check "a figure of no known kind" refused 2 "must end in" ernoult -o "$TMP/x.gif"
check "fit without a file" refused 2 "CSV file" fit
check "fit with parameters" refused 2 "takes no --set" fit "$TMP/m.csv" --set device.beta=1
check "a file that is not there" refused 3 "nowhere.csv" fit "$TMP/nowhere.csv"
printf '1,2\n1,x\n' >"$TMP/bad.csv"
check "a file of other things" refused 3 "bad.csv:2: not a line of two numbers" fit "$TMP/bad.csv"

# ---- plan refuses what makes no sense, with the reason ----
nonsense() { # nonsense REGEX SET...
    local sets=() s
    for s in "${@:2}"; do sets+=(--set "$s"); done
    exits 3 "$NUDGE" plan "$TMP/p.yaml" "${sets[@]}" && says "$1"
}
check "plan: pulses that are none" nonsense "none would ever be sent" device.step=0.1 program.width=0.01
check "plan: noise of pulses without a width" nonsense "counts pulses" device.kind=ernoult device.step=0 device.c2c=0.01 device.c2c_kind=sqrt
check "plan: nobody to take turns with" nonsense "take turns" device.turns=in-turn
check "plan: all devices stuck" nonsense "add up to all devices" device.stuck_min=1
check "plan: steps below a level" nonsense "less than a level" device.levels=8 device.step=0.001 program.width=0.001
check "plan: what makes sense" exits 0 "$NUDGE" plan "$TMP/p.yaml"
finish
