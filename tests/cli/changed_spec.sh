#!/usr/bin/env bash
# Going on in a folder with another spec says what is different, what is new, and what of the old is not asked for.
. tests/lib.sh

cat >"$TMP/spec.yaml" <<END
campaign: changed
base:
  data: {name: synthetic, train: 100, test: 50}
  model: {kind: ep-prototypical, layers: [784, 12, 10]}
  ep: {T: 6, K: 3}
  train: {epochs: 1, batch: 20}
axes:
  ep.beta: [0.1, 0.2, 0.3]
END
run() { exits 0 "$NUDGE" run "$TMP/$1" -o "$TMP/dir" "${@:2}"; }
quiet() { ! grep -E 'another spec|warning' "$TMP/err"; }
no_warning() { ! grep warning "$TMP/err"; }

check "a first run" run spec.yaml --set data.train=60
check "... has nothing to say about others" quiet
check "the same again" run spec.yaml --set data.train=60
check "... neither" quiet

check "without its --set" run spec.yaml
check "... a warning says what is missing" says 'warning: .*/dir was run with another spec before: overrides.data.train was 60, is not there$'
check "... that nothing there is of use" says 'warning: new: 3 of its 3 trials; here and not among them: 3$'
check "... and what to do" says 'warning: .*give the --set or --quick of the run before, or another folder'
check "with it again" run spec.yaml --set data.train=60
check "... nothing is lost" says '3 of 3 trials done, 0 failed, 0 remain; 0 ran now'

sed -i 's/0.2, 0.3/0.2, 0.3, 0.4/; s/^base:/# the same by other words\nbase:/; s/  ep: {T: 6, K: 3}/  ep.T: 6\n  ep: {K: 3}/' "$TMP/spec.yaml"
rm -rf "$TMP/dir"
sed 's/, 0.4//' "$TMP/spec.yaml" >"$TMP/short.yaml"
check "a campaign to extend" run short.yaml
check "the extension" run spec.yaml
check "... names the axis" says '^nudge: .* before: axes.ep.beta was \[0.1, 0.2, 0.3\], is \[0.1, 0.2, 0.3, 0.4\]$'
check "... counts what is new" says '^nudge: new: 1 of its 4 trials; here and not among them: 0$'
check "... is no reason to warn" no_warning
check "... and runs that" says '4 of 4 trials done, 0 failed, 0 remain; 1 ran now'

{ echo '# only a remark' && cat "$TMP/spec.yaml"; } >"$TMP/remark.yaml"
check "other remarks" run remark.yaml
check "... are no other spec" quiet
check "the smaller one" run short.yaml
check "... warns of the trial that it leaves out" says 'warning: new: 0 of its 3 trials; here and not among them: 1$'
finish
