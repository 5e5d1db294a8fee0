#!/usr/bin/env python3
"""EB-1h and P-2h as their authors train them, in PyTorch, beside nudge: the same images, each from weights of its own.

    tests/tools/published_ep.py [--case EB-1h] [--program build/nudge] [--train 5000] [--epochs 8] [--seeds 5] [--first 1]
                                [--only-pytorch] [--skip-jumps EPOCH]

The dynamics, the update, the initial weights and the hyper-parameters are those of the code published with
arXiv 1905.13633, written anew: EB-1h (T 100, K 12, beta 0.5, dt 0.2, rates 0.05 and 0.1) and P-2h (T 100, K 20, beta 0.5,
dt 1, rates 0.005, 0.05 and 0.2), mini-batches of 20. Fails when the mean training or test errors of the last epoch lie
further apart than five standard errors of their difference. `--train 60000 --epochs 30 --seeds 1 --only-pytorch` is a
training of EB-1h of the paper. With --only-pytorch each epoch says how many of its images "jump": their first hidden layer,
after the free phase, moves by more than 0.01 in one further step. From the EPOCH of --skip-jumps on PyTorch does not learn
from those. Needs python3-torch of Debian, and MNIST (`make data`).
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"
import torch  # noqa: E402

BATCH = 20


def read_idx(name):
    with open(os.path.join("data", "mnist", name), "rb") as file:
        raw = file.read()
    shape = [int.from_bytes(raw[4 + 4 * i : 8 + 4 * i], "big") for i in range(raw[3])]
    return torch.frombuffer(bytearray(raw[4 + 4 * raw[3] :]), dtype=torch.uint8).reshape(shape)


def load(which):
    images = read_idx(f"{which}-images-idx3-ubyte").flatten(1).float() / 255
    return images, read_idx(f"{which}-labels-idx1-ubyte").long()


def rho(s):
    return torch.sigmoid(4 * s - 2)


class Training:
    """What both cases do alike: states, from the first hidden layer up, settle and nudge; plain gradient descent."""

    def __init__(self):
        layers = [torch.nn.Linear(k, n) for k, n in zip(self.sizes, self.sizes[1:])]
        self.image, self.above = layers[0], layers[1:]

    def settle(self, drive, s, steps, target=None):
        for _ in range(steps):
            s = self.step(drive, s, target)
        return s

    def free(self, x):
        drive = self.image(self.heard(x))
        return drive, self.settle(drive, [torch.zeros(len(x), n) for n in self.sizes[1:]], self.T)

    def learn(self, x, label, skip_jumps):
        """One mini-batch; returns how many of it the free phase gets wrong, and how many jump."""
        drive, free = self.free(x)
        jumps = (self.step(drive, free, None)[0] - free[0]).abs().amax(1) > 0.01
        nudged = self.settle(drive, free, self.K, torch.eye(self.sizes[-1])[label])
        learned = (~jumps if skip_jumps else torch.ones_like(jumps)).float()[:, None]
        now, rest = [self.heard(x), *map(self.heard, nudged)], [self.heard(x), *map(self.heard, free)]
        for i, layer in enumerate([self.image, *self.above]):
            scale = self.rates[-1 - i] / (self.beta * len(x))
            layer.weight += scale * ((learned * now[i + 1]).T @ now[i] - (learned * rest[i + 1]).T @ rest[i])
            layer.bias += scale * (learned * (now[i + 1] - rest[i + 1])).sum(0)
        return torch.stack([(free[-1].argmax(1) != label).sum(), jumps.sum()])

    @classmethod
    def spec(cls):
        return f"""campaign: published-ep
base:
  data: {{name: mnist}}
  model: {{kind: {cls.kind}, layers: {list(cls.sizes)}}}
  ep: {{dt: {cls.dt}, T: {cls.T}, K: {cls.K}, beta: {cls.beta}{cls.options}}}
  train: {{batch: {BATCH}, rates: {list(cls.rates)}, test_every: 0}}
