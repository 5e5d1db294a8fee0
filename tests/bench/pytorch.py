#!/usr/bin/env python3
"""Trainings of `nudge bench` beside the same arithmetic in PyTorch, on one thread of the same machine, turn by turn.

    tests/bench/pytorch.py [--program build/nudge] [--turns 5] [P-1h P-2h EB-1h P-conv]

The arithmetic is that of the code published with arXiv 1905.13633, tensor operation by tensor operation, written
anew: every step of a phase computes every layer's product again, that of the constant input too, and every activation
where it is used, r(x) = 1/(1 + exp(-4 (x - 1/2))) and its slope out of plain operations; the convolution network pools
with indices and unpools on the way back. Its images are random, as no time of it depends on their values; those of
nudge, which skips what is zero, are as dark as MNIST's.
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


def rho(x):
    return 1 / (1 + torch.exp(-(4 * (x - 0.5))))


def slope(x):
    return 4 * torch.mul(rho(x), 1 - rho(x))


class Dense:
    """Layers fully connected; states[0] is the image. Prototypical, or down the energy with states held to [0, 1]."""

    def __init__(self, sizes, T, K, beta, rates, dt, energy):
        self.sizes, self.T, self.K, self.beta, self.rates, self.dt = sizes, T, K, beta, rates, dt
        self.energy, self.heard = energy, rho if energy else lambda s: s
        self.links = [dense(a, b) for a, b in zip(sizes, sizes[1:])]

    def change(self, states, i, target, beta):
        """ds/dt of layer i."""
        weight, bias = self.links[i - 1]
        last = i == len(self.links)
        drive = F.linear(self.heard(states[i - 1]), weight, bias)
        if not last:
            drive = drive + torch.mm(self.heard(states[i + 1]), self.links[i][0])
        if not self.energy:
            drive = rho(drive)
        elif not last:
            drive = torch.mul(slope(states[i]), drive)
        change = -states[i] + drive
        return change + beta * (target - states[i]) if last and beta else change

    def step(self, states, target, beta):
        layers = range(1, len(states))
        changes = [self.change(states, i, target, beta) for i in layers]
        new = [states[i] + self.dt * change for i, change in zip(layers, changes)]
        if self.energy:  # what is at a bound has no change
            new = [s.clamp(min=0).clamp(max=1) for s in new]
            changes = [torch.where((s == 0) | (s == 1), torch.zeros_like(c), c) for s, c in zip(new, changes)]
        return [states[0], *new]

    def settle(self, states, target, steps, beta):
        for _ in range(steps):
            states = self.step(states, target, beta)
        return states

    def train(self, image, target):
        states = [image] + [torch.zeros(BATCH, n) for n in self.sizes[1:]]
        free = self.settle(states, target, self.T, 0)
        nudged = self.settle(free, target, self.K, self.beta)
        heard, per = self.heard, 1 / (self.beta * BATCH)
        for i, (weight, bias) in enumerate(self.links):
            if i == 0:
                products = torch.mm((heard(nudged[1]) - heard(free[1])).T, heard(image))
            else:
                a, b = (torch.mm(heard(s[i + 1]).T, heard(s[i])) for s in (nudged, free))
                products = a - b
            weight += self.rates[i] * (per * products)
            bias += self.rates[i] * (per * (heard(nudged[i + 1]) - heard(free[i + 1])).sum(0))


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
        drive_out = F.linear(two.reshape(BATCH, -1), self.weight, self.bias)
        drives = [d.clamp(min=0).clamp(max=1) for d in (drive_one, drive_two, drive_out)]
        changes = [-s + d for s, d in zip(states[1:], drives)]
        if beta:
            changes[2] = changes[2] + beta * (target - out)
        return [image, *(s + c for s, c in zip(states[1:], changes))], [where_one, where_two]

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
    "P-1h": (lambda: Dense([784, 512, 10], 40, 15, 0.1, [0.04, 0.08], 1, False), 40),
    "P-2h": (lambda: Dense([784, 512, 512, 10], 100, 20, 0.5, [0.005, 0.05, 0.2], 1, False), 12),
    "EB-1h": (lambda: Dense([784, 512, 10], 100, 12, 0.5, [0.05, 0.1], 0.2, True), 20),
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
