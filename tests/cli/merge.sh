#!/usr/bin/env bash
# Shards of a campaign, and a campaign with its extension, merge into the campaign that one run
# gives, bit for bit; what contradicts itself is refused with both values, and nothing written.
. tests/lib.sh

spec() { # spec NAME SAMPLES
    cat <<END
campaign: $1
base:
  data: {name: synthetic, train: 100, test: 50}
  model: {kind: ep-prototypical, layers: [784, 12, 10]}
  ep: {T: 6, K: 3}
  train: {epochs: 1, batch: 20}
design: sobol
samples: $2
axes:
  ep.beta: {linspace: [0.1, 0.5]}
replicates: {device: 2}
END
}
spec merge 6 >"$TMP/spec.yaml"
spec merge 9 >"$TMP/longer.yaml"
spec merge 6 | sed 's/0.5/0.6/' >"$TMP/other.yaml"
run() { exits 0 "$NUDGE" run "$TMP/$1" -o "$TMP/$2" "${@:3}"; }

# ---- shards ----
for shard in 0/4 5/4 1 a/b 1/0 -1/2 1/4/2 1.5/2; do
    check "--shard $shard is wrong usage" exits 2 "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/no" --shard $shard
done
check "... it says how to write it" says 'write --shard i/n with i from 1 to n'
check "... and writes nothing" test ! -e "$TMP/no"
check "more shards than trials is said" exits 3 "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/no" --shard 1/1000
check "... with a remedy" says 'take fewer shards'

check "the whole campaign" run spec.yaml all
n=0
for i in 1 2 3; do
    check "shard $i of 3" run spec.yaml parts --shard $i/3
    n=$((n + $("$NUDGE" status "$TMP/parts/shard-$i-of-3" --json | sed 's/.*"trials":\([0-9]*\),.*/\1/')))
    check "... agrees within itself" exits 0 "$NUDGE" verify "$TMP/parts/shard-$i-of-3"
done
check "the shards have all trials, each once" test $n = 12
check "a shard goes on as that shard" exits 0 "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/parts/shard-2-of-3"
check "... with nothing to do" says '0 remain; 0 ran now'
check "status names the shard" exits 0 "$NUDGE" status "$TMP/parts/shard-2-of-3"
check "... and the campaign's size" says 'shard 2 of 3: the campaign has 12 trials'
mkdir -p "$TMP/taken" && cp -r "$TMP/all" "$TMP/taken/shard-1-of-3"
check "a folder of another part is refused" exits 3 "$NUDGE" run "$TMP/spec.yaml" -o "$TMP/taken" --shard 1/3

# ---- merge ----
parts=("$TMP"/parts/shard-*)
check "shards merge" exits 0 "$NUDGE" merge "${parts[@]}" -o "$TMP/merged"
check "... all of them" says '3 folders: 12 of 12 trials done, 0 failed, 0 remain; 0 were in'
check "... into what one run gives" same_results "$TMP/all" "$TMP/merged"
check "... which agrees within itself" exits 0 "$NUDGE" verify "$TMP/merged"
check "... and has all files" test -s "$TMP/merged/spec.yaml"
check "a run goes on in it" run spec.yaml merged
check "... with nothing to do" says '0 remain; 0 ran now'

check "two of three shards merge" exits 0 "$NUDGE" merge "${parts[@]:0:2}" -o "$TMP/two"
check "... and say what is missing" says '[1-9][0-9]* remain'
check "a run completes them" run spec.yaml two
check "... to the same" same_results "$TMP/all" "$TMP/two"

check "an extension that was run elsewhere" run longer.yaml long
check "... merges with the campaign" exits 0 "$NUDGE" merge "$TMP/all" "$TMP/long" -o "$TMP/both"
check "... each trial once" says '18 of 18 trials done, 0 failed, 0 remain; 12 were in more than one'
check "... in any order" exits 0 "$NUDGE" merge "$TMP/long" "$TMP/merged" "$TMP/all" -o "$TMP/again"
check "... to the same" same_results "$TMP/both" "$TMP/again"
check "... which agrees within itself" exits 0 "$NUDGE" verify "$TMP/both"
records() { [ "$("$NUDGE" verify "$1" | sed -n 's/^journal: \([0-9]*\) records.*/\1/p')" = "$2" ]; }
check "... and holds no record twice" records "$TMP/both" 18

# ---- what is refused ----
refused() { # refused STATUS ARG...: with that status, and nothing is written
    exits "$1" "$NUDGE" merge "${@:2}" -o "$TMP/refused" && ! ls -d "$TMP"/refused* 2>/dev/null
}
check "another spec" run other.yaml other
check "... is refused" refused 3 "$TMP/all" "$TMP/other"
check "... naming both" says "(all and .*other|other and .*all) are different campaigns"
check "a folder without a journal is refused" refused 3 "$TMP/all" "$TMP"
check "... as no campaign" says 'is no campaign'
check "a folder that is there is refused" exits 3 "$NUDGE" merge "$TMP/all" -o "$TMP/two"
check "... by name" says 'two is there already'
check "... and was not touched" same_results "$TMP/all" "$TMP/two"
check "no -o is wrong usage" exits 2 "$NUDGE" merge "$TMP/all"
check "no folder is wrong usage" exits 2 "$NUDGE" merge -o "$TMP/refused"

# A journal in which one trial has another test error, its CRC right.
cat >"$TMP/forge.py" <<'END'
import struct, sys

sys.path.insert(0, "tests/tools")
from journal import TRIAL, records, seal

path, what = sys.argv[1:]
data = bytearray(open(path, "rb").read())
at = [end - len(payload) - 12 for end, kind, payload in records(data) if kind == TRIAL][-1]
name = what.encode()
place = data.index(struct.pack("<I", len(name)) + name, at) + 4 + len(name)
value, = struct.unpack_from("<d", data, place)
struct.pack_into("<d", data, place, value + 0.125)
seal(data, at)
open(path, "wb").write(data)
END
cp -r "$TMP/all" "$TMP/forged"
check "a result is forged" /usr/bin/python3 "$TMP/forge.py" "$TMP/forged/journal" test_error
check "a contradiction is refused, with status 1" refused 1 "$TMP/all" "$TMP/forged"
check "... naming the trial and both files" says 'trial [0-9a-f]{32} ended differently in .*/all/journal .* and .*/forged/journal'
check "... and both values" says 'test_error 0\.[0-9]+ and 0\.[0-9]+'
cp -r "$TMP/all" "$TMP/slower"
check "a time is forged" /usr/bin/python3 "$TMP/forge.py" "$TMP/slower/journal" samples_per_second
spec merge 6 | sed '$a limits: {trial_seconds: 0.000001, retries: 0}' >"$TMP/hasty.yaml"
check "a campaign without time fails" exits 1 "$NUDGE" run "$TMP/hasty.yaml" -o "$TMP/hasty"
check "what ended comes before what failed" exits 0 "$NUDGE" merge "$TMP/hasty" "$TMP/all" -o "$TMP/mended"
check "... everywhere" says '12 of 12 trials done, 0 failed'
check "times may differ" exits 0 "$NUDGE" merge "$TMP/all" "$TMP/slower" -o "$TMP/times"
finish
