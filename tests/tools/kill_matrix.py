#!/usr/bin/python3
"""Kills campaigns and goes on with them; nothing may be lost, and nothing done twice.

    kill_matrix.py calls   --nudge P --spec F --fault LIB --work DIR [--some]
    kill_matrix.py errors  --nudge P --spec F --fault LIB --work DIR [--some]
    kill_matrix.py moments --nudge P --spec F --fault LIB --work DIR [--ranks N] [--seed S] ROLE=KILLS...

calls: SIGKILL before every call that changes something beneath the campaign's folder (fault.c), by
    whichever process makes it; and in the middle of every write. --some: of those to results.nc,
    in an eighth.
errors: the same calls fail: once with EIO, from one of them on with ENOSPC, and once when it is a sync.
    The run then says what failed, on which file and why, and ends with status 4; or it can do
    without, and goes on. --some: at every other call, and an eighth of those on results.nc.
moments: SIGKILL at random moments of the master, a worker (rank), its keeper, its trial server,
    the server's child, or the whole job; so many of each.

After every kill no process is left. What the journal held, every later journal begins with. In
the end each trial has one record that it is done, and before that as many of failures as its
attempts say; and results.nc has the bits of an uninterrupted run's. Ends with status 1 and the
first thing that is not so.
"""
import argparse
import collections
import concurrent.futures
import errno
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import time

import journal
from same_results import compare

CLOCK = 20  # time runs so many times as fast: a start takes 15 ms and not 300


class Wrong(Exception):
    """Something that must not be."""


# ---- processes -----------------------------------------------------------------------------

Process = collections.namedtuple("Process", "pid parent session state name")


def processes():
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as f:
                before, _, after = f.read().rpartition(")")
        except OSError:
            continue  # gone
        state, parent, _, session = after.split()[:4]
        found.append(Process(int(pid), int(parent), int(session), state, before.partition("(")[2]))
    return [p for p in found if p.state not in "ZX"]


def rank_of(pid):
    """The MPI rank of a process; 0 of one that has none."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as f:
            for item in f.read().split(b"\0"):
                if item.startswith(b"OMPI_COMM_WORLD_RANK="):
                    return int(item.partition(b"=")[2])
    except OSError:
        pass
    return 0


def victims(first, role):
    """Process ids that have a role in the job that began as the process `first`."""
    job = [p for p in processes() if p.session == first]
    if role == "job":
        return [p.pid for p in job]
    below = collections.defaultdict(list)
    for p in job:
        below[p.parent].append(p)
    top = [p for p in job if p.pid == first]
    if not top:
        return []
    tops = top if top[0].name == "nudge" else [p for p in below[first] if p.name == "nudge"]
    alone = tops == top
    if role == "master":
        return [p.pid for p in tops if rank_of(p.pid) == 0]
    level = [p for p in tops if alone or rank_of(p.pid) != 0]
    for _ in range(("worker", "keeper", "server", "child").index(role)):
        level = [q for p in level for q in below[p.pid]]
    return [p.pid for p in level]


def kill(pid):
    """Whether there was somebody to kill."""
    try:
        os.kill(pid, signal.SIGKILL)
        return True
    except ProcessLookupError:
        return False


# ---- campaigns -----------------------------------------------------------------------------


class Campaign:
    """One folder, the runs on it, and what has to be true of it."""

    def __init__(self, options, name):
        self.o = options
        self.dir = os.path.join(options.work, name)
        self.known = b""  # the journal's whole records, when last looked at
        self.trials = []  # (key, status, attempts) of those that are of trials
        self.process = None

    def fault(self, **settings):
        """The environment in which fault.c does as told."""
        count = self.dir + ".count"
        with open(count, "wb") as f:
            f.write(bytes(16))
        env = {"FAULT_BENEATH": self.dir, "FAULT_COUNT": count, "FAULT_LOG": self.dir + ".log"}
        if os.path.exists(self.dir + ".log"):
            os.unlink(self.dir + ".log")
        return env | {f"FAULT_{k.upper()}": str(v) for k, v in settings.items()}

    def call(self, number):
        """(call, process, path) of a call that the last run made."""
        with open(self.dir + ".log") as f:
            for line in f:
                n, call, pid, path = line.rstrip("\n").split(maxsplit=3)
                if int(n) == number:
                    return call, int(pid), path
        raise self.wrong(f"call {number} was not logged")

    def faults(self):
        with open(self.dir + ".count", "rb") as f:
            return struct.unpack("<2Q", f.read())[1]

    def start(self, env=None):
        command = [self.o.nudge, "run", self.o.spec, "-o", self.dir]
        if self.o.ranks:  # MPI needs the time as it is
            command = ["mpirun", "-n", str(self.o.ranks), "--oversubscribe", "--bind-to", "none", *command]
        else:
            set_up = {"LD_PRELOAD": self.o.fault, "FAULT_CLOCK": str(CLOCK)} | (env or {})
            command = ["env", *(f"{k}={v}" for k, v in set_up.items()), *command]
        with open(self.dir + ".said", "wb") as said:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
            )

    def said(self):
        with open(self.dir + ".said", errors="replace") as f:
            return f.read()[-2000:]

    def wrong(self, what):
        return Wrong(f"{self.dir}: {what}\nthe last run said:\n{self.said()}")

    def all_gone(self):
        """Waits for the last run's end, and that of everything it started."""
        self.process.wait()
        for _ in range(2000):
            if not any(p.session == self.process.pid for p in processes()):
                return
            time.sleep(0.01)
        raise self.wrong("processes outlive their campaign")

    def journal(self):
        try:
            with open(os.path.join(self.dir, "journal"), "rb") as f:
                return f.read()
        except FileNotFoundError:
            return b""

    def look(self):
        """What was recorded is there still, and perhaps more."""
        now = self.journal()
        if not now.startswith(self.known):
            raise self.wrong(f"the journal's first {len(self.known)} bytes have changed")
        end = len(self.known)
        if len(now) >= journal.HEADER:
            end = max(end, journal.HEADER)
        for end, kind, payload in journal.records(now, end):
            if kind == journal.TRIAL:
                self.trials.append(journal.trial(payload))
        self.known = now[:end]

    def run(self, env=None):
        """A run to its end, whatever that is; its status."""
        self.start(env)
        self.all_gone()
        self.look()
        return self.process.returncode

    def finish(self):
        if self.run() != 0:
            raise self.wrong(f"the last run ended with status {self.process.returncode}")

    def check(self, whole):
        """The number of attempts that failed."""
        try:
            compare(*(os.path.join(d, "results.nc") for d in (whole.dir, self.dir)))
        except ValueError as e:
            raise self.wrong(e) from None
        done, failed = collections.Counter(), collections.Counter()
        for key, status, attempts in self.trials:
            if done[key]:
                raise self.wrong(f"trial {key} has a record after the one that says it is done")
            if status not in ("done", "out_of_memory", "lost"):
                raise self.wrong(f"trial {key} is {status}")
            if attempts != failed[key] + 1:
                raise self.wrong(f"trial {key}: attempt {attempts} after {failed[key]} that failed")
            (done if status == "done" else failed)[key] += 1
        wanted = {key for key, _, _ in whole.trials}
        if set(done) != wanted:
            raise self.wrong(f"{len(wanted)} trials were to be done, and {len(done)} are")
        return sum(failed.values())

    def forget(self):
        shutil.rmtree(self.dir, ignore_errors=True)
        for end in (".log", ".count", ".said"):
            if os.path.exists(self.dir + end):
                os.unlink(self.dir + end)


