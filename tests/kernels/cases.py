"""One call of every op on random arguments of a given size: what the kernels are compared with the reference on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from pellucid.ops.random import Stream
from pellucid.standard.ops.activations import ACTIVATIONS, NEEDS_INPUT

SIZES = [(0, 5), (1, 1), (1, 7), (3, 16), (17, 33), (64, 100), (170, 41)]
"""Rows and width: none, one, odd numbers, whole vectors, more rows than fit one tile."""

# Large ones cross the limits at which work is split, copied and sliced, and goes to OpenBLAS (generic).
DENSE_SIZES = [
    (0, 3, 4), (1, 1, 1), (5, 7, 10), (4, 0, 3), (3, 2000, 5), (33, 65, 47), (32, 784, 128), (200, 300, 257),
    (200, 1, 257), (5, 3, 4100),
]  # fmt: skip


@dataclass(frozen=True)
class Call:
    """An op's name and its arguments; the reference runs on copies of them."""

    op: str
    arguments: list[Any]

    def run(self, ops: Any) -> list[Any]:
        """Run on copies; return them: outputs are changed, inputs must not be (the comparison sees both)."""
        copies = [a.copy("K") if isinstance(a, np.ndarray) else a for a in self.arguments]
        getattr(ops, self.op)(*copies)
        return copies

    def __str__(self) -> str:
        shown = [a.shape if isinstance(a, np.ndarray) else a for a in self.arguments if not isinstance(a, Stream)]
        return f"{self.op}{tuple(shown)}"


class Draw:
    """Random arguments; ``scale`` makes them huge or denormal."""

    def __init__(self, seed: int, scale: float = 1.0) -> None:
        self.rng = np.random.default_rng(seed)
        self.scale = scale

    def floats(self, *shape: int) -> np.ndarray:
        return (self.rng.normal(size=shape) * self.scale).astype(np.float32)

    def positive(self, *shape: int) -> np.ndarray:
        return self.rng.uniform(0.1, 2.0, size=shape).astype(np.float32)

    def out(self, *shape: int) -> np.ndarray:
        """Garbage, which an output overwrites."""
        return np.full(shape, 7.0, np.float32)


def asked(*outputs: np.ndarray) -> list[list[np.ndarray | None]]:
    """What may be asked for: all of the outputs, and whichever are left when others are None; at least one."""
    kept = product((True, False), repeat=len(outputs))
    return [[out if wanted else None for out, wanted in zip(outputs, each, strict=True)] for each in kept if any(each)]


def scalar() -> np.ndarray:
    return np.full((), 7.0)


def array_calls(d: Draw, n: int, k: int) -> list[Call]:
    index = d.rng.integers(0, 9, n)
    order, cursor = d.rng.permutation(4 * n + 2), np.array(2)
    squares = np.array(float(n * k) * d.scale**2)
    return [
        Call("fill", [d.out(n, k), 0.25]),
        Call("copy", [d.floats(n, k), d.out(n, k)]),
        Call("copy", [d.floats(k, n).T, d.out(n, k)]),
        Call("copy", [d.rng.normal(size=(k, n)).T, np.zeros((n, k))]),
        Call("copy", [d.rng.integers(0, 9, (n, k)), np.zeros((n, k), np.int64)]),
        Call("copy", [d.rng.integers(-(1 << 40), 1 << 40, (n, k)), d.out(n, k)]),
        Call("copy", [d.rng.integers(0, 2, (n, k)).astype(bool), d.out(n, k)]),
        Call("copy", [d.rng.normal(size=(n, k)), d.out(n, k)]),
        Call("copy", [d.floats(n, k), np.zeros((n, k))]),
        Call("scale", [d.floats(n, k), 1.5]),
        Call("add_scaled", [d.floats(n, k), d.floats(n, k), -0.75]),
        Call("add_sign", [d.floats(n, k), d.floats(n, k), -0.75]),
        Call("lerp", [d.floats(n, k), d.floats(n, k), 0.125]),
        Call("fill", [scalar(), 0.1]),
        Call("scale", [scalar(), 0.1]),
        Call("add_scaled", [scalar(), np.array(0.3), 0.1]),
        Call("lerp", [scalar(), np.array(0.3), 0.1]),
        Call("gather", [d.floats(9, k), index, d.out(n, k)]),
        Call("gather", [d.rng.integers(0, 255, (9, k, 2)).astype(np.uint8), index, np.zeros((n, k, 2), np.uint8)]),
        Call("gather", [d.rng.integers(0, 9, 9), index, np.zeros(n, np.int64)]),
        Call("sum_squares", [d.floats(n, k), scalar()]),
        Call("clip_norm", [d.floats(n, k), squares, 0.5 * d.scale]),
        Call("clip_norm", [d.floats(n, k), squares, 1e30]),
        Call("increment", [np.array(41)]),
        Call("next_rows", [order, cursor, np.zeros(n, np.int64)]),
    ]