"""


class EB1h(Training):
    """EB-1h: hidden h and output o above the image; states clamped to [0, 1], no r'(o) on the output."""

    sizes, T, K, beta, dt, rates = (784, 512, 10), 100, 12, 0.5, 0.2, (0.05, 0.1)
    kind, options = "ep-energy", ", output: ernoult"
    heard = staticmethod(rho)

    def step(self, drive, s, target):
        h, o = s
        r = rho(h)
        up = torch.addmm(self.above[0].bias, r, self.above[0].weight.T) - o
        if target is not None:
            up += self.beta * (target - o)
        down = torch.addmm(drive, rho(o), self.above[0].weight)
        down *= 4 * r * (1 - r)
        return (h + self.dt * (down - h)).clamp_(0, 1), (o + self.dt * up).clamp_(0, 1)


class P2h(Training):
    """P-2h: s <- r(what the layers beside it send), the nudge added outside of r."""

    sizes, T, K, beta, dt, rates = (784, 512, 512, 10), 100, 20, 0.5, 1, (0.005, 0.05, 0.2)
    kind, options = "ep-prototypical", ""
    heard = staticmethod(lambda s: s)

    def step(self, drive, s, target):
        h, g, o = s
        first, last = self.above
        up = rho(last(g))
        if target is not None:
            up += self.beta * (target - o)
        return rho(torch.addmm(drive, g, first.weight)), rho(torch.addmm(first(h), o, last.weight)), up


CASES = {"EB-1h": EB1h, "P-2h": P2h}


def train_pytorch(seed, options, train, test):
    torch.manual_seed(seed)
    network = CASES[options.case]()
    images, labels = train[0][: options.train], train[1][: options.train]
    for epoch in range(1, options.epochs + 1):
        skip = 0 < options.skip_jumps <= epoch
        counts = sum(network.learn(images[i], labels[i], skip) for i in torch.randperm(len(images)).split(BATCH))
        wrong, jumps = (100 * counts / len(images)).tolist()
        if options.only_pytorch:
            print(f"seed {seed}, epoch {epoch}: training error {wrong:.3f} %, jumps {jumps:.3f} %", flush=True)
    missed = (network.free(test[0])[1][-1].argmax(1) != test[1]).sum().item()
    return wrong, 100 * missed / len(test[1])


def train_nudge(seed, options, spec):
    values = {"train.seed": seed, "train.epochs": options.epochs, "data.train": options.train}
    command = [options.program, "train", spec, "--json"]
    for name, value in values.items():
        command += ["--set", f"{name}={value}"]
    last = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
    metrics = json.loads(last)
    return 100 * metrics["train_error"], 100 * metrics["test_error"]


def compare(ours, theirs):
    """Returns whether the means lie within five standard errors of their difference."""
    within = True
    for i, name in enumerate(("training error", "test error")):
        a, b = [r[i] for r in ours], [r[i] for r in theirs]
        error = ((statistics.variance(a) + statistics.variance(b)) / len(a)) ** 0.5
        apart = abs(statistics.mean(a) - statistics.mean(b)) / error
        means = f"nudge {statistics.mean(a):.3f} %, PyTorch {statistics.mean(b):.3f} %"
        print(f"{name}: {means}, {apart:.1f} standard errors")
        within = within and apart < 5
    return within


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--case", choices=CASES, default="EB-1h")
    parser.add_argument("--program", default="build/nudge")
    parser.add_argument("--train", type=int, default=5000, help="training images")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=1, help="seed of the first training")
    parser.add_argument("--only-pytorch", action="store_true")
    parser.add_argument("--skip-jumps", type=int, default=0, metavar="EPOCH")
    options = parser.parse_args()
    if options.seeds < 2 and not options.only_pytorch:
        parser.error("a comparison needs two seeds or more")
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    train, test = load("train"), load("t10k")
    ours, theirs = [], []
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as spec:
        spec.write(CASES[options.case].spec())
        spec.flush()
        for seed in range(options.first, options.first + options.seeds):
            theirs.append(train_pytorch(seed, options, train, test))
            print("seed %d, PyTorch: training %.3f %%, test %.2f %%" % (seed, *theirs[-1]), flush=True)
            if not options.only_pytorch:
                ours.append(train_nudge(seed, options, spec.name))
                print("seed %d, nudge:   training %.3f %%, test %.2f %%" % (seed, *ours[-1]), flush=True)
    if not options.only_pytorch and not compare(ours, theirs):
        sys.exit("the two trainings differ by more than chance")


if __name__ == "__main__":
    main()
