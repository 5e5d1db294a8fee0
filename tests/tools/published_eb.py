#!/usr/bin/env python3
"""EB-1h as its authors train it, in PyTorch, beside nudge: the same images, each from weights of its own.

    tests/tools/published_eb.py [--program build/nudge] [--train 5000] [--epochs 8] [--seeds 5] [--first 1]
                                [--only-pytorch]

The dynamics, the update, the initial weights and the hyper-parameters are those of the code published with
arXiv 1905.13633 (EB-1h: T 100, K 12, beta 0.5, dt 0.2, rates 0.05 and 0.1, mini-batches of 20), written anew. Fails
when the mean training or test errors of the last epoch lie further apart than five standard errors of their
difference. `--train 60000 --epochs 30 --seeds 1 --only-pytorch` is a training of the paper. Needs python3-torch of
Debian, and MNIST (`make data`).
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

SIZES, T, K, BETA, DT, RATES, BATCH = (784, 512, 10), 100, 12, 0.5, 0.2, (0.05, 0.1), 20
SPEC = f"""campaign: published-eb
base:
  data: {{name: mnist}}
  model: {{kind: ep-energy, layers: [784, 512, 10]}}
  ep: {{dt: {DT}, output: ernoult, T: {T}, K: {K}, beta: {BETA}}}
  train: {{batch: {BATCH}, rates: [{RATES[0]}, {RATES[1]}], test_every: 0}}
"""


def read_idx(name):
    with open(os.path.join("data", "mnist", name), "rb") as file:
        raw = file.read()
    shape = [int.from_bytes(raw[4 + 4 * i : 8 + 4 * i], "big") for i in range(raw[3])]
    return torch.frombuffer(bytearray(raw[4 + 4 * raw[3] :]), dtype=torch.uint8).reshape(shape)


def load(which):
    images = read_idx(f"{which}-images-idx3-ubyte").reshape(-1, SIZES[0]).float() / 255
    return images, read_idx(f"{which}-labels-idx1-ubyte").long()


def rho(s):
    return torch.sigmoid(4 * s - 2)


class Network:
    """Two layers above the image: hidden h and output o; states clamped to [0, 1], no r'(o) on the output."""

    def __init__(self):
        self.hidden, self.output = torch.nn.Linear(SIZES[0], SIZES[1]), torch.nn.Linear(SIZES[1], SIZES[2])

    def step(self, drive, h, o, target):
        r = rho(h)
        up = torch.addmm(self.output.bias, r, self.output.weight.T) - o
        if target is not None:
            up += BETA * (target - o)
        down = torch.addmm(drive, rho(o), self.output.weight)
        down *= 4 * r * (1 - r)
        return (h + DT * (down - h)).clamp_(0, 1), (o + DT * up).clamp_(0, 1)

    def settle(self, drive, h, o, steps, target=None):
        for _ in range(steps):
            h, o = self.step(drive, h, o, target)
        return h, o

    def free(self, x):
        drive = self.hidden(rho(x))
        return drive, *self.settle(drive, torch.zeros(len(x), SIZES[1]), torch.zeros(len(x), SIZES[2]), T)

    def learn(self, x, label):
        """One mini-batch; returns how many of it the free phase gets wrong."""
        drive, h, o = self.free(x)
        nudged_h, nudged_o = self.settle(drive, h, o, K, torch.eye(SIZES[2])[label])
        a, b, c, d = rho(nudged_h), rho(nudged_o), rho(h), rho(o)
        scale = [rate / (BETA * len(x)) for rate in RATES]
        self.output.weight += scale[0] * (b.T @ a - d.T @ c)
        self.output.bias += scale[0] * (b - d).sum(0)
        self.hidden.weight += scale[1] * ((a - c).T @ rho(x))
        self.hidden.bias += scale[1] * (a - c).sum(0)
        return (o.argmax(1) != label).sum().item()


def train_pytorch(seed, options, train, test):
    torch.manual_seed(seed)
    network = Network()
    images, labels = train[0][: options.train], train[1][: options.train]
    for epoch in range(options.epochs):
        wrong = sum(network.learn(images[i], labels[i]) for i in torch.randperm(len(images)).split(BATCH))
        if options.only_pytorch:
            print(f"seed {seed}, epoch {epoch + 1}: training error {100 * wrong / len(images):.3f} %", flush=True)
    missed = (network.free(test[0])[2].argmax(1) != test[1]).sum().item()
    return 100 * wrong / len(images), 100 * missed / len(test[1])


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
    parser.add_argument("--program", default="build/nudge")
    parser.add_argument("--train", type=int, default=5000, help="training images")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=1, help="seed of the first training")
    parser.add_argument("--only-pytorch", action="store_true")
    options = parser.parse_args()
    if options.seeds < 2 and not options.only_pytorch:
        parser.error("a comparison needs two seeds or more")
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    train, test = load("train"), load("t10k")
    ours, theirs = [], []
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as spec:
        spec.write(SPEC)
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