def dense_calls(d: Draw, rows: int, inputs: int, outputs: int, activation: str) -> list[Call]:
    x, weight = d.floats(rows, inputs), d.floats(inputs, outputs) / np.float32(np.sqrt(inputs + 1))
    bias, dy, y, z = d.floats(outputs), d.floats(rows, outputs), d.floats(rows, outputs), d.floats(rows, outputs)
    kept = z if activation in NEEDS_INPUT else None
    dz = None if activation == "identity" else d.out(rows, outputs)
    forward = [x, weight, bias, activation, d.out(rows, outputs), None if kept is None else d.out(rows, outputs)]
    without = [x, weight, None, *forward[3:]]
    start = [dy, x, weight, y, kept, activation, dz]
    return [
        Call("dense_forward", forward),
        Call("dense_forward", without),
        *(
            Call("dense_backward", [*start, *ends])
            for ends in asked(d.floats(inputs, outputs), d.floats(outputs), d.out(rows, inputs))
        ),
    ]


def activation_calls(d: Draw, n: int, k: int) -> list[Call]:
    calls = []
    for name in ACTIVATIONS:
        x = d.floats(n, k) * np.float32(3)
        y = np.abs(d.floats(n, k)) if name == "softplus" else np.tanh(x) if name in ("tanh", "elu") else d.floats(n, k)
        calls += [
            Call("activation_forward", [name, x, d.out(n, k)]),
            Call("activation_forward", [name, x, d.out(n, k), 0.3]),
            Call("activation_backward", [name, d.floats(n, k), x, y, d.out(n, k)]),
            Call("activation_backward", [name, d.floats(n, k), x, y, d.out(n, k), 0.3]),
        ]
    y = d.positive(n, k)
    return [*calls, Call("softmax_forward", [d.floats(n, k), d.out(n, k)]),
            Call("softmax_backward", [d.floats(n, k), y, d.out(n, k)])]  # fmt: skip


def loss_calls(d: Draw, n: int, k: int) -> list[Call]:
    calls = []
    for weight in (None, d.positive(n), d.positive(n).astype(np.float64), np.zeros(n, np.float32)):
        labels, soft, other = d.rng.integers(0, k, n), d.positive(n, k), d.floats(n, k)
        for op, target in (
            ("softmax_cross_entropy", labels), ("softmax_cross_entropy_soft", soft),
            ("binary_cross_entropy", soft / 2), ("mse", other), ("mae", other),
        ):  # fmt: skip
            calls.append(Call(op, [d.floats(n, k), target, weight, scalar(), d.out(n, k)]))
        calls.append(Call("huber", [d.floats(n, k), other, weight, 0.7, scalar(), d.out(n, k)]))
    return calls


def random_calls(d: Draw, n: int, k: int) -> list[Call]:
    cell = d.rng.integers(0, 2**63, 2).astype(np.uint64)
    calls = []
    for rows in (None, d.rng.integers(0, 10**6, n)):
        stream = Stream(cell, 0xFEDC_BA98_7654_3210, rows)
        calls += [
            Call("random_uniform", [stream, d.out(n, k)]),
            Call("random_normal", [stream, d.out(n, k)]),
            *(Call("dropout", [d.floats(n, k), rate, stream, d.out(n, k)]) for rate in (0.0, 0.3, 0.9)),
        ]
    return calls


def norm_calls(d: Draw, n: int, k: int) -> list[Call]:
    x, dy, gamma, beta, mean, var = (
        d.floats(n, k), d.floats(n, k), d.floats(k), d.floats(k), d.floats(k), d.positive(k)
    )  # fmt: skip
    row_mean, inv_std = d.floats(n), d.positive(n)
    calls = [
        Call("batch_norm_forward", [x, gamma, beta, 1e-3, d.out(k), d.out(k), d.out(n, k)]),
        Call("batch_norm_inference", [x, gamma, beta, mean, var, 1e-3, d.out(n, k)]),
        Call("layer_norm_forward", [x, gamma, beta, 1e-3, d.out(n), d.out(n), d.out(n, k)]),
    ]
    for ends in asked(d.floats(k), d.floats(k), d.out(n, k)):
        calls += [
            Call("batch_norm_backward", [dy, x, gamma, mean, var, 1e-3, *ends]),
            Call("batch_norm_inference_backward", [dy, x, gamma, mean, var, 1e-3, *ends]),
            Call("layer_norm_backward", [dy, x, gamma, row_mean, inv_std, *ends]),
        ]
    return calls


def update_calls(d: Draw, n: int, k: int) -> list[Call]:
    size = n * k
    data, grad, first, second = d.floats(size), d.floats(size), d.floats(size), d.positive(size)
    hyper, t = np.array([0.01, 0.1]), np.array(3)
    return [
        Call("sgd", [data, grad, None, hyper, 0.9, False]),
        Call("sgd", [data, grad, first, hyper, 0.9, False]),
        Call("sgd", [data, grad, first, hyper, 0.9, True]),
        Call("adam", [data, grad, first, second, hyper, t, 0.9, 0.999, 1e-8, False]),
        Call("adam", [data, grad, first, second, hyper, t, 0.9, 0.999, 1e-8, True]),
        Call("adagrad", [data, grad, second, hyper, 1e-10]),
        *(
            Call("rmsprop", [data, grad, second, a, u, hyper, 0.9, 0.8, 1e-8])
            for a in (None, first / 4)
            for u in (None, first)
        ),
        Call("lion", [data, grad, first, hyper, 0.9, 0.99]),
        Call("clip_value", [d.floats(n, k), 0.5 * d.scale]),
    ]


GROUPS: dict[str, Callable[[Draw, int, int], list[Call]]] = {
    "arrays": array_calls, "activations": activation_calls, "losses": loss_calls,
    "random": random_calls, "norms": norm_calls, "updates": update_calls,
}  # fmt: skip
