"""Training steps as raw sequences of ops: the compiled kernels, eager and as a recorded plan, beside the reference.

    python benchmarks/kernels.py [--threads 1 2] [--seconds 1.0] [CASE …]

One step gathers a random minibatch, runs forward, loss and backward, checks that all is finite, and updates with Adam.
`ideal` is the time of the matrix products alone at the rate of the fastest product of this machine. The contenders take
turns, so that a busy machine slows all of them; the best time of each is printed, in µs.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from pellucid import Ops, set_num_threads
from pellucid.ops.kernels import native
from pellucid.ops.threads import get_num_threads
from pellucid.standard.ops.base import ReferenceOps
from pellucid.standard.ops.cython import CythonOps

ROWS = 60_000  # of the data set: larger than the caches, as MNIST is


@dataclass(frozen=True)
class Case:
    sizes: tuple[int, ...]
    batch: int
    loss: str = "softmax_cross_entropy"

    @property
    def flops(self) -> float:
        """Of the matrix products: forward, dW, and dx but for the first layer."""
        products = [a * b for a, b in zip(self.sizes, self.sizes[1:], strict=False)]
        return 2.0 * self.batch * (3 * sum(products) - products[0])


CASES = {
    "1/32": Case((784, 128, 10), 32),
    "1/128": Case((784, 128, 10), 128),
    "1/512": Case((784, 128, 10), 512),
    "1/2048": Case((784, 128, 10), 2048),
    "2/32": Case((784, 512, 256, 10), 32),
    "2/128": Case((784, 512, 256, 10), 128),
    "2/512": Case((784, 512, 256, 10), 512),
    "2/2048": Case((784, 512, 256, 10), 2048),
    "3": Case((4, 16, 3), 16),
    "4": Case((17, 256, 256, 6), 256, "mse"),
    "5": Case((784, 256, 32, 256, 784), 128, "mse"),
}


def training_step(ops: Ops, case: Case) -> Callable[[], None]:
    """A function of no arguments that does one step on fixed arrays."""
    rng = np.random.default_rng(0)
    f32 = np.float32
    rows = ROWS if case.sizes[0] == 784 else 4096
    data = rng.random((rows, case.sizes[0]), f32)
    labels = rng.integers(0, case.sizes[-1], rows)
    targets = data if case.sizes[-1] == case.sizes[0] else rng.random((rows, case.sizes[-1]), f32)
    order, cursor = rng.permutation(rows), np.zeros((), np.int64)
    index = np.empty(case.batch, np.int64)

    shapes = [shape for pair in zip(case.sizes, case.sizes[1:], strict=False) for shape in (pair, pair[1:])]
    counts = [-(-int(np.prod(shape)) // 16) * 16 for shape in shapes]
    flat, grad, m, v = (np.zeros(sum(counts), f32) for _ in range(4))
    starts = np.cumsum([0, *counts])
    views = [[a[s : s + int(np.prod(shape))].reshape(shape) for s, shape in zip(starts, shapes, strict=False)]
             for a in (flat, grad)]  # fmt: skip
    for weight in views[0][::2]:
        weight[...] = rng.normal(size=weight.shape) * np.sqrt(2 / weight.shape[0])

    layers = len(case.sizes) - 1
    activations = ["relu"] * (layers - 1) + ["identity"]
    x, *ys = (np.empty((case.batch, n), f32) for n in case.sizes)
    dxs = [None, *(np.empty_like(y) for y in ys)]
    dzs = [np.empty_like(y) for y in ys]
    label = np.empty(case.batch, np.int64)
    target = np.empty_like(ys[-1])
    loss, squares, t, hyper = np.zeros(()), np.zeros(()), np.zeros((), np.int64), np.array([1e-3, 0.0])

    def step() -> None:
        if cursor > rows - case.batch:
            cursor[...] = 0
        ops.next_rows(order, cursor, index)
        ops.gather(data, index, x)
        inputs = [x, *ys]
        for i in range(layers):
            ops.dense_forward(inputs[i], views[0][2 * i], views[0][2 * i + 1], activations[i], ys[i], None)
        if case.loss == "mse":
            ops.gather(targets, index, target)
            ops.mse(ys[-1], target, None, loss, dxs[-1])
        else:
            ops.gather(labels, index, label)
            ops.softmax_cross_entropy(ys[-1], label, None, loss, dxs[-1])
        for i in reversed(range(layers)):
            ops.dense_backward(dxs[i + 1], inputs[i], views[0][2 * i], ys[i], None, activations[i], dzs[i],
                               views[1][2 * i], views[1][2 * i + 1], dxs[i])  # fmt: skip
        ops.sum_squares(grad, squares)
        ops.guard_finite(squares)
        ops.increment(t)
        ops.adam(flat, grad, m, v, hyper, t, 0.9, 0.999, 1e-8, False)

    step.rewind = lambda: cursor.fill(0)  # type: ignore[attr-defined]
    step.per_epoch = rows // case.batch  # type: ignore[attr-defined]
    return step


def fastest_product() -> float:
    """Flops per second of one thread in a matrix product that stays in the caches."""
    ops, best = CythonOps(), 0.0
    a, b, c = (np.ones((240, 240), np.float32) for _ in range(3))
    set_num_threads(1)
    for _ in range(200):
        start = time.perf_counter()
        ops.dense_forward(a, b, None, "identity", c, None)
        best = max(best, 2 * 240**3 / (time.perf_counter() - start))
    return best


def best_times(contenders: dict[str, Callable[[], Any]], seconds: float) -> dict[str, float]:
    """The best time of each, in µs, while they take turns."""
    best = dict.fromkeys(contenders, float("inf"))
    end = time.perf_counter() + seconds * len(contenders)
    while time.perf_counter() < end:
        for name, run in contenders.items():
            run()  # wakes the threads up
            for _ in range(20):
                start = time.perf_counter()
                steps = run()
                best[name] = min(best[name], (time.perf_counter() - start) / steps * 1e6)
        time.sleep(0.15)  # the threads of NumPy's BLAS spin for a while after the reference has used them
    return best


def measure(case: Case, seconds: float) -> dict[str, float]:
    steps = {"reference": training_step(ReferenceOps(), case), "eager": training_step(CythonOps(), case)}
    _, plan = CythonOps().record(recorded := training_step(CythonOps(), case))
    times = min(max(1, int(2e7 / case.flops)), recorded.per_epoch - 1)  # type: ignore[attr-defined]

    def repeat(step: Callable[[], None]) -> Callable[[], int]:
        def run() -> int:
            for _ in range(times):
                step()
            return times

        return run

    def replay() -> int:
        recorded.rewind()  # type: ignore[attr-defined]
        assert plan is not None and plan.run(times)
        return times

    return best_times({"plan": replay} | {name: repeat(step) for name, step in reversed(steps.items())}, seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", default=list(CASES), help=f"of {', '.join(CASES)}")
    parser.add_argument("--threads", type=int, nargs="*", default=sorted({1, get_num_threads()}))
    parser.add_argument("--seconds", type=float, default=1.0)
    options = parser.parse_args()
    peak = fastest_product()
    print(f"instruction set {native.simd_level()}, fastest product {peak / 1e9:.1f} Gflop/s per thread")
    print(f"{'case':8} threads {'ideal':>9} {'plan':>9} {'eager':>9} {'reference':>9}  ideal/plan  reference/plan")
    for name in options.cases:
        for threads in options.threads:
            set_num_threads(threads)
            best = measure(CASES[name], options.seconds)
            ideal = CASES[name].flops / peak / threads * 1e6
            print(f"{name:8} {threads:7} {ideal:9.1f} {best['plan']:9.1f} {best['eager']:9.1f} {best['reference']:9.1f}"
                  f"  {ideal / best['plan']:10.2f}  {best['reference'] / best['plan']:14.2f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
