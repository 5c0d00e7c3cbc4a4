"""The core's layers and penalties against PyTorch in float64: outputs and every gradient, at random sizes.

    benchmarks/.venv/bin/python -m benchmarks.oracles.core_layers

It prints a line for each and exits with 1 if a difference is above 1e-10. Dropout's numbers are its own: it is held
against the product with the mask that it drew.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "core")]  # the references need no build

import pellucid as pl  # noqa: E402

from benchmarks.oracles.held import Row, repeated, report, row  # noqa: E402

torch.set_default_dtype(torch.float64)
ROUNDS = 40
Own = dict[str, Any]
Theirs = Callable[[Any, Own], Any]
IDENTITY: dict[str | None, Callable[[Any], Any]] = {
    None: lambda z: z, "relu": F.relu, "leaky_relu": lambda z: F.leaky_relu(z, 0.01), "elu": F.elu,
    "sigmoid": torch.sigmoid, "tanh": torch.tanh, "softplus": F.softplus, "silu": F.silu, "gelu": F.gelu,
}  # fmt: skip
ACTIVATIONS = {name: f for name, f in IDENTITY.items() if name is not None}


def compared(layer: pl.Layer, x: Any, theirs: Theirs, rng: np.random.Generator, **mode: Any) -> Iterator[Any]:
    """Output, dx, and the gradient of every parameter, moved off its first value."""
    pl.build(layer, input_shape=x.shape[1:], seed=int(rng.integers(1000)), dtype="float64", backend="reference")
    for param in layer.parameters():
        param.data = param.data + rng.normal(size=param.shape)
    ctx = pl.Context(pl.get_ops("reference"), training=True, dtype="float64", **mode)
    y = np.array(layer.forward(ctx, x))
    dy = rng.normal(size=y.shape)
    dx = np.array(layer.backward(ctx, dy))
    given = torch.tensor(x, requires_grad=True)
    own = {param.path: torch.tensor(np.array(param.data), requires_grad=True) for param in layer.parameters()}
    wanted = theirs(given, own)
    wanted.backward(torch.tensor(dy))
    yield y, wanted.detach().numpy()
    yield dx, given.grad.numpy()
    for param in layer.parameters():
        yield param.grad, own[param.path].grad.numpy()


def sizes(rng: np.random.Generator, count: int) -> tuple[int, ...]:
    return tuple(int(n) for n in rng.integers(1, 9, count))


def dense(name: str, activations: list[str | None]) -> Callable[[np.random.Generator], Iterator[Any]]:
    def pairs(rng: np.random.Generator) -> Iterator[Any]:
        n, t, i, o = sizes(rng, 4)
        f = activations[int(rng.integers(len(activations)))]
        layer = pl.create("layer", name, units=o, activation=f)
        yield from compared(
            layer, rng.normal(size=(n, t, i)), lambda x, own: IDENTITY[f](x @ own["weight"] + own["bias"]), rng
        )

    return pairs


def transposed(rng: np.random.Generator) -> Iterator[Any]:
    """A tied autoencoder of two layers: the weight's gradients add up."""
    n, i, o = sizes(rng, 3)
    tied = [{"type": "dense", "units": o, "activation": "tanh"}, {"ref": "layers.0", "transpose": True}]
    layer = pl.create("layer", "sequential", layers=tied)

    def theirs(x: Any, own: Own) -> Any:
        w = own["layers.0.weight"]
        return torch.tanh(x @ w + own["layers.0.bias"]) @ w.T + own["layers.1.bias"]

    yield from compared(layer, rng.normal(size=(n, i)), theirs, rng)


def activation(name: str) -> Callable[[np.random.Generator], Iterator[Any]]:
    def pairs(rng: np.random.Generator) -> Iterator[Any]:
        x = 3 * rng.normal(size=sizes(rng, 3))
        yield from compared(pl.create("layer", name), x, lambda x, own: ACTIVATIONS[name](x), rng)

    return pairs


def prelu(rng: np.random.Generator) -> Iterator[Any]:
    x, shared = rng.normal(size=sizes(rng, 3)), bool(rng.integers(2))
    theirs: Theirs = lambda x, own: F.prelu(x.movedim(-1, 1), own["alpha"]).movedim(1, -1)  # noqa: E731
    yield from compared(pl.create("layer", "prelu", shared=shared), x, theirs, rng)


def softmax(rng: np.random.Generator) -> Iterator[Any]:
    yield from compared(pl.create("layer", "softmax"), rng.normal(size=sizes(rng, 3)), lambda x, _: x.softmax(-1), rng)


