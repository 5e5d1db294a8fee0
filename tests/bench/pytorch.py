#!/usr/bin/env python3
"""Trainings of `nudge bench` beside the same arithmetic in PyTorch, on one thread of the same machine, turn by turn.

    tests/bench/pytorch.py [--program build/nudge] [--turns 5] [P-1h P-2h EB-1h P-conv]

The arithmetic is that of the code published with arXiv 1905.13633, in explicit tensor operations (no automatic
differentiation), but that r(s) is torch.sigmoid(s), without the published shift and scale: every step of a phase
computes every layer's product anew, that of the constant input too; the convolution network pools with indices and
unpools on the way back. Its images are random, as no time of it depends on their values; those of nudge, which skips
what is zero, are as dark as MNIST's.
Needs python3-torch of Debian. It is a comparison, not a test: nothing else may run.
"""
import argparse
import json
import os
import statistics
import subprocess
import time

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"
for variable in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):  # they would hold OpenBLAS to older kernels
    os.environ.pop(variable, None)
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402

BATCH = 20


def dense(inputs, outputs):
    bound = inputs**-0.5
    return [(torch.rand(outputs, inputs) * 2 - 1) * bound, (torch.rand(outputs) * 2 - 1) * bound]


class Dense:
    """Layers fully connected; states[0] is the image. `dt` is None in the prototypical setting."""

    def __init__(self, sizes, T, K, beta, rates, dt=None):
        self.sizes, self.T, self.K, self.beta, self.rates, self.dt = sizes, T, K, beta, rates, dt
        self.links = [dense(a, b) for a, b in zip(sizes, sizes[1:])]

    def step(self, states, target, beta):
        new = [states[0]]
        for i, (weight, bias) in enumerate(self.links, start=1):
            below = states[i - 1] if self.dt is None or i == 1 else torch.sigmoid(states[i - 1])
            drive = below @ weight.T + bias
            if i < len(self.links):
                above = states[i + 1] if self.dt is None else torch.sigmoid(states[i + 1])
                drive = drive + above @ self.links[i][0]
            if self.dt is None:
                state = torch.sigmoid(drive)
                if i == len(self.links) and beta:
                    state = state + beta * (target - states[i])
            else:
                rho = torch.sigmoid(states[i])
                force = rho * (1 - rho) * drive - states[i]
                if i == len(self.links) and beta:
                    force = force + beta * (target - states[i])
                state = (states[i] + self.dt * force).clamp(0, 1)
            new.append(state)
        return new

    def settle(self, states, target, steps, beta):
        for _ in range(steps):
            states = self.step(states, target, beta)
        return states

    def train(self, image, target):
        states = [image.view(BATCH, -1)] + [torch.zeros(BATCH, n) for n in self.sizes[1:]]
        free = self.settle(states, target, self.T, 0)
        nudged = self.settle(free, target, self.K, self.beta)
        act = (lambda s: s) if self.dt is None else torch.sigmoid
        for i, (weight, bias) in enumerate(self.links):
            scale = self.rates[i] / (self.beta * BATCH)
            pre = [states[0] if i == 0 else act(s[i]) for s in (nudged, free)]
            post = [act(s[i + 1]) for s in (nudged, free)]
            weight += scale * (post[0].T @ pre[0] - post[1].T @ pre[1])
            bias += scale * (post[0] - post[1]).sum(0)