def uninterrupted(options):
    whole = Campaign(options, "whole")
    start = time.monotonic()
    whole.finish()
    return whole, time.monotonic() - start


# ---- before every call ---------------------------------------------------------------------


# name of a fault: what fault.c is told, and how it is reported
WRITES = {"calls": "write pwrite writev"}
SYNCS = {"calls": "fsync fdatasync"}
KILLS = {"kill": ({"do": "kill"}, "killed before"), "torn": ({"do": "torn"} | WRITES, "killed within")}
ERRORS = {
    "full": ({"do": "ENOSPC", "lasts": 1}, "disk full from"),
    "error": ({"do": "EIO"}, "error in"),
    "unsynced": ({"do": "EIO"} | SYNCS, "sync failed in"),
}


# How netcdf-c 4.9.0 ends the process when the last write of all to a file fails, while closing it.
CRASH = -signal.SIGSEGV


def strike_at(campaign, at, how):
    """A run on which a fault falls at a call: that call, or None when there was no such."""
    status = campaign.run(campaign.fault(at=at, **(KILLS | ERRORS)[how][0]))
    if not campaign.faults():
        if status != 0:
            raise campaign.wrong(f"it ended with status {status}")
        return None
    call, pid, path = campaign.call(at)
    by_master = pid == campaign.process.pid
    if how in KILLS:
        wanted = [-signal.SIGKILL if by_master else 0]
    else:
        wanted = [0, 4] if by_master or how == "full" else [0]
        wanted += [CRASH] if call == "pwrite" and publishes(path) else []
    if status not in wanted:
        raise campaign.wrong(f"{how} at call {at} ({call} {path}), it ended with status {status}")
    if status == 4:
        said, why = campaign.said(), os.strerror(errno.ENOSPC if how == "full" else errno.EIO)
        if not all(word in said for word in (campaign.dir, why, "the same command")):
            raise campaign.wrong(f"{how} at call {at} ({call} {path}): that is not what it says")
    return call, path, by_master, status


def publishes(path):
    return os.path.basename(path).startswith("results.nc")


def fresh(options, at, how):
    """A new campaign on which a fault falls at a call, and which is gone on with: it, and the call."""
    c = Campaign(options, f"{how}-{at}")
    hit = strike_at(c, at, how)
    if hit and hit[3] != 0:
        c.finish()
    return c, hit


