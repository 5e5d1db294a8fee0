"""The journal and its trial records, read by the description at the head of src/store/journal.c
and by nothing of the program: a second opinion for tests.

    journal.py FILE          a line per trial record: its key, status and attempts
"""
import struct
import sys

HEADER = 16
TRIAL = 3
STATUS = ("pending", "done", "diverged", "crashed", "out_of_memory", "timed_out", "refused", "lost")


def _table():
    rows = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        rows.append(byte)
    return rows


TABLE = _table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def records(data, at=HEADER):
    """The valid records of a journal's bytes from a record on: (end, type, payload)."""
    while len(data) >= at + 12:
        length, kind, crc = struct.unpack_from("<3I", data, at)
        payload = data[at + 12 : at + 12 + length]
        if len(payload) < length or not 1 <= kind <= 255:
            return
        if crc32c(data[at : at + 8] + payload) != crc:
            return
        at += 12 + length
        yield at, kind, payload


def seal(data, at):
    """Gives the record that begins there, which was changed, its right CRC."""
    (length,) = struct.unpack_from("<I", data, at)
    body = data[at : at + 8] + data[at + 12 : at + 12 + length]
    struct.pack_into("<I", data, at + 8, crc32c(body))


def trial(payload):
    """(key, status, attempts) of a trial record."""
    (params,) = struct.unpack_from("<I", payload, 4)
    _, key, status, attempts = struct.unpack_from("<I16s2I", payload, 8 + params)
    return key.hex(), STATUS[status], attempts


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as f:
        for _, kind, payload in records(f.read()):
            if kind == TRIAL:
                print(*trial(payload))