class Convolutional:
    """conv 32 5x5, max 2, conv 64 5x5, max 2, fc 10; hard sigmoid; states after pooling."""

    def __init__(self, T, K, beta, rates):
        self.T, self.K, self.beta, self.rates = T, K, beta, rates
        self.kernels = [torch.randn(32, 1, 5, 5) * 0.2, torch.randn(64, 32, 5, 5) * 0.03]
        self.biases = [torch.zeros(32), torch.zeros(64)]
        self.weight, self.bias = dense(64 * 4 * 4, 10)

    def up(self, below, layer):
        return F.max_pool2d(F.conv2d(below, self.kernels[layer], self.biases[layer]), 2, return_indices=True)

    def step(self, states, where, target, beta):
        image, one, two, out = states
        drive_one, where_one = self.up(image, 0)
        drive_two, where_two = self.up(one, 1)
        if where[1] is not None:
            drive_one = drive_one + F.conv_transpose2d(F.max_unpool2d(two, where[1], 2), self.kernels[1])
        drive_two = drive_two + (out @ self.weight).view_as(two)
        new_out = (two.reshape(BATCH, -1) @ self.weight.T + self.bias).clamp(0, 1)
        if beta:
            new_out = new_out + beta * (target - out)
        return [image, drive_one.clamp(0, 1), drive_two.clamp(0, 1), new_out], [where_one, where_two]

    def settle(self, states, where, target, steps, beta):
        for _ in range(steps):
            states, where = self.step(states, where, target, beta)
        return states, where

    def statistics(self, states, where):
        image, one, two, out = states
        maps = [F.max_unpool2d(s, w, 2) for s, w in zip((one, two), where)]
        pairs = zip((image, one), maps)  # correlation of a layer with the unpooled one above it
        kernels = [F.conv2d(a.permute(1, 0, 2, 3), b.permute(1, 0, 2, 3)).permute(1, 0, 2, 3) for a, b in pairs]
        return kernels, [m.sum((0, 2, 3)) for m in maps], out.T @ two.reshape(BATCH, -1), out.sum(0)

    def train(self, image, target):
        states = [image.view(BATCH, 1, 28, 28), torch.zeros(BATCH, 32, 12, 12), torch.zeros(BATCH, 64, 4, 4),
                  torch.zeros(BATCH, 10)]
        free, where = self.settle(states, [None, None], target, self.T, 0)
        nudged, where_nudged = self.settle(free, where, target, self.K, self.beta)
        a, b = self.statistics(nudged, where_nudged), self.statistics(free, where)
        for i in range(2):
            scale = self.rates[i] / (self.beta * BATCH)
            self.kernels[i] += scale * (a[0][i] - b[0][i])
            self.biases[i] += scale * (a[1][i] - b[1][i])
        scale = self.rates[2] / (self.beta * BATCH)
        self.weight += scale * (a[2] - b[2])
        self.bias += scale * (a[3] - b[3])


# name: network as in `nudge bench`, mini-batches a turn
NETWORKS = {
    "P-1h": (lambda: Dense([784, 512, 10], 40, 15, 0.1, [0.04, 0.08]), 40),
    "P-2h": (lambda: Dense([784, 512, 512, 10], 100, 20, 0.5, [0.005, 0.05, 0.2]), 12),
    "EB-1h": (lambda: Dense([784, 512, 10], 100, 12, 0.5, [0.05, 0.1], dt=0.2), 20),
    "P-conv": (lambda: Convolutional(200, 10, 0.4, [0.015, 0.035, 0.15]), 1),
}


def rate(network, batches):
    image = torch.rand(BATCH, 784)
    target = F.one_hot(torch.randint(10, (BATCH,)), 10).float()
    start = time.perf_counter()
    for _ in range(batches):
        network.train(image, target)
    return BATCH * batches / (time.perf_counter() - start)


def nudge_rates(program):
    out = subprocess.run([program, "bench", "--json"], check=True, capture_output=True, text=True).stdout
    table = json.loads(out)
    return table["isa"], {t["name"]: t["samples_per_second"] for t in table["training"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--program", default="build/nudge")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help=", ".join(NETWORKS))
    options = parser.parse_args()
    names = options.networks or list(NETWORKS)
    unknown = [n for n in names if n not in NETWORKS]
    if unknown:
        parser.error(f"no network {unknown[0]}; there are {', '.join(NETWORKS)}")
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    ours, theirs = {n: [] for n in names}, {n: [] for n in names}
    isa = None
    for _ in range(options.turns):  # in turns, so that both see the same neighbours on a shared machine
        isa, rates = nudge_rates(options.program)
        for name in names:
            make, batches = NETWORKS[name]
            network = make()
            rate(network, 1)  # warms up
            theirs[name].append(rate(network, batches))
            ours[name].append(rates[name])
    print(f"samples/s on one core, medians of {options.turns}; nudge {isa}, PyTorch {torch.__version__}")
    for name in names:
        a, b = statistics.median(ours[name]), statistics.median(theirs[name])
        print(f"  {name:7s} {a:9.0f}  {b:8.1f}  {a / b:5.1f}x")


if __name__ == "__main__":
    main()