def again(options, whole, how, some):
    """Runs of a campaign without results.nc on which the fault falls at the first, second... call: it,
    and the calls. `some`: an eighth of those on results.nc."""
    c = Campaign(options, f"again-{how}")
    shutil.copytree(whole.dir, c.dir)
    hits, at = [], 1
    while True:
        for name in os.listdir(c.dir):
            if publishes(name):
                os.unlink(os.path.join(c.dir, name))
        hit = strike_at(c, at, how)
        if not hit:
            break
        hits.append(hit)
        at += 1 if not some or not publishes(hit[1]) else 8
    c.finish()
    writes = [status for call, _, _, status in hits if call == "pwrite"]
    if CRASH in writes[:-1]:
        raise c.wrong(f"{how}: it crashed over write {writes.index(CRASH) + 1} of {len(writes)} to results.nc")
    return c, hits


def calls(options, faults, thinned=(), step=1):
    """Faults at every call, or at one in `step`; those of `thinned` at an eighth of the calls on
    results.nc."""
    whole, _ = uninterrupted(options)
    hits = collections.Counter()
    # Calls of one run are in an order that may differ a little from the next's: each is counted as what
    # it was. Where results.nc begins, the runs of again() take over.
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        later = {how: pool.submit(again, options, whole, how, how in thinned) for how in faults}
        for i, how in enumerate(faults):
            at, more = 1 + i % step, True
            while more:
                batch = [pool.submit(fresh, options, n, how) for n in range(at, at + 8 * step, step)]
                for campaign, hit in (one.result() for one in batch):
                    more &= hit is not None and not publishes(hit[1])
                    if hit:
                        campaign.check(whole)
                        hits[how, hit[0], hit[2]] += 1
                    campaign.forget()
                at += 8 * step
        for how, one in later.items():
            campaign, some = one.result()
            campaign.check(whole)
            hits.update((how, call, by_master) for call, _, by_master, _ in some)
    for how, (told, words) in faults.items():
        report(words, told, {k[1:]: n for k, n in hits.items() if k[0] == how})


def report(words, told, hits):
    by_call = collections.Counter()
    for (call, _), n in hits.items():
        by_call[call] += n
    master, every = sum(n for (_, by_master), n in hits.items() if by_master), sum(hits.values())
    print(f"{words} {every} calls, {master} of the master and {every - master} of trials: "
          + ", ".join(f"{n} {call}" for call, n in sorted(by_call.items())))
    wanted = {"open", "write", "pwrite", "fsync", "fdatasync", "rename"}
    if "calls" in told:
        wanted &= set(told["calls"].split())
    if wanted - set(by_call) or master in (0, every):
        raise Wrong(f"not every kind of call was met: {dict(by_call)}")


# ---- at random moments ---------------------------------------------------------------------


def strike(campaign, role, chance):
    """Kills somebody with that role, if anybody has it: whether it did."""
    there = victims(campaign.process.pid, role)
    if not there:
        return False
    if role != "job":
        return kill(chance.choice(there))
    # those that start others first
    return sum([kill(pid) for pid in sorted(there)]) > 0


def one_run(campaign, role, chance, seconds):
    """Starts a run and kills: its master, a worker or all once, servers and trials again and again.
    The number of kills."""
    n = 0
    last = role in ("master", "worker", "keeper", "job")
    campaign.start()
    while campaign.process.poll() is None:
        try:
            campaign.process.wait(chance.uniform(0, seconds) if last else chance.expovariate(8 / seconds))
        except subprocess.TimeoutExpired:
            if strike(campaign, role, chance):
                n += 1
                if last:
                    break
    campaign.all_gone()
    campaign.look()
    status = campaign.process.returncode
    if status != 0 and not (last and n):
        raise campaign.wrong(f"killing {role} {n} times, it ended with status {status}")
    return n


def moments(options):
    chance = random.Random(options.seed)
    whole, seconds = uninterrupted(options)
    left = {role: int(n) for role, n in (word.split("=") for word in options.kills)}
    hit, campaigns, failed = collections.Counter(), 0, 0
    while any(left.values()):
        c = Campaign(options, f"moments-{campaigns}")
        campaigns += 1
        while True:
            role = chance.choices(list(left), list(left.values()))[0]
            n = one_run(c, role, chance, seconds)
            hit[role] += n
            left[role] = max(0, left[role] - n)
            if c.process.returncode == 0 or not any(left.values()):
                break
        c.finish()
        failed += c.check(whole)
        c.forget()
    print(f"killed {sum(hit.values())}: " + ", ".join(f"{n} {role}" for role, n in sorted(hit.items()))
          + f"; {campaigns} campaigns, {failed} attempts failed")
    if hit["child"] and not failed:
        raise Wrong("no trial was killed while it ran")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=("calls", "errors", "moments"))
    for name in ("nudge", "spec", "fault", "work"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--ranks", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--some", action="store_true")
    parser.add_argument("kills", nargs="*")
    options = parser.parse_intermixed_args()
    options.work = os.path.abspath(options.work)
    os.makedirs(options.work, exist_ok=True)
    try:
        if options.mode == "calls":
            calls(options, KILLS, ["torn"] if options.some else [])
        elif options.mode == "errors":
            calls(options, ERRORS, *([ERRORS, 2] if options.some else []))
        else:
            moments(options)
    except Wrong as e:
        sys.exit(str(e))


main()
