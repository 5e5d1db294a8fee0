#!/usr/bin/python3
"""The rounds of a refinement, as a journal has them.

    rounds.py JOURNAL             a line each: number, why, step, cells, point:replicates ...
    rounds.py --places JOURNAL    a line each: offset at which its record begins, and ends
    rounds.py --forge JOURNAL     gives the second round another number of replicates, its CRC right
"""
import struct
import sys

ROUND = 5


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def rounds(data):
    """(offset, payload) of each round."""
    at = 16
    while at + 12 <= len(data):
        n, kind, _ = struct.unpack_from("<III", data, at)
        if kind == ROUND:
            yield at, bytes(data[at + 12:at + 12 + n])
        at += 12 + n


def main():
    path = sys.argv[-1]
    with open(path, "rb") as file:
        data = bytearray(file.read())
    if "--forge" in sys.argv:
        at, payload = list(rounds(data))[1]
        replicates, = struct.unpack_from("<I", payload, 28)
        struct.pack_into("<I", data, at + 12 + 28, replicates + 1)
        struct.pack_into("<I", data, at + 8, crc32c(data[at:at + 8] + data[at + 12:at + 12 + len(payload)]))
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