def batch_norm(rng: np.random.Generator) -> Iterator[Any]:
    n, t, f = sizes(rng, 3)
    theirs: Theirs = lambda x, own: F.batch_norm(  # noqa: E731
        x.movedim(-1, 1), None, None, own["gamma"], own["beta"], training=True, eps=1e-5
    ).movedim(1, -1)
    yield from compared(pl.create("layer", "batch_norm", eps=1e-5), rng.normal(size=(n + 2, t, f)), theirs, rng)


def layer_norm(rng: np.random.Generator) -> Iterator[Any]:
    n, t, f = sizes(rng, 3)
    theirs: Theirs = lambda x, own: F.layer_norm(x, (f + 1,), own["gamma"], own["beta"], 1e-5)  # noqa: E731
    yield from compared(pl.create("layer", "layer_norm", eps=1e-5), rng.normal(size=(n, t, f + 1)), theirs, rng)


def dropout(rng: np.random.Generator) -> Iterator[Any]:
    x, seed = rng.normal(size=sizes(rng, 2)), int(rng.integers(1000))
    layer = pl.create("layer", "dropout", rate=0.4)
    ctx = pl.Context(pl.get_ops("reference"), training=True, dtype="float64", seed=seed)
    mask = torch.tensor(np.array(layer.forward(ctx, np.ones_like(x))))
    yield from compared(layer, x, lambda x, _: x * mask, rng, seed=seed)


def moved(name: str) -> Callable[[np.random.Generator], Iterator[Any]]:
    def pairs(rng: np.random.Generator) -> Iterator[Any]:
        n, a, b = sizes(rng, 3)
        layer = pl.create("layer", "flatten") if name == "flatten" else pl.create("layer", "reshape", shape=[b, a])
        shape = (a * b,) if name == "flatten" else (b, a)
        yield from compared(layer, rng.normal(size=(n, a, b)), lambda x, _: x.reshape(n, *shape), rng)

    return pairs


def made_of(kind: str) -> Callable[[np.random.Generator], Iterator[Any]]:
    def pairs(rng: np.random.Generator) -> Iterator[Any]:
        n, f = sizes(rng, 2)
        inner = [{"type": "dense", "units": f, "activation": "tanh"}, {"type": "dense", "units": f}]
        if kind == "residual":
            layer = pl.create("layer", "residual", layer={"type": "sequential", "layers": inner})
        else:
            layer = pl.create("layer", kind, layers=inner, **({"join": "sum"} if kind == "parallel" else {}))

        def theirs(x: Any, own: Own) -> Any:
            keys = list(own)
            first = torch.tanh(x @ own[keys[0]] + own[keys[1]])
            second = (x if kind == "parallel" else first) @ own[keys[2]] + own[keys[3]]
            return {"residual": x + second, "parallel": first + second}.get(kind, second)

        yield from compared(layer, rng.normal(size=(n, f)), theirs, rng)

    return pairs


def penalty(name: str, theirs: Callable[[Any], Any], **arguments: float) -> Callable[[Any], Iterator[Any]]:
    def pairs(rng: np.random.Generator) -> Iterator[Any]:
        ours, theta = pl.create("regularizer", name, **arguments), rng.normal(size=sizes(rng, 2))
        grad, given = np.zeros_like(theta), torch.tensor(theta, requires_grad=True)
        ops = pl.get_ops("reference")
        ours.add_gradient(ops, theta, grad)
        value = theirs(given)
        value.backward()
        yield ours.penalty(ops, theta), value.item()
        yield grad, given.grad.numpy()

    return pairs


def rows() -> Iterator[Row]:
    parts: dict[str, Callable[[np.random.Generator], Iterator[Any]]] = {
        "dense": dense("dense", list(IDENTITY)), "neuron": dense("neuron", [None, "relu", "sigmoid", "tanh"]),
        "transposed": transposed, **{name: activation(name) for name in ACTIVATIONS}, "prelu": prelu,
        "softmax": softmax, "batch_norm": batch_norm, "layer_norm": layer_norm, "dropout": dropout,
        "flatten": moved("flatten"), "reshape": moved("reshape"),
        **{kind: made_of(kind) for kind in ("sequential", "stack", "residual", "parallel")},
    }  # fmt: skip
    for name, pairs in parts.items():
        yield row("layer", f"core/{name}", "PyTorch", repeated(ROUNDS, pairs))
    penalties = {
        "l1": penalty("l1", lambda p: 0.3 * p.abs().sum(), strength=0.3),
        "l2": penalty("l2", lambda p: 0.15 * (p**2).sum(), strength=0.3),
        "elastic_net": penalty("elastic_net", lambda p: 0.2 * p.abs().sum() + 0.35 * (p**2).sum(), l1=0.2, l2=0.7),
    }
    for name, pairs in penalties.items():
        yield row("regularizer", f"core/{name}", "PyTorch's autograd", repeated(ROUNDS, pairs))


if __name__ == "__main__":
    sys.exit(report(rows()))
