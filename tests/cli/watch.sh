#!/usr/bin/env bash
# nudge status --watch, on a live campaign: a screen on a terminal, blocks on a pipe, lines of
# JSON; it follows the journal as it grows, and ends with the campaign.
. tests/lib.sh

cat >"$TMP/spec.yaml" <<END
campaign: watch
base:
  data: {name: synthetic, train: 1000, test: 100}
  model: {kind: ep-prototypical, layers: [784, 64, 10]}
  ep: {T: 20, K: 10}
  train: {epochs: 400, batch: 20}
axes:
  ep.beta: [0.1, 0.2, 0.3, 0.4]
  check.fault: [none, segv]
limits: {retries: 0}
END

# What the program writes into a terminal of 12 rows and 70 columns, to the file of this name.
cat >"$TMP/terminal.py" <<'END'
import fcntl, os, pty, struct, sys, termios

pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 12, 70, 0, 0))
    os.execv(sys.argv[2], sys.argv[2:])
with open(sys.argv[1], "wb") as out:
    while True:
        try:
            data = os.read(fd, 65536)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        out.write(data)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
cat >"$TMP/screens.py" <<'END'
"""The screens in that file: each fits, and the last says how it ended."""
import sys

screens = open(sys.argv[1], encoding="utf-8").read().split("\x1b[H")[1:]
lines = [[l.replace("\x1b[K", "").replace("\x1b[J", "").rstrip("\r") for l in s.split("\n")] for s in screens]
assert len(screens) >= 3, len(screens)
assert all(s.endswith("\x1b[J") for s in screens)
assert all(len(s) <= 12 and max(map(len, s)) < 70 for s in lines), lines
live = [s for s in lines if any("epoch" in l and "worker 0 on" in l for l in s)]
assert live, lines
assert any("trials/s" in l and "running on" in l for s in live for l in s)
assert "4 of 8 trials done, 4 failed, 0 pending" in lines[-1][0], lines[-1]
assert sum("crashed" in l for l in lines[-1]) == 4
END
cat >"$TMP/lines.py" <<'END'
"""Lines of JSON: done and failed only grow, and a worker is seen at its epochs."""
import json, sys

looks = [json.loads(line) for line in open(sys.argv[1])]
ended = [look["done"] + look["failed"] for look in looks]
assert len(looks) >= 3 and ended == sorted(ended), ended
assert looks[-1]["done"] == 4 and looks[-1]["failed"] == 4 and looks[-1]["live"] is None
epochs = {w["epoch"] for look in looks if look["live"] for w in look["live"]["workers"]}
assert len(epochs) > 1, epochs
END

check "a folder without campaign cannot be watched" exits 3 "$NUDGE" status "$TMP" --watch
check "an interval must be a duration" exits 2 "$NUDGE" status "$TMP" --watch --interval soon

"$NUDGE" run "$TMP/spec.yaml" -o "$TMP/live" >"$TMP/run.log" 2>&1 &
run=$!
for _ in $(seq 100); do
    [ -e "$TMP/live/status.json" ] && break
    sleep 0.1
done
"$NUDGE" status "$TMP/live" --watch --interval 0.5 >"$TMP/blocks" &
blocks=$!
"$NUDGE" status "$TMP/live" --watch --interval 0.5 --json >"$TMP/lines" &
lines=$!
check "it watches on a terminal, to the end" /usr/bin/python3 "$TMP/terminal.py" "$TMP/screen" "$NUDGE" status "$TMP/live" --watch --interval 0.5
wait $run
check "the run ends, with the planted failures" test $? = 1
wait $blocks
check "on a pipe it ends with status 0" test $? = 0
wait $lines
check "... as JSON too" test $? = 0
check "the screen fits, and follows" /usr/bin/python3 "$TMP/screens.py" "$TMP/screen"
check "JSON: a line for each look" /usr/bin/python3 "$TMP/lines.py" "$TMP/lines"
many() { [ "$(grep -c '^campaign watch: ' "$TMP/blocks")" -ge 3 ] && ! grep -q $'\x1b' "$TMP/blocks"; }
check "on a pipe: blocks without control characters" many
check "watching what has ended is one look" exits 0 "$NUDGE" status "$TMP/live" --watch
finish
