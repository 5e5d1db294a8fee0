#!/usr/bin/python3
"""Does sweeps/README.md list every sweep, and do its commands fit the sweeps?

    sweeps_index.py NUDGE      from the repository root; prints what is wrong, status 1 when anything is
"""
import pathlib
import re
import shlex
import subprocess
import sys

ROW = re.compile(r"\| [^|]+ \| `([\w/-]+\.yaml)` \| `nudge ([^`]+)` \|")
ALONG = {"-x", "-y", "--lines", "--panels", "--where"}  # options that take what is swept


def swept(text):
    """Names below `axes:`, of parameters; and "case"."""
    block = re.search(r"^axes:\n((?:  .*\n)+)", text, re.M)
    names = set(re.findall(r"^  ([\w.]+):", block[1], re.M)) if block else set()
    return names | ({"case"} if re.search(r"^cases:", text, re.M) else set())


def tuned(text):
    """What a map says of the parameters below `tune:`."""
    block = re.search(r"^tune:\n((?:  .*\n)+)", text, re.M)
    return {"best_" + p.replace(".", "_") for p in re.findall(r"^  ([\w.]+):", block[1], re.M)} if block else set()


def faults_of(row, nudge, metrics):
    sweep, command = row
    text = pathlib.Path("sweeps", sweep).read_text()
    metrics = metrics | tuned(text)
    words = shlex.split(command)
    about = subprocess.run([nudge, "help", words[0]], capture_output=True, text=True, check=True).stdout
    options = set(re.findall(r"(?<=[ ,])(-\w|--[\w-]+)(?=[ ,])", about))
    for option, value in zip(words, words[1:] + [""]):
        if option.startswith("-") and option not in options:
            yield f"nudge {words[0]} has no option {option}"
        if option in ALONG and value.split("=")[0] not in swept(text):
            yield f"{value} is not swept"
        if option == "--metric" and value not in metrics:
            yield f"there is no metric {value}"


def main():
    nudge = sys.argv[1]
    rows = ROW.findall(pathlib.Path("sweeps/README.md").read_text())
    metrics = set(re.findall(r"^M\((\w+)", pathlib.Path("include/nudge/metrics.def").read_text(), re.M))
    listed = [sweep for sweep, _ in rows]
    there = {p.relative_to("sweeps").as_posix() for p in pathlib.Path("sweeps").rglob("*.yaml")}
    faults = [f"{s} is listed twice with one command" for s, c in sorted(set(rows)) if rows.count((s, c)) > 1]
    faults += [f"{s} is not listed" for s in sorted(there - set(listed))]
    faults += [f"{s} is listed, but not there" for s in sorted(set(listed) - there)]
    for row in rows:
        if row[0] in there:
            faults += [f"{row[0]}: {fault}" for fault in faults_of(row, nudge, metrics)]
    print("\n".join(faults))
    sys.exit(1 if faults else 0)


main()
