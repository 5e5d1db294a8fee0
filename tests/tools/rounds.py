#!/usr/bin/python3
"""The rounds of a refinement, as a journal has them.

    rounds.py JOURNAL             a line each: number, why, step, cells, point:replicates ...
    rounds.py --places JOURNAL    a line each: offset at which its record begins, and ends
    rounds.py --forge JOURNAL     gives the second round another number of replicates, its CRC right
"""
import struct
import sys

from journal import records, seal

ROUND = 5


def rounds(data):
    """(offset, payload) of each round."""
    for end, kind, payload in records(data):
        if kind == ROUND:
            yield end - len(payload) - 12, payload


def main():
    path = sys.argv[-1]
    with open(path, "rb") as file:
        data = file.read()
    if "--forge" in sys.argv:
        at, payload = list(rounds(data))[1]
        replicates, = struct.unpack_from("<I", payload, 28)
        data = bytearray(data)
        struct.pack_into("<I", data, at + 12 + 28, replicates + 1)
        seal(data, at)
        with open(path, "wb") as file:
            file.write(data)
        return
    for at, payload in rounds(data):
        if "--places" in sys.argv:
            print(at, at + 12 + len(payload))
            continue
        words = struct.unpack(f"<{len(payload) // 4}I", payload)
        choices = [f"{p}:{r}" for p, r in zip(words[6::2], words[7::2])]
        print(*words[1:5], *choices)


main()
