#!/usr/bin/python3
"""Writes what CIFAR-10 looks like on disk, with images of noise: noise_cifar.py FOLDER"""
import pathlib
import random
import sys

IMAGES = 80  # in each file
BYTES = 3 * 32 * 32

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
draw = random.Random(1)
for name in [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]:
    images = (bytes([draw.randrange(10)]) + draw.randbytes(BYTES) for _ in range(IMAGES))
    (folder / f"{name}.bin").write_bytes(b"".join(images))
